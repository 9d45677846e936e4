"""What an error of a provider means: one classifier for every dialect, from its status, its codes and its words.

    429 {"code": "insufficient_quota", "message": "You exceeded your current quota"}        -> OUT_OF_CREDIT
    403 {"error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}  -> DECLINED
    an event inside a stream with code context_length_exceeded                               -> REJECTED

Providers say the same thing in many ways: xAI sends a safety check and a spent account as 403, Gemini a wrong key as
400, MiniMax everything as 200. So codes come first, then the words, then the status. A wrong class costs money (asking
for ever) or data (a model given up for one prompt); where nothing fits, the status decides, and an error inside a
stream that says nothing else is the server's fault.

The words stand in `error_words`. Pages of the providers that the codes come from, looked up 2026-11-28:
platform.openai.com/docs/guides/error-codes · docs.anthropic.com/en/api/errors ·
ai.google.dev/gemini-api/docs/troubleshooting · openrouter.ai/docs/api-reference/errors · docs.x.ai (debugging) ·
learn.microsoft.com/azure/ai-services/openai/concepts/content-filter · console.groq.com/docs/errors ·
api-docs.deepseek.com/quick_start/error_codes · platform.moonshot.ai/docs (error codes) ·
alibabacloud.com/help/en/model-studio/error-code · docs.z.ai/api-reference/api-code ·
platform.minimax.io/docs/api-reference/errorcode ·
docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html (Errors)
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import Enum, auto

from evalkit.adapters import error_words
from evalkit.errors import LONGEST_LIMIT_S
from evalkit.late import late


class ErrorKind(Enum):
    """What to do about an error; each is one class of `evalkit.errors`, but for DECLINED, which is an answer."""

    DECLINED = auto()
    """A filter of the provider turned this prompt or this answer away."""
    OUT_OF_CREDIT = auto()
    KEY_REFUSED = auto()
    RATE_LIMITED = auto()
    OVERLOADED = auto()
    SERVER = auto()
    REJECTED = auto()
    """The request itself is refused: sending it again gives the same."""


_OUT_OF_CREDIT = {
    "insufficientquota",
    "tokensexhausted",
    "creditsexhausted",
    "walletempty",
    "insufficientuserquota",  # one-api and its kin
    "insufficientbalance",
    "insufficientcredits",
    "insufficientcredit",
    "insufficientfunds",
    "billinghardlimitreached",
    "billingnotactive",
    "billinglimitreached",
    "billingerror",  # Anthropic
    "creditbalanceexhausted",
    "creditlimit",  # Together
    "creditlimitreached",
    "budgetexceeded",  # LiteLLM
    "exceededbudget",
    "exceededcurrentquotaerror",  # Moonshot
    "paymentrequired",
    "paymentrequirederror",
    "arrearage",  # DashScope
    "accountarrears",
    "accountoverdueerror",  # Volcano Ark
    "allocationquotafreetieronly",  # DashScope: the free allowance is used up
    "billingbalancenotenough",  # Novita
    "notenoughbalance",
    "zai1113",
    "zai1309",  # the plan has expired
    "minimax1008",
}
_DECLINED = {
    "contentfilter",  # Azure, Moonshot
    "contentfiltered",
    "moderationblocked",
    "contentmoderation",
    "contentmoderationerror",
    "responsibleaipolicyviolation",  # Azure, in innererror
    "datainspectionfailed",  # DashScope
    "sensitivecontentdetected",  # Volcano Ark
    "inputtextsensitivecontentdetected",
    "outputtextsensitivecontentdetected",
    "inputtextrisk",
    "outputtextrisk",
    "illegalprompt",  # Novita
    "promptblocked",
    "guardrailintervened",  # Bedrock
    "safety",
    "prohibitedcontent",
    "modelarmor",
    "flaggedinput",  # OpenRouter's moderation
    "filtered",  # Azure: a category of content_filter_result
    "zai1301",
    "minimax1026",
    "minimax1027",
}
_POLICY_CODE = late(r"(content|usage|safety|bio|cyber|image|misalignment|abuse|moderation)\w*policy(violation)?")
"""content_policy_violation, bio_policy, cyber_policy, ContentPolicyViolationError: OpenAI adds further ones."""
_KEY_REFUSED = {
    "invalidapikey",
    "apikeyinvalid",  # Gemini, in details, with status 400
    "apikeyexpired",
    "apikeydisabled",
    "missingapikey",
    "incorrectapikey",
    "authenticationerror",
    "authenticationfailed",
    "invalidauthenticationerror",  # Moonshot
    "invalidauthentication",
    "incorrectapikeyerror",
    "unauthenticated",
    "unauthorized",
    "unauthorizederror",
    "invalidtoken",
    "invalidxapikey",
    "nodbconnection",  # LiteLLM without a database, with status 400: the key is not its master key
    "tokennotfoundindb",  # LiteLLM with one
    "expiredkey",
    "zai1000",
    "zai1001",
    "zai1002",
    "zai1003",
    "zai1004",
    "zai1111",
    "zai1112",
    "zai1121",
    "minimax1004",
    "minimax2049",
}
_REJECTED = {
    "badrequest",
    "badrequesterror",
    "contextlengthexceeded",
    "contextwindowexceeded",
    "contextwindowexceedederror",
    "exceedcontextsizeerror",  # llama.cpp
    "requesttoolarge",
    "tooluefailed",
    "toolusefailed",  # Groq
    "jsonvalidatefailed",  # Groq
    "stringabovemaxlength",
    "modelnotfound",
    "modelnotexist",
    "modelnotsupported",
    "notfounderror",
    "notfound",
    "failedprecondition",
    "outofrange",
    "unprocessableentity",
    "unprocessableentityerror",
    "validationerror",
    "validationexception",
    "unsupportedparameter",
    "unsupportedvalue",
    "unsupportedmodel",
    "parametererror",
    "zai1210",
    "zai1211",
    "zai1212",
    "zai1213",
    "zai1214",
    "zai1215",
    "zai1261",
    "minimax2013",
}
_NO_SUCH_MODEL = {"modelnotfound", "modelnotexist", "modelnotsupported", "unsupportedmodel", "invalidmodel"}
_RATE_LIMITED = {
    "ratelimit",
    "ratelimited",
    "toomanyrequests",
    "toomanyrequestserror",
    "requestlimitexceeded",  # Tencent, Databricks
    "throttling",
    "throttlingexception",  # Bedrock
    "modelnotreadyexception",
    "throttlingratequota",
    "throttlingallocationquota",
    "resourceexhausted",
    "quotaexceeded",
    "zai1302",
    "zai1303",
    "zai1305",
    "minimax1002",
    "minimax1039",
}
_OVERLOADED = {
    *("slowdown", "unavailable", "serviceunavailable", "modelbusy", "enginebusy", "zai1312", "servererrorbusy"),
    "serviceunavailableexception",  # Bedrock, inside a stream
}
_MODEL_FAILED = {"modelerrorexception", "modelstreamerrorexception"}
"""Bedrock's errors of the model itself, with status 424."""
_OF_A_DAY = late(
    r"^[rt]pd(limit|exceeded|reached|quota|$)|(limit|quota|exceeded)[rt]pd$|^daily\w*(limit|quota|exceeded)"
)
"""rpd_limit_exceeded, TPD_EXCEEDED, daily_limit_reached: the code alone says that the limit is one of a day."""
_SPENT_UNTIL_LATER = {"zai1304", "zai1308", "zai1310"}
"""A limit of a day, a week or a month: nothing that one run can wait for."""

_REQUESTED = late(r"limit:?\s*(\d+)\b.{0,80}?requested:?\s*(\d+)\b")
_NO_STATUS_OF_CONTENT = {401, 402, 407, 408, 429, 502, 503, 504, 529}
"""Statuses under which words about safety are about something else: accounts, gateways, limits."""
_MATCHED = 1_500
"""Characters of a message that are looked at: what stands further back may quote the prompt."""


def error_kind(  # noqa: PLR0911 (one line for each kind)
    status: int | None, codes: AbstractSet[str], words: str, *, is_json: bool = True, wait_s: float | None = None
) -> ErrorKind:
    """The kind of an error.

    `status` is the HTTP status or the one inside the error object, None where neither is there. `codes` are everything
    that names the kind of error, by `plain_code`. `words` is what the provider says to a person. `is_json`: whether the
    error came as JSON; a web page with 403 comes from a firewall, not from the provider's check of keys. `wait_s`
    is the wait in seconds that the provider asks for, None where it asks for none: a limit of a day that passes within
    the hour is one of the last 24 hours, and can be waited for.
    """
    text = error_words.QUOTED.sub(" ", words[:_MATCHED].casefold())
    if _is_out_of_credit(status, codes, text, wait_s):
        return ErrorKind.OUT_OF_CREDIT
    if status == 407:
        return ErrorKind.REJECTED
    if _is_key_refused(status, codes, text):
        return ErrorKind.KEY_REFUSED
    if _is_declined(status, codes, text):
        return ErrorKind.DECLINED
    if _can_never_pass(status, codes, text):
        return ErrorKind.REJECTED
    if status is None or status < 400:
        return _without_status(codes, text)
    return _by_status(status, codes, text, is_json=is_json)


def _is_out_of_credit(status: int | None, codes: AbstractSet[str], text: str, wait_s: float | None) -> bool:  # noqa: PLR0911 (from the top)
    if status == 402:
        return True
    if error_words.ALLOCATED.search(text):  # DashScope says insufficient_quota to a limit of tokens a minute
        return bool(error_words.FREE_ALLOWANCE.search(text))
    if _OUT_OF_CREDIT & codes or _SPENT_UNTIL_LATER & codes:
        return True
    if status in {None, 429, 403, 503}:
        named = " ".join("tokens per day limit" for code in codes if _OF_A_DAY.search(code))
        if _is_spent_for_long(f"{text.replace('_', ' ')} {named}", wait_s):
            return True
    if status in {404, 405, 408, 413, 422, 502, 504, 529}:
        return False
    if error_words.RATE.search(text):
        return bool(error_words.OUT_OF_CREDIT.search(text)) and not error_words.WAIT.search(text)
    return bool(error_words.OUT_OF_CREDIT.search(text)) or (
        status in {403, 412} and bool(error_words.BILLING.search(text))
    )


def _is_spent_for_long(text: str, wait_s: float | None) -> bool:
    """Whether a limit is reached that one run cannot wait for."""
    if error_words.NONE_AT_ALL.search(text):
        return True
    if wait_s:  # the provider says how long
        return wait_s > LONGEST_LIMIT_S and bool(error_words.SPENT_QUOTA.search(text))
    return bool(error_words.SPENT_QUOTA.search(text)) and not error_words.SHORT.search(text)


def _is_key_refused(status: int | None, codes: AbstractSet[str], text: str) -> bool:
    if status == 401:
        return True
    if status not in {None, 400, 403} and not (status is not None and status < 400):
        return False
    return bool(_KEY_REFUSED & codes or error_words.KEY.search(text) or error_words.ACCOUNT.search(text))


def _is_declined(status: int | None, codes: AbstractSet[str], text: str) -> bool:
    if (_DECLINED & codes or any(map(_POLICY_CODE.match, codes))) and status not in {401, 402}:
        return True
    if status in _NO_STATUS_OF_CONTENT or not error_words.DECLINED.search(text):
        return False
    return not error_words.FILTER_IS_DOWN.search(text)


def _can_never_pass(status: int | None, codes: AbstractSet[str], text: str) -> bool:
    """Whether the same request meets the same end, whatever the status promises."""
    if status in {401, 403}:
        return False
    if status in {413, 429, None} or status >= 500:
        if error_words.NEVER_FITS.search(text):
            return True
        if (numbers := _REQUESTED.search(text)) and int(numbers[2][:15]) > int(numbers[1][:15]):
            return True  # one request alone is above the limit of a minute or a day
    if status is not None and status >= 500:
        if codes & _NO_SUCH_MODEL:
            return True
        return bool(error_words.CONTEXT.search(text)) or "contextlengthexceeded" in codes
    return False


def _without_status(codes: AbstractSet[str], text: str) -> ErrorKind:  # noqa: PLR0911 (a table, read from the top)
    if any("overloaded" in code for code in codes) or _OVERLOADED & codes:
        return ErrorKind.OVERLOADED
    if _RATE_LIMITED & codes or any("ratelimit" in code or code.startswith("throttl") for code in codes):
        return ErrorKind.RATE_LIMITED
    if any(code in {"servererror", "internalservererror", "internalerror", "apierror", "timeout"} for code in codes):
        return ErrorKind.REJECTED if error_words.CONTEXT.search(text) else ErrorKind.SERVER
    if _REJECTED & codes or any(code.startswith("invalid") for code in codes):
        return ErrorKind.REJECTED
    if any(code in {"permissiondenied", "permissionerror", "forbidden", "accessdenied"} for code in codes):
        return ErrorKind.KEY_REFUSED
    is_for_now = error_words.FOR_NOW.search(text) is not None
    if error_words.CONTEXT.search(text) or (error_words.REJECTED.search(text) and not is_for_now):
        return ErrorKind.REJECTED
    if error_words.RATE.search(text):
        return ErrorKind.RATE_LIMITED
    if is_for_now or error_words.OVERLOADED.search(text):
        return ErrorKind.OVERLOADED
    return ErrorKind.SERVER


def _by_status(status: int, codes: AbstractSet[str], text: str, *, is_json: bool) -> ErrorKind:  # noqa: PLR0911
    if status == 403:
        if error_words.RATE.search(text) or any("ratelimit" in code for code in codes):
            return ErrorKind.RATE_LIMITED
        return ErrorKind.REJECTED if not is_json or error_words.FIREWALL.search(text) else ErrorKind.KEY_REFUSED
    if status == 429:
        return ErrorKind.RATE_LIMITED
    if status in {498, 503, 529} or any("overloaded" in code for code in codes):
        return ErrorKind.OVERLOADED
    if status == 501:  # not implemented, now or later
        return ErrorKind.REJECTED
    if status >= 500 or status in {408, 409, 425} or (status == 424 and codes & _MODEL_FAILED):
        return ErrorKind.SERVER
    if status == 400 and any(code.startswith("throttl") or "ratelimit" in code for code in codes):
        return ErrorKind.RATE_LIMITED  # the JSON protocols of AWS answer 400
    return ErrorKind.REJECTED
