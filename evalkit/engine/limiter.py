"""How many requests one endpoint may have open at once, found by asking; and whether and when one is asked again.

Additive increase, multiplicative decrease (Chiu & Jain 1989), with slow start: the limit doubles while a full window of
answers comes back clean and the window was really used; the first rate limit ends slow start. A burst of 429s is one
*episode*: only a request sent after the last cut can cause the next one. What a provider asks us to wait delays new
requests, but never freezes the lane: one probe at a time may still go out, and its success ends the wait.

A server that answers one request at a time (Ollama, llama.cpp with one slot) sends no 429: what is too much waits in
its queue until the client gives up. Stalls therefore lower the limit too, once they are a fair share of what was asked,
and a server of one's own starts low and is given no more while its answers take long to begin.

A number in the suite (`in_flight: 32`) fixes the limit; waiting on rate limits still applies.

Which errors may be retried is a property of the error; here it is only counted. Exponential back-off with full jitter
(Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015): the wait is uniform in [0, min(cap, base *
2^attempt)], and never shorter than what the provider asked for.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress

from evalkit.errors import BadReply, ConnectionFailed, Overloaded, RateLimited, RequestError, ServerError, Stalled

START = 16
LOCAL_START = 4
"""For a server of one's own, which may have a single slot; a batching one is at 32 after 28 answers."""
MOST = 512
CUT = 0.7
PROBE_EVERY_S = 5.0
STALL_CUT = 0.5
STALL_SHARE = 0.2
"""Stalls among the latest requests from which on they are taken for a full queue, and not for single lost ones."""
REST_AFTER_STALL = 10.0
"""For this many times as long as the stalled request was waited for, the limit does not grow again."""
SLOW_SHARE = 0.25
"""Of the patience with a silent server: answers that begin later come from a queue, and the limit does not grow."""
LONGEST_WAIT_S = 60.0
"""A provider that asks for more is believed for a minute, then probed."""


class Limiter:
    """Slots of one lane. `acquire` waits for one; every acquire is matched by a `release`."""

    def __init__(
        self, fixed: int | None = None, *, most: int = MOST, start: int = START, patience_s: float | None = None
    ) -> None:
        """`patience_s`: silence after which a request is given up; None: slow answers do not keep the limit down."""
        self.fixed = fixed is not None
        self.limit = fixed if fixed is not None else start
        self.patience_s = patience_s
        self.most = most
        self.in_flight = 0
        self.n_episodes = 0
        self.peak = 0
        self._opened = False
        self._slow_start = True
        self._clean = 0
        self._saturated = False
        self._last_cut_at = float("-inf")
        self._last_stall_cut_at = float("-inf")
        self._rests_until = float("-inf")
        self._answers = 0
        """Since the last look at stalls; at most four windows."""
        self._stalls = 0
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
                with suppress(ValueError):  # a hand-out between the cancelling and here has dropped it already
                    self._waiting.remove(slot)
            raise

    def release(self) -> None:
        """Give a slot back."""
        self.in_flight -= 1
        if self._waiting:
            self._hand_out()

    def succeeded(self, began_s: float | None = None) -> None:
        """An answer came: the endpoint can do at least this much. `began_s`: seconds to its first token, if known."""
        if self._paused_until > float("-inf"):
            self._paused_until = float("-inf")
            self._hand_out()
        if self.fixed:
            return
        self._answers += 1
        if self._answers >= 4 * self.limit:
            self._answers = self._stalls = 0
        if self.patience_s is not None and began_s is not None and began_s > SLOW_SHARE * self.patience_s:
            self._clean = 0
            return
        self._clean += 1
        if self._clean >= self.limit:
            if self._saturated and time.perf_counter() >= self._rests_until:
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

    def stalled(self, sent_at: float) -> bool:
        """Nothing came for a request sent at `sent_at` (perf_counter) until it was given up.

        True where too many requests were open, which the limit has been lowered for: the request itself is not to
        blame. One lost request among many answered ones lowers nothing.
        """
        if self.fixed:
            return False
        if sent_at <= self._last_stall_cut_at:
            return True
        self._stalls += 1
        self._clean = 0
        n_seen = self._stalls + self._answers
        if self.limit == 1 or self._stalls < max(2, self.limit // 8) or self._stalls < STALL_SHARE * n_seen:
            return False
        now = time.perf_counter()
        self._last_stall_cut_at = now
        self._rests_until = now + REST_AFTER_STALL * (now - sent_at)
        self._slow_start = False
        self._answers = self._stalls = 0
        self.n_episodes += 1
        self.limit = max(1, int(self.limit * STALL_CUT))
        return True

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


MOST_ATTEMPTS: Mapping[type[RequestError], int] = {
    RateLimited: 1000,  # bounded by the item's deadline: the provider is there and tells us when
    Overloaded: 20,
    ServerError: 6,  # a deterministic 500 must not be paid for all night
    ConnectionFailed: 6,
    Stalled: 3,
    BadReply: 3,
}
FIRST_CONTACT_ATTEMPTS = 3
"""Tries of a connection to an endpoint that has not answered once in this run: most likely nothing is there."""
BASE_S = 0.5
CAP_S = 30.0


def wait_before_retry(
    error: RequestError, attempts: int, remaining_s: float, *, contacted: bool, rng: random.Random
) -> float | None:
    """Seconds to wait before the next attempt, None when there shall be none.

    `attempts` is how many were made, `remaining_s` what is left of the item's deadline, `contacted` whether the
    endpoint has ever answered in this run.
    """
    if not error.retryable:
        return None
    most = MOST_ATTEMPTS.get(type(error), 3)
    if not contacted and isinstance(error, ConnectionFailed) and not error.sent:
        most = FIRST_CONTACT_ATTEMPTS
    if attempts >= most:
        return None
    wait_s = rng.uniform(0.0, min(CAP_S, BASE_S * 2.0 ** (attempts - 1)))
    if error.retry_after_s is not None:
        wait_s += error.retry_after_s
    elif isinstance(error, RateLimited | Overloaded):
        wait_s = max(wait_s, BASE_S)
    return wait_s if wait_s < remaining_s else None
