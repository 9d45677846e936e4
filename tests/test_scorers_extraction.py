"""The option `extract` (`take` before): what part of a reply counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers.registry import make_scorer
from evalkit.store.runs import read_facts
from tests.scoring import mark, said, sample
from tests.world import evalkit, run_folders

TAKEN: list[tuple[Any, str, str | None]] = [
    ({"after": "the answer is"}, "So The answer is: No.\nBye", "No."),
    ({"after": "the answer is", "drop": "."}, "The answer is No.", "No"),
    ({"after": "answer is"}, "The answer is A. No, the answer is B", "B"),
    ({"after": "answer is", "pick": "first"}, "The answer is A.\nThe answer is B", "A."),
    ({"after": "answer is"}, "A", None),
    ({"json": "a"}, '{"a": "1"} then {"a": "2"}', "2"),
    ({"json": "a", "pick": "first"}, '{"a": "1"} then {"a": "2"}', "1"),
    ({"json": "a"}, '```json\n{"b": "x", "a": 7}\n```', "7"),
    ({"json": "a"}, '{"b": "line\nbreak", "a": "x"}', "x"),
    ({"json": "a"}, '{"b": "he said "no"", "a": "x"', "x"),
    ({"json": "a"}, '{"b": 1}', None),
    ({"json": "a", "drop": "'"}, '{"a": "\' x\'"}', " x"),
    ({"pattern": r"\(([A-D])\)"}, "(A) or (B)", "B"),
    ({"pattern": r"\(([A-D])\)", "pick": "first"}, "(A) or (B)", "A"),
    ([{"after": "answer is"}, {"pattern": "[0-9]+"}], "It is 12", "12"),
    ([{"after": "answer is"}, {"pattern": "[0-9]+"}], "The answer is x, 12", "x, 12"),
]


@pytest.mark.parametrize(("take", "reply", "part"), TAKEN)
def test_the_part_that_counts_is_taken(take: Any, reply: str, part: str | None) -> None:
    options = {"take": take, "strip": False}
    if part is None:
        assert mark("exact", options, sample("x"), reply).outcome is Outcome.UNPARSEABLE
    else:
        assert mark("exact", options, sample(part), reply).outcome is Outcome.RIGHT


@pytest.mark.parametrize(
    ("scorer", "options", "target"),
    [
        ("exact", {"take": {"after": "the answer is"}}, "No"),
        ("numbers", {"take": {"json": "answer"}}, "12"),
        ("choice", {"reads": "letter", "take": {"pattern": r"answer is \(?([A-J])\)?"}}, "b"),
        ("numbers", {"pick": "digits", "take": [{"json": "a"}, {"after": "A:"}]}, "12"),
    ],
)
def test_the_gold_reply_is_worded_so_that_it_is_taken(scorer: str, options: dict[str, Any], target: str) -> None:
    made = make_scorer(scorer, options)
    item = sample(target, ("a", "b") if scorer == "choice" else ())
    gold = made.gold(item)
    assert gold is not None
    assert made.score(item, said(gold)).value == 1.0


@pytest.mark.parametrize(
    ("take", "says"),
    [
        ("answer", "must be a mapping"),
        ({}, "exactly one of after, json, pattern; it has none"),
        ({"after": "a", "json": "b"}, "it has after, json"),
        ({"afer": "a"}, "did you mean 'after'"),
        ({"after": " "}, "text that is not empty"),
        ({"after": "a", "pick": "middle"}, "last or first"),
        ({"after": "a", "drop": 1}, "characters to take off"),
        ({"pattern": "(?=x)"}, "RE2"),
        ([], "empty list"),
    ],
)
def test_a_rule_that_is_none_is_refused(take: Any, says: str) -> None:
    with pytest.raises(SuiteError, match=says.replace("(", r"\(")):
        make_scorer("exact", {"take": take})


def test_take_belongs_to_the_identity_and_not_to_likelihoods() -> None:
    assert make_scorer("exact", {"take": {"after": "a"}}).options == {
        "strip": True, "ignore_case": False, "collapse_spaces": False, "escapes": False, "field": None,
        "ignore_wrapping": False, "text": None,
        "refusal": "wrong", "take": {"after": "a"},
    }  # fmt: skip
    with pytest.raises(SuiteError, match="likelihoods are no reply"):
        make_scorer("choice", {"mode": "likelihood", "take": {"after": "a"}})


def test_the_option_is_extract_and_its_old_name_is_still_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.jsonl").write_text('{"q": "1 + 1?", "target": "2"}\n', "utf-8")
    digests, notes = set(), []
    for n, score in enumerate(
        (
            "{exact: {extract: {after: so}}}", "{exact: {take: {after: so}}}", "{use: exact, extract: {after: so}}",
            "[{exact: {extract: {after: so}}}]", "[{exact: {take: {after: so}}}]",
        )
    ):  # fmt: skip
        suite = tmp_path / f"s{n}.yaml"
        suite.write_text(
            "name: s\nmodels: {m: {adapter: scripted, replies: {'*': 'so 2'}}}\ntasks:\n"
            f"- {{name: sums, data: d.jsonl, prompt: '{{{{ q }}}}', target: '{{{{ target }}}}', score: {score}}}\n",
            "utf-8",
        )
        told = json.loads(evalkit(capsys, "check", suite, "--json").out)
        digests.add(json.dumps(told["tasks"], sort_keys=True))
        notes.append(any("`take` is called `extract` now" in note for note in told["notes"]))
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    assert notes == [False, True, False, False, True]
    identities = [read_facts(one)["tasks"]["sums"]["identity"]["score"] for one in run_folders(tmp_path / "results")]
    assert len({json.dumps(one, sort_keys=True) for one in identities}) == 2, "one of a scorer alone, one of a list"
    suite.write_text(suite.read_text("utf-8").replace("take: {after: so}", "take: {after: so}, extract: {after: so}"))
    assert "extract is the new name of take: leave take out" in evalkit(capsys, "check", suite).err
