"""The pictures of a request, read just before it is sent, so that only those of requests under way are in memory.

asked = await with_pictures(request)      # each image has its bytes, which are the ones that the sample is about

A prompt may have 20 MB of pictures, which take four times that on their way, and a suite says how many requests are
open at once. So requests wait for room (`room_for`) where pictures of `MOST_UNDER_WAY` are under way already.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from weakref import WeakKeyDictionary

from evalkit.engine.event_loop import in_thread
from evalkit.errors import SuiteError, Unsupported
from evalkit.records import Image, Message, Request

MOST_UNDER_WAY = 256 * 2**20
"""Bytes of the pictures of all attempts that go on at once: of a dozen of the largest prompts, or of thousands."""


class _Room:
    """What is left of `MOST_UNDER_WAY`; who waits is served in order, so that a large request is not passed by."""

    def __init__(self) -> None:
        self._left = MOST_UNDER_WAY
        self._turn = asyncio.Lock()
        self._given = asyncio.Event()

    async def take(self, n: int) -> None:
        async with self._turn:
            while self._left < n:
                self._given.clear()
                await self._given.wait()
            self._left -= n

    def give(self, n: int) -> None:
        self._left += n
        self._given.set()


_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()


@asynccontextmanager
async def room_for(request: Request) -> AsyncIterator[None]:
    """Within, the pictures of a request may be in memory. Waits until there is room; a request without any never does.

    For the time of one attempt: who waited for a slot within would wait for those who wait for room.
    """
    n = min(picture_bytes(request), MOST_UNDER_WAY)
    if not n:
        yield
        return
    room = _rooms.setdefault(asyncio.get_running_loop(), _Room())
    await room.take(n)
    try:
        yield
    finally:
        room.give(n)


def picture_bytes(request: Request) -> int:
    """Bytes of a request's pictures, as their files had them when the run was planned."""
    return sum(image.size for image in request.images)


async def with_pictures(request: Request) -> Request:
    """The request with the bytes of its pictures; the same where it has none.

    Raises Unsupported where a picture is gone or another one by now: the answer would be to another question.
    """
    return await in_thread(lambda: _filled(request)) if request.images else request


def _filled(request: Request) -> Request:
    return replace(request, messages=tuple(_turn(message) for message in request.messages))


def _turn(message: Message) -> Message:
    if isinstance(message.content, str):
        return message
    return replace(message, content=tuple(one if isinstance(one, str) else _read(one) for one in message.content))


def _read(image: Image) -> Image:
    if image.data is not None:
        return image
    try:
        data = b"" if image.read is None else image.read()
    except (OSError, SuiteError) as error:
        raise Unsupported(f"The picture {image.name} cannot be read any more: {error}", sent=False) from error
    if hashlib.sha256(data).hexdigest() != image.digest:
        raise Unsupported(
            f"The picture {image.name} has changed since the run was planned, and another picture is another sample: "
            "leave files as they are while a run goes on, and begin a new run",
            sent=False,
        )
    return replace(image, data=data)
