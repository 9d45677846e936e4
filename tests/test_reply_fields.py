"""Fields of a reply that are not what they should be: unknown beside the answer, refused inside it."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.chat_usage import UsageSoFar
from evalkit.adapters.dialects import openai_chat
from evalkit.adapters.presets import load_preset
from evalkit.adapters.reply_fields import money
from evalkit.errors import BadReply, SuiteError
from evalkit.records import Request, Response, Settings
from tests.faults.replies import (
    ASK,
    DIALECTS,
    FRAMES,
    TEXT,
    TOOL,
    Event,
    Served,
    adapter_at,
    as_stream,
    good,
    http,
    serving,
    whole,
)

NO_NAMES = [{"a": 1}, ["m"], 5, True, 1.5, "", "x" * 600]
NO_COUNTS = ["9", {"a": 1}, [1], -7, 1.5, True, 10**30, 1e300, "NaN"]


async def _answer(dialect: str, body: bytes, kind: str = "text/event-stream", request: Request = ASK) -> Response:
    async with serving(Served([http(body, kind=kind)])) as url:
        adapter = adapter_at(dialect, url)
        try:
            return await adapter.respond(request)
        finally:
            await adapter.aclose()


def _with(node: Any, key: str, value: Any) -> Any:
    """The events with this value under every such key."""
    if isinstance(node, dict):
        return {k: value if k == key else _with(v, key, value) for k, v in node.items()}
    return [_with(one, key, value) for one in node] if isinstance(node, list) else node


@pytest.mark.long(but=19)
@pytest.mark.parametrize("streamed", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("value", NO_NAMES, ids=repr)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_name_that_is_none_is_unknown_and_the_answer_counts(dialect: str, value: Any, streamed: bool) -> None:
    for key in ("model", "modelVersion", "service_tier", "serviceTier", "system_fingerprint"):
        events = _with(copy.deepcopy(good(dialect) if streamed else [whole(dialect)]), key, value)
        body = as_stream(dialect, events) if streamed else json.dumps(events[0]).encode()
        response = await _answer(dialect, body, "text/event-stream" if streamed else "application/json")
        assert response.text == TEXT
        named = (response.served_model, response.fingerprint, response.usage and response.usage.service_tier)
        assert all(name is None or isinstance(name, str) for name in named) and value not in named


@pytest.mark.long(but=54)
@pytest.mark.parametrize("value", NO_COUNTS, ids=repr)
@pytest.mark.parametrize(
    ("dialect", "key"),
    [
        *(("openai_chat", key) for key in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")),
        *(("openai", key) for key in ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens")),
        *(("anthropic", key) for key in ("input_tokens", "output_tokens", "cache_read_input_tokens")),
        *(("gemini", key) for key in ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")),
        *(("ollama-native", key) for key in ("prompt_eval_count", "eval_count")),
        *(("bedrock-converse", key) for key in ("inputTokens", "outputTokens", "cacheReadInputTokens")),
        *(("http", key) for key in ("tokens_in", "tokens_out", "tokens_again", "tokens_thought")),
    ],
)
async def test_a_count_that_is_none_is_unknown_and_the_others_count(dialect: str, key: str, value: Any) -> None:
    response = await _answer(dialect, as_stream(dialect, _with(good(dialect), key, value)))
    usage = response.usage
    assert response.text == TEXT and usage is not None
    counts = (usage.input, usage.output, usage.cache_read, usage.reasoning)
    assert all(n is None or (type(n) is int and 0 <= n < 100) for n in counts)
    assert any(counts)


@pytest.mark.parametrize("value", [5, {"a": 1}, ["x"], 1.5, True], ids=repr)
@pytest.mark.parametrize(
    ("dialect", "key"),
    [
        *(("openai_chat", "content"), ("openai", "delta"), ("anthropic", "text"), ("gemini", "text")),
        *(("ollama-native", "content"), ("bedrock-converse", "text"), ("http", "piece")),
    ],
)
async def test_a_text_that_is_none_is_a_bad_reply(dialect: str, key: str, value: Any) -> None:
    with pytest.raises(BadReply):
        await _answer(dialect, as_stream(dialect, _with(good(dialect), key, value)))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_bill_of_zeros_beside_an_answer_is_unknown(dialect: str) -> None:
    zeros = _zeros(good(dialect))
    response = await _answer(dialect, as_stream(dialect, zeros))
    assert response.text == TEXT and response.usage is None


@pytest.mark.parametrize("dialect", ["openai_chat", "anthropic", "gemini", "bedrock-converse"])
async def test_later_zeros_do_not_replace_counts(dialect: str) -> None:
    events = good(dialect)
    last = next(
        event for event in reversed(events) if "sage" in json.dumps(event) and "stop" not in event.get("type", "")
    )
    late = _zeros([last])
    if dialect == "gemini":
        late[0]["candidates"] = []
    at = len(events) - 1 if dialect == "anthropic" else len(events)
    response = await _answer(dialect, as_stream(dialect, [*events[:at], *late, *events[at:]]))
    assert response.usage is not None and response.usage.output == 7 and (response.usage.input or 0) >= 15


def _zeros(node: Any) -> Any:
    """The events with every count of tokens at 0."""
    if isinstance(node, dict):
        return {
            k: 0 if isinstance(v, int) and ("oken" in k or "eval_count" in k) else _zeros(v) for k, v in node.items()
        }
    return [_zeros(one) for one in node] if isinstance(node, list) else node


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_character_in_two_halves_is_put_together_and_a_lone_half_is_marked(dialect: str) -> None:
    def said(text: str) -> bytes:
        first = json.dumps(text)[1:-1].encode()
        if dialect in FRAMES:  # checksums stand over the text, so the events are changed
            half = len(first) // 2
            halves = {'"no, "': json.loads(b'"%s"' % first[:half]), '"yes"': json.loads(b'"%s"' % first[half:])}
            events = good(dialect)
            for mark, piece in halves.items():
                events = [_with(event, "text", piece) if mark in json.dumps(event) else event for event in events]
            return as_stream(dialect, events)
        body = as_stream(dialect, [event for event in good(dialect)])
        if dialect == "openai":  # its last event repeats the text
            body = body.replace(b'"text": "no, yes"', b'"text": "' + first + b'"')
        return body.replace(b'"no, "', b'"' + first[: len(first) // 2] + b'"').replace(
            b'"yes"', b'"' + first[len(first) // 2 :] + b'"'
        )

    assert (await _answer(dialect, said("\U0001f600"))).text == "\U0001f600"
    lone = await _answer(dialect, said("\ud83d\ud83d"))
    assert lone.text == "\ufffd\ufffd"


def _chat(**usage: Any) -> Event:
    return _with(whole("openai_chat"), "usage", usage)


async def _priced(name: str, usage: dict[str, Any], **options: Any) -> Response:
    async with serving(Served([http(json.dumps(_chat(**usage)).encode(), kind="application/json")])) as url:
        spec = ModelSpec(name="m", adapter=name, model="m-1", base_url=f"{url}/v1", options=options)
        adapter = openai_chat.make(spec, load_preset(name))
        try:
            return await adapter.respond(ASK)
        finally:
            await adapter.aclose()


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"cost": 0.0042}, "0.0042"),
        ({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0361}}, "0.0361"),
        ({"cost": 0.0018, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0361}}, "0.0379"),
        ({"cost": 0.0018, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}, None),
        ({"cost": 0, "is_byok": True}, None),
        ({"cost": 0, "is_byok": False}, "0"),
        ({"cost": -1}, None),
        ({"cost": "free"}, None),
        ({"cost": 1e12}, None),
        ({"cost": {"usd": 1}}, None),
    ],
)
async def test_what_a_gateway_says_it_cost_is_the_whole_of_it_or_unknown(
    usage: Event, cost: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-canary")
    counts = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    response = await _priced("openrouter", counts | usage)
    assert response.usage is not None
    assert response.usage.provider_cost_usd == (None if cost is None else Decimal(cost))


@pytest.mark.parametrize(
    "usage",
    [
        {"cached_tokens": 4},
        {"prompt_tokens_details": {"cached_tokens": 4}},
        {"prompt_cache_hit_tokens": 4},
        {"cache_read_input_tokens": 4},
    ],
)
async def test_cached_tokens_are_found_wherever_a_server_says_them(usage: Event) -> None:
    response = await _priced("openai-chat", {"prompt_tokens": 10, "completion_tokens": 5} | usage)
    assert response.usage is not None and response.usage.cache_read == 4


async def test_a_servers_own_spelling_is_for_the_suite_to_say() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.25}
    assert (await _priced("openai-chat", usage)).usage.provider_cost_usd is None  # type: ignore[union-attr]
    told = await _priced(
        "openai-chat", usage, reported_cost=True, stream_options=False, token_param="max_completion_tokens"
    )
    assert told.usage is not None and told.usage.provider_cost_usd == Decimal("0.25")
    spec = ModelSpec(
        "m",
        "openai_chat",
        "m-1",
        "http://127.0.0.1:9/v1",
        {"stream_options": False, "token_param": "max_completion_tokens"},
    )
    body = openai_chat.make(spec).dialect.body(ASK)
    assert body["max_completion_tokens"] == 64 and "max_tokens" not in body and "stream_options" not in body
    for options in ({"token_param": "tokens"}, {"stream_options": "no"}, {"reported_cost": 1}):
        with pytest.raises(SuiteError):
            openai_chat.make(ModelSpec("m", "openai_chat", "m-1", "http://127.0.0.1:9/v1", options))


async def test_log_probabilities_come_in_several_forms() -> None:
    def chunk(logprobs: Any) -> bytes:
        event = {
            "model": "m",
            "choices": [{"index": 0, "delta": {"content": "yes"}, "logprobs": logprobs, "finish_reason": "stop"}],
        }
        return as_stream("openai_chat", [event])

    ask = Request(ASK.messages, Settings(top_logprobs=1))
    assert (await _answer("openai_chat", chunk(-0.25), request=ask)).text == "yes"
    lists = await _answer("openai_chat", chunk({"tokens": ["yes"], "token_logprobs": [-0.25]}), request=ask)
    assert lists.top_logprobs == ({"yes": -0.25},)
    own = await _answer("openai_chat", chunk({"content": [{"token": "yes", "logprob": -9999.0}]}), request=ask)
    assert own.top_logprobs == ({"yes": -9999.0},)
    with pytest.raises(BadReply):
        await _answer("openai_chat", chunk({"content": [{"token": "yes", "logprob": "high"}]}), request=ask)


def _message(text: str, phase: str | None = None) -> Event:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]} | ({"phase": phase} if phase else {})


@pytest.mark.parametrize(
    ("output", "text", "reasoning"),
    [
        ([_message("I will look.", "commentary"), _message("Lyon", "final_answer")], "Lyon", "I will look."),
        ([_message("I will look.", "commentary"), _message("Lyon")], "Lyon", "I will look."),
        ([_message("I will look.", "commentary")], "I will look.", None),
        ([_message("Ly"), _message("on")], "Lyon", None),
    ],
)
async def test_commentary_is_no_part_of_an_answer(output: list[Event], text: str, reasoning: str | None) -> None:
    final = {"type": "response.completed", "response": whole("openai") | {"output": output}}
    response = await _answer("openai", as_stream("openai", [final]))
    assert (response.text, response.reasoning) == (text, reasoning)


async def test_a_message_that_begins_anew_forgets_what_was_given_up() -> None:
    events = good("anthropic")
    response = await _answer("anthropic", as_stream("anthropic", [*events[:6], *events]))
    assert response.text == TEXT
    call = {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "name": "book", "input": {}},
    }
    piece = {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"gue'}}
    request = Request(ASK.messages, ASK.settings, (TOOL,))
    response = await _answer("anthropic", as_stream("anthropic", [*events[:6], call, piece, *events]), request=request)
    assert response.text == TEXT and response.calls == ()


async def test_an_answer_that_was_cut_off_stays_one_when_an_error_follows() -> None:
    events = [event for event in good("openai_chat") if "finish" not in str(event.get("usage"))]
    events[-2]["choices"][0]["finish_reason"] = "length"
    late = {
        "error": {"code": 400, "message": "Token limit reached"},
        "usage": {"prompt_tokens": 8, "completion_tokens": 9},
    }
    response = await _answer("openai_chat", as_stream("openai_chat", [*events[:-1], late]))
    assert (response.text, response.stop_reason) == (TEXT, "length")
    assert response.usage is not None and response.usage.output == 9


async def test_a_choice_that_was_filtered_may_come_without_a_message() -> None:
    body = _with(whole("openai_chat"), "choices", [{"index": 0, "finish_reason": "content_filter"}])
    response = await _answer("openai_chat", json.dumps(body).encode(), "application/json")
    assert (response.text, response.stop_reason, response.refusal) == ("", "content_filter", "content_filter")
    body["choices"][0]["finish_reason"] = "stop"
    with pytest.raises(BadReply):
        await _answer("openai_chat", json.dumps(body).encode(), "application/json")


@pytest.mark.parametrize(
    ("finish", "stop"),
    [
        ("tool_call", "tool_use"),
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("?", "other"),
    ],
)
async def test_odd_finishes_have_a_meaning(finish: str, stop: str) -> None:
    body = _with(whole("openai_chat"), "finish_reason", finish)
    response = await _answer("openai_chat", json.dumps(body).encode(), "application/json")
    assert (response.text, response.stop_reason) == (TEXT, stop)


@pytest.mark.parametrize(
    ("usages", "tokens"),
    [
        (({"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": 9, "completion_tokens": 0}), (9, 4)),
        (({"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": 0, "completion_tokens": 6}), (9, 6)),
        (({"prompt_tokens": 9, "completion_tokens": 4}, {"total_tokens": 13}), (9, 4)),
        (({"prompt_tokens": 9, "completion_tokens": 4}, {"prompt_tokens": None, "completion_tokens": None}), (9, 4)),
        (({"prompt_tokens": 9}, {"completion_tokens": 4}), (9, 4)),
        (({"prompt_tokens": 9, "completion_tokens": 1}, None, {"prompt_tokens": 9, "completion_tokens": 4}), (9, 4)),
        (({"prompt_tokens": 0, "completion_tokens": 0}, {"prompt_tokens": 9, "completion_tokens": 4}, {}), (9, 4)),
    ],
)
def test_a_later_empty_or_partial_usage_takes_no_count_away(usages: Any, tokens: tuple[int, int]) -> None:
    so_far = UsageSoFar()
    for usage in usages:
        so_far.add(usage)
    assert (so_far.last["prompt_tokens"], so_far.last["completion_tokens"]) == tokens


def test_a_later_usage_keeps_the_details_that_it_leaves_out() -> None:
    so_far = UsageSoFar()
    so_far.add({"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3, "a": 1}})
    so_far.add({"prompt_tokens": 9, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 0}, "cost": 0})
    assert so_far.last["prompt_tokens_details"] == {"cached_tokens": 3, "a": 1}
    assert so_far.last["completion_tokens"] == 5


@pytest.mark.parametrize("said", ["1_0", "1_000.5", "_1"])
def test_a_sum_with_an_underscore_is_no_sum(said: str) -> None:
    assert money(said) is None
