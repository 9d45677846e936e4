"""Scores by sample: what places, comparisons and flips read instead of the rows."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import orjson
import pytest

from evalkit.records import Outcome
from evalkit.results.changes import list_changes as list_flips
from evalkit.results.compare import compare_samples as compare
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import SampleJoin, pair_of, shared_lines
from evalkit.stats import comparison
from evalkit.store.score_table import MISSING, OUTCOMES, SAMPLE_ID_SQL, ScoreTable, read_scores, sample_id
from evalkit.store.summary import write_summary
from tests.board_world import TASKS, a_row, a_run, an_error
from tests.run_facts import set_facts


def column(table: ScoreTable, model: str) -> list[Any]:
    return table.scores[table.models.index(model)].tolist()


def test_right_and_wrong_take_a_byte_and_graded_scores_a_float(tmp_path: Path) -> None:
    rows = [a_row("gpt", "triage", n, score=float(n % 2), outcome=Outcome.RIGHT) for n in range(4)]
    rows += [a_row("qwen", "triage", n, score=n / 4, outcome=Outcome.SCORED) for n in range(3)]
    table = read_scores(a_run(tmp_path, ("gpt", "qwen"), rows=[*rows, an_error("qwen", "triage", 3)]))
    assert column(table, "gpt") == [0, 1, 0, 1]
    assert column(table, "qwen")[:3] == [0, 0.25, 0.5] and np.isnan(column(table, "qwen")[3])
    assert OUTCOMES[table.outcomes[1][3]] is Outcome.ERRORED


def test_a_model_that_was_not_asked_is_not_an_error(tmp_path: Path) -> None:
    rows = [a_row("gpt", "triage", n) for n in range(3)] + [a_row("qwen", "triage", 2)]
    table = read_scores(a_run(tmp_path, ("gpt", "qwen"), rows=rows))
    assert table.outcomes[table.models.index("qwen")].tolist()[:2] == [MISSING, MISSING]
    assert pair_of(SampleJoin(table, table), "gpt", "qwen").n_errored == 0


def test_repeats_are_averaged_and_the_first_gives_the_outcome(tmp_path: Path) -> None:
    rows = [
        a_row("gpt", "triage", 0, repeat=r, score=float(r > 0), outcome=Outcome.RIGHT if r else Outcome.TRUNCATED)
        for r in (3, 0, 2, 1)
    ]
    table = read_scores(a_run(tmp_path, ("gpt",), rows=rows))
    assert column(table, "gpt") == [0.75]
    assert OUTCOMES[table.outcomes[0][0]] is Outcome.TRUNCATED


@pytest.mark.parametrize("damage", ["absent", "torn", "other parts", "other shapes", "other words", "endless"])
def test_a_file_that_does_not_fit_the_rows_is_computed_anew(tmp_path: Path, damage: str) -> None:
    folder = a_run(tmp_path, n=5)
    good, file = read_scores(folder), folder / "scores.npz"
    set_facts(folder, sealed=None)  # as runs of before have none: a digest would tell it too
    if damage == "absent":
        file.unlink()
    elif damage == "endless":
        head = b"{'descr': '<u8', 'fortran_order': False, 'shape': (900000000000000,), }\n"
        with zipfile.ZipFile(file) as stored, zipfile.ZipFile(tmp_path / "made", "w") as made:
            for name in stored.namelist():
                endless = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head
                made.writestr(name, endless if name == "ids.npy" else stored.read(name))
        file.write_bytes((tmp_path / "made").read_bytes())
    elif damage == "torn":
        file.write_bytes(file.read_bytes()[:900])
    elif damage == "other parts":
        other = a_run(tmp_path / "other", n=5, suite="other")
        set_facts(other, sealed=None)
        (other / "rows-1.parquet").rename(other / "rows-2.parquet")
        (other / "texts-1.parquet").rename(other / "texts-2.parquet")
        write_summary(other)
        file.write_bytes((other / "scores.npz").read_bytes())
    elif damage == "other words":
        with np.load(file) as stored:
            arrays = dict(stored)
        about = orjson.loads(arrays["about"].tobytes()) | {"slice_sets": [[1]]}
        np.savez(file, **arrays | {"about": np.frombuffer(orjson.dumps(about), dtype=np.uint8)})
    else:
        with np.load(file) as stored:
            arrays = dict(stored)
        np.savez(file, **arrays | {"task": arrays["task"] + 7})
    again = read_scores(folder)
    assert again.ids.tolist() == good.ids.tolist()
    assert [c.tolist() for c in again.scores] == [c.tolist() for c in good.scores]


def test_duckdb_and_python_name_a_sample_alike() -> None:
    for place in (("refunds", "0af3", 0), ("Über\n", "雪", 12)):
        sql = f"select {SAMPLE_ID_SQL} from (select ? as task, ? as sample_digest, ? as occurrence)"
        assert duckdb.execute(sql, place).fetchall() == [(sample_id(*place),)]


def test_samples_of_two_runs_meet_on_content_whatever_their_order(tmp_path: Path) -> None:
    rows = [a_row("gpt", task, n) for task in TASKS for n in range(20)]
    left = read_scores(a_run(tmp_path / "a", ("gpt",), rows=rows))
    right = read_scores(a_run(tmp_path / "b", ("gpt",), rows=[a_row("gpt", "new", 1), *rows[::-1][5:]]))
    both = SampleJoin(left, right, *shared_lines(left, right))
    assert both.lines_left is not None and both.lines_right is not None
    assert left.ids[both.lines_left].tolist() == right.ids[both.lines_right].tolist()
    assert (pair_of(both, "gpt", "gpt").n, pair_of(both, "gpt", "gpt", "refunds").n) == (35, 20)
    assert pair_of(both, "gpt", "gpt").gained == 0


def test_runs_without_a_sample_in_common_meet_in_nothing(tmp_path: Path) -> None:
    a = a_run(tmp_path, ("gpt",), rows=[a_row("gpt", "triage", n) for n in range(3)]).name
    b = a_run(tmp_path, ("gpt",), rows=[a_row("gpt", "refunds", n) for n in range(3)]).name
    empty = a_run(tmp_path, ("gpt",), rows=[]).name
    store = ResultsReader(tmp_path)
    assert compare(store, (a, "gpt"), (b, "gpt")).n == 0
    assert shared_lines(store.table(a), store.table(empty))[0].size == 0
    assert list_flips(store, (a, "gpt"), (b, "gpt"), limit=5, offset=0, kind="every sample") == ([], 0)


def test_counts_decide_as_the_scores_themselves_do() -> None:
    rng = np.random.default_rng(5)
    for n in (1, 2, 40, 300, 7000):
        for _ in range(6):
            first = (rng.random(n) < 0.7).astype(float)
            second = np.where(rng.random(n) < 0.2, 1 - first, first)
            n_errored = int(rng.integers(0, 4))
            gained, lost = int((second > first).sum()), int((second < first).sum())
            counts = comparison.Counts(n, gained, lost, n_errored)
            whole = comparison.test(first, second, 0.0, 0.025, tail="smooth", n_errored=n_errored)
            counted = comparison.test_counts(counts, 0.0, 0.025)
            assert replace(counted, interval=None) == replace(whole, interval=None)
            assert counted.interval is not None and whole.interval is not None
            assert counted.interval.low == pytest.approx(whole.interval.low, abs=1e-9)
            assert counted.interval.high == pytest.approx(whole.interval.high, abs=1e-9)
            assert comparison.decide_counts(counts, 0.0, 0.01) is comparison.decide(
                first, second, 0.0, 0.01, n_errored=n_errored
            )
    with pytest.raises(ValueError, match="cannot be counted"):
        comparison.decide_counts(comparison.Counts(3, 2, 2), 0.0)
