"""Gemini's own REST API. Its OpenAI-compatible endpoint loses thought tokens, which are billed, so we do not use that.

    POST {base_url}/v1beta/models/{model}:streamGenerateContent?alt=sse        key in x-goog-api-key, never in the URL
    {"contents": [{"role": "user", "parts": [{"text": "..."}]}], "generationConfig": {"maxOutputTokens": 64}}
    data: {"candidates":[{"content":{"parts":[{"text":"Par"}],"role":"model"}}],"usageMetadata":{...}}
    data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,...}}

How its answers are read stands in `gemini_stream`.
`settings.extra` is merged into the body; its `generationConfig` into ours, so that `topK` can stand there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.gemini_stream import GeminiAnswer
from evalkit.adapters.gemini_stream import usage_of as usage_of  # noqa: PLC0414 (its doorway)
from evalkit.adapters.http_wire import Wire
from evalkit.adapters.keys import api_key
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.tool_calls import offered
from evalkit.errors import Rejected, SuiteError, Unsupported
from evalkit.records import Request, Response, Settings

_BASE_URL = "https://generativelanguage.googleapis.com"
_HOME = ("generativelanguage.googleapis.com",)
_KEY_ENVS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A model's id becomes part of the path; nothing else may."""
_OURS = frozenset({"contents", "systemInstruction", "model"})


class GeminiOptions(AdapterOptions):
    """Gemini has no options of its own."""


Options = GeminiOptions


def make(spec: ModelSpec) -> Gemini:
    """An adapter for one model. Raises SuiteError, MissingKey."""
    model = spec.model.removeprefix("models/")
    if not _MODEL.fullmatch(model):
        raise SuiteError(f"models.{spec.name}.model is {spec.model!r}; Gemini's ids look like gemini-3.8-flash.")
    base_url = (spec.base_url or _BASE_URL).rstrip("/").removesuffix("/v1beta")
    key = api_key(_KEY_ENVS, base_url, _HOME, spec)
    headers = {"x-goog-api-key": key} if key else {}
    if wrong := _OURS & spec.settings.extra.keys():
        raise SuiteError(_extra_complaint(spec, wrong))
    read_options(GeminiOptions, spec)
    return Gemini(spec, model, Wire(spec, base_url, headers, key, _KEY_ENVS))


class Gemini:
    """One Gemini model."""

    capabilities = Capabilities(
        seed=True, top_logprobs=True, json_schema=True, reasoning_effort=True, tools=True
    )  # a model that lacks one of them answers 400, which is a Rejected with its words

    def __init__(self, spec: ModelSpec, model: str, wire: Wire) -> None:
        self.spec = spec
        self._wire = wire
        self._path = f"/v1beta/models/{model}:streamGenerateContent"
        facts = {"dialect": "gemini", **wire.facts}
        self.endpoint = Endpoint(
            lane=wire.host,
            place=wire.host + wire.path,
            host=wire.hostname,
            price_provider="google",
            facts=facts,
        )

    def __repr__(self) -> str:
        return f"Gemini({self.spec.name!r}, {self.spec.model!r}, {self.endpoint.place!r})"

    async def respond(self, request: Request) -> Response:
        """The answer to one request, made in one attempt. Raises a RequestError."""
        if request.continuations is not None:
            raise Unsupported(
                f"models.{self.spec.name}: Gemini gives no log-likelihood of given continuations; use mode: generate.",
                sent=False,
            )
        try:
            body = orjson.dumps(self._body(request))
        except TypeError as error:
            raise Rejected(f"models.{self.spec.name}: the request is no valid JSON: {error}", sent=False) from error
        return await self._wire.answer(self._path + "?alt=sse", body, GeminiAnswer(request.tools))

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._wire.aclose()

    def _body(self, request: Request) -> dict[str, Any]:
        system = "\n\n".join(message.content for message in request.messages if message.role == "system")
        contents: list[dict[str, Any]] = []
        for message in request.messages:
            if message.role == "system":
                continue
            role = "model" if message.role == "assistant" else "user"
            if contents and contents[-1]["role"] == role:  # turns have to alternate
                contents[-1]["parts"].append({"text": message.content})
            else:
                contents.append({"role": role, "parts": [{"text": message.content}]})
        body: dict[str, Any] = {"contents": contents}
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if request.tools:
            body["tools"] = [{"functionDeclarations": offered(request.tools, schema_as="parametersJsonSchema")}]
        config = _config(request.settings)
        extra = request.settings.extra
        if wrong := (_OURS | {"tools"} if request.tools else _OURS) & extra.keys():
            raise Unsupported(_extra_complaint(self.spec, wrong), sent=False)
        more = extra.get("generationConfig")
        if isinstance(more, Mapping):
            config.update(more)
        body.update({key: value for key, value in extra.items() if key != "generationConfig"})
        if config:
            body["generationConfig"] = config
        return body


def _config(settings: Settings) -> dict[str, Any]:
    """generationConfig. Effort `none` is a budget of 0, which models that always think answer with 400."""
    config: dict[str, Any] = {
        "maxOutputTokens": settings.max_output_tokens,
        "temperature": settings.temperature,
        "topP": settings.top_p,
        "seed": settings.seed,
        "stopSequences": list(settings.stop) or None,
        "responseJsonSchema": settings.json_schema and dict(settings.json_schema),
        "responseMimeType": None if settings.json_schema is None else "application/json",
        "responseLogprobs": None if settings.top_logprobs is None else True,
        "logprobs": settings.top_logprobs,
    }
    if settings.reasoning_effort == "none":
        config["thinkingConfig"] = {"thinkingBudget": 0}
    elif settings.reasoning_effort is not None:
        config["thinkingConfig"] = {"thinkingLevel": settings.reasoning_effort, "includeThoughts": True}
    return {key: value for key, value in config.items() if value is not None}


def _extra_complaint(spec: ModelSpec, wrong: frozenset[str]) -> str:
    return f"models.{spec.name}: settings.extra sets {', '.join(sorted(wrong))}, which evalkit sets itself."
