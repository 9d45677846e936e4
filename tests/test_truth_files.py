"""Files as other programs write them: read rightly, or refused in one sentence that says the way out."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data_world import DataWorld


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def parquet(world: DataWorld, table: pa.Table) -> bytes:
    path = world.folder / "made.parquet"
    pq.write_table(table, path)
    content = path.read_bytes()
    path.unlink()
    return content


READ: list[tuple[str, bytes]] = [
    ("d.csv", b"id;q;a\n1;b;x\n"),
    ("d.csv", b"id\tq\ta\n1\tb\tx\n"),
    ("d.csv", b"id|q|a\n1|b|x\n"),
    ("d.csv", b'"id";"q";"a"\r\n"1";"b";"x"\r\n'),
    ("d.csv", b"\xef\xbb\xbfid;q;a\r\n1;b;x\r\n"),
    ("d.csv", b"sep=;\r\nid;q;a\r\n1;b;x\r\n"),
    ("d.csv", b"id, q , a\n1,b,x\n"),
    ("d.csv", b"id,q,a,\n1,b,x,\n"),  # a separator after every line
    ("d.csv", b"id,\tq,a\xc2\xa0\n1,b,x\n"),
    ("d.csv", b'id,q,a\n1,"b","x"\n'),
    ("d.tsv", b"id,q,a\n1,b,x\n"),
    ("d.tsv", b"id\tq\ta\n1\tb\tx\n"),
    ("d.csv.gz", gzip.compress(b"id;q;a\n1;b;x\n", mtime=0)),
    ("d.csv", b"id;q;a\n1;b;x\n\n"),
]


@pytest.mark.long(but=5)
@pytest.mark.parametrize(("name", "content"), READ)
def test_a_table_is_read_whatever_stands_between_its_cells(world: DataWorld, name: str, content: bytes) -> None:
    _, rows = world.run(content, name=name)
    assert [(row.sample_id, row.prompt[-1].content, row.target) for row in rows] == [("1", "b", "x")]


def test_decimal_commas_stay_in_their_cells(world: DataWorld) -> None:
    _, rows = world.run(b"id;q;a\n1;1,5 + 1,5?;3,0\n2;a; b\n", name="d.csv")
    assert [(row.prompt[-1].content, row.target) for row in rows] == [("1,5 + 1,5?", "3,0"), ("a", " b")]


REFUSED: list[tuple[str, bytes, list[str]]] = [
    ("d.csv", "id,q,a\n1,café,x\n".encode("utf-16"), ["UTF-16", "iconv -f UTF-16"]),
    ("d.csv", "id,q,a\n1,café,x\n".encode("utf-16-le"), ["UTF-16LE"]),
    ("d.csv", b"\xfe\xff" + "id,q,a\n1,b,x\n".encode("utf-16-be"), ["UTF-16"]),
    ("d.jsonl", '{"id":"1","q":"b","a":"x"}\n{"id":"2","q":"b","a":"x"}\n'.encode("utf-16"), ["UTF-16"]),
    ("d.jsonl", '{"id":"1","q":"b","a":"x"}\n'.encode("utf-32"), ["UTF-32"]),
    ("d.csv", b"id,q,a\n1,b,x\n2,caf\xe9,x\n", ["d.csv:3", "WINDOWS-1252"]),
    ("d.jsonl", b'{"id":"1","q":"caf\xe9","a":"x"}\n' * 40, ["d.jsonl:1", "WINDOWS-1252", "39 more"]),
    ("d.csv", b"id,q,a,q\n1,b,x,c\n", ["twice", "'q'"]),
    ("d.csv", b"id,q, q,a\n1,b,c,x\n", ["twice", "'q'"]),
    ("d.csv", b"id,,q,a\n1,,b,x\n", ["column 2", "no name"]),
    ("d.csv", b"", ["empty"]),
    ("d.jsonl", b'[{"id":"1","q":"b","a":"x"},\n{"id":"2","q":"b","a":"x"}]\n', ["one JSON list", "jq"]),
    ("d.jsonl", b'[\n  {"id":"1","q":"b","a":"x"}\n]\n', ["one JSON list"]),
    ("d.jsonl", b'{\n "id":"1",\n "q":"b",\n "a":"x"\n}\n', ["several lines", "jq -c"]),
    ("d.jsonl", gzip.compress(b'{"id":"1","q":"b","a":"x"}\n', mtime=0), ["gzip", ".gz"]),
    ("d.csv", b"PK\x03\x04" + b"\0" * 60, ["Excel", "CSV"]),
    ("d.jsonl", b"PAR1" + b"\0" * 60, ["Parquet"]),
    ("d.parquet", b'{"id":"1"}\n', ["Parquet"]),
    ("d.csv", b"<!DOCTYPE html><html><body>Sign in</body></html>\n", ["HTML"]),
    ("d.jsonl", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", ["Git LFS", "git lfs pull"]),
    ("d.csv", b"id,q,a\n1,b\n2,c\n3,d\n", ["has 2 cells", "2 more"]),
    ("d.jsonl", b'{"id":"1","q":"b","a":NaN}\n', ["NaN"]),
    ("d.jsonl", b'{"id":"1","q":' + b"[" * 200_000 + b"]" * 200_000 + b',"a":"x"}\n', ["d.jsonl:1", "nested"]),
    ("d.json", b'[{"id":"1"}]', ["one record per line"]),
]


@pytest.mark.long(but=9)
@pytest.mark.parametrize(("name", "content", "words"), REFUSED)
def test_a_file_of_another_kind_is_one_sentence_with_the_way_out(
    world: DataWorld, name: str, content: bytes, words: list[str]
) -> None:
    said = world.said(content, name=name).strip()
    assert all(word in said for word in words), said
    assert said.count("\n") == 0 and len(said) < 600, said


def test_a_suite_in_utf_16_is_told_so(world: DataWorld) -> None:
    from tests.world import evalkit

    path = world.suite()
    path.write_text(path.read_text(), encoding="utf-16")
    ran = evalkit(world.capsys, "check", path)
    assert ran.code == 2 and "UTF-16" in ran.err and "iconv" in ran.err


@pytest.mark.parametrize(
    ("array", "reply"),
    [
        (pa.array([0.1], pa.float32()), "0.1"),
        (pa.array([3.14], pa.float32()), "3.14"),
        (pa.array([0.5], pa.float32()), "0.5"),
        (pa.array([1e-7], pa.float32()), "1e-07"),
        (pa.array([16777216.0], pa.float32()), "16777216.0"),
        (pa.array([0.1]), "0.1"),
        (pa.array([True]), "true"),
        (pa.array([7], pa.uint8()), "7"),
    ],
)
def test_numbers_of_parquet_are_the_shortest_text(world: DataWorld, array: pa.Array, reply: str) -> None:
    table = pa.table({"id": ["1"], "q": ["b"], "a": array})
    _, rows = world.run(parquet(world, table), name="d.parquet", reply=reply)
    assert str(rows[0].outcome) == "right", rows[0].target


def test_short_floats_inside_lists_and_structs_too(world: DataWorld) -> None:
    nested = pa.array([[0.1, 2.7]], pa.list_(pa.float32()))
    inner = pa.array([{"x": 0.3}], pa.struct([("x", pa.float32())]))
    table = pa.table({"id": ["1"], "q": nested, "m": inner, "a": ["x"]})
    _, rows = world.run(parquet(world, table), name="d.parquet", prompt="{{ q }} {{ m.x }}")
    assert rows[0].prompt[-1].content == "[0.1, 2.7] 0.3"


def _twice(names: list[str]) -> pa.Table:
    return pa.Table.from_arrays([pa.array([name]) for name in "1bcx"], names=names)


@pytest.mark.parametrize("names", [["id", "q", "q", "a"], ["id", "q", "a", "a"], ["id", "q", "u", "u"]])
def test_two_parquet_columns_of_one_name_are_refused(world: DataWorld, names: list[str]) -> None:
    assert "twice" in world.said(parquet(world, _twice(names)), name="d.parquet")


def test_two_fields_of_one_name_inside_a_struct_are_refused(world: DataWorld) -> None:
    kind = pa.struct([pa.field("x", pa.string()), pa.field("x", pa.string())])
    inner = pa.StructArray.from_arrays([pa.array(["u"]), pa.array(["w"])], fields=list(kind))
    table = pa.table({"id": ["1"], "m": inner, "q": ["b"], "a": ["x"]})
    said = world.said(parquet(world, table), name="d.parquet")
    assert "twice" in said and "m.x" in said


def test_names_that_differ_in_case_are_two_columns(world: DataWorld) -> None:
    _, rows = world.run(parquet(world, _twice(["id", "q", "Q", "a"])), name="d.parquet", prompt="{{ q }}{{ Q }}")
    assert rows[0].prompt[-1].content == "bc"


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (pa.array([float("nan")]), "NaN"),
        (pa.array([float("inf")]), "infinite"),
        (pa.array([b"\xff\xfe\x00"]), "bytes"),
        (pa.array([None], pa.string()), "null"),
        (pa.array([[b"\x00"]]), "bytes"),
    ],
)
def test_what_is_no_text_is_no_right_answer(world: DataWorld, array: pa.Array, word: str) -> None:
    table = pa.table({"id": ["1"], "q": ["b"], "a": array})
    said = world.said(parquet(world, table), name="d.parquet")
    assert word in said and "row 1" in said


def test_dates_and_decimals_are_text(world: DataWorld) -> None:
    import datetime
    import decimal

    table = pa.table(
        {"id": ["1"], "q": [datetime.date(2026, 1, 2)], "a": pa.array([decimal.Decimal("12.50")], pa.decimal128(5, 2))}
    )
    _, rows = world.run(parquet(world, table), name="d.parquet", reply="12.50")
    assert rows[0].prompt[-1].content == "2026-01-02" and str(rows[0].outcome) == "right"


WHERE: list[tuple[Any, list[str]]] = [
    (["b", "c"], ["1", "2"]),
    (["b"], ["1"]),
    ("d", ["3"]),
]


@pytest.mark.parametrize(("wanted", "ids"), WHERE)
def test_where_takes_one_value_or_a_list(world: DataWorld, wanted: Any, ids: list[str]) -> None:
    records = [{"id": str(i), "q": q, "a": "x"} for i, q in enumerate("bcd", 1)]
    _, rows = world.run(records, data={"path": "d.jsonl", "where": {"q": wanted}})
    assert [row.sample_id for row in rows] == ids


@pytest.mark.parametrize("wanted", [True, [True], ["true"], [1, True]])
def test_where_reads_true_in_a_csv_file(world: DataWorld, wanted: Any) -> None:
    content = b"id,q,a,ok\n1,b,x,true\n2,c,x,false\n"
    _, rows = world.run(content, name="d.csv", data={"path": "d.csv", "where": {"ok": wanted}})
    assert [row.sample_id for row in rows] == ["1"]


@pytest.mark.parametrize("spelt", ["TRUE,FALSE", "True,False"])
def test_where_reads_true_as_excel_and_pandas_write_it(world: DataWorld, spelt: str) -> None:
    yes, no = spelt.split(",")
    content = f"id,q,a,ok\n1,b,x,{yes}\n2,c,x,{no}\n".encode()
    _, rows = world.run(content, name="d.csv", data={"path": "d.csv", "where": {"ok": True}})
    assert [row.sample_id for row in rows] == ["1"]


@pytest.mark.parametrize("wanted", [[], [["b"]], {"in": ["b"]}, None])
def test_a_where_that_cannot_be_is_refused(world: DataWorld, wanted: Any) -> None:
    assert "where" in world.said(data={"path": "d.jsonl", "where": {"q": wanted}})


def test_a_record_of_many_megabytes_is_refused_soon(world: DataWorld) -> None:
    path = world.folder / "d.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"id":"1","q":"')
        for _ in range(80):
            file.write(b"a" * 1_000_000)
        file.write(b'","a":"x"}\n')
    began = time.monotonic()
    said = world.said(path.read_bytes(), name="d.jsonl.gz")
    assert "d.jsonl.gz" in said and time.monotonic() - began < 10.0


@pytest.mark.parametrize("line", [b'{"id":"1","q":"b","a":"x"}\n', b"\n"])
def test_a_gzip_bomb_is_refused_soon(world: DataWorld, line: bytes) -> None:
    member = gzip.compress(line * (12_000_000 // len(line)), 9, mtime=0)
    began = time.monotonic()
    assert "times its size" in world.said(member * 4, name="d.jsonl.gz")
    assert time.monotonic() - began < 40.0


@pytest.mark.long
def test_a_parquet_bomb_is_refused_soon(world: DataWorld) -> None:
    big = pa.array(["x" * 4_000_000]).dictionary_encode()
    indices = pa.array([0] * 1_000, pa.int32())
    column = pa.DictionaryArray.from_arrays(indices, big.dictionary)
    table = pa.table({"id": [str(i) for i in range(1_000)], "q": column, "a": ["x"] * 1_000})
    began = time.monotonic()
    said = world.said(parquet(world, table), name="d.parquet")
    assert "d.parquet" in said and time.monotonic() - began < 15.0


REPEATED: dict[str, Any] = {
    "true": pa.array([True] * 1_000_000),
    "null": pa.nulls(1_000_000),
    "text": pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), [""]),
    "list": pa.ListArray.from_arrays([0, *range(999_001, 1_999_001)], pa.array([7] * 1_998_999 + [7])),
}


@pytest.mark.long(but=2)
@pytest.mark.parametrize("kind", REPEATED)
def test_a_parquet_file_of_values_that_take_no_bytes_is_refused_soon(world: DataWorld, kind: str) -> None:
    table = pa.table({"q": REPEATED[kind][:1_000_000]})
    with pq.ParquetWriter(world.folder / "d.parquet", table.schema, compression="zstd") as writer:
        for _ in range(30):
            writer.write_table(table, row_group_size=1_000_000)
    made = (world.folder / "d.parquet").read_bytes()
    assert len(made) < 1_000_000
    began = time.monotonic()
    said = world.said(made, name="d.parquet")
    assert "is not read" in said and time.monotonic() - began < 10.0


def test_a_gzip_file_of_very_many_records_is_refused(world: DataWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.suite.datasets.MOST_RECORDS", 10_000)
    packed = gzip.compress(b"q,a\n" + b",\n" * 200_000)
    assert "10,000 records" in world.said(packed, name="d.csv.gz")
    _, rows = world.run(gzip.compress(b"q,a\n" + b"x,y\n" * 3), name="d.csv.gz", prompt="{{ q }}")
    assert len(rows) == 3


@pytest.mark.parametrize(
    "array",
    [
        pa.array([2**62]).cast(pa.timestamp("us")),
        pa.array([2**30], pa.int32()).cast(pa.date32()),
        pa.array([-(2**30)], pa.int32()).cast(pa.date32()),
        pa.array([2**62]).cast(pa.duration("s")),
    ],
    ids=lambda array: str(array.type),
)
def test_dates_beyond_all_calendars_are_a_sentence(world: DataWorld, array: pa.Array) -> None:
    said = world.said(parquet(world, pa.table({"id": ["1"], "q": ["x"], "a": ["y"], "d": array})), name="d.parquet")
    assert "d.parquet rows 1 to 1" in said


def test_digests_of_plain_records_are_those_of_before(world: DataWorld) -> None:
    """Stored runs, baselines and caches pair by these; computed with evalkit 0.1.0 of 2026-11-28."""
    record = {"id": "1", "q": "2+2?", "a": "4", "n": 1.5, "tags": ["u", "w"], "m": {"k": "v"}, "label": 1}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({}, "bca7186511b12ea36465f1a2b0c7f39b", "ee6b891bd6115487d8f04c6fed6cc841"),
        (
            {"prompt": "{{ q }} {{ n }} {{ m.k }} {{ tags | join(', ') }}"},
            "8288a37c736869c16140fd0820a7623c",
            "ee6b891bd6115487d8f04c6fed6cc841",
        ),
        (
            {"choices": "{{ tags }}", "target": "{{ letters[label] }}", "score": "choice", "prompt": "{{ q }}"},
            "b86763f33495f3fe881d3ef73b563f92",
            "cb0f42c98696533013657c65f916fbc7",
        ),
    ]
    for task, sample, target in cases:
        _, rows = world.run([record], **task)
        assert (rows[0].sample_digest, rows[0].target_digest) == (sample, target)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_a_bomb_of_references_ends_soon(world: DataWorld, word: str) -> None:
    steps: dict[str, Any] = {f"s{i}": {word: [{"$ref": f"#/$defs/s{i + 1}"}] * 2} for i in range(40)}
    schema = {"$defs": {**steps, "s40": {"not": {"type": ["string", "object"]}}}, "$ref": "#/$defs/s0"}
    began = time.monotonic()
    said = world.said([{"id": "1", "q": "b"}], target=None, score={"use": "json", "schema": schema})
    assert "$ref" in said and time.monotonic() - began < 20.0


def test_a_schema_that_refers_often_is_fine(world: DataWorld) -> None:
    node = {"type": "object", "properties": {"left": {"$ref": "#/$defs/node"}, "right": {"$ref": "#/$defs/node"}}}
    schema = {"$defs": {"node": node}, "$ref": "#/$defs/node"}
    assert world.check([{"id": "1", "q": "b"}], target=None, score={"use": "json", "schema": schema}).code == 0


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n\n", b"\n \r\n"])
def test_a_file_without_a_record_says_so(world: DataWorld, content: bytes) -> None:
    assert "holds no record" in world.said(content)


def test_an_open_quotation_mark_in_csv_is_named(world: DataWorld) -> None:
    assert "never closes" in world.said(b'q,a\n"x,A\ny,B\n', name="d.csv")
