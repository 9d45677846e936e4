"""The exact law of a sum under random signs: how far does chance alone carry differences that could have either sign?

sign_flip_p([3, -1, 2, 0])       # P(±3 ± 1 ± 2 >= 4) = 0.25
"""

from __future__ import annotations

import math

import numpy as np

from evalkit.stats.scores import Floats
from evalkit.stats.tango import normal_tail

_MOST_SPAN = 20_000
_MOST_WORK = 2e6
"""Beyond these the sum has so many terms that the normal law, with half a step of continuity, is exact enough."""


def sign_flip_p(differences: Floats) -> float:
    """P(sum of e_k d_k >= sum of d_k) over independent random signs e_k, for float64[K] whole numbers.

    1 where all are 0.
    Exact by the characteristic function, the product of cos(d_k t), turned back by a discrete Fourier transform.
    """
    whole = np.rint(differences).astype(np.int64)
    total = int(whole.sum())
    sizes, many = np.unique(np.abs(whole[whole != 0]), return_counts=True)
    if not sizes.size:
        return 1.0
    span = int((sizes * many).sum())
    if span > _MOST_SPAN or sizes.size * span > _MOST_WORK:
        return normal_tail((total - 0.5) / math.sqrt(float((sizes.astype(np.float64) ** 2 * many).sum())))
    length = 2 * span + 1
    t = 2 * np.pi * np.arange(length) / length
    characteristic = np.ones(length)
    for size, count in zip(sizes.tolist(), many.tolist(), strict=True):
        characteristic = characteristic * np.cos(size * t) ** count
    law = np.fft.ifft(characteristic).real  # the sum s stands at place s modulo `length`
    return float(min(1.0, max(0.0, law[np.arange(total, span + 1) % length].sum())))
