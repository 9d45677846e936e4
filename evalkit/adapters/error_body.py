"""What stands in an error, wherever a provider puts it: its status, its codes, its words and the wait it asks for.

    {"error": {"message": "Provider returned error", "code": 403,
               "metadata": {"raw": "{\\"error\\": \\"Content violates usage guidelines.\\"}", "provider_name": "xAI"}}}
   -> ErrorReply(status=403, codes={"403"}, words="Provider returned error: Content violates usage guidelines. (xAI)")

Codes are looked for in every place that a provider is known to use, nested ones and JSON inside a text included,
because a gateway wraps what its upstream said. What quotes the request (`input`, `failed_generation`) is not looked
at: a prompt about an empty account is no empty account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from evalkit.frozen import dataclass

_CODE_KEYS = frozenset(
    [
        "code",
        "type",
        "status",
        "reason",
        "kind",
        "error_code",
        "error_type",
        "errcode",
        "errorcode",
        "err_code",
        "__type",
        "quotaid",
        "quota_limit",
        "failed_check",
    ]
)
_WAIT_KEYS = (
    *(
        "retrydelay",
        "retryafterseconds",
        "retryafter",
        "resetsinseconds",
        "resetinseconds",
        "retryinseconds",
        "retryin",
    ),
    *("waitseconds", "resetsat", "resetat", "retryat"),
)
"""Where a body says how long to wait, or until when; by `plain_code`."""
_WAIT_MS_KEYS = ("retryafterms", "retryinms", "retrydelayms", "waitms")
_STATUS_KEYS = ("code", "status", "status_code", "statuscode", "http_status", "http_code", "httpstatus")
_WORD_KEYS = (
    *("message", "msg", "error_msg", "error_message", "errormessage", "status_msg", "errmsg", "err_msg", "detail"),
    *("details", "description", "error_description", "faultstring", "reason", "error", "title", "text"),
)
_QUOTES = frozenset(
    [
        *("input", "ctx", "failed_generation", "prompt", "messages", "request", "body", "content", "user"),
        *("output", "instructions", "tools"),
    ]
)
"""Fields that hold what was asked, or what a model wrote."""
_MAX_EVENTS = 65_536
"""Bytes of an error's body that are searched for events."""
_MAX_NODES, _MAX_DEPTH, _MAX_MESSAGES = 300, 8, 3
_MINIMAX, _ZAI = "minimax", "zai"
_NUMBER = re.compile(r"[0-9]{3,6}")


def plain_code(value: object) -> str:
    """A code as the tables of `error_kinds` spell it: small letters and digits only (`data_inspection-failed`)."""
    return re.sub(r"[^a-z0-9]", "", str(value).lower())


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """One error as its provider tells it."""

    status: int | None
    """A number from 400 to 599 inside the error; None where there is none."""
    codes: frozenset[str]
    """Everything that names its kind, by `plain_code`."""
    words: str
    """What it says to a person; "" where it says nothing."""
    retry_delay: str | None = None
    """A wait in the body as text, like "3s" (Google's RetryInfo) or the seconds of `resets_in_seconds`, or the moment
    when it ends; None where there is none."""
    is_json: bool = True


def read_error(body: bytes) -> ErrorReply:
    """What the body of an error says; never raises."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = _in_events(body)
        return ErrorReply(None, frozenset(), "", is_json=False) if said is None else error_in(said)
    return error_in(said)


def _in_events(body: bytes) -> Any:
    """The first object of a body that is written as server-sent events, as LiteLLM writes an error that met a stream
    before it began (`data: {"error": ...}` with status 500); None where it is no such body."""
    for line in body[:_MAX_EVENTS].splitlines():
        if line.startswith(b"data:") and isinstance(said := _parsed(line[5:].decode("utf-8", "replace")), dict):
            return said
    return None


def error_in(said: object) -> ErrorReply:
    """What a parsed error object says; never raises."""
    status: int | None = None
    codes: set[str] = set()
    messages: list[str] = []
    delay: str | None = None
    provider: str | None = None
    for node in _objects(said):
        lowered = {str(key).lower(): value for key, value in node.items()}
        if status is None:
            status = next((n for key in _STATUS_KEYS if (n := _status(lowered.get(key))) is not None), None)
        codes |= _codes(lowered)
        words = _words(lowered) if len(messages) < _MAX_MESSAGES else None
        if words and not any(words in known or known in words for known in messages):
            messages.append(words)
        delay = delay or _delay(lowered)
        if provider is None and isinstance(named := lowered.get("provider_name"), str):
            provider = named
    said_words = ": ".join(messages)
    if provider and said_words:
        said_words = f"{said_words} ({provider})"
    return ErrorReply(status, frozenset(codes), said_words, delay)


def is_error(said: Mapping[str, object]) -> bool:
    """Whether an object that should be an answer is an error, in one of the forms that are sent with status 200."""
    if said.get("error") or said.get("errors") or said.get("object") == "error" or said.get("type") == "error":
        return True
    base = said.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (0, None):  # MiniMax
        return True
    if any(said.get(key) for key in ("choices", "candidates", "output", "content")):
        return False
    return bool(said.get("error_code") or said.get("error_msg") or said.get("detail")) or (
        "code" in said and any(isinstance(said.get(key), str) for key in ("message", "msg"))
    )


def _objects(said: object) -> Iterator[dict[str, object]]:
    """Every object of an error, the outer ones first; JSON inside a text counts as what it says."""
    level, n_nodes = [said], 0
    for _ in range(_MAX_DEPTH):
        deeper: list[Any] = []
        for node in level:
            n_nodes += 1
            if n_nodes > _MAX_NODES:
                return
            if isinstance(node, str):
                node = _told_inside(node)  # noqa: PLW2901 (a gateway's copy of what its upstream said)
            if isinstance(node, list):
                deeper += node[:20]
            elif isinstance(node, dict):
                yield node
                deeper += [value for key, value in node.items() if str(key).lower() not in _QUOTES]
        level = [node for node in deeper if isinstance(node, dict | list | str)]
        if not level:
            return


def _told_inside(text: str) -> Any:
    """The JSON that a text is, or holds after some words ("Upstream said: {...}"); None where there is none."""
    start, end = text.find("{"), text.rfind("}")
    if text.lstrip()[:1] == "[":
        return _parsed(text)
    return _parsed(text[start : end + 1]) if 0 <= start < end else None


def _parsed(text: str) -> Any:
    if len(text) > 20_000:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _delay(node: Mapping[str, object]) -> str | None:
    """The wait that an object asks for, or when it ends, as text."""
    plain = {plain_code(key): value for key, value in node.items()}
    for key in (*_WAIT_KEYS, *_WAIT_MS_KEYS):
        value = plain.get(key)
        if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool) and value > 0):
            unit = "ms" if key in _WAIT_MS_KEYS and isinstance(value, int | float) else ""
            return f"{value}{unit}"[:40]
    return None


def _codes(node: Mapping[str, object]) -> set[str]:
    found = set()
    for key, value in node.items():
        if key in _CODE_KEYS and isinstance(value, str | int) and not isinstance(value, bool) and len(str(value)) < 120:
            found.add(plain_code(str(value).rsplit("#", 1)[-1]))  # com.amazon.coral.service#ThrottlingException
            if key == "code" and _NUMBER.fullmatch(str(value)):
                found.add(f"{_ZAI}{value}")
            if key in {"quotaid", "quota_limit"} and "perday" in plain_code(value):
                found.add("quotaperday")
        elif key == "flagged_input":
            found.add("flaggedinput")
        elif key == "filtered" and value is True:
            found.add("filtered")
    if "status_code" in node and "status_msg" in node:
        found.add(f"{_MINIMAX}{node['status_code']}"[:40])
    return found


def _status(value: object) -> int | None:
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if re.fullmatch("[45][0-9][0-9]", text) else None


def _words(node: Mapping[str, object]) -> str | None:
    """The message of one object; lists of complaints (FastAPI, Cloudflare) are joined."""
    for key in _WORD_KEYS:
        value = node.get(key)
        if isinstance(value, str) and value.strip() and value.strip()[:1] not in {"{", "["}:
            return value.strip()
        if key == "detail" and isinstance(value, list) and value:
            complaints = [_complaint(one) for one in value[:5]]
            return "; ".join(complaint for complaint in complaints if complaint) or None
    if isinstance(raw := node.get("raw"), str) and raw.strip()[:1] not in {"{", "[", ""}:
        return raw.strip()  # OpenRouter's copy of what its upstream said
    return None


def _complaint(one: object) -> str:
    if isinstance(one, str):
        return one
    if not isinstance(one, dict):
        return ""
    place = one.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else ""
    return ": ".join(part for part in (where, str(one.get("msg") or one.get("message") or "")) if part)
