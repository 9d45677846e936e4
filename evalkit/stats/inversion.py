"""From a test to its interval: the differences that it does not reject.

The search starts at the margin and keeps to the side that the verdict has named, so that the printed interval cannot
contradict the printed verdict, whatever the test does in between.
"""

from __future__ import annotations

from collections.abc import Callable

from evalkit.stats.tango import normal_quantile

_FINE = 1e-5
"""Width at which the search ends: a thousandth of a point."""


def lower_bound(
    p_value: Callable[[float], float], margin: float, alpha: float, mean: float, step: float, worst: float = -1.0
) -> float:
    """The largest difference found that is rejected ("the truth is above it"), at least `margin` exactly when that is.

    `p_value` rises with its argument; at `worst` nothing lies below. `step` is a first guess at mean - bound.
    """
    target = normal_quantile(alpha)

    def gap(x: float) -> float:
        return target - normal_quantile(min(max(p_value(x), 1e-15), 1 - 1e-15))

    at = gap(margin)  # positive: rejected
    if at >= 0:
        low, low_gap = margin, at
        high, high_gap = max(mean, margin), -1.0
        if high == low:
            return low
    else:
        high, high_gap = min(mean, margin), -1.0
        if high == margin:
            high_gap = at
        low, low_gap = worst, 8.0
        x = high - step
        while x > worst + _FINE:
            found = gap(x)
            if found >= 0:
                low, low_gap = x, found
                break
            high, high_gap, step = x, found, 2 * step
            x = high - step
    return _close_in(gap, low, low_gap, high, high_gap)


def _close_in(gap: Callable[[float], float], low: float, low_gap: float, high: float, high_gap: float) -> float:
    """The rejected end of a bracket shrunk to `_FINE`: secant steps, every third one a bisection."""
    turn = 0
    while high - low > _FINE:
        turn += 1
        x = (low + high) / 2 if turn % 3 == 0 else low + (high - low) * low_gap / (low_gap - high_gap)
        # A step just beyond the guess brings in the far end of the bracket too.
        x = min(max(x, low + 0.45 * _FINE), high - 0.45 * _FINE)
        found = gap(x)
        if found >= 0:
            low, low_gap = x, found
        else:
            high, high_gap = x, found
    return low
