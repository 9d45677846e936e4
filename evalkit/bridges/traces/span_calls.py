"""Which spans are calls of a model, and what they and log records say, by every convention that is about.

call_of_span(LoggedSpan("chat gpt-4o", attributes={"gen_ai.operation.name": "chat", ...}))    # a Call
call_of_span(LoggedSpan("ai.generateText", ...))                                              # None: its child is

Read are OpenTelemetry's GenAI conventions (`gen_ai.input.messages`; the older `gen_ai.prompt.N.role`), OpenInference
(`llm.input_messages.N.message.role`), the Vercel AI SDK (`ai.prompt.messages`), Langfuse, MLflow and Braintrust over
OTLP, and what coding agents write. A span that adds up others (an agent, a workflow, `ai.generateText`) is no call.

Instrumentations that keep content apart from spans write it into log records (`part_of_event`):

gen_ai.client.inference.operation.details   one record a call, its messages as structured attributes
gen_ai.user.message, gen_ai.choice ...      the older way: one record a message, its text in the body
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Answer, Call, LoggedMessage
from evalkit.bridges.traces.conversations import as_word, not_understood, role_of, turns_of
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.spans import LoggedEvent, LoggedSpan
from evalkit.bridges.traces.token_counts import CODEX, tokens_of_span
from evalkit.bridges.traces.values import at, decoded, first, moment, number, seconds, text, whole

_CALLS = frozenset({"chat", "generate_content", "text_completion", "llm_call", "completion", "responses", "message"})
_INNER = (
    "ai.generateText.doGenerate",
    "ai.streamText.doStream",
    "ai.generateObject.doGenerate",
    "ai.streamObject.doStream",
)
_PLACE = re.compile("[0-9]{1,9}")
"""A number in an attribute's name."""
_CUSTOMER = ("user.id", "enduser.id", "gen_ai.request.user", "langfuse.trace.user_id", "ai.telemetry.metadata.userId")
_SESSION = ("session.id", "gen_ai.conversation.id", "langfuse.trace.session_id", "ai.telemetry.metadata.sessionId")
_OWN = ("langfuse.trace.metadata.", "langfuse.observation.metadata.", "ai.telemetry.metadata.", "metadata.", "tag.")
_SETTINGS: Mapping[str, tuple[str, ...]] = {
    "max_output_tokens": ("max_tokens", "max_output_tokens", "max_completion_tokens", "maxOutputTokens"),
    "temperature": ("temperature",),
    "top_p": ("top_p", "topP"),
    "seed": ("seed",),
    "stop": ("stop_sequences", "stop", "stopSequences"),
    "response_format": ("response_format", "response_schema"),
    "reasoning_effort": ("reasoning_effort",),
}
DETAILS = "gen_ai.client.inference.operation.details"
_TURN, _CHOICE = ("gen_ai.", ".message"), "gen_ai.choice"


def is_call(span: LoggedSpan) -> bool:  # noqa: PLR0911  # one return a shape
    """Whether a span is one request to a model that answers with text or calls."""
    has, name = span.attributes, span.name
    kind = has.get("openinference.span.kind")
    if isinstance(kind, str):
        return kind.upper() == "LLM"
    if (kind := has.get("langfuse.observation.type")) is not None:
        return bool(kind == "generation")
    if isinstance(operation := has.get("ai.operationId"), str):
        return operation in _INNER
    if name.startswith("ai.") and any(name.startswith(inner) for inner in _INNER):
        return True
    if isinstance(kind := decoded(has.get("mlflow.spanType")), str):
        return kind in ("CHAT_MODEL", "LLM")
    if (kind := decoded(has.get("braintrust.span_attributes"))) is not None:
        return bool(at(kind, "type") == "llm")
    if "traceloop.span.kind" in has or has.get("logfire.span_type") == "pending_span":
        return False
    if isinstance(operation := has.get("gen_ai.operation.name"), str):
        return operation.lower() in _CALLS
    if isinstance(kind := has.get("llm.request.type"), str):
        return kind in ("chat", "completion")
    if has.get("span_type") == "LLM" or any(key.startswith(CODEX) for key in has):
        return True
    if first(has, "gen_ai.request.model", "gen_ai.response.model", "llm.model_name", "llm.response.model") is None:
        return False
    return any(
        key.startswith(("gen_ai.usage.", "gen_ai.prompt", "gen_ai.completion", "gen_ai.input.", "llm.token_count."))
        for key in has
    )


def call_of_span(span: LoggedSpan, source: str = "otlp") -> Call | None:
    """The call that a span is; None where it is none."""
    if not is_call(span):
        return None
    has = span.attributes
    messages = _messages(has)
    made = Call(
        source,
        id=text(has.get("gen_ai.response.id")) or span.span,
        trace=span.trace,
        span=span.span,
        parent=span.parent,
        name=text(first(has, "gen_ai.prompt.name", "langfuse.observation.prompt.name", "ai.telemetry.functionId"))
        or "",
        model=text(
            first(
                has,
                "gen_ai.request.model",
                "llm.model_name",
                "ai.model.id",
                "langfuse.observation.model.name",
                "model",
            )
        ),
        served=text(first(has, "gen_ai.response.model", "ai.response.model", "llm.response.model")),
        provider=text(
            first(has, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider")
        ),
        messages=tuple(messages),
        tools=_tools(has),
        settings=_settings(has),
        answer=_answer(has),
        error=_error(span),
        usage=tokens_of_span(has),
        started_at=span.started_at,
        total_s=span.total_s,
        ttft_s=_ttft(span),
        session=text(first(has, *_SESSION)),
        slices=_slices(has, span.resource),
        streamed=has.get("gen_ai.request.stream") is True
        or has.get("llm.is_streaming") is True
        or has.get("gen_ai.is_streaming") is True
        or "doStream" in span.name,
    )
    if "mlflow.llm.model" in has:
        made.served = text(decoded(has["mlflow.llm.model"]))
    if span.scope.startswith("logfire") and has.get("logfire.span_type") == "log":
        made.part = "stream"  # the end of a stream, which another span began
    if not messages:
        made.withheld = "the log holds no content"
    return made


def part_of_event(event: LoggedEvent) -> Call | None:
    """The part of a call that a log record holds; None where it holds none."""
    if event.name == DETAILS:
        span = LoggedSpan(trace=event.trace, span=event.span, attributes=event.attributes)
        span.attributes.setdefault("gen_ai.operation.name", "chat")
        made = call_of_span(span)
        if made is not None:
            made.part = "content"
        return made
    turn = turn_of(event.name, event.body)
    if turn is None:
        return None
    turn.trace, turn.span, turn.part = event.trace, event.span, "turn"
    return turn


def turn_of(name: str, body: object) -> Call | None:
    """A call with the one turn, or the answer, that an event of the older conventions holds."""
    body = decoded(body)
    if name == _CHOICE:
        inner = body.get("message", body) if isinstance(body, Mapping) else body
        made = Call("otlp", answer=answer_of(inner))
        if isinstance(body, Mapping) and isinstance(body.get("finish_reason"), str):
            made.answer.finish = body["finish_reason"]
        return made
    if not (name.startswith(_TURN[0]) and name.endswith(_TURN[1])):
        return None
    said = name[len(_TURN[0]) : -len(_TURN[1])]
    role = role_of(said)
    if role is None:
        return Call("otlp", messages=(not_understood(f"a role that is not known{as_word(said)}"),))
    turns = turns_of([{"role": role, **body, **{"role": role}}]) if isinstance(body, Mapping) else turns_of(body)
    return Call("otlp", messages=tuple(turns))


def _messages(has: Mapping[str, object]) -> list[LoggedMessage]:
    found: list[LoggedMessage] = []
    system = has.get("gen_ai.system_instructions")
    for key in ("gen_ai.input.messages", "ai.prompt.messages", "ai.prompt"):
        if has.get(key) is not None and (found := turns_of(has[key])):
            break
    if not found:
        found = _listed(has, "gen_ai.prompt.") or _listed(has, "llm.input_messages.") or _listed(has, "llm.prompts.")
    if not found:
        for key in ("gen_ai.prompt", "langfuse.observation.input", "mlflow.spanInputs", "braintrust.input_json"):
            if has.get(key) is not None and (found := turns_of(has[key])):
                break
    if not found:
        found = turns_of(first(has, "input.value", "input"))
    if system in (None, "", [], "[]"):
        return found
    told = turns_of({"instructions": system})
    here = {one.text for one in found if one.role == "system"}
    return [one for one in told if one.text not in here or one.unread] + found


def _answer(has: Mapping[str, object]) -> Answer:
    made = Answer()
    if has.get("gen_ai.output.messages") is not None:
        made = answer_of(has["gen_ai.output.messages"])
    elif has.get("ai.response.text") is not None or has.get("ai.response.toolCalls") is not None:
        made = answer_of({"text": has.get("ai.response.text"), "toolCalls": decoded(has.get("ai.response.toolCalls"))})
    elif has.get("ai.response.object") is not None:
        value = has["ai.response.object"]
        made = Answer(value if isinstance(value, str) else None)
    if made.is_empty:
        choices = _listed(has, "gen_ai.completion.")
        made = _of_listed(choices or _listed(has, "llm.output_messages."), parts=not choices)
    if made.is_empty:
        keys = ("gen_ai.completion", "langfuse.observation.output", "mlflow.spanOutputs", "braintrust.output_json")
        for key in (*keys, "output.value", "output"):
            if has.get(key) is not None and not (made := answer_of(has[key])).is_empty:
                break
    reasons = decoded(
        first(has, "gen_ai.response.finish_reasons", "ai.response.finishReason", "gen_ai.completion.0.finish_reason")
    )
    reason = reasons[0] if isinstance(reasons, list) and reasons else reasons
    made.finish = text(reason) or text(has.get("llm.finish_reason")) or made.finish
    return made


def _of_listed(turns: list[LoggedMessage], *, parts: bool) -> Answer:
    """The first answer; `parts`: turns may be parts of one, which says something in one of them alone."""
    said = [turn for turn in turns if turn.role == "assistant"] or turns[:1]
    taken = said if parts and sum(bool(turn.text) for turn in said) <= 1 else said[:1]
    if not taken:
        return Answer()
    text, calls = "".join(turn.text for turn in taken), tuple(call for turn in taken for call in turn.calls)
    other = tuple(one for turn in taken for one in turn.other)
    return Answer(text if text or not calls else None, calls, other=other, n_others=len(said) - len(taken))


def _listed(has: Mapping[str, object], prefix: str) -> list[LoggedMessage]:
    """The turns of flat attributes with numbers in their names, in the order of the numbers (10 after 9)."""
    keys = [key for key in has if key.startswith(prefix)]
    if not keys:
        return []
    tree: dict[Any, Any] = {}
    for key in keys:
        here = tree
        parts = key[len(prefix) :].split(".")
        for part in parts[:-1]:
            inner = here.setdefault(part, {})
            if not isinstance(inner, dict):
                break
            here = inner
        else:
            here[parts[-1]] = has[key]
    told = [item.get("message", item) if isinstance(item, dict) else item for item in _in_order(tree)]
    return turns_of([{"role": "user", **one} if isinstance(one, dict) else one for one in told])


def _in_order(tree: object) -> list[Any]:
    """The values of numbered keys in the order of the numbers, numbered ones inside them as lists."""
    if not isinstance(tree, dict):
        return [tree]
    numbered = sorted((int(key), n) for n, key in enumerate(tree) if _PLACE.fullmatch(str(key)))
    values = list(tree.values())
    return [_plain(values[n]) for _, n in numbered]


def _plain(value: object) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(_PLACE.fullmatch(str(key)) for key in value):
        return _in_order(value)
    return {key: _plain(inner) for key, inner in value.items()}


def _tools(has: Mapping[str, object]) -> tuple[dict[str, object], ...]:
    for key in ("gen_ai.tool.definitions", "ai.prompt.tools", "mlflow.chat.tools"):
        if has.get(key) is not None and (found := tools_of(has[key])):
            return found
    for prefix in ("llm.request.functions.", "llm.tools."):
        if any(key.startswith(prefix) for key in has):
            tree: dict[Any, Any] = {}
            for key in has:
                if key.startswith(prefix):
                    place, _, name = key[len(prefix) :].partition(".")
                    tree.setdefault(place, {})[name.removeprefix("tool.")] = decoded(has[key])
            return tools_of(_in_order(tree))
    request = decoded(first(has, "langfuse.observation.input", "mlflow.spanInputs", "llm.invocation_parameters"))
    return tools_of(request["tools"]) if isinstance(request, dict) and request.get("tools") else ()


def _settings(has: Mapping[str, object]) -> dict[str, object]:
    given: dict[str, object] = {}
    for key in ("llm.invocation_parameters", "langfuse.observation.model.parameters", "mlflow.spanInputs"):
        inner = decoded(has.get(key))
        if isinstance(inner, dict):
            given |= inner
    for key, value in has.items():
        if key.startswith("gen_ai.request."):
            given[key.removeprefix("gen_ai.request.")] = value
        elif key.startswith("ai.settings."):
            given[key.removeprefix("ai.settings.")] = value
    return settings_of(given)


def settings_of(given: Mapping[str, object]) -> dict[str, object]:
    """How the answer was to be made, under our names; what is not understood is left out."""
    found: dict[str, object] = {}
    for name, keys in _SETTINGS.items():
        value = decoded(first(given, *keys))
        if name in ("max_output_tokens", "seed"):
            value = whole(value)
        elif name in ("temperature", "top_p"):
            value = number(value)
        elif name == "stop":
            value = [value] if isinstance(value, str) and value else value
            value = value if isinstance(value, list) and value and all(isinstance(one, str) for one in value) else None
        elif name == "response_format":
            value = value if isinstance(value, dict) else None
        elif not isinstance(value, str):
            value = None
        if value or (value == 0 and name in ("temperature", "seed")):
            found[name] = value
    return found


def _error(span: LoggedSpan) -> str | None:
    has = span.attributes
    kind = text(has.get("error.type"))
    for name, about in span.events:
        if name == "exception":
            kind = kind or text(about.get("exception.type"))
            span.message = span.message or str(about.get("exception.message") or "")
    if has.get("langfuse.observation.level") == "ERROR":
        return text(has.get("langfuse.observation.status_message")) or kind or "error"
    if not span.failed and kind is None:
        return None
    return ": ".join(one for one in (kind, span.message) if one) or "error"


def _ttft(span: LoggedSpan) -> float | None:
    has = span.attributes
    direct = seconds(
        first(has, "gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token", "time_to_first_token")
    )
    if direct is not None:
        return direct
    ms = seconds(has.get("ai.response.msToFirstChunk"))
    if ms is not None:
        return ms / 1000
    began = moment(decoded(has.get("langfuse.observation.completion_start_time")))
    if began is not None and span.started_at is not None and began >= span.started_at:
        return began - span.started_at
    return None


def _slices(has: Mapping[str, object], resource: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    if (who := text(first(has, *_CUSTOMER))) is not None:
        found["user"] = who
    for key, value in has.items():
        for prefix in _OWN:
            if key.startswith(prefix) and isinstance(value, str | int | bool):
                found[key.removeprefix(prefix)] = str(decoded(value))[:200]
                break
    more = decoded(has.get("metadata"))
    if isinstance(more, dict):
        found |= {str(key): str(value)[:200] for key, value in more.items() if isinstance(value, str | int)}
    where = first(resource, "deployment.environment.name", "deployment.environment")
    where = first(has, "langfuse.environment", "deployment.environment.name") or where
    for name, value in (("environment", where), ("service", resource.get("service.name"))):
        if isinstance(value, str) and value:
            found[name] = value[:200]
    agent = has.get("gen_ai.agent.name")
    if isinstance(agent, str) and agent:
        found["agent"] = agent[:200]
    return found
