"""A scorer that is a function of the person's own: `(answer, record) -> float | bool | Score`, async or not.

    def names_the_city(answer: str, record: Mapping[str, object]) -> bool:
        return record["city"].lower() in answer.lower()

    evalkit.Task("cities", data=rows, prompt="{{ question }}", score=names_the_city)

`answer` is the reply's text without its reasoning, `record` the fields of the sample. A function with a parameter
`sample` gets the whole sample (target, choices, turn); one with a parameter `response` gets the whole response (calls,
reasoning, usage, timing, the steps of an agent), also where it is calls alone. Both are given by name wherever they
stand but first, beside the record or in its place. True is right and False wrong; a number
from 0 to 1 is a graded score; a `Score` may also say what was read, why, and further figures (`parts`). None, other
numbers and an exception leave the answer without a score, which is counted as an error and never as 0.

Refused and empty replies are settled before the function is called, as for every scorer (`evalkit.scorers.outcomes`);
what the function says stands. An async function is awaited; one that is not runs beside the event loop, as many at once
as there are cores but one: a scorer that waits for a network should be async.
"""

from __future__ import annotations

import asyncio
import inspect
import math
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.adapters.awaiting import OutOfTime, in_own_task, is_from_inside, within
from evalkit.errors import SuiteError
from evalkit.foreign import kept_running, raised_by, words_of
from evalkit.records import Outcome, Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.registry import READING
from evalkit.scorers.scores import contradiction, graded, right_or_wrong, unscored
from evalkit.suite.functions import OwnFunction

NAME = "function"
VERSION = 4
"""Raised when what a function returns is read in another way; the function itself is known by its digest."""

_ROUNDED = 1e-6
"""How far beyond 0 or 1 a score is a rounded 0 or 1: a cosine of float32 comes to 1.0000001."""
WHOLE = ("sample", "response")
"""Parameters by which a function asks for more than the answer and the record."""
_FIRST = ("answer", "record")
"""What is given by position to the parameters before those, whatever they are called."""
_NOT_FIRST, _NOT_SECOND = ("record", "sample"), ("answer", "target", "choices", "turn")
"""Names that mean something else here: what stands at that place is not what its name says."""
LONGEST_S = 600.0
"""Seconds that an async scorer may take for one answer."""


def make(function: OwnFunction, at: str) -> Scorer:
    """The function as a scorer. Raises SuiteError where it does not take (answer, record)."""
    call, (placed, taken) = function.call, _takes(function.call, at)

    def arguments(sample: Sample, response: Response) -> tuple[list[Any], dict[str, object]]:
        whole = {"answer": response.text, "record": sample.fields, "sample": sample, "response": response}
        return [whole[name] for name in placed], {name: whole[name] for name in taken}

    def score(sample: Sample, response: Response) -> Score:
        given, named = arguments(sample, response)
        try:
            with kept_running():
                return read(call(*given, **named))
        except Exception as error:  # noqa: BLE001 - whatever a person's function raises is recorded as data
            return unscored(_raised(error))

    async def awaited(sample: Sample, response: Response) -> Score:
        given, named = arguments(sample, response)
        try:
            with kept_running():
                called = call(*given, **named)
            found = await within(LONGEST_S, in_own_task(called))
            with kept_running():
                return read(found)
        except OutOfTime as over:
            return unscored(f"the scorer gave no score within {LONGEST_S:g} s{f'; {over}' if str(over) else ''}")
        except Exception as error:  # noqa: BLE001 - as above
            return unscored(_raised(error))
        except asyncio.CancelledError as error:
            if not is_from_inside():
                raise
            return unscored(_raised(error))

    return Scorer(
        name=NAME,
        version=VERSION + READING,
        score=score,
        gold=lambda sample: None,
        slow=True,
        reads_calls="response" in placed + taken,
        awaited=awaited if _is_async(call) else None,
        functions=(function,),
        unproved=True,
    )


def read(given: object) -> Score:  # noqa: PLR0911  # one return for each kind of value
    """What a scorer function returned, as a score; absent, with the reason, where it is none."""
    if isinstance(given, Score):
        if (wrong := _wrong_field(given)) is not None:
            return unscored(f"the scorer gave a Score with {wrong}")
        if given.value is None:
            return given if given.outcome is Outcome.ERRORED else replace(given, outcome=Outcome.ERRORED)
        checked = read(given.value)
        if checked.value is None:
            return checked
        told = replace(given, value=checked.value)
        wrong = contradiction(told)
        return told if wrong is None else unscored(f"the scorer gave a Score with {wrong}")
    if hasattr(given, "item") and not isinstance(given, bool | int | float):
        given = given.item()  # numpy's numbers and truths
    if isinstance(given, bool):
        return right_or_wrong(given, None)
    if isinstance(given, int) and given in (0, 1):
        return right_or_wrong(given == 1, None)
    if isinstance(given, int | float):
        if math.isfinite(given) and -_ROUNDED <= given <= 1 + _ROUNDED:
            return graded(min(max(float(given), 0.0), 1.0), None)
        return unscored(f"the scorer gave {given!r}; a score is a number from 0 to 1")
    if given is None:
        return unscored("the scorer gave None: no score")
    return unscored(f"the scorer gave {type(given).__name__}; it returns True, False, a number from 0 to 1, or a Score")


def _wrong_field(score: Score) -> str | None:
    """What is wrong with a score besides its value, as a message fragment; None where nothing is."""
    for name in ("extracted", "reason"):
        if not isinstance(getattr(score, name), str | None):
            return f"a field {name} that is no text"
    if not isinstance(score.outcome, Outcome):
        return f"the outcome {score.outcome!r}; it is an evalkit.Outcome"
    if not isinstance(score.parts, Mapping) or not all(
        isinstance(name, str) and isinstance(part, int | float) and math.isfinite(part)
        for name, part in score.parts.items()
    ):
        return "parts that are no mapping of names to numbers"
    return None


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _takes(function: Callable[..., Any], at: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the function gets by position, and what by name. Raises SuiteError where it cannot be called so, or where
    the name of a parameter says that it expects something else."""
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return _FIRST, ()  # built in: nobody says what it takes
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    first, second, *_ = [*(name for name, one in signature.parameters.items() if one.kind in kinds), "", ""]
    called = f"{getattr(function, '__qualname__', type(function).__qualname__)}{signature}"
    if first in _NOT_FIRST or second in _NOT_SECOND:
        what, name = ("answer's text", first) if first in _NOT_FIRST else ("record", second)
        raise SuiteError(
            f"{at}: {called} would get the {what} as {name!r}. Write f(answer, record); the right answer, choices and "
            "turn are fields of a parameter named `sample`: f(answer, sample)"
        )
    beyond = {name for name in signature.parameters if name not in (first, second)}
    placed: tuple[str, ...] = ("answer", second if second in WHOLE else "record")
    named = tuple(name for name in ("record", *WHOLE) if name in beyond and name not in placed)
    if named and not second and not any(one.kind is one.VAR_POSITIONAL for one in signature.parameters.values()):
        placed, named = ("answer",), tuple(name for name in ("record", *WHOLE) if name in beyond)
    try:
        signature.bind(*placed, **dict.fromkeys(named))
    except TypeError as error:
        raise SuiteError(
            f"{at}: the function is called as f(answer, record), with sample=... and response=... where it has "
            f"parameters of these names, and {called} cannot be ({error})"
        ) from error
    return placed, named


def _raised(error: BaseException) -> str:
    frames = traceback.extract_tb(raised_by(error).__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"the scorer raised {words_of(error, 500)}{place}"
