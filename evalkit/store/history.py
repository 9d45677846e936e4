"""history.json of a run folder: the scores of older models by which a gate decides, frozen before anything is asked.

    {"version": 1, "items": [["refunds", "4be1...", 0], ...], "baseline": [1.0, 0.0, null], "exact": true,
     "older": [[1.0, ...], ...], "named": [], "slices": {"refunds/language=de": [0, 7, 9]}}

The digest of the bytes stands in run.json, and the random order of the items follows from the scores: whoever edits a
score afterwards has another digest, which is refused, or another order. Nothing else enters the order: names, dates,
rules, the order in which models were found and answers of the candidate change nothing, so that asking again is no
second chance.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit import writing
from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.reading import has_more_values, read_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FILE = "history.json"
VERSION = 1
MOST_VALUES = 4_000_000
"""Of the file: what it takes in memory stays below 250 MB."""
_MOST_BYTES = 100_000_000

_VALUES_AN_ITEM = 6
"""Its name takes four, the baseline one, a slice one."""
_VALUES_BESIDE = 10_000

_OTHER_ORDER = (
    "{} says that items were asked in another order than the one that follows from {}. Run the suite again: what was "
    "answered comes from the cache."
)

AskedItem = tuple[str, str, int]
"""(task, sample_digest, occurrence)"""


@dataclass(frozen=True, slots=True)
class FrozenHistory:
    """What history.json says."""

    items: tuple[AskedItem, ...]
    baseline: npt.NDArray[np.float64]
    """Scores of the baseline, NaN where it has none."""
    exact: bool
    """Whether these are the very rows that the gate compares with (a promoted baseline); else older answers of it."""
    older: npt.NDArray[np.float64]
    """float64[K, N], in their own order; gaps are filled."""
    slices: Mapping[str, frozenset[int]]
    """By rule about a slice: places of its items."""
    seed: int
    """Of the random order: nobody can choose it without changing a score."""
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """Identity of the content."""
        return _digest(self.content)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def fits(n_items: int, n_models: int) -> bool:
    """Whether a history of so many items and models, the baseline left out, can be kept."""
    return n_items * (_VALUES_AN_ITEM + n_models) <= MOST_VALUES - _VALUES_BESIDE


def seed_of(scores: bytes) -> int:
    """The seed of the random order that follows from the frozen scores. A contract: stopped runs are walked again by
    it."""
    return int.from_bytes(hashlib.sha256(b"evalkit.order/1\0" + scores).digest()[:6], "big")


def freeze(
    items: Sequence[AskedItem],
    baseline: npt.NDArray[np.float64],
    older: npt.NDArray[np.float64],
    *,
    exact: bool,
    named: Sequence[npt.NDArray[np.float64]] = (),
    slices: Mapping[str, Iterable[int]] | None = None,
) -> FrozenHistory:
    """The history with its bytes, items and models in an order of their own; nothing is written.

    `named`: scores of models that the gate names and that predict nothing here; the order follows from them too, so
    that leaving one out draws no other. `slices`: places of the items that a rule about a slice is about.
    """
    import numpy as np
    import orjson

    places = sorted(range(len(items)), key=items.__getitem__)
    now = {place: n for n, place in enumerate(places)}
    ranked, others = (_ranked(rows, places) for rows in (older, np.array(named).reshape(-1, len(items))))
    scores = {
        "items": [items[n] for n in places],
        "baseline": [None if math.isnan(value) else value for value in baseline[places].tolist()],
        "exact": exact,
        "models": _ranked(np.vstack((older, np.array(named).reshape(-1, len(items)))), places).tolist(),
    }
    about = {name: sorted(now[n] for n in rows) for name, rows in (slices or {}).items()}
    said = {**scores, "version": VERSION, "older": ranked.tolist(), "named": others.tolist(), "slices": about}
    del said["models"]
    return FrozenHistory(
        items=tuple(items[n] for n in places),
        baseline=baseline[places],
        exact=exact,
        older=ranked,
        slices={name: frozenset(rows) for name, rows in about.items()},
        seed=seed_of(orjson.dumps(scores, option=orjson.OPT_SORT_KEYS)),
        content=orjson.dumps(said, option=orjson.OPT_SORT_KEYS),
    )


def _ranked(rows: npt.NDArray[np.float64], places: list[int]) -> npt.NDArray[np.float64]:
    import numpy as np

    made = rows[:, places]
    return np.ascontiguousarray(made[model_order(made)])


def model_order(older: npt.NDArray[np.float64]) -> list[int]:
    """Places of the models in the order that their scores give them."""
    rows = older.tolist()
    return sorted(range(len(rows)), key=rows.__getitem__)


def write(folder: Path, frozen: FrozenHistory) -> None:
    """Write the file at once. Raises RunIncomplete when it cannot."""
    writing.write_atomically(folder / FILE, frozen.content)


def frozen_of(folder: Path, facts: RunFacts) -> FrozenHistory | None:
    """The history that a run was asked with; None where it was asked without.

    Raises StoreError where the file is missing, is not the one that was frozen, or the order is not drawn from it.
    """
    told = facts.history
    stopped = facts.stopped_early
    if told is None or told.digest is None:
        own = facts.suite_resolved.run.seed if facts.suite_resolved is not None else None
        if stopped is not None and own is not None and stopped.seed != own:
            raise StoreError(_OTHER_ORDER.format(folder / "run.json", "the suite's own `run.seed`"), folder)
        return None
    path = folder / FILE
    try:
        content = read_file(path, most=_MOST_BYTES)
    except OSError as error:
        raise StoreError(
            f"{folder.name} was asked in an order that follows from its history, and {path} cannot be read "
            f"({error.strerror}). Restore it, or run the suite again with --new.",
            path,
        ) from error
    if _digest(content) != told.digest:
        raise StoreError(
            f"{path} is not the history that was frozen before {folder.name} was asked (its digest differs): whoever "
            "changes history once the order is known can make anything pass. Restore it, or run the suite again with "
            "--new.",
            path,
        )
    frozen = _read(content, path)
    if told.seed != frozen.seed or (stopped is not None and stopped.seed != frozen.seed):
        raise StoreError(_OTHER_ORDER.format(folder / "run.json", "the frozen history"), folder)
    return frozen


def _read(content: bytes, path: Path) -> FrozenHistory:
    """Frozen anew from what the file says, so that nothing in it can contradict the rest."""
    import numpy as np
    import orjson

    if has_more_values(content, MOST_VALUES):
        raise StoreError(f"{path} holds more than {MOST_VALUES:,} values, more than any of ours. Restore it.", path)
    try:
        said: Any = orjson.loads(content)
        items = tuple((str(task), str(digest), int(occurrence)) for task, digest, occurrence in said["items"])
        baseline = np.array([np.nan if v is None else float(v) for v in said["baseline"]], dtype=np.float64)
        older, named = (np.array(said[key], dtype=np.float64).reshape(-1, len(items)) for key in ("older", "named"))
        slices = {str(name): [int(n) for n in rows] for name, rows in said["slices"].items()}
        made = freeze(items, baseline, older, exact=bool(said["exact"]), named=list(named), slices=slices)
        same = made.content == content and bool(np.isfinite(older).all())
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise StoreError(
            f"{path} is damaged ({str(error)[:200]}). Restore it, or run the suite again with --new.", path
        ) from error
    if not same:
        raise StoreError(f"{path} is not as evalkit wrote it. Restore it, or run the suite again with --new.", path)
    return made
