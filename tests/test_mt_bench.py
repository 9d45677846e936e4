"""MT-bench with its judge: the published prompts, word for word, and a judgment without a rating that is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome
from tests.judges_world import candidates, judgments
from tests.world import evalkit, made_once, run_folders

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture
def suite(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    def make(folder: Path) -> None:
        made = subprocess.run(
            [sys.executable, str(REPO / "scripts" / "task_data.py"), str(shared_data), str(folder)],
            check=False, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr

    monkeypatch.setenv("EVALKIT_RESULTS", str(tmp_path / "results"))
    made_once("the files of the built-in tasks", make, tmp_path, tmp_path_factory)
    replies = {"*": "Words, with {answer_2} and [[10]] in them.", "81": "A first answer."}
    verdicts = {"*": "Good. Rating: [[7]]", "mt_bench/82/0/m": "I would say seven.", "mt_bench/83/0/m": "[[3.5]]"}
    path = tmp_path / "suite.yaml"
    path.write_text(
        f"name: mt\nmodels:\n  m: {{adapter: scripted, replies: {json.dumps(replies)}}}\n"
        f"judges:\n  gpt4: {{adapter: scripted, replies: {json.dumps(verdicts)}}}\n"
        "tasks:\n  - {use: mt_bench, with: {path: mt_bench.jsonl, judges: gpt4}}\nrun: {max_error_rate: 0.02}\n"
    )
    yield path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


@pytest.mark.long
def test_the_judge_is_asked_in_the_published_words(
    suite: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = evalkit(capsys, "run", suite)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(suite.parent / "results")
    source = shared_data / "mt_bench"
    prompts = {prompt["name"]: prompt for prompt in lines(source / "judge_prompts.jsonl")}
    questions = {str(q["question_id"]): q["turns"] for q in lines(source / "question.jsonl")}
    references = {
        str(r["question_id"]): r["choices"][0]["turns"] for r in lines(source / "reference_answer_gpt-4.jsonl")
    }
    answers = {row.sample_id: row.text for row in candidates(folder)}
    n_by_name: dict[str, int] = {}
    for row in judgments(folder):
        _, sample, *_ = row.sample_id.split("/")
        number, _, turn = sample.partition(":turn")
        given = {"question": questions[number][0], "answer": answers[number]}
        given |= {"question_1": questions[number][0], "question_2": questions[number][1]}
        given |= {"answer_1": answers[number], "answer_2": answers[f"{number}:turn2"]}
        if number in references:
            given |= {"ref_answer_1": references[number][0], "ref_answer_2": references[number][1]}
        name = f"single-{'math-' if number in references else ''}v1{'-multi-turn' if turn else ''}"
        n_by_name[name] = n_by_name.get(name, 0) + 1
        system, asked = row.prompt
        assert asked.content == prompts[name]["prompt_template"].format(**given), row.sample_id
        assert system.content == prompts[name]["system_prompt"]
    assert n_by_name == {
        "single-v1": 50, "single-math-v1": 30, "single-v1-multi-turn": 50, "single-math-v1-multi-turn": 30,
    }  # fmt: skip


@pytest.mark.long
def test_a_judgment_without_a_rating_is_missing_and_not_minus_one(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = evalkit(capsys, "run", suite, "--json")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(suite.parent / "results")
    found = {row.sample_id: row for row in candidates(folder)}
    assert len(found) == 160
    assert (found["82"].score, found["82"].outcome) == (None, Outcome.ERRORED)
    assert "gpt4: the judge gave no verdict" in (found["82"].reason or "")
    assert found["83"].score == pytest.approx(2.5 / 9)
    assert found["82:turn2"].score == pytest.approx(6 / 9)
    quality = ran.json["models"]["m"]["tasks"]["mt_bench"]
    assert quality["quality"]["mean"] == pytest.approx((158 * 6 / 9 + 2.5 / 9) / 159)
    assert set(quality["slices"]) >= {"turn=1", "turn=2", "category=math"}


@pytest.mark.long
def test_a_suite_without_that_judge_is_told(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite.write_text(suite.read_text().replace(", judges: gpt4", ""))
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "there is no judge 'judge'" in ran.err
    suite.write_text(suite.read_text().replace("use: mt_bench, with: {path", "use: gsm8k, with: {judges: gpt4, path"))
    ran = evalkit(capsys, "check", suite)
    assert ran.code == 2
    assert "no judge scores 'gsm8k'" in ran.err
