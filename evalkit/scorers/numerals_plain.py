# ruff: noqa: E501 - wide letters count twice
r"""Text in the plain form in which numbers are looked for: LaTeX spacing and emphasis, digits of other scripts, signs.

simplify("１，２３４½ − \\$5 ٣٫٥ 10³")     # "1,234 1/2 - $5 3.5 10^{3}"

It also finds digits in another base than ten: "52 in base 8" is 42, and is not read, nor is the 8 a number of the reply.

IS_BASE.search("52 in base ")          # found: the number that follows is a base
IN_BASE.match(" in base 8")            # found: the number before it is written in another base
"""

from __future__ import annotations

import re
import unicodedata


def simplify(text: str) -> str:
    """The text with typographic forms replaced by plain ones; linear in its length."""
    if not text.isascii():
        text = text.translate(_PLAIN)
        text = _OTHER_DIGITS.sub(lambda found: str(unicodedata.decimal(found[0])), text)
        text = _WIDE_COMMA.sub(",", text)
        text = _SUPERSCRIPTS.sub(lambda found: "^{" + found[0].translate(_LOWERED) + "}", text)
        text = _VULGAR.sub(_fraction, text)
        text = _IN_MYRIADS.sub(_added_up, text)
        text = _DOTTED.sub(lambda found: found[0].replace("·", ""), text)
    if "\\" in text:
        for latex, plain in _LATEX:
            text = text.replace(latex, plain)
        text = _EMPHASIS.sub(r"\1", text)
    return _CODE.sub(r"\1 ", text.replace("{,}", ","))


_PLAIN = {ord("−"): "-", ord("–"): "-", ord("﹣"): "-", ord("－"): "-", ord("∕"): "/", ord("⁄"): "/", ord("％"): "%"}
_PLAIN |= {ord("٬"): ",", ord("٫"): ".", ord("．"): ".", ord("＄"): "$", ord("＋"): "+", ord("＝"): "=", ord("٪"): "%"}
_PLAIN |= {ord("∗"): "*", ord("⋅"): "·", ord("∙"): "·"}
_PLAIN |= dict.fromkeys((*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x2060, 0xFEFF), "")
_OTHER_DIGITS = re.compile(r"(?![0-9])\d")
_WIDE_COMMA = re.compile(r"(?<=[0-9])，(?=[0-9]{3})")
_SUPERSCRIPTS = re.compile(r"(?<=[0-9A-Za-z)\]])[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_VULGAR = re.compile(r"(?P<whole>[0-9] ?)?(?P<v>[¼½¾⅐-⅞])")
_DOTTED = re.compile(r"(?<![\w.,·])[1-9][0-9]{0,2}(?:·[0-9]{3})*·0[0-9]{2}(?:·[0-9]{3})*(?![\w·]|[.,][0-9])")
"""Thousands parted by raised dots, where a group begins with a zero: no factor of a product does."""
_LATEX = (
    ("\\!", ""), ("\\,", ""), ("\\;", " "), ("\\:", " "), ("\\ ", " "), ("~", " "), ("\\$", "$"), ("\\%", "%"),
    ("\\left", ""), ("\\right", ""), ("\\thinspace", ""),
)  # fmt: skip
_EMPHASIS = re.compile(
    r"\\(?:mathbf|mathrm|mathsf|mathit|boldsymbol|bm|textbf|text|textit|mbox|underline)"
    r" ?\{ ?([-+$]{0,2}[0-9.,/]{1,60}) ?\}"
)
_CODE = re.compile(
    r"\b(CHF|USD|EUR|GBP|INR|JPY|CNY|RMB|KRW|AUD|CAD|BRL|MXN|ZAR|RM|Rs\.?|kr\.?|Fr\.|zł)(?=[0-9])", re.IGNORECASE
)


_IN_MYRIADS = re.compile(
    r"(?<![\d.,])(?=\d{1,4}[億亿억万萬만千천] ?\d)(?P<e8>\d{1,4}[億亿억] ?)?(?P<e4>\d{1,4}[万萬만] ?)?(?P<e3>\d[千천] ?)?"
    r"(?P<rest>\d{2,4})?(?![\d.,万萬만億亿억千천])"
)
"""Japanese, Chinese and Korean numbers of several parts: 12万3000. One lone digit behind is left: 3万8 can be 38,000."""


def _added_up(found: re.Match[str]) -> str:
    parts = {10**8: found["e8"], 10**4: found["e4"], 10**3: found["e3"], 1: found["rest"]}
    figures = {scale: int(re.sub(r"\D", "", part)) for scale, part in parts.items() if part}
    return str(sum(scale * figure for scale, figure in figures.items())) if len(figures) > 1 else found[0]


def _fraction(found: re.Match[str]) -> str:
    value = unicodedata.normalize("NFKC", found["v"]).replace("⁄", "/")
    return f"{found['whole'].strip()} {value}" if found["whole"] else value


_WORD = r"(?:base|basis|basi|bases|radix|bazie|baza|bază|základě|bas|基数|底|основани[еюи]м?)"
_IN = (
    r"(?:,? ?\(?(?:(?:in|en|à|na|zur|zu|im|à la|w|ve|i|med|по|в|при|with|to|of|als|as(?: an?)?|como|comme"
    r"|come) )?(?:la |le |der |den )?"
    r"(?:système |sistema |notación )?)"
)
_NAMES = (
    r"(?:binary|octal|hex(?:adecimal)?|ternary|duodecimal|binaire|octale?|hexadécimale?|hexadezimal\w*|binär\w*"
    r"|oktal\w*|dualsystem|binario|binaria|hexadecimal"
    r"|esadecimale|ottale|binário|binarn\w+|ósemkow\w+|szesnastkow\w+|двоичн\w+|восьмеричн\w+|шестнадцатеричн\w+"
    r"|onaltılık|ikilik|sekizlik)"
)
LITERAL = re.compile(r"(?:[xX][0-9A-Fa-f]+|[bB][01]+|[oO][0-7]+)(?!\w)")
"""Behind a 0: a number as programs write it in another base, `0x1F`."""
IS_BASE = re.compile(rf"(?<!\w){_WORD}(?:[ -]| ?= ?|-?\()?$", re.IGNORECASE)
"""At the end of what stands before a number."""
IS_BASE_BEHIND = re.compile(r" ?(?:进制|進制|進法|進数|진법|진수)|-?(?:ary|adic)\b")
"""Behind such a number: "8进制"."""
IN_BASE = re.compile(
    r"\)_\{?(?!10\b)\d|\)?(?!₁₀(?![₀-₉]))[₀-₉]"
    rf"|[A-Fa-f]{{0,8}}(?:{_IN}(?:{_WORD}(?:[ -]| ?= ?)(?!10\b|ten\b|zehn\b|dix\b|diez\b|dieci\b|dez\b)[\w]"
    rf"|{_NAMES}(?!\w))"
    r"| ?[(（]?(?:[二八三四五六七九]|十六|十二|[2-9]|1[126])(?:进制|進制|進法|進数|진법|진수))",
    re.IGNORECASE,
)
"""Behind a number."""
