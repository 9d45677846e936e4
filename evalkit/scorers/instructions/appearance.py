"""What can be seen in the text of a reply: IFEval's `keywords:*`, `detectable_format:*`, `detectable_content:*`,
`change_case:*`, `startend:*`, `punctuation:*` and `combination:*`, and evalkit's own `evalkit:exact_reply`.

Keywords: case never matters. Existence and frequency count the text wherever it stands, inside longer words too, as
IFEval does; forbidden words count only as whole words.

Case: IFEval also asks langdetect whether the reply is English. Here `language.is_english` says it: no other language,
no loop of one word, no list of names. langdetect is unseeded and wrong on single words, which count as English here.
"""

from __future__ import annotations

import json
import re
from unicodedata import normalize

from evalkit.scorers.instructions.base import COUNT, LETTER, RELATION, WORD, WORDS, Kind, Parameters, alone, holds
from evalkit.scorers.instructions.language import is_english
from evalkit.scorers.words import has_word

_PLACEHOLDER = re.compile(r"\[[^\[\]\n]*+\]")
_HIGHLIGHT = re.compile(r"\*([^\n*]*+)\*")
_BOLD = re.compile(r"\*\*([^\n*]*+)\*\*")
_FENCES = ("```json", "```Json", "```JSON", "```")
_FIXED_REPLIES = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def bullets(reply: str, given: Parameters) -> bool:
    """Exactly so many lines that open with `*` (not `**`) or `-`."""
    lines = (line.lstrip() for line in reply.split("\n"))
    n = sum(line.startswith("-") or (line.startswith("*") and line[1:2] not in ("*", "")) for line in lines)
    return n == given.number("num_bullets")


def highlights(reply: str, given: Parameters) -> bool:
    """At least so many `*highlighted*` or `**bold**` stretches within a line; empty ones do not count."""
    n = sum(bool(text.strip()) for pattern in (_HIGHLIGHT, _BOLD) for text in pattern.findall(reply))
    return n >= given.number("num_highlights")


def title(reply: str) -> bool:
    """A title in `<<double angular brackets>>`, on one line."""
    for line in reply.split("\n"):
        start, end = line.find("<<"), line.rfind(">>")
        if 0 <= start < end and line[start:end].strip("<> \t"):
            return True
    return False


def json_only(reply: str) -> bool:
    """The whole reply is JSON, in a Markdown fence or not."""
    text = reply.strip()
    for fence in _FENCES:
        text = text.removeprefix(fence)
    try:
        json.loads(text.removesuffix("```").strip())
    except (ValueError, RecursionError):
        return False
    return True


def fixed_reply(reply: str) -> bool:
    """One of "My answer is yes.", "My answer is no.", "My answer is maybe." appears."""
    return any(option in reply for option in _FIXED_REPLIES)


def sections(reply: str, given: Parameters) -> bool:
    """At least so many sections, each opened by the word and a number: `SECTION 1`."""
    found = re.findall(rf"{re.escape(given.text('section_spliter').strip())}\s?\d", reply)
    return len(found) >= given.number("num_sections")


def placeholders(reply: str, given: Parameters) -> bool:
    """At least so many `[placeholders]`."""
    return len(_PLACEHOLDER.findall(reply)) >= given.number("num_placeholders")


def postscript(reply: str, given: Parameters) -> bool:
    """A postscript opened by the marker; for P.S. and P.P.S the spaces between its letters do not matter."""
    marker = given.text("postscript_marker").strip()
    if marker == "P.P.S":
        return re.search(r"p\.\s?p\.\s?s", reply, re.IGNORECASE) is not None
    if marker == "P.S.":
        return re.search(r"p\.\s?s\.", reply, re.IGNORECASE) is not None
    return marker.lower() in reply.lower()


_FORMAT = {
    "detectable_format:number_bullet_lists": Kind(bullets, {"num_bullets": COUNT}),
    "detectable_format:number_highlighted_sections": Kind(highlights, {"num_highlights": COUNT}),
    "detectable_format:title": Kind(alone(title)),
    "detectable_format:json_format": Kind(alone(json_only)),
    "detectable_format:constrained_response": Kind(alone(fixed_reply)),
    "detectable_format:multiple_sections": Kind(sections, {"section_spliter": WORD, "num_sections": COUNT}),
    "detectable_content:number_placeholders": Kind(placeholders, {"num_placeholders": COUNT}),
    "detectable_content:postscript": Kind(postscript, {"postscript_marker": WORD}),
}


_DIVIDER = "******"
_COMMAS = ",，、،﹐﹑､፣՝߸⸲"


def ends_with(reply: str, given: Parameters) -> bool:
    """The reply ends with exactly this phrase, case apart; quotes around the reply are read through."""
    return reply.strip().strip('"').lower().endswith(given.text("end_phrase").strip().lower())


def quoted(reply: str) -> bool:
    """The whole reply stands in double quotation marks."""
    reply = reply.strip()
    return len(reply) > 1 and reply[0] == reply[-1] == '"'


def no_comma(reply: str) -> bool:
    """No comma anywhere, in any script."""
    return not any(comma in reply for comma in _COMMAS)


def two_responses(reply: str) -> bool:
    """Two different responses divided by six asterisks; an empty one is allowed only at the ends."""
    parts = [part.strip() for part in reply.split(_DIVIDER)]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeats_prompt(reply: str, given: Parameters) -> bool:
    """The reply opens with the prompt to repeat, word for word, case apart."""
    return reply.strip().lower().startswith(given.text("prompt_to_repeat").strip().lower())


def exact_reply(reply: str, given: Parameters) -> bool:
    """The reply is exactly this text; only white space around it is forgiven."""
    return reply.strip() == given.text("text").strip()


_EDGES = {
    "startend:end_checker": Kind(ends_with, {"end_phrase": WORD}),
    "startend:quotation": Kind(alone(quoted)),
    "punctuation:no_comma": Kind(alone(no_comma)),
    "combination:two_responses": Kind(alone(two_responses)),
    "combination:repeat_prompt": Kind(repeats_prompt, {"prompt_to_repeat": WORD}),
    "evalkit:exact_reply": Kind(exact_reply, {"text": WORD}),
}


# What stands between white space, without punctuation at its ends; inner apostrophes split as a tokenizer would.
_TOKEN = re.compile(r"[^\W_]++(?:[-./&_][^\W_]++)*+")


def all_capitals(reply: str) -> bool:
    """At least one letter, and no small one."""
    return reply.isupper() and is_english(reply)


def all_small(reply: str) -> bool:
    """At least one letter, and no capital."""
    return reply.islower() and is_english(reply)


def words_in_capitals(reply: str, given: Parameters) -> bool:
    """So many words are written in capitals, "A" and "I" included, hyphenated ones as one."""
    count = sum(match.group().isupper() for match in _TOKEN.finditer(reply))
    return holds(count, given.text("capital_relation"), given.number("capital_frequency"))


_CASE = {
    "change_case:english_capital": Kind(alone(all_capitals)),
    "change_case:english_lowercase": Kind(alone(all_small)),
    "change_case:capital_word_frequency": Kind(
        words_in_capitals, {"capital_frequency": COUNT, "capital_relation": RELATION}
    ),
}


def exist(reply: str, given: Parameters) -> bool:
    """Every keyword appears."""
    reply = _plain(reply)
    return all(_count(reply, _plain(word)) for word in given.texts("keywords"))


def appear_so_often(reply: str, given: Parameters) -> bool:
    """The keyword appears `frequency` times, by `relation`."""
    return holds(
        _count(_plain(reply), _plain(given.text("keyword").strip())), given.text("relation"), given.number("frequency")
    )


_TYPED = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "＇": "'", "‐": "-", "‑": "-", "\u00ad": None})
"""Apostrophes and hyphens as other keyboards and word processors type them."""


def _plain(text: str) -> str:
    """The text as words are looked for in it: composed, in small letters, with plain apostrophes and hyphens."""
    return normalize("NFC", text.lower()).translate(_TYPED)


def _count(reply: str, word: str) -> int:
    """How often the word stands in the reply; one of several words also where a line breaks between them."""
    parts = word.split()
    return reply.count(word) if len(parts) < 2 else " ".join(reply.split()).count(" ".join(parts))


def are_absent(reply: str, given: Parameters) -> bool:
    """No forbidden word appears as a word of its own (`evalkit.scorers.words`, for scripts without spaces)."""
    reply = " ".join(_plain(reply).split())
    return not any(has_word(reply, " ".join(_plain(word).split())) for word in given.texts("forbidden_words"))


def letter_appears_so_often(reply: str, given: Parameters) -> bool:
    """The letter (any character) appears `let_frequency` times, by `let_relation`."""
    return holds(
        reply.lower().count(given.text("letter").lower()), given.text("let_relation"), given.number("let_frequency")
    )


_KEYWORDS = {
    "keywords:existence": Kind(exist, {"keywords": WORDS}),
    "keywords:frequency": Kind(appear_so_often, {"keyword": WORD, "frequency": COUNT, "relation": RELATION}),
    "keywords:forbidden_words": Kind(are_absent, {"forbidden_words": WORDS}),
    "keywords:letter_frequency": Kind(
        letter_appears_so_often, {"letter": LETTER, "let_frequency": COUNT, "let_relation": RELATION}
    ),
}


KINDS = {**_KEYWORDS, **_FORMAT, **_CASE, **_EDGES}
