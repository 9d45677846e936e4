"""`evalkit cache [clear|prune]`: how much the response cache holds, and how it is made smaller."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click

from evalkit.cli.options import as_json, print_json
from evalkit.cli.printing import echo
from evalkit.text import numbers
from evalkit.text.escape import visible

_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}


@click.group(invoke_without_command=True)
@click.pass_context
@as_json
def command(ctx: click.Context, as_json: bool) -> int:
    """Say how many answers the response cache holds, how large it is, and where. EVALKIT_CACHE names another folder."""
    if ctx.invoked_subcommand is not None:
        return 0
    from evalkit.store.cache_upkeep import usage, why_unused

    found, unused = usage(), why_unused()
    if as_json:
        said = {"path": str(found.path), "n_answers": found.n_answers, "n_bytes": found.n_bytes}
        days = {"oldest": _day(found.oldest), "newest": _day(found.newest)}
        return print_json({**said, **days, "unused_because": unused})
    echo(f"{found.path}: {numbers.plural(found.n_answers, 'answer')}, {_bytes(found.n_bytes)}")
    if found.oldest is not None:
        echo(f"bought between {_day(found.oldest)} and {_day(found.newest)} (UTC)")
        echo("smaller: evalkit cache prune --older-than 30d; empty: evalkit cache clear")
    if unused is not None:
        echo(visible(unused, limit=1_000))
    return 0


@command.command()
@click.option("--older-than", required=True, metavar="AGE", help="Like 30d, 12h or 8w.")
def prune(older_than: str) -> int:
    """Remove the answers that were bought longer ago than AGE."""
    from evalkit.store.cache_upkeep import prune as remove

    match = re.fullmatch(r"(\d{1,6})([hdw])", older_than.strip())
    if match is None:
        raise click.BadParameter(f"{older_than!r} is no age; write it like 30d, 12h or 8w", param_hint="--older-than")
    n = remove(older_than_s=int(match[1]) * _UNITS[match[2]])
    echo(f"{numbers.plural(n, 'answer')} removed; what is removed is bought anew when it is asked for")
    return 0


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(yes: bool) -> int:
    """Remove every answer of the response cache. Stored runs are not touched."""
    from evalkit.store.cache_upkeep import clear as remove
    from evalkit.store.cache_upkeep import usage

    found = usage()
    if not found.n_bytes:
        echo(f"{found.path}: nothing is there")
        return 0
    if not yes:
        click.confirm(
            f"Remove {numbers.plural(found.n_answers, 'answer')} ({_bytes(found.n_bytes)}) of {found.path}?", abort=True
        )
    echo(f"{_bytes(remove())} freed")
    return 0


def _day(at: float | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _bytes(n: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= size:
            return f"{n / size:.1f} {unit}"
    return f"{n:,} bytes"
