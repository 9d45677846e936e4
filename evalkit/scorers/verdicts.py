r"""What a judge's words come to: a rating, or a winner; None where they are neither, never a made-up number.

    RATING.read("Clear and correct. Rating: [[8]]")     # 8.0
    PAIR.read("Both are good, yet [[A]]")                            # "A"
    Verdicts.of({"1": r"\(a\) is better", "2": r"\(b\) is better"}).read("So Output (b) is better.")       # "2"

Rules are data, name to pattern (RE2), so that a judge of a paper is one entry in a table. The last verdict in the text
counts (a judge that thinks aloud changes its mind), and two different ones at the same place are none.
Agreement figures stand here too, because they are figures about verdicts.

A judge's ratings against people's, and a mean that people's labels correct.

    found = compare_ratings([(8.0, 7.0), (3.0, 6.0), (None, 5.0)])     # (person, judge) pairs; None: nobody labelled it
    found.corrected                                                    # judge's mean + mean error on the labelled

The correction is `evalkit.stats.prediction_powered`'s: unbiased however bad the judge is, as long as the labelled items
were drawn at random.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean

from evalkit.scorers.patterns import LONGEST_TEXT, Pattern
from evalkit.stats.intervals import Interval
from evalkit.stats.prediction_powered import FEW, corrected_mean

_NUMBER = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Names of verdicts, each with the pattern that says it."""

    rules: tuple[tuple[str, Pattern], ...]
    first: bool = False
    """The first rule with a match decides, wherever it stands: as LLMBar reads its judges."""

    @classmethod
    def of(cls, rules: Mapping[str, str], *, first: bool = False) -> Verdicts:
        """Raises SuiteError for a pattern that RE2 does not read."""
        return cls(tuple((name, Pattern.compile(pattern)) for name, pattern in rules.items()), first)

    def read(self, text: str) -> str | None:
        """The verdict; None when the judge gave none."""
        text = text[-LONGEST_TEXT:]
        if self.first:
            return next((name for name, pattern in self.rules if pattern.found(text)), None)
        best: list[tuple[int, str]] = []
        for name, pattern in self.rules:
            found = pattern.find_all(text)
            if found:
                best.append((text.rfind(found[-1]), name))
        best.sort(reverse=True)
        if not best or (len(best) > 1 and best[0][0] == best[1][0]):
            return None
        return best[0][1]


@dataclass(frozen=True, slots=True)
class Scale:
    """A rating between two ends, both included."""

    pattern: Pattern
    low: float
    high: float

    def read(self, text: str) -> float | None:
        """The last rating in the text; None when there is none, or it lies outside the scale."""
        found = self.pattern.find_all(text[-LONGEST_TEXT:])
        number = _NUMBER.fullmatch(found[-1].strip()) if found else None
        value = None if number is None else float(number[0])
        return value if value is not None and self.low <= value <= self.high else None

    def share(self, rating: float) -> float:
        """The rating in [0, 1]."""
        return (rating - self.low) / (self.high - self.low)


RATING = Scale(Pattern.compile(r"\[\[\s*(-?[0-9]+(?:\.[0-9]+)?)\s*\]\]"), 1.0, 10.0)
"""MT-bench's single answers: `[[8]]`, 1 to 10."""
PAIR = Verdicts.of({"A": r"\[\[A\]\]", "B": r"\[\[B\]\]", "tie": r"\[\[C\]\]"})
"""MT-bench's pairs."""


def swapped(verdict: str | None, names: tuple[str, str] = ("A", "B")) -> str | None:
    """A verdict on answers that were shown in the other order, by their true names."""
    if verdict in names:
        return names[1] if verdict == names[0] else names[0]
    return verdict


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge that saw each pair in both orders, against human labels. Shares of all pairs, invalid ones included."""

    n: int
    right_first: float
    """Right in the given order."""
    right_second: float
    """Right in the other order."""
    right_both: float
    same: float
    """The same verdict in both orders: 1 minus it is how often position decides."""
    kappa: float | None
    """Cohen's kappa between the orders over pairs where both are valid; None when it is not defined."""
    n_invalid: int
    """Verdicts that could not be read, out of 2 n."""


def agreement(labels: Sequence[str], first: Sequence[str | None], second: Sequence[str | None]) -> Agreement | None:
    """The figures of a judge; `second` by true names (see `swapped`). None without pairs.

    An invalid verdict is wrong, and the same as nothing but another invalid one.
    """
    n = len(labels)
    if n == 0:
        return None
    triples = list(zip(labels, first, second, strict=True))
    return Agreement(
        n=n,
        right_first=sum(a == label for label, a, _ in triples) / n,
        right_second=sum(b == label for label, _, b in triples) / n,
        right_both=sum(a == label == b for label, a, b in triples) / n,
        same=sum(a == b for _, a, b in triples) / n,
        kappa=cohen_kappa([(a, b) for _, a, b in triples if a is not None and b is not None]),
        n_invalid=sum(verdict is None for _, a, b in triples for verdict in (a, b)),
    )


def cohen_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Agreement beyond chance (Cohen 1960); None without pairs, or where chance alone would always agree."""
    n = len(pairs)
    if n == 0:
        return None
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(count * right[name] for name, count in left.items()) / n**2
    if by_chance == 1:
        return None
    return (sum(a == b for a, b in pairs) / n - by_chance) / (1 - by_chance)


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
