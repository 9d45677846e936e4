"""Ctrl-C while DuckDB answers: the query is asked to stop, and no exception is raised in the middle of it.

DuckDB's Python client looks for signals between two pieces of a query. A handler that raises there leaves its threads
waiting for each other for ever in one of ten tries (DuckDB 2.0.0, two cores); `interrupt()` never did. Elsewhere
Ctrl-C is the KeyboardInterrupt that it always is. The stop of a run is `engine/driving`'s.

SIGTERM ends a process at once, and what it was writing stays half written: `half_made` lets it clean up.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""Exit code, as shells say it."""
PATIENCE_S = 1.0
"""How long a query may take to stop. A connection that is merely open has nothing to stop: then it is raised."""


@contextlib.contextmanager
def queries_stop() -> Iterator[None]:
    """Hear Ctrl-C this way until the end. Another handler than Python's own, or none (nohup), stays as it is."""
    usual = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not usual:
        yield
        return
    again: list[threading.Timer] = []

    def stop(number: int, frame: FrameType | None) -> None:
        queries = sys.modules.get("evalkit.store.queries")
        asked = not again and queries is not None and queries.stop_all()
        if not asked:
            usual(number, frame)
        again.append(threading.Timer(PATIENCE_S, signal.pthread_kill, (threading.main_thread().ident, number)))
        again[0].daemon = True
        again[0].start()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    except Exception as error:
        if again:  # whatever the caller of the query made of its end
            raise KeyboardInterrupt from error
        raise
    else:
        if again:  # the query's end was taken for rows that cannot be read, and the command went on without them
            raise KeyboardInterrupt
    finally:
        for timer in again:
            timer.cancel()
        if signal.getsignal(signal.SIGINT) is stop:
            signal.signal(signal.SIGINT, usual)


@contextlib.contextmanager
def half_made() -> Iterator[None]:
    """Until the end SIGTERM raises SystemExit (TERMINATED), so that what is half made is removed on the way out.
    Another handler than the system's own stays as it is."""
    usual = signal.SIG_DFL
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) is not usual:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is end:
            signal.signal(signal.SIGTERM, usual)
