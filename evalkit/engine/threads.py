"""Slow scorers in threads: running a program must not falsify the latency of the answers that come meanwhile.

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
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar

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
        result: Any = None
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
