"""Servers that say something all the time and never end: whatever evalkit asks them besides its rows has one time."""

from __future__ import annotations

import ast
import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters import http_connections
from evalkit.adapters.base import ModelSpec
from evalkit.adapters.picture_probe import _grey
from evalkit.adapters.registry import make_adapter
from evalkit.board import sign_in
from evalkit.bridges.traces import receiver as receiving
from evalkit.errors import RequestError
from tests.loopback import in_thread, on_loopback
from tests.source_trees import ROOT, trees
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
Say = Callable[[str, str, dict[str, Any]], dict[str, Any] | None]
"""(verb, path, what was sent) -> what is answered at once; None: a reply that drips."""


@asynccontextmanager
async def dripping(say: Say = lambda verb, path, sent: None) -> AsyncIterator[str]:
    """A server whose replies have blanks every 20 ms and no end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            verb, path, *_ = (head := (await reader.readuntil(b"\r\n\r\n")).decode()).split()
            lengths = [int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")]
            body = await reader.readexactly(sum(lengths))
            said = say(verb, path, json.loads(body) if body else {})
            if said is not None:
                answer = json.dumps(said).encode()
                more = f"content-length: {len(answer)}\r\nmcp-session-id: abc\r\n\r\n".encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + more + answer)
                continue
            writer.write(HEAD % b"application/json")
            while True:
                writer.write(b"1\r\n \r\n")
                await writer.drain()
                await asyncio.sleep(0.02)

    async with on_loopback(talk) as address:
        yield address


def dripping_beside(say: Say = lambda verb, path, sent: None) -> AbstractContextManager[str]:
    """The same in a thread, for commands."""
    return in_thread(dripping(say))


TOOL = {"name": "book", "description": "B", "parameters": {"type": "object", "properties": {"g": {"type": "integer"}}}}
TASKS: dict[str, tuple[dict[str, Any], str]] = {
    "what it is": ({"target": "4", "score": "contains"}, "what the server is stays unknown: it did not say within"),
    "functions": (
        {"tools": [TOOL], "score": {"tools": {"field": "gt"}}},
        "whether the server takes functions is not known after 0.4 s (run.timeout_s",
    ),
    "log-likelihoods": (
        {"choices": ["a", "b"], "target": "a", "mode": "likelihood", "score": "choice"},
        "whether the server takes log-likelihoods is not known after 0.4 s (run.timeout_s",
    ),
    "pictures": (
        {"images": "{{ file }}", "target": "4", "score": "contains"},
        "whether the server takes pictures is not known after 0.4 s (run.timeout_s",
    ),
}


@pytest.mark.parametrize("asked", TASKS)
def test_a_server_that_drips_what_it_is_asked_before_the_first_answer_holds_no_run(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    (tmp_path / "p.png").write_bytes(_grey())
    more, said = TASKS[asked]
    case = {"q": "x", "gt": [{"book": {"g": [1]}}], "file": "p.png"}
    with dripping_beside() as url:
        model: dict[str, Any] = {"adapter": "openai-chat", "model": "m", "base_url": f"{url}/v1"}
        if asked == "what it is":
            model = {"adapter": "ollama-native", "model": "m", "base_url": url}
        if asked == "log-likelihoods":
            model["likelihood"] = True
        suite = {
            "name": "s",
            "models": {"m": model},
            "tasks": [{"name": "t", "cases": [case], "prompt": "{{ q }}", **more}],
            "run": {"timeout_s": 0.4, "idle_timeout_s": 0.3},
        }
        (tmp_path / "s.yaml").write_text(json.dumps(suite))
        began = time.monotonic()
        ran = evalkit(capsys, "run", tmp_path / "s.yaml", "--results", tmp_path / "r")
    assert ran.code == 4, ran.err
    assert said in ran.err + ran.out, ran.err
    assert time.monotonic() - began < 8


async def test_what_a_server_said_before_it_dripped_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connections, "FACTS_S", 0.2)
    async with dripping(lambda verb, path, sent: {"version": "0.33"} if path == "/api/version" else None) as url:
        adapter: Any = make_adapter(ModelSpec(name="m", adapter="ollama-native", model="m", base_url=url))
        async with asyncio.timeout(5):
            await adapter.describe()
        assert adapter.served == {"version": "0.33"}
        with pytest.raises(RequestError, match=r"/api/tags did not end within 0\.2 s"):
            await adapter._wire.fetch("/api/tags")
        await adapter.aclose()


async def test_a_tool_server_that_drips_its_list_and_its_end_holds_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session over HTTP ends with a request of its own, whose reply the SDK reads to its end."""
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    from evalkit.adapters.mcp import session
    from evalkit.adapters.mcp.transports import http
    from evalkit.suite.environments.live import ToolServerFailed

    def say(verb: str, path: str, sent: dict[str, Any]) -> dict[str, Any] | None:
        if sent.get("method") != "initialize":
            return {} if str(sent.get("method")).startswith("notifications/") else None
        about = {"capabilities": {"tools": {}}, "serverInfo": {"name": "a", "version": "1"}}
        result = {"protocolVersion": sent["params"]["protocolVersion"], **about}
        return {"jsonrpc": "2.0", "id": sent["id"], "result": result}

    monkeypatch.setattr(session, "CLOSE_S", 0.4)
    async with dripping(say) as url:
        server = session.McpServer(lambda limits: http(f"{url}/mcp", {}, limits, timeout_s=0.3), "here", 0.3)
        async with asyncio.timeout(5):
            with pytest.raises(ToolServerFailed, match=r"did not start within 0\.3 s"):
                await server.tools()


async def test_a_sign_in_whose_provider_drips_tells_the_browser_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "PROVIDER_S", 0.05)
    told: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        raise AssertionError

    scope: Any = {"type": "http", "path": "/auth/login", "headers": []}
    async with asyncio.timeout(5):
        await sign_in.WayBack(app)(scope, receive, send)
    assert [one.get("status") for one in told] == [504, None]
    assert b"Try again" in told[1]["body"]


def test_a_span_that_drips_takes_no_place_from_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "BODY_S", 0.1)
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    with receiving.Receiver(tmp_path, 0) as receiver:
        slow = [socket.create_connection(("127.0.0.1", receiver.port), timeout=5) for _ in range(receiving._AT_ONCE)]
        for one in slow:
            one.sendall(head % 100)
        for _ in range(5):
            time.sleep(0.05)
            for one in slow:
                with suppress(ConnectionError):  # it has its answer
                    one.send(b" ")
        for one in slow:
            assert one.recv(100).startswith(b"HTTP/1.1 408")
            one.close()
        with socket.create_connection(("127.0.0.1", receiver.port), timeout=5) as made:
            made.sendall(head % 2 + b"{}")
            assert made.recv(100).startswith(b"HTTP/1.1 200")


# ---- no other way to a server

_OPENS = frozenset(
    {
        "ClientSession", "open_session", "AsyncClient", "Client", "AsyncHTTPTransport", "HTTPTransport", "AsyncOpenAI",
        "OpenAI", "AsyncAnthropic", "Anthropic", "urlopen", "build_opener", "urlretrieve", "create_connection",
        "open_connection", "sock_connect", "HTTPConnection", "HTTPSConnection", "hf_hub_download", "snapshot_download",
        "HfApi", "load_dataset", "streamable_http_client", "sse_client", "websocket_client", "stdio_client",
    }
)  # fmt: skip
_LIBRARIES = frozenset(
    {
        "aiohttp", "httpx", "httpx2", "requests", "urllib3", "urllib.request", "http.client", "socket", "mcp", "openai",
        "anthropic", "huggingface_hub", "datasets", "boto3", "botocore", "websockets", "grpc", "smtplib", "ftplib",
        "authlib", "google",
    }
)  # fmt: skip
_TIMES = {
    "the attempts of rows (`engine.asking`, `within` run.timeout_s), and what `engine.questions` asks": {
        "adapters/dialects/anthropic_messages.py": ["anthropic", "AsyncAnthropic"],
        "adapters/dialects/openai_responses.py": ["openai", "AsyncOpenAI"],
        "adapters/http_connections.py": ["aiohttp", "open_session"],  # and `fetch`: FACTS_S
        "adapters/http_session.py": ["aiohttp", "urllib.request", "ClientSession"],  # and where the proxy stands
        "adapters/reply_body.py": ["aiohttp"],
        "adapters/sdk_transport.py": ["aiohttp", "httpx2", "AsyncClient", "open_session"],
        "adapters/sdk_wire.py": ["httpx2"],
    },
    "a total in its session: seconds for one look at a server of its own, or at this machine's": {
        "adapters/vllm/metrics.py": ["aiohttp", "ClientSession", "ClientSession"],
        "adapters/vllm/process.py": ["aiohttp", "socket", "ClientSession", "ClientSession"],
        "cli/doctoring.py": ["aiohttp", "open_session"],
    },
    "a session with a tool server: mcp.timeout_s for its start and each call, CLOSE_S for its end": {
        "adapters/mcp/session.py": ["mcp"],
        "adapters/mcp/transports.py": ["httpx2", "mcp", "AsyncClient", "AsyncHTTPTransport", "streamable_http_client"],
    },
    "it sends nothing itself: signatures, names of this machine, patterns of a library that is never started": {
        "adapters/aws_signing.py": ["botocore"],
        "board/guard.py": ["socket"],
        "board/sessions.py": ["google"],
        "cli/board.py": ["socket"],
        "bridges/lm_eval/files.py": ["datasets"],
        "bridges/lm_eval/hub.py": ["datasets"],
        "bridges/lm_eval/start.py": ["datasets"],
    },
    "a file of the hub, which may take hours, and the list of them: the library's own limits on silence": {
        "suite/hugging_face.py": ["huggingface_hub", "HfApi", "hf_hub_download", "snapshot_download"]
    },
}
"""Where evalkit reaches for a server, by what bounds the whole time."""


def _reaches(tree: ast.AST) -> Iterator[str]:
    libraries: set[str] = set()
    nodes = list(ast.walk(tree))
    for node in nodes:
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        libraries |= {part for name in names for part in (name, name.partition(".")[0]) if part in _LIBRARIES}
    yield from sorted(libraries)
    calls = (node.func for node in nodes if isinstance(node, ast.Call))
    called = (one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in calls)
    yield from sorted(name for name in called if name in _OPENS)


def test_every_way_to_a_server_has_a_bound_on_its_whole_time() -> None:
    """Whoever adds one says here what bounds it: a limit on silence alone is no end."""
    found = {}
    for path, tree in trees().items():
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("testing/") and (reaches := list(_reaches(tree))):
            found[name] = reaches
    assert found == {name: reaches for files in _TIMES.values() for name, reaches in files.items()}


def test_a_session_s_total_is_left_open_by_the_adapters_alone() -> None:
    without = set()
    for path, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "ClientTimeout":
                totals = [one.value for one in node.keywords if one.arg == "total"]
                if not any(isinstance(one, ast.Constant) and isinstance(one.value, int | float) for one in totals):
                    without.add(path.relative_to(ROOT).as_posix())
    assert without == {"adapters/http_connections.py", "adapters/sdk_transport.py"}


_WAITED = {
    "adapters/base.py": "the protocols",
    "engine/asking.py": "an attempt of a row: `within`",
    "engine/loadtest/sweep.py": "a request of a sweep: `within`",
    "engine/pipelines.py": "a part, whose pipeline is asked so itself",
}
"""Where the engine asks an adapter anything but by `Questions`."""


def test_the_engine_asks_adapters_by_its_doors_alone() -> None:
    """Every way to ask that `adapters.base` has, those that are added later too."""
    protocols = [one for one in trees()[ROOT / "adapters/base.py"].body if isinstance(one, ast.ClassDef)]
    asks = {one.name for kind in protocols for one in kind.body if isinstance(one, ast.AsyncFunctionDef)}
    asks -= {"aclose", "start", "stop"}  # of this machine, and bounded there
    assert {"respond", "describe", "probe_tools"} <= asks
    called = set()
    for path, tree in trees().items():
        name = path.relative_to(ROOT).as_posix()
        calls = [one.func for one in ast.walk(tree) if isinstance(one, ast.Call)]
        called |= {name for one in calls if isinstance(one, ast.Name) and one.id in {"ask_adapter", "ask_theirs"}}
        if not name.startswith(("engine/", "api/", "cli/", "board/", "scorers/")) or name in _WAITED:
            continue
        used = [one for one in ast.walk(tree) if isinstance(one, ast.Attribute) and one.attr in asks]
        doors = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
        inside = {
            id(used)
            for door in doors
            if (isinstance(door.func, ast.Attribute) and door.func.attr == "_in_time") or _is_question(door.func)
            for used in ast.walk(door)
        }
        assert not [one.attr for one in used if id(one) not in inside], name
    assert called == {f"engine/{one}.py" for one in ("asking", "loadtest/sweep", "pipelines")} | {
        "adapters/awaiting.py"
    }


def _is_question(called: ast.AST) -> bool:
    """Whether this is `self._questions.describe` or `.probe`."""
    owner = called.value if isinstance(called, ast.Attribute) else None
    return isinstance(owner, ast.Attribute) and owner.attr == "_questions"
