"""Tools of an MCP server as they were recorded: its `tools/list`, and what its calls returned. No server is needed.

    {"tools": [{"name": "get_weather", "description": "...", "inputSchema": {"type": "object", "properties": {...}}}],
     "results": [{"name": "get_weather", "arguments": {"city": "Ulm"},
                  "result": {"content": [{"type": "text", "text": "18 C"}], "isError": false}}]}

A call returns what was recorded for this tool with equal arguments; of several results the n-th call gets the n-th, and
later ones the last. A call that was never recorded is off the record: nobody knows what the server would have said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from evalkit.facts.base import Json, JsonMap
from evalkit.records import Tool
from evalkit.suite.environments.arguments import RefusedCall, json_object
from evalkit.suite.environments.tool import LONGEST_RESULT, Called
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.tools import read_tools

USED = "#recorded"
"""In the state: how many results of each call were given so far. No part of what `end-state` compares."""


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


class RecordedFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    about: str = ""
    tools: list[ListedTool] = Field(min_length=1)
    results: list[RecordedCall]


@dataclass(frozen=True, slots=True)
class RecordedFunction:
    """One recorded tool, used like a function of an environment."""

    tool: Tool
    writes: bool
    """Whether it may change something: it does not say that it only reads."""
    results: Mapping[str, Sequence[ToolCallResult]]
    """By the arguments, as text."""
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
        found = self.results.get(written)
        if not found:
            raise OffRecord(f"{self.tool.name}({written[:200]}) was never recorded")
        used = state.get(USED)
        counts: dict[str, Json] = dict(used) if isinstance(used, dict) else {}
        place = f"{self.tool.name}{written}"
        n = counts.get(place)
        n = n if isinstance(n, int) else 0
        result = found[min(n, len(found) - 1)]
        return Called(result.text or "ok", result.failed, {**state, USED: {**counts, place: n + 1}})


def recorded_functions(file: RecordedFile) -> dict[str, RecordedFunction]:
    """The tools by name. Raises ValueError (half a sentence) for results of no tool, or too long ones."""
    declared = [
        {"name": one.name, "description": one.description or "", "parameters": dict(one.parameters)}
        for one in file.tools
    ]
    results: dict[str, dict[str, list[ToolCallResult]]] = {one.name: {} for one in file.tools}
    for n, call in enumerate(file.results):
        if call.name not in results:
            raise ValueError(f"results[{n}] is of the tool {call.name!r:.80}, which is not among tools")
        if len(call.result.text) > LONGEST_RESULT:
            raise ValueError(f"results[{n}] is longer than {LONGEST_RESULT:,} characters")
        results[call.name].setdefault(_key(call.arguments), []).append(call.result)
    hints = {one.name: one.annotations for one in file.tools}
    return {
        tool.name: RecordedFunction(
            tool, not (hint.read_only if (hint := hints[tool.name]) is not None else False), results[tool.name]
        )
        for tool in read_tools(declared)
    }


def _key(arguments: JsonMap) -> str:
    """Equal for equal arguments: 1 and 1.0 are, and keys have no order."""
    return json.dumps(_plain(dict(arguments)), sort_keys=True, ensure_ascii=False)


def _plain(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
