"""Conditions between the keys of a suite file, on what its schema left standing: the tasks, or what is wrong with them.

Every entry that is readable by itself is looked at, so that one broken task hides no complaint about another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from evalkit.errors import SuiteError
from evalkit.suite import checks
from evalkit.suite.external_task import ExternalTask, check_external
from evalkit.suite.model_options import check_variants, expanded
from evalkit.suite.model_prompts import check_own_prompts, check_prompts, prompted_name
from evalkit.suite.pictures import Pictures
from evalkit.suite.prompt_compiling import compile_prompt
from evalkit.suite.schema import ModelEntry, RuleEntry, SuiteFile, TaskEntry, is_judged
from evalkit.suite.schema.rules import read_rule
from evalkit.suite.source_map import Loc, SourceMap
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import near
from evalkit.text.numbers import whole_number

if TYPE_CHECKING:
    from evalkit.suite.environments import Environment
    from evalkit.suite.redaction import Redactor
    from evalkit.suite.rows_in_memory import Rows

MOST_MODELS = 5_000
"""Models of a suite with all their prompts: each takes 4 ms of the processor to look at, and the two multiply."""


def add_conditions(
    tree: SourceMap,
    path: Path,
    data: Mapping[str, object],
    file: SuiteFile | None,
    known_adapters: Collection[str] | None,
    known_scorers: Collection[str] | None,
    allow_unpinned: bool,
    external: list[ExternalTask],
) -> list[ResolvedTask]:
    """The tasks; complaints between keys are added for every entry that is readable by itself.

    Tasks of another tool go to `external`: what they are called and made of is not known here.
    """
    found: list[checks.SuiteProblem] = []
    models, judges = _mapping(data.get("models")), _mapping(data.get("judges"))
    for section, entries in (("models", models), ("judges", judges)):
        for name, written in entries.items():
            adapter = _mapping(written).get("adapter")
            if isinstance(adapter, str):
                found += checks.check_name((section, name, "adapter"), "adapter or preset", adapter, known_adapters)
            model = getattr(file, section)[name] if file else _alone(ModelEntry, written)
            if model is not None:
                found += checks.check_model((section, name), model)
    redactor, storing = _redactors(
        file, external_tasks=any(_mapping(one).get("lm_eval") for one in _list(data.get("tasks"))), found=found
    )
    prompts = _bounded(_with_variants(models), _mapping(data.get("prompts")), found)
    asked, marking = _with_prompts(_with_variants(models), prompts), _with_variants(judges)
    tasks: list[ResolvedTask] = []
    taken: dict[str, int] = {}
    for i, written in enumerate(_list(data.get("tasks"))):
        loc: Loc = ("tasks", i)
        found += _name_findings(i, written, taken)
        entry = file.tasks[i] if file else _alone(TaskEntry, written)
        if entry is None:
            found += _part_findings(loc, _mapping(written), known_scorers, allow_unpinned)
            continue
        if entry.lm_eval is not None:
            found += check_external(loc, entry)
            external.append(ExternalTask(entry, path.parent, tree.at(loc), i))
            continue
        entry = _complete(loc, entry, found)
        if entry is None:
            continue
        entry, rows = _with_cases(loc, entry, found)
        found += checks.check_task(loc, entry, known_scorers, allow_unpinned)
        found += _judging(loc, entry, marking, asked)
        environment, wrong = _environment(entry, path.parent, redactor)
        prompt, more = compile_prompt(entry, environment, Pictures(path.parent)) if not wrong else (None, [])
        found += [((*loc, *_key(key)), message) for key, message in (*wrong, *more)]
        if prompt is not None and entry.name is not None:
            at = tree.at(loc)
            task = ResolvedTask(entry.name, entry, prompt, path.parent, at, i, redactor, storing, rows)
            tasks.append(replace(task, environment=environment))
    if file is not None:
        found += _name_conflicts(file, models, list(taken), asked, marking)
    slices = {task.name: task.slices for task in tasks}
    gate = _mapping(data.get("gate"))
    found += _gate_findings(gate, asked, taken, slices, open_ended=bool(external))
    found += _asked_nothing(gate, models)
    found += _part_rules(gate, {task.name: task.entry.score.parts for task in tasks if task.entry.score})
    for loc, message in found:
        if loc not in tree.refused:
            tree.refuse(loc, message)
    return tasks


def _name_conflicts(
    file: SuiteFile, models: Mapping[str, object], tasks: list[str], asked: Collection[str], marking: Collection[str]
) -> Iterator[checks.SuiteProblem]:
    """What is wrong between the models, judges and prompts of a readable file."""
    yield from check_variants("models", file.models)
    yield from checks.check_alone(expanded(file.models))
    yield from check_variants("judges", file.judges)
    yield from check_prompts(file.prompts, _with_variants(models), tasks)
    yield from check_own_prompts(file.models, tasks)
    for name, judge in file.judges.items():
        for key in ("system", "prompt"):
            if getattr(judge, key) is not None:
                told = "belongs to a model; what a judge is shown stands under score: {judge: ...}"
                yield ("judges", name, key), told
    for name in marking:
        if name in asked:
            yield ("judges", name), f"{name!r} is also the name of a model; a judge needs a name of its own"


def _asked_nothing(gate: Mapping[str, object], models: Mapping[str, object]) -> Iterator[checks.SuiteProblem]:
    """Models that the gate names and that are only parts of a pipeline."""
    for key, named in (("baseline", [gate.get("baseline")]), ("candidates", _list(gate.get("candidates")))):
        for name in named:
            if isinstance(name, str) and _mapping(models.get(name)).get("alone") is False:
                yield ("gate", key), f"{name!r} is asked no task by itself (alone: false), so nothing can be said of it"


def _judging(
    loc: Loc, entry: TaskEntry, judges: Collection[str], models: Collection[str]
) -> Iterator[checks.SuiteProblem]:
    """What is wrong with how a task is judged, and with people's labels of it."""
    if not is_judged(entry) and entry.labels is None:
        return
    from evalkit.suite.judge_task import check_judging, check_labels

    yield from check_judging((*loc, "score"), entry.score, judges, models)
    yield from check_labels(loc, entry)


def _environment(
    entry: TaskEntry, folder: Path, redactor: Redactor | None
) -> tuple[Environment | None, list[tuple[str, str]]]:
    """What an agent's calls act on, redacted as records are, and what is wrong with its file; None for a task of single
    answers."""
    if entry.environment is None:
        return None, []
    from evalkit.suite.environments import read_environment, redacted

    try:
        environment = read_environment(entry.environment, folder)
        return environment if redactor is None else redacted(environment, redactor), []
    except SuiteError as error:
        return None, [("environment", complaint) for complaint in error.complaints]


def _redactors(
    file: SuiteFile | None, *, external_tasks: bool, found: list[checks.SuiteProblem]
) -> tuple[Redactor | None, Redactor | None]:
    """What the suite takes out of records, and of rows before they are stored; a finding where it cannot."""
    if file is None or file.redact is None:
        return None, None
    from evalkit.suite.redaction import make_redactor, storing_redactor  # a run without it starts without it

    if external_tasks:
        found.append((("redact",), "cannot stand beside lm_eval: its records do not pass through here"))
    try:
        redactor = make_redactor(file.redact)
    except SuiteError as error:
        found += [(("redact",), complaint) for complaint in error.complaints]
        return None, None
    return redactor if "sending" in file.redact.where else None, storing_redactor(file.redact)


def _gate_findings(
    gate: Mapping[str, object],
    names: Collection[str],
    tasks: Collection[str],
    slices: Mapping[str, tuple[str, ...]],
    *,
    open_ended: bool,
) -> Iterator[checks.SuiteProblem]:
    """The gate against the suite's names. `open_ended`: tasks of another tool bring names that are not known here."""
    rules = [_rule(written) for written in _list(gate.get("rules"))]
    compared = next((f"the rule about {rule.kind}" for rule in rules if rule is not None and rule.needs_baseline), None)
    compared = compared or ("the scan" if gate.get("scan") is not None else None)
    baseline, candidates = gate.get("baseline"), _list(gate.get("candidates"))
    yield from checks.check_gate(("gate",), baseline, candidates, names, compared)
    for i, rule in enumerate(rules):
        if rule is not None and not (open_ended and set(rule.subjects) - set(tasks)):
            yield from checks.check_rule(("gate", "rules", i), rule, tasks, slices)
    if rules and all(rule is not None and not rule.required for rule in rules):
        yield ("gate", "rules"), "no rule is required, so nothing would be decided; make one required"


def _part_rules(gate: Mapping[str, object], parts: Mapping[str, tuple[str, ...]]) -> Iterator[checks.SuiteProblem]:
    """Rules about one scorer of several (`quality: task/part`) against the names that the tasks give them."""
    for i, written in enumerate(_list(gate.get("rules"))):
        rule = _rule(written)
        for subject in rule.subjects if rule is not None else ():
            task, slash, part = subject.partition("/")
            if slash and "=" not in part and task in parts and part not in parts[task]:
                known = f"; {near(part, parts[task])}" if parts[task] else ": it has one scorer alone"
                said = f"{subject!r} names neither a slice ({task}/language=de) nor a scorer of {task}{known}"
                yield ("gate", "rules", i, "quality"), said


def _rule(written: object) -> RuleEntry | None:
    """One rule by itself; None where it is unreadable, about which the schema has complained."""
    try:
        return read_rule(written)
    except ValueError:
        return None


def _with_variants(models: Mapping[str, object]) -> list[str]:
    """The names that a section of models brings, readable or not."""
    return [*models, *(own for written in models.values() for own in _mapping(_mapping(written).get("variants")))]


def _bounded(
    models: list[str], prompts: Mapping[str, object], found: list[checks.SuiteProblem]
) -> Mapping[str, object]:
    """The further prompts of the suite; none, and a finding, where they make more models than can be looked at."""
    named = [_mapping(written).get("models") for written in prompts.values()]
    n_asked = len(models) + sum(1 if isinstance(only, str) else len(_list(only)) or len(models) for only in named)
    if n_asked <= MOST_MODELS:
        return prompts
    told = f"make {n_asked:,} models of {len(models):,}, and the most is {MOST_MODELS:,}; say which: models: [NAME]"
    found.append((("prompts" if prompts else "models",), told))
    return {}


def _with_prompts(models: list[str], prompts: Mapping[str, object]) -> list[str]:
    """The same with each further prompt of the suite, readable or not."""
    found = list(models)
    for name, written in prompts.items():
        only = _mapping(written).get("models")
        listed = [only] if isinstance(only, str) else _list(only)
        found += [prompted_name(model, name) for model in models if not listed or model in listed]
    return found


def _part_findings(
    loc: Loc, written: Mapping[str, object], known_scorers: Collection[str] | None, allow_unpinned: bool
) -> Iterator[checks.SuiteProblem]:
    """What can be said of the readable keys of a task that is not readable as a whole."""
    rest: dict[str, object] = {}
    for key, value in written.items():
        one = _alone(TaskEntry, {key: value})
        if one is not None:
            rest[key] = value
    entry: TaskEntry = TaskEntry.model_validate(rest)
    if entry.score is not None:
        yield from checks.check_name((*loc, "score"), "scorer", entry.score.name, known_scorers)
    if entry.data is not None:
        yield from checks.check_data((*loc, "data"), entry.data, allow_unpinned)
    _, wrong = compile_prompt(entry)
    yield from (((*loc, *_key(key)), message) for key, message in wrong)


def _name_findings(i: int, item: object, taken: dict[str, int]) -> list[checks.SuiteProblem]:
    """Every task has a name of its own; `taken` gathers them, those of unreadable tasks too."""
    if not isinstance(item, dict):
        return []
    name = item.get("name", item.get("use", item.get("lm_eval")))
    if name is None:
        return [(("tasks", i, "name"), "is required, and missing: how the task is shown everywhere")]
    if not isinstance(name, str):
        return []
    if name == "all":
        return [(("tasks", i, "name"), "'all' means every task together; choose another name")]
    if name in taken:
        return [
            (("tasks", i, "name"), f"{name!r} is also the name of tasks[{taken[name]}]; give this one another name")
        ]
    taken[name] = i
    return []


def _complete(loc: Loc, entry: TaskEntry, found: list[checks.SuiteProblem]) -> TaskEntry | None:
    """The task with nothing left to look up; None with a finding where that fails."""
    if entry.use is None:
        if entry.include_path is not None:
            found.append(((*loc, "include_path"), "belongs to lm_eval: TASK"))
        if entry.overrides is not None:
            found.append(((*loc, "with"), "changes a built-in task, and needs use"))
        return entry
    for key in sorted(entry.model_fields_set - {"use", "overrides", "name", "tags"}):
        under = key in type(entry.overrides or entry).model_fields and key not in {
            "prompt",
            "messages",
            "choices",
            "target",
            "score",
        }
        advice = f"put it under with: {{{key}: ...}}" if under else "write a task of your own to ask it differently"
        found.append(((*loc, key), f"cannot stand beside use; {advice}"))
    from evalkit.suite import builtin_tasks

    try:
        made = builtin_tasks.adjusted(entry.use, entry.overrides, entry.name)
        return made.model_copy(update={"tags": entry.tags}) if entry.tags else made
    except SuiteError as error:
        found += [((*loc, "use"), complaint) for complaint in error.complaints]
        return None


def _with_cases(loc: Loc, entry: TaskEntry, found: list[checks.SuiteProblem]) -> tuple[TaskEntry, Rows | None]:
    """The task, and its inline cases as records (None: it has none); a finding where they cannot be read."""
    if entry.cases is None:
        return entry, None
    from evalkit.suite.cases import cases_of

    try:
        return cases_of(entry, "cases") or (entry, None)
    except SuiteError as error:
        found += [((*loc, "cases"), complaint) for complaint in error.complaints]
        return entry, None


def _alone(kind: type[Any], data: object) -> Any:
    """One entry by itself; None where it is unreadable, about which the schema has complained."""
    try:
        return kind.model_validate(data)
    except ValidationError:
        return None


def _mapping(data: object) -> dict[str, object]:
    return data if isinstance(data, dict) else {}


def _list(data: object) -> list[Any]:
    return data if isinstance(data, list) else []


def _key(key: str) -> Iterator[str | int]:
    """`messages[1].content` as a place."""
    for part in key.replace("]", "").replace("[", ".").split("."):
        number = whole_number(part)
        yield part if number is None else number
