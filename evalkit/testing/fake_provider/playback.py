"""An answer as a list of writes in time, and the player that sends them.

    [Step(at=12.20, data=b"HTTP/1.1 200 ...first token", marks=CONTENT), Step(at=12.20, data=b"...the rest", marks=0)]

With no interval between tokens the first content event is a write of its own and the rest is one more: few
system calls, and the first token still arrives at its time.
"""

import asyncio
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, NamedTuple

from evalkit.testing.fake_provider.account import Account
from evalkit.testing.fake_provider.answer import FakeAnswer, draw
from evalkit.testing.fake_provider.behaviour import Behaviour
from evalkit.testing.fake_provider.faults import break_event
from evalkit.testing.fake_provider.protocol import Connection, response_head
from evalkit.testing.fake_provider.wire import Stream

REASONING = 1
CONTENT = 2
_LAST_CHUNK = b"0\r\n\r\n"
_EARLY_S = 1e-6
_NORMAL = NormalDist()

Ending = Literal["keep", "close", "stall"]
_CUT_AFTER_FIRST: dict[str, Ending] = {
    "drop_mid": "close",
    "stall_mid": "stall",
    "end_mid": "keep",
    "error_mid": "keep",
}


class PlaybackStep(NamedTuple):
    """One write."""

    at: float
    """Seconds of the monotonic clock."""
    data: bytes
    marks: int = 0
    """REASONING and CONTENT where the first of its kind is in it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When an answer is due."""

    arrived: float
    first: float
    """When its first token of any kind is due, seconds of the monotonic clock."""
    behaviour: Behaviour

    @property
    def opening(self) -> float:
        """When the headers are due."""
        return self.arrived if self.behaviour.early_head else self.first

    def content(self, n: int, *, reasoned: bool) -> float:
        """When chunk n of the content is due; `reasoned`: reasoning came before it."""
        start = self.first + self.behaviour.reasoning_s if reasoned else self.first
        return start + n * self.behaviour.token_interval_s


def latency_s(behaviour: Behaviour, body: bytes) -> float:
    """Seconds from a request with this body to its first token."""
    if not behaviour.latency_sigma:
        return behaviour.latency_s
    lot = draw(behaviour.seed, "latency", body) or 0.5
    return behaviour.latency_s * math.exp(behaviour.latency_sigma * _NORMAL.inv_cdf(lot))


def stream_steps(
    stream: Stream, clock: Clock, *, serial: int, fault: str | None, error: bytes
) -> tuple[list[PlaybackStep], Ending]:
    """The writes of a stream, and how the connection ends.

    `error` is the dialect's error event, for the fault "error_mid".
    """
    content, closing = stream.content, stream.closing
    ending: Ending = "keep"
    if fault in _CUT_AFTER_FIRST:
        content, closing = content[:1], [error]
        ending = _CUT_AFTER_FIRST[fault]
    elif fault == "malformed" and len(content) > 1:
        content = [content[0], break_event(content[1]), *content[2:]]
    elif fault == "malformed":
        closing = [break_event(closing[0]), *closing[1:]]
    reasoned = bool(stream.reasoning)
    parts = [PlaybackStep(clock.opening, b"".join(stream.opening))]
    if reasoned:
        parts.append(PlaybackStep(clock.first, b"".join(stream.reasoning), REASONING))
    parts += [
        PlaybackStep(clock.content(n, reasoned=reasoned), event, 0 if n else CONTENT) for n, event in enumerate(content)
    ]
    end = clock.content(max(0, len(content) - 1), reasoned=reasoned)
    parts.append(PlaybackStep(end, b"".join(closing)))
    steps = [_framed(step) for step in _joined(parts)]
    steps[0] = steps[0]._replace(data=response_head(200, serial, length=None) + steps[0].data)
    if ending == "keep":
        steps[-1] = steps[-1]._replace(data=steps[-1].data + _LAST_CHUNK)
    return steps, ending


def body_steps(
    body: bytes, answer: FakeAnswer, clock: Clock, *, serial: int, fault: str | None
) -> tuple[list[PlaybackStep], Ending]:
    """The writes of an answer that does not stream: it comes when a stream would have ended."""
    due = clock.content(max(0, len(answer.pieces) - 1), reasoned=bool(answer.reasoning))
    if fault == "malformed":
        body = body[: len(body) * 2 // 3]
    head = response_head(200, serial, length=len(body))
    ending: Ending = "keep"
    if fault in ("drop_mid", "stall_mid"):
        body = body[: len(body) // 2]
        ending = _CUT_AFTER_FIRST[fault]
    if clock.behaviour.early_head:
        return [PlaybackStep(clock.arrived, head), PlaybackStep(due, body, CONTENT)], ending
    return [PlaybackStep(due, head + body, CONTENT)], ending


def _joined(parts: list[PlaybackStep]) -> list[PlaybackStep]:
    """Parts due at the same time as one write, except that nothing joins the first content."""
    steps: list[PlaybackStep] = []
    for part in parts:
        if steps and steps[-1].at == part.at and not steps[-1].marks & CONTENT:
            last = steps[-1]
            steps[-1] = PlaybackStep(last.at, last.data + part.data, last.marks | part.marks)
        elif part.data or not steps:
            steps.append(part)
    return steps


def _framed(step: PlaybackStep) -> PlaybackStep:
    if not step.data:
        return step
    return step._replace(data=f"{len(step.data):x}\r\n".encode() + step.data + b"\r\n")


class Player:
    """Sends the steps at their times and tells the account."""

    __slots__ = (
        "_account",
        "_connection",
        "_ending",
        "_generation",
        "_loop",
        "_n",
        "_status",
        "_steps",
        "_timer",
        "_written",
    )

    def __init__(
        self,
        connection: Connection,
        account: Account,
        n: int,
        steps: list[PlaybackStep],
        *,
        status: int = 200,
        ending: Ending = "keep",
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._connection = connection
        self._account = account
        self._generation = account.generation
        self._n = n
        self._steps = steps
        self._status = status
        self._ending = ending
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._written = 0
        connection.exchange = self
        self.play()

    def play(self) -> None:
        """Write what is due; come back for the rest."""
        steps = self._steps
        while self._written < len(steps):
            step = steps[self._written]
            now = self._loop.time()
            if step.at > now + _EARLY_S:
                self._timer = self._loop.call_at(step.at, self.play)
                return
            self._connection.write(step.data)
            self._written += 1
            if step.marks and self._known:
                if step.marks & REASONING:
                    self._account.reasoned(self._n, now)
                if step.marks & CONTENT:
                    self._account.spoke(self._n, now)
        self._timer = None
        if self._ending == "stall":
            return
        self._finish()
        if self._ending == "close":
            self._connection.close()
        else:
            self._connection.done()

    def client_left(self) -> None:
        """Stop playing: nobody listens."""
        if self._timer is not None:
            self._timer.cancel()
        self._finish(cut=True)

    @property
    def _known(self) -> bool:
        """False once the account was cleared: this request's number is another's now."""
        return self._generation == self._account.generation

    def _finish(self, *, cut: bool = False) -> None:
        if self._known:
            self._account.finish(self._n, self._loop.time(), self._status if self._written else 0, cut=cut)
