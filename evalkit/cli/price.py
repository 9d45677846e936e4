"""`evalkit price RUN`: the bill of a stored run, and what its answers would cost at other prices. Asks no model."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import GivenPath, as_json, results_folder


@click.command()
@click.argument("run", default="latest")
@click.option("--at", metavar="DATE", help="Price the stored tokens as of this day (2026-11-01, UTC).")
@click.option("--prices", type=GivenPath(path_type=Path), help="Price the stored tokens by your own price file.")
@click.option("--tier", metavar="TIER", help="Price every answer at this service tier, like batch, flex or priority.")
@results_folder
@as_json
def command(run: str, at: str | None, prices: Path | None, tier: str | None, results: Path, as_json: bool) -> int:
    """Print the bill of RUN by model, task and kind of token, and what caches saved.

    Without --at, --prices and --tier: what the answers were billed. With any of them: what the same tokens would
    cost then, beside it. Nothing stored is changed.
    """
    from evalkit.cli.pricing import price_run

    return price_run(run, at=at, prices=prices, tier=tier, results=results, as_json=as_json)
