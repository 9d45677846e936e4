"""The connections of a `Wire`: an aiohttp session, requests that note when they were written, replies as they come.

Imported at the first exchange, or beside the plan (`Wire.warm`): aiohttp and the certificates that it reads take a
tenth of a second, and a check sends nothing.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Mapping
from functools import lru_cache
from io import BytesIO
from time import perf_counter
from typing import TYPE_CHECKING, Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from evalkit.adapters.held import an_answer
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.adapters.http_reply import Reply, Sign
from evalkit.adapters.http_session import CONNECT_TIMEOUT_S, NETWORK_ERRORS, Connector, network_error, open_session
from evalkit.adapters.keys import scrubbed_facts
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_body import ReplyBody, error_body
from evalkit.adapters.reply_fields import parsed
from evalkit.adapters.reply_reader import ReplyReader
from evalkit.errors import BadReply, RequestError, Stalled
from evalkit.frozen import dataclass
from evalkit.records import Response

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection


LINGER_S = 1.0
"""How long a server may take to close a stream that it has declared done, before the connection is dropped."""
_TRIES_TO_WRITE = 3
"""Further connections that one request takes, where the server closed those before anything was written."""
_TURNS_TO_NOTICE = 3
"""Turns of the event loop until a connection that its server has closed says so, TLS with its goodbye included."""
_MOST_FACTS = 2**20
"""Bytes of what a server says of itself."""
FACTS_S = 60.0
"""How long it may take to say it, to the last byte."""
_LARGE_BODY = 2**20
"""aiohttp warns about larger bodies as bytes, because they would be written in one go."""


@dataclass(slots=True)
class _Clock:
    """When one exchange began and ended, by `time.perf_counter()`."""

    sent_at: float = 0.0
    ended_at: float = 0.0
    """The last byte that was read."""


class Connections:
    """Connections to one endpoint. Opened inside the running loop."""

    def __init__(
        self,
        root: str,
        path: str,
        where: Where,
        headers: Mapping[str, str],
        *,
        sign: Sign | None,
        limit: int,
        idle_s: float,
        method: str = "POST",
    ) -> None:
        """`root` is the address that `path` ends; `limit` 0: as many connections as there are requests."""
        self._root = str(URL(root)).rstrip("/")
        self._path = path
        self._where = where
        self._headers = headers
        self._unsigned = CIMultiDict(headers)  # as aiohttp wants them: made once
        self._url = lru_cache(maxsize=16)(lambda path: URL(self._root + path, encoded=True))
        self._sign = sign
        self._method = method
        self._idle_s = idle_s
        self.session = open_session(
            self._root,
            connector=Connector(limit=limit),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=idle_s),
            request_class=_TimedRequest,
            response_class=_TimedResponse,
        )

    async def answer(self, path: str, body: bytes, reading: ReplyReading, left_out: tuple[str, ...]) -> Response:
        """As `Wire.answer`."""
        with an_answer() as held:
            return await self._answered(
                path, body, ReplyReader(reading, self._where, self._path + path, held), left_out
            )

    async def _answered(self, path: str, body: bytes, reader: ReplyReader, left_out: tuple[str, ...]) -> Response:
        clock = _Clock()
        broken: RequestError | None = None
        try:
            reply = await self._posted(path, body, clock)
            reader.is_accepted = True
            try:
                await _read_stream(ReplyBody(reply), reader, clock)
            finally:
                reply.release()  # back to the pool when it was read to its end; closed otherwise
        except Declined as declined:
            return reader.filtered(declined, clock.sent_at, clock.ended_at or perf_counter(), left_out)
        except NETWORK_ERRORS as error:
            broken = network_error(error, self._where, self._idle_s)
            broken.__cause__ = error
        try:
            return reader.response(clock.sent_at, clock.ended_at, left_out, broken)
        except Declined as declined:
            return reader.filtered(declined, clock.sent_at, clock.ended_at, left_out)

    async def exchange(self, path: str, body: bytes) -> Reply:
        """Posts and reads the whole reply. Raises as `Wire.answer` does."""
        clock, reply = _Clock(), None
        try:
            reply = await self._posted(path, body, clock)
            try:
                with an_answer(kept=False) as held:
                    whole = await ReplyBody(reply).read_all(held)
            finally:
                reply.release()
        except Declined as declined:
            return Reply(clock.sent_at, perf_counter(), declined=declined.words)
        except NETWORK_ERRORS as error:
            broken = network_error(error, self._where, self._idle_s)
            broken.begun = reply is not None
            raise broken from error
        return Reply(clock.sent_at, perf_counter(), whole)

    async def fetch(self, path: str) -> Any:
        """What the server says of itself at this path, as JSON without any key. Raises a RequestError."""
        limit = asyncio.timeout(FACTS_S)
        try:
            async with (
                limit,
                self.session.get(
                    URL(self._root + path, encoded=True), headers=self._headers, allow_redirects=False
                ) as reply,
            ):
                said = await ReplyBody(reply, _MOST_FACTS, cut=True).read_all()
                if reply.status != 200:
                    raise BadReply(f"{self._where.host}{self._path}{path} answered {reply.status}")
        except NETWORK_ERRORS as error:
            if limit.expired():
                told = f"{self._where.host}{self._path}{path} did not end within {FACTS_S:g} s"
                raise Stalled(told) from error
            raise network_error(error, self._where, self._idle_s) from error
        try:
            return scrubbed_facts(parsed(said))
        except ValueError as error:
            raise BadReply(f"{self._where.host}{self._path}{path} sent no JSON") from error

    async def aclose(self) -> None:
        """Closes every connection; a second call does nothing."""
        await self.session.close()

    async def _posted(self, path: str, body: bytes, clock: _Clock) -> aiohttp.ClientResponse:
        """The reply to a request that was accepted, to be released. Raises what its status means, and aiohttp's
        errors."""
        reply = await self._post(path, body)
        clock.sent_at = reply.clock[0]  # type: ignore[attr-defined]
        if 200 <= reply.status < 300:
            return reply
        try:
            said = await error_body(reply)
            clock.ended_at = perf_counter()
            raise error_from_status(reply.status, reply.headers, said, self._path + path, self._where)
        finally:
            reply.release()

    async def _post(self, path: str, body: bytes) -> aiohttp.ClientResponse:
        """Posts on a connection that is open. A server that closes after each answer, and does not say so (llama.cpp),
        may close just while the next request takes the connection: nothing was written then, so it is posted anew."""
        # Written as it is: a %2F in the name of a model must not become a slash, and a signature holds for these bytes.
        url = self._url(path)
        headers = self._unsigned if self._sign is None else {**self._headers, **self._sign(str(url), body)}
        for left in range(_TRIES_TO_WRITE, -1, -1):
            try:
                return await self.session.request(
                    self._method,
                    url,
                    data=body if len(body) < _LARGE_BODY else BytesIO(body),
                    headers=headers,
                    allow_redirects=False,
                )
            except (aiohttp.ClientOSError, aiohttp.ClientConnectionResetError) as error:
                # aiohttp hands on the first as it is, and wraps it where the body's writer met it.
                if not left or aiohttp.ClientConnectionResetError not in {type(error), type(error.__cause__)}:
                    raise
                await asyncio.sleep(0)  # the pool learns that the connection is gone
        raise AssertionError("the last try returns or raises")


class _TimedRequest(aiohttp.ClientRequest):
    """Notes when its body is about to be written, for the response to read.

    The two share a list of one time, not each other: a cycle would cost a fifth more CPU in garbage collection.
    """

    _clock: list[float]

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        self._clock[0] = perf_counter()
        await super().write_bytes(writer, conn, content_length)

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Raises ClientConnectionResetError, with nothing written, where the server has closed this connection.

        From Python 3.12 on aiohttp writes at once, before the event loop has told it that a kept connection was closed:
        the request would be lost as "Server disconnected".
        """
        if _has_something_to_read(conn):
            for _ in range(_TURNS_TO_NOTICE):
                await asyncio.sleep(0)
            if conn.protocol is None or not conn.protocol.is_connected():
                raise aiohttp.ClientConnectionResetError("the server closed this connection")
        self._clock = [0.0]
        response = await super().send(conn)
        response.clock = self._clock  # type: ignore[attr-defined]
        return response


def _has_something_to_read(conn: Connection) -> bool:
    """Whether bytes or an end wait on a connection from which no reply is due. False where nobody can tell."""
    sock = conn.transport and conn.transport.get_extra_info("socket")
    if not sock or sock.fileno() < 0 or not hasattr(select, "poll"):  # Windows has none
        return False
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))


class _TimedResponse(aiohttp.ClientResponse):
    clock: list[float]


async def _begins_anew(body: ReplyBody, reader: ReplyReader, clock: _Clock) -> bool:
    """Looks behind the end of an answer, where mostly the body ends too. Whether the answer goes on there: then so does
    its time."""
    done = True
    while done and not body.is_at_end:
        n_before = reader.n_begun
        try:
            async with asyncio.timeout(LINGER_S):
                done = reader.feed(await body.read(), now := perf_counter())
        except (TimeoutError, aiohttp.ClientError, RequestError, Declined):
            return False  # the answer is whole; only the connection is lost
        if reader.n_begun == n_before:
            return False
        clock.ended_at = now
    return not done


async def _read_stream(body: ReplyBody, reader: ReplyReader, clock: _Clock) -> None:
    """Feeds the reader. Reads to the end of the body, so that the connection can serve again, but does not wait long
    for a server that keeps a finished stream open."""
    clock.ended_at = clock.sent_at
    while chunk := await body.read():
        clock.ended_at = perf_counter()
        if reader.feed(chunk, clock.ended_at) and not await _begins_anew(body, reader, clock):
            return
        if reader.held.is_full:
            chunk = b""  # hundreds wait
            await reader.held.room()
    clock.ended_at = perf_counter()
