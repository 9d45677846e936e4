"""Rows of another tool become a run folder: sealed, summed up, and marked as imported.

    source = ImportedFacts(tool="lm-eval")
    folder = write_run(results, Imported("lm-eval-out", source, models={"llama": ...}, tasks={"mmlu": ...}, rows=rows))

An imported run is what the other tool said: nothing was asked, and no price or latency is made up. Importing the same
files again gives the same rows under the same digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.errors import UserError
from evalkit.facts import Identity, ModelFacts, PriceFacts, RunFacts, TaskFacts
from evalkit.facts.base import json_map
from evalkit.facts.run import ImportedFacts
from evalkit.records import Row
from evalkit.store import run_lock, runs, sealing, summary
from evalkit.store.row_codec import to_json
from evalkit.store.sealing import RowColumns
from evalkit.suite.digests import digest


@dataclass(frozen=True, slots=True)
class ImportedTimes:
    """How times of another tool were taken. None: nobody says."""

    measured_by: str | None = None
    in_flight: int | None = None
    """Requests at the same time."""


@dataclass(slots=True)
class Imported:
    """What was read from the other tool's files."""

    suite: str
    """What the run is called."""
    source: ImportedFacts
    """Tool, its version, names of the files: for run.json."""
    models: dict[str, ModelFacts] = field(default_factory=dict)
    """By name: what the tool says of each; see `model_facts`."""
    tasks: dict[str, TaskFacts] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Why it is not a whole run, as sentences; empty when it is."""
    notes: list[str] = field(default_factory=list)
    """What a person should know of it, as sentences."""
    times: ImportedTimes = ImportedTimes()
    n_rows: int | None = None
    """Rows, where they are not in `rows` but given to `write_rows` one by one."""
    repeats: int | None = None
    """How often each item was asked at most, where `rows` does not say it."""


def write_run(results: Path, found: Imported) -> Path:
    """The folder of a new run with these rows, complete unless there are reasons.

    Raises UserError where there are no rows, or two are the same.
    """
    if not found.rows:
        raise UserError(f"nothing to import: {[*found.source.files]} hold no sample")
    _refuse_twins(found.rows)
    for name, task in found.tasks.items():
        if task.n is None:
            items = {(row.sample_digest, row.occurrence) for row in found.rows if row.task == name}
            found.tasks[name] = task.with_changes(TaskFacts(n=len(items)))
    found.repeats = 1 + max(row.repeat for row in found.rows)
    return write_rows(results, found, iter(found.rows))


def write_rows(results: Path, found: Imported, rows: Iterator[Row]) -> Path:
    """The folder of a new run with these rows, which nobody keeps: a million take the memory of a few thousand.

    `found` says what they are (`n_rows`, `repeats`, `n` of each task) and their keys differ. Whatever goes wrong on
    the way, no half of a run is left. Raises StoreError or RunIncomplete.
    """
    n_errored = 0

    def counted() -> Iterator[Row]:
        nonlocal n_errored
        for row in rows:
            n_errored += row.error_kind is not None
            yield row

    return _written(results, found, lambda folder: sealing.seal_rows(folder, counted()), lambda: n_errored)


def write_columns(results: Path, found: Imported, batches: Iterator[RowColumns]) -> Path:
    """The same for rows that are given some thousands together, by column."""
    n_errored = 0

    def counted() -> Iterator[RowColumns]:
        nonlocal n_errored
        for batch in batches:
            n_errored += sum(kind is not None for kind in batch.get("error_kind", ()))
            yield batch

    return _written(results, found, lambda folder: sealing.seal_columns(folder, counted()), lambda: n_errored)


def _written(results: Path, found: Imported, seal: Callable[[Path], None], n_errored: Callable[[], int]) -> Path:
    """The folder once `seal` has written its rows, of which so many errored. Nobody sees it before it is whole."""
    facts = RunFacts(
        models=found.models,
        tasks=found.tasks,
        n_rows=len(found.rows) if found.n_rows is None else found.n_rows,
        imported=found.source,
        cut_by_limit=None,
        repeats=found.repeats,
    )
    if found.times.in_flight is not None:
        facts = facts.with_changes(RunFacts(in_flight=found.times.in_flight))
    said = facts.as_json()
    identity = json.loads(to_json({"models": said["models"], "tasks": said["tasks"], "source": said["imported"]}))
    with runs.drafted_run(results, found.suite, digest("evalkit.import/1", identity), facts) as draft:
        with run_lock.lock_run(draft.folder):
            seal(draft.folder)
            status = "incomplete" if found.reasons else "complete"
            ended = RunFacts(status=status, reasons=tuple(found.reasons), n_errored=n_errored())
            runs.update_facts(draft.folder, ended)
            summary.write_summary(draft.folder)
        return draft.place()


def model_facts(
    model: str,
    facts: Mapping[str, object],
    *,
    prices: PriceFacts | None = None,
    priced_as: tuple[str | None, str | None] | None = None,
) -> ModelFacts:
    """Everything that a run states of a model; what the other tool does not say is None."""
    return ModelFacts(
        adapter="imported",
        model=model,
        place=None,
        host=None,
        facts=json_map(facts),
        prices=prices,
        priced_as=priced_as,
        service_tier=None,
        streaming=False,
    )


def text_or_none(value: object) -> str | None:
    """What another tool says where a text belongs; None for anything else."""
    return value if isinstance(value, str) else None


def task_facts(scorer: str, identity: Mapping[str, object]) -> TaskFacts:
    """What a run states of a task; `identity`: what the other tool says that makes its scores comparable."""
    return TaskFacts(scorer=scorer, identity=Identity(json_map(identity)))


def _refuse_twins(rows: Iterable[Row]) -> None:
    seen = set()
    for row in rows:
        if row.key in seen:
            raise UserError(
                f"sample {row.sample_id!r} of {row.task} by {row.model} stands there twice: the folder holds several "
                "runs of one task. Import them one by one: name the samples file instead of the folder."
            )
        seen.add(row.key)
