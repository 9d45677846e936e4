"""Complaints, one line for each kind: a mistake that every record makes is told once, with a count.

d.csv:2 (sample '1'): renders 'Billing', which is none of ... (s.yaml:9: tasks[0].target); and 29 more like this
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MOST_KINDS = 20
_VALUES = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d[\d,.]*")
_RUNS = re.compile(r"#(?:, #)+")


class Grouped:
    """The first complaint of each kind, in the order they came, at most 20 of them; the others are counted."""

    def __init__(self, at: str) -> None:
        self.at = at
        """Opens the line that counts what is left out."""
        self._kinds: dict[str, tuple[str, int]] = {}
        self._n_left_out = 0

    def __call__(self, complaint: str) -> None:
        """Keep a complaint, or count it."""
        kind = kind_of(complaint)
        if kind in self._kinds:
            first, n = self._kinds[kind]
            self._kinds[kind] = (first, n + 1)
        elif len(self._kinds) < MOST_KINDS:
            self._kinds[kind] = (complaint, 1)
        else:
            self._n_left_out += 1

    def __bool__(self) -> bool:
        return bool(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def all(self) -> tuple[str, ...]:
        """Every kind by its first complaint, then how many there were of further kinds."""
        told = [first if n == 1 else f"{first}; and {n - 1:,} more like this" for first, n in self._kinds.values()]
        rest = (f"{self.at}: and {self._n_left_out:,} more of other kinds",) if self._n_left_out else ()
        return (*told, *rest)


def grouped(complaints: Iterable[str], at: str) -> tuple[str, ...]:
    """These complaints, one line for each kind."""
    kept = Grouped(at)
    for complaint in complaints:
        kept(complaint)
    return kept.all()


def kind_of(complaint: str) -> str:
    """The complaint without what differs from record to record: places, names and values."""
    return _RUNS.sub("#", _VALUES.sub("#", complaint)).replace(" (sample #)", "")
