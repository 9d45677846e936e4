"""Where HTTP errors become ours: one doorway for every adapter.

    429 {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}   -> RateLimited(retry_after_s=2.0)
    429 {"error": {"message": "...", "code": "insufficient_quota"}}                   -> OutOfCredit
    data: {"error": {"code": 502, "message": "Provider returned error"}}              -> ServerError

Pure: nothing is sent or read here; what an error means is decided in `error_kinds`. Messages name the model, the host
and path and what the provider said; they never hold headers or keys, and a key that a server echoes is cut out, its
shown ends included ("sk-...wxyz").
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from evalkit.adapters.error_body import ErrorReply, error_in, plain_code, read_error
from evalkit.adapters.json_paths import JsonPath
from evalkit.errors import (
    KeyRefused,
    OutOfCredit,
    Overloaded,
    RateLimited,
    Rejected,
    RequestError,
    ServerError,
)
from evalkit.frozen import dataclass
from evalkit.text.key_spellings import cut_out, without_beginning
from evalkit.text.secrets import REMOVED, longest_first, torn_end

if TYPE_CHECKING:
    from evalkit.adapters.error_kinds import ErrorKind

MAX_MESSAGE = 500
"""Characters kept of what a provider says; error pages can be long."""
_QUOTED = 200
"""Characters of a body that is quoted because it cannot be read."""
_LOOKED_AT = 65_536
"""Bytes of it that are freed of keys before it is cut."""

_TWICE = re.compile(r"/v\d\w*/(?:.*/)?v\d|/(messages|responses|completions|api|models)/(?:.*/)?\1\b")
"""A path with two versions, or an end of the API's twice."""
_KEYLIKE = re.compile(r"[A-Za-z0-9_-]{4,}")
_END, _START, _MASKED_FROM = 4, 8, 16
"""Characters: providers show the last four of a key, and a beginning; a key below 16 is a local server's own word."""
_LIMITED = frozenset({429, 503, 529, 403})
"""Statuses beside which a wait in words is a wait that the provider asks for."""
_PACIFIC_S = 8 * 3600


@dataclass(frozen=True, slots=True)
class OwnErrors:
    """What a suite says of the errors of an application of its own."""

    message: JsonPath | None = None
    """Where a body says what is wrong; None: in the usual places."""
    kinds: Mapping[int, ErrorKind] = field(default_factory=dict)
    """By HTTP status what it means; others mean the usual."""


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
    more_keys: tuple[str, ...] = ()
    """Further ones that are sent in other headers, for the same purpose."""
    own: OwnErrors | None = None
    """None: an API whose errors are read in the usual way."""

    def __repr__(self) -> str:
        return f"Where({self.name!r}, {self.model!r}, {self.host!r})"

    def clean(self, text: str, *, cut: bool = False) -> str:
        """The text on one line of printable characters, at most MAX_MESSAGE, without a key, a part or an end of one.
        `cut`: it goes on where it comes from, so that a key at its end may have been cut in two."""
        text = _shortened(self.without_keys(text, cut=cut), 8 * MAX_MESSAGE)
        text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        own = self._own_keys
        for key in longest_first(*own):
            text = without_beginning(key, text, "[key]" if key in own else REMOVED)
            if key in own and len(key) >= _MASKED_FROM:
                text = _KEYLIKE.sub(partial(_without_end, key), text)
        return _shortened(text, MAX_MESSAGE)

    def without_keys(self, text: str, *, cut: bool = False) -> str:
        """At most _LOOKED_AT characters of a text without keys, which go before anything is cut; of one that was cut
        before without the end, where a piece of one may stand, and with `…` there."""
        cut = cut or len(text) > _LOOKED_AT
        text, own = text[:_LOOKED_AT], self._own_keys
        for key in longest_first(*own):
            text = cut_out(key, text, "[key]" if key in own else REMOVED)
        return f"{text[: max(0, len(text) - torn_end())].removesuffix('…')}…" if cut else text

    @property
    def _own_keys(self) -> tuple[str, ...]:
        return (*((self.key,) if self.key else ()), *self.more_keys)

    def beginning(self, body: bytes, *, cut: bool = False) -> str:
        """How a body begins, cleaned before it is cut: a key that stands across the cut would stay in part. A `…` says
        that it goes on, so that what was cut in two there is not kept."""
        cut = cut or len(body) > _LOOKED_AT
        start = self.clean(body[:_LOOKED_AT].decode("utf-8", "replace"), cut=cut)
        return _shortened(start, _QUOTED)


def _shortened(text: str, most: int) -> str:
    """At most so many characters; `…` says that something was cut off, so that half a find there is not kept."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _without_end(key: str, found: re.Match[str]) -> str:
    word = found[0]
    shown = key.startswith(word) or word.startswith(key[:_START]) or word.endswith(key[-_END:])
    return "[key]" if shown else word


def error_from_status(
    status: int, headers: Mapping[str, str], body: bytes, path: str, where: Where
) -> RequestError | Declined:
    """The error that a reply with this status means; `Declined` where a filter turned the prompt away; never raises."""
    if 300 <= status < 400:
        return Rejected(
            f"models.{where.name}: {where.host}{path} answered {status}, a redirect, which is not followed so that "
            f"prompts and keys stay at the host named in base_url. Put the final address into models.{where.name}"
            f".base_url.",
            status=status,
        )
    from evalkit.adapters.error_kinds import error_kind  # most runs meet no error
    from evalkit.adapters.waits import asked_in_words, retry_after

    said = read_error(body)
    if where.own is not None and (told := _own_message(body, where.own)):
        said = replace(said, words=told)
    if named := headers.get("x-amzn-errortype"):  # AWS: ThrottlingException:http://internal.amazon.com/coral/...
        said = replace(said, codes=said.codes | {plain_code(named.partition(":")[0])})
    words = said.words or _plain_words(body, where)
    wait = retry_after(headers, said.retry_delay)
    if wait is None and status in _LIMITED:
        wait = asked_in_words(words)
    wait = _wait_of_a_day(said, wait)
    kind = where.own.kinds.get(status) if where.own is not None else None
    kind = kind or error_kind(
        _status_of(status, said.status), said.codes, said.words or words, is_json=said.is_json, wait_s=wait
    )
    return _error(kind, status, _told(said, words), wait, path, where)


def _own_message(body: bytes, own: OwnErrors) -> str | None:
    """What stands at the suite's place for messages; None where nothing does."""
    if own.message is None:
        return None
    try:
        told = own.message.of(orjson.loads(body))
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, str) and told else None


def _status_of(status: int, inner: int | None) -> int:
    """The status that says most: gateways hide what their upstream answered behind a 400 or a 5xx of their own."""
    return inner if inner is not None and (status in {400, 500, 502, 503} and inner != 400) else status


def error_from_event(event: object, path: str, where: Where) -> RequestError | Declined:
    """The error that an error object means which came with status 200, in a stream or instead of an answer.

    `Declined` where it says that a filter turned the prompt or the answer away.
    """
    from evalkit.adapters.error_kinds import error_kind
    from evalkit.adapters.waits import asked_in_words, retry_after

    said = error_in(event)
    wait = retry_after({}, said.retry_delay)
    if wait is None and said.status in {None, *_LIMITED}:
        wait = asked_in_words(said.words)
    wait = _wait_of_a_day(said, wait)
    kind = error_kind(said.status, said.codes, said.words, wait_s=wait)
    error = _error(kind, said.status, _told(said, said.words or _as_it_came(event)), wait, path, where)
    if isinstance(error, RequestError):
        error.begun = True
    return error


def _as_it_came(event: object) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # half a character, nested too deeply
        return "an error that cannot be shown"


class Declined(Exception):
    """A filter of the provider turned a prompt or an answer away. Stays inside the adapters: they make it a
    `Response` with stop_reason content_filter, because it says something about the content.

    `words` is what the provider said.
    """

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


def _error(  # noqa: PLR0911 (one line for each kind)
    kind: ErrorKind, status: int | None, words: str, wait: float | None, path: str, where: Where
) -> RequestError | Declined:
    """The error of a kind, with its message."""
    from evalkit.adapters.error_kinds import ErrorKind

    words = where.clean(words)
    if kind is ErrorKind.DECLINED:
        return Declined(words)
    name = "An error in the reply" if status is None else str(status)
    message = f"{name} from {where.host}{path} for model {where.model!r}: {words}"
    match kind:
        case ErrorKind.OUT_OF_CREDIT:
            return OutOfCredit(f"{message} (the account has no credit or quota left)", status=status)
        case ErrorKind.KEY_REFUSED:
            return KeyRefused(f"{message} ({_key_hint(where)})", status=status)
        case ErrorKind.RATE_LIMITED:
            return RateLimited(message, status=status, retry_after_s=wait)
        case ErrorKind.OVERLOADED:
            return Overloaded(message, status=status, retry_after_s=wait)
        case ErrorKind.SERVER:
            return ServerError(message, status=status, retry_after_s=wait)
    return Rejected(f"{message}{_way_out(status, path, where)}", status=status)


def _key_hint(where: Where) -> str:
    keys = " or ".join(where.key_envs)
    if where.key is not None:
        return f"the key came from {keys}"
    if not keys:
        return "no key was sent"
    held = next((name for name in where.key_envs if os.environ.get(name)), None)
    if held is None:
        return f"no key was sent, because {keys} is not set"
    host = urlsplit(f"//{where.host}").hostname or where.host
    if where.more_keys:
        return f"what was sent came from {keys}"
    return f"no key was sent: {held} is set and may not go there; to allow it: --allow-key-host {held}@{host}"


def _way_out(status: int | None, path: str, where: Where) -> str:
    """What a person can do about a request that is refused; "" where the provider's words have to do."""
    if status == 404 and where.own is not None:
        return f". Is models.{where.name}.base_url the whole address?"
    if status == 404 and _TWICE.search(path):
        return f". Does models.{where.name}.base_url end with what is added to it, {path}? Leave that end out."
    if status == 404 and not re.search(r"/v\d|/openai|/api/chat$|/converse", path):
        return f". Does models.{where.name}.base_url want /v1 at its end?"
    if status == 403:
        return ". This came from a web page or a firewall in front of the provider, not from its check of keys."
    if status == 407:
        return ". This came from a proxy: HTTPS_PROXY has to hold the user and password that it asks for."
    return ""


def _plain_words(body: bytes, where: Where) -> str:
    """What a body says that is no JSON, for a person. Of a long one no more than _LOOKED_AT bytes came."""
    text = where.without_keys(body.decode("utf-8", "replace").strip(), cut=len(body) >= _LOOKED_AT)
    if not text:
        return "no explanation was given"
    if text[:1] == "<":
        title = re.search(r"<title[^>]*>([^<]+)", text, re.IGNORECASE)
        named = f" ({_shortened(title[1].strip(), _QUOTED)})" if title else ""
        return f"an HTML page instead of an answer{named}; base_url may point to a web site or a proxy"
    return text


_OF_A_DAY = "quotaperday"


def _wait_of_a_day(said: ErrorReply, wait: float | None) -> float | None:
    """The wait; until the quota begins anew where one of the limits that are reached is Google's of a day."""
    return max(wait or 0.0, _until_reset()) if _OF_A_DAY in said.codes else wait


def _told(said: ErrorReply, words: str) -> str:
    if _OF_A_DAY not in said.codes:
        return words
    return f"the quota of a day is used up, and renewed at midnight Pacific time. {words}"


def _until_reset() -> float:
    """Seconds until Google's quotas of a day begin anew, at midnight Pacific time (ai.google.dev, rate limits). The
    RetryInfo beside such a quota says a few seconds, and is wrong."""
    return 86_400 - (time.time() - _PACIFIC_S) % 86_400
