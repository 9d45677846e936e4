"""`evalkit init [FOLDER]`: a first suite of one's own, that runs at once and explains itself; or of one's own file."""

from __future__ import annotations

from pathlib import Path

import click

from evalkit.cli.printing import echo

STARTER = Path(__file__).parent.parent / "starter"
FILES = ("suite.yaml", "tickets.jsonl")
SCHEMA = "suite.schema.json"
"""For editors; one that is there already is kept."""
KINDS = ("choice", "numbers", "fields", "exact", "judge")


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--from", "source", type=click.Path(path_type=Path), metavar="FILE", help="Your own CSV, TSV, JSONL or Parquet."
)
@click.option("--question", multiple=True, metavar="COLUMN", help="With --from: what the model is shown; repeatable.")
@click.option("--target", metavar="COLUMN", help="With --from: the right answer.")
@click.option("--score", type=click.Choice(KINDS), help="With --from: how replies are scored; else by the answers.")
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="ADAPTER:MODEL",
    help="With --from: whom to ask, the baseline first; repeatable. Recorded answers: replay:FILE.",
)
@click.option("--judge", metavar="ADAPTER:MODEL", help="With --from: who scores free text.")
def command(
    folder: Path | None,
    source: Path | None,
    question: tuple[str, ...],
    target: str | None,
    score: str | None,
    models: tuple[str, ...],
    judge: str | None,
) -> int:
    """Write suite.yaml and a small dataset into FOLDER (default: evals). Nothing that exists is overwritten.

    With --from FILE, look at the file and propose a suite of it: task, prompt, scorer and gate. It is written beside
    the file, or into FOLDER with a copy, and checked; one prompt is shown, and nothing is sent.
    """
    if source is not None:
        from evalkit.cli.init_from import FromFile, init_from

        return init_from(FromFile(source, folder, question, target, score, models, judge))
    if question or target or score or models or judge:
        raise click.UsageError("--question, --target, --score, --model and --judge say how to read --from FILE")
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
