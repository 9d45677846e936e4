"""Amazon Bedrock's Converse API: every model of Bedrock in one dialect, Claude and Nova among them.

    POST https://bedrock-runtime.{region}.amazonaws.com/model/{model}/converse-stream
    {"messages": [{"role": "user", "content": [{"text": "..."}]}], "inferenceConfig": {"maxTokens": 64}}
    messageStart {"role":"assistant"} · contentBlockDelta {"delta":{"text":"Par"},"contentBlockIndex":0}
    messageStop {"stopReason":"end_turn"} · metadata {"usage":{"inputTokens":3,"outputTokens":1,"totalTokens":4}}

The stream is of AWS's binary frames (`framing`). Cached input and cache writes stand outside `inputTokens`: the total
is the sum. Converse says nowhere which model answered, but for a prompt router. Further fields of a model go into
`settings.extra.additionalModelRequestFields`; `extra.inferenceConfig` is merged into ours.

A Bedrock API key (AWS_BEARER_TOKEN_BEDROCK) is used where it is set; else requests are signed with the credentials in
the environment (`aws_signing`). Looked up 2026-11-28, not called: docs.aws.amazon.com/bedrock/latest/APIReference
(API_runtime_ConverseStream, API_runtime_TokenUsage), the userguide's prompt-caching and api-keys pages, and the service
model of botocore 1.44.8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from evalkit.adapters.assembly import joined_up, wire_of
from evalkit.adapters.aws_signing import CREDENTIALS, signer
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.billed_beside import billed_beside
from evalkit.adapters.chat_usage import UsageSoFar, believed
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import base64_of, parts
from evalkit.adapters.presets import Preset, filled, options_of
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import count, inner, items, joined, mapping, name, raw_usage, text
from evalkit.adapters.tool_calls import MAX_CALLS, offered
from evalkit.adapters.turns import LinkedTurn, carried, linked, split_system, to_carry
from evalkit.errors import MissingKey, SuiteError
from evalkit.facts.base import Json
from evalkit.records import Image, Request, Response, StopReason, Timing, Tool, Usage

BEDROCK = Preset(
    name="bedrock-converse",
    about="Amazon Bedrock's Converse API, all of its models; needs `region`.",
    source="docs.aws.amazon.com/bedrock (Converse API), botocore 1.44.8; looked up 2026-11-28; not called.",
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    key_env=("AWS_BEARER_TOKEN_BEDROCK",),
    key_hosts=("bedrock-runtime.{region}.amazonaws.com",),
    price_provider="aws",
)
_HOST = re.compile(r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com")
"""Hosts of Bedrock itself, with their region."""
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,2047}")
"""A model's id, an inference profile's, or an ARN of either; it becomes part of the path."""
_STOPS: Mapping[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_use",
    "malformed_tool_use": "tool_use",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "refusal": "refusal",
}
"""Others (`malformed_model_output`, and what is yet to come) are `other`."""


class BedrockOptions(AdapterOptions):
    """Bedrock's Converse API has no options beside `region`."""


Options = options_of(BedrockOptions, BEDROCK)


def make(spec: ModelSpec, preset: Preset | None = None) -> DialectAdapter:
    """An adapter for one model. Raises SuiteError, MissingKey, MissingPackage."""
    preset = preset or BEDROCK
    read_options(options_of(BedrockOptions, preset), spec)
    if not _MODEL.fullmatch(spec.model):
        raise SuiteError(
            f"models.{spec.name}.model is {spec.model!r}; Bedrock's ids look like us.anthropic.claude-sonnet-4-6, or "
            f"are the ARN of an inference profile."
        )
    place = filled(preset, spec)
    host = (urlsplit(place.base_url or "").hostname or "").lower()
    region = place.region
    if found := _HOST.fullmatch(host):
        place, region = replace(place, key_hosts=(host,)), found[1]
    dialect = Converse(spec)
    try:
        wire = wire_of(spec, place, dialect.path, signer=signer(spec, place, region))
    except MissingKey as error:
        raise MissingKey(
            f"{str(error).rstrip('.')}. AWS credentials serve too: export {' and '.join(CREDENTIALS)}."
        ) from error
    return joined_up(spec, place, dialect, wire)


class Converse(ApiDialect):
    """What the Converse API says."""

    name = "bedrock_converse"
    title = "Bedrock's Converse API"
    own_fields = frozenset({"messages", "system", "modelId", "toolConfig"})
    capabilities = Capabilities(json_schema=True, reasoning_effort=True, tools=True, tool_results=True, images=True)
    """A model that lacks one of them answers 400, which is a Rejected with its words."""

    def __init__(self, spec: ModelSpec) -> None:
        self._name = spec.name
        self.path = f"/model/{quote(spec.model, safe='')}/converse-stream"

    def body(self, request: Request) -> dict[str, Any]:
        settings = request.settings
        system, turns = split_system(request.messages, self._name, self.title)
        messages: list[dict[str, Any]] = []
        for turn in linked(turns, request.tools):
            role = "assistant" if turn.message.role == "assistant" else "user"
            if messages and messages[-1]["role"] == role:  # turns have to alternate
                messages[-1]["content"] += _blocks(turn)
            else:
                messages.append({"role": role, "content": _blocks(turn)})
        body: dict[str, object] = {"messages": messages}
        if system:
            body["system"] = [{"text": system}]
        asked = {
            "maxTokens": settings.max_output_tokens,
            "temperature": settings.temperature,
            "topP": settings.top_p,
            "stopSequences": list(settings.stop) or None,
        }
        if told := without_none(asked):
            body["inferenceConfig"] = told
        if request.tools:
            body["toolConfig"] = {"tools": [{"toolSpec": _specified(one)} for one in _functions(request.tools)]}
        output: dict[str, Any] = {}
        if settings.json_schema is not None:
            schema = {"name": "answer", "schema": orjson.dumps(dict(settings.json_schema)).decode()}
            output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
        if settings.reasoning_effort is not None:
            output["effort"] = settings.reasoning_effort
        if output:
            body["outputConfig"] = output
        return merged(body, settings.extra, "inferenceConfig", "outputConfig")

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return ConverseAnswer(request.tools)


class ConverseAnswer(ReplyReading):
    """Reads one answer, streamed or whole."""

    __slots__ = ("_called", "_finish", "_model", "_ran", "_signed", "_tier", "_usage")
    framing = "frames"
    marks = frozenset(
        {
            *("messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"),
            *("output", "type"),
        }
    )

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._called: dict[Any, int] = {}
        """Index of a block -> number of its call."""
        self._signed: dict[Any, tuple[list[str], list[str]]] = {}
        """By index of a block: the pieces of a signed thought, and of its signature."""
        self._finish: str | None = None
        self._usage = UsageSoFar()
        self._model: str | None = None
        self._tier: str | None = None
        self._ran: dict[str, None] = {}
        """What worked for the answer and is billed apart: guardrails, tools that Bedrock runs itself."""

    @property
    def is_whole(self) -> bool:
        return self._finish is not None

    def take(self, event: dict[str, Any], now: float | None) -> None:
        if (delta := event.get("contentBlockDelta")) is not None:
            self._take_delta(delta.get("contentBlockIndex"), mapping(delta["delta"]), now)
        elif (begun := event.get("contentBlockStart")) is not None:
            self._begin(begun.get("contentBlockIndex"), mapping(mapping(begun["start"]).get("toolUse")), now)
        elif (stopped := event.get("messageStop")) is not None:
            self._finish = text(stopped["stopReason"])
        elif (metadata := event.get("metadata")) is not None:
            self._note(mapping(metadata))
            self.done = self._finish is not None

    def take_whole(self, body: dict[str, object]) -> None:
        """An answer of `converse`, which does not stream."""
        for at, block in enumerate(items(mapping(mapping(body["output"])["message"]).get("content"))):
            self._begin(at, mapping(block.get("toolUse")), None)
            reasoning = mapping(mapping(block.get("reasoningContent")).get("reasoningText"))
            self._sign(at, reasoning)
            cited = items(mapping(block.get("citationsContent")).get("content"))
            self.thought(reasoning.get("text"), None)
            for said in (block, *cited):
                self.content(said.get("text"), None)
        self._finish = text(body["stopReason"])
        self._note(body)
        self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        calls = None if self.calls_seen is None else self.calls_seen.calls()
        stop = _STOPS.get(self._finish or "", "other")
        usage = self._usage.last
        return Response(
            text=self.said,
            stop_reason=stop,
            timing=timing,
            reasoning=self.reasoned,
            served_model=self._model,
            usage=believed(
                None if usage is None else read_usage(usage, self._tier, tuple(self._ran)),
                has_output=bool(self.pieces or self.thoughts or calls),
            ),
            raw_usage=raw_usage(usage),
            refusal=self._finish if stop in {"content_filter", "refusal"} else None,
            calls=calls,
            dropped=left_out,
            carried=self._signed_thoughts() if calls else None,
        )

    def _sign(self, index: object, thought: Mapping[str, object]) -> None:
        """A piece of a thought, or of what proves that it is the model's."""
        if self.calls_seen is None or not thought or len(self._signed) >= MAX_CALLS:
            return
        pieces, signature = self._signed.setdefault(index, ([], []))
        pieces.append(text(thought.get("text")))
        self._grow(signature, text(thought.get("signature")))

    def _signed_thoughts(self) -> str | None:
        """The thoughts as they go back; None for none that is signed."""
        found = [
            {"reasoningContent": {"reasoningText": {"text": joined(pieces), "signature": joined(signature)}}}
            for pieces, signature in self._signed.values()
            if any(signature)
        ]
        return to_carry(found) if found else None

    def _take_delta(self, index: object, delta: Mapping[str, object], now: float | None) -> None:
        self.content(delta.get("text"), now)
        self.thought(mapping(delta.get("reasoningContent")).get("text"), now)
        self._sign(index, mapping(delta.get("reasoningContent")))
        if (piece := delta.get("toolUse")) is not None and self.calls_seen is not None and index in self._called:
            if given := mapping(piece)["input"]:  # the first one may be empty
                self.spoke(now)
            self.calls_seen.add(self._called[index], given)

    def _begin(self, index: object, call: Mapping[str, object], now: float | None) -> None:
        """A block begins; one that is a call of an offered function, and not of a tool that Bedrock runs itself."""
        if call and call.get("type") is not None and len(self._ran) < MAX_CALLS:
            self._ran[name(call.get("name")) or "systemTool"] = None
        elif call and self.calls_seen is not None:
            self.spoke(now)
            self._called[index] = self.calls_seen.begin(call["name"], call.get("input"))

    def _note(self, said: Mapping[str, object]) -> None:
        """What stands beside the answer."""
        if usage := said.get("usage"):
            self._usage.add(usage)
        routed = inner(inner(said.get("trace")).get("promptRouter"))
        self._model = name(routed.get("invokedModelId")) or self._model
        if inner(said.get("trace")).get("guardrail"):  # an account may have guardrails that no request names
            self._ran["guardrail"] = None
        if inner(said.get("performanceConfig")).get("latency") == "optimized":
            self._tier = "optimized"  # has prices of its own, whatever the tier says
        self._tier = self._tier or name(inner(said.get("serviceTier")).get("type"))


def read_usage(usage: Mapping[str, object], service_tier: str | None = None, ran: tuple[str, ...] = ()) -> Usage:
    """Billed tokens: what was read from a cache or written to one is reported beside `inputTokens`. `ran`: what worked
    for the answer and is billed apart."""
    fresh, read = count(usage.get("inputTokens")), count(usage.get("cacheReadInputTokens"))
    written = count(usage.get("cacheWriteInputTokens"))
    lifetimes: dict[Any, int] = {}
    for one in items(usage.get("cacheDetails")) if isinstance(usage.get("cacheDetails"), list) else ():
        if (n := count(inner(one).get("inputTokens"))) is not None:
            lifetimes[str(one.get("ttl"))] = lifetimes.get(str(one.get("ttl")), 0) + n
    short, long = lifetimes.get("5m"), lifetimes.get("1h")
    if lifetimes:  # the details may say more than the sum: then they count
        written = max(written or 0, sum(lifetimes.values()))
    unsaid = (written or 0) - (short or 0) - (long or 0)
    return Usage(
        input=None if fresh is None else fresh + (read or 0) + (written or 0),
        cache_read=read,
        cache_write_5m=short,
        cache_write_1h=long,
        cache_write_other=unsaid if unsaid > 0 or (written is not None and not lifetimes) else None,
        output=count(usage.get("outputTokens")),
        service_tier=service_tier,
        beside=(*billed_beside(usage), *ran),
    )


def _blocks(turn: LinkedTurn) -> list[dict[str, Json]]:
    """The blocks of one turn; what calls returned is the user's."""
    message = turn.message
    if message.role == "tool":
        call_id = turn.answers.id if turn.answers is not None else ""
        status = "error" if message.failed else "success"
        return [{"toolResult": {"toolUseId": call_id, "content": [{"text": message.text}], "status": status}}]
    if not turn.calls:
        return parts(message.content, _words, _picture)
    back = carried(message)
    made: list[dict[str, Json]] = [one for one in back if isinstance(one, dict)] if isinstance(back, list) else []
    made += [{"text": message.text}] if message.text.strip() else []
    made += [{"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.input}} for call in turn.calls]
    return made


def _words(said: str) -> dict[str, Json]:
    return {"text": said}


def _picture(image: Image) -> dict[str, Json]:
    return {"image": {"format": image.media_type.removeprefix("image/"), "source": {"bytes": base64_of(image)}}}


def _functions(tools: tuple[Tool, ...]) -> list[dict[str, object]]:
    return offered(tools, schema_as="inputSchema")


def _specified(function: dict[str, object]) -> dict[str, object]:
    """A function as the API has it: its schema is wrapped, and an empty description is refused."""
    made = {**function, "inputSchema": {"json": function["inputSchema"]}}
    return made if made["description"] else {key: value for key, value in made.items() if key != "description"}
