"""What is in a folder of results, read once: facts, summaries, connections; cached on path, size and time of change.

    store = Store(Path("results"))
    store.runs()                      # newest first; what cannot be read comes last, with its problem
    store.summary(run)                # the figures of one run, as `evalkit show` has them
    store.query([run], "select ...")  # DuckDB over the rows of any runs

Nothing here writes, and nothing here knows of Streamlit: the HTML report reads through the same door.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evalkit.errors import EvalkitError, StoreError
from evalkit.facts import ModelSummary, RunFacts, Summary
from evalkit.frozen import dataclass
from evalkit.results.facts import read_facts
from evalkit.results.figure_cache import AT_ONCE, FigureCache, Mark, mark, waiting
from evalkit.results.parts import PartFigures, read_parts
from evalkit.results.repeats import RunRepeats, read_repeats
from evalkit.results.samples import (
    Pair,
    SampleJoin,
    SampleSide,
    covariance_of,
    n_other_weights,
    of_slice,
    pair_of,
    shared_lines,
)
from evalkit.results.standings import ModelStanding, standings
from evalkit.results.state import RunState, state_of
from evalkit.results.summary import read_summary
from evalkit.store import judge_files, queries, runs
from evalkit.store.damage import damage
from evalkit.store.runs import RunInfo
from evalkit.store.score_table import ScoreTable, read_scores

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")
_KEPT = 1_000
"""Cached figures: summaries, facts, a page of flips. All small."""
_TABLES = 160_000_000
"""Bytes of cached scores by sample: ten models on a million samples take 70 MB."""
_LINES = 64_000_000
"""Bytes of cached samples that two runs share: a million take 16 MB."""
_OPENED = 160_000_000
"""Bytes of the parts that are open for queries: a run of a million rows has 25 MB, and takes 35 MB of memory."""
_MEMORY = "200MB"
"""What DuckDB may use for one connection; the rest of the 600 MB is Streamlit, pandas and the caches."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connection, and who may use it. It is closed when nobody has it any more."""

    con: duckdb.DuckDBPyConnection
    n_bytes: int
    """Of the parts that it reads: the descriptions of their pages, which it keeps, take somewhat more memory."""
    lock: threading.RLock = field(default_factory=threading.RLock)


_large = threading.RLock()
_queries = threading.BoundedSemaphore(AT_ONCE)
_figures = FigureCache(_KEPT)
_tables = FigureCache(_TABLES, weigh=lambda table: table.n_bytes, alone=_large)
_lines = FigureCache(_LINES, weigh=lambda lines: sum(part.nbytes for part in lines), alone=_large)
_connections = FigureCache(_OPENED, weigh=lambda opened: opened.n_bytes, least=2, takes_turns=False)
atexit.register(_connections.forget)  # DuckDB counts what is open when Python ends, and prints 45 lines about it


@dataclass(frozen=True, slots=True)
class ResultsReader:
    """A folder of results, to read from."""

    results: Path
    seen: dict[Path, Mark] | None = field(default=None, compare=False, repr=False)
    """What each folder held when it was first looked at, for a view that is over in a moment; None: every figure looks
    again."""

    @classmethod
    def of_now(cls, results: Path) -> ResultsReader:
        """For one view of a page: each folder is looked at once."""
        return cls(results, {})

    def runs(self) -> list[RunInfo]:
        """Every run, newest first, unreadable ones last with their problem. Raises StoreError."""
        return runs.list_runs(self.results, self._info)

    def readable(self, runs: Sequence[RunInfo] | None = None) -> list[RunInfo]:
        """The runs that can be shown: whose facts and figures can both be read. `runs`: what `runs()` said just now."""
        return [
            info
            for info in (self.runs() if runs is None else runs)
            if info.problem is None and self.problem(info.name) is None
        ]

    def problem(self, run: str) -> str | None:
        """Why the rows of a run cannot be read, for a person; None when they can."""
        path = self.path(run)

        def look() -> str | None:
            self.facts(run)
            if (found := damage(path)) is None:
                self.summary(run)
                self.judges(run)
            return found

        try:
            return _figures.get(("problem", str(path), self._mark(path), self._mark(path / judge_files.FOLDER)), look)
        except EvalkitError as error:
            return str(error)

    def path(self, run: str) -> Path:
        """The folder of a run."""
        return self.results / run

    def _mark(self, folder: Path, only: str | None = None) -> Mark:
        """`mark` as of now, or of when this view began."""
        if self.seen is None:
            return mark(folder, only=only)
        if folder not in self.seen:
            self.seen[folder] = mark(folder)
        return self.seen[folder] if only is None else tuple(one for one in self.seen[folder] if one[0] == only)

    def _info(self, folder: Path) -> RunInfo | None:
        """`runs.run_info`; of a run that has ended, run.json is read once for as long as it does not change."""
        of_facts = self._mark(folder, runs.FACTS)
        info = _figures.get(("info", str(folder), of_facts), lambda: runs.run_info(folder)) if of_facts else None
        ended = info is not None and info.problem is None and info.status not in {"running", "interrupted"}
        return info if ended else runs.run_info(folder)

    def facts(self, run: str) -> RunFacts:
        """What run.json says. Raises StoreError."""
        path = self.path(run)
        return _figures.get(("facts", str(path), self._mark(path, only=runs.FACTS)), lambda: read_facts(path))

    def state(self, run: str) -> RunState:
        """How far a run is. Raises StoreError."""
        if (facts := self.facts(run)).status == "complete":
            return state_of(self.path(run), facts)
        return state_of(self.path(run), facts, self.summary(run))

    def summary(self, run: str) -> Summary:
        """The figures of a run, of a live one as of now. Raises StoreError."""
        path = self.path(run)
        return _figures.get(("summary", str(path), self._mark(path)), lambda: read_summary(path, self.facts(run)))

    def judges(self, run: str) -> Mapping[str, ModelSummary]:
        """The figures of those who marked a run, as its summary has them of models; empty where nobody did.

        Raises StoreError.
        """
        inner = judge_files.judging_of(self.path(run))
        return {} if inner is None else self.summary(f"{run}/{inner.name}").models

    def repeats(self, run: str) -> RunRepeats | None:
        """How steady each model of a run answers; None where every item was asked once. Raises StoreError."""
        path = self.path(run)
        return _figures.get(("repeats", str(path), self._mark(path)), lambda: read_repeats(path))

    def parts(self, run: str) -> PartFigures:
        """What each scorer of a task with several gives; empty where every task has one. Raises StoreError."""
        path = self.path(run)
        return _figures.get(("parts", str(path), self._mark(path)), lambda: read_parts(path))

    def table(self, run: str) -> ScoreTable:
        """Scores by sample of a run, of a live one as of now. Raises StoreError."""
        path = self.path(run)
        return _tables.get((str(path), self._mark(path)), lambda: read_scores(path))

    def sample_join(self, first: str, second: str) -> SampleJoin:
        """The samples that two runs share. Raises StoreError."""
        left, right = self.table(first), self.table(second)
        if left is right:
            return SampleJoin(left, right)
        key = tuple((str(self.path(run)), self._mark(self.path(run))) for run in (first, second))
        return SampleJoin(left, right, *_lines.get(key, lambda: shared_lines(left, right)))

    def other_weights(self, first: str, second: str) -> str | None:
        """Why two runs do not compare where their samples stand for other numbers of requests; None where they do.

        Raises StoreError."""
        both = self.sample_join(first, second)
        n = n_other_weights(both)
        if not n:
            return None
        of_all = len(both.lines_left) if both.lines_left is not None else n
        return f"the weights of {n:,} of {of_all:,} samples differ between {first} and {second}"

    def pair(
        self, first: SampleSide, second: SampleSide, task: str | None = None, slice: tuple[str, str] | None = None
    ) -> Pair:
        """Two sides on the samples that both were asked, of one task or of all (None), of one slice (name, value) or of
        all (None). Raises StoreError."""
        both = self.sample_join(first[0], second[0])
        return pair_of(both if slice is None else of_slice(both, slice), first[1], second[1], task)

    def standings(self, sides: Sequence[SampleSide], task: str | None = None) -> list[ModelStanding | None]:
        """Where each side stands towards the leader of them. Raises StoreError."""

        differences: dict[tuple[int, int], float | None] = {}

        def compute() -> list[ModelStanding | None]:
            return standings([self._mean(side, task) for side in sides], p_worse, covariance, lacks)

        def p_worse(i: int, j: int) -> float:
            pair = self.pair(sides[i], sides[j], task)
            differences[i, j] = pair.difference()
            return pair.p_worse()

        def lacks(i: int, j: int) -> float | None:
            found = differences[i, j]  # p_worse was asked of every pair before
            return None if found is None else -found

        def covariance(leader: int, others: Sequence[int]) -> npt.NDArray[np.float64]:
            joins = [self.sample_join(sides[leader][0], sides[i][0]) for i in others]
            return covariance_of(joins, sides[leader][1], [sides[i][1] for i in others], task)

        return _figures.get(("standings", self._key(sides), tuple(sides), task), compute)

    def query(self, names: Sequence[str], sql: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Lines of an answer by column name, over views `rows` and `texts` of these runs. Cached. Raises StoreError."""
        key = ("query", self.marks(names), sql, tuple(map(repr, values)))

        def read() -> list[dict[str, object]]:
            with self.connection(names) as con:
                answer = con.execute(sql, list(values))
                columns = [column[0] for column in answer.description or ()]
                return [dict(zip(columns, line, strict=True)) for line in answer.fetchall()]

        return _figures.get(key, read)

    def remember(self, key: Hashable, make: Callable[[], T]) -> T:
        """A figure made elsewhere, kept with the others. The key has to change when the files do (`mark`)."""
        return _figures.get(key, make)

    def remembers(self, key: Hashable) -> bool:
        """Whether that figure is kept."""
        return key in _figures.kept

    @contextmanager
    def connection(self, names: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection over these runs, one user at a time: journaled rows live in the connection that read them."""
        import duckdb

        wanted = sorted(set(names))
        with waiting(), _queries:
            opened = _connections.get(self.marks(wanted), lambda: _open([self.path(name) for name in wanted]))
            try:
                with opened.lock:
                    yield opened.con
            except duckdb.Error as error:
                why = str(error).splitlines()[0]
                raise StoreError(f"The rows of {', '.join(wanted)} cannot be read ({why}).") from error

    def _mean(self, side: SampleSide, task: str | None) -> float | None:
        model = self.summary(side[0]).models[side[1]]
        cell = model.all if task is None else model.tasks.get(task)
        return cell.quality.mean if cell is not None else None

    def _key(self, sides: Sequence[SampleSide]) -> Hashable:
        return self.marks([run for run, _ in sides])

    def marks(self, names: Sequence[str]) -> Hashable:
        """What changes when the files of these runs do: part of the key of any cached figure."""
        return tuple((str(self.path(name)), self._mark(self.path(name))) for name in sorted(set(names)))


def _open(folders: list[Path]) -> _Opened:
    con = queries.connect(folders)
    con.execute(f"set memory_limit = '{_MEMORY}'")
    con.execute("set enable_external_file_cache = false")  # the system keeps what was read; twice is too much
    con.execute("set enable_progress_bar = false")
    files = [path for folder in folders for path in folder.glob("*.parquet")]
    return _Opened(con, sum(path.stat().st_size for path in files))
