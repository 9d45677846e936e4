"""Servers of one's own that answer one request at a time, load their model first, or are swapped behind their address.

Each is a small server on loopback with the words and statuses of llama.cpp, Ollama or LM Studio; the whole command runs
against it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.loopback import answered_by
from tests.world import Ran, evalkit, run_folders, write_suite

LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}  # llama.cpp
BUSY = {"error": "server busy, please try again.  maximum pending requests exceeded"}  # Ollama


@dataclass
class Server:
    """What the server does. Times in seconds."""

    answer_s: float = 0.1
    slots: int = 1
    loads_s: float = 0.0
    """From its first request on it refuses for so long."""
    holds_while_loading: bool = False
    """LM Studio: the requests wait until the model is loaded."""
    most_waiting: int | None = None
    """More waiting requests than this are refused."""
    goes_on: bool = False
    """A request whose client has gone keeps its slot to its end."""
    served: Any = "qwen3:8b"
    """The model's name in the reply; a list is gone through, its last one stays."""
    fingerprints: tuple[str, ...] = ()
    n_answered: int = 0
    n_asked: int = 0
    first_at: float | None = None
    waiting: int = 0
    free: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1))
    lock: threading.Lock = field(default_factory=threading.Lock)


class Handler(BaseHTTPRequestHandler):
    """Chat Completions with one slot."""

    protocol_version = "HTTP/1.1"
    state: Server

    def log_message(self, *args: Any) -> None:
        """Tests print nothing."""

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "qwen3:8b", "object": "model"}]})

    def do_POST(self) -> None:
        state = self.state
        self.rfile.read(int(self.headers["content-length"]))
        with state.lock:
            state.n_asked += 1
            state.first_at = state.first_at or time.monotonic()
            left_s = state.first_at + state.loads_s - time.monotonic()
        if left_s > 0 and not state.holds_while_loading:
            return self._send(503, LOADING)
        time.sleep(max(0.0, left_s))
        with state.lock:
            if state.most_waiting is not None and state.waiting > state.most_waiting:
                return self._send(503, BUSY)
            state.waiting += 1
        with state.free:
            with state.lock:
                state.waiting -= 1
            time.sleep(state.answer_s)
            with state.lock:
                n = state.n_answered
                state.n_answered += 1
        self._answer(n)
        return None

    def _answer(self, n: int) -> None:
        state = self.state
        served = state.served if isinstance(state.served, str) else state.served[min(n, len(state.served) - 1)]
        event: dict[str, Any] = {"id": "c", "model": served}
        if state.fingerprints:
            event["system_fingerprint"] = state.fingerprints[min(n, len(state.fingerprints) - 1)]
        usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
        events = [
            event | {"choices": [{"index": 0, "delta": {"content": "B"}, "finish_reason": None}]},
            event | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            event | {"choices": [], "usage": usage},
        ]
        body = "".join(f"data: {json.dumps(one)}\n\n" for one in events) + "data: [DONE]\n\n"
        self._send(200, body, "text/event-stream")

    def _send(self, status: int, body: Any, kind: str = "application/json") -> None:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        try:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)
        except OSError:
            pass  # the client has gone


@contextmanager
def serving(state: Server) -> Iterator[str]:
    """The address of such a server."""
    state.free = threading.Semaphore(state.slots)
    with answered_by(type("Bound", (Handler,), {"state": state})) as url:
        yield url


def run(
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    url: str,
    n: int,
    *options: str,
    run_keys: str = "",
    name: str = "s",
) -> tuple[Ran, list[Row]]:
    """One run of `n` questions with as many requests in flight as evalkit thinks right."""
    model = f'  own: {{adapter: ollama, model: "qwen3:8b", base_url: "{url}"}}'
    suite = write_suite(folder, "", n=n, models=model, in_flight="auto", run=run_keys, name=name)
    ran = evalkit(capsys, "run", suite, "--results", folder / "results", *options)
    folders = run_folders(folder / "results")
    return ran, list(rows_of(folders[-1])) if folders else []


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("state", "run_keys"),
    [
        (Server(), ""),
        (Server(loads_s=1.5), ""),
        (Server(loads_s=1.5, holds_while_loading=True), ""),
        (Server(most_waiting=1), ""),
        (Server(most_waiting=0), ""),
        (Server(answer_s=0.3), "idle_timeout_s: 1"),
        (Server(answer_s=0.3, goes_on=True), "idle_timeout_s: 1"),
        (Server(answer_s=0.25, loads_s=1.0, most_waiting=2), "idle_timeout_s: 1"),
    ],
    ids=["queue", "loading", "loading holds", "one waits", "none waits", "impatient", "goes on", "all of it"],
)
def test_every_question_is_answered_by_a_server_with_one_slot(
    state: Server, run_keys: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(state) as url:
        ran, rows = run(capsys, tmp_path, url, 7, run_keys=run_keys)
    assert ran.code == 0, ran.err
    assert [row.outcome for row in rows] == ["right"] * 7, [row.error for row in rows]
    for row in rows:
        assert row.total_s is not None and row.total_s >= 0.9 * state.answer_s
        assert row.total_s < 6, "a wait between attempts is no time of the model"
        assert row.ttft_s is not None and row.ttft_s <= row.total_s
    if state.loads_s and not state.holds_while_loading:
        assert any(row.attempts > 1 and (row.retry_s or 0) > 0.3 for row in rows), "the wait is said apart"


def test_a_model_that_never_loads_is_given_up_with_the_servers_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Server(loads_s=600)) as url:
        began = time.monotonic()
        ran, rows = run(capsys, tmp_path, url, 3, run_keys="timeout_s: 3")
        took_s = time.monotonic() - began
    assert ran.code != 0 and took_s < 20
    assert {row.outcome for row in rows} == {"errored"}
    assert all("Loading model" in (row.error or "") for row in rows), [row.error for row in rows]
    assert {row.error_kind for row in rows} == {"overloaded"}


def test_a_server_slower_than_the_patience_with_it_is_named_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Server(answer_s=1.6, slots=8)) as url:
        ran, rows = run(capsys, tmp_path, url, 2, run_keys="idle_timeout_s: 0.5, timeout_s: 6")
    assert ran.code != 0
    assert {row.error_kind for row in rows} == {"stalled"}
    assert all("idle_timeout_s" in (row.error or "") for row in rows), [row.error for row in rows]


def test_weights_that_change_while_a_run_asks_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = Server(answer_s=0.02, served=["qwen3:8b"] * 5 + ["qwen3:4b"])
    with serving(state) as url:
        ran, rows = run(capsys, tmp_path, url, 12)
    assert ran.code == 0 and len(rows) == 12, ran.err
    shown = evalkit(capsys, "show", "latest", "--results", tmp_path / "results")
    for told in (ran.out, shown.out):
        assert "own: 2 models answered, as the endpoint says: qwen3:4b, qwen3:8b." in " ".join(told.split())


def test_a_build_that_changes_between_two_runs_is_said_by_compare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = Server(answer_s=0.02, fingerprints=("b7001",))
    with serving(state) as url:
        run(capsys, tmp_path, url, 6)
        state.fingerprints = ("b7002",)
        run(capsys, tmp_path, url, 6, "--new")
    first, second = sorted(run_folders(tmp_path / "results"))
    told = evalkit(capsys, "compare", f"{first.name}:own", f"{second.name}:own", "--results", tmp_path / "results")
    assert "b7001" in told.out and "b7002" in told.out, told.out + told.err


def test_one_model_under_one_name_is_not_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Server(fingerprints=("b7001",))) as url:
        ran, _ = run(capsys, tmp_path, url, 6)
    assert "models answered" not in ran.out + ran.err and "b7001" not in ran.err


def test_answers_of_an_unnamed_server_are_asked_again_after_a_swap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = Server()
    with serving(state) as url:
        run(capsys, tmp_path, url, 4)
        state.served = "llama3:70b"
        ran, rows = run(capsys, tmp_path, url, 4, "--new")
    assert ran.code == 0, ran.err
    assert state.n_answered == 8 and {row.served_model for row in rows} == {"llama3:70b"}
    assert not any(row.cached for row in rows)
