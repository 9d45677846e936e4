"""Anthropic's Messages API on the official SDK.

    {"model": "m", "max_tokens": 16000, "messages": [{"role": "user", "content": "Capital of France?"}], "stream": true}
      -> message_start, content_block_delta ..., message_delta with stop_reason and usage, message_stop

The API demands `max_tokens`; where the suite gives none, `DEFAULT_MAX_TOKENS` is sent and recorded among the endpoint's
facts. It has no seed and no log-probabilities, and since version 2026-10-21 no temperature and no top_p: these are
reported in `Response.dropped`. `legacy_sampling: true` sends the two with the old version header, for the older models
that still take them; others answer 400. System messages become `system`, joined by an empty line: the API knows no
place for one in the middle of a conversation, so such a request is refused here.

The SDK's own environment variables (base address, tokens, profiles, headers) are not read, only ANTHROPIC_API_KEY.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

from evalkit.adapters.assembly import without_end
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.billed_beside import billed_beside
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, own_field_complaints, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.keys import api_key
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import base64_of, parts, text_block
from evalkit.adapters.presets import Preset, filled
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import bill, count, inner, items, joined, mapping, name, text
from evalkit.adapters.sdk_transport import sdk_client, sdk_timeout
from evalkit.adapters.sdk_wire import ByteStream, SdkWire, hidden_environment, sendable_key
from evalkit.adapters.tool_calls import MAX_CALLS, offered
from evalkit.adapters.turns import carried, linked, split_system, to_carry
from evalkit.facts.base import Json
from evalkit.records import Image, Message, Request, Response, StopReason, Timing, Tool, Usage

ANTHROPIC = Preset(
    name="anthropic",
    about="Anthropic's own models.",
    source="anthropic 2.10, types of messages.create; 2026-11-20",
    base_url="https://api.anthropic.com",
    key_env=("ANTHROPIC_API_KEY",),
    key_hosts=("api.anthropic.com",),
    price_provider="anthropic",
)
DEFAULT_MAX_TOKENS = 16_000
"""Thinking counts against the limit, so a tight one would cut off answers that other providers give in full; models
that cannot write as much are older than the sampling change."""

_LEGACY_VERSION = "2023-06-01"
"""The API version under which older models still take temperature and top_p."""

_STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
    "tool_use": "tool_use",
}
"""Others (`pause_turn`, and what is yet to come) are `other`."""


class MessagesOptions(AdapterOptions):
    """Options of a model on the Messages API."""

    legacy_sampling: bool | None = None
    """Send temperature and top_p the way that older models take them."""


Options = MessagesOptions


def make(spec: ModelSpec, preset: Preset | None = None) -> DialectAdapter:
    """The adapter of one model. Raises MissingKey, or SuiteError for an address that may not get the key."""
    options = read_options(MessagesOptions, spec, own_field_complaints(spec, Messages.own_fields))
    preset = filled(preset or ANTHROPIC, without_end(spec, "/v1"))  # the SDK adds /v1 itself
    key = api_key(preset.key_env, preset.base_url or "", preset.key_hosts, spec, required=preset.key_required)
    dialect = Messages(spec, legacy_sampling=bool(options.legacy_sampling))
    wire = _wire(spec, preset, key, dialect)
    place = wire.host + wire.path + dialect.path
    return DialectAdapter(spec, dialect, wire, price_provider=preset.price_provider, place=place)


def _wire(spec: ModelSpec, preset: Preset, key: str | None, dialect: Messages) -> SdkWire:
    """The official SDK's client for this address."""
    import anthropic

    url = preset.base_url or ""
    with hidden_environment("ANTHROPIC_"):
        client = anthropic.AsyncAnthropic(
            api_key=sendable_key(key, preset.key_env, spec),
            base_url=url,
            timeout=sdk_timeout(spec.idle_timeout_s),
            max_retries=0,
            open_telemetry=False,
            http_client=sdk_client(url),
        )
    messages = client.messages.with_streaming_response

    def send(body: Mapping[str, Any]) -> AbstractAsyncContextManager[ByteStream]:
        # The SDK insists on these three; the body, which it sends as it is, replaces them.
        asked = {"model": spec.model, "max_tokens": body["max_tokens"], "messages": []}
        return messages.create(**asked, stream=True, extra_body=body, extra_headers=dialect.headers(body))

    return SdkWire(anthropic, client, send, spec, url, preset.key_env, key)


class Messages(ApiDialect):
    """What the Messages API says."""

    name = "messages"
    title = "the Messages API"
    own_fields = frozenset({"model", "messages", "system", "stream"})
    path = "/v1/messages"

    def __init__(self, spec: ModelSpec, *, legacy_sampling: bool) -> None:
        self._spec = spec
        self._legacy_sampling = legacy_sampling
        self.capabilities = Capabilities(
            temperature=legacy_sampling,
            top_p=legacy_sampling,
            json_schema=True,
            reasoning_effort=True,
            tools=True,
            tool_results=True,
            images=True,
        )

    @property
    def facts(self) -> Mapping[str, str]:
        return {"default_max_tokens": str(DEFAULT_MAX_TOKENS)}

    def body(self, request: Request) -> dict[str, object]:
        """The request as JSON, without `stream`, which the SDK adds."""
        settings = request.settings
        system, turns = split_system(request.messages, self._spec.name, self.title)
        limit = settings.max_output_tokens
        made: dict[str, object] = {
            "model": self._spec.model,
            "max_tokens": DEFAULT_MAX_TOKENS if limit is None else limit,
            "messages": _messages(turns, request.tools),
        }
        if system:
            made["system"] = system
        if request.tools:
            made["tools"] = offered(request.tools, schema_as="input_schema")
        if settings.stop:
            made["stop_sequences"] = list(settings.stop)
        config: dict[str, object] = {}
        if settings.reasoning_effort is not None:
            config["effort"] = settings.reasoning_effort
        if settings.json_schema is not None:
            config["format"] = {"type": "json_schema", "schema": dict(settings.json_schema)}
        if config:
            made["output_config"] = config
        if self._legacy_sampling:
            made |= without_none({"temperature": settings.temperature, "top_p": settings.top_p})
        return merged(made, settings.extra)

    def headers(self, body: Mapping[str, object]) -> dict[str, str]:
        """The headers that go with a body: what is older than the API's present version needs an older one."""
        is_legacy = self._legacy_sampling and not body.keys().isdisjoint({"temperature", "top_p"})
        return {"anthropic-version": _LEGACY_VERSION} if is_legacy else {}

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return AnthropicAnswer(request.tools)


class AnthropicAnswer(ReplyReading):
    """A streamed message: blocks of text, thinking and calls that grow, usage at both ends."""

    __slots__ = ("_called", "_delta", "_message", "_ran", "_signed", "_usage")

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._called: dict[int, int] = {}
        """Index of a block -> number of its call."""
        self._signed: dict[object, SignedThought] = {}
        """By index of a block: thinking that goes back with the calls that follow it."""
        self._message: Mapping[str, object] = {}
        self._delta: dict[str, object] = {}
        self._usage: dict[str, object] = {}
        self._ran: set[str] = set()
        """Tools that the provider ran itself."""

    @property
    def is_whole(self) -> bool:
        return self.done or self._delta.get("stop_reason") is not None

    def take(self, event: dict[str, object], now: float | None) -> None:
        match event.get("type"):
            case "content_block_delta":
                self._take_delta(event, now)
            case "content_block_start":
                self._take_block(event.get("index"), mapping(event["content_block"]), now)
            case "message_start":
                if self._message and not self.done:  # the provider gave its first attempt up and began anew
                    self.restart()
                self.done = False
                self._called.clear()
                self._signed.clear()
                self._delta.clear()
                self._message = mapping(event["message"])
                begun = inner(self._message.get("usage"))
                # The output so far, of a token or eight: where no later event says more, it is unknown.
                self._count({key: value for key, value in begun.items() if key != "output_tokens"})
            case "message_delta":
                delta = mapping(event["delta"])
                self._delta |= {key: delta[key] for key in ("stop_reason", "stop_details") if key in delta}
                self._count(event.get("usage"))
            case "message_stop":
                self.done = True

    def reopens(self, event: Mapping[str, object]) -> bool:
        return event.get("type") == "message_start"  # gateways that run tools send several messages

    def take_whole(self, body: dict[str, object]) -> None:
        """A message that was not streamed."""
        self._message = self._delta = body
        self._count(body.get("usage"))
        for at, block in enumerate(items(body["content"])):
            self._take_block(at, mapping(block), None)
        self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        stop = _STOP_REASONS.get(name(self._delta.get("stop_reason")) or "", "other")
        return self.made(
            stop,
            timing,
            left_out,
            usage=read_usage(self._usage, self._ran) if self._usage else None,
            raw=self._usage,
            model=name(self._message.get("model")),
            refusal=_refusal(self._delta.get("stop_details")) if stop == "refusal" else None,
            carried=_thoughts(self._signed.values()) if self.calls else None,
        )

    def _take_delta(self, event: Mapping[str, object], now: float | None) -> None:
        delta = mapping(event["delta"])
        match delta.get("type"):
            case "text_delta":
                self.content(delta["text"], now)
            case "thinking_delta":
                self.thought(delta["thinking"], now)
                if (thought := self._signed.get(event.get("index"))) is not None:
                    thought.pieces.append(text(delta["thinking"]))
            case "signature_delta" if (thought := self._signed.get(event.get("index"))) is not None:
                self._grow(thought.signature, text(delta["signature"]))
            case "input_json_delta" if self.calls_seen is not None and event["index"] in self._called:
                if delta["partial_json"]:  # the first one is empty
                    self.spoke(now)
                self.calls_seen.add(self._called[event["index"]], delta["partial_json"])

    def _take_block(self, index: Any, block: Mapping[str, object], now: float | None) -> None:
        kept_kinds = {"thinking", "redacted_thinking"} if self.calls_seen is not None else set()
        if block.get("type") in kept_kinds and len(self._signed) < MAX_CALLS:
            kept = self._signed[index] = SignedThought(block["type"] == "redacted_thinking")
            kept.pieces.append(text(block.get("thinking")))
            self._grow(kept.signature, text(block.get("signature") or block.get("data")))
        if block.get("type") not in {"text", "thinking", "tool_use"}:
            if len(self._ran) < MAX_CALLS and (ran := _tool_run(block)) is not None:
                self._ran.add(ran)
            return  # results of the provider's own tools, and what is yet to come
        self.content(block.get("text"), now)
        self.thought(block.get("thinking"), now)
        if block["type"] == "tool_use" and self.calls_seen is not None:
            self.spoke(now)
            # The input stands here as {} and follows in deltas; gateways that do not stream it give it whole.
            self._called[index] = self.calls_seen.begin(block["name"], block.get("input") or None)

    def _count(self, usage: object) -> None:
        """The later report wins field by field: it is cumulative, but may leave out what has not changed, and gateways
        send zeros in its place. A count never falls."""
        later = {}
        for key, value in (bill(usage) or {}).items():
            known = self._usage.get(key)
            if value is None or (value == 0 and known):
                continue
            if isinstance(value, dict) and isinstance(known, dict) and not any(value.values()):
                continue
            later[key] = value
        if later and not later.items() <= self._usage.items():
            self._usage = bill(self._usage | later) or self._usage


@dataclass(slots=True)
class SignedThought:
    """A block of thinking with what proves that it is the model's."""

    redacted: bool
    """Whether it is encrypted: then `signature` is all that there is."""
    pieces: list[str] = field(default_factory=list)
    signature: list[str] = field(default_factory=list)


def _thoughts(found: Iterable[SignedThought]) -> str | None:
    """The blocks as they go back; None for none that is signed."""
    blocks = [
        {"type": "redacted_thinking", "data": joined(one.signature)}
        if one.redacted
        else {"type": "thinking", "thinking": joined(one.pieces), "signature": joined(one.signature)}
        for one in found
        if any(one.signature)
    ]
    return to_carry(blocks) if blocks else None


def _messages(turns: tuple[Message, ...], tools: tuple[Tool, ...]) -> list[dict[str, Json]]:
    """The conversation. What the calls of one answer returned is one message, as the API asks."""
    made: list[dict[str, Json]] = []
    results: list[Json] = []
    for turn in linked(turns, tools):
        message = turn.message
        if message.role == "tool":
            if not results:
                made.append({"role": "user", "content": results})
            call_id = turn.answers.id if turn.answers is not None else ""
            told: dict[str, Json] = {"type": "tool_result", "tool_use_id": call_id, "content": message.text}
            results.append({**told, "is_error": True} if message.failed else told)
            continue
        results = []
        content: Json = [*parts(message.content, text_block, _picture)] if message.images else message.text
        if turn.calls:
            back = carried(message)
            content = [*(back if isinstance(back, list) else ())]
            content += [text_block(message.text)] if message.text.strip() else []
            content += [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input} for c in turn.calls]
        made.append({"role": message.role, "content": content})
    return made


def _picture(image: Image) -> dict[str, Json]:
    source: dict[str, Json] = {"type": "base64", "media_type": image.media_type, "data": base64_of(image)}
    return {"type": "image", "source": source}


_FREE_TOOLS = ("web_fetch", "tool_search", "mcp")


def _tool_run(block: Mapping[str, object]) -> str | None:
    """The tool of Anthropic's own that a block shows at work, as far as it may be billed by the call or the hour."""
    kind = text(block.get("type"))
    ran = text(block.get("name")) if kind == "server_tool_use" else kind.partition("_tool_result")[0]
    known = kind == "server_tool_use" or kind.endswith("_tool_result")
    return name(ran) if known and ran and not ran.startswith(_FREE_TOOLS) else None


def read_usage(usage: Mapping[str, object], ran: AbstractSet[str] = frozenset()) -> Usage:
    """Billed tokens. Cached input and cache writes are reported apart from `input_tokens`: the total is the sum.

    `ran`: tools that Anthropic ran for the answer; searches are no news where the usage counts them."""
    counts_searches = "web_search_requests" in inner(usage.get("server_tool_use"))
    fresh, read = count(usage.get("input_tokens")), count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens"))
    split = inner(usage.get("cache_creation"))
    lifetimes = (count(split.get("ephemeral_5m_input_tokens")), count(split.get("ephemeral_1h_input_tokens")))
    detailed = sum(n or 0 for n in lifetimes)
    if detailed:  # gateways leave the sum out, or give only a part of it
        written = max(written or 0, detailed)
    unsaid = (written or 0) - detailed  # written, but with no lifetime stated
    fast = usage.get("speed") == "fast"  # has prices of its own, whatever the tier says
    return Usage(
        input=None if fresh is None else fresh + (read or 0) + (written or 0),
        cache_read=read,
        cache_write_5m=lifetimes[0],
        cache_write_1h=lifetimes[1],
        cache_write_other=unsaid if unsaid > 0 or (not split and written is not None) else None,
        output=count(usage.get("output_tokens")),
        reasoning=count(inner(usage.get("output_tokens_details")).get("thinking_tokens")),
        service_tier="fast" if fast else name(usage.get("service_tier")),
        beside=(*billed_beside(usage), *sorted(one for one in ran if one != "web_search" or not counts_searches)),
    )


def _refusal(details: object) -> str:
    """The category and the explanation of a refusal, as far as they are given."""
    told = inner(details)
    parts = [value for key in ("category", "explanation") if isinstance(value := told.get(key), str) and value]
    return joined([": ".join(parts)]) or "refusal"
