"""Nobody brings answers along in the response cache: neither as files of a checkout, nor as a link of one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]


def _git(folder: Path, *words: str) -> None:
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    command = ["git", "-c", "init.defaultBranch=main", *words]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env={**os.environ, **names})


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Path:
    """A suite whose right answers stand in a cache that was made at home."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "d.jsonl").write_text('{"id": "1", "q": "Who?"}\n')
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        (folder / "s.yaml").write_text(
            f"name: s\nmodels:\n  m: {{adapter: openai_chat, model: m, base_url: '{provider.base_url}', weights: w}}\n"
            "tasks:\n  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: B, score: exact}\n"
        )
        monkeypatch.setenv("EVALKIT_CACHE", str(folder / ".evalkit-cache"))
        assert evalkit(capsys, "run", folder / "s.yaml", "--results", tmp_path / "r").code == 0
    return folder


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
@pytest.mark.parametrize("linked", [False, True], ids=["as it is", "behind a link"])
def test_a_cache_that_git_tracks_is_refused(checkout: Path, tmp_path: Path, capsys: Capture, linked: bool) -> None:
    if linked:
        (checkout / ".evalkit-cache").rename(checkout / "other")
        (checkout / ".evalkit-cache").symlink_to("other")
    _git(checkout, "init")
    assert evalkit(capsys, "plan", checkout / "s.yaml").code == 0, "nothing is tracked yet"
    _git(checkout, "add", "-A")
    for command in ("run", "plan"):
        ran = evalkit(
            capsys, command, checkout / "s.yaml", *(("--results", tmp_path / "r2") if command == "run" else ())
        )
        assert ran.code == 2, ran.out
        assert "a pull request could bring answers along" in " ".join(ran.err.split())


def test_a_cache_with_the_mode_of_a_checkout_s_files_is_not_used(
    checkout: Path, tmp_path: Path, capsys: Capture
) -> None:
    (checkout / ".evalkit-cache" / "responses.sqlite").chmod(0o644)
    ran = evalkit(capsys, "run", checkout / "s.yaml", "--results", tmp_path / "r2")
    assert "chmod 600" in ran.err
    assert ran.code == 4, "no answer came from it, and the server is gone"
