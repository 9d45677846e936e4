"""`gate --suite`: the protected suite reads no data that the pull request's checkout brings along."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from evalkit.errors import SuiteError
from evalkit.protected_data import Checkouts
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]
SUITE = """name: parity
models:
  base: {adapter: replay, path: base.jsonl}
  cand: {adapter: replay, path: cand.jsonl}
tasks:
  - name: t
    data: {path: "${EVALKIT_DATA}/items.jsonl", id: id}
    prompt: "{{ question }}"
    target: "{{ answer }}"
    score: exact
gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.1}]}
"""


def git(folder: Path, *words: str) -> None:
    names = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *names, *words], check=True, capture_output=True, cwd=folder)


def checkout(folder: Path, *files: str) -> Path:
    """A checkout in which git keeps these files."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", ".")
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    git(folder, "add", "-A")
    git(folder, "commit", "-m", "x", "--allow-empty")
    return folder


def records(folder: Path, *, easy: bool) -> None:
    """60 items; the candidate says "even" to all, which is right for the easy ones."""
    folder.mkdir(parents=True)
    answers = ["even" if easy or n % 2 == 0 else "odd" for n in range(60)]
    items = [{"id": f"q{n}", "question": f"{n}?", "answer": answers[n]} for n in range(60)]
    (folder / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))


@pytest.fixture
def pull_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its checkout, with easier records, beside that of the protected branch."""
    for name in ("main", "pr"):
        folder = checkout(tmp_path / name)
        records(folder / "data", easy=name == "pr")
        (folder / "suite.yaml").write_text(SUITE)
        says = [("base", [n % 2 == 0 or name == "pr" for n in range(60)]), ("cand", [True] * 60)]
        for model, evens in says:
            texts = [{"id": f"q{n}", "text": "even" if even else "odd"} for n, even in enumerate(evens)]
            (folder / f"{model}.jsonl").write_text("".join(json.dumps(text) + "\n" for text in texts))
        git(folder, "add", "-A")
    monkeypatch.delenv("EVALKIT_DATA_ROOTS", raising=False)
    monkeypatch.chdir(tmp_path / "pr")
    return tmp_path / "pr"


def judged(capsys: Capture, pull_request: Path, suite: Path | None = None) -> Ran:
    results = ("--results", pull_request.parent / "results")
    ran = evalkit(capsys, "run", pull_request / "suite.yaml", "--new", *results)
    assert ran.code == 0, ran.err
    ours = suite or pull_request.parent / "main" / "suite.yaml"
    return evalkit(capsys, "gate", "latest", "--suite", ours, "--allow-recorded", *results)


def test_records_of_the_pull_request_are_not_the_protected_suite_s(
    pull_request: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_DATA", str(pull_request / "data"))
    refused = judged(capsys, pull_request)
    assert refused.code == 2
    said = " ".join(refused.err.split())
    assert f"lies in the checkout {pull_request}, which is not the protected suite's" in said
    assert "Name the data folder of the protected branch (EVALKIT_DATA, --data-root)" in said
    assert evalkit(capsys, "gate", "latest", "--results", pull_request.parent / "results").code != 2, "without --suite"


def test_a_protected_suite_reads_the_data_of_its_branch(
    pull_request: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_DATA", str(pull_request.parent / "main" / "data"))
    (pull_request / "base.jsonl").write_text((pull_request.parent / "main" / "base.jsonl").read_text())
    assert judged(capsys, pull_request).code == 1, "and there the candidate is worse"


def test_a_protected_suite_reads_what_no_other_checkout_keeps(tmp_path: Path) -> None:
    main, ours = checkout(tmp_path / "main", "data/x.jsonl", "suites/s.yaml"), tmp_path / "main" / "suites"
    other = checkout(tmp_path / "other", "data/x.jsonl")
    inner = checkout(main / "pr", "data/x.jsonl")
    git(main, "submodule", "add", str(other), "own-data")
    (other / "fetched").mkdir()
    (tmp_path / "copy").mkdir()
    read = {
        main / "data" / "x.jsonl": True,
        main / "own-data" / "data" / "x.jsonl": True,
        main / "new.jsonl": True,
        tmp_path / "copy" / "x.jsonl": True,
        other / "fetched" / "x.jsonl": True,
        other / "data" / "x.jsonl": False,
        other / "data": False,
        other / "DATA" / "X.jsonl": False,  # as a file system without case takes it
        inner / "data" / "x.jsonl": False,
    }
    assert Checkouts(ours, [tmp_path]).bringing(other / "data" / "x.jsonl") is None, (
        "a clone of data that somebody named"
    )
    known = Checkouts(ours, [other, inner])
    assert {path: known.bringing(path) is None for path in read} == read
    with pytest.raises(SuiteError, match="not the protected suite's"):
        known.refuse(other / "data", "x")
    (other / ".git" / "index").write_bytes(b"DIRC")
    known = Checkouts(ours, [other])
    assert known.bringing(other / "fetched" / "x.jsonl"), "an index that nobody can read names everything"


def test_a_worktree_of_the_protected_branch_inside_the_pull_request_s_checkout_reads_none_of_it(tmp_path: Path) -> None:
    """`git worktree add`, as a job does it; and no mark that the pull request brings makes its checkout the suite's."""
    outer = checkout(tmp_path / "pr", "data/x.jsonl", "suites/s.yaml")
    git(outer, "worktree", "add", "-b", "protected", "ours")
    clone = tmp_path / "pr" / "clone"
    git(outer, "clone", ".", "clone")
    (outer / ".hg").mkdir()
    for inner in (outer / "ours", clone):
        found = Checkouts(inner / "suites", [outer])
        found.refuse(inner / "data" / "x.jsonl", "t")
        with pytest.raises(SuiteError, match="which is not the protected suite's"):
            found.refuse(outer / "data" / "x.jsonl", "t")
