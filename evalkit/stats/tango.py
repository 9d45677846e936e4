"""Tango's score statistic (Tango 1998): how far a paired difference of right answers lies from a supposed one.

    tango(12, 5, 200, -0.02)       # 2.52: 12 gained, 5 lost, against "the candidate is 2 points worse"

`wins` are items that only the candidate got right, `losses` those that only the baseline got right. Positive: better
than supposed. Swapping the two models and the sign of the difference flips the sign and nothing else.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from evalkit.stats.scores import Floats


def tango(wins: float, losses: float, n: float, difference: float) -> float:
    """The statistic for one table of counts (need not be whole: a design effect shrinks them); 0 where it is 0/0."""
    variance = n * (_discordance(wins, losses, n, difference) - difference * difference)
    distance = wins - losses - n * difference
    return distance / math.sqrt(variance) if variance > 0 else 0.0


def tango_of(wins: Floats, losses: Floats, n: float, difference: float) -> Floats:
    """The same for many tables at once."""
    variance = n * (discordance_of(wins, losses, n, difference) - difference * difference)
    distance = wins - losses - n * difference
    return np.asarray(
        np.divide(distance, np.sqrt(np.maximum(variance, 0)), out=np.zeros_like(distance), where=variance > 0)
    )


def discordance_of(wins: Floats, losses: Floats, n: float, difference: float) -> Floats:
    """For each table the most likely share of discordant pairs if the true difference were `difference`."""
    a = 2 * n
    b = (2 * n - wins + losses) * difference - wins - losses
    c = -losses * difference * (1 - difference)
    return np.asarray((np.sqrt(np.maximum(b * b - 4 * a * c, 0)) - b) / a + difference)


def _discordance(wins: float, losses: float, n: float, difference: float) -> float:
    """Most likely share of discordant pairs if the true difference were `difference`."""
    a = 2 * n
    b = (2 * n - wins + losses) * difference - wins - losses
    c = -losses * difference * (1 - difference)
    q = (math.sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    return 2 * q + difference


def constrained_rates(wins: float, losses: float, n: float, difference: float) -> tuple[float, float]:
    """Most likely rates (loss, win) of independent pairs if the true difference were `difference`; never 0 or 1."""
    least = 1e-9
    loss = min(max((_discordance(wins, losses, n, difference) - difference) / 2, least), 1 - least)
    win = min(max(loss + difference, least), 1 - least)
    if (both := loss + win) > 1 - least:
        loss, win = loss / both * (1 - least), win / both * (1 - least)
    return loss, win


def normal_tail(z: float) -> float:
    """P(Z > z) for a standard normal Z."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def normal_quantile(p: float) -> float:
    """The value that a standard normal stays below with probability p (0 < p < 1)."""
    return NormalDist().inv_cdf(p)
