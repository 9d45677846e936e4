"""A part of the items was asked, once: what will the bill for all of them be, with history's help?

    found = test_bill_part(baseline_usd, candidate_usd, older_usd, max_ratio=0.8, cap=0.012)   # NaN: not asked
    found.verdict, found.ratio, found.low, found.high                  # "pass", 0.71, 0.66, 0.77

Long questions get dear answers of every model, so what older models cost on an item says what the candidate will cost.
Of that predicted part of the bill the mean over all items is known, and only the rest is uncertain (`part` does the
same for scores). The bill is that of exactly these items. The asked ones have to be a random sample, drawn after
history was known.

A spread tells nothing of answers that were not seen. For passing, answers at the cap are supposed among the items that
were not asked, for failing, answers that cost nothing: as many as it takes to undo the verdict, and as likely to be
missed as a sample without replacement misses them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.stats import assisted
from evalkit.stats.assisted import FIXED, PLAIN
from evalkit.stats.history import Predictors, predictors
from evalkit.stats.inversion import largest_failing, least_passing
from evalkit.stats.scores import Floats, check_alpha
from evalkit.stats.verdict import Verdict

FEWEST = 50
"""Asked items below which nothing is decided: too few to know how far predictions err."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class BillPart:
    """What a part of the items says of the bill for all of them."""

    verdict: Verdict
    ratio: float
    """Estimated bill of the candidate for all items, over the baseline's."""
    plain: float | None
    """The same of the asked items alone. None: the baseline costs nothing on them."""
    low: float | None
    """One-sided bound at confidence 1 - alpha: above the limit exactly when the verdict is fail. None: unbounded."""
    high: float | None
    """One-sided bound at confidence 1 - alpha: within the limit exactly when the verdict is pass. None: unbounded."""
    p_pass: float
    p_fail: float
    spoke: str
    """`plain` or `fixed predictions`, whichever errs less on the asked items."""
    n: int
    n_items: int
    left: float
    """Share of the variance that predictions left: as many times fewer items say as much."""


def test_bill_part(
    baseline_usd: npt.ArrayLike,
    candidate_usd: npt.ArrayLike,
    older_usd: npt.ArrayLike,
    max_ratio: float,
    alpha: float = 0.05,
    *,
    cap: float | None = None,
) -> BillPart:
    """`baseline_usd`: float[N]; `candidate_usd`: float[N], NaN where it was not asked; `older_usd`: float[K, N].

    `cap`: the most that one answer of the candidate can cost. None: it is not known, and nothing passes.
    Raises ValueError for other shapes, for negative or unknown amounts, for a side or older model that costs nothing at
    all, and where all items or none were asked.
    """
    base, cand, others, asked = _read(baseline_usd, candidate_usd, older_usd)
    alpha = check_alpha(alpha)
    for name, value in (("max_ratio", max_ratio), ("cap", 1.0 if cap is None else cap)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is a positive number, not {value}")
    part = BillTest(base, others, np.flatnonzero(asked)[None], cand[asked][None], cap)
    n, use = part.n, int(part.use[0])

    def p_value(ratio: float, side: int) -> float:
        return float(part.p_value(ratio, side)[0]) if n >= FEWEST else 1.0

    p_pass, p_fail = p_value(max_ratio, 1), p_value(max_ratio, -1)
    ratio, before = float(part.ratio[0]), float(base[asked].mean())
    high = least_passing(lambda x: p_value(x, 1) <= alpha, max(ratio, max_ratio / 4))
    low = largest_failing(lambda x: p_value(x, -1) <= alpha, max(ratio, max_ratio / 4))
    if high is not None:
        high = min(high, max_ratio) if p_pass <= alpha else max(high, max_ratio * (1 + 1e-9))
    if low is not None:
        low = max(low, max_ratio) if p_fail <= alpha else min(low, max_ratio)
    verdict = Verdict.PASS if p_pass <= alpha else Verdict.FAIL if p_fail <= alpha else Verdict.INCONCLUSIVE
    plain = float(cand[asked].mean()) / before if before > 0 else None
    return BillPart(
        verdict, ratio, plain, low, high, p_pass, p_fail, assisted.ESTIMATES[use], n, base.size, float(part.left[0])
    )


class BillTest:
    """The test for R random parts of n items each: amounts are float64[R, n], so that many can be tried at once."""

    def __init__(
        self, base: Floats, older: Floats, places: npt.NDArray[np.int64], spent: Floats, cap: float | None
    ) -> None:
        """`base`: float64[N]; `older`: float64[K, N]; `places`: int64[R, n], the items that were asked; `spent`: what
        the candidate cost there."""
        self.n, self._n_items = places.shape[1], base.size
        self._each = base / base.mean()  # of mean 1, as each older model's
        self._mean, self._spent, self._cap = float(base.mean()), spent, cap
        self._known: Predictors = predictors(self._each, older / older.mean(axis=1, keepdims=True))
        self._before, self._predicted = self._each[places], self._known.predicted[places]
        dear_first, kept = np.cumsum(np.sort(self._each)[::-1]), np.arange(base.size - 1, -1, -1.0)
        self._free = dear_first[:-1] / kept[:-1]
        """float64[N - 1]: the mean excess of the others that 1, 2, ... items undo where they cost nothing at all."""
        own = spent.mean(axis=1) / self._mean
        seen = self._moments(own)
        self.left = seen[FIXED].second / np.maximum(seen[PLAIN].second, _TINY)
        self.use = np.where(self.left < 1, FIXED, PLAIN)
        expected = self._before.mean(axis=1) + np.where(self.use == FIXED, self._predicted.mean(axis=1), 0.0)
        self.ratio = own / np.maximum(expected, _TINY)

    def p_value(self, ratio: float, side: int) -> Floats:
        """float64[R]: against "at least this ratio" (side 1, for passing) or "at most" (-1)."""
        from scipy.special import stdtr

        seen = self._moments(np.full(len(self.use), ratio))
        mean, second, third, worst = (
            np.where(self.use == FIXED, getattr(seen[FIXED], name), getattr(seen[PLAIN], name))
            for name in ("mean", "second", "third", "worst")
        )
        n, share = self.n, self.n / self._n_items
        second, third = second + worst**2 / n, side * third - worst**3 / n
        z = side * mean / np.sqrt(np.maximum(second * n / (n - 1), _TINY) * (1 - share) / n)
        skew = third / np.maximum(second, _TINY) ** 1.5 / np.sqrt(n * (1 - share))
        a = skew * (2 - share) / 6
        tail = stdtr(n - 1, -(z + a * z**2 + a**2 * z**3 / 3 + skew * (1 - 2 * share) / 6))
        return np.asarray(np.maximum(tail, self._guard(mean, ratio, side)))

    def _moments(self, ratio: Floats) -> dict[int, _Moments]:
        """Of what is saved against this ratio of the baseline's bill, in its mean."""
        saved = self._before - self._spent / (ratio[:, None] * self._mean)
        return {PLAIN: _Moments.of(saved), FIXED: _Moments.of(saved + self._predicted)}

    def _guard(self, mean: Floats, ratio: float, side: int) -> Floats:
        """float64[R]: the chance of asking none of so many items that undo this mean."""
        beyond = np.maximum(side * mean, 0)
        if side < 0:
            many = np.where(beyond > 0, np.searchsorted(self._free, beyond) + 1.0, 0.0)
        elif self._cap is None:
            return np.ones(len(mean))
        else:
            dearest = np.maximum(self._cap, self._spent.max(axis=1)) / (ratio * self._mean)
            lost = np.maximum(dearest - float(self._each.min()), 0) + beyond
            many = np.ceil(self._n_items * beyond / np.maximum(lost, _TINY))
        return missed(self._n_items, self.n, many)


@dataclass(frozen=True, slots=True)
class _Moments:
    mean: Floats
    second: Floats
    third: Floats
    worst: Floats
    """The largest distance from the mean: one that was not seen is allowed for."""

    @classmethod
    def of(cls, values: Floats) -> _Moments:
        mean = values.mean(axis=1)
        centred = values - mean[:, None]
        square = centred * centred
        return cls(mean, square.mean(axis=1), (square * centred).mean(axis=1), np.abs(centred).max(axis=1))


def missed(n_items: int, n: int, many: Floats) -> Floats:
    """The chance that n of n_items, drawn without replacement, hold none of `many` items."""
    from scipy.special import gammaln

    rest = np.maximum(n_items - n - many, 0)
    logs = gammaln(n_items - np.minimum(many, n_items) + 1) - gammaln(rest + 1)
    logs = logs + gammaln(n_items - n + 1) - gammaln(n_items + 1)
    return np.asarray(np.where(many <= n_items - n, np.exp(logs), 0.0))


def _read(baseline: object, candidate: object, older: object) -> tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    base, cand = np.asarray(baseline, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
    others = np.asarray(older, dtype=np.float64).reshape(-1, base.size)
    asked = ~np.isnan(cand) if cand.shape == base.shape else np.zeros(0, dtype=bool)
    n = int(asked.sum())
    if base.ndim != 1 or cand.shape != base.shape or not 2 <= n < base.size:
        raise ValueError(f"{n} of {base.size} items were asked: some are needed, and not all, on the same items")
    for name, values in (("baseline", base), ("candidate", cand[asked]), ("older", others)):
        if not (np.isfinite(values) & (values >= 0)).all():
            raise ValueError(f"{name} has a cost that is unknown or negative: an unknown cost is not a cost of zero")
        if not np.atleast_2d(values).any(axis=1).all():
            raise ValueError(f"{name} costs nothing at all: a ratio to it is undefined")
    return base, cand, others, asked
