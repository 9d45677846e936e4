"""How much memory the rendered samples of all tasks may take together: a suite may name one file in a thousand tasks.

    if HELD.has_room(n_bytes): HELD.hold(task, n_bytes)      # given back when the task is

A task that finds no room renders its samples anew for each pass, as tasks of many samples do.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping

from evalkit.records import Sample

MOST_BYTES = 128 * 2**20
_EACH = 64
"""Bytes of a value besides its letters."""


class HeldSamples:
    """Counts the bytes that live tasks of this process hold."""

    def __init__(self) -> None:
        self._n_bytes = 0

    def has_room(self, n_bytes: int) -> bool:
        """Whether so much may be held besides what is held now."""
        return self._n_bytes + n_bytes <= MOST_BYTES

    def hold(self, task: object, n_bytes: int) -> None:
        """Count so much for as long as the task lives."""
        self._n_bytes += n_bytes
        weakref.finalize(task, self._give_back, n_bytes).atexit = False

    def _give_back(self, n_bytes: int) -> None:
        self._n_bytes -= n_bytes


HELD = HeldSamples()


def weight_of(sample: Sample) -> int:
    """Roughly the bytes of a sample: the letters of its messages and of its record, and something for each value."""
    return sum(_EACH + len(message.content) for message in sample.messages) + _weight(sample.fields)


def _weight(value: object) -> int:
    if isinstance(value, str):
        return _EACH + len(value)
    if isinstance(value, Mapping):
        return _EACH + sum(_EACH + _weight(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return _EACH + sum(map(_weight, value))
    return _EACH
