"""`evalkit run SUITE`: ask every model of a suite, score, store, print the table."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from evalkit.cli.options import (
    GivenPath,
    allow_code_execution,
    as_json,
    baselines_folder,
    gate_files,
    limit,
    persons_words,
    suite_and_parts,
    with_changes,
)


@click.command()
@suite_and_parts
@limit
@click.option("--no-cache", is_flag=True, help="Ask again even where an answer is cached.")
@click.option("--new", is_flag=True, help="Start a new run folder instead of resuming an incomplete one.")
@click.option("--resume", metavar="RUN", help="Resume this run (a path, a prefix or `latest`).")
@click.option("--max-cost", metavar="USD", help="Stop before this many dollars are passed; wins over the suite.")
@click.option("--planned", metavar="DIGEST", help="Refuse where `evalkit plan` would no longer say this digest.")
@persons_words
@allow_code_execution
@click.option(
    "--record-tools",
    type=GivenPath(path_type=Path),
    metavar="FILE",
    help="Keep what the live MCP server answers in FILE (.json): an environment that needs no server.",
)
@click.option("--gate", is_flag=True, help="Ask what the suite's gate needs, stop once it is settled, and decide.")
@baselines_folder
@gate_files
@click.option("--debug", is_flag=True, help="Write each call's request and reply to stderr, keys masked.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr; notes, the table and errors stay.")
@as_json
def command(
    suite: Path,
    no_cache: bool,
    max_cost: str | None,
    as_json: bool,
    markdown: Path | None,
    junit: Path | None,
    debug: bool,
    quiet: bool,
    **given: object,
) -> int:
    """Ask every model of SUITE, score the answers, store them, and print the table.

    SUITE may be a folder: each suite in it is run, in the order of their names, --max-cost for each. The exit code
    is then the highest.

    Run the same command again after an interruption: what was finished is not asked again.
    """
    if given["new"] and given["resume"]:
        raise click.UsageError("--new starts another run, --resume continues one: give one of them.")
    from evalkit.api.options import RunOptions, dollars
    from evalkit.cli.running import run_suite

    options = RunOptions(cache=not no_cache, max_cost_usd=dollars(max_cost), **with_changes(given))
    run = partial(run_suite, options=options, as_json=as_json, markdown=markdown, junit=junit, debug=debug, quiet=quiet)
    if not os.path.isdir(suite):  # noqa: PTH112  # never raises
        return run(suite)
    if markdown or junit or options.resume or options.planned:
        raise click.UsageError("--markdown, --junit, --resume and --planned are about one suite: name its file.")
    from evalkit.cli.suite_folders import on_each

    return on_each(suite, run)
