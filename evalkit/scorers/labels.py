"""What the choices of a question are called: by letters, or by numbers where there are too many."""

from __future__ import annotations

from functools import cache

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def labels(n: int) -> tuple[str, ...]:
    """The labels of n choices: A to Z, or 1 to n where letters do not suffice."""
    return tuple(LETTERS[:n]) if n <= len(LETTERS) else tuple(str(i) for i in range(1, n + 1))
