"""A judge over a stored run: items written, a suite whose model is the judge, verdicts that count or are absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome, StopReason
from evalkit.scorers.registry import make_scorer
from tests.parity import records
from tests.scoring import mark, sample
from tests.world import evalkit, rows, run_folders

PAIR = {"verdicts": {"A": 1, "TIE": 0.5, "B": 0}}

READ = [
    ({}, "Fine. Rating: [[10]]", 1.0),
    ({}, "First [[2]], but on reflection [[1]]", 0.0),
    ({"scale": [1, 5]}, "[[ 4 ]]", 0.75),
    (PAIR, "[[a]]", 1.0),
    (PAIR, "[[Tie]]", 0.5),
]


@pytest.mark.parametrize(("options", "reply", "value"), READ)
def test_a_verdict_is_a_score(options: dict[str, object], reply: str, value: float) -> None:
    assert mark("verdict", options, sample(), reply).value == value


@pytest.mark.parametrize("reply", ["", "Fine.", "[[11]]", "[[x]]", "Rating: [9]", "I'm sorry, I can't help with that."])
@pytest.mark.parametrize("stop", ["stop", "length", "refusal"])
def test_what_a_judge_fails_to_say_is_absent_and_never_a_zero(reply: str, stop: StopReason) -> None:
    score = mark("verdict", {}, sample(), reply, stop)
    assert score.value is None
    assert score.outcome is Outcome.ERRORED


def test_a_pair_in_the_other_order_counts_the_other_way() -> None:
    assert mark("verdict", PAIR, sample(swapped=True), "[[A]]").value == 0.0
    assert mark("verdict", PAIR, sample(swapped=True), "[[TIE]]").value == 0.5
    assert mark("verdict", PAIR, sample(swapped=False), "[[A]]").value == 1.0


@pytest.mark.parametrize(
    "options",
    [
        {"scale": [5, 1]},
        {"scale": "1-5"},
        {"scale": [0, float("inf")]},
        {"verdicts": {"A": 1, "a": 0.5, "B": 0}},
        {"verdicts": {"A": 2, "B": 0}},
        {"verdicts": {"A": 1}},
        {**PAIR, "scale": [1, 5]},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SuiteError):
        make_scorer("verdict", options)


@pytest.fixture
def answered(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of two models; `good` answered both questions, `bad` only the first."""
    monkeypatch.setenv("EVALKIT_RESULTS", str(tmp_path / "results"))
    with (tmp_path / "items.jsonl").open("w") as file:
        for key in ("a", "b"):
            file.write(json.dumps({"id": key, "text": f"Question {key}?", "answer": f"right {key}"}) + "\n")
    (tmp_path / "suite.yaml").write_text(
        """
name: talk
models:
  good: {adapter: scripted, replies: {a: "right a", b: "right b"}}
  bad: {adapter: scripted, replies: {a: "wrong"}, fail: {b: rejected}}
tasks:
  - {name: talk, data: {path: items.jsonl, id: id}, prompt: "{{ text }}", target: "{{ answer }}", score: exact}
"""
    )
    assert evalkit(capsys, "run", tmp_path / "suite.yaml").code == 4
    return tmp_path


def judge(folder: Path, task: str, replies: dict[str, str]) -> Path:
    path = folder / f"{task}.yaml"
    path.write_text(
        f"name: {task}\nmodels:\n  judge: {{adapter: scripted, replies: {json.dumps(replies)}}}\n"
        f"tasks:\n  - {{use: {task}, with: {{path: items-{task}.jsonl}}}}\n"
    )
    return path


def test_single_answers_are_rated(answered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = answered / "items-judge_rating.jsonl"
    ran = evalkit(capsys, "judge-data", "--out", out)
    assert ran.code == 0, ran.err
    assert "3 items; 1 row without an answer left out" in ran.out
    items = list(records(out))
    assert {(item["judged"], item["question"], item["answer"], item["reference"]) for item in items} == {
        ("good", "Question a?", "right a", "right a"), ("good", "Question b?", "right b", "right b"),
        ("bad", "Question a?", "wrong", "right a"),
    }  # fmt: skip
    replies = {"talk/a/0/good": "Rating: [[10]]", "talk/b/0/good": "no idea", "talk/a/0/bad": "Rating: [[1]]"}
    ran = evalkit(capsys, "run", judge(answered, "judge_rating", replies))
    judged = rows(run_folders(answered / "results")[-1])
    assert sorted((row["score"], row["outcome"]) for row in judged if row["score"] is not None) == [
        (0.0, "scored"), (1.0, "scored"),
    ]  # fmt: skip
    assert [row["outcome"] for row in judged if row["score"] is None] == ["errored"]


def test_pairs_are_judged_in_both_orders(answered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = answered / "items-judge_pair.jsonl"
    assert evalkit(capsys, "judge-data", "--pair", "good,bad", "--out", out).code == 0
    items = list(records(out))
    assert [(item["id"], item["swapped"], item["answer_a"]) for item in items] == [
        ("talk/a/0/ab", False, "right a"), ("talk/a/0/ba", True, "wrong"),
    ]  # fmt: skip
    ran = evalkit(capsys, "run", judge(answered, "judge_pair", {"*": "I always like the first. [[A]]"}))
    assert ran.code == 0, ran.err
    assert sorted(row["score"] for row in rows(run_folders(answered / "results")[-1])) == [0.0, 1.0]


def test_answers_are_compared_with_the_reference(answered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evalkit(capsys, "judge-data", "--out", answered / "items-judge_reference.jsonl").code == 0
    suite = judge(answered, "judge_reference", {"*": "Half of it. [[PARTLY]]"})
    ran = evalkit(capsys, "check", suite, "--show-prompt")
    assert ran.code == 0, ran.err
    assert "=== REFERENCE ANSWER ===" in ran.out
    assert evalkit(capsys, "run", suite).code == 0


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--pair", "good"], "two models"),
        (["--pair", "good,ugly"], "has no model 'ugly'"),
        (["--tasks", "walk"], "has no task 'walk'"),
    ],
)
def test_mistakes_are_told(answered: Path, capsys: pytest.CaptureFixture[str], args: list[str], says: str) -> None:
    out = answered / "out.jsonl"
    ran = evalkit(capsys, "judge-data", "--out", out, *args)
    assert ran.code == 2
    assert says in ran.err
    out.write_text("mine")
    ran = evalkit(capsys, "judge-data", "--out", out)
    assert ran.code == 2
    assert out.read_text() == "mine"
