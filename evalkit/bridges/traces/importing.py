"""`evalkit import traces`: from logs to a suite that can be run, in one go.

told = import_traces([Path("logs/")], Path("suite"), TracesOptions(n_samples=500))
told.folder / "README.md"      # what was found, dropped and sampled

Calls are read onto the disk, looked at one by one (`traits`), put into classes of alike requests and into strata, and
drawn; only what was drawn is redacted and written. The folder appears whole or not at all.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree

import numpy as np
import orjson

from evalkit.bridges.traces.calls import Call
from evalkit.bridges.traces.free_running import StepIndex, recorded_tools, summed, unfit_way, way_of
from evalkit.bridges.traces.log_reading import LogReading
from evalkit.bridges.traces.rules import TEXT_RULE, fits, rule_for, with_way
from evalkit.bridges.traces.sampled import SampledCall, redacted, turns
from evalkit.bridges.traces.sources import read_sources
from evalkit.bridges.traces.spool import Spool
from evalkit.bridges.traces.strata import Drawn, classes_of, draw, short_names, strata_of
from evalkit.bridges.traces.suite_text import AskedModel, LogTask, SuitePlan, sayable, suite_yaml
from evalkit.bridges.traces.tables import LogMap
from evalkit.bridges.traces.taking_out import Names, TakingOut
from evalkit.bridges.traces.traits import Traits, traits_of, unfit
from evalkit.errors import UserError
from evalkit.stats.quantiles import weighted_quantile
from evalkit.suite.redaction import Redactor
from evalkit.text import numbers
from evalkit.writing import write_file

_SMALL_TEMPLATE = 0.01
"""Share of the traffic below which a template has no task of its own."""
_MOST_REASONS = 40
"""That are told apart: some name what stands in the log."""
_OTHER_TEMPLATE = "everything-else"
_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_ADAPTERS: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "google": "gemini",
    "gcp.gemini": "gemini",
    "gcp.gen_ai": "gemini",
}


@dataclass(slots=True)
class TracesOptions:
    """What the person says."""

    n_samples: int = 500
    name: str | None = None
    seed: int = 0
    slices: tuple[str, ...] = ()
    """Attributes of the log whose values are groups (customers)."""
    models: tuple[str, ...] = ()
    """Only calls of these; () for all."""
    redactor: Redactor | None = None
    names: Names = field(default_factory=dict)
    candidates: tuple[AskedModel, ...] = ()
    judge: AskedModel | None = None
    free: bool = False
    """Whether samples are whole trajectories that a candidate runs by itself, and not each request of the log."""
    columns: LogMap | None = None
    """Which column of a table holds what; None: guessed."""
    received: bool = False
    """Whether programs sent the logs: what cannot be read of them is told, and the others count."""


@dataclass(slots=True)
class StratumReport:
    """One stratum, as the README shows it."""

    name: str
    n_requests: int
    n_different: int
    n_sampled: int


@dataclass(slots=True)
class TracesReport:
    """What came of an import."""

    folder: Path
    plan: SuitePlan
    reading: LogReading
    n_calls: int
    n_usable: int
    n_different: int
    n_sampled: int
    dropped: Counter[str]
    """Calls that the suite cannot hold, by reason."""
    strata: list[StratumReport]
    redacted: Counter[str]
    models: Counter[str]
    n_history: int
    """Samples whose history holds calls of functions, written as text."""
    free: bool = False
    """Whether samples are whole trajectories."""


def import_traces(paths: Iterable[Path], out: Path, options: TracesOptions) -> TracesReport:
    """Write the suite's folder. Raises UserError where the logs hold nothing to ask, or `out` is there already."""
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise UserError(f"{out} is there already, and is not overwritten: name another folder, or remove it")
    with Spool() as raw, Spool() as kept:
        reading = read_sources(paths, raw, received=options.received, columns=options.columns)
        steps = StepIndex() if options.free else None
        traits, dropped, models, n_calls = _looked_at(reading, kept, options, steps)
        if not traits:
            raise UserError(_nothing(reading, dropped, n_calls))
        for n, name in enumerate(options.slices):
            if not any(one.slices[n] for one in traits):
                raise UserError(
                    f"--slice {name}: no call of the log has an attribute {name!r}; leave it out, or name one as the "
                    "log spells it"
                )
        told = _sampled(traits, kept, reading, out, options, steps)
    told.dropped, told.n_calls = dropped, n_calls
    taking = TakingOut(options.redactor, options.names)
    for name, n in models.items():
        told.models[taking.text(name)] += n
    _write(told, out)
    return told


def _looked_at(
    reading: LogReading, kept: Spool, options: TracesOptions, steps: StepIndex | None
) -> tuple[list[Traits], Counter[str], Counter[str], int]:
    """The traits of all calls that a suite can hold; those that it cannot by reason; calls by model; all calls."""
    traits: list[Traits] = []
    dropped: Counter[str] = Counter()
    models: Counter[str] = Counter()
    n_calls = 0
    for call in reading.calls():
        n_calls += 1
        models[call.called or "not named"] += 1
        why = unfit(call)
        if why is None and options.models and not {call.model, call.served} & set(options.models):
            why = "another model than --model names"
        if why is None and not turns(call.messages):
            why = "no turn of a user with text"
        place = None
        if why is None and steps is not None:
            place = kept.add(call)
            steps.add(call, place)
            why = unfit_way(call)
        if why is not None:
            dropped[why if why in dropped or len(dropped) < _MOST_REASONS else "other reasons"] += 1
            continue
        traits.append(traits_of(call, place or kept.add(call), options.slices, options.seed))
    return traits, dropped, models, n_calls


def _nothing(reading: LogReading, dropped: Counter[str], n_calls: int) -> str:
    if not n_calls:
        seen = "; ".join(reading.notes()) or "no record"
        return f"{', '.join(reading.files[:5])}: holds no call of a model ({seen}). See docs/import-traces.md"
    reasons = ", ".join(f"{why} ({n:,})" for why, n in dropped.most_common(5))
    more = ""
    if any("content" in why for why in dropped):
        more = (
            ". Let the instrumentation keep content: OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT, or give its "
            "log records too"
        )
    return f"none of the {n_calls:,} calls can be asked again: {reasons}{more}"


def _sampled(
    traits: list[Traits], kept: Spool, reading: LogReading, out: Path, options: TracesOptions, steps: StepIndex | None
) -> TracesReport:
    classes = classes_of(traits)
    templates = _templates(traits, TakingOut(options.redactor, options.names))
    strata = strata_of(traits, classes, templates, options.n_samples)
    drawn = draw(traits, classes, strata, options.n_samples)
    taking = TakingOut(options.redactor, options.names)
    names = {name: taking.text(name) for name in dict.fromkeys(strata)}
    sampled = _calls(drawn, traits, kept, templates, names, taking, options, steps)
    tasks = _tasks(sampled)
    plan = _plan(tasks, sampled, out, options)
    counts, different = Counter[str](), Counter[str]()
    for name, members in zip(strata, classes, strict=True):
        counts[name] += len(members)
        different[name] += 1
    n_drawn = Counter(one.stratum for one in drawn)
    told = [
        StratumReport(names[name], counts[name], different[name], n_drawn[name])
        for name in sorted(counts, key=lambda name: (-counts[name], name))
    ]
    return TracesReport(
        folder=out,
        plan=plan,
        reading=reading,
        n_calls=0,
        n_usable=len(traits),
        n_different=len(classes),
        n_sampled=len(sampled),
        dropped=Counter(),
        strata=told,
        redacted=taking.counts,
        models=Counter(),
        n_history=sum(
            any(turn.role == "tool" or turn.calls for turn in (one.way.asked if one.way else one.call.messages))
            for one in sampled
        ),
        free=steps is not None,
    )


def _templates(traits: Sequence[Traits], taking: TakingOut) -> dict[str, str]:
    """A short name for each template, made of what is left of it without personal data: in the short name an address
    is `ann-lee-example-org`, which nothing recognises any more. The rare ones share one."""
    sizes = Counter(one.template for one in traits)
    least = max(_SMALL_TEMPLATE * len(traits), 2)
    large = {name: n for name, n in sizes.items() if n >= least}
    named = short_names({name: (taking.text(name), n) for name, n in large.items()})
    return {name: named.get(name, _OTHER_TEMPLATE) for name in sizes}


def _calls(
    drawn: Sequence[Drawn],
    traits: Sequence[Traits],
    kept: Spool,
    templates: Mapping[str, str],
    names: Mapping[str, str],
    taking: TakingOut,
    options: TracesOptions,
    steps: StepIndex | None,
) -> list[SampledCall]:
    found = []
    offers: dict[tuple[str, bytes], str] = {}
    digits = len(str(len(drawn)))
    for n, one in enumerate(drawn, 1):
        own = traits[one.call]
        call = kept.call(own.place)
        before = [] if steps is None else steps.before(call)
        call, way = redacted(call, taking), None
        if steps is not None:
            took = [None if place is None else _figures(kept.call(place), taking) for place in before]
            way = way_of(call, took)
            call = summed(call, way)
        task = _NAME.sub("-", taking.text(templates[own.template])).strip("-.") or "task"
        slices = {
            "template": task,
            "language": own.language,
            "length": own.size,
            "tool_use": own.tools,
            "outcome": own.outcome,
            "answered_by": call.called or "not named",
            **{name: call.slices.get(name) or "none" for name in options.slices},
        }
        renamed = Drawn(one.call, names[one.stratum], one.n_alike, one.inclusion)
        found.append(
            SampledCall(
                f"r{n:0{digits}}",
                _offering(task, call, offers)
                if way is not None
                else f"{task}-calls"
                if call.answer.calls and call.tools
                else task,
                own,
                renamed,
                call,
                slices,
                way,
            )
        )
    return found


def _figures(call: Call, taking: TakingOut) -> Call:
    """What a step took, without what was said; the names of its model without personal data."""
    model, served = (None if one is None else taking.text(one) for one in (call.model, call.served))
    usage = call.usage
    made = Call(call.source, model=model, served=served, usage=usage, started_at=call.started_at)
    made.total_s, made.ttft_s = call.total_s, call.ttft_s
    return made


def _offering(task: str, call: Call, known: dict[tuple[str, bytes], str]) -> str:
    """The task's name; another one for each other list of functions, since a task has one environment."""
    offered = orjson.dumps(call.tools, option=orjson.OPT_SORT_KEYS, default=str)
    n = sum(name == task for name, _ in known)
    return known.setdefault((task, offered), task if not n else f"{task}-tools-{n + 1}")


def _tasks(sampled: list[SampledCall]) -> list[LogTask]:
    """One task a template and form of answer; the few answers that a rule cannot read go to a judge."""
    groups: dict[str, list[SampledCall]] = {}
    for one in sampled:
        groups.setdefault(one.task, []).append(one)
    tasks: list[LogTask] = []
    for name, members in groups.items():
        rule = rule_for(members)
        good = [one for one in members if fits(rule, one)]
        rest = [one for one in members if not fits(rule, one)]
        if good:
            tasks.append(LogTask(name, rule, good))
        if rest:
            for one in rest:
                one.task = f"{name}-other"
            tasks.append(LogTask(f"{name}-other", TEXT_RULE, rest))
    for n, task in enumerate(tasks, 1):
        if task.sampled[0].way is not None:
            task.environment = f"data/tools-{n}.json"
            task.rule = with_way(task.rule)
    return tasks


def _plan(tasks: list[LogTask], sampled: list[SampledCall], out: Path, options: TracesOptions) -> SuitePlan:
    models = Counter(one.call.called for one in sampled if one.call.called)
    providers = Counter(one.call.provider.lower() for one in sampled if one.call.provider)
    adapter = _ADAPTERS.get(next(iter(dict(providers.most_common(1))), ""), "openai")
    candidates = {}
    for one in options.candidates or (AskedModel(adapter, "${EVALKIT_CANDIDATE_MODEL}"),):
        name = _NAME.sub("-", one.model.rpartition("/")[2]).strip("-.")[:60].lower()
        candidates["candidate" if one.model.startswith("$") or not name else name] = one
    costs = [one.call.usage.cost_usd for one in sampled]
    all_known = all(cost is not None for cost in costs)
    price_as = None
    if not all_known and len(models) == 1 and len(providers) == 1 and next(iter(providers)) in _ADAPTERS:
        named = f"{next(iter(providers))}:{next(iter(models))}"
        price_as = named if sayable(named) else None
    times = [one.call.total_s for one in sampled if one.call.total_s is not None]
    weights = [one.drawn.weight for one in sampled if one.call.total_s is not None]
    name = _NAME.sub("-", options.name or out.resolve().name).strip("-.") or "logs"
    counted = all(one.call.usage.input is not None and one.call.usage.output is not None for one in sampled)
    return SuitePlan(
        name=name,
        about=f"{numbers.plural(len(sampled), 'request')} of production, sampled with known probabilities",
        tasks=tasks,
        slices=[name for name in sampled[0].slices if len({one.slices[name] for one in sampled}) > 1],
        candidates=candidates,
        judge=options.judge or AskedModel(adapter, "${EVALKIT_JUDGE_MODEL}"),
        price_as=price_as,
        p95_s=weighted_quantile(np.array(times), 0.95, np.array(weights))
        if len(times) >= 0.95 * len(sampled)
        else None,
        has_cost=all_known or (price_as is not None and counted),
    )


def _write(told: TracesReport, out: Path) -> None:
    """The folder, whole or not at all."""
    from evalkit.bridges.traces.readme import readme

    parent = out.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=parent))
    try:
        (made / "data").mkdir()
        sampled = [one for task in told.plan.tasks for one in task.sampled]
        sampled.sort(key=lambda one: one.id)
        offering = {one.id for task in told.plan.tasks if task.offers for one in task.sampled}
        items = (one.item(offers=one.id in offering) for one in sampled)
        write_file(made / "data" / "requests.jsonl", _lines(items))
        write_file(made / "data" / "recorded.jsonl", _lines(line for one in sampled for line in one.answers()))
        for task in told.plan.tasks:
            if task.environment is not None:
                ways = [(one.id, one.way) for one in task.sampled if one.way is not None]
                write_file(made / task.environment, recorded_tools(task.sampled[0].call.tools, ways))
        write_file(made / "suite.yaml", suite_yaml(told.plan))
        if told.reading.unread:
            kept = ({"place": one.place, "why": one.why, "looks": one.looks} for one in told.reading.unread)
            write_file(made / "not-understood.jsonl", _lines(kept))
        write_file(made / "README.md", readme(told))
        if out.is_dir():
            out.rmdir()
        made.rename(out)
    except BaseException:
        rmtree(made, ignore_errors=True)
        raise
    out.chmod(0o755)


def _lines(records: Iterable[Mapping[str, object]]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in records)
