"""A reply or a choice without its markup: Markdown, TeX wrappers, full-width and circled forms."""

from __future__ import annotations

import re
import unicodedata

from evalkit.scorers.labels import LETTERS
from evalkit.scorers.languages import without_points
from evalkit.scorers.reply_words import fold

# ASCII text pays only for the replacements; the rest is folded first (full-width letters, odd spaces).
_TEX = re.compile(
    r"\\(?:text|textbf|mathrm|mathbf|textit|mbox|mathsf|textsf|emph|operatorname|mathit|textrm|mathbb)\s?\{([^{}\n]{0,200})\}"
)


_BOX = re.compile(r"\\(?:boxed|fbox|framebox|colorbox)\s{0,2}(?=\{|[A-Z]\b)")


_EMPHASIS = re.compile(r"(?<![^\W_])_{1,3}(?!_)|(?<!_)_{1,3}(?![^\W_])|___+")


_SPECIAL = re.compile(r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?INST\]")


_INVISIBLE = dict.fromkeys(
    map(
        ord,
        "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\ufe0f",
    )
)


_DROPPED = str.maketrans(
    {
        "*": "",
        "`": "",
        "$": "",
        "\\": "",
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "–": "-",
        "−": "-",
        "‐": "-",
        "‑": "-",
        "\u00a0": " ",
    }
)


_CIRCLED = {0x1F130 + n: letter for n, letter in enumerate(LETTERS)} | {
    0x1F150 + n: letter for n, letter in enumerate(LETTERS)
}


_CIRCLED |= {0x1F170 + n: letter for n, letter in enumerate(LETTERS)}


ANSWER_MARK = "\x02"
"""Stands where a box or an answer tag opened."""


def simplify(text: str) -> str:
    """The text without Markdown emphasis, TeX wrappers, full-width and circled forms; lines stay lines."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_CIRCLED)).translate(_INVISIBLE)
    text = text.replace("\r", "")
    if "\\" in text:
        text = _BOX.sub(ANSWER_MARK, _TEX.sub(r"\1", _TEX.sub(r"\1", text)))
        for mark in ("\\(", "\\)", "\\[", "\\]", "\\,", "\\ ", "\\;", "\\!", "\\quad"):
            text = text.replace(mark, " ")
    if "<" in text or "[" in text:
        text = _SPECIAL.sub(" ", text)
    text = without_points(text.translate(_DROPPED))
    return _EMPHASIS.sub("", text) if "_" in text else text


_FRACTION = re.compile(r"(?<![\w}])[dtc]?frac ?\{ ?(-?\d{1,9}) ?\} ?\{ ?(\d{1,9}) ?\}(?!\w)")


def with_slashes(text: str) -> str:
    """A text that `simplify` has been over, with plain TeX fractions as they are typed: `-3/2` for `-\\frac{3}{2}`."""
    return _FRACTION.sub(r"\1/\2", text) if "frac" in text else text


def plain(text: str) -> str:
    """As whole texts are compared: small letters, single spaces, without quotes around and punctuation behind."""
    return " ".join(fold(text).split()).strip(" .,;:!?\"'“”。！、")
