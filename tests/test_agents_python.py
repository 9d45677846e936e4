"""Environments that are a Python class of the suite: allowed, caged, alike each time, and no model's fault."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest

from evalkit.records import Row
from evalkit.scorers import caged_class, code_worker
from evalkit.scorers.code_worker import unsupported
from evalkit.store.sealing import rows_of
from evalkit.suite.environments.coded import ClassCode, class_code
from evalkit.suite.schema.environments import PythonEntry
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.agent_world import by_id, calls, run, scripted
from tests.test_agents import script
from tests.test_agents_going_on import started
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.skipif(
    unsupported() is not None, reason="SKIPPED LOUDLY: no cage can be built on this machine"
)
ALLOW = "--allow-suite-code"
CLASS = """
import random

SEEN = []


class Refused(Exception):
    pass


class Desk:
    made = 0

    def __init__(self, state, seed):
        self.state = state
        self.seed = seed
        Desk.made += 1
        SEEN.append(seed)

    def find(self, parcel):
        if parcel not in self.state["parcels"]:
            raise Refused(f"there is no parcel {parcel}")
        return self.state["parcels"][parcel]

    def refund(self, parcel, cents, note):
        self.state["parcels"][parcel]["refunds"].append(cents)

    def draw(self):
        return {"seed": self.seed, "drawn": random.random(), "made": Desk.made, "seen": len(SEEN), "set": list({"a", "b", "c"})}

    def odd(self):
        {ODD}
"""  # noqa: E501
ENVIRONMENT = """
about: A desk.
python: {class: "desk.py:Desk"}
state: {parcels: {P-1: {refunds: []}}}
tools:
  - name: find
    parameters: {type: object, properties: {parcel: {type: string}}, required: [parcel]}
  - name: refund
    parameters:
      type: object
      properties: {parcel: {type: string}, cents: {type: integer, minimum: 1}, note: {type: string}}
      required: [parcel, cents]
  - {name: draw}
  - {name: odd, ends: true}
"""
SUITE = """name: desk
models:
{models}
tasks:
  - name: desk
    data: {path: parcels.jsonl, id: id}
    environment: desk.environment.yaml
    start: "{{ start | default({}) }}"
    prompt: "{{ request }}"
    score: {end-state: {conduct: [{confirmed_by: find, before: [refund]}]}}
"""
FIND: dict[str, object] = {"name": "find", "arguments": {"parcel": "P-1"}}
REFUND: dict[str, object] = {"name": "refund", "arguments": {"parcel": "P-1", "cents": 5}}
DRAW: dict[str, object] = {"name": "draw", "arguments": {}}
ODD: dict[str, object] = {"name": "odd", "arguments": {}}
GOOD = [calls(FIND), calls(REFUND), "Done."]


def record(name: str, **more: object) -> dict[str, object]:
    request = f"P-1 is lost. Case {name}."
    return {"id": name, "request": request, "end": {"parcels": {"P-1": {"refunds": [5]}}}, **more}


def desk(folder: Path, models: str, records: list[dict[str, object]], *, odd: str = "pass", more: str = "") -> Path:
    """A suite whose tools are the methods of `CLASS`; `odd` is what the method of that name does."""
    folder.mkdir(exist_ok=True)
    (folder / "desk.py").write_text(CLASS.replace("{ODD}", odd), "utf-8")
    (folder / "desk.environment.yaml").write_text(ENVIRONMENT, "utf-8")
    (folder / "parcels.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), "utf-8")
    path = folder / "suite.yaml"
    path.write_text(SUITE.replace("{models}", models) + more, "utf-8")
    return path


def said(row: Row) -> list[str]:
    return [result.text for step in row.steps or () for result in step.results]


def test_a_class_carries_the_calls_out_and_refuses_in_its_own_words(tmp_path: Path, capsys: Capture) -> None:
    other: dict[str, object] = {"name": "find", "arguments": {"parcel": "P-9"}}
    late: dict[str, object] = {"name": "refund", "arguments": {"parcel": "P-1"}}
    replies: dict[str, object] = {"a": [calls(other), calls(late), *GOOD], "b": [calls(REFUND), "Done."]}
    suite = desk(tmp_path, scripted(replies), [record("a"), record("b")])
    ran = run(capsys, suite, ALLOW, "--no-cache")
    assert ran.code == 0, ran.err
    rows = by_id(suite)
    assert rows["a"].outcome == "right", rows["a"].reason
    told = ["Error: there is no parcel P-9", "Error: the argument 'cents' is missing", '{"refunds": []}', "ok"]
    assert said(rows["a"]) == told
    assert rows["a"].parts == {"steps": 5.0, "calls": 4.0, "failed_calls": 2.0, "at_limit": 0.0}
    assert "before find had confirmed it" in str(rows["b"].reason), "a call that changed the state counts as a change"


@pytest.mark.parametrize("command", ["check", "plan", "run"])
def test_without_the_flag_nothing_of_the_suite_runs(command: str, tmp_path: Path, capsys: Capture) -> None:
    suite = desk(tmp_path, scripted({"a": GOOD}), [record("a")])
    ran = evalkit(capsys, command, suite)
    assert ran.code == 2
    assert "desk.environment.yaml: python: Python code of the suite (desk.py:Desk) would run" in ran.err
    assert "--allow-suite-code" in ran.err
    shown = evalkit(capsys, command, suite, ALLOW, *(["--results", tmp_path / "results"] if command != "check" else []))
    assert shown.code == 0, shown.err
    if command == "check":
        assert "desk.py:Desk of the suite carries the tools out, in a cage" in shown.out + shown.err


FAULTS = {
    "1 / 0": "desk.py:Desk.odd: line 32: ZeroDivisionError: division by zero",
    "while True: pass": "not done within 1 s",
    "import time; time.sleep(99)": "not done within 1 s",
    "import os; os._exit(7)": "ended in the middle of the call (exit 7)",
    "import sys; sys.exit(0)": "SystemExit: 0",
    "import os; os.closerange(3, 60); self.state = 1": "ended in the middle of the call",
    "return b'x'": "holds a value of the type bytes, which JSON has not",
    "return float('nan')": "holds nan, which JSON has not",
    "return '\\ud800'": "UnicodeEncodeError",
    "self.state = [1]": "its state must be a dict in self.state; it is list",
    "self.state[1] = 2": "has the key '1'; keys of JSON are texts",
    "self.state['me'] = self.state": "is nested more than 50 deep",
    "return 'x' * 2_000_000_000": "MemoryError",
    "return ['x' * 1_000_000] * 20": "its state and result are too long",
    "open('/etc/passwd')": "FileNotFoundError",
    "open('desk.py')": "FileNotFoundError",
    "open('/tmp/x', 'w')": "Error",
    "import socket; socket.socket()": "PermissionError",
    "import subprocess; subprocess.run(['/bin/true'])": "Error",
    "import os; os.fork()": "PermissionError",
    "import yaml": "No module named 'yaml'",
    "import evalkit": "No module named 'evalkit'",
    "import worker": "No module named 'worker'",
    "import os; [os.write(n, b'said 2\\n{}') for n in range(3, 9)]": "Bad file descriptor",
    "raise type('Broken', (Exception,), {'__str__': lambda self: 1})": "Broken: ",
    "def deep(): deep()\n        deep()": "RecursionError",
}


@pytest.mark.long(but=3)
@pytest.mark.parametrize("odd", FAULTS)
def test_what_a_class_does_wrong_ends_its_sample_alone(odd: str, tmp_path: Path, capsys: Capture) -> None:
    suite = desk(tmp_path, scripted({"a": GOOD, "b": [calls(FIND), calls(ODD)]}), [record("a"), record("b")], odd=odd)
    quick = ENVIRONMENT.replace('"desk.py:Desk"}', '"desk.py:Desk", timeout_s: 1}')
    (tmp_path / "desk.environment.yaml").write_text(quick, "utf-8")
    ran = run(capsys, suite, ALLOW, "--no-cache")
    assert ran.code == 4, ran.err
    rows = by_id(suite)
    assert (rows["a"].outcome, rows["b"].outcome) == ("right", "errored")
    assert rows["b"].error_kind == "environment"
    assert FAULTS[odd] in str(rows["b"].error)
    assert "Traceback" not in ran.out + ran.err
    assert said(rows["b"]) == ['{"refunds": []}'], "what was done until then is kept"


def test_nothing_but_the_state_goes_from_call_to_call(tmp_path: Path, capsys: Capture) -> None:
    """No global, no field, no order of a set: two runs and two samples are told the same, and no two calls one seed."""
    replies: dict[str, object] = {name: [calls(DRAW, DRAW), calls(DRAW, FIND, REFUND), "Done."] for name in "ab"}
    suite = desk(tmp_path, scripted(replies), [record("a"), record("b")], more="run: {repeats: 2}\n")
    found = []
    for _ in range(2):
        assert run(capsys, suite, ALLOW, "--no-cache", "--new").code == 0
        newest = max(run_folders(tmp_path / "results"), key=lambda folder: (folder / "run.json").stat().st_mtime_ns)
        found.append(
            {(row.sample_id, row.repeat): [json.loads(one) for one in said(row)[:3]] for row in rows_of(newest)}
        )
    assert found[0] == found[1]
    assert found[0]["a", 0] == found[0]["a", 1]
    drawn = [one for name in "ab" for one in found[0][name, 0]]
    assert all((one["made"], one["seen"]) == (1, 1) for one in drawn)
    assert len({one["seed"] for one in drawn}) == 6
    assert all(one["drawn"] == random.Random(one["seed"]).random() for one in drawn)


def test_a_class_that_goes_by_a_clock_is_found_out(tmp_path: Path, capsys: Capture) -> None:
    clock = "import time; return time.perf_counter_ns()"
    suite = desk(tmp_path, scripted({"a": [calls(ODD)]}), [record("a")], odd=clock)
    assert run(capsys, suite, ALLOW, "--no-cache").code == 4
    told = "step 1: odd returned otherwise when the calls were carried out again"
    assert told in str(by_id(suite)["a"].reason)


def test_no_key_and_no_file_of_the_suite_is_seen(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "no-key-at-all")
    look = (
        "import os; self.state['seen'] = [name for name in os.environ if name != 'LC_CTYPE']; "
        "self.state['here'] = os.path.exists('/proc/1')"
    )
    records = [record("a", end={"seen": ["PYTHONHASHSEED"], "here": False})]
    suite = desk(tmp_path, scripted({"a": [calls(ODD)]}), records, odd=look)
    assert run(capsys, suite, ALLOW, "--no-cache").code == 0
    seen = by_id(suite)["a"]
    assert "OPENAI" not in str(seen.reason)
    assert seen.outcome == "right", seen.reason


def test_check_tries_solutions_and_finds_methods_that_are_not_there(tmp_path: Path, capsys: Capture) -> None:
    wrong = [record("a", solution=[FIND])]
    suite = desk(tmp_path, scripted({"a": GOOD}), wrong)
    ran = evalkit(capsys, "check", suite, ALLOW)
    assert ran.code == 2
    assert "parcels.P-1.refunds is [], and should be [5]" in ran.err
    desk(tmp_path, scripted({"a": GOOD}), [record("a", solution=[FIND, REFUND])])
    assert evalkit(capsys, "check", suite, ALLOW).code == 0
    for old, new, told in (
        ("def find", "def search", "desk.py:Desk has no method 'find'"),
        ("class Desk:", "class Dusk:", "it has no class Desk"),
        ("import random", "import random,", "SyntaxError"),
    ):
        (tmp_path / "desk.py").write_text(CLASS.replace("{ODD}", "pass").replace(old, new), "utf-8")
        ran = evalkit(capsys, "check", suite, ALLOW)
        assert ran.code == 2
        assert told in ran.err
        assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"desk.py:Desk"', '"/etc/desk.py:Desk"', "outside the suite's folder"),
        ('"desk.py:Desk"', '"gone.py:Desk"', "there is no file 'gone.py' beside the suite"),
        ('"desk.py:Desk"', '"desk.py"', "names no class"),
        ('"desk.py:Desk"', '"no.such.module:Desk"', "no module 'no.such.module' is installed"),
        ('"desk.py:Desk"', '"math:Desk"', "no module 'math' is installed as a file of Python"),
        ("{name: draw}", "{name: draw, returns: 1}", "belong to tools without python"),
        ("{name: draw}", "{name: a.b}", "a tool of a class has the name of its method"),
        ("about: A desk.", "mcp: {command: [x]}", "a live server has its own"),
        ('"desk.py:Desk"}', '"desk.py:Desk", timeout_s: 1000}', "python.timeout_s"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(old: str, new: str, told: str, tmp_path: Path, capsys: Capture) -> None:
    suite = desk(tmp_path, scripted({"a": GOOD}), [record("a")])
    assert old in ENVIRONMENT
    (tmp_path / "desk.environment.yaml").write_text(ENVIRONMENT.replace(old, new), "utf-8")
    ran = evalkit(capsys, "check", suite, ALLOW)
    assert ran.code == 2
    assert told in ran.err, ran.err


def test_a_class_of_an_installed_module_is_its_file_s_text() -> None:
    entry = PythonEntry.model_validate({"class": "json.decoder:JSONDecoder"})
    code = class_code(entry, Path("/"), "e.yaml")
    assert (code.file, code.name) == ("json.decoder", "JSONDecoder")
    assert "class JSONDecoder" in code.source


@pytest.mark.long
def test_a_kill_repeats_only_the_steps_in_flight(tmp_path: Path, capsys: Capture) -> None:
    scripts = {"P-1 is lost": script(GOOD)}
    with FakeProvider.in_thread(Behaviour(scripts=scripts, latency_s=0.02)) as provider:  # type: ignore[arg-type]
        entry = {"adapter": "openai_chat", "model": "m-1", "base_url": provider.base_url, "probe_tools": False}
        records = [record(str(n)) for n in range(12)]
        suite = desk(tmp_path, f"  m: {json.dumps(entry)}", records, more="run: {in_flight: 4}\n")
        process = started(suite, provider, after=15, more=(ALLOW,))
        process.kill()
        process.communicate()
        ran = run(capsys, suite, ALLOW, "--no-cache")
        assert ran.code == 0, ran.err
        assert 36 <= len(provider.account) <= 40, "36 steps, and those that were under way at the kill"
    assert len(run_folders(tmp_path / "results")) == 1
    assert {row.outcome for row in by_id(suite).values()} == {"right"}


def test_a_machine_without_a_cage_runs_no_class(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.scorers.caged_class.unsupported", lambda: "it needs Linux")
    ran = evalkit(capsys, "check", desk(tmp_path, scripted({"a": GOOD}), [record("a")]), ALLOW)
    assert ran.code == 2
    assert "a class of a suite runs in a cage alone, and there is none here: it needs Linux" in ran.err
    assert "tools of an MCP server (mcp) need none" in ran.err


def test_stored_calls_are_scored_again_by_the_class(tmp_path: Path, capsys: Capture) -> None:
    suite = desk(tmp_path, scripted({"a": GOOD}), [record("a")])
    assert run(capsys, suite, ALLOW, "--no-cache").code == 0
    results = ("--results", tmp_path / "results", "--suite", suite)
    refused = evalkit(capsys, "rescore", "latest", *results)
    assert refused.code == 2
    assert "--allow-suite-code" in refused.err
    again = evalkit(
        capsys, "rescore", "latest", *results, ALLOW, "--scorer", "{end-state: {conduct: [{never: refund}]}}"
    )
    assert again.code == 0, again.err
    assert "refund was called" in str(by_id(suite)["a"].reason)
    recorded = run(capsys, suite, ALLOW, "--new", "--record-tools", tmp_path / "tools.json")
    assert recorded.code == 2
    assert "no task of this run has a live MCP server" in recorded.err


def test_a_gate_holds_the_class_to_the_protected_suite_s(tmp_path: Path, capsys: Capture) -> None:
    scripts = {"P-1 is lost": script(GOOD)}
    gate = "gate: {baseline: base, candidates: [cand], early_stop: 'off', rules: [{quality: all, margin: 0.9}]}\n"
    with FakeProvider.in_thread(Behaviour(scripts=scripts)) as provider:  # type: ignore[arg-type]
        entry = {"adapter": "openai_chat", "base_url": provider.base_url, "probe_tools": False}
        models = "\n".join(f"  {name}: {json.dumps({**entry, 'model': name})}" for name in ("base", "cand"))
        ours = desk(tmp_path / "ours", models, [record("a")], more=gate)
        theirs = desk(tmp_path / "theirs", models, [record("a")], more=gate)
        assert run(capsys, theirs, ALLOW, "--no-cache").code == 0
        gated = ("gate", "latest", "--suite", ours, "--results", theirs.parent / "results")
        ran = evalkit(capsys, *gated)
        assert ran.code in {0, 3}, ran.err  # one sample is little evidence
        other = desk(tmp_path / "theirs", models, [record("a")], odd="return 1", more=gate)
        assert run(capsys, other, ALLOW, "--no-cache").code == 0
        ran = evalkit(capsys, *gated)
    assert ran.code == 2
    assert "the environment changed" in " ".join((ran.out + ran.err).split())


def test_calls_at_once_have_half_of_the_machines_memory_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_worker, "memory_bytes", lambda: 4 * 2**30)
    room, at_once, most = code_worker.MemoryRoom(), 0, 0
    lock = threading.Lock()

    def call(mb: int) -> None:
        nonlocal at_once, most
        with room.of(mb):
            with lock:
                at_once += mb
                most = max(most, at_once)
            time.sleep(0.002)
            with lock:
                at_once -= mb

    threads = [threading.Thread(target=call, args=(mb,)) for mb in [512] * 20 + [16_384]]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert not any(one.is_alive() for one in threads)
    assert most == 16_384, "one that may have more than that runs alone"
    with room.of(512), room.of(1_024):
        pass


def test_a_models_code_waits_for_the_same_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_worker, "memory_bytes", lambda: 2 * 2**30)
    passed: list[bool] = []
    waiting = threading.Thread(
        target=lambda: passed.append(code_worker.run_program("", limit_s=20, memory_mb=600).passed)
    )
    with code_worker.ROOM.of(512):
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive() and not passed
    waiting.join(20)
    assert passed == [True]


@pytest.mark.long
def test_many_classes_keep_few_processes() -> None:
    code = ClassCode("desk.py:Desk", "desk.py", "Desk", "class Desk:\n    pass\n", 10.0, 128)
    classes = [caged_class.CagedClass(code) for _ in range(20)]
    try:
        for one in classes:
            assert one.lacking(["find"]) == ["find"]
        assert len(caged_class._waiting._processes) == 16
        assert classes[0].lacking([]) == [], "one whose process was ended starts another"
    finally:
        for one in classes:
            one.close()
    assert not {id(one._key) for one in classes} & {id(key) for key, _ in caged_class._waiting._processes}
