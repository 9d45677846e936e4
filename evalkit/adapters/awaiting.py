"""Code of others is awaited in a task of its own, within a time, and no longer than it deserves.

    given = await within(60, in_own_task(function(request)))     # or OutOfTime, LeftBehind
    outcome = in_new_loop(whole_run())                           # asyncio.run, which no task can hold up

What such code does with its own task is its own affair: it may cancel it, let a group fail in it, or ignore that it
was cancelled. None of that ends a run, and none of it keeps a run, or the process, from ending.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from evalkit.adapters.base import Adapter, is_ours
from evalkit.errors import LikelyMistakeWarning
from evalkit.frozen import dataclass
from evalkit.records import Request, Response

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

GRACE_S = 3.0
"""How long code of others may take to end once it was cancelled. A further cancellation does not wait."""
WENT_ON = f"it went on for {GRACE_S:g} s after it was cancelled, and is not waited for"

T = TypeVar("T")


class OutOfTime(TimeoutError):
    """The time that `within` gives is over. Its text says more where there is more to say: `WENT_ON`."""


class LeftBehind(asyncio.CancelledError):
    """What was awaited went on after it was cancelled, and was left where it was."""


def is_from_inside() -> bool:
    """Whether a CancelledError that was just caught comes from what was awaited, and nobody cancelled this task.

    A function that cancels a task of its own and awaits it raises one, and so does an inner time limit that leaks: that
    is the failure of one item, and not the end of the run.
    """
    task = asyncio.current_task()
    return task is not None and not task.cancelling()


async def in_own_task(call: Awaitable[T]) -> T:
    """What code of others gives, awaited in a task of its own. Raises what it raises, but for what ends a loop or is no
    Exception: a UserError (`evalkit.foreign`). It is cancelled with this task; LeftBehind where it does not end then.

    What it does to its task is its own affair: `asyncio.TaskGroup` leaves a failed one as if somebody had cancelled it
    (until Python 3.13), and `current_task().cancel()` is no end of the run.
    """
    held = _Held(_plainly(call))
    task = asyncio.create_task(held.end())
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        if await _has_ended(task):
            raise
        held.left = True
        _let_go(task)
        raise LeftBehind from None
    return task.result()


async def called(function: Callable[..., Awaitable[T]], *given: Any) -> T:
    """Called within the task, too: not every function that gives an awaitable is async."""
    return await function(*given)


async def _plainly(call: Awaitable[T]) -> T:
    """What `call` gives. Groups of errors that would end a run are raised as what they hold."""
    try:
        return await call
    except BaseExceptionGroup as group:
        if isinstance(group, Exception):
            raise
        rest = group.split(asyncio.CancelledError)[1]
        if rest is None:  # cancellations alone: those of the call's own tasks
            raise asyncio.CancelledError from group
        raise rest.split(Exception)[1] or rest from None


@dataclass(frozen=True, slots=True)
class _Step:
    """What a coroutine gave at one step: what it waits for, or what it ends with."""

    given: Any
    done: bool


class _Held(Generic[T]):
    """A coroutine that is awaited until it ends, or until it is left: then it does not get another step."""

    def __init__(self, call: Coroutine[Any, Any, T]) -> None:
        self._call = call
        self.left = False

    async def end(self) -> T:
        """What the coroutine gives. Raises what it raises, but for what is no Exception, and what wakes it once it is
        left."""
        return await self

    def __await__(self) -> Generator[Any, Any, T]:
        step = self._step(self._call.send, None)
        while not step.done:
            try:
                woken = yield step.given
            except BaseException as error:
                if self.left:
                    self._close()
                    raise
                step = self._step(self._call.throw, error)
            else:
                step = self._step(self._call.send, woken)
        given: T = step.given
        return given

    def _step(self, take: Callable[..., Any], given: object) -> _Step:
        """Until it waits again. What it was woken by goes on through it, and so does a cancellation."""
        from evalkit.foreign import kept_running  # slow to load: a run of evalkit's own adapters needs none of it

        woken = (type(given),) if isinstance(given, BaseException) else ()
        with kept_running(asyncio.CancelledError, *woken):
            try:
                return _Step(take(given), done=False)
            except StopIteration as ended:
                return _Step(ended.value, done=True)

    def _close(self) -> None:
        """Here, where a loop runs: what tries again after every error would do so for ever where none does."""
        try:
            self._call.close()
        except BaseException:  # noqa: BLE001 - whatever code says of its end, nobody hears it
            _never_finalize(self._call)


async def _has_ended(task: asyncio.Task[Any]) -> bool:
    """Cancel a task; whether it ends in its grace. Raises nothing."""
    task.cancel()
    try:
        await asyncio.wait([task], timeout=GRACE_S)
    except asyncio.CancelledError:
        await asyncio.sleep(0)  # what ends by itself at its cancellation has ended by now
    if task.done() and not task.cancelled():
        task.exception()  # looked at: nobody else will
    return task.done()


def _let_go(task: asyncio.Task[Any]) -> None:
    """Whoever ends the loop does not wait for this task."""
    task.cancel()
    _never_finalize(task)
    asyncio.tasks._unregister_task(task)  # for those who extend asyncio, as its documentation says
    task._log_destroy_pending = False  # type: ignore[attr-defined]


def _never_finalize(what: object) -> None:
    """Python throws GeneratorExit into a coroutine that it drops, at its exit too: where code goes on after everything
    that is thrown, the process would not end."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(what))


async def within(seconds: float | None, call: Awaitable[T]) -> T:
    """What `call` gives within its time. Raises what it raises; OutOfTime once the time is over, and CancelledError
    once this task was cancelled.

    Whatever code says of its own cancellation is no answer: `except: return "ERROR"` would become a wrong answer of
    the model. So neither what it returns then nor what it raises counts.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            given = await call
    except (Exception, LeftBehind) as error:
        _require_time(limit, error)
        raise
    _require_time(limit, None)
    return given


def _require_time(limit: asyncio.Timeout, error: BaseException | None) -> None:
    """Raises OutOfTime where the time is over, CancelledError where this task was cancelled."""
    if limit.expired():
        went_on = isinstance(error, LeftBehind) or isinstance(error and error.__cause__, LeftBehind)
        raise OutOfTime(WENT_ON if went_on else "") from error
    if not is_from_inside():
        raise asyncio.CancelledError from error


def in_new_loop(run: Coroutine[Any, Any, T], *, threads: ThreadPoolExecutor | None = None) -> T:
    """As `asyncio.run`, which waits without end for tasks that ignore their cancellation: those that are left over have
    their grace, and are let go. `threads` are those of `asyncio.to_thread`; None: the standard library's."""
    main: list[asyncio.Task[Any] | None] = []

    async def whole() -> T:
        main.append(asyncio.current_task())
        if threads is not None:
            asyncio.get_running_loop().set_default_executor(threads)
        return await run

    with asyncio.Runner() as runner:
        try:
            return runner.run(whole())
        finally:
            runner.run(_end_all(*main))


async def _end_all(main: asyncio.Task[Any] | None = None) -> None:
    """End every other task of the loop; `main` first, which takes what it needs."""
    if main is not None and not main.done():  # a second Ctrl-C came out of the loop
        main.cancel()
        await asyncio.wait([main])
    over = asyncio.all_tasks() - {asyncio.current_task()}
    for task in over:
        task.cancel()
    try:
        if over:
            await asyncio.wait(over, timeout=GRACE_S)
    finally:
        for task in (one for one in over if not one.done()):
            _let_go(task)
            what = f"the task {task.get_name()} that a function started does not end when it is cancelled"
            warnings.warn_explicit(f"{what}: {WENT_ON}", LikelyMistakeWarning, "evalkit.run", 1)


async def in_own_thread(function: Callable[..., Any], *arguments: object) -> tuple[Any, float]:
    """What a blocking function gives, and when its call began (perf_counter). Raises what it raises.

    The thread is a daemon: whoever interrupts a run does not wait for a function that hangs.
    """
    from evalkit.foreign import kept_running, words_of

    loop = asyncio.get_running_loop()
    future: asyncio.Future[tuple[Any, float]] = loop.create_future()
    context = contextvars.copy_context()

    def settle(result: tuple[Any, float] | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        elif result is not None:
            future.set_result(result)

    def work() -> None:
        result: tuple[Any, float] | None = None
        error: BaseException | None = None
        try:
            with kept_running():
                began = time.perf_counter()
                result = (context.run(function, *arguments), began)
        except StopIteration as raised:  # no future can carry it
            error = RuntimeError(f"the function raised {words_of(raised)}")
        except Exception as raised:  # noqa: BLE001 - given to whoever waits for it
            error = raised
        with suppress(RuntimeError):  # the loop is closed: the run is over
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="evalkit-function", daemon=True).start()
    return await future


async def ask_adapter(adapter: Adapter, request: Request) -> Response:
    """What it answers. Raises what evalkit's own raises; of a package's RequestError, TimeoutError, CancelledError."""
    if is_ours(adapter):
        return await adapter.respond(request)
    from evalkit.adapters.theirs import ask_theirs

    return await ask_theirs(adapter, request)


async def close_adapter(adapter: Adapter) -> None:
    """Close what it holds open. Raises PluginError for what a package's own raises."""
    if is_ours(adapter):
        return await adapter.aclose()
    from evalkit.adapters.theirs import close_theirs

    return await close_theirs(adapter)
