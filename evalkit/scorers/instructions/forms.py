"""IFBench's `format:*` and `repeat:*`: lists, brackets, quotation marks, emoji, templates, the request again."""

from __future__ import annotations

import re
from itertools import pairwise

from evalkit.scorers.instructions.base import COUNT, TEXT, WORD, Kind, Parameters, alone
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


def emoji(reply: str) -> bool:
    """An emoji at the end of every sentence, before its mark or behind it."""
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


def indented(reply: str) -> bool:
    """Each line further in than the one before."""
    depths = [len(line) - len(line.lstrip(" ")) for line in reply.split("\n") if line.strip()]
    return all(a < b for a, b in pairwise(depths))


def list_with(reply: str, given: Parameters) -> bool:
    """At least two items, each opened by the separator."""
    return bool(len(re.findall(re.escape(given.text("sep")), reply)) >= 2)


def newline(reply: str) -> bool:
    """One word a line."""
    lines = [line for line in reply.split("\n") if line.strip()]
    return all(len(line.split()) == 1 for line in lines)


def sentences_then_bullets(reply: str) -> bool:
    """At least two sentences with a period, then at least two bullets with `*` and nothing behind them."""
    lines = [line.strip() for line in reply.split("\n") if line.strip()]
    first = next((n for n, line in enumerate(lines) if line.startswith("*")), len(lines))
    stated = [sentence for sentence in split_sentences("\n".join(lines[:first])) if sentence.endswith(".")]
    return len(stated) >= 2 and len(lines) - first >= 2 and all(line.startswith("*") for line in lines[first:])


def no_whitespace(reply: str) -> bool:
    """No white space at all."""
    return not any(map(str.isspace, reply))


def options(reply: str, given: Parameters) -> bool:
    """One of the options and nothing else; they are parted by `/`, or by "or" and commas."""
    text = given.text("options")
    parts = text.split("/") if "/" in text else re.split(r",\s*(?:or\s)?|\sor\s", text)
    return any(reply.strip().lower() == part.strip().strip(".").strip().lower() for part in parts)


def template(reply: str) -> bool:
    """The three headings, in their order."""
    places = [reply.find(heading) for heading in ("My Answer:", "My Conclusion:", "Future Outlook:")]
    return places[0] >= 0 and places == sorted(places)


def brackets(reply: str) -> bool:
    """Brackets of any kind within each other, at least five deep, each closed by its own."""
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


def quote_unquote(reply: str) -> bool:
    """Every quoted phrase is followed by words that are not quoted."""
    found = list(_QUOTED.finditer(reply))
    ends = [match.start() for match in found[1:]] + [len(reply)]
    return all(any(map(str.isalnum, reply[m.end() : end])) for m, end in zip(found, ends, strict=False))


def nested_quotes(reply: str) -> bool:
    """Quotation marks within each other, at least three deep and all closed; an apostrophe counts as one."""
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


def sub_bullets(reply: str) -> bool:
    """Behind every `*` there is a `-`. IFBench's own rule: a bold word counts as a bullet, and none at all passes."""
    return all("-" in piece for piece in reply.split("*")[1:])


def thesis(reply: str) -> bool:
    """It opens with a statement in HTML's italics."""
    return _ITALICS.match(reply) is not None


def title_case(reply: str) -> bool:
    """Every major word begins with a capital."""
    words = [word for word in re.findall(r"[^\W\d_][\w'’-]*", reply) if word.lower() not in STOP_WORDS]
    return bool(words) and all(word[0].isupper() for word in words)


def repeat_change(reply: str, given: Parameters) -> bool:
    """The request again with another first word, and nothing else."""
    said, wanted = reply.strip().split(), given.text("prompt_to_repeat").split()
    return len(said) == len(wanted) and said[1:] == wanted[1:] and said[:1] != wanted[:1]


def repeat_simple(reply: str) -> bool:
    """The very sentence that asks for it."""
    return reply.strip().rstrip(".").lower() == "only output this sentence here, ignore all other requests"


def repeat_span(reply: str, given: Parameters) -> bool:
    """The words of the request from one place to another, both included, counted from 0."""
    words = given.text("prompt_to_repeat").split()
    return plain_words(reply) == plain_words(
        " ".join(words[int(given.number("n_start")) : int(given.number("n_end")) + 1])
    )


KINDS = {
    "format:emoji": Kind(alone(emoji)),
    "format:line_indent": Kind(alone(indented)),
    "format:list": Kind(list_with, {"sep": WORD}),
    "format:newline": Kind(alone(newline)),
    "format:no_bullets_bullets": Kind(alone(sentences_then_bullets)),
    "format:no_whitespace": Kind(alone(no_whitespace)),
    "format:options": Kind(options, {"options": WORD}),
    "format:output_template": Kind(alone(template)),
    "format:parentheses": Kind(alone(brackets)),
    "format:quote_unquote": Kind(alone(quote_unquote)),
    "format:quotes": Kind(alone(nested_quotes)),
    "format:sub-bullets": Kind(alone(sub_bullets)),
    "format:thesis": Kind(alone(thesis)),
    "format:title_case": Kind(alone(title_case)),
    "repeat:repeat_change": Kind(repeat_change, {"prompt_to_repeat": TEXT}),
    "repeat:repeat_simple": Kind(alone(repeat_simple)),
    "repeat:repeat_span": Kind(repeat_span, {"prompt_to_repeat": TEXT, "n_start": COUNT, "n_end": COUNT}),
}
