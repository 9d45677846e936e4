"""Functions given in Python that do not end when they are cancelled, and groups of errors that hold cancellations."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import evalkit
from evalkit import Request, Suite, Task
from evalkit.adapters import awaiting
from evalkit.errors import LikelyMistakeWarning

pytestmark = pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
Model = Callable[[Request], Awaitable[str]]


async def _goes_on(request: Request) -> str:
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue


async def _awaits_what_goes_on(request: Request) -> str:
    inner = asyncio.ensure_future(_goes_on(request))
    return await asyncio.shield(inner)


async def _waits_with_its_task(request: Request) -> str:
    return await asyncio.ensure_future(_goes_on(request))


def _suite(model: Model) -> Suite:
    return Suite({"m": model}, [Task("t", data=[{"q": "a"}, {"q": "b"}], prompt="{{ q }}", target="x", score="exact")])


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "GRACE_S", 0.1)


@pytest.mark.parametrize("model", [_goes_on, _awaits_what_goes_on, _waits_with_its_task])
@pytest.mark.usefixtures("short_grace")
def test_a_function_that_ignores_its_time_limit_is_left_and_the_run_says_so(model: Model, tmp_path: Path) -> None:
    with pytest.warns(LikelyMistakeWarning, match="does not end when it is cancelled: .* is not waited for"):
        run = evalkit.run(_suite(model), results=tmp_path, timeout_s=0.1)
    frame = run.frame(text=True)
    assert (run.status, frame.outcome.tolist()) == ("incomplete", ["errored"] * 2)
    assert frame.error.str.contains("no answer within 0.1 s").all()
    if model is not _awaits_what_goes_on:  # which ends, and leaves a task behind
        assert frame.error.str.contains("is not waited for").all()


@pytest.mark.filterwarnings("ignore::evalkit.errors.LikelyMistakeWarning")
@pytest.mark.parametrize("model", [_goes_on, _waits_with_its_task])
@pytest.mark.parametrize("n_times", [1, 2])
def test_a_run_whose_function_ignores_that_it_is_cancelled_ends_with_its_loop(
    model: Model, n_times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`asyncio.run` of the person waits for every task at its end, and finds none of ours."""
    monkeypatch.setattr(awaiting, "GRACE_S", 0.1)
    monkeypatch.setattr("evalkit.engine.runner.GRACE_S", 0.1)
    started = asyncio.Event()

    async def ask(request: Request) -> str:
        started.set()
        return await model(request)

    async def main() -> None:
        running = asyncio.ensure_future(evalkit.arun(_suite(ask), results=tmp_path))
        await started.wait()
        for _ in range(n_times):
            running.cancel()
            await asyncio.sleep(0.02)
        with pytest.raises(asyncio.CancelledError):
            await running
        if model is _waits_with_its_task:  # the task that the function made itself is in the person's own loop
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                asyncio.tasks._unregister_task(task)
                task._log_destroy_pending = False  # type: ignore[attr-defined]

    asyncio.run(asyncio.wait_for(main(), 20))
    stored = evalkit.open_run("latest", results=tmp_path)
    assert (stored.status, len(stored.frame())) == ("interrupted", 0)


@pytest.mark.usefixtures("short_grace")
def test_a_scorer_that_ignores_its_time_limit_gives_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evalkit.scorers.function.LONGEST_S", 0.05)

    async def score(answer: str, record: object) -> bool:
        return bool(await _goes_on(Request(messages=())))

    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=score)
    run = evalkit.run(Suite({"m": lambda r: "x"}, [task]), results=tmp_path)
    assert run.frame().outcome.tolist() == ["errored"]
    assert "is not waited for" in run.frame(text=True).reason[0]


SCRIPT = """
import asyncio, sys, evalkit
async def goes_on(request):
    print("asked", flush=True)
    while True:
        try:
            await asyncio.sleep(60)
        except:
            pass
async def by_a_task(request):
    await asyncio.ensure_future(goes_on(request))
rows = [{"q": f"q{i}"} for i in range(5)]
task = evalkit.Task("t", data=rows, prompt="{{ q }}", target="a", score="exact")
suite = evalkit.Suite({"m": globals()[sys.argv[2]]}, [task])
evalkit.run(suite, results=sys.argv[1])
"""


IN_A_THREAD = """
import asyncio, sys, time, evalkit
async def ask(request):
    await asyncio.to_thread(time.sleep, 0.01 if request.prompt < "q3" else 600)
    return "a"
rows = [{"q": f"q{i}"} for i in range(5)]
task = evalkit.Task("t", data=rows, prompt="{{ q }}", target="a", score="exact")
run = evalkit.run(evalkit.Suite({"m": ask}, [task]), results=sys.argv[1], timeout_s=1)
print(run.status, run.frame().score.sum())
"""


@pytest.mark.long
def test_a_thread_that_a_function_started_keeps_no_script_from_ending(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(IN_A_THREAD)
    command = [sys.executable, "-W", "ignore", tmp_path / "script.py", tmp_path / "results"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, "incomplete 3.0\n"), ran.stderr


@pytest.mark.long
@pytest.mark.parametrize("name", ["goes_on", "by_a_task"])
def test_ctrl_c_ends_a_script_whose_function_ignores_everything(name: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py", tmp_path / "results", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "EVALKIT_CACHE": str(tmp_path / "cache")},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGINT)  # waits for answers under way
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)  # does not
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "KeyboardInterrupt" in said
    stored = evalkit.open_run("latest", results=tmp_path / "results")
    assert len(stored.frame()) == 0


def _holding(*errors: BaseException) -> Model:
    async def ask(request: Request) -> str:
        raise BaseExceptionGroup("several", list(errors))

    return ask


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (_holding(asyncio.CancelledError()), "the call cancelled itself"),
        (_holding(asyncio.CancelledError(), ValueError("inner words")), "inner words"),
        (_holding(ExceptionGroup("", [OSError("inner words")]), asyncio.CancelledError()), "inner words"),
        (_holding(asyncio.CancelledError(), BaseExceptionGroup("", [SystemExit("own end")])), "own end"),
    ],
)
def test_a_group_that_holds_a_cancellation_is_the_failure_of_its_item(model: Model, said: str, tmp_path: Path) -> None:
    asked = evalkit.run(_suite(model), results=tmp_path)
    frame = asked.frame(text=True)
    assert (asked.status, frame.outcome.tolist()) == ("incomplete", ["errored"] * 2)
    assert frame.error.str.contains(said).all(), frame.error.tolist()

    async def score(answer: str, record: object) -> bool:
        return bool(await model(Request(messages=())))

    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=score)
    scored = evalkit.run(Suite({"m": lambda r: "x"}, [task]), results=tmp_path)
    assert scored.frame().outcome.tolist() == ["errored"]


def test_a_group_of_a_blocking_function_too(tmp_path: Path) -> None:
    def ask(request: Request) -> str:
        raise BaseExceptionGroup("several", [asyncio.CancelledError(), ValueError("inner words")])

    def score(answer: str, record: object) -> bool:
        if answer == "x":
            raise BaseExceptionGroup("several", [asyncio.CancelledError(), ValueError("inner words")])
        return True

    asked = evalkit.run(Suite({"m": ask}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="x",
                                                score="exact")]), results=tmp_path)  # fmt: skip
    assert asked.frame().outcome.tolist() == ["errored"] and "inner words" in asked.frame(text=True).error[0]
    scored = evalkit.run(
        Suite({"m": lambda r: "x"}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=score)]), results=tmp_path
    )
    assert scored.frame().outcome.tolist() == ["errored"]
