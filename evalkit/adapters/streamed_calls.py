"""Calls as a stream showed them, for dialects whose last event repeats the whole answer.

calls.take(1, "book")                            # what a model writes first of its call
calls.take(1, None).append('{"gue')
calls.begin_those([{"name": "book", "arguments": '{"guests": 4}'}])     # True: somebody saw these calls come
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalkit.adapters.reply_fields import joined
from evalkit.adapters.tool_calls import MAX_CALLS


class StreamedCalls:
    """Of one answer, by their number in its stream."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[Any, tuple[str | None, list[str]]] = {}
        """The name, where the stream said it, and pieces of arguments."""

    def take(self, at: object, name: str | None) -> list[str]:
        """A call begins, or goes on; the list that takes the pieces of its arguments."""
        if at in self._calls or len(self._calls) >= MAX_CALLS:
            return self._calls.get(at, (None, []))[1]
        self._calls[at] = (name, [])
        return self._calls[at][1]

    def forget(self) -> None:
        """The answer begins anew."""
        self._calls.clear()

    def begin_those(self, kept: Sequence[Mapping[str, Any]]) -> bool:
        """Whether these calls are the beginning of those of the last event."""
        return len(self._calls) <= len(kept) and all(
            name in (None, call["name"]) and str(call["arguments"]).startswith(joined(pieces))
            for (name, pieces), call in zip(self._calls.values(), kept, strict=False)
        )
