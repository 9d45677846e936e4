"""The parts whose values were looked at and are those of rows, by digest: so that no process looks twice.

    name = name_of("sha256:9f3c...", marks)
    is_known(name)          # False; then, when all of the file was looked at:
    note(name)

A million rows take a third of a second to look at, and `list` would look at every run each time. It is kept in the
cache folder, where there is one, which no checkout brings along; it may be removed at any time. A name is one of the
file's bytes and of what they were held against.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from evalkit.errors import UserError
from evalkit.reading import OddFile, read_file
from evalkit.store.cache_folder import cache_folder
from evalkit.store.marks import Marks
from evalkit.writing import open_to_write

RULES = 1
"""Raised whenever `part_values` refuses something that it let pass before."""
_FILE = f"sound-parts-{RULES}.txt"
_MOST_BYTES = 4_000_000
"""Of the file, 65 for each part: beyond them it is begun anew."""


def name_of(digest: str, marks: Marks) -> str:
    """What a part of these bytes, in which these are marks, is known by."""
    said = "\n".join([digest, *(f"{task}\0{name}" for task, name in sorted(marks))])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def is_known(name: str) -> bool:
    """Whether it was noted before, by this process or an earlier one."""
    return name in _known()


def note(name: str) -> None:
    """Keep that its values are those of rows. Where that cannot be written, the next process looks itself."""
    _known().add(name)
    path = _path()
    if path is None:
        return
    with suppress(OSError), open_to_write(path, append=True) as file:
        file.write(f"{name}\n".encode())


@cache
def _known() -> set[str]:
    path = _path()
    if path is None:
        return set()
    try:
        return set(read_file(path, most=_MOST_BYTES).decode("ascii", "replace").split())
    except OddFile:
        with suppress(OSError):
            path.unlink()
    except OSError:
        pass
    return set()


@cache
def _path() -> Path | None:
    """Where it is kept; None where evalkit keeps nothing on this machine."""
    with suppress(UserError, OSError, RuntimeError):  # RuntimeError: nobody says where home is
        folder = cache_folder()
        if folder.is_dir():
            return folder / _FILE
    return None
