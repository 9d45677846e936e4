"""The rules of a gate: one class in one file for each kind, here or in an installed package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import cast

from evalkit import plugins
from evalkit.decide.rules.base import Condition, GateRule, RuleContext, RuleResult, RuleWords, Unit, unmeasured
from evalkit.decide.rules.returned import MOST_CONDITIONS, are_words, wrong_conditions, wrong_result
from evalkit.errors import EvalkitError, UserError, place_of
from evalkit.foreign import kept_running, raised_by, words_of
from evalkit.suite.schema import RuleEntry

__all__ = [
    "Condition",
    "GateRule",
    "RuleContext",
    "RuleResult",
    "RuleWords",
    "Unit",
    "conditions",
    "describe",
    "evaluate",
    "unmeasured",
]


def conditions(rule: RuleEntry) -> Iterator[Condition]:
    """Every limit of a rule as a condition of its own. Raises UserError for a rule of a package that makes none: it
    would decide nothing in silence."""
    made = as_rule(rule)
    of = _author(type(made))
    given: object = made.conditions()
    if of is not None and not isinstance(given, Iterable):
        raise UserError(f"the rule {type(made).kind} of {of} made no conditions, but {type(given).__name__}")
    with kept_running():
        found = list(islice(cast("Iterable[Condition]", given), MOST_CONDITIONS + 1))
    if of is not None and (wrong := wrong_conditions(found)) is not None:
        raise UserError(f"the rule {type(made).kind} of {of} {wrong}: tell its authors, or leave it out")
    if not found:
        raise UserError(
            f"the gate's rule about {type(rule).kind} makes no condition, so it would decide nothing: tell the authors "
            "of its package, or leave it out"
        )
    return iter(found)


def evaluate(rule: RuleEntry, condition: Condition, context: RuleContext) -> RuleResult:
    """What a condition of this rule comes to for one candidate. Raises NotComparable as `GateRule.evaluate` does."""
    made = as_rule(rule)
    try:
        with kept_running():
            found = made.evaluate(condition, context)
            of = _author(type(made))
            wrong = None if of is None else wrong_result(found)
        if wrong is None:
            return found
        return unmeasured(condition, f"the rule {type(made).kind} of {of} {wrong}: tell its authors")
    except Exception as error:
        told = raised_by(error)
        if (isinstance(error, EvalkitError) and told is error) or (of := _author(type(made))) is None:
            raise
        why = f"the rule {type(made).kind} of {of} raised {words_of(error)} ({place_of(told)}): tell its authors"
        return unmeasured(condition, why)


def _author(kind: type[GateRule]) -> str | None:
    """Whose a kind of rule is that another package adds; None: evalkit's own."""
    if kind.__module__.partition(".")[0] == "evalkit":
        return None
    plugin = plugins.find("rules", kind.kind)
    return plugin.origin if plugin is not None else kind.__module__


def describe(result: RuleResult) -> RuleWords:
    """The words for a result. A kind that is not installed here (an old run's rule) is told in plain figures."""
    from evalkit.suite.schema.rules import rule_class

    kind = result.condition.kind
    if kind in {"scan", "critical"}:
        from evalkit.decide import regression_scan

        return regression_scan.describe(result)
    if kind == "served model":
        from evalkit.decide.evidence_notes import describe_served

        return describe_served(result)
    found = rule_class(kind)
    if found is None or not issubclass(found, GateRule):
        return GateRule.describe(result)
    try:
        with kept_running():
            words = found.describe(result)
            return words if _author(found) is None or are_words(words) else GateRule.describe(result)
    except Exception:  # a package's own: the figures are told without its words
        if _author(found) is None:
            raise
        return GateRule.describe(result)


def as_rule(rule: RuleEntry) -> GateRule:
    """The rule with its methods. Raises TypeError for a bare entry, which says of no kind what it is about."""
    if not isinstance(rule, GateRule):
        raise TypeError(f"{type(rule).__name__} is no kind of rule: read rules with evalkit.suite.schema.rules")
    return rule
