"""How a part file may be read: its columns are of our kinds, and a batch of it fits into memory.

    size = rows_at_once(path, ("model", "score"), parts.rows_schema(), most=1 << 14)

Whoever may write the results folder can write Parquet files of a few kilobytes whose one text stands in every row (a
dictionary): 16,000 rows of 2 MB are 33 GB once they are read.

What a footer says of sizes is not believed: nothing stops whoever writes a file from lying there. The heads of pages
(`page_heads`), by which readers allocate, say how much a column unpacks to and how many values its lists hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import StoreError
from evalkit.reading import looked_at
from evalkit.store.page_heads import heads_of

if TYPE_CHECKING:
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
_PAGES_TIMES = 2
"""A long prompt that is the same in all rows packs to a 700th."""
_LISTED_BYTES = 16
"""Of each, at least, once it is read."""
_known: dict[tuple[object, ...], int] = {}
"""`_longest` by path, size, time, inode, columns and `enough`: a sealed part is looked at once a process."""


def rows_at_once(path: Path, columns: Sequence[str] | None, schema: pa.Schema, *, most: int) -> int:
    """How many rows may be read together, at most `most`. `columns`: those that are read; None: all.

    Raises StoreError where a column is of another kind than in `schema`; what pyarrow raises for a damaged file.
    """
    wanted, about = texts_of(path, columns, schema)
    if not wanted:
        return most
    return max(1, min(most, BATCH_BYTES // max(1, _longest_known(path, wanted, about, BATCH_BYTES // most))))


def rows_and_longest(path: Path, schema: pa.Schema) -> tuple[int, int]:
    """How many rows a part has, and the bytes of the longest text in its dictionaries, or a bound of it with which they
    cannot take more than `MOST_TIMES` the file's size. Raises as `rows_at_once`."""
    wanted, about = texts_of(path, None, schema)
    enough = MOST_TIMES * path.stat().st_size // max(1, about.num_rows * len(schema.names))
    return about.num_rows, _longest_known(path, wanted, about, enough) if wanted else 0


def refuse_bombs(path: Path, schema: pa.Schema) -> None:
    """Raises StoreError for a part that `rows_and_longest` refuses, without a look at its texts."""
    texts_of(path, None, schema)


def most_unpacked(size: int) -> int:
    """Bytes that the columns of a part of so many bytes may take in memory."""
    return max(MOST_UNPACKED, MOST_TIMES * size)


def bytes_of_texts(path: Path, schema: pa.Schema) -> int:
    """Bytes that all texts of a part take once they are unpacked; they are counted packed. Raises as `rows_at_once`."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names, _ = texts_of(path, None, schema)
    total = 0
    with pq.ParquetFile(looked_at(path), read_dictionary=names) as file:
        tops = list(dict.fromkeys(name.partition(".")[0] for name in names))
        for batch in file.iter_batches(batch_size=4_096, columns=tops):
            for packed in (one for column in batch.columns for one in _packed(column)):
                total += pc.sum(pc.take(pc.binary_length(packed.dictionary), packed.indices)).as_py() or 0
    return total


def texts_of(path: Path, columns: Sequence[str] | None, schema: pa.Schema) -> tuple[list[str], pq.FileMetaData]:
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
    _refuse_bombs(path, about, {leaf.path: bool(leaf.max_repetition_level) for leaf in wanted})
    return [leaf.path for leaf in wanted if leaf.physical_type == "BYTE_ARRAY"], about


def _refuse_bombs(path: Path, about: pq.FileMetaData, of_lists: Mapping[str, bool]) -> None:
    """Raises StoreError where the pages of these columns (by name, whether it holds lists) unpack to far more than the
    file has, or lists hold more values than any of ours: one row is read at once, however long."""
    most, n_bytes, key = _PAGES_TIMES * most_unpacked(path.stat().st_size), 0, ("pages", *stamp_of(path), *of_lists)
    if key in _known:
        return
    with heads_of(path) as heads:
        for group in map(about.row_group, range(about.num_row_groups)):
            for column in (group.column(i) for i in range(group.num_columns)):
                lists = of_lists.get(column.path_in_schema)
                if lists is None:
                    continue
                n, unpacked = heads.sizes(column)
                n_bytes += max(unpacked, n * _LISTED_BYTES * lists)
                if lists and n > MOST_LISTED + LISTED_A_ROW * group.num_rows:
                    raise _bomb(path, f"lists of {n:,} values ({column.path_in_schema:.80})")
                if n_bytes > most:
                    raise _bomb(path, f"pages that unpack to more than {most // 1_000_000:,} MB")
    _known[key] = n_bytes


def _bomb(path: Path, what: str) -> StoreError:
    return StoreError(f"{path} holds {what}, which no part of ours does, and is not read. Restore the file.", path)


def _longest_known(path: Path, wanted: list[str], about: pq.FileMetaData, enough: int) -> int:
    key = (*stamp_of(path), tuple(wanted), enough)
    if key not in _known:
        _known[key] = _longest(path, wanted, about, enough)
    return _known[key]


def stamp_of(path: Path) -> tuple[object, ...]:
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
