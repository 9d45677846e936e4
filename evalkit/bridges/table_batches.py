"""The records of a table, some thousands together, as columns.

    for batch in batches(data, ["model", "usage.input_tokens"]):
        batch.columns["model"]          # ("gpt", "gpt", None, ...): what stands there, record by record

Reading by column is five times as fast as reading record by record: a text that stands there often is looked at once.
Of each record only the columns that are asked for are kept, and texts of any length make short batches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evalkit.errors import SuiteError, UserError
from evalkit.suite.column_names import inside
from evalkit.suite.datasets import Data

MOST_ROWS = 8_192
MOST_CHARACTERS = 8_000_000
"""Whichever comes first ends a batch."""
_MOST_COLUMNS = 100_000
"""Names of columns of all records together; each is looked at several times."""


class Records(Protocol):
    """What rows are read from."""

    @property
    def label(self) -> str:
        """How messages call it."""

    @property
    def format(self) -> str:
        """`jsonl` where records may lack keys."""

    def records(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Every record with its place."""

    def place(self, number: int) -> str:
        """Where that is, for messages."""

    def fingerprint(self) -> str:
        """Digest of the content."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that follow each other."""

    places: Sequence[int]
    columns: Mapping[str, Sequence[Any]]
    """By the name that was asked for (a column, or a path into one): a cell for each record, None where it has none."""
    there: Mapping[str, None]
    """Names of the columns that these records have, in the order in which they are met."""

    def __len__(self) -> int:
        return len(self.places)


def batches(data: Records, names: Collection[str], *, beside: int = 0) -> Iterator[Batch]:
    """The records in their order. `beside`: characters that each row has besides its cells.

    Raises as the records do, after the batch that ends before the place of the error.
    """
    most_rows = max(1, min(MOST_ROWS, MOST_CHARACTERS // max(1, beside)))
    if isinstance(data, Data) and data.format in ("csv", "tsv") and not (data.where or data.fields or data.form):
        return _of_texts(data, names, most_rows)
    return _of_records(data, names, most_rows)


def _of_texts(data: Data, names: Collection[str], most_rows: int) -> Iterator[Batch]:
    for places, header, rows in data.blocks():
        there = dict.fromkeys(header)
        for start in range(0, len(rows), most_rows):
            some = rows[start : start + most_rows]
            by_name = dict(zip(header, zip(*some, strict=True), strict=True))
            none = (None,) * len(some)  # also where a path leads into a cell: a text has no inside
            columns = {name: by_name.get(name, none) for name in names}
            yield Batch(places[start : start + most_rows], columns, there)


def _of_records(data: Records, names: Collection[str], most_rows: int) -> Iterator[Batch]:
    places: list[int] = []
    rows: list[list[Any]] = []
    there: dict[str, None] = {}
    n_characters = 0

    def made() -> Batch:
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        return Batch(places, columns, there)

    try:
        for place, record in data.records():
            cells = [inside(record, name) for name in names]
            if not there.keys() >= record.keys():
                there |= dict.fromkeys(record)
            places.append(place)
            rows.append(cells)
            n_characters += sum([len(cell) if cell.__class__ is str else _size(cell) for cell in cells])
            if len(rows) >= most_rows or n_characters >= MOST_CHARACTERS:
                yield made()
                places, rows, there, n_characters = [], [], {}, 0
    except (SuiteError, UserError):
        if rows:
            yield made()
        raise
    if rows:
        yield made()


def _size(cell: object) -> int:
    """Characters of what is no plain text: objects and lists are stored as JSON."""
    return 8 if cell is None or isinstance(cell, bool | int | float) else len(str(cell))


def column_names(data: Records) -> list[str]:
    """Names of the columns: of the first record; of all where records differ, for an error may stand in the last."""
    seen: dict[str, None] = {}
    for _, record in data.records():
        if not seen.keys() >= record.keys():
            seen |= dict.fromkeys(record)
            refuse_many(seen, data)
        if data.format != "jsonl":
            break
    if not seen:
        raise UserError(f"{data.label}: holds no row, so there is nothing to import")
    return list(seen)


def refuse_many(names: Collection[str], data: Records) -> None:
    """Raises UserError where records have so many names together that no person gave them."""
    if len(names) > _MOST_COLUMNS:
        raise UserError(
            f"{data.label}: its records have more than {_MOST_COLUMNS:,} different names together; is one of their "
            "values written as a name? Write it as a value, under a name of its own."
        )
