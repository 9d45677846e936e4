"""Who may talk to the board's server: browsers that show the board itself, under a name of this machine.

The board has no password of its own (`sign_in` may stand behind this). What protects it on loopback is that no other
site's page may use the reader's browser as a way in: not by asking across origins, and not by DNS rebinding, where a
stranger's name comes to mean 127.0.0.1. Streamlit leaves both to settings that a checkout's `.streamlit/config.toml`
can turn off. So this stands before it, for every path and the WebSocket, and holds the settings that matter.

    Host: localhost:8501    Origin: http://localhost:8501     passes
    Host: evil.example      Origin: http://evil.example       403
    Host: localhost:8501    Origin: http://localhost:3000     403

What libraries log in the board's process is written out (`hold_logs`): a stranger's words act on no terminal and fill
no log. Streamlit logs, for instance, what a sign-in that failed was told (`/oauth2callback?error=...`), by whoever
asked.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from streamlit import config

from evalkit.board import sign_in
from evalkit.board.front_end import preloads
from evalkit.board.looks import POLICY, hold_looks
from evalkit.errors import UserError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from evalkit.board.sign_in import SignIn


HOSTS = "EVALKIT_BOARD_HOSTS"
"""Names, separated by commas, under which the person running the board lets it be reached; `*`: any name."""
SETTINGS: dict[str, object] = {
    "global.developmentMode": False,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.corsAllowedOrigins": [],
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.trustedUserHeaders": {},
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
    "browser.gatherUsageStats": False,
    "runner.postScriptGC": False,  # 0.25 s of the one core after every view, while everybody else waits (see `served`)
}
"""Settings of Streamlit that no file may change; beside them where its secrets lie (`sign_in.settings_file`)."""
_ONCE_SERVED: dict[str, object] = {"server.headless": True}
"""From the first request on: the browser has been opened, and Streamlit offers readers nothing to install."""
MOST_SAID = 2**18
"""Bytes of what a browser says at once, in all widgets of a page; ours need some hundred each."""
MOST_OPEN = 300
"""Pages that are open at once, each a WebSocket with a session of Streamlit's, of some megabytes, behind it."""
_ADDED = [
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", POLICY.encode()),
]
_OWN = frozenset(name for name, _ in _ADDED) | {b"access-control-allow-origin", b"access-control-allow-credentials"}


def hold_settings(more: Mapping[str, object] = MappingProxyType({})) -> None:
    """Set Streamlit's options as they must be, and some more. Raises RuntimeError where one does not stay."""
    hold_looks()
    for name, value in {**SETTINGS, **more, "secrets.files": [str(sign_in.settings_file())]}.items():
        try:
            found = config.get_option(name)
        except RuntimeError:
            continue  # a release of Streamlit without this option
        if found != value:
            config.set_option(name, value, "evalkit")
            if config.get_option(name) != value:
                raise RuntimeError(f"Streamlit does not take {name} = {value!r}")


def hold_frames() -> None:
    """Let browsers say at most `MOST_SAID` bytes at once, from the next start of a server on.

    Streamlit has one option for what is shown and what is said, 200 MB, and gathers as much from everybody who
    connects, also before sign-in. Raises RuntimeError where this version of it asks for the limit elsewhere.
    """
    from streamlit.web.server.starlette import starlette_server

    if not hasattr(starlette_server, "get_max_message_size_bytes"):
        raise RuntimeError("this version of Streamlit takes no limit of what a browser says at once")
    starlette_server.get_max_message_size_bytes = lambda: MOST_SAID


class Guard:
    """ASGI middleware: refuses what `refusal` names, and more open pages than `MOST_OPEN`, before Streamlit sees it."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app
        self._n_open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 403."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        hold_settings(_ONCE_SERVED)  # Streamlit reads its settings anew when a file of them changes
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        why = refusal(headers, str(scope.get("method", "GET")), config.get_option("server.address"))
        if why is None and scope["type"] == "websocket":
            if self._n_open >= MOST_OPEN:
                await receive()
                await send({"type": "websocket.close", "code": 1013, "reason": ""})  # try again later
                return
            self._n_open += 1
            try:
                await self.app(scope, receive, _with_headers(send, scope))
            finally:
                self._n_open -= 1
        elif why is None:
            await self.app(scope, receive, _with_headers(send, scope))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
        else:
            text = f"evalkit board: {why}\n".encode()
            kind = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": [*kind, *_ADDED]})
            await send({"type": "http.response.body", "body": text})


def refusal(headers: list[tuple[bytes, str]], method: str, address: str | None) -> str | None:
    """Why a request may not pass, as a sentence; None where it may. `address`: what the server listens on."""
    named = {name: [value for key, value in headers if key == name] for name in (b"host", b"origin")}
    hosts, origins = named[b"host"], named[b"origin"]
    if len(hosts) != 1 or len(origins) > 1:
        return "a request needs one Host and at most one Origin"
    if method not in {"GET", "HEAD"}:
        return "the board takes no files and no forms"  # Streamlit keeps what anybody uploads, also before sign-in
    extra = {name.strip().lower().rstrip(".") for name in os.environ.get(HOSTS, "").split(",")} - {""}
    signing_in = _signing_in()
    names = extra | ({signing_in.host} if signing_in is not None else set())
    host = _name_of(f"//{hosts[0]}")
    if host is None or not _is_ours(host, address, names):
        return (
            "this name is not one of the board's. Open it as http://localhost:PORT, or allow the name where the board "
            f"is started: {HOSTS}=NAME"
        )
    if origins and not (
        _same(origins[0], hosts[0], extra) or (signing_in is not None and origins[0].lower() == signing_in.origin)
    ):
        return "the page of another site may not use the board"
    fetched = {name: value.lower() for name, value in headers if name.startswith(b"sec-fetch-")}
    if fetched.get(b"sec-fetch-site") in {"cross-site", "same-site"}:
        link = (method, fetched.get(b"sec-fetch-mode"), fetched.get(b"sec-fetch-dest"))
        if link != ("GET", "navigate", "document"):  # a link to the board may be clicked anywhere
            return "another site may link to the board, not use it"
    return None


def _signing_in() -> SignIn | None:
    """Who may see the board, and where the provider sends people back: the person's own settings name it."""
    try:
        return sign_in.current()
    except UserError:
        return None


def _name_of(url: str) -> str | None:
    """The host of an address, lower case; None where it is none, or holds more than host and port."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path or parts.query or parts.fragment or any(c in url for c in "\\%\t\r\n "):
        return None
    return (parts.hostname or "").lower().rstrip(".") or None


def _is_ours(host: str, address: str | None, extra: set[str]) -> bool:
    """A name or number of this machine. A number cannot be rebound: it is what the browser connected to."""
    if host == "localhost" or host in extra or "*" in extra:
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return not _is_loopback(address) and host == socket.gethostname().lower()
    return number.is_loopback or not _is_loopback(address)


def _is_loopback(address: str | None) -> bool:
    """Whether the server was told to listen on loopback only; None: nobody said, so it must be treated as such."""
    if address is None or address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _same(origin: str, host: str, extra: set[str]) -> bool:
    """Whether a page's origin is the board itself: the same name and port, or a name that the person allowed. On
    this machine each port is another program, so there the port always counts."""
    scheme, _, rest = origin.lower().partition("://")
    if scheme not in {"http", "https"}:
        return False  # `null`, extensions, files
    if rest == host.lower():
        return True
    name = _name_of(f"//{rest}")
    return name in extra and not sign_in.is_loopback(name or "")


def _with_headers(send: Send, scope: Scope) -> Send:
    """Sends on, with our headers in the place of others, and a page with the names of what it is about to need."""
    named = preloads(scope["path"])
    page: list[Message] = []
    """The head of a page whose body is not whole yet."""
    body = bytearray()

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if name.lower() not in _OWN]
            message = {**message, "headers": [*kept, *_ADDED]}
            if scope.get("method") == "GET" and _is_page(message) and named:
                page.append(message)
                return
        elif page and message["type"] == "http.response.body":
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            content = bytes(body).replace(b"</head>", named + b"</head>", 1)
            head = page.pop()
            others = [(name, value) for name, value in head["headers"] if name.lower() != b"content-length"]
            await send({**head, "headers": [*others, (b"content-length", str(len(content)).encode())]})
            message = {"type": "http.response.body", "body": content}
        await send(message)

    return sent


def _is_page(message: Message) -> bool:
    """Whether it begins a whole page in HTML that nothing has compressed."""
    named = {name.lower(): value for name, value in message["headers"]}
    is_html = named.get(b"content-type", b"").startswith(b"text/html")
    return bool(message["status"] == 200 and is_html and b"content-encoding" not in named)
