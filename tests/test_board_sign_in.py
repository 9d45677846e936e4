"""Sign-in on the board: a real server, a real provider on loopback, and everything that must not get in."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("authlib", reason="SIGN-IN IS NOT TESTED: authlib is not installed (uv sync --extra board-login)")

import aiohttp
from streamlit.proto.WidgetStates_pb2 import WidgetState
from yarl import URL

from evalkit.board import guard, sessions, sign_in
from evalkit.errors import UserError
from evalkit.store.reviews import read_reviews
from tests.board_server import Board, free_port, serving
from tests.board_world import a_run
from tests.oidc_provider import CLIENT, SECRET, Provider, provider
from tests.world import evalkit, write_suite

USERS = ["Mira@example.org", "@team.example.org"]
MIRA = {"email": "mira@example.org", "email_verified": True, "name": "Mira"}
SETTINGS = """
[auth]
redirect_uri = "{board}/oauth2callback"
cookie_secret = "{secret}"
client_id = "{client}"
client_secret = "{client_secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
[evalkit]
users = {users}
"""


@dataclass(frozen=True, slots=True)
class World:
    board: Board
    provider: Provider
    settings: Path
    run: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.board.port}"

    def write(self, users: list[str]) -> None:
        self.settings.write_text(settings(self.url, self.provider.issuer, users))
        self.settings.chmod(0o600)


def settings(board: str, issuer: str, users: list[str], secret: str = "k" * 32) -> str:
    return SETTINGS.format(
        board=board, issuer=issuer, users=json.dumps(users), client=CLIENT, client_secret=SECRET, secret=secret
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A board with sign-in and leave to start runs, in a checkout that would like to say who signs in."""
    checkout, config = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("config")
    run = a_run(checkout / "results", n=4, suite="private-suite")
    (checkout / "suites").mkdir()
    write_suite(checkout / "suites", "http://127.0.0.1:9/v1")
    (checkout / ".streamlit").mkdir()
    (checkout / ".streamlit" / "secrets.toml").write_text(
        settings("http://localhost:1", "http://localhost:1", ["*"], "e" * 32)
    )
    (config / "evalkit").mkdir()
    port = free_port()
    with provider() as found:
        made = World(Board(port), found, config / "evalkit" / "secrets.toml", run)
        made.write(USERS)
        command = [
            "-m",
            "evalkit",
            "board",
            f"--port={port}",
            "--no-browser",
            "--allow-runs=suites",
            "--results=results",
        ]
        with serving(port, command, checkout, {"XDG_CONFIG_HOME": str(config)}):
            yield made


@pytest.fixture(autouse=True)
def _as_at_first(request: pytest.FixtureRequest) -> None:
    """The provider tells the truth again."""
    if "world" in request.fixturenames:
        world: World = request.getfixturevalue("world")
        told = world.provider
        told.user, told.claims, told.signs_with_another_key, told.unsigned = dict(MIRA), {}, False, False
        world.write(USERS)


class Session:
    """One browser: its cookies, and what the board shows it."""

    def __init__(self, world: World, http: aiohttp.ClientSession) -> None:
        self.world, self.http = world, http
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.widgets: dict[str, str] = {}
        """Ids of the last page's widgets by label."""
        self.sends_token = True
        """As the board's own page does, and no other can."""
        self.sent_to = ""
        """Where the board wants the browser to go."""

    async def show(self, page: str = "", query: str = "", states: list[Any] | None = None, fresh: bool = True) -> str:
        """Everything that the page says. `fresh`: as in a new tab."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        if fresh or self.socket is None:
            if self.socket is not None:
                await self.socket.close()
            await self.http.get(f"{self.world.url}/_stcore/health")
            cookies = self.http.cookie_jar.filter_cookies(URL(self.world.url))
            token = (cookies["_streamlit_xsrf"].value,) if self.sends_token else ()
            self.socket = await self.http.ws_connect(
                f"{self.world.url}/_stcore/stream",
                origin=self.world.url,
                protocols=("streamlit", *token),
                max_msg_size=0,
            )
        ask = BackMsg()
        ask.rerun_script.query_string = query
        ask.rerun_script.page_name = page
        ask.rerun_script.widget_states.widgets.extend(states or [])
        await self.socket.send_bytes(ask.SerializeToString())
        seen = ""
        while "script_finished" not in seen:
            told = ForwardMsg()
            told.ParseFromString(await self.socket.receive_bytes(timeout=60))
            if told.WhichOneof("type") == "auth_redirect":
                self.sent_to = told.auth_redirect.url
            if told.WhichOneof("type") == "delta":
                element = told.delta.new_element
                kind = element.WhichOneof("type")
                widget = getattr(element, kind) if kind else None
                if hasattr(widget, "id") and hasattr(widget, "label"):
                    self.widgets.setdefault(widget.label, widget.id)
            seen += str(told)
        return seen

    async def press(self, label: str, page: str = "", more: list[Any] | None = None) -> str:
        from streamlit.proto.WidgetStates_pb2 import WidgetState

        pressed = WidgetState(id=self.widgets[label], trigger_value=True)
        return await self.show(page, states=[*(more or []), pressed], fresh=False)

    async def begin(self, page: str = "") -> str:
        """Press "Sign in" on a page; the address at the provider."""
        await self.show()
        await self.press("Sign in")
        if not self.sent_to:  # a busy server may end a view of its own before it hears of the button
            await self.press("Sign in")
        left = {"Referer": page} if page else {}
        reply = await self.http.get(self.world.url + self.sent_to, allow_redirects=False, headers=left)
        assert reply.status == 302
        return reply.headers["Location"]

    async def go(self, address: str, allow_redirects: bool = False) -> aiohttp.ClientResponse:
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        return await self.http.get(address, allow_redirects=allow_redirects, headers=headers)

    async def sign_in(self) -> str:
        """The whole way; what the board shows then."""
        back = (await self.go(await self.begin())).headers["Location"]
        assert back.startswith(f"{self.world.url}/oauth2callback?")
        reply = await self.go(back)
        assert (reply.status, reply.headers["Location"]) == (302, "/")
        return await self.show()


@asynccontextmanager
async def browser(world: World) -> AsyncIterator[Session]:
    async with aiohttp.ClientSession() as http:
        found = Session(world, http)
        yield found
        if found.socket is not None:
            await found.socket.close()


def is_open(seen: str) -> bool:
    """Whether anything of the results can be seen; a closed board says nothing of them at all."""
    inside = "private-suite" in seen
    assert inside or not any(word in seen for word in ("gpt", "qwen", "Start a run"))
    return inside


async def test_nothing_is_shown_before_sign_in(world: World) -> None:
    async with browser(world) as tab:
        for page in ("", "runs", "versus", "sample", "gate"):
            seen = await tab.show(page, query="run=" + world.run.name)
            assert not is_open(seen.replace(world.run.name, "")) and "Sign in" in seen
            assert "Leaderboard" not in seen and "Trade-off" not in seen


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("left", "back"),
    [
        ("{url}/versus?a=run%3Agpt&b=run%3Aqwen&text=%2F%2Fevil", "/versus?a=run%3Agpt&b=run%3Aqwen&text=%2F%2Fevil"),
        ("{url}/", "/"),
        ("https://evil.example/versus?a=1", "/"),
        ("{url}//evil.example", "/"),
        ("{url}/\\evil.example", "/"),
        ("{url}/versus?a=<script>", "/"),
        ("{url}/versus?" + "a" * 4000, "/"),
        ("", "/"),
    ],
)
async def test_who_signs_in_on_a_page_comes_back_to_it(world: World, left: str, back: str) -> None:
    async with browser(world) as tab:
        reply = await tab.go((await tab.go(await tab.begin(left.format(url=world.url)))).headers["Location"])
        assert (reply.status, reply.headers["Location"]) == (302, back)
        assert is_open(await tab.show())
        again = await tab.go((await tab.go(await tab.begin())).headers["Location"]) if back == "/" else None
        assert again is None or again.headers["Location"] == "/"


@pytest.mark.long(but=1)
@pytest.mark.parametrize("page", ["//evil.example", "https://evil.example", "/%0d%0aX: y", "/\\evil", "javascript:x"])
async def test_a_cookie_of_somebody_else_s_making_leads_nowhere_else(world: World, page: str) -> None:
    async with browser(world) as tab:
        way = (await tab.go(await tab.begin())).headers["Location"]
        tab.http.cookie_jar.update_cookies({"evalkit_page": quote(page, safe="")}, URL(world.url))
        assert (await tab.go(way)).headers["Location"] == "/"


async def test_who_is_on_the_list_sees_the_board_and_marks_by_that_name_until_signing_out(world: World) -> None:
    from streamlit.proto.WidgetStates_pb2 import WidgetState

    async with browser(world) as tab:
        seen = await tab.sign_in()
        assert is_open(seen) and "Signed in as mira@example.org" in seen
        tab.sends_token = False
        assert not is_open(await tab.show()), "a cookie alone is not enough"
        tab.sends_token = True
        tab.widgets.clear()
        seen = await tab.show("sample")
        assert "as mira@example.org" in seen and "Your name" not in tab.widgets
        mark = WidgetState(id=tab.widgets["This answer is"])
        mark.string_array_value.data.append("wrong")
        await tab.press("Save", "sample", [mark])
        (review,), _ = read_reviews(world.run)
        assert (review.by, review.mark) == ("mira@example.org", "wrong")
        await tab.press("Sign out")
        await tab.go(world.url + tab.sent_to)
        assert not is_open(await tab.show())


@pytest.mark.long
async def test_a_copy_of_a_cookie_is_none_after_signing_out(world: World) -> None:
    """Also in a tab that is open still, and where other sessions of the same person go on."""
    async with browser(world) as tab, browser(world) as other, browser(world) as open_still:
        assert is_open(await tab.sign_in()) and is_open(await other.sign_in())
        copy = {cookie.key: cookie.value for cookie in tab.http.cookie_jar if cookie.key == "_streamlit_user"}
        open_still.http.cookie_jar.update_cookies(copy, URL(world.url))
        assert is_open(await open_still.show())
        tab.widgets.clear()
        await tab.show()
        await tab.press("Sign out")
        await tab.go(world.url + tab.sent_to)
        seen = await open_still.show(fresh=False)
        assert not is_open(seen) and "Your session is over" in seen
        assert not is_open(await open_still.show())
        assert is_open(await other.show())


def _message(**kinds: object) -> Any:
    from streamlit.proto.BackMsg_pb2 import BackMsg

    return BackMsg(**kinds)  # type: ignore[arg-type]


async def _told(session: Session, message: Any, *, until: str, within_s: float = 5) -> list[Any]:
    """What the board answers to a browser's message, up to the first answer of that kind."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    assert session.socket is not None
    await session.socket.send_bytes(message.SerializeToString())
    told: list[Any] = []
    while not told or told[-1].WhichOneof("type") != until:
        try:
            said = await session.socket.receive_bytes(timeout=within_s)
        except TimeoutError:
            return told
        told.append(ForwardMsg.FromString(said))
    return told


async def test_parts_and_files_of_an_open_page_end_with_its_session(world: World) -> None:
    async with browser(world) as tab, browser(world) as still, aiohttp.ClientSession() as nobody:
        await tab.sign_in()
        kept = tab.http.cookie_jar.filter_cookies(URL(world.url))["_streamlit_user"].value
        still.http.cookie_jar.update_cookies({"_streamlit_user": kept}, URL(world.url))
        await still.show("versus")
        view = _message()
        view.rerun_script.page_name = ""
        page = await _told(still, view, until="script_finished", within_s=60)
        session = next(one.new_session for one in page if one.WhichOneof("type") == "new_session")
        (file_id, *_) = re.findall(r'deferred_file_id: "([^"]+)"', "".join(map(str, page)))
        file = _message()
        file.backend_operation_request.request_id = "1"
        file.backend_operation_request.session_id = session.initialize.session_id
        file.backend_operation_request.deferred_file.file_id = file_id
        made = await _told(still, file, until="backend_operation_response")
        (address,) = re.findall(r"/media/[\w.%-]+", str(made[-1]))
        given = await still.http.get(world.url + address)
        assert given.status == 200
        assert given.headers.getall("Cache-Control") == ["private, no-store"], "a proxy may not keep it"
        assert (await nobody.get(world.url + address)).status == 404
        assert (await nobody.get(world.url + "/_stcore/metrics")).status == 404

        tab.widgets.clear()
        await tab.show()
        await tab.press("Sign out")
        await tab.go(world.url + tab.sent_to)

        assert (await still.http.get(world.url + address)).status == 404
        assert await _told(still, file, until="backend_operation_response", within_s=1) == []
        part = _message()
        part.rerun_script.fragment_id = "a part of the page that is open"
        seen = "".join(map(str, await _told(still, part, until="script_finished", within_s=60)))
        assert "Your session is over" in seen and not is_open(seen)


async def test_a_page_that_was_left_is_not_taken_up_by_somebody_else(world: World) -> None:
    async with browser(world) as tab, browser(world) as nobody:
        await tab.sign_in()
        view = _message()
        view.rerun_script.page_name = ""
        page = await _told(tab, view, until="script_finished", within_s=60)
        session = next(one.new_session for one in page if one.WhichOneof("type") == "new_session")
        assert tab.socket is not None
        await tab.socket.close()
        await nobody.http.get(f"{world.url}/_stcore/health")
        token = nobody.http.cookie_jar.filter_cookies(URL(world.url))["_streamlit_xsrf"].value
        named = ("streamlit", token, session.initialize.session_id)
        nobody.socket = await nobody.http.ws_connect(
            f"{world.url}/_stcore/stream", origin=world.url, protocols=named, max_msg_size=0
        )
        assert not is_open(await nobody.show(fresh=False))


def test_what_streamlit_offers_developers_is_not_passed_on() -> None:
    """Each kind of message that Streamlit knows is either one that pages of the board send, or ends before it."""
    message = _message()
    kinds = {field.name for field in message.DESCRIPTOR.fields}
    tools = {field.name for field in message.backend_operation_request.DESCRIPTOR.fields} - {"request_id", "session_id"}
    passed = {kind for kind in kinds if sessions.passed_on(_some(kind).SerializeToString(), may_see=True) is not None}
    assert passed == {"rerun_script", "stop_script", "app_heartbeat"}
    assert kinds >= passed | {"load_git_info", "clear_cache", "set_run_on_save", "file_urls_request"}
    for may_see, operations in ((True, {"deferred_file", "dataframe_chunk"}), (False, set())):
        assert operations == {
            tool
            for tool in tools
            if sessions.passed_on(_some("backend_operation_request", tool).SerializeToString(), may_see) is not None
        }


@pytest.mark.parametrize("may_see", [True, False])
def test_a_page_says_no_more_than_a_session_can_keep_of_everybody(may_see: bool) -> None:
    """Streamlit keeps what it is told as objects of Python's, for every page and minutes beyond it."""
    usual, hashes, many, chosen, address, name = (_message() for _ in range(6))
    for one in (usual, hashes, many, chosen, address):
        one.rerun_script.query_string = "models=gpt,claude"
        one.rerun_script.cached_message_hashes.extend(f"{n:032x}" for n in range(300))
    hashes.rerun_script.cached_message_hashes.extend(str(n) for n in range(5_000))
    many.rerun_script.widget_states.widgets.extend(WidgetState(id=str(n), bool_value=True) for n in range(5_001))
    picked = WidgetState(id="picked")
    picked.string_array_value.data.extend(["x"] * 5_001)
    chosen.rerun_script.widget_states.widgets.append(picked)
    address.rerun_script.query_string = "a&" * 8_001
    name.rerun_script.page_name = "n" * 40_000
    assert sessions.passed_on(usual.SerializeToString(), may_see) is not None
    for one in (hashes, many, chosen, address):
        assert sessions.passed_on(one.SerializeToString(), may_see) is None
    assert (sessions.passed_on(name.SerializeToString(), may_see) is None) is not may_see


def test_nothing_of_what_a_page_has_kept_is_told_before_sign_in() -> None:
    message = _message()
    message.rerun_script.cached_message_hashes.extend(["a", "b"])
    told = _message()
    told.ParseFromString(sessions.passed_on(message.SerializeToString(), may_see=False) or b"")
    assert list(told.rerun_script.cached_message_hashes) == []


def _some(kind: str, tool: str | None = None) -> Any:
    message = _message()
    if isinstance(getattr(message, kind), bool):
        setattr(message, kind, True)
    else:
        getattr(message, kind).SetInParent()
    if tool is not None:
        getattr(message.backend_operation_request, tool).SetInParent()
    return message


@pytest.mark.long
async def test_a_session_ends_after_the_hours_of_the_settings_and_with_the_board(world: World) -> None:
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    async with browser(world) as tab:
        assert is_open(await tab.sign_in())
        world.settings.write_text(world.settings.read_text() + "hours = 0.0001\n")  # a third of a second
        await asyncio.sleep(0.5)
        for fresh in (False, True):
            assert not is_open(await tab.show(fresh=fresh))
        world.write(USERS)
        assert is_open(await tab.show())
    told = {**MIRA, "origin": world.url, "is_logged_in": True, "provider": "default"}
    for more in ({}, sessions.begun({}), {"session": None}, {"session": {"id": "x"}}):
        signed = create_signed_value("k" * 32, "_streamlit_user", json.dumps(told | more)).decode()
        async with aiohttp.ClientSession(cookies={"_streamlit_user": signed}) as http:
            earlier = Session(world, http)
            assert not is_open(await earlier.show()), "a cookie of another start of the board, or of a version before"
            assert earlier.socket is not None
            await earlier.socket.close()


def test_sessions_that_were_ended_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_ENDED", 3)
    monkeypatch.setattr(sessions, "_ended", {})
    monkeypatch.setattr(sessions, "_board", "this")
    users = [sessions.begun({}) for _ in range(5)]
    for user in users[:3]:
        sessions.end(user, 12)
        sessions.end(user, 12)
    assert [sessions.is_over(user, 12) for user in users] == [True, True, True, False, False]
    sessions.end(users[3], 12)
    assert all(sessions.is_over(user, 12) for user in users), "who asks too often ends them all; none comes back"
    assert not sessions.is_over(sessions.begun({}), 12)


@pytest.mark.long(but=1)
@pytest.mark.parametrize(
    ("user", "why"),
    [
        ({"email": "eve@example.org", "email_verified": True}, "not among those"),
        ({"email": "mira@example.org.evil.example", "email_verified": True}, "not among those"),
        ({"email": "mira@team.example.org@evil.example", "email_verified": True}, "no address"),
        ({"email": "x@evil-team.example.org", "email_verified": True}, "not among those"),
        ({"email": "![i](//evil.example/i.png)@example.org", "email_verified": True}, "not among those"),
        ({"email": "mira@example.org", "email_verified": False}, "verified"),
        ({"email": "mira@example.org"}, "verified"),
        ({"email": "mira@example.org", "email_verified": "true"}, "verified"),
        ({"name": "Mira", "preferred_username": "mira@example.org"}, "no address"),
        ({"email": ["mira@example.org"], "email_verified": True}, "no address"),
        ({"email": "mira\n@team.example.org", "email_verified": True}, "no address"),
        ({"email": "mi ra@team.example.org", "email_verified": True}, "no address"),
    ],
)
async def test_others_who_can_sign_in_see_nothing(world: World, user: dict[str, object], why: str) -> None:
    world.provider.user = user
    async with browser(world) as tab:
        seen = await tab.sign_in()
        assert not is_open(seen) and why in seen and "Sign out" in seen
        assert not re.search(r"(?<!`)!\[i\]\(", seen), "it is set as code"


@pytest.mark.long
async def test_a_domain_and_another_spelling_of_an_address_count(world: World) -> None:
    for email in ("x@team.example.org", "MIRA@Example.ORG"):
        world.provider.user = {"email": email, "email_verified": True}
        async with browser(world) as tab:
            assert is_open(await tab.sign_in())


@pytest.mark.long(but=1)
@pytest.mark.parametrize("lie", ["another key", "unsigned", "nonce", "audience", "issuer", "expired"])
async def test_an_id_token_that_is_not_the_providers_word_signs_nobody_in(world: World, lie: str) -> None:
    claims: dict[str, dict[str, object]] = {
        "nonce": {"nonce": "another"}, "audience": {"aud": "another"}, "issuer": {"iss": "https://evil.example"},
        "expired": {"exp": 1},
    }  # fmt: skip
    world.provider.claims = claims.get(lie, {})
    world.provider.signs_with_another_key = lie == "another key"
    world.provider.unsigned = lie == "unsigned"
    async with browser(world) as tab:
        seen = await tab.sign_in()
        assert not is_open(seen) and "Sign in" in seen


@pytest.mark.long
async def test_the_end_of_somebody_elses_sign_in_is_no_use(world: World) -> None:
    """Login CSRF: a link that ends the sign-in of another browser; and a code is good for once."""
    async with browser(world) as mira, browser(world) as eve:
        back = (await mira.go(await mira.begin())).headers["Location"]
        await eve.go(back)
        assert not is_open(await eve.show())
        await mira.go(back)
        assert is_open(await mira.show())
        await eve.begin()
        await eve.go(back)
        assert not is_open(await eve.show())


@pytest.mark.long
async def test_a_cookie_that_the_board_did_not_sign_is_none(world: World) -> None:
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    told = json.dumps({**MIRA, "origin": world.url, "is_logged_in": True, "provider": "default"})
    for secret in ("e" * 32, "", "k" * 31):
        forged = create_signed_value(secret, "_streamlit_user", told).decode()
        async with aiohttp.ClientSession(cookies={"_streamlit_user": forged}) as http:
            tab = Session(world, http)
            assert not is_open(await tab.show())
            assert tab.socket is not None
            await tab.socket.close()


@pytest.mark.long
async def test_a_sign_in_leaves_one_short_cookie_whatever_the_provider_tells(world: World) -> None:
    """Long claims and tokens would be cut into pieces; a browser with many of them could not open the board at all."""
    world.provider.claims = {"name": "n" * 20_000, "groups": [f"group-{n}" for n in range(3_000)]}
    async with browser(world) as tab:
        assert is_open(await tab.sign_in())
        kept = {cookie.key: cookie.value for cookie in tab.http.cookie_jar if cookie.key.startswith("_streamlit_user")}
        assert set(kept) <= {"_streamlit_user", "_streamlit_user_tokens"}
        assert sum(map(len, kept.values())) < 1_000


def _in_pieces(cut: list[str]) -> dict[str, str]:
    """Cookies of a long sign-in, as Streamlit signs each piece by itself."""
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    told = {"_streamlit_user": f"chunks-{len(cut)}", **{f"_streamlit_user_{n}": text for n, text in enumerate(cut, 1)}}
    return {name: create_signed_value("k" * 32, name, text).decode() for name, text in told.items()}


@pytest.mark.long
async def test_a_cookie_in_pieces_is_none(world: World) -> None:
    """Somebody who is not on the list joins the beginning of one sign-in of theirs to the end of another."""
    told = json.dumps({**MIRA, "origin": world.url, "is_logged_in": True, "provider": "default"})
    for cut in ([told], [told[:40], told[40:]], [told[:9], told[9:80], told[80:]]):
        async with aiohttp.ClientSession(cookies=_in_pieces(cut)) as http:
            tab = Session(world, http)
            assert not is_open(await tab.show())
            assert tab.socket is not None
            await tab.socket.close()


@pytest.mark.parametrize("blank", ["", " ", "\t", "\x85", "\xa0", "\x1f"])
def test_pieces_of_cookies_are_found_as_starlette_reads_names(blank: str) -> None:
    from starlette.requests import cookie_parser

    told = f"a=b;{blank}_streamlit_user_1{blank}=b; _streamlit_user_tokens=c;evalkit_page=d; {blank}e"
    left, user = sessions.OneCookie(None, lambda: 12.0)._kept(told.encode("latin-1"))  # type: ignore[arg-type]
    assert user is None
    assert {name: value for name, value in cookie_parser(left.decode("latin-1")).items() if name} == {
        "a": "b",
        "evalkit_page": "d",
    }


@pytest.mark.long
async def test_who_leaves_the_list_is_out_at_the_next_click_and_broken_settings_close_the_board(world: World) -> None:
    async with browser(world) as tab:
        assert is_open(await tab.sign_in())
        world.write(["somebody@example.org"])
        assert "not among those" in await tab.show(fresh=False)
        world.settings.write_text("[auth")
        for fresh in (False, True):
            seen = await tab.show(fresh=fresh)
            assert not is_open(seen) and "closed" in seen
        world.settings.unlink()
        seen = await tab.show()
        assert not is_open(seen) and "closed" in seen
        world.write(USERS)
        assert is_open(await tab.sign_in())


@pytest.mark.long
async def test_another_sites_page_starts_no_run_and_sees_no_code(world: World) -> None:
    """Leave to start runs changes nothing of who may talk to the board; a link starts nothing by itself."""
    own, port = f"localhost:{world.board.port}", world.board.port
    for host, origin in (
        (own, "http://evil.example"),
        (f"evil.example:{port}", f"http://evil.example:{port}"),
        (own, "null"),
    ):
        assert world.board.upgrade(host, origin) == 403
        assert world.board.ask("/runs", Host=host, Origin=origin).status == 403
    (code,) = re.findall(r"Code: ([2-9A-Z]{4}-[2-9A-Z]{4})", (world.run.parents[1] / "said").read_text())
    async with browser(world) as tab:
        await tab.sign_in()
        seen = await tab.show("runs", query=f"suite=suite.yaml&code={code}&may+start+runs=true&start=1")
        assert "Code from the terminal" in seen and "Show what it would take" not in seen
        assert code not in seen.replace(f"code={code}", "")


def test_a_board_with_sign_in_under_another_name_starts_no_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_on", False)
    path = sign_in.settings_file()
    path.parent.mkdir(parents=True)
    path.write_text(settings("https://board.example", "https://login.example", ["*"]))
    path.chmod(0o600)
    (tmp_path / "suites").mkdir()
    for hosts in ("", "localhost", "127.0.0.1, team.example"):
        monkeypatch.setenv(guard.HOSTS, hosts)
        ran = evalkit(capsys, "board", "--allow-runs", tmp_path / "suites")
        others = "team.example, board.example" if "team" in hosts else "board.example"
        assert ran.code == 2 and f"others reach this board as {others}" in ran.err, ran.err


@pytest.mark.parametrize(
    ("board", "host", "origin", "passes"),
    [
        ("http://localhost:8501", "localhost:8501", "http://localhost:8501", True),
        ("http://localhost:8501", "localhost:8501", "http://localhost:3000", False),
        ("http://localhost:{port}", "localhost:8501", "http://localhost:3000", False),
        ("https://board.example", "board.example", "https://board.example", True),
        ("https://board.example", "127.0.0.1:8501", "https://board.example", True),  # a proxy that writes its own Host
        ("https://board.example:443", "127.0.0.1:8501", "https://board.example", True),
        ("https://board.example", "127.0.0.1:8501", "https://board.example:8443", False),
        ("https://board.example:8443", "127.0.0.1:8501", "https://board.example:8443", True),
    ],
)
def test_sign_in_opens_the_board_to_its_own_address_alone(
    board: str, host: str, origin: str, passes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another port of this machine, or of the team's, is another program."""
    monkeypatch.setattr(sign_in, "_on", False)
    path = sign_in.settings_file()
    path.parent.mkdir(parents=True)
    path.write_text(settings(board, "https://login.example", ["*"]))
    path.chmod(0o600)
    for allowed in ("", "localhost"):
        monkeypatch.setenv(guard.HOSTS, allowed)
        said = guard.refusal([(b"host", host), (b"origin", origin)], "GET", "127.0.0.1")
        assert (said is None) is passes, said


GOOD = settings("https://board.example", "https://login.example", ["a@example.org"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace("k" * 32, "k" * 31), "cookie_secret has less than 32"),
        (GOOD.replace("https://board", "http://board"), "redirect_uri has to begin with https"),
        (GOOD.replace("https://login", "http://login"), "server_metadata_url has to begin with https"),
        (GOOD.replace("/oauth2callback", "/"), "redirect_uri is the board's address"),
        (GOOD.replace("https://login.example", "login"), "is no address"),
        (GOOD.replace('client_id = "evalkit-board"', ""), "lacks client_id"),
        (GOOD.replace('["a@example.org"]', "[]"), "lists who may see"),
        (GOOD.replace('["a@example.org"]', '"a@example.org"'), "lists who may see"),
        (GOOD.replace('["a@example.org"]', '["example.org"]'), "lists who may see"),
        (GOOD.replace('["a@example.org"]', '["a@example.org", 3]'), "lists who may see"),
        (GOOD.partition("[evalkit]")[0], "needs both tables"),
        (GOOD.partition("[evalkit]")[2] and "[evalkit]\nusers = ['*']", "needs both tables"),
        (GOOD + "unverifed = true\n", "has users"),
        *((GOOD + f"hours = {hours}\n", "hours is how long") for hours in ("0", "-1", "721", "true", '"12"', "nan")),
        ("[auth", "no TOML"),
    ],
)
def test_settings_that_are_missing_or_odd_keep_the_board_closed(text: str, why: str) -> None:
    path = sign_in.settings_file()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserError, match=re.escape(why)) as error:
        sign_in.current()
    assert "kkkk" not in str(error.value)


def test_settings_that_others_may_write_are_refused_and_without_any_there_is_no_sign_in() -> None:
    assert sign_in.current() is None
    path = sign_in.settings_file()
    path.parent.mkdir(parents=True)
    path.write_text(GOOD)
    path.chmod(0o622)
    with pytest.raises(UserError, match="chmod 600"):
        sign_in.current()
    path.chmod(0o600)
    found = sign_in.current()
    assert found is not None and found.host == "board.example"
    path.write_text("[other]\nkey = 1\n")
    os.utime(path, (1, 1))
    assert sign_in.current() is None
