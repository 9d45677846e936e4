"""Real API usage bodies, from what a provider sent to dollars: our reading and our prices, entry by entry."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.chat_usage import usage_of as read_chat
from evalkit.adapters.converse_answer import read_usage as read_bedrock
from evalkit.adapters.dialects.anthropic_messages import read_usage as read_anthropic
from evalkit.adapters.dialects.gemini import usage_of as read_gemini
from evalkit.adapters.dialects.openai_responses import read_usage as read_responses
from evalkit.adapters.presets import Preset
from evalkit.cost.prices import PriceBook
from evalkit.records import Usage

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)  # before later price changes
OTHER_PRICE = {
    # (provider, model): why our price is not the expected one
    ("google", "claude-sonnet-4-5-20250929"): "the book has gained a band for long prompts since",
    ("cerebras", "qwen-3-coder-480b"): "the book has no price: to it that is 0, to us unknown",
    ("openrouter", "openai/gpt-4o-mini"): "a tool of the provider's own ran: only its stated cost is the whole bill",
    ("anthropic", "claude-sonnet-5"): "an advisor's tokens, of another model, stand in iterations: unknown",
    ("anthropic", "claude-sonnet-4-5-20250929"): "web searches are billed besides tokens: unknown",
    ("anthropic", "claude-sonnet-4-20250514"): "web searches are billed besides tokens: unknown",
}
NOT_OURS = {
    "cohere": "Cohere's own dialect: no adapter",
    "azure": "embeddings: nothing is generated",
}
CHAT = Preset(name="any", about="", source="")


def _read(body: dict[str, Any]) -> tuple[str, str, Usage] | None:
    """(provider, flavour, usage) by the shape of the body; None for a dialect that no adapter speaks."""
    raw = body.get("usage") or body.get("usageMetadata") or body["meta"]
    if "promptTokenCount" in raw or "totalTokenCount" in raw:
        return "google", "default", read_gemini(raw)
    if "prompt_tokens" in raw and "completion_tokens" in raw:
        usage = read_chat(raw, CHAT, tier=None, showed_reasoning=False)
        assert usage is not None
        return "openai", "chat", usage
    if "input_tokens_details" in raw:
        return "openai", "responses", read_responses(raw, None)
    if "inputTokens" in raw:
        return "aws", "default", read_bedrock(raw)
    return ("anthropic", "default", read_anthropic(raw)) if "input_tokens" in raw else None


@pytest.fixture(scope="module")
def entries(shared_data: Path) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads(
        gzip.decompress((shared_data / "prices" / "genai_usages_even.json.gz").read_bytes())
    )
    assert len(loaded) == 789
    return loaded


def test_every_token_class_of_every_body_is_read_as_expected(entries: list[dict[str, Any]]) -> None:
    equal: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for entry in entries:
        read = _read(entry["body"])
        if read is None:
            providers = {who["provider_id"] for one in entry["extracted"] for who in one["extractors"]}
            reasons[next(name for name in NOT_OURS if name in providers)] += 1
            continue
        provider, flavour, usage = read
        for one in entry["extracted"]:
            if any((who["provider_id"], who["api_flavor"]) == (provider, flavour) for who in one["extractors"]):
                expected = one["usage"]
                written = sum(n or 0 for n in (usage.cache_write_5m, usage.cache_write_1h, usage.cache_write_other))
                ours = {
                    "input_tokens": usage.input,
                    "output_tokens": usage.output,
                    "cache_read_tokens": usage.cache_read,
                    "output_reasoning_tokens": usage.reasoning,
                    "cache_write_tokens": written,
                    "cache_write_1h_tokens": usage.cache_write_1h,
                }
                assert {name: n or 0 for name, n in ours.items()} == {name: expected.get(name, 0) for name in ours}
                equal[f"{provider} {flavour}"] += 1
    read_so = {"google default": 230, "openai chat": 200, "openai responses": 130, "anthropic default": 108}
    assert equal == read_so | {"aws default": 111}
    assert reasons == {"cohere": 8, "azure": 2}
    assert equal.total() + reasons.total() == len(entries)


def test_every_price_of_a_body_we_read_is_as_expected(entries: list[dict[str, Any]]) -> None:
    book = PriceBook()
    equal, other = 0, set()
    for entry in entries:
        read = _read(entry["body"])
        if read is None:
            continue
        provider, flavour, usage = read
        for one in entry["extracted"]:
            if not any((who["provider_id"], who["api_flavor"]) == (provider, flavour) for who in one["extractors"]):
                continue
            if any(medium in key for key in one["usage"] for medium in ("audio", "image", "video")):
                continue  # tokens of other media have prices of their own; evalkit's requests are text
            for expected in one["extractors"]:
                if "input_price" not in expected:
                    continue
                made = book.price(expected["provider_id"], entry["model"], usage, AT)
                total = Decimal(expected["input_price"]) + Decimal(expected["output_price"])
                if made is not None and made.total_usd == total:
                    equal += 1
                else:
                    other.add((expected["provider_id"], entry["model"]))
    assert other <= OTHER_PRICE.keys()
    assert equal > 900
