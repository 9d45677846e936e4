"""The record of summary.json: the figures of a run by model, task and slice. An unknown figure is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from evalkit.facts.base import Count, Float, Int, StoredRecord
from evalkit.records import Outcome

SCHEMA_VERSION = 4
"""2: `served`, the versions that each model was served as. 3: many copies of a sample are one cluster. 4: a
task of graded scores has no cost per correct answer for any model. Older summaries are computed anew when read."""


def _every_outcome(counts: Mapping[str, int]) -> Mapping[str, int]:
    missing = [outcome.value for outcome in Outcome if outcome.value not in counts]
    if missing:
        raise ValueError(f"Input should count {', '.join(missing)} too")
    return counts


Outcomes = Annotated[Mapping[str, Count], AfterValidator(_every_outcome)]
"""Rows by outcome; every outcome is named."""


class Quality(StoredRecord):
    """Mean score over samples, each the mean of its repeats, with a 95 % interval, in score units (0 to 1).

    Samples with a `weight` count as the requests that they stand for."""

    mean: Float | None
    """None: nothing is scored."""
    low: Float | None
    high: Float | None
    n: Count
    """Samples with a score."""
    interval: str | None
    """wilson, clustered, t or weighted. None: no interval can be given."""

    def without_interval(self) -> Quality:
        """The mean alone: of a model that a gate stopped early, where an interval for a fixed number would not hold."""
        return self.model_copy(update=dict.fromkeys(("low", "high", "interval")))


class CostFigures(StoredRecord):
    """US dollars. One answer of unknown cost makes a total unknown."""

    total_usd: Float | None
    known_usd: Float
    n_unknown: Count
    """Answers of unknown cost."""
    usd_per_1k_samples: Float | None
    usd_per_correct: Float | None
    """Per answer of score 1. None: unknown, none is right, or scores are graded."""
    spend_usd: Float | None
    """What this run paid itself, answers from the cache or from a file 0."""


class TwoQuantiles(StoredRecord):
    """Seconds. None: nothing was measured."""

    p50: Float | None
    p95: Float | None


class ThreeQuantiles(TwoQuantiles):
    """With the 99th percentile."""

    p99: Float | None


class LatencyFigures(StoredRecord):
    """Times of answers that were really waited for: neither from the cache nor errors."""

    n_measured: Count
    ttft_s: TwoQuantiles
    tpot_s: TwoQuantiles
    total_s: ThreeQuantiles
    output_tokens_per_s: Float | None
    """Median over requests of output tokens by total time."""
    queue_s_mean: Float | None
    retry_s_mean: Float | None
    n_retried: Count


class FigureInterval(StoredRecord):
    """A figure with its 95 % interval."""

    value: Float
    low: Float | None
    """None: unbounded, or no interval can be given."""
    high: Float | None


class TrafficFigures(StoredRecord):
    """What a sample of a log says of the log: every sample counts as the requests that it stands for (`weight`)."""

    n_requests: Float
    """The sum of the samples' weights."""
    k_eff: Float
    """How many equally weighted samples would tell as much."""
    heaviest: Float
    """The share of the requests that one sample, or cluster of samples, stands for: at most 1."""
    usd_per_1k_requests: FigureInterval | None
    """None: what some answer cost is unknown."""
    usd_per_correct: FigureInterval | None = None
    """Dollars a right answer. None: as above, or "correct" has no meaning there, or no answer is right. Runs of before
    2026-12 do not have it."""
    ttft_p50_s: FigureInterval | None
    """Seconds, as the next three. None: nothing was measured."""
    ttft_p95_s: FigureInterval | None
    total_p50_s: FigureInterval | None
    total_p95_s: FigureInterval | None


class TokenFigures(StoredRecord):
    """Sums over answers. None: some answer did not report it."""

    input: Count | None
    output: Count | None
    reasoning: Count | None
    cache_read: Count | None
    per_answer: Float | None = None
    """Mean of input and output together; of the traffic where samples are weighted."""


class SliceFigures(StoredRecord):
    """A slice of one task."""

    n: Count
    """Rows."""
    outcomes: Outcomes
    """By outcome: rows."""
    quality: Quality


class SpreadOverOrders(StoredRecord):
    """How far the mean moves with the order of the options (`permute`)."""

    low: Float
    low_at: str
    high: Float
    high_at: str
    n: Count
    """Orders, or positions of the right option."""


class Figures(StoredRecord):
    """Every figure of some rows of one model."""

    n: Count
    """Rows."""
    n_samples: Count
    n_answered: Count
    n_unscored: Count
    """Answers that could not be scored."""
    n_unmarked: Count = 0
    """Answers that came and have no score: their judges have not spoken, or nobody could score them. Among the outcomes
    they count as errored."""
    outcomes: Outcomes
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

    @property
    def n_failed(self) -> int:
        """Requests that brought no answer."""
        return max(0, self.outcomes.get("errored", 0) - self.n_unmarked)


class TaskSummary(Figures):
    """The figures of one task, or of all tasks together, which have no slices unless there is only one."""

    slices: Mapping[str, SliceFigures] = {}
    """By `field=value`."""
    spread: Mapping[str, SpreadOverOrders] | None = None
    """By slice of `permute`. None: its options are not permuted."""
    traffic: TrafficFigures | None = None
    """Of all tasks together, too. None: samples (of some task) are not weighted."""


class ModelSummary(StoredRecord):
    """The figures of one model (or one judge)."""

    all: TaskSummary
    """Over all tasks together."""
    tasks: Mapping[str, TaskSummary]
    served: tuple[str, ...] = ()
    """Model versions that the provider says answered."""

    @model_validator(mode="after")
    def _tasks_are_whole(self) -> Self:
        if any("slices" not in task.model_fields_set for task in self.tasks.values()):
            raise ValueError("Input should have the slices of every task")
        return self


class Summary(StoredRecord):
    """summary.json."""

    schema_version: Int
    run: str
    """Name of the run folder when it was written."""
    suite: str | None
    n_rows: Count
    """Rows, each key once."""
    sealed_parts: tuple[Count, ...]
    """Numbers of the parts that the figures are computed from."""
    models: Mapping[str, ModelSummary]
