"""Is one model's mean score at least so high? A floor, without a baseline beside it.

    test_floor([1, 1, 0, 1, ...], 0.85, alpha=0.05)            # a FloorDecision: verdict, interval, p-values
    test_floor(scores, 0.85, clusters=conversation_of_each_row, items=question_of_each_row)

`pass`: a true mean of the floor or less would hardly give such scores. `fail`: a true mean of the floor or more would
hardly. Each has its own test at alpha, and neither is the absence of the other.

- Right/wrong scores of independent items: the exact binomial test; its interval is Clopper and Pearson's (1934).
- Right/wrong scores in clusters, and repeats: the tests of `clustered`, each against a mirror. For passing, wrong
  answers are the events and 1 - floor is their supposed rate; for failing, right answers and the floor.
- Graded scores: the tests of `bounded` and `clustered` on score - 1 for passing and on -score for failing. The guard
  (`tail="strict"`) supposes collapses to 0 that were not seen for passing, and unseen perfect answers for failing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import numpy.typing as npt

from evalkit.stats import bounded, clustered
from evalkit.stats.bounded import PValue
from evalkit.stats.cluster_counts import KnownOfPairs
from evalkit.stats.intervals import Interval
from evalkit.stats.inversion import lower_bound
from evalkit.stats.power import Needs
from evalkit.stats.scores import (
    Codes,
    Floats,
    Labels,
    MoreOfRows,
    check_alpha,
    check_number,
    check_words,
    read_pair,
    read_rows,
)
from evalkit.stats.verdict import Scope, Tail, Verdict

_FINE, _FINE_CLUSTERED = 1e-5, 2e-4


@dataclass(frozen=True, slots=True)
class FloorDecision:
    """One mean score against its floor, decided. Higher is better."""

    verdict: Verdict
    mean: float
    """Observed mean score; repeats are averaged within their item."""
    floor: float
    alpha: float
    interval: Interval | None
    """Means that the deciding test does not reject, at confidence 1 - 2 alpha: it lies above the floor exactly when
    the verdict is pass, below when it is fail. None where nothing is uncertain (scope `suite`)."""
    p_pass: float | None
    """P-value against "the true mean is at most the floor". None in scope `suite`."""
    p_fail: float | None
    """P-value against "the true mean is at least the floor". None in scope `suite`."""
    method: str
    n: int
    """Scores that were used."""
    n_errored: int = 0
    """Answers without a score: counted as 0 where passing is at stake, as 1 where failing is."""
    more_if_estimate_holds: int | None = None
    """About how many more scores would decide if the observed mean were the true one (80 % power). None when decided,
    or when the mean lies so near the floor that no number would do."""
    notes: tuple[str, ...] = ()


def decide_floor(
    scores: npt.ArrayLike,
    floor: float,
    alpha: float = 0.05,
    clusters: Labels | None = None,
    *,
    tail: Tail = "strict",
    scope: Scope = "population",
    **more: Unpack[MoreOfRows],
) -> Verdict:
    """Pass, fail or inconclusive; arguments and refusals as in `test_floor`, without the work for an interval."""
    check_words(tail=tail, scope=scope)
    read = _read(scores, floor, alpha, clusters, more)
    if scope == "suite" or (read.labels is None and read.binary):
        return _simple(read, floor, alpha, scope).verdict
    up, down = _tests(read, guard=tail == "strict")
    return _verdict(up(floor - 1), down(-floor), alpha)


def test_floor(
    scores: npt.ArrayLike,
    floor: float,
    alpha: float = 0.05,
    clusters: Labels | None = None,
    *,
    tail: Tail = "strict",
    scope: Scope = "population",
    **more: Unpack[MoreOfRows],
) -> FloorDecision:
    """The verdict with its interval. `scores`: float64[n] in [0, 1]; `clusters` and `more` as in `comparison.test`.

    Raises ValueError for empty, absent or impossible values.
    """
    check_words(tail=tail, scope=scope)
    read = _read(scores, floor, alpha, clusters, more)
    if scope == "suite" or (read.labels is None and read.binary):
        return _simple(read, floor, alpha, scope)
    guard = read.weighted if read.binary else tail == "strict"
    up, down = _tests(read, guard=tail == "strict")
    p_pass, p_fail = up(floor - 1), down(-floor)
    verdict = _verdict(p_pass, p_fail, alpha)
    values, n = read.values, read.values.size
    jack = None if read.labels is None else clustered.jackknife(values, read.labels, read.weights)
    se = bounded.moments(values)[1] / math.sqrt(n) if jack is None else jack.se
    step, fine = 2 * se + 2 / n, _FINE if jack is None else _FINE_CLUSTERED
    low = 1 + lower_bound(up, floor - 1, alpha, read.low_mean - 1, step, fine=fine)
    high = -lower_bound(down, -floor, alpha, -read.high_mean, step, fine=fine)
    needs = Needs(
        sd=se * math.sqrt(n),
        guard=guard,
        items_a_unit=1.0 if jack is None else n / jack.k_eff,
        fewest=float(bounded.FEWEST) if jack is None else clustered.FEWEST * n / jack.n_clusters,
    )
    name = "clustered t (CR3), tilted sums and jumps" if jack is not None else "skew-corrected t"
    if read.counted:
        name = "clustered counts and tilted sums"
    name = f"weighted: {name}" if read.weighted else name
    return FloorDecision(
        verdict,
        read.mean,
        floor,
        alpha,
        Interval(max(0.0, low), min(1.0, high)),
        p_pass,
        p_fail,
        name + (" with support guard" if guard else ""),
        n,
        read.n_errored,
        _more(needs, read, floor, alpha) if verdict is Verdict.INCONCLUSIVE and not read.weighted else None,
        (*_too_few(read, jack), *_lost(read.n_errored)),
    )


@dataclass(frozen=True, slots=True)
class _Scores:
    """What was read."""

    values: Floats
    binary: bool
    labels: Codes | None
    weights: Floats | None
    n_errored: int
    lost: float
    """Average answers that weigh as much as those without a score: `n_errored` where all weigh alike."""
    mean: float
    weighted: bool
    """Whether answers stand for unequal numbers of requests."""
    repeats: float = 0.0
    """Of the pairs of answers that move together, the share that are to one item."""

    @property
    def counted(self) -> bool:
        """Whether counts of right and wrong answers say it all."""
        return self.binary and not self.weighted

    @property
    def low_mean(self) -> float:
        """With errored answers at 0."""
        return self.mean * self.values.size / (self.values.size + self.lost)

    @property
    def high_mean(self) -> float:
        """With errored answers at 1."""
        return self.low_mean + self.lost / (self.values.size + self.lost)


def _read(
    scores: npt.ArrayLike,
    floor: float,
    alpha: float,
    clusters: Labels | None,
    more: MoreOfRows,
) -> _Scores:
    values, _ = read_pair(scores, scores)
    check_alpha(alpha)
    check_number(floor, "a floor lies between 0 and 1, in score units (0.85)", lambda number: 0 <= number <= 1)
    rows = read_rows(values.size, clusters, more)
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    mean = float(np.average(values, weights=rows.weights))
    return _Scores(
        values, binary, rows.labels, rows.weights, rows.n_errored, rows.lost, mean, rows.weighted, rows.repeats
    )


def _simple(read: _Scores, floor: float, alpha: float, scope: Scope) -> FloorDecision:
    return _whole(read, floor, alpha) if scope == "suite" else _binomial(read, floor, alpha)


def binomial_tails(n_right: int, n: int, rate: float) -> tuple[float, float]:
    """P(at least `n_right` of n), P(at most `n_right` of n) of independent answers that are right at this rate."""
    from scipy.special import betainc

    at_least = 1.0 if n_right <= 0 else float(betainc(n_right, n - n_right + 1, rate))
    at_most = 1.0 if n_right >= n else 1 - float(betainc(n_right + 1, n - n_right, rate))
    return at_least, max(at_most, 0.0)


def _binomial(read: _Scores, floor: float, alpha: float) -> FloorDecision:
    """The exact test; errored answers are wrong for passing and right for failing."""
    from scipy.special import betaincinv

    right, n = int(read.values.sum()), read.values.size
    lost = math.ceil(read.lost)
    total, most = n + lost, right + lost
    p_pass = binomial_tails(right, total, floor)[0]
    p_fail = binomial_tails(most, total, floor)[1]
    verdict = _verdict(p_pass, p_fail, alpha)
    low = float(betaincinv(right, total - right + 1, alpha)) if right else 0.0
    high = float(betaincinv(most + 1, total - most, 1 - alpha)) if most < total else 1.0
    needs = Needs(sd=math.sqrt(right / n * (1 - right / n)))
    return FloorDecision(
        verdict,
        read.mean,
        floor,
        alpha,
        Interval(low, high),
        p_pass,
        p_fail,
        "exact binomial test",
        n,
        read.n_errored,
        _more(needs, read, floor, alpha) if verdict is Verdict.INCONCLUSIVE else None,
        tuple(_lost(read.n_errored)),
    )


def _whole(read: _Scores, floor: float, alpha: float) -> FloorDecision:
    """Scope `suite`: the mean of exactly these items is known, and compared as it is."""
    near = 1e-12  # 0.85 × 20 is not quite 17
    verdict = Verdict.INCONCLUSIVE
    if read.low_mean >= floor - near:
        verdict = Verdict.PASS
    elif read.high_mean < floor - near:
        verdict = Verdict.FAIL
    how, notes = "arithmetic over the whole suite", tuple(_lost(read.n_errored))
    n = read.values.size
    return FloorDecision(verdict, read.mean, floor, alpha, None, None, None, how, n, read.n_errored, notes=notes)


def _tests(read: _Scores, *, guard: bool) -> tuple[PValue, PValue]:
    """P-values against "the mean of score - 1 is at most the argument", and the same for -score."""
    return _tail_test(read, read.values - 1, guard=guard), _tail_test(read, -read.values, guard=guard)


def _tail_test(read: _Scores, values: Floats, *, guard: bool) -> PValue:
    """P-values against "the mean of these values in [-1, 0] is at most the argument"; errored answers are -1."""
    labels, weights = read.labels, read.weights
    # As many rows as there are, where weights say what they stand for: one heavy loss is not many light ones.
    n_lost = math.ceil(read.lost) if weights is None else read.n_errored
    if n_lost:
        values = np.concatenate((values, np.full(n_lost, -1.0)))
    if labels is None:
        return bounded.skewed_t(values, guard)
    if np.unique(labels).size < clustered.FEWEST:  # errored answers make it no more
        return bounded.never
    if n_lost:
        labels = np.concatenate((labels, labels.max() + 1 + np.arange(n_lost)))
        if weights is not None:
            weights = np.concatenate((weights, np.full(n_lost, weights.mean() * read.lost / n_lost)))
    guard = read.weighted if read.binary else guard
    known = KnownOfPairs(read.repeats, only_losses=True)
    return clustered.clustered(values, labels, weights, binary=read.counted, guard=guard, known=known)


def _verdict(p_pass: float, p_fail: float, alpha: float) -> Verdict:
    if (p_pass <= alpha) == (p_fail <= alpha):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if p_pass <= alpha else Verdict.FAIL


def _more(needs: Needs, read: _Scores, floor: float, alpha: float) -> int | None:
    low, high, n = read.low_mean, read.high_mean, read.values.size
    margin = min(1 - floor, 1 - 1e-9)
    if low > floor or low == high:
        return needs.beyond(n, low - 1, margin, alpha)
    return needs.beyond(n, high - 1, margin, alpha) if high < floor else None


def _too_few(read: _Scores, jack: clustered.Jackknife | None) -> list[str]:
    if jack is not None:
        if jack.n_clusters < clustered.FEWEST:
            return [f"{jack.n_clusters} clusters or items decide nothing: at least {clustered.FEWEST} are needed"]
        said = [f"effective sample size {jack.k_eff:,.0f} (related items move together)"]
        if read.weighted:
            said = [f"weighted: each answer counts as what it stands for; effective sample size {jack.k_eff:,.0f}"]
        return said if jack.note is None else [*said, jack.note]
    if read.values.size + read.n_errored < bounded.FEWEST:
        return [f"{read.values.size} graded scores decide nothing: at least {bounded.FEWEST} are needed"]
    return []


AS_A_SCORE = "as 0 for passing and as 1 for failing"
AS_A_RATE = "as 1 for passing and as 0 for failing"
"""How an answer without a score counts: what is unknown speaks against both verdicts, and of a rate less is better."""


def _lost(n_errored: int) -> list[str]:
    if not n_errored:
        return []
    one = n_errored == 1
    return [f"{n_errored:,} answer{'' if one else 's'} without a score count{'s' if one else ''} {AS_A_SCORE}"]
