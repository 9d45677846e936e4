"""What a run has and what it owes: rows go into the journal, bought answers come out of the cache.

    ledger = Ledger(journal, done=recovered.is_done, cache=cache, observer=observer)
    owed = ledger.outstanding(item)              # None: answered in an earlier session
    left = await ledger.left_by_cache(owed)     # None: cached, scored and stored just now
    ledger.finish(item, request, asked)   # a new answer

Where items are conversations, `owed` and `left_by_cache` give the first turn that is still without an answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from evalkit.engine.asking import Asked, Lost, Obtained, cost_of, is_drawn, request_of, score_of, scored_row
from evalkit.engine.budget import Reservation
from evalkit.engine.conversation import following, goes_on, unasked
from evalkit.engine.event_loop import in_thread
from evalkit.engine.lane import Slot
from evalkit.engine.rows import AttemptInfo, answer_of_row, with_score
from evalkit.engine.work import Item, Observer, RowLog, Silent
from evalkit.frozen import dataclass
from evalkit.records import AgentStep, Outcome, Request, Row
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.row_codec import Key

if TYPE_CHECKING:  # samples that take one answer have no agent
    from evalkit.engine.answer_cache import AnswerCache
    from evalkit.engine.live_tools import LiveSessions
    from evalkit.store.step_log import StepLog
    from evalkit.suite.redaction import Redactor

LOOK_S, TELL_S, MOST_S = 0.1, 5.0, 120.0
"""How often the cache is looked into for an answer that another run has under way; when that is told; how long an
agent, whose slot is held, waits."""
UNSCORED = "no score"
"""Stands for an error's kind where an answer came, and nobody could score it."""


@dataclass(slots=True)
class Tally:
    """What one session did so far."""

    asked: int = 0
    cached: int = 0
    errored: int = 0
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By model and kind of error: how often it ended an item, and the first message."""
    reasons: list[str] = field(default_factory=list)
    """Why the run is incomplete, as sentences."""


@dataclass(slots=True)
class Ledger:
    """The rows of one run, in one session."""

    journal: RowLog
    done: Callable[[Key], bool] = lambda key: False
    """Whether the row need not be asked."""
    earlier: Callable[[Key], Row | None] = lambda key: None
    """The stored row of a done item, for the turns that follow on it."""
    cache: AnswerCache | None = None
    observer: Observer = field(default_factory=Silent)
    storing: Redactor | None = None
    """What is taken out of rows before they are stored; such answers are not kept in the cache. None: nothing."""
    steps: StepLog | None = None
    """Where steps of agents' samples go that are not over yet. None: they are not kept."""
    open_steps: Mapping[Key, tuple[AgentStep, ...]] = field(default_factory=dict)
    """Steps of earlier sessions, of samples that were not over."""
    unscored: Callable[[Key], Row | None] = lambda key: None
    """The stored row of an answer that its scorer failed on in an earlier session."""
    unmarked: Callable[[Key], bool] = lambda key: False
    """Whether a stored row that is owed holds an answer (scored or not by now, see `unscored`)."""
    given_up: Callable[[Key], int] = lambda key: 0
    """Attempts of earlier sessions that ended at a limit of evalkit's own (`Row.given_up`)."""
    waited: Callable[[Key], float] = lambda key: 0.0
    """Seconds that attempts of earlier sessions took which came to nothing."""
    tally: Tally = field(default_factory=Tally)
    _drawn_anew: set[Key] = field(default_factory=set)
    """Rows for which a model is asked again although an answer was there."""
    _live: LiveSessions | None = None
    _has_told_of_waiting: bool = False

    @property
    def live(self) -> LiveSessions:
        """Sessions with live servers of tools."""
        if self._live is None:
            from evalkit.engine.live_tools import LiveSessions

            self._live = LiveSessions()
        return self._live

    async def admit(self, item: Item) -> None:
        """Wait until a live server of the item's tools has room for one more session; nothing for any other item."""
        if item.sample.world is not None:
            await self.live.admit(item)

    @property
    def taken_out(self) -> dict[str, dict[str, int]]:
        """By task and kind: what was taken out of what live servers said in this session."""
        return {} if self._live is None else {task: dict(n) for task, n in self._live.taken_out.items() if n}

    async def leave(self, item: Item) -> None:
        """End the session of an item; nothing where it has none."""
        if self._live is not None:
            await self._live.leave(item)

    def store(self, row: Row, *, asked_before: int = 0) -> Row:
        """Journal a row, count it and show it; gives it back as it was stored, and as a next turn goes on from it.
        `asked_before`: attempts of other runs, or at turns before it, that were given up.

        Raises RunIncomplete when it cannot be written.
        """
        if earlier := max(self.given_up(row.key) + (row.key in self._drawn_anew), asked_before):
            row = replace(row, given_up=(row.given_up or 0) + earlier)
        if row.retry_s is not None and (waited := self.waited(row.key)):
            row = replace(row, retry_s=row.retry_s + waited)
        if self.storing is not None:
            from evalkit.engine.stored import stored

            row = stored(row, self.storing)
        self.journal.append(row)
        if row.outcome is Outcome.ERRORED and not row.waits:
            self.tally.errored += 1
            kind = f"{row.model}: {row.error_kind or UNSCORED}"
            why = row.error or row.reason
            n, first = self.tally.errors.get(kind, (0, f"sample {row.sample_id!r} of {row.task}: {why}"))
            self.tally.errors[kind] = (n + 1, first)
        self.observer.row(row)
        return row

    async def came_elsewhere(
        self, item: Item, request: Request, slot: Slot, money: Reservation, most_s: float
    ) -> Row | None:
        """The row of an answer that another run had under way, once it is there: whoever asked beside it would keep
        what was quick of two. None where none is under way, or it came to nothing; then it has to be asked for, by the
        `money` that is set aside. The slot is another's meanwhile: two runs may wait for each other's retries."""
        if self.cache is None or item.episode is not None or not self.cache.is_elsewhere(item.model, request):
            return None
        began, row = time.monotonic(), None
        slot.give_back()
        try:
            while row is None and self.cache.is_elsewhere(item.model, request) and time.monotonic() < began + most_s:
                await asyncio.sleep(LOOK_S)
                if time.monotonic() > began + TELL_S and not self._has_told_of_waiting:
                    self._has_told_of_waiting = True
                    self.observer.note(
                        "another run that shares the response cache has asked the same and has no answer yet: waiting "
                        f"for it, up to {most_s:g} s a request (--no-cache asks by itself)"
                    )
                row = await self._from_cache(item, request)
            await slot.take_again(None)
        except asyncio.CancelledError:
            money.unused()
            raise
        if row is not None:
            money.unused()
        return row

    async def _answer_of(self, item: Item, request: Request) -> CachedAnswer | None:
        """What the cache has for a step of an agent; what another run has under way is waited for."""
        assert self.cache is not None
        until = time.monotonic() + MOST_S
        hit = self.cache.get(item.model, request)
        while hit is None and self.cache.is_elsewhere(item.model, request) and time.monotonic() < until:
            await asyncio.sleep(LOOK_S)
            hit = self.cache.get(item.model, request)
        return hit

    def sent(self, item: Item, request: Request) -> None:
        """A request goes out now. The cache notes it until its answer is there: who ends a run and begins it again
        would have the slow answers drawn anew."""
        if not _is_drawn(item, request):
            return
        self.journal.sent.out(item.key)
        if self.unmarked(item.key):
            self._drawn_anew.add(item.key)
        if self.cache is None or self.storing is not None:
            return
        if item.episode is None or not _is_live(item):
            self.cache.sent(item.model, request)

    def turned_back(self, item: Item, request: Request, n_given_up: int) -> None:
        """The run ends while a request only waits for its next attempt: nothing of it is under way. `n_given_up`: its
        attempts until then that were given up."""
        if not _is_drawn(item, request):
            return
        if not n_given_up:
            self._back(item)
        if self.cache is not None and self.storing is None:
            self.cache.give_up(item.model, request, self.cache.given_up(item.model, request) + n_given_up)

    def _back(self, item: Item) -> None:
        """Nothing of a row is under way. Where a later session would draw answers of the sample anew, it still is."""
        if item.episode is None or item.episode.is_kept:
            self.journal.sent.back(item.key)

    def keep_cached(self) -> None:
        """Now and then: what waits to be written into the cache is, where it has waited for long."""
        if self.cache is not None:
            self.cache.keep()

    def finish(self, item: Item, request: Request, asked: Asked) -> Row:
        """Store a row that was asked for, and keep what was bought; gives the row as it was stored."""
        self.tally.asked += 1
        if self.cache is None or self.storing is not None:
            return self.store(asked.row, asked_before=item.given_up)
        row = self.store(asked.row, asked_before=max(item.given_up, self.cache.given_up(item.model, request)))
        if asked.response is not None:
            self.cache.put(item.model, request, asked.response, row)
        else:
            self.cache.give_up(item.model, request, row.given_up or 0)
        return row

    def outstanding(self, item: Item) -> Item | None:
        """The item, from its first turn without an answer on; None where every turn is answered."""
        while self.done(item.key):
            if not item.later:
                return None
            row = self.earlier(item.key)
            if row is None:
                return item  # an answer that cannot be had again is asked for again
            if not goes_on(item, row) and all(self.done(replace(item, sample=turn).key) for turn in item.later):
                return None
            after = self.after(item, row)
            if after is None:
                return None
            item = after
        return item

    def after(self, item: Item, row: Row) -> Item | None:
        """The turn after this one; None where there is none, or nothing to stand on: then its rows are stored."""
        if item.later and goes_on(item, row):
            return following(item, row)
        for left_over in unasked(item, row):
            self.store(left_over)
        return None

    async def left_by_cache(self, item: Item) -> tuple[Item, Request] | None:
        """What is still to be asked of an item once stored answers and the cache have given what they have; None:
        nothing."""
        if item.sample.world is not None:
            return None if await self._scored_again(item) else await self._left_of_agent(item)
        while True:
            request = request_of(item)
            row = await self._scored_again(item) or await self._from_cache(item, request)
            if row is None:
                return item, request
            after = self.after(item, row)
            if after is None:
                return None
            item = after

    async def finish_step(self, item: Item, request: Request, found: Obtained | Lost) -> Item | None:
        """The item of an agent's sample after one more request; None where that is the end of it, its row stored."""
        from evalkit.engine.episodes import lost_row

        self.tally.asked += 1
        cache = None if self.storing is not None or _is_live(item) else self.cache
        if cache is not None and (before := cache.given_up(item.model, request)):
            found = replace(found, attempt=replace(found.attempt, given_up=found.attempt.given_up + before))
        if isinstance(found, Lost):
            if cache is not None:
                cache.give_up(item.model, request, found.attempt.given_up)
            self.store(lost_row(item, found))
            return None
        after = await self._stepped(item, found)
        if after is None:
            if cache is not None:
                cache.give_up(item.model, request, found.attempt.given_up + _is_drawn(item, request))
            return None
        self._back(after)
        if cache is not None:
            cache.put(item.model, request, found.response, _steps(after)[-1])
        return after

    async def _left_of_agent(self, item: Item) -> tuple[Item, Request] | None:
        """What its agent is asked next, steps that are kept or cached taken; None: its row is stored."""
        from evalkit.engine.episodes import broken, broken_row
        from evalkit.suite.environments import BrokenEnvironment

        try:
            return await self._next_of_agent(item)
        except BrokenEnvironment as error:
            self.store(broken_row(item, broken(error)))
            return None

    async def _next_of_agent(self, item: Item) -> tuple[Item, Request] | None:
        """The same. Raises BrokenEnvironment."""
        from evalkit.engine.episodes import begun, broken_row, cached_answer, episode_row, over_after, unmeasured

        if item.episode is None:
            item = await _beside(item, begun, item, self.open_steps.get(item.key, ()))
        while True:
            if over_after(item) is not None:
                self.store(await episode_row(item))
                return None
            if _steps(item) and (why := unmeasured(item)) is not None:
                self.store(broken_row(item, why))
                return None
            request = request_of(item)
            # Nothing that a live server was told is told again from the cache: its answers may be others by now.
            hit = await self._answer_of(item, request) if self.cache is not None and not _is_live(item) else None
            if hit is None:
                return item, request
            self.tally.cached += 1
            after = await self._stepped(item, cached_answer(item, hit))
            if after is None:
                return None
            item = after

    async def _stepped(self, item: Item, bought: Obtained) -> Item | None:
        """The item after an answer, its calls carried out; None where that cannot be done: then its row is stored."""
        from evalkit.engine.episodes import broken, broken_row, kept_within_bounds, with_answer
        from evalkit.suite.environments import BrokenEnvironment

        after = item
        try:
            after = await self._carried_out(item, bought)
            return kept_within_bounds(after)
        except BrokenEnvironment as error:
            n_kept = 0 if after.episode is None else after.episode.n_kept
            self.store(broken_row(with_answer(item, bought, n_kept), broken(error)))
            return None

    async def _carried_out(self, item: Item, bought: Obtained) -> Item:
        """The same. Raises BrokenEnvironment."""
        from evalkit.engine.episodes import due_calls, stepped

        told = await self.live.carried_out(item, due_calls(item, bought)) if _is_live(item) else None
        item = await _beside(item, stepped, item, bought, told)
        if self.steps is None or _is_live(item):  # no other session has what a live one's calls have changed
            return item
        self.steps.append(item.key, len(_steps(item)), _steps(item)[-1])
        assert item.episode is not None
        return replace(item, episode=replace(item.episode, n_kept=len(item.episode.steps)))

    async def _scored_again(self, item: Item) -> Row | None:
        """The row of an answer that an earlier session could not score; None where there is none."""
        row = self.unscored(item.key)
        if row is None:
            return None
        score = await score_of(item.sample, answer_of_row(row), item.task.scorer)
        parts: Mapping[str, float] = {}
        if row.steps is not None:
            from evalkit.engine.episodes import trajectory_parts

            parts = trajectory_parts(item.sample, row.steps)
        return self.store(with_score(row, score, item.sample, parts))

    async def _from_cache(self, item: Item, request: Request) -> Row | None:
        hit = self.cache.get(item.model, request) if self.cache is not None else None
        if hit is None:
            return None
        attempt = AttemptInfo(hit.started_at, None, None, 1, cached=True, given_up=hit.given_up)
        self.tally.cached += 1
        # By this run's prices of the day on which it was asked. What an earlier run said that it cost rested on that
        # run's own entry and price file; where this one knows no price, the cost is unknown.
        response, cost = cost_of(item, hit.response, attempt)
        row = await scored_row(item, response, attempt, cost)
        return self.store(row, asked_before=item.given_up)


def _is_live(item: Item) -> bool:
    """Whether a live server carries out its calls: nothing that it says can be had again."""
    if item.sample.world is None:
        return False
    from evalkit.engine.live_tools import is_live

    return is_live(item)


def _is_drawn(item: Item, request: Request) -> bool:
    """Whether another answer may come where it is asked again; of a live server too."""
    return is_drawn(item, request) or _is_live(item)


async def _beside(item: Item, carry_out: Callable[..., Item], *arguments: object) -> Item:
    """What this comes to; beside the event loop where calls are another process's, so that no request is timed with
    it."""
    from evalkit.suite.environments import world_of

    world = world_of(item.sample)
    if world is None or world.environment.code is None:
        return carry_out(*arguments)
    return await in_thread(lambda: carry_out(*arguments))


def _steps(item: Item) -> tuple[AgentStep, ...]:
    """The steps that an agent has made so far."""
    return item.episode.steps if item.episode is not None else ()
