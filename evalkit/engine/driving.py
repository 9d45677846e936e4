"""Who runs a Runner: a loop of its own with Ctrl-C as a clean stop, or the event loop of the caller."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from evalkit.adapters.awaiting import in_new_loop
from evalkit.engine.runner import Runner
from evalkit.engine.work import RunResult

T = TypeVar("T")
Drive = Callable[[Runner], Awaitable[tuple[RunResult, "signal.Signals | None"]]]
"""Runs one Runner to its end; with what came of it, the signal that ended it."""


def without_loop(run: Coroutine[Any, Any, T]) -> T:
    """What `execute_run` comes to without a `drive`: it never waits, so it needs no event loop around it."""
    try:
        run.send(None)
    except StopIteration as done:
        outcome: T = done.value
        return outcome
    run.close()
    raise RuntimeError("execute_run waited for something outside of its runners")


def beside_a_loop(call: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """What a call gives that starts an event loop of its own: in another thread where one runs here (Jupyter, a
    server). Raises what it raises."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call(*arguments, **named)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call, *arguments, **named).result()


async def drive_with_signals(runner: Runner) -> tuple[RunResult, signal.Signals | None]:
    """A `Drive` in a loop of its own: Ctrl-C and a polite kill are clean stops."""
    return in_new_loop(_until_done(runner))


class DriveHere:
    """Runs Runners in the event loop that awaits it. A cancelled one stops cleanly: it waits for answers that are under
    way (a second cancellation does not), and `cancelled` says so afterwards, when everything is stored."""

    def __init__(self) -> None:
        self.cancelled = False
        self.stop = False
        """Set by whoever wants the run to stop for another reason; read every quarter of a second."""

    async def __call__(self, runner: Runner) -> tuple[RunResult, signal.Signals | None]:
        """As `Drive`."""
        running = asyncio.create_task(runner.run())
        if self.cancelled:
            runner.interrupt()
        stopping = False
        while not running.done():
            try:
                await asyncio.wait([running], timeout=0.25)
            except asyncio.CancelledError:
                self.cancelled = True
                runner.interrupt()
            if self.stop and not stopping:
                stopping = True
                runner.interrupt()
        return running.result(), None


async def _until_done(runner: Runner) -> tuple[RunResult, signal.Signals | None]:
    """Run with Ctrl-C and a polite kill as clean stops."""
    loop = asyncio.get_running_loop()
    ended_by: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        ended_by.append(number)
        runner.interrupt(patient=number is signal.SIGINT)  # a machine that ends a job does not wait long

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, stop, number)
    try:
        return await runner.run(), ended_by[0] if ended_by else None
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
