"""Provider errors, streams and usage once more, by another writer: written down before it was run."""
# ruff: noqa: E501 - an exchange stands on one line

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.http_errors import error_from_event, error_from_status
from evalkit.adapters.registry import make_adapter
from evalkit.errors import RequestError
from evalkit.records import Response
from tests.faults.replies import ASK, Event, Served, as_stream, good, http, serving
from tests.test_exchange_batch import BILL, END, WHERE, ask, chunk, e, sse

# (status; None: an event inside a stream, body, headers, class)
ERRORS: list[tuple[int | None, Any, dict[str, str], str]] = [
    # filters, told in several ways
    (403, e("The prompt contains prohibited material (SAFETY_CHECK_TYPE_DATA_LEAKAGE)"), {}, "Declined"),
    (403, {"error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}, {}, "Declined"),
    (
        400,
        {
            "error": {
                "message": "Request rejected by safety system",
                "type": "image_generation_user_error",
                "code": "moderation_blocked",
            }
        },
        {},
        "Declined",
    ),
    (
        400,
        {
            "error": {
                "message": "The prompt was blocked due to a Responsible AI filter.",
                "code": "ResponsibleAIPolicyViolation",
            }
        },
        {},
        "Declined",
    ),
    (
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "Your request was blocked by our content filtering policy.",
            },
        },
        {},
        "Declined",
    ),
    (None, e("The model's output was flagged by our safety classifiers.", code="content_filter"), {}, "Declined"),
    (
        None,
        {
            "type": "response.failed",
            "response": {
                "status": "failed",
                "error": {
                    "code": "invalid_prompt",
                    "message": "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
                },
            },
        },
        {},
        "Declined",
    ),
    (
        403,
        "<html><head><title>403 Forbidden</title></head><body>Request blocked (WAF rule 949110)</body></html>",
        {"content-type": "text/html"},
        "Rejected",
    ),
    (403, e("Model Armor blocked the prompt: MODEL_ARMOR"), {}, "Declined"),
    # out of money
    (
        None,
        {
            "type": "error",
            "error": {
                "type": "insufficient_quota",
                "code": "insufficient_quota",
                "message": "You exceeded your current quota",
            },
        },
        {},
        "OutOfCredit",
    ),
    (
        None,
        {
            "type": "response.failed",
            "response": {"error": {"code": "insufficient_quota", "message": "Quota exceeded, check billing"}},
        },
        {},
        "OutOfCredit",
    ),
    (None, {"error": {"code": 402, "message": "This request requires more credits"}}, {}, "OutOfCredit"),
    (
        429,
        {
            "error": {
                "message": "Your account balance is insufficient. Please recharge.",
                "type": "exceeded_current_quota_error",
            }
        },
        {},
        "OutOfCredit",
    ),
    (412, {"error": {"message": "Account suspended: unpaid invoices"}}, {}, "OutOfCredit"),
    (
        403,
        {
            "code": "permission-denied",
            "error": "Your team has either used all available credits or reached its monthly spending limit.",
        },
        {},
        "OutOfCredit",
    ),
    (
        400,
        {
            "error": {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low. Please go to Plans & Billing.",
            }
        },
        {},
        "OutOfCredit",
    ),
    (402, {"message": "Payment required: free trial has ended"}, {}, "OutOfCredit"),
    (
        200,
        {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None},
        {},
        "OutOfCredit",
    ),
    (
        429,
        {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing."},
        {},
        "OutOfCredit",
    ),
    # daily limits
    (
        429,
        {
            "error": {
                "status": "RESOURCE_EXHAUSTED",
                "message": "Quota exceeded, limit: 0",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                        "violations": [
                            {"quotaMetric": "x", "quotaId": "GenerateContentInputTokensPerModelPerDay-FreeTier"}
                        ],
                    }
                ],
            }
        },
        {},
        "RateLimited|OutOfCredit",
    ),
    (429, e("You've hit your daily token allowance (500,000). It renews tomorrow."), {}, "OutOfCredit"),
    (429, e("Rate limit: 100 messages per 24 hours exceeded"), {}, "OutOfCredit|RateLimited"),
    (429, e("Slow down! 12 requests in the last second."), {"retry-after": "1"}, "RateLimited"),
    # a wrong key
    (
        400,
        {
            "error": {
                "code": 400,
                "status": "INVALID_ARGUMENT",
                "message": "API Key not found. Please pass a valid API key.",
            }
        },
        {},
        "KeyRefused",
    ),
    (
        400,
        {
            "error": {
                "code": 400,
                "status": "INVALID_ARGUMENT",
                "message": "API key expired. Please renew the API key.",
                "details": [{"reason": "API_KEY_INVALID"}],
            }
        },
        {},
        "KeyRefused",
    ),
    (
        400,
        {"code": "invalid-argument", "error": "Incorrect API key provided: XX. Obtain one at console.x.ai"},
        {},
        "KeyRefused",
    ),
    (401, {"detail": "Invalid or missing token"}, {}, "KeyRefused"),
    (403, {"message": "Missing Authentication Token"}, {}, "KeyRefused"),
    # what the request asks
    (None, e("prompt is too long: 300000 tokens > 200000 maximum", type="invalid_request_error"), {}, "Rejected"),
    (
        None,
        {
            "error": {
                "type": "exceed_context_size_error",
                "message": "the request exceeds the available context size (4096)",
                "code": 400,
            }
        },
        {},
        "Rejected",
    ),
    (None, e("Failed to parse tool call arguments as JSON", code="tool_use_failed"), {}, "Rejected"),
    (
        None,
        {
            "type": "error",
            "code": "context_length_exceeded",
            "message": "Your input exceeds the context window of this model.",
        },
        {},
        "Rejected",
    ),
    (
        None,
        {
            "type": "response.failed",
            "response": {
                "error": {"code": "context_length_exceeded", "message": "Your input exceeds the context window"}
            },
        },
        {},
        "Rejected",
    ),
    (
        400,
        {"error": {"message": "max_tokens is too large: 200000. This model supports at most 16384 completion tokens"}},
        {},
        "Rejected",
    ),
    (
        429,
        e("Request too large: limit 6000 tokens per minute, requested 7211. Please reduce your message size."),
        {},
        "Rejected",
    ),
    (500, {"error": "the input (9000 tokens) is larger than the context size (8192 tokens)"}, {}, "Rejected"),
    (
        400,
        {"object": "error", "message": "The model `llama` does not exist.", "type": "NotFoundError", "code": 404},
        {},
        "Rejected",
    ),
    (
        404,
        {"error": {"message": "This model has been discontinued. Use claude-5 instead.", "type": "not_found_error"}},
        {},
        "Rejected",
    ),
    # busy, broken
    (None, {"error": {"message": "Upstream idle timeout exceeded", "code": 504}}, {}, "ServerError|Overloaded"),
    (
        None,
        {
            "type": "error",
            "error": {
                "type": "rate_limit_error",
                "message": "Number of requests has exceeded your per-minute rate limit",
            },
        },
        {},
        "RateLimited",
    ),
    (
        503,
        {"error": {"message": "No available workers", "type": "service_unavailable"}},
        {"retry-after": "5"},
        "Overloaded",
    ),
    (503, "<html><title>503 Service Temporarily Unavailable</title></html>", {}, "Overloaded|ServerError"),
    (500, {"error": {"code": "InternalServerError", "message": "Worker died"}}, {}, "ServerError"),
    (529, "", {}, "Overloaded"),
    (
        498,
        {"error": {"message": "Flex tier capacity exceeded", "type": "capacity_exceeded"}},
        {},
        "Overloaded|RateLimited|Rejected",
    ),
    (
        None,
        e(
            "Provider returned error",
            code=429,
            metadata={"raw": "rate-limited upstream, retry shortly", "provider_name": "X"},
        ),
        {},
        "RateLimited",
    ),
    (None, "event stream broke", {}, "ServerError"),
    (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": '{"error":{"message":"Insufficient balance"}}', "provider_name": "DeepSeek"},
            }
        },
        {},
        "OutOfCredit|Rejected",
    ),
]
ZERO = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
TEXT_END: list[Any] = [chunk("Lyon"), chunk(finish="stop")]
# a stream or a body of the chat dialect, its type, and (text, stop reason, input, output, cached) or a class
ANSWERS: list[tuple[str, bytes, str, Any]] = [
    (
        "zeros first, counts later",
        sse({**END, "usage": ZERO}, *TEXT_END, END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "one zero beside text",
        sse(*TEXT_END, {**END, "usage": {"prompt_tokens": 20, "completion_tokens": 0, "total_tokens": 20}}),
        "text/event-stream",
        ("Lyon", "stop", 20, None, None),
    ),
    (
        "usage in every chunk",
        sse(
            {**chunk("Ly"), "usage": {"prompt_tokens": 20, "completion_tokens": 1}},
            {**chunk("on"), "usage": {"prompt_tokens": 20, "completion_tokens": 5}},
            chunk(finish="stop"),
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "usage beside the finish",
        sse(chunk("Lyon"), {**chunk(finish="stop"), "usage": BILL}),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "usage null in between",
        sse({**chunk("Lyon"), "usage": None}, chunk(finish="stop"), END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "cached at the top, Moonshot",
        sse(*TEXT_END, {**END, "usage": {**BILL, "cached_tokens": 12}}),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, 12),
    ),
    (
        "cached in the details",
        sse(*TEXT_END, {**END, "usage": {**BILL, "prompt_tokens_details": {"cached_tokens": 12}}}),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, 12),
    ),
    (
        "DeepSeek's cache hits",
        sse(*TEXT_END, {**END, "usage": {**BILL, "prompt_cache_hit_tokens": 12, "prompt_cache_miss_tokens": 8}}),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, 12),
    ),
    (
        "a float in logprobs",
        sse(
            {
                "id": "c",
                "choices": [{"index": 0, "delta": {"content": "Lyon"}, "logprobs": -0.25, "finish_reason": None}],
            },
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "logprobs as lists, Together",
        sse(
            {
                "id": "c",
                "choices": [
                    {
                        "index": 0,
                        "delta": {"content": "Lyon"},
                        "logprobs": {"tokens": ["Lyon"], "token_logprobs": [-0.1]},
                        "finish_reason": None,
                    }
                ],
            },
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "finish eos_token",
        sse(chunk("Lyon"), chunk(finish="eos_token"), END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "finish max_tokens",
        sse(chunk("Lyo"), chunk(finish="max_tokens"), END),
        "text/event-stream",
        ("Lyo", "length", 20, 5, None),
    ),
    (
        "length, then an error with a code",
        sse(chunk("Lyo"), chunk(finish="length"), {"error": {"code": 500, "message": "x"}}),
        "text/event-stream",
        ("Lyo", "length", None, None, None),
    ),
    (
        "error as an SSE field",
        b"data: " + json.dumps(chunk("Ly")).encode() + b'\n\nerror: {"message": "overloaded", "code": 503}\n\n',
        "text/event-stream",
        "Overloaded|ServerError",
    ),
    (
        "event: error with a bare message",
        sse(chunk("Ly"), done=False) + b'event: error\ndata: {"message": "worker crashed"}\n\n',
        "text/event-stream",
        "ServerError",
    ),
    (
        "a choice that ends in an error",
        sse(
            chunk("Ly"),
            {
                "id": "c",
                "choices": [
                    {
                        "index": 0,
                        "delta": {},
                        "finish_reason": "error",
                        "error": {"code": 429, "message": "Rate limited upstream"},
                    }
                ],
            },
        ),
        "text/event-stream",
        "RateLimited",
    ),
    (
        "JSON as text/plain",
        json.dumps(
            {
                "id": "c",
                "model": "m-1",
                "choices": [{"index": 0, "message": {"content": "Lyon"}, "finish_reason": "stop"}],
                "usage": BILL,
            }
        ).encode(),
        "text/plain; charset=utf-8",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "JSON as an octet stream",
        json.dumps(
            {
                "id": "c",
                "choices": [{"index": 0, "message": {"content": "Lyon"}, "finish_reason": "stop"}],
                "usage": BILL,
            }
        ).encode(),
        "application/octet-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "JSON after a BOM",
        b"\xef\xbb\xbf"
        + json.dumps(
            {
                "id": "c",
                "choices": [{"index": 0, "message": {"content": "Lyon"}, "finish_reason": "stop"}],
                "usage": BILL,
            }
        ).encode(),
        "application/json",
        ("Lyon", "stop", 20, 5, None),
    ),
    ("SSE as text/plain", sse(*TEXT_END, END), "text/plain", ("Lyon", "stop", 20, 5, None)),
    (
        "BOM and CR line ends",
        b"\xef\xbb\xbf" + sse(*TEXT_END, END).replace(b"\n", b"\r"),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "data in two lines",
        b'data: {"id": "c", "choices": [{"index": 0,\ndata: "delta": {"content": "Lyon"}, "finish_reason": "stop"}]}\n\n'
        + sse(END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "200 with an error body",
        json.dumps({"error": {"message": "model overloaded", "code": 503}}).encode(),
        "application/json",
        "Overloaded|ServerError",
    ),
    (
        "200 with MiniMax's words",
        json.dumps(
            {"base_resp": {"status_code": 1004, "status_msg": "authentication failed"}, "choices": None}
        ).encode(),
        "application/json",
        "KeyRefused|Rejected|BadReply",
    ),
    (
        "content_filter in a 200",
        json.dumps(
            {
                "id": "c",
                "choices": [{"index": 0, "message": {"content": None}, "finish_reason": "content_filter"}],
                "usage": BILL,
            }
        ).encode(),
        "application/json",
        ("", "content_filter", 20, 5, None),
    ),
    (
        "Azure: filtered, no content key",
        sse(
            {"id": "", "choices": [], "prompt_filter_results": []},
            {
                "id": "c",
                "choices": [
                    {
                        "index": 0,
                        "delta": {},
                        "finish_reason": "content_filter",
                        "content_filter_results": {"hate": {"filtered": True}},
                    }
                ],
            },
            END,
        ),
        "text/event-stream",
        ("", "content_filter", 20, 5, None),
    ),
    (
        "reasoning above completion",
        sse(*TEXT_END, {**END, "usage": {**BILL, "completion_tokens_details": {"reasoning_tokens": 900}}}),
        "text/event-stream",
        ("Lyon", "stop", 20, 5, None),
    ),
    (
        "counts as text",
        sse(*TEXT_END, {**END, "usage": {"prompt_tokens": "20", "completion_tokens": "5"}}),
        "text/event-stream",
        ("Lyon", "stop", (20, None), (5, None), None),
    ),
    (
        "negative counts",
        sse(*TEXT_END, {**END, "usage": {"prompt_tokens": -1, "completion_tokens": 5}}),
        "text/event-stream",
        ("Lyon", "stop", None, (5, None), None),
    ),
]


def seen(response: Response) -> tuple[Any, ...]:
    usage = response.usage
    counts = (None, None, None) if usage is None else (usage.input, usage.output, usage.cache_read or None)
    return response.text, response.stop_reason, *counts


def fits(expected: tuple[Any, ...], found: tuple[Any, ...]) -> bool:
    return all(
        one in want if isinstance(want, tuple) else one == want for want, one in zip(expected, found, strict=True)
    )


def test_what_an_error_means() -> None:
    otherwise = []
    for status, body, headers, kind in ERRORS:
        if status is None or status == 200:
            error: Any = error_from_event(body, "/v1/chat/completions", WHERE)
        else:
            raw = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
            error = error_from_status(status, headers, raw, "/v1/chat/completions", WHERE)
        if type(error).__name__ not in kind.split("|"):
            otherwise.append(f"{status} {body}: {type(error).__name__} {error}, not {kind}")
    assert not otherwise, "\n".join(otherwise)


async def test_what_a_chat_server_answers() -> None:
    otherwise = []
    for name, raw, kind, expected in ANSWERS:
        try:
            found: Any = seen(await ask(raw, kind=kind))
        except RequestError as error:
            found = type(error).__name__
        good_one = (
            found in expected.split("|")
            if isinstance(expected, str)
            else not isinstance(found, str) and fits(expected, found)
        )
        if not good_one:
            otherwise.append(f"{name}: {found}, not {expected}")
    assert not otherwise, "\n".join(otherwise)


def start(**usage: int) -> list[Event]:
    events = good("anthropic")
    events[0]["message"]["usage"] = usage
    return events


def ending(events: list[Event], **usage: int) -> list[Event]:
    events[-2]["usage"] = usage
    return events


def stopped(events: list[Event], reason: str) -> list[Event]:
    events[-2]["delta"] = {"stop_reason": reason}
    return events


def gemini(reason: str, text: str = "", **more: Any) -> list[Event]:
    parts = [{"text": text}] if text else []
    return [
        {
            "candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": reason}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4, "totalTokenCount": 13, **more},
        }
    ]


# Counts of input hold what was read from a cache.
# (dialect, its events, what follows them, (text, stop reason, input, output, cached))
STREAMS: list[tuple[str, list[Event], bytes, Any]] = [
    (
        "anthropic",
        ending(
            start(input_tokens=900, cache_read_input_tokens=100, output_tokens=1),
            input_tokens=0,
            output_tokens=12,
            cache_read_input_tokens=0,
        ),
        b"",
        ("no, yes", "stop", 1000, 12, 100),
    ),
    (
        "anthropic",
        ending(start(input_tokens=0, output_tokens=0), input_tokens=40, output_tokens=12),
        b"",
        ("no, yes", "stop", 40, 12, None),
    ),
    (
        "anthropic",
        ending(start(input_tokens=0, output_tokens=0), output_tokens=0),
        b"",
        ("no, yes", "stop", None, None, None),
    ),
    ("anthropic", stopped(good("anthropic"), "model_context_window_exceeded"), b"", ("no, yes", "length", 18, 7, 3)),
    ("anthropic", stopped(good("anthropic"), "stop_sequence"), b"data: [DONE]\n\n", ("no, yes", "stop", 18, 7, 3)),
    ("anthropic", stopped(good("anthropic"), "pause_turn"), b"", ("no, yes", ("stop", "other", "length"), 18, 7, 3)),
    ("gemini", gemini("STOP", "Lyon"), b"data: [DONE]\n\n", ("Lyon", "stop", 9, 4, None)),
    ("gemini", gemini("MAX_TOKENS", "Lyo"), b"", ("Lyo", "length", 9, 4, None)),
    ("gemini", gemini("STOP", "Lyon", cachedContentTokenCount=6), b"", ("Lyon", "stop", 9, 4, 6)),
    ("gemini", gemini("STOP", "Lyon", thoughtsTokenCount=30, totalTokenCount=43), b"", ("Lyon", "stop", 9, 34, None)),
    ("gemini", gemini("MODEL_ARMOR"), b"", ("", "content_filter", 9, 4, None)),
    ("gemini", gemini("BLOCKLIST"), b"", ("", "content_filter", 9, 4, None)),
    (
        "gemini",
        [
            {
                "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
            }
        ],
        b"",
        ("", ("content_filter", "refusal"), 9, (0, None), None),
    ),
    (
        "gemini",
        gemini("STOP", "Lyon", promptTokenCount=0, candidatesTokenCount=0, totalTokenCount=0),
        b"",
        ("Lyon", "stop", None, None, None),
    ),
    (
        "openai",
        good("openai"),
        b"event: done\ndata: [DONE]\n\n",
        ("no, yes", "stop", 15, 7, 3),
    ),
]


async def test_what_other_dialects_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, "sk-canary-0123456789")
    otherwise = []
    for number, (dialect, events, tail, expected) in enumerate(STREAMS):
        async with serving(Served([http(as_stream(dialect, events) + tail)])) as url:
            base = f"{url}/v1" if dialect == "openai" else url
            made = make_adapter(ModelSpec("m", dialect, "m-1", base, key_hosts=frozenset({"127.0.0.1"})))
            try:
                found: Any = seen(await made.respond(ASK))
            except RequestError as error:
                found = f"{type(error).__name__} {error}"
            finally:
                await made.aclose()
        if isinstance(found, str) or not fits(expected, found):
            otherwise.append(f"{number} {dialect}: {found}, not {expected}")
    assert not otherwise, "\n".join(otherwise)
