"""A test of a sum over clusters that supposes no law: the clusters are reweighed until their mean is nothing.

    tilted_p(sums, k_eff)       # P(a sum as large as this one | the true mean is 0)

Empirical likelihood (Owen 2001, chapter 2) finds the weights nearest to equal ones under which the mean of the cluster
sums is 0. Spread and skewness under *these* weights are those of the null, not of the sample: a lucky sample has too
little of both. The tail is Pearson III's, read on Student's t with k_eff - 1 degrees of freedom.
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.stats.cluster_counts import pearson3_tail
from evalkit.stats.intervals import t_tail
from evalkit.stats.scores import Floats
from evalkit.stats.tango import normal_quantile

_STEPS = 60


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
    low, high = 0.0, (1 - 1e-9) / -float(scaled.min())
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if float((scaled / (1 + middle * scaled)).sum()) > 0:
            low = middle
        else:
            high = middle
    weights = 1 / (1 + (low + high) / 2 * scaled) / k
    plain = k * float((weights * scaled**2).sum())
    variance = plain * k / (k - 1)
    third = k * float((weights * scaled**3).sum())
    skewness = np.asarray(third / plain**1.5)
    tail = float(pearson3_tail(np.asarray(float(scaled.sum()) / math.sqrt(variance)), skewness))
    return t_tail(-normal_quantile(min(max(tail, 1e-15), 1 - 1e-15)), max(k_eff - 1, 0.5))
