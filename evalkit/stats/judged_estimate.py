"""Judged scores put right by people's labels: the estimate, its spread, and its p-values. The tests are in `judged`.

In each stratum (task) with n labelled and M other pairs

    estimate = mean of labels + l (mean of the judge's differences on the others - on the labelled)

where l, between 0 and 1, is the slope of the labels on the judge times M / (M + n), each labelled pair's own left out.
So a judge that says nothing, or the wrong thing, costs power and never the guarantee, as long as the labelled pairs
were drawn at random within their task.

Where pairs stand for unequal numbers of requests all means are weighted (Hajek's), the slope minds the squared weights,
each group's pull is divided by 1 - its leverage (as leaving it out would), and labelled groups count as Kish's
effective number of them, for the degrees of freedom as one and a half times the number of groups whose pulls speak, if
that is less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from evalkit.stats.bounded import PValue, never
from evalkit.stats.clustered import tilted_p
from evalkit.stats.intervals import t_tail
from evalkit.stats.scores import Codes, Floats

FEWEST = 30
"""Labelled groups (clusters, items) below which labels correct nothing."""
FEWEST_IN_TASK = 5
"""The same in each stratum."""
FEWEST_EFFECTIVE = 20
"""Equal labelled groups that unequal ones have to tell as much as."""
_TAILS = 1.5
"""So many degrees of freedom for each group that speaks (`_speaking`). With Kish's number alone a judge that overlooks
heavy losses passed in .078 of 600 draws, with 2 in .075 of 400; with 1 it costs a fifth of the power."""


@dataclass(frozen=True, slots=True)
class JudgedPairs:
    """What is known of each pair (item and repeat) with a score on both sides: arrays of one length n. Of one model's
    answers, with its scores in the place of differences, for a floor."""

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
    weights: Floats | None = None
    """float64[n]: requests that each pair stands for, in any unit. None: all alike."""
    errored_weight: float | None = None
    """What the pairs without a score weigh together, in that unit. None: as much as average ones."""

    @property
    def weighted(self) -> bool:
        """Whether pairs stand for unequal numbers of requests."""
        return self.weights is not None and bool(np.ptp(self.weights) > 0)

    @property
    def stands(self) -> Floats:
        """float64[n], of mean 1: what each pair stands for."""
        return np.ones(len(self.judged)) if self.weights is None else self.weights / self.weights.mean()

    @property
    def lost(self) -> float:
        """How many average pairs those without a score weigh."""
        if self.errored_weight is None or self.weights is None or not self.n_errored:
            return float(self.n_errored)
        return self.errored_weight / float(self.weights.mean())

    def mean(self, values: Floats, rows: npt.NDArray[np.bool_] | None = None) -> float:
        """Of the traffic, where pairs have weights."""
        there = np.ones(len(self.judged), dtype=bool) if rows is None else rows
        return float(np.average(values[there], weights=self.stands[there]))

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
    by_people = pairs.by_people
    n = np.unique(pairs.groups[by_people]).size
    return n >= FEWEST and (not pairs.weighted or _kish(pairs.groups, pairs.stands, by_people) >= FEWEST_EFFECTIVE)


def _kish(groups: Codes, stands: Floats, rows: npt.NDArray[np.bool_] | Codes) -> float:
    """How many groups of equal weight tell as much as those of these rows (Kish 1965)."""
    sums = np.bincount(np.unique(groups[rows], return_inverse=True)[1], weights=stands[rows])
    return float(sums.sum() ** 2 / (sums**2).sum())


def corrected_mean(pairs: JudgedPairs, judged: Floats, labels: Floats) -> float:
    """The mean of one side, put right by people's labels as the difference is: the two sides' are `delta` apart.

    `judged`, `labels`: float64[n], that side's scores by the judge and by people, of the same pairs; labels are read
    where both answers have one.
    """
    known, stands = ~np.isnan(pairs.labels), pairs.stands
    mean = 0.0
    for stratum in _strata(pairs, known):
        told, rest = stratum.told, stratum.rest
        residual = labels[told] - stratum.own * judged[told]
        around = float(np.average(judged[rest], weights=stands[rest])) * stratum.usual if len(rest) else 0.0
        mean += stratum.weight / len(judged) * (float(np.average(residual, weights=stands[told])) + around)
    return mean


@dataclass(frozen=True, slots=True)
class JudgedEstimate:
    mean: float
    pulls: Floats
    """float64[G]: what each group adds to the mean; their sum is the mean."""
    centred: Floats
    """float64[G]: the same without the mean: the spread of the estimate."""
    shares: Floats
    """float64[G]: what each group adds to a supposed difference; their sum is 1."""
    df: float
    """Degrees of freedom of the spread (Satterthwaite): a task with few labels knows its own spread badly."""
    labelled: tuple[tuple[float, float], ...]
    """Of each stratum: its share of all pairs, and its labelled groups (as many equal ones as tell as much)."""
    judged: float
    """What of the mean is the judge's word on the other pairs."""
    depth: float
    """How much the mean falls for each pair that turns out to be at -1."""


def against(pairs: JudgedPairs, sign: int, *, of_one: bool = False) -> tuple[PValue, float]:
    """The p-values from the candidate's side (1) or the baseline's (-1), errored pairs lost; and the mean. `of_one`:
    these are scores of one model."""
    found = estimate_of(pairs, sign)
    if of_one:
        # Where nearly every answer is right, the errors of a good judge are what few labels may miss: an unseen one
        # weighs 1 whatever the mean is.
        found = replace(found, depth=1 + found.mean - found.judged)
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


def _unseen(found: JudgedEstimate, supposed: float) -> float:
    """The chance that the labels of one stratum missed losses there that are frequent enough to explain `supposed`."""
    if found.mean <= supposed:
        return 1.0
    share = (found.mean - supposed) / found.depth
    chances = [math.exp(n * math.log1p(-share / weight)) if share < weight else 0.0 for weight, n in found.labelled]
    return max(chances)


def estimate_of(pairs: JudgedPairs, sign: int) -> JudgedEstimate:
    """The corrected mean and what each group adds to it."""
    judged, labels, stands = sign * pairs.judged, sign * pairs.labels, pairs.stands
    known = ~np.isnan(labels)
    _, groups = np.unique(pairs.groups, return_inverse=True)
    total = len(judged) + pairs.lost
    n_groups = int(groups.max()) + 1 + pairs.n_errored
    pulls, centred, shares = np.zeros(n_groups), np.zeros(n_groups), np.zeros(n_groups)
    mean, by_judge, spread, df_parts = 0.0, 0.0, 0.0, 0.0
    labelled: list[tuple[float, float]] = []
    for stratum in _strata(pairs, known):
        told, rest, own, usual = stratum.told, stratum.rest, stratum.own, stratum.usual
        weight = stratum.weight / total
        each, others = stands[told] / stands[told].sum(), usual * judged[rest]
        of_rest = stands[rest] / stands[rest].sum() if len(rest) else stands[rest]
        around = float((of_rest * others).sum())
        residual = labels[told] - own * judged[told] + around
        here = float((each * residual).sum())
        mean, by_judge = mean + weight * here, by_judge + weight * around
        np.add.at(pulls, groups[told], weight * each * residual)
        n_told = float(np.unique(groups[told]).size)
        away: Floats = np.bincount(groups[told], each * (residual - here), n_groups).astype(np.float64)
        if not pairs.weighted:
            away = away * math.sqrt(n_told / max(1.0, n_told - 1))
        else:
            away = away / np.maximum(1 - np.bincount(groups[told], each, n_groups), 1e-3)
            n_told = _kish(groups, stands, told)
        centred += weight * away
        own_spread = float(((weight * away) ** 2).sum())
        n_free = min(n_told, _TAILS * _speaking(away)) if pairs.weighted else n_told
        spread, df_parts = spread + own_spread, df_parts + own_spread**2 / max(1.0, n_free - 1)
        labelled.append((weight, n_told))
        np.add.at(shares, groups[told], weight * each)
        if len(rest):
            np.add.at(pulls, groups[rest], weight * of_rest * (others - around))
            np.add.at(centred, groups[rest], weight * of_rest * (others - around))
    if pairs.n_errored:
        lost = pairs.lost / pairs.n_errored
        pulls[-pairs.n_errored :] = -lost / total
        mean -= pairs.lost / total
        shares[-pairs.n_errored :] = lost / total
        centred[-pairs.n_errored :] = lost * (-1 - mean) / total
    df = spread**2 / df_parts if df_parts > 0 else float(sum(n for _, n in labelled) - len(labelled))
    return JudgedEstimate(mean, pulls, centred, shares, df, tuple(labelled), by_judge, 1 + mean)


@dataclass(frozen=True, slots=True)
class _Stratum:
    """One stratum's pairs and how far the judge is believed there."""

    weight: float
    """Average pairs that it stands for."""
    told: Codes
    """Row numbers of the labelled pairs."""
    rest: Codes
    own: Floats
    """float64[labelled]: the judge's weight on each labelled pair."""
    usual: float
    """On the others."""


def _strata(pairs: JudgedPairs, known: np.ndarray) -> list[_Stratum]:
    slopes, stands = _slopes(pairs, known), pairs.stands
    made = []
    for stratum in np.unique(pairs.strata):
        here = pairs.strata == stratum
        told, rest = np.flatnonzero(here & known), np.flatnonzero(here & ~known)
        own, usual = slopes[told], float(np.average(slopes[told], weights=stands[told])) if len(told) else 0.0
        if not len(rest):
            own, usual = np.zeros(len(told)), 0.0  # nothing is left to predict
        made.append(_Stratum(float(stands[here].sum()), told, rest, own, usual))
    return made


def _speaking(away: Floats) -> float:
    """So many groups of equal pull would have the tails that these have: heavy ones that also go wrong are few."""
    squares = away * away
    fourth = float((squares * squares).sum())
    return float(squares.sum()) ** 2 / fourth if fourth > 0 else float(away.size)


def _slopes(pairs: JudgedPairs, known: np.ndarray) -> Floats:
    """float64[n]: for each labelled pair the judge's tuned weight, from the other labelled pairs of all strata, each
    around the means of its stratum; NaN for the others."""
    x, y, stands = pairs.judged, np.where(known, pairs.labels, 0.0), pairs.stands
    products, squares = np.zeros(len(x)), np.zeros(len(x))
    part = np.zeros(len(x))
    for stratum in np.unique(pairs.strata):
        here = pairs.strata == stratum
        told, rest = np.flatnonzero(here & known), np.flatnonzero(here & ~known)
        if not len(told):
            continue
        w = stands[told]
        a, b = x[told] - np.average(x[told], weights=w), y[told] - np.average(y[told], weights=w)
        if len(rest):  # strata where everything is known teach nothing of a judge
            products[told], squares[told] = w * w * a * b, w * w * a * a
            noise = [float((one**2).sum() / one.sum() ** 2) for one in (w, stands[rest])]
            part[told] = noise[0] / (noise[0] + noise[1])
    below = np.maximum(squares.sum() - squares, 1e-12)
    found = np.clip((products.sum() - products) / below, 0.0, 1.0) * part
    return np.where(known, np.where(squares.sum() > 0, found, 0.0), np.nan)
