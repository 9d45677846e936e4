"""Looking at a part of a suite with predictions: three estimates of the mean difference, and how far each has come.

    plan = suite_looks(1000, 0.05)                                  # 23 looks: 1, 2, 3, 4, 5, 10, ... 95 %
    seen = moments_of(differences, predicted, columns, 1000)        # arrays have one row for each order: float64[R, n]
    suite_verdicts(plan, 3, Sides(seen, seen, counts), -0.02, use)

Everything is for R random orders at once; a run has one. The estimates of the mean difference over the N items:

    plain   mean of D                                residual e = D
    fixed   mean of D - predicted                    residual e = D - predicted
    ridge   the asked items as they are, the others as predicted by `predicted` and a ridge (penalty 30) on the columns,
            corrected by the mean of the leave-one-out errors; residual e = those errors

Validity rests on the random order of the items alone; formulas and figures: docs/gate-statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from evalkit.stats.intervals import t_quantile
from evalkit.stats.scores import Floats
from evalkit.stats.spending import spending_boundary, spent
from evalkit.stats.tango import normal_tail, tango_of

Codes = npt.NDArray[np.int64]

PLAIN, FIXED, RIDGE = 0, 1, 2
ESTIMATES = ("plain", "fixed predictions", "fitted predictions")
"""By number: how an estimate is called."""
PENALTY = 30.0
WORST = 0.5
"""Of an unseen worst residual, this much enters variance and skewness."""
FLOOR = 8
"""Discordant pairs (for graded scores: as many as tell as much) before which the plain estimate says nothing."""
FEWEST = 20
"""Items before the first look."""
GAMMA = 3.0
"""Error spending in suite scope (Hwang, Shih & DeCani): early looks get more than late ones."""
_EARLY = (0.01, 0.02, 0.03, 0.04, *(k / 20 for k in range(1, 20)))
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class LookPlan:
    """When a suite is looked at, and how far a statistic must have come."""

    n_items: int
    looks: tuple[int, ...]
    """Items asked at each look, rising, less than all."""
    edges: Floats
    """Bound of a normal statistic at each look."""
    critical: Floats
    """The same of Student's t on n - 1 degrees."""


@lru_cache(maxsize=64)
def suite_looks(n_items: int, alpha: float, only: int | None = None) -> LookPlan:
    """The plan for a suite. `only`: one look, after this many items."""
    wanted = (only / n_items,) if only is not None else _EARLY
    looks = sorted({int(np.ceil(share * n_items - 1e-9)) for share in wanted})
    looks = [n for n in looks if (n >= FEWEST or only is not None) and 2 <= n < n_items]
    times = np.array(looks, dtype=np.float64) / n_items
    if not looks:
        return LookPlan(n_items, (), times, times)
    information = times / (1 - times)
    spend = (alpha,) if only is not None else tuple(spent(t, alpha, GAMMA) for t in times.tolist())
    edges = np.array(spending_boundary(tuple(information.tolist()), spend)) / np.sqrt(information)
    critical = [t_quantile(1 - normal_tail(edge), n - 1) for edge, n in zip(edges.tolist(), looks, strict=True)]
    return LookPlan(n_items, tuple(looks), edges, np.array(critical))


@dataclass(frozen=True, slots=True)
class ResidualMoments:
    """The three estimates and the central moments of their residuals: float64[R, 3] each."""

    estimate: Floats
    second: Floats
    third: Floats
    fourth: Floats


def moments_of(differences: Floats, predicted: Floats, columns: Floats, n_items: int) -> ResidualMoments:
    """`differences`, `predicted`: float64[R, n]; `columns`: float64[R, n, p], centred over all n_items."""
    n = differences.shape[1]
    share = n / n_items
    left = differences - predicted
    x_mean = columns.mean(axis=1)
    x = columns - x_mean[:, None, :]
    left_mean = left.mean(axis=1)
    y = left - left_mean[:, None]
    inverse = np.linalg.inv(x.transpose(0, 2, 1) @ x + PENALTY * np.eye(x.shape[2]))
    slope = inverse @ (x.transpose(0, 2, 1) @ y[:, :, None])  # R, p, 1
    lean = x @ inverse  # R, n, p
    out = (y - (x @ slope)[:, :, 0]) / (1 - 1 / n - np.einsum("rnp,rnp->rn", lean, x))  # leave-one-out errors
    gap = -x_mean / (1 - share)  # mean of the columns over the items not asked, minus over those asked
    ahead = np.einsum("rp,rp->r", gap, slope[:, :, 0])
    corrected = ((1 - 1 / n - (lean @ gap[:, :, None])[:, :, 0]) * out).mean(axis=1)
    fitted = share * left_mean + (1 - share) * (left_mean + ahead + corrected)
    estimate = np.stack((differences.mean(axis=1), left_mean, fitted), axis=1)
    found = []
    for residual in (differences, left, out):
        centred = residual - residual.mean(axis=1, keepdims=True)
        square = centred * centred
        found.append((square.mean(axis=1), (square * centred).mean(axis=1), (square * square).mean(axis=1)))
    second, third, fourth = (np.stack([one[k] for one in found], axis=1) for k in range(3))
    return ResidualMoments(estimate, second, third, fourth)


@dataclass(frozen=True, slots=True)
class PairCounts:
    """Right/wrong pairs so far: float64[R] each."""

    wins: Floats
    losses: Floats
    lost: Floats
    """Pairs without a score: lost for passing, won for failing."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What was seen at a look, errored pairs lost (`low`, for passing) and won (`high`, for failing)."""

    low: ResidualMoments
    high: ResidualMoments
    counts: PairCounts | None
    """None: scores are graded."""


def suite_verdicts(plan: LookPlan, look: int, seen: Sides, where: float, use: Codes) -> tuple[Codes, Codes]:
    """At a look: (int64[R]: 1 pass, -1 fail, 0 open; int64[R]: the estimate to speak at the next look).

    `where` is the mean difference that parts pass from fail; `use` the estimate that speaks now.
    """
    n, share = plan.looks[look], plan.looks[look] / plan.n_items
    at = np.arange(len(use))
    critical = plan.critical[look]
    up = hall(seen.low.estimate - where, seen.low, 1, n, share)
    down = hall(where - seen.high.estimate, seen.high, -1, n, share)
    passes, fails = up[at, use] >= critical, down[at, use] >= critical
    plain = use == PLAIN
    if seen.counts is None:
        ready = n * np.minimum(*(side.second[:, 0] ** 2 / np.maximum(side.fourth[:, 0], _TINY) for side in _of(seen)))
        told = ready >= FLOOR
    else:
        one, reach = seen.counts, plan.edges[look] * np.sqrt(1 - share)
        told = one.wins + one.losses >= FLOOR
        passes = np.where(plain, tango_of(one.wins, one.losses + one.lost, n, where) >= reach, passes)
        fails = np.where(plain, tango_of(one.losses, one.wins + one.lost, n, -where) >= reach, fails)
    passes, fails = passes & (told | ~plain), fails & (told | ~plain)
    verdict = np.where(passes & ~fails, 1, np.where(fails & ~passes, -1, 0))
    return verdict.astype(np.int64), np.argmin(_widths(plan, look, seen), axis=1).astype(np.int64)


def hall(distance: Floats, seen: ResidualMoments, side: int, n: int, share: float, unseen: float = WORST) -> Floats:
    """float64[R, 3]: the distance in standard errors of a mean drawn without replacement, corrected for skewness.
    `unseen`: so many worst residuals that were not seen enter variance and skewness."""
    second, third = seen.second + unseen / n, side * seen.third - unseen / n
    z = distance / np.sqrt(np.maximum(second * n / (n - 1), _TINY) * (1 - share) / n)
    skew = third / np.maximum(second, _TINY) ** 1.5 / np.sqrt(n * (1 - share))
    a = skew * (2 - share) / 6
    return np.asarray(z + a * z**2 + a**2 * z**3 / 3 + skew * (1 - 2 * share) / 6)


def _of(seen: Sides) -> tuple[ResidualMoments, ResidualMoments]:
    return seen.low, seen.high


def _widths(plan: LookPlan, look: int, seen: Sides) -> Floats:
    """float64[R, 3]: how far from the limit an estimate has to lie, above and below together, to give a verdict now."""
    n, share = plan.looks[look], plan.looks[look] / plan.n_items
    total = np.zeros_like(seen.low.second)
    for side, one in ((1, seen.low), (-1, seen.high)):  # the inverse of Hall's cubic
        second, third = one.second + WORST / n, side * one.third - WORST / n
        skew = third / np.maximum(second, _TINY) ** 1.5 / np.sqrt(n * (1 - share))
        a, b = skew * (2 - share) / 6, skew * (1 - 2 * share) / 6
        a = np.where(np.abs(a) > 1e-6, a, 1e-6)
        needed = (np.cbrt(1 + 3 * a * (plan.critical[look] - b)) - 1) / a
        total += needed * np.sqrt(second * n / (n - 1) * (1 - share) / n)
    following = plan.looks[min(look + 1, len(plan.looks) - 1)]
    if seen.counts is None:
        discordant = n * seen.low.second[:, 0] ** 2 / np.maximum(seen.low.fourth[:, 0], _TINY)
    else:
        discordant = seen.counts.wins + seen.counts.losses
        spread = np.maximum(seen.low.second[:, 0], _TINY) * (1 - share) / n
        total[:, 0] = 2 * plan.edges[look] * np.sqrt(spread)
    total[:, 0] = np.where(discordant * following / n < FLOOR, np.inf, total[:, 0])
    return total
