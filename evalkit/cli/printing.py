"""The one door by which commands print lines: what somebody else wrote acts on no terminal and commands no CI system.

Tables and pages are printed by `evalkit.text.page`, JSON by `evalkit.text.escape.json_line`. Whoever prints a name or
a reason passes it through `visible` first, so that it stays on its line; this door holds where that was forgotten.
"""

from __future__ import annotations

import click

from evalkit.text.escape import harmless_lines


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print lines to standard output, or to standard error: control and format characters are written out, line breaks
    stay, and the first sign of a command to a CI system is written out."""
    click.echo(harmless_lines(text), err=err, nl=nl)


def annotate(line: str) -> None:
    """Print a command to GitHub Actions, which `evalkit.render.gate` made of escaped data, to standard error."""
    click.echo(line, err=True)
