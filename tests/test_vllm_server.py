"""`serve:` with real processes: a stand-in for `vllm` that serves the fake provider, so that a life takes a second.

The real vLLM runs in test_vllm_real.py (`make test-vllm`).
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from pathlib import Path

import pytest

from evalkit.adapters.vllm.flags import arguments
from evalkit.errors import SuiteError
from evalkit.store.runs import read_facts
from evalkit.store.sealing import rows_of
from tests.toy_checkpoint import make_toy
from tests.world import evalkit, finish, run_folders, start

Capture = pytest.CaptureFixture[str]
SUITE = """
name: served
models:
{models}
tasks:
  - name: letters
    data: {{path: items.jsonl, id: id}}
    prompt: "{{{{ question }}}}"
    choices: [w, x, y, z]
    target: B
    score: choice
    mode: {mode}
run: {{in_flight: 2}}
"""
STAND_IN = """#!{python}
# Serves the fake provider as `vllm serve MODEL --port=N ...` would, and notes how it was called.
import json, os, pathlib, subprocess, sys, time
arguments = sys.argv[2:]
home = pathlib.Path({home!r})
with (home / "calls.jsonl").open("a") as calls:
    told = {{"arguments": arguments, "pid": os.getpid(), "key": os.environ["VLLM_API_KEY"],
            "secrets": [n for n in os.environ if "OPENAI" in n]}}
    calls.write(json.dumps(told) + "\\n")
if (home / "broken").exists():
    print((home / "broken").read_text(), flush=True)
    sys.exit(1)
print("(EngineCore pid=7) INFO Initializing a V1 LLM engine (v0.32.0) with config: model='/w', tokenizer_mode=auto, "
      "dtype=torch.float32, max_seq_len=512, tensor_parallel_size=1, quantization=None, kv_cache_dtype=auto, "
      "device_config=cpu, trust_remote_code=False", flush=True)
port = next(word.partition("=")[2] for word in arguments if word.startswith("--port="))
behaviour = dict(json.loads((home / "behaviour.json").read_text()), require_key=os.environ["VLLM_API_KEY"])
os.execv({python!r}, [{python!r}, "-m", "evalkit.testing.fake_provider", "--port", port,
         "--behaviour", json.dumps(behaviour), "--max-seconds", "60"])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A suite's folder with weights, items and a stand-in for vllm on the path."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    stand_in = binaries / "vllm"
    stand_in.write_text(STAND_IN.format(python=sys.executable, home=str(tmp_path)), encoding="utf-8")
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    python = binaries / "python"  # of vLLM's own environment: it is asked for vLLM's version
    python.write_text("#!/bin/sh\necho 0.32.0\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("EVALKIT_VLLM", str(stand_in))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-the-server")
    monkeypatch.setenv("EVALKIT_CACHE", str(tmp_path / "cache"))
    behave(tmp_path)
    make_toy(tmp_path / "weights")
    with (tmp_path / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(12):
            file.write(json.dumps({"id": f"q{number}", "question": f"Question {number}?"}) + "\n")
    return tmp_path


def behave(folder: Path, **behaviour: object) -> None:
    told = {"flavour": "vllm", "reply": "B", **behaviour}
    (folder / "behaviour.json").write_text(json.dumps(told), encoding="utf-8")


def write(folder: Path, serve: str = "{dtype: float32}", *, models: str | None = None, mode: str = "generate") -> Path:
    models = models or f"  mine: {{adapter: vllm, model: weights, serve: {serve}}}"
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(models=models, mode=mode), encoding="utf-8")
    return path


def calls(folder: Path) -> list[dict[str, object]]:
    path = folder / "calls.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def gone(pid: object) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_server_is_started_asked_recorded_and_stopped(capsys: Capture, folder: Path) -> None:
    ran = evalkit(capsys, "run", write(folder), "--results", folder / "results", "--no-cache")
    assert ran.code == 0, ran.err
    assert "ready after" in ran.err
    (call,) = calls(folder)
    assert gone(call["pid"])
    words = call["arguments"]
    assert isinstance(words, list)
    assert words[0] == str((folder / "weights").resolve())
    assert {"--host=127.0.0.1", "--generation-config=vllm", "--dtype=float32"} <= set(words)
    assert not any(str(call["key"]) in str(word) for word in words), "a key on the command line is read by everybody"
    assert call["secrets"] == [], "keys of providers are none of the server's business"
    run_folder = run_folders(folder / "results")[0]
    assert (run_folder / "server-mine.log").exists()
    facts = read_facts(run_folder)
    assert facts["servers"]["mine"]["weights"] and facts["servers"]["mine"]["flags"] == "--dtype=float32"
    resolved = facts["servers"]["mine"]["resolved"]
    assert (resolved["dtype"], resolved["quantization"], resolved["device_config"]) == ("float32", "None", "cpu")
    assert str(call["key"]) not in json.dumps(facts)


@pytest.mark.long
def test_servers_take_turns_and_answers_that_are_there_start_none(capsys: Capture, folder: Path) -> None:
    models = (
        "  one: {adapter: vllm, model: weights, serve: {dtype: float32}, variants: {two: {serve: {dtype: float16}}}}"
    )
    suite = write(folder, models=models)
    ran = evalkit(capsys, "run", suite, "--results", folder / "results")
    assert ran.code == 0, ran.err
    first, second = calls(folder)
    assert "--dtype=float32" in str(first["arguments"]) and "--dtype=float16" in str(second["arguments"])
    assert ran.err.index("one: vllm serve is ready") < ran.err.index("two: starting vllm serve")
    again = evalkit(capsys, "run", suite, "--results", folder / "results", "--new")
    assert again.code == 0 and len(calls(folder)) == 2, "the cache knows these weights, whatever the port"


@pytest.mark.long
def test_a_server_that_dies_is_started_once_more_and_nothing_is_lost(capsys: Capture, folder: Path) -> None:
    behave(folder, latency_s=0.3)
    running = start("run", write(folder), "--results", folder / "results", "--no-cache")
    _until(lambda: any((folder / "results").glob("*/journal-*.jsonl")) and _n_rows(folder) >= 2)
    os.kill(int(str(calls(folder)[0]["pid"])), signal.SIGKILL)
    ran = finish(running)
    assert ran.code == 0, ran.err
    assert "died" in ran.err and "starting it again, once" in ran.err
    assert len(calls(folder)) == 2
    run_folder = run_folders(folder / "results")[0]
    assert [row.score for row in rows_of(run_folder)] == [1.0] * 12
    assert read_facts(run_folder)["servers"]["mine"]["restarts"] == 1


@pytest.mark.long
def test_a_server_left_by_a_killed_run_is_stopped_by_the_next(capsys: Capture, folder: Path) -> None:
    behave(folder, latency_s=0.3)
    suite = write(folder)
    running = start("run", suite, "--results", folder / "results", "--no-cache")
    _until(lambda: _n_rows(folder) >= 1)
    running.kill()
    finish(running)
    left = calls(folder)[0]["pid"]
    assert not gone(left)
    behave(folder)
    ran = evalkit(capsys, "run", suite, "--results", folder / "results", "--no-cache")
    assert ran.code == 0, ran.err
    _until(lambda: gone(left))
    assert "resuming" in ran.err


@pytest.mark.long
def test_ctrl_c_stops_the_server(folder: Path) -> None:
    behave(folder, latency_s=0.3)
    running = start("run", write(folder), "--results", folder / "results", "--no-cache")
    _until(lambda: _n_rows(folder) >= 1)
    running.send_signal(signal.SIGINT)
    ran = finish(running)
    assert ran.code == 130, ran.err
    _until(lambda: gone(calls(folder)[0]["pid"]))


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("ValueError: Available memory on node 0 is less than desired CPU memory utilization", "not enough memory"),
        ("OSError: /x is not a local folder and is not a valid model identifier", "not on this machine"),
        ("RuntimeError: Failed to infer device type", "no device"),
        ("error: unrecognized arguments: --quantization=fp99", "does not know one of the flags"),
    ],
)
def test_a_server_that_does_not_start_says_why_and_the_way_out(
    capsys: Capture, folder: Path, log: str, expected: str
) -> None:
    (folder / "broken").write_text(log)
    ran = evalkit(capsys, "run", write(folder), "--results", folder / "results", "--no-cache")
    assert ran.code == 4, ran.err
    assert expected in ran.err and "server-mine.log" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.long
def test_likelihoods_of_a_server_are_proved_before_the_first_is_used(capsys: Capture, folder: Path) -> None:
    suite = write(folder, mode="likelihood")
    ran = evalkit(capsys, "run", suite, "--results", folder / "results", "--no-cache")
    assert ran.code == 0, ran.err
    behave(folder, ignores=["echo"])
    ran = evalkit(capsys, "run", suite, "--results", folder / "results", "--no-cache", "--new")
    assert ran.code == 4
    assert "not those of its own answers" in ran.err


def test_without_vllm_the_message_names_the_extra(
    capsys: Capture, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_VLLM", str(folder / "nowhere"))
    ran = evalkit(capsys, "check", write(folder))
    assert ran.code == 2 and "uv sync --extra vllm" in ran.err


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        ("{trust_remote_code: true}", "--allow-suite-code"),
        ("{tensor_paralel_size: 2}", "did you mean tensor_parallel_size?"),
        ("{host: 0.0.0.0}", "is set by evalkit itself"),
        ("{lora_modules: x}", "it maps names to folders"),
        ("{startup_timeout_s: -1}", "above 0"),
        ("{load_format: npcache}", "a suite may set auto, hf, safetensors"),
        ("{load_format: runai_streamer}", "--allow-suite-code"),
    ],
)
def test_flags_that_a_suite_may_not_set_are_refused(capsys: Capture, folder: Path, serve: str, expected: str) -> None:
    ran = evalkit(capsys, "check", write(folder, serve))
    assert ran.code == 2 and expected in ran.err, ran.err


def test_a_value_can_never_become_another_flag() -> None:
    assert arguments({"quantization": "fp8 --trust-remote-code"}, "m", allow_code=False) == [
        "--quantization=fp8 --trust-remote-code"
    ]
    assert arguments({"enable_prefix_caching": False}, "m", allow_code=False) == ["--no-enable-prefix-caching"]
    assert arguments({"trust_remote_code": True}, "m", allow_code=True) == ["--trust-remote-code"]
    with pytest.raises(SuiteError, match="is no flag"):
        arguments({"x=--api-key": 1}, "m", allow_code=True)


def _n_rows(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in (folder / "results").glob("*/journal-*.jsonl"))


def _until(holds: object, seconds: float = 20.0) -> None:
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to that in time"
        time.sleep(0.05)
