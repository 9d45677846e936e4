"""Outcomes that another tool keeps in its own form, as records that a table of outcomes would have.

Each reader of a form gives `ExternalRecords`: flat records whose keys are what is read (`model`, `item`, `score` ...).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from evalkit.bridges.external_json import TIMES, parse
from evalkit.bridges.table_map import ModelOf, TableMap
from evalkit.errors import UserError
from evalkit.memory import refuse_beyond
from evalkit.reading import MOST_VALUES, has_more_values, read_file
from evalkit.suite.column_names import GUESSES, TableColumn

MOST_BYTES = 2**30
"""Of a file that is read whole."""
LONGEST_LINE = 32_000_000
"""Bytes of one record where there is one a line."""
TOO_MUCH = (
    f"is a line of more than {LONGEST_LINE // 1_000_000} MB or {MOST_VALUES:,} values, and is not read; write one "
    "record a line, or leave this one out"
)


@dataclass(slots=True)
class ExternalRecords:
    """Records of one tool. Fits `table_batches.Records`."""

    label: str
    tool: str
    name: str
    """What the run is called."""
    sha256: str
    kept: list[dict[str, object]]
    scorer: str
    """Who gave the scores."""
    notes: list[str] = field(default_factory=list)
    format: str = "jsonl"

    def records(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Every record with its number, from 1."""
        yield from enumerate(self.kept, 1)

    def place(self, number: int) -> str:
        """Where a record stands."""
        return f"{self.label} result {number}"

    def fingerprint(self) -> str:
        """sha256 of the file."""
        return self.sha256

    def models(self) -> list[str]:
        """Whose answers these are."""
        return list(dict.fromkeys(str(record.get("model")) for record in self.kept))

    def made_at(self, day: str) -> None:
        """Say when the answers were made that do not say it themselves."""
        for record in self.kept:
            record["started_at"] = record.get("started_at") or day

    def map(self, models: Mapping[str, ModelOf] | None = None) -> TableMap:
        """Every key is what it is called; the tool took the times. `models`: who bills."""
        there = dict.fromkeys(key for record in self.kept for key in record)
        columns = {key: TableColumn(key) for key in GUESSES if key in there and key != "slices"}
        slices = "slices" if "slices" in there else None
        return TableMap(columns, slices_object=slices, models=models or {}, scorer=self.scorer, measured_by=self.tool)


def read_whole(path: Path) -> tuple[bytes, str]:
    """The bytes of a file and their sha256. Raises UserError as `content_of`."""
    content = content_of(path)
    return content, hashlib.sha256(content).hexdigest()


def content_of(path: Path) -> bytes:
    """The bytes of a file. Raises UserError where it cannot be read, is too large, or a megabyte of it is nothing."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"{path}: is larger than {MOST_BYTES // 2**30} GB, and is not read; import a part of it")
        refuse_beyond(path.stat().st_size, times=TIMES)
        return read_file(path, most=MOST_BYTES)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from error


def json_of(content: bytes, where: str, made_by: str = "") -> Any:
    """What the text says. Raises UserError for what is no JSON. `made_by`: the way to such a file, for the message."""
    try:
        return parse(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is no JSON: {str(error)[:200]}{made_by and f'. {made_by}'}") from error


def lines_of(content: bytes, where: str) -> Iterator[tuple[int, dict[str, object]]]:
    """The objects of a JSONL file with their lines. Raises UserError for a line that holds none."""
    for number, line in enumerate(BytesIO(content), 1):
        if len(line) > LONGEST_LINE or has_more_values(line, MOST_VALUES):
            raise UserError(f"{where}:{number}: {TOO_MUCH}")
        if line.strip():
            found = json_of(line, f"{where}:{number}")
            if not isinstance(found, dict):
                raise UserError(f"{where}:{number}: is no object, so no result of that tool")
            yield number, found


def at(record: object, *keys: str) -> Any:
    """What stands at the end of these keys; None where a step is missing."""
    for key in keys:
        record = record.get(key) if isinstance(record, Mapping) else None
    return record


def seconds_of(ms: object) -> float | None:
    """Seconds of a number of milliseconds; None where it is none."""
    return ms / 1000 if isinstance(ms, int | float) and not isinstance(ms, bool) else None


def text_of(value: object) -> str | None:
    """Text where it is one."""
    return value if isinstance(value, str) and value else None
