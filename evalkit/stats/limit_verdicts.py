"""Verdicts about times and bills in one call, as `decide` is for scores.

decide_quantile(baseline_s, candidate_s, 0.95, max_ratio=1.2, items=question_of_each_row)     # Verdict.PASS
decide_cost(baseline_usd, candidate_usd, max_ratio=0.5, cap=0.04)
"""

from __future__ import annotations

from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt

from evalkit.stats.exceedance import latency_limit_verdict, latency_ratio_verdict
from evalkit.stats.ratios import cost_verdict
from evalkit.stats.scores import Codes, Labels, read_labels, refuse_unknown
from evalkit.stats.verdict import Verdict


class RowGroups(TypedDict, total=False):
    """Which rows belong together, and what each stands for. Left out: every row stands alone, and all weigh alike."""

    clusters: Labels | None
    """What moves together."""
    items: Labels | None
    """Which rows are repeats of one item."""
    weights: npt.ArrayLike | None
    """float64[n], how many requests of the traffic each row stands for."""


def decide_quantile(
    baseline_s: npt.ArrayLike,
    candidate_s: npt.ArrayLike,
    q: float,
    *,
    max_ratio: float | None = None,
    max_s: float | None = None,
    alpha: float = 0.05,
    **rows: Unpack[RowGroups],
) -> Verdict:
    """Whether quantile q of the candidate's times is within `max_ratio` times the baseline's, and within `max_s` s.

    `baseline_s`, `candidate_s`: float64[n] seconds, one row for each item and repeat, in the same order. `baseline_s`
    is not read where only `max_s` is given. `rows`: see `RowGroups`. With both limits the worse verdict
    counts. Raises ValueError where neither is given and for impossible values.
    """
    if max_ratio is None and max_s is None:
        raise ValueError("decide_quantile needs a limit: max_ratio, max_s or both")
    groups, weights = _grouped(np.asarray(candidate_s).size, rows), rows.get("weights")
    verdicts: set[Verdict] = set()
    if max_ratio is not None:
        verdicts.add(latency_ratio_verdict(baseline_s, candidate_s, q, max_ratio, alpha, groups, weights))
    if max_s is not None:
        verdicts.add(latency_limit_verdict(candidate_s, q, max_s, alpha, groups, weights, rows.get("items")))
    return next(v for v in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS) if v in verdicts)


def decide_cost(
    baseline_usd: npt.ArrayLike,
    candidate_usd: npt.ArrayLike,
    *,
    max_ratio: float,
    alpha: float = 0.05,
    cap: float | None = None,
    **rows: Unpack[RowGroups],
) -> Verdict:
    """Whether the candidate's bill is at most `max_ratio` times the baseline's.

    `baseline_usd`, `candidate_usd`: float64[n], one row for each item and repeat, in the same order. `rows`:
    see `RowGroups`. `cap`: the most that one answer can cost; None: unknown. Raises
    ValueError as `cost_ratio` does.
    """
    groups = _grouped(np.asarray(candidate_usd).size, rows)
    return cost_verdict(baseline_usd, candidate_usd, max_ratio, alpha, groups, cap, rows.get("weights"))


def _grouped(n: int, rows: RowGroups) -> Codes | None:
    refuse_unknown(rows, RowGroups.__annotations__)
    return grouped(n, rows.get("clusters"), rows.get("items"))


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
