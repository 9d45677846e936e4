"""An answer that came after evalkit had given up an earlier attempt is not taken for the answer of its sample.

Who asks until an answer is quick keeps the samples that went well: by short limits, a model that does not stream, a
resumed run, or a second run whose cache lacks what was given up.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.engine.asking import is_drawn
from evalkit.errors import StoreError
from evalkit.records import Outcome, Request, Row, Settings
from evalkit.results import read_facts
from evalkit.store import sent_log
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.gate_world import Gate, gate, scores, stored
from tests.loopback import answered_by, in_thread, on_loopback, reply
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
REPLY = {
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "B"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}


@contextmanager
def thinking(
    n_slow: int, status: int = 200, port: int = 0, *, slow_s: float = 3.0, said: object = None
) -> Iterator[str]:
    """Says nothing for a second at the first `n_slow` attempts of every other question, then answers at once; the slow
    ones with another status, as a gateway that gives them up."""
    seen: Counter[str] = Counter()

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))["messages"][-1]["content"]
            seen[asked] += 1
            told = 200
            if int(asked.split("\n")[0].split()[-1]) % 2 and seen[asked] <= n_slow:
                time.sleep(slow_s)
                told = status
            body = json.dumps(REPLY if told == 200 or said is None else said).encode()
            try:
                self.send_response(told)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass

    with answered_by(Answer, port) as url:
        yield url


def a_suite(folder: Path, url: str, *, temperature: float, limits: str) -> Path:
    lines = [f'{{"id": "q{n}", "question": "Is it {n}", "answer": "B"}}\n' for n in range(8)]
    (folder / "items.jsonl").write_text("".join(lines))
    suite = folder / "s.yaml"
    suite.write_text(
        f"name: again\nsensitivity: public\nmodels:\n  cand: {{adapter: openai_chat, model: m, base_url: '{url}', "
        f"stream: false, weights: w, settings: {{temperature: {temperature}}}}}\n"
        "tasks:\n  - {name: t, data: {path: items.jsonl, id: id}, prompt: '{{ question }}', target: '{{ answer }}',"
        f" choices: [A, B], score: choice}}\nrun: {{{limits}}}\n"
        "gate: {candidates: [cand], rules: [{quality: t, min: 0.05}]}\n"
    )
    return suite


def given_up(folder: Path) -> list[int | None]:
    return [row.given_up for row in sorted(rows_of(folder), key=lambda row: row.sample_id)]


def newest(results: Path) -> Path:
    return max((one for one in results.iterdir() if (one / "run.json").exists()), key=lambda one: one.stat().st_mtime)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_knows_that_an_attempt_was_given_up(tmp_path: Path, capsys: Capture, temperature: float) -> None:
    """At temperature 0 too: times are drawn, and servers answer otherwise in another batch (R10-2)."""
    with thinking(1) as url:
        suite = a_suite(tmp_path, url, temperature=temperature, limits="idle_timeout_s: 0.4, in_flight: 8")
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    found = given_up(newest(tmp_path / "r"))
    assert all(found[1::2])  # on a busy machine some of the others too


@pytest.mark.parametrize("head", ["", "200 OK", "200 OK, and a comment", "503 Busy"])
def test_a_reply_that_breaks_off_behind_its_status_was_drawn(tmp_path: Path, capsys: Capture, head: str) -> None:
    """A server says 200 once it has something to say; what breaks there is asked again, and another answer comes."""
    n_asked = Counter[str]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in asked.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        body = json.dumps(json.loads(await reader.readexactly(length))["messages"])
        n_asked[body] += 1
        if n_asked[body] > 1:
            writer.write(reply(200, json.dumps(REPLY).encode(), connection="close"))
        elif head:
            comment = b": here\n\n" if head.endswith("comment") else b""
            writer.write(f"HTTP/1.1 {head[:6]}\r\ncontent-type: text/event-stream\r\n\r\n".encode() + comment)
        await writer.drain()

    with in_thread(on_loopback(talk)) as address:
        suite = a_suite(tmp_path, f"{address}/v1", temperature=1.0, limits="in_flight: 8")
        suite.write_text(suite.read_text().replace("stream: false", "stream: true"))
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--no-cache").code == 0
    assert given_up(newest(tmp_path / "r")) == [1 if head.startswith("200") else None] * 8


@pytest.mark.parametrize("fault", ["drop_mid", "end_mid", "malformed", "error_mid", "drop", "429"])
def test_an_answer_that_breaks_off_at_once_was_given_up_too(tmp_path: Path, capsys: Capture, fault: str) -> None:
    """However quick its server is: who asks a fast one until its answers can be read has the best of three draws."""
    with FakeProvider.in_thread(Behaviour(faults={fault: 1.0}, fault_attempts=1)) as provider:
        for streams in ("true", "false"):
            suite = a_suite(tmp_path, provider.base_url, temperature=1.0, limits="in_flight: 8")
            suite.write_text(suite.read_text().replace("stream: false", f"stream: {streams}"))
            where = tmp_path / streams
            assert evalkit(capsys, "run", suite, "--results", where, "--no-cache").code == 0
            # Nothing was drawn where no byte came, or a status alone, at once; two faults need a stream.
            breaks = {"drop": False, "429": False}.get(
                fault, streams == "true" or fault not in {"end_mid", "error_mid"}
            )
            expected = 1 if breaks else None
            assert given_up(newest(where)) == [expected] * 8, streams


@pytest.mark.long
@pytest.mark.parametrize("again", [(), ("--new",)], ids=["resumed", "another run, by the cache"])
def test_what_was_given_up_for_good_is_known_when_it_is_asked_again(
    tmp_path: Path, capsys: Capture, again: tuple[str, ...]
) -> None:
    with thinking(1) as url:
        suite = a_suite(tmp_path, url, temperature=1.0, limits="timeout_s: 0.4, in_flight: 8, max_error_rate: 0.6")
        evalkit(capsys, "run", suite, "--results", tmp_path / "r")
        assert [row.outcome is Outcome.ERRORED for row in rows_of(newest(tmp_path / "r"))].count(True)
        evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again)
        first = given_up(newest(tmp_path / "r"))
        evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--new")  # all from the cache
        second = given_up(newest(tmp_path / "r"))
    assert all(first[1::2])  # on a busy machine some of the others too
    assert [bool(n) for n in second] == [bool(n) for n in first]


@pytest.mark.long
@pytest.mark.parametrize("status", [504, 500, 502, 524])
def test_an_answer_behind_a_gateway_that_gave_one_up_is_known(tmp_path: Path, capsys: Capture, status: int) -> None:
    with thinking(1, status) as url:
        suite = a_suite(tmp_path, url, temperature=1.0, limits="in_flight: 8")
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    assert all(given_up(newest(tmp_path / "r"))[1::2])


REPORTED = {
    "Groq": (400, {"error": {"code": "json_validate_failed", "message": "Failed to generate JSON"}}),
    "Ollama": (500, {"error": "error parsing tool call: raw='{' err=unexpected end of JSON input"}),
    "OpenAI": (500, {"error": {"message": "The model produced invalid content. Consider modifying your prompt."}}),
    "a refusal that passes": (422, {"error": {"message": "no"}}),
}


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("status", "said"), REPORTED.values(), ids=REPORTED)
@pytest.mark.parametrize("again", [(), ("--new",)], ids=["resumed", "another run"])
def test_an_answer_that_its_own_server_could_not_use_was_drawn(
    tmp_path: Path, capsys: Capture, status: int, said: dict[str, Any], again: tuple[str, ...]
) -> None:
    """Asked again until they are right, they made a candidate pass whose every fourth answer is broken (R15-1)."""
    with thinking(1, status, slow_s=0.0, said=said) as url:
        suite = a_suite(tmp_path, url, temperature=1.0, limits="in_flight: 2, max_error_rate: 0")
        evalkit(capsys, "run", suite, "--results", tmp_path / "r")
        evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again)
    assert [bool(n) for n in given_up(newest(tmp_path / "r"))] == [False, True] * 4
    assert read_facts(newest(tmp_path / "r")).sessions_retried == (0 if again or status == 500 else 1)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "again", [("--new",), (), ("--no-cache",)], ids=["another run", "resumed", "resumed without a cache"]
)
def test_an_answer_that_was_under_way_when_a_run_ended_is_known(
    tmp_path: Path, capsys: Capture, again: tuple[str, ...], end: signal.Signals
) -> None:
    """A job that is cancelled once its quick answers are in draws the slow ones again."""
    with thinking(1) as url:
        suite = a_suite(tmp_path, url, temperature=1.0 if again else 0.0, limits="in_flight: 8")
        command = [sys.executable, "-P", "-m", "evalkit", "run", str(suite), "--results", str(tmp_path / "r")]
        command += [word for word in again if word == "--no-cache"]
        begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path)
        while not any(path.stat().st_size for path in tmp_path.glob("r/*/journal-*.jsonl")):
            time.sleep(0.02)
        time.sleep(1.0)
        begun.send_signal(end)
        if end is not signal.SIGKILL:
            time.sleep(0.05)
            begun.send_signal(end)  # the first waits for answers under way
        begun.communicate(timeout=60)
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again).code == 0
    found = given_up(newest(tmp_path / "r"))
    assert all(found[1::2])
    assert not all(found[::2])
    assert read_facts(newest(tmp_path / "r")).sessions_cut == (1 if "--new" not in again else 0)
    assert not (newest(tmp_path / "r") / "sent.bin").exists(), "the run is complete"


@pytest.mark.long
def test_what_stands_on_such_an_answer_is_one_too(tmp_path: Path, capsys: Capture) -> None:
    """A later turn of the same conversation."""
    with thinking(1) as url:
        suite = a_suite(tmp_path, url, temperature=1.0, limits="idle_timeout_s: 0.6, in_flight: 8")
        text = suite.read_text().replace("prompt: '{{ question }}'", "prompt: '{{ question }}', turns: ['And 2']")
        suite.write_text(text.replace("choices: [A, B], score: choice", "score: contains"))
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r")
        assert ran.code == 0, ran.err
    rows = {row.sample_id: row for row in rows_of(newest(tmp_path / "r"))}
    for n in range(1, 8, 2):
        assert rows[f"q{n}:turn2"].given_up


def test_only_an_engine_in_this_process_gives_the_same_answer_again_at_a_temperature_of_zero() -> None:
    for network, extra, drawn in (
        (True, {}, True),
        (False, {}, False),
        (False, {"top_k": 1}, False),
        (False, {"temperature": 1.0}, True),
        (False, {"temperature": None}, True),
        (False, {"options": {"mirostat": 2}}, True),
    ):
        item: Any = SimpleNamespace(model=SimpleNamespace(answers_alike=not network))
        assert is_drawn(item, Request((), Settings(temperature=0.0, extra=extra))) is drawn, extra


def drawn_again(model: str, share: int) -> Any:
    def change(row: Row) -> Row:
        return replace(row, given_up=1) if row.model == model and int(row.sample_id[1:]) % share == 1 else row

    return change


@pytest.mark.parametrize(
    ("rule", "model", "share", "code"),
    [
        ({"quality": "all", "margin": 0.05}, "cand", 301, 0),
        ({"quality": "all", "margin": 0.05}, "cand", 8, 3),
        ({"quality": "all", "margin": 0.05}, "base", 8, 3),
        ({"quality": "all", "min": 0.7}, "cand", 8, 3),
        ({"rate": "refused", "max_rate": 0.05}, "cand", 100, 0),
        ({"latency": "total_p90", "max_s": 5.0}, "cand", 100, 0),
        ({"latency": "total_p90", "max_s": 5.0}, "cand", 8, 3),
        ({"latency": "total_p50", "max_ratio": 1.1}, "base", 2, 3),
        ({"rate": "refused", "max_rate": 0.05}, "cand", 8, 3),
        ({"cost": "usd_per_sample", "max_usd": 1, "tail": "smooth"}, "cand", 301, 0),
        ({"cost": "usd_per_sample", "max_usd": 1}, "cand", 301, 3),  # no output limit: as dear as nobody knows
        ({"cost": "usd_per_sample", "max_ratio": 1.2, "tail": "smooth"}, "base", 301, 0),
        ({"cost": "usd_per_sample", "max_ratio": 1.2, "tail": "smooth"}, "base", 4, 3),
        ({"latency": "total_p95", "max_s": 60}, "cand", 301, 0),
        ({"latency": "total_p95", "max_s": 60}, "cand", 8, 3),
    ],
)
def test_such_answers_neither_pass_nor_fail_a_rule(
    tmp_path: Path, capsys: Capture, rule: dict[str, Any], model: str, share: int, code: int
) -> None:
    judge = Gate(capsys, tmp_path)
    answers = {"base": scores(300, wrong=range(0, 300, 5)), "cand": scores(300, wrong=range(0, 300, 5))}
    decided = judge(stored(judge.results, answers, gate(rule), change=drawn_again(model, share)))
    assert decided.code == code, decided.out
    assert "came in the place of others" in " ".join(decided.out.split())


@pytest.mark.long
@pytest.mark.parametrize("again", [(), ("--no-cache",)])
def test_requests_that_only_wait_for_their_next_attempt_are_none_of_these(
    tmp_path: Path, capsys: Capture, again: tuple[str, ...]
) -> None:
    """A server that was not started yet drew nothing."""
    with thinking(0) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
    suite = a_suite(tmp_path, url, temperature=1.0, limits="in_flight: 8")
    command = [sys.executable, "-P", "-m", "evalkit", "run", str(suite), "--results", str(tmp_path / "r"), *again]
    begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path)
    while not list(tmp_path.glob("r/*/sent.bin")):
        time.sleep(0.02)
    time.sleep(0.5)
    begun.send_signal(signal.SIGINT)
    begun.communicate(timeout=60)
    with thinking(0, port=port):
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r", *again).code == 0
    assert not any(given_up(newest(tmp_path / "r")))


def test_what_an_earlier_session_waited_is_part_of_the_time_of_an_answer(tmp_path: Path, capsys: Capture) -> None:
    """At temperature 0 too: a resumed run asks what timed out again, at next to no load."""
    with thinking(1) as url:
        suite = a_suite(tmp_path, url, temperature=0.0, limits="timeout_s: 0.3, in_flight: 8")
        evalkit(capsys, "run", suite, "--results", tmp_path / "r")
        evalkit(capsys, "run", suite, "--results", tmp_path / "r")
    rows = sorted(rows_of(newest(tmp_path / "r")), key=lambda row: row.sample_id)
    assert [row.outcome is Outcome.RIGHT for row in rows] == [True] * 8
    assert all((row.retry_s or 0.0) >= 0.3 for row in rows[1::2])


def test_a_file_of_requests_under_way_is_read_in_pieces_and_has_an_end(tmp_path: Path) -> None:
    """128 MB of it took 2.4 GB and 100 s (R14-4)."""
    (tmp_path / sent_log.FILE).write_bytes(b"".join(b"+" + n.to_bytes(16, "big") for n in range(1_000_001)))
    with pytest.raises(StoreError, match="no run has"):
        sent_log.left(tmp_path)
    pair = [sign + n.to_bytes(16, "big") for n in range(3) for sign in (b"+", b"-")]
    (tmp_path / sent_log.FILE).write_bytes(b"".join([*pair, b"+" + b"k" * 16, b"+cut"]))
    assert sent_log.left(tmp_path) == {b"k" * 16: 1}


def test_a_note_of_a_stored_answer_waits_for_the_next_request(tmp_path: Path) -> None:
    """Each request costs one write; what is owed again is noted at once."""
    log, keys = sent_log.SentLog(tmp_path), [("m", "t", f"d{n}", 0, 0) for n in range(3)]
    log.out(keys[0])
    log.out(keys[1])
    log.back(keys[0], is_stored=True)
    assert len(sent_log.left(tmp_path)) == 2, "the row itself says that it is there"
    log.out(keys[2])
    assert len(sent_log.left(tmp_path)) == 2
    log.back(keys[1])
    assert list(sent_log.left(tmp_path).values()) == [1]
    log.back(keys[2], is_stored=True)
    log.close()
    assert sent_log.left(tmp_path) == {}
