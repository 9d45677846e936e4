"""What a test says: pass, fail or not enough evidence, with the figures behind it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from evalkit.frozen import dataclass
from evalkit.stats.intervals import Interval

Tail = Literal["strict", "smooth"]
"""How graded scores may behave out of sight. `strict`: a rare collapse to 0 that n items happened not to show is
counted in (rule of three). `smooth`: what was seen is typical; needs far fewer items, and misses rare collapses."""

Scope = Literal["population", "suite"]
"""What the verdict is about: items like these, or exactly these items."""


class Verdict(StrEnum):
    """The answer to "is the candidate worse than the baseline by more than the margin?"."""

    PASS = "pass"  # shown to be no worse than the margin allows
    FAIL = "fail"  # shown to be worse than the margin allows
    INCONCLUSIVE = "inconclusive"  # neither was shown


@dataclass(frozen=True, slots=True)
class Decision:
    """One comparison of scores, decided. Differences are candidate minus baseline, in score units (0.01: one point)."""

    verdict: Verdict
    delta: float
    """Observed mean difference over the complete pairs; positive: the candidate is better."""
    margin: float
    alpha: float
    """Accepted probability of a wrong pass, and apart from it of a wrong fail."""
    interval: Interval | None
    """Differences that the deciding test does not reject, at confidence 1 - 2 alpha: it lies above -margin exactly when
    the verdict is pass, below when it is fail. None where nothing is uncertain (scope `suite`)."""
    p_pass: float | None
    """P-value against "worse by the margin or more"; pass when at most alpha. None in scope `suite`."""
    p_fail: float | None
    """P-value against "worse by the margin at most"; fail when at most alpha. None in scope `suite`."""
    method: str
    """The deciding test in words."""
    n: int
    """Complete pairs."""
    n_errored: int = 0
    """Pairs without a score on one side: counted as lost where passing is at stake, as won where failing is."""
    wins: int | None = None
    """Pairs that only the candidate got right; None for graded scores."""
    losses: int | None = None
    """Pairs that only the baseline got right; None for graded scores."""
    n_clusters: int | None = None
    """None where items are independent."""
    k_eff: float | None = None
    """Number of equal clusters that would tell as much; None where items are independent."""
    deff: float | None = None
    """Design effect: how many clustered pairs tell as much as one independent one; None where it does not apply or
    nothing varied."""
    more_if_equal: int | None = None
    """About how many more pairs would pass if both models were truly equal (80 % power). 0: there are as many as that
    already. None when already decided, or when no number would do (margin 0, more errors than the margin allows)."""
    more_if_estimate_holds: int | None = None
    """About how many more pairs would decide if the observed difference were the true one (80 % power). None when
    already decided, or when the difference lies so near the margin that no number would do."""
    notes: tuple[str, ...] = ()
    """What a reader should know about this verdict, one sentence each."""


@dataclass(frozen=True, slots=True)
class LimitDecision:
    """One figure against its limit, decided: a ratio of candidate to baseline, or seconds. Lower is better."""

    verdict: Verdict
    value: float | None
    """The observed figure; None where it is undefined (a ratio to nothing)."""
    limit: float
    alpha: float
    low: float | None
    """One-sided bound at confidence 1 - alpha: above the limit exactly when the verdict is fail. None: unbounded."""
    high: float | None
    """One-sided bound at confidence 1 - alpha: within the limit exactly when the verdict is pass. None: unbounded."""
    p_pass: float
    p_fail: float
    method: str
    n: int
    notes: tuple[str, ...] = ()
