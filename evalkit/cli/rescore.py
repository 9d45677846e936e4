"""`evalkit rescore RUN`: mark stored answers again, without asking any model."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import (
    allow_code_execution,
    as_json,
    data_roots,
    least_sensitivity,
    names,
    results_folder,
    suite_words,
)


@click.command()
@click.argument("run", default="latest")
@click.option("--suite", type=click.Path(path_type=Path), help="The suite of the run; else looked for by its name.")
@click.option("--tasks", callback=names, help="Only these tasks of the run, comma separated.")
@click.option(
    "--scorer", help="Mark with this instead of what the suite says: a name, or YAML like '{numbers: {pick: last}}'."
)
@click.option("--preview", is_flag=True, help="Show what would change, and write nothing.")
@allow_code_execution
@results_folder
@data_roots
@suite_words
@least_sensitivity
@as_json
def command(
    run: str,
    suite: Path | None,
    tasks: tuple[str, ...] | None,
    scorer: str | None,
    preview: bool,
    results: Path,
    as_json: bool,
) -> int:
    """Score the stored answers of RUN again (`latest` by default). No model is asked and nothing is paid.

    Scorers and right answers come from the suite as it is now. New marks supersede old ones; run.json keeps the
    history.
    """
    from evalkit.cli.rescoring import rescore_run

    return rescore_run(run, suite, tasks, scorer, results, as_json=as_json, preview=preview)
