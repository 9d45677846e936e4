"""What is asked and what is answered, before any dialect dresses it.

    Ask(model="m", prompts=("Capital of France?",), ...)  ->  Answer(text="Paris", finish="stop", n_input=3, ...)

Pure: the same request under the same behaviour gives the same answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Any, Literal, TypeVar

import orjson

from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.likelihood import split_tokens
from evalkit.testing.fake_provider.pictures import n_pictures, picture
from evalkit.testing.fake_provider.tools import FakeCall

T = TypeVar("T")
Finish = Literal["stop", "stop_sequence", "length", "refusal", "filter", "calls"]


@dataclass(slots=True)
class Ask:
    """A request, read from any dialect."""

    model: str
    prompts: tuple[str, ...]
    """The last user message; several only for legacy completions."""
    stream: bool
    n_input: int
    """Whitespace words of all messages."""
    max_tokens: int | None = None
    """Limit of output tokens; None: none given."""
    stop: tuple[str, ...] = ()
    logprobs: int | None = None
    """How many top log-probabilities beside each token's own; None: not asked for."""
    params: frozenset[str] = frozenset()
    """Names of all settings in the request, as on the wire."""
    stream_usage: bool = False
    """The client asked for usage at the end of the stream."""
    echo: bool = False
    tools: tuple[str, ...] = ()
    """Names of the functions that may be called."""
    n_tools: int = 0
    """Whitespace words of the functions, which are input too."""
    sse: bool = True
    """Stream as server-sent events; False only for Gemini without alt=sse, which streams one JSON array."""
    key: str = ""
    opening: str = ""
    """The first message of the user, by which `scripts` are found."""
    n_answers: int = 0
    """Turns of the assistant so far: which step of a script comes next."""
    prompt_digest: bytes = b""
    """sha256 of the prompt in UTF-8 (of several, joined by NUL)."""


@dataclass(slots=True)
class FakeAnswer:
    """An answer, for any dialect to write."""

    serial: int
    """Number of the request since the start; ids are made of it."""
    created: int
    """Unix seconds."""
    model: str
    text: str
    pieces: tuple[str, ...]
    """The text in the chunks that a stream sends."""
    reasoning: str
    reasoning_pieces: tuple[str, ...]
    finish: Finish
    stop_sequence: str | None
    n_input: int
    n_cached: int
    n_written: int
    n_written_1h: int
    n_output: int
    """Visible tokens, without reasoning."""
    n_reasoning: int
    calls: tuple[FakeCall, ...] = ()
    """Function calls, after the text."""


def digest_of(prompt: str) -> str:
    """sha256 of a prompt, as `answers` and the account name it (hex)."""
    return sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()


def letter_of(prompt: str) -> str:
    """The letter A-D that `answers="letter"` gives to a prompt."""
    return _letter(bytes.fromhex(digest_of(prompt)))


def draw(seed: int, purpose: str, about: bytes) -> float:
    """A uniform number in [0, 1), the same for the same arguments on any machine."""
    value = blake2b(f"{seed}:{purpose}:".encode() + about, digest_size=8).digest()
    return (int.from_bytes(value, "big") >> 11) / 2**53


def compose(
    ask: Ask, behaviour: Behaviour, *, serial: int, created: int, prompt: str, empty: bool = False
) -> FakeAnswer:
    """The answer to one prompt of a request; `empty` leaves the text out (a fault)."""
    digest = ask.prompt_digest
    if len(ask.prompts) > 1:
        digest = bytes.fromhex(digest_of(prompt))
    offered = bool(ask.tools) and "tools" not in behaviour.ignores
    called = _found(behaviour.calls, prompt, digest) if offered and not empty else None
    written = None if empty else _scripted(ask, behaviour)
    if written is not None:
        called = written if not isinstance(written, str) and offered else None
    calls = tuple(_call(made, serial, n, behaviour) for n, made in enumerate(called or ()))
    if isinstance(written, str):
        text = written
    elif written is not None:
        text = "" if calls else orjson.dumps(written).decode()
    else:
        text = "" if empty else _reply(prompt, digest, behaviour, calls=bool(calls))
    finish: Finish = "calls" if calls else "stop"
    reasoning = behaviour.reasoning
    n_reasoning = behaviour.reasoning_tokens
    if n_reasoning is None:
        n_reasoning = len(reasoning.split())
    if behaviour.filter_rate and draw(behaviour.seed, "filter", digest) < behaviour.filter_rate:
        text, calls, reasoning, n_reasoning, finish = "", (), "", 0, "filter"
    elif behaviour.refuse_rate and draw(behaviour.seed, "refuse", digest) < behaviour.refuse_rate:
        text, calls, finish = behaviour.refusal, (), "refusal"
    stopped = None
    if finish == "stop" and ask.stop and "stop" not in behaviour.ignores:
        text, stopped = _cut_at_stop(text, ask.stop)
        finish = "stop" if stopped is None else "stop_sequence"
    if behaviour.truncate and ask.max_tokens is not None and "max_tokens" not in behaviour.ignores:
        text, reasoning, n_reasoning, cut = _cut_at_limit(text, reasoning, n_reasoning, ask.max_tokens)
        calls, cut_call = _calls_within(calls, 0 if cut else ask.max_tokens - n_reasoning - len(split_tokens(text)))
        if (cut or cut_call) and finish in ("stop", "stop_sequence", "calls"):
            finish, stopped = "length", None
    n_input = ask.n_input + (ask.n_tools if offered else 0) - _n_ignored(ask, behaviour)
    if behaviour.input_tokens is not None:
        n_input = behaviour.input_tokens
    n_cached = min(behaviour.cached_tokens, n_input)
    n_written = min(behaviour.cache_write_tokens, n_input - n_cached)
    return FakeAnswer(
        serial=serial,
        created=created,
        model=behaviour.served_model or ask.model,
        text=text,
        pieces=in_pieces(text, behaviour.chunks),
        reasoning=reasoning,
        reasoning_pieces=in_pieces(reasoning, behaviour.chunks),
        finish=finish,
        stop_sequence=stopped,
        n_input=n_input,
        n_cached=n_cached,
        n_written=n_written,
        n_written_1h=min(behaviour.cache_write_1h_tokens, n_input - n_cached - n_written),
        n_output=_n_output(text, calls, finish, behaviour),
        n_reasoning=n_reasoning,
        calls=calls,
    )


@lru_cache(maxsize=4096)
def in_pieces(text: str, n: int) -> tuple[str, ...]:
    """The text in n pieces of whole words, as even as can be; fewer when it has fewer words, none when empty."""
    tokens = split_tokens(text)
    n = min(n, len(tokens))
    return tuple("".join(tokens[len(tokens) * i // n : len(tokens) * (i + 1) // n]) for i in range(n))


def text_of(content: object) -> str:
    """The text of a message's content: a string, or its parts with a "text", and a word for each picture; other parts
    count nothing. Raises ValueError for pictures that a provider refuses."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "".join(shown_text(part) for part in content if isinstance(part, dict))


def shown_text(part: Mapping[str, Any]) -> str:
    """A part as text: the picture's word, or its "text". Raises ValueError as `picture`."""
    return picture(part) or part.get("text") or ""


def last_user(messages: list[tuple[str, str]]) -> str:
    """The last message by the user, of (role, text) pairs; empty when there is none."""
    return next((text for role, text in reversed(messages) if role == "user"), "")


def _n_ignored(ask: Ask, behaviour: Behaviour) -> int:
    """Pictures of the last message that the model does not get to see."""
    return n_pictures(ask.prompts[0]) if "images" in behaviour.ignores else 0


def _letter(digest: bytes) -> str:
    return "ABCD"[digest[0] % 4]


def _reply(prompt: str, digest: bytes, behaviour: Behaviour, *, calls: bool) -> str:
    """The text of an answer; before calls only what `answers` has for this prompt."""
    answers = behaviour.answers
    otherwise = "" if calls else behaviour.reply
    if answers is None:
        return otherwise
    if answers == "echo":
        return prompt
    if isinstance(answers, str):
        return _letter(digest)
    found = _found(answers, prompt, digest)
    return otherwise if found is None else found


def _scripted(ask: Ask, behaviour: Behaviour) -> str | tuple[Mapping[str, object], ...] | None:
    """The next step of the conversation's script; after its last one the ordinary reply, None without a script."""
    script = (
        _found(behaviour.scripts, ask.opening, bytes.fromhex(digest_of(ask.opening))) if behaviour.scripts else None
    )
    if script is None:
        return None
    return script[ask.n_answers] if ask.n_answers < len(script) else behaviour.reply


def _found(by_prompt: Mapping[str, T], prompt: str, digest: bytes) -> T | None:
    """What a mapping has for a prompt: by its digest, its whole text, or the first part of it."""
    found = by_prompt.get(digest.hex())
    if found is None:
        found = by_prompt.get(prompt)
    if found is None:
        found = next((value for part, value in by_prompt.items() if part in prompt), None)
    return found


def _call(made: Mapping[str, object], serial: int, n: int, behaviour: Behaviour) -> FakeCall:
    given = made["arguments"]
    arguments = given if isinstance(given, str) else orjson.dumps(given).decode()
    return FakeCall(f"call_{serial}_{n}", str(made["name"]), arguments, in_pieces(arguments, behaviour.chunks))


def _calls_within(calls: tuple[FakeCall, ...], limit: int) -> tuple[tuple[FakeCall, ...], bool]:
    """What a limit of tokens leaves of the calls, the last one broken off; and whether it cut anything."""
    kept: list[FakeCall] = []
    for call in calls:
        tokens = split_tokens(call.arguments)
        if len(tokens) > limit:
            pieces = tuple(tokens[: max(0, limit)])
            return (*kept, replace(call, arguments="".join(pieces), pieces=pieces)) if limit > 0 else tuple(kept), True
        limit -= len(tokens)
        kept.append(call)
    return tuple(kept), False


def _cut_at_stop(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    places = [(place, stop) for stop in stops if stop and (place := text.find(stop)) >= 0]
    if not places:
        return text, None
    place, stop = min(places)
    return text[:place], stop


def _cut_at_limit(text: str, reasoning: str, n_reasoning: int, limit: int) -> tuple[str, str, int, bool]:
    if n_reasoning and n_reasoning >= limit:
        # All of the budget went into thinking, as happens with real reasoning models.
        return "", "".join(split_tokens(reasoning)[:limit]), limit, True
    tokens = split_tokens(text)
    left = max(0, limit - n_reasoning)
    if len(tokens) <= left:
        return text, reasoning, n_reasoning, False
    return "".join(tokens[:left]), reasoning, n_reasoning, True


def _n_output(text: str, calls: tuple[FakeCall, ...], finish: Finish, behaviour: Behaviour) -> int:
    if behaviour.output_tokens is not None and finish != "filter":
        return behaviour.output_tokens
    return len(text.split()) + sum(1 + len(call.arguments.split()) for call in calls)
