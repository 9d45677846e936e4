"""What errors of providers and gateways mean, whatever their words, their language and the field of the code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalkit.adapters.http_errors import Declined, Where, error_from_event, error_from_status
from evalkit.adapters.waits import retry_after
from evalkit.errors import KeyRefused, OutOfCredit, Overloaded, RateLimited, Rejected, RequestError, ServerError
from tests.tables import table

WHERE = Where("m", "m-1", "api.example.com", ("EXAMPLE_KEY",), "sk-0123456789abcdef")


def _told(status: int | None, body: Any) -> RequestError | Declined:
    if status is None:
        return error_from_event(body, "/v1/chat/completions", WHERE)
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return error_from_status(status, {}, raw, "/v1/chat/completions", WHERE)


def _said(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


OUT_OF_CREDIT = [
    (402, b""),
    (403, _said("Your team has either used all available credits or reached its monthly spending limit.")),
    (403, {"code": "permission-denied", "error": "To continue, please purchase more credits or raise your limit."}),
    (
        429,
        _said(
            "Your account is suspended due to insufficient balance, please recharge",
            type="exceeded_current_quota_error",
        ),
    ),
    (412, _said("Account is suspended, possibly due to failure to pay past invoices.", code="PRECONDITION_FAILED")),
    (400, _said("Your credit balance is too low to access the API.", type="invalid_request_error")),
    (400, _said("You have reached your specified API usage limits. You will regain access on 2026-12-01.")),
    (400, _said("Access denied, please make sure your account is in good standing.", code="Arrearage")),
    (429, {"error": {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}}),
    (403, {"error": {"code": "insufficient_user_quota", "message": "用户额度不足, 剩余额度: 0"}}),
    (400, {"message": "Budget has been exceeded! Current cost: 10.1, Max budget: 10.0", "type": "budget_exceeded"}),
    (403, _said("The free tier of the model has been exhausted.", code="AllocationQuota.FreeTierOnly")),
    (429, _said("Free allocated quota exceeded.", code="insufficient_quota")),
    (403, {"title": "You do not have enough credit", "detail": "Insufficient funds"}),
    (400, {"reason": "BILLING_BALANCE_NOT_ENOUGH", "message": "not enough balance"}),
    (401, _said("Insufficient balance to make this call")),
    (403, _said("Ihr Guthaben ist aufgebraucht. Bitte laden Sie Ihr Konto auf.")),
    (403, _said("Solde insuffisant : veuillez recharger votre compte.")),
    (400, _said("Saldo insuficiente para completar la solicitud")),
    (403, _said("Недостаточно средств на балансе. Пополните счёт.")),
    (400, _said("クレジット残高が不足しています")),
    (403, _said("크레딧이 부족합니다")),
    (400, _said("Credito esaurito")),
    (403, _said("预扣费额度失败, 用户剩余额度: $0.01")),
    (429, _said("Seus créditos acabaram.")),
    (403, _said("Se han agotado sus créditos: sin crédito no hay respuesta")),
    (403, _said("Keine Credits mehr")),
    (403, _said("Kontostand zu niedrig")),
    (400, _said("You do not have enough tokens left. Please buy a package.")),
    (403, _said("Fonds insuffisants sur votre compte")),
    (429, _said("The daily budget for this key has been used up")),
    (429, _said("You've hit your usage limit for this billing cycle.")),
    (None, _said("You exceeded your current quota", code="insufficient_quota")),
    (None, {"type": "error", "error": {"type": "billing_error", "message": "Please update your payment method"}}),
    (None, {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
    (None, {"error": {"status": 402, "message": "Payment needed"}}),
    (
        429,
        {
            "error": {
                "code": 429,
                "status": "RESOURCE_EXHAUSTED",
                "message": "Quota exceeded: free_tier_requests, limit: 0",
            }
        },
    ),
]
DECLINED = [
    (400, _said("Blocked", code="content_filter")),
    (400, _said("x", innererror={"code": "ResponsibleAIPolicyViolation"})),
    (
        403,
        {
            "code": "permission-denied",
            "error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO",
        },
    ),
    (
        403,
        _said("Provider returned error", code=403, metadata={"raw": '{"error":"Content violates usage guidelines."}'}),
    ),
    (403, _said("Input was flagged", metadata={"flagged_input": "x", "reasons": ["violence"]})),
    (
        400,
        _said(
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy.", code="invalid_prompt"
        ),
    ),
    (400, _said("Invalid prompt: we've limited access to this content for safety reasons.", code="invalid_prompt")),
    (400, _said("Output blocked by content filtering policy", type="invalid_request_error")),
    (400, _said("Content Exists Risk", code="invalid_request_error")),
    (400, _said("Input data may contain inappropriate content.", code="DataInspectionFailed")),
    (400, {"error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容"}}),
    (400, _said("The request was rejected because it was considered high risk", type="content_filter")),
    (422, {"error": {"type": "moderation", "message": "The prompt was rejected by our moderation system"}}),
    (451, _said("This request breaches our acceptable use policy")),
    (500, _said("The response was blocked by the safety filter")),
    (400, _said("Die Anfrage verstößt gegen unsere Nutzungsrichtlinien.")),
    (400, _said("Ihre Eingabe wurde vom Inhaltsfilter blockiert.")),
    (400, _said("Contenu bloqué : la demande enfreint notre politique de contenu.")),
    (403, _said("El contenido infringe nuestras políticas de uso")),
    (400, _said("Запрос нарушает правила использования сервиса")),
    (400, _said("コンテンツポリシーに違反しています")),
    (400, _said("콘텐츠 정책을 위반했습니다")),
    (400, _said("O conteúdo viola nossas políticas de uso")),
    (None, {"base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}),
    (None, _said("Output blocked by content filtering policy", type="api_error")),
    (None, {"error": {"code": "guardrail_intervened", "message": "Guardrail intervened"}}),
    (None, {"error": {"metadata": {"error_type": "content_policy_violation"}, "message": "Provider returned error"}}),
    (400, _said("入力内容が利用規約に違反している可能性があります。")),
    (400, _said("セーフティフィルターによりブロックされました")),
    (400, _said("요청이 안전 시스템에 의해 거부되었습니다.")),
    (400, _said("Votre requête a été rejetée par notre système de modération.")),
    (400, _said("Tu solicitud fue rechazada por nuestro sistema de seguridad.")),
    (400, _said("Bloqueado pelo filtro de segurança")),
    (400, _said("Rifiutato dal sistema di moderazione")),
    (400, _said("Vom Sicherheitssystem blockiert")),
    (400, _said("Contenuto non consentito dalle nostre norme")),
    (400, _said("Contenido no permitido por nuestras políticas")),
    (400, _said("Запрос отклонён системой безопасности")),
]
KEY_REFUSED = [
    (401, b""),
    (400, {"code": "invalid-argument", "error": "Incorrect API key provided."}),
    (400, {"error": {"code": 400, "message": "no", "details": [{"reason": "API_KEY_INVALID"}]}}),
    (400, _said("API key expired. Please renew the API key.")),
    (400, {"detail": "Invalid API key"}),
    (403, {"message": "Forbidden"}),
    (403, _said("Project does not have access to model", code="model_not_found")),
    (403, _said("Your organization has been disabled.")),
    (400, _said("This organization has been disabled.", type="invalid_request_error")),
    (400, _said("无效的令牌")),
    (400, _said("身份验证失败")),
    (400, _said("Der API-Schlüssel ist ungültig")),
    (400, _said("Clé API invalide")),
    (400, _said("La clave de API no es válida")),
    (400, _said("Неверный API ключ")),
    (400, _said("APIキーが無効です")),
    (400, _said("유효하지 않은 API 키")),
    (403, {"error": {"code": "1121", "message": "账户存违规行为，账号已被锁定"}}),
    (403, _said("Your account has been suspended for violating our usage policies.")),
    (None, {"base_resp": {"status_code": 1004, "status_msg": "login fail"}}),
    (None, {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}),
    (None, _said("denied", code=401)),
]
REJECTED = [
    (400, _said("Unsupported parameter: 'max_tokens'", code="unsupported_parameter")),
    (400, _said("[] is too short - 'messages'", code="invalid_prompt")),
    (400, _said("Invalid 'input[0]': value does not match pending_safety_checks", code="invalid_prompt")),
    (404, _said("The model does not exist")),
    (
        429,
        _said(
            "Request too large for gpt-4 on tokens per min (TPM): Limit 10000, Requested 12000.",
            code="rate_limit_exceeded",
        ),
    ),
    (429, _said("The input or output tokens must be reduced in order to run successfully.")),
    (500, _said("the request exceeds the available context size, try increasing it")),
    (500, _said("Context length exceeded: 9000 > 8192")),
    (403, b"<html><title>Attention Required! | Cloudflare</title></html>"),
    (None, _said("This model's maximum context length is 4096 tokens", type="BadRequestError")),
    (None, _said("prompt too large", type="exceed_context_size_error")),
    (None, _said("Your input exceeds the context window of this model.", code="context_length_exceeded")),
    (
        None,
        _said("tool call validation failed: parameters did not match schema", code="tool_use_failed", status_code=400),
    ),
    (None, _said("Failed to call a function. Please adjust your prompt.")),
    (None, {"message": "The number of tokens to keep from the initial prompt is greater than the context length"}),
    (None, _said("Prompt 超长", code="1261")),
    (None, _said("输入内容过长，超出模型最大上下文")),
    (None, _said("入力が長すぎます。コンテキスト長を超えています")),
    (None, _said("Die Eingabe ist zu lang: Kontextlänge überschritten")),
    (None, _said("La longueur du contexte est dépassée")),
    (None, _said("Se superó la longitud máxima del contexto")),
    (None, _said("Превышена максимальная длина контекста")),
    (None, _said("컨텍스트 길이를 초과했습니다")),
    (None, {"code": 400, "message": "model not found: m", "data": None}),
    (None, {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}}),
    (None, {"error": {"errors": [{"code": "unsupported_value"}], "message": "no"}}),
]
LATER = [
    (
        429,
        _said(
            "Rate limit reached on requests per min (RPM): Please try again in 20s. Adding a payment method raises it"
        ),
        RateLimited,
    ),
    (429, _said("Allocated quota exceeded, please increase your quota limit.", code="insufficient_quota"), RateLimited),
    (
        429,
        _said(
            "You exceeded your current quota, please check your plan and billing details.", status="RESOURCE_EXHAUSTED"
        ),
        RateLimited,
    ),
    (429, _said("Rate limit exceeded: free-models-per-min. Add 10 credits to unlock more requests"), RateLimited),
    (403, _said("Too many requests, slow down", code="rate_limited"), RateLimited),
    (None, _said("Rate limit reached", type="tokens", code="rate_limit_exceeded"), RateLimited),
    (None, _said("您当前使用该 API 的并发数过高", code="1302"), RateLimited),
    (None, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Overloaded),
    (None, _said("The engine is currently overloaded", type="engine_overloaded_error"), Overloaded),
    (None, _said("模型繁忙，请稍后重试"), Overloaded),
    (529, b"", Overloaded),
    (503, _said("Model is loading"), Overloaded),
    (None, _said("Internal error", code="server_error"), ServerError),
    (None, {"message": "Model unloaded."}, ServerError),
    (None, _said("Provider returned error", code=502), ServerError),
    (500, _said("account service failed"), ServerError),
    (502, b"<html>Bad gateway</html>", ServerError),
]
"""What may pass later; the first four have words of money in them, and are about the rate all the same."""
QUOTES = [
    (
        400,
        {
            "detail": [
                {"loc": ["body", "n"], "msg": "Input should be an integer", "input": "my balance is insufficient"}
            ]
        },
    ),
    (400, _said("Unexpected field", failed_generation="Invalid API key, insufficient balance, content filter")),
    (400, _said("x" * 1_600 + " insufficient balance")),
    (400, _said("The thinking budget exceeded the maximum of the model")),
    (400, _said("user messages must not be empty when thinking is disabled")),
    (415, _said("Illegal content type")),
    (400, _said("stop words are case-sensitive text")),
    (400, _said("Invalid value at 'safety_settings[0].threshold'; see safety settings")),
    (400, _said("Invalid token in JSON at position 7")),
    (400, _said("schema violates the terms of draft 7: additionalProperties", code="invalid_json_schema")),
    (404, _said("No endpoints found that support tool use. Add credits or change the model")),
]
"""Errors that quote the prompt, or say such a word about something else: that is not what went wrong."""


@table(("status", "body"), OUT_OF_CREDIT)
def test_a_spent_account_stops_the_model(status: int | None, body: Any) -> None:
    assert type(_told(status, body)) is OutOfCredit


@table(("status", "body"), DECLINED)
def test_a_filter_is_an_answer_about_the_prompt(status: int | None, body: Any) -> None:
    error = _told(status, body)
    assert isinstance(error, Declined) and error.words


@pytest.mark.parametrize(("status", "body"), KEY_REFUSED)
def test_a_refused_key_or_account_stops_the_model(status: int | None, body: Any) -> None:
    assert type(_told(status, body)) is KeyRefused


@table(("status", "body"), [*REJECTED, *QUOTES])
def test_what_can_never_pass_is_asked_once(status: int | None, body: Any) -> None:
    assert type(_told(status, body)) is Rejected


@pytest.mark.parametrize(("status", "body", "kind"), LATER)
def test_what_may_pass_later_is_asked_again(status: int | None, body: Any, kind: type[RequestError]) -> None:
    assert type(_told(status, body)) is kind


def test_what_an_upstream_said_stands_in_the_message() -> None:
    raw = json.dumps({"error": {"message": "max_tokens is too large: 99"}})
    body = _said("Provider returned error", code=400, metadata={"raw": raw, "provider_name": "Azure"})
    assert "Provider returned error: max_tokens is too large: 99 (Azure)" in str(_told(400, body))


@pytest.mark.parametrize(
    "words",
    [
        "You have reached your monthly request limit for the free plan.",
        "Trial keys are limited to 1000 API calls / month.",
        "Weekly usage limit reached. Resets in 3 days.",
        "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 requests",
        "Daily token quota used up",
        "You have used all requests of this account, try again tomorrow",
        "Tageslimit erreicht.",
        "Ihr monatliches Kontingent ist erreicht",
        "Limite quotidienne atteinte",
        "Quota mensuel dépassé",
        "Límite diario de solicitudes alcanzado",
        "Cota mensal excedida",
        "Limite giornaliero raggiunto",
        "Превышен дневной лимит",
        "Лимит на сегодня исчерпан",
        "1日あたりの利用上限に達しました。",
        "今月の利用枠を超えました",
        "일일 사용 한도를 초과했습니다",
        "今日免费额度已用完,请明天再试",
        "本月配额已达上限",
    ],
)
def test_a_limit_of_a_day_or_a_month_stops_the_model(words: str) -> None:
    assert type(_told(429, _said(words))) is OutOfCredit


@pytest.mark.parametrize(
    "words",
    [
        "Limit 200 requests per day, used 200. Please try again in 7m12s.",
        "Rate limit exceeded. Free tier: 5 requests per minute, 100 requests per day.",
        "You have exceeded your rate limit. Monthly plans have higher limits.",
        "Tokens per day (TPD): Limit 100000, Used 99800, Requested 1200. Please try again in 864ms.",
        "Too many requests in the last day's burst window, try again in 20s",
        "Rate limit of 100 requests/minute exceeded; upgrade to a monthly subscription for more",
    ],
)
def test_a_limit_that_passes_within_the_run_is_waited_for(words: str) -> None:
    assert type(_told(429, _said(words))) is RateLimited


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, _said("Authentication Error, invalid token passed", code="401"), KeyRefused),
        (400, _said("Provider returned error", code=429), RateLimited),
        (502, _said("No endpoints found that support tool use", code=404), Rejected),
        (500, _said("upstream", status=402), OutOfCredit),
        (503, _said("no channel is available", code="model_not_found"), Rejected),
        (400, _said('Upstream said: {"error":{"type":"overloaded_error","message":"Overloaded"}}'), Overloaded),
        (
            500,
            _said('AnthropicException - {"type":"error","error":{"type":"rate_limit_error"}}', code=429),
            RateLimited,
        ),
        (400, {"__type": "com.amazon.coral.service#ThrottlingException", "message": "Rate exceeded"}, RateLimited),
    ],
)
def test_what_an_upstream_answered_counts_behind_a_gateway(status: int, body: Any, kind: type[RequestError]) -> None:
    assert type(_told(status, body)) is kind


@pytest.mark.parametrize(
    "words",
    [
        "Le modèle demandé n'existe pas",
        "this model has reached end of life",
        "Model version m-1 was sunset",
        "上下文长度超出限制",
        "El modelo solicitado no existe",
        "O modelo foi descontinuado",
        "Il modello non è disponibile",
        "Das Modell wurde nicht gefunden",
        "モデルが見つかりません",
        "해당 모델을 찾을 수 없습니다",
        "Модель не найдена",
        "Parameter seed wird nicht unterstützt",
        "Ce paramètre n'est pas pris en charge",
        "logprobs no es compatible con este modelo",
        "O parâmetro não é suportado",
        "パラメータ logprobs はサポートされていません",
        "이 모델에서는 지원되지 않습니다",
        "Параметр не поддерживается",
    ],
)
def test_a_model_or_a_setting_that_is_not_there_is_asked_once_in_any_language(words: str) -> None:
    assert type(_told(None, _said(words))) is Rejected


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Le modèle est surchargé", Overloaded),
        ("Model m-1 is temporarily not available", Overloaded),
        ("The model is not available, please try again later", Overloaded),
        ("Das Modell ist überlastet", Overloaded),
        ("El modelo está sobrecargado", Overloaded),
        ("Le modèle est temporairement indisponible", Overloaded),
        ("Das Modell ist vorübergehend nicht verfügbar", Overloaded),
        ("El modelo temporalmente no disponible", Overloaded),
        ("Модель временно недоступна", Overloaded),
    ],
)
def test_a_model_that_is_busy_for_now_is_asked_again_in_any_language(words: str, kind: type[RequestError]) -> None:
    assert type(_told(None, _said(words))) is kind


@pytest.mark.parametrize(
    "words",
    [
        "Input should be a valid string [type=string_type, input_value='insufficient balance', input_type=list]",
        "messages.0.content: expected text, got: 'my api key is invalid, was I banned for unsafe content?'",
        'Unknown role. Value: "rate limit per day"',
        'Failed to parse tool arguments: {"note": "the account has been suspended for unsafe content"}',
        "Bad part in prompt: `content filter`",
    ],
)
def test_what_a_message_repeats_of_the_request_says_nothing(words: str) -> None:
    assert type(_told(400, _said(words))) is Rejected


def test_a_filter_that_is_down_says_nothing_about_the_prompt() -> None:
    for words in (
        "Content filter service unavailable",
        "The moderation endpoint timed out",
        "Safety filter: internal error",
    ):
        assert type(_told(500, _said(words))) is ServerError


def test_a_daily_quota_asks_to_wait_until_it_is_renewed() -> None:
    violations = [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]
    details = [{"violations": violations}, {"retryDelay": "3s"}]
    error = _told(429, {"error": {"code": 429, "message": "You exceeded your current quota", "details": details}})
    assert isinstance(error, RateLimited) and error.retry_after_s is not None and 3 < error.retry_after_s <= 86_400


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"retry-after": "3"}, RateLimited),
        ({"retry-after-ms": "1500"}, RateLimited),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "20m0s"}, RateLimited),
        ({"retry-after": "40000"}, OutOfCredit),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "11h2m0s"}, OutOfCredit),
        ({}, OutOfCredit),
    ],
)
def test_a_limit_of_the_last_24_hours_that_passes_within_the_hour_is_waited_for(
    headers: dict[str, str], kind: type[RequestError]
) -> None:
    body = json.dumps(_said("Rate limit reached for tokens per day (TPD)", code="rate_limit_exceeded")).encode()
    assert type(error_from_status(429, headers, body, "/v1/chat/completions", WHERE)) is kind


def test_a_wait_of_no_milliseconds_says_nothing() -> None:
    assert retry_after({"retry-after-ms": "0", "retry-after": "7"}) == 7.0
    assert retry_after({"retry-after-ms": "0"}) is None


def test_a_path_without_a_version_gets_a_hint() -> None:
    error = error_from_status(404, {}, b'{"detail": "Not Found"}', "/chat/completions", WHERE)
    assert "models.m.base_url want /v1" in str(error)
    assert (
        "/v1"
        not in str(error_from_status(404, {}, b"{}", "/openai/v1/chat/completions", WHERE)).split("completions")[1]
    )
    assert "/v1 at its end" in str(error_from_status(404, {}, b"{}", "/api/chat/completions", WHERE))


@pytest.mark.parametrize(
    ("path", "twice"),
    [
        ("/v1/v1/chat/completions", True),
        ("/v1/messages/v1/messages", True),
        ("/v1/responses/responses", True),
        ("/v1/v1beta/models/m:streamGenerateContent?alt=sse", True),
        ("/api/api/chat", True),
        ("/v1/chat/completions", False),
        ("/api/v1/chat/completions", False),
        ("/v1beta/models/m-v2:generateContent", False),
        ("/openai/deployments/v1/chat/completions", False),
        ("/accounts/a/models/v1/messages", False),
    ],
)
def test_an_address_that_holds_the_path_already_is_told(path: str, twice: bool) -> None:
    assert ("Leave that end out" in str(error_from_status(404, {}, b"{}", path, WHERE))) is twice
