"""Ollama's own API, `POST /api/chat`: a line of JSON for each piece, and the counts in the last one.

{"model":"m","message":{"role":"assistant","content":"Paris"},"done":false}
{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":1}
"""

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.likelihood import continue_logprobs, split_tokens, top_logprobs
from evalkit.testing.fake_provider.pictures import shown
from evalkit.testing.fake_provider.tools import n_words, names_offered
from evalkit.testing.fake_provider.turns import FakeTurn, conversation_of
from evalkit.testing.fake_provider.wire import Json, Stream, dumps, integer_or_none, stops_of

VERSION: Json = {"version": "0.33.2"}
"""GET /api/version."""
_AT = "2026-11-28T12:00:00.000000Z"


def read(data: Json, path: str) -> Ask:
    """Settings stand in `options`; it streams unless told otherwise."""
    options: Json = data.get("options") or {}
    conversation = conversation_of(map(_turn, data["messages"]))
    functions = [tool["function"] for tool in data.get("tools") or ()]
    return Ask(
        model=data["model"],
        prompts=(conversation.asked,),
        opening=conversation.opening,
        n_answers=conversation.n_answers,
        stream=data.get("stream", True) is not False,
        n_input=conversation.n_input,
        max_tokens=integer_or_none(options.get("num_predict")),
        stop=stops_of(options.get("stop")),
        logprobs=(data.get("top_logprobs") or 0) if data.get("logprobs") else None,
        params=frozenset(options) | (data.keys() - {"model", "messages", "options", "stream"}),
        n_tools=n_words(data.get("tools")),
        tools=names_offered((function["name"], function["parameters"]) for function in functions),
    )


def _turn(message: Json) -> FakeTurn:
    """Calls have no ids here: their results go by the names of the functions."""
    called = [call["function"] for call in message.get("tool_calls") or ()]
    written = "".join(f" {one['name']} {dumps(dict(one['arguments'])).decode()}" for one in called)
    answered = (message["tool_name"],) if message["role"] == "tool" else ()
    seen = "".join(shown(None, one) for one in message.get("images") or ())
    return FakeTurn(
        message["role"], seen + message["content"] + written, tuple(one["name"] for one in called), answered
    )


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    """The whole answer as one object."""
    answer = answers[0]
    message: Json = {"content": answer.text, **({"thinking": answer.reasoning} if answer.reasoning else {})}
    if answer.calls:
        message["tool_calls"] = _calls(answer)
    return _last(ask, answer, behaviour, message)


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """Thinking, text and calls, each line with empty text for the other; the counts come last."""
    answer = answers[0]
    result = Stream()
    result.reasoning = [_line(answer, {"content": "", "thinking": one}) for one in answer.reasoning_pieces]
    result.content = [_line(answer, {"content": one}) for one in answer.pieces]
    result.content += [_line(answer, {"content": "", "tool_calls": [call]}) for call in _calls(answer)]
    result.closing = [dumps(_last(ask, answer, behaviour, {"content": ""})) + b"\n"]
    return result


def error(status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
    """{"error": "..."}"""
    return {"error": message}


def error_event(behaviour: Behaviour) -> bytes:
    """An error in the place of a line."""
    return dumps({"error": "an error was encountered while running the model"}) + b"\n"


def tags(names: tuple[str, ...]) -> Json:
    """GET /api/tags: the models that are there, with the digest of their weights."""
    details = {"format": "gguf", "family": "qwen3", "parameter_size": "4.0B", "quantization_level": "Q4_K_M"}
    numbered = enumerate(names, start=1)
    return {"models": [{"name": one, "model": one, "digest": f"{n:064x}", "details": details} for n, one in numbered]}


def _line(answer: FakeAnswer, message: Json) -> bytes:
    return dumps(_object(answer, message, done=False)) + b"\n"


def _object(answer: FakeAnswer, message: Json, *, done: bool) -> Json:
    return {"model": answer.model, "created_at": _AT, "message": {"role": "assistant", **message}, "done": done}


def _last(ask: Ask, answer: FakeAnswer, behaviour: Behaviour, message: Json) -> Json:
    made = _object(answer, message, done=True)
    made["done_reason"] = "length" if answer.finish == "length" else "stop"
    made |= {"total_duration": 5_000_000, "load_duration": 1_000_000, "prompt_eval_count": answer.n_input}
    made |= {"prompt_eval_duration": 1_000_000, "eval_count": answer.n_output + answer.n_reasoning}
    if ask.logprobs is not None and "logprobs" not in behaviour.ignores:
        made["logprobs"] = _logprobs(ask, answer)
    return made


def _calls(answer: FakeAnswer) -> list[Json]:
    """Calls come whole, as objects; one that is no JSON stays text, as the server's own parser leaves it."""
    return [
        {"id": call.id, "function": {"index": at, "name": call.name, "arguments": call.input}}
        for at, call in enumerate(answer.calls)
        if call.input is not None
    ]


def _logprobs(ask: Ask, answer: FakeAnswer) -> list[Json]:
    tokens = split_tokens(answer.text)
    values = continue_logprobs(ask.prompts[0], tokens)
    return [
        {
            "token": token,
            "logprob": value,
            "top_logprobs": [
                {"token": name, "logprob": one} for name, one in top_logprobs(token, value, ask.logprobs or 0)
            ],
        }
        for token, value in zip(tokens, values, strict=True)
    ]
