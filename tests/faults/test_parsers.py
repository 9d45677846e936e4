"""Whatever is read beside replies: odd input ends in a sentence of ours. `make fuzz` asks for ten minutes of it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.adapters.sse import EventReader
from evalkit.addresses import BadAddress, is_loopback, read_address
from evalkit.records import Outcome, Row
from evalkit.store import runs
from evalkit.store.row_codec import from_line, read_record, to_line
from tests.faults.parsers import KINDS, fuzz, make_world
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
ROW = json.loads(
    to_line(Row("t", "s", "0" * 64, "0" * 64, 0, "m", 0, Outcome.RIGHT, 1.0, started_at=0.0, text="B", attempts=2))
)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # figures of damaged rows may overflow
def test_no_mutated_input_escapes_the_tree_of_errors() -> None:
    seen, faults = fuzz(320, seed=11, seconds=30)
    assert not faults
    assert {name.split()[0] for name in seen} == set(KINDS)
    assert any(name.endswith(" read") for name in seen) and any(name.endswith(" refused") for name in seen)


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60), st.sampled_from(["", "http://", "https://127.0.0.1", "http://localhost", "//", "http://["])
)
def test_an_address_is_read_in_one_way_or_refused(text: str, before: str) -> None:
    try:
        address = read_address(before + text)
    except BadAddress:
        return
    assert address.host.isascii() and not set(address.host) & set("/\\@#? \t\n%")
    if is_loopback(address.host):
        assert address.host in ("localhost", "::1") or address.host.startswith("127.")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from([b"data:", b" a", b"\r", b"\n", b"\r\n", b"event: error", b"error:", b"{}", b":", b"\xff"])
    ),
    st.lists(st.integers(0, 60), max_size=6),
)
def test_a_stream_reads_alike_however_it_is_cut(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    whole, cut = EventReader(), EventReader()
    places = [0, *sorted(min(place, len(stream)) for place in cuts), len(stream)]
    found = [event for start, end in pairwise(places) for event in cut.feed(stream[start:end])]
    assert found + cut.close() == whole.feed(stream) + whole.close()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outcome", ["right"]),
        ("outcome", "odd"),
        ("occurrence", 1.5),
        ("occurrence", None),
        ("repeat", "0"),
        ("prompt", [["user", 5]]),
        ("prompt", ["user"]),
        ("prompt", {"user": "a"}),
        ("calls", [["f", None]]),
        ("cost_usd", "much"),
        ("model", None),
        ("task", 5),
        ("sample_digest", ["a"]),
        ("unknown", 1),
    ],
)
def test_a_line_of_a_journal_with_a_value_of_another_kind_is_none_of_ours(field: str, value: object) -> None:
    line = json.dumps(ROW | {field: value}).encode()
    with pytest.raises(ValueError):
        from_line(line)
    if field != "cost_usd":
        with pytest.raises(ValueError):
            read_record(line)


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("models", "m"), "odd"),
        (("models", "m", "prices"), 5),
        (("tasks", "t"), [1]),
        (("reasons",), 5),
        (("suite_resolved",), "x"),
        (("tasks", "t", "identity"), 1.5),
        (("started_at",), {"a": 1}),
    ],
)
def test_a_run_whose_facts_were_edited_is_never_a_defect_of_ours(
    tmp_path: Path, capsys: Capture, where: tuple[str, ...], value: object
) -> None:
    run = make_world(tmp_path).run
    told = json.loads((run / runs.FACTS).read_bytes())
    node = told
    for name in where[:-1]:
        node = node[name]
    node[where[-1]] = value
    (run / runs.FACTS).write_text(json.dumps(told))
    for words in (("show", run), ("price", run), ("report", run), ("compare", f"{run}:m", f"{run}:n"), ("list",)):
        ran = evalkit(capsys, *words, "--results", run.parent)
        assert ran.code in (0, 1, 2, 3, 4), (words, ran.err)
        assert "Traceback" not in ran.err
        assert ran.code == 0 or ran.err.strip(), words


def test_a_suite_as_json_may_write_an_emoji_as_two_escapes_and_no_half(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "items.jsonl").write_text('{"id": "a", "q": "Hi"}\n')
    suite = {
        "name": "s",
        "models": {"m": {"adapter": "scripted", "replies": {"*": "\U0001f600"}}},
        "tasks": [
            {"name": "t", "data": "items.jsonl", "prompt": "{{ q }} \U0001f600", "target": "x", "score": "exact"}
        ],
    }
    path = tmp_path / "suite.yaml"
    path.write_text(json.dumps(suite))
    assert "\\ud83d" in path.read_text()
    assert evalkit(capsys, "check", path).code == 0
    path.write_text(path.read_text().replace("\\ude00", "", 1))
    ran = evalkit(capsys, "check", path)
    assert ran.code == 2 and "half of a character" in ran.err and "models.m.replies" in ran.err


def test_numbers_beyond_64_bits_in_a_suite_do_not_stop_a_run(tmp_path: Path, capsys: Capture) -> None:
    world = make_world(tmp_path)
    suite = json.loads((tmp_path / "run.yaml").read_text())
    suite["models"]["m"]["settings"] = {"extra": {"k": 10**30}}
    (tmp_path / "run.yaml").write_text(json.dumps(suite))
    ran = evalkit(capsys, "run", tmp_path / "run.yaml", "--results", world.run.parent, "--new")
    assert ran.code in (0, 2) and "Traceback" not in ran.err, ran.err
