"""Summaries as tests read them: the JSON of the records, and records from a few figures."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.facts import ModelSummary, Summary, TaskSummary
from evalkit.records import Outcome
from evalkit.render import comparison, terminal
from evalkit.stats.scores import Floats
from evalkit.stats.traffic import Design, TrafficEstimate, weighted_mean
from evalkit.store import summary


def summarise(folder: Path) -> dict[str, Any]:
    """The figures of a run as summary.json has them."""
    return summary.summarise(folder).as_json()


def read_summary(folder: Path) -> dict[str, Any]:
    """The stored figures as summary.json has them."""
    return summary.read_summary(folder).as_json()


def write_summary(folder: Path) -> dict[str, Any]:
    """What was written, as summary.json has it."""
    return summary.write_summary(folder).as_json()


def as_summary(told: dict[str, Any]) -> Summary:
    """The record of a summary that says only what a test is about."""
    models = {name: as_model(model) for name, model in told["models"].items()}
    rest: dict[str, Any] = {"schema_version": 2, "run": "r", "suite": None, "n_rows": 0, "sealed_parts": ()}
    return Summary.model_construct(**{**rest, **told, "models": models})  # names may be halves of surrogate pairs


def as_model(told: dict[str, Any]) -> ModelSummary:
    """The record of one model's figures."""
    tasks = {name: _filled(cell) for name, cell in told["tasks"].items()}
    return ModelSummary.model_construct(all=_filled(told["all"]), tasks=tasks)


def render_summary(told: dict[str, Any], **options: Any) -> None:
    """What `show` prints of these figures."""
    terminal.render_summary(as_summary(told), **options)


def render_slices(told: dict[str, Any], **options: Any) -> None:
    """What `show --slices` prints of these figures."""
    terminal.render_slices(as_summary(told), **options)


def render_comparison(a: dict[str, Any], b: dict[str, Any], **options: Any) -> None:
    """What `compare` prints of these two models' figures."""
    comparison.render_comparison(as_model(a), as_model(b), **options)


def _filled(cell: dict[str, Any]) -> TaskSummary:
    """The figures with those that the test does not care about as unknown."""
    quality = {"interval": None}
    times = {"tpot_s": {"p50": None, "p95": None}, "queue_s_mean": None, "retry_s_mean": None, "n_retried": 0}
    slices = {
        name: {**one, "outcomes": dict.fromkeys(map(str, Outcome), 0) | one["outcomes"],
               "quality": quality | one["quality"]}
        for name, one in cell.get("slices", {}).items()
    }  # fmt: skip
    tokens = dict.fromkeys(("input", "output", "reasoning", "cache_read"))
    return TaskSummary.model_validate(
        {
            "n_samples": cell["n"],
            "n_answered": cell["n"],
            "tokens": tokens,
            **cell,
            "slices": slices,
            "outcomes": dict.fromkeys(map(str, Outcome), 0) | cell["outcomes"],
            "quality": quality | cell["quality"],
            "quality_failures_wrong": quality | cell["quality_failures_wrong"],
            "latency": times | cell["latency"],
        }
    )


def mean_of(
    values: Sequence[float] | Floats,
    weights: Sequence[float] | Floats,
    strata: Sequence[Hashable] | None = None,
    clusters: Sequence[Hashable] | None = None,
) -> TrafficEstimate:
    """The weighted mean of such samples with its interval."""
    array = np.asarray(values, dtype=np.float64)
    return weighted_mean(array, Design.of(array.size, weights, strata, clusters))
