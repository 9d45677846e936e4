"""`evalkit export RUN --to FORMAT`: a run's rows for other tools."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import GivenPath, results_folder
from evalkit.cli.printing import echo

FORMATS = ("lm-eval", "every-eval-ever", "csv", "parquet", "jsonl", "mlflow", "wandb")


@click.command()
@click.argument("run")
@click.option("--to", type=click.Choice(FORMATS), required=True, help="What to write.")
@click.option(
    "--out",
    type=GivenPath(path_type=Path),
    help="File; a folder for lm-eval, every-eval-ever, mlflow and wandb.",
)
@results_folder
def command(run: str, to: str, out: Path | None, results: Path) -> int:
    """Write the rows of RUN (a path, a name or its beginning, or `latest`) with prompts and answers.

    mlflow and wandb get the figures alone, one run for each model, in a folder here: nothing is sent anywhere.
    """
    from evalkit.bridges.exported import default_out, export_run
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    if to in {"mlflow", "wandb"}:
        from evalkit.bridges.trackers import export_figures

        for path in export_figures(folder, to, out or Path("mlruns" if to == "mlflow" else ".")):
            echo(str(path))
        if to == "wandb":
            echo("Offline. To upload it: wandb sync wandb/offline-run-*", err=True)
        return 0
    for path in export_run(folder, to, out or default_out(folder, to)):
        echo(str(path))
    return 0
