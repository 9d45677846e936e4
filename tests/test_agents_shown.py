"""What people see of agents: `show`, `show --sample`, `export` and the board's Sample page, hostile texts included."""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

import evalkit as evalkit_package
from evalkit.errors import StoreError
from evalkit.records import AgentStep, ToolCall, ToolResult
from evalkit.results.trajectories import steps_of
from evalkit.store.row_codec import from_line
from evalkit.store.step_codec import read_step, step_record
from tests.agent_world import ASK, FIND, GOOD, RECORDS, TASK, calls, run, scripted, write
from tests.test_board_pages import draw, tables, words
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
HOSTILE = "\x1b[31m<script>alert(1)</script>\u202e=cmd|'/c calc'!A0\n::error::owned"


def test_show_says_how_far_agents_went_and_how_often_they_succeed_every_time(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({**GOOD, "lost": [calls(FIND)]}), more="run: {repeats: 3}\n")
    assert run(capsys, suite, "--no-cache").code == 0
    ran = evalkit(capsys, "show", "latest", "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    assert "pass@3" in ran.out
    assert "pass^3" in ran.out
    (line,) = (line for line in ran.out.splitlines() if line.startswith("desk × m"))
    assert line.split()[3:] == ["6", "3.5", "6", "3.5", "0", "50", "%"]
    (found,) = evalkit(capsys, "show", "latest", "--json", "--results", tmp_path / "results").json["agents"]
    assert (found["n"], found["at_limit"], found["most_steps"]) == (6, 3, 6)
    text = evalkit(capsys, "show", "latest", "--markdown", "--results", tmp_path / "results")
    assert "| desk × m |" in text.out


def test_a_trajectory_is_shown_call_by_call(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted(GOOD))
    assert run(capsys, suite, "--no-cache").code == 0
    shown = evalkit(capsys, "show", "latest", "--sample", "lost", "--results", tmp_path / "results")
    assert shown.code == 0, shown.err
    out = " ".join(shown.out.split())
    assert "desk × m, sample lost: right, 4 requests" in out
    assert "asked: My parcel P-1 is lost. Please pay me back." in out
    assert 'refund({"parcel": "P-1", "cents": 1250}) -> {"refunded": 1250}' in out
    assert "says: You get 12.50 back." in out
    found = evalkit(capsys, "show", "latest", "--sample", "lost", "--json", "--results", tmp_path / "results").json
    assert [len(step["calls"]) for step in found["trajectories"][0]["steps"]] == [1, 1, 1, 0]
    for name, said in (("nobody", "has no sample 'nobody'"),):
        missing = evalkit(capsys, "show", "latest", "--sample", name, "--results", tmp_path / "results")
        assert missing.code == 2
        assert said in missing.err


def hostile(tmp_path: Path, capsys: Capture) -> Path:
    """A run whose agent, tools and reason say what a terminal, a page or a table must not obey."""
    asked = {"name": "ask_customer", "arguments": {"question": HOSTILE}}
    environment = (tmp_path / "x").name  # not read: the state is changed by the agent's own words
    del environment
    task = TASK.replace("because: a refund was issued twice", "because: '<b>twice</b>'")
    suite = write(tmp_path, scripted({**GOOD, "lost": [calls(FIND), calls(asked), HOSTILE]}), task=task)
    assert run(capsys, suite, "--no-cache").code == 0
    return suite


def test_hostile_texts_of_agents_are_written_out(tmp_path: Path, capsys: Capture) -> None:
    hostile(tmp_path, capsys)
    shown = evalkit(capsys, "show", "latest", "--sample", "lost", "--results", tmp_path / "results")
    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
    assert not any(line.lstrip().startswith("::") for line in shown.out.splitlines())
    out = tmp_path / "rows.csv"
    assert evalkit(capsys, "export", "latest", "--to", "csv", "--out", out, "--results", tmp_path / "results").code == 0
    assert "=cmd" in out.read_text("utf-8")
    assert not any(cell.startswith("=") for cell in out.read_text("utf-8").split(","))


@pytest.mark.long
def test_the_board_draws_a_trajectory(tmp_path: Path, capsys: Capture) -> None:
    hostile(tmp_path, capsys)
    (folder,) = run_folders(tmp_path / "results")
    at = draw("sample", tmp_path / "results", run=folder.name, find="lost")
    assert not at.exception
    assert "Trajectory: 3 requests, 2 calls" in words(at)
    frame = at.dataframe[1].value
    assert list(frame["call"]) == ["parcel.find", "ask_customer", ""]
    assert frame["result or answer"][0] == '{"status": "lost", "paid": 1250, "refunds": []}'
    assert "\x1b" not in tables(at)
    assert "\u202e" not in tables(at)


def test_steps_are_exported(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted({**GOOD, "lost": [calls(FIND), calls(ASK), "Sorry."]}))
    assert run(capsys, suite, "--no-cache").code == 0
    out = tmp_path / "rows.jsonl"
    assert (
        evalkit(capsys, "export", "latest", "--to", "jsonl", "--out", out, "--results", tmp_path / "results").code == 0
    )
    rows = {one["sample_id"]: one for one in map(json.loads, out.read_text("utf-8").splitlines())}
    assert [[call["name"] for call in step["calls"]] for step in rows["lost"]["steps"]] == [
        ["parcel.find"], ["ask_customer"], []
    ]  # fmt: skip
    assert rows["lost"]["steps"][0]["results"][0] == {
        "text": '{"status": "lost", "paid": 1250, "refunds": []}', "failed": False, "total_s": None
    }  # fmt: skip


def test_a_plan_knows_an_agent_s_steps_from_earlier_runs_alone(tmp_path: Path, capsys: Capture) -> None:
    suite = write(tmp_path, scripted(GOOD))
    results = tmp_path / "results"
    before = evalkit(capsys, "plan", suite, "--json", "--results", results).json["models"][0]
    assert before["output_basis"]["desk"].startswith("unknown: an agent takes 1 to 6 requests a sample")
    assert before["input_tokens"]["value"] is None
    assert run(capsys, suite, "--no-cache").code == 0
    suite.write_text(suite.read_text("utf-8").replace('"adapter": "scripted"', '"adapter": "scripted", "model": "s"'))
    assert run(capsys, suite, "--no-cache").code == 0
    after = evalkit(capsys, "plan", suite, "--json", "--no-cache", "--results", results).json["models"][0]
    assert after["output_basis"]["desk"] == "learned from 2 earlier samples of this task, 2.5 requests each"
    assert after["n_requests"] == 4


def test_python_has_agents_with_records_in_memory_and_their_trajectories(tmp_path: Path) -> None:
    write(tmp_path, scripted(GOOD))
    task = evalkit_package.Task(
        "desk",
        data=[{**record, "start": record.get("start", {})} for record in RECORDS],
        environment="parcels.environment.yaml",
        start="{{ start }}",
        at_most={"steps": 6},
        prompt="{{ request }}",
        score={"end-state": {"ignore": ["asked"]}},
    )
    suite = evalkit_package.Suite({"m": evalkit_package.Model("scripted", replies=GOOD)}, [task], folder=tmp_path)
    run_of = evalkit_package.run(suite, results=tmp_path / "results", cache=False)
    assert [(one.n, one.steps, one.at_limit) for one in run_of.agents] == [(2, 2.5, 0)]
    (found,) = run_of.trajectories("lost")
    assert [call.name for step in found.steps for call in step.calls] == ["parcel.find", "ask_customer", "refund"]


ODD_STEPS = [
    3, "x", [3], [{}], [{"text": "a"}], [{"text": 3, "started_at": 1.0}], [{"text": "a", "started_at": "now"}],
    [{"text": "a", "started_at": 1.0, "calls": [["f"]]}], [{"text": "a", "started_at": 1.0, "results": [["x", "no"]]}],
    [{"text": "a", "started_at": 1.0, "cost_usd": "NaN"}], [{"text": "a", "started_at": 1.0, "added": 1}],
    [{"text": "a", "started_at": 1.0}] * 10_001,
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_STEPS, ids=range(len(ODD_STEPS)))
def test_steps_that_nobody_wrote_are_no_row_and_no_traceback(odd: object, tmp_path: Path) -> None:
    line = {
        "task": "t", "sample_id": "s", "sample_digest": "d", "target_digest": "d", "occurrence": 0, "model": "m",
        "repeat": 0, "outcome": "right", "started_at": 1.0, "steps": odd,
    }  # fmt: skip
    with pytest.raises(ValueError, match="not a row of this version"):
        from_line(json.dumps(line).encode())
    with pytest.raises((StoreError, ValueError)):
        steps_of(json.dumps(odd), tmp_path)


def test_every_field_of_a_step_comes_back() -> None:
    step = AgentStep(
        text="a", started_at=1.5, stop_reason="stop", calls=(ToolCall("f", "{}"),), results=(ToolResult("r", True),),
        reasoning="h", refusal="n", carried="[]", cached=True, attempts=2, queue_s=0.1, retry_s=0.2, given_up=1,
        ttft_s=0.3, ttfr_s=0.4, tpot_s=0.5, total_s=0.6, input_tokens=1, cache_read_tokens=2, cache_write_5m_tokens=3,
        cache_write_1h_tokens=4, cache_write_other_tokens=5, output_tokens=6, reasoning_tokens=7,
        reasoning_estimated=True, cost_usd=Decimal("0.10"), served_model="s", fingerprint="f", service_tier="t",
        billed_beside="b", raw_usage={"n": 1}, dropped=("seed",),
    )  # fmt: skip
    assert all(getattr(step, field.name) != field.default for field in fields(AgentStep)), "every field is set"
    assert read_step(json.loads(json.dumps(step_record(step)))) == step


def test_a_sample_of_single_answers_is_shown_with_how_each_was_read(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "suite.yaml").write_text(
        "name: s\nmodels:\n  m: {adapter: scripted, model: m, replies: {'1': 'The answer is B.'}}\n"
        "tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }} A or B?', target: '{{ a }}', "
        "choices: [A, B], score: choice}\nrun: {max_error_rate: 1}\n"
    )
    (tmp_path / "d.jsonl").write_text('{"id":"1","q":"which?","a":"A"}\n{"id":"2","q":"what?","a":"A"}\n')
    results = tmp_path / "results"
    assert evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", results).code == 0
    read = evalkit(capsys, "show", "--sample", "1", "--results", results)
    assert (read.code, read.err) == (0, "")
    assert "t × m, sample 1: wrong, " in read.out
    assert "\n  asked: which? A or B?" in read.out
    for line in ("answer: The answer is B.", "read as: B) B", "expected: A"):
        assert f"\n  {line}\n" in read.out
    errored = evalkit(capsys, "show", "--sample", "2", "--results", results).out
    assert "t × m, sample 2: failed" in errored
    assert "\n  error: models.m: the script has no reply to sample '2'" in errored
    (plain,) = evalkit(capsys, "show", "--sample", "1", "--json", "--results", results).json["trajectories"]
    assert (plain["answer"], plain["extracted"], plain["target"]) == ("The answer is B.", "B) B", "A")
