"""Recorded answers with their tokens, dollars and seconds, and conversations that stand in the records."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalkit.store.sealing import rows_of
from tests.world import Ran, evalkit, run_folders

Run = Callable[..., Ran]
SUITE = """
name: logs
models:
  recorded:
    adapter: replay
    path: answers.jsonl
    columns:
      {input_tokens: tokens_in, output_tokens: tokens_out, cost_usd: usd, total_s: took, started_at: at,
       served_model: by, finish: why}
  other: {adapter: scripted, replies: {"*": "yes"}}
tasks:
  - name: asked
    data: items.jsonl
    messages: "{{ messages }}"
    target: "{{ answer }}"
    score: exact
run: {in_flight: 2}
gate:
  baseline: recorded
  candidates: [other]
  rules:
    - {latency: total_p95, max_ratio: 2}
"""
ITEMS: list[dict[str, Any]] = [
    {
        "id": "a",
        "answer": "yes",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Is it?"}],
    },
    {
        "id": "b",
        "answer": "no",
        "messages": [
            {"role": "user", "content": "Was it?"},
            {"role": "assistant", "content": "no"},
            {"role": "user", "content": "Sure?"},
        ],
    },
]
UNKNOWN = dict.fromkeys(("tokens_in", "tokens_out", "usd", "took", "at", "by"))
ANSWERS: list[dict[str, Any]] = [
    {
        **{"id": "a", "text": "yes", "tokens_in": 12, "tokens_out": 1, "usd": 0.0001, "took": 1.5},
        **{"at": "2026-03-01T10:00:00Z", "by": "gpt-4.1-2025-04-14", "why": "stop"},
    },
    {**UNKNOWN, "id": "b", "text": "n", "why": "length"},
]


def written(folder: Path, *, items: Any = ITEMS, answers: Any = ANSWERS, suite: str = SUITE) -> Path:
    for name, records in (("items.jsonl", items), ("answers.jsonl", answers)):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in records))
    (folder / "suite.yaml").write_text(suite)
    return folder / "suite.yaml"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a suite beside which its results stand."""
    return lambda suite, *more: evalkit(capsys, "run", suite, "--results", suite.parent / "results", *more)


def test_what_a_log_says_of_an_answer_stands_in_its_row(tmp_path: Path, run: Run) -> None:
    assert run(written(tmp_path)).code == 0
    (folder,) = run_folders(tmp_path / "results")
    found = {row.sample_id: row for row in rows_of(folder) if row.model == "recorded"}
    known, unknown = found["a"], found["b"]
    assert (known.input_tokens, known.output_tokens, float(known.cost_usd or 0)) == (12, 1, 0.0001)
    assert (known.total_s, known.served_model) == (1.5, "gpt-4.1-2025-04-14")
    assert known.started_at == pytest.approx(1772359200, abs=1)
    assert [(turn.role, turn.content) for turn in known.prompt] == [("system", "Be brief."), ("user", "Is it?")]
    assert [turn.role for turn in unknown.prompt] == ["user", "assistant", "user"]
    assert (unknown.input_tokens, unknown.cost_usd, unknown.total_s) == (None, None, None)
    assert unknown.stop_reason == "length"


def test_recorded_times_are_never_put_into_a_ratio(tmp_path: Path, run: Run) -> None:
    said = run(written(tmp_path), "--gate")
    assert said.code == 3
    assert "recorded times were taken in production" in " ".join((said.out + said.err).split())


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"tokens_in": -1}, "input_tokens (column 'tokens_in') is no whole number from 0"),
        ({"tokens_in": 1.5}, "input_tokens (column 'tokens_in') is no whole number"),
        ({"usd": "cheap"}, "cost_usd (column 'usd') is no sum of dollars"),
        ({"at": "yesterday"}, "started_at (column 'at') is no time"),
        ({"took": True}, "total_s (column 'took') is no number from 0"),
    ],
)
def test_a_cell_that_is_something_else_is_refused_with_its_place(
    tmp_path: Path, run: Run, cell: dict[str, Any], said: str
) -> None:
    made = run(written(tmp_path, answers=[{**ANSWERS[0], **cell}, ANSWERS[1]]))
    assert made.code == 2
    assert said in " ".join(made.err.split())
    assert "answers.jsonl:1" in made.err


def test_an_unknown_column_is_named(tmp_path: Path, run: Run) -> None:
    made = run(written(tmp_path, suite=SUITE.replace("input_tokens: tokens_in", "input_tokens: tokens")))
    assert made.code == 2 and "has no column 'tokens'" in made.err
    made = run(written(tmp_path, suite=SUITE.replace("input_tokens: tokens_in", "tokens: tokens_in")))
    assert made.code == 2 and "columns" in made.err


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([], "expected a list of turns"),
        ("Hi", "expected a list of turns"),
        (
            [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
            "the last turn is not the user's",
        ),
        ([{"role": "user", "content": "  "}], "has no text"),
        ([{"role": "tool", "content": "7"}], "a turn with calls"),
        ([{"role": "user", "content": ["Hi"]}], "a turn of a record is one text"),
    ],
)
def test_a_record_without_a_conversation_is_refused(tmp_path: Path, run: Run, messages: Any, said: str) -> None:
    made = run(written(tmp_path, items=[{**ITEMS[0], "messages": messages}, ITEMS[1]]))
    assert made.code == 2
    assert said in " ".join(made.err.split())


@pytest.mark.parametrize("key", ["system: Be kind.", "choices: [yes, no]", "shots: [{answer: yes}]"])
def test_nothing_is_added_to_a_conversation_of_the_record(tmp_path: Path, run: Run, key: str) -> None:
    suite = SUITE.replace('    messages: "{{ messages }}"\n', f'    messages: "{{{{ messages }}}}"\n    {key}\n')
    made = run(written(tmp_path, suite=suite))
    assert made.code == 2
    assert "cannot stand beside messages that name a list" in " ".join(made.err.split())
