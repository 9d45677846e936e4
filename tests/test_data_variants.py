"""Variants of data files and prompts by another writer, in one table a door: written down before it was run."""
# ruff: noqa: E501 - a case stands on one line

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.data_world import DataWorld, lines
from tests.test_data_batch import has, one, parquet, unindented

LETTERED = {"choices": "{{ c }}", "score": "choice"}
# what a prompt shows: (records or file, keys of the task, the first prompt)
SHOWN: list[tuple[Any, dict[str, Any], str]] = [
    (one(tags=["a", "b"]), {"prompt": "{{ q ~ ' ' ~ tags }}"}, '2+2? ["a", "b"]'),
    (one(m={"k": True}), {"prompt": "{{ 'Given ' ~ m }} {{ q }}"}, 'Given {"k": true} 2+2?'),
    (one(m=[True, None]), {"prompt": "{{ q }} {{ m | string }}"}, "2+2? [true, null]"),
    (one(flags=[True, False]), {"prompt": "{{ q }} {{ flags | join('/') }}"}, "2+2? true/false"),
    (one(x=1, y=2), {"prompt": "{{ q }} {{ x < y }}"}, "2+2? true"),
    (one(m={"update": "now", "pop": 3}), {"prompt": "{{ m.update }}{{ m.pop }} {{ q }}"}, "now3 2+2?"),
    (one(m=[{"keys": "k1"}]), {"prompt": "{{ m[0].keys }} {{ q }}"}, "k1 2+2?"),
    (one(**{"Größe": 5}), {"prompt": "{{ q }} {{ Größe }}"}, "2+2? 5"),
    (one(**{"問題": "何?"}), {"prompt": "{{ 問題 }} {{ q }}"}, "何? 2+2?"),
    (one(**{"a.b": "dot"}), {"prompt": "{{ row['a.b'] }} {{ q }}"}, "dot 2+2?"),
    (one(**{"class": "noun"}), {"prompt": "{{ row['class'] }} {{ q }}"}, "noun 2+2?"),
    (b'id;q;a\r\n1;"2,5+2?";4,5\r\n2;3+3?;6\r\n', {"name": "d.csv"}, "2,5+2?"),
    (
        b"\xef\xbb\xbfid;Question Text;a\r\n1;2+2?;4\r\n2;3+3?;6\r\n",
        {"name": "d.csv", "prompt": "{{ row['Question Text'] }}"},
        "2+2?",
    ),
    (
        parquet(id=[1, 2], q=["2+2?", "3+3?"], a=["4", "6"], d=pa.array(["x", "x"]).dictionary_encode()),
        {"name": "d.parquet", "prompt": "{{ d }} {{ q }}"},
        "x 2+2?",
    ),
    (
        parquet(
            id=[1, 2], q=["2+2?", "3+3?"], a=["4", "6"], e=pa.array([0.3, 0.1], pa.float16() if False else pa.float32())
        ),
        {"name": "d.parquet", "prompt": "{{ e }} {{ q }}"},
        "0.3 2+2?",
    ),
    (
        parquet(
            id=[1, 2],
            q=["2+2?", "3+3?"],
            a=["4", "6"],
            s=pa.array([{"u": [pa.scalar(0.7, pa.float32()).as_py()]}] * 2, pa.struct([("u", pa.list_(pa.float32()))])),
        ),
        {"name": "d.parquet", "prompt": "{{ s.u }} {{ q }}"},
        "[0.7] 2+2?",
    ),
    (
        parquet(id=[1, 2], q=["2+2?", "3+3?"], a=["4", "6"], b=pa.array([True, False])),
        {"name": "d.parquet", "prompt": "{{ b }} {{ q }}"},
        "true 2+2?",
    ),
    (one(lang="de"), {"data": {"path": "d.jsonl", "where": {"lang": "de"}}}, "2+2?"),
    (
        [{**r, "lvl": n} for n, r in enumerate(one(), 1)],
        {"data": {"path": "d.jsonl", "where": {"lvl": [2, 9]}}},
        "3+3?",
    ),
    (one(ctx=None), {"prompt": "{{ q }}{% if ctx is not none %} {{ ctx }}{% endif %}"}, "2+2?"),
]
# what is refused, and the words that say why
REFUSED: list[tuple[Any, dict[str, Any], list[str]]] = [
    (one(ctx=None), {"prompt": "{{ q ~ ' ' ~ ctx }}"}, ["ctx|null"]),
    (one(ctx=None), {"prompt": "{{ q }} {{ ctx | string }}"}, ["ctx|null"]),
    (one(ctx=None), {"prompt": "{{ q }} {{ ctx | upper }}"}, ["ctx|null"]),
    (one(ctx=None), {"prompt": "{{ q }} {{ ctx | default('-') }}"}, ["ctx|null"]),
    (one(tags=["a", None]), {"prompt": "{{ q }} {{ tags | join(', ') }}"}, ["null"]),
    (one(tags=[None]), {"prompt": "{{ q }}{% for t in tags %} {{ t }}{% endfor %}"}, ["null"]),
    (one(m={"k": None}), {"prompt": "{{ q }} {{ m.k }}"}, ["null"]),
    (one(ctx=None), {"system": "You know {{ ctx }}.", "prompt": "{{ q }}"}, ["ctx|null"]),
    (one(a=None), {"target": "{{ a or None }}"}, ["null|empty|none"]),
    (one(a=None), {"score": {"exact": {"ignore_case": True}}}, ["null"]),
    (one(a="   "), {}, ["empty|without any text|no text"]),
    (b"id,q,a\n1,2+2?,4\n2,3+3?,\n", {"name": "d.csv"}, ["empty|no text|without any text", "2|3"]),
    (b"id;q;a\n1;;4\n2;3+3?;6\n", {"name": "d.csv"}, ["empty|no text|without any text"]),
    (one(q=None), {}, ["null"]),
    (one(q="\u200b"), {}, ["empty|without any text|no text"]),
    (one(q="x"), {"prompt": "{% if q == 'y' %}{{ q }}{% endif %}"}, ["empty|without any text|no text"]),
    (one(m={"x": 1}), {"prompt": "{{ q }} {{ m.items }}"}, ["items"]),
    (one(m={"x": 1}), {"prompt": "{{ q }} {{ m.get }}"}, ["get"]),
    (one(), {"prompt": "{{ q.upper }}"}, ["upper"]),
    (one(), {"prompt": "{{ q }} {{ letters.index }}"}, ["index|letters"]),
    (one(c=["x", "y"], n=-2), {**LETTERED, "target": "{{ letters[n] }}"}, ["-2"]),
    (one(c=["x", "y"], n="-1"), {**LETTERED, "target": "{{ letters[n | int] }}"}, ["-1"]),
    (one(c=["x", "y"], n=-1), {**LETTERED, "target": "{{ c[n] }}"}, ["-1"]),
    (one(c=["x", "y"], n=-100), {**LETTERED, "target": "{{ n }}"}, ["-100"]),
    (one(c=["x", "y"], n=2), {**LETTERED, "target": "{{ letters[n] }}"}, ["2"]),
    (one(), {"prompt": "{{ Question Text }}"}, ["row[|field name"]),
    (one(**{"ticket-id": "7"}), {"prompt": "{{ ticket-id }} {{ q }}"}, ["ticket"]),
    ("id,q,a\n1,2+2?,4\n".encode("utf-16-le"), {"name": "d.csv"}, ["UTF-16"]),
    ("id,q,a\n1,2+2?,4\n".encode("utf-16-be"), {"name": "d.csv"}, ["UTF-16"]),
    ('{"id": "1", "q": "2+2?", "a": "4"}\n'.encode("utf-16"), {}, ["UTF-16"]),
    ("id\tq\ta\n1\tcafé\t4\n".encode("utf-32"), {"name": "d.tsv"}, ["UTF-32"]),
    (b"id,q,a,a\n1,2+2?,4,5\n", {"name": "d.csv"}, ["a", "two|twice|same name"]),
    (b"id\tq\tq\n1\tx\ty\n", {"name": "d.tsv"}, ["q", "two|twice|same name"]),
    (
        parquet(id=[1], q=["x"], a=pa.array([float("nan")])),
        {"name": "d.parquet", "score": "numbers"},
        ["nan|null|number"],
    ),
    (
        [{"id": "1", "q": "a", "a": "x", "more": ["b", "c"]}, {"id": "1:turn3", "q": "z", "a": "x", "more": []}],
        {"turns": "{{ more }}"},
        ["turn3"],
    ),
    (lines([{"id": 1, "q": "a", "a": "x"}, {"id": "1", "q": "b", "a": "y"}]), {}, ["1", "must differ"]),
    (one(), {"data": {"path": "d.jsonl", "where": {"id": ["7", "8"]}}}, ["7|no record"]),
]
# what is read, and said
NOTED: list[tuple[Any, dict[str, Any], list[str]]] = [
    (one(), {"target": "{a}"}, ["same|{a}"]),
    (one(), {"prompt": "Q: $q"}, ["same|$q"]),
    (one(), {"prompt": "Q: <q>\nA:"}, ["same|<q>"]),
    (one(), {"prompt": "Q: {{ 'q' }}"}, ["same"]),
    (
        [
            {"id": str(n), "split": s, "q": q, "a": "x" + str(n)}
            for n, (s, q) in enumerate(
                [
                    ("test", "What is 2 + 2?"),
                    ("test", "And 3 + 3?"),
                    ("dev", "What is\n2 + 2?  "),
                    ("dev", "What is 9 + 9?"),
                    ("dev", "And 8 + 8?"),
                ]
            )
        ],
        {"data": {"path": "d.jsonl", "where": {"split": "test"}}, "shots": {"n": 2, "where": {"split": "dev"}}},
        ["example|shots"],
    ),
    (
        [
            {"id": str(n), "split": s, "q": q, "c": c, "a": "red"}
            for n, (s, q, c) in enumerate(
                [
                    ("test", "Which?", ["red", "blue"]),
                    ("test", "Which one?", ["red", "green"]),
                    ("dev", "which?", ["blue", "red"]),
                    ("dev", "What colour?", ["red", "grey"]),
                ]
            )
        ],
        {
            "data": {"path": "d.jsonl", "where": {"split": "test"}},
            "shots": {"n": 1, "where": {"split": "dev"}},
            **LETTERED,
        },
        ["example|shots"],
    ),
]
# a suite as people type it: (lines of the task, the words of the refusal)
TYPED = [
    ('    prompt: {{ question }}\n    target: "{{ a }}"\n    score: exact\n', ["quotes"]),
    ('    prompt: "{{ q }}"\n    target: {{ a }}\n    score: exact\n', ["quotes"]),
    ('    prompt: {q}\n    target: "{{ a }}"\n    score: exact\n', ["{{ q }}|quotes"]),
    ('    prompt: "{{ q }}"\n    choices: {{ c }}\n    target: "{{ a }}"\n    score: choice\n', ["quotes"]),
    ('    prompt: "{{ q }}"\n    system: {{ s }}\n    target: "{{ a }}"\n    score: exact\n', ["quotes"]),
    ('    prompt: Q: {{ q }}\n    target: "{{ a }}"\n    score: exact\n', ["quotes|colon"]),
]
# (records or file, keys of the task, the reply, the outcome of the first row)
MARKED: list[tuple[Any, dict[str, Any], str, str]] = [
    (one(a=True), {}, "true", "right"),
    (one(a=True), {}, "True", "wrong"),
    (one(a=False), {"score": {"exact": {"ignore_case": True}}}, "False", "right"),
    (one(a=True), {"target": "{{ 'yes' if a else 'no' }}"}, "yes", "right"),
    (one(a=1.5), {"score": "numbers"}, "1.5", "right"),
    (one(a={"x": None}), {"score": {"json": {"equals": True}}}, '{"x": null}', "right"),
    (one(a=["4", "four"]), {"target": None, "score": {"exact": {"field": "a"}}}, "four", "right"),
    (
        parquet(id=[1], q=["x"], a=pa.array([0.2], pa.float32())),
        {"name": "d.parquet", "score": "numbers"},
        "0.2",
        "right",
    ),
    (parquet(id=[1], q=["x"], a=pa.array([2.675], pa.float32())), {"name": "d.parquet"}, "2.675", "right"),
    (parquet(id=[1], q=["x"], a=pa.array([True])), {"name": "d.parquet"}, "true", "right"),
    (b"id,q,a\n1,Is it?,TRUE\n", {"name": "d.csv"}, "TRUE", "right"),
    (b"id;q;a\n1;2,5+2?;4,5\n", {"name": "d.csv"}, "4,5", "right"),
]
# recorded answers: (ids of the suite; None: none, ids of the answers, outcomes; None: refused before the run)
REPLAYED: list[tuple[list[Any] | None, list[Any], list[str] | None]] = [
    (None, [1, 2], ["right", "right"]),
    (None, [0, 1], None),
    (None, ["0", "1"], None),
    (None, [1.0, 2.0], ["right", "right"]),
    (["1.0", "2.0"], [1, 2], ["right", "right"]),
    (["q-1", "q-2"], ["q_1", "q_2"], None),
    ([10, 20], ["10", "20"], ["right", "right"]),
    ([1, 2], ["1 ", " 2"], None),
    ([2, 1], [1, 2], ["right", "right"]),
]


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def test_what_is_asked(world: DataWorld) -> None:
    otherwise = []
    for records, keys, prompt in SHOWN:
        ran = world.check(records, **keys)
        shown = unindented(world.shown(records, **keys)) if ran.code == 0 else ran.err
        if not shown.startswith(prompt):
            otherwise.append(f"{keys}: {shown[:300]!r}, not {prompt!r}")
    assert not otherwise, "\n".join(otherwise)


def test_what_is_refused(world: DataWorld) -> None:
    otherwise = []
    for records, keys, words in REFUSED:
        ran = world.check(records, **keys)
        if ran.code != 2 or has(ran.err, words) or "Traceback" in ran.err:
            otherwise.append(f"{keys} {str(records)[:120]}: {ran.code} {ran.err[:300]!r}, not {words}")
    assert not otherwise, "\n".join(otherwise)


def test_what_is_noted(world: DataWorld) -> None:
    otherwise = []
    for records, keys, words in NOTED:
        ran = world.check(records, **keys)
        notes = "\n".join(line for line in ran.out.split("\n") if "note:" in line)
        if ran.code != 0 or has(notes, words):
            otherwise.append(f"{keys}: {ran.code} {ran.err[:300]!r} {notes[:300]!r}, not {words}")
    assert not otherwise, "\n".join(otherwise)


def test_what_is_typed_without_quotes_is_refused_with_the_way_out(world: DataWorld) -> None:
    otherwise = []
    for typed, words in TYPED:
        suite = world.suite(one(c=["4", "6"], s="x"))
        suite.write_text(
            f"name: n\nmodels: {{m: {{adapter: scripted, replies: {{'*': x}}}}}}\ntasks:\n  - name: t\n    data: d.jsonl\n{typed}",
            encoding="utf-8",
        )
        from tests.world import evalkit

        ran = evalkit(world.capsys, "check", suite)
        if ran.code != 2 or has(ran.err, words) or "Traceback" in ran.err:
            otherwise.append(f"{typed!r}: {ran.code} {ran.err[:300]!r}, not {words}")
    assert not otherwise, "\n".join(otherwise)


@pytest.mark.long
def test_what_is_marked(world: DataWorld) -> None:
    otherwise = []
    for records, keys, reply, outcome in MARKED:
        ran, rows = world.run(records, reply=reply, run={"max_error_rate": 1.0}, **keys)
        found = rows[0].outcome.value if rows else ran.err[:300]
        if found != outcome:
            otherwise.append(f"{keys} {str(records)[:100]} {reply!r}: {found!r}, not {outcome}")
    assert not otherwise, "\n".join(otherwise)


def test_recorded_answers_find_their_samples_or_are_refused(world: DataWorld) -> None:
    otherwise = []
    for ids, answered, outcomes in REPLAYED:
        numbers = ids if ids is not None else list(range(1, len(answered) + 1))
        records = [
            {**({} if ids is None else {"id": n}), "q": f"q{n}", "a": f"a{str(n).removesuffix('.0')}"} for n in numbers
        ]
        answers = [{"id": n, "text": f"a{str(n).strip().removesuffix('.0')}"} for n in answered]
        (world.folder / "answers.jsonl").write_bytes(lines(answers))
        ran, rows = world.run(records, model={"adapter": "replay", "path": "answers.jsonl"})
        found = None if ran.code == 2 and not rows else [row.outcome.value for row in rows]
        if found != outcomes:
            otherwise.append(f"{ids} {answered}: {ran.code} {found} {ran.err[:300]!r}, not {outcomes}")
    assert not otherwise, json.dumps(otherwise, indent=1, ensure_ascii=False)
