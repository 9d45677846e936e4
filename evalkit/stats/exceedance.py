"""Percentiles of latency: is the candidate's p95 at most r times the baseline's, or below so many seconds?

    latency_ratio(baseline_s, candidate_s, 0.95, max_ratio=1.2, alpha=0.05, groups=conversation_of_each_row)
    latency_limit(candidate_s, 0.95, max_s=1.0, alpha=0.05)

A percentile moves when answers cross it, so crossings are what is tested, by group: a cluster, or an item with its
repeats; an item that is asked once is a group of its own.

*Ratio.* The threshold is the percentile of the pooled {baseline, candidate / r}. How many more answers of the baseline
than of the candidate lie above it, in each group? At the limit the two sides can be exchanged, so that each group's
difference is as likely with either sign. The p-value is the exact law of the sum under random signs, whatever the
groups look like (Canay, Romano and Shaikh 2017). Where the two sides spread differently, exchanging them is no longer
fair: a jackknife t on exceedances, weighted by how many answers lie near the threshold on each side, has to agree.

*Limit in seconds.* The share of answers above the limit: binomial for independent answers, else as right/wrong pairs in
clusters (`cluster_counts`), a slow answer being a loss.

Both sides of a ratio must have been measured interleaved, in one run at one load; that is the caller's to see to.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt

from evalkit.stats import clustered
from evalkit.stats.cluster_counts import KnownOfPairs
from evalkit.stats.intervals import t_tail
from evalkit.stats.inversion import largest_failing, least_passing
from evalkit.stats.quantiles import weighted_quantile, weighted_quantiles
from evalkit.stats.scores import Codes, Floats, Labels, check_limit, read, read_dependence, repeated_share
from evalkit.stats.sign_flips import sign_flip_ps
from evalkit.stats.verdict import LimitDecision, Verdict

FEW = 10
"""Fewer answers than this beyond the percentile: the verdict holds, but only gross differences are ever seen."""
FEWEST_BEYOND = 5
"""Fewer groups than this with an answer beyond the threshold decide nothing."""
_PARTS = 20  # an average request's weight in whole parts
_LEVEL = 1 + 1e-12  # a latency divided by a ratio and multiplied again is still itself


def latency_ratio(
    baseline_s: npt.ArrayLike,
    candidate_s: npt.ArrayLike,
    quantile: float,
    max_ratio: float,
    alpha: float = 0.05,
    groups: Labels | None = None,
    weights: npt.ArrayLike | None = None,
) -> LimitDecision:
    """Whether the candidate's latency quantile is at most `max_ratio` times the baseline's, row by row.

    Rows are one answer of each side to the same item and repeat. `groups`: what moves together; None: nothing does.
    `weights`: float64[n], how many requests of the traffic each row stands for; the quantiles are then the traffic's.
    Raises ValueError for unequal, absent, zero or negative durations.
    """
    test, first, second, codes, heavy = _ratio_test(
        baseline_s, candidate_s, quantile, max_ratio, alpha, groups, weights
    )
    p_pass, p_fail = test.p_values(max_ratio)
    verdict = _verdict(p_pass, p_fail, alpha)
    shown = (lambda limit: test.shows(limit, alpha, PASSES), lambda limit: test.shows(limit, alpha, FAILS))
    q, q_candidate = (weighted_quantile(values, quantile, heavy) for values in (first, second))
    low, high = _bounds(shown, (p_pass, p_fail), alpha, max_ratio, q_candidate / q)
    return LimitDecision(
        verdict,
        q_candidate / q,
        max_ratio,
        alpha,
        low,
        high,
        p_pass,
        p_fail,
        "random signs of pooled exceedances" + ("" if codes is None else ", by cluster or item"),
        first.size,
        _notes(first.size, quantile, codes, test.n_beyond(max_ratio)),
    )


def latency_ratio_verdict(
    baseline_s: npt.ArrayLike,
    candidate_s: npt.ArrayLike,
    quantile: float,
    max_ratio: float,
    alpha: float = 0.05,
    groups: Labels | None = None,
    weights: npt.ArrayLike | None = None,
) -> Verdict:
    """The verdict of `latency_ratio` without the work for an interval."""
    test = _ratio_test(baseline_s, candidate_s, quantile, max_ratio, alpha, groups, weights)[0]
    return _verdict(*test.p_values(max_ratio), alpha)


def _ratio_test(
    baseline_s: npt.ArrayLike,
    candidate_s: npt.ArrayLike,
    quantile: float,
    max_ratio: float,
    alpha: float,
    groups: Labels | None,
    weights: npt.ArrayLike | None,
) -> tuple[_RatioTest, Floats, Floats, Codes | None, Floats | None]:
    """The test, and what was read: both sides' times, what moves together, weights."""
    first, second = _durations(baseline_s, "baseline"), _durations(candidate_s, "candidate")
    if first.size != second.size:
        raise ValueError(f"latencies are compared item by item: there are {first.size} and {second.size}")
    check_limit(max_ratio, "max_ratio is a positive number like 1.2", quantile, alpha)
    codes, heavy = read_dependence(first.size, groups, None, weights)
    return _RatioTest(first, second, quantile, codes, heavy), first, second, codes, heavy


PASSES, FAILS = 0, 1
"""Places in (p-value for passing, p-value for failing)."""


_Shown = tuple[Callable[[float], bool], Callable[[float], bool]]  # whether a limit passes, and whether it fails


def _bounds(
    shown: _Shown, p_values: tuple[float, float], alpha: float, limit: float, start: float, likely: _Shown | None = None
) -> tuple[float | None, float | None]:
    """The largest limit that fails and the smallest that passes; they never contradict what `limit` itself does.
    `likely`: cheaper guesses at `shown`."""
    passes, fails = (p <= alpha for p in p_values)
    passing, failing = likely or (None, None)
    high, low = least_passing(shown[PASSES], start, passing), largest_failing(shown[FAILS], start, failing)
    if high is not None or passes:
        high = min(high or limit, limit) if passes else max(high or limit, limit * (1 + 1e-9))
    if low is not None or fails:
        low = max(low or limit, limit) if fails else min(low or limit, limit)
    return low, high


class _RatioTest:
    """P-values of "the quantile is at least, or at most, this ratio" for one set of paired durations."""

    def __init__(
        self, first: Floats, second: Floats, quantile: float, codes: Codes | None, weights: Floats | None
    ) -> None:
        self._first, self._second, self._quantile, self._codes = first, second, quantile, codes
        self._weights = None if weights is None else weights / weights.mean()
        self._n_groups = first.size if codes is None else int(np.count_nonzero(np.bincount(codes)))
        self._both_weights = None if weights is None else np.concatenate((weights, weights))

    def p_values(self, ratio: float) -> tuple[float, float]:
        """(against "at least this ratio", against "at most this ratio")."""
        scaled = self._second / ratio
        slow, slower = self._exceed(scaled)
        if self._few(slow | slower):
            return 1.0, 1.0
        better, worse = self._by_signs(slow, slower)
        spread = self._by_spread(scaled, slow, slower)
        return (better, worse) if spread is None else (max(better, spread[0]), max(worse, spread[1]))

    def shows(self, ratio: float, alpha: float, side: int) -> bool:
        """Whether the p-value of that side (`PASSES`, `FAILS`) is at most alpha. The dearer test is asked only where
        the cheaper one says so."""
        scaled = self._second / ratio
        slow, slower = self._exceed(scaled)
        if self._few(slow | slower):
            return alpha >= 1
        spread = self._by_spread(scaled, slow, slower)
        if spread is not None and spread[side] > alpha:
            return False
        return self._by_signs(slow, slower)[side] <= alpha

    def _few(self, beyond: np.ndarray) -> bool:
        return self._n_groups < clustered.FEWEST or self._groups_of(beyond) < FEWEST_BEYOND

    def _by_signs(self, slow: np.ndarray, slower: np.ndarray) -> tuple[float, float]:
        each = slow.astype(np.float64) - slower
        if self._weights is not None:
            each = np.rint(each * self._weights * _PARTS)  # the law of random signs takes whole numbers
        return sign_flip_ps(each if self._codes is None else np.bincount(self._codes, weights=each).astype(np.float64))

    def n_beyond(self, ratio: float) -> int:
        """Groups with an answer beyond the threshold on either side."""
        slow, slower = self._exceed(self._second / ratio)
        return self._groups_of(slow | slower)

    def _exceed(self, scaled: Floats) -> tuple[np.ndarray, np.ndarray]:
        threshold = weighted_quantile(np.concatenate((self._first, scaled)), self._quantile, self._both_weights)
        return self._first > threshold * _LEVEL, scaled > threshold * _LEVEL

    def _groups_of(self, rows: np.ndarray) -> int:
        return int(rows.sum()) if self._codes is None else int(np.count_nonzero(np.bincount(self._codes[rows])))

    def _by_spread(self, scaled: Floats, slow: np.ndarray, slower: np.ndarray) -> tuple[float, float] | None:
        """The jackknife t that minds different spreads; None where nothing varies.

        The two exceedances are weighted by the densities of the two sides near the threshold (the share of answers
        between two pooled quantiles around it), as in the variance of a difference of two quantiles.
        """
        share = 1 - self._quantile
        n = 2 * self._first.size
        width = min(0.6 * share, 0.6 * self._quantile, 2 * n ** (-1 / 3))
        both = np.concatenate((self._first, scaled))
        low, high = weighted_quantiles(both, (self._quantile - width, self._quantile + width), self._both_weights)
        v = np.ones(self._first.size) if self._weights is None else self._weights
        near = [float(v[(values > low) & (values <= high)].sum()) + 2.0 for values in (self._first, scaled)]
        weight = min(max(near[1] / near[0], 0.25), 4.0)
        contribution = 2 * (weight * (slow - share) - (slower - share)) / (1 + weight)
        codes = np.arange(contribution.size) if self._codes is None else self._codes
        jack = clustered.jackknife(contribution, codes, self._weights)
        if jack.se <= 0:
            return None
        t = float(v[slow].sum() - v[slower].sum()) / self._first.size / jack.se
        df = max(jack.k_eff - 1, 1e-3)
        return t_tail(t, df), t_tail(-t, df)


def latency_limit(
    latencies_s: npt.ArrayLike,
    quantile: float,
    max_s: float,
    alpha: float = 0.05,
    groups: Labels | None = None,
    weights: npt.ArrayLike | None = None,
    items: Labels | None = None,
) -> LimitDecision:
    """Whether a latency quantile is at most `max_s` seconds. `groups`, `weights`, errors as for `latency_ratio`.

    `items`: which rows of a group are repeats of one item; they are known to move together more than others do.
    """
    values, codes, heavy = _limit_read(latencies_s, quantile, max_s, alpha, groups, weights)
    if codes is None:
        p_pass, p_fail, low, high = _binomial(np.sort(values), quantile, max_s, alpha)
    else:
        slow = _Slow(values, quantile, codes, heavy, repeated_share(codes, items))
        p_pass, p_fail, low, high = _clustered_limit(slow, max_s, alpha)
    return LimitDecision(
        _verdict(p_pass, p_fail, alpha),
        weighted_quantile(values, quantile, heavy),
        max_s,
        alpha,
        low,
        high,
        p_pass,
        p_fail,
        "binomial test of the percentile"
        if codes is None
        else "clustered counts of slow answers"
        if heavy is None
        else "weighted counts of slow answers",
        values.size,
        _notes(values.size, quantile, codes, FEWEST_BEYOND),
    )


def latency_limit_verdict(
    latencies_s: npt.ArrayLike,
    quantile: float,
    max_s: float,
    alpha: float = 0.05,
    groups: Labels | None = None,
    weights: npt.ArrayLike | None = None,
    items: Labels | None = None,
) -> Verdict:
    """The verdict of `latency_limit` without the work for an interval."""
    values, codes, heavy = _limit_read(latencies_s, quantile, max_s, alpha, groups, weights)
    if codes is None:
        return _verdict(*_binomial(np.sort(values), quantile, max_s, alpha)[:2], alpha)
    return _verdict(*_Slow(values, quantile, codes, heavy, repeated_share(codes, items)).p_values(max_s), alpha)


def _limit_read(
    latencies_s: npt.ArrayLike,
    quantile: float,
    max_s: float,
    alpha: float,
    groups: Labels | None,
    weights: npt.ArrayLike | None,
) -> tuple[Floats, Codes | None, Floats | None]:
    values = _durations(latencies_s, "latency")
    check_limit(max_s, "max_s is a positive number of seconds", quantile, alpha)
    return values, *read_dependence(values.size, groups, None, weights)


def _binomial(
    values: Floats, quantile: float, max_s: float, alpha: float
) -> tuple[float, float, float | None, float | None]:
    """P-values and bounds for sorted durations of independent answers."""
    n = values.size
    at_most = _binomial_cdf(n, 1 - quantile)  # P(at most k of n answers are slower than the true quantile)
    slower = int((values > max_s).sum())
    p_pass = float(at_most[slower])
    p_fail = 1.0 if slower == 0 else 1 - float(at_most[slower - 1])
    # Order statistics: so many of the slowest may be set aside while the rest still shows the bound.
    aside = int((at_most <= alpha).sum()) - 1
    kept = int((1 - at_most[:-1] <= alpha).sum())
    high = float(values[n - 1 - aside]) if aside >= 0 else None
    low = float(values[kept - 1]) if kept > 0 else None
    return p_pass, p_fail, low, high


def _clustered_limit(slow: _Slow, max_s: float, alpha: float) -> tuple[float, float, float | None, float | None]:
    ordered = np.sort(slow.values)

    @cache
    def shown_at(place: int, side: int, only_whether: float | None) -> bool:
        """Between two neighbouring durations every limit is the same. A p-value above alpha need not be exact."""
        return slow.p_value(float(ordered[place - 1]) if place else 0.0, side, alpha, only_whether) <= alpha

    def shows(side: int, only_whether: float | None) -> Callable[[float], bool]:
        return lambda limit: shown_at(int(np.searchsorted(ordered, limit, side="right")), side, only_whether)

    p_values, start = slow.p_values(max_s), weighted_quantile(slow.values, slow.quantile, slow.weights)
    shown, likely = ((shows(PASSES, only), shows(FAILS, only)) for only in (None, alpha))
    return (*p_values, *_bounds(shown, p_values, alpha, max_s, start, likely))


@dataclass(frozen=True, slots=True)
class _Slow:
    """Slow answers are losses of 1 against an ideal that has none: at most 1 - quantile of them may be."""

    values: Floats
    quantile: float
    codes: Codes
    weights: Floats | None
    repeats: float

    def p_values(self, limit: float) -> tuple[float, float]:
        return self.p_value(limit, PASSES), self.p_value(limit, FAILS)

    def p_value(
        self, limit: float, side: int, undecided: float = clustered.UNDECIDED, only_whether: float | None = None
    ) -> float:
        slow, share = (self.values > limit).astype(np.float64), 1 - self.quantile
        lost, supposed = (-slow, -share) if side == PASSES else (slow, share)
        known = KnownOfPairs(self.repeats, only_losses=True)
        # A few heavy answers may hide what light ones show: without it .08 to .24 of weighted draws passed wrongly.
        guard = self.weights is not None and side == PASSES
        test = partial(clustered.clustered, lost, self.codes, self.weights, guard=guard, known=known)
        return test(binary=self.weights is None, undecided=undecided, only_whether=only_whether)(supposed)


def _verdict(p_pass: float, p_fail: float, alpha: float) -> Verdict:
    if p_pass <= alpha:
        return Verdict.PASS
    return Verdict.FAIL if p_fail <= alpha else Verdict.INCONCLUSIVE


def _binomial_cdf(n: int, p: float) -> Floats:
    k = np.arange(n + 1)
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))))
    law = np.exp(logs[n] - logs[k] - logs[n - k] + k * math.log(p) + (n - k) * math.log1p(-p))
    return np.asarray(np.minimum(np.cumsum(law), 1.0))


def _durations(values: object, name: str) -> Floats:
    array = read(values, name)
    if not array.size:
        raise ValueError(f"there are no {name} durations: cached and failed answers have none")
    if (array <= 0).any():
        raise ValueError(f"{name} duration {int((array <= 0).argmax())} is not positive: leave unmeasured answers out")
    return array


def fewest_answers(quantile: float) -> int:
    """Answers of each model of which five are expected beyond the percentile (100 for p95): fewer are too few to decide
    or to plan by."""
    return math.ceil(FEWEST_BEYOND / max(1 - quantile, 1e-6) - 1e-9)


def _notes(n: int, quantile: float, codes: Codes | None, n_beyond: int) -> tuple[str, ...]:
    """One sentence where the percentile rests on few answers; none where it does not. `n_beyond`: groups with an answer
    beyond it."""
    name = f"p{100 * quantile:g}"
    ask = f"take at least {fewest_answers(quantile):,} answers of each model"
    n_groups = None if codes is None else int(np.unique(codes).size)
    if n_groups is not None and n_groups < clustered.FEWEST:
        return (f"{n_groups} clusters or items decide nothing: at least {clustered.FEWEST} are needed",)
    if n_beyond < FEWEST_BEYOND:
        what = "items have" if codes is None else "clusters or items have"
        return (
            f"only {n_beyond} {what} an answer beyond the {name} of both models together: at least {FEWEST_BEYOND} are "
            f"needed to decide, so {ask}",
        )
    beyond = n * (1 - quantile)
    if beyond >= FEW - 1e-9:
        return ()
    more = f"; {ask}" if beyond < FEWEST_BEYOND - 1e-9 else ""
    slowest = math.ceil(beyond - 1e-9)
    rests = f"{name} of {n:,} answers rests on the slowest {slowest if slowest > 1 else 'one'}"
    return (f"{rests}: only gross differences show{more}",)
