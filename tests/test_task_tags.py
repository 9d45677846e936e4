"""`tags:` on tasks, and `--tag` that chooses by them."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalkit as library
from tests.world import evalkit

Capture = pytest.CaptureFixture[str]
TASK = '{{name: {name}, tags: {tags}, cases: [{{q: a, expected: "4"}}], prompt: "{{{{ q }}}}", score: exact}}'


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    named = {"quick": "smoke", "slow": "[nightly, german]", "both": "[smoke, german]"}
    tasks = "\n".join(f"  - {TASK.format(name=name, tags=tags)}" for name, tags in named.items())
    path = tmp_path / "suite.yaml"
    path.write_text(f'name: tagged\nmodels: {{m: {{adapter: scripted, replies: {{"*": "4"}}}}}}\ntasks:\n{tasks}\n')
    return path


@pytest.mark.parametrize(
    ("options", "tasks"),
    [
        (("--tag", "smoke"), {"quick", "both"}),
        (("--tag", "smoke", "--tag", "nightly"), {"quick", "slow", "both"}),
        (("--tag", "german", "--tasks", "both,quick"), {"both"}),
        ((), {"quick", "slow", "both"}),
    ],
)
def test_tasks_are_chosen_by_their_tags(
    options: tuple[str, ...], tasks: set[str], suite: Path, capsys: Capture, tmp_path: Path
) -> None:
    ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--json", *options)
    assert ran.code == 0, ran.err
    assert set(ran.json["models"]["m"]["tasks"]) == tasks


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--tag", "smok"), "did you mean 'smoke'?"), (("--tag", "nightly", "--tasks", "quick"), "none of --tasks")],
)
def test_a_tag_that_no_task_has_is_one_sentence(
    options: tuple[str, ...], said: str, suite: Path, capsys: Capture
) -> None:
    found = evalkit(capsys, "check", suite, *options)
    assert found.code == 2 and said in found.err


def test_python_chooses_by_tags_too(suite: Path, tmp_path: Path) -> None:
    run = library.run(suite, results=tmp_path / "results", task_tags=["nightly"])
    assert set(run["m"].frame()["task"]) == {"slow"}
