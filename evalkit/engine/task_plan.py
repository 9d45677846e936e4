"""One task before anything is sent: its samples rendered, its scorer made and tried, its settings fitted to the models.

    plan_task(task, scorer, asked, models, None, gated, streams=True)    # TaskPlan(planned=PlannedTask(...), ...)

Besides: may an application be told what a task sends, and can it be asked at all? Its first request is made and not
sent, so that what never works is known before anything is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from evalkit.adapters.base import Adapter, ChecksRequests, ReadsRecord
from evalkit.engine.asking import request_of
from evalkit.engine.egress import redaction_notes
from evalkit.engine.gold_check import GoldCheck
from evalkit.engine.prompting import OwnPrompts
from evalkit.engine.sample_stream import begin
from evalkit.engine.settings import fitted
from evalkit.engine.work import PlannedModel, PlannedTask, PlanOptions, item_for
from evalkit.errors import SuiteError, Unsupported
from evalkit.frozen import dataclass
from evalkit.records import Sample
from evalkit.scorers.base import Scorer
from evalkit.scorers.registry import make_scorer
from evalkit.suite.gate_sight import GateSight
from evalkit.suite.given import FUNCTION
from evalkit.suite.schema import LimitEntry, ModelEntry
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import short


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """What came of planning one task."""

    planned: PlannedTask | None
    """None: it cannot be planned any further."""
    complaints: list[str]
    notes: list[str]
    redacted: Mapping[str, int]
    """What was taken out of its records, by kind."""


def plan_task(
    task: ResolvedTask,
    scorer: Scorer | None,
    asked: OwnPrompts,
    models: Mapping[str, tuple[ModelEntry, Adapter]],
    judge: Mapping[str, object] | None,
    gated: GateSight,
    *,
    streams: bool,
) -> TaskPlan:
    """The task with all samples, or with `streams` the first of many, rendered and their golds scored.

    `gated` sees them for the gate, unless they are streamed. `asked` renders them with the prompts of single models
    besides; `judge` is who judges it, as part of its identity.
    """
    stream = begin(task, scorer) if streams and not asked and scorer is not None else None
    if stream is not None:
        n, samples, complaints, notes = stream.n, stream.samples, [], [*stream.first_notes]
        redacted: Mapping[str, int] = {}
    else:
        gold = GoldCheck(task, scorer) if scorer is not None else None
        found = task.examine(_each(gold, asked, gated))
        n, samples, notes, redacted = (
            found.n,
            task.samples,
            [*found.notes, *redaction_notes(task, found)],
            found.redacted,
        )
        if found.complaints or gold is None or asked.complaints:
            return TaskPlan(None, [*found.complaints, *asked.complaints], notes, redacted)
        complaints = [*gold.errors(), *asked.errors()]
        notes += gold.notes()
    assert scorer is not None
    fit = fitted(task, scorer, models)
    identity = {**task.identity, **scorer.identity, **({} if judge is None else {"judge": judge})}
    planned = PlannedTask(
        task.name,
        samples,
        scorer,
        n,
        identity,
        fit.settings,
        fit.dropped,
        sent=task.entry.send,
        prompts=asked.by_model if stream is None else {},
        stream=stream,
    )
    complaints += [*shown_answers(task, scorer), *fit.complaints]
    return TaskPlan(planned, complaints, [*notes, *picture_notes(task, judged=judge is not None), *fit.notes], redacted)


def picture_notes(task: ResolvedTask, *, judged: bool) -> Iterator[str]:
    """What is to know of a task whose prompts show pictures: who does not look into them."""
    if not task.prompt.has_pictures:
        return
    if task.redactor is not None or task.storing is not None:
        yield f"{task.name}: redaction does not look into pictures: they are sent as they are"
    if judged:
        yield (
            f"{task.name}: judges are not shown the pictures, but a line for each with its name, size and digest; let "
            "the reference answer say what is on them"
        )


def _each(*seeing: GoldCheck | OwnPrompts | GateSight | None) -> Callable[[Sample], None] | None:
    """Who sees each sample beside the examination; None: nobody."""
    wanted = [one.see for one in seeing if one is not None and (isinstance(one, GoldCheck) or one)]
    if len(wanted) < 2:
        return wanted[0] if wanted else None

    def see(sample: Sample) -> None:
        for one in wanted:
            one(sample)

    return see


def scorers_of(tasks: list[ResolvedTask]) -> tuple[dict[str, Scorer], list[str]]:
    """The scorer of each task by name, and complaints about those that cannot be made."""
    scorers: dict[str, Scorer] = {}
    complaints: list[str] = []
    for task in tasks:
        try:
            scorers[task.name] = task_scorer(task)
        except SuiteError as error:
            complaints += [f"{task.at}.score: {complaint}" for complaint in error.complaints]
    return scorers, complaints


def limited(task: ResolvedTask, options: PlanOptions) -> ResolvedTask:
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


def task_scorer(task: ResolvedTask) -> Scorer:
    """The scorer that a task names, its options bound. Raises SuiteError without place."""
    entry = task.entry
    if entry.score is not None and entry.score.parts and entry.mode in {"likelihood", "first_token"}:
        raise SuiteError(f"mode {entry.mode} cannot stand beside several scorers, which read the reply: leave it out")
    if isinstance(own := task.own_scorer, Scorer):
        return replace(own, keeps_reasoning=task.keeps_reasoning)
    if entry.score is None:
        raise SuiteError("a task needs a score, like `score: choice`")
    options = dict(entry.score.options)
    if entry.score.name == "choice" and entry.mode is not None:
        options.setdefault("mode", entry.mode)
    scorer = make_scorer(entry.score.name, options)
    if task.keeps_reasoning and entry.score.parts:
        from evalkit.scorers.several import keeping_reasoning

        return keeping_reasoning(scorer)
    return replace(scorer, keeps_reasoning=True) if task.keeps_reasoning else scorer


def shown_answers(task: ResolvedTask, scorer: Scorer) -> Iterator[str]:
    """A complaint for each field that is sent and that the scorer, or a part of it, marks by."""
    if not task.entry.send:
        return
    for name, options in _all_options(scorer):
        for field in sorted({str(said) for key, said in options.items() if _names_a_field(key) and said is not None}):
            if field in task.entry.send:
                yield f"{task.at}: send: {field!r} is what {name} scores by, and an application would be told it"


def _names_a_field(option: str) -> bool:
    return option == "field" or option.endswith("_field")


def _all_options(scorer: Scorer) -> Iterator[tuple[str, Mapping[str, object]]]:
    """(name, options with their defaults) of the scorer, or of each of several."""

    options = scorer.options or {}
    parts = options.get("of") if scorer.name == "several" else None
    if not isinstance(parts, list | tuple):
        yield scorer.name, options
        return
    for part in parts:
        if part["use"] == FUNCTION:
            continue
        one = make_scorer(str(part["use"]), part.get("options") or {})
        yield one.name, one.options or {}


def unaskable(tasks: Iterable[PlannedTask], own: Iterable[ResolvedTask], models: Iterable[PlannedModel]) -> list[str]:
    """A sentence for each model that a task's first sample cannot be sent to. `own`: the same tasks in the suite."""
    asked = [model for model in models if isinstance(model.adapter, ChecksRequests)]
    written = {task.name: task for task in own}
    return [said for task in tasks for model in asked for said in _of(task, written[task.name], model)]


def _of(task: PlannedTask, written: ResolvedTask, model: PlannedModel) -> Iterator[str]:
    adapter = model.adapter
    lacking = sorted(adapter.record_fields - frozenset(task.sent)) if isinstance(adapter, ReadsRecord) else []
    for name in lacking:
        yield (
            f"{written.at}: models.{model.name}.request reads record.{name}, which the task does not send; write "
            f"send: [{', '.join([*task.sent, name])}] in the task"
        )
    first = task.stream.head[:1] if task.stream is not None else next(iter(task.samples()), None)
    for sample in first if isinstance(first, tuple) else (first,):
        if lacking or sample is None or not isinstance(adapter, ChecksRequests):
            return
        try:
            adapter.check_request(request_of(item_for(task, sample, model, 0)))
        except Unsupported as error:
            yield f"{error} ({written.at}, sample {sample.id})"


def unheard(
    models: Mapping[str, Adapter], judges: Mapping[str, Adapter], tasks: Collection[ResolvedTask]
) -> Iterator[str]:
    """A complaint for each list of replies in a script for what is asked once: all but the first would be lost.

    Raises SuiteError for data that cannot be read.
    """
    if all(one.endpoint.network for one in (*models.values(), *judges.values())):
        return
    from evalkit.adapters.scripted import ScriptedAdapter

    listing = {name: one for name, one in models.items() if isinstance(one, ScriptedAdapter) and one.listed}
    found = {f"judges.{n}": (one, set(one.listed)) for n, one in judges.items() if isinstance(one, ScriptedAdapter)}
    if listing:
        agents = {one.id for task in tasks if task.environment is not None for one in task.samples()}
        single = {one.id for task in tasks if task.environment is None for one in task.samples()} - agents
        found |= {f"models.{name}": (one, set(map(one.key_of, single))) for name, one in listing.items()}
    for place, (script, keys) in found.items():
        for key in sorted(keys & script.listed.keys()):
            yield (
                f"{place}: {short(key)} has {script.listed[key]} replies and is asked once, so all but the first would "
                "be lost: a list answers the requests of an agent. Each turn of a conversation has a key of its own "
                "(t1, t1:turn2)"
            )


def unread(task: PlannedTask, models: Iterable[PlannedModel]) -> Iterator[str]:
    """A note where a task sends fields that some model does not take."""
    deaf = [model.name for model in models if task.sent and not model.adapter.capabilities.record]
    if deaf:
        yield f"{task.name}: {', '.join(deaf)} does not take {', '.join(task.sent)} of the record; asked without"
