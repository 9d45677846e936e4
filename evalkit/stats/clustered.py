"""Tests for items that move together: one conversation, one passage, one item asked several times.

K_eff = n^2 / sum of squared cluster sizes says how many equal clusters tell as much: one large cluster is not mistaken
for many small ones. The spread by leaving out one cluster at a time (CR3, the jackknife) is not enough for a verdict: a
sample without the few clusters that hold most losses has a higher mean *and* a smaller spread, and passed in up to 27 %
of draws at a nominal 5 %. Two tests that suppose the null decide instead: a Dirichlet-multinomial predictive one
(`cluster_counts`) and one that supposes no law (`tilted`). Measured in docs/gate-statistics.md, with what no test can
see. Below five clusters nothing is decided.

A test of a sum over clusters that supposes no law: the clusters are reweighed until their mean is nothing.

    tilted_p(sums, k_eff)       # P(a sum as large as this one | the true mean is 0)

Empirical likelihood (Owen 2001, chapter 2) finds the weights nearest to equal ones under which the mean of the cluster
sums is 0. Spread and skewness under *these* weights are those of the null, not of the sample: a lucky sample has too
little of both. The tail is Pearson III's, read on Student's t with k_eff - 1 degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from evalkit.frozen import dataclass
from evalkit.stats.bounded import FLAT, PValue, moments, never, unseen
from evalkit.stats.cluster_counts import NOTHING, ClusterCounts, KnownOfPairs, pearson3_tail
from evalkit.stats.copies import ALONE, HEAVY
from evalkit.stats.intervals import t_tail
from evalkit.stats.inversion import remembered
from evalkit.stats.scores import Codes, Floats
from evalkit.stats.tango import normal_quantile

FEWEST = 5
"""Clusters below this many decide nothing."""


@dataclass(frozen=True, slots=True)
class Jackknife:
    """A weighted mean over clusters and how far it can be trusted."""

    mean: float
    se: float
    """0 when leaving out any one cluster changes nothing."""
    skew: float
    """Skewness of the clusters' contributions."""
    n_clusters: int
    k_eff: float
    deff: float | None
    """At least 1; None where the spread of single values, or of clusters, is 0 and tells nothing."""
    heaviest: float
    """The largest cluster's share of the weight, above 0 and at most 1."""

    def of_side(self, sign: int) -> Jackknife:
        """That of the values times `sign`, 1 or -1."""
        return self if sign > 0 else replace(self, mean=-self.mean, skew=-self.skew)

    @property
    def note(self) -> str | None:
        """What to know where one cluster is most of the data; None where none is."""
        return None if self.heaviest <= HEAVY else f"one item or cluster is {self.heaviest:.0%} of the weight: {ALONE}"


def jackknife(values: Floats, clusters: Codes, weights: Floats | None = None) -> Jackknife:
    """The mean of `values` with its error by leaving out one cluster at a time; at least one value.

    `weights` average repeats within their item; None: every value counts alike.
    """
    v = np.ones(values.size) if weights is None else weights
    sizes = np.bincount(clusters, weights=v)
    sums = np.bincount(clusters, weights=v * values)
    present = np.bincount(clusters) > 0
    sizes, sums = sizes[present], sums[present]
    k, total = sizes.size, float(sizes.sum())
    mean = float(sums.sum() / total)
    k_eff = 1 / float(((sizes / total) ** 2).sum())  # squares of very large weights would be infinite
    heaviest = float(sizes.max()) / total
    if k >= 2 and heaviest > 1 - _NOTHING:
        return Jackknife(mean, math.inf, 0.0, k, k_eff, None, heaviest)
    if k < 2:
        return Jackknife(mean, 0.0, 0.0, k, k_eff, None, heaviest)
    without = (sums.sum() - sums) / (total - sizes)
    se = math.sqrt((k - 1) / k * float(((without - mean) ** 2).sum()))
    n = values.size
    alone = math.sqrt(float((v * v * (values - mean) ** 2).sum()) * n / (n - 1)) / total
    known = se > FLAT and alone > FLAT
    deff = max(1.0, (se / alone) ** 2) if known else None
    _, _, skew = moments(mean - without)
    return Jackknife(mean, se if known else 0.0, skew, k, k_eff, deff, heaviest)


_NOTHING = 1e-9
"""Share of the weight that is nothing beside one cluster: the others are rounded away, and their spread is unknown, not
none (as none it passed a cost rule)."""
UNDECIDED = 0.25
"""Above this a p-value decides nothing, so that the dearer test need not raise it further."""


def clustered(
    differences: Floats,
    clusters: Codes,
    weights: Floats | None,
    *,
    binary: bool,
    guard: bool,
    known: KnownOfPairs = NOTHING,
    undecided: float = UNDECIDED,
    only_whether: float | None = None,
    jack: Jackknife | None = None,
) -> PValue:
    """P-values of the mean difference of items that move together; `weights` as in `jackknife`.

    `undecided`: a p-value above it need not be exact, only above it. Where nothing but a verdict at alpha is asked for,
    alpha will do: the dearer test can only raise what is above alpha already. `known`, `only_whether`: as in
    `ClusterCounts`. `jack`: `jackknife` of the same three; None: it is worked out.

    Right/wrong: the larger of `ClusterCounts` and `tilted_p`. Graded: the largest of CR3's t, `tilted_p`,
    `ClusterCounts` on jumps and, where asked for, the guard. Where nothing differs at all, each of the k_eff clusters
    counts as one draw.
    """
    jack = jack or jackknife(differences, clusters, weights)
    if jack.n_clusters < FEWEST or math.isinf(jack.se):
        return never
    v = np.ones(differences.size) if weights is None else weights / weights.mean()
    present = np.bincount(clusters) > 0

    def by_cluster(values: Floats) -> Floats:
        return np.bincount(clusters, weights=values)[present].astype(np.float64)

    sizes, sums = by_cluster(v), by_cluster(v * differences)
    if binary:
        won, lost = by_cluster(v * (differences > 0)), by_cluster(v * (differences < 0))
        counts = ClusterCounts(sizes, won, lost, known)

        def predicted(supposed: float) -> float:
            return counts.p_value(-supposed, only_whether)

        return _right_or_wrong(sizes, won, lost, jack.k_eff, undecided, predicted)
    if jack.se == 0:
        return lambda supposed: unseen(jack.mean, jack.k_eff, supposed)
    rises, drops = by_cluster(v * np.maximum(differences, 0)), by_cluster(v * np.maximum(-differences, 0))
    jump = float((v * differences**2).sum() / (v * np.abs(differences)).sum())
    jumps: dict[float, ClusterCounts] = {}

    def p_value(supposed: float) -> float:
        p = t_tail((jack.mean - supposed) / jack.se, jack.k_eff - 1)
        p = max(p, tilted_p(sums - supposed * sizes, jack.k_eff))
        if guard:
            p = max(p, unseen(jack.mean, jack.k_eff, supposed))
        if p > undecided or not -1 < supposed < 1:
            return p
        # The typical size of a difference; a margin is at most one of them.
        one = min(max(jump, abs(supposed) * 1.05, 1e-3), 1.0)
        if one not in jumps:
            won = np.minimum(rises / one, sizes)
            jumps[one] = ClusterCounts(sizes, won, np.minimum(drops / one, sizes - won), known)
        return max(p, jumps[one].p_value(-supposed / one, only_whether))

    return remembered(p_value)


def _right_or_wrong(
    sizes: Floats, wins: Floats, losses: Floats, k_eff: float, undecided: float, predicted: PValue
) -> PValue:
    mean = float((wins - losses).sum() / sizes.sum())
    nothing_differs = not (wins.any() or losses.any())

    def p_value(supposed: float) -> float:
        if supposed <= -1 or supposed >= 1:  # nothing is at most -1 by chance, everything is at most 1
            return 0.0 if supposed <= -1 and mean > -1 else 1.0
        if nothing_differs and supposed >= 0:
            return 1.0
        p = tilted_p(wins - losses - supposed * sizes, k_eff)
        if nothing_differs:
            p = max(p, unseen(mean, k_eff, supposed))
        if p > undecided:
            return p
        return max(p, predicted(supposed))

    return remembered(p_value)


_STEPS = 60


def _tilt(scaled: Floats) -> float:
    """The number by which empirical likelihood reweighs: where sum(s / (1 + tilt s)) is 0, by Newton's steps within a
    bracket that halving narrows where they leave it."""
    low, high = 0.0, (1 - 1e-9) / -float(scaled.min())
    tilt = min(float(scaled.sum()) / float((scaled * scaled).sum()), high / 2)
    for _ in range(_STEPS):
        share = scaled / (1 + tilt * scaled)
        value = float(share.sum())
        step = value / float((share * share).sum())
        if abs(step) <= 1e-13 * high:  # asked first: at the root rounding names either side of it
            return tilt + step
        low, high = (tilt, high) if value > 0 else (low, tilt)
        after = tilt + step
        tilt = after if low < after < high else (low + high) / 2
    return tilt


def tilted_p(sums: Floats, k_eff: float) -> float:
    """P-value against "the mean is at most 0", for float64[K] sums of clusters.

    1 where the sum itself is not above 0. 0 where no cluster lies below 0: no weights reach the null then, so that this
    test says nothing, and another one has to decide.
    """
    total = float(sums.sum())
    if total <= 0:
        return 1.0
    scaled = sums / float(np.abs(sums).max())
    if float(scaled.min()) >= 0:
        return 0.0
    k = sums.size
    weights = 1 / (1 + _tilt(scaled) * scaled) / k
    plain = k * float((weights * scaled**2).sum())
    variance = plain * k / (k - 1)
    third = k * float((weights * scaled**3).sum())
    skewness = np.asarray(third / plain**1.5)
    tail = float(pearson3_tail(np.asarray(float(scaled.sum()) / math.sqrt(variance)), skewness))
    return t_tail(-normal_quantile(min(max(tail, 1e-15), 1 - 1e-15)), max(k_eff - 1, 0.5))
