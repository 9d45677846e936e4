"""What no longer fits into memory is written where nobody else can lead it: never into the working directory."""

from __future__ import annotations

import ast
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import pytest

from evalkit.store import spilling
from evalkit.store.queries import connect
from tests.world import evalkit, write_suite

Capture = pytest.CaptureFixture[str]
PACKAGE = Path(spilling.__file__).parents[1]
MUCH = "create table much as select md5(i::varchar) as a from range(700_000) t(i)"


def small(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("set memory_limit = '25MB'")
    con.execute("set threads = 1")


@pytest.fixture
def run(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stored run, in a working directory of its own."""
    (tmp_path / "suites").mkdir()
    suite = write_suite(tmp_path / "suites", "", n=2, models="  m: {adapter: scripted, replies: {'*': x}}")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert evalkit(capsys, "run", suite, "--results", tmp_path / "results").code == 0
    return next((tmp_path / "results").iterdir())


def test_a_query_that_spills_writes_through_no_link_of_the_working_directory(run: Path) -> None:
    held = Path.cwd().parent / "held"
    held.mkdir()
    Path(".tmp").symlink_to(held)
    with connect([run]) as con:
        ((named,),) = con.execute("select current_setting('temp_directory')").fetchall()
        place = Path(named)
        small(con)
        con.execute(MUCH)
        assert any(place.iterdir()), "it spilled"
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert not place.is_relative_to(Path.cwd()) and place.is_absolute()
    assert list(held.iterdir()) == []
    assert not place.exists(), "and leaves nothing"


def test_nothing_is_spilled_where_only_the_working_directory_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spilling._folder.cache_clear()
    try:
        with spilling.database() as con:
            small(con)
            with pytest.raises(duckdb.OutOfMemoryException):
                con.execute(MUCH)
    finally:
        spilling._folder.cache_clear()
    assert list(tmp_path.iterdir()) == []


def test_the_folder_goes_with_the_process_also_where_a_database_is_still_open(tmp_path: Path) -> None:
    program = (
        "from evalkit.store.spilling import database\ncon = database()\ncon.execute(\"set memory_limit = '25MB'\")\n"
        f"con.execute('set threads = 1')\ncon.execute('{MUCH}')\n"
    )
    env = {"TMPDIR": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], env=env, cwd="/", capture_output=True, check=True)
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


def test_duckdb_loads_nothing_that_evalkit_did_not_ask_for() -> None:
    with spilling.database() as con:
        for name in ("autoload_known_extensions", "autoinstall_known_extensions", "allow_persistent_secrets"):
            assert con.execute(f"select current_setting('{name}')").fetchall() == [(False,)]


def test_no_other_module_opens_a_database_of_duckdb() -> None:
    """`duckdb.sql` and the like open one without a word."""
    plain = {"Error", "DuckDBPyConnection", "InterruptException", "OutOfMemoryException"}
    found = []
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if path == Path(spilling.__file__) or "duckdb" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "duckdb":
                found.append(f"{path.name}: from duckdb import")
            of_it = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "duckdb"
            if of_it and isinstance(node, ast.Attribute) and node.attr not in plain:
                found.append(f"{path.name}: duckdb.{node.attr}")
    assert found == []


def test_commands_that_look_at_results_write_nothing_into_the_working_directory(run: Path, capsys: Capture) -> None:
    there = ("--results", run.parent)
    for words in (
        ("show", run.name, *there),
        ("list", *there),
        ("check", "../suites"),
        ("plan", "../suites"),
        ("doctor",),
    ):
        assert evalkit(capsys, *words).code == 0, words
    assert list(Path.cwd().iterdir()) == []
