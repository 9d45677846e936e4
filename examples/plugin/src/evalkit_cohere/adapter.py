"""Cohere's Chat API, version 2.

    POST {base_url}/v2/chat {"model": ..., "messages": [...], "stream": true}
    data: {"type":"message-start","id":"...","delta":{"message":{"role":"assistant"}}}
    data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Par"}}}}
    data: {"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"billed_units":{"input_tokens":3,...}}}}

Source: docs.cohere.com/reference/chat-stream and its OpenAPI description, looked up 2026-11-28; not called. What is
billed is `billed_units`; `tokens` also counts what Cohere adds to a prompt. Reasoning is billed as output and not
counted apart. What the API has no field for (reasoning_effort, top_logprobs) is no capability of the adapter; the
`thinking` field can stand in settings.extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from evalkit.adapters.assembly import assemble
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.presets import Preset
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import count, inner, items, mapping, raw_usage, text
from evalkit.adapters.tool_calls import offered
from evalkit.errors import ServerError
from evalkit.records import Request, Response, StopReason, Timing, Tool, Usage

COHERE = Preset(
    name="cohere",
    about="Cohere's own models.",
    source="docs.cohere.com/reference/chat-stream; 2026-11-28; not called.",
    base_url="https://api.cohere.com",
    key_env=("CO_API_KEY",),
    key_hosts=("api.cohere.com", "api.cohere.ai"),
    price_provider="cohere",
)
_STOPS: Mapping[str, StopReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_use",
}
_FAILED = frozenset({"ERROR", "TIMEOUT"})


class Options(AdapterOptions):
    """What a suite may say of a Cohere model."""

    safety_mode: Literal["CONTEXTUAL", "STRICT", "OFF"] | None = None
    """How strictly Cohere filters. None: its own default."""


def make(spec: ModelSpec) -> DialectAdapter:
    """An adapter for one model. Raises SuiteError, MissingKey."""
    return assemble(spec, COHERE, Cohere(spec.model, read_options(Options, spec)))


class Cohere(ApiDialect):
    """What Cohere's chat API says."""

    name = "cohere_v2"
    title = "Cohere"
    own_fields = frozenset({"model", "messages", "stream", "tools"})
    path = "/v2/chat"
    capabilities = Capabilities(seed=True, json_schema=True, tools=True)

    def __init__(self, model: str, options: Options) -> None:
        self._model = model
        self._options = options

    def body(self, request: Request) -> dict[str, Any]:
        settings = request.settings
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": message.role, "content": message.text} for message in request.messages],
            "stream": True,
        }
        body |= without_none(
            {
                "max_tokens": settings.max_output_tokens,
                "temperature": settings.temperature,
                "p": settings.top_p,
                "seed": settings.seed,
                "stop_sequences": list(settings.stop) or None,
                "safety_mode": self._options.safety_mode,
            }
        )
        if settings.json_schema is not None:
            body["response_format"] = {"type": "json_object", "json_schema": dict(settings.json_schema)}
        if request.tools:
            functions = offered(request.tools, schema_as="parameters")
            body["tools"] = [{"type": "function", "function": function} for function in functions]
        return merged(body, settings.extra)

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return CohereAnswer(request.tools)


class CohereAnswer(ReplyReading):
    """Reads one answer, streamed or whole."""

    __slots__ = ("_call", "_finish", "_usage")

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._finish: str | None = None
        self._usage: Mapping[str, Any] | None = None
        self._call: int | None = None
        """The call whose arguments are coming."""

    @property
    def is_whole(self) -> bool:
        return self._finish is not None

    def take(self, event: dict[str, Any], now: float | None) -> None:
        delta = mapping(event.get("delta"))
        message = mapping(delta.get("message"))
        match event["type"]:
            case "content-start" | "content-delta":
                self._take_content(mapping(message.get("content")), now)
            case "tool-call-start":
                self._take_call(mapping(message["tool_calls"]), now)
            case "tool-call-delta" if self.calls_seen is not None and self._call is not None:
                function = mapping(mapping(message["tool_calls"]).get("function"))
                self.calls_seen.add(self._call, function.get("arguments"))
            case "message-end":
                self._end(text(delta["finish_reason"]), delta)

    def take_whole(self, body: dict[str, Any]) -> None:
        message = mapping(body["message"])
        for part in items(message.get("content")):
            self._take_content(mapping(part), None)
        for call in items(message.get("tool_calls")):
            self._take_call(mapping(call), None)
        self._end(text(body["finish_reason"]), body)

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        calls = None if self.calls_seen is None else self.calls_seen.calls()
        return Response(
            text=self.said,
            stop_reason=_STOPS.get(self._finish or "", "other"),
            timing=timing,
            reasoning=self.reasoned,
            usage=None if self._usage is None else usage_of(self._usage),
            raw_usage=raw_usage(self._usage),
            calls=calls,
            dropped=left_out,
        )

    def _take_content(self, content: Mapping[str, Any], now: float | None) -> None:
        self.thought(content.get("thinking"), now)
        self.content(content.get("text"), now)

    def _take_call(self, call: Mapping[str, Any], now: float | None) -> None:
        function = mapping(call["function"])
        if self.calls_seen is not None:
            self._call = self.calls_seen.begin(function["name"], function.get("arguments"))
            self.spoke(now)

    def _end(self, finish: str, said: Mapping[str, Any]) -> None:
        if finish in _FAILED:
            raise ServerError(
                f"Cohere ended the answer with {finish}: {str(said.get('error') or 'no reason given')[:300]}"
            )
        self._finish = finish
        usage = said.get("usage")
        self._usage = usage if isinstance(usage, dict) else None
        self.done = True


def usage_of(raw: Mapping[str, Any]) -> Usage:
    """What is billed; None for what the reply leaves out. Cached tokens are known only as a part of the prompt."""
    billed = inner(raw.get("billed_units"))
    n_input, cached = count(billed.get("input_tokens")), count(raw.get("cached_tokens"))
    return Usage(
        input=n_input,
        cache_read=cached if n_input is not None and cached is not None and cached <= n_input else None,
        output=count(billed.get("output_tokens")),
    )
