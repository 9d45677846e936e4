"""How many items, asked how often, until all rules of a gate pass together? From what an earlier run stored.

    found = plan_together(folder, "gpt", "mine", limits, alpha=0.05, wanted=Wanted())
    found.best.mix.items, found.best.mix.passes       # 510, .80: so often do all of them pass
    found.each                                        # (("quality of all tasks (margin 0.05)", .88), ...): each alone

A gate passes only where every required rule does. Scores, bills and times come from the same answers of the same items,
so that what they have in common counts. Of margins of scores the supposed difference is true; bills and times are as in
the earlier run; floors and rates come as these items give them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from evalkit.decide.earlier_amounts import amounts_of, cap_of, known_of, question_of
from evalkit.decide.earlier_run import FEWEST, prices_of, together_of, whole_items
from evalkit.decide.mixes import REPEATS, CheapestMixes, MixBill, PricedMix, searched
from evalkit.decide.planning import Wanted
from evalkit.decide.rules import Condition
from evalkit.decide.rules.quality import rows_of
from evalkit.errors import NotPlanned
from evalkit.results.pairing import pair
from evalkit.results.pairs import Floats, Mask, Pairs
from evalkit.results.side import Side
from evalkit.stats.joint_power import JointRule, JointTrials, WantedFloor
from evalkit.stats.planned_limits import StoredAmounts
from evalkit.stats.resampling import StoredPair
from evalkit.stats.sample_size import Mix, WantedPower, fewest_items
from evalkit.store import table as stored
from evalkit.suite.schema import RuleEntry


@dataclass(frozen=True, slots=True)
class AllRules:
    """What all rules take together."""

    power: float
    """Wanted chance that all pass."""
    best: PricedMix | None
    """The cheapest mix. None: no number of items would do."""
    each: tuple[tuple[str, float], ...]
    """Each rule in words, and how often it passes with the best mix; empty without one."""
    of_most: tuple[int, float] | None
    """Items that the most demanding rule takes by itself, at as many answers an item, and how often all rules pass with
    them. None: not known."""
    left_out: tuple[str, ...]
    """Rules that are not counted, in words: what decides them is not in the stored answers."""
    why_none: str | None = None
    """Why there is no mix, as a sentence; None: there is one."""

    def as_json(self) -> dict[str, object]:
        """Plain values; null is not known."""
        best = self.best
        return {
            "power": self.power,
            "mix": None if best is None else asdict(best.mix),
            "usd": None if best is None else best.usd,
            "minutes": None if best is None else best.minutes,
            "each_passes": dict(self.each),
            "items_of_the_most_demanding_rule": None if self.of_most is None else self.of_most[0],
            "passes_with_those": None if self.of_most is None else self.of_most[1],
            "left_out": list(self.left_out),
            "why_none": self.why_none,
        }


Limit = tuple[RuleEntry, Condition]


def plan_together(
    folder: Path,
    baseline: str,
    candidate: str,
    limits: Sequence[Limit],
    alone: Iterable[CheapestMixes],
    *,
    alpha: float,
    wanted: Wanted | None = None,
) -> AllRules | None:
    """All these limits of one gate; None where fewer than two of them can be counted together. `alone`: what each of
    them takes by itself. `wanted.supposed`: the true difference of scores.

    Raises StoreError and NotComparable where the run cannot be read or the two do not pair.
    """
    want = wanted or Wanted()
    counted = [(rule, one) for rule, one in limits if _is_stored(rule, one)]
    left_out = tuple(one.words for rule, one in limits if one.value is not None and not _is_stored(rule, one))
    if len(counted) < 2:
        return None
    question = WantedPower(0.0, alpha, want.power)
    try:
        rules, bill, most = _read(folder, (baseline, candidate), counted, want, alpha)
    except NotPlanned as error:
        return AllRules(want.power, None, (), None, left_out, str(error))
    repeats = tuple(k for k in want.limits.repeats or REPEATS if k <= most) or (most,)
    trials = {k: JointTrials.of(rules, k) for k in repeats}

    def found_by(_: tuple[str, ...], k: int, seed: int, draws: int, start: int) -> Mix | None:
        made = trials[k]
        return None if made is None else fewest_items(made, None, question, k, seed=seed, draws=draws, start=start)

    mixes, _ = searched([((), k) for k in repeats], found_by, bill, want.draws, 0)
    if not mixes:
        return AllRules(want.power, None, (), None, left_out, _why_none(rules, trials))
    best = mixes[0]
    made, k = trials[best.mix.repeats], best.mix.repeats
    assert made is not None
    shares = made.shares(best.mix.items, want.draws)
    single = [{one.mix.repeats: one.mix.items for one in found.mixes if not one.history} for found in alone]
    needed = [by[k] for by in single if k in by]
    of_most = None
    if needed and len(needed) == len(single):
        of_most = (max(needed), made.shares(max(needed), want.draws, seed=1)[-1])
    words = [one.words for _, one in counted]
    return AllRules(want.power, best, tuple(zip(words, shares, strict=False)), of_most, left_out)


def _why_none(rules: Sequence[JointRule], trials: Mapping[int, JointTrials | None]) -> str:
    beyond = [rule.words for rule in rules if rule.beyond_limit]
    if beyond:
        return f"of {', '.join(beyond)} the earlier run's figure lies at the limit or beyond it, where nothing passes"
    if not any(trials.values()):
        return (
            "no weights of these items make all that is supposed true of them at once, with every floor and rate "
            "inside its limit"
        )
    return "the truth that is supposed lies so near a limit that no number of items that is drawn is enough"


def _is_stored(rule: RuleEntry, condition: Condition) -> bool:
    """Whether stored answers of items like these decide it."""
    if condition.kind in {"cost", "latency"}:
        return condition.subject != "usd_per_correct"
    if condition.kind == "rate":
        return condition.subject != "errored"  # items with a failed answer are left out: their share is not known
    about_scores = condition.kind == "quality" and condition.part is None and condition.scope == "population"
    return about_scores and getattr(rule, "labels", None) is None


def _read(
    folder: Path, names: tuple[str, str], limits: Sequence[Limit], want: Wanted, alpha: float
) -> tuple[list[JointRule], MixBill, int]:
    """The rules with the stored answers of the items that have every figure, what these cost, and how many answers of
    each there are."""
    sides = (Side.of(folder, names[0]), Side.of(folder, names[1]))
    tables = [stored.model_rows(folder, side.model) for side in sides]
    pairs = pair(*tables)
    billed = pairs
    if any(one.kind == "cost" and not _stated(rule) for rule, one in limits):
        from evalkit.decide.supported_bills import with_supported

        billed = pair(tables[0], with_supported(sides[1], tables[1]))
    columns = [_columns(billed if one.kind == "cost" and not _stated(rule) else pairs, one) for rule, one in limits]
    there = np.ones(pairs.n, dtype=bool)
    for _, known, rows in columns:
        there &= known | ~rows
    items, whole = whole_items(pairs, np.ones(pairs.n, dtype=bool), there)
    if len(items) < FEWEST:
        raise NotPlanned(
            f"only {len(items):,} of the run's {whole:,} items have every figure that the rules read: too few to plan "
            f"them together (at least {FEWEST})"
        )
    together = together_of(pairs, items)
    rules = []
    for (_, one), (values, _, rows) in zip(limits, columns, strict=True):
        before, after = (np.asarray(side[items], dtype=np.float64) for side in values)
        about = rows[items[:, 0]]
        made = _joint_rule(one, (before, after), together, alpha, want)
        if one.kind == "cost":
            assert not isinstance(made.question, WantedPower | WantedFloor)
            made = replace(made, question=replace(made.question, cap=cap_of(one, sides[1], after)))
        rules.append(made if about.all() else replace(made, about=about))
    bill = MixBill(prices_of(folder, sides, pairs, np.ones(pairs.n, dtype=bool), items), len(items), want.limits)
    return rules, bill, items.shape[1]


def _stated(rule: RuleEntry) -> bool:
    return getattr(rule, "bills", None) == "stated"


Columns = tuple[tuple[Floats, Floats], Mask, Mask]
"""The figures of both sides by row, whether a row has them, and whether the rule is about it."""


def _columns(pairs: Pairs, condition: Condition) -> Columns:
    base, cand = pairs.baseline, pairs.candidate
    every = np.ones(pairs.n, dtype=bool)
    if condition.kind == "rate":
        own = condition.limit == "max_rate"
        sides = tuple(1 - side.is_outcome(condition.subject).astype(np.float64) for side in (base, cand))
        return (sides[0], sides[1]), ~cand.errored & (own | ~base.errored), every
    if condition.kind == "quality":
        rows = rows_of(pairs, condition.subject)
        own = condition.limit == "min"
        return (base.score, cand.score), ~np.isnan(cand.score) & (own | ~np.isnan(base.score)), rows
    before, after = amounts_of(pairs, condition)
    return (before, after), known_of((before, after), condition), every


def _joint_rule(
    condition: Condition,
    sides: tuple[Floats, Floats],
    together: tuple[np.ndarray | None, Floats | None],
    alpha: float,
    want: Wanted,
) -> JointRule:
    before, after = sides
    words, at = condition.words, condition.value or 0.0
    if condition.kind in {"cost", "latency"}:
        own = condition.limit in {"max_usd", "max_s"}
        amounts = StoredAmounts(after, None if own else before, *together)
        return JointRule(words, amounts, question_of(condition, alpha, want.power))
    if condition.limit in {"min", "max_rate"}:
        least = at if condition.limit == "min" else 1 - at
        return JointRule(words, StoredPair(after, after, *together), WantedFloor(least, alpha, condition.tail))
    margin = WantedPower(at, alpha, want.power, tail=condition.tail)
    supposed = None if condition.kind == "rate" else want.supposed or 0.0
    return JointRule(words, StoredPair(before, after, *together), margin, difference=supposed)
