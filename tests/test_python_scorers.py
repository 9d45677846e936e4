"""Scorers that are functions: the whole response, several of them, and what becomes of one that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import Request, Response, Suite, Task, ToolCall, Usage
from evalkit.errors import SuiteError
from tests.agent_world import ENVIRONMENT, RECORDS

TOOL = {"name": "find", "parameters": {"type": "object", "properties": {"x": {"type": "string"}}}}


def test_a_scorer_with_a_parameter_response_sees_calls_usage_and_time(tmp_path: Path) -> None:
    def ask(request: Request) -> Response:
        usage = Usage(input=5, output=7)
        return Response("", calls=(ToolCall("find", '{"x": "a"}'),), usage=usage, reasoning="because")

    seen: list[Response] = []

    def calls_find(answer: str, record: dict[str, Any], response: Response) -> bool:
        seen.append(response)
        return answer == "" and [call.name for call in response.calls or ()] == ["find"]

    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", tools=[TOOL], score=calls_find)
    run = evalkit.run(Suite({"m": ask}, [task]), results=tmp_path)
    assert run.frame().outcome.tolist() == ["right"]
    tried, got = seen  # once before anything is sent
    assert tried.calls == () and tried.usage is not None
    assert got.usage == Usage(input=5, output=7) and got.reasoning == "because" and got.timing.total_s > 0


async def test_a_scorer_sees_the_steps_of_an_agent(tmp_path: Path) -> None:
    (tmp_path / "parcels.environment.yaml").write_text(ENVIRONMENT)

    async def ask(request: Request) -> Response:
        n = sum(message.role == "tool" for message in request.messages)
        calls = [ToolCall("parcel.find", '{"parcel": "P-1"}'), ToolCall("hand_over", "{}")][n : n + 1]
        return Response("", calls=tuple(calls), usage=Usage(input=10, output=3))

    def two_steps(answer: str, record: object, *, response: Response) -> evalkit.Score:
        assert response.usage is not None
        n = len(response.steps or ())
        return evalkit.Score(float(n == 2), parts={"tokens": float(response.usage.output or 0)})

    task = Task("desk", data=RECORDS[:1], environment="parcels.environment.yaml", prompt="{{ request }}",
                score=two_steps)  # fmt: skip
    run = await evalkit.arun(Suite({"m": ask}, [task], folder=tmp_path), results=tmp_path / "r")
    assert run.frame()[["score", "part.tokens"]].values.tolist() == [[1.0, 6.0]]


def _text(answer: object) -> bool:
    return answer == "a"


def _whole(response: object) -> bool:
    return isinstance(response, Response) and response.text == "a"


def _item(sample: object) -> bool:
    return isinstance(sample, evalkit.Sample) and sample.target == "yes"


def _fields(record: object) -> bool:
    return record == {"q": "a"}


async def _later(answer: object, response: object) -> bool:
    return _text(answer) and _whole(response)


SHAPES: list[Any] = [
    lambda answer, response: _text(answer) and _whole(response),
    lambda answer, sample: _text(answer) and _item(sample),
    lambda answer, response, /: _text(answer) and _whole(response),
    lambda answer, sample, response: _text(answer) and _item(sample) and _whole(response),
    lambda answer, response, record: _text(answer) and _whole(response) and _fields(record),
    lambda answer, *, response: _text(answer) and _whole(response),
    lambda answer, *, sample, record: _text(answer) and _item(sample) and _fields(record),
    lambda said, row, response=None: _text(said) and _fields(row) and _whole(response),
    lambda *given: _text(given[0]) and _fields(given[1]),
    lambda response, sample: _text(response) and _item(sample),  # the first one is the answer, whatever its name
    _later,
]


def test_a_scorer_gets_what_the_names_of_its_parameters_say_in_any_place(tmp_path: Path) -> None:
    tasks = [
        Task(f"t{n}", data=[{"q": "a"}], prompt="{{ q }}", target="yes", score=one) for n, one in enumerate(SHAPES)
    ]
    frame = evalkit.run(Suite({"m": lambda r: "a"}, tasks), results=tmp_path).frame()
    assert {row.task: row.score for row in frame.itertuples() if row.score != 1} == {} and len(frame) == len(SHAPES)


def test_a_scorer_whose_names_say_another_order_is_refused_where_the_suite_is_made() -> None:
    for wrong in (
        lambda record, answer: True,
        lambda sample, response: True,
        lambda answer, target: answer == target,
        lambda said, choices: said in choices,
    ):
        with pytest.raises(
            SuiteError, match=r"would get the (answer's text|record) as '\w+'\. Write f\(answer, record\)"
        ):
            Suite({"m": lambda r: "a"}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=wrong)])


@pytest.mark.filterwarnings("ignore::evalkit.errors.IncompleteRunWarning")
def test_a_scorer_of_calls_is_not_refused_for_a_made_up_answer_without_calls(tmp_path: Path) -> None:
    def calls_get(answer: str, record: object, response: Any) -> bool:
        return bool(response.calls[0].name == "get")

    told: list[str | None] = []
    for score in (calls_get, [calls_get, "exact"]):
        told.clear()
        task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="a", score=score)
        model = {"m": lambda r: Response("a", calls=(ToolCall("get", "{}"),))}
        run = evalkit.run(Suite(model, [task]), results=tmp_path, progress=lambda one: told.append(one.note))
        assert run.frame().score.tolist() == [1]
        assert any("raised TypeError" in note and "`calls` is None or empty" in note for note in told if note)


def _short(answer: str, record: dict[str, Any]) -> bool:
    return len(answer) < 5


async def _kind(answer: str, record: dict[str, Any], *, sample: evalkit.Sample) -> float:
    return 0.5 if sample.target == "yes" else 0.0


def test_functions_stand_among_several_scorers(tmp_path: Path) -> None:
    def asked(*scorers: Any, **options: Any) -> evalkit.Run:
        data = [{"q": "a", "a": "yes"}]
        task = Task("t", data=data, prompt="{{ q }}", target="{{ a }}", score=list(scorers), **options)
        return evalkit.run(Suite({"m": lambda r: "yes"}, [task]), results=tmp_path)

    plain = asked(_short, "exact").frame()
    assert plain[["score", "part._short", "part.exact"]].values.tolist() == [[1, 1, 1]]
    weighed = asked("exact", {"function": _kind, "name": "kind", "weight": 3}).frame()
    assert weighed[["score", "part.kind"]].values.tolist() == [[0.625, 0.5]]
    thinks = asked(_short, {"contains": "yes"}, reasoning="keep").frame()
    assert thinks.score.tolist() == [1]
    whole = Task("t", data=[{"q": "a"}], prompt="{{ q }}", target="no", score={"all": ["exact", _short]})
    frame = evalkit.run(Suite({"m": lambda r: "yes"}, [whole]), results=tmp_path).frame()
    assert frame[["score", "part._short"]].values.tolist() == [[0, 1]]


def test_a_list_of_scorers_with_functions_is_checked_when_the_suite_is_made(tmp_path: Path) -> None:
    def suite(score: Any, **options: Any) -> Suite:
        return Suite({"m": lambda r: "x"}, [Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=score, **options)])

    with pytest.raises(SuiteError, match="two of the scorers are called '_short'"):
        suite([_short, _short])
    with pytest.raises(SuiteError, match="the function is called as f"):
        suite([_short, {"function": lambda answer: True}])
    with pytest.raises(SuiteError, match="there is no scorer 'exakt'"):
        suite([_short, "exakt"])
    for score, said in (
        ({"function": _short, "weight": 2}, "score: weight is for a function in a list"),
        (
            [_short, {"all": [_short, "exact"]}],
            r"score\[1\]: a list of scorers holds no further list; a func",
        ),
        ([{"function": _short, "wieght": 2}], r"score\[0\]: unknown key 'wieght'; did you mean 'weight'\?"),
        ([{"function": _short, "name": ""}, "exact"], r"score\[0\]: name is ''; it is the name of a column"),
        ([{"function": _short, "name": "a\n"}, "exact"], r"score\[0\]: name is 'a\\n'; it is the name of a column"),
        ([{"exact": {}, "name": " "}], r"score\[0\]: name is ' '; it is the name of a column"),
    ):
        with pytest.raises(SuiteError, match=said):
            evalkit.run(suite(score, target="x"), results=tmp_path)
    assert evalkit.run(suite({"function": _short}), results=tmp_path).frame().score.tolist() == [1]
    named = Suite({"m": {"adapter": "scripted"}}, suite([_short, "exact"], target="x").tasks)
    with pytest.raises(evalkit.errors.UserError, match=r"tasks\[0\].score is a function, and a suite file names none"):
        named.to_yaml()
    one = evalkit.run(suite([_short, "exact"], target="x"), results=tmp_path)
    other = evalkit.run(suite([lambda answer, record: True, "exact"], target="x"), results=tmp_path)
    with pytest.raises(evalkit.errors.UserError):  # scored by other code
        evalkit.compare(one, other)


@pytest.mark.parametrize("awaited", [False, True])
def test_an_answer_whose_scorer_failed_is_scored_again_and_not_asked_again(awaited: bool, tmp_path: Path) -> None:
    asked: list[str] = []
    down = tmp_path / "down"
    down.touch()

    def ask(request: Request) -> Response:
        asked.append(request.prompt)
        return Response("yes", usage=Usage(input=1, output=2), reasoning="since")

    def score(answer: str, record: dict[str, Any], response: Response) -> bool:
        if record["q"] == "b" and down.exists():
            raise OSError("the judge's host is down")
        return answer == "yes" and response.reasoning == "since" and response.usage is not None

    async def later(answer: str, record: dict[str, Any], response: Response) -> bool:
        return score(answer, record, response)

    task = Task("t", data=[{"q": "a"}, {"q": "b"}], prompt="{{ q }}", score=later if awaited else score)
    suite = Suite({"m": ask}, [task])
    with pytest.warns(evalkit.errors.IncompleteRunWarning, match="have no score.*only these are scored again"):
        first = evalkit.run(suite, results=tmp_path / "r")
    down.unlink()
    again = evalkit.run(suite, results=tmp_path / "r")
    assert (again.folder, again.status, asked) == (first.folder, "complete", asked[:2])
    assert again.frame().score.tolist() == [1, 1] and again.frame().output_tokens.tolist() == [2, 2]


# Stored runs


def test_a_stored_run_is_scored_again_by_a_function_and_no_model_is_asked(tmp_path: Path) -> None:
    asked: list[Request] = []
    data = [{"q": "a", "a": "yes"}, {"q": "b", "a": "no"}]
    suite = Suite({"m": lambda r: asked.append(r) or "yes"}, [Task("t", data=data, prompt="{{ q }}", target="{{ a }}",
                                                                     score="exact")])  # fmt: skip
    run = evalkit.run(suite, results=tmp_path)
    assert run.frame().score.tolist() == [1, 0]

    async def last_letter(answer: str, record: dict[str, Any], response: Response) -> float:
        return 0.25 if response.timing.total_s and answer.endswith("s") else 0.0

    again = evalkit.rescore(run, suite, score=last_letter)
    assert again.frame().score.tolist() == [0.25, 0.25] and len(asked) == 2
    assert evalkit.rescore(run, suite, score=["exact", {"contains": "y"}]).frame().score.tolist() == [1, 0.5]
    assert evalkit.rescore(again, suite).frame().score.tolist() == [1, 0]  # as the suite says
    with pytest.raises(SuiteError, match="the run has no task 'x'"):
        evalkit.rescore(run, suite, score="exact", tasks="x")
    with pytest.raises(SuiteError, match="the run asked this with other messages"):
        other = Task("t", data=data, prompt="Now: {{ q }}", target="{{ a }}", score="exact")
        evalkit.rescore(run, Suite(suite.models, [other]))


async def test_runs_are_listed_planned_and_written_as_a_page(tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}] * 3, prompt="{{ q }}", target="a", score="exact")
    suite = Suite({"m": lambda r: "a"}, [task])
    planned = evalkit.plan(suite, results=tmp_path, limit=2)
    assert planned["tasks"] == {"t": 2} and planned["models"][0]["n_requests"] == 2 and not evalkit.list_runs(tmp_path)
    run = evalkit.run(suite, results=tmp_path, limit=2, planned=planned["digest"])
    (info,) = evalkit.list_runs(tmp_path)
    assert (info.name, info.status, info.suite, info.problem) == (run.name, "complete", "suite", None)
    page = evalkit.report(run, tmp_path / "page.html")
    assert page.read_text().startswith("<!doctype html>")
    with pytest.raises(evalkit.errors.UserError, match="exists"):
        evalkit.report(run, page)
