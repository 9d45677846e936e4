"""Which history a gate by a protected suite believes: promoted baselines that the suite names, and nothing else.

    gate:
      history: [baseline@gpt-2026-05, baseline@gpt-2026-09]      # of the protected suite

What a pull request may write (runs in the results, its own suite) could be chosen so that the order which follows from
it lets a candidate pass. So a protected gate takes history by the digests that people promoted, computes it anew from
those rows, and refuses a run that was looked at with any other.

A gate that stopped early is walked again with the history that it was asked with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide import early_stopping
from evalkit.decide.decision import HistoryUse
from evalkit.decide.gate_trust import PROMOTED, GateTrust
from evalkit.decide.known_items import history_use
from evalkit.decide.sequential_test import RuleTest
from evalkit.errors import UserError
from evalkit.facts import HistoryFacts, StopFacts
from evalkit.results import Side, read_facts
from evalkit.results.older_models import filled, scores_of
from evalkit.results.pairs import NotComparable, Pairs
from evalkit.store import baselines
from evalkit.store.history import FrozenHistory, freeze, frozen_of
from evalkit.suite.schema import GateEntry

if TYPE_CHECKING:
    import pyarrow as pa


_AGAIN = (
    "Run the suite of the protected branch again (what was answered comes from the cache and costs nothing), or "
    "without --gate for all items."
)


def refuse_other_history(gate: GateEntry, folder: Path, trusted: GateTrust) -> None:
    """Raises NotComparable where the run was looked at with another history than the protected gate names, UserError
    where what it names cannot be trusted or is not here."""
    facts = read_facts(folder)
    if facts.stopped_early is None:
        return  # nobody looked before the end: every item is there
    told, frozen = facts.history, frozen_of(folder, facts)
    if isinstance(gate.history, str):
        if frozen is not None:
            auto = "`history: auto` takes what lies in the results, which a pull request may write, so " * (
                gate.history == "auto"
            )
            raise NotComparable(
                f"{folder.name} was looked at with a history of {len(frozen.older):,} older models, and {auto}the "
                f"protected gate believes none. Name promoted ones there (`history: [baseline@NAME, ...]`). {_AGAIN}"
            )
        return
    _hold(gate, gate.history, told, frozen, folder, trusted)


def _hold(
    gate: GateEntry,
    names: tuple[str, ...],
    told: HistoryFacts | None,
    frozen: FrozenHistory | None,
    folder: Path,
    trusted: GateTrust,
) -> None:
    runs = [name for name in names if not name.startswith(PROMOTED)]
    if runs:
        raise UserError(
            f"the protected gate's history names {', '.join(runs)}, and whoever may write the results can change a "
            "run. Promote it, and write `history: [baseline@NAME, ...]`."
        )
    if not trusted.baselines_named:
        raise UserError(
            f"the protected gate's history names {names[0]}, and {trusted.baselines} of the working directory may be "
            "what a pull request wrote there. Name the folder that you trust: --baselines DIR, or EVALKIT_BASELINES."
        )
    found = {name: baselines.find(name.removeprefix(PROMOTED), trusted.baselines, trusted.results) for name in names}
    each = [found[name] for name in names]
    wanted = Counter((one.folder.resolve().name, one.model, one.baseline.rows_digest) for one in each)
    had = Counter((one.run, one.model, one.rows_digest) for one in told.models) if told is not None else Counter()
    # The order of the items follows from each of them: one that is named twice, or before another, draws another.
    if had != wanted or told is None or told.asked != names:
        raise NotComparable(
            f"{folder.name} was looked at with another history than the protected gate names ({', '.join(names)}): "
            f"{_listed(had) or 'none'}. {_AGAIN}"
        )
    if frozen is None:
        return  # all of them were left out, and the order is the suite's own
    rows = {one.baseline.rows_digest: one.rows for one in found.values()}
    if _anew(gate, told, frozen, rows, trusted).content != frozen.content:
        raise NotComparable(f"history.json of {folder.name} does not hold what the promoted baselines scored. {_AGAIN}")


def _anew(
    gate: GateEntry, told: HistoryFacts, frozen: FrozenHistory, rows: Mapping[str, pa.Table], trusted: GateTrust
) -> FrozenHistory:
    """The history as the promoted rows give it, for the items and slices that were frozen."""
    places = {item: n for n, item in enumerate(frozen.items)}
    scores = {one.rows_digest: scores_of(rows[one.rows_digest], places) for one in told.models}
    older = [filled(scores[one.rows_digest]) for one in told.models if one.left_out is None and not one.is_baseline]
    apart = [scores[one.rows_digest] for one in told.models if one.left_out is not None]
    named = [filled(one) for one in apart if not np.isnan(one).all()]
    base = next((filled(scores[one.rows_digest]) for one in told.models if one.is_baseline), None)
    exact = gate.baseline is not None and gate.baseline.startswith(PROMOTED)
    if exact and gate.baseline is not None:
        name = gate.baseline.removeprefix(PROMOTED)
        base = scores_of(baselines.find(name, trusted.baselines, trusted.results).rows, places)
    if base is None:
        raise NotComparable(f"the run's history holds answers of the baseline that nobody promoted. {_AGAIN}")
    whole = np.array(older).reshape(-1, len(places))
    return freeze(frozen.items, base, whole, exact=exact, named=named, slices=frozen.slices)


def _listed(had: Mapping[tuple[str, str, str], int]) -> str:
    return ", ".join(f"{model} of {run}" for run, model, _ in sorted(had)[:6])


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
