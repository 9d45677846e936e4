"""Tools of a live MCP server: who carries calls out is another process, and what it says cannot be had again.

    environment.live                                     # what the file says: LiveServer(entry, folder)
    environment.with_tools(listed, server)               # once the server was asked: its tools, and who opens sessions
    session = server.session(); await session.call("get_weather", {"city": "Ulm"}); await session.aclose()

Nothing here asks a server: that is `adapters.mcp`'s part. Before it was asked the tools are not known. A stored result
stands for the call in whatever is done later (scoring, `rescore`): no call is ever made again for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson
from pydantic import ValidationError

from evalkit.errors import SuiteError
from evalkit.facts.base import Json, JsonMap
from evalkit.paths import find
from evalkit.records import Tool
from evalkit.suite.digests import digest
from evalkit.suite.environments.arguments import RefusedCall, json_object
from evalkit.suite.environments.recorded import ListedTool, ToolCallResult, declared_tools
from evalkit.suite.environments.tool import MOST_TOOLS, Called
from evalkit.suite.environments.values import BrokenEnvironment
from evalkit.suite.schema.environments import McpEntry

LARGEST_LIST = 500_000
"""Bytes of a tool list as JSON."""
LONGEST_NAME = 128
"""Characters of a tool's name, as MCP has it."""


class ToolServerFailed(BrokenEnvironment):
    """A live server that did not start, did not answer, or said what is no MCP. `str()` is half a sentence."""


class ToolSession(Protocol):
    """One sample's session with a live server; it starts with the first call."""

    async def call(self, name: str, arguments: JsonMap) -> ToolCallResult:
        """What the call returned. Raises ToolServerFailed."""

    async def aclose(self) -> None:
        """End it. A second call does nothing."""


class ToolServer(Protocol):
    """Who opens sessions with a live server."""

    def session(self) -> ToolSession:
        """A new session; nothing is started yet."""


@dataclass(frozen=True, slots=True)
class LiveServer:
    """What an environment file says of a live server."""

    entry: McpEntry
    folder: Path
    """Of the suite: what begins with ./ lies there."""
    written: str
    """The environment's file, for messages."""


@dataclass(frozen=True, slots=True)
class LiveFunction:
    """One tool of a live server, used like a function of an environment."""

    tool: Tool
    writes: bool
    """Whether it may change something: it does not say that it only reads."""
    ends: bool = False

    def read(self, arguments: str) -> dict[str, Json]:
        """The arguments of a call as a model wrote them. Raises RefusedCall."""
        return json_object(arguments)

    def call(self, state: JsonMap, arguments: str) -> Called:
        """Never carried out here. Raises BrokenEnvironment, but for arguments that no server is sent."""
        try:
            self.read(arguments)
        except RefusedCall as error:
            return Called(f"Error: {error}", failed=True, state=state)
        raise BrokenEnvironment(f"{self.tool.name} is a tool of a live server, which is asked in a run alone")


@dataclass(frozen=True, slots=True)
class ToolList:
    """`tools/list` of a server, checked."""

    raw: tuple[JsonMap, ...]
    """The tools as far as evalkit reads them, in MCP's words: name, description, inputSchema, annotations."""
    functions: Mapping[str, LiveFunction]
    digest: str
    server: str | None = None
    """Name and version that the server gives itself. None: it gives none, or was not asked."""
    protocol: str | None = None
    """Version of MCP that is spoken. None: it was not asked."""


def tool_list(entries: Sequence[object], server: str | None = None, protocol: str | None = None) -> ToolList:
    """The tools of a live server. Raises ValueError (half a sentence) for what cannot be offered to a model."""
    if not entries or len(entries) > MOST_TOOLS:
        raise ValueError(f"it lists {len(entries)} tools, and an environment has 1 to {MOST_TOOLS}")
    try:
        size = len(orjson.dumps(entries))
        listed = [ListedTool.model_validate(one) for one in entries]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"its tool list has an odd entry ({place}: {first['msg']})") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("its tool list cannot be written as JSON") from error
    if size > LARGEST_LIST:
        raise ValueError(f"its tool list is longer than {LARGEST_LIST:,} bytes")
    if long := next((one.name for one in listed if len(one.name) > LONGEST_NAME or not one.name.isprintable()), None):
        raise ValueError(f"it has a tool with an odd name ({long[:80]!r})")
    tools = declared_tools(listed)
    hints = {one.name: one.read_only for one in listed}
    raw = tuple(one.as_listed() for one in listed)
    functions = {tool.name: LiveFunction(tool, writes=not hints[tool.name]) for tool in tools}
    return ToolList(raw, functions, digest("evalkit.tools/1", list(raw)), server, protocol)


def identity_of(live: LiveServer) -> str:
    """Identity of the server as its file names it: words, address, headers by name, and the suite's own files among the
    words. Raises SuiteError."""
    entry = live.entry
    files = {}
    for word in entry.command or ():
        if word.startswith(("./", "../")):
            file = find(word, live.folder, label=f"{live.written}: mcp.command: {word}")
            if not file.is_file():
                raise SuiteError(f"{live.written}: mcp.command: there is no file {word!r} beside the suite")
            files[word] = file.sha256()
    content = {
        "command": list(entry.command or ()),
        "base_url": entry.base_url,
        "env": sorted(entry.env),
        "headers": sorted(entry.header_env),
        "files": files,
    }
    return digest("evalkit.mcp/1", content)


def problems(entry: McpEntry) -> list[str]:
    """What the schema cannot say, as half sentences behind `mcp`."""
    found = []
    if (entry.command is None) == (entry.base_url is None):
        found.append(": say exactly one of command and base_url")
    if entry.env and entry.command is None:
        found.append(".env: belongs to command")
    if entry.header_env and entry.base_url is None:
        found.append(".header_env: belongs to base_url")
    return found
