"""OpenAI Responses, `POST /v1/responses`: typed events with sequence numbers, usage in the last one.

event: response.output_text.delta
data: {"type":"response.output_text.delta","item_id":"msg_7","delta":"Paris",...,"sequence_number":4}
"""

from orjson import loads

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer, text_of
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.dialects.openai_errors import openai_error
from evalkit.testing.fake_provider.likelihood import continue_logprobs, split_tokens, top_logprobs
from evalkit.testing.fake_provider.tools import FakeCall, n_words, names_offered
from evalkit.testing.fake_provider.turns import FakeTurn, conversation_of
from evalkit.testing.fake_provider.wire import Json, Stream, integer_or_none, named_event

_NOT_SETTINGS = {"model", "input", "instructions", "stream", "store"}
_WITH_LOGPROBS = "message.output_text.logprobs"

error = openai_error


def read(data: Json, path: str) -> Ask:
    """`input` is a string or a list of items; instructions count as input."""
    given = data["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    conversation = conversation_of(_turns(items), system=data.get("instructions") or "")
    logprobs = data.get("top_logprobs") or 0
    wanted = _WITH_LOGPROBS in (data.get("include") or ())
    return Ask(
        model=data["model"],
        prompts=(conversation.asked,),
        opening=conversation.opening,
        n_answers=conversation.n_answers,
        stream=bool(data.get("stream")),
        n_input=conversation.n_input,
        max_tokens=integer_or_none(data.get("max_output_tokens")),
        logprobs=logprobs if wanted else None,
        params=frozenset(data.keys() - _NOT_SETTINGS),
        stream_usage=True,
        n_tools=n_words(data.get("tools")),
        tools=names_offered((tool["name"], tool["parameters"]) for tool in data.get("tools", ())),
    )


def _turns(items: list[Json]) -> list[FakeTurn]:
    """Items as turns: calls and the words before them are one turn of the assistant."""
    turns: list[FakeTurn] = []
    for item in items:
        kind = item.get("type", "message")
        before = turns[-1] if turns and turns[-1].role == "assistant" else None
        if kind == "function_call":
            loads(item["arguments"])
            text = f"{before.text if before else ''} {item['name']} {item['arguments']}"
            turns[len(turns) - (before is not None) :] = [
                FakeTurn("assistant", text, (*(before.made if before else ()), item["call_id"]))
            ]
        elif kind == "function_call_output":
            turns.append(FakeTurn("tool", text_of(item["output"]), answered=(item["call_id"],)))
        elif kind != "reasoning":
            turns.append(FakeTurn(item.get("role", ""), text_of(item.get("content"))))
    return turns


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    """The finished response object."""
    answer = answers[0]
    return _response(ask, answer, _status(answer), _output(ask, answer, behaviour))


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """All events of one answer."""
    answer = answers[0]
    events = _Events()
    started = _response(ask, answer, "in_progress", [])
    result = Stream(opening=[events(f"response.{at}", response=started) for at in ("created", "in_progress")])
    output = _output(ask, answer, behaviour)
    index = 0
    if answer.reasoning:
        result.reasoning = _reasoning_events(events, answer, output[0])
        index = 1
    if len(output) > index and output[index]["type"] == "message":
        _message_events(events, ask, answer, behaviour, item=output[index], index=index, result=result)
        index += 1
        if answer.calls:  # the message is done before a call begins
            result.content.append(b"".join(result.closing))
            result.closing = []
    for at, call in enumerate(answer.calls, index):
        _call_events(events, call, item=output[at], index=at, result=result)
    final = _response(ask, answer, _status(answer), output)
    last = "completed" if answer.finish not in ("length", "filter") else "incomplete"
    result.closing.append(events(f"response.{last}", response=final))
    return result


def error_event(behaviour: Behaviour) -> bytes:
    """The `error` event."""
    message = "The server had an error while processing your request."
    return named_event(
        {"type": "error", "code": "server_error", "message": message, "param": None, "sequence_number": 99}
    )


class _Events:
    """Writes events and numbers them."""

    def __init__(self) -> None:
        self.number = -1

    def __call__(self, kind: str, **fields: object) -> bytes:
        self.number += 1
        return named_event({"type": kind, **fields, "sequence_number": self.number})


def _reasoning_events(events: _Events, answer: FakeAnswer, item: Json) -> list[bytes]:
    place = {"item_id": item["id"], "output_index": 0, "summary_index": 0}
    empty = {"type": "summary_text", "text": ""}
    part = {"type": "summary_text", "text": answer.reasoning}
    first = events("response.output_item.added", output_index=0, item={**item, "summary": []})
    first += events("response.reasoning_summary_part.added", **place, part=empty)
    deltas = [events("response.reasoning_summary_text.delta", **place, delta=one) for one in answer.reasoning_pieces]
    last = events("response.reasoning_summary_text.done", **place, text=answer.reasoning)
    last += events("response.reasoning_summary_part.done", **place, part=part)
    last += events("response.output_item.done", output_index=0, item=item)
    return [first, *deltas, last]


def _message_events(
    events: _Events, ask: Ask, answer: FakeAnswer, behaviour: Behaviour, *, item: Json, index: int, result: Stream
) -> None:
    part = item["content"][0]
    refused = part["type"] == "refusal"
    blank = {**part, ("refusal" if refused else "text"): ""}
    if "logprobs" in part:
        blank["logprobs"] = []
    place = {"item_id": item["id"], "output_index": index, "content_index": 0}
    started = {**item, "content": [], "status": "in_progress"}
    first = events("response.output_item.added", output_index=index, item=started)
    first += events("response.content_part.added", **place, part=blank)
    context = ask.prompts[0]
    for piece in answer.pieces:
        if refused:
            event = events("response.refusal.delta", **place, delta=piece)
        else:
            logprobs = _logprobs(ask, context, piece, behaviour) or []
            context += piece
            event = events("response.output_text.delta", **place, delta=piece, logprobs=logprobs)
        result.content.append(first + event)
        first = b""
    if refused:
        done = events("response.refusal.done", **place, refusal=answer.text)
    else:
        done = events("response.output_text.done", **place, text=answer.text, logprobs=part.get("logprobs") or [])
    done += events("response.content_part.done", **place, part=part)
    result.closing += [first + done, events("response.output_item.done", output_index=index, item=item)]


def _call_events(events: _Events, call: FakeCall, *, item: Json, index: int, result: Stream) -> None:
    place = {"item_id": item["id"], "output_index": index}
    started = {**item, "arguments": "", "status": "in_progress"}
    first = events("response.output_item.added", output_index=index, item=started)
    for piece in call.pieces:
        result.content.append(first + events("response.function_call_arguments.delta", **place, delta=piece))
        first = b""
    done = events("response.function_call_arguments.done", **place, name=call.name, arguments=call.arguments)
    result.content.append(first + done + events("response.output_item.done", output_index=index, item=item))


def _status(answer: FakeAnswer) -> str:
    return "incomplete" if answer.finish in ("length", "filter") else "completed"


def _output(ask: Ask, answer: FakeAnswer, behaviour: Behaviour) -> list[Json]:
    output: list[Json] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        output.append({"id": f"rs_{answer.serial}", "type": "reasoning", "summary": summary})
    calls: list[Json] = [
        {
            "id": f"fc_{call.id}",
            "type": "function_call",
            "status": _status(answer),
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }
        for call in answer.calls
    ]
    if not answer.text and (calls or answer.finish in ("length", "filter")):
        return [*output, *calls]
    part: Json = {"type": "output_text", "annotations": [], "text": answer.text}
    if answer.finish == "refusal":
        part = {"type": "refusal", "refusal": answer.text}
    elif (logprobs := _logprobs(ask, ask.prompts[0], answer.text, behaviour)) is not None:
        part["logprobs"] = logprobs
    message = {"id": f"msg_{answer.serial}", "type": "message", "role": "assistant", "status": _status(answer)}
    return [*output, {**message, "content": [part]}, *calls]


def _logprobs(ask: Ask, context: str, text: str, behaviour: Behaviour) -> list[Json] | None:
    if ask.logprobs is None or "logprobs" in behaviour.ignores:
        return None
    tokens = split_tokens(text)
    return [
        {
            "token": token,
            "bytes": list(token.encode()),
            "logprob": value,
            "top_logprobs": [
                {"token": name, "bytes": list(name.encode()), "logprob": one}
                for name, one in top_logprobs(token, value, ask.logprobs)
            ],
        }
        for token, value in zip(tokens, continue_logprobs(context, tokens), strict=True)
    ]


def _response(ask: Ask, answer: FakeAnswer, status: str, output: list[Json]) -> Json:
    reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(answer.finish)
    n_output = answer.n_output + answer.n_reasoning
    usage = {
        "input_tokens": answer.n_input,
        "input_tokens_details": {"cached_tokens": answer.n_cached, "cache_write_tokens": answer.n_written},
        "output_tokens": n_output,
        "output_tokens_details": {"reasoning_tokens": answer.n_reasoning},
        "total_tokens": answer.n_input + n_output,
    }
    return {
        "id": f"resp_{answer.serial}",
        "object": "response",
        "created_at": answer.created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": None,
        "max_output_tokens": ask.max_tokens,
        "metadata": {},
        "model": answer.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "service_tier": "default",
        "store": False,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "truncation": "disabled",
        "usage": None if status == "in_progress" else usage,
    }
