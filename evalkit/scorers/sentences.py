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


def opens_line(words: list[Word], place: int) -> bool:
    """Whether nothing but brackets and bullets stands before it on its line."""
    place -= 1
    while place >= 0 and words[place].role in ("wrap", "dash"):
        place -= 1
    return place < 0 or words[place].role == "line"


def options_begin(words: list[Word], place: int) -> bool:
    """Whether the first choice opens its line and the next two open the next lines: the options are gone through."""
    if words[place].choice != 0 or not opens_line(words, place):
        return False
    for wanted in (1, 2):
        place = _next_line(words, place)
        if place >= len(words) or words[place].choice != wanted:
            return False
    return True


def _next_line(words: list[Word], place: int) -> int:
    """The first word of the next line that has words."""
    while place < len(words) and words[place].role != "line":
        place += 1
    while place < len(words) and words[place].role in ("line", "wrap", "dash"):
        place += 1
    return place
