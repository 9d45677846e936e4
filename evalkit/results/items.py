"""The samples of a run, to choose one from: those on which models differ first, or those that a search finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evalkit.results.reader import ResultsReader
from evalkit.results.samples import floats
from evalkit.store.score_table import ScoreTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FOUND = 200
"""Items that are listed: more are not read through, they are searched for."""

Item = dict[str, Any]
"""task, sample_id, sample_digest, occurrence."""


def find_items(store: ResultsReader, run: str, search: str = "", digest: str | None = None) -> list[Item]:
    """At most FOUND items: with `search` in their id, task or digest, any case; of one digest; or of the whole run.

    Items that models answered with different scores come first, then the order in which they were asked.
    Raises StoreError.
    """
    words = search.strip()
    if digest is not None:
        named = _named(store, run, [digest])
        return [item for item in named if words.lower() in _said(item)]
    if words:
        pattern = f"%{words.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        return store.query(
            [run],
            f"""select distinct task, sample_digest, occurrence, sample_id from rows
                where sample_id ilike $1 escape '!' or task ilike $1 escape '!' or sample_digest ilike $1 escape '!'
                limit {FOUND}""",
            [pattern],
        )
    table = store.table(run)
    lines = _telling(table)
    asked = [
        (table.tasks[table.task[line]], digest, int(table.occurrence[line]))
        for line, digest in zip(lines.tolist(), table.digests_of(lines), strict=True)
    ]
    names = {_place(item): item for item in _named(store, run, [digest for _, digest, _ in asked])}
    return [names[place] for place in asked if place in names]


def _telling(table: ScoreTable) -> npt.NDArray[np.intp]:
    """The first lines: those on which models differ before the others."""
    import numpy as np

    low, high = np.full(len(table.ids), np.inf, np.float32), np.full(len(table.ids), -np.inf, np.float32)
    for column in table.scores:
        scores = floats(column)
        np.fmin(low, scores, out=low, casting="same_kind")
        np.fmax(high, scores, out=high, casting="same_kind")
    return np.argsort(~(high > low), kind="stable")[:FOUND]


def _named(store: ResultsReader, run: str, digests: list[str]) -> list[Item]:
    return store.query(
        [run],
        """select task, sample_digest, occurrence, min(sample_id) as sample_id from rows
           where sample_digest in (select unnest(?)) group by all order by all""",
        [digests],
    )


def _place(item: Item) -> tuple[str, str, int]:
    return item["task"], item["sample_digest"], item["occurrence"]


def _said(item: Item) -> str:
    return f"{item['sample_id']} {item['task']} {item['sample_digest']}".lower()
