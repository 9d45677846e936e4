"""Which limits of a gate can be planned from an earlier run, and what each of them takes.

for condition in conditions(rule):
    if can_be_planned(rule, condition):
        mixes_of_rule(folder, "gpt", "mine", rule, condition, alpha=0.05)      # decide.mixes.CheapestMixes
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from evalkit.decide.earlier_amounts import EarlierAmounts
from evalkit.decide.earlier_run import Earlier
from evalkit.decide.mixes import CheapestMixes, Limits, cheapest_mixes, cheapest_mixes_of_limit
from evalkit.decide.rules import Condition
from evalkit.errors import UserError
from evalkit.stats.sample_size import DRAWS, WantedPower
from evalkit.suite.schema import RuleEntry


@dataclass(frozen=True, slots=True)
class Wanted:
    """How surely a rule is to pass, and for which candidate."""

    power: float = 0.8
    supposed: float | None = None
    """What is true of the candidate, in the unit of the limit: a difference of scores (None: 0), a ratio, dollars or
    seconds (None: as in the earlier run)."""
    limits: Limits = field(default_factory=Limits)
    draws: int = DRAWS


def can_be_planned(rule: RuleEntry, condition: Condition) -> bool:
    """Whether items and repeats decide it: a margin about items like these, a bill, a time. Not where people's labels
    do, nor about exactly these items."""
    if condition.kind in {"cost", "latency"}:
        return condition.subject != "usd_per_correct"
    by_labels = getattr(rule, "labels", None) is not None
    return condition.is_margin and condition.scope == "population" and not by_labels


def mixes_of_rule(
    folder: Path,
    baseline: str,
    candidate: str,
    rule: RuleEntry,
    condition: Condition,
    *,
    alpha: float,
    wanted: Wanted | None = None,
) -> CheapestMixes:
    """The cheapest mixes for one limit. Raises UserError for a limit that cannot be planned, and as `Earlier.of`."""
    want = wanted or Wanted()
    if condition.kind in {"cost", "latency"}:
        stated = getattr(rule, "bills", None) == "stated"
        amounts = EarlierAmounts.of(folder, baseline, candidate, condition, stated=stated)
        question = amounts.question(alpha, want.power, want.supposed)
        return cheapest_mixes_of_limit(amounts, question, want.limits, draws=want.draws)
    if not can_be_planned(rule, condition):
        raise UserError(
            f"{condition.words} cannot be planned: items and repeats decide a margin of scores (without labels, scope: "
            "population), a cost and a latency"
        )
    scores = Earlier.of(folder, baseline, candidate, condition.subject)
    power = WantedPower(condition.at, alpha, want.power, want.supposed or 0.0, condition.tail)
    return cheapest_mixes(scores, power, want.limits, draws=want.draws)
