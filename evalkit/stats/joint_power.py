"""How often do all rules of a gate pass together? Quality, bills and times of the same new runs, drawn from one run.

    rules = [JointRule("quality of all tasks", StoredPair(...), WantedPower(0.05), difference=0.0), ...]
    trials = JointTrials.of(rules, repeats=2)
    mix = fewest_items(trials, None, WantedPower(0.05), 2)        # so many items that all pass in 80 %
    trials.shares(mix.items, draws=400)                           # of each rule alone, and of all: the same draws

A candidate that writes longer answers is dearer and slower, and often better: rules hang together, so that the product
of their chances is not the chance of all. Each draw takes items, whole clusters where there are any, and of each item
the same answers for every rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.comparison import decide_roughly
from evalkit.stats.item_groups import ItemGroups
from evalkit.stats.one_sample import decide_floor
from evalkit.stats.planned_limits import StoredAmounts, WantedLimit, decide_limit, fewest_of_limit, figure, gains
from evalkit.stats.resampling import StoredPair
from evalkit.stats.sample_size import WantedPower
from evalkit.stats.scores import Codes, Floats
from evalkit.stats.verdict import Tail, Verdict

_STEPS = 100


@dataclass(frozen=True, slots=True)
class WantedFloor:
    """What a rule about the candidate's own score, or rate, is to show."""

    at: float
    """The least mean score; of a rate one minus the limit."""
    alpha: float = 0.05
    tail: Tail = "strict"


@dataclass(frozen=True, slots=True)
class JointRule:
    """One limit of a gate, and the stored answers that it reads."""

    words: str
    stored: StoredPair | StoredAmounts
    """float64[I, K] of each side, of the same items and answers as those of the other rules. A floor reads the
    candidate alone."""
    question: WantedPower | WantedLimit | WantedFloor
    about: np.ndarray | None = None
    """bool[I]: the items that it is about. None: all."""
    difference: float | None = None
    """Candidate minus baseline, in score units, that is supposed to be true. None: as it comes with the other
    suppositions (floors, rates)."""

    @property
    def beyond_limit(self) -> bool:
        """Whether the supposed figure of a bill or a time lies at its limit or beyond it."""
        question = self.question
        return isinstance(question, WantedLimit) and question.beyond(self._amounts)

    @property
    def _amounts(self) -> StoredAmounts:
        assert isinstance(self.stored, StoredAmounts)
        return self.stored

    def supposed(self, chances: Floats) -> JointRule:
        """The same, the candidate's amounts multiplied until the supposed figure is true of items that are drawn so
        often (float64[I]). Raises ValueError where a figure is 0."""
        if not isinstance(self.question, WantedLimit):
            return self
        amounts = self._amounts
        seen = figure(amounts.candidate, chances, self.question.quantile)
        if amounts.baseline is not None:
            base = figure(amounts.baseline, chances, self.question.quantile)
            seen = seen / base if base > 0 else math.nan
        true = self.question.true_figure(amounts)
        if not (math.isfinite(seen) and seen > 0 and true > 0):
            raise ValueError(f"{self.words}: a figure of 0 cannot be multiplied")
        return replace(self, stored=replace(amounts, candidate=amounts.candidate * (true / seen)))

    def distance(self) -> Floats:
        """float64[I]: what each item adds to the distance from the limit, 0 for one that it is not about."""
        if isinstance(self.question, WantedLimit):
            each = gains(self._amounts, self.question)
        elif isinstance(self.question, WantedFloor):
            each = self.stored.candidate.mean(axis=1) - self.question.at
        else:
            assert self.stored.baseline is not None
            each = self.stored.candidate.mean(axis=1) - self.stored.baseline.mean(axis=1) + self.question.margin
        return each if self.about is None else np.where(self.about, each, 0.0)

    @property
    def fewest(self) -> int:
        """Answers below which its test decides nothing."""
        return fewest_of_limit(self.question) if isinstance(self.question, WantedLimit) else 15


@dataclass(frozen=True, slots=True)
class JointTrials:
    """New runs of which every rule's supposition is true, and whether all rules pass: `sample_size.Trials`."""

    rules: tuple[JointRule, ...]
    groups: ItemGroups
    repeats: int
    slope: float
    """Of the rule that lies nearest to its limit."""
    slope_error: float
    fewest: int

    @classmethod
    def of(cls, rules: Sequence[JointRule], repeats: int) -> JointTrials | None:
        """None where no weights of the items make all supposed differences true, or a supposed figure lies at its limit
        or beyond it, or at 0. Raises ValueError for more answers than are stored."""
        first = rules[0].stored
        if repeats > min(rule.stored.stored_repeats for rule in rules):
            raise ValueError(f"fewer than {repeats} answers are stored of each item")
        stands = np.ones(len(first.candidate)) if first.weights is None else first.weights / first.weights.mean()
        groups = ItemGroups.of(len(first.candidate), first.clusters)
        chances = _balanced(np.array([groups.sums(stands * one) for one in _differences(rules)]).T)
        if chances is None:
            return None
        groups = groups.drawn_with(chances)
        of_item = np.empty(len(stands))
        of_item[groups.order] = np.repeat(chances, groups.sizes)
        try:
            made = tuple(rule.supposed(of_item * stands * _about(rule)) for rule in rules)
        except ValueError:
            return None
        slopes = [_slope(rule, groups, stands) for rule in made]
        slope, error = min(slopes)
        if slope <= 0:
            return None
        shares = [float((of_item * _about(rule)).sum() / of_item.sum()) for rule in made]
        least = [rule.fewest / repeats / share for rule, share in zip(made, shares, strict=True)]
        if first.clusters is not None:
            least.append(5 * groups.items_each)
        return cls(made, groups, repeats, slope, error, max(15, math.ceil(max(least))))

    def verdict(self, rng: np.random.Generator, items: int) -> Verdict:
        """Pass where every rule passes."""
        run = self._draw(rng, items)
        passed = all(self._passes(rule, *run) for rule in self.rules)
        return Verdict.PASS if passed else Verdict.INCONCLUSIVE

    def shares(self, items: int, draws: int, seed: int = 0) -> tuple[float, ...]:
        """How often each rule passes, and last how often all do."""
        rng = np.random.default_rng([seed, items])
        seen = []
        for _ in range(draws):
            run = self._draw(rng, items)
            each = [self._passes(rule, *run) for rule in self.rules]
            seen.append([*each, all(each)])
        return tuple(np.mean(seen, axis=0).tolist())

    def _draw(self, rng: np.random.Generator, items: int) -> tuple[Codes, Codes, tuple[Codes, Codes]]:
        """Items, their clusters, and which answers of the baseline and of the candidate."""
        chosen, cluster = self.groups.draw(rng, items)
        stored = self.rules[0].stored
        sides = [stored.candidate if stored.baseline is None else stored.baseline, stored.candidate]
        picked = [rng.permuted(np.tile(np.arange(len(side[0])), (len(chosen), 1)), axis=1) for side in sides]
        return chosen, cluster, (picked[0][:, : self.repeats], picked[1][:, : self.repeats])

    def _passes(self, rule: JointRule, chosen: Codes, cluster: Codes, picked: tuple[Codes, Codes]) -> bool:
        places = np.arange(len(chosen)) if rule.about is None else np.flatnonzero(rule.about[chosen])
        if len(places) < 1:
            return False
        stored, question, k = rule.stored, rule.question, self.repeats
        rows = chosen[places, None]
        candidate = stored.candidate[rows, picked[1][places]].ravel()
        baseline = None if stored.baseline is None else stored.baseline[rows, picked[0][places]].ravel()
        items = np.repeat(np.arange(len(places)), k) if k > 1 else None
        clusters = None if stored.clusters is None else np.repeat(cluster[places], k)
        weights = None if stored.weights is None else np.repeat(stored.weights[chosen[places]], k)
        if isinstance(question, WantedLimit):
            found = decide_limit(question, baseline, candidate, clusters=clusters, items=items, weights=weights)
        elif isinstance(question, WantedFloor):
            at, tail = question.at, question.tail
            found = decide_floor(candidate, at, question.alpha, clusters, tail=tail, items=items, weights=weights)
        else:
            assert baseline is not None
            more = {"clusters": clusters, "items": items, "weights": weights}
            found = decide_roughly(baseline, candidate, question.margin, question.alpha, tail=question.tail, **more)
        return found is Verdict.PASS


def _about(rule: JointRule) -> Floats:
    return np.ones(len(rule.stored.candidate)) if rule.about is None else rule.about.astype(np.float64)


def _differences(rules: Sequence[JointRule]) -> list[Floats]:
    """float64[I] for each supposed difference: an item's own, less the supposed one."""
    found = []
    for rule in rules:
        if rule.difference is not None and rule.stored.baseline is not None:
            own = rule.stored.candidate.mean(axis=1) - rule.stored.baseline.mean(axis=1)
            found.append((own - rule.difference) * _about(rule))
    return found or [np.zeros(len(rules[0].stored.candidate))]


def _balanced(sums: Floats) -> Floats | None:
    """Chances of the groups, float64[G], under which every column of `sums`, float64[G, M], is nothing on average:
    those of empirical likelihood (Owen 2001, chapter 2) by Newton's steps. None where none do."""
    scale = np.abs(sums).max(axis=0)
    scaled = sums[:, scale > 0] / scale[scale > 0]
    n = len(sums)
    tilt = np.zeros(scaled.shape[1])
    for _ in range(_STEPS):
        parts = scaled / (1 + scaled @ tilt)[:, None]
        slope = parts.sum(axis=0)
        if np.abs(slope).max(initial=0.0) < 1e-8 * n:
            chances = 1 / (1 + scaled @ tilt)
            return np.asarray(chances / chances.sum())
        step = np.linalg.lstsq(parts.T @ parts, slope, rcond=1e-10)[0]
        value = float(np.log1p(scaled @ tilt).sum())
        for halving in range(40):
            after = tilt + step / 2**halving
            inside = 1 + scaled @ after
            if inside.min() > 1e-9 and float(np.log(inside).sum()) > value:
                break
        else:
            return None
        tilt = after
    return None


def _slope(rule: JointRule, groups: ItemGroups, stands: Floats) -> tuple[float, float]:
    """How many standard deviations of one item the truth lies inside the limit, and the error of their log variance."""
    pulls = groups.sums(stands * rule.distance())
    each = groups.sums(stands * _about(rule))
    mean = float((groups.chances * pulls).sum() / (groups.chances * each).sum())
    rest = pulls - mean * each
    spread = float((groups.chances * rest**2).sum())
    share = float((groups.chances * each).sum())
    fourth = float((groups.chances * rest**4).sum())
    error = math.sqrt(max(0.0, fourth - spread**2) / len(groups)) / max(spread, 1e-300)
    return mean * share / math.sqrt(max(spread, 1e-12) * groups.items_each), error
