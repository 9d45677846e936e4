"""MCP servers that misbehave: a clear sentence in bounded time, nobody's score, and no process left."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from evalkit.records import Row
from evalkit.store.sealing import rows_of
from tests.loopback import raw_server, reply
from tests.test_mcp_live import Capture, calls, run, run_folders, write

pytest.importorskip("mcp", reason="the extra mcp is not installed: nothing of live MCP servers is tested")
ODD = Path(__file__).parent / "mcp_odd.py"
AT_START = {
    "silent": "did not start within 1.5 s",
    "old": "Unsupported protocol version",
    "many tools": "it lists 5000 tools",
    "endless pages": "does not end within",
    "pages without tools": "does not end within",
    "no tools": "it lists 0 tools",
    "deep schema": "nested more than 24 deep",
    "long list": "longer than 500,000 bytes",
    "odd name": "a tool with an odd name",
    "twice": "twice",
    "odd list": "it said what is no MCP",
}
IN_A_CALL = {
    "changing tools": "its tools are others than when the run began",
    "silent call": "look did not return within 1.5 s",
    "dies": "Connection closed",
    "huge line": "a line of more than 4,194,304 bytes",
    "flood": "more than 2,000 messages",
    "no json": "what is no message of MCP",
    "odd result": "it said what is no MCP",
    "internal error": "the database is down",
    "other id": "look did not return within 1.5 s",
}
TOLD = {
    "fine": ("seen", False),
    "bad arguments": ("Error: city is missing", True),
    "huge result": ("Error: the result is longer than 100,000 characters", True),
    "slow pattern": ("seen", False),
    "asks back": ("refused True", False),
    "image": ("seen\n[image]", False),
    "structure": ('{"degrees": 18}', False),
}


def suite(folder: Path, mode: str, timeout_s: float, **more: object) -> Path:
    command = {"command": [sys.executable, "-S", str(ODD), mode], "timeout_s": timeout_s, **more}
    model = {"adapter": "scripted", "replies": {"a": [calls(("look", {})), "done"]}}
    item = [{"id": "a", "question": "Look.", "answer": "done"}]
    return write(folder, command, model, items=item, conduct="{must: look}")


def asked(tmp_path: Path, capsys: Capture, mode: str, timeout_s: float) -> tuple[Any, Row | None, float]:
    path = suite(tmp_path / mode.replace(" ", "_"), mode, timeout_s)
    began = time.monotonic()
    done = run(capsys, path, "--allow-suite-code")
    took = time.monotonic() - began
    assert "Traceback" not in done.err.replace("what is no message of MCP: 'Traceback", ""), (mode, done.err)
    folders = run_folders(path.parent / "results")
    (row,) = rows_of(folders[0]) if folders else (None,)
    return done, row, took


def test_a_server_that_cannot_be_used_stops_the_run_before_anything_is_asked(tmp_path: Path, capsys: Capture) -> None:
    for mode, said in AT_START.items():
        done, row, took = asked(tmp_path, capsys, mode, 1.5 if mode == "silent" else 20)
        assert (done.code, row) == (2, None), (mode, done.err)
        assert said in done.err, (mode, done.err)
        assert "desk.environment.yaml: mcp: the server failed when it was asked for its tools" in done.err
        assert took < 30, mode


@pytest.mark.long
def test_a_server_that_fails_in_a_call_is_nobody_s_score(tmp_path: Path, capsys: Capture) -> None:
    for mode, said in IN_A_CALL.items():
        done, row, took = asked(tmp_path, capsys, mode, 1.5 if "1.5" in said else 20)
        assert done.code == 4, (mode, done.err)
        assert row is not None
        assert (row.outcome, row.score, row.error_kind) == ("errored", None, "tool_server"), mode
        assert said in str(row.error), (mode, row.error)
        assert [len(step.calls) for step in row.steps or ()] == [1], "what it did until then is kept"
        assert took < 30, mode


@pytest.mark.long
def test_what_a_model_is_told_of_odd_results(tmp_path: Path, capsys: Capture) -> None:
    for mode, (text, failed) in TOLD.items():
        done, row, took = asked(tmp_path, capsys, mode, 20)
        assert done.code == 0, (mode, done.err)
        assert row is not None
        ((result,),) = [step.results for step in row.steps or () if step.results]
        assert (result.text, result.failed) == (text, failed), mode
        assert took < 30, mode


def test_a_server_that_says_the_key_it_was_given_leaves_no_part_of_it_anywhere(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "canary-" + "0123456789abcdef" * 3
    monkeypatch.setenv("DESK_TOKEN", key)
    monkeypatch.setenv("EVALKIT_ALLOWED_ENV", "DESK_TOKEN")
    for mode, code in {"key in tools": 0, "key in name": 0, "key in error": 4, "key in no json": 4}.items():
        path = suite(tmp_path / mode.replace(" ", "_"), mode, 20, env=["DESK_TOKEN"])
        done = run(capsys, path, "--allow-suite-code")
        assert done.code == code, (mode, done.err)
        stored = [file for file in (path.parent / "results").rglob("*") if file.is_file()]
        texts = [done.out.encode(), done.err.encode(), *(file.read_bytes() for file in stored)]
        (row,) = rows_of(run_folders(path.parent / "results")[0])
        assert not any(b"canary-0" in text for text in [*texts, repr(row).encode()]), mode


@pytest.mark.long
async def test_bodies_over_http_are_bounded() -> None:
    from evalkit.adapters.mcp.session import McpServer
    from evalkit.adapters.mcp.transports import http
    from evalkit.suite.environments.live import ToolServerFailed

    event = b"data: " + b"y" * (5 * 2**20) + b"\n\n"
    note = b'data: {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": 1}}'
    declined = b'{"jsonrpc": "2.0", "id": 0, "error": {"code": 1, "message": "no"}}'
    floods = [(note + end) * 2_001 for end in (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n\r\n")]
    for answer, said in [
        *((reply(200, flood, "text/event-stream"), "more than 2,000 messages in one session") for flood in floods),
        (reply(200, b'{"x": "' + b"y" * (5 * 2**20)), "a body of more than 4,194,304 bytes"),
        (reply(200, event, "text/event-stream"), "limit|exceed|size|SSE"),
        (reply(200, b"\x1f\x8b" + b"0" * 99, content_encoding="gzip"), "a packed body"),
        (reply(200, b"<p>hello", "text/html"), "it answered with an error"),
        (reply(200, b"[1, 2", "application/json"), "it answered with an error"),
        (reply(307, b"", location="http://127.0.0.1:9/mcp"), "not followed"),
        (reply(401, b"{}"), "it answered with an error"),
        (reply(200, b"data: " + declined + b"\n\n", "text/event-stream; charset=bz2"), "'no' "),
    ]:
        async with raw_server([answer]) as url:
            server = McpServer(lambda limits, url=url: http(url, {}, limits, timeout_s=10), "here", 10)
            with pytest.raises(ToolServerFailed, match=said):
                await server.tools()


@pytest.mark.parametrize("said", ["canary/+0123456789&ab<cd", "Call me at +49 30 1234567 or 4111 1111 1111 1111"])
def test_what_pydantic_cut_in_the_middle_is_quoted_nowhere(said: str) -> None:
    """Its first letters are gone, so that nothing knows what is left for a key or a number."""
    import mcp_types
    from mcp.shared.exceptions import MCPError
    from pydantic import TypeAdapter, ValidationError

    from evalkit.adapters.mcp.session import _in_a_line

    with pytest.raises(ValidationError) as wrong:
        TypeAdapter(mcp_types.JSONRPCMessage).validate_python(
            {"jsonrpc": "2.0", "id": 2, "error": [said, "x" * 50, said]}
        )
    told = _in_a_line(MCPError(-32700, f"Failed to parse JSON response: {wrong.value}"))
    assert "Failed to parse JSON response" in told
    assert not any(piece in told for piece in ("canary", "0123456789", "1234567", "1111"))


def test_what_jsonschema_laid_out_over_lines_is_quoted_nowhere() -> None:
    """The SDK looks at structured results, and its message holds the value twice: as it is, and broken at blanks."""
    from jsonschema import ValidationError, validate

    from evalkit.adapters.mcp.session import _in_a_line

    value = [{"note": "n" * at + " Call me at +49 30 1234567"} for at in range(40, 60, 4)]
    with pytest.raises(ValidationError) as wrong:
        validate({"a": 1, "b": value}, {"properties": {"a": {"type": "string"}}, "required": ["c"]})
    told = _in_a_line(RuntimeError(f"Invalid structured content returned by tool look: {wrong.value}"))
    assert "Invalid structured content" in told and "is a required property" in told
    assert "\n" not in told and "1234567" not in told
