"""Patterns of a few signs that RE2 takes a tenth of a second to read, for every text again."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.scorers import schemas
from evalkit.scorers.extraction import read_extraction
from evalkit.scorers.patterns import Pattern
from evalkit.scorers.schemas import compile_schema
from evalkit.text.pattern_time import complaint, microseconds
from tests.world import evalkit

SLOW, LARGE = r"\p{L}{1,300}#", r"\p{L}{1,25}#"
USUAL = [
    *(r"T-[0-9]{6}", r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", r"(?i)\b(?P<answer>kunde|customer)[ (\t]*\Qa(b\E"),
    *(r"Answer: (?P<answer>\w+)|(?P<other>\d+)", r"[(?P<x>]", r".{1,500}", r"\w{1,300}", r"^[\p{L} '-]{2,20}$"),
]


@pytest.mark.parametrize("pattern", USUAL)
def test_usual_patterns_are_read(pattern: str) -> None:
    assert 0 < microseconds(pattern, roughly=True) <= 10_000
    Pattern.compile(pattern)


def test_many_patterns_are_measured_in_no_time() -> None:
    """400 rules of `extract` took check 38 s, since each was measured."""
    began = time.process_time()
    for n in range(50):
        assert microseconds(rf"\p{{L}}+ \p{{Lu}}\p{{L}}+#{n}") == 1_620
    assert time.process_time() - began < 2
    with pytest.raises(SuiteError, match="400 rules, which are tried for each reply; at most 50"):
        read_extraction([{"pattern": f"a{n}"} for n in range(400)], "exact")


@pytest.mark.long
def test_a_pattern_that_takes_long_is_refused_with_the_way_out() -> None:
    with pytest.raises(SuiteError, match=r"takes RE2 120 ms or more to read, .*: write `\+`"):
        Pattern.compile(SLOW)
    assert complaint([LARGE]) is None and complaint([LARGE, LARGE + "x", LARGE + "y"]) is not None


@pytest.mark.long
def test_own_patterns_of_redaction_are_bounded_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two of them took a minute for a hundred records of four letters."""
    for patterns, code in (
        ({"a": LARGE, "b": LARGE + "x", "c": LARGE + "y"}, 2),
        ({"a": "T-[0-9]{6}", "b": "K[0-9]"}, 0),
    ):
        suite = f"""
name: slow
redact: {{patterns: {json.dumps(patterns)}}}
models: {{m: {{adapter: scripted, replies: {{"*": a}}}}}}
tasks: [{{name: t, cases: [{{q: a, expected: b}}], prompt: "{{{{ q }}}}", score: exact}}]
"""
        (tmp_path / "suite.yaml").write_text(suite)
        ran = evalkit(capsys, "check", tmp_path / "suite.yaml")
        assert ran.code == code, ran.err
        assert ("redact.patterns" in ran.err and "takes RE2" in ran.err) == (code == 2)


@pytest.mark.long
def test_patterns_of_a_schema_are_bounded_together_and_for_each_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "MOST_CHECKS", 100_000)
    many = {"anyOf": [{"pattern": f"{LARGE}{n}"} for n in range(200)]}
    with pytest.raises(SuiteError, match="its patterns say together takes RE2"):
        compile_schema(many, "schema")
    complain = compile_schema({"items": {"pattern": "^[à-\uffff\\w -]{1,300}$"}}, "schema")
    assert complain(["a"] * 20) is None
    assert "too many steps" in str(complain(["a"] * 1_000))
    usual = {"anyOf": [{"pattern": f"^K{n}-[0-9]{{4}}$"} for n in range(200)]}
    assert compile_schema(usual, "schema")("K199-1234") is None


def test_a_pattern_for_names_of_people_is_no_slow_one() -> None:
    assert complaint([r"\p{Lu}\p{L}{1,20} \p{Lu}\p{L}{1,20}", r"T-[0-9]{6}"]) is None
