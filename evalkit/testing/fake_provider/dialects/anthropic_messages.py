"""Anthropic Messages, `POST /v1/messages`: blocks that start, grow and stop; usage at both ends of the stream.

    event: content_block_delta
    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Paris"}}

The total input is a sum here: input_tokens + cache_creation_input_tokens + cache_read_input_tokens.
"""

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer, shown_text, text_of
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.tools import FakeCall, n_words, names_offered
from evalkit.testing.fake_provider.turns import FakeTurn, conversation_of
from evalkit.testing.fake_provider.wire import Json, Stream, dumps, integer_or_none, named_event, stops_of

_NOT_SETTINGS = {"model", "messages", "system", "stream", "max_tokens"}
_FINISH = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "refusal": "refusal",
    "filter": "refusal",
    "calls": "tool_use",
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def read(data: Json, path: str) -> Ask:
    """max_tokens is required, as it is at the real API."""
    conversation = conversation_of(map(_turn, data["messages"]), system=text_of(data.get("system")))
    limit = integer_or_none(data["max_tokens"])
    return Ask(
        model=data["model"],
        prompts=(conversation.asked,),
        opening=conversation.opening,
        n_answers=conversation.n_answers,
        stream=bool(data.get("stream")),
        n_input=conversation.n_input,
        max_tokens=limit,
        stop=stops_of(data.get("stop_sequences")),
        params=frozenset(data.keys() - _NOT_SETTINGS),
        stream_usage=True,
        n_tools=n_words(data.get("tools")),
        tools=names_offered((tool["name"], tool["input_schema"]) for tool in data.get("tools", ())),
    )


def _turn(message: Json) -> FakeTurn:
    """Results stand in a message of the user; an empty block of text is refused."""
    content = message["content"]
    if not isinstance(content, list):
        return FakeTurn(message["role"], content)
    texts, made, answered = [], [], []
    for block in content:
        match block["type"]:
            case "tool_use":
                made.append(block["id"])
                texts.append(f"{block['name']} {dumps(dict(block['input'])).decode()}")
            case "tool_result":
                answered.append(block["tool_use_id"])
                texts.append(text_of(block["content"]))
            case "text" if not block["text"]:
                raise ValueError("messages: text content blocks must be non-empty")
            case "thinking" if not block["signature"]:
                raise ValueError("messages: thinking.signature: Field required")
            case _:
                texts.append(shown_text(block) or block.get("thinking") or "")
    role = "tool" if answered else message["role"]
    return FakeTurn(role, " ".join(texts), tuple(made), tuple(answered))


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    """The finished message."""
    answer = answers[0]
    content: list[Json] = []
    if answer.reasoning:
        content.append({"type": "thinking", "thinking": answer.reasoning, "signature": "c2lnbmF0dXJl"})
    if answer.text:
        content.append({"type": "text", "text": answer.text})
    content += [{**_call_block(call), "input": call.input} for call in answer.calls]
    return {**_message(answer, content), **_ending(answer), "usage": _usage(answer)}


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """message_start, ping, a block of thinking, a block of text, message_delta, message_stop."""
    answer = answers[0]
    start = {**_message(answer, []), "stop_reason": None, "stop_sequence": None, "stop_details": None}
    start["usage"] = {**_usage(answer), "output_tokens": 1, "output_tokens_details": None}
    opening = [named_event({"type": "message_start", "message": start}), named_event({"type": "ping"})]
    result = Stream(opening=opening)
    index = 0
    if answer.reasoning:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": one} for one in answer.reasoning_pieces]
        signature = {"type": "signature_delta", "signature": "c2lnbmF0dXJl"}
        result.reasoning = [_start(0, block), *(_delta(0, one) for one in [*deltas, signature]), _stop(0)]
        index = 1
    first = _start(index, {"type": "text", "text": ""})
    for piece in answer.pieces:
        result.content.append(first + _delta(index, {"type": "text_delta", "text": piece}))
        first = b""
    ended = b""
    if answer.pieces:
        ended = _stop(index)
        index += 1
    for at, call in enumerate(answer.calls, index):
        pieces = ["", *call.pieces]  # as the real one, which begins with an empty piece
        events = [_delta(at, {"type": "input_json_delta", "partial_json": piece}) for piece in pieces]
        result.content += [ended + _start(at, {**_call_block(call), "input": {}}) + events[0], *events[1:]]
        ended = _stop(at)
    if ended:
        result.closing.append(ended)
    usage = {name: value for name, value in _usage(answer).items() if name != "cache_creation"}
    result.closing.append(named_event({"type": "message_delta", "delta": _ending(answer), "usage": usage}))
    result.closing.append(named_event({"type": "message_stop"}))
    return result


def error(status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
    """{"type": "error", "error": {"type": "rate_limit_error", "message": ...}}"""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"}


def error_event(behaviour: Behaviour) -> bytes:
    """Overload in the middle of a stream, which comes after a 200."""
    return named_event(error(529, "Overloaded", behaviour))


def _call_block(call: FakeCall) -> Json:
    return {"type": "tool_use", "id": call.id, "name": call.name}


def _message(answer: FakeAnswer, content: list[Json]) -> Json:
    kind = {"id": f"msg_{answer.serial}", "type": "message", "role": "assistant"}
    return {**kind, "model": answer.model, "content": content}


def _ending(answer: FakeAnswer) -> Json:
    details = None
    if answer.finish in ("refusal", "filter"):
        details = {"type": "refusal", "category": "general_harms", "explanation": "The fake provider refuses."}
    reason = _FINISH[answer.finish]
    return {"stop_reason": reason, "stop_sequence": answer.stop_sequence, "stop_details": details}


def _usage(answer: FakeAnswer) -> Json:
    written = answer.n_written + answer.n_written_1h
    return {
        "input_tokens": answer.n_input - answer.n_cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": answer.n_cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": answer.n_written,
            "ephemeral_1h_input_tokens": answer.n_written_1h,
        },
        "output_tokens": answer.n_output + answer.n_reasoning,
        "output_tokens_details": {"thinking_tokens": answer.n_reasoning},
        "service_tier": "standard",
    }


def _start(index: int, block: Json) -> bytes:
    return named_event({"type": "content_block_start", "index": index, "content_block": block})


def _delta(index: int, delta: Json) -> bytes:
    return named_event({"type": "content_block_delta", "index": index, "delta": delta})


def _stop(index: int) -> bytes:
    return named_event({"type": "content_block_stop", "index": index})
