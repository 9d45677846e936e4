"""Gates that a person keeps with an imported run, which has no suite: RUN/gates/NAME.yaml.

    evalkit gate RUN --suite closed-to-open.yaml --keep

They are what the board's page *Gate* offers for such a run, and decide nothing by themselves.
"""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import read_file
from evalkit.writing import file_name, write_file

FOLDER = "gates"
MOST_GATES = 50
"""Of one run; further files are not looked at."""
MOST_BYTES = 1_000_000


def keep(run: Path, file: Path) -> Path:
    """Copy a file with a gate into the run's folder, in the place of one of the same name; where it lies.

    Raises UserError where there are too many already, or it cannot be written: also where the folder, which may be
    somebody else's, has a link or a pipe in its place.
    """
    folder = run / FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError(f"{folder}: is no folder of this run, so no gate is kept there")
    path = run / FOLDER / (file_name(file.stem) + ".yaml")
    if path.name not in kept(run) and len(kept(run)) >= MOST_GATES:
        raise UserError(f"{run.name} has {MOST_GATES} gates already: delete some of {run / FOLDER}")
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: is no ordinary file, so no gate is kept there")
    try:
        path.parent.mkdir(exist_ok=True)
        write_file(path, read_file(file, most=MOST_BYTES))
    except OSError as error:
        raise UserError(f"{path}: the gate cannot be kept ({error.strerror or error})") from error
    return path


def kept(run: Path) -> dict[str, Path]:
    """The gates of a run by the names of their files, in their order; empty where there are none."""
    folder = run / FOLDER
    if folder.is_symlink() or not folder.is_dir():
        return {}
    files = sorted(path for path in folder.glob("*.yaml") if path.is_file() and not path.is_symlink())
    return {path.name: path for path in files[:MOST_GATES]}
