"""The same predictions where the claim is about items like these, of which the suite's N are a sample.

Only what comes from not having asked the candidate can be saved: of the variance s_D²/N + (1/n - 1/N) s_e² the second
part. How much that is, is only trusted after a pilot of 15 %: the history's own forecast alone erred .112.

    times = information(looks, 1000, ratio)                  # of the motion that the boundary is made for
    population_z(seen, use, 250, 1000, -0.02, 1)             # float64[R]: a normal statistic for passing
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from evalkit.stats.assisted import FIXED, PLAIN, RIDGE, Codes, ResidualMoments
from evalkit.stats.scores import Floats
from evalkit.stats.spending import curtailment_boundary, spending_boundary, spent

PILOT = 0.15
"""Share of the items before which nothing is decided."""
UNSEEN = 2.0
"""So many unseen worst residuals enter variance and skewness: with half of one, as in suite scope, a set of rare right
answers failed wrongly in .068 of draws, with two in .052, for no more items."""
GAMMA = -4.0
CERTAINTY = 0.9
_LEAST_RATIO = 0.05
_FINE = 50
"""Steps of the ratio for which a boundary is made: they take a hundredth of a second each."""
_TINY = 1e-12


def population_looks(n_items: int) -> tuple[int, ...]:
    """Items after which a sample is looked at: every twentieth from the pilot on, the last with all items."""
    looks = {math.ceil(n_items * k / 20 - 1e-9) for k in range(3, 21)}
    return tuple(sorted(n for n in looks if n >= min(20, n_items)))


def pilot(seen: ResidualMoments, forecast: float) -> tuple[Codes, Floats]:
    """After the pilot: (int64[R]: the estimate that will speak; float64[R]: the ratio that boundaries are made for)."""
    kinds = np.array([FIXED, RIDGE, PLAIN])
    best = kinds[np.argmin(seen.second[:, kinds], axis=1)]
    found = seen.second[np.arange(len(best)), best] / np.maximum(seen.second[:, PLAIN], 1e-9)
    ratio = np.where(best == PLAIN, 1.0, (found + forecast) / 2)
    return best.astype(np.int64), np.clip(np.ceil(ratio * _FINE - 1e-9) / _FINE, _LEAST_RATIO, 1.0)


def information(looks: tuple[int, ...], n_items: int, ratio: float) -> tuple[float, ...]:
    """Share of the information of all items that each look has, where predictions leave `ratio` of the variance."""
    shares = [n / n_items for n in looks]
    return tuple(share / (share + ratio * (1 - share)) for share in shares)


@lru_cache(maxsize=512)
def boundary(looks: tuple[int, ...], n_items: int, ratio: float, alpha: float, plan: str) -> tuple[float, ...]:
    """What a normal statistic has to reach at each look."""
    times = information(looks, n_items, ratio)
    if plan == "curtail":
        edges = curtailment_boundary(times, alpha, CERTAINTY)
    else:
        edges = spending_boundary(times, tuple(spent(t, alpha, GAMMA) for t in times))
    return tuple(edge / math.sqrt(t) for edge, t in zip(edges, times, strict=True))


def population_z(seen: ResidualMoments, use: Codes, n: int, n_items: int, where: float, side: int) -> Floats:
    """float64[R]: the statistic for passing (side 1) or failing (-1) on a normal scale, corrected for skewness."""
    from scipy.special import ndtri, stdtr

    at = np.arange(len(use))
    second, third = seen.second[at, use] + UNSEEN / n, side * seen.third[at, use] - UNSEEN / n
    later = 1 / n - 1 / n_items
    variance = (seen.second[:, PLAIN] / n_items + later * second) * n / (n - 1)
    skewed = (1 / n**2 - 1 / n_items**2) * third + side * seen.third[:, PLAIN] / n_items**2
    x = side * (seen.estimate[at, use] - where) / np.sqrt(np.maximum(variance, _TINY))
    a = skewed / np.maximum(variance, _TINY) ** 1.5 / 3
    tail = stdtr(n - 1, -(x + a * x**2 + a**2 * x**3 / 3 + a / 2))
    return np.asarray(-ndtri(np.clip(tail, _TINY, 1 - _TINY)))
