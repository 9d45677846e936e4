"""`evalkit plan SUITE`: what a run would take in requests, tokens, dollars and minutes. Sends nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Set
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import (
    as_json,
    limit,
    persons_words,
    print_json,
    results_option,
    suite_and_parts,
    with_changes,
)
from evalkit.cli.printing import echo
from evalkit.errors import StoreError, UserError
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.api.options import RunOptions
    from evalkit.decide.joint import AllRules
    from evalkit.decide.mixes import CheapestMixes
    from evalkit.decide.rules import Condition
    from evalkit.engine.forecast import Pace
    from evalkit.engine.plan import Plan


@click.command()
@suite_and_parts
@limit
@click.option("--requests-per-minute", type=click.FloatRange(min=0, min_open=True), help="What your account allows.")
@click.option("--tokens-per-minute", type=click.FloatRange(min=0, min_open=True), help="What your account allows.")
@click.option("--no-cache", is_flag=True, help="Do not count answers that are cached.")
@click.option("--max-cost", metavar="USD", help="Check that a run could be kept below this many dollars.")
@click.option("--earlier", metavar="RUN", help="Also plan items and repeats of the gate's rules from this stored run.")
@persons_words
@as_json
def command(
    suite: Path,
    earlier: str | None,
    requests_per_minute: float | None,
    tokens_per_minute: float | None,
    no_cache: bool,
    max_cost: str | None,
    as_json: bool,
    **given: object,
) -> int:
    """Say what running SUITE, or each suite of a folder, would take, who would receive its prompts, and what its gate
    could see. Sends nothing."""
    from evalkit.api.options import RunOptions, dollars
    from evalkit.engine.forecast import Pace

    options = RunOptions(cache=not no_cache, max_cost_usd=dollars(max_cost), **with_changes(given))
    pace = Pace(requests_per_minute, tokens_per_minute)
    plan = partial(plan_suite, options=options, pace=pace, as_json=as_json, earlier=earlier)
    if not os.path.isdir(suite):  # noqa: PTH112  # never raises
        return plan(suite)
    from evalkit.cli.suite_folders import on_each

    return on_each(suite, plan)


def plan_suite(suite: Path, options: RunOptions, pace: Pace, *, as_json: bool, earlier: str | None = None) -> int:
    """Print what a run would take; the exit code. `earlier`: a stored run by which items and repeats are planned.

    Raises SuiteError with every complaint, as `check` does, and what `decide.mixes` raises of an earlier run.
    """
    from evalkit.api.forecasting import plan_report
    from evalkit.api.planning import plan_at
    from evalkit.store.runs import resolve_run

    assert options.results is not None
    folder = None if earlier is None else resolve_run(earlier, options.results)
    plan = plan_at(suite, options, sends=False)
    made = plan_report(plan, options, pace, folder)
    asyncio.run(plan.aclose())
    mixes, unplanned = ([], []) if folder is None else _mixes(plan, folder)
    together = None if folder is None else _together(plan, folder, mixes, {rule for rule, _ in unplanned})
    if as_json:
        told: dict[str, object] = {"mixes": [one.as_json() for one in mixes]} if mixes else {}
        told |= {} if together is None else {"all_rules": together.as_json()}
        return print_json(
            {**made, **told, **({"not_planned": {rule.name: why for rule, why in unplanned}} if unplanned else {})}
        )
    from evalkit.render.bill import render_plan

    render_plan(made)
    if mixes or together is not None:
        from evalkit.render.mixes import render_mixes, render_together

        for one in mixes:
            echo()
            render_mixes(one)
        if together is not None:
            echo()
            render_together(together)
    for rule, why in unplanned:
        echo(f"\n{visible(rule.words, limit=120)} cannot be planned from this run: {visible(why, limit=600)}.")
    if folder is None and (earlier_run := _run_to_plan_by(plan, options.results)) is not None:
        named = " --earlier ".join(shlex.quote(visible(str(one), limit=400)) for one in (suite, earlier_run.name))
        echo(
            f"\nAn earlier run of this suite says how many items and repeats the gate takes: evalkit plan {named}"
            f"{results_option(earlier_run)}"
        )
    return 0


def _run_to_plan_by(plan: Plan, results: Path) -> Path | None:
    """The newest complete run of a suite of this name in which the gate's baseline and candidate were asked; None where
    there is none, or no rule could be planned by it."""
    from evalkit.decide.planning import can_be_planned
    from evalkit.decide.rules import conditions
    from evalkit.store.runs import list_runs, open_facts

    gate = plan.suite.gate
    if gate is None or gate.baseline is None or gate.baseline.startswith("baseline@"):
        return None
    if not any(one.required and can_be_planned(rule, one) for rule in gate.rules for one in conditions(rule)):
        return None
    for info in list_runs(results):
        if info.suite == plan.suite.name and info.status == "complete" and info.problem is None:
            with suppress(StoreError):  # damaged: another may serve
                if {gate.baseline, *gate.candidates[:1]} <= set(open_facts(info.path).models or {}):
                    return info.path
    return None


def _mixes(plan: Plan, folder: Path) -> tuple[list[CheapestMixes], list[tuple[Condition, str]]]:
    """Items and repeats for each required limit of the gate that an earlier run tells of (scores, bills, times); and
    those of which it tells too little, with why."""
    from evalkit.decide.planning import can_be_planned, mixes_of_rule
    from evalkit.decide.rules import conditions
    from evalkit.errors import NotPlanned

    gate = plan.suite.gate
    if gate is None or gate.baseline is None or gate.baseline.startswith("baseline@"):
        raise UserError("--earlier needs a gate whose baseline is a model of the suite: or use `evalkit power RUN`.")
    found: list[CheapestMixes] = []
    unplanned: list[tuple[Condition, str]] = []
    for rule in gate.rules:
        for condition in conditions(rule):
            if condition.required and can_be_planned(rule, condition):
                try:
                    found.append(
                        mixes_of_rule(folder, gate.baseline, gate.candidates[0], rule, condition, alpha=gate.alpha)
                    )
                except NotPlanned as error:
                    unplanned.append((condition, str(error)))
    return found, unplanned


def _together(plan: Plan, folder: Path, alone: list[CheapestMixes], unplanned: Set[Condition]) -> AllRules | None:
    """What the required limits take together, but for those that the earlier run tells too little of; None where fewer
    than two are left."""
    from evalkit.decide.joint import plan_together
    from evalkit.decide.rules import conditions

    gate = plan.suite.gate
    if gate is None or gate.baseline is None:
        return None
    every = [(rule, one) for rule in gate.rules for one in conditions(rule) if one.required and one not in unplanned]
    return plan_together(folder, gate.baseline, gate.candidates[0], every, alone, alpha=gate.alpha)
