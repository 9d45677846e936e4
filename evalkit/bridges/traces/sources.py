"""Files of logs, read record by record: JSON, JSON lines, protobuf, tables; most also as .gz; a file or a folder.

reading = read_sources([Path("logs/")], spool)
reading.settling.calls()     # what was understood
reading.notes()              # what was not, with places

Each record says by its keys which tool wrote it, so that one folder may hold several. A record that nobody understands
is counted and told; a file that is damaged is refused, and nothing is written then.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.bridges.traces import (
    exchanges,
    provider_files,
    spans,
    traced_tools,
    tracker_runs,
    trajectories,
)
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.log_events import part_of_event
from evalkit.bridges.traces.otlp_protobuf import NotProtobuf, spans_of_protobuf
from evalkit.bridges.traces.settling import Piece, Settling
from evalkit.bridges.traces.span_calls import call_of_span
from evalkit.bridges.traces.spans import LoggedEvent, LoggedSpan
from evalkit.bridges.traces.spool import Spool
from evalkit.bridges.traces.tables import TABLES, LogMap, TableOfCalls, is_table, table_of_calls
from evalkit.bridges.traces.values import json_of
from evalkit.errors import UserError
from evalkit.reading import open_to_read
from evalkit.suite.wording import masked

MOST_WHOLE = 2**30
"""Bytes of a file that is one JSON text, or protobuf: it is read at once. JSON lines may have any length."""
_LONGEST_LINE = 128 * 2**20
_UNPACKS = 200
_LEAST_UNPACKED = 64 * 2**20
"""A .gz may hold so many times its size, or 64 MB."""
_ODD = (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError)
_OTHER_SHAPE = "of a shape that its format does not have"
_MOST_FILES = 10_000
_MOST_KEPT = 1_000
_BROKEN = 0.01
"""Share of a file's lines that may be unreadable: a writer that was killed leaves half a line."""
_ENDINGS = (*TABLES, ".json", ".jsonl", ".ndjson", ".pb", ".bin", ".binpb", ".otlp", ".proto", ".log", ".txt")


@dataclass(slots=True)
class UnreadRecord:
    """One record that was not understood."""

    place: str
    why: str
    looks: str
    """With each digit as 0 and each letter as x: it may hold a secret."""


@dataclass(slots=True)
class LogReading:
    """What came of reading logs."""

    settling: Settling
    files: list[str] = field(default_factory=list)
    n_records: int = 0
    n_spans: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    """Calls by who wrote them down."""
    passed_over: Counter[str] = field(default_factory=Counter)
    """What is understood and no call, by what it is."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Values that are taken for unknown, by what they are."""
    not_understood: Counter[str] = field(default_factory=Counter)
    unread: list[UnreadRecord] = field(default_factory=list)
    """The first of those that were not understood."""
    tables: list[str] = field(default_factory=list)
    """What was made of tables, as sentences."""
    refused: list[str] = field(default_factory=list)
    """Files that could not be read, where the others count all the same: why, as sentences."""

    def take(self, record: object, place: str) -> None:
        """Read one record. Raises UserError where it is the result of an evaluation, which has an import of its own."""
        self.n_records += 1
        try:
            why = None if self._taken(record, place) else "no format that is known"
        except _ODD:
            why = _OTHER_SHAPE  # told and counted, whatever stands there
        if why is not None:
            self._not_understood(place, why, record)

    def take_spans(self, found: Iterable[LoggedSpan | LoggedEvent], place: str) -> None:
        """Read spans and log records, each by itself: an odd one does not take the others along."""
        for one in found:
            try:
                self._take_span(one)
            except _ODD:
                self._not_understood(place, _OTHER_SHAPE, one.attributes)

    def _take_span(self, one: LoggedSpan | LoggedEvent) -> None:
        if isinstance(one, LoggedEvent):
            part = part_of_event(one)
            if part is None:
                self.passed_over["log records about something else"] += 1
            else:
                self.settling.add(part)
            return
        self.n_spans += 1
        call = call_of_span(one)
        if call is None:
            self.passed_over["spans that are no call of a model"] += 1
            self.settling.add((one.span, one.parent))
        else:
            self._add(call)

    def _taken(self, record: object, place: str) -> bool:  # noqa: PLR0911  # one return a shape
        if isinstance(record, list):
            return self._listed(record, place)
        if not isinstance(record, Mapping):
            return False
        if (other := _result_of(record)) is not None:
            raise UserError(f"{place}: is {other}")
        for is_one, read in _READERS:
            if is_one(record):
                self._pieces(read(record))
                return True
        if (made := provider_files.of_record(record)) is not None:
            self._pieces(made)
            return True
        if isinstance(record.get("data"), list) and "object" not in record:  # a page of an API
            return self._listed(record["data"], place)
        if spans.is_span(record):
            self.take_spans(spans.spans_of(record), place)
            return True
        if isinstance(record.get("spans"), list):
            return self._listed(record["spans"], place)
        found = exchanges.of_exchange(record)
        for one in found:
            self._add(one)
        return bool(found)

    def _listed(self, records: list[Any], place: str) -> bool:
        if records and all(isinstance(one, Mapping) and "role" in one for one in records):
            return self._taken({"messages": records}, place)
        if records and any(isinstance(one, Mapping) and tracker_runs.is_row(one) for one in records):
            for row in tracker_runs.merged_rows(records):
                self._pieces(tracker_runs.of_row(row))
            return True
        for n, one in enumerate(records, 1):
            if not self._taken(one, f"{place}, item {n}") or isinstance(one, list):
                self._not_understood(f"{place}, item {n}", "no format that is known", one)
        return True

    def _pieces(self, found: Iterable[Piece | None]) -> None:
        for one in found:
            if one is None:
                self.passed_over["requests for something else than text"] += 1
            elif isinstance(one, tuple):
                self.passed_over["steps that are no call of a model"] += 1
                self.settling.add(one)
            elif one.part:
                self.settling.add(one)
            else:
                self._add(one)

    def _add(self, call: Call) -> None:
        self.formats[call.source] += 1
        if call.usage.cost_usd == 0 and (call.usage.input or call.usage.output):
            call.usage.cost_usd = None
            self.unknown["costs of 0 beside tokens, which say that nobody knew the price"] += 1
        self.settling.add(call)

    def take_table(self, table: TableOfCalls, *, guessed: bool) -> None:
        """Read a table, each row as a plain record."""
        for place, record in table.records():
            self.n_records += 1
            try:
                found = exchanges.of_exchange(record)
            except _ODD:
                found = []
            for one in found:
                self._add(one)
            if not found:
                self._not_understood(place, "a row without a question", record)
        told = f"of {table.data.label} these columns were guessed: {table.map.described()}; --map FILE says others"
        self.tables += [told] if guessed else []
        self.tables += [f"{table.data.label}: {note}" for note in table.notes()]

    def _not_understood(self, place: str, why: str, record: object) -> None:
        self.not_understood[why] += 1
        if len(self.unread) < _MOST_KEPT:
            self.unread.append(UnreadRecord(place, why, masked(record)))

    def notes(self) -> list[str]:
        """What a person should know of the reading, as sentences."""
        said = (
            [f"not read: {len(self.refused):,} of {len(self.files):,} files; the first: {self.refused[0]}"]
            if self.refused
            else []
        )
        said += self.tables
        for why, n in self.not_understood.items():
            where = next(one.place for one in self.unread if one.why == why)
            said.append(f"not understood: {n:,} {'record' if n == 1 else 'records'}, {why}; the first: {where}")
        said += [f"passed over: {n:,} {what}" for what, n in self.passed_over.items()]
        said += [f"unknown: {n:,} {what}" for what, n in self.unknown.items()]
        said += [f"left out: {n:,} {what}" for what, n in self.settling.left_out.items()]
        said += [f"left over: {n:,} {what}" for what, n in self.settling.unclaimed.items()]
        return said


Reader = Callable[[Mapping[str, object]], Iterator[Any]]
_READERS: tuple[tuple[Callable[[Mapping[str, object]], bool], Reader], ...] = (
    (traced_tools.is_langfuse, traced_tools.of_langfuse),
    (traced_tools.is_observation, traced_tools.of_observation),
    (exchanges.is_litellm, lambda record: iter([exchanges.of_litellm(record)])),
    (traced_tools.is_mlflow, traced_tools.of_mlflow),
    (tracker_runs.is_batch, tracker_runs.of_batch),
    (tracker_runs.is_run, tracker_runs.of_run),
    (tracker_runs.is_row, tracker_runs.of_row),
    (trajectories.is_trajectory, trajectories.of_trajectory),
)


def _result_of(record: Mapping[str, object]) -> str | None:  # noqa: PLR0911  # one return a shape
    """What to do with the result of an evaluation; None where it is none."""
    if ("model_output" in record and "messages" in record) or "sample_score" in record:
        return "a result of EvalScope, not a log: evalkit import evalscope FOLDER"
    if "evalId" in record or ("promptIdx" in record and "testIdx" in record):
        return "a result of promptfoo, not a log: evalkit import promptfoo FILE"
    if "eval" in record and "plan" in record and "version" in record:
        return "a log of Inspect, which holds scores: evalkit import inspect FILE"
    if "evaluation_results" in record or "evaluation_id" in record:
        return "a record of Every Eval Ever, not a log: evalkit import every-eval-ever FILE"
    if ("doc_id" in record and "filtered_resps" in record) or ("results" in record and "n-shot" in record):
        return "a result of lm-eval, not a log: evalkit import lm-eval PATH"
    if "testRunData" in record or ("testCases" in record and "metricsScores" in record):
        return "a result of DeepEval, not a log. As a table of its cases it comes in: evalkit import table FILE"
    return None


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
            if not packed:
                return _read_stream(raw, path, reading)
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

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._inner.read(len(buffer))
        self._left -= len(found)
        if self._left < 0:
            raise UserError(f"{self._path}: unpacks to more than {_UNPACKS} times its size, and is not read")
        buffer[: len(found)] = found
        return len(found)


def _read_stream(file: io.BufferedReader, path: Path, reading: LogReading) -> None:
    head = file.peek(4096)[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    name = path.name
    if not head:
        raise UserError(f"{name}: is empty")
    if head[:2] == b"PK":
        raise UserError(f"{name}: is a zip file; unpack it (a log of Inspect, .eval: evalkit import inspect FILE)")
    if head[:4] == b"PAR1":
        raise UserError(f"{name}: is Parquet by its content; give it the ending .parquet")
    if head[:1] not in (b"{", b"["):
        return _read_protobuf(file, name, reading)
    first = file.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf")
    try:
        record = json_of(first)
    except (ValueError, RecursionError):
        rest = b"" if first.endswith(b"\n") is False and len(first) < _LONGEST_LINE else file.read(MOST_WHOLE + 1)
        return _read_whole(first + rest, name, reading)
    reading.take(record, f"{name}:1")
    return _read_lines(file, name, reading, broken=[], number=1)


def _read_whole(content: bytes, name: str, reading: LogReading) -> None:
    """One JSON text over several lines; or JSON lines of which the first is broken."""
    if len(content) > MOST_WHOLE:
        raise UserError(f"{name}: is one JSON text of more than {MOST_WHOLE // 2**30} GB; write one record a line")
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
            reading._not_understood(f"{name}:{number}", "no JSON", line[:200].decode("utf-8", "replace"))
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
