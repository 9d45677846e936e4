"""What a server is tried with before the first answer is paid from the cap, and stands in what the run paid."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.picture_probe import _grey
from tests.test_hostile_servers import answering
from tests.world import evalkit, run_folders

Capture = pytest.CaptureFixture[str]
TOOL = {"name": "book", "description": "B", "parameters": {"type": "object", "properties": {"g": {"type": "integer"}}}}
TASKS: dict[str, dict[str, Any]] = {
    "functions": {"tools": [TOOL], "score": {"tools": {"field": "gt"}}},
    "pictures": {"images": "{{ file }}", "target": "x", "score": "contains"},
    "log-likelihoods": {"choices": ["a", "b"], "target": "a", "mode": "likelihood", "score": "choice"},
}
PER_TOKEN = Decimal("0.01")
"""US dollars of an output token; input costs next to nothing."""


def server(asked: list[dict[str, Any]]) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
    """Says x to everything, in a token of output; functions and pictures add input."""

    def answer(key: str, body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body)
        more = 80 * ("tools" in body or "image_url" in json.dumps(body))
        usage = {"prompt_tokens": 20 + more, "completion_tokens": 1}
        if "prompt" not in body:
            message = {"role": "assistant", "content": "x"}
            return {
                "model": "m",
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": usage,
            }
        prompts = [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]
        choices = []
        for at, prompt in enumerate(prompts):
            tokens = [" x"] if not body.get("echo") else [prompt[:-2], prompt[-2:]]
            values = [-0.5] if not body.get("echo") else [None, -0.5]
            choices.append({"index": at, "text": " x", "logprobs": {"tokens": tokens, "token_logprobs": values}})
        return {"choices": choices, "usage": usage}

    return answer


def run(capsys: Capture, folder: Path, what: str, *more: str) -> tuple[Any, list[dict[str, Any]], dict[str, Any]]:
    """What came of a run with one item, what the server was asked, and run.json."""
    (folder / "p.png").write_bytes(_grey())
    case = {"q": "x", "gt": [{"book": {"g": [1]}}], "file": "p.png"}
    asked: list[dict[str, Any]] = []
    with answering(server(asked)) as url:
        model: dict[str, Any] = {"adapter": "openai-chat", "model": "m", "base_url": f"{url}/v1"}
        model |= {"settings": {"max_output_tokens": 1}, "likelihood": what == "log-likelihoods"}
        task = {"name": "t", "cases": [case], "prompt": "{{ q }}", **TASKS[what]}
        (folder / "s.yaml").write_text(json.dumps({"name": "s", "models": {"m": model}, "tasks": [task]}))
        price = "{model: m, valid_from: 2026-01-01, currency: USD, input_per_mtok: 0.001, output_per_mtok: 10000}"
        (folder / "prices.yaml").write_text(f"- {price}\n")
        given = ("run", folder / "s.yaml", "--results", folder / "r", "--no-cache", "--prices", folder / "prices.yaml")
        ran = evalkit(capsys, *given, *more)
    (found,) = run_folders(folder / "r")
    return ran, asked, json.loads((found / "run.json").read_text())


@pytest.mark.parametrize("what", TASKS)
def test_a_probe_for_which_the_cap_has_no_room_is_not_sent(tmp_path: Path, capsys: Capture, what: str) -> None:
    ran, asked, facts = run(capsys, tmp_path, what, "--max-cost", "0.03")
    assert (ran.code, asked) == (4, []), ran.err
    assert f"a request that tries whether the server takes {what} may cost up to $" in ran.err
    assert Decimal(str(facts["spent_usd"])) == 0


@pytest.mark.parametrize("what", TASKS)
@pytest.mark.parametrize("cap", [("--max-cost", "20"), ()], ids=["a cap", "no cap"])
def test_a_probe_stands_in_what_the_run_paid(tmp_path: Path, capsys: Capture, what: str, cap: tuple[str, ...]) -> None:
    ran, asked, facts = run(capsys, tmp_path, what, *cap)
    assert ran.code == 0, ran.err
    assert len(asked) > 1
    paid = Decimal(str(facts["spent_usd"]))
    assert abs(paid - PER_TOKEN * len(asked)) < PER_TOKEN / 10, facts["spent_usd"]
    assert f"trying whether it takes {what} cost $0.0" in ran.err, ran.err
