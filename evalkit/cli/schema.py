"""`evalkit schema`: the JSON schema of suite files, with the options of installed plug-ins, for editors."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evalkit.cli.options import OutFile
from evalkit.cli.printing import echo


@click.command()
@click.option(
    "--out",
    type=OutFile(),
    metavar="FILE",
    help="Write it here instead of printing it. A file of that name is replaced.",
)
def command(out: Path | None) -> int:
    """Print the JSON schema of suite files, so that an editor completes them.

    It has the options of every adapter that is installed here, those of plug-ins too. Name the file in the first line
    of a suite: # yaml-language-server: $schema=FILE
    """
    from evalkit.adapters.registry import all_options
    from evalkit.plugins import installed
    from evalkit.suite.json_schema import as_text

    text = as_text(options=all_options(), more_rules=[plugin.name for plugin in installed("rules")])
    if out is None:
        sys.stdout.write(text)
        return 0
    from evalkit.errors import UserError
    from evalkit.writing import write_file

    try:
        write_file(out, text)
    except OSError as error:
        raise UserError(f"{out} cannot be written: {error.strerror or error}") from error
    echo(f"wrote {out}. First line of a suite beside it: # yaml-language-server: $schema={out.name}")
    return 0
