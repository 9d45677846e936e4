"""How long the attempt under way waited for new connections, which is in no time of an answer.

    waits = []
    with connecting(waits):                # the engine, around one attempt
        response = await adapter.respond(request)
    sum(waits)                             # seconds; [] where open connections served

A time begins when the request is handed to an open connection, since a service keeps its connections. So a server that
has only one worker, and lets the others wait in front of a handshake, would look as quick as it is to one client alone.
Name, TCP, TLS and a proxy's own handshake are all in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import perf_counter

_WAITS: ContextVar[list[float] | None] = ContextVar("connecting", default=None)


@contextmanager
def connecting(waits: list[float]) -> Iterator[None]:
    """Adds the seconds of each connection that is opened inside, also by tasks that are begun there."""
    token = _WAITS.set(waits)
    try:
        yield
    finally:
        _WAITS.reset(token)


@contextmanager
def one_connection() -> Iterator[None]:
    """A connection is opened inside, or fails to be."""
    began = perf_counter()
    try:
        yield
    finally:
        if (waits := _WAITS.get()) is not None:
            waits.append(perf_counter() - began)
