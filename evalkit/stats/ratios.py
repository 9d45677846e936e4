"""Ratios of means: what the candidate costs of what the baseline costs, and what a correct answer costs.

    cost_ratio(baseline_usd, candidate_usd, max_ratio=0.5, alpha=0.05)   # a verdict: does it cost at most half?
    cost_per_correct(usd, scores)                                        # a Fieller interval, for reading only

"At most r times the cost" is a paired t test on r × baseline - candidate, item by item: it is about the bill, which a
ratio of logarithms is not, and a few expensive answers count as they count on the bill. No skewness correction: costs
are unbounded, and it passed too often there. Turning the test around in r gives Fieller's interval (1954).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from evalkit.stats import bounded, clustered
from evalkit.stats.intervals import Interval, t_quantile, t_tail
from evalkit.stats.scores import Codes, Floats, check_alpha, read, read_labels
from evalkit.stats.verdict import LimitDecision, Verdict

FEWEST = 15
"""Items below this many decide nothing about a bill."""


def cost_ratio(
    baseline: Any,
    candidate: Any,
    max_ratio: float,
    alpha: float = 0.05,
    clusters: Sequence[Hashable] | None = None,
) -> LimitDecision:
    """Whether the candidate costs at most `max_ratio` times the baseline, on costs of the same items in one currency.

    Raises ValueError for negative, absent or unequal values: an unknown price is not a price of zero.
    """
    first, second = _amounts(baseline, candidate)
    check_alpha(alpha)
    if not (math.isfinite(max_ratio) and max_ratio > 0):
        raise ValueError(f"max_ratio is a positive number like 0.5, not {max_ratio}")
    n = first.size
    labels = None if clusters is None else read_labels(clusters, n, "cluster")
    if labels is not None and np.bincount(labels).max() == 1:
        labels = None
    saved = max_ratio * first - second
    mean, se, df = _spread(saved, labels)
    value = float(second.mean() / first.mean()) if first.mean() > 0 else None
    few = n < FEWEST or (labels is not None and np.unique(labels).size < clustered.FEWEST)
    scale = float(np.abs(saved).max())
    if few:
        p_pass = p_fail = 1.0
    elif se <= 1e-12 * max(scale, 1e-300):
        # Every item saves the same amount: no spread, no doubt, but an exact tie shows nothing either way.
        tie = abs(mean) <= 1e-12 * max(float(first.max()), float(second.max()), 1e-300)
        p_pass, p_fail = (1.0, 1.0) if tie else (0.0, 1.0) if mean > 0 else (1.0, 0.0)
    else:
        p_pass, p_fail = t_tail(mean / se, df), t_tail(-mean / se, df)
        base, base_se, _ = _spread(first, labels)
        if base_se > 0:  # a share of something that is not shown to be above zero is no saving
            p_pass = max(p_pass, t_tail(base / base_se, df))
    verdict = Verdict.PASS if p_pass <= alpha else Verdict.FAIL if p_fail <= alpha else Verdict.INCONCLUSIVE
    low, high = (None, None) if few else _bounds(second, first, labels, alpha)
    notes = []
    if few:
        clusters_too = "" if labels is None else f", in at least {clustered.FEWEST} clusters"
        notes.append(f"{n} items are too few to decide about costs: at least {FEWEST} are needed{clusters_too}")
    if value is None:
        notes.append("the baseline costs nothing on these items: a ratio to it is undefined")
    return LimitDecision(
        verdict, value, max_ratio, alpha, low, high, p_pass, p_fail, "paired t on the bill", n, tuple(notes)
    )


def cost_per_correct(costs: Any, scores: Any, confidence: float = 0.95) -> tuple[float, Interval | None] | None:
    """Cost for each correct answer with its Fieller interval; None without any correct answer.

    The interval is None where it is unbounded: the share of correct answers is then not shown to be above zero.
    """
    amounts, marks = _amounts(costs, scores)
    if marks.sum() <= 0:
        return None
    return float(amounts.sum() / marks.sum()), fieller(amounts, marks, confidence)


def fieller(numerators: Any, denominators: Any, confidence: float = 0.95) -> Interval | None:
    """Interval of mean(numerators) / mean(denominators) over paired values; None where unbounded or unknown."""
    top, bottom = read(numerators, "numerator"), read(denominators, "denominator")
    if top.size != bottom.size:
        raise ValueError(f"a ratio of paired values needs as many of both, not {top.size} and {bottom.size}")
    if top.size < 2:
        return None
    low, high = _bounds(top, bottom, None, (1 - confidence) / 2)
    return None if low is None or high is None or low == high else Interval(low, high)


def _bounds(top: Floats, bottom: Floats, labels: Codes | None, alpha: float) -> tuple[float | None, float | None]:
    """Both ends of the ratios r for which the mean of top - r × bottom is within its error of 0; None: unbounded."""
    mean_top, se_top, df = _spread(top, labels)
    mean_bottom, se_bottom, _ = _spread(bottom, labels)
    _, se_sum, _ = _spread(top + bottom, labels)
    shared = (se_sum**2 - se_top**2 - se_bottom**2) / 2
    t2 = t_quantile(1 - alpha, df) ** 2
    # (mean_top - r mean_bottom)^2 = t^2 (se_top^2 - 2 r shared + r^2 se_bottom^2), a quadratic in r.
    a = mean_bottom**2 - t2 * se_bottom**2
    b = mean_top * mean_bottom - t2 * shared
    c = mean_top**2 - t2 * se_top**2
    if a <= 1e-12 * mean_bottom**2 or mean_bottom <= 0:
        return None, None
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


def _spread(values: Floats, labels: Codes | None) -> tuple[float, float, float]:
    """Mean, its standard error and the degrees of freedom."""
    if labels is None:
        mean, sd, _ = bounded.moments(values)
        return mean, sd / math.sqrt(values.size), max(values.size - 1, 1)
    jack = clustered.jackknife(values, labels)
    return jack.mean, jack.se, max(jack.k_eff - 1, 1e-3)


def _amounts(first: Any, second: Any) -> tuple[Floats, Floats]:
    a, b = read(first, "first"), read(second, "second")
    if a.size != b.size:
        raise ValueError(f"costs are compared item by item: there are {a.size} and {b.size}")
    if not a.size:
        raise ValueError("there are no items with a known cost: unknown costs decide nothing")
    if (a < 0).any() or (b < 0).any():
        raise ValueError("a cost is negative: leave unknown costs out, they are not numbers")
    return a, b
