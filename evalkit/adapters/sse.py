"""Server-sent events, read by hand: bytes in, the data of each whole event out.

    data: {"choices":[{"index":0,"delta":{"content":"Par"}}]}\\r\\n
    \\r\\n
    : keep-alive
    event: error
    data: {"message": "Model unloaded."}
    data: [DONE]

Chunks of the network end anywhere, also inside a character, so nothing is decoded here: an event's data stays bytes
until it is whole. Ids, retry hints and names of events are passed over, because every dialect of a provider says the
same inside its data; an application of one's own may not, so `named` makes `{"token": {...}}` of `event: token`. The
event `error`, whose data some servers send bare, and a field `error:` instead of an event, as some (llama.cpp,
gpustack) send it, come out as `{"type": "error", "error": ...}`. Lines end in LF, CRLF or CR.
"""

from __future__ import annotations

import orjson

from evalkit.errors import BadReply

MAX_LINE_BYTES = 20 * 2**20
"""No provider sends a line near this, though the last event of a stream may repeat the whole answer; beyond it a
server is broken or hostile, and memory must not follow it."""


_LINE_COST = 40
"""Bytes of memory that a further line of one event takes beside its text, so that empty lines fill none."""


class EventReader:
    """Collects bytes of one stream; `feed` gives the data of the events that they complete, in order."""

    __slots__ = ("_after_cr", "_data", "_is_error", "_n_data", "_n_waiting", "_name", "_named", "_waiting", "n_read")

    def __init__(self, *, named: bool = False) -> None:
        """`named`: an event comes out as an object whose one key is its name; without data, as null under it."""
        self._named = named
        self._name = b""
        self.n_read = 0
        """Lines so far, also those that say nothing."""
        self._waiting: list[bytes] = []
        self._n_waiting = 0
        self._data: list[bytes] = []
        """Data lines of the event that is being read."""
        self._n_data = 0
        """Their bytes, each with its end, which an empty line has too."""
        self._is_error = False
        self._after_cr = False

    @property
    def n_held(self) -> int:
        """Bytes of an event that is not complete."""
        return self._n_waiting + (self._n_data if self._data else 0)

    def feed(self, chunk: bytes) -> list[bytes]:
        """Data of the events completed by this chunk; several data lines of one event are joined by LF.

        Raises BadReply when a line, or the data of one event, grows beyond MAX_LINE_BYTES.
        """
        events: list[bytes] = []
        if b"\r" in chunk or self._after_cr:
            chunk = self._with_lf(chunk)
        if b"\n" not in chunk:
            self._keep(chunk)
            return events
        lines = chunk.split(b"\n")
        self.n_read += len(lines) - 1
        if self._waiting:
            self._waiting.append(lines[0])
            lines[0] = b"".join(self._waiting)
            self._waiting.clear()
            self._n_waiting = 0
        if rest := lines.pop():
            self._keep(rest)
        data = self._data
        for line in lines:
            if line[:5] == b"data:":
                value = line[6:] if line[5:6] == b" " else line[5:]
                if data:
                    self._n_data += len(value) + _LINE_COST
                    check_size(self._n_data)
                else:
                    self._n_data = len(value)
                data.append(value)
            elif not line:
                if data or self._name:
                    events.append(self._whole())
                self._is_error = False
            elif line[:6] == b"event:":
                self._is_error = line[6:].strip() == b"error"
                self._name = line[6:].strip() if self._named and not self._is_error else b""
            elif line[:6] == b"error:":
                events.append(as_error(line[6:].strip()))
        return events

    def close(self) -> list[bytes]:
        """What the end of the stream completes: servers forget the blank line, or the line's end, after the last event.

        A half-received event comes out too, and fails where it is parsed.
        """
        last = self.feed(b"\n\n")
        return [data for data in last if data]

    def _whole(self) -> bytes:
        """The data of the event that a blank line ends; under its name, where names count."""
        data, name = self._data, self._name
        whole = data[0] if len(data) == 1 else b"\n".join(data)
        self._name = b""
        if name and whole.strip() != b"[DONE]":
            whole = b"{" + orjson.dumps(name.decode("utf-8", "replace")) + b":" + (whole if data else b"null") + b"}"
        data.clear()
        return as_error(whole) if self._is_error else whole

    def _with_lf(self, chunk: bytes) -> bytes:
        """The chunk with LF at every line's end. A CR at its end may be half of a CRLF: the LF that follows is none."""
        if not chunk:
            return chunk
        joins = self._after_cr and chunk[:1] == b"\n"
        self._after_cr = chunk[-1:] == b"\r"
        return (chunk[1:] if joins else chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _keep(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._n_waiting += len(piece)
        check_size(self._n_waiting)


def as_error(data: bytes) -> bytes:
    """The data of an error as JSON that says so, whatever it is."""
    try:
        told = orjson.loads(data)
    except orjson.JSONDecodeError:
        told = data.decode("utf-8", "replace")
    return orjson.dumps({"type": "error", "error": told})


def check_size(n_bytes: int) -> None:
    """Raises BadReply for an event that is longer than MAX_LINE_BYTES."""
    if n_bytes > MAX_LINE_BYTES:
        raise BadReply(f"One event of the stream is longer than {MAX_LINE_BYTES // 2**20} MiB; reading stopped.")
