"""The dossier: an append-only file that says which run was judged how, on which evidence, and who allowed what.

    {"at":"2026-11-28T10:00:00Z","body":{"run":"support-...","verdict":"pass",...},"digest":"9f3c...","kind":"verdict",
     "previous":"4be1...","seq":7,"version":1}

Each line is one entry in canonical JSON (sorted keys, no spaces). Its digest covers the entry and the digest before it,
so that no entry can be changed, removed from the middle, moved or put in between without breaking every later one. What
a chain cannot show by itself is that its end was cut off: keep the head (the last digest), which stands beside every
verdict, somewhere else, and give it to `verify`. (Haber and Stornetta 1991, How to time-stamp a digital document.)
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import RawIOBase
from pathlib import Path

import orjson

from evalkit.errors import StoreError
from evalkit.reading import has_more_values, read_file
from evalkit.writing import open_descriptor

VERSION = 1
KINDS = ("run", "verdict", "promotion", "waiver")
WAIVER = ("run", "candidate", "rule", "until", "by", "why")
"""What the body of a waiver says, each a text."""
MOST_BYTES = 32 * 2**20
"""Of a dossier: ten thousand verdicts."""
_MOST_VALUES = 200_000
"""Of one entry."""
_TAG = b"evalkit.dossier/1\0"


@dataclass(frozen=True, slots=True)
class DossierEntry:
    """One line of a dossier."""

    seq: int
    """From 1, without gaps."""
    at: str
    """When it was written, UTC, as the clock of the machine said."""
    kind: str
    """One of KINDS."""
    body: Mapping[str, object]
    previous: str | None
    """Digest of the entry before; None for the first."""
    digest: str
    """sha256, in hex, of this entry with the digest before it."""


def read(path: Path) -> list[DossierEntry]:
    """Every entry, with the whole chain checked; empty where there is no file yet.

    Raises StoreError at the first line that was changed, removed, moved or torn, naming it.
    """
    try:
        content = read_file(path, most=MOST_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}).", path) from error
    return list(_entries(content, path))


def append(path: Path, entries: Sequence[tuple[str, Mapping[str, object]]]) -> list[DossierEntry]:
    """Add entries (kind, body) to the end, confirmed by the disk; the entries as they stand there.

    Raises StoreError where the chain is broken already (nothing is added then), or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}). Name another file: --dossier.", path) from error
    with os.fdopen(fd, "rb+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = list(_entries(_content(file, path), path))[-1:]
        made: list[DossierEntry] = []
        for kind, body in entries:
            before = made[-1] if made else last[0] if last else None
            made.append(_made(before, kind, body))
        try:
            file.write(b"".join(_line(entry) for entry in made))
            os.fsync(file.fileno())
        except OSError as error:
            raise StoreError(f"{path} could not be written ({error.strerror}).", path) from error
    return made


def _content(file: RawIOBase, path: Path) -> bytes:
    content: bytes = file.read(MOST_BYTES + 1) or b""
    if len(content) > MOST_BYTES:
        raise StoreError(f"{path} cannot be read (it has more than {MOST_BYTES:,} bytes).", path)
    return content


def verify(path: Path, head: str | None = None) -> list[DossierEntry]:
    """Every entry of an unbroken chain that holds `head`, a digest that somebody kept.

    Raises StoreError where the file is missing or empty, the chain is broken, or no entry has that digest.
    """
    entries = read(path)
    if not entries:
        raise StoreError(f"{path} holds no entry.", path)
    if head is not None and head not in {entry.digest for entry in entries}:
        raise StoreError(
            f"{path} has no entry with the digest {head[:80]}: its end was cut off, or it is another dossier. Its head "
            f"is {entries[-1].digest} (entry {entries[-1].seq}).",
            path,
        )
    return entries


def _made(before: DossierEntry | None, kind: str, body: Mapping[str, object]) -> DossierEntry:
    if kind not in KINDS:
        raise ValueError(f"a dossier has entries of the kinds {', '.join(KINDS)}, not {kind!r}")
    plain = orjson.loads(_canonical(body))
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    seq, previous = (before.seq + 1, before.digest) if before else (1, None)
    return DossierEntry(seq, at, kind, plain, previous, _digest(seq, at, kind, plain, previous))


def _digest(seq: int, at: str, kind: str, body: Mapping[str, object], previous: str | None) -> str:
    said = {"version": VERSION, "seq": seq, "at": at, "kind": kind, "body": body, "previous": previous}
    return hashlib.sha256(_TAG + _canonical(said)).hexdigest()


def _line(entry: DossierEntry) -> bytes:
    said = {"version": VERSION, "seq": entry.seq, "at": entry.at, "kind": entry.kind, "body": entry.body}
    return _canonical({**said, "previous": entry.previous, "digest": entry.digest}) + b"\n"


def _entries(content: bytes, path: Path) -> Iterator[DossierEntry]:
    before: DossierEntry | None = None
    lines = content.split(b"\n")
    if lines.pop() != b"":
        raise _broken(path, len(lines) + 1, "was cut off")
    for n, line in enumerate(lines, 1):
        entry = _parsed(line)
        if entry is None:
            raise _broken(path, n, "is no entry of a dossier, or was changed")
        if (entry.seq, entry.previous) != ((before.seq + 1, before.digest) if before else (1, None)):
            raise _broken(path, n, "does not follow the entry before it: entries were removed, moved or put in")
        if entry.digest != _digest(entry.seq, entry.at, entry.kind, entry.body, entry.previous):
            raise _broken(path, n, "was changed after it was written")
        yield entry
        before = entry


def _parsed(line: bytes) -> DossierEntry | None:
    """The entry of a line, which is written exactly so; None where it is none."""
    if has_more_values(line, _MOST_VALUES):
        return None
    try:
        said = orjson.loads(line)
        entry = DossierEntry(*(said[key] for key in ("seq", "at", "kind", "body", "previous", "digest")))
        ours = said.get("version") == VERSION and _line(entry) == line + b"\n"
    except (ValueError, TypeError, KeyError, AttributeError):  # orjson's of what is nested too deeply is a TypeError
        return None
    return entry if ours and isinstance(entry.body, dict) and _is_whole(entry) else None


def _is_whole(entry: DossierEntry) -> bool:
    """Whether an entry says what later readers of it need. The chain alone does not show it: anybody can make one."""
    if entry.kind not in KINDS or type(entry.seq) is not int or not isinstance(entry.at, str):
        return False
    return entry.kind != "waiver" or all(isinstance(entry.body.get(key), str) for key in WAIVER)


def _broken(path: Path, line: int, why: str) -> StoreError:
    return StoreError(
        f"{path}:{line}: this line {why}. The dossier is not to be trusted from here on: restore it from where it is "
        "kept (git, an artifact).",
        path,
    )


def _canonical(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_SORT_KEYS)
