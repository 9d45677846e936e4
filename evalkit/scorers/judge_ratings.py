"""A judge's ratings against people's, and a mean that people's labels correct.

    found = compare_ratings([(8.0, 7.0), (3.0, 6.0), (None, 5.0)])     # (person, judge) pairs; None: nobody labelled it
    found.corrected                                                    # judge's mean + mean error on the labelled

Prediction-powered inference (Angelopoulos et al. 2023, Science 382): the judge's mean over everything, shifted by its
mean error where people have labelled. It is unbiased however bad the judge is, as long as the labelled items were drawn
at random; a good judge makes the interval narrower than the labels alone would. The interval is the normal one, so it
is not for fewer than some thirty labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, variance

FEW = 30
"""Labels below which the normal interval is too narrow to be shown."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """What a judge's ratings are worth; in the units of the ratings."""

    n: int
    """Items that the judge rated."""
    n_labelled: int
    """Of them, those that a person rated too."""
    n_invalid: int
    """Items whose judgment could not be read: left out, and counted."""
    judge_mean: float | None
    label_mean: float | None
    """Mean of people's ratings on the labelled items."""
    bias: float | None
    """Judge minus person, on the labelled items."""
    correlation: float | None
    """Pearson's, on the labelled items; None where one side does not vary."""
    corrected: float | None
    interval: tuple[float, float] | None
    """95 %, of `corrected`; None with fewer than 30 labels."""
    labels_interval: tuple[float, float] | None
    """95 %, of `label_mean` alone: what the labels are worth without the judge."""


def compare_ratings(pairs: Sequence[tuple[float | None, float | None]]) -> Ratings:
    """From (person's rating or None, judge's rating or None) for each item."""
    rated = [(label, judge) for label, judge in pairs if judge is not None]
    both = [(label, judge) for label, judge in rated if label is not None]
    rest = [judge for label, judge in rated if label is None]
    labels, errors = [label for label, _ in both], [label - judge for label, judge in both]
    judge_mean = fmean(judge for _, judge in rated) if rated else None
    corrected = interval = labels_interval = None
    if both:
        # Where nothing is unlabelled there is nothing to predict: the labels' own mean is the answer.
        corrected = fmean(rest) + fmean(errors) if rest else fmean(labels)
        if len(both) >= FEW:
            labels_interval = _around(fmean(labels), variance(labels) / len(labels))
            interval = labels_interval
            if len(rest) > 1:
                interval = _around(corrected, variance(rest) / len(rest) + variance(errors) / len(errors))
    return Ratings(
        n=len(rated),
        n_labelled=len(both),
        n_invalid=len(pairs) - len(rated),
        judge_mean=judge_mean,
        label_mean=fmean(labels) if labels else None,
        bias=-fmean(errors) if errors else None,
        correlation=_correlation(both),
        corrected=corrected,
        interval=interval,
        labels_interval=labels_interval,
    )


def _around(mean: float, squared_error: float) -> tuple[float, float]:
    half = NormalDist().inv_cdf(0.975) * sqrt(squared_error)
    return (mean - half, mean + half)


def _correlation(both: Sequence[tuple[float, float]]) -> float | None:
    if len(both) < 2:
        return None
    mean_a, mean_b = fmean(a for a, _ in both), fmean(b for _, b in both)
    spread = sqrt(sum((a - mean_a) ** 2 for a, _ in both) * sum((b - mean_b) ** 2 for _, b in both))
    return None if spread == 0 else sum((a - mean_a) * (b - mean_b) for a, b in both) / spread
