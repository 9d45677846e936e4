"""The servers of one's own machine, each in its own dialect: the real adapter and preset against the fake provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialects import openai_chat
from evalkit.adapters.dialects.openai_chat import OpenAIChat
from evalkit.adapters.presets import load_preset
from evalkit.errors import Rejected
from evalkit.records import Message, Request, Settings
from evalkit.store.sealing import rows_of
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.world import evalkit, run_folders, write_suite

SERVERS = ("ollama", "lm-studio", "llama-cpp", "transformers", "sglang", "vllm")
SHOW_REASONING = {"ollama", "llama-cpp", "sglang", "vllm"}
SAY_CACHED = {"ollama", "llama-cpp", "vllm"}
SAID: dict[str, Any] = {"reply": "It is B.", "input_tokens": 9, "output_tokens": 4, "cached_tokens": 3}
ASK = Request((Message("user", "A or B?"),), Settings(max_output_tokens=32))


@asynccontextmanager
async def server(name: str, **behaviour: Any) -> AsyncIterator[OpenAIChat]:
    async with FakeProvider(Behaviour(flavour=name, **{**SAID, **behaviour})) as provider:  # type: ignore[arg-type]
        spec = ModelSpec(name="mine", adapter=name, model="weights", base_url=provider.base_url)
        adapter = openai_chat.make(spec, load_preset(name))
        try:
            yield adapter
        finally:
            await adapter.aclose()


@pytest.mark.parametrize("name", SERVERS)
async def test_an_answer_its_times_and_its_tokens_are_read(name: str) -> None:
    async with server(name, latency_s=0.03) as adapter:
        response = await adapter.respond(ASK)
    assert (response.text, response.stop_reason, response.served_model) == ("It is B.", "stop", "weights")
    assert response.timing.ttft_s is not None and response.timing.ttft_s >= 0.03
    assert response.usage is not None
    assert (response.usage.input, response.usage.output, response.usage.reasoning) == (9, 4, 0)
    assert response.usage.cache_read == (3 if name in SAY_CACHED else None), "not reported is not zero"


@pytest.mark.parametrize("name", SERVERS)
async def test_reasoning_stays_out_of_the_answer_where_the_server_shows_it(name: str) -> None:
    async with server(name, reasoning="Let me think.") as adapter:
        response = await adapter.respond(ASK)
    assert response.text == "It is B."
    assert response.reasoning == ("Let me think." if name in SHOW_REASONING else None)
    assert (response.timing.ttfr_s is not None) == (name in SHOW_REASONING)
    if name in SHOW_REASONING - {"vllm"}:
        assert response.usage is not None
        assert response.usage.reasoning is None, "a share of the output that nobody counted"


@pytest.mark.parametrize("name", SERVERS)
async def test_log_probabilities_of_the_answer_come_where_the_preset_promises_them(name: str) -> None:
    asked = Request(ASK.messages, Settings(max_output_tokens=32, top_logprobs=2))
    async with server(name) as adapter:
        response = await adapter.respond(asked)
        assert adapter.capabilities.top_logprobs == (response.top_logprobs is not None)


@pytest.mark.parametrize("name", SERVERS)
async def test_a_refused_request_says_the_servers_own_words(name: str) -> None:
    async with server(name, rejects={"max_tokens": ("*",), "max_completion_tokens": ("*",)}) as adapter:
        with pytest.raises(Rejected, match=r"max_(completion_)?tokens"):
            await adapter.respond(ASK)


@pytest.mark.long(but=1)
@pytest.mark.parametrize("name", SERVERS)
def test_a_suite_runs_and_likelihoods_are_refused_before_anything_is_sent(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with FakeProvider.in_process(Behaviour(flavour=name, reply="B")) as provider:  # type: ignore[arg-type]
        suite = write_suite(tmp_path, provider.base_url, n=6, adapter=name)
        ran = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--no-cache")
        assert ran.code == 0, ran.err
        rows = list(rows_of(run_folders(tmp_path / "results")[0]))
        assert [row.outcome for row in rows] == ["right"] * 6
        assert all(row.ttft_s is not None and row.output_tokens for row in rows)
        if name == "vllm":
            return  # it has likelihoods; the probe decides
        n_asked = len(provider.account)
        suite.write_text(
            suite.read_text("utf-8").replace("score: choice", "score: choice\n    mode: likelihood"), "utf-8"
        )
        refused = evalkit(capsys, "run", suite, "--results", tmp_path / "results", "--no-cache")
        assert refused.code == 2 and "likelihood" in refused.err, refused.err
        assert len(provider.account) == n_asked
