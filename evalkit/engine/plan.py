"""Before anything is sent: do models, tasks, settings, scorers, keys and prices fit together?

    plan = make_plan(suite, Options(models=("gpt",)), PriceBook.load(None))

All complaints come at once, in one SuiteError. What is found out here never fails later: every sample renders, every
scorer gives 1.0 on its own gold, every model can do what its tasks ask, every prompt may go where it would go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from evalkit.adapters.awaiting import close_adapter
from evalkit.adapters.base import Adapter, ModelSpec
from evalkit.adapters.keys import address_of
from evalkit.adapters.registry import make_adapter
from evalkit.cost.billing import UnitPrices
from evalkit.cost.prices import PriceBook
from evalkit.engine.budget import priced
from evalkit.engine.caching import keepable
from evalkit.engine.egress import EgressSide, egress, redaction_facts
from evalkit.engine.image_tokens import own_figure
from evalkit.engine.plan_facts import digests_of, facts_of
from evalkit.engine.prompting import OwnPrompts
from evalkit.engine.recorded_fit import RecordedFit, fit_recorded, replays_among
from evalkit.engine.task_plan import limited, plan_task, scorers_of, unaskable, unheard, unread
from evalkit.engine.work import LiveTools, PlannedModel, PlannedTask, PlanOptions, RunSettings, Work
from evalkit.errors import MissingKey, SuiteError, UserError
from evalkit.facts import RunFacts
from evalkit.frozen import dataclass
from evalkit.suite.gate_sight import GateSight, sliced_rules
from evalkit.suite.model_prompts import with_words_of
from evalkit.suite.pipeline_parts import is_pipeline
from evalkit.suite.schema import ModelEntry, is_judged
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask
from evalkit.text import numbers

if TYPE_CHECKING:  # most runs have no judges, and redact nothing
    from evalkit.cost.reports import ToolReceiver
    from evalkit.engine.judging.panel import JudgedTask, Panel
    from evalkit.suite.redaction import Redactor
    from evalkit.suite.schema.suite_file import RedactEntry


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
    facts: RunFacts
    """What run.json will say of it."""
    panel: Panel | None = None
    """Who judges the answers; None where every task scores its own."""
    lacking: tuple[str, ...] = ()
    """Why the run cannot end complete, as sentences: recorded answers that are not there."""
    digests_at: Callable[[Mapping[str, str]], tuple[str, str]] = lambda tools: ("", "")
    """Both digests, had live servers listed other tools: by task the digest of the list."""
    tools: tuple[ToolReceiver, ...] = ()
    """Live servers of agents' tools, which receive what models call them with."""

    async def aclose(self) -> None:
        """Close what the adapters of models and judges hold open: for a plan that is not run."""
        for model in (*self.work.models, *(self.panel.judges if self.panel is not None else ())):
            await close_adapter(model.adapter)


def make_plan(suite: ResolvedSuite, options: PlanOptions, prices: PriceBook) -> Plan:
    """Everything checked, nothing sent, but for live servers that are asked for their tools. Raises SuiteError with
    every complaint, or a single UserError as it is."""
    every_task, (suite, live) = suite.tasks, _with_tools(suite.only(options.models, options.tasks), options)
    entries = {name: _as_asked(entry, suite.models) for name, entry in suite.models.items()}
    tasks = [limited(task, options) for task in suite.tasks]
    adapters, errors, keyless = _adapters(suite, suite.models, options)
    wanted = _judges_needed(tasks)
    judges, of_judges, more_keyless = _adapters(suite, {n: e for n, e in suite.judges.items() if n in wanted}, options)
    judged, complaints = _judged(suite, tasks, {name: entries[name] for name in suite.asked}, judges)
    errors += of_judges
    scorers, wrong = scorers_of(tasks)
    complaints += wrong
    planned: list[PlannedTask] = []
    redacted: dict[str, dict[str, int]] = {}
    notes = [*live.notes, *keyless, *more_keyless, *_unwanted(suite, wanted), *_old_words(suite)]
    streams = options.stream and not judged and not replays_among(adapters)
    answering = {name: (entries[name], adapters[name]) for name in suite.asked if name in adapters}
    for task in tasks:
        judge = judged[task.name].identity(judges) if task.name in judged and not of_judges else None
        asked = OwnPrompts(task, entries)
        gated = GateSight(task.name, task.entry.critical, sliced_rules(suite.gate, task.name, str(suite.path)))
        flows = streams and (suite.gate is None or not gated)  # a gate's words are held against all samples, first
        found = plan_task(task, scorers.get(task.name), asked, answering, judge, gated, streams=flows)
        complaints, notes = [*complaints, *_told(suite, found.complaints)], [*notes, *found.notes]
        if found.planned is not None:
            wrong, told = _of_gate(suite, task, gated, options)
            complaints, notes = complaints + wrong, notes + told
        redacted[task.name] = dict(found.redacted)
        planned += [found.planned] if found.planned is not None else []
    recorded = fit_recorded(adapters, tasks, every_task, suite.run.repeats) if not complaints else RecordedFit()
    complaints, notes = [*complaints, *_told(suite, recorded.complaints)], notes + recorded.notes
    leaving = egress(
        suite.sensitivity,
        options.key_hosts,
        (
            EgressSide("models", entries, adapters, [task.settings for task in planned]),
            EgressSide("judges", suite.judges, judges, [task.settings for task in judged.values()]),
        ),
        live.receivers,
    )
    complaints, notes = [*complaints, *leaving.complaints], [*notes, *leaving.notes]
    own = options.own_hardware
    models = _planned(suite, {name: (entries[name], adapter) for name, adapter in adapters.items()}, prices, own)
    marking = [priced(suite.judges[name], adapter, prices, own.get(name)) for name, adapter in judges.items()]
    complaints = complaints or [*unaskable(planned, tasks, models), *unheard(adapters, judges, tasks)]
    notes += [note for task in planned for note in unread(task, models)]
    cap = options.max_cost_usd if options.max_cost_usd is not None else suite.run.max_cost_usd
    if cap is not None:
        from evalkit.engine.cap_check import uncapped

        own_figure()  # one that is no number is refused here
        complaints += uncapped(models, [(task.name, task.settings) for task in planned], cap)
        complaints += uncapped(marking, [(task.name, task.settings) for task in judged.values()], cap)
    _refuse(complaints, errors)
    work = Work(tuple(models), tuple(planned), _run_settings(suite, cap), _storing(suite.file.redact))
    notes += [*_mixed_weights(tasks), *_cut(options), *_kept_notes((*models, *marking)), *_rate_of_errors(suite)]
    panel = _panel(marking, judged)
    facts = (
        facts_of(suite, options, work, prices, panel, live.facts)
        .with_changes(RunFacts(egress=leaving.facts))
        .with_changes(redaction_facts(suite.file.redact, redacted))
    )
    lacking = _said(work, recorded.lacking)
    at = partial(digests_of, work, tasks, entries, panel)
    digests = at({name: str(server.tools_digest) for name, server in live.facts.items()})
    return Plan(
        suite, options, work, *digests, (*_said(work, notes), *lacking), facts, panel, lacking, at, live.receivers
    )


def _storing(entry: RedactEntry | None) -> Redactor | None:
    """What is taken out of rows before they are stored; None where nothing is."""
    if entry is None:
        return None
    from evalkit.suite.redaction import storing_redactor

    return storing_redactor(entry)


def _with_tools(suite: ResolvedSuite, options: PlanOptions) -> tuple[ResolvedSuite, LiveTools]:
    """As `coded_tools.with_tools`; the suite as it is where no agent is asked."""
    if all(task.environment is None for task in suite.tasks):
        return suite, LiveTools()
    from evalkit.engine.coded_tools import with_tools

    return with_tools(suite, options)


def _judges_needed(tasks: Sequence[ResolvedTask]) -> dict[str, tuple[str, ...]]:
    """By judge: the tasks that name it."""
    if not any(is_judged(task.entry) for task in tasks):
        return {}
    from evalkit.engine.judging.panel import judges_needed

    return judges_needed(tasks)


def _judged(
    suite: ResolvedSuite, tasks: Sequence[ResolvedTask], models: Collection[str], judges: Mapping[str, Adapter]
) -> tuple[dict[str, JudgedTask], list[str]]:
    """The judged tasks by name, and everything that is wrong with them."""
    if not any(is_judged(task.entry) for task in tasks):
        return {}, []
    from evalkit.engine.judging.panel import make_panel

    return make_panel(suite, tasks, models, judges)


def _panel(judges: Sequence[PlannedModel], judged: Mapping[str, JudgedTask]) -> Panel | None:
    if not judged:
        return None
    from evalkit.engine.judging.panel import Panel

    return Panel(tuple(judges), judged)


def _of_gate(
    suite: ResolvedSuite, task: ResolvedTask, gated: GateSight, options: PlanOptions
) -> tuple[list[str], list[str]]:
    """(complaints, notes) about what the gate asks for and no sample has. A cut run is no evidence anyway: notes."""
    cut = options.limit is not None or options.limit_share is not None
    unguarded = gated.unguarded()
    refused = [*gated.unmet(), *([f"{task.at}.critical: {unguarded}"] if unguarded and suite.gate is not None else [])]
    told = [f"{task.name}: {unguarded}"] if unguarded and suite.gate is None else []
    return ([], [*refused, *told]) if cut else (refused, told)


def _as_asked(entry: ModelEntry, entries: Mapping[str, ModelEntry]) -> ModelEntry:
    """A pipeline is asked with the settings and the prompt of the model between its guards."""
    main = entries.get(entry.model or "") if is_pipeline(entry) else None
    return entry if main is None else with_words_of(entry, main)


def _old_words(suite: ResolvedSuite) -> list[str]:
    """A sentence where a suite calls a scorer's option as it was called before."""
    tasks = [task for task in suite.written.get("tasks") or () if isinstance(task, dict)]
    named = [str(task.get("name", task.get("use"))) for task in tasks if _says_take(task.get("score"))]
    return (
        [f"{', '.join(named)}: the option `take` is called `extract` now; the old name is still read"] if named else []
    )


def _says_take(score: object) -> bool:
    if isinstance(score, dict):
        return "take" in score or any(_says_take(inner) for inner in score.values())
    return isinstance(score, list) and any(map(_says_take, score))


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
        if not is_pipeline(entry)
    }
    asked = [name for name in suite.asked if name in made]
    return [single[name] if name in single else _priced_pipeline(made[name][1], single) for name in asked]


def _priced_pipeline(adapter: Adapter, parts: Mapping[str, PlannedModel]) -> PlannedModel:
    from evalkit.engine.pipeline_bills import priced_pipeline
    from evalkit.engine.pipelines import PipelineAdapter

    assert isinstance(adapter, PipelineAdapter)
    return priced_pipeline(adapter, parts)


def _unwanted(suite: ResolvedSuite, wanted: Container[str]) -> list[str]:
    return [f"no task is scored by the judge {name}: it is not asked" for name in suite.judges if name not in wanted]


def _said(work: Work, notes: Iterable[str]) -> tuple[str, ...]:
    """The notes as they may be kept: they can quote a record, and the log of a pipeline is a file too."""
    return tuple(notes if work.storing is None else (work.storing.text(note, Counter()) for note in notes))


def _told(suite: ResolvedSuite, complaints: list[str]) -> list[str]:
    """Complaints about records as they may be printed."""
    storing = _storing(suite.file.redact)
    if storing is None or not complaints:
        return complaints
    from evalkit.engine.stored import complaints_as_stored  # here: most suites store everything as it came

    return complaints_as_stored(complaints, storing)


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
    kept = numbers.plural(options.limit or 0, "sample")
    if options.limit_share:
        kept = f"{100 * options.limit_share:g} % of the samples"
    return [f"cut by --limit to {kept} a task: a look, not evidence (a gate refuses it)"]


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
    redactor = next((task.redactor for task in suite.tasks if task.redactor is not None), None)
    for name, entry in entries.items():
        if not is_pipeline(entry):
            continue
        from evalkit.engine.pipelines import put_together

        try:
            if (pipeline := put_together(name, entry, entries, made, redactor)) is not None:
                made[name] = pipeline
        except SuiteError as error:
            errors.append(error)
    return {name: made[name] for name in entries if name in made}, errors, keyless


def _kept_notes(models: Iterable[PlannedModel]) -> Iterator[str]:
    """What a person should know of servers whose answers are not kept for later runs, a sentence a server."""
    by_host: dict[str | None, list[str]] = {}
    for model in models:
        endpoint = model.adapter.endpoint
        if endpoint.cacheable and not keepable(model):
            by_host.setdefault(endpoint.host, []).append(model.name)
    for host, names in by_host.items():
        entry = "its entry" if len(names) == 1 else "an entry"
        yield (
            f"{', '.join(names)}: answers of {host} are not kept for later runs, because other weights may be loaded "
            f"there by then. `weights: NAME` in {entry} says which ones they are."
        )


def _rate_of_errors(suite: ResolvedSuite) -> Iterator[str]:
    """That a rule about errors allows more than a run may have to be whole: made whole by asking again, it shows no
    rate of errors."""
    limits = [getattr(rule, "max_rate", None) for rule in (suite.gate.error_rules if suite.gate is not None else ())]
    if any(limit is not None and limit > suite.run.max_error_rate for limit in limits):
        yield (
            f"gate: a rule allows more errors than run.max_error_rate ({suite.run.max_error_rate:g}), above which a "
            "run is incomplete; asked again until it is whole, it shows no rate of errors. Set run.max_error_rate to "
            "the rule's limit or more"
        )


def _refuse(complaints: list[str], errors: list[UserError]) -> None:
    if len(errors) == 1 and not complaints:
        raise errors[0]
    lines = [line for error in errors for line in (error.complaints if isinstance(error, SuiteError) else [str(error)])]
    if lines or complaints:
        raise SuiteError(list(dict.fromkeys([*lines, *complaints])))
