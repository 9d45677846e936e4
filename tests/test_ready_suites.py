"""The suites that ship: accepted by `evalkit check`, and run by real weights, offline."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from evalkit.suite import builtin_tasks
from evalkit.suite.loading import load_suite
from tests.conftest import REPO
from tests.tables import table
from tests.world import evalkit

DOMAIN = sorted(path.name for path in (REPO / "suites").glob("domain-*.yaml"))
BENCHMARKS = ["mmlu.yaml", "instructions.yaml", "reasoning.yaml", "tools.yaml"]


@pytest.fixture(scope="module")
def task_data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files as `scripts/task_data.py` writes them."""
    spec = importlib.util.spec_from_file_location("task_data", REPO / "scripts" / "task_data.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder = tmp_path_factory.mktemp("task_data")
    assert script.main(shared_data, folder) == 0
    return folder


@pytest.fixture(scope="module")
def some_data(task_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with every eighth question of the 14,042 of MMLU; tests/test_suite_tasks.py examines all of them."""
    folder = tmp_path_factory.mktemp("some_data")
    for path in task_data.iterdir():
        (folder / path.name).symlink_to(path)
    lines = (task_data / "mmlu.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "mmlu.jsonl").unlink()
    (folder / "mmlu.jsonl").write_bytes(b"".join(lines[::8]))
    return folder


def test_there_is_a_suite_for_each_domain() -> None:
    assert DOMAIN == ["domain-finance.yaml", "domain-legal.yaml", "domain-medical.yaml", "domain-support.yaml"]


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", DOMAIN)
def test_a_domain_suite_runs_to_its_end_on_the_embedded_model(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "run", REPO / "suites" / name, "--limit", "20", "--no-cache")
    assert ran.code == 0, ran.err


@pytest.mark.long
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_suite_is_accepted(
    name: str, some_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALKIT_DATA", str(some_data))
    ran = evalkit(capsys, "check", REPO / "suites" / name)
    assert ran.code == 0, ran.err


@pytest.mark.long
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_suite_runs_to_its_end_on_the_embedded_model(
    name: str, some_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one record a task: what takes the time is the 2,048 tokens that a tiny model babbles on for."""
    monkeypatch.setenv("EVALKIT_DATA", str(some_data))
    ran = evalkit(capsys, "run", REPO / "suites" / name, "--limit", "1", "--no-cache", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["models"]["tiny"]["all"]["outcomes"]["errored"] == 0


@pytest.mark.long
@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_longest_prompt_of_a_benchmark_suite_fits_the_embedded_model(
    name: str, task_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tokenizers import Tokenizer

    monkeypatch.setenv("EVALKIT_DATA", str(task_data))
    folder = REPO / "evalkit" / "checkpoints" / "tiny"
    window = json.loads((folder / "config.json").read_text("utf-8"))["max_position_embeddings"]
    longest = max(
        (
            "".join(message.content for message in sample.messages)
            for task in load_suite(REPO / "suites" / name).tasks
            for sample in task.samples()
        ),
        key=len,
    )
    assert len(Tokenizer.from_file(str(folder / "tokenizer.json")).encode(longest).ids) + 512 < window


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_suite_without_data_says_what_to_set(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    ran = evalkit(capsys, "check", REPO / "suites" / name)
    assert ran.code == 2
    assert "EVALKIT_DATA is not set" in ran.err


PINNED = {
    "bbh", "bfcl", "gsm8k", "humaneval", "ifbench", "ifeval", "legalbench", "mmlu", "mmlu_pro", "mt_bench",
    "pubmedqa", "truthfulqa",
}  # fmt: skip
"""Those whose items at one commit are in the shared data, where the parity tests read them."""


@table("name", builtin_tasks.names())
def test_a_built_in_task_says_what_it_is_and_where_its_data_was_compared(name: str) -> None:
    entry = builtin_tasks.definition(name)
    assert entry.name == name
    assert entry.licence
    assert entry.source
    assert entry.version >= 1
    assert (entry.revision == "unverified") == (name not in PINNED)
    assert entry.score is not None
