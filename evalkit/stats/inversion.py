"""From a test to its interval: the differences that it does not reject.

The search starts at the margin and keeps to the side that the verdict has named, so that the printed interval cannot
contradict the printed verdict, whatever the test does in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from evalkit.stats.tango import normal_quantile


def remembered(p_value: Callable[[float], float]) -> Callable[[float], float]:
    """The same function, which is not worked out twice at one place: the margin is asked for the verdict, and again
    where the search for an interval begins."""
    found: dict[float, float] = {}

    def known(x: float) -> float:
        if x not in found:
            found[x] = p_value(x)
        return found[x]

    return known


_FINE = 1e-5
"""Width at which the search ends: a thousandth of a point."""


def lower_bound(
    p_value: Callable[[float], float],
    margin: float,
    alpha: float,
    mean: float,
    step: float,
    worst: float = -1.0,
    fine: float = _FINE,
) -> float:
    """The largest difference found that is rejected ("the truth is above it"), at least `margin` exactly when that is.

    `p_value` rises with its argument; at `worst` nothing lies below. `step` is a first guess at mean - bound. `fine`:
    width at which the search ends.
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
        while x > worst + fine:
            found = gap(x)
            if found >= 0:
                low, low_gap = x, found
                break
            high, high_gap, step = x, found, 2 * step
            x = high - step
    return _close_in(gap, low, low_gap, high, high_gap, fine)


def least_passing(
    passes: Callable[[float], bool], start: float, likely: Callable[[float], bool] | None = None
) -> float | None:
    """The smallest limit found that passes, to a two-thousandth of itself; None: none of up to a million times `start`.

    Limits are positive, and what passes one passes every larger one. `likely`: a cheaper guess at `passes`, which is
    then asked of the two limits alone between which the guess ends; where it says otherwise there, of all.
    """
    bracket = _guided(passes, start, likely)
    return None if bracket is None else bracket[1]


def largest_failing(
    fails: Callable[[float], bool], start: float, likely: Callable[[float], bool] | None = None
) -> float | None:
    """The largest limit found that fails, likewise: what fails one fails every smaller one. None: none does."""
    guess = None if likely is None else lambda limit: not likely(limit)
    bracket = _guided(lambda limit: not fails(limit), start, guess)
    if bracket is None:
        return start * _FAR
    return bracket[0] if bracket[0] > 0 else None


_FAR = 2.0**20


def _guided(
    holds: Callable[[float], bool], start: float, likely: Callable[[float], bool] | None
) -> tuple[float, float] | None:
    """`_bracket` of `holds`, on the way of the guess where both of its ends hold and do not hold as guessed."""
    guess = None if likely is None else _bracket(likely, start)
    if guess is not None and guess[0] > 0 and holds(guess[1]) and not holds(guess[0]):
        return guess
    return _bracket(holds, start)


def _bracket(holds: Callable[[float], bool], start: float) -> tuple[float, float] | None:
    """(largest limit tried that does not hold, smallest that does): 0 first where all hold, None where none does.

    Raises ValueError where `start` is no positive number: doubling would never leave it.
    """
    if not (math.isfinite(start) and start > 0):
        raise ValueError(f"a search for a limit starts at a positive number, not at {start}")
    low, high, at = 0.0, 0.0, start
    while high == 0.0 and at <= start * _FAR:
        if holds(at):
            high = at
        else:
            low, at = at, at * 2
    if high == 0.0:
        return None
    while low == 0.0 and high > start / _FAR:
        if holds(at := high / 2):
            high = at
        else:
            low = at
    while low > 0.0 and high / low - 1 > _FINE_RATIO:
        middle = math.sqrt(low * high)
        if holds(middle):
            high = middle
        else:
            low = middle
    return low, high


_FINE_RATIO = 5e-4


def _close_in(
    gap: Callable[[float], float], low: float, low_gap: float, high: float, high_gap: float, fine: float
) -> float:
    """The rejected end of a bracket shrunk to `fine`: secant steps, every third one a bisection."""
    turn = 0
    while high - low > fine:
        turn += 1
        x = (low + high) / 2 if turn % 3 == 0 else low + (high - low) * low_gap / (low_gap - high_gap)
        # A step just beyond the guess brings in the far end of the bracket too.
        x = min(max(x, low + 0.45 * fine), high - 0.45 * fine)
        found = gap(x)
        if found >= 0:
            low, low_gap = x, found
        else:
            high, high_gap = x, found
    return low
