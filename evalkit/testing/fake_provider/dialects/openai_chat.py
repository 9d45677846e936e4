"""Chat Completions, `POST /v1/chat/completions`, in the flavours of the providers that speak it.

    data: {"id":"chatcmpl-7","object":"chat.completion.chunk",...,"choices":[{"index":0,"delta":{"content":"Paris"}}]}
    data: {...,"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}
    data: [DONE]

Flavours differ where adapters break: DeepSeek names cache hits its own way, xAI counts reasoning outside
completion_tokens, Mistral writes content as a list of chunks, Mistral and Fireworks send usage unasked. What the
servers of one's own machine do is a table in `local_servers`.
"""

from orjson import loads

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer, text_of
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.dialects.local_servers import LOCAL_SERVERS, LocalServer
from evalkit.testing.fake_provider.dialects.openai_errors import openai_error
from evalkit.testing.fake_provider.likelihood import continue_logprobs, split_tokens, top_logprobs
from evalkit.testing.fake_provider.tools import FakeCall, n_words, names_offered
from evalkit.testing.fake_provider.turns import FakeTurn, conversation_of
from evalkit.testing.fake_provider.wire import Json, Stream, data_event, integer_or_none, stops_of

_NOT_SETTINGS = {"model", "messages", "stream", "stream_options"}
_FINISH = {
    "stop": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "refusal": "stop",
    "filter": "content_filter",
    "calls": "tool_calls",
}
_REASONING_FIELD = {
    "vllm": "reasoning",
    "deepseek": "reasoning_content",
    "xai": "reasoning_content",
    "fireworks": "reasoning_content",
}
_USAGE_UNASKED = {"mistral", "fireworks"}
_HOSTED = LocalServer(opening={"role": "assistant", "content": ""})

error = openai_error


def read(data: Json, path: str) -> Ask:
    """Messages with text or parts; both names of the token limit."""
    conversation = conversation_of(map(_turn, data["messages"]))
    limit = data.get("max_completion_tokens")
    options = data.get("stream_options") or {}
    return Ask(
        model=data["model"],
        prompts=(conversation.asked,),
        opening=conversation.opening,
        n_answers=conversation.n_answers,
        stream=bool(data.get("stream")),
        n_input=conversation.n_input,
        max_tokens=integer_or_none(data.get("max_tokens") if limit is None else limit),
        stop=stops_of(data.get("stop")),
        logprobs=(data.get("top_logprobs") or 0) if data.get("logprobs") else None,
        params=frozenset(data.keys() - _NOT_SETTINGS),
        stream_usage=bool(options.get("include_usage")),
        n_tools=n_words(data.get("tools")),
        tools=names_offered(
            (tool["function"]["name"], tool["function"]["parameters"]) for tool in data.get("tools", ())
        ),
    )


def _turn(message: Json) -> FakeTurn:
    called = message.get("tool_calls") or ()
    written = "".join(f" {call['function']['name']} {call['function']['arguments']}" for call in called)
    for call in called:
        loads(call["function"]["arguments"])  # arguments that are no JSON are refused
    answered = (message["tool_call_id"],) if message["role"] == "tool" else ()
    made = tuple(call["id"] for call in called)
    return FakeTurn(message["role"], text_of(message.get("content")) + written, made, answered)


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    """One chat.completion object."""
    answer = answers[0]
    refused = answer.finish == "refusal" and behaviour.flavour == "openai"
    content: object = None if refused or answer.finish == "filter" else answer.text
    message: Json = {"role": "assistant", "content": content}
    if answer.calls:
        message["content"] = content or None
        message["tool_calls"] = [_whole_call(call) for call in answer.calls]
    if behaviour.flavour == "openai":
        message["refusal"] = answer.text if refused else None
    if answer.reasoning:
        if behaviour.flavour == "mistral" and behaviour.reasoning_field is None:
            message["content"] = [_thinking(answer.reasoning), {"type": "text", "text": answer.text}]
        elif name := _reasoning_field(behaviour):
            message[name] = answer.reasoning
    choice = {
        "index": 0,
        "message": message,
        "logprobs": _logprobs(ask, ask.prompts[0], answer.text, behaviour),
        "finish_reason": _FINISH[answer.finish],
    }
    return {**_frame(answer, "chat.completion", behaviour), "choices": [choice], "usage": _usage(answer, behaviour)}


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """Role, reasoning, text, finish reason, usage, [DONE]."""
    answer = answers[0]
    local = LOCAL_SERVERS.get(behaviour.flavour, _HOSTED)
    frame: Json = _frame(answer, "chat.completion.chunk", behaviour)
    asked = ask.stream_usage and "stream_options" not in behaviour.ignores
    if asked and behaviour.flavour == "openai":
        frame["usage"] = None

    def chunk(delta: Json, finish: str | None = None, logprobs: Json | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, **local.choice, "finish_reason": finish}
        if finish is not None:
            choice |= local.stopped
        if logprobs is not None or behaviour.flavour not in LOCAL_SERVERS:
            choice["logprobs"] = logprobs
        return data_event({**frame, "choices": [choice]})

    result = Stream(opening=[] if local.opening is None else [chunk(local.opening)])
    in_chunks = behaviour.flavour == "mistral" and behaviour.reasoning_field is None and bool(answer.reasoning)
    if in_chunks:
        result.reasoning = [chunk({"content": [_thinking(one)]}) for one in answer.reasoning_pieces]
    elif answer.reasoning and (name := _reasoning_field(behaviour)):
        result.reasoning = [chunk({**local.each, name: one}) for one in answer.reasoning_pieces]
    refused = answer.finish == "refusal" and behaviour.flavour == "openai"
    context = ask.prompts[0]
    for piece in answer.pieces:
        if refused:
            result.content.append(chunk({"refusal": piece}))
            continue
        # Mistral's first text after thinking is a list of chunks too; then plain strings follow.
        first = in_chunks and not result.content
        content = [{"type": "text", "text": piece}] if first else piece
        result.content.append(
            chunk({**local.each, "content": content}, None, _logprobs(ask, context, piece, behaviour))
        )
        context += piece
    for index, call in enumerate(answer.calls):
        result.content += [chunk({"tool_calls": [piece]}) for piece in _call_pieces(call, index, behaviour)]
    usage = {"usage": _usage(answer, behaviour)}
    if behaviour.flavour in _USAGE_UNASKED or local.usage_unasked:
        last = {"index": 0, "delta": {"content": ""}, "finish_reason": _FINISH[answer.finish]}
        result.closing.append(data_event({**frame, "choices": [last], **usage}))
    else:
        result.closing.append(chunk(dict(local.last), _FINISH[answer.finish]))
        if asked:
            result.closing.append(data_event({**frame, "choices": [], **usage, **local.beside_usage}))
    result.closing.append(b"data: [DONE]\n\n")
    return result


def error_event(behaviour: Behaviour) -> bytes:
    """An error object in the place of a chunk."""
    return data_event(error(500, "The server had an error while processing your request.", behaviour))


def _reasoning_field(behaviour: Behaviour) -> str | None:
    local = LOCAL_SERVERS.get(behaviour.flavour)
    own = local.reasoning if local is not None else _REASONING_FIELD.get(behaviour.flavour)
    return behaviour.reasoning_field or own


def _whole_call(call: FakeCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_pieces(call: FakeCall, index: int, behaviour: Behaviour) -> list[Json]:
    """A call in the deltas of a stream; Mistral sends each whole."""
    if behaviour.flavour == "mistral":
        return [{"index": index, **_whole_call(call)}]
    first = {"index": index, **_whole_call(call), "function": {"name": call.name, "arguments": ""}}
    return [first, *({"index": index, "function": {"arguments": piece}} for piece in call.pieces)]


def _thinking(text: str) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text}]}


def _frame(answer: FakeAnswer, kind: str, behaviour: Behaviour) -> Json:
    fingerprint = LOCAL_SERVERS.get(behaviour.flavour, _HOSTED).fingerprint
    frame: Json = {
        "id": f"chatcmpl-{answer.serial}",
        "object": kind,
        "created": answer.created,
        "model": answer.model,
    }
    if fingerprint is not None:
        frame["system_fingerprint"] = answer.model if fingerprint == "model" else fingerprint
    return frame


def _logprobs(ask: Ask, context: str, text: str, behaviour: Behaviour) -> Json | None:
    local = LOCAL_SERVERS.get(behaviour.flavour, _HOSTED)
    if ask.logprobs is None or "logprobs" in behaviour.ignores or not local.logprobs:
        return None
    tokens = split_tokens(text)
    return {
        "content": [
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
        ],
        "refusal": None,
    }


def _usage(answer: FakeAnswer, behaviour: Behaviour) -> Json:
    return {**_counts(answer, behaviour), **behaviour.billed}


def _counts(answer: FakeAnswer, behaviour: Behaviour) -> Json:
    n_output = answer.n_output + (0 if behaviour.flavour == "xai" else answer.n_reasoning)
    usage: Json = {
        "prompt_tokens": answer.n_input,
        "completion_tokens": n_output,
        "total_tokens": answer.n_input + answer.n_output + answer.n_reasoning,
    }
    if (local := LOCAL_SERVERS.get(behaviour.flavour)) is not None:
        return {**usage, "prompt_tokens_details": {"cached_tokens": answer.n_cached}} if local.cached else usage
    if behaviour.flavour == "mistral":
        return {**usage, "num_cached_tokens": answer.n_cached}
    if behaviour.flavour == "deepseek":
        usage["prompt_cache_hit_tokens"] = answer.n_cached
        usage["prompt_cache_miss_tokens"] = answer.n_input - answer.n_cached
    else:
        usage["prompt_tokens_details"] = {"cached_tokens": answer.n_cached}
    if behaviour.flavour == "openai":
        usage["prompt_tokens_details"]["cache_write_tokens"] = answer.n_written
    if behaviour.flavour != "fireworks":
        usage["completion_tokens_details"] = {"reasoning_tokens": answer.n_reasoning}
    return usage
