"""What a pipeline costs: the prices of its parts, the worst case of a request, and what a plan expects of each part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from evalkit.adapters.base import Adapter
from evalkit.engine.budget import most_output
from evalkit.engine.pipelines import PipelineAdapter
from evalkit.engine.work import PlannedModel
from evalkit.records import Usage

BYTES_OF_A_TOKEN = 16
"""Of an answer that a guard behind reads: more than any prose has."""


def priced_pipeline(adapter: PipelineAdapter, parts: Mapping[str, PlannedModel]) -> PlannedModel:
    """The pipeline with the prices of its parts, which are given by their names."""
    main = parts[adapter.parts["model"].spec.name]
    guards = [(role, parts[one.spec.name]) for role, one in adapter.parts.items() if role != "model"]

    def worst(n_bytes: int, limit: int | None) -> Decimal | None:
        total = _worst(main, n_bytes, limit)
        for role, guard in guards:
            shown = adapter.most_shown(role, n_bytes + (BYTES_OF_A_TOKEN * (limit or 0) if role == "behind" else 0))
            own = _worst(guard, shown, most_output(guard.adapter.spec.settings))
            total = None if total is None or own is None else total + own
        return total

    own = {one.name: one for one in (main, *(guard for _, guard in guards))}
    return PlannedModel(adapter.spec.name, adapter, _only_by_parts, worst, parts=own)


def _worst(part: PlannedModel, n_bytes: int, limit: int | None) -> Decimal | None:
    """The most that this run pays a part for one request; nothing where its answers are read from a file."""
    return Decimal(0) if part.asks_nobody else part.worst_case(n_bytes, limit)


def _only_by_parts(usage: Usage | None, served: str | None, at: datetime) -> Decimal | None:
    return None


def parts_expected(
    model: PlannedModel, given: float, made: float | None
) -> Iterator[tuple[PlannedModel, tuple[float, float | None]]]:
    """(part, (tokens that it reads, tokens that it makes)) of a pipeline whose model reads and makes so many.

    A guard reads what it guards, and makes at most its own limit; None where it has none, or the answer is unknown.
    """
    if not isinstance(model.adapter, PipelineAdapter):
        return
    for role, adapter in model.adapter.parts.items():
        part = model.parts[adapter.spec.name]
        if role == "model":
            yield part, (given, made)
        elif role == "behind":
            yield part, (made or 0.0, None if made is None else _limit_of(adapter))
        else:
            yield part, (given, _limit_of(adapter))


def _limit_of(guard: Adapter) -> float | None:
    limit = guard.spec.settings.max_output_tokens
    return None if limit is None else float(limit)
