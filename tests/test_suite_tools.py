"""Functions of a task: how they are declared, offered, listed in a prompt, and refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from evalkit.records import Tool
from evalkit.suite.tools import read_tools
from tests.parity import records
from tests.world import evalkit

GET = {
    "name": "weather.get",
    "description": "Weather of a city.",
    "parameters": {"type": "dict", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
SUITE = """
name: calls
models: {{one: {{adapter: scripted, replies: {{"*": "[]"}}}}}}
tasks:
  - name: calls
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ question }}}}"
    score: tools
    {more}
"""


def test_words_of_programming_languages_become_types_of_json_schema() -> None:
    declared = {
        "name": "f",
        "parameters": {
            "type": "dict",
            "properties": {
                "type": {"type": "String", "optional": True, "required": False},
                "size": {"type": "float", "default": 1.5},
                "any": {"type": "any", "description": "anything"},
                "pair": {"type": "tuple", "items": {"type": "double"}},
                "deep": {"type": "HashMap", "properties": {"n": {"type": ["int", "null"]}}, "required": ["n"]},
                "either": {"anyOf": [{"type": "bool"}, {"type": "list", "items": {"type": "any"}}]},
            },
            "required": ["size"],
        },
    }
    assert read_tools([declared]) == (
        Tool(
            "f",
            "",
            {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "size": {"type": "number", "default": 1.5},
                    "any": {"description": "anything"},
                    "pair": {"type": "array", "items": {"type": "number"}},
                    "deep": {"type": "object", "properties": {"n": {"type": ["integer", "null"]}}, "required": ["n"]},
                    "either": {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {}}]},
                },
                "required": ["size"],
            },
        ),
    )


def test_a_function_may_have_no_parameters_and_openais_form_is_read() -> None:
    bare = Tool("now", "", {"type": "object", "properties": {}})
    assert read_tools([{"name": "now"}]) == read_tools([{"type": "function", "function": {"name": "now"}}]) == (bare,)


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return {"type": "object", "properties": {"a": schema}}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("f", "without a name"),
        ({"parameters": {}}, "without a name"),
        ({"name": " "}, "without a name"),
        ({"name": "f", "parameters": []}, "no schema of an object"),
        ({"name": "f", "parameters": {"type": "string"}}, "expected object"),
        ({"name": "f", "parameters": {"properties": {"a": {"type": "colour"}}}}, "'colour' is no type"),
        ({"name": "f", "parameters": {"properties": {"a": {"type": 3}}}}, "3 is no type"),
        ({"name": "f", "parameters": deep(3000)}, "nested more than"),
    ],
)
def test_a_declaration_that_no_provider_would_take_is_refused(entry: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_tools([entry])


def test_a_function_is_declared_once() -> None:
    with pytest.raises(ValueError, match=r"declares 'weather\.get' twice"):
        read_tools([GET, GET])


@pytest.mark.long
def test_every_function_of_bfcl_becomes_a_valid_schema(shared_data: Path) -> None:
    n = 0
    for name in ("simple_python", "multiple", "irrelevance"):
        for record in records(shared_data / "bfcl" / f"BFCL_v4_{name}.jsonl.gz"):
            for tool in read_tools(record["function"]):
                jsonschema.Draft202012Validator.check_schema(tool.parameters)
                n += 1
    assert n == 1197


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    record = {"id": "a", "question": "Weather?", "function": [GET], "declared": json.dumps([GET]), "ground_truth": []}
    (tmp_path / "items.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    return tmp_path


def prompts(folder: Path, capsys: pytest.CaptureFixture[str], more: str) -> str:
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(more=more), encoding="utf-8")
    ran = evalkit(capsys, "check", path, "--show-prompt")
    assert ran.code == 0, ran.err
    return ran.out.partition("sample a:\n")[2]


@pytest.mark.parametrize(
    "tools",
    [
        'tools: "{{ function }}"',
        'tools: "{{ declared }}"',
        'tools: "{{ function[0] }}"',
        "tools: [{name: weather.get, parameters: {properties: {city: {type: string}}}}]",
    ],
)
def test_functions_come_from_the_record_or_stand_in_the_suite(
    folder: Path, capsys: pytest.CaptureFixture[str], tools: str
) -> None:
    shown = prompts(folder, capsys, tools)
    assert shown.startswith("  [user]\n  Weather?\n  [functions offered]\n  weather.get: ")
    assert '{"type": "object", "properties": {"city": {"type": "string"}}' in shown


def test_functions_of_the_suite_alone_are_enough_to_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = {"id": "a", "question": "Weather?", "ground_truth": [{"weather.get": {"city": ["Paris"]}}]}
    (folder / "items.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    more = "tools: [{name: weather.get, parameters: {properties: {city: {type: string}}}}]"
    prompts(folder, capsys, more)
    path = folder / "suite.yaml"
    reply = '[{"name": "weather.get", "arguments": {"city": "Paris"}}]'
    path.write_text(SUITE.format(more=more).replace('"[]"', f"'{reply}'"), encoding="utf-8")
    ran = evalkit(capsys, "run", path)
    assert ran.code == 0, ran.err
    assert "1.000" in ran.out


def test_in_text_they_are_listed_before_the_system_prompt(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = prompts(folder, capsys, 'tools: "{{ function }}"\n    interface: text\n    system: Be brief.')
    assert shown.startswith('  [system]\n  You may call these functions:\n  [{"name": "weather.get"')
    assert "\n  \n  Be brief.\n  [user]" in shown
    assert "functions offered" not in shown


def test_a_task_that_lists_them_itself_is_left_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = prompts(
        folder, capsys, 'tools: "{{ function }}"\n    interface: text\n    system: "Tools: {{ tools[0].name }}"'
    )
    assert shown.startswith("  [system]\n  Tools: weather.get\n  [user]")


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("interface: text", "interface: belongs to a task with tools"),
        ('tools: "{{ nowhere }}"', "items.jsonl:1 (sample 'a'): {{ nowhere }} is no field"),
        ('tools: "{{ question }}"', "items.jsonl:1 (sample 'a'): is no JSON"),
        ('tools: "{{ ground_truth }}"', "gives a list of 0; expected a list of functions"),
        ("tools: []", "expected a list of functions"),
        ("tools: [{name: f, parameters: {type: colour}}]", "'colour' is no type of JSON schema"),
        ('tools: "{{ function }}"\n    choices: [a, b]\n    target: a', "tools: cannot stand beside choices"),
        (
            'tools: "{{ function }}"\n    target: x\n    shots: [{question: q, function: []}]',
            "a native interface answers by calls; write interface: text",
        ),
        (
            'tools: "{{ function }}"\n    turns: [And tomorrow?]',
            "a call waits for its result; write interface: text",
        ),
        ('tools: "{{ function }}"\n    interface: json', "interface"),
    ],
)
def test_what_cannot_be_offered_is_a_complaint_with_its_place(
    folder: Path, capsys: pytest.CaptureFixture[str], more: str, complaint: str
) -> None:
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(more=more), encoding="utf-8")
    ran = evalkit(capsys, "check", path)
    assert ran.code == 2
    assert complaint in ran.err, ran.err
    assert "Traceback" not in ran.err
