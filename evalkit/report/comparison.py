"""A comparison of two models in one sentence."""

from __future__ import annotations

from evalkit.report import numbers
from evalkit.results.compare import SampleComparison


def sentence(found: SampleComparison, a: str, b: str) -> str:
    """The result in words; a difference is only called one where its interval leaves zero out."""
    if found.delta is None:
        return f"{a} and {b} share no scored sample: nothing can be compared."
    shown = numbers.interval(found.low, found.high) or "unknown"
    points = f"{abs(found.delta) * 100:.1f}"
    tail = f"95 % interval {shown}, {found.flips:,} {'flip' if found.flips == 1 else 'flips'} in {found.n:,} samples."
    if found.low is None or found.high is None or found.low <= 0 <= found.high:
        what = (
            f"measured {points} points {'better' if found.delta > 0 else 'worse'}" if found.delta else "measured equal"
        )
        return f"No difference is shown between {b} and {a} ({what}): {tail}"
    return f"{b} is {points} points {'better' if found.delta > 0 else 'worse'} than {a}: {tail}"
