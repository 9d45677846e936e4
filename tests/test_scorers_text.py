"""Exact, contains and regex."""

from __future__ import annotations

import time
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers.patterns import Pattern
from evalkit.scorers.registry import make_scorer
from tests.scoring import mark, sample

COMPARED: list[tuple[str, dict[str, Any], str, str, bool]] = [
    ("exact", {}, "refund", " refund\n", True),
    ("exact", {}, "refund", "Refund", False),
    ("exact", {"ignore_case": True}, "refund", "REFUND", True),
    ("exact", {"ignore_case": True}, "straße", "STRASSE", True),
    ("exact", {"strip": False}, "refund", "refund ", False),
    ("exact", {"collapse_spaces": True}, "a b", "a \n b", True),
    ("exact", {}, "café", "cafe\u0301", True),
    ("exact", {}, "a\u2028b", "a\u2028b", True),
    ("exact", {}, "refund", "refund.", False),
    ("contains", {}, "Paris", "It is Paris.", True),
    ("contains", {}, "paris", "It is Paris.", False),
    ("contains", {"ignore_case": True}, "paris", "It is Paris.", True),
    ("contains", {}, "no", "I know", True),
    ("contains", {"whole_words": True}, "no", "I know", False),
    ("contains", {"whole_words": True}, "C++", "I use C++ daily", True),
    ("regex", {"pattern": r"#(\d+)"}, "40", "tickets #12 and #40", True),
    ("regex", {"pattern": r"#(\d+)", "pick": "first"}, "12", "tickets #12 and #40", True),
    ("regex", {"pattern": r"\d+"}, "123", "call 123", True),
    ("regex", {"pattern": r"(?i)verdict: (\w+)", "ignore_case": True}, "Guilty", "VERDICT: GUILTY", True),
    ("regex", {"pattern": r"(?m)^queue=(\p{L}+)$"}, "größe", "x\nqueue=größe\ny", True),
]


@pytest.mark.parametrize(("name", "options", "target", "reply", "right"), COMPARED)
def test_text_compares_as_the_options_say(
    name: str, options: dict[str, Any], target: str, reply: str, right: bool
) -> None:
    score = mark(name, options, sample(target), reply)
    assert score.outcome is (Outcome.RIGHT if right else Outcome.WRONG)
    gold = make_scorer(name, options).gold(sample(target))
    assert gold is None or mark(name, options, sample(target), gold).value == 1.0


def test_right_answers_may_come_from_a_field() -> None:
    item = sample(None, ok=["colour", "color"], must=["receipt", "refund"])
    assert mark("exact", {"field": "ok"}, item, "color").value == 1.0
    assert mark("contains", {"field": "must"}, item, "your refund").value == 0.0
    assert mark("contains", {"field": "must", "match": "any"}, item, "your refund").value == 1.0
    score = mark("contains", {"field": "must"}, item, "your refund")
    assert score.reason == "not in the reply: 'receipt'"


@pytest.mark.parametrize("name", ["exact", "contains"])
def test_nothing_to_compare_with_is_never_scored(name: str) -> None:
    for item, options in ((sample(None), {}), (sample("x", ok=[]), {"field": "ok"})):
        score = mark(name, options, item, "x")
        assert (score.value, score.outcome) == (None, Outcome.ERRORED)


def test_a_pattern_that_finds_nothing_is_unparseable_unless_finding_is_the_question() -> None:
    assert mark("regex", {"pattern": "x(y)"}, sample("y"), "abc").outcome is Outcome.UNPARSEABLE
    assert mark("regex", {"pattern": "x", "compare": "found"}, sample(None), "abc").outcome is Outcome.WRONG
    assert mark("regex", {"pattern": "b", "compare": "found"}, sample(None), "abc").outcome is Outcome.RIGHT


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", r"(a)\1", "a{2000}", "x" * 2000, ""])
def test_a_pattern_that_cannot_be_run_safely_is_refused_when_the_suite_loads(pattern: str) -> None:
    with pytest.raises(SuiteError, match="regex"):
        make_scorer("regex", {"pattern": pattern})


def test_a_pattern_is_required() -> None:
    with pytest.raises(SuiteError, match="'pattern' is missing"):
        make_scorer("regex", {})


@pytest.mark.parametrize("pattern", ["(a+)+$", "((a+)+)+b", "(a|a)*b", "(.*)*x", "(a?){200}b"])
@pytest.mark.parametrize("n", [30, 100_000])
def test_a_catastrophic_pattern_does_not_hang(pattern: str, n: int) -> None:
    start = time.process_time()
    mark("regex", {"pattern": pattern}, sample("z"), "a" * n + "b")
    assert time.process_time() - start < 5


def test_matches_are_found_from_left_to_right_and_empty_groups_are_empty() -> None:
    assert Pattern.compile(r"\d+").find_all("12 and 345") == ["12", "345"]
    assert Pattern.compile(r"x(y)?").find_all("xy x") == ["y", ""]
    assert Pattern.compile("a").find_all("\x1ea\x1f\ud800a") == ["a", "a"]
    assert Pattern.compile("a").find_all("") == []
