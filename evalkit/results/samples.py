"""Two sides on the same samples: what standings, comparisons and flips are computed from.

    both = SampleJoin(table, other, *shared_lines(table, other))     # two runs; of one run: SampleJoin(table, table)
    pair_of(both, "gpt", "qwen").p_worse()                        # could qwen be as good as gpt?

Samples meet on their content, never on position. Flips and means are those of samples; where both sides were asked
their samples equally often, more than once, tests take every answer, those of one sample together, as `compare` and the
gate do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evalkit.errors import StoreError
from evalkit.frozen import dataclass
from evalkit.results.flips import flipped
from evalkit.results.pairs import Dependence
from evalkit.store.score_table import MISSING, ScoreTable, SingleAnswers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from evalkit.stats.verdict import Decision

    Lines = npt.NDArray[np.intp]
    Scores = npt.NDArray[Any]
    Covariance = npt.NDArray[np.float64]

SampleSide = tuple[str, str]
"""(run, model): one model's rows of one run."""


@dataclass(frozen=True, slots=True)
class SampleJoin:
    """The samples that stand in both tables; no lines: all of them, in the same order."""

    left: ScoreTable
    right: ScoreTable
    lines_left: Lines | None = None
    lines_right: Lines | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Two models over the samples that both were asked, in the order of the first one's run."""

    lines: Lines
    """Of the first one's table."""
    first: Scores
    """Between 0 and 1; NaN where there is none."""
    second: Scores
    outcomes: tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class AnswerPairs:
    """Every answer of samples that both sides were asked several times, paired by its repeat."""

    scores: tuple[Scores, Scores]
    """Of the answers that both have a score for."""
    n_errored: int
    """Answers that both sides were asked, without a score on at least one."""
    dependence: Dependence


@dataclass(frozen=True, slots=True)
class Pair:
    """Scores of the same samples on two sides."""

    n: int
    """Samples that both have a score for."""
    gained: int
    """Samples on which the second scores higher."""
    lost: int
    n_errored: int
    """Samples that both sides were asked, without a score on at least one."""
    scores: tuple[Scores, Scores] | None = None
    """The scores themselves; None where all are right or wrong and stand alone, since the counts then say it all."""
    n_flips: int = 0
    """Samples that are right on one side only, as `decide.flips` says; those that differ otherwise are no flips."""
    clusters: Scores | None = None
    """A label for each sample; None where every sample stands alone."""
    weights: Scores | None = None
    """Average samples that each scored one stands for; None: all count alike."""
    errored_weight: float | None = None
    """What the samples without a score weigh together. None: as many average ones, or there are none."""
    answers: AnswerPairs | None = None
    """What is tested where samples were asked several times; None: the samples themselves, or their means where the two
    sides were not asked equally often."""

    def p_worse(self) -> float:
        """The one-sided p-value of the second's being as good as the first; 1 without a scored sample."""
        from evalkit.stats import comparison

        if not self.n:
            return 1.0
        if self.scores is None:
            return comparison.p_worse_of_counts(comparison.Counts(self.n, self.gained, self.lost, self.n_errored))
        scores, n_errored, dependence = self._tested(self.scores)
        return comparison.p_worse(*scores, tail="smooth", n_errored=n_errored, **dependence)

    def difference(self) -> float | None:
        """Mean score of the second minus that of the first, as `test` has it; None without a scored sample."""
        import numpy as np

        if not self.n:
            return None
        if self.scores is None:
            return (self.gained - self.lost) / self.n
        (first, second), _, dependence = self._tested(self.scores)
        return float(np.average(second - first, weights=dependence.get("weights")))

    def test(self, alpha: float) -> Decision:
        """The difference with its interval of confidence 1 - 2 alpha. At least one scored sample is needed."""
        from evalkit.stats import comparison

        if self.scores is None:
            return comparison.test_counts(comparison.Counts(self.n, self.gained, self.lost, self.n_errored), 0.0, alpha)
        scores, n_errored, dependence = self._tested(self.scores)
        return comparison.test(*scores, 0.0, alpha, tail="smooth", n_errored=n_errored, **dependence)

    def _tested(self, scores: tuple[Scores, Scores]) -> tuple[tuple[Scores, Scores], int, Dependence]:
        if self.answers is not None:
            return self.answers.scores, self.answers.n_errored, self.answers.dependence
        return scores, self.n_errored, self._dependence()

    def _dependence(self) -> Dependence:
        found: Dependence = {}
        if self.clusters is not None:
            found["clusters"] = self.clusters
        if self.weights is not None:
            found["weights"] = self.weights
        if self.errored_weight is not None:
            found["errored_weight"] = self.errored_weight
        return found


def shared_lines(left: ScoreTable, right: ScoreTable) -> tuple[Lines, Lines]:
    """The lines of the samples that stand in both tables, in the order of the first."""
    import numpy as np

    ours, theirs = left.ids[left.by_id], right.ids[right.by_id]
    at = np.searchsorted(theirs, ours)
    found = np.flatnonzero(theirs[np.minimum(at, max(len(theirs) - 1, 0))] == ours) if len(theirs) else at[:0]
    lines_left, lines_right = left.by_id[found], right.by_id[at[found]]
    order = np.argsort(lines_left, kind="stable")
    return lines_left[order], lines_right[order]


def n_other_weights(both: SampleJoin) -> int:
    """Samples of both tables that do not stand for the same share of them on the two sides: no difference of theirs is
    one of the same traffic. 0 where both are of one run, or share no sample."""
    import numpy as np

    ours, theirs = both.left.weight, both.right.weight
    if both.lines_left is None or both.lines_right is None or (ours is None and theirs is None):
        return 0
    n = len(both.lines_left)
    if not n:
        return 0
    first, second = (
        np.ones(n) if heavy is None else heavy[lines] / heavy[lines].mean()
        for heavy, lines in ((ours, both.lines_left), (theirs, both.lines_right))
    )
    return int((~np.isclose(first, second, rtol=_SAME_WEIGHT)).sum())


_SAME_WEIGHT = 1e-6
"""Weights are written with six decimals."""


def columns_of(both: SampleJoin, first: str, second: str, task: str | None = None) -> Columns:
    """Every sample that both models were asked, of one task or of all (None)."""
    import numpy as np

    a, b, outcomes, lines = _lined(both, first, second, task)
    asked = (outcomes[0] != MISSING) & (outcomes[1] != MISSING)
    where = np.flatnonzero(asked)
    lines = where if lines is None else lines[where]
    return Columns(lines, floats(a[where]), floats(b[where]), (outcomes[0][where], outcomes[1][where]))


def of_slice(both: SampleJoin, slice: tuple[str, str]) -> SampleJoin:
    """The join with only the samples of one slice (name, value), as the first side has it."""
    import numpy as np

    having = [code for code, pairs in enumerate(both.left.slice_sets) if slice in pairs]
    if both.lines_left is None or both.lines_right is None:
        mine = np.flatnonzero(np.isin(both.left.slices, having))
        return SampleJoin(both.left, both.right, mine, mine)
    kept = np.isin(both.left.slices[both.lines_left], having)
    return SampleJoin(both.left, both.right, both.lines_left[kept], both.lines_right[kept])


def pair_of(both: SampleJoin, first: str, second: str, task: str | None = None) -> Pair:
    """The pair of two models, over one task or over all (None)."""
    import numpy as np

    a, b, outcomes, lines = _lined(both, first, second, task)
    asked = (outcomes[0] != MISSING) & (outcomes[1] != MISSING)
    answers = _answers(both, first, second, task)
    plain = not (both.left.clustered or both.right.clustered) and both.left.weight is None and answers is None
    if a.dtype == np.uint8 and b.dtype == np.uint8 and plain:
        gained, lost = int(np.count_nonzero((a == 0) & (b == 1))), int(np.count_nonzero((a == 1) & (b == 0)))
        n = int(np.count_nonzero((a != MISSING) & (b != MISSING)))
        return Pair(n, gained, lost, int(np.count_nonzero(asked)) - n, n_flips=gained + lost)
    a, b = floats(a).astype(np.float64), floats(b).astype(np.float64)
    scored = np.flatnonzero(~(np.isnan(a) | np.isnan(b)))
    table, places = both.left, lines
    if not table.clustered:
        table = both.right
        if both.lines_right is not None:
            places = _lines(both, task)[1]
    labels = (table.cluster if places is None else table.cluster[places])[scored]
    clusters = None
    if labels.size and labels.max() >= 0:
        clusters = np.where(labels < 0, labels.max() + 1 + np.arange(labels.size), labels)
    weights = errored_weight = None
    if both.left.weight is not None:
        heavy = both.left.weight if lines is None else both.left.weight[lines]
        weights, without = heavy[scored], asked.copy()
        without[scored] = False
        errored_weight = float(heavy[without].sum()) if without.any() else None
    first_scores, second_scores = a[scored], b[scored]
    n_flips = sum(int(np.count_nonzero(mask)) for mask in flipped(first_scores, second_scores))
    return Pair(
        scored.size,
        int(np.count_nonzero(second_scores > first_scores)),
        int(np.count_nonzero(second_scores < first_scores)),
        int(np.count_nonzero(asked)) - scored.size,
        (first_scores, second_scores),
        n_flips,
        clusters,
        weights,
        errored_weight,
        answers,
    )


def _answers(both: SampleJoin, first: str, second: str, task: str | None) -> AnswerPairs | None:
    """None where a side was asked every sample once, where the two were not asked equally often, and where no answer
    has a score on both sides."""
    import numpy as np

    left, right = both.left.answers, both.right.answers
    if left is None or right is None:
        return None
    lines = _lines(both, task)
    span = int(max(left.repeat.max(initial=0), right.repeat.max(initial=0))) + 1
    keys, slots = zip(
        _slots(left, _place(both.left, first), lines[0], span),
        _slots(right, _place(both.right, second), lines[1], span),
        strict=True,
    )
    ours, theirs = (np.unique(one % span) for one in keys)
    if not np.array_equal(ours, theirs) or ours.max(initial=0) == 0:
        return None
    shared, at_first, at_second = np.intersect1d(*keys, assume_unique=True, return_indices=True)
    a = floats(left.scores[_place(both.left, first)][slots[0][at_first]]).astype(np.float64)
    b = floats(right.scores[_place(both.right, second)][slots[1][at_second]]).astype(np.float64)
    scored = ~(np.isnan(a) | np.isnan(b))
    if not scored.any():
        return None
    item = shared // span
    dependence: Dependence = {"items": item[scored]}
    table, of_line = (both.left, left.line[slots[0][at_first]])
    if table.weight is not None:
        dependence["weights"] = table.weight[of_line[scored]]
        if not scored.all():
            dependence["errored_weight"] = float(table.weight[of_line[~scored]].sum())
    if not table.clustered:
        table, of_line = (both.right, right.line[slots[1][at_second]])
    if table.clustered:
        cluster = table.cluster[of_line].astype(np.int64)
        dependence["clusters"] = np.where(cluster < 0, int(table.cluster.max()) + 1 + item, cluster)[scored]
    return AnswerPairs((a[scored], b[scored]), int((~scored).sum()), dependence)


def _slots(answers: SingleAnswers, model: int, lines: Lines | None, span: int) -> tuple[Lines, Lines]:
    """The slots of these lines (None: all) that a model was asked: a number for each (place among the lines, repeat),
    and where it stands."""
    import numpy as np

    kept = answers.asked[model]
    place = answers.line.astype(np.intp)
    if lines is not None:
        places = np.full(max(int(place.max(initial=-1)), int(lines.max(initial=-1))) + 1, -1, dtype=np.intp)
        places[lines] = np.arange(lines.size)
        place = places[place]
        kept = kept & (place >= 0)
    where = np.flatnonzero(kept)
    return place[where] * span + answers.repeat[where], where


def covariance_of(joins: Sequence[SampleJoin], leader: str, others: Sequence[str], task: str | None) -> Covariance:
    """How the mean scores of a leader and of others vary and move together, over the leader's samples.

    `joins`: the leader's table with that of each other one. A sample that one was not scored on tells nothing of it.
    """
    import numpy as np

    from evalkit.stats import best

    parts: list[npt.NDArray[np.float32]] = []
    table = joins[0].left
    for both, other in zip(joins, others, strict=True):
        found = columns_of(both, leader, other, task)
        for values in (found.first, found.second)[len(parts) > 0 :]:
            part = np.zeros(table.ids.size, dtype=np.float32)
            known = ~np.isnan(values)
            lines = found.lines[known]
            heavy = np.ones(lines.size) if table.weight is None else table.weight[lines]
            if lines.size:
                part[lines] = heavy * (values[known] - np.average(values[known], weights=heavy)) / heavy.sum()
            parts.append(part)
    labels = None
    if table.clustered:
        labels = np.where(table.cluster < 0, table.cluster.max() + 1 + np.arange(table.cluster.size), table.cluster)
    return best.covariance_of(parts, labels)


def _lined(both: SampleJoin, first: str, second: str, task: str | None) -> tuple[Scores, Scores, Any, Lines | None]:
    """Scores and outcomes of two models on the same samples, and their lines in the left table (None: all)."""
    i, j = _place(both.left, first), _place(both.right, second)
    ours, theirs = _lines(both, task)
    a, b = both.left.scores[i], both.right.scores[j]
    outcomes = (both.left.outcomes[i], both.right.outcomes[j])
    if ours is None:
        return a, b, outcomes, None
    return a[ours], b[theirs], (outcomes[0][ours], outcomes[1][theirs]), ours


def _place(table: ScoreTable, model: str) -> int:
    if model not in table.models:
        raise StoreError(f"There is no row of {model!r} among {', '.join(table.models) or 'none'}. Load the page anew.")
    return table.models.index(model)


def _lines(both: SampleJoin, task: str | None) -> tuple[Lines | None, Lines | None]:
    import numpy as np

    ours, theirs = both.lines_left, both.lines_right
    if task is None:
        return ours, theirs
    code = both.left.tasks.index(task) if task in both.left.tasks else -1
    if ours is None or theirs is None:
        mine = np.flatnonzero(both.left.task == code)
        return mine, mine
    mine = both.left.task[ours] == code
    return ours[mine], theirs[mine]


def floats(scores: Scores) -> Scores:
    """Scores as numbers; NaN where one is missing. Right and wrong fit into short floats."""
    import numpy as np

    if scores.dtype != np.uint8:
        return scores
    found = scores.astype(np.float32)
    found[scores == MISSING] = np.nan
    return found
