"""Modules without byte code are compiled ahead, in a copy of the process; a list says which a plain run imports."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from evalkit import compiling_ahead
from scripts.list_ahead import FIRST_REQUEST, modules_of_a_run
from tests.conftest import REPO
from tests.world import write_suite

MOST_BEFORE = 197
"""Modules of evalkit that a plain run imports before its first request. Each costs 2 ms at every start."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def _listed() -> list[str]:
    return Path(compiling_ahead.LIST).read_text(encoding="ascii").splitlines()[1:]


def _own(names: list[str]) -> set[str]:
    return {name for name in names if name.split(".")[0] == "evalkit"}


@pytest.mark.long
def test_the_list_holds_what_a_plain_run_imports() -> None:
    listed, seen = _listed(), modules_of_a_run()
    told = "Import what the first request does not need later, or: python scripts/list_ahead.py"
    before = {
        name
        for name in _own(seen[: seen.index(FIRST_REQUEST)])
        if not name.startswith("evalkit.scorers.")  # words of replies come beside the first request, or just before it
    }
    assert before - set(listed[: listed.index(FIRST_REQUEST)]) == set(), told
    assert _own(seen) - set(listed) == set(), told
    assert _own(listed) - _own(seen) == set(), told


def test_few_modules_are_imported_before_the_first_request() -> None:
    listed = _listed()
    assert len(_own(listed[: listed.index(FIRST_REQUEST)])) <= MOST_BEFORE
    assert [name for name in _own(listed) if find_spec(name) is None] == []


_IMPORTS = """
import os, sys, time
sys.path.insert(0, os.getcwd())
sys.dont_write_bytecode = True
from evalkit import compiling_ahead as ahead
ahead.LIST, ahead._has_byte_code, ahead._cores = "list.txt", lambda file: False, lambda: {cores}
ahead.start()
time.sleep({wait})
import rooms, rooms.first, rooms.second, rooms.third, rooms.fourth, rooms.fifth
from_copy = [m.__name__ for m in (rooms.third, rooms.fourth, rooms.fifth) if type(m.__loader__) is ahead._Loader]
print(rooms.fifth.where(), rooms.fifth.where.__code__.co_filename == rooms.fifth.__file__, len(from_copy))
try:
    import rooms.broken
except SyntaxError as error:
    print(os.path.basename(error.filename), error.lineno)
ready = list(ahead._running[0]._ready) if ahead._running else None
ahead.end()
print(ready, any(type(finder) is ahead._Ahead for finder in sys.meta_path))
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    print("no child is left")
"""


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    (tmp_path / "rooms").mkdir()
    for name in ("__init__", "first", "second", "third", "fourth", "fifth", "never"):
        (tmp_path / "rooms" / f"{name}.py").write_text("def where():\n    return __name__\n", encoding="ascii")
    (tmp_path / "rooms" / "broken.py").write_text("x = 1\ny = (\n", encoding="ascii")
    names = ["rooms", *(f"rooms.{name}" for name in ("first", "second", "third", "fourth", "fifth", "broken", "never"))]
    (tmp_path / "list.txt").write_text("\n".join(["# a list", *names, "no_such_module.at_all", ""]), encoding="ascii")
    return tmp_path


def _run_in(folder: Path, program: str) -> list[str]:
    env = {**os.environ, "PYTHONPATH": str(REPO)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize("wait", [0, 0.5])
def test_code_of_the_copy_is_the_code_of_the_file(rooms: Path, wait: float) -> None:
    said = _run_in(rooms, _IMPORTS.format(cores=2, wait=wait))
    assert said[:2] == ["rooms.fifth True 3", "broken.py 2"]
    assert re.fullmatch(r"\['rooms\.never'\] False" if wait else r"\[.*\] False", said[2])
    assert said[3] == "no child is left"
    assert not list(rooms.rglob("*.pyc"))


def test_code_of_another_file_is_not_taken(rooms: Path) -> None:
    """The import path changed after the copy was made: a module of the same name is another one."""
    (rooms / "elsewhere" / "rooms").mkdir(parents=True)
    for file in (rooms / "rooms").glob("f*.py"):
        (rooms / "elsewhere" / "rooms" / file.name).write_text("def where():\n    return 'elsewhere'\n")
    program = _IMPORTS.format(cores=2, wait=0.5).split("import rooms")[0]
    program += (
        "sys.path.insert(0, os.path.join(os.getcwd(), 'elsewhere'))\n"
        "import rooms.fourth\nprint(rooms.fourth.where(), len(ahead._running[0]._ready) > 3)\nahead.end()"
    )
    (rooms / "elsewhere" / "rooms" / "__init__.py").touch()
    assert _run_in(rooms, program) == ["elsewhere True"]


def test_on_one_core_nothing_is_compiled_ahead(rooms: Path) -> None:
    assert _run_in(rooms, _IMPORTS.format(cores=1, wait=0)) == [
        *("rooms.fifth True 0", "broken.py 2", "None False", "no child is left"),
    ]


def test_the_copy_is_over_when_the_process_is_killed(rooms: Path) -> None:
    """Nobody waits for it: it holds none of the streams that the command has."""
    program = _IMPORTS.format(cores=2, wait=0).split("time.sleep")[0] + "os.kill(os.getpid(), 9)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=rooms, env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == -9


@pytest.mark.long
def test_a_run_without_byte_code_does_the_same(tmp_path: Path) -> None:
    """The command itself, from a copy of the package that has none."""
    write_suite(tmp_path, "", n=3, models="  said: {adapter: scripted, model: said, replies: {'*': B}}")
    shutil.copytree(REPO / "evalkit", tmp_path / "evalkit", ignore=shutil.ignore_patterns("__pycache__"))
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "evalkit", "run", str(tmp_path / "suite.yaml"), "--no-cache"]
    done = subprocess.run(
        [*command, "--results", str(tmp_path / "results")], cwd=tmp_path, env=env, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "3/3 done" in done.stderr
    assert not list((tmp_path / "evalkit").rglob("*.pyc"))
