"""Somebody else's code that uses evalkit: mypy (strict) and pyright check it in tests/test_python_door.py. Not run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

import evalkit
from evalkit import Request, Response, RunProgress, Score, Usage
from evalkit.errors import EvalkitError, SuiteError


async def ask(request: Request) -> str:
    return request.prompt.upper()


def ask_in_a_thread(request: Request) -> Response:
    asked = [{"role": message.role, "content": message.content} for message in request.messages]
    return Response(str(len(asked)), usage=Usage(input=3, output=1), stop_reason="stop")


async def at_length(request: Request) -> Response:
    return Response("yes", "stop")


def as_mapping(request: Request) -> dict[str, object]:
    return {"text": "yes", "usage": {"input": 9}}


def calls(answer: str, record: Mapping[str, Any], *, response: Response) -> bool:
    return bool(response.calls)


def exact(answer: str, record: Mapping[str, Any]) -> bool:
    return answer == str(record["queue"])


def graded(answer: str, record: Mapping[str, Any]) -> float:
    return 0.5


async def explained(answer: str, record: Mapping[str, Any], *, sample: evalkit.Sample) -> Score:
    return Score(1.0, reason=sample.target, parts={"length": float(len(answer))})


def show(progress: RunProgress) -> None:
    left: int = progress.total - progress.done
    spent: Decimal = progress.spent_usd
    print(left, spent, progress.note or "")


def made(frame: pd.DataFrame) -> evalkit.Suite:
    return evalkit.Suite(
        models={
            "gpt": evalkit.Model("openai", "gpt-6-luna", settings={"max_output_tokens": 16}),
            "mine": ask,
            "threaded": ask_in_a_thread,
            "mapped": as_mapping,
            "long": evalkit.Model(at_length, price_as="openai:gpt-6-luna"),
            "served": evalkit.Model(
                "vllm",
                "qwen",
                serve={"quantization": "fp8"},
                hosting={"gpu": "H100", "usd_per_gpu_hour": Decimal("2.49")},
                settings={"temperature": 0, "stop": ["END"]},
            ),
            "pictured": evalkit.Model(ask, images=True, weights="v3"),
            "recorded": evalkit.Model("replay", path=Path("answers.jsonl"), columns="guess"),
            "own": {"adapter": "cohere", "model": "command-r", "safety_mode": "STRICT"},
            "tiny": {"adapter": "ctranslate2", "model": "tiny"},
        },
        tasks=[
            evalkit.Task("frame", data=frame, prompt="{{ ticket }}", target="{{ queue }}", score=exact),
            evalkit.Task("rows", data=[{"ticket": "a", "queue": "b"}], prompt="{{ ticket }}", score=graded, limit=5),
            evalkit.Task("file", data="tickets.jsonl", prompt="{{ ticket }}", target="{{ queue }}", score="exact"),
            evalkit.Task("path", data=Path("tickets.jsonl"), prompt="{{ ticket }}", score=explained),
            evalkit.Task(
                "two", data=frame, prompt="{{ ticket }}", target="x", score=[calls, "exact", {"function": exact}]
            ),
            evalkit.Task(
                use="mmlu", data={"path": "mmlu.jsonl"}, shots=5, slices=["subject"], limit={"n": 50, "seed": 1}
            ),
        ],
        name="downstream",
        run={"repeats": 2},
        gate={"baseline": "gpt", "candidates": ["mine"], "rules": [{"quality": "all", "margin": 0.02}]},
    )


def used(frame: pd.DataFrame) -> bool:
    run = evalkit.run(made(frame), results="results", progress=show, limit=10, max_cost_usd=5, models=["gpt", "mine"])
    again: evalkit.Run = evalkit.open_run("latest", results="results")
    same: evalkit.Run = evalkit.load_run(again.folder)
    rows: pd.DataFrame = same.frame(text=True)
    print(evalkit.plan(made(frame), limit=3)["digest"], [info.name for info in evalkit.list_runs("results")])
    print(evalkit.report(evalkit.rescore(same, made(frame), score=calls, tasks="frame"), "page.html").name)
    comparison: evalkit.Comparison = evalkit.compare(run["gpt"], run["mine"])
    first: float | None = comparison.differences[0].delta
    result: evalkit.GateResult = evalkit.gate(run, baseline="gpt")
    for rule in result.rules:
        low: float | None = rule.low
        print(rule.name, rule.verdict, rule.estimate, low, rule.limit, rule.reason)
    print(len(rows), first, run.status, run.facts.reasons, result.decision)
    return result.passed


async def awaited(path: Path) -> evalkit.Run:
    try:
        return await evalkit.arun(path, in_flight="auto", seed=1, tags=["nightly"], metadata={"commit": "abc"})
    except SuiteError as error:
        print(error.complaints)
        raise
    except EvalkitError as error:
        raise SystemExit(error.exit_code) from error


def refused_by_a_type_checker(frame: pd.DataFrame) -> None:
    evalkit.run(3)  # type: ignore[arg-type]
    evalkit.run("suite.yaml", limt=3)  # type: ignore[call-arg]
    evalkit.run("suite.yaml", progress=show(frame))  # type: ignore[arg-type, func-returns-value]
    evalkit.Model(lambda request: 3)  # type: ignore[arg-type, return-value]
    evalkit.Model("openai", "gpt-6-luna", pirce_as="openai:gpt-6-luna")  # type: ignore[call-arg]
    evalkit.Model("openai", "gpt-6-luna", settings={"temprature": 0})  # type: ignore[arg-type]
    evalkit.Model("vllm", "qwen", hosting={"gpu": "H100", "gpus": "two"})  # type: ignore[arg-type]
    evalkit.Model("ctranslate2", "tiny", intra_threads="2")  # type: ignore[arg-type]
    evalkit.Task("t", settings={"max_tokens": 9})  # type: ignore[typeddict-unknown-key]
    evalkit.Task("t", data=3)  # type: ignore[arg-type]
    evalkit.Task("t", promt="{{ ticket }}")  # type: ignore[call-arg]
    evalkit.Suite(models=["gpt"], tasks=[])  # type: ignore[arg-type]
    evalkit.Suite(models={}, tasks=[], gat={})  # type: ignore[call-arg]
    print(evalkit.gate(evalkit.load_run("r")).passt)  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(awaited(Path("suite.yaml")))
