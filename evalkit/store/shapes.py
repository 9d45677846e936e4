"""How a part file may be read: its columns are of our kinds, and a batch of it fits into memory.

    size = rows_at_once(path, ("model", "score"), parts.rows_schema(), most=1 << 14)

Whoever may write the results folder can write Parquet files of a few kilobytes whose one text stands in every row (a
dictionary): 16,000 rows of 2 MB are 33 GB once they are read.

A part of a million rows has 9,000 columns of texts in its row groups, nearly all of them empty or of a few names.
Opening each by Arrow to see the longest text takes half a second of the one thread that draws the board's pages, so the
heads of pages are read first:

    with heads_of(path) as heads:
        heads.bound(column)        # 44: no text of this column of a row group is longer; None: one has to look

What a footer says of sizes is not believed: nothing stops whoever writes a file from lying there, and no reader looks
at it. A page's own head is what readers allocate by, so it has to say the truth. Only heads that are wholly understood,
as writers of Parquet make them, give a bound.
"""

from __future__ import annotations

import math
import mmap
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.reading import looked_at, open_to_read
from evalkit.records import HEAVIEST, LIGHTEST, Outcome
from evalkit.store.arrays import strings
from evalkit.store.row_kinds import COLUMNS, COUNTS, EARLIEST, LATEST, MOST_SLICES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_BYTES = 128_000_000
"""Bytes that the texts of one column take in one batch, at most; one row is always read."""
MOST_UNPACKED = 300_000_000
"""Bytes that the columns of a part may always take in memory."""
MOST_TIMES = 1_000
"""Beyond these bytes they may take so many times the file's size."""
MOST_LISTED, LISTED_A_ROW = 4_000_000, 1_000
"""Values that the lists of a column have in one row group: so many always, beyond them so many for each of its rows.
What repeats takes no bytes: a row of a part of 7 kB can hold a list of 120 million zeros."""
_LISTED_BYTES = 16
"""Of each, at least, once it is read."""
REQUIRED = ("model", "task", "sample_digest", "occurrence", "repeat")
"""The key of a row: no part of it is ever missing."""
_SECONDS = frozenset(name for name, kind in COLUMNS.items() if kind == "double" and name.endswith("_s"))
WITHIN: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(COUNTS, (0, 2**63)),
    **dict.fromkeys(("occurrence", "repeat"), (0, 2**31)),
    **{"weight": (LIGHTEST, HEAVIEST), "score": (0.0, 1.0), "started_at": (EARLIEST, LATEST)},
    **dict.fromkeys(_SECONDS, (0.0, 1e300)),
    **dict.fromkeys((name for name, kind in COLUMNS.items() if kind == "money"), (0.0, math.inf)),
}
"""The numbers that rows may hold, by column."""
# Thrift's compact protocol: 0x15 is the next field, a number; a struct's last byte is 0.
_NUMBER = rb"[\x80-\xff]{0,4}[\x00-\x7f]"
_SIZES = rb"\x15(" + _NUMBER + rb")\x15(" + _NUMBER + rb")(?:\x15" + _NUMBER + rb")?"
_DICTIONARY = re.compile(
    rb"\x15\x04" + _SIZES + rb"[\x3c\x4c]\x15" + _NUMBER + rb"\x15" + _NUMBER + rb"[\x11\x12]?\x00\x00"
)
"""Kind 2, its sizes unpacked and packed, maybe a checksum, then how many values in which encoding, maybe sorted."""
_VALUES = re.compile(
    rb"\x15\x00" + _SIZES + rb"[\x1c\x2c](?:\x15" + _NUMBER + rb"){4}(?:\x1c(?:\x36" + _NUMBER + rb")?\x00)?\x00\x00",
)
"""Kind 0: the same, with at most the number of missing values as its statistics: those of texts quote them."""
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_MARKED = (Outcome.RIGHT.value, Outcome.WRONG.value)
"""Outcomes of answers that always have a score; an answer of a load sweep is scored without one."""
_known: dict[tuple[object, ...], int] = {}
"""`_longest` by path, size, time, inode, columns and `enough`: a sealed part is looked at once a process."""


def rows_at_once(path: Path, columns: Sequence[str] | None, schema: pa.Schema, *, most: int) -> int:
    """How many rows may be read together, at most `most`. `columns`: those that are read; None: all.

    Raises StoreError where a column is of another kind than in `schema`; what pyarrow raises for a damaged file.
    """
    wanted, about = _texts_of(path, columns, schema)
    if not wanted:
        return most
    return max(1, min(most, BATCH_BYTES // max(1, _longest_known(path, wanted, about, BATCH_BYTES // most))))


def rows_and_longest(path: Path, schema: pa.Schema) -> tuple[int, int]:
    """How many rows a part has, and the bytes of the longest text in its dictionaries, or a bound of it with which they
    cannot take more than `MOST_TIMES` the file's size. Raises as `rows_at_once`."""
    wanted, about = _texts_of(path, None, schema)
    enough = MOST_TIMES * path.stat().st_size // max(1, about.num_rows * len(schema.names))
    return about.num_rows, _longest_known(path, wanted, about, enough) if wanted else 0


def most_unpacked(size: int) -> int:
    """Bytes that the columns of a part of so many bytes may take in memory."""
    return max(MOST_UNPACKED, MOST_TIMES * size)


def bytes_of_texts(path: Path, schema: pa.Schema) -> int:
    """Bytes that all texts of a part take once they are unpacked; they are counted packed. Raises as `rows_at_once`."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names, _ = _texts_of(path, None, schema)
    total = 0
    with pq.ParquetFile(looked_at(path), read_dictionary=names) as file:
        tops = list(dict.fromkeys(name.partition(".")[0] for name in names))
        for batch in file.iter_batches(batch_size=4_096, columns=tops):
            for packed in (one for column in batch.columns for one in _packed(column)):
                total += pc.sum(pc.take(pc.binary_length(packed.dictionary), packed.indices)).as_py() or 0
    return total


def _texts_of(path: Path, columns: Sequence[str] | None, schema: pa.Schema) -> tuple[list[str], pq.FileMetaData]:
    """The columns of texts among those that are read, and the file's footer. Raises StoreError for a column of another
    kind than in `schema`."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(looked_at(path)) as file:
        for field in file.schema_arrow:
            place = schema.get_field_index(field.name)
            if place >= 0 and field.type != schema.field(place).type:
                raise StoreError(
                    f"{path} holds columns of another kind: {field.name[:80]} is {str(field.type)[:80]}, not "
                    f"{schema.field(place).type}. Restore the file.",
                    path,
                )
        about = file.metadata
    leaves = [about.schema.column(i) for i in range(len(about.schema))]
    wanted = [leaf for leaf in leaves if columns is None or leaf.path.partition(".")[0] in columns]
    _refuse_long_lists(path, about, [leaf.path for leaf in wanted if leaf.max_repetition_level])
    return [leaf.path for leaf in wanted if leaf.physical_type == "BYTE_ARRAY"], about


def _refuse_long_lists(path: Path, about: pq.FileMetaData, names: list[str]) -> None:
    """Raises StoreError where these columns, which hold lists, hold more than any of ours: one row is read at once,
    however long."""
    most, total, key = most_unpacked(path.stat().st_size), 0, ("lists", *_stamp(path), *names)
    if not names or key in _known:
        return
    with heads_of(path) as heads:
        for group in map(about.row_group, range(about.num_row_groups)):
            for column in (group.column(i) for i in range(group.num_columns)):
                n = heads.n_values(column) if column.path_in_schema in names else 0
                total += n
                if n > MOST_LISTED + LISTED_A_ROW * group.num_rows or total * _LISTED_BYTES > most:
                    raise StoreError(
                        f"{path} holds lists of {n:,} values ({column.path_in_schema:.80}), which no row of ours has, "
                        "and is not read. Restore the file.",
                        path,
                    )
    _known[key] = total


def _longest_known(path: Path, wanted: list[str], about: pq.FileMetaData, enough: int) -> int:
    key = (*_stamp(path), tuple(wanted), enough)
    if key not in _known:
        _known[key] = _longest(path, wanted, about, enough)
    return _known[key]


def _stamp(path: Path) -> tuple[object, ...]:
    stat = path.stat()
    return str(path), stat.st_size, stat.st_mtime_ns, stat.st_ino


def within(path: Path, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, which a caller keeps together. Raises StoreError where they take far more than the file's size."""
    allowed, taken = most_unpacked(path.stat().st_size), 0
    for batch in batches:
        taken += batch.nbytes
        if taken > allowed:
            raise StoreError(
                f"{path} unpacks to more than {allowed // 1_000_000:,} MB, over {MOST_TIMES:,} times its size, and is "
                "not read. Restore the file.",
                path,
            )
        yield batch


def refuse_odd(path: Path, batch: pa.RecordBatch) -> None:
    """Raises StoreError for a row without a key, with an outcome that there is not, without a score where its outcome
    has one, with more slices than a suite may have, or with a number that none has."""
    import numpy as np
    import pyarrow.compute as pc

    _refuse_beyond(path, batch)
    names = batch.schema.names
    if "slices" in names and batch.num_rows:
        most = int(np.diff(_offsets(batch.column("slices"))).max())
        if most > MOST_SLICES:
            raise StoreError(
                f"{path} holds a row with {most:,} slices, and {MOST_SLICES} are the most. Restore the file.", path
            )
    for name in {*REQUIRED, "outcome"} & set(names):
        if batch.column(name).null_count:
            raise StoreError(f"{path} holds rows without a {name}. Restore the file.", path)
    if "outcome" in names:
        odd = [str(value) for value in pc.unique(batch.column("outcome")).to_pylist() if value not in _OUTCOMES]
        if odd:
            raise StoreError(f"{path} holds the outcome {odd[0][:80]!r}, which there is not. Restore the file.", path)
        if "score" in names:
            marked = pc.is_in(batch.column("outcome"), value_set=strings(_MARKED))
            if pc.any(pc.and_(marked, pc.is_null(batch.column("score")))).as_py():
                raise StoreError(f"{path} holds an answer that was scored and has no score. Restore the file.", path)


def _offsets(maps: pa.MapArray) -> npt.NDArray[np.int32]:
    """Where the pairs of each row begin, without pyarrow's `to_numpy`, which imports pandas (`arrays`)."""
    import numpy as np

    ends = maps.offsets
    return np.frombuffer(ends.buffers()[1], dtype=np.int32, count=ends.offset + len(ends))[ends.offset :]


def _refuse_beyond(path: Path, batch: pa.RecordBatch) -> None:
    """Raises StoreError for a number that no row has: a negative count, a score above 1, a time beyond all dates."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, (least, most) in WITHIN.items():
        if name not in batch.schema.names:
            continue
        column = batch.column(name)
        if not any(is_one(column.type) for is_one in (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)):
            continue  # of another kind, which `rows_at_once` refuses
        odd = name == "started_at" and column.null_count
        found = pc.min_max(column).as_py()
        odd = odd or (pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py())
        if odd or (found["min"] is not None and not least <= found["min"] <= found["max"] <= most):
            raise StoreError(f"{path} holds a {name} that no row has. Restore the file.", path)


def _longest(path: Path, names: list[str], about: pq.FileMetaData, enough: int) -> int:
    """Bytes of the longest text in the dictionaries of these columns, which are read packed as they are; those whose
    page says that no text of theirs has more than `enough` are not read, and count with what it says."""
    import pyarrow.parquet as pq

    places = [(i, path_of) for i in range(len(about.schema)) if (path_of := about.schema.column(i).path) in names]
    found = 0
    with pq.ParquetFile(looked_at(path), read_dictionary=names, metadata=about) as file, heads_of(path) as heads:
        for group in range(about.num_row_groups):
            row_group, unclear = about.row_group(group), []
            for i, name in places:
                bound = heads.bound(row_group.column(i))
                if bound is None or bound > enough:
                    unclear.append(name.partition(".")[0])
                else:
                    found = max(found, bound)
            if not unclear:
                continue
            # One row: threads would cost more than they read.
            for batch in file.iter_batches(batch_size=1, row_groups=[group], columns=unclear, use_threads=False):
                found = max([found, *(_longest_in(texts) for one in batch.columns for texts in _dictionaries(one))])
                break
    return found


def _longest_in(texts: pa.Array) -> int:
    """Bytes of the longest of these texts."""
    import pyarrow.compute as pc

    return pc.max(pc.binary_length(texts)).as_py() or 0


def _dictionaries(array: pa.Array) -> Iterator[pa.Array]:
    return (packed.dictionary for packed in _packed(array))


def _packed(array: pa.Array) -> Iterator[pa.DictionaryArray]:
    """The arrays of a column that hold texts by a dictionary."""
    import pyarrow as pa

    if pa.types.is_dictionary(array.type):
        yield array
    elif pa.types.is_map(array.type):
        yield from _packed(array.keys)
        yield from _packed(array.items)
    elif pa.types.is_list(array.type):
        yield from _packed(array.values)


@dataclass(frozen=True, slots=True)
class PageHeads:
    """A file whose heads are read."""

    bytes: mmap.mmap

    def bound(self, column: pq.ColumnChunkMetaData) -> int | None:
        """Bytes that no text is longer than in the dictionary of a column of a row group or, where it has none, in its
        first page; None: one has to look."""
        at, first = column.dictionary_page_offset, column.data_page_offset
        if at is not None and not 0 < at < first:
            return None  # readers differ in where such a column begins
        head = (_VALUES if at is None else _DICTIONARY).match(self.bytes, first if at is None else at)
        return None if head is None else max(_number(head[1]), _number(head[2]))

    def n_values(self, column: pq.ColumnChunkMetaData) -> int:
        """Values that a reader takes of a column of a row group, missing ones included, by the heads of its pages: it
        stops behind the page with which it has as many as the footer says. Very many where a head says no number."""
        first = column.dictionary_page_offset
        at = column.data_page_offset if first is None or not 0 < first < column.data_page_offset else first
        end, n = at + column.total_compressed_size, 0
        try:
            while n < column.num_values and at < end:
                head, at = _record(self.bytes, at)
                held = [head[one][1] for one in _PAGES if one in head]
                if min(head[3], *held, 0) < 0 or (not held and head[1] != _KIND_OF_DICTIONARY):
                    return 2**62
                n, at = n + max(held, default=0), at + head[3]
        except (IndexError, KeyError, ValueError, TypeError):
            return 2**62
        return n


@contextmanager
def heads_of(path: Path) -> Iterator[PageHeads]:
    """The heads of a file. Raises OSError."""
    with open_to_read(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield PageHeads(content)


_KIND_OF_DICTIONARY = 2
_PAGES = (5, 8)
"""The fields of a head that are records of a page of values: of version 1, of version 2."""


def _record(content: mmap.mmap, at: int, *, depth: int = 0) -> tuple[dict[int, Any], int]:
    """A record in Thrift's compact protocol, its fields by number (texts left out), and where it ends. Raises
    ValueError or IndexError for what no head of a page has."""
    found: dict[int, Any] = {}
    number = 0
    while (byte := content[at]) != 0:
        kind, step, at = byte & 0x0F, byte >> 4, at + 1
        if step == 0:
            value, at = _varint(content, at)
            number = (value >> 1) ^ -(value & 1)
        else:
            number += step
        if number in found or depth > _MOST_DEPTH:
            raise ValueError("a field comes twice, or records stand in each other without an end")
        if kind in _NUMBERS:
            value, at = _varint(content, at)
            found[number] = (value >> 1) ^ -(value & 1)
        elif kind == _TEXT:
            value, at = _varint(content, at)
            found[number], at = None, at + value
        elif kind == _RECORD:
            found[number], at = _record(content, at, depth=depth + 1)
        elif kind in _TRUTHS:
            found[number] = None
        else:
            raise ValueError("a field of a kind that no head has")
    return found, at + 1


_TRUTHS, _NUMBERS, _TEXT, _RECORD, _MOST_DEPTH = (1, 2), (4, 5, 6), 8, 12, 4


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, the lowest first, and where it ends."""
    found = shift = 0
    while True:
        byte = content[at]
        found, at = found | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return found, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _number(written: bytes) -> int:
    """A number of up to 32 bits: seven of them a byte, the lowest first, its sign in the lowest of all."""
    found = 0
    for place, byte in enumerate(written):
        found |= (byte & 0x7F) << 7 * place
    return found >> 1
