"""The log-likelihood of given continuations from a server that echoes its prompt with log-probabilities (vLLM).

    {"prompt": ["2 + 2 =" + " 4", "2 + 2 =" + " 5"], "echo": true, "logprobs": 1, "max_tokens": 0}
    -> choices[i].logprobs = {"tokens": ["2", " +", " 2", " =", " 4"], "token_logprobs": [null, -2.1, ...], ...}

The continuation's tokens are found from the end of the echo backwards, because servers put tokens of their own (BOS)
in front, which shifts text offsets. Where the tokens do not line up with the text, the request is refused: a
likelihood of something else would look just as good.

Whether a server's log-probabilities of a prompt can be believed is asked before the first one is used:

    generate greedily:  "The capital of France is" -> tokens [" Paris", "."] with log-probabilities [-0.1, -0.3]
    echo it back:       "The capital of France is Paris." -> the last two must be [-0.1, -0.3] again

Several servers fail this in silence: one shifts every figure by a token (llama-cpp-python), one answers with nothing,
one gives the figures of what it would have said itself. Every multiple choice is then at chance, and looks fine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.adapters.reply_fields import odd
from evalkit.errors import BadReply, Unsupported
from evalkit.records import Message, Request, Settings

_TOLERANCE = 1e-6
"""Rounding above zero that a server's float32 log-probability may have."""


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """For each continuation in order."""

    sums: tuple[float, ...]
    """Natural logarithms."""
    greedy: tuple[bool, ...] | None
    """Whether each is what greedy decoding would say; None where the server shows no alternatives."""
    n_tokens: tuple[int, ...]


def contexts_of(request: Request, continuations: Sequence[str]) -> tuple[str, ...]:
    """The plain text before each continuation, which is what this endpoint takes.

    Raises Unsupported for anything but one user message: a chat template is applied by /chat/completions only.
    """
    if request.contexts is not None:
        return request.contexts
    if len(request.messages) != 1 or request.messages[0].role != "user":
        raise Unsupported(
            "Log-likelihoods are asked of /completions, which takes plain text: the prompt must be one user message, "
            "without a system message or few-shot turns (put them into the prompt itself).",
            sent=False,
        )
    return (request.messages[0].text,) * len(continuations)


def body_of(model: str, contexts: Sequence[str], continuations: Sequence[str]) -> dict[str, object]:
    """One request for all continuations, in order."""
    if not continuations or not all(continuations):
        raise Unsupported("Log-likelihoods need at least one continuation, and none of them empty.", sent=False)
    if not all(context.strip() for context in contexts):
        raise Unsupported("Log-likelihoods need a prompt before the continuation.", sent=False)
    prompts = [context + continuation for context, continuation in zip(contexts, continuations, strict=True)]
    return {"model": model, "prompt": prompts, "echo": True, "logprobs": 1, "max_tokens": 0, "temperature": 0}


def likelihoods_of(reply: Any, contexts: Sequence[str], continuations: Sequence[str]) -> Likelihoods:
    """Sums over the tokens of each continuation.

    White space at the context's end counts to the continuation, as in lm-eval, because tokens begin with it.
    Raises BadReply, or what plain code raises (`reply_reader.ODD`), where the reply is not of the dialect; Unsupported
    where its log-probabilities cannot be trusted.
    """
    try:
        choices = sorted(reply["choices"], key=lambda choice: int(choice.get("index", 0)))
        logprobs = [choice["logprobs"] for choice in choices]
        if logprobs and not any(logprobs):
            raise _refusal("it sent no log-probabilities of the prompt")
        tokens = [[str(token) for token in one["tokens"]] for one in logprobs]
        values = [list(one["token_logprobs"]) for one in logprobs]
        tops = [one.get("top_logprobs") for one in logprobs]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadReply(f"The reply of /completions is not of the dialect: {odd(error)}") from error
    if len(tokens) != len(continuations):
        raise _refusal(f"it sent {len(tokens)} answers for {len(continuations)} prompts")
    if any(len(one) != len(value) for one, value in zip(tokens, values, strict=True)):
        raise _refusal("it sent another number of tokens than of log-probabilities")
    texts = [context[len(context.rstrip()) :] + text for context, text in zip(contexts, continuations, strict=True)]
    starts = _starts(tokens, texts, shared=len(set(contexts)) == 1)
    spans = [value[start:] for value, start in zip(values, starts, strict=True)]
    for span in spans:
        if not all(isinstance(value, int | float) and math.isfinite(value) and value <= _TOLERANCE for value in span):
            raise _refusal(f"it sent log-probabilities that are none: {span[:8]}")
    if not any(value for span in spans for value in span):
        raise _refusal("every log-probability is exactly 0")
    shown = all(isinstance(top, list) and len(top) == len(one) for top, one in zip(tops, tokens, strict=True))
    return Likelihoods(
        sums=tuple(math.fsum(span) for span in spans),
        greedy=tuple(map(_is_greedy, spans, starts, tops)) if shown else None,
        n_tokens=tuple(len(span) for span in spans),
    )


def _starts(tokens: list[list[str]], texts: list[str], *, shared: bool) -> list[int]:
    """Index of the first token of each text, which ends the tokens.

    A text whose tokens cannot be read as text (parts of a character) takes the index of a sibling where all share the
    context, so that their tokens before it must be the same.
    """
    found = [_start(one, text) for one, text in zip(tokens, texts, strict=True)]
    known = next(((one[:start], start) for one, start in zip(tokens, found, strict=True) if start is not None), None)
    starts = []
    for one, text, start in zip(tokens, texts, found, strict=True):
        if start is not None:
            starts.append(start)
        elif shared and known is not None and one[: known[1]] == known[0] and len(one) > known[1]:
            starts.append(known[1])
        else:
            raise _refusal(
                f"the tokens {one[-4:]} do not end in the continuation {text[-40:]!r}; let the continuation begin with "
                f"a space"
            )
    return starts


def _start(tokens: list[str], text: str) -> int | None:
    left, start = len(text), len(tokens)
    while left > 0 and start > 0:
        start -= 1
        left -= len(tokens[start])
    return start if left == 0 and "".join(tokens[start:]) == text else None


def _is_greedy(span: list[float], start: int, top: list[dict[str, float] | None]) -> bool:
    """Whether no alternative is likelier than any token of the span."""
    return all(
        value >= max(alternatives.values(), default=value) - _TOLERANCE
        for value, alternatives in zip(span, top[start:], strict=True)
        if isinstance(alternatives, dict)
    )


def _refusal(why: str) -> Unsupported:
    return Unsupported(f"This server's log-probabilities of a prompt cannot be used: {why}. Use mode: generate.")


PROMPTS = ("The capital of France is", "Question: What is 2 + 3?\nAnswer:", "one two three four five")
N_TOKENS = 4
TOLERANCE = 0.3
"""Natural log. Generating and echoing run different kernels: 0.2 was measured in bfloat16, 3e-5 in float32. A shift by
one token is off by whole units."""


@dataclass(frozen=True, slots=True)
class EchoReply:
    """What a server generated after a prompt."""

    prompt: str
    text: str
    tokens: list[str]
    values: list[float]


def generation(model: str, prompt: str) -> dict[str, object]:
    """The body that asks for a few greedy tokens."""
    return {"model": model, "prompt": prompt, "max_tokens": N_TOKENS, "temperature": 0, "logprobs": 1}


def as_request(body: Mapping[str, Any]) -> Request:
    """What such a body asks for, near enough to say what it can cost."""
    prompts = [body["prompt"]] if isinstance(body["prompt"], str) else body["prompt"]
    return Request(tuple(Message("user", prompt) for prompt in prompts), Settings(max_output_tokens=N_TOKENS))


def echo(model: str, said: EchoReply) -> dict[str, object]:
    """The body that asks what the server thinks of its own words; a list of prompts, as scoring sends it."""
    return {**generation(model, ""), "prompt": [said.prompt + said.text], "max_tokens": 0, "echo": True}


def echo_of_prompt(model: str, prompt: str) -> dict[str, object]:
    """The body that asks what the server thinks of a prompt, where it said nothing that could be echoed."""
    return echo(model, EchoReply(prompt, "", [], []))


def lacking(reply: object) -> str | None:
    """Why an echoed prompt has no usable figures, as a sentence; None where it has some, or the reply says nothing."""
    if not isinstance(reply, dict) or not reply.get("choices"):
        return None
    try:
        logprobs = reply["choices"][0]["logprobs"]
        tokens, values = logprobs["tokens"], logprobs["token_logprobs"]
    except (KeyError, IndexError, TypeError):
        return "it sent no log-probabilities of the prompt"
    return None if tokens and values else "it sent log-probabilities of no token"


def read_echo(prompt: str, reply: Any) -> EchoReply | None:
    """What was generated; None where it was nothing, or has no log-probabilities to hold against the echo."""
    try:
        choice = reply["choices"][0]
        text, logprobs = str(choice["text"]), choice["logprobs"]
        tokens = [str(token) for token in logprobs["tokens"]]
        values = [float(value) for value in logprobs["token_logprobs"]]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    length = sum(map(len, tokens))
    while tokens and length > len(text):  # an end token at the end is no part of the text
        length -= len(tokens.pop())
    if "".join(tokens) != text:
        return None
    return EchoReply(prompt, text, tokens, values[: len(tokens)]) if tokens else None


def difference(said: EchoReply, reply: Any) -> float | str | None:
    """The largest difference between saying and echoing; None where the echo is split into other tokens, so that
    nothing can be compared; a sentence where the reply has no usable figures at all.
    """
    try:
        logprobs = reply["choices"][0]["logprobs"]
        tokens: Sequence[Any] = logprobs["tokens"]
        values: Sequence[Any] = logprobs["token_logprobs"]
    except (KeyError, IndexError, TypeError):
        return "it sent no log-probabilities of the prompt"
    n = len(said.tokens)
    if len(tokens) != len(values) or len(tokens) <= n:
        return f"it sent log-probabilities of {len(tokens)} tokens for a prompt of more"
    if [str(token) for token in tokens[-n:]] != said.tokens:
        return None
    if not all(isinstance(value, int | float) for value in values[-n:]):
        return "it sent log-probabilities that are no numbers"
    return max(abs(float(value) - own) for value, own in zip(values[-n:], said.values, strict=True))
