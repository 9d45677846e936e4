"""The limiter finds what an endpoint can take, cuts once per episode, and never freezes."""

from __future__ import annotations

import asyncio
import time

import pytest

from evalkit.engine import limiter as room
from evalkit.engine.limiter import LOCAL_START, START, Limiter


async def use(limiter: Limiter, n: int) -> None:
    for _ in range(n):
        await limiter.acquire()


def answered(limiter: Limiter, n: int) -> None:
    for _ in range(n):
        limiter.succeeded()
        limiter.release()


async def test_a_number_fixes_the_limit_whatever_comes_back() -> None:
    limiter = Limiter(3)
    await use(limiter, 3)
    waiting = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    assert not waiting.done()
    answered(limiter, 1)
    await waiting
    limiter.rate_limited(time.perf_counter(), 0.0)
    assert limiter.limit == 3


async def test_the_limit_doubles_while_a_full_window_comes_back_clean() -> None:
    limiter = Limiter()
    await use(limiter, START)
    waiting = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    answered(limiter, START)
    await waiting
    assert limiter.limit == 2 * START


async def test_the_limit_does_not_grow_while_it_is_not_used() -> None:
    limiter = Limiter()
    for _ in range(10 * START):
        await limiter.acquire()
        answered(limiter, 1)
    assert limiter.limit == START


async def test_a_burst_of_rate_limits_is_one_episode() -> None:
    limiter = Limiter()
    await use(limiter, START)
    sent_at = time.perf_counter()
    for _ in range(START):
        limiter.rate_limited(sent_at, 0.01)
        limiter.release()
    assert limiter.n_episodes == 1
    assert limiter.limit == int(START * room.CUT)


async def test_after_a_rate_limit_growth_is_by_one() -> None:
    limiter = Limiter()
    limiter.rate_limited(time.perf_counter(), 0.0)
    limit = limiter.limit
    await use(limiter, limit)
    waiting = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    answered(limiter, limit)
    await waiting
    assert limiter.limit == limit + 1


async def test_what_the_provider_asks_us_to_wait_holds_new_requests_back() -> None:
    limiter = Limiter(4)
    limiter.rate_limited(time.perf_counter(), 0.15)
    start = time.perf_counter()
    await limiter.acquire()
    assert time.perf_counter() - start >= 0.14


async def test_a_long_wait_does_not_freeze_the_lane_because_a_probe_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PROBE_EVERY_S", 0.05)
    limiter = Limiter(4)
    limiter.rate_limited(time.perf_counter(), 3600.0)
    assert limiter.waiting_s <= room.LONGEST_WAIT_S
    await asyncio.wait_for(limiter.acquire(), 1.0)
    second = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0.12)
    assert not second.done(), "only one probe at a time"
    answered(limiter, 1)
    await asyncio.wait_for(second, 1.0)
    assert limiter.waiting_s == 0.0


async def test_a_retry_goes_before_what_was_never_sent() -> None:
    limiter = Limiter(1)
    await limiter.acquire()
    order: list[str] = []

    async def one(name: str, *, urgent: bool) -> None:
        await limiter.acquire(urgent=urgent)
        order.append(name)
        limiter.release()

    fresh = asyncio.ensure_future(one("fresh", urgent=False))
    await asyncio.sleep(0)
    retry = asyncio.ensure_future(one("retry", urgent=True))
    await asyncio.sleep(0)
    limiter.release()
    await asyncio.gather(fresh, retry)
    assert order == ["retry", "fresh"]


async def test_a_cancelled_wait_loses_no_slot() -> None:
    limiter = Limiter(1)
    await limiter.acquire()
    waiting = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    limiter.release()
    await asyncio.wait_for(limiter.acquire(), 1.0)
    assert limiter.in_flight == 1


async def test_a_slot_that_was_given_to_a_cancelled_wait_comes_back() -> None:
    limiter = Limiter(1)
    await limiter.acquire()
    waiting = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    limiter.release()  # hands the slot to `waiting`, which has not run yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(limiter.acquire(), 1.0)


async def test_stalls_lower_the_limit_once_they_are_a_fair_share() -> None:
    limiter = Limiter()
    await use(limiter, START)
    sent_at = time.perf_counter()
    answered(limiter, 5)  # a server with one slot answers a few before the rest is given up
    assert not limiter.stalled(sent_at), "one lost request lowers nothing"
    assert limiter.stalled(sent_at)
    assert limiter.limit == START // 2
    assert limiter.stalled(sent_at), "of the same episode: not to blame, and no further cut"
    assert limiter.limit == START // 2


async def test_single_lost_requests_of_a_busy_provider_lower_nothing() -> None:
    limiter = Limiter()
    for _ in range(50):
        await limiter.acquire()
        answered(limiter, 1)
        for _ in range(30):
            await limiter.acquire()
            answered(limiter, 1)
        assert not limiter.stalled(time.perf_counter())
    assert limiter.limit >= START


async def test_after_a_stall_the_limit_rests() -> None:
    limiter = Limiter()
    await use(limiter, START)
    sent_at = time.perf_counter() - 5.0
    assert [limiter.stalled(sent_at) for _ in range(2)] == [False, True]
    waiting = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    answered(limiter, START)
    await waiting
    assert limiter.limit == START // 2, "what has just starved a server would starve it again"


async def test_a_fixed_limit_and_a_limit_of_one_blame_the_request() -> None:
    fixed = Limiter(8)
    assert [fixed.stalled(time.perf_counter()) for _ in range(5)] == [False] * 5
    assert fixed.limit == 8
    alone = Limiter(start=1)
    assert [alone.stalled(time.perf_counter()) for _ in range(5)] == [False] * 5


async def test_answers_that_wait_in_a_queue_keep_a_local_limit_down() -> None:
    slow, quick = (Limiter(start=LOCAL_START, patience_s=10.0) for _ in range(2))
    for limiter, began_s in ((slow, 4.0), (quick, 0.2)):
        await use(limiter, LOCAL_START)
        waiting = asyncio.ensure_future(limiter.acquire())
        await asyncio.sleep(0)
        for _ in range(LOCAL_START):
            limiter.succeeded(began_s)
            limiter.release()
        await waiting
    assert (slow.limit, quick.limit) == (LOCAL_START, 2 * LOCAL_START)


async def test_who_stops_waiting_in_the_very_moment_of_a_hand_out_breaks_nothing() -> None:
    limiter = Limiter(1)
    await use(limiter, 1)
    leaving = [asyncio.ensure_future(limiter.acquire(urgent=urgent)) for urgent in (True, False)]
    staying = asyncio.ensure_future(limiter.acquire())
    await asyncio.sleep(0)
    for one in leaving:
        one.cancel()
    limiter.release()  # hands out before those who leave have come to know it
    found = await asyncio.gather(*leaving, return_exceptions=True)
    assert [type(one) for one in found] == [asyncio.CancelledError, asyncio.CancelledError]
    await asyncio.wait_for(staying, 1)
    assert limiter.in_flight == 1
    limiter.release()
    assert limiter.in_flight == 0
