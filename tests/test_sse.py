"""Events come out the same however the network cuts their bytes."""

from __future__ import annotations

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.adapters.sse import EventReader
from evalkit.errors import BadReply

STREAM = (
    b': hello\nid: 1\ndata: {"a": "\xc3\xa9"}\n\nevent: x\ndata: one\ndata:two\n\n'
    b'event: error\ndata: {"m": 1}\n\nerror: down\n\ndata: [DONE]\n\n'
)
EVENTS = [
    b'{"a": "\xc3\xa9"}',
    b"one\ntwo",
    b'{"type":"error","error":{"m":1}}',
    b'{"type":"error","error":"down"}',
    b"[DONE]",
]


def _read(chunks: list[bytes]) -> list[bytes]:
    reader = EventReader()
    return [event for chunk in chunks for event in reader.feed(chunk)] + reader.close()


@given(st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 200), max_size=12))
def test_any_cut_and_any_line_end_give_the_same_events(end: bytes, cuts: list[int]) -> None:
    body = STREAM.replace(b"\n", end)
    places = sorted({0, len(body), *(min(cut, len(body)) for cut in cuts)})
    assert _read([body[a:b] for a, b in pairwise(places)]) == EVENTS


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_by_byte_is_no_exception(end: bytes) -> None:
    body = STREAM.replace(b"\n", end)
    assert _read([body[n : n + 1] for n in range(len(body))]) == EVENTS


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_break_the_reader(chunks: list[bytes]) -> None:
    for event in _read(chunks):
        assert isinstance(event, bytes)


@given(st.text(max_size=60))
def test_an_error_is_json_whatever_its_data_is(said: str) -> None:
    line = said.replace("\n", " ").replace("\r", " ").strip()
    for event in _read([b"event: error\ndata: " + line.encode("utf-8", "replace") + b"\n\n"]):
        assert json.loads(event)["type"] == "error"


def test_many_empty_data_lines_of_one_event_take_no_time() -> None:
    reader, began = EventReader(), time.process_time()
    with pytest.raises(BadReply):
        for _ in range(2_000):
            reader.feed(b"data:\n" * 10_922)
    assert time.process_time() - began < 10
    reader = EventReader()
    assert reader.feed(b"data: a\ndata:\ndata: b\n\ndata:\n\n") == [b"a\n\nb", b""]
