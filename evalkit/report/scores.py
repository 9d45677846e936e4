"""Scores per sample and model, as arrays: what intervals, places and comparisons are reckoned from.

    scores = read_scores(con, [("support-...", "gpt"), ("support-...", "qwen")])
    scores.pair(0, 1)             # Pair(first=[1, 0, ...], second=[1, 1, ...], clusters=None, n_errored=3)

Samples pair on (task, sample_digest, occurrence), never on position; repeats are averaged within a sample first. Works
on a connection of `store.queries.connect`, so that a million rows need neither records nor a DataFrame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

Side = tuple[str, str]
"""(run, model): one model's rows of one run."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Scores of the same samples on two sides, in the same order."""

    first: Floats
    second: Floats
    clusters: npt.NDArray[Any] | None
    """A label for each sample; None where every sample stands alone."""
    n_errored: int
    """Samples that both sides were asked, without a score on at least one."""


@dataclass(frozen=True, slots=True)
class Scores:
    """One line a sample, one column a side."""

    sides: tuple[Side, ...]
    values: Floats
    """Mean score over the repeats; NaN where the side has no score for the sample."""
    asked: npt.NDArray[np.bool_]
    """Whether the side has any row for the sample, errored ones included."""
    clusters: npt.NDArray[np.uint64]
    """0: the sample has no cluster."""
    tasks: npt.NDArray[Any]
    """The task of each sample, as a place in `names`."""
    names: tuple[str, ...]

    def only(self, task: str | None) -> Scores:
        """The samples of one task; of all for None. A task that nobody was asked leaves none."""
        if task is None:
            return self
        keep = self.tasks == (self.names.index(task) if task in self.names else -1)
        return Scores(
            self.sides, self.values[keep], self.asked[keep], self.clusters[keep], self.tasks[keep], self.names
        )

    def pair(self, first: int, second: int) -> Pair:
        """The samples that two sides share."""
        import numpy as np

        a, b = self.values[:, first], self.values[:, second]
        both = ~(np.isnan(a) | np.isnan(b))
        asked = self.asked[:, first] & self.asked[:, second]
        labels = self.clusters[both]
        clusters = None
        if labels.any():
            alone = labels == 0
            clusters = np.where(alone, np.arange(labels.size, dtype=np.uint64), labels)
        return Pair(a[both], b[both], clusters, int((asked & ~both).sum()))


_AT_A_TIME = 3
"""Sides read by one query: few enough that of ten million rows only some are in flight, enough to save scans."""


def read_scores(con: duckdb.DuckDBPyConnection, sides: Sequence[Side]) -> Scores:
    """Every sample of these sides."""
    import numpy as np

    names = tuple(name for (name,) in con.execute("select distinct task from rows order by task").fetchall())
    table = Scores(
        tuple(sides),
        np.zeros((0, len(sides))),
        np.zeros((0, len(sides)), dtype=bool),
        np.zeros(0, dtype=np.uint64),
        np.zeros(0, dtype=np.int32),
        names,
    )
    samples = np.zeros(0, dtype=np.uint64)
    for start in range(0, len(sides), _AT_A_TIME):
        found = _read(con, sides[start : start + _AT_A_TIME], names)
        for place in range(min(_AT_A_TIME, len(sides) - start)):
            mine = found["place"] == place
            ids = found["sample"][mine]
            merged = np.union1d(samples, ids)
            if merged.size != samples.size:
                table = _grown(table, np.searchsorted(merged, samples), merged.size)
            samples = merged
            lines = np.searchsorted(samples, ids)
            table.values[lines, start + place] = found["score"][mine]
            table.asked[lines, start + place] = True
            table.tasks[lines] = found["task"][mine]
            table.clusters[lines] = np.maximum(table.clusters[lines], found["cluster"][mine])
    return table


def _grown(table: Scores, lines: npt.NDArray[np.intp], n: int) -> Scores:
    """The same table with room for n samples; what it had is at these lines."""
    import numpy as np

    values = np.full((n, len(table.sides)), np.nan)
    asked = np.zeros((n, len(table.sides)), dtype=bool)
    clusters, tasks = np.zeros(n, dtype=np.uint64), np.zeros(n, dtype=np.int32)
    values[lines], asked[lines], clusters[lines], tasks[lines] = table.values, table.asked, table.clusters, table.tasks
    return Scores(table.sides, values, asked, clusters, tasks, table.names)


def _read(con: duckdb.DuckDBPyConnection, sides: Sequence[Side], names: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    """One line a sample and side: place (of the side), sample, task, score (NaN: none), cluster (0: none)."""
    import numpy as np

    con.execute("create or replace temp table _sides (place utinyint, run varchar, model varchar)")
    for place, (run, model) in enumerate(sides):
        con.execute("insert into _sides values (?, ?, ?)", [place, run, model])
    found: dict[str, Any] = con.execute(
        """select place, hash(task, sample_digest, occurrence) as sample,
                  (any_value(list_position($1, task)) - 1)::integer as task,
                  avg(score) filter (outcome <> 'errored') as score,
                  if(any_value(cluster) is null, 0, hash(any_value(task), any_value(cluster))) as cluster
           from rows join _sides using (run, model) group by place, sample""",
        [list(names)],
    ).fetchnumpy()
    found["score"] = np.ma.filled(np.asanyarray(found["score"]).astype(np.float64), np.nan)
    return {name: np.asarray(column) for name, column in found.items()}
