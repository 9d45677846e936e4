"""Data files and prompts as people write them, with what should be asked: written down before it was run."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data_world import DataWorld, lines


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def one(**fields: Any) -> list[dict[str, Any]]:
    return [{"id": "1", "q": "2+2?", "a": "4", **fields}, {"id": "2", "q": "3+3?", "a": "6", **fields}]


def parquet(**columns: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table(columns), made)
    return made.getvalue()


# what a prompt shows: (records or file, keys of the task, the first prompt)
SHOWN: list[tuple[Any, dict[str, Any], str]] = [
    (one(flag=True), {"prompt": "{{ q }} {{ flag }}"}, "2+2? true"),
    (one(flag=False), {"prompt": "{{ q }} {{ flag }}"}, "2+2? false"),
    (one(tags=["a", "b"]), {"prompt": "{{ q }} {{ tags }}"}, '2+2? ["a", "b"]'),
    (one(tags=["a", "b"]), {"prompt": "{{ q }} {{ tags | join(', ') }}"}, "2+2? a, b"),
    (one(meta={"k": None, "n": 1.5}), {"prompt": "{{ q }} {{ meta }}"}, '2+2? {"k": null, "n": 1.5}'),
    (one(meta={"items": 3}), {"prompt": "{{ q }} {{ meta.items }}"}, "2+2? 3"),
    (one(meta={"keys": "door"}), {"prompt": "{{ q }} {{ meta.keys }}"}, "2+2? door"),
    (one(meta={"values": [1]}), {"prompt": "{{ q }} {{ meta.values }}"}, "2+2? [1]"),
    (one(meta={"copy": "x", "get": "y"}), {"prompt": "{{ meta.copy }}{{ meta.get }} {{ q }}"}, "xy 2+2?"),
    (one(**{"Customer Message": "Hi"}), {"prompt": "{{ q }} {{ row['Customer Message'] }}"}, "2+2? Hi"),
    (one(**{"user-text": "Hi"}), {"prompt": "{{ q }} {{ row['user-text'] }}"}, "2+2? Hi"),
    (one(context=None), {"prompt": "{{ q }}{{ context or '' }}"}, "2+2?"),
    (one(context=None), {"prompt": "{{ q }} {{ context | default('-', true) }}"}, "2+2? -"),
    (one(context=None), {"prompt": "{% if context %}{{ context }} {% endif %}{{ q }}"}, "2+2?"),
    (one(n=3), {"prompt": "{{ q }} {{ n }}"}, "2+2? 3"),
    (one(n=3.0), {"prompt": "{{ q }} {{ n }}"}, "2+2? 3.0"),
    (one(n=10**18), {"prompt": "{{ q }} {{ n }}"}, f"2+2? {10**18}"),
    (one(t=["x", "y"]), {"prompt": "{{ q }} {{ t[-1] }}"}, "2+2? y"),
    (one(emoji="👩‍👧 é"), {"prompt": "{{ q }} {{ emoji }}"}, "2+2? 👩‍👧 é"),
    (b"id;q;a\n1;2+2?;4\n2;3+3?;6\n", {"name": "d.csv"}, "2+2?"),
    (b"id\tq\ta\n1\t2+2?\t4\n2\t3+3?\t6\n", {"name": "d.tsv"}, "2+2?"),
    (b"\xef\xbb\xbfid,q,a\r\n1,2+2?,4\r\n2,3+3?,6\r\n", {"name": "d.csv"}, "2+2?"),
    (b'id,q,a\n1,"2+2,\n5?",4\n2,3+3?,6\n', {"name": "d.csv"}, "2+2,\n5?"),
    (b'id,q,a\n1,"say ""hi""",4\n2,3+3?,6\n', {"name": "d.csv"}, 'say "hi"'),
    ("\ufeff".encode() + lines(one()), {}, "2+2?"),
    (lines(one()).replace(b"\n", b"\r\n"), {}, "2+2?"),
    (lines(one()) + b"\n\n", {}, "2+2?"),
    (parquet(id=["1", "2"], q=["2+2?", "3+3?"], a=["4", "6"]), {"name": "d.parquet"}, "2+2?"),
    (parquet(id=pa.array([1, 2]), q=pa.array([0.1, 0.2], pa.float32()), a=["4", "6"]), {"name": "d.parquet"}, "0.1"),
    (parquet(id=pa.array([1, 2]), q=pa.array([[1, 2], [3]]), a=["4", "6"]), {"name": "d.parquet"}, "[1, 2]"),
    (
        parquet(id=pa.array([1, 2]), q=["2+2?", "3+3?"], a=["4", "6"], when=pa.array([0, 1], pa.date32())),
        {"name": "d.parquet", "prompt": "{{ q }} {{ when }}"},
        "2+2? 1970-01-01",
    ),
    (
        [{"Question Text": "2+2?", "a": "4"}, {"Question Text": "3+3?", "a": "6"}],
        {"data": {"path": "d.jsonl", "fields": {"q": "Question Text"}}},
        "2+2?",
    ),
    (one(lang="de"), {"data": {"path": "d.jsonl", "where": {"lang": ["de", "fr"]}}}, "2+2?"),
    (
        [{**r, "split": "dev"} for r in one()] + [{"id": "3", "q": "4+4?", "a": "8", "split": "test"}],
        {"data": {"path": "d.jsonl", "where": {"split": "test"}}},
        "4+4?",
    ),
    (
        [{"id": "1", "q": "x", "a": "4", "n": 1}, {"id": "2", "q": "2+2?", "a": "4", "n": 2}],
        {"data": {"path": "d.jsonl", "where": {"n": [2, 3]}}},
        "2+2?",
    ),
    (
        [{"id": "1", "q": "x", "a": "4", "ok": False}, {"id": "2", "q": "2+2?", "a": "4", "ok": True}],
        {"data": {"path": "d.jsonl", "where": {"ok": True}}},
        "2+2?",
    ),
    (
        one(c=["red", "blue"], a="red"),
        {"choices": "{{ c }}", "score": "choice"},
        "2+2?\n\nA. red\nB. blue\n\nAnswer with the letter of the right option only.",
    ),
    (
        one(c=["red", "blue"], a="red"),
        {"choices": "{{ c }}", "score": "choice", "prompt": "{{ q }} {{ letters }}"},
        '2+2? ["A", "B"]',
    ),
    (
        one(c=["red", "blue"], a=1),
        {"choices": "{{ c }}", "score": "choice", "target": "{{ letters[a] }}", "prompt": "{{ q }}\n{{ options }}"},
        "2+2?\nA. red\nB. blue",
    ),
    (
        b"id,q,x,y,a\n1,2+2?,4,5,0\n2,3+3?,6,7,1\n",
        {
            "name": "d.csv",
            "choices": ["{{ x }}", "{{ y }}"],
            "target": "{{ letters[a|int] }}",
            "score": "choice",
            "prompt": "{{ q }} {{ options }}",
        },
        "2+2? A. 4\nB. 5",
    ),
]
# what is refused, and the words that say why
REFUSED: list[tuple[Any, dict[str, Any], list[str]]] = [
    (one(context=None), {"prompt": "{{ q }} {{ context }}"}, ["context", "null"]),
    (one(a=None), {}, ["null"]),
    (one(a=""), {}, ["empty|without any text|no text"]),
    (one(q=""), {}, ["empty|without any text|no text"]),
    (one(q="   \n"), {}, ["empty|without any text|no text"]),
    (one(label=-1, c=["x", "y"]), {"choices": "{{ c }}", "target": "{{ letters[label] }}", "score": "choice"}, ["-1"]),
    (
        one(label=7, c=["x", "y"]),
        {"choices": "{{ c }}", "target": "{{ letters[label] }}", "score": "choice"},
        ["no element 7"],
    ),
    (one(c=["x", "y"]), {"choices": "{{ c }}", "score": "choice"}, ["4", "x"]),
    (one(), {"prompt": "{{ question }}"}, ["question"]),
    (one(), {"prompt": "{{ Q }}"}, ["Q", "q"]),
    (one(), {"prompt": "{{ q "}, ["prompt"]),
    (one(), {"prompt": "{{ q.__class__ }}"}, ["__class__|class"]),
    (lines(one()) + b'{"id": "1", "q": "again", "a": "x"}\n', {}, ["1", "must differ"]),
    (lines(one()) + b'{"id": 1, "q": "again", "a": "x"}\n', {}, ["1", "must differ"]),
    (lines(one()) + b'{"id": 1.0, "q": "again", "a": "x"}\n', {}, ["1", "must differ"]),
    (lines(one()) + b'{"id": "3", "q": "x" "a": "x"}\n', {}, [":3|line 3"]),
    (lines(one()) + b"[1, 2]\n", {}, [":3|line 3"]),
    (lines(one()) + b'{"id": "3", "q": "x", "q": "y", "a": "x"}\n', {}, ["q", "twice|duplicate"]),
    (lines(one()) + b'{"id": "3", "q": NaN, "a": "x"}\n', {}, ["NaN"]),
    (json.dumps(one()).encode(), {}, ["list|JSON lines|JSONL"]),
    ("id,q,a\n1,café,x\n".encode("utf-16"), {"name": "d.csv"}, ["UTF-16"]),
    ("id,q,a\n1,café,x\n".encode("latin-1"), {"name": "d.csv"}, ["UTF-8"]),
    (b"id,q,q\n1,x,y\n", {"name": "d.csv"}, ["q", "two|twice|same name"]),
    (b"id,q,a\n1,x,y,z\n2,x,y\n", {"name": "d.csv"}, ["cells|columns|fields"]),
    (b"", {}, ["empty|no record"]),
    (b"\n\n", {}, ["empty|no record"]),
    (one(), {"data": {"path": "d.jsonl", "where": {"split": "test"}}}, ["split|no record"]),
    (
        [*one(), {"id": "3", "q": "4+4?", "a": "8", "split": "test"}],
        {"data": {"path": "d.jsonl", "where": {"split": "test"}}},
        ["no field 'split'"],
    ),
    (one(), {"data": {"path": "nothere.jsonl"}}, ["nothere.jsonl"]),
    (one(), {"data": {"path": "d.jsonl", "id": "ticket"}}, ["ticket"]),
    (parquet(id=["1"], q=["x"], a=pa.array([None], pa.string())), {"name": "d.parquet"}, ["null"]),
    (parquet(id=["1"], q=pa.array([b"\x00\x01"]), a=["x"]), {"name": "d.parquet"}, ["bytes|binary"]),
    (b"PK\x03\x04" + b"\0" * 60, {"name": "d.csv"}, ["Excel|zip|ZIP"]),
    (b"<!doctype html><html><body>404</body></html>", {}, ["HTML"]),
    (one(n="three"), {"prompt": "{{ q }} {{ n | int }}"}, ["int", "three"]),
    (one(a=["4", "four"]), {"score": "numbers"}, ["list|number"]),
    (one(a="four"), {"score": "numbers"}, ["four", "number"]),
    (one(c=["x", None], a="x"), {"choices": "{{ c }}", "score": "choice"}, ["list of texts"]),
    (one(c=["x"], a="x"), {"choices": "{{ c }}", "score": "choice"}, ["two|one|choices"]),
    (one(c="x", a="x"), {"choices": "{{ c }}", "score": "choice"}, ["list"]),
    (one(), {"shots": [{"q": "1+1?"}]}, ["a"]),
    (one(), {"target": "{{ a.b.c }}"}, ["a.b|a"]),
    (
        [{"id": "t", "q": "a", "a": "x", "more": ["b"]}, {"id": "t:turn2", "q": "c", "a": "x", "more": ["d"]}],
        {"turns": "{{ more }}"},
        ["turn2"],
    ),
]
# what is read, and said
NOTED: list[tuple[Any, dict[str, Any], list[str]]] = [
    ([{"id": str(n), "q": f"q{n}", "a": "x"} for n in range(5)], {}, ["same"]),
    ([{"id": str(n), "q": "q", "a": f"x{n}"} for n in range(5)], {}, ["same"]),
    (one(), {"prompt": "Answer: {q}"}, ["{q}|{{ q }}"]),
    (
        [{"id": str(n), "q": f"q{n}", "c": ["a", "b", "c"], "a": "b"} for n in range(12)],
        {"choices": "{{ c }}", "score": "choice"},
        ["place|same"],
    ),
    (
        [{"id": str(n), "q": f"q{n}", "c": ["a", "a ", "c"], "a": "c"} for n in range(3)]
        + [{"id": "9", "q": "q9", "c": ["a", "b", "c"], "a": "a"}],
        {"choices": "{{ c }}", "score": "choice"},
        ["alike|same|twice"],
    ),
]


@pytest.mark.parametrize(("records", "keys", "prompt"), SHOWN)
def test_what_is_asked(world: DataWorld, records: Any, keys: dict[str, Any], prompt: str) -> None:
    assert unindented(world.shown(records, **keys)).startswith(prompt)


def unindented(shown: str) -> str:
    return "\n".join(line.removeprefix("  ") for line in shown.split("\n")).replace("\\u200d", "\u200d")


def has(said: str, words: list[str]) -> list[str]:
    return [word for word in words if not any(part.lower() in said.lower() for part in word.split("|"))]


@pytest.mark.parametrize(("records", "keys", "words"), REFUSED)
def test_what_is_refused(world: DataWorld, records: Any, keys: dict[str, Any], words: list[str]) -> None:
    said = world.said(records, **keys)
    assert has(said, words) == [], said


@pytest.mark.parametrize(("records", "keys", "words"), NOTED)
def test_what_is_noted(world: DataWorld, records: Any, keys: dict[str, Any], words: list[str]) -> None:
    said = world.noted(records, **keys)
    assert has(said, words) == [], said


# recorded answers: (ids of the suite, ids of the answers, outcomes; None: refused before the run)
REPLAYED: list[tuple[list[Any], list[Any], list[str] | None]] = [
    ([1, 2], [1, 2], ["right", "right"]),
    ([1, 2], ["1", "2"], ["right", "right"]),
    ([1, 2], [1.0, 2.0], ["right", "right"]),
    (["a", "b"], ["b", "a"], ["right", "right"]),
    ([1, 2], [0, 1], None),
    ([0, 1], [1, 2], None),
    ([1, 2, 3], [1, 2], None),
    ([1, 2], [1, 2, 3], None),
    (["01", "02"], ["1", "2"], None),
    (["a", "b"], ["A", "B"], None),
    (["a", "b"], ["a", "a"], None),
]


@pytest.mark.parametrize(("ids", "answered", "outcomes"), REPLAYED)
def test_recorded_answers_find_their_samples_or_are_refused(
    world: DataWorld, ids: list[Any], answered: list[Any], outcomes: list[str] | None
) -> None:
    known = {
        str(n).removesuffix(".0").lstrip("0").lower() or "0": f"right {str(n).removesuffix('.0').lstrip('0').lower()}"
        for n in ids
    }
    records = [{"id": n, "q": f"q{n}", "a": known[str(n).removesuffix(".0").lstrip("0").lower() or "0"]} for n in ids]
    answers = [
        {"id": n, "text": known.get(str(n).removesuffix(".0").lstrip("0").lower() or "0", "x")} for n in answered
    ]
    (world.folder / "answers.jsonl").write_bytes(lines(answers))
    ran, rows = world.run(records, model={"adapter": "replay", "path": "answers.jsonl"})
    if outcomes is None:
        assert ran.code == 2 and rows == [], (ran.code, ran.out)
    else:
        assert [row.outcome.value for row in rows] == outcomes, ran.err
