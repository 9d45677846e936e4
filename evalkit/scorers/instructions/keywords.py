"""IFEval's `keywords:*`: words that must, must not, or must so often appear. Case never matters.

Existence and frequency count the text wherever it stands, inside longer words too, as IFEval does; forbidden words
count only as whole words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from evalkit.scorers.instructions.base import COUNT, LETTER, RELATION, WORD, WORDS, Kind, holds
from evalkit.scorers.words import has_word


def exist(reply: str, given: Mapping[str, Any]) -> bool:
    """Every keyword appears."""
    reply = reply.lower()
    return all(_count(reply, word.lower()) for word in given["keywords"])


def appear_so_often(reply: str, given: Mapping[str, Any]) -> bool:
    """The keyword appears `frequency` times, by `relation`."""
    return holds(_count(reply.lower(), given["keyword"].strip().lower()), given["relation"], given["frequency"])


def _count(reply: str, word: str) -> int:
    """How often the word stands in the reply; one of several words also where a line breaks between them."""
    parts = word.split()
    return reply.count(word) if len(parts) < 2 else " ".join(reply.split()).count(" ".join(parts))


def are_absent(reply: str, given: Mapping[str, Any]) -> bool:
    """No forbidden word appears as a word of its own (`evalkit.scorers.words`, for scripts without spaces)."""
    reply = normalize("NFC", reply.lower())
    return not any(has_word(reply, normalize("NFC", word.strip().lower())) for word in given["forbidden_words"])


def letter_appears_so_often(reply: str, given: Mapping[str, Any]) -> bool:
    """The letter (any character) appears `let_frequency` times, by `let_relation`."""
    return holds(reply.lower().count(given["letter"].lower()), given["let_relation"], given["let_frequency"])


KINDS = {
    "keywords:existence": Kind(exist, {"keywords": WORDS}),
    "keywords:frequency": Kind(appear_so_often, {"keyword": WORD, "frequency": COUNT, "relation": RELATION}),
    "keywords:forbidden_words": Kind(are_absent, {"forbidden_words": WORDS}),
    "keywords:letter_frequency": Kind(
        letter_appears_so_often, {"letter": LETTER, "let_frequency": COUNT, "let_relation": RELATION}
    ),
}
