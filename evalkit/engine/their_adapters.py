"""Adapters of other packages are awaited in a task of their own, and whatever they raise ends no run, and no process.

    response = await ask_theirs(adapter, request)      # RequestError
    await close_theirs(adapter)                        # PluginError

`event_loop.ask_adapter` and `close_adapter` come here for them alone: no other run loads this. What such code raises
beyond Exception is an error like every other (`evalkit.foreign`).
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from evalkit.adapters.awaiting import called, in_own_task, is_from_inside
from evalkit.adapters.base import Adapter
from evalkit.adapters.registry import origin_of_model
from evalkit.errors import PluginError, Rejected, RequestError
from evalkit.records import Request, Response

T = TypeVar("T")


async def ask_theirs(adapter: Adapter, request: Request) -> Response:
    """What it answers. Raises RequestError, TimeoutError and CancelledError."""
    try:
        return await in_own_task(called(adapter.respond, request))
    except (RequestError, TimeoutError):
        raise
    except Exception as error:
        raise failure_of(adapter, error) from error


def failure_of(adapter: Adapter, error: Exception) -> RequestError:
    """The failure of one item for what the adapter of a package raised. Raises the error where evalkit itself did."""
    origin = origin_of_model(adapter.spec)
    if origin is None:
        raise error
    from evalkit.foreign import words_of

    spec = adapter.spec
    raised = Rejected(f"models.{spec.name}: the adapter {spec.adapter} of {origin} raised {words_of(error)}")
    raised.begun = True  # perhaps at what its model had answered
    return raised


async def close_theirs(adapter: Adapter) -> None:
    """Close what it holds open. Raises PluginError for what it raises."""
    try:
        return await in_own_task(called(adapter.aclose))
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not is_from_inside():
            raise
        from evalkit.foreign import words_of

        spec = adapter.spec
        raise PluginError(f"models.{spec.name}: {spec.adapter} could not be closed: {words_of(error)}") from error
