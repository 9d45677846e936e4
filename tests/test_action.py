"""The GitHub action: its scripts run here as the runner runs them, with a stand-in for GitHub's own command line."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import REPO
from tests.gate_world import gate, scores, stored

STEPS = {
    step.get("name", step.get("uses")): step
    for step in YAML(typ="safe", pure=True).load((REPO / "action.yml").read_text())["runs"]["steps"]
}


def bash(script: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "RUNNER_TEMP": str(folder), **env},
    )


def a_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_no_input_is_pasted_into_a_script() -> None:
    for name, step in STEPS.items():
        assert "${{" not in step.get("run", ""), name


@pytest.mark.parametrize("more", ["--policy p.yaml --max-cost 5", "--policy p.yaml\n--max-cost 5\n"])
@pytest.mark.parametrize("exit_code", [0, 1, 3])
def test_the_verdict_s_exit_code_and_files_reach_the_job(tmp_path: Path, exit_code: int, more: str) -> None:
    a_program(tmp_path / "evalkit" / "bin" / "evalkit", f'#!/bin/bash\nprintf "%s\\n" "$@" > args\nexit {exit_code}\n')
    hostile = "suites/$(touch owned).yaml"
    env = {"SUITE": hostile, "BASELINES": "b", "RESULTS": "r", "ARGUMENTS": more, "GITHUB_OUTPUT": "out"}
    ran = bash(STEPS["Decide"]["run"], tmp_path, **env)
    assert ran.returncode == 0, ran.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "out").read_text().split())
    assert outputs["exit-code"] == str(exit_code)
    given = (tmp_path / "args").read_text().split("\n")
    assert given[:3] == ["run", hostile, "--gate"]
    assert given[-5:-1] == ["--policy", "p.yaml", "--max-cost", "5"]
    assert not (tmp_path / "owned").exists()
    assert bash(STEPS["Verdict"]["run"], tmp_path, CODE=outputs["exit-code"]).returncode == exit_code


@pytest.mark.long
def test_one_comment_is_kept(tmp_path: Path) -> None:
    run = stored(tmp_path / "results", {"base": scores(300), "cand": scores(300)}, gate())
    command = [sys.executable, "-m", "evalkit", "gate", str(run), "--markdown", str(tmp_path / "gate.md")]
    subprocess.run(command, check=True, capture_output=True, cwd=REPO)
    gh = '#!/bin/bash\nprintf "%s\\n" "$*" >> calls\n[[ "$*" == *--paginate* ]] && cat existing\nexit 0\n'
    a_program(tmp_path / "bin" / "gh", gh)
    env: dict[str, Any] = {"REPOSITORY": "o/r", "NUMBER": "7", "MARKDOWN": str(tmp_path / "gate.md"), "GH_TOKEN": "t"}
    script = f"bash {REPO / 'scripts' / 'gate_comment.sh'}"
    (tmp_path / "existing").write_text("")
    assert bash(script, tmp_path, **env).returncode == 0
    (tmp_path / "existing").write_text("123\n")
    assert bash(script, tmp_path, **env).returncode == 0
    calls = [call for call in (tmp_path / "calls").read_text().split("\n") if "--method" in call]
    assert re.search(r"POST repos/o/r/issues/7/comments", calls[0])
    assert re.search(r"PATCH repos/o/r/issues/comments/123", calls[1])


def test_a_token_that_may_not_write_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "gate.md").write_text("<!-- evalkit gate: x -->\n")
    a_program(tmp_path / "bin" / "gh", "#!/bin/bash\nexit 1\n")
    env = {"REPOSITORY": "o/r", "NUMBER": "7", "MARKDOWN": str(tmp_path / "gate.md"), "GH_TOKEN": "t"}
    ran = bash(f"bash {REPO / 'scripts' / 'gate_comment.sh'}", tmp_path, **env)
    assert ran.returncode == 0
    assert "summary" in ran.stdout


@pytest.mark.parametrize("name", ["action.yml", ".github/workflows/ci.yml"])
def test_every_action_is_pinned_to_a_commit_and_says_its_version(name: str) -> None:
    used = re.findall(r"uses: (.*)", (REPO / name).read_text())
    assert used
    for one in used:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_the_workflow_reads_only_and_keeps_no_token() -> None:
    workflow = YAML(typ="safe", pure=True).load((REPO / ".github/workflows/ci.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert "permissions" not in job
    assert any(".ci/run" in step.get("run", "") for step in job["steps"])
    checkouts = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_install_step_imports_nothing_from_the_checkout(tmp_path: Path) -> None:
    """`python -m venv` would run the checkout's venv.py, with the keys of the step in its environment."""
    for name in ("venv", "ensurepip", "pip", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r})\n")
    a_program(tmp_path / "bin" / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    made, _, _ = STEPS["Install evalkit"]["run"].partition("&&")
    bash(f"{made.strip()} --without-pip", tmp_path, PYTHONPATH=str(tmp_path))
    assert (tmp_path / "evalkit" / "pyvenv.cfg").is_file()
    assert not (tmp_path / "ran").exists()


def test_no_step_runs_a_module_of_python_from_the_checkout() -> None:
    for name, step in STEPS.items():
        assert not re.search(r"python3?(?! -[IP])[^\n;&|]* -m ", step.get("run", "")), name


@pytest.mark.parametrize(
    ("keys", "env", "there"),
    [
        ("OPENAI_API_KEY", {"OPENAI_API_KEY": "sk-canary"}, "true"),
        ("OPENAI_API_KEY ANTHROPIC_API_KEY", {"OPENAI_API_KEY": "sk-canary"}, "false"),
        ("OPENAI_API_KEY\nANTHROPIC_API_KEY\n", {"OPENAI_API_KEY": "sk-canary"}, "false"),
        ("OPENAI_API_KEY", {"OPENAI_API_KEY": ""}, "false"),
        ("", {}, "true"),
    ],
)
def test_a_fork_without_secrets_ends_neutral_and_says_so(
    tmp_path: Path, keys: str, env: dict[str, str], there: str
) -> None:
    given = {"KEYS": keys, "GITHUB_OUTPUT": "out", "GITHUB_STEP_SUMMARY": "summary", **env}
    ran = bash(STEPS["Keys"]["run"], tmp_path, **given)
    assert ran.returncode == 0 and (tmp_path / "out").read_text() == f"there={there}\n"
    said = (tmp_path / "summary").read_text() if (tmp_path / "summary").exists() else ""
    assert ("decided nothing" in said) == (there == "false") and "canary" not in said + ran.stdout + ran.stderr
    after = [step for name, step in STEPS.items() if name != "Keys"]
    assert all("steps.keys.outputs.there == 'true'" in step.get("if", "") for step in after)


def test_a_key_that_is_no_name_is_refused(tmp_path: Path) -> None:
    ran = bash(
        STEPS["Keys"]["run"], tmp_path, KEYS="a[$(touch${IFS}owned)]", GITHUB_OUTPUT="out", GITHUB_STEP_SUMMARY="s"
    )
    assert ran.returncode == 2 and not (tmp_path / "owned").exists()
