"""llama.cpp's own HTTP server, out of the wheel xllamacpp. Run in that environment: GGUF, port, key, chat template."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import xllamacpp  # type: ignore[import-not-found]


def main(gguf: str, port: str, key: str, template: str) -> None:
    """Serves until it is terminated."""
    params = xllamacpp.CommonParams()
    params.model.path = gguf
    params.port = int(port)
    params.model_alias = {"tiny"}
    params.api_keys = [key]
    params.n_ctx = 2048  # for both slots together
    params.n_parallel = 2
    params.cpuparams.n_threads = 1
    params.chat_template = Path(template).read_text("utf-8")
    params.ui = False
    params.sampling.temp = 0.0  # for dialects that send no temperature
    server = xllamacpp.Server(params)
    print("listening", server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
