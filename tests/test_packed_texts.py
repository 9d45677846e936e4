"""Parquet files of a few kilobytes that become gigabytes: refused before they are unpacked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.errors import SuiteError
from evalkit.suite import parquet
from evalkit.suite.parquet import read_parquet

READ = """
import sys
import pyarrow as pa
from evalkit.errors import SuiteError
from evalkit.suite.parquet import read_parquet
path = sys.argv[1]
n = 0
try:
    with open(path, "rb") as file:
        for _ in read_parquet(file, "b.parquet", len(open(path, "rb").read())):
            n += 1
except SuiteError as error:
    print("refused:", error)
print(n, pa.default_memory_pool().max_memory())
"""
TEXT = "a" * 20_000_000


def texts(kind: str, n: int) -> tuple[pa.Array, dict[str, object]]:
    """A column of long texts that takes next to no bytes, and how it is written."""
    packed = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([TEXT]))
    if kind == "plain":
        return packed, {}
    if kind == "in a list":
        return pa.ListArray.from_arrays(pa.array(range(n + 1), pa.int32()), packed), {}
    if kind == "in a group":
        return pa.StructArray.from_arrays([packed], ["t"]), {}
    return pa.array([TEXT] * n), {
        "use_dictionary": False,
        "column_encoding": {"q": "DELTA_BYTE_ARRAY", "id": "PLAIN"},
    }


@pytest.mark.parametrize("kind", ["bytes", "bytes of one length", "in a list", "in a group"])
def test_long_values_that_all_rows_share_are_counted_wherever_they_stand(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`check` digested 60 MB of bytes for each row, of which a few kilobytes may hold a million. Smaller here."""
    monkeypatch.setattr(parquet, "MOST_UNPACKED", 3_000_000)
    n, text = 40, "a" * 200_000
    column = pa.DictionaryArray.from_arrays(pa.array([0] * n, pa.int32()), pa.array([text]))
    if kind == "bytes":
        column = pa.DictionaryArray.from_arrays(column.indices, pa.array([text.encode()]))
    elif kind == "bytes of one length":
        column = pa.array([text.encode()] * n, pa.binary(len(text)))
    elif kind == "in a list":
        column = pa.ListArray.from_arrays(pa.array(range(n + 1), pa.int32()), column)
    else:
        column = pa.StructArray.from_arrays([column], ["t"])
    path, read = tmp_path / "b.parquet", 0
    pq.write_table(pa.table({"id": list(range(n)), "q": column}), path, compression="zstd")
    with path.open("rb") as file, pytest.raises(SuiteError, match="its texts and bytes are more than"):
        for _ in read_parquet(file, "b.parquet", path.stat().st_size):
            read += 1
    assert read == 15, "15 of them are the bound"


@pytest.mark.long(but=1)
@pytest.mark.parametrize("kind", ["plain", "in a list", "in a group", "beginnings that are shared"])
def test_a_text_that_stands_in_every_row_is_not_unpacked_in_all_of_them(tmp_path: Path, kind: str) -> None:
    n = 20 if kind == "beginnings that are shared" else 200
    column, how = texts(kind, n)
    path = tmp_path / "b.parquet"
    pq.write_table(pa.table({"id": list(range(n)), "q": column}), path, compression="zstd", **how)
    assert path.stat().st_size < 20_000
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True)
    *said, figures = done.stdout.strip().split("\n")
    rows, peak = map(int, figures.split())
    assert peak < 700_000_000, "200 rows of it are 4 GB"
    if kind in ("plain", "beginnings that are shared"):
        assert said and "times its size" in said[0] and rows < 20


def test_a_text_or_a_page_that_no_records_have_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (parquet.LONGEST_TEXT, parquet.LARGEST_PAGE) == (64_000_000, 256_000_000)
    monkeypatch.setattr(parquet, "LONGEST_TEXT", 640_000)  # smaller here, the bounds and what passes them
    monkeypatch.setattr(parquet, "LARGEST_PAGE", 2_560_000)
    path = tmp_path / "b.parquet"
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 9, pa.int32()), pa.array(["a" * 700_000]))
    pq.write_table(pa.table({"q": long}), path, compression="zstd")
    with path.open("rb") as file, pytest.raises(SuiteError, match="holds a text of 700,000"):
        next(read_parquet(file, "b.parquet", path.stat().st_size))
    pq.write_table(pa.table({"q": ["a" * 10_000] * 300}), path, compression="zstd", use_dictionary=False)
    with path.open("rb") as file, pytest.raises(SuiteError, match="unpacks to 3 MB"):
        next(read_parquet(file, "b.parquet", path.stat().st_size))


def test_ordinary_files_are_read_as_before(tmp_path: Path) -> None:
    path = tmp_path / "b.parquet"
    rows = [
        {"q": f"word {n} " * (n % 9), "o": [f"o{n % 5}", None], "s": {"k": "v"}, "n": n, "e": None} for n in range(999)
    ]
    for how in (
        {},
        {"use_dictionary": False},
        {"compression": "none", "data_page_version": "2.0"},
        {"row_group_size": 7},
    ):
        pq.write_table(pa.Table.from_pylist(rows), path, **how)
        with path.open("rb") as file:
            found = [record for _, record in read_parquet(file, "b.parquet", path.stat().st_size)]
        assert found == rows
