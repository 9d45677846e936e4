"""Which credential may go where: a key is bound to the hosts of its provider.

Suites come from pull requests, so a `base_url` in a suite must never be able to collect a key. A key leaves this
process only for a host of its provider, for loopback where the preset is a local server, or for a host that the person
running evalkit allows on the command line (`--allow-key-host HOST`) or in `EVALKIT_KEY_HOSTS` (comma separated).
Plain http is refused for everything but loopback.

The environment may also give addresses, as the providers' own SDKs read them: OPENAI_BASE_URL and its like. It belongs
to the person, but a suite has to mean the same on every machine: an address from there is used only where the suite
gives none and the person allows its host as well. What is set and not used is named (see `api.preflight_warnings`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from evalkit.adapters.base import ModelSpec
from evalkit.addresses import BadAddress, is_loopback, read_address
from evalkit.child import looks_like_a_credential
from evalkit.errors import MissingKey, RequestError, SuiteError
from evalkit.records import Response
from evalkit.text.secrets import remember, values_without_keys, without_keys
from evalkit.trust import ALLOWED_ENV, HTTP_HOSTS, KEY_HOSTS, key_may_go, prompts_may_go

_SHORTEST = 12
"""Characters of a key that is removed from replies. Servers of one's own are given `EMPTY`, `none` or `x`: these are no
secrets, and removing them would change the answers."""
_SHORTEST_NAMED = 6
"""The same, where the header or variable is named like a credential. A shorter one would be cut out of numbers."""
_PARTS = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9_-]+")
"""What stands between the parts of a key or of a header's value."""
MOST_SAID = 4_000
"""Characters that are kept of the message of an error, which may quote what a server sent."""


def checked_host(url: str, spec: ModelSpec) -> str:
    """The host that a base_url names, lower case.

    Raises SuiteError for anything that is no plain https address (or http to loopback, or to a host that the person
    running evalkit allows), or that carries a user or password.
    """
    try:
        address = read_address(url)
    except BadAddress as error:  # the address is not shown: it may hold a password
        raise SuiteError(f"{spec.place}.base_url {error}.") from error
    host = address.host
    if address.scheme == "http" and not address.is_loopback and host not in HTTP_HOSTS.hosts():
        raise SuiteError(
            f"{spec.place}.base_url is plain http to {host}: prompts and keys would travel unencrypted. "
            f"Use https, or a tunnel to 127.0.0.1. In a network that you trust: --allow-http-host {host}, or "
            f"EVALKIT_HTTP_HOSTS={host}."
        )
    return host


def api_key(
    envs: Sequence[str],
    url: str,
    home: Sequence[str],
    spec: ModelSpec,
    *,
    required: bool = True,
    named_by_suite: bool = False,
) -> str | None:
    """The first of these environment variables that is set, if its value may be sent to this url.

    `home` are the provider's hosts; an entry that starts with a dot covers every host under it. `named_by_suite`: the
    variable is the suite's word, so the person has to allow it too. None (send no key) for loopback and for hosts of
    --allow-http-host that are neither home nor allowed, and when no variable is set and `required` is False.
    Raises MissingKey where none is set, SuiteError where the key may not go to that host.
    """
    host = checked_host(url, spec)
    own = is_loopback(host) or host in HTTP_HOSTS.hosts()
    env, key = next(((e, os.environ[e]) for e in envs if os.environ.get(e)), (None, None))
    if env is None or key is None:
        if not required or own or not spec.sends:
            return None
        names = " or ".join(envs)
        way_out = "" if spec.at else "  (or leave the model out: --models)"
        raise MissingKey(
            f"{spec.place} ({spec.adapter}) needs {names} in the environment: export {envs[0]}=...{way_out}"
        )
    encrypted = url.lower().startswith("https:") or is_loopback(host)
    at_home = encrypted and not named_by_suite and _at_home(host, home)
    if at_home or _allowed(env, host, spec, named_by_suite=named_by_suite):
        keep_parts_out_of_replies(key)
        return key
    if own:
        return None  # a server of one's own: it works without the provider's key, and does not get it
    raise SuiteError(
        f"{spec.place}.base_url points to {host}, which is no host of {spec.adapter}: {env} is not sent there. "
        f"If you trust it: --allow-key-host {env}@{host}, or EVALKIT_KEY_HOSTS={env}@{host}."
    )


def unsent_key(spec: ModelSpec, host: str) -> str | None:
    """Why the key that the suite names (`key_env`) does not go to a server of one's own, with the way out; None where
    it goes, where the suite names none, and for other hosts, which are refused without it."""
    env = spec.options.get("key_env")
    if not isinstance(env, str) or not (is_loopback(host) or host in HTTP_HOSTS.hosts()):
        return None
    if not os.environ.get(env):
        return f"{spec.place}.key_env: {env} is not set, so no key is sent to {host}."
    if _allowed(env, host, spec, named_by_suite=True):
        return None
    return f"{spec.place}.key_env: {env} is set and is not sent to {host}; to allow it: --allow-key-host {env}@{host}"


def unsent_headers(spec: ModelSpec, host: str) -> list[str]:
    """The same of each header of `header_env`: what is left out of every request to a server of one's own."""
    named = spec.options.get("header_env")
    if not isinstance(named, Mapping) or not (is_loopback(host) or host in HTTP_HOSTS.hosts()):
        return []
    found = []
    for header, variable in named.items():
        env, at = str(variable), f"{spec.place}.header_env.{header}"
        if not os.environ.get(env):
            found.append(f"{at}: {env} is not set, so requests to {host} go without this header.")
        elif not _allowed(env, host, spec, named_by_suite=True):
            found.append(
                f"{at}: {env} is set and is not sent to {host}, so requests go without this header; to allow it: "
                f"--allow-key-host {env}@{host}"
            )
    return found


def refuse_odd_key(key: str, names: Sequence[str], spec: ModelSpec, *, blanks: bool = False) -> None:
    """Raises MissingKey for a key that no header can carry; the message names the variables and not the key. `blanks`:
    the value of a header, which may have some inside."""
    if not key.isascii() or not key.isprintable() or (key != key.strip() if blanks else " " in key):
        raise MissingKey(
            f"{spec.place}: {' or '.join(names)} holds a line break, a blank{' at an end' if blanks else ''} or a "
            f"character that no {'header' if blanks else 'key'} has; set it again."
        )


def _allowed(env: str, host: str, spec: ModelSpec, *, named_by_suite: bool) -> bool:
    """Whether the person lets this key go there. A variable that the suite chose needs its own name said."""
    if not key_may_go(env, host, spec.key_hosts):
        return False
    both = f"{env}@{host}"
    named = {name.rpartition("@")[0] + "@" + name.rpartition("@")[2].lower() for name in spec.key_hosts}
    named |= {name.rpartition("@")[0] + "@" + name.rpartition("@")[2].lower() for name in KEY_HOSTS.names()}
    return not named_by_suite or both in named or env in ALLOWED_ENV.names()


def keep_out_of_replies(key: str, *names: str) -> None:
    """Remember a secret of this process that adapters did not ask for: it is removed from replies and messages too.

    `names` are those of its header or variable: where one says that it is a credential, a short one is removed as well.
    """
    named = any(looks_like_a_credential(name.replace("-", "_")) for name in names)
    if len(key) >= (_SHORTEST_NAMED if named else _SHORTEST):
        remember(key)


def keep_parts_out_of_replies(key: str, *names: str) -> None:
    """The same of a key or a header's value and of its parts, each of which a server may send back alone: a tenant's id
    before a key, the words of a cookie, an address with a token in it."""
    for one in (key, unquote(key)):
        keep_out_of_replies(one, *names)
        for part in _PARTS.split(one):
            keep_out_of_replies(part)


def keep_login_out_of_replies(name: str, password: str) -> None:
    """The same of a user and a password, and of what the scheme Basic makes of them: a server or a proxy that tells
    which headers it got tells that."""
    from base64 import b64encode

    keep_out_of_replies(password, "PASSWORD")
    keep_out_of_replies(f"{name}:{password}", "PASSWORD")
    for encoding in ("utf-8", "latin-1"):
        sent = b64encode(f"{name}:{password}".encode(encoding, "replace")).decode()
        keep_out_of_replies(sent.rstrip("="), "PASSWORD")


def login_in(header: str) -> tuple[str, str] | None:
    """The user and the password of a header `Basic BASE64`; None for another."""
    from base64 import b64decode

    scheme, _, sent = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = b64decode(sent.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def scrubbed(response: Response) -> Response:
    """The response without any key of this process in any of its texts: an endpoint may send back what it was sent.

    Nothing that is stored may hold a key. The response itself where there is none, which is nearly always.
    """
    cleaned: Response = values_without_keys(response)
    return cleaned


def scrubbed_facts(said: object) -> Any:
    """What a server says of itself, as JSON, without any key of this process: run.json keeps it."""
    return values_without_keys(said)


_LONGEST_CHAIN = 10


def scrubbed_error(error: RequestError) -> RequestError:
    """The same error; its message holds no key of this process, and is at most MOST_SAID characters long.

    It lets go of the frames that it came through: they hold the reply, and an error that an item remembers would keep
    that until the garbage is looked for (a gigabyte, by eight replies of a million keys).
    """
    link: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        link = None if link is None else link.with_traceback(None).__cause__ or link.__context__
    said = str(error)
    kept = without_keys(said)
    if len(kept) > MOST_SAID:
        kept = kept[: MOST_SAID - 1] + "…"
    if kept != said:
        error.args = (kept, *error.args[1:])
    return error


def _at_home(host: str, home: Sequence[str]) -> bool:
    return any(host == h or (h.startswith(".") and host.endswith(h)) for h in home)


BASE_URLS = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "openai-chat": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL",),
    "gemini": ("GOOGLE_GEMINI_BASE_URL", "GEMINI_BASE_URL"),
    "mistral": ("MISTRAL_BASE_URL",),
    "groq": ("GROQ_BASE_URL",),
    "together": ("TOGETHER_BASE_URL",),
    "openrouter": ("OPENROUTER_BASE_URL",),
    "deepseek": ("DEEPSEEK_BASE_URL", "DEEPSEEK_API_BASE"),
    "xai": ("XAI_BASE_URL",),
    "fireworks": ("FIREWORKS_BASE_URL",),
}
"""By adapter: the variables that may hold its address, in order."""


def address_of(adapter: str, allowed: frozenset[str]) -> str | None:
    """The address that the environment gives this adapter, if its host is allowed; None: the adapter's own counts."""
    for name in BASE_URLS.get(adapter.lower().replace("_", "-"), ()):
        url = os.environ.get(name, "").strip()
        if not url:
            continue
        try:
            host = (urlsplit(url).hostname or "").lower()
        except ValueError:
            return None
        return url if prompts_may_go(host, allowed) else None
    return None
