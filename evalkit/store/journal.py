"""The journal of a running run: append-only files `journal-<writer>.jsonl`, one line a finished row.

    journal = Journal.open(folder, "main")
    journal.append(row)                       # one write; survives kill -9 of this process
    recover(folder).is_done(row.key)          # True: a resumed run does not ask again
    journal.verify()                          # before sealing: every line is there as it was written

A line without its newline is torn: the process died while writing it. It is cut off and its row is owed again. Of
several lines with one key an answer wins over an error, whatever their order, and among alike the later one.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import field
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from evalkit.errors import RunIncomplete, StoreError
from evalkit.frozen import dataclass
from evalkit.reading import lines_of, open_to_read
from evalkit.records import Outcome, Row
from evalkit.store import sent_log
from evalkit.store.row_codec import Key, from_line, key_hash, read_record, record_key, to_line
from evalkit.store.sent_log import SentLog
from evalkit.writing import open_descriptor, open_to_write


class Journal:
    """One writer's file. Made by `open`; not shared between processes."""

    def __init__(self, path: Path, fd: int, size: int) -> None:
        self.path = path
        self.n_rows = 0
        """Rows appended by this writer since it was opened."""
        self._fd = fd
        self._begin = self._size = size
        self._sum = 0
        """CRC-32 of everything that was appended."""
        self._sums = array("I")
        """The same of each line."""
        self.sent = SentLog(path.parent)
        """Requests that go out. Where a session ends before their row is appended, `recover` knows it."""

    @classmethod
    def open(cls, folder: Path, writer: str) -> Journal:
        """The journal of this writer in a run folder, made or continued; a torn last line is cut off.

        Raises StoreError when another process writes it or the folder cannot be written.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", writer):
            raise ValueError(f"a writer is named by letters, digits, dots and dashes, not {writer!r}")
        path = folder / f"journal-{writer}.jsonl"
        try:
            fd = open_descriptor(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            raise StoreError(
                f"The journal {path} cannot be opened ({error.strerror}). Choose another folder: --results.",
                path,
            ) from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            raise StoreError(
                f"The journal {path} is being written by another process. Wait for it, or start another run: --new.",
                path,
            ) from error
        except OSError:
            pass  # a file system without locks; the run's own lock has already reported that
        _cut_torn_line(path, fd)
        return cls(path, fd, os.fstat(fd).st_size)

    def append(self, row: Row) -> None:
        """Write one row. On return it survives the death of this process (not of the machine: see `sync`).

        Raises RunIncomplete when it cannot be written whole; the file then ends with the row before it.
        """
        line = to_line(row)
        try:
            done = os.write(self._fd, line)
            while done < len(line):  # a nearly full disk takes a part; the next attempt says why, or takes the rest
                done += os.write(self._fd, line[done:])
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise RunIncomplete(
                f"The answer to sample {row.sample_id!r} of {row.task} by {row.model} could not be stored in "
                f"{self.path}: {_why(error)}. Every row before it is kept. {_way_out(error)} and run the same command "
                "again: it resumes."
            ) from error
        self.sent.back(row.key, is_stored=not is_outstanding(row.outcome, row.error_kind))
        self._size += len(line)
        self._sum = zlib.crc32(line, self._sum)
        self._sums.append(zlib.crc32(line))
        self.n_rows += 1

    def check(self) -> None:
        """Raise RunIncomplete when the file is not in its folder any more: rows would be written to nowhere."""
        try:
            there = self.path.stat().st_ino == os.fstat(self._fd).st_ino
        except OSError:
            there = False
        if not there:
            raise RunIncomplete(
                f"{self.path} is gone: somebody removed or moved the results folder while the run was writing it. "
                "Nothing more is asked. Run the same command again; answers in the cache are not bought twice."
            )

    def verify(self) -> None:
        """Raise RunIncomplete where the file does not hold each line that was appended as it was written.

        What a run answered is known to the process that asked, and what is sealed is read from the file: a line that a
        disk, another program or a person changed in between would be missing, or say something else, in silence. Such
        lines are taken out (into `set-aside.jsonl`), and their answers are owed.
        """
        self.check()
        there = os.fstat(self._fd).st_size - self._begin
        found, at = 0, self._begin
        while chunk := os.pread(self._fd, 1 << 20, at):
            found, at = zlib.crc32(chunk, found), at + len(chunk)
        if there == self._size - self._begin and found == self._sum:
            return
        written = Counter(self._sums)
        kept: list[bytes] = []
        others: list[bytes] = []
        for line in os.pread(self._fd, max(there, 0), self._begin).splitlines(keepends=True):
            own = zlib.crc32(line)
            (kept if written[own] > 0 else others).append(line)
            written[own] -= 1
        if others:
            with open_to_write(self.path.with_name(ASIDE), append=True) as file:
                file.writelines(line if line.endswith(b"\n") else line + b"\n" for line in others)
        os.ftruncate(self._fd, min(self._begin, os.fstat(self._fd).st_size))
        for line in kept:
            os.write(self._fd, line)
        n_lost, place = self.n_rows - len(kept), f", what stands in their place is in {ASIDE}" if others else ""
        raise RunIncomplete(
            f"{self.path} was changed by something else while the run wrote it: {n_lost:,} of {self.n_rows:,} answers "
            f"are not there as they were stored{place}. Check the disk, and run the same command again: only these are "
            "asked."
        )

    def sync(self) -> None:
        """Have the disk confirm every row so far. Raises RunIncomplete when it cannot."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return  # not a file that can be synced
            raise RunIncomplete(
                f"The disk did not confirm {self.path}: {_why(error)}. Check the disk before you trust this run."
            ) from error

    def close(self) -> None:
        """Give the file back. May be called twice."""
        self.sent.close()
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


ASIDE = "set-aside.jsonl"
"""Lines that are no rows of the run, as they were journaled; nothing reads it, a person may."""
OFF_RECORD = "off_record"
"""`Row.error_kind` where an agent made a call that was never recorded: a way for a sample to end, and no failure."""


def is_outstanding(outcome: str, error_kind: str | None) -> bool:
    """Whether a row that ended so is an error that is asked for again. One that left the record is not: who asks until
    the agent stays on it would keep the samples that went well."""
    return outcome == Outcome.ERRORED and error_kind != OFF_RECORD


@dataclass(slots=True)
class Recovered:
    """What a run folder already holds."""

    seen: dict[bytes, bool] = field(default_factory=dict)
    """`key_hash` of each row → whether it errored and is owed."""
    unmarked: set[bytes] = field(default_factory=set)
    """Of the errored ones, those that hold an answer which could not be marked (or not yet)."""
    n_torn: int = 0
    """Lines that could not be read: torn by a kill, or damaged. Their rows are owed again."""
    spend_usd: Decimal = Decimal(0)
    """What the lines say this run has paid so far, superseded ones included; unknown prices are not in it."""
    done_by: Counter[str] = field(default_factory=Counter)
    """`n_done` by model."""
    answered_by: Counter[str] = field(default_factory=Counter)
    """`n_answered` by model."""

    given_up: dict[bytes, int] = field(default_factory=dict)
    """By `key_hash` of a row that is owed: attempts that were given up, or were under way when a session ended."""

    waited: dict[bytes, float] = field(default_factory=dict)
    """By `key_hash` of a row that is owed: seconds that its attempts took."""

    def add(
        self,
        key: Key,
        *,
        errored: bool,
        spend: Decimal | None,
        answered: bool = False,
        given_up: int = 0,
        waited: float = 0.0,
    ) -> None:
        """Take one stored row into account; `answered`: an errored one that holds an answer all the same."""
        place = key_hash(key)
        was_done, was_answered = self.seen.get(place) is False, place in self.unmarked
        self.seen[place] = errored and not was_done
        if errored and answered:
            self.unmarked.add(place)
        elif errored and given_up:
            self.given_up[place] = max(self.given_up.get(place, 0), given_up)
        if errored and not answered and waited:
            self.waited[place] = waited
        if not errored and not was_done:
            self.done_by[key[0]] += 1
        if (answered or not errored) and not was_answered and not was_done:
            self.answered_by[key[0]] += 1
        self.spend_usd += spend or 0

    def is_done(self, key: Key) -> bool:
        """Whether the row is there and not owed again."""
        return self.seen.get(key_hash(key)) is False

    def given_up_of(self, key: Key) -> int:
        """Attempts of earlier sessions at a row that were given up (`Row.given_up`)."""
        return self.given_up.get(key_hash(key), 0) if self.given_up else 0

    def waited_of(self, key: Key) -> float:
        """Seconds that attempts of earlier sessions at a row took which came to nothing."""
        return self.waited.get(key_hash(key), 0.0) if self.waited else 0.0

    def is_unmarked(self, key: Key) -> bool:
        """Whether an answer is there that could not be marked, and the row is owed again."""
        if not self.unmarked:
            return False
        place = key_hash(key)
        return place in self.unmarked and self.seen.get(place) is not False

    def is_answered(self, key: Key) -> bool:
        """Whether an answer is there, marked or not."""
        place = key_hash(key)
        return self.seen.get(place) is False or place in self.unmarked

    @property
    def n_done(self) -> int:
        """Rows that need not be asked again."""
        return len(self.seen) - self.n_errored

    @property
    def n_answered(self) -> int:
        """Rows that hold an answer, marked or not."""
        return self.n_done + sum(self.seen[place] for place in self.unmarked)

    @property
    def n_errored(self) -> int:
        """Rows that errored and were not answered since."""
        return sum(self.seen.values())

    @property
    def note(self) -> str | None:
        """A sentence for the user about unreadable lines; None when there were none."""
        if not self.n_torn:
            return None
        lines = "1 unreadable line" if self.n_torn == 1 else f"{self.n_torn} unreadable lines"
        return f"{lines} in the journal (the last run was cut off): asked again."


def recover(folder: Path) -> Recovered:
    """What is already answered in a run folder, sealed parts and journals alike; cuts torn last lines off.

    Only for whoever is about to write the run (it changes files); readers use `iter_rows`.
    Raises StoreError when a file cannot be read.
    """
    found = Recovered(given_up=sent_log.left(folder))
    if any(folder.glob("rows-*.parquet")):  # a new run has no sealed part
        from evalkit.store import parts

        for key, outcome, spend, kind, given_up, waited in parts.iter_keys(folder):
            owed, answered = is_outstanding(outcome, kind), kind is None
            found.add(key, errored=owed, spend=spend, answered=answered, given_up=given_up, waited=waited)
    for path in journals(folder):
        try:
            fd = open_descriptor(path, os.O_RDWR)
        except OSError as error:
            raise StoreError(f"The journal {path} cannot be opened ({error.strerror}).", path) from error
        try:
            found.n_torn += _cut_torn_line(path, fd)
        finally:
            os.close(fd)
        for record in _read(path, read_record):
            if record is None:
                found.n_torn += 1
            else:
                errored = is_outstanding(record["outcome"], record.get("error_kind"))
                spend = Decimal(record.get("spend_usd", 0))
                answered, given_up = "error_kind" not in record, record.get("given_up") or 0
                key, waited = record_key(record), record.get("retry_s") or 0.0
                found.add(key, errored=errored, spend=spend, answered=answered, given_up=given_up, waited=waited)
    return found


def journals(folder: Path) -> list[Path]:
    """The journals of a run, oldest first, so that reading in order lets the later line win."""
    found = []
    for path in folder.glob("journal-*.jsonl"):
        with suppress(FileNotFoundError):  # sealed this instant by the process that writes the run
            found.append((path.stat().st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]


def iter_rows(folder: Path) -> Iterator[Row]:
    """Every journaled row in writing order, superseded ones included; changes nothing, so a run may be going on.

    Unreadable lines are passed over: `recover` counts them and their rows are asked again.
    """
    return (row for row in scan(folder, from_line) if row is not None)


T = TypeVar("T")


def scan(folder: Path, read: Callable[[bytes], T]) -> Iterator[T | None]:
    """Each complete line through `read` (`from_line`, `read_record`) in writing order; None for a line that is no row.

    Raises StoreError when a journal cannot be read at all.
    """
    for path in journals(folder):
        yield from _read(path, read)


def _read(path: Path, read: Callable[[bytes], T]) -> Iterator[T | None]:
    try:
        with open_to_read(path) as file:
            for line in lines_of(file):
                if line is None:
                    yield None
                elif line.endswith(b"\n"):
                    try:
                        yield read(line)
                    except ValueError:
                        yield None
    except OSError as error:
        raise StoreError(f"The journal {path} cannot be read ({error.strerror}).", path) from error


def _cut_torn_line(path: Path, fd: int) -> int:
    """Cut what follows the last newline; 1 when there was something to cut, else 0."""
    size = os.fstat(fd).st_size
    end, step = size, 1 << 16
    while end > 0:
        start = max(0, end - step)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end == size:
        return 0
    try:
        os.ftruncate(fd, end)
    except OSError as error:
        raise StoreError(f"The torn last line of {path} cannot be cut off ({error.strerror}).", path) from error
    return 1


def _why(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "no space left on the disk"
    return error.strerror or str(error)


def _way_out(error: OSError) -> str:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return "Free some space" if full else "Mend the disk or its permissions"
