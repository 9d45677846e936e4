"""`evalkit load SUITE --model M`: how much a server takes, measured with the suite's own prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evalkit.cli.options import (
    GivenPath,
    as_json,
    names,
    persons_words,
)


@click.command()
@click.argument("suite", type=GivenPath(path_type=Path))
@click.option("--model", required=True, help="The model of the suite to load.")
@click.option("--tasks", callback=names, help="Only prompts of these tasks, comma separated.")
@click.option("--slo", metavar="LIMITS", help="What users are promised, in seconds: ttft_p95=1.0,tpot_p95=0.05")
@click.option("--in-flight", metavar="N,N", help="Steps of the closed loop (default: 1,2,4 ... until it is full).")
@click.option("--rates", metavar="R,R", help="Requests a second of the open loop (default: shares of the capacity).")
@click.option("--closed-only", is_flag=True, help="No open loop.")
@click.option("--seconds", type=click.FloatRange(min=0.05), default=20.0, show_default=True, help="Length of a step.")
@click.option("--max-cost", metavar="USD", help="Stop before this many dollars are passed; needed for a billed model.")
@persons_words
@as_json
def command(
    suite: Path,
    model: str,
    tasks: tuple[str, ...] | None,
    max_cost: str | None,
    prices: Path | None,
    allow_key_host: tuple[str, ...],
    results: Path,
    allow_suite_code: bool,
    **given: Any,
) -> int:
    """Load-test one model of SUITE: requests in flight, then arrivals at random, at rising rates.

    Nothing is scored, retried or taken from a cache. The sweep is kept in RESULTS/load, where a model's
    `hosting.load: latest` finds it; run, price and breakeven compute the cost of own hardware from it.
    """
    from evalkit.api.options import RunOptions, dollars
    from evalkit.cli.loads import load_suite_model

    options = RunOptions(
        results,
        (model,),
        tasks,
        max_cost_usd=dollars(max_cost),
        prices=prices,
        allow_key_host=allow_key_host,
        allow_suite_code=allow_suite_code,
    )
    return load_suite_model(suite, options, **given)
