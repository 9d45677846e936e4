"""Single samples as each model answered them, agents' request by request; how far agents went on a task.

    agent_figures(folder)                       # [AgentFigures(task="desk", model="gpt", n=40, steps=3.4, ...)]
    trajectories(folder, "lost")                # [Trajectory(model="gpt", steps=(AgentStep(...), ...), ...)]

Texts here are what models, tools and strangers wrote: whoever shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import cast

import orjson

from evalkit.errors import StoreError, UserError
from evalkit.facts import RunFacts
from evalkit.records import AgentStep
from evalkit.store import queries
from evalkit.store.journal import OFF_RECORD
from evalkit.store.step_codec import read_steps
from evalkit.store.stored_texts import calls_of, messages_of, trace_of
from evalkit.store.transcript import transcript

SHOWN = 50
"""Trajectories that are shown of one sample."""


@dataclass(frozen=True, slots=True)
class AgentFigures:
    """How far a model's agents went on one task."""

    task: str
    model: str
    n: int
    """Samples (times repeats) that came to an end."""
    steps: float | None
    """Requests a sample that came to an end, on average. None: none did."""
    most_steps: int | None
    calls: float | None
    """Calls a sample that came to an end, on average."""
    failed_calls: int
    """Calls that were refused, of all."""
    at_limit: int
    """Samples that a limit of the suite ended."""
    off_record: int = 0
    """Samples that ended with a call that was never recorded, beside those that came to an end."""

    @property
    def at_limit_share(self) -> float | None:
        """Share of the samples that came to an end that a limit ended. None: none came to an end."""
        return self.at_limit / self.n if self.n else None

    @property
    def off_record_share(self) -> float:
        """Share of the samples that left the record, of these and those that came to an end."""
        return self.off_record / (self.n + self.off_record)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One sample of one model: its answer, or an agent's steps. Seconds and US dollars; None: not known."""

    task: str
    sample_id: str
    model: str
    repeat: int
    outcome: str
    score: float | None
    reason: str | None
    error: str | None
    total_s: float | None
    cost_usd: Decimal | None
    cached: bool
    request: str
    """What the user asked."""
    answer: str | None
    """What was said last, with the calls that were made."""
    extracted: str | None
    target: str | None
    trace: str | None
    """The trace that an application named: an id, an address, or a tree as JSON."""
    steps: tuple[AgentStep, ...]
    """Empty where it is no agent's."""


def has_agents(facts: RunFacts) -> bool:
    """Whether a task of the run has an environment."""
    return any("environment" in told.identity.root for told in (facts.tasks or {}).values())


def agent_figures(folder: Path) -> list[AgentFigures]:
    """By task and model, in their order of name; empty where no agent came to an end or left the record. Raises
    StoreError."""
    with queries.connect([folder], texts=False) as con:
        found = con.execute(
            """select task, model, count(parts['at_limit']), avg(parts['steps']), max(parts['steps']),
                      avg(parts['calls']), sum(parts['failed_calls']), sum(parts['at_limit']),
                      count(*) filter (error_kind = ?)
               from rows
               where (parts['steps'] is not null and parts['at_limit'] is not null) or error_kind = ?
               group by task, model order by task, model""",
            [OFF_RECORD, OFF_RECORD],
        ).fetchall()
    return [
        AgentFigures(
            task,
            model,
            int(n),
            None if steps is None else float(steps),
            None if most is None else int(most),
            float(calls or 0) if n else None,
            int(failed or 0),
            int(at_limit or 0),
            int(left),
        )
        for task, model, n, steps, most, calls, failed, at_limit, left in found
    ]


def trajectories(folder: Path, sample_id: str) -> list[Trajectory]:
    """How every model answered a sample, by task, model and repeat; at most SHOWN.

    Raises UserError where no sample has this id, StoreError for damaged rows.
    """
    keyed = "model, task, sample_digest, occurrence, repeat"
    with queries.connect([folder]) as con:
        cursor = con.execute(
            f"""select task, sample_id, model, repeat, r.outcome, score, reason, error, total_s, cost_usd, cached,
                       prompt, text, calls, extracted, target, raw_usage, steps
                from rows r join texts using ({keyed}) where sample_id = ?
                order by task, model, repeat limit {SHOWN}""",
            [sample_id],
        )
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    if not rows:
        raise UserError(f"{folder} has no sample {sample_id!r:.80}. `evalkit export` lists the ids of all samples.")
    return [_trajectory(folder, row) for row in rows]


def steps_of(written: str | None, folder: Path | str) -> tuple[AgentStep, ...] | None:
    """The steps of a row as they are stored; None for a row that is no agent's. Raises StoreError for what are none."""
    if written is None:
        return None
    try:
        return read_steps(orjson.loads(written))
    except (ValueError, TypeError) as error:
        told = f"{folder} holds steps that cannot be read ({error}). Restore its files."
        raise StoreError(told, Path(folder)) from error


def _trajectory(folder: Path, row: Mapping[str, object]) -> Trajectory:
    told = dict(row)
    prompt, steps = told.pop("prompt"), steps_of(cast("str | None", told.pop("steps")), folder)
    told["trace"] = trace_of(cast("str | None", told.pop("raw_usage")))
    told["request"] = _request(str(prompt or "[]"))
    told["answer"] = transcript(cast("str | None", told.pop("text")), calls_of(cast("str | None", told.pop("calls"))))
    return Trajectory(**told, steps=steps or ())  # type: ignore[arg-type]  # the columns of the query


def _request(written: str) -> str:
    """The last thing that the user said before the agent began; "" where it cannot be read."""
    try:
        said = [one.text for one in messages_of(written) if one.role == "user"]
    except StoreError:
        return ""
    return said[-1] if said else ""
