"""The `gate:` of a suite file: what a candidate must show before it may replace the baseline.

baseline: gpt
candidates: [qwen-fp8]
rules:
  - {quality: all, margin: 0.02}
  - {cost: usd_per_1k_samples, max_ratio: 0.5}
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from evalkit.suite.schema.parts import Name, Part, Text, as_written

LATENCIES = Literal[
    "ttft_p50", "ttft_p90", "ttft_p95", "ttft_p99", "ttfr_p50", "ttfr_p95", "tpot_p50", "tpot_p95", "tpot_p99",
    "total_p50", "total_p90", "total_p95", "total_p99",
]  # fmt: skip


class RuleEntry(Part):
    """One condition that a candidate must meet: exactly one of quality, cost, latency, rate, with its limit."""

    quality: Text | None = None
    """all (pooled over samples), the name of a task, or a slice of one: refunds/language=de."""
    cost: Literal["usd_per_sample", "usd_per_1k_samples", "usd_per_correct"] | None = None
    """usd_per_correct is shown with its interval and never decides: it needs required: false."""
    latency: LATENCIES | None = None
    rate: Literal["refused", "truncated", "unparseable", "errored"] | None = None
    margin: Annotated[float, Field(ge=0, lt=1)] | None = None
    """quality: how much worse the candidate may be, in score units."""
    scope: Literal["population", "suite"] | None = None
    """quality: does the claim hold for items like these (population, the default), or for these very items?"""
    tail: Literal["strict", "smooth"] | None = None
    """quality of graded scores: count with rare collapses that did not show (strict, the default), or not (smooth).
    cost: the same for answers as dear as the output limit allows."""
    max_ratio: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """cost, latency: candidate over baseline."""
    max_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """latency: seconds."""
    max_usd: Annotated[Decimal, as_written, Field(gt=0)] | None = None
    """cost: US dollars."""
    max_increase: Annotated[float, Field(ge=0, lt=1)] | None = None
    """rate: candidate minus baseline; below 1, or nothing could break it."""
    max_rate: Annotated[float, Field(ge=0, lt=1)] | None = None
    """rate: of the candidate alone; below 1, or nothing could break it."""
    required: bool = True
    """false: shown, but not part of the verdict."""


class ScanEntry(Part):
    """Look at every task and slice for a collapse."""

    margin: Annotated[float, Field(gt=0, lt=1)]
    """A loss beyond this anywhere fails, in score units."""


class GateEntry(Part):
    """What a candidate must show before it may replace the baseline."""

    baseline: Text
    """A model of this suite, or a promoted one: baseline@NAME."""
    candidates: Annotated[tuple[Name, ...], Field(strict=False, min_length=1)]
    rules: Annotated[tuple[RuleEntry, ...], Field(strict=False, min_length=1)]
    scan: ScanEntry | None = None
    """None: no scan."""
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    """Accepted probability of a wrong pass, and apart from it of a wrong fail, for each rule."""
    on_inconclusive: Literal["fail", "pass", "warn"] = "fail"
    """What too little evidence does to the command: fail (exit 3), warn or pass (exit 0). The verdict stays
    inconclusive, and what could not be measured at all (an unknown price) is exit 3 whatever stands here."""
    early_stop: Literal["curtail", "save", "off"] = "curtail"
    """`run --gate` stops when the verdict is settled: curtail (no power lost), save (a third fewer items, some 3 points
    of power lost), or off."""
