"""The Messages adapter through the real Anthropic SDK: against the fake provider, and against raw bytes on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialect import DialectAdapter
from evalkit.adapters.dialects import anthropic_messages
from evalkit.adapters.dialects.anthropic_messages import DEFAULT_MAX_TOKENS, read_usage
from evalkit.errors import (
    BadReply,
    OutOfCredit,
    Overloaded,
    RateLimited,
    RequestError,
    ServerError,
    SuiteError,
    Unsupported,
)
from evalkit.records import Message, Request, Response, Settings
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.loopback import Loopback, loopback, reply, stream_of

CANARY = "sk-ant-canary-6f1d0c9b2a"
ASK = Request((Message("system", "Be brief."), Message("user", "What is the capital of France?")))


def make(url: str | None, **fields: Any) -> DialectAdapter:
    return anthropic_messages.make(ModelSpec(name="claude", adapter="anthropic", model="m-1", base_url=url, **fields))


@asynccontextmanager
async def served(behaviour: Behaviour, **fields: Any) -> AsyncIterator[tuple[FakeProvider]]:
    async with FakeProvider(behaviour) as provider:
        adapter = make(provider.origin, **fields)
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


def events(*middle: Mapping[str, Any], stop: str | None = "end_turn", **delta: Any) -> bytes:
    """A message with these events between its start and its end."""
    start = {
        "type": "message_start",
        "message": {"model": "m-1-served", "usage": {"input_tokens": 3, "output_tokens": 1}},
    }
    end = {"type": "message_delta", "delta": {"stop_reason": stop, **delta}, "usage": {"output_tokens": 5}}
    return stream_of(start, {"type": "ping"}, *middle, end, {"type": "message_stop"})


def text(piece: str, index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": piece}}


async def test_an_answer_comes_whole_with_its_usage_and_its_thinking() -> None:
    behaviour = Behaviour(
        reply="Paris it is",
        reasoning="Think of France",
        cached_tokens=3,
        cache_write_tokens=2,
        cache_write_1h_tokens=1,
        served_model="m-1-2026",
    )
    async with served(behaviour) as (adapter, _):
        response = await adapter.respond(ASK)
    assert (response.text, response.reasoning, response.stop_reason) == ("Paris it is", "Think of France", "stop")
    assert response.served_model == "m-1-2026"
    usage = response.usage
    assert usage is not None
    # The provider reports 2 fresh tokens: the total is the sum of fresh, written and read.
    assert (usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h) == (8, 3, 2, 1)
    assert (usage.cache_write_other, usage.output, usage.reasoning) == (None, 6, 3)
    assert usage.service_tier == "standard"
    assert response.raw_usage is not None and response.raw_usage["input_tokens"] == 2


async def test_what_is_asked_for_stands_in_the_request_and_nothing_else() -> None:
    answer = events(text("Paris"))
    _, server = await asked(answer)
    assert server.last.path == "/v1/messages"
    assert server.last.body == {
        "model": "m-1",
        "max_tokens": DEFAULT_MAX_TOKENS,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
        "stream": True,
    }
    schema = {"type": "object", "properties": {}}
    settings = Settings(
        max_output_tokens=9, stop=("END",), reasoning_effort="low", json_schema=schema, extra={"service_tier": "auto"}
    )
    _, server = await asked(answer, Request(ASK.messages, settings))
    body = server.last.body
    assert (body["max_tokens"], body["stop_sequences"], body["service_tier"]) == (9, ["END"], "auto")
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": schema}}


async def test_the_default_limit_is_recorded() -> None:
    adapter = make("http://127.0.0.1:1")
    assert adapter.endpoint.facts["default_max_tokens"] == str(DEFAULT_MAX_TOKENS)
    await adapter.aclose()


async def test_sampling_parameters_are_dropped_and_said_to_be() -> None:
    settings = Settings(temperature=0.0, top_p=0.9, seed=1, top_logprobs=2)
    response, server = await asked(events(text("Paris")), Request(ASK.messages, settings))
    assert response.dropped == ("seed", "temperature", "top_logprobs", "top_p")
    assert not {"temperature", "top_p"} & server.last.body.keys()
    assert server.last.headers["anthropic-version"] != "2023-06-01"


async def test_legacy_sampling_sends_them_under_the_old_version() -> None:
    settings = Settings(temperature=0.0)
    options = {"legacy_sampling": True}
    response, server = await asked(events(text("Paris")), Request(ASK.messages, settings), options=options)
    assert response.dropped == ()
    assert server.last.body["temperature"] == 0.0
    assert server.last.headers["anthropic-version"] == "2023-06-01"
    _, server = await asked(events(text("Paris")), options=options)
    assert server.last.headers["anthropic-version"] != "2023-06-01"


async def test_system_messages_are_joined_and_may_only_stand_first() -> None:
    messages = (Message("system", "One."), Message("system", "Two."), Message("user", "a"), Message("user", "b"))
    _, server = await asked(events(text("x")), Request(messages))
    assert server.last.body["system"] == "One.\n\nTwo."
    assert [turn["content"] for turn in server.last.body["messages"]] == ["a", "b"]
    with pytest.raises(Unsupported, match="system message"):
        await asked(events(text("x")), Request((Message("user", "a"), Message("system", "late"))))


async def test_a_refusal_is_no_answer_and_no_error() -> None:
    async with served(Behaviour(refuse_rate=1.0)) as (adapter, _):
        response = await adapter.respond(ASK)
    assert response.stop_reason == "refusal"
    assert response.refusal == "general_harms: The fake provider refuses."


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_use"),
        ("pause_turn", "other"),
        ("what_comes_next", "other"),
        (None, "other"),
    ],
)
async def test_every_stop_reason_has_its_meaning(reason: str | None, expected: str) -> None:
    response, _ = await asked(events(text("Paris"), stop=reason))
    assert (response.stop_reason, response.refusal) == (expected, None)


async def test_a_refusal_without_details_is_still_one() -> None:
    response, _ = await asked(events(stop="refusal", stop_details=None))
    assert (response.stop_reason, response.refusal) == ("refusal", "refusal")


async def test_text_of_several_blocks_is_one_answer() -> None:
    start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "Pa"}}
    tool = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}}
    response, _ = await asked(events(start, text("ris"), tool, text(" it is", 2)))
    assert response.text == "Paris it is"


async def test_the_later_usage_wins_and_keeps_what_it_leaves_out() -> None:
    response, _ = await asked(events(text("Paris")))
    assert response.raw_usage == {"input_tokens": 3, "output_tokens": 5}


def test_usage_that_is_not_reported_is_unknown_and_not_zero() -> None:
    usage = read_usage({"output_tokens": 5})
    assert (usage.input, usage.cache_read, usage.cache_write_5m, usage.reasoning) == (None, None, None, None)
    usage = read_usage({"input_tokens": 1, "cache_creation_input_tokens": 4, "output_tokens": 5})
    assert (usage.input, usage.cache_write_5m, usage.cache_write_other) == (5, None, 4)


async def test_a_balance_that_is_too_low_stops_the_model_though_it_comes_as_400() -> None:
    error = {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}
    with pytest.raises(OutOfCredit):
        await asked(reply(400, json.dumps({"type": "error", "error": error}).encode()))


@pytest.mark.parametrize(
    ("code", "kind"), [("overloaded_error", Overloaded), ("rate_limit_error", RateLimited), ("api_error", ServerError)]
)
async def test_an_error_inside_a_stream_is_told_by_its_type(code: str, kind: type[RequestError]) -> None:
    with pytest.raises(kind):
        await asked(stream_of({"type": "error", "error": {"type": code, "message": "no"}}))


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"<html>Welcome</html>", "text/html"),
        stream_of({"type": "content_block_delta", "index": 0}),
        stream_of({"type": "message_start", "message": []}),
        reply(200, b"data: nonsense\n\n", "text/event-stream"),
    ],
)
async def test_what_is_no_stream_of_the_dialect_is_a_bad_reply(answer: bytes) -> None:
    with pytest.raises(BadReply):
        await asked(answer)


async def test_no_hidden_variable_reaches_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_IDENTITY_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", f"X-Canary: {CANARY}\nx-api-key: {CANARY}")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://collector.example")
    _, server = await asked(events(text("Paris")))
    assert CANARY not in str(server.requests)
    _, server = await asked(events(text("Paris")), key_hosts=frozenset({"127.0.0.1"}))
    assert server.last.headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in str({k: v for k, v in server.last.headers.items() if k != "authorization"})
    adapter = make(None)
    assert adapter.endpoint.host == "api.anthropic.com"
    assert CANARY not in repr(vars(adapter)) + repr(adapter.endpoint)
    await adapter.aclose()


def test_a_misspelt_option_is_answered_with_its_neighbour() -> None:
    with pytest.raises(SuiteError, match="legacy_sampling"):
        make("http://127.0.0.1:1", options={"legacy_samplin": True})


@pytest.mark.parametrize("last", [{}, {"output_tokens": 0}, {"output_tokens": None}, {"input_tokens": 3}, None, "none"])
async def test_the_output_of_a_stream_is_unknown_where_only_its_start_counted_it(last: Any) -> None:
    start = {"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 3, "output_tokens": 1}}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last}
    response, _ = await asked(stream_of(start, text("Paris is the capital of France."), end, {"type": "message_stop"}))
    assert response.usage is not None
    assert (response.usage.input, response.usage.output) == (3, None)


def test_written_tokens_whose_sum_is_left_out_are_part_of_the_input() -> None:
    detailed = {"input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 60}, "output_tokens": 5}
    for usage in (read_usage(detailed), read_usage(detailed | {"cache_creation_input_tokens": 0})):
        assert (usage.input, usage.cache_write_5m, usage.cache_write_other) == (61, 60, None)
