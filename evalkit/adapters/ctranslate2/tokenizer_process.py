"""The tokenizer of somebody's checkpoint in a process of its own: bounded in time and memory, without keys.

    tokenizer = TokenizerProcess(text_of_tokenizer_json)
    tokenizer.encode("Hello", add_special_tokens=True).tokens      # ["Hello"]; Rejected says why not

A tokenizer.json holds patterns and replacements of its own: one of them can hang on a text, make a gigabyte of one
letter, or end the library in the middle of a call. Here it does so to the child. It looks like `tokenizers.Tokenizer`,
as far as evalkit uses that.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.adapters.ctranslate2.template_process import AskedProcess
from evalkit.errors import Rejected

LIMIT_S = 20.0
_BASE_BYTES, _TIMES = 2**30, 16
"""Address space while it is read: the largest that are published have 35 MB and take half a gigabyte, while a file of
50 MB can be made to take 16 GB (tokens of thousands of letters are kept letter by letter)."""
_FOR_TEXTS = 2**30
"""The same for a text beyond it: one of four million characters takes a gigabyte."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as tokens."""

    tokens: list[str]
    ids: list[int]
    special_tokens_mask: list[int]


class TokenizerProcess(AskedProcess):
    """One tokenizer. Raises ValueError where its file cannot be read, or it is not done with one word in time."""

    serves = "evalkit.adapters.ctranslate2.tokenizer_process:serve"

    def __init__(self, source: str) -> None:
        super().__init__({"tokenizer": source, "memory": _BASE_BYTES + _TIMES * len(source.encode())})
        self.memory_gib = round((_BASE_BYTES + _TIMES * len(source.encode()) + _FOR_TEXTS) / 2**30, 1)
        self._size = int(self.ask({"size": True})["size"])
        self.encode("word", add_special_tokens=True)

    @property
    def limit_s(self) -> float:
        return LIMIT_S

    def encode(self, text: str, *, add_special_tokens: bool) -> Encoded:
        """Raises Rejected for a text that it cannot encode within its limits."""
        said = self._answer({"encode": text, "special": add_special_tokens})
        return Encoded(said["tokens"], said["ids"], said["mask"])

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        """Raises Rejected for tokens that it cannot write within its limits."""
        return str(self._answer({"decode": list(ids), "skip": skip_special_tokens})["text"])

    def id_to_token(self, number: int) -> str | None:
        """The token of this number; None where there is none."""
        token = self._answer({"number": number})["token"]
        return None if token is None else str(token)

    def token_to_id(self, token: str) -> int | None:
        """The number of this token; None where there is none."""
        number = self._answer({"token": token})["number"]
        return None if number is None else int(number)

    def get_vocab_size(self) -> int:
        """Tokens that it knows, the added ones included."""
        return self._size

    def _answer(self, question: dict[str, object]) -> dict[str, Any]:
        try:
            return self.ask(question)
        except ValueError as error:
            raise Rejected(f"The model's tokenizer cannot be used for this text: {error}") from error


def serve() -> None:
    """What the process does: read the tokenizer, then answer until standard input closes."""
    import resource
    import signal

    from tokenizers import Tokenizer

    out = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)  # what the library says when it gives up is said in the answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tokenizer: object = None
    out.write(b"{}\n")
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_PROF, 2 * LIMIT_S)  # its default action ends the process, parent or no parent
        try:
            asked = json.loads(line)
            if tokenizer is None:
                most = int(asked["memory"])
                resource.setrlimit(resource.RLIMIT_AS, (most, most + _FOR_TEXTS))
                tokenizer = Tokenizer.from_str(asked.pop("tokenizer"))
                resource.setrlimit(resource.RLIMIT_AS, (most + _FOR_TEXTS, most + _FOR_TEXTS))
                tokenizer.no_padding()
                tokenizer.no_truncation()
                answer: dict[str, object] = {}
            else:
                answer = _answered(tokenizer, asked) | {"took_s": time.process_time()}
            said = json.dumps(answer).encode()
        except MemoryError:
            said = b'{"error": "it takes too much memory"}'
        except BaseException as error:  # noqa: BLE001 - the library gives up with a kind of its own, beyond Exception
            said = json.dumps({"error": f"{error}"[:400] or type(error).__name__}).encode()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        out.write(said + b"\n")


def _answered(tokenizer: Any, asked: dict[str, object]) -> dict[str, object]:
    if "encode" in asked:
        made = tokenizer.encode(asked["encode"], add_special_tokens=asked["special"])
        return {"tokens": made.tokens, "ids": made.ids, "mask": made.special_tokens_mask}
    if "decode" in asked:
        return {"text": tokenizer.decode(asked["decode"], skip_special_tokens=asked["skip"])}
    if "number" in asked:
        return {"token": tokenizer.id_to_token(asked["number"])}
    if "token" in asked:
        return {"number": tokenizer.token_to_id(asked["token"])}
    return {"size": tokenizer.get_vocab_size()}
