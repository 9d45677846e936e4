"""Function calls: how they are read, and which count as right by BFCL's rules."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome
from evalkit.scorers.calls import Call, NoCalls, read_calls
from evalkit.scorers.registry import make_scorer
from tests.parity import marked, records
from tests.scoring import mark, sample

WEATHER = {
    "name": "weather.get",
    "parameters": {
        "type": "dict",
        "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "height": {"type": "float"},
            "detailed": {"type": "boolean"}, "parts": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["city"],
    },
}  # fmt: skip
ONE = sample(
    function=[WEATHER],
    ground_truth=[{"weather.get": {"city": ["Paris", "Paris, France"], "days": [3, ""], "height": [2.0, ""],
                                   "detailed": [True, ""], "parts": [["wind", "rain"], ""]}}],
)  # fmt: skip
NONE = sample(function=[WEATHER], ground_truth=[])


def call(**arguments: Any) -> str:
    return json.dumps([{"name": "weather.get", "arguments": arguments}])


READ = [
    '[{"name": "f", "arguments": {"a": 1}}]',
    '{"name": "f", "arguments": {"a": 1}}',
    '{"name": "f", "arguments": "{\\"a\\": 1}"}',
    '{"type": "function", "function": {"name": "f", "arguments": "{\\"a\\": 1}"}}',
    '{"function": "f", "parameters": {"a": 1}}',
    '[{"f": {"a": 1}}]',
    '```json\n[{"name": "f", "arguments": {"a": 1}}]\n```',
    'I call: [{"name": "f", "arguments": {"a": 1}}]',
    "[f(a=1)]",
    "f(a=1)",
    "```python\nf(a=1)\n```",
]


@pytest.mark.parametrize("reply", READ)
def test_calls_are_read_in_every_form_that_models_write(reply: str) -> None:
    assert read_calls(reply) == [Call("f", {"a": 1})]


@pytest.mark.parametrize(
    "reply", ["", "No function fits.", "f(1)", "f(a=g())", "f(a=1+1j**x)", "[" * 5000, "f(" * 3000, "-" * 20_000 + "1"]
)
def test_what_is_no_call_is_refused_and_never_run(reply: str) -> None:
    with pytest.raises(NoCalls):
        read_calls(reply)


RIGHT = [
    call(city="Paris"),
    call(city="paris, FRANCE"),
    call(city="Paris", days=3, height=2, detailed=True, parts=["wind", "rain"]),
    "[weather.get(city='Paris', days=3)]",
    '[{"name": "weather_get", "arguments": {"city": "Paris"}}]',
]
WRONG = [
    call(),
    call(city="Rome"),
    call(city="Paris", days="3"),
    call(city="Paris", days=3.0),
    call(city="Paris", days=True),
    call(city="Paris", detailed=1),
    call(city="Paris", parts=["rain", "wind"]),
    call(city="Paris", country="France"),
    '[{"name": "weather.set", "arguments": {"city": "Paris"}}]',
    json.dumps(json.loads(call(city="Paris")) * 2),
    "[]",
]


@pytest.mark.parametrize("reply", RIGHT)
def test_an_accepted_call_is_right(reply: str) -> None:
    assert mark("tools", {}, ONE, reply).outcome is Outcome.RIGHT


@pytest.mark.parametrize("reply", WRONG)
def test_any_other_call_is_wrong(reply: str) -> None:
    assert mark("tools", {}, ONE, reply).outcome is Outcome.WRONG


def test_words_instead_of_a_call_are_unparseable_unless_no_function_fits() -> None:
    assert mark("tools", {}, ONE, "It is sunny.").outcome is Outcome.UNPARSEABLE
    assert mark("tools", {}, NONE, "None of them fits.").outcome is Outcome.RIGHT
    assert mark("tools", {}, NONE, call(city="Paris")).outcome is Outcome.WRONG


def test_parallel_calls_may_come_in_any_order_unless_it_matters() -> None:
    two = sample(function=[WEATHER], ground_truth=[{"weather.get": {"city": [c]}} for c in ("Paris", "Rome")])
    reply = json.dumps([{"name": "weather.get", "arguments": {"city": c}} for c in ("Rome", "Paris")])
    assert mark("tools", {}, two, reply).value == 1.0
    assert mark("tools", {"order": "strict"}, two, reply).value == 0.0


def test_a_record_without_functions_is_not_the_models_fault() -> None:
    assert mark("tools", {}, sample(ground_truth=[]), call(city="Paris")).outcome is Outcome.ERRORED


@pytest.mark.parametrize(("name", "n"), [("simple_python", 400), ("multiple", 200), ("irrelevance", 240)])
def test_bfcls_gold_calls_score_one_and_perturbed_ones_zero(shared_data: Path, name: str, n: int) -> None:
    folder, scorer = shared_data / "bfcl", make_scorer("tools", {})
    answers: dict[str, Any] = {}
    if name != "irrelevance":
        found = records(folder / f"possible_answer_BFCL_v4_{name}.jsonl.gz")
        answers = {record["id"]: record["ground_truth"] for record in found}
    n_seen = 0
    for record in records(folder / f"BFCL_v4_{name}.jsonl.gz"):
        item = sample(function=record["function"], ground_truth=answers.get(record["id"], []))
        gold = scorer.gold(item)
        assert gold is not None
        assert marked(item, gold, scorer).value == 1.0, record["id"]
        for reply in perturbed(gold, record["function"], answers.get(record["id"])):
            assert marked(item, reply, scorer).value == 0.0, (record["id"], reply)
        n_seen += 1
    assert n_seen == n


def perturbed(gold: str, functions: list[dict[str, Any]], answers: Any) -> list[str]:
    """The gold call with another function, one argument too many, one too few, a wrong value, made twice."""
    if answers is None:
        return [json.dumps([{"name": functions[0]["name"], "arguments": {}}])]
    calls = json.loads(gold)
    accepted = next(iter(answers[0].values()))
    name, arguments = calls[0]["name"], calls[0]["arguments"]
    replies: list[Any] = [[{"name": name + "x", "arguments": arguments}], calls * 2, []]
    replies.append([{"name": name, "arguments": {**arguments, "made_up": 1}}])
    for argument, values in accepted.items():
        if argument in arguments:
            changed = copy.deepcopy(calls)
            changed[0]["arguments"][argument] = "no such value" if isinstance(arguments[argument], str) else [[17.5]]
            replies.append(changed)
            if "" not in values:
                fewer = copy.deepcopy(calls)
                del fewer[0]["arguments"][argument]
                replies.append(fewer)
    return [json.dumps(reply) for reply in replies]
