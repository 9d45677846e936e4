"""What a rule of a package gives back, looked at before a gate rests on it.

wrong_result("pass")      # "gave str, and no RuleResult"
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import get_args

from evalkit.decide.rules.base import Condition, RuleResult, RuleWords, Unit
from evalkit.stats.verdict import Verdict

MOST_CONDITIONS = 100
"""Of one rule: each is a line of every report, and a share of the error that a gate may make."""
_FIGURES = ("value", "low", "high", "baseline", "candidate", "p_pass", "p_fail", "answers_an_item")
_COUNTS = ("n", "n_errored", "more_if_equal", "more_if_estimate_holds")


def wrong_conditions(found: Sequence[object]) -> str | None:
    """What is wrong with a rule's conditions, as a message fragment; None where nothing is."""
    if len(found) > MOST_CONDITIONS:
        return f"made more than {MOST_CONDITIONS} conditions"
    return next((wrong for one in found if (wrong := _wrong_condition(one)) is not None), None)


def _wrong_condition(found: object) -> str | None:
    if not isinstance(found, Condition):
        return f"made {type(found).__name__} for a condition, and no Condition"
    if not all(isinstance(one, str) for one in (found.kind, found.subject, found.limit)):
        return "made a Condition whose kind, subject or limit is no text"
    return None if _is_figure(found.value) else "made a Condition whose value is no number"


def wrong_result(found: object) -> str | None:
    """The same for what `evaluate` gave."""
    if not isinstance(found, RuleResult):
        return f"gave {type(found).__name__}, and no RuleResult"
    if not isinstance(found.verdict, Verdict):
        return f"gave a RuleResult whose verdict is {type(found.verdict).__name__}, and no Verdict"
    if (wrong := _wrong_condition(found.condition)) is not None:
        return wrong.replace("made", "gave a RuleResult with", 1)
    numbers = next((name for name in (*_FIGURES, *_COUNTS) if not _is_figure(getattr(found, name))), None)
    texts = next((name for name in ("shown", "unmeasured") if not isinstance(getattr(found, name), str | None)), None)
    notes = isinstance(found.notes, tuple) and all(isinstance(note, str) for note in found.notes)
    odd = numbers or texts or (None if isinstance(found.method, str) else "method") or (None if notes else "notes")
    return None if odd is None else f"gave a RuleResult whose {odd} is of another kind than it is said to be"


def are_words(found: object) -> bool:
    """Whether `describe` gave words that can be shown."""
    if not isinstance(found, RuleWords):
        return False
    units = get_args(Unit)
    texts = all(isinstance(one, str | None) for one in (found.limit_text, found.observed_text))
    known = found.unit in units and found.observed_unit in (None, *units) and found.sign in ("≥", "≤", "")
    return isinstance(found.name, str) and texts and known and _is_figure(found.limit)


def _is_figure(value: object) -> bool:
    return value is None or (isinstance(value, Real) and not isinstance(value, bool))
