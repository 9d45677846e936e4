"""docs/tutorials: each page's steps as they stand there. (logs-to-verdict.md has a test of its own.)"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.conftest import REPO
from tests.world import Ran, evalkit

Capture = pytest.CaptureFixture[str]
PAGES = REPO / "docs" / "tutorials"


def blocks(page: str, kind: str) -> list[str]:
    """The page's blocks of one language."""
    return re.findall(rf"```{kind}\n(.*?)```", (PAGES / page).read_text("utf-8"), re.DOTALL)


def commands(page: str) -> list[list[str]]:
    """The page's calls of evalkit, as words."""
    whole = "\n".join(blocks(page, "bash")).replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in whole.split("\n") if line.startswith("evalkit ")]


def says(ran: Ran, lines: str) -> None:
    """Every line of the page stands in what the command said."""
    for line in lines.strip().split("\n"):
        assert line in ran.out, f"{line!r} is not in\n{ran.out}"


@pytest.mark.long
def test_my_csv_and_two_closed_models(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "csv-two-models.md"
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(page, "python")[0], page, "exec"), {})
    init, scripted, without_keys, trying, gating, comparing, loosened = commands(page)
    right = {"charged": "billing", "days ago": "delivery", "scratches": "returns"}
    hasty = Behaviour(answers={"8 days ago": "billing", **right})
    with FakeProvider.in_thread(Behaviour(answers=right)) as gpt, FakeProvider.in_thread(hasty) as claude:
        monkeypatch.setenv("OPENAI_BASE_URL", gpt.base_url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", claude.base_url.removesuffix("/v1"))
        monkeypatch.setenv("EVALKIT_KEY_HOSTS", "127.0.0.1")
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.setenv(name, "sk-none-of-any-provider")
        made = evalkit(capsys, *init)
        assert made.code == 0, made.err
        says(made, blocks(page, "text")[0])
        assert evalkit(capsys, *scripted).code == 0
        untold = evalkit(capsys, *without_keys, "--results", "tried-results")
        assert untold.code == 1 and "FAIL" in untold.out, untold.out + untold.err
        tried = evalkit(capsys, *trying)
        assert tried.code == 0, tried.err
        decided = evalkit(capsys, *gating)
        assert decided.code == 3, decided.out + decided.err
        says(decided, blocks(page, "text")[1])
        compared = evalkit(capsys, *comparing)
        assert compared.code == 0 and "days ago" in compared.out
        assert evalkit(capsys, *loosened).code == 0


def test_the_figures_of_the_page_on_own_gpus(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "own-gpus.md"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot.yaml").write_text(blocks(page, "yaml")[0], encoding="utf-8")
    ran = evalkit(capsys, *commands(page)[0])
    assert ran.code == 0, ran.err
    assert ran.out.startswith(blocks(page, "text")[0]), "the page leaves out no line, the unit least of all"


@pytest.mark.long
def test_ollama_and_vllm_beside_gpt(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "own-beside-closed.md"
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks(page, "python")[0], page, "exec"), {})
    suite, hosted = blocks(page, "yaml")
    right = {"charged": "billing", "days ago": "delivery", "scratches": "returns"}
    ollama = Behaviour(flavour="ollama", models=("qwen3:4b",), answers={"lamp was to come": "billing", **right})
    vllm = Behaviour(flavour="vllm", models=("Qwen/Qwen3.5-32B",), answers=right)
    check, plan, trying, running, gating, comparing, loading, again, breaking_even = commands(page)
    with (
        FakeProvider.in_thread(Behaviour(answers=right)) as gpt,
        FakeProvider.in_thread(ollama) as small,
        FakeProvider.in_thread(vllm) as large,
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", gpt.base_url)
        monkeypatch.setenv("EVALKIT_KEY_HOSTS", "127.0.0.1")

        def here(text: str) -> str:
            return text.replace("http://127.0.0.1:11434", small.origin).replace(
                "http://127.0.0.1:8000/v1", large.base_url
            )

        Path("suite.yaml").write_text(here(suite), encoding="utf-8")
        for looking in (check, plan):
            looked = evalkit(capsys, *looking)
            assert looked.code == 0, looked.err
        assert not any(len(one.account) for one in (gpt, small, large)), "nothing was sent"
        monkeypatch.setenv("OPENAI_API_KEY", "sk-none-of-any-provider")
        assert evalkit(capsys, *trying).code == 0
        ran = evalkit(capsys, *running)
        assert ran.code == 0, ran.err
        says(ran, blocks(page, "text")[0])
        decided = evalkit(capsys, *gating)
        assert decided.code == 1, decided.out + decided.err
        says(decided, blocks(page, "text")[1])
        says(evalkit(capsys, *comparing), blocks(page, "text")[2])
        unpriced = hosted.partition("    hosting:")[0]
        assert unpriced in suite, "step 6 adds one line to the model of step 3"
        Path("suite.yaml").write_text(here(suite.replace(unpriced, hosted)), encoding="utf-8")
        for step in (loading, again):
            told = evalkit(capsys, *step)
            assert told.code == 0, told.out + told.err
        shown = evalkit(capsys, "show", "latest", "--json").json["models"]
        costs = {name: shown[name]["all"]["cost"]["total_usd"] for name in shown}
        assert costs["qwen-large"] > 0 and costs["qwen-small"] is None
        crossing = evalkit(capsys, *breaking_even)
        assert crossing.code == 0 and "qwen-large" in crossing.out, crossing.err


def test_the_notebook_s_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, cell in enumerate(blocks("notebook.md", "python")):
        exec(compile(cell, f"notebook.md, cell {number + 1}", "exec"), names)
    assert names["result"].decision == "fail"  # type: ignore[attr-defined]
    by_model = names["by_model"]
    assert by_model.loc["careful", "part.exact"] == 1.0 and by_model.loc["hasty", "part.form"] == 1.0  # type: ignore[attr-defined]
    page = (PAGES / "notebook.md").read_text("utf-8")
    assert f"wrong on {len(names['wrong'])} of 60 tickets" in page  # type: ignore[arg-type]


class Job:
    """The steps of one job of the workflow, run by bash with a stand-in for `gh` and `git`."""

    def __init__(self, name: str, folder: Path) -> None:
        workflow = YAML(typ="safe", pure=True).load(blocks("gate-a-pull-request.md", "yaml")[1])
        self.steps = {step["name"]: step for step in workflow["jobs"][name]["steps"] if "name" in step}
        self.text = blocks("gate-a-pull-request.md", "yaml")[1]
        self.folder = folder
        self.temp = folder / "temp"
        """Outside of the checkout, which a pull request fills."""
        self.temp.mkdir(exist_ok=True)
        binaries = folder / "bin"
        binaries.mkdir(exist_ok=True)
        for program, text in {
            "evalkit": f'exec "{sys.executable}" -m evalkit "$@"',
            "gh": f'echo "gh $*" >> {folder}/calls; [[ "$1" == run ]] && exit 1; exit 0',
            "git": f'echo "git $*" >> {folder}/calls',
        }.items():
            (binaries / program).write_text(f"#!/bin/bash\n{text}\n")
            (binaries / program).chmod(0o755)

    def run(self, step: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        given = {"PATH": path, "HOME": str(self.folder), "PYTHONPATH": str(REPO), "GH_TOKEN": "t", **env}
        given |= {"RUNNER_TEMP": str(self.temp)}
        script = self.steps[step]["run"]
        assert "${{" not in script, "inputs reach a script as variables"
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder, env=given, capture_output=True, text=True, check=False,
        )  # fmt: skip


CHANGES = {
    "a file of the suites": ("echo x >> suites/support.yaml", True),
    "a new baseline": ("mkdir baselines; echo x > baselines/x.yaml", True),
    "data that is moved out": ("mkdir old; git mv suites/tickets.jsonl old/", True),
    "a suite that is moved out": ("mkdir old; git mv suites/support.yaml old/", True),
    "a suite behind thousands of files": (
        "mkdir a; for n in $(seq 3100); do : > a/$n; done; echo x >> suites/support.yaml", True,
    ),
    "a link in the place of the folder": ("git mv suites old; ln -s old suites", True),
    "another folder": ("mkdir -p src/suites; echo x > src/suites/x.py; echo x >> README.md", False),
}  # fmt: skip


@pytest.mark.parametrize(
    "change", [pytest.param(name, marks=[pytest.mark.long] * ("thousands" in name)) for name in CHANGES]
)
def test_a_pull_request_cannot_hide_that_it_changes_a_suite(tmp_path: Path, change: str) -> None:
    made, decides = CHANGES[change]
    (tmp_path / "checkout" / "suites").mkdir(parents=True)
    for name in ("suites/support.yaml", "suites/tickets.jsonl", "README.md"):
        (tmp_path / "checkout" / name).write_text("one\n")
    commit = "git add -A; git -c user.name=a -c user.email=a@localhost commit -qm x"
    script = (
        f"git init -q -b main; {commit}; git checkout -q -b change; {made}; {commit}; git checkout -q main; "
        "git -c user.name=a -c user.email=a@localhost merge -q --no-ff -m merge change"
    )
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["bash", "-ec", script], cwd=tmp_path / "checkout", env=plain, check=True)
    gate = Job("gate", tmp_path / "checkout")
    (tmp_path / "checkout" / "bin" / "git").unlink()
    output = tmp_path / "output"
    output.write_text("")
    looked = gate.run("Look what changed", GITHUB_OUTPUT=str(output))
    assert looked.returncode == 0, looked.stderr
    assert ("gate=yes" in output.read_text()) is decides
    assert ("nothing to decide" in looked.stdout) is not decides
    status = subprocess.run(
        ["git", "status", "--porcelain"],
        cwd=tmp_path / "checkout",
        env=plain,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line[3:] for line in status.stdout.splitlines()} == {"bin/"}, "a checkout can hold a link under any name"


@pytest.mark.long
def test_the_workflow_seeds_a_baseline_and_the_gate_uses_it(tmp_path: Path, capsys: Capture) -> None:
    page = "gate-a-pull-request.md"
    (tmp_path / "suites").mkdir()
    queues = ("billing", "shipping", "returns")
    items = [{"id": f"t{n}", "ticket": f"Ticket {n}", "queue": queues[n % 3]} for n in range(120)]
    (tmp_path / "suites" / "tickets.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items))
    said = json.dumps({f"t{n}": queues[n % 3] for n in range(120)})
    suite = re.sub(
        r"\{adapter: openai, model: [\w.-]+\}", f"{{adapter: scripted, replies: {said}}}", blocks(page, "yaml")[0]
    )
    (tmp_path / "suites" / "support.yaml").write_text(suite)
    seed = Job("baseline", tmp_path)
    assert seed.run("Fetch the promoted run").returncode == 0 and (seed.temp / "results").is_dir()
    seeded = seed.run("Seed", GITHUB_ACTOR="ada", WHY="In production.")
    assert seeded.returncode == 0, seeded.stderr
    merged = (tmp_path / "baselines" / "support.yaml").read_text()
    assert "ada" in merged
    assert seed.run("Seed", GITHUB_ACTOR="bob", WHY="Again.").returncode == 0
    assert "bob" in (tmp_path / "baselines" / "support.yaml").read_text()
    (tmp_path / "baselines" / "support.yaml").write_text(
        merged
    )  # what was proposed is not merged yet: the gate goes on
    proposed = seed.run("Propose", GITHUB_RUN_ID="7", GITHUB_REPOSITORY="o/r")
    assert proposed.returncode == 0 and "gh pr create" in (tmp_path / "calls").read_text()
    gate = Job("gate", tmp_path)
    assert gate.run("Fetch the promoted run").returncode == 0
    assert not (tmp_path / "results").exists() and not (tmp_path / "fresh").exists()
    asked = (
        "--gate",
        "--new",
        "--models",
        "new",
        "--baselines",
        tmp_path / "baselines",
        "--results",
        gate.temp / "results",
    )
    decided = evalkit(capsys, "run", tmp_path / "suites" / "support.yaml", *asked)
    assert decided.code == 0 and "PASS" in decided.out, decided.out + decided.err
    written = tmp_path / "suites" / "support.yaml"
    written.write_text(suite.replace('prompt: "Sort', 'prompt: "Please sort'))
    refused = evalkit(capsys, "run", written, *asked)
    assert refused.code == 2 and "triage: the prompt" in refused.err and "models.new.prompt" in refused.err
    assert "new (about to be asked)" in refused.err
    own = re.search(r"prompt: \{triage: .*\}\}$", blocks(page, "yaml")[2], re.MULTILINE)
    assert own is not None
    written.write_text(re.sub(r"(  new: .*)\}( *#)", lambda found: f"{found[1]}, {own[0]}{found[2]}", suite))
    assert own[0] in written.read_text()
    other = evalkit(capsys, "run", written, *asked)
    assert other.code == 0 and "PASS" in other.out, other.out + other.err
    assert "pull_request_target" not in gate.text and "persist-credentials: false" in gate.text
    used = re.findall(r"uses: (\S+)", gate.text)
    assert all(re.search(r"@([0-9a-f]{40}|COMMIT)$", name) for name in used)
