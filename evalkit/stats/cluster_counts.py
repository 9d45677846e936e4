"""Right/wrong pairs in clusters: how likely are these counts if the truth lies exactly on the margin?

    predictive_p(sizes, wins, losses, margin)     # P(wins - losses at least as observed | true difference = -margin)

Where a few clusters hold most losses, the clusters that happened not to be drawn raise the mean and shrink the spread
together, so that every test built on the observed spread passes too easily. This one supposes the null while it asks
how strongly the pairs of a cluster move together: few loss clusters then speak for *more* dependence, not for less
spread.

1. Rates of losses and wins under the null: Tango's (1998) constrained maximum likelihood.
2. The pairs of a cluster follow a Dirichlet-multinomial law with these rates. Its overdispersion rho (the intra-cluster
   correlation) has the prior 1 / (rho + .0005) on a grid, and the posterior of the counts under the null. Answers to
   one item are known to move together (`repeats`): 1 / (rho + .1), and between the two where clusters hold several.
3. The sum of wins - losses is drawn for the largest clusters and taken by three moments (Pearson III) for the others.
   A tie counts three quarters (a mid-p value, leaning to the safe side); in full where no loss was seen at all.

The p-value is a posterior predictive one with the null imposed (Meng 1994). It is deterministic: the draws have a seed.
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.stats.scores import Floats
from evalkit.stats.tango import constrained_rates

_RHO = np.array([0, 0.004, 0.01, 0.02, 0.035, 0.06, 0.09, 0.13, 0.18, 0.24, 0.31, 0.4, 0.5, 0.61, 0.73, 0.85, 0.95])
_WIDTH = np.diff(np.concatenate(([0.0], (_RHO[1:] + _RHO[:-1]) / 2, [1.0])))
_LEAST = 0.0005
"""Added to rho in the prior of what a suite calls a cluster: often next to nothing is shared."""
_LEAST_OF_REPEATS = 0.1
"""The same for answers to one item, half of the prior then below .23: over 703 pairs of MCPMark's agents the
correlation of the four differences of a task has median .45, and nine in ten pairs lie between .23 and .63."""
_DRAWN = 20
"""So many of the largest clusters are drawn; a sum of many smaller ones is described well by its moments."""
_DRAWS = 1000
_TIE = 0.75
_SMALL = 0.03
"""Share of the pairs: where no cluster has more, the moments alone say whether a p-value lies far from alpha,"""
_FAR = 1.5
"""by this factor."""


def predictive_p(
    sizes: Floats,
    wins: Floats,
    losses: Floats,
    margin: float,
    *,
    repeats: float = 0.0,
    only_whether: float | None = None,
) -> float:
    """P-value against "the true difference is -margin", for float64[K] counts of pairs, wins and losses by cluster.

    The counts may be fractions (repeats that are averaged within their item), the margin may be negative.
    `repeats`: of the pairs of answers that share a cluster, the share that are to one item. Clusters of several items
    that were asked several times stand between the two priors in that proportion: else one item that says the same as
    another one would undo what is known of all repeats.
    `only_whether`: all that is asked is whether it lies above this level. Where the moments of all clusters, which cost
    a tenth of the draws, put it far from there, they are the answer.
    """
    lost, won, n = float(losses.sum()), float(wins.sum()), float(sizes.sum())
    p_loss, p_win = constrained_rates(won, lost, n, -margin)
    prior = _WIDTH / (_RHO + _LEAST + (_LEAST_OF_REPEATS - _LEAST) * repeats)
    posterior = _posterior(sizes, wins, losses, (p_loss, p_win), prior)
    if only_whether is not None and float(sizes.max()) <= _SMALL * n:
        rough = _by_moments(sizes, won - lost, _TIE if lost else 1.0, posterior, (p_loss, p_win))
        if not only_whether / _FAR < rough < only_whether * _FAR:
            return rough
    quantiles = (np.arange(_DRAWS) + 0.5) / _DRAWS  # stratified: each rho comes as often as it is probable
    picked = np.minimum(np.searchsorted(np.cumsum(posterior), quantiles), _RHO.size - 1)
    order = np.argsort(-sizes, kind="stable")
    drawn, rest = np.ceil(sizes[order[:_DRAWN]]).astype(np.int64), sizes[order[_DRAWN:]]
    total = _draw(drawn, p_loss, p_win, _RHO[picked])
    observed, tie = won - lost, _TIE if lost else 1.0
    if not rest.size:
        above, equal = total > observed + 1e-9, np.abs(total - observed) <= 1e-9
        return float(above.mean() + tie * equal.mean())
    mean, variance, third = _moments_of_sum(rest, p_loss, p_win)[:, picked]
    sd = np.sqrt(np.maximum(variance, 1e-12))
    return float(pearson3_tail((observed - (tie - 0.5) - total - mean) / sd, third / sd**3).mean())


def _by_moments(sizes: Floats, observed: float, tie: float, posterior: Floats, rates: tuple[float, float]) -> float:
    """The same chance with no cluster drawn: every sum by its three moments."""
    mean, variance, third = _moments_of_sum(sizes, *rates)
    sd = np.sqrt(np.maximum(variance, 1e-12))
    tails = pearson3_tail((observed - (tie - 0.5) - mean) / sd, third / sd**3)
    return float((posterior * tails).sum())


def pearson3_tail(x: Floats, skewness: Floats) -> Floats:
    """P(X >= x) of the Pearson III law (a shifted gamma) with mean 0, standard deviation 1 and this skewness."""
    from scipy.special import gammainc, gammaincc

    shape = 4 / np.maximum(np.abs(skewness), 1e-3) ** 2
    root = np.sqrt(shape)
    left, right = np.maximum(shape - x * root, 0), np.maximum(shape + x * root, 0)
    return np.asarray(np.where(skewness < 0, gammainc(shape, left), gammaincc(shape, right)), dtype=np.float64)


def _posterior(sizes: Floats, wins: Floats, losses: Floats, rates: tuple[float, float], prior: Floats) -> Floats:
    """Probability of each rho of the grid, given the counts, the null rates of losses and wins, and the prior."""
    from scipy.special import gammaln

    (p_loss, p_win), ((size, won, lost), many) = rates, _distinct(sizes, wins, losses)
    same = size - won - lost
    p_same = 1 - p_loss - p_win
    concentration = ((1 - _RHO[1:]) / _RHO[1:])[:, None]
    logs = np.zeros((_RHO.size - 1, size.size))
    for count, rate in ((won, p_win), (lost, p_loss), (same, p_same)):
        a, some = rate * concentration, count > 0  # most clusters have no loss, or no win
        logs[:, some] += gammaln(count[some] + a) - gammaln(a)
    logs += gammaln(concentration) - gammaln(size + concentration)
    totals = [float((many * count).sum()) for count in (won, lost, same)]
    independent = sum(t * math.log(rate) for t, rate in zip(totals, (p_win, p_loss, p_same), strict=True))
    likelihood = np.concatenate(([independent], (many * logs).sum(axis=1)))
    posterior = np.exp(likelihood - likelihood.max()) * prior
    return np.asarray(posterior / posterior.sum(), dtype=np.float64)


def _distinct(sizes: Floats, wins: Floats, losses: Floats) -> tuple[Floats, Floats]:
    """Clusters with the same whole counts once, and how many there are: items asked a few times are all alike."""
    kinds = np.stack([sizes, wins, losses])
    if sizes.size <= 50:
        return kinds, np.ones(sizes.size)
    if not np.array_equal(kinds, np.rint(kinds)):  # weighed: hardly any two are alike
        return kinds, np.ones(sizes.size)
    # One whole number for each kind: they sort twenty times as fast as columns.
    base = int(kinds.max()) + 1
    codes, counts = np.unique(((kinds[0] * base + kinds[1]) * base + kinds[2]).astype(np.int64), return_counts=True)
    found = np.stack([codes // base**2, codes // base % base, codes % base]).astype(np.float64)
    return found, counts.astype(np.float64)


def _draw(sizes: np.ndarray, p_loss: float, p_win: float, rho: Floats) -> Floats:
    """Draws of the sum of wins - losses over these clusters, one for each rho given."""
    rng = np.random.default_rng(0)
    concentration = (1 - np.maximum(rho, 1e-5))[:, None] / np.maximum(rho, 1e-5)[:, None]
    shape = (rho.size, sizes.size)
    p_differs = p_loss + p_win
    differs = rng.binomial(
        sizes,
        rng.beta(
            np.broadcast_to(p_differs * concentration, shape), np.broadcast_to((1 - p_differs) * concentration, shape)
        ),
    )
    lost = np.zeros(shape, dtype=np.int64)
    some = differs > 0
    alphas = np.broadcast_to(p_loss * concentration, shape)[some]
    betas = np.broadcast_to(np.maximum(p_win * concentration, 1e-12), shape)[some]
    share = np.nan_to_num(rng.beta(alphas, betas), nan=1.0)
    lost[some] = rng.binomial(differs[some], np.clip(share, 0, 1))
    return np.asarray((differs - 2 * lost).sum(axis=1), dtype=np.float64)


def _moments_of_sum(sizes: Floats, p_loss: float, p_win: float) -> Floats:
    """Mean, variance and third central moment of the sum of wins - losses over these clusters: float64[3, grid]."""
    size, many = np.unique(sizes, return_counts=True)
    return np.asarray((_moments(size, p_loss, p_win) * many).sum(axis=2))


def _moments(n: Floats, p_loss: float, p_win: float) -> Floats:
    """Mean, variance and third central moment of wins - losses in clusters of n pairs: float64[3, grid, K].

    By the law of total cumulance over the cluster's own rates, whose moments are the Dirichlet's.
    """
    mean, differs = p_win - p_loss, p_win + p_loss
    alone = np.stack([n * mean, n * (differs - mean**2), n * (mean - 3 * mean * differs + 2 * mean**3)])
    rho = _RHO[1:, None]
    a = (1 - rho) / rho
    x, y = p_win * a, p_loss * a
    second, third = a * (a + 1), a * (a + 1) * (a + 2)
    ww, ll, wl = x * (x + 1) / second, y * (y + 1) / second, x * y / second
    d1, d2, d_differs = p_win - p_loss, ww - 2 * wl + ll, ww - ll  # of the rate difference, and times the rate sum
    rising = x * (x + 1) * (x + 2) - 3 * x * (x + 1) * y + 3 * x * y * (y + 1) - y * (y + 1) * (y + 2)
    d3 = rising / third
    variance, skew = d2 - d1**2, d3 - 3 * d1 * d2 + 2 * d1**3
    shared = (d_differs - d1 * (p_win + p_loss)) - (d3 - d1 * d2)
    together = np.stack(
        [
            np.broadcast_to(n * d1, (rho.size, n.size)),
            n * (p_win + p_loss - d2) + n * n * variance,
            n * (d1 - 3 * d_differs + 2 * d3) + 3 * n * n * shared + n**3 * skew,
        ]
    )
    return np.concatenate((alone[:, None], together), axis=1)
