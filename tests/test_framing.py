"""Lines and frames: cut anywhere they read alike, and frames read as botocore reads them."""

from __future__ import annotations

import json
import random

import pytest

from evalkit.adapters.framing import FrameReader, LineReader
from evalkit.errors import BadReply
from evalkit.testing.fake_provider.dialects.bedrock_converse import frame
from tests.tables import table

LINES = b'{"a": 1}\n\n{"b": "x\\ny"}\r\n  \n{"c": [1, 2]}'
FRAMES = frame("a", {"x": 1}) + frame("b", {"y": "ü" * 300}) + frame("throttlingException", {}, kind="exception")


@pytest.mark.parametrize(("reader", "content"), [(LineReader, LINES), (FrameReader, FRAMES)])
@pytest.mark.parametrize("seed", range(12))
def test_pieces_of_any_size_read_alike(reader: type, content: bytes, seed: int) -> None:
    draw = random.Random(seed)
    whole = reader()
    expected = [*whole.feed(content), *whole.close()]
    pieces, found, at = reader(), [], 0
    while at < len(content):
        size = draw.choice([1, 1, 2, 3, 7, 40, 500])
        found += pieces.feed(content[at : at + size])
        at += size
    assert [*found, *pieces.close()] == expected
    assert len(expected) == 3


def test_events_become_objects_with_one_key_and_exceptions_become_errors() -> None:
    found = [json.loads(one) for one in FrameReader().feed(FRAMES)]
    assert found == [
        {"a": {"x": 1}},
        {"b": {"y": "ü" * 300}},
        {"type": "error", "error": {"type": "throttlingException"}},
    ]


def test_an_indented_object_is_one_event() -> None:
    reader = LineReader()
    body = json.dumps({"a": {"b": [1, 2]}}, indent=2).encode()
    found = [*reader.feed(body[:5]), *reader.feed(body[5:]), *reader.close()]
    assert [json.loads(one) for one in found] == [{"a": {"b": [1, 2]}}]


@table("at", range(0, 90, 3))
def test_no_changed_byte_of_a_frame_is_read(at: int) -> None:
    content = frame("contentBlockDelta", {"delta": {"text": "no"}})
    changed = content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :]
    try:
        found = FrameReader().feed(changed)
    except BadReply:
        return
    assert found == [], "it waits for more bytes"


def test_what_botocore_reads_is_what_is_read() -> None:
    eventstream = pytest.importorskip("botocore.eventstream")
    buffer = eventstream.EventStreamBuffer()
    buffer.add_data(FRAMES)
    theirs = [(event.headers[":message-type"], event.payload) for event in buffer]
    assert theirs[0] == ("event", b'{"x":1}')
    assert [kind for kind, _ in theirs] == ["event", "event", "exception"]
