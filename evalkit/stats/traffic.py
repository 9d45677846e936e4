"""Figures of a log from a sample of it: each sample stands for `weight` requests, drawn within strata.

    weighted_mean(np.array([1.0, 0, 1, 1]), Design.of(4, [40, 40, 3, 3], ["short", "short", "long", "long"]))
    # TrafficEstimate(value=0.53, low=..., high=..., n=4, k_eff=2.3)

The mean is Hájek's (1971): the weighted sum over the sum of the weights. Its variance is the linearised one of
stratified sampling (Särndal, Swensson and Wretman 1992, section 5.7), without the finite population correction: what
is asked is what next month's requests would score, not only the logged ones. Shares use the effective sample size of
Korn and Graubard (1998) in Wilson's interval; other means hold what neither Student's t nor the tilted test of the gate
rejects (empirical likelihood, Owen 2001: spread and skewness as they would be if the end were the truth); quantiles
Woodruff's (1952) interval: the values whose share below them may be the one asked for. How well these cover is
measured in docs/gate-statistics.md.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from evalkit.frozen import dataclass
from evalkit.stats.clustered import tilted_p
from evalkit.stats.intervals import Interval, t_quantile
from evalkit.stats.scores import Codes, Floats, read_labels, read_weights

_FLAT = 1e-12
_FINE = 2e-3
"""How finely the end of an interval is searched, of half its length."""
_LONGEST = 3.0
"""The longest end of an interval, of half of Student's: where a stratum has one very light cluster, or there are two
degrees of freedom, the tilted test has nothing to reject by. Of 6,000 skewed draws the longest was 1.9 of it."""
_FARTHEST = 50.0
"""Half lengths of a ratio's linearised interval beyond which no end is looked for: the ratio is unbounded."""
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class TrafficEstimate:
    """A figure of the traffic, in the units of the values."""

    value: float
    low: float | None
    """None: no interval can be given (fewer than two samples in every stratum, or no spread)."""
    high: float | None
    n: int
    """Samples."""
    k_eff: float
    """How many equally weighted samples would tell as much (Kish 1965): (sum of weights)² / sum of squares."""


@dataclass(frozen=True, slots=True)
class Design:
    """How samples of a log were drawn: what each stands for, which stratum it is of, what moves together."""

    weights: Floats
    """float64[n], requests; positive."""
    strata: Codes
    """int[n], numbers of strata from 0; all 0 where there is but one."""
    clusters: Codes
    """int[n], numbers of clusters; each row its own where nothing moves together."""

    @classmethod
    def of(
        cls,
        n: int,
        weights: Sequence[float] | Floats,
        strata: Sequence[Hashable] | npt.NDArray[np.generic] | None = None,
        clusters: Sequence[Hashable] | npt.NDArray[np.generic] | None = None,
    ) -> Design:
        """Raises ValueError for weights that are none, and for labels that are not n."""
        heavy = read_weights(weights, n)
        parts = np.zeros(n, dtype=np.intp) if strata is None else read_labels(strata, n, "stratum")
        together = np.arange(n) if clusters is None else read_labels(clusters, n, "cluster")
        return cls(np.ones(n) if heavy is None else heavy, _joined(parts, together), together)

    def only(self, rows: npt.NDArray[np.bool_ | np.intp]) -> Design:
        """The design of some of the rows: a mask, or their numbers (repeats of a sample stand for the same requests,
        and are one cluster)."""
        return Design(self.weights[rows], self.strata[rows], self.clusters[rows])

    @property
    def k_eff(self) -> float:
        """Equally weighted samples that would tell as much; clusters count once."""
        by_cluster = np.bincount(np.unique(self.clusters, return_inverse=True)[1], weights=self.weights)
        return float(by_cluster.sum() ** 2 / (by_cluster**2).sum())

    @property
    def heaviest(self) -> float:
        """The largest share of the weight that one cluster has."""
        by_cluster = np.bincount(np.unique(self.clusters, return_inverse=True)[1], weights=self.weights)
        return float(by_cluster.max() / by_cluster.sum())


def weighted_mean(
    values: Floats, design: Design, confidence: float = _CONFIDENCE, *, shares: bool = True
) -> TrafficEstimate:
    """The weighted mean of float64[n] values with its interval. Raises ValueError where n is 0.

    `shares`: whether values that are all 0 or 1 are right and wrong answers. Not dollars: free answers are no zeros of
    a share, whose true value may be higher.
    """
    if not values.size:
        raise ValueError("there is no value to take a mean of")
    mean = float(np.average(values, weights=design.weights))
    spread = _spread(values, mean, design)
    variance, df = spread.variance, spread.df
    n, k_eff = values.size, design.k_eff
    if shares and bool(np.isin(values, (0.0, 1.0)).all()):
        interval = _with_unseen(_share(mean, variance, df, k_eff, confidence), mean, k_eff, confidence)
    elif df < 1 or variance <= (_FLAT * float(np.abs(values).max())) ** 2:
        interval = None
    else:
        interval = _tilted(mean, spread, confidence)
        if shares:
            interval = Interval(max(interval.low, 0.0), min(interval.high, 1.0))
    return TrafficEstimate(mean, interval.low if interval else None, interval.high if interval else None, n, k_eff)


def quantile(values: Floats, q: float, design: Design, confidence: float = _CONFIDENCE) -> TrafficEstimate:
    """A quantile of the traffic by Woodruff's interval. Raises ValueError where n is 0 or q is not within (0, 1)."""
    if not 0 < q < 1:
        raise ValueError(f"a quantile lies between 0 and 1, like 0.95, not {q}")
    if not values.size:
        raise ValueError("there is no value to take a quantile of")
    ordered = np.unique(values)

    def share(place: int) -> TrafficEstimate:
        return weighted_mean((values <= ordered[place]).astype(np.float64), design, confidence)

    def first(reaches: Callable[[TrafficEstimate], bool]) -> float | None:
        place = bisect_left(range(ordered.size), True, key=lambda place: reaches(share(place)))
        return float(ordered[place]) if place < ordered.size else None

    value = first(lambda at: at.value >= q - 1e-12)
    return TrafficEstimate(
        float(ordered[-1]) if value is None else value,
        first(lambda at: at.high is not None and at.high >= q),
        first(lambda at: at.low is not None and at.low >= q),
        values.size,
        design.k_eff,
    )


def weighted_ratio(
    tops: Floats, bottoms: Floats, design: Design, confidence: float = _CONFIDENCE
) -> TrafficEstimate | None:
    """The ratio of two weighted means of float64[n] values, like dollars a right answer, with its interval; None where
    the lower mean is not above 0.

    By linearisation: the truth may be r where the mean of tops - r × bottoms may be 0 (Särndal, Swensson and Wretman
    1992, section 5.6; Fieller 1954), by the tests of `weighted_mean`. No interval is given where the lower mean is not
    shown to be above 0, since the ratio is then unbounded.
    """
    if not tops.size or tops.size != bottoms.size:
        raise ValueError(f"a ratio needs as many values above as below, at least one: {tops.size} and {bottoms.size}")
    top, bottom = (float(np.average(values, weights=design.weights)) for values in (tops, bottoms))
    if bottom <= 0:
        return None
    ratio = top / bottom
    unknown = TrafficEstimate(ratio, None, None, tops.size, design.k_eff)
    below = _spread(bottoms, bottom, design)
    around = _spread(tops - ratio * bottoms, 0.0, design)
    if around.df < 1 or around.variance <= (_FLAT * max(abs(top), _FLAT)) ** 2:
        return unknown
    quantile_of_t = t_quantile(0.5 + confidence / 2, max(around.df, 1.0))
    if bottom <= quantile_of_t * math.sqrt(below.variance):
        return unknown
    half = quantile_of_t * math.sqrt(around.variance) / bottom

    def reach(sign: int) -> float | None:
        """The distance from the ratio at which the truth is rejected on one side; None: it never is."""

        def rejects(distance: float) -> bool:
            left = tops - (ratio + sign * distance) * bottoms
            mean = float(np.average(left, weights=design.weights))
            return _is_not_zero(mean, _spread(left, mean, design), 0.5 - confidence / 2)

        low, high = 0.0, half
        while not rejects(high):
            if high > _FARTHEST * half:
                return None
            low, high = high, 1.25 * high
        while high - low > _FINE * half:
            middle = (low + high) / 2
            low, high = (low, middle) if rejects(middle) else (middle, high)
        return high

    down, up = reach(-1), reach(1)
    if down is None or up is None:
        return unknown
    return TrafficEstimate(ratio, ratio - down, ratio + up, tops.size, design.k_eff)


def mean_weight(weight: Floats) -> float | None:
    """Requests that a row stands for on average, over those that say; None where none does."""
    known = weight[~np.isnan(weight)]
    return float(known.mean()) if known.size else None


def row_weights(weight: Floats, unit: float | None = None) -> Floats | None:
    """float64[n]: each row's weight over `unit`, the `mean_weight` of all rows of the run (None: of these); None where
    no row has one.

    `weight`: requests, NaN where a row has none: it counts as an average one, so that a task without weights keeps its
    share of the rows. Tasks of one log share their weights' unit: a request is a request in each of them. The unit is
    that of all rows, so that an answer without a score does not move what an unweighted one stands for.
    """
    known = ~np.isnan(weight)
    if not known.any():
        return None
    made = np.ones(weight.size)
    made[known] = weight[known] / (weight[known].mean() if unit is None else unit)
    return made


@dataclass(frozen=True, slots=True)
class _Spread:
    """How far a weighted mean may be from the truth."""

    variance: float
    """Of the mean."""
    df: float
    """Degrees of freedom."""
    pulls: Floats
    """float64[K], what each cluster adds to the mean beyond its stratum's average; of no use where `variance` is 0."""
    shares: Floats
    """float64[K], of the weight; sum 1."""


def _spread(values: Floats, mean: float, design: Design) -> _Spread:
    """The spread of the mean and what it is made of.

    Contributions are summed by cluster, and their spread is taken within strata. A stratum of one cluster has no spread
    of its own: such strata are taken together (collapsed strata, Särndal et al. 1992, section 3.7), a lone one with the
    largest other.
    """
    total = float(design.weights.sum())
    contribution = design.weights * (values - mean) / total
    span = int(design.clusters.max()) + 1  # one number for each stratum and cluster: pairs sort ten times as slowly
    units, place = np.unique(design.strata * span + design.clusters, return_inverse=True)
    sums = np.bincount(place, weights=contribution)
    strata = _collapsed(units // span)
    counts = np.bincount(strata)
    in_stratum = np.bincount(strata, weights=sums)
    centred = sums - (in_stratum / counts)[strata]
    factor = counts / np.maximum(counts - 1, 1)
    second = np.bincount(strata, weights=centred**2) * factor
    # A few answers that are all alike do not show that their stratum has no spread: one more is supposed at the mean.
    supposed = in_stratum / (counts + 1)
    around = np.bincount(strata, weights=(sums - supposed[strata]) ** 2) + supposed**2
    second = np.maximum(second, around)
    variance = float(second.sum())
    shares = np.bincount(place, weights=design.weights) / total
    if variance <= 0 or sums.size < 2:
        return _Spread(0.0, 0.0, centred, shares)
    # Satterthwaite (1946): strata of unequal spread.
    df = variance**2 / float((second**2 / np.maximum(counts - 1, 1)).sum())
    return _Spread(variance, df, centred, shares)


def _joined(strata: Codes, clusters: Codes) -> Codes:
    """Strata that share a cluster are one: what moves together in both is no spread within each of them alone."""
    label = strata.copy()
    while True:  # the least stratum that can be reached, over clusters and strata in turn
        before = label
        for codes in (clusters, strata):
            least = np.full(int(codes.max(initial=0)) + 1, label.size, dtype=np.intp)
            np.minimum.at(least, codes, label)
            label = least[codes]
        if np.array_equal(label, before):
            return label


def _collapsed(strata: Codes) -> Codes:
    codes = np.unique(strata, return_inverse=True)[1].reshape(-1)
    counts = np.bincount(codes)
    alone = np.flatnonzero(counts == 1)
    if not alone.size or counts.size == 1:
        return codes
    into = int(alone[0]) if alone.size > 1 else int(np.argmax(counts))
    codes[np.isin(codes, alone)] = into
    return np.unique(codes, return_inverse=True)[1].reshape(-1)


def _share(share: float, variance: float, df: float, k_eff: float, confidence: float) -> Interval:
    """Wilson's interval at the effective sample size, with Student's t for the normal quantile.

    Where the sample shows no spread (all right or all wrong), each effective sample is one draw.
    """
    varies = 0 < share < 1 and variance > 0
    n = min(share * (1 - share) / variance, 1e12) if varies else k_eff
    free = max(df, 1.0) if varies else max(k_eff - 1, 1.0)
    z = t_quantile(0.5 + confidence / 2, free)
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if share <= 0 else max(0.0, (middle - half) / scale)
    high = 1.0 if share >= 1 else min(1.0, (middle + half) / scale)
    return Interval(low, high)


def _with_unseen(interval: Interval, share: float, k_eff: float, confidence: float) -> Interval:
    """The interval, and whatever answers would explain that so many draws may well have missed (rule of three).

    A few heavy samples may show nothing of what they stand for, while many light ones seem to leave no doubt.
    """
    missed = 1 - (0.5 - confidence / 2) ** (1 / k_eff)
    return Interval(min(interval.low, share * (1 - missed)), max(interval.high, share + missed * (1 - share)))


def _is_not_zero(mean: float, spread: _Spread, alpha: float) -> bool:
    """Whether both tests of `_tilted` reject on one side that a mean with this spread is 0."""
    if spread.variance <= 0 or spread.df <= 0:
        return mean != 0
    far = abs(mean) > t_quantile(1 - alpha, max(spread.df, 1.0)) * math.sqrt(spread.variance)
    if not far:
        return False
    sign = 1 if mean < 0 else -1  # the truth is above the mean, or below
    k = spread.pulls.size
    observed = float((spread.pulls**2).sum()) * k / (k - 1)
    pulls = spread.pulls * math.sqrt(spread.variance / observed) if observed > 0 else spread.pulls
    if abs(mean) > _LONGEST * t_quantile(1 - alpha, max(spread.df, 1.0)) * math.sqrt(spread.variance):
        return True
    return tilted_p(abs(mean) * spread.shares - sign * pulls, spread.df + 1) <= alpha


def _tilted(mean: float, spread: _Spread, confidence: float) -> Interval:
    """What neither Student's t nor the tilted test rejects, so that the interval is the longer of the two on each side.

    A truth at distance d supposes that every value is d higher: the pulls of the clusters are then d times their shares
    higher, and are reweighed until their sum is nothing (`clustered.tilted_p`). Of skewed values few are large, so a
    higher truth also means more of them and a larger spread; a lower one less. Both tests change steadily with the
    data, and so do the ends.
    """
    k = spread.pulls.size
    observed = float((spread.pulls**2).sum()) * k / (k - 1)
    pulls = spread.pulls * math.sqrt(spread.variance / observed) if observed > 0 else spread.pulls
    half = t_quantile(0.5 + confidence / 2, max(spread.df, 1.0)) * math.sqrt(spread.variance)
    alpha = 0.5 - confidence / 2

    def reach(sign: int) -> float:
        """The distance from the mean at which the truth is rejected on one side."""

        def rejects(distance: float) -> bool:
            return tilted_p(distance * spread.shares - sign * pulls, spread.df + 1) <= alpha

        low = high = half
        while not rejects(high):
            if high >= _LONGEST * half:
                return _LONGEST * half
            low, high = high, min(1.25 * high, _LONGEST * half)
        while high - low > _FINE * half:
            middle = (low + high) / 2
            low, high = (low, middle) if rejects(middle) else (middle, high)
        return high

    return Interval(mean - reach(-1), mean + reach(1))
