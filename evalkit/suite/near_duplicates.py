"""When two questions are the same to a reader: white space, case, width, kinds of quotes and dashes, emphasis around
the whole, the spelling of signs in HTML and order of options aside.

    near_duplicate_key({"q": "What is it? "}, ["q"], ("u", "w"))
    == near_duplicate_key({"q": "what is  it"}, ["q"], ("w", "u"))

A few-shot example that is the question itself gives the answer away, however it is spelled. Signs and numbers always
count: "2+2" and "2+3" are two questions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from html import unescape
from typing import TypeAlias

from evalkit.frozen import dataclass
from evalkit.late import late
from evalkit.suite.templates import EVERY_FIELD

_ALIKE = str.maketrans({
    **dict.fromkeys("‘’‚‛´`ʼ", "'"), **dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‐‑‒–—−", "-"),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f", None),
})  # fmt: skip
"""Signs by the one that a plain keyboard has; characters without width are none."""
_BLANK_BEFORE = late(r"\s+(?=[%?!:;])")
_WIDE_LETTERS = late("[\uff00-\uffef]")
_WORDS = late(r"[^\W\d]+")
_NUMBERS = late(r"[-+]?\d[\d.,]*|[<>=≤≥]")
FEWEST_WORDS = 8
NEAR = 0.85
"""Share of the different words of two texts that both have."""


@dataclass(frozen=True, slots=True)
class NearDuplicateKey:
    """What a question says, comparable with another's."""

    key: tuple[object, ...]
    """Equal for questions that a reader takes for the same."""
    words: frozenset[str]
    numbers: tuple[str, ...]

    def is_near(self, other: NearDuplicateKey) -> bool:
        """Whether the two say nearly the same: long texts with equal numbers and hardly another word."""
        fewer = min(len(self.words), len(other.words))
        if fewer < FEWEST_WORDS or self.numbers != other.numbers:
            return False
        return len(self.words & other.words) >= NEAR * len(self.words | other.words)


def near_duplicate_key(
    record: Mapping[str, object], reads: Collection[str], choices: Collection[str], pictures: tuple[str, ...] = ()
) -> NearDuplicateKey:
    """Of the fields that a prompt reads and the options that it offers; a record's `id` says nothing. `pictures` are
    the digests of those that it shows: another picture is another question, whatever the words are."""
    names = (name for name in record if name != "id") if EVERY_FIELD in reads else reads
    fields = tuple((name, _folded(record[name])) for name in sorted(names) if name in record)
    whole = " ".join(_texts(tuple(value for _, value in fields)))
    options = tuple(sorted(map(_fold, choices)))
    key = (fields, options, pictures) if pictures else (fields, options)
    return NearDuplicateKey(key, frozenset(_WORDS.findall(whole)), (*sorted(_NUMBERS.findall(whole)), *pictures))


_Folded: TypeAlias = "str | tuple[_Folded, ...]"
"""A value as what is compared: texts, and tuples of them at any depth."""


def _folded(value: object) -> _Folded:
    if isinstance(value, str):
        return _fold(value)
    if isinstance(value, list | tuple):
        return tuple(sorted((_folded(item) for item in value), key=repr))
    if isinstance(value, dict):
        return tuple(sorted((key, _folded(item)) for key, item in value.items()))
    return repr(value)


def _fold(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    narrow = _WIDE_LETTERS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), composed)
    plain = (unescape(narrow) if "&" in narrow else narrow).translate(_ALIKE).casefold()
    return _BLANK_BEFORE.sub("", " ".join(plain.split())).strip("*_ ").rstrip(" .?!:;,…。？！").rstrip("*_ ")


def _texts(value: _Folded) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for item in value for text in _texts(item)]
