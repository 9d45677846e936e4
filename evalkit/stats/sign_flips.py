"""The exact law of a sum under random signs: how far does chance alone carry differences that could have either sign?

sign_flip_ps([3, -1, 2, 0])      # (0.25, 0.875): P(±3 ± 1 ± 2 >= 4), and the same from -4 on

McNemar's exact test (1947) is the case of differences of one size: could chance alone have made as many items change
sides one way rather than the other?

mcnemar(12, 5)        # 0.143: items gained and lost

It asks "is there any difference at all?", which is what a comparison shows. A gate asks about a margin instead, and
never takes a large p-value for equality.
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.stats.scores import Floats
from evalkit.stats.tango import normal_tail

_MOST_SPAN = 20_000
_MOST_WORK = 2e6
"""Beyond these the sum has so many terms that the normal law, with half a step of continuity, is exact enough."""


def sign_flip_ps(differences: Floats) -> tuple[float, float]:
    """P(sum of e_k d_k >= sum of d_k) over independent random signs e_k, for float64[K] whole numbers d; and the same
    for -d, whose law is the same one.

    1 where all are 0.
    Exact by the characteristic function, the product of cos(d_k t), turned back by a discrete Fourier transform.
    """
    whole = np.rint(differences).astype(np.int64)
    total = int(whole.sum())
    span = int(np.abs(whole).sum())
    if not span:
        return 1.0, 1.0
    counts = np.bincount(np.abs(whole)) if span <= _MOST_SPAN else np.zeros(1)
    sizes = np.flatnonzero(counts[1:]) + 1
    many = counts[sizes]
    if span > _MOST_SPAN or sizes.size * span > _MOST_WORK:
        sd = math.sqrt(float((whole.astype(np.float64) ** 2).sum()))
        return normal_tail((total - 0.5) / sd), normal_tail((-total - 0.5) / sd)
    # Any length that holds all sums will do; the transform of a prime one takes several times as long.
    length = _round_length(2 * span + 1)
    # The law is real and the same on both sides of 0, so half of its transform says all.
    t = 2 * np.pi * np.arange(length // 2 + 1) / length
    characteristic = _product_of_cosines(t, sizes, many)
    law = np.fft.irfft(characteristic, n=length)  # the sum s stands at place s modulo `length`
    up, down = (law[np.arange(end, span + 1) % length].sum() for end in (total, -total))
    return float(min(1.0, max(0.0, up))), float(min(1.0, max(0.0, down)))


_NOTHING = 1e-30
"""A characteristic below this adds less than rounding to any sum: it is 0."""


def _product_of_cosines(t: Floats, sizes: np.ndarray, counts: np.ndarray) -> Floats:
    """The product of cos(size t)^count, float64[t]. Most places come to nothing after a few factors, and are left."""
    product, places, at = np.ones(t.size), np.arange(t.size), t
    found = np.zeros(t.size)
    often_first = np.argsort(-counts, kind="stable")
    for size, count in zip(sizes[often_first].tolist(), counts[often_first].tolist(), strict=True):
        product = product * _whole_power(np.cos(size * at), count)
        alive = np.abs(product) > _NOTHING
        if not alive.all():
            product, places, at = product[alive], places[alive], at[alive]
    found[places] = product
    return found


def _whole_power(values: Floats, exponent: int) -> Floats:
    """values ** exponent by squaring, for exponents from 1 on: ten times as fast as the logarithms of `**`."""
    power = values if exponent % 2 else np.ones(values.size)
    while exponent := exponent // 2:
        values = values * values
        if exponent % 2:
            power = power * values
    return power


def _round_length(least: int) -> int:
    """The first even number of 2, 3 and 5 alone as factors from `least` on."""
    best = 1 << (least - 1).bit_length()
    for odd in (3, 5, 9, 15, 25):
        best = min(best, odd << max(1, (-(-least // odd) - 1).bit_length()))
    return best


def mcnemar(wins: int, losses: int) -> float:
    """Two-sided exact p-value; 1.0 where nothing changed sides. Raises ValueError for negative counts."""
    if wins < 0 or losses < 0:
        raise ValueError(f"wins and losses are counts of items, not {wins} and {losses}")
    n, fewer = wins + losses, min(wins, losses)
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(fewer + 1)]
    tail = math.fsum(math.exp(value - n * math.log(2)) for value in logs)
    return min(1.0, 2 * tail)
