"""What a template may cost: rounds of loops, calls, and the size of what filters, tests and comparisons look at.

    charge(context, value)      # TooMuch where the template has looked at too much, or for too long

Jinja's filters and tests are loops of Python's own, which nobody can stop while they run. So each is paid for before
it begins, by the size of what it is given (a list that stands in another one ten times counts ten times), and its
result is paid for when it is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from evalkit.suite.rendering import TooMuch

LONGEST_S = 3.0
"""Seconds that one text may take: a hundred thousand times what a prompt needs."""
MOST_STEPS = 500_000
"""Rounds of all loops, and calls, of one text together."""
MOST_PARTS = 3_000_000
"""Values inside the one that a filter, a test or a comparison is given."""
MOST_MADE = 50_000_000
"""Characters and parts that all filters, calls and sums of one text make together."""
_A_PART = 500
"""Characters that are looked at in the time of one part of a list."""
_OFTEN = 20_000


class _Meter:
    __slots__ = ("looked", "made", "since", "steps")

    def __init__(self) -> None:
        self.steps = self.looked = self.made = 0
        self.since = time.monotonic()


def _meter(context: Any) -> _Meter:
    found: _Meter | None = getattr(context, "meter", None)
    if found is None:
        found = context.meter = _Meter()
    return found


def step(context: object) -> None:
    """A round of a loop, or a call. Raises TooMuch."""
    meter = _meter(context)
    meter.steps += 1
    if meter.steps > MOST_STEPS:
        raise TooMuch(f"loops more than {MOST_STEPS:,} times")
    if meter.steps % 64 == 1:
        check_time(meter.since)


def charge(context: object, *values: object) -> None:
    """Something is about to look at these values. Raises TooMuch."""
    n = 1
    for value in values:
        if value.__class__ is str:
            n += len(value) // _A_PART
        elif isinstance(value, list | tuple | dict | range | set):
            n += _parts(value)
    meter = _meter(context)
    meter.looked += n
    if meter.looked >= _OFTEN:
        meter.looked = 0
        check_time(meter.since)


def made(context: Any, result: Any) -> Any:
    """The result of a filter, a call or a sum. Raises TooMuch where they are too much together."""
    if isinstance(result, str | list | tuple):
        meter = _meter(context)
        meter.made += len(result) if isinstance(result, str) else 8 * len(result)
        if meter.made > MOST_MADE:
            raise TooMuch(f"makes more than {MOST_MADE:,} characters on its way")
    return result


def check_time(since: float) -> None:
    """Raises TooMuch where a text has taken too long; `since` is of time.monotonic."""
    if time.monotonic() - since > LONGEST_S:
        raise TooMuch(f"takes more than {LONGEST_S:g} s for one text")


def metered(original: Callable[..., object]) -> Callable[..., object]:
    """The same filter or test, paid for."""
    passed = getattr(getattr(original, "jinja_pass_arg", None), "name", "")

    @pass_context
    @wraps(original)
    def apply(context: Context, *args: object, **kwargs: object) -> object:
        charge(context, *args, *kwargs.values())
        first = {"context": (context,), "eval_context": (context.eval_ctx,), "environment": (context.environment,)}
        return made(context, original(*first.get(passed, ()), *args, **kwargs))

    return apply


def _parts(whole: object) -> int:
    """How many values are inside. Raises TooMuch."""
    n = 0
    waiting = [whole]
    while waiting:
        value = waiting.pop()
        if value.__class__ is str:
            n += 1 + len(value) // _A_PART
        elif isinstance(value, dict):
            n += 1 + len(value)
            waiting += value
            waiting += value.values()
        elif isinstance(value, list | tuple):
            n += 1 + len(value)
            waiting += value
        else:
            n += len(value) if isinstance(value, range | set) else 1
        if n > MOST_PARTS:
            raise TooMuch(f"looks at more than {MOST_PARTS:,} values at once")
    return n
