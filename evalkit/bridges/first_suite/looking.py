"""What a file of records looks like: its columns, how long, how often empty, how many different values, what repeats.

    looked = look(Path("tickets.csv"))
    looked.columns["Queue"].values       # {"billing": 14, "shipping": 11}

Every record is read once. Of each column a handful of values is kept, and counts of the different ones while there
are few, so that a million records cost some megabytes.
"""

from __future__ import annotations

import hashlib
import io
from array import array
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import orjson

from evalkit.bridges.outcome_table import opened_table
from evalkit.errors import SuiteError, UserError
from evalkit.suite.datasets import Data, Record
from evalkit.suite.filekinds import separator_of
from evalkit.suite.wording import composed, read_alike

MOST_DIFFERENT = 2_000
"""Different values that are counted of a column; beyond them it is `values = None`."""
_LABEL = 200
"""Characters of a value that may be a label: what reads alike is counted as one."""
HEAD = 300
"""Values that are kept of a column."""
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(slots=True)
class ColumnLook:
    """One column."""

    name: str
    n: int = 0
    """Records that have it and are not empty there."""
    n_plain: int = 0
    """Of those: texts, numbers, true and false; the others are lists and objects."""
    n_lists: int = 0
    lengths: array[int] = field(default_factory=lambda: array("I"))
    """uint32[n]: characters of each value."""
    values: Counter[str] | None = field(default_factory=Counter)
    """How often each value stands there, white space around it aside; None: too many different ones."""
    head: list[str] = field(default_factory=list)
    """The first values."""
    digests: set[bytes] = field(default_factory=set)

    def take(self, value: object) -> None:
        """See one value."""
        if is_empty(value):
            return
        text = text_of(value)
        self.n += 1
        self.n_plain += isinstance(value, str | int | float | bool)
        self.n_lists += isinstance(value, list)
        self.lengths.append(min(len(text), 0xFFFFFFFF))
        self.digests.add(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        if len(self.head) < HEAD:
            self.head.append(text)
        if self.values is not None:
            self.values[read_alike(text) if len(text) <= _LABEL else text] += 1
            if len(self.values) > MOST_DIFFERENT:
                self.values = None

    @property
    def n_different(self) -> int:
        return len(self.digests)

    @property
    def typical_length(self) -> int:
        """The median in characters; 0 of an empty column."""
        return sorted(self.lengths)[len(self.lengths) // 2] if self.lengths else 0

    @property
    def longest(self) -> int:
        """Characters of the longest value; 0 of an empty column."""
        return max(self.lengths, default=0)


@dataclass(slots=True)
class FileLook:
    """The whole file."""

    path: Path
    data: Data
    n: int = 0
    n_copies: int = 0
    """Records that are the same as an earlier one in every column."""
    columns: dict[str, ColumnLook] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """A sentence for each record that cannot be read, with its place."""
    separator: str | None = None
    """What stands between the cells, in words; None: the format has nothing between."""


def look(path: Path) -> FileLook:
    """Read the file. Raises UserError for one that is not there, not a table, or empty."""
    try:
        data = opened_table(path)
        found = FileLook(path, data, separator=_separator(data))
        seen: set[bytes] = set()
        for _, record in data.records(found.unread.append):
            found.n += 1
            seen.add(whole_digest(record))
            for name, value in record.items():
                column = found.columns.get(name)
                if column is None:
                    column = found.columns[name] = ColumnLook(name)
                column.take(value)
        found.n_copies = found.n - len(seen)
    except SuiteError as error:
        raise UserError(str(error)) from error
    if not found.n:
        first = f": {found.unread[0]}" if found.unread else ""
        raise UserError(f"{path.name}: holds no record that can be read, so there is nothing to make a suite of{first}")
    return found


def first_records(looked: FileLook, n: int) -> list[Record]:
    """The first `n` records that can be read."""
    return [record for _, record in islice(looked.data.records(lambda _: None), n)]


_NOTHING = frozenset({"", "NULL", "null", "NaN", "nan", "<NA>", "#N/A", "\\N"})
"""What databases, pandas and spreadsheets write into a cell that holds nothing."""


def is_empty(value: object) -> bool:
    """Whether there is nothing: null, a text of white space, or what other programs write for nothing."""
    return value is None or value != value or (isinstance(value, str) and value.strip() in _NOTHING)  # noqa: PLR0124


def whole_digest(record: Record) -> bytes:
    """Of all cells of a record: alike for whole copies."""
    cells = "\x1f".join(f"{name}\x1e{text_of(value)}" for name, value in record.items())
    return hashlib.blake2b(cells.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def text_of(value: object) -> str:
    """The value as a template shows it, white space around it aside, and its letters composed."""
    if isinstance(value, str):
        return composed(value.strip())
    if isinstance(value, bool | list | dict):
        return orjson.dumps(_plain(value)).decode()
    return str(value)


def written_record(record: Record) -> Record:
    """The record as JSON can hold it: dates and the like as their text."""
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _separator(data: Data) -> str | None:
    if data.format not in {"csv", "tsv"} or data.path.name.endswith(".gz"):
        return None
    with data.path.open_file() as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace") as lines:
        head = list(islice(lines, 2))
    found = separator_of(head, "\t" if data.format == "tsv" else ",")
    return _SEPARATORS.get(found, repr(found))
