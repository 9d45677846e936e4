"""Records out of files: JSONL, CSV and Parquet, streamed, each with the place it came from.

    data = open_data(entry, folder, allow_unpinned=False)
    for line, record in data.records():     # (1, {"id": "t1", "text": "..."})
        ...
    data.fingerprint()                      # sha256 of the file's bytes

Nothing is loaded whole. JSONL is split on the newline byte only, since texts hold other line separators. A place is a
line for JSONL and CSV (the first line of the record), and a 1-based row for Parquet. What is damaged is a complaint
with its place; nothing is skipped in silence but blank lines.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any

from evalkit.errors import SuiteError
from evalkit.paths import Inside, find
from evalkit.suite.wording import columns, masked, word

Complain = Callable[[str], None]
Record = dict[str, Any]

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_LONGEST_CELL = 50_000_000


def raise_it(complaint: str) -> None:
    """The strictest way to take a complaint."""
    raise SuiteError(complaint)


@dataclass(frozen=True, slots=True)
class Data:
    """One file of records."""

    path: Inside
    label: str
    """How the file is named in messages: as the suite writes it."""
    format: str
    where: Mapping[str, Any]
    """Only the records whose fields have these values."""

    @property
    def unit(self) -> str:
        """What `records` counts: line, or row for Parquet."""
        return "row" if self.format == "parquet" else "line"

    def place(self, number: int) -> str:
        """data/x.jsonl:12"""
        return f"{self.label}:{number}" if self.unit == "line" else f"{self.label} row {number}"

    def records(self, complain: Complain = raise_it) -> Iterator[tuple[int, Record]]:
        """Every record with its place, in the file's order.

        A record that cannot be read goes to `complain` and reading goes on; without `complain` it is raised as
        SuiteError, like everything that makes the whole file unreadable.
        """
        found = self._all(complain)
        return found if not self.where else self._filtered(found)

    def fingerprint(self) -> str:
        """sha256 of the file's bytes as 64 hex characters. Raises SuiteError where it cannot be read."""
        try:
            return self.path.sha256()
        except OSError as error:
            raise SuiteError(f"{self.label}: cannot be read: {error.strerror or error}") from error

    def _all(self, complain: Complain) -> Iterator[tuple[int, Record]]:
        try:
            if self.format == "parquet":
                yield from self._parquet()
                return
            with self._bytes() as file:
                yield from self._jsonl(file, complain) if self.format == "jsonl" else self._table(file, complain)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise SuiteError(f"{self.label}: the gzip file is damaged or cut short: {error}") from error
        except UnicodeDecodeError as error:
            raise SuiteError(
                f"{self.label}: is not UTF-8 ({error.reason}, byte {error.object[error.start]:#04x}); "
                "convert it, for example with: iconv -f WINDOWS-1252 -t UTF-8"
            ) from error
        except OSError as error:
            raise SuiteError(f"{self.label}: cannot be read: {error.strerror or error}") from error

    @contextmanager
    def _bytes(self) -> Iterator[IO[bytes]]:
        with self.path.open_file() as file:
            if self.path.name.endswith(".gz"):
                with gzip.GzipFile(fileobj=file) as unzipped, io.BufferedReader(unzipped) as buffered:
                    yield buffered  # faster, line by line
            else:
                yield file

    def _jsonl(self, file: IO[bytes], complain: Complain) -> Iterator[tuple[int, Record]]:
        for number, raw in enumerate(file, 1):
            try:
                text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
                record = _DECODER.decode(text)
            except UnicodeDecodeError as error:
                complain(f"{self.place(number)}: is not UTF-8 ({error.reason}, byte {error.object[error.start]:#04x})")
                continue
            except (ValueError, RecursionError) as error:
                if raw.strip():
                    complain(
                        f"{self.place(number)}: is not a JSON record: {_why(error)} (line seen, masked: {masked(text)})"
                    )
                continue
            if isinstance(record, dict):
                yield number, record
            else:
                complain(
                    f"{self.place(number)}: a record is a JSON object, {{...}} (value seen, masked: {masked(record)})"
                )

    def _table(self, file: IO[bytes], complain: Complain) -> Iterator[tuple[int, Record]]:
        csv.field_size_limit(_LONGEST_CELL)
        with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            rows = csv.reader(text, delimiter="\t" if self.format == "tsv" else ",", strict=True)
            try:
                header = next(rows, [])
                if not header or len(set(header)) < len(header) or "" in header:
                    raise SuiteError(
                        f"{self.place(1)}: the first line must name every column once (columns seen: {columns(header)})"
                    )
                start = rows.line_num + 1
                for cells in rows:
                    number, start = start, rows.line_num + 1
                    if len(cells) == len(header):
                        yield number, dict(zip(header, cells, strict=True))
                    elif cells:
                        complain(f"{self.place(number)}: has {len(cells)} cells; the header has {len(header)}")
            except csv.Error as error:
                raise SuiteError(f"{self.place(rows.line_num)}: is not valid CSV: {error}") from error

    def _parquet(self) -> Iterator[tuple[int, Record]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.path.open_file() as opened, pq.ParquetFile(opened) as file:
                number = 0
                for batch in file.iter_batches(batch_size=1_000):
                    for record in batch.to_pylist():
                        number += 1
                        yield number, {name: _plain(value) for name, value in record.items()}
        except pa.ArrowException as error:
            raise SuiteError(f"{self.label}: is not a readable Parquet file: {str(error).splitlines()[0]}") from error

    def _filtered(self, found: Iterator[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
        wanted = list(self.where.items())
        none_yet = True
        seen: dict[str, None] = {}
        for number, record in found:
            for name, value in wanted:
                if name not in record:
                    raise SuiteError(
                        f"{self.place(number)}: has no field {name!r}, which `where` asks for; "
                        f"its fields are {columns(record)}"
                    )
                if record[name] != value and not (self.unit == "line" and str(record[name]) == str(value)):
                    if len(seen) < 8:
                        seen[f"{name}: {word(record[name])}"] = None
                    break
            else:
                none_yet = False
                yield number, record
        if none_yet:
            asked = ", ".join(f"{name}: {value!r}" for name, value in wanted)
            raise SuiteError(f"{self.label}: no record has {asked}; seen: {', '.join(seen) or 'no record at all'}")


def open_data(
    path: str,
    folder: Path,
    *,
    format: str | None = None,
    where: Mapping[str, Any] | None = None,
    label: str | None = None,
    also: tuple[Path, ...] = (),
) -> Data:
    """The file at this path, relative to the suite's folder; checks that it is there and what it holds by its name.

    `also` are folders where it may be besides those of `paths.find`.

    Raises SuiteError for a path outside the allowed folders, a missing file (with near names of that folder), a folder,
    and a format that is not read.
    """
    label = label or path
    target = find(path, folder, label=label, also=also)
    if target.is_dir():
        raise SuiteError(f"{label}: is a folder; name one file in it{_nearest(target / '_')}")
    if not target.is_file():
        if target.exists():
            raise SuiteError(f"{label}: is no ordinary file; records are read twice, so a pipe or device cannot serve")
        raise SuiteError(f"{label}: there is no such file (paths are relative to the suite file){_nearest(target)}")
    suffix = Path(target.name.removesuffix(".gz")).suffix.lower()
    kind = format or FORMATS.get(suffix)
    if kind is None or (kind == "parquet" and target.name.endswith(".gz")):
        hint = "; write one record per line (JSONL)" if suffix == ".json" else "; if it is one of these, write format:"
        raise SuiteError(f"{label}: cannot tell the format from its name; read are {', '.join(FORMATS)}{hint}")
    return Data(target, label, kind, where or {})


def _nearest(target: Inside) -> str:
    """`; did you mean ...?` or what the folder holds."""
    folder = target.parent
    if not folder.is_dir():
        return f"; its folder {folder.name}/ does not exist either"
    names = folder.file_names()
    near = get_close_matches(target.name, names, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; the folder has {', '.join(names[:8])}" if names else "; the folder is empty"


def _why(error: ValueError | RecursionError) -> str:
    """The reason without the content."""
    return f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)


def _unique(pairs: list[tuple[str, Any]]) -> Record:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {word(twice)} stands in it twice")
    return record


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


def _plain(value: Any) -> Any:
    """A Parquet value as JSON has it: dates as ISO text, decimals as text, bytes as their sha256 (an identity)."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
