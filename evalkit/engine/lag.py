"""How late this process itself was: the delay between the moment a timer was due and the moment it ran.

A client that is busy books its own queue as the model's latency. The lag is measured all through a run and recorded
with it, so that a reader can tell how far to trust the latencies: each of them may be too high by about this much.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from dataclasses import dataclass

EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Lag:
    """Event-loop lag of a run in seconds; None when the run was too short to measure any."""

    p50_s: float | None
    p99_s: float | None
    max_s: float | None
    n: int


class LagMeter:
    """Measures until `stop` is called. Costs about 50 wake-ups a second; keeps at most 100,000 readings."""

    def __init__(self) -> None:
        self._readings = array("d")
        self._due = 0.0
        self._handle: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin measuring in the running loop."""
        self._next(asyncio.get_running_loop())

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = time.perf_counter() + EVERY_S
        self._handle = loop.call_later(EVERY_S, self._ran, loop)

    def _ran(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._readings) < 100_000:
            self._readings.append(max(0.0, time.perf_counter() - self._due))
        self._next(loop)

    def stop(self) -> Lag:
        """End measuring and give what was found."""
        if self._handle is not None:
            self._handle.cancel()
        ordered = sorted(self._readings)
        if not ordered:
            return Lag(None, None, None, 0)
        last = len(ordered) - 1
        return Lag(ordered[round(last * 0.5)], ordered[round(last * 0.99)], ordered[-1], len(ordered))
