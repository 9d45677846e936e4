"""What an earlier run teaches about a rule on bills or times: each answer's dollars or seconds, as the gate reads them.

    earlier = EarlierAmounts.of(folder, "gpt", "mine", condition, stated=False)
    earlier.stored.candidate           # float64[I, K]: dollars at least (their texts' price), or seconds with waits
    earlier.stored.baseline            # dollars, or seconds without waits; None: the rule is of the candidate alone

Items of which some answer has no figure (failed, from the cache) are left out and counted: a gate reads those against
whatever is at stake, so that a run with many of them needs more than is planned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from evalkit.decide.earlier_run import FEWEST, Prices, effective_items, prices_of, together_of, whole_items
from evalkit.decide.rules import Condition
from evalkit.decide.rules.cost import dearest_answer_usd
from evalkit.decide.rules.latency import times_of, waited_before
from evalkit.errors import NotPlanned, UserError
from evalkit.results.pairing import pair
from evalkit.results.pairs import Floats, Half, Mask, Pairs
from evalkit.results.side import Side
from evalkit.stats.exceedance import fewest_answers
from evalkit.stats.planned_limits import StoredAmounts, WantedLimit
from evalkit.store import table as stored
from evalkit.text import numbers
from evalkit.text.rule_names import rule_words, time_words

_THOUSAND = "usd_per_1k_samples"


@dataclass(frozen=True, slots=True)
class EarlierAmounts:
    """Bills or times of two models in an earlier run."""

    baseline: str
    candidate: str
    condition: Condition
    stored: StoredAmounts
    prices: Prices
    cap: float | None
    """The most that one answer of the candidate can cost, where the rule counts with it and it is known."""
    n_left_out: int
    n_effective: float | None
    """Equal, independent items that would tell as much; None: items are not weighted."""

    @classmethod
    def of(
        cls, folder: Path, baseline: str, candidate: str, condition: Condition, *, stated: bool = False
    ) -> EarlierAmounts:
        """`stated`: bills as the server states them (`bills: stated`). Raises StoreError and NotComparable where the
        run cannot be read or the two do not pair, UserError where it teaches nothing of this rule."""
        if baseline == candidate:
            raise UserError("baseline and candidate are the same model: name two, so that it is seen how they differ")
        if condition.subject == "usd_per_correct":
            raise UserError("usd_per_correct is shown and never decides: there is nothing to plan")
        sides = (Side.of(folder, baseline), Side.of(folder, candidate))
        tables = [stored.model_rows(folder, side.model) for side in sides]
        if condition.kind == "cost" and not stated:
            from evalkit.decide.supported_bills import with_supported

            tables[1] = with_supported(sides[1], tables[1])
        pairs = pair(*tables)
        own = condition.limit in {"max_usd", "max_s"}
        amounts = amounts_of(pairs, condition)
        there = known_of(amounts, condition)
        rows = np.ones(pairs.n, dtype=bool)
        items, whole = whole_items(pairs, rows, there)
        if len(items) < _fewest(condition):
            n_cached = int((pairs.candidate.cached | (pairs.baseline.cached & (not own))).sum())
            raise NotPlanned(_too_few(condition, len(items), whole, n_cached))
        together = together_of(pairs, items)
        before, after = (np.asarray(one[items], dtype=np.float64) for one in amounts)
        return cls(
            baseline=baseline,
            candidate=candidate,
            condition=condition,
            stored=StoredAmounts(after, None if own else before, *together),
            prices=prices_of(folder, sides, pairs, rows, items),
            cap=cap_of(condition, sides[1], after),
            n_left_out=whole - len(items),
            n_effective=effective_items(*together),
        )

    def question(self, alpha: float, power: float, supposed: float | None = None) -> WantedLimit:
        """What the rule is to show. `supposed`: in the unit of the rule's limit; None: as in the earlier run."""
        return replace(question_of(self.condition, alpha, power, supposed), cap=self.cap)


def question_of(condition: Condition, alpha: float, power: float, supposed: float | None = None) -> WantedLimit:
    """What a rule on bills or times is to show, no cap counted with; arguments as in `EarlierAmounts.question`."""
    unit = 1000.0 if condition.subject == _THOUSAND and condition.limit == "max_usd" else 1.0
    quantile = None
    if condition.kind == "latency":
        quantile = int(condition.subject.partition("_p")[2]) / 100
    return WantedLimit(condition.at / unit, quantile, alpha, power, None if supposed is None else supposed / unit)


def amounts_of(pairs: Pairs, condition: Condition) -> tuple[Floats, Floats]:
    """The baseline's and the candidate's dollars or seconds by row, as a pass has to hold for; NaN: not known."""
    if condition.kind == "cost":
        return _bills(pairs.baseline), _bills(pairs.candidate)
    return _seconds(pairs.baseline, condition), _longest(pairs.candidate, condition)


def known_of(amounts: tuple[Floats, Floats], condition: Condition) -> Mask:
    """bool[n]: rows that have every figure that the rule reads."""
    own = condition.limit in {"max_usd", "max_s"}
    return ~np.isnan(amounts[1]) & (own | ~np.isnan(amounts[0]))


def _bills(half: Half) -> Floats:
    """Dollars, at least what the texts cost."""
    return np.where(half.errored, np.nan, np.fmax(half.cost_usd, half.supported_usd) + 0 * half.cost_usd)


def _seconds(half: Half, condition: Condition) -> Floats:
    """Seconds of the attempt that was answered: a pass has to hold against these of the baseline. NaN out of the
    cache."""
    return np.where(half.cached, np.nan, times_of(half, condition.subject.partition("_p")[0]))


def _longest(half: Half, condition: Condition) -> Floats:
    """With what was waited for earlier attempts: a pass has to hold for these of the candidate."""
    return _seconds(half, condition) + waited_before(half, condition.subject.partition("_p")[0])


def cap_of(condition: Condition, side: Side, usd: Floats) -> float | None:
    """The most that one answer can cost, where the rule counts with it and it is known; `usd`: those that were seen."""
    if condition.kind != "cost" or condition.tail != "strict":
        return None
    return dearest_answer_usd(side.facts, side.model, float(usd.max()))


def _fewest(condition: Condition) -> int:
    """Items that a plan needs: of times five beyond the percentile."""
    if condition.kind != "latency":
        return FEWEST
    return max(FEWEST, fewest_answers(int(condition.subject.partition("_p")[2]) / 100))


def _too_few(condition: Condition, n: int, whole: int, n_cached: int) -> str:
    """Why `n` of the run's items, `whole` in all, are too few, and the way out. `n_cached`: pairs that came from the
    cache on a side that is timed."""
    fewest = _fewest(condition)
    if whole < fewest:
        there = f"the run has {numbers.plural(whole, 'item')}"
        there += f", of which {n:,} can be used" if n < whole else ""
        return f"{there}: too few to plan {rule_words(condition.kind, condition.subject)} by (at least {fewest})"
    what, why = "a known cost", "give the models prices (evalkit price)"
    if condition.kind == "latency":
        what, why = f"a measured {time_words(condition.subject.partition('_p')[0])}", "failed answers have none"
        if n_cached:
            why = "answers from the cache have none (--no-cache)"
    return (
        f"only {n:,} of the run's {whole:,} items have {what} of every answer of both models, too few to plan by (at "
        f"least {fewest}): {why}"
    )
