"""The Gemini adapter through its real client against the fake provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialect import DialectAdapter
from evalkit.adapters.dialects import gemini
from evalkit.adapters.dialects.gemini import usage_of
from evalkit.adapters.registry import make_adapter
from evalkit.errors import (
    MissingKey,
    SuiteError,
    Unsupported,
)
from evalkit.records import Message, Request, Settings
from evalkit.testing.fake_provider import Behaviour, FakeProvider

CANARY = "AIza-canary-6f1d0c9b2a"
ASK = Request((Message("user", "What is the capital of France?"),))


@asynccontextmanager
async def chat(behaviour: Behaviour, **fields: Any) -> AsyncIterator[tuple[DialectAdapter, FakeProvider]]:
    """An adapter in front of a fake provider."""
    async with FakeProvider(behaviour) as provider:
        adapter = gemini.make(
            ModelSpec(name="m", adapter="gemini", model="gemini-1", base_url=provider.origin, **fields)
        )
        try:
            yield adapter, provider
        finally:
            await adapter.aclose()


async def test_an_answer_comes_whole_with_thoughts_bill_and_times() -> None:
    behaviour = Behaviour(
        latency_s=0.05, reasoning="Let me think.", reasoning_s=0.15, reply="Paris it is", cached_tokens=2
    )
    async with chat(behaviour) as (adapter, provider):
        response = await adapter.respond(ASK)
        truth = next(iter(provider.account))
    assert truth.path == "/v1beta/models/gemini-1:streamGenerateContent"
    assert (response.text, response.reasoning, response.stop_reason) == ("Paris it is", "Let me think.", "stop")
    assert response.served_model == "gemini-1"
    assert response.usage is not None
    assert (response.usage.input, response.usage.cache_read) == (6, 2)
    assert (response.usage.output, response.usage.reasoning) == (6, 3)  # three words, three of thought: all billed
    assert response.raw_usage is not None and response.raw_usage["candidatesTokenCount"] == 3
    times = response.timing
    assert times.ttfr_s is not None and times.ttft_s is not None and times.last_s is not None
    assert times.ttfr_s >= 0.05 and times.ttft_s - times.ttfr_s >= 0.04
    assert times.ttft_s <= times.last_s <= times.total_s


async def test_the_answer_is_whole_through_the_registry_too() -> None:
    async with FakeProvider(Behaviour(reply="Paris")) as provider:
        spec = ModelSpec(name="m", adapter="gemini", model="models/gemini-1", base_url=provider.origin + "/v1beta")
        adapter = make_adapter(spec)
        assert (await adapter.respond(ASK)).text == "Paris"
        await adapter.aclose()


async def test_settings_and_turns_travel_in_geminis_spelling() -> None:
    async with chat(Behaviour()) as (adapter, _):
        conversation = (
            Message("system", "Be brief."),
            Message("user", "Hello"),
            Message("user", "Anybody?"),
            Message("assistant", "Yes."),
            Message("user", "Good."),
        )
        settings = Settings(
            max_output_tokens=5,
            temperature=0.0,
            top_p=0.9,
            seed=7,
            stop=("END",),
            json_schema={"type": "object"},
            reasoning_effort="low",
            extra={"generationConfig": {"topK": 3}, "safetySettings": []},
        )
        body = adapter.dialect.body(Request(conversation, settings))
        off = adapter.dialect.body(Request(conversation, Settings(reasoning_effort="none")))
        plain = adapter.dialect.body(ASK)
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]
    assert body["generationConfig"] == {
        "maxOutputTokens": 5,
        "temperature": 0.0,
        "topP": 0.9,
        "seed": 7,
        "stopSequences": ["END"],
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
        "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True},
        "topK": 3,
    }
    assert body["safetySettings"] == []
    assert off["generationConfig"] == {"thinkingConfig": {"thinkingBudget": 0}}
    assert plain == {"contents": [{"role": "user", "parts": [{"text": "What is the capital of France?"}]}]}


async def test_snake_case_is_geminis_spelling_too() -> None:
    extra = {"generation_config": {"top_k": 3, "max_output_tokens": 9}}
    async with chat(Behaviour()) as (adapter, _):
        body = adapter.dialect.body(Request(ASK.messages, Settings(temperature=0.0, extra=extra)))
    assert body["generationConfig"] == {"temperature": 0.0, "topK": 3, "maxOutputTokens": 9}
    assert "generation_config" not in body
    for field in ("systemInstruction", "system_instruction"):
        spec = ModelSpec("m", "gemini", "gemini-1", "http://127.0.0.1:9", settings=Settings(extra={field: "Be brief."}))
        with pytest.raises(SuiteError, match=f"extra.{field}: evalkit sets this field itself"):
            make_adapter(spec)


async def test_truncation_filters_and_blocks_have_names() -> None:
    async with chat(Behaviour(reply="one two three")) as (adapter, provider):
        cut = await adapter.respond(Request(ASK.messages, Settings(max_output_tokens=1)))
        provider.behaviour = Behaviour(refuse_rate=1.0)
        refused = await adapter.respond(ASK)
        provider.behaviour = Behaviour(filter_rate=1.0)
        blocked = await adapter.respond(ASK)
    assert (cut.stop_reason, cut.text) == ("length", "one")
    assert (refused.stop_reason, refused.text, refused.refusal) == ("content_filter", "", "SAFETY")
    assert (blocked.stop_reason, blocked.text, blocked.refusal) == ("refusal", "", "SAFETY")


async def test_top_logprobs_come_for_each_token() -> None:
    async with chat(Behaviour(answers="letter")) as (adapter, _):
        response = await adapter.respond(Request(ASK.messages, Settings(top_logprobs=4)))
    assert response.top_logprobs is not None and len(response.top_logprobs) == 1
    assert len(response.top_logprobs[0]) == 4


async def test_likelihoods_are_refused() -> None:
    async with chat(Behaviour()) as (adapter, _):
        with pytest.raises(Unsupported, match="mode: generate"):
            await adapter.respond(Request(ASK.messages, continuations=(" a",)))


def test_a_missing_key_and_a_foreign_host_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingKey, match="GEMINI_API_KEY"):
        gemini.make(ModelSpec(name="m", adapter="gemini", model="gemini-1"))
    monkeypatch.setenv("GOOGLE_API_KEY", CANARY)
    assert gemini.make(ModelSpec(name="m", adapter="gemini", model="gemini-1")).endpoint.host is not None
    with pytest.raises(SuiteError, match=r"storage\.googleapis\.com"):
        gemini.make(
            ModelSpec(name="m", adapter="gemini", model="gemini-1", base_url="https://storage.googleapis.com/evil")
        )


@pytest.mark.parametrize("model", ["../../other", "a/b", "a:b", "a?key=1", ""])
def test_a_models_name_cannot_change_the_path(model: str) -> None:
    with pytest.raises(SuiteError, match=r"models\.m\.model"):
        gemini.make(ModelSpec(name="m", adapter="gemini", model=model, base_url="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13}, (9, 4, 0)),
        (
            {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 30, "totalTokenCount": 43},
            (9, 34, 30),
        ),
        ({"promptTokenCount": 9, "toolUsePromptTokenCount": 2, "totalTokenCount": 15}, (11, 4, None)),
        # everything went into thoughts: the API leaves out the zero
        ({"promptTokenCount": 9, "thoughtsTokenCount": 30, "totalTokenCount": 39}, (9, 30, 30)),
        ({"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 30}, (9, 34, 30)),
        ({"promptTokenCount": 9, "candidatesTokenCount": 4}, (9, 4, None)),
        ({"promptTokenCount": 9}, (9, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_bills_are_read_from_what_is_there(raw: dict[str, int], expected: tuple[int | None, ...]) -> None:
    usage = usage_of(raw)
    assert (usage.input, usage.output, usage.reasoning) == expected
