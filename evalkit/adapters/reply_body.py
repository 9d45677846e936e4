"""The bytes of a reply, within limits: one reader under every adapter, the official SDKs' ones included.

    body = ReplyBody(reply)                 # an aiohttp response, not decompressed by aiohttp
    while piece := await body.read():       # decoded bytes, at most PIECE_BYTES at a time
        ...

A server may be broken or hostile: a gigabyte of text, a megabyte of gzip that unpacks to one, headers without end.
Memory must not follow. Errors need no more than their message, so their bodies are cut; answers end in `BadReply`.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Any, TypedDict

import aiohttp

from evalkit.errors import BadReply
from evalkit.text.secrets import cut_short

if TYPE_CHECKING:
    from evalkit.adapters.held import Held

MAX_REPLY_BYTES = 64 * 2**20
"""Of one reply, after decompression: events are longer than the text in them."""
MAX_ERROR_BYTES = 64 * 2**10
"""Of the body of an error: enough for its message."""
PIECE_BYTES = 256 * 2**10
_TAIL_S = 1.0
"""Seconds that what stands behind a packed body is waited for."""


class HeaderLimits(TypedDict):
    """What aiohttp takes of a reply's headers."""

    max_line_size: int
    max_field_size: int
    max_headers: int


HEADER_LIMITS = HeaderLimits(max_line_size=2**16, max_field_size=2**16, max_headers=512)
"""For aiohttp: gateways send cookies and policies of tens of kilobytes."""
_GZIP_OR_ZLIB, _DEFLATE = 47, -15
_PLAIN = {"", "identity"}
_PACKED = {"gzip", "x-gzip", "deflate"}


class ReplyBody:
    """Reads one body. `limit` is in bytes after decompression (None: MAX_REPLY_BYTES); with `cut`, reading ends there
    without an error."""

    __slots__ = ("_content", "_cut", "_ended", "_left", "_limit", "_packed", "_unpacker")

    def __init__(self, reply: aiohttp.ClientResponse, limit: int | None = None, *, cut: bool = False) -> None:
        said = reply.headers.get("content-encoding", "").strip()
        encoding = said.lower()
        self._packed = encoding in _PACKED
        if not self._packed and encoding not in _PLAIN and not cut:
            raise BadReply(f"The reply came in the encoding {cut_short(said, 40)!r}, which was not asked for.")
        self._content = reply.content
        self._limit = self._left = MAX_REPLY_BYTES if limit is None else limit
        self._cut = cut
        self._unpacker: Any = None
        self._ended = False

    async def read(self) -> bytes:
        """The next bytes; b"" at the end.

        Raises BadReply beyond the limit and for bytes that cannot be unpacked, and aiohttp's errors of the network.
        """
        if self._ended:
            return b""
        piece = await self._unpacked() if self._packed else await self._content.readany()
        self._left -= len(piece)
        if self._left < 0:
            self._ended = True
            if self._cut:
                return piece[: self._left]
            raise BadReply(f"The reply is longer than {self._limit // 2**20} MiB; reading stopped.")
        return piece

    async def read_all(self, held: Held | None = None) -> bytes:
        """Everything up to the end, or to the limit where it is cut. `held` learns how much that is."""
        pieces = []
        while piece := await self.read():
            pieces.append(piece)
            if held is not None:
                held.now(self._limit - self._left)
                if held.is_full:
                    await held.room()
        return b"".join(pieces)

    @property
    def is_at_end(self) -> bool:
        """Whether nothing more can come, so that the connection may serve again."""
        return self._content.at_eof()

    async def _unpacked(self) -> bytes:
        """The next bytes of a packed body, never more than PIECE_BYTES of them in memory at once."""
        try:
            while True:
                if self._unpacker is not None and self._unpacker.eof:
                    await self._pass_over()
                    return b""
                packed = (self._unpacker and self._unpacker.unconsumed_tail) or await self._content.readany()
                if not packed:
                    return self._last_unpacked()
                if self._unpacker is None:
                    is_bare = packed[0] & 0x0F != 8 and packed[:2] != b"\x1f\x8b"
                    self._unpacker = zlib.decompressobj(_DEFLATE if is_bare else _GZIP_OR_ZLIB)
                piece: bytes = self._unpacker.decompress(packed, PIECE_BYTES)
                if piece:
                    return piece
        except zlib.error as error:
            raise BadReply(f"The reply cannot be unpacked ({error}).") from error

    async def _pass_over(self) -> None:
        """What stands behind the packed bytes says nothing (zlib keeps its first bytes as unconsumed for ever). A short
        end is read, so that the connection can serve again; another is not waited for: the answer is whole."""
        self._ended = True
        n = 0
        try:
            async with asyncio.timeout(_TAIL_S):
                while n < PIECE_BYTES and (tail := await self._content.readany()):
                    n += len(tail)
        except (TimeoutError, aiohttp.ClientError):
            return

    def _last_unpacked(self) -> bytes:
        if self._unpacker is None or self._unpacker.eof:
            return b""
        piece: bytes = self._unpacker.decompress(b"", PIECE_BYTES)
        if not piece and not self._unpacker.eof:
            raise aiohttp.ClientPayloadError("the packed body ended early")
        return piece


async def error_body(reply: aiohttp.ClientResponse) -> bytes:
    """The body of an error, or its beginning: where it breaks off, what came is kept, since the status says enough."""
    body = ReplyBody(reply, MAX_ERROR_BYTES, cut=True)
    pieces = []
    try:
        while piece := await body.read():
            pieces.append(piece)
    except (aiohttp.ClientError, TimeoutError, OSError, BadReply):
        pass
    return b"".join(pieces)
