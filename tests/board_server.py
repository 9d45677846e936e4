"""`evalkit board` in a process of its own, for tests that talk to it as a browser does."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import REPO


@dataclass(frozen=True, slots=True)
class Board:
    port: int

    def ask(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_host="Host" in named)
        for name, value in named.items():
            connection.putheader(name, value)
        if method in {"PUT", "POST"}:
            connection.putheader("Content-Length", "1")
        connection.endheaders(b"x" if method in {"PUT", "POST"} else None)
        reply = connection.getresponse()
        reply.read()
        connection.close()
        return reply

    def read(self, path: str, **headers: str) -> str:
        """The text of a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def whole(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their name in small letters (without the time of day) and bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, {k.lower(): v for k, v in reply.getheaders() if k.lower() != "date"}, content

    def upgrade(self, host: str, origin: str | None) -> int:
        """The status of a WebSocket handshake; 101: it is open."""
        lines = [
            "GET /_stcore/stream HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ]  # fmt: skip
        lines += [f"Origin: {origin}"] if origin is not None else []
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            return int(connection.recv(1000).split()[1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@contextlib.contextmanager
def serving(port: int, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Board]:
    """Python with these arguments, started in a folder, once it answers; what it says is in `folder/said`."""
    said = folder / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(REPO), **environment},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    found = Board(port)
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                found.ask("/_stcore/health")
                break
            time.sleep(0.2)
        if process.poll() is not None:
            pytest.fail(said.read_text()[-2000:])
        yield found
    finally:
        process.kill()
        process.wait()
