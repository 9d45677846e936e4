"""What a reply boxes, and the form in which a number is found.

last_boxed("so $\\boxed{\\frac{1}{2}}$")     # "\\frac{1}{2}"
"""

from __future__ import annotations

import re
from typing import NamedTuple

from evalkit.scorers import number_words as words
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


def shortened(text: str) -> str:
    return repr(text.strip()[:80])
