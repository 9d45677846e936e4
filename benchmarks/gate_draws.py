"""Data with a known truth, drawn for the calibration of the gate: pairs of scores whose difference is exactly so."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evalkit import stats
from evalkit.stats.tango import normal_quantile

Floats = npt.NDArray[np.float64]

ALPHA = 0.05
MARGINS = (0.0, 0.01, 0.02, 0.05)


@dataclass(slots=True)
class Rates:
    """Rates of many cells."""

    cells: list[float] = field(default_factory=list)

    def add(self, rate: float) -> None:
        self.cells.append(rate)

    def __str__(self) -> str:
        return f"{np.mean(self.cells):.3f} / {max(self.cells):.3f}" if self.cells else "-"

    @property
    def mean(self) -> float:
        """Over the cells."""
        return float(np.mean(self.cells)) if self.cells else math.nan


def discordance(accuracy: float, correlation: float, difference: float) -> float | None:
    """Share of discordant pairs of two models with these accuracies; None where that is impossible."""
    other = accuracy + difference
    if not 0 < other < 1:
        return None
    both = accuracy * other + correlation * math.sqrt(accuracy * (1 - accuracy) * other * (1 - other))
    losses, wins = accuracy - both, other - both
    return None if min(losses, wins) < -1e-12 else max(losses, 0.0) + max(wins, 0.0)


def graded_pair(rng: np.random.Generator, kind: str, n: int, difference: float) -> tuple[Floats, Floats]:
    """Two score columns with this true difference (second minus first)."""
    first = rng.uniform(0.45, 0.75, n)
    if kind == "noise":
        return first, first + difference + rng.uniform(-0.12, 0.12, n)
    if kind == "ties":
        # Moves of half the scale must stay inside it, or the truth would not lie on the margin.
        first = first + 0.15 if difference <= 0 else first - 0.3
        moved = rng.random(n) < 0.2
        return first, np.where(moved, first + difference / 0.2 + rng.uniform(-0.05, 0.05, n), first)
    # Nearly always a little better, and rarely nothing at all.
    gain = 0.01 + max(0.0, difference)
    rate = max(0.0, (gain - difference) / (0.6 + gain))
    second = first + gain + rng.uniform(-0.01, 0.01, n)
    return first, np.where(rng.random(n) < rate, 0.0, second)


def clustered_differences(
    rng: np.random.Generator, labels: npt.NDArray[np.int64], k: int, icc: float, share: float, difference: float
) -> Floats:
    """Differences -1, 0, 1 whose tendency is shared within a cluster (a latent normal, cut twice)."""
    lost, won = (share - difference) / 2, (share + difference) / 2
    latent = math.sqrt(icc) * rng.standard_normal(k)[labels] + math.sqrt(1 - icc) * rng.standard_normal(labels.size)
    low = normal_quantile(lost) if lost > 0 else -math.inf
    high = normal_quantile(1 - won) if won > 0 else math.inf
    return np.where(latent < low, -1.0, np.where(latent > high, 1.0, 0.0))


def decide_differences(
    d: Floats, margin: float, labels: npt.NDArray[np.int64] | None, items: npt.NDArray[np.int64] | None = None
) -> str:
    """The verdict on right/wrong scores with these differences."""
    return stats.decide((d < 0) * 1.0, (d > 0) * 1.0, margin, ALPHA, labels, items=items).value
