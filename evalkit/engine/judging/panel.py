"""The judges of a run: which there are, what they are asked with, and people's labels of what they judge.

    judged, complaints = make_panel(suite, tasks, models, judges)      # by task; {} where nobody judges

A panel is part of a plan. That a judge's prompt renders for every sample, that its settings fit the judge and that its
verdicts can be read is found out here; what was said of single answers is `judgments`.

People's labels of a task's answers are read from the file that the task names:

    {"id": "advice/t1/0/gpt", "question": "...", "answer": "Ask your bank.", "label": 7}

The records are those of `evalkit judge-data`, with a label added: what the judge would say, a number on its scale or
one of its words. Where the record has the answer, the label counts for that answer only: another run's may say
something else under the same id. A pair has two, and `swapped` says that the second one is the model's:

    {"id": "advice/t1/0/gpt", "answer_a": "Ask them.", "answer_b": "Ask your bank.", "swapped": true, "label": "B"}
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evalkit.adapters.base import Adapter
from evalkit.engine.settings import refused
from evalkit.engine.work import PlannedModel, PlannedTask
from evalkit.errors import SuiteError
from evalkit.records import Response, Row, Sample, Settings, Timing
from evalkit.scorers.base import Scorer
from evalkit.scorers.registry import make_scorer
from evalkit.suite.datasets import open_data
from evalkit.suite.judge_task import READER, Judging, Shown, compile_judging
from evalkit.suite.redaction import Redactor
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.templates import BadTemplate
from evalkit.suite.wording import short

MOST_COMPLAINTS = 5
_LARGEST = 1e9
"""Above every number that a judge can say."""
_ANSWER = "An answer."
"""Stands for the answer where a judge's prompt is tried, or measured, before there are any."""


def place(asked: Sample | Row, repeat: int) -> str:
    """Where an answer stands, whoever gives it: task/sample/repeat."""
    name = asked.id if isinstance(asked, Sample) else asked.sample_id
    occurrence = f"#{asked.occurrence}" if asked.occurrence else ""
    return f"{asked.task}/{name}{occurrence}/{repeat}"


@dataclass(frozen=True, slots=True)
class JudgedTask:
    """A task whose answers are judged."""

    name: str
    judging: Judging
    verdict: Scorer
    """Reads what a judge says."""
    samples: Callable[[], Iterator[Sample]]
    """The task's own samples."""
    settings: Mapping[str, Settings]
    """By the name of each of its judges."""
    keeps_reasoning: bool = False
    """Whether judges are shown reasoning that stands in the text of an answer."""
    labels: Mapping[str, Label] = field(default_factory=dict)
    """What people say of single answers, by the id that `judge-data` gives an answer."""
    redactor: Redactor | None = None
    """What is taken out of the judges' prompts. None: nothing."""

    def questions(self, sample: Sample, model: str, repeats: int) -> list[str]:
        """The names of what each judge is asked about the answers of this model to a sample; none for the model that a
        pair compares with."""
        if model == self.judging.pair:
            return []
        ends = ["/".join([model, *([order] if order else [])]) for order in self.judging.orders]
        return [f"{place(sample, repeat)}/{end}" for repeat in range(repeats) for end in ends]

    def identity(self, judges: Mapping[str, Adapter]) -> dict[str, object]:
        """Who judges, by which prompt, and how that is read: a score of two identities means two different things."""
        told = {}
        for name in self.judging.by:
            adapter = judges[name]
            told[name] = {
                "adapter": adapter.spec.adapter,
                "model": adapter.spec.model,
                "place": adapter.endpoint.place,
                "settings": written_settings(self.settings[name]),
            }
        return {"judges": told, **self.judging.identity, "version": self.verdict.version}


@dataclass(frozen=True, slots=True)
class Panel:
    """The judges of a run, and what they score."""

    judges: tuple[PlannedModel, ...]
    tasks: Mapping[str, JudgedTask]

    def trial(self) -> tuple[PlannedTask, ...]:
        """The judged tasks as judges would be asked them about answers that do not exist yet: to see what they cost."""
        return tuple(_trial(task) for task in self.tasks.values())


def judges_needed(tasks: Collection[ResolvedTask]) -> dict[str, tuple[str, ...]]:
    """By judge: the tasks that name it. What cannot be read names nobody; loading has complained."""
    found: dict[str, list[str]] = {}
    for task in tasks:
        for name in (_compiled(task) or _NOBODY).by:
            found.setdefault(name, []).append(task.name)
    return {name: tuple(names) for name, names in found.items()}


def make_panel(
    suite: ResolvedSuite, tasks: Collection[ResolvedTask], models: Collection[str], judges: Mapping[str, Adapter]
) -> tuple[dict[str, JudgedTask], list[str]]:
    """The judged tasks by name, and everything that is wrong with them. `models` are those that the run asks."""
    found: dict[str, JudgedTask] = {}
    complaints: list[str] = []
    settings = {name: suite.judges[name].settings.record() for name in judges}
    for name, adapter in judges.items():
        complaints += _unfit(name, adapter, settings[name])
    for task in tasks:
        judging = _compiled(task)
        if judging is None:
            continue
        try:
            verdict = make_scorer(READER, judging.verdict)
        except SuiteError as error:
            complaints += [f"{task.at}.score: {complaint}" for complaint in error.complaints]
            continue
        if judging.pair is not None and judging.pair not in models:
            complaints.append(
                f"{task.at}.score: its answers are compared with {judging.pair!r}, which is left out: name it in "
                "--models too"
            )
        complaints += _not_shown(task, judging)
        own = {name: settings[name] for name in judging.by if name in settings}
        try:
            labels = read_labels(task, verdict)
        except SuiteError as error:
            complaints += error.complaints
            continue
        found[task.name] = JudgedTask(
            task.name,
            judging,
            verdict,
            task.samples,
            own,
            keeps_reasoning=task.keeps_reasoning,
            labels=labels,
            redactor=task.redactor,
        )
    return found, complaints


def written_settings(settings: Settings) -> dict[str, object]:
    """The settings that are given, as JSON."""
    found = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in found.items()
        if value not in (None, (), {})
    }


def _compiled(task: ResolvedTask) -> Judging | None:
    try:
        return compile_judging(task.entry.score)
    except SuiteError:
        return None  # told when the suite was loaded


_NOBODY = Judging((), (), None, None, {}, {})


def _unfit(name: str, adapter: Adapter, settings: Settings) -> list[str]:
    kind = adapter.spec.adapter
    if not adapter.capabilities.text:
        return [f"judges.{name}: {kind} gives no text, so it cannot judge"]
    return [
        f"judges.{name}.settings.{setting}: {kind} does not take it for this model. Remove it."
        for setting in refused(settings, adapter.capabilities)
    ]


def _not_shown(task: ResolvedTask, judging: Judging) -> list[str]:
    """Samples for which the judge's prompt does not render; five, the rest counted."""
    complaints: list[str] = []
    n_wrong = 0
    try:
        for sample in task.samples():
            try:
                _trial_messages(judging, sample)
            except BadTemplate as error:
                n_wrong += 1
                if n_wrong <= MOST_COMPLAINTS:
                    complaints.append(f"{task.at}.score: judge, sample {sample.id!r}: {error}")
    except SuiteError:
        return complaints  # the data itself is at fault, and the plan says so
    if n_wrong > MOST_COMPLAINTS:
        complaints.append(f"{task.at}.score: judge: and {n_wrong - MOST_COMPLAINTS:,} more samples like these")
    return complaints


def _trial_messages(judging: Judging, sample: Sample) -> Any:
    other = _ANSWER if judging.pair is not None else None
    return judging.messages(Shown(sample, sample.messages, _ANSWER, other, sample.messages), judging.orders[0])


def _trial(task: JudgedTask) -> PlannedTask:
    def samples() -> Iterator[Sample]:
        for sample in task.samples():
            yield replace(sample, messages=_trial_messages(task.judging, sample))

    return PlannedTask(task.name, samples, task.verdict, 0, {}, task.settings, dict.fromkeys(task.settings, ()))


_NO_TIME = Timing(sent_at=0.0, total_s=0.0)
_NO_SAMPLE = Sample("", "", "", "", 0, (), None)


@dataclass(frozen=True, slots=True)
class Label:
    """What a person says of one answer."""

    value: float
    """From 0 to 1, as the judge's verdict would be."""
    answer: str | None
    """The answer that was labelled; None where the record does not hold it."""
    other: str | None = None
    """What it was compared with; None: nothing, or the record does not hold it."""


def read_labels(task: ResolvedTask, verdict: Scorer) -> dict[str, Label]:
    """By the answer's id; nothing where the task names no file. Raises SuiteError with every record that is wrong."""
    entry = task.entry.labels
    if entry is None:
        return {}
    at = f"{task.at}.labels"
    complaints: list[str] = []
    found: dict[str, Label] = {}
    try:
        data = open_data(entry.path, task.folder)
        for number, record in data.records(lambda complaint: complaints.append(f"{at}: {complaint}")):
            told = record.get(entry.field)
            if told is None or told == "":
                continue
            wrong = _wrong(record, told, verdict) or ("its id stands twice" if record["id"] in found else None)
            if wrong is not None:
                complaints.append(f"{at}: {data.place(number)}: {wrong}")
                continue
            swapped = _is_swapped(record)
            told_of = [record.get("answer_a", record.get("answer")), record.get("answer_b")]
            answer, other = (one if isinstance(one, str) else None for one in told_of[:: -1 if swapped else 1])
            found[record["id"]] = Label(_value(told, verdict, swapped=swapped) or 0.0, answer, other)
    except SuiteError as error:
        complaints += [f"{at}: {complaint}" for complaint in error.complaints]
    if len(complaints) > MOST_COMPLAINTS:
        n_more = len(complaints) - MOST_COMPLAINTS
        complaints = [*complaints[:MOST_COMPLAINTS], f"{at}: and {n_more:,} more records like these"]
    if complaints:
        raise SuiteError(complaints)
    if not found:
        raise SuiteError(
            f"{at}: no record of {entry.path} has a label in {entry.field!r} (see labels: {{field: NAME}})"
        )
    return found


def _wrong(record: Mapping[str, object], told: object, verdict: Scorer) -> str | None:
    if not isinstance(record.get("id"), str):
        return "has no id, like task/sample/repeat/model; evalkit judge-data writes such records"
    if isinstance(told, bool) or not isinstance(told, str | int | float) or _value(told, verdict) is None:
        return f"the label {short(told)} is no verdict that the judge could give"
    return None


def _is_swapped(record: Mapping[str, object]) -> bool:
    """Whether the model's own answer was shown as the second of a pair."""
    return record.get("swapped") in (True, "true")


def _value(told: str | float, verdict: Scorer, *, swapped: bool = False) -> float | None:
    """The label as the judge's own verdict would be read; None where it would not be."""
    if not isinstance(told, str) and not abs(told) < _LARGEST:
        return None
    text = told if isinstance(told, str) else f"{told:.6f}".rstrip("0").rstrip(".")
    sample = replace(_NO_SAMPLE, fields={"swapped": swapped})
    return verdict.score(sample, Response(f"[[{text}]]", "stop", _NO_TIME)).value
