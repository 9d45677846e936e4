"""Quality against a cost or a time: the points, their intervals and who is on the front. Board and HTML share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.facts import Figures
from evalkit.results.compare import behind_of
from evalkit.results.entries import LeaderboardLine
from evalkit.results.reader import ResultsReader
from evalkit.results.standings import on_front
from evalkit.text import numbers
from evalkit.text.escape import visible

STATES = {"front": "on the front", "possible": "may be on the front", "beaten": "beaten", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that is better when lower."""

    value: Callable[[Figures], float | None]
    show: Callable[[float | None], str]
    high: Callable[[Figures], float | None] = lambda _: None
    """An upper mark to draw as a span (a p95 beside a median); None: no span."""


AXES: dict[str, Axis] = {
    "USD per 1,000 samples": Axis(lambda c: c.cost.usd_per_1k_samples, numbers.usd),
    "cost per correct answer": Axis(lambda c: c.cost.usd_per_correct, numbers.usd),
    "seconds to the first token, p50 to p95": Axis(
        lambda c: c.latency.ttft_s.p50, numbers.time, lambda c: c.latency.ttft_s.p95
    ),
    "seconds to the whole answer, p50 to p95": Axis(
        lambda c: c.latency.total_s.p50, numbers.time, lambda c: c.latency.total_s.p95
    ),
}


@dataclass(frozen=True, slots=True)
class TradeoffPoint:
    """A model on the chart."""

    line: LeaderboardLine
    x: float | None
    x_high: float | None
    x_shown: str
    quality: float | None
    state: str
    """A key of STATES."""

    @property
    def name(self) -> str:
        """The model's name as it is shown."""
        return visible(self.line.entry.model, limit=60)

    def as_row(self) -> dict[str, object]:
        """Columns for a chart."""
        quality = self.line.cell.quality
        return {
            "model": self.name,
            "x": self.x,
            "x_low": self.x if self.x_high is not None else None,
            "x_high": self.x_high,
            "x_shown": self.x_shown,
            "quality": self.quality,
            "low": quality.low if quality.low is not None else self.quality,
            "high": quality.high if quality.high is not None else self.quality,
            "shown": numbers.quality_with_interval(quality.mean, quality.low, quality.high),
            "state": STATES[self.state],
        }


def best_at_each_price(
    store: ResultsReader, points: Sequence[TradeoffPoint], task: str | None = None
) -> list[TradeoffPoint]:
    """What one should take at each price, the cheapest first: a dearer model on the front only where it is shown to be
    better than the one before. `points`: of every line, in the lines' order. Raises StoreError."""
    is_behind = behind_of(store, [point.line for point in points], task)
    front = [(x, n) for n, point in enumerate(points) if point.state == "front" and (x := point.x) is not None]
    found: list[int] = []
    for _, n in sorted(front):
        if not found or is_behind(found[-1], n):
            found.append(n)
    return [points[n] for n in found]


def points_of(
    store: ResultsReader, lines: Sequence[LeaderboardLine], axis: str, task: str | None = None
) -> list[TradeoffPoint]:
    """A point for each line of the leaderboard over a task (None: over all), in their order. Raises StoreError."""
    reads = AXES[axis]
    plane = [(line.cell.quality.mean, reads.value(line.cell)) for line in lines]
    states = on_front(plane, behind_of(store, lines, task))
    return [
        TradeoffPoint(line, x, reads.high(line.cell), reads.show(x), quality, state)
        for line, (quality, x), state in zip(lines, plane, states, strict=True)
    ]
