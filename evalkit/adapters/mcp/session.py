"""A live MCP server that a suite names (`reach`), and sessions with it.

A session is started with its first call, in a task of its own, and ended with its sample. The SDK's contexts have to be
left in the task that entered them, and an agent's sample is asked in several: so each session is a task that takes
calls from a queue. What goes wrong on the server's side is a ToolServerFailed: nobody's answer is to blame, and no call
is made twice, since it may have changed something.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND, UNSUPPORTED_PROTOCOL_VERSION
from pydantic import ValidationError

import evalkit
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.certificates import check_certificates
from evalkit.adapters.command import environment, resolved
from evalkit.adapters.keys import checked_host, scrubbed_facts
from evalkit.adapters.mcp.transports import SessionLimits, http, stdio
from evalkit.adapters.own_headers import own_headers
from evalkit.adapters.worker_pool import Program
from evalkit.errors import SuiteError
from evalkit.facts.base import JsonMap
from evalkit.suite.environments.live import LiveServer, ToolList, ToolServerFailed, tool_list
from evalkit.suite.environments.recorded import RecordedContent, ToolCallResult
from evalkit.suite.environments.tool import LONGEST_RESULT, MOST_TOOLS
from evalkit.text.secrets import cut_short, without_keys

MOST_PAGES = 50
"""Of one tool list."""
_LONGEST_NAME = 200
"""Characters of a server's own name and version."""
CLOSE_S = 8.0
"""How long a session may take to end before its task is left alone; a server over HTTP is asked once more for it. So
long beyond `mcp.timeout_s` is also the most that anybody waits for what a session does."""
for _name in ("mcp", "client"):  # what a stranger makes the SDK log goes to nobody's terminal
    logging.getLogger(_name).addHandler(logging.NullHandler())

Streams = Callable[[SessionLimits], AbstractAsyncContextManager[tuple[Any, Any]]]


class _Session(ClientSession):
    """The SDK's session; results are not held against the server's own schema, whose patterns may never end."""

    async def validate_tool_result(self, name: str, result: types.CallToolResult) -> None:
        return None


class McpServer:
    """Opens sessions. `streams` connects to the server, and `title` names it in messages."""

    def __init__(self, streams: Streams, title: str, timeout_s: float) -> None:
        self.streams, self.title, self.timeout_s = streams, title, timeout_s
        self.expected: str | None = None
        """Digest of the tool list that each session has to show. None: not known yet."""

    async def tools(self) -> ToolList:
        """The server's tools, by a session of its own. Raises ToolServerFailed."""
        session = McpSession(self)
        try:
            return await session.listed()
        finally:
            await session.aclose()

    def session(self) -> McpSession:
        """A new session; nothing is started yet."""
        return McpSession(self)


@dataclass(slots=True)
class _Call:
    name: str
    arguments: JsonMap
    done: asyncio.Future[ToolCallResult]


@dataclass(eq=False, slots=True)
class McpSession:
    """See the module."""

    server: McpServer
    _task: asyncio.Task[None] | None = None
    _calls: asyncio.Queue[_Call | None] = field(default_factory=asyncio.Queue)
    _listed: asyncio.Future[ToolList] | None = None
    _limits: SessionLimits = field(default_factory=SessionLimits)

    async def listed(self) -> ToolList:
        """The tools, once the session has begun. Raises ToolServerFailed."""
        if self._task is None:
            self._listed = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run())
        task, listed = self._task, self._listed
        assert listed is not None
        await asyncio.wait({listed}, timeout=self.server.timeout_s + CLOSE_S)
        if not listed.done():  # it hangs in its end
            listed.set_exception(self._failed(self._late))
            task.cancel()
        return listed.result()

    async def call(self, name: str, arguments: JsonMap) -> ToolCallResult:
        """What a call returned; an error that the model can act on comes back as one. Raises ToolServerFailed."""
        await self.listed()
        task = self._task
        assert task is not None
        call = _Call(name, arguments, asyncio.get_running_loop().create_future())
        self._calls.put_nowait(call)
        waited: set[asyncio.Future[Any]] = {task, call.done}
        await asyncio.wait(waited, timeout=self.server.timeout_s + CLOSE_S, return_when=asyncio.FIRST_COMPLETED)
        if not call.done.done():
            raise self._failed("the session ended" if task.done() else "the session does not end")
        return call.done.result()

    async def aclose(self) -> None:
        """End the session, and with it a program that was started for it. A second call does nothing."""
        task, self._task = self._task, None
        if task is None:
            return
        self._calls.put_nowait(None)
        with suppress(asyncio.CancelledError):
            _, late = await asyncio.wait({task}, timeout=CLOSE_S / 2)
            if late:
                task.cancel()
                await asyncio.wait({task}, timeout=CLOSE_S / 2)
        task.cancel()
        if self._listed is not None and self._listed.done():
            self._listed.exception()  # seen, whether anybody waited for it

    async def _run(self) -> None:
        """The session from beginning to end; whatever fails is told to whoever waits."""
        assert self._listed is not None
        failure: Exception | None = None
        try:
            async with self.server.streams(self._limits) as (read, write), _Session(read, write, **_WHO) as session:
                with anyio.fail_after(self.server.timeout_s):
                    found = await self._begun(session)
                self._listed.set_result(found)
                while (call := await self._calls.get()) is not None:
                    await self._answer(session, call)
        except asyncio.CancelledError:
            failure = self._failed("the run was interrupted")
            raise
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - becomes the failure of the sample
            first = _first(error)
            why = self._late if isinstance(first, TimeoutError) else _in_a_line(first)
            failure = first if isinstance(first, ToolServerFailed) else self._failed(why)
        finally:
            if not self._listed.done():
                self._listed.set_exception(failure or self._failed("the session ended"))

    async def _begun(self, session: _Session) -> ToolList:
        """Shake hands and ask for the tools. Raises ToolServerFailed, MCPError."""
        try:
            began = await session.initialize()
            server, protocol = began.server_info, began.protocol_version
            named = f"{server.name} {server.version}"
        except MCPError as error:
            if error.code not in (METHOD_NOT_FOUND, UNSUPPORTED_PROTOCOL_VERSION, INVALID_PARAMS):
                raise
            await session.discover()  # a server of the newer protocol alone
            protocol, info = session.protocol_version or "", session.server_info
            named = f"{info.name} {info.version}" if info is not None else ""
        entries = scrubbed_facts(await self._all_tools(session))
        try:
            found = tool_list(entries, without_keys(named)[:_LONGEST_NAME] or None, protocol)
        except ValueError as error:
            raise self._failed(str(error)) from error
        if self.server.expected not in (None, found.digest):
            raise self._failed("its tools are others than when the run began")
        return found

    async def _all_tools(self, session: _Session) -> list[dict[str, Any]]:
        """Every page of the list. Raises ToolServerFailed for one without end."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            params = types.PaginatedRequestParams(cursor=cursor) if cursor is not None else None
            page = await session.list_tools(params=params)
            found += [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in page.tools]
            if (cursor := page.next_cursor) is None:
                return found
            if len(found) > MOST_TOOLS:
                break
        raise self._failed(f"its tool list does not end within {MOST_PAGES} pages and {MOST_TOOLS} tools")

    async def _answer(self, session: _Session, call: _Call) -> None:
        """Carry out one call, and say what came of it."""
        try:
            with anyio.fail_after(self.server.timeout_s):
                returned = await session.call_tool(call.name, dict(call.arguments))
            outcome: ToolCallResult | Exception = _result(returned)
        except MCPError as error:
            if error.code == INVALID_PARAMS and self._limits.broken is None:
                outcome = _text(f"Error: {cut_short(_unquoted(error.message), 2_000)}", failed=True)
            else:
                outcome = self._failed(_in_a_line(error))
        except TimeoutError:
            told = f"{call.name[:80]} did not return within {self.server.timeout_s:g} s (mcp.timeout_s)"
            outcome = self._failed(told)
        except Exception as error:  # noqa: BLE001 - becomes the failure of the sample
            outcome = self._failed(_in_a_line(error))
        if not call.done.done():
            if isinstance(outcome, Exception):
                call.done.set_exception(outcome)
            else:
                call.done.set_result(outcome)

    @property
    def _late(self) -> str:
        return f"it did not start within {self.server.timeout_s:g} s (mcp.timeout_s)"

    def _failed(self, why: str) -> ToolServerFailed:
        return ToolServerFailed(without_keys(f"{self.server.title}: {self._limits.broken or why}"))


_WHO: dict[str, Any] = {"client_info": types.Implementation(name="evalkit", version=evalkit.__version__)}


def _result(returned: types.CallToolResult) -> ToolCallResult:
    """A result as it is stored and recorded: its texts, and other parts by their kind."""
    parts = [
        RecordedContent(type=part.type, text=without_keys(part.text) if isinstance(part, types.TextContent) else None)
        for part in returned.content
    ]
    if not parts and returned.structured_content is not None:
        written = json.dumps(returned.structured_content, ensure_ascii=False)
        parts = [RecordedContent(type="text", text=without_keys(written))]
    found = ToolCallResult(content=parts, isError=bool(returned.is_error))
    if len(found.text) > LONGEST_RESULT:
        return _text(f"Error: the result is longer than {LONGEST_RESULT:,} characters", failed=True)
    return found


def _text(text: str, *, failed: bool) -> ToolCallResult:
    return ToolCallResult(content=[RecordedContent(type="text", text=text)], isError=failed)


def _first(error: BaseException) -> BaseException:
    """The error itself, or the first of a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _in_a_line(error: BaseException) -> str:
    """What an error says, in a line; keys go before it is cut, or half of one would stay."""
    if isinstance(error, MCPError):
        return f"it answered with an error: {cut_short(_unquoted(error.message), 300)!r} ({error.code})"
    if isinstance(error, ValidationError):
        return f"it said what is no MCP ({error.error_count()} odd fields)"
    return f"{type(error).__name__}: {cut_short(_unquoted(str(error)), 300)}"


_QUOTED = re.compile(r"input_value=(?:[^\n]*, input_type=|[^\n]*)")
_LAID_OUT = re.compile(r"\n\s*(?:Failed validating|On instance)\b.*", re.DOTALL)


def _unquoted(text: str) -> str:
    """Without what libraries quote in pieces: pydantic cuts a value in the middle, jsonschema lays one out over several
    lines, and half a key or a number is known as none; a content type comes in small letters."""
    return without_keys(_LAID_OUT.sub("", _QUOTED.sub("input_type=", text)), any_case=True)


_TAKEN = frozenset(("accept", "accept-encoding", "mcp-session-id", "mcp-protocol-version", "last-event-id"))
"""Headers of the protocol itself."""


@dataclass(frozen=True, slots=True)
class ReachedServer:
    """A server that may be asked."""

    server: McpServer
    transport: str
    host: str | None
    """None: a program on this machine."""


def reach(live: LiveServer, *, allow_code: bool, key_hosts: frozenset[str], sends: bool) -> ReachedServer:
    """The server that a file names. Raises SuiteError where the person does not allow it, MissingKey."""
    entry, at = live.entry, f"{live.written}: mcp"
    if entry.command is not None:
        if not allow_code:
            raise SuiteError(
                f"{at}: a program of the suite would run on this machine. If you trust the suite and what lies beside "
                "it: --allow-suite-code"
            )
        argv, files = resolved(entry.command, live.folder, f"{at}.command")
        title = (files[0] if files else Path(argv[0])).name
        program = Program(argv, environment(entry.env, live.folder, f"{at}.env", sends=sends), title)

        def start(limits: SessionLimits) -> AbstractAsyncContextManager[tuple[Any, Any]]:
            return stdio(program, limits)

        return ReachedServer(McpServer(start, title, entry.timeout_s), "stdio", None)
    url = entry.base_url or ""
    spec = ModelSpec(live.written, "mcp", "", base_url=url, key_hosts=key_hosts, sends=sends, at=at)
    host = checked_host(url, spec)
    headers = own_headers(spec, entry.header_env, url, _TAKEN).headers if sends or not entry.header_env else {}
    check_certificates(url)

    def connect(limits: SessionLimits) -> AbstractAsyncContextManager[tuple[Any, Any]]:
        return http(url, headers, limits, timeout_s=entry.timeout_s)

    return ReachedServer(McpServer(connect, host, entry.timeout_s), "http", host)
