"""What a plan says of itself: the digests by which a run is resumed, and the facts of run.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from evalkit.adapters.registry import origin_of_model
from evalkit.cost.prices import PriceBook
from evalkit.engine.budget import about
from evalkit.engine.work import PlannedModel, PlanOptions, Work
from evalkit.facts import Identity, ModelFacts, RunFacts, TaskFacts
from evalkit.facts.base import json_map
from evalkit.facts.tasks import ToolServerFacts
from evalkit.scorers.registry import origin_of_scorer
from evalkit.suite.digests import digest
from evalkit.suite.model_prompts import own_words
from evalkit.suite.schema import ModelEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

if TYPE_CHECKING:
    from evalkit.engine.judging.panel import Panel

RUN_VERSION = 2
"""Raised when evalkit asks or scores the same suite differently: rows of two versions never stand in one run."""


_OF_DATA = frozenset({"data", "pictures"})
"""Keys of a task's content that the files beside the suite decide."""


def digests_of(
    work: Work,
    tasks: list[ResolvedTask],
    entries: Mapping[str, ModelEntry],
    panel: Panel | None,
    live: Mapping[str, str],
) -> tuple[str, str]:
    """(the digest of the run, the same whatever the data files hold). Hashes each data file once. `live`: by task the
    digest of the tools that its live server lists."""
    contents = [{**task.content, **({"live_tools": live[task.name]} if task.name in live else {})} for task in tasks]
    without_data = [{**content, **dict.fromkeys(_OF_DATA & content.keys())} for content in contents]
    return _digest(work, contents, entries, panel), _digest(work, without_data, entries, panel)


def _digest(
    work: Work,
    contents: Sequence[Mapping[str, object]],
    entries: Mapping[str, ModelEntry],
    panel: Panel | None,
) -> str:
    """Of what is asked and how it is scored; `contents` are those of the tasks of `work`."""
    models = {
        model.name: {
            "place": model.adapter.endpoint.place,
            "model": model.adapter.spec.model,
            "adapter": model.adapter.spec.adapter,
            "settings": entries[model.name].settings.model_dump(mode="json", exclude_unset=True),
            "options": entries[model.name].options,
            **own_words(entries[model.name]),
            **({"weights": said} if (said := entries[model.name].weights) is not None else {}),
            **({"plugin": made_by} if (made_by := origin_of_model(model.adapter.spec)) is not None else {}),
        }
        for model in work.models
    }
    asked = [{**content, **planned.scorer.identity} for content, planned in zip(contents, work.tasks, strict=True)]
    what = {"version": RUN_VERSION, "models": models, "tasks": asked, "repeats": work.settings.repeats}
    if panel is not None:
        what["judged"] = {task.name: task.identity["judge"] for task in work.tasks if "judge" in task.identity}
    return digest("evalkit.run/1", what)


def made_by(task: ResolvedTask) -> TaskFacts:
    """The packages of the plug-ins that a task is of; nothing is set where it is of none, or of another tool."""
    if task.entry.lm_eval is not None:
        return TaskFacts()
    of_scorer = origin_of_scorer(task.entry.score.name) if task.entry.score is not None else None
    of_task = _origin_of(task.entry.use) if task.entry.use is not None else None
    facts = TaskFacts(scorer_plugin=of_scorer) if of_scorer is not None else TaskFacts()
    return facts.with_changes(TaskFacts(task_plugin=of_task)) if of_task is not None else facts


def _origin_of(name: str) -> str | None:
    from evalkit.suite import builtin_tasks

    return builtin_tasks.origin_of(name)


def facts_of(
    suite: ResolvedSuite,
    options: PlanOptions,
    work: Work,
    prices: PriceBook,
    panel: Panel | None,
    live: Mapping[str, ToolServerFacts],
) -> RunFacts:
    """Models, tasks and judges of the plan, and how it will be run. `live`: by task, the server of its tools."""
    own = options.own_hardware

    def about_models(asked: Iterable[PlannedModel], entries: Mapping[str, ModelEntry]) -> dict[str, ModelFacts]:
        found = {}
        for model in asked:
            facts = about(model, entries[model.name], own.get(model.name), prices)
            if model.parts:
                facts = facts.with_changes(ModelFacts(parts=about_models(model.parts.values(), entries)))
            found[model.name] = facts
        return found

    written = {task.name: task for task in suite.tasks}
    tasks: dict[str, TaskFacts] = {}
    for task in work.tasks:
        identity = Identity(json_map(task.identity))
        judge = identity.judge if panel is not None and task.name in panel.tasks else None
        scorer = judge.label if judge is not None else task.scorer.name
        known = TaskFacts(n=task.n, scorer=scorer, identity=identity)
        server = TaskFacts(tool_server=live[task.name]) if task.name in live else TaskFacts()
        tasks[task.name] = known.with_changes(made_by(written[task.name])).with_changes(server)
    facts = RunFacts(
        models=about_models(work.models, suite.models),
        tasks=tasks,
        n_rows=work.n_rows,
        suite_path=suite.path.name,
        suite_resolved=suite.resolved(),
        cut_by_limit=max((task.n for task in work.tasks), default=1) if options.limit_share else options.limit,
        cut_by_tasks=options.tasks,
        run_version=RUN_VERSION,
        in_flight=work.settings.in_flight if work.settings.in_flight is not None else "auto",
        repeats=work.settings.repeats,
        max_cost_usd=work.settings.max_cost_usd,
        slowed_by=(),
    )
    return facts if panel is None else facts.with_changes(RunFacts(judges=about_models(panel.judges, suite.judges)))
