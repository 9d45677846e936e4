"""A receiver of OTLP over HTTP on loopback: an application that runs now sends its spans here, and they become files.

with Receiver(folder, port=4318) as receiver:       # POST /v1/traces, /v1/logs; JSON or protobuf, gzip too
    receiver.wait(until_idle_s=30)
read_sources([folder], spool)                       # as any other folder of logs

Only this machine can reach it, and no page that a browser shows: neither across origins nor by a stranger's name that
comes to mean 127.0.0.1. What is sent is bounded: a body, all of them, and how many are read at once.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from evalkit.errors import UserError
from evalkit.writing import write_file

HOST = "127.0.0.1"
_PATHS = frozenset({"/v1/traces", "/v1/logs", "/v1/metrics", "/api/public/otel/v1/traces"})
_KEPT = frozenset({"/v1/traces", "/v1/logs", "/api/public/otel/v1/traces"})
MOST_BODY = 64 * 2**20
MOST_BYTES = 8 * 2**30
_LENGTH = re.compile("[0-9]{1,12}")
_TIMEOUT_S = 30
"""Of silence."""
BODY_S = 120.0
"""From the first to the last byte of a body."""
_AT_ONCE = 4
"""Bodies that are read and unpacked at a time; further ones wait."""
_NAMES = frozenset({"localhost", "127.0.0.1", "::1", "host.docker.internal", "host.containers.internal"})
"""Under which programs of this machine and its containers reach it: any other Host is a stranger's."""
_ENDINGS = {"application/json": ".json", "application/x-protobuf": ".pb"}


class Receiver:
    """Keeps each request that is sent as a file of a folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.n_requests = 0
        self.n_bytes = 0
        self.refused: list[str] = []
        """Why the first requests that were not kept were refused."""
        self._last = time.monotonic()
        self._lock = threading.Lock()
        try:
            self._server = _Server((HOST, port), _Handler)
        except OSError as error:
            raise UserError(
                f"cannot listen on {HOST}:{port}: {error.strerror}. Is a collector there already? --listen PORT"
            ) from error
        self._server.receiver = self
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, until_idle_s: float | None) -> None:
        """Come back once something was sent and nothing more came for so long (None: never). Ctrl-C ends it too."""
        while until_idle_s is None or not self.n_requests or time.monotonic() - self._last < until_idle_s:
            time.sleep(0.05)

    def keep(self, body: bytes, ending: str) -> str | None:
        """Write a body; half a sentence where it is not kept."""
        with self._lock:
            self._last = time.monotonic()
            if self.n_bytes + len(body) > MOST_BYTES:
                return f"more than {MOST_BYTES // 2**30} GB came already"
            self.n_bytes += len(body)
            self.n_requests += 1
            name = f"{self.n_requests:08}{ending}"
        try:
            write_file(self.folder / name, body, new=True)
        except OSError as error:
            return f"it cannot be written: {error.strerror}"
        return None

    def refuse(self, why: str) -> None:
        """Take note of a request that was not kept."""
        with self._lock:
            if len(self.refused) < 10:
                self.refused.append(why)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: who sends goes away in the middle, and the library would print a traceback."""

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.reading = threading.BoundedSemaphore(_AT_ONCE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_S
    server: _Server

    def do_POST(self) -> None:  # the library's name
        status, why = self._taken()
        if why is not None:
            self.server.receiver.refuse(why)
            self.close_connection = True
        asked_json = "json" in (self.headers.get("Content-Type") or "")
        body = b"{}" if asked_json else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if asked_json else "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _taken(self) -> tuple[int, str | None]:
        """The status, and why the request is not kept; None: it is."""
        path = self.path.partition("?")[0].rstrip("/")
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        length = self.headers.get("Content-Length") or ""
        if self.headers.get("Origin") is not None or not _is_here(self.headers.get("Host")):
            return 403, "a page of a browser, or a Host that is not this machine"
        if path not in _PATHS:
            return 404, f"{path[:100]}: only /v1/traces and /v1/logs are kept"
        if kind not in _ENDINGS:
            return 415, f"content type {kind[:60] or 'not given'}: OTLP is application/json or application/x-protobuf"
        if not _LENGTH.fullmatch(length) or int(length) > MOST_BODY:
            return 413, f"a body of {length[:12] or 'unknown'} bytes: the most is {MOST_BODY // 2**20} MB"
        with self.server.reading:
            return self._kept(path, _ENDINGS[kind], int(length))

    def _kept(self, path: str, ending: str, length: int) -> tuple[int, str | None]:
        body = self._read_in_time(length)
        if body is None:
            return 408, f"a body that did not end within {BODY_S:g} s"
        if len(body) < length:
            return 400, "a body that is cut short"
        if (self.headers.get("Content-Encoding") or "").lower() == "gzip":
            try:
                body = _unpacked(body)
            except (OSError, EOFError, zlib.error, ValueError):
                return 400, "a gzip body that is damaged, or too large"
        if path not in _KEPT:
            return 200, None  # metrics: an exporter that is refused would try again for ever
        why = self.server.receiver.keep(body, ending)
        return (200, None) if why is None else (507, why)

    def _read_in_time(self, length: int) -> bytes | None:
        """So many bytes of the body, fewer where it ends before; None where it takes too long: one that drips would
        hold a place for as long as it likes."""
        until, body = time.monotonic() + BODY_S, bytearray()
        while len(body) < length:
            piece = self.rfile.read1(min(length - len(body), 2**20))  # what has come by now
            if not piece:
                break
            body += piece
            if time.monotonic() > until and len(body) < length:
                return None
        return bytes(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is kept and refused is told at the end."""


def _is_here(host: str | None) -> bool:
    """Whether a Host means this machine; HTTP/1.0 needs none."""
    if host is None:
        return True
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".") in _NAMES
    except ValueError:
        return False


def _unpacked(body: bytes) -> bytes:
    """Raises ValueError for a body that unpacks to more than MOST_BODY."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    found = unpacker.decompress(body, MOST_BODY + 1)
    if len(found) > MOST_BODY or not unpacker.eof:
        raise ValueError("too large, or cut short")
    return found
