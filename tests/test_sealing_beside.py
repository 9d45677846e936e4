"""A long run is sealed by another process while it goes on, and by its own wherever that process has not all of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit.engine import session
from evalkit.store import sealing, sealing_beside
from evalkit.store.journal import Journal, recover
from evalkit.store.part_files import Drafted
from evalkit.store.sealing import rows_of
from evalkit.store.sealing_beside import SealingBeside
from evalkit.store.summary import read_summary, summarise, write_summary
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.store_rows import a_hostile_row, a_row, an_error, write
from tests.world import evalkit, write_suite

ROWS = [a_row(1), a_hostile_row(), an_error(2), *(a_row(n) for n in range(10, 40))]


def _started(folder: Path, name: str = "journal-main.jsonl") -> SealingBeside:
    beside = SealingBeside.start(folder, folder / name)
    assert beside is not None
    return beside


def _finished(process: SealingBeside) -> Drafted | None:
    try:
        assert process.wait_until_ready(30)
        process.say_end()
        return process.finish()
    finally:
        process.end()


pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="on one core nothing is sealed beside a run")


def test_what_is_sealed_beside_is_what_the_run_itself_would_seal(tmp_path: Path) -> None:
    whole, beside = tmp_path / "whole", tmp_path / "beside"
    for folder in (whole, beside):
        folder.mkdir()
    write(whole, ROWS)
    sealing.seal(whole)
    with Journal.open(beside, "main") as log:
        for row in ROWS[:5]:
            log.append(row)
        process = _started(beside)
        for row in ROWS[5:]:
            log.append(row)
        drafted = _finished(process)
    assert drafted is not None and (drafted.n_rows, drafted.n_errored) == (len(ROWS), 1)
    sealed = sealing.seal(beside, drafted)
    assert (sealed.part, sealed.n_rows, sealed.n_errored) == (1, len(ROWS), 1)
    for name in ("rows-1.parquet", "texts-1.parquet"):
        assert (beside / name).read_bytes() == (whole / name).read_bytes()
    assert sorted(one.name for one in beside.iterdir()) == ["rows-1.parquet", "texts-1.parquet"]


def _repeated(folder: Path) -> None:
    write(folder, [a_row(1), an_error(2), a_row(2), a_row(3)])


def _damaged(folder: Path) -> None:
    write(folder, [a_row(1), a_row(2), a_row(3)])
    with (folder / "journal-main.jsonl").open("ab") as file:
        file.write(b"garbage\n")


def _with_another(folder: Path) -> None:
    write(folder, [a_row(1), a_row(2)])
    write(folder, [a_row(3)], "older")


def _torn(folder: Path) -> None:
    write(folder, [a_row(1), a_row(2), a_row(3)])
    with (folder / "journal-main.jsonl").open("ab") as file:
        file.write(b'{"task":')


@pytest.mark.parametrize("make", [_repeated, _damaged, _with_another, _torn])
def test_a_journal_that_is_not_plain_is_sealed_as_ever(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    sealed = sealing.seal(tmp_path, _finished(_started(tmp_path)))
    assert sealed.n_rows == 3 and recover(tmp_path).n_done == 3
    assert {row.sample_id for row in rows_of(tmp_path)} == {"q1", "q2", "q3"}
    assert not list(tmp_path.glob("journal-*"))


def test_rows_that_come_after_the_end_are_not_lost(tmp_path: Path) -> None:
    write(tmp_path, [a_row(1)])
    drafted = _finished(_started(tmp_path))
    write(tmp_path, [a_row(2)])
    assert drafted is not None and sealing.seal(tmp_path, drafted).n_rows == 2


def test_a_process_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    process = _started(tmp_path)
    os.kill(process._process.pid, signal.SIGKILL)
    assert process.finish() is None
    (tmp_path / ".rows-1-4711.tmp").write_bytes(b"left by a kill")
    assert sealing.seal(tmp_path).n_rows == len(ROWS)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["rows-1.parquet", "texts-1.parquet"]


def test_a_run_that_ends_without_a_word_leaves_no_drafts(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    beside = _started(tmp_path)
    assert beside._process.stdin is not None
    beside._process.stdin.close()
    assert beside._process.wait(30) == 1
    beside.end()
    assert [one.name for one in tmp_path.iterdir()] == ["journal-main.jsonl"]


def test_with_less_than_two_cores_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, ROWS)
    monkeypatch.setattr(sealing_beside, "QUOTA", tmp_path / "cpu.max")
    for quota, there in (("150000 100000\n", False), ("max 100000\n", True), ("200000 100000\n", True)):
        (tmp_path / "cpu.max").write_text(quota)
        beside = SealingBeside.start(tmp_path, tmp_path / "journal-main.jsonl")
        assert (beside is not None) == there
        if beside is not None:
            beside.end()


def test_a_process_that_has_not_begun_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    process = _started(tmp_path)
    os.kill(process._process.pid, signal.SIGSTOP)
    process.say_end()
    begun = time.monotonic()
    assert process.finish() is None and process.sum_up() is None
    assert time.monotonic() - begun < 5


def test_a_run_of_many_rows_is_sealed_and_summed_up_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done_beside: list[bool] = []

    class Seen(session._Beside):
        OWED = OWED_UNCOMPILED = 5

        def say_end(self) -> bool:
            if self._starting is not None:
                self._starting.join()
            assert self._process is not None and self._process.wait_until_ready(30)
            return super().say_end()

        def sum_up(self) -> tuple[bytes, bytes] | None:
            kept = super().sum_up()
            done_beside.append(kept is not None)
            return kept

    monkeypatch.setattr(session, "_Beside", Seen)
    with FakeProvider.in_thread(Behaviour(latency_s=0.2)) as provider:
        models = "\n".join(
            f'  {name}: {{adapter: openai_chat, model: fake, weights: {name}, base_url: "{provider.base_url}"}}'
            for name in ("one", "two")
        )
        suite = write_suite(tmp_path, provider.base_url, n=30, models=models, in_flight=15)
        done = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert done.code == 0, done.err
    assert done_beside == [True]
    (folder,) = (tmp_path / "results").iterdir()
    assert not list(folder.glob(".*.tmp")) and not list(folder.glob("journal-*"))
    found = read_summary(folder)
    assert found == summarise(folder) and found.n_rows == 60
    beside = {name: (folder / name).read_bytes() for name in ("summary.json", "scores.npz")}
    write_summary(folder)
    assert beside == {name: (folder / name).read_bytes() for name in beside}
