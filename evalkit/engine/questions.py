"""What a server is asked besides the requests of rows: what it is, and whether it does what a task needs.

    questions = ServerQuestions.of(run.timeout_s, observer.note, budget)
    await questions.describe("qwen", adapter)
    await questions.probe(model, "functions", adapter.probe_tools)    # a RequestError where the model cannot be asked

One time for each, with all its tries, and one purse: a probe is paid from the cap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TypeVar, cast

from evalkit.adapters.awaiting import called, in_own_task, is_from_inside, within
from evalkit.adapters.base import Adapter, DescribesServer
from evalkit.adapters.probing import Ask, paying
from evalkit.engine.budget import ZERO, Budget, Reservation, most_output, sent_bytes
from evalkit.engine.lane import may_have_cost
from evalkit.engine.work import PlannedModel
from evalkit.errors import EvalkitError, RequestError, Stalled, Unfit
from evalkit.frozen import dataclass
from evalkit.records import Request, Response
from evalkit.text.secrets import without_keys

T = TypeVar("T")
LONGEST_QUESTION_S = 600.0
"""The most seconds in which a server may say what it is, or answer a probe with all its tries; `run.timeout_s` where
that is less."""
_WAITS_S = (0.5, 2.0, 8.0)
"""Between the tries of a probe."""
_LOOK_AGAIN_S = 0.05
"""Where the cap has no room while answers are under way."""


@dataclass(frozen=True, slots=True)
class ServerQuestions:
    """The door to a server for whatever is no attempt of a row: a reply that drips would hold the run without an end.
    A test looks for other ways."""

    limit_s: float
    tell: Callable[[str], None]
    budget: Budget

    @classmethod
    def of(cls, timeout_s: float, tell: Callable[[str], None], budget: Budget) -> ServerQuestions:
        """`timeout_s`: what the run gives each item; `budget`: what probes are paid from."""
        return cls(min(timeout_s, LONGEST_QUESTION_S), tell, budget)

    async def describe(self, name: str, server: DescribesServer) -> None:
        """Ask what it is. What it does not say in time stays unknown."""
        try:
            await self._in_time(name, server, server.describe)
        except TimeoutError:
            self.tell(without_keys(f"{name}: what the server is stays unknown: it did not say within {self._said}"))

    async def probe(self, model: PlannedModel, what: str, probe: Callable[[], Awaitable[str | None]]) -> None:
        """Ask whether it does what a task needs, with a few tries where it is busy, all of them in one time. Raises a
        RequestError."""
        name, met, costs = model.name, list[RequestError](), list[Decimal]()

        async def tries() -> str | None:
            for wait_s in (*_WAITS_S, None):
                try:
                    return await probe()
                except RequestError as error:
                    if wait_s is None or not error.retryable:
                        raise
                    met[:] = [error]
                    await asyncio.sleep(wait_s)
            raise AssertionError("the last try returns or raises")

        try:
            with paying(partial(self._paid, model, what, costs)):
                unproved = await self._in_time(name, model.adapter, tries)
        except TimeoutError as over:
            before = f" It said to a try before: {met[0]}" if met else ""
            raise Stalled(
                f"models.{name}: whether the server takes {what} is not known after {self._said}: its reply has no "
                f"end, or comes too slowly. One that is slow at first needs a larger run.timeout_s.{before}"
            ) from over
        finally:
            if cost := sum(costs, ZERO):
                self.tell(f"{name}: trying whether it takes {what} cost ${cost.normalize():f}, which this run pays")
        if unproved is not None:
            self.tell(without_keys(f"{name}: {unproved}"))

    async def _paid(self, model: PlannedModel, what: str, costs: list[Decimal], request: Request, ask: Ask) -> Response:
        """The answer to one request of a probe, paid from the cap. Raises Unfit where nothing is left in it."""
        part = model.parts.get(model.adapter.spec.model, model)  # of a pipeline, what stands between the guards
        money = await self._reserved(part, what, request)
        sent_at = time.perf_counter()
        try:
            response = await ask(request)
        except RequestError as error:
            if may_have_cost(error, time.perf_counter() - sent_at):
                money.lost()
            money.unused()
            raise
        except BaseException:
            money.lost()
            raise
        cost = part.price(response.usage, response.served_model, datetime.now(UTC))
        costs += [] if cost is None else [cost]
        money.paid(cost)
        return response

    async def _reserved(self, model: PlannedModel, what: str, request: Request) -> Reservation:
        """The most that a request of a probe can cost, set aside; answers under way may give room."""
        budget = self.budget
        if budget.cap is None:
            return Reservation(budget, None)
        worst = model.worst_case(sent_bytes(model.adapter, request), most_output(request.settings))
        while not budget.reserve(worst):
            if worst is None or not budget.reserved:
                more = "has a price that is not known" if worst is None else f"may cost up to ${worst:.4f}"
                raise Unfit(
                    f"models.{model.name}: the budget is used: ${budget.spent:.4f} of max_cost_usd {budget.cap} spent, "
                    f"and a request that tries whether the server takes {what} {more}. Raise run.max_cost_usd (or "
                    "--max-cost)."
                )
            await asyncio.sleep(_LOOK_AGAIN_S)
        return Reservation(budget, worst)

    @property
    def _said(self) -> str:
        return f"{self.limit_s:g} s (run.timeout_s, at most {LONGEST_QUESTION_S:g} s here)"

    async def _in_time(self, name: str, asked: object, call: Callable[[], Awaitable[T]]) -> T:
        """Raises a RequestError, what evalkit's own raises besides, or TimeoutError once the time is over. `asked`: the
        adapter whose call it is."""
        try:
            return await within(self.limit_s, in_own_task(called(call)))
        except TimeoutError:
            raise
        except Exception as error:
            from evalkit.adapters.theirs import failure_of
            from evalkit.foreign import raised_by

            if isinstance(error, EvalkitError) and raised_by(error) is error:
                raise
            raise failure_of(cast(Adapter, asked), error) from error
        except asyncio.CancelledError:
            if is_from_inside():
                raise Unfit(f"models.{name}: the call cancelled itself (asyncio.CancelledError)") from None
            raise
