"""How one session leaves its run: sealed, with a status and the reasons for it in run.json.

    ended = end_session(plan, folder, result, spent, stopper=stopper, beside=beside, spend_file=spend_file)
    ended.status                    # complete, incomplete or interrupted

What is heavy here is imported by the end of a session, and the first request does not wait for it.
"""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evalkit.engine.hardware import software_and_hardware
from evalkit.engine.ledger import UNSCORED
from evalkit.engine.plan import Plan
from evalkit.engine.serving import served_facts
from evalkit.engine.spend_file import SpendFile
from evalkit.engine.stored import live_result_facts, stored_facts
from evalkit.engine.work import RunResult, Stopper
from evalkit.errors import SuiteError
from evalkit.facts import RunFacts
from evalkit.facts.run import LagFacts
from evalkit.frozen import dataclass
from evalkit.store import journal, runs, sealing, sent_log, step_log
from evalkit.store.row_codec import Key
from evalkit.store.summary import keep, read_summary, write_summary
from evalkit.text import numbers

if TYPE_CHECKING:
    from evalkit.facts import Summary
    from evalkit.store.part_files import Drafted


class SealsBeside(Protocol):
    """Another process that may have done a part of this."""

    def finish(self) -> Drafted | None:
        """What it has drafted of the journal; None: nothing, or not the whole."""

    def sum_up(self) -> tuple[bytes, bytes] | None:
        """What it has computed of the run's figures (`summary.computed`); None: nothing."""


@dataclass(frozen=True, slots=True)
class SessionEnd:
    """How a session left its run."""

    status: str
    """complete, incomplete or interrupted."""
    reasons: tuple[str, ...]
    """Why it is not complete; empty when it is."""
    summary: Summary


def end_session(
    plan: Plan,
    folder: Path,
    result: RunResult,
    spent: Decimal,
    *,
    stopper: Stopper | None,
    beside: SealsBeside,
    spend_file: SpendFile | None,
) -> SessionEnd:
    """Seal the journals, write into run.json how the session ended, and sum up. What only an unfinished run needs is
    removed where nothing is owed any more.

    Raises SuiteError where the run broke off at records that cannot be asked: all of them.
    """
    n_stored, n_errored, aside = _sealing_count(folder, beside.finish())
    status, reasons = _verdict(plan, result, n_errored, early=stopper is not None)
    stopped_early = stopper.facts() if stopper is not None and status == "complete" else None
    if status == "complete" and stopped_early is None and n_stored + len(aside) < plan.work.n_rows:
        status, reasons = "incomplete", (_absent(plan.work.n_rows - n_stored),)
    if aside:
        status, reasons = "incomplete", (*reasons, _set_aside(aside))
    wrong = _wrong_records(plan, result.bad_data) if result.bad_data is not None else []
    if wrong:
        status, reasons = "incomplete", (*wrong, *reasons)
    facts = RunFacts(
        status=status,
        reasons=reasons,
        client_lag=LagFacts.model_validate(asdict(result.lag)),
        lanes=result.lanes,
        n_errored=n_errored,
        spent_usd=spent,
        servers=served_facts(plan.work.models),
        stopped_early=stopped_early if status == "complete" else None,
        told=False,
    )
    if wrong:
        facts = facts.with_changes(RunFacts(broken_off=plan.digest_without_data))
    told = live_result_facts(plan.facts, runs.open_facts(folder), result.taken_out)
    kept = stored_facts(plan.facts.with_changes(told), folder, plan.work.storing)
    facts = facts.with_changes(told).with_changes(kept)
    runs.update_facts(folder, facts.with_changes(software_and_hardware(plan.suite.folder)))
    if status == "complete":
        step_log.forget(folder)
        sent_log.forget(folder)
    if spend_file is not None:
        spend_file.close(done=True)
    summary = _summed_up(folder, beside)
    if wrong:
        raise SuiteError([*wrong, _mend(folder)])
    return SessionEnd(status, reasons, summary)


def _summed_up(folder: Path, beside: SealsBeside) -> Summary:
    """Write the figures of the run, computed here or beside: they are the same."""
    if (kept := beside.sum_up()) is None:
        return write_summary(folder)
    keep(folder, *kept)
    return read_summary(folder)


def _wrong_records(plan: Plan, first: SuiteError) -> list[str]:
    """What is wrong with the records that the run broke off at, all of it at once."""
    return [
        error for task in plan.work.tasks if task.stream is not None for error in task.stream.errors()
    ] or first.complaints


def _mend(folder: Path) -> str:
    return f"What was asked by then is kept in {folder}: mend the records, and run the same command again."


def _sealing_count(folder: Path, drafted: Drafted | None) -> tuple[int, int, tuple[Key, ...]]:
    """Seal the journals; (rows of the whole run, those of them that are errored, the keys of rows that no file can
    hold)."""
    sealed = sealing.seal(folder, drafted)
    if sealed.n_errored is not None:
        return sealed.n_rows, sealed.n_errored, sealed.aside
    stored = journal.recover(folder)
    return len(stored.seen), stored.n_errored, sealed.aside


def _absent(n: int) -> str:
    return f"{numbers.plural(n, 'answer')} did not come, and no failure says why. Run the same command again."


def _set_aside(aside: tuple[Key, ...]) -> str:
    named = ", ".join(f"{model} on {task}" for model, task, *_ in aside[:3])
    return (
        f"{numbers.plural(len(aside), 'row')} cannot be stored; set aside in {journal.ASIDE}: {named}. Run the same "
        "command again, which asks them anew."
    )


def _verdict(plan: Plan, result: RunResult, n_errored: int, *, early: bool) -> tuple[str, tuple[str, ...]]:
    """`early`: a gate may have stopped it, and asks nothing behind the point where it was settled."""
    reasons = list(result.reasons)
    n_rows, rate = plan.work.n_rows, plan.work.settings.max_error_rate
    if n_errored > rate * n_rows:
        unread = " (a judge's reply that could not be read is in the cache: --no-cache asks it anew)"
        unscored = sum(n for kind, (n, _) in result.errors.items() if kind.endswith(f": {UNSCORED}"))
        again = "asked again" if not unscored else "scored again" if unscored >= n_errored else "asked or scored again"
        if plan.panel is not None:
            again = f"asked again{unread}"
        way_out = f"Run the same command again: only these are {again}."
        if early:
            way_out = f"Run the suite again without --gate (evalkit run): these are {again}, and evalkit gate decides."
        if plan.lacking:
            way_out = (
                "Samples without a recorded answer stay without one; what else failed the same command asks again."
            )
        said = "failed" if not unscored else "have no score" if unscored >= n_errored else "failed or have no score"
        reasons.append(
            f"{n_errored:,} of {n_rows:,} answers {said}, more than run.max_error_rate {rate:g} allows. {way_out}"
        )
        told = "\n".join(result.reasons)  # a model that was given up has said why already
        for kind, (n, first) in result.errors.items():
            if first.partition(": ")[2] not in told:
                reasons.append(f"{kind}, {numbers.plural(n, 'time')}; the first: {first}")
    if result.interrupted:
        return "interrupted", tuple(reasons)
    reasons += plan.lacking
    return ("incomplete" if reasons else "complete"), tuple(reasons)
