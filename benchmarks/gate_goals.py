"""What the gate has to reach (issue GATE, "What it must reach"), beside what was measured.

Goal("false pass, worst cell", 0.05, 0.0499)        # at most .05: met
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.stats.tango import normal_quantile


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure against its goal."""

    what: str
    goal: float
    figure: float
    at_least: bool = False
    """Whether more is better; at most `goal` otherwise."""
    allowed: float | None = None
    """The goal with the noise of the draws on top; None: the figure has none, or the goal is about a mean."""

    @property
    def met(self) -> bool:
        """Within the goal, or within what chance alone would show of it."""
        limit = self.goal if self.allowed is None else self.allowed
        return self.figure >= limit if self.at_least else self.figure <= limit


def with_noise(goal: float, reps: int, n_cells: int) -> float:
    """What the worst of so many cells at a true `goal` stays below with 99 % chance."""
    return goal + normal_quantile(1 - 0.01 / n_cells) * math.sqrt(goal * (1 - goal) / reps)


def print_goals(goals: Iterable[Goal]) -> None:
    """A line for each: goal, figure, met or not met."""
    print(f"\n{'what it must reach':<66} {'goal':>8} {'(noise)':>8} {'figure':>8}")
    for goal in goals:
        sign, noise = ("≥" if goal.at_least else "≤"), "" if goal.allowed is None else f"{goal.allowed:.3f}"
        said = "met" if goal.met else "NOT MET"
        print(f"{goal.what:<66} {sign} {goal.goal:<6g} {noise:>8} {goal.figure:>8.4f}  {said}")
