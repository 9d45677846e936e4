"""What a vLLM server that evalkit starts gets to see, and what its log keeps."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from evalkit import child
from evalkit.adapters.vllm import child as vllm_child
from evalkit.adapters.vllm.child import environment, keep_log, secrets_of
from evalkit.adapters.vllm.installation import find_vllm, vllm_version

HIDDEN = (
    "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "GH_PAT", "DATABASE_URL", "DB_PASS", "PGPASSWORD", "SLACK_WEBHOOK_URL",
    "NPM_CONFIG_USERCONFIG", "GOOGLE_APPLICATION_CREDENTIALS", "SSH_AUTH_SOCK", "NETRC", "KUBECONFIG", "HF_TOKEN",
    "HTTPS_PROXY", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "GIT_DIR", "VLLM_S3_SECRET", "HF_HUB_OTHER_TOKEN",
)  # fmt: skip
SHOWN = ("HOME", "CUDA_VISIBLE_DEVICES", "HF_HOME", "VLLM_CPU_KVCACHE_SPACE", "NCCL_DEBUG", "OMP_NUM_THREADS")


@pytest.fixture
def canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*HIDDEN, *SHOWN):
        monkeypatch.setenv(name, f"canary-{name}")


def test_a_server_sees_what_it_needs_and_no_key(canaries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = environment("own-key", from_hub=False)
    assert {name for name in SHOWN if seen.get(name) == f"canary-{name}"} == set(SHOWN)
    assert not {name for name in HIDDEN if name in seen}
    assert seen["VLLM_API_KEY"] == "own-key" and seen["PYTHONSAFEPATH"] == "1"
    hub = environment("own-key", from_hub=True)
    assert hub["HF_TOKEN"] == "canary-HF_TOKEN" and hub["HTTPS_PROXY"] == "canary-HTTPS_PROXY"
    assert not {name for name in HIDDEN if name in hub} - {"HF_TOKEN", "HTTPS_PROXY"}
    monkeypatch.setenv(vllm_child.PASSED_ON, "AWS_SESSION_TOKEN, NETRC")
    assert {"AWS_SESSION_TOKEN", "NETRC"} <= environment("own-key", from_hub=False).keys(), "the person may say so"


def test_a_relative_place_is_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hub").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", "hub")
    assert environment("k", from_hub=False)["HF_HOME"] == str(tmp_path / "hub")


@pytest.mark.long(but=3)
@pytest.mark.parametrize(
    "name", ["csv", "json", "vllm", "email", "importlib", "sitecustomize", "usercustomize", "os", "zipfile", "re"]
)
def test_the_question_for_the_version_imports_nothing_from_the_checkout(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "PWNED"
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (checkout / "evil.pth").write_text(f"import os; open({str(mark)!r}, 'w')\n")
    (checkout / "pyvenv.cfg").write_text("home = .\n")
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "vllm").write_text("#!/bin/sh\n")
    (binaries / "vllm").chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", f".:{checkout}")
    monkeypatch.setenv("PYTHONSTARTUP", str(checkout / f"{name}.py"))
    monkeypatch.setenv("HOME", str(checkout))
    monkeypatch.chdir(checkout)
    assert vllm_version(str(binaries / "vllm")) is None, "no vLLM is installed here"
    assert not mark.exists()


def test_vllm_is_not_looked_for_in_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vllm").write_text("#!/bin/sh\n")
    (tmp_path / "vllm").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVALKIT_VLLM", raising=False)
    for path in (".", "", "./"):
        monkeypatch.setenv("PATH", path)
        assert find_vllm() == ("vllm", None)
    monkeypatch.setenv("EVALKIT_VLLM", "./vllm")
    assert find_vllm()[1] == str(tmp_path / "vllm"), "what the person names is found, wherever the server stands"


def test_the_workers_of_a_server_import_nothing_from_the_folder_where_somebody_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text(f"open({str(tmp_path / 'PWNED')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    worker = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import json'], check=True)"
    done = child.run([sys.executable, "-c", worker], timeout_s=60, environment=environment("k", from_hub=False))
    assert done.code == 0
    assert not (tmp_path / "PWNED").exists()


def logged(tmp_path: Path, code: str, secrets: frozenset[str]) -> str:
    process = child.start(child.python("-c", code), stdout=child.PIPE, stderr=child.STDOUT)
    assert process.stdout is not None
    keep_log(process.stdout, tmp_path / "log", secrets).join(60)
    child.end(process)
    return (tmp_path / "log").read_text("utf-8")


def test_a_log_holds_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:canary-pw@proxy:1")
    secrets = secrets_of(environment("own-canary-key", from_hub=True))
    code = (
        "import sys; print('a sk-canary-0123 b'); print('own-canary-key', file=sys.stderr); "
        "print('http://user:canary-pw@proxy:1/x'); sys.stdout.buffer.write(b'\\xff own-canary-key'); "
        "print('\\n' + 'x' * 65530 + 'own-canary-key' + 'y' * 200000); print('ok')"
    )
    text = logged(tmp_path, code.replace("\\xff", ""), secrets)
    assert "canary" not in text
    assert text.count("[key removed]") == 4
    assert "[line cut by evalkit]" in text and text.endswith("ok\n")


def test_a_log_has_an_end_and_the_server_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_child, "MOST_LOG_BYTES", 10_000)
    mark = tmp_path / "done"
    text = logged(tmp_path, f"for n in range(10**5): print('x' * 50)\nopen({str(mark)!r}, 'w')", frozenset())
    assert mark.exists()
    assert len(text) < 11_000 and "the log ends here" in text
