"""Sealing moves every row once, whole, and can be cut off at any moment; parts carry a schema with a version."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalkit.errors import RunIncomplete, StoreError
from evalkit.records import Row
from evalkit.store import parts, sealing
from evalkit.store.journal import iter_rows, recover
from evalkit.store.row_codec import key_hash
from evalkit.store.sealing import rows_of, seal, seal_rows
from tests.store_rows import a_hostile_row, a_row, an_error, write


def _sorted(folder: Path) -> list[Row]:
    return sorted(rows_of(folder), key=lambda row: row.key)


def test_every_row_comes_back_from_parquet_exactly_as_it_was(tmp_path: Path) -> None:
    rows = [a_row(1), an_error(2), a_hostile_row(), a_row(3, raw_usage={}, logliks=())]
    write(tmp_path, rows)
    sealed = seal(tmp_path)
    assert (sealed.part, sealed.n_rows, sealed.n_superseded, sealed.n_unreadable) == (1, 4, 0, 0)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["rows-1.parquet", "texts-1.parquet"]
    assert list(rows_of(tmp_path)) == rows


def test_batches_do_not_change_what_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_BATCH_ROWS", 7)
    rows = [a_row(n, logliks=(float(n),) * (n % 3) if n % 2 else None, slices={"k": str(n)}) for n in range(40)]
    write(tmp_path, rows)
    seal(tmp_path)
    assert list(rows_of(tmp_path)) == rows
    assert pq.ParquetFile(tmp_path / "rows-1.parquet").num_row_groups == 6


def test_half_a_surrogate_pair_does_not_stop_sealing(tmp_path: Path) -> None:
    batch = parts.texts_batch([a_row(1, text="a \ud83d b")])
    assert batch.column("text").to_pylist() == ["a \\ud83d b"]
    write(tmp_path, [a_row(1, text="a \ud83d b")])
    assert seal(tmp_path).n_rows == 1


def test_an_interrupted_and_resumed_run_ends_with_the_same_rows_as_an_uninterrupted_one(tmp_path: Path) -> None:
    rows = [a_row(n) for n in range(30)]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    write(whole, rows)
    seal(whole)
    write(cut, rows[:10])
    write(cut, [an_error(10)])
    seal(cut)  # Ctrl-C seals
    found = recover(cut)
    assert found.seen[key_hash(rows[10].key)]
    write(cut, [r for r in rows if not found.is_done(r.key)])
    assert seal(cut).part == 2
    assert _sorted(cut) == _sorted(whole)
    assert recover(cut).n_done == 30
    assert recover(cut).n_errored == 0
    assert recover(cut).spend_usd == 30 * Decimal("0.000131")


def test_one_line_of_each_key_is_sealed_answers_before_errors_and_the_rest_is_counted(tmp_path: Path) -> None:
    write(tmp_path, [an_error(1), a_row(2), a_row(1), an_error(2)])
    with (tmp_path / "journal-main.jsonl").open("ab") as file:
        file.write(b"garbage\n")
    sealed = seal(tmp_path)
    assert (sealed.n_rows, sealed.n_superseded, sealed.n_unreadable) == (2, 2, 1)
    assert list(rows_of(tmp_path)) == [a_row(2), a_row(1)]


def test_a_run_killed_between_sealing_and_removing_its_journal_counts_no_row_twice(tmp_path: Path) -> None:
    rows = [a_row(n) for n in range(5)]
    write(tmp_path, rows)
    journal = (tmp_path / "journal-main.jsonl").read_bytes()
    seal(tmp_path)
    (tmp_path / "journal-main.jsonl").write_bytes(journal)
    assert _sorted(tmp_path) == sorted(rows, key=lambda row: row.key)
    assert recover(tmp_path).n_done == 5
    seal(tmp_path)
    assert _sorted(tmp_path) == sorted(rows, key=lambda row: row.key)


def test_texts_without_their_rows_are_no_part(tmp_path: Path) -> None:
    write(tmp_path, [a_row(1)])
    (tmp_path / "texts-1.parquet").write_bytes(b"left by a kill")
    assert seal(tmp_path).part == 1
    assert list(rows_of(tmp_path)) == [a_row(1)]


def test_sealing_nothing_makes_nothing(tmp_path: Path) -> None:
    assert seal(tmp_path).part is None
    (tmp_path / "journal-main.jsonl").touch()
    assert seal(tmp_path).part is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_full_disk_while_sealing_keeps_the_journal(tmp_path: Path) -> None:
    rows = [a_row(n, text=os.urandom(300).hex()) for n in range(60)]
    write(tmp_path, rows)
    script = """
        import resource, sys
        from pathlib import Path
        from evalkit.errors import RunIncomplete
        from evalkit.store.sealing import seal
        resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
        try:
            seal(Path(sys.argv[1]))
        except RunIncomplete as error:
            print(error)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "could not be sealed" in done.stdout
    assert "the journal is kept" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["journal-main.jsonl"]
    assert list(iter_rows(tmp_path)) == rows
    assert seal(tmp_path).n_rows == 60


def test_a_folder_that_went_read_only_is_a_sentence_not_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, [a_row(1)])
    (tmp_path / ".rows-1.tmp").mkdir()  # permissions do not stop root, a folder in the way does
    with pytest.raises(RunIncomplete, match="could not be sealed"):
        seal(tmp_path)
    assert list(iter_rows(tmp_path)) == [a_row(1)]


def test_numbers_are_typed_money_is_exact_and_the_schema_has_a_version(tmp_path: Path) -> None:
    write(tmp_path, [a_row(1, cost_usd=Decimal("0.000000000123456789")), a_row(2, cost_usd=None)])
    seal(tmp_path)
    table = pq.read_table(tmp_path / "rows-1.parquet")
    assert table.schema.metadata[b"evalkit.schema_version"] == b"1"
    assert table.schema.field("cost_usd").type == pa.decimal128(38, 15)
    assert table.column("cost_usd").to_pylist() == [Decimal("0.000000000123457"), None]
    assert table.schema.field("input_tokens").type == pa.int64()
    assert "text" not in table.column_names


def test_amounts_and_counts_that_are_no_numbers_are_unknown(tmp_path: Path) -> None:
    row = a_row(1, cost_usd=Decimal("NaN"), spend_usd=Decimal("Infinity"), input_tokens=2**70)
    batch = parts.rows_batch([row, a_row(2, cost_usd=Decimal("-0.5"), spend_usd=Decimal("1e30"))])
    assert batch.column("cost_usd").to_pylist() == [None, Decimal("-0.5")]
    assert batch.column("spend_usd").to_pylist() == [None, None]
    assert batch.column("input_tokens").to_pylist() == [None, 80]
    batch.validate(full=True)


def test_every_field_of_a_row_is_a_column_of_one_of_the_two_files() -> None:
    columns = {*parts.rows_schema().names, *parts.texts_schema().names}
    assert columns == set(Row.__dataclass_fields__)
    for batch in (parts.rows_batch([a_hostile_row(), an_error(1)]), parts.texts_batch([a_hostile_row(), an_error(1)])):
        batch.validate(full=True)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [({b"evalkit.schema_version": b"999"}, "newer evalkit"), (None, "not written by evalkit")],
)
def test_a_part_of_another_version_is_refused_with_a_sentence(
    tmp_path: Path, metadata: dict[bytes, bytes] | None, message: str
) -> None:
    pq.write_table(pa.table({"model": ["a"]}).replace_schema_metadata(metadata), tmp_path / "rows-1.parquet")
    with pytest.raises(StoreError, match=message):
        recover(tmp_path)


def test_a_damaged_part_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path, [a_row(1)])
    seal(tmp_path)
    content = (tmp_path / "rows-1.parquet").read_bytes()
    (tmp_path / "rows-1.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match=r"rows-1\.parquet cannot be read"):
        recover(tmp_path)
    with pytest.raises(StoreError, match=r"rows-1\.parquet cannot be read"):
        list(rows_of(tmp_path))


def test_two_thousand_short_questions_take_less_than_a_kilobyte_each(tmp_path: Path) -> None:
    base = [a_row(n) for n in range(667)]
    rows = [replace(r, model=m, text=os.urandom(40).hex()) for r in base for m in ("gpt", "claude", "qwen")]
    write(tmp_path, rows)
    seal(tmp_path)
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 1_000 * len(rows) / 4


@pytest.mark.long
def test_sealing_does_not_import_pandas(tmp_path: Path) -> None:
    """It would cost a short run a third of its time and 55 MB."""
    write(tmp_path, [a_row(1), a_hostile_row(), an_error(3)])
    (tmp_path / "run.json").write_text('{"schema_version": 1}')
    script = """
        import sys
        from pathlib import Path
        from evalkit.store import journal, sealing, summary
        folder = Path(sys.argv[1])
        sealing.seal(folder); journal.recover(folder); summary.summarise(folder)
        print([m for m in ("pandas", "duckdb") if m in sys.modules])
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"served_model": {"a": 1}},
        {"served_model": 5},
        {"service_tier": ["x"]},
        {"stop_reason": 7},
        {"text": {"not": "text"}},
        {"text": 5},
        {"reasoning": 1.5},
        {"score": "much"},
        {"dropped": [1]},
        {"slices": {"k": {"a": 1}}, "fingerprint": [1]},
    ],
)
def test_a_row_that_no_column_holds_is_set_aside_and_keeps_no_other_from_being_sealed(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    rows = [a_row(n) for n in range(5)]
    write(tmp_path, [*rows[:2], a_row(7, **changes), *rows[2:]])
    sealed = seal(tmp_path)
    assert sealed.n_rows == 5 and sealed.aside == (a_row(7).key,)
    assert list(rows_of(tmp_path)) == rows
    assert (tmp_path / sealing.ASIDE).read_bytes().count(b"\n") == 1
    assert not recover(tmp_path).is_done(a_row(7).key)  # it is owed, so that a resumed run asks again


def test_rows_of_another_tool_with_a_value_that_no_column_holds_are_refused(tmp_path: Path) -> None:
    odd: Any = "fast"
    with pytest.raises(StoreError, match="1 rows hold a value that cannot be stored"):
        seal_rows(tmp_path, iter([a_row(1), replace(a_row(2), total_s=odd)]))
