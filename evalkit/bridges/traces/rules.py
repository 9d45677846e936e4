"""How the answers of a task can be scored: by a rule where their form allows it, else by a judge.

rule = rule_for(sampled)        # ScoringRule("labels", {"exact": {...}}, "...")

A rule compares with what production answered. That tells where a candidate answers otherwise, not who is right: the
README of the suite says so, and labels make it more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evalkit.bridges.traces.sampled import SampledCall
from evalkit.bridges.traces.values import decoded
from evalkit.errors import SuiteError

AnswerForm = Literal["labels", "numbers", "objects", "text"]
_MOST_LABELS, _LONGEST_LABEL = 30, 60
_SHARE = 0.95
"""Share of the answers that have to have the form."""
_ANSWERS_A_LABEL = 4
"""At least so many answers for each different one: else they are names, not labels."""
_NUMBER = re.compile(r"\s*[-+]?[$€£]?\s?\d[\d,. ]*\s?%?\s*\.?\s*")


@dataclass(frozen=True, slots=True)
class ScoringRule:
    """How a task is scored."""

    kind: str
    """calls, expected, labels, numbers, objects, text."""
    score: Mapping[str, object]
    target: str | None
    says: str
    """One sentence for the README."""

    @property
    def judged(self) -> bool:
        """Whether a judge is needed."""
        return self.kind == "text"


TEXT_RULE = ScoringRule("text", {}, None, "a judge compares with production's answer, in both orders: the rate of wins")


WAY_RULE = ScoringRule(
    "way",
    {"end-state": {}},
    None,
    "each call that production made is made, as often, in any order: right; the last words are not scored",
)


def with_way(rule: ScoringRule) -> ScoringRule:
    """The rule of whole trajectories: the calls, and the last answer where a rule can score it. An agent that only says
    the right thing has done nothing."""
    if rule.judged:
        return WAY_RULE
    says = f"each call that production made is made, as often, in any order, and at the end {rule.says}"
    return ScoringRule(rule.kind, {"all": [dict(WAY_RULE.score), dict(rule.score)]}, rule.target, says)


def rule_for(sampled: Sequence[SampledCall]) -> ScoringRule:
    """The rule that nearly all answers of a task fit."""
    if all(one.call.answer.calls and one.call.tools for one in sampled):  # also where functions had returned before
        return ScoringRule(
            "calls", {"tools": {}}, None, "the same functions with the same arguments as production called: right"
        )
    texts = [(one.call.answer.text or "").strip() for one in sampled]
    n = len(texts)
    if sum(one.call.expected is not None for one in sampled) == n and max(map(len, texts)) <= 200:
        return ScoringRule(
            "expected",
            {"contains": {"ignore_case": True, "whole_words": True}},
            "{{ expected }}",
            "the right answer that the log carries stands in the reply",
        )
    form = form_of(texts)
    if form == "labels":
        n_labels = len({_label(text) for text in texts})
        return ScoringRule(
            "labels",
            {"exact": {"ignore_case": True, "ignore_wrapping": True}},
            "{{ answer }}",
            f"the same one of {n_labels} answers as production gave: right",
        )
    if form == "numbers":
        return ScoringRule("numbers", {"numbers": {}}, "{{ answer }}", "the same number as production gave: right")
    if form == "objects":
        return ScoringRule(
            "objects", {"fields": {}}, "{{ answer }}", "share (F1) of the fields that have production's values"
        )
    return TEXT_RULE


def form_of(texts: Sequence[str], answers_a_label: int = _ANSWERS_A_LABEL) -> AnswerForm:
    """The form that nearly all answers have: few different short ones (labels), numbers, JSON objects, or text.

    `answers_a_label`: at least so many answers for each different one, else they are names.
    """
    labels = {_label(text) for text in texts}
    short = all(0 < len(label) <= _LONGEST_LABEL for label in labels)
    if short and len(labels) <= _MOST_LABELS and len(texts) >= answers_a_label * len(labels):
        return "labels"
    if sum(map(is_number, texts)) >= _SHARE * len(texts):
        return "numbers"
    if sum(isinstance(_value(text), Mapping) for text in texts) >= _SHARE * len(texts):
        return "objects"
    return "text"


def _label(text: str) -> str:
    return text.casefold().rstrip(".!")


def fits(rule: ScoringRule, one: SampledCall) -> bool:
    """Whether this answer can be scored so: the few of another form are no gold."""
    text = (one.call.answer.text or "").strip()
    if rule.kind == "numbers":
        return is_number(text)
    if rule.kind == "objects":
        return isinstance(_value(text), Mapping)
    return rule.kind != "calls" or _is_right_by_itself(one)


def _is_right_by_itself(one: SampledCall) -> bool:
    """Whether the scorer finds production's own calls right: a model may call what the log did not offer."""
    from evalkit.records import Response, Sample
    from evalkit.scorers.outcomes import score_response
    from evalkit.scorers.registry import make_scorer
    from evalkit.suite.tools import read_tools

    item, scorer = one.item(), make_scorer("tools", {})
    try:
        declared = item.get("tools")
        tools = read_tools(declared if isinstance(declared, list | tuple) else ())
        sample = Sample(one.task, one.id, "", "", 0, (), None, tools=tools, fields=item)
        gold = scorer.gold(sample)
    except (ValueError, SuiteError):
        return False
    return gold is not None and score_response(sample, Response(text=gold), scorer).value == 1


def is_number(text: str) -> bool:
    """Whether the text is one number, with its sign, unit of money or percent."""
    return len(text) <= _LONGEST_LABEL and _NUMBER.fullmatch(text) is not None


def _value(text: str) -> Any:
    inner = text
    if text.startswith("```"):
        inner = text.split("\n", 1)[-1].rpartition("```")[0]
    return decoded(inner.strip())
