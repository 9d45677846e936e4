"""Cost and latency with pairs that have no figure because a request failed: read both ways.

As dear and slow where passing is at stake, as cheap and fast where failing is. What nobody measured is not estimated.
"""

from __future__ import annotations

import numpy as np

from evalkit.decide.rules.base import Condition, RuleResult
from evalkit.results.pairs import Codes, Floats, Mask, Pairs, labels_of
from evalkit.stats.verdict import LimitDecision, Verdict
from evalkit.text import numbers


def groups(pairs: Pairs, there: Mask, lost: Mask) -> Codes | None:
    """Cluster, else item, of the rows with a figure and then of those without; None where every row stands alone."""
    labels = labels_of(pairs, _places(there, lost))
    found: Codes | None = labels.get("clusters", labels.get("items"))
    return found


def items(pairs: Pairs, there: Mask, lost: Mask) -> Codes | None:
    """Item of the same rows; None where each was asked once."""
    found: Codes | None = labels_of(pairs, _places(there, lost)).get("items")
    return found


def _places(there: Mask, lost: Mask) -> Codes:
    return np.concatenate((np.flatnonzero(there), np.flatnonzero(lost)))


def weights(pairs: Pairs, there: Mask, lost: Mask) -> Floats | None:
    """What the rows with a figure and then those without stand for, as `groups`; None where all count alike."""
    return None if pairs.weight is None else np.concatenate((pairs.weight[there], pairs.weight[lost]))


def limited(condition: Condition, worse: LimitDecision, better: LimitDecision, n_lost: int, scale: float) -> RuleResult:
    """One finding from two readings of the lost pairs: passing has to survive the worse one, failing the better."""
    verdict = Verdict.INCONCLUSIVE
    if worse.verdict is Verdict.PASS:
        verdict = Verdict.PASS
    elif better.verdict is Verdict.FAIL:
        verdict = Verdict.FAIL
    figure = {"cost": "a cost", "latency": "a time"}.get(condition.kind, "a figure")
    lost = (
        (f"{numbers.plural(n_lost, 'pair lacks', 'pairs lack')} {figure}: the worst case is assumed both ways",)
        if n_lost
        else ()
    )
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


def filled(values: Floats, n: int, filler: float) -> Floats:
    return np.concatenate((values, np.full(n, filler)))


def quotient(top: float, bottom: float | None) -> float | None:
    return float(top) / float(bottom) if bottom else None
