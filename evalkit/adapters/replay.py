"""Answers that exist already, from a file: production logs, or what another tool's model said.

    models:
      last-week: {adapter: replay, path: logs/answers.jsonl, id_field: ticket_id, text_field: reply}

    {"ticket_id": "t1", "reply": "deny", "latency_ms": 840}  ->  the answer to the sample with id "t1"

With `calls_field` a column holds the function calls that were made, [{"name": "f", "arguments": {"a": 1}}]; a record
that has calls needs no text.

An answer belongs to a sample by its id alone (7, 7.0 and "7" are one id), which two tasks of one suite must therefore
not both use for different samples. Answers and samples must fit one to one (`evalkit.engine.gold_check`), unless
`partial: true` says that the file holds only some of them, or more.

With `columns` the file also says what an answer took, as a log has it: tokens, dollars, seconds, when, and by which
model.

      last-week: {adapter: replay, path: logs/answers.jsonl, columns: {input_tokens: tokens_in, total_s: seconds}}

What a column does not say is unknown: no usage, no time to first token; without a column of seconds the look-up's own
duration is marked as no model's (`timing` is False). A cost that the file states wins over every price. Recorded times
are shown and never put into a ratio: their load is not known.

A sample asked a second time (`repeats`) is refused, since one recorded answer counted twice would feign precision.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.reply_fields import money
from evalkit.adapters.tool_calls import recorded
from evalkit.errors import Rejected, SuiteError, Unsupported
from evalkit.records import Request, Response, StopReason, Timing, ToolCall, Usage
from evalkit.suite.datasets import open_data
from evalkit.suite.grouped import grouped
from evalkit.suite.schema.parts import Text
from evalkit.suite.wording import short

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))(?:\.0+)?")
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
]
_COUNTS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "cache_write_tokens")
_LATEST = 253_402_300_800.0
"""The year 10000."""
_FINISH: Mapping[str, StopReason] = {
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens"), "length"),
    **dict.fromkeys(("content_filter", "content-filter", "safety", "prohibited_content"), "content_filter"),
    "refusal": "refusal",
}


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One record of the file."""

    text: str
    calls: tuple[ToolCall, ...] | None = None
    """None: the file has no column for them."""
    usage: Usage | None = None
    total_s: float | None = None
    ttft_s: float | None = None
    started_at: float | None = None
    served_model: str | None = None
    finish: StopReason | None = None


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
    columns: dict[Column, Text] | None = None
    """What else the file says of an answer, by column: {input_tokens: tokens_in, cost_usd: cost}. None: nothing."""
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
    answers = _read(data, own.id_field or "id", own.text_field or "text", own.calls_field, own.columns or {})
    return ReplayAdapter(spec, answers, str(own.path), data.fingerprint())


class ReplayAdapter:
    """Recorded answers by sample id."""

    def __init__(
        self, spec: ModelSpec, answers: dict[str, RecordedAnswer | None], label: str, fingerprint: str
    ) -> None:
        self.spec = spec
        columns = spec.options.get("columns") or {}
        self.capabilities = Capabilities(
            temperature=False,
            top_p=False,
            stop=False,
            tools="calls_field" in spec.options,
            tool_results="calls_field" in spec.options,
            images=True,  # whoever was recorded has seen them; nothing is sent
            streaming=False,
            usage=any(name in columns for name in _COUNTS),
            timing="total_s" in columns,
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
        total_s = time.perf_counter() - sent_at
        if self.capabilities.timing:
            total_s = answer.total_s if answer.total_s is not None else math.nan
        if answer.started_at is not None:  # on this process's clock
            sent_at = time.perf_counter() - (time.time() - answer.started_at)
        calls = answer.calls if request.tools else None
        return Response(
            text=answer.text,
            stop_reason="tool_use" if calls else answer.finish or "stop",
            timing=Timing(sent_at=sent_at, total_s=total_s, ttft_s=answer.ttft_s),
            calls=calls,
            served_model=answer.served_model,
            usage=answer.usage,
        )

    async def aclose(self) -> None:
        """Forgets the answers."""
        self._answers = {}


def same_number(name: str) -> str | None:
    """The whole number that an id is, as text: 7 for 7, 7.0 and "7.00"; None for any other id, 007 too."""
    found = _WHOLE.fullmatch(name)
    return found[1] if found else None


def _read(  # noqa: PLR0912  # one complaint a mistake
    data: Any, id_field: str, text_field: str, calls_field: str | None, columns: Mapping[Column, str]
) -> dict[str, RecordedAnswer | None]:
    """Answers by id; None for a record with neither text nor calls. Raises SuiteError with up to 20 complaints."""
    answers: dict[str, RecordedAnswer | None] = {}
    lines: dict[str, int] = {}
    complaints: list[str] = []
    for line, record in data.records(complaints.append):
        made: tuple[ToolCall, ...] | None = None
        if calls_field is not None and calls_field in record:
            try:
                made = recorded(record[calls_field] or [])
            except ValueError as error:
                complaints.append(f"{data.place(line)}: {calls_field} {error}.")
        wanted = (
            id_field,
            *(() if made else (text_field,)),
            *((calls_field,) if calls_field else ()),
            *columns.values(),
        )
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
                try:
                    answers[key] = None if text is None and not made else _answer(record, text or "", made, columns)
                except _NoValue as error:
                    complaints.append(f"{data.place(line)}: {error}")
        if len(complaints) >= 10_000:
            break
    if not lines and not complaints:
        complaints.append(f"{data.label}: holds no records.")
    if complaints:
        raise SuiteError(list(grouped(complaints, data.label)))
    return answers


class _NoValue(ValueError):
    """A cell that holds something else than its column is for."""


def _answer(
    record: Mapping[str, object], text: str, calls: tuple[ToolCall, ...] | None, columns: Mapping[Column, str]
) -> RecordedAnswer:
    """The answer of a record with all that its columns say. Raises _NoValue."""

    def number(column: Column) -> float | None:
        return None if column not in columns else _number(record[columns[column]], columns[column])

    counts = {name: number(name) for name in _COUNTS}  # type: ignore[arg-type]  # names of columns
    if any(one is not None and one != int(one) for one in counts.values()):
        name = next(name for name, one in counts.items() if one is not None and one != int(one))
        raise _NoValue(f"{name} is no whole number (value seen: {short(counts[name])}).")
    whole = {name: None if one is None else int(one) for name, one in counts.items()}
    cost = None if "cost_usd" not in columns else _money(record[columns["cost_usd"]], columns["cost_usd"])
    served = record.get(columns["served_model"]) if "served_model" in columns else None
    finish = record.get(columns["finish"]) if "finish" in columns else None
    usage = Usage(
        input=whole["input_tokens"],
        output=whole["output_tokens"],
        reasoning=whole["reasoning_tokens"],
        cache_read=whole["cached_tokens"],
        cache_write_other=whole["cache_write_tokens"],
        provider_cost_usd=cost,
    )
    return RecordedAnswer(
        text,
        calls,
        usage=usage if any(one is not None for one in (*whole.values(), cost)) else None,
        total_s=number("total_s"),
        ttft_s=number("ttft_s"),
        started_at=None if "started_at" not in columns else _moment(record[columns["started_at"]]),
        served_model=served if isinstance(served, str) and served else None,
        finish=_FINISH.get(finish.lower()) if isinstance(finish, str) else None,
    )


def _number(cell: object, column: str) -> float | None:
    """A finite number from 0; None where the cell is empty. Raises _NoValue."""
    if cell is None or cell == "":
        return None
    try:
        if isinstance(cell, int | float | str | bytes | Decimal) and not isinstance(cell, bool):
            value = float(cell)
        else:
            value = math.nan
    except (ValueError, OverflowError):
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise _NoValue(f"{column} is no number from 0 (value seen: {short(cell)}); leave an unknown one empty.")
    return value


def _money(cell: object, column: str) -> Decimal | None:
    """Dollars, as a provider's bill is read. Raises _NoValue."""
    if _number(cell, column) is None:
        return None
    made = money(cell)
    if made is None:
        raise _NoValue(f"{column} is no sum of money that a bill can have (value seen: {short(cell)}).")
    return made


def _moment(cell: object) -> float | None:
    """Seconds since 1970, of a number or an ISO time; None where the cell is empty. Raises _NoValue."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 0 < cell < _LATEST:
        return float(cell)
    try:
        found = datetime.fromisoformat(str(cell))
        at = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        at = math.nan
    if not 0 < at < _LATEST:
        raise _NoValue(
            f"started_at is no time from 1970 on (value seen: {short(cell)}): 2026-01-31T10:00:00Z, or seconds."
        )
    return at
