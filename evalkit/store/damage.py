"""Whether the files of a run are whole, and whether their rows hold what rows hold.

    damage(folder)          # "texts-1.parquet is missing. Restore the file."; None: nothing is seen to be wrong
    refuse_damage(folder)   # raises StoreError with that sentence

`evalkit list`, the board and every command that shows a run ask here, so that a run is whole everywhere or nowhere.
"""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import StoreError
from evalkit.reading import open_to_read
from evalkit.store import integrity, judge_files, runs
from evalkit.store.parts import numbers_there, refuse_odd_values, rows_path, texts_path

_MAGIC = b"PAR1"
"""At both ends of a Parquet file; the length of its footer stands before the last."""
MOST_HASHED = 64 * 2**20
"""Bytes of a part up to which a list of runs looks at its digest and its values."""


def damage(folder: Path) -> str | None:
    """What is wrong with the part files or the facts, for a person; None where nothing is seen to be."""
    if (found := part_damage(folder)) is not None:
        return found
    for of in (folder, folder / judge_files.FOLDER):
        if runs.edited(of):
            return (
                f"{(of / runs.FACTS).relative_to(folder)} is not what evalkit wrote: it was damaged or edited since. "
                f"Restore it; where it was edited on purpose, remove its line `{runs.CHECKSUM}`."
            )
    return None


def part_damage(folder: Path) -> str | None:
    """What is wrong with the part files, those of judges too, for a person; None where nothing is seen to be.

    A file that is missing, cut short or overwritten shows at its ends, in microseconds; any other change by its digest,
    which takes a millisecond a megabyte; numbers that no row has when its rows are looked at, which is done once
    (`part_values`). Larger files than `MOST_HASHED` are hashed and looked at when their rows are read.
    """
    inner = folder / judge_files.FOLDER
    if integrity.sealed_files(folder).is_judged and judge_files.judging_of(folder) is None:
        there = (inner / runs.FACTS).exists()
        how = (
            "is no ordinary file, and what its judges said is missing"
            if there
            else "is missing, with what its judges said"
        )
        return f"{judge_files.FOLDER}/{runs.FACTS} {how}. Restore the folder."
    if integrity.sealed_files(inner).has_labels and not (inner / judge_files.LABELS).is_file():
        return f"{judge_files.FOLDER}/{judge_files.LABELS} is missing, with what people said. Restore the file."
    if integrity.is_noted(labels := inner / judge_files.LABELS) and not integrity.as_noted(labels):
        return f"{labels.relative_to(folder)} is damaged: it is not what people had said. Restore the file."
    for of in (folder, inner) if inner.is_dir() else (folder,):
        if (found := _other_files(folder, of)) is not None:
            return found
        for number in numbers_there(of):
            for path in (rows_path(of, number), texts_path(of, number)):
                if (found := _damage_of(path)) is not None:
                    return f"{path.relative_to(folder)} {found}"
    return None


def _other_files(folder: Path, of: Path) -> str | None:
    """A file of the run, or of its judges (`of`), that is gone or that nobody sealed, as a sentence."""
    if (lost := integrity.lost(of, within=True)) is not None:
        return f"{lost.relative_to(folder)} is missing. Restore the file."
    strange = integrity.strange(of)
    return None if strange is None else f"{strange.relative_to(folder)} {integrity.STRANGE}"


def _damage_of(path: Path) -> str | None:
    """What is wrong with one file, as the rest of a sentence that begins with its name; None: nothing is seen to be."""
    try:
        size = path.stat().st_size
        with open_to_read(path) as file:
            head = file.read(4)
            file.seek(max(0, size - 8))
            tail = file.read(8)
    except FileNotFoundError:
        return "is missing. Restore the file."
    except OSError as error:
        return f"cannot be read ({error.strerror})."
    footer = int.from_bytes(tail[:4], "little")
    if head != _MAGIC or tail[4:] != _MAGIC or footer + 12 > size:
        return "is damaged: it is no whole Parquet file. Restore the file."
    return _odd_content(path) if size <= MOST_HASHED else None


def _odd_content(path: Path) -> str | None:
    """The same of what the file holds, all of which is looked at."""
    try:
        integrity.verify(path)
    except StoreError:
        return "is damaged: it is not what was sealed. Restore the file."
    try:
        refuse_odd_values(path)
    except StoreError as error:
        return str(error).removeprefix(f"{path} ")
    return None


def refuse_damage(folder: Path) -> None:
    """Raises StoreError with what is wrong with the part files or the facts, as `evalkit list` and the board say it.

    Whoever shows or compares a run asks first, also where the damaged file is not one that it reads: a run is whole
    everywhere or nowhere.
    """
    if (found := damage(folder)) is not None:
        again = "Or run the suite again with --new: cached answers cost nothing."
        raise StoreError(f"{folder.name} cannot be read: {found} {again}", folder)
