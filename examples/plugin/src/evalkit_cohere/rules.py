"""A gate rule: the provider served one of these models, and nothing else.

    {served: [command-a-03-2025]}

An alias moves to another model without a word. Where the provider reports no id, nothing is known and nothing passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from evalkit.decide.rules import Condition, GateRule, RuleContext, RuleResult, RuleWords, unmeasured
from evalkit.stats.verdict import Verdict
from evalkit.suite.schema.parts import Texts


class ServedRule(GateRule):
    """The rule: its fields are its part of the suite schema."""

    kind: ClassVar[str] = "served"

    served: Texts = Field(min_length=1)
    """served: ids that the provider may report."""

    def conditions(self) -> Iterator[Condition]:
        yield Condition(self.kind, ", ".join(self.served), "one of", None, self.required)

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        if context.candidate is None:
            return unmeasured(condition, "made-up rows were served by nobody")
        reported = set(context.candidate.rows(["served_model"])["served_model"].to_pylist())
        named = sorted(reported - {None})
        if others := [name for name in named if name not in self.served]:
            return RuleResult(condition, Verdict.FAIL, shown=", ".join(others[:3]), n=context.pairs.n)
        if None in reported:
            return unmeasured(condition, "the provider did not report for every answer which model gave it")
        return RuleResult(condition, Verdict.PASS, shown=", ".join(named), n=context.pairs.n)

    @classmethod
    def describe(cls, result: RuleResult) -> RuleWords:
        allowed = f"one of {result.condition.subject}"
        return RuleWords("served", "text", limit_text=allowed, observed_text=result.shown or "unknown")
