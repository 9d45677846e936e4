"""Row ↔ line: nothing is lost, and nothing that a model writes can break a journal."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.records import Outcome, Row
from evalkit.store.parts import PartColumns, rows_batch, texts_batch
from evalkit.store.row_codec import column_values, from_line, key_hash, read_record, record_key, to_line
from tests.store_rows import HOSTILE, a_hostile_row, a_row, an_error


@pytest.mark.parametrize("row", [a_row(), an_error(), a_hostile_row()], ids=["typical", "errored", "hostile"])
def test_a_row_comes_back_exactly_as_it_was(row: object) -> None:
    back = from_line(to_line(row))  # type: ignore[arg-type]
    assert back == row
    assert isinstance(back.outcome, Outcome)


@pytest.mark.parametrize("row", [a_row(), an_error(), a_hostile_row()], ids=["typical", "errored", "hostile"])
def test_sealing_sees_the_same_row_without_making_one(row: Row) -> None:
    columns = PartColumns()
    for one in (an_error(1), row, a_row(2)):  # a field that one of them lacks has its default there
        columns.add(column_values(read_record(to_line(one))))
    made = [an_error(1), row, a_row(2)]
    assert columns.batches() == (rows_batch(made), texts_batch(made))


def test_sealing_is_not_stopped_by_a_line_whose_values_are_no_row() -> None:
    record = orjson.loads(to_line(a_row()))
    with pytest.raises(ValueError, match="not a row of this version"):
        column_values(read_record(orjson.dumps(record | {"cost_usd": "no sum"})))


@pytest.mark.long
@given(text=st.text(), cost=st.decimals(min_value=0, allow_nan=False, allow_infinity=False), score=st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_any_text_and_any_amount_come_back_exactly(text: str, cost: Decimal, score: float) -> None:
    row = a_row(text=text, cost_usd=cost, score=score)
    back = from_line(to_line(row))
    assert back == row
    assert str(back.cost_usd) == str(cost)


def test_one_row_is_one_line_whatever_the_text_holds() -> None:
    line = to_line(a_hostile_row())
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert b"\x00" not in line
    assert b"\x1b" not in line


def test_half_a_surrogate_pair_is_kept_visibly_and_does_not_crash() -> None:
    back = from_line(to_line(a_row(text="left \ud83d right", raw_usage={"\udc00": "\ud800"})))
    assert back.text == "left \\ud83d right"
    assert back.raw_usage == {"\\udc00": "\\ud800"}


def test_usage_that_no_json_holds_is_kept_as_text() -> None:
    deep: list[object] = []
    for _ in range(300):
        deep = [deep]
    usage = MappingProxyType({"huge": 2**70, "cost": Decimal("1.5"), 3: b"x", "deep": deep, "set": {1}})
    back = from_line(to_line(a_row(raw_usage=usage)))
    assert back.raw_usage is not None
    assert back.raw_usage["huge"] == str(2**70)
    assert back.raw_usage["cost"] == "1.5"
    assert back.raw_usage["3"] == "b'x'"


def test_an_impossible_continuation_keeps_its_likelihood_of_minus_infinity() -> None:
    back = from_line(to_line(a_row(logliks=(float("-inf"), -2.0, float("nan")))))
    assert back.logliks is not None
    assert back.logliks[:2] == (float("-inf"), -2.0)
    assert math.isnan(back.logliks[2])


def test_absent_is_not_zero() -> None:
    back = from_line(
        to_line(a_row(outcome=Outcome.SCORED, score=None, queue_s=None, retry_s=0.0, input_tokens=0, cost_usd=None))
    )
    assert (back.score, back.queue_s, back.retry_s, back.input_tokens, back.cost_usd) == (None, None, 0.0, 0, None)


def test_defaults_take_no_space() -> None:
    written = orjson.loads(to_line(an_error()))
    assert not {"cached", "attempts", "critical", "slices", "parts", "prompt", "dropped", "text"} & written.keys()


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"null\n", b"[]\n", b"{}\n", b"\x00\x00\n", to_line(a_row())[:-20], b'{"task": "only"}\n'],
)
def test_a_damaged_line_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        from_line(line)


def test_a_line_of_another_version_is_no_row() -> None:
    record = orjson.loads(to_line(a_row()))
    for changed in ({**record, "brand_new": 1}, {**record, "outcome": "splendid"}, {**record, "cost_usd": "much"}):
        with pytest.raises(ValueError, match="not a row of this version"):
            from_line(orjson.dumps(changed))


def test_the_record_of_a_line_has_the_key_of_its_row() -> None:
    row = a_hostile_row()
    assert record_key(read_record(to_line(row))) == row.key


def test_keys_that_differ_have_hashes_that_differ() -> None:
    row = a_row()
    others = [replace(row, repeat=1), replace(row, occurrence=1), replace(row, model="claude"), replace(row, task="m")]
    shifted = [
        replace(row, model="a', 'b", task="c"),
        replace(row, model="a", task="b', 'c"),
        replace(row, task=HOSTILE),
    ]
    hashes = {key_hash(r.key) for r in [row, *others, *shifted]}
    assert len(hashes) == 8
    assert all(len(h) == 16 for h in hashes)
