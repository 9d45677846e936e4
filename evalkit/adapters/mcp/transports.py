"""Ways to a live MCP server as the SDK takes them, with limits: a program's pipes, and streamable HTTP.

    async with stdio(Program(argv, environment, "server.py"), limits) as (read, write): ...
    async with http("https://tools.example/mcp", headers, limits, timeout_s=30) as (read, write): ...

Programs are started by `evalkit.child` alone. What passes a limit ends the connection, and `limits.broken` says why.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import httpx2
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from evalkit import child
from evalkit.adapters.certificates import unreadable_certificates
from evalkit.adapters.http_session import CONNECT_TIMEOUT_S, proxy_for
from evalkit.adapters.worker_pool import Program
from evalkit.text.secrets import without_keys

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    Said = MemoryObjectSendStream[SessionMessage | Exception]
    """What the server says, for the session."""

LONGEST_MESSAGE = 4 * 2**20
"""Bytes of one message."""
MOST_BYTES = 64 * 2**20
"""Bytes that one session may say in all."""
MOST_MESSAGES = 2_000
"""Messages of one session: notifications, progress and requests of the server's among them, and each exchange over
HTTP. Each takes the SDK about a millisecond, in which no answer of a model is timed."""
END_S = 2.0
"""How long a program may take to end once its input is closed."""


@dataclass(slots=True)
class SessionLimits:
    """What one session has said so far."""

    n_bytes: int = 0
    n_messages: int = 0
    broken: str | None = None
    """Which limit it passed, as half a sentence. None: none."""

    def allows(self, n_bytes: int, n_messages: int) -> bool:
        """Count so much more; False where it has said too much."""
        self.n_bytes += n_bytes
        self.n_messages += n_messages
        if self.n_bytes > MOST_BYTES:
            self.broken = f"it said more than {MOST_BYTES:,} bytes in one session"
        elif self.n_messages > MOST_MESSAGES:
            self.broken = f"it sent more than {MOST_MESSAGES:,} messages in one session"
        return self.broken is None


@asynccontextmanager
async def stdio(program: Program, limits: SessionLimits) -> AsyncIterator[tuple[Any, Any]]:
    """Streams to a program that speaks MCP line by line. It is ended with its whole process group. Raises ChildFailed
    where it cannot be started."""
    said_in: MemoryObjectSendStream[SessionMessage | Exception]
    said: MemoryObjectReceiveStream[SessionMessage | Exception]
    said_in, said = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    asked_in, asked = anyio.create_memory_object_stream[SessionMessage](0)
    process = await asyncio.to_thread(
        child.start, program.argv, stdin=child.PIPE, stdout=child.PIPE, environment=program.environment
    )
    assert process.stdin is not None and process.stdout is not None
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=LONGEST_MESSAGE)
    transports: list[asyncio.BaseTransport] = []
    try:
        async with AsyncExitStack() as stack:
            for stream in (said_in, said, asked_in, asked):
                await stack.enter_async_context(stream)
            reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), process.stdout)
            transports.append(reading)
            writing, flow = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, process.stdin)
            transports.append(writing)
            writer = asyncio.StreamWriter(writing, flow, None, loop)
            async with anyio.create_task_group() as group:
                silent = anyio.Event()
                group.start_soon(_read, lines, said_in, limits, silent)
                group.start_soon(_write, writer, asked, said_in)
                try:
                    yield said, asked_in
                finally:
                    with anyio.CancelScope(shield=True), suppress(OSError):
                        writing.close()
                        with anyio.move_on_after(END_S if limits.broken is None else 0):
                            await silent.wait()
                    group.cancel_scope.cancel()
    finally:
        for transport in transports:
            transport.close()
        with anyio.CancelScope(shield=True):
            await asyncio.to_thread(child.end, process)


async def _read(lines: asyncio.StreamReader, said: Said, limits: SessionLimits, silent: anyio.Event) -> None:
    """Hand on each line as a message, up to a limit; what follows is read and dropped, to the end of the output."""
    async with said:
        await _hand_on(lines, said, limits)
    while await lines.read(2**16):
        pass
    silent.set()


async def _hand_on(lines: asyncio.StreamReader, said: Said, limits: SessionLimits) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # the session is over
        while True:
            try:
                line = await lines.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                limits.broken = f"it wrote a line of more than {LONGEST_MESSAGE:,} bytes"
                return
            if not limits.allows(len(line), 1):
                return
            if not line.strip():
                continue
            try:
                message = SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
            except (ValueError, RecursionError):
                written = without_keys(line.decode("utf-8", "replace"))[:80].strip()
                limits.broken = f"it wrote what is no message of MCP: {written!r}"
                return
            await said.send(message)


async def _write(writer: asyncio.StreamWriter, asked: MemoryObjectReceiveStream[SessionMessage], said: Said) -> None:
    """Write each message as a line; a program that reads no more ends the session."""
    try:
        async for message in asked:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            writer.write(text.encode() + b"\n")
            await writer.drain()
    except (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError):
        await said.aclose()


@asynccontextmanager
async def http(
    url: str, headers: Mapping[str, str], limits: SessionLimits, *, timeout_s: float
) -> AsyncIterator[tuple[Any, Any]]:
    """Streams to a server that speaks streamable HTTP. Of the environment only proxy and certificates count."""
    try:
        verify = ssl.create_default_context() if url.lower().startswith("https:") else False
    except (OSError, ssl.SSLError) as error:
        raise unreadable_certificates(error) from error
    inner = httpx2.AsyncHTTPTransport(verify=verify, proxy=proxy_for(url), trust_env=False)
    client = httpx2.AsyncClient(
        transport=_Bounded(inner, limits),
        headers={"accept-encoding": "identity", **headers},
        timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
        trust_env=False,
    )
    async with client, streamable_http_client(url, http_client=client, max_sse_event_size=LONGEST_MESSAGE) as streams:
        yield streams


class _Bounded(httpx2.AsyncBaseTransport):
    """Counts what comes back, and takes nothing packed: a small body may unpack to anything."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, limits: SessionLimits) -> None:
        self._inner, self._limits = inner, limits

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if not self._limits.allows(0, 1):  # a stream that ends at once is asked for again, as often as the server likes
            raise httpx2.ReadError(str(self._limits.broken), request=request)
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            await response.aclose()
            self._limits.broken = "it sent a packed body, which was not asked for"
            raise httpx2.ReadError(self._limits.broken, request=request)
        streams = response.headers.get("content-type", "").lower().startswith("text/event-stream")
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Counted(response.stream, self._limits, request, streams)
        response.encoding = "utf-8"  # whatever its head says: `charset=bz2` makes a gigabyte of 64 kB
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


_EVENT_END = re.compile(rb"\n(?:\r\n?|\n)|\r\r")
"""An empty line, whichever way lines end."""


class _Counted(httpx2.AsyncByteStream):
    """A body, up to a limit: of one without events by its size, of a stream by their number (the SDK limits theirs)."""

    def __init__(
        self, inner: httpx2.AsyncByteStream, limits: SessionLimits, request: httpx2.Request, streams: bool
    ) -> None:
        self._inner, self._limits, self._request, self._streams = inner, limits, request, streams

    async def __aiter__(self) -> AsyncIterator[bytes]:
        n, begun = 0, b""  # `begun`: what may be half of an empty line
        async for chunk in self._inner:
            n += len(chunk)
            ends = [found.end() for found in _EVENT_END.finditer(begun + chunk)] if self._streams else []
            begun = (begun + chunk)[ends[-1] if ends else 0 :][-2:]
            if not self._streams and n > LONGEST_MESSAGE:
                self._limits.broken = f"it sent a body of more than {LONGEST_MESSAGE:,} bytes"
            if not self._limits.allows(len(chunk), len(ends)):
                raise httpx2.ReadError(str(self._limits.broken), request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
