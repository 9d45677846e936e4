"""Parquet, CSV and JSON lines as pandas, Arrow, DuckDB, Excel and shells write them: what each cell becomes as text.

A value that has no plain text (bytes, null, NaN) is refused with its record and field; nothing is dropped in silence.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import lzma
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data_world import DataWorld

ONE = b'{"id":"1","q":"b","a":"x"}\n'
TWO = b'{"id":"2","q":"c","a":"y"}\n'
CSV = b"id,q,a\n1,b,x\n"


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> DataWorld:
    return DataWorld(tmp_path, capsys)


def parquet(table: pa.Table, **how: Any) -> bytes:
    made = io.BytesIO()
    pq.write_table(table, made, **how)
    return made.getvalue()


def table(values: pa.Array) -> pa.Table:
    return pa.table({"id": ["1", "2"], "q": values, "a": values})


PLAIN = pa.table({"id": ["1", "2"], "q": ["b", "c"], "a": ["x", "y"]})


COLUMNS: dict[str, tuple[pa.Array, list[str]]] = {
    "float16": (pa.array([0.1, 2.0], pa.float16()), ["0.1", "2.0"]),
    "float32": (pa.array([0.1, 3.14], pa.float32()), ["0.1", "3.14"]),
    "float64": (pa.array([0.1, 123456789.125]), ["0.1", "123456789.125"]),
    "uint64": (pa.array([2**64 - 1, 1], pa.uint64()), ["18446744073709551615", "1"]),
    "int8": (pa.array([-5, 5], pa.int8()), ["-5", "5"]),
    "decimal": (pa.array([Decimal("1.50"), Decimal("100.00")]), ["1.50", "100.00"]),
    "decimal256": (pa.array([Decimal("1" * 50), Decimal(2)], pa.decimal256(60, 2)), ["1" * 50 + ".00", "2.00"]),
    "date32": (pa.array([dt.date(2024, 2, 29), dt.date(1, 1, 1)]), ["2024-02-29", "0001-01-01"]),
    "date64": (pa.array([dt.date(2024, 2, 29)] * 2, pa.date64()), ["2024-02-29"] * 2),
    "timestamp in seconds": (
        pa.array([0, 1709164800], pa.timestamp("s")),
        ["1970-01-01T00:00:00", "2024-02-29T00:00:00"],
    ),
    "timestamp in nanoseconds": (pa.array([1, 1], pa.timestamp("ns")), ["1970-01-01T00:00:00.000000001"] * 2),
    "timestamp with a zone": (
        pa.array([0, 1720000000000], pa.timestamp("ms", "Europe/Berlin")),
        ["1970-01-01T01:00:00+01:00", "2024-07-03T11:46:40+02:00"],
    ),
    "time": (pa.array([dt.time(9, 5), dt.time(23, 59, 59, 5)]), ["09:05:00", "23:59:59.000005"]),
    "bool": (pa.array([True, False]), ["true", "false"]),
    "categorical": (pa.array(["x", "y"]).dictionary_encode(), ["x", "y"]),
    "categorical numbers": (pa.array([3, 4]).dictionary_encode(), ["3", "4"]),
    "large string": (pa.array(["x", "y"], pa.large_string()), ["x", "y"]),
    "string view": (pa.array(["x", "y"], pa.string_view()), ["x", "y"]),
    "list of float32": (pa.array([[0.1, 2.5], [1]], pa.list_(pa.float32())), ["[0.1, 2.5]", "[1.0]"]),
    "list of lists": (pa.array([[[1, 2], [3]], [[4]]]), ["[[1, 2], [3]]", "[[4]]"]),
    "list of fixed size": (pa.array([[1, 2], [3, 4]], pa.list_(pa.int32(), 2)), ["[1, 2]", "[3, 4]"]),
    "list of dates": (pa.array([[dt.date(2024, 1, 1)], []]), ['["2024-01-01"]', "[]"]),
    "list of decimals": (pa.array([[Decimal("1.50")], [Decimal("2.00")]]), ['["1.50"]', '["2.00"]']),
    "struct": (pa.array([{"a": 1, "b": "x"}, {"a": 2, "b": None}]), ['{"a": 1, "b": "x"}', '{"a": 2, "b": null}']),
    "struct of categoricals": (
        pa.StructArray.from_arrays([pa.array(["x", "y"]).dictionary_encode()], ["c"]),
        ['{"c": "x"}', '{"c": "y"}'],
    ),
}


@pytest.mark.long(but=4)
@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_becomes_the_text_that_a_person_would_write(world: DataWorld, kind: str) -> None:
    values, expected = COLUMNS[kind]
    ran, rows = world.run(parquet(table(values)), name="d.parquet")
    assert [(row.prompt[-1].content, row.target) for row in rows] == [(text, text) for text in expected], ran.err


@pytest.mark.parametrize("packed", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_parquet_is_read_however_it_is_packed_inside(world: DataWorld, packed: str) -> None:
    _, rows = world.run(parquet(PLAIN, compression=packed), name="d.parquet")
    assert [(row.prompt[-1].content, row.target) for row in rows] == [("b", "x"), ("c", "y")]


def test_several_row_groups_and_an_index_column_of_pandas(world: DataWorld) -> None:
    indexed = PLAIN.append_column("__index_level_0__", pa.array([7, 9]))
    _, rows = world.run(parquet(indexed, row_group_size=1), name="d.parquet")
    assert [row.target for row in rows] == ["x", "y"]


NO_TEXT: dict[str, tuple[pa.Array, str, str]] = {
    # the column, the record, what is said
    "NaN": (pa.array([1.0, float("nan")]), "row 2", "holds NaN (no number)"),
    "infinite": (pa.array([float("-inf"), 1.0]), "row 1", "holds an infinite number"),
    "NaN in a list": (pa.array([[1.0], [float("nan")]]), "row 2", "holds NaN"),
    "null in a categorical": (pa.array(["x", None]).dictionary_encode(), "row 2", "is null"),
    "null": (pa.nulls(2), "row 1", "is null"),
    "bytes": (pa.array([b"x", b"y"]), "row 1", "bytes, which are no text"),
    "a zone that is none": (pa.array([0, 1], pa.timestamp("ms", "Mars/Base")), "rows 1 to 2", "cannot be read"),
}


@pytest.mark.parametrize("kind", NO_TEXT)
def test_what_has_no_text_is_refused_with_its_record_and_its_field(world: DataWorld, kind: str) -> None:
    values, where, words = NO_TEXT[kind]
    said = " ".join(world.said(parquet(table(values)), name="d.parquet").split())
    assert where in said and words in said, said
    if where != "rows 1 to 2":
        assert "'a'" in said or "'q'" in said or "{{ a }}" in said or "{{ q }}" in said, said


READ: dict[str, tuple[str, bytes, list[tuple[str, str]]]] = {
    "BOM, CRLF, blank lines": (
        "d.jsonl",
        b"\xef\xbb\xbf" + ONE.replace(b"\n", b"\r\n") + b"\r\n   \r\n" + TWO.rstrip(),
        [("b", "x"), ("c", "y")],
    ),
    "huge integers": (
        "d.jsonl",
        b'{"id":"1","q":12345678901234567890123,"a":18446744073709551617}\n',
        [("12345678901234567890123", "18446744073709551617")],
    ),
    "ids that floats would confuse": (
        "d.jsonl",
        b'{"id":9007199254740993,"q":"b","a":"x"}\n{"id":9007199254740992,"q":"c","a":"y"}\n',
        [("c", "y"), ("b", "x")],
    ),
    "line separators inside a text": (
        "d.jsonl",
        '{"id":"1","q":"b\u2028c","a":"x\u0085"}\n'.encode(),
        [("b\u2028c", "x\x85")],
    ),
    "gzip": ("d.jsonl.gz", gzip.compress(ONE), [("b", "x")]),
    "gzip in several members": ("d.jsonl.gz", gzip.compress(ONE) + gzip.compress(TWO), [("b", "x"), ("c", "y")]),
    "gzip with a block of zeros": ("d.jsonl.gz", gzip.compress(ONE) + b"\0" * 10, [("b", "x")]),
    "gzip of a table": ("d.csv.gz", gzip.compress(CSV), [("b", "x")]),
    "CSV with a BOM": ("d.csv", b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n"), [("b", "x")]),
    "CSV, line breaks in quotes": ("d.csv", b'id,q,a\n1,"b\nc","x ""y"""\n', [("b\nc", 'x "y"')]),
    "CSV, CRLF in quotes": ("d.csv", b'id,q,a\r\n1,"b\r\nc",x\r\n', [("b\r\nc", "x")]),
    "CSV, an inch sign": ("d.csv", b'id,q,a\n1,5" pipe,x\n', [('5" pipe', "x")]),
    "CSV, zeros in front": ("d.csv", b"id,q,a\n007,b,0012\n", [("b", "0012")]),
    "CSV, words for null": ("d.csv", b"id,q,a\n1,b,NA\n2,c,null\n", [("b", "NA"), ("c", "null")]),
    "CSV, blanks around": ("d.csv", b"id,q,a\n1, b , x \n", [(" b ", " x ")]),
    "CSV, lines that end in CR": ("d.csv", b"id,q,a\r1,b,x\r", [("b", "x")]),
    "CSV, columns that differ in case": ("d.csv", b"id,q,a,A\n1,b,x,y\n", [("b", "x")]),
    "TSV, quotes": ("d.tsv", b'id\tq\ta\n1\tsay "hi"\tx\n', [('say "hi"', "x")]),
    "TSV, a tab in quotes": ("d.tsv", b'id\tq\ta\n1\t"b\tc"\tx\n', [("b\tc", "x")]),
}


@pytest.mark.long(but=5)
@pytest.mark.parametrize("case", READ)
def test_a_file_is_read_as_it_was_meant(world: DataWorld, case: str) -> None:
    name, content, expected = READ[case]
    ran, rows = world.run(content, name=name)
    assert [(row.prompt[-1].content, row.target) for row in rows] == expected, ran.err


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "Zstandard": ("d.jsonl.zst", pa.compress(ONE, "zstd", asbytes=True), "zstd -d FILE"),
    "Zstandard of a table": ("d.csv.zst", pa.compress(CSV, "zstd", asbytes=True), "zstd -d FILE"),
    "Zstandard under a plain name": ("d.jsonl", pa.compress(ONE, "zstd", asbytes=True), "zstd -d FILE"),
    "bzip2": ("d.jsonl.bz2", bz2.compress(ONE), "bunzip2 FILE"),
    "bzip2 under a plain name": ("d.csv", bz2.compress(CSV), "bunzip2 FILE"),
    "xz": ("d.jsonl.xz", lzma.compress(ONE), "unxz FILE"),
    "xz under a plain name": ("d.jsonl", lzma.compress(ONE), "unxz FILE"),
    "zip": ("d.csv.zip", b"PK\x03\x04rest", "unzip FILE"),
    "gzip around Parquet": ("d.parquet.gz", gzip.compress(b"PAR1"), "gunzip FILE"),
    "gzip under a plain name": ("d.jsonl", gzip.compress(ONE), "must end in .gz"),
    "gzip twice": ("d.jsonl.gz", gzip.compress(gzip.compress(ONE)), "is a gzip file"),
    "gzip, cut short": ("d.jsonl.gz", gzip.compress(ONE)[:-5], "damaged or cut short"),
    "gzip with junk behind": ("d.jsonl.gz", gzip.compress(ONE) + b"junk", "damaged or cut short"),
    "no gzip under its name": ("d.jsonl.gz", ONE, "Not a gzipped file"),
    "Parquet, cut short": ("d.parquet", parquet(PLAIN)[:-9], "not a readable Parquet file"),
    "Parquet without a row": ("d.parquet", parquet(PLAIN.slice(0, 0)), "holds no record"),
    "Parquet, a column twice": (
        "d.parquet",
        parquet(pa.Table.from_arrays([*PLAIN.columns, PLAIN["q"]], ["id", "q", "a", "q"])),
        "the column 'q' stands there twice",
    ),
    "NaN in JSON": ("d.jsonl", b'{"id":"1","q":"b","a":NaN}\n', "NaN is no JSON number"),
    "a number beyond all": ("d.jsonl", b'{"id":"1","q":"b","a":1e400}\n', "infinite"),
    "a key twice": ("d.jsonl", b'{"id":"1","q":"b","a":"x","a":"y"}\n', "the key 'a' stands in it twice"),
    "half a character": ("d.jsonl", b'{"id":"1","q":"\\ud800","a":"x"}\n', "field 'q' holds half a character"),
    "a list of records": ("d.jsonl", b"[" + ONE.strip() + b"]", "jq -c '.[]' FILE"),
    "a record over lines": ("d.jsonl", b'{\n "id":"1",\n "q":"b",\n "a":"x"\n}\n', "jq -c . FILE"),
    "two records on a line": ("d.jsonl", ONE.strip() + TWO, "is not a JSON record"),
    "a comma behind": ("d.jsonl", ONE.strip() + b",\n" + TWO, "is not a JSON record"),
    "CSV, a header twice": ("d.csv", b"id,q,a,a\n1,b,x,y\n", "the column 'a' stands there twice"),
    "CSV, a header twice that is not used": ("d.csv", b"id,q,a,n,n\n1,b,x,1,2\n", "the column 'n' stands there twice"),
    "CSV, a column without a name": ("d.csv", b"id,,q,a\n1,,b,x\n", "column 2 has no name"),
    "CSV, cells below no name": ("d.csv", b"id,q,a,\n1,b,x,y\n", "has 4 cells; the header has 3"),
    "CSV, a short row": ("d.csv", b"id,q,a\n1,b\n", "d.csv:2: has 2 cells; the header has 3"),
    "CSV, a long row": ("d.csv", b"id,q,a\n1,b,x,z\n", "d.csv:2: has 4 cells; the header has 3"),
    "CSV, quotes with a backslash": ("d.csv", b'id,q,a\n1,"b \\"c\\"",x\n', "not valid CSV"),
    "CSV, an empty right answer": ("d.csv", b'id,q,a\n1,b,""\n', "renders no text"),
    "CSV, Latin-1": ("d.csv", "id,q,a\n1,café,x\n".encode("latin-1"), "iconv -f WINDOWS-1252"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_one_sentence_with_the_way_out(world: DataWorld, case: str) -> None:
    name, content, words = REFUSED[case]
    said = " ".join(world.said(content, name=name).split())
    assert words in said, said
