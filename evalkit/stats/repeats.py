"""What repeats of the same items say: pass@k, pass^k, unstable items, and whether more repeats or more items help.

    found = stability(Marks(n=[4, 4, 4], total=[4, 1, 0], squares=[4, 1, 0], n_right=[4, 1, 0]))
    found.pass_k, found.pass_all_k, found.unstable        # .667, .333, .333

pass@k: chance that one of k answers is right (Chen et al. 2021, arXiv:2107.03374). pass^k: chance that all k are (Yao
et al. 2024, arXiv:2406.12045). Variance components: one-way analysis of variance by moments, unequal numbers of repeats
allowed (Searle, Casella, McCulloch 1992, chapter 3). Items differ in how often they are answered right (`item`); one
item's answers differ from each other (`run`). A mean over n items with k answers each has variance item/n + run/(n k),
so that endless repeats leave item/n (Miller 2024, arXiv:2411.00640).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evalkit.stats.intervals import Interval, wilson
from evalkit.stats.scores import Codes, Floats
from evalkit.stats.traffic import Design, weighted_mean


@dataclass(frozen=True, slots=True)
class Marks:
    """The answers of one model, added up by item: arrays of one length, one entry an item."""

    n: Codes
    """int64[I]: answers with a score."""
    total: Floats
    """float64[I]: sum of their scores."""
    squares: Floats
    """float64[I]: sum of the squares of their scores."""
    n_right: Codes
    """int64[I]: answers with a score of at least one half."""
    clusters: Codes | None = None
    """int64[I]: equal for items that move together. None: each stands alone."""
    weights: Floats | None = None
    """float64[I]: requests that each item stands for, in any unit. None: all alike."""
    binary: bool = True
    """Whether every score is 0 or 1."""


@dataclass(frozen=True, slots=True)
class Components:
    """Where the differences between scores come from, in squares of score units."""

    item: float
    """Variance of the items' true means; 0 where repeats differ as much as items."""
    run: float
    """Variance of one item's answers around its true mean."""

    def variance(self, n_items: float, repeats: float) -> float:
        """Of the mean over so many items with so many answers each."""
        return self.item / n_items + self.run / (n_items * repeats)


@dataclass(frozen=True, slots=True)
class Stability:
    """How one model answers the same items again. Shares and scores lie between 0 and 1."""

    n_items: int
    """Items with at least one score."""
    k: int
    """The usual number of answers an item: the most frequent one, of several the largest."""
    n_fewer: int
    """Items with fewer than k answers, left out of pass@k, pass^k and the unstable ones."""
    pass_1: float | None = None
    """Mean over items of each item's mean score; weighted where items are. None: nothing is scored."""
    pass_k: float | None = None
    """Chance that at least one of k answers is right. None: scores are graded, or k is 1."""
    pass_all_k: float | None = None
    """Chance that all of k answers are right. None as `pass_k`."""
    unstable: float | None = None
    """Share of items some of whose k answers are right (at least one half) and others are not. None: k is 1."""
    unstable_interval: Interval | None = None
    """95 %, of `unstable`, within 0 and 1: Wilson's, by clusters at the effective sample size (`stats.traffic`). None
    as `unstable`, with a single cluster, or where items are weighted."""
    components: Components | None = None
    """None: no item was answered twice, or there is only one item."""
    se: float | None = None
    """Standard error of `pass_1` for items like these, clusters and weights counted in. None: it cannot be known."""
    se_one_more_repeat: float | None = None
    """The same with one more answer an item. None as `components`."""
    se_as_many_new_items: float | None = None
    """The same with those answers spent on new items of the same kind. None as `components`."""
    se_without_noise: float | None = None
    """The same with endless repeats: what repeats cannot go below. None as `components`."""
    noise: float | None = None
    """How far two runs of this model on these items, asked as often, lie apart by chance: 95 % of the differences of
    their means are within it. None as `components`."""

    @property
    def helps_more(self) -> str | None:
        """`items`, `either` (repeats help nearly as much, within 2 % of the error) or None where it is not known.

        For items like these: a verdict about exactly these items (`scope: suite`) gains by repeats alone.
        """
        if self.se_one_more_repeat is None or self.se_as_many_new_items is None or not self.se:
            return None
        return "either" if self.se_one_more_repeat - self.se_as_many_new_items < 0.02 * self.se else "items"


def stability(marks: Marks) -> Stability:
    """All figures of one model's repeats. Items without any score are left out."""
    some = marks.n > 0
    n, total = marks.n[some], marks.total[some]
    squares, n_right = marks.squares[some], marks.n_right[some]
    clusters = None if marks.clusters is None else marks.clusters[some]
    weights = None if marks.weights is None else marks.weights[some]
    if not n.size:
        return Stability(0, 0, 0)
    counts = np.bincount(n)
    k = int(counts.size - 1 - np.argmax(counts[::-1]))
    means = total / n
    full = n >= k
    unstable, around = _unstable(n[full], n_right[full], clusters, full, weights) if k > 1 else (None, None)
    passes = marks.binary and k > 1
    found = components(n, total, squares)
    se = standard_error(means, clusters, weights)
    more, new, least = (None, None, None) if found is None or se is None else _if_more(found, se, n, weights)
    return Stability(
        n_items=int(n.size),
        k=k,
        n_fewer=int((~full).sum()),
        pass_1=float(np.average(means, weights=weights)),
        pass_k=_mean(1 - chance_of_all(n[full] - n_right[full], n[full], k), weights, full) if passes else None,
        pass_all_k=_mean(chance_of_all(n_right[full], n[full], k), weights, full) if passes else None,
        unstable=unstable,
        unstable_interval=around,
        components=found,
        se=se,
        se_one_more_repeat=more,
        se_as_many_new_items=new,
        se_without_noise=least,
        noise=None if found is None else _between_runs(found, n, weights),
    )


def components(n: Codes, total: Floats, squares: Floats) -> Components | None:
    """Variance components by moments, from int64[I] numbers of answers (at least 1), float64[I] sums and squares' sums.

    None with fewer than two items, or where no item has two answers.
    """
    items, answers = n.size, int(n.sum())
    if items < 2 or answers <= items:
        return None
    within = float(np.maximum(squares - total**2 / n, 0.0).sum()) / (answers - items)
    mean = float(total.sum()) / answers
    between = float((n * (total / n - mean) ** 2).sum()) / (items - 1)
    usual = (answers - float((n.astype(np.float64) ** 2).sum()) / answers) / (items - 1)
    return Components(max(0.0, (between - within) / usual), within)


def standard_error(means: Floats, clusters: Codes | None, weights: Floats | None) -> float | None:
    """Of the (weighted) mean of items, clusters taken together (linearised, Liang and Zeger 1986); None below two."""
    w = np.ones(means.size) if weights is None else weights
    pulls = w * (means - np.average(means, weights=w)) / w.sum()
    if clusters is not None:
        _, codes = np.unique(clusters, return_inverse=True)
        pulls = np.bincount(codes, weights=pulls)
    groups = pulls.size
    return math.sqrt(float((pulls**2).sum()) * groups / (groups - 1)) if groups > 1 else None


def _between_runs(found: Components, n: Codes, weights: Floats | None) -> float:
    w = np.ones(n.size) if weights is None else weights
    return 1.96 * math.sqrt(2 * found.run * float(((w / w.sum()) ** 2 / n).sum()))


def _if_more(found: Components, se: float, n: Codes, weights: Floats | None) -> tuple[float, float, float]:
    """The error with one more answer an item, with as many answers on new items, and with endless repeats.

    What repeats can mend is run variance / (n k): the rest of the error is that of the items and their clusters.
    """
    w = np.ones(n.size) if weights is None else weights
    share = (w / w.sum()) ** 2
    noise = min(se**2, found.run * float((share / n).sum()))
    rest = se**2 - noise
    with_more = rest + min(noise, found.run * float((share / (n + 1)).sum()))
    return math.sqrt(with_more), se * math.sqrt(n.sum() / (n.sum() + n.size)), math.sqrt(rest)


def _unstable(
    n: Codes, n_right: Codes, clusters: Codes | None, full: np.ndarray, weights: Floats | None
) -> tuple[float, Interval | None]:
    mixed = (n_right > 0) & (n_right < n)
    share = _mean(mixed.astype(np.float64), weights, full)
    if weights is not None:
        return share, None  # the share is of requests, and no interval here is about those
    if clusters is None:
        return share, wilson(int(mixed.sum()), mixed.size)
    together = clusters[full]
    if (together == together[0]).all():
        return share, None
    found = weighted_mean(mixed.astype(np.float64), Design.of(mixed.size, np.ones(mixed.size), clusters=together))
    around = None if found.low is None or found.high is None else Interval(found.low, found.high)
    return share, around


def chance_of_all(some: Codes, n: Codes, k: int) -> Floats:
    """Chance that k of n answers, drawn without replacement, are all among `some` of them."""
    chance = np.ones(n.size)
    for step in range(k):
        chance *= np.maximum(some - step, 0) / (n - step)
    return chance


def _mean(values: Floats, weights: Floats | None, full: np.ndarray) -> float:
    return float(np.average(values, weights=None if weights is None else weights[full]))
