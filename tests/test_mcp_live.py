"""Tools of a live MCP server: sessions, permission, what is stored, and what a live server means for a verdict."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit, run_folders

pytest.importorskip("mcp", reason="the extra mcp is not installed: nothing of live MCP servers is tested")
from tests import mcp_desk

Capture = pytest.CaptureFixture[str]
SUITE = """
name: desk
models:
  m: {model}
tasks:
  - name: desk
    data: {{path: items.jsonl, id: id}}
    environment: desk.environment.yaml
    at_most: {{steps: 5}}
    prompt: "{{{{ question }}}}"
    target: "{{{{ answer }}}}"
    score: {{end-state: {{answer: contains, conduct: [{conduct}]}}}}
{more}"""
ITEMS = [
    {"id": "ulm", "question": "Weather in Ulm?", "answer": "18"},
    {"id": "rome", "question": "Weather in Rome?", "answer": "18"},
]


def calls(*made: tuple[str, dict[str, Any]]) -> str:
    return json.dumps([{"name": name, "arguments": arguments} for name, arguments in made])


def asks(city: str, note: str) -> list[str]:
    """A script: look, note something, and answer."""
    return [calls(("get_weather", {"city": city}), ("note", {"text": note})), "It is 18 C."]


SCRIPT: dict[str, Any] = {"adapter": "scripted", "replies": {"ulm": asks("Ulm", "a"), "rome": asks("Rome", "b")}}


def write(
    folder: Path,
    mcp: dict[str, Any],
    model: dict[str, Any] = SCRIPT,
    *,
    items: list[dict[str, Any]] = ITEMS,
    conduct: str = "{must: get_weather}",
    more: str = "",
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items), "utf-8")
    (folder / "desk.environment.yaml").write_text(json.dumps({"mcp": mcp}), "utf-8")
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(model=json.dumps(model), conduct=conduct, more=more), "utf-8")
    return path


def run(capsys: Capture, suite: Path, *more: object) -> Ran:
    return evalkit(capsys, "run", suite, "--results", suite.parent / "results", *more)


def newest(suite: Path) -> Path:
    folders = run_folders(suite.parent / "results")
    return max(folders, key=lambda folder: (folder / "run.json").stat().st_mtime_ns)


def by_id(suite: Path) -> dict[str, Row]:
    return {row.sample_id: row for row in rows_of(newest(suite))}


def told(row: Row) -> list[str]:
    return [one.text for step in row.steps or () for one in step.results]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A real server over HTTP."""
    with mcp_desk.over_http() as url:
        yield url


def program() -> dict[str, Any]:
    """The same server as a program."""
    return {"command": [sys.executable, str(Path(mcp_desk.__file__))], "timeout_s": 120}


@pytest.mark.long
def test_a_server_over_http_serves_agents_through_a_provider_s_interface(
    tmp_path: Path, capsys: Capture, address: str
) -> None:
    made = {
        city: (({"name": "get_weather", "arguments": {"city": city}},), ({"name": "note", "arguments": {"text": "x"}},))
        for city in ("Ulm", "Rome")
    }
    with FakeProvider.in_thread(Behaviour(scripts={c: (*m, "It is 18 C.") for c, m in made.items()})) as provider:
        suite = write(
            tmp_path, {"base_url": address}, {"adapter": "anthropic", "model": "m", "base_url": provider.origin}
        )
        done = run(capsys, suite)
        again = run(capsys, suite, "--new")
        n_requests = len(provider.account)
    assert done.code == again.code == 0, done.err + again.err
    rows = by_id(suite)
    egress = json.loads((newest(suite) / "run.json").read_text("utf-8"))["egress"]
    about = {"host": "127.0.0.1", "program": None, "tasks": ["desk"]}
    assert egress["receivers"]["tools of desk.environment.yaml"] == about
    assert {name: row.outcome for name, row in rows.items()} == {"ulm": "right", "rome": "right"}
    assert told(rows["rome"]) == ["18 C in Rome", "x"], "each sample has a session of its own: no note of the other's"
    assert all((one.total_s or 0) > 0 for step in rows["ulm"].steps or () for one in step.results)
    assert rows["ulm"].parts["tools_s"] > 0
    assert {tool.name for tool in rows["ulm"].tools or ()} == {"get_weather", "note", "about", "start_worker"}
    assert n_requests == 12, "nothing of a live server's samples comes from the cache"
    facts = json.loads((newest(suite) / "run.json").read_text("utf-8"))["tasks"]["desk"]["tool_server"]
    assert (facts["transport"], facts["host"], facts["server"]) == ("http", "127.0.0.1", "desk 2.1")
    assert [tool["name"] for tool in facts["tools"]] == ["get_weather", "note", "about", "start_worker"]
    shown = evalkit(capsys, "show", newest(suite), "--sample", "ulm")
    assert "18 C in Ulm" in shown.out


@pytest.mark.long
def test_a_program_runs_by_permission_alone_sees_no_key_and_leaves_nothing_behind(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CANARY_KEY", "canary-0123456789")
    looks = {"adapter": "scripted", "replies": {"ulm": [calls(("about", {}), ("start_worker", {})), "18"]}}
    suite = write(tmp_path, program(), looks, items=ITEMS[:1], conduct="{must: about}")
    refused = run(capsys, suite)
    assert refused.code == 2
    assert "--allow-suite-code" in refused.err
    assert not (tmp_path / "results").exists()
    done = run(capsys, suite, "--allow-suite-code")
    assert done.code == 0, done.err
    row = by_id(suite)["ulm"]
    about, worker = told(row)
    seen = json.loads(about)
    assert row.outcome == "right"
    assert seen["cwd"] == "/"
    assert "EVALKIT_CANARY_KEY" not in seen["names"]
    assert not any(name.startswith("PYTHON") for name in seen["names"])
    for pid in (seen["pid"], int(worker)):
        until = time.monotonic() + 10
        while alive(pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (OSError, ProcessLookupError):
        return False


def test_where_a_server_may_be_and_which_header_it_may_get(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("DESK_TOKEN", "canary-token-0123456789")
    for n, (url, more, said) in enumerate(
        [
            ("https://tools.example/mcp", {}, "--allow-key-host tools.example"),
            ("http://tools.example/mcp", {}, "plain http"),
            ("https://user:pw@tools.example/mcp", {}, "mcp.base_url"),
            (address, {"header_env": {"Host": "DESK_TOKEN"}}, "cannot set this header"),
            (address, {"header_env": {"X-Key": "a value"}}, "name of a variable"),
            (address, {"header_env": {"X-Key": "DESK_UNSET"}, "command": ["x"]}, "exactly one of command and base_url"),
            (address, {"env": ["A"]}, "belongs to command"),
        ]
    ):
        refused = run(capsys, write(tmp_path / str(n), {"base_url": url, **more}))
        assert refused.code == 2, (url, more)
        assert said in refused.err, (said, refused.err)
        assert "Traceback" not in refused.err
        assert "pw@" not in refused.err
    mcp = {"base_url": address, "header_env": {"Authorization": "DESK_TOKEN"}}
    looks = {"adapter": "scripted", "replies": {"ulm": [calls(("about", {})), "18"]}}
    suite = write(tmp_path / "headers", mcp, looks, items=ITEMS[:1], conduct="{must: about}")
    done = run(capsys, suite)
    assert done.code == 0, done.err
    assert json.loads(told(by_id(suite)["ulm"])[0])["authorization"] is None, "loopback gets no key nobody allowed"
    done = run(capsys, suite, "--new", "--allow-key-host", "DESK_TOKEN@127.0.0.1")
    assert done.code == 0, done.err
    sent_back = json.loads(told(by_id(suite)["ulm"])[0])["authorization"]
    assert sent_back == "Bearer [key removed]", "it arrived, and what the server said of it is not stored"


def test_check_and_plan_ask_no_server(tmp_path: Path, capsys: Capture) -> None:
    mcp = {"base_url": "http://127.0.0.1:9/mcp"}  # nobody is there
    suite = write(tmp_path, mcp)
    for command in (("check", suite), ("plan", suite)):
        done = evalkit(capsys, *command)
        assert done.code == 0, done.err
        assert "a live MCP server, which is asked in a run alone" in done.err + done.out
        told = "tools of desk (desk.environment.yaml): what models call them with goes to 127.0.0.1"
        assert told in " ".join(done.out.split())
        (receiver,) = json.loads(evalkit(capsys, *command, "--json").out)["tools"]
        assert receiver == {
            "environment": "desk.environment.yaml", "tasks": ["desk"], "host": "127.0.0.1", "program": None
        }  # fmt: skip
    refused = run(capsys, suite)
    assert refused.code == 2
    assert "the server failed when it was asked for its tools" in refused.err
    assert "Traceback" not in refused.err
    started = tmp_path / "started"
    script = tmp_path / "server.py"
    script.write_text(f"open({str(started)!r}, 'w')", "utf-8")
    suite = write(tmp_path / "program", {"command": [sys.executable, str(script)]})
    for command in (("check", suite), ("plan", suite)):
        barred = evalkit(capsys, *command)
        assert barred.code == 2
        assert "--allow-suite-code" in barred.err
        done = evalkit(capsys, *command, "--allow-suite-code")
        assert done.code == 0, done.err
        assert f"runs{sys.executable}{script}onthismachine" in "".join(done.out.split())
    assert not started.exists(), "neither starts the program"
    stated = write(tmp_path / "end", mcp, items=[{**ITEMS[0], "end": {"a": 1}}])
    refused = evalkit(capsys, "check", stated)
    assert refused.code == 2
    assert "nobody knows the state of a live server" in refused.err


@pytest.mark.long
def test_a_changed_tool_list_between_two_sides_is_a_finding(tmp_path: Path, capsys: Capture, address: str) -> None:
    """And one server's two runs are compared, gated under their suite, and scored anew without the server."""
    more = "gate: {candidates: [m], rules: [{quality: all, min: 0.01}]}\n"
    suite = write(tmp_path, {"base_url": address}, more=more)
    environment = tmp_path / "desk.environment.yaml"
    made: list[Path] = []
    with mcp_desk.over_http(more=True) as other:
        for url in (address, address, other):
            environment.write_text(json.dumps({"mcp": {"base_url": url}}), "utf-8")
            before = set(run_folders(tmp_path / "results"))
            assert run(capsys, suite, "--new").code == 0
            made += {*run_folders(tmp_path / "results")} - before
    first, second, third = made
    facts = json.loads((third / "run.json").read_text("utf-8"))
    for key in ("environment",):  # as if it stood at the same address: what differs is the tool list alone
        identity = json.loads((first / "run.json").read_text("utf-8"))["tasks"]["desk"]["identity"][key]
        facts["tasks"]["desk"]["identity"][key] = identity
    del facts["checksum"]  # edited on purpose
    (third / "run.json").write_text(json.dumps(facts), "utf-8")
    same = evalkit(capsys, "compare", f"{first}:m", f"{second}:m")
    assert same.code == 0, same.err
    other_tools = evalkit(capsys, "compare", f"{first}:m", f"{third}:m")
    assert other_tools.code != 0
    assert "the tools of the live MCP server changed" in other_tools.err
    assert "'hand_over' is new" in other_tools.err
    assert "'get_weather' is declared otherwise" in other_tools.err
    written = (second / "run.json").read_text("utf-8")
    for known in ({}, {"tool_server": {"transport": "http"}}):  # unknown is never equal
        facts = json.loads(written)
        del facts["checksum"], facts["tasks"]["desk"]["tool_server"]
        facts["tasks"]["desk"].update(known)
        (second / "run.json").write_text(json.dumps(facts), "utf-8")
        unknown = evalkit(capsys, "compare", f"{first}:m", f"{second}:m")
        assert unknown.code == 2
        assert "which tools the live MCP server showed to the candidate is not known" in unknown.err
    (second / "run.json").write_text(written, "utf-8")
    environment.write_text(json.dumps({"mcp": {"base_url": address}}), "utf-8")
    gated = evalkit(capsys, "gate", first, "--suite", suite, "--results", tmp_path / "results")
    assert gated.code == 0, gated.err + gated.out
    environment.write_text(json.dumps({"mcp": {"base_url": other}}), "utf-8")
    gated = evalkit(capsys, "gate", first, "--suite", suite, "--results", tmp_path / "results")
    assert gated.code != 0
    assert "the environment changed" in gated.err + gated.out, "a server at another address is another environment"
    environment.write_text(json.dumps({"mcp": {"base_url": address}}), "utf-8")
    scored = suite.read_text("utf-8").replace("{must: get_weather}", "{never: note}, {must: get_weather}")
    suite.write_text(scored, "utf-8")
    again = evalkit(capsys, "rescore", first, "--suite", suite)
    assert again.code == 0, again.err
    assert {row.outcome for row in rows_of(first)} == {"wrong"}, "scored by what was stored: no server was asked"


@pytest.mark.long
def test_a_run_is_not_gone_on_with_once_its_server_lists_other_tools(tmp_path: Path, capsys: Capture) -> None:
    """Half of it was answered with other tools on offer: said, and asked anew in a run of its own."""

    def hand_over() -> str:
        """Hand over to a person."""
        return "done"

    server = mcp_desk.make()
    with mcp_desk.over_http(server) as url:
        model = {"adapter": "scripted", "replies": {"ulm": asks("Ulm", "a")}}  # rome is an error: the run stays open
        suite = write(tmp_path, {"base_url": url}, model)
        assert run(capsys, suite).code == 4
        (begun,) = run_folders(tmp_path / "results")
        again = run(capsys, suite)
        assert f"resuming {begun}" in again.err, "with the same tools it is resumed"
        before = [row.key for row in rows_of(begun)]

        server.add_tool(hand_over)
        changed = "desk: the tools of the live MCP server changed: 'hand_over' is new"
        refused = run(capsys, suite, "--resume", begun)
        assert refused.code == 2, refused.err
        assert f"cannot be resumed: {changed}" in refused.err
        assert "--new" in refused.err
        other = run(capsys, suite)
        assert other.code == 4
        assert f"{begun.name} is not resumed: {changed}" in other.err
        assert len(run_folders(tmp_path / "results")) == 2
        assert [row.key for row in rows_of(begun)] == before, "nothing was added to the run of the other tools"
        once_more = run(capsys, suite)
        assert "is not resumed" not in once_more.err, "the new run is the one that is open now"
