"""LiteLLM's proxy (PyPI) before evalkit's own fake provider, in all four dialects. `make test-servers` runs this.

The columns say what evalkit speaks to the proxy, and after a plus what the proxy speaks to the provider.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.independent_servers.world import (
    KEY,
    ONE_CALL,
    PLAIN,
    REPLY,
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

CHAT = {"reported_cost": True, "probe_tools": False}
MODELS = {
    "chat": Model("openai_chat", "gpt", "/v1", "PROXY_API_KEY", CHAT),
    "chat+messages": Model("openai_chat", "claude", "/v1", "PROXY_API_KEY", CHAT),
    "chat+gemini": Model("openai_chat", "gemini", "/v1", "PROXY_API_KEY", CHAT),
    "responses": Model("openai", "gpt", "/v1", "OPENAI_API_KEY"),
    "messages": Model("anthropic", "gpt", "", "ANTHROPIC_API_KEY"),
    "gemini": Model("gemini", "gpt", "", "GEMINI_API_KEY"),
    "echo": Model("openai_chat", "gpt", "/v1", "PROXY_API_KEY", {"likelihood": True}),
}
BEHAVIOUR = Behaviour(
    flavour="deepseek",
    reply=REPLY,
    answers={PLAIN: "B"},
    calls={
        ONE_CALL: ({"name": "book", "arguments": {"guests": 2, "time": "20:00"}},),
        TWO_CALLS: tuple({"name": "book", "arguments": {"guests": n, "time": "20:00"}} for n in (2, 5)),
    },
    reasoning=THOUGHT,
    input_tokens=12,
    output_tokens=5,
    reasoning_tokens=3,
)
QUICK = Behaviour(reply="B")
"""Without reasoning, so that the first token is one of the answer."""


def _all(words: str) -> dict[str, str]:
    return {one: words for one in MODELS if one != "echo"}


TABLE = {
    "plain": _all("right: B"),
    "stream": _all("yes"),
    # It leaves out what Messages and Gemini say of reasoning tokens, and with Gemini's the thoughts too.
    "usage": _all("12 in, 8 out, 3 of them reasoning") | {"messages": "12 in, 8 out", "gemini": "12 in, 8 out"},
    "cost": {"chat": "0.000028", "chat+messages": "0.000028", "chat+gemini": "0.000028"},  # usage.cost is Chat's alone
    "reasoning": _all(f"right: {REPLY}, thought '{THOUGHT}', 12 in, 8 out, 3 of them reasoning")
    | {"messages": f"right: {REPLY}, thought '{THOUGHT}', 12 in, 8 out"}
    | {"gemini": f"right: {REPLY}, thought '', 12 in, 8 out"},
    "one call": _all('right: book({"guests": 2, "time": "20:00"})'),
    "two calls": _all('right: book({"guests": 2, "time": "20:00"}); book({"guests": 5, "time": "20:00"})'),
    # The provider draws its figures, and drew A as the likelier here: see the test below.
    "first token": {
        "chat": "wrong: B",
        "responses": "wrong: B",
        "messages": "exit 2: mode first_token needs log-probabilities of the first token, which messages (anthropic) "
        "does not give",
        "gemini": "no score: mode first_token needs top_logprobs, and none came",  # it leaves them out
    },
    "likelihood": {"echo": "wrong: "},
    "wrong model": _all("rejected 400"),
    "wrong key": _all("key_refused 400"),
    # Its own Responses endpoint hides what it met behind "Error processing stream start".
    "too long": _all("rejected 400") | {"responses": "server_error 500 after 6 requests"},
    "429 once": _all(f"right: {REPLY} after 2 requests"),
}


def _config(provider: str, busy: str, quick: str) -> str:
    def entry(name: str, model: str, **more: object) -> dict[str, object]:
        prices = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
        return {"model_name": name, "litellm_params": {"model": model, "api_key": "unused", **prices, **more}}

    models = [
        entry("gpt", "openai/fake", api_base=f"{provider}/v1"),
        entry("claude", "anthropic/claude-fake", api_base=provider),
        entry("gemini", "gemini/gemini-fake", api_base=provider),
        entry("window", "openai/fake", mock_response="litellm.ContextWindowExceededError"),
        entry("quick", "openai/fake", api_base=f"{quick}/v1"),
        *(entry(f"busy-{one}", f"openai/busy-{one}", api_base=f"{busy}/v1") for one in MODELS),
    ]
    return json.dumps(
        {
            "model_list": models,
            "litellm_settings": {"num_retries": 0, "telemetry": False},
            "router_settings": {"disable_cooldowns": True, "num_retries": 0},
            "general_settings": {"master_key": KEY},
        }
    )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    litellm = program("litellm", "bin", "litellm")
    folder = tmp_path_factory.mktemp("litellm")
    port = free_port()
    with (
        FakeProvider.in_process(BEHAVIOUR) as provider,
        FakeProvider.in_process(Behaviour(reply=REPLY, faults={"429": 1.0}, fault_attempts=1, retry_after_s=1)) as busy,
        FakeProvider.in_process(QUICK) as quick,
    ):
        (folder / "config.yaml").write_text(_config(provider.origin, busy.origin, quick.origin), encoding="utf-8")
        command = [litellm, "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
        own_prices = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # else it asks the network for them, three times
        with started([*command, "--telemetry", "False"], folder, port, "/health/liveliness", env=own_prices) as server:
            print("\nlitellm", _version(litellm))
            yield Bench(
                server.url,
                folder,
                MODELS,
                names={
                    "too long": "window",
                    "429 once": "busy-{dialect}",
                    "first token": "quick",
                    "likelihood": "quick",
                },
            )


@pytest.mark.parametrize(("cell", "dialect", "expected"), cells(TABLE))
def test_every_cell_is_as_the_table_says(bench: Bench, cell: str, dialect: str, expected: str) -> None:
    bench.check(cell, dialect, expected)


def test_log_probabilities_are_the_providers_own(bench: Bench, tmp_path: Path) -> None:
    with FakeProvider.in_process(QUICK) as quick:
        direct = Bench(quick.origin, tmp_path, MODELS, names={"first token": "fake", "likelihood": "fake"})
        for cell, dialect in (("first token", "chat"), ("first token", "responses"), ("likelihood", "echo")):
            told, passed_on = direct.weighed(cell, dialect), bench.weighed(cell, dialect)
            assert [(row.outcome, row.extracted, row.logliks) for row in passed_on] == [
                (row.outcome, row.extracted, row.logliks) for row in told
            ]
            assert told[0].extracted is not None


def _version(litellm: str) -> str:
    asks = "import importlib.metadata as m; print(m.version('litellm'))"
    python = str(Path(litellm).with_name("python"))
    return subprocess.run([python, "-c", asks], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
