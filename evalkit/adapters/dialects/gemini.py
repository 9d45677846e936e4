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
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.adapters.assembly import assemble, without_end
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.billed_beside import billed_beside, shown_beside
from evalkit.adapters.chat_usage import UsageSoFar
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import base64_of, parts
from evalkit.adapters.presets import Preset
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import count, inner, items, mapping, name, text
from evalkit.adapters.tool_calls import offered
from evalkit.adapters.turns import LinkedTurn, carried, linked, to_carry
from evalkit.errors import SuiteError
from evalkit.facts.base import Json
from evalkit.records import Image, Request, Response, Settings, StopReason, Timing, Tool, Usage
from evalkit.text.secrets import cut_short

GEMINI = Preset(
    name="gemini",
    about="Google's Gemini models.",
    source="ai.google.dev/api/generate-content; 2026-11-20",
    base_url="https://generativelanguage.googleapis.com",
    key_env=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    key_hosts=("generativelanguage.googleapis.com",),
    price_provider="google",
)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""A model's id becomes part of the path; nothing else may."""
_FILTERED = {
    *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "MODEL_ARMOR"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "IMAGE_OTHER", "JAILBREAK"),
}
"""ai.google.dev/api/generate-content#FinishReason, and Vertex's MODEL_ARMOR."""
_STOPS: dict[str, StopReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "tool_use",
    "UNEXPECTED_TOOL_CALL": "tool_use",
    **dict.fromkeys(_FILTERED, "content_filter"),
}


class GeminiOptions(AdapterOptions):
    """Gemini has no options of its own."""


Options = GeminiOptions


def make(spec: ModelSpec, preset: Preset | None = None) -> DialectAdapter:
    """An adapter for one model. Raises SuiteError, MissingKey."""
    model = spec.model.removeprefix("models/")
    if not _MODEL.fullmatch(model):
        raise SuiteError(f"models.{spec.name}.model is {spec.model!r}; Gemini's ids look like gemini-3.8-flash.")
    read_options(GeminiOptions, spec)
    return assemble(without_end(spec, "/v1beta"), preset or GEMINI, Gemini(model), header="x-goog-api-key")


class Gemini(ApiDialect):
    """What Gemini's API says."""

    name = "gemini"
    title = "Gemini"
    own_fields = frozenset({"contents", "systemInstruction", "system_instruction", "model"})
    """Google reads camelCase and snake_case alike."""
    capabilities = Capabilities(
        seed=True,
        top_logprobs=True,
        json_schema=True,
        reasoning_effort=True,
        tools=True,
        tool_results=True,
        images=True,
    )  # a model that lacks one of them answers 400, which is a Rejected with its words

    def __init__(self, model: str) -> None:
        self.path = f"/v1beta/models/{model}:streamGenerateContent?alt=sse"

    def body(self, request: Request) -> dict[str, object]:
        system = "\n\n".join(message.text for message in request.messages if message.role == "system")
        contents: list[dict[str, Any]] = []
        for turn in linked(request.messages, request.tools):
            if turn.message.role == "system":
                continue
            role = "model" if turn.message.role == "assistant" else "user"
            if contents and contents[-1]["role"] == role:  # turns have to alternate
                contents[-1]["parts"] += _parts(turn)
            else:
                contents.append({"role": role, "parts": _parts(turn)})
        body: dict[str, object] = {"contents": contents}
        if system:
            body["systemInstruction"] = {"parts": [{"text": system}]}
        if request.tools:
            body["tools"] = [{"functionDeclarations": offered(request.tools, schema_as="parametersJsonSchema")}]
        if config := _config(request.settings):
            body["generationConfig"] = config
        return merged(body, _camel(request.settings.extra), "generationConfig")

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return GeminiAnswer(request.tools)


def _parts(turn: LinkedTurn) -> list[dict[str, Json]]:
    """The parts of one turn. Signatures of thoughts go back on the calls that they came with: Gemini 3 refuses a
    conversation without them."""
    message = turn.message
    if message.role == "tool":
        name = turn.answers.name if turn.answers is not None else ""
        told: dict[str, Json] = {"error" if message.failed else "result": message.text}
        return [{"functionResponse": {"name": name, "response": told}}]
    back = carried(message)
    signatures = back if isinstance(back, list) else []
    made = parts(message.content, _words, _picture) if message.content or not turn.calls else []
    for n, call in enumerate(turn.calls):
        signature = signatures[n] if n < len(signatures) else None
        part: dict[str, Json] = {"functionCall": {"name": call.name, "args": call.input}}
        made.append({**part, "thoughtSignature": signature} if signature else part)
    return made


def _words(said: str) -> dict[str, Json]:
    return {"text": said}


def _picture(image: Image) -> dict[str, Json]:
    return {"inlineData": {"mimeType": image.media_type, "data": base64_of(image)}}


def _camel(extra: Mapping[str, object]) -> dict[str, object]:
    """Extra fields under the names that we send ourselves: `generation_config` and its fields in camelCase."""
    plain = {("generationConfig" if name == "generation_config" else name): value for name, value in extra.items()}
    config = plain.get("generationConfig")
    if isinstance(config, Mapping):
        plain["generationConfig"] = {
            _SNAKE.sub(lambda m: m[1].upper(), str(key)): value for key, value in config.items()
        }
    return plain


_SNAKE = re.compile(r"_([a-z])")


def _config(settings: Settings) -> dict[str, object]:
    """generationConfig. Effort `none` is a budget of 0, which models that always think answer with 400."""
    config: dict[str, object] = {
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
    return without_none(config)


class GeminiAnswer(ReplyReading):
    """Reads one answer."""

    __slots__ = ("_blocked", "_finish", "_model", "_shown", "_signatures", "_usage", "_why")

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._finish: str | None = None
        self._why: str | None = None
        self._blocked: str | None = None
        self._usage = UsageSoFar()
        self._model: str | None = None
        self._shown: tuple[str, ...] = ()
        """What the answer shows to be billed beside its tokens."""
        self._signatures: list[str] = []
        """Of the thoughts before each call; empty for none."""

    @property
    def is_whole(self) -> bool:
        return self._finish is not None or self._blocked is not None

    def take(self, event: dict[str, object], now: float | None) -> None:
        if usage := event.get("usageMetadata"):
            if inner(usage).get("promptTokenCount") and inner(usage).get("totalTokenCount"):
                self._usage = UsageSoFar()  # it grows from chunk to chunk, and the last whole one is the bill
            self._usage.add(usage)  # a part of one takes no count away
        self._model = name(event.get("modelVersion")) or self._model
        self._blocked = name(inner(event.get("promptFeedback")).get("blockReason")) or self._blocked
        for candidate in items(event.get("candidates")):
            if not candidate.get("index"):
                self._take_candidate(candidate, now)

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        calls = self.calls
        stop: StopReason = "refusal" if self._blocked is not None else _STOPS.get(self._finish or "", "other")
        if calls and stop == "stop":
            stop = "tool_use"
        return self.made(
            stop,
            timing,
            left_out,
            usage=None if self._usage.last is None else usage_of(self._usage.last, self._shown),
            raw=self._usage.last,
            model=self._model,
            refusal=self._blocked or (self._why or self._finish if stop == "content_filter" else None),
            carried=to_carry(self._signatures) if calls and any(self._signatures) else None,
        )

    def _take_candidate(self, candidate: Mapping[str, object], now: float | None) -> None:
        if self._finish is not None and not candidate.get("finishReason"):
            return  # after the end; but old models give a reason with every chunk, and the last one counts
        parts = items(mapping(candidate.get("content")).get("parts"))
        self._shown = self._shown or shown_beside([candidate, *parts])
        for part in parts:
            if said := part.get("text"):
                (self.thought if part.get("thought") else self.content)(said, now)
            if self.calls_seen is not None and (call := part.get("functionCall")):
                self.calls_seen.begin(call["name"], call.get("args"))
                self._grow(self._signatures, text(part.get("thoughtSignature")))
                self.spoke(now)
        if finish := candidate.get("finishReason"):
            self._finish = str(finish) if isinstance(finish, int) else text(finish)  # some proxies send the number
        if isinstance(why := candidate.get("finishMessage"), str) and self._finish in _FILTERED:
            self._why = name(f"{self._finish}: {cut_short(why, 400)}")
        if logprobs := candidate.get("logprobsResult"):
            self.alternatives(_places(mapping(logprobs)))


def _places(result: Mapping[str, object]) -> Iterator[list[tuple[object, object]]]:
    """For each output token its alternatives."""
    places = [items(place.get("candidates")) for place in items(result.get("topCandidates"))]
    for place in places or [[chosen] for chosen in items(result.get("chosenCandidates"))]:
        yield [(one["token"], one["logProbability"]) for one in place]


def usage_of(raw: Mapping[str, object], shown: tuple[str, ...] = ()) -> Usage:
    """What is billed: thoughts stand outside candidatesTokenCount and are added; prompts of tools are input.

    The API leaves out counts that are 0, so a missing one is what is left of totalTokenCount, or None without a total.
    """
    prompt, total = count(raw.get("promptTokenCount")), count(raw.get("totalTokenCount"))
    tools = count(raw.get("toolUsePromptTokenCount")) or 0
    candidates, thoughts = count(raw.get("candidatesTokenCount")), count(raw.get("thoughtsTokenCount"))
    given = None if prompt is None else prompt + tools
    output = None if candidates is None else candidates + (thoughts or 0)
    if total is not None and given is not None and total - given >= (output or 0):
        output = total - given
        if thoughts is None and candidates is not None:
            thoughts = output - candidates
    return Usage(
        input=given,
        cache_read=count(raw.get("cachedContentTokenCount")),
        output=output,
        reasoning=thoughts,
        service_tier=name(raw.get("serviceTier")),
        beside=(*billed_beside(raw), *shown),
    )
