"""A file of answers that exist already, read for `replay`: texts, calls, and what each answer took.

    found = read_answers(data, AnswerFields("answers.jsonl", "id", "text", None, "guess"))
    found.answers["t1"][0]      # RecordedAnswer(text="deny", usage=..., total_s=1.2)
    found.repeats               # ("run-1", "run-2"), or () where no column counts the answers to one sample

Columns are named as in the map of `import table`, or guessed by the same names. A cell of a column that the suite names
and that is something else is a complaint; of a guessed one it is unknown, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evalkit.adapters.tool_calls import recorded
from evalkit.errors import SuiteError
from evalkit.records import StopReason, ToolCall, Usage
from evalkit.store.table_values import Unread, empty, natural, reader_of
from evalkit.suite.column_names import (
    GUESSES,
    TIMES,
    TableColumn,
    column_of,
    folded_columns,
    guessed_column,
    inside,
    parts_exceed,
    written_column,
)
from evalkit.suite.datasets import Data
from evalkit.suite.grouped import grouped
from evalkit.suite.wording import masked, short
from evalkit.text import numbers

Column = Literal[
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cost_usd",
    "total_s",
    "ttft_s",
    "started_at",
    "served_model",
    "finish",
    "repeat",
]
COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens")
FIGURES = (*COUNTS, "cost_usd", "total_s", "ttft_s", "started_at")
"""What may be unknown, and is counted where it is."""
_FINISH_NAMES = ("finish", "finish_reason", "stop_reason")
_FINISH: Mapping[str, StopReason] = {
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens"), "length"),
    **dict.fromkeys(("content_filter", "content-filter", "safety", "prohibited_content"), "content_filter"),
    "refusal": "refusal",
}
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(COUNTS, "whole number from 0"),
    **dict.fromkeys(TIMES, "number from 0"),
    "cost_usd": "sum of dollars from 0",
    "started_at": "time from 1980 on: 2026-01-31T10:00:00Z, or a number since 1970",
}
MOST_REPEATS = 1_000
MOST_HELD = 256_000_000
"""Characters of all answers: they are kept in memory, and each record counts as some hundred more."""
_OF_A_RECORD = 400
_MOST_COMPLAINTS = 10_000
_MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One record of the file. None: unknown."""

    text: str
    calls: tuple[ToolCall, ...] | None = None
    """None: the file has no column for them."""
    usage: Usage | None = None
    total_s: float | None = None
    ttft_s: float | None = None
    started_at: float | None = None
    served_model: str | None = None
    finish: StopReason | None = None


@dataclass(frozen=True, slots=True)
class AnswerFields:
    """Which columns of which file hold what."""

    file: str
    """As the suite names it."""
    id: str
    text: str
    calls: str | None
    columns: Mapping[Any, object] | str | None
    """`guess`, or by what is read (`Column`) what the suite says of it; None: nothing but the answer."""


@dataclass(slots=True)
class RecordedAnswers:
    """What the file holds."""

    answers: dict[str, dict[int, RecordedAnswer | None]] = field(default_factory=dict)
    """By id and place of the repeat; None for a record with neither text nor calls."""
    repeats: tuple[str, ...] = ()
    """What the column of repeats says, run-2 before run-10; () where there is none."""
    columns: Mapping[str, TableColumn] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Sentences a person should read: what was guessed, and what is unknown."""


def read_answers(data: Data, fields: AnswerFields) -> RecordedAnswers:
    """The answers of a file (an `open_data`). Raises SuiteError with up to 20 complaints."""
    guesses = fields.columns == "guess"
    columns = _guessed(data, fields) if guesses else _named(fields.columns, data.label)
    return _Reading(data, fields, columns, guesses=guesses).read()


def _named(columns: Mapping[str, object] | str | None, label: str) -> dict[str, TableColumn]:
    if columns is None:
        return {}
    assert isinstance(columns, Mapping)
    found, wrong = {}, []
    for which, told in columns.items():
        try:
            found[which] = column_of(which, told)
        except ValueError as error:
            wrong.append(f"{label}: columns.{error}")
    if wrong:
        raise SuiteError(wrong)
    return found


def _guessed(data: Data, fields: AnswerFields) -> dict[str, TableColumn]:
    """The columns that are named like what can be read. One that counts the answers is looked for where an id stands
    twice alone."""
    seen: dict[str, None] = {}
    ids: Counter[str] = Counter()
    for _, record in data.records(lambda complaint: None):
        if len(seen) < _MOST_COLUMNS:
            seen.update(dict.fromkeys(map(str, record)))
        ids[str(record.get(fields.id))] += 1
    taken = {fields.id, fields.text, fields.calls}
    folded = folded_columns(name for name in seen if name not in taken)
    found = {which: guessed_column(which, folded) for which in (*FIGURES, "served_model")}
    found["finish"] = guessed_column("finish", folded, _FINISH_NAMES)
    if any(n > 1 for n in ids.values()):
        found["repeat"] = next((one for one in _counting(folded) if _tells_apart(data, fields.id, one)), None)
    return {which: column for which, column in found.items() if column is not None}


def _counting(folded: Mapping[str, str]) -> Iterator[TableColumn]:
    """Columns that may count the answers to one sample, the likeliest first."""
    return (TableColumn(folded[name]) for name in GUESSES["repeat"] if name in folded)


def _tells_apart(data: Data, id_field: str, column: TableColumn) -> bool:
    """Whether no id stands twice with the same cell of this column."""
    seen = set()
    for _, record in data.records(lambda complaint: None):
        here = (str(record.get(id_field)), _label(record, column))
        if here in seen:
            return False
        seen.add(here)
    return True


def _label(record: Mapping[str, object], column: TableColumn) -> str:
    """Which of several answers it is, as the file spells it; empty where nobody says."""
    value = column.const if column.name is None else inside(record, column.name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if empty(value) else str(value).strip()


class _Reading:
    """One reading of a file."""

    def __init__(self, data: Data, fields: AnswerFields, columns: Mapping[str, TableColumn], *, guesses: bool) -> None:
        self.data, self.fields, self.columns, self.guesses = data, fields, columns, guesses
        self.readers = {which: reader_of(which, column) for which, column in columns.items()}
        self.complaints: list[str] = []
        self.by_label: dict[str, dict[str, RecordedAnswer | None]] = {}
        self.lines: dict[tuple[str, str], int] = {}
        self.n_held = 0
        self.unknown: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()
        self.first_unread: dict[str, str] = {}
        self.held: Counter[str] = Counter()
        """By the reason why a figure that stands there is unknown: how many."""

    def read(self) -> RecordedAnswers:
        """Raises SuiteError."""
        for line, record in self.data.records(self.complaints.append):
            self._record(line, record)
            if len(self.complaints) >= _MOST_COMPLAINTS:
                break
        if not self.lines and not self.complaints:
            self.complaints.append(f"{self.data.label}: holds no records.")
        labels = sorted({label for _, label in self.lines}, key=natural)
        if len(labels) > MOST_REPEATS:
            column = self.columns["repeat"].name
            self.complaints.append(
                f"{self.data.label}: {column!r} has {len(labels):,} values, so it counts no answers to one sample; "
                "name another column as repeat, or none"
            )
        if self.complaints:
            raise SuiteError(list(grouped(self.complaints, self.data.label)))
        places = {label: n for n, label in enumerate(labels)}
        answers = {
            key: {places[label]: answer for label, answer in of_key.items()} for key, of_key in self.by_label.items()
        }
        repeats = tuple(labels) if "repeat" in self.columns else ()
        return RecordedAnswers(answers, repeats, self.columns, tuple(self._notes()))

    def _record(self, line: int, record: Mapping[str, object]) -> None:
        fields, place = self.fields, self.data.place(line)
        made: tuple[ToolCall, ...] | None = None
        if fields.calls is not None and fields.calls in record:
            try:
                made = recorded(record[fields.calls] or [])
            except ValueError as error:
                self.complaints.append(f"{place}: {fields.calls} {error}.")
        if missing := [name for name in self._wanted(made) if name not in record]:
            self.complaints.append(
                f"{place}: has no column {missing[0]!r}; it has {', '.join(map(str, record))}. "
                f"Name the columns with id_field, text_field and calls_field."
            )
            return
        named, text = record[fields.id], record.get(fields.text)
        if named is None or named == "" or isinstance(named, dict | list):
            self.complaints.append(f"{place}: {fields.id} must name a sample (value seen: {short(named)}).")
            return
        key = str(named).lower() if isinstance(named, bool) else str(named)
        label = _label(record, self.columns["repeat"]) if "repeat" in self.columns else ""
        if (key, label) in self.lines:
            of = f", repeat {label}," if label else ""
            self.complaints.append(
                f"{place}: the id {key!r}{of} stood already in {self.data.unit} {self.lines[key, label]}."
                + ("" if label else " If it was asked several times: columns: {repeat: COLUMN}")
            )
        self.lines.setdefault((key, label), line)
        if text is not None and not isinstance(text, str):
            self.complaints.append(f"{place}: {fields.text} is {type(text).__name__}, and an answer is text.")
            return
        try:
            answer = None if text is None and not made else self._answer(record, text or "", made, place)
        except _NoValue as error:
            self.complaints.append(f"{place}: {error}")
            return
        self.n_held += _OF_A_RECORD + len(text or "") + sum(len(call.name) + len(call.arguments) for call in made or ())
        if self.n_held > MOST_HELD:
            raise SuiteError(
                f"{place}: the answers up to here have more than {MOST_HELD // 10**6:,} million characters, and all "
                "are kept in memory: name a file with the answers to these tasks alone, or one for each part of it"
            )
        self.by_label.setdefault(key, {}).setdefault(label, answer)

    def _wanted(self, made: tuple[ToolCall, ...] | None) -> Iterator[str]:
        """Columns that a record cannot be without."""
        yield self.fields.id
        if not made:
            yield self.fields.text
        if self.fields.calls is not None:
            yield self.fields.calls
        for column in () if self.guesses else self.columns.values():
            yield from (name for name in column.columns if name is not None and "." not in name)

    def _answer(
        self, record: Mapping[str, object], text: str, calls: tuple[ToolCall, ...] | None, place: str
    ) -> RecordedAnswer:
        """The answer of a record with all that its columns say. Raises _NoValue."""
        found = {which: self._figure(record, which, place) for which in FIGURES if which in self.columns}
        served, finish = (
            self.readers[which](record) if which in self.readers else None for which in ("served_model", "finish")
        )
        self._hold(found)
        usage = Usage(
            input=found.get("input_tokens"),
            output=found.get("output_tokens"),
            reasoning=found.get("reasoning_tokens"),
            cache_read=found.get("cached_tokens"),
            cache_write_other=found.get("cache_write_tokens"),
            provider_cost_usd=found.get("cost_usd"),
        )
        told = any(found.get(which) is not None for which in (*COUNTS, "cost_usd"))
        return RecordedAnswer(
            text,
            calls,
            usage=usage if told else None,
            total_s=found.get("total_s"),
            ttft_s=found.get("ttft_s"),
            started_at=found.get("started_at"),
            served_model=served or None,
            finish=_FINISH.get(finish.lower()) if isinstance(finish, str) else None,
        )

    def _hold(self, found: dict[str, Any]) -> None:
        """Make unknown what cannot be, as `import table` does, and count it."""
        if found.get("cost_usd") == 0 and (found.get("input_tokens") or found.get("output_tokens")):
            found["cost_usd"] = None
            self.held["cost_usd of 0 beside tokens, which says that nobody knew the price"] += 1
        if parts_exceed(found.get("input_tokens"), found.get("cached_tokens"), found.get("cache_write_tokens")):
            found["input_tokens"] = None
            self.held[
                "input_tokens below the cached and written ones, which it may leave out: {sum: [...]} adds them"
            ] += 1

        total, first = found.get("total_s"), found.get("ttft_s")
        if total is not None and first is not None and first > total:
            found["ttft_s"] = None
            self.held["ttft_s above total_s, which no answer can have: is one of them in another unit?"] += 1

    def _figure(self, record: Mapping[str, object], which: str, place: str) -> Any:
        """A figure of the record; None where it is unknown. Raises _NoValue."""
        column = self.columns[which]
        try:
            found = self.readers[which](record)
        except Unread:
            seen = inside(record, column.columns[0]) if column.columns else column.const
            name = column.columns[0] if column.columns else which
            if not self.guesses:
                of = f" (column {name!r})" if name != which else ""
                raise _NoValue(
                    f"{which}{of} is no {_KINDS[which]} (value seen: {short(seen)}); leave an unknown one empty."
                ) from None
            self.unread[which] += 1
            where = f"{self.fields.file}{place.removeprefix(self.data.label)}"
            self.first_unread.setdefault(which, f"{where}: {name} looks like {masked(seen)}")
            return None
        self.unknown[which] += found is None
        return found

    def _notes(self) -> Iterator[str]:
        n = len(self.lines)
        if self.guesses:
            listed = ", ".join(f"{which}: {written_column(which, column)}" for which, column in self.columns.items())
            yield (
                f"of {self.fields.file} these columns were guessed: {{{listed}}}. Write them as columns: to keep them"
                if listed
                else f"in {self.fields.file} no column is named like tokens, dollars or seconds: columns: guess reads "
                "nothing"
            )
        unread = [
            f"{which} for {self.unread[which]:,} (the first: {self.first_unread[which]})"
            for which in FIGURES
            if self.unread[which]
        ]
        if unread:
            of = f"of {numbers.plural(n, 'answer')} of {self.fields.file}"
            yield f"not understood, and unknown, {of}: {'; '.join(unread)}"
        for why, n_held in self.held.items():
            yield f"unknown, of {numbers.plural(n, 'answer')} of {self.fields.file}: {n_held:,} with {why}"
        unknown = [f"{which} for {self.unknown[which]:,}" for which in FIGURES if self.unknown[which]]
        if unknown:
            yield f"unknown, of {numbers.plural(n, 'answer')} of {self.fields.file}: {', '.join(unknown)}"


class _NoValue(ValueError):
    """A cell that holds something else than its column is for."""
