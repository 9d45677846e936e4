"""Whether pictures reach the model behind a server of one's own: some servers drop them, and the model guesses.

    without = await adapter.respond(WITHOUT)
    beside = await adapter.respond(shown())
    unproved(without, beside, "models.mine: 127.0.0.1")      # None: they do

Proved by the input tokens that a picture adds. How many is not looked at: some models put a picture into one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from hashlib import sha256

from evalkit.adapters.probing import asked
from evalkit.errors import Unfit
from evalkit.records import Image, Message, Request, Response, Settings

WITHOUT = Request((Message("user", "Hello"),), Settings(max_output_tokens=16))
_SIDE = 224
"""Pixels: no model that takes pictures makes none of such a one."""


async def probe(respond: Callable[[Request], Awaitable[Response]], who: str) -> str | None:
    """None where pictures reach the model, a sentence where nobody says. Raises Unfit where they are dropped."""
    return _unproved(await asked(WITHOUT, respond), await asked(shown(), respond), who)


def shown() -> Request:
    """The same question with a grey picture before it."""
    data = _grey()
    picture = Image("grey.png", "image/png", len(data), _SIDE, _SIDE, sha256(data).hexdigest(), data)
    return replace(WITHOUT, messages=(Message("user", (picture, "Hello")),))


def _unproved(without: Response, beside: Response, who: str) -> str | None:
    n_without, n_beside = (answer.usage.input if answer.usage else None for answer in (without, beside))
    if n_without is None or n_beside is None:
        return "whether pictures reach the model could not be proved: the server reports no input tokens"
    if n_beside > n_without:
        return None
    raise Unfit(
        f"{who} drops pictures: a prompt has {n_without} input tokens without one and {n_beside} with it. Serve a "
        "model that takes them. Where the server is known to pass them on: probe_images: false in the model's entry."
    )


def _grey() -> bytes:
    """A PNG of one grey, 224 x 224."""
    rows = (b"\0" + b"\x80" * _SIDE) * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
