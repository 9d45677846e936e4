"""A long run is sealed while it goes on: another process reads the journal and drafts the part, on a core of its own.

    beside = SealingBeside.start(folder, log.path)
    ...
    seal(folder, beside.finish())       # the drafts get their names where they hold the whole journal

The process changes nothing but its drafts, whose names no reader looks at. Whatever goes wrong with it, and whatever it
does not understand (a line that is no row, two rows of one key), the journal is sealed as ever, in this process.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from evalkit import child
from evalkit.reading import MOST_BYTES, open_to_read
from evalkit.store import parts
from evalkit.store.part_files import Drafted, draft_part

LOOKS_EVERY_S = 0.2
MOST_WAIT_S = 60.0
"""For the last rows, once all are journaled: some thousands, mostly."""
_END = b"end\n"
_STEP = 2**20


class SealingBeside:
    """The process, seen from the run."""

    def __init__(self, process: child.Process[bytes]) -> None:
        self._process = process

    @classmethod
    def start(cls, folder: Path, journal: Path) -> SealingBeside | None:
        """None on one core, where it cannot be started, and on Windows, where pipes cannot be waited for."""
        n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        if n_cores < 2 or sys.platform == "win32":
            return None
        part = max(parts.part_numbers(folder), default=0) + 1
        flags = ("-B",) if sys.dont_write_bytecode else ()
        wanted = (str(folder.absolute()), journal.name, str(part))
        command = child.function("evalkit.store.sealing_beside:follow", *wanted, flags=flags)
        try:
            return cls(child.start(command, stdin=child.PIPE, stdout=child.PIPE))
        except child.ChildFailed:
            return None

    def finish(self) -> Drafted | None:
        """What it has drafted, once every row is journaled; None where that is not the whole journal."""
        given, said = self._process.stdin, self._process.stdout
        assert given is not None and said is not None
        try:
            given.write(_END)
            given.flush()
            if not select.select([said], [], [], MOST_WAIT_S)[0]:
                return None
            return Drafted(**orjson.loads(said.readline(_STEP)))
        except (OSError, ValueError, TypeError):
            return None
        finally:
            self.end()

    def end(self) -> None:
        """End the process, whatever it does. A second call does nothing."""
        child.end(self._process)
        if self._process.stdout is not None:
            self._process.stdout.close()


class _Left(Exception):
    """The run is over without a word: it was killed, or needs the drafts no more."""


def follow(folder: str, journal: str, part: str) -> int:
    """In the process: draft the part while the journal grows; say what was drafted once the run says that it ended."""
    import gc

    from evalkit.store.sealing import NotPlain, PlainRows

    gc.disable()  # rows hold no cycles
    with suppress(OSError):
        os.nice(10)  # the run itself comes first
    lines, rows = _Lines(Path(folder, journal)), PlainRows()
    try:
        draft_part(Path(folder), int(part), rows.batches(lines), os.getpid())
    except (NotPlain, _Left, OSError, ValueError):  # pyarrow's own are ValueErrors or OSErrors
        return 1
    told = Drafted(int(part), journal, lines.size, rows.n, rows.n_errored, os.getpid())
    sys.stdout.buffer.write(orjson.dumps(asdict(told)) + b"\n")
    sys.stdout.flush()
    return 0


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
