"""Who leads, whom the data cannot tell from the leader, and who is behind.

    standings([0.9, 0.89, 0.3, None], p_worse, covariance)    # [leads, close, behind, None]

The leader is the model that measured best. Every other one is compared with it on the samples that both answered, by
the gate's own paired test at margin 0; `stats.best` says who is shown to be behind, with at most a 5 % chance that this
is said of any of the best. One decision for every page: leaderboard, Versus, reports, the terminal and Python ask here
or through `entries.standing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from evalkit.frozen import dataclass

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
    lacks: float | None = None
    """How much less it scored than the leader, on what both have a score for; None for the leader, and where they share
    nothing. Not the difference of their means, which are over all that each has a score for."""

    def __str__(self) -> str:
        return WORDS[self.state]


def standings(
    means: Sequence[float | None],
    p_worse: Callable[[int, int], float],
    covariance: Callable[[int, Sequence[int]], npt.NDArray[np.float64]] | None = None,
    lacks: Callable[[int, int], float | None] = lambda i, j: None,
) -> list[ModelStanding | None]:
    """The standing of each model; None where it has no score.

    `p_worse(i, j)` is the one-sided p-value of j's being as good as i. `covariance(i, others)` is that of the means of
    i and the others; None: unknown. `lacks(i, j)`: how much less j scored than i. Of equal means the first leads.
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
        found[i] = ModelStanding("behind" if is_behind else "close", p, lacks(leader, i))
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
