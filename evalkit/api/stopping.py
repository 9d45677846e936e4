"""What a gate asks of the run that it decides: which models, in what order, and when one need not be asked any more.

Here the two stairs meet: the engine knows only `engine.work.Stopper`, and `decide` knows nothing of an engine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import orjson

from evalkit.decide import early_stopping, sequential_test
from evalkit.decide.gate_run import gate_of_suite
from evalkit.decide.gate_trust import PROMOTED
from evalkit.engine.plan import Plan
from evalkit.errors import UserError
from evalkit.facts import RunFacts, parse
from evalkit.facts.run import SCHEMA_VERSION
from evalkit.results import Side
from evalkit.results.comparable import refuse_unless_comparable
from evalkit.results.pairs import too_many_alike
from evalkit.store import baselines
from evalkit.store import table as stored
from evalkit.suite.judge_task import compile_judging
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite


class GateStopper:
    """What `run --gate` hands to the engine: items in a seeded random order, and when a model is settled."""

    def __init__(self, plan: Plan, gate: GateEntry, results: Path, promoted: Path) -> None:
        """Raises NotComparable when a promoted baseline answers other questions: before anything is paid for."""
        self.seed = plan.work.settings.seed
        self.reasons: list[str]
        """Why a pass cannot come early; empty when it can."""
        self._baseline = gate.baseline
        items = []
        clustered = critical = weighted = False
        n_again = 0
        for task in plan.work.tasks:
            for sample in task.samples():
                items.append((task.name, sample.digest, sample.occurrence, sample.slices))
                clustered |= sample.cluster is not None
                n_again += sample.occurrence > 0
                critical |= sample.critical
                weighted |= sample.weight is not None
        clustered = clustered or too_many_alike(n_again, len(items))
        repeats = plan.work.settings.repeats
        self.reasons = sequential_test.reasons_against(
            gate, repeats=repeats, clustered=clustered, critical=critical, weighted=weighted
        )
        judged = list(plan.panel.tasks) if plan.panel is not None else []
        if judged:
            self.reasons.append(f"judges mark {', '.join(judged)} only once every answer is there")
        self.watch: early_stopping.EarlyStopping | None = None
        if gate.baseline is None:
            self.reasons = ["it has no baseline, so every item is looked at"]
        elif not judged and gate.early_stop != "off" and repeats == 1 and not clustered and not weighted:
            self.watch = early_stopping.EarlyStopping(gate, items, self.seed, passes_early=not self.reasons)
        if gate.baseline is not None and gate.baseline.startswith(PROMOTED):
            found = baselines.find(gate.baseline.removeprefix(PROMOTED), promoted, results)
            base = Side.of(found.folder, found.model, gate.baseline)
            planned = {"schema_version": SCHEMA_VERSION, **orjson.loads(orjson.dumps(plan.facts, default=str))}
            facts = parse(RunFacts, planned, "run.json")
            for name in gate.candidates:
                refuse_unless_comparable(base, Side(Path(), name, facts, name))
            self._note(gate.baseline, found.folder, found.model)

    def settled(self, model: str) -> bool:
        """See `engine.work.Stopper`."""
        return self.watch is not None and self.watch.settled(model)

    def ahead(self, model: str, others: Collection[str]) -> bool:
        """See `engine.work.Stopper`."""
        return self.watch is not None and self.watch.ahead(model, others)

    def facts(self) -> Mapping[str, object] | None:
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
        wanted = ("task", "sample_digest", "occurrence", "outcome", "score")
        for task, digest, occurrence, outcome, score in zip(*(table[c].to_pylist() for c in wanted), strict=True):
            if outcome != "errored" or name.startswith(PROMOTED):
                self.watch.note(name, (task, digest, occurrence), None if outcome == "errored" else score)


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
