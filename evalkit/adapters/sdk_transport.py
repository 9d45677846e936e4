"""How the official SDKs reach the network: their httpx2 client over an aiohttp connection pool.

Both SDKs accept an `httpx2.AsyncClient`; this room gives them one whose transport is aiohttp. Against the SDKs' default
it halves the CPU per request, and it knows two things that the default does not tell: the moment when a request was
handed to an open connection (`sent_at`, so that a TCP or TLS handshake never counts as a model's time to first token),
and whether a request that failed had been handed over at all (if not, nothing can have been billed).

Certificates are checked against the operating system's trust store, as the SDKs do. Proxy variables of the environment
are honoured, except on loopback. Redirects are not followed: prompts and keys go to the declared host or nowhere.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2

from evalkit.addresses import is_loopback

SENT_AT = "evalkit_sent_at"
"""Response extension: `time.perf_counter()` when the request was handed to an open connection."""

KEEPALIVE_S = 30.0
"""An idle connection is given up after this; providers close theirs after a minute or more."""


def sdk_timeout(idle_timeout_s: float) -> httpx2.Timeout:
    """Silence of `idle_timeout_s` raises httpx2.ReadTimeout; there is no total limit, which is the engine's."""
    return httpx2.Timeout(idle_timeout_s, connect=min(20.0, idle_timeout_s))


def sdk_client(url: str) -> httpx2.AsyncClient:
    """An httpx2 client for the SDK that speaks to this address."""
    parts = urlsplit(url)
    return httpx2.AsyncClient(
        transport=_AiohttpTransport(tls=parts.scheme == "https", trust_env=not is_loopback(parts.hostname or "")),
        follow_redirects=False,
        trust_env=False,  # of this layer: the transport below reads the proxy variables itself
    )


def sent_at(response: httpx2.Response, default: float) -> float:
    """When the request of this response was handed over; `default` where another transport answered."""
    moment = response.extensions.get(SENT_AT)
    return moment if isinstance(moment, float) else default


class _AiohttpTransport(httpx2.AsyncBaseTransport):
    """One aiohttp session behind the transport interface of httpx2.

    The pool has no limit of its own: how many requests are open is the engine's decision, and a wait for a pool slot
    would be invisible in the timings.
    """

    def __init__(self, *, tls: bool, trust_env: bool) -> None:
        # Reading the trust store takes 0.1 s: now, not during the first request, and not for a local server.
        self._tls: Any = httpx2.create_ssl_context() if tls else True
        self._trust_env = trust_env
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
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(sock_connect=limits.get("connect"), sock_read=limits.get("read")),
                trace_request_ctx=handed,
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if handed.at is None:
                raise httpx2.ConnectError(_words(error), request=request) from error
            raise _dropped(error, request) from error
        return httpx2.Response(
            reply.status,
            headers=reply.raw_headers,
            stream=_Body(reply, request),
            request=request,
            extensions={"http_version": b"HTTP/1.1", SENT_AT: handed.at},
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_note)
        trace.on_connection_reuseconn.append(_note)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S, ssl=self._tls),
            trace_configs=[trace],
            trust_env=self._trust_env,
            auto_decompress=False,  # httpx2 decodes
            skip_auto_headers=("User-Agent", "Accept-Encoding", "Accept"),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


class _Body(httpx2.AsyncByteStream):
    """The bytes of a reply as they arrive."""

    def __init__(self, reply: aiohttp.ClientResponse, request: httpx2.Request) -> None:
        self._reply = reply
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._reply.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _dropped(error, self._request) from error

    async def aclose(self) -> None:
        """Gives the connection back to the pool when the body was read to its end, else closes it."""
        if self._reply.content.at_eof():
            self._reply.release()
        else:
            self._reply.close()


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
