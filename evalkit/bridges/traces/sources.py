"""Files of logs, read record by record: JSON, JSON lines, protobuf, tables; most also as .gz; a file or a folder.

reading = read_sources([Path("logs/")], spool)
reading.calls()     # what was understood
reading.notes()              # what was not, with places

What a record says, and which are not understood: `log_reading`. A file that is damaged is refused, and nothing is
written then.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evalkit.bridges.external_json import TIMES
from evalkit.bridges.traces.log_reading import LogReading
from evalkit.bridges.traces.otlp_protobuf import NotProtobuf, spans_of_protobuf
from evalkit.bridges.traces.settling import Settling
from evalkit.bridges.traces.spool import Spool
from evalkit.bridges.traces.tables import TABLES, LogMap, is_table, table_of_calls
from evalkit.bridges.traces.values import json_of
from evalkit.errors import UserError
from evalkit.memory import refuse_beyond
from evalkit.reading import BLANKS, NOTHING, look_through, open_to_read

MOST_WHOLE = 2**30
"""Bytes of a file that is one JSON text, or protobuf: it is read at once. JSON lines may have any length."""
_LONGEST_LINE = 64 * 2**20
_UNPACKS = 200
_LEAST_UNPACKED = 64 * 2**20
"""A .gz may hold so many times its size, or 64 MB."""
_LEAST_LINES = 1_000_000
"""Lines that a packed file may always have; beyond them one for each of its bytes: each is read by itself."""
_MOST_BLANKS = 16 * 2**20
"""Bytes of a packed file that are nothing but blanks, one after the other."""
_MOST_FILES = 10_000
_BROKEN = 0.01
"""Share of a file's lines that may be unreadable: a writer that was killed leaves half a line."""
_ENDINGS = (*TABLES, ".json", ".jsonl", ".ndjson", ".pb", ".bin", ".binpb", ".otlp", ".proto", ".log", ".txt")


def read_sources(
    paths: Iterable[Path], spool: Spool, *, received: bool = False, columns: LogMap | None = None
) -> LogReading:
    """Read every file. Raises UserError for one that is missing, damaged, or no log; nothing of it is kept then.

    `received`: programs sent them, and what one of them sent takes nothing from the others: it is told. `columns`:
    the map of tables, for which JSON lines are then taken too; None: the columns of tables are guessed.
    """
    reading = LogReading(Settling(spool))
    for path in paths:
        for file in _files(path):
            reading.files.append(file.name)
            try:
                if is_table(file, columns) and not received:
                    reading.take_table(table_of_calls(file, columns), guessed=columns is None)
                else:
                    _read_file(file, reading)
            except UserError as error:
                if not received:
                    raise
                reading.refused.append(str(error).removeprefix(f"{file.parent}/"))
    return reading


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.exists():
        raise UserError(f"{path}: there is no such file or folder")
    if not path.is_dir():
        raise UserError(f"{path}: is no ordinary file, and no folder of them")
    found = sorted(one for one in path.rglob("*") if one.is_file() and _plain_name(one).endswith(_ENDINGS))
    if not found:
        raise UserError(f"{path}: holds no log; read are files that end in {', '.join(_ENDINGS)}, each also as .gz")
    if len(found) > _MOST_FILES:
        raise UserError(f"{path}: holds {len(found):,} files; more than {_MOST_FILES:,} are not read at once")
    return found


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def _read_file(path: Path, reading: LogReading) -> None:
    try:
        with open_to_read(path) as raw:
            packed = raw.peek(2)[:2] == b"\x1f\x8b"
            look_through(raw)  # behind a packed log gzip passes over zeros, for hours
            if not packed:
                return _read_stream(raw, path, reading, n_bytes=os.fstat(raw.fileno()).st_size)
            n_packed = path.stat().st_size
            with gzip.GzipFile(fileobj=raw) as unpacked, _Bounded(unpacked, path, n_packed) as bounded:
                return _read_stream(io.BufferedReader(bounded, 2**20), path, reading)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path}: the gzip file is damaged or cut short: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


class _Bounded(io.RawIOBase):
    """A stream that ends with a sentence where a packed file holds more than it can mean."""

    def __init__(self, inner: gzip.GzipFile, path: Path, n_packed: int) -> None:
        self._inner, self._path = inner, path
        self._left = max(_LEAST_UNPACKED, _UNPACKS * n_packed)
        self._lines_left = max(_LEAST_LINES, n_packed)
        self._n_blank = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._inner.read(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise UserError(f"{self._path}: unpacks to more than {_UNPACKS} times its size, and is not read")
        self._lines_left -= found.count(b"\n")
        if self._lines_left < 0:
            raise UserError(f"{self._path}: unpacks to more lines than it has bytes, and is not read")
        self._n_blank = 0 if found.strip(BLANKS) else self._n_blank + len(found)
        if self._n_blank > _MOST_BLANKS:
            raise UserError(f"{self._path}: cannot be read: {NOTHING}")
        buffer[: len(found)] = found
        return len(found)


def _read_stream(file: io.BufferedReader, path: Path, reading: LogReading, n_bytes: int = 0) -> None:
    """`n_bytes`: of the file, where it is not packed."""
    head = file.peek(4096)[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    name = path.name
    if not head:
        raise UserError(f"{name}: is empty")
    if head[:2] == b"PK":
        raise UserError(f"{name}: is a zip file; unpack it (a log of Inspect, .eval: evalkit import inspect FILE)")
    if head[:4] == b"PAR1":
        raise UserError(f"{name}: is Parquet by its content; give it the ending .parquet")
    if head[:1] not in (b"{", b"["):
        if n_bytes > MOST_WHOLE:  # told before a gigabyte is read
            raise UserError(
                f"{name}: has more than {MOST_WHOLE // 2**30} GB, and is no log in JSON; write JSON lines, or several "
                "files"
            )
        return _read_protobuf(file, name, reading)
    first = file.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf")
    if len(first) >= _LONGEST_LINE - 3:
        first += file.read(MOST_WHOLE + 1)
        return _read_whole(first, name, reading)
    try:
        record = json_of(first)
    except (ValueError, RecursionError):
        if n_bytes > MOST_WHOLE:
            raise _too_large(name) from None
        if first.endswith(b"\n"):
            first += file.read(MOST_WHOLE + 1)
        return _read_whole(first, name, reading)
    reading.take(record, f"{name}:1")
    return _read_lines(file, name, reading, broken=[], number=1)


def _too_large(name: str) -> UserError:
    return UserError(f"{name}: is one JSON text of more than {MOST_WHOLE // 2**30} GB; write one record a line")


def _read_whole(content: bytes, name: str, reading: LogReading) -> None:
    """One JSON text over several lines; or JSON lines of which the first is broken."""
    if len(content) > MOST_WHOLE:
        raise _too_large(name)
    refuse_beyond(len(content), times=TIMES - 1)  # one of them is taken already
    try:
        record = json_of(content)
    except (ValueError, RecursionError) as error:
        lines = content.count(b"\n")
        why = f"{name}: is damaged: no JSON ({str(error)[:120]})"
        second = content.split(b"\n", 2)[1:2]
        if lines < 2 or not second or not second[0].lstrip().startswith(b"{"):
            raise UserError(why) from error
        try:
            json_of(second[0])
        except (ValueError, RecursionError):
            raise UserError(why) from error
        rest: io.BufferedReader[Any] = io.BufferedReader(io.BytesIO(content))
        return _read_lines(rest, name, reading, broken=[], number=0)
    reading.take(record, name)
    return None


def _read_lines(
    file: io.BufferedReader[Any], name: str, reading: LogReading, *, broken: list[str], number: int
) -> None:
    n = number
    while line := file.readline(_LONGEST_LINE):
        number += 1
        if not line.strip():
            continue
        n += 1
        try:
            record = json_of(line)
        except (ValueError, RecursionError):
            broken.append(f"{name}:{number}")
            reading.not_read(f"{name}:{number}", "no JSON", line[:200].decode("utf-8", "replace"))
            continue
        reading.take(record, f"{name}:{number}")
    if len(broken) > max(1, _BROKEN * n):
        raise UserError(
            f"{name}: is damaged: {len(broken):,} of its {n:,} lines are no JSON, the first at {broken[0]}; nothing "
            "is imported. Export it anew, or take the broken lines out"
        )


def _read_protobuf(file: io.BufferedReader, name: str, reading: LogReading) -> None:
    content = file.read(MOST_WHOLE + 1)
    if len(content) > MOST_WHOLE:
        raise UserError(f"{name}: has more than {MOST_WHOLE // 2**30} GB; write JSON lines, or several files")
    try:
        found = spans_of_protobuf(content)
    except NotProtobuf as error:
        raise UserError(
            f"{name}: is neither JSON nor OTLP's protobuf, or it is cut short, or holds more spans than so many bytes "
            "can. Read are the formats of docs/import-traces.md"
        ) from error
    reading.n_records += 1
    reading.take_spans(found, name)
