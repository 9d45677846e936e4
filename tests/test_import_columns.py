"""Tables are read by column, some thousands of rows together: every cell is read as if it stood alone."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.bridges import table_batches, table_columns
from evalkit.bridges.outcome_table import import_table
from evalkit.bridges.table_map import TableMap, map_of
from evalkit.errors import SuiteError, UserError
from evalkit.records import Row
from evalkit.store.sealing import rows_of
from evalkit.store.table_values import Unread, reader_of
from evalkit.suite import datasets, filekinds
from evalkit.suite.datasets import Data
from evalkit.suite.rows_in_memory import as_rows

NUMBERS = (
    *(
        "",
        " ",
        "n/a",
        "NaN",
        "-",
        "0",
        "1",
        "0.5",
        "0,5",
        "1.234,5",
        "50%",
        "12 ms",
        "1e3",
        "1_000",
        "+5",
        "-1",
        "-0.0",
    ),
    *(
        "\N{ARABIC-INDIC DIGIT THREE}",
        "inf",
        "9007199254740993",
        "9" * 20,
        "1" + "0" * 400,
        "1.0",
        " 7 ",
        "0x10",
        "$1.50",
    ),
    *("$ 2", "true", "No", "PASS", "a\nb", 'q"q', "x,y"),
)
MOMENTS = (
    *("", "2026-11-20", "20261120", "2026-11-20T10:00:00Z", "2026-11-20 10:00:00+02:00", "20.11.2026", "1763632915"),
    *("1763632915000", "1979-12-31", "2025-01-02T10-11-12.5", "2026", "n/a", "99999999"),
)
OUTCOMES = ("", "right", "refused", "error", "max_tokens", "Scored", "pass", "0.5", "odd")
TYPED = (None, True, False, 1, 1.0, 0, -0.0, 0.25, 2**53, 2**53 + 1, 10**30, [1], {"a": 1})
MAP = {
    "model": "model",
    "item": "item",
    "repeat": "run",
    "score": "score",
    "outcome": "outcome",
    "input_tokens": {"sum": ["in", "cached"]},
    "output_tokens": "out",
    "total_s": {"column": "ms", "unit": "ms"},
    "cost_usd": "usd",
    "started_at": "at",
    "critical": "critical",
    "text": "text",
}
FIELDS = ("input_tokens", "output_tokens", "total_s", "cost_usd", "started_at", "critical")


def odd_records(n: int, *, typed: bool) -> list[dict[str, Any]]:
    """Rows whose every third cell is odd."""
    dice = random.Random(7)
    few = {
        "score": NUMBERS,
        "outcome": OUTCOMES,
        "at": MOMENTS,
        "critical": NUMBERS,
        "text": ("", "Grüße", "two\nlines"),
    }
    plain = {
        "score": "1",
        "outcome": "",
        "at": "2026-03-01",
        "critical": "",
        "text": "said",
        "ms": "12.5",
        "usd": "0.01",
    }

    def cell(name: str, number: int) -> Any:
        if dice.random() < 2 / 3:
            return plain.get(name, str(number % 50))
        return (
            dice.choice(TYPED)
            if typed and name != "text" and dice.random() < 0.5
            else dice.choice(few.get(name, NUMBERS))
        )

    columns = ("score", "outcome", "in", "cached", "out", "ms", "usd", "at", "critical", "text")
    return [
        {
            "model": f"m{number % 3}",
            "item": f"i\n{number // 3}",
            "run": "1",
            **{name: cell(name, number) for name in columns},
        }
        for number in range(n)
    ]


def written(path: Path, records: list[dict[str, Any]]) -> Path:
    """The records as a file of the kind that its name says."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
        return path
    text = io.StringIO(newline="")
    if ".jsonl" in path.name:
        text.writelines(json.dumps(record) + "\n" for record in records)
    else:
        writer = csv.DictWriter(text, list(records[0]), delimiter="\t" if ".tsv" in path.name else ",")
        writer.writeheader()
        writer.writerows(records)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def alone(mapped: TableMap, record: dict[str, Any], which: str) -> Any:
    """What a cell says where nothing else is looked at."""
    try:
        return reader_of(which, mapped.columns[which])(record)
    except Unread:
        return Unread


def held(mapped: TableMap, record: dict[str, Any], which: str, found: Any) -> Any:
    """The same, but what cannot be beside the other cells: a cost of 0 beside tokens, an input below its parts."""
    of = {name: alone(mapped, record, name) for name in mapped.columns if name.endswith("_tokens")}
    counts = {name: 0 if n in (Unread, None) else n for name, n in of.items()}
    if which == "cost_usd" and found == 0 and (counts.get("input_tokens") or counts.get("output_tokens")):
        return None
    parts = counts.get("cached_tokens", 0) + counts.get("cache_write_tokens", 0)
    return None if which == "input_tokens" and found not in (Unread, None) and parts > found else found


def ended_alone(mapped: TableMap, record: dict[str, Any]) -> tuple[str, float | None]:
    """The same of score and outcome together."""
    from evalkit.store.table_values import ended

    try:
        return ended(record["outcome"], reader_of("score", mapped.columns["score"])(record))
    except Unread:
        return "errored", None


@pytest.fixture(params=["as it is", "few rows at a time"])
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many lines, rows and texts are looked at together."""
    if request.param != "as it is":
        monkeypatch.setattr(filekinds, "_BLOCK_LINES", 7)
        monkeypatch.setattr(table_batches, "MOST_ROWS", 5)
        monkeypatch.setattr(table_columns, "_REMEMBERED", 4)


@pytest.mark.long(but=1)
@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("kind", ["csv", "tsv", "csv.gz", "jsonl", "parquet"])
def test_every_cell_is_read_as_if_it_stood_alone(tmp_path: Path, kind: str) -> None:
    records, mapped = odd_records(600, typed=kind == "jsonl"), map_of(MAP)
    folder, told = import_table(written(tmp_path / f"runs.{kind}", records), tmp_path / "results", mapped)
    rows = list(rows_of(folder))
    assert len(rows) == len(records)
    unread: Counter[str] = Counter()
    for row, record in zip(rows, records, strict=True):
        assert (row.model, row.sample_id, row.text) == (record["model"], record["item"], record["text"] or None)
        assert (row.outcome, row.score) == ended_alone(mapped, record), record
        for which in FIELDS:
            found = alone(mapped, record, which)
            unread[which] += found is Unread
            found = held(mapped, record, which, found)
            nobody_says = {"critical": False, "started_at": 0.0}.get(which)
            assert getattr(row, which) == (nobody_says if found in (Unread, None) else found), (which, record)
    (note,) = [note for note in told.notes if note.startswith("cells that were not understood, and are unknown")]
    assert {which: int(n) for which, n in re.findall(r"(\w+) (\d+) \(the first: ", note)} == +unread
    unscored = sum(row.error_kind == "unscored" for row in rows)
    assert unscored
    assert any(f"rows with no score from 0 to 1 are errors: {unscored:,} of 600" in note for note in told.notes)


@pytest.mark.usefixtures("sizes")
def test_the_first_cell_that_is_not_understood_is_told_with_its_line(tmp_path: Path) -> None:
    lines = ["model,item,score,output_tokens,text"]
    lines += [f'm,i{n},1,5,"two\nlines"' for n in range(40)]
    lines += ["", "m,i40,1,five,x", "m,i41,good,six,y"]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines))
    _, told = import_table(path, tmp_path / "results", None)
    place = 1 + 2 * 40 + 1 + 1  # the header, records of two lines, an empty one
    assert any(
        f"unknown: 2; the first: runs.csv:{place}: output_tokens looks like 'xxxx'" in note for note in told.notes
    )
    assert any(f"1 of 42; the first: runs.csv:{place + 1}: score looks like 'xxxx'" in note for note in told.notes)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("m,i3,1", "runs.csv:62: 'i3' of runs by m, stands there twice"),
        ("m,,1", "runs.csv:62: 'item' holds no item"),
        ("m,i99", "runs.csv:62: has 2 cells; the header has 3"),
        ('m,"i99,1', "is not valid CSV: unexpected end of data"),
        ("m,\udcff,1", "runs.csv:62: is not UTF-8"),
    ],
)
def test_the_first_row_that_cannot_be_is_told_and_no_later_one(tmp_path: Path, line: str, said: str) -> None:
    lines = ["model,item,score", *(f"m,i{n},1" for n in range(60)), line, *(f"m,j{n},1" for n in range(60)), "m,,1"]
    path = tmp_path / "runs.csv"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError) as told:
        import_table(path, tmp_path / "results", None)
    assert said in str(told.value)
    assert not list((tmp_path / "results").glob("*"))


def test_an_earlier_row_is_told_before_a_later_line_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(b"model,item,score\n" + b"m,i1,1\n" * 2 + b"m,i2\n" + b"m,i3,1\n" * 3_000 + b"\xff\n")
    with pytest.raises(UserError, match=r"runs.csv:3: 'i1' of runs by m, stands there twice"):
        import_table(path, tmp_path / "results", None)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_records_of_a_suite_begin_in_their_lines(tmp_path: Path, end: str) -> None:
    lines = ["id,q", *(f"{n},plain" if n % 3 else f'{n},"two{end}lines"' for n in range(100)), "", "short", "100,last"]
    path = tmp_path / "data.csv"
    path.write_bytes(end.join(lines).encode())
    complaints: list[str] = []
    data = opened(path)
    found = list(data.records(complaints.append))
    content = path.read_bytes().decode().split(end)
    assert [record["id"] for _, record in found] == [str(n) for n in range(101)]
    assert all(content[line - 1].startswith(f"{record['id']},") for line, record in found)
    assert complaints == [f"data.csv:{content.index('short') + 1}: has 1 cells; the header has 2"]
    with pytest.raises(SuiteError, match="has 1 cells"):
        list(data.records())


def opened(path: Path) -> Data:
    from evalkit.bridges.outcome_table import opened_table

    return opened_table(path)


def test_long_texts_make_short_batches(tmp_path: Path) -> None:
    records = [{"model": "m", "item": n, "score": 1, "text": "x" * 1_000_000} for n in range(20)]
    data = opened(written(tmp_path / "runs.jsonl", records))
    sizes = [len(batch) for batch in table_batches.batches(data, ["model", "text"])]
    assert sum(sizes) == 20
    assert max(sizes) <= table_batches.MOST_CHARACTERS // 1_000_000 + 1
    assert [len(batch) for batch in table_batches.batches(data, ["model"])] == [20]  # what is not asked for is dropped


def test_a_text_that_the_map_gives_every_row_makes_short_batches(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.csv", [{"model": "m", "item": n, "score": 1} for n in range(50)])
    mapped = map_of({"model": "model", "item": "item", "score": "score", "text": {"const": "y" * 900_000}})
    folder, _ = import_table(path, tmp_path / "results", mapped)
    rows: list[Row] = list(rows_of(folder))
    assert {row.text for row in rows} == {"y" * 900_000}
    with pq.ParquetFile(folder / "texts-1.parquet") as stored:
        assert stored.metadata.row_group(0).num_rows <= table_batches.MOST_CHARACTERS // 900_000


def test_records_in_memory_are_no_packed_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "MOST_RECORDS", 3)
    rows = as_rows([{"id": n} for n in range(20_000)], "data")
    assert sum(1 for _ in rows.data("data", {}).records()) == 20_000
