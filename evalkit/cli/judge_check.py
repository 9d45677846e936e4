"""`evalkit judge-check FILE`: how far a judge may be trusted, measured against people's labels."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import as_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--label", default="label", show_default=True, help="Field with the person's verdict or rating.")
@click.option("--judge", default="judge", show_default=True, help="Field with the judge's.")
@click.option("--swapped", help="Field with the judge's verdict on the pair shown in the other order, by true names.")
@as_json
def command(file: Path, label: str, judge: str, swapped: str | None, as_json: bool) -> int:
    """Compare a judge with people on the JSON records of FILE, one a line.

    Texts are verdicts on pairs: shares of right ones, agreement between the orders (--swapped), Cohen's kappa. Numbers
    are ratings: bias, correlation, and the mean over all records corrected by those that have a label. null is a
    judgment that could not be read, or a record that nobody labelled.
    """
    from evalkit.cli.judge_checking import check_judge

    return check_judge(file, label, judge, swapped, as_json=as_json)
