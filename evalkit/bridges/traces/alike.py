"""Requests that say the same, or nearly the same, as one class each.

classes = classes_of(traits)       # [[0, 5, 9], [1], ...]: places of calls, the first stands for its class

Nearly the same are requests with the same template, numbers and shape of the conversation whose different words agree
to 85 % (Jaccard). Candidates come from min-hashes in bands (Broder 1997; Leskovec, Rajaraman and Ullman 2014, ch. 3),
and are then compared exactly with the call that stands for the class, so that a class does not drift.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evalkit.bridges.traces.traits import Traits
from evalkit.suite.near_duplicates import NEAR

_BANDS, _ROWS = 16, 4
"""Two texts with 85 % of their words in common share a band with probability 1 - (1 - 0.85^4)^16 = 0.99999."""
_PRIME = np.uint64((1 << 61) - 1)
_MOST_IN_BUCKET = 50
"""Classes that one text is compared with in a bucket: beyond it are texts of hardly any words of their own."""


def classes_of(traits: Sequence[Traits]) -> list[list[int]]:
    """The classes, in the order of their first calls."""
    exact: dict[tuple[bytes, str, str], int] = {}
    classes: list[list[int]] = []
    buckets: dict[tuple[bytes, int, bytes], list[int]] = {}
    rng = np.random.default_rng(0)
    a, b = (rng.integers(1, 1 << 31, size=(_BANDS * _ROWS, 1), dtype=np.uint64) for _ in range(2))
    for n, one in enumerate(traits):
        key = (one.exact, one.tools, one.outcome)
        home = exact.get(key)
        if home is None and one.words:
            hashes = np.frombuffer(one.words, np.uint32).astype(np.uint64)
            least = ((a * hashes + b) % _PRIME).min(axis=1)
            bands = [(one.alike, band, least[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(_BANDS)]
            home = _near(one, traits, classes, [buckets.get(band, []) for band in bands])
            if home is None:
                for band in bands:
                    buckets.setdefault(band, []).append(len(classes))
        if home is None:
            home = len(classes)
            classes.append([])
        exact.setdefault(key, home)
        classes[home].append(n)
    return classes


def _near(one: Traits, traits: Sequence[Traits], classes: list[list[int]], found: list[list[int]]) -> int | None:
    """The first class whose own call has nearly the same words; None: there is none."""
    seen: set[int] = set()
    mine = np.frombuffer(one.words, np.uint32)
    for bucket in found:
        for place in bucket[:_MOST_IN_BUCKET]:
            if place in seen:
                continue
            seen.add(place)
            other = traits[classes[place][0]]
            if (other.tools, other.outcome) != (one.tools, one.outcome):
                continue
            theirs = np.frombuffer(other.words, np.uint32)
            both = len(np.intersect1d(mine, theirs, assume_unique=True))
            if both >= NEAR * (len(mine) + len(theirs) - both):
                return place
    return None
