"""Figures that are kept in memory: made once by whoever asks first, the oldest forgotten, few made at the same time.

    figures = FigureCache(1_000)
    figures.get(("summary", str(folder), mark(folder)), lambda: read_summary(folder))

A key holds the `mark` of its files: a figure of files that have changed is another figure. Threads of several sessions
may ask at once.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import field
from pathlib import Path
from typing import Any, TypeVar

from evalkit.frozen import dataclass
from evalkit.store import reviews

T = TypeVar("T")
Mark = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of every file that a figure could come from."""
AT_ONCE = 2
"""Threads that make figures at the same time, and as many that ask DuckDB: each takes memory, more are not faster."""


@dataclass(slots=True)
class _Making:
    lock: threading.RLock = field(default_factory=threading.RLock)
    n_asking: int = 0
    """Threads that make it or wait for it."""


@dataclass(slots=True)
class FigureCache:
    """Values by key, the oldest forgotten when they weigh more than `size` together; safe between sessions."""

    size: int
    weigh: Callable[[Any], int] = lambda _: 1
    takes_turns: bool = True
    """Whether few threads make values at the same time. False: they do not need Python's one lock."""
    least: int = 1
    """So many are kept, whatever they weigh."""
    alone: threading.RLock | None = None
    """Held while a value is made, so that large ones are not made at the same time; None: values of different keys
    are."""
    kept: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)
    making: dict[Hashable, _Making] = field(default_factory=dict)
    weight: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value, made by whoever asks first; others who ask for the same wait, and nobody else does."""
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                found: T = self.kept[key]
                return found
            one = self.making.setdefault(key, _Making())
            one.n_asking += 1
        making = self.alone or one.lock
        if not making.acquire(blocking=False):
            with waiting():
                making.acquire()
        try:
            with self.lock:
                if key in self.kept:
                    made: T = self.kept[key]
                    return made
            with _turn() if self.takes_turns else nullcontext():
                value = make()
            self._keep(key, value)
            return value
        finally:
            with self.lock:
                one.n_asking -= 1
                if not one.n_asking:  # else whoever asks next has to wait for the same lock
                    del self.making[key]
            making.release()

    def forget(self) -> None:
        """Keep nothing any more."""
        with self.lock:
            self.kept.clear()
            self.weight = 0

    def _keep(self, key: Hashable, value: object) -> None:
        with self.lock:
            self.kept[key] = value
            self.weight += self.weigh(value)
            while self.weight > self.size and len(self.kept) > self.least:
                self.weight -= self.weigh(self.kept.popitem(last=False)[1])


_turns = threading.BoundedSemaphore(AT_ONCE)
_mine = threading.local()


@contextmanager
def _turn() -> Iterator[None]:
    """One of the few threads that make figures. Who has a turn waits for no other lock than that of a cache's book, so
    everybody's comes."""
    if getattr(_mine, "turn", False):  # a figure that is made of figures
        yield
        return
    with _turns:
        _mine.turn = True
        try:
            yield
        finally:
            _mine.turn = False


@contextmanager
def waiting() -> Iterator[None]:
    """This thread waits, for another's figure or for DuckDB: somebody else has its turn meanwhile."""
    if not getattr(_mine, "turn", False):
        yield
        return
    _mine.turn = False
    _turns.release()
    try:
        yield
    finally:
        _turns.acquire()
        _mine.turn = True


def mark(folder: Path, *, only: str | None = None) -> Mark:
    """What changes when the files of a folder do: a cached figure is one of exactly these files.

    `only`: just the file of this name. Hidden files (locks, drafts), folders and people's marks do not count: no figure
    comes from them.
    """
    try:
        entries = [entry for entry in os.scandir(folder) if entry.name == (only or entry.name)]
    except OSError:
        return ()
    found = []
    for entry in entries:
        try:
            if entry.name.startswith(".") or entry.name == reviews.FILE or not entry.is_file():
                continue
            stat = entry.stat()
        except OSError:
            continue  # sealed this instant: the next look sees the part instead
        found.append((entry.name, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(found))
