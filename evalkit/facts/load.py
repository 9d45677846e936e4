"""What a load sweep found (`load` of its run.json): throughput and latency step by step."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from evalkit.facts.base import Float, Int, Number, StoredRecord


class EstimateFacts(StoredRecord):
    """A figure with its 95 % interval; low and high are the value itself where nothing varied."""

    value: Float
    low: Float
    high: Float


class SpreadFacts(StoredRecord):
    """How a duration is distributed over the answers of a step, in seconds."""

    n: Int
    mean: Float
    sd: Float | None = None
    """None: fewer than two values."""
    minimum: Float
    maximum: Float
    p25: Float
    p50: Float
    p75: Float
    p90: Float
    p95: Float
    p99: Float


class StepFacts(StoredRecord):
    """One step of a sweep, its warm-up left out. None: not measured, or not reported."""

    name: str
    """Like `closed 4` or `open 2.5`."""
    loop: str
    """closed: a fixed number in flight. open: a fixed rate of arrivals."""
    level: Number
    """Closed: requests in flight. Open: arrivals a second."""
    n: Int
    n_errored: Int
    error_rate: Float | None = None
    requests_per_s: EstimateFacts | None = None
    tokens_per_s: EstimateFacts | None = None
    """Input and output tokens a second."""
    input_tokens_mean: Float | None = None
    output_tokens_mean: Float | None = None
    late_s_p95: Float | None = None
    """How late the client itself was, in seconds."""
    saturated: str | None = None
    """Why the server did not keep up. None: it did."""
    ttft_s: SpreadFacts | None = None
    tpot_s: SpreadFacts | None = None
    total_s: SpreadFacts | None = None
    misses_slo: str | None = None
    """Which limit of the SLO the step misses. None: it meets it, or none is stated."""


class ServesFacts(StoredRecord):
    """The throughput that a cost may be computed from."""

    step: str
    basis: str
    """`within the SLO` (and whether the fastest rate tried met it still), or `capacity, no SLO stated`."""
    requests_per_s: EstimateFacts
    tokens_per_s: EstimateFacts
    output_tokens_per_s: Float


class LoadFacts(StoredRecord):
    """Everything that a sweep found."""

    slo: Mapping[str, Float] = {}
    """Limits in seconds, like `ttft_p95`. Empty: none stated."""
    steps: tuple[StepFacts, ...] = ()
    capacity: StepFacts | None = None
    """The closed step of the highest throughput. None: none served."""
    full_at_in_flight: Int | None = None
    """Requests in flight from which on the server is full. None: no closed step served."""
    within_slo: StepFacts | None = None
    """The open step of the highest rate within the SLO. None: none, or no SLO."""
    serves: ServesFacts | None = None
    """None: nothing was served, or tokens were not reported."""
    seconds: Number | None = None
    """Length of a step."""
    n_prompts: Int | None = None
    """Distinct prompts. None: another tool made them."""
    n_asked: Int | None = None
    """Requests sent."""
    spent_usd: Decimal | None = None
    """Dollars. None: no cap was set, and only a cap counts."""
    notes: tuple[str, ...] = ()
