"""Which tables of few pairs count as "at least as good": those with a smaller *estimated* p-value.

Tango's statistic alone calls tables alike that chance does not reach alike often, the more so the fewer the pairs; an
exact test has to allow for the worst of them, and its power to fail falls 4 points behind at 50 pairs. So up to `FEW`
pairs each table is judged by how often chance reaches Tango's statistic at *its own* likeliest discordance, and the
exact test takes its worst case over that order (Lloyd 2008, "E + M"). The order is only an order: whatever it is, the
worst case over it is exact.

It is closed under reason: one more win, or one loss less, never counts as less.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from evalkit.stats.scores import Floats
from evalkit.stats.tango import discordance_of, tango_of

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
