"""Several calls in one reply: any order, each right call met once, whatever their arguments are made of."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from evalkit.records import Outcome, ToolCall
from tests.scoring import mark, sample
from tests.tables import table

BOOK = {
    "name": "trip.book",
    "parameters": {
        "type": "dict",
        "properties": {
            "to": {"type": "string"},
            "seats": {"type": "integer"},
            "price": {"type": "float"},
            "code": {"type": "string"},
            "window": {"type": "boolean"},
            "days": {"type": "array", "items": {"type": "integer"}},
            "guest": {"type": "dict", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}},
            "legs": {"type": "array", "items": {"type": "dict"}},
            "note": {"type": "any"},
        },
        "required": ["to"],
    },
}
PAY = {"name": "pay", "parameters": {"type": "dict", "properties": {"sum": {"type": "float"}}, "required": ["sum"]}}
Call = tuple[str, dict[str, Any]]


def wanted(*calls: Call) -> Any:
    """A sample in which these calls are right; each argument is the list of its accepted values."""
    return sample(function=[BOOK, PAY], ground_truth=[{name: arguments} for name, arguments in calls])


def written(*calls: Call) -> str:
    return json.dumps([{"name": name, "arguments": arguments} for name, arguments in calls])


def to(city: str, **more: Any) -> Call:
    return "trip.book", {"to": city, **more}


def accept(*cities: str, **more: list[Any]) -> Call:
    return "trip.book", {"to": list(cities), **more}


TRIO = (accept("Rome"), accept("Oslo", seats=[2, ""]), ("pay", {"sum": [10.0]}))
CASES: dict[str, tuple[tuple[Call, ...], tuple[Call, ...], bool]] = {
    # right calls, made calls, whether they are right
    "as asked": (TRIO, (to("Rome"), to("Oslo"), ("pay", {"sum": 10})), True),
    "another order": (TRIO, (("pay", {"sum": 10.0}), to("Oslo", seats=2), to("Rome")), True),
    "one is missing": (TRIO, (to("Rome"), to("Oslo")), False),
    "one is made twice": (TRIO, (to("Rome"), to("Oslo"), ("pay", {"sum": 10.0}), to("Rome")), False),
    "one stands in another's place": (TRIO, (to("Rome"), to("Rome"), ("pay", {"sum": 10.0})), False),
    "one of a function that is not right": (TRIO, (to("Rome"), to("Oslo"), to("Rome")), False),
    "twice the same is right": ((accept("Rome"), accept("Rome")), (to("Rome"), to("Rome")), True),
    "twice the same, made once": ((accept("Rome"), accept("Rome")), (to("Rome"),), False),
    "twice the same, made thrice": ((accept("Rome"), accept("Rome")), (to("Rome"),) * 3, False),
    "the broad one last": (
        (accept("Rome", "Oslo"), accept("Rome", "Bonn"), accept("Rome")),
        (to("Rome"), to("Bonn"), to("Oslo")),
        True,
    ),
    "a ring of choices": (
        (accept("Rome", "Oslo"), accept("Oslo", "Bonn"), accept("Bonn", "Rome")),
        (to("Rome"), to("Bonn"), to("Oslo")),
        True,
    ),
    "a ring that does not close": (
        (accept("Rome", "Oslo"), accept("Rome", "Oslo"), accept("Rome", "Oslo", "Bonn")),
        (to("Rome"), to("Bonn"), to("Bonn")),
        False,
    ),
    "arguments of two calls swapped": (
        (accept("Rome", seats=[1]), accept("Oslo", seats=[2])),
        (to("Rome", seats=2), to("Oslo", seats=1)),
        False,
    ),
    "a number as a text": ((accept("Rome", seats=[2]),), (to("Rome", seats="2"),), False),
    "a text as a number": ((accept("Rome", code=["2"]),), (to("Rome", code=2),), False),
    "a text of digits": ((accept("Rome", code=["007"]),), (to("Rome", code="007"),), True),
    "another text of digits": ((accept("Rome", code=["007"]),), (to("Rome", code="7"),), False),
    "a date in another spelling of marks": (
        (accept("Rome", code=["2024-01-05"]),),
        (to("Rome", code="2024/01/05"),),
        True,
    ),
    "a date without marks": ((accept("Rome", code=["2024-01-05"]),), (to("Rome", code="20240105"),), False),
    "a whole number for a float": ((accept("Rome", price=[10.0]),), (to("Rome", price=10),), True),
    "a float for a whole number": ((accept("Rome", seats=[2]),), (to("Rome", seats=2.0),), False),
    "true for 1": ((accept("Rome", seats=[1]),), (to("Rome", seats=True),), False),
    "1 for true": ((accept("Rome", window=[True]),), (to("Rome", window=1),), False),
    "a word for true": ((accept("Rome", window=[True]),), (to("Rome", window="true"),), False),
    "a list in order": ((accept("Rome", days=[[1, 2]]),), (to("Rome", days=[1, 2]),), True),
    "a list in another order": ((accept("Rome", days=[[1, 2]]),), (to("Rome", days=[2, 1]),), False),
    "one of two lists": ((accept("Rome", days=[[1, 2], [2, 1]]),), (to("Rome", days=[2, 1]),), True),
    "a list of texts for numbers": ((accept("Rome", days=[[1, 2]]),), (to("Rome", days=["1", "2"]),), False),
    "an object": (
        (accept("Rome", guest=[{"name": ["Ada"], "age": [36, ""]}]),),
        (to("Rome", guest={"age": 36, "name": "ada"}),),
        True,
    ),
    "an object without what may be left out": (
        (accept("Rome", guest=[{"name": ["Ada"], "age": [36, ""]}]),),
        (to("Rome", guest={"name": "Ada"}),),
        True,
    ),
    "an object with more": (
        (accept("Rome", guest=[{"name": ["Ada"]}]),),
        (to("Rome", guest={"name": "Ada", "age": 36}),),
        False,
    ),
    "a list of objects": (
        (accept("Rome", legs=[[{"by": ["train"]}, {"by": ["bus", "coach"]}]]),),
        (to("Rome", legs=[{"by": "train"}, {"by": "coach"}]),),
        True,
    ),
    "a list of objects in another order": (
        (accept("Rome", legs=[[{"by": ["train"]}, {"by": ["bus"]}]]),),
        (to("Rome", legs=[{"by": "bus"}, {"by": "train"}]),),
        False,
    ),
    "an object in an object": (
        (accept("Rome", note=[{"a": [{"b": [1]}]}]),),
        (to("Rome", note={"a": {"b": 1}}),),
        True,
    ),
    "an object in an object, another": (
        (accept("Rome", note=[{"a": [{"b": [1]}]}]),),
        (to("Rome", note={"a": {"b": 2}}),),
        False,
    ),
    "an argument that nobody declared": ((accept("Rome"),), (to("Rome", colour="red"),), False),
    "an empty text where it may be left out": ((accept("Rome", code=["x", ""]),), (to("Rome", code=""),), True),
    "null where it may be left out": ((accept("Rome", code=["x", ""]),), (to("Rome", code=None),), False),
    "accents composed otherwise": ((accept("Zürich"),), (to("Zu\u0308rich"),), True),
    "another script": ((accept("東京"),), (to("東京"),), True),
    "a huge number": ((accept("Rome", seats=[2**70]),), (to("Rome", seats=2**70),), True),
    "a huge number, off by one": ((accept("Rome", seats=[2**70]),), (to("Rome", seats=2**70 + 1),), False),
    "a float that is not exact": ((accept("Rome", price=[0.3]),), (to("Rome", price=0.1 + 0.2),), False),
    "an exponent": ((accept("Rome", price=[1000.0]),), (to("Rome", price=1e3),), True),
}


@table("case", CASES)
def test_made_calls_are_held_against_the_right_ones(case: str) -> None:
    right, made, expected = CASES[case]
    item = wanted(*right)
    for reply in (written(*made), "```json\n" + written(*made) + "\n```"):
        got = mark("tools", {}, item, reply)
        assert got.outcome is (Outcome.RIGHT if expected else Outcome.WRONG), got.reason
    calls = [ToolCall(name.replace(".", "_"), json.dumps(arguments)) for name, arguments in made]
    native = mark("tools", {}, item, "", "tool_use", calls=calls)
    assert native.outcome is (Outcome.RIGHT if expected else Outcome.WRONG), native.reason


@pytest.mark.parametrize("case", [name for name, (right, *_) in CASES.items() if 1 < len(right) < 4])
def test_the_verdict_does_not_hang_on_any_order(case: str) -> None:
    right, made, expected = CASES[case]
    verdicts = {
        mark("tools", {}, wanted(*asked), written(*said)).value
        for asked in itertools.permutations(right)
        for said in itertools.permutations(made)
    }
    assert verdicts == {1.0 if expected else 0.0}


def test_calls_one_after_another_and_in_pythons_form_are_all_read() -> None:
    item = wanted(accept("Rome"), accept("Oslo", seats=[2]))
    for reply in (
        '{"name": "trip.book", "arguments": {"to": "Oslo", "seats": 2}}\n'
        '{"name": "trip.book", "arguments": {"to": "Rome"}}',
        "[trip.book(to='Rome'), trip.book(to='Oslo', seats=2)]",
        "trip.book(to='Oslo', seats=2)\ntrip.book(to='Rome')",
        '<tool_call>{"name": "trip.book", "arguments": {"to": "Rome"}}</tool_call>\n'
        '<tool_call>{"name": "trip.book", "arguments": {"to": "Oslo", "seats": 2}}</tool_call>',
    ):
        assert mark("tools", {}, item, reply).outcome is Outcome.RIGHT, reply


def test_the_complaint_names_the_call_that_is_not_met() -> None:
    got = mark("tools", {}, wanted(accept("Rome"), accept("Oslo")), written(to("Rome"), to("Bonn")))
    assert got.reason == "trip.book: 'to' is \"Bonn\", which is not accepted"
    missing = mark("tools", {}, wanted(accept("Rome"), accept("Oslo")), written(to("Rome")))
    assert missing.reason == "1 calls where 2 are right"
