"""Who leads, whom the data cannot tell from the leader, and who is behind.

    standings([0.9, 0.89, 0.3, None], p_worse, covariance)    # [leads, close, behind, None]

The leader is the model that measured best. Every other one is compared with it on the samples that both answered, by
the gate's own paired test at margin 0; `stats.best` says who is shown to be behind, with at most a 5 % chance that this
is said of any of the best. One decision for every page: leaderboard, Versus, reports, the terminal and Python ask here
or through `entries.standing`.

By the same decision, which model is the best, the best value and the fastest:

    value = best_value(lines)          # the cheapest of those that may be first
    value.lines, value.unknown
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evalkit.facts import Figures
from evalkit.results.entries import LeaderboardLine

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


State = Literal["leads", "close", "behind"]
_RIVALS = 50
"""Best ones with which a model is compared for the front: a folder of a thousand models must not take hours."""
WORDS: dict[State, str] = {"leads": "leads", "close": "too close to call", "behind": "behind"}


@dataclass(frozen=True, slots=True)
class ModelStanding:
    """Where a model stands towards the leader."""

    state: State
    p: float | None = None
    """One-sided p-value of its being as good as the leader, by itself; None for the leader."""

    def __str__(self) -> str:
        return WORDS[self.state]


def standings(
    means: Sequence[float | None],
    p_worse: Callable[[int, int], float],
    covariance: Callable[[int, Sequence[int]], npt.NDArray[np.float64]] | None = None,
) -> list[ModelStanding | None]:
    """The standing of each model; None where it has no score.

    `p_worse(i, j)` is the one-sided p-value of j's being as good as i. `covariance(i, others)` is that of the means of
    i and the others; None: unknown. Of equal means the first leads.
    """
    from evalkit.stats import best

    known = [(mean, -i) for i, mean in enumerate(means) if mean is not None]
    if not known:
        return [None] * len(means)
    leader = -max(known)[1]
    others = [-i for _, i in known if -i != leader]
    p_values = [p_worse(leader, i) for i in others]

    def moving(left: list[int]) -> npt.NDArray[np.float64]:
        assert covariance is not None
        return covariance(leader, [others[i] for i in left])

    found: list[ModelStanding | None] = [None] * len(means)
    found[leader] = ModelStanding("leads")
    behind = best.behind(p_values, moving if covariance is not None else None)
    for i, p, is_behind in zip(others, p_values, behind, strict=True):
        found[i] = ModelStanding("behind" if is_behind else "close", p)
    return found


def on_front(points: Sequence[tuple[float | None, float | None]], is_behind: Callable[[int, int], bool]) -> list[str]:
    """Where each (quality, cost or time) stands: `front`, `possible`, `beaten` or `unknown`.

    `front`: no other is at least as good for less. `possible`: others are, but none of them is shown to be better in
    quality (`is_behind(i, j)`: i is shown to be worse than j), so the data do not rule it out. `beaten`: a cheaper one
    is shown to be better. `unknown`: a figure is missing, and unknown is never cheap.
    """
    states = []
    for i, (quality, price) in enumerate(points):
        if quality is None or price is None:
            states.append("unknown")
            continue
        rivals = [
            (q, j)
            for j, (q, p) in enumerate(points)
            if j != i and q is not None and p is not None and q >= quality and p <= price and (q > quality or p < price)
        ]
        if not rivals:
            states.append("front")
        else:
            shown = any(is_behind(i, j) for _, j in sorted(rivals, reverse=True)[:_RIVALS])
            states.append("beaten" if shown else "possible")
    return states


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
