"""Servers that models bring with them: started when an answer is first owed, stopped when their model's turn is over.

Models that say the same `turn` (servers on the same GPUs) are asked one after another; all others side by side. A model
whose every row is there already never starts its server.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from evalkit.engine.work import PlannedModel
from evalkit.errors import RequestError, Unfit


class Managed(Protocol):
    """An adapter with a server of its own."""

    served: Mapping[str, Any]

    async def start(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Start the server, its log in this folder. Raises a RequestError with the reason."""

    async def stop(self) -> None:
        """End it; safe to call at any time."""


class Serving:
    """The servers of one run."""

    def __init__(self, folder: Path | None, tell: Callable[[str], None]) -> None:
        self._folder = folder
        self._tell = tell
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._started: set[str] = set()
        self._probed: set[tuple[str, str]] = set()
        """(model, what was probed)."""

    @asynccontextmanager
    async def turn(self, models: Sequence[PlannedModel]) -> AsyncIterator[None]:
        """Wait until the hardware of these models is free; on the way out their servers are stopped."""
        name = models[0].adapter.endpoint.turn
        if name is None:
            yield
            return
        async with self._turns[name]:
            try:
                yield
            finally:
                for model in models:
                    if (server := _managed(model)) is not None:
                        await asyncio.shield(server.stop())

    async def why_not_ready(self, model: PlannedModel, *, likelihood: bool, tools: bool) -> RequestError | None:
        """Start the model's server if it has one and does not run yet; before the first likelihood, and before the
        first functions are offered, probe it.

        The error where either failed: the model cannot be asked then.
        """
        try:
            server = _managed(model)
            if server is not None and self._folder is not None and model.name not in self._started:
                self._started.add(model.name)
                await server.start(self._folder, self._tell)
            for wanted, what in ((likelihood, "likelihood"), (tools, "tools")):
                if wanted and (model.name, what) not in self._probed:
                    self._probed.add((model.name, what))
                    await self._probe(model, what)
        except RequestError as error:
            return error if error.stops_model else Unfit(str(error))
        return None

    async def _probe(self, model: PlannedModel, what: str) -> None:
        probe = getattr(model.adapter, f"probe_{what}", None)
        if probe is None:
            return  # an engine in this process, or a provider that is known to do it
        for wait_s in (0.5, 2.0, 8.0, None):
            try:
                unproved = await probe()
            except RequestError as error:
                if wait_s is None or not error.retryable:
                    raise
                await asyncio.sleep(wait_s)
            else:
                if unproved is not None:
                    self._tell(f"{model.name}: {unproved}")
                return


def served_facts(models: Sequence[PlannedModel]) -> dict[str, dict[str, Any]]:
    """What each started server turned out to be, by model name: for run.json."""
    found = ((model.name, _managed(model)) for model in models)
    return {name: dict(server.served) for name, server in found if server is not None and server.served}


def _managed(model: PlannedModel) -> Managed | None:
    adapter = model.adapter
    return cast(Managed, adapter) if adapter.endpoint.turn is not None and hasattr(adapter, "start") else None
