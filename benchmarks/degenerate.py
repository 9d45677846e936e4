"""Twenty-five small data sets that make careless gates pass, with what a careful one must say.

    Case("five identical answers", [1] * 5, [1] * 5, 0.02, "inconclusive")

Used by the calibration benchmark and, case by case, by the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit import stats

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison and its only acceptable answer."""

    name: str
    baseline: Sequence[Any]
    candidate: Sequence[Any]
    margin: float
    expected: str
    """pass, fail, inconclusive, or refused (ValueError)."""
    clusters: Sequence[Any] | None = None
    tail: str = "strict"


def _half(n: int) -> list[int]:
    return [1, 0] * (n // 2)


CASES = (
    Case("nothing at all", [], [], 0.02, "refused"),
    Case("one right answer each", [1], [1], 0.02, "inconclusive"),
    Case("five identical answers", [1] * 5, [1] * 5, 0.02, "inconclusive"),
    Case("14 pairs, all equal", [1] * 14, [1] * 14, 0.05, "inconclusive"),
    Case("148 identical answers at 2 points", [1] * 148, [1] * 148, 0.02, "inconclusive"),
    Case("149 identical answers at 2 points", [1] * 149, [1] * 149, 0.02, "pass"),
    Case("120 identical answers at 2 points", _half(120), _half(120), 0.02, "inconclusive"),
    Case("10,000 identical answers at margin 0", [1] * 10_000, [1] * 10_000, 0.0, "inconclusive"),
    Case("all wrong on both sides, few", [0] * 50, [0] * 50, 0.05, "inconclusive"),
    Case("all wrong on both sides, many", [0] * 400, [0] * 400, 0.05, "pass"),
    Case("14 right against 14 wrong", [1] * 14, [0] * 14, 0.05, "fail"),
    Case("14 wrong against 14 right", [0] * 14, [1] * 14, 0.0, "pass"),
    Case("three losses, no win, margin 0", [1] * 3, [0] * 3, 0.0, "inconclusive"),
    Case("one loss in 20", [1] * 20, [1] * 19 + [0], 0.05, "inconclusive"),
    Case("constant graded scores, equal, few", [0.7] * 100, [0.7] * 100, 0.02, "inconclusive"),
    Case("constant graded scores, equal, many", [0.7] * 200, [0.7] * 200, 0.02, "pass"),
    Case("constant graded scores, 10 points worse, many", [0.7] * 300, [0.6] * 300, 0.05, "fail"),
    Case("two graded pairs, smooth", [0.1, 0.2], [0.9, 0.9001], 0.02, "inconclusive", tail="smooth"),
    Case("one cluster", _half(400), _half(400), 0.05, "inconclusive", ["a"] * 400),
    Case("four clusters, identical answers", [1] * 400, [1] * 400, 0.05, "inconclusive", list("abcd") * 100),
    Case("eight clusters, identical answers", [1] * 400, [1] * 400, 0.05, "inconclusive", list("abcdefgh") * 50),
    Case("a NaN among right answers", [1] * 300, [1] * 299 + [NAN], 0.05, "refused"),
    Case("an absent score", [1] * 300, [1] * 299 + [None], 0.05, "refused"),
    Case("one side shorter", [1] * 300, [1] * 299, 0.05, "refused"),
    Case("percent instead of shares", [70, 80] * 100, [75, 85] * 100, 0.02, "refused"),
)


def outcome(case: Case) -> str:
    """What evalkit says."""
    try:
        return str(stats.decide(case.baseline, case.candidate, case.margin, 0.05, case.clusters, tail=case.tail).value)
    except ValueError:
        return "refused"
