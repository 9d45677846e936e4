"""What a grader of Inspect asked is no cost of the answer: its tokens and its time are left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.bridges.inspect_log import read_log
from evalkit.records import Row

MODEL = "openai/gpt-6-luna"
USAGE = {"input_tokens": 300, "output_tokens": 90, "total_tokens": 390, "reasoning_tokens": 5}
OF_GRADER = {"input_tokens": 200, "output_tokens": 70, "total_tokens": 270, "reasoning_tokens": 0}
Events = list[dict[str, Any]]


def model(span: str | None, usage: object, *, name: str = MODEL, role: str | None = None) -> dict[str, Any]:
    return {"event": "model", "model": name, "span_id": span, "role": role, "output": {"usage": usage}}


def span(which: str, id_: str, second: float, *, kind: str = "", parent: str | None = None) -> dict[str, Any]:
    at = f"2026-05-12T20:28:{second:09.6f}-04:00"
    return {"event": f"span_{which}", "id": id_, "type": kind or None, "parent_id": parent, "timestamp": at}


def step(action: str, kind: str, second: float) -> dict[str, Any]:
    return {"event": "step", "action": action, "type": kind, "timestamp": f"2026-05-12T20:28:{second:09.6f}-04:00"}


ANSWER = [span("begin", "a", 1, kind="solver"), model("a", {"input_tokens": 100}), span("end", "a", 2)]
NESTED = [
    *ANSWER,
    span("begin", "all", 2, kind="scorers"),
    span("begin", "s", 2, kind="scorer", parent="all"),
    span("begin", "in", 2.5, kind="tool", parent="s"),
    model("in", OF_GRADER),
    span("end", "in", 5),
    span("end", "s", 6),
    span("end", "all", 6),
]
STEPS = [
    step("begin", "solver", 1),
    model(None, {"input_tokens": 100}),
    step("end", "solver", 2),
    step("begin", "scorer", 2),
    step("begin", "subtask", 3),
    model(None, OF_GRADER),
    step("end", "subtask", 4),
    step("end", "scorer", 6),
]


def log(path: Path, events: Events | None, *, total: object = 7.0) -> Path:
    sample = {
        "id": 1, "epoch": 1, "input": "2 + 2?", "target": "4", "output": {"completion": "4", "usage": {}},
        "scores": {"graded": {"value": "C"}}, "model_usage": {MODEL: USAGE}, "total_time": total,
        "started_at": "2026-05-12T20:28:00-04:00", **({} if events is None else {"events": events}),
    }  # fmt: skip
    whole = {"version": 2, "status": "success", "eval": {"task": "t", "model": MODEL}, "samples": [sample]}
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def only_row(path: Path) -> tuple[Row, str]:
    found = read_log(path)
    (row,) = found.rows
    return row, " ".join(found.notes)


@pytest.mark.parametrize("events", [NESTED, STEPS], ids=["spans", "steps"])
def test_a_graders_tokens_and_time_are_left_out(tmp_path: Path, events: Events) -> None:
    row, notes = only_row(log(tmp_path / "l.json", events))
    assert (row.input_tokens, row.output_tokens, row.reasoning_tokens) == (100, 20, 5)
    assert row.total_s == pytest.approx(3.0)
    assert "in 1 of 1 samples a scorer asked 'openai/gpt-6-luna' too" in notes


def test_a_call_in_the_role_of_a_grader_is_one_wherever_it_stands(tmp_path: Path) -> None:
    row, _ = only_row(log(tmp_path / "l.json", [*ANSWER, model("a", OF_GRADER, role="grader")]))
    assert (row.input_tokens, row.output_tokens) == (100, 20)


def test_another_model_as_grader_is_not_in_the_models_own_usage(tmp_path: Path) -> None:
    other = [{**e, "model": "openai/other"} if e.get("span_id") == "in" else e for e in NESTED]
    row, notes = only_row(log(tmp_path / "l.json", other))
    assert (row.input_tokens, row.output_tokens) == (300, 90)
    assert row.total_s == pytest.approx(3.0)
    assert "a scorer asked" not in notes


def test_a_scorer_without_calls_takes_its_time_alone(tmp_path: Path) -> None:
    row, notes = only_row(log(tmp_path / "l.json", [e for e in NESTED if e.get("span_id") != "in"]))
    assert (row.input_tokens, row.total_s, notes) == (300, pytest.approx(3.0), "")


def test_what_the_grader_does_not_say_is_unknown(tmp_path: Path) -> None:
    silent = [{**e, "output": {"usage": {"input_tokens": 200}}} if e.get("span_id") == "in" else e for e in NESTED]
    row, _ = only_row(log(tmp_path / "l.json", [*silent, model("in", None)]))
    assert (row.input_tokens, row.output_tokens) == (None, None)


def test_more_than_the_whole_is_unknown_and_never_negative(tmp_path: Path) -> None:
    row, _ = only_row(log(tmp_path / "l.json", [*NESTED, *(model("in", OF_GRADER) for _ in range(3))], total=2.0))
    assert (row.input_tokens, row.output_tokens, row.total_s) == (None, None, None)


def test_a_scorer_whose_time_nobody_knows_leaves_the_time_unknown(tmp_path: Path) -> None:
    row, _ = only_row(log(tmp_path / "l.json", [{k: v for k, v in e.items() if k != "timestamp"} for e in NESTED]))
    assert (row.input_tokens, row.total_s) == (100, None)


@pytest.mark.parametrize("events", [None, [], "odd"])
def test_a_log_without_events_says_that_a_grader_may_be_in_the_figures(tmp_path: Path, events: Any) -> None:
    row, notes = only_row(log(tmp_path / "l.json", events))
    assert (row.input_tokens, row.total_s) == (300, 7.0)
    assert "come without their events" in notes


@pytest.mark.parametrize("total", [None, "7", -1.0, True, float("nan")])
def test_a_time_that_is_none_is_unknown(tmp_path: Path, total: object) -> None:
    row, _ = only_row(log(tmp_path / "l.json", ANSWER, total=total))
    assert row.total_s is None


def test_a_real_log_whose_grader_is_the_model_itself(shared_data: Path) -> None:
    """Seven eighths of its time were the grader's, and seventeen of eighteen output tokens of the first sample."""
    (path,) = (shared_data / "traces" / "inspect_ai").glob("*security-guide.json")
    rows = read_log(path).rows
    assert (rows[0].input_tokens, rows[0].output_tokens) == (61, 17)
    assert all(row.total_s is not None and row.total_s < 2 for row in rows)
