"""What an environment may cost: a call that looks through much ends, and says so, instead of holding up the run."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from evalkit.adapters import held
from evalkit.suite.environments import tool
from evalkit.suite.schema.environments import EnvironmentTool
from evalkit.suite.templates import BadTemplate
from tests.world import evalkit

GO = '[{"name": "go", "arguments": {}}]'


def a_suite(folder: Path, environment: dict[str, object], said: str) -> Path:
    """One sample, whose agent says this first."""
    (folder / "e.yaml").write_text(json.dumps(environment))
    (folder / "d.jsonl").write_text(json.dumps({"id": "s0", "request": "go", "end": {}}) + "\n")
    suite = {
        "name": "m",
        "models": {"a": {"adapter": "scripted", "replies": {"s0": [said, "done"]}}},
        "tasks": [
            {
                "name": "t", "data": {"path": "d.jsonl", "id": "id"}, "environment": "e.yaml",
                "prompt": "{{ request }}", "score": "end-state",
            }
        ],
    }  # fmt: skip
    (folder / "s.yaml").write_text(json.dumps(suite))
    return folder / "s.yaml"


def test_what_tools_return_counts_among_what_all_answers_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty calls of one answer return five million characters, and 300 samples are asked at once."""
    monkeypatch.setenv("EVALKIT_MAX_REPLY_MB", "1")
    monkeypatch.setattr(held, "TIMES", 1)
    tools = [{"name": "go", "do": [], "returns": "x" * 30_000}]
    suite = a_suite(tmp_path, {"state": {}, "tools": tools}, json.dumps([{"name": "go", "arguments": {}}] * 40))
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert ran.code == 4 and "tools returned too much at once" in ran.out + ran.err, ran
    monkeypatch.setattr(held, "TIMES", 16)
    assert evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--new").code == 0


@pytest.mark.long(but=1)
@pytest.mark.parametrize("does", ["find", "remove", "returns"])
def test_a_call_that_takes_long_is_broken_off_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    monkeypatch.setattr(tool, "LONGEST_CALL_S", 0.2)
    dear = "{{ (range(9000)|sum) < item }}"
    do = {
        "find": [{"find": {"in": "{{ range(10000)|list }}", "where": dear, "as": "q"}}],
        "remove": [{"remove": {"from": "many", "where": dear}}],
        "returns": [{"let": {f"a{n}": "{{ range(9000)|sum }}"}} for n in range(50)],
    }[does]
    environment = {"state": {"many": list(range(9_000))}, "tools": [{"name": "go", "do": do, "returns": "ok"}]}
    suite = a_suite(tmp_path, environment, GO)
    began = time.process_time()
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert time.process_time() - began < 5
    if does == "returns":  # fifty sums are no hardship
        assert ran.code == 0, ran.err
    else:
        assert ran.code == 4 and "0.2 s of the processor" in ran.out + ran.err, ran


@pytest.mark.parametrize(
    "do", [{"remove": ["{{" * 40_000]}, {"set": {"{{" * 40_000: 1}}, {"append": {"a." * 400_000: 1}}]
)
def test_a_long_path_is_refused_at_once(do: dict[str, object]) -> None:
    declared = {"name": "go", "do": [do], "returns": "ok"}
    began = time.process_time()
    with pytest.raises(BadTemplate, match="path of more than 1,000 characters"):
        tool.EnvironmentFunction(EnvironmentTool.model_validate(declared))
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"required": [["a"]]}, "must be a list of names"),
        ({"required": [{}]}, "must be a list of names"),
        ({"properties": []}, "a mapping"),
        ({"properties": {"a": {"enum": "x"}}}, "must be a list of values"),
        ({"properties": {"a": {"type": "array", "items": [1]}}}, "must be a mapping"),
        ({"properties": {"a": {"minimum": "1"}}}, "must be a number"),
        ({"properties": {"a": {"type": "text"}}}, "text"),
        ({"properties": {"a": {"type": [["string"]]}}}, "string"),
    ],
)
def test_parameters_that_are_none_are_refused_when_the_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], declared: dict[str, object], said: str
) -> None:
    parameters = {"type": "object", **declared}
    environment = {"state": {}, "tools": [{"name": "go", "parameters": parameters, "do": [], "returns": "ok"}]}
    (tmp_path / "e.yaml").write_text(json.dumps(environment))
    (tmp_path / "d.jsonl").write_text(json.dumps({"id": "s0", "request": "go", "end": {}}) + "\n")
    suite = {
        "name": "m",
        "models": {"a": {"adapter": "scripted", "replies": {"s0": ["done"]}}},
        "tasks": [
            {
                "name": "t", "data": {"path": "d.jsonl", "id": "id"}, "environment": "e.yaml",
                "prompt": "{{ request }}", "score": "end-state",
            }
        ],
    }  # fmt: skip
    (tmp_path / "s.yaml").write_text(json.dumps(suite))
    ran = evalkit(capsys, "check", tmp_path / "s.yaml")
    assert ran.code == 2 and said in ran.err and "Traceback" not in ran.err, ran
