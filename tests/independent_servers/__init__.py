"""evalkit against servers that other people wrote: aimock, LiteLLM's proxy, llama.cpp, transformers serve.

`make test-servers` installs each in an environment of its own and runs these; the ordinary tests leave them out. Each
module has a table of what must come out, by cell and dialect; a cell that a server cannot do says so there.
"""
