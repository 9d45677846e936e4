"""Scores by sample: one line a sample, one column a model. Kept beside the rows as `scores.npz`; derived.

    table = read_scores(folder)
    table.scores[table.models.index("gpt")]     # [1, 0, MISSING, ...] in bytes; floats and NaN where scores are graded

Places, comparisons and flips of ten million rows come from these few megabytes: reading the rows themselves takes
twenty seconds. Samples stand in the order in which they were first answered; between runs they meet on `ids`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cached_property, partial
from hashlib import md5
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from evalkit import writing
from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.reading import open_to_read
from evalkit.records import Outcome
from evalkit.store import integrity, journal, parts, shapes
from evalkit.store.amounts import MOST_FIGURE
from evalkit.store.table import SLICES, RunTable, dense, read_table

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evalkit.store.table import Codes, Floats

SCHEMA_VERSION = 3
"""2: copies of a sample stand in one cluster. 3: single answers of samples that were asked several times."""
MISSING = 255
"""A score that is absent, among scores kept in a byte; an outcome where the model was not asked."""
OUTCOMES = tuple(Outcome)
SAMPLE_ID_SQL = "md5_number_lower(concat(task, chr(0), sample_digest, chr(0), occurrence))"
"""`sample_id` for DuckDB."""
FILE = "scores.npz"
_MOST_BYTES = 1 << 28
"""Of all digests together: every sample takes as many bytes as the longest, and ours have 32."""
_KINDS = {
    **{"ids": "uint64", "occurrence": "int32", "task": "int32", "cluster": "int32", "slices": "int32"},
    "outcomes": "uint8",
}
_ANSWERS = {"line": "int32", "repeat": "int32", "asked": "bool"}


@dataclass(frozen=True)
class SingleAnswers:
    """The answers behind the means of a run that asked samples several times: one slot for each (sample, repeat)."""

    line: npt.NDArray[np.int32]
    """The sample's line in the ScoreTable."""
    repeat: npt.NDArray[np.int32]
    asked: npt.NDArray[np.bool_]
    """One line a model: whether it was asked."""
    scores: tuple[npt.NDArray[Any], ...]
    """One a model, as in the ScoreTable."""


@dataclass(frozen=True)
class ScoreTable:
    """The scores of a run. Arrays of one line a sample, except `outcomes` and `scores`: one line a model."""

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    slice_sets: tuple[tuple[tuple[str, str], ...], ...]
    ids: npt.NDArray[np.uint64]
    """`sample_id`s: the same in every run that asked the sample."""
    digests: Callable[[], npt.NDArray[np.bytes_]]
    """Read when asked for: as large as all the rest, and needed for the names on one page only."""
    occurrence: npt.NDArray[np.int32]
    task: npt.NDArray[np.int32]
    """Place in `tasks`."""
    cluster: npt.NDArray[np.int32]
    """Also of copies (`stats.copies`); -1: none."""
    slices: npt.NDArray[np.int32]
    """Place in `slice_sets`."""
    outcomes: npt.NDArray[np.uint8]
    """Of the first repeat: place in `OUTCOMES`; MISSING where the model was not asked."""
    scores: tuple[npt.NDArray[Any], ...]
    """Mean over the repeats that have a score."""
    weight: npt.NDArray[np.float64] | None = None
    """Average samples that a sample stands for; None: all count alike."""
    answers: SingleAnswers | None = None
    """None: no sample was asked more than once."""

    def digests_of(self, lines: npt.NDArray[np.intp]) -> list[str]:
        """The digests of these samples. Raises StoreError when the file has changed since."""
        try:
            return [digest.decode("utf-8", "surrogatepass") for digest in self.digests()[lines].tolist()]
        except (OSError, ValueError, KeyError, IndexError, BadZipFile) as error:
            raise StoreError("The run has changed while it was being read. Load the page anew.") from error

    @cached_property
    def by_id(self) -> npt.NDArray[np.intp]:
        """The samples in the order of their ids."""
        import numpy as np

        return np.argsort(self.ids, kind="stable")

    @property
    def n_bytes(self) -> int:
        """What it takes in memory, the order by id included."""
        arrays = [getattr(self, name) for name in _KINDS]
        arrays += [] if self.weight is None else [self.weight]
        if (single := self.answers) is not None:
            arrays += [single.line, single.repeat, single.asked, *single.scores]
        return sum(int(array.nbytes) for array in (*arrays, *self.scores, self.ids))

    @property
    def clustered(self) -> bool:
        """Whether any sample belongs to a cluster."""
        return bool(self.cluster.size and self.cluster.max() >= 0)


def sample_id(task: str, sample_digest: str, occurrence: int) -> int:
    """A number for a sample, the same everywhere. Told apart by 64 bits: names to read by, never a proof."""
    said = f"{task}\0{sample_digest}\0{occurrence}".encode("utf-8", "surrogatepass")
    return int.from_bytes(md5(said, usedforsecurity=False).digest()[8:], "little")


def read_scores(folder: Path) -> ScoreTable:
    """The stored table, or a fresh one where it is missing, damaged, another file than the one that was written beside
    these rows, or older than them. Changes nothing.

    Raises StoreError when the run cannot be read.
    """
    if not journal.journals(folder) and integrity.as_noted(folder / FILE):
        stored = _load(folder / FILE, parts.part_numbers(folder))
        if stored is not None:
            return stored
    return tabulate(read_table(folder))


def write_scores(folder: Path, content: bytes) -> None:
    """Keep the scores of a run in `scores.npz`; whoever calls notes its digest. Raises StoreError or RunIncomplete."""
    writing.write_atomically(folder / FILE, content)


def scores_content(sealed_parts: list[int], table: RunTable) -> bytes:
    """The scores of these parts, as a file holds them. Raises StoreError."""
    import numpy as np
    import orjson

    made = tabulate(table)
    about = {
        "schema_version": SCHEMA_VERSION,
        "sealed_parts": sealed_parts,
        **{"models": made.models, "tasks": made.tasks, "slice_sets": made.slice_sets},
    }
    arrays = {name: getattr(made, name) for name in _KINDS}
    arrays |= {f"scores_{n}": column for n, column in enumerate(made.scores)}
    arrays |= {} if made.weight is None else {"weight": made.weight}
    if made.answers is not None:
        arrays |= {f"answer_{name}": getattr(made.answers, name) for name in _ANSWERS}
        arrays |= {f"answer_scores_{n}": column for n, column in enumerate(made.answers.scores)}
    buffer = BytesIO()
    np.savez(buffer, digests=made.digests(), about=np.frombuffer(orjson.dumps(about), dtype=np.uint8), **arrays)
    return buffer.getvalue()


def tabulate(table: RunTable) -> ScoreTable:
    """The table of these rows. Raises StoreError for a digest that no evalkit makes."""
    import numpy as np

    from evalkit.stats.traffic import row_weights

    rows = table.everything
    sample = table.sample[rows]
    first = np.full(int(sample.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[sample[::-1]] = rows[::-1]
    order = np.flatnonzero(first >= 0)
    order = order[np.argsort(first[order], kind="stable")]
    first = first[order]
    place = np.full(int(sample.max(initial=-1)) + 1, -1, dtype=np.int64)
    place[order] = np.arange(len(order))

    names, digest_names = table.labels["task"], table.labels["sample_digest"]
    task, occurrence = table.codes["task"][first], table.numbers["occurrence"][first].astype(np.int32)
    digests = [digest_names[code] for code in table.codes["sample_digest"][first].tolist()]
    written = [digest.encode("utf-8", "surrogatepass") for digest in digests]
    longest = max(map(len, written), default=0)
    if longest > 32 and longest * len(written) > _MOST_BYTES:
        raise StoreError(f"A sample's digest has {longest:,} characters: no evalkit wrote these rows.")
    places = zip(task.tolist(), digests, occurrence.tolist(), strict=True)
    ids = [sample_id(names[code], digest, n) for code, digest, n in places]
    packed = np.array(written, dtype=np.bytes_) if written else np.zeros(0, dtype="S1")
    cluster = table.cluster[first]
    cluster = np.where(cluster < 0, -1, dense(cluster.astype(np.int64)))
    models = table.labels["model"]
    columns = [
        _column(table, rows[table.codes["model"][rows] == code], place, len(order)) for code in range(len(models))
    ]
    return ScoreTable(
        tuple(models),
        tuple(names),
        tuple(table.labels[SLICES]),
        np.array(ids, dtype=np.uint64),
        lambda: packed,
        occurrence,
        task.astype(np.int32),
        cluster.astype(np.int32),
        table.codes[SLICES][first].astype(np.int32),
        np.array([outcome for outcome, _ in columns], dtype=np.uint8).reshape(len(models), len(order)),
        tuple(score for _, score in columns),
        row_weights(table.numbers["weight"][first], table.mean_weight),
        _single_answers(table, rows, place[sample]),
    )


def _single_answers(table: RunTable, rows: Codes, line: Codes) -> SingleAnswers | None:
    """`line`: the sample's line of each of these rows."""
    import numpy as np

    repeat = table.numbers["repeat"][rows].astype(np.int64)
    if not (repeat > 0).any():
        return None
    span = int(repeat.max()) + 1
    keys, slot = np.unique(line * span + repeat, return_inverse=True)
    model, found = table.codes["model"][rows], _scores(table, rows)
    asked = np.zeros((len(table.labels["model"]), keys.size), dtype=np.bool_)
    asked[model, slot] = True
    scores = []
    for code in range(len(asked)):
        of_model, score = model == code, np.full(keys.size, np.nan)
        score[slot[of_model]] = found[of_model]
        scores.append(_packed(score))
    return SingleAnswers((keys // span).astype(np.int32), (keys % span).astype(np.int32), asked, tuple(scores))


def _scores(table: RunTable, rows: Codes) -> Floats:
    """The scores of these rows; NaN where one is missing, and for an error, whatever stands beside it."""
    import numpy as np

    names = table.labels["outcome"]
    errored = names.index(Outcome.ERRORED.value) if Outcome.ERRORED.value in names else -2
    return np.where(table.codes["outcome"][rows] == errored, np.nan, table.numbers["score"][rows])


def _packed(scores: Floats) -> npt.NDArray[Any]:
    """Right and wrong take a byte, graded scores a float."""
    import numpy as np

    absent = np.isnan(scores)
    if (absent | (scores == 0) | (scores == 1)).all():
        return np.where(absent, MISSING, np.nan_to_num(scores)).astype(np.uint8)
    return scores


def _column(table: RunTable, rows: Codes, place: Codes, n: int) -> tuple[Any, Any]:
    """Outcome of the first repeat and mean score of one model, a line a sample."""
    import numpy as np

    codes = {name: place for place, name in enumerate(OUTCOMES)}
    known = np.array([codes.get(name, MISSING) for name in table.labels["outcome"]] or [0], dtype=np.uint8)
    rows = rows[np.argsort(-table.numbers["repeat"][rows], kind="stable")]  # of one sample, the first repeat comes last
    outcome = np.full(n, MISSING, dtype=np.uint8)
    lines = place[table.sample[rows]]
    outcome[lines] = known[table.codes["outcome"][rows]]
    score = _scores(table, rows)
    scored = ~np.isnan(score)
    times = np.bincount(lines[scored], minlength=n)
    with np.errstate(invalid="ignore"):
        means = np.bincount(lines[scored], weights=score[scored], minlength=n) / times
    return outcome, _packed(means)


def _load(path: Path, sealed_parts: list[int]) -> ScoreTable | None:
    """The stored table; None where it is missing, damaged or of other parts."""
    import numpy as np
    import orjson

    try:
        with open_to_read(path, most_holes=integrity.MOST_NOTHING) as file, np.load(file, allow_pickle=False) as stored:
            n_bytes = sum(info.file_size for info in stored.zip.infolist())
            if n_bytes > shapes.most_unpacked(path.stat().st_size):
                return None  # zeros that were packed: the rows say it all
            about = orjson.loads(stored["about"].tobytes())
            if about["schema_version"] != SCHEMA_VERSION or about["sealed_parts"] != sealed_parts:
                return None
            arrays = {name: stored[name] for name in _KINDS}
            models, tasks = (tuple(map(str, about[key])) for key in ("models", "tasks"))
            scores = tuple(stored[f"scores_{n}"] for n in range(len(models)))
            weight = stored["weight"] if "weight" in stored.files else None
            answers = None
            if "answer_line" in stored.files:
                slots = {name: stored[f"answer_{name}"] for name in _ANSWERS}
                single = tuple(stored[f"answer_scores_{n}"] for n in range(len(models)))
                answers = SingleAnswers(**slots, scores=single)
            sets = tuple(tuple((str(name), str(value)) for name, value in each) for each in about["slice_sets"])
    except (OSError, ValueError, KeyError, TypeError, BadZipFile, EOFError, MemoryError, RuntimeError, zlib.error):
        return None  # MemoryError: it claims more lines than any machine holds; RuntimeError: it wants a password
    digests = partial(_digests, path)
    found = ScoreTable(models, tasks, sets, digests=digests, **arrays, scores=scores, weight=weight, answers=answers)
    return found if _is_sound(found) else None


def _digests(path: Path) -> npt.NDArray[np.bytes_]:
    import numpy as np

    integrity.verify(path)
    with open_to_read(path, most_holes=integrity.MOST_NOTHING) as file, np.load(file, allow_pickle=False) as stored:
        found: npt.NDArray[np.bytes_] = stored["digests"]
        return found


def _is_sound(table: ScoreTable) -> bool:
    """Whether the arrays fit together, so that no reader stumbles over a damaged file."""
    n = len(table.ids)
    lines = [getattr(table, name) for name in _KINDS]
    kinds = all(array.dtype == kind for array, kind in zip(lines, _KINDS.values(), strict=True))
    if table.weight is not None and not _are_weights(table.weight, n):
        return False
    shapes = all(array.shape == (n,) for array in (*lines[:-1], *table.scores))
    if not kinds or not shapes or table.outcomes.shape != (len(table.scores), n):
        return False
    if table.answers is not None and not _fits(table.answers, len(table.scores), n):
        return False
    if n == 0:
        return True
    within = ((table.task, len(table.tasks)), (table.slices, len(table.slice_sets)), (table.occurrence, 2**31))
    return (
        all(map(_are_scores, table.scores))
        and bool(((table.outcomes < len(OUTCOMES)) | (table.outcomes == MISSING)).all())
        and all(int(codes.min()) >= 0 and int(codes.max()) < size for codes, size in within)
    )


def _are_weights(weight: npt.NDArray[Any], n: int) -> bool:
    """Whether these are n weights, each a number above 0."""
    fine = weight.dtype == "float64" and weight.shape == (n,)
    return fine and bool(((weight > 0) & (weight < MOST_FIGURE)).all())


def _are_scores(column: npt.NDArray[Any]) -> bool:
    """Whether these are scores from 0 to 1, each there or missing."""
    import numpy as np

    if column.dtype == "uint8":
        return bool(((column <= 1) | (column == MISSING)).all())
    return bool(column.dtype == "float64" and (np.isnan(column) | ((column >= 0) & (column <= 1))).all())


def _fits(answers: SingleAnswers, n_models: int, n: int) -> bool:
    """Whether the slots are of n samples, each slot once, in their order."""
    m = len(answers.line)
    kinds = all(getattr(answers, name).dtype == kind for name, kind in _ANSWERS.items())
    shapes = answers.line.shape == answers.repeat.shape == (m,) and answers.asked.shape == (n_models, m)
    if not kinds or not shapes or any(column.shape != (m,) for column in answers.scores):
        return False
    if not all(map(_are_scores, answers.scores)):
        return False
    if not m:
        return True
    before, after = answers.line[:-1], answers.line[1:]
    ordered = (after > before) | ((after == before) & (answers.repeat[1:] > answers.repeat[:-1]))
    return bool(ordered.all() and answers.line.min() >= 0 and answers.line.max() < n and answers.repeat.min() >= 0)
