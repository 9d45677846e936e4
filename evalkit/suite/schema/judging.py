"""What may stand under `score: {judge: ...}` of a task: who judges, by which prompt, and how a verdict is read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from evalkit.suite.schema.parts import Name, Part, Several, Text


def _names(value: Any) -> Any:
    """One name stands for a list of one."""
    return [value] if isinstance(value, str) else value


class JudgingEntry(Part):
    """What may stand under `score: {judge: ...}`."""

    by: Annotated[Several[Name], BeforeValidator(_names), Field(min_length=1)]
    """One judge or several, each a name under `judges:`."""
    rubric: Text | None = None
    """A built-in prompt. None with no `prompt`: judge_pair, judge_reference or judge_rating, by what else is given."""
    prompt: str | None = None
    """The judge's prompt, a template of your own."""
    system: str | None = None
    """The system text before your own prompt."""
    scale: Any = None
    """The ends of a rating, like [1, 10]; read by the scorer `verdict`."""
    verdicts: dict[str, Any] | None = None
    """Each word that a judge may say, and its score."""
    reference: str | None = None
    """The right answer to show, a template over the record. None: the task's target, where it has one."""
    pair: Name | None = None
    """Compare with this model's answers, in both orders; the score is the rate of wins against it."""
    refusal: Literal["wrong", "right"] = "wrong"
    """What a refused question scores, without asking a judge."""
