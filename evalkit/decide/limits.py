"""Cost and latency against their limits: a ratio to the baseline, or an amount of dollars or seconds.

Pairs without a figure because a request failed are read both ways: as dear and slow where passing is at stake, as cheap
and fast where failing is. What was never measured is not estimated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evalkit.decide.pairing import Codes, Floats, Half, Mask, Pairs, labels_of
from evalkit.decide.rules import Condition, RuleResult, unmeasured
from evalkit.stats.exceedance import latency_limit, latency_ratio
from evalkit.stats.ratios import cost_per_correct, cost_ratio
from evalkit.stats.verdict import LimitDecision, Verdict


def cost(condition: Condition, pairs: Pairs, alpha: float) -> RuleResult:
    """The bill: paired t against a ratio of the baseline's, or against an amount of dollars a sample."""
    base, cand = pairs.baseline, pairs.candidate
    own = condition.limit == "max_usd"
    lost = cand.errored if own else base.errored | cand.errored
    known = ~np.isnan(cand.cost_usd) & (own | ~np.isnan(base.cost_usd))
    n_unknown = int((~known & ~lost).sum())
    if n_unknown or not (known & ~lost).any():
        who = "either side" if not own else "the candidate"
        return unmeasured(
            condition,
            f"what {n_unknown or pairs.n:,} of {pairs.n:,} answers of {who} cost is unknown: give the model a price "
            "(prices.yaml beside the suite, or --prices FILE), or name one with price_as",
        )
    if condition.subject == "usd_per_correct":
        return _cost_per_correct(condition, pairs, known & ~lost)
    unit = 1000.0 if condition.subject == "usd_per_1k_samples" else 1.0
    there = known & ~lost
    spent, before = cand.cost_usd[there], base.cost_usd[there]
    against = np.full(len(spent), condition.value / unit) if own else before
    ratio = 1.0 if own else condition.value
    labels = _groups(pairs, there, lost)
    cap = pairs.dearest_usd if condition.tail == "strict" else None

    def decide(first: Floats, second: Floats) -> LimitDecision:
        return cost_ratio(first, second, ratio, alpha, labels, cap)

    n_lost = int(lost.sum())
    low, high = (against.min(), against.max()), (spent.min(), spent.max())
    dear = decide(_with(against, n_lost, low[0]), _with(spent, n_lost, high[1]))
    cheap = decide(_with(against, n_lost, low[1]), _with(spent, n_lost, high[0]))
    # Against an amount the ratio is to the limit itself; back into dollars.
    scale = condition.value if own else 1.0
    return replace(
        _limited(condition, dear, cheap, n_lost, scale),
        value=float(spent.mean()) * unit if own else _quotient(spent.mean(), before.mean()),
        baseline=None if own else float(before.mean()) * unit,
        candidate=float(spent.mean()) * unit,
    )


def _cost_per_correct(condition: Condition, pairs: Pairs, rows: Mask) -> RuleResult:
    """Dollars for each right answer: shown with Fieller's interval, never a verdict."""
    sides = []
    for half in (pairs.baseline, pairs.candidate):
        marked = rows & ~np.isnan(half.score)
        sides.append(cost_per_correct(half.cost_usd[marked], half.score[marked]) if marked.any() else None)
    before, after = sides
    interval = after[1] if after else None
    return RuleResult(
        condition,
        Verdict.INCONCLUSIVE,
        value=after[0] if after else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        baseline=before[0] if before else None,
        candidate=after[0] if after else None,
        n=int(rows.sum()),
        method="Fieller's interval; shown, not tested",
    )


def latency(condition: Condition, pairs: Pairs, alpha: float, refused: str | None) -> RuleResult:
    """A percentile of measured times; answers from the cache are left out, failed ones count as slow for passing."""
    name, _, percent = condition.subject.partition("_p")
    quantile = int(percent) / 100
    own = condition.limit == "max_s"
    if refused and not own:
        return unmeasured(condition, refused)
    before, after = _times(pairs.baseline, name), _times(pairs.candidate, name)
    fresh = ~pairs.candidate.cached if own else ~(pairs.candidate.cached | pairs.baseline.cached)
    there = fresh & ~np.isnan(after) & (own | ~np.isnan(before))
    # An answer of the cache is lost like a failed one: whoever fills the cache could else choose which are timed.
    lost = ~there
    n_lost, n_cached = int(lost.sum()), int((~fresh).sum())
    groups = _groups(pairs, there, lost)
    if not there.any() or n_lost > there.sum():
        why = (
            "every answer came from the cache, and a cached time says nothing: run again with --no-cache"
            if not fresh.any()
            else f"{name} was not measured for {n_lost:,} of {pairs.n:,} items on either side"
            + (f" ({n_cached:,} came from the cache: run again with --no-cache)" if n_cached else "")
        )
        return unmeasured(condition, why)
    times, other = after[there], before[there]
    # Nobody knows how long a failed answer would have taken: longer than any limit, however soon it was given up.
    beyond = 10 * max(times.max(), condition.value * (1.0 if own else other.max()))
    notes = (
        (f"{n_cached:,} items came from the cache and were not timed; --no-cache asks them anew",) if n_cached else ()
    )
    if own:
        slow = latency_limit(_with(times, n_lost, beyond), quantile, condition.value, alpha, groups)
        fast = latency_limit(_with(times, n_lost, times.min()), quantile, condition.value, alpha, groups)
    else:
        slow = latency_ratio(
            _with(other, n_lost, other.min()),
            _with(times, n_lost, beyond),
            quantile,
            condition.value,
            alpha,
            groups,
        )
        fast = latency_ratio(
            _with(other, n_lost, other.max()),
            _with(times, n_lost, times.min()),
            quantile,
            condition.value,
            alpha,
            groups,
        )
    found = _limited(condition, slow, fast, n_lost, 1.0)
    after_q = float(np.quantile(times, quantile))
    before_q = None if own else float(np.quantile(other, quantile))
    return replace(
        found,
        value=after_q if own else _quotient(after_q, before_q),
        baseline=before_q,
        candidate=after_q,
        notes=(*found.notes, *notes),
    )


def _groups(pairs: Pairs, there: Mask, lost: Mask) -> Codes | None:
    """Cluster, else item, of the rows with a figure and then of those without; None where every row stands alone."""
    labels = labels_of(pairs, np.concatenate((np.flatnonzero(there), np.flatnonzero(lost))))
    found: Codes | None = labels.get("clusters", labels.get("items"))
    return found


def _limited(
    condition: Condition, worse: LimitDecision, better: LimitDecision, n_lost: int, scale: float
) -> RuleResult:
    """One finding from two readings of the lost pairs: passing has to survive the worse one, failing the better."""
    verdict = Verdict.INCONCLUSIVE
    if worse.verdict is Verdict.PASS:
        verdict = Verdict.PASS
    elif better.verdict is Verdict.FAIL:
        verdict = Verdict.FAIL
    lost = (f"{n_lost} pairs without a figure count as bad for passing and as good for failing",) if n_lost else ()
    return RuleResult(
        condition,
        verdict,
        low=None if better.low is None else better.low * scale,
        high=None if worse.high is None else worse.high * scale,
        n=worse.n - n_lost,
        n_errored=n_lost,
        p_pass=worse.p_pass,
        p_fail=better.p_fail,
        method=worse.method,
        notes=(*worse.notes, *lost),
    )


def _times(half: Half, name: str) -> Floats:
    times: Floats = getattr(half, f"{name}_s")
    return np.where(times > 0, times, np.nan)


def _with(values: Floats, n: int, filler: float) -> Floats:
    return np.concatenate((values, np.full(n, filler)))


def _quotient(top: float, bottom: float | None) -> float | None:
    return float(top) / float(bottom) if bottom else None
