"""An import that is killed in the middle leaves no run: each command in a process of its own, ended by real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_import_export import INSPECT, inspect_sample, weighed, write_samples
from tests.test_import_guidellm import NEW
from tests.test_import_harbor import trial
from tests.test_import_other_tools import evaluation, promptfoo, result, sample
from tests.world import evalkit, finish, start

Capture = pytest.CaptureFixture[str]
_STOPPED = """
import time, sys
from evalkit.cli import main
from evalkit.store import runs

def update_facts(folder, changes):
    print("writing", folder, flush=True)
    time.sleep(60)

runs.update_facts = update_facts
main(sys.argv[1:])
"""
"""The command stands still once its rows are written and its facts are not."""


def _table(folder: Path) -> Path:
    (folder / "t.csv").write_text("model,item,score\n" + "".join(f"m,{n},1\n" for n in range(50)))
    return folder / "t.csv"


def _inspect(folder: Path) -> Path:
    (folder / "log.json").write_text(json.dumps({**INSPECT, "samples": [inspect_sample(1, "C")]}))
    return folder / "log.json"


def _lm_eval(folder: Path) -> Path:
    write_samples(folder / "out", "arc", [weighed(n, 1.0) for n in range(4)])
    return folder / "out"


def _evalscope(folder: Path) -> Path:
    (folder / "out/reviews/m").mkdir(parents=True)
    score = {"value": {"acc": 1}, "main_score_name": "acc"}
    one = {"index": 0, "target": ["t"], "sample_score": {"score": score}}
    (folder / "out/reviews/m/task.jsonl").write_text(json.dumps(one))
    return folder / "out"


def _harbor(folder: Path) -> Path:
    trial(folder / "jobs", "hello__1")
    return folder / "jobs"


COMMANDS: dict[str, Callable[[Path], Path]] = {
    "table": _table,
    "inspect": _inspect,
    "lm-eval": _lm_eval,
    "evalscope": _evalscope,
    "harbor": _harbor,
    "promptfoo": lambda folder: promptfoo(folder, result()),
    "every-eval-ever": lambda folder: evaluation(folder, sample(1.0)),
    "guidellm": lambda folder: NEW,
}


def _stopped(*words: object) -> subprocess.Popen[str]:
    """An import that stands still in the middle of writing its run."""
    command = [sys.executable, "-c", _STOPPED, "import", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("writing"), said
    return process


def _runs(results: Path) -> list[Path]:
    return [path for path in results.rglob("run.json") if ".new-" not in str(path)]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("tool", COMMANDS)
def test_an_import_killed_in_the_middle_leaves_no_run(
    tmp_path: Path, capsys: Capture, tool: str, number: signal.Signals
) -> None:
    results, place = tmp_path / "results", COMMANDS[tool](tmp_path)
    process = _stopped(tool, place, "--results", results)
    process.send_signal(number)
    ran = finish(process)
    assert ran.code == (143 if number is signal.SIGTERM else -9) and "Traceback" not in ran.err
    assert not _runs(results)
    assert evalkit(capsys, "show", "latest", "--results", results).code == 2
    drafts = list(results.rglob(".new-*"))
    assert not drafts if number is signal.SIGTERM else len(drafts) == 1
    for left in (path for draft in drafts for path in (draft, *draft.rglob("*"))):
        os.utime(left, (0, 0))
    again = evalkit(capsys, "import", tool, place, "--results", results)
    assert again.code == 0, again.err
    assert not list(results.rglob(".new-*")), "what the killed one left is gone"
    assert len(_runs(results)) == 1
    assert not list(results.rglob(".lock"))


@pytest.mark.long
def test_another_import_beside_one_that_is_writing_leaves_it_alone(tmp_path: Path, capsys: Capture) -> None:
    results, place = tmp_path / "results", _table(tmp_path)
    process = _stopped("table", place, "--results", results)
    (lock,) = results.rglob(".lock")
    os.utime(lock, (0, 0))
    assert evalkit(capsys, "import", "table", place, "--results", results).code == 0
    assert lock.exists(), "it is held"
    process.kill()
    finish(process)


@pytest.mark.long
def test_a_large_table_killed_while_its_rows_are_written_leaves_no_run(tmp_path: Path) -> None:
    results, place = tmp_path / "results", tmp_path / "t.csv"
    place.write_text("model,item,score\n" + "".join(f"m,{n},1\n" for n in range(100_000)))
    process = start("import", "table", place, "--results", results)
    while process.poll() is None and not list(results.rglob(".rows-1.tmp")):
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    ran = finish(process)
    assert (ran.code, ran.out, ran.err) == (143, "", "")
    assert list(results.iterdir()) == []
