"""Nothing holds up the event loop unseen: slow scorers work in threads, and how late the loop is gets measured.

A client that is busy books its own queue as the model's latency. The lag is measured all through a run and recorded
with it, so that a reader can tell how far to trust the latencies: each of them may be too high by about this much.

Running a program, as some scorers do, must not falsify the latency of the answers that come meanwhile:

    score = await in_thread(lambda: score(sample, response, scorer))

A few threads for the whole process, started when the first slow scorer comes. They are daemons: whoever interrupts a
run twice does not wait for a program to reach its limit (the kernel ends the program with its thread).
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import queue
import threading
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

from evalkit.errors import EvalkitError
from evalkit.frozen import dataclass

EVERY_S = 0.02
WARM_AFTER_S, WARM_AT_LAST_S = 0.01, 0.2
"""When the tables that replies are read by are loaded, beside the event loop: once the first requests are under way,
which is when a timer of the first length is on time; after the second length in any case."""
IDLE_S = 0.001
"""A timer that is later than this says that there is much else to do."""


@dataclass(frozen=True, slots=True)
class Lag:
    """Event-loop lag of a run in seconds; None when the run was too short to measure any."""

    p50_s: float | None
    p99_s: float | None
    max_s: float | None
    n: int


class LagMeter:
    """Measures until `stop` is called. Costs about 50 wake-ups a second; keeps at most 100,000 readings."""

    def __init__(self) -> None:
        self._readings = array("d")
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin measuring in the running loop."""
        self._next(asyncio.get_running_loop())

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.perf_counter() + EVERY_S
        self._handle = loop.call_later(EVERY_S, self._ran, loop)

    def _ran(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._readings) < 100_000:
            self._readings.append(max(0.0, time.perf_counter() - self._due))
        self._next(loop)

    def stop(self) -> Lag:
        """End measuring and give what was found."""
        if self._handle is not None:
            self._handle.cancel()
        ordered = sorted(self._readings)
        if not ordered:
            return Lag(None, None, None, 0)
        last = len(ordered) - 1
        return Lag(ordered[round(last * 0.5)], ordered[round(last * 0.99)], ordered[-1], len(ordered))


T = TypeVar("T")
_Work = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` gives, made in a thread; raises what it raises. At most one for each core but one runs at a time."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()
    _waiting().put((lambda: context.run(work), future, loop))
    return await future


@cache
def _waiting() -> queue.SimpleQueue[_Work]:
    """The line of what is to be done; its threads begin with it."""
    line: queue.SimpleQueue[_Work] = queue.SimpleQueue()
    for n in range(max(1, (os.cpu_count() or 2) - 1)):
        threading.Thread(target=_serve, args=(line,), name=f"evalkit-scorer-{n}", daemon=True).start()
    return line


def _serve(line: queue.SimpleQueue[_Work]) -> None:
    while True:
        work, future, loop = line.get()
        if future.cancelled():
            continue  # nobody waits for it any more
        result: object = None
        error: BaseException | None = None
        try:
            result = work()
        except BaseException as raised:  # noqa: BLE001 - given to whoever waits for it
            error = raised
        with suppress(RuntimeError):  # the loop is closed: the run is over
            loop.call_soon_threadsafe(_set_result, future, result, error)


def _set_result(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def start_once_idle(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """Start a thread as soon as the loop has little to do: before, it would hold up what the loop does."""
    last = loop.time() + WARM_AT_LAST_S

    def look(due: float) -> None:
        now = loop.time()
        if now - due <= IDLE_S or now >= last:
            thread.start()
        else:
            loop.call_at(now + WARM_AFTER_S, look, now + WARM_AFTER_S)

    first = loop.time() + WARM_AFTER_S
    loop.call_at(first, look, first)


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show of several that happened together: ours before a defect's echo."""
    leaves: list[BaseException] = []
    stack: list[BaseException] = [errors]
    while stack:
        error = stack.pop(0)
        if isinstance(error, BaseExceptionGroup):
            stack += error.exceptions
        else:
            leaves.append(error)
    return next((leaf for leaf in leaves if isinstance(leaf, EvalkitError)), leaves[0])
