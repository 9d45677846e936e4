"""The answers of a run as a bill and derived figures need them: numbers of rows, without their texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from evalkit.cost.derived import Marked
from evalkit.cost.run_bill import BilledAnswer
from evalkit.records import AgentStep, Outcome, Usage
from evalkit.results.stages import stages_in
from evalkit.results.trajectories import steps_of
from evalkit.store import queries
from evalkit.store.parts import KEY_COLUMNS
from evalkit.store.row_kinds import LATEST

COUNT_COLUMNS = {
    "input": "input_tokens",
    "cache_read": "cache_read_tokens",
    "cache_write_5m": "cache_write_5m_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "cache_write_other": "cache_write_other_tokens",
    "output": "output_tokens",
}
"""Field of `Usage` -> where a row, or a step of an agent, has it."""
_COLUMNS = (
    *("model", "task", "sample_digest", "occurrence", "cluster", "weight", "stratum", "outcome", "score"),
    *(
        "started_at",
        "cached",
        "attempts",
        "error_kind",
        *COUNT_COLUMNS.values(),
        "reasoning_tokens",
        "reasoning_estimated",
    ),
    *("service_tier", "billed_beside", "cost_usd", "spend_usd"),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as the bill and the derived figures need it."""

    answer: BilledAnswer
    marked: Marked
    """Its cost is filled in later."""


def answers_of(folder: Path, pipelines: Sequence[str] = (), *, steps: bool = False) -> Iterator[Stored]:
    """Every row of a run once, numbers only; of these pipelines with what each part was billed, with `steps` also with
    those of each request of an agent.

    Raises StoreError when it cannot be read.
    """
    further = [*(["stages"] if pipelines else []), *(["steps"] if steps else [])]
    keys, columns = ", ".join(KEY_COLUMNS), [*_COLUMNS, *further]
    joined = f" left join (select {keys}, {', '.join(further)} from texts) t using ({keys})" if further else ""
    with queries.connect([folder], texts=bool(further)) as con:
        cursor = con.execute(
            f"select {', '.join(columns)} from rows{joined} order by model, task, sample_digest, repeat"
        )
        while chunk := cursor.fetchmany(200 if steps else 4_000):
            for values in chunk:
                row = dict(zip(columns, values, strict=True))
                made = _stored(row)
                if row.get("stages") is not None:
                    made = replace(made, answer=_with_parts(made.answer, row["stages"], folder))
                told = steps_of(row.get("steps"), folder)
                yield made if told is None else replace(made, answer=replace(made.answer, each=usages_of(told)))


def _with_parts(answer: BilledAnswer, written: str, folder: Path) -> BilledAnswer:
    """The answer of a pipeline with the bills of its parts."""
    made = tuple(
        BilledAnswer(
            model=stage.model,
            task=answer.task,
            usage=stage.usage or Usage(),
            started_at=answer.started_at,
            cost_usd=stage.cost_usd,
            spend_usd=Decimal(0) if answer.cached else stage.cost_usd,
            cached=answer.cached,
        )
        for stage in stages_in(written, folder)
    )
    return replace(answer, parts=made)


def _stored(row: Mapping[str, Any]) -> Stored:
    failed = row["error_kind"] is not None  # an answer that came and could not be marked was billed all the same
    answer = BilledAnswer(
        model=row["model"],
        task=row["task"],
        usage=_usage(row.__getitem__),
        started_at=at if (at := row["started_at"] or 0.0) and -LATEST < at < LATEST else 0.0,
        cost_usd=_plain(row["cost_usd"]),
        spend_usd=_plain(row["spend_usd"]),
        cached=bool(row["cached"]),
        attempts=row["attempts"] or 1,
        errored=failed,
    )
    sample = f"{row['task']}/{row['sample_digest']}/{row['occurrence']}"
    marked = Marked(
        sample,
        row["cluster"],
        cost_usd=None,
        score=None if row["outcome"] == Outcome.ERRORED else row["score"],
        graded=row["outcome"] == Outcome.SCORED,
        plain=row["outcome"] in (Outcome.RIGHT, Outcome.WRONG),
        task=row["task"],
        weight=row["weight"],
        stratum=row["stratum"],
        content=row["sample_digest"],
        occurrence=row["occurrence"] or 0,
    )
    return Stored(answer, marked)


def usages_of(steps: Sequence[AgentStep]) -> tuple[Usage, ...]:
    """What each request of an agent's sample was billed for."""
    return tuple(_usage(partial(getattr, step)) for step in steps)


def _usage(of: Callable[[str], Any]) -> Usage:
    """The usage of a row or a step, whose columns `of` gives by name. An estimate is billed nowhere."""
    counts = {field: of(column) for field, column in COUNT_COLUMNS.items()}
    return Usage(
        **counts,
        reasoning=None if of("reasoning_estimated") else of("reasoning_tokens"),
        service_tier=of("service_tier"),
        beside=(beside,) if (beside := of("billed_beside")) else (),
    )


def _plain(amount: Decimal | None) -> Decimal | None:
    """Money without the zeros that a fixed number of decimals adds."""
    if amount is None:
        return None
    short = Decimal(amount).normalize()
    return short if short.as_tuple().exponent <= 0 else short.quantize(Decimal(1))  # type: ignore[operator]
