"""A test of scores that a judge gave, put right by people's labels of some of the answers.

    found = test_judged(JudgedPairs(judged, labels, strata, groups), margin=0.05)       # of two models' difference
    found.decision.verdict, found.judged, found.bias
    test_judged_floor(JudgedPairs(scores, labels, strata, groups), floor=0.85)          # of one model's mean score

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, Science 382; with its tuned weight:
Angelopoulos, Duchi, Zrnic 2023, arXiv:2311.01453): `judged_estimate`. Whom the judge prefers, for length, place, family
or strictness, is measured on the very pairs that people labelled. Three p-values have to agree, as for graded scores in
clusters: a skew-corrected t, the tilted test, which supposes the null (`clustered.tilted_p`), and the guard against
losses that so few labels may have missed. A floor is tested by the same three on score - 1 for passing and on -score
for failing, as in `one_sample`; its guard supposes unseen errors of the judge.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.intervals import Interval
from evalkit.stats.inversion import lower_bound
from evalkit.stats.judged_estimate import (
    FEWEST,
    FEWEST_IN_TASK,
    JudgedEstimate,
    JudgedPairs,
    against,
    enough_labels,
    estimate_of,
)
from evalkit.stats.one_sample import FloorDecision
from evalkit.stats.scores import check_alpha, check_margin
from evalkit.stats.verdict import Decision, Verdict


@dataclass(frozen=True, slots=True)
class JudgedDecision:
    """A comparison of judged scores, put right by labels."""

    decision: Decision
    """`delta` is the corrected difference; `n` all pairs."""
    judged: float
    """The difference as scored, without labels."""
    bias: float
    """The judge's difference minus people's, on the labelled pairs."""
    n_labelled: int
    """Pairs of which people labelled both answers."""


@dataclass(frozen=True, slots=True)
class JudgedFloor:
    """One model's judged mean score against its floor, put right by labels."""

    decision: FloorDecision
    """`mean` is the corrected score."""
    judged: float
    """The mean as scored, without labels."""
    bias: float
    """The judge's mean minus people's, on the labelled answers."""
    n_labelled: int


def test_judged(pairs: JudgedPairs, margin: float, alpha: float = 0.05) -> JudgedDecision:
    """The verdict with its interval. Raises ValueError without enough labels, or for figures that cannot be."""
    margin, alpha = check_margin(margin), check_alpha(alpha)
    if not enough_labels(pairs):
        raise ValueError(f"labels correct nothing below {FEWEST} labelled groups, {FEWEST_IN_TASK} in each stratum")
    labelled, by_people = ~np.isnan(pairs.labels), pairs.by_people
    judged, bias = pairs.mean(pairs.judged), pairs.mean(pairs.judged - pairs.labels, by_people)
    up, low_mean = against(pairs, 1)
    down, high_mean = against(pairs, -1)
    p_pass, p_fail = up(-margin), down(margin)
    verdict = _verdict(p_pass, p_fail, alpha)
    estimate = estimate_of(replace(pairs, n_errored=0), 1)
    step = _step(estimate, pairs)
    low = lower_bound(up, -margin, alpha, low_mean, step, fine=2e-4)
    high = -lower_bound(down, margin, alpha, high_mean, step, fine=2e-4)
    k = np.unique(pairs.groups[labelled]).size
    decision = Decision(
        verdict=verdict,
        delta=float(estimate.mean),
        margin=float(margin),
        alpha=float(alpha),
        interval=Interval(float(low), float(high)),
        p_pass=p_pass,
        p_fail=p_fail,
        method=_method(pairs),
        n=len(pairs.judged),
        n_errored=pairs.n_errored,
        n_clusters=int(k),
    )
    return JudgedDecision(decision, judged, bias, int(by_people.sum()))


def test_judged_floor(answers: JudgedPairs, floor: float, alpha: float = 0.05) -> JudgedFloor:
    """Whether one model's mean score, by people, is at least `floor`; answers without a score are 0 for passing and 1
    for failing. Raises ValueError without enough labels, or for figures that cannot be."""
    alpha = check_alpha(alpha)
    if not 0 <= floor <= 1:
        raise ValueError(f"a floor lies between 0 and 1, in score units (0.85), not {floor}")
    if not enough_labels(answers):
        raise ValueError(f"labels correct nothing below {FEWEST} labelled groups, {FEWEST_IN_TASK} in each stratum")
    by_people = answers.by_people
    up, low_mean = against(_below_right(answers), 1, of_one=True)
    down, high_mean = against(answers, -1, of_one=True)
    p_pass, p_fail = up(floor - 1), down(-floor)
    verdict = _verdict(p_pass, p_fail, alpha)
    estimate = estimate_of(replace(answers, n_errored=0), 1)
    step = _step(estimate, answers)
    low = 1 + lower_bound(up, floor - 1, alpha, low_mean, step, fine=2e-4)
    high = -lower_bound(down, -floor, alpha, high_mean, step, fine=2e-4)
    decision = FloorDecision(
        verdict,
        float(estimate.mean),
        float(floor),
        alpha,
        Interval(max(0.0, float(low)), min(1.0, float(high))),
        p_pass,
        p_fail,
        _method(answers),
        len(answers.judged),
        answers.n_errored,
    )
    judged, bias = answers.mean(answers.judged), answers.mean(answers.judged - answers.labels, by_people)
    return JudgedFloor(decision, judged, bias, int(by_people.sum()))


def decide_judged(pairs: JudgedPairs, margin: float, alpha: float = 0.05) -> Verdict:
    """The verdict of `test_judged` without the work for an interval; inconclusive without enough labels."""
    if not enough_labels(pairs):
        return Verdict.INCONCLUSIVE
    return _verdict(against(pairs, 1)[0](-margin), against(pairs, -1)[0](margin), alpha)


def decide_judged_floor(answers: JudgedPairs, floor: float, alpha: float = 0.05) -> Verdict:
    """The same of `test_judged_floor`."""
    if not enough_labels(answers):
        return Verdict.INCONCLUSIVE
    up, down = against(_below_right(answers), 1, of_one=True)[0], against(answers, -1, of_one=True)[0]
    return _verdict(up(floor - 1), down(-floor), alpha)


def _below_right(answers: JudgedPairs) -> JudgedPairs:
    """Scores less 1: what is lost of a right answer."""
    return replace(answers, judged=answers.judged - 1, labels=answers.labels - 1)


def _verdict(p_pass: float, p_fail: float, alpha: float) -> Verdict:
    if (p_pass <= alpha) == (p_fail <= alpha):
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if p_pass <= alpha else Verdict.FAIL


def _step(estimate: JudgedEstimate, pairs: JudgedPairs) -> float:
    """How far apart the ends of an interval are looked for at first."""
    return 2 * math.sqrt(float((estimate.centred**2).sum())) + 2 / len(pairs.judged)


def _method(pairs: JudgedPairs) -> str:
    how = "judged scores corrected by labels (prediction-powered), skew-corrected t and tilted sums with guard"
    return f"weighted: {how}" if pairs.weighted else how
