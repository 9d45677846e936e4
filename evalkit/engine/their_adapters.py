"""Adapters of other packages are awaited in a task of their own, and whatever they raise ends no run, and no process.

    response = await ask_adapter(adapter, request)     # RequestError; evalkit's own is awaited as it is
    await close_adapter(adapter)                       # PluginError

What such code raises beyond Exception is an error like every other (`evalkit.foreign`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from evalkit.adapters.awaiting import in_own_task, is_from_inside
from evalkit.adapters.base import Adapter
from evalkit.adapters.registry import origin_of_model
from evalkit.adapters.theirs import is_ours
from evalkit.errors import PluginError, Rejected, RequestError
from evalkit.foreign import words_of
from evalkit.records import Request, Response

T = TypeVar("T")


async def ask_adapter(adapter: Adapter, request: Request) -> Response:
    """What it answers. Raises what evalkit's own raises; of a package's RequestError, TimeoutError and
    CancelledError."""
    if is_ours(adapter):
        return await adapter.respond(request)
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
    spec = adapter.spec
    return Rejected(f"models.{spec.name}: the adapter {spec.adapter} of {origin} raised {words_of(error)}")


async def close_adapter(adapter: Adapter) -> None:
    """Close what it holds open. Raises PluginError for what a package's own raises."""
    if is_ours(adapter):
        return await adapter.aclose()
    try:
        return await in_own_task(called(adapter.aclose))
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not is_from_inside():
            raise
        spec = adapter.spec
        raise PluginError(f"models.{spec.name}: {spec.adapter} could not be closed: {words_of(error)}") from error


async def called(function: Callable[..., Awaitable[T]], *given: Any) -> T:
    """Called within the task, too: not every function that gives an awaitable is async."""
    return await function(*given)
