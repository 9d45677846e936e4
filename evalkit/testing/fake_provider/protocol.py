"""HTTP/1.1 by hand over asyncio.Protocol: what aiohttp would cost, a fake provider has not got to spend.

It reads requests (Content-Length or chunked, keep-alive) and hands each over whole; it writes what it is given.
Requests on one connection are answered one after the other. It does not know what a model is.
"""

import asyncio
import socket
import time
from http import HTTPStatus
from typing import NamedTuple, Protocol

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Above this a request is a mistake, or an attack on the test machine's memory."""


class HttpRequest(NamedTuple):
    """A whole request."""

    method: str
    path: str
    """As sent, with its query."""
    head: bytes
    """Request line and headers."""
    body: bytes
    read_at: float
    """When its last byte was read, seconds of the monotonic clock."""

    @property
    def address(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


class Exchange(Protocol):
    """A request that is being answered."""

    def client_left(self) -> None:
        """The connection is gone."""


class Handler(Protocol):
    """Who answers."""

    def receive(self, connection: "Connection", request: HttpRequest) -> None:
        """Answer a whole request, now or later."""


class Connection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, handler: Handler, open_connections: set["Connection"]) -> None:
        self._handler = handler
        self._open = open_connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._last_request = False
        self.exchange: Exchange | None = None

    # --- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._open.discard(self)
        if self.exchange is not None:
            exchange, self.exchange = self.exchange, None
            exchange.client_left()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.exchange is None:
            self._read_request()

    # --- called by the exchange

    def write(self, data: bytes) -> None:
        """Send bytes, unless the client has gone."""
        if self._transport is not None:
            self._transport.write(data)

    def done(self) -> None:
        """The answer is complete: read the next request, or close where the client asked for it."""
        self.exchange = None
        if self._last_request:
            self.close()
        elif self._buffer and self._transport is not None:
            self._read_request()

    def close(self) -> None:
        """Close after what was written has gone out."""
        self.exchange = None
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close now."""
        if self._transport is not None:
            self._transport.abort()

    # --- reading

    def _read_request(self) -> None:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(buffer[:end])
        lower = head.lower()
        start = end + 4
        if header(head, lower, b"transfer-encoding") == b"chunked":
            read = read_chunked(buffer, start)
            if read is None:
                self._continue_if_expected(lower)
                return
            body, end = read
        else:
            length = header(head, lower, b"content-length") or b"0"
            if not length.isdigit() or int(length) > MAX_BODY_BYTES:
                self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            end = start + int(length)
            if len(buffer) < end:
                self._continue_if_expected(lower)
                return
            body = bytes(buffer[start:end])
        now = time.monotonic()
        del buffer[:end]
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return
        self._last_request = header(head, lower, b"connection") == b"close" or words[2] == "HTTP/1.0"
        self._handler.receive(self, HttpRequest(words[0], words[1], head, body, now))

    def _continue_if_expected(self, lower: bytes) -> None:
        if b"\r\nexpect: 100-continue" in lower:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, status: HTTPStatus) -> None:
        self.write(f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\n\r\n".encode())
        self.close()


def header(head: bytes, lower: bytes, name: bytes) -> bytes | None:
    """The value of a header, `name` in lower case; None when it is not there. `lower` is the head in lower case."""
    place = lower.find(b"\r\n" + name + b":")
    if place < 0:
        return None
    start = place + len(name) + 3
    end = head.find(b"\r\n", start)
    return head[start : end if end >= 0 else len(head)].strip()


def read_chunked(buffer: bytearray, start: int) -> tuple[bytes, int] | None:
    """A chunked body and where it ends; None while it is incomplete."""
    parts: list[bytes] = []
    while True:
        line = buffer.find(b"\r\n", start)
        if line < 0:
            return None
        size = int(bytes(buffer[start:line]).split(b";", 1)[0], 16)
        start = line + 2
        if size == 0:
            end = buffer.find(b"\r\n", start)
            return (b"".join(parts), end + 2) if end >= 0 else None
        if len(buffer) < start + size + 2:
            return None
        parts.append(bytes(buffer[start : start + size]))
        start += size + 2


def response_head(status: int, serial: int, *, length: int | None, retry_after_s: float | None = None) -> bytes:
    """Status line and headers; `length` None: chunked server-sent events."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Overloaded" if status == 529 else "Unknown"
    # Two names of the same id: OpenAI's and Anthropic's.
    lines = f"HTTP/1.1 {status} {phrase}\r\nx-request-id: req_{serial}\r\nrequest-id: req_{serial}\r\n"
    if retry_after_s is not None:
        lines += f"retry-after: {retry_after_s:g}\r\nretry-after-ms: {retry_after_s * 1000:g}\r\n"
    if length is None:
        lines += "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    else:
        lines += f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    return lines.encode()
