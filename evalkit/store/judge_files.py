"""What judges said of a run's answers: a folder of rows inside the run's own, `<run>/judging/`.

    inner = open_judging(folder, facts)      # made, or found as an earlier session left it
    judging_of(folder)                       # the same for readers; None where nothing was judged

Every request to a judge is a row of its own there (model: the judge; slices: whose answer it judged, in which
order), with its usage, timing and cost, journaled and sealed as any run's. Because the folder is not the run's, no
reader of the candidates' rows can take a judge's for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from evalkit import writing
from evalkit.errors import StoreError
from evalkit.facts import RunFacts
from evalkit.reading import lines_of, open_to_read, refuse_large
from evalkit.store import runs
from evalkit.store.row_codec import Key

FOLDER = "judging"
LABELS = "labels.jsonl"
"""What people say of the run's answers, from the files that its tasks name."""
_MOST_BYTES = 64 * 2**20
"""Of the labels."""
MOST_LABELS = 400_000
"""Some 200 MB of memory, however short their lines are."""


def judging_of(folder: Path) -> Path | None:
    """Where the judges' rows of a run are; None where no judge was asked."""
    inner = folder / FOLDER
    return inner if (inner / runs.FACTS).is_file() else None


def open_judging(folder: Path, facts: RunFacts) -> Path:
    """The folder of the judges' rows, its facts renewed and its status `running`. For the one who writes the run.

    Raises StoreError when it cannot be made, RunIncomplete when the disk is full.
    """
    from evalkit.store import integrity  # here: a run starts without it

    inner = folder / FOLDER
    integrity.forget(folder, f"{FOLDER}/")
    if judging_of(folder) is not None:
        integrity.forget(inner, LABELS)
        runs.update_facts(inner, facts.with_changes(RunFacts(status="running")))
        return inner
    outer = runs.open_facts(folder)
    begun = RunFacts(
        schema_version=runs.SCHEMA_VERSION,
        suite=outer.suite,
        suite_digest=outer.suite_digest,
        status="running",
        started_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
    )
    try:
        inner.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"{inner} cannot be made ({error.strerror}). Choose another folder: --results.") from error
    runs.write_facts(inner, facts.with_changes(begun).as_json())
    return inner


def write_labels(inner: Path, labels: Iterable[tuple[Key, float]]) -> int:
    """Keep what people say of single answers, by the key of each answer's row, from 0 to 1; how many were written.

    Replaces what was there, and notes the file's digest in run.json. Raises RunIncomplete when the disk is full.
    """
    from evalkit.store import integrity

    lines = [orjson.dumps({"key": list(key), "label": label}) + b"\n" for key, label in labels]
    if lines or (inner / LABELS).is_file():
        writing.write_atomically(inner / LABELS, b"".join(lines))
        integrity.note(inner, LABELS)
    return len(lines)


def read_labels(inner: Path) -> list[tuple[Key, float]]:
    """The labels that were kept; none where there are none. Raises StoreError for a damaged file, and for one that is
    gone or another than was noted."""
    from evalkit.store import integrity

    path = inner / LABELS
    integrity.verify(path)
    try:
        with open_to_read(path) as file:
            refuse_large(file, _MOST_BYTES)
            return list(_labels(lines_of(file)))
    except FileNotFoundError as error:
        if integrity.is_noted(path):
            raise StoreError(
                f"{path} cannot be read (it is missing, and {runs.FACTS} names it). Restore the file, or run the suite "
                "again with --new: cached answers cost nothing.",
                path,
            ) from error
        return []
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise StoreError(f"{path} is damaged ({error}). Run the same command again: it is written anew.") from error


def _labels(lines: Iterable[bytes | None]) -> Iterator[tuple[Key, float]]:
    for n, line in enumerate(lines):
        if line is None or n >= MOST_LABELS:
            long = "a line of it is longer, or holds more values, than any of ours"
            raise ValueError(long if line is None else f"it holds more than {MOST_LABELS:,} labels")
        record = orjson.loads(line)
        label = record["label"]
        if type(label) not in (int, float) or not 0 <= label <= 1:
            raise ValueError("a label of it is no number from 0 to 1")
        yield _key(record["key"]), float(label)


def _key(value: object) -> Key:
    if not isinstance(value, list):
        raise TypeError("a key of it is no list")
    model, task, digest, occurrence, repeat = value
    return str(model), str(task), str(digest), int(occurrence), int(repeat)
