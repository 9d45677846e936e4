"""150 kB of anything are read in linear time: refusals, fences, JSON, calls, code, words, languages."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.scoring import mark, sample

SIZE = 150_000
REPLIES = {
    "braces": '{"a":' * (SIZE // 5),
    "open braces": "{" * SIZE,
    "brackets": "[" * SIZE,
    "open objects": '{"' * (SIZE // 2),
    "strings": '{"a": "b", ' * (SIZE // 11),
    "citations": "[1] " * (SIZE // 4),
    "fences": "```\nx\n" * (SIZE // 6),
    "backticks": "`" * SIZE,
    "tildes": "~~~json\n" * (SIZE // 8),
    "quotations": "> ```\n" * (SIZE // 6),
    "tags": "<tool_call>" * (SIZE // 11),
    "function tags": "<function=a><parameter=b>" * (SIZE // 25),
    "apologies": "I'm sorry, but I " * (SIZE // 17),
    "negations": "no puedo ich kann nicht " * (SIZE // 24),
    "quotes": "\"'" * (SIZE // 2),
    "Chinese": "我无法" * (SIZE // 3),
    "Thai": "ไม่สามารถ" * (SIZE // 9),
    "marks": "e" + "\u0301" * SIZE,
    "one word": "a" * SIZE,
    "many words": "shoes " * (SIZE // 6),
    "stops": "。" * SIZE,
    "answers": "the answer is\n" * (SIZE // 14),
    "blank lines": "the answer is" + "\n" * SIZE,
    "stars": "the answer is " + "*" * SIZE,
    "definitions": "def f(x):\n" * (SIZE // 10),
    "prompts": ">>> f(1)\n" * (SIZE // 9),
}  # fmt: skip
CALLS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "helps": ("helps", {}, {}),
    "json": ("json", {"equals": True, "around": "any"}, {"target": '{"a": 1}'}),
    "tools": ("tools", {}, {"function": [{"name": "f", "parameters": {}}], "ground_truth": [{"f": {}}]}),
    "contains": ("contains", {"whole_words": True}, {"target": "aa"}),
    "exact": ("exact", {"take": {"after": "answer is"}, "ignore_wrapping": True}, {"target": "(B)"}),
    "overlap": ("overlap", {"metric": "f1"}, {"target": "我 shoes"}),
    "regex": ("regex", {"pattern": r"(a)|(b)|(?P<answer>c)"}, {"target": "c"}),
    "instructions": (
        "instructions", {},
        {"instructions": [
            {"kind": "length_constraints:number_sentences", "relation": "at least", "num_sentences": 3},
            {"kind": "length_constraints:number_words", "relation": "at least", "num_words": 3},
            {"kind": "change_case:english_lowercase"},
            {"kind": "language:response_language", "language": "it"},
            {"kind": "keywords:forbidden_words", "forbidden_words": ["aa", "我我"]},
            {"kind": "words:start_verb"},
        ]},
    ),
}  # fmt: skip


@pytest.mark.long(but=1)
@pytest.mark.parametrize("scorer", CALLS)
def test_a_long_text_of_anything_is_marked_in_half_a_second(scorer: str) -> None:
    name, options, fields = CALLS[scorer]
    slow = {}
    for kind, reply in REPLIES.items():
        started = time.process_time()
        mark(name, options, sample(**fields), reply)
        if (took := time.process_time() - started) > 0.6:
            slow[kind] = took
    assert not slow


def test_finding_the_program_of_a_long_reply_takes_no_time() -> None:
    from evalkit.scorers.code_reply import LONGEST, whole_function

    for kind, reply in REPLIES.items():
        started = time.process_time()
        whole_function("def f(x):\n", reply, "f")
        whole_function("def f(x):\n", reply[: LONGEST - 10], "f")
        assert time.process_time() - started < 1.2, kind
