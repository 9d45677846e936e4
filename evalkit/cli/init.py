"""`evalkit init [FOLDER]`: a first suite of one's own, that runs at once and explains itself; or of one's own file.

`evalkit init --from FILE`: look, propose, write, check, and show one prompt. Nothing is sent.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from evalkit.cli.options import GivenPath
from evalkit.cli.printing import echo
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:
    from evalkit.bridges.first_suite.looking import FileLook
    from evalkit.bridges.first_suite.proposal import Kind, Proposal


MODELS = ("openai:gpt-6-luna", "anthropic:claude-haiku-5-5")
"""Asked where nobody says otherwise: two closed models, the first the baseline."""
JUDGE = "openai:gpt-6-sol"
REPLAY = "replay:"
"""Before a file of recorded answers."""


@dataclass(frozen=True, slots=True)
class FromFile:
    """The command line as it was written."""

    source: Path
    folder: Path | None
    question: tuple[str, ...]
    target: str | None
    id: str | None
    score: str | None
    models: tuple[str, ...]
    judge: str | None


def init_from(asked: FromFile) -> int:
    """Write the suite, say what was found in the file, check it; the exit code. Raises UserError."""
    from evalkit.api.options import RunOptions
    from evalkit.bridges.first_suite.looking import look
    from evalkit.bridges.first_suite.proposal import propose
    from evalkit.bridges.first_suite.roles import roles_of
    from evalkit.bridges.first_suite.suite_text import FirstSuite, by_name, recorded_file, write
    from evalkit.cli.check import check_suite
    from evalkit.cli.import_traces import named_model

    looked = look(asked.source)
    roles = roles_of(looked, asked.question, asked.target, asked.id)
    answers = [
        recorded_file(Path(one.removeprefix(REPLAY)), roles.id) for one in asked.models if one.startswith(REPLAY)
    ]
    recorded = iter(answers)
    models = [
        next(recorded).model() if one.startswith(REPLAY) else named_model(one, "--model")
        for one in asked.models or MODELS
    ]
    judge = named_model(asked.judge or JUDGE, "--judge")
    proposal = propose(looked, roles, cast("Kind | None", asked.score))
    folder = asked.folder or asked.source.parent
    suite = FirstSuite(looked, proposal, folder, by_name(models), judge, [one.path for one in answers])
    written = write(suite, (STARTER / SCHEMA).read_bytes())
    for line in _found(looked, proposal):
        echo(line)
    for line in proposal.said:
        echo(f"  note: {visible(line, limit=1000)}")
    echo(f"Wrote {' and '.join(visible(str(path)) for path in written)}. Nothing was sent.\n")
    code = check_suite(written[0], RunOptions(), show_prompt=True, as_json=False)
    where = shlex.quote(str(written[0]))
    if code:
        echo(f"\nThe suite is written and cannot run yet. Mend what the check says, then: evalkit check {where}")
        echo(f"Or begin anew: rm {' '.join(shlex.quote(str(path)) for path in written)}")
        return code
    echo("\nNext, after a look at the suite:")
    echo(f"  evalkit run {where} --limit 20          # a small try")
    echo(f"  evalkit run {where}{' --gate' if len(models) > 1 else ''}")
    return code


def _found(looked: FileLook, proposal: Proposal) -> list[str]:
    """A line for each thing that the file holds."""
    from evalkit.bridges.traces.traits import UNKNOWN
    from evalkit.text.numbers import share

    roles = proposal.roles
    between = f", separated by {looked.separator}" if looked.separator else ""
    lines = [
        f"{visible(looked.path.name)}: {numbers.plural(looked.n, 'record')}, "
        f"{numbers.plural(len(looked.columns), 'column')}{between}"
    ]
    for name in roles.question:
        column = looked.columns[name]
        lines.append(
            _line("question", name, f"{column.typical_length:,} characters (median), {column.longest:,} at most")
        )
    if roles.options:
        lines.append(_line("options", ", ".join(roles.options), ""))
    if roles.target is None:
        lines.append(_line("right answer", "none", "with one: --target COLUMN"))
    else:
        lines.append(_line("right answer", roles.target, _answers(looked, proposal)))
    lines.append(_line("scored by", _SCORED[proposal.kind], "otherwise: --score"))
    lines.append(_line("id", roles.id or "none", "" if roles.id else _by_line(looked, proposal)))
    if roles.slices:
        lines.append(_line("reported by", ", ".join(roles.slices), ""))
    if roles.cluster:
        lines.append(_line("move together", roles.cluster, ""))
    if proposal.languages:
        total = sum(proposal.languages.values())
        told = ", ".join(
            f"{'too short to tell' if name == UNKNOWN else name} {share(n / total)}"
            for name, n in proposal.languages.most_common(3)
        )
        lines.append(_line("languages", told, ""))
    if roles.unused:
        lines.append(_line("not shown", ", ".join(roles.unused[:12]), "to show one: --question COLUMN"))
    lines += [
        _line("left out", f"{n:,} record{'' if n == 1 else 's'}: {why}", "") for why, n in proposal.unaskable.items()
    ]
    return lines


def _by_line(looked: FileLook, proposal: Proposal) -> str:
    first = next((n for n, _ in looked.data.records(lambda _: None) if n not in proposal.left_out), 1)
    where, first = (
        ("the written file", 1) if proposal.left_out and not proposal.roles.has_bad_id else ("the file", first)
    )
    return f"records are named by their line in {where}, the first is {first}; by a column: --id COLUMN"


_SCORED = {
    "choice": "choice: one of the labels",
    "options": "choice: one of the record's options",
    "numbers": "numbers: the same number",
    "fields": "fields: share (F1) of the JSON fields that are right",
    "exact": "exact: the same text, case and punctuation around it aside",
    "judge": "judge: another model rates the reply",
}


def _answers(looked: FileLook, proposal: Proposal) -> str:
    column = looked.columns[proposal.roles.target or ""]
    if proposal.kind == "choice" and column.values is not None:
        shown = ", ".join(f"{value} {n:,}" for value, n in column.values.most_common(6))
        more = len(column.values) - 6
        return f"{shown}{f' and {more} more' if more > 0 else ''}"
    return f"{column.n_different:,} different"


def _line(what: str, value: str, more: str) -> str:
    text = f"  {what:<14}{visible(value, limit=300)}"
    return f"{text}  ({visible(more, limit=300)})" if more else text


STARTER = Path(__file__).parent.parent / "starter"
FILES = ("suite.yaml", "tickets.jsonl")
SCHEMA = "suite.schema.json"
"""For editors; one that is there already is kept."""
KINDS = ("choice", "numbers", "fields", "exact", "judge")


@click.command()
@click.argument("folder", required=False, type=GivenPath(path_type=Path, file_okay=False))
@click.option(
    "--from", "source", type=GivenPath(path_type=Path), metavar="FILE", help="Your own CSV, TSV, JSONL or Parquet."
)
@click.option("--question", multiple=True, metavar="COLUMN", help="With --from: what the model is shown; repeatable.")
@click.option("--target", metavar="COLUMN", help="With --from: the right answer.")
@click.option("--id", "own_id", metavar="COLUMN", help="With --from: what names each record, in every table.")
@click.option("--score", type=click.Choice(KINDS), help="With --from: how replies are scored; else by the answers.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="ADAPTER:MODEL[@URL]",
    help="With --from: whom to ask, the baseline first; repeatable. A server of your own: openai_chat:MODEL@URL. "
    "Recorded answers: replay:FILE.",
)
@click.option("--judge", metavar="ADAPTER:MODEL", help="With --from: who scores free text.")
def command(
    folder: Path | None,
    source: Path | None,
    question: tuple[str, ...],
    target: str | None,
    own_id: str | None,
    score: str | None,
    models: tuple[str, ...],
    judge: str | None,
) -> int:
    """Write suite.yaml and a small dataset into FOLDER (default: evals). Nothing that exists is overwritten.

    With --from FILE, look at the file and propose a suite of it: task, prompt, scorer and gate. It is written beside
    the file, or into FOLDER with a copy, and checked; one prompt is shown, and nothing is sent.
    """
    if source is not None:
        return init_from(FromFile(source, folder, question, target, own_id, score, models, judge))
    if question or target or own_id or score or models or judge:
        raise click.UsageError("--question, --target, --id, --score, --model and --judge say how to read --from FILE")
    return _starter(folder or Path("evals"))


def _starter(folder: Path) -> int:
    from evalkit.errors import UserError
    from evalkit.writing import write_file

    there = [folder / name for name in FILES if (folder / name).exists()]
    if there:
        raise UserError(
            f"{there[0]} exists already and is not overwritten. Choose another folder: evalkit init OTHER, "
            "or remove it first."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            write_file(folder / name, (STARTER / name).read_bytes(), new=True)
        if not (folder / SCHEMA).exists():
            write_file(folder / SCHEMA, (STARTER / SCHEMA).read_bytes(), new=True)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror}). Choose another: evalkit init FOLDER"
        ) from error
    echo(f"Wrote {folder / 'suite.yaml'} and {folder / 'tickets.jsonl'}. Next:")
    echo(f"  evalkit check {folder / 'suite.yaml'}")
    echo(f"  evalkit run {folder / 'suite.yaml'}")
    return 0
