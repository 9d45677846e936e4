"""Items that changed sides: right with the baseline and wrong with the candidate, and the other way round.

An item is *right* where its score, over its repeats, is at least one half, so that graded scores have flips too. It
flips when it is right with one model and not with the other. Two graded scores on the same side of one half differ
without a flip, and an item without a score on some side never flips. The gate, `compare`, the board and reports all
use this rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evalkit.frozen import dataclass
from evalkit.results.pairs import Codes, Floats, Pairs
from evalkit.store import queries
from evalkit.store.transcript import transcript

RIGHT = 0.5
"""The least score that counts as right."""
_SAME = 1e-9
"""Two means of the same scores may differ so far."""
Key = tuple[str, str, int, int]
"""(task, sample_digest, occurrence, repeat)"""


def flipped(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which items went right → wrong, and which wrong → right. Scores may be NaN: no score, no flip."""
    return (before >= RIGHT) & (after < RIGHT), (before < RIGHT) & (after >= RIGHT)


@dataclass(frozen=True, slots=True)
class Flips:
    """How many items changed sides, and the first of them by name (their first repeat)."""

    n_lost: int
    """Right → wrong."""
    n_won: int
    """Wrong → right."""
    n_lower: int
    """Items that scored lower without changing sides: graded scores, parts of several scorers, repeats."""
    n_higher: int
    lost: tuple[Key, ...]
    won: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """One item with both answers. Texts are as the models wrote them: hostile until shown through `visible`."""

    task: str
    sample_digest: str
    sample_id: str
    """The suite's own name of the item; the beginning of its digest where the row does not say."""
    lost: bool
    prompt: str
    target: str | None
    baseline: str | None
    candidate: str | None


def count_flips(pairs: Pairs, rows: np.ndarray | None = None, most: int = 20) -> Flips:
    """The flips among these rows (None: all), by place in the baseline's rows; at most `most` of each are named."""
    walked = np.arange(pairs.n) if rows is None else np.sort(rows)
    _, first, place = np.unique(pairs.item[walked], return_index=True, return_inverse=True)
    before, after = (mean_scores(half.score[walked], place) for half in (pairs.baseline, pairs.candidate))
    turned = flipped(before, after)
    lost, won = (np.sort(walked[first[mask]]) for mask in turned)
    stayed = ~(turned[0] | turned[1])
    return Flips(
        len(lost),
        len(won),
        int((stayed & (after < before - _SAME)).sum()),
        int((stayed & (after > before + _SAME)).sum()),
        tuple(pairs.key(int(row)) for row in lost[:most]),
        tuple(pairs.key(int(row)) for row in won[:most]),
    )


def mean_scores(scores: Floats, item: Codes) -> Floats:
    """Mean score of each item over its repeats; NaN where any of them has none."""
    totals = np.bincount(item, weights=scores)
    return np.asarray(totals / np.bincount(item))


def read_flips(flips: Flips, baseline: tuple[Path, str], candidate: tuple[Path, str], most: int) -> list[Flip]:
    """The named flips with what both models said, those lost first. Each side is (run folder, model)."""
    keys = [*flips.lost[:most], *flips.won[:most]]
    before, after = (
        queries.texts_of(folder, [(model, *key) for key in keys]) for folder, model in (baseline, candidate)
    )
    found = []
    for n, key in enumerate(keys):
        ours: Mapping[str, Any] = before.get((baseline[1], *key), {})
        theirs: Mapping[str, Any] = after.get((candidate[1], *key), {})
        prompt = ours.get("prompt") or theirs.get("prompt") or ()
        found.append(
            Flip(
                task=key[0],
                sample_digest=key[1],
                sample_id=ours.get("sample_id") or theirs.get("sample_id") or key[1][:12],
                lost=n < len(flips.lost[:most]),
                prompt=prompt[-1].text if prompt else "",
                target=ours.get("target") or theirs.get("target"),
                baseline=transcript(ours.get("text"), ours.get("calls")),
                candidate=transcript(theirs.get("text"), theirs.get("calls")),
            )
        )
    return found
