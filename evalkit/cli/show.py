"""`evalkit show RUN`: the table of a stored run, without asking anybody anything."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evalkit.cli.options import as_json, results_folder


@click.command()
@click.argument("run", default="latest")
@results_folder
@click.option("--slices", is_flag=True, help="Quality by the fields that the suite slices by, instead of the table.")
@as_json
def command(run: str, results: Path, slices: bool, as_json: bool) -> int:
    """Print the table of RUN: a path, the beginning of a name, or `latest` (the default)."""
    from evalkit.report.hostile import visible
    from evalkit.store.runs import is_locked, read_facts, resolve_run
    from evalkit.store.summary import read_summary

    folder = resolve_run(run, results)
    summary = read_summary(folder)
    if as_json:
        import orjson

        sys.stdout.write(orjson.dumps({**summary, "folder": str(folder)}).decode() + "\n")
        return 0
    from evalkit.report.terminal import render_slices, render_summary

    facts = read_facts(folder)
    (render_slices if slices else render_summary)(summary)
    status = facts.get("status")
    if status == "running" and not is_locked(folder):
        status = "interrupted"  # nobody writes it: it was killed
    click.echo(f"\n{folder}  {status}, started {facts.get('started_at')}")
    for reason in facts.get("reasons") or ():
        click.echo(f"not complete: {visible(str(reason), limit=2000)}")
    return 0
