"""Sign-in through a team's own OpenID Connect provider, by Streamlit's `st.login`; off where nobody set it up.

    # ~/.config/evalkit/secrets.toml
    [auth]
    redirect_uri = "https://board.example/oauth2callback"
    cookie_secret = "..."                                   # 32 random characters or more
    client_id = "..."
    client_secret = "..."
    server_metadata_url = "https://login.example/.well-known/openid-configuration"

    [evalkit]
    users = ["mira@example.org", "@team.example.org"]       # addresses, domains; ["*"]: whoever the provider lets in
    hours = 12                                              # how long a sign-in holds (`sessions`)

The file lies among the user's settings and never in a checkout: it says who may read every prompt and answer. What is
missing or odd in it keeps the board closed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import stat
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from evalkit.board import sessions
from evalkit.checkouts import own_settings
from evalkit.errors import MissingPackage, UserError
from evalkit.installed import install_hint
from evalkit.reading import read_file
from evalkit.text.escape import markdown_label, visible

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

CALLBACK = "/oauth2callback"
_LOGIN = "/auth/login"
_COOKIE = "evalkit_page"
_PAGE = re.compile(r"/[a-z]{0,20}(?:\?[A-Za-z0-9%&=._~+:,*()!'-]{0,3000})?")
"""A page of the board with its query: never another site, whatever stands in the cookie."""
_KEPT = ("email", "email_verified", "origin", "is_logged_in", "provider")
"""What the signed cookie says of a person: what is read of it. A name or a picture, which people choose themselves, has
no place in it."""
_SHORTEST = 32
"""Characters of the secret that signs cookies: who guesses it is signed in as anybody."""
_NEEDED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
_MOST_BYTES = 100_000
PROVIDER_S = 60.0
"""How long the provider may take in all to say what it is and who signs in, while a browser waits."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who may see the board."""

    users: tuple[str, ...]
    """Addresses, domains as `@example.org`, or `*`; lower case."""
    hours: float
    """How long a sign-in holds."""
    unverified: bool
    """Whether an address counts of which the provider does not say that it is verified."""
    host: str
    """Name under which browsers reach the board."""
    origin: str
    """What browsers call its pages: `https://board.example`, with the port where it is not the usual one."""

    def refusal(self, user: Mapping[str, object]) -> str | None:
        """Why somebody who has signed in may not see the board, as a sentence that quotes them; None where they may."""
        email = user.get("email")
        if not isinstance(email, str) or email.count("@") != 1 or not all(email.split("@")):
            return "The provider says no address of yours."
        if not email.isprintable() or len(email.split()) != 1:
            return "The provider says no address of yours."
        if user.get("email_verified") is not True and not self.unverified:
            return "The provider does not say that your address is verified."
        address = _folded(email)
        if not {"*", address, "@" + address.partition("@")[2]} & set(self.users):
            return f"{email[:120]} is not among those who may see this board."
        return None


_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


def _folded(address: str) -> str:
    """An address in small letters, of ASCII alone: `str.lower` makes a plain k of the Kelvin sign, and whoever has that
    in an address is somebody else."""
    return address.translate(_SMALL)


_on = False
"""Whether this process was started with sign-in: then nothing turns it off again."""


def settings_file() -> Path:
    """Where sign-in is set up; it need not exist. Raises UserError where it lies in a checkout."""
    return own_settings(
        "secrets.toml",
        "start the board with XDG_CONFIG_HOME=/whole/path, a folder outside that holds evalkit/secrets.toml",
    )


def set_up() -> SignIn | None:
    """What the settings say, when the board starts; None: no sign-in. Raises UserError for what is missing or odd,
    MissingPackage."""
    global _on  # noqa: PLW0603
    found = current()
    if found is not None and (find_spec("authlib") is None or find_spec("httpx") is None):
        raise MissingPackage(f"{settings_file()} sets up sign-in, which needs Authlib: {install_hint('board-login')}")
    _on = _on or found is not None
    return found


def current() -> SignIn | None:
    """What the settings say now. Raises UserError for what is missing or odd; also for nothing, where the board was
    started with sign-in."""
    path = settings_file()
    try:
        about = path.stat()
    except FileNotFoundError:
        found = None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    else:
        if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or about.st_uid not in {os.geteuid(), 0}:
            raise UserError(f"{path} can be written by others, and says who may see the board: chmod 600 {path}")
        found = _read(path, about.st_size, about.st_mtime_ns)
    if found is None and _on:
        raise UserError(f"{path} no longer sets up sign-in: start the board again")
    return found


@lru_cache(maxsize=2)
def _read(path: Path, size: int, changed_ns: int) -> SignIn | None:
    try:
        if size > _MOST_BYTES:
            raise UserError(f"{path} is larger than {_MOST_BYTES // 1000} kB")
        told = tomllib.loads(read_file(path, most=_MOST_BYTES).decode())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError):
        raise UserError(f"{path} is no TOML file in UTF-8") from None  # the error could quote a secret
    auth, own = told.get("auth"), told.get("evalkit")
    if auth is None and own is None:
        return None
    if not isinstance(auth, dict) or not isinstance(own, dict):
        raise UserError(f"{path}: sign-in needs both tables, [auth] and [evalkit]")
    texts = {name: auth.get(name) for name in _NEEDED}
    if lacking := [name for name, value in texts.items() if not isinstance(value, str) or not value]:
        raise UserError(f"{path}: [auth] lacks {', '.join(lacking)}, a text each")
    if len(str(texts["cookie_secret"])) < _SHORTEST:
        raise UserError(
            f"{path}: cookie_secret has less than {_SHORTEST} characters, and who guesses it is signed in as anybody; "
            'make one: python -c "import secrets; print(secrets.token_urlsafe(32))"'
        )
    host = _host(path, "redirect_uri", str(texts["redirect_uri"]))
    _host(path, "server_metadata_url", str(texts["server_metadata_url"]))
    if not str(texts["redirect_uri"]).endswith(CALLBACK):
        raise UserError(f"{path}: redirect_uri is the board's address with {CALLBACK} at its end")
    unverified = own.get("unverified", False)
    if not isinstance(unverified, bool) or set(own) - {"users", "unverified", "hours"}:
        raise UserError(f"{path}: [evalkit] has users, a list of texts, hours, a number, and unverified, true or false")
    hours = own.get("hours", sessions.HOURS)
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= sessions.MOST_HOURS:
        raise UserError(f"{path}: [evalkit] hours is how long a sign-in holds, above 0 and up to 720 (30 days)")
    return SignIn(_users(path, own.get("users")), float(hours), unverified, host, _origin(str(texts["redirect_uri"])))


def hours() -> float | None:
    """How long a sign-in holds now; None without sign-in. Raises UserError as `current`."""
    found = current()
    return None if found is None else found.hours


def _host(path: Path, name: str, url: str) -> str:
    """The name in an address. Raises UserError where it is none, or goes over the network unencrypted."""
    try:
        parts = urlsplit(url.replace(":{port}", ""))  # Streamlit puts its own port there
        host = (parts.hostname or "").lower()
        _ = parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"}:
        raise UserError(f"{path}: {name} is no address")
    if parts.scheme == "http" and not is_loopback(host):
        raise UserError(f"{path}: {name} has to begin with https, but on this machine (localhost)")
    return host


def _origin(url: str) -> str:
    """Scheme, name and port of an address that `_host` has read, as browsers write them."""
    parts = urlsplit(url.replace(":{port}", ""))
    usual = {"http": 80, "https": 443}[parts.scheme]
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{name}" + ("" if parts.port in (None, usual) else f":{parts.port}")


def is_loopback(host: str) -> bool:
    """Whether a name or number of an address means this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _users(path: Path, listed: object) -> tuple[str, ...]:
    users = [_folded(one.strip()) for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    odd = [one for one in users if one != "*" and (one.count("@") != 1 or one.endswith("@") or " " in one)]
    if not isinstance(listed, list) or not users or len(users) != len(listed) or odd:
        raise UserError(
            f'{path}: [evalkit] users lists who may see the board: addresses, domains like "@example.org", or "*" '
            "for whoever the provider lets in"
        )
    return tuple(users)


def passed() -> bool:
    """Whether the person at this browser may see the pages; draws the sign-in where they may not."""
    import streamlit as st

    try:
        found = current()
    except UserError:
        st.error("The board is closed: its sign-in cannot be read. Whoever started it sees why when starting it again.")
        return False
    if found is None:
        return True
    user = st.user.to_dict()
    was_in = user.get("is_logged_in") is True
    if not was_in or sessions.is_over(user, found.hours):
        st.title("evalkit", anchor=False)
        st.text("Your session is over: sign in again." if was_in else "Sign in to see the board.")
        st.button("Sign in", type="primary", on_click=st.login, key=sessions.SIGN_IN)
        return False
    why = found.refusal(user)
    if why is not None:
        st.error(markdown_label(why, limit=400))
        st.button("Sign out", on_click=st.logout, key=sessions.SIGN_OUT)
        return False
    with st.sidebar:
        st.text(f"Signed in as {visible(str(user['email']), limit=120)}")
        st.button("Sign out", on_click=st.logout, key=sessions.SIGN_OUT)
    return True


def may_see(user: Mapping[str, object] | None) -> bool:
    """Whether somebody of whom a cookie says this may see the board now; None: nobody is signed in."""
    try:
        found = current()
    except UserError:
        return False
    if found is None:
        return True
    return user is not None and not sessions.is_over(user, found.hours) and found.refusal(user) is None


def hold_cookie() -> None:
    """Let a sign-in leave one short cookie, which is signed as a whole and names its session, from now on.

    Streamlit keeps every claim of the id token and its tokens. What is longer than a cookie it cuts into pieces, signs
    each by itself, and puts them together again: pieces of two sign-ins, with claims that a person chooses, make a
    cookie of somebody else. Raises RuntimeError where this version of Streamlit sets the cookie elsewhere.
    """
    from streamlit.web.server.starlette import starlette_auth_routes as routes

    whole: Callable[..., Awaitable[None]] | None = getattr(routes, "_set_auth_cookie", None)
    if whole is None or getattr(routes, "USER_COOKIE_NAME", None) != sessions.USER_COOKIE:
        raise RuntimeError("this version of Streamlit sets the cookie of a sign-in elsewhere")

    async def short(response: object, user_info: Mapping[str, object], tokens: object) -> None:
        await whole(response, sessions.begun({name: user_info[name] for name in _KEPT if name in user_info}), {})

    setattr(routes, "_set_auth_cookie", short)  # noqa: B010  # the type of the module has it as it was


class WayBack:
    """ASGI middleware: who signs in on a page comes back to that page, with its filters, where Streamlit would send
    everybody to the first one. It stands behind `guard`, so that the page that asks is the board's own.

        GET /auth/login       Referer: https://board.example/versus?a=...      keeps "/versus?a=..." in a cookie
        GET /oauth2callback   302, Location: /                                 becomes Location: /versus?a=...
    """

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; only what a browser is told at these two addresses has a header more or another."""
        path = scope.get("path") if scope["type"] == "http" else None
        if path not in (_LOGIN, CALLBACK):
            await self.app(scope, receive, send)
            return
        told = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start" and message["status"] == 302:
                headers = list(message.get("headers", []))
                message = {**message, "headers": _kept(headers, told) if path == _LOGIN else _sent_back(headers, told)}
            await send(message)

        limit = asyncio.timeout(PROVIDER_S)
        try:
            async with limit:
                await self.app(scope, receive, sent)
        except TimeoutError:
            if begun or not limit.expired():
                raise
            said = b"The sign-in provider did not answer in time. Try again.\n"
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(said))]
            await send({"type": "http.response.start", "status": 504, "headers": headers})
            await send({"type": "http.response.body", "body": said})


def _kept(headers: list[tuple[bytes, bytes]], told: Mapping[bytes, str]) -> list[tuple[bytes, bytes]]:
    """With a cookie of the page that was left; without where there is nothing to come back to."""
    try:
        left = urlsplit(told.get(b"referer", ""))
    except ValueError:
        return headers
    page = left.path + (f"?{left.query}" if left.query else "")
    if left.netloc != told.get(b"host") or page == "/" or not _PAGE.fullmatch(page):
        return headers
    secure = "; Secure" if left.scheme == "https" else ""
    cookie = f"{_COOKIE}={quote(page, safe='')}; Path=/; Max-Age=900; HttpOnly; SameSite=Lax{secure}"
    return [*headers, (b"set-cookie", cookie.encode())]


def _sent_back(headers: list[tuple[bytes, bytes]], told: Mapping[bytes, str]) -> list[tuple[bytes, bytes]]:
    """To the page of the cookie, which is forgotten; to the first one without."""
    cookies = dict(one.strip().partition("=")[::2] for one in told.get(b"cookie", "").split(";"))
    page = unquote(cookies.get(_COOKIE, ""))
    if not _PAGE.fullmatch(page):
        return headers
    moved = [(b"location", page.encode()) if (name.lower(), value) == (b"location", b"/") else (name, value)
             for name, value in headers]  # fmt: skip
    return [*moved, (b"set-cookie", f"{_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax".encode())]


def name() -> str | None:
    """The address of who is signed in; None where the board has no sign-in."""
    if not _on:
        return None
    import streamlit as st

    email = st.user.to_dict().get("email")
    return email if isinstance(email, str) else None
