"""Quality against a cost or a time: the points, their intervals and who is on the front. Board and HTML share it.

And which model of a leaderboard is the best, the best value and the fastest:

    value = best_value(lines)          # the cheapest of those that may be first
    value.lines, value.unknown

Nothing is tested here: who may be first is the leaderboard's own decision (`results.standings`), so no card contradicts
the table below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.facts import Figures, TaskSummary
from evalkit.facts.summary import FigureInterval
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
    span: Callable[[Figures], tuple[float | None, float | None]] = lambda _: (None, None)
    """What is drawn as a span: from the median to p95 of times; the 95 % interval of a cost where samples are weighted.
    None: no span."""


def _ends(cell: Figures, name: str) -> tuple[float | None, float | None]:
    """The 95 % interval of a figure of the traffic; None where samples are not weighted, or it has none."""
    traffic = cell.traffic if isinstance(cell, TaskSummary) else None
    found: FigureInterval | None = None if traffic is None else getattr(traffic, name)
    return (None, None) if found is None or found.low is None or found.high is None else (found.low, found.high)


AXES: dict[str, Axis] = {
    "USD per 1,000 samples": Axis(
        lambda c: c.cost.usd_per_1k_samples, numbers.usd, lambda c: _ends(c, "usd_per_1k_requests")
    ),
    "cost per correct answer": Axis(
        lambda c: c.cost.usd_per_correct, numbers.usd, lambda c: _ends(c, "usd_per_correct")
    ),
    "seconds to the first token, p50 to p95": Axis(
        lambda c: c.latency.ttft_s.p50, numbers.time, lambda c: (c.latency.ttft_s.p50, c.latency.ttft_s.p95)
    ),
    "seconds to the whole answer, p50 to p95": Axis(
        lambda c: c.latency.total_s.p50, numbers.time, lambda c: (c.latency.total_s.p50, c.latency.total_s.p95)
    ),
}


@dataclass(frozen=True, slots=True)
class TradeoffPoint:
    """A model on the chart."""

    line: LeaderboardLine
    x: float | None
    x_low: float | None
    x_high: float | None
    """Both ends of its span; None: it has none."""
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
            "x_low": self.x_low if self.x_high is not None else None,
            "x_high": self.x_high,
            "x_shown": self.x_shown,
            "quality": self.quality,
            "low": quality.low if quality.low is not None else self.quality,
            "high": quality.high if quality.high is not None else self.quality,
            "shown": numbers.quality_with_interval(quality.mean, quality.low, quality.high),
            "state": STATES[self.state],
        }


def _shown(reads: Axis, cell: Figures, axis: str) -> str:
    """The figure across, with its interval where it has one (a span of times is none)."""
    low, high = reads.span(cell)
    said = reads.show(reads.value(cell))
    is_interval = not axis.startswith("seconds") and low is not None and high is not None
    return f"{said} [{reads.show(low)}, {reads.show(high)}]" if is_interval else said


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
        TradeoffPoint(line, x, *reads.span(line.cell), _shown(reads, line.cell, axis), quality, state)
        for line, (quality, x), state in zip(lines, plane, states, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Pick:
    """The models with the lowest figure of some; several where they have the same."""

    lines: tuple[LeaderboardLine, ...]
    """Empty: no figure is known, or an unknown one may be lower."""
    unknown: tuple[LeaderboardLine, ...]
    """Those whose figure is not known."""
    n_known: int = 0
    """How many have a figure."""


def first_of(lines: Sequence[LeaderboardLine]) -> list[LeaderboardLine]:
    """The leader, then those that are too close to call."""
    ranked = [(line.standing.state, line) for line in lines if line.standing is not None]
    return [line for wanted in ("leads", "close") for state, line in ranked if state == wanted]


def best_value(lines: Sequence[LeaderboardLine]) -> Pick:
    """The cheapest of those that may be first. No model where the price of one is unknown: it may be lower."""
    found = _lowest(first_of(lines), lambda cell: cell.cost.usd_per_1k_samples)
    return Pick((), found.unknown) if found.unknown else found


def fastest(lines: Sequence[LeaderboardLine]) -> Pick:
    """The one with the lowest median time of a whole answer, of those with a standing and a measured time."""
    return _lowest([line for line in lines if line.standing is not None], lambda cell: cell.latency.total_s.p50)


def _lowest(lines: Sequence[LeaderboardLine], read: Callable[[Figures], float | None]) -> Pick:
    known = [(value, line) for line in lines if (value := read(line.cell)) is not None]
    least = min((value for value, _ in known), default=None)
    return Pick(
        tuple(line for value, line in known if value == least),
        tuple(line for line in lines if read(line.cell) is None),
        len(known),
    )
