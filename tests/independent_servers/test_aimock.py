"""aimock, a mock of many providers by CopilotKit (npm), in all four dialects. `make test-servers` runs this."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.independent_servers.world import (
    KEY,
    ONE_CALL,
    PLAIN,
    REPLY,
    THINK,
    THOUGHT,
    TWO_CALLS,
    Bench,
    Model,
    cells,
    free_port,
    program,
    started,
)  # fmt: skip

pytestmark = pytest.mark.slow

MODELS = {
    "chat": Model("openai_chat", "mock-chat", "/v1", "MOCK_API_KEY", {"probe_tools": False}),
    "responses": Model("openai", "mock-responses", "/v1", "OPENAI_API_KEY"),
    "messages": Model("anthropic", "mock-messages", "", "ANTHROPIC_API_KEY"),
    "gemini": Model("gemini", "mock-gemini", "", "GEMINI_API_KEY"),
}
USAGE: Mapping[str, Mapping[str, int]] = {
    "chat": {"prompt_tokens": 12, "completion_tokens": 5},
    "responses": {"input_tokens": 12, "output_tokens": 5},
    "messages": {"input_tokens": 12, "output_tokens": 5},
    "gemini": {"promptTokenCount": 12, "candidatesTokenCount": 5, "totalTokenCount": 17},
}
"""What a fixture has aimock report, in each dialect's own words."""


def _all(words: str) -> dict[str, str]:
    return dict.fromkeys(MODELS, words)


TABLE = {
    "plain": _all(f"right: {REPLY}"),
    "stream": _all("yes"),
    "usage": _all("12 in, 5 out"),
    # What no fixture says it estimates for Chat Completions and sends as 0 in the others: unknown, never zero.
    "reasoning": _all(f"right: {REPLY}, thought '{THOUGHT}', ? in, ? out")
    | {"chat": f"right: {REPLY}, thought '{THOUGHT}', 19 in, 4 out"},
    "one call": _all('right: book({"guests": 2, "time": "20:00"})'),
    "two calls": _all('right: book({"guests": 2, "time": "20:00"}); book({"guests": 5, "time": "20:00"})'),
    "first token": _all("no score: mode first_token needs top_logprobs, and none came")  # aimock has none
    | {
        "messages": "exit 2: mode first_token needs log-probabilities of the first token, which messages (anthropic) "
        "does not give"
    },
    "wrong model": _all("rejected 404"),
    "wrong key": _all("key_refused 401"),
    "too long": _all("rejected 400"),
    "429 once": _all(f"right: {REPLY} after 2 requests"),
}


def _fixtures() -> list[dict[str, Any]]:
    calls = [{"name": "book", "arguments": json.dumps({"guests": n, "time": "20:00"})} for n in (2, 5)]
    answers: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"userMessage": PLAIN}, {"content": REPLY}),
        ({"userMessage": THINK}, {"content": REPLY, "reasoning": THOUGHT}),
        ({"userMessage": ONE_CALL}, {"toolCalls": calls[:1]}),
        ({"userMessage": TWO_CALLS}, {"toolCalls": calls}),
        (
            {"userMessage": "a very long prompt"},
            _error(400, "context_length_exceeded", "too many tokens: 12000 > 8192"),
        ),
        ({"userMessage": "a busy moment", "sequenceIndex": 0}, _error(429, "rate_limit_exceeded", "slow down")),
        ({"userMessage": "a busy moment"}, {"content": REPLY}),
    ]
    found = []
    for dialect, model in MODELS.items():
        for match, response in answers:
            said = {"usage": USAGE[dialect]} if match["userMessage"] == PLAIN else {}
            found.append({"match": {**match, "model": model.model}, "response": {**response, **said}})
    return found


def _error(status: int, code: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}, "status": status}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    script = program("aimock", "node_modules", "@copilotkit", "aimock", "dist", "cli.js")
    folder = tmp_path_factory.mktemp("aimock")
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": _fixtures()}), encoding="utf-8")
    port = free_port()
    command = ["node", script, "--port", str(port), "--fixtures", str(folder / "fixtures.json"), "--chunk-size", "4"]
    with started(command, folder, port, "/health", env={"AIMOCK_API_KEYS": KEY}) as server:
        print("\naimock", json.loads(Path(script).parents[1].joinpath("package.json").read_text("utf-8"))["version"])
        yield Bench(server.url, folder, MODELS)


@pytest.mark.parametrize(("cell", "dialect", "expected"), cells(TABLE))
def test_every_cell_is_as_the_table_says(bench: Bench, cell: str, dialect: str, expected: str) -> None:
    bench.check(cell, dialect, expected)
