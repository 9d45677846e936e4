"""Percentiles of latency: is the candidate's p95 at most r times the baseline's, or below so many seconds?

    latency_ratio(baseline_s, candidate_s, 0.95, max_ratio=1.2, alpha=0.05)
    latency_limit(candidate_s, 0.95, max_s=1.0, alpha=0.05)

A percentile moves when answers cross it, so crossings are what is tested. For a ratio: which items are slower than the
baseline's percentile q, and which of the candidate's slower than r × q; paired right/wrong data, for the exact paired
test at margin 0. For a limit: how many answers are slower, against the binomial law. No resampling, no normal tails.
Both sides of a ratio must have been measured interleaved, in one run at one load; that is the caller's to see to.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from evalkit.stats import exact
from evalkit.stats.scores import Floats, check_alpha, read
from evalkit.stats.verdict import LimitDecision, Verdict

FEW = 10
"""Fewer answers than this beyond the percentile: the verdict holds, but only gross differences are ever seen."""


def latency_ratio(
    baseline_s: Any, candidate_s: Any, quantile: float, max_ratio: float, alpha: float = 0.05
) -> LimitDecision:
    """Whether the candidate's latency quantile is at most `max_ratio` times the baseline's, item by item.

    Raises ValueError for unequal, absent, zero or negative durations.
    """
    first, second = _durations(baseline_s, "baseline"), _durations(candidate_s, "candidate")
    if first.size != second.size:
        raise ValueError(f"latencies are compared item by item: there are {first.size} and {second.size}")
    check_alpha(alpha)
    _check_quantile(quantile)
    if not (math.isfinite(max_ratio) and max_ratio > 0):
        raise ValueError(f"max_ratio is a positive number like 1.2, not {max_ratio}")
    q = float(np.quantile(first, quantile))
    slow = first > q

    def p_values(ratio: float) -> tuple[float, float]:
        slower = second > ratio * q * (1 + 1e-12)  # a latency divided by q and multiplied again is still itself
        wins, losses = int((slow & ~slower).sum()), int((slower & ~slow).sum())
        return _paired(wins, losses, first.size), _paired(losses, wins, first.size)

    p_pass, p_fail = p_values(max_ratio)
    verdict = _verdict(p_pass, p_fail, alpha)
    # Between two neighbouring candidate latencies nothing changes, so those are the only ratios to try.
    ratios = np.unique(second) / q
    high = _first(ratios, lambda r: p_values(r)[0] <= alpha)
    low = _last(ratios, lambda r: p_values(r * (1 - 1e-9))[1] <= alpha)
    if verdict is Verdict.PASS:
        high = max_ratio if high is None else min(high, max_ratio)
    if verdict is Verdict.FAIL:
        low = max_ratio if low is None else max(low, max_ratio)
    return LimitDecision(
        verdict,
        float(np.quantile(second, quantile)) / q,
        max_ratio,
        alpha,
        low,
        high,
        p_pass,
        p_fail,
        "paired exceedance test",
        first.size,
        _notes(first.size, quantile),
    )


def latency_limit(latencies_s: Any, quantile: float, max_s: float, alpha: float = 0.05) -> LimitDecision:
    """Whether a latency quantile is at most `max_s` seconds. Raises ValueError as `latency_ratio` does."""
    values = np.sort(_durations(latencies_s, "latency"))
    check_alpha(alpha)
    _check_quantile(quantile)
    if not (math.isfinite(max_s) and max_s > 0):
        raise ValueError(f"max_s is a positive number of seconds, not {max_s}")
    n = values.size
    at_most = _binomial_cdf(n, 1 - quantile)  # P(at most k of n answers are slower than the true quantile)
    slower = int((values > max_s).sum())
    p_pass = float(at_most[slower])
    p_fail = 1.0 if slower == 0 else 1 - float(at_most[slower - 1])
    # Order statistics: so many of the slowest may be set aside while the rest still shows the bound.
    aside = int((at_most <= alpha).sum()) - 1
    kept = int((1 - at_most[:-1] <= alpha).sum())
    high = float(values[n - 1 - aside]) if aside >= 0 else None
    low = float(values[kept - 1]) if kept > 0 else None
    return LimitDecision(
        _verdict(p_pass, p_fail, alpha),
        float(np.quantile(values, quantile)),
        max_s,
        alpha,
        low,
        high,
        p_pass,
        p_fail,
        "binomial test of the percentile",
        n,
        _notes(n, quantile),
    )


def _paired(wins: int, losses: int, n: int) -> float:
    return exact.p_value(wins, losses, n, 0.0)


def _verdict(p_pass: float, p_fail: float, alpha: float) -> Verdict:
    if p_pass <= alpha:
        return Verdict.PASS
    return Verdict.FAIL if p_fail <= alpha else Verdict.INCONCLUSIVE


def _first(values: Floats, holds: Any) -> float | None:
    """The smallest of sorted values for which a test holds that, once it holds, keeps holding; None: it never does."""
    low, high = 0, values.size
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(float(values[middle])) else (middle + 1, high)
    return float(values[low]) if low < values.size else None


def _last(values: Floats, holds: Any) -> float | None:
    """The largest of sorted values for which a test holds that stops holding at some point; None: it never does."""
    low, high = 0, values.size
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if holds(float(values[middle])) else (low, middle)
    return float(values[low - 1]) if low else None


def _binomial_cdf(n: int, p: float) -> Floats:
    k = np.arange(n + 1)
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))))
    law = np.exp(logs[n] - logs[k] - logs[n - k] + k * math.log(p) + (n - k) * math.log1p(-p))
    return np.asarray(np.minimum(np.cumsum(law), 1.0))


def _durations(values: Any, name: str) -> Floats:
    array = read(values, name)
    if not array.size:
        raise ValueError(f"there are no {name} durations: cached and failed answers have none")
    if (array <= 0).any():
        raise ValueError(f"{name} duration {int((array <= 0).argmax())} is not positive: leave unmeasured answers out")
    return array


def _check_quantile(quantile: float) -> None:
    if not 0 < quantile < 1:
        raise ValueError(f"a quantile lies between 0 and 1, like 0.95, not {quantile}")


def _notes(n: int, quantile: float) -> tuple[str, ...]:
    beyond = n * (1 - quantile)
    if beyond >= FEW - 1e-9:
        return ()
    return (
        f"p{100 * quantile:g} of {n} answers rests on the slowest {beyond:.1f}: only gross differences show; "
        f"{math.ceil(FEW / (1 - quantile) - 1e-9)} answers would be a start",
    )
