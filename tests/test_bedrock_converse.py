"""Bedrock's Converse API through its real client: bodies, bills, blocks, keys and signatures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import pytest

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.billed_beside import asked_beside
from evalkit.adapters.converse_answer import ConverseAnswer, read_usage
from evalkit.adapters.dialects.bedrock_converse import Converse
from evalkit.adapters.registry import make_adapter
from evalkit.engine.callouts import callouts
from evalkit.errors import KeyRefused, MissingKey, MissingPackage, RateLimited, ServerError, SuiteError, Unsupported
from evalkit.records import NOT_TIMED, Message, Request, Settings, Tool
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.testing.loopback import loopback, reply

ASK = Request((Message("system", "Be brief."), Message("user", "Capital of France?")))
HOME = "https://bedrock-runtime.us-east-1.amazonaws.com"
CANARY = "bedrock-api-key-canary-6f1d0c9b2a"
TOOL = Tool("weather", "", {"type": "object", "properties": {}})


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_BEARER_TOKEN_BEDROCK", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def spec_of(model: str = "us.anthropic.claude-sonnet-4-6", **fields: Any) -> ModelSpec:
    fields.setdefault("options", {"region": "us-east-1"})
    return ModelSpec(name="m", adapter="bedrock-converse", model=model, **fields)


def body_of(*messages: Message, **settings: Any) -> dict[str, Any]:
    return Converse(spec_of()).body(Request(messages or ASK.messages, Settings(**settings)))


@asynccontextmanager
async def served(behaviour: Behaviour, **fields: Any) -> AsyncIterator[tuple[Adapter, FakeProvider]]:
    async with FakeProvider(behaviour) as provider:
        adapter = make_adapter(spec_of(base_url=provider.origin, **fields))
        try:
            yield adapter, provider
        finally:
            await adapter.aclose()


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("amazon.nova-lite-v1:0", "/model/amazon.nova-lite-v1%3A0/converse-stream"),
        ("us.anthropic.claude-sonnet-4-6", "/model/us.anthropic.claude-sonnet-4-6/converse-stream"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.x-v1:0",
            "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.x-v1%3A0/converse-stream",
        ),
    ],
)
async def test_the_model_is_one_piece_of_the_path(model: str, path: str) -> None:
    async with loopback(reply(500, b"{}")) as server:
        adapter = make_adapter(spec_of(model, base_url=server.url.removesuffix("/v1")))
        with pytest.raises(ServerError):
            await adapter.respond(ASK)
        await adapter.aclose()
    assert server.last.path == path


@pytest.mark.parametrize("model", ["", "../x", "a b", "a?x=1", "a#b", "x\n", "%2e%2e", "a" * 2_050])
def test_a_models_name_cannot_change_the_path(model: str) -> None:
    with pytest.raises(SuiteError, match=r"models\.m\.model"):
        make_adapter(spec_of(model))


def test_settings_travel_in_the_apis_spelling() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    body = body_of(
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.9,
        stop=("END",),
        reasoning_effort="low",
        json_schema=schema,
        extra={"inferenceConfig": {"topP": 0.1}, "additionalModelRequestFields": {"top_k": 5}},
    )
    assert body["system"] == [{"text": "Be brief."}]
    assert body["messages"] == [{"role": "user", "content": [{"text": "Capital of France?"}]}]
    assert body["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.1, "stopSequences": ["END"]}
    assert body["additionalModelRequestFields"] == {"top_k": 5}
    assert body["outputConfig"]["effort"] == "low"
    told = body["outputConfig"]["textFormat"]
    assert told["type"] == "json_schema" and json.loads(told["structure"]["jsonSchema"]["schema"]) == schema
    assert body_of().keys() == {"messages", "system"}, "what is left to the provider is not sent"


def test_turns_alternate_and_system_messages_come_first() -> None:
    turns = [Message("user", "a"), Message("user", "b"), Message("assistant", "c"), Message("user", "d")]
    assert [(one["role"], len(one["content"])) for one in body_of(*turns)["messages"]] == [
        ("user", 2),
        ("assistant", 1),
        ("user", 1),
    ]
    with pytest.raises(Unsupported, match=r"models\.m: a system message stands after another turn"):
        body_of(Message("user", "a"), Message("system", "b"))


def test_functions_are_wrapped_and_an_empty_description_is_left_out() -> None:
    body = Converse(spec_of()).body(Request(ASK.messages, tools=(TOOL,)))
    schema = {"json": {"type": "object", "properties": {}}}
    assert body["toolConfig"]["tools"] == [{"toolSpec": {"name": "weather", "inputSchema": schema}}]


@pytest.mark.parametrize("field", ["messages", "system", "modelId", "toolConfig"])
def test_fields_that_evalkit_sets_are_refused_in_extra(field: str) -> None:
    with pytest.raises(SuiteError, match=rf"models\.m\.settings\.extra\.{field}: evalkit sets this field itself"):
        make_adapter(spec_of(base_url="http://127.0.0.1:9", settings=Settings(extra={field: []})))


async def test_what_the_api_has_no_field_for_is_named() -> None:
    async with served(Behaviour()) as (adapter, _):
        response = await adapter.respond(Request(ASK.messages, Settings(seed=7, top_logprobs=2, temperature=0.0)))
    assert response.dropped == ("seed", "top_logprobs")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}, (9, None, None, None, None, 4)),
        (
            {"inputTokens": 22, "outputTokens": 13, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 2492},
            (2514, 0, None, None, 2492, 13),
        ),
        (
            {
                "inputTokens": 2,
                "outputTokens": 5,
                "cacheReadInputTokens": 10,
                "cacheWriteInputTokens": 100,
                "cacheDetails": [{"ttl": "5m", "inputTokens": 60}, {"ttl": "1h", "inputTokens": 30}],
            },
            (112, 10, 60, 30, 10, 5),
        ),
        (  # the details without their sum, and with a sum that is too small: they are part of the input all the same
            {"inputTokens": 2, "outputTokens": 5, "cacheDetails": [{"ttl": "5m", "inputTokens": 60}]},
            (62, None, 60, None, None, 5),
        ),
        (
            {
                "inputTokens": 2,
                "outputTokens": 5,
                "cacheWriteInputTokens": 0,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 60}],
            },
            (62, None, None, 60, None, 5),
        ),
        ({"inputTokens": -1, "outputTokens": "4"}, (None, None, None, None, None, None)),
        ({"inputTokens": 1, "outputTokens": 1, "cacheDetails": [None, 3, {"ttl": [], "inputTokens": {}}]}, None),
        ({"inputTokens": 1, "outputTokens": 1, "cacheDetails": {"ttl": "5m"}}, None),
    ],
)
def test_cached_and_written_input_is_added_to_the_fresh_one(raw: dict[str, Any], expected: Any) -> None:
    usage = read_usage(raw)
    found = (
        *(usage.input, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h),
        *(usage.cache_write_other, usage.output),
    )
    assert found == (expected or (1, None, None, None, None, 1))


def read(*events: dict[str, Any], tools: tuple[Tool, ...] = ()) -> Any:
    reading = ConverseAnswer(tools)
    for event in events:
        reading.take(event, 1.0)
    return reading.response(NOT_TIMED, ())


@pytest.mark.parametrize(
    ("reason", "stop", "refusal"),
    [
        ("end_turn", "stop", None),
        ("stop_sequence", "stop", None),
        ("max_tokens", "length", None),
        ("model_context_window_exceeded", "length", None),
        ("tool_use", "tool_use", None),
        ("malformed_tool_use", "tool_use", None),
        ("guardrail_intervened", "content_filter", "guardrail_intervened"),
        ("content_filtered", "content_filter", "content_filtered"),
        ("malformed_model_output", "other", None),
        ("something_of_next_year", "other", None),
    ],
)
def test_every_reason_to_stop_has_its_kind(reason: str, stop: str, refusal: str | None) -> None:
    response = read({"messageStop": {"stopReason": reason}})
    assert (response.stop_reason, response.refusal) == (stop, refusal)


def test_reasoning_redacted_blocks_citations_and_hosted_tools_are_kept_apart() -> None:
    response = read(
        {"contentBlockDelta": {"delta": {"reasoningContent": {"text": "hm"}}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"reasoningContent": {"signature": "c2ln"}}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"reasoningContent": {"redactedContent": "eA=="}}, "contentBlockIndex": 0}},
        {"contentBlockDelta": {"delta": {"text": "Paris"}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"citation": {"title": "t"}}, "contentBlockIndex": 1}},
        {
            "contentBlockStart": {
                "start": {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use"}},
                "contentBlockIndex": 2,
            }
        },
        {"contentBlockDelta": {"delta": {"toolUse": {"input": '{"q": 1}'}}, "contentBlockIndex": 2}},
        {"messageStop": {"stopReason": "end_turn"}},
        tools=(TOOL,),
    )
    assert (response.text, response.reasoning, response.calls) == ("Paris", "hm", ())


def test_a_whole_answer_with_citations_is_read() -> None:
    reading = ConverseAnswer(())
    cited = {"citationsContent": {"content": [{"text": "Paris"}], "citations": []}}
    reading.take_whole({"output": {"message": {"content": [cited, {"text": "."}]}}, "stopReason": "end_turn"})
    assert reading.response(NOT_TIMED, ()).text == "Paris."


def test_tiers_and_latencies_with_prices_of_their_own_are_kept() -> None:
    end = {"messageStop": {"stopReason": "end_turn"}}
    usage = {"inputTokens": 1, "outputTokens": 1}
    flex = read(end, {"metadata": {"usage": usage, "serviceTier": {"type": "flex"}}})
    fast = read(end, {"metadata": {"usage": usage, "performanceConfig": {"latency": "optimized"}}})
    assert flex.usage is not None and flex.usage.service_tier == "flex"
    assert fast.usage is not None and fast.usage.service_tier == "optimized"


def test_an_empty_bill_does_not_replace_a_full_one() -> None:
    end = {"messageStop": {"stopReason": "end_turn"}}
    said = {"contentBlockDelta": {"delta": {"text": "hi"}, "contentBlockIndex": 0}}
    full, empty = {"inputTokens": 3, "outputTokens": 2}, {"inputTokens": 0, "outputTokens": 0}
    response = read(said, {"metadata": {"usage": full}}, end, {"metadata": {"usage": empty}})
    assert response.usage is not None and (response.usage.input, response.usage.output) == (3, 2)
    alone = read(said, end, {"metadata": {"usage": empty}})
    assert alone.usage is None, "a bill of zeros beside an answer says nothing"


async def test_aws_names_the_kind_of_an_error_in_a_header() -> None:
    body = b'{"message": "Please wait."}'
    answer = reply(400, body, x_amzn_ErrorType="ThrottlingException:http://internal.amazon.com/coral/")
    async with loopback(answer) as server:
        adapter = make_adapter(spec_of(base_url=server.url.removesuffix("/v1")))
        with pytest.raises(RateLimited, match="Please wait"):
            await adapter.respond(ASK)
        await adapter.aclose()


def test_no_key_names_both_ways_and_a_foreign_host_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingKey, match=r"AWS_BEARER_TOKEN_BEDROCK.*AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        make_adapter(spec_of())
    with pytest.raises(SuiteError, match="needs region"):
        make_adapter(spec_of(options={}))
    for region in ("evil.example/", "us-east-1.evil.example", "a@b", ""):
        with pytest.raises(SuiteError, match="region"):
            make_adapter(spec_of(options={"region": region}))
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", CANARY)
    for url in (
        "https://bedrock-runtime.us-east-1.amazonaws.com.evil.example",
        "https://evil.example/bedrock-runtime.us-east-1.amazonaws.com",
        "https://xbedrock-runtime.us-east-1.amazonaws.com",
        "https://bedrock-runtime.evil.us-east-1.amazonaws.com",
        "https://vpce-1-bedrock-runtime.us-east-1.vpce.amazonaws.com",
    ):
        with pytest.raises(SuiteError, match="is not sent there") as refused:
            make_adapter(spec_of(base_url=url))
        assert CANARY not in str(refused.value)
    for url in (HOME, "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com"):
        assert CANARY not in repr(make_adapter(spec_of(base_url=url, options={})))


def test_credentials_are_signed_with_and_need_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    with pytest.raises(SuiteError, match="is not sent there"):
        make_adapter(spec_of(base_url="https://evil.example"))
    if find_spec("botocore") is None:
        with pytest.raises(MissingPackage, match="uv pip install botocore"):
            make_adapter(spec_of())
    else:
        assert CANARY not in repr(make_adapter(spec_of()))


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"])
def test_credentials_that_no_header_can_carry_are_seen_at_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv(name, "line\nbreak-canary-0123456789")
    with pytest.raises(MissingKey, match=name) as refused:
        make_adapter(spec_of())
    assert "canary" not in str(refused.value)


async def test_a_signed_request_holds_for_its_body_and_keeps_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACANARY0123456789")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session-token-canary")
    async with loopback(reply(403, b'{"message": "no"}')) as server:
        allowed = frozenset({"127.0.0.1"})
        url = server.url.removesuffix("/v1")
        adapter = make_adapter(spec_of("amazon.nova-lite-v1:0", base_url=url, key_hosts=allowed))
        with pytest.raises(KeyRefused, match="AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY"):
            await adapter.respond(ASK)
        with pytest.raises(KeyRefused):
            await adapter.respond(Request((Message("user", "another"),)))
        await adapter.aclose()
    first, second = (sent.headers for sent in server.requests)
    assert first["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIACANARY0123456789/")
    assert "/us-east-1/bedrock/aws4_request" in first["authorization"]
    assert "content-type;host;x-amz-date;x-amz-security-token" in first["authorization"]
    assert first["x-amz-security-token"] == "session-token-canary"
    assert first["authorization"] != second["authorization"], "a signature holds for one body"
    assert CANARY not in str(server.requests)


def test_what_further_fields_of_a_model_do_is_seen() -> None:
    extra = {"additionalModelRequestFields": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}}
    assert [str(one) for one in callouts("m", extra)] == ["additionalModelRequestFields.tools[0] (web_search_20250305)"]
    assert asked_beside(extra) == ("additionalModelRequestFields",)
    assert asked_beside({"guardrailConfig": {"guardrailIdentifier": "g"}}) == ("guardrailConfig",)
    assert callouts("m", {"additionalModelRequestFields": {"top_k": 5}}) == ()
