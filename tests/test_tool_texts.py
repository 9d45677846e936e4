# ruff: noqa: E501 - a reply is one text
"""Function calls written in a reply: the forms that open models use, one call and several."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.records import Outcome
from evalkit.scorers.registry import make_scorer
from tests.scoring import mark, sample
from tests.tables import table

FUNCTIONS = [
    {
        "name": "book_table",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string"}, "people": {"type": "integer"},
                "outside": {"type": "boolean"}, "notes": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["place"],
        },
    },
    {"name": "city.weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
]  # fmt: skip
OSLO = {"book_table": {"place": ["Oslo"]}}
ROME = {"book_table": {"place": ["Rome"], "people": [2]}}


def item(*truth: dict[str, Any]) -> Any:
    return sample(function=FUNCTIONS, ground_truth=list(truth))


def call(place: str, people: int | None = None, key: str = "arguments") -> str:
    more = "" if people is None else f', "people": {people}'
    return f'{{"name": "book_table", "{key}": {{"place": "{place}"{more}}}}}'


A, B = call("Oslo"), call("Rome", 2)
TWO = {
    "hermes": f"<tool_call>\n{A}\n</tool_call>\n<tool_call>\n{B}\n</tool_call>",
    "hermes, no line breaks": f"<tool_call>{A}</tool_call><tool_call>{B}</tool_call>",
    "hermes, last one unclosed": f"<tool_call>\n{A}\n</tool_call>\n<tool_call>\n{B}",
    "hermes with words": f"I will call both.\n<tool_call>\n{A}\n</tool_call>\nand\n<tool_call>\n{B}\n</tool_call>",
    "mistral": f"[TOOL_CALLS] [{A}, {B}]",
    "mistral, name before arguments": '[TOOL_CALLS]book_table{"place": "Oslo"}[TOOL_CALLS]book_table{"place": "Rome", "people": 2}',
    "llama 3 json": f"<|python_tag|>{call('Oslo', key='parameters')}; {call('Rome', 2, key='parameters')}",
    "llama 4 python": '<|python_start|>[book_table(place="Oslo"), book_table(place="Rome", people=2)]<|python_end|>',
    "llama 3 function tags": '<function=book_table>{"place": "Oslo"}</function><function=book_table>{"place": "Rome", "people": 2}</function>',
    "json lines": f"{A}\n{B}",
    "json lines in a fence": f"```json\n{A}\n{B}\n```",
    "two fences": f"```json\n{A}\n```\n```json\n{B}\n```",
    "a list": f"[{A}, {B}]",
    "a list under tool_calls": f'{{"tool_calls": [{A}, {B}]}}',
    "openai's own form": '{"tool_calls": [{"id": "1", "type": "function", "function": {"name": "book_table", "arguments": "{\\"place\\": \\"Oslo\\"}"}},'
    ' {"id": "2", "type": "function", "function": {"name": "book_table", "arguments": "{\\"place\\": \\"Rome\\", \\"people\\": 2}"}}]}',
    "python, list": "[book_table(place='Oslo'), book_table(place='Rome', people=2)]",
    "python, lines": "book_table(place='Oslo')\nbook_table(place='Rome', people=2)",
    "python, semicolon": "book_table(place='Oslo'); book_table(place='Rome', people=2)",
    "python in a fence": "```python\nbook_table(place='Oslo')\nbook_table(place='Rome', people=2)\n```",
    "tool_code": "```tool_code\nbook_table(place='Oslo')\nbook_table(place='Rome', people=2)\n```",
    "qwen coder": "<tool_call>\n<function=book_table>\n<parameter=place>\nOslo\n</parameter>\n</function>\n</tool_call>\n"
    "<tool_call>\n<function=book_table>\n<parameter=place>\nRome\n</parameter>\n<parameter=people>\n2\n</parameter>\n</function>\n</tool_call>",
    "carriage returns": f"<tool_call>\r\n{A}\r\n</tool_call>\r\n<tool_call>\r\n{B}\r\n</tool_call>",
    "functools": f"functools[{A}, {B}]",
    "tools tag": f"<tools>\n{A}\n{B}\n</tools>",
    "plural tag": f"<tool_calls>\n[{A}, {B}]\n</tool_calls>",
    "other order": f"<tool_call>{B}</tool_call><tool_call>{A}</tool_call>",
}
ONE = {
    "tag": f"<tool_call>{A}</tool_call>",
    "byte order mark": f"\ufeff{A}",
    "one-line fence": f"```json {A} ```",
    "unclosed fence": f"```json\n{A}",
    "prose and a fence": f"Sure:\n```json\n{A}\n```\nDone.",
    "python_tag": f"<|python_tag|>{call('Oslo', key='parameters')}<|eom_id|>",
    "arguments as text": '{"name": "book_table", "arguments": "{\\"place\\": \\"Oslo\\"}"}',
    "type function": '{"type": "function", "name": "book_table", "parameters": {"place": "Oslo"}}',
    "capitals and spaces": '{"name": "book_table", "arguments": {"place": " oslo "}}',
    "trailing comma in Python": 'book_table(place="Oslo",)',
}


@table("reply", TWO.values())
def test_two_calls_are_two(reply: str) -> None:
    score = mark("tools", {}, item(OSLO, ROME), reply)
    assert score.outcome is Outcome.RIGHT, score.reason


@table("reply", TWO.values())
def test_a_call_too_many_is_wrong_in_every_form(reply: str) -> None:
    assert mark("tools", {}, item(OSLO), reply).outcome is Outcome.WRONG
    assert mark("tools", {}, item(ROME), reply).outcome is Outcome.WRONG
    assert mark("tools", {}, item(), reply).outcome is Outcome.WRONG


@pytest.mark.parametrize("reply", ONE.values(), ids=ONE)
def test_one_call_is_read(reply: str) -> None:
    score = mark("tools", {}, item(OSLO), reply)
    assert score.outcome is Outcome.RIGHT, score.reason
    assert mark("tools", {}, item(OSLO, ROME), reply).outcome is Outcome.WRONG


@pytest.mark.parametrize(
    "reply", ["book_table(place='Oslo', outside=true)", "book_table(place='Oslo', outside=True)",
              '{"name": "book_table", "arguments": {"place": "Oslo", "outside": true}}'],
)  # fmt: skip
def test_true_is_true_in_either_spelling(reply: str) -> None:
    truth = {"book_table": {"place": ["Oslo"], "outside": [True]}}
    assert mark("tools", {}, item(truth), reply).outcome is Outcome.RIGHT
    assert (
        mark("tools", {}, item({"book_table": {"place": ["Oslo"], "outside": [False]}}), reply).outcome is Outcome.WRONG
    )


@pytest.mark.parametrize(
    ("truth", "said", "outcome"),
    [
        ("Malmö", "Malmo\u0308", Outcome.RIGHT),
        ("Malmo\u0308", "Malmö", Outcome.RIGHT),
        ("Malmö", "Malmo", Outcome.WRONG),
        ("12", "1-2", Outcome.WRONG),
        ("1-2", "12", Outcome.WRONG),
        ("1.5", "15", Outcome.WRONG),
        ("2024-01-05", "2024/01/05", Outcome.RIGHT),
        ("New York, NY", "New York NY", Outcome.RIGHT),
        ("Ｏslo", "Oslo", Outcome.WRONG),
    ],
)
def test_texts_are_compared_as_a_person_would(truth: str, said: str, outcome: Outcome) -> None:
    reply = f'{{"name": "book_table", "arguments": {{"place": "{said}"}}}}'
    assert mark("tools", {}, item({"book_table": {"place": [truth]}}), reply).outcome is outcome


@pytest.mark.parametrize(
    "reply",
    ["I would call book_table for Oslo.", "<tool_call>\nbook a table in Oslo\n</tool_call>", '{"place": "Oslo"}',
     '<tool_call>{"name": "book_table", "arguments": {"place": "Oslo"', "book_table(place=Oslo)", "book_table(place='Oslo'"],
)  # fmt: skip
def test_what_is_no_call_is_never_right(reply: str) -> None:
    assert mark("tools", {}, item(OSLO), reply).outcome in {Outcome.UNPARSEABLE, Outcome.WRONG}


def test_an_undeclared_argument_that_may_be_left_out_is_no_part_of_the_gold_answer() -> None:
    truth = {"city.weather": {"city": ["Oslo"], "unit": ["", "celsius"]}}
    thing = item(truth)
    gold = make_scorer("tools", {}).gold(thing)
    assert gold is not None and mark("tools", {}, thing, gold).outcome is Outcome.RIGHT
    assert mark("tools", {}, thing, 'city.weather(city="Oslo")').outcome is Outcome.RIGHT
