"""What `evalkit run` does once click has read the command line: plan, sit, print, exit code."""

from __future__ import annotations

import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.loading import planned
from evalkit.engine.plan import Plan
from evalkit.engine.session import RunOutcome, execute_run
from evalkit.errors import EvalkitError
from evalkit.report.hostile import visible
from evalkit.report.progress import Progress
from evalkit.store.journal import Recovered
from evalkit.store.judge_files import judging_of
from evalkit.store.runs import update_facts
from evalkit.suite.schema import GateEntry

if TYPE_CHECKING:  # a plain run decides nothing, and starts without numpy
    from evalkit.cli.gating import Outlets
    from evalkit.cli.stopping import GateStopper
    from evalkit.decide.decision import GateDecision


def run_suite(
    suite: Path,
    *,
    models: tuple[str, ...] | None,
    tasks: tuple[str, ...] | None,
    limit: int | None,
    results: Path,
    no_cache: bool,
    new: bool,
    resume: str | None,
    max_cost: str | None,
    prices: Path | None,
    allow_key_host: tuple[str, ...],
    as_json: bool,
    baselines: Path = Path("baselines"),
    allow_suite_code: bool = False,
    gate: bool = False,
    markdown: Path | None = None,
    junit: Path | None = None,
) -> int:
    """Run a suite and print its table, with `gate` the verdict too; the exit code."""
    if new and resume:
        raise click.UsageError("--new starts another run, --resume continues one: give one of them.")
    if (markdown or junit) and not gate:
        raise click.UsageError("--markdown and --junit tell a gate's verdict: give --gate too.")
    rules: GateEntry | None = None
    if gate:
        from evalkit.cli import gating

        rules, models = gating.rules_and_models(suite, models)
    plan = planned(
        suite,
        models=models,
        tasks=tasks,
        limit=limit,
        max_cost=max_cost,
        prices=prices,
        allow_key_host=allow_key_host,
        results=results,
        allow_suite_code=allow_suite_code,
        stream=not gate,  # what stops early is asked in a random order, which takes all samples
    )
    for note in plan.notes:
        click.echo(f"note: {visible(note, limit=1000)}", err=True)
    stopper = None
    if rules is not None:
        with gating.telling(plan.suite.name, gating.Outlets(markdown, junit)):
            stopper = _stopper(plan, rules, results, baselines)
    outcome = _sat(plan, results, new=new, resume=resume, no_cache=no_cache, stopper=stopper)
    if rules is None or outcome.ended_by is not None:
        _print(outcome, as_json=as_json)
        code = _exit_code(outcome)
    else:
        code = _decide(outcome, rules, (results, baselines), gating.Outlets(markdown, junit), as_json=as_json)
    sys.stdout.flush()
    with suppress(EvalkitError):  # a disk that is full by now: the next command only prints the result once more
        update_facts(outcome.folder, told=True)  # from here on the same command means another run
    return code


def _decide(
    outcome: RunOutcome, rules: GateEntry, places: tuple[Path, Path], outlets: Outlets, *, as_json: bool
) -> int:
    """Print the run and its verdict; `places` are the folders of results and of baselines. The exit code."""
    from evalkit.cli import gating

    results, baselines = places
    decision = gating.decide(rules, outcome.folder, results, baselines, outlets)
    _print(outcome, as_json=as_json, decision=decision)
    if not as_json:
        click.echo("")
        gating.show(decision, json=False)
    gating.tell(decision, rules, outcome.folder, results, baselines, outlets)
    return max(_exit_code(outcome), decision.exit_code) if outcome.status != "complete" else decision.exit_code


def _sat(
    plan: Plan, results: Path, *, new: bool, resume: str | None, no_cache: bool, stopper: GateStopper | None
) -> RunOutcome:
    """One session with its progress on stderr and the answers that were bought before."""
    progress: list[Progress] = []

    def watch(folder: Path, recovered: Recovered) -> Progress:
        n_there = recovered.n_done if plan.panel is None else recovered.n_answered
        if stopper is None:
            shown = Progress(plan.work.n_rows, done=n_there)
        else:
            from evalkit.cli.stopping import Watching

            shown = Watching(stopper, plan.work.n_rows, done=n_there)
        progress.append(shown)
        if stopper is not None and recovered.n_done:
            stopper.resume(folder, tuple(model.name for model in plan.work.models))
        if recovered.note:
            shown.note(recovered.note)
        if n_there:
            shown.note(f"resuming {folder}: {n_there:,} of {plan.work.n_rows:,} rows are there already")
        return shown

    def watch_judges(n_requests: int, n_done: int) -> Progress:
        for shown in progress:
            shown.close()
        progress.append(Progress(n_requests, done=n_done))
        progress[-1].note(f"judging: {n_requests:,} requests to {', '.join(j.name for j in judges)}")
        return progress[-1]

    judges = plan.panel.judges if plan.panel is not None else ()
    with ExitStack() as stack:
        bought = None
        if not no_cache:
            from evalkit.engine.caching import CachedAnswers
            from evalkit.store.cache import ResponseCache

            cache = stack.enter_context(ResponseCache.open(None))
            bought = CachedAnswers(cache)
        try:
            outcome = execute_run(
                plan,
                results,
                new=new,
                resume=resume,
                cache=bought,
                watch=watch,
                watch_judges=watch_judges,
                stopper=stopper,
            )
        finally:
            for shown in progress:
                shown.close()
        if not no_cache and cache.problem:
            click.echo(f"note: {cache.problem}", err=True)
    return outcome


def _stopper(plan: Plan, rules: GateEntry, results: Path, baselines: Path) -> GateStopper:
    from evalkit.cli import stopping

    stopper = stopping.GateStopper(plan, rules, results, baselines)
    if stopper.watch is None:
        click.echo(f"note: the gate does not stop early: {'; '.join(stopper.reasons)}", err=True)
    elif stopper.reasons:
        click.echo(f"note: the gate stops early for a fail only: {'; '.join(stopper.reasons)}", err=True)
    return stopper


def _print(outcome: RunOutcome, *, as_json: bool, decision: GateDecision | None = None) -> None:
    if as_json:
        from evalkit.decide.decision import as_json as plain
        from evalkit.report.json_text import json_line

        summary = {**outcome.summary, "status": outcome.status, "reasons": list(outcome.reasons)}
        if judging_of(outcome.folder) is not None:
            from evalkit.decide.judges import figures

            summary["judging"] = figures(outcome.folder)
        if decision is not None:
            summary["gate"] = plain(decision)
        sys.stdout.write(json_line({**summary, "folder": str(outcome.folder)}))
    else:
        from evalkit.report.terminal import render_summary

        render_summary(outcome.summary)
        if judging_of(outcome.folder) is not None:
            _print_judges(outcome.folder)
        n_cached = outcome.result.n_cached
        if n_cached:
            of = n_cached + outcome.result.n_asked
            click.echo(
                f"{n_cached:,} of {of:,} answers came from the cache and are in no latency; --no-cache asks again."
            )
        if any(task["slices"] for model in outcome.summary["models"].values() for task in model["tasks"].values()):
            click.echo("By slice: evalkit show latest --slices")
        click.echo(f"\n{outcome.folder}")
    for reason in outcome.reasons:
        click.echo(f"evalkit: {visible(reason, limit=2000)}", err=True)
    if outcome.status == "interrupted":
        click.echo("evalkit: interrupted; run the same command again to go on where it stopped.", err=True)


def _print_judges(folder: Path) -> None:
    from evalkit.decide.judges import figures
    from evalkit.report.judges import render_judges

    found = figures(folder)
    if found is not None and found["judges"]:
        render_judges(found)
        click.echo("")


def _exit_code(outcome: RunOutcome) -> int:
    if outcome.ended_by is not None:
        return 128 + int(outcome.ended_by)
    return 0 if outcome.status == "complete" else 4
