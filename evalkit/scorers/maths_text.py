r"""The text of mathematical answers: what a reply states, in one spelling, and what no algebra should join.

    stated("So the answer is (1, 2).", "(1,2)")      # Stated("(1, 2)")
    stated("The answer is not 7.", "7").refused      # "the statement is denied"
    plain("10\\,000")                                # "10000"
    differ("1011_2", "1011_3")                       # "the bases differ"

`differ` names pairs that math-verify calls equal and a careful person does not: it drops bases, units and brackets.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from evalkit.scorers import number_words as words
from evalkit.scorers.denials import denial_behind
from evalkit.scorers.languages import without_points
from evalkit.scorers.number_boxes import box_denied


class Stated(NamedTuple):
    """What a reply without a box states."""

    expression: str | None
    """None: nothing that is clearly an expression; the whole reply is then left to math-verify."""
    refused: str | None = None
    """Why the reply gives no answer."""


_DIGIT_GAP = re.compile(r"(?<=\d)(?:\\[,;:! ]|\{,\}|,\\!|~|[\u2009\u202f\u00a0])(?=\d{3}(?!\d))")
_DEGREES = re.compile(r"°|º|\^\s?\{?\s?\\degree\s?\}?|\\degree\b")
_LEADING_WORDS = re.compile(
    r"^\s*(?:\\(?:text|mathrm|textbf|mbox)\s?\{)?\s*(?:thus,? |so,? |hence,? )?(?:the )?(?:final |correct )?"
    r"(?:answer|solution|result)(?: is| =|:)?:?\s*\}?\s*(?=\S)",
    re.IGNORECASE,
)
_DOTS = re.compile(r"\\(?:[lcv]|d)?dots\b|…|\.\.\.")
_DECIMAL = re.compile(r"-?\d{1,30}\.\d{1,30}|-?\.\d{1,30}")
_BASE = re.compile(r"(?<![\w.}])([0-9A-Fa-f]*\d[0-9A-Fa-f]*)_\{?\s?(\d{1,2}|\\text\s?\{[^{}]{1,12}\})\s?\}?(?![\w^])")
_UNITS: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        "mm millimeter millimeters millimetre millimetres", "cm centimeter centimeters centimetre centimetres",
        "m meter meters metre metres", "km kilometer kilometers kilometre kilometres", "in inch inches", "ft foot feet",
        "yd yard yards", "mi mile miles", "mg milligram milligrams", "g gram grams", "kg kilogram kilograms",
        "lb lbs pound pounds", "oz ounce ounces", "ml milliliter milliliters", "l liter liters litre litres",
        "ms milliseconds", "s sec secs second seconds", "min mins minute minutes", "h hr hrs hour hours", "day days",
        "week weeks", "month months", "year years", "cent cents", "dollar dollars usd", "euro euros eur",
        "radian radians rad",
        "degree degrees", "percent", "dozen dozens", "hundred", "thousand", "million", "billion", "km/h kph",
        "mph", "m/s",
    )
)  # fmt: skip
_SCALED = frozenset({"dozen", "dozens", "hundred", "thousand", "million", "billion"})
_UNIT = re.compile(
    r"\d[\s~]*(?:\\[,; ]\s?)?(?:\\(?:text|mathrm|textrm|mbox|rm)\s?\{\s?~?\s?([A-Za-z/]+)\s?\}|([A-Za-z/]{1,12}))"
    r"\s*(?:\^\{?\d\}?)?\s*$"
)
_WORD = re.compile(r"(?<!\\)\b[A-Za-z]{3,}\b")
_FUNCTIONS = frozenset(
    (
        *("sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "log", "exp", "frac", "cdot", "times", "pi", "infty"),
        *("left", "right", "text", "arcsin", "arccos", "arctan"),
    )
)
_MATHS = re.compile(r"\$\$(.{1,400}?)\$\$|\$(.{1,400}?)\$|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]", re.DOTALL)
_END = re.compile(r"\n|[。！？]|[.!?;](?=\s|$)")


def plain(text: str) -> str:
    """The expression with thousands separators, degree signs, a closing point and leading words taken off."""
    text = _DIGIT_GAP.sub("", text.strip())
    text = _DEGREES.sub(r"^\\circ", text)
    text = _LEADING_WORDS.sub("", text, count=1) or text
    return re.sub(r"(?<=[\d})\]A-Za-z])[.,;](?=\s*\$?\s*$)", "", text)


def same_text(gold: str, answer: str) -> bool:
    """Whether two expressions are spelled alike, spacing and sizes of brackets and dots aside."""
    return _bare(gold) == _bare(answer)


def differ(gold: str, answer: str) -> str | None:
    """Why two expressions are not the same, whatever algebra says; None where algebra may decide."""
    pair = (gold, answer)
    decimals = [_DECIMAL.fullmatch(text.strip().strip("$")) for text in pair]
    bases = [{base for _, base in _BASE.findall(text)} for text in pair]
    units = [_unit(text) for text in pair]
    scaled = any(unit is not None and unit & _SCALED for unit in units)
    trigonometric = any(re.search(r"\\(?:sin|cos|tan)", text) for text in pair)
    reasons = {
        "the decimals differ": bool(decimals[0] and decimals[1]) and not _rounded(*(d[0] for d in decimals if d)),
        "the bases differ": all(bases) and bases[0] != bases[1],
        "the units differ": units[0] != units[1] and (None not in units or scaled),
        "one is a set, the other is not": {_shape(gold), _shape(answer)} == {"(", "{"},
        "only one says what is not": any(_UNEQUAL.search(text) for text in pair)
        and not all(map(_UNEQUAL.search, pair)),
        "only one is in degrees": trigonometric and ("\\circ" in gold) != ("\\circ" in answer),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _rounded(one: str, other: str) -> bool:
    """Whether two decimals are equal, or the shorter one has six places or more and is the longer one rounded."""
    a, b = sorted((Decimal(one), Decimal(other)), key=lambda value: -int(value.as_tuple().exponent))
    places = -int(a.as_tuple().exponent)
    return a == b or (places >= 6 and b.quantize(a) == a)


def has_dots(text: str) -> bool:
    """Whether the text leaves something out, like 1, 2, .., n: algebra does not read what is left out."""
    return _DOTS.search(text) is not None


def stated(reply: str, gold: str) -> Stated:
    """The expression that the last final statement of a reply without a box gives."""
    reply = without_points(reply)
    for match in reversed(list(words.ANSWER.finditer(reply))):
        rest = reply[match.end() : match.end() + 600].lstrip(" \t\n:：*")
        maths = _MATHS.match(rest) or _MATHS.search(rest[: end.start() if (end := _END.search(rest)) else len(rest)])
        end = _END.search(rest, maths.end() if maths else 0)
        sentence = rest[: end.start() if end else len(rest)]
        outside = _MATHS.sub(" ", sentence)
        if why := _open(match[0] + " " + outside, reply[max(0, match.start() - 60) : match.start()], gold):
            return Stated(None, why)
        at = match.end() + reply[match.end() : match.end() + 600].index(rest[:1]) if rest else match.end()
        if denial_behind(reply[at + len(sentence) :]) is not None:
            return Stated(None, "the next sentence denies the answer")
        if maths:
            return Stated(next(part for part in maths.groups() if part is not None))
        candidate = sentence.strip().strip("*$ ")
        if candidate and not [w for w in _WORD.findall(candidate) if w.lower() not in _FUNCTIONS]:
            return Stated(candidate)
        return Stated(None)
    return Stated(None, _open_end(reply, gold))


def _open_end(reply: str, gold: str) -> str | None:  # noqa: PLR0911 - a table, read from the top
    """Why a reply that is one sentence without a statement ("Probably 7", "not 7", "7?") gives nothing; None where it
    does. Of a longer reply the last expression counts, as before."""
    sentence = reply.strip()
    if len(sentence) > _ONE_SENTENCE or _END.search(sentence.rstrip(".!?。？！")):
        return None
    if sentence[-1:] in {"?", "？"}:
        return "the reply is a question"
    if _UNEQUAL.search(sentence) and not _UNEQUAL.search(gold) and "=" not in _UNEQUAL.sub("", sentence):
        return "the reply only says what the answer is not"
    if words.FORMER.search(sentence):
        return "the answer is a former opinion"
    outside = _MATHS.sub(" ", sentence)
    if "=" not in outside and len(_LONGER_WORD.findall(outside)) <= _FEW_WORDS:
        return "the statement is hedged" if _GUESSED.search(outside) else _open(outside, "", gold)
    # A whole sentence ("The maximum value is 12"): what stands right before the last expression counts alone.
    last = max(sentence.rfind("$", 0, sentence.rstrip(".$ ").rfind("$") + 1), -1) if "$" in sentence else -1
    numbers = list(_NUMBER.finditer(sentence))
    lead = sentence[: last if last > 0 else numbers[-1].start() if numbers else len(sentence)]
    if _GUESSED_BEFORE.search(lead):
        return "the statement is hedged"
    return "the statement is denied" if words.DENIED_BOX.search(lead) else None


_UNEQUAL = re.compile(r"≠|!=|\\neq?(?![a-zA-Z])|\\not ?=")
_ONE_SENTENCE = 120
_FEW_WORDS = 2
"""Words beside the expression up to which a reply is no sentence: "probably 7", "not 7"."""
_LONGER_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"-?\d[\d.,/]*")
_GUESSED = re.compile(rf"\bi(?:'d| would)? guess\b|{words.UNSURE.pattern}|{words.DISBELIEVED.pattern}", re.IGNORECASE)


_GUESSED_BEFORE = re.compile(
    rf"(?:{_GUESSED.pattern}|{words.HEDGED.pattern})(?: be| it's| it is| that it's| that it is)?[\s*:]*$", re.IGNORECASE
)
"""At the end of what stands before an expression."""


_TAKEN_BACK = re.compile(
    r"(?:^|[.!?…,;\n])[\s\"'*$()]*(?:but |oh,? |hmm,? )?(?:(?P<cue>(?:no|nope)(?=[,.!: ])"
    r"|that(?:'s| is) (?:not right|wrong|incorrect|not correct)"
    r"|(?:is|this is) (?:wrong|incorrect|not (?:right|correct))"
    r"|i(?:'ve| have)? made (?:a|an) (?:mistake|error)|correction\b|scratch that|strike that"
    r"|disregard (?:that|this)|i take (?:that|it) back"
    r"|(?:that|this|it) (?:doesn'?t|does not|can'?t|cannot) (?:add up|look right|seem right|be right|be correct)"
    r"|(?:that|this|it) (?:seems|looks) (?:off|wrong|incorrect)"
    r"|(?:wait|actually|sorry|oops)\b[^.\n]{0,60}\b(?:should be|wrong|mistake|not right|incorrect|must be|i meant?)"
    r"|不对|错了|更正))",
    re.IGNORECASE,
)


def taken_back(after: str) -> str | None:
    """Words behind a box that take it back, where no other answer follows them; None where there are none."""
    if box_denied(after):
        return "what is boxed is denied"
    if denial_behind(after) is not None:
        return "the next sentence denies the answer"
    cue = _TAKEN_BACK.search(after[:4000])
    return None if cue is None else f"the answer is taken back: {after[cue.start('cue') : cue.start('cue') + 60]!r}"


def _open(words_around: str, before: str, gold: str) -> str | None:
    if words.DENIED.search(words_around) or re.search(
        r"\b(?:wrong|incorrect|n['’]t think|not think)\b[^.]{0,30}$", before, re.I
    ):
        return "the statement is denied"
    if words.HEDGED.search(words_around):
        return "the statement is hedged"
    one = not re.search(r",|\\text|\bor\b|\band\b|\\pm|\\cup|[\[\]<>≤≥{]\s*\\?|\\[lg]e", gold)
    if one and (
        words.OR.search(words_around) or re.search(rf"{words.spaced(words.BOUNDS)}", words_around, re.IGNORECASE)
    ):
        return "the statement gives a bound or several answers"
    return None


def _bare(text: str) -> str:
    text = _DOTS.sub("…", plain(text)).replace("\\left", "").replace("\\right", "").replace("\\displaystyle", "")
    text = re.sub(r"\\[dtc]frac", r"\\frac", text)
    text = re.sub(r"_\{(\w)\}", r"_\1", re.sub(r"\^\{(\w)\}", r"^\1", text))
    return re.sub(r"\\[,;:! ]|[\s$~]", "", text)


def _unit(text: str) -> frozenset[str] | None:
    found = _UNIT.search(text.replace("$", "").strip())
    if found is None:
        return None
    name = found[1] or found[2]
    lower = name.lower() if len(name) > 1 or name == "L" else name
    return next((unit for unit in _UNITS if lower in unit), None)


def _shape(text: str) -> str | None:
    """`(` for a tuple or an open interval, `{` for a set; None for all else."""
    text = re.sub(
        r"^\s*[\w\\]{0,12}\s*=\s*", "", text.strip().strip("$").replace("\\left", "").replace("\\right", "").strip()
    )
    if text.startswith("(") and text.endswith(")") and "," in text:
        return "("
    return "{" if text.startswith("\\{") and text.endswith("\\}") else None
