"""Streamlit's own front end from memory: a page of ours asks for some 125 modules before the first table stands.

    GET /static/js/index.DormvYxC.js     200, as Streamlit answers it, for a quarter of the processor's time

Streamlit opens each file anew, in a thread of its own, and sends it in pieces, while the browser has nothing else to
do. The folder is listed once, when the server starts, and a file is read when somebody first asks for it: no path comes
from a request. What asks for more than the whole file (a range, "only if it changed") goes on to Streamlit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_CONDITIONS = frozenset({b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since"})
_FOLDERS = ("css", "js", "media")


class _File(NamedTuple):
    headers: list[tuple[bytes, bytes]]
    content: bytes


class FrontEnd:
    """ASGI middleware: answers what asks for a file of Streamlit's front end. It stands behind `guard`, which says who
    may ask, and adds its headers."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app
        self.paths = _paths()
        self.read: dict[str, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file; pass on what is none."""
        found = self._file(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": found.headers})
        await send({"type": "http.response.body", "body": found.content})

    def _file(self, scope: Scope) -> _File | None:
        path = self.paths.get(scope["path"])
        if path is None or any(name.lower() in _CONDITIONS for name, _ in scope["headers"]):
            return None
        if scope["path"] not in self.read:
            try:
                self.read[scope["path"]] = _read(path)
            except OSError:  # another version is being installed: Streamlit says what it finds
                return None
        return self.read[scope["path"]]


def _paths() -> dict[str, Path]:
    """The files whose names change with their content, by the address under which Streamlit has them."""
    import streamlit

    top = Path(streamlit.__file__).parent / "static" / "static"
    return {f"/static/{kind}/{path.name}": path for kind in _FOLDERS for path in top.glob(f"{kind}/*.*")}


def _read(path: Path) -> _File:
    """Its bytes with the headers that Streamlit gives them."""
    from starlette.responses import FileResponse
    from streamlit.web.server.starlette.starlette_server_config import STATIC_ASSET_CACHE_MAX_AGE_SECONDS

    kept = f"public, immutable, max-age={STATIC_ASSET_CACHE_MAX_AGE_SECONDS}"
    content, about = path.read_bytes(), path.stat()
    if about.st_size != len(content):
        raise OSError("it is being written")
    response = FileResponse(path, headers={"Cache-Control": kept}, stat_result=about)
    return _File(response.raw_headers, content)
