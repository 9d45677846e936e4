"""`evalkit import lm-eval|inspect PATH`: results of other tools become runs, to be shown, compared and gated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import results_folder

if TYPE_CHECKING:
    from evalkit.bridges.imported import Imported


@click.group()
def command() -> None:
    """Turn results of another tool into a run."""


@command.command("lm-eval")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--metric", help="The score, like acc_norm or exact_match,strict-match; else each task's main one.")
@click.option("--name", help="What to call the model; else as lm-eval calls it.")
@results_folder
def lm_eval(path: Path, metric: str | None, name: str | None, results: Path) -> int:
    """Take over samples that lm-eval wrote with --log_samples: its --output_path, or one samples_*.jsonl."""
    from evalkit.bridges.lm_eval_samples import read_samples

    return _written(results, read_samples(path, metric=metric, name=name))


@command.command("inspect")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--scorer", help="Whose score counts, where the log has several; else the first.")
@click.option("--name", help="What to call the model; else as Inspect calls it.")
@results_folder
def inspect(log: Path, scorer: str | None, name: str | None, results: Path) -> int:
    """Take over one log of Inspect, .eval or .json."""
    from evalkit.bridges.inspect_log import read_log

    return _written(results, read_log(log, scorer=scorer, name=name))


def _written(results: Path, found: Imported) -> int:
    from evalkit.bridges.imported import write_run
    from evalkit.report.hostile import visible

    folder = write_run(results, found)
    by = ", ".join(visible(name) for name in found.models)
    click.echo(f"{len(found.rows):,} rows of {len(found.tasks)} tasks by {by}", err=True)
    click.echo(str(folder))
    return 0
