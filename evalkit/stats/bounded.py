"""One-sided tests of a mean of differences in [-1, 1]: a t test that minds skewness, and a guard against the unseen.

Ninety items equal and none collapsed does not show that one in a hundred never collapses. No test built on the observed
spread can know that; the *guard* (rule of three) supposes that as much probability as n draws may well have missed lies
at the worst value, -1. It costs power below some 150 items; `tail="smooth"` leaves it out.

A test here is a function from a supposed difference to a p-value against "the true mean is at most that".
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from evalkit.stats.intervals import t_tail
from evalkit.stats.scores import Floats

PValue = Callable[[float], float]
"""P-value against "the true mean difference is at most the argument"; rises with it."""

FEWEST = 15
"""Graded scores below this many decide nothing: a spread of so few values is hardly known."""

FLAT = 1e-12  # a spread below this is rounding: all differences are the same


def never(_: float) -> float:
    """The test of those who know too little: rejects nothing."""
    return 1.0


def skewed_t(differences: Floats, guard: bool) -> PValue:
    """Student's t on a statistic corrected for skewness (Johnson 1978, Hall 1992), and the guard where asked for.

    Differences that are all alike have no spread to measure with; then the guard decides, asked for or not.
    """
    n = differences.size
    if n < FEWEST:
        return never
    mean, sd, skew = moments(differences)
    if sd < FLAT:
        return lambda supposed: unseen(mean, n, supposed)

    def p_value(supposed: float) -> float:
        p = t_tail(corrected((mean - supposed) / sd, skew, n), n - 1)
        return max(p, unseen(mean, n, supposed)) if guard else p

    return p_value


def moments(values: Floats) -> tuple[float, float, float]:
    """Mean, standard deviation (n - 1) and skewness; the skewness of values that are all alike is 0."""
    mean = float(values.mean())
    centred = values - mean
    squares = centred * centred  # a third power by ** costs twenty times as much
    second = float(squares.mean())
    sd = math.sqrt(second * values.size / (values.size - 1)) if values.size > 1 else 0.0
    skew = float((squares * centred).mean()) / second**1.5 if sd > FLAT else 0.0
    return mean, sd, skew


def corrected(distance: float, skew: float, n: float) -> float:
    """The t statistic of `distance` (in standard deviations), corrected for skewness; rises with distance."""
    cubic = distance + skew * distance**2 / 3 + skew**2 * distance**3 / 27
    return math.sqrt(n) * (cubic + skew / (6 * n))


def unseen(mean: float, n: float, supposed: float) -> float:
    """P-value of the guard: the chance that n draws miss an event as likely as it takes to explain `supposed`.

    With probability e unseen at -1 and the rest as observed the mean is (1 - e) mean - e.
    """
    if mean <= supposed:
        return 1.0
    share = min(1.0, (mean - supposed) / (1 + mean))
    return float(np.exp(n * np.log1p(-share))) if share < 1 else 0.0
