"""The rows of one model of a run as Arrow columns: what a comparison reads, at a million rows in a second or two.

    table = model_rows(folder, "gpt")        # pa.Table: task, sample_digest, ..., score, outcome, cost_usd, ...

Each key comes once: an answer wins over an error, and else the later part (as `parts` says). No `Row` is made, no text
is read, and pandas is not imported.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.records import Outcome
from evalkit.store import arrays, journal, parts, sealing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

COLUMNS = (
    *("task", "sample_digest", "target_digest", "occurrence", "repeat", "outcome", "score", "cached", "critical"),
    *("ttft_s", "ttfr_s", "tpot_s", "total_s", "cost_usd", "served_model", "cluster", "slices"),
)
"""What a comparison needs of a row."""


def model_rows(folder: Path, model: str) -> pa.Table:
    """The rows of a model, each key once; empty when it has none. Raises StoreError when the run cannot be read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = parts.rows_schema()
    fields = [schema.field(name) for name in COLUMNS]
    wanted = arrays.strings([model])[0]  # a plain str here would make pyarrow import pandas
    sources = []
    for number in parts.part_numbers(folder):
        path = parts.rows_path(folder, number)
        batches = []
        for batch in parts.read_columns(path, ("model", *COLUMNS)):
            try:
                kept = batch.filter(pc.equal(batch.column("model"), wanted))
            except pa.ArrowException as error:
                raise _odd(path, error) from error
            if kept.num_rows:
                batches.append(kept.select(list(COLUMNS)))
        sources.append(_table(batches, fields, path))
    if journal.journals(folder):
        rows = sealing.journaled(folder)
        batches = []
        while chunk := list(islice(rows, 4_000)):
            of_model = [row for row in chunk if row.model == model]
            batches.append(parts.rows_batch(of_model).select(list(COLUMNS)))
        sources.append(_table(batches, fields, folder))
    table = pa.concat_tables(sources) if sources else pa.schema(fields).empty_table()
    return _one_each(table) if len(sources) > 1 else table


def names_codes(columns: list[pa.ChunkedArray]) -> list[npt.NDArray[np.int64]]:
    """Several columns of names under one codebook, which stays in Arrow: equal names have equal codes, None is -1."""
    import numpy as np
    import pyarrow as pa

    chunks = [chunk for column in columns for chunk in column.chunks]
    if not chunks:
        return [np.zeros(0, dtype=np.int64) for _ in columns]
    encoded = pa.chunked_array(chunks).dictionary_encode()
    indices = [_codes(chunk.indices) for chunk in encoded.chunks]
    joined = np.concatenate(indices)
    ends = np.cumsum([len(column) for column in columns])[:-1]
    return list(np.split(joined, ends))


def labels_codes(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """A column of few names: the names, and for each row its place among them (-1: None)."""
    import numpy as np

    book: dict[str, int] = {}
    codes = [arrays.to_codes(chunk, book) for chunk in column.chunks]
    return list(book), np.concatenate([np.zeros(0, dtype=np.int32), *codes]).astype(np.int64)


def floats(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Numbers, booleans or money as floats; NaN where a value is missing."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_decimal(column.type):
        column = pc.cast(column, pa.float64())
    return np.concatenate([np.zeros(0), *(arrays.to_floats(chunk) for chunk in column.chunks if len(chunk))])


def joint(*columns: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """One number for each combination of values (at least -1) that occurs."""
    import numpy as np

    made = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values = column.astype(np.int64)
        width = int(values.max(initial=0)) + 2
        if width > 2:  # a column of one value tells nothing apart
            if int(made.max(initial=0)) > 2**62 // width:
                made = np.unique(made, return_inverse=True)[1].astype(np.int64)
            made = made * width + values + 1
    return made


def _codes(indices: pa.Array) -> npt.NDArray[np.int64]:
    import numpy as np

    places = arrays.to_floats(indices)
    places[np.isnan(places)] = -1
    return places.astype(np.int64)


def _table(batches: list[pa.RecordBatch], fields: list[pa.Field], path: Path) -> pa.Table:
    import pyarrow as pa

    schema = pa.schema(fields)
    try:
        return pa.Table.from_batches([batch.cast(schema) for batch in batches], schema=schema)
    except pa.ArrowException as error:
        raise _odd(path, error) from error


def _odd(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path} holds columns of another kind ({str(error).splitlines()[0]}).", path)


def _one_each(table: pa.Table) -> pa.Table:
    """Of the rows of one key the last, answers before errors."""
    import numpy as np
    import pyarrow.compute as pc

    (task,) = names_codes([table["task"]])
    (digest,) = names_codes([table["sample_digest"]])
    keys = joint(task, digest, floats(table["occurrence"]), floats(table["repeat"]))
    errored = floats(pc.equal(table["outcome"], arrays.strings([Outcome.ERRORED.value])[0])) == 1
    order = np.concatenate((np.flatnonzero(errored), np.flatnonzero(~errored)))[::-1]
    last = np.sort(order[np.unique(keys[order], return_index=True)[1]])
    return table if len(last) == table.num_rows else table.take(arrays.integers(last.tolist()))
