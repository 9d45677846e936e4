"""One process draws the charts of all tests of a worker: vl-convert takes half a second to start, a chart a tenth.

It runs the same function as the children of `evalkit.render.pictures`, one for each page, which tests/test_charts.py
starts.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Sequence
from typing import Any

from evalkit import child
from evalkit.render import pictures

_SERVE = """
import io, sys
from evalkit.render import pictures
lines, out = sys.stdin.buffer, sys.stdout.buffer
for line in lines:
    kind, _, asked = line.partition(b" ")
    sys.stdin, sys.stdout = io.TextIOWrapper(io.BytesIO(asked)), io.TextIOWrapper(io.BytesIO())
    pictures.answer(kind.decode())
    out.write(sys.stdout.buffer.getvalue() + b"\\n")
    out.flush()
"""


class SharedChild:
    """What `pictures` uses of `evalkit.child`, with one process for all that is asked."""

    ChildFailed = child.ChildFailed
    function = staticmethod(child.function)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: child.Process[bytes] | None = None
        atexit.register(self._close)

    def run(self, command: Sequence[str], *, stdin: bytes, **limits: Any) -> child.Finished:
        """As `child.run`, for the command of `pictures` alone."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._close()
                self._process = child.start(child.python("-c", _SERVE), stdin=child.PIPE, stdout=child.PIPE)
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(f"{command[-1]} ".encode() + stdin + b"\n")
            self._process.stdin.flush()
            said = self._process.stdout.readline()
        if not said:
            raise child.ChildFailed("it ended")
        return child.Finished(0, said)

    def _close(self) -> None:
        if self._process is not None:
            child.end(self._process)
            if self._process.stdout is not None:
                self._process.stdout.close()


def share() -> None:
    """From now on, charts of this process are drawn by one other."""
    pictures.child = SharedChild()  # type: ignore[assignment]
