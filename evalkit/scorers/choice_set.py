"""The choices of a sample, prepared for reading: their labels and their texts as words.

    prepare(("New York", "New")).by_first["new"]     # ((("new", "york"), 0), (("new",), 1))

Texts compare without case, odd spaces, Markdown and TeX wrappers. Where a reply names them: `choice_names`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from evalkit.frozen import dataclass
from evalkit.scorers.labels import labels
from evalkit.scorers.languages import any_phrase
from evalkit.scorers.reply_markup import plain, simplify, with_slashes
from evalkit.scorers.reply_words import fold, pieces_of, word_set


@dataclass(frozen=True, slots=True)
class ChoiceReading:
    """What was read: the index of a choice, or None; and one line that says why."""

    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ChoiceSet:
    """The choices of a sample prepared for reading. Kept by `prepare`, since repeats and models share samples."""

    labels: tuple[str, ...]
    by_label: dict[str, int]
    texts: tuple[tuple[str, ...], ...]
    """The words of each choice's text; () for one that is empty."""
    by_first: dict[str, tuple[tuple[tuple[str, ...], int], ...]]
    """First word → (words, index), the longest first."""
    may_name: frozenset[str]
    """The words with which a label or a text may begin."""
    by_text: dict[str, int]
    """The text as `plain` leaves it."""
    run_texts: tuple[str, ...]
    """Texts in scripts without spaces, the longest first."""
    polar: bool
    """Whether "no" or "false" is a choice: then these words take nothing back."""
    numeric: bool
    """Whether a choice's text holds a figure: then a figure behind a choice is no share of confidence."""
    pairs: bool
    """Whether a choice is a pair or an interval, of which people write the comma with or without a space."""
    ordinary: bool
    """Whether every choice begins with a letter, and none is anything of the above: `by_label` says what follows."""


POLAR = word_set(
    "no yes true false incorrect correct wrong right nein ja falsch richtig non oui faux vrai sí "
    "si falso verdadero não sim nee nie tak нет да ложь истина ні так hayır evet لا نعم לא כן "
    "नहीं हाँ 否 是 不 いいえ はい 아니요 예 không có ไม่ ใช่ tidak ya όχι ναι nej nei ei kyllä ne ano nem "
    "igen nu"
)


LOOKS_LIKE = {"А": "A", "С": "C", "Α": "A", "Β": "B", "Ε": "E", "Ι": "I"}
"""Cyrillic and Greek letters that are the same choice by their looks and by their place in the alphabet (or have no
rival)."""


BY_PLACE = {"أ": "A", "ا": "A", "ب": "B", "ج": "C", "د": "D", "א": "A", "ב": "B", "ג": "C", "ד": "D"}
"""Arabic and Hebrew letters that count options, by their place; read in brackets with the option's own text."""


OPENS, CLOSES = frozenset("([{<\"'“「『«【《"), frozenset(")]}>\"'”」』»】》")


@lru_cache(maxsize=1024)
def prepare(choices: tuple[str, ...]) -> ChoiceSet:
    """Everything that reading needs to know of a sample's choices."""
    names = labels(len(choices))
    simple = [simplify(choice) for choice in choices]
    spaced = any("," in text and _PAIR.fullmatch(text.strip()) for text in simple)
    if spaced:
        simple = [space_pairs(text) for text in simple]
    runs: tuple[str, ...] = ()
    if not all(map(str.isascii, simple)):
        runs = tuple(sorted({fold(text) for text in simple if _RUN_TEXT.fullmatch(text)}, key=len, reverse=True))
    texts = tuple(_text_words(text, runs) for text in simple)
    by_first: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for index, words in enumerate(texts):
        if words and words not in texts[:index]:
            by_first.setdefault(words[0], []).append((words, index))
    for words, index in _said_otherwise(texts):
        by_first.setdefault(words[0], []).append((words, index))
    by_text: dict[str, int] = {}
    for index, text in enumerate(simple):
        if said := plain(text):
            by_text.setdefault(said, index)
            by_text.setdefault(with_slashes(said), index)
    polar = not POLAR.isdisjoint(by_text)
    numeric = any(map(str.isdigit, "".join(by_text)))
    by_label, may_name = _named_by(names)
    return ChoiceSet(
        names,
        by_label,
        texts,
        {
            first: tuple(found) if len(found) == 1 else tuple(sorted(found, key=lambda item: -len(item[0])))
            for first, found in by_first.items()
        },
        may_name.union(by_first),
        by_text,
        runs,
        polar,
        numeric,
        spaced,
        not (polar or numeric or spaced or runs) and all(text.lstrip()[:1].isalpha() for text in simple),
    )


@cache
def _named_by(names: tuple[str, ...]) -> tuple[dict[str, int], frozenset[str]]:
    """(label → index, the words with which a label may begin)."""
    looks = (letter.casefold() for letter in LOOKS_LIKE)
    return {name: i for i, name in enumerate(names)}, frozenset((*(name.casefold() for name in names), *OPENS, *looks))


def cleaned(text: str, known: ChoiceSet) -> str:
    """A reply's text that `simplify` has been over, in the spelling of the choices: "isn't spam" is "is not spam" where
    a choice is "not spam", and (2, 5) is (2,5) where a choice is such a pair."""
    if "not" in known.by_first and "n't" in text:
        text = _CONTRACTED.sub(r"\1 not", text)
    return space_pairs(text) if known.pairs else text


def space_pairs(text: str) -> str:
    """One space behind the commas between brackets, and none beside them: people write both."""
    return _PAIR.sub(lambda pair: pair[0][0] + _COMMA.sub(", ", pair[0][1:-1].strip()) + pair[0][-1], text)


_PAIR = re.compile(r"[\[({][^\[\](){}\n]{0,80},[^\[\](){}\n]{0,80}[\])}]")
_COMMA = re.compile(r"\s*,\s*")
_CONTRACTED = re.compile(r"\b(is|are|was|were|does|do|did)n't\b", re.IGNORECASE)


def _said_otherwise(texts: tuple[tuple[str, ...], ...]) -> list[tuple[tuple[str, ...], int]]:
    """Further words for one of two choices that deny each other: "not true" for "false", "nope" for "no"; and for
    "neither", where it is one of three: "neither positive nor negative"."""
    if not all(len(words) == 1 for words in texts):
        return []
    if len(texts) == _WITH_NEITHER and ("neither",) in texts:
        neither = texts.index(("neither",))
        one, other = (words[0] for words in texts if words != ("neither",))
        return [(("neither", first, "nor", last), neither) for first, last in ((one, other), (other, one))]
    if len(texts) != len(_OPPOSITES):
        return []
    (one,), (other,) = texts
    if (one, other) in _YES_NO or (other, one) in _YES_NO:
        yes = 0 if one == "yes" else 1
        return [*((words, yes) for words in _YES), *((words, 1 - yes) for words in _NO)]
    for index, (plain_one, denied) in enumerate(((other, one), (one, other))):
        if denied in (_OPPOSITES.get(plain_one), *(f"{prefix}{plain_one}" for prefix in _DENYING)):
            return [(("not", plain_one), index)]
    return []


_WITH_NEITHER = 3
_OPPOSITES = {"true": "false", "right": "wrong"}
_DENYING = ("un", "in", "im", "ir", "il", "non", "non-")
_YES_NO = frozenset((("yes", "no"),))
_YES = (("yeah",), ("yep",), ("yup",))
_NO = (("nope",), ("nah",), ("definitely", "not"), ("absolutely", "not"), ("certainly", "not"), ("not", "at", "all"))


@cache
def _unknown() -> re.Pattern[str]:
    """Compiled when a text needs it."""
    return any_phrase("unknown", "gives_up")


_LONGEST_UNKNOWN = 80


def says_unknown(text: str) -> bool:
    """Whether a choice's text, or words of a reply, say that nobody can know: "Not enough information"."""
    said = plain(text)
    return len(said) <= _LONGEST_UNKNOWN and _unknown().search(said) is not None


def is_unknown(choice: int | None, known: ChoiceSet) -> bool:
    """Whether a choice says that nobody can know."""
    return choice is not None and says_unknown(" ".join(known.texts[choice]))


_RUN_TEXT = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e4e]+")


def _text_words(text: str, runs: tuple[str, ...]) -> tuple[str, ...]:
    """The words of a choice's text, without the punctuation around it that replies leave out."""
    text = text.strip()
    if text.isascii() and text.isalpha():
        return (text.lower(),)  # most are one word
    words = [word.text for word in pieces_of(text, runs) if word.kind != "line"]
    while words and words[-1] in ".,;:!。":
        words.pop()
    if len(words) > 1 and words[0] in "\"'“" and words[-1] in "\"'”":
        words = words[1:-1]
    return tuple(words)
