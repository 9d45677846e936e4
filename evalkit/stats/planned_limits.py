"""How many items a rule about bills or times takes, and asked how often: new runs drawn from an earlier one.

    stored = StoredAmounts(candidate_usd, baseline_usd)        # float64[I, K] each: K answers to each of I items
    mix = smallest_of_limit(stored, WantedLimit(at=0.5), repeats=2)

The candidate's figures are multiplied until the supposed truth (a ratio of bills or percentiles, dollars, seconds) is
exactly so. Items, whole clusters where there are any, are drawn with replacement, and of each as many of its answers as
are planned, without replacement. The gate's own test decides each draw. More answers than were stored are not planned:
the tails of bills and times are no guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.exceedance import (
    fewest_answers,
    latency_limit_verdict,
    latency_ratio_verdict,
)
from evalkit.stats.item_groups import ItemGroups, some_answers
from evalkit.stats.quantiles import weighted_quantile
from evalkit.stats.ratios import FEWEST, cost_verdict
from evalkit.stats.sample_size import DRAWS, Mix, fewest_items, share_of
from evalkit.stats.scores import Codes, Floats
from evalkit.stats.verdict import Verdict


@dataclass(frozen=True, slots=True)
class StoredAmounts:
    """What the answers of two models cost (US dollars), or took (seconds), in an earlier run."""

    candidate: Floats
    """float64[I, K], above or at 0."""
    baseline: Floats | None = None
    """float64[I, L]. None: the rule is about the candidate alone."""
    clusters: Codes | None = None
    """int64[I]: equal for items that move together. None: each stands alone."""
    weights: Floats | None = None
    """float64[I]: requests that each item stands for. None: all alike."""

    @property
    def stored_repeats(self) -> int:
        """Answers to each item that there are of each model."""
        sides = [self.candidate] if self.baseline is None else [self.candidate, self.baseline]
        return min(len(side[0]) for side in sides)


@dataclass(frozen=True, slots=True)
class WantedLimit:
    """What a rule about bills or times is to show."""

    at: float
    """The limit: a ratio to the baseline, dollars of an answer, or seconds."""
    quantile: float | None = None
    """Of times. None: a mean bill."""
    alpha: float = 0.05
    power: float = 0.8
    """Wanted chance of a pass."""
    supposed: float | None = None
    """The true figure of the candidate that should pass, in the unit of the limit. None: as in the earlier run."""
    cap: float | None = None
    """The most that one answer of the candidate can cost, US dollars. None: unknown, or not to be counted with."""

    def observed(self, stored: StoredAmounts) -> float:
        """The figure of the earlier run, in the unit of the limit; nan: the baseline's is 0."""
        own = figure(stored.candidate, stored.weights, self.quantile)
        if stored.baseline is None:
            return own
        base = figure(stored.baseline, stored.weights, self.quantile)
        return own / base if base > 0 else math.nan

    def true_figure(self, stored: StoredAmounts) -> float:
        """What is supposed to be true where it should pass."""
        return self.observed(stored) if self.supposed is None else self.supposed

    def beyond(self, stored: StoredAmounts) -> bool:
        """Whether the supposed figure lies at the limit or beyond it, where nothing passes; so does an unknown one."""
        return not self.true_figure(stored) < self.at * (1 - 1e-6)


def smallest_of_limit(
    stored: StoredAmounts, question: WantedLimit, repeats: int, *, seed: int = 0, draws: int = DRAWS, start: int = 0
) -> Mix | None:
    """The fewest items that pass with the wanted chance; `fails`: of a candidate as far beyond the limit as the
    supposed one lies below it. None: no number would do. Raises ValueError for more answers than are stored."""
    if repeats > stored.stored_repeats:
        raise ValueError(f"{stored.stored_repeats} answers are stored of each item: {repeats} cannot be drawn of them")
    if question.beyond(stored):
        return None
    true = question.true_figure(stored)
    trials = LimitTrials.of(stored, question, repeats, true)
    failing = LimitTrials.of(stored, question, repeats, question.at**2 / true) if true > 0 else None
    if trials is None:
        return None
    return fewest_items(trials, failing, question, repeats, seed=seed, draws=draws, start=start)


def limit_pass_chance(
    stored: StoredAmounts, question: WantedLimit, items: int, repeats: int, *, draws: int, seed: int = 0
) -> float | None:
    """Share of new runs of so many items that pass where the supposed figure is true; None: it cannot be drawn."""
    trials = LimitTrials.of(stored, question, repeats, question.true_figure(stored))
    return None if trials is None else share_of(trials, items, draws, seed, Verdict.PASS)


@dataclass(frozen=True, slots=True)
class LimitTrials:
    """New runs of bills or times, and the test of a limit on each."""

    stored: StoredAmounts
    """The candidate's multiplied so that the supposed figure is true."""
    question: WantedLimit
    groups: ItemGroups
    repeats: int
    slope: float
    slope_error: float

    @classmethod
    def of(cls, stored: StoredAmounts, question: WantedLimit, repeats: int, true: float) -> LimitTrials | None:
        """None where the figure cannot be made true: the candidate's or the baseline's is 0."""
        seen = _population_figure(stored, question)
        if not (math.isfinite(seen) and seen > 0 and true > 0):
            return None
        made = replace(stored, candidate=stored.candidate * (true / seen))
        groups = ItemGroups.of(len(made.candidate), made.clusters)
        slope, error = _slope(made, question, groups, repeats)
        return cls(made, question, groups, repeats, slope, error)

    @property
    def fewest(self) -> int:
        least = max(FEWEST, math.ceil(fewest_of_limit(self.question) / self.repeats))
        each = self.groups.order.size / len(self.groups)
        return least if self.stored.clusters is None else max(least, math.ceil(5 * each))

    def verdict(self, rng: np.random.Generator, items: int) -> Verdict:
        chosen, cluster = self.groups.draw(rng, items)
        stored, question, k = self.stored, self.question, self.repeats
        candidate = some_answers(rng, stored.candidate, chosen, k).ravel()
        baseline = None if stored.baseline is None else some_answers(rng, stored.baseline, chosen, k).ravel()
        asked = np.repeat(np.arange(len(chosen)), k) if k > 1 else None
        clusters = None if stored.clusters is None else np.repeat(cluster, k)
        weights = None if stored.weights is None else np.repeat(stored.weights[chosen], k)
        return decide_limit(question, baseline, candidate, clusters=clusters, items=asked, weights=weights)


def fewest_of_limit(question: WantedLimit) -> int:
    """Answers below which the rule's test decides nothing."""
    return FEWEST if question.quantile is None else max(FEWEST, fewest_answers(question.quantile))


def decide_limit(
    question: WantedLimit,
    baseline: Floats | None,
    candidate: Floats,
    *,
    clusters: Codes | None,
    items: Codes | None,
    weights: Floats | None,
) -> Verdict:
    """What the gate's own test says of these bills or times, a row for each answer; arguments as in `decide_cost`."""
    labels = items if clusters is None else clusters
    at, alpha = question.at, question.alpha
    if question.quantile is None:
        first, ratio = (np.full(candidate.size, at), 1.0) if baseline is None else (baseline, at)
        return cost_verdict(first, candidate, ratio, alpha, labels, question.cap, weights)
    if baseline is None:
        return latency_limit_verdict(candidate, question.quantile, at, alpha, labels, weights, items)
    return latency_ratio_verdict(baseline, candidate, question.quantile, at, alpha, labels, weights)


def gains(stored: StoredAmounts, question: WantedLimit) -> Floats:
    """float64[I]: what each item adds to the distance from the limit, above 0 where it lies inside."""
    return np.asarray(np.sum([one.mean(axis=1) for one in _sides(stored, question)], axis=0), dtype=np.float64)


def figure(amounts: Floats, weights: Floats | None, quantile: float | None) -> float:
    if quantile is None:
        return float(np.average(amounts.mean(axis=1), weights=weights))
    each = None if weights is None else np.repeat(weights, amounts.shape[1])
    return weighted_quantile(amounts.ravel(), quantile, each)


def _population_figure(stored: StoredAmounts, question: WantedLimit) -> float:
    """The figure of endlessly many draws of the stored answers: of so few values a percentile between two of them is
    never drawn."""
    q = question.quantile
    if q is None:
        return question.observed(stored)
    weights = np.ones(len(stored.candidate)) if stored.weights is None else stored.weights
    own = figure(stored.candidate, weights, q)
    return own if stored.baseline is None else own / figure(stored.baseline, weights, q)


def _slope(stored: StoredAmounts, question: WantedLimit, groups: ItemGroups, repeats: int) -> tuple[float, float]:
    """How many standard deviations of one item the truth lies from the limit, and the error of their log variance.

    Of bills: limit x baseline - candidate. Of times: answers beyond the pooled percentile, baseline minus candidate.
    """
    sides = _sides(stored, question)
    means = np.sum([one.mean(axis=1) for one in sides], axis=0)
    stands = np.ones(len(means)) if stored.weights is None else stored.weights / stored.weights.mean()
    mean = float(np.average(means, weights=stands))
    pulls = groups.sums(stands * (means - mean))
    size = groups.items_each
    spread = float((pulls**2).mean()) / size
    noise = sum(
        float((stands**2 * one.var(axis=1, ddof=1)).mean()) * (1 / repeats - 1 / one.shape[1])
        for one in sides
        if one.shape[1] > 1
    )
    fourth = float((pulls**4).mean()) / size**2
    error = math.sqrt(max(0.0, fourth - spread**2) / len(groups)) / max(spread, 1e-300)
    if question.quantile is not None and mean:
        # How many answers lie between the percentile and the limit is an estimate too; of bills the limit itself says.
        error = math.hypot(error, 2 * math.sqrt(spread / len(means)) / abs(mean))
    variance = spread + noise
    return abs(mean) / math.sqrt(variance) if variance > 0 else 1e6, error


def _sides(stored: StoredAmounts, question: WantedLimit) -> list[Floats]:
    """What each answer of either side adds to the distance from the limit; without a baseline the limit's own part."""
    sides = [_gains(stored.candidate, question, stored, side=-1)]
    if stored.baseline is not None:
        return [*sides, _gains(stored.baseline, question, stored, side=1)]
    own = question.at if question.quantile is None else 1 - question.quantile
    return [*sides, np.full((len(stored.candidate), 1), own)]


def _gains(amounts: Floats, question: WantedLimit, stored: StoredAmounts, *, side: int) -> Floats:
    """What each answer adds to the distance from the limit."""
    if question.quantile is None:
        return side * amounts * (question.at if side > 0 else 1.0)
    if stored.baseline is None:
        return side * (amounts > question.at).astype(np.float64)
    scaled = stored.candidate / question.at
    both = np.concatenate((stored.baseline.ravel(), scaled.ravel()))
    weights = None
    if stored.weights is not None:
        sizes = (stored.baseline.shape[1], scaled.shape[1])
        weights = np.concatenate([np.repeat(stored.weights, k) for k in sizes])
    threshold = weighted_quantile(both, question.quantile, weights)
    return side * ((amounts if side > 0 else scaled) > threshold).astype(np.float64)
