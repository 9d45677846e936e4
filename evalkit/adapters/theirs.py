"""Adapters of other packages: whatever their methods raise is a sentence with their name.

    adapter = held_adapter(module.make(spec), plugin.origin)      # once it is made

What is awaited of them is `engine.their_adapters`'.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from evalkit.adapters.base import Adapter, is_ours
from evalkit.errors import EvalkitError, PluginError
from evalkit.foreign import kept_running, raised_by, words_of

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
