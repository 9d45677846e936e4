"""How long a sign-in holds: some hours, until signing out, or until the board is started again.

Streamlit's cookie is good for 30 days whatever happens. Signing out asks the browser to forget it, and a copy of it
still opened the board. So the cookie also names its session and when it began, and requests lose it once that is over:

    begun({"email": "mira@example.org"})      # {"email": ..., "session": {"board": "...", "id": "...", "begun": 1.7e9}}

Nothing is written to a disk. Sessions that were ended are remembered as long as they would have lasted; after a start
of the board, which forgets them, every session before it is over.

A page asks for a view, and the view looks at the session. Much else that a browser may say runs no view: a part of a
page alone, a file that is made when it is asked for, Streamlit's own tools for developers. `OnlyViews` stands before
all of it.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from evalkit.errors import UserError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

USER_COOKIE = "_streamlit_user"
HOURS = 12.0
"""How long a sign-in holds where the settings do not say."""
MOST_HOURS = 720.0
"""30 days: Streamlit's cookie holds no longer."""
MOST_ENDED = 100_000
"""Sessions that were ended and are remembered; beyond it everybody is signed out, and none of them comes back."""
SIGN_IN, SIGN_OUT = "evalkit-sign-in", "evalkit-sign-out"
"""Keys of the two buttons that somebody may press who may not see the board."""
_LOGOUT = "/auth/logout"
_MEDIA = "/media/"
"""Under it Streamlit hands out pictures and files of pages, to whoever has the address."""
_FIGURES = "/_stcore/metrics"
"""How many are here, and how large what they look at is."""
_MOST_ADDRESS = 16_000
"""Characters behind the `?` of a page's address; a selection of a hundred models has some 5,000."""
_MOST_VALUES = 5_000
"""Of a browser's message: widgets, what was chosen in them, and messages that it has kept; ours have some hundred."""
_MOST_UNSEEN = 32_000
"""Bytes that are passed on of what somebody says who may not see the board."""
_CACHE = (b"cache-control", b"private, no-store")
_SESSION = "session"
_USER = "evalkit.user"
"""What is noted of a request: whom its cookie names, None for nobody."""

_board = secrets.token_urlsafe(12)
"""This start of the board."""
_ended: dict[str, float] = {}
"""By id of a session that was ended: when it began, in seconds of Unix."""


def begun(user: Mapping[str, object]) -> dict[str, object]:
    """What a cookie says of somebody who has signed in now."""
    return {**user, _SESSION: {"board": _board, "id": secrets.token_urlsafe(16), "begun": time.time()}}


def is_over(user: Mapping[str, object], hours: float) -> bool:
    """Whether the session that a cookie names has ended, is older than so many hours, or is none of this board's."""
    session = user.get(_SESSION)
    if not isinstance(session, Mapping) or session.get("board") != _board or session.get("id") in _ended:
        return True
    since = session.get("begun")
    return not isinstance(since, int | float) or not 0 <= time.time() - since < hours * 3600


def end(user: Mapping[str, object], hours: float) -> None:
    """End the session that a cookie names; nothing where it is over."""
    global _board  # noqa: PLW0603
    if is_over(user, hours):
        return
    now = time.time()
    for one in [name for name, since in _ended.items() if now - since > MOST_HOURS * 3600]:
        del _ended[one]
    if len(_ended) >= MOST_ENDED:
        _board = secrets.token_urlsafe(12)
        _ended.clear()
        return
    session = user[_SESSION]
    assert isinstance(session, Mapping)  # as `is_over` saw
    _ended[str(session["id"])] = float(session["begun"])


class OneCookie:
    """ASGI middleware: of the cookies of a sign-in it leaves one, signed as a whole, whose session is not over.

    `hours`: how long a sign-in holds now; None without sign-in, and UserError where nobody can know.
    """

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]], hours: Callable[[], float | None]
    ) -> None:
        self.app, self.hours = app, hours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with the other cookies. Who signs out ends the session for every copy of its cookie."""
        if scope["type"] in {"http", "websocket"}:
            told = b";".join(value for name, value in scope["headers"] if name.lower() == b"cookie")
            if USER_COOKIE.encode() in told:
                kept, user = self._kept(told)
                if user is not None and str(scope.get("path", "")).endswith(_LOGOUT):
                    end(user, MOST_HOURS)
                others = [(name, value) for name, value in scope["headers"] if name.lower() != b"cookie"]
                scope = {**scope, "headers": [*others, (b"cookie", kept)], _USER: user}
        await self.app(scope, receive, send)

    def _kept(self, told: bytes) -> tuple[bytes, Mapping[str, object] | None]:
        """(the cookies without those of a sign-in that counts for nothing, what the one that counts says)."""
        from starlette.requests import cookie_parser

        others = [one for one in told.decode("latin-1").split(";") if not _of_sign_in(one)]
        value = cookie_parser(told.decode("latin-1")).get(USER_COOKIE)
        user = None if value is None else read_cookie(value)
        try:
            hours = self.hours()
        except UserError:  # the page says so
            hours = 0.0
        if user is None or hours is None or is_over(user, hours):
            return ";".join(others).encode("latin-1"), None
        return ";".join([*others, f" {USER_COOKIE}={value}"]).encode("latin-1"), user


class OnlyViews:
    """ASGI middleware behind `OneCookie`: browsers may ask for views, and for parts of one while they may see it.

    `may_see`: whether somebody of whom the cookie says this (None: nobody) may see the board now; True without sign-in.

    Streamlit also takes messages that read git's settings of a folder above, write files for coding assistants, empty
    the caches of everybody, or name places for uploads: nothing of the board sends them, and they end here.
    """

    def __init__(
        self,
        app: Callable[[Scope, Receive, Send], Awaitable[None]],
        may_see: Callable[[Mapping[str, object] | None], bool],
    ) -> None:
        self.app, self.may_see = app, may_see

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass. A file or picture is not found by who may not see the board."""
        user = scope.get(_USER)
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and (_MEDIA in path or _FIGURES in path) and not self.may_see(user):
            await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        if scope["type"] != "websocket":
            held = _MEDIA in path and not self.may_see(None)
            await self.app(scope, receive, _kept_nowhere(send) if held else send)
            return
        if not self.may_see(user):
            scope = {**scope, "headers": [_of_no_session(name, value) for name, value in scope["headers"]]}

        async def received() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive" or not isinstance(message.get("bytes"), bytes):
                    return message
                said = passed_on(message["bytes"], self.may_see(user))
                if said is not None:
                    return {**message, "bytes": said}

        await self.app(scope, received, send)


def _kept_nowhere(send: Send) -> Send:
    """Sends on, and says that no browser and no proxy may keep it: it would be there for whoever asks next."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [(name, value) for name, value in message.get("headers", []) if name.lower() != _CACHE[0]]
            message = {**message, "headers": [*others, _CACHE]}
        await send(message)

    return sent


def passed_on(said: bytes, may_see: bool) -> bytes | None:
    """What Streamlit is told of a browser's message; None: nothing. What is no message is passed on, and closes the
    connection there.

    Who may not see the board asks for whole views alone, which say so, and can press nothing but its own buttons: what
    a press calls runs before the view does.
    """
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    try:
        message.ParseFromString(said)
    except DecodeError:
        return said
    kind = message.WhichOneof("type")
    if kind in {"stop_script", "app_heartbeat"}:
        return said
    if kind == "backend_operation_request":
        asked = message.backend_operation_request.WhichOneof("payload")
        return said if may_see and asked in {"deferred_file", "dataframe_chunk"} else None
    state = message.rerun_script
    if kind != "rerun_script" or len(state.query_string) > _MOST_ADDRESS or _n_values(state) > _MOST_VALUES:
        return None  # a session keeps each as an object of Python's, until two minutes after its page has closed
    if may_see:
        return said
    state.ClearField("fragment_id")
    state.ClearField("cached_message_hashes")
    state.ClearField("is_auto_rerun")
    pressed = [one for one in state.widget_states.widgets if one.id.endswith((f"-{SIGN_IN}", f"-{SIGN_OUT}"))]
    state.ClearField("widget_states")
    state.widget_states.widgets.extend(pressed)
    kept: bytes = message.SerializeToString()
    return kept if len(kept) <= _MOST_UNSEEN else None


def _n_values(state: Any) -> int:
    """How many things a browser says of its page (`ClientState`): widgets, what was chosen in them, messages kept."""
    chosen = (
        len(one.string_array_value.data)
        + len(one.double_array_value.data)
        + len(one.int_array_value.data)
        + len(one.file_uploader_state_value.uploaded_file_info)
        for one in state.widget_states.widgets
    )
    return len(state.widget_states.widgets) + sum(chosen) + len(state.cached_message_hashes)


def _of_no_session(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Without the name of the page's session before, which would be taken up again with whoever was signed in there."""
    if name.lower() != b"sec-websocket-protocol":
        return name, value
    return name, b",".join(value.split(b",")[:2])


def read_cookie(value: str) -> Mapping[str, object] | None:
    """What a cookie says that this board's secret has signed; None for any other."""
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value

    content = decode_signed_value(get_cookie_secret(), USER_COOKIE, value.encode("latin-1", "replace"))
    try:
        said = json.loads(content) if content is not None else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _of_sign_in(cookie: str) -> bool:
    """Streamlit's cookies of a sign-in: the one, pieces of a long one, and the provider's tokens. Names are read as
    Starlette reads them, blanks beyond ASCII included."""
    name = cookie.partition("=")[0].strip()
    return name == USER_COOKIE or name.startswith(USER_COOKIE + "_")
