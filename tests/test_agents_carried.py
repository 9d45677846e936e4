"""What a provider wants back when a conversation goes on after calls: as it came, unread, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from evalkit.adapters.base import ModelSpec
from evalkit.adapters.dialect import DialectAdapter
from evalkit.adapters.registry import make_adapter
from evalkit.records import Message, Request, Response, ToolCall
from evalkit.store.answer_codec import CachedAnswer
from evalkit.store.cache import ResponseCache, key
from evalkit.store.row_kinds import odd_step
from evalkit.suite.tools import read_tools

TOOLS = read_tools(
    [{"name": "city.find", "parameters": {"type": "object", "properties": {"name": {"type": "string"}}}}]
)
ASKED = (Message("system", "Be brief."), Message("user", "Where is Ulm?"))
CALL = ToolCall("city.find", '{"name": "Ulm"}')
WIRE = "city_find"


def adapter_of(dialect: str, url: str = "http://127.0.0.1:9") -> DialectAdapter:
    made = make_adapter(ModelSpec(name="m", adapter=dialect, model="m-1", base_url=url))
    assert isinstance(made, DialectAdapter)
    return made


def gone_on(dialect: str, carried: str | None, *, calls: tuple[ToolCall, ...] = (CALL,), failed: bool = False) -> Any:
    """The body of the request that follows on a call."""
    results = tuple(Message("tool", f"result {n}", failed=failed) for n in range(len(calls)))
    turns = (*ASKED, Message("assistant", "Let me look.", calls, carried=carried), *results)
    return adapter_of(dialect).dialect.body(Request(turns, tools=TOOLS))


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
HIDDEN = {"type": "redacted_thinking", "data": "b3BhcXVl"}
BEDROCK = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}
ENCRYPTED = {"type": "reasoning", "summary": [], "encrypted_content": "b3BhcXVl"}


def test_signed_thinking_goes_back_before_the_calls() -> None:
    body = gone_on("anthropic", json.dumps([THOUGHT, HIDDEN]))
    assert body["messages"][1:] == [
        {"role": "assistant", "content": [
            THOUGHT, HIDDEN, {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "call00001", "name": WIRE, "input": {"name": "Ulm"}},
        ]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call00001", "content": "result 0"}]},
    ]  # fmt: skip


def test_several_results_are_one_message_and_errors_say_so() -> None:
    body = gone_on("anthropic", None, calls=(CALL, CALL), failed=True)
    (told,) = body["messages"][2:]
    assert [(one["tool_use_id"], one["is_error"]) for one in told["content"]] == [
        ("call00001", True),
        ("call00002", True),
    ]
    bedrock = gone_on("bedrock-converse", None, calls=(CALL, CALL), failed=True)["messages"][-1]
    assert [one["toolResult"]["status"] for one in bedrock["content"]] == ["error", "error"]
    gemini = gone_on("gemini", None, failed=True)["contents"][-1]
    assert gemini == {
        "role": "user", "parts": [{"functionResponse": {"name": WIRE, "response": {"error": "result 0"}}}]
    }  # fmt: skip


def test_gemini_gets_its_signatures_on_the_calls_they_came_with() -> None:
    body = gone_on("gemini", json.dumps(["c2ln", ""]), calls=(CALL, CALL))
    call = {"functionCall": {"name": WIRE, "args": {"name": "Ulm"}}}
    assert body["contents"][1]["parts"] == [{"text": "Let me look."}, {**call, "thoughtSignature": "c2ln"}, call]


def test_bedrock_openai_deepseek_and_ollama_get_their_own() -> None:
    assert gone_on("bedrock-converse", json.dumps([BEDROCK]))["messages"][1]["content"][0] == BEDROCK
    items = gone_on("openai", json.dumps([ENCRYPTED]))["input"]
    assert [item.get("type", "message") for item in items] == [
        "message", "message", "reasoning", "message", "function_call", "function_call_output"
    ]  # fmt: skip
    chat = gone_on("openai_chat", json.dumps({"reasoning_content": "Hm."}))["messages"][2]
    assert chat["reasoning_content"] == "Hm."
    assert chat["tool_calls"][0]["id"] == "call00001"
    assert gone_on("ollama-native", json.dumps({"thinking": "Hm."}))["messages"][2]["thinking"] == "Hm."


def test_arguments_that_were_no_json_go_back_as_an_empty_object() -> None:
    broken = (ToolCall("city.find", '{"name": "Ul'),)
    assert gone_on("openai_chat", None, calls=broken)["messages"][2]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert gone_on("anthropic", None, calls=broken)["messages"][1]["content"][-1]["input"] == {}


@pytest.mark.parametrize(
    "dialect", ["anthropic", "gemini", "ollama-native", "bedrock-converse", "openai", "openai_chat"]
)
def test_arguments_that_are_nested_too_deeply_go_back_as_an_empty_object(dialect: str) -> None:
    """Written as JSON once more they ended the run (Anthropic), or the row counted as the system's fault."""
    for n in (150, 260, 1010):
        deep = '{"name": ' + "[" * n + "]" * n + "}"
        body = gone_on(dialect, None, calls=(ToolCall("city.find", deep),))
        assert b"[[[" not in orjson.dumps(body)
    kept = gone_on(dialect, None, calls=(ToolCall("city.find", '{"name": ' + "[" * 50 + "]" * 50 + "}"),))
    assert b"[" * 50 in orjson.dumps(kept)


def test_a_function_that_a_model_made_up_goes_back_under_a_name_that_providers_take() -> None:
    """Else its next request is refused, and what the model did wrong counts as the system's fault."""
    for made_up, wire in (("functions.find the city!", "functions_find_the_city_"), ("", "_"), ("x" * 90, "x" * 64)):
        (turn,) = gone_on("openai_chat", None, calls=(ToolCall(made_up, "{}"),))["messages"][2:3]
        assert turn["tool_calls"][0]["function"]["name"] == wire


def begins(index: int, **block: object) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def goes_on(index: int, kind: str, **piece: str) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", **piece}}


EVENTS: dict[str, list[dict[str, Any]]] = {
    "anthropic": [
        {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 9}}},
        begins(0, type="thinking", thinking="", signature=""),
        goes_on(0, "thinking", thinking="H"),
        goes_on(0, "thinking", thinking="m."),
        goes_on(0, "signature", signature="c2ln"),
        begins(1, type="redacted_thinking", data="b3BhcXVl"),
        begins(2, type="tool_use", id="x", name=WIRE, input={}),
        goes_on(2, "input_json", partial_json='{"name": "Ulm"}'),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    ],
    "gemini": [
        {"candidates": [{"content": {"parts": [
            {"functionCall": {"name": WIRE, "args": {"name": "Ulm"}}, "thoughtSignature": "c2ln"},
            {"functionCall": {"name": WIRE, "args": {"name": "Rom"}}},
        ]}, "finishReason": "STOP"}]},
    ],
    "openai": [
        {"type": "response.completed", "response": {"status": "completed", "output": [
            {"type": "reasoning", "summary": [], "encrypted_content": "c2ln"},
            {"type": "function_call", "call_id": "x", "name": WIRE, "arguments": "{}", "status": "completed"},
        ]}},
    ],
    "openai_chat": [
        {"choices": [{"index": 0, "delta": {"reasoning_content": "c2ln"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [
            {"index": 0, "id": "x", "function": {"name": WIRE, "arguments": "{}"}}
        ]}, "finish_reason": "tool_calls"}]},
    ],
    "ollama-native": [
        {"message": {"role": "assistant", "content": "", "thinking": "c2ln", "tool_calls": [
            {"function": {"name": WIRE, "arguments": {}}}
        ]}, "done": True, "done_reason": "stop"},
    ],
    "bedrock-converse": [
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hm."}}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}}},
        {"contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "x", "name": WIRE}}}},
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{}"}}}},
        {"messageStop": {"stopReason": "tool_use"}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "carried"), [("anthropic", [THOUGHT, HIDDEN]), ("gemini", ["c2ln", ""])], ids=["anthropic", "gemini"]
)
async def test_what_wants_to_go_back_is_read_from_the_stream(dialect: str, carried: list[object]) -> None:
    adapter = adapter_of(dialect)
    reading = adapter.dialect.reading(Request(ASKED, tools=TOOLS), adapter.transport.where, "/x")
    for n, event in enumerate(EVENTS[dialect]):
        reading.take(event, float(n))
    response = reading.response(reading.timing(0.0, 9.0), ())
    assert json.loads(response.carried or "null") == carried
    await adapter.aclose()
    alone = adapter.dialect.reading(Request(ASKED), adapter.transport.where, "/x")
    for n, event in enumerate(EVENTS[dialect]):
        alone.take(event, float(n))
    assert alone.response(alone.timing(0.0, 9.0), ()).carried is None, "without calls nothing goes on"


@pytest.mark.parametrize("dialect", EVENTS)
@pytest.mark.parametrize("odd", ["\ud800", "a\udfff", "\x00\x1b[31m", "\ud83d\ude00é"])
async def test_whatever_came_can_go_back(dialect: str, odd: str) -> None:
    """Half a character in a signature ended the run at the next step, and at every resume: the step was stored."""
    adapter = adapter_of(dialect)
    reading = adapter.dialect.reading(Request(ASKED, tools=TOOLS), adapter.transport.where, "/x")
    events = json.loads(json.dumps(EVENTS[dialect]).replace("c2ln", json.dumps(odd)[1:-1]))
    for n, event in enumerate(events):
        reading.take(event, float(n))
    response = reading.response(reading.timing(0.0, 9.0), ())
    await adapter.aclose()
    if dialect != "openai_chat":  # where no preset says that its reasoning goes back
        assert response.carried is not None
    body = orjson.dumps(gone_on(dialect, response.carried, calls=response.calls or ()))
    sent = str(json.loads(body))
    assert "\ud800" not in sent and "\udfff" not in sent


def test_what_cannot_go_back_is_no_step_and_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    """As versions before wrote it, and as a file that somebody sent may have it."""
    assert odd_step({"text": "", "started_at": 1.0, "carried": '["\\ud800"]'}) == "carried"
    assert odd_step({"text": "", "started_at": 1.0, "carried": '["x"]'}) is None
    asked = Request(ASKED, tools=TOOLS)
    with ResponseCache.open(tmp_path / "c.sqlite") as cache:
        for carried, kept in (('["x"]', True), ('["\\ud800"]', False), ("[", False), ("[" * 1000 + "]" * 1000, False)):
            told = Response("", "tool_use", calls=(CALL,), carried=carried)
            cache.put(place := key("p", "d/1", carried, asked), CachedAnswer(told, 1.0, None))
            assert (cache.get(place) is not None) == kept


def test_the_cache_keeps_it_and_tells_conversations_apart(tmp_path: Path) -> None:
    plain = Request((*ASKED, Message("assistant", "x"), Message("user", "y")))
    before = key("p", "d/1", "m", plain)
    assert before == key("p", "d/1", "m", Request(plain.messages)), "turns without calls have the key that they had"
    turns = [
        (*ASKED, Message("assistant", "", (CALL,), carried=carried), Message("tool", text, failed=failed))
        for carried, text, failed in ((None, "a", False), ("[]", "a", False), (None, "b", False), (None, "a", True))
    ]
    keys = {key("p", "d/1", "m", Request(one, tools=TOOLS)) for one in turns}
    assert len(keys) == 4
    with ResponseCache.open(tmp_path / "c.sqlite") as cache:
        cache.put(before, CachedAnswer(Response("", "tool_use", calls=(CALL,), carried='["x"]'), 1.0, None))
        found = cache.get(before)
    assert found is not None
    assert found.response.carried == '["x"]'
