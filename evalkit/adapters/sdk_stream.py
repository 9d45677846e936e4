"""Reading a streamed answer from an SDK: its bytes go to the reader that all dialects share (`reply_reader`).

Events are read as JSON from the SDKs' documented byte stream (`with_streaming_response`, `iter_bytes`) rather than as
typed objects: building those is up to 60 % of the CPU of a streamed answer, and raw usage is kept exactly as it came.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import httpx2

from evalkit.adapters.base import Capabilities
from evalkit.adapters.http_errors import Declined
from evalkit.adapters.presets import SETTINGS
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_reader import ReplyReader
from evalkit.adapters.sdk_doorway import Door
from evalkit.adapters.sdk_transport import sent_at
from evalkit.errors import Rejected, RequestError
from evalkit.records import Response, Settings

DRAIN_S = 0.2
"""How long the end of the HTTP body is awaited after an answer's last event, so that the connection can serve again."""


class ByteStream(Protocol):
    """What evalkit uses of an SDK's raw response."""

    @property
    def http_response(self) -> httpx2.Response: ...

    def iter_bytes(self) -> AsyncIterator[bytes]: ...


async def ask(
    call: AbstractAsyncContextManager[ByteStream], reading: ReplyReading, door: Door, left_out: tuple[str, ...]
) -> Response:
    """Makes the call, feeds every event to `reading`, and gives the finished answer.

    What the provider's filter turned away is an answer too (`content_filter`). Raises RequestErrors: those of the
    doorway, and those of `ReplyReader`. A connection that breaks after the answer was whole costs nothing but
    the connection.
    """
    start = ended = time.perf_counter()
    reader = ReplyReader(reading, door.where, door.path)
    broken: RequestError | None = None
    try:
        async with call as response:
            start = ended = sent_at(response.http_response, start)
            chunks = response.iter_bytes()
            async for chunk in chunks:
                ended = time.perf_counter()
                if reader.feed(chunk, ended):
                    await _drain(chunks, reader)
                    break
    except Declined as declined:
        return reader.filtered(declined, start, ended, left_out)
    except UnicodeEncodeError as error:  # lone surrogates in a prompt
        raise Rejected(f"models.{door.where.name}: the request is no valid JSON: {error}", sent=False) from error
    except (door.sdk.APIError, httpx2.HTTPError, httpx2.StreamError) as error:
        found = door.translated(error)
        if isinstance(found, Declined):
            start = sent_at(getattr(error, "response", None), start)
            return reader.filtered(found, start, time.perf_counter(), left_out)
        broken = found
        broken.__cause__ = error
    try:
        return reader.response(start, ended, left_out, broken)
    except Declined as declined:
        return reader.filtered(declined, start, ended, left_out)


def dropped(settings: Settings, capabilities: Capabilities) -> tuple[str, ...]:
    """Settings that were asked for and that this model's dialect has no field for."""
    return tuple(
        name
        for name in sorted(SETTINGS)
        if getattr(settings, name) not in (None, ()) and not getattr(capabilities, name)
    )


async def _drain(chunks: AsyncIterator[bytes], reader: ReplyReader) -> None:
    """Reads to the end of a body whose answer is complete; what goes wrong now costs only the connection."""
    try:
        async with asyncio.timeout(DRAIN_S):
            async for chunk in chunks:
                reader.feed(chunk, time.perf_counter())
    except (TimeoutError, httpx2.HTTPError, httpx2.StreamError, RequestError, Declined):
        return
