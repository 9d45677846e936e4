"""One load sweep from plan to folder: rows in a journal, sealed, with the figures in the folder's facts (`load`).

Sweeps live in `results/load/`, apart from the runs, in folders of the same make.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from evalkit.adapters.awaiting import close_adapter
from evalkit.engine.budget import Budget
from evalkit.engine.event_loop import Lag, LagMeter
from evalkit.engine.hardware import software_and_hardware
from evalkit.engine.loadtest.sweep import Sweep, SweepSettings, prompts_of
from evalkit.engine.plan import Plan
from evalkit.engine.stored import RedactedLog, error_as_stored, stored_facts
from evalkit.engine.work import RowLog
from evalkit.errors import EvalkitError, UserError
from evalkit.facts import LoadFacts, RunFacts
from evalkit.facts.base import json_map
from evalkit.facts.run import LagFacts
from evalkit.latency.loadtest import Step, find
from evalkit.store import journal, run_lock, runs, sealing
from evalkit.suite.digests import digest


@dataclass(frozen=True, slots=True)
class LoadTestOutcome:
    """What a sweep came to."""

    folder: Path
    status: str
    """complete or incomplete."""
    reason: str | None
    """Why it is incomplete; None when it is not."""
    load: LoadFacts
    """What the sweep found."""


def sweep_model(
    plan: Plan,
    folder: Path,
    settings: SweepSettings,
    *,
    max_cost_usd: Decimal | None = None,
    tell: Callable[[Step], None] = lambda step: None,
) -> LoadTestOutcome:
    """Sweep the plan's only model and keep everything in a new run folder under `folder`.

    Raises UserError for recorded answers and where a billed model is to be swept without a cap, and RequestError where
    no request can succeed.
    What was measured before an error is kept.
    """
    model = plan.work.models[0]
    if model.adapter.spec.adapter == "replay":
        raise UserError(
            f"models.{model.name}: recorded answers have no server whose load could be measured; name a model that "
            "answers (--model)"
        )
    if (undercut := model.undercut()) is not None:
        raise UserError(f"{model.name} is billed by the token: {undercut}.")
    _may_cost(model.worst_case(1, 1), max_cost_usd, model.name)
    prompts_of(model, plan.work.tasks, settings.seed)  # refused before a folder is made
    of_sweep = RunFacts(
        kind="load",
        model_name=model.name,
        model=model.adapter.spec.model,
        load=None,
        load_settings=json_map({**asdict(settings), "max_cost_usd": max_cost_usd}),
    )
    name = digest("evalkit.load/1", {"plan": plan.digest, "model": model.name, "settings": str(settings)})
    made = runs.create_run(folder, plan.suite.name, name, plan.facts.with_changes(of_sweep))
    reason: str | None = None
    with run_lock.lock_run(made):
        runs.update_facts(made, RunFacts(status="running"))
        with journal.Journal.open(made, f"{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S}") as log:
            kept: RowLog = log if plan.work.storing is None else RedactedLog(log, plan.work.storing)
            sweep = Sweep(model, plan.work.tasks, settings, kept, Budget(max_cost_usd), tell)
            try:
                lag = asyncio.run(_measured(sweep))
            except EvalkitError as error:
                reason, lag = str(error), None
                if plan.work.storing is not None:
                    sent = [message.text for prompt in sweep.prompts for message in prompt.request.messages]
                    reason = error_as_stored(reason, sent, plan.work.storing)
                    error.args = (reason,)
                if not sweep.steps:
                    left = RunFacts(status="incomplete", reasons=(reason,), spent_usd=_spent(sweep))
                    runs.update_facts(made, left)
                    raise
            except BaseException:
                runs.update_facts(made, RunFacts(status="interrupted", spent_usd=_spent(sweep)))
                raise
            log.verify()
        sealing.seal(made)
        asked = LoadFacts(
            seconds=settings.seconds,
            n_prompts=len(sweep.prompts),
            n_asked=sweep.n_asked,
            spent_usd=_spent(sweep),
        )
        load = find(sweep.steps, settings.slo).with_changes(asked)
        status = "incomplete" if reason else "complete"
        ended = RunFacts(
            status=status,
            reasons=(reason,) if reason else (),
            load=load,
            client_lag=LagFacts.model_validate(asdict(lag)) if lag else None,
        )
        ended = ended.with_changes(stored_facts(plan.facts, made, plan.work.storing))
        runs.update_facts(made, ended.with_changes(software_and_hardware(plan.suite.folder)))
    return LoadTestOutcome(made, status, reason, load)


def _spent(sweep: Sweep) -> Decimal | None:
    """Dollars, requests that were given up under way at their worst case; None without a cap, which alone counts."""
    return sweep.budget.spent if sweep.budget.cap is not None else None


async def _measured(sweep: Sweep) -> Lag:
    meter = LagMeter()
    meter.start()
    try:
        await sweep.run()
    finally:
        await close_adapter(sweep.model.adapter)
    return meter.stop()


def _may_cost(worst: Decimal | None, cap: Decimal | None, name: str) -> None:
    """A sweep asks thousands of times: a model with a price per token is swept only under a cap."""
    if cap is None and worst is not None and worst > 0:
        raise UserError(
            f"{name} is billed by the token, and a load sweep asks until it is full. Say how much it may cost: "
            "--max-cost 5. (A price file beside the suite that names it counts too.)"
        )
    if cap is not None and worst is None:
        raise UserError(f"--max-cost cannot be kept for {name}: its price is unknown. Leave it out, or give a price.")
