"""Scorers that are functions: the whole response, several of them, and what becomes of one that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import evalkit
from evalkit import Request, Response, Suite, Task, ToolCall, Usage
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


def test_a_first_parameter_called_response_is_the_answer(tmp_path: Path) -> None:
    task = Task("t", data=[{"q": "a"}], prompt="{{ q }}", score=lambda response, sample: response == sample["q"])
    assert evalkit.run(Suite({"m": lambda r: "a"}, [task]), results=tmp_path).frame().score.tolist() == [1]
