"""`evalkit doctor`: what this machine can run, and the next command to type."""

from __future__ import annotations

import click

from evalkit.cli.options import as_json, print_json
from evalkit.cli.printing import echo

_MARKS = {"ok": "ok", "missing": "--", "note": "  "}


@click.command()
@as_json
def command(as_json: bool) -> int:
    """Say what is here: Python, extras, GPUs, keys (by name only), local servers. Sends nothing off this machine."""
    from evalkit.cli.doctoring import as_facts, examine, next_command
    from evalkit.text.escape import visible

    found = examine()
    if as_json:
        return print_json(as_facts(found))
    width = max(len(one.what) for one in found)
    for one in found:
        echo(f"{_MARKS[one.state]}  {one.what:<{width}}  {visible(one.says, limit=500)}")
    echo(f"\nnext: {next_command(found)}")
    return 0
