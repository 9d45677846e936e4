"""Ollama's own API, /api/chat. Its OpenAI-compatible endpoint takes no context length and cuts long prompts unsaid.

    POST {base_url}/api/chat {"model": "qwen3:4b", "messages": [...], "options": {"num_ctx": 8192}, "truncate": false}
    {"model":"qwen3:4b","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}
    {"model":"qwen3:4b","message":{"role":"assistant","content":"Par"},"done":false}
    {"model":"qwen3:4b","done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":9,"eval_duration":...}

A prompt that is longer than the context is refused (`truncate: false`), and an answer that fills it ends with `length`
(`shift: false`): both would otherwise be cut without a word. Servers that are older than these fields ignore them.
`settings.extra` is merged into the body, its `options` into ours.

Looked up 2026-11-28, not run: docs.ollama.com/api/chat and its openapi.yaml, github.com/ollama/ollama api/types.go
(0.33: truncate, shift, logprobs), issues 4967 (prompts are cut) and 17889.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from evalkit.adapters import picture_probe
from evalkit.adapters.assembly import wire_of, without_end
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.chat_usage import believed
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.http_wire import Wire
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import base64_of
from evalkit.adapters.presets import Preset, filled
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import bill, count, inner, items, mapping, name, raw_usage, text
from evalkit.adapters.reply_reader import ODD
from evalkit.adapters.tool_calls import offered
from evalkit.adapters.turns import LinkedTurn, carried, linked, to_carry
from evalkit.errors import RequestError, Unsupported
from evalkit.facts.base import Json
from evalkit.records import Image, Message, Request, Response, StopReason, Timing, Tool, Usage

OLLAMA = Preset(
    name="ollama-native",
    about="A local Ollama server by its own API (for its cloud: base_url https://ollama.com and OLLAMA_API_KEY).",
    source="docs.ollama.com/api/chat, github.com/ollama/ollama api/types.go; looked up 2026-11-28; not run.",
    base_url="http://127.0.0.1:11434",
    key_env=("OLLAMA_API_KEY",),
    key_required=False,
    key_hosts=("ollama.com",),
)
_STOPS: Mapping[str, StopReason] = {"stop": "stop", "length": "length"}
"""Others (`load`, `unload`) are `other`: no answer was made."""
_COUNTS = (
    *("prompt_eval_count", "eval_count", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration"),
)
_THINKS = {"none": False}
"""Efforts that are no level; all others are sent as they are, and the server says which it knows."""


class OllamaOptions(AdapterOptions):
    """What a suite may say of an Ollama server."""

    num_ctx: int | None = None
    """Tokens of context that the model is loaded with. None: the server's own default, which is small."""
    keep_alive: str | int | None = None
    """How long the model stays loaded after a request: 10m, or seconds; -1 for ever. None: the server's own."""
    probe_images: bool | None = None
    """false for a model that is known to take pictures, which is then not probed."""


Options = OllamaOptions


def make(spec: ModelSpec, preset: Preset | None = None) -> OllamaAdapter:
    """An adapter for one model. Raises SuiteError, MissingKey."""
    options = read_options(OllamaOptions, spec)
    place = filled(preset or OLLAMA, without_end(spec, "/v1", "/api"))
    dialect = Ollama(spec.model, options)
    return OllamaAdapter(spec, dialect, wire_of(spec, place, dialect.path))


class OllamaAdapter(DialectAdapter):
    """One model of an Ollama server, which says its version and the digest of the weights."""

    def __init__(self, spec: ModelSpec, dialect: Ollama, wire: Wire) -> None:
        super().__init__(spec, dialect, wire)
        self._wire = wire
        self._probes_images = dialect.options.probe_images is not False
        self.served: Mapping[str, object] = {}

    async def probe_images(self) -> str | None:
        """Whether a picture adds input tokens: Ollama has answered for models without eyes. Raises Unfit where not."""
        if not self._probes_images:
            return None
        return await picture_probe.probe(self.respond, f"models.{self.spec.name}: {self.endpoint.host}")

    def check_request(self, request: Request) -> None:
        """Raises Unsupported where a picture stands behind a text. Sends nothing."""
        for message in request.messages:
            _words(message)

    async def describe(self) -> None:
        """Asks for the version and the list of models. What the server does not say stays unknown."""
        found: dict[str, object] = {}
        with suppress(RequestError, *ODD):
            found["version"] = name((await self._wire.fetch("/api/version"))["version"])
        with suppress(RequestError, *ODD):
            listed = items((await self._wire.fetch("/api/tags"))["models"])
            named = {self.spec.model, f"{self.spec.model}:latest"}
            own: Mapping[str, object] = next((one for one in listed if one.get("name") in named), {})
            details = inner(own.get("details"))
            found |= {"digest": name(own.get("digest")), "quantization": name(details.get("quantization_level"))}
            found |= {"parameters": name(details.get("parameter_size")), "format": name(details.get("format"))}
        self.served = without_none(found)


class Ollama(ApiDialect):
    """What Ollama says."""

    name = "ollama"
    title = "Ollama"
    own_fields = frozenset({"model", "messages", "stream", "prompt", "raw", "images"})
    path = "/api/chat"
    capabilities = Capabilities(
        seed=True,
        top_logprobs=True,
        json_schema=True,
        reasoning_effort=True,
        tools=True,
        tool_results=True,
        images=True,
    )  # a model that lacks one of them answers 400, which is a Rejected with its words

    def __init__(self, model: str, options: OllamaOptions) -> None:
        self._model = model
        self.options = options

    @property
    def facts(self) -> Mapping[str, str]:
        return {} if self.options.num_ctx is None else {"num_ctx": str(self.options.num_ctx)}

    def body(self, request: Request) -> dict[str, object]:
        settings = request.settings
        body: dict[str, object] = {
            "model": self._model,
            "messages": [_turn(turn) for turn in linked(request.messages, request.tools)],
            "stream": True,
            "truncate": False,
            "shift": False,
        }
        asked = {
            "num_ctx": self.options.num_ctx,
            "num_predict": settings.max_output_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "seed": settings.seed,
            "stop": list(settings.stop) or None,
        }
        if told := without_none(asked):
            body["options"] = told
        if request.tools:
            functions = offered(request.tools, schema_as="parameters")
            body["tools"] = [{"type": "function", "function": function} for function in functions]
        if settings.json_schema is not None:
            body["format"] = dict(settings.json_schema)
        if (effort := settings.reasoning_effort) is not None:
            body["think"] = _THINKS.get(effort, effort)
        if settings.top_logprobs is not None:
            body["logprobs"], body["top_logprobs"] = True, settings.top_logprobs
        if self.options.keep_alive is not None:
            body["keep_alive"] = self.options.keep_alive
        return merged(body, settings.extra, "options")

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return OllamaAnswer(request.tools)


class OllamaAnswer(ReplyReading):
    """Reads one answer, streamed or whole: both are objects of the same form."""

    __slots__ = ("_finish", "_has_message", "_model", "_usage")
    framing = "lines"
    marks = frozenset({"done"})

    def __init__(self, tools: tuple[Tool, ...]) -> None:
        super().__init__(tools)
        self._finish: str | None = None
        self._has_message = False
        self._model: str | None = None
        self._usage: dict[str, object] = {}

    @property
    def is_whole(self) -> bool:
        return self.done

    def take(self, event: dict[str, object], now: float | None) -> None:
        self._model = self._model or name(event.get("model"))
        is_last = event.get("done") is True
        if not self._has_message and is_last:
            now = None  # the whole answer at once, so not streamed: it has no first token
        # An answer without any message is one of another API of the server, such as /api/generate.
        message = mapping(event["message"] if is_last and not self._has_message else event.get("message"))
        self._has_message = self._has_message or "message" in event
        self.thought(message.get("thinking"), now)
        self.content(message.get("content"), now)
        if self.calls_seen is not None:
            for call in items(message.get("tool_calls")):
                function = mapping(mapping(call)["function"])
                self.calls_seen.begin(function["name"], function.get("arguments"))
                self.spoke(now)
        if event.get("logprobs"):
            self.alternatives(_places(items(event["logprobs"])))
        if is_last:
            self._finish = text(event.get("done_reason")) or "stop"  # servers before 0.3 give no reason
            self._usage = bill({key: event[key] for key in _COUNTS if key in event}) or {}
            self.done = True

    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        calls = None if self.calls_seen is None else self.calls_seen.calls()
        stop = _STOPS.get(self._finish or "", "other")
        if calls and stop == "stop":  # the server names no reason of its own for calls
            stop = "tool_use"
        return Response(
            text=self.said,
            stop_reason=stop,
            timing=timing,
            reasoning=self.reasoned,
            served_model=self._model,
            usage=believed(
                read_usage(self._usage, showed_reasoning=bool(self.thoughts)) if self._usage else None,
                has_output=bool(self.pieces or self.thoughts or calls),
            ),
            raw_usage=raw_usage(self._usage),
            calls=calls,
            top_logprobs=None if self.logprobs is None else tuple(self.logprobs),
            dropped=left_out,
            carried=to_carry({"thinking": self.reasoned}) if calls and self.thoughts else None,
        )


def _turn(turn: LinkedTurn) -> dict[str, Json]:
    """One turn; the server tells calls apart by the order in which they are answered."""
    message = turn.message
    made: dict[str, Json] = {"role": message.role, "content": _words(message)}
    if message.images:
        made["images"] = [base64_of(image) for image in message.images]
    if message.role == "tool":
        made["tool_name"] = turn.answers.name if turn.answers is not None else ""
    if turn.calls:
        made["tool_calls"] = [{"function": {"name": call.name, "arguments": call.input}} for call in turn.calls]
        back = carried(message)
        made |= back if isinstance(back, dict) else {}
    return made


def _words(message: Message) -> str:
    """The text of a turn, whose pictures the API has before it. Raises Unsupported where one stands behind a text."""
    if not message.images:
        return message.text
    pictures, said = message.content[: len(message.images)], message.content[len(message.images) :]
    if not all(isinstance(one, str) for one in said) or not all(isinstance(one, Image) for one in pictures):
        raise Unsupported(
            "Ollama's own API has the pictures of a turn before its text, and here one stands behind a text: put the "
            "pictures first, or ask through the preset `ollama` (Chat Completions), which keeps the order",
            sent=False,
        )
    return "\n\n".join(map(str, said))


def read_usage(raw: Mapping[str, object], *, showed_reasoning: bool) -> Usage:
    """Tokens of the prompt and of the answer. Thinking is part of `eval_count` and not counted apart."""
    return Usage(
        input=count(raw.get("prompt_eval_count")),
        output=count(raw.get("eval_count")),
        reasoning=None if showed_reasoning else 0,
    )


def _places(tokens: list[Any]) -> Iterator[list[tuple[object, object]]]:
    """For each token its alternatives; the token itself where none were asked for."""
    for token in tokens:
        yield [(one["token"], one["logprob"]) for one in items(token.get("top_logprobs")) or [token]]
