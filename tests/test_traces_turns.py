"""No request loses a turn in silence: every provider's way to write one is read, and what is not read is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalkit.bridges.traces.answers import answer_of
from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.conversations import turns_of
from evalkit.bridges.traces.log_reading import LogReading
from evalkit.bridges.traces.sources import read_sources
from evalkit.bridges.traces.spool import Spool
from evalkit.bridges.traces.traits import traits_of, unfit

ASKS = {"role": "user", "content": "How much is it?"}
SAYS = {"role": "assistant", "content": "Five."}


def read(tmp_path: Path, *records: object) -> tuple[LogReading, list[Call]]:
    file = tmp_path / "log.jsonl"
    file.write_text("\n".join(json.dumps(one) for one in records) + "\n")
    with Spool() as spool:
        reading = read_sources([file], spool)
        return reading, list(reading.calls())


def said(request: object) -> list[tuple[str, str]]:
    turns = turns_of(request)
    assert not any(turn.unread or turn.other for turn in turns)
    return [(turn.role, turn.text) for turn in turns]


HI = {"parts": [{"text": "Hi"}]}
BRIEF = ("system", "Be brief.")
GEMINI: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"contents": [HI]}, [("user", "Hi")]),
    ({"contents": HI}, [("user", "Hi")]),
    ({"contents": "Hi"}, [("user", "Hi")]),
    ({"contents": {"parts": {"text": "Hi"}}}, [("user", "Hi")]),
    (
        {"contents": [{"role": "user", **HI}, {"role": "model", "parts": [{"text": "Yes?"}]}, HI]},
        [("user", "Hi"), ("assistant", "Yes?"), ("user", "Hi")],
    ),
    ({"contents": [HI], "systemInstruction": {"parts": [{"text": "Be brief."}]}}, [BRIEF, ("user", "Hi")]),
    ({"contents": [HI], "system_instruction": {"parts": {"text": "Be brief."}}}, [BRIEF, ("user", "Hi")]),
    ({"contents": [HI], "systemInstruction": {"role": "user", **HI}}, [("system", "Hi"), ("user", "Hi")]),
    ({"contents": "Hi", "config": {"system_instruction": "Be brief."}}, [BRIEF, ("user", "Hi")]),
    (
        {"contents": "Hi", "config": {"systemInstruction": ["Be", " brief."]}},
        [("system", "Be"), ("system", " brief."), ("user", "Hi")],
    ),
]


@pytest.mark.parametrize(("request_", "turns"), GEMINI)
def test_contents_of_gemini_need_no_role(
    request_: dict[str, Any], turns: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert said(request_) == turns
    reply = {"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]}
    _, (call,) = read(tmp_path, {"key": "r-1", "request": request_, "response": reply})
    assert [(turn.role, turn.text) for turn in call.messages] == turns
    assert (call.answer.text, unfit(call)) == ("Hello", None)


@pytest.mark.parametrize(
    ("request_", "turns"),
    [
        ({"system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}], "messages": [ASKS]}, [BRIEF]),
        (
            {"system": [{"type": "text", "text": "Be brief.", "cache_control": {}}], "messages": [ASKS]},
            [BRIEF],
        ),
        ({"instructions": "Be brief.", "input": [ASKS]}, [BRIEF]),
        ({"instructions": "Be brief.", "input": "How much is it?"}, [BRIEF]),
        ({"messages": [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, ASKS]}, [BRIEF]),
        ({"preamble": "Be brief.", "chat_history": [{"role": "CHATBOT", "message": "Yes?"}],
          "message": ASKS["content"]},
         [BRIEF, ("assistant", "Yes?")]),
        ({"history": [["Hi", "Hello"]], "input": "How much is it?"}, [("user", "Hi"), ("assistant", "Hello")]),
        ({"input": [{"type": "reasoning", "summary": []}, ASKS]}, []),
        ({"messages": [{"type": "human", "content": "Hi"}, {"type": "ai", "content": "Hello"}, ASKS]},
         [("user", "Hi"), ("assistant", "Hello")]),
        ({"messages": [{"id": ["langchain", "schema", "messages", "HumanMessageChunk"],
                        "kwargs": {"content": "Hi"}}, ASKS]},
         [("user", "Hi")]),
        ({"messages": [ASKS, {"role": "assistant", "content": None, "refusal": "I cannot."}, ASKS]},
         [("user", "How much is it?"), ("assistant", "I cannot.")]),
        ({"messages": [{"role": "assistant", "parts": [{"type": "step-start"}, {"type": "text", "text": "Hi"}]}, ASKS]},
         [("assistant", "Hi")]),
        ({"messages": [{"role": "user", "content": [{"guardContent": {"text": {"text": "Hi"}}}]}, ASKS]},
         [("user", "Hi")]),
    ],
)  # fmt: skip
def test_instructions_and_history_in_every_form(request_: dict[str, Any], turns: list[tuple[str, str]]) -> None:
    assert said(request_) == [*turns, ("user", "How much is it?")]


CALLS = {"role": "assistant", "tool_calls": [{"id": "c1", "function": {"name": "find", "arguments": "{}"}}]}


@pytest.mark.parametrize(
    "result",
    [
        {"role": "find", "content": "5"},  # LangGraph by way of Langfuse: the function's name
        {"role": "function", "name": "find", "content": "5"},
        {"id": ["langchain", "FunctionMessage"], "kwargs": {"content": "5"}},
        {"role": "tool", "content": [{"type": "tool-result", "output": {"type": "text", "value": "5"}}]},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "5"},
    ],
)  # fmt: skip
def test_what_a_function_returned_is_a_turn(result: dict[str, Any]) -> None:
    assert said([ASKS, CALLS, result]) == [("user", ASKS["content"]), ("assistant", ""), ("tool", "5")]


def test_invocations_of_the_ai_sdk_hold_what_they_returned() -> None:
    invoked = {"state": "result", "toolCallId": "c1", "toolName": "find", "args": {"of": "tea"}, "result": "5"}
    turns = turns_of([ASKS, {"role": "assistant", "content": "Five.", "toolInvocations": [invoked]}, ASKS])
    assert [(turn.role, turn.text) for turn in turns[1:-1]] == [
        ("assistant", ""),
        ("tool", "5"),
        ("assistant", "Five."),
    ]
    assert turns[1].calls[0].arguments == '{"of":"tea"}'


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        ({"messages": [{"role": "context", "content": "Tea: 5."}, ASKS]}, "a role that is not known (context)"),
        ({"messages": [{"from": "expert", "text": "Tea: 5."}, ASKS]}, "a role that is not known (expert)"),
        ({"messages": [{"role": "k 4711!", "content": "Tea: 5."}, ASKS]}, "a role that is not known"),
        ({"messages": [{"content": "Tea: 5."}, ASKS]}, "names no role"),
        ({"messages": [ASKS, {"role": "assistant", "content": "Yes?"}, {"content": "Of tea"}]}, "names no role"),
        ({"messages": [{"role": "user", "body": "Tea: 5."}, ASKS]}, "a turn without content"),
        ({"messages": [{"retrieved": ["Tea: 5."]}, ASKS]}, "a turn that is not understood"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}, ASKS]}, "not understood (item_reference)"),
        ({"input": [{"type": "file_search_call", "results": []}, ASKS]}, "not understood (file_search_call)"),
        ({"input": [ASKS], "previous_response_id": "resp_1"}, "previous_response_id, which names"),
        ({"input": "How much is it?", "conversation": "conv_1"}, "conversation, which names"),
        ({"input": "How much is it?", "conversation": {"id": "conv_1"}}, "conversation, which names"),
        ({"input": "How much is it?", "prompt": {"id": "pmpt_1"}}, "prompt, which names"),
        ({"contents": [HI], "cachedContent": "cachedContents/1"}, "cachedContent, which names"),
        ({"contents": [HI, {"role": "context", **HI}]}, "a role that is not known (context)"),
        ({"messages": [ASKS], "system": {"of": "v2"}}, "instructions that are not understood"),
        ({"history": {"of": "v2"}, "input": "How much is it?"}, "a history that is not understood"),
    ],
)  # fmt: skip
def test_a_request_with_a_turn_that_is_not_understood_is_no_sample_of_another_question(
    request_: dict[str, Any], why: str, tmp_path: Path
) -> None:
    _, (call,) = read(tmp_path, {"request": request_, "response": {"choices": [{"message": SAYS}]}})
    assert why in (unfit(call) or "")
    assert "Tea" not in (unfit(call) or "") and "4711" not in (unfit(call) or "")


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "image/png", "data": "AA=="}},
        {"type": "weird", "payload": "x"},
        {"type": "tool_use", "input": {}},
        {"functionCall": {"args": {}}},
        {"type": "document", "source": {"data": "x"}},
    ],
)
def test_a_part_that_is_no_text_is_counted(part: dict[str, Any], tmp_path: Path) -> None:
    request = {"contents": [{"role": "user", "parts": [{"text": "Hi"}, part]}]}
    reply = {"candidates": [{"content": {"parts": [{"text": "Hello"}]}}]}
    _, (call,) = read(tmp_path, {"key": "r-1", "request": request, "response": reply})
    assert unfit(call) == "what is sent is not all text (images, audio, files)"


@pytest.mark.parametrize(
    ("last", "why"),
    [
        ({"role": "assistant", "content": "{"}, "the request begins the answer itself"),
        ({"role": "system", "content": "Answer in French."}, "instructions stand behind"),
        ({"role": "developer", "content": "Answer in French."}, "instructions stand behind"),
    ],
)
def test_what_stands_behind_the_question_is_counted(last: dict[str, str], why: str, tmp_path: Path) -> None:
    record = {"request": {"messages": [ASKS, last]}, "response": {"choices": [{"message": SAYS}]}}
    _, (call,) = read(tmp_path, record)
    assert why in (unfit(call) or "")


def test_an_answer_that_the_log_repeats_behind_the_question_is_no_prefill(tmp_path: Path) -> None:
    record = {"request": {"messages": [ASKS, SAYS]}, "response": {"choices": [{"message": SAYS}]}}
    reading, (call,) = read(tmp_path, record)
    assert [turn.role for turn in call.messages] == ["user"] and unfit(call) is None
    assert reading.settling.left_out.total() == 1


def test_a_record_of_a_question_has_its_history_and_its_instruction(tmp_path: Path) -> None:
    history = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    _, calls = read(
        tmp_path,
        {"question": "How much is it?", "chat_history": history, "answer": "Five."},
        {"instruction": "Translate.", "input": "Tea", "output": "Thé"},
        {"instruction": "Say hello.", "input": "", "output": "Hello"},
        {"query": "tea?", "prompt": "Facts: ... Question: tea?", "response": "Five."},
        {"query": "tea?", "prompt": "Rewrite it.", "response": "Five."},
    )
    asked = [[turn.text for turn in call.messages] for call in calls]
    assert asked[:4] == [
        ["Hi", "Hello", "How much is it?"],
        ["Translate.\n\nTea"],
        ["Say hello."],
        ["Facts: ... Question: tea?"],
    ]
    assert [unfit(call) is None for call in calls] == [True] * 4 + [False]
    assert "prompt and query, of which the log does not say" in (unfit(calls[4]) or "")


def span(**attributes: object) -> dict[str, Any]:
    has = [{"key": key, "value": {"stringValue": str(value)}} for key, value in attributes.items()]
    times = {"startTimeUnixNano": "1767225600000000000", "endTimeUnixNano": "1767225601000000000"}
    own = {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}}
    one = {"name": "chat", "traceId": "1" * 32, "spanId": "1" * 16, **times, "attributes": [own, *has]}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


FLAT = {"gen_ai.prompt.1.role": "user", "gen_ai.prompt.1.content": "Hi", "gen_ai.completion.0.content": "Hello"}


@pytest.mark.parametrize(
    ("attributes", "roles", "why"),
    [
        ({**FLAT, "gen_ai.prompt.0.role": "system", "gen_ai.prompt.0.content": "Be brief."}, ["system", "user"], None),
        ({**FLAT, "gen_ai.prompt.0.content": "Say it."}, ["user", "user"], None),
        (
            {**FLAT, "gen_ai.prompt.0.role": "context", "gen_ai.prompt.0.content": "Tea: 5."},
            ["user", "user"],
            "a role that is not known (context)",
        ),
        (
            {**FLAT, "gen_ai.system_instructions": '[{"type": "text", "content": "Be brief."}]'},
            ["system", "user"],
            None,
        ),
        ({**FLAT, "gen_ai.system_instructions": '{"of": "v2"}'}, ["system", "user"], "instructions that are not"),
    ],
)
def test_turns_in_attributes_of_a_span(
    attributes: dict[str, str], roles: list[str], why: str | None, tmp_path: Path
) -> None:
    _, (call,) = read(tmp_path, span(**attributes))
    assert [turn.role for turn in call.messages] == roles
    assert unfit(call) is None if why is None else why in (unfit(call) or "")


def test_a_turn_in_a_log_record_of_an_unknown_role_is_no_other_log_record(tmp_path: Path) -> None:
    ids = {"traceId": "1" * 32, "spanId": "1" * 16}
    events = [
        {**ids, "eventName": f"gen_ai.{name}.message", "body": {"kvlistValue": {"values": [
            {"key": "content", "value": {"stringValue": "Tea: 5."}}]}}}
        for name in ("context", "user")
    ]  # fmt: skip
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": events}]}]}
    _, (call,) = read(tmp_path, span(**{"gen_ai.completion.0.content": "Hello"}), logs)
    assert "a role that is not known (context)" in (unfit(call) or "")


def test_a_step_of_a_trajectory_from_an_unknown_source_is_counted(tmp_path: Path) -> None:
    steps = [{"source": source, "message": "Hi"} for source in ("user", "sensor", "agent")]
    _, (call,) = read(tmp_path, {"schema_version": "ATIF-v1.6", "agent": {"model_name": "m"}, "steps": steps})
    assert "a step of a source that is not known (sensor)" in (unfit(call) or "")


def test_instructions_of_a_provider_s_own_interface_stand_in_litellm_s_request(tmp_path: Path) -> None:
    row = {"id": "1", "call_type": "anthropic_messages", "startTime": 1795881043.9, "response_cost": 0.1,
           "messages": [ASKS], "response": {"content": [{"type": "text", "text": "Five."}]},
           "proxy_server_request": {"system": "Be brief.", "messages": [ASKS]}}  # fmt: skip
    _, (call,) = read(tmp_path, row)
    assert [turn.role for turn in call.messages] == ["system", "user"]


def test_several_prompts_in_one_request_are_no_conversation(tmp_path: Path) -> None:
    record = {"request": {"prompt": ["Hi", "Ho"]}, "response": {"choices": [{"text": "Hello"}, {"text": "Hello"}]}}
    _, (call,) = read(tmp_path, record)
    assert "several prompts in one request" in (unfit(call) or "")


def test_parts_of_one_answer_and_several_answers_in_attributes_of_a_span(tmp_path: Path) -> None:
    asked = {"llm.input_messages.0.message.content": "Hi", "llm.model_name": "m", "openinference.span.kind": "LLM"}
    out = "llm.output_messages"
    spoken = {f"{out}.{n}.message.role": "assistant" for n in (0, 1)} | {f"{out}.0.message.content": "Let me look."}
    called = f"{out}.1.message.tool_calls.0.tool_call.function"
    _, (call,) = read(tmp_path, span(**asked, **spoken, **{f"{called}.name": "find", f"{called}.arguments": "{}"}))
    assert (call.answer.text, len(call.answer.calls), call.answer.n_others) == ("Let me look.", 1, 0)
    two = {f"gen_ai.completion.{n}.{key}": value for n in (0, 1) for key, value in SAYS.items()}
    _, (call,) = read(tmp_path, span(**(FLAT | two)))
    assert (call.answer.text, call.answer.n_others) == ("Five.", 1)


REFUSES = {"role": "assistant", "content": None, "refusal": "I cannot."}


@pytest.mark.parametrize(
    "record",
    [
        {"messages": [ASKS, REFUSES]},
        {"messages": [ASKS], "response": {"choices": [{"message": REFUSES, "finish_reason": "stop"}]}},
        {"messages": [ASKS, {"role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]}]},
        {"request": {"input": [ASKS]}, "response": {"output": [
            {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]}]}},
        {"prompt": "How much is it?", "completion": REFUSES},
    ],
)  # fmt: skip
def test_a_refusal_is_the_answer_and_is_told_apart(record: dict[str, Any], tmp_path: Path) -> None:
    _, (call,) = read(tmp_path, record)
    assert (call.answer.text, call.answer.refusal, unfit(call)) == ("I cannot.", "I cannot.", None)
    assert traits_of(call, (0, 0), (), 0).outcome == "refused"


USED = {"prompt_tokens": 10, "completion_tokens": 4, "cost": 0.002}
TWO = [{"message": {"role": "assistant", "content": one}, "finish_reason": "stop"} for one in ("yes", "no")]


@pytest.mark.parametrize(
    "response",
    [
        {"choices": TWO, "usage": USED},
        {"candidates": [{"content": {"parts": [{"text": one}]}} for one in ("yes", "no")], "usage": USED},
        {"generations": [[{"text": "yes"}, {"text": "no"}]], "usage": USED},
    ],
)
def test_of_several_answers_the_first_is_taken_without_the_tokens_of_all(
    response: dict[str, Any], tmp_path: Path
) -> None:
    reading, (call,) = read(tmp_path, {"messages": [ASKS], "response": response})
    assert (call.answer.text, call.answer.n_others) == ("yes", 1)
    assert (call.usage.input, call.usage.output, call.usage.cost_usd) == (10, None, None)
    assert any("unknown: 1 output tokens and costs of requests for several answers" in note for note in reading.notes())
    _, (alone,) = read(tmp_path, {"messages": [ASKS], "response": {"choices": TWO[:1], "usage": USED}})
    assert (alone.usage.output, alone.usage.cost_usd) == (4, 0.002)


def test_messages_of_opentelemetry_that_each_end_are_several_answers() -> None:
    parts = [
        {"role": "assistant", "parts": [{"type": "text", "content": one}], "finish_reason": "stop"} for one in "ab"
    ]
    assert (answer_of(parts).text, answer_of(parts).n_others) == ("a", 1)


def test_what_a_hosted_tool_did_is_no_text_of_the_answer() -> None:
    spoken = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Five."}]}
    made = answer_of({"object": "response", "output": [{"type": "web_search_call", "id": "ws_1"}, spoken]})
    assert (made.text, made.other) == ("Five.", ("a turn that is not understood (web_search_call)",))


def test_figures_that_are_none_are_unknown_counted_and_told(tmp_path: Path) -> None:
    whole = {"messages": [ASKS, SAYS], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}
    reading, calls = read(
        tmp_path,
        {**whole, "latency_ms": 800, "cost_usd": 0.001, "timestamp": "2026-01-02"},
        {**whole, "latency_ms": "1,200", "cost_usd": -1, "timestamp": "01/02/2026"},
        {**whole, "latency_ms": "1,300", "cost_usd": float("inf")},
        {
            "messages": [ASKS, SAYS],
            "usage": {"prompt_tokens": float("nan"), "completion_tokens": True},
            "cost_usd": None,
        },
        {**whole, "latency_ms": "", "cost_usd": "None", "timestamp": 0},
    )
    assert len(calls) == 5 and calls[1].total_s is None
    assert reading.odd == {"durations": 2, "costs": 2, "moments": 1, "tokens": 1}
    (note,) = [one for one in reading.notes() if one.startswith("figures")]
    assert "durations 2 (the first: log.jsonl:2: looks like '0,000')" in note
    assert "tokens 1 (the first: log.jsonl:4:" in note


def test_figures_of_spans_and_observations_are_counted_too(tmp_path: Path) -> None:
    span = {
        "name": "chat", "traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "startTimeUnixNano": "1767225600000000000",
        "endTimeUnixNano": "1767225601000000000",
        "attributes": [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
            {"key": "gen_ai.usage.input_tokens", "value": {"stringValue": "many"}},
        ],
    }  # fmt: skip
    observed = {"id": "o1", "type": "GENERATION", "traceId": "t", "input": [ASKS], "output": SAYS, "startTime": "soon",
                "usageDetails": {"input": 5, "output": 2, "input_cached": "few"}}  # fmt: skip
    reading, calls = read(tmp_path, {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}, observed)
    assert len(calls) == 2
    assert reading.odd == {"tokens": 2, "moments": 1}
