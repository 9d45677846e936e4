"""Ratios of means: what the candidate costs of what the baseline costs, and what a correct answer costs.

    cost_ratio(baseline_usd, candidate_usd, max_ratio=0.5, alpha=0.05)   # a verdict: does it cost at most half?
    cost_per_correct(usd, scores)                                        # a Fieller interval, for reading only

"At most r times the cost" is a paired t test on r × baseline - candidate, item by item: it is about the bill, which a
ratio of logarithms is not, and a few expensive answers count as they count on the bill. A correction for skewness
(Johnson 1978) can only keep it from passing. Costs are unbounded unless the output is limited: with the most that one
answer can cost, a guard supposes that run-away answers exist which these items did not happen to show. Turning the
plain test around in r gives Fieller's interval (1954).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from evalkit.stats import bounded, clustered
from evalkit.stats.clustered import tilted_p
from evalkit.stats.intervals import Interval, t_quantile, t_tail
from evalkit.stats.inversion import least_passing
from evalkit.stats.scores import Codes, Floats, Labels, check_alpha, check_positive, read, read_dependence
from evalkit.stats.verdict import LimitDecision, Verdict

_FREE = 1e-9
FEWEST = 15
"""Items below this many decide nothing about a bill."""


def cost_ratio(
    baseline: npt.ArrayLike,
    candidate: npt.ArrayLike,
    max_ratio: float,
    alpha: float = 0.05,
    clusters: Labels | None = None,
    cap: float | None = None,
    weights: npt.ArrayLike | None = None,
) -> LimitDecision:
    """Whether the candidate costs at most `max_ratio` times the baseline, on costs of the same items in one currency.

    `cap`: the most that one answer of the candidate can cost (output limit times price, and its input). Passing then
    also needs that answers at the cap, as frequent as it takes to eat up the saving, would have been seen. None: it is
    not known, and what was seen is taken as typical. `weights`: float64[n], how many requests of the traffic each item
    stands for; the bill is then the traffic's.
    Raises ValueError for negative, absent or unequal values: an unknown price is not a price of zero.
    """
    tested = _tested(baseline, candidate, max_ratio, alpha, clusters, cap, weights)
    first, second, rows, guard = tested.first, tested.second, tested.rows, tested.guard
    few, p_pass, p_fail, verdict = tested.few, tested.p_pass, tested.p_fail, tested.verdict
    n, saved = first.size, max_ratio * first - second
    low, high = (None, None) if few else _bounds(second, first, rows, alpha)
    low = None if low is None else max(low, 0.0)
    if high is not None:
        # A candidate that costs nothing ends at 0, from where no search begins.
        high = _least_ratio(first, second, rows, guard, alpha, high if high > _FREE * max_ratio else max_ratio)
        if high is not None:
            high = min(high, max_ratio) if verdict is Verdict.PASS else max(high, max_ratio * (1 + 1e-9))
    return LimitDecision(
        verdict,
        rows.mean(second) / rows.mean(first) if rows.mean(first) > 0 else None,
        max_ratio,
        alpha,
        low,
        high,
        p_pass,
        p_fail,
        "paired t on the bill, corrected for skewness" + (", and a guard against the dearest answer" if guard else ""),
        n,
        tuple(_notes(saved, first, n, rows, guard, alpha, few=few, unit=tested.unit)),
    )


def cost_verdict(
    baseline: npt.ArrayLike,
    candidate: npt.ArrayLike,
    max_ratio: float,
    alpha: float = 0.05,
    clusters: Labels | None = None,
    cap: float | None = None,
    weights: npt.ArrayLike | None = None,
) -> Verdict:
    """The verdict of `cost_ratio` without the work for an interval."""
    return _tested(baseline, candidate, max_ratio, alpha, clusters, cap, weights).verdict


@dataclass(frozen=True, slots=True)
class _Tested:
    first: Floats
    second: Floats
    unit: float
    """What 1 in `first` and `second` is, in the currency given."""
    rows: _Rows
    guard: _Cap | None
    few: bool
    p_pass: float
    p_fail: float
    verdict: Verdict


def _tested(
    baseline: npt.ArrayLike,
    candidate: npt.ArrayLike,
    max_ratio: float,
    alpha: float,
    clusters: Labels | None,
    cap: float | None,
    weights: npt.ArrayLike | None,
) -> _Tested:
    first, second = _amounts(baseline, candidate)
    check_alpha(alpha)
    check_positive(max_ratio, "max_ratio is a positive number like 0.5")
    cap = None if cap is None else check_positive(cap, "cap is the most that one answer can cost")
    unit = _unit(first, second)
    first, second, cap = first / unit, second / unit, None if cap is None else cap / unit
    rows = _Rows(*read_dependence(first.size, clusters, None, weights))
    few = first.size < FEWEST or (rows.labels is not None and np.unique(rows.labels).size < clustered.FEWEST)
    guard = None
    if cap is not None:
        dearest = max(cap, float(second.max()))
        guard = _Cap(max_ratio * rows.mean(first) - dearest, dearest)
    p_pass, p_fail = (1.0, 1.0) if few else _p_values(max_ratio * first - second, first, second, rows, guard)
    verdict = Verdict.PASS if p_pass <= alpha else Verdict.FAIL if p_fail <= alpha else Verdict.INCONCLUSIVE
    return _Tested(first, second, unit, rows, guard, few, p_pass, p_fail, verdict)


def _unit(*amounts: Floats) -> float:
    """A power of two near the largest amount. Whether a spread is nothing but rounding is asked of amounts near 1;
    division by a power of two changes no digit of a p-value."""
    return 2.0 ** math.frexp(max(float(one.max()) for one in amounts))[1]


@dataclass(frozen=True, slots=True)
class _Rows:
    """How rows hang together and what each stands for."""

    labels: Codes | None = None
    weights: Floats | None = None

    def mean(self, values: Floats) -> float:
        return float(np.average(values, weights=self.weights))


@dataclass(frozen=True, slots=True)
class _Cap:
    """The dearest answer that the candidate could give."""

    worst: float
    """What such an answer saves: below 0, it loses."""
    dearest: float
    """What it costs."""

    def p_value(self, saving: float, k_eff: float) -> float:
        """The chance that k_eff draws miss answers at the cap that are frequent enough to undo this mean saving.

        The rule of three (Hanley and Lippman-Hand 1983) for a share of answers instead of a share of events.
        """
        if self.worst >= 0:
            return 0.0
        return float(np.exp(k_eff * np.log1p(-self.share(saving)))) if saving > 0 else 1.0

    def share(self, saving: float) -> float:
        """The share of answers at the cap that eats up this mean saving."""
        return saving / (saving - self.worst)


def _p_values(saved: Floats, first: Floats, second: Floats, rows: _Rows, guard: _Cap | None) -> tuple[float, float]:
    mean, se, df, skew = _spread(saved, rows)
    if se <= 1e-12 * max(float(np.abs(saved).max()), 1e-300):
        # Every item saves the same amount: no spread, no doubt, but an exact tie shows nothing either way.
        tie = abs(mean) <= 1e-12 * max(float(first.max()), float(second.max()), 1e-300)
        p_pass, p_fail = (1.0, 1.0) if tie else (0.0, 1.0) if mean > 0 else (1.0, 0.0)
    else:
        p_pass, p_fail = t_tail(mean / se, df), t_tail(-mean / se, df)
        # A rare dear answer that was not drawn raises the saving and shrinks its spread together: skewness tells.
        k_eff = df + 1
        p_pass = max(p_pass, t_tail(bounded.corrected(mean / se / math.sqrt(k_eff), skew, k_eff), df))
        if rows.weights is not None and rows.labels is not None:
            present = np.bincount(rows.labels) > 0
            sums = np.bincount(rows.labels, weights=rows.weights * saved)[present].astype(np.float64)
            p_pass = max(p_pass, tilted_p(sums, k_eff))
        base, base_se, _, _ = _spread(first, rows)
        if base_se > 0:  # a share of something that is not shown to be above zero is no saving
            p_pass = max(p_pass, t_tail(base / base_se, df))
    if guard is not None:
        p_pass = max(p_pass, guard.p_value(mean, df + 1))
    return p_pass, p_fail


def _least_ratio(
    first: Floats, second: Floats, rows: _Rows, guard: _Cap | None, alpha: float, start: float
) -> float | None:
    """The smallest ratio that passes, from the plain interval's end on: skewness and guard only raise it."""
    worst = None if guard is None else guard.dearest

    def passes(ratio: float) -> bool:
        at = None if worst is None else _Cap(ratio * rows.mean(first) - worst, worst)
        return _p_values(ratio * first - second, first, second, rows, at)[0] <= alpha

    return least_passing(passes, start)


def _two_digits(value: float) -> str:
    """Two digits that count, never with an exponent: "0.49", "49", "120", "0.000032"."""
    return f"{float(f'{value:.2g}'):,.0f}" if value >= 10 else format(Decimal(f"{value:.2g}"), "f")


def _notes(
    saved: Floats, first: Floats, n: int, rows: _Rows, guard: _Cap | None, alpha: float, *, few: bool, unit: float
) -> Iterator[str]:
    if few:
        said = f"{n:,} answers"
        if rows.labels is not None:
            groups = int(np.unique(rows.labels).size)
            said += f" in {groups:,} {'cluster or item' if groups == 1 else 'clusters or items'}"
        clusters_too = "" if rows.labels is None else f", in at least {clustered.FEWEST} clusters or items"
        yield f"{said} are too few to decide about costs: at least {FEWEST} are needed{clusters_too}"
    if first.mean() <= 0:
        yield "the baseline costs nothing on these items: a ratio to it is undefined"
    saving = rows.mean(saved)
    if few or saving <= 0:
        return
    if guard is None:
        dearest = 100 * saving * unit
        yield (
            "the most that one answer can cost is not known, so dearer answers than those seen are not considered: "
            f"one in 100 that costs {_two_digits(dearest)} USD more would lie beyond the limit"
        )
    elif guard.worst < 0 and (share := guard.share(saving)) > 0:
        df = _spread(saved, rows)[2]
        if guard.p_value(saving, df + 1) > alpha:
            needed = math.ceil(math.log(alpha) / math.log1p(-min(share, 1 - 1e-12)))
            yield (
                f"one answer in {1 / share:,.0f} at the output limit would undo this saving; about {needed:,} "
                "independent items are needed to rule that out (a lower max_output_tokens needs fewer)"
            )


def cost_per_correct(
    costs: npt.ArrayLike, scores: npt.ArrayLike, confidence: float = 0.95, weights: npt.ArrayLike | None = None
) -> tuple[float, Interval | None] | None:
    """Cost for each correct answer with its Fieller interval; None without any correct answer. `weights` as above.

    The interval is None where it is unbounded: the share of correct answers is then not shown to be above zero.
    """
    amounts, marks = _amounts(costs, scores)
    if marks.sum() <= 0:
        return None
    rows = _Rows(*read_dependence(marks.size, None, None, weights))
    return rows.mean(amounts) / rows.mean(marks), fieller(amounts, marks, confidence, weights)


def fieller(
    numerators: npt.ArrayLike,
    denominators: npt.ArrayLike,
    confidence: float = 0.95,
    weights: npt.ArrayLike | None = None,
) -> Interval | None:
    """Interval of mean(numerators) / mean(denominators) over paired values; None where unbounded or unknown."""
    top, bottom = read(numerators, "numerator"), read(denominators, "denominator")
    if top.size != bottom.size:
        raise ValueError(f"a ratio of paired values needs as many of both, not {top.size} and {bottom.size}")
    if top.size < 2:
        return None
    rows = _Rows(*read_dependence(top.size, None, None, weights))
    unit, unit_below = _unit(np.abs(top)), _unit(np.abs(bottom))
    low, high = _bounds(top / unit, bottom / unit_below, rows, (1 - confidence) / 2)
    if low is None or high is None or low == high:
        return None
    return Interval(low * unit / unit_below, high * unit / unit_below)


def _bounds(top: Floats, bottom: Floats, rows: _Rows, alpha: float) -> tuple[float | None, float | None]:
    """Both ends of the ratios r for which the mean of top - r × bottom is within its error of 0; None: unbounded."""
    mean_top, se_top, df, _ = _spread(top, rows)
    mean_bottom, se_bottom, _, _ = _spread(bottom, rows)
    _, se_sum, _, _ = _spread(top + bottom, rows)
    shared = (se_sum**2 - se_top**2 - se_bottom**2) / 2
    t2 = t_quantile(1 - alpha, df) ** 2
    # (mean_top - r mean_bottom)^2 = t^2 (se_top^2 - 2 r shared + r^2 se_bottom^2), a quadratic in r.
    a = mean_bottom**2 - t2 * se_bottom**2
    b = mean_top * mean_bottom - t2 * shared
    c = mean_top**2 - t2 * se_top**2
    if a <= 1e-12 * mean_bottom**2 or mean_bottom <= 0:
        return None, None
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


def _spread(values: Floats, rows: _Rows) -> tuple[float, float, float, float]:
    """Mean, its standard error, the degrees of freedom, and the skewness of items or clusters."""
    if rows.labels is None:
        mean, sd, skew = bounded.moments(values)
        return mean, sd / math.sqrt(values.size), max(values.size - 1, 1), skew
    jack = clustered.jackknife(values, rows.labels, rows.weights)
    return jack.mean, jack.se, max(jack.k_eff - 1, 1e-3), jack.skew


def _amounts(first: object, second: object) -> tuple[Floats, Floats]:
    a, b = read(first, "first"), read(second, "second")
    if a.size != b.size:
        raise ValueError(f"costs are compared item by item: there are {a.size} and {b.size}")
    if not a.size:
        raise ValueError("there are no items with a known cost: unknown costs decide nothing")
    if (a < 0).any() or (b < 0).any():
        raise ValueError("a cost is negative: leave unknown costs out, they are not numbers")
    return a, b
