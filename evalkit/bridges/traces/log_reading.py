"""What came of reading logs, record by record: calls, and what was not understood, with places.

reading = LogReading(Settling(spool))
reading.take({"traceId": ..., "attributes": [...]}, "logs.jsonl:1")
reading.calls()     # what was understood
reading.notes()              # what was not, with places

Each record says by its keys which tool wrote it, so that one folder may hold several. A record that nobody understands
is counted and told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.bridges.table_columns import unread_note
from evalkit.bridges.traces import (
    exchanges,
    provider_files,
    spans,
    traced_tools,
    tracker_runs,
    trajectories,
)
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.settling import Piece, Settling
from evalkit.bridges.traces.span_calls import call_of_span, part_of_event
from evalkit.bridges.traces.spans import LoggedEvent, LoggedSpan
from evalkit.bridges.traces.tables import TableOfCalls
from evalkit.bridges.traces.values import watched
from evalkit.bridges.tried_versions import note_of
from evalkit.errors import UserError
from evalkit.suite.column_names import parts_exceed
from evalkit.suite.wording import masked

_ODD = (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError)
_OTHER_SHAPE = "of a shape that its format does not have"
_MOST_KEPT = 1_000
_OF_SEVERAL = (
    "output tokens and costs of requests for several answers at once: the log says those of all, and the first answer "
    "is taken"
)


@dataclass(slots=True)
class UnreadRecord:
    """One record that was not understood."""

    place: str
    why: str
    looks: str
    """With each digit as 0 and each letter as x: it may hold a secret."""


@dataclass(slots=True)
class LogReading:
    """What came of reading logs."""

    settling: Settling
    files: list[str] = field(default_factory=list)
    n_records: int = 0
    n_spans: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    """Calls by who wrote them down."""
    passed_over: Counter[str] = field(default_factory=Counter)
    """What is understood and no call, by what it is."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Values that are taken for unknown, by what they are."""
    odd: Counter[str] = field(default_factory=Counter)
    """Calls with a figure that was not understood, by what it is."""
    first_odd: dict[str, str] = field(default_factory=dict)
    """By the same: where the first of them stands, and what it looks like."""
    not_understood: Counter[str] = field(default_factory=Counter)
    unread: list[UnreadRecord] = field(default_factory=list)
    """The first of those that were not understood."""
    untried: dict[str, None] = field(default_factory=dict)
    """Versions of formats that were never tried, as sentences."""
    tables: list[str] = field(default_factory=list)
    """What was made of tables, as sentences."""
    refused: list[str] = field(default_factory=list)
    """Files that could not be read, where the others count all the same: why, as sentences."""
    _odd_now: dict[str, object] = field(default_factory=dict)
    """Of what is being read, the figures that were not understood."""
    _place: str = ""

    def take(self, record: object, place: str) -> None:
        """Read one record. Raises UserError where it is the result of an evaluation, which has an import of its own."""
        self.n_records += 1
        try:
            with watched(self._odd_now):
                why = None if self._taken(record, place) else "no format that is known"
        except _ODD:
            why = _OTHER_SHAPE  # told and counted, whatever stands there
        if why is not None:
            self.not_read(place, why, record)

    def take_spans(self, found: Iterable[LoggedSpan | LoggedEvent], place: str) -> None:
        """Read spans and log records, each by itself: an odd one does not take the others along."""
        for one in found:
            try:
                with watched(self._odd_now):
                    self._at(place)
                    self._take_span(one)
            except _ODD:
                self.not_read(place, _OTHER_SHAPE, one.attributes)

    def _take_span(self, one: LoggedSpan | LoggedEvent) -> None:
        if isinstance(one, LoggedEvent):
            part = part_of_event(one)
            if part is None:
                self.passed_over["log records about something else"] += 1
            else:
                self._count_odd()
                self.settling.add(part)
            return
        self.n_spans += 1
        call = call_of_span(one)
        if call is None:
            self.passed_over["spans that are no call of a model"] += 1
            self.settling.add((one.span, one.parent))
        else:
            self._add(call)

    def _at(self, place: str) -> None:
        """What is read from here on stands at this place."""
        self._place = place
        self._odd_now.clear()

    def _count_odd(self) -> None:
        """Count the figures that were not understood in the call that was just read."""
        for what, value in self._odd_now.items():
            self.odd[what] += 1
            self.first_odd.setdefault(what, f"{self._place}: looks like {masked(value)}")
        self._odd_now.clear()

    def _taken(self, record: object, place: str) -> bool:  # noqa: PLR0911  # one return a shape
        self._at(place)
        if isinstance(record, list):
            return self._listed(record, place)
        if not isinstance(record, Mapping):
            return False
        if (other := _result_of(record)) is not None:
            raise UserError(f"{place}: is {other}")
        for is_one, read in _READERS:
            if is_one(record):
                if read is trajectories.of_trajectory:
                    self._note_version("atif", record.get("schema_version"))
                self._pieces(read(record))
                return True
        if (made := provider_files.of_record(record)) is not None:
            self._pieces(made)
            return True
        if isinstance(record.get("data"), list) and "object" not in record:  # a page of an API
            return self._listed(record["data"], place)
        if spans.is_span(record):
            self.take_spans(spans.spans_of(record), place)
            return True
        if isinstance(record.get("spans"), list):
            return self._listed(record["spans"], place)
        found = exchanges.of_exchange(record)
        for one in found:
            self._add(one)
        return bool(found)

    def _note_version(self, reader: str, version: object) -> None:
        if (note := note_of(reader, version)) is not None:
            self.untried.setdefault(note)

    def _listed(self, records: list[object], place: str) -> bool:
        if records and all(isinstance(one, Mapping) and "role" in one for one in records):
            return self._taken({"messages": records}, place)
        if records and any(isinstance(one, Mapping) and tracker_runs.is_row(one) for one in records):
            for row in tracker_runs.merged_rows(records):
                self._pieces(tracker_runs.of_row(row))
            return True
        for n, one in enumerate(records, 1):
            if not self._taken(one, f"{place}, item {n}") or isinstance(one, list):
                self.not_read(f"{place}, item {n}", "no format that is known", one)
        return True

    def _pieces(self, found: Iterable[Piece | None]) -> None:
        for one in found:
            if one is None:
                self.passed_over["requests for something else than text"] += 1
            elif isinstance(one, tuple):
                self.passed_over["steps that are no call of a model"] += 1
                self._odd_now.clear()
                self.settling.add(one)
            elif one.part:
                self._count_odd()
                self.settling.add(one)
            else:
                self._add(one)

    def _add(self, call: Call) -> None:
        self.formats[call.source] += 1
        self._count_odd()
        if call.usage.cost_usd == 0 and (call.usage.input or call.usage.output):
            call.usage.cost_usd = None
            self.unknown["costs of 0 beside tokens, which say that nobody knew the price"] += 1
        if parts_exceed(call.usage.input, call.usage.cached, call.usage.cache_write):
            call.usage.input = None
            self.unknown["inputs that are less than their cached tokens, so that they may leave those out"] += 1
        self.settling.add(call)

    def calls(self) -> Iterator[Call]:
        """Every call once, as far as it can be told what its figures are of."""
        for call in self.settling.calls():
            if call.asks_with_its_answer:
                call.messages = call.messages[:-1]
                self.settling.left_out["answers that the log repeats at the end of what was asked"] += 1
            if call.answer.n_others:
                self.unknown[_OF_SEVERAL] += 1
                call.usage.output = call.usage.reasoning = call.usage.cost_usd = None
            yield call

    def take_table(self, table: TableOfCalls, *, guessed: bool) -> None:
        """Read a table, each row as a plain record."""
        for place, record in table.records():
            self.n_records += 1
            try:
                found = exchanges.of_exchange(record)
            except _ODD:
                found = []
            for one in found:
                self._add(one)
            if not found:
                self.not_read(place, "a row without a question", record)
        told = f"of {table.data.label} these columns were guessed: {table.map.described()}; --map FILE says others"
        self.tables += [told] if guessed else []
        self.tables += [f"{table.data.label}: {note}" for note in table.notes()]

    def not_read(self, place: str, why: str, record: object) -> None:
        """Count and keep a record that was not understood; `why`: half a sentence."""
        self.not_understood[why] += 1
        if len(self.unread) < _MOST_KEPT:
            self.unread.append(UnreadRecord(place, why, masked(record)))

    def notes(self) -> list[str]:
        """What a person should know of the reading, as sentences."""
        said = (
            [f"not read: {len(self.refused):,} of {len(self.files):,} files; the first: {self.refused[0]}"]
            if self.refused
            else []
        )
        said += [*self.untried, *self.tables]
        for why, n in self.not_understood.items():
            where = next(one.place for one in self.unread if one.why == why)
            said.append(f"not understood: {n:,} {'record' if n == 1 else 'records'}, {why}; the first: {where}")
        if self.odd:
            said.append(unread_note(self.odd, self.first_odd, "figures"))
        said += [f"passed over: {n:,} {what}" for what, n in self.passed_over.items()]
        said += [f"unknown: {n:,} {what}" for what, n in self.unknown.items()]
        said += [f"left out: {n:,} {what}" for what, n in self.settling.left_out.items()]
        said += [f"left over: {n:,} {what}" for what, n in self.settling.unclaimed.items()]
        return said


Reader = Callable[[Mapping[str, object]], Iterator[Any]]
_READERS: tuple[tuple[Callable[[Mapping[str, object]], bool], Reader], ...] = (
    (traced_tools.is_langfuse, traced_tools.of_langfuse),
    (traced_tools.is_observation, traced_tools.of_observation),
    (exchanges.is_litellm, lambda record: iter([exchanges.of_litellm(record)])),
    (traced_tools.is_mlflow, traced_tools.of_mlflow),
    (tracker_runs.is_batch, tracker_runs.of_batch),
    (tracker_runs.is_run, tracker_runs.of_run),
    (tracker_runs.is_row, tracker_runs.of_row),
    (trajectories.is_trajectory, trajectories.of_trajectory),
)


def _result_of(record: Mapping[str, object]) -> str | None:  # noqa: PLR0911  # one return a shape
    """What to do with the result of an evaluation; None where it is none."""
    if ("model_output" in record and "messages" in record) or "sample_score" in record:
        return "a result of EvalScope, not a log: evalkit import evalscope FOLDER"
    if "evalId" in record or ("promptIdx" in record and "testIdx" in record):
        return "a result of promptfoo, not a log: evalkit import promptfoo FILE"
    if "eval" in record and "plan" in record and "version" in record:
        return "a log of Inspect, which holds scores: evalkit import inspect FILE"
    if "evaluation_results" in record or "evaluation_id" in record:
        return "a record of Every Eval Ever, not a log: evalkit import every-eval-ever FILE"
    if ("doc_id" in record and "filtered_resps" in record) or ("results" in record and "n-shot" in record):
        return "a result of lm-eval, not a log: evalkit import lm-eval PATH"
    if "testRunData" in record or ("testCases" in record and "metricsScores" in record):
        return "a result of DeepEval, not a log. As a table of its cases it comes in: evalkit import table FILE"
    return None
