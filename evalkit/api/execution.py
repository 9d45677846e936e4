"""A run from suite to sealed folder: what `evalkit run` and `evalkit.run` both call. It prints nothing.

prepared = prepare(suite, RunOptions(results=Path("results")))     # everything checked, nothing sent
done = without_loop(execute(prepared, watcher))                    # the command: a loop of its own, Ctrl-C is clean
done = await execute(prepared, watcher, DriveHere())               # Python: in the caller's loop
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evalkit.adapters.registry import warm_up
from evalkit.api.options import RunOptions
from evalkit.api.planning import plan_suite, require_planned
from evalkit.engine.driving import Drive
from evalkit.engine.plan import Plan
from evalkit.engine.serving import lanes_of
from evalkit.engine.session import RunOutcome, RunPlace, execute_run
from evalkit.engine.work import Observer, Work
from evalkit.facts.run import STARTED_BY, RunFacts
from evalkit.frozen import dataclass
from evalkit.records import Row
from evalkit.render.progress import ModelShare
from evalkit.scorers.base import Scorer
from evalkit.store import runs
from evalkit.store.journal import Recovered
from evalkit.suite.schema import GateEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.text import numbers
from evalkit.text.escape import visible

if TYPE_CHECKING:  # a plain run decides nothing, and starts without numpy
    from evalkit.api.stopping import GateStopper
    from evalkit.suite.functions import OwnFunction


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run that can start."""

    plan: Plan
    options: RunOptions
    rules: GateEntry | None = None
    """The gate that the run is made for; None: it decides nothing."""
    stopper: GateStopper | None = None
    """Says when the gate is settled; None without a gate."""

    @property
    def functions(self) -> tuple[OwnFunction, ...]:
        """Models, judges and scorers that are functions given in Python."""
        scorers = (task.scored_by for task in self.plan.suite.tasks)
        found = [one for scorer in scorers if isinstance(scorer, Scorer) for one in scorer.functions]
        return (*self.plan.suite.functions.values(), *found)

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences a person should read before anything is sent."""
        return self.plan.notes


class Watcher(Protocol):
    """Who is told how a run goes on."""

    def asking(self, folder: Path, shares: Mapping[str, ModelShare]) -> Observer:
        """Models are asked from here on: by name, how many rows each has and how many of them are there already."""

    def judging(self, shares: Mapping[str, ModelShare]) -> Observer:
        """Judges are asked from here on: by name, their requests."""

    def sealing(self) -> None:
        """Nothing is asked any more, and another process seals what there is: whoever shows it may get ready to."""

    def note(self, text: str) -> None:
        """Something a person should know, outside of asking and judging."""

    def ended(self) -> None:
        """Nothing more comes, or an error does."""


def prepare(suite: ResolvedSuite, options: RunOptions) -> Prepared:
    """Plan the run. Raises UserError for whatever is wrong with suite or options."""
    warm_up(entry.adapter for entry in suite.models.values())
    rules = None
    if options.gate:
        from evalkit.api.stopping import rules_and_models

        rules, models = rules_and_models(suite, options.models)
        options = replace(options, models=models)
    if options.record_tools is not None:
        from evalkit.engine.tool_record import recorded_tasks

        recorded_tasks(suite.only(options.models, options.tasks).tasks, options.record_tools)
    # What stops early is asked in a random order, which takes all samples; so does the digest of a plan.
    stream = rules is None and options.planned is None
    plan = plan_suite(suite, options, stream=stream)
    if options.planned is not None:
        require_planned(plan, options.planned)
    return Prepared(plan, options, rules)


def with_stopper(prepared: Prepared) -> tuple[Prepared, tuple[str, ...]]:
    """The run with the gate looking at it, and what a person should know of that; unchanged without a gate.

    Raises NotComparable where a promoted baseline answers other questions, UserError where a named history does.
    """
    if prepared.rules is None:
        return prepared, ()
    from evalkit.api.stopping import GateStopper

    assert prepared.options.results is not None
    stopper = GateStopper(prepared.plan, prepared.rules, prepared.options.results, prepared.options.baselines)
    return replace(prepared, stopper=stopper), tuple(stopper.notes)


async def execute(prepared: Prepared, watcher: Watcher, drive: Drive | None = None) -> RunOutcome:
    """Run or resume the outstanding requests, seal the folder and write its summary.

    `drive` is as in `execute_run`: None never waits. Raises StoreError or RunIncomplete; what was written is kept.
    """
    plan, options, stopper = prepared.plan, prepared.options, prepared.stopper
    assert options.results is not None

    def watch(folder: Path, recovered: Recovered) -> Observer:
        judged = plan.panel is not None
        n_there = recovered.n_answered if judged else recovered.n_done
        if not recovered.seen:  # who resumes a run has not started it
            _keep_starter(folder)
        observer = watcher.asking(folder, _shares(plan.work, recovered.answered_by if judged else recovered.done_by))
        if stopper is not None:
            if (told := stopper.begin(folder, recovered.n_done)) is not None:
                observer.note(told)
            if recovered.n_done:
                stopper.resume(folder, tuple(model.name for model in plan.work.models))
            observer = _SeenByGate(stopper, observer)
        if recovered.note:
            observer.note(recovered.note)
        if n_there:
            observer.note(
                f"resuming {folder}: {n_there:,} of {numbers.plural(plan.work.n_rows, 'row')} "
                f"{numbers.verb(n_there, 'is', 'are')} there already"
            )
        return observer

    with ExitStack() as stack:
        bought = None
        if options.cache:
            from evalkit.engine.caching import CachedAnswers
            from evalkit.store.cache import ResponseCache

            cache = stack.enter_context(ResponseCache.open(None))
            bought = CachedAnswers(cache)
            if (told := cache.problem) is not None:  # before anything is paid for
                watcher.note(told)
        try:
            outcome = await execute_run(
                plan,
                RunPlace(options.results, options.new, options.resume),
                cache=bought,
                watch=watch,
                watch_judges=lambda work, recovered: watcher.judging(_shares(work, recovered.done_by)),
                stopper=stopper,
                drive=drive,
                sealing=watcher.sealing,
            )
        finally:
            watcher.ended()
        if options.cache and cache.problem and cache.problem != told:
            watcher.note(cache.problem)
    if options.record_tools is not None:
        watcher.note(_recorded(options.record_tools, outcome, plan))
    return outcome


def _shares(work: Work, n_done: Mapping[str, int]) -> dict[str, ModelShare]:
    """What each model of `work` has to do; `n_done`: rows that are there already, by model."""
    lanes = {model.name: lane.name for lane, models in lanes_of(work) for model in models}
    return {name: ModelShare(n, n_done.get(name, 0), lanes[name]) for name, n in work.rows_by_model().items()}


def _keep_starter(folder: Path) -> None:
    """Keep in run.json who started the run, where the board says so and nobody is there yet."""
    if (by := os.environ.get(STARTED_BY)) and not runs.read_facts(folder).get("started_by"):
        runs.update_facts(folder, RunFacts(started_by=visible(by, limit=300)))


def _recorded(file: Path, outcome: RunOutcome, plan: Plan) -> str:
    """Keep what the live server answered, once the run is whole; a sentence on it."""
    from evalkit.engine.tool_record import recorded_tasks, write_record

    if outcome.status != "complete":
        return f"{file} is written once the run is complete: run the same command again"
    names = recorded_tasks(plan.suite.tasks, file)
    return write_record(file, outcome.folder, {task.name: task for task in plan.suite.tasks if task.name in names})


class _SeenByGate:
    """An observer through which the gate sees every row before it is shown."""

    def __init__(self, stopper: GateStopper, shown: Observer) -> None:
        self._gate = stopper.watch
        self._shown = shown
        self.waiting, self.note, self.tick, self.gave_up = shown.waiting, shown.note, shown.tick, shown.gave_up

    def row(self, row: Row) -> None:
        if self._gate is not None:
            self._gate.take(row)
        self._shown.row(row)
