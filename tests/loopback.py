"""Servers of tests on loopback: those of `evalkit.testing.loopback`, and any of them in a thread beside a command."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from evalkit.testing.loopback import Loopback, Sent, loopback, on_loopback, raw_server, reply, stream_of

__all__ = [
    "Loopback", "Sent", "answered_by", "in_thread", "loopback", "on_loopback", "raw_server", "reply", "stream_of",
]  # fmt: skip


@contextmanager
def in_thread(server: AbstractAsyncContextManager[str]) -> Iterator[str]:
    """The address of a server that runs in a thread, for commands."""
    up, over, url = threading.Event(), threading.Event(), list[str]()

    async def stay() -> None:
        async with server as address:
            url.append(address)
            up.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(stay(),), daemon=True)
    thread.start()
    assert up.wait(5)
    try:
        yield url[0]
    finally:
        over.set()
        thread.join(5)


class _Server(ThreadingHTTPServer):
    request_queue_size = 100
    daemon_threads = True


@contextmanager
def answered_by(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Iterator[str]:
    """The address, with /v1, of a server in threads that answers by this class."""
    server = _Server(("127.0.0.1", port), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
