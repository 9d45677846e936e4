"""`evalkit rescore RUN`: mark stored answers again, without asking any model."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from evalkit.cli.options import (
    GivenPath,
    allow_code_execution,
    allow_suite_code,
    as_json,
    data_roots,
    least_sensitivity,
    names,
    print_json,
    results_folder,
    suite_words,
)
from evalkit.cli.printing import echo
from evalkit.errors import SuiteError, UserError
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.engine.rescoring import Changed
    from evalkit.suite.schema import ScoreEntry


@click.command()
@click.argument("run", default="latest")
@click.option("--suite", type=GivenPath(path_type=Path), help="The suite of the run; else looked for by its name.")
@click.option("--tasks", callback=names, help="Only these tasks of the run, comma separated.")
@click.option(
    "--scorer", help="Score with this instead of what the suite says: a name, or YAML like '{numbers: {pick: last}}'."
)
@click.option("--preview", is_flag=True, help="Show what would change, and write nothing.")
@allow_code_execution
@allow_suite_code
@results_folder
@data_roots
@suite_words
@least_sensitivity
@as_json
def command(
    run: str,
    suite: Path | None,
    tasks: tuple[str, ...] | None,
    scorer: str | None,
    preview: bool,
    allow_suite_code: bool,
    results: Path,
    as_json: bool,
) -> int:
    """Score the stored answers of RUN again (`latest` by default). No model is asked and nothing is paid.

    Scorers and right answers come from the suite as it is now. New scores supersede old ones; run.json keeps the
    history.
    """

    return rescore_run(
        run, suite, tasks, scorer, results, as_json=as_json, preview=preview, allow_code=allow_suite_code
    )


def rescore_run(
    run: str,
    suite: Path | None,
    tasks: tuple[str, ...] | None,
    scorer: str | None,
    results: Path,
    *,
    as_json: bool,
    preview: bool = False,
    allow_code: bool = False,
) -> int:
    """The exit code; 0 also when nothing changed. Raises UserError."""
    from evalkit.api.planning import suite_at
    from evalkit.engine.rescoring import Choice, rescore
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    path = suite if suite is not None else _suite_of(folder)
    read = suite_at(path)
    choice = Choice(tasks, None if scorer is None else _score(scorer))
    changed = rescore(folder, read, choice, preview=preview, allow_code=allow_code)
    order = {name: n for n, name in enumerate([*(task.name for task in read.tasks), *read.models])}
    changed.sort(key=lambda one: (order.get(one.task, -1), order.get(one.model, -1)))
    if as_json:
        found = {
            "folder": str(folder),
            "suite": str(path),
            "preview": preview,
            "tasks": [asdict(one) for one in changed],
        }
        return print_json(found)
    for one in changed:
        echo(_line(one))
    for one in changed:
        if loss := _loss(one, preview=preview):
            echo(f"evalkit: {loss}", err=True)
    if n_redacted := sum(one.n_redacted for one in changed):
        echo(
            f"{n_redacted:,} of these rows were redacted before they were stored (redact: where: storing): their "
            "new scores are of what is stored, which may be less than the model said"
        )
    if preview:
        echo(f"{folder}: nothing was written; the same command without --preview scores it again with {path}")
        return 0
    echo(f"{folder}: scored again with {path}; `evalkit show {quote(folder.name)}` prints the new table")
    return 0


def _line(one: Changed) -> str:
    failed = f", {one.n_failed:,} without an answer left as they are" if one.n_failed else ""
    name = f"{visible(one.task)} × {visible(one.model)}"
    if not one.n:
        return f"{name}: no answers to score{failed}"
    means = f"{one.before / one.n:.4f} → {one.after / one.n:.4f}"
    return f"{name} by {visible(one.scorer)}: {one.n_changed:,} of {one.n:,} scores changed, mean {means}{failed}"


_FALL = 0.005
"""Of a mean: below it nobody is warned."""


def _loss(one: Changed, *, preview: bool) -> str | None:
    """A warning where the new marks are lower, or fewer answers can be read; None where neither is so."""
    name, now = f"{visible(one.task)} × {visible(one.model)}", "would be" if preview else "are"
    unread = one.n_unreadable_after - one.n_unreadable_before
    fell = one.n and (one.before - one.after) / one.n > _FALL
    if not fell and (unread <= 0 or one.after > one.before):
        return None
    said = []
    if fell:
        said.append(
            f"the mean {'would fall' if preview else 'fell'} from {one.before / one.n:.3f} to {one.after / one.n:.3f}"
        )
    if unread > 0:
        said.append(
            f"{numbers.plural(unread, 'answer that was', 'answers that were')} read {now} unreadable "
            f"({one.n_unreadable_after:,} of {one.n:,})"
        )
    kept = (
        ""
        if preview
        else ". The earlier scores are kept in the run's older parts; score again as before to have them back"
    )
    return f"{name}: {', and '.join(said)}{kept}"


def _suite_of(folder: Path) -> Path:
    """The suite file by the name that the run recorded, here or in `suites/`. Raises UserError where it is in none."""
    from evalkit.results import read_facts

    name = read_facts(folder).suite_path or ""
    for place in (Path(), Path("suites")):
        if name and (place / Path(name).name).is_file():
            return place / Path(name).name
    raise UserError(
        f"the suite of {folder} ({name or 'not recorded'}) is neither here nor in suites/: name it, --suite FILE"
    )


def _score(text: str) -> ScoreEntry:
    """The option --scorer, in any form that `score:` may have in a suite."""
    from pydantic import TypeAdapter, ValidationError

    from evalkit.suite.schema import Scoring
    from evalkit.suite.source_map import parse

    try:
        written = parse(f"score: {text}\n", "--scorer").data["score"]
        return TypeAdapter(Scoring).validate_python(written)
    except (ValidationError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise SuiteError(f"--scorer {text!r}: {why}") from error
