"""Seeded changes of values, bytes and texts."""

from __future__ import annotations

import copy
import random
from typing import Any

from tests.faults.fuzz import BYTES, change


def mutated(value: Any, draw: random.Random) -> Any:
    """A copy with up to four changes at any depth."""
    held = [copy.deepcopy(value)]
    for _ in range(draw.choice([0, 1, 1, 1, 2, 4])):
        change(held, draw)
        if not held:
            return None
    return held[0]


def mutated_bytes(content: bytes, draw: random.Random, words: list[bytes] = BYTES) -> bytes:
    """Bytes flipped, lost, doubled, or with a word of the format put between; sometimes cut."""
    for _ in range(draw.choice([1, 1, 2, 4, 8])):
        at = draw.randrange(len(content) + 1)
        to = min(len(content), at + draw.choice([0, 1, 1, 4, 20]))
        new = draw.choice([b"", bytes([draw.randrange(256)]), draw.choice(words), content[at:to] * 2])
        content = content[:at] + new + content[to:]
    return content[: draw.randrange(len(content) + 1)] if draw.random() < 0.1 else content


def mutated_text(text: str, draw: random.Random, words: list[str]) -> str:
    """The same for text."""
    for _ in range(draw.choice([0, 1, 1, 2, 4])):
        at = draw.randrange(len(text) + 1)
        to = at + draw.choice([0, 0, 1, 1, 4])
        text = text[:at] + draw.choice(["", text[at:to] * 2, *draw.sample(words, 3)]) + text[to:]
    return text


def odd_text(text: str, draw: random.Random) -> bytes:
    """JSON as it is, or with a few bytes changed."""
    content = text.encode("utf-8", "backslashreplace")
    return mutated_bytes(content, draw) if draw.random() < 0.2 else content
