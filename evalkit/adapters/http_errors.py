"""Where HTTP errors become ours: one doorway for every adapter that speaks HTTP without an SDK.

    429 {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}   -> RateLimited(retry_after_s=2.0)
    429 {"error": {"message": "...", "code": "insufficient_quota"}}                   -> OutOfCredit
    data: {"error": {"code": 502, "message": "Provider returned error"}}              -> ServerError

Pure: nothing is sent or read here. Messages name the model, the host and path and what the provider said; they never
hold headers or keys, and a key that a server echoes is cut out, its shown ends included ("sk-...wxyz").
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from evalkit.errors import (
    KeyRefused,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
)

MAX_MESSAGE = 500
"""Characters kept of what a provider says; error pages can be long."""

_DAY_SPENT = "evalkit: quota of the day spent"
_OUT_OF_CREDIT = {
    _DAY_SPENT,
    "insufficient_quota",
    "insufficient_balance",
    "billing_hard_limit_reached",
    "billing_not_active",
    "arrearage",  # DashScope
    "1113",  # Z.ai: balance used up, sent as 429
}
_DECLINED = {
    "content_filter",  # Azure: the prompt was filtered, sent as 400
    "content_policy_violation",
    "data_inspection_failed",  # DashScope, sent as 400
    "datainspectionfailed",
    "1301",  # Z.ai, sent as 400
}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
_KEYLIKE = re.compile(r"[A-Za-z0-9_-]{4,}")
_END, _START, _MASKED_FROM = 4, 8, 16
"""Characters: providers show the last four of a key, and a beginning; a key below 16 is a local server's own word."""
_EPOCH_S = 1e9
"""Larger reset values are points in time, not waits."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a message may say about the place of an error."""

    name: str
    """The suite's name for the model."""
    model: str
    host: str
    """host:port as in base_url."""
    key_envs: tuple[str, ...]
    """Environment variables that may hold the key."""
    key: str | None
    """The key itself, only to cut it out of what a server says."""

    def __repr__(self) -> str:
        return f"Where({self.name!r}, {self.model!r}, {self.host!r})"

    def clean(self, text: str) -> str:
        """The text on one line of printable characters, at most MAX_MESSAGE, without the key or an end of it."""
        if self.key:
            text = text.replace(self.key, "[key]")
        text = " ".join("".join(c if c.isprintable() else " " for c in text[: 8 * MAX_MESSAGE]).split())
        if self.key and len(self.key) >= _MASKED_FROM:
            text = _KEYLIKE.sub(self._without_end, text)
        return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"

    def _without_end(self, found: re.Match[str]) -> str:
        word, key = found[0], self.key or ""
        shown = key.startswith(word) or word.startswith(key[:_START]) or word.endswith(key[-_END:])
        return "[key]" if shown else word


def error_from_status(status: int, headers: Mapping[str, str], body: bytes, path: str, where: Where) -> RequestError:
    """The error that a reply with this status means; never raises."""
    said = _parsed(body)
    wait = retry_after(headers, said)
    if 300 <= status < 400:
        return Rejected(
            f"models.{where.name}: {where.host}{path} answered {status}, a redirect, which is not followed so that "
            f"prompts and keys stay at the host named in base_url. Put the final address into models.{where.name}"
            f".base_url.",
            status=status,
        )
    return _error(status, _words(said, body), _codes(said), wait, path, where)


def error_from_event(event: Mapping[str, Any], path: str, where: Where) -> RequestError:
    """The error that an error object inside a stream means: by its own status where it has one, else ServerError."""
    codes = _codes(event)
    status = next((int(code) for code in codes if re.fullmatch("[45][0-9][0-9]", code)), None)
    words = _words(event, orjson.dumps(event))
    if status is None:
        if any("overloaded" in code for code in codes):
            status = 529
        elif any("rate_limit" in code for code in codes):
            status = 429
    error = _error(status, words, codes, retry_after({}, event), path, where)
    error.begun = True
    return error


def declined(status: int, body: bytes, where: Where) -> str | None:
    """The provider's words if a 4xx says that its filter turned the prompt away; None for every other error.

    That is an answer about the content (a refusal), not a failure of the system.
    """
    if status not in {400, 403, 422}:
        return None
    said = _parsed(body)
    error = _error_object(said)
    metadata = error.get("metadata")
    flagged = isinstance(metadata, dict) and "flagged_input" in metadata  # OpenRouter's moderation, sent as 403
    if flagged or _DECLINED.intersection(_codes(said)):
        return where.clean(_words(said, body))
    return None


def retry_after(headers: Mapping[str, str], said: Any = None) -> float | None:
    """Seconds that the provider asks us to wait; None where it does not say.

    Looks at retry-after-ms, retry-after (seconds or a date), Google's RetryInfo in the body, and the resets of those
    rate limits of which nothing remains.
    """
    if (ms := _number(headers.get("retry-after-ms"))) is not None:
        return ms / 1000
    if value := headers.get("retry-after"):
        if (seconds := _number(value)) is not None:
            return seconds
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, TypeError, OverflowError):
            pass
    details = _error_object(said).get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            return _seconds(detail["retryDelay"])
    waits = [
        _seconds(headers.get(f"x-ratelimit-reset{kind}", ""))
        for kind in ("", "-requests", "-tokens")
        if headers.get(f"x-ratelimit-remaining{kind}", "").strip() == "0"
    ]
    return max((wait for wait in waits if wait is not None), default=None)


def _error(
    status: int | None, words: str, codes: list[str], wait: float | None, path: str, where: Where
) -> RequestError:
    words = where.clean(words)
    name = "An error inside the stream" if status is None else str(status)
    message = f"{name} from {where.host}{path} for model {where.model!r}: {words}"
    if status == 402 or (status is not None and status < 500 and _OUT_OF_CREDIT.intersection(codes)):
        spent = "the quota of the day is spent" if _DAY_SPENT in codes else "the account has no credit left"
        return OutOfCredit(f"{message} ({spent})", status=status)
    if status in {401, 403}:
        keys = " or ".join(where.key_envs)
        if where.key is None:
            hint = f"no key was sent; {keys} is not set or may not go there" if keys else "no key was sent"
        else:
            hint = f"the key came from {keys}"
        return KeyRefused(f"{message} ({hint})", status=status)
    if status == 429:
        return RateLimited(message, status=status, retry_after_s=wait)
    if status in {503, 529}:
        return Overloaded(message, status=status, retry_after_s=wait)
    if status is None or status >= 500 or status in {408, 409, 425}:
        return ServerError(message, status=status, retry_after_s=wait)
    return Rejected(message, status=status)


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _error_object(said: Any) -> dict[str, Any]:
    """The object that describes the error: {"error": {...}}, or the whole body where it is flat (Mistral, vLLM)."""
    if isinstance(said, list) and said:  # Gemini without alt=sse
        said = said[0]
    if not isinstance(said, dict):
        return {}
    inner = said.get("error")
    return inner if isinstance(inner, dict) else said


def _codes(said: Any) -> list[str]:
    """Everything that names the kind of error, in lower case."""
    error = _error_object(said)
    inner = error.get("innererror")
    values = [error.get("code"), error.get("type"), error.get("status")]
    values.append(inner.get("code") if isinstance(inner, dict) else None)
    codes = [str(value).lower() for value in values if isinstance(value, str | int)]
    return [*codes, _DAY_SPENT] if _day_spent(error) else codes


def _day_spent(error: Mapping[str, Any]) -> bool:
    """Whether Google says that a quota by the day is used up, or that the account has none of it at all.

    https://ai.google.dev/gemini-api/docs/rate-limits: quota ids end in PerDay and what they count by. A RetryInfo of
    some seconds may stand beside it all the same.
    """
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        violations = detail.get("violations") if isinstance(detail, dict) else None
        for one in violations if isinstance(violations, list) else ():
            if isinstance(one, dict) and "perday" in str(one.get("quotaId", "")).lower():
                return True
    google = error.get("status") == "RESOURCE_EXHAUSTED"
    return google and re.search(r"\blimit: 0\b", str(error.get("message", ""))) is not None


def _words(said: Any, body: bytes) -> str:
    """What the provider says, for a person."""
    error = _error_object(said)
    for key in ("message", "error", "detail", "msg", "title"):
        value = error.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, list | dict) and value:  # FastAPI's list of complaints
            return orjson.dumps(value).decode()
    text = body[: 8 * MAX_MESSAGE].decode("utf-8", "replace").strip()
    if not text:
        return "no explanation was given"
    if text[:1] == "<":
        return "an HTML page instead of an answer; base_url may point to a web site or a proxy"
    return text


def _number(value: str | None) -> float | None:
    """A wait in its own unit, not negative; None for anything that is no finite number."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None


def _seconds(value: str) -> float | None:
    """Seconds from "1.5", "6m0s", "20ms", or a Unix time in seconds or milliseconds; None for anything else."""
    value = value.strip()
    if (number := _number(value)) is not None:
        if number > 1000 * _EPOCH_S:
            number /= 1000
        return max(0.0, number - time.time()) if number > _EPOCH_S else number
    match = _DURATION.fullmatch(value)
    if not value or match is None:
        return None
    hours, minutes, seconds, ms = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + ms / 1000
