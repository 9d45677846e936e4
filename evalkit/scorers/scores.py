"""The few scores that scorers give, each with its value and its outcome in one place."""

from __future__ import annotations

import math
from collections.abc import Mapping

from evalkit.records import SCORE_OF, Outcome, Score


def right_or_wrong(
    right: bool, extracted: str | None, reason: str | None = None, parts: Mapping[str, float] | None = None
) -> Score:
    """1.0 and right, or 0.0 and wrong."""
    outcome = Outcome.RIGHT if right else Outcome.WRONG
    return Score(1.0 if right else 0.0, outcome, extracted, reason, parts or {})


def graded(
    value: float, extracted: str | None, reason: str | None = None, parts: Mapping[str, float] | None = None
) -> Score:
    """A score between 0 and 1, whatever it is."""
    return Score(value, Outcome.SCORED, extracted, reason, parts or {})


def unparseable(reason: str) -> Score:
    """A reply came, but no answer could be read from it: 0.0, and counted apart."""
    return Score(0.0, Outcome.UNPARSEABLE, None, reason)


def unscored(reason: str) -> Score:
    """Not the model's fault (no target, no log-likelihoods): absent instead of 0, and always counted."""
    return Score(None, Outcome.ERRORED, None, reason)


def contradiction(score: Score) -> str | None:
    """What of a score no reader of the run would believe, as a message fragment; None where all of it agrees."""
    value = score.value
    if value is None:
        return None
    if not (math.isfinite(value) and 0.0 <= value <= 1.0):
        return f"the value {value!r}; a score is a number from 0 to 1"
    if score.outcome is Outcome.ERRORED:
        return f"the outcome errored and the value {value:g}: what is errored has no score (None)"
    wanted = SCORE_OF.get(score.outcome, value)
    if value == wanted:
        return None
    return f"the outcome {score.outcome} and the value {value:g}: {score.outcome} is {wanted:g}"
