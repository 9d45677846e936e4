"""Code of packages that runs in this process, and does not end it: what it raises beyond Exception becomes a sentence.

    with kept_running():
        task = lm_eval_task()          # sys.exit("install swipl"): UserError

A script may leave by `sys.exit`; a library's module that does so at import takes the command with it, and a notebook's
cell or a service's worker where Python called us. A KeyboardInterrupt that the code raises itself is the same, and so
is every other kind beyond Exception (a Rust package's panic, GeneratorExit, a class of its own), or an error that
cannot say what it is. A person's Ctrl-C goes on as it is, also where the code takes it for an error of its own.
`os._exit` cannot be caught.
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
from evalkit.text.secrets import cut_short

T = TypeVar("T")
_LONGEST = 300
_STOPS = (signal.SIGINT, signal.SIGTERM)
"""What a person, or the system for them, sends to end a command."""
_NAME = type.__dict__["__name__"]
"""As `type(error).__name__`, also where a class says otherwise."""
_within = threading.local()


class _LeftByItself(UserError):
    """Code of a package raised what no `except Exception` holds, or what cannot be told."""


class kept_running:  # a context, read as a verb
    """Raises UserError where the code inside raises beyond Exception. Its cause is what was raised.

    `lets`: kinds that go on as they are (a cancellation, where a step of a coroutine runs inside).
    """

    def __init__(self, *lets: type[BaseException]) -> None:
        self._lets = lets

    def __enter__(self) -> None:
        outer: kept_running | None = getattr(_within, "it", None)
        self._outermost = outer or self
        self._stop: BaseException | None = None
        self._before: dict[int, Any] = {}
        if outer is not None:
            return
        _within.it = self
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.getsignal(number) for number in _STOPS}
            self._before = {number: handler for number, handler in handlers.items() if callable(handler)}
            for number in self._before:
                signal.signal(number, self._hear)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._outermost is self:
            _within.it = None
            for number, handler in self._before.items():
                if signal.getsignal(number) == self._hear:
                    signal.signal(number, handler)
        if (stop := self._outermost._stop) is not None:
            if error is not stop and self._outermost is self:  # the code held it, or made something else of it
                raise stop
            return
        if error is None or isinstance(error, self._lets):
            return
        if (said := _left(error)) is not None:
            raise _LeftByItself(said) from error

    def _hear(self, number: int, frame: FrameType | None) -> None:
        try:
            self._before[number](number, frame)
        except BaseException as stop:
            self._stop = stop
            raise


def _left(error: BaseException) -> str | None:
    """Why code left by what it raised, as a message fragment; None for an error that can be held and told."""
    if isinstance(error, SystemExit):
        said = "" if error.code is None else f" ({cut_short(text_of(error).strip(), _LONGEST)})"
        return f"its code asks Python to end by sys.exit{said}"
    if isinstance(error, KeyboardInterrupt):
        return "its code raises KeyboardInterrupt by itself"
    if not isinstance(error, Exception):
        return f"its code raises {words_of(error)}, which is no Exception"
    return f"its code raises {words_of(error)}" if _text(error) is None else None


def raised_by(error: BaseException) -> BaseException:
    """What the code itself raised, for an error that came out of `kept_running`."""
    return error.__cause__ if isinstance(error, _LeftByItself) and error.__cause__ is not None else error


def words_of(error: BaseException, most: int = _LONGEST) -> str:
    """`KeyError: 'x'`: the kind of what code raised and what it says, without keys, at most so long; of a group, of
    what happened first. Raises nothing, whatever the error's own methods do."""
    error = _first(raised_by(error))
    return cut_short(f"{_NAME.__get__(type(error))}: {text_of(error)}".removesuffix(": "), most)


def text_of(error: BaseException) -> str:
    """What an error says, `str(error)`; of one that cannot, that. Raises nothing."""
    said = _text(error)
    return "(its own text cannot be had)" if said is None else said


def _text(error: BaseException) -> str | None:
    """None where the error's own method raises."""
    try:
        return "".join([str(error)])  # a text of Python's own, whatever kind of text that was
    except BaseException:  # noqa: BLE001 - a method of the code's own
        return None


def _first(error: BaseException) -> BaseException:
    """An error that is no group: the first of what a group holds that is no cancellation."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_first(one) for one in error.exceptions]
    return next((one for one in leaves if type(one).__name__ != "CancelledError"), leaves[0])


def each_kept(items: Iterable[T]) -> Iterator[T]:
    """The items, each made by such code."""
    with kept_running():
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
            setattr(kind, name, kept(value))
        elif isinstance(value, property) and value.fget is not None:
            setattr(kind, name, property(kept(value.fget), doc=value.__doc__))
        elif isinstance(value, functools.cached_property):
            value.func = kept(value.func)
    return kind


def kept(call: Callable[..., T]) -> Callable[..., T]:
    """A function that runs such code, as within `kept_running`; of a generator, each of its steps."""
    if inspect.isgeneratorfunction(call):

        @functools.wraps(call)
        def each(*given: Any, **named: Any) -> Any:
            return each_kept(call(*given, **named))

        return each

    @functools.wraps(call)
    def one(*given: Any, **named: Any) -> Any:
        with kept_running():
            return call(*given, **named)

    return one
