"""A part of the items was asked, once: what does it say of all of them, and of items like these, with history's help?

    found = test_part(baseline, candidate, older, margin=0.02)     # candidate: NaN where it was not asked
    found.verdict, found.estimate, found.interval                  # "pass", -0.004, Interval(-0.017, 0.009)

The difference estimator of survey sampling (Särndal et al. 1992), which is the control variate of simulation: predicted
differences, whose mean over all items is known, are taken off before averaging. The asked items have to be a random
sample of all, drawn after history was known; which of them were asked must not depend on any answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.stats import assisted
from evalkit.stats import assisted_population as sample
from evalkit.stats.history import predictors
from evalkit.stats.intervals import Interval, t_tail
from evalkit.stats.inversion import lower_bound
from evalkit.stats.scores import check_alpha, check_margin, check_words
from evalkit.stats.tango import normal_tail
from evalkit.stats.verdict import Scope, Verdict

UNSEEN = 1.5
"""So many worst residuals that were not seen are allowed for: the estimate is chosen on the same items."""
FEWEST = 50
"""Asked items below which nothing is decided: too few to know how far predictions err."""


@dataclass(frozen=True, slots=True)
class PartDecision:
    """What a part of the items says."""

    verdict: Verdict
    estimate: float
    """Of the mean difference over all items."""
    plain: float
    """Mean difference of the asked items."""
    interval: Interval | None
    """Differences that are not rejected, at confidence 1 - 2 alpha. None: too few items were asked."""
    spoke: str
    """Which estimate: `fixed predictions` or `fitted predictions`, whichever errs less on the asked items."""
    n: int
    n_items: int
    ratio: float
    """Share of the difference's variance that predictions left: as many times fewer items say as much."""


def test_part(
    baseline: npt.ArrayLike,
    candidate: npt.ArrayLike,
    older: npt.ArrayLike,
    margin: float,
    alpha: float = 0.05,
    *,
    scope: Scope = "suite",
) -> PartDecision:
    """`baseline`: float[N]; `candidate`: float[N], NaN where it was not asked; `older`: float[K, N]; scores in [0, 1].

    Raises ValueError for other shapes, for scores outside [0, 1], and where all items or none were asked.
    """
    base, cand = np.asarray(baseline, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
    others = np.asarray(older, dtype=np.float64).reshape(-1, base.size)
    margin, alpha = check_margin(margin), check_alpha(alpha)
    check_words(scope=scope)
    asked = ~np.isnan(cand) if cand.shape == base.shape else np.zeros(0, dtype=bool)
    n, n_items = int(asked.sum()), base.size
    if base.ndim != 1 or cand.shape != base.shape or not 2 <= n < n_items:
        raise ValueError(f"{n} of {n_items} items were asked: test_part needs some, and not all, on the same items")
    for name, values in (("baseline", base), ("candidate", cand[asked]), ("older", others)):
        if not ((values >= 0) & (values <= 1)).all():
            raise ValueError(f"{name} has a score that is absent or lies outside 0 to 1")
    known = predictors(base, others)
    difference = (cand - base)[None, asked]
    seen = assisted.moments_of(difference, known.predicted[None, asked], known.columns[None, asked], n_items)
    kinds = (assisted.FIXED, assisted.RIDGE)
    use = min(kinds, key=lambda kind: float(seen.second[0, kind]))
    spread = float(seen.second[0, assisted.PLAIN])
    share = n / n_items

    def p_value(where: float, side: int) -> float:
        """Against "the mean difference is at most `where`" (side 1), or at least (-1)."""
        if scope == "population":
            return normal_tail(float(sample.population_z(seen, np.array([use]), n, n_items, where, side)[0]))
        z = assisted.hall(side * (seen.estimate - where), seen, side, n, share, UNSEEN)
        return t_tail(float(z[0, use]), n - 1)

    passes, fails = p_value(-margin, 1) <= alpha, p_value(-margin, -1) <= alpha
    verdict, interval, estimate = Verdict.INCONCLUSIVE, None, float(seen.estimate[0, use])
    if n >= FEWEST:
        low = lower_bound(lambda x: p_value(x, 1), -margin, alpha, estimate, 0.01)
        high = -lower_bound(lambda x: p_value(-x, -1), margin, alpha, -estimate, 0.01)
        interval = Interval(low, high)
        if passes != fails:
            verdict = Verdict.PASS if passes else Verdict.FAIL
    return PartDecision(
        verdict,
        estimate=estimate,
        plain=float(seen.estimate[0, assisted.PLAIN]),
        interval=interval,
        spoke=assisted.ESTIMATES[use],
        n=n,
        n_items=n_items,
        ratio=float(seen.second[0, use]) / spread if spread > 0 else 1.0,
    )
