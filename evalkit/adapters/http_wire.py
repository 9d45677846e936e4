"""One endpoint of an adapter without an SDK: its address and headers, checked before anything is sent.

    wire = Wire(spec, base_url="http://127.0.0.1:8000/v1", headers={...}, key=None, key_envs=())
    response = await wire.answer("/chat/completions", body, ChatAnswer(...))    # fed as its bytes arrive
    reply = await wire.exchange("/completions", body)                           # the whole body at once

`sent_at` is taken when the body is about to be written to an open connection, so that waiting for a free connection or
a handshake is never booked as the model's latency. Nothing is retried, redirected or cached. The connections stand in
`http_connections`, limits, proxy and what an error of the network means in `http_session` and `reply_body`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from evalkit import __version__
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.certificates import check_certificates
from evalkit.adapters.http_errors import OwnErrors, Where
from evalkit.adapters.http_reply import Reply, Sign
from evalkit.adapters.keys import checked_host, refuse_odd_key
from evalkit.adapters.reading import ReplyReading
from evalkit.errors import Rejected, SuiteError
from evalkit.frozen import dataclass
from evalkit.records import Response

if TYPE_CHECKING:  # aiohttp is imported when the first request is due
    from evalkit.adapters.http_connections import Connections

_version = cache(version)  # reads a file of the installed package


@dataclass(frozen=True, slots=True)
class ApplicationHttp:
    """How an application of the person's own is called, besides its address."""

    method: str = "POST"
    errors: OwnErrors | None = None
    """What the suite says of its errors. None: nothing."""


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
        *,
        more_keys: tuple[str, ...] = (),
        application: ApplicationHttp | None = None,
    ) -> None:
        """`headers` go with every request; `sign` gives those that depend on the request itself. `more_keys` are those
        in further headers, `application` what the suite says of an application of its own."""
        of_header = application is not None  # an application has no key but those in its own headers
        application = application or ApplicationHttp()
        self.hostname = checked_host(base_url, spec)
        parts = urlsplit(base_url)
        if parts.query or parts.fragment:
            raise SuiteError(
                f"models.{spec.name}.base_url is {parts.path!r} with a query or fragment; leave out everything from "
                f"the ? or # on (settings go to settings.extra, keys to the environment)."
            )
        if key is not None:
            refuse_odd_key(key, key_envs, spec, blanks=of_header)
        check_certificates(base_url)
        self.host = parts.netloc.lower()
        self.path = parts.path.rstrip("/")
        self.where = Where(spec.name, spec.model or spec.name, self.host, key_envs, key, more_keys, application.errors)
        self.facts: Mapping[str, str] = {"aiohttp": _version("aiohttp")}
        self._root = f"{parts.scheme}://{parts.netloc}{self.path}"
        self._sign = sign
        self._method = application.method
        self._limit = spec.in_flight or 0
        self._idle_s = spec.idle_timeout_s
        self._headers = {
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": f"evalkit/{__version__}",
            **headers,
        }
        self._connections: Connections | None = None

    def __repr__(self) -> str:
        return f"Wire({self._root!r})"

    async def answer(
        self, path: str, body: bytes | Mapping[str, object], reading: ReplyReading, left_out: tuple[str, ...] = ()
    ) -> Response:
        """Posts and feeds the reading while the reply comes; the whole answer, with what was `left_out` of it. Raises a
        RequestError: error statuses and networks come as our own errors, the cause chained. A connection that breaks
        after the answer was whole costs nothing but the connection.
        """
        if not isinstance(body, bytes):
            body = self.encoded(body)
        return await (self._connections or self._open()).answer(path, body, reading, left_out)

    def encoded(self, body: Mapping[str, object]) -> bytes:
        """The body as JSON. Raises Rejected for what is none: lone surrogates in a prompt, odd values in extra."""
        try:
            return orjson.dumps(body)
        except TypeError as error:
            raise Rejected(f"models.{self.where.name}: the request is no valid JSON: {error}", sent=False) from error

    async def exchange(self, path: str, body: bytes) -> Reply:
        """Posts and reads the whole reply. Raises as `answer` does."""
        return await (self._connections or self._open()).exchange(path, body)

    async def fetch(self, path: str) -> Any:
        """What the server says of itself at this path, as JSON. Raises a RequestError."""
        return await (self._connections or self._open()).fetch(path)

    async def aclose(self) -> None:
        """Closes every connection; a second call does nothing."""
        if self._connections is not None:
            await self._connections.aclose()

    def _open(self) -> Connections:
        from evalkit.adapters.http_connections import Connections

        self._connections = Connections(
            self._root,
            self.path,
            self.where,
            self._headers,
            sign=self._sign,
            limit=self._limit,
            idle_s=self._idle_s,
            method=self._method,
        )
        return self._connections
