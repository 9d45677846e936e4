"""Right/wrong pairs in clusters: how likely are these counts if the truth lies exactly on the margin?

    predictive_p(sizes, wins, losses, margin)     # P(wins - losses at least as observed | true difference = -margin)

Where a few clusters hold most losses, the clusters that happened not to be drawn raise the mean and shrink the spread
together, so that every test built on the observed spread passes too easily. This one supposes the null while it asks
how strongly the pairs of a cluster move together: few loss clusters then speak for *more* dependence, not for less
spread.

1. Rates of losses and wins under the null: Tango's (1998) constrained maximum likelihood. Few losses make it believe
   in few wins as well, and so in a small spread, which pairs that move together do not bear out: for passing, wins are
   supposed to be at least a fifteenth as frequent as the margin. Not so for repeats, whose prior sees to it.
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

from evalkit.frozen import dataclass
from evalkit.stats.scores import Floats
from evalkit.stats.tango import constrained_rates

_RHO = np.array([0, 0.004, 0.01, 0.02, 0.035, 0.06, 0.09, 0.13, 0.18, 0.24, 0.31, 0.4, 0.5, 0.61, 0.73, 0.85, 0.95])
_CONCENTRATION = ((1 - _RHO[1:]) / _RHO[1:])[:, None]
"""float64[grid, 1]: of the Dirichlet law of a cluster's rates; where rho is 0 there is none."""
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
_LEAST_WINS = 1 / 15
"""Of the margin: rate of wins that is supposed at least where passing is at stake. Without it 80 clusters of lognormal
sizes passed in .066 of draws; an equal candidate passes as often as before (docs/gate-statistics.md)."""
_NEVER = 2e-9
"""Rates up to this stand for 0 (`constrained_rates` gives none below 1e-9): no draw holds such a pair."""
_SMALL = 0.03
"""Share of the pairs: where no cluster has more, the moments alone say whether a p-value lies far from alpha,"""
_FAR = 1.5
"""by this factor."""


@dataclass(frozen=True, slots=True)
class KnownOfPairs:
    """What is known of pairs in clusters before they are counted."""

    repeats: float = 0.0
    """Of the pairs of answers that share a cluster, the share that are to one item. Clusters of several items that were
    asked several times stand between the two priors in that proportion: else one item that says the same as another one
    would undo what is known of all repeats."""
    only_losses: bool = False
    """Whether there can be no wins: one model's errors against a limit (`one_sample`, slow answers), whose rate under
    the null is the limit itself."""


NOTHING = KnownOfPairs()


def predictive_p(
    sizes: Floats,
    wins: Floats,
    losses: Floats,
    margin: float,
    *,
    known: KnownOfPairs = NOTHING,
    only_whether: float | None = None,
) -> float:
    """P-value against "the true difference is -margin", for float64[K] counts of pairs, wins and losses by cluster.

    Arguments as in `ClusterCounts`, which is for several margins."""
    return ClusterCounts(sizes, wins, losses, known).p_value(margin, only_whether)


class ClusterCounts:
    """Counts by cluster, and what of the test does not hang on the margin: an interval asks for a dozen margins."""

    def __init__(self, sizes: Floats, wins: Floats, losses: Floats, known: KnownOfPairs = NOTHING) -> None:
        """`sizes`, `wins`, `losses`: float64[K] counts of pairs, wins and losses. They may be fractions (repeats that
        are averaged within their item)."""
        from scipy.special import gammaln

        self._lost, self._won, self._n = float(losses.sum()), float(wins.sum()), float(sizes.sum())
        self._tie = _TIE if self._lost else 1.0
        self._sizes = sizes
        self._prior = _WIDTH / (_RHO + _LEAST + (_LEAST_OF_REPEATS - _LEAST) * known.repeats)
        self._least_wins = 0.0 if known.only_losses else _LEAST_WINS * (1 - known.repeats)
        (size, won, lost), self._many = _distinct(sizes, wins, losses)
        self._counts = tuple((count, count > 0) for count in (won, lost, size - won - lost))
        self._logs_of_sizes = gammaln(_CONCENTRATION) - gammaln(size + _CONCENTRATION)
        order = np.argsort(-sizes, kind="stable")
        largest = sizes[order[:_DRAWN]]
        self._drawn = np.ceil(largest - 1e-9).astype(np.int64)
        self._shrunk = largest / self._drawn
        self._rest = _powers(sizes[order[_DRAWN:]]) if sizes.size > _DRAWN else None

    def p_value(self, margin: float, only_whether: float | None = None) -> float:
        """P-value against "the true difference is -margin"; the margin may be negative.

        `only_whether`: all that is asked is whether it lies above this level. Where the moments of all clusters, which
        cost a tenth of the draws, put it far from there, they are the answer.
        """
        rates = self._rates(margin)
        posterior = self._posterior(rates)
        observed, tie = self._won - self._lost, self._tie
        if only_whether is not None and float(self._sizes.max()) <= _SMALL * self._n:
            rough = _by_moments(_powers(self._sizes), observed, tie, posterior, rates)
            if not only_whether / _FAR < rough < only_whether * _FAR:
                return rough
        quantiles = (np.arange(_DRAWS) + 0.5) / _DRAWS  # stratified: each rho comes as often as it is probable
        picked = np.minimum(np.searchsorted(np.cumsum(posterior), quantiles), _RHO.size - 1)
        total = _draw(self._drawn, self._shrunk, *rates, _RHO[picked])
        if self._rest is None:
            above, equal = total > observed + 1e-9, np.abs(total - observed) <= 1e-9
            return float(above.mean() + tie * equal.mean())
        mean, variance, third = _moments_of_sum(self._rest, *rates)[:, picked]
        sd = np.sqrt(np.maximum(variance, 1e-12))
        return float(pearson3_tail((observed - (tie - 0.5) - total - mean) / sd, third / sd**3).mean())

    def _rates(self, margin: float) -> tuple[float, float]:
        """Rates of losses and wins under the null."""
        lost, won = constrained_rates(self._won, self._lost, self._n, -margin)
        least = min(self._least_wins * margin, (1 - margin) / 2 * (1 - 1e-6))
        return (lost, won) if won >= least else (least + margin, least)

    def _posterior(self, rates: tuple[float, float]) -> Floats:
        """Probability of each rho of the grid, given the counts, the null rates of losses and wins, and the prior."""
        from scipy.special import gammaln

        p_loss, p_win = rates
        each = (p_win, p_loss, 1 - p_loss - p_win)
        logs = np.zeros(self._logs_of_sizes.shape)
        for (count, some), rate in zip(self._counts, each, strict=True):
            a = rate * _CONCENTRATION  # most clusters have no loss, or no win
            if some.all():
                logs += gammaln(count + a) - gammaln(a)
            else:
                logs[:, some] += gammaln(count[some] + a) - gammaln(a)
        logs += self._logs_of_sizes
        totals = [float((self._many * count).sum()) for count, _ in self._counts]
        independent = sum(t * math.log(rate) for t, rate in zip(totals, each, strict=True))
        likelihood = np.concatenate(([independent], (self._many * logs).sum(axis=1)))
        posterior = np.exp(likelihood - likelihood.max()) * self._prior
        return np.asarray(posterior / posterior.sum(), dtype=np.float64)


def _by_moments(
    powers: tuple[float, float, float], observed: float, tie: float, posterior: Floats, rates: tuple[float, float]
) -> float:
    """The same chance with no cluster drawn: every sum by its three moments."""
    mean, variance, third = _moments_of_sum(powers, *rates)
    sd = np.sqrt(np.maximum(variance, 1e-12))
    tails = pearson3_tail((observed - (tie - 0.5) - mean) / sd, third / sd**3)
    return float((posterior * tails).sum())


def pearson3_tail(x: Floats, skewness: Floats) -> Floats:
    """P(X >= x) of the Pearson III law (a shifted gamma) with mean 0, standard deviation 1 and this skewness."""
    from scipy.special import gammainc, gammaincc

    shape = 4 / np.maximum(np.abs(skewness), 1e-3) ** 2
    root = np.sqrt(shape)
    left, right = np.maximum(shape - x * root, 0), np.maximum(shape + x * root, 0)
    below = skewness < 0
    if not below.any():  # as a rule all lean to one side, and half of the work is spared
        return np.asarray(gammaincc(shape, right), dtype=np.float64)
    if below.all():
        return np.asarray(gammainc(shape, left), dtype=np.float64)
    return np.asarray(np.where(below, gammainc(shape, left), gammaincc(shape, right)), dtype=np.float64)


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


def _draw(sizes: np.ndarray, shrunk: Floats, p_loss: float, p_win: float, rho: Floats) -> Floats:
    """Draws of the sum of wins - losses over these clusters, one for each rho given. Where a cluster has a fraction of
    a pair, one pair more is drawn and each counts `shrunk` of one, float64[K]: else the sum would lie too far from 0.
    """
    rng = np.random.default_rng(0)
    rho = np.maximum(rho, 1e-5)
    concentration = (1 - rho) / rho
    shape = (rho.size, sizes.size)
    p_differs = p_loss + p_win
    differs = rng.binomial(
        sizes,
        rng.beta(
            np.broadcast_to((p_differs * concentration)[:, None], shape),
            np.broadcast_to(((1 - p_differs) * concentration)[:, None], shape),
        ),
    )
    if min(p_loss, p_win) <= _NEVER:  # all that differ are of one kind: half of the work is spared
        return np.asarray((differs @ shrunk) * (1 if p_win > p_loss else -1), dtype=np.float64)
    of_row, of_cluster = np.nonzero(differs)
    differing = differs[of_row, of_cluster]
    share = rng.beta((p_loss * concentration)[of_row], np.maximum(p_win * concentration, 1e-12)[of_row])
    share[np.isnan(share)] = 1.0
    lost = rng.binomial(differing, np.clip(share, 0, 1))
    balance = (differing - 2 * lost) * shrunk[of_cluster]
    return np.asarray(np.bincount(of_row, weights=balance, minlength=rho.size), dtype=np.float64)


def _powers(sizes: Floats) -> tuple[float, float, float]:
    """Sums of the sizes of clusters, of their squares and cubes."""
    return float(sizes.sum()), float((sizes**2).sum()), float((sizes**3).sum())


def _moments_of_sum(powers: tuple[float, float, float], p_loss: float, p_win: float) -> Floats:
    """Mean, variance and third central moment of the sum of wins - losses over clusters: float64[3, grid].

    By the law of total cumulance over the cluster's own rates, whose moments are the Dirichlet's. Of a cluster of n
    pairs they are polynomials in n, so that sums of its powers say all.
    """
    n, squares, cubes = powers
    mean, differs = p_win - p_loss, p_win + p_loss
    alone = np.array([n * mean, n * (differs - mean**2), n * (mean - 3 * mean * differs + 2 * mean**3)])
    rho = _RHO[1:]
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
            np.full(rho.size, n * d1),
            n * (p_win + p_loss - d2) + squares * variance,
            n * (d1 - 3 * d_differs + 2 * d3) + 3 * squares * shared + cubes * skew,
        ]
    )
    return np.concatenate((alone[:, None], together), axis=1)
