"""The parts of pipelines in a stored run: what each was billed, how long it took, how often it blocked.

    found = read_stages(folder)                       # None: the run has no pipeline
    found["guarded"][0]                               # StageFigures(model="guard", role="before", n=30, blocked=2, ...)

Answers that errored have no stages. Bills and times add up to those of the pipeline's rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import orjson

from evalkit.errors import StoreError
from evalkit.records import Stage
from evalkit.results.facts import read_facts
from evalkit.store import queries, stage_codec

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class StageFigures:
    """One part of a pipeline over all of its answers."""

    model: str
    """The suite's name for the part."""
    role: str
    """before, model or behind."""
    n: int
    """Answers for which it was asked."""
    blocked: int
    """Of them, those that it blocked."""
    cost_usd: Decimal | None
    """What it was billed for all of them, cached answers included. None: not known for some."""
    known_usd: Decimal
    """As far as it is known."""
    input_tokens: int | None
    """None: not known for some."""
    output_tokens: int | None
    total_p50_s: float | None
    """Median time of one request in seconds, of those that were asked in this run. None: there are none."""
    total_p95_s: float | None

    def as_json(self) -> dict[str, object]:
        """Plain values; null is not known. Money as exact texts."""
        return {
            "model": self.model,
            "role": self.role,
            "n": self.n,
            "blocked": self.blocked,
            "cost_usd": None if self.cost_usd is None else format(self.cost_usd, "f"),
            "known_usd": format(self.known_usd, "f"),
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "total_s": {"p50": self.total_p50_s, "p95": self.total_p95_s},
        }


@dataclass(slots=True)
class _Sums:
    n: int = 0
    blocked: int = 0
    known_usd: Decimal = Decimal(0)
    n_unpriced: int = 0
    tokens: dict[str, int | None] = field(default_factory=lambda: {"input": 0, "output": 0})
    seconds: list[float] = field(default_factory=list)

    def add(self, stage: Stage, *, timed: bool) -> None:
        self.n += 1
        self.blocked += stage.blocked
        if stage.cost_usd is None:
            self.n_unpriced += 1
        else:
            self.known_usd += stage.cost_usd
        for name, before in self.tokens.items():
            count = None if stage.usage is None else getattr(stage.usage, name)
            self.tokens[name] = None if before is None or count is None else before + count
        if timed:
            self.seconds.append(stage.timing.total_s)


def read_stages(folder: Path) -> dict[str, tuple[StageFigures, ...]] | None:
    """By pipeline its parts, in the order in which they are asked; None where the run has no pipeline.

    Raises StoreError.
    """
    pipelines = [name for name, told in (read_facts(folder).models or {}).items() if told.parts]
    if not pipelines:
        return None
    sums: defaultdict[str, dict[tuple[str, str], _Sums]] = defaultdict(dict)
    marks = ", ".join("?" for _ in pipelines)
    with queries.connect([folder]) as con:
        cursor = con.execute(
            "select t.model, t.stages, r.cached from texts t join rows r using "
            "(model, task, sample_digest, occurrence, repeat) "
            f"where t.model in ({marks}) and t.stages is not null",
            pipelines,
        )
        while chunk := cursor.fetchmany(_CHUNK):
            for model, written, cached in chunk:
                for stage in stages_in(written, folder):
                    one = sums[model].setdefault((stage.role, stage.model), _Sums())
                    one.add(stage, timed=not cached)
    return {name: tuple(_figures(sums[name])) for name in pipelines if name in sums}


def stages_in(written: str, folder: Path) -> tuple[Stage, ...]:
    """The parts of one answer, from the column `stages`. Raises StoreError."""
    try:
        stages = orjson.loads(written)
        if not stage_codec.fits(stages):
            raise ValueError("no parts of a pipeline")  # noqa: TRY301
        return stage_codec.from_json(stages)
    except ValueError as error:
        raise StoreError(f"{folder}: a row holds parts of a pipeline that evalkit did not write.", folder) from error


def _figures(sums: Mapping[tuple[str, str], _Sums]) -> Iterable[StageFigures]:
    order = ("before", "model", "behind")
    for (role, model), one in sorted(sums.items(), key=lambda item: order.index(item[0][0])):
        yield StageFigures(
            model,
            role,
            one.n,
            one.blocked,
            None if one.n_unpriced else one.known_usd,
            one.known_usd,
            one.tokens["input"],
            one.tokens["output"],
            _quantile(one.seconds, 0.5),
            _quantile(one.seconds, 0.95),
        )


def _quantile(seconds: list[float], share: float) -> float | None:
    import numpy as np

    return float(np.quantile(seconds, share)) if seconds else None
