"""The HTTP side of adapters without an SDK: one aiohttp session, one exchange at a time, honest clocks, one doorway.

    wire = Wire(spec, base_url="http://127.0.0.1:8000/v1", headers={...}, key=None, key_envs=())
    response = await wire.answer("/chat/completions", body, ChatAnswer(...))    # fed as its bytes arrive
    reply = await wire.exchange("/completions", body)                           # the whole body at once

`sent_at` is taken when the body is about to be written to an open connection, so that waiting for a free connection or
a handshake is never booked as the model's latency. Nothing is retried, redirected or cached. Limits, proxy and what an
error of the network means stand in `http_session` and `reply_body`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from evalkit import __version__
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.adapters.http_session import (
    CONNECT_TIMEOUT_S,
    NETWORK_ERRORS,
    check_certificates,
    network_error,
    open_session,
)
from evalkit.adapters.keys import checked_host
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_body import ReplyBody, error_body
from evalkit.adapters.reply_fields import parsed
from evalkit.adapters.reply_reader import ReplyReader
from evalkit.errors import BadReply, MissingKey, Rejected, RequestError, SuiteError
from evalkit.records import Response, Timing

LINGER_S = 1.0
"""How long a server may take to close a stream that it has declared done, before the connection is dropped."""
_TRIES_TO_WRITE = 3
"""Further connections that one request takes, where the server closed those before anything was written."""
_MOST_FACTS = 2**20
"""Bytes of what a server says of itself."""
_LARGE_BODY = 2**20
"""aiohttp warns about larger bodies as bytes, because they would be written in one go."""


Sign = Callable[[str, bytes], Mapping[str, str]]
"""(address, body) of a request -> the headers that show who sends it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One exchange as the clock saw it; times are `time.perf_counter()`."""

    sent_at: float
    ended_at: float
    """The last byte of the answer was read."""
    body: bytes = b""
    declined: str | None = None
    """The provider's words where its filter turned the prompt away; then there is no answer."""


def refused(reply: Reply) -> Response:
    """The response for a prompt that the provider's filter turned away before the model saw it."""
    return Response(
        text="",
        stop_reason="content_filter",
        timing=Timing(sent_at=reply.sent_at, total_s=reply.ended_at - reply.sent_at),
        refusal=reply.declined,
    )


class Wire:
    """Connections to one endpoint. Opened at the first exchange, inside the running loop."""

    def __init__(
        self,
        spec: ModelSpec,
        base_url: str,
        headers: Mapping[str, str],
        key: str | None,
        key_envs: tuple[str, ...],
        sign: Sign | None = None,
    ) -> None:
        """`headers` go with every request; `sign` gives those that depend on the request itself."""
        self.hostname = checked_host(base_url, spec)
        parts = urlsplit(base_url)
        if parts.query or parts.fragment:
            raise SuiteError(
                f"models.{spec.name}.base_url is {parts.path!r} with a query or fragment; leave out everything from "
                f"the ? or # on (settings go to settings.extra, keys to the environment)."
            )
        if key is not None and (not key.isascii() or not key.isprintable() or " " in key):
            raise MissingKey(
                f"models.{spec.name}: {' or '.join(key_envs)} holds a line break, a blank or a character that no key "
                f"has; set it again."
            )
        check_certificates(base_url)
        self.host = parts.netloc.lower()
        self.path = parts.path.rstrip("/")
        self.where = Where(spec.name, spec.model, self.host, key_envs, key)
        self.facts: Mapping[str, str] = {"aiohttp": aiohttp.__version__}
        self._root = str(URL(f"{parts.scheme}://{parts.netloc}{self.path}")).rstrip("/")
        self._sign = sign
        self._limit = spec.in_flight or 0
        self._idle_s = spec.idle_timeout_s
        self._headers = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": f"evalkit/{__version__}",
            **headers,
        }
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Wire({self._root!r})"

    async def answer(
        self, path: str, body: bytes | Mapping[str, Any], reading: ReplyReading, left_out: tuple[str, ...] = ()
    ) -> Response:
        """Posts and feeds the reading while the reply comes; the whole answer, with what was `left_out` of it. Raises a
        RequestError: error statuses and networks come as our own errors, the cause chained. A connection that breaks
        after the answer was whole costs nothing but the connection.
        """
        if not isinstance(body, bytes):
            body = self.encoded(body)
        reader = ReplyReader(reading, self.where, self.path + path)
        clock = _Clock()
        broken: RequestError | None = None
        try:
            async with self._posted(path, body, clock) as reply:
                await _read_stream(ReplyBody(reply), reader, clock)
        except Declined as declined:
            return reader.filtered(declined, clock.sent_at, clock.ended_at or perf_counter(), left_out)
        except NETWORK_ERRORS as error:
            broken = network_error(error, self.where, self._idle_s)
            broken.__cause__ = error
        try:
            return reader.response(clock.sent_at, clock.ended_at, left_out, broken)
        except Declined as declined:
            return reader.filtered(declined, clock.sent_at, clock.ended_at, left_out)

    def encoded(self, body: Mapping[str, Any]) -> bytes:
        """The body as JSON. Raises Rejected for what is none: lone surrogates in a prompt, odd values in extra."""
        try:
            return orjson.dumps(body)
        except TypeError as error:
            raise Rejected(f"models.{self.where.name}: the request is no valid JSON: {error}", sent=False) from error

    async def exchange(self, path: str, body: bytes) -> Reply:
        """Posts and reads the whole reply. Raises as `answer` does."""
        clock = _Clock()
        try:
            async with self._posted(path, body, clock) as reply:
                whole = await ReplyBody(reply).read_all()
        except Declined as declined:
            return Reply(clock.sent_at, perf_counter(), declined=declined.words)
        except NETWORK_ERRORS as error:
            raise network_error(error, self.where, self._idle_s) from error
        return Reply(clock.sent_at, perf_counter(), whole)

    async def fetch(self, path: str) -> Any:
        """What the server says of itself at this path, as JSON. Raises a RequestError."""
        session = self._session or self._open()
        try:
            async with session.get(
                URL(self._root + path, encoded=True), headers=self._headers, allow_redirects=False
            ) as reply:
                said = await ReplyBody(reply, _MOST_FACTS, cut=True).read_all()
                if reply.status != 200:
                    raise BadReply(f"{self.host}{self.path}{path} answered {reply.status}")
        except NETWORK_ERRORS as error:
            raise network_error(error, self.where, self._idle_s) from error
        try:
            return parsed(said)
        except ValueError as error:
            raise BadReply(f"{self.host}{self.path}{path} sent no JSON") from error

    async def aclose(self) -> None:
        """Closes every connection; a second call does nothing."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _posted(self, path: str, body: bytes, clock: _Clock) -> AsyncIterator[aiohttp.ClientResponse]:
        """The reply to a request that was accepted. Raises what its status means, and aiohttp's errors."""
        reply = await self._post(path, body)
        try:
            clock.sent_at = reply.clock[0]  # type: ignore[attr-defined]
            if not 200 <= reply.status < 300:
                said = await error_body(reply)
                clock.ended_at = perf_counter()
                raise error_from_status(reply.status, reply.headers, said, self.path + path, self.where)
            yield reply
        finally:
            reply.release()  # back to the pool when it was read to its end; closed otherwise

    async def _post(self, path: str, body: bytes) -> aiohttp.ClientResponse:
        """Posts on a connection that is open. A server that closes after each answer, and does not say so (llama.cpp),
        may close just while the next request takes the connection: nothing was written then, so it is posted anew."""
        session = self._session or self._open()
        # Written as it is: a %2F in the name of a model must not become a slash, and a signature holds for these bytes.
        url = URL(self._root + path, encoded=True)
        headers = self._headers if self._sign is None else {**self._headers, **self._sign(str(url), body)}
        for left in range(_TRIES_TO_WRITE, -1, -1):
            try:
                return await session.post(
                    url,
                    data=body if len(body) < _LARGE_BODY else BytesIO(body),
                    headers=headers,
                    allow_redirects=False,
                )
            except aiohttp.ClientOSError as error:
                if not left or not isinstance(error.__cause__, aiohttp.ClientConnectionResetError):
                    raise
                await asyncio.sleep(0)  # the pool learns that the connection is gone
        raise AssertionError("the last try returns or raises")

    def _open(self) -> aiohttp.ClientSession:
        self._session = open_session(
            self._root,
            connector=aiohttp.TCPConnector(limit=self._limit),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=self._idle_s),
            request_class=_TimedRequest,
            response_class=_TimedResponse,
        )
        return self._session


@dataclass(slots=True)
class _Clock:
    """When one exchange began and ended, by `time.perf_counter()`."""

    sent_at: float = 0.0
    ended_at: float = 0.0
    """The last byte that was read."""


class _TimedRequest(aiohttp.ClientRequest):
    """Notes when its body is about to be written, for the response to read.

    The two share a list of one time, not each other: a cycle would cost a fifth more CPU in garbage collection.
    """

    _clock: list[float]

    async def write_bytes(self, writer: Any, conn: Any, content_length: int | None = None) -> None:
        self._clock[0] = perf_counter()
        await super().write_bytes(writer, conn, content_length)

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        self._clock = [0.0]
        response = await super().send(conn)
        response.clock = self._clock  # type: ignore[attr-defined]
        return response


class _TimedResponse(aiohttp.ClientResponse):
    clock: list[float]


async def _read_stream(body: ReplyBody, reader: ReplyReader, clock: _Clock) -> None:
    """Feeds the reader. Reads to the end of the body, so that the connection can serve again, but does not wait long
    for a server that keeps a finished stream open."""
    clock.ended_at = clock.sent_at
    while chunk := await body.read():
        clock.ended_at = perf_counter()
        if reader.feed(chunk, clock.ended_at):
            if not body.is_at_end:
                try:
                    async with asyncio.timeout(LINGER_S):
                        reader.feed(await body.read(), clock.ended_at)
                except (TimeoutError, aiohttp.ClientError, RequestError, Declined):
                    pass  # the answer is whole; only the connection is lost
            return
    clock.ended_at = perf_counter()
