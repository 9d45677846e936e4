"""Reasoning in the text of a reply: what is the answer, what is thinking, and when no answer came."""

import random
import time

import pytest

from evalkit import reasoning
from evalkit.reasoning import split
from tests.tables import table

# (text, the answer)
CLOSED = [
    ("<think>The answer is A.</think>B", "B"),
    ("<think>\n\n</think>\n\nB. Lyon", "B. Lyon"),
    ("<think></think>B", "B"),
    ("<think/>B", "B"),
    ("  \n<think>A?</think> B", "B"),
    ("\ufeff<think>A?</think>B", "B"),
    ("<THINK>A</THINK>\nB", "B"),
    ("<Thinking>A</Thinking>\nB", "B"),
    ("<thinking>A</thinking>\nB", "B"),
    ("<thinking effort='high'>A</thinking>\nB", "B"),
    ("<reasoning>A?</reasoning>B", "B"),
    ("<reasoning>A</reasoning><reasoning> or C</reasoning>B", "B"),
    ("<thought>A</thought>\nB", "B"),
    ("<Thought>A</Thought>\n<Output>\nB\n</Output>", "B"),
    ("<thoughts>A</thoughts>\nB", "B"),
    ("<scratchpad>A</scratchpad>\nB", "B"),
    ("< think >A</ think >B", "B"),
    ("<think\n>A</think\n>B", "B"),
    ("[THINK]The answer is A.[/THINK]B", "B"),
    ("[THINK]\nHm.\n[/THINK]\n\nThe answer is B.", "The answer is B."),
    ("◁think▷The answer is A◁/think▷B", "B"),
    ("<seed:think>A<seed:cot_budget_reflect>12 left</seed:cot_budget_reflect></seed:think>B", "B"),
    ("<longcat_think>A</longcat_think>B", "B"),
    ("<mm:think>A</mm:think>B", "B"),
    ("<|START_THINKING|>A<|END_THINKING|><|START_RESPONSE|>B<|END_RESPONSE|>", "B"),
    ("<|START_THINKING|>A<|END_THINKING|>\nB", "B"),
    ("<|begin_of_thought|>A<|end_of_thought|>\n\n<|begin_of_solution|>\nB\n<|end_of_solution|>", "B"),
    ("<|inner_prefix|>A<|inner_suffix|>B", "B"),
    ("<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>final<|message|>B", "B"),
    ("<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>", "B"),
    ("<|start|>assistant<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>final<|message|>B<|end|>",
     "B"),
    ("analysis<|message|>A<|end|><|start|>assistant<|channel|>final<|message|>B", "B"),
    ("So it is A.<|end|><|start|>assistant<|channel|>final<|message|>B", "B"),
    ("<|channel|>final<|message|>B", "B"),
    ('<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{"a": 1}',
     '{"a": 1}'),
    ("<|channel|>commentary<|message|>I look it up: A.<|end|><|start|>assistant<|channel|>final<|message|>B", "B"),
    ("analysisWe need to choose. It is A.assistantfinalB", "B"),
    ("analysisWe need A.assistantcommentaryHm.assistantfinalThe answer is B.", "The answer is B."),
    ("<|channel>thought\nThe answer is A.\n<channel|>B", "B"),
    ("<|channel>thought\n<channel|>B", "B"),
    ("<think>A</think>\n<answer>\nB\n</answer>", "B"),
    ("<think>A</think><response>B</response>", "B"),
    ("<think>A</think><|begin_of_box|>B<|end_of_box|>", "B"),
    ("Here is my thought process: it may be A.\nHere is my response: B", "B"),
    ("Here's my thought process:\nA?\n\nHere's my response:\n\nB", "B"),
    ('<details type="reasoning" done="true">\n<summary>Thought for 3 seconds</summary>\nA\n</details>\nB', "B"),
    ("<think>A</thinking>\nB", "B"),
    ("<|im_start|>assistant\n<think>A</think>B", "B"),
    ("<s><think>A</think>B", "B"),
    # Nested, repeated, tags that the reasoning talks about
    ("<think>a<think>b</think>c</think>B", "B"),
    ("<think>A</think><think>C</think>B", "B"),
    ("<think>A</think>\n\n<think>\n\n</think>\n\nB", "B"),
    ("<think>A</think>\nB\n<think>or C?</think>", "B"),
    ("Let me see.\n<think>\nThe answer is A.\n</think>\nThe answer is B.", "Let me see.\n\nThe answer is B."),
    ("<think>The user asks about the <think> tag.</think>It opens the reasoning.", "It opens the reasoning."),
    ("<think>I end with </think> and then answer A.\n</think>\nB", "B"),
    ("<think>Code:\n```python\nprint(1)\nSo A.</think>\nB", "B"),
    ('<think>Use `</think>` at the end. A.</think>\nB', "B"),
    # The template gave the opening tag
    ("The answer is A.</think> I do not know.", "I do not know."),
    ("Okay, it is A I think.\n</think>\n\nB", "B"),
    ("</think>\n\nB", "B"),
    ("A or C.\n</THINK>\nB", "B"),
    ("Maybe A.[/THINK]B", "B"),
    ("Maybe A ◁/think▷ B", "B"),
    ("Maybe A</seed:think>B", "B"),
    ("Maybe A<|END_THINKING|>B", "B"),
    ("Maybe A<|end_of_thought|>\n\n<|begin_of_solution|>B", "B"),
    ("thought\nMaybe A<channel|>B", "B"),
    ("It is A.</thinking>\n\nB", "B"),
    ("It is A.</reasoning>\nB", "B"),
    ("First a</think>c</think>B", "B"),
    ("I write:\n```python\nprint('A')\n</think>\n```python\nprint('B')\n```", "```python\nprint('B')\n```"),
    ("so the result must be A </think>\nB", "B"),
    ("it is 12</think>15", "15"),
    # Reasoning, and nothing after it
    ("<think>The answer is A.</think>", ""),
    ("<reasoning>The answer is A.</reasoning>\n", ""),
    ("The answer is A.\n</think>", ""),
    ("<|channel|>analysis<|message|>A<|end|>", ""),
]  # fmt: skip

# No answer came: the block does not close.
OPEN = [
    "<think>\nThe answer is A. But let me check",
    "<think>The answer is A.",
    "<think>",
    "<thinking>So 3*4 = 12. The answer is 12, wait",
    "<reasoning>It is A",
    "[THINK]It is A",
    "◁think▷It is A",
    "<seed:think>It is A",
    "<|START_THINKING|>It is A",
    "<|begin_of_thought|>It is A",
    "<|channel|>analysis<|message|>It is A",
    "<|start|>assistant<|channel|>analysis<|message|>It is A",
    "<|channel|>analysis<|message|>A<|end|><|start|>assistant<|channel|>commentary<|message|>The answer is A",
    "<|channel>thought\nIt is A",
    "analysisWe need to choose. The answer is A.",
    "<think>a</think><think>The answer is A",
    "<think>The tag `</think>` ends it. The answer is A",
    "<think>The user asks what </think>, the closing tag, does. The answer is A",
    "<THINK>It is A",
    "\n\n<think>\nIt is A",
]

# What stays an answer, whole.
KEPT = [
    "The answer is B.",
    "",
    "Use the <think> tag to open the reasoning. The answer is B.",
    "Models such as R1 end their reasoning with </think> and then answer.",
    "The closing tag is </think>.",
    "R1 writes <think>, then </think>, then the answer: B.",
    "Reasoning stands between <think> and </think> in its replies. B",
    "`<think>` opens it and `</think>` closes it. B",
    'The tags are "<think>" and "</think>". B',
    "“</think>” closes it. B",
    "```html\n<think>\nhello\n</think>\n```\nB",
    "```\n<think>A</think>\n```",
    "```xml\nhello </think>\n```\nThe answer is B.",
    "~~~\n<think>A</think>\n~~~\nB",
    "<think> tags hold the reasoning of the model. B",
    "<think> is the tag that opens the reasoning.",
    "<think> and </think> enclose the reasoning. B",
    "&lt;think&gt;A&lt;/think&gt;B",
    "<answer>B</answer>",
    "<result><reasoning>A?</reasoning><answer>B</answer></result>",
    '{"reasoning": "<think>A</think>", "answer": "B"}',
    '{"html": "</think>"}',
    "I think B.",
    "[thinking face] B",
    "<p>I think so.</p>",
    "<thinker>A</thinker>B",
    "analysis of the text shows B",
    "Analysis: B",
    "The final channel is written <|channel|>final<|message|> in harmony.",
    "x < think > y",
    "- `<think>`: opens\n- `</think>`: closes\n\nB",
]


@table(("text", "answer"), CLOSED)
def test_the_answer_is_what_stands_outside_the_reasoning(text, answer):
    found = split(text)
    assert found.answer == answer
    assert found.reasoning is not None
    assert not found.unclosed


@pytest.mark.parametrize("text", OPEN)
def test_a_block_that_never_closes_brings_no_answer(text):
    found = split(text)
    assert found.answer == ""
    assert found.unclosed


@table("text", KEPT)
def test_a_mention_of_a_tag_is_part_of_the_answer(text):
    found = split(text)
    assert found.answer == text
    assert found.reasoning is None
    assert not found.unclosed


def test_a_run_on_that_begins_to_think_again_keeps_the_answer_before_it():
    found = split("<think>x</think>\nThe answer is B.\n<think>\nThe next question: A")
    assert found.answer == "The answer is B."


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    "text",
    ["<think>" * 150_000, "</think>" * 130_000, "<think></think>" * 70_000, "`" * 1_000_000, "```\n" * 250_000,
     "<" * 1_000_000, "<think " * 150_000, "<|channel|>analysis<|message|>" * 35_000, "\n<think>\n" * 110_000,
     "a</think>b\n```\n" * 70_000, "<|channel|>" * 90_000, " " * 1_000_000, "analysisA" * 110_000,
     "`</think>`" * 100_000,
     "<think>" + "a" * 1_000_000, '"</think>"' * 100_000, "Here is my thought process:" * 37_000],
    ids=lambda text: repr(text[:16]),
)  # fmt: skip
def test_a_hostile_text_is_split_in_little_time(text):
    start = time.process_time()
    split(text[: len(text) // 4])
    assert time.process_time() - start < 2.5  # a pass over a megabyte takes a second


_PIECES = [
    *(
        "<think>",
        "</think>",
        "[THINK]",
        "[/THINK]",
        "◁think▷",
        "◁/think▷",
        "<",
        "[",
        "◁",
        "word ",
        "long words in a row ",
    ),
    *("<|channel>thought", "<channel|>", '<details x type="reasoning" >', "</details>", "< Think a='b'>", "\n", "ſ"),
    *("<|START_THINKING|>", "<|inner_suffix|>", "<THINK/>"),
]


def test_tags_are_found_where_a_reader_of_every_character_finds_them() -> None:
    draw = random.Random(7)
    for _ in range(1_500):
        text = "".join(draw.choice(_PIECES) for _ in range(draw.randint(1, 30))) + "x" * draw.choice([0, 500])
        assert [one.span() for one in reasoning._found(text)] == [one.span() for one in reasoning._TAG.finditer(text)]


def test_a_long_reply_without_tags_is_not_read_letter_by_letter() -> None:
    """16 MB of words took .6 s each time, in the event loop, beside the times of other answers."""
    text = "word and word. " * 100_000
    took = []
    for read in (lambda: split(text), lambda: list(reasoning._TAG.finditer(text))):
        began = time.process_time()
        read()
        took.append(time.process_time() - began)
    assert took[0] < took[1] / 4
