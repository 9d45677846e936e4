"""A lane: what the items of one endpoint share while a run goes on, and the slots in which they are asked.

Whether asking a model further is pointless is decided here, too (`Lane.failed`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from typing import Any

from evalkit.engine.limiter import Limiter
from evalkit.engine.work import Item
from evalkit.errors import ConnectionFailed, KeyRefused, Overloaded, Rejected, RequestError, ServerError, Stalled
from evalkit.frozen import dataclass
from evalkit.late import late

OUTAGE_AFTER = 25
"""Items of a model failed in a row, none answered between, after which it is given up: a resume costs nothing."""
REFUSED_AFTER = 5
"""The same where each was answered 403 although the model had answered others before."""
CONNECT_S = 0.5
"""Seconds that opening a connection takes at most as a rule: name, TCP and TLS to another continent."""
_NO_WAIT_S = 0.005
"""Seconds that are no wait: a handshake on the same machine."""
_AT_ONCE_S = 0.25
"""Seconds within which a connection that a server closed while it was idle is found closed: nothing was drawn on it."""
_WENT_ON = frozenset({408, 504, 520, 524})
"""Statuses of gateways that waited for an answer in vain, or could not use it: it may have been made, and billed."""
_OF_ANSWER = late(
    r"(?i)invalid content|failed.?generation|(?:fail|error|invalid|malformed|unable)\w*\b"
    r".{0,40}\b(?:tool|function)[ _-]?(?:call|use)"
    r"|generate json|json.?validate|tool.?use.?failed|pars\w+ (?:tool|function|model|output|response)|output.?pars"
)
"""Words by which a server says that it could not use what its model wrote (OpenAI, Groq, Ollama, llama.cpp, vLLM)."""


def _is_of_answer(error: RequestError) -> bool:
    """Whether the error is about an answer that was drawn: the request itself was refused, and another time is not, or
    the server could not use what its model had written."""
    if isinstance(error, Rejected):
        return error.sent and error.status is not None and not error.ends_model
    return isinstance(error, ServerError | Overloaded) and _OF_ANSWER.search(str(error)[:2_000]) is not None


def may_have_cost(error: RequestError, seconds: float) -> bool:
    """Whether an attempt that failed after so many seconds may cost something: it broke off, a gateway waited in vain
    for it, or a server gave it up after it had begun to work on it (500, 502, and 503 where nobody says when to come
    again: so do gateways whose upstream went away)."""
    gave_up = isinstance(error, ServerError) or (isinstance(error, Overloaded) and error.retry_after_s is None)
    worked_on = gave_up and seconds >= _AT_ONCE_S
    return error.may_be_billed or error.status in _WENT_ON or worked_on


@dataclass(slots=True)
class Lane:
    """What the items of one endpoint share while a run goes on."""

    name: str
    limiter: Limiter
    rng: random.Random
    contacted: bool = False
    """Whether the endpoint has answered in this run."""
    answered: set[str] = field(default_factory=set)
    """Names of models that have answered in this run."""
    failures_in_a_row: dict[str, int] = field(default_factory=dict)
    """By model name: items that failed since its last answer."""
    typical_s: dict[str, float] = field(default_factory=dict)
    """By model name: seconds that its answers took of late."""
    stopped: dict[str, tuple[RequestError, Item | None]] = field(default_factory=dict)
    """Model name -> the error after which asking it further is pointless, and the item that met it; None: none did."""
    resumed: bool = False
    """Whether an earlier session of the run has opened its connections already."""
    n_connected: int = 0
    """Connections that were opened in this session."""
    pausing: set[asyncio.Task[Any]] = field(default_factory=set)
    """Items that wait for their next attempt: nothing of theirs is under way."""

    @contextmanager
    def nothing_under_way(self) -> Iterator[None]:
        """The current item only waits: an interrupted run may cancel it at once."""
        task = asyncio.current_task()
        assert task is not None
        self.pausing.add(task)
        try:
            yield
        finally:
            self.pausing.discard(task)

    def succeeded(self, name: str, began_s: float | None) -> None:
        """A model has answered; `began_s`: seconds to its first token, None where they are not known."""
        self.contacted = True
        self.answered.add(name)
        self.failures_in_a_row[name] = 0
        self.limiter.succeeded(began_s)

    def waited_to_connect(self, waits: list[float]) -> float:
        """Seconds of these waits for new connections that an answer's time has to answer for.

        A session that begins a run opens as many connections as it has requests, which a service does once: those
        count for nothing while they are usual. A server that closes each, or lets them wait, is waited for.
        """
        counted = 0.0
        for seconds in waits:
            self.n_connected += 1
            if seconds > CONNECT_S or self.resumed or self.n_connected > self.limiter.peak:
                counted += seconds
        return counted if counted > _NO_WAIT_S else 0.0

    def took(self, name: str, seconds: float) -> None:
        """A model has answered after so many seconds."""
        before = self.typical_s.get(name, seconds)
        self.typical_s[name] = before + (seconds - before) / 8

    def was_on_its_way(self, name: str, error: RequestError, seconds: float) -> bool:
        """Whether an attempt that failed after so many seconds may have been drawing an answer: asking again then gives
        another one. Not so of what was turned away at once, as at a rate limit."""
        drawing = error.begun or isinstance(error, Stalled) or (error.may_be_billed and seconds >= _AT_ONCE_S)
        if drawing or _is_of_answer(error):
            return True
        typical_s = self.typical_s.get(name)
        if typical_s is None or not error.sent or not isinstance(error, ServerError | ConnectionFailed | Overloaded):
            return False
        return seconds >= max(_AT_ONCE_S, typical_s * (3 if isinstance(error, Overloaded) else 1))

    def failed(self, item: Item, error: RequestError) -> None:
        """An item came to nothing: its model is given up where asking it further is pointless."""
        name = item.model.name
        self.failures_in_a_row[name] = self.failures_in_a_row.get(name, 0) + 1
        if self._ends_model(error, name) or self.failures_in_a_row[name] >= OUTAGE_AFTER:
            self.stopped.setdefault(name, (error, item))

    def _ends_model(self, error: RequestError, name: str) -> bool:
        """Whether asking the model further is pointless. One 403 to a key that was good before is about the one
        prompt."""
        if isinstance(error, KeyRefused) and error.status == 403 and name in self.answered:
            return self.failures_in_a_row[name] >= REFUSED_AFTER
        return error.ends_model


@dataclass(slots=True)
class Slot:
    """One slot of a lane's limiter: given back while an item waits for its next attempt."""

    lane: Lane
    held: bool = True

    def give_back(self) -> None:
        """Release the slot if it is held."""
        if self.held:
            self.held = False
            self.lane.limiter.release()

    async def take_again(self, until: float | None) -> bool:
        """Wait for a slot, before everything that has not been sent yet; at most `until` (perf_counter; None: for as
        long as it takes). False where there was none in time."""
        try:
            async with asyncio.timeout(None if until is None else until - time.perf_counter()):
                await self.lane.limiter.acquire(urgent=True)
        except TimeoutError:
            return False
        self.held = True
        return True
