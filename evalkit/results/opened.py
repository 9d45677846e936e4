"""The samples that a page without a server opens: on which models fell furthest below one of them, and some others.

found = opened(store, "run-1", "gpt")      # found.samples, found.n_worse of found.n
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from evalkit.results.items import ItemRow, RowTexts, SampleItem, answers_to, items_at, place_of, texts
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import floats

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evalkit.store.score_table import ScoreTable

WORST, OTHERS = 20, 10
"""Samples that are opened of each kind, at most."""
_SEED = 0
"""The others are drawn, and are the same each time."""


@dataclass(frozen=True, slots=True)
class OpenedSample:
    """One sample with the first answer of every model, in the run's order."""

    item: SampleItem
    is_worse: bool
    """Whether some model scores less on it than the reference; False: it was drawn among the others."""
    answers: Sequence[tuple[ItemRow, RowTexts]]


@dataclass(frozen=True, slots=True)
class OpenedSamples:
    """What is opened, the worst first, and of how many."""

    reference: str
    samples: Sequence[OpenedSample]
    n_worse: int
    """Samples on which some model scores less than the reference."""
    n: int
    """Samples of the run."""


def opened(store: ResultsReader, run: str, reference: str) -> OpenedSamples:
    """The samples with the largest losses towards a model, each other model's in turn; then others, drawn at random.

    Raises StoreError.
    """
    import numpy as np

    table = store.table(run)
    worst, n_worse = _worst(table, reference)
    rest = np.setdiff1d(np.arange(len(table.ids)), worst, assume_unique=True)
    others = np.random.default_rng(_SEED).choice(rest, min(OTHERS, len(rest)), replace=False)
    lines = np.concatenate([worst, np.sort(others)]).astype(np.intp)
    items = items_at(store, run, lines)
    rows = answers_to(store, run, items)
    order = {model: n for n, model in enumerate(table.models)}
    first = {item: _first(rows.get(place_of(item), []), order) for item in items}
    said = texts(store, run, [row.key for of_item in first.values() for row in of_item])
    samples = [
        OpenedSample(item, n < len(worst), [(row, said.get(row.key, RowTexts())) for row in first[item]])
        for n, item in enumerate(items)
    ]
    return OpenedSamples(reference, samples, n_worse, len(table.ids))


def _worst(table: ScoreTable, reference: str) -> tuple[npt.NDArray[np.intp], int]:
    """The lines with the largest losses, at most WORST, and how many lines have one."""
    import numpy as np

    none = np.zeros(0, dtype=np.intp)
    if reference not in table.models:
        return none, 0
    at = table.models.index(reference)
    first = floats(table.scores[at])
    losses = [np.nan_to_num(first - floats(column)) for n, column in enumerate(table.scores) if n != at]
    if not losses:
        return none, 0
    total = np.sum([np.maximum(loss, 0) for loss in losses], axis=0)
    ranked = []
    for loss in losses:
        (lost,) = np.nonzero(loss > 0)
        ranked.append(lost[np.lexsort((-total[lost], -loss[lost]))][:WORST].tolist())
    in_turn = dict.fromkeys(line for of_rank in zip_longest(*ranked) for line in of_rank if line is not None)
    return np.array(list(in_turn)[:WORST], dtype=np.intp), int((total > 0).sum())


def _first(rows: Sequence[ItemRow], order: dict[str, int]) -> list[ItemRow]:
    """The first repeat of each model."""
    found: dict[str, ItemRow] = {}
    for row in sorted(rows, key=lambda row: (order.get(row.model, len(order)), row.repeat)):
        found.setdefault(row.model, row)
    return list(found.values())
