"""Code of packages that asks Python to end: a sentence, and never the end of a command or of a person's process."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest

from evalkit.errors import UserError
from evalkit.foreign import each_kept, keeps_running, kept_running
from evalkit.records import Response
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_response
from tests.scoring import sample


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
    with pytest.raises(SystemExit), kept_running():  # `interrupts.half_made`, on SIGTERM
        raise SystemExit(128 + signal.SIGTERM)


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
