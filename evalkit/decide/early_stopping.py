"""Stopping a run as soon as its gate is settled, and judging such a run again later.

    watch = EarlyStopping(gate, items, seed)             # items in any order: (task, digest, occurrence, slices)
    watch.take(row)                              # every finished row, in any order
    watch.is_final("qwen-fp8")                    # True: nothing further needs to be asked of this model

Items are walked in a seeded random order. The verdict depends on the pairs in that order alone, not on which answer
came first, so `replay` over the stored rows gives the very same one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from evalkit.decide.known_items import known_items
from evalkit.decide.rules.quality import rows_of
from evalkit.decide.sequential_test import RuleTest, SequentialTest, belongs, sequential_rules, subjects_of
from evalkit.facts import StopFacts, StoppedCandidate
from evalkit.records import Outcome, Row
from evalkit.results.pairs import Pairs
from evalkit.store.history import FrozenHistory
from evalkit.suite.digests import shuffled_place
from evalkit.suite.schema import GateEntry

AHEAD = 64
"""Items that a fast endpoint may be ahead of a slow one, or a twentieth of them all: what it asks beyond may turn out
not to be needed."""

Item = tuple[str, str, int]
"""(task, sample_digest, occurrence)"""


class EarlyStopping:
    """Follows a run and says when a model need not be asked any more."""

    def __init__(
        self,
        gate: GateEntry,
        items: Iterable[tuple[str, str, int, Mapping[str, str]]],
        seed: int,
        *,
        passes_early: bool,
        history: FrozenHistory | None = None,
        repeats: int = 1,
    ) -> None:
        """`items`: (task, sample_digest, occurrence, slices) of everything that could be asked. With `history` the seed
        is that of the history. `repeats`: answers to each item; it is walked once all are there, by their mean score,
        and as an errored one where any of them has none."""
        self.seed = seed
        self._repeats = repeats
        self._answers: dict[tuple[str, int], dict[int, float | None]] = {}
        """Of items that some answers are still missing of: by model and place the score of each repeat."""
        self._gate = gate
        placed = sorted(((shuffled_place(seed, t, d, o), t, d, o, s) for t, d, o, s in items), key=lambda i: i[:4])
        self._order: list[Item] = [(t, d, o) for _, t, d, o, _ in placed]
        self._place: dict[Item, int] = {item: n for n, item in enumerate(self._order)}
        subjects = subjects_of(gate)
        self._about = [tuple(belongs(subject, t, s) for subject in subjects) for _, t, _, _, s in placed]
        counts = {subject: sum(about[k] for about in self._about) for k, subject in enumerate(subjects)}
        self._counts, self._passes_early = counts, passes_early
        self._subject_at = {subject: k for k, subject in enumerate(subjects)}
        known = known_items(history, subjects) if history is not None else None
        self._races = {
            name: SequentialTest(sequential_rules(gate, counts, passes_early=passes_early, known=known), passes_early)
            for name in gate.candidates
        }
        self._takes_graded = all(rule.takes_graded for race in self._races.values() for rule in race.rules)
        self._baseline: dict[int, float | None] = {}
        self._candidates: dict[str, dict[int, float | None]] = {name: {} for name in gate.candidates}
        self._off: str | None = None
        self._timed = any("times" in rule.reads or not rule.reads for rule in gate.rules)
        """Whether a rule may be about times: they are measured at the load that the suite says, so nobody waits."""

    def take(self, row: Row) -> None:
        """Note a finished row and walk on as far as both sides are known. Cheap: called for every row."""
        score = None if row.outcome is Outcome.ERRORED or row.given_up else row.score
        self.note(row.model, (row.task, row.sample_digest, row.occurrence), score, row.repeat)

    def note(self, model: str, item: Item, score: float | None, repeat: int = 0) -> None:
        """The same from a model's name, an item and its score; None: it errored or could not be marked."""
        place = self._place.get(item)
        if place is None or self._off:
            return
        if self._repeats > 1:
            answers = self._answers.setdefault((model, place), {})
            answers[repeat] = score
            if len(answers) < self._repeats:
                return
            known = [one for one in self._answers.pop((model, place)).values() if one is not None]
            score = sum(known) / self._repeats if len(known) == self._repeats else None
        if score is not None and score not in {0.0, 1.0} and not self._takes_graded:
            self._off = "scores are graded, and stopping early is only shown to be sound for right/wrong ones"
            return
        if model == self._gate.baseline:
            self._baseline[place] = score
            for name in self._candidates:
                self._walk(name)
        elif model in self._candidates:
            self._candidates[model][place] = score
            self._walk(model)

    def ahead(self, model: str, others: Iterable[str]) -> bool:
        """Whether so many more items of this model are known than of any of the others that it should wait for them."""
        if self._off or self._timed or self.is_final(model):
            return False
        known = [len(self._known(name)) for name in others if not self.is_final(name)]
        return bool(known) and len(self._known(model)) - min(known) > max(AHEAD, len(self._order) // 20)

    def is_final(self, model: str) -> bool:
        """Whether this model need not be asked further: its verdict stands, or (baseline) all verdicts do.

        A graded score ends the walking, but not a verdict that stood before it: what was skipped is not asked any more.
        """
        if model in self._races:
            return self._races[model].verdict is not None
        if model == self._gate.baseline:
            return all(race.verdict is not None for race in self._races.values())
        return False

    def facts(self) -> StopFacts | None:
        """For run.json: the walk, how each settled candidate was stopped, and who was walked to the end; None for none.

        A verdict at the very last item stops nothing, but it was the twentieth look.
        """
        stopped, walked = {}, []
        for name, race in self._races.items():
            if race.rules and race.n_used == len(self._order):
                walked.append(name)
            elif race.verdict is not None:
                digest = items_digest(self._order[: race.n_used])
                stopped[name] = StoppedCandidate(
                    n_used=race.n_used, n_items=len(self._order), items_digest=digest, verdict=race.verdict.value
                )
        if not stopped and not walked:
            return None
        return StopFacts(
            seed=self.seed,
            counts=self._counts,
            needs_all=not self._passes_early,
            candidates=stopped,
            walked=tuple(walked),
        )

    def _known(self, model: str) -> dict[int, float | None]:
        return self._baseline if model == self._gate.baseline else self._candidates.get(model, {})

    def _walk(self, name: str) -> None:
        race, theirs = self._races[name], self._candidates[name]
        while race.verdict is None and race.n_used < len(self._order):
            place = race.n_used
            if place not in theirs or place not in self._baseline:
                return
            a, b = self._baseline[place], theirs[place]
            for rule in race.rules:
                if self._about[place][self._subject_at[rule.condition.subject]]:
                    if a is None or b is None:
                        rule.update([], [], 1)
                    else:
                        rule.update([a], [b])
            race.n_used += 1


def items_digest(items: Iterable[Item]) -> str:
    """Identity of a walk: sha256 over its items in order."""
    total = hashlib.sha256()
    for task, digest, occurrence in items:
        total.update(f"{task}\0{digest}\0{occurrence}\n".encode())
    return total.hexdigest()[:32]


def in_order(pairs: Pairs, seed: int) -> np.ndarray:
    """Row numbers of pairs in the random order of a gate; the repeats of an item stand together."""
    keys = []
    for row in range(pairs.n):
        task, digest, occurrence, repeat = pairs.key(row)
        keys.append((shuffled_place(seed, task, digest, occurrence), task, digest, occurrence, repeat, row))
    keys.sort()
    return np.array([key[-1] for key in keys], dtype=np.int64)


def replay(
    gate: GateEntry,
    pairs: Pairs,
    order: np.ndarray,
    stopped: StoppedCandidate,
    told: StopFacts,
    history: FrozenHistory | None = None,
    repeats: int = 1,
) -> list[RuleTest] | None:
    """The rules after walking the stored rows again; None when the walk is not the one that was recorded, or the rows
    have been scored otherwise since, so that it cannot be walked.

    `told`: what `EarlyStopping.facts` said. `order`: the rows of the pairs in the random order, `repeats` of each item
    that was walked.
    """
    rows = order[: stopped.n_used * repeats]
    items = [pairs.key(row)[:3] for row in rows[::repeats].tolist()]
    if len(rows) != stopped.n_used * repeats or items_digest(items) != stopped.items_digest:
        return None
    if repeats > 1 and (np.diff(pairs.item[rows].reshape(-1, repeats), axis=1) != 0).any():
        return None
    return walk(gate, pairs, rows, told, history)


def walk(
    gate: GateEntry, pairs: Pairs, order: np.ndarray, told: StopFacts, history: FrozenHistory | None
) -> list[RuleTest] | None:
    """The rules after these rows in this order; None where they cannot be walked (graded scores, without history)."""
    known = known_items(history, subjects_of(gate)) if history is not None else None
    rules = sequential_rules(gate, told.counts or {}, passes_early=not told.needs_all, known=known)
    if not pairs.only(order).binary and not all(rule.takes_graded for rule in rules):
        return None
    for rule in rules:
        mask = rows_of(pairs, rule.condition.subject)
        rows = order[mask[order]]
        base, cand, scored = _by_item(pairs, rows)
        # Errored pairs keep their place in the walk: pairs before one go in first.
        for part in np.split(np.arange(len(scored)), np.flatnonzero(~scored) + 1):
            known = part[scored[part]]
            if len(known):
                rule.update(base[known], cand[known])
            if len(part) > len(known):
                rule.update([], [], len(part) - len(known))
    return rules


def _by_item(pairs: Pairs, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(mean scores of the baseline, of the candidate, whether all answers of both have one) of each item, in order."""
    starts = np.flatnonzero(np.diff(pairs.item[rows], prepend=-1))
    if not len(rows):
        return np.zeros(0), np.zeros(0), np.zeros(0, dtype=bool)
    n = np.diff(starts, append=len(rows))
    base, cand = (np.add.reduceat(side.score[rows], starts) / n for side in (pairs.baseline, pairs.candidate))
    return base, cand, np.logical_and.reduceat(pairs.scored[rows], starts)
