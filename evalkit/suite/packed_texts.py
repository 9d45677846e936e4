"""How long the texts of a Parquet file may become, found before any of them is unpacked.

    longest_texts(source, file.metadata, "d.parquet")      # 44: what the texts of one row take at most, in bytes

A text of a dictionary stands in the file once and in every row: 8 kB can hold 500 rows of 200 MB. What the footer says
of sizes does not count these, and nobody has to tell the truth there; a page's own head is what readers allocate by.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from evalkit.errors import SuiteError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

LONGEST_TEXT = 64_000_000
"""Characters of one text."""
LARGEST_PAGE = 256_000_000
"""Bytes of a page once it is unpacked; writers make pages of a megabyte, and larger ones for a single long value."""
# A page's head in Thrift's compact protocol: its kind, then how many bytes it takes unpacked.
_HEAD = re.compile(rb"\x15[\x80-\xff]{0,4}[\x00-\x7f]\x15([\x80-\xff]{0,4}[\x00-\x7f])")
_MOST_HEAD = 16
_SHARES = "DELTA_BYTE_ARRAY"
"""An encoding in which a text says only where it differs from the one before."""


def longest_texts(source: IO[bytes], about: pq.FileMetaData, label: str) -> int:
    """Bytes that the texts of one row take at most, as far as they come from dictionaries; what is larger than any
    batch where texts share their beginnings, so that they are read row by row.

    Raises SuiteError for a page, or a text, that no file of records has.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [about.schema.column(i) for i in range(len(about.schema))]
    groups = [about.row_group(n) for n in range(about.num_row_groups)]
    for group in groups:
        for i in range(group.num_columns):
            _check_head(source, group.column(i), label)
    texts = [i for i, column in enumerate(columns) if column.physical_type == "BYTE_ARRAY"]
    if any(_SHARES in group.column(i).encodings for group in groups for i in texts):
        return 1 << 40
    packed = [i for i in texts if any(group.column(i).has_dictionary_page for group in groups)]
    if not packed:
        return 0
    longest = 0
    names = [columns[i].path for i in packed]
    tops = list(dict.fromkeys(name.partition(".")[0] for name in names))
    with pq.ParquetFile(source, read_dictionary=names) as file:
        for n in range(len(groups)):
            # One row has the whole dictionary beside it. Threads would cost more than they read.
            for batch in file.iter_batches(batch_size=1, row_groups=[n], columns=tops, use_threads=False):
                found = [_longest(one) for column in batch.columns for one in _dictionaries(column)]
                longest = max(longest, sum(found))
                if found and max(found) > LONGEST_TEXT:
                    raise SuiteError(f"{label}: holds a text of {max(found):,} bytes, and is not read")
                break
    pa.default_memory_pool().release_unused()
    return longest


def _check_head(source: IO[bytes], column: pq.ColumnChunkMetaData, label: str) -> None:
    """Raises SuiteError where the first page of a column unpacks to more than any does, or has no head."""
    places = [column.data_page_offset, *([column.dictionary_page_offset] if column.has_dictionary_page else [])]
    first = min(place for place in places if place is not None)
    source.seek(max(0, first))
    head = _HEAD.match(source.read(_MOST_HEAD))
    if column.num_values and head is None:
        raise SuiteError(
            f"{label}: is not a readable Parquet file: a page of {column.path_in_schema!r:.80} has no head"
        )
    if head is not None and (n_bytes := _number(head[1])) > LARGEST_PAGE:
        raise SuiteError(
            f"{label}: a page of {column.path_in_schema!r:.80} unpacks to {n_bytes // 1_000_000:,} MB, and is not read"
        )


def _number(written: bytes) -> int:
    """A number of up to 32 bits: seven of them a byte, the lowest first, its sign in the lowest of all."""
    found = 0
    for place, byte in enumerate(written):
        found |= (byte & 0x7F) << 7 * place
    return found >> 1


def _dictionaries(array: pa.Array) -> Iterator[pa.Array]:
    """The dictionaries in an array, those of lists, maps and groups too."""
    import pyarrow as pa

    kind = array.type
    if pa.types.is_dictionary(kind):
        yield array.dictionary
    elif pa.types.is_struct(kind):
        for inner in array.flatten():
            yield from _dictionaries(inner)
    elif pa.types.is_map(kind):
        yield from _dictionaries(array.keys)
        yield from _dictionaries(array.items)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _dictionaries(array.flatten())


def _longest(texts: pa.Array) -> int:
    import pyarrow.compute as pc

    return pc.max(pc.binary_length(texts)).as_py() or 0
