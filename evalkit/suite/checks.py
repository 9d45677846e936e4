"""What a schema cannot say: conditions between the keys of a suite. Each finding is a place and a sentence.

Entries that were unreadable are left out before these checks, so that one mistake brings one complaint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from evalkit.addresses import BadAddress, read_address
from evalkit.suite import hugging_face, orders
from evalkit.suite.pipeline_parts import is_pipeline, parts_of
from evalkit.suite.prompts import TURN
from evalkit.suite.schema import DataEntry, ModelEntry, RuleEntry, TaskEntry
from evalkit.suite.source_map import Loc
from evalkit.suite.wording import SECRET_KEY, near

SuiteProblem = tuple[Loc, str]
NO_MODEL_ID = frozenset({"command", "http", "python", "replay", "scripted"})
"""Adapters that ask no model, or an application that need not name one: an entry needs no model id."""


def check_name(loc: Loc, kind: str, name: str, known: Collection[str] | None) -> Iterator[SuiteProblem]:
    """An adapter or scorer that exists; None: not known here, not checked."""
    if known is not None and name not in known:
        yield loc, f"there is no {kind} {name!r}; {near(name, known)}"


def check_model(loc: Loc, entry: ModelEntry) -> Iterator[SuiteProblem]:
    """One model: a model id, no password in the address, no credential among the settings."""
    if loc[0] == "judges" and is_pipeline(entry):
        yield (*loc, "adapter"), "a judge is one model, and no pipeline"
    if entry.model is None and entry.adapter not in NO_MODEL_ID:
        yield (*loc, "model"), "is required, and missing"
    yield from _check_extra((*loc, "settings", "extra"), entry.settings.extra)
    if entry.base_url is not None:
        try:
            read_address(entry.base_url)
        except BadAddress as error:
            yield (*loc, "base_url"), str(error)


def check_alone(models: Mapping[str, ModelEntry]) -> Iterator[SuiteProblem]:
    """Some model is asked, and what is not asked by itself is a part of something."""
    apart = [name for name, entry in models.items() if entry.alone is False]
    used = parts_of(models, models.keys())
    for name in apart if used <= models.keys() else ():  # a slip in a name is told where it stands
        if name not in used:
            yield ("models", name, "alone"), "is false, and no pipeline of the suite has this model as a part"
    if apart and len(apart) == len(models):
        yield ("models", apart[0], "alone"), "is false for every model, so nobody would be asked"


def check_task(
    loc: Loc, entry: TaskEntry, known_scorers: Collection[str] | None, allow_unpinned: bool
) -> Iterator[SuiteProblem]:
    """One complete task of the suite's own (or a built-in one, adjusted)."""
    yield from _check_conversation(loc, entry)
    yield from _check_extra((*loc, "settings", "extra"), entry.settings.extra)
    if entry.cases is not None:
        if entry.data is not None:
            yield (*loc, "cases"), "cannot stand beside data: the records are the cases"
    elif entry.data is None:
        said = "is required, and missing: the file of records, like data/refunds.jsonl; or write the records as cases"
        yield (*loc, "data"), said
    else:
        yield from check_data((*loc, "data"), entry.data, allow_unpinned)
    if entry.score is None:
        yield (*loc, "score"), "is required, and missing: how answers are scored" + _listed(known_scorers)
    else:
        yield from check_name((*loc, "score"), "scorer", entry.score.name, known_scorers)
    if entry.choices is not None and entry.target is None:
        yield (*loc, "target"), "is required where there are choices: the letter or the text of the right one"
    if entry.choices is None and entry.mode in {"likelihood", "first_token"}:
        yield (*loc, "mode"), f"{entry.mode} needs choices to weigh"
    yield from _check_several(loc, entry)
    yield from _check_tools(loc, entry)
    yield from _check_environment(loc, entry)
    if entry.shots is not None and entry.shots.n != 0:
        shots = entry.shots
        sources = (shots.records is not None) + (shots.path is not None)
        if sources == 2 or (sources == 0 and not shots.where):
            yield (
                (*loc, "shots"),
                (
                    "must say where examples come from: a list of records, {path: FILE, n: 5}, or "
                    "{where: {split: dev}, n: 5} for records of the task's own file"
                ),
            )
        if entry.target is None:
            yield (*loc, "shots"), "examples need a right answer; write target"
        if shots.where and entry.data is not None and shots.path is None and shots.where == entry.data.where:
            yield (*loc, "shots"), "are the very records that are asked (the same where); keep the two apart"


def _check_several(loc: Loc, entry: TaskEntry) -> Iterator[SuiteProblem]:
    """Records that are asked more than once, in orders of their options or turn by turn."""
    if entry.permute is not None and (own := sorted({*orders.SLICES} & {*entry.slices})):
        yield (*loc, "slices"), f"{', '.join(own)}: the slices of permute have this name; rename the field"
    if entry.turns is not None:
        if entry.choices is not None:
            yield (*loc, "turns"), "cannot stand beside choices: a multiple choice is asked in one turn"
        if TURN in entry.slices:
            yield (*loc, "slices"), f"{TURN!r} is the slice that turns make; rename the field"


def _check_conversation(loc: Loc, entry: TaskEntry) -> Iterator[SuiteProblem]:
    if (entry.prompt is None) == (entry.messages is None):
        said = "both are given" if entry.prompt is not None else "neither is given"
        yield loc, f"a task has either prompt or messages ({said})"
    if entry.images is not None and entry.mode == "likelihood":
        yield (*loc, "images"), "cannot stand beside mode: likelihood, which weighs text alone; use mode: generate"
    if isinstance(entry.messages, str):
        for key in ("system", "choices", "shots"):
            if getattr(entry, key) is not None:
                yield (
                    (*loc, key),
                    "cannot stand beside messages that name a list: those are sent as the record has them",
                )
    elif entry.messages is not None:
        if not entry.messages or entry.messages[-1].role != "user":
            yield (*loc, "messages"), "must end with a turn of the user: that is what is answered"
        if entry.system is not None and any(m.role == "system" for m in entry.messages):
            yield (*loc, "system"), "stands also among messages; keep one"


def _check_environment(loc: Loc, entry: TaskEntry) -> Iterator[SuiteProblem]:
    if entry.environment is None:
        for key in ("start", "at_most"):
            if getattr(entry, key) is not None:
                yield (*loc, key), "belongs to a task with an environment: the state that an agent acts on"
        return
    for key, why in _NOT_OF_AGENTS.items():
        value = getattr(entry, key)
        if value is not None and not (key == "shots" and value.n == 0):
            yield (*loc, key), f"cannot stand beside environment: {why}"
    if entry.score is not None and "judge" in (entry.score.name, *entry.score.parts):
        yield (*loc, "score"), "a judge sees one answer, not what an agent did; use end-state, or a scorer of its text"


_NOT_OF_AGENTS = {
    "tools": "the environment brings its own",
    "choices": "an agent acts, and chooses no option",
    "permute": "an agent acts, and chooses no option",
    "turns": "the agent goes on after what its calls return",
    "shots": "examples would be whole conversations",
}


def _check_tools(loc: Loc, entry: TaskEntry) -> Iterator[SuiteProblem]:
    if entry.tools is None:
        if entry.interface is not None and entry.environment is None:
            yield (*loc, "interface"), "belongs to a task with tools: functions that may be called"
        return
    if entry.choices is not None:
        yield (*loc, "tools"), "cannot stand beside choices: a call is no option to choose"
    if entry.interface != "text" and entry.shots is not None and entry.shots.n != 0:
        yield (*loc, "shots"), "are turns of text, and a native interface answers by calls; write interface: text"
    if entry.interface != "text" and entry.turns is not None:
        yield (*loc, "turns"), "follow an answer in words, and a call waits for its result; write interface: text"


def _check_extra(loc: Loc, extra: dict[str, object]) -> Iterator[SuiteProblem]:
    for key in extra:
        if SECRET_KEY.search(key):
            yield (*loc, key), "looks like a credential (its value is not shown); those come from the environment"


def check_data(loc: Loc, data: DataEntry, allow_unpinned: bool) -> Iterator[SuiteProblem]:
    """Exactly one source, and a pinned one."""
    if (data.path is None) == (data.hub is None):
        said = "both are given" if data.path is not None else "neither is given"
        yield loc, f"data is either {{path: FILE}} or {{hub: ORG/NAME, file: FILE, revision: COMMIT}} ({said})"
        return
    if data.hub is None:
        for key in ("file", "revision"):
            if getattr(data, key) is not None:
                yield (*loc, key), "belongs to data from the hub; a file beside the suite has none"
        return
    if data.file is None:
        yield (*loc, "file"), "is required, and missing: which file of the repository (jsonl, csv or parquet)"
    if not hugging_face.is_pinned(data.revision) and not allow_unpinned:
        seen = "is missing" if data.revision is None else f"{data.revision!r} is a branch, a tag or a short commit"
        yield (
            (*loc, "revision"),
            f"{seen}, which may move; write the full commit (40 hex digits), as the dataset's page shows it",
        )


def check_gate(
    loc: Loc, baseline: object, candidates: list[object], models: Collection[str], compared: str | None
) -> Iterator[SuiteProblem]:
    """The gate names models that exist (or a promoted baseline), each once; what is no name the schema refuses.

    `compared`: what needs a baseline, like "the scan"; None: nothing does.
    """
    if baseline is None and compared is not None:
        yield (
            (*loc, "baseline"),
            f"is required, and missing: {compared} compares with it. A gate without one has only limits of the "
            "candidate itself (min, max_usd, max_s, max_rate, licence)",
        )
    if isinstance(baseline, str) and baseline not in models and not _is_promoted(baseline):
        yield (
            (*loc, "baseline"),
            f"there is no model {baseline!r} in this suite; {near(baseline, models)} (promoted: baseline@NAME)",
        )
    for i, name in enumerate(candidates):
        if not isinstance(name, str):
            continue
        if name not in models:
            yield (*loc, "candidates", i), f"there is no model {name!r} in this suite; {near(name, models)}"
        elif name == baseline:
            yield (*loc, "candidates", i), f"{name!r} is the baseline; a model cannot replace itself"
        elif name in candidates[:i]:
            yield (*loc, "candidates", i), f"{name!r} is named twice"


def check_rule(
    loc: Loc, rule: RuleEntry, tasks: Collection[str], slices: Mapping[str, Collection[str]]
) -> Iterator[SuiteProblem]:
    """A rule has a limit, and whatever else its kind asks for in this suite."""
    if rule.limits and all(getattr(rule, limit) is None for limit in rule.limits):
        yield loc, f"a rule about {rule.kind} needs a limit: {' or '.join(rule.limits)}"
    for keys, message in rule.problems(tasks, slices):
        yield (*loc, *keys), message


def _is_promoted(name: str) -> bool:
    return name.startswith("baseline@") and len(name) > len("baseline@")


def _listed(known: Collection[str] | None) -> str:
    return f" ({', '.join(sorted(known))})" if known else ""
