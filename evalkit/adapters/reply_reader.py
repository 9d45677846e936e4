"""The reader of every reply: bytes to events, events to a reading, a reading to a response.

    reader = ReplyReader(reading, where, path, held)
    reader.feed(b'data: {"type":"response.output_text.delta","delta":"Par"}\n\n', now)     # True once it is done
    reader.response(sent_at, ended_at)

What all dialects share stands here: a byte order mark before the stream, [DONE], a whole JSON body where events were
asked for, an error instead of an answer, a connection that breaks after the answer's end, and the limits. So the same
fault has the same class everywhere. Nothing that comes after the end of an answer is added to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from evalkit.adapters.error_body import is_error
from evalkit.adapters.framing import EventSource, FrameReader, LineReader
from evalkit.adapters.http_errors import Declined, Where, error_from_event
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import LARGE_EVENT, odd, parsed, text_limit, too_long
from evalkit.adapters.sse import EventReader
from evalkit.errors import BadReply, ConnectionFailed, RequestError
from evalkit.records import Response

if TYPE_CHECKING:
    from evalkit.adapters.held import Held

MAX_EVENTS = 2_000_000
MAX_LINES = 4 * MAX_EVENTS
"""Lines of a stream, blank ones and comments included: an event has two or three. A frame is an event."""
ODD = (KeyError, TypeError, AttributeError, ValueError, IndexError, OverflowError, RecursionError)
"""What plain code raises on a reply that is not of the dialect."""
_KEPT = 8_192
"""Bytes of the beginning that are kept to be quoted: more than is shown, so that a key is seen whole."""
_WEIGHED = 2**14
"""Bytes after which it is looked at again how much a reply holds."""
_Take = Callable[[dict[str, object], float | None], None]


class ReplyReader:
    """Feeds one reply to a reading: an event stream, or one JSON body where the server did not stream."""

    __slots__ = (
        *("_body", "_events", "_head", "held", "is_accepted", "_is_json", "_marks", "_n_body", "_n_events", "_n_large"),
        *("_n_unknown", "_n_unweighed", "_path", "_reading", "_where", "n_begun"),
    )

    def __init__(self, reading: ReplyReading, where: Where, path: str, held: Held) -> None:
        self._reading = reading
        self.held = held
        self._where = where
        self._path = path
        self._events: EventSource = EventReader()
        self._marks = reading.marks
        self._head = b""
        self._is_json: bool | None = None
        """None until the first bytes are there."""
        self._body: list[bytes] = []
        self._n_body = self._n_events = self._n_unknown = 0
        self.n_begun = 0
        """How often the answer began anew behind its end."""
        self.is_accepted = False
        """Whether the server has said that an answer comes (a status of 2xx)."""
        self._n_large = self._n_unweighed = 0
        """Bytes of large events, of which anything may be kept, and of what came since the reply was weighed."""

    def feed(self, chunk: bytes, now: float) -> bool:
        """Takes bytes read at `now`; True once the answer is done.

        Raises BadReply for what is no event of the dialect, and the error that an error event means.
        """
        self._n_unweighed += len(chunk)
        if self._n_unweighed > _WEIGHED or self.held.is_full:
            self._weigh()
        if self._is_json is None and (chunk := self._begun(chunk)) == b"":
            return False
        if self._is_json:
            self._keep(chunk)
            return False
        for data in self._events.feed(chunk):
            self._take(data, now)
        if self._events.n_read > MAX_EVENTS:
            self._refuse_endless()
        return self._reading.done

    def response(
        self, sent_at: float, ended_at: float, left_out: tuple[str, ...] = (), broken: RequestError | None = None
    ) -> Response:
        """The whole answer. `broken` is how the connection ended where it did not end well: it counts only where the
        answer was not whole by then.

        Raises `broken`, ConnectionFailed where the stream ended too early, BadReply, and what the reading raises.
        """
        if self._is_json:
            if broken is not None:
                raise self._of_answer(broken)
            self._take_body()
        elif broken is None and not self._reading.done:
            for data in self._events.close():
                self._take(data, ended_at)
        reading = self._reading
        if not reading.is_whole:
            raise self._of_answer(broken or self._incomplete())
        try:
            made = reading.timed_as_kept(reading.response(reading.timing(sent_at, ended_at), left_out))
        except ODD as error:
            raise self._bad(f"an answer that is not of the dialect ({odd(error)})") from error
        self.held.now(reading.held)
        return made

    def filtered(self, declined: Declined, sent_at: float, ended_at: float, left_out: tuple[str, ...]) -> Response:
        """The response where the provider's filter stopped the answer, or the prompt before it: with what came so far
        and what it was billed, as far as that was said."""
        reading = self._reading
        timing = reading.timing(sent_at, ended_at)
        try:
            found = reading.timed_as_kept(reading.response(timing, left_out))
        except (*ODD, RequestError):
            found = Response(text=reading.said, stop_reason="content_filter", timing=timing, dropped=left_out)
        return replace(found, stop_reason="content_filter", refusal=declined.words)

    def _begun(self, chunk: bytes) -> bytes:
        """Looks at the first bytes: what kind of body this is. The bytes to go on with; b"" while there are too few."""
        self._head += chunk
        head = self._head.removeprefix(b"\xef\xbb\xbf")
        start = head.lstrip()[:1]
        if not start or (len(self._head) < 3 and b"\xef\xbb\xbf".startswith(self._head)):
            if len(self._head) > 2**20:
                raise self._bad("a megabyte of blanks")
            return b""
        is_json, framing = start in {b"{", b"["}, self._reading.framing
        if is_json and framing == "lines":
            self._events = LineReader()
        elif framing == "frames" and head[:1] in {b"\x00", b"\x01"}:  # the length of a frame begins so
            self._events = FrameReader()
        elif framing == "named":
            self._events = EventReader(named=True)
        self._is_json = is_json and framing != "lines"
        self._head = head[:_KEPT]
        return head

    def _weigh(self) -> None:
        """Says how much the reply holds by now."""
        self._n_unweighed = 0
        self.held.now(self._events.n_held + self._n_body + self._n_large + self._reading.held)

    def _refuse_endless(self) -> None:
        """Raises BadReply for more lines or frames than a stream has, whether they say something or not."""
        most = MAX_EVENTS if isinstance(self._events, FrameReader) else MAX_LINES
        if self._events.n_read > most:
            raise BadReply(f"{self._where.host}{self._path} sent more than {most:,} lines or frames; reading stopped.")

    def _keep(self, chunk: bytes) -> None:
        self._body.append(chunk)
        self._n_body += len(chunk)
        if self._n_body > 2 * text_limit():
            raise too_long(text_limit())

    def _take_body(self) -> None:
        body = b"".join(self._body)
        self._body.clear()
        try:
            whole = parsed(body)
        except ValueError as error:
            raise self._bad("no whole JSON, so nothing of the dialect", body) from error
        self._n_events += 1
        chunks = whole if isinstance(whole, list) else [whole]
        for chunk in chunks:
            if not isinstance(chunk, dict):
                raise self._bad("JSON that is no object, so nothing of the dialect", body)
            if not self._reading.is_answer(chunk) and is_error(chunk):
                raise error_from_event(chunk, self._path, self._where)
            self._guarded(lambda one, _now: self._reading.take_whole(one), chunk, None, body)

    def _take(self, data: bytes, now: float) -> None:
        """One event. This is the hot path: a long answer has thousands."""
        reading = self._reading
        self._n_events += 1
        if len(data) > LARGE_EVENT:
            self._n_large += len(data)
        if len(data) < 12 and (short := data.strip()) in {b"", b"[DONE]"}:
            if short:
                reading.end()
            return
        if self._n_events > MAX_EVENTS:
            raise BadReply(f"{self._where.host}{self._path} sent more than {MAX_EVENTS:,} events; reading stopped.")
        try:
            event = parsed(data)
        except ValueError as error:
            raise self._bad("an event that is no JSON, so not of the dialect", data) from error
        for one in event if type(event) is list else (event,):
            if type(one) is not dict:
                raise self._bad("an event that is no object, so not of the dialect", data)
            if reading.done:
                if not reading.reopens(one):
                    continue
                self.n_begun += 1
            unknown = one.keys().isdisjoint(self._marks)
            if (unknown or b"error" in data) and self._is_error(one):
                self._take_error(one, now, data)
                continue
            self._n_unknown += unknown
            try:
                reading.take(one, now)
            except ODD as error:
                raise self._bad("an event that is not of the dialect", data) from error

    def _is_error(self, event: dict[str, object]) -> bool:
        """Whether an event is an error: by a field of that name, or bare, like {"code": 500, "message": "..."}."""
        if event.get("error") or event.get("type") == "error" or event.get("object") == "error":
            return True
        return event.keys().isdisjoint(self._marks) and is_error(event)

    def _take_error(self, event: dict[str, object], now: float, data: bytes) -> None:
        """Raises what the event means. Where the answer was there before, what went wrong then is not its fault, and
        only the bill counts."""
        if not self._reading.is_whole:
            raise error_from_event(event, self._path, self._where)
        if "usage" in event:
            self._guarded(self._reading.take, {"usage": event["usage"]}, now, data)

    def _guarded(self, take: _Take, event: dict[str, object], now: float | None, data: bytes) -> None:
        try:
            take(event, now)
        except ODD as error:
            raise self._bad("an event that is not of the dialect", data) from error

    def _incomplete(self) -> RequestError:
        place, is_cut = f"{self._where.host}{self._path}", len(self._head) >= _KEPT
        if self._head[:1] == b"<":
            return BadReply(
                f"{place} answered with an HTML page; models.{self._where.name}.base_url may point to a web site, a "
                "login or a proxy."
            )
        if not self._head.strip():
            return BadReply(f"{place} answered with nothing at all.")
        if self._is_json:
            return self._bad("JSON that is no answer of the dialect", self._head, cut=is_cut)
        if self._n_unknown == self._n_events > 0 and isinstance(self._events, LineReader):
            return self._bad("JSON that is no answer of the dialect", self._head, cut=is_cut)
        if not self._n_events:
            start = self._where.beginning(self._head, cut=is_cut)
            return BadReply(f"{place} sent no event stream; its reply begins: {start}")
        return ConnectionFailed(f"{place}: the stream ended before the answer did")

    def _bad(self, what: str, data: bytes = b"", *, cut: bool = False) -> BadReply:
        start = self._where.beginning(data, cut=cut)
        return BadReply(f"{self._where.host}{self._path} sent {what}" + (f": {start}" if start else ""))

    def _of_answer(self, error: RequestError) -> RequestError:
        """The error; where the server had said yes it says so, however quickly it broke off: asking again gives another
        answer."""
        error.begun = error.begun or self.is_accepted
        return error
