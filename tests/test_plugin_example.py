"""examples/plugin: the package is built, installed, run and tested as its README says, without a network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from evalkit import plugins
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.plugin_world import on_path
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
EXAMPLE = REPO / "examples" / "plugin"
ANSWERS = {
    "Where was he born": 'In Ulm, as it says: "born in Ulm in 1879".',
    "return goods": 'Within 30 days: "returned within 30 days".',
    "How high": 'It is "500 metres high".',
}


def _installed(folder: Path) -> Path:
    """The example in this folder, installed there by uv (which has the build backend with it), or as uv would do it."""
    source = folder / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    target = folder / "target"
    uv = shutil.which("uv")
    if uv is not None:
        command = [uv, "pip", "install", "--offline", "--no-deps", "--no-cache", "--quiet", "--python", sys.executable]
        done = subprocess.run([*command, "--target", target, source], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return target
    import tomllib

    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    info = target / "evalkit_cohere-0.1.0.dist-info"
    shutil.copytree(source / "src", target)
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = []
    for group, named in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in named.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _installed(tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def plugged(target: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example on this process's path."""
    with on_path(target):
        plugins._scanned.cache_clear()
        yield target
    plugins._scanned.cache_clear()


@pytest.fixture
def suite(plugged: Path, tmp_path: Path) -> Iterator[tuple[Path, FakeProvider]]:
    """The example's suite in front of a fake Cohere."""
    sys.path.append(str(EXAMPLE / "tests"))
    try:
        import fake_cohere
    finally:
        sys.path.remove(str(EXAMPLE / "tests"))
    behaviour = Behaviour(answers=ANSWERS)
    with FakeProvider.in_thread(behaviour, dialects={"/v2/chat": fake_cohere}) as provider:
        text = (EXAMPLE / "suite.yaml").read_text()
        text = text.replace("{adapter: cohere,", f'{{adapter: cohere, base_url: "{provider.origin}",')
        compatible = f'{{adapter: cohere-compatible, base_url: "{provider.base_url}",'
        (tmp_path / "suite.yaml").write_text(text.replace("{adapter: cohere-compatible,", compatible))
        shutil.copy(EXAMPLE / "documents.jsonl", tmp_path)
        yield tmp_path / "suite.yaml", provider


def facts_of(results: Path) -> Mapping[str, Any]:
    (run,) = [path for path in results.iterdir() if (path / "run.json").is_file()]
    facts: Mapping[str, Any] = json.loads((run / "run.json").read_text())
    return facts


def test_a_suite_of_its_adapter_scorer_task_and_preset_runs(
    suite: tuple[Path, FakeProvider], capsys: Capture, tmp_path: Path
) -> None:
    path, provider = suite
    ran = evalkit(capsys, "run", path, "--results", tmp_path / "results", "--no-cache")
    assert ran.code == 0, ran.err
    paths = {record.path for record in provider.account}
    assert paths == {"/v2/chat", "/v1/chat/completions"}
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results", "--json")
    assert shown.code == 0
    facts = facts_of(tmp_path / "results")
    assert facts["status"] == "complete"
    for model in ("command-a", "compatible"):
        assert facts["models"][model]["facts"]["plugin"] == "evalkit-cohere 0.1.0"
    task = facts["tasks"]["quoted-answer"]
    assert (task["scorer_plugin"], task["task_plugin"]) == ("evalkit-cohere 0.1.0", "evalkit-cohere 0.1.0")
    assert task["identity"]["scorer_plugin"] == "evalkit-cohere"  # the scorer states its own version
    assert task["identity"]["scorer_version"] == 2
    summary = json.loads(next((tmp_path / "results").glob("*/summary.json")).read_text())
    assert "command-a" in json.dumps(summary)


def test_its_options_are_checked_and_completed_in_the_editor(suite: tuple[Path, FakeProvider], capsys: Capture) -> None:
    path, _ = suite
    assert evalkit(capsys, "check", path).code == 0
    written = path.read_text()
    for wrong, said in (
        ("safety_mod: STRICT", "unknown key (value seen: 'STRICT'); did you mean 'safety_mode'?"),
        ("safety_mode: LOOSE", "expected CONTEXTUAL or STRICT or OFF (value seen: 'LOOSE')"),
    ):
        path.write_text(written.replace("safety_mode: STRICT", wrong))
        ran = evalkit(capsys, "check", path)
        assert ran.code == 2
        assert f"suite.yaml:6: models.command-a.{wrong.partition(':')[0]}: {said}" in ran.err
    entry = evalkit(capsys, "schema").json["$defs"]["ModelEntry"]
    assert "cohere: How strictly Cohere filters" in entry["properties"]["safety_mode"]["description"]


def test_doctor_says_what_it_adds_and_where_it_is(plugged: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "doctor")
    for name in ("adapter cohere", "scorer quotes", "task quoted-answer", "preset cohere-compatible"):
        (line,) = [line for line in ran.out.splitlines() if f"plug-in {name} " in line]
        assert line.startswith("ok")
        assert "from evalkit-cohere 0.1.0, evalkit_cohere" in line
        assert str(plugged) in line


def test_without_the_package_its_names_are_unknown(
    suite: tuple[Path, FakeProvider], capsys: Capture, target: Path
) -> None:
    path, _ = suite
    sys.path.remove(str(target))
    try:
        plugins._scanned.cache_clear()
        ran = evalkit(capsys, "check", path)
    finally:
        sys.path.append(str(target))
        plugins._scanned.cache_clear()
    assert ran.code == 2
    assert "there is no adapter or preset 'cohere'" in ran.err
    assert "there is no built-in task 'quoted-answer'" in ran.err


@pytest.mark.long
def test_its_own_tests_pass(target: Path, tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    shutil.copytree(EXAMPLE / "tests", tests, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (REPO, target))), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(tests)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
