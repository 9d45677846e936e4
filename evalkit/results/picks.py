"""Which model of a leaderboard is the best, the best value and the fastest.

    value = best_value(lines)          # the cheapest of those that may be first
    value.lines, value.unknown

Nothing is tested here: who may be first is the leaderboard's own decision (`results.standings`), so no card contradicts
the table below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.facts import Figures
from evalkit.results.entries import LeaderboardLine


@dataclass(frozen=True, slots=True)
class Pick:
    """The models with the lowest figure of some; several where they have the same."""

    lines: tuple[LeaderboardLine, ...]
    """Empty: no figure is known, or an unknown one may be lower."""
    unknown: tuple[LeaderboardLine, ...]
    """Those whose figure is not known."""


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
    )
