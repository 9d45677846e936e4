"""Streamlit's own front end from memory: a page of ours asks for some 125 modules before the first table stands.

    GET /static/js/index.DormvYxC.js     200, as Streamlit answers it, for a quarter of the processor's time

Streamlit opens each file anew, in a thread of its own, and sends it in pieces, while the browser has nothing else to
do. The folder is listed once, when the server starts, and a file is read when somebody first asks for it: no path comes
from a request. What asks for more than the whole file (a range, "only if it changed") goes on to Streamlit. What else
a page is about to need is named in its head (`preloads`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_CONDITIONS = frozenset({b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since"})
_FOLDERS = ("css", "js", "media")
_WANTED = (
    *("DataFrame", "Multiselect", "Selectbox", "TextInput", "ButtonGroup", "PageLink", "DownloadButton", "Html"),
    "remark-emoji",
)
"""Modules of Streamlit's front end that every page of ours needs, beside what they import. A browser asks for them
only once the server has drawn the first table, and then waits again, some seventy times; named in the page, they come
while the server still works."""
_CHARTS = ("ArrowVegaLiteChart", "embed")
"""The same of pages that draw charts."""
_WITH_CHARTS = frozenset({"/tradeoff", "/versus", "/history", "/gate", "/cost"})
_STILL = "<style>[data-testid='stSkeleton']{animation:none!important}</style>"
"""Places that wait for their content do not pulse: without a graphics card each of sixty pictures a second is drawn by
the processors that the content needs."""
_EARLY = """<script>
(() => {
  const socket = WebSocket.prototype, send = socket.send
  socket.send = function (...said) {
    socket.send = send
    setTimeout(() => { for (const name of NAMES) import(name).catch(() => {}) })
    return send.apply(this, said)
  }
})()
</script>"""
"""Runs those modules once the page has asked the server for its content: a browser would do so when the first table
has come, while nothing is left to wait for. What fails here is asked for again, and told, by Streamlit."""
_IMPORTED = re.compile(r"""(?:from|import)\s*["']\./([\w.~-]+\.js)["']""")


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


def preloads(path: str) -> bytes:
    """HTML that names what the page at an address is about to need beside what Streamlit names; empty where it has no
    such files."""
    return _preloads(_WANTED + _CHARTS if path in _WITH_CHARTS else _WANTED)


@cache
def _preloads(modules: tuple[str, ...]) -> bytes:
    import streamlit

    folder = Path(streamlit.__file__).parent / "static"
    try:
        page = (folder / "index.html").read_text("utf-8")
        files = {name: sorted((folder / "static" / "js").glob(f"{name}.*.js")) for name in modules}
        wanted = [file.name for found in files.values() for file in found]
        found = _with_imports(folder / "static" / "js", wanted)
    except OSError:
        return b""
    names = [name for name in found if name not in page]
    styles = [path.name for path in sorted((folder / "static" / "css").glob(f"{_WANTED[0]}.*.css"))]
    return "".join(
        [
            _STILL,
            *(
                f'<link rel="modulepreload" fetchpriority="low" crossorigin href="./static/js/{name}">'
                for name in names
            ),
            *(
                f'<link rel="preload" as="style" fetchpriority="low" crossorigin href="./static/css/{name}">'
                for name in styles
            ),
            _EARLY.replace("NAMES", json.dumps([f"./static/js/{name}" for name in wanted])),
        ]
    ).encode()


def _with_imports(folder: Path, wanted: Sequence[str]) -> list[str]:
    """Names of these modules, and of all that they import; these first."""
    found = list(wanted)
    for name in found:  # grows on the way
        imported = _IMPORTED.findall((folder / name).read_text("utf-8"))
        found += [one for one in dict.fromkeys(imported) if one not in found and (folder / one).is_file()]
    return found


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
