"""`header_env` of a model: further headers, their values from the environment alone, each bound to a host."""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evalkit.store.sealing import rows_of
from tests.world import evalkit, run_folders, write_suite

Capture = pytest.CaptureFixture[str]
SECRET = "canary-tenant-000000000000"


class _Server(ThreadingHTTPServer):
    seen: list[Mapping[str, str]]


class _Gateway(BaseHTTPRequestHandler):
    """A chat server that answers B, and says back what it was sent."""

    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        message = {
            "role": "assistant",
            "content": "B",
            "reasoning_content": f"sent {self.headers.get('X-Tenant')}{_login(self)}",
        }
        said = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "model": "m"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args: object) -> None: ...


def _login(request: BaseHTTPRequestHandler) -> str:
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    return f" by {b64decode(sent).decode()}" if scheme == "Basic" else ""


@pytest.fixture
def gateway() -> Iterator[_Server]:
    server = _Server(("127.0.0.1", 0), _Gateway)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def a_suite(folder: Path, url: str, headers: str) -> Path:
    model = f'  m: {{adapter: openai_chat, model: m, stream: false, base_url: "{url}", header_env: {headers}}}'
    return write_suite(folder, url, n=2, models=model)


@pytest.mark.parametrize(
    ("allowed", "goes"),
    [((), False), (("--allow-key-host", "EVALKIT_TENANT@127.0.0.1"), True), (("--allow-key-host", "127.0.0.1"), False)],
)
def test_a_header_goes_only_where_the_person_lets_its_variable_go(
    allowed: tuple[str, ...],
    goes: bool,
    gateway: _Server,
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EVALKIT_TENANT", SECRET)
    suite = a_suite(tmp_path, f"http://127.0.0.1:{gateway.server_port}/v1", "{X-Tenant: EVALKIT_TENANT}")
    ran = evalkit(capsys, "run", suite, "--no-cache", "--results", tmp_path / "results", *allowed)
    assert ran.code == 0, ran.err
    assert {headers.get("x-tenant") for headers in gateway.seen} == {SECRET if goes else None}
    (folder,) = run_folders(tmp_path / "results")
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert SECRET.encode() not in kept and SECRET not in ran.out + ran.err


@pytest.mark.parametrize(
    ("variable", "kept"), [("EVALKIT_PIN", False), ("EVALKIT_TENANT_TOKEN", False), ("EVALKIT_REGION", True)]
)
def test_a_short_secret_is_cut_out_where_its_name_says_that_it_is_one(
    variable: str,
    kept: bool,
    gateway: _Server,
    capsys: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evalkit.text.secrets._known", dict[str, bytes]())
    short = "canary7x" if not kept else "europe-w"
    monkeypatch.setenv(variable, short)
    suite = a_suite(tmp_path, f"http://127.0.0.1:{gateway.server_port}/v1", f"{{X-Tenant: {variable}}}")
    allowed = ("--allow-key-host", f"{variable}@127.0.0.1")
    ran = evalkit(capsys, "run", suite, "--no-cache", "--results", tmp_path / "results", *allowed)
    assert ran.code == 0, ran.err
    assert {headers.get("x-tenant") for headers in gateway.seen} == {short}
    (folder,) = run_folders(tmp_path / "results")
    said = [row.reasoning for row in rows_of(folder)]
    assert said == [f"sent {short}" if kept else "sent [key removed]"] * 2


def test_a_value_that_stands_in_right_answers_is_told_and_may_have_blanks(
    gateway: _Server, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evalkit.text.secrets._known", dict[str, bytes]())
    monkeypatch.setenv("EVALKIT_TEAM", "Search-Evaluation team")
    address = f"http://127.0.0.1:{gateway.server_port}/v1"
    (tmp_path / "s.yaml").write_text(
        f"""
name: words
models:
  m: {{adapter: openai_chat, model: m, base_url: "{address}", stream: false, header_env: {{X-Team: EVALKIT_TEAM}}}}
tasks:
  - name: t
    cases: [{{q: a, expected: Search-Evaluation}}, {{q: b, expected: B}}]
    prompt: "{{{{ q }}}}"
    score: exact
"""
    )
    monkeypatch.chdir(tmp_path)
    for word in ("check", "plan", "run"):
        ran = evalkit(capsys, word, tmp_path / "s.yaml", "--allow-key-host", "EVALKIT_TEAM@127.0.0.1")
        told = " ".join((ran.out + ran.err).split())
        assert "the value of EVALKIT_TEAM, or a part of it, stands in the right answers or options of 1 of 2" in told
    assert {headers.get("x-team") for headers in gateway.seen} == {"Search-Evaluation team"}
    monkeypatch.setenv("EVALKIT_TEAM", "two\nlines")
    ran = evalkit(capsys, "check", tmp_path / "s.yaml", "--allow-key-host", "EVALKIT_TEAM@127.0.0.1")
    assert ran.code == 2 and "EVALKIT_TEAM holds a line break" in ran.err and "two" not in ran.err


def test_the_user_and_password_of_a_basic_header_are_cut_out(
    gateway: _Server, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_BASIC", f"Basic {b64encode(b'me:canary-1').decode()}")
    suite = a_suite(tmp_path, f"http://127.0.0.1:{gateway.server_port}/v1", "{Authorization: EVALKIT_BASIC}")
    allowed = ("--allow-key-host", "EVALKIT_BASIC@127.0.0.1")
    ran = evalkit(capsys, "run", suite, "--no-cache", "--results", tmp_path / "results", *allowed)
    assert ran.code == 0, ran.err
    (folder,) = run_folders(tmp_path / "results")
    assert [row.reasoning for row in rows_of(folder)] == ["sent None by [key removed]"] * 2


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ("{Host: EVALKIT_TENANT}", "a suite cannot set this header"),
        ('{X-Tenant: "Bearer abc"}', "takes the name of a variable"),
        ("{X-Tenant: OPENAI_API_KEY}", "is not sent there"),
        ("{X-Tenant: EVALKIT_TENANT}", "EVALKIT_TENANT is not sent there"),
    ],
)
def test_headers_that_a_suite_may_not_send_are_refused(
    headers: str, said: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_TENANT", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    found = evalkit(
        capsys, "check", a_suite(tmp_path, "https://gateway.example/v1", headers), "--allow-key-host", "gateway.example"
    )
    assert found.code == 2 and said in found.err and SECRET not in found.err, found.err
