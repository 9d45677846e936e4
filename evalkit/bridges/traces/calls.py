"""One logged call of a model, whoever wrote it down.

Call("litellm", id="chatcmpl-1", model="gpt-4o-mini", messages=(LoggedMessage("user", "Hello"),), text="Hi", ...)

Anywhere below None means that the log does not say it; it never means zero.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from evalkit.bridges.traces.values import storable
from evalkit.records import ToolCall

LoggedRole = Literal["system", "user", "assistant", "tool"]
_USUAL = (b'"other":[],"unread":""', b'"other":[],"n_others":0')
"""Ends of turns and answers that say nothing beyond: they take no room on the disk, and no call another place."""


@dataclass(slots=True)
class LoggedMessage:
    """One turn of the conversation that a call sent."""

    role: LoggedRole
    text: str
    calls: tuple[ToolCall, ...] = ()
    """Functions that the assistant called in this turn."""
    other: tuple[str, ...] = ()
    """Kinds of parts that are no text (image, audio, file ...): a suite of texts cannot ask them."""
    unread: str = ""
    """What stands here and was not understood, as half a sentence; the request is not whole then. Empty: nothing."""


@dataclass(slots=True)
class Answer:
    """What came back."""

    text: str | None = None
    calls: tuple[ToolCall, ...] = ()
    finish: str | None = None
    """As the log spells it: stop, length, tool_calls, end_turn ..."""
    refusal: str | None = None
    other: tuple[str, ...] = ()
    n_others: int = 0
    """Answers that the same request was given besides (n, candidateCount): tokens and cost are of all of them."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of it."""
        return self.text is None and not self.calls and self.refusal is None


@dataclass(slots=True)
class LoggedUsage:
    """Tokens and money. `input` includes what came from a cache, `output` includes reasoning."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cost_usd: float | None = None
    """As the log states it; None: price the tokens by the book."""

    @property
    def is_empty(self) -> bool:
        """Whether no token is known."""
        return self.input is None and self.output is None


@dataclass(slots=True)
class Call:
    """One request to a model as a log has it."""

    source: str
    """The format that it was read from: otlp, langfuse, litellm ..."""
    id: str = ""
    """The log's own name for it; empty: none."""
    trace: str = ""
    span: str = ""
    parent: str = ""
    name: str = ""
    """The span's or the prompt template's name."""
    model: str | None = None
    """The one that was asked for."""
    served: str | None = None
    """The one that answered, where the log says so."""
    provider: str | None = None
    messages: tuple[LoggedMessage, ...] = ()
    tools: tuple[dict[str, object], ...] = ()
    """Functions that were offered: {name, description, parameters}."""
    settings: dict[str, Any] = field(default_factory=dict)
    """max_output_tokens, temperature, top_p, seed, stop, json_schema, as far as they are known."""
    answer: Answer = field(default_factory=Answer)
    error: str | None = None
    """What failed; None: nothing, as far as the log says."""
    usage: LoggedUsage = field(default_factory=LoggedUsage)
    started_at: float | None = None
    total_s: float | None = None
    ttft_s: float | None = None
    session: str | None = None
    slices: dict[str, str] = field(default_factory=dict)
    """What may tell customers or places apart: user, tags, environment, and attributes by their own names."""
    expected: str | None = None
    """A right answer that the log carries."""
    withheld: str | None = None
    """Why the content is not there: redacted, or not captured."""
    streamed: bool = False
    part: Literal["", "request", "content", "turn", "stream", "earlier"] = ""
    """Only a part of a call, which `settle` puts to the rest: a batch's request, what a log record says of a span, one
    turn of it, the end of a stream. earlier: a call that is known by a later one's history alone. Empty: a call."""

    @property
    def called(self) -> str | None:
        """The model that answered, else the one that was asked."""
        return self.served or self.model

    @property
    def first_user(self) -> str | None:
        """The first thing that the user says; None where the user says nothing."""
        return next((one.text for one in self.messages if one.role == "user"), None)

    @property
    def last_user(self) -> str:
        """The last thing that the user says; empty where the user says nothing."""
        return next((one.text for one in reversed(self.messages) if one.role == "user"), "")

    @property
    def asks_with_its_answer(self) -> bool:
        """Whether the log has the answer at the end of what was asked, too."""
        if not self.messages or self.answer.is_empty:
            return False
        last, answer = self.messages[-1], self.answer
        same = last.text == (answer.text or "") and last.calls == answer.calls
        return same and last.role == "assistant" and not last.other

    def packed(self) -> bytes:
        """The call as bytes for a file of one's own; `unpacked` reads them."""
        try:
            made = orjson.dumps(self, option=orjson.OPT_NON_STR_KEYS, default=str)
        except TypeError:  # halves of characters, numbers beyond 64 bits
            return orjson.dumps(storable(asdict(self)), option=orjson.OPT_NON_STR_KEYS, default=str)
        for usual in _USUAL:
            made = made.replace(usual + b"}", b'"other":[]}')
        return made


def unpacked(content: bytes) -> Call:
    """The call that `Call.packed` wrote."""
    said = orjson.loads(content)
    answer = said.pop("answer")
    usage = LoggedUsage(**said.pop("usage"))
    messages = tuple(
        LoggedMessage(one["role"], one["text"], _calls(one["calls"]), tuple(one["other"]), one.get("unread", ""))
        for one in said.pop("messages")
    )
    made = Answer(**{**answer, "calls": _calls(answer["calls"]), "other": tuple(answer["other"])})
    said["tools"] = tuple(said["tools"])
    return Call(**said, messages=messages, answer=made, usage=usage)


def _calls(said: list[dict[str, str]]) -> tuple[ToolCall, ...]:
    return tuple(ToolCall(one["name"], one["arguments"]) for one in said)
