"""CONTRIBUTING.md as a newcomer follows it: every file is written and every command run, in a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPO

PAGE = (REPO / "CONTRIBUTING.md").read_text("utf-8")
_FILE = re.compile(r"^In `([^`]+)`(?:, a line below `([^`]+)`)?:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = _FILE.findall(PAGE)
COMMANDS = list(dict.fromkeys(line for block in _CONSOLE.findall(PAGE) for line in block.splitlines() if line.strip()))
"""Each once: every file of the page is written before the first."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, with every file of the page written into it."""
    folder = tmp_path_factory.mktemp("contributor") / "evalkit"
    folder.mkdir()
    ignored = shutil.ignore_patterns(".pytest_cache", "*.pyc.*")  # byte code is kept
    for name in ("evalkit", "tests", "suites", "docs", "scripts", "examples"):
        shutil.copytree(REPO / name, folder / name, ignore=ignored)
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE",
        "pyproject.toml",
        "Makefile",
    ):
        shutil.copy(REPO / name, folder)
    (folder / "results").mkdir()
    for path, line, text in FILES:
        target = folder / path
        if line:
            before, found, after = target.read_text("utf-8").partition(f"\n{line}\n")
            assert found, f"{path} has no line {line}"
            target.write_text(before + found + text + after, "utf-8")
        else:
            assert not target.exists(), f"{path} is there already"
            target.write_text(text, "utf-8")
    return folder


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)
    assert words[:2] == ["uv", "run"], f"only `uv run` can be tried here: {line}"
    program, *rest = words[2:]
    command = [sys.executable, *rest] if program == "python" else [sys.executable, "-m", program, *rest]
    if program == "pytest":
        command += ["-p", "no:xdist", "-p", "no:cacheprovider"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    env |= {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_the_page_has_what_it_promises() -> None:
    paths = [path for path, _, _ in FILES]
    for folder, n in (
        ("presets", 1),
        ("dialects", 1),
        ("kinds", 1),
        ("rules", 1),
        ("docs", 1),
        ("cli", 2),
        ("board", 2),
        ("traces", 3),
        ("tests", 2),
    ):
        assert sum(folder in Path(path).parts for path in paths) == n, f"files in {folder}: {paths}"
    assert len(COMMANDS) >= 9
    makefile = (REPO / "Makefile").read_text("utf-8")
    for target in re.findall(r"^make ([\w-]+)", PAGE, re.MULTILINE):
        assert f"\n{target}:" in makefile


@pytest.mark.long
@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_does_what_the_page_says(line: str, copy: Path) -> None:
    done = run(line, copy)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


@pytest.mark.long
def test_what_was_added_is_found(copy: Path) -> None:
    code = (
        "from evalkit.adapters.registry import own_adapters, all_options\n"
        "from evalkit.scorers.registry import make_scorer\n"
        "import evalkit; print(evalkit.__file__)\n"
        "assert {'nimbus', 'acme'} <= set(own_adapters())\n"
        "assert 'tone' in all_options(own=True)['acme'].model_fields\n"
        "assert make_scorer('ends-with', {'ignore_case': True}).name == 'ends-with'\n"
    )
    (copy / "look.py").write_text(code)
    done = run("uv run python look.py", copy)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(copy))


@pytest.mark.long
def test_the_added_code_is_clean(copy: Path) -> None:
    """The examples pass the linter and the type checker, as `make check` would ask."""
    paths = [path for path, inside, _ in FILES if path.endswith(".py") and not inside]
    for tool in (["ruff", "format", "--check"], ["ruff", "check"]):
        done = subprocess.run(
            [sys.executable, "-m", *tool, *paths], cwd=copy, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
