"""Repeats of a stored run: how steady each model answers, and which items it answers now right and now wrong.

    found = read_repeats(folder)                # None: every item was asked once
    found.models["gpt"].all.unstable            # .24: share of items on which its answers disagree
    flaky_items(folder)[0].right                # {"gpt": (2, 4)}: right answers, of so many

Answers that errored, or wait for their judges, are left out; what a run's `weight` says counts in every mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.frozen import dataclass
from evalkit.store import queries
from evalkit.store import table as stored

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from evalkit.stats.repeats import Stability

FLAKY = 200
"""Items that are listed at most."""

_SCORED = """score is not null and outcome != 'errored' and model is not null and task is not null
             and sample_digest is not null and sample_id is not null and occurrence is not null"""


@dataclass(frozen=True, slots=True)
class ModelRepeats:
    """One model's repeats."""

    all: Stability
    """Over all tasks together."""
    tasks: Mapping[str, Stability]


@dataclass(frozen=True, slots=True)
class RunRepeats:
    """Every model's repeats, by name in the order of the run's rows."""

    models: Mapping[str, ModelRepeats]

    def as_json(self) -> dict[str, object]:
        """Plain values; null is not known."""
        return {
            name: {"all": _plain(one.all), "tasks": {task: _plain(of) for task, of in one.tasks.items()}}
            for name, one in self.models.items()
        }


@dataclass(frozen=True, slots=True)
class FlakyItem:
    """An item that some model answers now right and now wrong."""

    task: str
    sample_id: str
    sample_digest: str
    occurrence: int
    right: Mapping[str, tuple[int, int]]
    """By model that wavers: right answers (score of at least one half), and answers with a score."""
    unrest: float
    """Sum over these models of p(1 - p), p the share of right answers: the list is sorted by it."""


def read_repeats(folder: Path) -> RunRepeats | None:
    """The figures of every model; None where no item was asked more than once. Raises StoreError."""
    with queries.connect([folder], texts=False) as con:
        ((most,),) = con.execute("select max(repeat) from rows").fetchall()
        if not most:
            return None
        found = con.sql(
            f"""select model, task, count(*) as n, sum(score) as total, sum(score * score) as squares,
                       count(*) filter (score >= 0.5) as n_right, bool_and(score in (0, 1)) as plain,
                       any_value(cluster) as cluster, any_value(weight) as weight, sample_digest, occurrence
                from rows where {_SCORED} group by model, task, sample_digest, occurrence
                order by model, task"""
        ).to_arrow_table()
        ((unit,),) = con.execute("select avg(weight) from rows").fetchall()
    return _read(found, unit)


def _read(found: pa.Table, unit: float | None) -> RunRepeats:
    """`unit`: what a row of the run stands for on average, those without a score too."""
    import numpy as np

    from evalkit.stats.copies import with_copies
    from evalkit.stats.repeats import Marks, stability
    from evalkit.stats.traffic import row_weights

    models, model = stored.labels_codes(found["model"])
    tasks, task = stored.labels_codes(found["task"])
    (named,) = stored.names_codes([found["cluster"]])  # the same name in two tasks is two clusters
    (digest,) = stored.names_codes([found["sample_digest"]])
    occurrence = stored.floats(found["occurrence"])
    item, content = stored.joint(task, digest, occurrence), stored.joint(task, digest)
    together = np.where(named >= 0, stored.dense(stored.joint(task, named)), -1)
    together = with_copies(together, task, item, content, occurrence).cluster
    cluster = np.where(together >= 0, together, together.max(initial=0) + 1 + item)
    n, n_right = (stored.floats(found[name]).astype(np.int64) for name in ("n", "n_right"))
    total, squares, weight = (stored.floats(found[name]) for name in ("total", "squares", "weight"))
    plain = stored.floats(found["plain"]) == 1

    def of(rows: npt.NDArray[np.intp]) -> Stability:
        clusters = cluster[rows]
        return stability(
            Marks(
                n=n[rows],
                total=total[rows],
                squares=squares[rows],
                n_right=n_right[rows],
                clusters=clusters if len(np.unique(clusters)) < len(rows) else None,
                weights=row_weights(weight[rows], unit),
                binary=bool(plain[rows].all()),
            )
        )

    made = {}
    for code, name in enumerate(models):
        mine = np.flatnonzero(model == code)
        by_task = {tasks[t]: of(mine[task[mine] == t]) for t in np.unique(task[mine]).tolist()}
        made[name] = ModelRepeats(of(mine), by_task)
    return RunRepeats(made)


def _plain(one: Stability) -> dict[str, object]:
    return {**asdict(one), "helps_more": one.helps_more}


def flaky_items(folder: Path, model: str | None = None, limit: int | None = FLAKY) -> list[FlakyItem]:
    """Items that the model (None: any) answers now right and now wrong, the least steady first. Raises StoreError."""
    with queries.connect([folder], texts=False) as con:
        rows = con.execute(
            f"""select task, sample_digest, occurrence, min(sample_id) as sample_id, model,
                       count(*) filter (score >= 0.5) as n_right, count(*) as n
                from rows where {_SCORED} and (? is null or model = ?)
                group by task, sample_digest, occurrence, model having n_right > 0 and n_right < n
                order by task, sample_digest, occurrence, model""",
            [model, model],
        ).fetchall()
    right: defaultdict[tuple[str, str, int, str], dict[str, tuple[int, int]]] = defaultdict(dict)
    ids: dict[tuple[str, str, int], str] = {}
    for task, digest, occurrence, sample_id, name, n_right, n in rows:
        first = ids.setdefault((task, digest, occurrence), sample_id)
        right[task, digest, occurrence, first][name] = (n_right, n)
    items = [
        FlakyItem(task, sample_id, digest, occurrence, by, sum(r / n * (1 - r / n) for r, n in by.values()))
        for (task, digest, occurrence, sample_id), by in right.items()
    ]
    items.sort(key=lambda item: (-item.unrest, item.task, item.sample_id))
    return items if limit is None else items[:limit]
