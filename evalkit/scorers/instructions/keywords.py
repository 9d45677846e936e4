"""IFEval's `keywords:*`: words that must, must not, or must so often appear. Case never matters.

Existence and frequency count the text wherever it stands, inside longer words too, as IFEval does; forbidden words
count only as whole words.
"""

from __future__ import annotations

from unicodedata import normalize

from evalkit.scorers.instructions.base import COUNT, LETTER, RELATION, WORD, WORDS, Kind, Parameters, holds
from evalkit.scorers.words import has_word


def exist(reply: str, given: Parameters) -> bool:
    """Every keyword appears."""
    reply = reply.lower()
    return all(_count(reply, word.lower()) for word in given.texts("keywords"))


def appear_so_often(reply: str, given: Parameters) -> bool:
    """The keyword appears `frequency` times, by `relation`."""
    return holds(
        _count(reply.lower(), given.text("keyword").strip().lower()), given.text("relation"), given.number("frequency")
    )


def _count(reply: str, word: str) -> int:
    """How often the word stands in the reply; one of several words also where a line breaks between them."""
    parts = word.split()
    return reply.count(word) if len(parts) < 2 else " ".join(reply.split()).count(" ".join(parts))


def are_absent(reply: str, given: Parameters) -> bool:
    """No forbidden word appears as a word of its own (`evalkit.scorers.words`, for scripts without spaces)."""
    reply = normalize("NFC", reply.lower())
    return not any(has_word(reply, normalize("NFC", word.strip().lower())) for word in given.texts("forbidden_words"))


def letter_appears_so_often(reply: str, given: Parameters) -> bool:
    """The letter (any character) appears `let_frequency` times, by `let_relation`."""
    return holds(
        reply.lower().count(given.text("letter").lower()), given.text("let_relation"), given.number("let_frequency")
    )


KINDS = {
    "keywords:existence": Kind(exist, {"keywords": WORDS}),
    "keywords:frequency": Kind(appear_so_often, {"keyword": WORD, "frequency": COUNT, "relation": RELATION}),
    "keywords:forbidden_words": Kind(are_absent, {"forbidden_words": WORDS}),
    "keywords:letter_frequency": Kind(
        letter_appears_so_often, {"letter": LETTER, "let_frequency": COUNT, "let_relation": RELATION}
    ),
}
