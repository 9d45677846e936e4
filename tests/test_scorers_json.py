"""Replies that must be JSON."""

from __future__ import annotations

import time
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.records import Outcome
from evalkit.scorers.registry import make_scorer
from evalkit.scorers.schemas import compile_schema
from tests.scoring import mark, sample
from tests.tables import table

QUEUE = {"type": "object", "required": ["queue"], "properties": {"queue": {"enum": ["billing", "sales"]}}}
RIGHT, WRONG, UNREAD = Outcome.RIGHT, Outcome.WRONG, Outcome.UNPARSEABLE

REPLIES: list[tuple[dict[str, Any], str, Outcome]] = [
    ({}, '{"a": 1}', RIGHT),
    ({}, " [1, 2] \n", RIGHT),
    ({}, "42", RIGHT),
    ({}, '```json\n{"a": 1}\n```', RIGHT),
    ({}, '```\n{"a": 1}\n```', RIGHT),
    ({}, 'Here you are:\n```json\n{"a": 1}\n```\nAnything else?', RIGHT),
    ({"around": "none"}, '```json\n{"a": 1}\n```', UNREAD),
    ({}, '```json\n{"a": 1}\n```\n```json\n{"a": 2}\n```', UNREAD),
    ({}, 'Sure: {"a": 1}', UNREAD),
    ({"around": "any"}, 'Sure: {"a": 1}, yes', RIGHT),
    ({"around": "any"}, "{oh} [no", UNREAD),
    ({}, '{"a": 1} and more', UNREAD),
    ({}, '{"a": "```"}', RIGHT),
    ({}, "{'a': 1}", UNREAD),
    ({}, '{"a": 1,}', UNREAD),
    ({}, '{"a": NaN}', UNREAD),
    ({}, "[Infinity]", UNREAD),
    ({}, '{"a": 1, "a": 2}', UNREAD),
    ({}, "[" * 200 + "]" * 200, UNREAD),
    ({}, "[" * 100_000, UNREAD),
    ({}, "1" * 5000, UNREAD),
    ({"schema": QUEUE}, '{"queue": "sales"}', RIGHT),
    ({"schema": QUEUE}, '{"queue": "returns"}', WRONG),
    ({"schema": QUEUE}, "{}", WRONG),
    ({"schema": {"type": "string", "pattern": "^(a+)+$"}}, '"' + "a" * 50 + 'b"', WRONG),
    ({"schema": {"type": "array", "uniqueItems": True}}, "[1, 1.0]", WRONG),
    ({"schema": {"type": "array", "uniqueItems": True}}, "[1, true]", RIGHT),
]


@table(("options", "reply", "outcome"), REPLIES)
def test_what_counts_as_json(options: dict[str, Any], reply: str, outcome: Outcome) -> None:
    assert mark("json", options, sample(), reply).outcome is outcome


def test_equal_values_are_equal_whatever_their_spelling() -> None:
    item = sample('{"a": 1, "b": [1, 2]}')
    assert mark("json", {"equals": True}, item, '{"b":[1,2.0],"a":1.0}').value == 1.0
    assert mark("json", {"equals": True}, item, '{"b":[2,1],"a":1}').value == 0.0
    assert mark("json", {"equals": True}, item, '{"b":[1,2],"a":true}').value == 0.0


def test_fields_are_compared_one_by_one_and_may_be_paths() -> None:
    item = sample('{"queue": "sales", "customer": {"id": 7}}')
    options = {"fields": ["queue", "customer.id"]}
    score = mark("json", options, item, '{"queue": "billing", "customer": {"id": 7}, "note": "x"}')
    assert (score.value, score.parts["fields"], score.reason) == (0.0, 0.5, "differs in queue")
    shared = mark("json", {**options, "level": "share"}, item, '{"customer": {"id": 7}}')
    assert (shared.value, shared.outcome) == (0.5, Outcome.SCORED)


def test_a_field_that_the_target_lacks_must_be_lacking() -> None:
    assert mark("json", {"fields": ["x"]}, sample("{}"), '{"y": 1}').value == 1.0
    assert mark("json", {"fields": ["x"]}, sample("{}"), '{"x": null}').value == 0.0


def test_a_cut_reply_is_truncated_and_not_unparseable() -> None:
    assert mark("json", {}, sample(), '{"a": [1, 2', "length").outcome is Outcome.TRUNCATED


def test_a_target_that_is_not_json_is_never_scored() -> None:
    score = mark("json", {"equals": True}, sample("{oops"), "{}")
    assert (score.value, score.outcome) == (None, Outcome.ERRORED)


def test_the_gold_is_the_target_or_the_example() -> None:
    assert make_scorer("json", {"equals": True}).gold(sample('{"a": 1}')) == '{"a": 1}'
    assert make_scorer("json", {"schema": QUEUE}).gold(sample(example='{"queue": "sales"}')) == '{"queue": "sales"}'


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"$ref": "https://example.com/s.json"}, "nothing is fetched"),
        ({"properties": {"a": {"$ref": "#/$defs/none"}}}, "leads nowhere"),
        ({"$ref": "#"}, "round in a circle"),
        ({"type": "strin"}, "not a valid JSON schema"),
        ({"pattern": "(?=a)"}, "RE2"),
        ({"patternProperties": {"^a": {}}}, "not supported"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "another draft"),
        ({"$id": "https://example.com/"}, "leave it out"),
    ],
)
def test_a_schema_that_is_unfit_or_unsafe_is_refused_when_the_suite_loads(
    schema: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SuiteError, match=complaint):
        make_scorer("json", {"schema": schema})


def test_a_property_may_be_called_like_a_keyword() -> None:
    schema = {
        "properties": {"patternProperties": {"type": "integer"}, "$ref": {"$ref": "#/$defs/n"}},
        "$defs": {"n": {}},
    }
    assert mark("json", {"schema": schema}, sample(), '{"patternProperties": 1}').value == 1.0
    assert mark("json", {"schema": schema}, sample(), '{"patternProperties": "x"}').value == 0.0


def test_options_that_make_no_sense_together_are_refused() -> None:
    for options in ({"equals": True, "fields": ["a"]}, {"level": "share"}):
        with pytest.raises(SuiteError):
            make_scorer("json", options)


def test_a_large_array_of_unique_items_is_quick() -> None:
    start = time.process_time()
    reply = "[" + "1," * 50_000 + "1]"
    assert mark("json", {"schema": {"uniqueItems": True}}, sample(), reply).outcome is Outcome.WRONG
    assert time.process_time() - start < 5


BIG = "1" + "0" * 400


@pytest.mark.parametrize(
    ("of", "reply", "right"),
    [
        (0.5, BIG, True), (0.5, f"-{BIG}", True), (0.75, BIG, False), (0.5, "1e400", False), (3, "1e400", False),
        (3, BIG, False), (10, BIG, True), (1e-300, "1e300", None), (5e-324, BIG, True), (1e308, BIG, None),
        (0.5, "2.5", True),
    ],
)  # fmt: skip
def test_a_number_beyond_all_floats_is_marked(of: float, reply: str, right: bool | None) -> None:
    found = mark("json", {"schema": {"multipleOf": of}}, sample(), reply)
    assert found.outcome in (Outcome.RIGHT, Outcome.WRONG)
    assert right is None or (found.outcome is Outcome.RIGHT) is right


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"enum": [str(i) for i in range(5_000)]}}, ["4999"] * 10_000),
        ({"items": {"properties": {f"a{i}": {} for i in range(5_000)}}}, [{}] * 10_000),
        ({"items": {"required": [f"a{i}" for i in range(5_000)]}}, [{f"a{i}": 1 for i in range(5_000)}] * 2_000),
        ({"contains": {"enum": list(range(5_000))}}, [-1] * 9_000),
        ({"anyOf": [{"const": i} for i in range(3_000)]}, "x" * 1_000_000),
        ({"anyOf": [{"const": i} for i in range(3_000)]}, ["x" * 1_000] * 1_000),
    ],
)
def test_lists_of_a_schema_and_of_a_reply_do_not_multiply(schema: dict[str, object], value: object) -> None:
    began = time.process_time()
    assert "too many steps" in str(compile_schema(schema, "score")(value))
    assert time.process_time() - began < 30


def test_an_ordinary_answer_is_checked_whole() -> None:
    row = {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}, "n": {"type": "integer"}}, "required": ["n"]}
    check = compile_schema({"type": "array", "items": row}, "score")
    assert check([{"kind": "a", "n": 1}] * 2_000) is None
    assert str(check([{"kind": "a", "n": 1}] * 2_000 + [{"kind": "c", "n": 1}])).startswith("$[2000].kind")
