"""The transport over an official SDK: its client makes the request, evalkit reads the reply's bytes.

    with hidden_environment("OPENAI_"):
        client = openai.AsyncOpenAI(api_key=sendable_key(...), http_client=sdk_client(url), max_retries=0)
    wire = SdkWire(openai, client, send, spec, url, key_envs, key)
    response = await wire.answer("/responses", {"model": ...}, ResponsesAnswer(...))

Events are read as JSON from the SDKs' documented byte stream (`with_streaming_response`, `iter_bytes`) rather than as
typed objects: building those is up to 60 % of the CPU of a streamed answer, and raw usage is kept exactly as it came.
The SDKs raise the same names for the same things (both are generated), so one doorway serves both; what a status, a
provider's code or a broken connection means is decided for every adapter alike.

    openai.RateLimitError 429, code insufficient_quota   ->  OutOfCredit
    anthropic.OverloadedError 529, retry-after: 3         ->  Overloaded(retry_after_s=3.0)
    openai.APIConnectionError, never handed over          ->  ConnectionFailed(sent=False)
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from types import ModuleType
from typing import Protocol
from urllib.parse import urlsplit

import httpx2

from evalkit import child
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.held import an_answer
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.adapters.http_session import NETWORK_ERRORS, network_error
from evalkit.adapters.keys import refuse_odd_key
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_reader import ReplyReader
from evalkit.adapters.sdk_transport import body_of, sent_at
from evalkit.errors import BadReply, ConnectionFailed, Rejected, RequestError, Stalled
from evalkit.records import Response

DRAIN_S = 0.2
"""How long the end of the HTTP body is awaited after an answer's last event, so that the connection can serve again."""
_NO_KEY = "no-key"
"""The SDKs insist on some key; this goes to servers on loopback that need none."""


class ByteStream(Protocol):
    """What evalkit uses of an SDK's raw response."""

    @property
    def http_response(self) -> httpx2.Response: ...

    def iter_bytes(self) -> AsyncIterator[bytes]: ...


class SdkClient(Protocol):
    """What evalkit uses of an SDK's client."""

    async def close(self) -> None: ...


Send = Callable[[Mapping[str, object]], AbstractAsyncContextManager[ByteStream]]
"""A body -> the SDK's call that posts it and streams the reply."""


class SdkWire:
    """Connections to one endpoint through an SDK's client."""

    def __init__(
        self,
        sdk: ModuleType,
        client: SdkClient,
        send: Send,
        spec: ModelSpec,
        url: str,
        key_envs: tuple[str, ...],
        key: str | None,
    ) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc.lower()
        self.hostname = (parts.hostname or "").lower()
        self.path = parts.path.rstrip("/")
        self.where = Where(spec.name, spec.model, self.host, key_envs, key)
        self.facts: Mapping[str, str] = {"sdk": f"{sdk.__name__} {sdk.__version__}"}
        self._sdk = sdk
        self._client = client
        self._send = send
        self._idle_s = spec.idle_timeout_s

    def __repr__(self) -> str:
        return f"SdkWire({self.host + self.path!r})"

    async def answer(
        self, path: str, body: Mapping[str, object], reading: ReplyReading, left_out: tuple[str, ...] = ()
    ) -> Response:
        """Makes the call, feeds every event to `reading`, and gives the finished answer.

        What the provider's filter turned away is an answer too (`content_filter`). Raises RequestErrors: those of the
        doorway, and those of `ReplyReader`. A connection that breaks after the answer was whole costs nothing but the
        connection.
        """
        path = self.path + path
        with an_answer() as held:
            return await self._answered(path, body, ReplyReader(reading, self.where, path, held), left_out)

    async def _answered(
        self, path: str, body: Mapping[str, object], reader: ReplyReader, left_out: tuple[str, ...]
    ) -> Response:
        start = ended = time.perf_counter()
        broken: RequestError | None = None
        try:
            async with self._send(body) as response:
                reader.is_accepted = True
                start = ended = sent_at(response.http_response, start)
                chunks = response.iter_bytes()
                async for chunk in chunks:
                    ended = time.perf_counter()
                    done = reader.feed(chunk, ended)
                    while done and (anew := await _drain(chunks, reader)) is not None:
                        ended, done = anew
                    if done:
                        break
                    if reader.held.is_full:
                        del chunk  # hundreds wait
                        await reader.held.room()
        except Declined as declined:
            return reader.filtered(declined, start, ended, left_out)
        except UnicodeEncodeError as error:  # lone surrogates in a prompt
            raise Rejected(f"models.{self.where.name}: the request is no valid JSON: {error}", sent=False) from error
        except (self._sdk.APIError, httpx2.HTTPError, httpx2.StreamError) as error:
            found = self._translated(error, path)
            if isinstance(found, Declined):
                start = sent_at(getattr(error, "response", None), start)
                return reader.filtered(found, start, time.perf_counter(), left_out)
            broken = found
            broken.__cause__ = error
        try:
            return reader.response(start, ended, left_out, broken)
        except Declined as declined:
            return reader.filtered(declined, start, ended, left_out)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    def _translated(self, error: Exception, path: str) -> RequestError | Declined:
        """The error of our tree for one that the SDK or its transport raised: what a status means is decided in
        `http_errors`, what the network means in `http_session`. `Declined` where a filter turned the prompt away."""
        if isinstance(error, self._sdk.APIStatusError):
            response = error.response
            # An SDK puts what it read of the reply into its error, and a server may send the key back.
            error.message = self.where.clean(error.message)
            error.args, error.body = (error.message,), None
            return error_from_status(response.status_code, response.headers, body_of(response), path, self.where)
        cause: BaseException | None = error
        sent = True
        for _ in range(6):
            if isinstance(cause, RequestError | Declined):
                return cause
            if isinstance(cause, httpx2.ConnectError):
                sent = False
            if isinstance(cause, NETWORK_ERRORS) and not isinstance(cause, httpx2.HTTPError):
                found = network_error(cause, self.where, self._idle_s)
                found.sent = found.sent and sent
                return found
            cause = None if cause is None else cause.__cause__
        words = self.where.clean(str(error.__cause__ or error))
        if isinstance(error, self._sdk.APITimeoutError | httpx2.TimeoutException):
            return Stalled(f"{self.where.host} sent nothing until the idle limit: {words}")
        if isinstance(error, self._sdk.APIConnectionError | httpx2.TransportError):
            return ConnectionFailed(f"The connection to {self.where.host} broke: {words}", sent=sent)
        return BadReply(f"{self.where.host} sent a reply that cannot be read: {words}")


async def _drain(chunks: AsyncIterator[bytes], reader: ReplyReader) -> tuple[float, bool] | None:
    """Reads to the end of a body whose answer is complete; what goes wrong now costs only the connection. Where the
    answer begins anew (several messages in one reply): when that was, and whether it is complete again. What follows is
    of the answer then, and so is its time."""
    n_before = reader.n_begun
    try:
        async with asyncio.timeout(DRAIN_S):
            async for chunk in chunks:
                now = time.perf_counter()
                done = reader.feed(chunk, now)
                if reader.n_begun > n_before:
                    return now, done
    except (TimeoutError, httpx2.HTTPError, httpx2.StreamError, RequestError, Declined):
        pass
    return None


@contextmanager
def hidden_environment(prefix: str) -> Iterator[None]:
    """Hides every environment variable with this prefix while an SDK client is made.

    The SDKs read base addresses, further credentials, profiles and whole headers from their variables; any of these
    could send a credential to a host that evalkit has not checked. Only what is passed explicitly may count.
    """
    child.know_processor()
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(prefix)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def sendable_key(key: str | None, key_envs: tuple[str, ...], spec: ModelSpec) -> str:
    """The key as a header can carry it, or a placeholder where none is sent. Raises MissingKey on stray characters."""
    if key is None:
        return _NO_KEY
    refuse_odd_key(key, key_envs, spec)
    return key
