"""Ollama's own API, /api/chat. Its OpenAI-compatible endpoint takes no context length and cuts long prompts unsaid.

    POST {base_url}/api/chat {"model": "qwen3:4b", "messages": [...], "options": {"num_ctx": 8192}, "truncate": false}

What comes back is `ollama_answer`. A prompt that is longer than the context is refused (`truncate: false`), and an
answer that fills it ends with `length` (`shift: false`): both would otherwise be cut without a word. Servers that are
older than these fields ignore them. `settings.extra` is merged into the body, its `options` into ours.

Looked up 2026-11-28, not run: docs.ollama.com/api/chat and its openapi.yaml, github.com/ollama/ollama api/types.go
(0.33: truncate, shift, logprobs), issues 4967 (prompts are cut) and 17889.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from evalkit.adapters import picture_probe
from evalkit.adapters.assembly import wire_of, without_end
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged, without_none
from evalkit.adapters.http_errors import Where
from evalkit.adapters.http_wire import Wire
from evalkit.adapters.ollama_answer import OllamaAnswer
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.pictures import base64_of
from evalkit.adapters.presets import Preset, filled
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import inner, items, name
from evalkit.adapters.reply_reader import ODD
from evalkit.adapters.tool_calls import offered
from evalkit.adapters.turns import LinkedTurn, carried, linked
from evalkit.errors import RequestError, Unsupported
from evalkit.facts.base import Json
from evalkit.records import Image, Message, Request

OLLAMA = Preset(
    name="ollama-native",
    about="A local Ollama server by its own API (for its cloud: base_url https://ollama.com and OLLAMA_API_KEY).",
    source="docs.ollama.com/api/chat, github.com/ollama/ollama api/types.go; looked up 2026-11-28; not run.",
    base_url="http://127.0.0.1:11434",
    key_env=("OLLAMA_API_KEY",),
    key_required=False,
    key_hosts=("ollama.com",),
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
        self.served = without_none(found)  # also where no time is left for the rest
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
