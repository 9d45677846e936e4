"""Questions to any number of runs: DuckDB in memory over their Parquet parts and running journals.

    con = connect([run_a, run_b])
    con.execute("select run, model, avg(score) from rows group by all").fetchall()
    load_run("latest")                                     # a pandas DataFrame, one line a row
    texts_of(run, [("gpt", "refunds", "3f...", 0, 0)])     # what was said, on demand

Views `rows` and `texts` have the columns of `evalkit.store.parts` and `run`, the folder's name; each row comes once. No
database file is written: what is in the folder is the store.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from evalkit.errors import StoreError
from evalkit.store import arrays, integrity, journal, part_values, parts, runs, sealing, shapes
from evalkit.store.row_codec import Key
from evalkit.store.spilling import database
from evalkit.store.stored_texts import calls_of, mapping_of, messages_of, tools_of

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import pyarrow as pa

_CATEGORIES = ("run", "model", "task", "outcome", "stop_reason", "served_model", "error_kind", "cluster")
"""Columns of few values: as categories they take a tenth of the memory and group twice as fast."""

_LOOKED_AT_BYTES = 64_000_000
"""Of all parts of a kind: larger ones may unpack to more than any memory holds."""
_YOUNGEST = 2**31 - 1
"""The age of journaled rows: above any part's number."""


_open: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()


def stop_all() -> bool:
    """Ask every query of this process to stop: it ends with DuckDB's "Query interrupted". False: no connection is open.

    Any thread may call it. A connection that is merely open is left as it is.
    """
    import duckdb

    asked = False
    for con in list(_open):
        with suppress(duckdb.Error):  # closed
            con.interrupt()
            asked = True
    return asked


def connect(folders: Sequence[Path], *, texts: bool = True) -> duckdb.DuckDBPyConnection:
    """A connection with the views `rows` and, unless told otherwise, `texts` over these runs.

    Journals of running runs are read once, now. A connection serves one thread: use `.cursor()` for others.
    Raises StoreError when a folder is no run, two have the same name, or a part is damaged or newer.
    """
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) != len(names):
        raise StoreError(f"Two of the runs have the same name ({', '.join(sorted(names))}). Rename one folder.")
    for folder in folders:
        runs.read_facts(folder)
    con = database()
    _open.add(con)
    con.execute("set parquet_metadata_cache = true")  # ten million rows have megabytes of footer; parts never change
    _view(con, "rows", folders)
    if texts:
        _view(con, "texts", folders)
    return con


def load_run(run: str | Path, results: Path | None = None) -> pd.DataFrame:
    """The rows of a run (a folder, a name or its beginning, or `latest`) as a DataFrame, without texts.

    None is missing (NaN); money is float dollars here. Raises StoreError when the run is not found or not readable.
    """
    folder = run if isinstance(run, Path) else runs.resolve_run(run, results or runs.default_results())
    with connect([folder], texts=False) as con:
        frame = con.execute("select * from rows").df()
    return frame.astype({name: "category" for name in _CATEGORIES})


def texts_of(run: Path, keys: Iterable[Key]) -> dict[Key, dict[str, object]]:
    """What was said in these rows, by key: sample_id and the text columns; prompt as messages, tools and calls
    as plain values.

    Keys that the run lacks are absent.
    """
    import pyarrow as pa

    wanted = list(keys)
    columns: list[Any] = list(zip(*wanted, strict=True)) or [()] * 5
    names, numbers = [arrays.strings(c) for c in columns[:3]], [arrays.integers(c) for c in columns[3:]]
    table = pa.table(names + numbers, names=list(parts.KEY_COLUMNS))
    keyed = ", ".join(parts.KEY_COLUMNS)
    with connect([run]) as con:
        con.register("wanted", table)
        found = con.execute(
            f"select texts.*, rows.sample_id from texts join wanted using ({keyed}) left join rows using ({keyed})"
        )
        fields = [column[0] for column in found.description or ()]
        records = [dict(zip(fields, values, strict=True)) for values in found.fetchall()]
    answers = {}
    for record in records:
        model, task, digest, occurrence, repeat = (record.pop(name) for name in parts.KEY_COLUMNS)
        record["prompt"] = messages_of(record["prompt"])
        record["raw_usage"] = mapping_of(record["raw_usage"], "raw_usage")
        record["tools"], record["calls"] = tools_of(record["tools"]) or None, calls_of(record["calls"]) or None
        stages = record["stages"]
        record["stages"] = orjson.loads(stages) if isinstance(stages, str) else None
        answers[model, task, digest, occurrence, repeat] = record
    return answers


def refuse_bombs(folder: Path) -> None:
    """Look at the parts of a run as `connect` does, which then need not: they are remembered. Raises as it does."""
    for path_of, schema in ((parts.rows_path, parts.rows_schema()), (parts.texts_path, parts.texts_schema())):
        _refuse_bombs(folder, [path_of(folder, number).resolve() for number in parts.part_numbers(folder)], schema)


def _view(con: duckdb.DuckDBPyConnection, kind: str, folders: Sequence[Path]) -> None:
    """One view over the parts of a kind and what is still in journals.

    Paths reach DuckDB as values, never inside SQL; `_sources` names each one's run and age.
    """
    import duckdb
    import pyarrow as pa

    path_of = parts.rows_path if kind == "rows" else parts.texts_path
    schema = parts.rows_schema() if kind == "rows" else parts.texts_schema()
    to_batch = parts.rows_batch if kind == "rows" else parts.texts_batch
    files: list[str] = []
    con.execute(f"create table _{kind}_sources (filename varchar, run varchar, age integer)")
    selects: list[str] = []
    repeated = False
    absent: set[str] = set()
    for folder in folders:
        run, sources = folder.resolve().name, 0
        for number in parts.part_numbers(folder):
            path = str(path_of(folder, number).resolve())
            absent |= set(schema.names) - _checked(con, Path(path))
            files.append(path)
            con.execute(f"insert into _{kind}_sources values (?, ?, ?)", [path, run, number])
            sources += 1
        _refuse_bombs(folder, [Path(one) for one in files[len(files) - sources :]], schema)
        if journal.journals(folder):
            name, rows = f"_{kind}_{len(selects)}", sealing.journaled(folder)
            batches, marks = [], integrity.marks_of(folder)
            while chunk := list(islice(rows, 4_000)):
                batches.append(to_batch(chunk))
                part_values.refuse_odd(folder, batches[-1], marks)
            con.register(name, pa.Table.from_batches(batches, schema=schema))
            con.execute(f"insert into _{kind}_sources values (?, ?, ?)", [name, run, _YOUNGEST])
            selects.append(f"select '{name}' as filename, * from {name}")
            sources += 1
        repeated |= sources > 1
    if files:
        try:
            relation = con.read_parquet([_no_glob(f) for f in files], union_by_name=True, filename=True)
            relation.create_view(f"_{kind}_parts")
        except duckdb.Error as error:
            raise StoreError(f"The parts of {folders[0]} cannot be read ({str(error).splitlines()[0]}).") from error
        selects.append(f"select * from _{kind}_parts")
    if not selects or absent:  # columns that came later than a part was written are null in it
        selects.append(f"select '' as filename, {_nulls(schema)} where false")
    one_each = f"""qualify row_number() over (
        partition by run, {", ".join(parts.KEY_COLUMNS)} order by outcome = 'errored', age desc) = 1"""
    con.execute(
        f"create view {kind} as select run, u.* exclude (filename) from ({' union all by name '.join(selects)}) u "
        f"join _{kind}_sources using (filename) {one_each if repeated else ''}"
    )


def _nulls(schema: pa.Schema) -> str:
    """A null of each column, of its type, for SQL. To register an empty table would import pandas (0.1 s)."""
    return ", ".join(f'null::{_sql_type(field.type)} as "{field.name}"' for field in schema)


def _sql_type(of: pa.DataType) -> str:
    """The DuckDB type of a stored column."""
    import pyarrow as pa

    if pa.types.is_list(of):
        return f"{_sql_type(of.value_type)}[]"
    if pa.types.is_map(of):
        return f"map({_sql_type(of.key_type)}, {_sql_type(of.item_type)})"
    if pa.types.is_decimal(of):
        return f"decimal({of.precision}, {of.scale})"
    return _SQL_TYPES[str(of)]


_SQL_TYPES = {"bool": "boolean", "double": "double", "int64": "bigint", "string": "varchar"}


def _checked(con: duckdb.DuckDBPyConnection, path: Path) -> set[str]:
    """Columns of a part. Raises StoreError when it is damaged, not ours or newer, before a view stumbles over it.

    Asked of DuckDB, which then has read the footer: that of ten million rows takes 100 MB to read once more.
    """
    import duckdb

    literal = _no_glob(str(path))
    integrity.verify(path)
    try:
        pairs = con.execute("select key, value from parquet_kv_metadata(?)", [literal]).fetchall()
        columns = con.read_parquet([literal]).columns
    except duckdb.Error as error:
        raise parts.unreadable(path, error) from error
    parts.check_version(path, {bytes(key): bytes(value) for key, value in pairs})
    parts.refuse_odd_values(path)
    return set(columns)


def _refuse_bombs(folder: Path, files: Sequence[Path], schema: pa.Schema) -> None:
    """Raises StoreError for parts whose columns are not of our kinds, or whose texts together take far more memory than
    the files have bytes. They are measured, packed as they are, only where their longest text could take so much; files
    so large that no memory would hold what they may take are not looked at.
    """
    import pyarrow as pa

    size = sum(path.stat().st_size for path in files)
    allowed = shapes.most_unpacked(size)
    try:
        if not files or size > _LOOKED_AT_BYTES:
            for path in files:
                shapes.refuse_bombs(path, schema)
            return
        found = [shapes.rows_and_longest(path, schema) for path in files]
        if sum(n_rows * longest * len(schema.names) for n_rows, longest in found) <= allowed:
            return
        taken = sum(shapes.bytes_of_texts(path, schema) for path in files)
    except (OSError, pa.ArrowException) as error:
        raise parts.unreadable(files[0], error) from error
    if taken > allowed:
        raise StoreError(
            f"{files[0]} and the parts beside it unpack to more than {allowed // 1_000_000:,} MB, over "
            f"{shapes.MOST_TIMES:,} times their size, and are not read. Restore the files of {folder}.",
            folder,
        )


def _no_glob(path: str) -> str:
    """The path with its wildcards meant literally."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
