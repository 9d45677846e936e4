"""Code of packages that runs in this process, and does not end it: SystemExit becomes a sentence.

    with kept_running():
        task = lm_eval_task()          # sys.exit("install swipl"): UserError

A script may leave by `sys.exit`; a library's module that does so at import takes the command with it, and a notebook's
cell or a service's worker where Python called us. A KeyboardInterrupt that the code raises itself is the same; one of a
person's Ctrl-C goes on as it is. `os._exit` cannot be caught.
"""

from __future__ import annotations

import functools
import inspect
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from types import FrameType, FunctionType, TracebackType
from typing import Any, TypeVar

from evalkit.errors import UserError

T = TypeVar("T")
_TERMINATED = 128 + signal.SIGTERM
"""`cli.interrupts.half_made` leaves so where somebody ends the process."""
_LONGEST = 300
_within = threading.local()


class _LeftByItself(UserError):
    """Code of a package asked Python to end."""


class kept_running:  # a context, read as a verb
    """Raises UserError where the code inside asks Python to end. Within another one it does nothing."""

    def __enter__(self) -> None:
        self._outermost = not getattr(_within, "it", False)
        self._heard = False
        self._before: Any = None
        if not self._outermost:
            return
        _within.it = True
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._hear)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if not self._outermost:
            return
        _within.it = False
        if self._before is not None and signal.getsignal(signal.SIGINT) == self._hear:
            signal.signal(signal.SIGINT, self._before)
        if isinstance(error, SystemExit) and error.code != _TERMINATED:
            said = "" if error.code is None else f" ({str(error.code).strip()[:_LONGEST]})"
            raise _LeftByItself(f"its code asks Python to end by sys.exit{said}") from error
        if isinstance(error, KeyboardInterrupt) and not self._heard:
            raise _LeftByItself("its code raises KeyboardInterrupt by itself") from error

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._heard = True
        self._before(number, frame)


def each_kept(items: Iterable[T]) -> Iterator[T]:
    """The items, each made by such code."""
    left = iter(items)
    while True:
        with kept_running():
            try:
                one = next(left)
            except StopIteration:
                return
        yield one


def keeps_running(kind: type[T]) -> type[T]:
    """A class whose methods and properties call such code: each of them as within `kept_running`."""
    for name, value in list(vars(kind).items()):
        if isinstance(value, FunctionType):
            setattr(kind, name, _kept(value))
        elif isinstance(value, property) and value.fget is not None:
            setattr(kind, name, property(_kept(value.fget), doc=value.__doc__))
        elif isinstance(value, functools.cached_property):
            value.func = _kept(value.func)
    return kind


def _kept(call: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(call):

        @functools.wraps(call)
        def each(*given: Any, **named: Any) -> Iterator[Any]:
            return each_kept(call(*given, **named))

        return each

    @functools.wraps(call)
    def one(*given: Any, **named: Any) -> Any:
        with kept_running():
            return call(*given, **named)

    return one
