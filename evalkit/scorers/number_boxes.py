"""What a reply boxes, and the form in which a number is found.

last_boxed("so $\\boxed{\\frac{1}{2}}$")     # "\\frac{1}{2}"
"""

from __future__ import annotations

import re
from typing import NamedTuple

from evalkit.scorers import number_words as words
from evalkit.scorers.languages import any_phrase
from evalkit.scorers.number_doubts import is_supposed
from evalkit.scorers.numerals import Number, find_quantities


class FoundNumber(NamedTuple):
    """What a reply gives as its number."""

    number: Number | None
    shown: str | None
    """The number as written."""
    reason: str
    blocks: bool = False
    """Whether the words settle that no number is given, so that no other may be taken."""


def last_boxed(text: str) -> str | None:
    r"""What stands in the last `\boxed{..}`, braces matched; None when nothing is boxed or the brace never closes."""
    box = find_box(text)
    return None if box is None else text[box[0] : box[1]]


_BOX = re.compile(r"\\f?box(?:ed)? {0,3}\{")


def find_box(text: str) -> tuple[int, int] | None:
    last = None
    for last in _BOX.finditer(text):  # noqa: B007 - the last one counts
        pass
    if last is None:
        return None
    depth = 0
    for position in range(last.end() - 1, len(text)):
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if depth == 0:
                return last.end(), position
    return None


_UNIT = re.compile(
    r"\\(?:text|mathrm|textbf|mbox|textrm|rm|operatorname)\s?\{[^{}]{0,60}\}(?:\^\{?-?\d\}?)?|\^?\{?\\circ\}?"
    r"|\\(?:degree|approx|quad|qquad|displaystyle)\b|\\[()\[\]]|\\(?:d|t)?frac(?=\W*$)|[A-Za-z]{1,4}\^\{?-?\d\}?|[A-Za-z]+/[A-Za-z]+"
    r"|-[A-Za-z]{2,}"
)


def read_box(content: str) -> FoundNumber:
    """The number that is boxed: nothing else may be computed or said beside it."""
    plain = content.rpartition("=")[2] if "=" in content else content
    if re.search(r"[<>≤≥≠]|\\(?:neq?|geq?|leq?|gt|lt)\b", content):
        return FoundNumber(None, None, f"the box is not a single number: {shortened(content)}", blocks=True)
    found = next(find_quantities(plain), None)
    if found is None:
        return FoundNumber(None, None, f"the box holds no number: {shortened(content)}", blocks=True)
    around = plain[: found.start] + " " + plain[found.end :]
    left = _UNIT.sub(" ", around)
    said = (words.BOUND, words.DENIED, words.HEDGED, re.compile(r"\b(?:minus|negative|or|and)\b", re.IGNORECASE))
    if (
        found.kind != "plain"
        or re.search(r"[\d\\+*^<>±√π|_!]|-(?!\s*$)|(?<![A-Za-z])[xyzwnkpq](?![A-Za-z])", left)
        or any(pattern.search(around) for pattern in said)
    ):
        return FoundNumber(None, None, f"the box is not a single number: {shortened(content)}", blocks=True)
    return FoundNumber(found, plain[found.start : found.end], "boxed")


_NO_THEN = re.compile(
    r"(?:^|[\n.!?])[\s*]*(?:no|nope|non|nein|nee|não|nie|нет|hayır)[:,.;!][\s$*:(\[\\]*\\?f?box(?:ed)? ?\{?$",
    re.IGNORECASE,
)
"""A no to what was asked before, and then the answer: "Maybe 14? No: \\boxed{15}"."""


def denied_before(before: str) -> bool:
    """Whether the words that lead to a box deny it: "it is not \\boxed{..}"."""
    return words.DENIED_BOX.search(before[-100:]) is not None and _NO_THEN.search(before[-40:]) is None


_DENIED_BEHIND = re.compile(
    r"[\s}$*)\]\\]*(?:[,–—-] ?)?(?:(?:which|this|that|it|but (?:that|this|it)) )?"
    rf"(?:(?:{any_phrase('be', 'would').pattern})(?: \w+ly)? (?:(?:{any_phrase('wrong').pattern})"
    r"|not (?:the|my|a|an) (?:\w+ )?(?:answer|solution))(?!\w)"
    r"|(?:isn'?t|wasn'?t|ain'?t) (?:right|correct|true|possible|valid|it"
    r"|(?:the|my|a|an) (?:\w+ )?(?:answer|solution))\b"
    r"|(?:can(?:not|'?t| not)|could(?: not|n'?t)) (?:\w+ly )?be (?:right|correct|true|it|the (?:\w+ )?answer)\b)",
    re.IGNORECASE,
)


def box_denied(behind: str) -> bool:
    """Whether the sentence of a box goes on to deny it: "$\\boxed{5}$ cannot be right, because .."."""
    return _DENIED_BEHIND.match(behind) is not None


_ONE_SENTENCE = 120
"""Characters of a reply that may be one sentence."""
_ENDS = re.compile(r"\n|[.!?](?=\s|$)|[。！？]")
_OPENS = r"[\s$*:(\[\\]*\\f?box(?:ed)? {0,3}\{"
_GUESSED = re.compile(
    rf"(?:{words.HEDGED.pattern}|{words.DISBELIEVED.pattern}|{words.UNSURE.pattern}|\bi(?:'d| would)? guess\b)"
    rf"(?: be| it(?:'s| is)| that it(?:'s| is))?{_OPENS}$",
    re.IGNORECASE,
)


def box_in_doubt(reply: str, at: int) -> str | None:
    """Why a box whose content begins at `at` is no answer: it is only supposed or, where the reply is one sentence,
    asked or guessed. None where it is one."""
    if is_supposed(reply, at):
        return "what is boxed is only supposed"
    sentence = reply.strip()
    if len(sentence) > _ONE_SENTENCE or _ENDS.search(sentence.rstrip(".!?。？！$ ")):
        return None
    if sentence.rstrip("$ ")[-1:] in {"?", "？"}:
        return "the reply is a question"
    behind = sentence.rpartition("}")[2]
    hedged = _GUESSED.search(reply[:at]) or words.HEDGED_AFTER.match(behind)
    return "what is boxed is hedged" if hedged else None


def shortened(text: str) -> str:
    return repr(text.strip()[:80])
