"""What is in a folder of results, read once: facts, summaries, connections; cached on path, size and time of change.

    store = Store(Path("results"))
    store.runs()                      # newest first; what cannot be read comes last, with its problem
    store.summary(run)                # the figures of one run, as `evalkit show` has them
    store.query([run], "select ...")  # DuckDB over the rows of any runs

Nothing here writes, and nothing here knows of Streamlit: the HTML report reads through the same door.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evalkit.errors import EvalkitError, StoreError
from evalkit.report.scores import Scores, Side, read_scores
from evalkit.report.standings import Place, places
from evalkit.store import queries, reviews, runs
from evalkit.store.runs import RunInfo
from evalkit.store.summary import read_summary

if TYPE_CHECKING:
    import duckdb

T = TypeVar("T")
Mark = tuple[tuple[str, int, int], ...]
"""Name, size and time of change of every file that a figure could come from."""

_KEPT = 1_000
"""Cached figures: summaries, facts, a page of flips. All small."""
_ARRAYS = 3
"""Cached scores by sample: ten models on a million samples take 100 MB."""
_CONNECTIONS = 3
_MEMORY = "300MB"
"""What DuckDB may use for one connection; the rest of the 600 MB is Streamlit, pandas and the caches."""


@dataclass(slots=True)
class _Cache:
    """Values by key, the oldest forgotten; safe between sessions."""

    size: int
    close: Callable[[Any], None] = lambda _: None
    kept: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                found: T = self.kept[key]
                return found
            value = self.kept[key] = make()
            while len(self.kept) > self.size:
                self.close(self.kept.popitem(last=False)[1])
            return value


_figures = _Cache(_KEPT)
_arrays = _Cache(_ARRAYS)
_connections = _Cache(_CONNECTIONS, close=lambda con: con.close())


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of results, to read from."""

    results: Path

    def runs(self) -> list[RunInfo]:
        """Every run, newest first, unreadable ones last with their problem."""
        return runs.list_runs(self.results)

    def readable(self) -> list[RunInfo]:
        """The runs that can be shown: whose facts and figures can both be read."""
        return [info for info in self.runs() if info.problem is None and self.problem(info.name) is None]

    def problem(self, run: str) -> str | None:
        """Why the rows of a run cannot be read, for a person; None when they can."""
        try:
            summary = self.summary(run)
        except EvalkitError as error:
            return str(error)
        return None if isinstance(summary.get("models"), dict) else f"{run}: its summary has no models"

    def path(self, run: str) -> Path:
        """The folder of a run."""
        return self.results / run

    def facts(self, run: str) -> dict[str, Any]:
        """What run.json says. Raises StoreError."""
        path = self.path(run)
        return _figures.get(("facts", str(path), mark(path, only="run.json")), lambda: runs.read_facts(path))

    def summary(self, run: str) -> dict[str, Any]:
        """The figures of a run, of a live one as of now. Raises StoreError."""
        path = self.path(run)
        return _figures.get(("summary", str(path), mark(path)), lambda: read_summary(path))

    def scores(self, sides: Sequence[Side], task: str | None = None) -> Scores:
        """Scores by sample of these (run, model), of one task or of all (None). Raises StoreError."""

        def read() -> Scores:
            with self.connection([run for run, _ in sides]) as con:
                return read_scores(con, sides)

        return _arrays.get((self._key(sides), tuple(sides)), read).only(task)

    def places(self, sides: Sequence[Side], task: str | None = None) -> list[Place | None]:
        """The range of places of each side. Raises StoreError."""
        key = ("places", self._key(sides), tuple(sides), task)
        return _figures.get(key, lambda: places(self.scores(sides, task)))

    def query(self, names: Sequence[str], sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Lines of an answer by column name, over views `rows` and `texts` of these runs. Cached. Raises StoreError."""
        key = ("query", self._marks(names), sql, tuple(map(repr, values)))

        def read() -> list[dict[str, Any]]:
            with self.connection(names) as con:
                answer = con.execute(sql, list(values))
                columns = [column[0] for column in answer.description or ()]
                return [dict(zip(columns, line, strict=True)) for line in answer.fetchall()]

        return _figures.get(key, read)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """A figure made elsewhere, kept with the others. The key has to change when the files do (`mark`)."""
        return _figures.get(key, make)

    @contextmanager
    def connection(self, names: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection over these runs, one user at a time: journaled rows live in the connection that read them."""
        import duckdb

        wanted = sorted(set(names))
        with _connections.lock:
            con = _connections.get(self._marks(wanted), lambda: _open([self.path(name) for name in wanted]))
            try:
                yield con
            except duckdb.Error as error:
                why = str(error).splitlines()[0]
                raise StoreError(f"The rows of {', '.join(wanted)} cannot be read ({why}).") from error

    def _key(self, sides: Sequence[Side]) -> Hashable:
        return self._marks([run for run, _ in sides])

    def _marks(self, names: Sequence[str]) -> Hashable:
        return tuple((str(self.path(name)), mark(self.path(name))) for name in sorted(set(names)))


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


def _open(folders: list[Path]) -> duckdb.DuckDBPyConnection:
    con = queries.connect(folders)
    con.execute(f"set memory_limit = '{_MEMORY}'")
    con.execute("set enable_progress_bar = false")
    return con
