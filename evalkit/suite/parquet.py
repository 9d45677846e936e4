"""Records of a Parquet file, as JSON has them: short floats, ISO dates, decimals as text, bytes as an identity.

q: string, a: float (32 bits)      ->  {"q": "b", "a": 0.1}        not 0.10000000149011612
"""

from __future__ import annotations

import hashlib
import math
import re
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, cast

from evalkit.errors import SuiteError
from evalkit.suite.rendering import Binary

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


MOST_UNPACKED = 300_000_000
"""Bytes of columns that a file may always hold."""
MOST_TIMES = 1_000
"""Beyond these bytes it may hold so many times its own size."""
TIMES_ON_DISK = 100
"""As MOST_TIMES, where all that it holds is written to the disk."""
MOST_ROWS = 2_000_000
"""Rows that a file may always hold; beyond them as many as it has bytes."""
MOST_VALUES, VALUES_TIMES = 20_000_000, 100
"""Values, those inside lists too: so many always, beyond them so many times the file's bytes. What repeats takes no
bytes in a Parquet file: one of a megabyte can hold a billion rows."""
LARGEST_BATCH = 256_000_000
"""Bytes of the records that are in memory together."""
LONGEST_TEXT = 64_000_000
"""Characters of one text."""
LARGEST_PAGE = 256_000_000
"""Bytes of a page once it is unpacked; writers make pages of a megabyte, and larger ones for a single long value."""
# A page's head in Thrift's compact protocol: its kind, then how many bytes it takes unpacked.
_HEAD = re.compile(rb"\x15[\x80-\xff]{0,4}[\x00-\x7f]\x15([\x80-\xff]{0,4}[\x00-\x7f])")
_MOST_HEAD = 16
_SHARES = "DELTA_BYTE_ARRAY"
"""An encoding in which a text says only where it differs from the one before."""
_ROWS = 64


def read_parquet(source: IO[bytes], label: str, size: int) -> Iterator[tuple[int, dict[str, object]]]:
    """Every record with its row, from 1. `size` is the file's, in bytes.

    Raises SuiteError for a file that is no Parquet file, has two columns of one name, or would fill the memory.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source) as file:
            _check_names(file.schema_arrow, "", label)
            check_size(file.metadata, size, label)
            short = {field.name: field.type for field in file.schema_arrow if _has_short_floats(field.type)}
            number = n_chars = 0
            for batch in _batches(file, label, _longest_texts(source, file.metadata, label)):
                for record in _listed(batch, number, label):
                    number += 1
                    longest, here = _lengths(record)
                    n_chars += here
                    if longest > LONGEST_TEXT:
                        raise SuiteError(f"{label} row {number:,}: holds a text of {longest:,} characters")
                    if n_chars > max(MOST_UNPACKED, MOST_TIMES * size):  # one long text, named by many rows
                        raise SuiteError(
                            f"{label}: its texts and bytes are more than {MOST_TIMES:,} times its size; it is not read"
                        )
                    for name, kind in short.items():
                        record[name] = _shortened(record[name], kind)
                    yield number, {name: plain(value) for name, value in record.items()}
    except pa.ArrowException as error:
        raise SuiteError(f"{label}: is not a readable Parquet file: {str(error).splitlines()[0]}") from error


def check_unpacked(source: IO[bytes], label: str, size: int) -> None:
    """Raises SuiteError where what a file of `size` bytes holds is far more than that; no record is made of it. For a
    reader that has no bounds of its own, and writes what it reads to the disk."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        check_size(file.metadata, size, label)
        total = 0
        for batch in _batches(file, label, _longest_texts(source, file.metadata, label)):
            total += batch.nbytes
            if total > max(MOST_UNPACKED, TIMES_ON_DISK * size):
                raise SuiteError(
                    f"{label}: unpacks to over {total // 1_000_000:,} MB, more than {TIMES_ON_DISK} times its size, "
                    "and is not read"
                )


def _lengths(value: object) -> tuple[int, int]:
    """Characters of the longest text in a value, and of all its texts and bytes together, in lists and groups too."""
    if isinstance(value, str):
        return len(value), len(value)
    if isinstance(value, bytes):  # spelt as its digest, and one value that all rows share is digested in each
        return 0, len(value)
    if isinstance(value, dict):
        value = list(value.values())  # names of columns are not in the rows
    if not isinstance(value, list | tuple):
        return 0, 0
    longest = total = 0
    for one in value:
        if isinstance(one, str | bytes | list | tuple | dict):
            of_one, here = _lengths(one)
            longest, total = max(longest, of_one), total + here
    return longest, total


def plain(value: object) -> Any:
    """A Parquet value as JSON has it: dates as ISO text, decimals as text, bytes as their sha256 (an identity)."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return Binary(f"sha256:{hashlib.sha256(value).hexdigest()}")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _batches(file: pq.ParquetFile, label: str, longest: int) -> Iterator[pa.RecordBatch]:
    """The file's rows, fewer at a time where they are long. `longest`: bytes that the texts of one row may take."""
    rows = _ROWS
    widest = max((_row_bytes(file.metadata.row_group(i)) for i in range(file.metadata.num_row_groups)), default=0)
    widest = max(widest, longest)
    if widest * rows > LARGEST_BATCH:
        rows = max(1, LARGEST_BATCH // max(1, widest))
    for batch in file.iter_batches(batch_size=rows):
        if batch.nbytes > 4 * LARGEST_BATCH:
            raise SuiteError(
                f"{label}: {batch.num_rows:,} of its rows take {batch.nbytes // 1_000_000:,} MB of memory; records are "
                "questions, so this can only be a mistake"
            )
        yield batch


def _listed(batch: pa.RecordBatch, before: int, label: str) -> list[dict[str, object]]:
    """The rows of a batch. Raises SuiteError for values that are none in Python, like dates beyond the year 9999."""
    try:
        rows: list[dict[str, object]] = batch.to_pylist()
    except (ValueError, OverflowError) as error:
        raise SuiteError(
            f"{label} rows {before + 1:,} to {before + batch.num_rows:,}: hold a value that cannot be read, like a "
            f"date beyond the year 9999: {str(error).splitlines()[0][:200]}"
        ) from error
    return rows


def _row_bytes(group: pq.RowGroupMetaData) -> int:
    return int(group.total_byte_size // max(1, group.num_rows))


def check_size(metadata: pq.FileMetaData, size: int, label: str) -> None:
    """Raises SuiteError where a file of `size` bytes says that it holds far more than that. `metadata`: pyarrow's."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    if metadata.num_rows > max(MOST_ROWS, size):
        raise SuiteError(f"{label}: holds {metadata.num_rows:,} rows in {size:,} bytes, and is not read")
    values = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
    if values > max(MOST_VALUES, VALUES_TIMES * size):
        raise SuiteError(f"{label}: holds {values:,} values in {size:,} bytes, and is not read")
    total = sum(group.total_byte_size for group in groups)
    if total > max(MOST_UNPACKED, MOST_TIMES * size):
        raise SuiteError(
            f"{label}: unpacks to {total // 1_000_000:,} MB, more than {MOST_TIMES:,} times its size, and is not read"
        )


def _check_names(fields: Iterable[pa.Field], inside: str, label: str) -> None:
    """Refuse two columns of one name, also inside a struct: only one of them could be read."""
    names = [field.name for field in fields]
    twice = next((name for name, n in Counter(names).items() if n > 1), None)
    if twice is not None:
        raise SuiteError(f"{label}: the column {inside + twice!r} stands there twice; give one of them another name")
    for field in fields:
        for kind in _structs(field.type):
            _check_names(list(kind), f"{inside}{field.name}.", label)


def _structs(kind: pa.DataType) -> Iterator[pa.StructType]:
    """The struct in this type, itself or inside lists."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        yield kind
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from _structs(kind.value_type)


def _has_short_floats(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return True
    return any(_has_short_floats(kind.field(i).type) for i in range(kind.num_fields))


def _shortened(value: object, kind: pa.DataType) -> object:  # noqa: PLR0911  # one return for each kind of value
    """The value with each float of 32 or 16 bits as the shortest number that is the same in so many bits."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_float32(kind):
        return _shortest(cast("float", value), "f")
    if pa.types.is_float16(kind):
        return _shortest(float(cast("float", value)), "e")
    if isinstance(value, dict):
        kinds = {field.name: field.type for field in kind}
        return {name: _shortened(item, kinds[name]) for name, item in value.items()}
    if pa.types.is_map(kind):
        pairs = cast("list[tuple[object, object]]", value)
        return [(_shortened(key, kind.key_type), _shortened(item, kind.item_type)) for key, item in pairs]
    if isinstance(value, list):
        return [_shortened(item, kind.value_type) for item in value]
    return value


def _shortest(value: float, bits: str) -> float:
    packed = struct.pack(bits, value)
    for digits in range(3, 9):
        found = float(f"{value:.{digits}g}")
        try:
            if struct.pack(bits, found) == packed:
                return found
        except OverflowError:
            continue
    return float(f"{value:.9g}") if math.isfinite(value) else value


def _longest_texts(source: IO[bytes], about: pq.FileMetaData, label: str) -> int:
    """Bytes that the texts of one row take at most, as far as they come from dictionaries; what is larger than any
    batch where texts share their beginnings, so that they are read row by row.

    A text of a dictionary stands in the file once and in every row: 8 kB can hold 500 rows of 200 MB. What the footer
    says of sizes does not count these, and nobody has to tell the truth there; a page's own head is what readers
    allocate by.

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
