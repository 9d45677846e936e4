"""Two sides, sample by sample: the verdict with its interval, the differences by task, and the samples that changed.

    versus = compare(store, ("run-1", "gpt"), ("run-2", "qwen"))
    versus.sentence              # "qwen is 1.8 points worse than gpt, 95 % interval [−0.031, −0.005], 37 flips."

Everything is B minus A, over the samples that both have a score for. For reading: the gate decides with its own margin
and, for graded scores, more strictly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evalkit.records import Message
from evalkit.report import numbers
from evalkit.report.scores import Side
from evalkit.report.shelf import Store
from evalkit.store.lines import Key
from evalkit.store.said import said

KINDS = ("right to wrong", "wrong to right", "better", "worse", "all that differ", "every sample")
_ALPHA = 0.025  # the interval of `stats.test` has confidence 1 - 2 alpha

_WHERE = {
    "right to wrong": "a_score = 1 and b_score < 1 and b_score is not null",
    "wrong to right": "b_score = 1 and a_score < 1 and a_score is not null",
    "better": "b_score > a_score",
    "worse": "b_score < a_score",
    "all that differ": "a_score is distinct from b_score or a_outcome is distinct from b_outcome",
    "every sample": "true",
}


@dataclass(frozen=True, slots=True)
class Versus:
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

    @property
    def flips(self) -> int:
        """Samples on which the two differ."""
        return self.gained + self.lost

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


def compare(store: Store, a: Side, b: Side, task: str | None = None) -> Versus:
    """The comparison over a task, or over all (None). Raises StoreError."""
    import numpy as np

    from evalkit.stats import test

    pair = store.scores([a, b], task).pair(0, 1)
    if pair.first.size == 0:
        return Versus(task, 0, pair.n_errored, None, None, None, 0, 0, None)
    gained = int(np.count_nonzero(pair.second > pair.first))
    lost = int(np.count_nonzero(pair.second < pair.first))
    clusters = None if pair.clusters is None else pair.clusters.tolist()
    tested = test(pair.first, pair.second, 0.0, _ALPHA, clusters=clusters, tail="smooth", n_errored=pair.n_errored)
    interval = tested.interval
    return Versus(
        task,
        tested.n,
        pair.n_errored,
        tested.delta,
        interval.low if interval else None,
        interval.high if interval else None,
        gained,
        lost,
        tested.method,
    )


def tasks_of(store: Store, a: Side, b: Side) -> list[str]:
    """The tasks that both sides were asked, in the first one's order."""
    ours, theirs = (store.summary(run)["models"][model]["tasks"] for run, model in (a, b))
    return [task for task in ours if task in theirs]


def list_flips(
    store: Store, a: Side, b: Side, *, limit: int, offset: int, **filters: Any
) -> tuple[list[dict[str, Any]], int]:
    """A page of samples, and how many the filters leave in all (0 beyond the last page).

    Each is task, sample_id, sample_digest, occurrence and, as a_ and b_, score, outcome and first repeat. Filters:
    `kind` (of KINDS), `task`, `outcome` (of either side), `text` (in a prompt or answer, any case), `slice`
    (name, value). Clear losses come first. Raises StoreError.
    """
    sql, values = _sql(a, b, **filters)
    order = "order by coalesce(b_score, 0) - coalesce(a_score, 0), task, sample_id, sample_digest, occurrence"
    paged = f"select *, count(*) over () as n from ({sql}) {order} limit {int(limit)} offset {int(offset)}"
    rows = store.query([a[0], b[0]], paged, values)
    return rows, int(rows[0]["n"]) if rows else 0


def slices_of(store: Store, side: Side) -> list[tuple[str, str]]:
    """The slices (name, value) that occur on a side."""
    found = store.query(
        [side[0]],
        """select distinct e.key as name, e.value as value
           from (select unnest(map_entries(slices)) as e from rows where run = ? and model = ?)
           order by all limit 200""",
        side,
    )
    return [(row["name"], row["value"]) for row in found]


def _sql(
    a: Side,
    b: Side,
    *,
    kind: str = "all that differ",
    task: str | None = None,
    outcome: str | None = None,
    text: str = "",
    slice: tuple[str, str] | None = None,
) -> tuple[str, list[Any]]:
    where, values = [_WHERE[kind]], []
    narrow, narrow_values = "", []
    if task is not None:
        narrow += " and task = ?"
        narrow_values.append(task)
    if slice is not None:
        narrow += " and slices[?] = ?"
        narrow_values += slice
    sides = []
    for name, side in (("a", a), ("b", b)):
        sides.append(
            f"""{name} as (select task, sample_digest, occurrence, min(sample_id) as sample_id,
                 min(repeat) as {name}_repeat, arg_min(outcome, repeat) as {name}_outcome,
                 avg(score) filter (outcome <> 'errored') as {name}_score
                 from rows where run = ? and model = ?{narrow} group by task, sample_digest, occurrence)"""
        )
        values += [*side, *narrow_values]
    if outcome is not None:
        where.append("(a_outcome = ? or b_outcome = ?)")
        values += [outcome, outcome]
    if text.strip():
        pattern = f"%{_literal(text.strip())}%"
        where.append(
            """exists (select 1 from texts t where t.task = p.task and t.sample_digest = p.sample_digest
               and t.occurrence = p.occurrence and ((t.run = ? and t.model = ?) or (t.run = ? and t.model = ?))
               and (t.text ilike ? escape '!' or t.prompt ilike ? escape '!' or t.calls ilike ? escape '!'))"""
        )
        values += [*a, *b, pattern, pattern, pattern]
    sql = f"""with {", ".join(sides)} select * from (select a.*, b_repeat, b_score, b_outcome from a
        join b using (task, sample_digest, occurrence)) p where {" and ".join(where)}"""
    return sql, values


def _literal(text: str) -> str:
    """The text for `ilike`, its wildcards meant literally."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def texts(store: Store, run: str, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    """What was said in these rows, by key: prompt as messages, the text with the calls that were made, the tools that
    were offered. Keys without a row are absent."""
    import orjson

    found = {}
    for key in keys:
        rows = store.query(
            [run],
            """select prompt, tools, text, calls, reasoning, extracted, target, reason, error, refusal from texts
               where model = ? and task = ? and sample_digest = ? and occurrence = ? and repeat = ?""",
            key,
        )
        for row in rows:
            messages = orjson.loads(row["prompt"] or "[]")
            found[key] = {
                **row,
                "prompt": tuple(Message(m["role"], m["content"]) for m in messages),
                "tools": orjson.loads(row["tools"] or "[]"),
                "text": said(row["text"], orjson.loads(row["calls"] or "[]")),
            }
    return found
