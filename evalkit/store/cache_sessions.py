"""Which runs have requests under way that share a response cache, and what those left that were killed.

session = CacheSession(folder); session.begin()      # a file with a lock, which ends with the process
session.out(key); ...; session.written()             # sent, and noted in the cache's own file by now
session.left()                                       # {file: [keys]} of sessions that are over
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from evalkit.reading import read_file

_MOST_SESSIONS = 200
_KEY = 32
"""Bytes."""
_MOST_LEFT = 2**20
"""Bytes of what a session had under way and in no file: 10,000 keys at most."""


class CacheSession:
    """Who has requests under way: a name, and a lock that the kernel gives back however the process ends.

    Its file holds the keys of requests that went out and are in the cache's own file not yet, 32 bytes each: a process
    may be killed before they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: int | None = None
        self._begun = False
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

    def left(self) -> dict[Path, list[bytes]]:
        """By file the requests that sessions had sent which are over, and whose notes nobody wrote."""
        found = {}
        with suppress(OSError):
            for other in self._over():
                said = read_file(other, most=_MOST_LEFT)
                found[other] = [said[at : at + _KEY] for at in range(0, len(said) - _KEY + 1, _KEY)]
        return found

    def out(self, key: bytes) -> None:
        """A request goes out now."""
        if self._held is not None and self.name is not None:
            with suppress(OSError):
                os.write(self._held, key)

    def written(self) -> None:
        """What went out is in the cache's own file."""
        if self._held is not None:
            with suppress(OSError):
                os.ftruncate(self._held, 0)

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
        """Give the lock back."""
        if self._held is not None:
            with suppress(OSError):
                if self.name is not None:
                    (self._folder / self.name).unlink(missing_ok=True)
            os.close(self._held)
            self._held = None
