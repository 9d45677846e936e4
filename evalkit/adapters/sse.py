"""Server-sent events, read by hand: bytes in, the data of each whole event out.

    data: {"choices":[{"index":0,"delta":{"content":"Par"}}]}\\r\\n
    \\r\\n
    : keep-alive
    data: [DONE]

Chunks of the network end anywhere, also inside a character, so nothing is decoded here: an event's data stays bytes
until it is whole. Names, ids and retry hints of events are passed over, because every dialect that we read says the
same inside its data. Lines end in LF or CRLF; a lone CR, which the standard also knows, is sent by no provider.
"""

from __future__ import annotations

from evalkit.errors import BadReply

MAX_LINE_BYTES = 8 * 2**20
"""No provider sends a line near this; beyond it a server is broken or hostile, and memory must not follow it."""


class EventReader:
    """Collects bytes of one stream; `feed` gives the data of the events that they complete, in order."""

    __slots__ = ("_data", "_n_waiting", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._n_waiting = 0
        self._data: bytes | None = None

    def feed(self, chunk: bytes) -> list[bytes]:
        """Data of the events completed by this chunk; several data lines of one event are joined by LF.

        Raises BadReply when a line, or the data of one event, grows beyond MAX_LINE_BYTES.
        """
        events: list[bytes] = []
        if b"\n" not in chunk:
            self._keep(chunk)
            return events
        lines = chunk.split(b"\n")
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
                if value[-1:] == b"\r":
                    value = value[:-1]
                if data is None:
                    data = value
                else:
                    data = data + b"\n" + value
                    _check_size(len(data))
            elif data is not None and (not line or line == b"\r"):
                events.append(data)
                data = None
        self._data = data
        return events

    def close(self) -> list[bytes]:
        """What the end of the stream completes: servers forget the blank line, or the line's end, after the last event.

        A half-received event comes out too, and fails where it is parsed.
        """
        last = self.feed(b"\n\n")
        return [data for data in last if data]

    def _keep(self, piece: bytes) -> None:
        self._waiting.append(piece)
        self._n_waiting += len(piece)
        _check_size(self._n_waiting)


def _check_size(n_bytes: int) -> None:
    if n_bytes > MAX_LINE_BYTES:
        raise BadReply(f"One event of the stream is longer than {MAX_LINE_BYTES // 2**20} MiB; reading stopped.")
