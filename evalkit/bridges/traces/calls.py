"""One logged call of a model, whoever wrote it down.

Call("litellm", id="chatcmpl-1", model="gpt-4o-mini", messages=(LoggedMessage("user", "Hello"),), text="Hi", ...)

Anywhere below None means that the log does not say it; it never means zero.

`in_order([(message as the log has it, its turns), ...])` gives the turns, results of functions in the order of their
calls: calls and results belong together by place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from evalkit.bridges.traces.values import first, storable
from evalkit.records import ToolCall

LoggedRole = Literal["system", "user", "assistant", "tool"]
_USUAL = (b'"other":[],"unread":""', b'"other":[],"n_others":0')
"""Ends of turns and answers that say nothing beyond: they take no room on the disk, and no call another place."""
_DEEPEST_ID = 4
_FEWEST_RESULTS = 2
"""Results that can stand in another order than their calls."""
_CALL_IDS = ("call_id", "toolUseId", "tool_call_id", "toolCallId", "id")
_RESULT_IDS = ("tool_use_id", "toolUseId", "tool_call_id", "toolCallId", "call_id", "id")


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


def in_order(told: Iterable[tuple[object, Sequence[LoggedMessage]]]) -> list[LoggedMessage]:
    """The turns of a conversation, each message as the log has it and as it was read. Results of functions stand in the
    order of their calls, where the log names which result belongs to which call.

    Calls and results belong together by place from here on, and logs write results as they came in. Where an id is
    missing or is no call's, they stay as they stand.
    """
    told = list(told)
    found: list[LoggedMessage] = [turn for _, turns in told for turn in turns]
    if sum(turn.role == "tool" for turn in found) < _FEWEST_RESULTS:
        return found
    found = []
    calls: list[str] = []
    n_calls = 0
    results: list[tuple[str, LoggedMessage]] = []
    for raw, turns in told:
        made, answered = _ids_of(raw)
        n = sum(turn.role == "tool" for turn in turns)
        names = iter(answered if len(answered) == n else [""] * n)
        for turn in turns:
            if turn.role == "tool":
                results.append((next(names), turn))
                continue
            if results:
                found += _sorted(results, calls if len(calls) == n_calls else [])
                results, calls, n_calls = [], [], 0
            found.append(turn)
            if turn.calls:
                calls, n_calls = [*calls, *made], n_calls + len(turn.calls)
                made = []
            elif turn.role != "assistant":
                calls, n_calls = [], 0
    return [*found, *_sorted(results, calls if len(calls) == n_calls else [])]


def _sorted(results: Sequence[tuple[str, LoggedMessage]], calls: Sequence[str]) -> list[LoggedMessage]:
    place = {name: n for n, name in enumerate(calls)}
    names = [name for name, _ in results]
    if len(place) != len(calls) or len(set(names)) != len(names) or not place.keys() >= set(names):
        return [turn for _, turn in results]
    return [turn for _, turn in sorted(results, key=lambda one: place[one[0]])]


def _ids_of(raw: object) -> tuple[list[str], list[str]]:
    """(ids of the calls of a message, ids of the calls that its results are of), "" for one without."""
    calls: list[str] = []
    results: list[str] = []
    _find_ids(raw, calls, results, 0)
    if not results and isinstance(raw, Mapping):
        inner = raw.get("kwargs") if isinstance(raw.get("kwargs"), Mapping) else raw.get("message")
        said = inner if isinstance(inner, Mapping) else raw
        results = [_id_of(said, ("tool_call_id", "toolCallId", "tool_use_id", "call_id"))]
        results = [] if results == [""] else results
    return calls, results


def _find_ids(said: object, calls: list[str], results: list[str], depth: int) -> None:
    if depth > _DEEPEST_ID:
        return
    if isinstance(said, list):
        for one in said:
            _find_ids(one, calls, results, depth + 1)
        return
    if not isinstance(said, Mapping):
        return
    kind = str(said.get("type") or "").lower().replace("-", "_")
    use, returned = said.get("toolUse"), said.get("toolResult")
    if kind in ("tool_call", "tool_use", "function_call", "custom_tool_call") and "role" not in said:
        calls.append(_id_of(said, _CALL_IDS))
    elif (
        kind in ("tool_result", "tool_call_response", "function_call_output", "custom_tool_call_output")
        and "role" not in said
    ):
        results.append(_id_of(said, _RESULT_IDS))
    elif isinstance(use, Mapping) or isinstance(returned, Mapping):
        if isinstance(use, Mapping):
            calls.append(_id_of(use, _CALL_IDS))
        if isinstance(returned, Mapping):
            results.append(_id_of(returned, _RESULT_IDS))
    else:
        for key in ("kwargs", "message", "content", "contents", "parts"):
            _find_ids(said.get(key), calls, results, depth + 1)
        listed = said.get("tool_calls") or said.get("toolCalls")
        for one in listed if isinstance(listed, list) and not calls else ():
            calls.append(_id_of(one.get("tool_call", one), _CALL_IDS) if isinstance(one, Mapping) else "")


def _id_of(said: object, keys: Sequence[str]) -> str:
    found = first(said, *keys) if isinstance(said, Mapping) else None
    return found if isinstance(found, str) else ""
