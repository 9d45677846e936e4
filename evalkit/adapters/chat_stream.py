"""One Chat Completions answer, put together from its events with the time of each kind's first and last.

    data: {"choices":[{"index":0,"delta":{"reasoning":"Hm"}}]}        ttfr
    data: {"choices":[{"index":0,"delta":{"content":"Par"}}]}         ttft
    data: {"choices":[{"index":0,"delta":{"content":"is"}}]}          last
    data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\""}}]}}]}

A stream is whole when it says [DONE] or has given a finish reason; anything less is a dropped connection, never a
short answer. Some servers give the finish reason first and go on, so only [DONE] ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.adapters.billed_beside import SHOWN_IN_BODY, SHOWN_IN_MESSAGE, shown_beside
from evalkit.adapters.chat_usage import UsageSoFar, believed, usage_of
from evalkit.adapters.http_errors import Where, error_from_event
from evalkit.adapters.presets import Preset
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import inner, items, mapping, name, raw_usage, text
from evalkit.adapters.turns import to_carry
from evalkit.errors import BadReply, ServerError
from evalkit.records import Response, StopReason, Timing, Tool

_STOPS: dict[str, StopReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "complete": "stop",
    "completed": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",  # Mistral: the context is full
    "model_context_window_exceeded": "length",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "blocklist": "content_filter",
    "guardrail_intervened": "content_filter",  # Bedrock
    "sensitive": "content_filter",  # Z.ai
    "refusal": "refusal",
    "tool_calls": "tool_use",
    "tool_call": "tool_use",  # models of Azure's catalogue
    "tool_use": "tool_use",
    "function_call": "tool_use",
    "function_calls": "tool_use",
}
_BROKEN = {"error", "abort", "network_error", "insufficient_system_resource", "server_error", "timeout"}
"""Finish reasons by which servers say that they failed: the system's fault, to be tried again."""


class ChatAnswer(ReplyReading):
    """Reads one answer of the dialect, streamed or whole."""

    __slots__ = (
        *("_called", "_finish", "_fingerprint", "_has_choice", "_model", "_path", "_preset", "_refusals", "_tier"),
        *("_shown", "_thought_in", "_usage", "_where"),
    )

    def __init__(self, preset: Preset, path: str, where: Where, tools: tuple[Tool, ...] = ()) -> None:
        super().__init__(tools)
        self._called: dict[Any, tuple[int, Any]] = {}
        """Index of a call in the dialect's events -> (its number, its id)."""
        self._preset = preset
        self._path = path
        self._where = where
        self._refusals: list[str] = []
        self._finish: str | None = None
        self._has_choice = False
        self._usage = UsageSoFar()
        self._shown: tuple[str, ...] = ()
        """What the answer shows to be billed beside its tokens."""
        self._model: str | None = None
        self._fingerprint: str | None = None
        self._tier: str | None = None
        self._thought_in: str | None = None
        """The field in which reasoning comes."""

    @property
    def is_whole(self) -> bool:
        return self.done or self._finish is not None

    def end(self) -> None:
        self.done = True

    def take(self, event: dict[str, Any], now: float | None) -> None:
        choices = event.get("choices")
        if not choices or self._model is None or event.get("usage") or "x_groq" in event:
            self._take_head(event)
        for choice in choices or ():
            if not choice.get("index"):
                self._take_choice(choice, choice.get("delta") or {}, now)

    def take_whole(self, body: dict[str, object]) -> None:
        """An answer that was not streamed: it has no times."""
        self._take_head(body)
        for choice in items(body["choices"]):
            if not choice.get("index"):
                filtered = choice.get("finish_reason") == "content_filter"  # Azure then sends no message at all
                self._take_choice(choice, mapping(choice.get("message") if filtered else choice["message"]), None)
        self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        """The whole answer. Raises ServerError where the server says that it broke off, BadReply without a choice."""
        if not self._has_choice:
            raise BadReply(f"{self._where.host}{self._path}: the reply holds no choice at all")
        finish = (self._finish or "").lower()
        if finish in _BROKEN:
            raise ServerError(f"{self._where.host}{self._path}: the answer broke off (finish_reason {finish})")
        calls = None if self.calls_seen is None else self.calls_seen.calls()
        refusal = "".join(self._refusals) or None
        stop = _STOPS.get(finish, "other")
        if refusal is not None and stop != "content_filter":
            stop = "refusal"
        elif refusal is None and stop in {"content_filter", "refusal"}:
            refusal = finish
        if calls and stop == "stop":  # some servers name no finish of its own for calls
            stop = "tool_use"
        usage = usage_of(
            self._usage.last,
            self._preset,
            tier=self._tier,
            showed_reasoning=bool(self.thoughts),
            shown=self._shown,
        )
        return Response(
            text=self.said,
            stop_reason=stop,
            timing=timing,
            reasoning=self.reasoned,
            served_model=self._model,
            fingerprint=self._fingerprint,
            usage=believed(usage, has_output=bool(self.pieces or self.thoughts or calls)),
            raw_usage=raw_usage(self._usage.last),
            refusal=refusal,
            calls=calls,
            top_logprobs=None if self.logprobs is None else tuple(self.logprobs),
            dropped=left_out,
            carried=to_carry({self._thought_in: self.reasoned}) if calls and self._thought_in is not None else None,
        )

    def _take_choice(self, choice: Mapping[str, object], message: Mapping[str, object], now: float | None) -> None:
        if choice.get("error"):  # OpenRouter: what went wrong upstream
            raise error_from_event({"error": choice["error"]}, self._path, self._where)
        self._has_choice = True
        if usage := choice.get("usage"):  # Moonshot, in its last event
            self._usage.add(usage)
        if len(message) == 1 and type(content := message.get("content")) is str:  # a piece of text, as most events are
            self.content(content, now)
        elif message:
            self._take_message(message, now)
        if isinstance(logprobs := choice.get("logprobs"), dict):  # a bare number is no list of alternatives
            self.alternatives(_places(logprobs))
        if finish := choice.get("finish_reason"):
            self._finish = text(finish)

    def _take_message(self, message: Mapping[str, object], now: float | None) -> None:
        if not SHOWN_IN_MESSAGE.isdisjoint(message):
            self._show(shown_beside([message]))
        content = message.get("content")
        if content or content == 0:
            self.content(self._without_thoughts(content, now) if isinstance(content, list) else content, now)
        for field in self._preset.reasoning_text_path:
            if thought := message.get(field):
                self.thought(thought, now)
                self._thought_in = field
                break
        if self.calls_seen is not None:
            if called := message.get("tool_calls"):
                self._take_calls(items(called), now)
            elif called := message.get("function_call"):  # the older form: one call, without an index
                self._take_calls([{"function": called}], now)
        if refusal := message.get("refusal"):
            self._grow(self._refusals, text(refusal))

    def _take_calls(self, pieces: list[Any], now: float | None) -> None:
        """Pieces of calls. They belong together by their index; where a server says none, or the same for all calls, a
        new one is told by its id, or by a name that comes after whole arguments."""
        calls_seen = self.calls_seen
        assert calls_seen is not None
        for at, piece in enumerate(pieces):
            index, id, function = piece.get("index"), piece.get("id"), mapping(piece.get("function"))
            if function.get("name") or function.get("arguments"):
                self.spoke(now)
            index = index if isinstance(index, int) else at
            number, known = self._called.get(index, (None, None))
            if number is not None and function.get("name"):
                begins = id != known if id and known else calls_seen.is_whole(number)
            else:
                begins = number is None
            if begins or number is None:
                self._called[index] = (calls_seen.begin(function["name"], function.get("arguments")), id)
            else:
                calls_seen.add(number, function.get("arguments"))

    def _take_head(self, event: Mapping[str, object]) -> None:
        """What stands beside the choices; Azure's first event names no model, so the first that does counts."""
        if self._model is None:
            self._model = name(event.get("model"))
        if self._fingerprint is None:
            self._fingerprint = name(event.get("system_fingerprint"))
        groq = inner(event.get("x_groq"))
        if (usage := groq.get("usage")) and self._preset.usage_when != "asked":
            self._usage.add(usage)  # where Groq says it unasked; asked, it says it in the ordinary place
        if usage := event.get("usage"):
            self._usage.add(usage)
        if event.get("usage_breakdown") or groq.get("usage_breakdown"):  # Groq: other models worked, too
            self._show(("usage_breakdown",))
        if not SHOWN_IN_BODY.isdisjoint(event):
            self._show(shown_beside([event]))
        if tier := event.get("service_tier"):
            self._tier = name(tier)

    def _show(self, names: tuple[str, ...]) -> None:
        self._shown = tuple(dict.fromkeys([*self._shown, *names]))

    def _without_thoughts(self, parts: list[Any], now: float | None) -> str:
        """Content as a list of parts (Mistral, Databricks): thinking goes to the reasoning, the text comes back."""
        texts = []
        for part in parts:
            match part["type"]:
                case "text" | "output_text":
                    texts.append(text(part["text"]))
                case "thinking":
                    thinking = part["thinking"]
                    self.thought(thinking if isinstance(thinking, str) else _texts(thinking), now)
                case "reasoning":
                    self.thought(_texts(part.get("summary")) or text(part.get("text")), now)
                case "refusal":
                    self._grow(self._refusals, text(part["refusal"]))
                case _:
                    self._show(shown_beside([part]))
        return "".join(texts)


def _texts(parts: object) -> str:
    return "".join(text(part.get("text")) for part in items(parts))


def _places(logprobs: Mapping[str, object]) -> Iterator[list[tuple[object, object]]]:
    """For each token its alternatives: OpenAI's form, or Together's lists side by side."""
    for token in items(logprobs.get("content")):
        yield [(one["token"], one["logprob"]) for one in token.get("top_logprobs") or (token,)]
    tokens, values = logprobs.get("tokens"), logprobs.get("token_logprobs")
    if isinstance(tokens, list) and isinstance(values, list):
        for token, value in zip(tokens, values, strict=False):
            if value is not None:
                yield [(token, value)]
