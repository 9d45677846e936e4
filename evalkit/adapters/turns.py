"""Turns of a conversation, as the dialects need them.

split_system((system "Be brief.", user "Hi"), "m", "the Messages API")     # ("Be brief.", (user "Hi",))

Calls of earlier answers and what they returned (`linked`) go back under ids of evalkit's own, so that the same
conversation is the same request whoever answered. They have nine letters and digits, which every provider takes
(Mistral takes nothing else).
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson

from evalkit.adapters.reply_fields import is_too_deep, joined
from evalkit.adapters.tool_calls import fitting_name, wire_names
from evalkit.errors import Unsupported
from evalkit.facts.base import Json
from evalkit.frozen import dataclass
from evalkit.records import Message, Tool


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call of an earlier answer, as it goes back."""

    id: str
    name: str
    """As it is spelled on the wire."""
    arguments: str
    """JSON text of an object; what the model wrote where it was none, or too deep, is `{}`: providers refuse it."""

    @property
    def input(self) -> Json:
        """The arguments as an object."""
        return orjson.loads(self.arguments)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class LinkedTurn:
    """A turn with the calls that it made, or with the one that it answers."""

    message: Message
    calls: tuple[SentCall, ...] = ()
    answers: SentCall | None = None
    """Of a `tool` turn: the call that returned it."""


def linked(messages: tuple[Message, ...], tools: tuple[Tool, ...]) -> Iterator[LinkedTurn]:
    """The turns, each tool's answer with the call it belongs to: the first of the answer before that has none yet."""
    names = wire_names(tools)
    n_calls = 0
    open_calls: list[SentCall] = []
    for message in messages:
        if message.role == "tool":
            yield LinkedTurn(message, answers=open_calls.pop(0) if open_calls else None)
            continue
        calls = []
        for call in message.calls:
            n_calls += 1
            calls.append(
                SentCall(
                    f"call{n_calls:05}", names.get(call.name) or fitting_name(call.name), _as_object(call.arguments)
                )
            )
        open_calls = list(calls)
        yield LinkedTurn(message, tuple(calls))


def _as_object(arguments: str) -> str:
    try:
        value = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return "{}"
    return arguments if isinstance(value, dict) and not is_too_deep(value) else "{}"


def to_carry(back: object) -> str:
    """What a provider wants back with a turn, as `Response.carried`; `carried` reads it. A half of a character, which
    is no text anywhere else, becomes U+FFFD."""
    return joined([json.dumps(back, ensure_ascii=False)])


def carried(message: Message) -> Json:
    """What its provider wants back with a turn; None for nothing."""
    return None if message.carried is None else orjson.loads(message.carried)


def split_system(messages: tuple[Message, ...], name: str, api: str) -> tuple[str, tuple[Message, ...]]:
    """(system prompt, the other turns). System messages are joined by an empty line.

    Raises Unsupported where one follows another turn: the API has one place for them, before all turns.
    """
    n_system = next((place for place, turn in enumerate(messages) if turn.role != "system"), len(messages))
    if any(turn.role == "system" for turn in messages[n_system:]):
        raise Unsupported(
            f"models.{name}: a system message stands after another turn, and {api} has only one place for "
            f"it, before all turns."
        )
    return "\n\n".join(turn.text for turn in messages[:n_system]), messages[n_system:]
