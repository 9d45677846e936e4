"""Files of providers: OpenAI's batches and stored completions, Anthropic's batches, Gemini's batches.

{"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": {...}}             # OpenAI, input
{"custom_id": "r-1", "response": {"status_code": 200, "body": {...}}, "error": null}             # OpenAI, output
{"custom_id": "r-1", "params": {...}}                                                            # Anthropic, input
{"custom_id": "r-1", "result": {"type": "succeeded", "message": {...}}}                          # Anthropic, output
{"object": "list", "data": [{"object": "chat.completion", "request_id": "...", "choices": [...]}]}      # stored
{"key": "r-1", "request": {...}, "response": {"candidates": [...]}}                              # Gemini

Batches keep questions and answers in two files, in different orders: give both (the folder), and `custom_id` joins
them. A batch has no time of its own for an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Answer, Call, LoggedUsage
from evalkit.bridges.traces.conversations import turns_of
from evalkit.bridges.traces.offered_tools import tools_of
from evalkit.bridges.traces.span_calls import settings_of
from evalkit.bridges.traces.token_counts import tokens_of
from evalkit.bridges.traces.values import at, decoded, first, moment, text
from evalkit.text.numbers import whole_number


def of_record(record: Mapping[str, Any]) -> Iterator[Call] | None:  # noqa: PLR0911  # one return a shape
    """The calls, or the parts of calls, of one record; None where it is of no such file."""
    if "custom_id" in record:
        if isinstance(record.get("body"), Mapping):
            return iter([_request(record, record["body"], "openai-batch")])
        if isinstance(record.get("params"), Mapping):
            return iter([_request(record, record["params"], "anthropic-batch")])
        if isinstance(record.get("result"), Mapping):
            return iter([_anthropic(record)])
        if "response" in record or "error" in record:
            return iter([_openai(record)])
        return None
    if record.get("object") == "list" and isinstance(record.get("data"), list):
        return (made for one in record["data"] if isinstance(one, Mapping) for made in _stored(one))
    if record.get("object") in ("chat.completion", "response"):
        return iter(_stored(record))
    if isinstance(record.get("request"), Mapping) and at(record, "request", "contents") is not None:
        return iter([_gemini(record)])
    return None


def _request(record: Mapping[str, object], body: Mapping[str, object], source: str) -> Call:
    return Call(
        source,
        id=str(record["custom_id"]),
        model=text(body.get("model")),
        messages=tuple(turns_of(body)),
        tools=tools_of(body.get("tools")),
        settings=settings_of(body),
        slices=_labels(body.get("metadata")),
        part="request",
    )


def _openai(record: Mapping[str, object]) -> Call:
    response, body = record.get("response"), at(record, "response", "body")
    status = at(response, "status_code")
    error = first(record, "error") or at(body, "error")
    failed = error is not None or (isinstance(status, int) and status >= 400) or not isinstance(body, Mapping)
    made = Call("openai-batch", id=str(record["custom_id"]), provider="openai", withheld=_NO_INPUT)
    if failed:
        words = text(at(error, "message")) or text(at(error, "code"))
        made.error = words or (f"HTTP {status}" if status else "no response")
        return made
    return _answered(made, body)


_NO_INPUT = "the prompts are in the batch's input file: give both files"


def _answered(made: Call, body: Mapping[str, object]) -> Call:
    made.served = text(body.get("model"))
    made.model = made.model or made.served
    made.answer = answer_of(body)
    made.usage = tokens_of(body.get("usage"))
    made.started_at = moment(first(body, "created", "created_at"))
    return made


def _anthropic(record: Mapping[str, Any]) -> Call:
    result = record["result"]
    made = Call("anthropic-batch", id=str(record["custom_id"]), provider="anthropic", withheld=_NO_INPUT)
    message = result.get("message")
    if result.get("type") != "succeeded" or not isinstance(message, Mapping):
        error = result.get("error")
        inner = at(error, "error") or error
        words = text(at(inner, "message")) or text(at(inner, "type"))
        made.error = words or str(result.get("type") or "no result")
        return made
    return _answered(made, message)


def _stored(one: Mapping[str, object]) -> list[Call]:
    """A stored completion; or one of its messages, which the API lists apart (GET /chat/completions/ID/messages)."""
    if "choices" in one or one.get("object") == "response":
        made = Call(
            "openai-stored",
            id=str(one.get("id") or ""),
            provider="openai",
            tools=tools_of(one.get("tools")),
            settings=settings_of(one),
            slices=_labels(one.get("metadata")),
        )
        asked = first(one, "messages", "input_messages", "input")
        made.messages = tuple(turns_of({**one, "messages": asked, "input": None}) if asked else ())
        made.withheld = None if made.messages else "the prompts of stored completions are listed apart: .../ID/messages"
        return [_answered(made, one)]
    whole, _, place = str(one.get("id") or "").rpartition("-")
    turns = turns_of([one])
    if not whole or whole_number(place) is None or not turns:
        return []
    return [Call("openai-stored", id=whole, span=place, messages=tuple(turns), part="turn")]


def _gemini(record: Mapping[str, Any]) -> Call:
    request, response = record["request"], decoded(record.get("response"))
    config = first(request, "generationConfig", "generation_config", "config")
    error = first(record, "error", "status")
    made = Call(
        "gemini-batch",
        id=str(first(record, "key", "id") or at(request, "labels", "custom_id") or ""),
        provider="google",
        messages=tuple(turns_of(request)),
        tools=tools_of(request.get("tools") or at(config, "tools")),
        settings=settings_of(config or {}),
        slices=_labels(request.get("labels")),
    )
    if isinstance(response, Mapping) and response.get("candidates"):
        made.served = text(first(response, "modelVersion", "model_version"))
        made.model = made.served
        made.answer = answer_of(response)
        made.usage = tokens_of(first(response, "usageMetadata", "usage_metadata"))
        made.started_at = moment(first(response, "createTime", "create_time"))
    else:
        made.answer, made.usage = Answer(), LoggedUsage()
        made.error = (text(error) if isinstance(error, str) else text(at(error, "message"))) or "no response"
    return made


def _labels(said: object) -> dict[str, str]:
    said = decoded(said)
    if not isinstance(said, Mapping):
        return {}
    return {str(name)[:100]: str(value)[:200] for name, value in said.items() if isinstance(value, str | int | bool)}
