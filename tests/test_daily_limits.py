"""A 429 that will not end while a run lasts stops the model with a sentence; one that ends in minutes is waited for.

Wordings and headers of some twenty providers and gateways, as their pages and public reports show them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import evalkit
from evalkit.adapters import waits
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.adapters.waits import asked_in_words
from evalkit.errors import IncompleteRunWarning, OutOfCredit, RateLimited, RequestError
from tests.loopback import loopback, reply
from tests.tables import table
from tests.world import write_suite

WHERE = Where("m", "m-1", "api.example.com", ("EXAMPLE_KEY",), "sk-0123456789abcdef")
HOUR_S, DAY_S = 3600.0, 86_400.0


def told(status: int, body: Any, headers: dict[str, str] | None = None) -> RequestError | Declined:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return error_from_status(status, headers or {}, raw, "/v1/chat/completions", WHERE)


READ_AT = time.time()


@pytest.fixture(autouse=True)
def _clock_of_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments of the cases are counted from when this file is read, which in a run of all tests is minutes before."""
    monkeypatch.setattr(waits, "time", SimpleNamespace(time=lambda: READ_AT))


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def in_(seconds: float, unit: float = 1.0) -> str:
    """A moment that far away as a Unix time, in seconds or (unit 1000) milliseconds."""
    return str(int((time.time() + seconds) * unit))


SPENT: dict[str, tuple[int, Any, dict[str, str]]] = {
    "Groq, tokens per day, hours": (
        429,
        said(
            "Rate limit reached for model `x` in organization `org_1` on tokens per day (TPD): "
            "Limit 100000, Used 99800, Requested 1200. Please try again in 11h3m21.5s. Need more tokens?",
            type="tokens",
            code="rate_limit_exceeded",
        ),
        {"retry-after": "39801"},
    ),
    "OpenAI, requests per day, hours": (
        429,
        said(
            "Rate limit reached for gpt-4o in organization org-1 on requests per day (RPD): Limit 200, Used 200, "
            "Requested 1. Please try again in 7h12m0s.",
            code="rate_limit_exceeded",
        ),
        {},
    ),
    "OpenRouter, free models": (
        429,
        said(
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
            code=429,
            metadata={"headers": {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0"}},
        ),
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": in_(9 * HOUR_S, 1000)},
    ),
    "GitHub Models": (
        429,
        said(
            "Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 42318 seconds before retrying.",
            code="RateLimitReached",
        ),
        {"retry-after": "42318", "x-ratelimit-type": "UserByModelByDay"},
    ),
    "Cloudflare, neurons": (
        429,
        {
            "errors": [
                {
                    "code": 4006,
                    "message": "AiError: you have used up your daily free allocation of 10,000 neurons, please upgrade "
                    "to Cloudflare's Workers Paid plan if you would like to continue usage.",
                }
            ],
            "success": False,
        },
        {},
    ),
    "Cerebras": (
        429,
        {
            "message": "Requests per day limit exceeded - too many requests sent.",
            "type": "too_many_requests_error",
            "param": "quota",
            "code": "request_quota_exceeded",
        },
        {"x-ratelimit-remaining-requests-day": "0", "x-ratelimit-reset-requests-day": "33011.38"},
    ),
    "Cerebras, tokens": (
        429,
        {"message": "Tokens per day limit exceeded - too many tokens processed.", "code": "token_quota_exceeded"},
        {},
    ),
    "Bedrock": (429, {"message": "Too many tokens per day, please wait before trying again."}, {}),
    "Moonshot": (
        429,
        said(
            "Your account org-1<ak-1> request reached organization TPD rate limit, current: 1505241, limit: 1500000",
            type="rate_limit_reached_error",
        ),
        {},
    ),
    "Z.ai, hours": (
        429,
        {"error": {"code": "1308", "message": "Usage limit reached for 5 hour. Your limit will reset at 2026-11-29"}},
        {},
    ),
    "Z.ai, week": (429, {"error": {"code": "1310", "message": "Weekly/Monthly Limit Exhausted."}}, {}),
    "Volcano Ark": (
        429,
        said(
            "You have exceeded the 5-hour usage quota. It will reset at 2026-11-29 05:10:00 +0800 CST.",
            code="AccountQuotaExceeded",
        ),
        {},
    ),
    "Ollama, week": (429, {"error": "you (me) have reached your weekly usage limit, upgrade for higher limits"}, {}),
    "Ollama, session": (429, {"error": "you have reached your session usage limit, please wait or upgrade"}, {}),
    "Hugging Face": (
        402,
        {"error": "You have exceeded your monthly included credits for Inference Providers. Subscribe to PRO."},
        {},
    ),
    "SambaNova": (429, said("Rate limit exceeded: daily request limit of 200 reached for this model"), {}),
    "Mistral, month": (429, {"message": "Monthly token limit exceeded for this workspace", "type": "rate_limited"}, {}),
    "Cohere, month": (
        429,
        {"message": "You are using a Trial key, which is limited to 1000 API calls / month. Upgrade to a Prod key."},
        {},
    ),
    "NVIDIA, a header of a day": (
        429,
        said("Too Many Requests"),
        {"retry-after": str(int(DAY_S))},
    ),
    "a date of tomorrow": (
        429,
        said("Too many requests"),
        {"retry-after": format_datetime(datetime.now(UTC) + timedelta(hours=14), usegmt=True)},
    ),
    "Azure, a day": (
        429,
        said(
            "Requests to the ChatCompletions_Create Operation have exceeded token rate limit of your current pricing "
            "tier. Please retry after 86400 seconds.",
            code="429",
        ),
        {"retry-after": "86400"},
    ),
    "a reset of requests in a day": (
        429,
        said("Rate limit reached"),
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "23h59m12s"},
    ),
    "a reset of days": (
        429,
        said("Rate limit reached"),
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1d3h"},
    ),
    "IETF headers": (429, said("Rate limited"), {"ratelimit-remaining": "0", "ratelimit-reset": "51234"}),
    "IETF header in one": (429, said("Rate limited"), {"ratelimit": '"day";r=0;t=51234'}),
    "Anthropic, a reset as a date": (
        429,
        said("This request would exceed your organization's limit", type="rate_limit_error"),
        {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": (datetime.now(UTC) + timedelta(hours=9)).isoformat(),
        },
    ),
    "Chinese": (429, said("今日调用次数已达上限,请明日再试"), {}),
    "Chinese, traditional": (429, said("您今天的免費額度已用完"), {}),
    "Japanese": (429, said("本日の利用上限に達しました。"), {}),
    "Korean": (429, said("일일 요청 한도를 초과했습니다."), {}),
    "German": (429, said("Ihr Tageslimit ist erreicht. Versuchen Sie es morgen wieder."), {}),
    "French": (429, said("Vous avez atteint votre quota quotidien de requêtes."), {}),
    "Spanish": (429, said("Ha alcanzado el límite diario de solicitudes."), {}),
    "Portuguese": (429, said("Você atingiu o limite diário de uso. Tente novamente amanhã."), {}),
    "Italian": (429, said("Hai raggiunto il limite giornaliero di richieste."), {}),
    "Russian": (429, said("Превышен суточный лимит запросов."), {}),
    "Polish": (429, said("Przekroczono dzienny limit zapytań."), {}),
    "Turkish": (429, said("Günlük istek sınırına ulaştınız."), {}),
    "Swedish": (429, said("Du har nått din dagliga gräns för anrop."), {}),
    "Czech": (429, said("Překročili jste denní limit požadavků."), {}),
    "Indonesian": (429, said("Batas permintaan harian Anda telah tercapai."), {}),
    "Greek": (429, said("Φτάσατε το ημερήσιο όριο αιτημάτων."), {}),
    "Ukrainian": (429, said("Перевищено добовий ліміт запитів."), {}),
    "Arabic": (429, said("لقد بلغت الحد اليومي للطلبات."), {}),
    "Hindi": (429, said("आपकी दैनिक अनुरोध सीमा पूरी हो गई है।"), {}),
    "Thai": (429, said("คุณใช้งานครบขีดจำกัดรายวันแล้ว"), {}),
    "Hungarian": (429, said("Elérte a napi kérelemkorlátot: napi limit."), {}),
    "hours in words": (429, said("You are over your daily limit. Please retry in 5 hours."), {}),
    "days in words": (429, said("Limit reached for this week. Try again in 2 days."), {}),
    "Dutch": (429, said("Je hebt je daglimiet bereikt."), {}),
    "Vietnamese": (429, said("Bạn đã đạt giới hạn hằng ngày."), {}),
    "per 24 hours": (429, said("You have sent 1000 requests in the last 24 hours, the limit of your plan"), {}),
    "until midnight": (429, said("Quota exhausted. It resets at midnight UTC."), {}),
    "a wait in the body": (
        429,
        {"error": {"type": "usage_limit_reached", "message": "The limit is reached", "resets_in_seconds": 90213}},
        {},
    ),
    "a moment in the body": (429, said("The limit is reached", resets_at=int(time.time()) + 90_000), {}),
    "a date in the body": (
        429,
        said("The limit is reached", reset_at=(datetime.now(UTC) + timedelta(hours=30)).isoformat()),
        {},
    ),
    "per 1 day": (429, said("API rate limit: 200 requests per 1 day exceeded"), {}),
    "per 7 days": (429, said("Limit of 900 requests per 7 days reached"), {}),
    "a code for words": (429, said("daily_limit_exceeded"), {}),
    "a cap of 24 hours": (429, {"message": "Limit exceeded: 24h token cap", "code": "RATE_LIMIT"}, {}),
    "a quota for today, as 503": (503, said("Model quota for today is used up"), {}),
    "German, used up": (429, said("Du hast deine täglichen Anfragen aufgebraucht"), {}),
    "French, used up": (429, said("Vos requêtes quotidiennes sont épuisées"), {}),
    "Spanish, used up": (429, said("Solicitudes diarias agotadas"), {}),
    "hours in words, 3 and 21 minutes": (
        429,
        said("You've hit your usage limit. Try again in 3 hours 21 minutes."),
        {},
    ),
    "midnight as a time": (429, said("Free tier limit reached: 1M tokens/day. Resets 00:00 UTC."), {}),
    "403 of a day": (403, said("Daily request quota exceeded for this API key", code="quota_exceeded"), {}),
}


@table("case", SPENT)
def test_a_limit_that_outlasts_a_run_is_not_waited_for(case: str) -> None:
    status, body, headers = SPENT[case]
    error = told(status, body, headers)
    assert isinstance(error, OutOfCredit | RateLimited), error
    if isinstance(error, RateLimited):  # said by a wait alone: it has to be one that no item's deadline allows
        assert error.retry_after_s is not None and error.retry_after_s > HOUR_S, error.retry_after_s
    assert "[key]" not in str(error) and "m-1" in str(error)


PASSES: dict[str, tuple[int, Any, dict[str, str], float | None]] = {
    # the last: at most so many seconds of wait are asked for; None: none is
    "Groq, tokens per day, minutes": (
        429,
        said(
            "Rate limit reached for model `x` on tokens per day (TPD): Limit 100000, Used 99800, Requested 1200. "
            "Please try again in 14m24s.",
            code="rate_limit_exceeded",
        ),
        {"retry-after": "864"},
        865,
    ),
    "OpenAI, requests per day, minutes": (
        429,
        said("Rate limit reached on requests per day (RPD): Limit 200, Used 200. Please try again in 7m12s."),
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7m12s"},
        433,
    ),
    "Groq, a minute": (
        429,
        said("Rate limit reached on tokens per minute (TPM): Limit 6000, Used 5900, Requested 400. Try again in 3s."),
        {"retry-after": "3"},
        4,
    ),
    "Moonshot, a minute": (
        429,
        said(
            "Your account request reached max RPM: 3, please try again after 1 seconds", type="rate_limit_reached_error"
        ),
        {},
        None,
    ),
    "Anthropic, a minute": (
        429,
        said(
            "This request would exceed your organization's rate limit of 50,000 input tokens per minute. For details, "
            "refer to: https://docs.anthropic.com/en/api/rate-limits; contact sales to discuss daily volumes.",
            type="rate_limit_error",
        ),
        {"retry-after": "11"},
        12,
    ),
    "Vertex, a minute": (
        429,
        said(
            "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_"
            "model with base model: gemini-3.5-flash.",
            status="RESOURCE_EXHAUSTED",
        ),
        {},
        None,
    ),
    "Bedrock, on demand": (429, {"message": "Too many requests, please wait before trying again."}, {}, None),
    "Mistral, a second": (429, {"message": "Requests rate limit exceeded"}, {}, None),
    "an advertisement of a day's limit": (
        429,
        said("Too many requests per minute. Upgrade to raise your limits: up to 10M tokens a day on the Scale plan."),
        {},
        None,
    ),
    "remaining of a day, reset of a minute": (
        429,
        said("Rate limit reached"),
        {
            "x-ratelimit-remaining-requests": "812",
            "x-ratelimit-reset-requests": "86399s",
            "x-ratelimit-remaining-tokens": "0",
            "x-ratelimit-reset-tokens": "6.5s",
        },
        7,
    ),
    "IETF headers of a minute": (429, said("Rate limited"), {"ratelimit-remaining": "0", "ratelimit-reset": "30"}, 31),
    "a moment in milliseconds": (
        429,
        said("Rate limited"),
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": in_(1500, 1000)},
        1501,
    ),
    "Anthropic, a reset as a date, soon": (
        429,
        said("This request would exceed your organization's limit", type="rate_limit_error"),
        {
            "anthropic-ratelimit-input-tokens-remaining": "0",
            "anthropic-ratelimit-input-tokens-reset": (datetime.now(UTC) + timedelta(seconds=2400)).isoformat(),
        },
        2401,
    ),
    "a prompt about a day": (429, said("Rate limit. Input: 'What is the daily limit of sugar?'"), {}, None),
    "milliseconds in words": (429, said("Tokens per day (TPD) reached. Please try again in 864ms."), {}, 1),
    "minutes in words": (429, said("Your daily quota refills slowly. Retry in 2 minutes."), {}, 121),
    "seconds in words": (429, said("Too many requests, please wait 17 seconds before retrying."), {}, 18),
    "months in words": (429, said("Too many requests. Prices are available for 5 months."), {}, None),
    "peak hours of today": (429, said("Max concurrency for today's peak hours reached, retry shortly"), {}, None),
    "a wait in the body": (429, said("Slow down", retry_after=12), {}, 13),
    "milliseconds in the body": (429, said("Slow down", retryDelay="1.5s"), {}, 2),
    "10 seconds": (429, said("Too many requests in the last 10 seconds"), {}, None),
    "1 minute": (429, said("Rate limit exceeded: 60 requests per 1 minute"), {}, None),
    "concurrency": (429, said("Too many concurrent requests. The limit is 8 at a time."), {}, None),
}


@pytest.mark.parametrize("case", PASSES)
def test_a_limit_that_passes_is_waited_for(case: str) -> None:
    status, body, headers, most = PASSES[case]
    error = told(status, body, headers)
    assert isinstance(error, RateLimited), error
    if most is None:
        assert error.retry_after_s is None or error.retry_after_s <= 5
    else:
        assert error.retry_after_s is not None and 0 < error.retry_after_s <= most


def quota_of_a_day(*more: str) -> dict[str, Any]:
    """What Gemini's free tier says when its requests of a day are used up: a wait of seconds stands beside it."""
    kinds = ("GenerateRequestsPerDayPerProjectPerModel-FreeTier", *more)
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": kind} for kind in kinds]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38s"},
    ]
    return said("You exceeded your current quota", code=429, status="RESOURCE_EXHAUSTED", details=details)


@pytest.mark.parametrize("more", [(), ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier",)])
def test_googles_quota_of_a_day_waits_for_midnight_and_not_for_its_retry_info(
    more: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a rate limit: the account owes nothing. Nobody can wait for it, so the model is not asked again."""
    for hour, ends in ((20, True), (7.5, False)):  # UTC; midnight in Pacific standard time is 8:00
        monkeypatch.setattr(time, "time", lambda hour=hour: 1_800_000_000 // 86_400 * 86_400 + hour * 3600)
        error = told(429, quota_of_a_day(*more))
        assert isinstance(error, RateLimited)
        assert error.retry_after_s == pytest.approx((8 - hour) % 24 * 3600)
        assert error.ends_model is ends
        assert "renewed at midnight Pacific time" in str(error)
    minute = quota_of_a_day()
    minute["error"]["details"][0]["violations"] = [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]
    waits = told(429, minute)
    assert isinstance(waits, RateLimited) and (waits.retry_after_s, waits.ends_model) == (38, False)


@pytest.mark.parametrize(
    ("refused", "n_asked", "n_right"),
    [
        (lambda n, _: n % 4 == 2, 12, 9),  # now and then
        (lambda n, _: n >= 3, 8, 3),  # from then on: the key is no longer good
        (lambda n, _: True, 1, 0),
        (lambda n, body: "Question 7?" in body, 12, 11),
    ],
)
async def test_a_403_after_answers_is_about_its_prompt_unless_it_goes_on(
    refused: Callable[[int, str], bool], n_asked: int, n_right: int, tmp_path: Path
) -> None:
    bad = reply(403, json.dumps(said("Access to this resource is restricted")).encode())
    good = reply(200, json.dumps({"choices": [{"message": {"content": "A"}, "finish_reason": "stop"}]}).encode())
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                seen.append((await reader.readexactly(length)).decode())
                writer.write(bad if refused(len(seen) - 1, seen[-1]) else good)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    models = f'  m: {{adapter: openai_chat, model: m-1, base_url: "{url}"}}'
    suite = write_suite(tmp_path, "", n=12, models=models, in_flight=1)
    with pytest.warns(IncompleteRunWarning):
        run = await evalkit.arun(suite, results=tmp_path / "results", cache=False)
    server.close()
    outcomes = run.rows(["outcome"]).column("outcome").to_pylist()
    assert (len(seen), sum(one != "errored" for one in outcomes)) == (n_asked, n_right)


async def test_a_model_whose_day_is_used_up_is_asked_once(tmp_path: Path) -> None:
    """30 questions, one request: the others would be refused just so, until midnight."""
    body = json.dumps(said("Slow down", code=429)).encode()
    async with loopback(reply(429, body, retry_after="40000")) as server:
        models = f'  m: {{adapter: openai_chat, model: m-1, base_url: "{server.url}"}}'
        suite = write_suite(tmp_path, "", n=30, models=models, in_flight=1)
        with pytest.warns(IncompleteRunWarning):
            run = await evalkit.arun(suite, results=tmp_path / "results", cache=False)
    assert len(server.requests) == 1
    assert run.status == "incomplete"
    assert run.facts.reasons[0].startswith("m was given up: 429 from 127.0.0.1")
    assert "failed in a row" not in run.facts.reasons[0]


@pytest.mark.parametrize(
    ("words", "wait_s"),
    [
        ("Available tokens: 12000. Please try again in 6s.", 6.0),
        ("Too many requests; try again later. Wait 60 seconds.", 60.0),
        ("Retry later. The limit resets in 2 hours.", 7200.0),
        ("Available tokens: 12000.", None),
        ("Try again later.", None),
        ("Rate limited; more is available in 5m tokens.", None),
        ("Available in 30 requests. Retry in 12s.", 12.0),
        ("Your quota resets in 1 hour and 30 minutes.", 5400.0),
        ("Please wait 2 days, 3 hours, and 10 minutes.", 184_200.0),
        ("Please retry in 1h, 5m and 10s.", 3910.0),
        ("Try again in an hour.", 3600.0),
        ("Please wait 1 minute and 5 seconds", 65.0),
        ("Please wait a few minutes.", None),
    ],
)
def test_the_first_wait_that_is_named_counts(words: str, wait_s: float | None) -> None:
    assert asked_in_words(words) == wait_s
