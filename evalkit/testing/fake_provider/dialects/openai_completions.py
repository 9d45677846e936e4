"""Legacy Completions, `POST /v1/completions`: text, and the log-likelihood of a prompt that is echoed.

{"prompt": "2 + 2 = 4", "echo": true, "logprobs": 1, "max_tokens": 0}
-> {"choices": [{"text": "2 + 2 = 4", "logprobs": {"tokens": ["2", " +", ...], "token_logprobs": [null, -3.1, ...],
    "text_offset": [0, 1, ...], "top_logprobs": [null, {" +": -3.1, ...}, ...]}, "finish_reason": "length"}], ...}
"""

from evalkit.testing.fake_provider.answer import Ask, FakeAnswer
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.dialects.openai_errors import openai_error
from evalkit.testing.fake_provider.likelihood import continue_logprobs, split_tokens, top_logprobs
from evalkit.testing.fake_provider.wire import Json, Stream, data_event, integer_or_none, stops_of

_NOT_SETTINGS = {"model", "prompt", "stream", "stream_options"}
_FINISH = {"stop": "stop", "stop_sequence": "stop", "length": "length", "refusal": "stop", "filter": "content_filter"}
_DEFAULT_MAX_TOKENS = 16

error = openai_error


def read(data: Json, path: str) -> Ask:
    """One prompt or a list of them; a prompt of token ids becomes the words "t15 t7"."""
    given = data["prompt"]
    if isinstance(given, str) or (given and isinstance(given[0], int)):
        given = [given]
    prompts = tuple(_as_text(prompt) for prompt in given)
    if not prompts:
        raise ValueError("prompt is an empty list")
    limit = integer_or_none(data.get("max_tokens"))
    return Ask(
        model=data["model"],
        prompts=prompts,
        stream=bool(data.get("stream")),
        n_input=sum(len(prompt.split()) for prompt in prompts),
        max_tokens=_DEFAULT_MAX_TOKENS if limit is None else limit,
        stop=stops_of(data.get("stop")),
        logprobs=integer_or_none(data.get("logprobs")),
        params=frozenset(data.keys() - _NOT_SETTINGS),
        stream_usage=bool((data.get("stream_options") or {}).get("include_usage")),
        echo=bool(data.get("echo")),
    )


def body(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Json:
    """One choice for each prompt, in order."""
    echo = ask.echo and "echo" not in behaviour.ignores
    choices = []
    for index, (prompt, answer) in enumerate(zip(ask.prompts, answers, strict=True)):
        logprobs = _logprobs(ask, prompt, answer.text, echo, behaviour)
        text = prompt + answer.text if echo else answer.text
        finish = _FINISH[answer.finish]
        choices.append({"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish})
    return {**_frame(answers[0]), "choices": choices, "usage": _usage(answers)}


def stream(ask: Ask, answers: list[FakeAnswer], behaviour: Behaviour) -> Stream:
    """Prompts one after the other; an echo comes before the first chunk of its text."""
    echo = ask.echo and "echo" not in behaviour.ignores
    result = Stream()
    frame = _frame(answers[0])
    for index, (prompt, answer) in enumerate(zip(ask.prompts, answers, strict=True)):
        pieces = [prompt, *answer.pieces] if echo else answer.pieces
        context = ""
        for piece in pieces:
            before = context if echo else prompt + context
            logprobs = _logprobs(ask, before, piece, False, behaviour)
            choice = {"index": index, "text": piece, "logprobs": logprobs, "finish_reason": None}
            result.content.append(data_event({**frame, "choices": [choice]}))
            context += piece
        last = {"index": index, "text": "", "logprobs": None, "finish_reason": _FINISH[answer.finish]}
        result.closing.append(data_event({**frame, "choices": [last]}))
    if ask.stream_usage and "stream_options" not in behaviour.ignores:
        result.closing.append(data_event({**frame, "choices": [], "usage": _usage(answers)}))
    result.closing.append(b"data: [DONE]\n\n")
    return result


def error_event(behaviour: Behaviour) -> bytes:
    """An error object in the place of a chunk."""
    return data_event(error(500, "The server had an error while processing your request.", behaviour))


def _as_text(prompt: str | list[int]) -> str:
    return prompt if isinstance(prompt, str) else " ".join(f"t{number}" for number in prompt)


def _frame(answer: FakeAnswer) -> Json:
    return {
        "id": f"cmpl-{answer.serial}",
        "object": "text_completion",
        "created": answer.created,
        "model": answer.model,
    }


def _usage(answers: list[FakeAnswer]) -> Json:
    n_input = answers[0].n_input
    n_output = sum(answer.n_output for answer in answers)
    return {"prompt_tokens": n_input, "completion_tokens": n_output, "total_tokens": n_input + n_output}


def _logprobs(ask: Ask, context: str, text: str, echo: bool, behaviour: Behaviour) -> Json | None:
    """Of the text after its context; with echo also of the context, whose first token has none."""
    if ask.logprobs is None or "logprobs" in behaviour.ignores:
        return None
    if echo:
        # The prompt keeps its own tokens: a continuation never changes how what came before was split.
        tokens = split_tokens(context) + split_tokens(text)
        values: list[float | None] = [*continue_logprobs("", tokens)]
        offset = 0
    else:
        tokens = split_tokens(text)
        values = [*continue_logprobs(context, tokens)]
        offset = len(context)
    if tokens and offset == 0:
        values[0] = None
    offsets, tops = [], []
    for token, value in zip(tokens, values, strict=True):
        offsets.append(offset)
        offset += len(token)
        # As at real servers the token itself is always listed, beside the most likely ones.
        tops.append(None if value is None else {**dict(top_logprobs(token, value, ask.logprobs)), token: value})
    return {"tokens": tokens, "token_logprobs": values, "text_offset": offsets, "top_logprobs": tops}
