"""What a gate asks of the run that it decides: which models, in what order, and when one need not be asked any more.

Here the two stairs meet: the engine knows only `engine.work.Stopper`, and `decide` knows nothing of an engine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from evalkit.decide import early_stopping, sequential_test
from evalkit.decide.gate_run import gate_of_suite
from evalkit.decide.gate_trust import PROMOTED
from evalkit.decide.sequential_test import belongs, subjects_of
from evalkit.engine.plan import Plan
from evalkit.errors import UserError
from evalkit.facts import HistoryFacts, RunFacts, StopFacts
from evalkit.render import history_text
from evalkit.results import Side, read_facts
from evalkit.results.comparable import refuse_unless_comparable
from evalkit.results.older_models import WantedHistory, find_history
from evalkit.stats.copies import too_many_alike
from evalkit.stats.history import predictors
from evalkit.store import baselines, history, runs
from evalkit.store import table as stored
from evalkit.store.history import FrozenHistory
from evalkit.suite.judge_task import compile_judging
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite


class GateStopper:
    """What `run --gate` hands to the engine: items in a seeded random order, and when a model is settled."""

    def __init__(self, plan: Plan, gate: GateEntry, results: Path, promoted: Path) -> None:
        """Raises NotComparable when a promoted baseline answers other questions, UserError for a history that was named
        and does not fit: before anything is paid for."""
        self.seed = self._own_seed = plan.work.settings.seed
        self.reasons: list[str]
        """Why a pass cannot come early; empty when it can."""
        self.history: HistoryFacts | None = None
        """Which stored answers help, for run.json; None: the gate asked for none, or does not stop early."""
        self._gate, self._baseline = gate, gate.baseline
        self._frozen: FrozenHistory | None = None
        self._promoted: baselines.FoundBaseline | None = None
        self._items: list[tuple[str, str, int, Mapping[str, str]]] = []
        clustered = critical = weighted = False
        for task in plan.work.tasks:
            contents = set()
            for sample in task.samples():
                self._items.append((task.name, sample.digest, sample.occurrence, sample.slices))
                clustered |= sample.cluster is not None
                contents.add(sample.digest)
                critical |= sample.critical
                weighted |= sample.weight is not None
            clustered |= too_many_alike(task.n - len(contents), task.n)
        self._repeats = plan.work.settings.repeats
        self._against = partial(
            sequential_test.reasons_against,
            gate,
            repeats=self._repeats,
            clustered=clustered,
            critical=critical,
            weighted=weighted,
        )
        judged = list(plan.panel.tasks) if plan.panel is not None else []
        self.watch: early_stopping.EarlyStopping | None = None
        alone = not clustered or sequential_test.about_these_items(gate)
        once = self._repeats == 1 or gate.history != "off"
        wanted = gate.early_stop != "off" and gate.baseline is not None
        self._may_look = wanted and alone and once and not judged and not weighted
        side = self._found(plan, gate, results, promoted)
        if self._may_look and gate.history != "off":
            self._look_back(plan, gate, results, promoted, side)
        self._watch()
        if gate.baseline is None:
            self.reasons = ["it has no baseline, so every item is looked at"]
        elif judged:
            self.reasons.append(f"judges score {', '.join(judged)} only once every answer is there")

    def _found(self, plan: Plan, gate: GateEntry, results: Path, promoted: Path) -> Side | None:
        """The promoted baseline, compared with each candidate; None where none is promoted."""
        if gate.baseline is None or not gate.baseline.startswith(PROMOTED):
            return None
        found = baselines.find(gate.baseline.removeprefix(PROMOTED), promoted, results)
        base, facts = Side.of(found.folder, found.model, gate.baseline), plan.facts
        for name in gate.candidates:
            refuse_unless_comparable(base, Side(Path(), name, facts, name))
        self._promoted = found
        return base

    def _look_back(self, plan: Plan, gate: GateEntry, results: Path, promoted: Path, side: Side | None) -> None:
        """Freeze what older models scored; the order is drawn from its digest."""
        assert gate.baseline is not None
        found = find_history(
            WantedHistory(
                asked=("auto",) if gate.history == "auto" else tuple(gate.history),
                items=tuple(item[:3] for item in self._items),
                slices={
                    subject: tuple(n for n, (t, _, _, s) in enumerate(self._items) if belongs(subject, t, s))
                    for subject in subjects_of(gate)
                    if "/" in subject
                },
                facts=plan.facts,
                candidates=gate.candidates,
                baseline=gate.baseline,
                promoted=(side, self._promoted.rows) if side is not None and self._promoted is not None else None,
            ),
            results,
            promoted,
        )
        asked = [gate.history] if isinstance(gate.history, str) else list(gate.history)
        self._frozen = found.frozen
        told = HistoryFacts(asked=tuple(asked), models=found.models, why=found.why)
        if found.frozen is not None:
            base = found.frozen.baseline
            ratio = predictors(np.where(np.isnan(base), np.nanmean(base), base), found.frozen.older).ratio
            told = told.model_copy(
                update={
                    "digest": found.frozen.digest,
                    "seed": found.frozen.seed,
                    "frozen_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    "ratio": ratio,
                }
            )
        self.history = told

    def _watch(self) -> None:
        """Look at the run, in the order that follows from the history where there is one; or say why not."""
        self.reasons = self._against(history=self._frozen is not None)
        self.watch = None
        if not self._may_look or (self._repeats > 1 and self._frozen is None):
            return
        if self._frozen is not None:
            self.seed = self._frozen.seed
        self.watch = early_stopping.EarlyStopping(
            self._gate,
            self._items,
            self.seed,
            passes_early=not self.reasons,
            history=self._frozen,
            repeats=self._repeats,
        )
        if self._promoted is not None and self._gate.baseline is not None:
            self._note(self._gate.baseline, self._promoted.folder, self._promoted.model)

    @property
    def notes(self) -> Iterator[str]:
        """What a person should know before anything is sent."""
        if self.watch is None:
            yield f"the gate does not stop early: {'; '.join(self.reasons)}"
            if self._gate.history != "off" and self.history is None:
                yield "history is not used: it helps only a gate that stops early"
        elif self.reasons:
            yield f"the gate stops early for a fail only: {'; '.join(self.reasons)}"
        if self.history is not None:
            yield history_text.before(self.history)
            if (left := history_text.left_out(self.history)) is not None:
                yield left

    def begin(self, folder: Path, n_done: int) -> str | None:
        """Freeze the history in the run folder, or take up the one that an earlier session froze there; a note where it
        is another than was expected. Nothing has been asked in this session yet.

        Raises StoreError where the frozen history was changed since.
        """
        if not self._may_look:
            return None
        facts = read_facts(folder)
        if self._gate.history == "off" and (facts.history is None or facts.history.digest is None):
            return None
        if facts.history is not None and (n_done or facts.history.digest is not None):
            expected, self._frozen = self._frozen, history.frozen_of(folder, facts)
            self.history = facts.history
            self.seed = self._own_seed
            self._watch()
            same = (expected.digest if expected else None) == (self._frozen.digest if self._frozen else None)
            return None if same else "history stays as it was frozen when this run began"
        if n_done and self._frozen is not None:
            # Whoever knows answers could choose a history that orders them well.
            self._frozen, self.seed = None, self._own_seed
            why = "answers were there before a history was frozen"
            self.history = HistoryFacts(asked=self.history.asked if self.history else (), why=why)
            self._watch()
            runs.update_facts(folder, RunFacts(history=self.history))
            return f"history is not used: {why}. Start anew to use it: --new (answers come from the cache)"
        if self.history is not None:
            if self._frozen is not None:
                history.write(folder, self._frozen)
            runs.update_facts(folder, RunFacts(history=self.history))
        return None

    def is_final(self, model: str) -> bool:
        """See `engine.work.Stopper`."""
        return self.watch is not None and self.watch.is_final(model)

    def ahead(self, model: str, others: Collection[str]) -> bool:
        """See `engine.work.Stopper`."""
        return self.watch is not None and self.watch.ahead(model, others)

    def facts(self) -> StopFacts | None:
        """See `engine.work.Stopper`."""
        return self.watch.facts() if self.watch is not None else None

    def resume(self, folder: Path, models: tuple[str, ...]) -> None:
        """Take in what earlier sessions of the run have answered; errors are asked again, so they say nothing."""
        for model in models:
            self._note(model, folder, model)

    def _note(self, name: str, folder: Path, model: str) -> None:
        if self.watch is None:
            return
        table = stored.model_rows(folder, model)
        wanted = ("task", "sample_digest", "occurrence", "repeat", "outcome", "score")
        for task, digest, occurrence, repeat, outcome, score in zip(
            *(table[c].to_pylist() for c in wanted), strict=True
        ):
            if outcome != "errored" or name.startswith(PROMOTED):
                self.watch.note(name, (task, digest, occurrence), None if outcome == "errored" else score, repeat)


def rules_and_models(suite: ResolvedSuite, models: tuple[str, ...] | None) -> tuple[GateEntry, tuple[str, ...]]:
    """The gate of a suite, and what to ask: the models named, else those the gate compares, nothing bought for show.

    A promoted baseline's answers are kept and not bought again. Raises UserError where --models leaves one out.
    """
    gate = gate_of_suite(suite)
    own = () if gate.baseline is None or gate.baseline.startswith(PROMOTED) else (gate.baseline,)
    judgings = (compile_judging(task.entry.score) for task in suite.tasks)
    paired = [judging.pair for judging in judgings if judging is not None and judging.pair is not None]
    needed = tuple(dict.fromkeys((*own, *gate.candidates, *paired)))
    left_out = [name for name in needed if models is not None and name not in models]
    if left_out:
        raise UserError(f"--models leaves out {', '.join(left_out)}, which the gate compares. Name it too.")
    return gate, models or needed
