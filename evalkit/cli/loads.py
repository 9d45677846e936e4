"""What `evalkit load` does once click has read the command line: plan, sweep, print, exit code."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path

import click

from evalkit.api.options import RunOptions
from evalkit.api.planning import plan_at
from evalkit.cli.options import print_json
from evalkit.cli.printing import echo
from evalkit.cost.hosting import curve
from evalkit.engine.loadtest.execution import LoadTestOutcome, sweep_model
from evalkit.engine.loadtest.sweep import SweepSettings
from evalkit.engine.plan import Plan
from evalkit.errors import UserError
from evalkit.latency.loadtest import Slo, Step
from evalkit.render.loadtest import step_line
from evalkit.results.sweeps import hosted_prices, sweeps_folder
from evalkit.text.escape import visible

MOST_IN_FLIGHT = 10_000
"""A client on one machine keeps no more connections than that apart from its own delays."""


def load_suite_model(
    suite: Path,
    options: RunOptions,
    *,
    slo: str | None,
    in_flight: str | None,
    rates: str | None,
    closed_only: bool,
    seconds: float,
    as_json: bool,
) -> int:
    """Sweep the one model that the options name; the exit code. Raises UserError for options that do not read."""
    if closed_only and rates:
        raise click.UsageError("--closed-only and --rates contradict each other: give one of them.")
    if not math.isfinite(seconds):
        raise UserError(f"--seconds {seconds} is no length of time; write it like --seconds 20")
    steps = numbers_of("--in-flight", in_flight)
    if steps is not None and any(not step.is_integer() or step > MOST_IN_FLIGHT for step in steps):
        raise UserError(f"--in-flight takes whole numbers up to {MOST_IN_FLIGHT:,}, like --in-flight 1,2,4")
    limits = promised(slo)
    results = options.results
    assert results is not None
    plan = plan_at(suite, replace(options, results=None, max_cost_usd=None), any_in_flight=True)
    settings = SweepSettings(
        in_flight=None if steps is None else tuple(sorted({int(step) for step in steps})),
        rates=() if closed_only else numbers_of("--rates", rates),
        seconds=seconds,
        slo=limits,
        seed=plan.work.settings.seed,
        timeout_s=plan.work.settings.timeout_s,
    )

    def tell(step: Step) -> None:
        echo(step_line(step, limits), err=True)

    outcome = sweep_model(plan, sweeps_folder(results), settings, max_cost_usd=options.max_cost_usd, tell=tell)
    _print(plan, outcome, results, as_json=as_json)
    if outcome.reason:
        echo(f"evalkit: {visible(outcome.reason, limit=2000)}", err=True)
        return 4
    return 0


def promised(text: str | None) -> Slo:
    """`ttft_p95=1.0,tpot_p95=0.05` as an SLO. Raises UserError that names what may be promised."""
    known = [limit.name for limit in fields(Slo)]
    limits: dict[str, float] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if name not in known or not 0 < seconds < float("inf"):
            raise UserError(
                f"--slo {part.strip()!r} is no limit; write seconds above 0, like ttft_p95=1.0. "
                f"Known are {', '.join(known)}."
            )
        limits[name] = seconds
    return Slo(**limits)


def numbers_of(option: str, text: str | None) -> tuple[float, ...] | None:
    """Numbers above 0, comma separated; None when the option was not given. Raises UserError."""
    if text is None:
        return None
    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        found = ()
    if not found or any(not 0 < number < 1e6 for number in found):
        raise UserError(f"{option} {text!r} is no list of numbers above 0; write it like {option} 1,2,4")
    return found


def _print(plan: Plan, outcome: LoadTestOutcome, results: Path, *, as_json: bool) -> None:
    name = plan.work.models[0].name
    models = {name: plan.suite.models[name].model_dump(mode="json", exclude_none=True)}
    hosting = models[name].get("hosting")
    if hosting:
        hosting["load"] = outcome.folder.name
    found = hosted_prices(models, plan.suite.name, results).get(name) if outcome.load.serves else None
    by_share = curve(found[0].usd_per_hour, found[1]) if found is not None and found[1] is not None else None
    if as_json:
        facts = {"folder": str(outcome.folder), "status": outcome.status, "model": name, **outcome.load.as_json()}
        made = {**facts, "usd_per_mtok_by_utilisation": by_share}
        print_json(made, default=str)
        return
    from evalkit.render.loadtest import render_load

    render_load(name, outcome.load, by_share)
    echo(f"\n{outcome.folder}")
