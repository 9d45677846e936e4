"""A suite that has been read whole: what is asked, of whom, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.errors import SuiteError
from evalkit.facts.base import json_map
from evalkit.facts.suite import EntryFacts, RunSettingsFacts, SuiteFacts, SuiteTaskFacts
from evalkit.frozen import dataclass
from evalkit.paths import find
from evalkit.suite.digests import digest
from evalkit.suite.external_task import ExternalTask
from evalkit.suite.model_prompts import own_words
from evalkit.suite.pipeline_parts import parts_of
from evalkit.suite.schema import GateEntry, ModelEntry, RunEntry, SuiteFile
from evalkit.suite.sensitivity import Sensitivity, least, stricter
from evalkit.suite.tasks import ResolvedTask
from evalkit.suite.wording import near

if TYPE_CHECKING:
    from evalkit.suite.functions import OwnFunction


@dataclass(frozen=True)
class ResolvedSuite:
    """The result of `load_suite`. Models and tasks are in the file's order; variables are filled in."""

    path: Path
    file: SuiteFile
    models: Mapping[str, ModelEntry]
    tasks: tuple[ResolvedTask, ...]
    written: Mapping[str, Any]
    """The file's data as it was written, `${NAME}` included."""
    external: tuple[ExternalTask, ...] = ()
    """Tasks of another tool that a bridge has yet to turn into `tasks`; empty in a suite that is run."""
    judges: Mapping[str, ModelEntry] = field(default_factory=dict)
    """Models that mark answers; they are asked no task."""
    parts: frozenset[str] = frozenset()
    """Models that are there as parts of a pipeline, and are asked no task themselves."""
    functions: Mapping[str, OwnFunction] = field(default_factory=dict)
    """By name the models and judges that are functions given in Python; empty in a suite that was read from a file."""

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def folder(self) -> Path:
        """What relative paths are relative to."""
        return self.path.parent

    @property
    def sensitivity(self) -> Sensitivity:
        """Where prompts may be sent: the suite's word, or the person's where that is stricter. Raises UserError."""
        return stricter(self.file.sensitivity, least())

    @property
    def run(self) -> RunEntry:
        return self.file.run

    @property
    def gate(self) -> GateEntry | None:
        return self.file.gate

    @cached_property
    def digest(self) -> str:
        """Identity of everything that affects what is asked: models, tasks with their data, seed and repeats.

        Not of how fast (in_flight), how it is paid for (hosting, price_as) or what is decided (gate).
        Raises SuiteError where data or examples cannot be read.
        """
        tasks = [task.content for task in self.tasks]
        run = {"seed": self.run.seed, "repeats": self.run.repeats}
        what = {"name": self.name, "models": self._contents(self.models), "tasks": tasks, "run": run}
        if self.judges:
            what["judges"] = self._contents(self.judges)
        return digest("evalkit.suite/1", what)

    @property
    def asked(self) -> list[str]:
        """The models that are asked the tasks."""
        return [name for name in self.models if name not in self.parts]

    def only(self, models: Collection[str] | None = None, tasks: Collection[str] | None = None) -> ResolvedSuite:
        """The suite with these models and tasks alone (None: all), in the file's order; its digest is another.

        The parts of pipelines among the models stay, and are asked nothing by themselves. Raises SuiteError for names
        that it does not have.
        """
        known = {"model": list(self.models), "task": [task.name for task in self.tasks]}
        wrong = [
            f"{self.path}: there is no {kind} {name!r}; {near(name, known[kind])}"
            for kind, names in (("model", models), ("task", tasks))
            for name in names or ()
            if name not in known[kind]
        ]
        if wrong:
            raise SuiteError(wrong)
        own = [name for name, entry in self.models.items() if entry.alone is not False and name not in self.parts]
        chosen = set(own if models is None else models)
        if apart := sorted(chosen - {*own}):
            raise SuiteError(f"{self.path}: models.{apart[0]} is only asked as a part of a pipeline (alone: false)")
        kept = chosen | (parts_of(self.models, chosen) & self.models.keys())
        if models is None:
            kept |= self.models.keys()
        return replace(
            self,
            models={name: entry for name, entry in self.models.items() if name in kept},
            parts=frozenset(kept - chosen),
            tasks=tuple(task for task in self.tasks if tasks is None or task.name in tasks),
        )

    def tagged(self, tags: Collection[str]) -> tuple[str, ...]:
        """The names of the tasks that have one of these tags. Raises SuiteError for a tag that no task has."""
        known = sorted({tag for task in self.tasks for tag in task.entry.tags})
        if wrong := [tag for tag in tags if tag not in known]:
            hint = near(wrong[0], known) if known else "its tasks have none (tags: [smoke])"
            raise SuiteError(f"{self.path}: no task has the tag {wrong[0]!r}; {hint}")
        return tuple(task.name for task in self.tasks if {*task.entry.tags} & {*tags})

    def resolved(self) -> SuiteFacts:
        """The suite as run.json records it: every default spelt out, `${NAME}` as it was written.

        It holds no secret: a suite cannot name one. Raises SuiteError as `digest` does.
        """
        facts = SuiteFacts(
            name=self.name,
            about=self.file.about,
            sensitivity=self.sensitivity,
            models=self._resolved("models", self.models),
            tasks=tuple(self._task_facts(task) for task in self.tasks),
            run=RunSettingsFacts.model_validate(self.run.model_dump(mode="json")),
            gate=json_map(self.gate.model_dump(mode="json", exclude_none=True)) if self.gate else None,
            digest=self.digest,
        )
        if self.file.redact:
            redact = self.file.redact.model_dump(mode="json")
            if not self.file.redact.countries:  # as runs say it that were made before countries could be named
                del redact["countries"]
            facts = facts.with_changes(SuiteFacts(redact=json_map(redact)))
        if self.judges:
            facts = facts.with_changes(SuiteFacts(judges=self._resolved("judges", self.judges)))
        return facts

    def _task_facts(self, task: ResolvedTask) -> SuiteTaskFacts:
        facts = SuiteTaskFacts(
            name=task.name,
            identity_digest=task.identity_digest,
            identity=json_map(task.identity),
            marks=json_map(task.marks),
            records=json_map(task.records),
            written=json_map(self.written["tasks"][task.index]),
            data_sha256=task.data.fingerprint(),
        )
        return facts.model_copy(update={"pictures_digest": task.pictures_digest}) if task.prompt.has_pictures else facts

    def _resolved(self, section: str, entries: Mapping[str, ModelEntry]) -> dict[str, EntryFacts]:
        found = {}
        for name, entry in entries.items():
            written = self.written[section].get(name, {})  # a variant is written under its base
            own = {key: written[key] for key in ("model", "base_url") if isinstance(written.get(key), str)}
            given = self.functions[name].identity.facts if name in self.functions else {}
            content = {**entry.model_dump(mode="json", exclude_none=True), **own, **given}
            found[name] = EntryFacts(json_map(content))
        return found

    def _contents(self, entries: Mapping[str, ModelEntry]) -> dict[str, object]:
        """What of each model decides its answers."""
        return {
            name: {
                "adapter": entry.adapter,
                "model": entry.model,
                "base_url": entry.base_url,
                "settings": entry.settings.model_dump(mode="json"),
                "options": entry.options,
                "serve": entry.serve,
                "file": self.file_digest(entry),
                # Keys that most models have not: results from before them stay comparable.
                **own_words(entry),
                **({"function": self.functions[name].identity.key} if name in self.functions else {}),
            }
            for name, entry in entries.items()
        }

    def file_digest(self, entry: ModelEntry) -> str | None:
        """Content of the file that an adapter answers from (its option `path`, as of replay); None where there is none.

        Raises SuiteError for a path outside the allowed folders.
        """
        named = entry.options.get("path")
        file = find(named, self.folder) if isinstance(named, str) else None
        return file.sha256() if file is not None and file.is_file() else None
