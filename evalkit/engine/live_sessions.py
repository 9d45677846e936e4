"""Sessions of a run with live servers of tools: one for each sample that is being asked, repeat by repeat.

    await sessions.admit(item)                   # waits while the server has as many sessions as it may have
    told = await sessions.carried_out(item, calls)
    await sessions.leave(item)                   # whatever came of the item; the session is over

What a session has changed in its server is gone with it, as far as the server keeps to sessions: nothing leaks from one
sample to another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

from evalkit.engine.work import Item
from evalkit.records import ToolCall, ToolResult
from evalkit.store.row_codec import Key
from evalkit.suite.environments import World, world_of
from evalkit.suite.environments.arguments import RefusedCall
from evalkit.suite.environments.live import ToolSession
from evalkit.suite.environments.world import MOST_CALLS, left_out


def is_live(item: Item) -> bool:
    """Whether what an item is told cannot be had again: a live server tells it."""
    world = world_of(item.sample)
    return world is not None and world.environment.live is not None


@dataclass(slots=True)
class LiveSessions:
    """See the module. Of one run, in one event loop."""

    _slots: dict[int, asyncio.Semaphore] = field(default_factory=dict)
    """By server: places that are free."""
    _open: dict[Key, tuple[ToolSession, asyncio.Semaphore]] = field(default_factory=dict)

    async def admit(self, item: Item) -> None:
        """Wait for a place; nothing where no live server is asked. The session itself starts with its first call."""
        world = world_of(item.sample)
        live, server = (world.environment.live, world.environment.server) if world is not None else (None, None)
        if live is None or server is None or item.key in self._open:
            return
        slots = self._slots.setdefault(id(server), asyncio.Semaphore(live.entry.at_once))
        await slots.acquire()
        self._open[item.key] = (server.session(), slots)

    async def leave(self, item: Item) -> None:
        """End the session of an item; nothing where it has none."""
        found = self._open.pop(item.key, None)
        if found is not None:
            session, slots = found
            try:
                await session.aclose()
            finally:
                slots.release()

    async def carried_out(self, item: Item, calls: Sequence[ToolCall]) -> tuple[ToolResult, ...]:
        """What the calls of one answer to a live item returned, one after another. Raises BrokenEnvironment."""
        world = world_of(item.sample)
        assert world is not None
        return tuple([await self._called(item, world, n, call) for n, call in enumerate(calls)])

    async def _called(self, item: Item, world: World, n: int, call: ToolCall) -> ToolResult:
        function = world.environment.functions.get(call.name)
        try:
            arguments = function.read(call.arguments) if function is not None and n < MOST_CALLS else None
        except RefusedCall:
            arguments = None
        if arguments is None:  # no server is sent this
            called = world.environment.call({}, call.name, call.arguments) if n < MOST_CALLS else left_out({})
            return ToolResult(called.text, called.failed)
        session, _ = self._open[item.key]
        began = perf_counter()
        said = await session.call(call.name, arguments)
        return ToolResult(said.text or "ok", said.failed, perf_counter() - began)
