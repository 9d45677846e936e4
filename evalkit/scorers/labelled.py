"""The choices of a sample as they may be named, and which of them a place in a text names.

    known = prepare(("New York", "New"))
    label_alone("(B).", known, small=True)                 # 1
    read_at("B: New, I think", 0, known)                   # Reading(1, "final statement")

Pure text work for `letters` (the order of the rules) and `statements` (rule 3). Texts are compared after `simplify` and
`plain`. Every pattern is bounded: replies may be 100 kB of one word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the index of a choice, or None; and one line that says why."""

    index: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """The choices of a sample prepared for reading. Kept by `prepare`, since repeats and models share samples."""

    labels: tuple[str, ...]
    texts: tuple[str, ...]
    """Plain texts; "" for one that is empty."""
    by_text: dict[str, int]
    by_label: dict[str, int]
    by_length: tuple[tuple[str, int], ...]
    """(text, index), the longest first, so that "New York" is read before "New"."""


def labels(n: int) -> tuple[str, ...]:
    """The labels of n choices: A to Z, or 1 to n where letters do not suffice."""
    return tuple(LETTERS[:n]) if n <= len(LETTERS) else tuple(str(i) for i in range(1, n + 1))


@lru_cache(maxsize=1024)
def prepare(choices: tuple[str, ...]) -> Labelled:
    names = labels(len(choices))
    texts = tuple(plain(simplify(choice)) for choice in choices)
    by_text: dict[str, int] = {}
    for index, text in enumerate(texts):
        if text:
            by_text.setdefault(text, index)
    by_length = tuple(sorted(by_text.items(), key=lambda item: -len(item[0])))
    return Labelled(names, texts, by_text, {name: i for i, name in enumerate(names)}, by_length)


# ASCII text pays only for the replacements; the rest is folded first (full-width letters, odd spaces).
_TEX = re.compile(r"\\(?:text|textbf|mathrm|mathbf|textit|mbox)\s?\{([^{}\n]{0,200})\}")
_DROPPED = str.maketrans(
    {"*": "", "`": "", "$": "", "\\": "", "\u200b": "", "\ufeff": "", "’": "'", "‘": "'", "–": "-", "−": "-"}
)


def simplify(text: str) -> str:
    """The text without Markdown emphasis, TeX wrappers and full-width forms; lines stay lines."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("（", "(").replace("）", ")")
    if "\\" in text:
        text = _TEX.sub(r"\1", text)
        text = text.replace("\\boxed", "\\ boxed:").replace("\\(", " ").replace("\\)", " ").replace("\\[", " ")
        text = text.replace("\\]", " ")
    return text.translate(_DROPPED).replace("__", "")


def plain(text: str) -> str:
    """As texts are compared: small letters, single spaces, without quotes around and punctuation behind."""
    return " ".join(text.casefold().split()).strip(" .,;:!?\"'“”")


_LABEL_ALONE = re.compile(r"(?:boxed: ?)?[(\[{<\"'“]{0,2} ?([A-Za-z]|[0-9]{1,4}) ?[)\]}>\"'”]{0,2} ?[.:,;!)]?")


def label_alone(line: str, known: Labelled, *, small: bool) -> int | None:
    """The choice whose label is all that the line says; None when it says anything else."""
    if len(line) > 24:
        return None
    found = _LABEL_ALONE.fullmatch(line.strip())
    if found is None:
        return None
    name = found[1]
    return known.by_label.get(name.upper() if small else name)


_AFTER_LABEL = re.compile(r"[)\]}.:,;\"'”]{0,3}[ \t]{0,3}(?P<dash>[-–—:]{0,2}[ \t]{0,3})")
_NEXT_LABEL = re.compile(
    r"[)\]}.;]{0,2}[ \t]{0,2}(?:,? ?(?:or|and|and/or)\b|[,/&+])[ \t]{0,2}(?:option |choice |also |possibly |maybe )?"
    r"[(\[]?([A-Z])(?![\w']|(?<=[AI])[ \t]+[a-z])"
)
_ARTICLE = re.compile(r"[ \t]+(?!(?:because|since|as|which|for|due|based|and|or|is|with|given|if)\b)\w", re.IGNORECASE)


def label_at(text: str, start: int, known: Labelled) -> tuple[int | None, int]:
    """(index, where the label ends) of a label that stands at this place, or (None, start)."""
    end = start + 1
    if text[start:end].isdigit():
        while end - start < 4 and text[end : end + 1].isdigit():
            end += 1
    name = text[start:end]
    after = text[end : end + 2]
    if not name or after[:1].isalnum() or after[:1] in ("_", "'", "+", "#", "%"):
        return None, start
    if after[:1] in ("-", ".", ",") and after[1:].isalnum():
        return None, start  # C-section, U.S., 1.5
    index = known.by_label.get(name)
    if index is not None and name in "AI" and _ARTICLE.match(text, end):
        return None, start
    if index is None and name.isalpha() and (index := known.by_label.get(name.upper())) is not None:
        rest = text[end : end + 80].split("\n", 1)[0]
        if rest.strip(" \t.)]}!\"'”"):
            return None, start  # a small letter followed by more words is a word
    return (index, end) if index is not None else (None, start)


def _text_at(text: str, start: int, known: Labelled) -> int | None:
    """The choice whose text stands at this place and ends there as a whole; None when none does."""
    if not known.by_length:
        return None
    window = " ".join(text[start : start + 2 * len(known.by_length[0][0]) + 8].casefold().split()).lstrip(" \"'“(")
    for wanted, index in known.by_length:
        if window.startswith(wanted):
            after = window[len(wanted) : len(wanted) + 2]
            if not after[:1].isalnum() and not (after[:1] in ("-", ".", ",", "/", "'", "_") and after[1:].isalnum()):
                return index
    return None


def read_at(text: str, start: int, known: Labelled) -> Reading | None:
    """What a statement names at this place; None when nothing can be read there."""
    by_text = _text_at(text, start, known)
    index, end = label_at(text, start, known)
    if index is None:
        return None if by_text is None else Reading(by_text, "final statement, by text")
    if by_text is not None and by_text != index and len(known.texts[by_text]) > 1:
        return Reading(by_text, "final statement, by text")
    if by_text is not None and by_text != index:
        return Reading(None, "the statement names the label of one choice and the text of another")
    if contradicts(text, end, index, known):
        return Reading(None, f"the statement names {known.labels[index]} with the text of another choice")
    other = next_label(text, end, known)
    if other is not None and other != index and not _own_text(text, end, index, known):
        return Reading(None, "the statement names more than one letter")
    return Reading(index, "final statement")


def next_label(text: str, end: int, known: Labelled) -> int | None:
    """The second choice of "A or B" behind the label that ends here; None where there is none."""
    other = _NEXT_LABEL.match(text, end)
    return None if other is None else known.by_label.get(other[1])


def contradicts(text: str, end: int, index: int, known: Labelled) -> bool:
    """Whether the label that ends here is followed by another choice's text instead of its own."""
    named = _texts_after(text, end, known)
    return bool(named) and all(known.texts[name] != known.texts[index] for name in named)


def _own_text(text: str, end: int, index: int, known: Labelled) -> bool:
    return index in _texts_after(text, end, known)


def _texts_after(text: str, end: int, known: Labelled) -> list[int]:
    """The choices whose text may stand behind a label: a dash before it is read as its sign, and as mere punctuation.

    "C) -1" names -1 where -1 is a choice, and 1 where only 1 is; both come back, since either is what was said.
    """
    after = _AFTER_LABEL.match(text, end)
    if after is None or after.end() == end:
        return []
    starts = {after.start("dash"), after.end()} - {end}
    return [index for start in sorted(starts) if (index := _text_at(text, start, known)) is not None]
