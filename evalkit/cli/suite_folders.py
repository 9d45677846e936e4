"""A folder of suites in the place of one: each by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evalkit.cli.printing import echo
from evalkit.errors import UserError
from evalkit.suite.loading import yaml_files
from evalkit.text.escape import visible


def on_each(folder: Path, run: Callable[[Path], int]) -> int:
    """Run, check or plan each suite of a folder, an interruption ends them all. The highest exit code, which is at
    least 2 where a YAML file cannot be read. Raises UserError for none."""
    files = list(yaml_files(folder))
    suites = [one.path for one in files if one.left_out is None and one.problem is None]
    if not suites and (problems := [one.problem for one in files if one.problem is not None]):
        raise UserError("\n".join(problems))
    if not suites:
        raise UserError(f"{folder} holds no suite: a YAML file with models and tasks. Make one: evalkit init {folder}")
    codes = []
    for one in files:
        if one.left_out is not None:
            echo(f"note: {visible(one.path.name)} is no suite: {visible(one.left_out)}", err=True)
        elif one.problem is not None:
            echo(f"evalkit: {visible(one.problem, limit=1_000)}", err=True)
            codes.append(UserError.exit_code)
    for n, path in enumerate(suites, 1):
        echo(f"{visible(str(path), limit=300)} ({n} of {len(suites)})", err=True)
        try:
            codes.append(run(path))
        except UserError as error:  # the next suite may be fine
            echo(f"evalkit: {visible(str(error), limit=10_000, lines=True)}", err=True)
            codes.append(error.exit_code)
        if codes[-1] > 128:
            break
    return max(codes)
