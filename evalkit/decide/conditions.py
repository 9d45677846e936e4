"""One condition of a gate, decided on paired rows: quality and rates here, cost and latency in `limits`.

    for condition in conditions(rule):
        evaluate(condition, pairs, alpha=0.05)         # a RuleResult: verdict, figures, what it rests on

An errored pair counts against whatever is at stake: as lost where passing is, as won where failing is. What was not
measured (an unknown price, answers from the cache) is never estimated: the finding is then inconclusive and
`unmeasured` says why.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evalkit.decide import limits
from evalkit.decide.rules import Condition, RuleResult, unmeasured
from evalkit.results.pairs import Mask, NotComparable, Pairs, labels_of
from evalkit.stats.comparison import test
from evalkit.stats.verdict import Decision
from evalkit.suite.wording import near


def evaluate(
    condition: Condition, pairs: Pairs, alpha: float, *, latency_ratio_refused: str | None = None
) -> RuleResult:
    """The finding. `latency_ratio_refused`: why the two sides' times cannot be put into a ratio; None when they can.

    Raises NotComparable for a slice that no item belongs to.
    """
    if condition.kind == "quality":
        return quality(condition, pairs.only(rows_of(pairs, condition.subject)), alpha)
    if condition.kind == "cost":
        return limits.cost(condition, pairs, alpha)
    if condition.kind == "latency":
        return limits.latency(condition, pairs, alpha, latency_ratio_refused)
    return _rate(condition, pairs, alpha)


def rows_of(pairs: Pairs, subject: str) -> Mask:
    """The rows that a quality rule is about. Raises NotComparable where there are none."""
    if subject == "all":
        return np.ones(pairs.n, dtype=bool)
    task, slash, part = subject.partition("/")
    if task not in pairs.tasks:
        raise NotComparable(
            f"the gate asks about the task {task!r}, of which no rows are here; {near(task, pairs.tasks)}"
        )
    mask = pairs.task_mask(task)
    if not slash:
        return mask
    name, _, value = part.partition("=")
    for of_task, slice_name, slice_value, rows in pairs.slice_rows:
        if (of_task, slice_name, slice_value) == (task, name, value):
            mask = np.zeros(pairs.n, dtype=bool)
            mask[rows] = True
            return mask
    known = [f"{t}/{s}={v}" for t, s, v, _ in pairs.slice_rows if t == task]
    raise NotComparable(f"the gate asks about {subject!r}, to which no item belongs; {near(subject, known)}")


def quality(condition: Condition, pairs: Pairs, alpha: float) -> RuleResult:
    """A difference of scores, tested by what the data are: right/wrong, graded, clustered, repeated."""
    scored = pairs.scored
    n_errored = int((~scored).sum())
    base, cand = pairs.baseline.score[scored], pairs.candidate.score[scored]
    if not len(base):
        return unmeasured(condition, "no pair has a score on both sides", n_errored=n_errored)
    decided = test_scores(condition, pairs, alpha)
    return replace(_found(condition, decided), baseline=float(base.mean()), candidate=float(cand.mean()))


def test_scores(condition: Condition, pairs: Pairs, alpha: float) -> Decision:
    """The test of a quality condition on the pairs it is about. Raises ValueError when no pair is scored."""
    scored = pairs.scored
    return test(
        pairs.baseline.score[scored],
        pairs.candidate.score[scored],
        condition.value,
        alpha,
        tail=condition.tail,
        scope=condition.scope,
        n_errored=int((~scored).sum()),
        **labels_of(pairs, scored),
    )


def _rate(condition: Condition, pairs: Pairs, alpha: float) -> RuleResult:
    """How often answers end badly: the paired test of right/wrong, with "did not end so" as right."""
    base, cand = pairs.baseline, pairs.candidate
    own = condition.limit == "max_rate"
    lost = cand.errored if own else base.errored | cand.errored
    if condition.subject == "errored":
        lost = np.zeros(pairs.n, dtype=bool)
    there = ~lost
    if not there.any():
        return unmeasured(condition, "no item was answered on both sides")
    after = cand.is_outcome(condition.subject)[there].astype(float)
    before = np.zeros(len(after)) if own else base.is_outcome(condition.subject)[there].astype(float)
    margin = min(condition.value, 1 - 1e-9)
    decided = test(1 - before, 1 - after, margin, alpha, n_errored=int(lost.sum()), **labels_of(pairs, there))
    found = _found(condition, decided)
    return replace(
        found,
        value=-decided.delta,
        low=None if found.high is None else -found.high,
        high=None if found.low is None else -found.low,
        baseline=None if own else float(before.mean()),
        candidate=float(after.mean()),
    )


def _found(condition: Condition, decided: Decision) -> RuleResult:
    return RuleResult(
        condition,
        decided.verdict,
        value=decided.delta,
        low=decided.interval.low if decided.interval else None,
        high=decided.interval.high if decided.interval else None,
        n=decided.n,
        n_errored=decided.n_errored,
        p_pass=decided.p_pass,
        p_fail=decided.p_fail,
        method=decided.method,
        more_if_equal=decided.more_if_equal,
        more_if_estimate_holds=decided.more_if_estimate_holds,
        notes=decided.notes,
    )
