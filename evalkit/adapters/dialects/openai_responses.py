"""OpenAI's Responses API on the official SDK; also xAI, whose preset brings another address and key.

    {"model": "m", "input": [{"role": "user", "content": "Capital of France?"}], "stream": true, "store": false}
      -> response.created, response.output_text.delta ..., response.completed with the whole answer and its usage

Nothing is stored at the provider (`store` is false; its own default is true). What the dialect has no field for, `seed`
and `stop`, is reported in `Response.dropped`. A temperature is sent when asked for; a model that refuses one answers
400, which is `Rejected`. Reasoning text comes only when asked for, with `extra: {reasoning: {summary: auto}}`; a field
of `extra` replaces the whole field of that name.

The SDK's own environment variables (OPENAI_BASE_URL, OPENAI_CUSTOM_HEADERS, ...) are not read, except that
OPENAI_ORG_ID and OPENAI_PROJECT_ID go to OpenAI's own hosts, where they choose who pays.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlsplit

from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.billed_beside import billed_beside, shown_beside
from evalkit.adapters.chat_usage import believed
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, own_field_complaints
from evalkit.adapters.http_errors import Declined, Where, error_from_event
from evalkit.adapters.keys import api_key
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import data_url, parts
from evalkit.adapters.presets import SETTINGS, Preset, filled, options_of, with_reported_cost
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import (
    MAX_JSON_NODES,
    count,
    inner,
    items,
    joined,
    mapping,
    n_values,
    name,
    raw_usage,
    text,
    text_limit,
    too_long,
)
from evalkit.adapters.sdk_transport import sdk_client, sdk_timeout
from evalkit.adapters.sdk_wire import ByteStream, SdkWire, hidden_environment, sendable_key
from evalkit.adapters.stated_cost import stated_cost
from evalkit.adapters.streamed_calls import StreamedCalls
from evalkit.adapters.tool_calls import MAX_CALLS, offered
from evalkit.adapters.turns import LinkedTurn, carried, linked, to_carry
from evalkit.errors import RequestError, ServerError
from evalkit.facts.base import Json
from evalkit.records import Image, Request, Response, StopReason, Timing, Tool, Usage

OPENAI_HOSTS = ("api.openai.com", ".api.openai.com")
OPENAI = Preset(
    name="openai",
    about="OpenAI's own models.",
    source="openai 3.51.0, types of responses.create; 2026-11-20",
    dialect="responses",
    base_url="https://api.openai.com/v1",
    key_env=("OPENAI_API_KEY",),
    key_hosts=OPENAI_HOSTS,
    supports=frozenset({"temperature", "top_p", "json_schema", "top_logprobs", "reasoning_effort"}),
    price_provider="openai",
)
_REASONING_DELTAS = {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
_LAST_EVENTS = {"response.completed", "response.incomplete", "response.failed"}
_NOT_ENDED = frozenset({"cancelled", "in_progress", "queued"})
_INCOMPLETE: Mapping[str, StopReason] = {"max_output_tokens": "length", "content_filter": "content_filter"}


class ResponsesOptions(AdapterOptions):
    """What a suite may say of a server of this dialect."""

    reported_cost: bool | None = None
    """true where `usage.cost` is what a request cost in USD, as gateways say it."""


Options = ResponsesOptions


def make(spec: ModelSpec, preset: Preset | None = None) -> DialectAdapter:
    """The adapter of one model. `preset` gives the address, keys and abilities of another provider of this dialect.

    Raises MissingKey, or SuiteError for an address that may not get the key and for unknown options.
    """
    preset = OPENAI if preset is None else preset
    told = read_options(options_of(ResponsesOptions, preset), spec, own_field_complaints(spec, Responses.own_fields))
    preset = filled(with_reported_cost(preset, told.reported_cost), spec)
    key = api_key(preset.key_env, preset.base_url or "", preset.key_hosts, spec, required=preset.key_required)
    wire = _wire(spec, preset, key)
    dialect = Responses(spec.model, preset)
    place = wire.host + wire.path + dialect.path
    return DialectAdapter(spec, dialect, wire, price_provider=preset.price_provider, place=place)


def _wire(spec: ModelSpec, preset: Preset, key: str | None) -> SdkWire:
    """The official SDK's client for this address."""
    import openai

    url = preset.base_url or ""
    host = (urlsplit(url).hostname or "").lower()
    at_home = host == OPENAI_HOSTS[0] or host.endswith(OPENAI_HOSTS[1])
    organization, project = os.environ.get("OPENAI_ORG_ID"), os.environ.get("OPENAI_PROJECT_ID")
    with hidden_environment("OPENAI_"):
        client = openai.AsyncOpenAI(
            api_key=sendable_key(key, preset.key_env, spec),
            organization=organization if at_home else None,
            project=project if at_home else None,
            base_url=url,
            timeout=sdk_timeout(spec.idle_timeout_s),
            max_retries=0,
            http_client=sdk_client(url),
        )
    responses = client.responses.with_streaming_response

    def send(body: Mapping[str, object]) -> AbstractAsyncContextManager[ByteStream]:
        # As extra_body, which the SDK sends as it is: walking typed arguments through its unions takes 0.4 ms.
        return responses.create(stream=True, extra_body=body)

    return SdkWire(openai, client, send, spec, url, preset.key_env, key)


class Responses(ApiDialect):
    """What the Responses API says."""

    name = "responses"
    title = "the Responses API"
    own_fields = frozenset({"model", "input", "stream", "store"})
    path = "/responses"

    def __init__(self, model: str, preset: Preset) -> None:
        self._model = model
        self._cost_path = preset.cost_path
        self._pads_streams = preset.name == OPENAI.name
        settings = {name: name in preset.supports for name in SETTINGS}
        self.capabilities = Capabilities(**settings, tools=preset.tools, tool_results=preset.tools, images=True)

    def body(self, request: Request) -> dict[str, object]:
        """The request as JSON, without `stream`, which the SDK adds."""
        left_out = self.left_out(request.settings)
        settings = {
            name: value
            for name in ("max_output_tokens", "temperature", "top_p", "top_logprobs", "reasoning_effort", "json_schema")
            if (value := getattr(request.settings, name)) is not None and name not in left_out
        }
        made: dict[str, object] = {
            "model": self._model,
            "input": [item for turn in linked(request.messages, request.tools) for item in _input(turn)],
            "store": False,
        }
        if request.tools:
            # Left unsaid, `strict` is true here: every argument would become a required one.
            tools = offered(request.tools, schema_as="parameters")
            made["tools"] = [{"type": "function", "strict": False, **tool} for tool in tools]
        if self._pads_streams:  # padding against traffic analysis: bytes on the wire, nothing in the answer
            made["stream_options"] = {"include_obfuscation": False}
        if (effort := settings.pop("reasoning_effort", None)) is not None:
            made["reasoning"] = {"effort": effort}
        if (schema := settings.pop("json_schema", None)) is not None:
            made["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": dict(schema), "strict": True}}
        if "top_logprobs" in settings:
            made["include"] = ["message.output_text.logprobs"]
        return merged(made | settings, request.settings.extra)

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return ResponsesAnswer(where, path, request.tools, self._cost_path)


class ResponsesAnswer(ReplyReading):
    """A streamed response; its last event repeats the whole answer, and that is what counts."""

    __slots__ = ("_asides", "_begun", "_cost_path", "_done_items", "_final", "_n_kept", "_path", "_where")

    def __init__(self, where: Where, path: str, tools: tuple[Tool, ...], cost_path: str | None = None) -> None:
        super().__init__(tools)
        self._cost_path = cost_path
        self._where = where
        self._path = path
        self._final: Mapping[str, object] = {}
        self._done_items: list[Any] = []
        self._n_kept = 0
        self._asides: set[Any] = set()
        """Numbers of the messages that are commentary, not the answer."""
        self._begun = StreamedCalls()

    @property
    def is_whole(self) -> bool:
        return self.done

    def take(self, event: dict[str, object], now: float | None) -> None:
        kind = event.get("type")
        if kind == "response.output_text.delta":
            if event.get("output_index") in self._asides:
                self.thought_later(event["delta"], now)
            else:
                self.content(event["delta"], now)
        elif kind == "response.function_call_arguments.delta" and event["delta"]:
            self._take_call(event.get("output_index"), None, event["delta"], now)
        elif kind in _REASONING_DELTAS:
            self.thought(event["delta"], now)
        elif kind == "response.output_item.added":
            begun = mapping(event.get("item"))
            if begun.get("type") == "function_call" and begun.get("name"):  # what a model writes first of its call
                self._take_call(event.get("output_index"), text(begun["name"]), None, now)
            elif len(self._asides) < MAX_CALLS and _is_aside(begun):
                self._asides.add(event.get("output_index"))
        elif kind == "response.output_item.done":
            item = event.get("item")
            self._n_kept += n_values(item, MAX_JSON_NODES)
            if self._n_kept > MAX_JSON_NODES:
                raise ValueError(f"more than {MAX_JSON_NODES:,} values in its items")
            if len(self._done_items) < MAX_CALLS:
                self._done_items.append(item)
        elif kind in _LAST_EVENTS:
            self._take_final(mapping(event["response"]))

    def reopens(self, event: Mapping[str, object]) -> bool:
        if event.get("type") != "response.created":  # gateways that run tools send several responses; the last counts
            return False
        self.done = False
        self.restart()
        self._begun.forget()
        self._asides.clear()
        self._done_items.clear()
        self._n_kept = 0
        return True

    def take_whole(self, body: dict[str, object]) -> None:
        """The response object as a body of its own, which may be one that was given up, or has not ended."""
        status = name(body.get("status"))
        if status in _NOT_ENDED:
            raise ServerError(f"{self._where.host}{self._path}: the answer broke off (status {status})")
        self._take_final(body)

    def _take_call(self, at: object, name: str | None, piece: object, now: float | None) -> None:
        """A call begins, or goes on. Where no functions were offered there is none."""
        if self.calls_seen is None:
            return
        self.spoke(now)
        pieces = self._begun.take(at, name)
        if piece is not None:
            self._grow(pieces, text(piece))

    def streamed_calls(self, made: Response) -> bool:
        return self._begun.begin_those([item for item in self._output() if item["type"] == "function_call"])

    def _output(self) -> list[Mapping[str, Any]]:
        """The items of the answer."""
        return [mapping(item) for item in items(self._final.get("output")) or self._done_items]

    def _take_final(self, response: Mapping[str, object]) -> None:
        self._final = response
        if self._final["status"] == "failed":
            raise self._failed(self._final.get("error") or {})
        self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        """The whole answer. Raises KeyError, TypeError, AttributeError or ValueError where it is not of the dialect."""
        final = self._final
        output = self._output()
        messages = [item for item in output if item["type"] == "message"]
        answers = [item for item in messages if not _is_aside(item)]
        parts = [mapping(part) for item in answers or messages for part in items(item.get("content"))]
        asides = [
            text(mapping(part).get("text"))
            for item in messages
            if answers and _is_aside(item)
            for part in items(item.get("content"))
        ]
        texts = [part for part in parts if part["type"] == "output_text"]
        if (calls_seen := self.calls_seen) is not None:
            calls_seen.forget()
            for item in output:
                if item["type"] == "function_call":
                    calls_seen.begin(item["name"], item["arguments"])
        refusal = joined([" ".join(text(part["refusal"]) for part in parts if part["type"] == "refusal")]) or None
        stop_reason, why = self._stop_reason(
            refusal,
            calls_tool=any("call" in str(one.get("type")) for one in output if not parts or calls_seen is not None),
        )
        usage, tier, used = final.get("usage"), name(final.get("service_tier")), None
        if isinstance(usage, dict):
            used = read_usage(usage, tier, shown_beside([*output, *parts]), self._cost_path)
        said = self._checked([text(part["text"]) for part in texts]) or self.said
        reasoned = self._checked([self.reasoned or _reasoning(output), *asides]) or None
        calls = None if calls_seen is None else calls_seen.calls()
        self.logprobs = None
        self.alternatives(_places(texts))
        return Response(
            text=said,
            stop_reason=stop_reason,
            timing=timing,
            reasoning=reasoned,
            served_model=name(final.get("model")),
            fingerprint=name(final.get("system_fingerprint")),
            usage=believed(used, has_output=bool(said or reasoned or calls)),
            raw_usage=raw_usage(usage),
            refusal=why,
            calls=calls,
            top_logprobs=tuple(self.logprobs or ()) or None,
            dropped=left_out,
            carried=_encrypted(output) if calls else None,
        )

    def _failed(self, told: object) -> RequestError | Declined:
        """What a failed response means; the code of a policy stands before its words."""
        error = error_from_event({"error": told}, self._path, self._where)
        if isinstance(error, Declined) and (code := name(inner(told).get("code"))):
            return Declined(f"{self._where.clean(code)}: {error.words}")
        return error

    def _checked(self, pieces: list[str]) -> str:
        """The pieces as one text within the limit."""
        if sum(map(len, pieces)) > text_limit():
            raise too_long(text_limit())
        return joined(pieces)

    def _stop_reason(self, refusal: str | None, *, calls_tool: bool) -> tuple[StopReason, str | None]:
        """(stop reason, the provider's words or category where it declined)."""
        if self._final.get("status") == "incomplete":
            reason = name(inner(self._final.get("incomplete_details")).get("reason")) or ""
            stopped = _INCOMPLETE.get(reason, "other")
            return stopped, reason if stopped == "content_filter" else None
        if refusal is not None:
            return "refusal", refusal
        return "tool_use" if calls_tool else "stop", None


def read_usage(
    usage: Mapping[str, object], service_tier: str | None, shown: tuple[str, ...] = (), cost_path: str | None = None
) -> Usage:
    """Billed tokens: cached and written ones are parts of the input, reasoning is a part of the output.

    `shown`: what the answer itself shows to be billed beside them. `cost_path`: where the cost in USD stands, if
    somebody has said so."""
    given, made = inner(usage.get("input_tokens_details")), inner(usage.get("output_tokens_details"))
    return Usage(
        input=count(usage.get("input_tokens")),
        cache_read=count(given.get("cached_tokens")),
        cache_write_other=count(given.get("cache_write_tokens", usage.get("cache_creation_input_tokens"))),
        output=count(usage.get("output_tokens")),
        reasoning=count(made.get("reasoning_tokens")),
        provider_cost_usd=stated_cost(usage, cost_path),
        service_tier=service_tier,
        beside=(*billed_beside(usage), *shown),
    )


def _input(turn: LinkedTurn) -> Iterator[dict[str, Json]]:
    """The items of one turn; those of an answer that made calls with the encrypted reasoning that came before them."""
    message = turn.message
    if message.role == "tool":
        call_id = turn.answers.id if turn.answers is not None else ""
        yield {"type": "function_call_output", "call_id": call_id, "output": message.text}
        return
    if turn.calls and isinstance(back := carried(message), list):
        yield from (item for item in back if isinstance(item, dict))
    if message.content or not turn.calls:
        said: Json = [*parts(message.content, _words, _picture)] if message.images else message.text
        yield {"role": message.role, "content": said}
    for call in turn.calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _words(said: str) -> dict[str, Json]:
    return {"type": "input_text", "text": said}


def _picture(image: Image) -> dict[str, Json]:
    return {"type": "input_image", "detail": "auto", "image_url": data_url(image)}


def _encrypted(output: Iterable[Mapping[str, object]]) -> str | None:
    """Reasoning that OpenAI wants back, where `extra: {include: [reasoning.encrypted_content]}` asked for it."""
    found = [
        {"type": "reasoning", "summary": [], "encrypted_content": secret}
        for item in output
        if item.get("type") == "reasoning" and isinstance(secret := item.get("encrypted_content"), str)
    ]
    return to_carry(found) if found else None


def _is_aside(item: Mapping[str, object]) -> bool:
    """Whether a message is what the model says while it works, and no part of its answer."""
    return item.get("phase") == "commentary"


def _reasoning(output: Iterable[Mapping[str, Any]]) -> str:
    """Reasoning that came only in the last event."""
    thoughts = (item for item in output if item.get("type") == "reasoning")
    return "".join(
        text(part.get("text")) for item in thoughts for part in item.get("summary") or items(item.get("content"))
    )


def _places(texts: Iterable[Mapping[str, object]]) -> Iterator[list[tuple[object, object]]]:
    """For each token of the answer its alternatives and their log-probabilities."""
    for part in texts:
        for token in items(part.get("logprobs")):
            yield [(one["token"], one["logprob"]) for one in items(token.get("top_logprobs"))]
