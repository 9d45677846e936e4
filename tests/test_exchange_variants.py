"""Two or more new variants of each kind of provider error that outside tests found, written before they were run."""
# ruff: noqa: E501 - an exchange stands on one line

from __future__ import annotations

import json
from collections.abc import Mapping

from evalkit.adapters.http_errors import Where, error_from_event, error_from_status
from tests.tables import table

WHERE = Where("m", "m-1", "api.example.com", ("EXAMPLE_KEY",), "sk-0123456789abcdef")
Came = tuple[int | None, object, Mapping[str, str]]


def e(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


def st(status: int, body: object, headers: Mapping[str, str] | None = None) -> Came:
    """A reply with this status."""
    return status, body, headers or {}


def ev(body: object) -> Came:
    """An event inside a stream that began with 200."""
    return None, body, {}


CASES: list[tuple[str, Came, str]] = [
    (
        "07 content 403",
        st(403, e("Your prompt was blocked because it violates our content policy.", code="content_policy_violation")),
        "Declined",
    ),
    (
        "07 content 403",
        st(403, e("Request blocked: the input was flagged for self-harm.", type="moderation_blocked")),
        "Declined",
    ),
    (
        "07 content 403",
        st(403, e("You do not have permission to use this model.", type="permission_error")),
        "KeyRefused|Rejected",
    ),
    (
        "07 content 403",
        st(403, e("Country, region, or territory not supported", code="unsupported_country_region_territory")),
        "KeyRefused|Rejected",
    ),
    (
        "09 quota in stream",
        ev(
            e(
                "You exceeded your current quota, please check your plan and billing details.",
                code="insufficient_quota",
                type="insufficient_quota",
            )
        ),
        "OutOfCredit",
    ),
    ("09 quota in stream", ev(e("Insufficient credits. Add more at the billing page.", code=402)), "OutOfCredit"),
    (
        "09 quota in stream",
        ev(
            {
                "type": "error",
                "error": {"type": "billing_error", "message": "Your credit balance is too low to access the API."},
            }
        ),
        "OutOfCredit",
    ),
    (
        "10 context in stream",
        ev(
            e(
                "This model's maximum context length is 8192 tokens, however you requested 9001 tokens.",
                code="context_length_exceeded",
            )
        ),
        "Rejected",
    ),
    (
        "10 context in stream",
        ev(
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "prompt is too long: 210000 tokens > 200000 maximum",
                },
            }
        ),
        "Rejected",
    ),
    (
        "10 context in stream",
        ev(
            e(
                "Failed to call a function. Please adjust your prompt.",
                code="tool_use_failed",
                type="invalid_request_error",
            )
        ),
        "Rejected",
    ),
    (
        "13 daily quota",
        st(429, e("You have exceeded the daily request limit of 1000 for this model. Limit resets at 00:00 UTC.")),
        "OutOfCredit",
    ),
    (
        "13 daily quota",
        st(429, e("Tokens per day limit reached. Please try again in 9h12m."), {"retry-after": "33120"}),
        "OutOfCredit",
    ),
    (
        "13 daily quota",
        st(429, e("Rate limit reached: 30 requests per minute. Try again in 4s."), {"retry-after": "4"}),
        "RateLimited",
    ),
    (
        "13 daily quota",
        st(
            429,
            {
                "error": {
                    "code": 429,
                    "status": "RESOURCE_EXHAUSTED",
                    "message": "Quota exceeded for quota metric 'Generate Content API requests per minute' and limit 'GenerateContent request limit per minute for a region'.",
                }
            },
        ),
        "RateLimited",
    ),
    (
        "20 words",
        st(400, {"detail": [{"loc": ["body", "temperature"], "msg": "Input should be less than or equal to 2"}]}),
        "Rejected",
    ),
    ("20 words", st(500, {"error": "internal: worker 3 crashed"}), "ServerError"),
    (
        "overload",
        st(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        "Overloaded",
    ),
    ("overload", st(503, e("The model is currently loading, please retry shortly.")), "Overloaded"),
    ("overload", ev({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}), "Overloaded"),
    (
        "keys",
        st(
            400,
            {
                "error": {
                    "code": 400,
                    "message": "API key not valid. Please pass a valid API key.",
                    "status": "INVALID_ARGUMENT",
                    "details": [{"reason": "API_KEY_INVALID"}],
                }
            },
        ),
        "KeyRefused",
    ),
    ("keys", st(401, e("Incorrect API key provided: sk-abc***.", code="invalid_api_key")), "KeyRefused"),
    ("keys", st(403, {"message": "The security token included in the request is invalid."}), "KeyRefused"),
    ("retired", st(404, e("The model `gpt-4-32k` has been deprecated", code="model_not_found")), "Rejected"),
    ("retired", st(410, e("This model was retired on 2026-06-01.")), "Rejected"),
    ("gateway", st(502, b"<html><title>502 Bad Gateway</title></html>"), "ServerError"),
    ("gateway", st(524, b"error code: 524"), "ServerError"),
    (
        "filters",
        st(
            400,
            e(
                "The response was filtered due to the prompt triggering content management policy.",
                code="content_filter",
            ),
        ),
        "Declined",
    ),
    (
        "filters",
        st(
            400,
            {"error": {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content."}},
        ),
        "Declined",
    ),
    (
        "filters",
        ev(
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "Output blocked by content filtering policy"},
            }
        ),
        "Declined",
    ),
    (
        "too large",
        st(
            413, e("Request too large for model in organization on tokens per minute (TPM): Limit 6000, Requested 9000")
        ),
        "Rejected",
    ),
    (
        "too large",
        st(
            429,
            e(
                "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 42000. The input or output tokens must be reduced.",
                code="rate_limit_exceeded",
            ),
        ),
        "Rejected",
    ),
    ("credit", st(403, {"error": "Your account has run out of credits. Please top up."}), "OutOfCredit"),
]


@table(("family", "came", "wanted"), CASES)
def test_an_error_is_of_the_kind_that_a_careful_person_would_say(family: str, came: Came, wanted: str) -> None:
    status, body, headers = came
    if status is None:
        error = error_from_event(body, "/v1/chat/completions", WHERE)
    else:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        error = error_from_status(status, headers, raw, "/v1/chat/completions", WHERE)
    assert type(error).__name__ in wanted.split("|"), family
