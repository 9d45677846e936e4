"""The board's server, really started: no other site's page gets in, whatever the checkout's Streamlit settings say."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from evalkit.board import guard
from evalkit.board.guard import HOSTS, refusal
from evalkit.board.looks import is_plain
from tests.board_server import Board, free_port, serving

pytest.importorskip("streamlit")
ROOT = Path(__file__).parent.parent
HOSTILE = """
[server]
enableCORS = false
enableXsrfProtection = false
corsAllowedOrigins = ["http://evil.example"]
enableStaticServing = true
baseUrlPath = "elsewhere"
[global]
developmentMode = true
[client]
showErrorDetails = "full"
[browser]
serverAddress = "evil.example"
gatherUsageStats = true
"""
THEME = """
[theme]
font = "Evil:https://evil.example/x.css"
primaryColor = "#123456"
[[theme.fontFaces]]
family = "E"
url = "https://evil.example/x.woff2"
[theme.dark.sidebar]
codeFont = "E:https://evil.example/y.css"
"""
STRANGE = """
[auth]
redirect_uri = "http://localhost:1/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "evil"
client_secret = "evil"
server_metadata_url = "http://localhost:1/.well-known/openid-configuration"
[evalkit]
users = ["*"]
"""
"""Secrets of the checkout: they would say to whom people sign in."""


@pytest.fixture(scope="module", params=["evalkit board", "streamlit run app.py"])
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A server started in a folder with hostile settings."""
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / ".streamlit").mkdir()
    own = request.param == "evalkit board"
    hostile = (
        HOSTILE if own else HOSTILE.replace('baseUrlPath = "elsewhere"\n', "").replace("developmentMode = true", "")
    )
    (checkout / ".streamlit" / "config.toml").write_text(hostile)
    (checkout / "results").mkdir()
    (checkout / ".streamlit" / "secrets.toml").write_text(STRANGE)
    port = free_port()
    if own:
        command = ["-c", "from evalkit.cli import main; main()", "board", f"--port={port}", "--no-browser"]
    else:
        command = ["-m", "streamlit", "run", str(ROOT / "app.py"), f"--server.port={port}", "--server.headless=true"]
    home = tmp_path_factory.mktemp("home")
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "config.toml").write_text(THEME)
    with serving(port, command, checkout, {HOSTS: "board.example", "HOME": str(home)}) as found:
        yield found


PATHS = ("/", "/_stcore/health", "/_stcore/host-config", "/media/0123.png", "/static/index.js", "/leaderboard")
STRANGERS = (
    "evil.example", "evil.example:{port}", "localhost.evil.example:{port}", "127.0.0.1.evil.example", "127.1",
    "2130706433", "0x7f000001", "user@localhost:{port}", "localhost:{port}/x", "localhost:99999", "[::1", "a b", "",
    "10.0.0.1:{port}", "localhost:{port}.evil.example", "xn--lcalhost-54a", "board.example.evil.example",
)  # fmt: skip


@pytest.mark.long(but=17)
@pytest.mark.parametrize("host", STRANGERS)
def test_a_foreign_name_gets_nothing(board: Board, host: str) -> None:
    host = host.format(port=board.port)
    for path in PATHS:
        assert board.ask(path, Host=host).status in {400, 403}, path
    for origin in (None, f"http://{host}"):
        assert board.upgrade(host, origin) in {400, 403}


def test_the_boards_own_names_work(board: Board) -> None:
    for host in ("localhost", "LOCALHOST.", "127.0.0.1", "127.0.0.2", "[::1]", "board.example"):
        named = f"{host}:{board.port}"
        reply = board.ask("/", Host=named)
        assert reply.status == 200 and reply.getheader("X-Frame-Options") == "SAMEORIGIN"
        assert board.upgrade(named, f"http://{named}") == 101
        assert board.upgrade(named, None) == 101, "no browser leaves Origin out"


def test_no_theme_has_a_browser_load_what_a_stranger_wrote(board: Board) -> None:
    """Colours are taken; a sheet of styles from elsewhere could rewrite a verdict."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    async def first() -> bytes:
        own, back = f"localhost:{board.port}", BackMsg()
        back.rerun_script.query_string = ""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://{own}/_stcore/stream", headers={"Origin": f"http://{own}"}) as socket,
        ):
            await socket.send_bytes(back.SerializeToString())
            return bytes((await socket.receive(30)).data)

    said = asyncio.run(first())
    assert b"#123456" in said and b"evil.example" not in said
    policy = board.ask("/", Host=f"localhost:{board.port}").getheader("Content-Security-Policy") or ""
    assert {one.split()[0] for one in policy.split("; ")} >= {"default-src", "style-src", "font-src", "connect-src"}
    assert "//" not in policy and "*" not in policy


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        *((value, True) for value in (None, True, 400, 1.5, "#12aB34", "rgba(1, 2, 3, 50%)", "1.5rem", "Inter, 'A B'")),
        *((value, True) for value in (["#111111", "red"], [], [100, 200])),
        *(
            (value, False)
            for value in ("A:https://e.example/x", "//e.example/x", "url(//e)", "https:e.example", "\\2f\\2f e")
        ),
        *(
            (value, False)
            for value in ("red; x", "red} *{", "a\n@import", [{"url": "x"}], {"a": "b"}, [["a"]], "x" * 400)
        ),
    ],
    ids=repr,
)
def test_values_of_a_theme_are_plain_words(value: object, plain: bool) -> None:
    assert is_plain(value) is plain


def test_the_board_takes_no_files(board: Board) -> None:
    """Streamlit keeps in memory whatever is uploaded by anybody with a session, and each visitor has one, also before
    signing in: 143 MB a request, as often as one likes."""
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        reply = board.ask("/_stcore/upload_file/a/b", method, Host=f"localhost:{board.port}")
        assert reply.status == 403
    assert board.ask("/", Host=f"localhost:{board.port}").status == 200


@pytest.mark.parametrize("board", ["evalkit board"], indirect=True)  # `streamlit run` has its own limit
def test_a_browser_says_little_at_once(board: Board) -> None:
    """Six connections held 1.1 GB: each may have sent 200 MB that nobody had looked at."""
    lines = [
        "GET /_stcore/stream HTTP/1.1", f"Host: localhost:{board.port}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
    ]  # fmt: skip
    for size, closed in ((500_000, True), (200_000, False)):
        with socket.create_connection(("127.0.0.1", board.port), 30) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            assert b" 101 " in connection.recv(1000)
            connection.sendall(b"\x82\xff" + size.to_bytes(8, "big") + b"\0\0\0\0")
            connection.settimeout(10 if closed else 1)
            try:
                said = connection.recv(10)
            except TimeoutError:
                said = b""
            assert said.startswith(b"\x88") is closed, "a frame that closes the connection"


def test_a_page_names_what_it_is_about_to_need_and_the_board_has_it(board: Board) -> None:
    """Otherwise a browser asks for a megabyte of modules only once the first table has been drawn."""
    own = f"localhost:{board.port}"
    page = board.read("/", Host=own)
    names = re.findall(r'<link rel="modulepreload".*? href="\./static/js/([\w.~-]+\.js)">', page)
    late = re.findall(
        r'<link rel="modulepreload" fetchpriority="low" crossorigin href="\./static/js/([\w.~-]+)">', page
    )
    (run,) = re.findall(r"for \(const name of (\[.*?\])\) import\(name\)", page)
    early = [name.removeprefix("./static/js/") for name in json.loads(run)]
    assert set(early) < set(late) < set(names), "what is wanted later lets the way into the page pass"
    assert "DataFrame" in {name.partition(".")[0] for name in early}
    charts = board.read("/tradeoff", Host=own)
    assert "/ArrowVegaLiteChart." in charts and "/ArrowVegaLiteChart." not in page
    assert len(names) == len(set(names)) and page.endswith("</html>\n") and page.count("</head>") == 1
    assert {"DataFrame", "arrowFormatUtils", "TextInput"} <= {name.partition(".")[0] for name in names}
    for name in names:
        assert board.ask(f"/static/js/{name}", Host=own).status == 200
        imported = re.findall(r'(?:from|import)"\./([\w.~-]+\.js)"', board.read(f"/static/js/{name}", Host=own))
        assert set(imported) <= {*names, *re.findall(r"[\w.~-]+\.js", page)}, "or it would be asked for late"
    assert int(board.ask("/", "HEAD", Host=own).getheader("Content-Length") or 0) > 1000


def test_the_front_ends_own_files_are_what_streamlit_would_send(board: Board) -> None:
    """From memory, with its headers and the guard's; what asks for a part or for news goes on to Streamlit."""
    import streamlit

    own = f"localhost:{board.port}"
    folder = Path(streamlit.__file__).parent / "static" / "static"
    kinds = ("js/index.*.js", "css/index.*.css", "media/SourceSansVF*.woff2", "js/DataFrame.*.js")
    for path in (next(folder.glob(kind)) for kind in kinds):
        address = f"/static/{path.parent.name}/{path.name}"
        first, again = (board.whole(address, Host=own) for _ in range(2))
        status, headers, content = board.whole(address, Host=own, **{"If-None-Match": '"something else"'})
        assert status == first[0] == again[0] == 200
        assert content == first[2] == again[2] == path.read_bytes()
        assert headers == first[1] == again[1], "of Streamlit's own answer"
        assert {"x-frame-options", "cross-origin-resource-policy", "etag", "cache-control"} <= set(headers)
        assert board.whole(address, Host=own, **{"If-None-Match": headers["etag"]})[0] == 304
        assert board.whole(address, Host=own, Range="bytes=0-9")[2] == content[:10]
        assert board.ask(address, Host="evil.example").status == 403
    for odd in ("/static/js/../../index.html", "/static/js/..%2f..%2findex.html", "/static//etc/passwd"):
        assert "root:" not in board.read(odd, Host=own)


def test_what_waits_for_its_content_does_not_pulse(board: Board) -> None:
    """Without a graphics card, drawing that took a third of a second of the processors that draw the page."""
    head = board.read("/", Host=f"localhost:{board.port}").partition("</head>")[0]
    assert re.search(r"<style>[^<]*stSkeleton[^<]*animation:\s*none", head)


ORIGINS = (
    "http://evil.example", "https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1:1",
    "http://localhost", "file://", "chrome-extension://abc", "http://localhost:{port}.evil.example",
    "http://evil.example#localhost:{port}", "ftp://localhost:{port}", "http://share.streamlit.io", "",
)  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_page_of_another_site_gets_nothing(board: Board, origin: str) -> None:
    host, origin = f"localhost:{board.port}", origin.format(port=board.port)
    assert board.upgrade(host, origin) == 403
    for path in PATHS:
        reply = board.ask(path, Host=host, Origin=origin)
        assert reply.status == 403 and reply.getheader("Access-Control-Allow-Origin") is None
    for method in ("PUT", "POST", "DELETE", "OPTIONS"):
        assert board.ask("/_stcore/upload_file/a/b", method, Host=host, Origin=origin).status == 403


def test_uploads_need_the_boards_own_token(board: Board) -> None:
    host = f"localhost:{board.port}"
    for method in ("PUT", "DELETE"):
        reply = board.ask("/_stcore/upload_file/a/b", method, Host=host, Origin=f"http://{host}")
        assert reply.status == 403, "XSRF protection is on, whatever config.toml says"


def test_what_browsers_say_of_a_request_is_heard(board: Board) -> None:
    host = f"localhost:{board.port}"

    def status(site: str, mode: str, dest: str, method: str = "GET") -> int:
        return board.ask("/", method, Host=host, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode, Sec_Fetch_Dest=dest).status

    assert status("same-origin", "cors", "empty") == 200
    assert status("none", "navigate", "document") == 200
    assert status("cross-site", "navigate", "document") == 200, "a link in a pull request opens the board"
    assert status("cross-site", "navigate", "iframe") == 403
    assert status("cross-site", "no-cors", "image") == 403
    assert status("same-site", "cors", "empty") == 403
    assert status("cross-site", "navigate", "document", "POST") == 403


def test_settings_of_the_checkout_do_not_count(board: Board) -> None:
    host = f"localhost:{board.port}"
    assert board.ask("/", Host=host).status == 200, "the address is not moved"
    for path in PATHS:
        assert board.ask(path, Host=host).getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(
    ("address", "host", "passes"),
    [
        (None, "localhost:1", True), (None, "192.168.1.5:1", False), ("127.0.0.1", "192.168.1.5", False),
        ("0.0.0.0", "192.168.1.5:1", True), ("::", "[2001:db8::1]:1", True), ("0.0.0.0", "evil.example", False),
        ("192.168.1.5", "192.168.1.5:8501", True), ("192.168.1.5", "team.example", False),
        ("0.0.0.0", socket.gethostname(), True), ("127.0.0.1", "localhost", True),
    ],
)  # fmt: skip
def test_names_by_what_the_server_listens_on(
    address: str | None, host: str, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(HOSTS, raising=False)
    assert (refusal([(b"host", host)], "GET", address) is None) is passes
    monkeypatch.setenv(HOSTS, "evil.example, team.example,*")
    assert refusal([(b"host", host)], "GET", address) is None, "the person may allow any name"


def test_two_hosts_or_none_are_refused() -> None:
    assert refusal([], "GET", None) and refusal([(b"host", "localhost"), (b"host", "evil.example")], "GET", None)
    two = [(b"host", "localhost"), (b"origin", "http://localhost"), (b"origin", "http://evil.example")]
    assert refusal(two, "GET", None)


async def test_the_pages_are_drawn_behind_the_guard(board: Board) -> None:
    import aiohttp
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    ask = BackMsg()
    ask.rerun_script.query_string = ""
    host = f"localhost:{board.port}"
    seen = ""
    async with (
        aiohttp.ClientSession(headers={"Host": host, "Origin": f"http://{host}"}) as session,
        session.ws_connect(f"http://127.0.0.1:{board.port}/_stcore/stream", protocols=("streamlit",)) as stream,
    ):
        await stream.send_bytes(ask.SerializeToString())
        while "script_finished" not in seen:
            message = ForwardMsg()
            message.ParseFromString(await stream.receive_bytes(timeout=90))
            seen += str(message)
    assert "evalkit run" in seen, "an empty folder of results names the first command"
    assert "exception" not in seen.lower().replace("exception_", "")


def test_no_view_is_followed_by_a_search_for_garbage_while_everybody_waits() -> None:
    guard.hold_settings()
    assert guard.config.get_option("runner.postScriptGC") is False


def test_a_streamlit_that_asks_for_its_limit_elsewhere_starts_no_board(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.web.server.starlette import starlette_server

    monkeypatch.delattr(starlette_server, "get_max_message_size_bytes")
    with pytest.raises(RuntimeError, match="limit of what a browser says"):
        guard.hold_frames()


async def test_so_many_pages_are_open_at_once_and_no_more() -> None:
    """Each has a session behind it, also before sign-in; who closes one makes room."""
    closed = asyncio.Event()
    told: list[dict[str, object]] = []

    async def pages(scope: object, receive: object, send: object) -> None:
        await closed.wait()

    async def receive() -> dict[str, object]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, object]) -> None:
        told.append(message)

    headers = [(b"host", b"localhost:8501"), (b"origin", b"http://localhost:8501")]
    scope = {"type": "websocket", "path": "/_stcore/stream", "headers": headers}
    door = guard.Guard(pages)  # type: ignore[arg-type]
    visits = [asyncio.create_task(door(scope, receive, send)) for _ in range(guard.MOST_OPEN)]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert told == []
    await door(scope, receive, send)  # type: ignore[arg-type]
    assert [(one["type"], one["code"]) for one in told] == [("websocket.close", 1013)]
    visits[0].cancel()
    await asyncio.gather(visits[0], return_exceptions=True)
    last = asyncio.create_task(door(scope, receive, send))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    assert len(told) == 1
    closed.set()
    await asyncio.gather(*visits[1:], last)
