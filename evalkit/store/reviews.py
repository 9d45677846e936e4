"""What people said of single answers: `reviews.jsonl` beside the run, append-only, one line a mark.

    {"key": ["gpt", "refunds", "3f...", 0, 0], "mark": "wrong", "note": "denies a valid claim", "by": "Mira",
     "at": "2026-11-20T10:04:12Z"}

The run itself is never changed. Of several marks by one person on one answer the last counts; all stay in the file.
`judge-check` reads the marks of people to see how far a judge agrees with them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from evalkit.errors import RunIncomplete
from evalkit.frozen import dataclass
from evalkit.reading import lines_of, open_to_read, refuse_large
from evalkit.store.row_codec import Key, to_json
from evalkit.writing import open_descriptor

FILE = "reviews.jsonl"
MARKS = ("right", "wrong", "unsure")
MOST_BYTES = 32 * 2**20
"""Of the file: some 200,000 marks."""
_LONGEST = 4_000
"""Characters of a note: it is a note, and a line must stay one write."""


@dataclass(frozen=True, slots=True)
class Review:
    """One mark."""

    key: Key
    mark: str
    """One of MARKS."""
    by: str
    note: str = ""
    at: str = ""
    """UTC, ISO; set when it is written."""


def add_review(folder: Path, review: Review) -> Review:
    """Append a mark; what was written, with its time.

    Raises ValueError for an unknown mark or a nameless reviewer, RunIncomplete when the folder cannot be written.
    """
    if review.mark not in MARKS:
        raise ValueError(f"a mark is one of {', '.join(MARKS)}, not {review.mark!r}")
    if not review.by.strip():
        raise ValueError("a mark needs the name of who made it")
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    stamped = Review(review.key, review.mark, review.by.strip()[:80], review.note.strip()[:_LONGEST], at)
    line = {"key": list(stamped.key), "mark": stamped.mark, "note": stamped.note, "by": stamped.by, "at": at}
    path = folder / FILE
    try:
        fd = open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            size = os.fstat(fd).st_size
            torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
            os.write(fd, (b"\n" if torn else b"") + to_json(line) + b"\n")
        finally:
            os.close(fd)
    except OSError as error:
        raise RunIncomplete(
            f"The mark could not be written to {path} ({error.strerror}). Make the folder writable, then save it again."
        ) from error
    return stamped


def read_reviews(folder: Path) -> tuple[list[Review], int]:
    """Every mark in writing order, and how many lines could not be read (torn or damaged; a whole file is one).

    No file: no marks.
    """
    found: list[Review] = []
    n_odd = 0
    try:
        with open_to_read(folder / FILE) as file:
            refuse_large(file, MOST_BYTES)
            for line in lines_of(file):
                review = None if line is None else _read(line)
                if review is not None:
                    found.append(review)
                elif line is None or line.strip():
                    n_odd += 1
    except FileNotFoundError:
        return [], 0
    except OSError:
        return [], 1
    return found, n_odd


def latest(reviews: Sequence[Review]) -> dict[tuple[Key, str], Review]:
    """The mark that counts for each answer and person."""
    return {(review.key, review.by): review for review in reviews}


def _read(line: bytes) -> Review | None:
    """The mark of a line; None when it is none."""
    try:
        said = orjson.loads(line)
        model, task, digest, occurrence, repeat = said["key"]
        if type(occurrence) is not int or type(repeat) is not int:
            return None
        key = (str(model), str(task), str(digest), occurrence, repeat)
        review = Review(key, said["mark"], said["by"], str(said.get("note", "")), str(said.get("at", "")))
    except (ValueError, KeyError, TypeError):
        return None
    return review if review.mark in MARKS and isinstance(review.by, str) else None
