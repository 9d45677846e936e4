"""Drawing new runs from an earlier one: items anew, answers of each item anew, with a difference that is true.

    source = Population.of(StoredPair(baseline, candidate), repeats=2, difference=0.0)
    run = source.draw(rng, items=400)
    run.baseline, run.candidate, run.item

Items (whole clusters) are drawn with replacement, with weights by which the mean difference is exactly the supposed
one: those of empirical likelihood, the nearest to equal ones (Owen 2001, chapter 2). Of a drawn item's answers as many
are taken as are asked for, without replacement. More than are stored are made up: the items' means are first drawn
together until they vary and covary as the items' true means do (`repeats.components`), and answers vary around these.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evalkit.stats.item_groups import ItemGroups, some_answers
from evalkit.stats.repeats import Components, components
from evalkit.stats.scores import Codes, Floats


@dataclass(frozen=True, slots=True)
class StoredPair:
    """Two models' answers to the same items in an earlier run: what it teaches about the next."""

    baseline: Floats
    """float64[I, K]: scores in [0, 1] of K answers to each of I items."""
    candidate: Floats
    """float64[I, L]: the other model's."""
    clusters: Codes | None = None
    """int64[I]: equal for items that move together. None: each stands alone."""
    weights: Floats | None = None
    """float64[I]: requests that each item stands for, in any unit; items of the next run have such weights too. None:
    all alike."""

    @property
    def mean_difference(self) -> float:
        """Candidate minus baseline; of the traffic, where items have weights."""
        return float(np.average(self.candidate.mean(axis=1) - self.baseline.mean(axis=1), weights=self.weights))

    @property
    def stored_repeats(self) -> int:
        """Answers to each item that both models have."""
        return min(len(self.baseline[0]), len(self.candidate[0]))

    def parts(self) -> tuple[Components | None, Components | None, Components | None]:
        """Variance components of the difference, the baseline and the candidate; None with one answer an item.

        Of the difference `run` is the sum of both models': their answers come independently of each other.
        """
        own = tuple(_components(side) for side in (self.baseline, self.candidate))
        if own[0] is None or own[1] is None:
            return None, own[0], own[1]
        means = self.candidate.mean(axis=1) - self.baseline.mean(axis=1)
        noise = own[0].run / self.baseline.shape[1] + own[1].run / self.candidate.shape[1]
        item = max(0.0, float(means.var(ddof=1)) - noise) if means.size > 1 else 0.0
        return Components(item, own[0].run + own[1].run), own[0], own[1]


@dataclass(frozen=True, slots=True)
class DrawnRun:
    """A new run: arrays of one length, a row for each item and answer."""

    baseline: Floats
    candidate: Floats
    item: Codes
    cluster: Codes
    weights: Floats | None


@dataclass(frozen=True, slots=True)
class Population:
    """Where items are drawn from, of which the supposed difference is true."""

    groups: ItemGroups
    answer: Callable[[np.random.Generator, Codes], tuple[Floats, Floats]]
    """Answers of both models, float64[n, repeats] each, to items drawn."""
    unit_variance: float
    """n times the variance of the mean difference over n items."""
    variance_error: float
    """Its standard error: so few items tell how far items differ."""
    clustered: bool
    repeats: int
    weights: Floats | None = None
    """float64[I], of mean 1."""

    @property
    def chances(self) -> Floats:
        """float64[G]: how often each cluster (or item) is drawn."""
        return self.groups.chances

    @property
    def fewest(self) -> int:
        """Items below which no test decides."""
        return max(15, math.ceil(5 * self.groups.order.size / len(self.groups))) if self.clustered else 15

    @classmethod
    def of(cls, stored: StoredPair, repeats: int, difference: float) -> Population | None:
        """None where no weights make the difference true."""
        n = len(stored.baseline)
        groups = ItemGroups.of(n, stored.clusters)
        if repeats <= stored.stored_repeats:
            truth = np.column_stack((stored.baseline.mean(axis=1), stored.candidate.mean(axis=1)))
            answer = _subsets(stored, repeats)
        else:
            truth = _true_means(stored)
            answer = _made_up(stored, truth, repeats)
        stands = np.ones(n) if stored.weights is None else stored.weights / stored.weights.mean()
        sums = groups.sums(stands * (truth[:, 1] - truth[:, 0] - difference))
        chances = _weights(sums)
        if chances is None:
            return None
        groups = groups.drawn_with(chances)
        parts = stored.parts()[0]
        size = groups.items_each
        # What an item that is drawn stands for, on average, and what unequal weights make of the answers' own noise.
        weight = float((chances * groups.sums(stands)).sum()) / size
        unequal = float((chances * groups.sums(stands**2)).sum()) / size / weight**2
        noise = parts.run / repeats if parts is not None else 0.0
        spread = float((chances * sums**2).sum()) / size / weight**2
        fourth = float((chances * sums**4).sum()) / size**2 / weight**4
        error = math.sqrt(max(0.0, fourth - spread**2) / len(groups))
        if repeats <= stored.stored_repeats and parts is not None:
            # The stored means hold noise of their own, which drawing without replacement does not add again.
            noise -= parts.run / stored.stored_repeats
        elif parts is not None:
            error = max(error, _error_of_stored(stored, groups, stands / weight, difference, repeats, parts))
        weights = None if stored.weights is None else stands
        variance = max(spread + noise * unequal, 1e-6)
        return cls(groups, answer, variance, error, stored.clusters is not None, repeats, weights)

    def draw(self, rng: np.random.Generator, items: int) -> DrawnRun:
        """Scores of both models, and which item and which cluster each belongs to: arrays of items x repeats."""
        chosen, cluster = self.groups.draw(rng, items)
        baseline, candidate = self.answer(rng, chosen)
        item = np.repeat(np.arange(len(chosen)), self.repeats)
        weights = None if self.weights is None else np.repeat(self.weights[chosen], self.repeats)
        return DrawnRun(baseline.ravel(), candidate.ravel(), item, np.repeat(cluster, self.repeats), weights)


def _error_of_stored(
    stored: StoredPair, groups: ItemGroups, stands: Floats, difference: float, repeats: int, parts: Components
) -> float:
    """The standard error of the variance where more answers are planned than were stored.

    Means that were drawn together to be the true ones hide how badly so few answers tell their spread: the stored means
    say it, and how answers to one item differ is an estimate too.
    """
    raw = groups.sums(stands * (stored.candidate.mean(axis=1) - stored.baseline.mean(axis=1) - difference))
    fourth = float((groups.chances * raw**4).sum()) - float((groups.chances * raw**2).sum()) ** 2
    of_stored = math.sqrt(max(0.0, fourth) / len(groups)) / groups.items_each
    k = stored.stored_repeats
    of_run = parts.run * math.sqrt(2 / (len(stands) * (k - 1))) * abs(1 / repeats - 1 / k)
    return math.hypot(of_stored, of_run)


def _subsets(stored: StoredPair, repeats: int) -> Callable[[np.random.Generator, Codes], tuple[Floats, Floats]]:
    def answer(rng: np.random.Generator, chosen: Codes) -> tuple[Floats, Floats]:
        return some_answers(rng, stored.baseline, chosen, repeats), some_answers(rng, stored.candidate, chosen, repeats)

    return answer


def _made_up(
    stored: StoredPair, truth: Floats, repeats: int
) -> Callable[[np.random.Generator, Codes], tuple[Floats, Floats]]:
    sides = (stored.baseline, stored.candidate)
    binary = [bool(np.isin(side, (0.0, 1.0)).all()) for side in sides]
    # What answers differ by from their item's mean, as widely as they truly do.
    residual = [(s - s.mean(axis=1, keepdims=True)) * math.sqrt(s.shape[1] / (s.shape[1] - 1)) for s in sides]

    def answer(rng: np.random.Generator, chosen: Codes) -> tuple[Floats, Floats]:
        made = []
        for place in (0, 1):
            means = truth[chosen, place][:, None]
            if binary[place]:
                made.append((rng.random((len(chosen), repeats)) < means).astype(np.float64))
                continue
            own = residual[place][chosen]
            picked = rng.integers(0, own.shape[1], (len(chosen), repeats))
            made.append(np.clip(means + np.take_along_axis(own, picked, axis=1), 0.0, 1.0))
        return made[0], made[1]

    return answer


def _true_means(stored: StoredPair) -> Floats:
    """float64[I, 2]: the items' means, drawn together until they vary and covary as true means do."""
    means = np.column_stack((stored.baseline.mean(axis=1), stored.candidate.mean(axis=1)))
    _, first, second = stored.parts()
    if first is None or second is None or len(means) < 3:
        return means
    seen = np.cov(means.T)
    noise = np.diag([first.run / stored.baseline.shape[1], second.run / stored.candidate.shape[1]])
    wanted = _root(seen - noise) @ _root(seen, inverse=True)
    centre = means.mean(axis=0)
    return np.asarray(np.clip(centre + (means - centre) @ wanted.T, 0.0, 1.0))


def _root(matrix: Floats, *, inverse: bool = False) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 0.0)
    roots = np.sqrt(values)
    powers = np.where(values > 1e-12, 1 / np.maximum(roots, 1e-6), 0.0) if inverse else roots
    return np.asarray(vectors @ np.diag(powers) @ vectors.T)


def _weights(sums: Floats) -> Floats | None:
    """Chances of the groups under which their sums are nothing on average; None where none do."""
    low, high = float(sums.min()), float(sums.max())
    if low == high == 0:
        return np.full(sums.size, 1 / sums.size)
    if not low < 0 < high:
        return None
    scaled = sums / max(-low, high)
    least, most = -(1 - 1e-9) / float(scaled.max()), (1 - 1e-9) / -float(scaled.min())
    for _ in range(80):
        middle = (least + most) / 2
        if float((scaled / (1 + middle * scaled)).sum()) > 0:
            least = middle
        else:
            most = middle
    chances = 1 / (1 + (least + most) / 2 * scaled)
    return np.asarray(chances / chances.sum())


def _components(scores: Floats) -> Components | None:
    n = np.full(len(scores), scores.shape[1])
    return components(n, scores.sum(axis=1), (scores**2).sum(axis=1))
