"""Sealing: the journals of a run become one more Parquet part, and go away.

    seal(folder)        # Sealed(part=1, n_rows=6000, n_superseded=3, n_unreadable=0)

The part appears whole or not at all, and the journals stay until it does: killed at any moment, nothing is lost and
the next `seal` does the rest. Works in batches, so that 100,000 rows take no more memory than a few thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.records import Row
from evalkit.store import integrity, journal, parts
from evalkit.store.journal import ASIDE
from evalkit.store.part_files import Batches, Drafted, forget_drafts, put_in_place, write_part
from evalkit.store.row_codec import Key, OddRow, column_values, from_line, key_hash, read_record, record_key, to_line
from evalkit.writing import open_to_write

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_ROWS = 4_000
_BATCH_CHARACTERS = 8_000_000
"""Whichever comes first ends a batch: long prompts make short batches."""
_UNFIT = (TypeError, ValueError, AttributeError, KeyError, ArithmeticError)
"""What a value that no column holds raises; pyarrow's own are among them."""
RowColumns = Mapping[str, Sequence[Any]]
"""Rows that follow each other, by field of `Row`: a value for each row. What is not given is as `Row` has it."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one sealing did."""

    part: int | None
    """Number of the new part; None when there was nothing to seal."""
    n_rows: int
    n_superseded: int
    """Lines left out because another one of the same key won."""
    n_unreadable: int
    """Lines that were no rows (torn or damaged); they are gone with the journal and owed again."""
    aside: tuple[Key, ...] = ()
    """Rows with a value that no column holds: their lines are kept in ASIDE, and they are owed again."""
    n_errored: int | None = None
    """Rows of the whole run that are errors and owed; None where this part is not all of it, or nobody counted."""


def seal(folder: Path, drafted: Drafted | None = None) -> Sealed:
    """Move every journaled row into a new part, one line of each key (`journal` says which).

    No journal may be written any more. `drafted`: what another process has made of it by now (`sealing_beside`); it
    counts where it is the whole. Raises RunIncomplete when the part cannot be written (a full disk): the journals are
    then untouched.
    """
    sources = journal.journals(folder)
    before = parts.numbers_there(folder)
    part = max(before, default=0) + 1
    sealed = _sealed_now(folder, part, sources, drafted, alone=not before)
    forget_drafts(folder)
    return sealed


def _sealed_now(folder: Path, part: int, sources: list[Path], drafted: Drafted | None, *, alone: bool) -> Sealed:
    """`alone`: the run has no other part."""
    if drafted is not None and drafted.is_all_of(part, sources) and put_in_place(folder, drafted):
        integrity.record(folder, new_part=part)
        sources[0].unlink()
        return Sealed(part, drafted.n_rows, 0, 0, n_errored=drafted.n_errored if alone else None)
    lines = journal.scan(folder, bytes)
    if (first := next(lines, None)) is None:
        return _seal_elected(folder, part, sources)
    rows = PlainRows()
    try:
        write_part(folder, part, rows.batches(chain([first], lines)))
    except NotPlain:
        return _seal_elected(folder, part, sources)
    integrity.record(folder, new_part=part)
    for path in sources:
        path.unlink()
    return Sealed(part, rows.n, 0, 0, n_errored=rows.n_errored if alone else None)


def _seal_elected(folder: Path, part: int, sources: list[Path]) -> Sealed:
    """The same in two passes, where lines are no rows, or some stand for one key: the first elects."""
    places, n_lines, n_unreadable = _elect_lines(folder)
    odd = _odd_lines(folder) if n_unreadable else []
    misfits: list[Key] = []
    if places:
        write_part(folder, part, _of_rows(folder, _at(folder, places, from_line), misfits))
    _set_aside(folder, [line for _, line in odd])
    integrity.record(folder, new_part=part if places else None)
    for path in sources:
        path.unlink()
    n_rows, aside = len(places) - len(misfits), (*misfits, *dict.fromkeys(key for key, _ in odd))
    n_superseded = n_lines - n_unreadable - len(places)
    return Sealed(part if places else None, n_rows, n_superseded, n_unreadable - len(odd), aside)


class NotPlain(Exception):
    """Journals hold a line that is no row, two rows of one key, or a row that no column holds."""


class PlainRows:
    """The rows of journals that hold each key once and nothing else, as nearly all do: one pass is enough for them."""

    def __init__(self) -> None:
        self.n_errored = 0
        self._keys: set[bytes] = set()

    @property
    def n(self) -> int:
        """Rows so far."""
        return len(self._keys)

    def batches(self, lines: Iterable[bytes | None]) -> Iterator[Batches]:
        """The rows as they are written, some thousands together. Raises NotPlain, with what was given until then."""
        columns, n_bytes = parts.PartColumns(), 0
        for line in lines:
            columns.add(self._values(line))
            n_bytes += len(line or b"")
            if columns.n >= _BATCH_ROWS or n_bytes >= _BATCH_CHARACTERS:
                yield self._made(columns)
                n_bytes = 0
        if columns.n:
            yield self._made(columns)

    def _values(self, line: bytes | None) -> dict[str, Any]:
        try:
            record = read_record(line or b"")
            key = key_hash(record_key(record))
            if key in self._keys:
                raise NotPlain
            self._keys.add(key)
            self.n_errored += journal.is_outstanding(record["outcome"], record.get("error_kind"))
            return column_values(record)
        except ValueError as error:
            raise NotPlain from error

    def _made(self, columns: parts.PartColumns) -> Batches:
        try:
            return columns.batches()
        except _UNFIT as error:
            raise NotPlain from error


def _odd_lines(folder: Path) -> list[tuple[Key, bytes]]:
    """The journaled lines that say which row they are and hold a value that no row has, with their keys."""
    return [found for found in journal.scan(folder, _odd) if found is not None]


def _odd(line: bytes) -> tuple[Key, bytes] | None:
    try:
        read_record(line)
    except OddRow as error:
        return error.key, line
    return None


def seal_rows(folder: Path, rows: Iterator[Row]) -> None:
    """Write rows that were never journaled (another tool's) as the next part of a run; their keys must differ.

    Raises RunIncomplete when the part cannot be written, and StoreError for a row with a value that no column holds.
    """
    aside: list[Key] = []
    _seal_foreign(folder, _of_rows(folder, rows, aside), aside)


def seal_columns(folder: Path, batches: Iterator[RowColumns]) -> None:
    """The same for rows that are given some thousands together, which takes a third of the time."""
    aside: list[Key] = []
    _seal_foreign(folder, _of_columns(folder, batches, aside), aside)


def _seal_foreign(folder: Path, made: Iterator[Batches], aside: list[Key]) -> None:
    part = max(parts.numbers_there(folder), default=0) + 1
    write_part(folder, part, made)
    if aside:
        model, task, *_ = aside[0]
        raise StoreError(
            f"{len(aside):,} rows hold a value that cannot be stored, the first of {task} by {model}: look at its "
            "numbers, and import the file again",
            folder,
        )
    integrity.record(folder, new_part=part)


def journaled(folder: Path) -> Iterator[Row]:
    """The rows that `seal` would move now, each key once."""
    return _at(folder, _elect_lines(folder)[0], from_line)


def rows_of(folder: Path) -> Iterator[Row]:
    """Every row of a run exactly once, sealed or still running, whole.

    In storage order, which is the order of finishing: sort by `Row.key` to compare runs. Raises StoreError on damage.
    """
    winners: dict[bytes, int] = {}
    for n, row in enumerate(_all(folder), 1):
        _elect(winners, row.key, n, errored=journal.is_outstanding(row.outcome, row.error_kind))
    keep = {abs(n) for n in winners.values()}
    yield from (row for n, row in enumerate(_all(folder), 1) if n in keep)


def _elect_lines(folder: Path) -> tuple[set[int], int, int]:
    """The places of the journaled lines that stand for their keys, how many lines there are, how many are no rows."""
    winners: dict[bytes, int] = {}
    n_lines = n_unreadable = 0
    for n_lines, record in enumerate(journal.scan(folder, read_record), 1):
        if record is None:
            n_unreadable += 1
        else:
            _elect(
                winners,
                record_key(record),
                n_lines,
                errored=journal.is_outstanding(record["outcome"], record.get("error_kind")),
            )
    return {abs(n) for n in winners.values()}, n_lines, n_unreadable


def _at(folder: Path, places: set[int], read: Callable[[bytes], Row]) -> Iterator[Row]:
    for n, line in enumerate(journal.scan(folder, bytes), 1):
        if n in places and line is not None:
            try:
                row = read(line)
            except ValueError:
                continue
            yield row


def _elect(winners: dict[bytes, int], key: Key, place: int, *, errored: bool) -> None:
    """Note the place of the row that stands for its key so far; errored ones are noted as negative."""
    place_of = key_hash(key)
    if not errored or winners.get(place_of, -1) < 0:
        winners[place_of] = -place if errored else place


def _all(folder: Path) -> Iterator[Row]:
    yield from parts.iter_sealed(folder)
    yield from journal.iter_rows(folder)


def _of_rows(folder: Path, rows: Iterator[Row], aside: list[Key]) -> Iterator[Batches]:
    """The rows as they are written, some thousands together. `aside` gets the keys of those that were set aside."""
    for batch in _batches(rows):
        made = _made(batch)
        if made is None:
            fitting = [row for row in batch if _made([row]) is not None]
            misfits = [row for row in batch if _made([row]) is None]
            _set_aside(folder, list(map(to_line, misfits)))
            aside += [row.key for row in misfits]
            made = parts.rows_batch(fitting), parts.texts_batch(fitting)
        yield made


def _of_columns(folder: Path, batches: Iterator[RowColumns], aside: list[Key]) -> Iterator[Batches]:
    for columns in batches:
        try:
            made = parts.batches_of(columns)
        except _UNFIT:
            rows = (Row(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))
            yield from _of_rows(folder, rows, aside)
        else:
            yield made


def _made(rows: list[Row]) -> tuple[pa.RecordBatch, pa.RecordBatch] | None:
    """The two batches of these rows; None where a column cannot hold one of them. Older versions journaled what a reply
    said unchecked, and one such row must not keep the others from being sealed."""
    try:
        return parts.rows_batch(rows), parts.texts_batch(rows)
    except _UNFIT:
        return None


def _set_aside(folder: Path, lines: list[bytes]) -> None:
    if lines:
        with open_to_write(folder / ASIDE, append=True) as file:
            file.writelines(lines)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        said = (*(message.text for message in row.prompt), row.text, row.reasoning)
        characters += sum(len(text) for text in said if isinstance(text, str))
        if len(batch) >= _BATCH_ROWS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch
