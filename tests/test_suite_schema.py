"""suites/suite.schema.json: editors see what evalkit reads."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import jsonschema

from evalkit.adapters.function import FunctionOptions
from evalkit.adapters.registry import all_options
from evalkit.api.keywords import ModelKeywords, SettingsKeywords
from evalkit.suite import builtin_tasks
from evalkit.suite.json_schema import KEYWORDS, as_text, json_schema, keywords
from evalkit.suite.schema import ModelEntry, SettingsEntry
from evalkit.suite.schema.policy import PolicyFile
from evalkit.suite.source_map import parse

REPO = Path(__file__).parent.parent
OWN = all_options(own=True)


def test_the_schema_in_the_repository_is_the_generated_one() -> None:
    found = (REPO / "suites" / "suite.schema.json").read_text("utf-8")
    assert found == as_text(options=OWN), "run: python -m evalkit.suite.json_schema"
    assert (REPO / "evalkit" / "starter" / "suite.schema.json").read_text("utf-8") == found


def test_a_type_checker_is_told_every_key_of_a_model_and_of_its_settings() -> None:
    written = keywords({**OWN, "a function": FunctionOptions})
    assert KEYWORDS.read_text("utf-8") == written, "run: python -m evalkit.suite.json_schema"
    of_adapters = {name for record in (*OWN.values(), FunctionOptions) for name in record.model_fields}
    apart = {"adapter", "model", "settings"}  # parameters of Model
    assert {*ModelKeywords.__annotations__} == ({*ModelEntry.model_fields} - apart) | of_adapters
    assert {*SettingsKeywords.__annotations__} == {*SettingsEntry.model_fields}


def test_the_policys_schema_in_the_repository_is_the_one_that_the_code_has() -> None:
    found = (REPO / "suites" / "policy.schema.json").read_text("utf-8")
    assert found == as_text(PolicyFile), "run: python -m evalkit.suite.json_schema"
    assert all(
        "description" in field for field in json_schema(PolicyFile)["$defs"]["RequirementEntry"]["properties"].values()
    )


def test_the_schema_accepts_every_suite_of_the_repository_and_refuses_typing_errors() -> None:
    schema = json_schema(options=OWN)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted((REPO / "suites").glob("*.yaml")):
        assert not [e.message for e in validator.iter_errors(parse(path.read_text("utf-8"), path.name).data)]
    short = {
        "name": "x",
        "models": {"m": {"adapter": "scripted"}},
        "tasks": [{"name": "t", "data": "d.jsonl", "prompt": "q", "score": {"choice": {}}, "limit": 5, "shots": 2}],
    }
    assert validator.is_valid(short)
    assert not validator.is_valid({**short, "runn": {}})


def test_every_key_of_a_task_says_what_it_is() -> None:
    properties = json_schema()["$defs"]["TaskEntry"]["properties"]
    assert {"with", "critical", "cluster"} <= properties.keys()
    undescribed = {key for key, value in properties.items() if "description" not in value}
    assert undescribed <= {"data", "shots", "score", "system"}


def test_every_built_in_task_is_whole() -> None:
    names = builtin_tasks.names()
    assert {"mmlu", "gsm8k", "ifeval"} <= set(names)
    for name in names:
        entry = builtin_tasks.definition(name)
        assert entry.name == name
        assert entry.version >= 1
        assert entry.licence and entry.source
        assert (files("evalkit.suite") / "builtin" / f"{name}.yaml").is_file()
