"""Marks that take their time (programs, algebra) are made beside the event loop."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from pathlib import Path

import pytest

from evalkit.engine.event_loop import in_thread
from evalkit.scorers import code_worker
from evalkit.scorers.maths_worker import Worker
from evalkit.scorers.registry import make_scorer
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, finish, rows, run_folders, start


def write(folder: Path, base_url: str, *, test: str, n: int = 6) -> Path:
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for number in range(n):
            record = {
                "id": f"f{number}", "prompt": f"def f{number}():\n", "entry_point": f"f{number}",
                "test": f"def check(f):\n    {test}\n    assert f() == {number}\n",
                "canonical_solution": f"    return {number}\n",
            }  # fmt: skip
            file.write(json.dumps(record) + "\n")
    path = folder / "suite.yaml"
    path.write_text(
        f'name: programs\nmodels:\n  m: {{adapter: openai_chat, model: fake, weights: one, base_url: "{base_url}"}}\n'
        "tasks:\n  - name: code\n    data: {path: items.jsonl}\n"
        '    prompt: "{{ prompt }}"\n    score: code\nrun: {in_flight: 3}\n',
        encoding="utf-8",
    )
    return path


def test_the_event_loop_goes_on_while_a_mark_is_made() -> None:
    ticked = threading.Event()

    async def both() -> bool:
        waiting = asyncio.create_task(in_thread(lambda: ticked.wait(20)))
        await asyncio.sleep(0.01)
        ticked.set()  # never reached, were the loop held
        return await waiting

    assert asyncio.run(both())


def test_what_a_mark_raises_is_raised_where_it_is_awaited_and_a_cancelled_one_harms_nobody() -> None:
    async def broken() -> None:
        await in_thread(lambda: 1 / 0)

    async def given_up() -> int:
        task = asyncio.create_task(in_thread(lambda: time.sleep(0.05)))
        await asyncio.sleep(0.01)
        task.cancel()
        return await in_thread(lambda: 7)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(broken())
    assert asyncio.run(given_up()) == 7


def test_programs_and_algebra_are_slow_and_the_rest_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(code_worker._permission, "allowed", True)
    assert make_scorer("code", {}).slow
    assert make_scorer("math", {"take": {"after": "answer"}}).slow
    assert not make_scorer("choice", {}).slow


@pytest.mark.long
def test_a_run_of_programs_gives_the_same_marks_each_time_and_from_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(code_worker._permission, "allowed", False)
    with FakeProvider.in_thread(Behaviour(reply="    return 2\n")) as provider:
        suite = write(tmp_path, provider.base_url, test="pass")
        for _ in range(2):
            ran = evalkit(
                capsys, "run", suite, "--new", "--allow-code-execution", "--results", tmp_path / "results", "--json"
            )
            assert ran.code == 0, ran.err
            assert ran.json["models"]["m"]["all"]["outcomes"]["right"] == 1
    first, second = (rows(folder) for folder in run_folders(tmp_path / "results"))
    assert [row["score"] for row in first] == [row["score"] for row in second]
    assert all(row["cached"] for row in second)


@pytest.mark.long
def test_who_interrupts_twice_does_not_wait_for_a_program(tmp_path: Path) -> None:
    with FakeProvider.in_thread(Behaviour(reply="    while True: pass\n")) as provider:
        suite = write(tmp_path, provider.base_url, test="pass")
        suite.write_text(suite.read_text("utf-8").replace("score: code", "score: {code: {limit_s: 60}}"), "utf-8")
        process = start("run", suite, "--allow-code-execution", "--results", tmp_path / "results", "--no-cache")
        until = time.monotonic() + 60
        while len(provider.account) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        asked_at = time.monotonic()
        assert finish(process, timeout_s=50).code == 130
        assert time.monotonic() - asked_at < 40  # one program alone would take 60 s


@pytest.mark.long
def test_the_comparing_process_imports_nothing_of_the_folder_that_one_stands_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evalkit").mkdir()
    (tmp_path / "evalkit/__init__.py").write_text("raise SystemExit('owned')")
    monkeypatch.chdir(tmp_path)
    worker = Worker()
    try:
        assert worker.compare("0.5", "\\boxed{\\frac12}", 3.0).same
    finally:
        worker.close()
