"""`import evalkit`: suites made in Python are asked, stored, compared and gated as those of files are."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

import evalkit
from evalkit import Model, Request, Response, Score, Suite, Task, Usage
from evalkit.api.options import OF_RUN, WORDS, RunKeywords, RunOptions
from evalkit.api.suite_parts import SuiteKeywords, TaskKeywords
from evalkit.errors import IncompleteRunWarning, LikelyMistakeWarning, RateLimited, SuiteError, UserError
from evalkit.main_thread import MainThreadLine
from evalkit.suite.schema.suite_file import SuiteFile
from evalkit.suite.schema.tasks import TaskEntry, WithEntry
from tests.conftest import REPO
from tests.door_world import billing, facts, right, same_queue, suite, task, tickets
from tests.world import evalkit as command
from tests.world import run_folders

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _prints_nothing(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    yield
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


# What is public


def test_every_public_name_is_there_and_nothing_else_is_listed() -> None:
    assert evalkit.__all__ == sorted(evalkit.__all__, key=lambda name: (name[0].islower(), name))  # ruff's order
    for name in evalkit.__all__:
        assert getattr(evalkit, name) is not None
    assert set(evalkit.__all__) <= set(dir(evalkit))
    with pytest.raises(AttributeError, match="no attribute 'rum'"):
        _ = evalkit.rum
    assert (REPO / "evalkit" / "py.typed").is_file()


def test_import_evalkit_imports_the_standard_library_only() -> None:
    code = (
        "import sys, evalkit; print(sorted({n.partition('.')[0] for n in sys.modules} - set(sys.stdlib_module_names)))"
    )
    found = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, cwd=REPO, check=True)
    assert set(eval(found.stdout)) <= {"evalkit", "__main__", "sitecustomize"}


def test_records_are_imported_without_an_sdk() -> None:
    heavy = ("openai", "anthropic", "aiohttp", "duckdb", "pandas", "numpy", "scipy", "pyarrow", "streamlit")
    code = f"import sys, evalkit; evalkit.Request, evalkit.Suite; print([n for n in {heavy} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPO, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.long
@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_a_downstream_file_passes_a_strict_type_checker(checker: str, tmp_path: Path) -> None:
    """Mypy in its strict mode, pyright in its standard one: its strict mode complains of the stubs of pandas."""
    file = REPO / "tests" / "downstream" / "uses_evalkit.py"
    if checker == "pyright":
        config = tmp_path / "pyrightconfig.json"
        settings = {"include": [str(file)], "typeCheckingMode": "standard", "extraPaths": [str(REPO)]}
        comments = {"enableTypeIgnoreComments": True, "reportUnnecessaryTypeIgnoreComment": "error"}
        config.write_text(json.dumps(settings | comments))
        arguments = ["basedpyright", "--project", str(config), "--pythonpath", sys.executable]
    else:
        arguments = ["mypy", "--strict", str(file)]
    ran = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=REPO, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_keyword_of_run_reaches_the_options_or_the_person_s_words() -> None:
    fields = set(RunOptions.__dataclass_fields__) - {"results", "run"}
    assert set(RunKeywords.__annotations__) == fields | set(OF_RUN) | set(WORDS)


def test_a_type_checker_knows_every_key_of_a_task_and_a_suite() -> None:
    def keys(*schemas: type[BaseModel]) -> set[str]:
        return {field.alias or name for schema in schemas for name, field in schema.model_fields.items()}

    named = {"name", "data", "prompt", "target", "score"}
    assert {key.rstrip("_") for key in TaskKeywords.__annotations__} == keys(TaskEntry, WithEntry) - named
    apart = {"name", "models", "judges", "tasks", "run", "gate", "prompts"}
    assert set(SuiteKeywords.__annotations__) == keys(SuiteFile) - apart


# Asking


def test_a_function_is_asked_and_its_rows_are_as_those_of_any_model(tmp_path: Path) -> None:
    run = evalkit.run(suite({"mine": right, "other": billing}), results=tmp_path)
    assert (run.status, list(run), list(run.tasks)) == ("complete", ["mine", "other"], ["triage"])
    frame = run.frame(text=True)
    assert len(frame) == 12
    assert frame.groupby("model", observed=True).score.mean().to_dict() == {"mine": 1.0, "other": pytest.approx(1 / 3)}
    assert set(frame.outcome) == {"right", "wrong"}
    assert frame.total_s.between(0, 1).all()
    assert frame.ttft_s.isna().all()
    assert set(frame.text) == {"billing", "shipping", "returns"}


def test_what_a_function_does_not_say_is_unknown_and_never_zero(tmp_path: Path) -> None:
    run = evalkit.run(suite(), results=tmp_path)
    frame = run.frame()
    for column in ("input_tokens", "output_tokens", "cost_usd", "spend_usd"):
        assert frame[column].isna().all(), column
    assert run.summary.models["mine"].all.cost.total_usd is None


def test_usage_that_a_function_reports_is_kept_and_priced_only_by_the_person_s_word(tmp_path: Path) -> None:
    async def counted(request: Request) -> Response:
        return Response("billing", usage=Usage(input=1_000_000, output=0, reasoning=0, provider_cost_usd=None))

    async def stated(request: Request) -> Response:
        from decimal import Decimal

        return Response("billing", usage=Usage(input=5, output=1, provider_cost_usd=Decimal("0.25")))

    models = {"plain": counted, "priced": Model(counted, price_as="openai:gpt-4o-mini"), "stated": stated}
    frame = evalkit.run(suite(models, n=3), results=tmp_path).frame()
    cost = frame.groupby("model", observed=True).cost_usd
    assert cost.count().to_dict() == {"plain": 0, "priced": 0, "stated": 3}  # output 0 beside an answer is no count
    assert cost.sum()["stated"] == pytest.approx(0.75)
    assert (frame[frame.model == "plain"].input_tokens == 1_000_000).all()


def test_a_function_that_is_not_async_runs_in_threads_side_by_side(tmp_path: Path) -> None:
    seen: set[str] = set()
    all_of_them = threading.Barrier(8)

    def slow(request: Request) -> str:
        seen.add(threading.current_thread().name)
        all_of_them.wait(timeout=60)  # nobody goes on before all eight are asked
        time.sleep(0.2)
        return "billing"

    frame = evalkit.run(suite({"slow": slow}, n=8), results=tmp_path, in_flight=8).frame()
    assert "MainThread" not in seen
    assert set(frame.outcome) <= {"right", "wrong"}
    assert (frame.total_s >= 0.19).all()


def test_anything_that_can_be_called_is_a_model(tmp_path: Path) -> None:
    from functools import partial

    class Client:
        def __init__(self, queue: str) -> None:
            self.queue = queue

        async def __call__(self, request: Request) -> str:
            return self.queue

        def ask(self, request: Request) -> str:
            return self.queue

    async def given(queue: str, request: Request) -> str:
        return queue

    models = {
        "object": Client("billing"),
        "method": Client("billing").ask,
        "partial": partial(given, "billing"),
        "lambda": lambda request: "billing",
        "awaitable": lambda request: given("billing", request),
    }
    frame = evalkit.run(suite(models, n=3), results=tmp_path).frame()
    assert frame.groupby("model", observed=True).score.sum().to_dict() == dict.fromkeys(models, 1.0)


def test_a_function_gets_the_request_with_settings_and_tools(tmp_path: Path) -> None:
    got: list[Request] = []

    async def ask(request: Request) -> str:
        got.append(request)
        return "billing"

    evalkit.run(
        suite(
            {"mine": Model(ask, settings={"temperature": 0.5, "extra": {"x": 1}})},
            tasks=[task(1, system="Be brief.", settings={"max_output_tokens": 7})],
        ),
        results=tmp_path,
    )
    assert [(m.role, m.content) for m in got[0].messages] == [
        ("system", "Be brief."),
        ("user", "Ticket 0 about billing."),
    ]
    assert got[0].prompt == "Ticket 0 about billing."
    settings = got[0].settings
    assert (settings.temperature, settings.max_output_tokens, settings.extra) == (0.5, 7, {"x": 1})


def test_what_a_function_raises_is_a_failure_of_that_item_alone(tmp_path: Path) -> None:
    async def ask(request: Request) -> str:
        if "Ticket 1" in request.prompt:
            raise ValueError("no such thing")
        return await right(request)

    with pytest.warns(IncompleteRunWarning, match="answers failed"):
        run = evalkit.run(suite({"mine": ask}), results=tmp_path)
    rows = run.frame(text=True).set_index("sample_id")
    assert run.status == "incomplete"
    assert rows.outcome.value_counts().to_dict() == {"right": 5, "errored": 1}
    assert np.isnan(rows.score["t1"])
    assert rows.error_kind["t1"] == "rejected"
    assert "the function raised ValueError: no such thing (test_python_door.py:" in rows.error["t1"]


def test_the_place_of_an_error_is_told_wherever_the_function_lies(tmp_path: Path) -> None:
    """Also in a folder that is called like evalkit, as a clone of it is."""
    place = tmp_path / "evalkit" / "mine.py"
    place.parent.mkdir()
    place.write_text("def ask(request):\n    raise ValueError('no such thing')\n")
    found: dict[str, Any] = {}
    exec(compile(place.read_text(), str(place), "exec"), found)
    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite({"mine": found["ask"]}), results=tmp_path)
    assert set(run.frame(text=True).error) == {"models.mine: the function raised ValueError: no such thing (mine.py:2)"}


class _Status(Exception):
    def __init__(self, status: int, words: str = "no") -> None:
        self.status_code = status
        super().__init__(words)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (_Status(429, "Rate limit reached"), "rate_limited"),
        (_Status(503), "overloaded"),
        (_Status(500), "server_error"),
        (_Status(401, "bad key"), "key_refused"),
        (_Status(404, "no such model"), "rejected"),
        (TimeoutError("late"), "stalled"),
        (ConnectionResetError("gone"), "connection_failed"),
        (RateLimited("later"), "rate_limited"),
        (KeyError("x"), "rejected"),
        (StopIteration(), "rejected"),
    ],
)
async def test_errors_of_a_function_have_the_kinds_of_all_adapters(error: Exception, kind: str) -> None:
    from evalkit.adapters.base import ModelSpec
    from evalkit.adapters.function import make
    from evalkit.errors import RequestError
    from evalkit.records import Message
    from evalkit.suite.functions import OwnFunction

    def ask(request: Request) -> str:
        raise error

    adapter = make(ModelSpec("m", "function", "f", function=OwnFunction.of(ask)))
    with pytest.raises(RequestError) as caught:
        await adapter.respond(Request((Message("user", "hi"),)))
    assert caught.value.kind == kind


def test_a_rate_limited_function_is_asked_again(tmp_path: Path) -> None:
    asked: list[str] = []

    async def ask(request: Request) -> str:
        asked.append(request.sample_id)
        if len(asked) == 1:
            raise RateLimited("later", retry_after_s=0.01)
        return "billing"

    run = evalkit.run(suite({"mine": ask}, n=2), results=tmp_path, in_flight=1)
    assert (run.status, len(asked)) == ("complete", 3)
    assert sorted(run.frame().attempts) == [1, 2]


@pytest.mark.long(but=2)
@pytest.mark.parametrize("wrong", [None, 3, ["billing"], b"billing"])
def test_a_function_that_returns_no_text_is_told_so(wrong: Any, tmp_path: Path) -> None:
    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite({"mine": lambda request: wrong}, n=1), results=tmp_path)
    said = "return the answer as a text, a mapping with it, or an evalkit.Response"
    assert said in run.frame(text=True).error[0]


def test_a_function_may_return_a_mapping_with_its_bill(tmp_path: Path) -> None:
    told = {"text": "billing", "usage": {"input": 9, "output": 1}, "cost_usd": "0.5", "finish": "stop"}
    run = evalkit.run(suite({"mine": lambda request: told}, n=1), results=tmp_path)
    (row,) = run.frame(text=True).itertuples()
    assert (row.text, row.input_tokens, row.output_tokens, float(row.cost_usd)) == ("billing", 9, 1, 0.5)


def test_a_mapping_without_a_text_is_told_so(tmp_path: Path) -> None:
    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite({"mine": lambda request: {"answer": "billing"}}, n=1), results=tmp_path)
    assert "the reply has no text; its keys are answer" in run.frame(text=True).error[0]


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"usage": {"input": 3}}, "a usage that is no evalkit.Usage"),
        ({"usage": Usage(input=-3)}, "usage.input -3; tokens are a whole number from 0"),
        ({"usage": Usage(output=1.5)}, "usage.output 1.5"),  # type: ignore[arg-type]
        ({"usage": Usage(provider_cost_usd=0.5)}, "a Decimal of US dollars"),  # type: ignore[arg-type]
        ({"stop_reason": "whatever"}, "a stop_reason 'whatever'; it is one of stop, length"),
        ({"reasoning": 5}, "a reasoning that is no str"),
        ({"served_model": 7}, "a served_model that is no str"),
        ({"calls": [{"name": "f"}]}, "calls that are no evalkit.ToolCall"),
        ({"timing": 3.0}, "a timing that is no evalkit.Timing"),
    ],
)
def test_a_response_with_a_wrong_field_is_a_failure_that_names_it(
    fields: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite({"mine": lambda request: Response("billing", **fields)}, n=1), results=tmp_path)
    row = run.frame(text=True).iloc[0]
    assert (row.outcome, said in row.error) == ("errored", True)


@pytest.mark.parametrize("awaited", [False, True])
def test_a_function_that_wants_to_end_the_process_does_not(awaited: bool, tmp_path: Path) -> None:
    def leave(*_: Any) -> str:
        raise SystemExit(3)

    async def leave_later(request: Request) -> str:
        return leave(request)

    def scorer(answer: str, record: Mapping[str, Any]) -> bool:
        if record["id"] == "t1":
            leave()
        return True

    async def scorer_later(answer: str, record: Mapping[str, Any]) -> bool:
        return scorer(answer, record)

    models = {"leaves": leave_later if awaited else leave, "stays": right}
    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite(models, tasks=[task(2, score=scorer_later if awaited else scorer)]), results=tmp_path)
    rows = run.frame(text=True).set_index(["model", "sample_id"])
    assert rows.outcome.to_dict() == {
        ("leaves", "t0"): "errored",
        ("leaves", "t1"): "errored",
        ("stays", "t0"): "right",
        ("stays", "t1"): "errored",
    }
    assert "SystemExit" in rows.error["leaves", "t0"]
    assert "the scorer raised SystemExit" in rows.reason["stays", "t1"]


def test_a_key_in_an_error_of_a_function_is_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = "canary-8842-not-a-real-key"
    monkeypatch.setenv("SOME_API_KEY", key)

    async def ask(request: Request) -> str:
        if "Ticket 0" in request.prompt:
            raise ValueError(f"401 for key {key}")
        return f"the key is {key}"

    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite({"mine": ask}, n=2), results=tmp_path)
    frame = run.frame(text=True)
    assert not any(key in str(cell) for name in frame for cell in frame[name])
    assert "the key is [key removed]" in set(frame.text)
    for path in Path(run.folder).rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes()


# Loops, threads, interruption


async def test_run_works_inside_a_running_loop_as_in_a_notebook(tmp_path: Path) -> None:
    here, there = asyncio.get_running_loop(), []

    async def ask(request: Request) -> str:
        there.append(asyncio.get_running_loop())
        return await right(request)

    run = evalkit.run(suite({"mine": ask}), results=tmp_path)
    assert run.status == "complete"
    assert here not in there


async def test_arun_asks_in_the_loop_that_awaits_it(tmp_path: Path) -> None:
    here, there = asyncio.get_running_loop(), set()

    async def ask(request: Request) -> str:
        there.add(asyncio.get_running_loop())
        return await right(request)

    async def scorer(answer: str, record: Mapping[str, Any]) -> bool:
        there.add(asyncio.get_running_loop())
        return same_queue(answer, record)

    run = await evalkit.arun(suite({"mine": ask}, tasks=[task(score=scorer)]), results=tmp_path)
    assert (run.status, there) == ("complete", {here})


async def test_two_runs_side_by_side_in_one_loop(tmp_path: Path) -> None:
    one, two = await asyncio.gather(
        evalkit.arun(suite(name="one"), results=tmp_path), evalkit.arun(suite(name="two"), results=tmp_path)
    )
    assert (one.status, two.status) == ("complete", "complete")
    assert one.folder != two.folder


def test_run_works_in_a_thread_that_is_not_the_main_one(tmp_path: Path) -> None:
    found: list[Any] = []

    def work() -> None:
        found.append(evalkit.run(suite(), results=tmp_path))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert found[0].status == "complete"


def test_signal_handlers_are_the_command_s_affair(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def ask(request: Request) -> str:
        seen.append(signal.getsignal(signal.SIGTERM))
        return "billing"

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    evalkit.run(suite({"mine": ask}, n=1), results=tmp_path)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert seen == [before[1]]


class Ticking:
    """A model that counts whom it was asked about, and says when it has answered often enough."""

    def __init__(self, enough: int) -> None:
        self.asked: list[str] = []
        self.enough = enough
        self.reached = asyncio.Event()

    async def ask(self, request: Request) -> str:
        self.asked.append(request.sample_id)
        if len(self.asked) >= self.enough:
            self.reached.set()
        await asyncio.sleep(0.01)
        return await right(request)


async def test_a_cancelled_run_is_stored_and_the_same_call_resumes_it(tmp_path: Path) -> None:
    model = Ticking(10)

    async def ask(request: Request) -> str:
        return await model.ask(request)

    made = suite({"mine": ask}, n=40)
    running = asyncio.create_task(evalkit.arun(made, results=tmp_path, in_flight=2))
    await model.reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    first = evalkit.open_run("latest", results=tmp_path)
    n_there = len(first.frame())
    assert first.status == "interrupted"
    assert 9 <= n_there < 40
    again = await evalkit.arun(made, results=tmp_path)
    assert (again.folder, again.status) == (first.folder, "complete")
    assert len(model.asked) == len(set(model.asked)) == 40
    assert len(again.frame()) == 40


async def test_a_time_limit_around_a_run_ends_it_cleanly(tmp_path: Path) -> None:
    async def ask(request: Request) -> str:
        await asyncio.sleep(0.02)
        return "billing"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await evalkit.arun(suite({"mine": ask}, n=400), results=tmp_path, in_flight=1)
    run = evalkit.open_run("latest", results=tmp_path)
    assert run.status == "interrupted"
    assert 0 < len(run.frame()) < 400


async def test_a_second_cancellation_does_not_wait(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def ask(request: Request) -> str:
        begun.set()
        await asyncio.sleep(60)
        return "billing"

    running = asyncio.create_task(evalkit.arun(suite({"mine": ask}), results=tmp_path))
    await begun.wait()
    at = time.monotonic()
    running.cancel()
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert time.monotonic() - at < 30  # the answer would take 60
    assert evalkit.open_run("latest", results=tmp_path).status == "interrupted"


@pytest.mark.long
def test_ctrl_c_in_a_script_leaves_a_run_that_resumes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import asyncio, sys, evalkit\n"
        "async def ask(request):\n"
        "    print('asked', flush=True)\n"
        "    await asyncio.sleep(0.05)\n"
        "    return 'a'\n"
        "rows = [{'id': str(i), 'q': f'q{i}', 'a': 'a'} for i in range(60)]\n"
        "task = evalkit.Task('t', data=rows, prompt='{{ q }}', target='{{ a }}', score='exact')\n"
        "suite = evalkit.Suite({'m': ask}, [task])\n"
        "evalkit.run(suite, results=sys.argv[1], in_flight=2)\n"
    )
    results = tmp_path / "results"
    process = subprocess.Popen(
        [sys.executable, script, results], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPO
    )
    assert process.stdout is not None
    for _ in range(6):
        process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in err
    first = evalkit.open_run("latest", results=results)
    assert first.status == "interrupted"
    subprocess.run([sys.executable, script, results], check=True, capture_output=True, cwd=REPO, timeout=60)
    again = evalkit.open_run("latest", results=results)
    assert (again.folder, again.status, len(again.frame())) == (first.folder, "complete", 60)


# Progress


def test_progress_is_told_from_the_start_to_the_end(tmp_path: Path) -> None:
    told: list[evalkit.RunProgress] = []
    run = evalkit.run(suite(n=30), results=tmp_path, progress=told.append)
    assert told[-1].done == told[-1].total == 30
    counts = [one.done for one in told if one.folder is not None]
    assert counts == sorted(counts)
    assert told[-1].folder == run.folder
    assert {one.phase for one in told} == {"asking"}
    assert told[-1].n_unpriced == 30
    assert any("a function of your own" in (one.note or "") for one in told)


def test_what_progress_raises_stops_the_run_and_comes_out(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(progress: evalkit.RunProgress) -> None:
        if progress.done >= 3:
            raise Enough

    async def ask(request: Request) -> str:
        await asyncio.sleep(0.05)
        return "billing"

    made = suite({"mine": ask}, n=200)
    with pytest.raises(Enough):
        evalkit.run(made, results=tmp_path, progress=stop, in_flight=1)
    run = evalkit.open_run("latest", results=tmp_path)
    assert run.status == "interrupted"
    assert 3 <= len(run.frame()) < 200


def test_an_async_progress_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    async def show(progress: evalkit.RunProgress) -> None: ...

    with pytest.raises(UserError, match="progress is a plain function"):
        evalkit.run(suite(), results=tmp_path, progress=show)
    assert not list(tmp_path.iterdir())


# Scorers


async def _later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


@pytest.mark.long(but=2)
@pytest.mark.parametrize(
    ("given", "score", "outcome"),
    [
        (True, 1.0, "right"),
        (False, 0.0, "wrong"),
        (1, 1.0, "right"),
        (0, 0.0, "wrong"),
        (0.25, 0.25, "scored"),
        (np.bool_(True), 1.0, "right"),
        (np.float32(0.5), 0.5, "scored"),
        (Score(0.5), 0.5, "scored"),
        (Score(1.0, evalkit.Outcome.RIGHT), 1.0, "right"),
        (Score(0.0, evalkit.Outcome.UNPARSEABLE), 0.0, "unparseable"),
        (None, None, "errored"),
        (1.5, None, "errored"),
        (-1, None, "errored"),
        (float("nan"), None, "errored"),
        ("yes", None, "errored"),
        (Score(2.0), None, "errored"),
        (Score(None, reason="cannot tell"), None, "errored"),
    ],
)
@pytest.mark.parametrize("awaited", [False, True])
def test_what_a_scorer_returns(given: Any, score: float | None, outcome: str, awaited: bool, tmp_path: Path) -> None:
    def plain(answer: str, record: Mapping[str, Any]) -> Any:
        return given if record["id"] != "t0" else True  # the first sample is tried before the run

    async def later(answer: str, record: Mapping[str, Any]) -> Any:
        return await _later(plain(answer, record))

    made = suite(tasks=[task(2, score=later if awaited else plain)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IncompleteRunWarning)
        frame = evalkit.run(made, results=tmp_path).frame().set_index("sample_id")
    assert frame.outcome["t1"] == outcome
    assert (None if np.isnan(frame.score["t1"]) else frame.score["t1"]) == score


def test_a_scorer_sees_the_answer_without_reasoning_the_record_and_if_it_asks_the_sample(tmp_path: Path) -> None:
    seen: list[Any] = []

    def scorer(answer: str, record: Mapping[str, Any], *, sample: evalkit.Sample) -> Score:
        seen.append((answer, record["queue"], sample.target))
        return Score(0.5, reason="because", extracted=answer, parts={"words": 1.0})

    async def thinks(request: Request) -> str:
        return "<think>Is it returns?</think>\nbilling"

    run = evalkit.run(suite({"mine": thinks}, tasks=[task(1, score=scorer)]), results=tmp_path)
    assert seen[-1] == ("billing", "billing", "billing")
    row = run.frame(text=True).iloc[0]
    assert (row.reason, row.extracted, row["part.words"]) == ("because", "billing", 1.0)


def test_refused_and_empty_replies_are_settled_before_the_scorer(tmp_path: Path) -> None:
    async def ask(request: Request) -> Response:
        if "Ticket 0" in request.prompt:
            return Response("", stop_reason="refusal", refusal="policy")
        return Response("")

    def all_right(answer: str, record: Mapping[str, Any]) -> bool:
        return True

    frame = evalkit.run(suite({"mine": ask}, tasks=[task(2, score=all_right)]), results=tmp_path).frame()
    assert frame.set_index("sample_id").outcome.to_dict() == {"t0": "refused", "t1": "unparseable"}
    assert (frame.score == 0.0).all()


def test_a_scorer_that_raises_leaves_the_answer_without_a_score(tmp_path: Path) -> None:
    def scorer(answer: str, record: Mapping[str, Any]) -> bool:
        if record["id"] == "t1":
            raise KeyError("queeu")
        return True

    with pytest.warns(IncompleteRunWarning):
        run = evalkit.run(suite(tasks=[task(score=scorer)]), results=tmp_path)
    row = run.frame(text=True).set_index("sample_id").loc["t1"]
    assert (row.outcome, row.text) == ("errored", "shipping")
    assert np.isnan(row.score)
    assert "the scorer raised KeyError: 'queeu' (test_python_door.py:" in row.reason


def test_a_scorer_that_fails_on_the_first_sample_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    def scorer(answer: str, record: Mapping[str, Any]) -> bool:
        return answer == record["queeu"]

    asked: list[str] = []
    with pytest.raises(
        SuiteError, match=r"tasks\[0\].score: tried on the first sample \('t0'\): the scorer raised KeyE"
    ):
        evalkit.run(suite({"m": lambda r: asked.append("x") or "a"}, tasks=[task(score=scorer)]), results=tmp_path)
    assert not asked


@pytest.mark.parametrize("wrong", [lambda: True, lambda answer: True, lambda a, b, c: True])
def test_a_scorer_with_other_arguments_is_refused_where_the_suite_is_made(wrong: Any) -> None:
    with pytest.raises(SuiteError, match=r"tasks\[0\].score: the function is called as f\(answer, record\)"):
        suite(tasks=[task(score=wrong)])


def test_a_model_with_other_arguments_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"models.mine: the function is called as f\(request\)"):
        evalkit.run(suite({"mine": lambda: "billing"}), results=tmp_path)


def test_a_function_can_be_a_judge(tmp_path: Path) -> None:
    async def judge(request: Request) -> str:
        return "Rating: [[8]]" if "billing" in request.prompt.rpartition("Answer")[2] else "Rating: [[3]]"

    made = suite(
        tasks=[task(3, score={"judge": {"by": "strict", "scale": [1, 10]}}, target=None)], judges={"strict": judge}
    )
    told: list[evalkit.RunProgress] = []
    run = evalkit.run(made, results=tmp_path, progress=told.append)
    assert run.status == "complete", run.facts.reasons
    assert run.frame().score.notna().all()
    assert {one.phase for one in told} == {"asking", "judging"}


# Identity


def _made(source: str) -> Any:
    """A function out of a file, as a person would edit it."""
    names: dict[str, Any] = {}
    exec(source, names)
    return names["ask"]


def _from_file(path: Path, source: str) -> Any:
    import importlib.util

    path.write_text(source)
    # Byte code is told by second and length: it would be that of the file before.
    Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module.ask


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("async def ask(request):\n    return 'a'\n", "async def ask(request):\n    return 'b'\n"),
        ("X = 1\nasync def ask(request):\n    return str(X)\n", "X = 2\nasync def ask(request):\n    return str(X)\n"),
        (
            "def f():\n    return 'a'\nasync def ask(request):\n    return f()\n",
            "def f():\n    return 'b'\nasync def ask(request):\n    return f()\n",
        ),
        ("def ask(request, mode='a'):\n    return mode\n", "def ask(request, mode='b'):\n    return mode\n"),
        (
            "def make(x):\n    def ask(request):\n        return x\n    return ask\nask = make('a')\n",
            "def make(x):\n    def ask(request):\n        return x\n    return ask\nask = make('b')\n",
        ),
        (
            "class C:\n    def ask(self, r):\n        return self.x\nc = C()\nc.x = 'a'\nask = c.ask\n",
            "class C:\n    def ask(self, r):\n        return self.x\nc = C()\nc.x = 'b'\nask = c.ask\n",
        ),
        (
            "from functools import partial\ndef g(x, r):\n    return x\nask = partial(g, 'a')\n",
            "from functools import partial\ndef g(x, r):\n    return x\nask = partial(g, 'b')\n",
        ),
    ],
)
def test_another_function_is_another_run_and_the_same_one_is_the_same(before: str, after: str, tmp_path: Path) -> None:
    import linecache

    from evalkit.suite.functions import identify

    def identity(source: str) -> str | None:
        linecache.clearcache()
        return identify(_from_file(tmp_path / "someones_module.py", source)).source_sha256

    one, again, other = identity(before), identity(before), identity(after)
    assert one is not None
    assert one == again
    assert one != other


def test_an_incomplete_run_is_resumed_only_by_the_same_functions(tmp_path: Path) -> None:
    fails = {"t1"}

    async def ask(request: Request) -> str:
        if request.sample_id in fails:
            raise ValueError("not yet")
        return await right(request)

    async def other(request: Request) -> str:
        return "billing"

    def strict(answer: str, record: Mapping[str, Any]) -> bool:
        return answer == str(record["queue"]) and answer != "returns"

    with pytest.warns(IncompleteRunWarning):
        first = evalkit.run(suite({"mine": ask}), results=tmp_path)
    second = evalkit.run(suite({"mine": other}), results=tmp_path)
    third = evalkit.run(suite({"mine": right}, tasks=[task(score=strict)]), results=tmp_path)
    assert len({first.folder, second.folder, third.folder}) == 3
    with pytest.raises(evalkit.errors.StoreError, match="its answers are to other questions"):
        evalkit.run(suite({"mine": other}), results=tmp_path, resume=first.folder)
    fails.clear()
    with pytest.raises(evalkit.errors.StoreError):  # a set that the function reads is part of it
        evalkit.run(suite({"mine": ask}), results=tmp_path, resume=first.folder)


def test_what_a_function_itself_changes_makes_it_no_other_and_what_a_person_changes_does(tmp_path: Path) -> None:
    asked: list[str] = []
    texts = {"prefix": "a"}

    async def ask(request: Request) -> str:
        asked.append(texts["prefix"])  # a log that grows, beside a text that somebody edits
        if len(asked) == 2:
            raise ValueError("once")
        return await right(request)

    made = suite({"mine": ask})
    with pytest.warns(IncompleteRunWarning):
        first = evalkit.run(made, results=tmp_path, in_flight=1)
    second = evalkit.run(suite({"mine": ask}), results=tmp_path)
    assert (second.folder, second.status, len(asked)) == (first.folder, "complete", 7)
    with pytest.warns(IncompleteRunWarning):
        asked.clear()
        third = evalkit.run(made, results=tmp_path, in_flight=1)
    texts["prefix"] = "b"
    fourth = evalkit.run(made, results=tmp_path)  # the same Suite object, and another text by now
    assert (fourth.status, fourth.folder == third.folder) == ("complete", False)


def test_a_function_without_a_source_is_not_cached_and_the_facts_say_so(tmp_path: Path) -> None:
    ask = _made("async def ask(request):\n    return 'billing'\n")
    made = suite({"mine": Model(ask, weights="v1")})
    for _ in range(2):
        run = evalkit.run(made, results=tmp_path)
        assert not run.frame().cached.any()
    told = facts(run)["models"]["mine"]["facts"]
    assert told["source_sha256"] == "unknown"
    assert told["kept_in_cache"] == "no: its source is unknown"


def test_answers_of_a_function_are_kept_only_where_the_person_names_what_answers(tmp_path: Path) -> None:
    asked: list[str] = []
    log = asked.append

    async def ask(request: Request) -> str:
        log(request.sample_id)
        return await right(request)

    def again(**options: Any) -> int:
        before = len(asked)
        evalkit.run(suite({"mine": Model(ask, **options)}), results=tmp_path)
        return len(asked) - before

    assert [again(), again()] == [6, 6]
    assert [again(weights="v1"), again(weights="v1"), again(weights="v2")] == [6, 0, 6]
    assert facts(evalkit.open_run("latest", results=tmp_path))["models"]["mine"]["facts"]["kept_in_cache"] == "yes"


def test_the_folder_of_a_run_explains_the_suite_that_python_made(tmp_path: Path) -> None:
    run = evalkit.run(suite(), results=tmp_path, tags=["nightly"], metadata={"commit": "abc", "n": 3})
    said = facts(run)
    assert (said["tags"], said["metadata"]) == (["nightly"], {"commit": "abc", "n": 3})
    resolved = said["suite_resolved"]
    assert resolved["models"]["mine"]["function"] == "tests.door_world:right"
    assert len(resolved["models"]["mine"]["source_sha256"]) == 32
    written = resolved["tasks"][0]["written"]
    assert written["data"]["given_in_python"]["records"] == 6
    assert written["data"]["given_in_python"]["columns"] == ["id", "ticket", "queue"]
    assert written["score"]["function"]["function"] == "tests.door_world:same_queue"
    assert written["prompt"] == "{{ ticket }}"
    assert (run.facts.tags, run.facts.metadata) == (("nightly",), {"commit": "abc", "n": 3})


# Data


def _file_of(records: list[dict[str, Any]], path: Path) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.long
def test_records_in_memory_are_the_same_as_the_file_with_these_lines(tmp_path: Path) -> None:
    path = _file_of(tickets(), tmp_path / "tickets.jsonl")
    ways: list[Any] = [tickets(), pd.DataFrame(tickets()), {"records": tickets(), "id": "id"}, path, str(path)]
    runs = [evalkit.run(suite(tasks=[task(data=one)]), results=tmp_path / str(n)) for n, one in enumerate(ways)]
    digests = {facts(run)["suite_resolved"]["tasks"][0]["data_sha256"] for run in runs}
    samples = {tuple(sorted(run.frame().sample_digest)) for run in runs}
    assert len(digests) == len(samples) == 1


def test_a_frame_s_missing_values_dates_and_numbers_are_as_json_has_them(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "q": ["a", "b"],
            "n": pd.array([1, None], dtype="Int64"),
            "x": [0.1, np.nan],
            "day": pd.to_datetime(["2026-01-02", None]),
            "kind": pd.Categorical(["k", "k"]),
            "many": [[1, 2], []],
            "ok": np.array([True, False]),
        }
    )
    from evalkit.suite.rows_in_memory import as_rows

    records = [json.loads(line) for line in as_rows(frame, "data").content.splitlines()]
    assert records == [
        {"q": "a", "n": 1, "x": 0.1, "day": "2026-01-02T00:00:00", "kind": "k", "many": [1, 2], "ok": True},
        {"q": "b", "n": None, "x": None, "day": None, "kind": "k", "many": [], "ok": False},
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (3, "expected a path, a list of records or a DataFrame"),
        ([1], "row 1: a record is a mapping"),
        ([{"q": 1}, "x"], "row 2: a record is a mapping"),
        ([{1: "x"}], "names of fields are texts"),
        ([{"q": float("nan")}], "the field 'q' is nan"),
        ([{"q": object()}], "the field 'q' is an object"),
        ([{"q": b"x"}], "the field 'q' is a bytes"),
        (pd.Series([1]), "write .to_frame()"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are called 'a'"),
    ],
)
def test_what_is_no_record_is_named_by_its_row(data: Any, said: str) -> None:
    with pytest.raises(SuiteError, match="task 'triage': data") as caught:
        task(data=data)
    assert said in str(caught.value)


def test_what_is_wrong_in_many_rows_is_one_line_with_a_count() -> None:
    with pytest.raises(SuiteError) as caught:
        task(data=pd.DataFrame({"q": [object() for _ in range(3000)], "n": 1}))
    assert len(caught.value.complaints) == 1
    assert "row 1: the field 'q' is an object" in caught.value.complaints[0]
    assert caught.value.complaints[0].endswith("; and 2,999 more like this")


def test_a_record_that_cannot_be_asked_is_named_by_its_row(tmp_path: Path) -> None:
    records = [*tickets(2), {"id": "t2", "ticket": None, "queue": "billing"}]
    with pytest.raises(SuiteError, match=r"triage: data row 3 \(sample 't2'\)"):
        evalkit.run(suite(tasks=[task(data=records)]), results=tmp_path)


def test_a_field_s_name_where_its_value_was_meant_is_a_warning_each_time(tmp_path: Path) -> None:
    records = [{"ticket": f"text {n}", "answer": f"{n}"} for n in range(3)]
    wrong = Task("t", data=records, prompt="{{ ticket }}", target="answer", score="exact")
    alone = Task("t", data=records[:1], prompt="{{ ticket }}", target="answer", score="exact")
    for one, said in ((wrong, "same"), (wrong, "same"), (alone, "word")):
        with pytest.warns(
            LikelyMistakeWarning, match=rf"t: the right answer is the {said} .*did you mean \{{\{{ answer"
        ):
            evalkit.run(Suite({"m": billing}, [one]), results=tmp_path)
    meant = Task("t", data=records, prompt="{{ ticket }}", target="{{ answer }}", score="exact")
    assert (
        evalkit.run(Suite({"m": billing}, [meant]), results=tmp_path).status == "complete"
    )  # a warning is an error here


def test_where_and_fields_hold_for_records_in_memory(tmp_path: Path) -> None:
    records = [{"ticket_id": i, "Text": f"about {q}", "queue": q} for i, q in enumerate(["billing", "returns"] * 3)]
    data = {"records": records, "id": "ticket_id", "where": {"queue": "billing"}, "fields": {"ticket": "Text"}}
    run = evalkit.run(suite(tasks=[task(data=data)]), results=tmp_path)
    assert sorted(run.frame().sample_id) == ["0", "2", "4"]


def test_a_path_outside_the_working_directory_is_the_person_s_own_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    path = _file_of(tickets(), tmp_path / "tickets.jsonl")
    assert evalkit.run(suite(tasks=[task(data=path)]), results=tmp_path / "r").status == "complete"
    file = tmp_path / "suites" / "s.yaml"
    file.parent.mkdir()
    file.write_text(
        "name: s\nmodels: {m: {adapter: scripted, replies: {'*': billing}}}\ntasks:\n"
        f"  - {{name: t, data: {path}, prompt: '{{{{ ticket }}}}', target: '{{{{ queue }}}}', score: exact}}\n"
    )
    with pytest.raises(SuiteError, match="is outside the suite's folder"):
        evalkit.run(file, results=tmp_path / "r")
    assert evalkit.run(file, results=tmp_path / "r", data_roots=[tmp_path]).status == "complete"
    with pytest.raises(SuiteError, match="is outside the suite's folder"):  # the word held for one call
        evalkit.run(file, results=tmp_path / "r")


# Suites


def test_a_python_suite_has_the_messages_of_a_suite_file(tmp_path: Path) -> None:
    with pytest.raises(SuiteError) as python:
        Suite(
            {"gpt": Model("opnai", "gpt-6-luna", settings={"temprature": 1}), "mine": right},
            [Task("t", data="x.jsonl", promt="hi", score="exct", limit=0)],
            run={"repeats": "three"},
        )
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: suite\nmodels: {gpt: {adapter: opnai, model: gpt-6-luna, settings: {temprature: 1}}}\n"
        "tasks: [{name: t, data: x.jsonl, promt: hi, score: exct, limit: 0}]\nrun: {repeats: three}\n"
    )
    with pytest.raises(SuiteError) as file:
        Suite.from_yaml(path)
    own = {line.partition(": ")[2] for line in python.value.complaints}
    theirs = {line.partition(": ")[2] for line in file.value.complaints}
    assert own == theirs
    assert any(
        "tasks[0].promt: unknown key" in line and "did you mean 'prompt'?" in line for line in python.value.complaints
    )
    assert all(line.startswith("suite 'suite': ") for line in python.value.complaints)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Suite({"m": 3}, [task()]), "models.m: expected a Model, a function"),
        (lambda: Suite({"m": right}, [3]), r"tasks\[0\]: expected a Task"),
        (lambda: Suite({"m": right}, task()), "expected a list of tasks"),
        (lambda: Suite({"m": right}, []), "must not be empty"),
        (lambda: Suite({}, [task()]), "must not be empty"),
        (lambda: Suite({"m": right}, [task()], sensitivty="public"), "did you mean 'sensitivity'"),
        (lambda: Suite({"m": Model(right, "x")}, [task()]), "a function has no model id"),
        (lambda: Suite({"m": Model(right, variants={"n": {"price_as": "x"}})}, [task()]), "variants"),
        (lambda: Suite({"a b": right}, [task()]), "names are letters"),
        (
            lambda: Suite({"m": {"adapter": "function", "model": "os:system"}}, [task()]),
            "there is no adapter or preset 'function'",
        ),
        (lambda: Suite({"m": right}, [task(), task()]), "is also the name of"),
        (lambda: Suite({"m": right}, [task(score=3)]), "a scorer is a name"),
        (lambda: Suite({"m": right}, [task(score="function")]), "there is no scorer 'function'"),
        (lambda: Suite({"m": right}, [task()], gate={"baseline": "m", "candidates": ["x"], "rules": []}), "gate"),
    ],
)
def test_a_mistake_in_a_suite_is_a_sentence_where_the_suite_is_made(made: Any, said: str) -> None:
    with pytest.raises(SuiteError, match=said):
        made()


def test_a_suite_s_wrong_name_is_shown_whole() -> None:
    with pytest.raises(SuiteError) as caught:
        Suite({"m": right}, [task()], name="mine/now")
    assert str(caught.value).startswith("suite 'mine/now': name: names are letters")


def test_no_suite_file_can_name_a_function(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\nmodels: {m: {adapter: function, model: 'tests.door_world:right'}}\n"
        "tasks: [{name: t, data: x.jsonl, prompt: hi, score: {function: {function: 'a:b', source: x}}}]\n"
    )
    with pytest.raises(SuiteError) as caught:
        evalkit.run(path, results=tmp_path)
    assert "there is no adapter or preset 'function'" in str(caught.value)
    assert "there is no scorer 'function'" in str(caught.value)


def test_a_suite_without_functions_is_written_as_a_file_that_is_the_same_run(tmp_path: Path) -> None:
    data = {"records": tickets(), "id": "id"}
    made = Suite(
        {"m": Model("scripted", replies={"*": "billing"}), "two": {"adapter": "scripted", "replies": {"*": "no"}}},
        [
            task(score="exact", data=data, critical=True),
            Task(
                "b",
                data=tickets(3),
                prompt="{{ ticket }}",
                score={"exact": {"ignore_case": True}},
                target="{{ queue }}",
            ),
        ],
        name="shared",
        about="yes: no",
        run={"repeats": 2},
        gate={"baseline": "m", "candidates": ["two"], "rules": [{"quality": "all", "margin": 0.1}]},
    )
    text = made.to_yaml(tmp_path / "shared.yaml")
    read = Suite.from_yaml(tmp_path / "shared.yaml")
    assert (tmp_path / "shared.yaml").read_text() == text
    one = evalkit.run(made, results=tmp_path / "r")
    two = evalkit.run(read, results=tmp_path / "r")
    assert facts(one)["suite_digest"] == facts(two)["suite_digest"]
    assert sorted(one.frame().sample_digest) == sorted(two.frame().sample_digest)
    assert list(read.models) == ["m", "two"]
    assert read.to_yaml() == text
    with pytest.raises(UserError, match="records in memory, which need a file"):
        made.to_yaml()
    with pytest.raises(UserError, match=r"tasks\[0\].score is a function"):
        suite({"m": Model("scripted", replies={"*": "x"})}).to_yaml()
    with pytest.raises(UserError, match=r"models\.mine is a function"):
        suite().to_yaml()


def test_records_replace_no_file_of_other_content_unless_told(tmp_path: Path) -> None:
    made = suite({"m": Model("scripted", replies={"*": "x"})}, tasks=[task(score="exact")])
    kept = tmp_path / "triage.jsonl"
    for content in ("my notes\n", "", "x" * 500):
        kept.write_text(content)
        with pytest.raises(UserError, match=r"triage\.jsonl is there already, with other content"):
            made.to_yaml(tmp_path / "s.yaml")
        assert kept.read_text() == content
        assert not (tmp_path / "s.yaml").exists(), "nothing is written"
    made.to_yaml(tmp_path / "s.yaml", force=True)
    written = kept.read_bytes()
    made.to_yaml(tmp_path / "s.yaml")
    assert kept.read_bytes() == written, "the same records again are no harm"
    more = suite({"m": Model("scripted", replies={"*": "x"})}, tasks=[task(7, score="exact")])
    with pytest.raises(UserError, match="force=True"):
        more.to_yaml(tmp_path / "s.yaml")
    kept.unlink()
    kept.symlink_to(tmp_path / "elsewhere.jsonl")
    with pytest.raises(UserError, match="is there already"):
        more.to_yaml(tmp_path / "s.yaml")
    kept.unlink()
    kept.mkdir()
    with pytest.raises(UserError, match="is there already"):
        more.to_yaml(tmp_path / "s.yaml")


def test_a_path_in_a_file_stays_the_files_word_when_its_tasks_are_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALKIT_DATA_ROOTS")
    secret, inside = tmp_path / "secret" / "d.jsonl", tmp_path / "pull" / "d.jsonl"
    for path in (secret, inside):
        path.parent.mkdir()
        path.write_text('{"id": "1", "q": "hello", "a": "x"}\n')
    models = {"m": Model("scripted", replies={"*": "x"})}
    words = 'name: s\nmodels: {m: {adapter: scripted, replies: {"*": x}}}\ntasks:\n'
    for written, allowed in ((str(secret), False), ("../secret/d.jsonl", False), ("d.jsonl", True)):
        file = tmp_path / "pull" / "suite.yaml"
        file.write_text(
            words + f'  - {{name: t, data: "{written}", prompt: "{{{{ q }}}}", target: "{{{{ a }}}}", score: exact}}\n'
        )
        again = Suite(models, Suite.from_yaml(file).tasks, folder=tmp_path / "pull")
        if allowed:
            assert len(evalkit.run(again, results=tmp_path / "r").frame()) == 1
        else:
            with pytest.raises(SuiteError, match="outside"):
                evalkit.run(again, results=tmp_path / "r")
    own = Task("t", data=secret, prompt="{{ q }}", target="{{ a }}", score="exact")
    assert len(evalkit.run(Suite(models, [own], folder=tmp_path / "pull"), results=tmp_path / "r").frame()) == 1


async def test_ctrl_c_before_the_loop_of_a_run_is_there_is_heard_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going = threading.Event()
    run_module = sys.modules["evalkit.api.run"]
    run_in_loop, do_all = run_module.in_new_loop, MainThreadLine.do_all
    asked: list[str] = []

    async def ask(request: Request) -> str:
        asked.append(request.sample_id)
        return "billing"

    def late(main: Any, **options: Any) -> Any:
        assert going.wait(10)
        return run_in_loop(main, **options)

    def press(line: MainThreadLine, interrupted: Callable[[], None]) -> None:
        interrupted()
        going.set()
        do_all(line, interrupted)

    monkeypatch.setattr(run_module, "in_new_loop", late)
    monkeypatch.setattr(MainThreadLine, "do_all", press)
    with pytest.raises(KeyboardInterrupt):
        evalkit.run(suite({"mine": ask}), results=tmp_path)
    assert asked == []
    assert run_folders(tmp_path) == []


def test_every_shipped_suite_goes_through_python_and_back(tmp_path: Path) -> None:
    for path in sorted((REPO / "suites").glob("*.yaml")):
        if "${" in path.read_text():
            continue
        read = Suite.from_yaml(path)
        again = Suite(
            dict(read.models), list(read.tasks), name=read.name, folder=path.parent,
            **{key: value for key, value in read.written.items() if key not in {"name", "models", "tasks"}},
        )  # fmt: skip
        assert again.resolved().file == read.resolved().file, path.name


def test_a_builtin_task_takes_its_data_from_memory(tmp_path: Path) -> None:
    rows = [
        {"question": f"What is {i}?", "choices": ["a", "b", "c", "d"], "answer": 1, "subject": "x", "split": "test"}
        for i in range(3)
    ]

    async def b(request: Request) -> str:
        return "B"

    run = evalkit.run(Suite({"m": b}, [Task(use="mmlu", data=rows, shots=0)]), results=tmp_path)
    assert run.frame().score.tolist() == [1.0, 1.0, 1.0]


# Options


def test_options_of_a_call_win_over_the_suite(tmp_path: Path) -> None:
    run = evalkit.run(
        suite({"mine": right, "other": billing}, run={"repeats": 1, "seed": 3}, n=9),
        results=tmp_path,
        models="mine",
        limit=4,
        repeats=3,
        in_flight=2,
    )
    assert (list(run), len(run.frame()), run.facts.repeats, run.facts.in_flight) == (["mine"], 12, 3, 2)
    assert run.facts.cut_by_limit == 4
    assert facts(run)["suite_resolved"]["run"]["seed"] == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"limt": 3}, "there is no option 'limt'; did you mean 'limit'?"),
        ({"limit": 0}, "limit is a whole number"),
        ({"repeats": 0}, "options of the run: run.repeats"),
        ({"in_flight": "many"}, "expected auto or a whole number"),
        ({"models": "mien"}, "there is no model 'mien'; did you mean 'mine'?"),
        ({"models": []}, "models is an empty list"),
        ({"models": 3}, "models is a list of texts (value seen: 3)"),
        ({"tags": 3}, "tags is a list of texts"),
        ({"data_roots": 3}, "data_roots is a list of texts"),
        ({"tasks": ["triag"]}, "there is no task 'triag'"),
        ({"max_cost_usd": 0}, "must be above 0"),
        ({"max_cost_usd": 5}, "max_cost_usd 5 cannot be kept for mine"),
        ({"new": True, "resume": "latest"}, "give one of them"),
        ({"resume": "nowhere"}, "There are no runs"),
        ({"gate": True}, "has no gate"),
        ({"sensitivity": "secret"}, "it is one of public, internal, restricted"),
        ({"metadata": {"x": object()}}, "metadata is a mapping"),
        ({"results": "s3://bucket/x"}, "is an address"),
    ],
)
def test_a_mistake_in_an_option_is_a_sentence_before_anything_is_asked(
    options: dict[str, Any], said: str, tmp_path: Path
) -> None:
    asked: list[str] = []

    async def ask(request: Request) -> str:
        asked.append("x")
        return "billing"

    made = suite({"mine": Model(ask, settings={"max_output_tokens": 5})})
    with pytest.raises(UserError) as caught:
        evalkit.run(made, **{"results": tmp_path, **options})
    assert said in str(caught.value)
    assert not asked


def test_run_takes_a_suite_or_a_path_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"run takes an evalkit\.Suite or the path"):
        evalkit.run({"name": "x"}, results=tmp_path)
    with pytest.raises(SuiteError, match="there is no such file"):
        evalkit.run(tmp_path / "none.yaml", results=tmp_path)


def test_a_missing_key_is_an_exception_that_names_the_variable(tmp_path: Path) -> None:
    with pytest.raises(evalkit.errors.MissingKey, match="OPENAI_API_KEY"):
        evalkit.run(suite({"gpt": Model("openai", "gpt-6-luna")}, tasks=[task(score="exact")]), results=tmp_path)


def test_a_function_whose_receiver_is_unknown_does_not_get_past_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "endpoints: [{hosts: [api.example.com], region: eu}]\nsensitivity: {internal: {regions: [eu]}, public: {}}\n"
    )
    with pytest.raises(SuiteError, match=r"models\.mine: where a function sends prompts is not known"):
        evalkit.run(suite(), results=tmp_path, policy=policy)
    named = suite({"mine": Model(right, base_url="https://api.example.com")})
    assert evalkit.run(named, results=tmp_path, policy=policy).status == "complete"
    elsewhere = suite({"mine": Model(right, base_url="https://api.elsewhere.com")})
    with pytest.raises(SuiteError, match=r"may not go to api\.elsewhere\.com"):
        evalkit.run(elsewhere, results=tmp_path, policy=policy)
    assert evalkit.run(suite(sensitivity="public"), results=tmp_path, policy=policy).status == "complete"


# Compare and gate


RULES = [{"quality": "all", "margin": 0.05}]


def _gated(results: Path, *, n: int = 60, **models: Any) -> evalkit.Run:
    gate = {"baseline": "base", "candidates": ["cand"], "rules": RULES}
    return evalkit.run(suite({"base": right, **models}, n=n, gate=gate), results=results)


def test_compare_is_the_paired_difference_with_its_interval(tmp_path: Path) -> None:
    run = _gated(tmp_path, cand=billing)
    found = evalkit.compare(run["base"], run["cand"])
    one = found.differences[0]
    assert one.delta == pytest.approx(-2 / 3)
    assert one.low is not None
    assert one.high is not None
    assert one.low < one.delta < one.high < 0
    assert (found.n_lost, found.n_won) == (40, 0)
    assert list(found.frame().columns)[:4] == ["subject", "n", "n_unscored", "delta"]
    with pytest.raises(UserError, match="has several models: base, cand"):
        evalkit.compare(run, run["cand"])
    with pytest.raises(KeyError, match="has no model 'cnd'; did you mean 'cand'"):
        evalkit.compare(run["base"], run["cnd"])


def test_a_gate_says_pass_fail_or_inconclusive_with_every_rule(tmp_path: Path) -> None:
    async def also_right(request: Request) -> str:
        return await right(request)

    passed = evalkit.gate(_gated(tmp_path / "1", n=120, cand=also_right))
    failed = evalkit.gate(_gated(tmp_path / "2", cand=billing))
    undecided = evalkit.gate(_gated(tmp_path / "3", n=6, cand=also_right))
    assert [one.decision for one in (passed, failed, undecided)] == ["pass", "fail", "inconclusive"]
    assert [one.passed for one in (passed, failed, undecided)] == [True, False, False]
    assert [one.exit_code for one in (passed, failed, undecided)] == [0, 1, 3]
    rule = failed.rules[0]
    assert (rule.candidate, rule.kind, rule.subject, rule.verdict, rule.required) == (
        "cand",
        "quality",
        "all",
        "fail",
        True,
    )
    assert (rule.limit, rule.n) == (-0.05, 60)
    assert rule.estimate == pytest.approx(-2 / 3)
    assert rule.low is not None
    assert rule.low < rule.estimate
    assert "against ≥ −5.0 points" in rule.reason
    reason = undecided.rules[0].reason
    assert "more items would pass" in reason
    assert re.findall(r"\d more\b(?! items)", reason) == [], "every figure has its unit"
    assert any("evalkit does not see which model it asks" in note for note in passed.notes)
    assert "FAIL" in str(failed)
    assert list(failed.frame().columns)[:3] == ["candidate", "name", "kind"]
    with pytest.raises(TypeError, match=r"ask result\.passed"):
        bool(passed)


def test_a_gate_takes_baseline_candidates_and_rules_from_python(tmp_path: Path) -> None:
    run = evalkit.run(suite({"a": right, "b": billing, "c": right}, n=30), results=tmp_path)
    with pytest.raises(UserError, match="without a gate"):
        evalkit.gate(run)
    with pytest.raises(UserError, match="give rules too"):
        evalkit.gate(run, baseline="a")
    found = evalkit.gate(run, baseline="a", rules=RULES)
    assert [(rule.candidate, rule.verdict) for rule in found.rules] == [("b", "fail"), ("c", "inconclusive")]
    assert evalkit.gate(run.folder, baseline="b", candidates=["c"], rules=RULES).decision == "pass"
    for wrong, said in (
        ({"baseline": "x"}, "there is no model 'x'"),
        ({"baseline": "a", "candidates": ["a"]}, "is the baseline"),
        ({"baseline": "a", "rules": [{"quality": "all"}]}, "needs a limit"),
        ({"baseline": "a", "rules": [{"quality": "triag", "margin": 0.1}]}, "there is no task 'triag'"),
        ({"baseline": "a", "rules": [{"qality": "all", "margin": 0.1}]}, "unknown key"),
        ({"baseline": "a", "rules": [{"quality": "all", "margin": 0.1, "required": False}]}, "no rule is required"),
        ({"baseline": "baseline@none"}, "none"),
    ):
        with pytest.raises(UserError) as caught:
            evalkit.gate(run, **{"rules": RULES, **wrong})
        assert said in str(caught.value)


def test_a_gate_s_mistakes_are_told_in_python_s_words(tmp_path: Path) -> None:
    run = evalkit.run(suite({"base": right, "cand": billing}, n=30), results=tmp_path)
    with pytest.raises(UserError, match=r'give rules, like gate\(run, baseline="gpt"') as caught:
        evalkit.gate(run)
    assert "--suite" not in str(caught.value)
    one: Any = {"quality": "all", "min": 0.4}
    for wrong in (one, [[one]], "all", 3):
        with pytest.raises(UserError, match="rules is a list of mappings"):
            evalkit.gate(run, candidates=["cand"], rules=wrong)
    assert evalkit.gate(run, candidates="base", rules=[one]).decision == "pass"
    with pytest.raises(SuiteError, match=r"^gate: rules\[0\]\.qualty: unknown key .* did you mean 'quality'\?$"):
        evalkit.gate(run, rules=[{"qualty": "all", "min": 0.4}])
    with pytest.raises(SuiteError, match=r"^gate: candidates\[0\]: there is no model 'cnd'"):
        evalkit.gate(run, candidates="cnd", rules=[one])
    alone = evalkit.run(suite({"base": right}, n=4), results=tmp_path)
    with pytest.raises(UserError, match="no model beside the baseline 'base' to judge"):
        evalkit.gate(alone, baseline="base", rules=RULES)


def test_a_run_that_is_not_whole_decides_nothing(tmp_path: Path) -> None:
    async def broken(request: Request) -> str:
        raise ValueError("x")

    with pytest.warns(IncompleteRunWarning):
        run = _gated(tmp_path, n=30, cand=broken)
    found = evalkit.gate(run)
    assert (found.decision, found.exit_code, found.passed, found.rules) == ("incomplete", 4, False, ())
    assert found.reasons


def test_sides_that_were_asked_different_things_are_not_compared(tmp_path: Path) -> None:
    one = evalkit.run(suite(), results=tmp_path)
    two = evalkit.run(suite(tasks=[task(prompt="Please: {{ ticket }}")]), results=tmp_path)
    with pytest.raises(UserError, match="the prompt"):
        evalkit.compare(one, two)


def test_a_run_for_the_gate_stops_once_its_verdict_is_settled(tmp_path: Path) -> None:
    gate = {"baseline": "base", "candidates": ["cand"], "rules": RULES}
    made = suite({"base": right, "cand": billing, "unasked": right}, n=300, gate=gate)
    run = evalkit.run(made, results=tmp_path, gate=True, in_flight=2)
    assert run.status == "complete"
    assert sorted(run.frame().model.unique()) == ["base", "cand"]
    assert run.facts.stopped_early is not None
    assert len(run.frame()) < 600
    assert evalkit.gate(run).decision == "fail"


def test_the_command_s_gate_refuses_a_candidate_that_is_a_function(tmp_path: Path, capfd: Capture) -> None:
    records = _file_of(tickets(60), tmp_path / "triage.jsonl")
    entry = "{adapter: scripted, replies: {'*': billing}}"
    protected = tmp_path / "suite.yaml"
    protected.write_text(
        f"name: suite\nmodels: {{base: {entry}, cand: {entry}}}\n"
        f"tasks: [{{name: triage, data: {records.name}, prompt: '{{{{ ticket }}}}', target: '{{{{ queue }}}}', "
        "score: exact}]\n"
        "gate: {baseline: base, candidates: [cand], rules: [{quality: all, margin: 0.05}]}\n"
    )
    run = evalkit.run(
        Suite(
            {"base": Model("scripted", replies={"*": "billing"}), "cand": right},
            [task(data=records, score="exact")],
        ),
        results=tmp_path / "results",
    )
    refused = command(capfd, "gate", run.folder, "--suite", protected)
    assert refused.code == 2
    assert "cand: its answers come from a function of somebody's Python code" in refused.err
    allowed = command(capfd, "gate", run.folder, "--suite", protected, "--allow-recorded")
    assert allowed.code == 0, allowed.err
    assert "PASS on answers of a function: evalkit does not see which model was asked for cand" in allowed.out
    as_baseline = evalkit.run(
        Suite(
            {"base": billing, "cand": Model("scripted", replies={"*": "billing"})},
            [task(data=records, score="exact")],
        ),
        results=tmp_path / "results",
    )
    refused = command(capfd, "gate", as_baseline.folder, "--suite", protected, "--allow-recorded")
    assert refused.code == 2
    assert "the baseline base: its entry changed" in refused.err
    own_scorer = evalkit.run(
        Suite({"base": Model("scripted", replies={"*": "billing"}), "cand": right}, [task(data=records)]),
        results=tmp_path / "results",
    )
    refused = command(capfd, "gate", own_scorer.folder, "--suite", protected, "--allow-recorded")
    assert refused.code == 2
    assert "triage: the prompt, few-shot examples, scorer or settings changed" in refused.err


def test_a_gate_by_a_suite_refuses_what_the_command_refuses(tmp_path: Path) -> None:
    gate = {"baseline": "base", "candidates": ["cand"], "rules": RULES}

    def made(data: Any, cand: Any, **options: Any) -> Suite:
        base = Model("scripted", replies={"*": "billing"})
        return Suite({"base": base, "cand": cand}, [task(data=data, score="exact", **options)], gate=gate)

    cand = Model("scripted", replies={"*": "billing", "t1": "shipping"})
    protected = made(tickets(60), cand)
    run = evalkit.run(protected, results=tmp_path)
    assert evalkit.gate(run, suite=protected).decision == "pass"
    file = tmp_path / "protected.yaml"
    protected.to_yaml(file)
    assert evalkit.gate(run, suite=file).decision == "pass"
    with pytest.raises(UserError, match="triage: the data changed"):
        evalkit.gate(run, suite=made(tickets(59), cand))
    with pytest.raises(UserError, match="the prompt, few-shot examples, scorer or settings changed"):
        evalkit.gate(run, suite=made(tickets(60), cand, prompt="Now: {{ ticket }}"))
    with pytest.raises(UserError, match="a suite brings its own gate"):
        evalkit.gate(run, suite=protected, rules=RULES)
    by_function = evalkit.run(made(tickets(60), right), results=tmp_path)
    with pytest.raises(UserError, match="cand: its answers come from a function"):
        evalkit.gate(by_function, suite=protected)
    allowed = evalkit.gate(by_function, suite=protected, allow_recorded=True)
    assert allowed.decision == "pass"
    assert any("evalkit does not see which model" in note for note in allowed.notes)


def test_promoted_baselines_and_their_signatures_hold_in_python_too(
    tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _gated(tmp_path / "results", n=120, cand=billing)
    folder = tmp_path / "promoted"
    made = command(
        capfd,
        "baseline",
        "promote",
        run.folder,
        "--model",
        "base",
        "--as",
        "prod",
        "--why",
        "x",
        "--by",
        "me",
        "--baselines",
        folder,
    )
    assert made.code == 0, made.err
    found = evalkit.gate(run, baseline="baseline@prod", candidates=["cand"], rules=RULES, baselines=folder)
    assert found.decision == "fail"
    monkeypatch.setenv("EVALKIT_BASELINES", str(folder))
    assert evalkit.gate(run, baseline="baseline@prod", candidates=["cand"], rules=RULES).decision == "fail"
    (tmp_path / "signers").write_text("me@example.com ssh-ed25519 AAAA\n")
    monkeypatch.setenv("EVALKIT_SIGNED_BASELINE", str(tmp_path / "signers"))
    with pytest.raises(UserError, match="sign"):
        evalkit.gate(run, baseline="baseline@prod", candidates=["cand"], rules=RULES)
    with pytest.raises(UserError, match="nobody promoted or signed it"):
        evalkit.gate(run)


def test_a_suite_s_promoted_baseline_is_looked_up_in_no_folder_that_nobody_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALKIT_BASELINES", raising=False)
    monkeypatch.chdir(tmp_path)
    run = _gated(tmp_path / "results", cand=billing)
    protected = Suite(
        {"cand": Model("scripted", replies={"*": "billing"})},
        [task(data=tickets(20), score="exact")],
        gate={"baseline": "baseline@prod", "candidates": ["cand"], "rules": RULES},
    )
    with pytest.raises(UserError, match="may be what a pull request wrote there"):
        evalkit.gate(run, suite=protected)


def test_a_rule_without_numbers_is_drawn_in_a_notebook(tmp_path: Path) -> None:
    model = Model("scripted", replies={"*": "billing"}, licence="MIT")
    run = evalkit.run(Suite({"m": model}, [task(data=tickets(20), score="exact")]), results=tmp_path)
    rules = [{"licence": ["MIT"]}, {"quality": "all", "min": 0.01}]
    drawn = evalkit.gate(run, candidates=["m"], rules=rules)._repr_html_()
    assert "licence" in drawn and "MIT" in drawn


def test_notebook_tables_are_escaped(tmp_path: Path) -> None:
    run = _gated(tmp_path / "results", cand=billing)
    hostile = tmp_path / "results" / "<img src=x onerror=alert(1)>"
    Path(run.folder).rename(hostile)
    run = evalkit.load_run(hostile)
    for shown in (run, evalkit.gate(run), evalkit.compare(run["base"], run["cand"])):
        html = shown._repr_html_()
        assert "<table" in html
        assert "<img" not in html
        assert "&lt;img" in html


def test_frames_have_typed_columns(tmp_path: Path) -> None:
    frame = evalkit.run(suite(tasks=[task(slices=["queue"])]), results=tmp_path).frame(text=True)
    for name in ("model", "task", "outcome"):
        assert isinstance(frame[name].dtype, pd.CategoricalDtype), name
    for name in ("score", "total_s", "cost_usd"):
        assert frame[name].dtype == np.float64, name
    assert frame.cached.dtype == np.bool_
    assert frame.repeat.dtype.kind == "i"
    assert {"slice.queue", "text", "target", "reason", "sample_id"} <= set(frame.columns)


def test_runs_are_opened_by_name_and_by_folder(tmp_path: Path) -> None:
    run = evalkit.run(suite(), results=tmp_path)
    assert evalkit.open_run("latest", results=tmp_path).folder == run.folder
    assert evalkit.open_run("suite", results=tmp_path).name == run.name
    assert evalkit.open_run(run.folder).name == evalkit.open_run(Path(run.name), tmp_path).name == run.name
    assert evalkit.load_run(run.folder).status == "complete"
    with pytest.raises(evalkit.errors.StoreError, match="No run 'x'"):
        evalkit.open_run("x", results=tmp_path)
    with pytest.raises(evalkit.errors.StoreError, match="is not a run"):
        evalkit.load_run(tmp_path)


def test_a_suite_s_file_is_run_with_other_values_and_a_part_of_its_samples(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text("".join(f'{{"q": "q{n}", "a": "a"}}\n' for n in range(10)))
    (tmp_path / "said.jsonl").write_text("".join(f'{{"id": "{n + 1}", "text": "a"}}\n' for n in range(10)))
    (tmp_path / "suite.yaml").write_text(
        "name: s\nsensitivity: public\nmodels:\n  m: {adapter: replay, path: said.jsonl}\n"
        "tasks:\n  - {name: t, data: items.jsonl, prompt: '{{ q }}', target: '{{ a }}', score: exact}\n"
    )
    run = evalkit.run(tmp_path / "suite.yaml", results=tmp_path / "r", limit_share=0.5, changes=["tasks.t.target=b"])
    frame = run.frame()
    assert len(frame) == 5 and frame.score.sum() == 0
    with pytest.raises(UserError, match="share of the samples"):
        evalkit.run(tmp_path / "suite.yaml", results=tmp_path / "r", limit_share=2)
    with pytest.raises(UserError, match="for a suite's file"):
        evalkit.run(suite({"mine": right}), results=tmp_path / "r", changes=["x=1"])
