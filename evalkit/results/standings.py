"""Who stands where, without false ranks: a place is a range, as wide as the evidence leaves it.

    places([True] * 3, pair)    # [Place(1, 2), Place(1, 2), Place(3, 3)]: the first two cannot be told apart

Every pair of models is tested on the samples that both answered (the gate's own paired tests, margin 0), at a level
shared out over all pairs (Bonferroni): with 95 % confidence every range holds at once. The best place of a model is one
more than the number shown to be better, the worst the number of models less those shown to be worse (Mogstad, Romano,
Shaikh, Wilhelm: Inference for Ranks, 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from evalkit.results.samples import Pair

ALPHA = 0.05
"""Chance that any of the ranges misses, over all pairs together."""
MOST_PLACED = 150
"""Models whose pairs are tested, 11,175 at most: a few seconds. A folder of a thousand would take hours."""


@dataclass(frozen=True, slots=True)
class Place:
    """A range of places, 1 the best."""

    best: int
    worst: int
    tied: frozenset[int] = frozenset()
    """The sides (by their index) that could not be told apart from this one."""

    def __str__(self) -> str:
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


def places(known: Sequence[bool], pair: Callable[[int, int], Pair]) -> list[Place | None]:
    """A place for each side that has any score; None for the others, and for all where more than MOST_PLACED have one.
    `pair` gives the pair of two sides."""
    from evalkit.stats import Verdict

    sides = [i for i, has_scores in enumerate(known) if has_scores]
    if len(sides) > MOST_PLACED:
        return [None] * len(known)
    pairs = [(i, j) for n, i in enumerate(sides) for j in sides[n + 1 :]]
    better: dict[int, int] = dict.fromkeys(sides, 0)
    worse: dict[int, int] = dict.fromkeys(sides, 0)
    tied: dict[int, set[int]] = {i: set() for i in sides}
    for i, j in pairs:
        met = pair(i, j)
        # Without a sample in common nothing can be shown.
        verdict = met.verdict(ALPHA / 2 / len(pairs)) if met.n else Verdict.INCONCLUSIVE
        if verdict is Verdict.PASS:  # shown: j is better than i
            better[i] += 1
            worse[j] += 1
        elif verdict is Verdict.FAIL:
            better[j] += 1
            worse[i] += 1
        else:
            tied[i].add(j)
            tied[j].add(i)
    return [
        Place(1 + better[i], len(sides) - worse[i], frozenset(tied[i])) if i in better else None
        for i in range(len(known))
    ]


def on_front(points: Sequence[tuple[float | None, float | None]], ties: Sequence[Set[int]]) -> list[str]:
    """Where each (quality, cost or time) stands: `front`, `possible`, `beaten` or `unknown`.

    `front`: no other is at least as good for less. `possible`: others are, but each of them is tied with it in quality
    (`ties` holds the models that cannot be told apart from each), so the data do not rule it out. `beaten`: a cheaper
    one is shown to be better. `unknown`: a figure is missing, and unknown is never cheap.
    """
    states = []
    for i, (quality, price) in enumerate(points):
        if quality is None or price is None:
            states.append("unknown")
            continue
        rivals = [
            j
            for j, (q, p) in enumerate(points)
            if j != i and q is not None and p is not None and q >= quality and p <= price and (q > quality or p < price)
        ]
        if not rivals:
            states.append("front")
        else:
            states.append("possible" if all(j in ties[i] for j in rivals) else "beaten")
    return states
