"""Verdicts about times and bills in one call, as `decide` is for scores.

decide_quantile(baseline_s, candidate_s, 0.95, max_ratio=1.2, items=question_of_each_row)     # Verdict.PASS
decide_cost(baseline_usd, candidate_usd, max_ratio=0.5, cap=0.04)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evalkit.stats.exceedance import latency_limit_verdict, latency_ratio_verdict
from evalkit.stats.ratios import cost_verdict
from evalkit.stats.scores import Codes, Labels, read_labels
from evalkit.stats.verdict import Verdict


def decide_quantile(
    baseline_s: npt.ArrayLike,
    candidate_s: npt.ArrayLike,
    q: float,
    *,
    max_ratio: float | None = None,
    max_s: float | None = None,
    alpha: float = 0.05,
    clusters: Labels | None = None,
    items: Labels | None = None,
    weights: npt.ArrayLike | None = None,
) -> Verdict:
    """Whether quantile q of the candidate's times is within `max_ratio` times the baseline's, and within `max_s` s.

    `baseline_s`, `candidate_s`: float64[n] seconds, one row for each item and repeat, in the same order. `baseline_s`
    is not read where only `max_s` is given. `clusters`: what moves together; `items`: which rows are repeats of one
    item; `weights`: float64[n], how many requests of the traffic each row stands for. With both
    limits the worse verdict counts. Raises ValueError where neither is given and for impossible values.
    """
    if max_ratio is None and max_s is None:
        raise ValueError("decide_quantile needs a limit: max_ratio, max_s or both")
    groups = grouped(np.asarray(candidate_s).size, clusters, items)
    verdicts: set[Verdict] = set()
    if max_ratio is not None:
        verdicts.add(latency_ratio_verdict(baseline_s, candidate_s, q, max_ratio, alpha, groups, weights))
    if max_s is not None:
        verdicts.add(latency_limit_verdict(candidate_s, q, max_s, alpha, groups, weights))
    return next(v for v in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS) if v in verdicts)


def decide_cost(
    baseline_usd: npt.ArrayLike,
    candidate_usd: npt.ArrayLike,
    *,
    max_ratio: float,
    alpha: float = 0.05,
    clusters: Labels | None = None,
    items: Labels | None = None,
    cap: float | None = None,
    weights: npt.ArrayLike | None = None,
) -> Verdict:
    """Whether the candidate's bill is at most `max_ratio` times the baseline's.

    `baseline_usd`, `candidate_usd`: float64[n], one row for each item and repeat, in the same order. `clusters`,
    `items` and `weights` as for `decide_quantile`. `cap`: the most that one answer can cost; None: unknown. Raises
    ValueError as `cost_ratio` does.
    """
    groups = grouped(np.asarray(candidate_usd).size, clusters, items)
    return cost_verdict(baseline_usd, candidate_usd, max_ratio, alpha, groups, cap, weights)


def grouped(n: int, clusters: Labels | None, items: Labels | None) -> Codes | None:
    """What moves together, as whole numbers, int64[n]: clusters, else the repeats of an item; None where nothing does.

    Raises ValueError where repeats of one item lie in two clusters, or the labels are not as many as the rows.
    """
    asked = None if items is None else read_labels(items, n, "item")
    if clusters is None:
        return asked
    codes = read_labels(clusters, n, "cluster")
    if asked is not None:
        pairs = np.unique(np.stack([asked, codes]), axis=1).shape[1]
        if pairs > np.unique(asked).size:
            raise ValueError("an item lies in two clusters: repeats of one item belong to one cluster")
    return codes
