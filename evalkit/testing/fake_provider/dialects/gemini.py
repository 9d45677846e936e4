"""Gemini's own API, `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse`.

    data: {"candidates":[{"content":{"parts":[{"text":"Paris"}],"role":"model"},"index":0}],"usageMetadata":{...}}

Thoughts are parts with "thought": true, and are counted outside candidatesTokenCount.
"""

from typing import Any

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer, shown_text, text_of
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.likelihood import continue_logprobs, split_tokens, top_logprobs
from evalkit.testing.fake_provider.tools import n_words, names_offered
from evalkit.testing.fake_provider.turns import FakeTurn, conversation_of
from evalkit.testing.fake_provider.wire import Json, Stream, data_event, dumps, integer_or_none, stops_of

_FINISH = {
    **{"stop": "STOP", "stop_sequence": "STOP", "calls": "STOP", "length": "MAX_TOKENS"},
    **{"refusal": "SAFETY", "filter": "SAFETY"},
}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def read(data: Json, path: str) -> Ask:
    """The model and the method are in the path; a content without a role is the user's."""
    address, _, query = path.partition("?")
    model, _, method = address.rpartition("/")[2].rpartition(":")
    config: Json = data.get("generationConfig") or {}
    system: Json = data.get("systemInstruction") or {}
    conversation = conversation_of(map(_turn, data["contents"]), system=text_of(system.get("parts")))
    return Ask(
        model=model,
        prompts=(conversation.asked,),
        opening=conversation.opening,
        n_answers=conversation.n_answers,
        stream=method == "streamGenerateContent",
        n_input=conversation.n_input,
        max_tokens=integer_or_none(config.get("maxOutputTokens")),
        stop=stops_of(config.get("stopSequences")),
        logprobs=(config.get("logprobs") or 0) if config.get("responseLogprobs") else None,
        params=frozenset(config),
        stream_usage=True,
        sse="alt=sse" in query,
        n_tools=n_words(data.get("tools")),
        tools=names_offered(
            (function["name"], function.get("parametersJsonSchema") or function.get("parameters") or {})
            for tool in data.get("tools", ())
            for function in tool.get("function_declarations") or tool["functionDeclarations"]  # Google reads both
        ),
    )


def _turn(content: Json) -> FakeTurn:
    """Calls have no ids here: their results go by the names of the functions."""
    texts, made, answered = [], [], []
    for part in content["parts"]:
        if "functionCall" in part:
            made.append(part["functionCall"]["name"])
            texts.append(f"{part['functionCall']['name']} {dumps(dict(part['functionCall']['args'])).decode()}")
        elif "functionResponse" in part:
            answered.append(part["functionResponse"]["name"])
            texts.append(dumps(dict(part["functionResponse"]["response"])).decode())
        else:
            texts.append(shown_text(part))
    role = "tool" if answered else content.get("role", "user")
    return FakeTurn(role, " ".join(texts), tuple(made), tuple(answered))


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Any:
    """One response; for a stream without alt=sse a list of one."""
    answer = answers[0]
    parts = [{"text": answer.reasoning, "thought": True}] if answer.reasoning else []
    if answer.text and answer.finish != "refusal":
        parts.append({"text": answer.text})
    parts += _calls(answer)
    whole = _chunk(answer, parts, final=True)
    if whole.get("candidates") and (logprobs := _logprobs(ask, answer, behaviour)):
        whole["candidates"][0]["logprobsResult"] = logprobs
    return [whole] if ask.stream else whole


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """Thoughts, text, and a last chunk with the finish reason and the whole bill."""
    answer = answers[0]
    result = Stream()
    result.reasoning = [data_event(_chunk(answer, [{"text": one, "thought": True}])) for one in answer.reasoning_pieces]
    if answer.finish != "refusal":
        result.content = [data_event(_chunk(answer, [{"text": one}])) for one in answer.pieces]
        result.content += [data_event(_chunk(answer, [part])) for part in _calls(answer)]
    last = _chunk(answer, [{"text": ""}], final=True)
    if last.get("candidates") and (logprobs := _logprobs(ask, answer, behaviour)):
        last["candidates"][0]["logprobsResult"] = logprobs
    result.closing = [data_event(last)]
    return result


def error(status: int, message: str, behaviour: Behaviour, **details: str) -> Json:
    """{"error": {"code": 429, "message": ..., "status": "RESOURCE_EXHAUSTED"}}, with a RetryInfo where one is due."""
    kind = _STATUS.get(status, "FAILED_PRECONDITION" if status < 500 else "INTERNAL")
    body: Json = {"code": status, "message": message, "status": kind}
    if status in (429, 503) and behaviour.retry_after_s is not None:
        delay = f"{behaviour.retry_after_s:g}s"
        body["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return {"error": body}


def error_event(behaviour: Behaviour) -> bytes:
    """An error object in the place of a chunk."""
    return data_event(error(503, "The model is overloaded. Please try again later.", behaviour))


def _chunk(answer: FakeAnswer, parts: list[Json], *, final: bool = False) -> Json:
    usage: Json = {"promptTokenCount": answer.n_input}
    if answer.n_cached:
        usage["cachedContentTokenCount"] = answer.n_cached
    n_output = 0 if answer.finish in ("refusal", "filter") else answer.n_output
    if final:
        usage["candidatesTokenCount"] = n_output
        if answer.n_reasoning:
            usage["thoughtsTokenCount"] = answer.n_reasoning
    usage["totalTokenCount"] = answer.n_input + (n_output + answer.n_reasoning if final else 0)
    whole: Json = {
        "usageMetadata": usage,
        "modelVersion": answer.model,
        "responseId": f"gemini-{answer.serial}",
    }
    if answer.finish == "filter":
        return {"promptFeedback": {"blockReason": "SAFETY"}, **whole}
    candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if final:
        broken = answer.finish == "calls" and len(_calls(answer)) < len(answer.calls)
        candidate["finishReason"] = "MALFORMED_FUNCTION_CALL" if broken else _FINISH[answer.finish]
        if answer.finish == "refusal":
            del candidate["content"]
    return {"candidates": [candidate], **whole}


def _calls(answer: FakeAnswer) -> list[Json]:
    """Calls come whole, as objects; one that is broken never comes, and only the finish reason tells of it."""
    made = [(call.name, call.input) for call in answer.calls]
    return [{"functionCall": {"name": name, "args": given}} for name, given in made if given is not None]


def _logprobs(ask: Ask, answer: FakeAnswer, behaviour: Behaviour) -> Json | None:
    if ask.logprobs is None or "logprobs" in behaviour.ignores:
        return None
    tokens = split_tokens(answer.text)
    values = continue_logprobs(ask.prompts[0], tokens)
    chosen = [{"token": token, "logProbability": value} for token, value in zip(tokens, values, strict=True)]
    top = [
        {
            "candidates": [
                {"token": name, "logProbability": one} for name, one in top_logprobs(token, value, ask.logprobs)
            ]
        }
        for token, value in zip(tokens, values, strict=True)
    ]
    return {"chosenCandidates": chosen, "topCandidates": top}
