"""Sealed parts of a run: `rows-<n>.parquet` (numbers) beside `texts-<n>.parquet` (what was said), row for row.

A part exists when its rows file does: it is renamed into place last. When two parts hold the same key (a run that was
sealed, resumed and sealed again), an answer wins over an error,
and else the later part. pyarrow is imported here, in sealing and in queries, and only
inside functions, so that a run starts without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from decimal import Decimal
from functools import cache, lru_cache, partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.reading import looked_at
from evalkit.records import Message, Outcome, Row, Stage
from evalkit.store import arrays, integrity, part_values, shapes, stage_codec
from evalkit.store.message_codec import message_record
from evalkit.store.row_codec import Key, to_json
from evalkit.store.row_kinds import COLUMNS, TEXT_COLUMNS
from evalkit.store.step_codec import read_steps, step_records
from evalkit.store.stored_texts import calls_of, mapping_of, messages_of, tools_of
from evalkit.text.numbers import whole_number

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
"""Of the columns below. Raised when a column changes meaning, not when one is added."""
VERSION_KEY = b"evalkit.schema_version"
KEY_COLUMNS = ("model", "task", "sample_digest", "occurrence", "repeat")
LOW_CARDINALITY = (
    *("model", "task", "outcome", "sample_id", "sample_digest", "target_digest", "error_kind", "stop_reason"),
    *(
        "served_model",
        "fingerprint",
        "service_tier",
        "cluster",
        "stratum",
        "extracted",
        "target",
        "reason",
        "prompt",
        "raw_usage",
    ),
    "tools",
)
"""Worth a dictionary: each sample comes once per model, the rest has few values."""

LATER = frozenset(
    {"reasoning_estimated", "billed_beside", "redacted", "weight", "stratum", "steps", "stages", "given_up"}
)
"""Columns that parts of before may lack: their values are unknown."""
_DEFAULTS: Mapping[str, object] = {
    **dict.fromkeys(("cached", "critical", "reasoning_estimated"), False),
    **{"attempts": 1, "slices": {}, "parts": {}},
}
"""What a journal line leaves out; any other value that is absent is unknown."""
_ROW_DEFAULTS: Mapping[str, Any] = {
    one.name: one.default_factory() if one.default_factory is not MISSING else one.default for one in fields(Row)
}


@cache
def rows_schema() -> pa.Schema:
    """Columns of `rows-*.parquet`: the fields of `Row` that are numbers or names."""
    return _schema(COLUMNS)


@cache
def texts_schema() -> pa.Schema:
    """Columns of `texts-*.parquet`: the row's key and what was said."""
    return _schema(TEXT_COLUMNS)


def rows_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """The numbers of these rows."""
    return _batch(rows, COLUMNS, rows_schema())


def texts_batch(rows: Sequence[Row]) -> pa.RecordBatch:
    """The texts of these rows."""
    return _batch(rows, TEXT_COLUMNS, texts_schema())


def batches_of(columns: Mapping[str, Sequence[Any]]) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """The numbers and the texts of rows that are given by field: a value for each row. A field that is not given is as
    `Row` has it where nobody says it. Raises as `records_batch`.
    """
    import pyarrow as pa

    n = len(columns["model"])
    schemas = rows_schema(), texts_schema()
    kinds = COLUMNS | TEXT_COLUMNS
    made = {
        name: _array(kind, columns[name]) if name in columns else _default(name, kind, n)
        for name, kind in kinds.items()
    }
    left, right = (pa.RecordBatch.from_arrays([made[name] for name in one.names], schema=one) for one in schemas)
    return left, right


class PartColumns:
    """Rows that are given one by one (`row_codec.column_values`), kept by field."""

    def __init__(self) -> None:
        self.n = 0
        self._values: dict[str, list[Any]] = {}

    def add(self, values: Mapping[str, Any]) -> None:
        """One more row."""
        known, n = self._values, self.n
        for name, value in values.items():
            column = known.get(name)
            if column is None:
                column = known[name] = []
            if len(column) < n:
                column += [_ROW_DEFAULTS[name]] * (n - len(column))
            column.append(value)
        self.n = n + 1

    def batches(self) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """As `batches_of`, of the rows so far, which are forgotten."""
        said, n = self._values, self.n
        for name, column in said.items():
            column.extend([_ROW_DEFAULTS[name]] * (n - len(column)))
        self._values, self.n = {}, 0
        return batches_of(said)


def records_batch(records: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pa.RecordBatch:
    """These columns of journaled records (`row_codec.read_record`), as a part would have them.

    Raises TypeError, ValueError, AttributeError or ArithmeticError for a value that no column holds.
    """
    import pyarrow as pa

    built = []
    for name in columns:
        kind = COLUMNS[name]
        values = [record.get(name, _DEFAULTS.get(name)) for record in records]
        if kind == "money":
            values = [None if value is None else Decimal(value) for value in values]
        built.append(_BUILD[kind](values))
    return pa.RecordBatch.from_arrays(built, schema=pa.schema([rows_schema().field(name) for name in columns]))


def part_numbers(folder: Path) -> list[int]:
    """Numbers of the sealed parts, oldest first: for whoever reads rows. Raises StoreError where one is gone, or its
    texts are: what is left would be read as all."""
    integrity.refuse_loss(folder)
    return numbers_there(folder)


def numbers_there(folder: Path) -> list[int]:
    """The same of the files that are there, whatever was sealed."""
    found = (re.fullmatch(r"rows-([1-9][0-9]*)\.parquet", p.name) for p in folder.glob("rows-*.parquet"))
    return sorted(int(m[1]) for m in found if m)


def rows_path(folder: Path, number: int) -> Path:
    """The numbers of a part."""
    return folder / f"rows-{number}.parquet"


def texts_path(folder: Path, number: int) -> Path:
    """The texts of a part."""
    return folder / f"texts-{number}.parquet"


def read_columns(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """A part file in batches. Raises StoreError when it is damaged, missing, from a newer evalkit, or holds values that
    no row has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    refuse_odd_values(path)
    try:
        there, schema = _columns_of(path, columns)
        # Whole records carry texts of any length; a few columns are small, and callers keep them.
        size = shapes.rows_at_once(path, there or columns, schema, most=1 << 9 if columns is None else 1 << 14)
        with pq.ParquetFile(looked_at(path), page_checksum_verification=True) as file:
            batches = file.iter_batches(batch_size=size, columns=there)
            for batch in batches if columns is None else shapes.within(path, batches):
                if path.name.startswith("texts-"):  # of numbers the whole file was looked at
                    part_values.refuse_odd(path, batch)
                yield batch if columns is None or len(there) == len(columns) else _widened(batch, columns, schema)
            pa.default_memory_pool().release_unused()
    except (OSError, pa.ArrowException, KeyError) as error:
        raise unreadable(path, error) from error


def refuse_odd_values(path: Path) -> None:
    """Raises StoreError for a part that is not what was sealed, is from a newer evalkit, or is one of numbers with a
    value that no row has: the whole file is looked at, once for as long as it does not change."""
    integrity.verify(path)
    if not path.name.startswith("texts-"):
        part_values.refuse_odd_part(path, partial(_values, path), integrity.marks_of(path.parent))


def _values(path: Path) -> Iterator[pa.RecordBatch]:
    """The columns of a part in which a value can be odd. Texts stay packed: only their outcomes and missing ones matter
    here."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        there, _ = _columns_of(path, part_values.LOOKED_AT)
        texts, about = shapes.texts_of(path, there, rows_schema())
        with pq.ParquetFile(path, metadata=about, read_dictionary=texts, page_checksum_verification=True) as file:
            yield from file.iter_batches(batch_size=1 << 16, columns=there)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise unreadable(path, error) from error


def _columns_of(path: Path, columns: Sequence[str] | None) -> tuple[list[str], pa.Schema]:
    """Those of the columns that a part has, all of its schema where none are named, and that schema. Raises StoreError
    where it lacks one that it must have, or is none of ours, and what pyarrow raises."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(looked_at(path)) as file:
        found = file.schema_arrow  # made anew each time that it is asked for
    check_version(path, found.metadata)
    schema = texts_schema() if path.name.startswith("texts-") else rows_schema()
    there = [name for name in (schema.names if columns is None else columns) if name in found.names]
    absent = [name for name in columns or () if name not in there and name not in LATER]
    if absent:
        raise StoreError(f"{path} lacks the columns {', '.join(absent)}. Restore the file.", path)
    return there, schema


def _widened(batch: pa.RecordBatch, columns: Sequence[str], schema: pa.Schema) -> pa.RecordBatch:
    """The batch with the columns asked for, in their order; those that it lacks hold no value."""
    import pyarrow as pa

    fields = [schema.field(name) for name in columns]
    made = [
        batch.column(one.name) if one.name in batch.schema.names else pa.nulls(batch.num_rows, one.type)
        for one in fields
    ]
    return pa.RecordBatch.from_arrays(made, names=list(columns))


def unreadable(path: Path, error: Exception) -> StoreError:
    """The error for a part that pyarrow could not read."""
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StoreError(
        f"{path} cannot be read ({why}). Restore the file, or run the suite again with --new: cached answers cost "
        "nothing.",
        path,
    )


def check_version(path: Path, metadata: dict[bytes, bytes] | None) -> None:
    """Raises StoreError when a part is not ours, or written by an evalkit that knows more than this one."""
    version = (metadata or {}).get(VERSION_KEY)
    known = None if version is None else whole_number(version)
    if known is None:
        raise StoreError(f"{path} was not written by evalkit. Move it out of the results folder.", path)
    if known > SCHEMA_VERSION:
        raise StoreError(f"{path} was written by a newer evalkit (schema {known}). Upgrade to read it.", path)


def iter_keys(folder: Path) -> Iterator[tuple[Key, str, Decimal | None, str | None, int, float]]:
    """Key, outcome, spend, kind of error, attempts given up and seconds before the last attempt of every sealed row,
    oldest part first; imports pyarrow only when there is one."""
    wanted = (*KEY_COLUMNS, "outcome", "spend_usd", "error_kind", "given_up", "retry_s")
    for number in part_numbers(folder):
        for batch in read_columns(rows_path(folder, number), wanted):
            columns = [batch.column(name).to_pylist() for name in wanted]
            for model, task, digest, occurrence, repeat, outcome, spend, kind, n, waited in zip(*columns, strict=True):
                yield (model, task, digest, occurrence, repeat), outcome, spend, kind, n or 0, waited or 0.0


def iter_sealed(folder: Path) -> Iterator[Row]:
    """Every sealed row, whole, oldest part first, superseded ones included. Raises StoreError on damage."""
    for number in part_numbers(folder):
        rows, texts = rows_path(folder, number), texts_path(folder, number)
        pairs = zip(_records(rows), _records(texts), strict=True)
        while True:
            try:
                record, said = next(pairs)
                row = _row(record | said)
            except StopIteration:
                break
            except (StoreError, ValueError, TypeError, LookupError, AttributeError) as error:
                if isinstance(error, StoreError) and error.path is not None:
                    raise  # of a file as a whole; else of a value, or one file holds fewer rows
                raise unreadable(Path(f"{rows} with {texts.name}"), error) from error
            yield row


def _records(path: Path) -> Iterator[dict[str, object]]:
    for batch in read_columns(path):
        yield from batch.to_pylist()


@cache
def _types() -> dict[str, pa.DataType]:
    """Arrow's type of each kind of column."""
    import pyarrow as pa

    return {
        **dict.fromkeys(("string", "json", "steps", "stages"), pa.string()),
        **{"double": pa.float64(), "bool": pa.bool_()},
        **{"int64": pa.int64(), "money": pa.decimal128(arrays.MONEY_DIGITS, arrays.MONEY_PLACES)},
        **{"map_string": pa.map_(pa.string(), pa.string()), "map_double": pa.map_(pa.string(), pa.float64())},
        **{"list_double": pa.list_(pa.float64()), "list_string": pa.list_(pa.string())},
    }


def _schema(types: dict[str, str]) -> pa.Schema:
    import pyarrow as pa

    columns = [pa.field(name, _types()[kind]) for name, kind in types.items()]
    return pa.schema(columns, metadata={VERSION_KEY: str(SCHEMA_VERSION).encode()})


_BUILD: dict[str, Callable[[list[Any]], Any]] = {
    **{"string": arrays.strings, "double": arrays.floats, "int64": arrays.integers, "bool": arrays.booleans},
    **{"money": arrays.money, "map_string": arrays.string_maps, "map_double": arrays.float_maps},
    **{"list_double": arrays.float_lists, "list_string": arrays.string_lists},
    "json": lambda values: arrays.strings([None if v is None else _json(v) for v in values]),
    "steps": lambda values: arrays.strings([None if v is None else to_json(step_records(v)).decode() for v in values]),
    "stages": lambda values: arrays.strings([None if v is None else _stages(v) for v in values]),
}


_MAY_BE_ABSENT = frozenset(_BUILD) - {"bool", "map_string", "map_double", "list_string"}


def _batch(rows: Sequence[Row], types: dict[str, str], schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    columns = [_array(kind, list(map(attrgetter(name), rows))) for name, kind in types.items()]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(kind: str, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    # Many columns are empty: no run has all that a row may hold.
    absent = kind in _MAY_BE_ABSENT and values.count(None) == len(values)
    return pa.nulls(len(values), _types()[kind]) if absent else _BUILD[kind](list(values))


@lru_cache(maxsize=200)
def _default(name: str, kind: str, n: int) -> pa.Array:
    """So often what `Row` has where nobody says it."""
    return _array(kind, [_ROW_DEFAULTS[name]] * n)


def _json(value: object) -> str:
    if isinstance(value, tuple):  # messages, tools, calls
        value = [
            message_record(record)
            if type(record) is Message
            else {name: getattr(record, name) for name in record.__slots__}
            for record in value
        ]
    return to_json(value).decode()


def _stages(value: Iterable[Stage]) -> str:
    return to_json(stage_codec.as_json(value)).decode()


def _row(record: dict[str, Any]) -> Row:
    import orjson

    tools, calls = record.get("tools"), record.get("calls")  # parts of before there were tools have no such columns
    return Row(
        **record
        | {
            "outcome": Outcome(record["outcome"]),
            "slices": dict(record["slices"] or ()),
            "parts": dict(record["parts"] or ()),
            "prompt": messages_of(record["prompt"]),
            "tools": None if tools is None else tools_of(tools),
            "calls": None if calls is None else calls_of(calls),
            "raw_usage": mapping_of(record["raw_usage"], "raw_usage"),
            "logliks": None if record["logliks"] is None else tuple(record["logliks"]),
            "dropped": tuple(record["dropped"] or ()),
            "steps": None if record.get("steps") is None else read_steps(orjson.loads(record["steps"])),
            "stages": None if record.get("stages") is None else stage_codec.from_json(orjson.loads(record["stages"])),
        }
    )
