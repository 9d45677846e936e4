"""What things are: the words of evalkit as records. No behaviour, no I/O, no third-party import.

A sample becomes a request; an adapter answers with a `Response`, or raises a `RequestError`, which is kept as a
`Failure`; a scorer makes a `Score`; all of it together is one `Row`.

    Sample(task="refunds", id="t1", ...) -> Request(messages=(Message("user", "..."),), ...)
      -> Response(text="deny", stop_reason="stop", ...) -> Score(value=1.0, outcome=Outcome.RIGHT, extracted="deny")

Frozen, with slots: a run of 100,000 rows makes many. `None` means "not reported" or "does not apply", never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from evalkit.frozen import dataclass
from evalkit.messages import Content as Content  # noqa: PLC0414
from evalkit.messages import Image as Image  # noqa: PLC0414
from evalkit.messages import Message as Message  # noqa: PLC0414
from evalkit.messages import Role as Role  # noqa: PLC0414
from evalkit.messages import Tool as Tool  # noqa: PLC0414
from evalkit.messages import ToolCall as ToolCall  # noqa: PLC0414

WAITS = "waits for its judges"
"""The reason of an answer that is stored and not judged yet."""
StopReason = Literal["stop", "length", "refusal", "content_filter", "tool_use", "other"]


class Outcome(StrEnum):
    """How a row ended: exactly one of these."""

    RIGHT = "right"
    WRONG = "wrong"
    SCORED = "scored"  # a graded score between 0 and 1
    UNPARSEABLE = "unparseable"  # an answer came, but none that the scorer could read
    REFUSED = "refused"  # the model or its provider declined
    TRUNCATED = "truncated"  # cut off by the output limit before an answer could be read
    ERRORED = "errored"  # the system's fault: no score, always counted


SCORE_OF = {Outcome.RIGHT: 1.0, Outcome.WRONG: 0.0}
"""Outcomes that leave no choice of a score."""
HEAVIEST, LIGHTEST = 1e15, 1e-15
"""Requests that one sample may stand for: sums of weights stay exact, their squares and ratios stay numbers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How an answer is to be made. None: leave it to the provider (and do not send the parameter)."""

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: str | None = None
    """As the provider spells it: none, minimal, low, medium, high ..."""
    json_schema: Mapping[str, object] | None = None
    """The answer must be JSON under this schema, by the provider's own constrained decoding."""
    top_logprobs: int | None = None
    """Ask for the log-probabilities of this many alternatives of each output token."""
    extra: Mapping[str, object] = field(default_factory=dict)
    """Provider-specific body fields, sent as they are."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: a conversation that asks for text, or for the log-likelihood of given continuations."""

    messages: tuple[Message, ...]
    settings: Settings = Settings()
    tools: tuple[Tool, ...] = ()
    """Functions offered through the provider's tool interface; the model decides whether to call any."""
    continuations: tuple[str, ...] | None = None
    """None asks for text. Otherwise: one log-likelihood for each, given the conversation."""
    contexts: tuple[str, ...] | None = None
    """With `continuations`: the plain text before each of them, where it differs. None: the conversation, for all."""
    record: Mapping[str, object] = field(default_factory=dict)
    """Fields of the record that the task sends (`send:`), for applications that read them; empty: none."""
    sample_id: str = ""
    """The sample's own id; only `replay` and `scripted` read it. Never sent."""
    repeat: int = 0
    """Which repeat of the sample this is; makes caches and seeds distinct. Never sent."""

    @property
    def prompt(self) -> str:
        """The text of the last message: what the user asks now."""
        return self.messages[-1].text if self.messages else ""

    @property
    def images(self) -> tuple[Image, ...]:
        """All pictures of the conversation, in their order."""
        for message in self.messages:
            if not isinstance(message.content, str):
                return tuple(image for one in self.messages for image in one.images)
        return ()

    @property
    def system(self) -> str | None:
        """What stands in messages of the role system, empty lines between several; None where there is none."""
        return "\n\n".join(one.text for one in self.messages if one.role == "system") or None


@dataclass(frozen=True, slots=True)
class Usage:
    """Billed tokens of one request, normalised. Totals include their parts; None means not reported.

    `input` is every prompt token, cached or not; `output` every billed output token, reasoning included.
    """

    input: int | None = None
    cache_read: int | None = None
    cache_write_5m: int | None = None
    cache_write_1h: int | None = None
    cache_write_other: int | None = None
    output: int | None = None
    reasoning: int | None = None
    provider_cost_usd: Decimal | None = None
    """What the provider itself says the request cost (OpenRouter, xAI); wins over any computed price."""
    service_tier: str | None = None
    """The tier that served and billed the request, as the provider names it."""
    beside: tuple[str, ...] = ()
    """What was billed besides text tokens (images, searches, a region), as the provider spells it: no price of tokens
    covers it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Durations of the final attempt in seconds on a monotonic clock, measured by the adapter.

    `sent_at` is `time.perf_counter()` at the moment the request was handed to an open connection.
    """

    sent_at: float
    total_s: float
    ttft_s: float | None = None
    """Send to the first token of the answer that a reader sees (blanks and zero-width characters are none), or of a
    call. None where nothing was streamed (likelihood, no answer)."""
    ttfr_s: float | None = None
    """Send to first reasoning token; None where no reasoning was shown."""
    last_s: float | None = None
    """Send to last content token."""
    began_s: float | None = None
    """Send to first content token, seen or not, which `tpot_s` counts from; None where it is `ttft_s`."""


NOT_TIMED = Timing(sent_at=0.0, total_s=0.0)
"""Stands in a response that a function of the person's own returns: evalkit times the call itself."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one part of a pipeline did for one answer."""

    model: str
    """The suite's name for the part."""
    role: Literal["before", "model", "behind"]
    """A guard before or behind, or the model between them."""
    timing: Timing
    usage: Usage | None = None
    served_model: str | None = None
    blocked: bool = False
    """Whether a guard blocked the request, or the answer."""
    said: str | None = None
    """What a guard said; of the model the answer that a guard behind it blocked. None: the row has it as its text."""
    cost_usd: Decimal | None = None
    """What this part was billed. None: not known, or not priced yet."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, whole."""

    text: str
    stop_reason: StopReason = "stop"
    timing: Timing = NOT_TIMED
    reasoning: str | None = None
    """Reasoning that the provider shows apart from the answer; None where it shows none."""
    served_model: str | None = None
    """The model id that the provider says it used."""
    fingerprint: str | None = None
    """system_fingerprint, engine version and the like."""
    usage: Usage | None = None
    raw_usage: Mapping[str, object] | None = None
    """The usage object exactly as it came."""
    refusal: str | None = None
    """The provider's own words or category when stop_reason is refusal or content_filter."""
    calls: tuple[ToolCall, ...] | None = None
    """Calls made through the tool interface, in their order; () when tools were offered and none was called, None when
    none were offered."""
    logliks: tuple[float, ...] | None = None
    """One natural-log likelihood for each continuation asked for; None for text requests."""
    logliks_greedy: tuple[bool, ...] | None = None
    """Whether each continuation is what greedy decoding would have said."""
    loglik_tokens: tuple[int, ...] | None = None
    """Tokens in each continuation, for length normalisation by token."""
    top_logprobs: tuple[Mapping[str, float], ...] | None = None
    """For each output token the alternatives and their log-probabilities, where asked for."""
    dropped: tuple[str, ...] = ()
    """Settings that were asked for and could not be sent to this model; recorded, never silent."""
    carried: str | None = None
    """JSON of what the provider wants back, unread, when the conversation goes on after calls (signed thinking). None:
    nothing."""
    steps: tuple[AgentStep, ...] | None = None
    """What an agent did, up to and including this answer. None: it is the answer to one request."""
    stages: tuple[Stage, ...] | None = None
    """What each part of a pipeline did, in order; None: it is no pipeline's answer."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call of an agent returned."""

    text: str
    """As the model is told."""
    failed: bool = False
    """Whether it is an error: the call changed nothing."""
    total_s: float | None = None
    """Seconds that a live server took. None: the environment is data, and takes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFigures:
    """What one answer took and who gave it: of a whole row, or of one request of an agent."""

    started_at: float
    """Unix time when the final attempt was sent (of the original, for a cached answer)."""
    cached: bool = False
    attempts: int = 1
    queue_s: float | None = None
    """Wait for a free slot before the first attempt."""
    retry_s: float | None = None
    """Time spent in failed attempts, those of earlier sessions too, the waits between them, and for a new connection
    beyond the usual ones; 0.0 when the first attempt succeeded on an open connection."""
    given_up: int | None = None
    """Earlier attempts, also of runs before, that were given up and might have become another answer (limits of evalkit
    or a gateway, a run that ended); None: none, or the request has but one (likelihoods, or an engine in this process
    at temperature 0)."""
    ttft_s: float | None = None
    ttfr_s: float | None = None
    tpot_s: float | None = None
    """(last - first content token) / (output - reasoning - 1); None where any of them is unknown."""
    total_s: float | None = None
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    cache_write_other_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    reasoning_estimated: bool = False
    """Whether `reasoning_tokens` was not reported: the share of the output's characters that are reasoning."""
    cost_usd: Decimal | None = None
    """What the answer was billed, when it was bought; None where the price or the usage is unknown."""
    stop_reason: str | None = None
    served_model: str | None = None
    fingerprint: str | None = None
    service_tier: str | None = None
    billed_beside: str | None = None
    """`Usage.beside`, with commas between; None: nothing."""
    reasoning: str | None = None
    refusal: str | None = None
    raw_usage: Mapping[str, object] | None = None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStep(AnswerFigures):
    """One request of an agent and what came of it. Its figures are of this request alone."""

    text: str
    calls: tuple[ToolCall, ...] = ()
    """The calls that were made, through the tool interface or (with `interface: text`) in the text."""
    results: tuple[ToolResult, ...] = ()
    """What they returned, in their order; () where the sample ended before they were made."""
    carried: str | None = None
    """As in `Response`."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one answer was scored."""

    value: float | None
    """In [0, 1]; None when absent, and then `reason` says why."""
    outcome: Outcome = Outcome.SCORED
    extracted: str | None = None
    """The answer as the scorer read it; None when it found none."""
    reason: str | None = None
    """One line for a person: why this score."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """Further figures of the same answer (loose reading, single instructions); shown, never gated."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that brought no answer: the system's fault, never scored."""

    kind: str
    """`RequestError.kind` of the last attempt."""
    message: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One item of a task, rendered and ready to be asked.

    `digest` is the identity of what is asked (prompt fields, choices), `target_digest` of the right answer.
    Rows pair on (task, digest, occurrence, repeat), never on position or id.
    """

    task: str
    id: str
    digest: str
    target_digest: str
    occurrence: int
    """0 for the first sample with this digest in the task, 1 for the next one alike ..."""
    messages: tuple[Message, ...]
    target: str | None
    """The right answer as text; None where the scorer needs none."""
    choices: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    """Functions to offer through the tool interface; those that stand in the prompt as text are not among them."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """The record as the dataset has it; scorers may read further keys (instructions, schema)."""
    cluster: str | None = None
    """Items with the same cluster move together (a conversation, a passage); None: a cluster of its own."""
    slices: Mapping[str, str] = field(default_factory=dict)
    critical: bool = False
    weight: float | None = None
    """How many requests of the traffic it stands for; None: all samples count alike."""
    stratum: str | None = None
    """The part of the log from which it was drawn; None: there is but one."""
    turn: int = 1
    """Which of the user's turns this asks about. Beyond 1, `messages` has an empty text for each answer to come."""
    world: object | None = None
    """What an agent's calls act on (`evalkit.suite.environments.World`); None: one answer is all."""


@dataclass(frozen=True, slots=True)
class Row(AnswerFigures):
    """One sample × model × repeat, as it is stored. Text columns are kept in a file of their own."""

    task: str
    sample_id: str
    sample_digest: str
    target_digest: str
    occurrence: int
    model: str
    """The name that the suite gives the model."""
    repeat: int
    outcome: Outcome
    score: float | None
    error_kind: str | None = None
    error_status: int | None = None
    spend_usd: Decimal | None = None
    """What this run paid for it: 0 from the cache or from a file of answers, else cost_usd. Of a row that errored: what
    was paid for the answers that came before, of an agent's steps or of the parts of a pipeline."""
    cluster: str | None = None
    critical: bool = False
    weight: float | None = None
    """As in `Sample`."""
    stratum: str | None = None
    """As in `Sample`."""
    slices: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    redacted: str | None = None
    """What was taken out of the row before it was stored, by kind: `2 email, 1 phone`. None: nothing."""
    # Texts, as `reasoning` and `refusal`: kept in a file of their own and loaded on demand.
    prompt: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] | None = None
    """What was offered through the tool interface; None: nothing."""
    text: str | None = None
    calls: tuple[ToolCall, ...] | None = None
    """As in `Response`."""
    extracted: str | None = None
    target: str | None = None
    reason: str | None = None
    error: str | None = None
    logliks: tuple[float, ...] | None = None
    steps: tuple[AgentStep, ...] | None = None
    """What an agent did, request by request; tokens, money and seconds of the row are their sums. None: one request."""
    stages: tuple[Stage, ...] | None = None
    """As in `Response`, priced."""

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """What identifies the row within its run: (model, task, sample_digest, occurrence, repeat)."""
        return (self.model, self.task, self.sample_digest, self.occurrence, self.repeat)

    @property
    def waits(self) -> bool:
        """Whether an answer is here whose judges have not spoken: stored as errored until then, so that nobody counts
        it."""
        return self.outcome is Outcome.ERRORED and self.error_kind is None and self.reason == WAITS
