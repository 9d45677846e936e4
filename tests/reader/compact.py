"""Cases of choices in a compact form: (choices, the letter that the reply names, the reply)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Case = tuple[str, str, dict[str, Any], str | None, str, str, dict[str, Any]]
_NONE = "wrong|unparseable|refused|truncated"


def choice_cases(rows: Sequence[tuple[tuple[str, ...], str, str]]) -> list[Case]:
    """Each reply against the choice that it names and another one; against every one where it names none ("-").

    "B-": a reading as B and none at all are both fair."""
    cases: list[Case] = []
    for choices, read, reply in rows:
        for letter in "ABCDE"[: len(choices)]:
            named = letter == read[0]
            other = letter == ("A" if read[0] != "A" else "B")
            if named or other or read == "-":
                outcomes = _NONE if not named else "right" if read == letter else "right|unparseable"
                cases.append(("choice", "choice", {}, letter, reply, outcomes, {"choices": choices}))
    return cases
