"""The exact law of paired right/wrong answers: how often chance alone reaches a table as good as the observed one.

Of n pairs, D ~ Binomial(n, discordance) differ, and of those W ~ Binomial(D, (discordance + difference) /
(2 discordance)) speak for the candidate. A *boundary* lists, for D = 0 ... n, the fewest wins that count as "at least
as good"; what is better is said by Tango's statistic. The true discordance is not known, so the p-value is the largest
probability over all that the observed D allows, plus the chance that it misleads about that (Berger & Boos 1994): no
normal approximation, nothing assumed. Over *all* discordances the maximum lies where nearly every pair differs, which
nobody has seen; it would cost a point of power and protect against nothing.

The tail of W at the boundary is carried from D to D + 1 by one term of the binomial law, so that a probability costs
two exponentials for each D instead of a double sum.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from evalkit.stats.scores import Floats
from evalkit.stats.tango import FEW, estimated, normal_quantile, normal_tail, tango, tango_of

Boundary = npt.NDArray[np.int64]

LIMIT = 5_000
"""Pairs up to which the exact test is always used."""
RARE = 1_000
"""Discordant pairs, as many as may be expected, up to which it is used however many pairs there are. Beyond both
Tango's normal approximation is as good, and faster."""

MISLED = 1e-6
"""Chance that the true discordance lies outside `allowed`: added to every p-value, and so the smallest there is."""

_TIE = 1e-9  # tables whose statistics differ by less than this are equally good; rounding must not part them


@lru_cache(maxsize=65536)
def p_value(wins: int, losses: int, n: int, difference: float) -> float:
    """P-value against "the true difference is at most `difference`" (candidate minus baseline, strictly inside ±1)."""
    if not applies(wins + losses, n):
        return normal_tail(tango(wins, losses, n, difference))
    most = most_discordant(wins + losses, n)
    if n <= FEW:
        edge = _estimated_boundary(float(estimated(n, difference)[wins + losses, wins]), n, difference, most)
    else:
        edge = boundary(tango(wins, losses, n, difference), n, difference, most)
    return min(1.0, worst(edge, n, difference, wins + losses) + MISLED)


def applies(discordant: int, n: int) -> bool:
    """Whether the law is summed for such a table; otherwise Tango's normal approximation stands for it."""
    return n <= LIMIT or most_discordant(discordant, n) <= RARE


@lru_cache(maxsize=65536)
def critical(n: int, difference: float, alpha: float, discordant: int) -> float:
    """Smallest Tango statistic that rejects "at most `difference`" at level alpha among tables with `discordant` pairs.

    inf where n pairs never can.
    """
    if n <= FEW:
        return _critical_estimated(n, difference, alpha, discordant)
    most = most_discordant(discordant, n)

    def reached(statistic: float) -> float:
        return worst(boundary(statistic, n, difference, most), n, difference, discordant)

    low, high = 0.0, tango(n, 0, n, difference)
    level = alpha - MISLED
    if reached(high) > level:
        return math.inf
    # The answer nearly always lies near the normal value: ask there first.
    normal = normal_quantile(1 - alpha)
    hints = [normal + 0.02, normal - 0.02]
    while high - low > 1e-3:
        hint = hints.pop(0) if hints else 0.0
        middle = hint if low < hint < high else (low + high) / 2
        if reached(middle) <= level:
            high = middle
        else:
            low = middle
    return high


def rejected(n: int, difference: float, alpha: float, discordant: int) -> Boundary | None:
    """The boundary of what is rejected at level alpha, as tables with `discordant` pairs see it; None: nothing is."""
    if n <= FEW:
        estimate = _level(n, difference, alpha, discordant)
        return None if estimate is None else _estimated_boundary(estimate, n, difference, n)
    statistic = critical(n, difference, alpha, discordant)
    return None if math.isinf(statistic) else boundary(statistic, n, difference, n)


@lru_cache(maxsize=65536)
def _level(n: int, difference: float, alpha: float, discordant: int) -> float | None:
    """The largest estimated p-value that rejects; None where none does."""
    values = _estimates(n, difference)
    most = most_discordant(discordant, n)
    low, high = 0, int(np.searchsorted(values, min(1.0, 4 * alpha)))  # so many of them reject: at least, fewer than
    while low < high:
        middle = (low + high) // 2
        edge = _estimated_boundary(float(values[middle]), n, difference, most)
        if worst(edge, n, difference, discordant) <= alpha - MISLED:
            low = middle + 1
        else:
            high = middle
    return float(values[low - 1]) if low else None


def _critical_estimated(n: int, difference: float, alpha: float, discordant: int) -> float:
    """`critical` where the order is the estimated one: Tango's statistic between the tables that the level parts."""
    level = _level(n, difference, alpha, discordant)
    if level is None:
        return math.inf
    row = estimated(n, difference)[discordant, : discordant + 1]
    wins = np.arange(discordant + 1, dtype=np.float64)
    statistics = tango_of(wins, discordant - wins, n, difference)
    first = int((row > level * (1 + _TIE)).sum())
    if first > discordant:  # not even all of them won: what would, lies beyond
        return max(float(statistics[-1]), normal_quantile(1 - alpha)) + 1e-6
    if first == 0:
        return float(statistics[0])
    outside, inside = math.log(row[first - 1]), math.log(row[first])
    share = (math.log(level) - inside) / (outside - inside) if outside > inside else 0.0
    return float(statistics[first] - share * (statistics[first] - statistics[first - 1]))


@lru_cache(maxsize=16)
def _estimates(n: int, difference: float) -> Floats:
    values = estimated(n, difference)
    return np.unique(values[np.isfinite(values)])


def _estimated_boundary(estimate: float, n: int, difference: float, most: int) -> Boundary:
    """As `boundary`, of the tables whose estimated p-value is at most this."""
    worse = estimated(n, difference)[: most + 1, : most + 1] > estimate * (1 + _TIE)
    inside = np.tri(most + 1, dtype=bool)
    return np.asarray((worse & inside).sum(axis=1), dtype=np.int64)


def boundary(statistic: float, n: int, difference: float, most: int) -> Boundary:
    """For each number of discordant pairs 0 ... most the fewest wins that reach `statistic`; d + 1 where none does."""
    d = np.arange(most + 1, dtype=np.float64)
    low, high = np.zeros(most + 1), d + 1  # the answer lies in [low, high]
    while (low < high).any():
        middle = np.floor((low + high) / 2)
        # Where low = high = d + 1 there is nothing left to ask: -1 losses have no statistic.
        reached = (middle <= d) & (tango_of(middle, np.maximum(d - middle, 0), n, difference) >= statistic - _TIE)
        high = np.where(reached, middle, high)
        low = np.where(reached, low, np.minimum(middle + 1, high))
    return low.astype(np.int64)


def rejection(edge: Boundary, n: int, discordance: Floats, difference: float) -> Floats:
    """Probability of a table at or beyond the boundary, for each true discordance (in [0, 1]).

    Where the discordance leaves no room for `difference`, the nearest that it leaves is taken. The boundary keeps or
    gains one win from each D to the next, as every one made by `boundary` does; beyond its end lies no chance.
    """
    # The ends are approached to within rounding: 0 × log 0 has no value, its limit has.
    share = np.clip(discordance, 1e-15, 1 - 1e-15)[:, None]
    win = np.clip((share + difference) / (2 * share), 1e-300, 1 - 1e-16)
    d = np.arange(edge.size)
    k = edge[:-1]
    logs = _log_factorials(n)
    moved = edge[1:] > k
    # From D to D + 1 the tail gains C(D, k-1) if the boundary stays at k and loses C(D, k) if it moves to k + 1.
    chosen = np.where(moved, k, k - 1)
    exists = (chosen >= 0) & (chosen <= d[:-1])
    chosen = np.where(exists, chosen, 0)
    ways = logs[d[:-1]] - logs[chosen] - logs[d[:-1] - chosen]
    steps = np.where(exists, np.where(moved, -1.0, 1.0), 0.0) * np.exp(
        ways + k * np.log(win) + (d[:-1] + 1 - k) * np.log1p(-win)
    )
    tails = np.empty((discordance.size, edge.size))
    tails[:, 0] = 1.0 if edge[0] == 0 else 0.0
    np.cumsum(steps, axis=1, out=tails[:, 1:])
    tails[:, 1:] += tails[:, :1]
    of_d = np.exp(logs[n] - logs[d] - logs[n - d] + d * np.log(share) + (n - d) * np.log1p(-share))
    return np.asarray(np.clip((of_d * tails).sum(axis=1), 0.0, 1.0))


def worst(edge: Boundary, n: int, difference: float, discordant: int) -> float:
    """The largest chance to reach the boundary over the discordances that `discordant` pairs allow; 0 where none allows
    `difference`. The boundary goes up to `most_discordant`.

    Found on a grid and closed in on around its best points, to within 1e-6.
    """
    low, high = allowed(discordant, n)
    low = max(low, -difference)  # "at most -0.02" needs two items in a hundred that differ; "at most 0.02" needs none
    if low >= high:
        return 0.0
    # On the arcsine scale the law is equally smooth everywhere.
    grid = np.linspace(math.asin(math.sqrt(low)), math.asin(math.sqrt(high)), 33)
    values = rejection(edge, n, np.sin(grid) ** 2, difference)
    best = float(values.max())
    if low < difference < high:  # where the room for `difference` ends the law has a kink, which no grid point meets
        best = max(best, float(rejection(edge, n, np.array([difference]), difference)[0]))
    padded = np.concatenate(([-1.0], values, [-1.0]))
    peaks = np.flatnonzero((values >= padded[:-2]) & (values >= padded[2:]))
    for peak in sorted(peaks, key=lambda i: -values[i])[:3]:
        left, right = grid[max(peak - 1, 0)], grid[min(peak + 1, grid.size - 1)]
        for _ in range(2):
            fine = np.linspace(left, right, 7)
            found = rejection(edge, n, np.sin(fine) ** 2, difference)
            best = max(best, float(found.max()))
            at = int(found.argmax())
            left, right = fine[max(at - 1, 0)], fine[min(at + 1, 6)]
    return best


def most_discordant(discordant: int, n: int) -> int:
    """The most discordant pairs that another sample of n might show, but for a chance of 1e-9."""
    mean = allowed(discordant, n)[1] * n
    return min(n, math.ceil(mean + 8 * math.sqrt(mean) + 20))


@lru_cache(maxsize=65536)
def allowed(discordant: int, n: int) -> tuple[float, float]:
    """Range of true discordances that `discordant` of n pairs allow, missing the truth with at most `MISLED` chance.

    Chernoff's bound: all shares whose relative entropy from the observed one is at most log(2 / MISLED) / n.
    """
    seen, most = discordant / n, math.log(2 / MISLED) / n

    def apart(share: float) -> float:
        first = seen * math.log(seen / share) if seen > 0 else 0.0
        return first + ((1 - seen) * math.log((1 - seen) / (1 - share)) if seen < 1 else 0.0)

    ends = []
    for far in (0.0, 1.0):
        near, end = seen, far
        for _ in range(40):
            middle = (near + end) / 2
            near, end = (middle, end) if 0 < middle < 1 and apart(middle) <= most else (near, middle)
        ends.append(end)
    return ends[0], ends[1]


def _log_factorials(n: int) -> Floats:
    return _log_factorial_table(max(n, 1).bit_length())


@lru_cache(maxsize=24)
def _log_factorial_table(bits: int) -> Floats:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, 1 << bits, dtype=np.float64)))))
