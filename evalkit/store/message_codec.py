"""A turn of a stored prompt as plain JSON values: role and text, and of an agent's history its calls and their results.

    {"role": "assistant", "content": "", "calls": [["get_weather", "{\\"city\\": \\"Ulm\\"}"]]}    # in texts-*.parquet
    ["tool", "no such city", {"failed": true}]                                                # in a journal's line
    ["user", [{"image": {"name": "a.png", "type": "image/png", "size": 812, ..., "sha256": "..."}}, "What is this?"]]

A turn of words alone is as it always was, so that older runs are read and new ones without calls by older versions.
Of a picture its name, type, size, width, height and digest are stored, never its bytes. What a provider wants back with
a turn (`Message.carried`) is not stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

import orjson

from evalkit.records import Content, Image, Message, Role, ToolCall

_ROLES: frozenset[str] = frozenset(get_args(Role))
_IMAGE: Mapping[str, type] = {"name": str, "type": str, "size": int, "width": int, "height": int, "sha256": str}


def message_record(message: Message) -> dict[str, object]:
    """The turn as a mapping."""
    record: dict[str, object] = {"role": message.role, "content": content_record(message.content)}
    return {**record, **_more(message)} if message.calls or message.failed else record


def message_entry(message: Message) -> tuple[object, ...]:
    """The turn as a journal has it."""
    said = (message.role, content_record(message.content))
    return (*said, _more(message)) if message.calls or message.failed else said


def content_record(content: Content) -> str | list[object]:
    """What a turn says as JSON: the text, or its parts with a mapping for each picture."""
    return content if isinstance(content, str) else [one if isinstance(one, str) else _image(one) for one in content]


def read_message(one: Mapping[str, object]) -> Message | None:
    """The turn back; None for what `message_record` did not write."""
    role, content = one.get("role"), one.get("content")
    if not isinstance(role, str) or role not in _ROLES or not _is_content(content) or not _fits(one):
        return None
    pairs = cast("Sequence[tuple[str, str]]", one.get("calls", ()))
    calls = tuple(ToolCall(name, arguments) for name, arguments in pairs)
    return Message(cast(Role, role), _read_content(content), calls, failed=one.get("failed") is True)


def read_entry(one: list[Any]) -> Message:
    """The turn back from a journal, where `fits` it."""
    role, content, *more = one
    if not more and isinstance(content, str):
        return Message(role, content)
    found = read_message({"role": role, "content": content, **(more[0] if more else {})})
    return found if found is not None else Message(role, _read_content(content))


def fits(value: object) -> bool:
    """Whether a journal's value is one of `message_entry`."""
    if not isinstance(value, list) or len(value) not in (2, 3):
        return False
    if not isinstance(value[0], str) or value[0] not in _ROLES or not _is_content(value[1]):
        return False
    return len(value) == 2 or (
        isinstance(value[2], dict) and value[2].keys() <= {"calls", "failed"} and _fits(value[2])
    )


def carried_fits(value: object) -> bool:
    """Whether a step's or the cache's value is one of `Message.carried`: JSON that an adapter can read again."""
    if not isinstance(value, str):
        return False
    try:
        orjson.dumps(orjson.loads(value))
    except (orjson.JSONDecodeError, TypeError):  # the second: nested too deeply for any request
        return False
    return True


def _image(image: Image) -> dict[str, object]:
    said = {"name": image.name, "type": image.media_type, "size": image.size}
    return {"image": {**said, "width": image.width, "height": image.height, "sha256": image.digest}}


def _is_content(value: object) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(part, str) or _is_image(part) for part in value)
    )


def _is_image(value: object) -> bool:
    said = value.get("image") if isinstance(value, dict) and value.keys() == {"image"} else None
    return (
        isinstance(said, dict)
        and said.keys() == _IMAGE.keys()
        and all(type(said[key]) is kind for key, kind in _IMAGE.items())
    )


def _read_content(value: Any) -> Content:
    """The content back, where `_is_content` it."""
    if isinstance(value, str):
        return value
    return tuple(one if isinstance(one, str) else _read_image(one["image"]) for one in value)


def _read_image(said: Mapping[str, Any]) -> Image:
    return Image(said["name"], said["type"], said["size"], said["width"], said["height"], said["sha256"])


def _more(message: Message) -> dict[str, object]:
    calls = [(call.name, call.arguments) for call in message.calls]
    return {**({"calls": calls} if calls else {}), **({"failed": True} if message.failed else {})}


def _fits(more: Mapping[str, object]) -> bool:
    calls = more.get("calls", [])
    pairs = isinstance(calls, list) and all(
        isinstance(one, list) and len(one) == 2 and all(isinstance(part, str) for part in one) for one in calls
    )
    return pairs and isinstance(more.get("failed", False), bool)
