"""The run: every owed item asked once, every finished one a line in the journal.

    result = await Runner(work, journal, before=EarlierSessions(done=...), files=RunFiles(cache=...)).run()

One producer for each lane (endpoint) walks tasks, samples, repeats and models in that order, so that models which
share an endpoint are asked under the same conditions, and waits for a slot before it makes a task: never more
coroutines than requests in flight. The turns of a conversation follow one another in the slot of the first. What is
done already (resume) is skipped, what is cached is scored without asking (`ledger`). A first Ctrl-C stops
sending and waits for answers that are paid for; a second one does not wait.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import time
from collections.abc import Iterator

from evalkit.adapters.awaiting import close_adapter
from evalkit.engine.asking import StoppedWaiting, ask, obtain
from evalkit.engine.budget import ZERO, Budget, Reservation, most_output, sent_bytes
from evalkit.engine.conversation import alike_together, conversations
from evalkit.engine.event_loop import IDLE_S, LagMeter, first_of, start_once_idle
from evalkit.engine.lane import Lane, Slot
from evalkit.engine.ledger import Ledger
from evalkit.engine.sample_stream import SampleStream
from evalkit.engine.serving import RequestNeeds, Serving, given_up_text, lane_facts, lanes_of, why_stopped
from evalkit.engine.work import (
    EarlierSessions,
    Item,
    Observer,
    PlannedModel,
    PlannedTask,
    RowLog,
    RunFiles,
    RunResult,
    Silent,
    Stopper,
    Work,
    item_for,
)
from evalkit.errors import SuiteError
from evalkit.facts.run import CAP, EARLY_STOP
from evalkit.records import Request, Sample
from evalkit.scorers.outcomes import prepare
from evalkit.suite.digests import shuffled_place
from evalkit.text import numbers

PACE_S = 0.01
"""How often an endpoint that is far ahead in a gate looks whether the others have come nearer."""
CHECK_S, CHECK_EVERY_S = 0.001, 0.005
"""Samples that are still to be asked are checked in slices of this length, this often while little else is to do."""
GRACE_S, LONGEST_GRACE_S = 10.0, 60.0
"""How long an interrupted run waits for answers that are under way, and most likely billed."""


class Runner:
    """One run in progress."""

    def __init__(
        self,
        work: Work,
        journal: RowLog,
        *,
        before: EarlierSessions | None = None,
        files: RunFiles | None = None,
        observer: Observer | None = None,
        stopper: Stopper | None = None,
    ) -> None:
        before, files = before or EarlierSessions(), files or RunFiles()
        self.work = work
        self.observer: Observer = observer if observer is not None else Silent()
        answers = (before.done, before.earlier, files.cache, self.observer, work.storing, files.steps)
        left = (before.open_steps, before.unscored, before.unmarked, before.given_up, before.waited)
        self.ledger = Ledger(journal, *answers, *left)
        keep = None if files.spend_file is None else files.spend_file.keep
        self.budget = Budget(work.settings.max_cost_usd, before.spent, keep)
        self.stopper = stopper
        self._resumed = before.resumed
        self._slowed, self._tell_slowed = set[str](), files.slowed
        self._serving = Serving(files.folder, self.observer.note, work.settings.timeout_s, self.budget)
        self._stop, self._interrupts = asyncio.Event(), 0
        self._asking: set[asyncio.Task[None]] = set()
        self._driving: set[asyncio.Task[None]] = set()
        self._settled = asyncio.Event()
        self._bad_data: SuiteError | None = None
        self._given_up: set[str] = set()
        self._open: list[tuple[Lane, list[PlannedModel]]] = []
        """Lanes whose items are being walked now."""

    def interrupt(self, *, patient: bool = False) -> None:
        """Stop cleanly (first call), or at once (second call). Safe as a signal handler of the running loop. `patient`:
        answers under way are waited for as long as they take of late, up to a minute; else up to ten seconds."""
        self._interrupts += 1
        self._stop.set()
        self._drop_waiting()
        if self._interrupts == 1:
            typical_s = max((s for lane, _ in self._open for s in lane.typical_s.values()), default=0.0)
            grace_s = max(GRACE_S, min(LONGEST_GRACE_S, 1.5 * typical_s)) if patient else GRACE_S
            self.observer.note(
                f"stopping: waiting up to {grace_s:.0f} s for {len(self._asking)} answers under way "
                "(interrupt again to stop at once)"
            )
            asyncio.get_running_loop().call_later(grace_s, self._give_up)
        else:
            self._give_up()

    def _drop_waiting(self) -> None:
        """Items that wait before a retry are owed again; those that wait for a slot see that the run stops."""
        for lane, _ in self._open:
            for task in list(lane.pausing):
                task.cancel()
                self._asking.discard(task)
            lane.limiter.open_up()

    async def run(self) -> RunResult:
        """Ask everything that is owed. Raises RunIncomplete when rows cannot be stored (a full disk)."""
        lanes = lanes_of(self.work, resumed=self._resumed)
        meter = LagMeter()
        # The plan lives as long as the run: no collection walks it in the middle of an answer. None is made before: in
        # a notebook or a test session it takes longer than a small run.
        gc.freeze()
        meter.start()
        scorers = {task.scorer.name for task in self.work.tasks}
        warm = threading.Thread(target=prepare, args=(scorers,))  # an import is waited for at the end
        start_once_idle(asyncio.get_running_loop(), warm)
        try:
            async with asyncio.TaskGroup() as group:
                ticker = group.create_task(self._tell_waits([lane for lane, _ in lanes]))
                checking = group.create_task(self._check_ahead())
                for lane, models in lanes:
                    self._driving.add(group.create_task(self._take_turn(lane, models)))
                await asyncio.wait(self._driving)
                ticker.cancel()
                self._tell_given_up([lane for lane, _ in lanes])
                checking.cancel()
                for task in self.work.tasks:
                    if task.stream is not None:
                        self._tell_later(task.stream)
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors
        finally:
            gc.unfreeze()
            for model in self.work.models:
                try:
                    await close_adapter(model.adapter)
                except Exception as error:  # noqa: BLE001  # a package's: what was asked is kept all the same
                    from evalkit.foreign import words_of

                    told = words_of(error)
                    self.observer.note(f"{model.name} could not be closed: {told}")
        tally = self.ledger.tally
        for lane, _ in lanes:
            tally.reasons += [given_up_text(*told) for told in why_stopped(lane, self.work.storing).items()]
        return RunResult(
            interrupted=self._interrupts > 0,
            reasons=tuple(tally.reasons),
            n_asked=tally.asked,
            n_cached=tally.cached,
            n_errored=tally.errored,
            errors=tally.errors,
            lag=meter.stop(),
            lanes={lane.name: lane_facts(lane) for lane, _ in lanes},
            bad_data=self._bad_data,
            taken_out=self.ledger.taken_out,
        )

    def _askable(self, models: list[PlannedModel]) -> Iterator[Item]:
        """The items, up to a record that cannot be asked: there the run breaks off."""
        try:
            yield from self._items(models)
        except SuiteError as error:
            self._break_off(error)

    def _break_off(self, error: SuiteError) -> None:
        """Send nothing more; what is under way is waited for and stored, what only waits for a retry is owed."""
        self._bad_data = self._bad_data or error
        self._stop.set()
        self._drop_waiting()
        self._settled.set()

    async def _check_ahead(self) -> None:
        """Find records that cannot be asked long before their turn, while the event loop has little to do."""
        loop = asyncio.get_running_loop()
        for stream in filter(None, [task.stream for task in self.work.tasks]):
            n_passed_over = 0
            while not stream.finished and not self._stop.is_set():
                due = loop.time() + CHECK_EVERY_S
                await asyncio.sleep(CHECK_EVERY_S)
                if loop.time() - due > IDLE_S and n_passed_over < 20:
                    n_passed_over += 1
                    continue
                n_passed_over = 0
                try:
                    stream.check_for(CHECK_S)
                except SuiteError as error:
                    self._break_off(error)
                    return
            self._tell_later(stream)

    def _tell_later(self, stream: SampleStream) -> None:
        for note in stream.later_notes():
            self.observer.note(note)

    def _items(self, models: list[PlannedModel]) -> Iterator[Item]:
        for task, (sample, *later) in self._in_order():
            for repeat in range(self.work.settings.repeats):
                for model in models:
                    if model.name in task.settings:
                        yield item_for(task, sample, model, repeat, tuple(later))

    def _in_order(self) -> Iterator[tuple[PlannedTask, tuple[Sample, ...]]]:
        """Task by task, samples that begin alike together; a run that may stop early has a random order of its own."""
        if self.stopper is None:
            return (
                (task, turns) for task in self.work.tasks for turns in alike_together(conversations(task.samples()))
            )
        samples = ((task, turns) for task in self.work.tasks for turns in conversations(task.samples()))
        seed = self.stopper.seed

        def place(at: tuple[PlannedTask, tuple[Sample, ...]]) -> tuple[int, str, str, int]:
            key = (at[1][0].task, at[1][0].digest, at[1][0].occurrence)
            return (shuffled_place(seed, *key), *key)

        return iter(sorted(samples, key=place))

    async def _take_turn(self, lane: Lane, models: list[PlannedModel]) -> None:
        async with self._serving.turn(models), asyncio.TaskGroup() as group:
            await self._drive(lane, models, group)

    async def _drive(self, lane: Lane, models: list[PlannedModel], group: asyncio.TaskGroup) -> None:
        self._open.append((lane, models))
        try:
            await self._walk(lane, models, group)
        finally:
            self._open.remove((lane, models))

    async def _walk(self, lane: Lane, models: list[PlannedModel], group: asyncio.TaskGroup) -> None:
        n_skipped = 0
        for wanted in self._askable(models):
            if self._stop.is_set() or len(lane.stopped) == len(models):
                return
            name = wanted.model.name
            if self.stopper is not None:
                await self._keep_pace(lane, name, self.stopper)
                if self.stopper.is_final(name):
                    continue
            owed = None if name in lane.stopped else self.ledger.outstanding(wanted)
            left = None if owed is None else await self.ledger.left_by_cache(owed)
            if left is None:
                n_skipped += 1
                if n_skipped % 50 == 0:
                    await asyncio.sleep(0)
                continue
            item, request = left
            needs = RequestNeeds(item.task.scorer.needs == "likelihood", bool(request.tools), bool(request.images))
            if (error := await self._serving.why_not_ready(item.model, needs)) is not None:
                lane.stopped.setdefault(name, (error, None))
                continue
            due_at = time.perf_counter()
            await self.ledger.admit(item)  # before the slot: whoever holds a session is never short of one
            await lane.limiter.acquire()
            if self._stop.is_set() or name in lane.stopped or (self.stopper and self.stopper.is_final(name)):
                lane.limiter.release()
                await self.ledger.leave(item)
                continue
            money = await self._reserved(item, request)
            if money is None:
                lane.limiter.release()
                await self.ledger.leave(item)
                return
            task = group.create_task(self._finish(item, request, Slot(lane), due_at, money))
            self._asking.add(task)
            task.add_done_callback(self._ended)

    async def _keep_pace(self, lane: Lane, name: str, stopper: Stopper) -> None:
        """Wait while a fast endpoint is far ahead of a slow one: what it would buy may turn out not to be needed."""
        # Rows come from the cache, from errors and from answers alike: looking is simpler than being told by each.
        while not self._stop.is_set() and stopper.ahead(name, self._elsewhere(lane)):
            self._slowed_by(EARLY_STOP)
            await asyncio.sleep(PACE_S)

    def _slowed_by(self, what: str) -> None:
        """Fewer requests are open than the suite says: told once for each cause."""
        if what not in self._slowed:
            self._slowed.add(what)
            self._tell_slowed(what)

    def _elsewhere(self, lane: Lane) -> list[str]:
        """Models that are still being asked at other endpoints; one that was given up is not waited for."""
        others = ((other, models) for other, models in self._open if other is not lane)
        return [model.name for other, models in others for model in models if model.name not in other.stopped]

    async def _finish(self, item: Item, request: Request, slot: Slot, due_at: float, money: Reservation) -> None:
        """Ask an item and the turns that follow on it."""
        from evalkit.adapters.held import answers_kept

        timeout_s = self.work.settings.timeout_s
        with answers_kept():
            try:
                while True:
                    after: Item | None = None
                    with slot.lane.nothing_under_way():
                        row = await self.ledger.came_elsewhere(item, request, slot, money, timeout_s)
                    if row is None:
                        self.ledger.sent(item, request)
                    if item.episode is not None:
                        found = await obtain(item, request, slot, money, due_at=due_at, timeout_s=timeout_s)
                        after = await self.ledger.finish_step(item, request, found)
                    else:
                        if row is None:
                            asked = await ask(item, request, slot, money, due_at=due_at, timeout_s=timeout_s)
                            row = self.ledger.finish(item, request, asked)
                        after = self.ledger.after(item, row) if item.later else None
                    onward = await self._onward(after, slot.lane) if after is not None else None
                    if onward is None:
                        return
                    item, request, money = onward
                    due_at = time.perf_counter()
            except StoppedWaiting as stopped:
                self.ledger.turned_back(item, request, stopped.n_given_up)
                raise
            finally:
                slot.give_back()
                await self.ledger.leave(item)

    async def _onward(self, after: Item, lane: Lane) -> tuple[Item, Request, Reservation] | None:
        """The next turn or step, ready to be asked; None where the cache had all that follow, or the run is stopping:
        then it is owed still."""
        left = await self.ledger.left_by_cache(after)
        if left is None or self._stop.is_set() or after.model.name in lane.stopped:
            return None
        money = await self._reserved(*left)
        return None if money is None else (*left, money)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._asking.discard(task)
        self._settled.set()

    async def _reserved(self, item: Item, request: Request) -> Reservation | None:
        """The worst case set aside for an item; None when the cap could be passed, and then the run stops."""
        if self.budget.cap is None:
            return Reservation(self.budget, None)
        limit = most_output(item.task.settings[item.model.name])
        worst = item.model.worst_case(sent_bytes(item.model.adapter, request), limit)
        if item.model.asks_nobody or (worst is None and not item.model.adapter.endpoint.network):
            worst = ZERO  # nobody bills for a file of answers, or for an engine in this process
        task = asyncio.current_task()
        asking = task in self._asking  # a later turn: while it waits here, nothing of it is under way
        while not self.budget.reserve(worst):
            self._asking.discard(task)
            if self._stop.is_set():
                return None
            if not self._asking or worst is None:
                self._stop.set()
                self._settled.set()
                more = f" (it may cost up to ${worst:.4f})" if worst else ""
                self.ledger.tally.reasons.append(
                    f"the budget is used: ${self.budget.spent:.4f} of max_cost_usd {self.budget.cap} spent, and the "
                    f"next request could pass it{more}. Raise run.max_cost_usd (or --max-cost) and run the same "
                    "command again."
                )
                return None
            self._slowed_by(f"{CAP} {self.budget.cap}")
            self._settled.clear()
            await self._settled.wait()
        if asking and task is not None:
            self._asking.add(task)
        return Reservation(self.budget, worst)

    def _give_up(self) -> None:
        """Give up what is under way; a TaskGroup takes a cancelled child as ended. It is owed again on resume."""
        if n := sum(not task.done() for task in self._asking):
            self.observer.note(
                f"{numbers.plural(n, 'answer')} under way {numbers.verb(n, 'is', 'are')} given up. A gate "
                "counts what comes in their place later as lost"
            )
        for task in [*self._driving, *self._asking]:
            task.cancel()

    async def _tell_waits(self, lanes: list[Lane]) -> None:
        for n_ticks in itertools.count(1):
            await asyncio.sleep(0.25)
            self._tell_given_up(lanes)
            self.observer.tick()
            self.ledger.keep_cached()
            if n_ticks % 8 == 0:
                self.ledger.journal.check()
            for lane in lanes:
                if lane.limiter.waiting_s > 0:
                    self.observer.waiting(lane.name, lane.limiter.waiting_s)

    def _tell_given_up(self, lanes: list[Lane]) -> None:
        """Each model once, as soon as it is asked no further."""
        for lane in lanes:
            if lane.stopped.keys() <= self._given_up:
                continue
            for name, why in why_stopped(lane, self.work.storing).items():
                if name not in self._given_up:
                    self._given_up.add(name)
                    self.observer.gave_up(name, why)
