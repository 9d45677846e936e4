"""What a model may write: anything. No scorer raises, none hangs, every mark is a number in [0, 1] with an outcome."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records import Outcome, Sample, StopReason
from evalkit.scorers.instructions import known_kinds
from tests.scoring import mark, sample
from tests.test_scorers_instructions import FOLLOWED

ALL_KINDS = [{"kind": kind, **next(given for name, given, _, _ in FOLLOWED if name == kind)} for kind in known_kinds()]

LAST_LETTER = {"pattern": r"(?s)^.*(?:^|[^\p{L}\p{N}_])([A-J])(?:[^\p{L}\p{N}_]|$)"}

SCORERS: list[tuple[str, dict[str, Any], Sample]] = [
    ("choice", {}, sample("Paris", ("London", "Rome", "Paris", "a" * 300))),
    ("choice", {}, sample("12", tuple(str(i) for i in range(40)))),
    ("exact", {"ignore_case": True, "collapse_spaces": True}, sample("Paris")),
    ("contains", {"ignore_case": True, "whole_words": True}, sample("a a")),
    ("regex", {"pattern": r"(?s)(\w+\s*)+$"}, sample("Paris")),
    ("numbers", {}, sample("12")),
    ("numbers", {"pick": "boxed"}, sample("12")),
    ("json", {"equals": True, "around": "any", "schema": {"uniqueItems": True}}, sample("[1]")),
    ("json", {"fields": ["a"], "level": "share"}, sample('{"a": 1}')),
    ("instructions", {"level": "instruction"}, sample(instructions=ALL_KINDS)),
    ("choice", {"pick": "first"}, sample("Paris", ("London", "Rome", "Paris"))),
    ("choice", {"reads": "letter", "take": LAST_LETTER}, sample("Paris", ("London", "Rome", "Paris"))),
    ("numbers", {"pick": "digits", "take": {"json": "a"}}, sample("12")),
    ("exact", {"take": {"after": "answer is", "drop": "."}}, sample("12")),
    ("fields", {}, sample('{"a": 1, "b": ["x"]}')),
    ("overlap", {"metric": "f1"}, sample("the quick brown fox")),
    ("overlap", {"metric": "rougeL"}, sample("the quick brown fox")),
    ("overlap", {"metric": "rougeLsum"}, sample("the quick brown fox")),
    ("overlap", {"metric": "bleu"}, sample("the quick brown fox")),
    ("overlap", {"metric": "chrf"}, sample("the quick brown fox")),
    ("tools", {}, sample(function=[{"name": "f", "parameters": {}}], ground_truth=[{"f": {"a": [1]}}])),
    ("helps", {}, sample()),
]

PIECES = st.sampled_from([
    "A", "(B)", "C)", "**", "The answer is ", "not ", " or ", "Paris", "\n", "\u2028", "\x85", "\\boxed{", "}", "12",
    "1,000", "/", "-", "%", "10^", "\\frac{1}{0}", "{", "[", '"a": ', "```json\n", "```", ". ", "...", "<<", ">>",
    "SECTION 1", "\ud800", "\x00", "\u202e", "Ａ", "ß", "İ", "I can't help", "P.S.", "******", "e999999999",
    "٣", "²", "½",
])  # fmt: skip
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join))
STOPS: st.SearchStrategy[StopReason] = st.sampled_from(
    ["stop", "length", "refusal", "content_filter", "tool_use", "other"]
)


@pytest.mark.long(but=5)
@pytest.mark.parametrize(("name", "options", "item"), SCORERS)
@settings(max_examples=40, deadline=None)
@given(text=TEXTS, stop_reason=STOPS)
def test_no_scorer_raises_on_anything_a_model_may_write(
    name: str, options: dict[str, Any], item: Sample, text: str, stop_reason: StopReason
) -> None:
    score = mark(name, options, item, text, stop_reason)
    assert score.value is not None
    assert 0.0 <= score.value <= 1.0
    assert score.outcome is not Outcome.ERRORED
    assert (score.outcome is Outcome.RIGHT) <= (score.value == 1.0)
    assert mark(name, options, item, text, stop_reason) == score


UNITS = [
    "a", "(", "**", "A ", "\n", "{", "1,", "[", "1", "-", ". ", "\\boxed{", "\\frac{", "the answer is not A ", "(A) ",
    "<<", "…", "İ", "\u00a0", "1 1/", '"', "'", "```", "A or ", "#", "I can't ",
]  # fmt: skip


@pytest.mark.long(but=1)
@pytest.mark.parametrize("unit", UNITS)
def test_a_long_degenerate_reply_is_marked_quickly(unit: str) -> None:
    """40 kB of repetition. Seconds are allowed where milliseconds are needed: the bound catches blow-ups only."""
    for name, options, item in SCORERS:
        for text in ((unit * 40_000)[:40_000], "The answer is " + (unit * 40_000)[:40_000] + "!"):
            start = time.process_time()
            mark(name, options, item, text)
            assert time.process_time() - start < 5, (name, unit)
