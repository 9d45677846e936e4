"""Requests that say the same, or nearly the same, as one class each.

classes = classes_of(traits)       # [[0, 5, 9], [1], ...]: places of calls, the first stands for its class

Nearly the same are requests with the same template, numbers and shape of the conversation whose different words agree
to 85 % (Jaccard). Candidates come from min-hashes in bands (Broder 1997; Leskovec, Rajaraman and Ullman 2014, ch. 3),
and are then compared exactly with the call that stands for the class, so that a class does not drift.

Words that half of the calls of a template have are the template's own (instructions around a short question) and are
not compared: they would make all of its calls alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evalkit.bridges.traces.traits import Traits
from evalkit.suite.near_duplicates import FEWEST_WORDS, NEAR

Words = npt.NDArray[np.uint32]
_FEW = 20
"""Calls of a template from which its own words are told."""

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
    words = _own_words(traits)
    for n, one in enumerate(traits):
        key = (one.exact, one.tools, one.outcome)
        home = exact.get(key)
        if home is None and len(words[n]):
            hashes = words[n].astype(np.uint64)
            least = ((a * hashes + b) % _PRIME).min(axis=1)
            bands = [(one.alike, band, least[band * _ROWS : (band + 1) * _ROWS].tobytes()) for band in range(_BANDS)]
            home = _near(n, traits, classes, words, [buckets.get(band, []) for band in bands])
            if home is None:
                for band in bands:
                    buckets.setdefault(band, []).append(len(classes))
        if home is None:
            home = len(classes)
            classes.append([])
        exact.setdefault(key, home)
        classes[home].append(n)
    return classes


def _own_words(traits: Sequence[Traits]) -> list[Words]:
    """uint32 hashes of each call's different words without its template's; none where too few are left to compare."""
    by_template: dict[str, list[int]] = {}
    for n, one in enumerate(traits):
        by_template.setdefault(one.template, []).append(n)
    found: list[Words] = [np.frombuffer(one.words, np.uint32) for one in traits]
    for members in by_template.values():
        if len(members) < _FEW:
            continue
        every, counts = np.unique(np.concatenate([found[n] for n in members]), return_counts=True)
        common = every[counts * 2 > len(members)]
        for n in members:
            own = np.setdiff1d(found[n], common, assume_unique=True)
            found[n] = own if len(own) >= FEWEST_WORDS else own[:0]
    return found


def _near(
    n: int, traits: Sequence[Traits], classes: list[list[int]], words: list[Words], found: list[list[int]]
) -> int | None:
    """The first class whose own call has nearly the same words; None: there is none."""
    seen: set[int] = set()
    one, mine = traits[n], words[n]
    for bucket in found:
        for place in bucket[:_MOST_IN_BUCKET]:
            if place in seen:
                continue
            seen.add(place)
            other = traits[classes[place][0]]
            if (other.tools, other.outcome) != (one.tools, one.outcome):
                continue
            theirs = words[classes[place][0]]
            both = len(np.intersect1d(mine, theirs, assume_unique=True))
            if both >= NEAR * (len(mine) + len(theirs) - both):
                return place
    return None
