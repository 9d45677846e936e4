"""The distribution of a duration over the requests that brought an answer: percentiles, mean, spread, and how many not.

    distribution([0.21, 0.35, None])   # one request had no such time: n = 2

Percentiles interpolate linearly between order statistics (Hyndman & Fan 1996, type 7; numpy's and pandas' default).
A failed request has no latency: it is left out and counted, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

PERCENTS = (25, 50, 75, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Seconds, unless the values were something else. `sd` is the sample standard deviation; None below two values."""

    n: int
    mean: float
    sd: float | None
    minimum: float
    maximum: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float
    p99: float

    def as_facts(self) -> dict[str, float | int | None]:
        """As JSON."""
        return asdict(self)


def distribution(values: Iterable[float | None]) -> Distribution | None:
    """Of the known, finite values; None where there is none."""
    known = sorted(value for value in values if value is not None and math.isfinite(value))
    if not known:
        return None
    n = len(known)
    mean = math.fsum(known) / n
    sd = math.sqrt(math.fsum((value - mean) ** 2 for value in known) / (n - 1)) if n > 1 else None
    return Distribution(n, mean, sd, known[0], known[-1], *(percentile(known, p / 100) for p in PERCENTS))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of the ordered values lie. Raises ValueError for none, or a share not in [0, 1]."""
    if not ordered or not 0 <= share <= 1:
        raise ValueError(f"a percentile needs values and a share in [0, 1], not {len(ordered)} and {share}")
    at = (len(ordered) - 1) * share
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def error_rate(errored: Iterable[bool]) -> float | None:
    """Share of requests that brought no answer; None of none."""
    flags = list(errored)
    return sum(flags) / len(flags) if flags else None
