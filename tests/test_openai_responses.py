"""The Responses adapter through the real OpenAI SDK: against the fake provider, and against raw bytes on loopback."""

from __future__ import annotations

import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialect import DialectAdapter
from evalkit.adapters.dialects import openai_responses
from evalkit.adapters.dialects.openai_responses import read_usage
from evalkit.adapters.presets import Preset, load_preset
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    MissingKey,
    OutOfCredit,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
    SuiteError,
    Unsupported,
)
from evalkit.records import Message, Request, Response, Settings
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.loopback import Loopback, loopback, reply, stream_of

CANARY = "sk-canary-6f1d0c9b2a"
ASK = Request((Message("system", "Be brief."), Message("user", "What is the capital of France?")))


def make(url: str | None, preset: Preset | None = None, **fields: Any) -> DialectAdapter:
    return openai_responses.make(ModelSpec(name="gpt", adapter="openai", model="m-1", base_url=url, **fields), preset)


@asynccontextmanager
async def served(behaviour: Behaviour, **fields: Any) -> AsyncIterator[tuple[DialectAdapter, FakeProvider]]:
    async with FakeProvider(behaviour) as provider:
        adapter = make(provider.base_url, **fields)
        try:
            yield adapter, provider
        finally:
            await adapter.aclose()


async def asked(answer: bytes, request: Request = ASK, **fields: Any) -> tuple[Response, Loopback]:
    """The response to one request, and the server that gave it."""
    async with loopback(answer) as server:
        adapter = make(server.url, **fields)
        try:
            return await adapter.respond(request), server
        finally:
            await adapter.aclose()


def finished(output: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    if output is None:
        output = [message({"type": "output_text", "text": "Paris"})]
    body = {"status": "completed", "model": "m-1-served", "output": output, "usage": None} | fields
    return {"type": f"response.{body['status']}", "response": body}


def message(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "content": list(parts)}


async def test_an_answer_comes_whole_with_its_usage_and_its_reasoning() -> None:
    behaviour = Behaviour(
        reply="Paris it is", reasoning="Think of France", cached_tokens=3, cache_write_tokens=2, served_model="m-1-2026"
    )
    async with served(behaviour) as (adapter, _):
        response = await adapter.respond(ASK)
    assert (response.text, response.reasoning, response.stop_reason) == ("Paris it is", "Think of France", "stop")
    assert response.served_model == "m-1-2026"
    usage = response.usage
    assert usage is not None
    assert (usage.input, usage.cache_read, usage.cache_write_other) == (8, 3, 2)
    assert (usage.output, usage.reasoning, usage.service_tier) == (6, 3, "default")
    assert response.raw_usage is not None and response.raw_usage["input_tokens_details"]["cached_tokens"] == 3


async def test_what_is_asked_for_stands_in_the_request_and_nothing_else() -> None:
    answer = stream_of(finished())
    _, server = await asked(answer)
    assert server.last.path == "/v1/responses"
    assert server.last.body == {
        "model": "m-1",
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is the capital of France?"},
        ],
        "stream": True,
        "store": False,
        "stream_options": {"include_obfuscation": False},
    }
    schema = {"type": "object", "properties": {}}
    settings = Settings(
        max_output_tokens=9,
        temperature=0.0,
        top_p=0.5,
        reasoning_effort="low",
        json_schema=schema,
        top_logprobs=2,
        extra={"service_tier": "flex"},
    )
    _, server = await asked(answer, Request(ASK.messages, settings))
    body = server.last.body
    assert (body["max_output_tokens"], body["temperature"], body["top_p"]) == (9, 0.0, 0.5)
    assert body["reasoning"] == {"effort": "low"}
    assert body["text"]["format"] == {"type": "json_schema", "name": "answer", "schema": schema, "strict": True}
    assert (body["top_logprobs"], body["include"]) == (2, ["message.output_text.logprobs"])
    assert body["service_tier"] == "flex"


async def test_settings_that_the_dialect_has_no_field_for_are_reported_as_dropped() -> None:
    response, server = await asked(stream_of(finished()), Request(ASK.messages, Settings(seed=1, stop=("x",))))
    assert response.dropped == ("seed", "stop")
    assert not {"seed", "stop"} & server.last.body.keys()
    adapter = make("http://127.0.0.1:1/v1")
    assert not adapter.capabilities.seed and not adapter.capabilities.stop and adapter.capabilities.json_schema
    await adapter.aclose()


async def test_log_probabilities_come_with_the_answer() -> None:
    async with served(Behaviour(reply="Paris it is")) as (adapter, _):
        response = await adapter.respond(Request(ASK.messages, Settings(top_logprobs=3)))
        plain = await adapter.respond(ASK)
    assert response.top_logprobs is not None and len(response.top_logprobs) == 3
    assert all(len(token) == 3 and max(token.values()) <= 0 for token in response.top_logprobs)
    assert plain.top_logprobs is None


async def test_a_refusal_is_no_answer_and_no_error() -> None:
    async with served(Behaviour(refuse_rate=1.0, refusal="I will not.")) as (adapter, _):
        response = await adapter.respond(ASK)
    assert (response.stop_reason, response.refusal, response.text) == ("refusal", "I will not.", "")


async def test_a_content_filter_is_told_from_the_output_limit() -> None:
    async with served(Behaviour(filter_rate=1.0)) as (adapter, _):
        filtered = await adapter.respond(ASK)
    assert (filtered.stop_reason, filtered.refusal) == ("content_filter", "content_filter")
    async with served(Behaviour(reply="one two three four")) as (adapter, _):
        cut = await adapter.respond(Request(ASK.messages, Settings(max_output_tokens=2)))
    assert (cut.stop_reason, cut.refusal, cut.text.split()) == ("length", None, ["one", "two"])


@pytest.mark.parametrize("code", ["bio_policy", "misalignment_policy_violation"])
async def test_a_policy_that_stops_the_answer_is_a_refusal_and_not_a_fault(code: str) -> None:
    failed = finished([], status="failed", error={"code": code, "message": "not this"})
    response, _ = await asked(stream_of(failed))
    assert (response.stop_reason, response.refusal) == ("content_filter", f"{code}: not this")


async def test_a_filter_that_turns_the_prompt_away_with_400_is_a_refusal_too() -> None:
    body = json.dumps({"error": {"code": "content_filter", "message": "The prompt was filtered."}}).encode()
    response, _ = await asked(reply(400, body))
    assert (response.stop_reason, response.refusal) == ("content_filter", "The prompt was filtered.")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("server_error", ServerError),
        ("rate_limit_exceeded", RateLimited),
        ("invalid_prompt", Rejected),
    ],
)
async def test_a_failed_response_is_an_error_by_its_code(code: str, kind: type[RequestError]) -> None:
    failed = finished([], status="failed", error={"code": code, "message": "no"})
    with pytest.raises(kind):
        await asked(stream_of(failed))


async def test_the_sdks_error_is_the_cause_of_ours() -> None:
    for status in ("400", "429", "500"):
        async with served(Behaviour(faults={status: 1.0})) as (adapter, _):
            with pytest.raises(RequestError) as caught:
                await adapter.respond(ASK)
        assert caught.value.__cause__ is not None


async def test_a_spent_quota_is_not_a_rate_limit() -> None:
    body = json.dumps(
        {"error": {"code": "insufficient_quota", "type": "insufficient_quota", "message": "You exceeded"}}
    )
    with pytest.raises(OutOfCredit):
        await asked(reply(429, body.encode()))


async def test_line_separators_inside_a_text_do_not_break_events() -> None:
    text = "one\u2028two\x85three\x0bfour\r\nfive"
    delta = {"type": "response.output_text.delta", "delta": text}
    response, _ = await asked(stream_of(delta, finished([message({"type": "output_text", "text": text})])))
    assert response.text == text


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"<html>Welcome</html>", "text/html"),
        reply(200, b'{"id": "resp_1", "output": []}'),
        reply(200, b"data: [1, 2]\n\n", "text/event-stream"),
        stream_of({"type": "response.output_text.delta", "delta": 7}),
        stream_of({"type": "response.completed", "response": None}),
        stream_of(finished([{"no": "type"}])),
    ],
)
async def test_what_is_no_stream_of_the_dialect_is_a_bad_reply(answer: bytes) -> None:
    with pytest.raises(BadReply):
        await asked(answer)


async def test_a_stream_of_unknown_events_alone_is_no_answer() -> None:
    with pytest.raises(ConnectionFailed, match="ended before the answer did"):
        await asked(reply(200, b'data: {"no": "type"}\n\n', "text/event-stream"))


async def test_events_that_are_not_known_are_passed_over() -> None:
    response, _ = await asked(stream_of({"type": "response.something.new", "x": 1}, finished()))
    assert response.text == "Paris"


async def test_a_last_event_without_its_blank_line_counts() -> None:
    event = json.dumps(finished()).encode()
    response, _ = await asked(reply(200, b"event: response.completed\ndata: " + event, "text/event-stream"))
    assert response.text == "Paris"


async def test_usage_that_is_not_reported_is_unknown_and_not_zero() -> None:
    response, _ = await asked(stream_of(finished()))
    assert response.usage is None and response.raw_usage is None
    usage = read_usage({"input_tokens": 5, "output_tokens": 2}, None)
    assert (usage.input, usage.output) == (5, 2)
    assert (usage.cache_read, usage.cache_write_other, usage.reasoning, usage.provider_cost_usd) == (None,) * 4


async def test_the_key_of_openai_does_not_go_to_loopback_and_no_hidden_variable_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Canary: {CANARY}\nAuthorization: Bearer {CANARY}")
    monkeypatch.setenv("OPENAI_BASE_URL", "https://collector.example/v1")
    _, server = await asked(stream_of(finished()))
    assert CANARY not in str(server.requests)
    _, server = await asked(stream_of(finished()), key_hosts=frozenset({"127.0.0.1"}))
    assert server.last.headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in str({k: v for k, v in server.last.headers.items() if k != "authorization"})
    adapter = make(None)
    assert adapter.endpoint.host == "api.openai.com"
    assert CANARY not in repr(vars(adapter)) + repr(adapter.endpoint)
    await adapter.aclose()


def test_a_key_with_a_line_break_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY + "\n")
    with pytest.raises(MissingKey) as caught:
        make(None)
    assert "line break" in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_options_and_own_fields_are_checked_before_anything_is_sent() -> None:
    with pytest.raises(SuiteError) as caught:
        make("http://127.0.0.1:1/v1", options={"compute_type": "int8"}, settings=Settings(extra={"stream": False}))
    assert len(caught.value.complaints) == 2


async def test_what_the_dialect_cannot_do_is_said() -> None:
    async with served(Behaviour()) as (adapter, provider):
        with pytest.raises(Unsupported, match="log-likelihood"):
            await adapter.respond(Request(ASK.messages, continuations=(" A",)))
        with pytest.raises(Unsupported, match="input"):
            await adapter.respond(Request(ASK.messages, Settings(extra={"input": "x"})))
        assert len(provider.account) == 0


async def test_xai_speaks_the_same_dialect_with_its_own_key_and_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_API_KEY", CANARY)
    preset = load_preset("xai")
    adapter = make(None, preset)
    assert adapter.endpoint.host == "api.x.ai"
    await adapter.aclose()
    usage = {"input_tokens": 10, "output_tokens": 4, "cost_in_usd_ticks": 37756000}
    async with loopback(stream_of(finished(usage=usage))) as server:
        adapter = make(server.url, preset, key_hosts=frozenset({"127.0.0.1"}))
        response = await adapter.respond(ASK)
        await adapter.aclose()
    assert server.last.headers["authorization"] == f"Bearer {CANARY}"
    assert "stream_options" not in server.last.body
    assert response.usage is not None and response.usage.provider_cost_usd == Decimal("0.0037756")
