"""Drawing new runs from an earlier one: items anew, answers of each item anew, with a difference that is true.

    source = Population.of(StoredPair(baseline, candidate), repeats=2, difference=0.0)
    baseline, candidate, item, cluster = source.draw(rng, items=400)

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
class Population:
    """Where items are drawn from, of which the supposed difference is true."""

    groups: tuple[Codes, ...]
    """Items of each cluster (or the item alone)."""
    chances: Floats
    """float64[G]: how often each is drawn."""
    answer: Callable[[np.random.Generator, Codes], tuple[Floats, Floats]]
    """Answers of both models, float64[n, repeats] each, to items drawn."""
    unit_variance: float
    """n times the variance of the mean difference over n items."""
    variance_error: float
    """Its standard error: so few items tell how far items differ."""
    clustered: bool
    repeats: int

    @property
    def fewest(self) -> int:
        """Items below which no test decides."""
        return max(15, math.ceil(5 * len(np.concatenate(self.groups)) / len(self.groups))) if self.clustered else 15

    @classmethod
    def of(cls, stored: StoredPair, repeats: int, difference: float) -> Population | None:
        """None where no weights make the difference true."""
        n = len(stored.baseline)
        codes = np.arange(n) if stored.clusters is None else np.unique(stored.clusters, return_inverse=True)[1]
        order = np.argsort(codes, kind="stable")
        groups = tuple(np.split(order, np.flatnonzero(np.diff(codes[order])) + 1))
        if repeats <= stored.stored_repeats:
            truth = np.column_stack((stored.baseline.mean(axis=1), stored.candidate.mean(axis=1)))
            answer = _subsets(stored, repeats)
        else:
            truth = _true_means(stored)
            answer = _made_up(stored, truth, repeats)
        ahead = truth[:, 1] - truth[:, 0] - difference
        sums = np.array([float(ahead[group].sum()) for group in groups])
        chances = _weights(sums)
        if chances is None:
            return None
        parts = stored.parts()[0]
        noise = parts.run / repeats if parts is not None else 0.0
        sizes = np.array([len(group) for group in groups], dtype=np.float64)
        size = float((chances * sizes).sum())
        spread = float((chances * sums**2).sum()) / size
        error = math.sqrt(max(0.0, float((chances * sums**4).sum()) / size**2 - spread**2) / len(groups))
        if repeats <= stored.stored_repeats and parts is not None:
            # The stored means hold noise of their own, which drawing without replacement does not add again.
            noise -= parts.run / stored.stored_repeats
        elif parts is not None:
            # Means that were drawn together to be the true ones hide how badly so few answers tell their spread: the
            # stored means say it, and how answers to one item differ is an estimate too.
            raw = stored.candidate.mean(axis=1) - stored.baseline.mean(axis=1) - difference
            of_raw = np.array([float(raw[group].sum()) for group in groups])
            fourth = float((chances * of_raw**4).sum()) - float((chances * of_raw**2).sum()) ** 2
            of_stored = math.sqrt(max(0.0, fourth) / len(groups)) / size
            k = stored.stored_repeats
            of_run = parts.run * math.sqrt(2 / (n * (k - 1))) * abs(1 / repeats - 1 / k)
            error = max(error, math.hypot(of_stored, of_run))
        return cls(groups, chances, answer, max(spread + noise, 1e-6), error, stored.clusters is not None, repeats)

    def draw(self, rng: np.random.Generator, items: int) -> tuple[Floats, Floats, Codes, Codes]:
        """Scores of both models, and which item and which cluster each belongs to: arrays of items x repeats."""
        sizes = float(sum(c * len(group) for c, group in zip(self.chances, self.groups, strict=True)))
        drawn = rng.choice(len(self.groups), max(1, round(items / sizes)), p=self.chances)
        chosen = np.concatenate([self.groups[g] for g in drawn])
        cluster = np.repeat(np.arange(len(drawn)), [len(self.groups[g]) for g in drawn])
        baseline, candidate = self.answer(rng, chosen)
        item = np.repeat(np.arange(len(chosen)), self.repeats)
        return baseline.ravel(), candidate.ravel(), item, np.repeat(cluster, self.repeats)


def _subsets(stored: StoredPair, repeats: int) -> Callable[[np.random.Generator, Codes], tuple[Floats, Floats]]:
    def answer(rng: np.random.Generator, chosen: Codes) -> tuple[Floats, Floats]:
        return _some(rng, stored.baseline[chosen], repeats), _some(rng, stored.candidate[chosen], repeats)

    return answer


def _some(rng: np.random.Generator, scores: Floats, k: int) -> Floats:
    if scores.shape[1] == 1:
        return scores
    places = np.argsort(rng.random(scores.shape), axis=1)[:, :k]
    return np.take_along_axis(scores, places, axis=1)


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
