"""Answers that exist already, from a file: production logs, or what another tool's model said.

    models:
      last-week: {adapter: replay, path: logs/answers.jsonl, id_field: ticket_id, text_field: reply}

    {"ticket_id": "t1", "reply": "deny", "latency_ms": 840}  ->  the answer to the sample with id "t1"

With `calls_field` a column holds the function calls that were made, [{"name": "f", "arguments": {"a": 1}}]; a record
that has calls needs no text.

An answer belongs to a sample by its id alone (7, 7.0 and "7" are one id), which two tasks of one suite must therefore
not both use for different samples. Answers and samples must fit one to one (`evalkit.engine.recorded_fit`), unless
`partial: true` says that the file holds only some of them, or more.

With `columns` the file also says what an answer took, as a log has it: tokens, dollars, seconds, when, and by which
model; named as in the map of `import table`, or guessed by the same names (`columns: guess`).

      last-week: {adapter: replay, path: logs/answers.jsonl, columns: {input_tokens: tokens_in, total_s: seconds}}

What a column does not say is unknown: no usage, no time to first token; without a column of seconds the look-up's own
duration is marked as no model's (`timing` is False). A cost that the file states wins over every price. Recorded times
are put into a ratio where both sides were measured by one harness alone, and say by whom (`times`).

`columns: {repeat: run}` tells the answers to one sample apart: they are the run's repeats, in the order of that column.
Without it a sample that is asked a second time is refused, since one answer counted twice would feign precision.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.recorded_answers import COUNTS, AnswerFields, Column, RecordedAnswers, read_answers
from evalkit.errors import Rejected, Unsupported
from evalkit.facts.base import Json
from evalkit.records import Request, Response, Timing
from evalkit.suite.datasets import open_data
from evalkit.suite.schema.parts import Part, Text
from evalkit.suite.wording import listed

_WHOLE = re.compile(r"(-?(?:0|[1-9]\d*))(?:\.0+)?")


class RecordedTimes(Part):
    """Who took the times of a file of answers, and under which load."""

    measured_by: Text
    in_flight: int | None = Field(default=None, ge=1)
    """Requests in flight while they were taken. None: not known."""


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
    columns: dict[Column, Json] | Literal["guess"] | None = None
    """What else the file says of an answer, by column: {input_tokens: tokens_in, cost_usd: cost}; or guess. None:
    nothing."""
    times: RecordedTimes | None = None
    """Who took the times of the file: {measured_by: NAME}. None: nobody says, and no ratio of them is decided."""
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
    fields = AnswerFields(str(own.path), own.id_field or "id", own.text_field or "text", own.calls_field, own.columns)
    return ReplayAdapter(spec, own, read_answers(data, fields), str(own.path), data.fingerprint())


class ReplayAdapter:
    """Recorded answers by sample id."""

    def __init__(
        self, spec: ModelSpec, options: ReplayOptions, found: RecordedAnswers, label: str, fingerprint: str
    ) -> None:
        self.spec = spec
        self.capabilities = Capabilities(
            temperature=False,
            top_p=False,
            stop=False,
            tools="calls_field" in spec.options,
            tool_results="calls_field" in spec.options,
            images=True,  # whoever was recorded has seen them; nothing is sent
            streaming=False,
            usage=any(name in found.columns for name in COUNTS),
            timing="total_s" in found.columns,
        )
        n_answers = sum(map(len, found.answers.values()))
        facts = {"replayed": "true", "file": label, "file_sha256": fingerprint, "answers": str(n_answers)}
        if options.times is not None:
            facts["times_measured_by"] = options.times.measured_by
            if options.times.in_flight is not None:
                facts["times_in_flight"] = str(options.times.in_flight)
        self.endpoint = Endpoint(
            lane=f"replay {spec.name}", place=f"file {fingerprint}", network=False, cacheable=False, facts=facts
        )
        self._answers = found.answers
        self._repeats = found.repeats
        self.notes = found.notes
        """Sentences a person should read: what was guessed, and what is unknown."""
        self.label = label
        """The file as the suite names it."""
        self.partial = bool(spec.options.get("partial", False))
        """The file may hold answers to other samples, and lack some."""
        answers = found.answers
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

    @property
    def counts_repeats(self) -> bool:
        """Whether a column of the file tells several answers to a sample apart."""
        return bool(self._repeats)

    def misfit(self, repeats: int) -> Iterator[str]:
        """Complaints, without the model's name, where the file does not hold so many answers to a sample."""
        n, column = len(self._repeats), (self.spec.options.get("columns") or {})
        if not n and repeats > 1:
            yield (
                f"{self.label} holds one answer to each sample, and run.repeats asks {repeats} times; set run.repeats "
                "to 1, ask this model in a suite of its own, or name the column that tells several answers apart: "
                f"columns: {{repeat: COLUMN}}{'' if column != 'guess' else ' (none was found)'}"
            )
        elif n and n < repeats:
            named = listed([one or "(empty)" for one in self._repeats])
            these = "repeat" if n == 1 else "repeats"
            yield f"{self.label} holds {n} {these} ({named}), and run.repeats asks {repeats}"
        elif n > max(1, repeats) and not self.partial:
            yield (
                f"{self.label} holds {n} repeats, and run.repeats asks {repeats}: set run.repeats to {n}, or write "
                "partial: true, which takes the first ones"
            )

    def lacking(self, key: str, repeats: int) -> list[str]:
        """The repeats, as the file names them, of which this id has no answer."""
        return [self._repeats[n] for n in range(min(repeats, len(self._repeats))) if n not in self._answers[key]]

    async def respond(self, request: Request) -> Response:
        """The recorded answer. Raises Rejected where there is none for this sample, or for this repeat."""
        sent_at = time.perf_counter()
        if request.continuations is not None:
            raise Unsupported(f"models.{self.spec.name}: a file of answers has no log-likelihoods.")
        if request.repeat > 0 and not self._repeats:
            raise Rejected(
                f"models.{self.spec.name}: repeat {request.repeat} of sample {request.sample_id!r} is asked for, and "
                f"{self.label} holds one answer to each: set run.repeats to 1."
            )
        key = self.key_of(request.sample_id)
        answer = None if key is None else self._answers[key].get(request.repeat)
        if answer is None:
            lacks = "has no answer text for it" if key is not None else "has no such id"
            if key is not None and request.repeat not in self._answers[key]:
                lacks = f"has no answer to its repeat {request.repeat + 1}"
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
