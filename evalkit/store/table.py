"""The one reader of rows in columns: what a comparison, a summary and the table of scores are computed from.

    table = model_rows(folder, "gpt")        # pa.Table: task, sample_digest, ..., score, outcome, cost_usd, ...
    whole = read_table(folder)               # RunTable: a code for each name, a float for each number
    whole.codes["model"], whole.labels["model"]

Both read sealed parts and running journals, and keep each key once: an answer wins over an error, and else the later
row. No `Row` is made, no text is read, and pandas is not imported. Questions in SQL go to `queries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.records import Outcome
from evalkit.store import arrays, integrity, journal, part_values, parts
from evalkit.store.row_codec import read_record

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Floats = npt.NDArray[np.float64]
    Codes = npt.NDArray[np.int32] | npt.NDArray[np.int64]

COLUMNS = (
    *("task", "sample_digest", "target_digest", "occurrence", "repeat", "outcome", "score", "cached", "critical"),
    *("ttft_s", "ttfr_s", "tpot_s", "total_s", "retry_s", "cost_usd", "served_model", "fingerprint", "cluster"),
    *("slices", "weight", "error_kind", "given_up"),
)
"""What a comparison needs of a row."""
SLICES = "slices"
"""The column of sets of (field, value) pairs; in a RunTable its labels are sorted tuples of them."""
_NAMES = (
    *("model", "task", "sample_digest", "outcome", "cluster", "stratum", "served_model", "cost_usd", "spend_usd"),
    "error_kind",
)
_NUMBERS = (
    *("occurrence", "repeat", "score", "cached", "attempts", "queue_s", "retry_s", "ttft_s", "tpot_s", "total_s"),
    *("input_tokens", "output_tokens", "reasoning_tokens", "cache_read_tokens", "weight"),
)


def scan(folder: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """These columns of every stored row, in batches: sealed parts in their order, then journals. Keys may come twice.

    Raises StoreError when a part or a journal cannot be read, or holds values of another kind.
    """
    for number in parts.part_numbers(folder):
        yield from parts.read_columns(parts.rows_path(folder, number), columns)
    lines = (record for record in journal.scan(folder, read_record) if record is not None)
    marks = integrity.marks_of(folder)
    while chunk := list(islice(lines, 4_000)):
        try:
            batch = parts.records_batch(chunk, columns)
        except (TypeError, ValueError, AttributeError, ArithmeticError) as error:  # pyarrow's own are among them
            raise _odd(folder, error) from error
        part_values.refuse_odd(folder, batch, marks)
        yield batch


def model_rows(folder: Path, model: str, also: Sequence[str] = ()) -> pa.Table:
    """The rows of a model, each key once; empty when it has none. `also`: further columns than a comparison needs.

    Raises StoreError when the run cannot be read."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = parts.rows_schema()
    columns = (*COLUMNS, *also)
    schema = pa.schema([whole.field(name) for name in columns])
    wanted = arrays.strings([model])[0]  # a plain str here would make pyarrow import pandas
    batches = []
    for batch in scan(folder, ("model", *columns)):
        try:
            kept = batch.filter(pc.equal(batch.column("model"), wanted))
            if kept.num_rows:
                batches.append(kept.select(list(columns)).cast(schema))
        except pa.ArrowException as error:
            raise _odd(folder, error) from error
    table = pa.Table.from_batches(batches, schema=schema)
    return _one_each(table) if may_repeat(folder) else table


@dataclass(frozen=True)  # no slots: a figure of all rows is kept once it is asked for
class RunTable:
    """Columns of a run, superseded rows included. Names are codes into `labels` (-1: None), numbers are floats (NaN:
    None)."""

    labels: dict[str, list[Any]]
    codes: dict[str, Codes]
    numbers: dict[str, Floats]
    sample: Codes
    """One number for each (task, sample_digest, occurrence), from 0 without gaps."""
    cluster: Codes
    """What moves together: clusters of the suite, each of one task, and copies of a sample where there are many
    (`stats.copies`); -1 where a sample stands alone."""
    everything: Codes
    """Numbers of the rows that count: each key once."""

    @cached_property
    def mean_weight(self) -> float | None:
        """Requests that a row stands for on average, over the rows that count and say; None where none does."""
        from evalkit.stats.traffic import mean_weight

        return mean_weight(self.numbers["weight"][self.everything])

    @cached_property
    def right_or_wrong(self) -> frozenset[int]:
        """Codes of the tasks whose answers are right or wrong, by every model of the run: in one of graded scores, and
        in one of which no answer could be read, nobody can say how many are correct."""
        import numpy as np

        task, outcome = self.codes["task"][self.everything], self.codes["outcome"][self.everything]

        def having(*outcomes: Outcome) -> frozenset[int]:
            wanted = [n for n, name in enumerate(self.labels["outcome"]) if name in outcomes]
            return frozenset(np.unique(task[np.isin(outcome, wanted)]).tolist())

        return having(Outcome.RIGHT, Outcome.WRONG) - having(Outcome.SCORED)

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

    codebooks: dict[str, dict[object, int]] = {name: {} for name in _NAMES}
    codes: dict[str, list[Codes]] = {name: [] for name in (*_NAMES, SLICES)}
    numbers: dict[str, list[Floats]] = {name: [] for name in _NUMBERS}
    slice_book: dict[object, int] = {}
    for batch in scan(folder, (*_NAMES, SLICES, *_NUMBERS)):
        codes[SLICES].append(_slice_codes(batch.column(SLICES).to_pylist(), slice_book))
        for name in _NAMES:
            codes[name].append(arrays.to_codes(batch.column(name), codebooks[name]))
        for name in _NUMBERS:
            numbers[name].append(arrays.to_floats(batch.column(name)))
    # Chunks go as they are joined, so that no column is held twice; a run without rows has none.
    all_codes = {name: np.concatenate([np.zeros(0, dtype=np.int32), *codes.pop(name)]) for name in tuple(codes)}
    all_numbers = {name: np.concatenate([np.zeros(0), *numbers.pop(name)]) for name in _NUMBERS}
    sample = dense(joint(all_codes["task"], all_codes["sample_digest"], all_numbers["occurrence"]))
    keys = joint(all_codes["model"], sample, all_numbers["repeat"])
    errored = all_codes["outcome"] == codebooks["outcome"].get(Outcome.ERRORED.value, -1)
    labels = {name: list(book) for name, book in codebooks.items()} | {SLICES: list(slice_book)}
    together = _together(all_codes, sample, all_numbers["occurrence"])
    return RunTable(labels, all_codes, all_numbers, sample, together, winners(keys, errored))


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
    """int64[n]: one number for each combination of values (whole numbers, at least -1) that occurs, in their order."""
    import numpy as np

    made = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values = column.astype(np.int64)
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        if low != high:  # a column of one value tells nothing apart
            width = high + 2
            if int(made.max(initial=0)) > 2**62 // width:
                made = dense(made)
            made = made * width + values + 1
    return made


def dense(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The codes renumbered from 0 without gaps, in the same order."""
    import numpy as np

    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _together(codes: dict[str, Codes], sample: Codes, occurrence: Floats) -> Codes:
    """The cluster of each row; the same name in two tasks is two clusters."""
    import numpy as np

    from evalkit.stats.copies import with_copies

    named, task = codes["cluster"], codes["task"]
    made = np.where(named < 0, -1, dense(joint(task, named))) if (named >= 0).any() else named.astype(np.int64)
    return with_copies(made, task, sample, joint(task, codes["sample_digest"]), occurrence).cluster


def winners(keys: npt.NDArray[np.int64], errored: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Row numbers, ascending: of the rows of one key the last, answers before errors."""
    import numpy as np

    order = np.concatenate((np.flatnonzero(errored), np.flatnonzero(~errored)))[::-1]  # np.unique names the first
    return np.sort(order[np.unique(keys[order], return_index=True)[1]])


def _one_each(table: pa.Table) -> pa.Table:
    import pyarrow.compute as pc

    (task,) = names_codes([table["task"]])
    (digest,) = names_codes([table["sample_digest"]])
    keys = joint(task, digest, floats(table["occurrence"]), floats(table["repeat"]))
    errored = floats(pc.equal(table["outcome"], arrays.strings([Outcome.ERRORED.value])[0])) == 1
    kept = winners(keys, errored)
    return table if len(kept) == table.num_rows else table.take(arrays.integers(kept.tolist()))


def may_repeat(folder: Path) -> bool:
    """Whether a key can stand in the folder twice: sealed parts hold each key once."""
    return bool(journal.journals(folder)) or len(parts.part_numbers(folder)) > 1


def _slice_codes(rows: Iterable[Iterable[tuple[str, str]] | None], book: dict[object, int]) -> Codes:
    """A code for each row's set of (field, value) pairs; the sets are the book's keys."""
    import numpy as np

    sets = (tuple(sorted(row)) if row else () for row in rows)
    return np.array([book.setdefault(pairs, len(book)) for pairs in sets], dtype=np.int32)


def _codes(indices: pa.Array) -> npt.NDArray[np.int64]:
    import numpy as np

    places = arrays.to_floats(indices)
    places[np.isnan(places)] = -1
    return places.astype(np.int64)


def _odd(path: Path, error: Exception) -> StoreError:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StoreError(f"{path} holds columns of another kind ({why}).", path)
