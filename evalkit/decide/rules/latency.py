"""Percentiles of measured times: against the baseline, or in seconds.

    {latency: ttft_p95, max_ratio: 1.2, max_s: 1.0}

An answer from the cache has no time: it counts as a lost one. Failed attempts before an answer, and the waits between
them, count where passing is at stake. A ratio needs both sides measured in one run, at one
declared load.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.decide.rules.base import Condition, GateRule, RuleContext, RuleResult, Unit, unmeasured
from evalkit.facts import is_replayed
from evalkit.facts.run import CAP
from evalkit.stats.verdict import Verdict
from evalkit.suite.wording import short
from evalkit.text import numbers
from evalkit.text.rule_names import time_words

if TYPE_CHECKING:
    from evalkit.results.pairs import Floats, Half, Pairs

LATENCIES = Literal[
    "ttft_p50", "ttft_p90", "ttft_p95", "ttft_p99", "ttfr_p50", "ttfr_p95", "tpot_p50", "tpot_p95", "tpot_p99",
    "total_p50", "total_p90", "total_p95", "total_p99",
]  # fmt: skip


_COUNTED_BY_SERVERS = (
    "the time between tokens rests on how many tokens the servers say they wrote, at most one a byte; total and ttft "
    "rest on no word of theirs"
)


class LatencyRule(GateRule):
    """A rule about a percentile of times."""

    kind: ClassVar[str] = "latency"
    limits: ClassVar[tuple[str, ...]] = ("max_ratio", "max_s")
    compares: ClassVar[frozenset[str]] = frozenset({"max_ratio"})
    reads: ClassVar[frozenset[str]] = frozenset({"times"})
    units: ClassVar[dict[str, Unit]] = {"max_ratio": "ratio", "max_s": "seconds"}

    latency: LATENCIES
    """A measured time and its percentile."""
    max_ratio: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """latency: candidate over baseline."""
    max_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """latency: seconds, of the candidate alone."""

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        found = _latency(condition, context.pairs, context.alpha, context.times_refused)
        if found.unmeasured is not None:
            return found
        told = [note for note in (_measured_by(context), *_recorded_by(context), *_busy(context, found)) if note]
        told += [_COUNTED_BY_SERVERS] if condition.subject.startswith("tpot") else []
        if (why := _slowed(context, found) or _warmed(context, found)) is not None:
            return replace(found, verdict=Verdict.INCONCLUSIVE, unmeasured=why, notes=(*found.notes, *told))
        return replace(found, notes=(*found.notes, *told))


def _slowed(context: RuleContext, found: RuleResult) -> str | None:
    """Why times under a lower load than is declared decide nothing: neither a ratio, nor that a candidate is quick
    enough. One that is too slow even so stays so."""
    by = context.candidate.facts.slowed_by if context.candidate is not None else ()
    if not by or (found.condition.limit == "max_s" and found.verdict is not Verdict.PASS):
        return None
    capped = [what.removeprefix(CAP).strip() for what in by if what.startswith(CAP)]
    causes = [f"requests waited for a cap in US dollars ({short(', '.join(capped))})"] if capped else []
    causes += ["a fast endpoint waited for a slow one (early_stop)"] if len(by) > len(capped) else []
    ways = ["a higher max_cost_usd"] if capped else []
    ways += ["early_stop: off"] if len(by) > len(capped) else []
    return (
        f"{' and '.join(causes)}, so that fewer requests were open than run.in_flight says, and times say little of "
        f"that load: run again with {' and '.join(ways)}, and --no-cache"
    )


_MOST_WARM = 0.05
"""Share of answers whose prompt a provider had in its cache before the run; a few are chance, or another user's."""


def _warmed(context: RuleContext, found: RuleResult) -> str | None:
    """Why times of prompts that an earlier run had put into the provider's cache show no candidate to be quick enough;
    None where there are few, or it is not."""
    if found.verdict is not Verdict.PASS or context.candidate is None or found.condition.subject.startswith("tpot"):
        return None
    if not context.n_warm:
        from evalkit.decide.sent_prompts import n_warm

        context.n_warm.append(n_warm(context.candidate))
    n, n_all = context.n_warm[0]
    if n <= _MOST_WARM * n_all:
        return None
    return (
        f"{n:,} of {n_all:,} prompts came out of the cache of the candidate's provider, and nothing in this run had "
        "put them there: an earlier run did, so that these times are no first ones. Run it again once that cache has "
        "expired (minutes; an hour where it was asked for): evalkit run SUITE --new --no-cache"
    )


def _measured_by(context: RuleContext) -> str | None:
    """Who took the times, where evalkit did not."""
    imported = context.candidate.facts.imported if context.candidate is not None else None
    if imported is None or context.candidate is None:
        return None
    load = context.candidate.facts.in_flight
    under = f"with {load} requests in flight" if isinstance(load, int) else "under a load that is not stated"
    return f"times were taken by {imported.times_measured_by or 'another tool'}, {under}; evalkit measured nothing"


def _recorded_by(context: RuleContext) -> Iterator[str]:
    """Of each side whose times stood in a file of answers: who took them."""
    for side in (context.candidate, context.baseline):
        told = side.facts.model_facts(side.model).facts if side is not None else None
        if side is None or not told or not is_replayed(told):
            continue
        who, load = told.get("times_measured_by"), told.get("times_in_flight")
        by = f"were taken by {short(str(who))}" if who else "were taken by nobody knows whom"
        under = f"with {load} requests in flight" if load else "under a load that is not stated"
        yield f"times of {side.label} stand in a file of answers; they {by}, {under}; evalkit measured nothing"


def _busy(context: RuleContext, found: RuleResult) -> Iterator[str]:
    """Of each side whose times may be evalkit's own: one sentence."""
    from evalkit.results.busy_client import busy_client

    for side, seconds in ((context.candidate, found.candidate), (context.baseline, found.baseline)):
        if side is None:
            continue
        if (told := busy_client(side.facts, side.model, seconds, "time decided on")) is not None:
            yield f"{side.label}: {told}"


def _latency(condition: Condition, pairs: Pairs, alpha: float, refused: str | None) -> RuleResult:
    """A percentile of measured times; what was not timed (failed, or from the cache) counts as slow for passing and as
    fast for failing."""
    import numpy as np

    from evalkit.decide.lost_pairs import filled, groups, items, limited, quotient, weights
    from evalkit.stats.exceedance import latency_limit, latency_ratio
    from evalkit.stats.quantiles import weighted_quantile

    name, _, percent = condition.subject.partition("_p")
    quantile = int(percent) / 100
    own = condition.limit == "max_s"
    if refused and not own:
        return unmeasured(condition, refused)
    before, after = times_of(pairs.baseline, name), times_of(pairs.candidate, name)
    fresh = ~pairs.candidate.cached if own else ~(pairs.candidate.cached | pairs.baseline.cached)
    there = fresh & ~np.isnan(after) & (own | ~np.isnan(before))
    # An answer of the cache is lost like a failed one: whoever fills the cache could else choose which are timed.
    lost = ~there
    n_lost, n_cached = int(lost.sum()), int((~fresh).sum())
    together, heavy = groups(pairs, there, lost), weights(pairs, there, lost)
    if not there.any() or n_lost > there.sum():
        why = (
            "every answer came from the cache, and a cached time says nothing: run again with --no-cache"
            if not fresh.any()
            else f"{time_words(name)} was not measured for {n_lost:,} of {pairs.n:,} items on either side"
            + (f" ({n_cached:,} came from the cache: run again with --no-cache)" if n_cached else "")
        )
        return unmeasured(condition, why)
    times, other = after[there], before[there]
    waited, others_waited = (waited_before(half, name)[there] for half in (pairs.candidate, pairs.baseline))
    notes = _notes(n_cached, int((waited > 0).sum()), float(waited.max()))
    # A server may give slow attempts up itself (503, a closed connection), and answer the next one at once.
    longest, others_longest = times + waited, other + others_waited
    # Nobody knows how long a failed answer would have taken: longer than any limit, however soon it was given up.
    beyond = 10 * max(longest.max(), condition.at * (1.0 if own else others_longest.max()))
    # So does nobody know of one that evalkit gave up, in this session or an earlier one, and drew anew.
    longest = np.where(pairs.candidate.given_up[there] > 0, beyond, longest)
    shortest = other if own else np.where(pairs.baseline.given_up[there] > 0, other.min(), other)
    if own:
        how = (quantile, condition.at, alpha, together, heavy, items(pairs, there, lost))
        slow = latency_limit(filled(longest, n_lost, beyond), *how)
        fast = latency_limit(filled(times, n_lost, times.min()), *how)
    else:
        slow = latency_ratio(
            filled(shortest, n_lost, other.min()),
            filled(longest, n_lost, beyond),
            quantile,
            condition.at,
            alpha,
            together,
            heavy,
        )
        fast = latency_ratio(
            filled(others_longest, n_lost, others_longest.max()),
            filled(times, n_lost, times.min()),
            quantile,
            condition.at,
            alpha,
            together,
            heavy,
        )
    found = limited(condition, slow, fast, n_lost, 1.0)
    own_weights = None if pairs.weight is None else pairs.weight[there]
    after_q = weighted_quantile(times, quantile, own_weights)
    before_q = None if own else weighted_quantile(other, quantile, own_weights)
    return replace(
        found,
        value=after_q if own else quotient(after_q, before_q),
        baseline=before_q,
        candidate=after_q,
        notes=(*found.notes, *notes),
    )


def _notes(n_cached: int, n_again: int, longest_s: float) -> tuple[str, ...]:
    """What a reader has to know of times that are not those of a plain first attempt."""
    notes = []
    if n_cached:
        notes.append(
            f"{numbers.plural(n_cached, 'item')} came from the cache and {numbers.verb(n_cached, 'was', 'were')} not "
            "timed; --no-cache asks anew"
        )
    if n_again:
        notes.append(
            f"{numbers.plural(n_again, 'answer')} of the candidate came at a later attempt, or waited for a new "
            f"connection; passing counts what was waited before (up "
            f"to {longest_s:.3g} s) too, failing does not"
        )
    return tuple(notes)


def waited_before(half: Half, name: str) -> Floats:
    """Seconds before the attempt that was timed; 0 where none are known, and for the time between tokens."""
    import numpy as np

    return np.zeros(len(half.retry_s)) if name == "tpot" else np.nan_to_num(half.retry_s)


def times_of(half: Half, name: str) -> Floats:
    """float64[n] seconds of a measured time (ttft, ttfr, tpot, total); NaN where it was not measured."""
    import numpy as np

    times: Floats = getattr(half, f"{name}_s")
    return np.where(times > 0, times, np.nan)
