"""The fake model's tokens and log-probabilities, a pure function of the text, so that tests can predict them.

A token is a word with the white space before it: "Answer: B" -> ["Answer:", " B"]. Its log-probability is a hash
of everything up to its end, uniform in (-10, 0): the same word after another context scores differently, as in a
real model. What the token leaves of the probability mass is halved among its rivals, so the sum never passes 1.
"""

import math
import re
from hashlib import blake2b

_TOKEN = re.compile(r"\s*\S+|\s+")
_LETTERS = "ABCDEFGHIJ"
_SCALE = 10.0 / 2**64


def split_tokens(text: str) -> list[str]:
    """Tokens in order; joined they give the text back."""
    return _TOKEN.findall(text)


def token_logprobs(text: str) -> list[float]:
    """One log-probability (natural logarithm) for each token; the servers report the first as null."""
    return continue_logprobs("", split_tokens(text))


def continue_logprobs(context: str, tokens: list[str]) -> list[float]:
    """Log-probabilities of tokens that come after a context."""
    seen = blake2b(context.encode("utf-8", "surrogatepass"), digest_size=8)
    values = []
    for token in tokens:
        seen.update(token.encode("utf-8", "surrogatepass"))
        values.append(round(-_SCALE * int.from_bytes(seen.digest(), "big") - 1e-4, 6))
    return values


def continuation_logprob(context: str, continuation: str) -> float:
    """What a likelihood request must sum to: the tokens of context + continuation that begin in the continuation."""
    offset, total = 0, 0.0
    tokens = split_tokens(context + continuation)
    for token, logprob in zip(tokens, continue_logprobs("", tokens), strict=True):
        if offset >= len(context):
            total += logprob
        offset += len(token)
    return total


def top_logprobs(token: str, logprob: float, n: int) -> list[tuple[str, float]]:
    """The n most likely tokens in this place, best first; the token itself is among them only where it belongs.

    Rivals of a single capital letter are the other letters, so that a first-token choice has all its options.
    """
    bare = token.strip()
    space = token[: len(token) - len(token.lstrip())]
    letters = _LETTERS if len(bare) == 1 and bare in _LETTERS else ""
    rivals = [space + letter for letter in letters if letter != bare]
    rivals += [f"{space}~{rank}" for rank in range(n - len(rivals))]
    left = -math.expm1(logprob)
    ranked = [(token, logprob)]
    ranked += [(rival, round(math.log(left) - (rank + 1) * math.log(2), 6)) for rank, rival in enumerate(rivals)]
    ranked.sort(key=lambda pair: -pair[1])
    return ranked[:n]
