"""From logged requests to a sample: classes of those that say the same, strata, and the draw with known probabilities.

classes = classes_of(traits)                    # [[0, 5, 9], [1], ...]: places of calls, the first stands for its class
strata = strata_of(traits, n_samples=500)       # {"support, de, short": [0, 1, ...], ...}
drawn = draw(traits, classes, strata, 500)      # [Drawn(call=17, weight=103.4, inclusion=0.0097, ...), ...]

Alike are requests with the same template, numbers and shape of the conversation whose different words agree to 85 %
(Jaccard). Candidates come from min-hashes in bands (Broder 1997; Leskovec, Rajaraman and Ullman 2014, ch. 3), and are
then compared exactly with the call that stands for the class, so that a class does not drift. Words that half of the
calls of a template have are the template's own (instructions around a short question) and are not compared: they would
make all of its calls alike.

A stratum is a combination of template, tool use, outcome, slices, language and size. One that is too small to be
sampled is merged: the last of these that tell it apart are dropped first. Each stratum gets its share of the samples by
its traffic, and at least a few. Within it, classes of alike requests are drawn with probabilities in proportion to how
often they were asked, by systematic sampling in random order (Madow 1949; Särndal, Swensson and Wretman 1992, 3.6):
the probability of each is exactly min(1, n m / M), and its weight m over it, the logged requests that it stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


LEAST = 5
"""Samples of each stratum, where it has so many different requests."""
_SMALLEST = 0.01
"""Share of the traffic below which a stratum is merged."""
REST = "everything else"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One class of alike requests that was drawn, with the call that stands for it."""

    call: int
    """Place of the call in the list of traits."""
    stratum: str
    n_alike: int
    """Logged requests in its class."""
    inclusion: float
    """Probability that the class was drawn."""

    @property
    def weight(self) -> float:
        """How many logged requests it stands for."""
        return self.n_alike / self.inclusion


def strata_of(
    traits: Sequence[Traits], classes: Sequence[Sequence[int]], templates: Mapping[str, str], n_samples: int
) -> list[str]:
    """The stratum of each class. `templates` gives each template its short name."""
    keys = [_key(traits[one[0]], templates) for one in classes]
    sizes = [len(one) for one in classes]
    least = max(sum(sizes) * _SMALLEST, LEAST * sum(sizes) / max(n_samples, 1))
    for length in range(max(map(len, keys), default=0), 0, -1):  # drop the last trait of those that are too small
        counts: Counter[tuple[str, ...]] = Counter()
        for key, size in zip(keys, sizes, strict=True):
            counts[key] += size
        keys = [key[:-1] if len(key) == length and counts[key] < least else key for key in keys]
    whole = [len(_key(traits[one[0]], templates)) for one in classes]
    return [_named(key, whole=len(key) == length) for key, length in zip(keys, whole, strict=True)]


def _key(one: Traits, templates: Mapping[str, str]) -> tuple[str, ...]:
    named = [templates[one.template], *(value or "none" for value in one.slices)]
    if one.tools != "none":
        named.append(f"tools {one.tools}" if one.tools != "after tools" else one.tools)
    if one.outcome != "answered":
        named.append(one.outcome)
    return (*named, one.language, one.size)


def _named(key: tuple[str, ...], *, whole: bool) -> str:
    """The name of a stratum; one that is made of several that were too small says so."""
    return ", ".join(key if whole else (*key, "other")) if key else REST


def draw(
    traits: Sequence[Traits], classes: Sequence[Sequence[int]], strata: Sequence[str], n_samples: int
) -> list[Drawn]:
    """The classes that are drawn, in the order of their strata."""
    members: dict[str, list[int]] = {}
    for place, name in enumerate(strata):
        members.setdefault(name, []).append(place)
    sizes = {name: sum(len(classes[place]) for place in places) for name, places in members.items()}
    wanted = _shares(sizes, {name: len(places) for name, places in members.items()}, n_samples)
    found = []
    for name in sorted(members, key=lambda name: (-sizes[name], name)):
        found += _draw_one(traits, classes, members[name], name, wanted[name])
    return found


def _shares(sizes: Mapping[str, int], most: Mapping[str, int], n_samples: int) -> dict[str, int]:
    """Samples of each stratum: in proportion to its traffic, at least LEAST, and no more than it has requests."""
    given = {name: min(most[name], LEAST, max(1, n_samples // len(sizes))) for name in sizes}
    left = n_samples - sum(given.values())
    open_ = [name for name in sizes if given[name] < most[name]]
    while left > 0 and open_:
        total = sum(sizes[name] for name in open_)
        ideal = {name: sizes[name] / total * left for name in open_}
        added = {name: min(int(ideal[name]), most[name] - given[name]) for name in open_}
        if not any(added.values()):  # the rest, one by one, to those that lack the largest part of one
            for name in sorted(open_, key=lambda name: (int(ideal[name]) - ideal[name], name))[:left]:
                given[name] += 1
            break
        for name, n in added.items():
            given[name] += n
        left = n_samples - sum(given.values())
        open_ = [name for name in open_ if given[name] < most[name]]
    return given


def _draw_one(
    traits: Sequence[Traits], classes: Sequence[Sequence[int]], places: list[int], name: str, n: int
) -> list[Drawn]:
    """`n` classes of one stratum: those that are asked more often than one draw stands for are certain."""
    order = sorted(places, key=lambda place: traits[classes[place][0]].rank)
    certain: list[int] = []
    rest, left = order, n
    while rest and left > 0:
        step = sum(len(classes[place]) for place in rest) / left
        sure = [place for place in rest if len(classes[place]) >= step]
        if not sure:
            break
        certain += sure
        rest = [place for place in rest if len(classes[place]) < step]
        left = n - len(certain)
    found = [_stands(traits, classes[place], name, 1.0) for place in certain]
    if rest and left > 0:
        step = sum(len(classes[place]) for place in rest) / left
        start = traits[classes[rest[0]][0]].rank % (1 << 53) / (1 << 53) * step
        reached, next_ = 0.0, start
        for place in rest:
            reached += len(classes[place])
            if next_ < reached:
                found.append(_stands(traits, classes[place], name, len(classes[place]) / step))
                next_ += step
    return found


def _stands(traits: Sequence[Traits], members: Sequence[int], name: str, inclusion: float) -> Drawn:
    """The call of a class that is asked: any of them, by chance, so that its answer is one of theirs on average."""
    chosen = min(members, key=lambda place: traits[place].rank ^ _OTHER)
    return Drawn(chosen, name, len(members), inclusion)


_OTHER = 0x5DEECE66D5DEECE6
"""Makes the choice within a class another one than the order of classes."""


def short_names(known: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """A readable name for each template, no two alike: the most frequent get the plain ones.

    `known`: by template the words that its name is made of, and how many calls it has.
    """
    import re

    named: dict[str, str] = {}
    taken: set[str] = set()
    for template in sorted(known, key=lambda one: (-known[one][1], one)):
        words = re.findall(r"[a-z0-9]+", known[template][0].casefold())
        plain = "-".join([word for word in words if word not in _EMPTY][:4])[:40] or "no-template"
        name, n = plain, 1
        while name in taken:
            n += 1
            name = f"{plain}-{n}"
        taken.add(name)
        named[template] = name
    return named


_EMPTY = frozenset("you are a an the is as of for to and in on with your please 0 helpful".split())  # noqa: SIM905
