"""Answers in wrappers: tags, and JSON objects with a field for the answer.

    open_tags("<answer>B</answer>")            # an answer mark, then B
    read_object('{"answer": "B"}', known, alone)

Used by `choice_reading`. Only values that are a choice and nothing else count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from evalkit.scorers.choice_set import ChoiceReading, ChoiceSet
from evalkit.scorers.reply_markup import ANSWER_MARK
from evalkit.scorers.reply_words import fold, word_set
from evalkit.scorers.word_roles import role_of

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z_-]{1,30})>")
_CLOSING = re.compile(r"</([A-Za-z][A-Za-z_-]{1,30})>")
_LAYOUT = re.compile(
    r"</?(b|i|u|em|strong|code|span|mark|font|small|p|div|li|ul|ol|br|td|tr|th|table|h[1-6]|center|pre)\s?/?>", re.I
)
"""HTML that only changes how a text looks."""
_INLINE = word_set("b i u em strong code span mark font small")
_NO_ANSWER = word_set(
    "think thinking reasoning reason explanation scratchpad rationale analysis reflection thought "
    "thoughts question options"
)


_ANSWERING = word_set("answer ans final choice option letter label class category verdict result output response")


ANSWER_TAG = re.compile(
    r"<((?:final_?|correct_?|my_?)?(?:answer|ans|result|solution|final|output|response|number|choice|option|letter))>"
    r"\s*([^<>\n]{1,60}?)\s*</\1>",
    re.IGNORECASE,
)
_ALONE_BEFORE = re.compile(r"(?:^|[\n.!?。>])[ \t*_]*\Z")
_ALONE_AFTER = re.compile(
    r"[ \t*_.]*(?:\Z|[\n<])|[ \t]*[.!—–-]?[ \t]+(?=[A-ZÀ-ÖØ-Þ\d(])"
    r"(?!(?i:or|and|is|was|if|maybe|perhaps|possibly|probably|might)\b)"
)
"""The end of a line, or a sentence of its own: `<answer>B</answer> This is because ...`."""


def without_tags_in_sentences(reply: str) -> str:
    """The reply without the answer tags that stand within a sentence, whose words count: `<answer>5</answer> is
    wrong`."""

    def opened(tag: re.Match[str]) -> str:
        near = reply[max(0, tag.start() - 40) : tag.start()]
        is_alone = (not near or _ALONE_BEFORE.search(near)) and _ALONE_AFTER.match(reply, tag.end())
        return tag[0] if is_alone else tag[2]

    return ANSWER_TAG.sub(opened, reply)


def open_tags(reply: str) -> str:
    """The reply with an answer mark in place of each opening tag, except those that hold reasoning.

    A tag that never closes counts where its name is a word for an answer: `<L_z> = 0` is a mean value."""
    if "<" not in reply:
        return reply
    reply = without_tags_in_sentences(reply)
    closed = {name.casefold() for name in _CLOSING.findall(reply)}

    if "</" in reply:
        reply = _LAYOUT.sub(lambda match: "" if match[1].casefold() in _INLINE else "\n", reply)

    def mark(match: re.Match[str]) -> str:
        name = match[2].casefold()
        if name in _NO_ANSWER or len(name) < 2 or _rejects(name):
            return match[0]
        if name not in closed and not any(part in _ANSWERING for part in re.split("[_-]", name)):
            return match[0]
        return "\n" if match[1] else f"\n{ANSWER_MARK}"

    return _TAG.sub(mark, reply)


_FENCE = re.compile(r"```[a-zA-Z]{0,10}")
_LONGEST_OBJECT = 5_000


def read_object(text: str, known: ChoiceSet, alone: Callable[[str], ChoiceReading | None]) -> ChoiceReading | None:
    """The choice that a reply's last JSON object names; None where there is no object with an answer in it.

    A field whose name is a word for an answer decides; without one, the only field that holds a choice does."""
    end = text.rstrip().rfind("}")
    if end < 0 or len(text) - end > 200:
        return None
    found = _parse(text, end)
    if found is None:
        return None
    named: dict[str, ChoiceReading] = {}
    for key, value in found.items():
        if _rejects(str(key).casefold()):
            continue
        said = _value(value)
        if said is None:
            if fold(str(key)) in _ANSWER_KEYS:
                return ChoiceReading(None, "the answer field holds no single choice")
        elif (reading := alone(said)) is not None:
            named[fold(str(key))] = reading
    by_key = {reading.index for key, reading in named.items() if _is_answer(key)}
    indices = by_key or {reading.index for reading in named.values()}
    if len(indices) == 1:
        return ChoiceReading(indices.pop(), "a field of the object")
    return ChoiceReading(None, "fields name several choices" if indices else "no field names a choice")


_ANSWER_KEYS = word_set(
    "answer final_answer finalanswer final answer_letter answerletter answer_choice choice "
    "selected selected_option option label category class classification queue verdict prediction "
    "result output response sentiment intent decision correct_answer correct_option"
)


_HELD_KEYS = word_set("letter label option choice id key answer")
"""Names of the choice within an answer that is an object."""


_REJECTING = word_set(
    "wrong incorrect false rejected reject excluded exclude eliminated eliminate not ruled alternative alternatives "
    "second runner distractor distractors previous old initial draft student user other others falsch rechazada"
)
"""Parts of the names of fields and tags that hold something else than the answer."""


def _rejects(name: str) -> bool:
    return any(part in _REJECTING for part in re.split(r"[_\s-]+", name))


def _is_answer(key: str) -> bool:
    return key in _ANSWER_KEYS or role_of(key) == "noun"


def _parse(text: str, end: int) -> dict[str, object] | None:
    start = end
    for _ in range(4):
        start = text.rfind("{", max(0, end - _LONGEST_OBJECT), start)
        if start < 0:
            return None
        piece = text[start : end + 1]
        for form in (piece, piece.replace("'", '"')):
            try:
                found = json.loads(form)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and found:
                return found
    return None


def _value(value: object) -> str | None:
    """A value as text; None for what is no single value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and len(value) == 1:
        return _value(value[0])
    if isinstance(value, dict):  # {"answer": {"letter": "B", "why": ".."}}
        held = [inner for key, inner in value.items() if fold(str(key)) in _HELD_KEYS]
        held = held or list(value.values())
        return _value(held[0]) if len(held) == 1 else None
    return None
