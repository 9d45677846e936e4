"""Spans that are sent over HTTP on loopback, as exporters send them, and what else may knock there."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from evalkit.bridges.traces.receiver import MOST_BODY, Receiver
from evalkit.bridges.traces.sources import read_sources
from evalkit.bridges.traces.spool import Spool
from evalkit.errors import UserError
from tests.made_logs import write_log
from tests.world import evalkit

JSON = {"Content-Type": "application/json"}


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_spans_that_are_sent_become_a_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = write_log(tmp_path / "log.jsonl", 60).read_bytes().strip().split(b"\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def send() -> None:
        for _ in range(200):
            try:
                post(port, "/v1/metrics", b"{}", JSON)
                break
            except OSError:
                time.sleep(0.05)
        for n, line in enumerate(lines):
            packed = n % 2 == 0
            headers = {**JSON, **({"Content-Encoding": "gzip"} if packed else {})}
            assert post(port, "/v1/traces", gzip.compress(line) if packed else line, headers) == 200

    sender = threading.Thread(target=send)
    sender.start()
    ran = evalkit(capsys, "import", "traces", "--listen", port, "--idle", 0.6, "--out", tmp_path / "suite")
    sender.join()
    assert ran.code == 0, ran.err
    assert "60 requests received" in ran.err and "60 calls of models" in ran.err
    assert (tmp_path / "suite" / "suite.yaml").exists()


def test_protobuf_is_kept_as_it_came(tmp_path: Path) -> None:
    span = b"\x0a\x10" + b"\x01" * 16 + b"\x12\x08" + b"\x02" * 8 + b"\x2a\x06chat m"
    scope = b"\x12" + bytes([len(span)]) + span
    body = b"\x0a" + bytes([len(scope) + 2]) + b"\x12" + bytes([len(scope)]) + scope
    with Receiver(tmp_path, 0) as receiver:
        assert post(receiver.port, "/v1/traces", body, {"Content-Type": "application/x-protobuf"}) == 200
    with Spool() as spool:
        reading = read_sources([tmp_path], spool)
    assert reading.n_spans == 1


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "said"),
    [
        ("/", b"{}", JSON, 404, "only /v1/traces"),
        ("/v1/traces", b"{}", {"Content-Type": "text/html"}, 415, "content type text/html"),
        ("/v1/traces", b"\x1f\x8bno", {**JSON, "Content-Encoding": "gzip"}, 400, "damaged"),
        ("/v1/traces", gzip.compress(b" " * (MOST_BODY + 10)), {**JSON, "Content-Encoding": "gzip"}, 400, "too large"),
        ("/v1/traces", b"{}", {**JSON, "Content-Length": "99999999999"}, 413, "the most is 64 MB"),
        ("/v1/traces", b"{}", {**JSON, "Content-Length": "-5"}, 413, "a body of -5"),
        ("/v1/traces", b"{}", {**JSON, "Host": "evil.example:4318"}, 403, "not this machine"),
        ("/v1/traces", b"{}", {**JSON, "Host": "localhost.evil.example"}, 403, "not this machine"),
        ("/v1/traces", b"{}", {**JSON, "Host": "[::1"}, 403, "not this machine"),
        ("/v1/traces", b"{}", {**JSON, "Origin": "http://localhost:3000"}, 403, "a page of a browser"),
    ],
)
def test_what_is_no_otlp_is_refused_and_told(
    tmp_path: Path, path: str, body: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    with Receiver(tmp_path, 0) as receiver:
        assert post(receiver.port, path, body, headers) == status
        assert said in receiver.refused[0]
        assert post(receiver.port, "/v1/traces", b"{}", JSON) == 200  # and it goes on
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [b"{}"]


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with Receiver(tmp_path, 0) as receiver, pytest.raises(UserError, match="Is a collector there already"):
        Receiver(tmp_path, receiver.port)


def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    with Receiver(tmp_path, 0) as receiver:
        assert receiver._server.server_address[0] == "127.0.0.1"


def test_either_files_or_a_port(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["x.json", "--listen", 0]):
        ran = evalkit(capsys, "import", "traces", *words, "--out", tmp_path / "suite")
        assert ran.code == 2 and "one of the two" in ran.err


def test_an_exporter_of_another_process_may_be_slow_or_leave(tmp_path: Path) -> None:
    with Receiver(tmp_path, 0) as receiver:
        with socket.create_connection(("127.0.0.1", receiver.port)) as slow:
            slow.sendall(b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{")
        body = json.dumps({"resourceSpans": []}).encode()
        assert post(receiver.port, "/v1/traces", body, JSON) == 200
    assert len(list(tmp_path.iterdir())) == 1


def _field(number: int, content: bytes) -> bytes:
    n, head = len(content), bytearray([number << 3 | 2])
    while n > 0x7F:
        head.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(head) + bytes([n]) + content


@pytest.mark.parametrize("name", ["spans without a byte", "fields of one span", "lists in JSON"])
def test_many_small_pieces_fill_no_memory(tmp_path: Path, name: str) -> None:
    content = {
        "spans without a byte": lambda: _field(1, _field(2, b"\x12\x00" * 500_000)),
        "fields of one span": lambda: _field(1, _field(2, _field(2, b"\x5a\x00" * 500_000))),
        "lists in JSON": lambda: b'{"a":[' + b"[]," * 4_100_000 + b"[]]}",
    }[name]()
    (tmp_path / ("log.json" if name == "lists in JSON" else "log.pb")).write_bytes(content)
    with Spool() as spool, pytest.raises(UserError, match=r"is neither JSON nor OTLP|more values"):
        read_sources([tmp_path], spool)
