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

import codecs
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.paths import Inside, find
from evalkit.reading import MOST_LEVELS, MOST_VALUES, has_more_levels, has_more_values, look_through
from evalkit.suite.filekinds import (
    HEAD,
    LONGEST_LINE,
    PACKED,
    Block,
    as_sheet,
    check_unpacked,
    not_utf8,
    other_kind,
    read_blocks,
    read_table,
)
from evalkit.suite.rendering import TooMuch
from evalkit.suite.wording import columns, composed, masked, word

if TYPE_CHECKING:
    from evalkit.suite.hugging_face_forms import Form

Complain = Callable[[str], None]
Record = dict[str, Any]
_Found = TypeVar("_Found")

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


_PIECE = 2**16
MOST_RECORDS = 1_000_000
"""Records that a packed file may always hold; beyond them as many as it has bytes."""


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
    where: Mapping[str, object]
    """Only the records whose fields have these values."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """By field the column that it is read from, for columns that have other names."""
    form: Form | None = None
    """How a published record becomes one of the built-in task that reads it; None: as it is."""
    may_lack_split: bool = False
    """`where` is of no use to files that have no such field: each is a split of its own."""

    left_out: list[int] = field(default_factory=list, compare=False)
    """Places of records that `form` left out in the last pass: nothing to choose."""

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
        self.left_out.clear()
        found = self._bounded(self._all(complain, read_table))
        if self.fields:
            found = self._renamed(found)
        if self.form is not None:
            found = self._formed(found, self.form, complain)
        return found if not self.where else self._filtered(found)

    def blocks(self) -> Iterator[Block]:
        """The records of a CSV or TSV file as they stand there, some thousands together: a fifth of the work.

        Raises as `records` without `complain`.
        """
        return self._bounded(self._all(raise_it, read_blocks), lambda block: len(block[0]))

    def is_short(self, most: int) -> bool:
        """Whether the file's line ends alone say that it has no more records than that."""
        if self.format == "parquet" or self.path.name.endswith(".gz"):
            return False
        n = 1
        try:
            with self._bytes() as file:
                while n <= most and (piece := file.read(_PIECE)):
                    n += piece.count(b"\n") + (piece.count(b"\r") if self.format != "jsonl" else 0)
        except OSError:
            return False
        return n <= most

    def fingerprint(self) -> str:
        """sha256 of the file's bytes as 64 hex characters. Raises SuiteError where it cannot be read."""
        try:
            return self.path.sha256()
        except OSError as error:
            raise SuiteError(f"{self.label}: cannot be read: {error.strerror or error}") from error

    def stamp(self) -> tuple[int, int, int] | None:
        """What the file system says of the file now, which another content changes; None of records in memory."""
        try:
            found = self.path.real.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _bounded(self, found: Iterator[_Found], n_records: Callable[[_Found], int] = lambda _: 1) -> Iterator[_Found]:
        """The same. Raises SuiteError where a packed file makes more records than it can have meant."""
        packed = self.format == "parquet" or self.path.name.endswith(".gz")
        return self._counted(found, n_records) if packed else found

    def _counted(self, found: Iterator[_Found], n_records: Callable[[_Found], int]) -> Iterator[_Found]:
        most, n = None, 0
        for one in found:
            n += n_records(one)
            if n > MOST_RECORDS:
                most = most or max(MOST_RECORDS, self.path.n_bytes())
                if n > most:
                    raise SuiteError(f"{self.label}: unpacks to more than {most:,} records, and is not read")
            yield one

    def _all(self, complain: Complain, read: Callable[..., Iterator[Any]]) -> Iterator[Any]:
        """Every record with its place; of CSV and TSV what `read` makes of them."""
        try:
            if self.format == "parquet":
                from evalkit.suite.parquet import read_parquet

                with self.path.open_file() as opened:
                    yield from read_parquet(opened, self.label, self.path.n_bytes())
                return
            if self.path.name.endswith(".gz"):
                with self.path.open_file() as packed:
                    look_through(packed)  # behind its end gzip passes over zeros, byte by byte
            with self._bytes() as file:
                if said := other_kind(file.peek(HEAD)[:HEAD], self.format):
                    raise SuiteError(f"{self.label}: {said}")
                if self.path.name.endswith(".gz"):
                    check_unpacked(file, self.path.n_bytes())
                    file.seek(0)
                else:
                    self._look_through(file)
                if self.format == "jsonl":
                    yield from self._jsonl(file, complain)
                else:
                    yield from read(file, "\t" if self.format == "tsv" else ",", self.place, complain)
        except TooMuch as error:
            raise SuiteError(f"{self.label}: {error}") from error
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise SuiteError(f"{self.label}: the gzip file is damaged or cut short: {error}") from error
        except UnicodeDecodeError as error:
            raise SuiteError(f"{self._place_of(error)}: {not_utf8(error)}") from error
        except OSError as error:
            raise SuiteError(f"{self.label}: cannot be read: {error.strerror or error}") from error

    def _look_through(self, file: io.BufferedReader[Any]) -> None:
        """Raises OSError for a file that would fill the memory."""
        look_through(file, longest_line=LONGEST_LINE)

    def _place_of(self, error: UnicodeDecodeError) -> str:
        """The first line that is not UTF-8."""
        with self._bytes() as file:
            for number, raw in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
                try:
                    raw.decode("utf-8")
                except UnicodeDecodeError:
                    return self.place(number)
        return self.label

    @contextmanager
    def _bytes(self) -> Iterator[io.BufferedReader[Any]]:
        """The file, unpacked where its name says gzip."""
        with self.path.open_file() as file:
            if self.path.name.endswith(".gz"):
                with gzip.GzipFile(fileobj=file) as unzipped, io.BufferedReader(unzipped) as buffered:
                    yield buffered  # faster, line by line
            else:
                yield file

    def _jsonl(self, file: IO[bytes], complain: Complain) -> Iterator[tuple[int, Record]]:
        number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(raw) > LONGEST_LINE:
                raise SuiteError(f"{self.place(number)}: is a line of more than {LONGEST_LINE // 1_000_000} MB")
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            if not raw.strip():
                continue
            if has_more_values(raw, MOST_VALUES):
                raise SuiteError(f"{self.place(number)}: is a record of more than {MOST_VALUES:,} values")
            try:
                text = raw.decode()
                record = _DECODER.decode(text)
                if has_more_levels(record, raw.count(b"[") + raw.count(b"{")):
                    raise RecursionError  # noqa: TRY301
            except UnicodeDecodeError as error:
                complain(f"{self.place(number)}: {not_utf8(error)}")
                continue
            except RecursionError:
                said = f"it is nested too deeply, {MOST_LEVELS} levels are the most"
                complain(f"{self.place(number)}: is not a JSON record: {said}")
                continue
            except ValueError as error:
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

    def _renamed(self, found: Iterator[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
        """Records under the names that the task reads. Raises SuiteError for a column that is not there."""
        for number, record in found:
            made = dict(record)
            for name, column in self.fields.items():
                if column not in record:
                    near = get_close_matches(column, [*record], n=1, cutoff=0.5)
                    hint = f"did you mean {near[0]!r}?" if near else f"its columns are {columns(record)}"
                    raise SuiteError(f"{self.place(number)}: has no column {column!r} (data.fields.{name}); {hint}")
                made[name] = record[column]
            yield number, made

    def _formed(
        self, found: Iterator[tuple[int, Record]], form: Form, complain: Complain
    ) -> Iterator[tuple[int, Record]]:
        for number, record in found:
            try:
                made = form(record)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                said = str(error) if isinstance(error, ValueError) else f"is not as it is published ({error!r})"
                complain(f"{self.place(number)}: {said}")
                continue
            if made is None:
                self.left_out.append(number)
            else:
                yield number, made

    def _filtered(self, found: Iterator[tuple[int, Record]]) -> Iterator[tuple[int, Record]]:
        wanted = [(name, value if isinstance(value, list | tuple) else (value,)) for name, value in self.where.items()]
        none_yet = True
        seen: dict[str, None] = {}
        for number, record in found:
            for name, values in wanted:
                if name not in record and self.may_lack_split and name == "split":
                    continue
                if name not in record:
                    raise SuiteError(
                        f"{self.place(number)}: has no field {name!r}, which `where` asks for; "
                        f"its fields are {columns(record)}"
                    )
                if not any(self._is(record[name], value) for value in values):
                    if len(seen) < 8:
                        seen[f"{name}: {word(record[name])}"] = None
                    break
            else:
                none_yet = False
                yield number, record
        if none_yet:
            asked = ", ".join(f"{name}: {' or '.join(map(repr, values))}" for name, values in wanted)
            raise SuiteError(f"{self.label}: no record has {asked}; seen: {', '.join(seen) or 'no record at all'}")

    def _is(self, here: object, wanted: object) -> bool:
        """Whether a field has this value; in a file of text also by its text, where true is as JSON writes it, or as
        Excel (TRUE) and pandas (True) do."""
        if isinstance(here, bool) is isinstance(wanted, bool) and here == wanted:
            return True
        if isinstance(wanted, bool) and isinstance(here, str):
            return self.unit == "line" and here.strip().lower() == _word(wanted)
        if isinstance(here, str) and isinstance(wanted, str):
            return composed(here) == composed(wanted)
        return self.unit == "line" and _word(here) == _word(wanted)


def open_data(
    path: str,
    folder: Path,
    *,
    format: str | None = None,
    where: Mapping[str, object] | None = None,
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
        place = "to the suite file, in Python to the working directory"
        raise SuiteError(f"{label}: there is no such file (paths are relative {place}){_nearest(target)}")
    suffix = Path(target.name.removesuffix(".gz")).suffix.lower()
    kind = format or FORMATS.get(suffix)
    if packed := PACKED.get(Path(target.name).suffix.lower()):
        raise SuiteError(f"{label}: is packed; of packed files only .gz is read (JSONL, CSV, TSV). Unpack it: {packed}")
    if kind == "parquet" and target.name.endswith(".gz"):
        raise SuiteError(f"{label}: Parquet is packed inside; unpack the outer layer: gunzip FILE")
    if kind is None and (refused := as_sheet(label)):
        raise SuiteError(refused)
    if kind is None:
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


def _unique(pairs: list[tuple[str, object]]) -> Record:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise ValueError(f"the key {word(twice)} stands in it twice")
    return record


def _no_number(text: str) -> object:
    raise ValueError(f"{text} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else composed(str(value))
