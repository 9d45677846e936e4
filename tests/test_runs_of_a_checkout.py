"""A run folder that git keeps came with the checkout: `run` does not go on with it, and a protected gate does not judge
it, unless the person says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.test_gate_protected_data import checkout, git
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]


def write(folder: Path, url: str) -> None:
    model = {"adapter": "openai_chat", "model": "m", "base_url": url, "weights": "w"}
    task = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": "{{ q }}", "target": "B"}
    gate = {"candidates": ["cand"], "rules": [{"quality": "t", "min": 0.2}]}
    (folder / "items.jsonl").write_text("".join(json.dumps({"id": f"q{n}", "q": f"{n}?"}) + "\n" for n in range(20)))
    suite = {"name": "s", "models": {"cand": model}, "tasks": [{**task, "score": "contains"}], "gate": gate}
    (folder / "s.yaml").write_text(json.dumps(suite))


@pytest.fixture
def server() -> Iterator[FakeProvider]:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        yield provider


@pytest.fixture
def pull_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeProvider) -> Path:
    """Its checkout, beside that of the protected branch; the working directory."""
    for name in ("main", "pr"):
        write(checkout(tmp_path / name), server.base_url)
        git(tmp_path / name, "add", "-A")
    monkeypatch.chdir(tmp_path / "pr")
    monkeypatch.delenv("EVALKIT_RESULTS", raising=False)
    return tmp_path / "pr"


@pytest.mark.parametrize("how", ["kept", "in a submodule's place", "by a link"])
def test_a_run_that_git_keeps_is_not_judged_by_a_protected_gate(
    capsys: Capture, tmp_path: Path, pull_request: Path, how: str
) -> None:
    where = pull_request / ("more" if how == "by a link" else "results")
    assert evalkit(capsys, "run", "s.yaml", "--results", where).code == 0
    if how == "by a link":
        (pull_request / "results").symlink_to("more")
    words = ("gate", "latest", "--suite", tmp_path / "main" / "s.yaml", "--results", pull_request / "results")
    assert evalkit(capsys, *words).code == 0, "git knows nothing of it"
    if how == "in a submodule's place":
        git(where, "init", ".")
        git(where, "add", "-A")
        git(where, "commit", "-m", "x")
    git(pull_request, "add", "-A", "-f")
    ran = evalkit(capsys, *words)
    assert ran.code == 2, ran.out
    assert f"came with the checkout {pull_request}" in ran.err and "--signed-run" in ran.err
    assert evalkit(capsys, *words, "--allow-recorded").code == 0


def test_a_run_of_the_protected_branch_itself_is_judged(
    capsys: Capture, tmp_path: Path, pull_request: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "main")
    assert evalkit(capsys, "run", "s.yaml", "--results", "results").code == 0
    git(tmp_path / "main", "add", "-A", "-f")
    assert evalkit(capsys, "gate", "latest", "--suite", "s.yaml", "--results", "results").code == 0


def test_an_unfinished_run_that_git_keeps_is_not_gone_on_with(
    capsys: Capture, pull_request: Path, server: FakeProvider
) -> None:
    server.behaviour = Behaviour(reply="B", faults={"400": 0.5})
    assert evalkit(capsys, "run", "s.yaml", "--results", "results", "--no-cache").code == 4
    server.behaviour = Behaviour(reply="B")
    (left,) = run_folders(Path("results"))
    git(pull_request, "add", "-A", "-f")
    n_before = len(server.account)
    ran = evalkit(capsys, "run", "s.yaml", "--results", "results", "--no-cache")
    assert ran.code == 0, ran.err
    assert len(server.account) == n_before + 20 and len(run_folders(Path("results"))) == 2
    assert f"{left.name} is not resumed: git keeps it" in " ".join(ran.err.split())
    named = evalkit(capsys, "run", "s.yaml", "--results", "results", "--no-cache", "--resume", left.name)
    assert named.code == 0 and len(server.account) < n_before + 40
