"""JSON as models send it: marks, fences, prose and citations around it; what is not JSON stays unparseable."""

from __future__ import annotations

import pytest

from evalkit.records import Outcome
from tests.scoring import mark, sample

ITEM = sample('{"queue": "billing", "n": 2}')
GOOD = '{"queue": "billing", "n": 2}'

RIGHT = {
    "byte order mark": "\ufeff" + GOOD,
    "byte order mark in a fence": f"\ufeff```json\n{GOOD}\n```",
    "zero-width space": "\u200b" + GOOD,
    "one-line fence": f"```json {GOOD}```",
    "one-line fence without language": f"``` {GOOD} ```",
    "one-line fence, glued": f"```{GOOD}```",
    "single backticks": f"`{GOOD}`",
    "opening fence only": f"```json\n{GOOD}",
    "opening fence only, prose before": f"Here you are:\n```json\n{GOOD}\n",
    "closing fence only": f"{GOOD}\n```",
    "closing fence on the line": f"{GOOD}```",
    "tildes": f"~~~json\n{GOOD}\n~~~",
    "four backticks": f"````json\n{GOOD}\n````",
    "indented fence": f"1. Result\n\n   ```json\n   {GOOD}\n   ```",
    "attributes": f'```json title="out.json"\n{GOOD}\n```',
    "carriage returns": f"Here:\r\n```json\r\n{GOOD}\r\n```\r\n",
    "spread over lines": '```json\n{\n  "queue": "billing",\n  "n": 2\n}\n```',
    "shell first": f"```bash\nls\n```\n```json\n{GOOD}\n```",
    "non-breaking spaces around": f"\u00a0{GOOD}\u00a0",
    "jsonc without comments": f"```jsonc\n{GOOD}\n```",
}
UNPARSEABLE = {
    "trailing comma": '{"queue": "billing", "n": 2,}',
    "trailing comma in a fence": '```json\n{"queue": "billing", "n": 2,}\n```',
    "trailing comma in a list": "[1, 2,]",
    "single quotes": "{'queue': 'billing', 'n': 2}",
    "comment": '{"queue": "billing", "n": 2} // sure',
    "two objects": f"{GOOD}\n{GOOD}",
    "two objects side by side": f'{GOOD}{{"n": 3}}',
    "lines of objects": f'{GOOD}\n{{"queue": "returns", "n": 1}}\n',
    "lines in a fence": f'```jsonl\n{GOOD}\n{{"queue": "returns", "n": 1}}\n```',
    "cut off": '{"queue": "billing", "n":',
    "NaN": '{"queue": "billing", "n": NaN}',
    "Python's words": '{"queue": "billing", "n": None}',
    "missing brace": '"queue": "billing", "n": 2',
    "prose": "The queue is billing and n is 2.",
}
IN_PROSE = {
    "citation before": f"As shown in [1] and [2, 3]: {GOOD}",
    "citation after": f"{GOOD} [1]",
    "citations around": f"[1] {GOOD} [2][3]",
    "list of references after": f"{GOOD}\n\nReferences:\n[1] https://example.org\n[2] https://example.com",
    "placeholder before": f"The format is {{queue, n}}. {GOOD}",
    "empty object before": f"I start with {{}} and end with {GOOD}",
    "a link": f"See [the docs](https://example.org/a). {GOOD}",
    "template braces": f"Use {{{{name}}}} for names. {GOOD}",
    "numbers in brackets before": f"The interval is [0, 5]. {GOOD}",
    "fence with words": f"Result:\n```json\n{GOOD}\n```\nSee [1].",
    "same object twice": f"{GOOD}\n\nAgain: {GOOD}",
    "TypeScript type before": f"type T = {{ queue: string; n: number }}\n{GOOD}",
}
IN_PROSE_WRONG = {
    "another object": 'As in [1]: {"queue": "returns", "n": 2}',
    "a later object withdraws it": f'First {GOOD}, but the final answer is {{"queue": "returns", "n": 9}}',
    "citation alone": "The answer stands in [1].",
}


@pytest.mark.parametrize("reply", RIGHT.values(), ids=RIGHT)
def test_wrapping_does_not_hide_json(reply: str) -> None:
    assert mark("json", {"equals": True}, ITEM, reply).outcome is Outcome.RIGHT


@pytest.mark.parametrize("around", ["fence", "any"])
@pytest.mark.parametrize("reply", ["[1]", '[{"queue": "billing", "n": 2}]', "2", '"billing"', "null"])
def test_another_value_is_wrong(reply: str, around: str) -> None:
    assert mark("json", {"equals": True, "around": around}, ITEM, reply).outcome in {Outcome.WRONG, Outcome.UNPARSEABLE}


@pytest.mark.parametrize("reply", UNPARSEABLE.values(), ids=UNPARSEABLE)
def test_what_is_not_one_json_value_is_unparseable(reply: str) -> None:
    assert mark("json", {"equals": True}, ITEM, reply).outcome is Outcome.UNPARSEABLE


@pytest.mark.parametrize("reply", IN_PROSE.values(), ids=IN_PROSE)
def test_an_object_is_found_beside_other_brackets(reply: str) -> None:
    assert mark("json", {"equals": True, "around": "any"}, ITEM, reply).outcome is Outcome.RIGHT


@pytest.mark.parametrize("reply", IN_PROSE_WRONG.values(), ids=IN_PROSE_WRONG)
def test_another_object_in_prose_is_not_right(reply: str) -> None:
    assert mark("json", {"equals": True, "around": "any"}, ITEM, reply).outcome in {Outcome.WRONG, Outcome.UNPARSEABLE}


def test_a_list_is_found_beside_a_citation_when_a_list_is_the_target() -> None:
    item = sample('["red", "green"]')
    assert (
        mark("json", {"equals": True, "around": "any"}, item, 'By [1] it is ["red", "green"].').outcome is Outcome.RIGHT
    )


def test_a_fence_inside_a_string_does_not_end_the_block() -> None:
    item = sample('{"md": "```py\\nx\\n``` and ```"}')
    assert (
        mark("json", {"equals": True}, item, '```json\n{"md": "```py\\nx\\n``` and ```"}\n```').outcome is Outcome.RIGHT
    )
