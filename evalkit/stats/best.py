"""Which of several models may still be the best: comparisons with the leader, the worst taken out first.

    behind([0.2, 0.0004, 0.019], covariance)      # [False, True, False]: p-values of the leader's being better

The leader is the model that measured best, so each comparison with it is a comparison of a chosen one. While m models
are left (the leader among them), the one with the smallest p-value is taken out where that is at most the level of the
largest of all m (m - 1) / 2 differences; then m - 1 are left. So a model far behind is taken out first and changes
nothing for the rest. If several models are equally good and the best, the chance that any of them is taken out is at
most alpha: the first of them to go would go while all of them are left (Hansen, Lunde, Nason: The Model Confidence Set,
Econometrica 79, 2011; Hsu: Multiple Comparisons, 1996, on comparisons with the best).

The level lies between Bonferroni's alpha / (m (m - 1)) and alpha / 2, which it is for two models. In between it is the
tail of the studentized range of m normal means that move together as these do (Tukey, Kramer; by simulation): answers
of related models are, so the largest of their differences is smaller than Bonferroni supposes. Only the level comes
from there; each p-value is that of the paired test. Power and errors are in docs/gate-statistics.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from evalkit.stats.scores import Floats
from evalkit.stats.tango import normal_tail

ALPHA = 0.05
"""Chance that any of the best is called behind."""
_DRAWS = 20_000
_SEED = 20_111
_MOST = 80
"""Models beyond which Bonferroni's level is taken: the draws would take seconds."""


def behind(
    p_values: Sequence[float], covariance: Callable[[list[int]], Floats] | None = None, alpha: float = ALPHA
) -> list[bool]:
    """Who is shown to be behind the leader.

    `p_values`: one-sided, of each other model's being as good as the leader. `covariance`: that of the means of the
    leader and of these others, in this order, as a matrix; None: unknown, which costs power and nothing else.
    """
    left = sorted(range(len(p_values)), key=p_values.__getitem__)
    draws: tuple[list[int], Floats] | None = None
    while left:
        p, m = p_values[left[0]], len(left) + 1
        if p > alpha / (m * (m - 1)):
            if p > alpha / 2 or m == 2 or m > _MOST or covariance is None:
                break
            draws = draws or (left, _draws(covariance(left)))
            of, drawn = draws
            if p > level(drawn[:, [0, *(1 + of.index(i) for i in left)]], alpha):
                break
        left = left[1:]
    return [i not in left for i in range(len(p_values))]


def level(draws: Floats, alpha: float = ALPHA) -> float:
    """The one-sided p-value that the smallest of all pairs falls below with chance alpha, in draws (draws x models)."""
    m = draws.shape[1]
    largest = np.zeros(len(draws))
    for i in range(m):
        differences = draws[:, i + 1 :] - draws[:, i : i + 1]
        spread = differences.std(axis=0)
        told = spread > 1e-12
        if told.any():
            np.maximum(largest, (np.abs(differences[:, told]) / spread[told]).max(axis=1), out=largest)
    found = normal_tail(float(np.quantile(largest, 1 - alpha)))
    return float(min(max(found, alpha / (m * (m - 1))), alpha / 2))


def _draws(covariance: Floats) -> Floats:
    """Means of models that are all equally good, which vary and move together as these do."""
    values, vectors = np.linalg.eigh(covariance)
    normal = np.random.default_rng(_SEED).standard_normal((_DRAWS, len(values)))
    drawn: Floats = normal @ (vectors * np.sqrt(np.maximum(values, 0))).T
    return drawn


def covariance_of(parts: Sequence[npt.NDArray[np.floating]], clusters: npt.NDArray[np.intp] | None) -> Floats:
    """The covariance of means; `parts`: what each item adds to each model's mean, less its expectation."""
    stacked = np.stack(parts if clusters is None else [np.bincount(clusters, weights=part) for part in parts])
    return np.asarray(stacked @ stacked.T, dtype=np.float64)
