"""How many items, asked how often, it takes: found by drawing from an earlier run and asking the gate's own test.

    stored = StoredPair(baseline, candidate)                   # float64[I, K] each: K answers to each of I items
    mix = smallest(stored, WantedPower(margin=0.05), repeats=2)   # Mix(items=430, repeats=2, passes=.80, ...)

No formula for power is trusted: the gate's tests of clusters and repeats are more careful than a normal approximation.
Power at n items is Phi(a sqrt(n) + b): a follows from the variance components, b is fitted to the draws
(`resampling`) by maximum likelihood, near the number of items that is looked for.

`stopping_early`: how many of the items a gate that stops early asks the candidate, with the help of older models and
without.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from evalkit.stats.assisted_looks import Assisted, KnownItems
from evalkit.stats.comparison import decide_roughly
from evalkit.stats.history import predictors
from evalkit.stats.looks import Sequential, sequential
from evalkit.stats.resampling import Population, StoredPair
from evalkit.stats.scores import Floats
from evalkit.stats.tango import normal_quantile
from evalkit.stats.verdict import Tail, Verdict

DRAWS = 400
"""Draws behind a mix that is offered."""
MOST_DRAWN, _MOST_DRAWN_AGAIN = 20_000, 5_000
"""Answers of a model in one draw, and items that are drawn however often each is asked: what takes more is told from
the largest that were drawn. Without a bound the time of a plan would grow with the number of items that it finds."""
WALKS = 120
"""Walks of a gate that stops early: the mean share of the items is known to .02 then."""
_ROUNDS = (0.15, 0.25, 0.6)  # shares of the draws at each guess: the next guess rests on all of them
_ROUNDS_NEAR = (0.5, 0.5)
_MORE_ROUNDS, _NEAR = 4, 0.04  # further ones, until the last guess was that near the number that is told
_LOCAL = 6.0  # how fast draws at other numbers of items lose their say: few items bend the curve
_SHORT = 0.02  # a number of items that was found by halving may pass so much more rarely
_FAR = 0.1  # a promise this far from what was wanted is none
MOST_ITEMS = 10_000_000
"""No plan beyond this is a plan."""


def most_drawn(repeats: int) -> int:
    """Items of one draw at so many answers an item."""
    return max(_MOST_DRAWN_AGAIN, MOST_DRAWN // repeats)


class Trials(Protocol):
    """New runs of which the supposed truth is true, and what the gate's own test says of each."""

    @property
    def fewest(self) -> int:
        """Items below which no test decides."""

    @property
    def slope(self) -> float:
        """a of Phi(a sqrt(n) + b): how many standard deviations of one item the truth lies from the limit."""

    @property
    def slope_error(self) -> float:
        """Standard error of the logarithm of the variance behind `slope`: so few items tell how far items differ."""

    def verdict(self, rng: np.random.Generator, items: int) -> Verdict:
        """Of one new run."""


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

    def seen_to_pass(self, passes: float, n_draws: int) -> Mix:
        """The same with another chance, as other draws saw it; the ends of its range go along on the normal scale."""
        moved = _level(passes) - _level(self.passes)
        low, high = (_phi(_level(end) + moved) for end in (self.passes_low, self.passes_high))
        return replace(self, passes=passes, passes_low=low, passes_high=high, n_draws=n_draws)


def smallest(
    stored: StoredPair, question: WantedPower, repeats: int, *, seed: int = 0, draws: int = DRAWS, start: int = 0
) -> Mix | None:
    """The fewest items that pass with the wanted chance at so many answers an item.

    None: no number would do, or the stored items cannot be weighed so that the supposed difference is true of them
    (none lies on its other side). More repeats than one cannot be planned from one stored answer an item: ValueError.
    """
    if repeats > 1 and stored.stored_repeats < 2:
        raise ValueError("one stored answer an item says nothing of how answers to the same item differ")
    if question.at_margin:
        return None
    trials = ScoreTrials.of(stored, question, repeats, question.difference)
    failing = ScoreTrials.of(stored, question, repeats, -2 * question.margin if question.margin else -0.05)
    return (
        None
        if trials is None
        else fewest_items(trials, failing, question, repeats, seed=seed, draws=draws, start=start)
    )


class PowerQuestion(Protocol):
    """What a gate is to show, and how surely."""

    @property
    def alpha(self) -> float:
        """Accepted chance of a wrong pass."""

    @property
    def power(self) -> float:
        """Wanted chance of a pass."""


def fewest_items(
    trials: Trials,
    failing: Trials | None,
    question: PowerQuestion,
    repeats: int,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    start: int = 0,
) -> Mix | None:
    """The fewest items of which the wanted share of `trials` passes; `failing`: of which the share of fails is told.

    `start`: a number of items near the one that is looked for; 0: none is known. None: more items than are drawn, or
    ever planned.
    """
    slope, power, fewest = trials.slope, question.power, trials.fewest
    rounds = [max(1, round(part * draws)) for part in (_ROUNDS_NEAR if start else _ROUNDS)]
    drawn = _Draws(trials, power, np.random.default_rng(seed), most_drawn(repeats))
    # The sum of the two normal quantiles is where an exact normal test stands; ours ask for some more.
    items = start or _items_for(slope, -normal_quantile(1 - question.alpha) - 0.15, power, fewest)
    for n in rounds:
        drawn.ask(items, n)
        items = _items_for(slope, drawn.level(slope, items), power, fewest)
        if items > MOST_ITEMS:
            return None
    settled = False
    for _ in range(_MORE_ROUNDS):
        settled = abs(drawn.seen[-1][0] - min(items, drawn.most)) <= max(1.0, _NEAR * items)
        if settled:
            break
        drawn.ask(items, rounds[-1])
        items = min(_items_for(slope, drawn.level(slope, items), power, fewest), MOST_ITEMS)
    passes = _phi(slope * math.sqrt(items) + drawn.level(slope, items))
    if not settled or abs(passes - power) > _FAR or not drawn.agree(slope, items):
        # Where little varies a guard decides, and power is a step; where a few items weigh much, it falls before it
        # rises: no smooth curve fits that.
        found = _searched(drawn, rounds[0], items)
        if found is None:
            return None
        items, passes = found, drawn.share(found, rounds[-1])
        for _ in range(_MORE_ROUNDS):
            if passes >= power - _SHORT or items >= drawn.most:
                break
            items = math.ceil(1.06 * items)
            passes = drawn.share(items, rounds[-1])
    fails = math.nan if failing is None else _fails(failing, items, drawn.most, max(20, draws // 4), seed)
    low, high = _if_spread_is_other(trials, items, passes)
    return Mix(items, repeats, passes, low, high, fails, drawn.n)


def _fails(failing: Trials, items: int, most: int, draws: int, seed: int) -> float:
    """Share of new runs that fail; beyond the items that are drawn it is told from the most that are."""
    seen = share_of(failing, min(items, most), draws, seed, Verdict.FAIL)
    if items <= most:
        return seen
    # No draw, or each, says no more than that the chance lies near 0 or 1.
    level = _level(min(max(seen, 0.5 / draws), 1 - 0.5 / draws))
    return _phi(level + failing.slope * (math.sqrt(items) - math.sqrt(most)))


def _if_spread_is_other(trials: Trials, items: int, passes: float) -> tuple[float, float]:
    """The chance where the variance lies at either end of its 95 % interval (on the log scale)."""
    distance = trials.slope * math.sqrt(items)
    factor = math.exp(min(1.96 * trials.slope_error, 50.0))
    level = _level(passes) - distance
    return _phi(distance / math.sqrt(factor) + level), _phi(distance * math.sqrt(factor) + level)


def pass_chance(
    stored: StoredPair, question: WantedPower, items: int, repeats: int, *, draws: int, seed: int = 0
) -> float | None:
    """Share of draws of so many items that pass where the supposed difference is true; None as in `smallest`."""
    trials = ScoreTrials.of(stored, question, repeats, question.difference)
    return None if trials is None else share_of(trials, items, draws, seed, Verdict.PASS)


def fail_chance(
    stored: StoredPair, question: WantedPower, items: int, repeats: int, *, draws: int, seed: int = 0
) -> float:
    """Share of draws that fail where the candidate is worse by twice the margin (at 0: .05). nan: cannot be drawn."""
    trials = ScoreTrials.of(stored, question, repeats, -2 * question.margin if question.margin else -0.05)
    return math.nan if trials is None else share_of(trials, items, draws, seed, Verdict.FAIL)


@dataclass(frozen=True, slots=True)
class ScoreTrials:
    """New runs of scores, and the test of a margin on each."""

    source: Population
    question: WantedPower
    difference: float
    """What is true of them, in score units."""

    @classmethod
    def of(cls, stored: StoredPair, question: WantedPower, repeats: int, difference: float) -> ScoreTrials | None:
        """None where no weights make the difference true."""
        source = Population.of(stored, repeats, difference)
        return None if source is None else cls(source, question, difference)

    @property
    def fewest(self) -> int:
        return self.source.fewest

    @property
    def slope(self) -> float:
        return abs(self.difference + self.question.margin) / math.sqrt(self.source.unit_variance)

    @property
    def slope_error(self) -> float:
        return self.source.variance_error / self.source.unit_variance

    def verdict(self, rng: np.random.Generator, items: int) -> Verdict:
        run, question = self.source.draw(rng, items), self.question
        return decide_roughly(
            run.baseline,
            run.candidate,
            question.margin,
            question.alpha,
            clusters=run.cluster if self.source.clustered else None,
            items=run.item if self.source.repeats > 1 else None,
            tail=question.tail,
            weights=run.weights,
        )


@dataclass(slots=True)
class _Draws:
    """What was drawn so far: (items, draws, passes)."""

    trials: Trials
    power: float
    rng: np.random.Generator
    most: int
    """Items of one draw."""
    seen: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def n(self) -> int:
        return sum(n for _, n, _ in self.seen)

    def ask(self, items: int, n: int) -> None:
        items = min(items, self.most)
        passed = sum(self.trials.verdict(self.rng, items) is Verdict.PASS for _ in range(n))
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
            weight = math.exp(-_LOCAL * abs(math.log(items / min(near, self.most))))
            chance = np.clip([_phi(slope * math.sqrt(items) + b) for b in grid], 1e-9, 1 - 1e-9)
            total += weight * (passed * np.log(chance) + (n - passed) * np.log1p(-chance))
        return float(grid[int(np.argmax(total))])


def _searched(draws: _Draws, n: int, start: int) -> int | None:
    """The fewest items with the wanted power by halving, within a twentieth; None beyond what is drawn."""
    high = start
    while draws.share(high, n) < draws.power:
        if high >= draws.most:
            return None
        high = min(2 * high, draws.most)
    low = draws.trials.fewest - 1
    while high - low > max(1, high // 20):
        middle = (low + high) // 2
        low, high = (low, middle) if draws.share(middle, n) >= draws.power else (middle, high)
    return high


def _items_for(slope: float, level: float, power: float, fewest: int) -> int:
    root = (normal_quantile(power) - level) / slope
    return max(fewest, math.ceil(max(root, 0.0) ** 2))


def share_of(trials: Trials, items: int, draws: int, seed: int, wanted: Verdict) -> float:
    """Share of so many new runs that end so."""
    rng = np.random.default_rng([seed, items])
    return sum(trials.verdict(rng, items) is wanted for _ in range(draws)) / draws


def _level(chance: float) -> float:
    """A chance on the normal scale."""
    return normal_quantile(min(max(chance, 1e-6), 1 - 1e-6))


def _phi(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """What many walks came to."""

    passes: float
    """Share that passes where the supposed difference is true."""
    asked: float
    """Mean share of the suite's items that the candidate is asked."""
    n_draws: int


def stopping_early(
    stored: StoredPair,
    older: Floats | None,
    question: WantedPower,
    items: int,
    *,
    draws: int = WALKS,
    seed: int = 0,
) -> EarlyStop | None:
    """Suites of so many items are drawn from those of an earlier run, each item with the scores of the baseline, the
    candidate and the older models, so that the supposed difference is true. Then the gate's own walk about items like
    these (`save` with history, `curtail` without: what a suite gets that says nothing) goes over each in random order.

    `stored`: one answer an item, no clusters, no weights; `older`: float64[K, I], None: without history.

    None where such a gate does not stop early: graded scores without history, or a difference that no weights make
    true.
    """
    source = Population.of(stored, 1, question.difference)
    both = (stored.baseline, stored.candidate)
    binary = all(bool(np.isin(side, (0.0, 1.0)).all()) for side in both)
    if source is None or (older is None and not binary):
        return None
    rng = np.random.default_rng([seed, items])
    passed, asked = 0, 0.0
    for _ in range(draws):
        chosen, _ = source.groups.draw(rng, items)
        baseline, candidate = (side[chosen, 0] for side in both)
        gate: Assisted | Sequential
        if older is None:
            gate = sequential(len(chosen), question.margin, question.alpha)
        else:
            known = KnownItems(predictors(baseline, older[:, chosen]), baseline)
            gate = Assisted(known, question.margin, question.alpha, "population", "save", question.tail)
        gate.update(baseline, candidate)
        passed += gate.verdict is Verdict.PASS
        asked += (gate.n_used or gate.n) / gate.n_items
    return EarlyStop(passed / draws, asked / draws, draws)
