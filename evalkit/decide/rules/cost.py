"""The bill: what the candidate costs of what the baseline costs, or in US dollars.

    {cost: usd_per_1k_samples, max_ratio: 0.5}      # at most half of the baseline's bill
    {cost: usd_per_sample, max_usd: 0.002}          # of the candidate alone

Pairs without a figure because a request failed are read both ways (`lost_pairs`). An unknown price is never estimated.
A rule counts with the dearest answer that could have come as well, besides what it saw (`dearest_answer_usd`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.decide.reasons import GIVE_PRICE
from evalkit.decide.rules.base import Condition, GateRule, RuleContext, RuleResult, RuleWords, Unit, unmeasured
from evalkit.facts import RunFacts
from evalkit.facts.models import BandFacts
from evalkit.facts.tasks import NO_TEXT_MODES
from evalkit.stats.verdict import LimitDecision, Verdict
from evalkit.suite.extra_fields import other_limits, thinking_budget
from evalkit.suite.schema.parts import as_written
from evalkit.suite.schema.rules import Problem
from evalkit.text import numbers

if TYPE_CHECKING:
    from evalkit.results.pairs import Floats, Mask, Pairs


_ROUNDED = 1e-9
"""Bills are exact decimals, read as floats."""


class CostRule(GateRule):
    """A rule about cost."""

    kind: ClassVar[str] = "cost"
    limits: ClassVar[tuple[str, ...]] = ("max_ratio", "max_usd")
    compares: ClassVar[frozenset[str]] = frozenset({"max_ratio"})
    reads: ClassVar[frozenset[str]] = frozenset({"costs"})
    units: ClassVar[dict[str, Unit]] = {"max_ratio": "ratio", "max_usd": "usd"}

    cost: Literal["usd_per_sample", "usd_per_1k_samples", "usd_per_correct"]
    """usd_per_correct is shown with its interval and never decides: it needs required: false."""
    max_ratio: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """cost: candidate over baseline."""
    max_usd: Annotated[Decimal, as_written, Field(gt=0)] | None = None
    """cost: US dollars, of the candidate alone."""
    bills: Literal["checked", "stated"] | None = None
    """cost: count with at least what the texts of prompts and answers cost (checked, the default), or take cached
    tokens, counts and tiers as the server states them (stated)."""
    tail: Literal["strict", "smooth"] | None = None
    """cost: count with answers as dear as the output limit allows (strict, the default), or not (smooth)."""

    def problems(self, tasks: Collection[str], slices: Mapping[str, Collection[str]]) -> Iterator[Problem]:
        if self.cost == "usd_per_correct" and self.required:
            yield (
                ("cost",),
                "usd_per_correct has no test that could decide; write required: false to have it shown",
            )

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        found = _cost(condition, context.pairs, context.alpha, checked=self.bills != "stated")
        if found.unmeasured is not None and (lacking := " ".join(_lacking_counts(condition, context))):
            found = replace(found, unmeasured=f"{found.unmeasured.removesuffix(GIVE_PRICE)}{lacking}")
        return replace(found, notes=(*found.notes, *_recorded_bills(context)))

    @classmethod
    def describe(cls, result: RuleResult) -> RuleWords:
        words = super().describe(result)
        # Dollars for a right answer are shown as they are, beside the limit that the suite wrote.
        return replace(words, observed_unit="usd") if result.condition.subject == "usd_per_correct" else words


_COUNTS = ("input_tokens", "output_tokens")
"""What a price is multiplied by."""


def _lacking_counts(condition: Condition, context: RuleContext) -> Iterator[str]:
    """A sentence for each side that has a price, and whose answers of unknown cost lack a number of tokens. None where
    a side has no price: that is what is missing first."""
    import numpy as np

    from evalkit.store.table import floats, model_rows

    sides = (context.candidate, context.baseline if condition.limit == "max_ratio" else None)
    for side in sides:
        if side is None:
            continue
        told = side.facts.model_facts(side.model)
        table = model_rows(side.folder, side.model, also=_COUNTS)
        unknown = np.isnan(floats(table["cost_usd"])) & ~np.asarray(table["error_kind"].is_valid())
        if not unknown.any():
            continue
        if told.prices is None:
            return
        lacking = {name: int((unknown & np.isnan(floats(table[name]))).sum()) for name in _COUNTS}
        parts = [
            f"{n:,} of {len(table):,} answers {'has' if n == 1 else 'have'} no {name}"
            for name, n in lacking.items()
            if n
        ]
        if said := " and ".join(parts):
            way_out = (
                "Write the missing counts into its file of answers, and run the suite anew"
                if told.replayed
                else "Its price is known; its server stated no usage for them, and evalkit makes no count up"
            )
            yield f"of {side.label} {said}. {way_out}."


def _recorded_bills(context: RuleContext) -> Iterator[str]:
    """Of each side whose tokens and dollars stood in a file of answers."""
    for side in (context.candidate, context.baseline):
        if side is not None and side.facts.model_facts(side.model).replayed:
            yield f"tokens and dollars of {side.label} are what a file of answers says; evalkit metered nothing"


def _cost(condition: Condition, pairs: Pairs, alpha: float, *, checked: bool) -> RuleResult:
    """The bill: paired t against a ratio of the baseline's, or against an amount of dollars a sample. What the texts do
    not support of it (`checked`) counts for failing, not for passing."""
    import numpy as np

    from evalkit.decide.lost_pairs import filled, groups, limited, quotient, weights
    from evalkit.stats.ratios import cost_ratio

    base, cand = pairs.baseline, pairs.candidate
    own = condition.limit == "max_usd"
    lost = cand.errored if own else base.errored | cand.errored
    known = ~np.isnan(cand.cost_usd) & (own | ~np.isnan(base.cost_usd))
    n_unknown = int((~known & ~lost).sum())
    if n_unknown or not (known & ~lost).any():
        who = "either side" if not own else "the candidate"
        return unmeasured(
            condition,
            f"what {n_unknown or pairs.n:,} of {pairs.n:,} answers of {who} cost is unknown: {GIVE_PRICE}",
        )
    if condition.subject == "usd_per_correct":
        return _cost_per_correct(condition, pairs, known & ~lost)
    unit = 1000.0 if condition.subject == "usd_per_1k_samples" else 1.0
    there = known & ~lost
    spent, before = cand.cost_usd[there], base.cost_usd[there]
    against = np.full(len(spent), condition.at / unit) if own else before
    ratio = 1.0 if own else condition.at
    labels, heavy = groups(pairs, there, lost), weights(pairs, there, lost)
    cap = pairs.dearest_usd if condition.tail == "strict" else None

    def decide(first: Floats, second: Floats) -> LimitDecision:
        return cost_ratio(first, second, ratio, alpha, labels, cap, heavy)

    n_lost = int(lost.sum())
    full = np.fmax(spent, cand.supported_usd[there]) if checked else spent
    least = np.fmin(against, base.supported_usd[there]) if checked and not own else against
    low, high = (least.min(), against.max()), (spent.min(), full.max())
    again, theirs = (half.given_up[there] > 0 for half in (cand, base))
    beyond = pairs.dearest_usd if pairs.dearest_usd is not None or condition.tail == "strict" else high[1]
    worst, lowest = np.where(again, np.fmax(full, beyond or 0.0), full), np.where(theirs & ~own, 0.0, least)
    dear = decide(filled(lowest, n_lost, lowest.min()), filled(worst, n_lost, worst.max()))
    cheap = decide(filled(against, n_lost, low[1]), filled(spent, n_lost, high[0]))
    # Against an amount the ratio is to the limit itself; back into dollars.
    scale = condition.at if own else 1.0
    own_weights = None if pairs.weight is None else pairs.weight[there]
    now, then, most = (float(np.average(values, weights=own_weights)) for values in (spent, before, full))
    found = _unlimited(limited(condition, dear, cheap, n_lost, scale), int(again.sum()), beyond)
    doubts = [*_came_instead(int(again.sum()), 0 if own else int(theirs.sum()), beyond)]
    doubts += [*_stated(spent, full, cand.supported_usd[there], now * unit, most * unit)] if checked else []
    if n_cheaper := int((least < against * (1 - _ROUNDED)).sum()):
        cheaper = float(np.average(least, weights=own_weights))
        doubts.append(_of_another_load(n_cheaper, len(against), then * unit, cheaper * unit))
    return replace(
        found,
        notes=(*found.notes, *doubts),
        value=now * unit if own else quotient(now, then),
        baseline=None if own else then * unit,
        candidate=now * unit,
    )


def _unlimited(found: RuleResult, n_again: int, beyond: float | None) -> RuleResult:
    """No pass where answers came in the place of others, and nothing says how dear those could have been."""
    if not n_again or beyond is not None or found.verdict is not Verdict.PASS:
        return found
    why = (
        f"{numbers.plural(n_again, 'answer')} of the candidate came in the place of others that were not waited for, "
        "and without an output limit nobody knows what those would have cost: set max_output_tokens"
    )
    return replace(found, verdict=Verdict.INCONCLUSIVE, unmeasured=why)


def _came_instead(n_own: int, n_theirs: int, beyond: float | None) -> Iterator[str]:
    """How bills of answers count that came after evalkit had given up an earlier attempt: who asks until an answer is
    quick keeps the cheap ones."""
    told = []
    if n_own and beyond is not None:
        told.append(f"each of the candidate's {n_own:,} as dear as its output limit allows, ${beyond:.6g}")
    if n_theirs:
        told.append(f"each of the baseline's {n_theirs:,} as free")
    if told:
        yield f"bills of answers that came in the place of others: passing counts {' and '.join(told)}"


def _stated(spent: Floats, full: Floats, supported: Floats, now: float, most: float) -> Iterator[str]:
    """A sentence where the bills rest on the server's word alone. `now`, `most`: means as stated, and as supported."""
    import numpy as np

    n = int((full > spent * (1 + _ROUNDED)).sum())
    if n:
        yield (
            f"{n:,} of {len(spent):,} bills are lower than their texts support: more cached tokens than earlier "
            "prompts of this run explain, fewer tokens than words, another tier, or the server's own total. Passing "
            f"counts with full prices, ${most:.6g} instead of ${now:.6g} (bills: stated "
            "in the rule takes them as they are)"
        )
    elif len(spent) and np.isnan(supported).all() and spent.any():
        yield "no price is known here that the bills could be held against: they are the server's own word"


def _of_another_load(n: int, of: int, stated: float, cheaper: float) -> str:
    return (
        f"{n:,} of the baseline's {of:,} bills come from the response cache and have fewer cached tokens than the "
        "prompts of this run share: they may have been asked at another load. Passing counts them with these cached, "
        f"${cheaper:.6g} instead of ${stated:.6g} (--no-cache asks anew; bills: stated in the rule takes them as they "
        "are)"
    )


def _cost_per_correct(condition: Condition, pairs: Pairs, rows: Mask) -> RuleResult:
    """Dollars for each right answer: shown with an interval that minds clusters, repeats and weights; no verdict."""
    import numpy as np

    from evalkit.decide.lost_pairs import groups
    from evalkit.stats.traffic import Design, weighted_ratio

    sides = []
    for half in (pairs.baseline, pairs.candidate):
        marked = rows & ~np.isnan(half.score)
        n = int(marked.sum())
        heavy = np.ones(n) if pairs.weight is None else pairs.weight[marked]
        design = Design.of(n, heavy, clusters=groups(pairs, marked, np.zeros_like(marked)))
        sides.append(weighted_ratio(half.cost_usd[marked], half.score[marked], design) if n else None)
    before, after = sides
    return RuleResult(
        condition,
        Verdict.INCONCLUSIVE,
        value=after.value if after else None,
        low=after.low if after else None,
        high=after.high if after else None,
        baseline=before.value if before else None,
        candidate=after.value if after else None,
        n=int(rows.sum()),
        method="tilted interval of a ratio of means, by cluster or item; shown, not tested",
    )


def dearest_answer_usd(facts: RunFacts, model: str, dearest_seen: float) -> float | None:
    """US dollars, the most that one answer of a model can cost; None where a task sets no output limit for it, or the
    output has no known price.

    An answer that runs away stops at its output limit. Limit times price, on top of the dearest answer that was seen
    (whose input was paid for too), is therefore an upper bound.
    """
    limits = list(_output_limits(facts, model))
    prices = facts.model_facts(model).prices
    price = _dearest_output_price(prices.usd_per_mtok) if prices is not None else None
    if not limits or price is None or not math.isfinite(dearest_seen):
        return None
    known = [limit for limit in limits if limit is not None]
    return dearest_seen + max(known) * price / 1e6 if len(known) == len(limits) else None


def _output_limits(facts: RunFacts, model: str) -> Iterator[int | None]:
    """The limit of output tokens in each task; a task's own setting wins over the model's. None: there is none."""
    entry = facts.suite_resolved.models.get(model) if facts.suite_resolved is not None else None
    own = entry.max_output_tokens if entry is not None else None
    of_model = entry.settings if entry is not None else {}
    for task in (facts.tasks or {}).values():
        if task.identity.mode in NO_TEXT_MODES:
            yield 1
            continue
        limit = task.identity.max_output_tokens
        limit = own if limit is None else limit
        of_task = task.identity.root.get("settings")
        sent = (of_model, of_task if isinstance(of_task, dict) else {})
        extras = [settings["extra"] for settings in sent if isinstance(settings.get("extra"), dict)]
        unlimited = any(other_limits(extra) for extra in extras if isinstance(extra, dict))  # another limit is sent too
        thought = max((thinking_budget(extra) or 0 for extra in extras if isinstance(extra, dict)), default=0)
        yield limit + thought if limit is not None and limit > 0 and not unlimited else None


def _dearest_output_price(bands: Sequence[BandFacts]) -> float | None:
    """US dollars for a million tokens, the dearest band and kind; None where any band has none."""
    if not bands or any(band.output is None or band.output < 0 for band in bands):
        return None
    return max(float(max(band.output or 0, band.reasoning or 0)) for band in bands)
