"""How often answers end badly: against the baseline, or by itself.

{rate: refused, max_increase: 0.01}       # at most one answer in a hundred more than the baseline
{rate: unparseable, max_rate: 0.02}       # of the candidate alone
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.decide.rules.base import Condition, GateRule, RuleContext, RuleResult, Unit, unmeasured
from evalkit.decide.rules.quality import answers_an_item, of_decision, of_floor

if TYPE_CHECKING:
    from evalkit.results.pairs import Floats, Half, Mask, Pairs


class RateRule(GateRule):
    """A rule about a rate of outcomes."""

    kind: ClassVar[str] = "rate"
    limits: ClassVar[tuple[str, ...]] = ("max_increase", "max_rate")
    compares: ClassVar[frozenset[str]] = frozenset({"max_increase"})
    reads: ClassVar[frozenset[str]] = frozenset({"outcomes"})
    units: ClassVar[dict[str, Unit]] = {"max_increase": "difference", "max_rate": "share"}

    rate: Literal["refused", "truncated", "unparseable", "errored"]
    """How answers ended."""
    max_increase: Annotated[float, Field(ge=0, lt=1)] | None = None
    """rate: candidate minus baseline; below 1, or nothing could break it."""
    max_rate: Annotated[float, Field(ge=0, lt=1)] | None = None
    """rate: of the candidate alone; below 1, or nothing could break it."""

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        pairs, own = context.pairs, condition.limit == "max_rate"
        base, cand = pairs.baseline, pairs.candidate
        lost = _lost(cand) if own else _lost(base) | _lost(cand)
        if condition.subject == "errored":  # the cache keeps no errors: a few runs would leave none of the candidate's
            lost, n_cached = cand.cached, int(cand.cached.sum())
            if 2 * n_cached > pairs.n:
                return unmeasured(
                    condition,
                    f"{n_cached:,} of {pairs.n:,} answers of the candidate came from the cache, which keeps no errors: "
                    "run again with --no-cache",
                )
        there = ~lost
        if not there.any():
            return unmeasured(condition, "no item was answered" + ("" if own else " on both sides"))
        after = cand.is_outcome(condition.subject)[there].astype(float)
        if own:
            return _own_rate(condition, context, after, there)
        before = base.is_outcome(condition.subject)[there].astype(float)
        return _increase(condition, pairs, (before, after), there, context.alpha)


def _lost(half: Half) -> Mask:
    """Rows that do not say how their sample's first answer ended: none came, or evalkit gave it up and asked again."""
    import numpy as np

    return np.asarray(half.errored | (half.given_up > 0))


def _increase(
    condition: Condition, pairs: Pairs, sides: tuple[Floats, Floats], there: Mask, alpha: float
) -> RuleResult:
    """The paired test of right/wrong, with "did not end so" as right."""
    import numpy as np

    from evalkit.results.pairs import dependence_of
    from evalkit.stats.comparison import test

    before, after = sides
    lost, weights = ~there, None if pairs.weight is None else pairs.weight[there]
    labels = dependence_of(pairs, there, lost)
    decided = test(1 - before, 1 - after, condition.at, alpha, n_errored=int(lost.sum()), **labels)
    found = of_decision(condition, decided, answers_an_item(pairs))
    return replace(
        found,
        value=_turned(decided.delta),
        low=_turned(found.high),
        high=_turned(found.low),
        baseline=float(np.average(before, weights=weights)),
        candidate=float(np.average(after, weights=weights)),
    )


def _own_rate(condition: Condition, context: RuleContext, after: Floats, there: Mask) -> RuleResult:
    """The share of answers that did not end so against a floor of one minus the limit."""
    from evalkit.results.pairs import dependence_of
    from evalkit.stats.one_sample import AS_A_RATE, AS_A_SCORE, test_floor

    pairs, lost = context.pairs, ~there
    labels = dependence_of(pairs, there, lost)
    decided = test_floor(1 - after, 1 - condition.at, context.alpha, n_errored=int(lost.sum()), **labels)
    found = of_floor(condition, decided, answers_an_item(pairs))
    rate = 1 - decided.mean
    return replace(
        found,
        value=rate,
        low=None if found.high is None else 1 - found.high,
        high=None if found.low is None else 1 - found.low,
        candidate=rate,
        notes=tuple(note.replace(AS_A_SCORE, AS_A_RATE) for note in found.notes),
    )


def _turned(value: float | None) -> float | None:
    """The difference the other way round; zero is zero, never minus zero."""
    return None if value is None else 0.0 - value
