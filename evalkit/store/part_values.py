"""What values rows may hold, and that a part holds no other: it is looked at once, before anybody reads it.

    refuse_odd_part(path, look, marks)      # the whole file; again only when it changes
    refuse_odd(path, batch, marks)          # some rows, sealed or journaled

Whoever may write the results folder can write any number into a part, with a digest that fits. Arrow's readers look at
each batch that they take; DuckDB opens files by itself, and a stored summary is shown without its rows. So every door
to a part (`parts.read_columns`, `queries.connect`, `damage`) asks here first. What was looked at is known by the file's
stamp for a process, and by its digest for the next ones (`sound_parts`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import StoreError
from evalkit.records import HEAVIEST, LIGHTEST, Outcome
from evalkit.store import integrity, shapes, sound_parts
from evalkit.store.amounts import MOST_FIGURE
from evalkit.store.arrays import integers, strings, to_floats
from evalkit.store.marks import Marks
from evalkit.store.row_kinds import COLUMNS, COUNTS, EARLIEST, LATEST, MARKED, MOST_SLICES

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

REQUIRED = ("model", "task", "sample_digest", "occurrence", "repeat")
"""The key of a row: no part of it is ever missing."""
_SECONDS = frozenset(name for name, kind in COLUMNS.items() if kind == "double" and name.endswith("_s"))
WITHIN: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(COUNTS, (0, 2**63)),
    **dict.fromkeys(("occurrence", "repeat"), (0, 2**31)),
    **{"weight": (LIGHTEST, HEAVIEST), "score": (0.0, 1.0), "started_at": (EARLIEST, LATEST)},
    **dict.fromkeys(_SECONDS, (0.0, MOST_FIGURE)),
    **dict.fromkeys((name for name, kind in COLUMNS.items() if kind == "money"), (0.0, math.inf)),
}
"""The numbers that rows may hold, by column."""
LOOKED_AT = tuple(dict.fromkeys((*REQUIRED, *WITHIN, "outcome", "slices", "parts")))
"""The columns with which something can be wrong, besides texts that are no JSON of ours: their readers say that."""
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_sound: set[tuple[object, ...]] = set()
"""The stamps of files that were looked at, each with what are marks in it."""


def refuse_odd_part(path: Path, look: Callable[[], Iterator[pa.RecordBatch]], marks: Marks) -> None:
    """Raises StoreError for a part of numbers with a value that no row has. `look`: reads the columns `LOOKED_AT` of
    the file; it is called where nobody has looked at it yet. Whoever calls has asked `integrity.verify`."""
    stamp = (*shapes.stamp_of(path), marks)
    if stamp in _sound:
        return
    digest = integrity.known_digest(path)
    name = None if digest is None else sound_parts.name_of(digest, marks)
    if name is None or not sound_parts.is_known(name):
        for batch in look():
            refuse_odd(path, batch, marks)
        if name is not None:
            sound_parts.note(name)
    _sound.add(stamp)


def refuse_odd(path: Path, batch: pa.RecordBatch, marks: Marks = frozenset()) -> None:
    """Raises StoreError for a row without a key, with an outcome that there is not, without a score where its outcome
    has one, with more slices than a suite may have, or with a number that none has. `marks`: which of a row's further
    figures are scores; only seen where the batch has their tasks."""
    import numpy as np

    _refuse_beyond(path, batch)
    names = batch.schema.names
    if "slices" in names and batch.num_rows:
        slices = batch.column("slices")
        most = int(np.diff(_offsets(slices)).max())
        if most > MOST_SLICES:
            raise StoreError(
                f"{path} holds a row with {most:,} slices, and {MOST_SLICES} are the most. Restore the file.", path
            )
        if slices.items.null_count:
            raise StoreError(f"{path} holds a slice without a value. Restore the file.", path)
    if "parts" in names and batch.num_rows:
        _refuse_odd_parts(path, batch, marks)
    for name in {*REQUIRED, "outcome"} & set(names):
        if batch.column(name).null_count:
            raise StoreError(f"{path} holds rows without a {name}. Restore the file.", path)
    if "outcome" in names:
        _refuse_odd_outcomes(path, batch)


def _refuse_odd_outcomes(path: Path, batch: pa.RecordBatch) -> None:
    """Raises StoreError for an outcome that there is not, and for a right or wrong answer without a score."""
    import pyarrow as pa
    import pyarrow.compute as pc

    outcomes = batch.column("outcome")
    odd = [str(value) for value in pc.unique(outcomes).to_pylist() if value not in _OUTCOMES]
    if odd:
        raise StoreError(f"{path} holds the outcome {odd[0][:80]!r}, which there is not. Restore the file.", path)
    if "score" in batch.schema.names:
        said = outcomes.cast(pa.string()) if pa.types.is_dictionary(outcomes.type) else outcomes  # of a few letters
        marked = pc.is_in(said, value_set=strings([one.value for one in MARKED]))
        if pc.any(pc.and_(marked, pc.is_null(batch.column("score")))).as_py():
            raise StoreError(f"{path} holds an answer that was scored and has no score. Restore the file.", path)


def _offsets(maps: pa.MapArray) -> npt.NDArray[np.int32]:
    """Where the pairs of each row begin, without pyarrow's `to_numpy`, which imports pandas (`arrays`)."""
    import numpy as np

    ends = maps.offsets
    return np.frombuffer(ends.buffers()[1], dtype=np.int32, count=ends.offset + len(ends))[ends.offset :]


def _refuse_beyond(path: Path, batch: pa.RecordBatch) -> None:
    """Raises StoreError for a number that no row has: a negative count, a score above 1, a time beyond all dates."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, (least, most) in WITHIN.items():
        if name not in batch.schema.names:
            continue
        column = batch.column(name)
        if not any(is_one(column.type) for is_one in (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal)):
            continue  # of another kind, which `rows_at_once` refuses
        odd = name == "started_at" and column.null_count
        if column.null_count == len(column) and not odd:
            continue  # most columns of most runs
        found = pc.min_max(column).as_py()
        odd = odd or (pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py())
        if odd or (found["min"] is not None and not least <= found["min"] <= found["max"] <= most):
            raise StoreError(f"{path} holds a {name} that no row has. Restore the file.", path)


def _refuse_odd_parts(path: Path, batch: pa.RecordBatch, marks: Marks) -> None:
    """Raises StoreError for a further figure that is no finite number, and for a mark that is no score."""
    import numpy as np

    column = batch.column("parts")
    ends = _offsets(column)
    first, n = int(ends[0]), int(ends[-1] - ends[0])
    names, figures = column.keys.slice(first, n), column.items.slice(first, n)
    if not n:
        return
    numbers = to_floats(figures)  # NaN where one is missing, which is not less than anything
    if not (np.abs(numbers) < MOST_FIGURE).all():
        raise StoreError(f"{path} holds a figure beside a score (`parts`) that no row has. Restore the file.", path)
    if not marks or "task" not in batch.schema.names:
        return
    beyond = np.flatnonzero((numbers < 0.0) | (numbers > 1.0))
    if not len(beyond):
        return
    rows = np.searchsorted(ends, beyond + first, side="right") - 1
    tasks = batch.column("task").take(integers(rows.tolist())).to_pylist()
    for pair in zip(tasks, names.take(integers(beyond.tolist())).to_pylist(), strict=True):
        if pair in marks:
            raise StoreError(
                f"{path} holds a score by {str(pair[1])[:80]} in {str(pair[0])[:80]} that no row has. Restore the "
                "file.",
                path,
            )
