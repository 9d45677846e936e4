"""How much the answers that are under way hold in sum: each has a limit of its own (`text_limit`), and so have all.

    with answers_kept():                # an item, from its first request until its row is stored
        with an_answer() as held:       # one reply
            held.now(n_bytes)
            await held.room()           # while all hold too much, the younger ones are not read any further

A server may send three hundred answers at once of which each is within its limits, and hold them open. What an answer
holds is weighed and not counted on the wire: a token of four letters travels in some 250 bytes. Large answers (of many
log-probabilities) so follow one another instead of being thrown away; where no room comes, one ends as `stalled`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from weakref import WeakKeyDictionary

from evalkit.adapters.reply_fields import text_limit
from evalkit.errors import Stalled

TIMES = 8
"""All answers under way may hold so many times what one may have (128 MiB) before some wait."""
SMALL = 2**16
"""Bytes of an answer that never waits for what others hold."""
PATIENCE_S, _LOOK_S = 300.0, 0.1
"""Seconds that an answer waits for room, and how often it looks."""


class _Sum:
    __slots__ = ("__weakref__", "n_answers", "n_bytes", "read")

    def __init__(self) -> None:
        self.n_bytes = self.n_answers = 0
        self.read: dict[Held, None] = {}
        """Those that are being read, the oldest first."""


class Held:
    """What one answer holds."""

    __slots__ = ("_most", "_sum", "n_bytes")

    def __init__(self, of_all: _Sum) -> None:
        self._sum, self._most, self.n_bytes = of_all, TIMES * text_limit(), 0
        of_all.n_answers += 1
        of_all.read[self] = None

    @property
    def is_full(self) -> bool:
        """Whether all answers together hold more than they may."""
        return self._sum.n_bytes > self._most

    def now(self, n_bytes: int) -> None:
        """So much, as it came so far."""
        self._sum.n_bytes += n_bytes - self.n_bytes
        self.n_bytes = n_bytes

    def refuse(self) -> None:
        """Raises Stalled where all hold too much, and this one more than its even share."""
        if self.is_full and self.n_bytes > max(SMALL, self._most // self._sum.n_answers):
            raise Stalled(self.reason())

    async def room(self) -> None:
        """Waits while all hold too much and this one is not among the oldest. Raises Stalled after `PATIENCE_S`."""
        until = monotonic() + PATIENCE_S
        while self._waits():
            if monotonic() > until:
                raise Stalled(f"nothing more was read for {PATIENCE_S:g} s, since {self.reason()}")
            await asyncio.sleep(_LOOK_S)

    def reason(self) -> str:
        """That too much is held, with the way out."""
        return (
            f"the {self._sum.n_answers:,} answers under way hold more than {self._most // 2**20:,} MiB together, and "
            f"this one {self.n_bytes / 2**20:.1f} MiB. Ask for fewer at once (run.in_flight), or allow more: "
            f"EVALKIT_MAX_REPLY_MB ({text_limit() // 2**20}) times {TIMES}"
        )

    def _waits(self) -> bool:
        """Half of the room is for what the oldest will still say; the oldest of all never waits."""
        if not self.is_full or self.n_bytes <= SMALL:
            return False
        read = self._sum.read
        before = self._sum.n_bytes - sum(one.n_bytes for one in read)  # whole, and not stored yet
        for n, one in enumerate(read):
            before += one.n_bytes
            if one is self:
                return n > 0 and before > self._most // 2
        return False

    def is_read(self) -> None:
        """It is whole, or will never be."""
        self._sum.read.pop(self, None)

    def give_back(self) -> None:
        """It is stored, or was given up. Once."""
        self.is_read()
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
    """An item holds so much besides its answers, until its end. Raises Stalled where all hold too much by now, and this
    is more than its even share."""
    if n_bytes and _kept.get() is not None:
        with an_answer() as held:
            held.now(n_bytes)
            held.refuse()


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
        held.is_read()
        keeping.append(held)
