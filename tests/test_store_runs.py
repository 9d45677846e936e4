"""Run folders: made at once, found by what a person writes, written by one process, never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evalkit.errors import RunIncomplete, StoreError
from evalkit.facts import ModelFacts, RunFacts
from evalkit.store import runs
from evalkit.store.run_lock import is_locked, lock_run
from evalkit.store.runs import (
    create_run,
    find_incomplete,
    list_runs,
    open_facts,
    read_facts,
    require_digest,
    resolve_run,
    split_side,
    update_facts,
)
from tests.store_rows import a_run

DIGEST = "a1b2c3d4e5f6"


def _named(results: Path, name: str, **facts: object) -> Path:
    folder = results / name
    folder.mkdir(parents=True)
    started = {"started_at": "2026-11-20T10:00:00.000Z", "status": "complete", "suite": "demo", "suite_digest": DIGEST}
    (folder / "run.json").write_text(json.dumps({"schema_version": 1, **started, **facts}))
    return folder


def test_a_run_folder_is_named_for_its_suite_time_and_digest(tmp_path: Path) -> None:
    folder = create_run(
        tmp_path / "results", "support-swap", DIGEST, RunFacts(models={"gpt": ModelFacts(model="gpt-6")})
    )
    assert re.fullmatch(r"support-swap-\d{8}T\d{6}Z-a1b2c3", folder.name)
    facts = read_facts(folder)
    assert facts["status"] == "running"
    assert facts["schema_version"] == 1
    assert facts["suite_digest"] == DIGEST
    assert facts["models"] == {"gpt": {"model": "gpt-6"}}, "what is not set is not written"
    assert [p.name for p in (tmp_path / "results").iterdir()] == [folder.name]


def test_runs_of_the_same_second_do_not_clash(tmp_path: Path) -> None:
    found: list[Path] = []
    threads = [
        threading.Thread(target=lambda: found.append(create_run(tmp_path, "s", DIGEST, RunFacts()))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 12
    assert len(list_runs(tmp_path)) == 12
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("name", ["../../etc", "a/b", "", "...", "naïve \x1b[2J", "x" * 300])
def test_a_suite_name_cannot_lead_out_of_the_results_folder(tmp_path: Path, name: str) -> None:
    folder = create_run(tmp_path / "results", name, DIGEST, RunFacts())
    assert folder.parent == tmp_path / "results"
    assert re.fullmatch(r"[A-Za-z0-9._-]+", folder.name)
    assert read_facts(folder)["suite"] == name


def test_a_results_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("mine")
    with pytest.raises(StoreError, match=r"cannot hold results.*--results"):
        create_run(tmp_path / "results", "s", DIGEST, RunFacts())
    with pytest.raises(StoreError, match="no folder of results"):
        list_runs(tmp_path / "results")


def test_facts_are_replaced_at_once_and_a_status_sets_the_finish(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    update_facts(folder, RunFacts(status="complete", n_rows=3))
    facts = open_facts(folder)
    assert facts.n_rows == 3
    assert facts.started_at is not None and facts.finished_at is not None and facts.finished_at >= facts.started_at
    update_facts(folder, RunFacts(status="running"))
    assert open_facts(folder).finished_at is None and open_facts(folder).n_rows == 3
    with pytest.raises(ValueError, match="status is one of"):
        update_facts(folder, RunFacts(status="done"))
    assert sorted(p.name for p in folder.iterdir()) == ["journal-main.jsonl", "run.json"]


def test_facts_that_cannot_be_written_leave_the_old_ones(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    (folder / f".run.json.{os.getpid()}.tmp").mkdir()
    with pytest.raises(RunIncomplete, match="could not be written"):
        update_facts(folder, RunFacts(status="complete"))
    assert read_facts(folder)["status"] == "running"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "damaged"),
        ("{", "damaged"),
        ("[]", "not written by evalkit"),
        ('{"a": 1}', "not written by evalkit"),
        ('{"schema_version": 99}', "newer evalkit"),
    ],
)
def test_facts_that_are_damaged_or_newer_are_a_sentence_and_listed_with_it(
    tmp_path: Path, content: str, message: str
) -> None:
    good = a_run(tmp_path)
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "run.json").write_text(content)
    with pytest.raises(StoreError, match=message):
        read_facts(bad)
    listed = list_runs(tmp_path)
    assert [r.path for r in listed] == [good, bad]
    assert listed[0].problem is None
    assert message in (listed[1].problem or "")
    assert resolve_run("latest", tmp_path) == good


def test_a_folder_that_is_no_run_is_not_listed_but_one_that_lost_its_facts_is(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / ".new-abc").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / "journal-main.jsonl").touch()
    assert [(r.name, r.problem is not None) for r in list_runs(tmp_path)] == [("lost", True)]
    with pytest.raises(StoreError, match=r"is not a run: it has no run\.json"):
        read_facts(tmp_path / "notes")


def test_no_results_folder_yet_means_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "results") == []
    assert find_incomplete(tmp_path / "results", "demo", DIGEST) is None
    with pytest.raises(StoreError, match=r"no runs in.*evalkit run"):
        resolve_run("latest", tmp_path / "results")


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    for name, hour in (("b", "09"), ("a", "11"), ("c", "10")):
        _named(tmp_path, name, started_at=f"2026-11-20T{hour}:00:00.000Z")
    assert [r.name for r in list_runs(tmp_path)] == ["a", "c", "b"]
    assert resolve_run("latest", tmp_path).name == "a"


def test_a_run_that_was_killed_is_interrupted_and_one_that_is_written_is_running(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    assert list_runs(tmp_path)[0].status == "interrupted"
    with lock_run(folder):
        assert is_locked(folder)
        assert list_runs(tmp_path)[0].status == "running"
    assert not is_locked(folder)
    assert not (folder / ".lock").exists()


def test_the_newest_incomplete_run_of_the_same_digest_is_resumed(tmp_path: Path) -> None:
    _named(tmp_path, "old", status="incomplete", started_at="2026-11-20T08:00:00.000Z")
    newest = _named(tmp_path, "new", status="interrupted", started_at="2026-11-20T10:00:00.000Z")
    _named(tmp_path, "edited", status="interrupted", suite_digest="other", started_at="2026-11-20T11:00:00.000Z")
    _named(tmp_path, "namesake", status="interrupted", suite="else", started_at="2026-11-20T12:00:00.000Z")
    assert find_incomplete(tmp_path, "demo", DIGEST) == newest


def test_after_a_complete_run_nothing_older_is_resumed(tmp_path: Path) -> None:
    _named(tmp_path, "old", status="interrupted", started_at="2026-11-20T08:00:00.000Z")
    _named(tmp_path, "new", status="complete", started_at="2026-11-20T10:00:00.000Z")
    assert find_incomplete(tmp_path, "demo", DIGEST) is None


def test_a_run_of_another_suite_is_not_resumed(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    require_digest(folder, DIGEST)
    with pytest.raises(StoreError, match=r"belongs to suite 'demo'.*--new"):
        require_digest(folder, "ffff")


def test_a_run_is_named_by_path_name_beginning_or_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = tmp_path / "results"
    first = _named(results, "demo-20261120T100000Z-aaaaaa", started_at="2026-11-20T10:00:00.000Z")
    second = _named(results, "demo-20261120T110000Z-bbbbbb", started_at="2026-11-20T11:00:00.000Z")
    for ref in (str(first), first.name, "demo-20261120T10"):
        assert resolve_run(ref, results) == first
    assert resolve_run("latest", results) == second
    monkeypatch.chdir(tmp_path)
    assert resolve_run("results/demo-20261120T100000Z-aaaaaa", Path("elsewhere")).resolve() == first


def test_a_name_that_is_the_beginning_of_another_still_means_itself(tmp_path: Path) -> None:
    run = _named(tmp_path, "demo-1")
    _named(tmp_path, "demo-1-2")
    assert resolve_run("demo-1", tmp_path) == run


@pytest.mark.parametrize("ref", ["demo", "nothing", "", "..", "*"])
def test_a_name_that_fits_none_or_several_lists_the_candidates(tmp_path: Path, ref: str) -> None:
    for n in range(12):
        _named(tmp_path, f"demo-{n:02d}")
    with pytest.raises(StoreError, match=r"demo-\d\d, demo-\d\d.* and 4 more"):
        resolve_run(ref, tmp_path)


def test_a_side_is_a_run_and_perhaps_a_model(tmp_path: Path) -> None:
    assert split_side("latest") == ("latest", None)
    assert split_side("latest:gpt") == ("latest", "gpt")
    assert split_side("latest:qwen:7b") == ("latest", "qwen:7b")
    odd = _named(tmp_path, "a:b")
    assert split_side(str(odd)) == (str(odd), None)
    for side in ("", ":", ":gpt", "latest:"):
        with pytest.raises(StoreError, match="RUN:MODEL"):
            split_side(side)


def test_two_processes_cannot_write_the_same_run(tmp_path: Path) -> None:
    folder = a_run(tmp_path)
    script = "import sys; from pathlib import Path; from evalkit.store.run_lock import lock_run\n"
    script += "with lock_run(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=rf"written by process {other.pid}.*--new"), lock_run(folder):
            pass
        other.kill()
        other.wait()
    assert (folder / ".lock").exists()
    with lock_run(folder):  # a killed holder does not block
        pass


def test_results_are_moved_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVALKIT_RESULTS", raising=False)
    assert runs.default_results() == Path("results")
    monkeypatch.setenv("EVALKIT_RESULTS", "elsewhere")
    assert runs.default_results() == Path("elsewhere")


@pytest.mark.parametrize(
    "ref", ["a" * 300, "a" * 50_000, "a/" * 20_000, "x" * 300 + "/" + "y" * 300, "../" * 99 + "b" * 256]
)
def test_a_name_that_no_file_system_takes_is_a_sentence(tmp_path: Path, ref: str) -> None:
    with pytest.raises(StoreError) as raised:
        resolve_run(ref, tmp_path)
    assert len(str(raised.value)) < 1_500
    assert split_side(f"{ref}:m")[1] == "m"
