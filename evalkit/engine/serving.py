"""Where the models of a run are asked: their lanes (an endpoint shared, and its limit) and the servers they bring.

Models that say the same `turn` (servers on the same GPUs) are asked one after another; all others side by side. A model
whose every row is there already never starts its server.

A server is started when an answer is first owed, and stopped when its model's turn is over. Whatever else it is asked
before the first answer (what it is, whether it takes functions) is asked by `questions` alone, within one time.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.adapters.base import DescribesServer, ManagedServer, ProbesImages, ProbesLikelihood, ProbesTools
from evalkit.adapters.keys import scrubbed_error, scrubbed_facts
from evalkit.addresses import is_private
from evalkit.engine.asking import request_of
from evalkit.engine.lane import OUTAGE_AFTER, Lane
from evalkit.engine.limiter import LOCAL_START, Limiter
from evalkit.engine.work import PlannedModel, Work
from evalkit.errors import RequestError, Unfit
from evalkit.facts.base import JsonMap, json_map
from evalkit.frozen import dataclass
from evalkit.text.given_up import GIVEN_UP

if TYPE_CHECKING:
    from evalkit.engine.budget import Budget
    from evalkit.engine.questions import ServerQuestions
    from evalkit.facts.run import LaneFacts
    from evalkit.suite.redaction import Redactor


@dataclass(frozen=True, slots=True)
class RequestNeeds:
    """What a request needs that a server may turn out not to have."""

    likelihood: bool
    tools: bool
    images: bool


class Serving:
    """The servers of one run."""

    def __init__(self, folder: Path | None, tell: Callable[[str], None], timeout_s: float, budget: Budget) -> None:
        """`timeout_s`: what the run gives each item; `budget`: what probes are paid from."""
        self._folder = folder
        self._tell = tell
        self._limits = timeout_s, budget
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._started: set[str] = set()
        self._probed: set[tuple[str, str]] = set()
        """(model, what was probed)."""

    @asynccontextmanager
    async def turn(self, models: Sequence[PlannedModel]) -> AsyncIterator[None]:
        """Wait until the hardware of these models is free; on the way out their servers are stopped."""
        name = models[0].adapter.endpoint.turn
        async with self._turns[name] if name is not None else nullcontext():
            try:
                yield
            finally:
                for model in models:
                    if isinstance(server := model.adapter, ManagedServer):
                        await asyncio.shield(server.stop())

    async def why_not_ready(self, model: PlannedModel, needs: RequestNeeds) -> RequestError | None:
        """Start the model's server if it has one and does not run yet; before the first likelihood, the first functions
        and the first pictures, probe it.

        The error where either failed: the model cannot be asked then.
        """
        try:
            adapter = model.adapter
            # Before every item: isinstance of a protocol takes 60 µs, so it is asked once for each model.
            if model.name not in self._started:
                self._started.add(model.name)
                if isinstance(adapter, ManagedServer) and self._folder is not None:
                    await adapter.start(self._folder, self._tell)
                if isinstance(adapter, DescribesServer):
                    await self._questions.describe(model.name, adapter)
            if needs.likelihood and self._is_first(model.name, "likelihood") and isinstance(adapter, ProbesLikelihood):
                await self._questions.probe(model, "log-likelihoods", adapter.probe_likelihood)
            if needs.tools and self._is_first(model.name, "tools") and isinstance(adapter, ProbesTools):
                await self._questions.probe(model, "functions", adapter.probe_tools)
            if needs.images and self._is_first(model.name, "images") and isinstance(adapter, ProbesImages):
                await self._questions.probe(model, "pictures", adapter.probe_images)
        except RequestError as error:
            scrubbed_error(error)
            return error if error.stops_model else Unfit(str(error))
        return None

    @cached_property
    def _questions(self) -> ServerQuestions:
        from evalkit.engine.questions import ServerQuestions  # here: most runs ask none

        timeout_s, budget = self._limits
        return ServerQuestions.of(timeout_s, self._tell, budget)

    def _is_first(self, name: str, what: str) -> bool:
        """Whether this was not asked of this model before."""
        known = len(self._probed)
        self._probed.add((name, what))
        return len(self._probed) > known


def served_facts(models: Sequence[PlannedModel]) -> dict[str, JsonMap]:
    """What each server turned out to be, by model name, without the keys that it was given: for run.json."""
    found = ((model.name, model.adapter) for model in models)
    says = (ManagedServer, DescribesServer)
    return {
        name: json_map(scrubbed_facts(dict(server.served)))
        for name, server in found
        if isinstance(server, says) and server.served
    }


LOCAL_IN_FLIGHT = 64
"""Open requests for engines in this process: two batches' worth, so that one gathers while the other runs."""


def lanes_of(work: Work, *, resumed: bool = False) -> list[tuple[Lane, list[PlannedModel]]]:
    """The lanes of a run, each with the models that are asked there. `resumed`: not its first session."""
    by_lane: dict[str, list[PlannedModel]] = {}
    shared = _shared(work)
    for model in work.models:
        lane = model.adapter.endpoint.lane
        by_lane.setdefault(shared.get(lane, lane), []).append(model)
    lanes = []
    for name, models in by_lane.items():
        fixed = work.settings.in_flight
        if fixed is None and not models[0].adapter.endpoint.network:
            fixed = LOCAL_IN_FLIGHT
        rng = random.Random(f"{work.settings.seed}/{name}")
        lanes.append((Lane(name, limiter_of(fixed, models), rng, resumed=resumed), models))
    return lanes


def _shared(work: Work) -> dict[str, str]:
    """Lane -> the name of the one that it shares a limiter with: those that a pipeline uses together, as far as any
    other model is asked there."""
    asked = {model.adapter.endpoint.lane for model in work.models}
    together: dict[str, set[str]] = {}
    for model in work.models:
        endpoint = model.adapter.endpoint
        group = {endpoint.lane, *(lane for lane in endpoint.further_lanes if lane in asked)}
        for lane in tuple(group):
            group |= together.get(lane, set())
        together |= dict.fromkeys(group, group)
    return {lane: " + ".join(sorted(group)) for lane, group in together.items() if len(group) > 1}


def limiter_of(fixed: int | None, models: list[PlannedModel]) -> Limiter:
    """How many requests a lane may have open: a server of one's own, started by others, may have a single slot."""
    endpoint = models[0].adapter.endpoint
    if fixed is None and endpoint.turn is None and endpoint.host is not None and is_private(endpoint.host):
        patience_s = min(model.adapter.spec.idle_timeout_s for model in models)
        return Limiter(start=LOCAL_START, patience_s=patience_s)
    return Limiter(fixed)


def why_stopped(lane: Lane, storing: Redactor | None) -> dict[str, str]:
    """By the name of each model that was given up why, as a text that may be stored."""
    reasons = {}
    for name, (error, item) in lane.stopped.items():
        why = str(error)
        if not error.ends_model:
            why = f"{OUTAGE_AFTER} items failed in a row; the last: {error}"
        if storing is not None:
            from evalkit.engine.stored import error_as_stored  # here: most runs store what they are told as it came

            sent = [message.text for message in request_of(item).messages] if item is not None else ()
            why = error_as_stored(why, sent, storing)
        reasons[name] = why
    return reasons


def given_up_text(name: str, why: str) -> str:
    """The sentence for run.json, with the way out; `text.given_up.why_given_up` finds it again."""
    return f"{name}{GIVEN_UP}{why} Once that is mended, run the same command again: it resumes."


def lane_facts(lane: Lane) -> LaneFacts:
    """What the limiter found, for run.json."""
    from evalkit.facts.run import LaneFacts  # here: no run waits for it

    limiter = lane.limiter
    return LaneFacts(
        in_flight_limit=limiter.limit,
        in_flight_fixed=limiter.fixed,
        in_flight_peak=limiter.peak,
        rate_limit_episodes=limiter.n_episodes,
    )
