"""Questions to runs through DuckDB: sealed or running, hostile folder names, texts on demand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import evalkit
from evalkit.errors import StoreError
from evalkit.records import Message, ToolCall
from evalkit.store.queries import connect, load_run, texts_of
from evalkit.store.sealing import rows_of, seal
from evalkit.store.transcript import transcript
from tests.run_facts import set_facts
from tests.store_rows import HOSTILE, a_hostile_row, a_row, a_run, an_error, write


def test_several_runs_are_asked_together(tmp_path: Path) -> None:
    first, second = (a_run(tmp_path, [a_row(n) for n in range(k)]) for k in (10, 20))
    seal(first)
    with connect([first, second]) as con:
        found = con.execute("select run, count(*), avg(score) from rows group by run order by 2").fetchall()
    assert found == [(first.name, 10, 0.8), (second.name, 20, 0.8)]


def test_a_row_that_was_asked_again_comes_once_sealed_or_running(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [an_error(1), an_error(2), a_row(3)])
    seal(folder)
    write(folder, [an_error(1), a_row(1), an_error(1), an_error(3)])
    for _ in range(2):
        with connect([folder]) as con:
            rows = con.execute("select sample_id, outcome from rows order by 1").fetchall()
            texts = con.execute("select count(*) from texts").fetchone()
        assert rows == [("q1", "right"), ("q2", "errored"), ("q3", "right")]
        assert texts == (3,)
        seal(folder)


def test_calls_are_read_beside_runs_that_were_sealed_before_there_were_any(tmp_path: Path) -> None:
    old, new = a_run(tmp_path, [a_row(1)]), a_run(tmp_path, [a_hostile_row()])
    for folder in (old, new):
        seal(folder)
    part = old / "texts-1.parquet"
    pq.write_table(pq.read_table(part).drop_columns(["tools", "calls"]), part)
    set_facts(old, sealed=None)  # as runs of before have none
    with connect([old]) as con:
        assert con.execute("select calls, tools from texts").fetchall() == [(None, None)]
    with connect([old, new]) as con:
        assert con.execute("select count(calls), count(tools), count(*) from texts").fetchone() == (1, 1, 2)
    assert [(row.calls, row.tools) for row in rows_of(old)] == [(None, None)]
    found = texts_of(new, [a_hostile_row().key])[a_hostile_row().key]
    assert found["calls"][0] == ToolCall(HOSTILE, '{"broken": ')
    assert found["tools"][0].name == "weather.get"
    assert transcript(found["text"], found["calls"][:1]) == f'{HOSTILE}\n{HOSTILE}({{"broken": )'
    assert transcript("", a_hostile_row().calls) == f'{HOSTILE}({{"broken": )\nf({HOSTILE})'
    assert transcript(None, None) is None


def test_money_is_summed_exactly(tmp_path: Path) -> None:
    with connect([a_run(tmp_path, [a_row(n) for n in range(1000)])]) as con:
        total = con.execute("select sum(cost_usd) from rows").fetchone()
    assert total is not None
    assert str(total[0]).rstrip("0") == "0.131"


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", ["it's", 'say "hi"', "a[bc]*?", "semi; drop table rows --", "späße \U0001f600", "{x}"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = a_run(tmp_path, [a_row(n) for n in range(3)]).rename(tmp_path / name)
    (tmp_path / "ab").mkdir()
    for _ in range(2):
        with connect([folder]) as con:
            assert con.execute("select distinct run from rows").fetchall() == [(name,)]
        assert texts_of(folder, [a_row(1).key])[a_row(1).key]["text"] == "The answer is B."
        seal(folder)


def test_a_run_is_a_data_frame_with_missing_for_unknown(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [a_row(1), an_error(2), a_row(3, slices={"language": "de"})])
    seal(folder)
    frame = load_run("latest", tmp_path).sort_values("sample_id")
    assert frame["score"].tolist()[0] == 1.0
    assert pd.isna(frame["score"].tolist()[1])
    assert pd.isna(frame["cost_usd"].tolist()[1])
    assert isinstance(frame["model"].dtype, pd.CategoricalDtype)
    assert frame["slices"].tolist()[2] == {"language": "de"}
    assert frame.groupby("model", observed=True)["score"].mean().to_dict() == {"gpt": 1.0}
    assert "text" not in frame
    pd.testing.assert_frame_equal(load_run(folder), load_run(folder.name[:12], tmp_path))


def test_a_run_is_opened_at_the_front_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_run(tmp_path / "results", [a_row(1)])
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVALKIT_RESULTS", raising=False)
    assert len(evalkit.open_run("latest").frame()) == 1
    with pytest.raises(AttributeError, match="no attribute 'load_runs'"):
        _ = evalkit.load_runs


def test_a_run_without_rows_is_an_empty_frame(tmp_path: Path) -> None:
    frame = load_run(a_run(tmp_path))
    assert len(frame) == 0
    assert "score" in frame


def test_what_was_said_comes_back_whole_for_the_rows_asked_for(tmp_path: Path) -> None:
    hostile = a_hostile_row()
    folder = a_run(tmp_path, [a_row(n) for n in range(5)] + [hostile])
    for _ in range(2):
        found = texts_of(folder, [hostile.key, a_row(2).key, a_row(99).key])
        assert set(found) == {hostile.key, a_row(2).key}
        said = found[hostile.key]
        assert said["text"] == said["reasoning"] == HOSTILE
        assert said["prompt"] == (Message("user", HOSTILE), Message("assistant", ""))
        assert said["raw_usage"] == hostile.raw_usage
        assert said["logliks"] == [-1.5, float("-inf"), -0.0]
        assert texts_of(folder, []) == {}
        seal(folder)


def test_two_runs_of_the_same_name_would_mix_and_are_refused(tmp_path: Path) -> None:
    folder = a_run(tmp_path, [a_row(1)])
    with pytest.raises(StoreError, match="same name"):
        connect([folder, folder])


def test_what_is_no_run_or_damaged_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a run"):
        connect([tmp_path])
    folder = a_run(tmp_path, [a_row(1)])
    seal(folder)
    (folder / "rows-1.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(StoreError, match=r"rows-1\.parquet cannot be read"):
        connect([folder])


def test_a_column_that_a_newer_part_has_does_not_break_older_ones(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = a_run(tmp_path, [a_row(1)])
    seal(folder)
    table = pq.read_table(folder / "rows-1.parquet")
    schema = table.schema.append(pa.field("novelty", pa.int64()))
    extended = pa.table([*table.columns, pa.array([1])], schema=schema)
    pq.write_table(extended.set_column(table.schema.get_field_index("sample_id"), "sample_id", [["q9"]]), folder / "x")
    (folder / "x").rename(folder / "rows-2.parquet")
    (folder / "texts-1.parquet").rename(folder / "texts-2.parquet")
    set_facts(folder, sealed={})
    with connect([folder], texts=False) as con:
        assert con.execute("select sample_id, novelty from rows").fetchall() == [("q9", 1)]
