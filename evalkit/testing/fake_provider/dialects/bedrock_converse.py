"""Amazon Bedrock's Converse API, `POST /model/{model}/converse` and `/converse-stream`.

    00 00 00 8f 00 00 00 5c <crc> :event-type contentBlockDelta ... {"delta":{"text":"Paris"}} <crc>

A stream is of AWS's binary frames. Cached tokens stand outside inputTokens, and nothing names the model.
"""

from struct import pack
from zlib import crc32

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer, shown_text, text_of
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.tools import n_words, names_offered
from evalkit.testing.fake_provider.turns import FakeTurn, conversation_of
from evalkit.testing.fake_provider.wire import Json, Stream, dumps, integer_or_none, stops_of

_FINISH = {
    **{"stop": "end_turn", "stop_sequence": "stop_sequence", "calls": "tool_use", "length": "max_tokens"},
    **{"refusal": "content_filtered", "filter": "guardrail_intervened"},
}
_TYPES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_TEXT = 7


def read(data: Json, path: str) -> Ask:
    """The model is in the path, percent-encoded; settings stand in inferenceConfig."""
    address, _, method = path.partition("?")[0].rpartition("/")
    config: Json = data.get("inferenceConfig") or {}
    conversation = conversation_of(map(_turn, data["messages"]), system=text_of(data.get("system")))
    specified = [tool["toolSpec"] for tool in (data.get("toolConfig") or {}).get("tools", ())]
    return Ask(
        model=address.rpartition("/model/")[2],
        prompts=(conversation.asked,),
        opening=conversation.opening,
        n_answers=conversation.n_answers,
        stream=method == "converse-stream",
        n_input=conversation.n_input,
        max_tokens=integer_or_none(config.get("maxTokens")),
        stop=stops_of(config.get("stopSequences")),
        params=frozenset(config) | (data.keys() - {"messages", "system", "inferenceConfig"}),
        n_tools=n_words(data.get("toolConfig")),
        tools=names_offered((tool["name"], tool["inputSchema"]["json"]) for tool in specified),
    )


def _turn(message: Json) -> FakeTurn:
    texts, made, answered = [], [], []
    for block in message["content"]:
        if "toolUse" in block:
            made.append(block["toolUse"]["toolUseId"])
            texts.append(f"{block['toolUse']['name']} {dumps(dict(block['toolUse']['input'])).decode()}")
        elif "toolResult" in block:
            answered.append(block["toolResult"]["toolUseId"])
            texts.append(text_of(block["toolResult"]["content"]))
        elif "text" in block and not block["text"].strip():
            raise ValueError("messages: the text field in the ContentBlock object is blank")
        else:
            texts.append(shown_text(block))
    role = "tool" if answered else message["role"]
    return FakeTurn(role, " ".join(texts), tuple(made), tuple(answered))


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    """The answer of `converse`."""
    answer = answers[0]
    content: list[Json] = []
    if answer.reasoning:
        content.append({"reasoningContent": {"reasoningText": {"text": answer.reasoning, "signature": "c2ln"}}})
    if answer.text and answer.finish != "refusal":
        content.append({"text": answer.text})
    content += [
        {"toolUse": {"toolUseId": call.id, "name": call.name, "input": call.input}}
        for call in answer.calls
        if call.input is not None
    ]
    message = {"message": {"role": "assistant", "content": content}}
    return {
        "output": message,
        "stopReason": _FINISH[answer.finish],
        "metrics": {"latencyMs": 5},
        "usage": _bill(answer),
    }


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """A block of reasoning, one of text, and one for each call; the bill comes after the stop."""
    answer = answers[0]
    result = Stream(opening=[frame("messageStart", {"role": "assistant"})])
    result.reasoning = [_delta(0, {"reasoningContent": {"text": one}}) for one in answer.reasoning_pieces]
    if answer.finish != "refusal":
        result.content = [_delta(1, {"text": one}) for one in answer.pieces]
        for at, call in enumerate(answer.calls, start=2):
            begun = {"toolUse": {"toolUseId": call.id, "name": call.name}}
            result.content.append(frame("contentBlockStart", {"start": begun, "contentBlockIndex": at}))
            result.content += [_delta(at, {"toolUse": {"input": piece}}) for piece in call.pieces]
            result.content.append(frame("contentBlockStop", {"contentBlockIndex": at}))
    result.closing = [
        frame("messageStop", {"stopReason": _FINISH[answer.finish]}),
        frame("metadata", {"usage": _bill(answer), "metrics": {"latencyMs": 5}}),
    ]
    return result


def error(status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
    """{"message": ...}; the real one names the kind of error in a header, which is left out here."""
    return {"message": message, "__type": _TYPES.get(status, "ValidationException" if status < 500 else _TYPES[500])}


def error_event(behaviour: Behaviour) -> bytes:
    """An exception in the place of an event."""
    return frame("serviceUnavailableException", {"message": "Bedrock is busy. Try again."}, kind="exception")


def frame(name: str, payload: object, *, kind: str = "event") -> bytes:
    """One frame. A payload that is no object is sent as these bytes."""
    said = {f":{kind}-type": name, ":content-type": "application/json", ":message-type": kind}
    headers = b"".join(_header(key, value) for key, value in said.items())
    data = payload if isinstance(payload, bytes) else dumps(payload)
    prelude = pack(">II", len(headers) + len(data) + 16, len(headers))
    whole = prelude + pack(">I", crc32(prelude)) + headers + data
    return whole + pack(">I", crc32(whole))


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([_TEXT]) + pack(">H", len(value)) + value.encode()


def _delta(index: int, delta: Json) -> bytes:
    return frame("contentBlockDelta", {"delta": delta, "contentBlockIndex": index, "p": "abcdef"})


def _bill(answer: FakeAnswer) -> Json:
    fresh = answer.n_input - answer.n_cached - answer.n_written
    output = 0 if answer.finish == "filter" else answer.n_output + answer.n_reasoning
    usage: Json = {"inputTokens": fresh, "outputTokens": output, "totalTokens": answer.n_input + output}
    usage |= {"cacheReadInputTokens": answer.n_cached, "cacheWriteInputTokens": answer.n_written}
    if answer.n_written:
        usage["cacheDetails"] = [{"ttl": "5m", "inputTokens": answer.n_written}]
    return usage
