"""`evalkit.run` and `evalkit.arun`: a suite is run, stored, and given back as a `Run`."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Unpack

from evalkit.adapters.awaiting import in_new_loop
from evalkit.api.execution import Prepared, execute, prepare, with_stopper
from evalkit.api.options import RunKeywords, RunOptions, options_of, words
from evalkit.api.planning import resolved
from evalkit.api.progress import ProgressCallback, Reporter
from evalkit.api.suite import Suite
from evalkit.engine.driving import DriveHere
from evalkit.engine.session import RunOutcome
from evalkit.errors import IncompleteRunWarning, LikelyMistakeWarning
from evalkit.facts import RunFacts
from evalkit.main_thread import MainThreadLine, lend, lent_by_loop
from evalkit.python_words import in_python, said_in_python
from evalkit.results.run import Run, load_run
from evalkit.store.runs import update_facts
from evalkit.suite.sample_notes import is_likely_mistake


def run(
    suite: Suite | str | Path,
    *,
    results: str | Path | None = None,
    progress: ProgressCallback | None = None,
    **options: Unpack[RunKeywords],
) -> Run:
    """Ask every model of a suite, score the answers, store them; the run, which is also in a folder under `results`
    (None: EVALKIT_RESULTS, or `results` in the working directory).

    An incomplete run of the same content is resumed, as `evalkit run` does. Works in any thread. Inside a running event
    loop (Jupyter, a server) it runs in a thread of its own with a loop of its own, and this call waits for it: there,
    functions of yours that share a client with the outer loop want `await arun(...)` instead.

    A run that could not be completed (errors, a budget) is given back too, with `status` and `facts.reasons`, and an
    `IncompleteRunWarning`. What was most likely meant otherwise (a target `n` for `{{ n }}`) is a
    `LikelyMistakeWarning`, before anything is sent. Raises UserError (SuiteError with every complaint, MissingKey,
    StoreError ...) before anything is sent, RunIncomplete where rows cannot be stored, KeyboardInterrupt after Ctrl-C,
    and whatever `progress` raises. In each case what was answered is stored, and the same call resumes.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        outcome = in_new_loop(_run(suite, results, progress, options), threads=_DaemonThreads())
    else:
        outcome = _in_own_thread(suite, results, progress, options)
    if (told := _incomplete(outcome)) is not None:
        warnings.warn(told, IncompleteRunWarning, stacklevel=2)
    return load_run(outcome.folder)


async def arun(
    suite: Suite | str | Path,
    *,
    results: str | Path | None = None,
    progress: ProgressCallback | None = None,
    **options: Unpack[RunKeywords],
) -> Run:
    """As `run`, in the event loop that awaits it. Cancelling it stops the run cleanly: answers under way are waited for
    up to ten seconds (a second cancellation does not wait), the folder is sealed, then CancelledError is raised.
    """
    outcome = await _run(suite, results, progress, options)
    if (told := _incomplete(outcome)) is not None:
        warnings.warn(told, IncompleteRunWarning, stacklevel=2)
    return await asyncio.to_thread(load_run, outcome.folder)


async def _run(
    suite: Suite | str | Path,
    results: str | Path | None,
    progress: ProgressCallback | None,
    options: Mapping[str, object],
) -> RunOutcome:
    """What the run came to, stored and told. Raises as `run` and `arun` do."""
    with said_in_python(), words(options):
        made = options_of(results, options)
        drive = DriveHere()

        def stop() -> None:
            drive.stop = True

        reporter = Reporter(progress, stop)
        with lent_by_loop(asyncio.get_running_loop().call_soon_threadsafe):
            prepared = await asyncio.to_thread(_prepared, suite, made, reporter)
        if reporter.error is not None:
            raise reporter.error
        try:
            outcome = await execute(prepared, reporter, drive)
        finally:
            for function in prepared.functions:
                function.forgive()
        if drive.cancelled:
            raise asyncio.CancelledError
        if reporter.error is not None:
            raise reporter.error
        update_facts(outcome.folder, RunFacts(told=True))  # from here on the same call means another run
        return outcome


def _prepared(suite: Suite | str | Path, options: RunOptions, reporter: Reporter) -> Prepared:
    """The run, ready to start; its notes are told."""
    prepared = prepare(resolved(suite, options), options)
    prepared, told = with_stopper(prepared)
    for one in (*prepared.notes, *told):
        reporter.note(one)
        if is_likely_mistake(one):  # without a registry: told each time, also when a cell is run again
            warnings.warn_explicit(in_python(one), LikelyMistakeWarning, "evalkit.run", 1)
    return prepared


def _incomplete(outcome: RunOutcome) -> str | None:
    """What a person should know of a run that is given back incomplete; None where it is complete."""
    if outcome.status == "complete":
        return None
    return in_python(f"{outcome.folder} is {outcome.status}: {'; '.join(outcome.reasons) or outcome.status}")


def _in_own_thread(
    suite: Suite | str | Path,
    results: str | Path | None,
    progress: ProgressCallback | None,
    options: Mapping[str, object],
) -> RunOutcome:
    """`_run` in a thread with a loop of its own; Ctrl-C here stops it cleanly. Meanwhile this thread does what needs
    the main one."""
    context = contextvars.copy_context()
    found: list[RunOutcome | BaseException] = []
    interrupted = threading.Event()
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []
    line = MainThreadLine()
    context.run(lend, line)

    async def main() -> RunOutcome:
        task = asyncio.current_task()
        assert task is not None
        started.append((asyncio.get_running_loop(), task))
        if interrupted.is_set():  # before there was a task to cancel
            raise asyncio.CancelledError
        return await _run(suite, results, progress, options)

    def work() -> None:
        try:
            found.append(context.run(in_new_loop, main(), threads=_DaemonThreads()))
        except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
            found.append(error)
        finally:
            line.end()

    def interrupt() -> None:
        interrupted.set()
        for loop, task in started:
            with suppress(RuntimeError):  # the loop is closed: it is over
                loop.call_soon_threadsafe(task.cancel)

    thread = threading.Thread(target=work, name="evalkit-run")
    thread.start()
    while thread.is_alive():
        try:
            line.do_all(interrupt)
            thread.join()
        except KeyboardInterrupt:
            interrupt()
    if interrupted.is_set():
        raise KeyboardInterrupt
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


class _DaemonThreads(ThreadPoolExecutor):
    """Threads for `asyncio.to_thread`, as many at once as the standard library's pool has. Nobody waits for them: what
    a function does in one may hang, and that pool is joined by the loop that ends, and again by Python's own end."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)  # which begins none: `submit` is ours
        self._line: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._free = threading.Semaphore(0)
        """Counts threads that have nothing to do."""
        self._n, self._most = 0, min(32, (os.cpu_count() or 1) + 4)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of every executor."""
        future: Future[Any] = Future()
        self._line.put((future, partial(fn, *args, **kwargs)))
        if not self._free.acquire(blocking=False) and self._n < self._most:
            self._n += 1
            threading.Thread(target=self._serve, name=f"evalkit-function-{self._n}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Threads end once they have nothing to do. Waits for none."""
        for _ in range(self._n):
            self._line.put(None)

    def _serve(self) -> None:
        while (work := self._line.get()) is not None:
            future, call = work
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as error:  # noqa: BLE001 - given to whoever waits for it
                    future.set_exception(error)
                else:
                    future.set_result(result)
            self._free.release()
