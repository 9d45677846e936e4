"""The narrow waist to every model: `respond(request) -> Response`, and a declaration of what the adapter can do.

    adapter = openai_chat.make(spec)            # built once per model of a suite
    response = await adapter.respond(request)   # or raises a RequestError of evalkit.errors
    await adapter.aclose()

An adapter builds, calls, parses and translates errors at one doorway. It does not retry, queue, cache or count money:
that is the engine's, so that a recorded latency means one call.

What some adapters do besides is declared by the protocols at the end: an adapter that has the methods has the ability,
and the engine asks with isinstance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from evalkit.frozen import dataclass
from evalkit.records import Message, Request, Response, Settings

if TYPE_CHECKING:
    from evalkit.suite.functions import OwnFunction


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an adapter can do for this model, checked before anything is sent.

    False means that a request that needs it would fail or be falsified. `likelihood` is the log-likelihood of given
    continuations; `top_logprobs` the alternatives of output tokens.
    """

    text: bool = True
    likelihood: bool = False
    top_logprobs: bool = False
    temperature: bool = True
    top_p: bool = True
    seed: bool = False
    stop: bool = True
    json_schema: bool = False
    reasoning_effort: bool = False
    tools: bool = False
    """Whether functions can be offered through an interface of the provider's own, and calls come back apart from
    text."""
    tool_results: bool = False
    """Whether a conversation can go on after calls: what they returned goes back as turns of its own."""
    images: bool = False
    """Whether pictures reach the model. False: a request that has some is refused before anything is sent."""
    streaming: bool = True
    """Whether a time to first token exists for this adapter."""
    usage: bool = True
    """Whether billed tokens are reported."""
    output_limit: bool = True
    """Whether `max_output_tokens` reaches the model."""
    record: bool = False
    """Whether fields of the record that a task sends (`send:`) reach the model, besides the prompt."""
    timing: bool = True
    """Whether durations are the model's own. False for `replay`: they are a look-up's, and no latency may be shown."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model runs: the unit that rate limits and concurrency belong to, and part of the cache's key."""

    lane: str
    """Models with the same lane share one limiter: `host:port` of a server, `cpu` for the embedded engine."""
    further_lanes: tuple[str, ...] = field(default=(), kw_only=True)
    """Other lanes that it uses as well: a pipeline's guards. All of them then share one limiter."""
    place: str
    """Host and path of an endpoint, or weights digest, engine version and precision: what the cache must not mix."""
    network: bool = True
    """False for answers that are made or read in this process."""
    host: str | None = None
    """Host name that receives the prompts; None when nothing leaves the process."""
    price_provider: str | None = None
    """Provider id in the price book (`openai`, `anthropic`, `google` ...); None where no public price list applies."""
    cacheable: bool = True
    """Whether an answer depends on nothing but place and request; False for `replay` and `scripted`."""
    weights: str | None = None
    """What is known of the weights behind an address of one's own, where others may be loaded at any time; None: it is
    not known, and answers are not kept for later runs. Has no meaning for a provider's own address."""
    turn: str | None = None
    """Models with the same turn run one after another (servers on the same GPUs). None: beside all others."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Recorded with the run: SDK or engine version, precision, weights digest ..."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One entry of a suite's `models`, resolved: what an adapter is made from."""

    name: str
    """The suite's name for it, shown everywhere."""
    adapter: str
    """As written in the suite: `openai`, `anthropic`, `vllm`, `together` ..."""
    model: str
    """The provider's model id, or a folder of weights."""
    base_url: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Adapter-specific keys of the entry (`compute_type`, `path`, `id_field` ...)."""
    settings: Settings = Settings()
    key_hosts: frozenset[str] = frozenset()
    """Further hosts that the person running evalkit allows to receive this adapter's key (never from the suite)."""
    in_flight: int | None = None
    """The most requests that may be open at once, for sizing connection pools; None where adaptive."""
    idle_timeout_s: float = 120.0
    """Silence on a connection after which an attempt is given up as `Stalled`."""
    weights: str | None = None
    """What the suite says of the weights that a server of one's own has loaded; None: nothing."""
    serve: Mapping[str, object] | None = None
    """Flags of a server that the adapter starts. None: it is there already, or there is none."""
    allow_code: bool = False
    """Whether the person running evalkit lets the suite run code (never from the suite)."""
    folder: str = "."
    """The suite's folder: relative paths in options are relative to it."""
    sends: bool = True
    """Whether anything will be sent. False: the adapter is made to be looked at, and needs no key."""
    function: OwnFunction | None = None
    """The function that answers, given in Python (never by a suite file). None: the adapter asks a model."""
    at: str | None = None
    """What opens messages about its address and keys. None: models.NAME."""

    @property
    def place(self) -> str:
        """What opens messages about its address and keys: models.gpt."""
        return self.at or f"models.{self.name}"


class Adapter(Protocol):
    """What the engine needs of a model."""

    spec: ModelSpec
    capabilities: Capabilities
    endpoint: Endpoint

    async def respond(self, request: Request) -> Response:
        """The answer to one request, made in one attempt.

        Raises a RequestError subclass; nothing else may escape for anything that a server or network does.
        """

    async def aclose(self) -> None:
        """Give back connections and weights. Called once, after the last respond."""


Make = Callable[[ModelSpec], Adapter]
"""Every adapter module has `make(spec) -> Adapter`; it raises UserError on what it can see."""


def is_ours(adapter: object) -> bool:
    """Whether an adapter's class is evalkit's own, and not a package's."""
    return type(adapter).__module__.startswith("evalkit.")


@runtime_checkable
class ManagedServer(Protocol):
    """An adapter that brings a server: started when an answer is first owed, stopped when its model's turn is over."""

    served: Mapping[str, object]
    """What the started server turned out to be, for run.json; empty before."""

    async def start(self, folder: Path, tell: Callable[[str], None]) -> None:
        """Start the server, with its log in this folder. Raises a RequestError with the reason."""

    async def stop(self) -> None:
        """End the server; safe to call at any time."""


@runtime_checkable
class DescribesServer(Protocol):
    """An adapter whose server says which version it is and which weights it has, asked once before the first answer."""

    served: Mapping[str, object]
    """What it said, for run.json; empty before, and where it says nothing."""

    async def describe(self) -> None:
        """Ask the server. Raises nothing for a server that does not say."""


@runtime_checkable
class ProbesLikelihood(Protocol):
    """An adapter whose log-likelihoods have to be proved before the first one counts."""

    async def probe_likelihood(self) -> str | None:
        """None when they are proved; a sentence where that could not be tried.

        Raises Unfit where they are wrong, and other RequestErrors.
        """


@runtime_checkable
class ProbesTools(Protocol):
    """An adapter that has to find out whether offered functions reach the model."""

    async def probe_tools(self) -> str | None:
        """None when they do; a sentence where nobody says. Raises Unfit where they are dropped."""


@runtime_checkable
class ProbesImages(Protocol):
    """An adapter that has to find out whether pictures reach the model."""

    async def probe_images(self) -> str | None:
        """None when they do; a sentence where nobody says. Raises Unfit where they are dropped."""


BodyRefusal = Callable[[Mapping[str, object], Sequence[str]], str | None]
"""Of a body, and of the texts that the prompt and the record bring: why it may not be sent; None: it may."""


@runtime_checkable
class HoldsBodies(Protocol):
    """An adapter whose bodies are made by templates of the suite."""

    def hold_bodies(self, refusal: BodyRefusal) -> None:
        """Ask this of every body before it is sent; what it refuses is not."""


@runtime_checkable
class ChecksRequests(Protocol):
    """An adapter that can say of a request, without sending it, that it cannot be made."""

    def check_request(self, request: Request) -> None:
        """Raises Unsupported with the reason. Sends nothing."""


@runtime_checkable
class ReadsRecord(Protocol):
    """An adapter that reads certain fields of the record, which a task therefore has to send."""

    record_fields: frozenset[str]


@runtime_checkable
class WeighsRequests(Protocol):
    """An adapter that sends more than the messages of a request: what it makes of them is made to know its size."""

    def n_bytes(self, request: Request) -> int:
        """Bytes of all texts that would be sent. Sends nothing. Raises Unsupported where nothing can be made."""


@runtime_checkable
class CountsPrompts(Protocol):
    """An adapter with the model's own tokenizer."""

    def count_prompt(self, messages: tuple[Message, ...]) -> int:
        """Tokens of a prompt, for `evalkit plan`. Sends nothing."""
