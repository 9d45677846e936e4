"""Do recorded answers and samples fit together, one to one? Known before the run, and said before anything is scored.

    models.m: answers.jsonl has no answer to 1 sample of t ('150'), and 1 answer belongs to no sample ('0') ...

An answer belongs to a sample by its id alone. Ids that are counted from 0 in one file and from 1 in the other would
give each question its neighbour's answer, so whatever has no partner stops the run. `partial: true` says that the file
holds other answers too; samples without one then end the run incomplete.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from evalkit.adapters.base import Adapter
from evalkit.frozen import dataclass
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import short

if TYPE_CHECKING:
    from evalkit.adapters.replay import ReplayAdapter

_PART = re.compile(r":(?:turn|order|step)\d+$")


@dataclass(slots=True)
class RecordedFit:
    """How recorded answers fit the samples of a run."""

    complaints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    """Why the run cannot be complete, as sentences: samples that no answer was recorded for."""


def replays_among(adapters: Mapping[str, Adapter]) -> dict[str, ReplayAdapter]:
    """Those that read their answers from a file."""
    if all(adapter.endpoint.network for adapter in adapters.values()):
        return {}
    from evalkit.adapters.replay import ReplayAdapter

    return {name: adapter for name, adapter in adapters.items() if isinstance(adapter, ReplayAdapter)}


def fit_recorded(
    adapters: Mapping[str, Adapter], asked: Sequence[ResolvedTask], known: Sequence[ResolvedTask], repeats: int
) -> RecordedFit:
    """For every model of recorded answers; `asked` are the tasks as they are asked, `known` all tasks of the suite."""
    fit = RecordedFit()
    replays = replays_among(adapters)
    if not replays:
        return fit
    for name, adapter in replays.items():
        fit.notes += [f"models.{name}: {note}" for note in adapter.notes]
        fit.complaints += [f"models.{name}: {said}" for said in adapter.misfit(repeats)]
    fit.complaints += _shared_ids(asked)
    for name, adapter in replays.items():
        _fit_one(name, adapter, asked, known, fit)
        if adapter.counts_repeats and not fit.complaints:
            _fit_repeats(name, adapter, asked, repeats, fit)
    return fit


def _fit_one(
    name: str, adapter: ReplayAdapter, asked: Sequence[ResolvedTask], known: Sequence[ResolvedTask], fit: RecordedFit
) -> None:
    from evalkit.adapters.replay import same_number

    used: set[str] = set()
    missing: dict[str, list[str]] = {}
    for task in asked:
        owners: dict[str, str] = {}
        twins: dict[str, str] = {}
        for sample in task.samples():
            key = adapter.key_of(sample.id)
            if key is None:
                missing.setdefault(task.name, []).append(sample.id)
            elif owners.setdefault(key, sample.id) != sample.id:
                twins.setdefault(key, sample.id)
        used.update(owners)
        fit.complaints += [
            f"models.{name}: {task.name} has the samples {short(owners[key])} and {short(twin)}, which are one number, "
            f"and {adapter.label} has one answer for both ({short(key)}). Spell the ids alike in both files"
            for key, twin in list(twins.items())[:3]
        ]
    answered = {number: key for key in used if (number := same_number(key)) is not None}
    doubles = [key for key in adapter.keys if key not in used and same_number(key) in answered]
    fit.complaints += [
        f"models.{name}: {adapter.label} has two answers to one sample: the ids {short(answered[number])} and "
        f"{short(key)} are one number. Leave one of them out"
        for key in doubles[:3]
        if (number := same_number(key)) is not None
    ]
    extra = [key for key in adapter.keys if key not in used and key not in doubles]
    if extra:
        ids = {same_number(one) or one for task in known for one in task.every_id()}
        extra = [key for key in extra if not {same_number(key) or key, _PART.sub("", key)} & ids]
    lacks = [
        f"has no answer to {len(ids):,} {'sample' if len(ids) == 1 else 'samples'} of {task} ({_first(ids)})"
        for task, ids in missing.items()
    ]
    if not lacks and not extra:
        return
    more = f"{len(extra):,} {'answer belongs' if len(extra) == 1 else 'answers belong'} to no sample ({_first(extra)})"
    said = f"models.{name}: {adapter.label} {', '.join(lacks)}" if lacks else f"models.{name}: of {adapter.label}"
    said += (", and " if lacks else " ") + more if extra else ""
    numbered = [task.name for task in asked if task.is_numbered]
    if "0" in extra and numbered:
        fit.complaints.append(
            f"{said}. The records of {numbered[0]} have no ids and are numbered from 1, and the answers are "
            "counted from 0: each would get its neighbour's. Give the records ids (data: id), or count from 1"
        )
    elif not adapter.partial:
        fit.complaints.append(
            f"{said}. Ids must agree one to one; if the file is meant to hold only some of them, or more, write "
            f"partial: true under models.{name}"
        )
    else:
        if extra:
            fit.notes.append(f"models.{name}: of {adapter.label} {more}; partial: true leaves them out")
        if lacks:
            fit.lacking.append(f"models.{name}: {adapter.label} {', '.join(lacks)}")


def _fit_repeats(
    name: str, adapter: ReplayAdapter, asked: Sequence[ResolvedTask], repeats: int, fit: RecordedFit
) -> None:
    """Whether each sample has an answer to each repeat."""
    lacks: dict[tuple[str, str], list[str]] = {}
    for task in asked:
        for sample in task.samples():
            key = adapter.key_of(sample.id)
            for label in [] if key is None else adapter.lacking(key, repeats):
                lacks.setdefault((task.name, label), []).append(sample.id)
    for (task_name, label), ids in lacks.items():
        said = (
            f"models.{name}: {adapter.label} has no answer to the repeat {short(label)} of {len(ids):,} "
            f"{'sample' if len(ids) == 1 else 'samples'} of {task_name} ({_first(ids)})"
        )
        if adapter.partial:
            fit.lacking.append(said)
        else:
            fit.complaints.append(f"{said}. Complete the file, or write partial: true: the run is then incomplete")


def _shared_ids(tasks: Sequence[ResolvedTask]) -> list[str]:
    """Ids that two tasks use for different questions: one recorded answer cannot be both."""
    if len(tasks) < 2:
        return []
    from evalkit.adapters.replay import same_number

    first: dict[str, tuple[str, str, str]] = {}
    found: dict[tuple[str, str], str] = {}
    for task in tasks:
        source = task.data.fingerprint()
        for sample in task.samples():
            number = same_number(sample.id) or sample.id
            name, other, digest = first.setdefault(number, (task.name, source, sample.digest))
            if other != source and digest != sample.digest and name != task.name:
                found.setdefault((name, task.name), sample.id)
    return [
        f"the two tasks {one} and {two} both have a sample {short(name)}, and ask it different things: recorded "
        "answers are found by id alone. Give their records ids that differ (data: id), or ask them in two suites"
        for (one, two), name in found.items()
    ]


def _first(ids: Sequence[str]) -> str:
    return ", ".join(map(short, ids[:1])) if len(ids) < 2 else f"the first {short(ids[0])}"
