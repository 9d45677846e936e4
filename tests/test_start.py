"""What a command imports before it has anything to do with it: each costs a person .05 to 1 s at every start."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import REPO
from tests.world import finish, start, write_suite

READERS = {"numpy", "pandas", "pyarrow", "duckdb", "scipy"}
SDKS = {"openai", "anthropic", "httpx2", "ctranslate2", "tokenizers"}
DRAWERS = {"rich", "streamlit", "altair", "genai_prices", "jsonschema", "sympy"}
WORDS = {"evalkit.scorers.refusal_languages", "evalkit.scorers.languages"}
HEAVY = {*READERS, *SDKS, *DRAWERS, *WORDS, "aiohttp"}
ROOMS = {
    f"evalkit.{name}"
    for name in (
        *("adapters.application_options", "adapters.echo_likelihood", "adapters.pipeline", "adapters.recorded_answers"),
        *("adapters.replay", "adapters.scripted", "engine.coded_tools", "engine.episodes", "engine.experience"),
        *("engine.guards", "engine.judging.panel", "engine.live_tools", "engine.pipelines", "scorers.calls"),
        *("scorers.structure", "store.parts", "store.queries", "store.sealing", "suite.builtin_tasks", "suite.cases"),
        *("suite.environments", "suite.hugging_face_forms", "suite.judge_task", "suite.parquet"),
    )
}
"""Modules of evalkit for what a plain suite of questions has not: agents, pipelines, judges, recorded answers, built-in
tasks, earlier runs. Each is imported by the suite that has it."""

_AT_THE_FIRST_CONNECTION = """
import json, os, sys
def look(event, args):
    if event == "socket.connect":
        os.write(1, json.dumps(sorted(sys.modules)).encode())
        os._exit(0)
sys.addaudithook(look)
from evalkit.__main__ import main
sys.argv = ["evalkit", *sys.argv[1:]]
main()
"""
_AT_THE_END = """
import json, sys
from evalkit.cli import run_command
code = run_command(sys.argv[1:])
print("\\n" + json.dumps(sorted(sys.modules)))
sys.exit(code)
"""


def _imported(program: str, *args: object, among: Collection[str] = HEAVY) -> set[str]:
    command = [sys.executable, "-c", program, *(str(arg) for arg in args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {*among} & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    return write_suite(tmp_path, "http://127.0.0.1:9/v1", n=3)


@pytest.mark.long
def test_a_check_sends_nothing_and_imports_nothing_to_send_with(suite: Path) -> None:
    assert _imported(_AT_THE_END, "check", suite) == set()


@pytest.mark.long
def test_a_run_has_only_its_http_client_when_it_connects(suite: Path, tmp_path: Path) -> None:
    seen = _imported(_AT_THE_FIRST_CONNECTION, "run", suite, "--results", tmp_path / "results")
    assert seen - WORDS == {"aiohttp"}  # the words are read beside the first requests, in a thread


def test_a_plain_suite_imports_no_module_for_what_it_has_not(suite: Path, tmp_path: Path) -> None:
    assert _imported(_AT_THE_END, "check", suite, among=ROOMS) == set()
    seen = _imported(_AT_THE_FIRST_CONNECTION, "run", suite, "--results", tmp_path / "results", among=ROOMS)
    assert seen == set()


def test_every_named_module_is_there() -> None:
    assert [name for name in sorted(ROOMS) if find_spec(name) is None] == []


def test_a_schema_a_list_and_a_first_suite_take_no_reader_of_tables(tmp_path: Path) -> None:
    assert _imported(_AT_THE_END, "list", "--results", tmp_path / "none") == set()
    assert _imported(_AT_THE_END, "init", tmp_path / "mine") == set()


@pytest.mark.long
def test_an_engine_in_this_process_takes_no_http_client(tmp_path: Path) -> None:
    models = "  said: {adapter: scripted, model: right}"
    seen = _imported(_AT_THE_END, "check", write_suite(tmp_path, "", n=3, models=models))
    assert seen == set()


@pytest.mark.long
def test_a_command_that_reads_stored_rows_ends_without_a_word_of_its_own() -> None:
    """DuckDB tells on stderr of objects that are alive at the end of the process."""
    done = finish(start("price", "quickstart", "--results", REPO / "results"))
    assert (done.code, done.err) == (0, "")


_IN_A_QUERY = """
import os, signal, sys, threading, warnings
import duckdb, pandas  # which DuckDB takes in: once for all
# Python 3.12 and later warn of a fork beside threads: those that the libraries have started here hold nothing.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from evalkit.cli import pricing, run_command
from evalkit.store import queries

def long_query(*_, **__):
    with queries.connect([]) as connection:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        {work}
    return 0

pricing.price_run = long_query
children = []
for _ in range(8):
    if not (number := os.fork()):
        sys.exit(run_command(["price", "latest"]))
    children.append(number)
print([os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in children])
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "work",
    [
        'connection.execute("select sum(a.range * b.range) from range(1000000) a, range(100000) b").fetchall()',
        "threading.Event().wait(20)",
        "try: connection.execute('select sum(a.range * b.range) from range(1000000) a, range(100000) b').fetchall()\n"
        "        except Exception: pass",
    ],
    ids=["in a query", "beside an open connection", "in a query whose end is taken for damage"],
)
def test_ctrl_c_is_heard_while_runs_are_read(work: str) -> None:
    """An exception in the middle of a query leaves DuckDB's threads waiting for each other, one time in ten."""
    script = _IN_A_QUERY.format(work=work)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr.split()) == (str([130] * 8), ["interrupted"] * 8)


@pytest.mark.long
def test_a_list_of_sealed_runs_imports_no_reader_of_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one on a machine looks at the values of parts that evalkit has not written there."""
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path))
    _imported(_AT_THE_END, "list", "--results", REPO / "results")
    assert not READERS & _imported(_AT_THE_END, "list", "--results", REPO / "results")


@pytest.mark.long
def test_a_command_that_looked_into_rows_ends_in_silence(tmp_path: Path) -> None:
    """DuckDB counts what is open when Python ends, and would print 45 lines about it."""
    (tmp_path / "suite.yaml").write_text(
        "name: silent\nmodels: {a: {adapter: scripted, replies: {'*': neither}}}\n"
        "tasks: [{name: t, data: rows.jsonl, prompt: '{{ q }}', choices: [left, right], target: '{{ a }}', "
        "score: choice}]\n"
    )
    (tmp_path / "rows.jsonl").write_text('{"q": "one", "a": "left"}\n{"q": "two", "a": "right"}\n')
    command = [sys.executable, "-m", "evalkit", "run", "suite.yaml", "--no-cache", "--quiet", "--results", "results"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr[-1000:]
    assert "unreadable" in ran.stdout
