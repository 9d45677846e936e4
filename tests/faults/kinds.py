"""Every kind of fault that a server can make, with the outcome that each dialect must reach: one table.

Outcomes: an answer (`answer`, `filtered`), or the kind of error as it is stored. What is retried follows from the kind
(`errors.py`). `said` must stand in the message, so that a person learns what the server said.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from struct import pack
from zlib import crc32

from evalkit.testing.fake_provider.dialects.bedrock_converse import frame
from tests.faults.replies import (
    DIALECTS,
    FRAMES,
    LINES,
    SSE,
    Event,
    Served,
    as_stream,
    failing,
    good,
    http,
    raw_event,
    whole,
)


@dataclass(frozen=True)
class Fault:
    """One kind: what is sent to a dialect, and what must come out."""

    name: str
    serve: Callable[[str], Served]
    outcome: str
    said: str = ""
    idle_s: float = 5.0
    dialects: tuple[str, ...] = DIALECTS
    """Those whose streams can have it."""


def _error(status: str, body: Event | bytes, outcome: str, said: str = "", *, name: str = "", more: str = "") -> Fault:
    """The same body with an error status for every dialect."""
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    kind = "application/json" if not isinstance(body, bytes) else "text/html" if b"<" in raw else "text/plain"
    return Fault(name or status, lambda dialect: Served([http(raw, status, kind, more=more)]), outcome, said)


def _midway(name: str, error: Event, outcome: str, said: str = "") -> Fault:
    """An answer that begins, then an error inside the stream."""
    return Fault(
        f"midway {name}",
        lambda dialect: Served([http(as_stream(dialect, [*good(dialect)[:2], failing(dialect, error)], done=False))]),
        outcome,
        said,
    )


def _body(
    name: str,
    outcome: str,
    make: Callable[[str], bytes],
    said: str = "",
    dialects: tuple[str, ...] = DIALECTS,
    **reply: object,
) -> Fault:
    """A stream whose bytes are made by `make`."""
    return Fault(
        name,
        lambda dialect: Served([http(make(dialect), **reply)]),  # type: ignore[arg-type]
        outcome,
        said,
        dialects=dialects,
    )


def _stream(dialect: str) -> bytes:
    return as_stream(dialect, good(dialect))


def _whole(dialect: str) -> bytes:
    return json.dumps(whole(dialect)).encode()


def _cut(dialect: str, share: float) -> Served:
    """The stream up to a share of its bytes, then the end of the connection although more was promised."""
    body = _stream(dialect)
    return Served([http(body[: int(len(body) * share)], length=len(body) + 99)])


def _chunked(*pieces: bytes, end: bool = True) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")


def _after_the_end(dialect: str) -> bytes:
    late = [event for event in good(dialect) if "no, " in json.dumps(event) and "completed" not in json.dumps(event)]
    return _stream(dialect) + as_stream(dialect, late, done=False)


def _unknown(dialect: str) -> bytes:
    """An event of a kind that nobody knows."""
    if dialect in SSE:
        return b'event: vendor.ping\ndata: {"hello": 1}\n\n'
    return as_stream(dialect, [{"vendorPing": {"hello": 1}}])


def _late_error(dialect: str) -> bytes:
    if dialect in SSE:
        return b'event: error\ndata: {"message": "late"}\n\n'
    return as_stream(dialect, [{"error": {"message": "late"}}])


def _with_byte(body: bytes, at: int, value: int | None = None) -> bytes:
    """The body with one byte changed (None: flipped)."""
    return body[:at] + bytes([body[at] ^ 0xFF if value is None else value]) + body[at + 1 :]


def _with_headers(headers: bytes) -> bytes:
    """A frame with these header bytes, its checksums right."""
    prelude = pack(">II", len(headers) + 18, len(headers))
    whole = prelude + pack(">I", crc32(prelude)) + headers + b"{}"
    return whole + pack(">I", crc32(whole))


_HEADER_SIZES = ((0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (6, 2), (7, 2), (8, 8), (9, 16))


def _huge_frame() -> bytes:
    prelude = pack(">II", 2**25 - 1, 0)
    return prelude + pack(">I", crc32(prelude)) + b"x" * 99


def _throttled(dialect: str) -> bytes:
    return frame("throttlingException", b"slow down", kind="exception")


def _indented(dialect: str) -> bytes:
    return json.dumps(whole(dialect), indent=2).encode()


def _bare(dialect: str) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(_stream(dialect)) + packer.flush()


def _error_object(message: str, **more: object) -> Event:
    return {"error": {"message": message, **more}}


_STATUSES = [
    _error("400 Bad Request", _error_object("temperature is out of range"), "rejected", "temperature"),
    _error("400 Bad", _error_object("Input is too long for this model", code="context_length_exceeded"), "rejected"),
    _error("401 Unauthorized", _error_object("Incorrect API key provided"), "key_refused"),
    _error("402 Payment Required", _error_object("Insufficient credits"), "out_of_credit", "credit"),
    _error("403 Forbidden", _error_object("You have no access to this model"), "key_refused", "no access"),
    _error("403 Web page", b"<html><title>Access denied</title></html>", "rejected", "HTML page"),
    _error("403 Plain", b"Forbidden", "rejected", "firewall"),
    _error("404 Not Found", _error_object("no such model"), "rejected", "no such model"),
    _error("405 Method Not Allowed", b"", "rejected", "no explanation"),
    _error("408 Request Timeout", _error_object("slow"), "server_error"),
    _error("409 Conflict", _error_object("again"), "server_error"),
    _error("410 Gone", _error_object("retired"), "rejected", "retired"),
    _error("413 Too Large", _error_object("Payload too large"), "rejected"),
    _error("418 Teapot", b"short and stout", "rejected", "stout"),
    _error("422 Unprocessable", {"detail": [{"loc": ["body", "n"], "msg": "extra forbidden"}]}, "rejected", "extra"),
    _error("425 Too Early", b"", "server_error"),
    _error("429 Too Many", _error_object("Rate limit reached"), "rate_limited", more="Retry-After: 3\r\n"),
    _error("429 empty", b"", "rate_limited"),
    _error("429 quota", _error_object("quota", code="insufficient_quota"), "out_of_credit"),
    _error("429 never", _error_object("Request too large: limit 10000, requested 20000"), "rejected"),
    _error("451 Legal", _error_object("Not for this country"), "rejected"),
    _error("498 Capacity", _error_object("Flex tier capacity exceeded"), "overloaded"),
    _error("500 Server Error", _error_object("boom"), "server_error", "boom"),
    _error("500 empty", b"", "server_error"),
    _error("500 Web page", b"<html><title>Oops</title></html>", "server_error", "Oops"),
    _error("502 Bad Gateway", b"<html>502</html>", "server_error"),
    _error("503 Unavailable", _error_object("busy"), "overloaded"),
    _error("504 Gateway Timeout", b"", "server_error"),
    _error("529 Overloaded", _error_object("Overloaded", type="overloaded_error"), "overloaded"),
    _error("307 Redirect", b"", "rejected", "redirect", more="Location: http://127.0.0.1:9/\r\n"),
    _error("301 Moved", b"", "rejected", "redirect", more="Location: https://other.example/\r\n"),
    _error("400 key", _error_object("API key not valid. Please pass a valid API key."), "key_refused"),
    _error("400 filter", _error_object("Blocked", code="content_filter"), "filtered"),
    _error("403 safety", {"error": "Content violates usage guidelines. Failed check: SAFETY"}, "filtered"),
    _error("412 billing", _error_object("Account suspended: monthly spending limit reached"), "out_of_credit"),
    _error("400 broken JSON", b'{"error": {"message": "no', "rejected"),
    _error("500 binary", bytes(range(256)), "server_error"),
]
_MIDWAY = [
    _midway("server error", {"message": "boom", "code": "server_error"}, "server_error", "boom"),
    _midway("overloaded", {"message": "Overloaded", "type": "overloaded_error"}, "overloaded"),
    _midway("rate limit", {"message": "slow", "code": "rate_limit_exceeded"}, "rate_limited"),
    _midway("quota", {"message": "spent", "code": "insufficient_quota"}, "out_of_credit"),
    _midway("context", {"message": "prompt is too long", "code": "context_length_exceeded"}, "rejected"),
    _midway("bad request", {"message": "no such tool", "type": "invalid_request_error"}, "rejected"),
    _midway("key", {"message": "bad key", "code": "invalid_api_key"}, "key_refused"),
    _midway("filter", {"message": "filtered", "code": "content_filter"}, "filtered"),
    _midway("status 502", {"message": "upstream", "code": 502}, "server_error"),
    _midway("without words", {"code": "unknown"}, "server_error"),
]
_STREAMS = [
    _body("good", "answer", _stream),
    _body("CRLF", "answer", lambda d: _stream(d).replace(b"\n", b"\r\n"), dialects=(*SSE, *LINES)),
    _body("lone CR", "answer", lambda d: _stream(d).replace(b"\n", b"\r"), dialects=(*SSE, *LINES)),
    _body("byte order mark", "answer", lambda d: b"\xef\xbb\xbf" + _stream(d), dialects=(*SSE, *LINES)),
    _body(
        "comments between",
        "answer",
        lambda d: b": hello\n\n" + _stream(d).replace(b"\n\n", b"\n\n: ping\n\n"),
        dialects=SSE,
    ),
    _body(
        "ids and retries", "answer", lambda d: _stream(d).replace(b"data: ", b"id: 7\nretry: 10\ndata: "), dialects=SSE
    ),
    _body("no blank after data:", "answer", lambda d: _stream(d).replace(b"data: ", b"data:"), dialects=SSE),
    _body("blank lines first", "answer", lambda d: b"\n\n\n" + _stream(d), dialects=(*SSE, *LINES)),
    _body("empty data", "answer", lambda d: b"data:\n\ndata: \n\n" + _stream(d), dialects=SSE),
    _body("[DONE] at the end", "answer", lambda d: _stream(d) + b"data: [DONE]\n\n", dialects=SSE),
    _body("two [DONE]", "answer", lambda d: _stream(d) + b"data: [DONE]\n\ndata: [DONE] \n\n", dialects=SSE),
    _body("an unknown event", "answer", lambda d: _unknown(d) + _stream(d)),
    _body("no last blank line", "answer", lambda d: _stream(d).rstrip(b"\n"), dialects=(*SSE, *LINES)),
    _body("events after the end", "answer", _after_the_end),
    _body("error after the end", "answer", lambda d: _stream(d) + _late_error(d)),
    _body(
        "a bare error event",
        "server_error",
        lambda d: b'event: error\ndata: {"message": "Model unloaded."}\n\n',
        "unloaded",
    ),
    _body("an error: field", "server_error", lambda d: b'error: {"message": "crashed"}\n\n', "crashed"),
    _body("an error of plain text", "server_error", lambda d: b"event: error\ndata: it broke\n\n", "it broke"),
    _body("one event is no JSON", "bad_reply", lambda d: raw_event(d, b"{broken") + _stream(d), "broken"),
    _body("one event is a list of numbers", "bad_reply", lambda d: raw_event(d, b"[1, 2]") + _stream(d)),
    _body("one event is a number", "bad_reply", lambda d: raw_event(d, b"7") + _stream(d)),
    _body("NaN", "bad_reply", lambda d: raw_event(d, b'{"a": NaN}') + _stream(d)),
    _body("nested without end", "bad_reply", lambda d: raw_event(d, b"[" * 100_000) + _stream(d)),
    _body("bytes that are no text", "bad_reply", lambda d: raw_event(d, b'{"a": "\xff\xfe"}') + _stream(d)),
    _body("as text/plain", "answer", _stream, kind="text/plain"),
    _body("without a type", "answer", _stream, kind=None),
    _body("gzip", "answer", lambda d: gzip.compress(_stream(d)), more="Content-Encoding: gzip\r\n"),
    _body("deflate", "answer", lambda d: zlib.compress(_stream(d)), more="Content-Encoding: deflate\r\n"),
    _body("bare deflate", "answer", _bare, more="Content-Encoding: deflate\r\n"),
    _body("gzip that is none", "bad_reply", _stream, "unpacked", more="Content-Encoding: gzip\r\n"),
    _body(
        "gzip cut short",
        "connection_failed",
        lambda d: gzip.compress(b" " * 9 + _stream(d)[:90])[:-12],
        more="Content-Encoding: gzip\r\n",
    ),
    _body("brotli unasked", "bad_reply", _stream, "encoding", more="Content-Encoding: br\r\n"),
    _body("a long header", "answer", _stream, more=f"X-Policy: {'p' * 9_000}\r\n"),
    _body("many headers", "answer", _stream, more="".join(f"X-{n}: {n}\r\n" for n in range(160))),
]
_WHOLE = [
    _body("JSON where a stream was asked", "answer", _whole, kind="application/json"),
    _body("JSON as text/plain", "answer", _whole, kind="text/plain; charset=utf-8"),
    _body("JSON as text/html", "answer", _whole, kind="text/html"),
    _body("JSON without a type", "answer", _whole, kind=None),
    _body(
        "JSON behind blanks and a mark", "answer", lambda d: b"\xef\xbb\xbf \n\n " + _whole(d), kind="application/json"
    ),
    _body("JSON that is cut", "bad_reply", lambda d: _whole(d)[:-9], kind="application/json"),
    _body("JSON of something else", "bad_reply", lambda d: b'{"hello": "world"}', kind="application/json"),
    _body("a web page", "bad_reply", lambda d: b"<html>Please log in</html>", "HTML page", kind="text/html"),
    _body("a web page as a stream", "bad_reply", lambda d: b"<!doctype html><p>hi", "HTML page"),
    _body("nothing", "bad_reply", lambda d: b"", "nothing at all"),
    _body("only blanks", "bad_reply", lambda d: b"\n \n", "nothing at all"),
    _body("plain words", "bad_reply", lambda d: b"upstream connect error", "upstream connect error", kind="text/plain"),
    _body("an error with 200", "rate_limited", lambda d: b'{"error": {"code": 429, "message": "slow"}}', "slow"),
    _body(
        "MiniMax's error with 200",
        "out_of_credit",
        lambda d: b'{"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": null}',
        "insufficient balance",
    ),
    _body(
        "a flat error with 200",
        "rejected",
        lambda d: b'{"code": 400, "message": "model not found", "data": null}',
        "model",
    ),
    _body("a filter with 200", "filtered", lambda d: b'{"error": {"code": "content_filter", "message": "filtered"}}'),
]
_LINES = [
    _body("lines: blank lines between", "answer", lambda d: _stream(d).replace(b"\n", b"\n\n \n"), dialects=LINES),
    _body("lines: one indented object", "answer", _indented, dialects=LINES, kind="application/json"),
    _body("lines: an indented object cut", "bad_reply", lambda d: _indented(d)[:-5], dialects=LINES),
    _body("lines: an error of plain text", "server_error", lambda d: b'{"error": "CUDA error"}\n', "CUDA", LINES),
    _body("lines: words between", "bad_reply", lambda d: _stream(d).replace(b"\n", b"\nhello\n", 1), "hello", LINES),
    _body("lines: as server-sent events", "answer", lambda d: as_stream("gemini", good(d)), dialects=LINES),
    _body(
        "lines: no reason to be done",
        "answer",
        lambda d: _stream(d).replace(b'"done_reason": "stop", ', b""),
        "",
        LINES,
    ),
    _body("lines: not done", "connection_failed", lambda d: as_stream(d, good(d)[:-1]), dialects=LINES),
]
_FRAMES = [
    _body("frames: lengths changed", "bad_reply", lambda d: _with_byte(_stream(d), 2), "checksum", FRAMES),
    _body("frames: first checksum changed", "bad_reply", lambda d: _with_byte(_stream(d), 9), "checksum", FRAMES),
    _body("frames: payload changed", "bad_reply", lambda d: _with_byte(_stream(d), 95), "checksum", FRAMES),
    _body(
        "frames: last checksum changed", "bad_reply", lambda d: _with_byte(_stream(d), -1 + len(_stream(d))), "", FRAMES
    ),
    _body("frames: a length of 32 MiB", "bad_reply", lambda d: _huge_frame(), "longer", FRAMES),
    _body(
        "frames: an unknown type of header", "bad_reply", lambda d: _with_headers(b"\x01a\x0c") + _stream(d), "", FRAMES
    ),
    _body(
        "frames: a header beyond its frame", "bad_reply", lambda d: _with_headers(b"\xffab") + _stream(d), "", FRAMES
    ),
    _body("frames: no header at all", "answer", lambda d: _with_headers(b"") + _stream(d), dialects=FRAMES),
    _body(
        "frames: headers of every type",
        "answer",
        lambda d: _with_headers(b"".join(bytes([1, 97, t]) + bytes(n) for t, n in _HEADER_SIZES)) + _stream(d),
        dialects=FRAMES,
    ),
    _body(
        "frames: the beginning of a session",
        "answer",
        lambda d: frame("initial-response", {}) + _stream(d),
        dialects=FRAMES,
    ),
    _body("frames: an error without a name", "server_error", lambda d: frame("500", b"", kind="error"), "", FRAMES),
    _body("frames: an exception in words", "rate_limited", _throttled, "slow down", FRAMES),
    _body("frames: no bill at the end", "connection_failed", lambda d: as_stream(d, good(d)[:-2]), dialects=FRAMES),
    _body("frames: half a frame behind the answer", "answer", lambda d: _stream(d) + _stream(d)[:50], dialects=FRAMES),
]
_NETWORK = [
    Fault("closed before a byte", lambda d: Served([]), "connection_failed"),
    Fault("reset before a byte", lambda d: Served([], reset=True), "connection_failed"),
    Fault("cut in the header", lambda d: Served([b"HTTP/1.1 200 OK\r\nContent-Ty"]), "connection_failed"),
    Fault("not HTTP", lambda d: Served([b"SSH-2.0-OpenSSH_9.9\r\n\r\n"]), "bad_reply", "no valid HTTP"),
    Fault("cut after the header", lambda d: _cut(d, 0.0), "connection_failed"),
    Fault("cut at a fifth", lambda d: _cut(d, 0.2), "connection_failed"),
    Fault("cut in the middle", lambda d: _cut(d, 0.5), "connection_failed"),
    Fault("cut after the answer's end", lambda d: _cut(d, 1.0), "answer"),
    Fault("chunked without its last chunk", lambda d: Served([_chunked(_stream(d), end=False)]), "answer"),
    Fault("chunked byte by byte", lambda d: Served([_chunked(*(bytes([b]) for b in _stream(d)))]), "answer"),
    Fault(
        "slow but steady",
        lambda d: Served([http(_stream(d)[:80], length=len(_stream(d))), _stream(d)[80:]], 0.2),
        "answer",
    ),
    Fault("silence", lambda d: Served([], hang=True), "stalled", "0.3 s", idle_s=0.3),
    Fault(
        "silence in the middle",
        lambda d: Served([http(_stream(d)[:90], length=9_999)], hang=True),
        "stalled",
        idle_s=0.3,
    ),
    Fault(
        "kept open after the end", lambda d: Served([http(_stream(d), length=99_999)], hang=True), "answer", idle_s=0.3
    ),
    Fault("an error's body cut", lambda d: Served([http(b'{"err', "500 Oops", length=99)]), "server_error"),
]
_CODECS = ("zlib", "base64", "idna", "undefined", "rot13", "none")
"""Encodings that Python knows and that are none of a text, and one that it does not know."""
_NAMED = [
    *(
        Fault(
            f"an error in {codec}",
            lambda d, codec=codec: Served([http(b"busy \xe9", "500 Oops", f"text/plain; charset={codec}")]),  # type: ignore[misc]
            "server_error",
            "busy",
        )
        for codec in _CODECS
    ),
    Fault("an answer in zlib", lambda d: Served([http(_stream(d), kind="text/event-stream; charset=zlib")]), "answer"),
]

FAULTS = [*_STATUSES, *_MIDWAY, *_STREAMS, *_WHOLE, *_LINES, *_FRAMES, *_NETWORK, *_NAMED]
