"""Which models are asked a task with a prompt of their own, and what they are sent.

own = OwnPrompts(task, {"gpt+terse": entry})
own.see(sample)          # beside the examination: every prompt must render for every sample
own.by_model             # {"gpt+terse": function from a sample to the sample with its messages}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from evalkit.errors import SuiteError
from evalkit.records import Sample
from evalkit.suite.model_prompts import as_asked
from evalkit.suite.prompts import BadRecord
from evalkit.suite.schema import ModelEntry
from evalkit.suite.tasks import ResolvedTask

AsAsked = Callable[[Sample], Sample]


class OwnPrompts:
    """The prompts of one task that single models have instead of the task's."""

    def __init__(self, task: ResolvedTask, entries: Mapping[str, ModelEntry]) -> None:
        self.complaints: list[str] = []
        self._task = task
        self._asked: dict[str, ResolvedTask] = {}
        self._wrong: dict[tuple[str, str], tuple[str, int]] = {}
        for name, entry in entries.items():
            try:
                found = as_asked(task, entry)
            except SuiteError as error:
                self.complaints += [f"{complaint} (models.{name})" for complaint in error.complaints]
                continue
            if found is not None:
                self._asked[name] = found

    def __bool__(self) -> bool:
        """Whether some model has a prompt of its own."""
        return bool(self._asked or self.complaints)

    @property
    def by_model(self) -> Mapping[str, AsAsked]:
        """By model, the sample as it is asked; models that are asked as the task is written are absent."""
        return {name: _asker(task) for name, task in self._asked.items()}

    def see(self, sample: Sample) -> None:
        """Try every prompt on a sample."""
        if sample.turn > 1:
            return
        for name, task in self._asked.items():
            try:
                task.messages_of(sample)
            except BadRecord as error:
                first, n = self._wrong.get((name, str(error)), (sample.id, 0))
                self._wrong[name, str(error)] = (first, n + 1)

    def errors(self) -> list[str]:
        """A sentence for each prompt that cannot be made of some sample."""
        return [
            f"{self._task.at}: asked with the prompt of models.{name}: sample {first!r}: {said}"
            + (f"; and {n - 1:,} more like this" if n > 1 else "")
            for (name, said), (first, n) in list(self._wrong.items())[:5]
        ]


def _asker(task: ResolvedTask) -> AsAsked:
    def asked(sample: Sample) -> Sample:
        return replace(sample, messages=task.messages_of(sample)) if sample.turn == 1 else sample

    return asked
