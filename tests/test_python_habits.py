"""What people who come from pandas and notebooks do without a thought, and what they get."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evalkit
from evalkit import Outcome, Request, Score, Suite, Task
from evalkit.errors import LikelyMistakeWarning, StoreError, UserError
from tests.conftest import REPO


def _suite(n: int = 12) -> Suite:
    data = pd.DataFrame({"q": [f"question {i}" for i in range(n)], "a": ["x"] * n})
    return Suite({"a": lambda _: "x", "b": lambda _: "y"}, [Task("t", data=data, prompt="{{ q }}", target="{{ a }}",
                                                                  score="exact")])  # fmt: skip


def test_rows_of_two_models_stand_in_the_same_order_so_that_columns_can_be_subtracted(tmp_path: Path) -> None:
    run = evalkit.run(_suite(), results=tmp_path, repeats=2)
    frame = run.frame()
    one, other = frame[frame.model == "a"], frame[frame.model == "b"]
    assert one.sample_id.tolist() == other.sample_id.tolist() == run["a"].frame().sample_id.tolist()
    numbers = [int(name) for name in one.sample_id[::2]]
    assert numbers == sorted(numbers) and one.repeat.tolist() == [0, 1] * 12
    assert frame.model.tolist() == ["a"] * 24 + ["b"] * 24


def test_counts_of_pandas_and_numpy_are_numbers(tmp_path: Path) -> None:
    n = pd.Series([3]).sum()
    run = evalkit.run(_suite(), results=tmp_path, limit=n, repeats=np.int32(2), seed=np.uint8(7), in_flight=np.int64(2))
    assert len(run.frame()) == 3 * 2 * 2
    with pytest.raises(UserError, match="limit is a whole number"):
        evalkit.run(_suite(), results=tmp_path, limit=True)


def test_a_tilde_is_the_home_of_the_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir(), here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    run = evalkit.run(_suite(), results="~/runs")
    assert run.status == "complete" and run.folder.parent == home / "runs" and not list(here.iterdir())
    assert evalkit.open_run("latest", results="~/runs").name == run.name
    assert evalkit.load_run(f"~/runs/{run.name}").frame().score.sum() == 12
    monkeypatch.setenv("EVALKIT_RESULTS", "~/runs")
    assert evalkit.open_run("latest").name == run.name
    odd = evalkit.run(_suite(), results=Path("~nobody-of-this-name") / "runs")  # a folder of such a name stands here
    assert odd.status == "complete" and odd.folder.is_relative_to(here)


@pytest.mark.parametrize("wrong", [3, b"results", ["results"]])
def test_a_folder_that_is_no_path_is_a_sentence(wrong: object, tmp_path: Path) -> None:
    for asked in (
        lambda: evalkit.run(_suite(1), results=wrong),  # type: ignore[arg-type]
        lambda: evalkit.load_run(wrong),  # type: ignore[arg-type]
        lambda: evalkit.open_run("latest", results=wrong),  # type: ignore[arg-type]
    ):
        with pytest.raises(UserError, match=r"is a path, as a text or a pathlib.Path \(value seen: "):
            asked()


async def _cancels_itself(request: Request) -> str:
    inner = asyncio.ensure_future(asyncio.sleep(60))
    inner.cancel()
    await inner
    return request.prompt


async def _cancels_this_task(request: Request) -> str:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    return request.prompt


async def _a_group_fails(request: Request) -> str:
    async def bad() -> None:
        raise ValueError("inner words")

    async with asyncio.TaskGroup() as group:
        group.create_task(bad())
    return request.prompt


async def _a_group_fails_and_it_goes_on(request: Request) -> str:
    try:
        return await _a_group_fails(request)
    except* ValueError:
        pass
    return "x"


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
@pytest.mark.parametrize(
    ("model", "outcome"),
    [(_cancels_this_task, "errored"), (_a_group_fails, "errored"), (_a_group_fails_and_it_goes_on, "right")],
)
def test_what_a_function_does_to_its_own_task_is_its_own_affair(
    model: Callable[[Request], Awaitable[str]], outcome: str, tmp_path: Path
) -> None:
    async def scorer(answer: str, record: object) -> bool:
        return await model(Request(messages=())) == "x"

    data = [{"q": "one"}, {"q": "two"}]
    task = Task("t", data=data, prompt="{{ q }}", target="x", score="exact")
    asked = evalkit.run(Suite({"m": model}, [task]), results=tmp_path)
    assert asked.frame().outcome.tolist() == [outcome] * 2
    if model is _a_group_fails:
        assert "inner words" in asked.frame(text=True).error[0]
    scored = Task("t", data=data, prompt="{{ q }}", score=scorer)
    run = evalkit.run(Suite({"m": lambda r: "x"}, [scored]), results=tmp_path)
    assert run.frame().outcome.tolist() == [outcome] * 2


async def _no_score(answer: str, record: object) -> bool:
    await _cancels_itself(Request(messages=()))
    return bool(answer and record)


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
def test_a_cancellation_inside_a_function_is_the_failure_of_its_item_and_not_the_end_of_the_run(tmp_path: Path) -> None:
    data = [{"q": "one"}, {"q": "two"}]
    asked = evalkit.run(Suite({"m": _cancels_itself}, [Task("t", data=data, prompt="{{ q }}", target="x",
                                                            score="exact")]), results=tmp_path)  # fmt: skip
    assert asked.status == "incomplete" and asked.frame().outcome.tolist() == ["errored"] * 2
    assert "the call cancelled itself" in asked.frame(text=True).error[0]
    scored = evalkit.run(
        Suite({"m": lambda r: r.prompt}, [Task("t", data=data, prompt="{{ q }}", score=_no_score)]), results=tmp_path
    )
    assert scored.status == "incomplete" and scored.frame().outcome.tolist() == ["errored"] * 2


@pytest.mark.parametrize("most", [1.0000000000000002, np.float32(1) + np.finfo(np.float32).eps, -1e-9])
def test_a_score_that_rounding_put_beyond_its_range_is_a_score(most: float, tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=lambda answer, record: most)
    assert evalkit.run(Suite({"m": lambda r: "x"}, [task]), results=tmp_path).frame().score.tolist() == [round(most)]


@pytest.mark.parametrize(
    ("given", "outcome"),
    [({"stop_reason": "refusal"}, "refused"), ({"stop_reason": "length"}, "truncated"), ({"finish": "stop"}, "wrong")],
)
def test_a_mapping_may_say_why_an_answer_ended_as_a_response_does(given: dict[str, str], outcome: str,
                                                                   tmp_path: Path) -> None:  # fmt: skip
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="yes", score="exact")
    run = evalkit.run(Suite({"m": lambda r: {"text": "no", **given}}, [task]), results=tmp_path)
    assert run.frame().outcome.tolist() == [outcome]


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
@pytest.mark.parametrize(
    "given",
    [{"stop_reason": "done"}, {"cost_usd": float("nan")}, {"cost_usd": -1}, {"usage": {"input": "9"}}, {"usage": 7}],
)
def test_a_figure_of_a_mapping_that_is_none_fails_the_item(given: dict[str, object], tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="yes", score="exact")
    run = evalkit.run(Suite({"m": lambda r: {"text": "yes", **given}}, [task]), results=tmp_path)
    assert run.frame().outcome.tolist() == ["errored"]
    assert "the function's mapping has " in run.frame(text=True).error[0]


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "0", "stop_reason": "refusal", "finish": "stop"}, "stop_reason 'refusal' and the finish 'stop'"),
        ({"text": 0}, "a text that is no str (int)"),
        ({"text": "0", "served_model": 4}, "a served_model that is no str (int)"),
        ({"text": "0", "calls": [{"tool": "get"}]}, "calls that are no evalkit.ToolCall"),
        ({"error": "boom"}, "An error in the reply from the function"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_said_with_its_key(given: dict[str, object], said: str, tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="0", score="exact")
    run = evalkit.run(Suite({"m": lambda r: given}, [task]), results=tmp_path)
    assert said in run.frame(text=True).error[0]


def test_a_mapping_may_have_calls(tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=lambda answer, response: response.calls == wanted)
    wanted = (evalkit.ToolCall("get", '{"x": 1}'), evalkit.ToolCall("end", "{}"))
    calls = [{"name": "get", "arguments": {"x": 1}}, wanted[1]]
    for given in ({"calls": calls}, {"text": "done", "calls": calls}):
        run = evalkit.run(Suite({"m": lambda r, given=given: given}, [task]), results=tmp_path)
        assert run.frame().outcome.tolist() == ["right"]


def test_keys_of_a_mapping_that_are_not_read_are_told_once(tmp_path: Path) -> None:
    def ask(request: Request) -> dict[str, object]:
        usage = {"input": np.int64(5), "output": 2, "prompt_tokens": 5}
        return {"text": "yes", "cost": 0.1, "usage": usage, "cost_usd": np.float32(0.5)}

    task = Task("t", data=[{"q": "a"}, {"q": "b"}], prompt="{{ q }}", target="yes", score="exact")
    with pytest.warns(LikelyMistakeWarning) as told:
        run = evalkit.run(Suite({"m": ask}, [task]), results=tmp_path)
    said = [str(one.message) for one in told]
    assert len(said) == 2 and "'cost', which is not read; did you mean 'cost_usd'?" in said[0]
    assert "usage.'prompt_tokens'" in said[1]
    assert run.frame().cost_usd.tolist() == [0.5, 0.5] and run.frame().input_tokens.tolist() == [5, 5]


def test_half_a_sign_pair_in_what_a_function_refers_to_is_no_obstacle(tmp_path: Path) -> None:
    half = "\ud83d"
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="yes", score="exact")
    run = evalkit.run(Suite({"m": lambda r: "yes" if half else "no"}, [task]), results=tmp_path)
    assert run.frame().score.tolist() == [1]


def test_a_notebooks_table_has_heads_of_one_line(tmp_path: Path) -> None:
    run = evalkit.run(_suite(), results=tmp_path)
    drawn = evalkit.compare(run["a"], run["b"])._repr_html_()
    assert "<th>points of 100 [95 %]</th>" in drawn and "\\n" not in drawn


async def _hides_its_end(request: Request) -> str:
    try:
        await asyncio.sleep(30)
    except:  # noqa: E722 - what is tested
        return "ERROR"
    return "x"


async def _scores_its_end(answer: str, record: object) -> bool:
    return await _hides_its_end(Request(messages=())) == "x"


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
def test_what_a_function_returns_after_its_time_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="x", score="exact")
    asked = evalkit.run(Suite({"m": _hides_its_end}, [task]), results=tmp_path, timeout_s=0.05)
    assert asked.frame().error_kind.tolist() == ["stalled"] and asked.frame(text=True).text.isna().all()
    monkeypatch.setattr("evalkit.scorers.function.LONGEST_S", 0.05)
    own = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=_scores_its_end)
    scored = evalkit.run(Suite({"m": lambda r: "x"}, [own]), results=tmp_path)
    assert scored.frame().outcome.tolist() == ["errored"] and "no score within" in scored.frame(text=True).reason[0]


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
async def test_what_a_function_returns_after_its_run_was_cancelled_is_asked_again(tmp_path: Path) -> None:
    started = asyncio.Event()

    async def ask(request: Request) -> str:
        started.set()
        return await _hides_its_end(request)

    suite = Suite({"m": ask}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="x", score="exact")])
    running = asyncio.ensure_future(evalkit.arun(suite, results=tmp_path))
    await started.wait()
    for _ in range(3):  # a second cancellation does not wait for answers under way
        running.cancel()
        await asyncio.sleep(0.05)
    with pytest.raises(asyncio.CancelledError):
        await running
    stored = evalkit.open_run("latest", results=tmp_path)
    assert (stored.status, len(stored.frame())) == ("interrupted", 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Score(1.0, Outcome.WRONG), "the outcome wrong and the value 1: wrong is 0"),
        (Score(0.5, Outcome.RIGHT), "the outcome right and the value 0.5: right is 1"),
        (Score(1.0, Outcome.ERRORED), "the outcome errored and the value 1"),
    ],
)
def test_a_score_that_contradicts_itself_is_refused_before_anything_is_asked(
    given: Score, said: str, tmp_path: Path
) -> None:
    asked: list[Request] = []
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=lambda answer, record: given)
    with pytest.raises(UserError, match=f"tried on the first sample .*{said}"):
        evalkit.run(Suite({"m": lambda r: asked.append(r) or "x"}, [task]), results=tmp_path)
    assert not asked


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
def test_a_later_score_that_contradicts_itself_is_no_score(tmp_path: Path) -> None:
    async def score(answer: str, record: object) -> Score:
        return Score(0.0, Outcome.RIGHT)

    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=score)
    run = evalkit.run(Suite({"m": lambda r: "x"}, [task]), results=tmp_path)
    assert (run.status, run.frame().outcome.tolist()) == ("incomplete", ["errored"])


def test_every_error_and_warning_of_evalkit_is_found_in_evalkit_errors() -> None:
    known = {name for name, one in vars(evalkit.errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    assert {"NotComparable", "PluginError", "NotPlanned"} <= known
    for path in (REPO / "evalkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and path.name != "errors.py" and not node.name.startswith("_"):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                told = f"{path}: {node.name} is an error that `except evalkit.errors.{node.name}` should find"
                assert not bases & (known | {"UserWarning"}), told


def test_a_flag_that_is_a_text_is_refused(tmp_path: Path) -> None:
    for flag in ("cache", "new", "gate"):
        with pytest.raises(UserError, match=rf"{flag} is True or False \(value seen: 'no'\)"):
            evalkit.run(_suite(1), results=tmp_path, **{flag: "no"})  # type: ignore[arg-type]
    run = evalkit.run(_suite(1), results=tmp_path)
    with pytest.raises(UserError, match="text is True or False"):
        run.frame(text="no")  # type: ignore[arg-type]
    assert len({run, evalkit.load_run(run.folder)}) <= 2  # a run can stand in a set
    with pytest.raises(KeyError, match="has no model 0"):
        run[0]  # type: ignore[index]
    with pytest.raises(KeyError, match="has no repeats: each sample was asked once; run it with repeats=2 or more"):
        run.repeats["a"]
    for ask in (evalkit.gate, evalkit.load_run):
        with pytest.raises(StoreError, match=r'no folder latest here.*evalkit.open_run\("latest"\)'):
            ask("latest")


def test_print_in_a_notebooks_kernel_writes_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = evalkit.run(_suite(30), results=tmp_path)
    gated = evalkit.gate(run, baseline="a", candidates=["b"], rules=[{"quality": "all", "margin": 0.02}])
    shown = [run, evalkit.compare(run["a"], run["b"]), gated]
    plain = [str(one) for one in shown]
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert [str(one) for one in shown] == plain
    print(*shown)
    assert capsys.readouterr().out.split() == " ".join(plain).split()
    assert all(word in text for text, word in zip(plain, ("score", "points", "loss"), strict=True))


def test_a_model_that_a_run_has_not_is_an_error_with_its_names(tmp_path: Path) -> None:
    run, once = (evalkit.run(_suite(2), results=tmp_path, repeats=n) for n in (2, 1))
    assert run.flaky("a") == [] and set(run.repeats) == {"a", "b"} and once.repeats == {}
    for asked in (lambda: run.flaky("zz"), lambda: run.repeats["zz"], lambda: once.repeats["zz"], lambda: run["zz"]):
        with pytest.raises(KeyError, match="has no model 'zz'; known are a, b"):
            asked()
    with pytest.raises(KeyError, match="each sample was asked once"):
        once.repeats["a"]


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), "6", True])
def test_a_pace_that_is_none_is_refused(wrong: object, tmp_path: Path) -> None:
    for name in ("requests_per_minute", "tokens_per_minute"):
        with pytest.raises(UserError, match=f"{name} is a number above 0"):
            evalkit.plan(_suite(1), results=tmp_path, **{name: wrong})  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
def test_a_plan_of_an_unfinished_run_counts_what_is_owed(tmp_path: Path) -> None:
    down, asked = tmp_path / "down", tmp_path / "asked"
    down.touch()

    def ask(request: Request) -> str:
        with asked.open("a") as log:
            log.write(request.prompt)
        if down.exists() and request.prompt in {"1", "4"}:
            raise ValueError("down")
        return "x"

    task = Task("t", data=[{"q": str(n)} for n in range(6)], prompt="{{ q }}", target="x", score="exact")
    suite = Suite({"m": ask}, [task])
    run = evalkit.run(suite, results=tmp_path, repeats=2)
    down.unlink(), asked.unlink()
    planned, anew = (evalkit.plan(suite, results=tmp_path, repeats=2, new=new) for new in (False, True))
    assert [one["models"][0]["n_requests"] for one in (planned, anew)] == [4, 12]
    assert (planned["continues"], anew["continues"]) == (run.name, None)
    assert evalkit.run(suite, results=tmp_path, repeats=2).status == "complete" and len(asked.read_text()) == 4


def test_a_gate_in_a_notebook_has_the_words_of_the_terminal(tmp_path: Path) -> None:
    run = evalkit.run(_suite(30), results=tmp_path)
    drawn = evalkit.gate(run, baseline="a", candidates=["b"], rules=[{"quality": "all", "margin": 0.02}])._repr_html_()
    assert "points" in drawn and "-0.02" not in drawn


def test_a_prompt_that_is_the_name_of_a_field_is_a_likely_mistake(tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}, {"q": "b"}], prompt="q", score=lambda answer, record: True)
    with pytest.warns(
        LikelyMistakeWarning, match=r"the prompt is the same for all 2 samples .*did you mean \{\{ q \}\}"
    ):
        evalkit.run(Suite({"m": lambda r: "x"}, [task]), results=tmp_path)


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
def test_a_plan_counts_what_judges_are_still_asked_and_goes_on_in_the_run_that_is_named(tmp_path: Path) -> None:
    n_judged = 0

    def ask(request: Request) -> str:
        return "" if request.prompt == "question 0" else f"answer to {request.prompt}"  # empty: no judge is needed

    def judge(request: Request) -> str:
        nonlocal n_judged
        n_judged += 1
        if n_judged > 5:
            raise UserError("the judge is away") if n_judged == 6 else TimeoutError("away")
        return "Rating: [[8]]"

    data = [{"q": f"question {i}"} for i in range(6)]
    tasks = [Task("t", data=data, prompt="{{ q }}", score={"judge": {"by": "strict"}})]
    suite = Suite({"a": ask, "b": ask}, tasks, judges={"strict": judge})
    fresh = evalkit.plan(suite, results=tmp_path)
    assert [one["n_requests"] for one in (*fresh["models"], *fresh["judges"])] == [6, 6, 12]
    run = evalkit.run(suite, results=tmp_path, in_flight=1, timeout_s=0.5)
    assert run.status == "incomplete"
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    for named in ({}, {"resume": run.name}, {"resume": "latest"}):
        planned = evalkit.plan(suite, results=tmp_path, **named)  # type: ignore[arg-type]
        assert planned["continues"] == run.name
        assert [one["n_requests"] for one in (*planned["models"], *planned["judges"])] == [0, 0, 5]
    anew = evalkit.plan(suite, results=tmp_path, new=True)
    assert [one["n_requests"] for one in (*anew["models"], *anew["judges"])] == [6, 6, 12]
    assert before == {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    other = Suite({"a": ask}, [Task("t", data=data[:3], prompt="{{ q }}", target="x", score="exact")])
    with pytest.raises(StoreError, match="its answers are to other questions"):
        evalkit.plan(other, results=tmp_path, resume=run.name)


@pytest.mark.parametrize(
    ("field", "choices", "prompt", "said"),
    [
        ({"options": "extended warranty"}, ["a", "b"], "{{ q }} {{ options }}", "row.options"),
        ({"letters": "from the customer"}, "{{ [opt_a, opt_b] }}", "{{ q }} {{ letters }}", "row.letters"),
        ({"choices": ["red", "blue"]}, ["a", "b"], "{{ q }}: {{ choices | join(', ') }}", "row.choices"),
        ({"options": "extended warranty"}, ["a", "b"], "{{ q }} {{ row.options }} {{ options }}", None),
        ({"options": "extended warranty"}, ["a", "b"], "{{ q }} {{ row.options }}", None),
        ({"options": "extended warranty"}, ["a", "b"], "{{ q }} {{ choices }}", None),
        ({"choices": ["b", "a"]}, ["a", "b"], "{{ q }}: {{ choices | join(', ') }}", None),
        ({"options": ["a", "b"]}, "{{ options }}", "{{ q }} {{ options }}", None),
    ],
)
def test_a_field_that_the_choices_hide_is_said(
    field: dict[str, object], choices: list[str] | str, prompt: str, said: str | None, tmp_path: Path
) -> None:
    data = [{"q": f"question {n}", "a": "ab"[n % 2], "opt_a": "a", "opt_b": "b", **field} for n in range(2)]
    task = Task("t", data=data, prompt=prompt, choices=choices, target="{{ a }}", score="choice")
    asked: list[Request] = []
    suite = Suite({"m": lambda request: asked.append(request) or "a"}, [task])
    if said is None:
        run = evalkit.run(suite, results=tmp_path)
    else:
        with pytest.warns(LikelyMistakeWarning, match=re.escape(f"did you mean {{{{ {said} }}}}?")):
            run = evalkit.run(suite, results=tmp_path)
    assert run.status == "complete"
    if "row.options" in prompt:
        assert "extended warranty" in asked[0].prompt
