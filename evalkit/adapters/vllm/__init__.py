"""vLLM: a server that evalkit starts, watches and stops."""
