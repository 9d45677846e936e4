"""Chat Completions of every compatible server, vLLM first: the hot path, over aiohttp and without an SDK.

    POST {base_url}/chat/completions {"model": ..., "messages": [...], "stream": true, ...}
    data: {"choices":[{"index":0,"delta":{"content":"Par"}}]}
    data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
    data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}
    data: [DONE]

What differs between providers is data (`presets/`). Likelihoods go to /completions where the preset says that its echo
can be trusted. One respond is one HTTP request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeVar

from evalkit.adapters import tool_calls
from evalkit.adapters.base import Capabilities, ModelSpec
from evalkit.adapters.chat_stream import ChatAnswer
from evalkit.adapters.chat_usage import usage_of
from evalkit.adapters.dialect import ApiDialect, DialectAdapter, merged
from evalkit.adapters.error_body import is_error
from evalkit.adapters.http_errors import Declined, Where, error_from_event
from evalkit.adapters.http_reply import refused
from evalkit.adapters.http_wire import Wire
from evalkit.adapters.keys import api_key
from evalkit.adapters.options import AdapterOptions, read_options
from evalkit.adapters.own_headers import own_headers
from evalkit.adapters.pictures import data_url, parts, text_block
from evalkit.adapters.presets import SETTINGS, Preset, filled, load_preset, options_of, with_reported_cost
from evalkit.adapters.reading import ReplyReading
from evalkit.adapters.reply_fields import name as name_of
from evalkit.adapters.reply_fields import odd, parsed, raw_usage
from evalkit.adapters.reply_reader import ODD
from evalkit.adapters.tool_calls import offered
from evalkit.adapters.turns import LinkedTurn, carried, linked
from evalkit.errors import BadReply, Rejected, SuiteError, Unfit, Unsupported
from evalkit.facts.base import Json
from evalkit.records import Image, Request, Response, Settings, Timing
from evalkit.suite.schema.parts import Text

_T = TypeVar("_T")
_CHAT = "/chat/completions"
_COMPLETIONS = "/completions"
_WITHOUT_PARSER = "--tool-call-parser"
"""What vLLM names when it is offered functions and was not told how its model writes calls."""
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class ChatOptions(AdapterOptions):
    """What a suite may say of a server of this dialect."""

    key_env: Text | None = None
    """The variable with the key, for a host that the person running evalkit allows."""
    stream: bool | None = None
    """false for a server that cannot stream (then there is no time to first token)."""
    stream_options: bool | None = None
    """false for a server that refuses stream_options (usage is then what it sends unasked)."""
    token_param: Literal["max_tokens", "max_completion_tokens"] | None = None
    """How the server spells max_output_tokens."""
    reported_cost: bool | None = None
    """true where `usage.cost` is what a request cost in USD, as LiteLLM's proxy says it."""
    header_env: dict[Text, Text] | None = None
    """By header the environment variable that holds its value; allow each: --allow-key-host VARIABLE@HOST."""
    probe_tools: bool | None = None
    """false for a server that is known to pass functions on, which is then not probed."""
    probe_images: bool | None = None
    """false for a server that is known to pass pictures on, which is then not probed."""
    likelihood: bool | None = None
    """Whether the server's completions endpoint gives log-likelihoods of a prompt."""


Options = ChatOptions


def make(spec: ModelSpec, preset: Preset | None = None) -> OpenAIChat:
    """An adapter for one model; `preset` None is the plain dialect, for which the suite gives base_url.

    Options are those of `ChatOptions`, and what fills the templates of the preset's address. Raises SuiteError,
    MissingKey.
    """
    preset = preset or load_preset("openai-chat")
    options = read_options(options_of(ChatOptions, preset), spec)
    preset = _as_told(filled(preset, spec), options)
    base_url = str(preset.base_url)
    if base_url.rstrip("/").endswith(_COMPLETIONS):
        raise SuiteError(f"models.{spec.name}.base_url is {base_url!r}; leave out the end from {_CHAT} on.")
    envs, home = _key_place(spec, options, preset)
    chosen = envs != preset.key_env
    key = None
    if envs:
        key = api_key(envs, base_url, home, spec, required=preset.key_required, named_by_suite=chosen)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    own = own_headers(spec, options.header_env, base_url, [name.lower() for name in headers])
    wire = Wire(spec, base_url, {**headers, **own.headers}, key, (*envs, *own.variables), more_keys=own.secrets)
    return OpenAIChat(spec, preset, wire, options)


class ChatCompletions(ApiDialect):
    """What the Chat Completions dialect says; how a provider deviates is in its preset."""

    name = "openai_chat"
    own_fields = frozenset({"model", "messages", "prompt", "stream", "stream_options", "n", "echo"})
    path = _CHAT

    def __init__(self, spec: ModelSpec, preset: Preset, options: ChatOptions) -> None:
        self._spec = spec
        self._preset = preset
        self.title = preset.name
        self._streams = options.stream is not False
        supports = preset.supports
        self.capabilities = Capabilities(
            likelihood=preset.prompt_logprobs is not None,
            streaming=self._streams,
            usage=preset.usage_when != "never",
            tools=preset.tools,
            tool_results=preset.tools,
            images=True,  # a model without eyes answers 400, which is a Rejected with its words
            **{setting: setting in supports for setting in SETTINGS},
        )

    @property
    def facts(self) -> Mapping[str, str]:
        told = {"preset": self._preset.name}
        return told | {"region": self._preset.region} if self._preset.region else told

    def left_out(self, settings: Settings) -> tuple[str, ...]:
        """Nothing: what a preset does not list is refused when the run is planned, and sent where it is asked for."""
        return ()

    def body(self, request: Request) -> dict[str, object]:
        settings, preset = request.settings, self._preset
        body: dict[str, object] = {
            "model": self._spec.model,
            "messages": [_turn(turn, preset) for turn in linked(request.messages, request.tools)],
            "stream": self._streams,
        }
        if preset.usage_when == "asked" and self._streams:
            body["stream_options"] = {"include_usage": True}
        if request.tools:
            tools = offered(request.tools, schema_as="parameters")
            body["tools"] = [{"type": "function", "function": tool} for tool in tools]
        if settings.max_output_tokens is not None:
            body[preset.token_param] = settings.max_output_tokens
        if settings.temperature is not None:
            body["temperature"] = settings.temperature
        if settings.top_p is not None:
            body["top_p"] = settings.top_p
        if settings.seed is not None:
            body[preset.seed_param] = settings.seed
        if settings.stop:
            body["stop"] = list(settings.stop)
        if settings.top_logprobs is not None:
            body["logprobs"] = True
            body["top_logprobs"] = settings.top_logprobs
        if settings.json_schema is not None:
            schema = {"name": "answer", "schema": dict(settings.json_schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if settings.reasoning_effort is not None:
            body.update(self._effort(settings.reasoning_effort))
        return merged(body, settings.extra)

    def reading(self, request: Request, where: Where, path: str) -> ReplyReading:
        return ChatAnswer(self._preset, path, where, request.tools)

    def _effort(self, effort: str) -> Mapping[str, object]:
        efforts = self._preset.efforts
        if efforts is None:
            return {"reasoning_effort": effort}
        found = efforts.get(effort, efforts.get("other"))
        if found is None:
            raise Unsupported(
                f"models.{self._spec.name}: {self._preset.name} has no reasoning_effort {effort!r}, only "
                f"{', '.join(efforts)}; what else its models take goes into settings.extra.",
                sent=False,
            )
        return {key: _with_effort(value, effort) for key, value in found.items()}


class OpenAIChat(DialectAdapter):
    """One model behind one Chat Completions endpoint, with likelihoods and probes where a server has them."""

    def __init__(self, spec: ModelSpec, preset: Preset, wire: Wire, options: ChatOptions | None = None) -> None:
        self.preset = preset
        self._wire = wire
        self._options = options or ChatOptions()
        super().__init__(spec, ChatCompletions(spec, preset, self._options), wire, price_provider=preset.price_provider)

    async def respond(self, request: Request) -> Response:
        """The answer to one request, made in one attempt. Raises a RequestError."""
        try:
            return await super().respond(request)
        except Rejected as error:
            if request.tools and _WITHOUT_PARSER in str(error):
                raise Unfit(
                    f"models.{self.spec.name}: {self.endpoint.host} does not read its model's function calls: "
                    "start vLLM with --enable-auto-tool-choice --tool-call-parser NAME (the model's page says which), "
                    f"or ask with interface: text. It said: {error}"
                ) from error
            raise

    async def probe_likelihood(self) -> str | None:
        """Whether /completions can be trusted with likelihoods: None when that is proved, a sentence where it could
        not be tried. Raises Unfit where its figures are false, and a RequestError where it cannot be reached.
        """
        from evalkit.adapters import echo_likelihood

        for prompt in echo_likelihood.PROMPTS:
            reply = await self._completion(echo_likelihood.generation(self.spec.model, prompt))
            said = self._figures(partial(echo_likelihood.read_echo, prompt, reply))
            if said is None:
                continue
            reply = await self._completion(echo_likelihood.echo(self.spec.model, said))
            found = self._figures(partial(echo_likelihood.difference, said, reply))
            if isinstance(found, str) or (found is not None and found > echo_likelihood.TOLERANCE):
                raise self._false_figures(
                    found if isinstance(found, str) else f"they differ by {found:.3g} between saying and echoing"
                )
            if found is not None:
                return None
        prompt = echo_likelihood.PROMPTS[0]
        reply = await self._completion(echo_likelihood.echo_of_prompt(self.spec.model, prompt))
        if why := self._figures(partial(echo_likelihood.lacking, reply)):
            raise self._false_figures(why)
        return "the server's log-probabilities of a prompt could not be proved: its own words cannot be echoed to it"

    def _figures(self, read: Callable[[], _T]) -> _T:
        """What is read of a reply of /completions. Raises BadReply where the reply is not of the dialect; whatever a
        message quotes of it is cut and holds no key."""
        try:
            return read()
        except ODD as error:
            raise BadReply(f"The reply of /completions is not of the dialect: {odd(error)}") from error
        except (BadReply, Unsupported) as error:
            told = type(error)(self._wire.where.clean(str(error)))
            told.begun = True  # the reply had come
            raise told from error

    def _false_figures(self, why: str) -> Unfit:
        return Unfit(
            f"models.{self.spec.name}: the log-probabilities that {self.endpoint.host} gives of a prompt are "
            f"not those of its own answers: {why}. Use mode: generate, or serve the weights with vLLM."
        )

    async def probe_tools(self) -> str | None:
        """Whether functions reach the model: None when they do, a sentence where nobody says, and for providers that
        sell them nothing is asked. Raises Unfit where a server drops them, and other RequestErrors.
        """
        if self.preset.price_provider is not None or self._options.probe_tools is False:
            return None
        from evalkit.adapters.probing import asked

        without = await asked(tool_calls.WITHOUT, self.respond)
        beside = await asked(tool_calls.BESIDE, self.respond)
        if tool_calls.looks_dropped(without, beside) and (await asked(tool_calls.WANTED, self.respond)).calls:
            return None  # it counts no input tokens for functions, and calls them all the same
        return tool_calls.unproved(without, beside, f"models.{self.spec.name}: {self.endpoint.host}")

    async def probe_images(self) -> str | None:
        """As `probe_tools`, of pictures."""
        if self.preset.price_provider is not None or self._options.probe_images is False:
            return None
        from evalkit.adapters import picture_probe

        return await picture_probe.probe(self.respond, f"models.{self.spec.name}: {self.endpoint.host}")

    async def _completion(self, body: dict[str, object]) -> dict[str, object]:
        """What /completions says to a body of a probe."""
        from evalkit.adapters import echo_likelihood
        from evalkit.adapters.probing import asked

        found: dict[str, object] = {}

        async def ask(request: Request) -> Response:
            reply = await self._wire.exchange(_COMPLETIONS, self._wire.encoded(body))
            with suppress(Declined):
                found.update({} if reply.declined is not None else self._parsed(reply.body, _COMPLETIONS))
            return Response("", usage=usage_of(found.get("usage"), self.preset, tier=None, showed_reasoning=False))

        await asked(echo_likelihood.as_request(body), ask)
        return found

    def _parsed(self, body: bytes, path: str) -> dict[str, object]:
        """The body as an object. Raises BadReply, or what an error object in it means."""
        try:
            data = parsed(body)
        except ValueError as error:
            start = self._wire.where.beginning(body)
            raise BadReply(f"{self.endpoint.host}{self._wire.path}{path} sent no JSON: {start}") from error
        if not isinstance(data, dict):
            raise BadReply(f"{self.endpoint.host}{self._wire.path}{path} sent JSON that is no object")
        if is_error(data):
            raise error_from_event(data, self._wire.path + path, self._wire.where)
        return data

    async def likelihood(self, request: Request, continuations: tuple[str, ...]) -> Response:
        """The log-likelihood of given continuations, from /completions where the preset says that its echo can be
        trusted. Raises a RequestError."""
        if self.preset.prompt_logprobs is None:
            raise Unsupported(
                f"models.{self.spec.name}: {self.preset.name} gives no log-likelihood of given continuations; "
                f"use mode: generate, or likelihood: true where the server is known to give them.",
                sent=False,
            )
        from evalkit.adapters.echo_likelihood import body_of, contexts_of, likelihoods_of

        contexts = contexts_of(request, continuations)
        body = self._wire.encoded(body_of(self.spec.model, contexts, continuations))
        reply = await self._wire.exchange(_COMPLETIONS, body)
        if reply.declined is not None:
            return refused(reply)
        try:
            data = self._parsed(reply.body, _COMPLETIONS)
        except Declined as declined:
            return refused(replace(reply, declined=declined.words))
        found = self._figures(partial(likelihoods_of, data, contexts, continuations))
        raw = data.get("usage")
        return Response(
            text="",
            stop_reason="stop",
            timing=Timing(sent_at=reply.sent_at, total_s=reply.ended_at - reply.sent_at),
            served_model=name_of(data.get("model")),
            fingerprint=name_of(data.get("system_fingerprint")),
            usage=usage_of(raw, self.preset, tier=None, showed_reasoning=False),
            raw_usage=raw_usage(raw),
            logliks=found.sums,
            logliks_greedy=found.greedy,
            loglik_tokens=found.n_tokens,
        )


def _turn(turn: LinkedTurn, preset: Preset) -> dict[str, Json]:
    """One turn as the dialect has it. Reasoning before calls goes back where its provider showed it: DeepSeek refuses a
    request without it."""
    message = turn.message
    if message.role == "tool":
        return {
            "role": "tool",
            "tool_call_id": turn.answers.id if turn.answers is not None else "",
            "content": message.text,
        }
    said: Json = [*parts(message.content, text_block, _picture)] if message.images else message.text
    made: dict[str, Json] = {"role": message.role, "content": said}
    if turn.calls:
        made["content"] = said or None
        made["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in turn.calls
        ]
        if isinstance(back := carried(message), dict):
            made |= {name: back[name] for name in preset.reasoning_text_path if name in back}
    return made


def _picture(image: Image) -> dict[str, Json]:
    return {"type": "image_url", "image_url": {"url": data_url(image)}}


def _as_told(preset: Preset, told: ChatOptions) -> Preset:
    """The preset with what the suite says of its own server."""
    if told.likelihood is not None:
        preset = replace(preset, prompt_logprobs="echo" if told.likelihood else None)
    if told.stream_options is not None:
        preset = replace(preset, usage_when="asked" if told.stream_options else "always")
    preset = with_reported_cost(preset, told.reported_cost)
    return replace(preset, token_param=told.token_param or preset.token_param)


def _key_place(spec: ModelSpec, options: ChatOptions, preset: Preset) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Variables that may hold the key, and the hosts that are its home.

    A variable that the suite names (`key_env`) has no home: suites come from pull requests, so the person who runs
    them has to allow the variable and the host.
    """
    named = options.key_env
    if named is None or named in preset.key_env:
        return preset.key_env, preset.key_hosts
    if not _ENV_NAME.fullmatch(named):
        raise SuiteError(f"models.{spec.name}.key_env is {named!r}; it takes the name of an environment variable.")
    return (named,), ()


def _with_effort(value: object, effort: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_effort(inner, effort) for key, inner in value.items()}
    return effort if value == "$effort" else value
