r"""Numbers as people and models write them, read exactly: the result is a fraction, never a rounded float.

    [n.value for n in find_numbers("It costs $1,234.50, or 3/4 less than −2×10^3.")]   # 2469/2, 3/4, -2000

Read: signs (also the Unicode minus), thousands separators (comma, apostrophe, thin and no-break space; a plain space
only inside LaTeX), decimals, exponents (`1e3`, `2×10^3`, `2 \times 10^{3}`), fractions (`3/4`, `1 1/2`, `\frac{3}{4}`,
`\frac34`), currency before, percent and units behind, "3 million". Not read: numbers inside words (`H2O`, `x1`),
version and date chains (`1.2.3`, `1/2/2024`), ordinals (`2nd`), words ("forty-two"), a decimal comma (`3,5` is two
numbers), anything divided by zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

_MOST_DIGITS = 400
_LARGEST_EXPONENT = 400
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


@dataclass(frozen=True, slots=True)
class Number:
    """A number found in a text."""

    value: Fraction
    start: int
    end: int
    """Where it stands in the text that was searched: [start, end), unit and percent sign left out."""
    percent: bool
    """Whether a percent sign (or the word) follows; `value` is then still the figure before it: 50 for 50 %."""


# Possessive quantifiers (Python 3.11) keep every part from being tried twice: linear in the text.
_WHOLE = r"\d{1,3}+(?:[,'\u00a0\u2009\u202f]\d{3}(?!\d))++|\d++"
_NUMBER = re.compile(
    r"(?=[-+$€£¥₹.\d\\])(?<![\w\\])(?<!\d[./])(?<!\.)"
    r"(?P<sign>[-+](?=[$€£¥₹]?[\d.\\]))?(?P<currency>[$€£¥₹] ?)?(?P<inner>-(?=[\d.]))?"
    r"(?:\\[dt]?frac ?(?:\{ ?(?P<ftop>-?\d++) ?\} ?\{ ?(?P<fbottom>\d++) ?\}|(?P<top1>\d)(?P<bottom1>\d))"
    rf"|(?:(?P<mixed>\d++) (?=\d++/\d))?(?P<whole>{_WHOLE})?(?P<part>\.\d++)?"
    r"(?:(?P<exp>[eE][-+]?\d++)| ?(?:×|\\times|\\cdot|\*|x) ?10 ?(?:\^|\*\*) ?[{(]?(?P<ten>[-+]?\d++)[)}]?)?"
    r"(?: ?/ ?(?P<over>\d++))?)"
)
_CHAIN = re.compile(r"\.\d|/\d|:\d\d")
_PERCENT = re.compile(r" ?\\?%| percent\b| per cent\b", re.IGNORECASE)
_SCALE = re.compile(r"[ -](thousand|million|billion|trillion)\b", re.IGNORECASE)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")


def simplify(text: str) -> str:
    """The text with LaTeX spacing, escapes and typographic signs in the plain form that `find_numbers` reads."""
    if not text.isascii():
        text = text.translate(_PLAIN)
    if "\\" in text:
        for latex, plain in _LATEX:
            text = text.replace(latex, plain)
    return text.replace("{,}", ",")


_PLAIN = {ord("−"): "-", ord("–"): "-", ord("﹣"): "-", ord("－"): "-", ord("∕"): "/", ord("⁄"): "/", ord("％"): "%"}
_PLAIN |= {ord("０") + digit: str(digit) for digit in range(10)}
_LATEX = (
    ("\\!", ""), ("\\,", ""), ("\\;", " "), ("\\ ", " "), ("\\$", "$"), ("\\%", "%"), ("\\left", ""), ("\\right", ""),
)  # fmt: skip


def find_numbers(text: str) -> Iterator[Number]:
    """Every number of a simplified text, from left to right."""
    skip_to = 0
    position = 0
    while position < len(text) and (match := _NUMBER.search(text, position)) is not None:
        position = max(match.end(), match.start() + 1)
        if match.start() < skip_to or (number := _read(match, text)) is None:
            if match.end() > match.start() and (chain := _CHAIN.match(text, match.end())):
                skip_to = position = _end_of_chain(text, chain.end())
            continue
        yield number


@lru_cache(maxsize=1024)  # targets are read once for every model and repeat
def read_number(text: str) -> Number | None:
    """The number that the text is, apart from sign, currency and unit; None when it is not one."""
    text = simplify(text).strip().strip("$").strip()
    found = next(find_numbers(text), None)
    if found is None or found.start != 0 or any(character.isdigit() for character in text[found.end :]):
        return None
    return found


def _end_of_chain(text: str, position: int) -> int:
    while position < len(text) and (text[position].isdigit() or text[position] in "./:"):
        position += 1
    return position


def _read(match: re.Match[str], text: str) -> Number | None:
    """The number of a match; None when the match is empty or belongs to something that is no number."""
    end = match.end()
    if end - match.start() > _MOST_DIGITS or text[end : end + 1] == "_":
        return None
    value = _fraction(match) if match["whole"] is None and match["part"] is None else _decimal(match, text)
    if value is None:
        return None
    if match["sign"] == "-" or match["inner"] is not None:
        value = -value
    if scale := _SCALE.match(text, end):
        value *= _SCALES[scale[1].lower()]
        end = scale.end()
    return Number(value, match.start(), end, _PERCENT.match(text, end) is not None)


def _fraction(match: re.Match[str]) -> Fraction | None:
    r"""The value of a LaTeX `\frac`; None when there is none or it divides by zero."""
    top, bottom = match["ftop"] or match["top1"], match["fbottom"] or match["bottom1"]
    return None if top is None or int(bottom) == 0 else Fraction(int(top), int(bottom))


def _decimal(match: re.Match[str], text: str) -> Fraction | None:
    """The value of digits with what belongs to them; None for chains, ordinals, division by zero, absurd exponents."""
    if _CHAIN.match(text, match.end()) or (match["over"] is None and _ORDINAL.match(text, match.end())):
        return None
    value = Fraction((re.sub(r"\D", "", match["whole"]) if match["whole"] else "0") + (match["part"] or ""))
    exponent = int(match["ten"] or (match["exp"] or "e0")[1:])
    if abs(exponent) > _LARGEST_EXPONENT or (match["over"] is not None and int(match["over"]) == 0):
        return None
    value = value * Fraction(10) ** exponent / int(match["over"] or 1)
    return value + int(match["mixed"] or 0)
