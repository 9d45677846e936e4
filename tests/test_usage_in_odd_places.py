"""What an answer was billed, wherever a provider of the Chat Completions or Responses dialect says it.

Each case is written after a provider's own documentation or a public report of its stream; nothing is guessed: a count
that is nowhere said stays unknown, and so does a cost whose unit nobody says.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialects import openai_chat
from evalkit.adapters.presets import load_preset
from evalkit.adapters.registry import make_adapter
from evalkit.records import Response, Usage
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.faults.replies import ASK, Event, Served, as_stream, good, http, serving, whole
from tests.world import evalkit, run_folders, write_suite

BILL = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}


def chunk(text: str | None = None, *, finish: str | None = None, **beside: Any) -> Event:
    """One event of a stream."""
    delta = {} if text is None else {"content": text}
    return {"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **beside}


def bare(**beside: Any) -> Event:
    """One event without choices."""
    return {"id": "c", "model": "m-1", "choices": [], **beside}


async def ask(events: list[Event] | Event, preset: str = "openai-chat", **options: Any) -> Response:
    """The answer of a server that sends these events, or this one body."""
    if isinstance(events, dict):
        reply = http(json.dumps(events).encode(), kind="application/json")
    else:
        reply = http(as_stream("openai_chat", events))
    async with serving(Served([reply])) as url:
        spec = ModelSpec(name="m", adapter=preset, model="m-1", base_url=f"{url}/v1", options=options)
        adapter = openai_chat.make(spec, load_preset(preset))
        try:
            return await adapter.respond(ASK)
        finally:
            await adapter.aclose()


def counts(usage: Usage | None) -> dict[str, int]:
    """The counts that are known."""
    names = ("input", "cache_read", "output", "reasoning")
    return {name: n for name in names if usage is not None and (n := getattr(usage, name)) is not None}


ODD_PLACES: dict[str, tuple[list[Event], dict[str, int]]] = {
    "Groq, last event and an event of its own": (
        [
            chunk("Lisbon", x_groq={"id": "req_1"}),
            chunk(finish="stop", x_groq={"id": "req_1", "usage": BILL}),
            bare(usage={**BILL, "prompt_tokens_details": {"cached_tokens": 8}}, x_groq={"id": "req_1"}),
        ],
        {"input": 20, "cache_read": 8, "output": 5},
    ),
    "Groq, x_groq without usage": ([chunk("Lisbon", x_groq={"id": "r"}), chunk(finish="stop")], {}),
    "Groq, x_groq that is no object": (
        [chunk("Lisbon", x_groq="r"), chunk(finish="stop", usage=BILL)],
        {"input": 20, "output": 5},
    ),
    "Groq, usage of x_groq that is null": (
        [chunk("Lisbon"), chunk(finish="stop", x_groq={"usage": None}), bare(usage=BILL)],
        {"input": 20, "output": 5},
    ),
    "Mistral, with the finish reason": (
        [chunk("Lisbon"), chunk("", finish="stop", usage={**BILL, "num_cached_tokens": 16})],
        {"input": 20, "output": 5},
    ),
    "Together, with the last piece of text": (
        [chunk("Lis"), chunk("bon", finish="stop", usage={**BILL, "cached_tokens": 0})],
        {"input": 20, "cache_read": 0, "output": 5},
    ),
    "Fireworks, with the finish reason, beside timings": (
        [
            chunk("Lisbon"),
            chunk(finish="stop", usage={**BILL, "prompt_tokens_details": {"cached_tokens": 4}}, perf_metrics={"n": 1}),
        ],
        {"input": 20, "cache_read": 4, "output": 5},
    ),
    "OpenAI, null until an event without choices": (
        [chunk("Lis", usage=None), chunk("bon", usage=None), chunk(finish="stop", usage=None), bare(usage=BILL)],
        {"input": 20, "output": 5},
    ),
    "usage before the finish reason, then null": (
        [chunk("Lisbon"), bare(usage=BILL), chunk(finish="stop", usage=None)],
        {"input": 20, "output": 5},
    ),
    "vLLM, continuous usage": (
        [
            chunk("", usage={"prompt_tokens": 20, "total_tokens": 20, "completion_tokens": 0}),
            chunk("Lis", usage={"prompt_tokens": 20, "total_tokens": 22, "completion_tokens": 2}),
            chunk("bon", usage={"prompt_tokens": 20, "total_tokens": 25, "completion_tokens": 5}),
            chunk(finish="stop", usage=BILL),
            bare(usage=BILL),
        ],
        {"input": 20, "output": 5},
    ),
    "the prompt's bill in the first event, the whole in the last": (
        [
            chunk("", usage={"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21}),
            chunk("Lisbon"),
            chunk(finish="stop", usage=BILL),
        ],
        {"input": 20, "output": 5},
    ),
    "the prompt's part first, the answer's part last": (
        [chunk("", usage={"prompt_tokens": 20}), chunk("Lisbon"), chunk(finish="stop", usage={"completion_tokens": 5})],
        {"input": 20, "output": 5},
    ),
    "the whole bill first, an empty one last": (
        [chunk("Lisbon", usage=BILL), chunk(finish="stop"), bare(usage={"prompt_tokens": 0, "completion_tokens": 0})],
        {"input": 20, "output": 5},
    ),
    "Moonshot, in the last choice": (
        [
            chunk("Lisbon"),
            {"model": "m-1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "usage": BILL}]},
        ],
        {"input": 20, "output": 5},
    ),
    "xAI, every event, with sources": (
        [
            chunk(
                "Lis", usage={"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22, "num_sources_used": 0}
            ),
            chunk("bon", finish="stop", usage={**BILL, "num_sources_used": 0}),
        ],
        {"input": 20, "output": 5},
    ),
    "choices that are null beside the bill": (
        [chunk("Lisbon"), chunk(finish="stop"), {"model": "m-1", "choices": None, "usage": BILL}],
        {"input": 20, "output": 5},
    ),
    "no choices at all beside the bill": (
        [chunk("Lisbon"), chunk(finish="stop"), {"model": "m-1", "usage": BILL}],
        {"input": 20, "output": 5},
    ),
    "a list where the bill belongs": ([chunk("Lisbon"), chunk(finish="stop", usage=[BILL])], {}),
}


@pytest.mark.parametrize("case", ODD_PLACES)
async def test_the_bill_is_found_wherever_a_stream_says_it(case: str) -> None:
    events, expected = ODD_PLACES[case]
    response = await ask(events)
    assert response.text == "Lisbon" and counts(response.usage) == expected


async def test_where_usage_is_not_asked_for_groq_says_it_in_a_place_of_its_own() -> None:
    last = {"id": "req_1", "usage": {"queue_time": 0.01, **BILL, "total_time": 0.2}}
    events = [chunk("", x_groq={"id": "req_1"}), chunk("Lisbon"), chunk(finish="stop", x_groq=last)]
    response = await ask(events, stream_options=False)
    assert counts(response.usage) == {"input": 20, "output": 5}
    assert counts((await ask(events)).usage) == {}  # asked for and not given: unknown


async def test_cached_tokens_of_mistral_are_found_by_its_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", "sk-canary")
    response = await ask([chunk("Lisbon"), chunk(finish="stop", usage={**BILL, "num_cached_tokens": 16})], "mistral")
    assert counts(response.usage) == {"input": 20, "cache_read": 16, "output": 5}


SONAR = {"input_tokens_cost": 0.00002, "output_tokens_cost": 0.00008, "request_cost": 0.006, "total_cost": 0.0061}
STATED: dict[str, tuple[Event, str | None, str | None]] = {
    # usage -> (the cost without a word of the suite, the cost under reported_cost: true)
    "Perplexity Sonar": ({"cost": SONAR, "num_search_queries": 1, "citation_tokens": 0}, "0.0061", "0.0061"),
    "Perplexity Agent": ({"cost": {"currency": "USD", "input_cost": 0.001, "total_cost": 0.0025}}, "0.0025", "0.0025"),
    "an itemised cost in euros": ({"cost": {"currency": "EUR", "total_cost": 0.0025}}, None, None),
    "an itemised cost without a total": ({"cost": {"input_tokens_cost": 0.001, "request_cost": 0.005}}, None, None),
    "an itemised cost of 0": ({"cost": {"total_cost": 0}}, None, "0"),
    "an itemised cost below 0": ({"cost": {"total_cost": -0.01}}, None, None),
    "xAI ticks": ({"cost_in_usd_ticks": 37756000, "num_sources_used": 2}, "0.0037756", "0.0037756"),
    "xAI ticks above a dollar": ({"cost_in_usd_ticks": 31_000_000_000}, "3.1", "3.1"),
    "xAI ticks of 0": ({"cost_in_usd_ticks": 0}, None, "0"),
    "ticks that are no whole number": ({"cost_in_usd_ticks": 1.5}, None, None),
    "ticks that are a text": ({"cost_in_usd_ticks": "37756000"}, None, None),
    "ticks beyond any bill": ({"cost_in_usd_ticks": 10**30}, None, None),
    "DeepInfra": ({"estimated_cost": 0.0000268}, None, "0.0000268"),
    "DeepInfra beside a cost": ({"estimated_cost": 9, "cost": 0.5}, None, "0.5"),
    "LiteLLM": ({"cost": 0.25}, None, "0.25"),
    "OpenRouter": ({"cost": 0.25, "cost_details": {"upstream_inference_cost": None}, "is_byok": False}, None, "0.25"),
    "OpenRouter, own key": (
        {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}},
        None,
        "0.21",
    ),
    "credits without a unit": ({"credits": 4, "total_cost": 0.2}, None, None),
}


@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("case", STATED)
async def test_a_stated_cost_counts_where_its_unit_is_known(case: str, streamed: bool) -> None:
    more, alone, told = STATED[case]
    usage = BILL | more
    reply: Any = [chunk("Lisbon"), chunk(finish="stop"), bare(usage=usage)]
    if not streamed:
        reply = whole("openai_chat") | {"usage": usage}
    for expected, options in ((alone, {}), (told, {"reported_cost": True})):
        found = (await ask(reply, **options)).usage
        assert found is not None and (found.input, found.output) == (20, 5)
        assert found.provider_cost_usd == (None if expected is None else Decimal(expected))


async def test_reported_cost_false_turns_off_a_presets_bare_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-canary")
    reply = [chunk("Lisbon"), chunk(finish="stop"), bare(usage=BILL | {"cost": 0.25})]
    believed, refused = await ask(reply, "openrouter"), await ask(reply, "openrouter", reported_cost=False)
    assert believed.usage is not None and believed.usage.provider_cost_usd == Decimal("0.25")
    assert refused.usage is not None and refused.usage.provider_cost_usd is None


RESPONSES: dict[str, tuple[Event, str | None]] = {
    "xAI": ({"cost_in_usd_ticks": 37756000}, "0.0037756"),
    "xAI, above a dollar": ({"cost_in_usd_ticks": 31_000_000_000}, "3.1"),
    "xAI, 0": ({"cost_in_usd_ticks": 0}, None),
    "Perplexity Agent": ({"cost": {"currency": "USD", "total_cost": 0.0025}}, "0.0025"),
    "a bare number": ({"cost": 0.25}, None),
    "a bare number that the suite vouches for": ({"cost": 0.25}, "0.25"),
}


@pytest.mark.parametrize("case", RESPONSES)
async def test_the_responses_dialect_reads_the_same_statements_through_the_openai_sdk(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more, expected = RESPONSES[case]
    options = {"reported_cost": True} if "vouches" in case else {}
    monkeypatch.setenv("XAI_API_KEY", "sk-canary")
    events = good("openai")
    events[-1]["response"]["usage"] |= more
    async with serving(Served([http(as_stream("openai", events))])) as url:
        spec = ModelSpec("m", "xai", "m-1", f"{url}/v1", key_hosts=frozenset({"127.0.0.1"}), options=options)
        adapter = make_adapter(spec)
        try:
            response = await adapter.respond(ASK)
        finally:
            await adapter.aclose()
    assert response.usage is not None and response.usage.output == 7
    assert response.usage.provider_cost_usd == (None if expected is None else Decimal(expected))


GEMINI_BILL = {
    "promptTokenCount": 15,
    "cachedContentTokenCount": 3,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "totalTokenCount": 22,
}
GEMINI: dict[str, list[Event | None]] = {
    # the usageMetadata of three events and of one without a candidate behind them
    "last": [None, None, GEMINI_BILL, None],
    "first": [GEMINI_BILL, None, None, None],
    "alone": [None, None, None, GEMINI_BILL],
    "growing": [
        {"promptTokenCount": 15, "totalTokenCount": 15},
        {"promptTokenCount": 15, "candidatesTokenCount": 2, "totalTokenCount": 17},
        GEMINI_BILL,
        None,
    ],
    "zeros behind it": [None, None, GEMINI_BILL, {"promptTokenCount": 0, "totalTokenCount": 0}],
    "a part of it behind it": [None, None, GEMINI_BILL, {"totalTokenCount": 22}],
    "nothing behind it": [None, None, GEMINI_BILL, {}],
}


@pytest.mark.parametrize("case", GEMINI)
async def test_gemini_says_it_in_any_event_and_a_part_takes_nothing_away(case: str) -> None:
    events = [{k: v for k, v in event.items() if k != "usageMetadata"} for event in good("gemini")]
    events = [*events[:2], events[-1], {"candidates": []}]
    for event, usage in zip(events, GEMINI[case], strict=True):
        if usage is not None:
            event["usageMetadata"] = usage
    async with serving(Served([http(as_stream("gemini", events))])) as url:
        adapter = make_adapter(ModelSpec("m", "gemini", "m-1", url))
        try:
            response = await adapter.respond(ASK)
        finally:
            await adapter.aclose()
    assert counts(response.usage) == {"input": 15, "cache_read": 3, "output": 7, "reasoning": 2}


@pytest.mark.parametrize("place", ["top", "x_groq"])
async def test_models_that_worked_beside_the_one_asked_are_named(place: str) -> None:
    breakdown = {"models": [{"model": "other", "usage": BILL}]}
    beside = {"usage_breakdown": breakdown} if place == "top" else {"x_groq": {"usage_breakdown": breakdown}}
    response = await ask([chunk("Lisbon"), chunk(finish="stop", usage=BILL, **beside)])
    assert response.usage is not None and response.usage.beside == ("usage_breakdown",)
    plain = await ask([chunk("Lisbon"), chunk(finish="stop", usage=BILL, usage_breakdown=None)])
    assert plain.usage is not None and plain.usage.beside == ()


BOOK_COST = Decimal("0.0000036")  # 1,000 input and 100 output tokens at the prices below, a row
PRICED = "- {model: fake, valid_from: 2026-01-01, currency: USD, input_per_mtok: 0.003, output_per_mtok: 0.006}\n"


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("billed", "keys", "paid"),
    [
        ({}, "", BOOK_COST),
        ({"cost": 0.25}, "", BOOK_COST),
        ({"cost": 0.25}, ", reported_cost: true", Decimal("0.25")),
        ({"estimated_cost": 0.125}, ", reported_cost: true", Decimal("0.125")),
        ({"cost": {"total_cost": 0.5, "request_cost": 0.4}}, "", Decimal("0.5")),
        ({"cost_in_usd_ticks": 20_000_000_000}, "", Decimal(2)),
        ({"cost_in_usd_ticks": 0}, "", BOOK_COST),
        ({"num_search_queries": 3}, "", None),
        ({"num_search_queries": 3, "cost": {"total_cost": 0.5}}, "", Decimal("0.5")),
    ],
    ids=str,
)
def test_a_run_is_billed_by_the_statement_and_else_by_the_book(
    billed: dict[str, Any], keys: str, paid: Decimal | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "prices.yaml").write_text(PRICED)
    behaviour = Behaviour(reply="B", input_tokens=1000, output_tokens=100, billed=billed)
    with FakeProvider.in_process(behaviour) as provider:
        model = f'  fake: {{adapter: openai_chat, model: fake, base_url: "{provider.base_url}"{keys}}}'
        suite = write_suite(tmp_path, provider.base_url, n=2, models=model)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "r", "--no-cache")
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "r")
    assert [row.cost_usd for row in rows_of(folder)] == [paid, paid]
    where = (folder.name, "--results", tmp_path / "r")
    total = evalkit(capsys, "price", *where, "--json").json["models"]["fake"]["total"]["billed_usd"]
    assert total is None if paid is None else Decimal(total) == 2 * paid
    again = evalkit(capsys, "price", *where, "--prices", tmp_path / "prices.yaml", "--json")
    by_book = again.json["repriced"]["models"]["fake"]["total"]["billed_usd"]  # whatever the provider said
    assert by_book is None if "num_search_queries" in billed else Decimal(by_book) == 2 * BOOK_COST
