"""Quantiles of values that stand for unequal numbers of requests.

weighted_quantile(seconds, 0.95, weights)      # the least duration within which 95 % of the requests were answered
"""

from __future__ import annotations

import numpy as np

from evalkit.stats.scores import Floats


def weighted_quantile(values: Floats, quantile: float, weights: Floats | None) -> float:
    """The quantile of values that stand for `weights` requests each, in the values' unit: the least value at or below
    which so large a share of the weight lies. None: all weigh alike, and neighbours are interpolated linearly."""
    return weighted_quantiles(values, (quantile,), weights)[0]


def weighted_quantiles(values: Floats, quantiles: tuple[float, ...], weights: Floats | None) -> list[float]:
    """The same of several quantiles, for which the values are ordered once."""
    if weights is None:
        found = np.quantile(values, quantiles)
    else:
        found = np.quantile(values, quantiles, weights=weights, method="inverted_cdf")
    return [float(one) for one in found]
