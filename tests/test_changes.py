"""`--set`, `--seed`, `--repeats`, `--limit P%`: a suite run otherwise than its file says, and the run says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.suite.loading import apply_changes
from evalkit.suite.source_map import parse
from tests.world import evalkit, rows, run_folders

Capture = pytest.CaptureFixture[str]
SUITE = """name: sums
models:
  one: {adapter: scripted, replies: {"*": "4"}}
  two: {adapter: scripted, replies: {"*": "5"}}
tasks:
  - name: sums
    data: {path: items.jsonl, id: id}
    prompt: "{{ question }}"
    target: "{{ answer }}"
    score: exact
  - name: more
    data: {path: items.jsonl, id: id}
    prompt: "What is {{ question }}"
    target: "{{ answer }}"
    score: exact
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    lines = [json.dumps({"id": f"q{n}", "question": f"{n} + 2?", "answer": str(n + 2)}) for n in range(25)]
    (tmp_path / "items.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    return tmp_path / "suite.yaml"


def ran(capsys: Capture, suite: Path, *options: str) -> tuple[Path, dict[str, object]]:
    done = evalkit(capsys, "run", suite, "--results", suite.parent / "r", *options)
    assert done.code == 0, done.err
    (folder,) = run_folders(suite.parent / "r")
    return folder, json.loads((folder / "run.json").read_text())


def test_a_value_is_changed_and_the_run_keeps_the_suite_as_changed(suite: Path, capsys: Capture) -> None:
    folder, facts = ran(capsys, suite, "--set", 'models.one.replies={"*": "6"}', "--set", "tasks.more.limit.n=3")
    assert len(rows(folder)) == 2 * (25 + 3)
    assert facts["suite_resolved"]["models"]["one"]["replies"] == {"*": "6"}  # type: ignore[index]
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["models"]["one"]["tasks"]["sums"]["outcomes"]["right"] == 1
    assert (suite.parent / "suite.yaml").read_text() == SUITE


def test_seed_and_repeats_are_those_of_the_command(suite: Path, capsys: Capture) -> None:
    folder, facts = ran(capsys, suite, "--repeats", "2", "--seed", "7", "--tasks", "sums", "--models", "one")
    assert len(rows(folder)) == 50
    assert facts["repeats"] == 2
    assert facts["suite_resolved"]["run"]["seed"] == 7  # type: ignore[index]


@pytest.mark.long(but=2)
@pytest.mark.parametrize("share, n", [("10%", 3), ("0.1%", 1), ("100%", 25), ("0.1", 3), ("7", 7)])
def test_a_limit_may_be_a_share_of_each_task(suite: Path, capsys: Capture, share: str, n: int) -> None:
    folder, facts = ran(capsys, suite, "--limit", share)
    assert len(rows(folder)) == 2 * 2 * n
    assert facts["cut_by_limit"] == n  # so that a gate refuses it


MISTAKES = {
    "no value": ("models.one", "write KEY=VALUE"),
    "no key": ("=3", "write KEY=VALUE"),
    "no such model": ("models.on.settings.temperature=0", "there is no model 'on'; did you mean 'one'?"),
    "no such task": ("tasks.sum.limit.n=3", "there is no item 'sum' in tasks; did you mean 'sums'?"),
    "no such key": ("run.repeat=3", "did you mean 'repeats'"),
    "a value that cannot be": ("run.repeats=many", "repeats"),
    "into a text": ("name.more=3", "has no keys of its own"),
    "no YAML": ("run.seed={", "is not YAML"),
}


@pytest.mark.parametrize("change, says", MISTAKES.values(), ids=MISTAKES)
def test_a_change_that_leads_nowhere_is_refused_in_a_line(suite: Path, capsys: Capture, change: str, says: str) -> None:
    for command in ("check", "run"):
        told = evalkit(capsys, command, suite, "--results", suite.parent / "r", "--set", change)
        assert told.code == 2
        assert says in told.err
        assert "Traceback" not in told.err
    assert not (suite.parent / "r").exists()


@pytest.mark.parametrize("written", ["tasks: [{choices: [1]}]\n", "tasks: [{choices: [x]}]\n", "7\n", "\n"])
def test_what_has_no_keys_of_its_own_is_named(written: str) -> None:
    with pytest.raises(SuiteError, match=r"no keys of its own|no item"):
        apply_changes(parse(written, "s.yaml"), ["tasks.0.choices.0.x.y=1"])


@pytest.mark.parametrize("limit", ["0", "-1", "0%", "101%", "ten", "nan%", "1.5", "1.0", "0.0"])
def test_a_limit_that_is_none_is_refused(suite: Path, capsys: Capture, limit: str) -> None:
    told = evalkit(capsys, "run", suite, "--limit", limit)
    assert told.code == 2
    assert "is no number of samples" in told.err
