"""`evalkit list`: the stored runs, newest first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import as_json, print_json, results_folder
from evalkit.cli.printing import echo
from evalkit.store.damage import damage

if TYPE_CHECKING:
    from evalkit.render.terminal import RunListing
    from evalkit.store.runs import RunInfo


def _state(run: RunInfo) -> str | None:
    """The status in words, with how far an unfinished run is and what a complete one lacks; None where it cannot be
    read."""
    from evalkit.errors import StoreError
    from evalkit.results.state import state_of

    if run.problem is not None:
        return run.status
    if run.status == "complete":
        return f"{run.status} ({run.part})" if run.part else run.status
    try:
        return str(state_of(run.path))
    except StoreError:
        return run.status


@click.command()
@results_folder
@as_json
def command(results: Path, as_json: bool) -> int:
    """List stored runs, the damaged and half-written ones too, with what is wrong with them."""
    from evalkit.store.runs import list_runs

    listed: list[RunListing] = [
        {
            "name": run.name,
            "suite": run.suite,
            "status": run.status,
            "state": _state(run),
            "started_at": run.started_at,
            "finished_at": run.finished_at,
            "problem": run.problem or damage(run.path),
        }
        for run in list_runs(results)
    ]
    if as_json:
        return print_json(listed)
    if not listed:
        from evalkit.installed import first_commands

        echo(f"No runs in {results}. Make the first one: {', then '.join(first_commands())}")
        return 0
    from evalkit.render.terminal import render_runs

    render_runs(listed)
    return 0
