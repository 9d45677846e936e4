"""The HTTP side of adapters without an SDK: one aiohttp session, one exchange at a time, honest clocks, one doorway.

    wire = Wire(spec, base_url="http://127.0.0.1:8000/v1", headers={...}, key=None, key_envs=())
    reply = await wire.exchange("/chat/completions", body, stream)     # feeds stream with chunks as they arrive
    reply.sent_at, reply.ended_at, reply.whole                         # whole: the body where it was no event stream

`sent_at` is taken when the body is about to be written to an open connection, so that waiting for a free connection or
a handshake is never booked as the model's latency. Nothing is retried, redirected or cached, cookies are dropped, and
of the environment only HTTPS_PROXY and NO_PROXY count, looked up once, never for loopback (no netrc, no key).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy

from evalkit import __version__
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.http_errors import Where, declined, error_from_status
from evalkit.adapters.keys import checked_host
from evalkit.addresses import is_loopback
from evalkit.errors import BadReply, ConnectionFailed, MissingKey, RequestError, Stalled, SuiteError
from evalkit.records import Response, Timing

MAX_REPLY_BYTES = 64 * 2**20
"""Of one reply, after decompression."""
MAX_ERROR_BYTES = 64 * 2**10
"""Of the body of an error: enough for its message."""
CONNECT_TIMEOUT_S = 15.0
LINGER_S = 1.0
"""How long a server may take to close a stream that it has declared done, before the connection is dropped."""
_LARGE_BODY = 2**20
"""aiohttp warns about larger bodies as bytes, because they would be written in one go."""


class Stream(Protocol):
    """Who reads an event stream."""

    def feed(self, chunk: bytes, now: float) -> bool:
        """Takes a chunk that was read at `now` (perf_counter); True once the answer is declared done."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One exchange as the clock saw it; times are `time.perf_counter()`."""

    sent_at: float
    ended_at: float
    """The last byte of the answer was read."""
    whole: bytes | None = None
    """The body, where it was no event stream (or none was wanted); None where the stream was fed."""
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
        self, spec: ModelSpec, base_url: str, headers: Mapping[str, str], key: str | None, key_envs: tuple[str, ...]
    ) -> None:
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
        self.host = parts.netloc.lower()
        self.path = parts.path.rstrip("/")
        self.where = Where(spec.name, spec.model, self.host, key_envs, key)
        self._root = f"{parts.scheme}://{parts.netloc}{self.path}"
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

    async def exchange(self, path: str, body: bytes, stream: Stream | None = None) -> Reply:
        """Sends the body to base_url + path and reads the reply, into `stream` if it is an event stream.

        Raises a RequestError for everything that servers and networks do, its cause chained.
        """
        session = self._session or self._open()
        try:
            response = await session.post(
                self._root + path,
                data=body if len(body) < _LARGE_BODY else BytesIO(body),
                headers=self._headers,
                allow_redirects=False,
            )
            try:
                sent_at: float = response.clock[0]  # type: ignore[attr-defined]
                if response.status != 200:
                    return await self._failed(response, path, sent_at)
                if response.content_type == "text/html":
                    raise BadReply(
                        f"{self.host}{self.path}{path} answered with an HTML page; models.{self.where.name}.base_url "
                        f"may point to a web site, a login or a proxy."
                    )
                if stream is None or response.content_type == "application/json":
                    whole = await _read(response.content)
                    return Reply(sent_at, perf_counter(), whole)
                return Reply(sent_at, await _read_stream(response.content, stream))
            finally:
                response.release()  # back to the pool when it was read to its end; closed otherwise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._translated(error) from error

    async def aclose(self) -> None:
        """Closes every connection; a second call does nothing."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._limit),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=self._idle_s),
            request_class=_TimedRequest,
            response_class=_TimedResponse,
            proxy=proxy_for(self._root),
            trust_env=False,  # it would read netrc, and look the proxy up in a thread for every request
        )
        return self._session

    async def _failed(self, response: aiohttp.ClientResponse, path: str, sent_at: float) -> Reply:
        body = await _read(response.content, MAX_ERROR_BYTES, cut=True)
        words = declined(response.status, body, self.where)
        if words is not None:
            return Reply(sent_at, perf_counter(), declined=words)
        raise error_from_status(response.status, response.headers, body, self.path + path, self.where)

    def _translated(self, error: Exception) -> RequestError:  # noqa: PLR0911 (a table, read from the top)
        """Most specific first: an error that says nothing was sent must not be taken for a dropped answer."""
        where = f"models.{self.where.name}: {self.host}"
        way_out = f"Is the server running, and is models.{self.where.name}.base_url right?"
        said = self.where.clean(str(getattr(error, "strerror", None) or error)) or type(error).__name__
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return ConnectionFailed(f"{where}: the name does not resolve. {way_out}", sent=False)
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            return ConnectionFailed(
                f"{where}: no TLS connection ({said}). If the certificate is your own, SSL_CERT_FILE names its issuer.",
                sent=False,
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return ConnectionFailed(f"{where}: no connection ({said}). {way_out}", sent=False)
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return ConnectionFailed(f"{where}: no connection within {CONNECT_TIMEOUT_S:g} s. {way_out}", sent=False)
        if isinstance(error, TimeoutError):
            return Stalled(f"{where}: nothing came for {self._idle_s:g} s (run.idle_timeout_s)")
        if isinstance(error, aiohttp.ClientResponseError):
            # The error carries the request's headers, the key among them, into every repr of this cause.
            error.request_info = aiohttp.RequestInfo(error.request_info.url, "POST", CIMultiDictProxy(CIMultiDict()))
            error.args = ()
            return BadReply(f"{where}: the reply is no valid HTTP ({self.where.clean(error.message)})")
        return ConnectionFailed(f"{where}: the connection dropped before the answer was complete ({said})")


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address; None for none, and always for loopback."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


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


async def _read_stream(content: aiohttp.StreamReader, stream: Stream) -> float:
    """Feeds the stream; returns when (perf_counter) the answer was complete. Reads to the end of the body, so that
    the connection can serve again, but does not wait long for a server that keeps a finished stream open."""
    n_read = 0
    readany = content.readany
    while chunk := await readany():
        now = perf_counter()
        n_read += len(chunk)
        _check_size(n_read)
        if stream.feed(chunk, now):
            if not content.at_eof():
                try:
                    async with asyncio.timeout(LINGER_S):
                        await readany()
                except (TimeoutError, aiohttp.ClientError):
                    pass  # the answer is whole; only the connection is lost
            return now
    return perf_counter()


async def _read(content: aiohttp.StreamReader, limit: int = MAX_REPLY_BYTES, *, cut: bool = False) -> bytes:
    chunks: list[bytes] = []
    n_read = 0
    while chunk := await content.readany():
        chunks.append(chunk)
        n_read += len(chunk)
        if cut and n_read >= limit:
            break
        _check_size(n_read)
    return b"".join(chunks)


def _check_size(n_read: int) -> None:
    if n_read > MAX_REPLY_BYTES:
        raise BadReply(f"The reply is longer than {MAX_REPLY_BYTES // 2**20} MiB; reading stopped.")
