"""Which runs have requests under way that share a response cache, and what those left that were killed.

session = CacheSession(folder); session.begin()      # a file with a lock, which ends with the process
session.out(key); ...; session.written()             # sent, and noted in the cache's own file by now
session.left()                                       # {file: {key: how often}} of sessions that are over
"""

from __future__ import annotations

import fcntl
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from evalkit.reading import read_file

_MOST_SESSIONS = 200
_ENTRY = 33
"""Bytes: a sign and a key."""
_MOST_LEFT = 2**20
"""Bytes of what a session had under way and in no file: 10,000 keys at most."""
_LOOK_S = 0.25
"""Seconds until it is looked again which sessions go on."""


class CacheSession:
    """Who has requests under way: a name, and a lock that the kernel gives back however the process ends.

    Its file holds the keys of requests that went out and are in the cache's own file not yet, a sign and 32 bytes each:
    a process may be killed before they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None
        self._begun = False
        self._unwritten = Counter[bytes]()
        self._looked_at, self._others = float("-inf"), list[Path]()
        self.name: str | None = None
        """None until something is under way, and where no lock can be had."""

    def begin(self) -> None:
        """Take the lock, once; locks of sessions that are over are removed."""
        if self._begun:
            return
        self._begun, name = True, os.urandom(6).hex()
        draft = self._folder / f".{name}"
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._held = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.rename(self._folder / name)  # from here on others see it, and it is held
            self.name = name
            for other in self._over():
                if not other.stat().st_size:  # else the next one to begin takes what it left
                    other.unlink(missing_ok=True)
        if self.name is None:  # a file system without locks
            with suppress(OSError):
                draft.unlink(missing_ok=True)

    def _over(self) -> list[Path]:
        """Files of sessions that are over."""
        others = [*self._folder.iterdir()][:_MOST_SESSIONS]
        return [one for one in others if not one.name.startswith(".") and not self.lives(one.name)]

    def left(self) -> dict[Path, Counter[bytes]]:
        """By file the requests that sessions had sent which are over, and whose notes nobody wrote: how often."""
        found = {}
        with suppress(OSError):
            for other in self._over():
                found[other] = _noted(other)
        return found

    def is_under_way(self, key: bytes) -> bool:
        """Whether a session that goes on has sent this request, and nobody has written its note yet."""
        now = time.monotonic()
        if now > self._looked_at + _LOOK_S:
            self._looked_at = now
            with suppress(OSError):
                own = [one for one in [*self._folder.iterdir()][:_MOST_SESSIONS] if one.name != self.name]
                self._others = [one for one in own if self.lives(one.name)]
        return any(_noted(other, key)[key] > 0 for other in self._others)

    def out(self, key: bytes) -> None:
        """A request goes out now."""
        self._unwritten[key] += 1
        self._write(b"+" + key)

    def back(self, key: bytes) -> None:
        """It was turned away: nothing of it is under way."""
        if self._unwritten[key] > 0:
            self._unwritten[key] -= 1
            self._write(b"-" + key)
        if not +self._unwritten:
            self.written()

    def written(self) -> None:
        """What went out is in the cache's own file."""
        self._unwritten.clear()
        if self._held is not None:
            with suppress(OSError):
                os.ftruncate(self._held, 0)

    def _write(self, entry: bytes) -> None:
        if self._held is not None and self.name is not None:
            with suppress(OSError):
                os.write(self._held, entry)

    def lives(self, name: str) -> bool:
        """Whether another session of this name goes on."""
        if len(name) != 12 or not name.isalnum():
            return False
        try:
            file = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return isinstance(error, BlockingIOError)
        finally:
            os.close(file)
        return False

    def end(self) -> None:
        """Give the lock back. What nobody has written stays in the file, for the next session to take over."""
        if self._held is not None:
            with suppress(OSError):
                if self.name is not None and not +self._unwritten:
                    (self._folder / self.name).unlink(missing_ok=True)
            os.close(self._held)
            self._held = None


def _noted(file: Path, only: bytes = b"") -> Counter[bytes]:
    """The requests in a session's file that are not back; none where it cannot be read, is longer than any is, or does
    not name the one that is asked for."""
    found = Counter[bytes]()
    with suppress(OSError):
        said = read_file(file, most=_MOST_LEFT)
        if only not in said:
            return found
        for at in range(0, len(said) - _ENTRY + 1, _ENTRY):
            found[said[at + 1 : at + _ENTRY]] += 1 if said[at : at + 1] == b"+" else -1
    return +found
