"""A log of free text to a verdict that people's labels decide, as the README that is made with the suite says it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.made_logs import REPLYING, write_log
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]


def commands_of(readme: str) -> list[list[str]]:
    """The commands of the numbered steps, as a person would type them."""
    steps = readme.split("\n1. ")[1]
    return [told.split()[1:] for told in re.findall(r"`(evalkit [^`]+)`", steps)]


@pytest.fixture
def suite(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite of free text whose judge says A to everything (a tie in both orders), and where one is."""
    log = write_log(tmp_path / "log.jsonl", 260, systems=(REPLYING,))
    who = ("--candidate", "scripted:Sorry.", "--judge", "scripted:[[A]]", "--samples", "90")
    made = evalkit(capsys, "import", "traces", log, "--out", tmp_path / "suite", *who)
    assert made.code == 0, made.err
    monkeypatch.chdir(tmp_path / "suite")
    return tmp_path / "suite" / "suite.yaml"


def run(capsys: Capture, suite: Path) -> Ran:
    return evalkit(capsys, "run", suite, "--gate", "--no-cache")


def labelled(path: Path, verdict: Any, n: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for item in items[:n]:
        item["label"] = verdict(item)
    path.write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    return items


def theirs(item: dict[str, Any]) -> str:
    """Production's answer is better."""
    return "A" if item["swapped"] else "B"


def with_labels(suite: Path) -> None:
    """What step 3 says: the two comments put into force."""
    text = suite.read_text("utf-8")
    assert "# labels: labels.jsonl" in text
    text = text.replace("# labels: labels.jsonl", "labels: labels.jsonl")
    rule = re.search(r"- \{quality: all, margin: 0.05\} +# with people's labels: (\{.*\})", text)
    assert rule is not None
    suite.write_text(text.replace(rule[0], f"- {rule[1]}"), "utf-8")


@pytest.mark.long
def test_labels_of_pairs_decide_as_the_readme_says(suite: Path, capsys: Capture) -> None:
    before = run(capsys, suite)
    assert "this verdict rests on the judge" in " ".join(before.out.split())
    data, again, check = commands_of((suite.parent / "README.md").read_text("utf-8"))
    assert data[0] == "judge-data"
    assert evalkit(capsys, *data).code == 0
    items = labelled(suite.parent / "labels.jsonl", theirs, 40)
    assert {item["judged"] for item in items} == {"sorry over recorded"}
    assert {item["swapped"] for item in items} == {True, False}, "whose answer comes first is drawn"
    assert all((item["answer_b"] if item["swapped"] else item["answer_a"]) == "Sorry." for item in items)
    with_labels(suite)
    assert evalkit(capsys, "check", suite).code == 0
    decided = evalkit(capsys, *again)
    said = " ".join(decided.out.split())
    assert decided.code == 1, decided.out
    assert "people labelled both answers of 40 pairs" in said
    assert "the judge leans 50.0 points towards the candidate" in said
    trusted = evalkit(capsys, *check, "--json").json["tasks"]
    (judged,) = trusted.values()
    assert judged["people"]["sorry"]["n_labelled"] == 40
    assert judged["people"]["sorry"]["label_mean"] == 0, "everybody likes production's answer better"
    assert judged["labels"]["n_used"] == judged["labels"]["n"] == 40


@pytest.mark.long
def test_a_label_counts_for_the_two_answers_that_were_compared(suite: Path, capsys: Capture) -> None:
    run(capsys, suite)
    assert evalkit(capsys, "judge-data", "latest", "--out", "labels.jsonl").code == 0
    path = suite.parent / "labels.jsonl"
    items = labelled(path, theirs, 40)
    items[0]["answer_a"] = items[1]["answer_b"] = "What another run said."
    path.write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    with_labels(suite)
    run(capsys, suite)
    (judged,) = evalkit(capsys, "judge-check", "--json").json["tasks"].values()
    assert (judged["labels"]["n"], judged["labels"]["n_used"]) == (40, 38)


def test_a_label_that_the_judge_could_not_give_is_refused(suite: Path, capsys: Capture) -> None:
    run(capsys, suite)
    assert evalkit(capsys, "judge-data", "latest", "--out", "labels.jsonl").code == 0
    labelled(suite.parent / "labels.jsonl", lambda _: 7, 2)
    with_labels(suite)
    refused = evalkit(capsys, "check", suite)
    assert refused.code == 2
    assert "labels.jsonl:1: the label 7 is no verdict that the judge could give" in refused.err


@pytest.mark.long
def test_single_answers_of_a_task_of_pairs_are_written_where_they_are_asked_for(suite: Path, capsys: Capture) -> None:
    run(capsys, suite)
    pairs = evalkit(capsys, "judge-data", "latest", "--out", "pairs.jsonl")
    assert "answers left out that stand by themselves" in pairs.out
    assert evalkit(capsys, "judge-data", "latest", "--alone", "--out", "alone.jsonl").code == 0
    told = [json.loads(line) for line in Path("alone.jsonl").read_text("utf-8").splitlines()]
    assert {item["judged"] for item in told} == {"sorry", "recorded"}
    assert all(isinstance(item["answer"], str) for item in told)
    assert evalkit(capsys, "judge-data", "latest", "--alone", "--pair", "sorry,recorded", "--out", "x.jsonl").code == 2
