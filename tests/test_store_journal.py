"""The journal survives kills, full disks and rivals: what was written stays, what was not is owed again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest

from evalkit.errors import RunIncomplete, StoreError
from evalkit.store.journal import Journal, iter_rows, recover
from evalkit.store.row_codec import key_hash, to_line
from tests.store_rows import a_row, an_error, write


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    rows = [a_row(n) for n in range(20)]
    write(tmp_path, rows)
    assert list(iter_rows(tmp_path)) == rows


def test_a_row_can_be_read_as_soon_as_append_returns(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "main") as journal:
        journal.append(a_row(1))
        assert list(iter_rows(tmp_path)) == [a_row(1)]
        journal.sync()
        assert journal.n_rows == 1


def test_a_torn_last_line_is_cut_off_and_its_row_owed_again(tmp_path: Path) -> None:
    write(tmp_path, [a_row(1), a_row(2)])
    with (tmp_path / "journal-main.jsonl").open("ab") as file:
        file.write(to_line(a_row(3))[:-7])
    assert list(iter_rows(tmp_path)) == [a_row(1), a_row(2)]
    found = recover(tmp_path)
    assert (found.n_done, found.n_torn) == (2, 1)
    assert found.note is not None
    assert "asked again" in found.note
    assert found.is_done(a_row(2).key)
    assert not found.is_done(a_row(3).key)
    write(tmp_path, [a_row(3)])
    assert list(iter_rows(tmp_path)) == [a_row(1), a_row(2), a_row(3)]
    assert recover(tmp_path).note is None


def test_a_writer_that_continues_after_a_kill_does_not_glue_two_lines_together(tmp_path: Path) -> None:
    (tmp_path / "journal-main.jsonl").write_bytes(to_line(a_row(1)) + b'{"task":"half')
    write(tmp_path, [a_row(2)])
    assert list(iter_rows(tmp_path)) == [a_row(1), a_row(2)]


@pytest.mark.parametrize("torn", [b"x" * 200_000, b"\x00" * 70_000, b"{"])
def test_a_torn_line_of_any_length_is_cut(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "journal-main.jsonl"
    path.write_bytes(to_line(a_row(1)) + torn)
    assert recover(tmp_path).n_torn == 1
    assert path.read_bytes() == to_line(a_row(1))
    path.write_bytes(torn)
    assert recover(tmp_path).n_done == 0
    assert path.read_bytes() == b""


def test_damage_in_the_middle_costs_that_row_only(tmp_path: Path) -> None:
    path = tmp_path / "journal-main.jsonl"
    path.write_bytes(to_line(a_row(1)) + b"\x00" * 300 + b"\n" + to_line(a_row(3)))
    found = recover(tmp_path)
    assert (found.n_done, found.n_torn) == (2, 1)
    assert list(iter_rows(tmp_path)) == [a_row(1), a_row(3)]


def test_an_answer_wins_over_an_error_so_that_what_was_asked_again_is_done(tmp_path: Path) -> None:
    write(tmp_path, [an_error(1), an_error(2), a_row(1), a_row(3), an_error(3)])
    found = recover(tmp_path)
    assert found.is_done(a_row(1).key)
    assert found.seen[key_hash(a_row(2).key)]
    assert not found.is_done(a_row(2).key)
    assert (found.n_done, found.n_errored) == (2, 1)


def test_what_was_spent_is_recovered_exactly(tmp_path: Path) -> None:
    write(tmp_path, [a_row(n, spend_usd=Decimal("0.1")) for n in range(3)] + [an_error(9)])
    assert recover(tmp_path).spend_usd == Decimal("0.3")


def test_an_empty_folder_has_nothing_to_recover(tmp_path: Path) -> None:
    found = recover(tmp_path)
    assert (found.n_done, found.n_torn, found.note) == (0, 0, None)


def test_two_writers_have_a_file_each(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "a") as left, Journal.open(tmp_path, "b") as right:
        for n in range(50):
            (left if n % 2 else right).append(a_row(n))
    assert recover(tmp_path).n_done == 50
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal-a.jsonl", "journal-b.jsonl"]


def test_one_file_has_one_writer(tmp_path: Path) -> None:
    with Journal.open(tmp_path, "main"), pytest.raises(StoreError, match=r"written by another process.*--new"):
        Journal.open(tmp_path, "main")
    Journal.open(tmp_path, "main").close()


@pytest.mark.parametrize("writer", ["", "../x", "a/b", ".hidden", "x" * 65, "a\n"])
def test_a_writer_cannot_name_a_file_elsewhere(tmp_path: Path, writer: str) -> None:
    with pytest.raises(ValueError, match="a writer is named by"):
        Journal.open(tmp_path, writer)


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be opened.*--results"):
        Journal.open(tmp_path / "gone", "main")


def _python(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    path = os.pathsep.join([str(Path(__file__).parent.parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_kill_9_loses_nothing_that_was_appended(tmp_path: Path) -> None:
    script = """
        import sys, itertools
        from pathlib import Path
        from tests.store_rows import a_row
        from evalkit.store.journal import Journal
        journal = Journal.open(Path(sys.argv[1]), "main")
        for n in itertools.count():
            journal.append(a_row(n, text="x" * 20_000))
            print(n, flush=True)
    """
    with _python(script, tmp_path) as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(30)]
        process.send_signal(signal.SIGKILL)
        seen += [int(n) for n in process.stdout.read().split("\n") if n]
    found = recover(tmp_path)
    assert all(found.is_done(a_row(n).key) for n in seen)
    assert found.n_done in {len(seen), len(seen) + 1}


def test_a_full_disk_stops_the_run_with_a_sentence_and_keeps_every_row_before(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        from tests.store_rows import a_row
        from evalkit.errors import RunIncomplete
        from evalkit.store.journal import Journal
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
        journal = Journal.open(Path(sys.argv[1]), "main")
        stored = 0
        try:
            for n in range(100):
                journal.append(a_row(n))
                stored += 1
        except RunIncomplete as error:
            print(stored, error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        journal.append(a_row(stored))          # space again: the journal goes on where it was
    """
    with _python(script, tmp_path) as process:
        out, err = process.communicate()
    assert err == ""
    stored, _, message = out.partition(" ")
    assert 5 < int(stored) < 100
    for part in ("could not be stored in", "File too large", "Every row before it is kept", "it resumes"):
        assert part in message
    found = recover(tmp_path)
    assert (found.n_done, found.n_torn) == (int(stored) + 1, 0)
    assert list(iter_rows(tmp_path)) == [a_row(n) for n in range(int(stored) + 1)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_no_space_left_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.store.journal.open_descriptor", lambda _, flags: os.open("/dev/full", flags))
    with (
        Journal.open(tmp_path, "main") as journal,
        pytest.raises(RunIncomplete, match=r"no space left.*Free some space"),
    ):
        journal.append(a_row(1))
