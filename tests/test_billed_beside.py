"""What is billed besides text tokens has no price of tokens: the provider's word counts, or it is unknown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.billed_beside import asked_beside, billed_beside
from evalkit.adapters.chat_usage import usage_of
from evalkit.adapters.dialects import anthropic_messages, gemini, openai_responses
from evalkit.adapters.presets import Preset
from evalkit.adapters.registry import make_adapter
from evalkit.bridges.inspect_log import _input_tokens, _priced_as
from evalkit.cost.billing import Rates, UnitPrices, bill, worst_case
from evalkit.cost.prices import PriceBook
from evalkit.engine.asking import believed
from evalkit.records import Message, Request, Response, Settings, Timing, Usage
from evalkit.store.dates import unix_time
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.testing.loopback import raw_server, reply
from tests.tables import table
from tests.world import evalkit, write_suite

AT = datetime(2026, 11, 28, tzinfo=UTC)
ANY = Preset(name="any", about="", source="")


@table(
    "usage",
    [
        {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}]},
        {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}, {"modality": "AUDIO", "tokenCount": 40}]},
        {"promptTokensDetails": [{"modality": "VIDEO", "tokenCount": 900}]},
        {"cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 4}]},
        {"toolUsePromptTokensDetails": [{"modality": "DOCUMENT", "tokenCount": 4}]},
        {"completion_tokens_details": {"audio_tokens": 71, "text_tokens": 4}},
        {"prompt_tokens_details": {"image_tokens": 512}},
        {"output_tokens_details": {"image_tokens": 272, "text_tokens": 8}},
        {"server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0}},
        {"server_tool_use": {"code_execution_requests": 2}},
        {"inference_geo": "us"},
        {"iterations": [{"type": "message"}, {"type": "compaction", "input_tokens": 9}]},
        {"num_search_queries": 3},
        {"citation_tokens": 1000, "search_context_size": "low"},
        {"num_sources_used": 7},
        {"server_side_tool_usage_details": {"web_search_calls": 1, "x_search_calls": 0}},
        {"prompt_audio_seconds": 12},
        {"billed_units": {"input_tokens": 9, "search_units": 1}},
        {"usage_breakdown": {"models": [{"model": "a"}]}},
        {"images": 1},
        {"video_seconds": 8.0},
        {"cacheStorageTokenHours": 2},
        {"grounding_queries": 1},
        {"container_session_hours": 0.5},
        {"web_search": {"count": 2}},
        {"prompt_tokens": 9, "text.images": {"count": 2}},
        {"image_generation": {"n": 1}},
    ],
)
def test_other_units_are_seen(usage: dict[str, Any]) -> None:
    assert billed_beside({"prompt_tokens": 9, "completion_tokens": 9, **usage})


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39, "prompt_cache_hit_tokens": 20},
        {"completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 0, "rejected_prediction_tokens": 3}},
        {"prompt_tokens_details": {"cached_tokens": 3, "text_tokens": 9, "audio_tokens": 0, "image_tokens": 0}},
        {"queue_time": 0.1, "prompt_time": 0.02, "completion_time": 0.4, "total_time": 0.5},
        {"cache_creation": {"ephemeral_5m_input_tokens": 9}, "inference_geo": "global", "service_tier": "standard"},
        {"inference_geo": "not_available", "server_tool_use": {"web_search_requests": 0, "web_fetch_requests": 4}},
        {"iterations": [{"type": "message", "input_tokens": 9}]},
        {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}], "trafficType": "ON_DEMAND"},
        {"candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 0}], "toolUsePromptTokenCount": 7},
        {"cost": 0.01, "cost_details": {"upstream_inference_cost": 0.02}, "is_byok": False},
        {"num_cached_tokens": 4, "search_context_size": "low"},
    ],
)
def test_text_tokens_are_only_text_tokens(usage: dict[str, Any]) -> None:
    assert billed_beside(usage) == ()


READ = {
    "gemini": gemini.usage_of,
    "chat": lambda raw: usage_of(raw, ANY, tier=None, showed_reasoning=False),
    "responses": lambda raw: openai_responses.read_usage(raw, None),
    "anthropic": anthropic_messages.read_usage,
}
BODIES = {
    "gemini": {
        **{"promptTokenCount": 9, "candidatesTokenCount": 1290, "totalTokenCount": 1299},
        "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
    },
    "chat": {"prompt_tokens": 9, "completion_tokens": 9, "completion_tokens_details": {"audio_tokens": 8}},
    "responses": {"input_tokens": 9, "output_tokens": 9, "output_tokens_details": {"image_tokens": 8}},
    "anthropic": {"input_tokens": 9, "output_tokens": 9, "server_tool_use": {"web_search_requests": 1}},
}


@pytest.mark.parametrize("dialect", READ)
def test_every_dialect_notes_it_and_no_bill_is_made_of_tokens_alone(dialect: str) -> None:
    usage = READ[dialect](BODIES[dialect])
    assert usage is not None
    assert usage.beside
    unit = UnitPrices("m", "test", ((0, Rates(Decimal(1), Decimal(2))),))
    assert bill(usage, unit) is None
    plain = {name: value for name, value in BODIES[dialect].items() if not isinstance(value, dict | list)}
    assert bill(READ[dialect](plain), unit) is not None


@pytest.mark.parametrize(
    "written",
    [
        {"cache_creation_input_tokens": 1000},
        {"prompt_tokens_details": {"cache_write_tokens": 1000}},
        {"prompt_tokens_details": {"cache_creation_input_tokens": 1000, "cached_tokens": 0}},
        {"prompt_tokens_details": {"cache_creation_tokens": 1000}},
    ],
)
def test_input_that_a_gateway_says_was_written_to_a_cache_costs_what_a_write_costs(written: dict[str, Any]) -> None:
    usage = READ["chat"]({"prompt_tokens": 1500, "completion_tokens": 0, **written})
    unit = UnitPrices("m", "test", ((0, Rates(Decimal(4), Decimal(20), cache_write=Decimal(5))),))
    made = bill(usage, unit)
    assert made is not None and made.total_usd == Decimal("0.007")


def test_what_the_provider_states_is_the_bill_whatever_else_was_billed() -> None:
    usage = Usage(input=9, output=9, beside=("searches",), provider_cost_usd=Decimal("0.02"))
    made = PriceBook().price("openai", "gpt-4.1", usage, AT)
    assert made is not None
    assert made.total_usd == Decimal("0.02")


@pytest.mark.parametrize(
    "extra",
    [
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
        {"tools": [{"google_search": {}}]},
        {"tools": [{"functionDeclarations": []}, {"codeExecution": {}}]},
        {"web_search_options": {"search_context_size": "low"}},
        {"web_search_options": {}},
        {"compound_custom": {"tools": {"enabled_tools": ["web_search"]}}},
        {"search_parameters": {"mode": "on"}},
        {"plugins": [{"id": "web"}]},
        {"enable_search": True},
        {"modalities": ["text", "audio"]},
        {"generationConfig": {"responseModalities": ["IMAGE"]}},
        {"cachedContent": "cachedContents/1"},
        {"inference_geo": "us"},
    ],
)
def test_hosted_tools_and_media_asked_for_by_extra_make_the_bill_unknown(extra: dict[str, Any]) -> None:
    assert asked_beside(extra)
    request = Request((Message("user", "hi"),), Settings(extra=extra))
    response = Response("yes", "stop", Timing(0.0, 1.0), usage=Usage(input=9, output=9))
    usage = believed(response, request).usage
    assert usage is not None
    assert usage.beside


@pytest.mark.parametrize(
    "extra",
    [
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tools": [{"type": "function", "name": "f"}]},
        {"tools": [{"functionDeclarations": [{"name": "f"}]}]},
        {"tools": [{"name": "f", "input_schema": {}}]},
        {"modalities": ["text"], "service_tier": "flex", "thinking": {"type": "disabled"}, "enable_search": False},
        {"inference_geo": "global", "top_k": 4},
    ],
)
def test_functions_of_ones_own_and_text_are_tokens(extra: dict[str, Any]) -> None:
    assert asked_beside(extra) == ()


def test_counts_of_zero_beside_an_answer_are_unknown_and_beside_none_are_zero() -> None:
    request = Request((Message("user", "hi"),))
    said = Response("yes", "stop", Timing(0.0, 1.0), usage=Usage(input=0, output=0, reasoning=0))
    usage = believed(said, request).usage
    assert usage is not None
    assert (usage.input, usage.output) == (None, None)
    silent = Response("", "refusal", Timing(0.0, 1.0), usage=Usage(input=9, output=0))
    assert believed(silent, request) is silent


def test_zero_usage_does_not_pass_the_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices.yaml").write_text(
        "- {model: fake, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1000, output_per_mtok: 1000}\n"
    )
    with FakeProvider.in_thread(Behaviour(reply="B", input_tokens=0, output_tokens=0)) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=60)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--max-cost", "1", "--no-cache")
        assert ran.code == 4
        assert "the budget is used" in ran.err
        assert len(provider.account) < 60
    assert "unknown" in ran.out


def test_a_cap_is_refused_where_extra_asks_for_what_is_billed_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prices.yaml").write_text(
        "- {model: fake, valid_from: 2020-01-01, currency: USD, input_per_mtok: 1, output_per_mtok: 1}\n"
    )
    where = "adapter: openai_chat, model: fake, base_url: 'http://127.0.0.1:9/v1'"
    models = f"  fake: {{{where}, settings: {{extra: {{web_search_options: {{}}, plugins: [{{id: web}}]}}}}}}"
    ran = evalkit(capsys, "run", write_suite(tmp_path, "", models=models), "--max-cost", "5")
    assert ran.code == 2
    assert "billed besides tokens" in ran.err


@pytest.mark.parametrize(
    ("model", "price_as", "code"),
    [
        ("gpt-4o-search-preview", "openai:gpt-4o-search-preview", 2),
        ("sonar", "perplexity:sonar", 0),  # its listed price has a fee for each request
        ("gpt-4o", "openai:gpt-4o", 0),
    ],
)
def test_a_model_that_searches_unasked_is_not_billed_by_its_tokens_alone(
    model: str, price_as: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        at = f"adapter: openai_chat, model: {model}, price_as: '{price_as}', base_url: '{provider.base_url}'"
        suite = write_suite(tmp_path, "", n=2, models=f"  m: {{{at}}}", max_output_tokens=60)
        given = (suite, "--results", tmp_path / "results", "--allow-callout", "web_search")
        ran = evalkit(capsys, "plan", *given, "--max-cost", "5")
        assert (ran.code, "searches the web unasked" in ran.err) == (code, code == 2)
        assert ("unknown" in evalkit(capsys, "run", *given).out) is (code == 2)


def test_a_model_that_may_answer_with_images_reserves_their_price() -> None:
    book = PriceBook()
    unit = book.unit_prices("google", "gemini-2.5-flash-image", AT)
    assert unit is not None
    worst = worst_case(10, 1290, unit)
    assert worst is not None
    assert worst >= Decimal("0.0387")


def test_a_tier_has_no_cache_discount_that_only_the_standard_tier_states() -> None:
    book = PriceBook()
    cached = Usage(input=1000, cache_read=1000, output=0, service_tier="batch")
    made = book.price("openai", "gpt-4.1", cached, AT)
    assert made is not None
    assert made.total_usd == Decimal("0.001"), "ordinary batch input: never below what may be billed"
    standard = book.price("openai", "gpt-4.1", Usage(input=1000, cache_read=1000, output=0), AT)
    assert standard is not None
    assert standard.total_usd == Decimal("0.0005")
    own = book.price("openai", "gpt-4.1", Usage(input=1000, cache_read=1000, output=0, service_tier="priority"), AT)
    assert own is not None
    assert own.total_usd == Decimal("0.000875")


def test_prices_that_ended_are_unknown_from_that_day_on() -> None:
    book = PriceBook()
    assert book.unit_prices("deepseek", "deepseek-chat", datetime(2025, 3, 1, 12, tzinfo=UTC)) is not None
    assert book.unit_prices("deepseek", "deepseek-chat", AT) is None
    assert "not in genai-prices" in (book.why_unknown("deepseek", "deepseek-chat", AT) or "")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (("2026-05-03T10:01:55+00:00",), 1777802515.0),
        (("2026-05-03T12:01:55+02:00",), 1777802515.0),
        (("2026-05-03T10:01:55Z",), 1777802515.0),
        (("2026-05-03T10:01:55",), 1777802515.0),
        ((1777802515.5,), 1777802515.5),
        ((1777802515500,), 1777802515.5),
        ((None, "samples_arc_2026-05-03T10-01-55.25.jsonl"), 1777802515.25),
        ((None, True, "never", "", 0), 0.0),
    ],
)
def test_dates_of_other_tools(said: tuple[Any, ...], seconds: float) -> None:
    assert unix_time(*said) == seconds


def test_inspects_models_and_cached_tokens_can_be_priced() -> None:
    assert _priced_as("openai/gpt-4.1") == ("openai", "gpt-4.1")
    assert _priced_as("grok/grok-4.5") == ("x-ai", "grok-4.5")
    assert _priced_as("hf/local") is None
    apart = {"input_tokens": 10, "output_tokens": 5, "input_tokens_cache_read": 90, "total_tokens": 105}
    within = {"input_tokens": 100, "output_tokens": 5, "input_tokens_cache_read": 90, "total_tokens": 105}
    assert (_input_tokens(apart), _input_tokens(within), _input_tokens({})) == (100, 100, None)


def _responses(*output: dict[str, Any], cited: bool = False) -> bytes:
    part = {"type": "output_text", "text": "Lisbon", "annotations": CITED if cited else []}
    said = {"type": "message", "content": [part]}
    usage = {"input_tokens": 5, "output_tokens": 3}
    return json.dumps({"model": "m", "status": "completed", "output": [*output, said], "usage": usage}).encode()


def _messages(block: dict[str, Any], **ran: int) -> bytes:
    usage = {"input_tokens": 5, "output_tokens": 3, "server_tool_use": ran}
    content = [block, {"type": "text", "text": "Lisbon"}]
    return json.dumps({"type": "message", "content": content, "stop_reason": "end_turn", "usage": usage}).encode()


def _converse(**trace: Any) -> bytes:
    message = {"message": {"role": "assistant", "content": [{"text": "Lisbon"}]}}
    usage = {"inputTokens": 5, "outputTokens": 3}
    return json.dumps({"output": message, "stopReason": "end_turn", "usage": usage, "trace": trace}).encode()


def _chat(stream: bool, beside: dict[str, Any] | None = None, **message: Any) -> bytes:
    usage = {"prompt_tokens": 5, "completion_tokens": 3}
    choice = {"index": 0, "delta" if stream else "message": {"content": "Lisbon", **message}, "finish_reason": "stop"}
    said = json.dumps({"model": "m", "choices": [choice], "usage": usage, **(beside or {})})
    return f"data: {said}\n\ndata: [DONE]\n\n".encode() if stream else said.encode()


def _gemini(**candidate: Any) -> bytes:
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8}
    one = {"content": {"parts": [{"text": "Lisbon"}]}, "finishReason": "STOP", **candidate}
    return f"data: {json.dumps({'candidates': [one], 'usageMetadata': usage})}\n\n".encode()


CITED = [{"type": "url_citation", "url_citation": {"url": "https://example.org"}}]
FOUND = {"webSearchQueries": ["capital"], "groundingChunks": [{"web": {"uri": "https://example.org"}}]}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
PAINTED = {"parts": [{"text": "Lisbon"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}
RAN = [{"type": "search", "arguments": "{}"}]


@pytest.mark.parametrize(
    ("adapter", "body", "kind", "shown"),
    [
        ("openai", _responses({"type": "web_search_call", "status": "completed"}), "json", "web_search_call"),
        ("openai", _responses({"type": "file_search_call"}), "json", "file_search_call"),
        ("openai", _responses({"type": "code_interpreter_call"}), "json", "code_interpreter_call"),
        ("openai", _responses({"type": "image_generation_call"}), "json", "image_generation_call"),
        ("openai", _responses({"type": "function_call", "name": "web_search_call", "arguments": "{}"}), "json", None),
        ("openai", _responses({"type": "reasoning", "summary": []}), "json", None),
        ("openai-chat", _chat(True, annotations=CITED), "event-stream", "url_citation"),
        ("openai-chat", _chat(False, annotations=CITED), "json", "url_citation"),
        ("openai-chat", _chat(True, executed_tools=RAN), "event-stream", "executed_tools"),
        ("openai-chat", _chat(True, annotations=[], executed_tools=None), "event-stream", None),
        ("openai-chat", _chat(False, annotations=[{"type": "file"}]), "json", None),
        ("gemini", _gemini(groundingMetadata=FOUND), "event-stream", "groundingMetadata"),
        ("gemini", _gemini(groundingMetadata={}), "event-stream", None),
        (
            "gemini",
            _gemini(groundingMetadata={"searchEntryPoint": {"renderedContent": "x"}}),
            "json",
            "groundingMetadata",
        ),
        ("gemini", _gemini(content=PAINTED), "event-stream", "inlineData"),
        ("openai", _responses(cited=True), "json", "url_citation"),
        ("openai-chat", _chat(True, images=[PICTURE]), "event-stream", "images"),
        ("openai-chat", _chat(False, images=[PICTURE]), "json", "images"),
        ("openai-chat", _chat(False, content=[{"type": "text", "text": "Lisbon"}, PICTURE]), "json", "image_url"),
        ("openai-chat", _chat(True, audio={"id": "a", "data": "AAAA"}), "event-stream", "audio"),
        ("openai-chat", _chat(True, images=[], audio=None), "event-stream", None),
        ("openai-chat", _chat(True, beside={"search_results": [{"url": "https://x.org"}]}), "json", "search_results"),
        ("openai-chat", _chat(False, beside={"web_search": [{"link": "https://x.org"}]}), "json", "web_search"),
        ("openai-chat", _chat(False, beside={"citations": [], "web_search": None}), "json", None),
        ("anthropic", _messages({"type": "server_tool_use", "name": "web_search"}), "json", "web_search"),
        ("anthropic", _messages({"type": "web_search_tool_result", "content": []}), "json", "web_search"),
        ("anthropic", _messages({"type": "bash_code_execution_tool_result"}), "json", "bash_code_execution"),
        ("anthropic", _messages({"type": "server_tool_use", "name": "web_fetch"}), "json", None),
        ("anthropic", _messages({"type": "web_search_tool_result"}, web_search_requests=0), "json", None),
        ("bedrock-converse", _converse(guardrail={"inputAssessment": {}}), "json", "guardrail"),
        ("bedrock-converse", _converse(promptRouter={"invokedModelId": "m"}), "json", None),
    ],
)
async def test_searches_that_only_the_answer_shows_are_billed_beside_its_tokens(
    monkeypatch: pytest.MonkeyPatch, adapter: str, body: bytes, kind: str, shown: str | None
) -> None:
    """No usage of OpenAI's counts them, and its search models search unasked: such a bill was too low."""
    for name in ("OPENAI_API_KEY", "GEMINI_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.setenv(name, "sk-canary-0123456789")
    async with raw_server([reply(200, body, f"{'text' if 'stream' in kind else 'application'}/{kind}")]) as url:
        region = {"region": "us-east-1"} if adapter == "bedrock-converse" else {}
        base = url if adapter.startswith("openai") else url.removesuffix("/v1")
        spec = ModelSpec("m", adapter, "m", base, options=region, key_hosts=frozenset({"127.0.0.1"}))
        model = make_adapter(spec)
        said = await model.respond(Request((Message("user", "Which capital?"),)))
        await model.aclose()
    assert said.text == "Lisbon" and said.usage is not None
    assert said.usage.beside == (() if shown is None else (shown,))


async def test_usage_is_found_where_moonshot_puts_it() -> None:
    usage = {"prompt_tokens": 20, "completion_tokens": 5}
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage}]}
    first = {"model": "m", "choices": [{"index": 0, "delta": {"content": "Lisbon"}}]}
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in (first, last)) + "data: [DONE]\n\n"
    async with raw_server([reply(200, body.encode(), "text/event-stream")]) as url:
        model = make_adapter(ModelSpec(name="m", adapter="openai-chat", model="m", base_url=url))
        said = await model.respond(Request((Message("user", "Which capital?"),)))
        await model.aclose()
    assert said.usage is not None and (said.usage.input, said.usage.output) == (20, 5)
