"""A run that broke off at a wrong record, gone on with once the file is mended.

Mending changes the file, and with it the run's digest, so the run is found by what stayed the same: the suite without
the contents of its data files. Its answers are taken over where each still belongs to a sample of the mended file.
"""

from __future__ import annotations

from pathlib import Path

from evalkit.engine.plan import Plan
from evalkit.errors import EvalkitError, StoreError
from evalkit.records import Row, Sample
from evalkit.store import runs, sealing

BROKEN_OFF = "broken_off"
"""In run.json of a run that broke off at a wrong record: the digest of its suite without data. None or absent: no."""


def mended_run(plan: Plan, results: Path) -> Path | None:
    """The newest run of this suite that broke off and can be gone on with, now under the plan's digest; None: none."""
    for info in runs.list_runs(results):
        if info.suite != plan.suite.file.name:
            continue
        if info.suite_digest == plan.digest:
            return None  # the mended suite was run since: what broke off before is history
        if info.status not in {"incomplete", "interrupted"}:
            continue
        try:
            if _broke_off(plan, info.path) and _all_asked_still(plan, info.path):
                _give_digest(plan, info.path)
                return info.path
        except EvalkitError:
            continue
    return None


def adopt(plan: Plan, folder: Path) -> None:
    """Put a run that a person names under the plan's digest, where it broke off at a record that is mended now. Any
    other run stays as it is.

    Raises StoreError where it broke off, and an answer of it is to a record that is no longer the same.
    """
    if runs.read_facts(folder).get("suite_digest") == plan.digest or not _broke_off(plan, folder):
        return
    if not _all_asked_still(plan, folder):
        raise StoreError(
            f"{folder} broke off at a record that could not be asked, and since then records were changed that it has "
            "answers to. Put these back as they were, or start a new run: --new.",
            folder,
        )
    _give_digest(plan, folder)


def _broke_off(plan: Plan, folder: Path) -> bool:
    """Whether the run broke off, and is of this plan but for the contents of its data files."""
    return bool(runs.read_facts(folder).get(BROKEN_OFF) == plan.digest_without_data)


def _give_digest(plan: Plan, folder: Path) -> None:
    known = {key: plan.facts[key] for key in ("tasks", "n_rows")}
    runs.update_facts(folder, suite_digest=plan.digest, **known, **{BROKEN_OFF: None})


def _all_asked_still(plan: Plan, folder: Path) -> bool:
    """Whether every row of the run is of a sample that the plan would ask, under the same name, with the same right
    answer and the same place in the evidence (cluster, slices, critical, weight, stratum)."""
    left = {_as_asked(row, row.sample_id, row.sample_digest) for row in sealing.rows_of(folder)}
    for task in plan.work.tasks:
        samples = task.samples() if task.stream is None else task.stream.as_rendered()
        for sample in samples:
            if not left:
                return True
            left.discard(_as_asked(sample, sample.id, sample.digest))
    return not left


def _as_asked(one: Row | Sample, name: str, digest: str) -> tuple[object, ...]:
    slices = tuple(sorted(one.slices.items()))
    evidence = (one.cluster, slices, one.critical, one.weight, one.stratum)
    return (one.task, name, digest, one.occurrence, one.target_digest, *evidence)
