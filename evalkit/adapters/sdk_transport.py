"""How the official SDKs reach the network: their httpx2 client over an aiohttp connection pool.

Both SDKs accept an `httpx2.AsyncClient`; this room gives them one whose transport is aiohttp. Against the SDKs' default
it halves the CPU per request, and it knows two things that the default does not tell: the moment when a request was
handed to an open connection (`sent_at`, so that a TCP or TLS handshake never counts as a model's time to first token),
and whether a request that failed had been handed over at all (if not, nothing can have been billed).

Certificates are checked against the operating system's trust store, as the SDKs do. Limits and the proxy are those of
`http_session`. Redirects are not followed: prompts and keys go to the declared host or nowhere.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import aiohttp
import httpx2

from evalkit.adapters.certificates import check_certificates, unreadable_certificates
from evalkit.adapters.http_session import (
    CONNECT_TIMEOUT_S,
    NETWORK_ERRORS,
    Connector,
    open_session,
)
from evalkit.adapters.reply_body import ReplyBody, error_body

SENT_AT = "evalkit_sent_at"
"""Response extension: `time.perf_counter()` when the request was handed to an open connection."""
ERROR_BODY = "evalkit_error_body"
"""Response extension: the bytes of an error, or their beginning. The SDK gets none of them."""

_OF_THE_WIRE = {b"content-encoding", b"content-length", b"transfer-encoding"}
"""Headers about the bytes as they travelled, which are not those that the SDK gets."""

KEEPALIVE_S = 30.0
"""An idle connection is given up after this; providers close theirs after a minute or more."""


def sdk_timeout(idle_timeout_s: float) -> httpx2.Timeout:
    """Silence of `idle_timeout_s` raises httpx2.ReadTimeout; there is no total limit, which is the engine's."""
    return httpx2.Timeout(idle_timeout_s, connect=min(CONNECT_TIMEOUT_S, idle_timeout_s))


def sdk_client(url: str) -> httpx2.AsyncClient:
    """An httpx2 client for the SDK that speaks to this address."""
    return httpx2.AsyncClient(
        transport=_AiohttpTransport(url),
        follow_redirects=False,
        trust_env=False,  # of this layer: the transport below reads the proxy variables itself
    )


def body_of(response: httpx2.Response) -> bytes:
    """The bytes of an error, which only evalkit reads.

    An SDK would read them itself, as text in whatever encoding the server names (`charset=zlib`, `undefined`,
    `punycode`), and what that raises or takes is nothing that evalkit could bound.
    """
    body = response.extensions.get(ERROR_BODY)
    return body if isinstance(body, bytes) else response.content


def sent_at(response: httpx2.Response | None, default: float) -> float:
    """When the request of this response was handed over; `default` where another transport answered."""
    moment = None if response is None else response.extensions.get(SENT_AT)
    return moment if isinstance(moment, float) else default


class _AiohttpTransport(httpx2.AsyncBaseTransport):
    """One aiohttp session behind the transport interface of httpx2.

    The pool has no limit of its own: how many requests are open is the engine's decision, and a wait for a pool slot
    would be invisible in the timings.
    """

    def __init__(self, url: str) -> None:
        # Reading the trust store takes 0.1 s: now, not during the first request, and not for a local server.
        check_certificates(url)
        try:
            self._tls: ssl.SSLContext | bool = httpx2.create_ssl_context() if urlsplit(url).scheme == "https" else True
        except OSError as error:  # ssl.SSLError is one: a file that holds no certificate
            raise unreadable_certificates(error) from error
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The reply, its body still to be read. Raises httpx2.ConnectError where the request was never handed over."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        limits = request.extensions.get("timeout") or {}
        handed = SimpleNamespace(at=None)
        try:
            reply = await session.request(
                request.method,
                str(request.url),
                headers=_unpacked(request.headers),
                data=request.content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
                trace_request_ctx=handed,
            )
        except NETWORK_ERRORS as error:
            if handed.at is None:
                raise httpx2.ConnectError(_words(error), request=request) from error
            raise _dropped(error, request) from error
        known = {"http_version": b"HTTP/1.1", SENT_AT: handed.at}
        is_answer = 200 <= reply.status < 300
        if not is_answer:
            known[ERROR_BODY] = await _of_error(reply)
        response = httpx2.Response(
            reply.status,
            headers=[pair for pair in reply.raw_headers if pair[0].lower() not in _OF_THE_WIRE],
            stream=_Body(reply, request) if is_answer else httpx2.ByteStream(b""),
            request=request,
            extensions=known,
        )
        response.encoding = "utf-8"  # whatever its head says
        return response

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_note)
        trace.on_connection_reuseconn.append(_note)
        return open_session(
            self._url,
            connector=Connector(limit=0, keepalive_timeout=KEEPALIVE_S, ssl=self._tls),
            trace_configs=[trace],
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept"),
        )


class _Body(httpx2.AsyncByteStream):
    """The bytes of an answer as they arrive, unpacked, within the limits of `reply_body`."""

    def __init__(self, reply: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._reply = reply
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            body = ReplyBody(self._reply)
            while chunk := await body.read():
                yield chunk
        except NETWORK_ERRORS as error:
            raise _dropped(error, self._request) from error

    async def aclose(self) -> None:
        _give_back(self._reply)


async def _of_error(reply: aiohttp.ClientResponse) -> bytes:
    try:
        return await error_body(reply)
    finally:
        _give_back(reply)


def _give_back(reply: aiohttp.ClientResponse) -> None:
    """Gives the connection back to the pool when the body was read to its end, else closes it."""
    if reply.content.at_eof():
        reply.release()
    else:
        reply.close()


def _unpacked(headers: httpx2.Headers) -> httpx2.Headers:
    """The headers with a wish for a body as it is: packing saves nothing on a stream of small events."""
    wished = httpx2.Headers(headers)
    wished["accept-encoding"] = "identity"
    return wished


async def _note(_session: aiohttp.ClientSession, context: SimpleNamespace, _event: object) -> None:
    """aiohttp calls this when the request has its open connection."""
    context.trace_request_ctx.at = time.perf_counter()


def _dropped(error: BaseException, request: httpx2.Request) -> httpx2.TransportError:
    """The httpx2 error for a request that was handed over and brought no whole reply."""
    if isinstance(error, TimeoutError):
        return httpx2.ReadTimeout(_words(error), request=request)
    return httpx2.ReadError(_words(error), request=request)


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error) or type(error).__name__
