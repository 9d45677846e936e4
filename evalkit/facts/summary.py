"""The record of summary.json: the figures of a run by model, task and slice. An unknown figure is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping

from evalkit.facts.base import Float, Int, Record

SCHEMA_VERSION = 2
"""2: `served`, the versions that each model was served as. Older summaries are computed anew when they are read."""


class Quality(Record):
    """Mean score over samples, each the mean of its repeats, with a 95 % interval, in score units (0 to 1)."""

    mean: Float | None
    """None: nothing is scored."""
    low: Float | None
    high: Float | None
    n: Int
    """Samples with a score."""
    interval: str | None
    """wilson, clustered or t. None: no interval can be given."""


class CostFigures(Record):
    """US dollars. One answer of unknown cost makes a total unknown."""

    total_usd: Float | None
    known_usd: Float
    n_unknown: Int
    """Answers of unknown cost."""
    usd_per_1k_samples: Float | None
    usd_per_correct: Float | None
    """Per answer of score 1. None: unknown, none is right, or scores are graded."""
    spend_usd: Float | None
    """What this run paid itself, answers from the cache 0."""


class TwoQuantiles(Record):
    """Seconds. None: nothing was measured."""

    p50: Float | None
    p95: Float | None


class ThreeQuantiles(TwoQuantiles):
    """With the 99th percentile."""

    p99: Float | None


class LatencyFigures(Record):
    """Times of answers that were really waited for: neither from the cache nor errors."""

    n_measured: Int
    ttft_s: TwoQuantiles
    tpot_s: TwoQuantiles
    total_s: ThreeQuantiles
    output_tokens_per_s: Float | None
    """Median over requests of output tokens by total time."""
    queue_s_mean: Float | None
    retry_s_mean: Float | None
    n_retried: Int


class TokenFigures(Record):
    """Sums over answers. None: some answer did not report it."""

    input: Int | None
    output: Int | None
    reasoning: Int | None
    cache_read: Int | None


class SliceFigures(Record):
    """A slice of one task."""

    n: Int
    """Rows."""
    outcomes: Mapping[str, Int]
    """By outcome: rows."""
    quality: Quality


class SpreadOverOrders(Record):
    """How far the mean moves with the order of the options (`permute`)."""

    low: Float
    low_at: str
    high: Float
    high_at: str
    n: Int
    """Orders, or positions of the right option."""


class Figures(Record):
    """Every figure of some rows of one model."""

    n: Int
    """Rows."""
    n_samples: Int
    n_answered: Int
    n_unscored: Int
    """Answers that could not be scored."""
    outcomes: Mapping[str, Int]
    """By outcome: rows."""
    quality: Quality
    """Over what was answered."""
    quality_failures_wrong: Quality
    """With errors as wrong."""
    cost: CostFigures
    latency: LatencyFigures
    tokens: TokenFigures
    cached_share: Float | None
    """Share of answers from the cache. None: no answer came."""


class TaskSummary(Figures):
    """The figures of one task, or of all tasks together, which have no slices unless there is only one."""

    slices: Mapping[str, SliceFigures] = {}
    """By `field=value`."""
    spread: Mapping[str, SpreadOverOrders] | None = None
    """By slice of `permute`. None: its options are not permuted."""


class ModelSummary(Record):
    """The figures of one model (or one judge)."""

    all: TaskSummary
    """Over all tasks together."""
    tasks: Mapping[str, TaskSummary]
    served: tuple[str, ...] = ()
    """Model versions that the provider says answered."""


class Summary(Record):
    """summary.json."""

    schema_version: Int
    run: str
    """Name of the run folder when it was written."""
    suite: str | None
    n_rows: Int
    """Rows, each key once."""
    sealed_parts: tuple[Int, ...]
    """Numbers of the parts that the figures are computed from."""
    models: Mapping[str, ModelSummary]
