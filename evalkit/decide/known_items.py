"""What a frozen history says of the items of a rule, in the order in which a gate asks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from evalkit.decide.decision import HistoryUse
from evalkit.decide.sequential_test import belongs
from evalkit.facts import HistoryFacts
from evalkit.results.pairs import Pairs
from evalkit.stats.assisted_looks import KnownItems
from evalkit.stats.history import predictors
from evalkit.store.history import FrozenHistory
from evalkit.suite.digests import shuffled_place


def known_items(frozen: FrozenHistory, subjects: Iterable[str]) -> Mapping[str, KnownItems]:
    """By subject of a quality rule: predictions for its items, from its items alone. Subjects of which the history does
    not know the items, or that have none, are left out."""
    placed = sorted((shuffled_place(frozen.seed, *item), *item, n) for n, item in enumerate(frozen.items))
    found = {}
    for subject in subjects:
        about = [n for *_, n in placed if _is_about(frozen, subject, n)]
        if about:
            rows = np.array(about, dtype=np.int64)
            base = frozen.baseline[rows]
            whole = ~np.isnan(base)
            filled = np.where(whole, base, base[whole].mean() if whole.any() else 0.5)
            found[subject] = KnownItems(predictors(filled, frozen.older[:, rows]), base if frozen.exact else None)
    return found


def _is_about(frozen: FrozenHistory, subject: str, place: int) -> bool:
    if "/" in subject:
        return place in frozen.slices.get(subject, ())
    return belongs(subject, frozen.items[place][0], {})


def history_use(frozen: FrozenHistory, told: HistoryFacts, pairs: Pairs) -> HistoryUse:
    """What a decision about these pairs rests on, and the older model that scored most like the candidate."""
    used = [f"{m.model} of {m.run}" for m in told.models if m.left_out is None and not m.is_baseline]
    closest = _closest(frozen, pairs)
    return HistoryUse(
        digest=frozen.digest,
        frozen_at=told.frozen_at,
        older=tuple(used),
        left_out=tuple(f"{m.model} of {m.run}: {m.left_out}" for m in told.models if m.left_out is not None),
        expected_ratio=told.ratio,
        closest=used[closest[0]] if closest is not None and closest[0] < len(used) else None,
        agreement=closest[1] if closest is not None else None,
    )


def _closest(frozen: FrozenHistory, pairs: Pairs) -> tuple[int, float] | None:
    """(place of the older model, share of the candidate's scored items with the very same score)."""
    places = {item: n for n, item in enumerate(frozen.items)}
    rows = [n for n in np.flatnonzero(~np.isnan(pairs.candidate.score)).tolist() if pairs.key(n)[:3] in places]
    if not rows or not len(frozen.older):
        return None
    at = np.array([places[pairs.key(n)[:3]] for n in rows], dtype=np.int64)
    alike = (frozen.older[:, at] == pairs.candidate.score[rows]).mean(axis=1)
    return int(alike.argmax()), float(alike.max())
