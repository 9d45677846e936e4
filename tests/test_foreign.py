"""Code of packages that asks Python to end: a sentence, and never the end of a command or of a person's process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from evalkit.adapters.awaiting import in_new_loop, in_own_task
from evalkit.cli.interrupts import half_made
from evalkit.errors import UserError
from evalkit.foreign import each_kept, keeps_running, kept_running, raised_by, words_of
from evalkit.records import Response
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_response
from tests.scoring import sample


class Panic(BaseException):
    """As pyo3's, of every Rust package."""


class Mute(Exception):
    """An error that cannot say what it is."""

    def __str__(self) -> str:
        raise ValueError("no words")


def test_code_that_leaves_is_a_sentence() -> None:
    with pytest.raises(UserError, match=r"sys\.exit \(install swipl\)"), kept_running():
        sys.exit("install swipl")
    with pytest.raises(UserError, match="KeyboardInterrupt by itself"), kept_running():
        raise KeyboardInterrupt
    with pytest.raises(ValueError, match="own"), kept_running():
        raise ValueError("own")


def test_a_persons_own_stop_goes_on_as_it_is() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), kept_running(), kept_running():
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(5)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(SystemExit), half_made(), kept_running():
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(5)


def test_a_persons_own_stop_is_heard_where_code_holds_it_or_calls_it_an_error_of_its_own() -> None:
    def held() -> None:
        with suppress(BaseException):
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)

    def renamed() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)
        except KeyboardInterrupt:
            raise Panic("interrupted") from None

    for code in (held, renamed):
        with pytest.raises(KeyboardInterrupt), kept_running():
            code()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Panic("index out of bounds"), "raises Panic: index out of bounds, which is no Exception"),
        (GeneratorExit(), "raises GeneratorExit, which is no Exception"),
        (asyncio.CancelledError(), "raises CancelledError, which is no Exception"),
        (BaseExceptionGroup("two", [Panic("first"), ValueError("second")]), "raises Panic: first"),
        (SystemExit(128 + signal.SIGTERM), r"sys\.exit \(143\)"),
        (Mute(), r"raises Mute: \(its own text cannot be had\)"),
    ],
)
def test_whatever_code_raises_is_an_error_that_can_be_held_and_told(error: BaseException, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught, kept_running():
        raise error
    assert raised_by(caught.value) is error
    held: list[BaseException] = []

    async def whole() -> None:
        async def step() -> None:
            await asyncio.sleep(0)
            raise error

        try:
            await in_own_task(step())
        except BaseException as raised:  # noqa: BLE001
            held.append(raised)

    in_new_loop(whole())
    assert isinstance(held[0], UserError | asyncio.CancelledError)
    assert words_of(held[0]) == words_of(error)


def test_items_and_methods_of_such_code_are_kept_too() -> None:
    def items() -> Iterator[int]:
        yield 1
        sys.exit()

    found = each_kept(items())
    assert next(found) == 1
    with pytest.raises(UserError):
        next(found)

    @keeps_running
    class Task:
        @property
        def docs(self) -> int:
            sys.exit("docs")

        def mark(self) -> int:
            sys.exit("mark")

        def walk(self) -> Iterator[int]:
            yield 1
            sys.exit("walk")

    task = Task()
    for ask in (lambda: task.docs, task.mark, lambda: list(task.walk())):
        with pytest.raises(UserError):
            ask()


def test_a_scorer_of_a_package_that_leaves_gives_no_score() -> None:
    def score(sample: object, response: object) -> object:
        sys.exit("no data")

    scorer = Scorer("theirs", 1, score, lambda sample: None, plugin="theirs 1.0")  # type: ignore[arg-type]
    told = score_response(sample("yes"), Response(text="yes"), scorer)
    assert told.value is None and "theirs 1.0 broke on this reply" in (told.reason or "")
