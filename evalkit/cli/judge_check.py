"""`evalkit judge-check FILE or RUN`: how far a judge may be trusted, measured against people's labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evalkit.cli.options import as_json, results_folder
from evalkit.cli.printing import echo
from evalkit.errors import UserError
from evalkit.text import numbers

if TYPE_CHECKING:
    from evalkit.scorers.verdicts import Agreement, Ratings


@click.command()
@click.argument("file_or_run", default="latest")
@click.option("--label", default="label", show_default=True, help="Field with the person's verdict or rating.")
@click.option("--judge", default="judge", show_default=True, help="Field with the judge's.")
@click.option("--swapped", help="Field with the judge's verdict on the pair shown in the other order, by true names.")
@results_folder
@as_json
def command(file_or_run: str, label: str, judge: str, swapped: str | None, results: Path, as_json: bool) -> int:
    """Compare judges with people: on the answers of RUN (`latest` by default), or on the JSON records of FILE.

    Of a run: each judge against the marks that people gave on the board and the labels that its suite names (agreement,
    Cohen's kappa), how often the order of a pair decided, and judged means corrected by the labels.

    Of a file, one record a line: texts are verdicts on pairs: shares of right ones, agreement between the orders
    (--swapped), Cohen's kappa. Numbers are ratings: bias, correlation, and the mean over all records corrected by those
    that have a label. null is a judgment that could not be read, or a record that nobody labelled.
    """
    if Path(file_or_run).is_file():
        return check_judge(Path(file_or_run), label, judge, swapped, as_json=as_json)

    return check_judges(file_or_run, results, as_json=as_json)


_MOST_BYTES = 2**30
"""Of a file of verdicts."""
_LARGEST = 1e9
"""Of a rating: squares of far larger ones are no numbers."""


def check_judge(file: Path, label: str, judge: str, swapped: str | None, *, as_json: bool) -> int:
    """The exit code. Raises UserError, with the line, for a file that is not as described."""
    from evalkit.cli.options import print_json
    from evalkit.scorers.verdicts import Ratings, compare_ratings

    records = list(_records(file, [name for name in (label, judge, swapped) if name is not None]))
    values = [record[name] for _, record in records for name in (label, judge) if record[name] is not None]
    if not values:
        raise UserError(f"{file}: no record has a value in {label!r} or {judge!r}")
    found: Ratings | Agreement
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if swapped is not None:
            raise UserError("--swapped is for verdicts on pairs; the records of this file hold ratings")
        if any(abs(value) > _LARGEST for value in values):
            raise UserError(f"{file}: a rating lies beyond {_LARGEST:,.0f}, which is no rating")
        found = compare_ratings([(record[label], record[judge]) for _, record in records])
    elif all(isinstance(value, str) for value in values):
        found = _pairs(file, records, label, judge, swapped or judge)
    else:
        raise UserError(f"{file}: {label!r} and {judge!r} must be texts (verdicts) or numbers (ratings) throughout")
    if as_json:
        return print_json(dataclasses.asdict(found))
    lines = _rating_lines(found) if isinstance(found, Ratings) else _pair_lines(found, both=swapped is not None)
    echo("\n".join(lines))
    return 0


def _records(file: Path, names: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The named fields of every record, which is all that is kept of it."""
    import orjson

    from evalkit.reading import lines_of, open_to_read, refuse_large

    try:
        opened = open_to_read(file)
        refuse_large(opened, _MOST_BYTES)
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from error
    with opened:
        for number, line in enumerate(lines_of(opened), 1):
            if line is None:
                raise UserError(f"{file}:{number}: is longer, or holds more values, than a record of a verdict does")
            if not line.strip():
                continue
            try:
                record = orjson.loads(line)
            except ValueError as error:
                raise UserError(f"{file}:{number}: not JSON: {error}") from error
            missing = [name for name in names if not isinstance(record, dict) or name not in record]
            if missing:
                raise UserError(
                    f"{file}:{number}: the record has no field {missing[0]!r} (see --label, --judge, --swapped)"
                )
            yield number, {name: record[name] for name in names}


def _pairs(file: Path, records: list[tuple[int, dict[str, Any]]], label: str, judge: str, second: str) -> Agreement:
    from evalkit.scorers.verdicts import agreement

    for number, record in records:
        if record[label] is None:
            raise UserError(f"{file}:{number}: {label!r} is null; verdicts need a person's label in every record")
        if not isinstance(record[second], str | None):
            raise UserError(f"{file}:{number}: {second!r} must be a text or null")
    found = agreement(
        [record[label] for _, record in records],
        [record[judge] for _, record in records],
        [record[second] for _, record in records],
    )
    assert found is not None  # there is a value, so there is a record
    return found


def _pair_lines(found: Agreement, *, both: bool) -> list[str]:
    lines = [f"pairs                       {found.n:,}", f"right, as shown             {found.right_first:.3f}"]
    if not both:
        return lines
    kappa = "not defined" if found.kappa is None else f"{found.kappa:.3f}"
    return [
        *lines,
        f"right, the other way round  {found.right_second:.3f}",
        f"right both ways             {found.right_both:.3f}",
        f"decided by position         {1 - found.same:.3f}",
        f"kappa between the orders    {kappa}",
        f"verdicts not readable       {found.n_invalid:,} of {2 * found.n:,}",
    ]


def _rating_lines(found: Ratings) -> list[str]:
    from evalkit.scorers.verdicts import FEW

    def shown(value: float | None) -> str:
        return "unknown" if value is None else f"{value:.3f}"

    def between(interval: tuple[float, float] | None) -> str:
        return (
            f" (no interval: fewer than {FEW} labels, or all alike)"
            if interval is None
            else f" [{interval[0]:.3f}, {interval[1]:.3f}]"
        )

    return [
        f"rated by the judge          {found.n:,} ({found.n_invalid:,} judgments not readable)",
        f"labelled by people          {found.n_labelled:,}",
        f"judge's mean                {shown(found.judge_mean)}",
        f"people's mean               {shown(found.label_mean)}{between(found.labels_interval)}",
        f"judge minus people          {shown(found.bias)}",
        f"correlation                 {shown(found.correlation)}",
        f"corrected mean              {shown(found.corrected)}{between(found.interval)}",
    ]


def check_judges(run: str, results: Path, *, as_json: bool) -> int:
    """Print the figures; the exit code. Raises UserError where the run has no judges, or there is no such run."""
    from evalkit.cli.options import print_json
    from evalkit.results import read_facts
    from evalkit.results.judging import figures
    from evalkit.store.reviews import read_reviews
    from evalkit.store.runs import resolve_run

    folder = resolve_run(run, results)
    found = figures(folder)
    if found is None:
        facts = read_facts(folder)
        if any(task.identity.judge is not None for task in (facts.tasks or {}).values()):
            names, status = ", ".join(facts.judges) or "not named", facts.status or "of unknown status"
            raise UserError(
                f"{folder}: its judges ({names}) have scored none of its answers: it is {status}. Run its suite again: "
                "it goes on, and asks the judges last."
            )
        raise UserError(
            f"{folder}: no judge scored its answers. A task names its judges: score: {{judge: {{by: NAME}}}}. Verdicts "
            "of your own stand in a file: evalkit judge-check FILE"
        )
    _, n_unread = read_reviews(folder)
    if as_json:
        return print_json({**found.as_json(), "n_reviews_unreadable": n_unread})
    from evalkit.render.judges import render_judges

    render_judges(found, people=True)
    if n_unread:
        echo(f"note: {numbers.plural(n_unread, 'line')} of {folder / 'reviews.jsonl'} could not be read", err=True)
    return 0
