"""Tools of an MCP server as they were recorded: its `tools/list`, and what its calls returned. No server is needed.

    {"tools": [{"name": "get_weather", "description": "...", "inputSchema": {"type": "object", "properties": {...}}}],
     "results": [{"name": "get_weather", "arguments": {"city": "Ulm"},
                  "result": {"content": [{"type": "text", "text": "18 C"}], "isError": false}}]}

A call returns what was recorded for this tool with equal arguments; of several results the n-th call gets the n-th, and
later ones the last. A call that was never recorded is off the record: nobody knows what the server would have said.

What `evalkit run --record-tools` writes also says in which `session` a call was made, and for which `sample`: then a
call returns what the server said after the very same calls. After other calls it returns what was always said to it;
where that differed between sessions, the call is off the record.

With `apart: true`, as `evalkit import traces --trajectories free` writes it, a sample knows the calls of its own
sessions alone, and each as often as it was made there: what a tool says to another customer, or to the same call once
more, nobody knows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from pydantic import BaseModel, ConfigDict, Field

from evalkit.facts.base import Json, JsonMap
from evalkit.records import Tool
from evalkit.suite.environments.arguments import RefusedCall, json_object
from evalkit.suite.environments.tool import LONGEST_RESULT, Called
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.redaction import Redactor
from evalkit.suite.tools import read_tools

USED = "#recorded"
"""In the state: how many results of each call were given so far, and with sessions the sample (`SAMPLE`) and its calls
(`CALLS`). No part of what `end-state` compares."""
SAMPLE, CALLS = "sample", "calls"


class OffRecord(BrokenEnvironment):
    """A call that was never recorded. `str()` is half a sentence."""


class _Mcp(BaseModel):
    """What MCP writes may have more fields than are read here."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, populate_by_name=True)


class ToolHints(_Mcp):
    """`annotations` of a tool."""

    read_only: bool = Field(default=False, alias="readOnlyHint")
    """Whether it says that it changes nothing."""


class ListedTool(_Mcp):
    """One tool of `tools/list`."""

    name: str = Field(min_length=1)
    description: str | None = None
    parameters: JsonMap = Field(default_factory=dict, alias="inputSchema")
    annotations: ToolHints | None = None

    @property
    def read_only(self) -> bool:
        """Whether it says that it changes nothing."""
        return self.annotations is not None and self.annotations.read_only

    def as_listed(self) -> dict[str, Json]:
        """The tool as `tools/list` has it, without what is not read here."""
        return {
            "name": self.name,
            "description": self.description or "",
            "inputSchema": dict(self.parameters),
            **({"annotations": {"readOnlyHint": True}} if self.read_only else {}),
        }


class RecordedContent(_Mcp):
    """One part of a result."""

    type: str
    text: str | None = None
    """None: the part is no text (an image, a resource)."""


class ToolCallResult(_Mcp):
    """What `tools/call` returned."""

    content: list[RecordedContent]
    failed: bool = Field(default=False, alias="isError")

    @property
    def text(self) -> str:
        """The texts of the parts; a part of another kind as its name."""
        return "\n".join(part.text if part.text is not None else f"[{part.type}]" for part in self.content)


class RecordedCall(_Mcp):
    """A call and what it returned."""

    name: str
    arguments: JsonMap = Field(default_factory=dict)
    result: ToolCallResult
    session: str | None = None
    """Which session of the server it was made in, its calls in their order. None: nobody says."""
    sample: str | None = None
    """The sample that the session was for. None: nobody says."""


class RecordedFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    about: str = ""
    tools: list[ListedTool] = Field(min_length=1)
    results: list[RecordedCall]
    apart: bool = False
    """Whether a sample knows the calls of its own sessions alone, each as often as it was made there."""


class _Node:
    """What was recorded after the same calls."""

    __slots__ = ("by_sample", "first", "next")

    def __init__(self) -> None:
        self.first: ToolCallResult | None = None
        self.by_sample: dict[str, ToolCallResult] = {}
        self.next: dict[str, _Node] = {}


class RecordedSessions:
    """The sessions of a recording, by what was called before."""

    def __init__(self, calls: Sequence[RecordedCall], *, apart: bool = False) -> None:
        self._calls = [call for call in calls if call.session is not None]
        self.apart = apart
        """Whether a sample knows the calls of its own sessions alone, each as often as it was made there."""
        self._own: dict[str, RecordedSessions] = {}
        if apart:
            by_sample: dict[str, list[RecordedCall]] = {}
            for call in self._calls:
                by_sample.setdefault(str(call.sample), []).append(call)
            self._own = {sample: RecordedSessions(own) for sample, own in by_sample.items()}
        self._root = _Node()
        self._always: dict[str, ToolCallResult | None] = {}
        """By call what it always returned; None where that differed."""
        at: dict[str, _Node] = {}
        for call in self._calls:
            place = call.name + _key(call.arguments)
            session = str(call.session)
            at[session] = node = at.get(session, self._root).next.setdefault(place, _Node())
            node.first = node.first or call.result
            if call.sample is not None:
                node.by_sample.setdefault(call.sample, call.result)
            known = self._always.setdefault(place, call.result)
            if known is None or (known.text, known.failed) != (call.result.text, call.result.failed):
                self._always[place] = None

    def __bool__(self) -> bool:
        return bool(self._root.next)

    def after(self, before: Sequence[str], place: str, sample: str) -> ToolCallResult | None:
        """What the call returned after these; None where nobody knows."""
        if self.apart:
            own = self._own.get(sample)
            return None if own is None or self.used_up(before, place, sample) else own.after(before, place, sample)
        node: _Node | None = self._root
        for one in (*before, place):
            node = node.next.get(one) if node is not None else None
        if node is not None and node.first is not None:
            return node.by_sample.get(sample, node.first)
        return self._always.get(place)

    def redacted(self, redactor: Redactor, counts: Counter[str]) -> RecordedSessions:
        """The same without personal data in what was asked and returned. Raises SuiteError as `Redactor.record`."""
        return RecordedSessions(
            [
                one.model_copy(
                    update={
                        "arguments": redactor.record(one.arguments, counts),
                        "result": _without(one.result, redactor, counts),
                    }
                )
                for one in self._calls
            ],
            apart=self.apart,
        )

    def differed(self, place: str, sample: str) -> bool:
        """Whether the call returned now this, now that."""
        if self.apart:
            own = self._own.get(sample)
            return own is not None and own.differed(place, sample)
        return place in self._always and self._always[place] is None

    def used_up(self, before: Sequence[str], place: str, sample: str) -> bool:
        """Whether the sample made this call as often before as any session of its own did."""
        own = self._own.get(sample)
        most = 0 if own is None else own.most_often(place)
        return self.apart and 0 < most <= list(before).count(place)

    def most_often(self, place: str) -> int:
        """How often the session made this call that made it most often."""
        n = Counter(call.session for call in self._calls if call.name + _key(call.arguments) == place)
        return max(n.values(), default=0)


@dataclass(frozen=True, slots=True)
class RecordedFunction:
    """One recorded tool, used like a function of an environment."""

    tool: Tool
    writes: bool
    """Whether it may change something: it does not say that it only reads."""
    results: Mapping[str, Sequence[ToolCallResult]]
    """By the arguments, as text; of calls of which no session is known."""
    sessions: RecordedSessions
    ends: bool = False

    def read(self, arguments: str) -> dict[str, Json]:
        """The arguments of a call as a model wrote them. Raises RefusedCall."""
        return json_object(arguments)

    def call(self, state: JsonMap, arguments: str) -> Called:
        """What was recorded for this call. Raises OffRecord."""
        try:
            read = self.read(arguments)
        except RefusedCall as error:
            return Called(f"Error: {error}", failed=True, state=state)
        written = _key(read)
        used = state.get(USED)
        counts: dict[str, Json] = dict(used) if isinstance(used, dict) else {}
        place = f"{self.tool.name}{written}"
        if self.sessions:
            calls = counts.get(CALLS)
            before = [str(one) for one in calls] if isinstance(calls, list) else []
            counts[CALLS] = [*before, place]
            if (known := self.sessions.after(before, place, str(counts.get(SAMPLE)))) is not None:
                return Called(known.text or "ok", known.failed, {**state, USED: counts})
        found = self.results.get(written)
        if not found:
            raise OffRecord(f"{self.tool.name}({written[:200]}) {self._why(place, counts)}")
        n = counts.get(place)
        n = n if isinstance(n, int) else 0
        result = found[min(n, len(found) - 1)]
        return Called(result.text or "ok", result.failed, {**state, USED: {**counts, place: n + 1}})

    def _why(self, place: str, counts: Mapping[str, Json]) -> str:
        """Why a call is off the record, as half a sentence."""
        calls, sample = counts.get(CALLS), str(counts.get(SAMPLE))
        before = [str(one) for one in calls[:-1]] if isinstance(calls, list) else []
        if self.sessions.used_up(before, place, sample):
            return "is made more often than it was recorded"
        if self.sessions.differed(place, sample):
            return "was recorded after other calls, with now this result and now that"
        return "was never recorded for this sample" if self.sessions.apart else "was never recorded"


def redacted_functions(
    functions: Mapping[str, RecordedFunction], redactor: Redactor, counts: Counter[str]
) -> dict[str, RecordedFunction]:
    """The functions of one recording without personal data in what was asked and returned. Raises SuiteError as
    `Redactor.record`."""
    made = {}
    sessions: RecordedSessions | None = None
    for name, one in functions.items():
        sessions = sessions or one.sessions.redacted(redactor, counts)  # all have the same
        found: dict[str, list[ToolCallResult]] = {}
        for written, results in one.results.items():
            asked = _key(cast(JsonMap, redactor.record(json.loads(written), counts)))
            found.setdefault(asked, []).extend(_without(result, redactor, counts) for result in results)
        made[name] = replace(one, results=found, sessions=sessions)
    return made


def _without(result: ToolCallResult, redactor: Redactor, counts: Counter[str]) -> ToolCallResult:
    parts = [
        part if part.text is None else part.model_copy(update={"text": redactor.text(part.text, counts)})
        for part in result.content
    ]
    return result.model_copy(update={"content": parts})


def recorded_functions(file: RecordedFile) -> dict[str, RecordedFunction]:
    """The tools by name. Raises ValueError (half a sentence) for results of no tool, or too long ones."""
    results: dict[str, dict[str, list[ToolCallResult]]] = {one.name: {} for one in file.tools}
    for n, call in enumerate(file.results):
        if call.name not in results:
            raise ValueError(f"results[{n}] is of the tool {call.name!r:.80}, which is not among tools")
        if len(call.result.text) > LONGEST_RESULT:
            raise ValueError(f"results[{n}] is longer than {LONGEST_RESULT:,} characters")
        if file.apart and (call.session is None or call.sample is None):
            raise ValueError(f"results[{n}] says no session or no sample, and apart: true needs both")
        if call.session is None:
            results[call.name].setdefault(_key(call.arguments), []).append(call.result)
    read_only = {one.name: one.read_only for one in file.tools}
    sessions = RecordedSessions(file.results, apart=file.apart)
    return {
        tool.name: RecordedFunction(tool, not read_only[tool.name], results[tool.name], sessions)
        for tool in declared_tools(file.tools)
    }


def declared_tools(listed: Sequence[ListedTool]) -> tuple[Tool, ...]:
    """The tools as models are offered them. Raises ValueError (half a sentence)."""
    return read_tools(
        {"name": one.name, "description": one.description or "", "parameters": dict(one.parameters)} for one in listed
    )


def beginning_of(sample: str) -> dict[str, Json]:
    """The state in which a sample of a recorded server begins."""
    return {USED: {SAMPLE: sample}}


def _key(arguments: JsonMap) -> str:
    """Equal for equal arguments: 1 and 1.0 are, and keys have no order."""
    return json.dumps(_plain(dict(arguments)), sort_keys=True, ensure_ascii=False)


def _plain(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
