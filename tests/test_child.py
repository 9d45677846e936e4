"""The one door to child processes: what a child sees, what it may say, and that no other module starts one."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evalkit import child
from tests.source_trees import ROOT, trees
from tests.tables import table

_MODULES = frozenset({"subprocess", "multiprocessing", "pty", "popen2", "commands", "_posixsubprocess", "webbrowser"})
_NAMES = frozenset(
    {
        "system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp", "startfile", "create_subprocess_exec",
        "create_subprocess_shell", "subprocess_exec", "subprocess_shell", "ProcessPoolExecutor", "Popen",
        "find_library", "getnode", "uuid1", "processor", "echo_via_pager", "launch", "edit",
    }
)  # fmt: skip
"""Functions that start a program, some of them by a way round: find_library runs gcc, platform.processor runs uname."""
_DOOR = {"child.py"}
_KNOWN = {
    "scorers/cage/worker.py": ["os.fork"],
    "scorers/cage/class_worker.py": ["os.fork"],
    "compiling_ahead.py": ["os.fork"],
}
"""What stands elsewhere, and why: the own programs of the cage fork inside it; a run without byte code forks a copy
that only compiles, and starts no program."""


def starts_of(tree: ast.Module) -> list[str]:
    """Every place in a module that could start a process."""
    found = []
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            found += [f"{line}: {name.name}" for name in node.names if name.name.split(".")[0] in _MODULES]
            found += [f"{line}: {name.name}" for name in node.names if name.name.startswith("concurrent.futures.pro")]
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").split(".")[0]
            names = {name.name for name in node.names}
            if module in _MODULES or names & (_NAMES - {"edit", "launch", "processor"}):
                found.append(f"{line}: from {node.module} import {', '.join(sorted(names))}")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if node.attr in _NAMES and owner in {"os", "posix", "asyncio", "loop", "futures", "util", "uuid", "click"}:
                found.append(f"{line}: {owner}.{node.attr}")
            if owner in {"os", "posix"} and node.attr.startswith(("exec", "spawn")):
                found.append(f"{line}: {owner}.{node.attr}")
            if owner == "platform" and node.attr == "processor":
                found.append(f"{line}: platform.processor")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            named = str(node.args[0].value).split(".")[0]
            if called in {"import_module", "__import__", "find_spec"} and named in _MODULES:
                found.append(f"{line}: {called}({named})")
            if called == "getattr" and len(node.args) > 1:
                found.append(f"{line}: getattr of a constant")
    return found


@pytest.mark.long
def test_no_module_starts_a_process_but_through_the_door() -> None:
    modules = {path.relative_to(ROOT).as_posix(): tree for path, tree in trees().items()}
    assert len(modules) > 200
    found = {name: starts for name, tree in modules.items() if name not in _DOOR and (starts := starts_of(tree))}
    assert {name: [start.partition(": ")[2] for start in starts] for name, starts in found.items()} == _KNOWN


@table(
    "source",
    [
        "import subprocess", "import subprocess as s", "from subprocess import run", "import multiprocessing.pool",
        "from multiprocessing import Process", "import os\nos.system('x')", "import os\nos.execv('x', [])",
        "import os\nos.spawnl(0, 'x')", "import os\nos.posix_spawn('x', [], {})", "import os\nos.fork()",
        "import os\nos.popen('x')", "from os import system", "import pty",
        "import asyncio\nasyncio.create_subprocess_exec",
        "from asyncio import create_subprocess_shell", "from concurrent.futures import ProcessPoolExecutor",
        "import concurrent.futures.process", "from concurrent import futures\nfutures.ProcessPoolExecutor()",
        "import importlib\nimportlib.import_module('subprocess')", "__import__('pty')",
        "import ctypes.util\nctypes.util.find_library('c')", "import platform\nplatform.processor()",
        "import webbrowser",         "import uuid\nuuid.getnode()", "import click\nclick.launch('x')",
        "async def f(loop): await loop.subprocess_exec()",
    ],
)  # fmt: skip
def test_the_walk_sees_every_way_to_start_a_process(source: str) -> None:
    assert starts_of(ast.parse(source))


AUDITED = """
import sys, traceback
told = open(sys.argv[1], "a")
def hook(event, args):
    if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.spawn"):
        frames = traceback.extract_stack()
        mine = [f.filename for f in frames if "evalkit" in f.filename and "site-packages" not in f.filename]
        told.write(f"{event} {mine[-1] if mine else '?'} {args[0] if args else ''}\\n"); told.flush()
sys.addaudithook(hook)
from evalkit.cli import run_command
codes = []
for line in sys.argv[2:]:
    told.write(f"command {line}\\n"); told.flush()
    codes.append(run_command(line.split("\\t")))
print("CODES", *codes)
"""


SDKS = """
  o: {adapter: openai, model: x, base_url: "http://127.0.0.1:1/v1"}
  a: {adapter: anthropic, model: x, base_url: "http://127.0.0.1:1"}
  g: {adapter: gemini, model: x, base_url: "http://127.0.0.1:1"}
  c: {adapter: openai_chat, model: x, base_url: "http://127.0.0.1:1/v1"}
"""


@pytest.mark.long
def test_what_a_command_really_starts_comes_through_the_door(tmp_path: Path) -> None:
    """Also what the SDKs start: one asked for the processor's name by starting `uname`, with every key."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    write_suite(tmp_path)
    suite = tmp_path / "suite.yaml"
    suite.write_text(suite.read_text().replace("tasks:", SDKS.strip("\n") + "\ntasks:"))
    for name in ("uname", "git", "lsb_release", "nvidia-smi", "gcc", "cc", "ldconfig", "sh", "vllm", "python", "env"):
        (tmp_path / name).write_text(f"#!/bin/sh\n/bin/echo {name} >> {tmp_path}/PWNED\n")
        (tmp_path / name).chmod(0o755)
    told = tmp_path / "told"
    commands = [f"{command}\t{suite}" for command in ("check", "plan", "run")] + ["doctor"]
    env = {**os.environ, "EVALKIT_CACHE": str(tmp_path / "cache"), "EVALKIT_RESULTS": str(tmp_path / "results")}
    script = [sys.executable, "-c", AUDITED, str(told), *commands]
    env["PATH"] = f".:{os.environ['PATH']}:"
    done = subprocess.run(script, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1] == "CODES 0 0 4 0", done.stdout + done.stderr  # 4: nobody listens on port 1
    assert not (tmp_path / "PWNED").exists(), (tmp_path / "PWNED").read_text()
    lines = told.read_text().splitlines()
    said = [line.removeprefix("command ") for line in lines if line.startswith("command ")]
    assert said == commands
    starts = [line for line in lines if not line.startswith("command ")]
    assert all(Path(line.split()[1]).name == "child.py" for line in starts), lines


def write_suite(folder: Path) -> None:
    (folder / "suite.yaml").write_text(
        "name: s\nmodels:\n  m: {adapter: scripted, model: x, replies: {'*': B}}\ntasks:\n"
        "  - {name: t, data: {path: d.jsonl, id: id}, prompt: '{{ q }}', target: '{{ a }}', score: contains}\n"
    )
    (folder / "d.jsonl").write_text('{"id":"1","q":"x","a":"B"}\n')


SAYS_ALL = "import json, os, sys; print(json.dumps([dict(os.environ), os.getcwd(), sys.path]))"


def told(command: list[str], **more: object) -> tuple[dict[str, str], str, list[str]]:
    env, where, path = json.loads(child.run(command, timeout_s=30, **more).out)  # type: ignore[arg-type]
    return env, where, path


def test_a_child_sees_an_allow_list_and_no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    canaries = (
        "OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "GITHUB_TOKEN", "DATABASE_URL", "SLACK_WEBHOOK_URL", "HOME",
        "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "PYTHONINSPECT", "GIT_DIR", "GIT_EXTERNAL_DIFF", "LD_PRELOAD",
        "BASH_ENV", "ENV", "NODE_OPTIONS", "SSH_AUTH_SOCK", "HTTPS_PROXY", "UNHEARD_OF",
    )  # fmt: skip
    for name in canaries:
        monkeypatch.setenv(name, f"canary-{name}")
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}::bin")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.chdir(tmp_path)
    env, where, _ = told(child.python("-c", SAYS_ALL))
    assert "canary" not in json.dumps(env)
    assert where == "/"
    assert env["LC_ALL"] == "C.UTF-8"
    assert all(place.startswith("/") for place in env["PATH"].split(":"))


@pytest.mark.long
def test_a_module_in_the_working_directory_is_never_imported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    marker = tmp_path / "PWNED"
    names = ["json", "os", "importlib", "runpy", "sitecustomize", "usercustomize", "csv", "evalkit", "encodings", "re"]
    for name in names:
        (tmp_path / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r})\n")
    (tmp_path / "evil.pth").write_text(f"import os; open({str(marker)!r}, 'w')\n")
    (tmp_path / "pyvenv.cfg").write_text(f"home = {tmp_path}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:.")
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "json.py"))
    monkeypatch.syspath_prepend(str(tmp_path))
    child.run(child.python("-c", "import csv, json, importlib.metadata"), timeout_s=30)
    done = child.run(child.function("evalkit.decide.stored:answer", "a", "b", "c"), timeout_s=60)
    assert done.code == 0 and b"StoreError" in done.out, "evalkit itself is found, and says that there is no such run"
    assert not marker.exists(), marker.read_text()


def test_the_import_path_keeps_the_installation_inside_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(sys.prefix).parent)  # a checkout with its own .venv
    _, _, path = told(child.python("-c", f"import sys; sys.path[:] = {child.import_path()!r}; {SAYS_ALL}"))
    assert any("site-packages" in place for place in path)
    monkeypatch.syspath_prepend(str(Path(sys.prefix).parent / "tests"))
    assert str(Path(sys.prefix).parent / "tests") not in child.import_path()


def test_a_child_that_takes_too_long_is_ended_with_everything_it_started() -> None:
    code = "import subprocess, time; subprocess.Popen(['sleep', '60']); print('on', flush=True); time.sleep(60)"
    start = time.monotonic()
    with pytest.raises(child.ChildTooSlow, match=r"not done within 1 s"):
        child.run(child.python("-c", code), timeout_s=1)
    assert time.monotonic() - start < 20


def test_a_child_that_never_stops_talking_is_ended() -> None:
    with pytest.raises(child.ChildTooLoud, match="more than 1,000 bytes"):
        child.run(child.python("-c", "while True: print('x' * 100)"), timeout_s=60, most_bytes=1000)


def test_a_child_that_closes_its_output_and_stays_is_ended() -> None:
    with pytest.raises(child.ChildTooSlow):
        child.run(child.python("-c", "import os, time; os.close(1); time.sleep(60)"), timeout_s=1)


def test_ctrl_c_ends_the_child_too(tmp_path: Path) -> None:
    inner = f"import time; open({str(tmp_path / 'on')!r}, 'w'); time.sleep(77)"
    code = f"from evalkit import child\nchild.run(child.python('-c', {inner!r}), timeout_s=70)"
    parent = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "on").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    parent.send_signal(signal.SIGINT)
    parent.wait(30)
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if _holds(path, str(tmp_path).encode())]
    assert (tmp_path / "on").exists() and left == []


def _holds(path: Path, text: bytes) -> bool:
    try:
        return text in path.read_bytes()
    except OSError:
        return False


def test_input_that_is_not_read_stops_nothing() -> None:
    done = child.run(child.python("-c", "print(7)"), timeout_s=60, stdin=b"x" * 10_000_000)
    assert (done.code, done.out.strip()) == (0, b"7")


def test_a_program_that_is_not_there_is_a_sentence_and_a_relative_one_is_refused() -> None:
    with pytest.raises(child.ChildFailed, match="nothing-here cannot be started: No such file"):
        child.run(["/nothing-here"], timeout_s=1)
    with pytest.raises(ValueError, match="not an absolute path"):
        child.run(["git", "status"], timeout_s=1)


def test_a_program_of_the_checkout_is_not_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "tools" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o755)
    monkeypatch.chdir(fake.parent)
    for place in (".", "", "tools", "../tools"):
        monkeypatch.setenv("PATH", place)
        assert child.find_program("git") is None
    monkeypatch.setenv("PATH", str(fake.parent))
    assert child.find_program("git") == str(fake)
    assert child.find_program("git", outside=[tmp_path]) is None
    (tmp_path / "link").symlink_to(fake.parent)
    monkeypatch.setenv("PATH", str(tmp_path / "link"))
    assert child.find_program("git", outside=[fake.parent]) is None


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True), ("AWS_BEARER_TOKEN_BEDROCK", True), ("GITHUB_TOKEN", True), ("DB_PASS", True),
        ("PGPASSWORD", True), ("SLACK_WEBHOOK_URL", True), ("GH_PAT", True), ("SENTRY_DSN", True),
        ("npm_authtoken", True),         ("GOOGLE_APPLICATION_CREDENTIALS", True), ("VLLM_API_KEY", True),
        ("VLLM_PWD", True), ("NCCL_PIN", True), ("VLLM_JWT", True), ("VLLM_LOGGING_LEVEL", False),
        ("CUDA_VISIBLE_DEVICES", False), ("HF_HOME", False), ("OMP_NUM_THREADS", False), ("NCCL_DEBUG", False),
    ],
)  # fmt: skip
def test_names_of_secrets_are_told_from_others(name: str, secret: bool) -> None:
    assert child.is_secret(name) is secret
