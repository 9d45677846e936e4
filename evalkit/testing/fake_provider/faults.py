"""Which requests fail or wait: by limits of rate, by keys and models, by lot, and in the queue of a busy server.

reason_to_reject(...) -> Rejection(status=429, message="Rate limit reached", ...)
drawn_fault(behaviour, digest, attempt=1) -> "drop_mid"

    queue.turn(4, arrived)     # when the service of the next request begins, of at most 4 at a time
    queue.leaves(finished)      # when it ends: known beforehand, since the answer's timing is

Times are seconds of one monotonic clock. First come, first served: a server with `slots` machines and a known service
time is the M/D/k queue when requests arrive at random.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from evalkit.testing.fake_provider.answer import Ask, draw
from evalkit.testing.fake_provider.behaviour import Behaviour

MESSAGES = {
    400: "The request is invalid (a fault of the fake provider).",
    401: "Incorrect API key provided.",
    403: "Not allowed (a fault of the fake provider).",
    404: "Not found.",
    413: "Request too large.",
    429: "Rate limit reached. Please try again later.",
    500: "The server had an error while processing your request.",
    503: "The service is unavailable. Please try again later.",
    529: "Overloaded",
}


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer that is an error."""

    status: int
    message: str
    details: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FakeRateLimiter:
    """At most so many admitted requests in any window of one second."""

    admitted: deque[float] = field(default_factory=deque)

    def admits(self, limit_per_s: float, now: float) -> bool:
        """Whether one more may pass now; it is counted if so."""
        while self.admitted and self.admitted[0] <= now - 1.0:
            self.admitted.popleft()
        if len(self.admitted) + 1 > limit_per_s:
            return False
        self.admitted.append(now)
        return True


def reason_to_reject(ask: Ask, key: str, behaviour: Behaviour) -> Rejection | None:
    """What is wrong with a request itself; None: nothing. A message never repeats the key."""
    if behaviour.require_key is not None and key != behaviour.require_key:
        return Rejection(401, MESSAGES[401])
    if behaviour.models and ask.model not in behaviour.models:
        return Rejection(404, f"The model `{ask.model}` does not exist or you do not have access to it.")
    for name, patterns in behaviour.rejects.items():
        if name in ask.params and any(fnmatchcase(ask.model, pattern) for pattern in patterns):
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            if name == "tools" and behaviour.flavour == "vllm":
                message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return Rejection(400, message, {"param": name, "code": "unsupported_parameter"})
    return None


def drawn_fault(behaviour: Behaviour, digest: bytes, attempt: int) -> str | None:
    """The fault of one attempt (from 0) at a request with this digest; None: it goes well."""
    if not behaviour.faults or (behaviour.fault_attempts is not None and attempt >= behaviour.fault_attempts):
        return None
    lot = draw(behaviour.seed, f"fault:{attempt}", digest)
    for kind, rate in behaviour.faults.items():
        if lot < rate:
            return kind
        lot -= rate
    return None


def break_event(event: bytes) -> bytes:
    """The first event of a blob with its JSON cut short; of a binary frame one with a byte that was changed."""
    if event[:1] == b"\0":
        return event[:-9] + bytes([event[-9] ^ 1]) + event[-8:]
    if event[:1] == b"{":
        return event[: len(event) * 2 // 3] + b"\n"
    whole = event.split(b"\n\n", 1)[0]
    return whole[: max(len(whole) * 2 // 3, whole.index(b"data:") + 7)] + b"\n\n"


class FakeQueue:
    """Ends of the services that occupy a slot."""

    def __init__(self) -> None:
        self._ends: list[float] = []

    def turn(self, slots: int, arrived: float) -> float:
        """When the request that arrived now begins to be served; it takes the slot that is free first."""
        while self._ends and self._ends[0] <= arrived:
            heapq.heappop(self._ends)
        begin = arrived
        while len(self._ends) >= slots:
            begin = heapq.heappop(self._ends)
        return begin

    def leaves(self, at: float) -> None:
        """The request whose turn it was is served until then."""
        heapq.heappush(self._ends, at)
