"""What an earlier run teaches about a swap: answers of two models to the same items, their prices and their times.

    earlier = Earlier.of(folder, "gpt", "mine", "all")
    earlier.whole.parts()         # variance of the difference: from item to item, and from answer to answer

Two models of that run stand for the next swap: how their answers differ from item to item, from answer to answer and
from judge to judge. Items that some answer is missing of are left out and counted. Unknown stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from evalkit.decide.rules.quality import rows_of
from evalkit.errors import NotPlanned, UserError
from evalkit.results.facts import read_facts
from evalkit.results.pairing import pair
from evalkit.results.pairs import Codes, Floats, Mask, Pairs
from evalkit.results.side import Side
from evalkit.stats.history import predictors
from evalkit.stats.resampling import StoredPair
from evalkit.store import judge_files, queries
from evalkit.store import table as stored
from evalkit.text import numbers

FEWEST = 15
"""Items below which nothing is planned."""
_OLDER = 16
"""Older models whose scores are looked at."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What one answer took in the earlier run; None: not known."""

    usd: float | None
    """Both models together, dollars of one answer of each."""
    seconds: float | None
    """The slower model's mean time of one answer."""
    in_flight: int
    candidate_usd: float | None = None
    """The candidate's alone."""
    candidate_s: float | None = None
    judge_usd: dict[str, float | None] = field(default_factory=dict)
    """By judge: dollars of marking one answer of each model, on average over the items: those that the judge does not
    mark cost nothing. Every judge of these tasks is here; empty: nobody judges them."""

    def usd_with(self, judges: tuple[str, ...]) -> float | None:
        """Dollars of one answer of each model, with the marks of these judges; (): of every judge that there is."""
        each = [self.usd, *(self.judge_usd.get(judge) for judge in judges or self.judge_usd)]
        known = [price for price in each if price is not None]
        return sum(known) if len(known) == len(each) else None


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier run teaches about a swap."""

    baseline: str
    candidate: str
    subject: str
    by_judges: dict[tuple[str, ...], StoredPair]
    """Scores by the judges that gave them; () where no judge marked, or each judge's own marks are not stored."""
    prices: Prices
    n_left_out: int
    """Items that some answer is missing of."""
    history: float | None
    """Share of the difference's variance that scores of the run's other models leave. None: it cannot be known (too
    few models, repeats, clusters)."""
    older: Floats | None = None
    """float64[K, I]: scores of the run's other models, where history may help. None: fewer than two, or it may not."""
    n_effective: float | None = None
    """Equal, independent items that would tell as much, where items are weighted. None: they are not."""

    @property
    def n_older(self) -> int:
        """Other models whose scores may help."""
        return 0 if self.older is None else len(self.older)

    @classmethod
    def of(cls, folder: Path, baseline: str, candidate: str, subject: str = "all") -> Earlier:
        """Raises StoreError and NotComparable where the run cannot be read or the two do not pair, UserError where it
        teaches nothing."""
        sides = (Side.of(folder, baseline), Side.of(folder, candidate))
        if baseline == candidate:
            raise UserError("baseline and candidate are the same model: name two, so that it is seen how they differ")
        pairs = pair(*(stored.model_rows(folder, side.model) for side in sides))
        rows = rows_of(pairs, subject)
        items, whole = whole_items(pairs, rows, pairs.scored)
        if len(items) < FEWEST:
            raise NotPlanned(
                f"only {numbers.plural(len(items), 'item')} of {'all tasks' if subject == 'all' else subject} "
                f"{'has' if len(items) == 1 else 'have'} every answer of both models: too few to plan by (at least "
                f"{FEWEST})"
            )
        matrices = [_by_item(scores, items) for scores in (pairs.baseline.score, pairs.candidate.score)]
        together = together_of(pairs, items)
        by_judges: dict[tuple[str, ...], StoredPair] = {(): StoredPair(matrices[0], matrices[1], *together)}
        if judge_files.judging_of(folder) is not None:
            by_judges = _by_judges(folder, sides, pairs, items, together) or by_judges
        alone = items.shape[1] == 1 and all(one is None for one in together)
        older = _older(folder, sides, pairs, items) if alone else []
        history = predictors(matrices[0][:, 0], np.array(older)).ratio if len(older) >= 2 else None
        return cls(
            baseline=baseline,
            candidate=candidate,
            subject=subject,
            by_judges=by_judges,
            prices=prices_of(folder, sides, pairs, rows, items),
            n_left_out=whole - len(items),
            history=history,
            older=np.array(older) if history is not None else None,
            n_effective=effective_items(*together),
        )

    @property
    def whole(self) -> StoredPair:
        """Scores as the run's own gate reads them."""
        return list(self.by_judges.values())[-1]


def whole_items(pairs: Pairs, rows: Mask, there: Mask) -> tuple[Codes, int]:
    """int64[I, K] row numbers of the items all of whose K answers of both models are `there`, and how many items there
    are at all."""
    places = np.flatnonzero(rows)
    order = places[np.lexsort((pairs.repeat[places], pairs.item[places]))]
    starts = np.flatnonzero(np.diff(pairs.item[order], prepend=-1))
    groups = np.split(order, starts[1:])
    most = max((len(group) for group in groups), default=0)
    whole = [group for group in groups if len(group) == most and there[group].all()]
    return np.array(whole, dtype=np.int64).reshape(-1, max(most, 1)), len(groups)


def together_of(pairs: Pairs, items: Codes) -> tuple[Codes | None, Floats | None]:
    """Of these items (int64[I, K] row numbers): what moves together, int64[I], and what each stands for, float64[I]."""
    first = items[:, 0]
    clusters = pairs.cluster[first] if pairs.clustered else None
    if clusters is not None:
        clusters = np.where(clusters >= 0, clusters, clusters.max() + 1 + np.arange(len(clusters)))
    weights = None if pairs.weight is None else np.asarray(pairs.weight[first], dtype=np.float64)
    return clusters, weights if weights is None or np.ptp(weights) > 0 else None


def effective_items(clusters: Codes | None, weights: Floats | None) -> float | None:
    """Equal items (or clusters) that would tell as much as these (Kish 1965); None where they are not weighted."""
    if weights is None:
        return None
    sizes = weights if clusters is None else np.bincount(np.unique(clusters, return_inverse=True)[1], weights=weights)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def _by_item(scores: Floats, items: Codes) -> Floats:
    return np.asarray(scores[items], dtype=np.float64)


def prices_of(folder: Path, sides: tuple[Side, Side], pairs: Pairs, rows: Mask, items: Codes) -> Prices:
    """What one answer took, on average over these rows, and what judges took to mark those of these items."""
    usd: list[float | None] = []
    seconds: list[float | None] = []
    for half in (pairs.baseline, pairs.candidate):
        cost = half.cost_usd[rows & ~half.errored]
        usd.append(None if not cost.size or np.isnan(cost).mean() > 0.01 else float(np.nanmean(cost)))
        times = half.total_s[rows & ~np.isnan(half.total_s)]
        seconds.append(float(times.mean()) if times.size else None)
    facts = sides[0].facts
    peaks = [lane.in_flight_peak for lane in (facts.lanes or {}).values() if lane.in_flight_peak]
    width = facts.in_flight if isinstance(facts.in_flight, int) else max(peaks, default=1)
    both = None if usd[0] is None or usd[1] is None else usd[0] + usd[1]
    slower = max((one for one in seconds if one is not None), default=None)
    judge_usd = _judge_prices(folder, pairs, items) if judge_files.judging_of(folder) is not None else {}
    return Prices(both, slower, max(1, width), usd[1], seconds[1], judge_usd)


def _by_judges(
    folder: Path,
    sides: Sequence[Side],
    pairs: Pairs,
    items: Codes,
    together: tuple[Codes | None, Floats | None],
) -> dict[tuple[str, ...], StoredPair]:
    """Each judge alone, then all together; empty where fewer than two judges marked everything, or some task has none.

    Only judges count that the run's judging names: a task with several scorers has parts too.
    """
    panels = _panels(folder, [pairs.tasks[task] for task in np.unique(pairs.task[items]).tolist()])
    judges = sorted(set.intersection(*map(set, panels)))
    if len(judges) < 2:
        return {}
    marks = [_marks(folder, side.model, pairs, judges) for side in sides]
    full = [j for j in judges if all(not np.isnan(side[j][items]).any() for side in marks)]
    if len(full) < 2:
        return {}
    made: dict[tuple[str, ...], StoredPair] = {}
    for judge in full:
        baseline, candidate = (side[judge][items] for side in marks)
        made[judge,] = StoredPair(baseline, candidate, *together)
    if all(set(panel) == set(full) for panel in panels):
        baseline, candidate = pairs.baseline.score[items], pairs.candidate.score[items]  # as the gate reads them
    else:
        baseline, candidate = (np.mean([side[j][items] for j in full], axis=0) for side in marks)
    made[tuple(full)] = StoredPair(baseline, candidate, *together)
    return made


def _panels(folder: Path, tasks: Sequence[str]) -> list[tuple[str, ...]]:
    """The judges of each of these tasks; empty for one that nobody judges."""
    inner = judge_files.judging_of(folder)
    told = (read_facts(inner).tasks or {}) if inner is not None else {}
    panels = []
    for task in tasks:
        named = told[task].identity.root.get("judges") if task in told else None
        panels.append(tuple(map(str, named)) if isinstance(named, list | dict) else ())
    return panels


def _marks(folder: Path, model: str, pairs: Pairs, judges: Sequence[str]) -> dict[str, Floats]:
    """By judge: float64[n], its mark of each row of the model, NaN where there is none."""
    with queries.connect([folder], texts=False) as con:
        rows = con.execute(
            "select task, sample_digest, occurrence, repeat, parts from rows where model = ? and parts is not null",
            [model],
        ).fetchall()
    place = {pairs.key(row): row for row in range(pairs.n)}
    found = {judge: np.full(pairs.n, np.nan) for judge in judges}
    for task, digest, occurrence, repeat, parts in rows:
        at = place.get((task, digest, occurrence, repeat))
        for judge, mark in dict(parts).items() if at is not None else ():
            if judge in found:
                found[judge][at] = mark
    return found


def _judge_prices(folder: Path, pairs: Pairs, items: Codes) -> dict[str, float | None]:
    """As `Prices.judge_usd`; None where a judge's price is not known."""
    from evalkit.results.summary import read_summary

    inner = judge_files.judging_of(folder)
    assert inner is not None
    told, answered = read_summary(inner).models, read_summary(folder).models
    codes, counts = np.unique(pairs.task[items], return_counts=True)
    tasks = [pairs.tasks[code] for code in codes.tolist()]
    made: dict[str, float | None] = {}
    for task, panel, share in zip(tasks, _panels(folder, tasks), (counts / counts.sum()).tolist(), strict=True):
        judged = [model.tasks[task] for model in answered.values() if task in model.tasks]
        n = sum(one.n - one.outcomes.get("errored", 0) for one in judged)  # no judge is asked about an errored answer
        for judge in dict.fromkeys([*panel, *(name for name, one in told.items() if task in one.tasks)]):
            known = told[judge].tasks.get(task) if judge in told else None
            total, before = None if known is None else known.cost.total_usd, made.get(judge, 0.0)
            made[judge] = None if total is None or before is None or not n else before + share * 2 * total / n
    return made


def _older(folder: Path, sides: Sequence[Side], pairs: Pairs, items: Codes) -> list[Floats]:
    """Scores of the run's other models on the same items, gaps at the model's mean."""
    from evalkit.results.older_models import filled, scores_of

    places = {pairs.key(int(row))[:3]: n for n, row in enumerate(items[:, 0])}
    made: list[Floats] = []
    for name in sides[0].facts.models or {}:
        if name in {side.model for side in sides} or len(made) == _OLDER:
            continue
        scores = scores_of(stored.model_rows(folder, name), places)
        if np.isnan(scores).mean() <= 0.05:
            made.append(filled(scores))
    return made
