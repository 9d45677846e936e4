"""lm-eval's tasks that limit their time by signals give the same marks wherever Python calls a run, or a sentence."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import evalkit
from evalkit.errors import UserError
from tests.lm_eval_world import GENERATE, SUITE, write_tasks

pytest.importorskip("lm_eval", reason="SKIPPED LOUDLY: lm-eval is not installed here; `make test-lm-eval` runs these")
pytestmark = pytest.mark.filterwarnings("ignore")  # lm-eval's and datasets' own warnings are theirs

UTILS = """
import {module}

def limited():
    import signal
    before = signal.signal(signal.SIGALRM, lambda number, frame: None)
    signal.signal(signal.SIGALRM, before)

def mark(doc, results):
    # as putnam_axiom: what goes wrong is "not equal"
    try:
        limited()
        return {{"exact_match": 1.0}}
    except Exception:
        return {{"exact_match": 0.0}}

def docs(dataset):
    limited()  # as minerva_math: refused outright in a thread
    return dataset
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    write_tasks(tmp_path / "tasks", n=2)
    (tmp_path / "tasks" / "utils.py").write_text(UTILS.format(module="signal"), "utf-8")
    text = GENERATE.replace("tiny_gen", "limits") + "process_results: !function utils.mark\n"
    (tmp_path / "tasks" / "limits.yaml").write_text(text + "process_docs: !function utils.docs\n", "utf-8")
    written = "[{lm_eval: limits, include_path: tasks}]"
    models = '{m: {adapter: scripted, replies: {"*": "4"}}}'
    (tmp_path / "suite.yaml").write_text(SUITE.format(tasks=written, models=models, more=""), "utf-8")
    return tmp_path / "suite.yaml"


def asked(suite: Path) -> evalkit.Run:
    return evalkit.run(suite, results=suite.parent / "results", cache=False, allow_suite_code=True)


async def in_a_cell(suite: Path) -> evalkit.Run:
    return asked(suite)


async def awaited(suite: Path) -> evalkit.Run:
    return await evalkit.arun(suite, results=suite.parent / "results", cache=False, allow_suite_code=True)


@pytest.mark.parametrize(
    "call",
    [asked, lambda suite: asyncio.run(in_a_cell(suite)), lambda suite: asyncio.run(awaited(suite))],
    ids=["script", "notebook", "awaited"],
)
def test_marks_are_those_of_the_command_line(call: Callable[[Path], evalkit.Run], suite: Path) -> None:
    frame = call(suite).frame(text=True)
    assert (frame.outcome.tolist(), frame.score.tolist()) == (["right"] * 2, [1.0] * 2), frame.reason.tolist()


@pytest.mark.parametrize("module", ["signal", "json"])
def test_a_thread_without_the_main_one_refuses_the_task(module: str, suite: Path) -> None:
    """Before anything is built where its Python says so, else once it asks for a signal."""
    (suite.parent / "tasks" / "utils.py").write_text(UTILS.format(module=module), "utf-8")
    said: list[str] = []

    def work() -> None:
        try:
            asked(suite)
        except UserError as error:
            said.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "limits its time by signals" in said[0] and "evalkit run" in said[0], said
