"""How much evidence is enough: what a gate can see at n items, and how many more it would take.

    Needs(sd=0.4).total(0.0, margin=0.02, alpha=0.05)                     # 2473 items, if both are truly equal
    smallest_regression(500, margin=0.02, alpha=0.05, discordance=0.15)   # 0.063: the drop that fails in 4 runs of 5

Counts come from the normal formula N = ((z_alpha + z_power) sd / distance)^2 and are meant to be read as "about";
power of the exact test is summed from its law.
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.frozen import dataclass
from evalkit.stats import exact
from evalkit.stats.scores import check_alpha, check_margin
from evalkit.stats.tango import normal_quantile

POWER = 0.8
"""The usual "good chance": four times in five."""

_RESOLVABLE = 1e-4  # a distance to the margin below a hundredth of a point: no number of items would do
_ABOUT, _ROUGHLY = 1.1, 1.25
"""So many times the items that are there are still about as many: by the formula, and by a p-value."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a kind of data asks of the number of items."""

    sd: float
    """Standard deviation of the paired differences, times the root of the design effect."""
    guard: bool = False
    """Whether the test also counts what was not seen (graded scores, `tail="strict"`)."""
    items_a_unit: float = 1.0
    """Items that tell as much about the unseen as one independent one: n / K_eff."""
    fewest: float = 1.0
    """Items below which nothing is decided at all."""

    def total(self, delta: float, margin: float, alpha: float) -> int | None:
        """Items in all for a verdict with 80 % power if the true difference is `delta`; None when no number would do.

        Never fewer than it takes to rule out an event that was not seen (299, 149, 59 at margins of 1, 2, 5 points)
        where nothing varied or the guard decides.
        """
        check_margin(margin)
        distance = delta + margin
        if abs(distance) < _RESOLVABLE:
            return None
        needed = ((normal_quantile(1 - check_alpha(alpha)) + normal_quantile(POWER)) * self.sd / distance) ** 2
        if self.guard or self.sd == 0:
            # For failing the picture is mirrored: the unseen event then speaks for the candidate.
            share = distance / (1 + delta) if distance > 0 else -distance / (1 - delta)
            needed = max(needed, math.log(alpha) / math.log1p(-share) * self.items_a_unit if share < 1 else 1.0)
        return math.ceil(max(needed, self.fewest) - 1e-9)

    def beyond(self, n: int, delta: float, margin: float, alpha: float) -> int | None:
        """About how many more items than n; at least one, because the question is asked when n did not decide."""
        total = self.total(delta, margin, alpha)
        return None if total is None else max(1, total - n)


@dataclass(frozen=True, slots=True)
class UndecidedItems:
    """What undecided items showed."""

    n: int
    delta: float
    low_mean: float
    """The difference with errored pairs lost."""
    p_pass: float
    """At most about 0.25: beyond, tests say no more than that."""


def more_if_equal(needs: Needs, seen: UndecidedItems, margin: float, alpha: float) -> int | None:
    """How many more items would pass, were both equally good; 0: here are about as many as equal models need, so that
    the difference decides and not their number; None: no number would do."""
    low = seen.low_mean - seen.delta
    total = needs.total(low, margin, alpha) if low > -margin else None
    sharp = needs.guard or needs.sd == 0 or needs.fewest > seen.n
    if total is None or total > seen.n * (1 if sharp else _ABOUT):
        return None if total is None else total - seen.n
    if seen.low_mean <= -margin:
        return 0
    # Few clusters ask for more than the normal formula says: where would this p-value lie, had the two been equal?
    z = normal_quantile(1 - seen.p_pass) * (low + margin) / (seen.low_mean + margin)
    tested = seen.n * ((normal_quantile(1 - alpha) + normal_quantile(POWER)) / z) ** 2
    return 0 if tested <= _ROUGHLY * seen.n else math.ceil(tested - seen.n)


@dataclass(frozen=True, slots=True)
class Power:
    """Chances of a verdict."""

    passing: float
    failing: float


def power_of(n: int, delta: float, margin: float, alpha: float, discordance: float) -> Power:
    """Chances of pass and fail on n right/wrong pairs if `delta` and the share of discordant pairs were true.

    Summed from the law up to `exact.LIMIT` items (within a point), the normal formula beyond. Raises ValueError unless
    |delta| <= discordance <= 1.
    """
    check_margin(margin)
    check_alpha(alpha)
    if n < 1:
        raise ValueError(f"power needs at least one item, not {n}")
    if not abs(delta) <= discordance <= 1:
        raise ValueError(
            f"a difference of {delta:g} needs at least that share of discordant pairs, not {discordance:g}"
        )
    return Power(_chance(n, delta, -margin, alpha, discordance), _chance(n, -delta, margin, alpha, discordance))


def smallest_regression(n: int, margin: float, alpha: float, discordance: float, chance: float = POWER) -> float | None:
    """The smallest drop in score that n right/wrong pairs fail with `chance`, in score units; None when none is.

    `discordance` is the expected share of items on which the models differ when they are equally good; a drop beyond
    it brings its own.
    """

    def failing(drop: float) -> float:
        return power_of(n, -drop, margin, alpha, min(1.0, max(discordance, drop))).failing

    low, high = margin, 1.0
    if failing(high) < chance:
        return None
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if failing(middle) >= chance else (middle, high)
    return high


def floor_sight(n: int, floor: float, alpha: float, chance: float = POWER) -> tuple[float | None, float | None]:
    """What the exact test of a least score sees on n right/wrong answers: the least true score that passes with
    `chance`, and the largest that fails with it. None where none does: too few answers, or a floor of 0 or 1.

    Raises ValueError for n below 1 and a floor outside 0 to 1.
    """
    from scipy.special import betainc, betaincinv

    check_alpha(alpha)
    if n < 1 or not 0 <= floor <= 1:
        raise ValueError(f"a floor from 0 to 1 and at least one answer are needed, not {floor} and {n}")
    right = np.arange(1, n + 1, dtype=np.float64)
    at_least = betainc(right, n - right + 1, floor)  # P(at least so many right) at the floor, falling
    passing = np.flatnonzero(at_least <= alpha) + 1
    failing = np.flatnonzero(1 - at_least <= alpha)  # at most one less than `right`
    passes = float(betaincinv(passing[0], n - passing[0] + 1, chance)) if passing.size else None
    fails = float(betaincinv(failing[-1] + 1, n - failing[-1], 1 - chance)) if failing.size else None
    return passes, fails


def _chance(n: int, delta: float, supposed: float, alpha: float, discordance: float) -> float:
    """Chance that "at most `supposed`" is rejected when the truth is `delta`."""
    if n > exact.LIMIT:
        sd = math.sqrt(max(discordance - delta * delta, 1e-12))
        z = (delta - supposed) * math.sqrt(n) / sd - normal_quantile(1 - alpha)
        return 1 - 0.5 * math.erfc(z / math.sqrt(2))
    # The exact test asks for slightly more or less at each number of discordant pairs; the expected one stands for all.
    edge = exact.rejected(n, supposed, alpha, round(n * discordance))
    return 0.0 if edge is None else float(exact.rejection(edge, n, np.array([discordance]), delta)[0])
