"""What a plan says of itself: the digests by which a run is resumed, and the facts of run.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from evalkit.adapters.registry import origin_of_model
from evalkit.cost.prices import PriceBook
from evalkit.engine.budget import about
from evalkit.engine.judging.panel import Panel, label_of
from evalkit.engine.work import PlannedModel, PlanOptions, Work
from evalkit.facts import ModelFacts, TaskFacts
from evalkit.scorers.registry import origin_of_scorer
from evalkit.suite import builtin_tasks
from evalkit.suite.digests import digest
from evalkit.suite.model_prompts import own_words
from evalkit.suite.schema import ModelEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

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


def made_by(task: ResolvedTask) -> dict[str, str]:
    """The packages of the plug-ins that a task is of: for run.json. Tasks of another tool are of none."""
    if task.entry.lm_eval is not None:
        return {}
    found = {
        "scorer_plugin": origin_of_scorer(task.entry.score.name) if task.entry.score is not None else None,
        "task_plugin": builtin_tasks.origin_of(task.entry.use) if task.entry.use is not None else None,
    }
    return {key: origin for key, origin in found.items() if origin is not None}


def facts_of(
    suite: ResolvedSuite,
    options: PlanOptions,
    work: Work,
    prices: PriceBook,
    panel: Panel | None,
    live: Mapping[str, Mapping[str, object]],
) -> dict[str, object]:
    """Models, tasks and judges of the plan, and how it will be run."""
    own = options.own_hardware

    def told(asked: Iterable[PlannedModel], entries: Mapping[str, ModelEntry]) -> dict[str, ModelFacts]:
        found = {}
        for model in asked:
            parts = {"parts": told(model.parts.values(), entries)} if model.parts else {}
            found[model.name] = about(model, entries[model.name], own.get(model.name), prices).model_copy(update=parts)
        return found

    judged = {} if panel is None else {"judges": _as_json(told(panel.judges, suite.judges))}
    written = {task.name: task for task in suite.tasks}
    tasks: dict[str, dict[str, object]] = {}
    for task in work.tasks:
        judges = task.identity.get("judge") if panel is not None and task.name in panel.tasks else None
        scorer = label_of(judges) if isinstance(judges, Mapping) else task.scorer.name
        facts = TaskFacts.model_validate({"n": task.n, "scorer": scorer, **made_by(written[task.name])})
        server = {"tool_server": live[task.name]} if task.name in live else {}
        tasks[task.name] = {**facts.as_json(), "identity": task.identity, **server}
    return {
        "models": _as_json(told(work.models, suite.models)),
        "tasks": tasks,
        **judged,
        "n_rows": work.n_rows,
        "suite_path": suite.path.name,
        "suite_resolved": suite.resolved(),
        "cut_by_limit": max((task.n for task in work.tasks), default=1) if options.limit_share else options.limit,
        "cut_by_tasks": list(options.tasks) if options.tasks is not None else None,
        "run_version": RUN_VERSION,
        "in_flight": work.settings.in_flight if work.settings.in_flight is not None else "auto",
        "repeats": work.settings.repeats,
        "max_cost_usd": work.settings.max_cost_usd,
    }


def _as_json(facts: Mapping[str, ModelFacts]) -> dict[str, object]:
    return {name: one.as_json() for name, one in facts.items()}
