"""A paired test of scores that a judge gave, put right by people's labels of some of the answers.

    found = test_judged(JudgedPairs(judged, labels, strata, groups), margin=0.05)
    found.decision.verdict, found.judged, found.bias

Prediction-powered inference (Angelopoulos, Bates, Fannjiang, Jordan, Zrnic 2023, Science 382; with its tuned weight:
Angelopoulos, Duchi, Zrnic 2023, arXiv:2311.01453), of the paired difference: in each stratum (task) with n labelled and
M other pairs

    estimate = mean of labels + l (mean of the judge's differences on the others - on the labelled)

where l, between 0 and 1, is the slope of the labels on the judge times M / (M + n), each labelled pair's own left out.
So a judge that says nothing, or the wrong thing, costs power and never the guarantee, as long as the labelled pairs
were drawn at random within their task: whom the judge prefers, for length, place, family or strictness, is measured on
the very pairs. Three p-values have to agree, as for graded scores in clusters: a skew-corrected t, the tilted test,
which supposes the null (`clustered.tilted_p`), and the guard against losses that so few labels may have missed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evalkit.stats.bounded import PValue, never
from evalkit.stats.clustered import tilted_p
from evalkit.stats.intervals import Interval, t_tail
from evalkit.stats.inversion import lower_bound
from evalkit.stats.scores import Codes, Floats, check_alpha, check_margin
from evalkit.stats.verdict import Decision, Verdict

FEWEST = 30
"""Labelled groups (clusters, items) below which labels correct nothing."""
FEWEST_IN_TASK = 5
"""The same in each stratum."""


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
class JudgedPairs:
    """What is known of each pair (item and repeat) with a score on both sides: arrays of one length n."""

    judged: Floats
    """float64[n]: candidate minus baseline, as scored."""
    labels: Floats
    """float64[n]: the same by people; NaN where not both answers are labelled. Scores that no judge gave are their own
    labels: the same value in both arrays."""
    strata: Codes
    """int64[n]: equal within a task. Labels are a random sample within each."""
    groups: Codes
    """int64[n]: equal for pairs that move together (a cluster, or the repeats of an item)."""
    n_errored: int = 0
    """Pairs without a score: lost for passing, won for failing."""
    marked: npt.NDArray[np.bool_] | None = None
    """bool[n]: which pairs a judge marked, so that their labels are people's. None: all."""

    @property
    def by_people(self) -> npt.NDArray[np.bool_]:
        """bool[n]: pairs of which people labelled both answers."""
        labelled = ~np.isnan(self.labels)
        return np.asarray(labelled if self.marked is None else labelled & self.marked)


def enough_labels(pairs: JudgedPairs) -> bool:
    """Whether labels can correct: people labelled 30 groups, 5 of them in every stratum that is not labelled
    throughout."""
    labelled = ~np.isnan(pairs.labels)
    for stratum in np.unique(pairs.strata[~labelled]):
        if np.unique(pairs.groups[labelled & (pairs.strata == stratum)]).size < FEWEST_IN_TASK:
            return False
    return np.unique(pairs.groups[pairs.by_people]).size >= FEWEST


def test_judged(pairs: JudgedPairs, margin: float, alpha: float = 0.05) -> JudgedDecision:
    """The verdict with its interval. Raises ValueError without enough labels, or for figures that cannot be."""
    margin, alpha = check_margin(margin), check_alpha(alpha)
    if not enough_labels(pairs):
        raise ValueError(f"labels correct nothing below {FEWEST} labelled groups, {FEWEST_IN_TASK} in each stratum")
    labelled, by_people = ~np.isnan(pairs.labels), pairs.by_people
    judged = float(pairs.judged.mean())
    bias = float((pairs.judged - pairs.labels)[by_people].mean())
    up, low_mean = _against(pairs, 1)
    down, high_mean = _against(pairs, -1)
    p_pass, p_fail = up(-margin), down(margin)
    verdict = Verdict.INCONCLUSIVE
    if (p_pass <= alpha) != (p_fail <= alpha):
        verdict = Verdict.PASS if p_pass <= alpha else Verdict.FAIL
    estimate = _estimate(replace(pairs, n_errored=0), 1)
    step = 2 * math.sqrt(float((estimate.centred**2).sum())) + 2 / len(pairs.judged)
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
        method="judged scores corrected by labels (prediction-powered), skew-corrected t and tilted sums with guard",
        n=len(pairs.judged),
        n_errored=pairs.n_errored,
        n_clusters=int(k),
    )
    return JudgedDecision(decision, judged, bias, int(by_people.sum()))


@dataclass(frozen=True, slots=True)
class _Estimate:
    mean: float
    pulls: Floats
    """float64[G]: what each group adds to the mean; their sum is the mean."""
    centred: Floats
    """float64[G]: the same without the mean: the spread of the estimate."""
    shares: Floats
    """float64[G]: what each group adds to a supposed difference; their sum is 1."""
    df: float
    """Degrees of freedom of the spread (Satterthwaite): a task with few labels knows its own spread badly."""
    labelled: tuple[tuple[float, int], ...]
    """Of each stratum: its share of all pairs, and its labelled groups."""


def corrected_mean(pairs: JudgedPairs, judged: Floats, labels: Floats) -> float:
    """The mean of one side, put right by people's labels as the difference is: the two sides' are `delta` apart.

    `judged`, `labels`: float64[n], that side's scores by the judge and by people, of the same pairs; labels are read
    where both answers have one.
    """
    known = ~np.isnan(pairs.labels)
    mean = 0.0
    for stratum in _strata(pairs, known):
        residual = labels[stratum.told] - stratum.own * judged[stratum.told]
        around = float(judged[stratum.rest].mean()) * stratum.usual if len(stratum.rest) else 0.0
        mean += stratum.n / len(judged) * (float(residual.mean()) + around)
    return mean


@dataclass(frozen=True, slots=True)
class _Stratum:
    """One stratum's pairs and how far the judge is believed there."""

    n: int
    told: Codes
    """Row numbers of the labelled pairs."""
    rest: Codes
    own: Floats
    """float64[labelled]: the judge's weight on each labelled pair."""
    usual: float
    """On the others."""


def _strata(pairs: JudgedPairs, known: np.ndarray) -> list[_Stratum]:
    slopes = _slopes(pairs, known)
    made = []
    for stratum in np.unique(pairs.strata):
        here = pairs.strata == stratum
        told, rest = np.flatnonzero(here & known), np.flatnonzero(here & ~known)
        own, usual = slopes[told], float(slopes[told].mean()) if len(told) else 0.0
        if not len(rest):
            own, usual = np.zeros(len(told)), 0.0  # nothing is left to predict
        made.append(_Stratum(int(here.sum()), told, rest, own, usual))
    return made


def _against(pairs: JudgedPairs, sign: int) -> tuple[PValue, float]:
    """The p-values from the candidate's side (1) or the baseline's (-1), errored pairs lost; and the mean."""
    found = _estimate(pairs, sign)
    second = float((found.centred**2).sum())
    if second <= 1e-18:
        return (lambda supposed: _unseen(found, supposed)) if found.mean > -1 else never, found.mean
    se = math.sqrt(second)
    skew = float((found.centred**3).sum()) / second**1.5

    def p_value(supposed: float) -> float:
        distance = (found.mean - supposed) / se
        cubic = distance + skew * distance**2 / 3 + skew**2 * distance**3 / 27 + skew / 6
        p = max(t_tail(cubic, found.df), _unseen(found, supposed))
        return float(max(p, tilted_p(found.pulls - supposed * found.shares, found.df + 1)))

    return p_value, found.mean


def _unseen(found: _Estimate, supposed: float) -> float:
    """The chance that the labels of one stratum missed losses there that are frequent enough to explain `supposed`."""
    if found.mean <= supposed:
        return 1.0
    share = (found.mean - supposed) / (1 + found.mean)
    chances = [math.exp(n * math.log1p(-share / weight)) if share < weight else 0.0 for weight, n in found.labelled]
    return max(chances)


def _estimate(pairs: JudgedPairs, sign: int) -> _Estimate:
    """The corrected mean and what each group adds to it."""
    judged, labels = sign * pairs.judged, sign * pairs.labels
    known = ~np.isnan(labels)
    _, groups = np.unique(pairs.groups, return_inverse=True)
    total = len(judged) + pairs.n_errored
    n_groups = int(groups.max()) + 1 + pairs.n_errored
    pulls, centred, shares = np.zeros(n_groups), np.zeros(n_groups), np.zeros(n_groups)
    mean, spread, df_parts = 0.0, 0.0, 0.0
    labelled: list[tuple[float, int]] = []
    for stratum in _strata(pairs, known):
        told, rest, own, usual = stratum.told, stratum.rest, stratum.own, stratum.usual
        weight = float(stratum.n) / total
        others = usual * judged[rest]
        around = float(others.mean()) if len(rest) else 0.0
        residual = labels[told] - own * judged[told] + around
        mean += weight * float(residual.mean())
        np.add.at(pulls, groups[told], weight * residual / len(told))
        n_told = np.unique(groups[told]).size
        widened = weight * math.sqrt(n_told / max(1, n_told - 1))
        np.add.at(centred, groups[told], widened * (residual - residual.mean()) / len(told))
        own_spread = float((np.bincount(groups[told], residual - residual.mean()) ** 2).sum())
        own_spread *= (widened / len(told)) ** 2
        spread, df_parts = spread + own_spread, df_parts + own_spread**2 / max(1, n_told - 1)
        labelled.append((float(weight), n_told))
        np.add.at(shares, groups[told], weight / len(told))
        if len(rest):
            np.add.at(pulls, groups[rest], weight * (others - around) / len(rest))
            np.add.at(centred, groups[rest], weight * (others - around) / len(rest))
    if pairs.n_errored:
        pulls[-pairs.n_errored :] = -1 / total
        mean -= pairs.n_errored / total
        shares[-pairs.n_errored :] = 1 / total
        centred[-pairs.n_errored :] = (-1 - mean) / total
    df = spread**2 / df_parts if df_parts > 0 else float(sum(n for _, n in labelled) - len(labelled))
    return _Estimate(mean, pulls, centred, shares, df, tuple(labelled))


def _slopes(pairs: JudgedPairs, known: np.ndarray) -> Floats:
    """float64[n]: for each labelled pair the judge's tuned weight, from the other labelled pairs of all strata, each
    around the means of its stratum; NaN for the others."""
    x, y = pairs.judged, np.where(known, pairs.labels, 0.0)
    products, squares = np.zeros(len(x)), np.zeros(len(x))
    part = np.zeros(len(x))
    for stratum in np.unique(pairs.strata):
        here = pairs.strata == stratum
        told = np.flatnonzero(here & known)
        n_rest = int(here.sum()) - len(told)
        if not len(told):
            continue
        a, b = x[told] - x[told].mean(), y[told] - y[told].mean()
        if n_rest:  # strata where everything is known teach nothing of a judge
            products[told], squares[told] = a * b, a * a
        part[told] = n_rest / (n_rest + len(told))
    below = np.maximum(squares.sum() - squares, 1e-12)
    found = np.clip((products.sum() - products) / below, 0.0, 1.0) * part
    return np.where(known, np.where(squares.sum() > 0, found, 0.0), np.nan)
