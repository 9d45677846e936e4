"""How far raters agree: Cohen's kappa of two with its interval, and Krippendorff's alpha of any number.

kappa([("right", "right"), ("right", "wrong"), ...])     # Kappa(value=0.62, low=0.41, high=0.83, n=50)
alpha([[0.8, 0.7], [0.4, 0.5, 0.4]])                     # 1.0: always alike; 0.0: as chance would have it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement of two raters beyond chance."""

    value: float
    low: float | None
    """95 %; None where it has no spread to compute it from."""
    high: float | None
    n: int


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> Kappa | None:
    """Cohen's kappa (Cohen 1960) with the large-sample interval of Fleiss, Cohen and Everitt (1969, Psychological
    Bulletin 72). None without pairs, or where chance alone would always agree."""
    n = len(pairs)
    if n == 0:
        return None
    cells = Counter(pairs)
    left, right = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    names = set(left) | set(right)
    seen = sum(cells[name, name] for name in names) / n
    chance = sum(left[name] * right[name] for name in names) / n**2
    if chance == 1:
        return None
    value = (seen - chance) / (1 - chance)
    away = 1 - value
    on = sum(cells[k, k] / n * (1 - (left[k] + right[k]) / n * away) ** 2 for k in names)
    off = away**2 * sum(count / n * ((right[a] + left[b]) / n) ** 2 for (a, b), count in cells.items() if a != b)
    variance = (on + off - (value - chance * away) ** 2) / (n * (1 - chance) ** 2)
    if variance <= 0:
        return Kappa(value, None, None, n)
    half = NormalDist().inv_cdf(0.975) * sqrt(variance)
    return Kappa(value, max(-1.0, value - half), min(1.0, value + half), n)


def alpha(items: Sequence[Sequence[float]]) -> float | None:
    """Krippendorff's alpha for numbers (interval metric; Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability"): the marks that each item got, of whichever raters marked it. Items with one mark say nothing.

    None where no item has two marks, or all marks are alike.
    """
    marked = [item for item in items if len(item) > 1]
    everything = [value for item in marked for value in item]
    n = len(everything)
    if n < 2:
        return None
    expected = _squares(everything) / (n - 1)
    if expected <= 0:
        return None
    return 1 - sum(_squares(item) / (len(item) - 1) for item in marked) / expected


def _squares(values: Sequence[float]) -> float:
    """Half the sum of squared differences over all ordered pairs: n Σ(x - mean)²."""
    mean = sum(values) / len(values)
    return len(values) * sum((value - mean) ** 2 for value in values)
