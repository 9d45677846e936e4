"""Cohere's dialect for evalkit's fake provider: what the adapter is tried on, without a key or a network."""

from __future__ import annotations

from typing import Any

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer, last_user, text_of
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.tools import n_words, names_offered
from evalkit.testing.fake_provider.wire import Json, Stream, data_event, integer_or_none, stops_of

_FINISH = {
    **{"stop": "COMPLETE", "stop_sequence": "STOP_SEQUENCE", "length": "MAX_TOKENS", "calls": "TOOL_CALL"},
    **{"refusal": "COMPLETE", "filter": "COMPLETE"},
}


def read(data: Json, path: str) -> Ask:
    messages = [(message["role"], text_of(message.get("content"))) for message in data["messages"]]
    functions = [tool["function"] for tool in data.get("tools", ())]
    return Ask(
        model=data["model"],
        prompts=(last_user(messages),),
        stream=bool(data.get("stream")),
        n_input=sum(len(text.split()) for _, text in messages),
        max_tokens=integer_or_none(data.get("max_tokens")),
        stop=stops_of(data.get("stop_sequences")),
        params=frozenset(data.keys() - {"model", "messages", "stream"}),
        n_tools=n_words(data.get("tools")),
        tools=names_offered((function["name"], function["parameters"]) for function in functions),
    )


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    answer = answers[0]
    content = [{"type": "thinking", "thinking": answer.reasoning}] if answer.reasoning else []
    content += [{"type": "text", "text": answer.text}] if answer.text else []
    calls = [_call(call.name, call.arguments) for call in answer.calls]
    message: Json = {"role": "assistant", "content": content, **({"tool_calls": calls} if calls else {})}
    return {"id": f"c-{answer.serial}", "message": message, **_end(answer)}


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    answer = answers[0]
    result = Stream(opening=[_event("message-start", {"role": "assistant", "content": []})])
    result.reasoning = [_event("content-delta", {"content": {"thinking": one}}) for one in answer.reasoning_pieces]
    result.content = [_event("content-delta", {"content": {"text": one}}) for one in answer.pieces]
    for call in answer.calls:
        result.content.append(_event("tool-call-start", {"tool_calls": _call(call.name, "")}))
        pieces = [{"tool_calls": {"function": {"arguments": piece}}} for piece in call.pieces]
        result.content += [_event("tool-call-delta", piece) for piece in pieces]
        result.content.append(_event("tool-call-end", {}))
    result.closing = [data_event({"type": "message-end", "delta": _end(answer)})]
    return result


def error(status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
    return {"id": "e", "message": message}


def error_event(behaviour: Behaviour) -> bytes:
    return data_event({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "out of luck"}})


def _event(kind: str, message: Any) -> bytes:
    return data_event({"type": kind, "index": 0, "delta": {"message": message}})


def _call(name: str, arguments: str) -> Json:
    return {"id": f"{name}-1", "type": "function", "function": {"name": name, "arguments": arguments}}


def _end(answer: FakeAnswer) -> Json:
    billed = {"input_tokens": float(answer.n_input), "output_tokens": float(answer.n_output + answer.n_reasoning)}
    usage: Json = {"billed_units": billed, "tokens": {"input_tokens": answer.n_input + 500.0, "output_tokens": 9.0}}
    if answer.n_cached:
        usage["cached_tokens"] = float(answer.n_cached)
    return {"finish_reason": _FINISH[answer.finish], "usage": usage}
