"""A task: dataset and prompt together, which yield samples.

    task.examine()      # Examined(n=541, complaints=(), ...)
    task.samples()      # the same samples in the file's order, streamed
    task.identity       # what makes two runs of it comparable, as JSON

A task holds no records. Each pass reads the file again and keeps eight bytes a sample, so 100,000 samples cost a few
megabytes; only a small task (up to 5,000 samples) keeps what its examination rendered, and is not rendered twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.errors import SuiteError
from evalkit.frozen import dataclass
from evalkit.records import Message, Sample
from evalkit.suite import hugging_face, orders
from evalkit.suite.datasets import Data, open_data, raise_it
from evalkit.suite.digests import digest
from evalkit.suite.examination import HELD, KEPT, Examination, Examined, Sights, weight_of
from evalkit.suite.prompts import TURN, Prompt
from evalkit.suite.sample_notes import SampleNotes
from evalkit.suite.sampling import Recipe
from evalkit.suite.schema import BuiltinEntry, ScoreEntry, TaskEntry
from evalkit.suite.schema.environments import LimitsEntry
from evalkit.suite.shots import Shots, prepare
from evalkit.suite.task_records import TaskRecords

if TYPE_CHECKING:
    from evalkit.suite.environments import Environment
    from evalkit.suite.redaction import Redactor
    from evalkit.suite.rows_in_memory import Rows


@dataclass(frozen=True)
class ResolvedTask:
    """One task of a suite, ready to be read. `entry` is complete: a built-in task with its overrides applied."""

    name: str
    entry: TaskEntry
    prompt: Prompt
    folder: Path
    """Paths are relative to it."""
    at: str
    """Opens every complaint: suites/x.yaml:12: tasks[1]"""
    index: int = 0
    """Which entry of the suite file it is."""
    redactor: Redactor | None = None
    """What is taken out of every record. None: nothing."""
    storing: Redactor | None = None
    """What is taken out of its rows before they are stored. None: nothing."""
    rows: Rows | None = None
    """Records that were given in Python, or stand in the suite (`cases`). None: they are read from the file that
    `entry.data` names."""
    scored_by: object | None = None
    """The scorer that was given in Python. None: the one that `entry.score` names."""
    environment: Environment | None = None
    """What an agent's calls act on. None: a sample takes one answer."""
    is_own_code: bool = False
    """Whether it was made in Python: the path of its data is then the person's own word, wherever it leads."""

    @property
    def instead(self) -> str:
        """The way out for a model that cannot weigh given text, as a sentence."""
        return "Use mode: generate, or a local engine (ctranslate2, vllm)."

    @property
    def slices(self) -> tuple[str, ...]:
        """The names of the slices that its rows have: the fields of the suite, and those that evalkit adds."""
        added = orders.SLICES if self.entry.permute is not None else (TURN,) if self.entry.turns is not None else ()
        return self.entry.slices + added

    @property
    def keeps_reasoning(self) -> bool:
        """Whether reasoning in the text of a reply stays part of the answer."""
        return self.entry.reasoning == "keep"

    @cached_property
    def own_scorer(self) -> object | None:
        """The scorer that a task brings along: given in Python, or the other tool's that it comes from. None: the one
        that `entry.score` names."""
        return self.scored_by

    @cached_property
    def data(self) -> Data:
        """The file of records; fetched from the hub where the task says so. Raises SuiteError."""
        entry = self.entry.data
        if entry is None:
            assert self.rows is not None  # checked when the suite was loaded
            return self.rows.data(f"{self.name}: cases", {})
        try:
            if self.rows is not None:
                return self._as_published(self.rows.data(f"{self.name}: data", entry.where))
            if entry.path is not None:
                also = ((self.folder / entry.path).parent,) if self.is_own_code else ()
                found = open_data(entry.path, self.folder, format=entry.format, where=entry.where, also=also)
                found = replace(found, label=str(found.path))  # a message about a record opens the record
                return self._as_published(found)
            assert entry.hub and entry.file
            path = hugging_face.fetch(entry.hub, entry.file, entry.revision or "main")
            label = f"{entry.hub}/{entry.file}"
            kept = (hugging_face.cache_folder(),)
            found = open_data(str(path), self.folder, format=entry.format, where=entry.where, label=label, also=kept)
            return self._as_published(found)
        except SuiteError as error:
            raise SuiteError([f"{self.at}.data: {c}" for c in error.complaints]) from error

    def _as_published(self, found: Data) -> Data:
        """The file under the names that the task reads; a built-in task also takes the form that the hub has."""
        assert self.entry.data is not None
        own = self.entry.use if isinstance(self.entry, BuiltinEntry) else None
        if own is None:
            return replace(found, fields=self.entry.data.fields)
        from evalkit.suite.hugging_face_forms import SEVERAL_FILES, form_of

        several = own in SEVERAL_FILES
        return replace(found, fields=self.entry.data.fields, form=form_of(own), may_lack_split=several)

    @cached_property
    def shots(self) -> Shots:
        """The few-shot examples, rendered. Raises SuiteError."""
        try:
            return prepare(self.entry.shots, self.prompt, self.data, self.folder, self.redactor)
        except SuiteError as error:
            own = [c if self.at in c else f"{self.at}.shots: {c}" for c in error.complaints]
            raise SuiteError(own) from error

    @cached_property
    def identity(self) -> dict[str, object]:
        """What is asked and how it is marked, as JSON: results are comparable where this is equal.

        Data is not part of it (samples pair by their own digests), nor is the scorer's version (the engine adds it).
        Raises SuiteError where examples cannot be read.
        """
        entry = self.entry
        templates = [{"role": role, "template": template.source} for role, template in self.prompt.turns]
        choices = list(entry.choices) if isinstance(entry.choices, tuple) else entry.choices
        score = {"name": entry.score.name, "options": entry.score.options} if entry.score else None
        identity: dict[str, object] = {
            "messages": entry.messages if isinstance(entry.messages, str) else templates,
            "choices": choices,
            "target": entry.target,
            "shots": self.shots.digest,
            "mode": self.prompt.mode if entry.choices is not None else None,
            "score": score,
            "settings": entry.settings.model_dump(mode="json", exclude_unset=True),
            "limit": entry.limit.model_dump() if entry.limit else None,
            "builtin": {"name": entry.use, "version": entry.version} if isinstance(entry, BuiltinEntry) else None,
        }
        if (taken := self.redactor or self.storing) is not None:
            redact = taken.identity()
            if self.storing is not None:  # a key that most have not: results from before it stay comparable
                redact["where"] = ["sending", "storing"] if self.redactor is not None else ["storing"]
            identity["redact"] = redact
        if entry.images is not None:
            identity["images"] = entry.images if isinstance(entry.images, str) else list(entry.images)
        if entry.permute is not None:  # a key that most tasks have not: results from before it stay comparable
            identity["permute"] = entry.permute.model_dump()
        if entry.turns is not None:
            identity["turns"] = list(entry.turns) if isinstance(entry.turns, tuple) else entry.turns
        if entry.send:
            identity["send"] = list(entry.send)
        if self.keeps_reasoning:
            identity["reasoning"] = "keep"
        if entry.tools is not None:
            identity["tools"] = entry.tools if isinstance(entry.tools, str) else list(entry.tools)
            identity["interface"] = entry.interface or "native"
        if self.environment is not None:
            limits = (entry.at_most or LimitsEntry()).model_dump(mode="json")
            identity["environment"] = {"digest": self.environment.digest, "start": entry.start, "at_most": limits}
            identity["interface"] = entry.interface or "native"
        return identity

    @property
    def identity_digest(self) -> str:
        """The identity in 32 hex characters. Raises SuiteError as `identity` does."""
        return digest("evalkit.task/1", self.identity)

    @cached_property
    def pictures_digest(self) -> str:
        """Identity of all pictures that its records show, in the file's order. Raises SuiteError."""
        shown = self._records.picture_digests(raise_it)
        return digest("evalkit.pictures/1", list(shown))

    @property
    def content(self) -> dict[str, object]:
        """Identity and data together: equal content asks the very same samples. Raises SuiteError."""
        entry = self.entry
        return {
            "name": self.name,
            "identity": self.identity,
            "data": self.data.fingerprint(),
            "where": {name: list(v) if isinstance(v, tuple) else v for name, v in self.data.where.items()},
            **({"fields": dict(self.data.fields)} if self.data.fields else {}),
            "id": entry.data.id if entry.data else None,
            "cluster": entry.cluster,
            "slices": list(entry.slices),
            "critical": entry.critical,
            # Keys that most tasks have not: results from before them stay comparable.
            **({"pictures": self.pictures_digest} if self.prompt.has_pictures else {}),
            **({"weight": entry.weight} if entry.weight else {}),
            **({"stratum": entry.stratum} if entry.stratum else {}),
        }

    @property
    def marks(self) -> dict[str, object]:
        """Which fields say how samples belong together and what they stand for."""
        named = ("cluster", "slices", "critical", "weight", "stratum")
        content = self.content  # once: it reads the whole file
        return {key: content[key] for key in named if key in content}

    @property
    def records(self) -> dict[str, object]:
        """Which records of its data file the task takes, and how they are read; empty where all are, as they stand."""
        where = {name: list(v) if isinstance(v, tuple) else v for name, v in self.data.where.items()}
        written = {"where": where, "fields": dict(self.data.fields), "format": self.data.format}
        return {key: value for key, value in written.items() if value}

    def samples(self) -> Iterator[Sample]:
        """Every sample in the file's order, rendered one by one. Raises SuiteError at the first that cannot be."""
        kept = self.__dict__.get("_kept")
        return iter(kept) if kept is not None else self.walk()

    def examine(self, also: Callable[[Sample], None] | None = None) -> Examined:
        """Read and render everything once. Never raises for data: what is wrong is in `complaints`.

        `also` is shown every sample until there is a complaint, so that nobody else need read the data once more.
        """
        found = Examination(self.sights(), also)
        kept: list[Sample] | None = []
        n_bytes = 0
        redacted: Counter[str] = Counter()
        try:
            for sample in self._records.walk(found.complaints, redacted):
                found.see(sample)
                if kept is not None:
                    kept.append(sample)
                    n_bytes += weight_of(sample)
                    if found.n > KEPT or not HELD.has_room(n_bytes):
                        kept = None
            if found.twice:
                self._records.name_twice(found.twice, found.complaints)
            if found.n == 0 and not found.complaints:
                found.complaints(f"{self.at}.data: {self.data.label} holds no record; a task needs at least one")
        except SuiteError as error:
            for complaint in error.complaints:
                found.complaints(complaint)
        if kept is not None and not found.complaints:
            HELD.hold(self, n_bytes)
            self.__dict__["_kept"] = tuple(kept)  # beside the cached properties of this frozen record
        return found.examined(self._left_out() if not found.complaints else (), redacted)

    def sights(self) -> Sights:
        """How this task's samples are looked at in one pass."""
        permute = self.entry.permute
        notes = SampleNotes(
            self.name,
            self.prompt,
            self.entry.target,
            permuted=permute.n if permute else None,
            limited=self.entry.limit is not None,
            words_of=_compares_words(self.entry.score),
        )
        return Sights(self.at, notes, self._compare)

    def messages_of(self, sample: Sample) -> tuple[Message, ...]:
        """What is sent for a sample of this task, or of the same task with another prompt. Raises BadRecord."""
        return self._recipe.messages(sample.fields, sample.choices)

    def walk(self) -> Iterator[Sample]:
        """Every sample in the file's order, rendered anew. Raises SuiteError at the first that cannot be."""
        yield from self._records.walk(raise_it)  # a generator: what is wrong with the data is told when it is read

    def _left_out(self) -> tuple[str, ...]:
        places = self.data.left_out
        if not places:
            return ()
        n = f"{len(places):,} {'record has' if len(places) == 1 else 'records have'}"
        first = self.data.place(places[0])
        return (f"{self.name}: {n} one option left and nothing to choose ({first}); not asked",)

    def _compare(self, sample: Sample, notes: SampleNotes, n: int) -> None:
        """Take note of a sample, the n-th, that is, or nearly is, one of its own examples."""
        if not self.shots.groups or sample.turn > 1 or (self.entry.permute is not None and ":order" in sample.id):
            return
        own = self._recipe.likeness(sample.fields, sample.choices)
        if self.shots.leaves_out(sample.fields, own):
            notes.left_out.append(sample.id)
        elif n <= KEPT and self.shots.is_near(sample.fields, own):
            notes.near.append(sample.id)

    @property
    def is_numbered(self) -> bool:
        """Whether samples are named by their line: the records have no ids."""
        first = next(iter(self.samples()), None)
        named = self.entry.data is not None and self.entry.data.id is not None
        return not named and first is not None and "id" not in first.fields

    @cached_property
    def _recipe(self) -> Recipe:
        return Recipe(self.name, self.entry, self.prompt, self.shots, self.environment)

    @property
    def _records(self) -> TaskRecords:
        recipe = self._recipe
        return TaskRecords(self.entry, self.data, recipe, self.redactor, self.at)

    def count(self) -> int | None:
        """As `TaskRecords.count`; None too where the data cannot be read."""
        try:
            return self._records.count()
        except SuiteError:
            return None

    def every_id(self) -> Iterator[str]:
        """The ids of all records of the file, also of those that `where` and `limit` leave out."""
        yield from self._records.every_id()

    def places(self, ids: Collection[str]) -> dict[str, str]:
        """Where the records with these ids stand, like `d.csv:3`; those that none has are left out."""
        return self._records.places(ids)


def _compares_words(score: ScoreEntry | None) -> str | None:
    """The scorer's name where it compares a reply with the target's text."""
    if (
        score is None
        or score.name not in {"exact", "contains", "regex", "overlap"}
        or score.options.get("field")
        or score.options.get("text")
    ):
        return None
    return score.name
