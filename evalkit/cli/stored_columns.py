"""The rows of a run in columns, as a bill and derived figures need them: numbers and codes, no object a row.

rows = columns_of(folder)           # None: they are read row by row (`stored_answers.answers_of`)
rows.labels["model"], rows.codes["model"], rows.billed.counts["input"]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evalkit.cli.stored_answers import COUNT_COLUMNS
from evalkit.cost.column_bill import BilledColumns, Rows
from evalkit.records import Outcome
from evalkit.store import arrays, table
from evalkit.store.row_kinds import LATEST

_NAMES = ("model", "task", "sample_digest", "cluster", "stratum", "outcome", "service_tier", "billed_beside")
_FLOATS = ("score", "started_at", "weight")
_WHOLE = (
    *("occurrence", "repeat", "cached", "attempts", "reasoning_tokens", "reasoning_estimated"),
    *COUNT_COLUMNS.values(),
)
_MONEY = ("cost_usd", "spend_usd")
_COLUMNS = (*_NAMES, *_FLOATS, *_WHOLE, *_MONEY, "error_kind")


@dataclass(frozen=True, slots=True)
class StoredColumns:
    """Every row of a run once, by task, sample and repeat within each model."""

    labels: dict[str, list[Any]]
    codes: dict[str, table.Codes]
    """int[n] by column of names: a place in its labels, -1 where a row has none."""
    floats: dict[str, table.Floats]
    """float64[n] by column, NaN where a row has none; `started_at` is 0 where nobody says when."""
    occurrence: table.Codes
    billed: BilledColumns

    def by_model(self) -> Iterator[tuple[str, Rows]]:
        """Each model's rows; models by name."""
        yield from self._groups("model", np.arange(self.billed.n))

    def by_task(self, rows: Rows) -> Iterator[tuple[str, Rows]]:
        """The rows by task; tasks by name."""
        yield from self._groups("task", rows)

    def _groups(self, column: str, rows: Rows) -> Iterator[tuple[str, Rows]]:
        codes = self.codes[column][rows]
        for code in sorted(np.unique(codes).tolist(), key=lambda one: str(self.labels[column][one])):
            yield self.labels[column][code], rows[codes == code]


def columns_of(folder: Path) -> StoredColumns | None:
    """Every row of a run; None where an amount is too large for its column here. Raises StoreError when it cannot be
    read."""
    books: dict[str, dict[Any, int]] = {name: {} for name in _NAMES}
    found: dict[str, list[Any]] = {name: [] for name in (*_COLUMNS, *(f"{name} known" for name in _MONEY))}
    for batch in table.scan(folder, _COLUMNS):
        for name in _NAMES:
            found[name].append(arrays.to_codes(batch.column(name), books[name]))
        for name in _FLOATS:
            found[name].append(arrays.to_floats(batch.column(name)))
        for name in _WHOLE:
            found[name].append(arrays.to_integers(batch.column(name)))
        found["error_kind"].append(arrays.is_known(batch.column("error_kind")))
        for name in _MONEY:
            made = arrays.to_money(batch.column(name))
            if made is None:
                return None
            found[name].append(made[0])
            found[f"{name} known"].append(made[1])
    if not found["model"]:
        return None
    joined = {name: np.concatenate(found.pop(name)) for name in tuple(found)}
    rows = _in_order(folder, joined, books)
    of = {name: column[rows] for name, column in joined.items()}
    return _columns(of, {name: list(book) for name, book in books.items()})


def _in_order(folder: Path, of: dict[str, Any], books: dict[str, dict[Any, int]]) -> Rows:
    """Row numbers: each key once, by model, task, sample and repeat."""
    rows: Rows = np.arange(len(of["model"]))
    if table.may_repeat(folder):
        keys = table.joint(*(of[name] for name in ("model", "task", "sample_digest", "occurrence", "repeat")))
        errored = of["outcome"] == books["outcome"].get(Outcome.ERRORED.value, -1)
        rows = table.winners(table.dense(keys), errored)
    ranks = [_rank(books[name])[of[name][rows]] for name in ("model", "task", "sample_digest")]
    order: Rows = np.lexsort((of["occurrence"][rows], of["repeat"][rows], *ranks[::-1]))
    return rows[order]


def _rank(book: dict[Any, int]) -> Rows:
    """The place of each code among the names in their order."""
    made = np.zeros(len(book), dtype=np.int64)
    made[[book[name] for name in sorted(book)]] = np.arange(len(book))
    return made


def _columns(of: dict[str, Any], labels: dict[str, list[Any]]) -> StoredColumns:
    counts = {field: of[column] for field, column in COUNT_COLUMNS.items()}
    counts["reasoning"] = np.where(of["reasoning_estimated"] == 1, -1, of["reasoning_tokens"])
    at = np.nan_to_num(of["started_at"], nan=0.0)
    billed = BilledColumns(
        counts=counts,
        beside=np.isin(of["billed_beside"], [n for n, said in enumerate(labels["billed_beside"]) if said]),
        cost=of["cost_usd"],
        cost_known=of["cost_usd known"],
        spend=of["spend_usd"],
        spend_known=of["spend_usd known"],
        cached=of["cached"] == 1,
        attempts=np.where(of["attempts"] <= 0, 1, of["attempts"]),
        errored=of["error_kind"],  # an answer that came and could not be marked was billed all the same
    )
    floats = {
        "score": of["score"],
        "weight": of["weight"],
        "started_at": np.where((at > -LATEST) & (at < LATEST), at, 0.0),
    }
    return StoredColumns(labels, {name: of[name] for name in _NAMES}, floats, np.maximum(of["occurrence"], 0), billed)
