"""Can this server's log-probabilities of a prompt be believed? Asked before the first one is used.

    generate greedily:  "The capital of France is" -> tokens [" Paris", "."] with log-probabilities [-0.1, -0.3]
    echo it back:       "The capital of France is Paris." -> the last two must be [-0.1, -0.3] again

Several servers fail this in silence: one shifts every figure by a token (llama-cpp-python), one answers with nothing,
one gives the figures of what it would have said itself. Every multiple choice is then at chance, and looks fine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


def generation(model: str, prompt: str) -> dict[str, Any]:
    """The body that asks for a few greedy tokens."""
    return {"model": model, "prompt": prompt, "max_tokens": N_TOKENS, "temperature": 0, "logprobs": 1}


def echo(model: str, said: EchoReply) -> dict[str, Any]:
    """The body that asks what the server thinks of its own words; a list of prompts, as scoring sends it."""
    return {**generation(model, ""), "prompt": [said.prompt + said.text], "max_tokens": 0, "echo": True}


def echo_of_prompt(model: str, prompt: str) -> dict[str, Any]:
    """The body that asks what the server thinks of a prompt, where it said nothing that could be echoed."""
    return echo(model, EchoReply(prompt, "", [], []))


def lacking(reply: Any) -> str | None:
    """Why an echoed prompt has no usable figures, as a sentence; None where it has some, or the reply says nothing."""
    if not isinstance(reply, dict) or not reply.get("choices"):
        return None
    try:
        logprobs = reply["choices"][0]["logprobs"]
        tokens, values = logprobs["tokens"], logprobs["token_logprobs"]
    except (KeyError, IndexError, TypeError):
        return "it sent no log-probabilities of the prompt"
    return None if tokens and values else "it sent log-probabilities of no token"


def said_of(prompt: str, reply: Any) -> EchoReply | None:
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
