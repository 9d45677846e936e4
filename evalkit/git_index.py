"""The paths that git keeps in a checkout, out of its index.

    names_of(Path("work"))       # [b".cache/evalkit/responses.sqlite", b"suite.yaml"]; ValueError: nobody knows

The index is read as a file: git is not run, and need not be here. What this reader does not know whole (an index in
two files, one with folders for entries, a link, one that is too large) is unknown, and never empty.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from evalkit.reading import read_file

_MOST_POINTER = 10_000
"""Bytes of a file `.git`: one line with a path."""


def names_of(tree: Path) -> list[bytes]:
    """The paths in the index of this checkout; none where no commit was ever made and nothing was added.

    Raises ValueError where they are not known.
    """
    own = tree / ".git"
    try:
        if own.is_file():  # a linked worktree or a submodule: one line names the folder
            line = os.fsdecode(read_file(own, most=_MOST_POINTER)).rstrip("\r\n")
            if not line.startswith("gitdir: "):
                raise ValueError("no pointer to a repository")
            place = tree / line.removeprefix("gitdir: ")
        else:
            place = own
        if not os.path.lexists(place / "index") and place == own and _is_new(own):
            return []
        if not stat.S_ISREG((place / "index").lstat().st_mode):
            raise ValueError("the index is no ordinary file")
        return _names(read_file(place / "index"))
    except OSError as error:
        raise ValueError(str(error)) from error


def _is_new(repository: Path) -> bool:
    """Whether it is a repository without any object. Raises OSError where that cannot be seen."""
    if not (repository / "HEAD").is_file() or not (repository / "objects").is_dir():
        return False

    def refuse(error: OSError) -> None:
        raise error

    return not any(files for _, _, files in os.walk(repository / "objects", onerror=refuse))


def _names(index: bytes) -> list[bytes]:
    """The paths that an index holds (gitformat-index, versions 2 to 4, digests of 20 or 32 bytes). Or ValueError."""
    version, n = int.from_bytes(index[4:8], "big"), int.from_bytes(index[8:12], "big")
    if index[:4] != b"DIRC" or version not in {2, 3, 4}:
        raise ValueError("no index")
    for digest in (20, 32):
        try:
            return list(_entries(index, version, n, digest))
        except (ValueError, IndexError):
            continue
    raise ValueError("an index of another kind")


def _entries(index: bytes, version: int, n: int, n_digest: int) -> Iterator[bytes]:
    at, name, flags_at = 12, b"", 40 + n_digest
    for _ in range(n):
        flags = int.from_bytes(index[at + flags_at : at + flags_at + 2], "big")
        start = at + flags_at + (4 if version >= 3 and flags & 0x4000 else 2)
        if version == 4:  # how much of the name before goes, as git writes such numbers, and what comes behind it
            cut, byte = 0, 0x80
            while byte & 0x80:
                byte = index[start]
                cut = (cut << 7 | byte & 0x7F) + (1 if byte & 0x80 else 0)
                start += 1
        end = index.index(b"\0", start)
        name = name[: len(name) - cut] + index[start:end] if version == 4 else index[start:end]
        if not name or name.endswith(b"/") or (flags & 0xFFF) not in (len(name), 0xFFF):
            raise ValueError("no entry of an index")
        yield name
        at = end + 1 if version == 4 else at + ((end - at) // 8 + 1) * 8
    _refuse_more(index, at, len(index) - n_digest)


def _refuse_more(index: bytes, at: int, end: int) -> None:
    """Raises ValueError unless whole extensions alone lie between the entries and the digest, of kinds that git may
    leave unread: the others move entries elsewhere (`link`, `sdir`), and begin with a small letter."""
    while at < end:
        if not b"A" <= index[at : at + 1] <= b"Z":
            raise ValueError("an index with entries elsewhere")
        at += 8 + int.from_bytes(index[at + 4 : at + 8], "big")
    if at != end:
        raise ValueError("no whole index")
