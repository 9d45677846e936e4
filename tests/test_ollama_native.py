"""Ollama's own API through its real client: bodies, thinking, what is loaded, and where prompts go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import DescribesServer, ModelSpec
from evalkit.adapters.dialects.ollama_native import Ollama, OllamaAdapter, OllamaOptions
from evalkit.adapters.ollama_answer import OllamaAnswer
from evalkit.adapters.registry import make_adapter
from evalkit.engine.callouts import callouts
from evalkit.errors import Rejected, SuiteError
from evalkit.records import NOT_TIMED, Message, Request, Settings, Tool
from evalkit.store.runs import read_facts
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from evalkit.testing.loopback import loopback, raw_server, reply
from tests.world import evalkit, run_folders

ASK = Request((Message("system", "Be brief."), Message("user", "Capital of France?")))
CANARY = "ollama-key-canary-6f1d0c9b2a"
TOOL = Tool("weather", "", {"type": "object", "properties": {}})


def spec_of(model: str = "qwen3:4b", **fields: Any) -> ModelSpec:
    return ModelSpec(name="m", adapter="ollama-native", model=model, **fields)


def body_of(options: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    dialect = Ollama("qwen3:4b", OllamaOptions(**(options or {})))
    return dialect.body(Request(ASK.messages, Settings(**settings)))


@asynccontextmanager
async def served(behaviour: Behaviour, **fields: Any) -> AsyncIterator[tuple[OllamaAdapter, FakeProvider]]:
    async with FakeProvider(behaviour) as provider:
        adapter = make_adapter(spec_of(base_url=provider.origin, **fields))
        assert isinstance(adapter, OllamaAdapter)
        try:
            yield adapter, provider
        finally:
            await adapter.aclose()


def test_settings_travel_in_ollamas_spelling() -> None:
    schema = {"type": "object", "properties": {}}
    body = body_of(
        {"num_ctx": 8192, "keep_alive": "10m"},
        max_output_tokens=9,
        temperature=0.0,
        top_p=0.9,
        seed=1,
        stop=("END",),
        reasoning_effort="high",
        json_schema=schema,
        top_logprobs=3,
        extra={"options": {"top_k": 5, "seed": 2}, "template": "x"},
    )
    assert body["options"] == {
        **{"num_ctx": 8192, "num_predict": 9, "temperature": 0.0, "top_p": 0.9, "seed": 2, "stop": ["END"]},
        "top_k": 5,
    }
    assert (body["think"], body["format"], body["keep_alive"]) == ("high", schema, "10m")
    assert (body["logprobs"], body["top_logprobs"], body["template"]) == (True, 3, "x")
    assert (body["stream"], body["truncate"], body["shift"]) == (True, False, False)


def test_what_is_left_to_the_server_is_not_sent() -> None:
    assert body_of().keys() == {"model", "messages", "stream", "truncate", "shift"}
    assert body_of(reasoning_effort="none")["think"] is False


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/", "/api", "/api/"])
def test_an_address_may_end_like_its_other_apis(end: str) -> None:
    adapter = make_adapter(spec_of(base_url=f"http://127.0.0.1:11434{end}"))
    assert adapter.endpoint.place == "127.0.0.1:11434"


def test_wrong_options_and_fields_are_refused() -> None:
    with pytest.raises(SuiteError, match=r"num_ctx"):
        make_adapter(spec_of(options={"num_ctx": "many"}))
    with pytest.raises(SuiteError, match=r"models\.m\.settings\.extra\.stream"):
        make_adapter(spec_of(settings=Settings(extra={"stream": False})))
    with pytest.raises(SuiteError, match="leave out the end from /api/chat on"):
        make_adapter(spec_of(base_url="http://127.0.0.1:11434/api/chat"))


async def test_a_server_says_its_version_and_the_digest_of_the_weights() -> None:
    async with served(Behaviour(models=("other:latest", "qwen3:4b"))) as (adapter, provider):
        assert isinstance(adapter, DescribesServer)
        await adapter.describe()
        assert len(provider.account) == 0
    assert adapter.served == {
        **{"version": "0.33.2", "digest": f"{2:064x}", "quantization": "Q4_K_M", "parameters": "4.0B"},
        "format": "gguf",
    }


async def test_a_model_without_a_tag_is_the_latest_and_an_unknown_one_has_no_digest() -> None:
    async with FakeProvider(Behaviour(models=("qwen3:latest",))) as provider:
        for name, digest in (("qwen3", f"{1:064x}"), ("qwen3:4b", None)):
            adapter = make_adapter(spec_of(name, base_url=provider.origin))
            assert isinstance(adapter, OllamaAdapter)
            await adapter.describe()
            assert (adapter.served.get("digest"), adapter.served["version"]) == (digest, "0.33.2")
            await adapter.aclose()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"version": 7, "models": {"a": 1}}', b'{"models": [3]}', b""])
async def test_a_server_that_says_nothing_of_itself_is_no_error(body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    adapter = make_adapter(spec_of(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    assert isinstance(adapter, OllamaAdapter)
    await adapter.describe()
    assert adapter.served == {}
    await adapter.aclose()
    server.close()
    async with raw_server([b"SSH-2.0-OpenSSH_9.9\r\n"]) as url:
        adapter = make_adapter(spec_of(base_url=url))
        assert isinstance(adapter, OllamaAdapter)
        await adapter.describe()
        assert adapter.served == {}
        await adapter.aclose()


async def test_a_prompt_that_is_too_long_is_refused_and_not_cut() -> None:
    said = b'{"error": "the input length exceeds the context length"}'
    async with loopback(reply(400, said)) as server:
        adapter = make_adapter(spec_of(base_url=server.url))
        with pytest.raises(Rejected, match="exceeds the context length"):
            await adapter.respond(ASK)
        await adapter.aclose()
    assert server.last.path == "/api/chat" and server.last.body["truncate"] is False


def read(*events: dict[str, Any], tools: tuple[Tool, ...] = ()) -> Any:
    reading = OllamaAnswer(tools)
    for event in events:
        reading.take(event, 1.0)
    return reading.response(NOT_TIMED, ())


@pytest.mark.parametrize(
    ("reason", "stop"), [("stop", "stop"), ("length", "length"), ("load", "other"), ("unload", "other"), (None, "stop")]
)
def test_every_reason_to_be_done_has_its_kind(reason: str | None, stop: str) -> None:
    event: dict[str, Any] = {"model": "m", "message": {"content": "hi"}, "done": True}
    assert read(event | ({} if reason is None else {"done_reason": reason})).stop_reason == stop


def test_counts_that_are_not_said_are_unknown() -> None:
    done = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
    said = {"message": {"content": "hi"}, "done": False}
    assert read(said, done).usage is None
    usage = read(said, done | {"eval_count": 4}).usage  # a prompt of the cache is not counted by old servers
    assert (usage.input, usage.output, usage.reasoning) == (None, 4, 0)
    thought = read({"message": {"content": "", "thinking": "hm"}, "done": False}, said, done | {"eval_count": 4})
    assert (thought.reasoning, thought.usage.reasoning) == ("hm", None), "it is not counted apart"
    assert read(said, done | {"eval_count": 0, "prompt_eval_count": 0}).usage is None


def test_an_answer_that_came_at_once_has_no_first_token() -> None:
    usage = {"done": True, "done_reason": "stop", "eval_count": 2}
    whole, streamed = OllamaAnswer(()), OllamaAnswer(())
    whole.take({"message": {"content": "Paris."}} | usage, 3.0)
    streamed.take({"message": {"content": "Paris."}, "done": False}, 2.0)
    streamed.take({"message": {"content": ""}} | usage, 3.0)
    assert (whole.timing(1.0, 3.0).ttft_s, whole.said) == (None, "Paris.")
    assert (streamed.timing(1.0, 3.0).ttft_s, streamed.said) == (1.0, "Paris.")


@pytest.mark.parametrize("said", [{"response": "Paris."}, {}, {"text": "Paris."}])
def test_an_answer_without_a_message_is_not_taken_for_an_empty_one(said: dict[str, Any]) -> None:
    with pytest.raises(KeyError, match="message"):  # the reader of replies makes it a BadReply
        read(said | {"model": "m", "done": True})


def test_calls_and_log_probabilities_are_read() -> None:
    call = {"function": {"index": 0, "name": "weather", "arguments": {"city": "Paris"}}}
    done = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
    response = read({"message": {"content": "", "tool_calls": [call]}, "done": False}, done, tools=(TOOL,))
    assert [(one.name, one.arguments) for one in response.calls] == [("weather", '{"city":"Paris"}')]
    assert response.stop_reason == "tool_use"
    token = {"token": "Hi", "logprob": -0.1, "top_logprobs": [{"token": "Hi", "logprob": -0.1}]}
    logged = read({"message": {"content": "Hi"}, "logprobs": [token, {"token": "!", "logprob": -0.5}], "done": True})
    assert logged.top_logprobs == ({"Hi": -0.1}, {"!": -0.5})


@pytest.mark.parametrize(
    "model",
    [
        "gpt-oss:120b-cloud",
        "qwen3-coder:480b-cloud",
        "kimi-k2:cloud",
        "X:1T-CLOUD",
        "qwen3-vl:235b-instruct-cloud",
        "x:8b-q4_K_M-cloud",
    ],
)
def test_models_of_the_cloud_are_seen_to_leave_this_machine(model: str) -> None:
    assert [(one.kind, one.host) for one in callouts(model, {})] == [("ollama_cloud", "ollama.com")]


@pytest.mark.parametrize("model", ["qwen3:4b", "cloud", "cloud:7b", "nimbus/cloud-9", "a-cloud", "x:cloudy"])
def test_other_names_are_not(model: str) -> None:
    assert callouts(model, {}) == ()


async def test_the_key_of_the_cloud_does_not_go_to_a_server_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_API_KEY", CANARY)
    async with loopback(reply(500, b"{}")) as server:
        adapter = make_adapter(spec_of(base_url=server.url))
        with pytest.raises(Exception, match="500"):
            await adapter.respond(ASK)
        await adapter.aclose()
    assert CANARY not in str(server.requests)
    with pytest.raises(SuiteError, match="is not sent there"):
        make_adapter(spec_of(base_url="https://ollama.com.evil.example"))
    assert CANARY not in repr(make_adapter(spec_of(base_url="https://ollama.com")))


def test_a_run_records_what_the_server_has_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "items.jsonl").write_text('{"id": 1, "q": "Capital of France?", "a": "Paris"}\n', "utf-8")
    with FakeProvider.in_thread(Behaviour(models=("qwen3:4b",), reply="Paris.")) as provider:
        (tmp_path / "suite.yaml").write_text(
            f"""
name: s
models:
  qwen: {{adapter: ollama-native, model: "qwen3:4b", base_url: "{provider.origin}", num_ctx: 4096}}
tasks:
  - {{name: t, data: items.jsonl, prompt: "{{{{ q }}}}", target: "{{{{ a }}}}", score: contains}}
""",
            "utf-8",
        )
        ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
        assert ran.code == 0, ran.err
    facts = read_facts(run_folders(tmp_path / "results")[-1])
    assert facts["servers"]["qwen"]["digest"] == f"{1:064x}"
    assert "'num_ctx': '4096'" in str(facts["models"]["qwen"])


def test_prompts_for_a_model_of_the_cloud_are_held_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "items.jsonl").write_text('{"id": 1, "q": "Capital of France?", "a": "Paris"}\n', "utf-8")
    with FakeProvider.in_thread() as provider:
        (tmp_path / "suite.yaml").write_text(
            f"""
name: s
sensitivity: restricted
models:
  big: {{adapter: ollama-native, model: "gpt-oss:120b-cloud", base_url: "{provider.origin}"}}
tasks:
  - {{name: t, data: items.jsonl, prompt: "{{{{ q }}}}", target: "{{{{ a }}}}", score: contains}}
""",
            "utf-8",
        )
        ran = evalkit(capsys, "run", tmp_path / "suite.yaml", "--results", tmp_path / "results")
        assert ran.code == 2 and "--allow-callout ollama.com" in ran.err
        assert len(provider.account) == 0


async def test_a_model_that_is_not_there_is_no_question_of_the_address() -> None:
    async with loopback(reply(404, b'{"error": "model \'qwen3:4b\' not found"}')) as server:
        adapter = make_adapter(spec_of(base_url=server.url))
        with pytest.raises(Rejected, match="not found") as refused:
            await adapter.respond(ASK)
        await adapter.aclose()
    assert "/v1" not in str(refused.value)
