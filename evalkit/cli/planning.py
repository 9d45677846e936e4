"""What `evalkit plan` does: a plan, what earlier runs teach, and the forecast of both."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path

from evalkit.api.options import RunOptions
from evalkit.api.planning import plan_at
from evalkit.cost.reports import PlanReport, RuleForecast
from evalkit.engine.caching import CachedAnswers
from evalkit.engine.experience import learn
from evalkit.engine.forecast import Pace, forecast, forecast_judges
from evalkit.engine.plan import Plan


def plan_suite(suite: Path, options: RunOptions, pace: Pace, *, as_json: bool) -> int:
    """Print what a run would take; the exit code. Raises SuiteError with every complaint, as `check` does."""
    assert options.results is not None
    plan = plan_at(suite, options, sends=False)
    judges = plan.panel.judges if plan.panel is not None else ()
    known = learn(options.results, {model.name: model.adapter.spec.model for model in (*plan.work.models, *judges)})
    with ExitStack() as stack:
        bought = None
        if options.cache:
            from evalkit.store.cache import ResponseCache

            bought = CachedAnswers(stack.enter_context(ResponseCache.open(None)))
        made: PlanReport = {
            "suite": plan.suite.name,
            "sensitivity": plan.suite.sensitivity,
            "tasks": {task.name: task.n for task in plan.work.tasks},
            "repeats": plan.work.settings.repeats,
            "models": forecast(plan.work, known, pace, bought),
            "judges": forecast_judges(plan.panel, plan.work, known, pace) if plan.panel is not None else [],
            "gate": _foreseen(plan),
            "notes": list(plan.notes),
        }
    asyncio.run(_close(plan))
    if as_json:
        from evalkit.text.escape import json_line

        sys.stdout.write(json_line(made))
        return 0
    from evalkit.render.bill import render_plan

    render_plan(made)
    return 0


def _foreseen(plan: Plan) -> list[RuleForecast]:
    """What each quality rule of the gate could see; empty without a gate."""
    gate = plan.suite.gate
    if gate is None:
        return []
    from evalkit.decide.power import forecast_power

    return [
        {
            "rule": look.rule,
            "margin": look.margin,
            "n": look.n,
            "discordance": look.discordance,
            "smallest_regression": look.smallest_regression,
            "chance_equal_passes": look.chance_equal_passes,
            "n_needed": look.n_needed,
            "power": look.power,
        }
        for look in forecast_power(gate, {task.name: task.n for task in plan.work.tasks})
    ]


async def _close(plan: Plan) -> None:
    for model in (*plan.work.models, *(plan.panel.judges if plan.panel is not None else ())):
        await model.adapter.aclose()
