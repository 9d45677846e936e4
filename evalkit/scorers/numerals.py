r"""Numbers as people and models write them, read exactly: the result is a fraction, never a rounded float.

    [n.value for n in find_numbers("It costs $1,234.50, or 3/4 less than −2×10^3.")]   # 2469/2, 3/4, -2000

Read: signs (also the Unicode minus, `- 5`, "minus 5", "negative 5"), thousands separators (comma, apostrophe, spaces,
Indian groups), decimals with a point or a comma (`1,234` is a thousand, `3,5` and `12,50` are decimals), exponents
(`1e3`, `2×10^3`, `10^6`, `10³`), fractions (`3/4`, `1 1/2`, `1½`, `\frac{3}{4}`, `\frac34`), digits of every script,
beside letters of scripts that write without spaces too, currency before, percent and units behind, "3 million", `5k`,
`3万`.

Found and not valued (`part`): what belongs to a larger expression (`3\sqrt{2}`, `2x + 3`, `72π`, `5!`, `5 ± 1`, `3-5`,
`6:2`, `101_2`, "half of 5", "5 squared", an operand without its result). Found and no quantity (`other`): ordinals
(`2nd`), dates, times, versions (`1.2.3`, `1/2/2024`, `10:30`). Not found: numbers inside words (`H2O`, `x1`) or in
exponents of units (`m^2`), number words ("forty-two"), anything divided by zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from evalkit.scorers.number_words import SCALE_WORDS
from evalkit.scorers.numbers_in_words import (
    COMPUTED_WITH,
    COMPUTES,
    FRACTION_OF,
    MIXED_BEFORE,
    MIXED_BEHIND,
    SCALED_BEFORE,
    SMALLER_UNIT,
)
from evalkit.scorers.numerals_plain import IN_BASE, IS_BASE, IS_BASE_BEHIND, LITERAL, simplify

__all__ = ["Number", "find_numbers", "find_quantities", "read_number", "simplify"]

_MOST_DIGITS = 400
_LARGEST_EXPONENT = 400
_SCALES = {
    **{"hundred": 100, "dozen": 12, "thousand": 10**3, "k": 10**3, "million": 10**6, "mn": 10**6, "m": 10**6},
    **{"billion": 10**9, "bn": 10**9, "b": 10**9, "trillion": 10**12, "tn": 10**12, "lakh": 10**5, "crore": 10**7},
    **{"千": 10**3, "천": 10**3, "万": 10**4, "萬": 10**4, "만": 10**4, "亿": 10**8, "億": 10**8, "억": 10**8},
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number found in a text."""

    value: Fraction
    """0 where the kind is not `plain`."""
    start: int
    end: int
    """Where it stands in the text that was searched: [start, end), unit and percent sign left out."""
    percent: bool
    """Whether a percent sign (or the word) follows; `value` is then still the figure before it: 50 for 50 %."""
    kind: Literal["plain", "part", "other"] = "plain"


_POINTED = r"(?:€|EUR\b|[eE]uros?\b|₺|TL\b|[lL]iras?\b|kr\b|Kč|zł|Ft\b|lei\b|₫|đồng\b|VND\b|reais\b|rupiah\b|pesos\b)"
"""Money of places that write 1.250 for a thousand and some; none of it has three decimals."""
# Possessive quantifiers (Python 3.11) keep every part from being tried twice: linear in the text.
_WHOLE = (
    r"[1-9]\d?+(?:,\d\d(?!\d)){1,8}+,\d{3}(?!\d)|[1-9]\d{0,2}+(?:[,'’\u00a0\u2009\u202f]\d{3}(?!\d))++"
    r"|[1-9]\d{0,2}+(?: \d{3}(?![\d/]))++"
    r"|\d{1,3}+(?:\.\d{3}(?!\d)){1,8}+(?=,\d{1,2}(?!\d))|[1-9]\d{0,2}+(?:\.\d{3}(?!\d)){2,8}+(?![.\d])"
    rf"|[1-9]\d{{0,2}}+\.\d{{3}}(?!\d)(?= ?{_POINTED})"
    r"|(?:(?<=Rp)|(?<=Rp )|(?<=Rp\. )|(?<=R\$)|(?<=R\$ )|(?<=₺)|(?<=€)|(?<=€ ))[1-9]\d{0,2}+\.\d{3}(?!\d)|\d++"
)
_FRAC = r"\{ ?(?P<{0}>-?[\d.,]++) ?\}"
_LETTER = r"A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
_NUMBER = re.compile(
    rf"(?=[-+$€£¥₹.\d\\])(?<![{_LETTER}\d_\\])(?<!\d[./])(?<!\.)"
    r"(?P<sign>[-+](?=[$€£¥₹]?[\d.\\]))?(?P<currency>[$€£¥₹] ?)?(?P<inner>-(?=[\d.]))?"
    r"(?:(?P<mixed2>\d{1,9}+) ?(?=\\[dtc]?frac))?"
    rf"(?:\\[dtc]?frac ?(?:{_FRAC.replace('{0}', 'ftop')} ?{_FRAC.replace('{0}', 'fbottom')}"
    r"|(?P<top1>\d) ?(?P<bottom1>\d))"
    rf"|(?:(?P<mixed>\d++) (?=\d++/\d))?(?P<whole>{_WHOLE})?"
    r"(?P<part>\.\d++|,(?:\d{1,2}|\d{4,})(?!\d)|(?<=\b0),\d++)?"
    r"(?:(?P<exp>[eE][-+]?\d++)| ?(?:×|\\times|\\cdot|\*|x|·) ?10 ?(?:\^|\*\*) ?[{(]?(?P<ten>[-+]?\d++)[)}]?"
    r"| ?(?:\^|\*\*) ?(?:\{ ?(?P<power1>[-+]?\d++) ?\}|\(? ?(?P<power2>[-+]?\d++) ?\)?))?"
    r"(?: ?/ ?(?P<over>\d++)(?![.,]\d))?)"
)
_CHAIN = re.compile(r"\.\d|/\d|:\d\d|-\d\d(?:-\d\d)\b|-\d{2}-\d{2}\b")
_PERCENT = re.compile(r" ?\\?%| (?:percent|per cent|pct|prozent|por ciento|pour cent)\b", re.IGNORECASE)
_SCALE = re.compile(
    r"[ -]?(dozen\b|(?:hundred|thousand|million|billion|trillion|lakh|crore)(?=s?\b))s?"
    rf"|[ ]({SCALE_WORDS})(?!\w)"
    r"|(?-i:(k|K|M|B|bn|mn|tn)(?![A-Za-z\d]))"
    r"| (bn|mn|tn)\b|[ ]?(千(?![克米瓦卡焦帕伏赫])|[万萬億亿만억천])",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b")
_DEGREE = r"\{? ?(?:\\circ|\\degree|°|∘|º)"
_THEN = re.compile(
    rf" ?(?:\\sqrt|√|\\pi\b|π|\\cdot\b|\\times\b|\\div\b|÷|\\pm\b|\\mp\b|±|\+ ?/ ?-|\\log|\\ln|\\sin|\\cos|\\binom)"
    rf"|[xyzijnpquvwXYZN](?![{_LETTER}])| ?e(?=\^)|h\d\d\b|x(?=[\^+\-*/ ]*[\dyz(])| ?\^(?!{_DEGREE})"
    r"| ?[*×·] ?(?=[\d($\\]|[a-z]\b)| ?\+ ?(?=[\d($\\.]|[a-z]\b|\d)|\+(?!\w)| x (?=\d)"
    r"| ?- ?(?=[\d$\\(]|[a-z]\b)|:\d| : \d|_[\w{]| ?/ ?(?=[xyzn]\b|\()"
    r"|\((?=[^()]{0,20}[a-z][^()]{0,20}\))(?=[^()\s]+\))"
    r"| (?:choose|mod|plus|minus|times|divided by|multiplied by) ?(?=[\d$(\\])| ?!(?=[ ]?[-+*/=)}^])|x[A-Fa-f\d]"
    r"| ?(?:=|\\approx|≈|equals\b)",
)
"""What makes the number before it a part of something larger."""
_AHEAD = 60
_BEFORE = re.compile(
    r"(?:\\sqrt ?(?:\[\d\])? ?\{?|√ ?\(?|\\?\b(?:log|ln|sin|cos|tan|cot|sec|csc|exp|sqrt|arcsin|arccos|arctan)"
    r"(?:_\{?\w+\}?)?"
    r" ?[({]?|[*×·÷^] ?\{?"
    r"|\w ?\+ ?|[)}\]%$] ?\+ ?|\\(?:times|cdot|div|pm|mp|log|ln|sin|cos|tan|exp) ?[{(]?|± ?|\+ ?/ ?- ?|\|"
    r"|[\d)}\]%] ?- ?|\b[a-z] ?- ?|[\w)}] ?/ ?|\d:|\d,|\d ?x |\broots? of |\d[ \w.%]{0,20}\b(?:minus|plus) "
    r"|\b(?:times|multiplied by|divided by|choose|mod) )$"
)
"""What makes the number behind it a part of something larger."""
_BACK = 40
_SPACED_MINUS = re.compile(
    r"(?:^|[=:({\[]|\b(?:is|are|was|be|equals|to|es|est|ist|é|è)|[是为は은는]) ?- $|^\s*- $", re.IGNORECASE
)
_NEGATIVE = re.compile(
    r"\b(?:minus|negative|moins|menos|meno|минус|мінус|âm|eksi|mínusz?|mīnus|miinus|μείον|מינוס|سالب|ناقص|منفی"
    r"|منفي|hasi|"
    r"(?:is|van|tot|naar|was|op) min) ?[$€£]?$|(?:负|負|マイナス|마이너스|음수|ลบ|माइनस|ऋण|ঋণাত্মক|মাইনাস"
    r"|零下|氷点下|영하) ?$",
    re.IGNORECASE,
)
_BELOW_ZERO = re.compile(
    r" ?(?:°|º|degrees?|grad|degr[eé]s|grados|gradi|graus|graden|stopni|градус\w*)? ?"
    r"(?:celsius|fahrenheit|kelvin|[CF]\b)? ?"
    r"(?:below (?:zero|freezing)|unter null|bajo cero|(?:au-dessous|en dessous) de zéro|sotto (?:lo )?zero"
    r"|abaixo de zero|onder nul|poniżej zera|ниже нуля)(?!\w)",
    re.IGNORECASE,
)
"""Behind a number that is negative by it."""


def find_numbers(text: str) -> Iterator[Number]:
    """Every plain number of a simplified text, from left to right."""
    return (number for number in find_quantities(text) if number.kind == "plain")


def find_quantities(text: str) -> Iterator[Number]:
    """Everything with digits in a simplified text that stands by itself, of every kind, from left to right."""
    position = 0
    while position < len(text) and (match := _NUMBER.search(text, position)) is not None:
        position = max(match.end(), match.start() + 1)
        if match.end() == match.start() or not any(c.isdigit() for c in match[0]):
            continue
        if _is_exponent(text, match.start()):
            continue
        number = _read(match, text)
        position = max(position, number.end)
        yield number


@lru_cache(maxsize=1024)  # targets are read once for every model and repeat
def read_number(text: str) -> Number | None:
    """The number that the text is, apart from sign, currency and unit; None when it is not one."""
    text = simplify(text).strip().strip("$").strip()
    found = next(find_quantities(text), None)
    if found is None or found.kind != "plain" or found.start != 0:
        return None
    return None if re.search(r"(?<!\^)(?<!\^\{)\d", text[found.end :]) else found


def _is_exponent(text: str, start: int) -> bool:
    """Whether digits stand in the exponent or index of a unit or a variable: `m^2`, `x_1`, `s^{-1}`."""
    before = text[max(0, start - 4) : start]
    return re.search(rf"[{_LETTER})}}\]][\^_]\{{?$", before) is not None


def _read(match: re.Match[str], text: str) -> Number:  # noqa: PLR0911 - a table, read from the top
    start, end = match.start(), match.end()
    is_fraction = match["ftop"] is not None or match["top1"] is not None
    if end - start <= _MOST_DIGITS:
        if not is_fraction and _CHAIN.match(text, end):
            return Number(Fraction(0), start, _end_of_chain(text, end), percent=False, kind="other")
        if match["over"] is None and _ORDINAL.match(text, end):
            return Number(Fraction(0), start, end, percent=False, kind="other")
    before = text[max(0, start - _BACK) : start]
    if match[0] == "0" and (literal := LITERAL.match(text, end)) is not None:
        return Number(Fraction(0), start, literal.end(), percent=False, kind="other")
    if IS_BASE.search(before) or IS_BASE_BEHIND.match(text, end):
        return Number(Fraction(0), start, end, percent=False, kind="other")
    value = _value(match) if end - start <= _MOST_DIGITS else None
    is_mixed = _is_mixed(before, text[end : end + _AHEAD])
    scale = _SCALE.match(text, end)
    if scale:
        end = scale.end()
    is_share = is_fraction or match["over"] is not None
    if (
        value is None
        or is_mixed
        or _is_operand(match, before)
        or _continues(text, end)
        or _is_list(match, text)
        or _is_misgrouped(match)
        or IN_BASE.match(text, end)
        or (is_share and FRACTION_OF.match(text, end))
    ):
        return Number(Fraction(0), start, end, percent=False, kind="part")
    if scale:
        value *= _scale(next(word for word in scale.groups() if word).lower())
    if match["sign"] == "-" or match["inner"] is not None:
        value = -value
    elif match["sign"] is None and (led := _sign_before(before)) is not None:
        value, start = -value, start - len(led)
    elif match["sign"] is None and (under := _BELOW_ZERO.match(text, end)) is not None:
        value, end = -value, under.end()
    if re.match(r" ?‰", text[end : end + 2]):
        return Number(value / 10, start, end, percent=True)
    return Number(value, start, end, _PERCENT.match(text, end) is not None)


def _scale(word: str) -> int:
    """What a word behind a number multiplies it by, in English (the table) or by how it begins in another language."""
    if word in _SCALES:
        return _SCALES[word]
    if word in ("लाख", "करोड़", "दस लाख"):
        return {"लाख": 10**5, "करोड़": 10**7, "दस लाख": 10**6}[word]
    if re.match(r"milli?ard|mili?jard|mrd|miljard|milyar|tỷ|миллиард|мільярд|млрд", word):
        return 10**9
    return (
        10**6
        if re.match(r"milli?on|mili[oj]|mio|millón|milh|miljo|milyon|juta|triệu|миллион|мільйон|млн", word)
        else 10**3
    )


def _is_mixed(before: str, ahead: str) -> bool:
    """Whether the number is one part of a quantity in several units or scales. Two of one unit are two quantities."""
    behind = MIXED_BEHIND.match(ahead)
    if SCALED_BEFORE.search(before) or (behind is not None and not _same_unit(behind["big"], behind["small"])):
        return True
    small, big = SMALLER_UNIT.match(ahead), MIXED_BEFORE.search(before)
    return small is not None and big is not None and not _same_unit(big["big"], small["small"])


def _same_unit(one: str | None, other: str | None) -> bool:
    """Whether two words are one unit: hour and hours, but not m and min."""
    if one is None or other is None:
        return False
    one, other = sorted((one.lower().rstrip("s."), other.lower().rstrip("s.")), key=len)
    return one == other or (len(one) > 2 and other.startswith(one))


def _is_list(match: re.Match[str], text: str) -> bool:
    """Whether the comma of `3,5` parts two numbers: in brackets, or where more commas follow."""
    if not (match["part"] or "").startswith(","):
        return False
    start, end = match.start(), match.end()
    bracketed = text[max(0, start - 1) : start] in ("(", "[") and text[end : end + 1] in (")", "]")
    return bracketed or re.match(r",-?\d", text[end : end + 3]) is not None


def _is_misgrouped(match: re.Match[str]) -> bool:
    """Whether commas part both thousands and decimals: `1,234,56`."""
    return (match["part"] or "").startswith(",") and "," in (match["whole"] or "")


def _continues(text: str, end: int) -> bool:
    ahead = text[end : end + _AHEAD]
    if _THEN.match(ahead) or COMPUTES.match(ahead):
        return True
    if ahead[:1] == "!" and not ahead[1:].strip():  # `5!` alone is a factorial, "It is 5!" an exclamation
        line = text[max(0, end - 300) : end].rpartition("\n")[2]
        return re.search(rf"[{_LETTER}]{{2}}|[^\W\d_a-zA-Z]", line) is None
    return False


def _is_operand(match: re.Match[str], before: str) -> bool:
    """Whether something is computed with the number: a sign behind an operand is an operator."""
    if COMPUTED_WITH.search(before):
        return True
    if match["sign"] is None:
        return _BEFORE.search(before) is not None
    return re.search(r"(?:\d|[)}\]%]|\b[A-Za-z]) ?$", before) is not None


def _sign_before(before: str) -> str | None:
    """The words, or the minus with a space, that make the number negative; a list's dash does not."""
    if before.endswith("- "):
        listed = "\n- " in before and before.strip() != "-"
        return "- " if not listed and _SPACED_MINUS.search(before) else None
    found = _NEGATIVE.search(before)
    return found[0] if found else None


def _end_of_chain(text: str, position: int) -> int:
    while position < len(text) and (text[position].isdigit() or text[position] in "./:-"):
        position += 1
    return position


def _value(match: re.Match[str]) -> Fraction | None:
    """The value without its sign; None for a division by zero or an absurd size."""
    top, bottom = match["ftop"] or match["top1"], match["fbottom"] or match["bottom1"]
    if top is not None:
        above, below = _plain(top), _plain(bottom)
        if above is None or below is None or below == 0:
            return None
        return above / below + int(match["mixed2"] or 0)
    whole, part = match["whole"], match["part"] or ""
    if whole is None and not part:
        return None
    value = Fraction((re.sub(r"\D", "", whole) if whole else "0") + part.replace(",", "."))
    exponent = int(match["ten"] or (match["exp"] or "e0")[1:])
    if abs(exponent) > _LARGEST_EXPONENT or (match["over"] is not None and int(match["over"]) == 0):
        return None
    if (power := match["power1"] or match["power2"]) is not None:
        if abs(int(power)) * max(len(whole or ""), len(part), 1) > _LARGEST_EXPONENT or (
            value == 0 and int(power) <= 0
        ):
            return None
        value = value ** int(power)
    value = value * Fraction(10) ** exponent / int(match["over"] or 1)
    return value + int(match["mixed"] or 0)


def _plain(digits: str) -> Fraction | None:
    try:
        return Fraction(digits.replace(",", ""))
    except ValueError:
        return None
