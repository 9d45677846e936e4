"""How many requests one endpoint may have open at once, found by asking.

Additive increase, multiplicative decrease (Chiu & Jain 1989), with slow start: the limit doubles while a full window of
answers comes back clean and the window was really used; the first rate limit ends slow start. A burst of 429s is one
*episode*: only a request sent after the last cut can cause the next one. What a provider asks us to wait delays new
requests, but never freezes the lane: one probe at a time may still go out, and its success ends the wait.

A number in the suite (`in_flight: 32`) fixes the limit; waiting on rate limits still applies.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

START = 16
MOST = 512
CUT = 0.7
PROBE_EVERY_S = 5.0
LONGEST_WAIT_S = 60.0
"""A provider that asks for more is believed for a minute, then probed."""


class Limiter:
    """Slots of one lane. `acquire` waits for one; every acquire is matched by a `release`."""

    def __init__(self, fixed: int | None = None, *, most: int = MOST) -> None:
        self.fixed = fixed is not None
        self.limit = fixed if fixed is not None else START
        self.most = most
        self.in_flight = 0
        self.n_episodes = 0
        self.peak = 0
        self._opened = False
        self._slow_start = True
        self._clean = 0
        self._saturated = False
        self._last_cut_at = float("-inf")
        self._paused_until = float("-inf")
        self._next_probe_at = float("-inf")
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._wake: asyncio.TimerHandle | None = None

    @property
    def waiting_s(self) -> float:
        """Seconds until new requests may go out again after a rate limit; 0.0 when they may."""
        return max(0.0, self._paused_until - time.perf_counter())

    async def acquire(self, *, urgent: bool = False) -> None:
        """Wait for a slot. `urgent` (a retry) goes before everything that has not been sent yet."""
        if not self._waiting and self._free():
            self._take()
            return
        slot: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if urgent:
            self._waiting.appendleft(slot)
        else:
            self._waiting.append(slot)
        self._hand_out()
        try:
            await slot
        except asyncio.CancelledError:
            if slot.done() and not slot.cancelled():
                self.release()
            else:
                self._waiting.remove(slot)
            raise

    def release(self) -> None:
        """Give a slot back."""
        self.in_flight -= 1
        if self._waiting:
            self._hand_out()

    def succeeded(self) -> None:
        """An answer came: the endpoint can do at least this much."""
        if self._paused_until > float("-inf"):
            self._paused_until = float("-inf")
            self._hand_out()
        if self.fixed:
            return
        self._clean += 1
        if self._clean >= self.limit:
            if self._saturated:
                self.limit = min(self.most, self.limit * 2 if self._slow_start else self.limit + 1)
                self._hand_out()
            self._clean = 0
            self._saturated = False

    def rate_limited(self, sent_at: float, retry_after_s: float | None) -> None:
        """A 429 or an overload came for a request sent at `sent_at` (perf_counter)."""
        now = time.perf_counter()
        wait_s = min(retry_after_s if retry_after_s is not None else 1.0, LONGEST_WAIT_S)
        self._paused_until = max(self._paused_until, now + wait_s)
        self._clean = 0
        self._slow_start = False
        if sent_at > self._last_cut_at:
            self._last_cut_at = now
            self.n_episodes += 1
            self._next_probe_at = now + PROBE_EVERY_S
            if not self.fixed:
                self.limit = max(1, int(self.limit * CUT))
        if self._waiting:
            self._hand_out()

    def open_up(self) -> None:
        """Let everybody through, because the run is over: whoever waits will find that there is nothing to send."""
        self._opened = True
        self._hand_out()

    def _free(self) -> bool:
        if self._opened:
            return True
        if self.in_flight >= self.limit:
            self._saturated = True
            return False
        now = time.perf_counter()
        if now >= self._paused_until:
            return True
        if self.in_flight == 0 and now >= self._next_probe_at:
            self._next_probe_at = now + PROBE_EVERY_S
            return True
        return False

    def _take(self) -> None:
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def _hand_out(self) -> None:
        while self._waiting and self._free():
            slot = self._waiting.popleft()
            if not slot.done():
                self._take()
                slot.set_result(None)
        if self._waiting and self._wake is None and self.in_flight < self.limit:
            now = time.perf_counter()
            delay_s = max(0.001, min(self._paused_until, max(self._next_probe_at, now)) - now)
            self._wake = asyncio.get_running_loop().call_later(delay_s, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self._hand_out()
