"""Work for the main thread, which alone may say what a signal does: some code limits its own time that way.

    marks = where_signals_work(lambda: task.process_results(doc, results), "lm-eval's minerva_math")

In any other thread `signal.signal` raises ValueError, and code that takes every error for "not equal" gives other
figures there, or goes on without a limit. So a call that asks for a signal is broken off and made once more in the main
thread, where that is lent to this work: an event loop runs in it, or it waits for a run in a thread of its own
(`api.run`).
"""

from __future__ import annotations

import functools
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from evalkit.errors import UserError
from evalkit.foreign import kept

T = TypeVar("T")
_lent: ContextVar[Callable[[MainThreadWork[Any]], object] | None] = ContextVar("evalkit.main_thread", default=None)
"""Gives the main thread something to do. None: it is not lent."""
_watched = threading.local()
_lock = threading.Lock()
_n_watching = 0
_real: Callable[..., Any] = signal.signal


class _Elsewhere(BaseException):
    """Breaks a call off that asked for a signal where there is none: code that holds every error goes on otherwise."""


class MainThreadWork(Generic[T]):
    """A call that waits for the main thread. What interrupts it there is raised there, and it may be made again."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = kept(call)
        self.future: Future[T] = Future()

    def __call__(self) -> None:
        if self.future.done():
            return
        try:
            given = self._call()
        except Exception as error:  # noqa: BLE001 - raised where the call is waited for
            self.future.set_exception(error)
        else:
            self.future.set_result(given)


class MainThreadLine:
    """Work in the order in which it came, for a main thread that waits for another one to end."""

    def __init__(self) -> None:
        self._work: deque[MainThreadWork[Any]] = deque()
        self._more = threading.Event()
        self._over = False

    def put(self, work: MainThreadWork[Any]) -> None:
        """Have the main thread do it."""
        self._work.append(work)
        self._more.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._over = True
        self._more.set()

    def do_all(self, interrupted: Callable[[], None]) -> None:
        """Until the end. Ctrl-C is told, and what it broke off is made again: somebody waits for it."""
        while True:
            try:
                while self._work:
                    self._work[0]()
                    self._work.popleft()
                if self._over:
                    return
                self._more.wait()
                self._more.clear()
            except KeyboardInterrupt:
                interrupted()


def is_main() -> bool:
    """Whether this is the main thread."""
    return threading.current_thread() is threading.main_thread()


def is_lent() -> bool:
    """Whether work of this context can be done in the main thread."""
    return is_main() or _lent.get() is not None


@contextmanager
def lent_by_loop(call_soon: Callable[[Callable[[], None]], object]) -> Iterator[None]:
    """Work of this context, and of threads that take it along, is done in the event loop whose `call_soon_threadsafe`
    this is; nothing where that is not the main thread's."""
    if not is_main():
        yield
        return

    def hand(work: MainThreadWork[Any]) -> None:
        def once() -> None:
            try:
                work()
            except BaseException as error:  # Ctrl-C ends this loop
                work.future.set_exception(error)
                raise

        call_soon(once)

    token = _lent.set(hand)
    try:
        yield
    finally:
        _lent.reset(token)


def lend(line: MainThreadLine) -> None:
    """Work of this context, and of threads that take it along, goes into the line; nothing where this is not the main
    thread."""
    if is_main():
        _lent.set(line.put)


def where_signals_work(call: Callable[[], T], what: str) -> T:
    """What the call gives. Where it asks for a signal in another thread, it is made again in the main one.

    Raises what the call raises, and UserError where there is no main thread to be had; `what` names the code.
    """
    if is_main():
        return call()
    with _watching() as asked:
        try:
            found = call()
        except BaseException:
            if not asked:
                raise
        else:
            if not asked:
                return found
    return _in_main_thread(call, what)


def no_main_thread(what: str) -> str:
    """Why code that needs signals cannot be run here, and the way out."""
    return (
        f"{what} limits its time by signals, which Python has in the main thread alone. Call evalkit.run there, or run "
        "the suite in a terminal: evalkit run"
    )


def _in_main_thread(call: Callable[[], T], what: str) -> T:
    hand, work = _lent.get(), MainThreadWork(call)
    if hand is None:
        raise UserError(no_main_thread(what))
    try:
        hand(work)
    except RuntimeError as error:  # its loop is closed
        raise UserError(no_main_thread(what)) from error
    return work.future.result()


@contextmanager
def _watching() -> Iterator[list[bool]]:
    """While code runs that may ask for a signal; the list is filled where it did."""
    global _n_watching, _real  # noqa: PLW0603 - of the one module `signal`
    before, _watched.asked = getattr(_watched, "asked", None), list[bool]()
    with _lock:
        _n_watching += 1
        if _n_watching == 1:
            _real = signal.signal
            signal.signal = functools.wraps(_real)(_told)  # type: ignore[assignment]
    try:
        yield _watched.asked
    finally:
        _watched.asked = before
        with _lock:
            _n_watching -= 1
            if _n_watching == 0:
                signal.signal = _real


def _told(number: Any, handler: Any) -> Any:
    """`signal.signal`, which breaks off what is watched and cannot use it here."""
    asked: list[bool] | None = getattr(_watched, "asked", None)
    if asked is None or is_main():
        return _real(number, handler)
    asked.append(True)
    with suppress(AttributeError, ValueError):
        signal.setitimer(signal.ITIMER_REAL, 0)  # set before the handler was, it would end the process
    raise _Elsewhere
