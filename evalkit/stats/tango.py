"""Tango's score statistic (Tango 1998): how far a paired difference of right answers lies from a supposed one.

    tango(12, 5, 200, -0.02)       # 2.52: 12 gained, 5 lost, against "the candidate is 2 points worse"

`wins` are items that only the candidate got right, `losses` those that only the baseline got right. Positive: better
than supposed. Swapping the two models and the sign of the difference flips the sign and nothing else.

The statistic orders tables: which ones count as "at least as good". Alone it calls tables alike that chance does not
reach alike often, the more so the fewer the pairs; an exact test has to allow for the worst of them, and its power to
fail falls 4 points behind at 50 pairs. So up to `FEW` pairs each table is judged by its *estimated* p-value: how often
chance reaches the statistic at the table's own likeliest discordance. The exact test takes its worst case over that
order (Lloyd 2008, "E + M"). The order is only an order: whatever it is, the worst case over it is exact. It is closed
under reason: one more win, or one loss less, never counts as less.
"""

from __future__ import annotations

import math
from functools import lru_cache
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


FEW = 200
"""Pairs up to which tables are ordered so. Beyond, Tango's own order costs less than a point and a half of power."""

_GRID = 25  # discordances at which the law is summed; between them the estimate is a straight line


@lru_cache(maxsize=48)  # twenty looks from two sides; at most a third of a megabyte each
def estimated(n: int, difference: float) -> Floats:
    """By discordant pairs D = 0 ... n (rows) and wins 0 ... D (columns): the estimated p-value of the table against
    "at most `difference`"; infinite beyond D wins. About 10 ms at 200 pairs.
    """
    wins, losses = (side.astype(np.float64) for side in _tables(n))
    statistic = np.round(tango_of(wins, losses, n, difference), 9)  # tables that rounding parts are equally good
    order = np.argsort(-statistic, kind="stable")
    # Of tables with the same statistic each counts all.
    ordered = statistic[order]
    last = np.searchsorted(-ordered, -ordered, side="right") - 1
    # The arcsine of what is beyond the least possible discordance: there the law changes most, there the grid is dense.
    least = abs(difference)
    grid = least + (1 - least) * np.sin(np.linspace(0, np.pi / 2, _GRID)) ** 2
    reached = np.cumsum(_law(n, wins[order], losses[order], grid, difference), axis=0)[last]
    beyond = (discordance_of(wins[order], losses[order], n, difference) - least) / (1 - least)
    place = np.arcsin(np.sqrt(np.clip(beyond, 0, 1))) * (_GRID - 1) / (np.pi / 2)
    left = np.minimum(place.astype(np.intp), _GRID - 2)
    rows = np.arange(len(order))
    share = place - left
    between = reached[rows, left] * (1 - share) + reached[rows, left + 1] * share
    square = np.full((n + 1, n + 1), np.inf)  # by wins and losses
    square[wins[order].astype(np.intp), losses[order].astype(np.intp)] = between
    return _by_discordant(_closed(square))


def _closed(square: Floats) -> Floats:
    """No table counts for less than one with fewer wins or more losses."""
    inside = np.isfinite(square)
    closed = np.where(inside, square, -np.inf)
    closed = np.maximum.accumulate(closed[::-1], axis=0)[::-1]
    closed = np.maximum.accumulate(closed, axis=1)
    return np.where(inside, closed, np.inf)


def _by_discordant(square: Floats) -> Floats:
    n = len(square) - 1
    d, wins = np.indices((n + 1, n + 1))
    return np.where(wins <= d, square[wins, np.maximum(d - wins, 0)], np.inf)


@lru_cache(maxsize=8)
def _tables(n: int) -> tuple[np.ndarray, np.ndarray]:
    wins, losses = np.indices((n + 1, n + 1))
    inside = wins + losses <= n
    return wins[inside], losses[inside]


def _law(n: int, wins: Floats, losses: Floats, discordance: Floats, difference: float) -> Floats:
    """Probability of each table (rows) at each discordance (columns)."""
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))))
    same = n - wins - losses
    ways = logs[n] - logs[wins.astype(np.intp)] - logs[losses.astype(np.intp)] - logs[same.astype(np.intp)]
    shares = ((discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance)
    exponent = ways[:, None] + sum(
        np.multiply.outer(count, np.log(np.maximum(share, 1e-300)))
        for count, share in zip((wins, losses, same), shares, strict=True)
    )
    return np.asarray(np.exp(exponent))
