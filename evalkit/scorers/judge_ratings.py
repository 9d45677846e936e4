"""A judge's ratings against people's, and a mean that people's labels correct.

    found = compare_ratings([(8.0, 7.0), (3.0, 6.0), (None, 5.0)])     # (person, judge) pairs; None: nobody labelled it
    found.corrected                                                    # judge's mean + mean error on the labelled

The correction is `evalkit.stats.prediction_powered`'s: unbiased however bad the judge is, as long as the labelled items
were drawn at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from evalkit.stats.intervals import Interval
from evalkit.stats.prediction_powered import FEW, corrected_mean

__all__ = ["FEW", "Ratings", "compare_ratings"]


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
    found = corrected_mean([judge for _, judge in rated], [label for label, _ in rated])
    return Ratings(
        n=len(rated),
        n_labelled=found.n_labelled,
        n_invalid=len(pairs) - len(rated),
        judge_mean=found.judged_mean,
        label_mean=found.label_mean,
        bias=found.bias,
        correlation=_correlation([(label, judge) for label, judge in rated if label is not None]),
        corrected=found.mean,
        interval=_ends(found.interval),
        labels_interval=_ends(found.labels_interval),
    )


def _ends(interval: Interval | None) -> tuple[float, float] | None:
    return None if interval is None else (interval.low, interval.high)


def _correlation(both: Sequence[tuple[float, float]]) -> float | None:
    if len(both) < 2:
        return None
    mean_a, mean_b = fmean(a for a, _ in both), fmean(b for _, b in both)
    spread = sqrt(sum((a - mean_a) ** 2 for a, _ in both) * sum((b - mean_b) ** 2 for _, b in both))
    return None if spread == 0 else sum((a - mean_a) * (b - mean_b) for a, b in both) / spread
