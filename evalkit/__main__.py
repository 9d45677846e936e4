"""The process `evalkit`, also as `python -m evalkit`: Ctrl-C is a clean end from the first import on."""

from __future__ import annotations

import gc
import os
import signal
import sys

from evalkit import compiling_ahead

_YOUNG = 200_000
"""New objects between two searches for garbage. Imports and a plan make a hundred thousand, all of which live on."""


def main() -> None:
    """Run the command line. Never returns."""
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as behind nohup
        signal.signal(signal.SIGINT, _leave)
    # Pydantic would read the metadata of every installed package for plug-ins of its own, and load what it finds.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if sys.argv[1:2] == ["run"]:
        compiling_ahead.start()
    from evalkit.cli import main as run

    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on `cli` says it
    try:
        run()
    finally:
        compiling_ahead.end()


def _leave(number: int, frame: object) -> None:
    """Nothing has begun, so nothing is lost: no traceback through half an import."""
    os.write(2, b"interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    main()
