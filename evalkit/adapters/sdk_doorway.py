"""What the two SDK adapters share around a call: a client without hidden settings, and one doorway for SDK errors.

    openai.RateLimitError 429, code insufficient_quota   ->  OutOfCredit
    anthropic.OverloadedError 529, retry-after: 3         ->  Overloaded(retry_after_s=3.0)
    openai.APIConnectionError, never handed over          ->  ConnectionFailed(sent=False)

The SDKs raise the same names for the same things (both are generated), so one doorway serves both; what a status, a
provider's code or a broken connection means is decided for every adapter alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

import httpx2

from evalkit import child
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.http_errors import Declined, Where, error_from_status
from evalkit.adapters.http_session import NETWORK_ERRORS, network_error
from evalkit.errors import (
    BadReply,
    ConnectionFailed,
    MissingKey,
    RequestError,
    Stalled,
    Unsupported,
)
from evalkit.records import Settings

_NO_KEY = "no-key"
"""The SDKs insist on some key; this goes to servers on loopback that need none."""


@dataclass(frozen=True, slots=True)
class Door:
    """One endpoint of one SDK, and the way its errors become ours."""

    sdk: ModuleType
    path: str
    """Path of the endpoint, for messages."""
    where: Where

    idle_s: float = 120.0
    """Silence after which the transport gives up, for messages."""

    def translated(self, error: Exception) -> RequestError | Declined:
        """The error of our tree for one that the SDK or its transport raised: what a status means is decided in
        `http_errors`, what the network means in `http_session`. `Declined` where a filter turned the prompt away."""
        if isinstance(error, self.sdk.APIStatusError):
            response = error.response
            # The SDK puts the reply into the error, and a server may send the key back.
            error.message = self.where.clean(error.message)
            error.args, error.body = (error.message,), None
            return error_from_status(response.status_code, response.headers, response.content, self.path, self.where)
        cause: BaseException | None = error
        sent = True
        for _ in range(6):
            if isinstance(cause, RequestError | Declined):
                return cause
            if isinstance(cause, httpx2.ConnectError):
                sent = False
            if isinstance(cause, NETWORK_ERRORS) and not isinstance(cause, httpx2.HTTPError):
                found = network_error(cause, self.where, self.idle_s)
                found.sent = found.sent and sent
                return found
            cause = None if cause is None else cause.__cause__
        words = self.where.clean(str(error.__cause__ or error))
        if isinstance(error, self.sdk.APITimeoutError | httpx2.TimeoutException):
            return Stalled(f"{self.where.host} sent nothing until the idle limit: {words}")
        if isinstance(error, self.sdk.APIConnectionError | httpx2.TransportError):
            return ConnectionFailed(f"The connection to {self.where.host} broke: {words}", sent=sent)
        return BadReply(f"{self.where.host} sent a reply that cannot be read: {words}")


@contextmanager
def hidden_environment(prefix: str) -> Iterator[None]:
    """Hides every environment variable with this prefix while an SDK client is made.

    The SDKs read base addresses, further credentials, profiles and whole headers from their variables; any of these
    could send a credential to a host that evalkit has not checked. Only what is passed explicitly may count.
    """
    child.know_processor()
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(prefix)}
    try:
        yield
    finally:
        os.environ.update(hidden)


def sendable_key(key: str | None, key_env: str, spec: ModelSpec) -> str:
    """The key as a header can carry it, or a placeholder where none is sent. Raises MissingKey on stray characters."""
    if key is None:
        return _NO_KEY
    if not key.isascii() or not key.isprintable() or " " in key:
        raise MissingKey(
            f"models.{spec.name}: {key_env} holds a line break, a blank or a character that no key has; set it again."
        )
    return key


def refuse_own_fields(spec: ModelSpec, settings: Settings, own_fields: frozenset[str]) -> None:
    """Raises Unsupported where a task's extra fields would overwrite what the adapter itself sends."""
    if own := sorted(own_fields & settings.extra.keys()):
        raise Unsupported(f"models.{spec.name}: settings.extra.{own[0]} is a field that evalkit sets itself.")


def own_field_complaints(spec: ModelSpec, own_fields: frozenset[str]) -> list[str]:
    """One complaint for each extra field of the suite that the adapter sets itself."""
    return [
        f"models.{spec.name}.settings.extra.{name}: evalkit sets this field itself; leave it out."
        for name in sorted(own_fields & spec.settings.extra.keys())
    ]
