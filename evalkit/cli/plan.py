"""`evalkit plan SUITE`: what a run would take in requests, tokens, dollars and minutes. Sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evalkit.cli.options import (
    as_json,
    data_roots,
    key_hosts,
    least_sensitivity,
    names,
    prices_file,
    results_folder,
    suite_words,
)


@click.command()
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--models", callback=names, help="Only these models of the suite, comma separated.")
@click.option("--tasks", callback=names, help="Only these tasks of the suite, comma separated.")
@click.option("--limit", type=click.IntRange(min=1), help="Only this many samples of each task (seeded choice).")
@click.option("--requests-per-minute", type=click.FloatRange(min=0, min_open=True), help="What your account allows.")
@click.option("--tokens-per-minute", type=click.FloatRange(min=0, min_open=True), help="What your account allows.")
@click.option("--no-cache", is_flag=True, help="Do not count answers that are cached.")
@click.option("--max-cost", metavar="USD", help="Check that a run could be kept below this many dollars.")
@prices_file
@key_hosts
@results_folder
@data_roots
@suite_words
@least_sensitivity
@as_json
def command(
    suite: Path,
    requests_per_minute: float | None,
    tokens_per_minute: float | None,
    no_cache: bool,
    max_cost: str | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Say what running SUITE would take, who would receive its prompts, and what its gate could see. Sends nothing."""
    from evalkit.api.options import RunOptions, dollars
    from evalkit.cli.planning import plan_suite
    from evalkit.engine.forecast import Pace

    options = RunOptions(cache=not no_cache, max_cost_usd=dollars(max_cost), **given)
    return plan_suite(suite, options, Pace(requests_per_minute, tokens_per_minute), as_json=as_json)
