"""Reading a streamed answer from an SDK: bytes to events, events to a reading, moments to a Timing.

    b'data: {"type":"response.output_text.delta","delta":"Par"}\n\n'
      -> {"type": "response.output_text.delta", "delta": "Par"} -> reading.take(event, 0.31) -> ttft_s = 0.31

Events are read as JSON from the SDKs' documented byte stream (`with_streaming_response`, `iter_bytes`) rather than as
typed objects: building those is up to 60 % of the CPU of a streamed answer, and raw usage is kept exactly as it came.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Protocol

import httpx2
import orjson

from evalkit.adapters.base import Capabilities
from evalkit.adapters.moments import Moments
from evalkit.adapters.presets import SETTINGS
from evalkit.adapters.sdk_doorway import Door
from evalkit.adapters.sdk_transport import sent_at
from evalkit.adapters.sse import EventReader
from evalkit.adapters.tool_calls import Heard
from evalkit.errors import BadReply, ConnectionFailed
from evalkit.records import Response, Settings, Timing, Tool

DRAIN_S = 0.2
"""How long the end of the HTTP body is awaited after an answer's last event, so that the connection can serve again."""


class Reading(ABC):
    """An answer as far as it has come. Each dialect's subclass says what an event means."""

    __slots__ = ("done", "heard", "moments", "reasoning", "text")

    def __init__(self, tools: tuple[Tool, ...] = ()) -> None:
        self.heard = Heard(tools) if tools else None
        """The calls that it makes; None where no functions were offered."""
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.moments = Moments()
        """In seconds after sending."""
        self.done = False
        """Whether the event came that ends an answer."""

    @abstractmethod
    def take(self, event: dict[str, Any], at_s: float) -> None:
        """Adds one event that came `at_s` seconds after sending.

        Raises a RequestError for an error event; KeyError, TypeError, AttributeError or ValueError for what is no
        event of the dialect.
        """

    @abstractmethod
    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        """The answer once `done`; raises the same errors."""

    def content(self, piece: str, at_s: float) -> None:
        """A piece of the answer; an empty one is no token. Raises TypeError for what is no text."""
        if _is_text(piece):
            self.moments.text(piece, at_s)
            self.text.append(piece)

    def spoke(self, at_s: float) -> None:
        """A token of a call came."""
        self.moments.call(at_s)

    def thought(self, piece: str, at_s: float) -> None:
        """A piece of reasoning."""
        if _is_text(piece):
            self.moments.thought(at_s)
            self.reasoning.append(piece)


class ByteStream(Protocol):
    """What evalkit uses of an SDK's raw response."""

    @property
    def http_response(self) -> httpx2.Response: ...

    def iter_bytes(self) -> AsyncIterator[bytes]: ...


async def ask(
    call: AbstractAsyncContextManager[ByteStream], reading: Reading, door: Door, left_out: tuple[str, ...]
) -> Response:
    """Makes the call, feeds every event to `reading`, and gives the finished answer.

    A 4xx that says the provider's filter turned the prompt away is an answer too (`content_filter`). Raises
    RequestErrors: those of the doorway, ConnectionFailed when the stream ends before its last event, BadReply when
    what comes is no event stream of this dialect.
    """
    start = time.perf_counter()
    at_s = 0.0
    where = door.where
    head = b""
    try:
        async with call as response:
            start = sent_at(response.http_response, start)
            events = EventReader()
            chunks = response.iter_bytes()
            async for chunk in chunks:
                at_s = time.perf_counter() - start
                head = head or chunk[:200]
                for data in events.feed(chunk):
                    reading.take(orjson.loads(data), at_s)
                if reading.done:
                    await _drain(chunks)
                    return reading.response(_timing(reading, start, at_s), left_out)
            for data in events.close():
                reading.take(orjson.loads(data), at_s)
            if reading.done:
                return reading.response(_timing(reading, start, at_s), left_out)
    except door.sdk.APIStatusError as error:
        if (words := door.declined(error)) is None:
            raise door.translated(error) from error
        start = sent_at(error.response, start)
        timing = Timing(sent_at=start, total_s=time.perf_counter() - start)
        return Response(text="", stop_reason="content_filter", timing=timing, refusal=words, dropped=left_out)
    except (door.sdk.APIError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise door.translated(error) from error
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        words = where.clean(f"{type(error).__name__}: {error}")
        raise BadReply(f"{where.host} sent an event that cannot be read ({words})") from error
    if not head.startswith((b"event:", b"data:", b":")):
        raise BadReply(f"{where.host} sent no event stream; its reply begins {where.clean(repr(head))}")
    raise ConnectionFailed(f"{where.host} ended the stream before the answer was complete")


def dropped(settings: Settings, capabilities: Capabilities) -> tuple[str, ...]:
    """Settings that were asked for and that this model's dialect has no field for."""
    return tuple(
        name
        for name in sorted(SETTINGS)
        if getattr(settings, name) not in (None, ()) and not getattr(capabilities, name)
    )


def _is_text(piece: object) -> bool:
    """False for an empty text; TypeError for anything that is no text."""
    if not isinstance(piece, str):
        raise TypeError(f"{piece!r} is no text")
    return bool(piece)


def _timing(reading: Reading, start: float, total_s: float) -> Timing:
    return replace(reading.moments.timing("".join(reading.text), 0.0, total_s), sent_at=start)


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Reads to the end of a body whose answer is complete; what goes wrong now costs only the connection."""
    try:
        async with asyncio.timeout(DRAIN_S):
            async for _ in chunks:
                pass
    except (TimeoutError, httpx2.HTTPError, httpx2.StreamError):
        return
