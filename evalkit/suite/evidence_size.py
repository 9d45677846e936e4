"""How many pieces of evidence a task's samples are: copies of one are one cluster, and weights are unequal.

size = EvidenceSize(limited=False)
for sample in task.samples(): size.see(sample)
size.n, size.n_different, size.effective      # 600, 541, 512.4: as many equal, independent samples tell as much
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from evalkit.records import Sample
from evalkit.stats.copies import too_many_alike


def effective_together(sizes: Sequence[EvidenceSize]) -> float:
    """Equal, independent samples that would tell as much as those of several tasks together. Tasks of one log share the
    unit of their weights; a sample without a weight counts as an average one."""
    weighted = [size for size in sizes if size.mean_weight is not None]
    n_requests = sum(size.total for size in weighted)
    mean = n_requests / sum(size.total / (size.mean_weight or 1.0) for size in weighted) if weighted else 1.0
    total = squares = 0.0
    for size in sizes:
        unit = 1.0 if size.mean_weight is None else mean
        total += size.total / unit
        squares += size.squares / unit**2
    return total * total / squares if squares else 0.0


class EvidenceSize:
    """Sees every sample of a task once. Clusters of the suite are not looked at: nobody knows how alike they are."""

    def __init__(self, *, limited: bool) -> None:
        """`limited`: only some of the data's samples are asked, so that the first of several copies may not be."""
        self.n = 0
        self.n_again = 0
        """Samples that ask the same as an earlier one."""
        self._limited = limited
        self._seen: set[int] = set()
        self._again: Counter[int] = Counter()
        self._weights: defaultdict[int, float] = defaultdict(float)
        """By what is asked: what all copies stand for together."""
        self._single: Counter[float] = Counter()
        """How many samples stand for so much each."""
        self._n_weighted = 0
        self._total = 0.0

    def see(self, sample: Sample) -> None:
        """Count one sample."""
        self.n += 1
        content = hash(sample.digest)
        # The set is as large as the data, so it is kept only where `occurrence` does not say it all.
        if sample.occurrence and (not self._limited or content in self._seen):
            self.n_again += 1
            self._again[content] += 1
        if self._limited:
            self._seen.add(content)
        if sample.weight is not None:
            self._n_weighted += 1
            self._total += sample.weight
            self._weights[content] += sample.weight
            self._single[sample.weight] += 1

    @property
    def n_different(self) -> int:
        """Samples that are no copies."""
        return self.n - self.n_again

    @property
    def copies_count(self) -> bool:
        """Whether so many are copies that they are taken as clusters."""
        return too_many_alike(self.n_again, self.n)

    @property
    def weighted(self) -> bool:
        """Whether any sample stands for more or fewer requests than others do."""
        return self._n_weighted > 0 and len(set(self._weights.values() if self.copies_count else self._single)) > 1

    @property
    def n_requests(self) -> float | None:
        """What all samples stand for together; None where some do not say."""
        return self._total if 0 < self.n == self._n_weighted else None

    @property
    def total(self) -> float:
        """What all samples stand for, in the unit of the weights; samples where none has one."""
        return sum(size * n for size, n in self._sizes())

    @property
    def squares(self) -> float:
        """The sum of the squares of what each sample with its copies stands for."""
        return sum(size * size * n for size, n in self._sizes())

    @property
    def effective(self) -> float:
        """Equal, independent samples that would tell as much (Kish 1965); 0 without samples."""
        return self.total**2 / self.squares if self.squares else 0.0

    @property
    def heaviest(self) -> float:
        """The largest share of all that one sample with its copies has; 0 without samples."""
        sizes = self._sizes()
        total = sum(size * n for size, n in sizes)
        return max(size for size, n in sizes if n) / total if total else 0.0

    @property
    def mean_weight(self) -> float | None:
        """Requests that a weighted sample stands for on average; None where none is weighted."""
        return self._total / self._n_weighted if self._n_weighted else None

    def _sizes(self) -> list[tuple[float, int]]:
        """(weight of a sample with its copies, how many such there are)."""
        if self._n_weighted:
            mean = self._total / self._n_weighted
            alone = self.n - self._n_weighted  # one without a weight counts as an average one
            # Few copies are left as they are, as every page that counts stored rows does (stats.copies).
            heavy = [(weight, 1) for weight in self._weights.values()] if self.copies_count else self._single.items()
            return [*heavy, (mean, alone)]
        if not self.copies_count:
            return [(1.0, self.n)]
        return [*((1.0 + n, 1) for n in self._again.values()), (1.0, self.n_different - len(self._again))]
