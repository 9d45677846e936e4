"""People's labels of a task's answers, read from the file that the task names.

    {"id": "advice/t1/0/gpt", "question": "...", "answer": "Ask your bank.", "label": 7}

The records are those of `evalkit judge-data`, with a label added: what the judge would say, a number on its scale or
one of its words. Where the record has the answer, the label counts for that answer only: another run's may say
something else under the same id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Timing
from evalkit.scorers.base import Scorer
from evalkit.suite.datasets import open_data
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import short

_NO_TIME = Timing(sent_at=0.0, total_s=0.0)
_NOBODY = Sample("", "", "", "", 0, (), None)
MOST_COMPLAINTS = 5


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of one answer."""

    value: float
    """From 0 to 1, as the judge's verdict would be."""
    answer: str | None
    """The answer that was labelled; None where the record does not hold it."""


def read_labels(task: ResolvedTask, verdict: Scorer) -> dict[str, Label]:
    """By the answer's id; nothing where the task names no file. Raises SuiteError with every record that is wrong."""
    entry = task.entry.labels
    if entry is None:
        return {}
    at = f"{task.at}.labels"
    complaints: list[str] = []
    found: dict[str, Label] = {}
    try:
        data = open_data(entry.path, task.folder)
        for number, record in data.records(lambda complaint: complaints.append(f"{at}: {complaint}")):
            told = record.get(entry.field)
            if told is None or told == "":
                continue
            wrong = _wrong(record, told, verdict) or ("its id stands twice" if record["id"] in found else None)
            if wrong is not None:
                complaints.append(f"{at}: {data.place(number)}: {wrong}")
                continue
            answer = record.get("answer")
            found[record["id"]] = Label(_value(told, verdict) or 0.0, answer if isinstance(answer, str) else None)
    except SuiteError as error:
        complaints += [f"{at}: {complaint}" for complaint in error.complaints]
    if len(complaints) > MOST_COMPLAINTS:
        n_more = len(complaints) - MOST_COMPLAINTS
        complaints = [*complaints[:MOST_COMPLAINTS], f"{at}: and {n_more:,} more records like these"]
    if complaints:
        raise SuiteError(complaints)
    if not found:
        raise SuiteError(
            f"{at}: no record of {entry.path} has a label in {entry.field!r} (see labels: {{field: NAME}})"
        )
    return found


def _wrong(record: Mapping[str, Any], told: Any, verdict: Scorer) -> str | None:
    if not isinstance(record.get("id"), str):
        return "has no id, like task/sample/repeat/model; evalkit judge-data writes such records"
    if isinstance(told, bool) or not isinstance(told, str | int | float) or _value(told, verdict) is None:
        return f"the label {short(told)} is no verdict that the judge could give"
    return None


def _value(told: str | float, verdict: Scorer) -> float | None:
    """The label as the judge's own verdict would be read; None where it would not be."""
    text = told if isinstance(told, str) else f"{told:.6f}".rstrip("0").rstrip(".")
    return verdict.mark(_NOBODY, Response(f"[[{text}]]", "stop", _NO_TIME)).value
