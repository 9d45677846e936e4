"""Rows of another tool become a run folder: sealed, summed up, and marked as imported.

    folder = write_run(results, Imported("lm-eval-out", source, models={"llama": ...}, tasks={"mmlu": ...}, rows=rows))

An imported run is what the other tool said: nothing was asked, and no price or latency is made up. Importing the same
files again gives the same rows under the same digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.errors import UserError
from evalkit.records import Row
from evalkit.store import journal, runs, sealing, summary
from evalkit.store.row_codec import to_json
from evalkit.suite.digests import digest


@dataclass(slots=True)
class Imported:
    """What was read from the other tool's files."""

    suite: str
    """What the run is called."""
    source: dict[str, Any]
    """Tool, its version, names of the files: for run.json."""
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """Why it is not a whole run, as sentences; empty when it is."""
    notes: list[str] = field(default_factory=list)
    """What a person should know of it, as sentences."""


def write_run(results: Path, found: Imported) -> Path:
    """The folder of a new run with these rows, complete unless there are reasons.

    Raises UserError where there are no rows, or two are the same.
    """
    if not found.rows:
        raise UserError(f"nothing to import: {found.source.get('files')} hold no sample")
    _refuse_twins(found.rows)
    for name, task in found.tasks.items():
        task.setdefault("n", len({(row.sample_digest, row.occurrence) for row in found.rows if row.task == name}))
    facts = {
        "models": {name: _model_facts(model) for name, model in found.models.items()},
        "tasks": found.tasks,
        "n_rows": len(found.rows),
        "imported": found.source,
        "cut_by_limit": None,
        "repeats": 1 + max(row.repeat for row in found.rows),
    }
    identity = json.loads(to_json({"models": facts["models"], "tasks": found.tasks, "source": found.source}))
    folder = runs.create_run(results, found.suite, digest("evalkit.import/1", identity), facts)
    with runs.lock_run(folder):
        with journal.Journal.open(folder, "import") as log:
            for row in found.rows:
                log.append(row)
        sealing.seal(folder)
        n_errored = sum(row.error_kind is not None for row in found.rows)
        status = "incomplete" if found.reasons else "complete"
        runs.update_facts(folder, status=status, reasons=found.reasons, n_errored=n_errored)
        summary.write_summary(folder)
    return folder


def _model_facts(known: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that every run states of a model; what the other tool does not say is null."""
    empty: dict[str, Any] = {
        "adapter": "imported",
        "model": None,
        "place": None,
        "host": None,
        "facts": {},
        "prices": None,
    }
    return {**empty, "priced_as": None, "service_tier": None, "streaming": False, **known}


def _refuse_twins(rows: Iterable[Row]) -> None:
    seen = set()
    for row in rows:
        if row.key in seen:
            raise UserError(
                f"sample {row.sample_id!r} of {row.task} by {row.model} stands there twice: the folder holds several "
                "runs of one task. Import them one by one: name the samples file instead of the folder."
            )
        seen.add(row.key)
