"""A sample of which an answer was there, and that is owed again all the same: what comes next is not its first draw.

Whoever asks until the calls of an agent can be carried out, until a guard or an application has no error, or ends a job
between the steps of a sample that cannot be gone on with, would keep the samples that went well.
"""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from evalkit import Request, Response, Suite, Task, Usage, run
from evalkit.errors import IncompleteRunWarning, RateLimited, ServerError
from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.loopback import answered_by
from tests.world import evalkit, finish, run_folders, start

Capture = pytest.CaptureFixture[str]
Reply = tuple[int, dict[str, Any]]
"""A status, and a message of an assistant."""
SAY = {
    "name": "say",
    "description": "Say a letter.",
    "parameters": {"type": "object", "properties": {"letter": {"type": "string"}}, "required": ["letter"]},
}
BREAKS = {
    "about": "seats",
    "state": {"seats": {"A": 1}},
    "tools": [{**SAY, "returns": "{{ 1 / state.seats[args.letter] }}"}],
}
HOLDS = {"about": "seats", "state": {"said": ""}, "tools": [{**SAY, "returns": "said"}]}
SOLUTION = [{"name": "say", "arguments": {"letter": "A"}}]
SCORE = {"answer": "contains", "conduct": [{"must": "say"}]}
DONE: Reply = (200, {"content": "A"})
REFUSED: Reply = (401, {})


def call(letter: str) -> Reply:
    made = {"name": "say", "arguments": json.dumps({"letter": letter})}
    return 200, {"content": "", "tool_calls": [{"id": "c1", "type": "function", "function": made}]}


@contextmanager
def chat(says: Callable[[dict[str, Any], int], Reply], *, usage: bool = True, s: float = 0.0) -> Iterator[str]:
    """A server of one model. `says`: what is answered to a body, and its number from 0 on; after `s` seconds."""
    n_asked = iter(range(1_000_000))

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            number = next(n_asked)
            status, message = says(body, number)
            time.sleep(s)
            said: dict[str, Any] = {"error": {"message": "no"}}
            if status == 200:
                finish = "tool_calls" if message.get("tool_calls") else "stop"
                message = {"role": "assistant", **message}
                said = {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "answer": "A"}
                said |= {"usage": {"prompt_tokens": 9, "completion_tokens": 3}} if usage or number else {}
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with answered_by(Answer) as url:
        yield url


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A live server of tools, which takes longer over `Z` than it may."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from mcp.server import MCPServer

    from tests import mcp_desk

    server = MCPServer("say", version="1", log_level="CRITICAL")

    @server.tool()
    async def say(letter: str) -> str:
        if letter == "Z":
            await asyncio.sleep(3)
        return "said"

    with mcp_desk.over_http(server) as url:
        yield url


def entry(url: str, **more: Any) -> dict[str, Any]:
    return {
        "adapter": "openai_chat", "model": "m", "base_url": url, "stream": False, "probe_tools": False, **more,
    }  # fmt: skip


def a_suite(folder: Path, models: dict[str, Any], *, task: dict[str, Any], n: int = 1, **more: Any) -> Path:
    items = [{"id": f"q{i}", "q": f"Say the letter of item {i}", "a": "A", "solution": SOLUTION} for i in range(n)]
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items))
    said = {"name": "t", "data": {"path": "items.jsonl", "id": "id"}, "prompt": "{{ q }}", "target": "{{ a }}", **task}
    run = {"in_flight": 1, "max_error_rate": 0, "timeout_s": 20, **more.pop("run", {})}
    path = folder / "s.yaml"
    path.write_text(json.dumps({"name": "s", "models": models, "tasks": [said], "run": run, **more}))
    return path


def an_agent(folder: Path, url: str, environment: dict[str, Any], *, at_most: object = None, **more: Any) -> Path:
    (folder / "env.yaml").write_text(json.dumps(environment))
    task = {"environment": "env.yaml", "at_most": at_most or {"steps": 6}, "score": {"end-state": SCORE}}
    return a_suite(folder, {"cand": entry(url, **more.pop("entry", {}))}, task=task, **more)


def live(address: str) -> dict[str, Any]:
    return {"mcp": {"base_url": address, "at_once": 4, "timeout_s": 1}}


def row_of(folder: Path) -> Row:
    (found,) = run_folders(folder / "r")
    rows = {row.key: row for row in rows_of(found)}
    (row,) = rows.values()
    return row


def in_turn(*replies: Reply) -> Callable[[dict[str, Any], int], Reply]:
    """One after another, and then an answer whenever the last message is what a tool returned, a call otherwise."""

    def says(body: dict[str, Any], number: int) -> Reply:
        if number < len(replies):
            return replies[number]
        return DONE if body["messages"][-1]["role"] == "tool" or "tools" not in body else call("A")

    return says


STORING = {"redact": {"what": ["email"], "where": ["storing"]}}
WAYS: dict[str, tuple[tuple[Reply, ...], dict[str, Any], dict[str, Any], bool]] = {
    # What is answered first; the environment (none: live); more of the suite; whether another answer took its place.
    "a tool that breaks at a call": ((call("Z"),), BREAKS, {}, True),
    "the same after a step that is kept": ((call("A"), call("Z")), BREAKS, {}, True),
    "the same, kept in the cache": ((call("Z"),), BREAKS, {"entry": {"weights": "w"}}, True),
    "the same, redacted while stored": ((call("Z"),), BREAKS, STORING, True),
    "a live server out of time": ((call("Z"),), {}, {}, True),
    "a later step refused, with a live server": ((call("A"), REFUSED), {}, {}, True),
    "a later step refused, redacted while stored": ((call("A"), REFUSED), HOLDS, STORING, True),
    "the same, its steps kept": ((call("A"), REFUSED), HOLDS, {}, False),
    "a first step refused": ((REFUSED,), HOLDS, {}, False),
    "a first step refused, with a live server": ((REFUSED,), {}, {}, False),
}


@pytest.mark.parametrize("again", [(), ("--no-cache",)], ids=["", "without a cache"])
@pytest.mark.parametrize("way", WAYS)
def test_an_agent_whose_answer_came_to_nothing_is_drawn_anew(
    tmp_path: Path, capsys: Capture, address: str, way: str, again: tuple[str, ...]
) -> None:
    replies, environment, more, is_other = WAYS[way]
    with chat(in_turn(*replies)) as url:
        suite = an_agent(tmp_path, url, environment or live(address), **more)
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again).code == 4
        assert row_of(tmp_path).error_kind in {"environment", "tool_server", "key_refused"}
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again)
    assert ran.code == 0, ran.err
    assert bool(row_of(tmp_path).given_up) is is_other


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_sample_of_a_live_server_that_was_begun_when_a_run_ended_is_drawn_anew(
    tmp_path: Path, capsys: Capture, address: str, end: signal.Signals
) -> None:
    """Its answered steps too: what was under way is waited for, and no later session goes on from it."""
    first = threading.Event()

    def says(body: dict[str, Any], number: int) -> Reply:
        if number:
            first.set()
        return call("A") if len(body["messages"]) < 8 else DONE

    with chat(says, s=0.1) as url:
        suite = an_agent(tmp_path, url, live(address), n=2)
        begun = start("run", suite, "--results", tmp_path / "r", "--no-cache")
        assert first.wait(30)
        begun.send_signal(end)
        assert finish(begun).code in {130, 143}
        (folder,) = run_folders(tmp_path / "r")
        assert not list(rows_of(folder))
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--no-cache").code == 0
    assert sorted((row.sample_id, row.given_up) for row in rows_of(folder)) == [("q0", 1), ("q1", None)]
    assert not (folder / "sent.bin").exists()


def test_so_is_one_that_a_cap_in_dollars_ended(tmp_path: Path, capsys: Capture, address: str) -> None:
    (tmp_path / "prices.yaml").write_text(
        "- {model: m, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1, output_per_mtok: 100000}\n"
    )
    with chat(in_turn()) as url:
        more = {"entry": {"settings": {"max_output_tokens": 10}, "price_as": "m"}}
        suite = an_agent(tmp_path, url, live(address), **more)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--max-cost", "1.2")
        assert (ran.code, "the budget is used" in ran.err) == (4, True), ran.err
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--max-cost", "9").code == 0
    assert row_of(tmp_path).given_up == 1


def test_so_is_one_whose_limit_could_not_be_kept(tmp_path: Path, capsys: Capture, address: str) -> None:
    with chat(in_turn(), usage=False) as url:
        suite = an_agent(tmp_path, url, live(address), at_most={"tokens": 1000, "steps": 6})
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 4
        assert row_of(tmp_path).error_kind == "unmeasured"
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    assert row_of(tmp_path).given_up == 1


@pytest.mark.parametrize("again", [(), ("--new",), ("--no-cache",)], ids=["resumed", "another run", "without a cache"])
@pytest.mark.parametrize(("fails", "is_other"), [("before", False), ("behind", True), ("model", True)])
def test_a_pipeline_that_fails_after_a_part_of_it_answered_is_drawn_anew(
    tmp_path: Path, capsys: Capture, fails: str, is_other: bool, again: tuple[str, ...]
) -> None:
    """The guard before has drawn a verdict, too: who asks until it blocks chooses."""
    refused = {"before": 0, "model": 1, "behind": 2}[fails]

    def says(body: dict[str, Any], number: int) -> Reply:
        return REFUSED if number == refused else (200, {"content": "safe" if body["model"] == "g" else "A"})

    with chat(says) as url:
        models = {
            "g": {**entry(url), "model": "g", "alone": False, "weights": "g"},
            "bot": {**entry(url), "alone": False, "weights": "b"},
            "cand": {"adapter": "pipeline", "model": "bot", "before": "g", "behind": "g", "blocked": "unsafe"},
        }
        suite = a_suite(tmp_path, models, task={"score": "exact"})
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again[1:]).code == 4
        if again == ("--no-cache",):
            ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--no-cache")
        else:
            ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again)
    assert ran.code == 0, ran.err
    newest = max(run_folders(tmp_path / "r"), key=lambda one: (one / "run.json").stat().st_mtime_ns)
    rows = {row.key: row for row in rows_of(newest)}
    assert [bool(row.given_up) for row in rows.values()] == [is_other]


PROGRAM = """
import json, sys
from pathlib import Path
seen = Path(sys.argv[1])
for line in sys.stdin:
    asked = json.loads(line)
    if not seen.exists():
        seen.write_text("")
        FIRST
    print(json.dumps({"id": asked["id"], "text": "A"}), flush=True)
"""
ENDS = "sys.exit(3)"
SAYS = 'print(json.dumps({"id": asked["id"], "error": {"kind": "KIND", "message": "no"}}), flush=True); continue'


@pytest.mark.parametrize(
    ("first", "is_other"),
    [
        (ENDS, True),
        (SAYS.replace("KIND", "rejected"), True),
        (SAYS.replace("KIND", "server_error"), True),
        (SAYS.replace("KIND", "rate_limited"), False),
        (SAYS.replace("KIND", "connection_failed"), False),
    ],
    ids=["it ends", "rejected", "server error", "rate limited", "no connection"],
)
def test_a_program_that_fails_at_once_may_have_had_an_answer(
    tmp_path: Path, capsys: Capture, first: str, is_other: bool
) -> None:
    """At temperature 0 too: whom it asks nobody knows."""
    (tmp_path / "bot.py").write_text(PROGRAM.replace("FIRST", first))
    command = ["python3", "./bot.py", str(tmp_path / "seen")]
    bot = {"adapter": "command", "command": command, "settings": {"temperature": 0}}
    suite = a_suite(tmp_path, {"cand": bot}, task={"score": "exact"})
    if evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--allow-suite-code").code == 4:
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--allow-suite-code").code == 0
    assert bool(row_of(tmp_path).given_up) is is_other


@pytest.mark.parametrize(("status", "is_other"), [(500, True), (422, True), (503, False), (429, False)])
def test_an_application_that_fails_within_may_have_had_an_answer(
    tmp_path: Path, capsys: Capture, status: int, is_other: bool
) -> None:
    """However its suite calls that."""
    with chat(in_turn((status, {}), DONE)) as url:
        bot = {
            "adapter": "http", "base_url": url, "request": {"messages": "{{ messages }}"}, "answer": "answer",
            "errors": {"statuses": {500: "rate_limited", 422: "overloaded"}},
        }  # fmt: skip
        suite = a_suite(tmp_path, {"cand": bot}, task={"score": "exact"})
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    assert bool(row_of(tmp_path).given_up) is is_other


@pytest.mark.long
def test_a_part_s_answer_is_given_up_where_the_run_ends_before_another_part_is_asked_again(
    tmp_path: Path, capsys: Capture
) -> None:
    waits = threading.Event()

    def says(body: dict[str, Any], number: int) -> Reply:
        if body["model"] == "g" and not waits.is_set():
            waits.set()
            return 503, {}
        return 200, {"content": "safe" if body["model"] == "g" else "A"}

    with chat(says) as url:
        models = {
            "g": {**entry(url), "model": "g", "alone": False},
            "bot": {**entry(url), "alone": False},
            "cand": {"adapter": "pipeline", "model": "bot", "behind": "g", "blocked": "unsafe"},
        }
        suite = a_suite(tmp_path, models, task={"score": "exact"})
        begun = start("run", suite, "--results", tmp_path / "r", "--no-cache")
        assert waits.wait(30)
        for _ in range(2):  # the pause before the next attempt is a second
            time.sleep(0.2)
            begun.send_signal(signal.SIGINT)
        assert finish(begun).code == 130
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--no-cache").code == 0
    assert row_of(tmp_path).given_up == 1


def test_an_answer_without_a_score_is_scored_again_or_drawn_anew_and_known_as_such(tmp_path: Path) -> None:
    """What was redacted while it was stored cannot be scored any more, so its model is asked again."""
    down = tmp_path / "down"
    down.touch()

    def score(answer: str, record: dict[str, Any]) -> bool:
        if record["q"] != "a" and down.exists():
            raise OSError("the scorer's host is down")
        return answer.startswith("yes")

    def ask(request: Request) -> Response:
        return Response("yes, a@example.org" if request.prompt == "b" else "yes", usage=Usage(input=1, output=2))

    task = Task("t", data=[{"q": "a"}, {"q": "b"}, {"q": "c"}], prompt="{{ q }}", score=score)
    suite = Suite({"m": ask}, [task], redact={"what": ["email"], "where": ["storing"]})
    with pytest.warns(IncompleteRunWarning):
        run(suite, results=tmp_path / "r")
    down.unlink()
    again = run(suite, results=tmp_path / "r")
    rows = {row.sample_id: row for row in rows_of(again.folder)}
    assert [bool(row.given_up) for _, row in sorted(rows.items())] == [False, True, False]
    assert again.frame().score.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("error", "is_other"), [(ValueError("no letter"), True), (ServerError("no"), True), (RateLimited("no"), False)]
)
def test_a_function_that_fails_at_once_may_have_had_an_answer(tmp_path: Path, error: Exception, is_other: bool) -> None:
    failing = [error]

    def ask(request: Request) -> str:
        if failing:
            raise failing.pop()
        return "yes"

    suite = Suite({"m": ask}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="yes", score="exact")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteRunWarning)
        found = run(suite, results=tmp_path / "r")
    if found.status != "complete":
        found = run(suite, results=tmp_path / "r")
    rows = {row.key: row for row in rows_of(found.folder)}
    assert [bool(row.given_up) for row in rows.values()] == [is_other]
