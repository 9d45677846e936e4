"""What a template may cost: rounds of loops, calls, and the size of what filters, tests and comparisons look at.

    charge(context, value)      # TooMuch where the template has looked at too much, or for too long

Jinja's filters and tests are loops of Python's own, which nobody can stop while they run. So each is paid for before
it begins, by the size of what it is given (a list that stands in another one ten times counts ten times), and its
result is paid for when it is made.

A template that is dear for every record is dear in sum. `Spent` counts the processor's time of all its texts, and of
those of all templates together.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

from evalkit.suite.rendering import TooMuch

if TYPE_CHECKING:
    from jinja2.runtime import Context

LONGEST_S = 3.0
"""Seconds of the processor that one text may take: a hundred thousand times what a prompt needs. What other programs do
meanwhile does not count, or a busy machine would refuse an honest suite."""
MOST_STEPS = 500_000
"""Rounds of all loops, and calls, of one text together."""
MOST_PARTS = 3_000_000
"""Values inside the one that a filter, a test or a comparison is given."""
MOST_MADE = 50_000_000
"""Characters and parts that all filters, calls and sums of one text make together."""
SUM_S = 60.0
"""Seconds of the processor's time that all texts of one template may take, besides EACH_S for each of them: so many
records may be asked as anybody has. EVALKIT_TEMPLATE_SECONDS sets another number."""
EACH_S = 0.002
"""Ten times what a text with a dozen examples takes."""
SUMS_S = 5 * SUM_S
"""As SUM_S, of all templates of a suite together."""
_A_PART = 500
"""Characters that are looked at in the time of one part of a list."""
_OFTEN = 20_000


class Spent:
    """The processor's time of the texts of one template so far."""

    __slots__ = ("n", "s")

    def __init__(self) -> None:
        self.n, self.s = 0, 0.0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One more text is made. Raises TooMuch where those before it took too long in sum."""
        self.refuse_dear()
        began = time.thread_time()
        try:
            yield
        finally:
            took_s = time.thread_time() - began
            for spent in (self, _of_all):
                spent.n += 1
                spent.s += took_s

    def refuse_dear(self) -> None:
        """Raises TooMuch where this template, or all together and this one among the dear ones, took too long."""
        if self.s <= EACH_S * self.n:
            return
        most_s = most_in_sum_s()
        if self.s > most_s + EACH_S * self.n:
            raise TooMuch(
                f"took {self.s:.0f} s of the processor for {self.n:,} texts, and {most_s:g} s in sum besides "
                f"{1000 * EACH_S:g} ms a text is the limit: make it simpler, or put what it makes into the data "
                "(EVALKIT_TEMPLATE_SECONDS=600 in the environment allows more)"
            )
        of_all_s = most_s * SUMS_S / SUM_S
        if _of_all.s > of_all_s + EACH_S * _of_all.n:
            raise TooMuch(
                f"took {self.s:.0f} s of the processor for {self.n:,} texts, and the templates of the suite together "
                f"{_of_all.s:.0f} s, which is more than {of_all_s:g} s besides {1000 * EACH_S:g} ms a text: make them "
                "simpler (EVALKIT_TEMPLATE_SECONDS=600 in the environment allows more)"
            )


_of_all = Spent()


def count_anew() -> None:
    """Another suite begins: what the templates of those before it took does not count."""
    _of_all.n, _of_all.s = 0, 0.0


@cache
def most_in_sum_s() -> float:
    """SUM_S, or what the environment says instead."""
    try:
        said = float(os.environ.get("EVALKIT_TEMPLATE_SECONDS", ""))
    except ValueError:
        return SUM_S
    return said if 0 < said < 1e9 else SUM_S


class _Meter:
    __slots__ = ("looked", "made", "since", "steps")

    def __init__(self) -> None:
        self.steps = self.looked = self.made = 0
        self.since = time.thread_time()


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


def made(context: object, result: object) -> Any:
    """The result of a filter, a call or a sum. Raises TooMuch where they are too much together."""
    if isinstance(result, str | list | tuple):
        meter = _meter(context)
        meter.made += len(result) if isinstance(result, str) else 8 * len(result)
        if meter.made > MOST_MADE:
            raise TooMuch(f"makes more than {MOST_MADE:,} characters on its way")
    return result


def check_time(since: float) -> None:
    """Raises TooMuch where a text has taken too long; `since` is of time.thread_time."""
    if time.thread_time() - since > LONGEST_S:
        raise TooMuch(f"takes more than {LONGEST_S:g} s of the processor for one text")


def metered(original: Callable[..., object]) -> Callable[..., object]:
    """The same filter or test, paid for."""
    from jinja2 import pass_context

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
