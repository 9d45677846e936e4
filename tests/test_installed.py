"""Hints about missing packages fit how evalkit was installed."""

from __future__ import annotations

import compileall
import json
import sys
from pathlib import Path

import pytest

from evalkit import installed
from evalkit.installed import found, install_hint
from tests.world import evalkit

SITE = "lib/python3.11/site-packages/evalkit"
GIT = json.dumps({"url": "https://git.example/evalkit", "vcs_info": {"vcs": "git", "commit_id": "abc123"}})


@pytest.mark.parametrize(
    ("prefix", "told", "command"),
    [
        ("/home/ada/.local/share/uv/tools/evalkit-harness", None, "uv tool install --force 'evalkit-harness[app]'"),
        ("/home/ada/.cache/uv/archive-v0/Xy7", None, "uvx --from 'evalkit-harness[app]' evalkit ..."),
        ("/home/ada/.local/share/pipx/venvs/evalkit-harness", None, "pipx install --force 'evalkit-harness[app]'"),
        ("/home/ada/project/.venv", None, "pip install 'evalkit-harness[app]'"),
        (
            "/home/ada/.local/share/uv/tools/evalkit-harness",
            GIT,
            "uv tool install --force 'evalkit-harness[app] @ git+https://git.example/evalkit@abc123'",
        ),
        ("/usr", "no json", "pip install 'evalkit-harness[app]'"),
    ],
)
def test_the_hint_adds_the_extra_to_this_installation(prefix: str, told: str | None, command: str) -> None:
    assert found(Path(prefix), Path(prefix) / SITE, told).command("app") == command


def test_in_a_clone_it_is_uv_sync() -> None:
    assert install_hint("app") == "uv sync --extra app"


def test_where_no_start_may_write_byte_code_the_command_that_does_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "alone.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not installed.has_byte_code("alone") and not installed.has_byte_code("no.such.module".partition(".")[0])
    compileall.compile_file(tmp_path / "alone.py", quiet=1)
    assert installed.has_byte_code("alone")
    for may_write, there, told in ((True, False, "ok"), (False, True, "ok"), (False, False, "missing")):
        monkeypatch.setattr(sys, "dont_write_bytecode", not may_write)
        monkeypatch.setattr(installed, "has_byte_code", lambda module, there=there: there)
        (line,) = [one for one in evalkit(capsys, "doctor", "--json").json["found"] if one["what"] == "byte code"]
        assert line["state"] == told
        assert ("uv sync --compile-bytecode" in line["says"]) == (told == "missing")
    assert found(tmp_path, tmp_path / SITE, None).compiling.split(" -m ")[1].startswith("compileall -q /")


def test_in_the_container_image_it_is_another_build_with_the_extras_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALKIT_IMAGE_EXTRAS", "math,metrics")
    assert install_hint("app") == "docker build --build-arg EXTRAS=math,metrics,app -t evalkit ."


def test_no_module_names_one_way_for_everybody() -> None:
    source = Path(__file__).parents[1] / "evalkit"
    own = source / "installed.py"
    named = [path for path in source.rglob("*.py") if path != own and "uv sync --extra" in path.read_text("utf-8")]
    assert named == []


def test_a_tool_of_uv_in_another_folder_is_known_by_its_receipt_and_keeps_its_extras(tmp_path: Path) -> None:
    receipt = (
        '[tool]\nrequirements = [{ name = "evalkit-harness", extras = ["app"] }, { name = "x", extras = ["y"] }]\n'
    )
    (tmp_path / "uv-receipt.toml").write_text(receipt)
    made = found(tmp_path, tmp_path / SITE, None)
    assert made.command("mlflow") == "uv tool install --force 'evalkit-harness[app,mlflow]'"
    assert made.command("app") == "uv tool install --force 'evalkit-harness[app]'"
    (tmp_path / "uv-receipt.toml").write_text("no [toml")
    assert found(tmp_path, tmp_path / SITE, None).command("app") == "uv tool install --force 'evalkit-harness[app]'"


def test_the_first_command_works_where_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of one's own has no suite of the repository."""
    monkeypatch.chdir(tmp_path)
    said = evalkit(capsys, "list").out
    assert "evalkit init, then evalkit run evals/suite.yaml" in said and "quickstart" not in said
    assert evalkit(capsys, "doctor", "--json").json["next"].startswith("evalkit init")
    assert evalkit(capsys, "init").code == 0
    assert evalkit(capsys, "check", "evals/suite.yaml").code == 0
