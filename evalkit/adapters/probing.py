"""What a probe sends is paid for like any request: whoever probes says how.

with paying(from_the_cap):             # the engine, around a probe
    await adapter.probe_tools()
answer = await asked(WITHOUT, self.respond)           # the adapter, for each request of a probe
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from evalkit.records import Request, Response

Ask = Callable[[Request], Awaitable[Response]]
Paying = Callable[[Request, Ask], Awaitable[Response]]
"""Sets the money aside, asks, and settles."""
_PAYING: ContextVar[Paying | None] = ContextVar("paying", default=None)


@contextmanager
def paying(how: Paying) -> Iterator[None]:
    """Every request of a probe is asked so inside, also by tasks that are begun there."""
    token = _PAYING.set(how)
    try:
        yield
    finally:
        _PAYING.reset(token)


async def asked(request: Request, ask: Ask) -> Response:
    """The answer to one request of a probe. Raises what `ask` raises, and Unfit where nobody pays."""
    how = _PAYING.get()
    return await (ask(request) if how is None else how(request, ask))
