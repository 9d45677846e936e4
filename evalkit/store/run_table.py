"""A run as columns of codes and numbers: what its figures and its scores by sample are reckoned from.

    table = read_table(folder)
    table.codes["model"], table.labels["model"]     # one code a row, and what the codes stand for
    table.everything                                # the rows that count: each key once

Works on columns with numpy: no pandas, no DuckDB, and no record a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.records import Outcome
from evalkit.store import arrays, journal, parts
from evalkit.store.row_codec import read_record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int32] | npt.NDArray[np.int64]

_NAMES = ("model", "task", "sample_digest", "outcome", "cluster", "served_model", "cost_usd", "spend_usd", "error_kind")
SLICES = "slices"
"""The column of sets of (field, value) pairs; its labels are sorted tuples of them."""
_NUMBERS = (
    *("occurrence", "repeat", "score", "cached", "attempts", "queue_s", "retry_s", "ttft_s", "tpot_s", "total_s"),
    *("input_tokens", "output_tokens", "reasoning_tokens", "cache_read_tokens"),
)

_DEFAULTS = {"cached": False, "attempts": 1}
"""What a journal line leaves out; any other number that is absent is unknown."""


@dataclass(frozen=True, slots=True)
class RunTable:
    """Columns of a run. Names are codes into `labels` (-1: None), numbers are floats (NaN: None)."""

    labels: dict[str, list[Any]]
    codes: dict[str, Codes]
    numbers: dict[str, Floats]
    sample: Codes
    """One number for each (task, sample_digest, occurrence)."""
    everything: Codes

    def groups(self, column: str, rows: Codes, order: object) -> Iterator[tuple[str, Codes]]:
        """Row numbers by the value of a column, in the given order (a list or mapping of names), the rest by name.

        Rows without a value are in no group.
        """
        import numpy as np

        known = list(order) if isinstance(order, list | dict) else []
        rank = {name: n for n, name in enumerate(known) if isinstance(name, str)}
        labels, codes = self.labels[column], self.codes[column][rows]
        found = np.unique(codes).tolist()
        named = sorted((c for c in found if c >= 0), key=lambda c: (rank.get(labels[c], len(rank)), labels[c]))
        for code in named:
            yield labels[code], rows[codes == code]


def read_table(folder: Path) -> RunTable:
    """Every row of a run, sealed or still running. Raises StoreError when it cannot be read."""
    import numpy as np

    codebooks: dict[str, dict[Any, int]] = {name: {} for name in _NAMES}
    codes: dict[str, list[Codes]] = {name: [] for name in _NAMES}
    numbers: dict[str, list[Floats]] = {name: [] for name in _NUMBERS}
    slice_book: dict[Any, int] = {}
    slices: list[Codes] = []
    for number in parts.part_numbers(folder):
        for batch in parts.read_columns(parts.rows_path(folder, number), (*_NAMES, SLICES, *_NUMBERS)):
            slices.append(_slice_codes(batch.column(SLICES).to_pylist(), slice_book))
            for name in _NAMES:
                codes[name].append(arrays.to_codes(batch.column(name), codebooks[name]))
            for name in _NUMBERS:
                numbers[name].append(arrays.to_floats(batch.column(name)))
    lines = (record for record in journal.scan(folder, read_record) if record is not None)
    while chunk := list(islice(lines, 4_000)):
        for name in _NAMES:
            values = [r.get(name) for r in chunk]
            if name.endswith("_usd"):
                values = [None if v is None else Decimal(v) for v in values]
            book = codebooks[name]
            codes[name].append(
                np.array([-1 if v is None else book.setdefault(v, len(book)) for v in values], dtype=np.int32)
            )
        slices.append(_slice_codes([(r.get(SLICES) or {}).items() for r in chunk], slice_book))
        for name in _NUMBERS:
            default = _DEFAULTS.get(name, math.nan)
            numbers[name].append(np.array([r.get(name, default) for r in chunk], dtype=np.float64))
    # Chunks go as they are joined, so that no column is held twice; a run without rows has none.
    all_codes = {name: np.concatenate([np.zeros(0, dtype=np.int32), *codes.pop(name)]) for name in _NAMES}
    all_numbers = {name: np.concatenate([np.zeros(0), *numbers.pop(name)]) for name in _NUMBERS}
    sample = joint(all_codes["task"], all_codes["sample_digest"], all_numbers["occurrence"])
    keys = joint(all_codes["model"], sample, all_numbers["repeat"])
    # Of the rows of one key the last wins, answers before errors: np.unique names the first, so it looks from behind.
    errored = all_codes["outcome"] == codebooks["outcome"].get(Outcome.ERRORED.value, -1)
    order = np.flatnonzero(errored).tolist() + np.flatnonzero(~errored).tolist()
    newest_first = np.array(order[::-1], dtype=np.int64)
    last = newest_first[np.unique(keys[newest_first], return_index=True)[1]]
    labels = {name: list(book) for name, book in codebooks.items()} | {SLICES: list(slice_book)}
    all_codes[SLICES] = np.concatenate([np.zeros(0, dtype=np.int32), *slices])
    return RunTable(labels, all_codes, all_numbers, sample, np.sort(last))


def _slice_codes(rows: Iterable[Iterable[tuple[str, str]] | None], book: dict[Any, int]) -> Codes:
    """A code for each row's set of (field, value) pairs; the sets are the book's keys."""
    import numpy as np

    sets = (tuple(sorted(row)) if row else () for row in rows)
    return np.array([book.setdefault(pairs, len(book)) for pairs in sets], dtype=np.int32)


def joint(*columns: npt.NDArray[Any]) -> Codes:
    """One number for each combination that occurs."""
    import numpy as np

    joint = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values = column.astype(np.int64)
        joint = joint * (int(values.max(initial=0)) + 2) + values + 1
        joint = np.unique(joint, return_inverse=True)[1].astype(np.int64)  # small again, so that nothing overflows
    return joint
