"""An agent's steps as plain JSON values, in journals, in `texts-*.parquet` and in the log of open steps.

    {"text": "", "started_at": 1763632915.2, "calls": [["find_parcel", "{\\"id\\": \\"P-1\\"}"]],
     "results": [["{\\"status\\": \\"lost\\"}", false]], "total_s": 0.8, "input_tokens": 412, "cost_usd": "0.00031"}

As in a row's line, fields at their default are left out and money travels as a string.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from evalkit.records import AgentStep, ToolCall, ToolResult
from evalkit.store.row_kinds import MOST_STEPS, drop_odd_counts, odd_step

_PLAIN = tuple(f.name for f in fields(AgentStep) if f.name not in {"calls", "results", "cost_usd", "dropped"})
_DEFAULTS = {f.name: f.default for f in fields(AgentStep)}


def step_record(step: AgentStep) -> dict[str, object]:
    """The step as JSON has it."""
    record: dict[str, object] = {
        name: value for name in _PLAIN if (value := getattr(step, name)) != _DEFAULTS[name] or name == "text"
    }
    if step.calls:
        record["calls"] = [(call.name, call.arguments) for call in step.calls]
    if step.results:
        record["results"] = [
            (one.text, one.failed) if one.total_s is None else (one.text, one.failed, one.total_s)
            for one in step.results
        ]
    if step.cost_usd is not None:
        record["cost_usd"] = str(step.cost_usd)
    if step.dropped:
        record["dropped"] = list(step.dropped)
    return record


def read_step(record: Mapping[str, object]) -> AgentStep:
    """The step back. Raises ValueError for what `step_record` did not write."""
    plain: dict[str, Any] = dict(record)
    drop_odd_counts(plain)
    if (odd := odd_step(plain)) is not None:
        raise ValueError(f"not a step of this version of evalkit: {odd} is none")
    calls, results, cost = plain.pop("calls", ()), plain.pop("results", ()), plain.pop("cost_usd", None)
    return AgentStep(
        calls=tuple(ToolCall(*call) for call in calls),
        results=tuple(ToolResult(*result) for result in results),
        cost_usd=None if cost is None else Decimal(cost),
        dropped=tuple(plain.pop("dropped", ())),
        **plain,
    )


def step_records(steps: Sequence[AgentStep] | None) -> list[dict[str, object]] | None:
    """All steps of a row; None for a row that is no agent's."""
    return None if steps is None else [step_record(step) for step in steps]


def read_steps(records: object) -> tuple[AgentStep, ...] | None:
    """The steps back; None for None. Raises ValueError for what `step_records` did not write."""
    if records is None:
        return None
    fine = isinstance(records, list) and len(records) <= MOST_STEPS and all(isinstance(one, dict) for one in records)
    if not isinstance(records, list) or not fine:
        raise ValueError("not the steps of this version of evalkit")
    return tuple(read_step(record) for record in records)
