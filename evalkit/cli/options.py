"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def names(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Comma separated names as a tuple; None when the option was not given. Raises on an empty list."""
    if value is None:
        return None
    listed = tuple(name.strip() for name in value.split(",") if name.strip())
    if not listed:
        raise click.BadParameter("names none; write it like --models gpt,claude", ctx=ctx, param=parameter)
    return listed


def results_folder(command: Command) -> Command:
    """`--results DIR`: where run folders are (EVALKIT_RESULTS, else ./results)."""
    return click.option(
        "--results",
        type=click.Path(path_type=Path),
        envvar="EVALKIT_RESULTS",
        default=Path("results"),
        show_default=True,
        help="Folder of run folders (or EVALKIT_RESULTS).",
    )(command)


def as_json(command: Command) -> Command:
    """`--json`: one JSON object on stdout, for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")(command)
