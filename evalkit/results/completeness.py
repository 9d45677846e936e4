"""Is the evidence whole? Each function gives the sentence that says what is missing and how to get it, or nothing.

A run that was cut, ended early or full of errors is neither a pass nor a regression: it is incomplete (exit 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from evalkit.errors import NotComparable
from evalkit.results.pairs import Pairs
from evalkit.results.side import Side
from evalkit.results.state import state_of
from evalkit.stats.traffic import row_weights
from evalkit.store import integrity, run_lock
from evalkit.store import table as stored
from evalkit.store.journal import OFF_RECORD

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    from evalkit.facts.tasks import JudgeIdentity


def unfinished(side: Side) -> list[str]:
    """Why a run is not whole evidence, by its own account."""
    name, facts = side.folder.name, side.facts
    found = []
    if facts.status == "running" and run_lock.is_locked(side.folder):
        found.append(f"{name} is not over: {state_of(side.folder, facts)}. Wait until it is complete.")
    elif facts.status != "complete":
        why = "; ".join(facts.reasons).removesuffix(".")
        again = "Run the same command again: it resumes, and pays only for what is missing."
        if facts.imported is not None:
            again = "Import the whole results of that tool."
        status = "interrupted" if facts.status == "running" else facts.status
        found.append(f"{name} is {status}{': ' + why if why else ''}. {again}")
    if facts.cut_by_limit is not None:
        found.append(f"{name} was cut by --limit {facts.cut_by_limit}. Run it without --limit.")
    if facts.cut_by_tasks is not None:
        kept = ", ".join(facts.cut_by_tasks) or "some"
        found.append(f"{name} was cut by --tasks to {kept}. Run it without --tasks.")
    return found


def unread(side: Side, table: pa.Table) -> list[str]:
    """Judges whose verdicts on this model's answers could too often not be read: the score would be the other judges'.
    `table`: the model's rows.

    An answer that leaves a strict judge without words must not win by it.
    """
    judged = {name: task.identity.judge for name, task in side.tasks.items() if task.identity.judge is not None}
    told, allowed = side.facts.judges_unread, _allowed(side)
    if judged and (told is None or _untold(side, table, judged)):
        return [
            f"{side.folder.name} does not say how many verdicts of its judges could not be read, so scores may rest on "
            f"too few. Score it again without asking a model: evalkit rescore {side.folder.name} --suite SUITE"
        ]
    return [
        f"{judge} gave no readable verdict on {n_lost:,} of {n:,} answers of {side.label} to {task}, more than "
        f"run.max_error_rate {allowed:g} allows: there the score is the other judges' alone. Look at its replies: "
        f"evalkit show {quote(side.folder.name)}/judging"
        for judge, models in (told or {}).items()
        for task, (n_lost, n) in models.get(side.model, {}).items()
        if n_lost > allowed * n
    ]


_SCORED = frozenset({"right", "wrong", "scored"})
"""Outcomes of answers that judges score; those that ended otherwise they are not shown."""


def _untold(side: Side, table: pa.Table, judged: Mapping[str, JudgeIdentity]) -> bool:
    """Whether a task has scores of this model, and run.json says nothing of what one of its judges made of them."""
    (outcomes, ended), (tasks, of_row) = (stored.labels_codes(table[name]) for name in ("outcome", "task"))
    there = np.isin(ended, [n for n, name in enumerate(outcomes) if name in _SCORED])
    scored = {tasks[n] for n in np.unique(of_row[there]).tolist()}
    told = side.facts.judges_unread or {}
    return any(
        task not in told.get(judge, {}).get(side.model, {})
        for task, identity in judged.items()
        for judge in (identity.judges if task in scored and identity.pair != side.model else ())
    )


def undigested(*sides: Side) -> list[str]:
    """What of their runs an evalkit of before sealed without digests, each run once: a note, and no reason against."""
    folders = dict.fromkeys(side.folder for side in sides)
    return [said for folder in folders if (said := integrity.undigested(folder)) is not None]


def _allowed(side: Side) -> float:
    """The share of errors that the suite allows."""
    suite = side.facts.suite_resolved
    rate = suite.run.max_error_rate if suite is not None else None
    return 0.01 if rate is None else rate


def missing(side: Side, table: pa.Table) -> str | None:
    """Counted task by task: too many rows of one never make up for another's."""
    if side.n_expected <= 0:
        return f"{side.folder.name} holds no items, so there is nothing to decide."
    n_missing = sum(max(0, -n) for n in _surplus(side, table).values())
    if not n_missing:
        return None
    again = "Restore them, or run the suite again: what was answered comes from the cache."
    if side.facts.imported is not None:
        again = "Import a file that has each item of each model equally often."
    return f"{n_missing:,} of {side.n_expected:,} rows of {side.label} are missing in {side.folder.name}. {again}"


def errors(side: Side, table: pa.Table) -> str | None:
    allowed = _allowed(side)
    errored, share = _count(table), _share_of_traffic(table)
    if errored <= allowed * table.num_rows and share <= allowed:
        return None
    limit, again = f"run.max_error_rate {allowed:g} allows", "Run the same command again: only these are asked."
    if side.facts.imported is not None:
        limit, again = f"{100 * allowed:g} %", "Complete these rows in the other tool, and import them again."
    stands_for = f", which stand for {100 * share:.2g} % of the traffic" if share > errored / table.num_rows else ""
    return (
        f"{errored:,} of {table.num_rows:,} rows of {side.label} are errors{stands_for}, more than {limit}: an outage "
        f"is neither a regression nor a pass. {again}"
    )


def _count(table: pa.Table) -> int:
    return int(_failed(table).sum())


def _failed(table: pa.Table) -> npt.NDArray[np.bool_]:
    """The rows that are errors. One whose agent left the record is none: no outage, and a gate holds it as lost where
    passing is at stake and as won where failing is, however many there are."""
    labels, codes = stored.labels_codes(table["outcome"])
    if "errored" not in labels:
        return np.zeros(table.num_rows, dtype=bool)
    kinds, of_row = stored.labels_codes(table["error_kind"])
    left = of_row == kinds.index(OFF_RECORD) if OFF_RECORD in kinds else np.zeros(table.num_rows, dtype=bool)
    failed: npt.NDArray[np.bool_] = (codes == labels.index("errored")) & ~left
    return failed


def _share_of_traffic(table: pa.Table) -> float:
    """The share of the requests that the rows stand for and that failed; 0 where rows are not weighted."""
    weights = row_weights(stored.floats(table["weight"]))
    return 0.0 if weights is None else float(weights[_failed(table)].sum() / weights.sum())


def refuse_unknown(side: Side, table: pa.Table) -> None:
    """Raises NotComparable for rows of a task that the run does not know, or more than it asked of one it knows."""
    surplus = _surplus(side, table)
    unknown = sorted(set(surplus) - set(side.tasks))
    if unknown:
        raise NotComparable(
            f"{side.folder.name} holds rows of {', '.join(unknown)}, which its run.json does not know: the folder was "
            "changed by hand. Run the suite again."
        )
    n_more = sum(max(0, n) for n in surplus.values())
    if n_more:
        raise NotComparable(
            f"{side.folder.name} holds {n_more:,} more rows of {side.label} than the {side.n_expected:,} it asked: "
            "the folder was changed by hand. Run the suite again."
        )


def refuse_other_repeats(side: Side, pairs: Pairs) -> None:
    """Raises NotComparable where rows are of other items or repeats than were asked, though their number is right."""
    if ((pairs.repeat < 0) | (pairs.repeat >= side.repeats)).any():
        raise NotComparable(
            f"{side.folder.name} holds repeats beyond the {side.repeats} that it asked: the folder was changed by "
            "hand. Run the suite again."
        )
    for name, task in side.tasks.items():
        n = len(np.unique(pairs.item[pairs.task_mask(name)])) if name in pairs.tasks else 0
        if n > (task.n or 0):
            raise NotComparable(
                f"{side.folder.name} holds {n:,} items of {name}, of which it asked {task.n or 0:,}, {side.repeats} "
                "times each: repeats are missing and other items stand in for them. Run the suite again."
            )


def _surplus(side: Side, table: pa.Table) -> dict[str, int]:
    """By task: rows that are there beyond those that the run asked; negative where some are missing."""
    names, codes = stored.labels_codes(table["task"])
    found = dict(zip(names, np.bincount(codes[codes >= 0], minlength=len(names)).tolist(), strict=True))
    asked = {name: side.repeats * (task.n or 0) for name, task in side.tasks.items()}
    return {name: found.get(name, 0) - asked.get(name, 0) for name in {**asked, **found}}
