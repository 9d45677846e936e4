"""Amazon Bedrock's Converse API: every model of Bedrock in one dialect, Claude and Nova among them.

    POST https://bedrock-runtime.{region}.amazonaws.com/model/{model}/converse-stream
    {"messages": [{"role": "user", "content": [{"text": "..."}]}], "inferenceConfig": {"maxTokens": 64}}

What comes back is `converse_answer`. Further fields of a model go into `settings.extra.additionalModelRequestFields`;
`extra.inferenceConfig` is merged into ours.

A Bedrock API key (AWS_BEARER_TOKEN_BEDROCK) is used where it is set; else requests are signed with the credentials in
the environment (`aws_signing`). Looked up 2026-11-28, not called: docs.aws.amazon.com/bedrock/latest/APIReference
(API_runtime_ConverseStream, API_runtime_TokenUsage), the userguide's prompt-caching and api-keys pages, and the service
model of botocore 1.44.8.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from evalkit.adapters.assembly import joined_up, wire_of
from evalkit.adapters.aws_signing import CREDENTIALS, signer
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.converse_answer import ConverseAnswer
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import base64_of, parts
from evalkit.adapters.presets import Preset, filled, options_of
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.tool_calls import offered
from evalkit.adapters.turns import LinkedTurn, carried, linked, split_system
from evalkit.errors import MissingKey, SuiteError
from evalkit.facts.base import Json
from evalkit.records import Image, Request, Tool

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
