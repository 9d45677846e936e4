"""Two answers word by word, in plain text: what only A says stands in [-…-], what only B says in {+…+}.

word_diff("Refund within 30 days", "Refund within 14 days")   # ("... [-30-] days", "... {+14+} days")
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

_MOST_WORDS = 3_000
"""Matching is quadratic at worst, and nobody reads marks in a longer text."""
_LEAST_ALIKE = 0.3
"""Of two texts with less in common, marks are everywhere and say nothing."""


def word_diff(a: str, b: str) -> tuple[str, str] | None:
    """Each text with its own words marked; None where marks would say nothing (alike, or hardly anything in common) or
    take too long."""
    ours, theirs = _words(a), _words(b)
    if max(len(ours), len(theirs)) > _MOST_WORDS or a == b:
        return None
    matcher = difflib.SequenceMatcher(a=ours, b=theirs, autojunk=False)
    if matcher.ratio() < _LEAST_ALIKE:
        return None
    left: list[str] = []
    right: list[str] = []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            left += ours[i:i_end]
            right += theirs[j:j_end]
            continue
        left += _marked(ours[i:i_end], "[-", "-]")
        right += _marked(theirs[j:j_end], "{+", "+}")
    return "".join(left), "".join(right)


def _words(text: str) -> list[str]:
    """Words, blanks and single signs; together they are the text."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)


def _marked(words: Sequence[str], before: str, after: str) -> list[str]:
    """The words between marks; blanks at the ends stay outside, so that lines begin where they did."""
    text = "".join(words)
    core = text.strip()
    if not core:
        return list(words)
    start = text.index(core)
    return [text[:start], f"{before}{core}{after}", text[start + len(core) :]]
