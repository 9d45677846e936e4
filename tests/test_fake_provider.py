"""The fake provider through the real SDKs: what it says, when it says it, how it fails, and what it remembers."""

import asyncio
import contextlib
import math
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import openai
import orjson
import pytest

from evalkit.testing.fake_provider import (
    Account,
    Behaviour,
    FakeProvider,
    continuation_logprob,
    digest_of,
    letter_of,
    split_tokens,
    token_logprobs,
)
from evalkit.testing.fake_provider.likelihood import continue_logprobs, top_logprobs
from evalkit.testing.fake_provider.playback import latency_s

QUESTION = "What is the capital of France?"
REPLY = "The capital of France is the city of Paris."
THOUGHT = "France is a country."
PAID = Behaviour(reply=REPLY, reasoning=THOUGHT, cached_tokens=2, cache_write_tokens=1)


@contextlib.asynccontextmanager
async def openai_client(provider: Any, **options: Any) -> AsyncIterator[openai.AsyncOpenAI]:
    options = {"api_key": "x", "max_retries": 0, "timeout": 5, **options}
    async with openai.AsyncOpenAI(base_url=provider.base_url, **options) as client:
        yield client


@contextlib.asynccontextmanager
async def anthropic_client(provider: Any, **options: Any) -> AsyncIterator[anthropic.AsyncAnthropic]:
    options = {"api_key": "x", "max_retries": 0, "timeout": 5, **options}
    async with anthropic.AsyncAnthropic(base_url=provider.origin, **options) as client:
        yield client


def messages(text: str = QUESTION) -> list[Any]:
    return [{"role": "user", "content": text}]


async def post(provider: Any, path: str, body: dict[str, Any], **headers: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(provider.origin + path, json=body) as response,
    ):
        return response.status, orjson.loads(await response.read())


async def events(provider: Any, path: str, body: dict[str, Any]) -> list[Any]:
    async with aiohttp.ClientSession() as session, session.post(provider.origin + path, json=body) as response:
        assert response.content_type == "text/event-stream"
        text = (await response.read()).decode()
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else orjson.loads(line) for line in lines]


async def chat(provider: Any, text: str = QUESTION, **settings: Any) -> tuple[int, Any]:
    return await post(provider, "/v1/chat/completions", {"model": "m", "messages": messages(text), **settings})


async def chat_events(provider: Any, text: str = QUESTION, **settings: Any) -> list[Any]:
    body = {"model": "m", "messages": messages(text), "stream": True, **settings}
    return await events(provider, "/v1/chat/completions", body)


# --- Responses


async def test_responses_whole_and_streamed_say_the_same() -> None:
    async with FakeProvider(PAID) as provider, openai_client(provider) as client:
        whole = await client.responses.create(model="gpt", input=QUESTION)
        seen: list[Any] = []
        async with client.responses.stream(model="gpt", input=QUESTION) as stream:
            async for event in stream:
                seen.append(event)
            streamed = await stream.get_final_response()
    assert whole.output_text == streamed.output_text == REPLY
    assert whole.status == streamed.status == "completed"
    assert whole.usage == streamed.usage
    usage = whole.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (6, 13, 19)
    assert usage.input_tokens_details.cached_tokens == 2
    assert usage.input_tokens_details.cache_write_tokens == 1
    assert usage.output_tokens_details.reasoning_tokens == 4
    kinds = [event.type for event in seen]
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert kinds.count("response.output_text.delta") == 8
    assert kinds.index("response.reasoning_summary_text.delta") < kinds.index("response.output_text.delta")
    numbers = [event.sequence_number for event in seen if hasattr(event, "sequence_number")]
    assert numbers == sorted(set(numbers))
    for kind in ("output_item.added", "content_part.added", "output_text.done", "content_part.done"):
        assert f"response.{kind}" in kinds


async def test_responses_refused_filtered_and_truncated() -> None:
    async with FakeProvider(Behaviour(refuse_rate=1)) as provider, openai_client(provider) as client:
        refused = await client.responses.create(model="gpt", input=QUESTION)
        assert refused.output[0].type == "message"
        assert refused.output[0].content[0].type == "refusal"
        async with client.responses.stream(model="gpt", input=QUESTION) as stream:
            kinds = [event.type async for event in stream]
        assert "response.refusal.delta" in kinds
        assert kinds[-1] == "response.completed"
        provider.behaviour = Behaviour(filter_rate=1)
        filtered = await client.responses.create(model="gpt", input=QUESTION)
        assert (filtered.status, filtered.output_text) == ("incomplete", "")
        assert filtered.incomplete_details is not None
        assert filtered.incomplete_details.reason == "content_filter"
        provider.behaviour = PAID
        async with client.responses.stream(model="gpt", input=QUESTION, max_output_tokens=6) as stream:
            async for event in stream:
                last = event
        assert last.type == "response.incomplete"
        cut = last.response
        assert cut.output_text == "The capital"
        assert cut.incomplete_details is not None
        assert cut.incomplete_details.reason == "max_output_tokens"
        thinking = await client.responses.create(model="gpt", input=QUESTION, max_output_tokens=3)
        assert thinking.output_text == ""
        assert thinking.usage is not None
        assert thinking.usage.output_tokens_details.reasoning_tokens == 3


async def test_responses_logprobs_are_predictable() -> None:
    async with FakeProvider(Behaviour(answers="letter")) as provider, openai_client(provider) as client:
        answer = await client.responses.create(
            model="gpt", input=QUESTION, include=["message.output_text.logprobs"], top_logprobs=4
        )
    part = answer.output[0].content[0]  # type: ignore[union-attr, index]
    assert part.type == "output_text"
    assert part.text == letter_of(QUESTION)
    assert part.logprobs is not None
    assert part.logprobs[0].token == letter_of(QUESTION)
    assert part.logprobs[0].logprob == pytest.approx(continue_logprobs(QUESTION, [part.text])[0])
    assert len(part.logprobs[0].top_logprobs) == 4


# --- Chat Completions


async def test_chat_through_the_sdk_whole_and_streamed() -> None:
    behaviour = Behaviour(reply=REPLY, reasoning=THOUGHT, reasoning_field="reasoning_content")
    async with FakeProvider(behaviour) as provider, openai_client(provider) as client:
        whole = await client.chat.completions.create(model="m", messages=messages())
        stream = await client.chat.completions.create(
            model="m", messages=messages(), stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    assert whole.choices[0].message.content == REPLY
    assert whole.choices[0].message.model_extra == {"reasoning_content": THOUGHT}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == REPLY
    thoughts = [(chunk.choices[0].delta.model_extra or {}).get("reasoning_content", "") for chunk in chunks[:-1]]
    assert "".join(thoughts) == THOUGHT
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_chat_stream_has_no_usage_unless_asked() -> None:
    async with FakeProvider(Behaviour(reply=REPLY)) as provider:
        plain = await chat_events(provider)
        provider.behaviour = Behaviour(reply=REPLY, ignores=("stream_options",))
        ignored = await chat_events(provider, stream_options={"include_usage": True})
    assert plain[-1] == ignored[-1] == "[DONE]"
    assert not any("usage" in event for event in [*plain[:-1], *ignored[:-1]])


FLAVOURS: dict[str, dict[str, Any]] = {
    "openai": {
        "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
        "completion_tokens": 13,
        "completion_tokens_details": {"reasoning_tokens": 4},
    },
    "vllm": {"prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens": 13},
    "deepseek": {"prompt_cache_hit_tokens": 2, "prompt_cache_miss_tokens": 4, "completion_tokens": 13},
    "xai": {"completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 19},
    "mistral": {"num_cached_tokens": 2, "completion_tokens": 13},
    "fireworks": {"prompt_tokens_details": {"cached_tokens": 2}, "completion_tokens": 13},
}


@pytest.mark.parametrize("flavour", FLAVOURS)
async def test_chat_usage_in_each_flavour(flavour: str) -> None:
    async with FakeProvider(PAID.changed({"flavour": flavour})) as provider:
        _, whole = await chat(provider)
        streamed = await chat_events(provider, stream_options={"include_usage": True})
    assert whole["usage"].items() >= FLAVOURS[flavour].items()
    last = next(event for event in reversed(streamed) if event != "[DONE]")
    assert last["usage"] == whole["usage"]
    assert (last["choices"] == []) == (flavour not in ("mistral", "fireworks"))


async def test_mistral_writes_content_as_chunks_and_usage_unasked() -> None:
    async with FakeProvider(PAID.changed({"flavour": "mistral"})) as provider:
        _, whole = await chat(provider)
        streamed = await chat_events(provider)
    thinking, text = whole["choices"][0]["message"]["content"]
    assert thinking == {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
    assert text == {"type": "text", "text": REPLY}
    assert streamed[-2]["usage"] == whole["usage"]
    assert any(isinstance(event["choices"][0]["delta"]["content"], list) for event in streamed[:-1])


async def test_chat_logprobs_of_a_letter_offer_the_other_letters() -> None:
    async with FakeProvider(Behaviour(answers="letter")) as provider:
        _, body = await chat(provider, logprobs=True, top_logprobs=20)
        provider.behaviour = Behaviour(answers="letter", ignores=("logprobs",))
        _, without = await chat(provider, logprobs=True, top_logprobs=20)
    [token] = body["choices"][0]["logprobs"]["content"]
    assert token["token"] == letter_of(QUESTION)
    offered = {one["token"]: one["logprob"] for one in token["top_logprobs"]}
    assert set("ABCD") <= set(offered)
    assert sum(math.exp(value) for value in offered.values()) <= 1
    assert without["choices"][0]["logprobs"] is None


async def test_limits_and_stops_are_honoured() -> None:
    async with FakeProvider(Behaviour(reply=REPLY)) as provider:
        for limit in ("max_tokens", "max_completion_tokens"):
            _, body = await chat(provider, **{limit: 3})
            assert body["choices"][0]["message"]["content"] == "The capital of"
            assert body["choices"][0]["finish_reason"] == "length"
            assert body["usage"]["completion_tokens"] == 3
        _, body = await chat(provider, stop=["Paris", "city"])
        assert body["choices"][0]["message"]["content"] == "The capital of France is the "
        provider.behaviour = Behaviour(reply=REPLY, truncate=False, ignores=("stop",))
        _, body = await chat(provider, max_tokens=3, stop="city")
        assert body["choices"][0]["message"]["content"] == REPLY


async def test_answers_by_digest_text_substring_and_hash() -> None:
    answers = {digest_of("one"): "by digest", "two": "by text", "thr": "by part"}
    async with FakeProvider(Behaviour(answers=answers, reply="otherwise")) as provider:
        for asked, expected in [
            ("one", "by digest"),
            ("two", "by text"),
            ("three", "by part"),
            ("four", "otherwise"),
        ]:
            _, body = await chat(provider, asked)
            assert body["choices"][0]["message"]["content"] == expected
        provider.behaviour = Behaviour(answers="echo")
        _, body = await chat(provider, "say  this\n")
        assert body["choices"][0]["message"]["content"] == "say  this\n"


# --- Completions


async def test_echoed_likelihood_is_what_the_account_predicts() -> None:
    context, continuation = "Question: 2 + 2 = ?\nAnswer:", " four of them"
    async with FakeProvider() as provider, openai_client(provider) as client:
        answer = await client.completions.create(
            model="m", prompt=[context + continuation, "Other."], echo=True, logprobs=1, max_tokens=0
        )
    first, second = answer.choices
    assert first.text == context + continuation
    logprobs = first.logprobs
    assert logprobs is not None
    assert logprobs.tokens == split_tokens(context + continuation)
    assert logprobs.token_logprobs is not None
    assert logprobs.token_logprobs[0] is None
    assert logprobs.token_logprobs[1:] == token_logprobs(context + continuation)[1:]
    assert logprobs.text_offset is not None
    pairs = zip(logprobs.text_offset, logprobs.token_logprobs, strict=True)
    total = sum(value for offset, value in pairs if offset >= len(context))
    assert total == pytest.approx(continuation_logprob(context, continuation))
    assert second.logprobs is not None
    assert second.logprobs.token_logprobs == [None]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 0)


async def test_completions_generate_stream_and_may_lack_echo() -> None:
    async with FakeProvider(Behaviour(reply=REPLY)) as provider, openai_client(provider) as client:
        whole = await client.completions.create(model="m", prompt=QUESTION, max_tokens=50, logprobs=2)
        assert whole.choices[0].text == REPLY
        assert whole.choices[0].logprobs is not None
        assert whole.choices[0].logprobs.text_offset is not None
        assert whole.choices[0].logprobs.text_offset[0] == len(QUESTION)
        stream = await client.completions.create(model="m", prompt=QUESTION, max_tokens=3, stream=True)
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].text for chunk in chunks) == "The capital of"
        assert chunks[-1].choices[0].finish_reason == "length"
        tokens = await client.completions.create(model="m", prompt=[3, 1, 4], echo=True, max_tokens=0)
        assert tokens.choices[0].text == "t3 t1 t4"
        provider.behaviour = Behaviour(reply=REPLY, ignores=("echo",))
        deaf = await client.completions.create(model="m", prompt=QUESTION, echo=True, max_tokens=1)
        assert deaf.choices[0].text == "The"
        provider.behaviour = Behaviour(missing=("/v1/completions",))
        with pytest.raises(openai.NotFoundError):
            await client.completions.create(model="m", prompt=QUESTION)
        assert (await client.chat.completions.create(model="m", messages=messages())).choices


def test_log_probabilities_are_a_distribution() -> None:
    for text in ("A", "Answer: B", " x\n y ", ""):
        assert "".join(split_tokens(text)) == text
        for token, value in zip(split_tokens(text), token_logprobs(text), strict=True):
            top = top_logprobs(token, value, 20)
            assert len(top) == 20
            assert sum(math.exp(one) for _, one in top) <= 1
            assert [one for _, one in top] == sorted((one for _, one in top), reverse=True)
    assert token_logprobs("after this B")[-1] != token_logprobs("after that B")[-1]


# --- Messages


@pytest.mark.parametrize("credentials", [{"api_key": "secret"}, {"auth_token": "secret", "api_key": None}])
async def test_messages_whole_and_streamed_say_the_same(credentials: dict[str, Any]) -> None:
    behaviour = PAID.changed({"require_key": "secret", "cache_write_1h_tokens": 1})
    async with FakeProvider(behaviour) as provider, anthropic_client(provider, **credentials) as client:
        whole = await client.messages.create(model="claude", max_tokens=100, messages=messages())
        async with client.messages.stream(model="claude", max_tokens=100, messages=messages()) as stream:
            kinds = [event.type async for event in stream]
            streamed = await stream.get_final_message()
    for message in (whole, streamed):
        thinking, text = message.content
        assert (thinking.type, text.type) == ("thinking", "text")
        assert thinking.thinking == THOUGHT  # type: ignore[union-attr]
        assert text.text == REPLY  # type: ignore[union-attr]
        assert message.stop_reason == "end_turn"
        usage = message.usage
        assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (2, 2, 2)
        assert usage.cache_creation is not None
        assert usage.cache_creation.ephemeral_5m_input_tokens == 1
        assert usage.cache_creation.ephemeral_1h_input_tokens == 1
        assert usage.output_tokens == 13
        assert usage.output_tokens_details is not None
        assert usage.output_tokens_details.thinking_tokens == 4
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"


async def test_messages_accept_the_old_key_header() -> None:
    async with FakeProvider(Behaviour(require_key="secret")) as provider:
        body = {"model": "claude", "max_tokens": 10, "messages": messages()}
        status, _ = await post(provider, "/v1/messages", body, **{"x-api-key": "secret"})
        assert status == 200
        status, answer = await post(provider, "/v1/messages", body, **{"x-api-key": "wrong-one"})
    assert status == 401
    assert answer["error"]["type"] == "authentication_error"
    assert "wrong-one" not in str(answer)


async def test_messages_stop_reasons() -> None:
    async with FakeProvider(Behaviour(reply=REPLY)) as provider, anthropic_client(provider) as client:
        cut = await client.messages.create(model="claude", max_tokens=2, messages=messages())
        assert (cut.stop_reason, cut.content[0].text) == ("max_tokens", "The capital")  # type: ignore[union-attr]
        stopped = await client.messages.create(
            model="claude", max_tokens=50, messages=messages(), stop_sequences=["city"]
        )
        assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "city")
        provider.behaviour = Behaviour(refuse_rate=1)
        async with client.messages.stream(model="claude", max_tokens=50, messages=messages()) as stream:
            refused = await stream.get_final_message()
        assert refused.stop_reason == "refusal"
        assert refused.stop_details is not None
        assert refused.stop_details.category == "general_harms"
        status, answer = await post(provider, "/v1/messages", {"model": "claude", "messages": messages()})
        assert status == 400
        assert "max_tokens" in answer["error"]["message"]


# --- Gemini


def gemini(**config: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": QUESTION}]}], "generationConfig": config}


async def test_gemini_whole_and_streamed_say_the_same() -> None:
    async with FakeProvider(PAID) as provider:
        _, whole = await post(provider, "/v1beta/models/gemini-x:generateContent", gemini())
        streamed = await events(provider, "/v1beta/models/gemini-x:streamGenerateContent?alt=sse", gemini())
        _, listed = await post(provider, "/v1beta/models/gemini-x:streamGenerateContent", gemini())
        record = provider.account[0]
    thought, text = whole["candidates"][0]["content"]["parts"]
    assert thought == {"text": THOUGHT, "thought": True}
    assert text == {"text": REPLY}
    assert whole["usageMetadata"] == {
        "promptTokenCount": 6,
        "cachedContentTokenCount": 2,
        "candidatesTokenCount": 9,
        "thoughtsTokenCount": 4,
        "totalTokenCount": 19,
    }
    parts = [part for event in streamed for part in event["candidates"][0]["content"]["parts"]]
    assert "".join(part["text"] for part in parts if part.get("thought")) == THOUGHT
    assert "".join(part["text"] for part in parts if not part.get("thought")) == REPLY
    assert streamed[-1]["usageMetadata"] == whole["usageMetadata"]
    assert streamed[-1]["candidates"][0]["finishReason"] == "STOP"
    assert listed[0]["usageMetadata"] == whole["usageMetadata"]
    assert (record.model, record.prompt) == ("gemini-x", digest_of(QUESTION))


async def test_gemini_blocks_truncates_and_fails_in_its_own_shape() -> None:
    path = "/v1beta/models/gemini-x:generateContent"
    async with FakeProvider(Behaviour(reply=REPLY)) as provider:
        _, cut = await post(provider, path, gemini(maxOutputTokens=2))
        assert cut["candidates"][0]["finishReason"] == "MAX_TOKENS"
        provider.behaviour = Behaviour(filter_rate=1)
        _, blocked = await post(provider, path, gemini())
        assert blocked["promptFeedback"]["blockReason"] == "SAFETY"
        assert "candidates" not in blocked
        provider.behaviour = Behaviour(refuse_rate=1)
        _, refused = await post(provider, path, gemini())
        assert refused["candidates"][0]["finishReason"] == "SAFETY"
        provider.behaviour = Behaviour(faults={"429": 1}, retry_after_s=3, require_key="k")
        status, error = await post(provider, path + "?key=k", gemini())
        assert (status, error["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
        assert error["error"]["details"][0]["retryDelay"] == "3s"


# --- faults

OPENAI_FAULTS: list[tuple[str, type[Exception], type[Exception]]] = [
    ("400", openai.BadRequestError, openai.BadRequestError),
    ("429", openai.RateLimitError, openai.RateLimitError),
    ("500", openai.InternalServerError, openai.InternalServerError),
    ("drop", openai.APIConnectionError, openai.APIConnectionError),
    ("drop_mid", openai.APIConnectionError, openai.APIConnectionError),
    ("stall", openai.APITimeoutError, openai.APITimeoutError),
    ("stall_mid", openai.APITimeoutError, openai.APITimeoutError),
    ("malformed", ValueError, ValueError),
    ("error_mid", openai.InternalServerError, openai.APIError),
]


@pytest.mark.parametrize(("fault", "whole", "streamed"), OPENAI_FAULTS)
async def test_faults_as_openai_errors(fault: str, whole: type[Exception], streamed: type[Exception]) -> None:
    async with (
        FakeProvider(Behaviour(reply=REPLY, faults={fault: 1})) as provider,
        openai_client(provider, timeout=0.15 if fault.startswith("stall") else 5) as client,
    ):
        with pytest.raises(whole):
            await client.chat.completions.create(model="m", messages=messages())
        with pytest.raises(streamed):
            async for _ in await client.chat.completions.create(model="m", messages=messages(), stream=True):
                pass
        if fault != "error_mid":  # the SDK hands a Responses error event over as an event
            with pytest.raises(streamed):
                async for _ in await client.responses.create(model="m", input=QUESTION, stream=True):
                    pass
    seen = {record.fault for record in provider.account}
    assert seen == ({"500", "error_mid"} if fault == "error_mid" else {fault})


ANTHROPIC_FAULTS: list[tuple[str, type[Exception], type[Exception]]] = [
    ("400", anthropic.BadRequestError, anthropic.BadRequestError),
    ("429", anthropic.RateLimitError, anthropic.RateLimitError),
    ("500", anthropic.InternalServerError, anthropic.InternalServerError),
    ("529", anthropic.APIStatusError, anthropic.APIStatusError),
    ("drop", anthropic.APIConnectionError, anthropic.APIConnectionError),
    ("malformed", ValueError, ValueError),
    ("error_mid", anthropic.InternalServerError, anthropic.APIStatusError),
]


@pytest.mark.parametrize(("fault", "whole", "streamed"), ANTHROPIC_FAULTS)
async def test_faults_as_anthropic_errors(fault: str, whole: type[Exception], streamed: type[Exception]) -> None:
    behaviour = Behaviour(reply=REPLY, faults={fault: 1})
    async with FakeProvider(behaviour) as provider, anthropic_client(provider) as client:
        with pytest.raises(whole):
            await client.messages.create(model="claude", max_tokens=50, messages=messages())
        with pytest.raises(streamed):
            async for _ in await client.messages.create(
                model="claude", max_tokens=50, messages=messages(), stream=True
            ):
                pass


async def test_a_stream_may_end_without_its_end_and_an_answer_may_be_empty() -> None:
    async with FakeProvider(Behaviour(reply=REPLY, faults={"end_mid": 1})) as provider:
        seen = await chat_events(provider)
        assert "[DONE]" not in seen
        assert not any(event["choices"][0]["finish_reason"] for event in seen)
        provider.behaviour = Behaviour(reply=REPLY, faults={"empty": 1})
        _, body = await chat(provider)
        assert (body["choices"][0]["message"]["content"], body["choices"][0]["finish_reason"]) == ("", "stop")
        assert (await chat_events(provider))[-1] == "[DONE]"


async def test_retry_after_and_limits() -> None:
    async with FakeProvider(Behaviour(limit_per_s=2, retry_after_s=1.5)) as provider, openai_client(provider) as c:
        statuses = [(await chat(provider, str(n)))[0] for n in range(4)]
        assert statuses == [200, 200, 429, 429]
        with pytest.raises(openai.RateLimitError) as caught:
            await c.chat.completions.create(model="m", messages=messages())
        assert caught.value.response.headers["retry-after"] == "1.5"
        assert caught.value.code == "rate_limit_exceeded"
        provider.behaviour = Behaviour(limit_in_flight=2, latency_s=0.3)
        answers = await asyncio.gather(*(chat(provider, str(n)) for n in range(5)))
    assert sorted(status for status, _ in answers) == [200, 200, 429, 429, 429]
    assert provider.account.by_status() == {200: 4, 429: 6}


async def test_keys_models_and_parameters_are_checked() -> None:
    behaviour = Behaviour(require_key="k", models=("gpt-6-x", "old"), rejects={"temperature": ("gpt-6*",)})
    async with FakeProvider(behaviour) as provider:
        async with openai_client(provider, api_key="not-the-key") as client:
            with pytest.raises(openai.AuthenticationError) as caught:
                await client.responses.create(model="old", input=QUESTION)
            assert "not-the-key" not in str(caught.value.body)
        async with openai_client(provider, api_key="k") as client:
            assert [model.id async for model in client.models.list()] == ["gpt-6-x", "old"]
            with pytest.raises(openai.NotFoundError):
                await client.responses.create(model="unknown", input=QUESTION)
            with pytest.raises(openai.BadRequestError) as rejected:
                await client.responses.create(model="gpt-6-x", input=QUESTION, temperature=0)
            assert rejected.value.param == "temperature"
            assert (await client.responses.create(model="old", input=QUESTION, temperature=0)).output_text


async def test_faults_are_the_same_in_any_order_and_differ_by_seed_and_attempt() -> None:
    async def failed(seed: int, order: list[int], attempts: int = 1) -> list[set[int]]:
        async with FakeProvider(Behaviour(seed=seed, faults={"500": 0.3})) as provider:
            rounds = []
            for _ in range(attempts):
                answers = await asyncio.gather(*(chat(provider, str(n)) for n in order))
                rounds.append({n for n, (status, _) in zip(order, answers, strict=True) if status == 500})
            return rounds

    forward = await failed(1, list(range(60)), attempts=2)
    backward = await failed(1, list(reversed(range(60))), attempts=2)
    assert forward == backward
    assert forward[0] != forward[1]
    assert 8 <= len(forward[0]) <= 28
    assert (await failed(2, list(range(60))))[0] != forward[0]


async def test_fault_attempts_lets_the_second_try_pass() -> None:
    async with FakeProvider(Behaviour(faults={"429": 1}, fault_attempts=1)) as provider:
        assert [(await chat(provider))[0] for _ in range(3)] == [429, 200, 200]


def test_a_wrong_behaviour_says_what_would_be_right() -> None:
    with pytest.raises(ValueError, match="did you mean 'latency_s'"):
        Behaviour().changed({"latency": 1})
    with pytest.raises(ValueError, match="stall_mid"):
        Behaviour(faults={"stal": 0.1})
    with pytest.raises(ValueError, match="at most 1"):
        Behaviour(faults={"429": 0.7, "500": 0.7})
    behaviour = Behaviour(answers={"a": "b"}, rejects={"seed": ("x",)}, models=("m",), faults={"drop": 0.1})
    assert Behaviour().changed(orjson.loads(behaviour.to_json())) == behaviour


# --- time and the account


async def test_first_token_and_intervals_come_at_their_times() -> None:
    behaviour = Behaviour(
        reply="a b c d", chunks=4, latency_s=0.06, reasoning="hm", reasoning_s=0.05, token_interval_s=0.03
    )
    for early in (False, True):
        async with (
            FakeProvider(behaviour.changed({"early_head": early, "flavour": "vllm"})) as provider,
            openai_client(provider) as client,
        ):
            begun = time.monotonic()
            stream = await client.chat.completions.create(model="m", messages=messages(), stream=True)
            head_at = time.monotonic()
            async for chunk in stream:
                if chunk.choices[0].delta.content:
                    seen_at = time.monotonic()
        record = provider.account[0]
        assert record.first_reasoning is not None
        assert record.ttft_s is not None
        assert record.total_s is not None
        assert record.last is not None
        assert (head_at < record.first_reasoning) == early
        # Never early; late by what a busy machine adds.
        for took_s, due_s in [
            (record.first_reasoning - record.arrived, 0.06),
            (record.ttft_s, 0.11),
            (record.total_s, 0.20),
        ]:
            assert due_s - 1e-5 <= took_s <= due_s + 0.25
        assert record.last <= seen_at <= record.last + 0.25
        assert begun <= record.arrived <= begun + 0.25


def test_lognormal_latency_has_its_median_and_is_seeded() -> None:
    def latencies(seed: int) -> list[float]:
        behaviour = Behaviour(seed=seed, latency_s=0.2, latency_sigma=0.5)
        return [latency_s(behaviour, str(n).encode()) for n in range(1000)]

    values = latencies(1)
    assert statistics.median(values) == pytest.approx(0.2, rel=0.05)
    assert statistics.stdev(math.log(value) for value in values) == pytest.approx(0.5, rel=0.05)
    assert values == latencies(1) != latencies(2)


async def test_the_account_tells_the_truth() -> None:
    async with FakeProvider(Behaviour(latency_s=0.05)) as provider:
        begun = time.monotonic()
        async with aiohttp.ClientSession() as session:

            async def ask(n: int) -> None:
                body = {"model": "m", "messages": messages(f"prompt {n % 10}")}
                async with session.post(provider.base_url + "/chat/completions", json=body) as response:
                    await response.read()

            await asyncio.gather(*(ask(n) for n in range(20)))
        ended = time.monotonic()
        account = provider.account
    assert (len(account), account.in_flight, account.max_in_flight) == (20, 0, 20)
    assert account.by_status() == {200: 20}
    assert set(account.asked().values()) == {2}
    assert account.times_asked("prompt 3") == 2
    for row in account:
        assert begun <= row.arrived <= ended
        assert row.arrived_unix == pytest.approx(time.time() - (time.monotonic() - row.arrived), abs=0.01)
        assert row.ttft_s is not None
        assert 0.05 - 1e-5 <= row.ttft_s <= 0.1
        assert (row.path, row.model, row.cut) == ("/v1/chat/completions", "m", False)


async def test_a_client_that_leaves_is_written_down() -> None:
    async with FakeProvider(Behaviour(latency_s=5)) as provider:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chat(provider), 0.05)
        while provider.account.in_flight:  # noqa: ASYNC110 (until the server's side of the connection closes)
            await asyncio.sleep(0.001)
        row = provider.account[0]
        assert (row.cut, row.status, row.first_content) == (True, 0, None)
        assert provider.account.asked(answered=True) == {}


async def test_bodies_in_chunks_and_requests_in_pieces_are_read() -> None:
    body = orjson.dumps({"model": "m", "messages": messages("x " * 50_000)})

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 30_000):
            yield body[start : start + 30_000]

    async with FakeProvider() as provider, aiohttp.ClientSession() as session:
        for data in (in_chunks(), body):
            async with session.post(provider.base_url + "/chat/completions", data=data) as response:
                assert (await response.json())["usage"]["prompt_tokens"] == 50_000
        reader, writer = await asyncio.open_connection("127.0.0.1", int(provider.origin.rpartition(":")[2]))
        request = f"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        for piece in (request[:20].encode(), request[20:].encode() + body[:7], body[7:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()
        await writer.wait_closed()
        async with session.get(provider.origin + "/health") as response:
            assert await response.json() == {"status": "ok"}
        async with session.get(provider.origin + "/nowhere") as response:
            assert response.status == 404
        async with session.post(provider.base_url + "/chat/completions", data=b"{") as response:
            assert response.status == 400


def test_in_a_thread_for_code_with_its_own_loop() -> None:
    with FakeProvider.in_thread(Behaviour(reply="one")) as provider:
        _, body = asyncio.run(chat(provider))
        assert body["choices"][0]["message"]["content"] == "one"
        provider.behaviour = Behaviour(reply="two")
        _, body = asyncio.run(chat(provider))
        assert body["choices"][0]["message"]["content"] == "two"
        assert len(provider.account) == 2
        port = int(provider.origin.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), FakeProvider.in_thread(port=port):
            pass


def test_in_a_process_with_an_account_that_outlives_it(tmp_path: Path) -> None:
    path = tmp_path / "account.jsonl"
    with FakeProvider.in_process(Behaviour(reply="one"), account_path=path) as provider:
        asyncio.run(chat(provider))
        provider.behaviour = Behaviour(reply="two", faults={"500": 1})
        assert provider.behaviour == Behaviour(reply="two", faults={"500": 1})
        asyncio.run(chat(provider, "again"))
        live = provider.account
        assert provider.summary()["by_status"] == {"200": 1, "500": 1}
        assert provider.summary()["cpu_s"] > 0
        read = Account.read(path)
        assert [row.prompt for row in read] == [row.prompt for row in live]
        assert read[1] == live[1]
        provider.reset()
        assert len(provider.account) == 0
        status, answer = asyncio.run(post(provider, "/_fake/behaviour", {"latency": 1}))
        assert (status, "latency_s" in answer["error"]) == (400, True)


def test_the_command_line_serves_and_stops() -> None:
    command = [sys.executable, "-m", "evalkit.testing.fake_provider", "--behaviour", '{"answers": "letter"}']
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready = orjson.loads(process.stdout.readline())
        provider = type("At", (), {"origin": ready["base_url"].removesuffix("/v1")})
        _, body = asyncio.run(chat(provider))
        assert body["choices"][0]["message"]["content"] == letter_of(QUESTION)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
