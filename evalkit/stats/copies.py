"""Copies of an item are no independent evidence: where there are many, they are one cluster, for every figure alike.

    with_copies(clusters, tasks, items, contents, occurrences)     # sixty copies of ten questions are ten clusters

Every page asks here: the gate, `compare`, `show`, the leaderboard, the reports and the bill. Decided for each task by
itself, so that a figure of one task says the same wherever the task stands.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Codes = npt.NDArray[np.int64]
    WholeNumbers = npt.NDArray[np.int32] | npt.NDArray[np.int64] | npt.NDArray[np.float64]

HEAVY = 0.2
"""Share of the weight from which on one cluster is named: at most 25 effective samples are left then."""
ALONE = "one piece of evidence, however many others there are; take it out, and look at it by itself"


class Placed(NamedTuple):
    """Where one sample stands, for whoever has no columns."""

    task: str
    content: str
    """The same for copies: the digest of what is asked."""
    occurrence: int
    """0 for the first of several copies."""
    cluster: str | None
    """As the suite says; None: the sample stands alone."""


def too_many_alike(n_again: int, n: int) -> bool:
    """Whether items that say the same as an earlier one are more than one in a hundred.

    Sixty copies of ten questions are ten questions. A few copies in a large public benchmark are left as they are:
    they tell nothing new either, and taking them as clusters would give up the exact test for a hundredth of the data.
    """
    return n_again > 0.01 * n


class Together(NamedTuple):
    """What moves together."""

    cluster: Codes
    """int64[n], one a row; -1 where a row stands alone."""
    n_copies: int
    """Items that say the same as an earlier one, of the tasks that have too many of them."""


def with_copies(
    cluster: WholeNumbers, task: WholeNumbers, item: WholeNumbers, content: WholeNumbers, occurrence: WholeNumbers
) -> Together:
    """The clusters, in which copies stand together too, whatever cluster each copy was given.

    All are arrays of n rows. `cluster`: -1 where a row stands alone, and no number in two tasks; `task`: numbers from
    0; `item`: the same for rows of one item (repeats, several models); `content`: the same for copies, of one task
    only; `occurrence`: above 0 for all but the first of several copies. Where a task has too many copies, every row of
    it gets a number.
    """
    import numpy as np

    if not (occurrence > 0).any():
        return Together(cluster.astype(np.int64), 0)
    n_tasks = int(task.max()) + 1
    of_task = _different(item, task, n_tasks)
    copies = of_task - _different(content, task, n_tasks)
    crowded = np.array([too_many_alike(*each) for each in zip(copies.tolist(), of_task.tolist(), strict=True)])
    rows = np.flatnonzero(crowded[task])
    made = cluster.astype(np.int64)
    made[rows] = int(cluster.max()) + 1 + _joined(made[rows], content[rows])
    return Together(made, int(copies[crowded].sum()))


def _different(codes: WholeNumbers, task: WholeNumbers, n_tasks: int) -> Codes:
    """int64[tasks]: how many different codes each task has."""
    import numpy as np

    first = np.unique(codes, return_index=True)[1]
    return np.bincount(task[first], minlength=n_tasks)


def clusters_of(samples: Sequence[Placed]) -> list[int]:
    """The cluster of each sample (rows of one sample may come several times), from 0; one that stands alone has one of
    its own. The same name in two tasks is two clusters."""
    import numpy as np

    task = _codes(one.task for one in samples)
    item = _codes((one.task, one.content, one.occurrence) for one in samples)
    named = _codes((one.task, one.cluster) for one in samples)
    cluster = np.where([one.cluster is None for one in samples], -1, named)
    content = _codes((one.task, one.content) for one in samples)
    made, _ = with_copies(cluster, task, item, content, np.array([one.occurrence for one in samples], dtype=np.int64))
    alone = int(made.max(initial=-1)) + 1 + item
    return [int(code) for code in np.where(made < 0, alone, made)]


def _codes(names: Iterable[Hashable]) -> Codes:
    import numpy as np

    book: dict[Hashable, int] = {}
    return np.array([book.setdefault(name, len(book)) for name in names], dtype=np.int64)


def _joined(cluster: Codes, content: WholeNumbers) -> Codes:
    """The smallest row number that can be reached from each row, over clusters and copies in turn."""
    import numpy as np

    top = int(cluster.max(initial=-1)) + 1
    groups = [
        np.unique(codes, return_inverse=True)[1]
        for codes in (np.where(cluster < 0, top + np.arange(len(cluster)), cluster), content)
    ]
    label = np.arange(len(cluster), dtype=np.int64)
    while True:
        before = label
        for codes in groups:
            least = np.full(int(codes.max(initial=0)) + 1, len(cluster), dtype=np.int64)
            np.minimum.at(least, codes, label)
            label = least[codes]
        if np.array_equal(label, before):
            return label
