"""How much the answers that are under way hold in sum: each has a limit of its own (`text_limit`), and so have all.

    with answers_kept():                # an item, from its first request until its row is stored
        with an_answer() as held:       # one reply
            held.now(n_bytes)           # BadReply where all hold too much, and this one more than its share

A server may send three hundred answers at once of which each is within its limits, and hold them open. What an answer
holds is weighed and not counted on the wire: a token of four letters travels in some 250 bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from evalkit.adapters.reply_fields import text_limit
from evalkit.errors import BadReply

TIMES = 16
"""All answers under way may hold so many times what one may have: 256 MiB."""
SMALL = 2**16
"""Bytes of an answer that is never stopped for what others hold."""


class _Sum:
    __slots__ = ("__weakref__", "n_answers", "n_bytes")

    def __init__(self) -> None:
        self.n_bytes = self.n_answers = 0


class Held:
    """What one answer holds."""

    __slots__ = ("_most", "_sum", "n_bytes")

    def __init__(self, of_all: _Sum) -> None:
        self._sum, self._most, self.n_bytes = of_all, TIMES * text_limit(), 0
        of_all.n_answers += 1

    @property
    def is_full(self) -> bool:
        """Whether all answers together hold more than they may."""
        return self._sum.n_bytes > self._most

    def now(self, n_bytes: int) -> None:
        """Raises BadReply where all answers hold too much, and this one more than its even share."""
        self._sum.n_bytes += n_bytes - self.n_bytes
        self.n_bytes = n_bytes
        if self._sum.n_bytes > self._most and n_bytes > max(SMALL, self._most // self._sum.n_answers):
            raise BadReply(
                f"The {self._sum.n_answers:,} answers under way hold more than {self._most // 2**20:,} MiB together, "
                f"and this one, with {n_bytes / 2**20:.1f} MiB, more than its share; reading stopped. Ask for fewer at "
                f"once (run.in_flight), or allow more: EVALKIT_MAX_REPLY_MB ({text_limit() // 2**20}) times {TIMES}."
            )

    def give_back(self) -> None:
        """It is stored, or was given up. Once."""
        self._sum.n_bytes -= self.n_bytes
        self._sum.n_answers -= 1


_sums: WeakKeyDictionary[asyncio.AbstractEventLoop, _Sum] = WeakKeyDictionary()
_kept: ContextVar[list[Held] | None] = ContextVar("answers_kept", default=None)


def in_sum() -> tuple[int, int]:
    """(bytes, answers) that are under way in the event loop that runs."""
    found = _sums.get(asyncio.get_running_loop(), _Sum())
    return found.n_bytes, found.n_answers


@contextmanager
def answers_kept() -> Iterator[None]:
    """Within, what answered counts until the end: its row is not stored before."""
    kept: list[Held] = []
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        for held in kept:
            held.give_back()


def keep(n_bytes: int) -> None:
    """An item holds so much besides its answers, until its end. Raises BadReply as `Held.now`."""
    if n_bytes and _kept.get() is not None:
        with an_answer() as held:
            held.now(n_bytes)


@contextmanager
def an_answer(*, kept: bool = True) -> Iterator[Held]:
    """One reply. Where it fails, or is not `kept` by whoever asked, it counts until the end only."""
    held = Held(_sums.setdefault(asyncio.get_running_loop(), _Sum()))
    keeping = _kept.get() if kept else None
    try:
        yield held
    except BaseException:
        held.give_back()
        raise
    if keeping is None:
        held.give_back()
    else:
        keeping.append(held)
