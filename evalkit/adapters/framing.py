"""How the events of a stream are told apart on the wire, where they are no server-sent events (`sse`).

    {"message": {"content": "Par"}, "done": false}\\n                           lines of JSON (Ollama)
    00 00 00 8c 00 00 00 5b <crc> :event-type 7 ... {"delta": ...} <crc>        frames (AWS, Bedrock)

A reader takes bytes and gives the data of each whole event, as JSON. Of AWS's frames the event's name is a header: it
becomes the one key of the object, `{"contentBlockDelta": {...}}`, and an exception becomes an error event. Both
checksums are tested, because a length that is wrong would make words out of noise.

Frames: docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream and
docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html, looked up 2026-11-28; botocore 1.44 reads the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import Literal, Protocol
from zlib import crc32

import orjson

from evalkit.adapters.sse import as_error, check_size
from evalkit.errors import BadReply

Framing = Literal["events", "named", "lines", "frames"]
"""Server-sent events, the same with their names, lines of JSON, or AWS's binary frames."""
_PRELUDE, _CHECKSUM = 12, 4
_MAX_HEADERS = 2**17
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of the values of headers that have a fixed length, by their type: booleans, numbers, a time, a UUID."""
_BYTES, _TEXT = 6, 7


class EventSource(Protocol):
    """Bytes in, the data of whole events out."""

    n_read: int
    """Lines or frames so far, those included that say nothing: no data comes out of them, and reading takes time."""

    @property
    def n_held(self) -> int:
        """Bytes of an event that is not complete."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Data of the events that these bytes complete, in order. Raises BadReply."""

    def close(self) -> list[bytes]:
        """What the end of the stream completes. A half-received event fails where it is parsed."""


class LineReader:
    """Lines of JSON. Blank lines are passed over; one object over several lines is read as one."""

    __slots__ = ("_begun", "_n_waiting", "_waiting", "_whole", "n_read")

    def __init__(self) -> None:
        self.n_read = 0
        self._waiting: list[bytes] = []
        self._n_waiting = 0
        self._begun = self._whole = False
        """`_whole`: the first line is no more than a bracket, so that all of it is one indented object."""

    @property
    def n_held(self) -> int:
        """Bytes of a line that is not complete."""
        return self._n_waiting

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that are complete."""
        if self._whole or (b"\n" not in chunk and b"\r" not in chunk):
            self._keep(chunk)
            return []
        self._waiting.append(chunk)
        lines = b"".join(self._waiting).replace(b"\r", b"\n").split(b"\n")
        self.n_read += len(lines) - 1
        self._waiting.clear()
        self._n_waiting = 0
        self._keep(lines.pop())
        found = [line for line in lines if line.strip()]
        if found and not self._begun:
            self._begun = True
            if found[0].strip() in {b"{", b"["}:
                self._whole = True
                self._waiting[:0] = [b"\n".join([*found, b""])]
                return []
        return found

    def close(self) -> list[bytes]:
        """The last line, which servers forget to end."""
        rest = b"".join(self._waiting)
        self._waiting.clear()
        return [rest] if rest.strip() else []

    def _keep(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._n_waiting += len(piece)
        check_size(self._n_waiting)


class FrameReader:
    """AWS's frames: length, headers, payload, and a checksum over each part."""

    __slots__ = ("_buffer", "n_read")

    def __init__(self) -> None:
        self.n_read = 0
        self._buffer = bytearray()

    @property
    def n_held(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._buffer)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events whose frames are complete. Raises BadReply for lengths and checksums that do not fit."""
        self._buffer += chunk
        found: list[bytes] = []
        while len(self._buffer) >= _PRELUDE:
            length, n_headers, checksum = unpack_from(">III", self._buffer)
            if crc32(self._buffer[:8]) != checksum:
                raise BadReply("A frame of the stream has a checksum that does not fit its lengths.")
            if n_headers > min(_MAX_HEADERS, length - _PRELUDE - _CHECKSUM):
                raise BadReply("A frame of the stream has headers that are longer than it is.")
            check_size(length)
            if len(self._buffer) < length:
                break
            frame = bytes(self._buffer[:length])
            del self._buffer[:length]
            self.n_read += 1
            if crc32(frame[:-_CHECKSUM]) != unpack_from(">I", frame, length - _CHECKSUM)[0]:
                raise BadReply("A frame of the stream has a checksum that does not fit its content.")
            found += _event(frame, _PRELUDE + n_headers)
        return found

    def close(self) -> list[bytes]:
        """Nothing, or what is left of a frame that broke off."""
        return [bytes(self._buffer)] if self._buffer else []


def _event(frame: bytes, payload_at: int) -> Iterator[bytes]:
    """The event of a frame as JSON; nothing for a frame without a name, such as one that only begins the stream."""
    headers = _headers(frame, payload_at)
    payload = frame[payload_at:-_CHECKSUM]
    kind = headers.get(":message-type", "event")
    if kind == "event":
        name = headers.get(":event-type", "")
        if name and name != "initial-response":
            yield b"{" + orjson.dumps(name) + b":" + (payload.strip() or b"{}") + b"}"
        return
    name = headers.get(":exception-type") or headers.get(":error-code") or kind
    try:
        told = orjson.loads(payload)
    except orjson.JSONDecodeError:
        told = payload.decode("utf-8", "replace")
    said = told if isinstance(told, dict) else {"message": told or headers.get(":error-message") or name}
    yield as_error(orjson.dumps({**said, "type": name}))


def _headers(frame: bytes, end: int) -> dict[str, str]:
    """The headers that are texts. Raises BadReply for what is no header."""
    found: dict[str, str] = {}
    at = _PRELUDE
    try:
        while at < end:
            name_end = at + 1 + frame[at]
            name, kind = frame[at + 1 : name_end].decode(), frame[name_end]
            at = name_end + 1
            if kind in {_BYTES, _TEXT}:
                at += 2
                size = int.from_bytes(frame[at - 2 : at])
                if kind == _TEXT:
                    found[name] = frame[at : at + size].decode()
            else:
                size = _FIXED[kind]
            at += size
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise BadReply("A frame of the stream has a header that cannot be read.") from error
    if at != end:
        raise BadReply("A frame of the stream has headers of another length than it says.")
    return found
