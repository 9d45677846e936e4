"""Tests for items that move together: one conversation, one passage, one item asked several times.

The spread comes from leaving out one cluster at a time (CR3, the jackknife), on K_eff - 1 degrees of freedom, where
K_eff = n^2 / sum of squared cluster sizes: one large cluster is not mistaken for many small ones. For right/wrong
scores Tango's test on counts shrunk by the design effect must agree, because t alone passes too easily near 0 and 1.
Measured: wrong verdicts up to 9 % at a nominal 5 % with 8 or more clusters (docs/gate-statistics.md). Below five
clusters nothing is decided.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalkit.stats.bounded import FLAT, PValue, corrected, moments, never, unseen
from evalkit.stats.intervals import t_tail
from evalkit.stats.scores import Codes, Floats
from evalkit.stats.tango import normal_tail, tango

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
    k_eff = total * total / float((sizes**2).sum())
    if k < 2:
        return Jackknife(mean, 0.0, 0.0, k, k_eff, None)
    without = (sums.sum() - sums) / (total - sizes)
    se = math.sqrt((k - 1) / k * float(((without - mean) ** 2).sum()))
    n = values.size
    alone = math.sqrt(float((v * v * (values - mean) ** 2).sum()) * n / (n - 1)) / total
    known = se > FLAT and alone > FLAT
    deff = max(1.0, (se / alone) ** 2) if known else None
    _, _, skew = moments(mean - without)
    return Jackknife(mean, se if known else 0.0, skew, k, k_eff, deff)


def clustered(differences: Floats, clusters: Codes, weights: Floats | None, *, binary: bool, guard: bool) -> PValue:
    """P-values of the mean: CR3 and Tango for right/wrong scores; CR3, plain and skew-corrected, and guard for graded.

    Where leaving out a cluster changes nothing (no discordant pair at all, say) the design effect is unknown, and each
    cluster counts as one draw.
    """
    jack = jackknife(differences, clusters, weights)
    if jack.n_clusters < FEWEST:
        return never
    if jack.se == 0:
        return lambda supposed: unseen(jack.mean, jack.k_eff, supposed)
    v = np.ones(differences.size) if weights is None else weights / weights.mean()
    shrink = jack.deff or 1.0
    wins, losses = float(v[differences > 0].sum()) / shrink, float(v[differences < 0].sum()) / shrink
    n = differences.size / shrink

    def p_value(supposed: float) -> float:
        t = (jack.mean - supposed) / jack.se
        p = t_tail(t, jack.k_eff - 1)
        if binary:
            # Beyond ±1 rounding would make a variance negative; nothing true lies there.
            return max(p, normal_tail(tango(wins, losses, n, min(max(supposed, -1 + 1e-9), 1 - 1e-9))))
        root = math.sqrt(jack.k_eff)
        p = max(p, t_tail(corrected(t / root, jack.skew, jack.k_eff), jack.k_eff - 1))
        return max(p, unseen(jack.mean, jack.k_eff, supposed)) if guard else p

    return p_value
