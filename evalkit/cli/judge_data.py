"""`evalkit judge-data RUN`: stored answers as the items of a suite in which a judge is the model."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import names, results_folder


@click.command()
@click.argument("run", default="latest")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The JSONL file to write.")
@click.option("--tasks", callback=names, help="Only answers to these tasks, comma separated.")
@click.option("--pair", callback=names, metavar="A,B", help="Answers of two models side by side, in both orders.")
@click.option("--force", is_flag=True, help="Replace the file where there is one.")
@results_folder
def command(
    run: str, out: Path, tasks: tuple[str, ...] | None, pair: tuple[str, ...] | None, force: bool, results: Path
) -> int:
    """Write the answers of RUN (`latest` by default) for a judge to look at.

    Then run a suite whose model is the judge: `use: judge_rating` or `use: judge_reference` on single answers,
    `use: judge_pair` on pairs. The judge's cost and latency are that run's; what was judged stands in its slices.
    """
    from evalkit.cli.judge_items import write_items

    return write_items(run, out, tasks, pair, results, force=force)
