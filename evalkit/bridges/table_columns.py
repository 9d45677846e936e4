"""Columns of a table of outcomes under its map: names, numbers and texts, each as its kind.

    reader = ColumnReader(mapped, only_task="runs")
    reader.names(batch, "model")         # ["gpt", "gpt", ...]; "" where no name stands there
    reader.known(batch, "input_tokens")  # [1200, None, ...]: what is not understood is None, and counted
    reader.count_unread(batch, place)    # at the end of each batch, once all of its columns are read

Each cell is read by `store.table_values`, a text that stands in a column again and again only once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from evalkit.bridges.error_cells import IMPORTED_ERROR, Ended, ErrorCells, is_error
from evalkit.bridges.table_batches import Batch
from evalkit.bridges.table_map import MOST_SLICES, TEXTS, TableMap
from evalkit.errors import UserError
from evalkit.records import Outcome
from evalkit.store import table_values as cells
from evalkit.store.table_values import Unread
from evalkit.suite.column_names import TableColumn
from evalkit.suite.digests import digest
from evalkit.suite.wording import masked
from evalkit.text import numbers

_LONGEST_NAME = 300
_NAMED = 8
"""Kinds of cells that one note names."""
_REMEMBERED = 100_000
"""Values of a column that are remembered together: tables repeat their texts."""
_FRACTIONS = ("score", "total_s", "ttft_s", "cost_usd")
_DECIMAL_COMMA = re.compile(r"-?\d{1,9},\d{1,9}", re.ASCII)
DECIMAL_COMMA = ", and a decimal comma is not read, since 1,234 may be either: write 0.5 for 0,5"
UNREAD: Final = object()
"""Stands where something is no value of its kind."""
_UNSCORED: Ended = Outcome.ERRORED, None, "unscored"


class _Known(dict[Any, Any]):
    """What each of these cells, or tuples of cells, is read as, read once: UNREAD where it is no value of its kind."""

    def __init__(self, reader: Callable[[Any], Any]) -> None:
        self.reader = reader
        self.odd = False
        """Whether anything was UNREAD so far."""

    def __missing__(self, cell: object) -> Any:
        found = self.read(cell)
        if _is_short(cell):
            if len(self) >= _REMEMBERED:
                self.clear()
            self[cell] = found
        return found

    def read(self, cell: object) -> Any:
        """What it is read as, without a look at what is known."""
        try:
            return self.reader(cell)
        except Unread:
            self.odd = True
            return UNREAD

    def of(self, column: Sequence[Any], *, plain: bool) -> list[Any]:
        """The whole column, read. `plain`: no cell is anything but a text or None. As keys, 1, 1.0 and true are one."""
        return list(map(self.__getitem__ if plain else self.read, column))


def unread_note(unread: Mapping[str, int], first: Mapping[str, str], things: str = "cells") -> str:
    """One sentence about all cells that were not understood, by what was to be read in them: how many, and the first.

    `unread` is not empty. `things`: what they are called.
    """
    if len(unread) == 1:
        (which, n), *_ = unread.items()
        return f"{things} of {which} that were not understood, and are unknown: {n:,}; the first: {first[which]}"
    said = [f"{which} {n:,} (the first: {first[which]})" for which, n in list(unread.items())[:_NAMED]]
    more = [f"and {numbers.plural(len(unread) - _NAMED, 'more kind')}"] if len(unread) > _NAMED else []
    return f"{things} that were not understood, and are unknown: {'; '.join([*said, *more])}"


def unused_note(names: Sequence[str], what: str = "columns") -> str:
    """One sentence about columns, or keys, whose names say nothing that is known; `names` is not empty."""
    some = ", ".join(name[:60] for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{what} whose names say nothing known are not read: {some}{more}; name one in a map: --map FILE"


class ColumnReader:
    """Reads batches by a map."""

    def __init__(self, mapped: TableMap, only_task: str) -> None:
        self.map = mapped
        self.only_task = only_task
        """Task of all records, where no column names one."""
        self.unread: Counter[str] = Counter()
        """By what is read: cells that `known` did not understand."""
        self.first_unread: dict[str, str] = {}
        """By the same: where the first of them stands, and what it looks like."""
        self.errors = ErrorCells()
        self._odd: list[tuple[int, int, str, int]] = []
        """Of this batch: (row of the first, order in which columns are read, what is read, how many)."""
        self._known = {which: _Known(cells.cell_reader(which, of.per)) for which, of in mapped.columns.items()}
        self._names = _Known(_name)
        self._repeats = _Known(_repeat)
        self._asked = _Known(lambda pair: digest("evalkit.table.item/1", [*pair, None]))
        self._targets = _Known(lambda text: digest("evalkit.target/1", text or ""))
        self._slices = _Known(self._slices_of)
        self._ends = _Known(lambda three: self._end(*three))

    @property
    def columns(self) -> Collection[str]:
        """The columns and paths that are read."""
        named = [one for column in self.map.columns.values() for one in column.columns]
        return dict.fromkeys([*named, *self._slice_columns])

    @property
    def characters_beside(self) -> int:
        """Characters that the map gives every row."""
        return sum(len(str(column.const)) for column in self.map.columns.values() if column.const is not None)

    def names(self, batch: Batch, which: str) -> list[str]:
        """Names that rows cannot be without; empty where none stands there, or one that is none."""
        if which not in self.map.columns:  # a table of one task
            return [self.only_task] * len(batch)
        column = self._cells(batch, which)
        return self._names.of(column, plain=_plain(column))

    def refuse_name(self, batch: Batch, which: str, row: int, where: str) -> None:
        """Raises UserError for a row whose name is none."""
        column, value = self.map.columns[which], self._cells(batch, which)[row]
        if len(_name_text(value)) > _LONGEST_NAME:
            raise UserError(f"{where}: its {which} is longer than {_LONGEST_NAME} characters, so it is no name")
        seen = "it is empty" if cells.empty(value) else f"value seen, masked: {masked(value)}"
        raise UserError(f"{where}: {column.name!r} holds no {which} ({seen})")

    def repeats(self, batch: Batch) -> list[str]:
        """Which of several answers each is, as the table spells it; empty where nobody says."""
        column = self._cells(batch, "repeat")
        return self._repeats.of(column, plain=_plain(column))

    def asked(self, batch: Batch, tasks: list[str], items: list[str]) -> list[str]:
        """Digests of what is asked: by the item's name, and by its prompt where the table has it."""
        pairs = zip(tasks, items, strict=True)
        prompts = self.texts(batch, "prompt")
        if prompts is None:
            return list(map(self._asked.__getitem__, pairs))
        return [
            self._asked[pair] if prompt is None else digest("evalkit.table.item/1", [*pair, prompt])
            for pair, prompt in zip(pairs, prompts, strict=True)
        ]

    def texts(self, batch: Batch, which: str) -> list[str | None] | None:
        """A column of texts; None where there is no such column."""
        if which not in self.map.columns:
            return None
        return list(map(cells.words, self._cells(batch, which)))

    def all_texts(self, batch: Batch) -> dict[str, list[str | None]]:
        """The texts that the table has, by what they are."""
        found = {which: self.texts(batch, which) for which in TEXTS}
        return {which: column for which, column in found.items() if column is not None}

    def targets(self, column: list[str | None] | None, n: int) -> list[str]:
        """Digests of the answers that are expected."""
        return self._targets.of([None] * n if column is None else column, plain=True)

    def read(self, batch: Batch, which: str) -> list[Any] | None:
        """A column as its kind: None where unknown, UNREAD for what is no value of it. None: no such column is read."""
        column = self.map.columns.get(which)
        if column is None:
            return None
        known = self._known[which]
        if column.sum_of:
            parts = [known.of(part, plain=_plain(part)) for part in map(batch.columns.__getitem__, column.sum_of)]
            return [UNREAD if UNREAD in row else cells.total(row) for row in zip(*parts, strict=True)]
        if column.name is None:
            return [known.read(column.const)] * len(batch)
        found = batch.columns[column.name]
        return known.of(found, plain=_plain(found))

    def known(self, batch: Batch, which: str) -> list[Any] | None:
        """The same, where what is not understood is unknown, and counted."""
        found = self.read(batch, which)
        if found is None or not self._known[which].odd or UNREAD not in found:
            return found
        self._odd.append((found.index(UNREAD), len(self._odd), which, found.count(UNREAD)))
        return [None if value is UNREAD else value for value in found]

    def count_unread(self, batch: Batch, place: Callable[[int], str]) -> None:
        """Count what `known` did not understand since the last time: the first row's first, as a person reads."""
        for row, _, which, n in sorted(self._odd):
            self.unread[which] += n
            if which not in self.first_unread:
                self.first_unread[which] = self.looks(batch, which, row, place)
        self._odd = []

    def looks(self, batch: Batch, which: str, row: int, place: Callable[[int], str]) -> str:
        """Where a cell stands and what it looks like, for a message."""
        where, names = place(batch.places[row]), self.map.columns[which].columns
        if not names:
            return where
        cell = batch.columns[names[0]][row]
        if cells.empty(cell):
            return f"{where}: {names[0]} is empty"
        comma = which in _FRACTIONS and _DECIMAL_COMMA.fullmatch(str(cell).strip()) is not None
        return f"{where}: {names[0]} looks like {masked(cell)}{DECIMAL_COMMA if comma else ''}"

    def ended(self, batch: Batch) -> list[Ended]:
        """How each answer ended; of the error kind `unscored` where nobody can say. Texts in `error` are counted."""
        score, outcome, error = (self._cells(batch, which) for which in ("score", "outcome", "error"))
        failed = list(map(is_error, error))
        plain = _plain(score) and _plain(outcome)
        ends: list[Ended] = self._ends.of(list(zip(score, outcome, failed, strict=True)), plain=plain)
        return self.errors.judged(error, ends) if any(failed) else ends

    def slices(self, batch: Batch) -> list[dict[str, str]]:
        """The slices that each row belongs to."""
        columns = [batch.columns[name] for name in self._slice_columns]
        if not columns:
            return [{}] * len(batch)
        return self._slices.of(list(zip(*columns, strict=True)), plain=all(_plain(one) for one in columns))

    @property
    def _slice_columns(self) -> list[str]:
        whole = self.map.slices_object
        return [*self.map.slices.values()] if whole is None else [whole]

    def _cells(self, batch: Batch, which: str) -> Sequence[Any]:
        """What stands there, by what is read; None where no column holds it."""
        column = self.map.columns.get(which, TableColumn())
        return (column.const,) * len(batch) if column.name is None else batch.columns[column.name]

    def _slices_of(self, row: tuple[Any, ...]) -> dict[str, str]:
        whole = self.map.slices_object
        found = row[0] if isinstance(row[0], dict) else {whole: row[0]}
        if whole is None:
            found = dict(zip(self.map.slices, row, strict=True))
        if len(found) > MOST_SLICES:
            raise UserError(f"{whole}: an object of {len(found):,} slices in a row, and {MOST_SLICES} are the most")
        return {str(name): str(value) for name, value in found.items() if not cells.empty(value)}

    def _end(self, score: object, outcome: object, failed: bool) -> Ended:
        reader = self._known.get("score")
        scored = None if reader is None else reader.read(score)
        if scored is None and cells.empty(outcome) and failed:
            return Outcome.ERRORED, None, IMPORTED_ERROR
        if scored is UNREAD:
            return _UNSCORED
        try:
            ended, held = cells.ended(outcome, scored)
        except Unread:
            return _UNSCORED
        return ended, held, IMPORTED_ERROR if ended is Outcome.ERRORED else None


def _plain(column: Sequence[Any]) -> bool:
    """Whether no cell is anything but a text or None."""
    return set(map(type, column)) <= {str, type(None)}


def _is_short(cell: object) -> bool:
    """Whether it is worth remembering: long texts seldom come again."""
    if cell.__class__ is tuple:
        return all(map(_is_short, cell))
    return cell.__class__ is not str or len(cell) <= _LONGEST_NAME


def _name_text(value: object) -> str:
    """The cell as a name; empty where it is none."""
    if value.__class__ is str:
        return (cells.words(value) or "").strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else ""


def _name(value: object) -> str:
    text = _name_text(value)
    return text if len(text) <= _LONGEST_NAME else ""


def _repeat(value: object) -> str:
    return "" if cells.empty(value) else str(cells.words(value)).strip()
