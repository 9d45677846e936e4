"""How a dialect hands over what it writes: an events' stream in parts that the server times one by one.

Stream(opening=[b'data: {"role"...}\n\n'], reasoning=[], content=[b'data: {"content":"Par"}\n\n', ...], closing=[...])
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer
from evalkit.testing.fake_provider.behaviour import Behaviour

Json = dict[str, Any]

dumps: Callable[[Any], bytes] = orjson.dumps


@dataclass(slots=True)
class Stream:
    """A streamed answer as server-sent events, each ready to be written."""

    opening: list[bytes] = field(default_factory=list)
    """Events before any token (message_start, the role)."""
    reasoning: list[bytes] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)
    """One per chunk of text; what has to precede the first chunk is part of it."""
    closing: list[bytes] = field(default_factory=list)


class Dialect(Protocol):
    """What each module in `dialects` offers."""

    def read(self, data: Json, path: str) -> Ask:
        """The request as an Ask; KeyError, TypeError or ValueError when it is not one (400)."""

    def body(self, ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Any:
        """The whole answer as one JSON value."""

    def stream(self, ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
        """The same answer as a stream."""

    def error(self, status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
        """The body of an error; details may hold `param` and `code`."""

    def error_event(self, behaviour: Behaviour) -> bytes:
        """The event that breaks off a stream."""


def data_event(value: object) -> bytes:
    """An event without a name (Chat Completions, Gemini)."""
    return b"data: " + dumps(value) + b"\n\n"


def named_event(value: Json) -> bytes:
    """An event that bears its type as its name (Responses, Messages)."""
    name: str = value["type"]
    return b"event: " + name.encode() + b"\ndata: " + dumps(value) + b"\n\n"


def integer_or_none(value: object) -> int | None:
    """A limit as it came; ValueError when it is no whole number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is not a whole number of tokens")
    return value


def stops_of(value: object) -> tuple[str, ...]:
    """Stop sequences from a string, a list or nothing. Raises ValueError for anything else."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise ValueError(f"{value!r} is no list of stop sequences")  # noqa: TRY004 - told as a bad request
    return tuple(value)
