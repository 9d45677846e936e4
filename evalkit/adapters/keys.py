"""Which credential may go where: a key is bound to the hosts of its provider.

Suites come from pull requests, so a `base_url` in a suite must never be able to collect a key. A key leaves this
process only for a host of its provider, for loopback where the preset is a local server, or for a host that the person
running evalkit allows on the command line (`--allow-key-host HOST`) or in `EVALKIT_KEY_HOSTS` (comma separated).
Plain http is refused for everything but loopback.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from evalkit.adapters.base import ModelSpec
from evalkit.errors import MissingKey, SuiteError
from evalkit.records import Response, ToolCall

REMOVED = "[key removed]"
_handed_out: set[str] = set()
"""Keys that adapters of this process were given."""


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine: `localhost`, 127.0.0.0/8 or ::1. Names are not resolved."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether a host name is this machine or one of the same network: a private address, a name without a dot, or one
    that no public server has. Names are not resolved."""
    host = host.strip("[]").lower().rstrip(".")
    if is_loopback(host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa", ".localhost"))


def checked_host(url: str, spec: ModelSpec) -> str:
    """The host that a base_url names, lower case.

    Raises SuiteError for anything that is not https (or http to loopback), or that carries a user or password.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:  # half a bracket, a port that is none
        raise SuiteError(f"models.{spec.name}.base_url is no address: {error}") from error  # it may hold a password
    host = (parts.hostname or "").lower()
    if parts.username or parts.password:
        raise SuiteError(f"models.{spec.name}.base_url carries a user or password; keys come from the environment.")
    if not host or parts.scheme not in {"http", "https"}:
        raise SuiteError(
            f"models.{spec.name}.base_url is {url!r}; it needs http:// or https:// and a host, "
            "like https://api.example.com/v1 or http://127.0.0.1:8000/v1"
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise SuiteError(
            f"models.{spec.name}.base_url is plain http to {host}: prompts and keys would travel unencrypted. "
            "Use https, or a tunnel to 127.0.0.1."
        )
    return host


def api_key(
    envs: Sequence[str], url: str, home: Sequence[str], spec: ModelSpec, *, required: bool = True
) -> str | None:
    """The first of these environment variables that is set, if its value may be sent to this url.

    `home` are the provider's hosts; an entry that starts with a dot covers every host under it. None (send no key) for
    loopback that is neither home nor allowed, and when no variable is set and `required` is False.
    Raises MissingKey where none is set, SuiteError where the key may not go to that host.
    """
    host = checked_host(url, spec)
    env, key = next(((e, os.environ[e]) for e in envs if os.environ.get(e)), (None, None))
    if key is None:
        if not required or is_loopback(host):
            return None
        names = " or ".join(envs)
        raise MissingKey(
            f"models.{spec.name} ({spec.adapter}) needs {names} in the environment: export {envs[0]}=...  "
            f"(or leave the model out: --models)"
        )
    if _at_home(host, home) or host in allowed_hosts(spec):
        _handed_out.add(key)
        return key
    if is_loopback(host):
        return None  # a server of one's own: it works without the provider's key, and does not get it
    raise SuiteError(
        f"models.{spec.name}.base_url points to {host}, which is no host of {spec.adapter}: {env} is not sent there. "
        f"If you trust it: --allow-key-host {host}, or EVALKIT_KEY_HOSTS={host}."
    )


def scrubbed(response: Response) -> Response:
    """The response without any key of this process in it: an endpoint may send back what it was sent.

    Nothing that is stored may hold a key. The response itself where there is none, which is nearly always.
    """
    for key in _handed_out:
        called = [word for call in response.calls or () for word in (call.name, call.arguments)]
        words = (
            response.text,
            response.reasoning,
            response.refusal,
            response.served_model,
            response.fingerprint,
            *called,
        )
        if any(word is not None and key in word for word in words) or key in repr(response.raw_usage):
            response = replace(
                response,
                text=response.text.replace(key, REMOVED),
                reasoning=_without(key, response.reasoning),
                refusal=_without(key, response.refusal),
                calls=response.calls
                and tuple(
                    ToolCall(call.name.replace(key, REMOVED), call.arguments.replace(key, REMOVED))
                    for call in response.calls
                ),
                served_model=_without(key, response.served_model),
                fingerprint=_without(key, response.fingerprint),
                raw_usage=None if key in repr(response.raw_usage) else response.raw_usage,
            )
    return response


def _without(key: str, word: str | None) -> str | None:
    return None if word is None else word.replace(key, REMOVED)


def allowed_hosts(spec: ModelSpec) -> frozenset[str]:
    """Hosts that the person running evalkit allows to receive keys, from the command line and the environment."""
    listed = os.environ.get("EVALKIT_KEY_HOSTS", "").split(",")
    return spec.key_hosts | {h.strip().lower() for h in listed if h.strip()}


def _at_home(host: str, home: Sequence[str]) -> bool:
    return any(host == h or (h.startswith(".") and host.endswith(h)) for h in home)
