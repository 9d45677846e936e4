"""The command line in a child of the board (`board.orders`): whoever started it holds the other end of its stdin.

A run that was started from the page ends as by Ctrl-C once the board is gone, however it went: a kill closes the pipe
too. So nothing goes on spending money that nobody watches.
"""

from __future__ import annotations

import os
import signal
import threading


def main(*arguments: str) -> None:
    """Run the command line with these arguments. Never returns."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # behind nohup the board's children would ignore it
    threading.Thread(target=_end_with_holder, daemon=True).start()
    from evalkit.cli import main as run

    run(list(arguments))


def _end_with_holder() -> None:
    while os.read(0, 1):  # nothing is ever written
        pass
    os.kill(os.getpid(), signal.SIGINT)
