"""Servers of tests on loopback: those of `evalkit.testing.loopback`, and any of them in a thread beside a command."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from evalkit.testing.loopback import Loopback, Sent, loopback, on_loopback, raw_server, reply, stream_of

__all__ = ["Loopback", "Sent", "in_thread", "loopback", "on_loopback", "raw_server", "reply", "stream_of"]


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
