"""Answers that exist already, from a file: production logs, or what another tool's model said.

    models:
      last-week: {adapter: replay, path: logs/answers.jsonl, id_field: ticket_id, text_field: reply}

    {"ticket_id": "t1", "reply": "deny", "latency_ms": 840}  ->  the answer to the sample with id "t1"

With `calls_field` a column holds the function calls that were made, [{"name": "f", "arguments": {"a": 1}}]; a record
that has calls needs no text.

An answer belongs to a sample by its id alone (7, 7.0 and "7" are one id), which two tasks of one suite must therefore
not both use for different samples. Answers and samples must fit one to one, unless
`partial: true` says that the file holds only some of them, or more. Other columns are not read: an old latency or bill
has no known conditions. Nothing is invented in their place: no usage, no time to first token, and the look-up's own
duration is marked as no model's (`timing` is False). A sample asked a second time (`repeats`) is refused, since one
recorded answer counted twice would feign precision.

Whether they do is known before the run, and said before anything is scored:

    models.m: answers.jsonl has no answer to 1 sample of t ('150'), and 1 answer belongs to no sample ('0') ...

Ids that are counted from 0 in one file and from 1 in the other would
give each question its neighbour's answer, so whatever has no partner stops the run. `partial: true` says that the file
holds other answers too; samples without one then end the run incomplete.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.adapters.base import Adapter, Capabilities, Endpoint, ModelSpec
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.tool_calls import recorded
from evalkit.errors import Rejected, SuiteError, Unsupported
from evalkit.records import Request, Response, Timing, ToolCall
from evalkit.suite.datasets import open_data
from evalkit.suite.grouped import grouped
from evalkit.suite.schema.parts import Text
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import short

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))(?:\.0+)?")
Answer = tuple[str, tuple[ToolCall, ...] | None]
"""Text, and the calls (None: the file has no column for them)."""


class ReplayOptions(AdapterOptions):
    """Where the answers are."""

    path: Text | None = None
    """The file of answers, relative to the suite file."""
    id_field: Text | None = None
    """The column with the sample's id. None: id."""
    text_field: Text | None = None
    """The column with the answer. None: text."""
    calls_field: Text | None = None
    """The column with the function calls that were made, [{name: f, arguments: {}}]. None: there is none."""
    partial: bool | None = None
    """The file may hold answers to other samples, and lack some (the run then ends incomplete). None: no."""


Options = ReplayOptions


def make(spec: ModelSpec) -> ReplayAdapter:
    """Reads the whole file. Raises SuiteError when it or a column is missing, or an id stands in it twice."""
    place = f"models.{spec.name}"
    lacking = []
    if not spec.options.get("path"):
        lacking.append(
            f"{place}.path: replay needs the file of answers (JSONL, CSV or Parquet), like path: answers.jsonl"
        )
    own = read_options(ReplayOptions, spec, lacking)
    data = open_data(str(own.path), Path(spec.folder), label=f"{place}.path: {own.path}")
    answers = _read(data, own.id_field or "id", own.text_field or "text", own.calls_field)
    return ReplayAdapter(spec, answers, str(own.path), data.fingerprint())


class ReplayAdapter:
    """Recorded answers by sample id."""

    def __init__(self, spec: ModelSpec, answers: dict[str, Answer | None], label: str, fingerprint: str) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            temperature=False,
            top_p=False,
            stop=False,
            tools="calls_field" in spec.options,
            streaming=False,
            usage=False,
            timing=False,
        )
        self.endpoint = Endpoint(
            lane=f"replay {spec.name}",
            place=f"file {fingerprint}",
            network=False,
            cacheable=False,
            facts={"replayed": "true", "file": label, "file_sha256": fingerprint, "answers": str(len(answers))},
        )
        self._answers = answers
        self.label = label
        """The file as the suite names it."""
        self.partial = bool(spec.options.get("partial", False))
        """The file may hold answers to other samples, and lack some."""
        numbers = Counter(number for key in answers if (number := same_number(key)) is not None)
        self._by_number = {n: key for key in answers if (n := same_number(key)) is not None and numbers[n] == 1}

    @property
    def keys(self) -> tuple[str, ...]:
        """The ids of the answers, as the file has them."""
        return tuple(self._answers)

    def key_of(self, sample_id: str) -> str | None:
        """The id under which this sample's answer stands: the same text or whole number; None where there is none."""
        if sample_id in self._answers:
            return sample_id
        number = same_number(sample_id)
        return None if number is None else self._by_number.get(number)

    async def respond(self, request: Request) -> Response:
        """The recorded answer. Raises Rejected where there is none for this sample, or for a second repeat."""
        sent_at = time.perf_counter()
        if request.continuations is not None:
            raise Unsupported(f"models.{self.spec.name}: a file of answers has no log-likelihoods.")
        if request.repeat > 0:
            raise Rejected(
                f"models.{self.spec.name}: repeat {request.repeat} of sample {request.sample_id!r} is asked for, and "
                f"{self.label} holds one answer to each: set run.repeats to 1."
            )
        key = self.key_of(request.sample_id)
        answer = None if key is None else self._answers[key]
        if answer is None:
            lacks = "has no answer text for it" if key is not None else "has no such id"
            raise Rejected(f"models.{self.spec.name}: sample {request.sample_id!r} is asked, but {self.label} {lacks}.")
        timing = Timing(sent_at=sent_at, total_s=time.perf_counter() - sent_at)
        text, calls = answer
        calls = calls if request.tools else None
        return Response(text=text, stop_reason="tool_use" if calls else "stop", timing=timing, calls=calls)

    async def aclose(self) -> None:
        """Forgets the answers."""
        self._answers = {}


def same_number(name: str) -> str | None:
    """The whole number that an id is, as text: 7 for 7, 7.0 and "7.00"; None for any other id, 007 too."""
    found = _WHOLE.fullmatch(name)
    return found[1] if found else None


def _read(data: Any, id_field: str, text_field: str, calls_field: str | None) -> dict[str, Answer | None]:
    """Answers by id; None for a record with neither text nor calls. Raises SuiteError with up to 20 complaints."""
    answers: dict[str, Answer | None] = {}
    lines: dict[str, int] = {}
    complaints: list[str] = []
    for line, record in data.records(complaints.append):
        made: tuple[ToolCall, ...] | None = None
        if calls_field is not None and calls_field in record:
            try:
                made = recorded(record[calls_field] or [])
            except ValueError as error:
                complaints.append(f"{data.place(line)}: {calls_field} {error}.")
        wanted = (id_field, *(() if made else (text_field,)), *((calls_field,) if calls_field else ()))
        missing = [name for name in wanted if name not in record]
        if missing:
            complaints.append(
                f"{data.place(line)}: has no column {missing[0]!r}; it has {', '.join(map(str, record))}. "
                f"Name the columns with id_field, text_field and calls_field."
            )
        else:
            named, text = record[id_field], record.get(text_field)
            if named is None or named == "" or isinstance(named, dict | list):
                complaints.append(f"{data.place(line)}: {id_field} must name a sample (value seen: {short(named)}).")
                continue
            key = str(named).lower() if isinstance(named, bool) else str(named)
            if key in lines:
                complaints.append(f"{data.place(line)}: the id {key!r} stood already in {data.unit} {lines[key]}.")
            lines.setdefault(key, line)
            if text is not None and not isinstance(text, str):
                complaints.append(f"{data.place(line)}: {text_field} is {type(text).__name__}, and an answer is text.")
            else:
                answers[key] = None if text is None and not made else (text or "", made)
        if len(complaints) >= 10_000:
            break
    if not lines and not complaints:
        complaints.append(f"{data.label}: holds no records.")
    if complaints:
        raise SuiteError(list(grouped(complaints, data.label)))
    return answers


_PART = re.compile(r":(?:turn|order)\d+$")


@dataclass(slots=True)
class RecordedFit:
    """How recorded answers fit the samples of a run."""

    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    """Why the run cannot be complete, as sentences: samples that no answer was recorded for."""


def fit_recorded(
    adapters: Mapping[str, Adapter], asked: Sequence[ResolvedTask], known: Sequence[ResolvedTask], repeats: int
) -> RecordedFit:
    """For every model of recorded answers; `asked` are the tasks as they are asked, `known` all tasks of the suite."""
    fit = RecordedFit()
    replays = {name: adapter for name, adapter in adapters.items() if isinstance(adapter, ReplayAdapter)}
    if not replays:
        return fit
    if repeats > 1:
        fit.complaints += [
            f"models.{name}: {adapter.label} holds one answer to each sample, and run.repeats asks {repeats} times; "
            "set run.repeats to 1, or ask this model in a suite of its own"
            for name, adapter in replays.items()
        ]
    fit.complaints += _shared_ids(asked)
    for name, adapter in replays.items():
        _fit_one(name, adapter, asked, known, fit)
    return fit


def _fit_one(
    name: str, adapter: ReplayAdapter, asked: Sequence[ResolvedTask], known: Sequence[ResolvedTask], fit: RecordedFit
) -> None:
    used: set[str] = set()
    missing: dict[str, list[str]] = {}
    for task in asked:
        owners: dict[str, str] = {}
        twins: dict[str, str] = {}
        for sample in task.samples():
            key = adapter.key_of(sample.id)
            if key is None:
                missing.setdefault(task.name, []).append(sample.id)
            elif owners.setdefault(key, sample.id) != sample.id:
                twins.setdefault(key, sample.id)
        used.update(owners)
        fit.complaints += [
            f"models.{name}: {task.name} has the samples {short(owners[key])} and {short(twin)}, which are one number, "
            f"and {adapter.label} has one answer for both ({short(key)}). Spell the ids alike in both files"
            for key, twin in list(twins.items())[:3]
        ]
    extra = [key for key in adapter.keys if key not in used]
    if extra:
        ids = {same_number(one) or one for task in known for one in task.every_id()}
        extra = [key for key in extra if not {same_number(key) or key, _PART.sub("", key)} & ids]
    lacks = [
        f"has no answer to {len(ids):,} {'sample' if len(ids) == 1 else 'samples'} of {task} ({_first(ids)})"
        for task, ids in missing.items()
    ]
    if not lacks and not extra:
        return
    more = f"{len(extra):,} {'answer belongs' if len(extra) == 1 else 'answers belong'} to no sample ({_first(extra)})"
    said = f"models.{name}: {adapter.label} {', '.join(lacks)}" if lacks else f"models.{name}: of {adapter.label}"
    said += (", and " if lacks else " ") + more if extra else ""
    numbered = [task.name for task in asked if task.is_numbered]
    if "0" in extra and numbered:
        fit.complaints.append(
            f"{said}. The records of {numbered[0]} have no ids and are numbered from 1, and the answers are "
            "counted from 0: each would get its neighbour's. Give the records ids (data: id), or count from 1"
        )
    elif not adapter.partial:
        fit.complaints.append(
            f"{said}. Ids must agree one to one; if the file is meant to hold only some of them, or more, write "
            f"partial: true under models.{name}"
        )
    else:
        if extra:
            fit.notes.append(f"models.{name}: of {adapter.label} {more}; partial: true leaves them out")
        if lacks:
            fit.lacking.append(f"models.{name}: {adapter.label} {', '.join(lacks)}")


def _shared_ids(tasks: Sequence[ResolvedTask]) -> list[str]:
    """Ids that two tasks use for different questions: one recorded answer cannot be both."""
    if len(tasks) < 2:
        return []
    first: dict[str, tuple[str, str, str]] = {}
    found: dict[tuple[str, str], str] = {}
    for task in tasks:
        source = task.data.fingerprint()
        for sample in task.samples():
            number = same_number(sample.id) or sample.id
            name, other, digest = first.setdefault(number, (task.name, source, sample.digest))
            if other != source and digest != sample.digest and name != task.name:
                found.setdefault((name, task.name), sample.id)
    return [
        f"the two tasks {one} and {two} both have a sample {short(name)}, and ask it different things: recorded "
        "answers are found by id alone. Give their records ids that differ (data: id), or ask them in two suites"
        for (one, two), name in found.items()
    ]


def _first(ids: Sequence[str]) -> str:
    return ", ".join(map(short, ids[:1])) if len(ids) < 2 else f"the first {short(ids[0])}"
