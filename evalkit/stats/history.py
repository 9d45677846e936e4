"""What stored scores of older models say about a candidate: on which items it will differ from the baseline.

    known = predictors(baseline, older)       # float64[N], float64[K, N]: scores of the baseline and of K older models
    known.predicted                           # float64[N]: the predicted difference of each item, of mean 0
    known.ratio                               # .61: the share of the difference's variance that predictions leave
    share_with(known.ratio, 0.40)             # .29: where 40 % of the items would decide without, 29 % do with them

Slopes come from history alone: each older model in turn stands for the candidate. Nothing here rests on an answer of
the candidate, so a prediction cannot favour it: a bad one costs items, never a wrong verdict.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalkit.stats.scores import Floats

_STEADY = 1e-3
"""Added to the normal equations: a baseline that gets everything right has no slope."""


@dataclass(frozen=True, slots=True)
class Predictors:
    """What is known of every item before the candidate is asked."""

    predicted: Floats
    """float64[N]: predicted candidate - baseline, centred over the items."""
    columns: Floats
    """float64[N, K + 2]: baseline, mean of the older models, each older model; centred over the items."""
    ratio: float
    """Expected share of the difference's variance that predictions leave: the median of the older models."""

    def at(self, places: np.ndarray) -> Predictors:
        """The same items in another order."""
        return Predictors(self.predicted[places], self.columns[places], self.ratio)


def predictors(baseline: Floats, older: Floats) -> Predictors:
    """The predictions. Both without gaps; fewer than two older models predict no difference (`ratio` is 1)."""
    base = np.asarray(baseline, dtype=np.float64)
    others = np.asarray(older, dtype=np.float64).reshape(-1, base.size)
    mean = others.mean(axis=0) if len(others) else base
    both = np.column_stack((base, mean))
    both = both - both.mean(axis=0)
    at = slopes(base, others)
    each = others.T - others.mean(axis=1)
    return Predictors(both @ at, np.column_stack((both, each)), _ratio(base, others, at))


def slopes(baseline: Floats, older: Floats) -> Floats:
    """float64[2]: slopes of the difference on the baseline's score and on the mean of the older models.

    For each older model j: least squares of H_j - B on (1, B, mean of the other older models); then the mean over j.
    With fewer than two older models -.5 and .5, which predict nothing from a baseline alone.
    """
    if len(older) < 2:
        return np.array([-0.5, 0.5])
    total = older.sum(axis=0)
    found = []
    for one in older:
        x = np.column_stack((np.ones(baseline.size), baseline, (total - one) / (len(older) - 1)))
        found.append(np.linalg.solve(x.T @ x + _STEADY * np.eye(3), x.T @ (one - baseline))[1:])
    return np.asarray(np.mean(found, axis=0))


def _ratio(baseline: Floats, older: Floats, at: Floats) -> float:
    if len(older) < 2:
        return 1.0
    total, found = older.sum(axis=0), []
    for one in older:
        difference = one - baseline
        left = difference - np.column_stack((baseline, (total - one) / (len(older) - 1))) @ at
        found.append(left.var() / max(difference.var(), 1e-9))
    return float(np.median(found))


def share_with(ratio: float, share: float) -> float:
    """Share of the items of a suite that decides as well with history as `share` does without: both give the same
    information s / (1 - s), and predictions multiply it by 1 / ratio."""
    odds = ratio * share / (1 - share) if share < 1 else np.inf
    return float(odds / (1 + odds)) if np.isfinite(odds) else 1.0
