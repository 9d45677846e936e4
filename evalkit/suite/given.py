"""What a suite that is made in Python brings along and no suite file can say: functions, and records in memory.

The suite itself passes the same schema and the same checks as a file; this is put into it afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from operator import index
from typing import TYPE_CHECKING, SupportsIndex

from evalkit.frozen import dataclass

if TYPE_CHECKING:
    from evalkit.suite.functions import OwnFunction
    from evalkit.suite.rows_in_memory import Rows
    from evalkit.suite.suite import ResolvedSuite

FUNCTION = "function"
"""What stands as the adapter of a model that is a function, and as the name of such a scorer. No file may name it."""

GIVEN_IN_PYTHON = "given_in_python"
"""In run.json the key of a task's `data` under which records that lie in no file are described."""


def as_whole(value: object) -> object:
    """A whole number of another library (a count of a DataFrame is a `numpy.int64`) as Python's own; else as it is."""
    return index(value) if isinstance(value, SupportsIndex) and not isinstance(value, bool) else value


@dataclass(frozen=True, slots=True)
class GivenInPython:
    """The parts of a suite that are objects."""

    functions: Mapping[str, OwnFunction] = field(default_factory=dict)
    """By the name of a model or judge."""
    scorers: Mapping[int, object] = field(default_factory=dict)
    """By the task's place: an `evalkit.scorers.base.Scorer`."""
    rows: Mapping[int, Rows] = field(default_factory=dict)
    """By the task's place: its records."""
    of_files: frozenset[int] = frozenset()
    """Places of tasks that were taken over from a suite file: the paths in them are that file's word."""

    def put_into(self, suite: ResolvedSuite) -> ResolvedSuite:
        """The suite with these parts in their places; what `written` says of records is their number and columns."""
        tasks = tuple(
            replace(
                task,
                rows=self.rows.get(task.index, task.rows),
                scored_by=self.scorers.get(task.index),
                is_own_code=task.index not in self.of_files,
            )
            for task in suite.tasks
        )
        written = {**suite.written, "tasks": [self._told(n, task) for n, task in enumerate(suite.written["tasks"])]}
        return replace(suite, tasks=tasks, functions=self.functions, written=written)

    def _told(self, n: int, task: dict[str, object]) -> dict[str, object]:
        rows = self.rows.get(n)
        if rows is None:
            return task
        about = {"records": rows.n, "columns": list(rows.columns), "sha256": rows.sha256}
        inside = task.get("with") if "use" in task else task
        assert isinstance(inside, dict)
        data = inside.get("data")
        kept = {key: value for key, value in data.items() if key != "path"} if isinstance(data, dict) else {}
        told = {**inside, "data": {GIVEN_IN_PYTHON: about, **kept}}
        return {**task, "with": told} if "use" in task else told
