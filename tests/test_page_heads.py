"""The heads of Parquet pages: what they say bounds every text of the column, and odd ones say nothing."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.errors import StoreError
from evalkit.store import parts, shapes
from evalkit.store.page_heads import heads_of
from evalkit.store.queries import load_run, texts_of
from tests.board_world import a_run
from tests.world import evalkit


def bounds(path: Path) -> dict[str, list[int | None]]:
    """By column of texts, what the heads say of each row group."""
    found: dict[str, list[int | None]] = {}
    with pq.ParquetFile(path) as file, heads_of(path) as heads:
        about = file.metadata
        for group in range(about.num_row_groups):
            for i in range(len(about.schema)):
                if about.schema.column(i).physical_type == "BYTE_ARRAY":
                    column = about.row_group(group).column(i)
                    found.setdefault(column.path_in_schema, []).append(heads.bound(column))
    return found


def test_columns_of_our_own_parts_that_are_empty_or_hold_names_need_no_look(tmp_path: Path) -> None:
    """Otherwise the first reader of a run of a million rows waits half a second for it."""
    found = bounds(parts.rows_path(a_run(tmp_path, ("gpt", "qwen"), n=20), 1))
    names = ("model", "task", "outcome", "error_kind", "served_model", "cluster", "stratum", "redacted")
    for name in names:
        assert all(bound is not None and bound < 200 for bound in found[name]), name


WAYS: list[dict[str, Any]] = [
    {}, {"use_dictionary": False}, {"data_page_version": "2.0"}, {"write_statistics": False},
    {"write_page_checksum": True},
]  # fmt: skip


@pytest.mark.parametrize("codec", ["zstd", "snappy", "none", "gzip"])
@pytest.mark.parametrize("how", WAYS, ids=str)
def test_no_text_is_longer_than_its_head_says(tmp_path: Path, codec: str, how: dict[str, Any]) -> None:
    rng = random.Random(codec)
    path, n = tmp_path / "some.parquet", 500
    texts = {
        "few": [f"model-{i % 7}" for i in range(n)],
        "none": [None] * n,
        "one long": ["x"] * (n - 1) + ["y" * 100_000],
        "many": [rng.randbytes(rng.randrange(40)).hex() for _ in range(n)],
        "empty": [""] * n,
    }
    table = pa.table({name: pa.array(values, pa.string()) for name, values in texts.items()})
    pq.write_table(table, path, compression=codec, row_group_size=100, **how)
    for name, found in bounds(path).items():
        for group, bound in enumerate(found):
            longest = max(len(text or "") for text in texts[name][100 * group : 100 * group + 100])
            assert bound is None or bound >= longest, (name, group)
    n_rows, longest = shapes.rows_and_longest(path, table.schema)
    most = shapes.MOST_TIMES * path.stat().st_size
    if how.get("use_dictionary", True):
        assert longest >= 100_000 or n_rows * longest * len(texts) > most
    assert shapes.rows_at_once(path, ["few", "none"], table.schema, most=1 << 14) == 1 << 14


HONEST = bytes.fromhex("15041580011560" + "4c" + "15141500" + "12" + "0000")
"""A dictionary of 64 bytes, 48 packed, ten values, not sorted."""


@pytest.mark.parametrize(
    ("head", "bound"),
    [
        (HONEST, 64),
        (bytes.fromhex("15041560158001") + HONEST[7:], 64),  # what is not packed takes what it takes on the disk
        (bytes.fromhex("1504158080808008" + "1560") + HONEST[7:], 1 << 30),
        (HONEST[:7] + bytes.fromhex("0504" + "fefffffe0f") + HONEST[7:], None),  # its size once more, and larger
        (HONEST[:-1] + bytes.fromhex("0504fefffffe0f00"), None),
        (HONEST[:-1] + bytes.fromhex("1504"), None),
        (bytes.fromhex("1500") + HONEST[2:], None),
        (HONEST[:5], None),
        (b"", None),
        (b"PAR1" * 20, None),
    ],
)  # fmt: skip
def test_a_head_that_is_not_wholly_understood_says_nothing(tmp_path: Path, head: bytes, bound: int | None) -> None:
    (tmp_path / "some").write_bytes(b"PAR1" + head)
    with heads_of(tmp_path / "some") as heads:
        here: Any = SimpleNamespace(dictionary_page_offset=4, data_page_offset=1_000)
        assert heads.bound(here) == bound
        for before, after in ((0, 4), (-4, 4), (1_000, 4), (4, 4)):
            there: Any = SimpleNamespace(dictionary_page_offset=before, data_page_offset=after)
            assert heads.bound(there) is None, "readers differ in where it begins"


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_the_heads_say_how_many_values_and_bytes_a_reader_takes(tmp_path: Path, how: dict[str, Any]) -> None:
    path, lists = tmp_path / "some.parquet", [[float(i)] * (i % 7) for i in range(2_000)]
    texts = [f"text {i % 300}" if i % 3 else None for i in range(2_000)]
    table = pa.table({"lists": pa.array(lists), "texts": pa.array(texts), "numbers": pa.array(range(2_000))})
    pq.write_table(table, path, row_group_size=500, data_page_size=1_000, compression="zstd", **how)
    with pq.ParquetFile(path) as file, heads_of(path) as heads:
        for group in map(file.metadata.row_group, range(4)):
            for column in map(group.column, range(3)):
                n, n_bytes = heads.sizes(column)
                assert n == column.num_values and 0 < n_bytes <= column.total_uncompressed_size, column


@pytest.mark.long
def test_long_texts_behind_a_page_of_a_short_one_are_refused_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a dictionary: a part of 115 kB took 4.6 GB."""
    run = a_run(tmp_path, ("gpt",), n=20)
    table = pq.read_table(run / "texts-1.parquet")
    texts = pa.array(["a", *["a" * 40_000_000] * 19, *["a"] * (table.num_rows - 20)], pa.string())
    made = table.drop_columns(["text"]).append_column("text", texts)
    ways: Any = {"compression": "zstd", "data_page_size": 1, "write_batch_size": 1, "write_statistics": False}
    pq.write_table(made, run / "texts-1.parquet", use_dictionary=False, **ways)
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({k: v for k, v in facts.items() if k not in {"sealed", "checksum"}}))
    ran = evalkit(capsys, "export", run, "--to", "csv", "--out", tmp_path / "e.csv", "--results", run.parent)
    assert ran.code == 2 and "holds pages that unpack to more than 600 MB" in ran.err, ran.err


@pytest.mark.parametrize(("part", "name"), [("texts", "logliks"), ("rows", "slices"), ("rows", "unknown")])
def test_a_list_of_millions_in_one_row_is_refused_unread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str, name: str
) -> None:
    """A part of 7 kB with a list of 120 million zeros filled all memory."""
    run, n = a_run(tmp_path, ("gpt",), n=20), 6_000_000
    path = run / f"{part}-1.parquet"
    table = pq.read_table(path)
    starts, zeros = pa.array([0] + [n] * table.num_rows, pa.int32()), pa.array(np.zeros(n))
    made: pa.Array = pa.ListArray.from_arrays(starts, zeros)
    if name == "slices":
        words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int8)), pa.array(["a"])).cast(pa.string())
        made = pa.MapArray.from_arrays(starts, words, words)
    kept = table.drop_columns([name]) if name in table.column_names else table
    pq.write_table(kept.append_column(name, made), path, compression="zstd")
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({k: v for k, v in facts.items() if k not in {"sealed", "checksum"}}))
    for command in (("export", "--to", "csv", "--out", tmp_path / "e.csv"), ("corpus",)):
        before = pa.total_allocated_bytes()
        ran = evalkit(capsys, command[0], run, *command[1:], "--results", run.parent)
        assert (ran.code == 2 and "holds lists of 6,000,0" in ran.err) or (name == "unknown" and ran.code == 0), ran
        assert pa.total_allocated_bytes() < before + 10_000_000
    with pytest.raises(StoreError, match="holds lists of 6,000,0"):
        load_run(run) if part == "rows" else texts_of(run, [])
