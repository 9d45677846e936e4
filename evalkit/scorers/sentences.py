"""Small questions about the words of a sentence that both sides of a choice's name ask."""

from __future__ import annotations

from evalkit.scorers.reply_words import Word

FAR = 30
"""Words looked at on either side."""


DENIES_BEFORE = frozenset(
    (
        "ではなく",
        "ではなくて",
        "じゃなく",
        "じゃなくて",
        "でなく",
        "のではなく",
        "よりも",
        "より",
        "아니라",
        "아니고",
        "아니며",
        "말고",
        "대신",
        "değil",
        "yerine",
    )
)
"""Denials of languages whose verb stands last: they deny the choice before them, never the one behind."""


def stands_alone(words: list[Word], i: int) -> bool:
    """Whether a "no" is a sentence of its own, to which the rest is not subject."""
    return i + 1 < len(words) and words[i + 1].role in ("comma", "end", "dash", "redo", "ask", "colon")


def ends(words: list[Word], i: int) -> bool:
    return i >= len(words) or words[i].role in ("end", "ask", "line")
