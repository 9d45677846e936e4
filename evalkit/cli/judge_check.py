"""`evalkit judge-check FILE or RUN`: how far a judge may be trusted, measured against people's labels."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import as_json, results_folder


@click.command()
@click.argument("file_or_run", default="latest")
@click.option("--label", default="label", show_default=True, help="Field with the person's verdict or rating.")
@click.option("--judge", default="judge", show_default=True, help="Field with the judge's.")
@click.option("--swapped", help="Field with the judge's verdict on the pair shown in the other order, by true names.")
@results_folder
@as_json
def command(file_or_run: str, label: str, judge: str, swapped: str | None, results: Path, as_json: bool) -> int:
    """Compare judges with people: on the answers of RUN (`latest` by default), or on the JSON records of FILE.

    Of a run: each judge against the marks that people gave on the board and the labels that its suite names (agreement,
    Cohen's kappa), how often the order of a pair decided, and judged means corrected by the labels.

    Of a file, one record a line: texts are verdicts on pairs: shares of right ones, agreement between the orders
    (--swapped), Cohen's kappa. Numbers are ratings: bias, correlation, and the mean over all records corrected by those
    that have a label. null is a judgment that could not be read, or a record that nobody labelled.
    """
    if Path(file_or_run).is_file():
        from evalkit.cli.judge_checking import check_judge

        return check_judge(Path(file_or_run), label, judge, swapped, as_json=as_json)
    from evalkit.cli.judge_checking import check_judges

    return check_judges(file_or_run, results, as_json=as_json)
