"""Items, or whole clusters of them, drawn with replacement: the next run's items, from those of an earlier one.

groups = ItemGroups.of(300, clusters=None)
places, cluster = groups.draw(rng, items=1000)        # int64[n] each: which item, and which drawn cluster it is of
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from evalkit.stats.scores import Codes, Floats


@dataclass(frozen=True, slots=True)
class ItemGroups:
    """What is drawn as one: clusters, or single items."""

    order: Codes
    """int64[I]: places of the items, those of a group beside each other."""
    starts: Codes
    """int64[G]: where each group begins in `order`."""
    sizes: Codes
    """int64[G]: items of each group."""
    chances: Floats
    """float64[G]: how often each is drawn; sum 1."""
    equal: bool = False
    """Whether each is drawn equally often."""

    @classmethod
    def of(cls, n_items: int, clusters: Codes | None) -> ItemGroups:
        """Groups that are drawn equally often."""
        codes = np.arange(n_items) if clusters is None else np.unique(clusters, return_inverse=True)[1]
        sizes = np.bincount(codes)
        starts = np.cumsum(sizes) - sizes
        return cls(np.argsort(codes, kind="stable"), starts, sizes, np.full(sizes.size, 1 / sizes.size), equal=True)

    def __len__(self) -> int:
        return self.sizes.size

    @property
    def items_each(self) -> float:
        """Items of a group that is drawn, on average."""
        return float((self.chances * self.sizes).sum())

    def sums(self, values: Floats) -> Floats:
        """float64[G]: sums over the items of each group, of float64[I] values in the items' own order."""
        return np.asarray(np.add.reduceat(values[self.order], self.starts))

    def drawn_with(self, chances: Floats) -> ItemGroups:
        """The same, drawn so often."""
        return replace(self, chances=chances, equal=False)

    def draw(self, rng: np.random.Generator, items: int) -> tuple[Codes, Codes]:
        """Groups of about so many items: int64[n] places of the items, and int64[n] numbers of the drawn groups."""
        n = max(1, round(items / self.items_each))
        if self.equal:
            drawn = rng.integers(0, len(self), n)
        else:
            drawn = np.searchsorted(np.cumsum(self.chances)[:-1], rng.random(n), side="right")
        sizes = self.sizes[drawn]
        cluster = np.repeat(np.arange(n), sizes)
        within = np.arange(cluster.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return self.order[self.starts[drawn][cluster] + within], cluster


def some_answers(rng: np.random.Generator, answers: Floats, chosen: Codes, k: int) -> Floats:
    """float64[n, k]: k answers of each `chosen` item (int64[n] rows of `answers`), without replacement; all of them, in
    their own order, where there are no more."""
    n_stored = answers.shape[1]
    if n_stored == k:
        return answers[chosen]
    # The first k steps of a shuffle (Durstenfeld 1964): sorting random numbers takes ten times as long.
    if k == 1:
        return np.asarray(answers[chosen, rng.integers(0, n_stored, chosen.size)][:, None])
    places = np.tile(np.arange(n_stored), (chosen.size, 1))
    rows = np.arange(chosen.size)
    for step in range(k):
        other = rng.integers(step, n_stored, chosen.size)
        taken = places[rows, other]
        places[rows, other] = places[:, step]
        places[:, step] = taken
    return np.asarray(answers[chosen[:, None], places[:, :k]])
