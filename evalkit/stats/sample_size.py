"""How many items, asked how often, it takes: found by drawing from an earlier run and asking the gate's own test.

    stored = StoredPair(baseline, candidate)                   # float64[I, K] each: K answers to each of I items
    mix = smallest(stored, WantedPower(margin=0.05), repeats=2)   # Mix(items=430, repeats=2, passes=.80, ...)

No formula for power is trusted: the gate's tests of clusters and repeats are more careful than a normal approximation.
Power at n items is Phi(a sqrt(n) + b): a follows from the variance components, b is fitted to the draws
(`resampling`) by maximum likelihood, near the number of items that is looked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from evalkit.stats.comparison import decide
from evalkit.stats.resampling import Population, StoredPair
from evalkit.stats.tango import normal_quantile
from evalkit.stats.verdict import Tail, Verdict

DRAWS = 400
"""Draws behind a mix; twice as many behind one that is offered."""
MOST_DRAWN = 20_000
"""Items of one draw: what takes more is told from the largest that were drawn."""
_ROUNDS = (0.15, 0.25, 0.6)  # shares of the draws at each guess: the next guess rests on all of them
_FAR = 0.1  # a promise this far from what was wanted is none
MOST_ITEMS = 10_000_000
"""No plan beyond this is a plan."""


@dataclass(frozen=True, slots=True)
class WantedPower:
    """What a gate is to show."""

    margin: float
    alpha: float = 0.05
    power: float = 0.8
    """Wanted chance of a pass."""
    difference: float = 0.0
    """Candidate minus baseline that is supposed to be true where it should pass, in score units."""
    tail: Tail = "strict"

    @property
    def at_margin(self) -> bool:
        """Whether the supposed difference lies at the margin or beyond it, where nothing passes."""
        return self.difference + self.margin <= 1e-4


@dataclass(frozen=True, slots=True)
class Mix:
    """Items and repeats, and what they come to."""

    items: int
    repeats: int
    passes: float
    """Promised chance of a pass where the supposed difference is true."""
    passes_low: float
    """The same if items differ as much more as the stored ones leave open (95 %)."""
    passes_high: float
    """The same if they differ as much less."""
    fails: float
    """Chance of a fail where the candidate is worse by twice the margin (by 5 points at a margin of 0)."""
    n_draws: int
    """Draws that `passes` rests on."""


def smallest(
    stored: StoredPair, question: WantedPower, repeats: int, *, seed: int = 0, draws: int = DRAWS
) -> Mix | None:
    """The fewest items that pass with the wanted chance at so many answers an item.

    None: no number would do, or the stored items cannot be weighed so that the supposed difference is true of them
    (none lies on its other side). More repeats than one cannot be planned from one stored answer an item: ValueError.
    """
    if repeats > 1 and stored.stored_repeats < 2:
        raise ValueError("one stored answer an item says nothing of how answers to the same item differ")
    if question.at_margin:
        return None
    distance = question.difference + question.margin
    source = Population.of(stored, repeats, question.difference)
    if source is None:
        return None
    rounds = [max(1, round(part * draws)) for part in _ROUNDS]
    drawn = _Draws(source, question, np.random.default_rng(seed))
    # The sum of the two normal quantiles is where an exact normal test stands; ours ask for some more.
    slope = distance / math.sqrt(source.unit_variance)
    items = _items_for(slope, -normal_quantile(1 - question.alpha) - 0.15, question.power, source.fewest)
    for n in rounds:
        drawn.ask(items, n)
        items = _items_for(slope, drawn.level(slope, items), question.power, source.fewest)
        if items > MOST_ITEMS:
            return None
    passes = _phi(slope * math.sqrt(items) + drawn.level(slope, items))
    if abs(passes - question.power) > _FAR or not drawn.agree(slope, items):
        # Where little varies a guard decides, and power is a step: no smooth curve fits it.
        found = _searched(drawn, rounds[0], items)
        if found is None:
            return None
        drawn.ask(found, rounds[-1])
        items, passes = found, drawn.seen[-1][2] / drawn.seen[-1][1]
    failing = fail_chance(stored, question, items, repeats, draws=max(20, draws // 4), seed=seed)
    low, high = _if_spread_is_other(source, slope * math.sqrt(items), passes)
    return Mix(items, repeats, passes, low, high, failing, drawn.n)


def _if_spread_is_other(source: Population, distance: float, passes: float) -> tuple[float, float]:
    """The chance where the variance lies at either end of its 95 % interval (on the log scale); distance: a sqrt(n)."""
    factor = math.exp(1.96 * source.variance_error / source.unit_variance)
    level = normal_quantile(min(max(passes, 1e-6), 1 - 1e-6)) - distance
    return _phi(distance / math.sqrt(factor) + level), _phi(distance * math.sqrt(factor) + level)


def pass_chance(
    stored: StoredPair, question: WantedPower, items: int, repeats: int, *, draws: int, seed: int = 0
) -> float | None:
    """Share of draws of so many items that pass where the supposed difference is true; None as in `smallest`."""
    source = Population.of(stored, repeats, question.difference)
    return None if source is None else _share(source, question, items, draws, seed, Verdict.PASS)


def fail_chance(
    stored: StoredPair, question: WantedPower, items: int, repeats: int, *, draws: int, seed: int = 0
) -> float:
    """Share of draws that fail where the candidate is worse by twice the margin (at 0: .05). nan: cannot be drawn."""
    source = Population.of(stored, repeats, -2 * question.margin if question.margin else -0.05)
    return math.nan if source is None else _share(source, question, items, draws, seed, Verdict.FAIL)


@dataclass(slots=True)
class _Draws:
    """What was drawn so far: (items, draws, passes)."""

    source: Population
    question: WantedPower
    rng: np.random.Generator
    seen: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return sum(n for _, n, _ in self.seen)

    def ask(self, items: int, n: int) -> None:
        items = min(items, MOST_DRAWN)
        passed = sum(_verdict(self.source, self.question, items, self.rng) is Verdict.PASS for _ in range(n))
        self.seen.append((items, n, passed))

    def agree(self, slope: float, items: int) -> bool:
        """Whether the curve goes through what was drawn last."""
        asked, n, passed = self.seen[-1]
        curve = _phi(slope * math.sqrt(asked) + self.level(slope, items))
        return abs(passed / n - curve) <= 3 * math.sqrt(max(curve * (1 - curve), 0.01) / n)

    def share(self, items: int, n: int) -> float:
        """Share of passes among n draws of so many items."""
        self.ask(items, n)
        return self.seen[-1][2] / n

    def level(self, slope: float, near: int) -> float:
        """b of Phi(slope sqrt(n) + b), the likeliest; draws at numbers far from `near` count less."""
        grid = np.linspace(-8, 3, 441)
        total = np.zeros(grid.size)
        for items, n, passed in self.seen:
            weight = math.exp(-2 * abs(math.log(items / min(near, MOST_DRAWN))))
            chance = np.clip([_phi(slope * math.sqrt(items) + b) for b in grid], 1e-9, 1 - 1e-9)
            total += weight * (passed * np.log(chance) + (n - passed) * np.log1p(-chance))
        return float(grid[int(np.argmax(total))])


def _searched(draws: _Draws, n: int, start: int) -> int | None:
    """The fewest items with the wanted power by halving, within a twentieth; None beyond what is drawn."""
    wanted = draws.question.power
    high = start
    while draws.share(high, n) < wanted:
        if high >= MOST_DRAWN:
            return None
        high = min(2 * high, MOST_DRAWN)
    low = draws.source.fewest - 1
    while high - low > max(1, high // 20):
        middle = (low + high) // 2
        low, high = (low, middle) if draws.share(middle, n) >= wanted else (middle, high)
    return high


def _items_for(slope: float, level: float, power: float, fewest: int) -> int:
    root = (normal_quantile(power) - level) / slope
    return max(fewest, math.ceil(max(root, 0.0) ** 2))


def _share(source: Population, question: WantedPower, items: int, draws: int, seed: int, wanted: Verdict) -> float:
    rng = np.random.default_rng([seed, items])
    return sum(_verdict(source, question, items, rng) is wanted for _ in range(draws)) / draws


def _verdict(source: Population, question: WantedPower, items: int, rng: np.random.Generator) -> Verdict:
    baseline, candidate, item, cluster = source.draw(rng, items)
    return decide(
        baseline,
        candidate,
        question.margin,
        question.alpha,
        cluster if source.clustered else None,
        items=item if source.repeats > 1 else None,
        tail=question.tail,
    )


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))
