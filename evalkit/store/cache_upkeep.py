"""What the response cache holds, and how it is made smaller: for `evalkit cache`. Only its own file is ever touched.

usage()                          # CacheUsage(path, n_answers=1200, n_bytes=4_000_000, oldest=..., newest=...)
prune(older_than_s=30 * 86400)   # how many answers were removed
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import StoreError
from evalkit.store.cache import SHORTEST, ResponseCache, connected, holds_answers
from evalkit.store.cache_folder import cache_folder

_ENDS = ("", "-wal", "-shm")
_BATCH = 5_000


@dataclass(frozen=True, slots=True)
class CacheUsage:
    """What is in the file. Times are Unix seconds; None: it holds nothing."""

    path: Path
    n_answers: int
    n_bytes: int
    oldest: float | None
    newest: float | None


def usage() -> CacheUsage:
    """The cache as it is; an absent file holds nothing. Raises StoreError where it cannot be read."""
    path = cache_folder() / "responses.sqlite"
    if not path.is_file():
        return CacheUsage(path, 0, 0, None, None)
    with _opened(path) as db:
        times = [at for _, at in _times(db)]
    return CacheUsage(path, len(times), _size(path), min(times, default=None), max(times, default=None))


def why_unused() -> str | None:
    """Why no run uses the cache, with the way out; None where runs do, or there is none yet."""
    if not os.path.lexists(cache_folder() / "responses.sqlite"):
        return None
    with ResponseCache.open() as cache:
        return cache.problem


def prune(*, older_than_s: float) -> int:
    """Remove answers that were bought longer ago, and give the space back; how many. Raises StoreError."""
    path = cache_folder() / "responses.sqlite"
    if not path.is_file():
        return 0
    before = time.time() - older_than_s
    with _opened(path) as db:
        old = [(key,) for key, at in _times(db) if at < before]
        for n in range(0, len(old), _BATCH):
            db.execute("begin immediate")
            db.executemany("delete from answers where key = ?", old[n : n + _BATCH])
            db.execute("commit")
        if old:
            db.execute("vacuum")
            db.execute("pragma wal_checkpoint(truncate)")
    return len(old)


def clear() -> int:
    """Remove every answer; how many bytes that frees. The file stays: a run that has it open goes on keeping answers
    there. Raises StoreError where a process is writing."""
    path = cache_folder() / "responses.sqlite"
    if not path.is_file():
        return 0
    n_bytes = _size(path)
    with _opened(path) as db:
        db.execute("delete from answers")
        db.execute("vacuum")
        db.execute("pragma wal_checkpoint(truncate)")
    return max(0, n_bytes - _size(path))


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(connected(path, timeout=2)) as db:
            holds_answers(db)
            yield db
    except sqlite3.Error as error:
        raise StoreError(
            f"{path} could not be read or is in use ({error}). Wait for running evaluations, or remove the file: it "
            "only saves money.",
            path,
        ) from error


def _times(db: sqlite3.Connection) -> Iterator[tuple[bytes, float]]:
    """(key, when it was bought) of each answer; 0 for one that cannot be read, which nobody can use. Notes of requests
    that no answer came to are none."""
    for key, packed in db.execute(f"select key, answer from answers where length(answer) >= {SHORTEST}"):
        at = 0.0
        with suppress(ValueError, TypeError, KeyError):
            at = float(json.loads(packed)["started_at"])
        yield key, at


def _size(path: Path) -> int:
    total = 0
    for end in _ENDS:
        with suppress(OSError):
            total += path.with_name(path.name + end).stat().st_size
    return total
