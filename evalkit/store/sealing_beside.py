"""A run is sealed while it goes on: another process reads the journal and drafts the part, on a core of its own.

    beside = SealingBeside.start(folder, log.path)
    ...
    beside.say_end()                    # every row is journaled
    seal(folder, beside.finish())       # the drafts get their names where they hold the whole journal
    beside.sum_up() or computed(folder)

The process changes nothing but its drafts, whose names no reader looks at: what it computes, the run writes. Whatever
goes wrong with it, and whatever it does not understand (a line that is no row, two rows of one key), the run does as
ever. So it does where the other is late: a busy machine may not have let it begin.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from evalkit import child
from evalkit.errors import EvalkitError
from evalkit.reading import MOST_BYTES, open_to_read, read_file
from evalkit.store import parts
from evalkit.store.part_files import Drafted, draft_part

LOOKS_EVERY_S = 0.2
_LATE_S = 0.1
"""How long a process that has not begun when the run ends may take to. To do all of it here takes twice as long."""
MOST_WAIT_S = 60.0
"""For the last rows, once all are journaled: some thousands, mostly."""
_END, _SUM_UP = b"end\n", b"sum\n"
"""What the run says. The words are of one length, and the process reads no more than one at a time."""
_READY = b"ready"
QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Microseconds of the processor in a period, and the period, as the kernel tells a container."""
_MOST_KEPT = 2**30
_STEP = 2**20


class SealingBeside:
    """The process, seen from the run."""

    def __init__(self, process: child.Process[bytes]) -> None:
        self._process = process
        self._said = bytearray()
        self._ready = False

    @classmethod
    def start(cls, folder: Path, journal: Path) -> SealingBeside | None:
        """None on less than two cores, where it cannot be started, and on Windows, where pipes cannot be waited for."""
        if _cores() < 2 or sys.platform == "win32":
            return None
        part = max(parts.numbers_there(folder), default=0) + 1
        flags = ("-B",) if sys.dont_write_bytecode else ()
        wanted = (str(folder.absolute()), journal.name, str(part))
        command = child.function("evalkit.store.sealing_beside:follow", *wanted, flags=flags, behind=True)
        try:
            return cls(child.start(command, stdin=child.PIPE, stdout=child.PIPE))
        except child.ChildFailed:
            return None

    def wait_until_ready(self, seconds: float) -> bool:
        """Whether it has begun to read the journal within so long."""
        self._ready = self._ready or self._answer(seconds) == _READY
        return self._ready

    def say_end(self) -> None:
        """Say that every row is journaled; what it has to do yet, it does while the caller does something else."""
        self._say(_END)

    def finish(self) -> Drafted | None:
        """What it has drafted; None where that is not the whole journal, or it had not begun when the run ended."""
        drafted = None
        if self.wait_until_ready(_LATE_S):
            with suppress(ValueError, TypeError):
                drafted = Drafted(**orjson.loads(self._answer(MOST_WAIT_S)))
        if drafted is None:
            self.end()
        return drafted

    def sum_up(self) -> tuple[bytes, bytes] | None:
        """What is to be kept of the run's figures (`summary.computed`), once the part is in place; None where it has
        none."""
        self._say(_SUM_UP)
        kept: list[bytes | None] = []
        with suppress(ValueError):
            sizes = [int(size) for size in self._answer(MOST_WAIT_S).split()]
            if sum(sizes) <= _MOST_KEPT:
                kept = [self._take(size, MOST_WAIT_S) for size in sizes]
        self.end()
        match kept:
            case [bytes(summary), bytes(scores)]:
                return summary, scores
        return None

    def end(self) -> None:
        """End the process, whatever it does. A second call does nothing."""
        child.end(self._process)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _say(self, word: bytes) -> None:
        given = self._process.stdin
        assert given is not None
        with suppress(OSError, ValueError):  # it is gone: then it will not answer either
            given.write(word)
            given.flush()

    def _answer(self, seconds: float) -> bytes:
        """Its next line; empty where none comes."""
        until = time.monotonic() + seconds
        while b"\n" not in self._said:
            if len(self._said) > _STEP or not self._heard_more(until):
                return b""
        line, _, rest = bytes(self._said).partition(b"\n")
        self._said = bytearray(rest)
        return line

    def _take(self, n_bytes: int, seconds: float) -> bytes | None:
        """What it says next, of this length; None where it says less."""
        until = time.monotonic() + seconds
        while len(self._said) < n_bytes:
            if not self._heard_more(until):
                return None
        taken = bytes(self._said[:n_bytes])
        del self._said[:n_bytes]
        return taken

    def _heard_more(self, until: float) -> bool:
        said = self._process.stdout
        assert said is not None
        try:
            if not select.select([said], [], [], max(0.0, until - time.monotonic()))[0]:
                return False
            piece = os.read(said.fileno(), _STEP)
        except (OSError, ValueError):
            return False
        self._said += piece
        return bool(piece)


def _cores() -> float:
    """How many cores this process may use. Past a container's quota all of its processes stand still for a moment: that
    would stand in the latencies."""
    cores: float = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = read_file(QUOTA, most=100).split()
        cores = min(cores, int(quota) / int(period))  # "max", where there is none, is no number
    return cores


class _Left(Exception):
    """The run is over without a word: it was killed, or needs the drafts no more."""


def follow(folder: str, journal: str, part: str) -> int:
    """In the process: draft the part while the journal grows, and say what was drafted once the run says that it ended;
    then sum up, once it says that the part is in place."""
    import gc

    from evalkit.store.sealing import NotPlain, PlainRows
    from evalkit.store.summary import computed, prepare

    prepare()
    gc.disable()  # rows hold no cycles
    _tell(_READY)
    place = Path(folder)
    lines, rows = _Lines(place / journal), PlainRows()
    try:
        draft_part(place, int(part), rows.batches(lines), os.getpid())
    except (NotPlain, _Left, OSError, ValueError):  # pyarrow's own are ValueErrors or OSErrors
        return 1
    _tell(orjson.dumps(asdict(Drafted(int(part), journal, lines.size, rows.n, rows.n_errored, os.getpid()))))
    if os.read(0, len(_SUM_UP)) != _SUM_UP:
        return 0
    try:
        _, *kept = computed(place)
    except EvalkitError:  # whoever asked tries it again, and says what is wrong
        return 1
    _tell(" ".join(str(len(one)) for one in kept).encode())
    for one in kept:
        sys.stdout.buffer.write(one)
    sys.stdout.flush()
    return 0


def _tell(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


class _Lines:
    """The lines of a journal that is being written, to its end once standard input says so."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = 0
        """Bytes of the lines that were given."""

    def __iter__(self) -> Iterator[bytes]:
        ended, rest = False, b""
        with open_to_read(self._path) as file:
            while True:
                if piece := file.read(_STEP):
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        self.size += len(line) + 1
                        yield line
                    if len(rest) > MOST_BYTES:
                        raise _Left
                elif ended:
                    return  # a line without its end stays in the journal's size alone: then this is not the whole of it
                elif select.select([0], [], [], LOOKS_EVERY_S)[0]:
                    if not os.read(0, len(_END)):
                        raise _Left
                    ended = True
