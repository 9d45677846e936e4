"""What `evalkit run` does once click has read the command line: plan, sit, print, exit code."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import click

from evalkit.cli.loading import planned
from evalkit.engine.session import Sitting, sit
from evalkit.report.hostile import visible
from evalkit.report.progress import Progress
from evalkit.store.journal import Recovered


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
) -> int:
    """Run a suite and print its table; the exit code."""
    if new and resume:
        raise click.UsageError("--new starts another run, --resume continues one: give one of them.")
    plan = planned(
        suite,
        models=models,
        tasks=tasks,
        limit=limit,
        max_cost=max_cost,
        prices=prices,
        allow_key_host=allow_key_host,
    )
    for note in plan.notes:
        click.echo(f"note: {visible(note, limit=1000)}", err=True)
    with ExitStack() as stack:
        bought = None
        if not no_cache:
            from evalkit.engine.caching import Bought
            from evalkit.store.cache import ResponseCache

            cache = stack.enter_context(ResponseCache.open(None))
            bought = Bought(cache)
        progress: list[Progress] = []

        def watch(folder: Path, recovered: Recovered) -> Progress:
            shown = Progress(plan.work.n_rows, done=recovered.n_done)
            progress.append(shown)
            if recovered.note:
                shown.note(recovered.note)
            if recovered.n_done:
                shown.note(f"resuming {folder}: {recovered.n_done:,} of {plan.work.n_rows:,} rows are there already")
            return shown

        try:
            sitting = sit(plan, results, new=new, resume=resume, cache=bought, watch=watch)
        finally:
            for shown in progress:
                shown.close()
        if not no_cache and cache.problem:
            click.echo(f"note: {cache.problem}", err=True)
    _print(sitting, as_json=as_json)
    return _exit_code(sitting)


def _print(sitting: Sitting, *, as_json: bool) -> None:
    if as_json:
        import orjson

        summary = {**sitting.summary, "status": sitting.status, "reasons": list(sitting.reasons)}
        sys.stdout.write(orjson.dumps({**summary, "folder": str(sitting.folder)}).decode() + "\n")
    else:
        from evalkit.report.terminal import render_summary

        render_summary(sitting.summary)
        click.echo(f"\n{sitting.folder}")
    for reason in sitting.reasons:
        click.echo(f"evalkit: {visible(reason, limit=2000)}", err=True)
    if sitting.status == "interrupted":
        click.echo("evalkit: interrupted; run the same command again to go on where it stopped.", err=True)


def _exit_code(sitting: Sitting) -> int:
    if sitting.ended_by is not None:
        return 128 + int(sitting.ended_by)
    return 0 if sitting.status == "complete" else 4
