"""`evalkit init [FOLDER]`: a first suite of one's own, that runs at once and explains itself."""

from __future__ import annotations

from pathlib import Path

import click

STARTER = Path(__file__).parent.parent / "starter"
FILES = ("suite.yaml", "tickets.jsonl")


@click.command()
@click.argument("folder", default="evals", type=click.Path(path_type=Path, file_okay=False))
def command(folder: Path) -> int:
    """Write suite.yaml and a small dataset into FOLDER (default: evals). Nothing that exists is overwritten."""
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
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror}). Choose another: evalkit init FOLDER"
        ) from error
    click.echo(f"Wrote {folder / 'suite.yaml'} and {folder / 'tickets.jsonl'}. Next:")
    click.echo(f"  evalkit check {folder / 'suite.yaml'}")
    click.echo(f"  evalkit run {folder / 'suite.yaml'}")
    return 0
