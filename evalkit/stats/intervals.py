"""Intervals of a mean: Wilson for right/wrong scores, Student's t for graded ones, a jackknife over clusters.

    wilson(87, 100)                              # Interval(low=0.790..., high=0.922...)
    student_t([0.2, 0.9, 0.7])                   # None when fewer than two values, or all alike
    clustered([1, 1, 0, 1], ["a", "a", "b", "c"])

An interval that cannot be known is None, never one of zero width: three equal scores do not prove that the fourth
will be the same. Comparisons between two models do not belong here; they are paired (`evalkit.stats.comparison`).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from evalkit.frozen import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Numbers = Sequence[float] | npt.NDArray[np.floating[Any] | np.integer[Any] | np.bool_]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true mean plausibly lies, in the units of the values."""

    low: float
    high: float


def wilson(right: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Interval of a proportion (Wilson 1927); None when n is 0: undefined is not zero.

    Raises ValueError unless 0 <= right <= n.
    """
    if not 0 <= right <= n:
        raise ValueError(f"wilson needs 0 <= right <= n, not right={right}, n={n}")
    _check(confidence)
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p = right / n
    middle = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At the ends the formula gives exactly 0 and 1, which rounding would miss by an ulp.
    low = 0.0 if right == 0 else (middle - half) / scale
    high = 1.0 if right == n else (middle + half) / scale
    return Interval(low, high)


def student_t(values: Numbers, confidence: float = 0.95) -> Interval | None:
    """Interval of the mean of independent values; None for fewer than two, or when all are equal."""
    import numpy as np

    array = _finite(values)
    if array.size < 2:
        return None
    return student_t_of(float(array.mean()), float(np.std(array, ddof=1)), int(array.size), confidence)


def student_t_of(mean: float, sd: float, n: int, confidence: float = 0.95) -> Interval | None:
    """The same from a mean, a sample standard deviation (n - 1) and n; None for n < 2 or sd 0."""
    return _around(mean, sd / math.sqrt(n) if n > 0 else 0.0, n - 1, confidence)


def clustered(values: Numbers, clusters: Sequence[Hashable], confidence: float = 0.95) -> Interval | None:
    """Interval of the mean when values of one cluster move together.

    CR3: the jackknife over clusters around the full mean, with K_eff - 1 degrees of freedom where
    K_eff = n^2 / sum of squared cluster sizes, so that one large cluster is not mistaken for many small ones.
    None for fewer than two clusters, or when leaving one out never changes the mean.
    Raises ValueError when the two sequences differ in length.
    """
    import numpy as np

    array = _finite(values)
    if array.size != len(clusters):
        raise ValueError(f"clustered needs one cluster for each value: {array.size} values, {len(clusters)} clusters")
    codes: dict[Hashable, int] = {}
    labels = np.fromiter((codes.setdefault(c, len(codes)) for c in clusters), dtype=np.intp, count=len(clusters))
    k = len(codes)
    if k < 2:
        return None
    n = array.size
    sizes = np.bincount(labels, minlength=k)
    sums = np.bincount(labels, weights=array, minlength=k)
    mean = float(array.mean())
    without = (array.sum() - sums) / (n - sizes)
    variance = (k - 1) / k * float(((without - mean) ** 2).sum())
    k_eff = n * n / float((sizes.astype(float) ** 2).sum())
    return _around(mean, math.sqrt(variance), k_eff - 1, confidence)


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: float) -> float:
    """The value that Student's t with `df` (> 0, need not be whole) stays below with probability p (0 < p < 1).

    Up to 500 degrees of freedom: P(|T| > t) = I_x(df/2, 1/2) with x = df / (df + t^2) (DLMF 8.17, Abramowitz & Stegun
    26.7.1), the incomplete beta by its continued fraction (DLMF 8.17.22) with Lentz's method, solved for log t by
    Newton's steps within a bracket. Beyond: the Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5), where log-gamma
    would lose digits.
    """
    if not 0 < p < 1:
        raise ValueError(f"t_quantile needs 0 < p < 1, not {p}")
    if not df > 0:
        raise ValueError(f"t_quantile needs df > 0, not {df}")
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1 - p, df)
    if df > 500:
        return _cornish_fisher(NormalDist().inv_cdf(p), df)
    both_tails, a = 2 * (1 - p), df / 2
    log_beta = _log_beta(a)
    # On logarithms of both the tail is a curve that bends one way, nearly straight far out: Newton's steps settle.
    low, high = -40.0, 390.0
    at = math.log(_near_quantile(p, df, log_beta))
    for _ in range(_STEPS):
        found, front = _both_tails(math.exp(at), df, log_beta)
        low, high = (at, high) if found > both_tails else (low, at)
        if found <= 0 or front <= 0:
            at = (low + high) / 2
            continue
        # d/d(log t) of I_x(a, 1/2) is -2 x^a (1 - x)^(1/2) / B(a, 1/2)
        step = found / (2 * front) * math.log(found / both_tails)
        after = at + step
        if abs(step) <= 1e-12 + 4e-16 * found / front:  # near the median the tail itself is known no better
            return math.exp(after)
        at = after if low < after < high else (low + high) / 2
    return math.exp(at)


_STEPS = 200
"""Halving alone would need sixty."""


def _near_quantile(p: float, df: float, log_beta: float) -> float:
    """A first guess, above 0: by the law's far tail, its middle, or the normal law's quantile."""
    a = df / 2
    log_x = (math.log(2 * (1 - p)) + math.log(a) + log_beta) / a  # I_x(a, b) is near x^a / (a B(a, b)) for small x
    if log_x < -1:
        return max(math.exp(min(0.5 * (math.log(df) - log_x), 380.0)) * math.sqrt(-math.expm1(log_x)), 1e-17)
    if df >= 3:
        return max(_cornish_fisher(NormalDist().inv_cdf(p), df), 1e-17)
    return max((p - 0.5) * math.sqrt(df) * math.exp(log_beta), 1e-17)  # the density at 0 is 1 / (sqrt(df) B)


def t_tail(t: float, df: float) -> float:
    """P(T > t) for Student's t with `df` > 0 degrees of freedom.

    The incomplete beta up to 500 degrees of freedom; beyond, Wallace's transformation to a normal (1959), good to 1e-6.
    """
    if df > 500:
        z = math.copysign(math.sqrt(df * math.log1p(t * t / df)) * (8 * df + 1) / (8 * df + 3), t)
        return 0.5 * math.erfc(z / math.sqrt(2))
    if abs(t) < 1e-100:
        return 0.5
    both, _ = _both_tails(abs(t), df, _log_beta(df / 2))
    return both / 2 if t > 0 else 1 - both / 2


def _around(mean: float, se: float, df: float, confidence: float) -> Interval | None:
    _check(confidence)
    # A spread at the level of rounding is no spread: [0.1] * 30 has a standard deviation of 1e-17.
    if df <= 0 or se <= 1e-14 * max(1.0, abs(mean)):
        return None
    half = t_quantile(0.5 + confidence / 2, df) * se
    return Interval(mean - half, mean + half)


def _log_beta(a: float) -> float:
    """log B(a, 1/2)."""
    return math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)


def _both_tails(t: float, df: float, log_beta: float) -> tuple[float, float]:
    """P(|T| > t), and x^(df/2) (1 - x)^(1/2) / B(df/2, 1/2); `log_beta`: log B(df/2, 1/2).

    The two arguments of the beta are formed apart: 1 - x would lose every digit for a tiny t.
    """
    ratio = t / math.sqrt(df)
    x, rest = (1 / (1 + ratio * ratio), 1 / (1 + 1 / (ratio * ratio))) if ratio < 1e150 else (0.0, 1.0)
    a, b = df / 2, 0.5
    if x <= 0:
        return 0.0, 0.0
    front = math.exp(a * math.log(x) + b * math.log(rest) - log_beta)
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a, front
    return 1 - front * _beta_fraction(rest, b, a) / b, front


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta (DLMF 8.17.22), by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 1000):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + step * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + step / c
            c = c if abs(c) > tiny else tiny
            fraction *= c * d
        if abs(c * d - 1) < 1e-16:
            break
    return fraction


def _cornish_fisher(z: float, df: float) -> float:
    z2 = z * z
    g1 = z * (z2 + 1) / 4
    g2 = z * ((5 * z2 + 16) * z2 + 3) / 96
    g3 = z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384
    g4 = z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160
    return z + g1 / df + g2 / df**2 + g3 / df**3 + g4 / df**4


def _finite(values: Numbers) -> npt.NDArray[np.float64]:
    import numpy as np

    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError("an interval needs finite values: leave absent scores out, they are not numbers")
    return array


def _check(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is between 0 and 1, like 0.95, not {confidence}")
