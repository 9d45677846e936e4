"""`evalkit check SUITE`: everything that can be wrong is found, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.options import (
    allow_code_execution,
    allow_suite_code,
    as_json,
    data_roots,
    least_sensitivity,
    names,
    results_folder,
)


@click.command()
@click.argument("suite", type=click.Path(path_type=Path))
@click.option("--models", callback=names, help="Only these models of the suite, comma separated.")
@click.option("--tasks", callback=names, help="Only these tasks of the suite, comma separated.")
@click.option("--prices", type=click.Path(path_type=Path), help="Your own price file; wins over the price book.")
@click.option("--allow-key-host", multiple=True, metavar="HOST", help="Allow keys to be sent to this host too.")
@click.option("--show-prompt", is_flag=True, help="Print the first prompt of each task as it would be sent.")
@results_folder
@data_roots
@least_sensitivity
@allow_suite_code
@allow_code_execution
@as_json
def command(
    suite: Path,
    models: tuple[str, ...] | None,
    tasks: tuple[str, ...] | None,
    prices: Path | None,
    allow_key_host: tuple[str, ...],
    show_prompt: bool,
    results: Path,
    allow_suite_code: bool,
    as_json: bool,
) -> int:
    """Validate SUITE: keys, models, data, prompts, scorers (each must give 1.0 on its own gold). Sends nothing."""
    from evalkit.cli.checking import check_suite

    return check_suite(
        suite,
        models=models,
        tasks=tasks,
        prices=prices,
        allow_key_host=allow_key_host,
        show_prompt=show_prompt,
        results=results,
        allow_suite_code=allow_suite_code,
        as_json=as_json,
    )
