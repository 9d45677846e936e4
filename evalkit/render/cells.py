"""What several drawings say of a model's figures: quality with its interval, and what ended otherwise than scored."""

from __future__ import annotations

from evalkit.facts import Figures, Quality
from evalkit.text import numbers

# Not worth a word each: a right, wrong or graded answer is in the quality already.
_PLAIN_OUTCOMES = ("right", "wrong", "scored")


def quality_text(quality: Quality) -> str:
    """Mean with its interval, "0.834 [0.80, 0.86]"."""
    return numbers.quality_with_interval(quality.mean, quality.low, quality.high)


def other_outcomes(cell: Figures) -> dict[str, int]:
    """How many rows ended otherwise than right, wrong or graded, by outcome; zeros left out."""
    return {name: n for name, n in cell.outcomes.items() if n and name not in _PLAIN_OUTCOMES}


def others_text(cell: Figures) -> str:
    """ "3 refused, 12 errored"; empty for none."""
    return ", ".join(f"{numbers.count(n)} {name}" for name, n in other_outcomes(cell).items())
