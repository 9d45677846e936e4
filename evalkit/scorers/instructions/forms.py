"""IFBench's `format:*` and `repeat:*`: lists, brackets, quotation marks, emoji, templates, the request again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from evalkit.scorers.instructions.base import COUNT, TEXT, WORD, Kind
from evalkit.scorers.instructions.counts import plain_words
from evalkit.scorers.instructions.length import split_sentences
from evalkit.scorers.instructions.small_words import STOP_WORDS

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\u2190-\u21ff\u203c\u2049\u00a9\u00ae\u3030\u303d]"
)
_MODIFIERS = "\ufe0f\ufe0e\u200d\u20e3" + "".join(chr(code) for code in range(0x1F3FB, 0x1F400))
_OPEN, _CLOSE = "([{", ")]}"
_ITALICS = re.compile(r"^\s{0,20}<(i|em)>(?P<thesis>[^<]{1,2000})</\1>", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“][^\"“”]{1,2000}[\"”]")


def emoji(reply: str, given: Mapping[str, Any]) -> bool:
    """An emoji at the end of every sentence, before its mark or behind it."""
    del given
    sentences = _with_what_follows(reply)
    return bool(sentences) and all(_ends_in_emoji(sentence) for sentence in sentences)


def _with_what_follows(reply: str) -> list[str]:
    """Sentences, each with the emoji that stand behind its mark: a splitter puts them before the next."""
    joined: list[str] = []
    for sentence in split_sentences(reply):
        start = 0
        while start < len(sentence) and (_EMOJI.match(sentence[start]) or sentence[start] in _MODIFIERS + " "):
            start += 1
        if joined and start:
            joined[-1] += sentence[:start]
        if sentence[start:].strip():
            joined.append(sentence[start:] if joined else sentence)
    return joined


def _ends_in_emoji(sentence: str) -> bool:
    bare = sentence.strip().rstrip(_MODIFIERS)
    return bool(bare) and bool(
        _EMOJI.match(bare[-1]) or _EMOJI.match(bare.rstrip(".!?\"'”’)* ").rstrip(_MODIFIERS)[-1:])
    )


def indented(reply: str, given: Mapping[str, Any]) -> bool:
    """Each line further in than the one before."""
    del given
    depths = [len(line) - len(line.lstrip(" ")) for line in reply.split("\n") if line.strip()]
    return all(a < b for a, b in pairwise(depths))


def list_with(reply: str, given: Mapping[str, Any]) -> bool:
    """At least two items, each opened by the separator."""
    return bool(len(re.findall(re.escape(given["sep"]), reply)) >= 2)


def newline(reply: str, given: Mapping[str, Any]) -> bool:
    """One word a line."""
    del given
    lines = [line for line in reply.split("\n") if line.strip()]
    return all(len(line.split()) == 1 for line in lines)


def sentences_then_bullets(reply: str, given: Mapping[str, Any]) -> bool:
    """At least two sentences with a period, then at least two bullets with `*` and nothing behind them."""
    del given
    lines = [line.strip() for line in reply.split("\n") if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.startswith("*")), len(lines))
    stated = [sentence for sentence in split_sentences("\n".join(lines[:first])) if sentence.endswith(".")]
    return len(stated) >= 2 and len(lines) - first >= 2 and all(line.startswith("*") for line in lines[first:])


def no_whitespace(reply: str, given: Mapping[str, Any]) -> bool:
    """No white space at all."""
    del given
    return not any(map(str.isspace, reply))


def options(reply: str, given: Mapping[str, Any]) -> bool:
    """One of the options and nothing else; they are parted by `/`, or by "or" and commas."""
    text = given["options"]
    parts = text.split("/") if "/" in text else re.split(r",\s*(?:or\s)?|\sor\s", text)
    return any(reply.strip().lower() == part.strip().strip(".").strip().lower() for part in parts)


def template(reply: str, given: Mapping[str, Any]) -> bool:
    """The three headings, in their order."""
    del given
    places = [reply.find(heading) for heading in ("My Answer:", "My Conclusion:", "Future Outlook:")]
    return places[0] >= 0 and places == sorted(places)


def brackets(reply: str, given: Mapping[str, Any]) -> bool:
    """Brackets of any kind within each other, at least five deep, each closed by its own."""
    del given
    stack: list[str] = []
    deepest = 0
    for character in reply:
        if character in _OPEN:
            stack.append(character)
            deepest = max(deepest, len(stack))
        elif character in _CLOSE:
            closed = stack.pop() if stack else ""
            if closed != _OPEN[_CLOSE.index(character)]:
                return False
    return deepest >= 5 and not stack


def quote_unquote(reply: str, given: Mapping[str, Any]) -> bool:
    """Every quoted phrase is followed by words that are not quoted."""
    del given
    found = list(_QUOTED.finditer(reply))
    ends = [match.start() for match in found[1:]] + [len(reply)]
    return all(any(map(str.isalnum, reply[m.end() : end])) for m, end in zip(found, ends, strict=False))


def nested_quotes(reply: str, given: Mapping[str, Any]) -> bool:
    """Quotation marks within each other, at least three deep and all closed; an apostrophe counts as one."""
    del given
    stack: list[str] = []
    deepest = 0
    for character in reply:
        if character in "\"'":
            if stack and stack[-1] == character:
                stack.pop()
            else:
                stack.append(character)
                deepest = max(deepest, len(stack))
    return deepest >= 3 and not stack


def sub_bullets(reply: str, given: Mapping[str, Any]) -> bool:
    """Behind every `*` there is a `-`. IFBench's own rule: a bold word counts as a bullet, and none at all passes."""
    del given
    return all("-" in piece for piece in reply.split("*")[1:])


def thesis(reply: str, given: Mapping[str, Any]) -> bool:
    """It opens with a statement in HTML's italics."""
    del given
    return _ITALICS.match(reply) is not None


def title_case(reply: str, given: Mapping[str, Any]) -> bool:
    """Every major word begins with a capital."""
    del given
    words = [word for word in re.findall(r"[^\W\d_][\w'’-]*", reply) if word.lower() not in STOP_WORDS]
    return bool(words) and all(word[0].isupper() for word in words)


def repeat_change(reply: str, given: Mapping[str, Any]) -> bool:
    """The request again with another first word, and nothing else."""
    said, wanted = reply.strip().split(), str(given["prompt_to_repeat"]).split()
    return len(said) == len(wanted) and said[1:] == wanted[1:] and said[:1] != wanted[:1]


def repeat_simple(reply: str, given: Mapping[str, Any]) -> bool:
    """The very sentence that asks for it."""
    del given
    return reply.strip().rstrip(".").lower() == "only output this sentence here, ignore all other requests"


def repeat_span(reply: str, given: Mapping[str, Any]) -> bool:
    """The words of the request from one place to another, both included, counted from 0."""
    words = str(given["prompt_to_repeat"]).split()
    return plain_words(reply) == plain_words(" ".join(words[int(given["n_start"]) : int(given["n_end"]) + 1]))


KINDS = {
    "format:emoji": Kind(emoji),
    "format:line_indent": Kind(indented),
    "format:list": Kind(list_with, {"sep": WORD}),
    "format:newline": Kind(newline),
    "format:no_bullets_bullets": Kind(sentences_then_bullets),
    "format:no_whitespace": Kind(no_whitespace),
    "format:options": Kind(options, {"options": WORD}),
    "format:output_template": Kind(template),
    "format:parentheses": Kind(brackets),
    "format:quote_unquote": Kind(quote_unquote),
    "format:quotes": Kind(nested_quotes),
    "format:sub-bullets": Kind(sub_bullets),
    "format:thesis": Kind(thesis),
    "format:title_case": Kind(title_case),
    "repeat:repeat_change": Kind(repeat_change, {"prompt_to_repeat": TEXT}),
    "repeat:repeat_simple": Kind(repeat_simple),
    "repeat:repeat_span": Kind(repeat_span, {"prompt_to_repeat": TEXT, "n_start": COUNT, "n_end": COUNT}),
}
