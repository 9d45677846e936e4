"""The load sweep: a model asked ever faster with the suite's own prompts, until it is full or breaks its promise.

    steps = await Sweep(model, tasks, settings, journal, Budget(cap)).run()

First a closed loop with 1, 2, 4 ... requests open at any time, then an open loop with arrivals at random (a Poisson
process, given its number of arrivals) at rising rates. Nothing is retried and nothing comes from a cache: a load test
measures what a request meets. Every request becomes a row; what the rows say is `latency.loadtest`'s business.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from evalkit.adapters.awaiting import ask_adapter, within
from evalkit.adapters.held import answers_kept
from evalkit.adapters.keys import scrubbed, scrubbed_error
from evalkit.engine.billing_of_parts import PartsSoFar, billed, parts_kept
from evalkit.engine.budget import Budget, most_output, sent_bytes
from evalkit.engine.lane import may_have_cost
from evalkit.engine.pictures import MOST_UNDER_WAY, picture_bytes, with_pictures
from evalkit.engine.rows import AttemptInfo, answered, failed, time_per_output_token
from evalkit.engine.work import Item, PlannedModel, PlannedTask, RowLog, item_for
from evalkit.errors import RequestError, RunIncomplete, Stalled, UserError
from evalkit.latency.loadtest import Seen, Slo, Step, capacity, closed_step, open_step, step_name
from evalkit.records import Failure, Outcome, Request, Response, Row, Score

T = TypeVar("T")
IN_FLIGHT = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SHARES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Rates of the open loop where none are given, as shares of the capacity that the closed loop found."""
GAIN = 1.03
"""A closed step that serves less than this much more than the best one before brings nothing: two such end the loop."""
WARM_UP = 0.25
"""An open step begins to count after this share of its seconds."""
LEAST_ROUNDS = 3
"""Answers that each place of a closed loop brings at least, the first of which is warm-up."""
LONGEST = 10
"""A step ends after this many times its seconds, whatever is missing."""
AFTER_ERROR_S = 0.25
"""A place of the closed loop waits this long after a failure: a server that refuses is not to be hammered."""
OUTAGE_AFTER = 25
"""Failures in a row, with no answer between them, after which nothing more can be learned."""
MOST_PROMPTS = 5_000
_UNMARKED = Score(None, Outcome.SCORED, reason="a load sweep scores nothing")


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """How a sweep is made."""

    in_flight: tuple[int, ...] | None = None
    """Steps of the closed loop, all of them asked. None: 1, 2, 4 ... until more in flight serves no more."""
    rates: tuple[float, ...] | None = None
    """Requests a second of the open loop. None: shares of the capacity. Empty: no open loop."""
    seconds: float = 20.0
    """Length of a step, warm-up apart."""
    slo: Slo = field(default_factory=Slo)
    seed: int = 0
    timeout_s: float = 600.0


@dataclass(frozen=True, slots=True)
class LoadPrompt:
    """One request of the suite, ready to be sent any number of times."""

    item: Item
    request: Request


class Sweep:
    """One sweep in progress."""

    def __init__(
        self,
        model: PlannedModel,
        tasks: Sequence[PlannedTask],
        settings: SweepSettings,
        journal: RowLog,
        budget: Budget,
        tell: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self.model = model
        self.settings = settings
        self.journal = journal
        self.budget = budget
        self.tell = tell
        self.steps: list[Step] = []
        """Figures of the finished steps; still there when a later one fails."""
        self.prompts = prompts_of(model, tasks, settings.seed)
        self._next = self._endless()
        self.n_asked = 0
        self._failed_in_a_row = 0
        self._picture_bytes = 0
        """Of the requests under way. None waits for room as in a run: that wait would be measured as the server's."""
        self._rng = random.Random(f"{settings.seed}/load")

    async def run(self) -> list[Step]:
        """Every step, in order. Raises RunIncomplete when the budget is used, nothing is answered or a disk is full."""
        await self._closed_loop()
        top = capacity(self.steps)
        if top is None:
            raise RunIncomplete(
                f"{self.model.name} did not answer reliably at any load: {self.steps[-1].n_errored} of "
                f"{self.steps[-1].n} requests failed in the last step. The rows of the sweep say why."
            )
        await self._open_loop(top)
        return self.steps

    async def _closed_loop(self) -> None:
        best, idle = 0.0, 0
        for n in self.settings.in_flight or fitting(self.prompts):
            step = closed_step(n, await self._closed(n))
            self._add(step)
            served = step.requests_per_s.value if step.requests_per_s and step.serves else 0.0
            idle = idle + 1 if served < GAIN * best else 0
            best = max(best, served)
            if self.settings.in_flight is None and idle == 2:
                return

    async def _open_loop(self, top: Step) -> None:
        rates = self.settings.rates
        if rates is None:
            assert top.requests_per_s is not None
            rates = tuple(float(f"{top.requests_per_s.value * share:.3g}") for share in SHARES)
        for rate in sorted(rates):
            step = open_step(rate, self.settings.seconds, await self._open(rate))
            self._add(step)
            if step.saturated is not None or (self.settings.rates is None and self.settings.slo.missed(step)):
                return

    async def _closed(self, n: int) -> list[Seen]:
        name, seen = step_name("closed", n), list[Seen]()
        begin = time.perf_counter()

        async def place(slot: int) -> None:
            rounds = 0
            while True:
                now = time.perf_counter() - begin
                if (now >= self.settings.seconds and rounds >= LEAST_ROUNDS) or now > LONGEST * self.settings.seconds:
                    return
                seen.append(await self._ask(name, time.perf_counter(), slot, warm_up=rounds == 0))
                rounds += 1
                if seen[-1].error_kind is not None:
                    await asyncio.sleep(AFTER_ERROR_S)

        await _together(place(slot) for slot in range(n))
        return seen

    async def _open(self, rate: float) -> list[Seen]:
        name, seconds = step_name("open", rate), self.settings.seconds
        whole = seconds * (1 + WARM_UP)
        moments = sorted(self._rng.uniform(0.0, whole) for _ in range(max(2, round(rate * whole))))
        begin = time.perf_counter() + 0.01

        async def visitor(moment: float) -> Seen:
            await asyncio.sleep(begin + moment - time.perf_counter())
            return await self._ask(name, begin + moment, 0, warm_up=moment < seconds * WARM_UP)

        return await _together(visitor(moment) for moment in moments)

    async def _ask(self, step: str, due_at: float, slot: int, *, warm_up: bool) -> Seen:
        """Send one request and keep its row. Errors are data here, but for those after which no request can succeed."""
        prompt = next(self._next)
        with self._room(prompt.request), answers_kept(), parts_kept() as parts:
            return await self._asked(prompt, step, due_at, slot, parts, warm_up=warm_up)

    async def _asked(
        self, prompt: LoadPrompt, step: str, due_at: float, slot: int, parts: PartsSoFar, *, warm_up: bool
    ) -> Seen:
        repeat = self.n_asked
        self.n_asked += 1
        worst = self._reserve(prompt)
        sent_at = time.perf_counter()
        response: Response | None = None
        error: RequestError | None = None
        try:
            asked = ask_adapter(self.model.adapter, await with_pictures(prompt.request))
            response = scrubbed(await within(self.settings.timeout_s, asked))
        except RequestError as caught:
            scrubbed_error(caught)
            if caught.ends_model:
                doubtful = may_have_cost(caught, time.perf_counter() - sent_at)
                self.budget.settle(worst, None if doubtful else parts.billed(self.model))
                raise
            error = caught
        except TimeoutError:
            error = Stalled(f"no answer within {self.settings.timeout_s:g} s")
        except asyncio.CancelledError:
            self.budget.settle(worst, None)  # given up under way: the provider may go on, and ask money for it
            raise
        ended_at = time.perf_counter()
        unanswered = error is not None and not may_have_cost(error, ended_at - sent_at)
        self._failed_in_a_row = self._failed_in_a_row + 1 if error else 0
        if response is not None:
            sent_at = response.timing.sent_at
            ended_at = sent_at + response.timing.total_s
        row = self._row(prompt, repeat, sent_at, sent_at - due_at, response, error)
        if unanswered and parts.stages:
            row = replace(row, error=f"{row.error}{parts.note_about(self.model)}", spend_usd=parts.billed(self.model))
        self.budget.settle(worst, parts.billed(self.model) if unanswered else row.cost_usd)
        self.journal.append(replace(row, slices={"step": step, "phase": "warm-up" if warm_up else "measured"}))
        if self._failed_in_a_row >= OUTAGE_AFTER:
            raise RunIncomplete(
                f"{self.model.name} did not answer {OUTAGE_AFTER} times in a row; the last error: {error}"
            )
        ttft = response.timing.ttft_s if response else None
        usage = response.usage if response else None
        return Seen(
            due_at=due_at,
            sent_at=sent_at,
            ended_at=ended_at,
            warm_up=warm_up,
            slot=slot,
            ttft_s=None if ttft is None else sent_at - due_at + ttft,
            tpot_s=time_per_output_token(response) if response else None,
            input_tokens=usage.input if usage else None,
            output_tokens=usage.output if usage else None,
            error_kind=error.kind if error else None,
        )

    def _row(
        self,
        prompt: LoadPrompt,
        repeat: int,
        sent_at: float,
        late_s: float,
        response: Response | None,
        error: RequestError | None,
    ) -> Row:
        started_at = time.time() - (time.perf_counter() - sent_at)
        attempt = AttemptInfo(started_at, late_s, 0.0, 1)
        sample, name = prompt.item.sample, self.model.name
        if response is None:
            failure = Failure(error.kind, str(error), error.status) if error else Failure("defect", "no answer")
            return failed(sample, name, repeat, attempt, failure, ())
        cost, stages = billed(self.model, response, datetime.fromtimestamp(started_at, UTC))
        response = response if stages is None else replace(response, stages=stages)
        return answered(sample, name, repeat, attempt, response, _UNMARKED, cost, ())

    @contextmanager
    def _room(self, request: Request) -> Iterator[None]:
        """Within, the pictures of a request are in memory. Raises RunIncomplete where there is no room for them."""
        n = picture_bytes(request)
        if self._picture_bytes + n > MOST_UNDER_WAY:
            raise RunIncomplete(
                f"the pictures of all requests under way would take more than {MOST_UNDER_WAY // 2**20} MB, which this "
                "machine reads at once. The steps so far are kept; smaller pictures, or fewer requests in flight, let "
                "the sweep go on (--in-flight, --rates)."
            )
        self._picture_bytes += n
        try:
            yield
        finally:
            self._picture_bytes -= n

    def _reserve(self, prompt: LoadPrompt) -> Decimal | None:
        if self.budget.cap is None:
            return None
        request = prompt.request
        worst = self.model.worst_case(sent_bytes(self.model.adapter, request), most_output(request.settings))
        if not self.budget.reserve(worst):
            raise RunIncomplete(
                f"the budget is used: ${self.budget.spent:.4f} of --max-cost {self.budget.cap} spent, up to "
                f"${self.budget.reserved:.4f} more for requests under way, and the next one could pass it. The steps "
                "so far are kept; raise --max-cost for more."
            )
        return worst

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        self.tell(step)

    def _endless(self) -> Iterator[LoadPrompt]:
        """The prompts in one order after another, so that neighbours differ from round to round."""
        rng = random.Random(f"{self.settings.seed}/prompts")
        order = list(self.prompts)
        while True:
            rng.shuffle(order)
            yield from order


def prompts_of(model: PlannedModel, tasks: Sequence[PlannedTask], seed: int) -> list[LoadPrompt]:
    """The suite's own requests that ask for text, at most 5,000 of them in a seeded choice.

    Later turns of conversations are left out: what a model would have said before them is not known.

    Raises UserError where there are none, or where the model is no server.
    """
    from evalkit.engine.asking import request_of

    if not model.adapter.capabilities.timing:
        raise UserError(f"{model.name} answers from a file: there is no server to load. Name a model that is asked.")
    items = [
        item_for(task, sample, model, 0)
        for task in tasks
        if task.scorer.needs != "likelihood"
        for sample in task.samples()
        if sample.turn == 1
    ]
    if not items:
        raise UserError("A load sweep needs a task that asks for text; these only ask for likelihoods.")
    if len(items) > MOST_PROMPTS:
        items = random.Random(seed).sample(items, MOST_PROMPTS)
    return [LoadPrompt(item, request_of(item)) for item in items]


def fitting(prompts: Sequence[LoadPrompt]) -> tuple[int, ...]:
    """The steps of the closed loop whose pictures have room, whichever prompts meet; the first always."""
    largest = max(picture_bytes(prompt.request) for prompt in prompts)
    return tuple(n for n in IN_FLIGHT if n == IN_FLIGHT[0] or n * largest <= MOST_UNDER_WAY)


async def _together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All of them at once, in order; the first error ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
