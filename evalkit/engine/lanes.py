"""The lanes of a run: models that share an endpoint, the limit on their requests, and what became of both."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

from evalkit.addresses import is_private
from evalkit.engine.asking import OUTAGE_AFTER, Lane
from evalkit.engine.limiter import LOCAL_START, Limiter
from evalkit.engine.work import PlannedModel, Work
from evalkit.suite.redaction import Redactor

if TYPE_CHECKING:
    from evalkit.facts.run import LaneFacts

LOCAL_IN_FLIGHT = 64
"""Open requests for engines in this process: two batches' worth, so that one gathers while the other runs."""


def lanes_of(work: Work) -> list[tuple[Lane, list[PlannedModel]]]:
    """The lanes of a run, each with the models that are asked there."""
    by_lane: dict[str, list[PlannedModel]] = {}
    for model in work.models:
        by_lane.setdefault(model.adapter.endpoint.lane, []).append(model)
    lanes = []
    for name, models in by_lane.items():
        fixed = work.settings.in_flight
        if fixed is None and not models[0].adapter.endpoint.network:
            fixed = LOCAL_IN_FLIGHT
        rng = random.Random(f"{work.settings.seed}/{name}")
        lanes.append((Lane(name, limiter_of(fixed, models), rng), models))
    return lanes


def limiter_of(fixed: int | None, models: list[PlannedModel]) -> Limiter:
    """How many requests a lane may have open: a server of one's own, started by others, may have a single slot."""
    endpoint = models[0].adapter.endpoint
    if fixed is None and endpoint.turn is None and endpoint.host is not None and is_private(endpoint.host):
        patience_s = min(model.adapter.spec.idle_timeout_s for model in models)
        return Limiter(start=LOCAL_START, patience_s=patience_s)
    return Limiter(fixed)


def why_stopped(lane: Lane, storing: Redactor | None) -> list[str]:
    """Why models were given up, as sentences that may be stored."""
    reasons = []
    for name, error in lane.stopped.items():
        why = str(error)
        if not error.stops_model:
            why = f"{OUTAGE_AFTER} items failed in a row; the last: {error}"
        if storing is not None:
            why = storing.text(why, Counter())
        reasons.append(f"{name} was given up: {why} Once that is mended, run the same command again: it resumes.")
    return reasons


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
