"""The samples on which two sides differ, page by page. For reading: nothing is tested here.

rows, n = list_changes(store, ("run-1", "gpt"), ("run-2", "qwen"), limit=25, offset=0, kind="right to wrong")
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from evalkit.records import Outcome
from evalkit.results.flips import flipped
from evalkit.results.items import literal
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import Columns, SampleSide, columns_of
from evalkit.store.score_table import OUTCOMES, SAMPLE_ID_SQL, ScoreTable

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class SideOutcome:
    """One side of a sample."""

    score: float | None
    """Mean over its repeats. None: no score."""
    outcome: str
    """Of the first repeat."""
    repeat: int
    """Number of the first repeat."""
    cost_usd: float | None = None
    """Mean over its repeats, in US dollars. None: one of them is of unknown price."""
    total_s: float | None = None
    """Mean time of a whole answer, in seconds. None: not measured."""


@dataclass(frozen=True, slots=True)
class ChangedSample:
    """One sample and what both sides made of it."""

    task: str
    sample_id: str
    sample_digest: str
    occurrence: int
    a: SideOutcome
    b: SideOutcome


class ChangeFilters(TypedDict, total=False):
    """Which samples are listed, and in which order. Left out: all that differ, the largest loss first."""

    kind: str
    """One of KINDS."""
    task: str | None
    outcome: str | None
    """Of either side."""
    text: str
    """Stands in a prompt or an answer, in any case."""
    slice: tuple[str, str] | None
    """(name, value)."""
    order: str
    """One of ORDERS; samples that stand alike in it come as they were asked."""


@dataclass(frozen=True, slots=True)
class _Filters:
    kind: str = "all that differ"
    task: str | None = None
    outcome: str | None = None
    text: str = ""
    slice: tuple[str, str] | None = None
    order: str = "largest loss first"


ORDERS = ("largest loss first", "right to wrong first", "largest gain first", "as asked")
KINDS = ("right to wrong", "wrong to right", "better", "worse", "all that differ", "every sample")


def tasks_of(store: ResultsReader, a: SampleSide, b: SampleSide) -> list[str]:
    """The tasks that both sides were asked, in the first one's order."""
    ours, theirs = (store.summary(run).models[model].tasks for run, model in (a, b))
    return [task for task in ours if task in theirs]


def list_changes(
    store: ResultsReader,
    a: SampleSide,
    b: SampleSide,
    *,
    limit: int,
    offset: int,
    **given: Unpack[ChangeFilters],
) -> tuple[list[ChangedSample], int]:
    """A page of samples, and how many the filters leave in all. Raises StoreError."""
    filters = _Filters(**given)
    key = ("changes", store.marks([a[0], b[0]]), a, b, limit, offset, filters)
    return store.remember(key, lambda: _page(store, a, b, limit, offset, filters))


def slices_of(store: ResultsReader, side: SampleSide) -> list[tuple[str, str]]:
    """The slices (name, value) that occur in a run."""
    return sorted({pair for pairs in store.table(side[0]).slice_sets for pair in pairs})[:200]


def _page(
    store: ResultsReader, a: SampleSide, b: SampleSide, limit: int, offset: int, filters: _Filters
) -> tuple[list[ChangedSample], int]:
    import numpy as np

    both = store.sample_join(a[0], b[0])
    columns = columns_of(both, a[1], b[1], filters.task)
    kept: npt.NDArray[np.bool_] = _kept(both.left, columns, filters)
    if filters.text.strip():
        kept &= np.isin(both.left.ids[columns.lines], _saying(store, a, b, filters.text.strip()))
    left = np.flatnonzero(kept)
    change = np.nan_to_num(columns.second[left]) - np.nan_to_num(columns.first[left])
    if filters.order == "largest gain first":
        change = -change
    elif filters.order == "as asked":
        change = np.zeros(left.size)
    elif filters.order == "right to wrong first":  # then the other losses
        change = change - 2.0 * flipped(columns.first[left], columns.second[left])[0]
    shown = left[np.argsort(change, kind="stable")[offset : offset + limit]]
    return _details(store, a, b, both.left, columns, shown), int(left.size)


def _kept(table: ScoreTable, columns: Columns, filters: _Filters) -> npt.NDArray[np.bool_]:
    """Which samples fit the filters on scores, outcomes and slices."""
    import numpy as np

    first, second = columns.first, columns.second
    ours, theirs = columns.outcomes
    kept: npt.NDArray[np.bool_]
    kind = filters.kind
    if kind == "right to wrong":
        kept = flipped(first, second)[0]
    elif kind == "wrong to right":
        kept = flipped(first, second)[1]
    elif kind == "better":
        kept = second > first
    elif kind == "worse":
        kept = second < first
    elif kind == "all that differ":
        kept = ~((first == second) | (np.isnan(first) & np.isnan(second))) | (ours != theirs)
    else:
        kept = np.ones(len(first), dtype=bool)
    if filters.outcome is not None:
        code = OUTCOMES.index(Outcome(filters.outcome))
        kept &= (ours == code) | (theirs == code)
    if filters.slice is not None:
        having = [code for code, pairs in enumerate(table.slice_sets) if filters.slice in pairs]
        kept &= np.isin(table.slices[columns.lines], having)
    return kept


def _saying(store: ResultsReader, a: SampleSide, b: SampleSide, text: str) -> npt.NDArray[np.uint64]:
    """Ids of the samples with this text in a prompt or an answer of either side, any case."""
    import numpy as np

    pattern, found = f"%{literal(text)}%", []
    for run in {a[0], b[0]}:  # run by run: a connection is dear to open, and that of one run serves every page
        with store.connection([run]) as con:
            answer = con.execute(
                f"""select {SAMPLE_ID_SQL} as id from texts
                    where model in (select unnest($1)) and
                    (text ilike $2 escape '!' or prompt ilike $2 escape '!' or calls ilike $2 escape '!')""",
                [[model for of, model in (a, b) if of == run], pattern],
            )
            found.append(np.asarray(answer.fetchnumpy()["id"], dtype=np.uint64))
    return np.concatenate(found)


def _details(
    store: ResultsReader, a: SampleSide, b: SampleSide, table: ScoreTable, columns: Columns, shown: npt.NDArray[np.intp]
) -> list[ChangedSample]:
    """The lines of a page: names from the rows of just these samples, figures from the tables."""
    lines = columns.lines[shown]
    digests = table.digests_of(lines)
    names = {}
    for run in {a[0], b[0]}:
        for row in store.query(
            [run],
            """select model, task, sample_digest, occurrence, min(sample_id) as sample_id, min(repeat) as repeat,
                      case when count(cost_usd) = count(*) then avg(cost_usd) end as cost_usd, avg(total_s) as total_s
               from rows where model in (select unnest(?)) and sample_digest in (select unnest(?)) group by all""",
            [[model for of, model in (a, b) if of == run], digests],
        ):
            names[run, row["model"], row["task"], row["sample_digest"], row["occurrence"]] = row
    page = []
    for n, line, digest in zip(shown.tolist(), lines.tolist(), digests, strict=True):
        place = (table.tasks[table.task[line]], digest, int(table.occurrence[line]))
        ours, theirs = names.get((*a, *place)), names.get((*b, *place))
        sides = [
            SideOutcome(
                score=None if math.isnan(score[n]) else float(score[n]),
                outcome=str(OUTCOMES[outcomes[n]]),
                repeat=int(named["repeat"]) if named else 0,
                cost_usd=_float(named["cost_usd"]) if named else None,
                total_s=_float(named["total_s"]) if named else None,
            )
            for named, score, outcomes in zip(
                (ours, theirs), (columns.first, columns.second), columns.outcomes, strict=True
            )
        ]
        page.append(ChangedSample(place[0], ours["sample_id"] if ours else digest, *place[1:], *sides))
    return page


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))
