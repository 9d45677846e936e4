"""Functions offered and calls made through each provider's own tool interface, its real SDK or client in between."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.dialects.openai_chat import OpenAIChat
from evalkit.adapters.registry import make_adapter
from evalkit.adapters.tool_calls import wire_names
from evalkit.errors import BadReply, Rejected, Unfit, Unsupported
from evalkit.records import Message, Outcome, Request, Settings, Tool, ToolCall
from evalkit.scorers.outcomes import score_response
from evalkit.scorers.registry import make_scorer
from evalkit.suite.tools import read_tools
from evalkit.testing.fake_provider import Behaviour, FakeProvider
from tests.loopback import loopback, reply, stream_of
from tests.parity import records
from tests.scoring import said, sample

DIALECTS = ["openai", "openai_chat", "anthropic", "gemini", "bedrock-converse", "ollama-native"]
WITHOUT_V1 = {"gemini", "bedrock-converse", "ollama-native"}
CALLS_WHOLE = {"gemini", "ollama-native"}
"""Dialects that send a call as an object: one that is broken, or cut off, never comes."""
OWN_FIELD = {"bedrock-converse": "toolConfig"}
WEATHER = {
    "name": "weather.get",
    "description": "Weather of a city.",
    "parameters": {"type": "dict", "properties": {"city": {"type": "string"}, "days": {"type": "float"}}},
}
CLOCK = {"name": "clock", "parameters": {"type": "dict", "properties": {}}}
TOOLS = read_tools([WEATHER, CLOCK])
ASK = Request((Message("system", "Be brief."), Message("user", "Weather in Paris and Rome?")), tools=TOOLS)
PARIS = {"name": "weather_get", "arguments": {"city": "Paris", "days": 2.5}}
ROME = {"name": "weather_get", "arguments": {"city": 'Rome "è" \n'}}
NOW = {"name": "clock", "arguments": {}}


@asynccontextmanager
async def asking(dialect: str, behaviour: Behaviour, **options: Any) -> AsyncIterator[tuple[Adapter, FakeProvider]]:
    """An adapter of this dialect in front of a fake provider."""
    async with FakeProvider(behaviour) as provider:
        spec = ModelSpec(name="m", adapter=dialect, model="m-1", base_url=provider.base_url, options=options)
        adapter = make_adapter(replace(spec, base_url=provider.origin) if dialect in WITHOUT_V1 else spec)
        try:
            yield adapter, provider
        finally:
            await adapter.aclose()


def calling(*calls: Mapping[str, Any], **more: Any) -> Behaviour:
    return Behaviour(calls={"Weather": calls}, **more)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_calls_come_back_in_order_under_the_names_of_the_task(dialect: str) -> None:
    behaviour = calling(PARIS, ROME, NOW, reasoning="Think of it.", latency_s=0.02, token_interval_s=0.02)
    async with asking(dialect, behaviour) as (adapter, provider):
        response = await adapter.respond(ASK)
        truth = next(iter(provider.account))
    assert response.calls is not None
    assert [call.name for call in response.calls] == ["weather.get", "weather.get", "clock"]
    assert [json.loads(call.arguments) for call in response.calls] == [c["arguments"] for c in (PARIS, ROME, NOW)]
    assert (response.text, response.stop_reason) == ("", "tool_use")
    assert response.timing.ttft_s is not None, "a call is an answer: its first piece is the first token"
    assert response.timing.last_s is not None
    assert truth.first_content is not None
    assert response.timing.sent_at + response.timing.ttft_s == pytest.approx(truth.first_content, abs=0.2)
    assert response.timing.last_s > response.timing.ttft_s
    assert response.usage is not None
    assert response.usage.output


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_words_may_come_before_a_call(dialect: str) -> None:
    async with asking(dialect, calling(PARIS, answers={"Weather": "Let me look."})) as (adapter, _):
        response = await adapter.respond(ASK)
    assert response.text == "Let me look."
    assert response.calls is not None
    assert len(response.calls) == 1
    assert response.stop_reason == "tool_use"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_model_may_call_nothing(dialect: str) -> None:
    async with asking(dialect, Behaviour(reply="None of them fits.")) as (adapter, _):
        offered = await adapter.respond(ASK)
        not_offered = await adapter.respond(replace(ASK, tools=()))
    assert (offered.text, offered.calls, offered.stop_reason) == ("None of them fits.", (), "stop")
    assert not_offered.calls is None


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_broken_arguments_are_the_models_fault(dialect: str) -> None:
    item = sample(function=[WEATHER], ground_truth=[{"weather.get": {"city": ["Paris"]}}])
    async with asking(dialect, calling({"name": "weather_get", "arguments": '{"city": "Par'})) as (adapter, _):
        response = await adapter.respond(ASK)
    assert score_response(item, response, make_scorer("tools", {})).outcome is Outcome.UNPARSEABLE
    nothing_fits = sample(function=[WEATHER], ground_truth=[])
    assert score_response(nothing_fits, response, make_scorer("tools", {})).value == 0.0


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if one not in CALLS_WHOLE])
async def test_a_call_that_the_limit_cuts_off_is_truncated(dialect: str) -> None:
    item = sample(function=[WEATHER], ground_truth=[{"weather.get": {"city": ["the city of Paris in France"]}}])
    made = calling({"name": "weather_get", "arguments": {"city": "the city of Paris in France"}})
    async with asking(dialect, made) as (adapter, _):
        response = await adapter.respond(replace(ASK, settings=Settings(max_output_tokens=3)))
    assert response.stop_reason == "length"
    assert response.calls
    assert score_response(item, response, make_scorer("tools", {})).outcome is Outcome.TRUNCATED


@pytest.mark.parametrize("flavour", ["vllm", "deepseek", "mistral", "xai", "fireworks"])
@pytest.mark.parametrize("stream", [True, False])
async def test_every_flavour_of_chat_completions_makes_calls(flavour: Any, stream: bool) -> None:
    async with asking("openai_chat", calling(PARIS, NOW, flavour=flavour), stream=stream) as (adapter, _):
        response = await adapter.respond(ASK)
    assert response.calls == (ToolCall("weather.get", '{"city":"Paris","days":2.5}'), ToolCall("clock", "{}"))


async def test_a_vllm_without_a_parser_says_which_flags_it_needs() -> None:
    async with asking("vllm", Behaviour(flavour="vllm", rejects={"tools": ("*",)})) as (adapter, _):
        with pytest.raises(Unfit, match=r"--tool-call-parser NAME .* or ask with interface: text"):
            await adapter.respond(ASK)
        assert (await adapter.respond(replace(ASK, tools=()))).text


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_a_provider_refuses_about_a_function_is_a_rejection(dialect: str) -> None:
    wrong = (Tool("f", "", {"type": "dict", "properties": {}}),)
    async with asking(dialect, calling(PARIS)) as (adapter, _):
        with pytest.raises(Rejected, match="Invalid schema for function 'f'"):
            await adapter.respond(replace(ASK, tools=wrong))


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_own_body_fields_may_not_replace_the_functions(dialect: str) -> None:
    async with asking(dialect, calling(PARIS)) as (adapter, provider):
        field = OWN_FIELD.get(dialect, "tools")
        with pytest.raises(Unsupported, match=field):
            await adapter.respond(replace(ASK, settings=Settings(extra={field: []})))
        assert len(provider.account) == 0


def test_a_name_that_fits_is_kept_and_no_two_are_spelled_alike() -> None:
    names = ["a_b", "a.b", "a b", "9lives", "späße", "x" * 70, "x" * 71, "fits-1"]
    wire = wire_names(tuple(Tool(name, "", {}) for name in names))
    assert list(wire) == names
    assert wire["a_b"] == "a_b"
    assert wire["fits-1"] == "fits-1"
    assert (wire["a.b"], wire["a b"], wire["9lives"], wire["späße"]) == ("a_b_2", "a_b_3", "_9lives", "sp__e")
    assert len(set(wire.values())) == len(names)
    assert all(len(name) <= 64 for name in wire.values())


def delta(*calls: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"tool_calls": list(calls)}, "finish_reason": None}]}


def piece(arguments: Any = None, name: str | None = None, **more: Any) -> dict[str, Any]:
    return {**more, "function": {"name": name, "arguments": arguments}}


ODD = {
    "no index, told apart by id": [
        delta(piece('{"a":1}', "f", id="x")), delta(piece('{"a":2}', "f", id="y")),
    ],
    "always index 0 and no id, each whole": [
        delta(piece('{"a":1}', "f", index=0, id="")), delta(piece('{"a":2}', "f", index=0, id="")),
    ],
    "id and name repeated in every piece": [
        delta(piece('{"a"', "f", index=0, id="x")), delta(piece(":1}", "f", index=0, id="x")),
        delta(piece('{"a"', "f", index=1, id="y")), delta(piece(":2}", "f", index=1, id="y")),
    ],
    "interleaved": [
        delta(piece("", "f", index=0, id="x"), piece("", "f", index=1, id="y")),
        delta(piece('{"a":2', index=1), piece('{"a":1}', index=0)), delta(piece("}", index=1)),
    ],
    "arguments as an object": [delta(piece({"a": 1}, "f", index=0)), delta(piece({"a": 2}, "f", index=1))],
}  # fmt: skip


@pytest.mark.parametrize("events", ODD.values(), ids=ODD)
async def test_pieces_of_calls_are_put_together_however_a_server_numbers_them(events: list[dict[str, Any]]) -> None:
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in [*events, last]) + "data: [DONE]\n\n"
    async with loopback(reply(200, body.encode(), "text/event-stream")) as server:
        adapter = make_adapter(ModelSpec(name="m", adapter="openai_chat", model="m", base_url=server.url))
        response = await adapter.respond(ASK)
        await adapter.aclose()
    assert response.calls is not None
    assert [json.loads(call.arguments) for call in response.calls] == [{"a": 1}, {"a": 2}]
    assert response.stop_reason == "tool_use"


@pytest.mark.parametrize("called", [piece("{}", None, index=0), piece(7, "f", index=0), {"function": 3}, "f", None])
async def test_calls_that_are_none_of_the_dialect_are_a_bad_reply(called: Any) -> None:
    body = f"data: {json.dumps(delta(called))}\n\ndata: [DONE]\n\n"
    async with loopback(reply(200, body.encode(), "text/event-stream")) as server:
        adapter = make_adapter(ModelSpec(name="m", adapter="openai_chat", model="m", base_url=server.url))
        with pytest.raises(BadReply):
            await adapter.respond(ASK)
        await adapter.aclose()


async def test_what_is_sent_leaves_the_choice_to_the_model_and_arguments_optional() -> None:
    done = {"type": "response.completed", "response": {"status": "completed", "output": [], "usage": None}}
    async with loopback(stream_of(done)) as server:
        adapter = make_adapter(ModelSpec(name="m", adapter="openai", model="m", base_url=server.url))
        await adapter.respond(ASK)
        await adapter.aclose()
        body = server.last.body
    assert "tool_choice" not in body, "auto is every provider's default: irrelevance must be possible"
    assert body["tools"][0] == {
        "type": "function", "strict": False, "name": "weather_get", "description": "Weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "number"}}},
    }  # fmt: skip


def test_bfcls_gold_calls_score_one_and_perturbed_ones_zero(shared_data: Path) -> None:
    """Every item of the simple and multiple categories."""
    folder, scorer = shared_data / "bfcl", make_scorer("tools", {})
    n_seen = 0
    for name in ("simple_python", "multiple"):
        found = records(folder / f"possible_answer_BFCL_v4_{name}.jsonl.gz")
        answers = {record["id"]: record["ground_truth"] for record in found}
        for record in records(folder / f"BFCL_v4_{name}.jsonl.gz"):
            item = sample(function=record["function"], ground_truth=answers[record["id"]])
            gold = json.loads(scorer.gold(item) or "")
            for calls, value in ((gold, 1.0), *((wrong, 0.0) for wrong in _perturbed(gold))):
                made = tuple(ToolCall(call["name"], json.dumps(call["arguments"])) for call in calls)
                got = score_response(item, said("", "tool_use" if made else "stop", calls=made), scorer)
                assert got.value == value, (record["id"], calls, got)
            n_seen += 1
    assert n_seen == 600


def _perturbed(gold: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], ...]:
    made_up = [{**gold[0], "arguments": {**gold[0]["arguments"], "made_up": 1}}]
    return made_up, gold * 2, [{**gold[0], "name": "no_such"}], []


@pytest.mark.long(but=1)
@pytest.mark.parametrize(("dialect", "step"), [("openai_chat", 4), ("openai", 10), ("anthropic", 10), ("gemini", 10)])
async def test_bfcls_gold_calls_score_one_through_each_interface_and_perturbed_ones_zero(
    dialect: str, step: int, shared_data: Path
) -> None:
    """Every fourth item of both categories through Chat Completions, every tenth through the others."""
    folder, scorer = shared_data / "bfcl", make_scorer("tools", {})
    n_seen = 0
    for name in ("simple_python", "multiple"):
        found = records(folder / f"possible_answer_BFCL_v4_{name}.jsonl.gz")
        answers = {record["id"]: record["ground_truth"] for record in found}
        async with asking(dialect, Behaviour(chunks=3)) as (adapter, provider):
            for record in list(records(folder / f"BFCL_v4_{name}.jsonl.gz"))[::step]:
                item = sample(function=record["function"], ground_truth=answers[record["id"]])
                tools = read_tools(record["function"])
                request = Request((Message("user", record["question"][0][0]["content"]),), tools=tools)
                gold = json.loads(scorer.gold(item) or "")
                wire = [{**call, "name": wire_names(tools)[call["name"]]} for call in gold]
                provider.behaviour = Behaviour(calls={"": wire}, chunks=3)
                right = score_response(item, await adapter.respond(request), scorer)
                assert right.value == 1.0, (record["id"], right)
                for wrong in _perturbed(wire):
                    provider.behaviour = Behaviour(calls={"": wrong}, chunks=3)
                    assert score_response(item, await adapter.respond(request), scorer).value == 0.0, (
                        record["id"],
                        wrong,
                    )
                n_seen += 1
    assert n_seen == 600 // step


@pytest.mark.parametrize(("adapter", "drops"), [("vllm", True), ("vllm", False), ("groq", True)])
async def test_a_server_of_ones_own_that_drops_functions_is_found_out(adapter: str, drops: bool) -> None:
    """llama.cpp and vLLM do where the chat template has no place for them, and the model looks as if it called none."""
    behaviour = calling(PARIS, flavour="vllm", ignores=("tools",) if drops else ())
    async with asking(adapter, behaviour) as (asked, provider):
        assert isinstance(asked, OpenAIChat)
        if adapter == "vllm" and drops:
            with pytest.raises(Unfit, match=r"drops functions .* 1 input tokens without one and 1 with it"):
                await asked.probe_tools()
        else:
            assert await asked.probe_tools() is None
        n_asked = 0 if adapter == "groq" else 3 if drops else 2
        assert len(provider.account) == n_asked, "a provider that sells them is not asked"


async def test_a_server_that_counts_no_input_says_that_nothing_is_proved() -> None:
    whole = reply(200, b'{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}')
    async with loopback(whole) as server:
        adapter = make_adapter(ModelSpec(name="m", adapter="openai_chat", model="m", base_url=server.url))
        assert isinstance(adapter, OpenAIChat)
        assert "could not be proved" in (await adapter.probe_tools() or "")
        await adapter.aclose()
