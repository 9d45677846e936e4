"""Spans and log records out of OTLP's protobuf, without the package of generated classes.

spans_of_protobuf(body)       # of ExportTraceServiceRequest, or ExportLogsServiceRequest

Field numbers: opentelemetry-proto v1.9 (trace/v1, logs/v1, common/v1). Five wire types are all that is needed; fields
that are not known are passed over, as protobuf wants it. A file of several requests frames each by its length: 4 bytes,
most significant first (the collector's file exporter), or a varint.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from evalkit.bridges.traces.spans import LoggedEvent, LoggedSpan

_MOST_DEPTH = 40
_ERROR = 2
_MOST_FIELDS = 100_000
"""Of one span: attributes and events."""
_MOST_ITEMS, _BYTES_AN_ITEM = 1_000, 60
"""Spans that are always read, and bytes that each further one has at least: ids, times and a name."""
_MOST_VALUES, _BYTES_A_VALUE = 1_000_000, 10
"""Values of attributes that are always read, and bytes that each further one has at least: a list of numbers has 11."""
Field = tuple[int, int, Any]
"""Number, wire type, value: int, or a view of the bytes: copies for each level of nesting would take forty files."""


class NotProtobuf(ValueError):
    """These bytes are no OTLP request."""


class _Room:
    """How many values may still be read, of all spans of a file together."""

    __slots__ = ("_left",)

    def __init__(self, n_bytes: int) -> None:
        self._left = _MOST_VALUES + n_bytes // _BYTES_A_VALUE

    def take(self) -> None:
        """Raises NotProtobuf where there is no room for one more."""
        self._left -= 1
        if self._left < 0:
            raise NotProtobuf("more values than so many bytes can mean")


def spans_of_protobuf(content: bytes) -> list[LoggedSpan | LoggedEvent]:
    """Everything that a request holds, or each of several framed ones. Raises NotProtobuf."""
    most = _MOST_ITEMS + len(content) // _BYTES_AN_ITEM
    view = memoryview(content)
    for frames in (_whole, _by_four_bytes, _by_varint):
        room = _Room(len(content))
        try:
            found = list(islice((one for frame in frames(view) for one in _of_request(frame, room)), most + 1))
        except (NotProtobuf, struct.error, UnicodeDecodeError, IndexError):
            continue
        if len(found) <= most:
            return found
    raise NotProtobuf("it is no OTLP request in protobuf")


def _whole(content: memoryview) -> Iterator[memoryview]:
    yield content


def _by_four_bytes(content: memoryview) -> Iterator[memoryview]:
    at = 0
    while at < len(content):
        (n,) = struct.unpack_from(">I", content, at)
        if n == 0 or at + 4 + n > len(content):
            raise NotProtobuf("cut short")
        yield content[at + 4 : at + 4 + n]
        at += 4 + n


def _by_varint(content: memoryview) -> Iterator[memoryview]:
    at = 0
    while at < len(content):
        n, at = _varint(content, at)
        if n == 0 or at + n > len(content):
            raise NotProtobuf("cut short")
        yield content[at : at + n]
        at += n


def _of_request(content: memoryview, room: _Room) -> Iterator[LoggedSpan | LoggedEvent]:
    n = 0
    for number, wire, value in _fields(content):
        if number == 1 and wire == 2:
            yield from _of_resource(value, room)
        elif number > 2:
            raise NotProtobuf("an unknown field in the request")
        n += 1
    if n == 0 and content:
        raise NotProtobuf("empty")


def _of_resource(content: memoryview, room: _Room) -> Iterator[LoggedSpan | LoggedEvent]:
    resource: dict[str, object] = {}
    for number, wire, value in _fields(content):
        if wire != 2:
            raise NotProtobuf("a resource of numbers")
        if number == 1:
            resource = _attributes(value, 1, room)
        elif number == 2:
            yield from _of_scope(value, resource, room)


def _of_scope(content: memoryview, resource: dict[str, object], room: _Room) -> Iterator[LoggedSpan | LoggedEvent]:
    scope = ""
    for number, wire, value in _fields(content):
        if wire != 2:
            raise NotProtobuf("a scope of numbers")
        if number == 1:
            scope = next((str(inner, "utf-8") for n, w, inner in _fields(value) if n == 1 and w == 2), "")
        elif number == 2:
            yield _item(value, scope, resource, room)


def _item(content: memoryview, scope: str, resource: dict[str, object], room: _Room) -> LoggedSpan | LoggedEvent:
    fields = list(islice(_fields(content), _MOST_FIELDS + 1))
    if len(fields) > _MOST_FIELDS:
        raise NotProtobuf("a span of more fields than are read")
    is_log = any((number == 1 and wire == 1) or (number in (11, 12) and wire == 1) for number, wire, _ in fields)
    is_log = is_log or (bool(fields) and not any(number == 1 and wire == 2 for number, wire, _ in fields))
    return _event(fields, room) if is_log else _span(fields, scope, resource, room)


def _span(  # noqa: PLR0912  # one return a shape
    fields: list[Field], scope: str, resource: dict[str, object], room: _Room
) -> LoggedSpan:
    made = LoggedSpan(scope=scope, resource=resource)
    for number, wire, value in fields:
        if number == 1 and wire == 2:
            made.trace = value.hex()
        elif number == 2 and wire == 2:
            made.span = value.hex()
        elif number == 4 and wire == 2:
            made.parent = value.hex()
        elif number == 5 and wire == 2:
            made.name = str(value, "utf-8")
        elif number == 7 and wire == 1:
            made.started_at = value / 1e9 if value else None
        elif number == 8 and wire == 1:
            made.ended_at = value / 1e9 if value else None
        elif number == 9 and wire == 2:
            key, inner = _pair(value, 0, room)
            made.attributes[key] = inner
        elif number == 11 and wire == 2:
            made.events.append(_span_event(value, room))
        elif number == 15 and wire == 2:
            for n, w, inner in _fields(value):
                if n == 2 and w == 2:
                    made.message = str(inner, "utf-8", "replace")
                elif n == 3 and w == 0:
                    made.failed = inner == _ERROR
    return made


def _span_event(content: memoryview, room: _Room) -> tuple[str, dict[str, object]]:
    name = next((str(value, "utf-8") for number, wire, value in _fields(content) if number == 2 and wire == 2), "")
    return name, _attributes(content, 3, room)


def _event(fields: list[Field], room: _Room) -> LoggedEvent:
    made = LoggedEvent("", "", "", {}, None)
    for number, wire, value in fields:
        if wire != 2:
            continue
        if number == 5:
            made.body = _any(value, 0, room)
        elif number == 6:
            key, inner = _pair(value, 0, room)
            made.attributes[key] = inner
        elif number == 9:
            made.trace = value.hex()
        elif number == 10:
            made.span = value.hex()
        elif number == 12:
            made.name = str(value, "utf-8")
    made.name = made.name or str(made.attributes.get("event.name") or "")
    return made


def _attributes(content: memoryview, number: int, room: _Room) -> dict[str, object]:
    return dict(_pair(value, 0, room) for n, wire, value in _fields(content) if n == number and wire == 2)


def _pair(content: memoryview, depth: int, room: _Room) -> tuple[str, Any]:
    key, found = "", None
    room.take()
    for number, wire, value in _fields(content):
        if number == 1 and wire == 2:
            key = str(value, "utf-8", "replace")
        elif number == 2 and wire == 2:
            found = _any(value, depth + 1, room)
    return key, found


def _any(content: memoryview, depth: int, room: _Room) -> Any:
    """The value of an AnyValue; None of an empty one. Raises NotProtobuf for one that is nested too deeply."""
    room.take()
    if depth > _MOST_DEPTH:
        raise NotProtobuf("nested too deeply")
    found: object = None
    for number, wire, value in _fields(content):
        read = _READERS.get((number, wire))
        if read is not None:
            found = read(value)
        elif number == 5 and wire == 2:
            found = [_any(inner, depth + 1, room) for n, w, inner in _fields(value) if n == 1 and w == 2]
        elif number == 6 and wire == 2:
            found = dict(_pair(inner, depth + 1, room) for n, w, inner in _fields(value) if n == 1 and w == 2)
    return found


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


_READERS: dict[tuple[int, int], Callable[[Any], Any]] = {
    (1, 2): lambda value: str(value, "utf-8", "replace"),
    (2, 0): bool,
    (3, 0): _signed,
    (4, 1): lambda value: struct.unpack("<d", value.to_bytes(8, "little"))[0],
    (7, 2): memoryview.hex,
}


def _fields(content: memoryview) -> Iterator[Field]:
    """Number, wire type and value of each field. Raises NotProtobuf where the bytes are none."""
    at, end = 0, len(content)
    while at < end:
        tag, at = _varint(content, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise NotProtobuf("a field without a number")
        if wire == 0:
            value, at = _varint(content, at)
            yield number, wire, value
        elif wire == 2:
            n, at = _varint(content, at)
            if at + n > end:
                raise NotProtobuf("cut short")
            yield number, wire, content[at : at + n]
            at += n
        elif wire in (1, 5):
            n = 8 if wire == 1 else 4
            if at + n > end:
                raise NotProtobuf("cut short")
            yield number, wire, int.from_bytes(content[at : at + n], "little")
            at += n
        else:
            raise NotProtobuf("an unknown kind of field")


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(content) or shift > 63:
            raise NotProtobuf("cut short")
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
