"""`evalkit breakeven`: at which volume own GPUs cost less than an API, from a run or from stated numbers."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import GivenPath, OutFile, as_json, results_folder


@click.command()
@click.argument("run", required=False)
@click.option("--scenario", type=GivenPath(path_type=Path), help="Stated numbers instead of a run (a YAML file).")
@click.option("--api", metavar="MODEL", help="The closed model of RUN, billed by the token.")
@click.option("--self-hosted", metavar="MODEL", help="The model of RUN with a `hosting` and a load sweep.")
@click.option("--hosted", metavar="MODEL", help="Open weights at a hosting provider, billed by the token.")
@click.option("--tokens-per-day", metavar="N,N", help="Volumes, as the API counts them (default: 10M,100M,1B).")
@click.option("--requests-per-day", metavar="N,N", help="Volumes in requests instead of tokens.")
@click.option("--peak-factor", metavar="X", help="Peak over mean traffic; GPUs are sized for it (default: 3, assumed).")
@click.option("--svg", type=OutFile(), help="Write the plot to this file.")
@click.option("--markdown", type=OutFile(), help="Write a report to this file.")
@results_folder
@as_json
def command(
    scenario: Path | None,
    svg: Path | None,
    markdown: Path | None,
    results: Path,
    as_json: bool,
    **of_run: str | None,
) -> int:
    """Compare the yearly cost of an API, own GPUs, and open weights at a provider, and say where the lines cross.

    From RUN with --api and --self-hosted: tokens as each model was billed, dollars as they were billed, and the
    throughput of the load sweep. Or from --scenario FILE; examples are in examples/breakeven/.
    """
    from evalkit.cli.breakevens import AskedBreakEven, break_even

    return break_even(AskedBreakEven(**of_run), scenario, results, svg=svg, markdown=markdown, as_json=as_json)
