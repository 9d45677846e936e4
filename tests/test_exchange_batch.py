"""Exchanges with providers as their pages and public reports show them, with what they mean: written down before it was run."""
# ruff: noqa: E501 - a case stands on one line

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialects import anthropic_messages, openai_chat
from evalkit.adapters.http_errors import Declined, Where, error_from_event, error_from_status
from evalkit.adapters.presets import load_preset
from evalkit.adapters.registry import make_adapter
from evalkit.errors import RequestError, ServerError
from evalkit.records import Response
from tests.faults.replies import ASK, Event, Served, as_stream, good, http, serving, whole
from tests.tables import table

WHERE = Where("m", "m-1", "api.example.com", ("EXAMPLE_KEY",), "sk-0123456789abcdef")


def e(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


# (status, body, class)
STATUSES: list[tuple[int, Any, str]] = [
    (429, e("Your trial tokens have been used up", type="tokens_exhausted"), "OutOfCredit"),
    (429, e("Your free monthly credits are gone."), "OutOfCredit"),
    (403, e("Wallet balance is 0.00 USD. Recharge to continue.", code="wallet_empty"), "OutOfCredit"),
    (403, {"message": "Please top up to continue."}, "OutOfCredit"),
    (400, e("Balance: $0. Add funds."), "OutOfCredit"),
    (429, e("Slow down. Top up to raise your limits."), "RateLimited"),
    (429, e("Free tokens per minute exhausted."), "RateLimited"),
    (500, e("Credits 0 charged: the model crashed."), "ServerError"),
    (422, {"detail": "NSFW content detected"}, "Declined"),
    (403, {"message": "Request blocked by WAF rule 942100"}, "Rejected"),
    (403, e("Your request was blocked by our firewall policy."), "Rejected"),
    (403, e("Access to this resource is restricted"), "KeyRefused"),
    (400, e("Explicit content was detected in the prompt."), "Declined"),
    (400, {"error": {"code": "cyber_policy", "message": "This request was blocked."}}, "Declined"),
    (400, e("Invalid retention policy", code="invalid_retention_policy"), "Rejected"),
    (500, e("This model's maximum prompt length is 8192 but the request contains 9000 tokens."), "Rejected"),
    (503, e("Maximum queue length 100 reached."), "Overloaded"),
    (501, e("Not implemented: logprobs"), "Rejected"),
    (
        401,
        e(
            "Incorrect API key provided: sk-abc. You can find your API key at https://platform.openai.com.",
            code="invalid_api_key",
        ),
        "KeyRefused",
    ),
    (401, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}, "KeyRefused"),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "API key not valid. Please pass a valid API key.",
                "status": "INVALID_ARGUMENT",
                "details": [{"reason": "API_KEY_INVALID"}],
            }
        },
        "KeyRefused",
    ),
    (
        400,
        {
            "code": "Client specified an invalid argument",
            "error": "Incorrect API key provided: xa***yz. You can obtain an API key from https://console.x.ai.",
        },
        "KeyRefused",
    ),
    (
        403,
        {
            "error": {
                "code": 403,
                "message": "Your API key was reported as leaked. Please use another API key.",
                "status": "PERMISSION_DENIED",
            }
        },
        "KeyRefused",
    ),
    (
        403,
        e("Country, region, or territory not supported", code="unsupported_country_region_territory"),
        "KeyRefused|Rejected",
    ),
    (
        403,
        {
            "code": "The caller does not have permission to execute the specified operation",
            "error": "Your newly created team doesn't have any credits yet. You can purchase credits on https://console.x.ai.",
        },
        "OutOfCredit",
    ),
    (
        403,
        {
            "error": "Content violates usage guidelines. Team: t, API key ID: k, Model: grok, Failed check: SAFETY_CHECK_TYPE_CSAM"
        },
        "Declined",
    ),
    (
        403,
        {
            "error": {
                "code": 403,
                "message": 'openai/gpt requires moderation on OpenAI. Your input was flagged for "violence". No credits were charged.',
                "metadata": {"reasons": ["violence"], "flagged_input": "...", "provider_name": "OpenAI"},
            }
        },
        "Declined",
    ),
    (402, e("Insufficient credits. Add more using https://openrouter.ai/settings/credits", code=402), "OutOfCredit"),
    (402, e("Insufficient Balance", type="unknown_error", code="invalid_request_error"), "OutOfCredit"),
    (
        412,
        e(
            "Account my-account is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices."
        ),
        "OutOfCredit",
    ),
    (
        429,
        {
            "error": {
                "message": "Your account org-x is suspended because of insufficient balance, please recharge your account.",
                "type": "exceeded_current_quota_error",
            }
        },
        "OutOfCredit",
    ),
    (
        429,
        e(
            "You exceeded your current quota, please check your plan and billing details.",
            type="insufficient_quota",
            code="insufficient_quota",
        ),
        "OutOfCredit",
    ),
    (
        400,
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "message": "Your credit balance is too low to access the Anthropic API.",
            },
        },
        "OutOfCredit",
    ),
    (429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}, "OutOfCredit"),
    (
        429,
        e(
            "Rate limit reached for gpt-x on tokens per min (TPM): Limit 30000, Used 29000, Requested 3000. Please try again in 4.2s.",
            code="rate_limit_exceeded",
        ),
        "RateLimited",
    ),
    (
        429,
        {
            "type": "error",
            "error": {
                "type": "rate_limit_error",
                "message": "This request would exceed the rate limit of 50 requests per minute.",
            },
        },
        "RateLimited",
    ),
    (429, {"message": "Requests rate limit exceeded"}, "RateLimited"),
    (
        429,
        {
            "error": {
                "code": 429,
                "message": "Resource has been exhausted (e.g. check quota).",
                "status": "RESOURCE_EXHAUSTED",
            }
        },
        "RateLimited",
    ),
    (
        429,
        e(
            "Request too large for gpt-x on tokens per min (TPM): Limit 30000, Requested 92000. The input or output tokens must be reduced in order to run successfully.",
            code="rate_limit_exceeded",
        ),
        "Rejected",
    ),
    (
        413,
        e(
            "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9241, please reduce your message size and try again.",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        "Rejected",
    ),
    (529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "Overloaded"),
    (
        503,
        {
            "error": {
                "code": 503,
                "message": "The model is overloaded. Please try again later.",
                "status": "UNAVAILABLE",
            }
        },
        "Overloaded",
    ),
    (500, {"error": {"code": 500, "message": "An internal error has occurred.", "status": "INTERNAL"}}, "ServerError"),
    (502, "<html><head><title>502 Bad Gateway</title></head></html>", "ServerError|Overloaded"),
    (
        504,
        {
            "error": {
                "code": 504,
                "message": "Deadline expired before operation could complete.",
                "status": "DEADLINE_EXCEEDED",
            }
        },
        "ServerError|Overloaded",
    ),
    (408, e("Request timed out"), "ServerError|Overloaded|Stalled"),
    (
        400,
        e(
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 75004 tokens.",
            code="context_length_exceeded",
        ),
        "Rejected",
    ),
    (
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "prompt is too long: 210000 tokens > 200000 maximum"},
        },
        "Rejected",
    ),
    (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 2048 tokens.",
            "type": "BadRequestError",
            "code": 400,
        },
        "Rejected",
    ),
    (404, e("The model `gpt-3` has been deprecated", code="model_not_found"), "Rejected"),
    (404, {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-1"}}, "Rejected"),
    (
        422,
        {"detail": [{"loc": ["body", "messages"], "msg": "field required", "type": "value_error.missing"}]},
        "Rejected",
    ),
    (
        400,
        e(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            code="unsupported_parameter",
        ),
        "Rejected",
    ),
    (
        400,
        e("Invalid prompt: your prompt was flagged as potentially violating our usage policy.", code="invalid_prompt"),
        "Declined",
    ),
    (
        400,
        {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"},
        },
        "Declined",
    ),
    (400, e("Content Exists Risk", type="invalid_request_error"), "Declined"),
    (
        400,
        {
            "error": {
                "code": "content_filter",
                "message": "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        "Declined",
    ),
    (400, {"code": "data_inspection_failed", "message": "Input data may contain inappropriate content."}, "Declined"),
    (400, e("Tool call validation failed", code="tool_use_failed", failed_generation="..."), "Rejected"),
    (
        429,
        {
            "error": {
                "code": 429,
                "message": "Provider returned error",
                "metadata": {
                    "raw": "qwen is temporarily rate-limited upstream. Please retry shortly.",
                    "provider_name": "Chutes",
                },
            }
        },
        "RateLimited",
    ),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "Provider returned error",
                "metadata": {
                    "raw": '{"error":{"message":"Input is too long for requested model."}}',
                    "provider_name": "Bedrock",
                },
            }
        },
        "Rejected",
    ),
    (503, e("Service tier capacity exceeded. Please try again later."), "Overloaded"),
    (500, e("CUDA out of memory"), "ServerError"),
    (401, {"message": "Unauthorized"}, "KeyRefused"),
    (407, "Proxy Authentication Required", "Rejected"),
    (400, {"error": {"message": "Ungültiger API-Schlüssel"}}, "KeyRefused"),
    (429, {"error": {"message": "请求过于频繁，请稍后再试"}}, "RateLimited"),
    (402, {"error": {"message": "账户余额不足"}}, "OutOfCredit"),
    (429, e("Daily limit reached: 200 requests per day. Resets at midnight UTC."), "OutOfCredit"),
    (400, e("Your request was rejected as a result of our safety system."), "Declined"),
    (400, e("Invalid 'messages[0].content': string too long."), "Rejected"),
    (403, {"error": "Your team has no credits left."}, "OutOfCredit"),
    (403, {"error": "You do not have sufficient funds on this account."}, "OutOfCredit"),
    (400, {"error": {"message": "Flagged by moderation. No credits have been used."}}, "Declined"),
    (429, e("Too many requests. No credits were charged for this request. Retry in 2s."), "RateLimited"),
    (429, e("Your team has used all of its monthly included usage."), "OutOfCredit"),
    (
        429,
        e("You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."),
        "OutOfCredit",
    ),
    (429, e("Quota exceeded for metric: generate_requests_per_model_per_day, limit: 50"), "OutOfCredit"),
    (
        429,
        {
            "error": {
                "code": 429,
                "message": "Quota exceeded",
                "status": "RESOURCE_EXHAUSTED",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                        "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
                    },
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "14s"},
                ],
            }
        },
        "RateLimited",
    ),
    (
        429,
        {
            "error": {
                "code": 429,
                "message": "Quota exceeded",
                "status": "RESOURCE_EXHAUSTED",
                "details": [
                    {
                        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                        "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}],
                    },
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "14s"},
                ],
            }
        },
        "RateLimited",
    ),
    (429, e("Concurrency limit exceeded: 3 requests in flight"), "RateLimited"),
    (429, e("Too Many Requests"), "RateLimited"),
    (429, "Too Many Requests", "RateLimited"),
    (
        429,
        e("The engine is currently overloaded, please try again later", type="engine_overloaded_error"),
        "RateLimited|Overloaded",
    ),
    (403, e("Your project has exceeded its spending cap."), "OutOfCredit"),
    (403, {"error": {"message": "Access denied: billing is disabled for this account"}}, "OutOfCredit"),
    (403, e("This model is not available in your region."), "Rejected|KeyRefused"),
    (403, "<html>Cloudflare: Attention Required</html>", "Rejected"),
    (403, e("Prompt violates our usage policy"), "Declined"),
    (403, e("Request blocked by guardrail 'pii'"), "Declined"),
    (446, e("Content blocked by guardrail"), "Declined"),
    (400, e("The input was blocked by our moderation endpoint"), "Declined"),
    (400, e("Your prompt contains content that is not allowed", code="content_policy_violation"), "Declined"),
    (422, e("Invalid value for 'temperature': must be between 0 and 2"), "Rejected"),
    (400, e("temperature: Extra inputs are not permitted"), "Rejected"),
    (400, e("`top_p` cannot be specified together with temperature"), "Rejected"),
    (400, e("model is not supported", code="model_not_supported"), "Rejected"),
    (404, e("No endpoints found for x/y."), "Rejected"),
    (404, "404 page not found", "Rejected"),
    (405, "Method Not Allowed", "Rejected"),
    (410, e("This model has been retired."), "Rejected"),
    (500, e("Internal Server Error"), "ServerError"),
    (520, "<html>520</html>", "ServerError"),
    (524, "error code: 524", "ServerError"),
    (503, {"error": {"message": "Model is loading", "type": "unavailable_error"}}, "Overloaded"),
    (503, "upstream connect error or disconnect/reset before headers", "Overloaded|ServerError"),
    (500, {"error": "llama runner process has terminated: cudaMalloc failed: out of memory"}, "ServerError"),
    (500, {"error": {"message": "Input length 9000 exceeds maximum context length 8192"}}, "Rejected"),
    (
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 9000,
                "n_ctx": 4096,
            }
        },
        "Rejected",
    ),
    (401, e("Token expired"), "KeyRefused"),
    (401, e("Invalid bearer token"), "KeyRefused"),
    (403, e("Forbidden"), "KeyRefused"),
    (400, e("x-api-key header is required"), "KeyRefused"),
    (
        402,
        e(
            "This request requires more credits, or fewer max_tokens. You requested up to 4096 tokens, but can only afford 120."
        ),
        "OutOfCredit",
    ),
    (402, "Payment Required", "OutOfCredit"),
    (
        429,
        e("Prompt tokens limit exceeded: 5000 > 4000. To increase, visit settings and purchase more credits"),
        "Rejected|OutOfCredit",
    ),
    (429, {"error": {"message": "tokens_limit_reached: Request body too large. Max size: 8000 tokens."}}, "Rejected"),
    (413, "Request Entity Too Large", "Rejected"),
    (429, {"message": "API rate limit exceeded", "request_id": "1"}, "RateLimited"),
    (429, {"detail": "Rate limit exceeded: 10 per 1 minute"}, "RateLimited"),
    (429, {"error": {"message": "Limite de requêtes atteinte, réessayez dans 20 s"}}, "RateLimited"),
    (402, {"error": {"message": "Guthaben aufgebraucht"}}, "OutOfCredit"),
    (400, {"error": {"message": "La requête a été bloquée par le filtre de contenu."}}, "Declined"),
    (400, {"error": {"message": "输入内容包含敏感词"}}, "Declined"),
    (400, {"error": {"message": "リクエストが長すぎます。トークン数の上限を超えています"}}, "Rejected"),
    (429, {"error": {"message": "오늘의 사용 한도를 초과했습니다."}}, "OutOfCredit"),
    (401, {"error": {"message": "Clé API invalide"}}, "KeyRefused"),
    (503, {"error": {"message": "Сервис временно недоступен"}}, "Overloaded"),
    (429, {"error": {"message": "Você excedeu o limite diário de solicitações"}}, "OutOfCredit"),
    (404, {"error": {"message": "El modelo 'x' no existe"}}, "Rejected"),
    (400, {"message": "The provided model identifier is invalid."}, "Rejected"),
    (424, {"message": "The model returned the following errors: timeout"}, "ServerError|Rejected"),
    (400, {"message": "Input is too long for requested model."}, "Rejected"),
    (403, {"message": "You don't have access to the model with the specified model ID."}, "KeyRefused|Rejected"),
    (429, {"message": "Too many tokens per day, please wait before trying again."}, "OutOfCredit"),
    (451, e("Unavailable for legal reasons"), "Rejected"),
]


@table(("status", "body", "kind"), STATUSES)
def test_what_a_status_means(status: int, body: Any, kind: str) -> None:
    raw = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
    error = error_from_status(status, {}, raw, "/v1/chat/completions", WHERE)
    assert type(error).__name__ in kind.split("|"), str(error)


# error objects inside a stream, or with status 200
EVENTS: list[tuple[Any, str]] = [
    ({"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}, "OutOfCredit"),
    ({"error": {"message": "context length exceeded", "code": "context_length_exceeded"}}, "Rejected"),
    (
        {"error": {"message": "Failed to call a function. Please adjust your prompt.", "code": "tool_use_failed"}},
        "Rejected",
    ),
    ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "Overloaded"),
    ({"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}, "ServerError"),
    ({"error": {"code": 502, "message": "Upstream error from Fireworks: 500"}}, "ServerError"),
    ({"error": {"code": 403, "message": "Your input was flagged for self-harm"}}, "Declined"),
    ({"error": {"message": "The server had an error while processing your request."}}, "ServerError"),
    ({"error": "model 'llama' not found"}, "Rejected"),
    ({"error": {"code": 429, "message": "Rate limit exceeded, retry in 3s"}}, "RateLimited"),
    ({"error": {"code": 401, "message": "User not found."}}, "KeyRefused"),
    ({"object": "error", "message": "The request was rejected: content_filter", "code": "content_filter"}, "Declined"),
    ({"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}, "OutOfCredit"),
]


@pytest.mark.parametrize(("event", "kind"), EVENTS)
def test_what_an_error_inside_a_stream_means(event: Any, kind: str) -> None:
    error = error_from_event(event, "/v1/chat/completions", WHERE)
    assert type(error).__name__ in kind.split("|"), str(error)


def chunk(text: str | None = None, *, finish: str | None = None, **beside: Any) -> Event:
    delta = {} if text is None else {"content": text}
    return {"id": "c", "model": "m-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **beside}


BILL = {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}
END: Event = {"id": "c", "model": "m-1", "choices": [], "usage": BILL}


async def ask(raw: bytes, preset: str = "openai-chat", kind: str = "text/event-stream", **options: Any) -> Response:
    async with serving(Served([http(raw, kind=kind)])) as url:
        spec = ModelSpec(name="m", adapter=preset, model="m-1", base_url=f"{url}/v1", options=options)
        adapter = openai_chat.make(spec, load_preset(preset))
        try:
            return await adapter.respond(ASK)
        finally:
            await adapter.aclose()


def sse(*events: Any, done: bool = True) -> bytes:
    parts = [part if isinstance(part, bytes) else b"data: " + json.dumps(part).encode() + b"\n\n" for part in events]
    return b"".join(parts) + (b"data: [DONE]\n\n" if done else b"")


# a stream or a body, and (text, stop reason, input, output) or the class of the error
ANSWERS: list[tuple[str, bytes, str, Any]] = [
    ("plain", sse(chunk("Lyon"), chunk(finish="stop"), END), "text/event-stream", ("Lyon", "stop", 20, 5)),
    (
        "BOM",
        b"\xef\xbb\xbf" + sse(chunk("no, "), chunk("yes"), chunk(finish="stop"), END),
        "text/event-stream",
        ("no, yes", "stop", 20, 5),
    ),
    (
        "CRLF",
        sse(chunk("Lyon"), chunk(finish="stop"), END).replace(b"\n", b"\r\n"),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "comments",
        b": ping\n\n" + sse(chunk("Lyon"), b": OPENROUTER PROCESSING\n\n", chunk(finish="stop"), END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "no space behind data",
        sse(chunk("Lyon"), chunk(finish="stop"), END).replace(b"data: ", b"data:"),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "event lines",
        sse(chunk("Lyon"), chunk(finish="stop"), END).replace(b"data: {", b"event: message\ndata: {"),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "no DONE",
        sse(chunk("Lyon"), chunk(finish="stop"), END, done=False),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "no DONE, no usage",
        sse(chunk("Lyon"), chunk(finish="stop"), done=False),
        "text/event-stream",
        ("Lyon", "stop", None, None),
    ),
    ("cut before the finish", sse(chunk("Lyo"), done=False), "text/event-stream", "ConnectionFailed|BadReply"),
    (
        "usage of zeros",
        sse(
            chunk("Lyon"),
            chunk(finish="stop"),
            {**END, "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}},
        ),
        "text/event-stream",
        ("Lyon", "stop", None, None),
    ),
    (
        "later zeros",
        sse(
            chunk("Lyon"),
            END,
            chunk(finish="stop"),
            {**END, "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}},
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "finish beside the last text",
        sse(chunk("Ly"), chunk("on", finish="stop"), END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    ("length", sse(chunk("Lyo"), chunk(finish="length"), END), "text/event-stream", ("Lyo", "length", 20, 5)),
    (
        "length, then an error",
        sse(chunk("Lyo"), chunk(finish="length"), {"error": {"message": "upstream closed", "code": 502}}, done=False),
        "text/event-stream",
        ("Lyo", "length", None, None),
    ),
    (
        "content filter",
        sse(chunk("Ly"), chunk(finish="content_filter"), END),
        "text/event-stream",
        ("Ly", "content_filter", 20, 5),
    ),
    (
        "error in the stream",
        sse(chunk("Ly"), {"error": {"message": "Internal error", "code": 500}}, done=False),
        "text/event-stream",
        "ServerError",
    ),
    (
        "error: field",
        sse(chunk("Ly"), b'error: {"message": "insufficient_quota", "code": "insufficient_quota"}\n\n', done=False),
        "text/event-stream",
        "OutOfCredit",
    ),
    (
        "float in logprobs",
        sse(
            {
                **chunk("Lyon"),
                "choices": [{"index": 0, "delta": {"content": "Lyon"}, "finish_reason": None, "logprobs": -0.25}],
            },
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    ("JSON as text/plain", json.dumps(whole("openai_chat")).encode(), "text/plain", ("no, yes", "stop", 15, 7)),
    (
        "JSON body to a stream",
        json.dumps(whole("openai_chat")).encode(),
        "application/json",
        ("no, yes", "stop", 15, 7),
    ),
    (
        "error body with 200",
        json.dumps({"error": {"message": "The model is loading", "code": 503}}).encode(),
        "application/json",
        "Overloaded|ServerError",
    ),
    (
        "error body with 200, quota",
        json.dumps({"error": {"code": "insufficient_quota", "message": "You exceeded your current quota"}}).encode(),
        "application/json",
        "OutOfCredit",
    ),
    (
        "cached at the top",
        sse(chunk("Lyon"), chunk(finish="stop"), {**END, "usage": {**BILL, "cached_tokens": 8}}),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "reasoning above completion",
        sse(
            chunk("Lyon"),
            chunk(finish="stop"),
            {**END, "usage": {**BILL, "completion_tokens_details": {"reasoning_tokens": 40}}},
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "null delta",
        sse(
            {"id": "c", "choices": [{"index": 0, "delta": None, "finish_reason": None}]},
            chunk("Lyon"),
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "content as parts",
        sse(
            {
                "id": "c",
                "choices": [
                    {"index": 0, "delta": {"content": [{"type": "text", "text": "Lyon"}]}, "finish_reason": None}
                ],
            },
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "think in content",
        sse(chunk("<think>hm</think>"), chunk("Lyon"), chunk(finish="stop"), END),
        "text/event-stream",
        ("<think>hm</think>Lyon", "stop", 20, 5),
    ),
    (
        "two choices",
        sse(
            chunk("Lyon"),
            {"id": "c", "choices": [{"index": 1, "delta": {"content": "Nice"}, "finish_reason": "stop"}]},
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "function_call finish",
        sse(chunk("Lyon"), chunk(finish="eos"), END),
        "text/event-stream",
        ("Lyon", "stop", 20, 5),
    ),
    (
        "refusal field",
        sse(
            {
                "id": "c",
                "choices": [{"index": 0, "delta": {"refusal": "I can't help with that."}, "finish_reason": None}],
            },
            chunk(finish="stop"),
            END,
        ),
        "text/event-stream",
        (None, "refusal", 20, 5),
    ),
    ("HTML with 200", b"<html><title>Login</title></html>", "text/html", "BadReply|Rejected"),
    ("nothing", b"", "text/event-stream", "BadReply|ConnectionFailed"),
    ("only DONE", b"data: [DONE]\n\n", "text/event-stream", "BadReply|ConnectionFailed"),
    (
        "split in the middle of é",
        sse(chunk("café"), chunk(finish="stop"), END).replace(b"\\u00e9", "é".encode()),
        "text/event-stream",
        ("café", "stop", 20, 5),
    ),
]


@pytest.mark.parametrize(("raw", "kind", "expected"), [case[1:] for case in ANSWERS], ids=[case[0] for case in ANSWERS])
async def test_what_a_chat_server_answers(raw: bytes, kind: str, expected: Any) -> None:
    if isinstance(expected, str):
        with pytest.raises(RequestError) as caught:
            await ask(raw, kind=kind)
        assert type(caught.value).__name__ in expected.split("|"), str(caught.value)
        return
    response = await ask(raw, kind=kind)
    usage = response.usage
    text = expected[0] if expected[0] is None else response.text
    counts = (None if usage is None else usage.input, None if usage is None else usage.output)
    assert (text, response.stop_reason, *counts) == expected


async def _other(dialect: str, adapter: str, events: list[Event], tail: bytes = b"") -> Response:
    return await _asked(adapter, as_stream(dialect, events) + tail)


async def _asked(adapter: str, body: bytes) -> Response:
    async with serving(Served([http(body)])) as url:
        base = url if adapter in ("anthropic", "gemini") else f"{url}/v1"
        made = make_adapter(ModelSpec("m", adapter, "m-1", base, key_hosts=frozenset({"127.0.0.1"})))
        try:
            return await made.respond(ASK)
        finally:
            await made.aclose()


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "XAI_API_KEY"):
        monkeypatch.setenv(name, "sk-canary-0123456789")


async def test_done_behind_the_last_responses_event_loses_nothing() -> None:
    response = await _other("openai", "openai", good("openai"), b"data: [DONE]\n\n")
    assert (response.text, response.stop_reason) == ("no, yes", "stop")


@pytest.mark.parametrize("status", ["cancelled", "in_progress", "queued"])
async def test_a_response_that_was_given_up_or_has_not_ended_is_no_answer(status: str) -> None:
    body = json.dumps({**whole("openai"), "status": status}).encode()
    with pytest.raises(ServerError, match=f"broke off .status {status}"):
        await _asked("openai", body)


async def test_the_words_of_a_failure_are_not_those_of_the_answer_before_it() -> None:
    error = {"code": "cyber_policy", "message": "This request was blocked."}
    response = await _asked("openai", json.dumps({**whole("openai"), "status": "failed", "error": error}).encode())
    assert (response.stop_reason, response.refusal) == ("content_filter", "This request was blocked.")


async def test_commentary_is_no_part_of_a_responses_answer() -> None:
    events = good("openai")
    last = events[-1]["response"]
    aside = {
        "type": "message",
        "role": "assistant",
        "phase": "commentary",
        "content": [{"type": "output_text", "text": "Let me look. "}],
    }
    last["output"].insert(1, aside)
    response = await _other("openai", "openai", events)
    assert (response.text, response.reasoning) == ("no, yes", "hmLet me look. ")


async def test_a_later_zero_of_input_tokens_counts_for_nothing() -> None:
    events = good("anthropic")
    events[-2]["usage"] = {"input_tokens": 0, "output_tokens": 7, "cache_read_input_tokens": 0}
    response = await _other("anthropic", "anthropic", events)
    assert response.usage is not None and (response.usage.input, response.usage.output) == (18, 7)


@pytest.mark.parametrize("why", ["SAFETY", "MODEL_ARMOR", "PROHIBITED_CONTENT", "SPII"])
async def test_geminis_filters_are_declined_answers(why: str) -> None:
    events: list[Event] = [
        {"candidates": [{"finishReason": why}], "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}}
    ]
    response = await _other("gemini", "gemini", events)
    assert (response.stop_reason, response.text) == ("content_filter", "")


async def test_anthropics_refusal_is_one() -> None:
    events = good("anthropic")
    events[-2]["delta"] = {"stop_reason": "refusal"}
    response = await _other("anthropic", "anthropic", events)
    assert response.stop_reason == "refusal"


def test_the_declined_are_no_errors() -> None:
    assert not issubclass(Declined, RequestError) and anthropic_messages is not None
