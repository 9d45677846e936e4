"""Walking a stored run again with the history that it was asked with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide import early_stopping
from evalkit.decide.decision import HistoryUse
from evalkit.decide.known_items import history_use
from evalkit.decide.sequential_test import RuleTest
from evalkit.facts import StopFacts
from evalkit.results import Side
from evalkit.results.older_models import scores_of
from evalkit.results.pairs import NotComparable, Pairs
from evalkit.store.history import FrozenHistory, frozen_of
from evalkit.suite.schema import GateEntry

if TYPE_CHECKING:
    import pyarrow as pa


def frozen_for(side: Side, base_rows: pa.Table) -> FrozenHistory | None:
    """The history of a run; None without. Raises NotComparable where the baseline has other scores than were frozen."""
    frozen = frozen_of(side.folder, side.facts)
    if frozen is None or not frozen.exact:
        return frozen
    now = scores_of(base_rows, {item: n for n, item in enumerate(frozen.items)})
    if not np.array_equal(now, frozen.baseline, equal_nan=True):
        raise NotComparable(
            f"the baseline of {side.folder.name} has other scores than when the run was asked: it was promoted anew or "
            "marked again since. Run the suite again: what was answered comes from the cache."
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
