"""Gemini's own REST API. Its OpenAI-compatible endpoint loses thought tokens, which are billed, so we do not use that.

    POST {base_url}/v1beta/models/{model}:streamGenerateContent?alt=sse        key in x-goog-api-key, never in the URL
    {"contents": [{"role": "user", "parts": [{"text": "..."}]}], "generationConfig": {"maxOutputTokens": 64}}
    data: {"candidates":[{"content":{"parts":[{"text":"Par"}],"role":"model"}}],"usageMetadata":{...}}
    data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1,...}}

There is no [DONE]: a stream is whole when it has named a finish reason or why the prompt was blocked.
`settings.extra` is merged into the body; its `generationConfig` into ours, so that `topK` can stand there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from evalkit.adapters.base import Capabilities, Endpoint, ModelSpec
from evalkit.adapters.http_errors import Where, error_from_event
from evalkit.adapters.http_wire import Wire, refused
from evalkit.adapters.keys import api_key
from evalkit.adapters.moments import Moments
from evalkit.adapters.sse import EventReader
from evalkit.adapters.tool_calls import Heard, offered
from evalkit.errors import BadReply, ConnectionFailed, Rejected, SuiteError, Unsupported
from evalkit.records import Request, Response, Settings, StopReason, Tool, Usage

_BASE_URL = "https://generativelanguage.googleapis.com"
_HOME = ("generativelanguage.googleapis.com",)
_KEY_ENVS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A model's id becomes part of the path; nothing else may."""
_OURS = frozenset({"contents", "systemInstruction", "model"})
_FILTERED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"}
_STOPS: dict[str, StopReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "tool_use",
    "UNEXPECTED_TOOL_CALL": "tool_use",
    **dict.fromkeys(_FILTERED, "content_filter"),
}


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
    if spec.options:
        raise SuiteError(f"models.{spec.name}.{next(iter(spec.options))}: gemini has no options of its own.")
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
        facts = {"dialect": "gemini", "aiohttp": aiohttp.__version__}
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
        stream = _GeminiStream(self._wire.path + self._path, self._wire.where, request.tools)
        reply = await self._wire.exchange(self._path + "?alt=sse", body, stream)
        if reply.declined is not None:
            return refused(reply)
        if reply.whole is not None:
            stream.take_whole(reply.whole, reply.ended_at)
        return stream.response(reply.sent_at, reply.ended_at)

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


class _GeminiStream:
    """Reads one answer; `feed` while it comes, then `response` once."""

    def __init__(self, path: str, where: Where, tools: tuple[Tool, ...]) -> None:
        self._heard = Heard(tools) if tools else None
        self._path = path
        self._where = where
        self._events = EventReader()
        self._pieces: list[str] = []
        self._thoughts: list[str] = []
        self._logprobs: list[dict[str, float]] | None = None
        self._moments = Moments()
        self._finish: str | None = None
        self._blocked: str | None = None
        self._usage: dict[str, Any] | None = None
        self._model: str | None = None

    def feed(self, chunk: bytes, now: float) -> bool:
        """Takes a chunk read at `now`; always False, because only the stream's end says that it is done."""
        for data in self._events.feed(chunk):
            self._take(data, now)
        return False

    def take_whole(self, body: bytes, now: float) -> None:
        """An answer that came as one JSON body (a list of chunks, or one), so without times."""
        self._take(body, now)
        self._moments = Moments()

    def response(self, sent_at: float, ended_at: float) -> Response:
        """The whole answer. Raises ConnectionFailed where the stream ended too early."""
        for data in self._events.close():
            self._take(data, ended_at)
        if self._finish is None and self._blocked is None:
            raise ConnectionFailed(
                f"{self._where.host}{self._path}: the stream ended before the answer did (no finishReason)"
            )
        calls = None if self._heard is None else self._heard.calls()
        stop: StopReason = "refusal" if self._blocked is not None else _STOPS.get(self._finish or "", "other")
        if calls and stop == "stop":
            stop = "tool_use"
        text = "".join(self._pieces)
        return Response(
            text=text,
            stop_reason=stop,
            timing=self._moments.timing(text, sent_at, ended_at - sent_at),
            reasoning="".join(self._thoughts) or None,
            served_model=self._model,
            usage=None if self._usage is None else usage_of(self._usage),
            raw_usage=self._usage,
            refusal=self._blocked or (self._finish if stop == "content_filter" else None),
            calls=calls,
            top_logprobs=None if self._logprobs is None else tuple(self._logprobs),
        )

    def _take(self, data: bytes, now: float) -> None:
        if not data:
            return
        try:
            parsed = orjson.loads(data)
            for chunk in parsed if isinstance(parsed, list) else (parsed,):
                if chunk.get("error"):
                    raise error_from_event(chunk, self._path, self._where)
                self._take_chunk(chunk, now)
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            start = self._where.clean(data[:200].decode("utf-8", "replace"))
            raise BadReply(f"{self._where.host}{self._path}: an event is not of the dialect: {start}") from error

    def _take_chunk(self, chunk: dict[str, Any], now: float) -> None:
        if usage := chunk.get("usageMetadata"):
            self._usage = dict(usage)  # grows from chunk to chunk; the last one is the bill
        if model := chunk.get("modelVersion"):
            self._model = str(model)
        if blocked := (chunk.get("promptFeedback") or {}).get("blockReason"):
            self._blocked = str(blocked)
        for candidate in chunk.get("candidates") or ():
            if candidate.get("index"):
                continue
            for part in (candidate.get("content") or {}).get("parts") or ():
                if text := part.get("text"):
                    self._take_text(text + "", now, is_thought=bool(part.get("thought")))
                if self._heard is not None and (call := part.get("functionCall")):
                    self._heard.begin(call["name"], call.get("args"))
                    self._moments.call(now)
            if finish := candidate.get("finishReason"):
                self._finish = str(finish)
            if logprobs := candidate.get("logprobsResult"):
                self._logprobs = (self._logprobs or []) + _alternatives(logprobs)

    def _take_text(self, text: str, now: float, *, is_thought: bool) -> None:
        if is_thought:
            self._thoughts.append(text)
            self._moments.thought(now)
            return
        self._pieces.append(text)
        self._moments.text(text, now)


def _alternatives(result: dict[str, Any]) -> list[dict[str, float]]:
    """For each output token its alternatives, the likelier where two spell the same."""
    places = [place.get("candidates") or () for place in result.get("topCandidates") or ()]
    found = []
    for place in places or [(chosen,) for chosen in result.get("chosenCandidates") or ()]:
        alternatives: dict[str, float] = {}
        for one in place:
            name, value = one["token"] + "", float(one["logProbability"])
            alternatives[name] = max(value, alternatives.get(name, value))
        found.append(alternatives)
    return found


def usage_of(raw: Mapping[str, Any]) -> Usage:
    """What is billed: thoughts stand outside candidatesTokenCount and are added; prompts of tools are input.

    The API leaves out counts that are 0, so a missing one is what is left of totalTokenCount, or None without a total.
    """
    prompt, total = _count(raw, "promptTokenCount"), _count(raw, "totalTokenCount")
    tools = _count(raw, "toolUsePromptTokenCount") or 0
    candidates, thoughts = _count(raw, "candidatesTokenCount"), _count(raw, "thoughtsTokenCount")
    given = None if prompt is None else prompt + tools
    output = None if candidates is None else candidates + (thoughts or 0)
    if total is not None and given is not None and total - given >= (output or 0):
        output = total - given
        if thoughts is None and candidates is not None:
            thoughts = output - candidates
    return Usage(
        input=given,
        cache_read=_count(raw, "cachedContentTokenCount"),
        output=output,
        reasoning=thoughts,
        service_tier=raw["serviceTier"] if isinstance(raw.get("serviceTier"), str) else None,
    )


def _count(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _extra_complaint(spec: ModelSpec, wrong: frozenset[str]) -> str:
    return f"models.{spec.name}: settings.extra sets {', '.join(sorted(wrong))}, which evalkit sets itself."
