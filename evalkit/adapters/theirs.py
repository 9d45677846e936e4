"""Adapters of other packages: whatever their methods raise is a sentence with their name.

    adapter = held_adapter(module.make(spec), plugin.origin)      # once it is made
    response = await ask_theirs(adapter, request)                 # awaited in a task of its own; RequestError

`awaiting.ask_adapter` and `close_adapter` come here for them alone: no other run loads this. What such code raises
beyond Exception is an error like every other (`evalkit.foreign`).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from evalkit.adapters.awaiting import called, in_own_task, is_from_inside
from evalkit.adapters.base import Adapter, is_ours
from evalkit.errors import EvalkitError, PluginError, Rejected, RequestError
from evalkit.foreign import kept_running, raised_by, words_of
from evalkit.records import Request, Response

T = TypeVar("T")
_CALLED = ("n_bytes", "check_request", "count_prompt")
"""Methods that an adapter may have beside those that are awaited (`adapters.base`)."""


def held_adapter(adapter: Adapter, origin: str) -> Adapter:
    """The adapter of a package. What its methods raise that are not awaited is a PluginError. One of evalkit's own,
    which a package's preset asks for, is left as it is."""
    if is_ours(adapter):
        return adapter
    for name in _CALLED:
        method = getattr(adapter, name, None)
        if callable(method):
            with suppress(AttributeError, TypeError):  # a class that takes no attributes
                setattr(adapter, name, _held(method, f"models.{adapter.spec.name}: {name} of {origin}"))
    return adapter


def _held(method: Callable[..., T], what: str) -> Callable[..., T]:
    @functools.wraps(method)
    def call(*given: Any) -> T:
        try:
            with kept_running():
                return method(*given)
        except Exception as error:
            if isinstance(error, EvalkitError) and raised_by(error) is error:
                raise
            raise PluginError(f"{what} raised {words_of(error)}: tell its authors") from error

    return call


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
    from evalkit.adapters.registry import origin_of_model  # which asks for `held_adapter` above

    origin = origin_of_model(adapter.spec)
    if origin is None:
        raise error
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
        spec = adapter.spec
        raise PluginError(f"models.{spec.name}: {spec.adapter} could not be closed: {words_of(error)}") from error
