"""An answer as far as it has come: what the dialects share about its text, its calls, its times and its limits.

    reading.take({"type": "response.output_text.delta", "delta": "Par"}, now)  ->  reading.said == "Par", ttft_s = 0.31

Each dialect's subclass says what an event means; `reply_reader` feeds it the bytes of a reply.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace

from evalkit.adapters.chat_usage import believed
from evalkit.adapters.framing import Framing
from evalkit.adapters.moments import Moments
from evalkit.adapters.reply_fields import (
    A_PIECE,
    AN_ALTERNATIVE,
    joined,
    log_probability,
    raw_usage,
    text,
    text_limit,
    too_long,
)
from evalkit.adapters.tool_calls import CallCollector
from evalkit.errors import BadReply
from evalkit.records import Response, StopReason, Timing, Tool, ToolCall, Usage

MAX_ALTERNATIVES = 400_000
"""Log-probabilities kept of one answer: 20,000 tokens with 20 each."""
_MANY_PIECES = 8_192


class ReplyReading(ABC):
    """One answer. Each dialect's subclass says what an event means."""

    framing: Framing = "events"
    """How its events come, where the reply is no server-sent events and no JSON body."""
    marks: frozenset[str] = frozenset({"choices", "candidates", "type"})
    """Keys of the dialect's events, of which each has one at least: what has none may be an error."""
    __slots__ = (
        *("_limit", "_moments", "_n_alternatives", "_size", "done", "calls_seen", "logprobs", "pieces", "thoughts"),
    )

    def __init__(self, tools: tuple[Tool, ...] = ()) -> None:
        self.calls_seen = CallCollector(tools) if tools else None
        """The calls that it makes; None where no functions were offered."""
        self.pieces: list[str] = []
        self.thoughts: list[str] = []
        self.logprobs: list[dict[str, float]] | None = None
        self.done = False
        """Whether nothing of the answer can follow."""
        self._moments = Moments()
        self._limit = text_limit()
        self._size = self._n_alternatives = 0

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether what came is a whole answer, even if the connection breaks now."""

    @abstractmethod
    def take(self, event: dict[str, object], now: float | None) -> None:
        """Adds one event that came at `now` (perf_counter); None where the answer was not streamed.

        Raises a RequestError for what says that the answer failed; KeyError, TypeError, AttributeError or ValueError
        for what is not of the dialect.
        """

    def take_whole(self, body: dict[str, object]) -> None:
        """Takes an answer that came as one JSON body. Raises as `take` does."""
        self.take(body, None)

    def is_answer(self, body: Mapping[str, object]) -> bool:
        """Whether a whole body is plainly an answer, so that no other word in it makes it an error."""
        return False

    def end(self) -> None:  # noqa: B027 - most dialects have an event of their own for it
        """The stream said [DONE]."""

    def reopens(self, event: Mapping[str, object]) -> bool:
        """Whether an event that comes after the end begins a further message, which continues the answer."""
        return False

    def timed_as_kept(self, made: Response) -> Response:
        """With the times of what is kept: a last event may say anything else than was streamed (Responses), long after
        a piece that was sent at once. Then there is no first token that somebody saw of the answer, and where it only
        says more, that came at the end."""
        said, kept, timing = self.said.strip(), made.text.strip(), made.timing
        if said == kept and self.streamed_calls(made):
            return made
        if kept.startswith(said) and self.streamed_calls(made):
            timing = replace(timing, last_s=timing.last_s and timing.total_s)
        else:
            timing = Timing(timing.sent_at, timing.total_s, ttfr_s=timing.ttfr_s)
        return replace(made, timing=timing)

    def streamed_calls(self, made: Response) -> bool:
        """Whether the calls that were streamed are those that are kept, or their beginning."""
        return True

    @abstractmethod
    def response(self, timing: Timing, left_out: tuple[str, ...]) -> Response:
        """The whole answer. Raises as `take` does."""

    def made(
        self,
        stop: StopReason,
        timing: Timing,
        left_out: tuple[str, ...],
        *,
        usage: Usage | None,
        raw: Mapping[str, object] | None,
        model: str | None,
        refusal: str | None = None,
        carried: str | None = None,
    ) -> Response:
        """The whole answer, with what every dialect has alike. A usage that the answer contradicts is unknown."""
        calls = self.calls
        return Response(
            text=self.said,
            stop_reason=stop,
            timing=timing,
            reasoning=self.reasoned,
            served_model=model,
            usage=believed(usage, has_output=bool(self.pieces or self.thoughts or calls)),
            raw_usage=raw_usage(raw),
            refusal=refusal,
            calls=calls,
            top_logprobs=None if self.logprobs is None else tuple(self.logprobs),
            dropped=left_out,
            carried=carried,
        )

    @property
    def held(self) -> int:
        """Bytes of memory that the answer takes as far as it came, about."""
        pieces = A_PIECE * (len(self.pieces) + len(self.thoughts))
        calls = 0 if self.calls_seen is None else self.calls_seen.held
        return self._size + pieces + AN_ALTERNATIVE * self._n_alternatives + calls

    def content(self, piece: object, now: float | None) -> None:
        """A piece of the answer; an empty one is no token. Raises TypeError for what is no text."""
        if piece:
            said = piece if type(piece) is str else text(piece)
            self._moments.text(said, now)
            self._grow(self.pieces, said)
        elif piece is not None and not isinstance(piece, str):
            raise TypeError(f"{type(piece).__name__} where a text belongs")  # a bare 0 is an answer to some servers

    def thought(self, piece: object, now: float | None) -> None:
        """A piece of reasoning."""
        if said := text(piece):
            self._moments.thought(said, now)
            self._grow(self.thoughts, said)

    def thought_later(self, piece: object, now: float | None) -> None:
        """A piece of what is reasoning, and whose text comes whole later."""
        self._moments.thought(text(piece), now)

    def spoke(self, now: float | None) -> None:
        """A token of a call came."""
        self._moments.call(now)

    def alternatives(self, places: Iterable[Iterable[tuple[object, object]]]) -> None:
        """(token, log-probability) pairs for each place of the answer; of two that spell the same (parts of a
        character) the likelier counts."""
        if self.logprobs is None:
            self.logprobs = []
        for place in places:
            found: dict[str, float] = {}
            for token, value in place:
                spelled, number = joined([text(token)]), log_probability(value)
                found[spelled] = max(number, found.get(spelled, number))
            self._n_alternatives += 1 + len(found)
            if self._n_alternatives > MAX_ALTERNATIVES:
                raise BadReply(f"The reply has more than {MAX_ALTERNATIVES:,} log-probabilities; reading stopped.")
            self.logprobs.append(found)

    def restart(self) -> None:
        """The answer begins anew: what came so far belongs to an attempt that was given up at the provider's. Its
        reasoning was shown all the same."""
        self.pieces.clear()
        self.logprobs = None
        self._moments.restart()
        if self.calls_seen is not None:
            self.calls_seen.forget()

    def timing(self, sent_at: float, ended_at: float) -> Timing:
        """What the clock saw; the first token is the first of the answer, not of reasoning inside the text."""
        return self._moments.timing(self.said, sent_at, self._moments.until(ended_at) - sent_at)

    @property
    def said(self) -> str:
        """The text of the answer."""
        return joined(self.pieces)

    @property
    def reasoned(self) -> str | None:
        """The reasoning; None where none was shown."""
        return joined(self.thoughts) or None

    @property
    def calls(self) -> tuple[ToolCall, ...] | None:
        """The calls that it makes, as far as they came; None where no functions were offered."""
        return None if self.calls_seen is None else self.calls_seen.calls()

    def _grow(self, pieces: list[str], said: str) -> None:
        self._size += len(said) if said.isascii() else 3 * len(said)
        if self._size > self._limit:
            raise too_long(self._limit)
        pieces.append(said)
        if len(pieces) > _MANY_PIECES:  # a million tiny texts take more memory than one
            pieces[:] = ["".join(pieces)]
