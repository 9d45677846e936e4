"""How the fake provider behaves: its timing, its answers, its bills and its faults, as one frozen record.

A slow provider that reasons first, bills cached tokens and overloads now and then:

    Behaviour(latency_s=0.2, latency_sigma=0.4, reasoning="Let me think.", reasoning_s=0.1,
              answers={"capital of France": "Paris"}, cached_tokens=12, faults={"429": 0.05, "drop_mid": 0.01})

The same as JSON, for `--behaviour` and `POST /_fake/behaviour`:

    {"latency_s": 0.2, "answers": {"capital of France": "Paris"}, "faults": {"429": 0.05}}

Everything random is drawn from a hash of `seed` and the request, so it is the same in any order of arrival.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args

import orjson

Flavour = Literal[
    "openai",
    "vllm",
    "deepseek",
    "xai",
    "mistral",
    "fireworks",
    "ollama",
    "lm-studio",
    "llama-cpp",
    "sglang",
    "transformers",
]

FAULTS = {
    "drop": "the connection closes before any byte of the answer",
    "drop_mid": "it closes after the first content event (or half of the body)",
    "end_mid": "the stream ends properly after its first content event, without its last events",
    "stall": "no byte ever comes; the connection stays open",
    "stall_mid": "nothing more comes after the first content event (or half of the body)",
    "malformed": "broken JSON: in the body, or in an event in the middle of the stream",
    "error_mid": "an error event after the first content event (500 when not streaming)",
    "empty": "a finished answer without any text",
}
"""Kinds of fault beside HTTP statuses ("400", "429", "500", "529", ...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What the provider does with each request."""

    seed: int = 0
    """Of every draw: latency, refusals, faults."""

    # --- when
    latency_s: float = 0.0
    """Seconds from the whole request read to the first token of any kind; the median where `latency_sigma` > 0."""
    latency_sigma: float = 0.0
    """Sigma of a lognormal latency (of the natural logarithm, no unit); 0 is a fixed latency."""
    reasoning_s: float = 0.0
    """Seconds from the first reasoning token to the first content token; used only with `reasoning`."""
    token_interval_s: float = 0.0
    """Seconds between chunks of content; 0 sends them at once. Without streaming the whole answer waits as long."""
    chunks: int = 8
    """Content events per streamed answer; fewer when the answer has fewer words."""
    early_head: bool = False
    """Send HTTP headers and opening events on arrival instead of with the first token."""

    # --- what
    reply: str = "The answer is B."
    """The text of an answer that `answers` does not give."""
    answers: Mapping[str, str] | Literal["echo", "letter"] | None = None
    """sha256, whole text or substring of the last user message -> reply (tried in that order, first substring wins).

    "echo" repeats the message; "letter" is A-D from its hash (`letter_of` predicts it). None: always `reply`.
    """
    calls: Mapping[str, tuple[Mapping[str, object], ...]] = field(default_factory=dict)
    """The same keys -> function calls, where the request offers functions: [{"name": "f", "arguments": {"a": 1}}].

    Arguments that are a text are sent as they are, broken or not. A text that `answers` has comes before the calls.
    """
    scripts: Mapping[str, tuple[str | tuple[Mapping[str, object], ...], ...]] = field(default_factory=dict)
    """The same keys, for the user's first message -> one step for each answer of a conversation: a text, or calls as
    above (written as JSON where functions are not offered). After the last step comes `reply`."""
    reasoning: str = ""
    """Reasoning text, in each dialect's own place."""
    refuse_rate: float = 0.0
    """Share of prompts that the model refuses, by hash of the prompt: the same prompt is refused again."""
    filter_rate: float = 0.0
    """Share of prompts that a content filter blocks, by hash of the prompt."""
    refusal: str = "I can't help with that."
    """The text of a refusal, where the dialect has room for one."""
    truncate: bool = True
    """Honour the request's limit of output tokens (reasoning counts, as it does at every provider)."""

    # --- the bill
    input_tokens: int | None = None
    """Tokens of the prompt, cached ones included; None: whitespace words of all messages."""
    output_tokens: int | None = None
    """Tokens of the visible answer; None: its whitespace words."""
    reasoning_tokens: int | None = None
    """Tokens of reasoning, on top of `output_tokens`; None: whitespace words of `reasoning`."""
    cached_tokens: int = 0
    """Input tokens read from the provider's cache; at most the input."""
    cache_write_tokens: int = 0
    """Input tokens written to it (Anthropic: with a life of 5 minutes); at most what is left of the input."""
    cache_write_1h_tokens: int = 0
    """Anthropic only: written with a life of an hour; at most what is left."""
    billed: Mapping[str, object] = field(default_factory=dict)
    """Chat Completions only: further fields of the usage object, as they are: {"cost": 0.25}."""

    # --- faults
    faults: Mapping[str, float] = field(default_factory=dict)
    """Kind -> share of requests. Kinds are HTTP statuses from "400" to "599" and the keys of `FAULTS`.

    Drawn by hash of (seed, path, body, how often that body came before). The shares add up to 1 at most.
    """
    fault_attempts: int | None = None
    """Only the first so many attempts of a body can fail; None: each attempt is drawn anew."""
    retry_after_s: float | None = None
    """Seconds in the Retry-After header of 429, 503 and 529; None: no header."""
    limit_per_s: float | None = None
    """Requests admitted in any window of one second, more get 429; None: no limit."""
    limit_in_flight: int | None = None
    """Requests admitted at a time, more get 429; None: no limit."""
    slots: int | None = None
    """Requests served at a time; more wait in line, first come first served, as on a GPU that is full. None: all."""
    require_key: str | None = None
    """The key every request must bring, else 401; None: no key is looked at."""
    key_header: str = ""
    """The header that holds the key, and no other; empty: any of those that providers use."""

    # --- what it can do
    flavour: Flavour = "openai"
    """Whose Chat Completions: the shape of usage, of reasoning and of errors."""
    reasoning_field: Literal["reasoning", "reasoning_content"] | None = None
    """Chat Completions field of the reasoning text; None: the flavour's own (OpenAI shows none)."""
    models: tuple[str, ...] = ()
    """Known model names, others get 404; empty: any name is served."""
    served_model: str | None = None
    """Model name reported back; None: the one asked for."""
    rejects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Parameter -> model name patterns (fnmatch) that answer 400 to it: {"temperature": ("gpt-6*",)}."""
    ignores: tuple[str, ...] = ()
    """Parameters that are accepted without effect: logprobs, echo, stop, stream_options, max_tokens, tools, images."""
    missing: tuple[str, ...] = ()
    """Ends of paths that answer 404: ("/v1/completions",)."""

    def __post_init__(self) -> None:
        _check_faults(self.faults)
        if self.flavour not in get_args(Flavour):
            raise ValueError(f"flavour {self.flavour!r}: use one of {', '.join(get_args(Flavour))}")
        if isinstance(self.answers, str) and self.answers not in ("echo", "letter"):
            raise ValueError(f"answers {self.answers!r}: use 'echo', 'letter' or a mapping; a fixed text is `reply`")
        if self.chunks < 1:
            raise ValueError(f"chunks {self.chunks}: an answer has at least 1")
        timings = ("latency_s", "latency_sigma", "reasoning_s", "token_interval_s")
        if negative := [name for name in timings if getattr(self, name) < 0]:
            raise ValueError(f"{negative[0]} {getattr(self, negative[0])}: time does not run backwards, use 0 or more")

    def changed(self, settings: Mapping[str, object]) -> "Behaviour":
        """This behaviour with some fields as JSON gives them; ValueError names an unknown field's neighbour."""
        names = {one.name for one in fields(self)}
        for name in settings:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"no field {name!r} in a behaviour{hint}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
        }
        if "rejects" in values:
            values["rejects"] = {name: tuple(models) for name, models in values["rejects"].items()}
        return replace(self, **values)

    def to_json(self) -> bytes:
        """All fields as one JSON object, which `changed` reads back."""
        return orjson.dumps({name: _plain(value) for name, value in asdict(self).items()})


def _check_faults(faults: Mapping[str, float]) -> None:
    for kind, rate in faults.items():
        if kind not in FAULTS and not (kind.isdigit() and 400 <= int(kind) <= 599):
            kinds = ", ".join(FAULTS)
            raise ValueError(f"no fault {kind!r}: use an HTTP status from '400' to '599', or one of {kinds}")
        if not 0 <= rate <= 1:
            raise ValueError(f"fault {kind!r}: rate {rate} is not between 0 and 1")
    if sum(faults.values()) > 1 + 1e-9:
        raise ValueError(f"fault rates add up to {sum(faults.values()):g}: at most 1")


def _plain(value: object) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


class FieldLine(NamedTuple):
    """One field."""

    name: str
    type: str
    """As it is written."""
    default: str
    """As it is written; "" for none."""
    says: str
    """On one line."""


def fields_of(record: type) -> list[FieldLine]:
    """The fields of a class in their order; empty where its source cannot be read."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(record))).body[0]
    except (OSError, SyntaxError, TypeError):
        return []
    inner = body.body if isinstance(body, ast.ClassDef) else []
    found = []
    for line, under in pairwise(inner):
        if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name):
            continue
        says = under.value.value if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant) else ""
        default = "" if line.value is None else ast.unparse(line.value).replace("field(default_factory=dict)", "{}")
        found.append(FieldLine(line.target.id, ast.unparse(line.annotation), default, " ".join(str(says).split())))
    return found


def with_fields(text: str, record: type) -> str:
    """The text, and below it a line for each field."""
    lines = [f"    {one.name} = {one.default}\n        {one.says}" for one in fields_of(record)]
    return "\n\n".join([inspect.cleandoc(text), *lines]) if lines else text


Behaviour.__doc__ = with_fields(str(Behaviour.__doc__), Behaviour)
