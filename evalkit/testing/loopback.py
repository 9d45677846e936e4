"""A server on loopback that answers with exactly the bytes it is given and keeps what it was sent.

For what the fake provider is too well behaved for: odd streams, hostile bodies, and what stands in a request.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Sent:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, object]


@dataclass
class Loopback:
    """A running server."""

    url: str = ""
    requests: list[Sent] = field(default_factory=list)

    @property
    def last(self) -> Sent:
        return self.requests[-1]


def stream_of(*events: Mapping[str, object]) -> bytes:
    """A whole 200 reply of named events, as both SDKs' providers write them."""
    lines = [f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n" for event in events]
    return reply(200, "".join(lines).encode(), "text/event-stream")


def reply(status: int, body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    """A whole HTTP reply."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@asynccontextmanager
async def on_loopback(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """The address of a server that talks so on every connection, until either side closes it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@asynccontextmanager
async def loopback(answer: bytes) -> AsyncIterator[Loopback]:
    """Serves this answer to every request, on connections that stay open."""
    server = Loopback()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
            body = await reader.readexactly(int(headers["content-length"]))
            server.requests.append(Sent(first.split()[1], headers, json.loads(body)))
            writer.write(answer)
            await writer.drain()

    async with on_loopback(talk) as address:
        server.url = f"{address}/v1"
        yield server


@asynccontextmanager
async def raw_server(chunks: Sequence[bytes], *, pause_s: float = 0.0, hang: bool = False) -> AsyncIterator[str]:
    """A server that answers every request with exactly these writes, then closes (or hangs)."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
        for chunk in chunks:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if hang:
            await reader.read()

    async with on_loopback(talk) as address:
        yield f"{address}/v1"
