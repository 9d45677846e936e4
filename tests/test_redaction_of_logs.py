"""`redact: {where: [storing]}` and what a command prints: a pipeline keeps its log as long as a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from evalkit.engine.stored import NOT_KEPT
from tests.test_redaction_of_rows import everything_under, suite_in
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
CANARY, PHONE = "jane.canary@mail.example", "+49 30 9182736"


@contextmanager
def answering(status: int, body: object) -> Iterator[str]:
    """A server that says the same to everybody; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


def said(text: str, **more: object) -> dict[str, object]:
    message = {"role": "assistant", "content": text, **more}
    usage = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": message}], "usage": usage}


def calls_shown(err: str) -> list[dict[str, dict[str, object]]]:
    return [json.loads(line) for line in err.splitlines() if line.startswith("{")]


def test_calls_that_are_shown_hold_nothing_that_rows_may_not_keep(tmp_path: Path, capsys: Capture) -> None:
    call = {"type": "function", "id": "c", "function": {"name": "mail", "arguments": json.dumps({"to": CANARY})}}
    reply = said(f"Ask {CANARY}.", reasoning_content=f"It is {CANARY}", tool_calls=[call])
    reply["usage"] = {**reply["usage"], "note": {CANARY: [CANARY]}}  # type: ignore[dict-item]
    tokens = [{"token": one, "logprob": -0.1, "top_logprobs": []} for one in (f"Ask {CANARY}"[:9], f"Ask {CANARY}"[9:])]
    reply["choices"][0]["logprobs"] = {"content": tokens}  # type: ignore[index]
    with answering(200, reply) as url:
        path = suite_in(tmp_path, url, where="[storing]")
        data = (tmp_path / "items.jsonl").read_text()
        (tmp_path / "items.jsonl").write_text(data.replace("Who is 0", f"Who is {CANARY}"))
        ran = evalkit(capsys, "run", path, "--results", tmp_path / "r", "--debug", "--no-cache")
        assert ran.code == 0, ran.err
        assert CANARY not in ran.out + ran.err and CANARY[5:] not in ran.err, "token by token"
        shown = calls_shown(ran.err)
        assert {one["reply"]["text"] for one in shown} == {"Ask [EMAIL]."}
        assert {one["reply"]["reasoning"] for one in shown} == {"It is [EMAIL]"}
        asked = [json.dumps(one["request"]["messages"]) for one in shown]
        assert sum("Who is [EMAIL]?" in one for one in asked) == 1

        path.write_text(path.read_text().replace("where: [storing]", "where: [sending]"))
        ran = evalkit(capsys, "run", path, "--results", tmp_path / "r", "--debug", "--no-cache")
        assert CANARY in ran.err  # stored as it came, and shown as it came


@pytest.mark.parametrize(
    "quotes", [f"cannot read {CANARY}", "cannot read 'jane.canary@mai…", "cannot read 'jane cana'", f"{CANARY}\\xa0"]
)
def test_errors_that_end_a_model_or_are_shown_quote_nothing_of_it(tmp_path: Path, capsys: Capture, quotes: str) -> None:
    with answering(401, {"error": {"message": quotes}}) as url:
        path = suite_in(tmp_path, url, where="[storing]")
        data = (tmp_path / "items.jsonl").read_text()
        (tmp_path / "items.jsonl").write_text(data.replace("Who is ", f"Who is {CANARY} "))
        ran = evalkit(capsys, "run", path, "--results", tmp_path / "r", "--debug", "--no-cache")
    assert ran.code == 4
    (folder,) = run_folders(tmp_path / "r")
    (reason,) = [one for one in json.loads((folder / "run.json").read_text())["reasons"] if one.startswith("m ")]
    shown = [str(one["error"]["message"]) for one in calls_shown(ran.err)]
    assert shown and all("[EMAIL]" in one or "[cut]" in one or one == NOT_KEPT for one in shown)
    for told in (reason, ran.out, ran.err, everything_under(tmp_path / "r").decode(errors="replace")):
        assert "cana" not in told.casefold()


def test_an_error_that_quotes_nothing_stays_whole(tmp_path: Path, capsys: Capture) -> None:
    with answering(401, {"error": {"message": "this key has expired on Monday"}}) as url:
        path = suite_in(tmp_path, url, where="[storing]")
        ran = evalkit(capsys, "run", path, "--results", tmp_path / "r", "--debug", "--no-cache")
    (folder,) = run_folders(tmp_path / "r")
    assert "this key has expired on Monday" in (folder / "run.json").read_text()
    assert "this key has expired on Monday" in str(calls_shown(ran.err)[0]["error"])


def test_a_load_sweep_that_fails_tells_nothing_of_it(tmp_path: Path, capsys: Capture) -> None:
    with answering(400, {"error": {"message": f"cannot read '{CANARY[:9]}' of {PHONE[:11]}"}}) as url:
        path = suite_in(tmp_path, url, where="[storing]")
        path.write_text(path.read_text().replace("what: [email]", "what: [email, phone]"))
        data = (tmp_path / "items.jsonl").read_text()
        (tmp_path / "items.jsonl").write_text(data.replace("Who is ", f"Who is {CANARY} of {PHONE} "))
        ran = evalkit(capsys, "load", path, "--model", "m", "--results", tmp_path / "r", "--seconds", "0.2")
    assert ran.code != 0
    for told in (ran.out, ran.err, everything_under(tmp_path / "r").decode(errors="replace")):
        assert "jane" not in told and "30 918" not in told


def test_what_is_wrong_with_records_is_told_without_it(tmp_path: Path, capsys: Capture) -> None:
    path = suite_in(tmp_path, "http://127.0.0.1:9/v1", where="[storing]", more=", choices: [a, b]", score="choice")
    for command in ("check", "plan", "run"):
        ran = evalkit(capsys, command, path)
        assert ran.code == 2 and "[EMAIL]', which is none of the options" in " ".join(ran.err.split())
        assert CANARY not in ran.out + ran.err


def test_a_prompt_is_shown_as_it_is_stored(tmp_path: Path, capsys: Capture) -> None:
    path = suite_in(tmp_path, "http://127.0.0.1:9/v1", where="[storing]")
    data = (tmp_path / "items.jsonl").read_text()
    (tmp_path / "items.jsonl").write_text(data.replace("Who is ", f"Who is {CANARY} "))
    ran = evalkit(capsys, "check", path, "--show-prompt")
    assert ran.code == 0 and "Who is [EMAIL] 0?" in ran.out and "target [EMAIL]" in ran.out
    assert "Shown as it is stored" in ran.out and CANARY not in ran.out + ran.err
