"""Two models' rows of the same items, side by side in columns: what comparisons, rules and flips read.

pairs = pair(baseline_rows, candidate_rows)                    # results.pairing
pairs.only(pairs.task_mask("refunds")).candidate.score         # NaN where no score came
"""

from __future__ import annotations

from dataclasses import field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import numpy.typing as npt

from evalkit.frozen import dataclass
from evalkit.records import Outcome

if TYPE_CHECKING:
    import pyarrow as pa

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

OUTCOMES = tuple(outcome.value for outcome in Outcome)
SUPPORTED = "supported_usd"
"""The column, which only a gate about cost adds, of what answers cost at least by their texts."""
ERRORED = OUTCOMES.index(Outcome.ERRORED.value)


@dataclass(frozen=True, slots=True)
class Half:
    """One model's side of the pairs. NaN: not known, or not measured."""

    score: Floats
    """NaN for an errored row, for an answer that could not be marked, and for one that came in the place of another
    (`given_up`)."""
    outcome: Codes
    """Places in OUTCOMES."""
    cached: Mask
    cost_usd: Floats
    ttft_s: Floats
    ttfr_s: Floats
    tpot_s: Floats
    total_s: Floats
    retry_s: Floats = field(default_factory=lambda: np.zeros(0))
    """Seconds in failed attempts and the waits between them, before the attempt that the times above are of."""
    given_up: Floats = field(default_factory=lambda: np.zeros(0))
    """Attempts before it that were given up (`Row.given_up`): from 1 on the score is NaN, since another answer might
    have come. NaN: none."""
    supported_usd: Floats = field(default_factory=lambda: np.zeros(0))
    """What an answer costs at least by its texts, whatever the server states; NaN where nobody looked."""

    def __post_init__(self) -> None:
        """Figures that are left out of rows that are made up: nobody measured them."""
        for name in ("retry_s", "given_up", "supported_usd"):
            if getattr(self, name).size != self.score.size:
                object.__setattr__(self, name, np.full(self.score.size, np.nan))

    @property
    def errored(self) -> Mask:
        """The system's fault: no answer came."""
        return np.asarray(self.outcome == ERRORED)

    def is_outcome(self, name: str) -> Mask:
        """Which rows ended so."""
        return np.asarray(self.outcome == OUTCOMES.index(name))


@dataclass(frozen=True)
class Pairs:
    """Rows of two models that pair, in one order."""

    tasks: tuple[str, ...]
    task: Codes
    item: Codes
    """One number for each (task, sample_digest, occurrence)."""
    repeat: Codes
    cluster: Codes
    """-1: the item stands alone."""
    critical: Mask
    digest: pa.Array | None
    """sample_digest as Arrow strings, to name single items; read through `key`."""
    occurrence: Codes
    baseline: Half
    candidate: Half
    weight: Floats | None = None
    """How many average samples a row stands for; None: all alike."""
    slice_rows: tuple[tuple[str, str, str, Codes], ...] = ()
    """(task, slice name, value, row numbers) of every slice that occurs."""
    n_copies: int = 0
    """Items that say the same as another one, of tasks in which so many do that they are taken as clusters."""
    dearest_usd: float | None = None
    """The most that one answer of the candidate can cost; None: unknown."""

    @property
    def n(self) -> int:
        """Pairs, repeats counted apart."""
        return len(self.task)

    @cached_property
    def scored(self) -> Mask:
        """Pairs with a score on both sides."""
        return np.asarray(~(np.isnan(self.baseline.score) | np.isnan(self.candidate.score)))

    @cached_property
    def repeated(self) -> bool:
        """Whether any item was asked more than once."""
        return bool((self.repeat > 0).any())

    @cached_property
    def clustered(self) -> bool:
        """Whether any two items move together."""
        known = self.cluster[self.cluster >= 0]
        return len(np.unique(self.item[self.cluster >= 0])) > len(np.unique(known))

    @cached_property
    def binary(self) -> bool:
        """Whether every score is 0 or 1."""
        halves = (self.baseline.score[self.scored], self.candidate.score[self.scored])
        return all(bool(np.isin(scores, (0.0, 1.0)).all()) for scores in halves)

    def task_mask(self, task: str) -> Mask:
        """The rows of a task."""
        return np.asarray(self.task == self.tasks.index(task))

    def only(self, rows: Mask | Codes) -> Pairs:
        """These pairs alone, in the order given, for statistics: without slices and without the items' names."""
        numbers: Codes = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64)
        return replace(
            self,
            task=self.task[numbers],
            item=self.item[numbers],
            repeat=self.repeat[numbers],
            cluster=self.cluster[numbers],
            critical=self.critical[numbers],
            weight=None if self.weight is None else self.weight[numbers],
            occurrence=self.occurrence[numbers],
            baseline=rows_of_half(self.baseline, numbers),
            candidate=rows_of_half(self.candidate, numbers),
            digest=None,
            slice_rows=(),
        )

    def key(self, row: int) -> tuple[str, str, int, int]:
        """(task, sample_digest, occurrence, repeat) of a row; not for pairs that `only` made."""
        assert self.digest is not None
        name = self.tasks[self.task[row]]
        return name, self.digest[row].as_py(), int(self.occurrence[row]), int(self.repeat[row])


class Dependence(TypedDict, total=False):
    """What moves together, as arguments of a test; empty: every item stands alone."""

    clusters: Codes
    items: Codes
    weights: Floats
    errored_weight: float


def dependence_of(pairs: Pairs, rows: Mask, lost: Mask) -> Dependence:
    """`labels_of`, with what each row stands for and what the rows without a figure weigh together."""
    found = labels_of(pairs, rows)
    if pairs.weight is not None:
        found["weights"] = pairs.weight[rows]
        if lost.any():
            found["errored_weight"] = float(pairs.weight[lost].sum())
    return found


def labels_of(pairs: Pairs, rows: Mask | Codes) -> Dependence:
    """What moves together among these rows, as a test takes it: clusters of the suite, repeats of an item."""
    if not pairs.clustered:
        return {"items": pairs.item[rows]} if pairs.repeated else {}
    # An item without a cluster is one of its own, so that its repeats stay together.
    top = int(pairs.cluster.max(initial=-1)) + 1
    clusters = np.where(pairs.cluster >= 0, pairs.cluster, top + pairs.item)[rows]
    return {"clusters": clusters, "items": pairs.item[rows]} if pairs.repeated else {"clusters": clusters}


def rows_of_half(half: Half, numbers: Codes) -> Half:
    """These rows of a side, in the order given."""
    return Half(**{one.name: getattr(half, one.name)[numbers] for one in fields(Half)})
