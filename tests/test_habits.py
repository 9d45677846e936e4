"""What people expect by habit: an env file, the calls as they were made, Markdown, tasks, the cache."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from evalkit.adapters.presets import load_preset, preset_names
from evalkit.api.env_file import _NOT_HERE, _is_key, put_into_environment
from evalkit.cli.doctoring import KEYS, _keys_of_dialects
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.board_world import a_run
from tests.world import evalkit, write_suite

Capture = pytest.CaptureFixture[str]
KEY = "sk-canary-0123456789abcdef"


def a_file(folder: Path, text: str) -> Path:
    path = folder / "my.env"
    path.write_text(text)
    return path


def keyed(folder: Path, url: str) -> Path:
    where = f'adapter: openai_chat, model: x, weights: one, base_url: "{url}", key_env: MY_KEY'
    return write_suite(folder, url, models=f"  one: {{{where}}}", n=2)


@pytest.mark.parametrize("line", [f"MY_KEY={KEY}", f'export MY_KEY="{KEY}"  # mine', f"# keys\n\nMY_KEY = '{KEY}'"])
def test_a_key_comes_from_an_env_file_for_one_command(
    tmp_path: Path, capsys: Capture, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    with FakeProvider.in_thread(Behaviour(require_key=KEY)) as p:
        suite = keyed(tmp_path, p.base_url)
        options = ("--allow-env", "MY_KEY", "--allow-key-host", "MY_KEY@127.0.0.1", "--no-cache")
        ran = evalkit(capsys, "run", suite, "--env-file", a_file(tmp_path, line), *options, "--debug")
        assert ran.code == 0, ran.err
    assert "MY_KEY" not in os.environ
    assert KEY not in ran.err + ran.out
    calls = [json.loads(text) for text in ran.err.splitlines() if text.startswith("{")]
    assert len(calls) == 2
    assert calls[0]["request"]["messages"][-1]["content"]
    assert calls[0]["reply"]["text"] and calls[0]["to"] == "127.0.0.1"
    assert KEY.encode() not in b"".join(
        f.read_bytes() for f in (tmp_path).rglob("*") if f.is_file() and f.name != "my.env"
    )


def test_a_key_that_is_not_sent_says_why_and_the_option(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not set, or set and not allowed: the check and the server's 401 say which, and the exact option."""
    option = "--allow-key-host MY_KEY@127.0.0.1"
    with FakeProvider.in_thread(Behaviour(require_key=KEY)) as p:
        suite = keyed(tmp_path, p.base_url)

        def said(*more: str) -> tuple[str, str]:
            allowed = ("--allow-env", "MY_KEY", *more)
            checked = evalkit(capsys, "check", suite, *allowed)
            assert checked.code == 0, checked.err
            ran = evalkit(capsys, "run", suite, *allowed, "--new", "--results", tmp_path / "results")
            assert ran.code == 4 and KEY not in ran.out + ran.err + checked.out + checked.err
            return " ".join((checked.out + checked.err).split()), " ".join(ran.err.split())

        monkeypatch.delenv("MY_KEY", raising=False)
        check, run = said()
        assert "MY_KEY is not set, so no key is sent" in check and "no key was sent, because MY_KEY is not set" in run
        monkeypatch.setenv("MY_KEY", KEY)
        check, run = said()
        assert f"MY_KEY is set and is not sent to 127.0.0.1; to allow it: {option}" in check
        assert f"MY_KEY is set and may not go there; to allow it: {option}" in run
        wrong = evalkit(capsys, "run", suite, "--allow-env", "MY_KEY", "--allow-key-host", "MY_KEY")
        assert wrong.code == 2 and "is a variable and no host; write MY_KEY@HOST" in wrong.err


POWERS = (
    *("SSLKEYLOGFILE", "OPENSSL_CONF", "HF_ENDPOINT", "HF_HOME", "XDG_CONFIG_HOME", "AWS_CONFIG_FILE", "BASH_ENV"),
    *("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "GOOGLE_APPLICATION_CREDENTIALS", "VLLM_PLUGINS", "GCONV_PATH", "Http_Proxy"),
    *("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "CI_PROJECT_DIR", "LOCPATH", "NLSPATH", "DATABRICKS_HOST"),
    *("OTEL_EXPORTER_OTLP_ENDPOINT", "RUNNER_TEMP"),
)


@pytest.mark.parametrize(
    "text, says",
    [
        ("MY KEY=1", "my.env:1: is no line like KEY=VALUE"),
        ("A=1\nEVALKIT_KEY_HOSTS=evil.example", "my.env:2: EVALKIT_KEY_HOSTS is not taken from a file"),
        ("HTTPS_PROXY=http://evil.example", "HTTPS_PROXY is not taken"),
        ("LD_PRELOAD=/tmp/x.so", "LD_PRELOAD is not taken"),
        ("PYTHONPATH=/tmp", "PYTHONPATH is not taken"),
        *((f"{name}=/tmp/x", f"{name} is not taken") for name in POWERS),
    ],
)
def test_an_env_file_holds_keys_and_no_power(tmp_path: Path, capsys: Capture, text: str, says: str) -> None:
    ran = evalkit(capsys, "check", "suite.yaml", "--env-file", a_file(tmp_path, text))
    assert ran.code == 2
    assert says in ran.err
    assert "evil.example" not in ran.err


def test_an_env_file_sets_keys_and_what_the_person_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever steers a program that nobody thought of has no name of a key, and is not set."""
    monkeypatch.setenv("EVALKIT_KEY_HOSTS", "BOT@llm.example")
    monkeypatch.setenv("EVALKIT_ALLOWED_ENV", "TEAM")
    keys = (
        "OPENAI_API_KEY",
        "MY_KEY",
        "GROQ_API_KEY_2",
        "GITHUB_TOKEN",
        "AWS_SESSION_TOKEN",
        "OPENAI_BASE_URL",
        "HF_TOKEN",
    )
    others = ("DEBUG", "DATABASE_URL", "NEW_LIBRARY_PLUGINS", "SSH_AUTH_SOCK", "KEYRING_BACKEND", "my_key", "LANGUAGE")
    for name in (*keys, *others, "BOT", "TEAM", "MODEL"):
        monkeypatch.delenv(name, raising=False)
    text = "\n".join(f"{name}=x" for name in (*keys, *others, "BOT", "TEAM", "MODEL"))
    put = put_into_environment(a_file(tmp_path, text), {"MODEL"})
    try:
        assert set(put.left) == set(others)
        assert {name for name in (*keys, *others, "BOT", "TEAM", "MODEL") if os.environ.get(name) == "x"} == {
            *keys, "BOT", "TEAM", "MODEL",
        }  # fmt: skip
    finally:
        put.undo()
    assert "MODEL" not in os.environ


def test_every_key_of_an_adapter_may_stand_in_an_env_file() -> None:
    own = {*KEYS, *(env for name in preset_names() for env in load_preset(name).key_env), *_keys_of_dialects()}
    assert len(own) > 15
    assert {name for name in own if not _is_key(name) or _NOT_HERE.fullmatch(name)} == set()


def test_what_of_an_env_file_is_left_is_said(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL", raising=False)
    write_suite(tmp_path, "http://127.0.0.1:9")
    suite, file = tmp_path / "suite.yaml", a_file(tmp_path, "DEBUG=1\nMODEL=x")
    said = evalkit(capsys, "check", suite, "--env-file", file)
    assert said.code == 0 and "sets no DEBUG, MODEL: not called like a key" in " ".join(said.err.split())
    said = evalkit(capsys, "check", suite, "--env-file", file, "--allow-env", "MODEL")
    assert "sets no DEBUG: " in " ".join(said.err.split())


def test_an_absent_env_file_is_named(tmp_path: Path, capsys: Capture) -> None:
    ran = evalkit(capsys, "check", "suite.yaml", "--env-file", tmp_path / "none.env")
    assert (ran.code, "there is no such file" in ran.err) == (2, True)


def test_calls_that_are_shown_hold_no_command_to_a_ci_system(tmp_path: Path, capsys: Capture) -> None:
    said = "##vso[task.setvariable variable=x]y \x1b[31m"
    with FakeProvider.in_thread(Behaviour(reply=said)) as p:
        ran = evalkit(capsys, "run", keyed(tmp_path, p.base_url).with_name("suite.yaml"), "--no-cache", "--debug")
    calls = [json.loads(text) for text in ran.err.splitlines() if text.startswith("{")]
    assert calls and calls[0]["reply"]["text"] == said
    assert "##vso[" not in ran.err + ran.out and "\x1b" not in ran.err


def test_a_restricted_suite_shows_no_calls(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(reply="fine")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=1)
        text = suite.read_text()
        suite.write_text("sensitivity: restricted\n" + text if "sensitivity" not in text else text)
        ran = evalkit(capsys, "run", suite, "--debug", "--sensitivity", "restricted")
    assert ran.code == 2
    assert "restricted" in ran.err
    assert len(provider.account) == 0


def test_tables_come_as_markdown(tmp_path: Path, capsys: Capture) -> None:
    run = a_run(tmp_path, ("gpt", "a|b <img src=x>"), n=10).name
    for told in (
        evalkit(capsys, "show", run, "--results", tmp_path, "--markdown"),
        evalkit(capsys, "compare", f"{run}:gpt", f"{run}:a|b <img src=x>", "--results", tmp_path, "--markdown"),
    ):
        assert told.code == 0, told.err
        table = [line for line in told.out.splitlines() if line.startswith("|")]
        assert "| ---" in told.out and "### " in told.out
        assert "<img" not in told.out
        widths = {line.replace("\\|", "").count("|") for line in table}
        assert len(widths) <= 3  # every line of one table has as many cells


def test_tasks_are_searched_by_words_and_wildcards(capsys: Capture) -> None:
    every = evalkit(capsys, "tasks", "--json").json
    assert {"gsm8k", "mmlu", "ifeval"} <= {task["name"] for task in every}
    assert all(task["data"] and task["licence"] for task in every if task["of"] == "evalkit")
    assert [
        task["name"] for task in evalkit(capsys, "tasks", "grade-school", "--json").json if task["of"] == "evalkit"
    ] == ["gsm8k"]
    shown = evalkit(capsys, "tasks", "mmlu*").out
    assert "mmlu_pro (evalkit" in shown and "use: mmlu_pro" in shown and "gsm8k" not in shown
    none = evalkit(capsys, "tasks", "gsm8")
    assert none.code == 0  # part of a name
    none = evalkit(capsys, "tasks", "gms8k")
    assert (none.code, "Did you mean gsm8k" in none.err) == (2, True)
    assert {task["name"] for task in evalkit(capsys, "tasks", "--tag", "code", "--json").json} == {"humaneval"}
    none = evalkit(capsys, "tasks", "--tag", "nonsense")
    assert none.code == 2 and "Tags are " in none.err and "math" in none.err


def test_the_cache_says_its_size_and_is_pruned_and_cleared(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    assert "0 answers" in evalkit(capsys, "cache").out
    with FakeProvider.in_thread(Behaviour(reply="fine")) as provider:
        suite = write_suite(tmp_path, provider.base_url, n=6)
        assert evalkit(capsys, "run", suite, "--results", tmp_path / "r").code == 0
    mine = tmp_path / "cache" / "of-somebody-else.txt"
    mine.write_text("kept")
    said = evalkit(capsys, "cache", "--json").json
    assert said["n_answers"] == 6 and said["n_bytes"] > 0
    assert "0 answers removed" in evalkit(capsys, "cache", "prune", "--older-than", "1d").out
    path = tmp_path / "cache" / "responses.sqlite"
    with sqlite3.connect(path) as db:
        (key, answer) = db.execute("select key, answer from answers limit 1").fetchone()
        old = json.dumps(json.loads(answer) | {"started_at": 1.0})
        db.execute("update answers set answer = ? where key = ?", (old.encode(), key))
    db.close()
    assert "1 answer removed" in evalkit(capsys, "cache", "prune", "--older-than", "30d").out
    assert evalkit(capsys, "cache", "--json").json["n_answers"] == 5
    assert evalkit(capsys, "cache", "prune", "--older-than", "soon").code == 2
    assert "freed" in evalkit(capsys, "cache", "clear", "--yes").out
    assert evalkit(capsys, "cache", "--json").json["n_answers"] == 0
    assert mine.read_text() == "kept"


def test_a_failed_call_is_shown_with_its_error(tmp_path: Path, capsys: Capture) -> None:
    with FakeProvider.in_thread(Behaviour(faults={"400": 1.0})) as provider:
        ran = evalkit(capsys, "run", write_suite(tmp_path, provider.base_url, n=1), "--debug", "--no-cache")
    (call,) = [json.loads(text) for text in ran.err.splitlines() if text.startswith("{")]
    assert call["error"]["message"] and call["attempt"] == 1


def test_a_folder_of_suites_is_run_one_after_the_other(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "suites").mkdir()
    with FakeProvider.in_thread(Behaviour(reply="B")) as provider:
        for name in ("a", "b"):
            suite = write_suite(tmp_path / "suites", provider.base_url, n=2, name=name)
            suite.rename(tmp_path / "suites" / f"{name}.yaml")
        (tmp_path / "suites" / "a.yaml").rename(
            tmp_path / "suites" / os.fsdecode(b"a\xff.yaml")
        )  # a name that is no UTF-8
        (tmp_path / "suites" / "notes.yaml").write_text("tasks: later\n")
        (tmp_path / "suites" / "broken.yaml").write_text("name: c\nmodels: {}\ntasks: []\n")
        ran = evalkit(capsys, "run", tmp_path / "suites", "--results", tmp_path / "r", "--no-cache")
        checked = evalkit(capsys, "check", tmp_path / "suites")
        planned = evalkit(capsys, "plan", tmp_path / "suites", "--results", tmp_path / "r")
    for looked in (checked, planned):
        assert looked.code == 2 and "broken.yaml" in looked.err and "b.yaml (2 of 3)" in looked.err
    assert "a\\udcff.yaml: fine" in checked.out and "b.yaml: fine" in checked.out
    assert planned.out.count("requests") >= 2
    assert ran.code == 2, ran.err  # the broken one; the others are done
    assert "broken.yaml" in ran.err and "b.yaml (2 of 3)" in ran.err
    assert len(list((tmp_path / "r").glob("a-*"))) == len(list((tmp_path / "r").glob("b-*"))) == 1
    (tmp_path / "none").mkdir()
    assert "holds no suite" in evalkit(capsys, "run", tmp_path / "none").err


def test_a_suite_whose_name_is_no_utf_8_is_planned(tmp_path: Path, capsys: Capture) -> None:
    """One such file in a folder ended the plan of every other suite beside it."""
    (tmp_path / "d.jsonl").write_text('{"q": "x"}\n')
    path = tmp_path / os.fsdecode(b"a\xff.yaml")
    path.write_text(
        'name: s\nmodels: {m: {adapter: scripted, replies: {"*": "yes"}}}\n'
        "tasks:\n  - {name: t, data: {path: d.jsonl}, prompt: '{{ q }}', target: 'yes', score: contains}\n"
    )
    for more in ((), ("--json",)):
        ran = evalkit(capsys, "plan", path, *more)
        assert ran.code == 0 and "digest" in ran.out, ran.err
