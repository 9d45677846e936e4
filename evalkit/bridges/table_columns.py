"""One record of a table of outcomes under its map: names, numbers and texts, each as its kind.

reader = RecordReader(mapped, only_task="runs")
reader.name(record, "model", "runs.csv:2")     # raises UserError where nothing stands there
reader.read(record, "input_tokens")            # 1200; raises Unread for what is no count
reader.known(record, "input_tokens")           # the same, None where it is not understood
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from evalkit.bridges.table_map import TEXTS, TableMap
from evalkit.errors import UserError
from evalkit.records import Outcome, Usage
from evalkit.store import table_values as cells
from evalkit.store.table_values import Unread
from evalkit.suite.column_names import COUNTS, TableColumn, inside
from evalkit.suite.digests import digest
from evalkit.suite.wording import masked

Record = Mapping[str, object]
_LONGEST_NAME = 300
_REMEMBERED = 100_000
"""Items whose identity is made once: tables ask each several times."""


class RecordReader:
    """Reads records by a map."""

    def __init__(self, mapped: TableMap, only_task: str) -> None:
        self.map = mapped
        self.only_task = only_task
        """Task of all records, where no column names one."""
        self.unread: Counter[str] = Counter()
        """By what is read: cells that `known` did not understand."""
        self.first_unread: dict[str, str] = {}
        """By the same: where the first of them stands, and what it looks like."""
        self._texts = [which for which in TEXTS if which in mapped.columns]
        self._readers = {which: cells.reader_of(which, column) for which, column in mapped.columns.items()}
        self._identity = lru_cache(_REMEMBERED)(_identity)

    def name(self, record: Record, which: str, where: str) -> str:
        """A name that a row cannot be without."""
        column = self.map.columns.get(which)
        if column is None:  # a table of one task
            return self.only_task
        value = self.cell(record, column)
        if value.__class__ is str:
            text = (cells.words(value) or "").strip()
        elif isinstance(value, int) and not isinstance(value, bool):
            text = str(value)
        else:
            text = str(int(value)) if isinstance(value, float) and value.is_integer() else ""
        if not text:
            raise UserError(f"{where}: {column.name!r} holds no {which} (value seen, masked: {masked(value)})")
        if len(text) > _LONGEST_NAME:
            raise UserError(f"{where}: its {which} is longer than {_LONGEST_NAME} characters, so it is no name")
        return text

    def repeat(self, record: Record) -> str:
        """Which of several answers it is, as the table spells it; empty where nobody says."""
        column = self.map.columns.get("repeat")
        value = None if column is None else self.cell(record, column)
        return "" if cells.empty(value) else str(cells.words(value)).strip()

    def digest_of(self, task: str, item: str, record: Record) -> str:
        """What is asked: by the item's name, and by its prompt where the table has it."""
        prompt = cells.words(self.value(record, "prompt"))
        return self._identity(task, item) if prompt is None else _identity(task, item, prompt)

    def cell(self, record: Record, column: TableColumn) -> Any:
        """What stands there."""
        return column.const if column.name is None else inside(record, column.name)

    def value(self, record: Record, which: str) -> Any:
        """The same by what is read; None where no column holds it."""
        column = self.map.columns.get(which)
        return None if column is None else self.cell(record, column)

    def texts(self, record: Record) -> dict[str, str]:
        """The texts that the record has, by what they are."""
        found = ((which, cells.words(self.value(record, which))) for which in self._texts)
        return {which: text for which, text in found if text is not None}

    def read(self, record: Record, which: str) -> Any:
        """The value of a cell as its kind; None where unknown. Raises Unread."""
        reader = self._readers.get(which)
        return None if reader is None else reader(record)

    def known(self, record: Record, which: str, where: str) -> Any:
        """The same, where what is not understood is unknown, and counted."""
        reader = self._readers.get(which)
        if reader is None:
            return None
        try:
            return reader(record)
        except Unread:
            self.unread[which] += 1
            self.first_unread.setdefault(which, self.looks(record, which, where))
            return None

    def looks(self, record: Record, which: str, where: str) -> str:
        """Where a cell stands and what it looks like, for a message."""
        columns = self.map.columns[which].columns
        return where if not columns else f"{where}: {columns[0]} looks like {masked(inside(record, columns[0]))}"

    def ended(self, record: Record) -> tuple[Outcome, float | None]:
        """How the answer ended. Raises Unread where nobody can say."""
        scored = self.read(record, "score")
        cell = self.value(record, "outcome")
        if scored is None and cells.empty(cell) and not cells.empty(self.value(record, "error")):
            return Outcome.ERRORED, None
        return cells.ended(cell, scored)

    def usage(self, record: Record, tier: str | None, where: str) -> Usage:
        """Its tokens; None where unknown."""
        counts = {which: self.known(record, which, where) for which in COUNTS}
        return Usage(
            input=counts["input_tokens"],
            output=counts["output_tokens"],
            reasoning=counts["reasoning_tokens"],
            cache_read=counts["cached_tokens"],
            cache_write_other=counts["cache_write_tokens"],
            service_tier=tier,
        )

    def slices(self, record: Record) -> dict[str, str]:
        """The slices that it belongs to."""
        if not self.map.slices and self.map.slices_object is None:
            return {}
        found = {name: inside(record, column) for name, column in self.map.slices.items()}
        if self.map.slices_object is not None:
            whole = inside(record, self.map.slices_object)
            found = whole if isinstance(whole, dict) else {self.map.slices_object: whole}
        return {str(name): str(value) for name, value in found.items() if not cells.empty(value)}


def _identity(task: str, item: str, prompt: str | None = None) -> str:
    return digest("evalkit.table.item/1", [task, item, prompt])
