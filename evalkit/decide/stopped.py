"""A candidate whose run was stopped early, or looked at until its last item: the same walk over the stored rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide import early_stopping
from evalkit.decide.decision import INCOMPLETE, CandidateDecision, HistoryUse, Saved
from evalkit.decide.known_items import history_use
from evalkit.decide.rules import Condition, RuleResult, conditions
from evalkit.decide.sequential_test import RuleTest, SequentialTest, reasons_against
from evalkit.errors import NotComparable, StoreError
from evalkit.facts import StopFacts, StoppedCandidate
from evalkit.results import Side, completeness
from evalkit.results.comparable import refuse_copies, refuse_same_answers
from evalkit.results.flips import count_flips
from evalkit.results.older_models import whole_scores_of
from evalkit.results.pairing import common_rows, pair
from evalkit.results.pairs import Floats, Pairs
from evalkit.stats.verdict import Verdict
from evalkit.store.history import FrozenHistory, frozen_of
from evalkit.suite.schema import GateEntry

if TYPE_CHECKING:
    import pyarrow as pa


def stopped_early(side: Side) -> StoppedCandidate | None:
    """How this candidate was stopped early; None when it ran to the end."""
    found, at = side.facts.stopped(side.model), side.facts.stopped_early
    if found is not None and at is not None and at.counts is None:
        raise StoreError(
            f"{side.folder / 'run.json'} says that the run was stopped early, but not how. Run the suite again: what "
            "was answered comes from the cache.",
            side.folder,
        )
    return found


def looked_at(side: Side) -> StopFacts | None:
    """How this candidate was looked at up to its last item; None when it was not, or stopped before."""
    told = side.facts.stopped_early
    return told if told is not None and side.model in told.walked else None


def replayed(
    gate: GateEntry,
    base: Side,
    base_rows: pa.Table,
    side: Side,
    rows: pa.Table,
    stopped: StoppedCandidate,
    compared: tuple[str, ...],
    notes: tuple[str, ...],
) -> CandidateDecision:
    """The decision on a run that was stopped early: the same walk over the stored rows, and the same verdict."""
    pairs = pair(*common_rows(base_rows, rows))
    for of in (base, side):
        completeness.refuse_other_repeats(of, pairs)
    refuse_copies(base, side, pairs)
    refuse_same_answers(base, side, pairs)
    told = side.facts.stopped_early
    assert told is not None  # `stopped_early` found it there
    order = early_stopping.in_order(pairs, told.seed)
    frozen = frozen_for(side, base_rows)
    rules = early_stopping.replay(gate, pairs, order, stopped, told, frozen, side.repeats)
    against = reasons_against(
        gate,
        repeats=side.repeats,
        clustered=pairs.clustered,
        critical=bool(pairs.critical.any()),
        weighted=pairs.weight is not None,
        history=frozen is not None,
    )
    race = SequentialTest(rules or (), passes_early=not against and not told.needs_all)
    if rules is None or race.verdict is None:
        at = f"{side.folder.name} was stopped early, at {stopped.n_used:,} of {stopped.n_items:,} items"
        because = "because another gate was settled (or items have gone or were scored otherwise since)"
        if stopped.verdict == "fail" and any(rule.failed_before for rule in rules or ()):
            n_rules = sum(c.required for rule in gate.rules for c in conditions(rule))
            because = (
                "by an evalkit that tested each rule of a whole suite at alpha. Each is tested at alpha / "
                f"{n_rules} now, since there are {n_rules} that could fail by chance, and so few items do not show it"
            )
        again = "Run the suite without --gate for all of them: what was answered comes from the cache."
        why = f"{at}, {because}. {again}"
        return CandidateDecision(side.model, INCOMPLETE, incomplete=(why,), compared=compared)
    seen = order[: stopped.n_used * side.repeats]
    walked = pairs.only(seen)
    settled = {rule.condition: rule for rule in rules}
    found = []
    for condition in (c for rule in gate.rules for c in conditions(rule)):
        if condition in settled:
            found.append(settled[condition].finding())
        else:
            found.append(_not_needed(condition))
    cost = walked.candidate.cost_usd
    n_left = max(0, stopped.n_items - math.ceil(rows.num_rows / side.repeats))
    return CandidateDecision(
        side.model,
        race.verdict.value,
        findings=tuple(found),
        n_pairs=walked.n,
        n_errored=int((~walked.scored).sum()),
        flips=count_flips(pairs, seen),
        compared=compared,
        saved=Saved(stopped.n_used, stopped.n_items - n_left, stopped.n_items, _saved_usd(n_left * side.repeats, cost)),
        history=use_of(side, frozen, pairs),
        notes=(*notes, "stopped early: no interval is shown, since one for a fixed number of items would not hold"),
    )


def _not_needed(condition: Condition) -> RuleResult:
    return RuleResult(condition, Verdict.INCONCLUSIVE, notes=("not needed: the verdict was settled before",))


def _saved_usd(n_left: int, cost: Floats) -> float | None:
    """What the candidate's answers that were not asked for would have cost, at the mean of those that were."""
    return n_left * float(cost.mean()) if len(cost) and not np.isnan(cost).any() else None


def frozen_for(side: Side, base_rows: pa.Table) -> FrozenHistory | None:
    """The history of a run; None without. Raises NotComparable where the baseline has other scores than were frozen."""
    frozen = frozen_of(side.folder, side.facts)
    if frozen is None or not frozen.exact:
        return frozen
    now = whole_scores_of(base_rows, {item: n for n, item in enumerate(frozen.items)})
    if not np.array_equal(now, frozen.baseline, equal_nan=True):
        raise NotComparable(
            f"the baseline of {side.folder.name} has other scores than when the run was asked: it was promoted anew or "
            "scored again since. Run the suite again: what was answered comes from the cache."
        )
    return frozen


def walked_with(
    gate: GateEntry, side: Side, base_rows: pa.Table, pairs: Pairs, told: StopFacts
) -> tuple[list[RuleTest] | None, HistoryUse | None]:
    """The rules after the whole walk, where its last bound depends on what was seen on the way (None: it does not), and
    the history. Raises as `frozen_for`."""
    frozen = frozen_for(side, base_rows)
    if frozen is None and gate.early_stop != "strict":
        return None, None
    order = early_stopping.in_order(pairs, told.seed)
    rules = early_stopping.walk(gate, pairs, order, told, frozen)
    # A gate whose rules the history does not know was not walked with it: the plain last look holds its findings.
    return rules or None, use_of(side, frozen, pairs)


def use_of(side: Side, frozen: FrozenHistory | None, pairs: Pairs) -> HistoryUse | None:
    """What the decision says of its history; None without."""
    told = side.facts.history
    return None if frozen is None or told is None else history_use(frozen, told, pairs)
