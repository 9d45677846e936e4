"""Function calls: how they are read, and which count as right by BFCL's rules."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Outcome, StopReason, ToolCall
from evalkit.scorers.calls import NoCalls, ScoredCall, read_calls
from evalkit.scorers.registry import make_scorer
from evalkit.suite.tools import read_tools
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
    assert read_calls(reply) == [ScoredCall("f", {"a": 1})]


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


def reply_of(*calls: tuple[str, dict[str, Any]]) -> str:
    return json.dumps([{"name": name, "arguments": arguments} for name, arguments in calls])


def test_parallel_calls_of_several_functions_are_matched_whatever_their_order() -> None:
    """As BFCL's parallel and parallel_multiple: several calls, of one function or of more."""
    alarm = {"name": "alarm", "parameters": {"type": "dict", "properties": {"at": {"type": "string"}}}}
    item = sample(
        function=[WEATHER, alarm],
        ground_truth=[
            {"weather.get": {"city": ["Paris"], "days": [3, ""]}},
            {"weather.get": {"city": ["Rome"], "days": [1]}},
            {"alarm": {"at": ["7:00"]}},
        ],
    )
    paris, rome = ("weather.get", {"city": "Paris"}), ("weather.get", {"city": "Rome", "days": 1})
    seven, eight = ("alarm", {"at": "7:00"}), ("alarm", {"at": "8:00"})
    for order in itertools.permutations((paris, rome, seven)):
        assert mark("tools", {}, item, reply_of(*order)).value == 1.0
    for wrong in ((paris, rome), (paris, paris, seven), (paris, rome, seven, seven), (rome, rome, seven)):
        assert mark("tools", {}, item, reply_of(*wrong)).value == 0.0
    late = mark("tools", {}, item, reply_of(paris, rome, eight))
    assert late.reason == "alarm: 'at' is \"8:00\", which is not accepted"


def test_a_call_that_could_serve_two_does_not_take_the_place_of_another() -> None:
    """BFCL's checker takes the first fit, and would mark one of the two orders wrong."""
    broad, narrow = {"weather.get": {"city": ["Paris", "Rome"]}}, {"weather.get": {"city": ["Paris"]}}
    for wanted in ([broad, narrow], [narrow, broad]):
        item = sample(function=[WEATHER], ground_truth=wanted)
        for cities in (("Paris", "Rome"), ("Rome", "Paris")):
            assert mark("tools", {}, item, reply_of(*(("weather.get", {"city": c}) for c in cities))).value == 1.0
        assert mark("tools", {}, item, reply_of(*(("weather.get", {"city": "Rome"}),) * 2)).value == 0.0


def native(item: Any, *calls: ToolCall, text: str = "", stop_reason: StopReason = "tool_use") -> Any:
    """The mark of calls that came through a tool interface."""
    return mark("tools", {}, item, text, stop_reason, calls=calls)


def test_calls_through_the_interface_are_what_counts() -> None:
    right = ToolCall("weather.get", '{"city": "Paris"}')
    assert native(ONE, right).outcome is Outcome.RIGHT
    assert native(ONE, right, text="It may rain.").outcome is Outcome.RIGHT
    assert native(ONE, right, text=call(city="Rome")).outcome is Outcome.RIGHT
    assert native(ONE, ToolCall("weather.get", '{"city": "Rome"}'), text=call(city="Paris")).outcome is Outcome.WRONG
    assert native(NONE, right, text="None of them fits.").outcome is Outcome.WRONG
    assert native(NONE, text="None of them fits.", stop_reason="stop").outcome is Outcome.RIGHT
    assert native(ONE, text="Which city?", stop_reason="stop").outcome is Outcome.UNPARSEABLE
    assert native(ONE, right, stop_reason="length").outcome is Outcome.RIGHT, "whole before the limit"


@pytest.mark.parametrize("item", [ONE, NONE], ids=["a function fits", "none fits"])
@pytest.mark.parametrize("written", [call(city="Paris"), "[weather_get(city='Paris')]"])
def test_a_call_that_is_only_written_is_never_right(item: Any, written: str) -> None:
    """A server that does not parse its model's calls would otherwise excel where none is to be made."""
    marked = native(item, text=written, stop_reason="stop")
    assert (marked.value, marked.outcome) == (0.0, Outcome.UNPARSEABLE)
    assert "written as text" in marked.reason


@pytest.mark.parametrize("item", [ONE, NONE], ids=["a function fits", "none fits"])
@pytest.mark.parametrize(
    "arguments", ['{"city": "Par', "[]", '"Paris"', "NaN", "[" * 5000, '{"a": 1, "a": 2}', "x" * 30_000]
)
def test_arguments_that_are_no_json_object_are_unparseable(item: Any, arguments: str) -> None:
    assert native(item, ToolCall("weather.get", arguments)).outcome is Outcome.UNPARSEABLE


def test_no_arguments_at_all_are_an_empty_object() -> None:
    clock = {"name": "clock", "parameters": {"type": "dict", "properties": {}}}
    assert native(sample(function=[clock], ground_truth=[{"clock": {}}]), ToolCall("clock", "")).value == 1.0


def test_an_empty_reply_without_a_call_is_no_decision() -> None:
    for item in (ONE, NONE):
        assert native(item, stop_reason="stop").outcome is Outcome.UNPARSEABLE
        assert native(item, stop_reason="length").outcome is Outcome.TRUNCATED


def test_a_reply_that_was_cut_off_before_it_could_call_is_truncated_and_never_right() -> None:
    for calls in (None, ()):
        marked = mark("tools", {}, NONE, "Let me think about which of", "length", calls=calls)
        assert (marked.value, marked.outcome) == (0.0, Outcome.TRUNCATED)


def test_words_of_refusal_in_the_place_of_a_call_are_a_refusal() -> None:
    said = "I'm sorry, but I cannot help with that."
    assert native(ONE, text=said, stop_reason="stop").outcome is Outcome.REFUSED
    assert native(NONE, text=said, stop_reason="stop").outcome is Outcome.RIGHT


def test_other_scorers_do_not_take_a_call_for_an_answer() -> None:
    item = sample(target="")
    marked = mark("exact", {}, item, "", "tool_use", calls=(ToolCall("f", "{}"),))
    assert (marked.outcome, marked.reason) == (Outcome.UNPARSEABLE, "a function is called and nothing is said")


def test_functions_that_stand_in_the_suite_are_those_that_are_offered() -> None:
    right = [{"weather.get": {"city": ["Paris"], "height": [2.0, ""]}}]
    item = replace(sample(ground_truth=right), tools=read_tools([WEATHER]))
    assert native(item, ToolCall("weather.get", '{"city": "Paris", "height": 2}')).value == 1.0
    assert native(item, ToolCall("weather.get", '{"city": "Paris", "height": "2"}')).value == 0.0


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


@pytest.mark.parametrize(
    ("city", "said", "right"),
    [
        ({"type": ["string", "null"]}, "Paris", True),
        ({"type": ["string", "null"]}, None, False),
        ({"type": ["string", "null"]}, 7, False),
        ({"type": ["string", "uuid"]}, "Paris", True),
        ({"type": {"odd": 1}}, "Paris", True),
        ("odd", "Paris", True),
    ],
)
def test_a_type_may_be_one_of_several(city: Any, said: Any, right: bool) -> None:
    parameters = {"type": "object", "properties": {"city": city}, "required": True}
    declared = [{"name": "weather.get", "parameters": parameters}]
    item = sample(function=declared, ground_truth=[{"weather.get": {"city": ["Paris"]}}])
    assert (mark("tools", {}, item, call(city=said)).outcome is Outcome.RIGHT) is right


def test_an_accepted_value_without_its_list_is_told_and_never_half_read() -> None:
    item = sample(function=[WEATHER], ground_truth=[{"weather.get": {"days": 3}}])
    score = mark("tools", {}, item, call(days=3))
    assert score.value is None
    assert "the list of its accepted values" in (score.reason or "")
