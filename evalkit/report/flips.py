"""Two sides, sample by sample: the verdict with its interval, the differences by task, and the samples that changed.

    versus = compare(store, ("run-1", "gpt"), ("run-2", "qwen"))
    versus.sentence              # "qwen is 1.8 points worse than gpt, 95 % interval [−0.031, −0.005], 37 flips."

Everything is B minus A, over the samples that both have a score for. For reading: the gate decides with its own margin
and, for graded scores, more strictly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalkit.decide.flips import flipped
from evalkit.records import Message, Outcome
from evalkit.report import numbers
from evalkit.report.results_reader import ResultsReader
from evalkit.report.scores import Columns, Side, columns_of
from evalkit.store.row_codec import Key
from evalkit.store.score_table import OUTCOMES, SAMPLE_ID_SQL, ScoreTable
from evalkit.store.transcript import transcript

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KINDS = ("right to wrong", "wrong to right", "better", "worse", "all that differ", "every sample")
_ALPHA = 0.025  # the interval of `stats.test` has confidence 1 - 2 alpha


@dataclass(frozen=True, slots=True)
class SampleComparison:
    """One comparison over some samples."""

    task: str | None
    """None: over all tasks that both were asked."""
    n: int
    n_errored: int
    delta: float | None
    low: float | None
    high: float | None
    gained: int
    """Samples on which B scored higher."""
    lost: int
    """Samples on which B scored lower."""
    method: str | None
    flips: int
    """Samples that are right with one and wrong with the other (`decide.flips`)."""

    def sentence(self, a: str, b: str) -> str:
        """The verdict in words; a difference is only called one where its interval leaves zero out."""
        if self.delta is None:
            return f"{a} and {b} share no scored sample: nothing can be compared."
        shown = numbers.interval(self.low, self.high) or "unknown"
        points = f"{abs(self.delta) * 100:.1f}"
        tail = f"95 % interval {shown}, {self.flips:,} {'flip' if self.flips == 1 else 'flips'} in {self.n:,} samples."
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            what = (
                f"measured {points} points {'better' if self.delta > 0 else 'worse'}"
                if self.delta
                else "measured equal"
            )
            return f"No difference is shown between {b} and {a} ({what}): {tail}"
        return f"{b} is {points} points {'better' if self.delta > 0 else 'worse'} than {a}: {tail}"


def compare(store: ResultsReader, a: Side, b: Side, task: str | None = None) -> SampleComparison:
    """The comparison over a task, or over all (None). Raises StoreError."""

    def reckon() -> SampleComparison:
        pair = store.pair(a, b, task)
        if pair.n == 0:
            return SampleComparison(task, 0, pair.n_errored, None, None, None, 0, 0, None, 0)
        tested = pair.test(_ALPHA)
        low, high = (tested.interval.low, tested.interval.high) if tested.interval else (None, None)
        counts = (pair.gained, pair.lost, tested.method, pair.n_flips)
        return SampleComparison(task, pair.n, pair.n_errored, tested.delta, low, high, *counts)

    return store.remember(("versus", store.marks([a[0], b[0]]), a, b, task), reckon)


def tasks_of(store: ResultsReader, a: Side, b: Side) -> list[str]:
    """The tasks that both sides were asked, in the first one's order."""
    ours, theirs = (store.summary(run).models[model].tasks for run, model in (a, b))
    return [task for task in ours if task in theirs]


def list_flips(
    store: ResultsReader, a: Side, b: Side, *, limit: int, offset: int, **filters: Any
) -> tuple[list[dict[str, Any]], int]:
    """A page of samples, and how many the filters leave in all.

    Each is task, sample_id, sample_digest, occurrence and, as a_ and b_, score, outcome and first repeat. Filters:
    `kind` (of KINDS), `task`, `outcome` (of either side), `text` (in a prompt or answer, any case), `slice`
    (name, value). Clear losses come first, else in the order in which the samples were asked. Raises StoreError.
    """
    key = ("flips", store.marks([a[0], b[0]]), a, b, limit, offset, tuple(sorted(filters.items())))
    return store.remember(key, lambda: _page(store, a, b, limit, offset, filters))


def slices_of(store: ResultsReader, side: Side) -> list[tuple[str, str]]:
    """The slices (name, value) that occur in a run."""
    return sorted({pair for pairs in store.table(side[0]).slice_sets for pair in pairs})[:200]


def _page(
    store: ResultsReader, a: Side, b: Side, limit: int, offset: int, filters: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    import numpy as np

    both = store.sample_join(a[0], b[0])
    columns = columns_of(both, a[1], b[1], filters.get("task"))
    kept: npt.NDArray[np.bool_] = _kept(both.left, columns, filters)
    if filters.get("text", "").strip():
        kept &= np.isin(both.left.ids[columns.lines], _saying(store, a, b, filters["text"].strip()))
    left = np.flatnonzero(kept)
    change = np.nan_to_num(columns.second[left]) - np.nan_to_num(columns.first[left])
    shown = left[np.argsort(change, kind="stable")[offset : offset + limit]]
    return _details(store, a, b, both.left, columns, shown), int(left.size)


def _kept(table: ScoreTable, columns: Columns, filters: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Which samples fit the filters on scores, outcomes and slices."""
    import numpy as np

    first, second = columns.first, columns.second
    ours, theirs = columns.outcomes
    kept: npt.NDArray[np.bool_]
    kind = filters.get("kind", "all that differ")
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
    if filters.get("outcome") is not None:
        code = OUTCOMES.index(Outcome(filters["outcome"]))
        kept &= (ours == code) | (theirs == code)
    if filters.get("slice") is not None:
        having = [code for code, pairs in enumerate(table.slice_sets) if tuple(filters["slice"]) in pairs]
        kept &= np.isin(table.slices[columns.lines], having)
    return kept


def _saying(store: ResultsReader, a: Side, b: Side, text: str) -> npt.NDArray[np.uint64]:
    """Ids of the samples with this text in a prompt or an answer of either side, any case."""
    import numpy as np

    pattern, found = f"%{_literal(text)}%", []
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
    store: ResultsReader, a: Side, b: Side, table: ScoreTable, columns: Columns, shown: npt.NDArray[np.intp]
) -> list[dict[str, Any]]:
    """The lines of a page: names from the rows of just these samples, figures from the tables."""
    lines = columns.lines[shown]
    digests = table.digests_of(lines)
    names = {}
    for run in {a[0], b[0]}:
        for row in store.query(
            [run],
            """select model, task, sample_digest, occurrence, min(sample_id) as sample_id, min(repeat) as repeat
               from rows where model in (select unnest(?)) and sample_digest in (select unnest(?)) group by all""",
            [[model for of, model in (a, b) if of == run], digests],
        ):
            names[run, row["model"], row["task"], row["sample_digest"], row["occurrence"]] = row
    page = []
    for n, line, digest in zip(shown.tolist(), lines.tolist(), digests, strict=True):
        place = (table.tasks[table.task[line]], digest, int(table.occurrence[line]))
        ours, theirs = names.get((*a, *place)), names.get((*b, *place))
        sample: dict[str, Any] = dict(zip(("task", "sample_digest", "occurrence"), place, strict=True))
        sample["sample_id"] = ours["sample_id"] if ours else digest
        for side, named, score, outcomes in zip(
            "ab", (ours, theirs), (columns.first, columns.second), columns.outcomes, strict=True
        ):
            sample[f"{side}_score"] = None if math.isnan(score[n]) else float(score[n])
            sample[f"{side}_outcome"] = str(OUTCOMES[outcomes[n]])
            sample[f"{side}_repeat"] = int(named["repeat"]) if named else 0
        page.append(sample)
    return page


def _literal(text: str) -> str:
    """The text for `ilike`, its wildcards meant literally."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def texts(store: ResultsReader, run: str, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    """What was said in these rows, by key: prompt as messages, the text with the calls that were made, the tools that
    were offered. Keys without a row are absent."""
    import orjson

    wanted = {key: None for key in keys}
    rows = store.query(
        [run],
        """select model, task, sample_digest, occurrence, repeat, prompt, tools, text, calls, reasoning, extracted,
                  target, reason, error, refusal
           from texts where sample_digest in (select unnest(?)) and model in (select unnest(?))""",
        [sorted({key[2] for key in wanted}), sorted({key[0] for key in wanted})],
    )
    found = {}
    for row in rows:
        key = (row["model"], row["task"], row["sample_digest"], int(row["occurrence"]), int(row["repeat"]))
        if key in wanted:
            messages = orjson.loads(row["prompt"] or "[]")
            found[key] = {
                **row,
                "prompt": tuple(Message(m["role"], m["content"]) for m in messages),
                "tools": orjson.loads(row["tools"] or "[]"),
                "text": transcript(row["text"], orjson.loads(row["calls"] or "[]")),
            }
    return {key: found[key] for key in wanted if key in found}
