"""How long a provider asks to wait, in headers, fields and the words of thirty languages, and what an error means: variants
by a further reader, written before they were run. (case, status, body, headers, kinds, the wait)"""
# ruff: noqa: E501 - a case stands on one line
# fmt: off

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any

import pytest

from evalkit.adapters import waits
from evalkit.adapters.http_errors import Where, error_from_event, error_from_status
from evalkit.adapters.waits import asked_in_words, retry_after

WHERE = Where("m", "m-1", "api.example.com", ("EXAMPLE_KEY",), "sk-0123456789abcdef")
H = 3600
READ_AT = time.time()


def e(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def now() -> datetime:
    return datetime.now(UTC)


def iso(seconds: float) -> str:
    return (now() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


CASES: list[tuple[str, int | None, Any, dict[str, str], str, Any]] = [
 # Retry-After forms
 ("ra 30s",429,e("Too many requests"),{"retry-after":"30s"},"RateLimited",(29,31)),
 ("ra 1m30s",429,e("Too many requests"),{"retry-after":"1m30s"},"RateLimited",(89,91)),
 ("ra float",429,e("Too many requests"),{"retry-after":"2.75"},"RateLimited",(2.7,2.8)),
 ("ra iso",429,e("Too many requests"),{"retry-after":iso(400)},"RateLimited",(300,401)),
 ("ra iso far",429,e("Too many requests"),{"retry-after":iso(9*H)},"RateLimited|OutOfCredit",(8.9*H,9.1*H)),
 ("ra epoch",429,e("Too many requests"),{"retry-after":str(int(time.time()+400))},"RateLimited",(300,401)),
 ("ra epoch far",429,e("Too many requests"),{"retry-after":str(int(time.time()+9*H))},"RateLimited|OutOfCredit",(8.9*H,9.1*H)),
 ("ra rfc850",429,e("Too many requests"),{"retry-after":(now()+timedelta(seconds=400)).strftime("%A, %d-%b-%y %H:%M:%S GMT")},"RateLimited",(300,401)),
 ("ra asctime",429,e("Too many requests"),{"retry-after":(now()+timedelta(seconds=400)).strftime("%a %b %d %H:%M:%S %Y")},"RateLimited",(300,401)),
 ("ra offset",429,e("Too many requests"),{"retry-after":format_datetime(now() + timedelta(seconds=400))},"RateLimited",(300,401)),
 ("ra twice",429,e("Too many requests"),{"retry-after":"30, 30"},"RateLimited",(29,31)),
 ("ra garbage then words",429,e("Too many requests. Please try again in 12s"),{"retry-after":"soon"},"RateLimited",(11,13)),
 ("ra zero then words hours",429,e("You have used up your daily quota. Try again in 8h"),{"retry-after":"0"},"RateLimited|OutOfCredit","long"),
 ("ra-ms",429,e("Too many"),{"retry-after-ms":"1500"},"RateLimited",(1.4,1.6)),
 ("x-ms-retry-after-ms",429,e("Too many"),{"x-ms-retry-after-ms":"2500"},"RateLimited",(2.4,2.6)),
 ("x-retry-after",429,e("Too many"),{"x-retry-after":"20"},"RateLimited",(19,21)),
 ("x-ratelimit-retry-after",429,e("Too many"),{"x-ratelimit-retry-after":"20"},"RateLimited",(19,21)),
 ("x-ratelimit-reset-after",429,e("Too many"),{"x-ratelimit-remaining":"0","x-ratelimit-reset-after":"20"},"RateLimited",(19,21)),
 ("x-rate-limit-reset",429,e("Too many"),{"x-rate-limit-remaining":"0","x-rate-limit-reset":str(int(time.time()+400))},"RateLimited",(300,401)),
 ("reset http date",429,e("Too many"),{"x-ratelimit-remaining":"0","x-ratelimit-reset":format_datetime(now()+timedelta(seconds=400),usegmt=True)},"RateLimited",(300,401)),
 ("reset iso space",429,e("Too many"),{"x-ratelimit-remaining":"0","x-ratelimit-reset":(now()+timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S+00:00")},"RateLimited|OutOfCredit",(4.9*H,5.1*H)),
 ("ratelimit struct q",429,e("Too many"),{"ratelimit":'"default";r=0;t=25;q=100'},"RateLimited",(24,26)),
 ("ratelimit old combined",429,e("Too many"),{"ratelimit":"limit=100, remaining=0, reset=25"},"RateLimited",(24,26)),
 ("remaining 0.0",429,e("Too many"),{"x-ratelimit-remaining-tokens":"0.0","x-ratelimit-reset-tokens":"7.5s"},"RateLimited",(7.4,7.6)),
 ("remaining neg",429,e("Too many"),{"x-ratelimit-remaining-tokens":"-120","x-ratelimit-reset-tokens":"7.5s"},"RateLimited",(7.4,7.6)),
 ("Overloaded retry",503,e("Service unavailable"),{"retry-after":"15"},"Overloaded|ServerError",(14,16)),
 # words
 ("w at iso",429,e("Rate limit hit. Try again at "+iso(400)),{},"RateLimited",(300,401)),
 ("w at iso far",429,e("Usage limit reached. Try again after "+iso(10*H)),{},"RateLimited|OutOfCredit","long"),
 ("w about 20 seconds",429,e("Busy. Retry in about 20 seconds."),{},"RateLimited",(19,21)),
 ("w 1.5 minutes",429,e("Please wait for 1.5 minutes before the next call"),{},"RateLimited",(89,91)),
 ("w 90 min",429,e("Too many requests, retry after 10 min"),{},"RateLimited",(599,601)),
 ("w 14 hrs",429,e("Request limit reached; retry after 14 hrs"),{},"RateLimited|OutOfCredit","long"),
 ("w german",429,e("Zu viele Anfragen. Bitte in 45 Sekunden erneut versuchen."),{},"RateLimited",(44,46)),
 ("w german hours",429,e("Kontingent erschöpft. Bitte in 6 Stunden erneut versuchen."),{},"RateLimited|OutOfCredit","long"),
 ("w french",429,e("Trop de requêtes. Réessayez dans 30 secondes."),{},"RateLimited",(29,31)),
 ("w spanish",429,e("Demasiadas solicitudes. Inténtelo de nuevo en 2 minutos."),{},"RateLimited",(119,121)),
 ("w chinese",429,e("请求过于频繁，请在 30 秒后重试"),{},"RateLimited",(29,31)),
 ("w chinese hours",429,e("请求次数已用尽，请在 6 小时后重试"),{},"RateLimited|OutOfCredit","long"),
 ("w japanese",429,e("リクエストが多すぎます。30秒後に再試行してください。"),{},"RateLimited",(29,31)),
 ("w korean",429,e("요청이 너무 많습니다. 30초 후에 다시 시도하세요."),{},"RateLimited",(29,31)),
 ("w russian",429,e("Слишком много запросов. Повторите через 30 секунд."),{},"RateLimited",(29,31)),
 ("w body retry_after_seconds",429,{"error":{"message":"slow","retry_after_seconds":9}},{},"RateLimited",(8.9,9.1)),
 ("w body retryAfterMs",429,{"error":{"message":"slow","retryAfterMs":9000}},{},"RateLimited",(8.9,9.1)),
 ("w body detail list",429,{"detail":[{"msg":"slow down, retry in 9 seconds"}]},{},"RateLimited",(8.9,9.1)),
 ("w body wait_seconds",429,{"message":"slow","wait_seconds":9},{},"RateLimited",(8.9,9.1)),
 # per-day
 ("d rolling day 30min",429,e("Daily token limit reached on a rolling 24-hour window. Try again in 31 minutes."),{},"RateLimited",(1859,1861)),
 ("d cutoff",429,e("You have hit the cap of 500 calls in a calendar day"),{},"OutOfCredit|RateLimited","long"),
 ("d RPD code",429,e("Limit exceeded",code="rpd_limit_exceeded"),{},"OutOfCredit","any"),
 ("d TPD code",429,e("Limit exceeded",code="TPD_EXCEEDED"),{},"OutOfCredit","any"),
 ("d requests/day",429,e("You exceeded 1000 requests/day"),{},"OutOfCredit","any"),
 ("d 1000 RPD",429,e("Free plan: 1000 RPD exceeded"),{},"OutOfCredit","any"),
 ("d per hour",429,e("Hourly limit of 60 requests exceeded"),{},"RateLimited","any"),
 ("d monthly spend",429,e("You've reached your monthly spend limit of $20"),{},"OutOfCredit","any"),
 ("d hard limit",400,e("Billing hard limit has been reached",code="billing_hard_limit_reached"),{},"OutOfCredit","any"),
 ("d weekly",429,e("This week's allowance is used up. It renews on Monday."),{},"OutOfCredit","any"),
 ("d norwegian",429,e("Du har brukt opp dagens kvote."),{},"OutOfCredit","any"),
 ("d danish",429,e("Du har nået din daglige grænse."),{},"OutOfCredit","any"),
 ("d finnish",429,e("Päivittäinen kyselyraja on täynnä."),{},"OutOfCredit","any"),
 ("d romanian",429,e("Ai atins limita zilnică de cereri."),{},"OutOfCredit","any"),
 ("d hebrew",429,e("הגעת למגבלה היומית של בקשות."),{},"OutOfCredit","any"),
 ("d persian",429,e("سقف درخواست روزانه شما پر شده است."),{},"OutOfCredit","any"),
 ("d bengali",429,e("আপনার দৈনিক অনুরোধের সীমা শেষ হয়েছে।"),{},"OutOfCredit","any"),
 ("d google perday no detail",429,e("Quota exceeded for quota metric 'Generate Content API requests per day' and limit 'GenerateContent request limit per day'",status="RESOURCE_EXHAUSTED"),{},"OutOfCredit|RateLimited","long"),
 ("d google quotaMetric per_day",429,{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"GenerateRequestsPerDayPerProject","quota_limit_value":"50"}}]}},{},"OutOfCredit|RateLimited","long"),
 ("d google perminute errorinfo",429,{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"GenerateRequestsPerMinutePerProject"}}]}},{},"RateLimited","short"),
 ("d google list body",429,[{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]}]}}],{},"OutOfCredit|RateLimited","long"),
 ("d limit: 0 minute",429,e("Quota exceeded for metric: x_free_tier_input_token_count, limit: 0, model: gemini-9-pro"),{},"OutOfCredit","any"),
 ("d limit 0 requests",429,e("Rate limit exceeded: limit 0 RPM for this model on your plan"),{},"OutOfCredit|Rejected","any"),
 # stream events
 ("s insufficient 402 nested",None,{"type":"error","error":{"type":"insufficient_quota","message":"x"}},{},"OutOfCredit","any"),
 ("s xai",None,{"error":"Your team has either used all available credits or reached its monthly spending limit."},{},"OutOfCredit","any"),
 ("s context string",None,{"error":"input length exceeds context window: 40960 tokens"},{},"Rejected","any"),
 ("s ollama",None,{"error":"an error was encountered while running the model: CUDA out of memory"},{},"ServerError","any"),
 ("s vllm abort",None,{"object":"error","message":"Requested token count exceeds the model's maximum context length of 4096 tokens","type":"BadRequestError","code":400},{},"Rejected","any"),
 ("s sglang",None,{"error":{"object":"error","message":"The input (5000 tokens) is longer than the model's context length (4096 tokens).","type":"BadRequestError","code":400}},{},"Rejected","any"),
 ("s tgi",None,{"error":"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 1000 `max_new_tokens`","error_type":"validation"},{},"Rejected","any"),
 ("s tgi overloaded",None,{"error":"Model is overloaded","error_type":"overloaded"},{},"Overloaded","any"),
 ("s anthropic overloaded",None,{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}},{},"Overloaded","any"),
 ("s anthropic api_error",None,{"type":"error","error":{"type":"api_error","message":"Internal server error"}},{},"ServerError","any"),
 ("s rate",None,{"error":{"code":429,"message":"Rate limited upstream, retry in 8s"}},{},"RateLimited","any"),
 ("s gateway filter",None,{"error":{"code":"content_filter","message":"The response was filtered"}},{},"Declined","any"),
 ("s mod",None,{"error":{"message":"Output blocked by content filtering policy","type":"invalid_request_error"}},{},"Declined","any"),
 ("s deadline",None,{"error":{"code":504,"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}},{},"ServerError","any"),
 ("s cancelled",None,{"error":{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}},{},"ServerError|Rejected","any"),
 ("s prompt too long anth",None,{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 201411 tokens > 200000 maximum"}},{},"Rejected","any"),
 ("s credit de",None,{"error":{"message":"Guthaben aufgebraucht. Bitte laden Sie Ihr Konto auf."}},{},"OutOfCredit","any"),
 ("s credit zh",None,{"error":{"message":"账户余额不足，请充值"}},{},"OutOfCredit","any"),
 ("s credit ja",None,{"error":{"message":"残高が不足しています。"}},{},"OutOfCredit","any"),
 # content 403s and others
 ("c 403 waf json",403,{"error":"Forbidden","message":"Request blocked by WAF rule 942100"},{},"Rejected","any"),
 ("c 403 cf html",403,b"<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title>",{},"Rejected","any"),
 ("c 403 guard",403,e("Blocked by Prompt Shield: jailbreak detected",code="prompt_shield"),{},"Declined","any"),
 ("c 400 azure jailbreak",400,{"error":{"code":"content_filter","message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","innererror":{"code":"ResponsibleAIPolicyViolation"}}},{},"Declined","any"),
 ("c 422 toxic",422,e("Input rejected: toxic content detected",type="guardrail_violation"),{},"Declined","any"),
 ("c 451",451,e("Unavailable for legal reasons: content restricted in your region"),{},"Rejected|Declined|KeyRefused","any"),
 ("c 400 credit anthropic",400,{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API."}},{},"OutOfCredit","any"),
 ("c 403 perm project",403,e("Project `proj_1` does not have access to model `m-1`",code="model_not_found"),{},"KeyRefused|Rejected","any"),
 ("c 403 disabled",403,e("This organization has been disabled."),{},"KeyRefused","any"),
 ("c 400 org disabled",400,{"type":"error","error":{"type":"invalid_request_error","message":"This organization has been disabled."}},{},"KeyRefused","any"),
 ("c 401 balance",401,e("Insufficient balance in your account",code="insufficient_balance"),{},"OutOfCredit|KeyRefused","any"),
 ("c 404 model deprecated",404,e("The model m-1 has been deprecated",code="model_not_found"),{},"Rejected","any"),
 ("c 410",410,e("This model was retired on 2026-10-01"),{},"Rejected","any"),
 ("c 413",413,e("Request entity too large"),{},"Rejected","any"),
 ("c 429 single request too large",429,e("Request too large for m-1 on tokens per min (TPM): Limit 30000, Requested 45210."),{},"Rejected","any"),
 ("c 429 de too large",429,e("The request needs 45210 tokens but the limit per minute is 30000; shorten the prompt"),{},"Rejected|RateLimited","any"),
 ("c 500 context",500,e("This model's maximum context length is 8192 tokens"),{},"Rejected","any"),
 ("c 500 gen",500,e("The server had an error while processing your request. Sorry about that!"),{},"ServerError","any"),
 ("c 524 html",524,b"<html><title>524: A timeout occurred</title>",{},"ServerError","any"),
 ("c 520",520,b"error code: 520",{},"ServerError","any"),
 ("c 530",530,b"error code: 1033",{},"ServerError","any"),
 ("c 200 minimax-like",None,{"base_resp":{"status_code":1002,"status_msg":"rate limit exceeded(RPM)"}},{},"RateLimited","any"),
 ("c baidu 17",None,{"error_code":17,"error_msg":"Open api daily request limit reached"},{},"OutOfCredit","any"),
 ("c baidu 18",None,{"error_code":18,"error_msg":"Open api qps request limit reached"},{},"RateLimited","any"),
 ("c baidu 336103",None,{"error_code":336103,"error_msg":"Prompt tokens too long"},{},"Rejected","any"),
 ("c spark 10013",None,{"header":{"code":10013,"message":"input content audit failed, suspected violation, please adjust"}},{},"Declined","any"),
 ("c hunyuan",None,{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"too many"}}},{},"RateLimited","any"),
 ("c yandex",429,{"error":{"grpcCode":8,"httpCode":429,"message":"ai.textGenerationCompletionSessionsCount.count gauge quota limit exceed: allowed 1 requests"}},{},"RateLimited","any"),
 ("c watsonx",403,{"errors":[{"code":"token_quota_reached","message":"Consumption of 50000 tokens is over the monthly limit of 50000"}]},{},"OutOfCredit","any"),
 ("c databricks",400,{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"REQUEST_LIMIT_EXCEEDED: Exceeded workspace output tokens per minute rate limit"},{},"RateLimited|Rejected","any"),
 ("c databricks 429",429,{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"Exceeded workspace rate limit for model"},{},"RateLimited","any"),
 ("c snowflake",429,{"message":"budget exceeded","error_code":"ERR"},{},"OutOfCredit|RateLimited","any"),
]
CASES += [
 ("event, hours in words",None,e("Rate limit reached. Please try again in 7h12m",code=429),{},"RateLimited",(25919,25921)),
 ("event, seconds in words",None,e("Internal error, please try again in 30 seconds",type="server_error"),{},"ServerError",(30,30)),
 ("maintenance",503,e("Maintenance. Try again in 2 hours."),{},"Overloaded",(7200,7200)),
 ("limit: 0 left",429,e("Requests limit 0 left this minute, retry soon"),{},"RateLimited","short"),
 ("limit 0.5",429,e("Rate limit 0.5 requests per second exceeded"),{},"RateLimited","short"),
 ("a crash of a toxicity model",500,e("Model for toxicity crashed"),{},"ServerError","any"),
 ("an injection that is none",400,e("SQL injection in parameter",code="invalid_request"),{},"Rejected","any"),
 ("today's peak",429,e("Too many requests during today's peak; the limit is 5 at once"),{},"RateLimited","short"),
 ("a code of a day, seconds",429,e("Slow down",code="daily_limit"),{"retry-after":"20"},"RateLimited",(20,20)),
]
WORDS: list[tuple[str, float | None]] = [("Bitte warten Sie 12 Sekunden und versuchen Sie es erneut.",12),("Bitte versuchen Sie es in 2 Stunden und 5 Minuten noch einmal.",7500),
("Veuillez patienter 15 secondes avant de réessayer.",15),("Réessayez dans environ 1,5 minutes",90),
("Vuelva a intentarlo dentro de 10 segundos.",10),("Por favor, espere 20 segundos.",20),("Tente novamente em 45 segundos.",45),("Riprova tra 30 secondi.",30),
("Probeer het over 3 minuten opnieuw.",180),("Повторите попытку через 1 час 10 минут.",4200),("Спробуйте ще раз через 2 хвилини.",120),("Spróbuj ponownie za 40 sekund.",40),("Zkuste to znovu za 5 minut.",300),
("請於 30 秒後重試",30),("请等待10秒后再试",10),("1分後にもう一度お試しください",60),("10초 후 재시도",10),("Lütfen 30 saniye sonra tekrar deneyin.",30),("Vui lòng thử lại sau 30 giây.",30),("Coba lagi dalam 30 detik.",30),("Försök igen om 30 sekunder.",30),("Prøv igen om 2 minutter.",120),
("حاول مرة أخرى بعد 30 ثانية",30),("कृपया 30 सेकंड बाद पुनः प्रयास करें",30),("กรุณาลองใหม่อีกครั้งในอีก 30 วินาที",30),("Δοκιμάστε ξανά σε 30 δευτερόλεπτα.",30),("Kérjük, próbálja újra 30 másodperc múlva.",30),("Yritä uudelleen 30 sekunnin kuluttua.",30),("Încercați din nou în 30 secunde.",30),("נסה שוב בעוד 30 שניות",30),
# none
("Limit von 100 Anfragen in 24 Stunden erreicht, versuchen Sie es später erneut.",None),("60 Anfragen pro 60 Sekunden erlaubt.",None),("Trop de requêtes (30 requêtes en 60 secondes). Réessayez plus tard.",None),("每60秒最多100次请求，请稍后重试",None),("1分間に60リクエストまでです。しばらくしてから再試行してください。",None),("Превышен лимит: 100 запросов за 60 секунд. Повторите позже.",None),("요청 한도: 60초당 100회. 나중에 다시 시도하세요.",None),("Límite de 5 solicitudes por 10 segundos, intente más tarde",None),
("Rate limit. Try later.",None),("Ihr Tarif erlaubt 30 Tage Nutzung. Versuchen Sie es erneut.",None),("Max 24 heures d'historique; réessayez.",None),
("Please try again in 1.5 hours",5400),("retry in 0.5s",0.5),("wait 2.5m",150),
]
NO_WAIT: list[dict[str, str]] = [
 {}, {"retry-after": ""}, {"retry-after": "nan"}, {"retry-after": "inf"}, {"retry-after": "2026-12-01"}, {"x-should-retry": "true"},
 {"x-ratelimit-limit": "0", "x-ratelimit-reset": "99"}, {"x-ratelimit-remaining": "5", "x-ratelimit-reset": "99"},
 {"retry-after": "Tue, 01 Dec 2026 25:00:00 GMT"}, {"retry-after": "9" * 50},
]

# fmt: on


@pytest.fixture(autouse=True)
def _clock_of_the_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moments of the cases are counted from when this file is read, which in a run of all tests is minutes before."""
    monkeypatch.setattr(waits, "time", SimpleNamespace(time=lambda: READ_AT))


def test_what_an_error_means_and_how_long_it_asks_to_wait() -> None:
    otherwise = []
    for case, status, body, headers, kinds, wait in CASES:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        found = (
            error_from_event(body, "/v1", WHERE)
            if status is None
            else error_from_status(status, headers, raw, "/v1", WHERE)
        )
        kind, asked = type(found).__name__, getattr(found, "retry_after_s", None)
        fits = {
            "any": True,
            "long": asked is not None and asked > H,
            "short": asked is None or asked <= 5,
        }
        right = fits[wait] if isinstance(wait, str) else asked is not None and wait[0] <= asked <= wait[1]
        if kind not in kinds.split("|") or not (right or kind == "OutOfCredit"):
            otherwise.append(f"{case}: {kind}, {asked}, not {kinds}, {wait}")
    assert not otherwise, "\n".join(otherwise)


def test_waits_in_the_words_of_thirty_languages_and_none_in_a_rate() -> None:
    otherwise = [
        f"{words}: {asked_in_words(words)}, not {wait}" for words, wait in WORDS if asked_in_words(words) != wait
    ]
    assert not otherwise, "\n".join(otherwise)


def test_a_header_that_says_nothing_of_a_wait_is_none() -> None:
    assert [headers for headers in NO_WAIT if retry_after(headers) is not None] == []
