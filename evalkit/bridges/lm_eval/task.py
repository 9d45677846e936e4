"""A task of lm-eval as a `Task` of a suite: the same samples, identity and limits as any other.

The data is lm-eval's (a dataset of the hub, or files that its YAML names) and is read when the task is made, so that
a missing download is a message before the run.

Its scorer marks one item at a time by the task's own filters and metrics; here their result becomes an outcome. A
metric that is no number in [0, 1] leaves the score absent with a reason.

    Response(logliks=(-1.2, -3.4), ...) -> Score(1.0, right, parts={"acc_norm,none": 1.0})
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from evalkit.bridges.lm_eval.questions import Questions
from evalkit.errors import SuiteError, UserError
from evalkit.foreign import kept_running, words_of
from evalkit.paths import named
from evalkit.records import Response, Sample, Score
from evalkit.scorers.base import Scorer
from evalkit.scorers.scores import graded, right_or_wrong, unparseable, unscored
from evalkit.suite.datasets import Data
from evalkit.suite.evidence_size import EvidenceSize
from evalkit.suite.examination import HELD, Examined, weight_of
from evalkit.suite.sample_notes import evidence_notes
from evalkit.suite.tasks import ResolvedTask

MOST_KEPT = 50_000
"""Samples up to which they are kept; lm-eval itself keeps them all."""


def _items(ids: list[str]) -> str:
    return f"1 item ({ids[0]}) stands" if len(ids) == 1 else f"{len(ids):,} items (the first {ids[0]}) stand"


@dataclass(frozen=True, slots=True)
class Docs(Data):
    """Records that lm-eval reads: they have a fingerprint, and no file of ours."""

    sha256: str = ""

    def fingerprint(self) -> str:
        """sha256 over what every item asks and what is right, in order."""
        return self.sha256


@dataclass(frozen=True)
class LmEvalTask(ResolvedTask):
    """One task of lm-eval. Its `prompt` only says that a sample renders what lm-eval made of it."""

    questions: Questions = field(kw_only=True)
    metric: str = field(kw_only=True)
    """Metric and filter, like `acc,none`."""
    package_version: str = field(kw_only=True)
    code_digest: str | None = field(kw_only=True, default=None)
    """Of the user's own files that the task may call. None: the task ships with lm-eval."""
    variants: tuple[str, ...] = field(kw_only=True, default=())
    """Names of lm-eval's tasks that ask the same by text."""

    @cached_property
    def own_scorer(self) -> Scorer:
        """lm-eval's own filters and metrics; the engine takes this instead of a scorer of ours."""
        return scorer(self.questions, self.metric)

    @property
    def instead(self) -> str:
        """The way out for a model that cannot weigh given text."""
        if self.variants:
            named = " or ".join(f"lm_eval: {name}" for name in self.variants[:3])
            return f"Ask the same by text: {named}; or use a local engine (ctranslate2, vllm)."
        return "lm-eval has no variant of it that asks by text; use a local engine (ctranslate2, vllm)."

    @cached_property
    def data(self) -> Data:
        """A stand-in with the fingerprint of all items."""
        whole = hashlib.sha256()
        for sample in self._all():
            whole.update(f"{sample.digest} {sample.target_digest}\n".encode())
        return Docs(named(Path()), f"lm-eval {self.questions.name}", "lm_eval", {}, sha256=whole.hexdigest())

    @cached_property
    def identity(self) -> dict[str, object]:
        """What is asked and how it is marked: lm-eval's version of the task and the digest of its whole definition."""
        entry = self.entry
        return {
            "lm_eval": {
                "task": self.questions.name,
                "version": self.questions.version,
                "config": self.questions.config_digest,
                "code": self.code_digest,
                "package": self.package_version,
            },
            "output_type": self.questions.output_type,
            "shots": self.questions.shots,
            "metric": self.metric,
            "marks_version": VERSION,
            "settings": entry.settings.model_dump(mode="json", exclude_unset=True),
            "limit": entry.limit.model_dump() if entry.limit else None,
            # A key that most tasks have not: results from before it stay comparable.
            **({"system": entry.system} if entry.system is not None else {}),
        }

    def samples(self) -> Iterator[Sample]:
        """Every sample in lm-eval's order; with a `limit`, the same seeded choice as for a task of the suite's own."""
        wanted = self._wanted()
        return (sample for number, sample in enumerate(self._all()) if wanted is None or number in wanted)

    def examine(self, also: Callable[[Sample], None] | None = None) -> Examined:
        """Read and render everything once. Never raises for data: what is wrong is in `complaints`."""
        complaints: list[str] = []
        n = n_alike = 0
        size = EvidenceSize(limited=self.entry.limit is not None)
        shown: list[str] = []
        split: list[str] = []
        try:
            for sample in self.samples():
                n += 1
                if also is not None:
                    also(sample)
                doc_id = int(sample.fields["doc_id"])
                if self.questions.shows_itself(doc_id, sample.messages):
                    shown.append(sample.id)
                if self.questions.splits_target(doc_id):
                    split.append(sample.id)
                n_alike += sample.occurrence > 0
                size.see(sample)
        except SuiteError as error:
            complaints += error.complaints
        if n == 0 and not complaints:
            complaints.append(f"{self.at}: {self.questions.name} has no items")
        told = (f"{self.name}: {said}" for said in evidence_notes(size, f"all {n:,} samples"))
        notes = (*told, *self._notes(shown, split))
        return Examined(n, tuple(complaints), n_alike, len(shown), notes)

    def _notes(self, shown: list[str], split: list[str]) -> tuple[str, ...]:
        """What lm-eval itself does to some items, as sentences; the lists are ids of such items."""
        notes = []
        if shown:
            notes.append(
                f"{self.name}: {_items(shown)} among the few-shot examples with the right answer: lm-eval draws them "
                "from the items that are asked. Write shots: 0, or name a fewshot_split in the task's own file"
            )
        if split:
            notes.append(
                f"{self.name}: the right answer of {_items(split)} in brackets, like [1, 2], which lm-eval reads as a "
                "list of right answers: an answer that repeats it whole is scored wrong. Write the task as one of your "
                "own (prompt, target, score: exact) to have it compared as text"
            )
        return tuple(notes)

    @property
    def is_numbered(self) -> bool:
        """lm-eval counts its items from 0, as its own answers do."""
        return False

    def every_id(self) -> Iterator[str]:
        """The ids of all items."""
        return (sample.id for sample in self._all())

    def places(self, ids: Collection[str]) -> dict[str, str]:
        """None: lm-eval's items have no line of their own."""
        return {}

    @cached_property
    def _kept(self) -> tuple[Sample, ...] | None:
        """Every sample; None where they would take more memory than rendered samples may."""
        if len(self.questions.docs) > MOST_KEPT:
            return None
        kept: list[Sample] = []
        n_bytes = 0
        for sample in self._asked():
            n_bytes += weight_of(sample)
            if not HELD.has_room(n_bytes):
                return None
            kept.append(sample)
        HELD.hold(self, n_bytes)
        return tuple(kept)

    def _all(self) -> Iterator[Sample]:
        kept = self._kept
        return self._asked() if kept is None else iter(kept)

    def _wanted(self) -> set[int] | None:
        limit = self.entry.limit
        if limit is None:
            return None
        ranked = (
            (hashlib.sha256(f"{limit.seed}\0{sample.digest}\0{sample.occurrence}".encode()).digest(), number)
            for number, sample in enumerate(self._all())
        )
        return {number for _, number in heapq.nsmallest(limit.n, ranked)}

    def _asked(self) -> Iterator[Sample]:
        seen: dict[str, int] = {}
        questions = self.questions
        doc_id = 0
        try:
            for question in questions.walk():
                doc_id = question.doc_id
                identity = questions.identity(doc_id)
                target = questions.target(doc_id)
                occurrence = seen[identity] = seen.get(identity, -1) + 1
                yield Sample(
                    task=self.name,
                    id=str(doc_id),
                    digest=identity,
                    target_digest=questions.goal(doc_id),
                    occurrence=occurrence,
                    messages=question.messages,
                    target=target,
                    choices=tuple(text.strip() for text in question.continuations) if not question.contexts else (),
                    fields={
                        "doc_id": doc_id,
                        "continuations": question.continuations,
                        "contexts": question.contexts,
                    },
                    cluster=self._field(doc_id, self.entry.cluster) if self.entry.cluster else None,
                    slices=self._slices(doc_id),
                    critical=self.entry.critical is True,
                )
        except SuiteError:
            raise
        except Exception as error:  # a task's own code cannot read its item: one complaint with its place
            raise SuiteError(
                f"{self.at}: item {doc_id} of lm-eval's {questions.name} cannot be asked: {_told(error)}"
            ) from error

    def _slices(self, doc_id: int) -> dict[str, str]:
        found = {name: self._field(doc_id, name) for name in self.entry.slices}
        return {name: value for name, value in found.items() if value is not None}

    def _field(self, doc_id: int, name: str) -> str | None:
        doc = self.questions.docs[doc_id]
        if name not in doc:
            raise SuiteError(f"{self.at}: items of {self.questions.name} have no field {name!r}, only {', '.join(doc)}")
        value = doc[name]
        return None if value is None else str(value)


VERSION = 2
"""Of the scorer."""
_RIGHT_OR_WRONG = frozenset(
    {"acc", "acc_norm", "acc_bytes", "exact_match", "prompt_level_strict_acc", "prompt_level_loose_acc"}
)
_FOUND_NOTHING = "[invalid]"
"""What lm-eval's filters leave where they find no answer."""


def scorer(questions: Questions, metric: str) -> Scorer:
    """Marks by `metric`, like `acc,none`; every other metric that is a number goes into the score's parts."""

    def score(sample: Sample, response: Response) -> Score:
        try:
            with kept_running():
                return _mark(questions, metric, sample, response)
        except Exception as error:  # noqa: BLE001 - a task's own code met an answer it cannot mark: recorded as data
            return unscored(f"lm-eval's {questions.name} could not score this answer: {_told(error)}")

    return Scorer(
        name="lm_eval",
        version=VERSION,
        score=score,
        gold=lambda sample: None,
        needs="likelihood" if questions.needs_likelihood else "text",
        continuations=lambda sample: tuple(sample.fields["continuations"]),
        contexts=lambda sample: sample.fields["contexts"],
        options={"metric": metric},
    )


def _told(error: Exception) -> str:
    """What was raised; of an error of evalkit's own, its sentence."""
    return str(error) if isinstance(error, UserError) else words_of(error, 600)


def _mark(questions: Questions, metric: str, sample: Sample, response: Response) -> Score:
    results = _results(questions, sample, response)
    if isinstance(results, Score):
        return results
    marks = questions.marks(sample.fields["doc_id"], results)
    extracted = _extracted(questions, metric, sample, response, marks)
    parts = {name: number for name in questions.metrics() if (number := _number(marks.get(name))) is not None}
    value = parts.pop(metric, None)
    if value is None or not 0.0 <= value <= 1.0:
        return unscored(f"{metric} of this item is {marks.get(metric)!r}, and a score is a number from 0 to 1")
    if value == 0.0 and extracted == _FOUND_NOTHING:
        return unparseable(f"lm-eval's filter {metric.partition(',')[2]} found no answer")
    if metric.partition(",")[0] in _RIGHT_OR_WRONG and value in {0.0, 1.0}:
        return right_or_wrong(value == 1.0, extracted, None, parts)
    return graded(value, extracted, None, parts)


def _results(questions: Questions, sample: Sample, response: Response) -> list[Any] | Score:
    """What lm-eval's filters take: (log-likelihood, is greedy) of each continuation, or the text; or why not."""
    if not questions.needs_likelihood:
        return [_cut(response.text, questions.stops)]
    values, greedy = response.logliks, response.logliks_greedy
    n_asked = len(sample.fields["continuations"])
    if values is None or len(values) != n_asked:
        return unscored(f"{n_asked} log-likelihoods were asked for, {len(values or ())} came")
    if greedy is None and questions.output_type == "loglikelihood":
        return unscored("this task needs to know what greedy decoding would say, which was not reported")
    return list(zip(values, greedy or (False,) * len(values), strict=True))


def _cut(text: str, stops: tuple[str, ...]) -> str:
    """The text up to the first stop, as lm-eval cuts it: not every model can be told where to stop."""
    for stop in stops:
        text = text.partition(stop)[0]
    return text


def _extracted(
    questions: Questions, metric: str, sample: Sample, response: Response, marks: Mapping[str, object]
) -> str | None:
    """The answer as lm-eval read it: the likeliest choice, or the filtered text."""
    if not questions.needs_likelihood:
        found = marks.get(f"filtered,{metric.partition(',')[2]}")
        return None if found is None else str(found)
    values = response.logliks or ()
    if len(values) < 2 or any(math.isnan(value) for value in values):
        return None
    best = max(range(len(values)), key=lambda number: values[number])
    return str(sample.choices[best] if sample.choices else sample.fields["continuations"][best]).strip()


def _number(value: Any) -> float | None:
    """A metric's value of one item as a float; None for pairs and lists that only mean something for the whole task."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
