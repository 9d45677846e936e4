"""`evalkit check SUITE`: everything that can be wrong is found, and nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from evalkit.cli.options import (
    allow_code_execution,
    allow_suite_code,
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
@prices_file
@key_hosts
@click.option("--show-prompt", is_flag=True, help="Print the first prompt of each task as it would be sent.")
@results_folder
@data_roots
@suite_words
@least_sensitivity
@allow_suite_code
@allow_code_execution
@as_json
def command(suite: Path, show_prompt: bool, as_json: bool, **given: Any) -> int:
    """Validate SUITE: keys, models, data, prompts, scorers (each must give 1.0 on its own gold). Sends nothing."""
    from evalkit.api.options import RunOptions
    from evalkit.cli.checking import check_suite

    return check_suite(suite, RunOptions(**given), show_prompt=show_prompt, as_json=as_json)
