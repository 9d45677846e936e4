"""Digests of sealed files: a part that is not what was sealed is refused, not read as other data.

    record(folder)                      # run.json: "sealed": {"rows-1.parquet": "sha256:9f3c...", ...}
    verify(folder / "rows-1.parquet")   # StoreError where the file has changed since

A Parquet file has no checksum of its own that every reader looks at: of 1,500 flipped bits 844 read back as other
values. A file is hashed once a process (again when its size or time changes), at about a gigabyte a second. Parts of
runs that were sealed before there were digests are read as they are.

What judges and people said lies in a folder within the run, with a run.json of its own; the run's names those files too
(`with_inner`), so that the whole folder of another run in its place is refused as well.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.frozen import dataclass
from evalkit.reading import MOST_HOLES, OddFile, looked_at, sha256_of
from evalkit.store import judge_files, run_lock, runs
from evalkit.store.marks import Marks, marks_in


@dataclass(frozen=True, slots=True)
class SealedFiles:
    """What run.json says of the files beside it."""

    digests: Mapping[str, str]
    """By name."""
    is_judged: bool = False
    """Whether it has a folder of judges' verdicts."""
    has_labels: bool = False
    """Whether that folder, which says so, has people's labels of the answers."""
    is_complete: bool = False
    """Whether all its rows are sealed, and nobody goes on with it."""
    marks: Marks = frozenset()
    """Which further figures of rows are scores: of its own rows, or of those that its judges marked."""


_PART = re.compile(r"(?:rows|texts)-[1-9][0-9]*\.parquet")
_ROWS = re.compile(rf"{_PART.pattern}|journal-.*\.jsonl")
"""Files whose rows are read as the run's."""
_KEPT = re.compile(rf"(?:\w+/)?(?:{_PART.pattern}|{re.escape(judge_files.LABELS)})")
"""Files that cannot be made again, also of a folder within the run."""
MOST_NOTHING = 256 * 2**20
"""Bytes of zeros in a file that is made of the parts: scores may all be 0."""
_LARGE = 2**26
"""Bytes from which on a file that is damaged is not hashed again."""
_DERIVED = ("summary.json", "scores.npz")
STRANGE = (
    f"is no part of the run: it was complete without it, and {runs.FACTS} does not name it. These are another run's "
    "rows, or what a killed `evalkit rescore` left. Move the file out of the folder."
)
"""Said of a file behind its name."""
SEALED = "sealed"
"""The key of run.json that holds the digests, by file name."""
_hashed: dict[tuple[str, int, int, int], str | None] = {}
"""By path, size, time and inode of files that were looked at: their digest; None: one of holes."""
_known: dict[str, tuple[tuple[int, int, int], SealedFiles]] = {}
"""By folder: the stamp of its run.json, and what it says."""


def record(folder: Path, *, new_part: int | None = None) -> None:
    """Note the digest of a part that was written just now, and of every one that has none yet, in run.json. Nothing
    where the folder has no run.json.

    Raises StoreError or RunIncomplete where it cannot be written.
    """
    if not (folder / runs.FACTS).is_file():
        return
    noted = dict(_noted(runs.read_facts(folder)))
    new = {
        path.name: digest_of(path)
        for kind in ("rows", "texts")
        for path in sorted(folder.glob(f"{kind}-*.parquet"))
        if _PART.fullmatch(path.name) and (path.name not in noted or path.name == f"{kind}-{new_part}.parquet")
    }
    if new:
        runs.update_facts(folder, RunFacts(sealed={**noted, **new}))


def verify(path: Path) -> None:
    """Raises StoreError where the file is not what was sealed, or is a device or a pipe, which its reader (Arrow,
    DuckDB) would wait for. Says nothing of a file without a recorded digest, and of one that cannot be read (its reader
    will)."""
    try:
        looked_at(path, most_holes=MOST_HOLES if _KEPT.fullmatch(path.name) else MOST_NOTHING)
    except OddFile as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}). Restore the file.", path) from error
    except OSError:
        return
    expected = _expected(path)
    if not expected:
        return
    try:
        stamp = (str(path), *_stamp(path))
        if stamp not in _hashed:
            _hashed[stamp] = digest_of(path)
    except OSError:
        return
    except StoreError:
        _hashed[stamp] = None
    if expected != {_hashed[stamp]}:
        if stamp[1] < _LARGE:  # it is hashed again at once, restored within the same tick of the clock
            del _hashed[stamp]
        raise StoreError(
            f"{path} cannot be read (it is damaged: its digest is not the one that it was sealed with). Restore the "
            "file, or run the suite again with --new: cached answers cost nothing.",
            path,
        )


def known_digest(path: Path) -> str | None:
    """The digest of a part, which is computed where `verify` has not done it since nothing was noted of it; None where
    it cannot be had."""
    try:
        stamp = (str(path), *_stamp(path))
        if stamp not in _hashed:
            _hashed[stamp] = digest_of(path)
        return _hashed[stamp]
    except (OSError, StoreError):
        return None


def marks_of(folder: Path) -> Marks:
    """Which further figures of a run's rows are scores."""
    return sealed_files(folder).marks | sealed_files(folder / judge_files.FOLDER).marks


def lost(folder: Path, *, within: bool = False) -> Path | None:
    """The first part of those that run.json names as sealed here that is gone; None where all are there. `within`: also
    of people's labels and of what it names in a folder of its own."""
    named = sorted(filter((_KEPT if within else _PART).fullmatch, sealed_files(folder).digests))
    return next((folder / name for name in named if not os.path.lexists(folder / name)), None)


def strange(folder: Path, *, held: bool = False) -> Path | None:
    """The first file of rows, or of people's labels, that is here and that nobody sealed with the run; None where there
    is none, and while somebody writes the run (`held`: it is the caller, who has written nothing yet).

    Only of a run that is complete and names what was sealed: one that goes on has a journal, and a process that was
    killed may have left a part without its digest.
    """
    if not _strange(folder):
        return None
    outer = folder.absolute().parent  # of a run whose judges' folder this may be
    if not held and (run_lock.is_locked(folder) or run_lock.is_locked(outer)):
        return None  # `rescore` journals a complete run
    return next(iter(_strange(folder)), None)  # it may have been sealed by now


def _strange(folder: Path) -> list[Path]:
    said = sealed_files(folder)
    names = {name for name in said.digests if _PART.fullmatch(name)}
    if not said.is_complete or not names:
        return []
    found = sorted(path for path in folder.iterdir() if _ROWS.fullmatch(path.name) and path.name not in names)
    labels, outer = folder / judge_files.LABELS, folder.absolute().parent
    names_labels = any(name.startswith(f"{folder.absolute().name}/") for name in sealed_files(outer).digests)
    return [*found, labels] if names_labels and os.path.lexists(labels) and not is_noted(labels) else found


def refuse_loss(folder: Path) -> None:
    """Raises StoreError where a sealed part is gone, or others are here: what is left is not the run."""
    if (path := lost(folder)) is not None:
        raise StoreError(
            f"{path} cannot be read (it is missing, and {runs.FACTS} names it as sealed). Restore the file, or run the "
            "suite again with --new: cached answers cost nothing.",
            path,
        )
    if (path := strange(folder)) is not None:
        raise StoreError(f"{path} {STRANGE}", path)


def note(folder: Path, *names: str) -> None:
    """Note the digests of derived files in run.json, in place of earlier ones. Raises StoreError or RunIncomplete."""
    noted = dict(_noted(runs.read_facts(folder)))
    runs.update_facts(folder, RunFacts(sealed={**noted, **{name: digest_of(folder / name) for name in names}}))


def with_inner(folder: Path, inner: Path) -> dict[str, str]:
    """What run.json says of the files here, for its `sealed`, together with what that of a folder within says of its
    rows and labels now. Raises StoreError."""
    kept = {name: digest for name, digest in _noted(runs.read_facts(inner)).items() if _KEPT.fullmatch(name)}
    outer = _noted(runs.read_facts(folder))
    return {**outer, **{f"{inner.name}/{name}": digest for name, digest in kept.items()}}


def forget(folder: Path, beginning: str) -> None:
    """Drop the digests of files whose names begin so, which are about to be written. Raises StoreError or
    RunIncomplete."""
    noted = _noted(runs.read_facts(folder))
    kept = {name: digest for name, digest in noted.items() if not name.startswith(beginning)}
    if len(kept) < len(noted):
        runs.update_facts(folder, RunFacts(sealed=kept))


def undigested(folder: Path) -> str | None:
    """What of a complete run has no digest, as evalkits of before sealed it, in a sentence; None: all have one."""
    said = sealed_files(folder)
    if not said.is_complete:
        return None
    names, found = said.digests, []
    if not any(_PART.fullmatch(name) for name in names):
        found.append("its rows")
    if (folder / judge_files.FOLDER).is_dir() and not any(name.startswith(f"{judge_files.FOLDER}/") for name in names):
        found.append("what its judges and people said")
    if any((folder / name).is_file() and name not in names for name in _DERIVED):
        found.append("its summary and scores")
    if not found:
        return None
    return (
        f"{folder.resolve().name} was sealed by an evalkit that kept no digest of {', '.join(found)}: damage to them, "
        "or another run's in their place, would not be seen (run the suite again, or sign the run)"
    )


def is_noted(path: Path) -> bool:
    """Whether run.json names the file, its folder's or the run's around it."""
    return bool(_expected(path))


def _expected(path: Path) -> set[str]:
    """The digests that are noted of a file: in its own folder, and by the run around it where it is of its judges."""
    folder = path.parent.absolute()
    said = (
        sealed_files(path.parent).digests.get(path.name),
        sealed_files(folder.parent).digests.get(f"{folder.name}/{path.name}"),
    )
    return {digest for digest in said if digest is not None}


def as_noted(path: Path) -> bool:
    """Whether a derived file is what was noted; True where nothing was noted. A damaged one is made anew."""
    try:
        verify(path)
    except StoreError:
        return False
    return True


def digest_of(path: Path) -> str:
    """`sha256:` and the digest of the file's bytes. Raises OSError, and StoreError for one of holes: parts are packed,
    so none that we wrote has a megabyte of zeros."""
    try:
        return f"sha256:{sha256_of(path, most_nothing=0 if _KEPT.fullmatch(path.name) else MOST_NOTHING)}"
    except OddFile as error:
        raise StoreError(
            f"{path} cannot be read (it is damaged: it holds a megabyte of zeros). Restore the file, or run the suite "
            "again with --new: cached answers cost nothing.",
            path,
        ) from error


def sealed_files(folder: Path) -> SealedFiles:
    """What run.json says of the folder's files; nothing where it cannot be read. It is read once for as long as it does
    not change."""
    key = str(folder)
    try:
        stamp = _stamp(folder / runs.FACTS)
        found = _known.get(key)
        if found is None or found[0] != stamp:
            found = _known[key] = (stamp, _sealed_files(runs.read_facts(folder)))
    except (OSError, StoreError):
        return SealedFiles({})
    return found[1]


def _sealed_files(facts: Mapping[str, object]) -> SealedFiles:
    judged = any(_of(_of(task, "identity"), "judge") for task in _values(facts.get("tasks")))
    return SealedFiles(
        _noted(facts),
        is_judged=facts.get("judges_unread") is not None or (judged and facts.get("status") == "complete"),
        has_labels=any(_of(task, "n_used") for task in _values(facts.get("labels"))),
        is_complete=facts.get("status") == "complete",
        marks=marks_in(facts),
    )


def _values(group: object) -> list[object]:
    return list(group.values()) if isinstance(group, dict) else []


def _of(group: object, name: str) -> object:
    return group.get(name) if isinstance(group, dict) else None


def _noted(facts: Mapping[str, object]) -> Mapping[str, str]:
    noted = facts.get(SEALED)
    return {str(k): str(v) for k, v in noted.items()} if isinstance(noted, dict) else {}


def _stamp(path: Path) -> tuple[int, int, int]:
    stat = path.stat()
    return (stat.st_size, stat.st_mtime_ns, stat.st_ino)
