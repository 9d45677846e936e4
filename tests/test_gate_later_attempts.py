"""A server that gives its slow attempts up itself is as slow as it was for whoever waited."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.gate_world import Gate, gate, scores, stored
from tests.world import Ran, evalkit, run_folders

Capture = pytest.CaptureFixture[str]
STREAM = (
    b'data: {"choices":[{"index":0,"delta":{"content":"B"},"finish_reason":null}]}\n\n'
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
SLOW_S = 0.5
GIVEN_UP = {
    "503 at last": b"HTTP/1.1 503 X\r\ncontent-length: 2\r\nretry-after: 0\r\nconnection: close\r\n\r\n{}",
    "500 at last": b"HTTP/1.1 500 X\r\ncontent-length: 2\r\nretry-after-ms: 1\r\nconnection: close\r\n\r\n{}",
    "closed": b"",
    "broken off": OK + STREAM[:60],
    "529": b"HTTP/1.1 529 X\r\ncontent-length: 2\r\nretry-after: 0\r\nconnection: close\r\n\r\n{}",
}


@contextmanager
def giving_up(first: bytes) -> Iterator[str]:
    """Waits and says `first` to a new prompt; answers the second attempt at once."""
    seen: Counter[bytes] = Counter()

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = 0
            while line := self.rfile.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = self.rfile.read(length)
            seen[body] += 1
            again = seen[body] > 1
            if not again:
                time.sleep(SLOW_S)
            self.wfile.write(OK + STREAM if again else first)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join(10)


@pytest.mark.long(but=2)
@pytest.mark.parametrize("first", GIVEN_UP.values(), ids=GIVEN_UP)
def test_a_server_that_gives_up_itself_is_not_fast(tmp_path: Path, capsys: Capture, first: bytes) -> None:
    lines = "".join(f'{{"id": "q{n}", "question": "Is it {n}?", "answer": "B"}}\n' for n in range(12))
    (tmp_path / "items.jsonl").write_text(lines)
    rules = f"{{latency: ttft_p50, max_s: {SLOW_S * 0.8}}}, {{latency: total_p50, max_s: {SLOW_S * 0.8}}}"
    suite = tmp_path / "s.yaml"
    with giving_up(first) as url:
        suite.write_text(
            f"name: later\nsensitivity: public\nmodels:\n"
            f"  cand: {{adapter: openai_chat, model: m, base_url: '{url}'}}\n"
            "tasks:\n  - {name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}',"
            " choices: [A, B], score: choice}\nrun: {in_flight: 12}\n"
            f"gate: {{candidates: [cand], rules: [{rules}]}}\n"
        )
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    decided = evalkit(capsys, "gate", "latest", "--suite", suite, "--results", tmp_path / "results")
    assert decided.code == 3, decided.out
    assert "12 answers of the candidate came at a later attempt" in " ".join(decided.out.split())


@contextmanager
def holding_back(seconds: float) -> Iterator[str]:
    """A server with one worker: it takes the next connection when the last answer is through, and closes each."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=0)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                taken, _ = listening.accept()
            except OSError:
                return
            with taken:
                taken.recv(65_536)
                time.sleep(seconds)
                said = json.dumps({"choices": [{"message": {"content": "B"}, "finish_reason": "stop"}]}).encode()
                head = f"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {len(said)}\r\n\r\n"
                taken.sendall(head.encode() + said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def test_a_server_that_lets_connections_wait_is_not_fast(tmp_path: Path, capsys: Capture) -> None:
    """The wait in front of a handshake was in no time at all (R10-4)."""
    lines = "".join(f'{{"id": "q{n}", "question": "Is it {n}?", "answer": "B"}}\n' for n in range(8))
    (tmp_path / "items.jsonl").write_text(lines)
    suite = tmp_path / "s.yaml"
    with holding_back(0.1) as url:
        suite.write_text(
            f"name: waits\nsensitivity: public\nmodels:\n"
            f"  cand: {{adapter: openai_chat, model: m, base_url: '{url}', stream: false}}\n"
            "tasks:\n  - {name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}',"
            " choices: [A, B], score: choice}\nrun: {in_flight: 4}\n"
            "gate: {candidates: [cand], rules: [{latency: total_p50, max_s: 0.6}]}\n"
        )
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    rows = list(rows_of(folder))
    assert max(row.total_s or 0.0 for row in rows) < 0.6 < max(row.retry_s or 0.0 for row in rows)


def judged(tmp_path: Path, capsys: Capture, rule: dict[str, Any], change: Callable[[Row], Row]) -> Ran:
    judge = Gate(capsys, tmp_path)
    answers = {"base": scores(300), "cand": scores(300)}
    return judge(stored(judge.results, answers, gate(rule), change=change))


def waited(model: str, share: int, seconds: float) -> Callable[[Row], Row]:
    """Every row of a model whose number the share divides came at a second attempt."""

    def change(row: Row) -> Row:
        again = row.model == model and int(row.sample_id[1:]) % share == 0
        return replace(row, attempts=2, retry_s=seconds) if again else row

    return change


LIMIT = {"latency": "total_p90", "max_s": 5.0}
RATIO = {"latency": "total_p50", "max_ratio": 1.5}


@pytest.mark.parametrize(
    ("rule", "change", "code"),
    [
        (LIMIT, waited("cand", 1, 0.0), 0),
        (LIMIT, waited("cand", 50, 60.0), 0),  # 2 in 100 are above what a p90 looks at
        (LIMIT, waited("cand", 5, 60.0), 3),
        (LIMIT, waited("cand", 1, 60.0), 3),  # nobody knows that a first attempt would have been slow
        (RATIO, waited("cand", 1, 0.0), 0),
        (RATIO, waited("cand", 1, 30.0), 3),
        (RATIO, waited("base", 1, 30.0), 0),  # a baseline's waits do not make a candidate pass, nor fail
        ({"latency": "total_p50", "max_ratio": 0.5}, waited("base", 1, 30.0), 3),
        ({"latency": "tpot_p50", "max_s": 5.0}, waited("cand", 1, 60.0), 0),  # waits are not between tokens
    ],
)
def test_what_was_waited_before_counts_where_passing_is_at_stake(
    tmp_path: Path, capsys: Capture, rule: dict[str, Any], change: Callable[[Row], Row], code: int
) -> None:
    ran = judged(tmp_path, capsys, rule, change)
    assert ran.code == code, ran.out
