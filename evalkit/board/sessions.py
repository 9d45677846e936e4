"""How long a sign-in holds: some hours, until signing out, or until the board is started again.

Streamlit's cookie is good for 30 days whatever happens. Signing out asks the browser to forget it, and a copy of it
still opened the board. So the cookie also names its session and when it began, and requests lose it once that is over:

    begun({"email": "mira@example.org"})      # {"email": ..., "session": {"board": "...", "id": "...", "begun": 1.7e9}}

Nothing is written to a disk. Sessions that were ended are remembered as long as they would have lasted; after a start
of the board, which forgets them, every session before it is over.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from evalkit.errors import UserError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

USER_COOKIE = "_streamlit_user"
HOURS = 12.0
"""How long a sign-in holds where the settings do not say."""
MOST_HOURS = 720.0
"""30 days: Streamlit's cookie holds no longer."""
MOST_ENDED = 100_000
"""Sessions that were ended and are remembered; beyond it everybody is signed out, and none of them comes back."""
_LOGOUT = "/auth/logout"
_SESSION = "session"

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
                scope = {**scope, "headers": [*others, (b"cookie", kept)]}
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
