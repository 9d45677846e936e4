"""Is the evidence whole? Each function gives the sentence that says what is missing and how to get it, or nothing.

A run that was cut, ended early or full of errors is neither a pass nor a regression: it is incomplete (exit 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalkit.decide.comparability import Side
from evalkit.decide.pairing import NotComparable, Pairs
from evalkit.store import columns

if TYPE_CHECKING:
    import pyarrow as pa


def unfinished(side: Side) -> list[str]:
    """Why a run is not whole evidence, by its own account."""
    name, facts = side.folder.name, side.facts
    found = []
    status = facts.get("status")
    if status != "complete":
        why = "; ".join(str(reason) for reason in facts.get("reasons") or ())
        found.append(
            f"{name} is {status}{': ' + why if why else ''}. Run the same command again: it resumes, and pays only for "
            "what is missing."
        )
    if facts.get("cut_by_limit") is not None:
        found.append(f"{name} was cut by --limit {facts['cut_by_limit']}. Run it without --limit.")
    if facts.get("cut_by_tasks") is not None:
        found.append(f"{name} was cut by --tasks to {', '.join(facts['cut_by_tasks'])}. Run it without --tasks.")
    return found


def missing(side: Side, table: pa.Table) -> str | None:
    if table.num_rows >= side.n_expected > 0:
        return None
    if not side.n_expected:
        return f"{side.folder.name} holds no items, so there is nothing to decide."
    return (
        f"{side.n_expected - table.num_rows:,} of {side.n_expected:,} rows of {side.label} are missing in "
        f"{side.folder.name}. Restore them, or run the suite again: what was answered comes from the cache."
    )


def errors(side: Side, table: pa.Table) -> str | None:
    resolved = side.facts.get("suite_resolved")
    run = resolved.get("run") if isinstance(resolved, dict) else None
    rate = run.get("max_error_rate") if isinstance(run, dict) else None
    allowed = float(rate) if isinstance(rate, int | float) else 0.01
    errored = _count(table)
    if errored <= allowed * table.num_rows:
        return None
    return (
        f"{errored:,} of {table.num_rows:,} rows of {side.label} are errors, more than run.max_error_rate {allowed:g} "
        "allows: an outage is neither a regression nor a pass. Run the same command again: only these are asked."
    )


def _count(table: pa.Table) -> int:
    labels, codes = columns.labels_codes(table["outcome"])
    return int((codes == labels.index("errored")).sum()) if "errored" in labels else 0


def same_tasks(pairs: Pairs, side: Side) -> None:
    unknown = sorted(set(pairs.tasks) - set(side.tasks))
    if unknown:
        raise NotComparable(
            f"{side.folder.name} holds rows of {', '.join(unknown)}, which its run.json does not know: the folder was "
            "changed by hand. Run the suite again."
        )
