"""Inline cases: the records of a task that stand in the suite itself.

    cases:
      - {question: "2 + 2?", expected: "4"}
      - {vars: {question: "3 + 3?"}, expected: "6"}      # as promptfoo writes it: the same kind of record

They are read as the lines of a data file would be. What run.json keeps of them is their number and columns, as of any
data: their texts stand in the rows alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.errors import SuiteError
from evalkit.suite.rows_in_memory import Rows, as_rows
from evalkit.suite.schema import TaskEntry

VARS, EXPECTED = "vars", "expected"


def cases_of(entry: TaskEntry, at: str) -> tuple[TaskEntry, Rows] | None:
    """The task with what its cases say besides (`target`), and the records; None where it has none.

    `at` opens every complaint. Raises SuiteError for values that JSON does not have.
    """
    if entry.cases is None:
        return None
    records = [_record(one, f"{at}[{n}]") for n, one in enumerate(entry.cases)]
    rows = as_rows(records, at)
    if entry.target is None and all(EXPECTED in record for record in records):
        entry = entry.model_copy(update={"target": f"{{{{ {EXPECTED} }}}}"})
    return entry, rows


def _record(case: Mapping[str, object], at: str) -> dict[str, object]:
    fields = case.get(VARS)
    if not isinstance(fields, Mapping):
        return dict(case)
    rest = {key: value for key, value in case.items() if key != VARS}
    if twice := next((key for key in rest if key in fields), None):
        raise SuiteError(f"{at}: {twice!r} stands beside vars and among them; keep one")
    return {**fields, **rest}


def without_cases(tasks: Sequence[Any], found: Mapping[int, Rows]) -> list[Any]:
    """The tasks as they were written, with number, columns and digest of the cases in their place."""
    told = list(tasks)
    for n, rows in found.items():
        about = {"records": rows.n, "columns": list(rows.columns), "sha256": rows.sha256}
        told[n] = {**told[n], "cases": about}
    return told
