"""`evalkit corpus RUN`: figures that are no mean over samples, for looking at and never for a gate."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import as_json, results_folder


@click.command()
@click.argument("run", default="latest")
@results_folder
@as_json
def command(run: str, results: Path, as_json: bool) -> int:
    """Print figures of whole tasks of RUN (`latest` by default): macro-F1, corpus BLEU and chrF, pass@k, pass^k.

    Answers that errored are left out and counted; answers that could not be read count as wrong.
    """
    from evalkit.cli.corpus_figures import print_figures

    return print_figures(run, results, as_json=as_json)
