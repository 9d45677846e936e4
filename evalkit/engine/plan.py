"""Before anything is sent: do models, tasks, settings, scorers, keys and prices fit together?

    plan = make_plan(suite, Options(models=("gpt",)), PriceBook.load(None))

All complaints come at once, in one SuiteError. What is found out here never fails later: every sample renders, every
scorer gives 1.0 on its own gold, every model can do what its tasks ask, every prompt may go where it would go.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.keys import address_of
from evalkit.adapters.registry import make_adapter, origin_of_model
from evalkit.adapters.replay import ReplayAdapter
from evalkit.cost.billing import UnitPrices
from evalkit.cost.prices import PriceBook
from evalkit.engine.budget import about, priced, uncapped
from evalkit.engine.caching import keepable
from evalkit.engine.egress import EgressSide, egress, redaction_facts, redaction_notes
from evalkit.engine.first_requests import unaskable, unread
from evalkit.engine.gold_check import GoldCheck, RecordedFit, fit_recorded
from evalkit.engine.judging.panel import Panel, identity_of, judges_needed, label_of, make_panel
from evalkit.engine.live_tools import with_live_tools
from evalkit.engine.pipelines import PipelineAdapter, priced_pipeline, put_together
from evalkit.engine.prompting import AsAsked, OwnPrompts
from evalkit.engine.sample_stream import SampleStream, begin
from evalkit.engine.settings import fitted
from evalkit.engine.told_answers import told_answers
from evalkit.engine.work import PlannedModel, PlannedTask, RunSettings, Work
from evalkit.errors import MissingKey, SuiteError, UserError
from evalkit.records import Sample
from evalkit.scorers.base import Scorer
from evalkit.scorers.registry import make_scorer, origin_of_scorer
from evalkit.suite import builtin_tasks
from evalkit.suite.digests import digest
from evalkit.suite.model_prompts import own_words, with_words_of
from evalkit.suite.pipeline_parts import is_pipeline
from evalkit.suite.redaction import storing_redactor
from evalkit.suite.schema import LimitEntry, ModelEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

RUN_VERSION = 2
"""Raised when evalkit asks or scores the same suite differently: rows of two versions never stand in one run."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What the command line adds to a suite."""

    models: tuple[str, ...] | None = None
    """Only these; None: all."""
    tasks: tuple[str, ...] | None = None
    limit: int | None = None
    """At most this many samples of each task."""
    limit_share: float | None = None
    """At most this share of each task's samples, in (0, 1]; at least one."""
    max_cost_usd: Decimal | None = None
    """Wins over the suite's."""
    key_hosts: frozenset[str] = frozenset()
    """Hosts that may receive keys and prompts, by the word of the person running evalkit."""
    own_hardware: Mapping[str, UnitPrices] = field(default_factory=dict)
    """By model name: what own hardware costs a token at the throughput of its load sweep."""
    allow_code: bool = False
    """Whether the suite may run code of its own (--allow-suite-code)."""
    sends: bool = True
    """Whether the plan will be carried out. False: keys that are not set are noted, not missed."""
    stream: bool = False
    """Whether many samples may be checked while the first are asked already (`sample_stream`)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that can start."""

    suite: ResolvedSuite
    options: PlanOptions
    work: Work
    digest: str
    """Identity of what is asked and how it is scored: an incomplete run of the same digest is resumed."""
    digest_without_data: str
    """The same, whatever the data files hold."""
    notes: tuple[str, ...]
    """Sentences a person should read: settings that some model does not take, a run cut by --limit."""
    facts: Mapping[str, Any]
    """For run.json."""
    panel: Panel | None = None
    """Who judges the answers; None where every task scores its own."""
    lacking: tuple[str, ...] = ()
    """Why the run cannot end complete, as sentences: recorded answers that are not there."""

    async def aclose(self) -> None:
        """Close what the adapters of models and judges hold open: for a plan that is not run."""
        for model in (*self.work.models, *(self.panel.judges if self.panel is not None else ())):
            await model.adapter.aclose()


def make_plan(suite: ResolvedSuite, options: PlanOptions, prices: PriceBook) -> Plan:
    """Everything checked, nothing sent, but for live servers that are asked for their tools. Raises SuiteError with
    every complaint, or a single UserError as it is."""
    every_task, (suite, live) = suite.tasks, with_live_tools(suite.only(options.models, options.tasks), options)
    entries = {name: _as_asked(entry, suite.models) for name, entry in suite.models.items()}
    tasks = [_limited(task, options) for task in suite.tasks]
    adapters, errors, keyless = _adapters(suite, suite.models, options)
    wanted = judges_needed(tasks)
    judges, of_judges, more_keyless = _adapters(suite, {n: e for n, e in suite.judges.items() if n in wanted}, options)
    judged, complaints = make_panel(suite, tasks, {name: entries[name] for name in suite.asked}, judges)
    errors += of_judges
    scorers, wrong = _scorers(tasks)
    complaints += wrong
    planned: list[PlannedTask] = []
    redacted: dict[str, dict[str, int]] = {}
    notes = [*live.notes, *keyless, *more_keyless, *_unwanted(suite, wanted)]
    streams = options.stream and not judged and not any(isinstance(a, ReplayAdapter) for a in adapters.values())
    for task in tasks:
        seen = _examined(task, scorers.get(task.name), OwnPrompts(task, entries), streams=streams)
        complaints += seen.complaints
        notes += seen.notes
        redacted[task.name] = dict(seen.redacted)
        if seen.unasked:
            continue
        scorer = scorers[task.name]
        fit = fitted(task, scorer, {name: (entries[name], adapters[name]) for name in suite.asked if name in adapters})
        complaints += [*told_answers(task, scorer), *fit.complaints]
        notes += fit.notes
        identity = {**task.identity, **scorer.identity}
        if task.name in judged and not of_judges:
            identity["judge"] = identity_of(judged[task.name], judges)
        samples = task.samples if seen.stream is None else seen.stream.samples
        planned.append(
            PlannedTask(
                task.name,
                samples,
                scorer,
                seen.n,
                identity,
                fit.settings,
                fit.dropped,
                sent=task.entry.send,
                prompts=seen.prompts,
                stream=seen.stream,
            )
        )
    recorded = fit_recorded(adapters, tasks, every_task, suite.run.repeats) if not complaints else RecordedFit()
    complaints, notes = complaints + recorded.complaints, notes + recorded.notes
    leaving = egress(
        suite.sensitivity,
        options.key_hosts,
        (
            EgressSide("models", entries, adapters, [task.settings for task in planned]),
            EgressSide("judges", suite.judges, judges, [task.settings for task in judged.values()]),
        ),
    )
    complaints, notes = [*complaints, *leaving.complaints], [*notes, *leaving.notes]
    own = options.own_hardware
    models = _planned(suite, {name: (entries[name], adapter) for name, adapter in adapters.items()}, prices, own)
    marking = [priced(suite.judges[name], adapter, prices, own.get(name)) for name, adapter in judges.items()]
    complaints = complaints or unaskable(planned, tasks, models)
    notes += [note for task in planned for note in unread(task, models)]
    cap = options.max_cost_usd if options.max_cost_usd is not None else suite.run.max_cost_usd
    if cap is not None:
        complaints += uncapped(models, [(task.name, task.settings) for task in planned], cap)
        complaints += uncapped(marking, [(task.name, task.settings) for task in judged.values()], cap)
    _refuse(complaints, errors)
    work = Work(tuple(models), tuple(planned), _run_settings(suite, cap), storing_redactor(suite.file.redact))
    kept = (_kept_note(model) for model in (*models, *marking))
    notes += [*_mixed_weights(tasks), *_cut(options), *(note for note in kept if note is not None)]
    panel = Panel(tuple(marking), judged) if judged else None
    facts = {
        **_facts(suite, options, work, prices, panel, live.facts),
        "egress": leaving.facts,
        **redaction_facts(suite, redacted),
    }
    lacking = _said(work, recorded.lacking)
    return Plan(
        suite,
        options,
        work,
        *_digests(work, tasks, entries, panel, live.facts),
        (*_said(work, notes), *lacking),
        facts,
        panel,
        lacking,
    )


def _as_asked(entry: ModelEntry, entries: Mapping[str, ModelEntry]) -> ModelEntry:
    """A pipeline is asked with the settings and the prompt of the model between its guards."""
    main = entries.get(entry.model or "") if is_pipeline(entry) else None
    return entry if main is None else with_words_of(entry, main)


def _planned(
    suite: ResolvedSuite,
    made: Mapping[str, tuple[ModelEntry, Adapter]],
    prices: PriceBook,
    own: Mapping[str, UnitPrices],
) -> list[PlannedModel]:
    """The models that are asked, with their prices; pipelines with those of their parts."""
    single = {
        name: priced(entry, adapter, prices, own.get(name))
        for name, (entry, adapter) in made.items()
        if not isinstance(adapter, PipelineAdapter)
    }
    return [
        priced_pipeline(adapter, single) if isinstance(adapter := made[name][1], PipelineAdapter) else single[name]
        for name in suite.asked
        if name in made
    ]


def _unwanted(suite: ResolvedSuite, wanted: Container[str]) -> list[str]:
    return [f"no task is marked by the judge {name}: it is not asked" for name in suite.judges if name not in wanted]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a task's samples before anything is sent."""

    n: int
    complaints: list[str]
    notes: list[str]
    redacted: Mapping[str, int]
    unasked: bool
    """Whether the task cannot be planned any further."""
    stream: SampleStream | None = None
    prompts: Mapping[str, AsAsked] = field(default_factory=dict)
    """By model that has a prompt of its own."""


def _examined(task: ResolvedTask, scorer: Scorer | None, asked: OwnPrompts, *, streams: bool) -> _Seen:
    """All samples, or with `streams` the first of many, rendered and their golds scored; `asked`: also with the prompts
    of single models."""
    if streams and not asked and scorer is not None and (stream := begin(task, scorer)) is not None:
        return _Seen(stream.n, [], [*stream.first_notes], {}, unasked=False, stream=stream)
    gold = GoldCheck(task, scorer) if scorer is not None else None
    found = task.examine(_both(gold, asked))
    notes = [*found.notes, *redaction_notes(task, found)]
    if found.complaints or gold is None or asked.complaints:
        return _Seen(found.n, [*found.complaints, *asked.complaints], notes, found.redacted, unasked=True)
    wrong = [*gold.errors(), *asked.errors()]
    return _Seen(found.n, wrong, notes, found.redacted, unasked=False, prompts=asked.by_model)


def _both(gold: GoldCheck | None, asked: OwnPrompts) -> Callable[[Sample], None] | None:
    """Who sees each sample beside the examination; None: nobody."""
    if not asked or gold is None:
        return gold.see if gold is not None else None

    def see(sample: Sample) -> None:
        gold.see(sample)
        asked.see(sample)

    return see


def _said(work: Work, notes: Iterable[str]) -> tuple[str, ...]:
    """The notes as they may be kept: they can quote a record, and the log of a pipeline is a file too."""
    return tuple(notes if work.storing is None else (work.storing.text(note, Counter()) for note in notes))


def _scorers(tasks: list[ResolvedTask]) -> tuple[dict[str, Scorer], list[str]]:
    """The scorer of each task by name, and complaints about those that cannot be made."""
    scorers: dict[str, Scorer] = {}
    complaints: list[str] = []
    for task in tasks:
        try:
            scorers[task.name] = task_scorer(task)
        except SuiteError as error:
            complaints += [f"{task.at}.score: {complaint}" for complaint in error.complaints]
    return scorers, complaints


def _run_settings(suite: ResolvedSuite, cap: Decimal | None) -> RunSettings:
    run = suite.run
    return RunSettings(
        in_flight=run.in_flight if isinstance(run.in_flight, int) else None,
        repeats=run.repeats,
        seed=run.seed,
        timeout_s=run.timeout_s,
        max_cost_usd=cap,
        max_error_rate=run.max_error_rate,
    )


def _mixed_weights(tasks: Sequence[ResolvedTask]) -> list[str]:
    """A sentence where some tasks' samples stand for requests and others' do not."""
    without = [task.name for task in tasks if not task.entry.weight]
    if not without or len(without) == len(tasks):
        return []
    return [
        f"{', '.join(without)}: samples without a weight, beside tasks that have one. Over all tasks each of them "
        "counts as an average weighted sample, which says nothing about traffic: go by the figures of each task"
    ]


def _cut(options: PlanOptions) -> list[str]:
    """A sentence where --limit cuts the run."""
    if options.limit is None and options.limit_share is None:
        return []
    kept = f"{100 * options.limit_share:g} % of the samples" if options.limit_share else f"{options.limit} samples"
    return [f"cut by --limit to {kept} a task: a look, not evidence (a gate refuses it)"]


def _limited(task: ResolvedTask, options: PlanOptions) -> ResolvedTask:
    """The task cut to --limit samples by the same seeded choice as a `limit` in the suite."""
    most = options.limit
    if options.limit_share is not None:
        try:
            most = max(1, math.ceil(options.limit_share * sum(1 for _ in task.samples())))
        except SuiteError:
            return task  # its data is refused with every complaint, next
    if most is None:
        return task
    own = task.entry.limit
    limit = LimitEntry(n=min(most, own.n) if own else most, seed=own.seed if own else 0)
    return replace(task, entry=task.entry.model_copy(update={"limit": limit}))


def _adapters(
    suite: ResolvedSuite, entries: Mapping[str, ModelEntry], options: PlanOptions
) -> tuple[dict[str, Adapter], list[UserError], list[str]]:
    """The adapters by name, what is wrong, and a sentence for each key that is not set (where nothing will be sent)."""
    made: dict[str, Adapter] = {}
    errors: list[UserError] = []
    keyless: list[str] = []
    for name, entry in entries.items():
        if is_pipeline(entry):
            continue
        spec = ModelSpec(
            name=name,
            adapter=entry.adapter,
            model=entry.model or "",
            base_url=entry.base_url or address_of(entry.adapter, options.key_hosts),
            options=entry.options,
            settings=entry.settings.record(),
            key_hosts=options.key_hosts,
            in_flight=suite.run.in_flight if isinstance(suite.run.in_flight, int) else None,
            idle_timeout_s=suite.run.idle_timeout_s,
            weights=entry.weights,
            serve=entry.serve,
            allow_code=options.allow_code,
            folder=str(suite.folder),
            function=suite.functions.get(name),
        )
        try:
            made[name] = make_adapter(spec)
        except MissingKey as error:
            if options.sends:
                errors.append(error)
                continue
            keyless.append(f"a run cannot start yet: {error}")
            try:
                made[name] = make_adapter(replace(spec, sends=False))
            except UserError as still:
                errors.append(still)
        except UserError as error:
            errors.append(error)
    for name, entry in entries.items():
        if not is_pipeline(entry):
            continue
        try:
            if (pipeline := put_together(name, entry, entries, made)) is not None:
                made[name] = pipeline
        except SuiteError as error:
            errors.append(error)
    return {name: made[name] for name in entries if name in made}, errors, keyless


def task_scorer(task: ResolvedTask) -> Scorer:
    """The scorer that a task names, its options bound. Raises SuiteError without place."""
    entry = task.entry
    if isinstance(own := task.own_scorer, Scorer):
        return replace(own, keeps_reasoning=task.keeps_reasoning)
    if entry.score is None:
        raise SuiteError("a task needs a score, like `score: choice`")
    options = dict(entry.score.options)
    if entry.score.parts and entry.mode in {"likelihood", "first_token"}:
        raise SuiteError(f"mode {entry.mode} cannot stand beside several scorers, which read the reply: leave it out")
    if entry.score.name == "choice" and entry.mode is not None:
        options.setdefault("mode", entry.mode)
    scorer = make_scorer(entry.score.name, options)
    if task.keeps_reasoning and entry.score.parts:
        from evalkit.scorers.several import keeping_reasoning

        return keeping_reasoning(scorer)
    return replace(scorer, keeps_reasoning=True) if task.keeps_reasoning else scorer


def _kept_note(model: PlannedModel) -> str | None:
    """What a person should know of a server whose answers are not kept for later runs."""
    endpoint = model.adapter.endpoint
    if keepable(model) or not endpoint.cacheable:
        return None
    return (
        f"{model.name}: answers of {endpoint.host} are not kept for later runs, because other weights may be loaded "
        "there by then. `weights: NAME` in its entry says which ones they are."
    )


def _refuse(complaints: list[str], errors: list[UserError]) -> None:
    if len(errors) == 1 and not complaints:
        raise errors[0]
    lines = [line for error in errors for line in (error.complaints if isinstance(error, SuiteError) else [str(error)])]
    if lines or complaints:
        raise SuiteError(list(dict.fromkeys([*lines, *complaints])))


def _digests(
    work: Work,
    tasks: list[ResolvedTask],
    entries: Mapping[str, ModelEntry],
    panel: Panel | None,
    live: Mapping[str, Mapping[str, object]],
) -> tuple[str, str]:
    """(the digest of the run, the same whatever the data files hold). Hashes each data file once."""
    contents = [
        {**task.content, **({"live_tools": live[task.name]["tools_digest"]} if task.name in live else {})}
        for task in tasks
    ]
    without_data = [{**content, "data": None} for content in contents]
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


def _facts(
    suite: ResolvedSuite,
    options: PlanOptions,
    work: Work,
    prices: PriceBook,
    panel: Panel | None,
    live: Mapping[str, Mapping[str, object]],
) -> dict[str, object]:
    own = options.own_hardware
    models = {m.name: about(m, suite.models[m.name], own.get(m.name), prices) for m in work.models}
    for model in (one for one in work.models if one.parts):
        models[model.name]["parts"] = {
            name: about(part, suite.models[name], own.get(name), prices) for name, part in model.parts.items()
        }
    tasks: dict[str, Any] = {
        task.name: {"n": task.n, "identity": task.identity, "scorer": task.scorer.name} for task in work.tasks
    }
    for name, task in ((task.name, task) for task in suite.tasks if task.name in tasks):
        tasks[name] |= {**made_by(task), **({"tool_server": live[name]} if name in live else {})}
    judged: dict[str, object] = {}
    if panel is not None:
        judged["judges"] = {m.name: about(m, suite.judges[m.name], own.get(m.name), prices) for m in panel.judges}
        for name in panel.tasks:
            tasks[name]["scorer"] = label_of(tasks[name]["identity"]["judge"])
    return {
        "models": models,
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
