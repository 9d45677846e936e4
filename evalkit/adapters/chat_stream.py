"""One streamed Chat Completions answer, put together from its events with the time of each kind's first and last.

    data: {"choices":[{"index":0,"delta":{"reasoning":"Hm"}}]}        ttfr
    data: {"choices":[{"index":0,"delta":{"content":"Par"}}]}         ttft
    data: {"choices":[{"index":0,"delta":{"content":"is"}}]}          last
    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\""}}]}}]}

A stream is whole when it says [DONE] or has given a finish reason; anything less is a dropped connection, never a
short answer.
"""

from __future__ import annotations

from typing import Any

import orjson

from evalkit.adapters.chat_usage import usage_of
from evalkit.adapters.http_errors import Where, error_from_event
from evalkit.adapters.moments import Moments
from evalkit.adapters.presets import Preset
from evalkit.adapters.sse import EventReader
from evalkit.adapters.tool_calls import Heard
from evalkit.errors import BadReply, ConnectionFailed, ServerError
from evalkit.records import Response, StopReason, Tool

_STOPS: dict[str, StopReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",  # Mistral: the context is full
    "content_filter": "content_filter",
    "sensitive": "content_filter",  # Z.ai
    "tool_calls": "tool_use",
    "function_call": "tool_use",
}
_BROKEN = {"error", "abort", "network_error", "insufficient_system_resource"}
"""Finish reasons by which servers say that they failed: the system's fault, to be tried again."""


class ChatStream:
    """Reads one answer; `feed` while it comes, then `response` once."""

    def __init__(self, preset: Preset, path: str, where: Where, tools: tuple[Tool, ...] = ()) -> None:
        self._heard = Heard(tools) if tools else None
        self._called: dict[Any, tuple[int, Any]] = {}
        """Index of a call in the dialect's events -> (its number, its id)."""
        self._preset = preset
        self._path = path
        self._where = where
        self._events = EventReader()
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self._refusals: list[str] = []
        self._logprobs: list[dict[str, float]] | None = None
        self._moments = Moments()
        self._finish: str | None = None
        self._has_choice = False
        self._done = False
        self._usage: Any = None
        self._model: str | None = None
        self._fingerprint: str | None = None
        self._tier: str | None = None

    def feed(self, chunk: bytes, now: float) -> bool:
        """Takes a chunk read at `now`; True once the stream has said [DONE].

        Raises BadReply for what is no event of the dialect, and the error that an error event means.
        """
        for data in self._events.feed(chunk):
            self._take(data, now)
        return self._done

    def response(self, sent_at: float, ended_at: float) -> Response:
        """The whole answer. Raises ConnectionFailed where the stream ended too early, ServerError, BadReply."""
        for data in self._events.close():
            self._take(data, ended_at)
        if self._finish is None and not self._done:
            raise ConnectionFailed(
                f"{self._where.host}{self._path}: the stream ended before the answer did (no finish reason, no [DONE])"
            )
        if not self._has_choice:
            raise BadReply(f"{self._where.host}{self._path}: the stream held no choice at all")
        if self._finish in _BROKEN:
            raise ServerError(f"{self._where.host}{self._path}: the answer broke off (finish_reason {self._finish})")
        calls = None if self._heard is None else self._heard.calls()
        refusal = "".join(self._refusals) or None
        stop = _STOPS.get(self._finish or "", "other")
        if refusal is not None and stop != "content_filter":
            stop = "refusal"
        elif refusal is None and stop == "content_filter":
            refusal = self._finish
        if calls and stop == "stop":  # some servers name no finish of its own for calls
            stop = "tool_use"
        text = "".join(self._pieces)
        return Response(
            text=text,
            stop_reason=stop,
            timing=self._moments.timing(text, sent_at, ended_at - sent_at),
            reasoning="".join(self._thoughts) or None,
            served_model=self._model,
            fingerprint=self._fingerprint,
            usage=usage_of(self._usage, self._preset, tier=self._tier, showed_reasoning=bool(self._thoughts)),
            raw_usage=self._usage if isinstance(self._usage, dict) else None,
            refusal=refusal,
            calls=calls,
            top_logprobs=None if self._logprobs is None else tuple(self._logprobs),
        )

    def _take(self, data: bytes, now: float) -> None:
        if data == b"[DONE]":
            self._done = True
            return
        if not data:
            return
        try:
            event = orjson.loads(data)
            if event.get("error") or event.get("object") == "error":
                raise error_from_event(event, self._path, self._where)
            choices = event.get("choices")
            if not choices or self._model is None or event.get("usage"):
                self._take_head(event)
            for choice in choices or ():
                if not choice.get("index"):
                    self._take_choice(choice, choice.get("delta") or {}, now)
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            start = self._where.clean(data[:200].decode("utf-8", "replace"))
            raise BadReply(f"{self._where.host}{self._path}: an event is not of the dialect: {start}") from error

    def _take_choice(self, choice: dict[str, Any], message: dict[str, Any], now: float | None) -> None:
        self._has_choice = True
        content = message.get("content")
        if content:
            if isinstance(content, list):
                content = self._take_parts(content, now)
            if content:
                self._pieces.append(content + "")
                self._moments.text(content, now)
        for name in self._preset.reasoning_text_path:
            if thought := message.get(name):
                self._think(thought + "", now)
                break
        if self._heard is not None and (called := message.get("tool_calls")):
            self._moments.call(now)
            self._take_calls(self._heard, called)
        if refusal := message.get("refusal"):
            self._refusals.append(refusal + "")
        if logprobs := choice.get("logprobs"):
            self._take_logprobs(logprobs.get("content") or ())
        if finish := choice.get("finish_reason"):
            self._finish = str(finish)

    def _take_calls(self, heard: Heard, pieces: Any) -> None:
        """Pieces of calls. They belong together by their index; where a server says none, or the same for all calls, a
        new one is told by its id, or by a name that comes after whole arguments."""
        for at, piece in enumerate(pieces):
            index, id, function = piece.get("index"), piece.get("id"), piece.get("function") or {}
            index = at if index is None else index
            number, known = self._called.get(index, (None, None))
            if number is not None and function.get("name"):
                begins = id != known if id and known else heard.is_whole(number)
            else:
                begins = number is None
            if begins or number is None:
                self._called[index] = (heard.begin(function["name"], function.get("arguments")), id)
            else:
                heard.add(number, function.get("arguments"))

    def take_whole(self, data: dict[str, Any]) -> None:
        """An answer that was not streamed: it has no times."""
        self._take_head(data)
        for choice in data["choices"]:
            if not choice.get("index"):
                self._take_choice(choice, choice["message"], None)
        self._done = True

    def _take_head(self, event: dict[str, Any]) -> None:
        """What stands beside the choices; Azure's first event names no model, so the first that does counts."""
        if self._model is None:
            self._model = _text(event.get("model"))
        if self._fingerprint is None:
            self._fingerprint = _text(event.get("system_fingerprint"))
        if usage := event.get("usage"):
            self._usage = usage
        if tier := event.get("service_tier"):
            self._tier = _text(tier)

    def _think(self, thought: str, now: float | None) -> None:
        self._thoughts.append(thought)
        self._moments.thought(now)

    def _take_parts(self, parts: list[Any], now: float | None) -> str:
        """Mistral's content as a list: thinking goes to the reasoning, the text comes back."""
        texts = []
        for part in parts:
            if part["type"] == "text":
                texts.append(part["text"])
            elif part["type"] == "thinking":
                thinking = part["thinking"]
                pieces = [thinking] if isinstance(thinking, str) else [piece["text"] for piece in thinking]
                if thought := "".join(pieces):
                    self._think(thought, now)
        return "".join(texts)

    def _take_logprobs(self, tokens: Any) -> None:
        """For each token its alternatives; where two spell the same, the likelier counts (parts of a character)."""
        if self._logprobs is None:
            self._logprobs = []
        for token in tokens:
            alternatives: dict[str, float] = {}
            for one in token.get("top_logprobs") or (token,):
                name, value = one["token"] + "", float(one["logprob"])
                alternatives[name] = max(value, alternatives.get(name, value))
            self._logprobs.append(alternatives)


def whole_answer(stream: ChatStream, data: dict[str, Any], sent_at: float, ended_at: float) -> Response:
    """The answer of a server that was asked to stream and did not: right in content, without any time to first token.

    Raises BadReply where it is not of the dialect.
    """
    try:
        stream.take_whole(data)
    except (AttributeError, TypeError, KeyError, ValueError) as error:
        raise BadReply(f"The reply is not of the dialect: {type(error).__name__} {error}") from error
    return stream.response(sent_at, ended_at)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
