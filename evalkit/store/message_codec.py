"""A turn of a stored prompt as plain JSON values: role and text, and of an agent's history its calls and their results.

    {"role": "assistant", "content": "", "calls": [["get_weather", "{\\"city\\": \\"Ulm\\"}"]]}    # in texts-*.parquet
    ["tool", "no such city", {"failed": true}]                                                # in a journal's line

A turn of words alone is as it always was, so that older runs are read and new ones without calls by older versions.
What a provider wants back with a turn (`Message.carried`) is not stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from evalkit.records import Message, Role, ToolCall

_ROLES: frozenset[str] = frozenset(get_args(Role))


def message_record(message: Message) -> dict[str, object]:
    """The turn as a mapping."""
    return {"role": message.role, "content": message.content, **_more(message)}


def message_entry(message: Message) -> tuple[object, ...]:
    """The turn as a journal has it."""
    more = _more(message)
    return (message.role, message.content, more) if more else (message.role, message.content)


def read_message(one: Mapping[str, object]) -> Message | None:
    """The turn back; None for what `message_record` did not write."""
    role, content = one.get("role"), one.get("content")
    if not isinstance(role, str) or role not in _ROLES or not isinstance(content, str) or not _fits(one):
        return None
    pairs = cast("Sequence[tuple[str, str]]", one.get("calls", ()))
    calls = tuple(ToolCall(name, arguments) for name, arguments in pairs)
    return Message(cast(Role, role), content, calls, failed=one.get("failed") is True)


def read_entry(one: list[Any]) -> Message:
    """The turn back from a journal, where `fits` it."""
    role, content, *more = one
    found = read_message({"role": role, "content": content, **(more[0] if more else {})})
    return found if found is not None else Message(role, content)


def fits(value: object) -> bool:
    """Whether a journal's value is one of `message_entry`."""
    if not isinstance(value, list) or len(value) not in (2, 3) or not all(isinstance(one, str) for one in value[:2]):
        return False
    return len(value) == 2 or (
        isinstance(value[2], dict) and value[2].keys() <= {"calls", "failed"} and _fits(value[2])
    )


def _more(message: Message) -> dict[str, object]:
    calls = [(call.name, call.arguments) for call in message.calls]
    return {**({"calls": calls} if calls else {}), **({"failed": True} if message.failed else {})}


def _fits(more: Mapping[str, object]) -> bool:
    calls = more.get("calls", [])
    pairs = isinstance(calls, list) and all(
        isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one) for one in calls
    )
    return pairs and isinstance(more.get("failed", False), bool)
