"""Tools of an MCP server as they were recorded: its `tools/list`, and what its calls returned. No server is needed.

    {"tools": [{"name": "get_weather", "description": "...", "inputSchema": {"type": "object", "properties": {...}}}],
     "results": [{"name": "get_weather", "arguments": {"city": "Ulm"},
                  "result": {"content": [{"type": "text", "text": "18 C"}], "isError": false}}]}

A call returns what was recorded for this tool with equal arguments; of several results the n-th call gets the n-th, and
later ones the last. A call that was never recorded is off the record: nobody knows what the server would have said.

What `evalkit run --record-tools` writes also says in which `session` a call was made, and for which `sample`: then a
call returns what the server said after the very same calls. After other calls it returns what was always said to it;
where that differed between sessions, the call is off the record.
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


class _Node:
    """What was recorded after the same calls."""

    __slots__ = ("by_sample", "first", "next")

    def __init__(self) -> None:
        self.first: ToolCallResult | None = None
        self.by_sample: dict[str, ToolCallResult] = {}
        self.next: dict[str, _Node] = {}


class RecordedSessions:
    """The sessions of a recording, by what was called before."""

    def __init__(self, calls: Sequence[RecordedCall]) -> None:
        self._calls = [call for call in calls if call.session is not None]
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
            ]
        )

    def differed(self, place: str) -> bool:
        """Whether the call returned now this, now that."""
        return place in self._always and self._always[place] is None


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
            why = "was recorded after other calls, with now this result and now that"
            why = why if self.sessions.differed(place) else "was never recorded"
            raise OffRecord(f"{self.tool.name}({written[:200]}) {why}")
        n = counts.get(place)
        n = n if isinstance(n, int) else 0
        result = found[min(n, len(found) - 1)]
        return Called(result.text or "ok", result.failed, {**state, USED: {**counts, place: n + 1}})


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
        if call.session is None:
            results[call.name].setdefault(_key(call.arguments), []).append(call.result)
    read_only = {one.name: one.read_only for one in file.tools}
    sessions = RecordedSessions(file.results)
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
