"""How values and names stand in a message: on one line, escaped, and never longer than a person reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def short(value: Any, most: int = 60) -> str:
    """A value as Python writes it (so control and direction characters show as escapes), cut at `most` characters."""
    text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def listed(names: Iterable[Any], most: int = 20) -> str:
    """`a, b, c`, or the first twenty and how many more there are; `(none)` for none."""
    words = [name if isinstance(name, str) and name.isprintable() else repr(name) for name in names]
    rest = f" and {len(words) - most} more" if len(words) > most else ""
    return (", ".join(words[:most]) or "(none)") + rest


def near(word: str, known: Iterable[str]) -> str:
    """`did you mean 'prompt'?`, or the list of what is known."""
    from difflib import get_close_matches

    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(names)}" if names else "none is known here"
