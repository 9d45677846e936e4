"""Are the tasks of a run those of the protected suite, asked of the same records and marked in the same way?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ValidationError

from evalkit.decide.allowed_differences import SuiteDifference, all_differences, row_for, same
from evalkit.decide.judged import mapping, other_model
from evalkit.facts import RunFacts, SuiteFacts, TaskFacts
from evalkit.facts.base import Json, JsonMap
from evalkit.suite.given import GIVEN_IN_PYTHON
from evalkit.suite.judge_task import compile_judging
from evalkit.suite.schema import TaskEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

_ADDED_BY_THE_ENGINE = frozenset({"scorer_version", "scorer_plugin", "judge"})
"""Keys of an identity that no suite says as they stand there. What of a judge a suite says is compared by itself."""
_MARKED_BY = frozenset({"score", "target", "with", "reasoning"})
"""Keys that may be otherwise in the run's suite where `rescore` marked it anew: the identity says what holds now."""


def other_tasks(suite: ResolvedSuite, facts: RunFacts, now: SuiteFacts) -> Iterator[str]:
    """A line for each difference of tasks and data. `now`: the suite as run.json would say it."""
    whole = {task.name: task for task in suite.tasks}
    made = {task.name: task for task in facts.suite_resolved.tasks} if facts.suite_resolved is not None else {}
    tasks = {task.name: task for task in now.tasks}
    yield from (f"  {name}: not part of the run" for name in tasks if name not in made)
    yield from (f"  {name}: not part of the suite" for name in {**made, **(facts.tasks or {})} if name not in tasks)
    for name, task in tasks.items():
        if name not in made:
            continue
        told = (facts.tasks or {}).get(name)
        # `rescore` may have taken right answers from other data: both fingerprints then have to be today's.
        rescored_by = () if told is None or told.marked_by_data is None else (told.marked_by_data,)
        if {task.data_sha256} != {made[name].data_sha256, *rescored_by}:
            yield f"  {name}: the data changed"
        else:
            yield from _other_number(facts, whole[name])
        if task.pictures_digest != made[name].pictures_digest:
            yield f"  {name}: the pictures changed"
        if task.identity != _scored_identity(facts, name):
            yield f"  {name}: the prompt, few-shot examples, scorer or settings changed"
        if task.identity.get("environment") != _scored_identity(facts, name).get("environment"):
            yield f"  {name}: the environment changed (its file, what samples begin with, or their limits)"
        if task.records != made[name].records:
            yield f"  {name}: which records of its data are asked, or how they are read, changed (where, fields)"
        yield from _other_judging(whole[name], told, now)
        if made[name].marks is None:
            yield f"  {name}: the run does not record which items are clustered, sliced, critical or weighted"
        elif task.marks != made[name].marks:
            yield f"  {name}: which items are clustered, sliced or critical changed, or what they stand for (weight)"
        for found in _otherwise_written(name, made[name].written, task.written):
            if not (rescored_by and found.at[3] in _MARKED_BY):
                yield f"  {name}: {found.values(3)}"


def _other_number(facts: RunFacts, task: ResolvedTask) -> Iterator[str]:
    """A line where the run holds another number of samples than the suite asks. One that was cut says so itself."""
    told = (facts.tasks or {}).get(task.name)
    if told is None or facts.cut_by_limit is not None or facts.cut_by_tasks is not None:
        return
    n = task.count() if task.entry.lm_eval is None else None
    if n is None:
        n = sum(1 for _ in task.samples())
    if told.n != n:
        yield f"  {task.name}: {'samples not counted' if told.n is None else told.n} in the run, {n} in the suite"


def _other_judging(task: ResolvedTask, told: TaskFacts | None, now: SuiteFacts) -> Iterator[str]:
    """A line where run.json says otherwise than the suite who scored the answers, and by what prompt."""
    judging = compile_judging(task.entry.score)
    said = told.identity.root.get("judge") if told is not None else None
    if judging is None:
        if said is not None:
            yield f"  {task.name}: run.json says that judges scored it, and the suite names none"
        return
    names = ", ".join(judging.by)
    if said is None:
        yield f"  {task.name}: the suite has it scored by {names}, and run.json says of no judge that it did"
        return
    judges = mapping(mapping(said).get("judges"))
    if set(judges) != set(judging.by):
        yield f"  {task.name}: run.json says that {', '.join(judges) or 'nobody'} scored it, and the suite says {names}"
    if any(not same(mapping(said).get(key), value) for key, value in judging.identity.items()):
        yield f"  {task.name}: the judge's prompt changed, or how its verdict is read"
    for name in judging.by:
        judge, entry = mapping(judges.get(name)), now.judges.get(name)
        if name in judges and entry is not None:
            other = judge.get("adapter") != entry.adapter or other_model(entry.root, judge.get("model"))
            yield from [f"  {task.name}: run.json says of the judge {name} that it was another"] if other else []


def _scored_identity(facts: RunFacts, task: str) -> dict[str, object]:
    """What makes a task of a run comparable, as `rescore` left it, without what the engine adds to the suite's word."""
    told = (facts.tasks or {}).get(task)
    identity = told.identity.root if told is not None else {}
    return {key: value for key, value in identity.items() if key not in _ADDED_BY_THE_ENGINE}


def _otherwise_written(name: str, run: JsonMap, suite: JsonMap) -> Iterator[SuiteDifference]:
    """Keys that the suite files write otherwise and that no row of the table allows; `limit: 5` is `limit: {n: 5}`."""
    for found in all_differences(_widened(run), _widened(suite), ("tasks", name, "written")):
        if len(found.at) < 4 or row_for(found.at, ()) is None:
            yield found if len(found.at) > 3 else SuiteDifference((*found.at, "task"), found.in_run, found.in_suite)


def _in_a_file(written: JsonMap) -> dict[str, Json]:
    """A task whose records were given in Python as one that reads a file: where they lie is free, what they hold is
    compared."""
    if isinstance(written.get("cases"), dict):  # number and digest of inline cases: what they hold is compared
        return {**{key: value for key, value in written.items() if key != "cases"}, "data": {"path": "cases"}}
    data = written.get("data")
    if not isinstance(data, dict) or GIVEN_IN_PYTHON not in data:
        return dict(written)
    kept = {key: value for key, value in data.items() if key != GIVEN_IN_PYTHON}
    return {**written, "data": {**kept, "path": GIVEN_IN_PYTHON}}


def _widened(written: JsonMap) -> Mapping[str, object]:
    """A task as it is written, short forms spelt out; as it stands where this evalkit cannot read it."""
    written = _in_a_file(written)
    if isinstance(inner := written.get("with"), dict):
        written = {**written, "with": _in_a_file(inner)}
    try:
        entry = TaskEntry.model_validate(dict(written))
    except ValidationError:
        return written
    whole = entry.model_dump(mode="json", by_alias=True)
    for part, told in ((whole, entry), (whole.get("with") or {}, entry.overrides)):
        if told is not None:  # null takes a setting back, so it is not as if nothing were written
            part["settings"] = {"written": told.settings.model_dump(mode="json", exclude_unset=True)}
    return whole
