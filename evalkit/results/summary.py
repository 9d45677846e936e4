"""The figures of a run as a record: read from summary.json, or computed from the rows where that file does not fit.

A model that a gate stopped before all was asked has no intervals here, whatever is stored: ones for a fixed number of
items would not hold, and the gate shows none either.
"""

from __future__ import annotations

from pathlib import Path

from evalkit.facts import ModelSummary, RunFacts, Summary
from evalkit.facts.summary import TaskSummary
from evalkit.results.facts import read_facts
from evalkit.store import summary


def read_summary(folder: Path, facts: RunFacts | None = None) -> Summary:
    """The figures of a run, sealed or still running. `facts`: what the caller has read already. Changes nothing.

    Raises StoreError when the run cannot be read.
    """
    found, facts = summary.read_summary(folder), facts or read_facts(folder)
    models = {name: _bare(one) if facts.cut_short(name, one.all.n) else one for name, one in found.models.items()}
    return found.model_copy(update={"models": models})


def _bare(model: ModelSummary) -> ModelSummary:
    tasks = {name: _bare_task(task) for name, task in model.tasks.items()}
    return model.model_copy(update={"all": _bare_task(model.all), "tasks": tasks})


def _bare_task(task: TaskSummary) -> TaskSummary:
    slices = {
        name: one.model_copy(update={"quality": one.quality.without_interval()}) for name, one in task.slices.items()
    }
    bare = {name: getattr(task, name).without_interval() for name in ("quality", "quality_failures_wrong")}
    return task.model_copy(update={**bare, "slices": slices})
