"""The Chat Completions adapter through its real client: against the fake provider, and against raw bytes where the
fake provider is too well behaved."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from email.utils import formatdate
from time import perf_counter, time
from typing import Any

import orjson
import pytest

from evalkit.adapters import http_connections, http_session, reply_body
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialects import openai_chat
from evalkit.adapters.dialects.openai_chat import OpenAIChat
from evalkit.adapters.http_errors import Where, error_from_event, error_from_status
from evalkit.adapters.presets import load_preset
from evalkit.adapters.sse import MAX_LINE_BYTES, EventReader
from evalkit.adapters.waits import retry_after
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    KeyRefused,
    MissingKey,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
    SuiteError,
    Unsupported,
)
from evalkit.records import Message, Request, Response, Settings
from evalkit.testing.fake_provider import Behaviour, FakeProvider, continuation_logprob
from tests.loopback import raw_server

CANARY = "sk-canary-6f1d0c9b2a"
ASK = Request((Message("user", "What is the capital of France?"),))


@asynccontextmanager
async def chat(
    behaviour: Behaviour, preset: str = "openai-chat", **fields: Any
) -> AsyncIterator[tuple[OpenAIChat, FakeProvider]]:
    """An adapter in front of a fake provider."""
    async with FakeProvider(behaviour) as provider:
        spec = ModelSpec(name="m", adapter=preset, model="model-1", base_url=provider.base_url, **fields)
        adapter = openai_chat.make(spec, load_preset(preset))
        try:
            yield adapter, provider
        finally:
            await adapter.aclose()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


def event(**fields: Any) -> bytes:
    return b"data: " + orjson.dumps(fields) + b"\n\n"


def delta(finish: str | None = None, **message: Any) -> bytes:
    return event(model="served-1", choices=[{"index": 0, "delta": message, "finish_reason": finish}])


async def answer_to(chunks: Sequence[bytes], preset: str = "openai-chat", **options: Any) -> Response:
    """What the adapter makes of exactly these bytes after the head of a stream."""
    async with raw_server(chunks, **options) as base_url:
        spec = ModelSpec(name="m", adapter=preset, model="model-1", base_url=base_url)
        adapter = openai_chat.make(spec, load_preset(preset))
        try:
            return await adapter.respond(ASK)
        finally:
            await adapter.aclose()


async def test_an_answer_comes_whole_with_its_bill_and_its_times() -> None:
    behaviour = Behaviour(latency_s=0.05, token_interval_s=0.05, reply="Paris is the capital", cached_tokens=2)
    async with chat(behaviour) as (adapter, provider):
        response = await adapter.respond(ASK)
        truth = next(iter(provider.account))
    assert response.text == "Paris is the capital"
    assert response.stop_reason == "stop"
    assert response.served_model == "model-1"
    assert response.fingerprint == "fp_fake"
    assert response.usage is not None
    assert (response.usage.input, response.usage.cache_read, response.usage.output) == (6, 2, 4)
    assert response.raw_usage is not None and response.raw_usage["total_tokens"] == 10
    assert response.timing.ttfr_s is None
    assert truth.first_content is not None and truth.last is not None
    times = response.timing
    assert times.ttft_s is not None and times.last_s is not None
    assert times.sent_at <= truth.arrived <= times.sent_at + times.ttft_s
    assert 0.05 <= times.ttft_s <= times.last_s <= times.total_s
    assert times.last_s - times.ttft_s >= 0.05  # three pauses of 50 ms between four words, the first may be read late


async def test_waiting_for_a_free_connection_is_not_booked_as_the_models_time() -> None:
    async with chat(Behaviour(latency_s=0.2), in_flight=1) as (adapter, _):
        started = perf_counter()
        first, second = await asyncio.gather(adapter.respond(ASK), adapter.respond(ASK))
        took = perf_counter() - started
    assert took >= 0.4
    for response in (first, second):
        assert response.timing.ttft_s is not None and 0.2 <= response.timing.ttft_s < 0.35
    assert abs(second.timing.sent_at - first.timing.sent_at) >= 0.2


async def test_connections_are_used_again() -> None:
    async with chat(Behaviour()) as (adapter, _):
        await adapter.respond(ASK)
        connections = adapter._wire._connections
        assert connections is not None
        session = connections.session
        assert session.connector is not None
        before = {id(conn[0]) for conns in session.connector._conns.values() for conn in conns}
        for _ in range(5):
            await adapter.respond(ASK)
        after = {id(conn[0]) for conns in session.connector._conns.values() for conn in conns}
    assert before == after and len(after) == 1


@pytest.mark.long
async def test_a_response_leaves_no_reference_cycle_to_collect() -> None:
    """A cycle between aiohttp's request and response once cost a fifth of the CPU."""
    async with chat(Behaviour()) as (adapter, _):
        await adapter.respond(ASK)
        gc.collect()
        gc.disable()
        try:
            await adapter.respond(ASK)
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            kinds = {type(thing).__name__ for thing in gc.garbage}
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()
    assert not kinds & {"_TimedResponse", "_TimedRequest", "ChatStream"}


async def test_events_may_be_cut_anywhere_even_inside_a_character() -> None:
    body = (
        b": warming up\r\n\r\n"
        + delta(role="assistant", content="").replace(b"\n", b"\r\n")
        + b"event: message\r\ndata:"
        + orjson.dumps({"choices": [{"index": 0, "delta": {"content": "Grüße, "}}]})
        + b"\r\n\r\n"
        + delta(content="東京 🗼").replace(b"\n", b"\r\n")
        + delta("stop")
        + b"data: [DONE]\n\n"
    )
    for size in (1, 7, 64):
        response = await answer_to([HEAD, *(body[at : at + size] for at in range(0, len(body), size))])
        assert response.text == "Grüße, 東京 🗼"
        assert response.served_model == "served-1"


def test_data_lines_of_one_event_are_joined_and_the_last_needs_no_blank_line() -> None:
    reader = EventReader()
    assert reader.feed(b"data: one\ndata: two\n\ndata:thr") == [b"one\ntwo"]
    assert reader.feed(b"ee\nid: 7\nretry: 5\n") == []
    assert reader.close() == [b"three"]


def test_an_endless_line_is_given_up_before_memory_is() -> None:
    reader = EventReader()
    with pytest.raises(BadReply, match=f"{MAX_LINE_BYTES // 2**20} MiB"):
        for _ in range(MAX_LINE_BYTES // 2**20 + 2):
            reader.feed(b"x" * 2**20)


async def test_reasoning_is_kept_apart_from_the_answer_and_timed() -> None:
    behaviour = Behaviour(
        flavour="vllm", reasoning="Let me think hard.", reasoning_s=0.1, latency_s=0.05, reply="B it is"
    )
    async with chat(behaviour, "vllm") as (adapter, _):
        response = await adapter.respond(ASK)
    assert response.text == "B it is"
    assert response.reasoning == "Let me think hard."
    times = response.timing
    assert times.ttfr_s is not None and times.ttft_s is not None
    assert times.ttfr_s >= 0.05 and times.ttft_s - times.ttfr_s >= 0.03  # 0.1 s; a busy machine reads the first late
    assert response.usage is not None
    assert (response.usage.output, response.usage.reasoning) == (7, 4)


@pytest.mark.parametrize(
    ("flavour", "preset", "output", "reasoning", "cached"),
    [
        ("openai", "openai-chat", 6, 4, 3),
        ("deepseek", "deepseek", 6, 4, 3),
        ("xai", "openai-chat", 6, 4, 3),  # reports 2 and 4, bills 6
        ("mistral", "mistral", 6, None, 3),
        ("fireworks", "fireworks", 6, None, 3),
    ],
)
async def test_usage_is_read_from_every_dialect(
    flavour: Any, preset: str, output: int, reasoning: int | None, cached: int
) -> None:
    behaviour = Behaviour(
        flavour=flavour, reasoning="one two three four", reply="the answer", input_tokens=9, cached_tokens=3
    )
    async with chat(behaviour, preset) as (adapter, _):
        response = await adapter.respond(ASK)
    assert response.text == "the answer"
    assert response.usage is not None
    assert response.usage.input == 9
    assert response.usage.output == output
    assert response.usage.reasoning == reasoning
    assert response.usage.cache_read == cached
    if flavour == "mistral":  # thinking comes as a list of chunks in the content
        assert response.reasoning == "one two three four"


async def test_a_missing_bill_is_unknown_and_not_zero() -> None:
    async with chat(Behaviour(ignores=("stream_options",))) as (adapter, _):
        response = await adapter.respond(ASK)
    assert response.usage is None
    assert response.raw_usage is None


async def test_a_server_that_shows_all_its_tokens_had_no_hidden_reasoning() -> None:
    chunks = [HEAD, delta(content="B"), delta("stop")]
    chunks.append(event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}))
    local = await answer_to([*chunks, b"data: [DONE]\n\n"], "vllm")
    hosted = await answer_to([*chunks, b"data: [DONE]\n\n"], "openai-chat")
    assert local.usage is not None and local.usage.reasoning == 0
    assert hosted.usage is not None and hosted.usage.reasoning is None


async def test_what_the_provider_says_it_cost_is_kept_to_the_last_digit() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4, "cost": 0.00031}
    async with raw_server([HEAD, delta("stop", content="B"), event(choices=[], usage=usage)]) as base_url:
        spec = ModelSpec(name="m", adapter="openrouter", model="x/y", base_url=base_url)
        adapter = openai_chat.make(spec, load_preset("openrouter"))
        response = await adapter.respond(ASK)
        await adapter.aclose()
    assert response.usage is not None
    assert response.usage.provider_cost_usd == Decimal("0.00031")


@pytest.mark.parametrize(
    ("finish", "message", "stop"),
    [
        ("stop", {"content": "B"}, "stop"),
        ("length", {"content": "B"}, "length"),
        ("model_length", {"content": "B"}, "length"),
        ("content_filter", {}, "content_filter"),
        ("sensitive", {}, "content_filter"),
        ("tool_calls", {}, "tool_use"),
        ("something_new", {"content": "B"}, "other"),
        ("stop", {"refusal": "I can't."}, "refusal"),
    ],
)
async def test_every_way_to_stop_has_a_name(finish: str, message: dict[str, str], stop: str) -> None:
    response = await answer_to([HEAD, delta(**message), delta(finish), b"data: [DONE]\n\n"])
    assert response.stop_reason == stop
    if stop in {"refusal", "content_filter"}:
        assert response.refusal


async def test_a_refusal_of_the_model_is_no_text() -> None:
    async with chat(Behaviour(refuse_rate=1.0, refusal="I can't help with that.")) as (adapter, _):
        response = await adapter.respond(ASK)
    assert (response.stop_reason, response.text, response.refusal) == ("refusal", "", "I can't help with that.")


async def test_a_prompt_that_the_provider_filters_is_refused_and_not_an_error() -> None:
    body = orjson.dumps({"error": {"code": "content_filter", "message": "The response was filtered", "status": 400}})
    head = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    response = await answer_to([head + body])
    assert (response.stop_reason, response.refusal) == ("content_filter", "The response was filtered")
    assert response.usage is None


async def test_settings_travel_in_the_providers_own_spelling() -> None:
    settings = Settings(
        max_output_tokens=5,
        temperature=0.5,
        top_p=0.9,
        seed=7,
        stop=("END",),
        reasoning_effort="high",
        json_schema={"type": "object"},
        extra={"safe_prompt": True},
    )
    adapter = _offline("mistral")
    body = adapter.dialect.body(Request(ASK.messages, settings))
    assert body["random_seed"] == 7 and "seed" not in body
    assert body["max_tokens"] == 5
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
    assert body["safe_prompt"] is True and body["stream"] is True
    assert "stream_options" not in body  # Mistral reports usage unasked
    assert _offline("groq").dialect.body(Request(ASK.messages, settings))["max_completion_tokens"] == 5


def test_reasoning_effort_is_spelled_as_the_provider_spells_it() -> None:
    def sent(preset: str, effort: str) -> dict[str, Any]:
        return _offline(preset).dialect.body(Request(ASK.messages, Settings(reasoning_effort=effort)))

    assert sent("openrouter", "low")["reasoning"] == {"effort": "low"}
    assert sent("deepseek", "max")["reasoning_effort"] == "max"
    assert sent("deepseek", "none")["thinking"] == {"type": "disabled"}
    assert sent("vllm", "low")["reasoning_effort"] == "low"
    with pytest.raises(Unsupported, match="only none"):
        sent("dashscope", "high")


def test_extra_settings_may_not_change_what_is_asked() -> None:
    with pytest.raises(SuiteError, match=r"extra\.messages: evalkit sets [^\0]*extra\.stream"):
        _offline("vllm", settings=Settings(extra={"messages": [], "stream": False}))
    with pytest.raises(Unsupported, match="model"):
        _offline("vllm").refuse_own_fields(Request(ASK.messages, Settings(extra={"model": "another"})))


def test_an_effort_that_the_provider_does_not_have_is_seen_before_the_run() -> None:
    with pytest.raises(SuiteError, match="only none"):
        _offline("zai", settings=Settings(reasoning_effort="high"))


def test_options_are_known_or_refused() -> None:
    with pytest.raises(SuiteError, match="did you mean key_env"):
        _offline("vllm", options={"key_evn": "X"})
    with pytest.raises(SuiteError, match="true or false"):
        _offline("vllm", options={"stream": "no"})
    with pytest.raises(SuiteError, match="name of an environment variable"):
        _offline("vllm", options={"key_env": "sk-1234 5678"})


async def test_a_server_that_cannot_stream_is_not_asked_to() -> None:
    async with chat(Behaviour(reply="B"), options={"stream": False}) as (adapter, _):
        response = await adapter.respond(ASK)
        assert not adapter.capabilities.streaming
    assert (response.text, response.timing.ttft_s, response.timing.last_s) == ("B", None, None)
    assert response.usage is not None and response.usage.output == 1


async def test_a_suite_may_vouch_for_the_likelihoods_of_its_server() -> None:
    request = Request((Message("user", "2 + 2 ="),), continuations=(" 4",))
    async with chat(Behaviour(), options={"likelihood": True}) as (adapter, _):
        assert adapter.capabilities.likelihood
        assert (await adapter.respond(request)).loglik_tokens == (1,)
    assert not _offline("vllm", options={"likelihood": False}).capabilities.likelihood


def test_what_a_preset_does_not_support_is_no_capability() -> None:
    assert not _offline("deepseek").capabilities.seed
    assert not _offline("groq").capabilities.top_logprobs
    assert not _offline("sglang").capabilities.likelihood
    assert _offline("vllm").capabilities.likelihood


async def test_a_prompt_that_is_no_unicode_is_rejected_and_not_a_crash() -> None:
    adapter = _offline("vllm")
    with pytest.raises(Rejected, match="no valid JSON") as caught:
        await adapter.respond(Request((Message("user", "broken \ud800 half"),)))
    assert caught.value.sent is False


async def test_a_prompt_of_megabytes_goes_out() -> None:
    async with chat(Behaviour(reply="B")) as (adapter, _):
        response = await adapter.respond(Request((Message("user", "word " * 400_000),)))
    assert response.usage is not None and response.usage.input == 400_000


async def test_top_logprobs_come_for_each_token() -> None:
    async with chat(Behaviour(answers="letter")) as (adapter, _):
        response = await adapter.respond(Request(ASK.messages, Settings(top_logprobs=5, max_output_tokens=1)))
    assert response.top_logprobs is not None and len(response.top_logprobs) == 1
    assert len(response.top_logprobs[0]) == 5
    assert all(value <= 0 for value in response.top_logprobs[0].values())


@pytest.mark.parametrize("fault", ["drop", "drop_mid", "stall", "stall_mid", "malformed"])
async def test_a_broken_stream_keeps_its_cause(fault: str) -> None:
    async with chat(Behaviour(faults={fault: 1.0}, reply="one two three"), idle_timeout_s=0.2) as (adapter, _):
        with pytest.raises(RequestError) as caught:
            await adapter.respond(ASK)
    assert caught.value.retryable and caught.value.__cause__ is not None


async def test_a_stream_that_ends_well_without_done_is_whole() -> None:
    response = await answer_to([HEAD, delta(content="B"), delta("stop")])
    assert response.text == "B"


async def test_a_finished_stream_that_is_kept_open_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "LINGER_S", 0.1)
    response = await answer_to([HEAD, delta("stop", content="B"), b"data: [DONE]\n\n"], hang=True)
    assert response.text == "B"
    assert response.timing.total_s < 0.1


async def test_a_finish_reason_that_means_failure_is_the_systems_fault() -> None:
    with pytest.raises(ServerError, match="insufficient_system_resource"):
        await answer_to([HEAD, delta(content="half an"), delta("insufficient_system_resource"), b"data: [DONE]\n\n"])


@pytest.mark.parametrize(
    "junk",
    [b"data: [1, 2]\n\n", b'data: "text"\n\n', b"data: {broken\n\n", event(choices=[{"delta": {"content": 5}}])],
)
async def test_events_that_are_none_are_bad_replies(junk: bytes) -> None:
    with pytest.raises(BadReply, match="not of the dialect"):
        await answer_to([HEAD, junk, delta("stop", content="B"), b"data: [DONE]\n\n"])


async def test_a_stream_without_any_choice_is_a_bad_reply() -> None:
    with pytest.raises(BadReply, match="no choice"):
        await answer_to([HEAD, event(choices=[]), b"data: [DONE]\n\n"])


async def test_a_server_that_does_not_stream_is_understood_without_a_first_token() -> None:
    body = orjson.dumps(
        {
            "model": "served-1",
            "choices": [{"index": 0, "message": {"content": "B"}, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
        }
    )
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    response = await answer_to([head + body])
    assert (response.text, response.stop_reason, response.timing.ttft_s) == ("B", "length", None)
    assert response.usage is not None and response.usage.output == 1
    with pytest.raises(BadReply):
        await answer_to([b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"])


async def test_a_web_page_is_no_answer() -> None:
    with pytest.raises(BadReply, match="HTML page"):
        await answer_to([b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>Please log in</html>"])
    with pytest.raises(BadReply, match="no valid HTTP"):
        await answer_to([b"SSH-2.0-OpenSSH_9.9\r\n"])


async def test_redirects_are_not_followed() -> None:
    head = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/v1\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(Rejected, match="redirect, which is not followed") as caught:
        await answer_to([head])
    assert caught.value.status == 307


async def test_a_reply_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply_body, "MAX_REPLY_BYTES", 2**20)
    with pytest.raises(BadReply, match="longer than 1 MiB"):
        await answer_to([HEAD, *[delta(content="x" * 100_000)] * 20])


async def test_an_unreachable_server_is_named_with_the_way_out() -> None:
    spec = ModelSpec(name="mine", adapter="vllm", model="model-1", base_url="http://127.0.0.1:9/v1")
    adapter = openai_chat.make(spec, load_preset("vllm"))
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:9.*models\.mine\.base_url") as caught:
        await adapter.respond(ASK)
    await adapter.aclose()
    assert caught.value.sent is False  # nothing can have been billed


def test_a_companys_proxy_is_used_but_never_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert http_session.proxy_for("https://api.example.com/v1") is None
    monkeypatch.setenv("https_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example.com:3128")
    monkeypatch.setenv("no_proxy", "internal.example.com")
    assert http_session.proxy_for("https://api.example.com/v1") == "http://proxy.example.com:3128"
    assert http_session.proxy_for("https://internal.example.com/v1") is None
    assert http_session.proxy_for("http://127.0.0.1:8000/v1") is None


async def test_an_echoed_key_appears_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVER_KEY", CANARY)
    body = orjson.dumps({"error": {"message": f"Incorrect API key provided: {CANARY}. Header was Bearer {CANARY}"}})
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with raw_server([head + body]) as base_url:
        spec = ModelSpec(
            name="m",
            adapter="openai-chat",
            model="model-1",
            base_url=base_url,
            options={"key_env": "MY_SERVER_KEY"},
            key_hosts=frozenset({"MY_SERVER_KEY@127.0.0.1"}),
        )
        adapter = openai_chat.make(spec)
        with pytest.raises(KeyRefused, match="MY_SERVER_KEY") as caught:
            await adapter.respond(ASK)
        await adapter.aclose()
    seen = [str(caught.value), repr(caught.value), repr(adapter), repr(adapter.spec), repr(adapter.endpoint)]
    seen += [repr(adapter.transport), repr(adapter.transport.where), repr(caught.value.__cause__)]
    assert not any(CANARY in text for text in seen)


def test_a_key_with_a_line_break_is_seen_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VLLM_API_KEY", CANARY + "\n")
    with pytest.raises(MissingKey, match="VLLM_API_KEY holds a line break") as caught:
        _offline("vllm")
    assert CANARY not in str(caught.value)


async def test_the_key_is_sent_where_the_person_allows_it() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MY_SERVER_KEY", CANARY)
        named = frozenset({"MY_SERVER_KEY@127.0.0.1"})
        fields: dict[str, Any] = {"options": {"key_env": "MY_SERVER_KEY"}, "key_hosts": named}
        async with chat(Behaviour(require_key=CANARY), **fields) as (adapter, _):
            assert (await adapter.respond(ASK)).text
        async with chat(Behaviour(require_key=CANARY), options={"key_env": "MY_SERVER_KEY"}) as (adapter, _):
            with pytest.raises(KeyRefused, match="no key was sent"):
                await adapter.respond(ASK)


def test_a_suite_cannot_send_a_key_to_a_host_of_its_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOGETHER_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    spec = ModelSpec(name="m", adapter="together", model="x", base_url="https://collect.example.com/v1")
    with pytest.raises(SuiteError, match=r"collect\.example\.com") as caught:
        openai_chat.make(spec, load_preset("together"))
    assert CANARY not in str(caught.value)
    borrowed = ModelSpec(name="m", adapter="together", model="x", options={"key_env": "OPENAI_API_KEY"})
    with pytest.raises(SuiteError, match="OPENAI_API_KEY is not sent there"):
        openai_chat.make(borrowed, load_preset("together"))


@pytest.mark.parametrize(
    ("base_url", "complaint"),
    [
        (None, "needs base_url"),
        ("ftp://127.0.0.1/v1", "needs http"),
        ("http://gpu.example.com/v1", "plain http"),
        ("https://user:secret@example.com/v1", "carries a user or password"),
        ("http://127.0.0.1:8000/v1?key=abc", "query or fragment"),
        ("http://127.0.0.1:8000/v1/chat/completions", "leave out the end"),
        ("http://127.0.0.1:99999/v1", "no number from 1 to 65535"),
        ("http://[::1/v1", "names no IPv6 address"),
    ],
)
def test_an_address_that_cannot_work_is_refused_at_once(base_url: str | None, complaint: str) -> None:
    with pytest.raises(SuiteError, match=complaint):
        openai_chat.make(ModelSpec(name="m", adapter="openai-chat", model="x", base_url=base_url))


WHERE = Where("m", "model-1", "api.example.com", ("SOME_KEY",), CANARY)


KEY = "sk-proj-4aQ7Zb19LmXc82Tw_9Kd"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (f"Incorrect API key provided: {KEY}.", "Incorrect API key provided: [key]."),
        ("Incorrect key provided: sk-proj-************_9Kd.", "Incorrect key provided: [key]************[key]."),
        ("Bad key sk-pr..._9Kd, ends in _9Kd", "Bad key [key]...[key], ends in [key]"),
        ("Bad key xxxxxxxx_9Kd", "Bad key [key]"),
        ("Bad key sk-proj-4aQ7Zb…", "Bad key [key]…"),
        ("The project has no key of this kind.", "The project has no key of this kind."),
    ],
)
def test_the_ends_of_a_key_that_a_provider_shows_are_cut_out(said: str, kept: str) -> None:
    where = Where("m", "model-1", "api.example.com", ("SOME_KEY",), KEY)
    error = error_from_status(401, {}, orjson.dumps({"error": {"message": said}}), "/v1/x", where)
    assert kept in str(error)


def test_a_short_key_of_a_local_server_masks_no_words() -> None:
    where = Where("m", "model-1", "127.0.0.1", ("SOME_KEY",), "token-test")
    assert where.clean("this test of token-test") == "this test of [key]"


def _status(status: int, body: Any, **headers: str) -> RequestError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return error_from_status(status, headers, raw, "/v1/chat/completions", WHERE)


def test_a_spent_quota_is_not_a_rate_limit() -> None:
    quota = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    assert isinstance(_status(429, quota), OutOfCredit)
    assert isinstance(_status(429, {"error": {"code": "1113", "message": "no balance"}}), OutOfCredit)
    assert isinstance(_status(429, {"error": {"code": "rate_limit_exceeded"}}), RateLimited)


def test_messages_hold_the_providers_words_and_no_more() -> None:
    flat = _status(422, {"object": "error", "message": "bad field", "type": "invalid_request_error"})
    assert "bad field" in str(flat)
    assert "too long" in str(_status(422, {"detail": [{"msg": "too long"}]}))
    assert "HTML page" in str(_status(502, b"<html><body>Bad gateway</body></html>"))
    assert "no explanation" in str(_status(500, b""))
    assert len(str(_status(400, {"error": {"message": "x" * 10_000}}))) < 700
    assert "\x1b" not in str(_status(400, {"error": {"message": "\x1b[31mred\x1b[0m"}}))
    assert CANARY not in str(_status(400, {"error": {"message": f"key {CANARY}"}}))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m2s"}, 62.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms"}, 0.02),
        ({"x-ratelimit-remaining-tokens": "900", "x-ratelimit-reset-tokens": "20ms"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, 0.0),
        ({}, None),
    ],
)
def test_the_wait_that_a_provider_asks_for_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_wait_may_be_a_point_in_time() -> None:
    assert retry_after({"retry-after": formatdate(time() + 30, usegmt=True)}) == pytest.approx(30, abs=2)
    ms = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int((time() + 30) * 1000))}
    assert retry_after(ms) == pytest.approx(30, abs=2)
    assert _status(429, {"error": {"details": [{"retryDelay": "12s"}]}}).retry_after_s == 12.0


def test_an_error_event_counts_by_its_own_code() -> None:
    def kind(error: dict[str, Any]) -> type[RequestError]:
        return type(error_from_event({"error": error}, "/v1/chat/completions", WHERE))

    assert kind({"code": 429, "message": "slow down"}) is RateLimited
    assert kind({"code": "502", "message": "upstream"}) is ServerError
    assert kind({"type": "overloaded_error", "message": "busy"}) is Overloaded
    assert kind({"message": "something"}) is ServerError


async def test_likelihoods_are_those_of_the_continuations() -> None:
    context, continuations = "The capital of France is", (" Paris", " London town", " Bern")
    async with chat(Behaviour(flavour="vllm"), "vllm") as (adapter, provider):
        response = await adapter.respond(Request((Message("user", context),), continuations=continuations))
        asked = len(list(provider.account))
    assert asked == 1  # all of them in one request
    assert response.logliks is not None
    for found, continuation in zip(response.logliks, continuations, strict=True):
        assert found == pytest.approx(continuation_logprob(context, continuation))
    assert response.loglik_tokens == (1, 2, 1)
    assert response.logliks_greedy is not None and len(response.logliks_greedy) == 3
    assert response.timing.ttft_s is None and response.timing.total_s > 0


async def test_a_space_at_the_prompts_end_counts_to_the_continuation() -> None:
    request = Request((Message("user", "The answer is "),), continuations=("B", "C"))
    async with chat(Behaviour(flavour="vllm"), "vllm") as (adapter, _):
        response = await adapter.respond(request)
    assert response.logliks is not None
    assert response.logliks[0] == pytest.approx(continuation_logprob("The answer is", " B"))


async def test_likelihoods_are_refused_where_they_would_be_something_else() -> None:
    chatty = Request(
        (
            Message("system", "Be brief."),
            Message("user", "2 + 2 ="),
        ),
        continuations=(" 4",),
    )
    plain = Request((Message("user", "2 + 2 ="),), continuations=(" 4", " 5"))
    async with chat(Behaviour(flavour="vllm"), "vllm") as (adapter, provider):
        with pytest.raises(Unsupported, match="one user message"):
            await adapter.respond(chatty)
        with pytest.raises(Unsupported, match="none of them empty"):
            await adapter.respond(Request(plain.messages, continuations=(" 4", "")))
        provider.behaviour = Behaviour(flavour="vllm", ignores=("echo",))
        with pytest.raises(Unsupported, match="mode: generate"):
            await adapter.respond(plain)
        provider.behaviour = Behaviour(flavour="vllm", ignores=("logprobs",))
        with pytest.raises(Unsupported, match="no log-probabilities"):
            await adapter.respond(plain)
        provider.behaviour = Behaviour(flavour="vllm", missing=("/v1/completions",))
        with pytest.raises(Rejected):
            await adapter.respond(plain)
    async with chat(Behaviour(), "deepseek") as (adapter, _):
        with pytest.raises(Unsupported, match="deepseek"):
            await adapter.respond(plain)


async def test_tokens_of_the_server_itself_do_not_shift_a_likelihood() -> None:
    """A BOS token in front of the echo, and a character that is split over tokens in one of the continuations."""

    def choice(index: int, tokens: list[str], values: list[float | None]) -> dict[str, Any]:
        tops = [
            None if value is None else {token: value, "other": -0.1}
            for token, value in zip(tokens, values, strict=True)
        ]
        logprobs = {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops}
        return {"index": index, "text": "", "logprobs": logprobs}

    context = ["<|begin|>", "2", " +", " 2", " ="]
    before: list[float | None] = [None, -1.0, -1.0, -1.0, -1.0]
    choices = [
        choice(1, [*context, " \ufffd", "\ufffd"], [*before, -3.0, -2.0]),
        choice(0, [*context, " 4"], [*before, -0.05]),
    ]
    body = orjson.dumps({"model": "m", "choices": choices, "usage": {"prompt_tokens": 13}})
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with raw_server([head + body]) as base_url:
        spec = ModelSpec(name="m", adapter="vllm", model="model-1", base_url=base_url)
        adapter = openai_chat.make(spec, load_preset("vllm"))
        response = await adapter.respond(Request((Message("user", "2 + 2 ="),), continuations=(" 4", " 四")))
        await adapter.aclose()
    assert response.logliks == (-0.05, -5.0)
    assert response.logliks_greedy == (True, False)
    assert response.usage is not None and response.usage.input == 13 and response.usage.output is None


@pytest.mark.parametrize("values", [[None, 0.0, 0.0], [None, -1.0, math.inf], [None, -1.0, 0.7], [None, -1.0, None]])
async def test_log_probabilities_that_are_none_are_not_summed(values: list[float | None]) -> None:
    logprobs = {"tokens": ["2", " =", " 4"], "token_logprobs": values}
    body = orjson.dumps({"choices": [{"index": 0, "logprobs": logprobs}]})
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with raw_server([head + body]) as base_url:
        adapter = openai_chat.make(
            ModelSpec(name="m", adapter="vllm", model="model-1", base_url=base_url), load_preset("vllm")
        )
        with pytest.raises(Unsupported, match="cannot be used"):
            await adapter.respond(Request((Message("user", "2 ="),), continuations=(" 4",)))
        await adapter.aclose()


def _offline(preset: str, **fields: Any) -> OpenAIChat:
    """An adapter that nobody will call."""
    spec = ModelSpec(name="m", adapter=preset, model="model-1", base_url="http://127.0.0.1:9/v1", **fields)
    return openai_chat.make(spec, load_preset(preset))
