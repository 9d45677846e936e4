"""The rows of a run as an Arrow table or a pandas frame: one row a sample x model x repeat, each key once.

    read_rows(folder, ["model", "task", "score"])      # pa.Table
    as_frame(read_rows(folder, text=True))             # pandas, with what was asked and answered

Columns have the names of `evalkit.records.Row`. Missing values are null in Arrow and NaN (or None) in pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import StoreError, UserError
from evalkit.frozen import dataclass
from evalkit.store import parts, queries
from evalkit.suite.wording import near

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_KEY = parts.KEY_COLUMNS
_ORDER = (
    "list_position(?::varchar[], r.model), r.model, list_position(?::varchar[], r.task), r.task, "
    "try_cast(r.sample_id as bigint), r.sample_id, r.sample_digest, r.occurrence, r.repeat"
)
_CATEGORIES = ("model", "task", "outcome", "stop_reason", "served_model", "error_kind", "cluster")
"""Columns of few values: as categories they take a tenth of the memory and group twice as fast."""


@dataclass(frozen=True, slots=True)
class RowOrder:
    """Rows by model and task as listed here, then by sample (numbers by size, other ids by letters) and repeat: rows of
    two models that answered the same samples stand in the same order."""

    models: tuple[str, ...]
    tasks: tuple[str, ...]


def columns_of_rows() -> list[str]:
    """Columns that hold numbers and names."""
    return list(parts.rows_schema().names)


def columns_of_texts() -> list[str]:
    """Columns that hold what was asked and answered: prompt, text, reasoning, extracted, target, reason ..."""
    own = set(columns_of_rows())
    return [name for name in parts.texts_schema().names if name not in own]


def read_rows(
    folder: Path,
    columns: Sequence[str] | None = None,
    *,
    text: bool = False,
    model: str | None = None,
    order: RowOrder | None = None,
) -> pa.Table:
    """The rows of a run, sealed or still running. Their order is not promised without `order`.

    `columns`: names in the order wanted; None takes every column of numbers, and with `text` every column of texts too.
    `prompt`, `tools`, `calls` and `raw_usage` are JSON texts. `cost_usd` and `spend_usd` are decimals of US dollars.

    Raises UserError for an unknown column, StoreError when the run cannot be read.
    """
    import duckdb

    numbers, texts = columns_of_rows(), columns_of_texts()
    wanted = list(columns) if columns is not None else [*numbers, *(texts if text else ())]
    unknown = [name for name in wanted if name not in numbers and name not in texts]
    if unknown:
        raise UserError(f"Rows have no column {unknown[0]!r}; {near(unknown[0], [*numbers, *texts])}")
    joins = any(name in texts for name in wanted)
    selected = ", ".join(f't."{name}"' if name in texts else f'r."{name}"' for name in wanted) or "r.model"
    keys = " and ".join(f"r.{name} = t.{name}" for name in _KEY)
    joined = f"left join texts t on {keys}" if joins else ""
    values: list[object] = [] if model is None else [model]
    where = "where r.model = ?" if values else ""
    if order is not None:
        where += f" order by {_ORDER}"
        values += [list(order.models), list(order.tasks)]
    with queries.connect([folder], texts=joins) as con:
        try:
            # `joined` and `selected` are made of column names that were checked above.
            query = f"select {selected} from rows r {joined} {where}"
            found: pa.Table = con.sql(query, params=values).to_arrow_table()
        except duckdb.Error as error:
            raise StoreError(f"The rows of {folder} cannot be read ({str(error).splitlines()[0]}).", folder) from error
    return found


def as_frame(table: pa.Table) -> pd.DataFrame:
    """The table in pandas. Money is float dollars; each slice and each part of a score has a column of its own.

    The columns are called `slice.NAME` and `part.NAME`. Names that repeat often are categories.
    """
    import pyarrow as pa

    kept = table
    for name, kind in (("cost_usd", pa.float64()), ("spend_usd", pa.float64())):
        if name in kept.column_names:
            kept = kept.set_column(kept.column_names.index(name), name, kept[name].cast(kind))
    maps = [name for name in ("slices", "parts") if name in kept.column_names]
    frame: pd.DataFrame = kept.drop_columns(maps).to_pandas()
    frame = frame.astype({name: "category" for name in _CATEGORIES if name in frame.columns})
    for name in maps:
        rows = [dict(pairs or ()) for pairs in table[name].to_pylist()]
        for key in dict.fromkeys(key for row in rows for key in row):
            frame[f"{name.removesuffix('s')}.{key}"] = [row.get(key) for row in rows]
    return frame
