"""The pictures of a request, read just before it is sent, so that only those of requests under way are in memory.

asked = await with_pictures(request)      # each image has its bytes, which are the ones that the sample is about
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from evalkit.engine.event_loop import in_thread
from evalkit.errors import SuiteError, Unsupported
from evalkit.records import Image, Message, Request


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
