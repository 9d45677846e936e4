"""A mean that few labels of people and many marks of a judge make together.

    found = corrected_mean(judged=[0.8, 0.4, ...], labels=[1.0, None, ...], clusters=["a", "a", ...])
    found.mean, found.low, found.high

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, Science 382): the judge's mean where
nobody labelled, shifted by its mean error where somebody did. It is right on average however bad the judge is, as long
as the labelled items were drawn at random; a good judge makes the interval narrower than the labels alone would.
Items that move together are taken together: the variance is that of the sums over clusters (Liang, Zeger 1986), with
as many degrees of freedom as there are labelled clusters, less one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from evalkit.stats.intervals import Interval, clustered, t_quantile

FEW = 30
"""Labelled clusters below which the interval would be narrower than it should be, and is not given."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What judge and people say together, in the units of the marks."""

    n: int
    """Items with a mark of the judge."""
    n_labelled: int
    judged_mean: float | None
    label_mean: float | None
    bias: float | None
    """Judge minus people, on the labelled items."""
    mean: float | None
    """Corrected; None without labels."""
    interval: Interval | None
    """95 %, of `mean`; None with fewer than 30 labelled clusters."""
    labels_interval: Interval | None
    """95 %, of `label_mean` alone: what the labels are worth without the judge."""


def corrected_mean(
    judged: Sequence[float], labels: Sequence[float | None], clusters: Sequence[Hashable] | None = None
) -> Corrected:
    """From the judge's mark of every item, people's where there is one (else None), and what moves together (None: each
    item stands alone). Raises ValueError when they differ in length."""
    groups = list(clusters) if clusters is not None else list(range(len(judged)))
    if not len(judged) == len(labels) == len(groups):
        raise ValueError("judged, labels and clusters must be of one length")
    both = [
        (label, mark, group) for mark, label, group in zip(judged, labels, groups, strict=True) if label is not None
    ]
    rest = [(mark, group) for mark, label, group in zip(judged, labels, groups, strict=True) if label is None]
    judged_mean = fmean(judged) if judged else None
    if not both:
        return Corrected(len(judged), 0, judged_mean, None, None, None, None, None)
    said = [label for label, _, _ in both]
    errors = [label - mark for label, mark, _ in both]
    error = fmean(errors)
    enough = len({group for _, _, group in both}) >= FEW
    alone = clustered(said, [group for _, _, group in both]) if enough else None
    if enough and alone is None:  # all labels alike
        alone = Interval(said[0], said[0])
    # Where nothing is unlabelled there is nothing to predict: the labels' own mean is the answer.
    mean, interval = fmean(said), alone
    if rest:
        base = fmean(mark for mark, _ in rest)
        mean = base + error
        pulls: defaultdict[Hashable, float] = defaultdict(float)
        for (_, _, group), own in zip(both, errors, strict=True):
            pulls[group] += (own - error) / len(both)
        for mark, group in rest:
            pulls[group] += (mark - base) / len(rest)
        interval = _around(mean, sum(pull * pull for pull in pulls.values()), len({g for _, _, g in both}))
    return Corrected(
        n=len(judged),
        n_labelled=len(both),
        judged_mean=judged_mean,
        label_mean=fmean(said),
        bias=-error,
        mean=mean,
        interval=interval,
        labels_interval=alone,
    )


def _around(mean: float, squares: float, n_clusters: int) -> Interval | None:
    if n_clusters < FEW:
        return None
    half = t_quantile(0.975, n_clusters - 1) * sqrt(squares * n_clusters / (n_clusters - 1))
    return Interval(mean - half, mean + half)
