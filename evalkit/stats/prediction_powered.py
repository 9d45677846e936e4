"""A mean that few labels of people and many marks of a judge make together.

    found = corrected_mean(judged=[0.8, 0.4, ...], labels=[1.0, None, ...], clusters=["a", "a", ...])
    found.mean, found.low, found.high

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, Science 382), with the judge's mean
over all items, labelled or not, shifted by its mean error where somebody labelled: so it goes over into the labels' own
mean when few items are left without one. It is right on average however bad the judge is, as long as the labelled items
were drawn at random; a good judge makes the interval narrower than the labels alone would. Items that move together are
taken together: the variance is that of the sums over clusters (Liang, Zeger 1986), with as many degrees of freedom as
there are labelled clusters, less one.
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
    """95 %, of `mean`; None with fewer than 30 labelled clusters, or where nothing varies."""
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
    if not both:
        return Corrected(len(judged), 0, fmean(judged) if judged else None, None, None, None, None, None)
    judged_mean = fmean(judged)
    said = [label for label, _, _ in both]
    errors = [label - mark for label, mark, _ in both]
    error = fmean(errors)
    alone = _alone(said, [group for _, _, group in both])
    # Where nothing is unlabelled there is nothing to predict: the labels' own mean is the answer.
    mean, interval = fmean(said), alone
    if len(both) < len(judged):
        mean = judged_mean + error
        pulls: defaultdict[Hashable, float] = defaultdict(float)
        for (_, _, group), own in zip(both, errors, strict=True):
            pulls[group] += (own - error) / len(both)
        for mark, group in zip(judged, groups, strict=True):
            pulls[group] += (mark - judged_mean) / len(judged)
        squares = sum(pull * pull for pull in pulls.values())
        interval = _around(mean, squares, len({g for _, _, g in both}))
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


def _alone(labels: Sequence[float], groups: Sequence[Hashable]) -> Interval | None:
    """Of the labels' mean; None with few clusters, or where the labels do not vary between them."""
    return clustered(labels, groups) if len(set(groups)) >= FEW else None


def _around(mean: float, squares: float, n_clusters: int) -> Interval | None:
    if n_clusters < FEW or sqrt(squares) <= 1e-14 * max(1.0, abs(mean)):
        return None
    half = t_quantile(0.975, n_clusters - 1) * sqrt(squares * n_clusters / (n_clusters - 1))
    return Interval(mean - half, mean + half)
