"""One session of a run: find or make its folder, ask what is still owed, seal, sum up.

A run may take several sessions. Each one resumes the newest incomplete run of the same content, repairs a torn journal
line, asks only what is owed, and leaves the folder sealed and readable, whatever ended it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from evalkit.engine.budget import prompt_bytes, tools_bytes
from evalkit.engine.egress import sent_before
from evalkit.engine.ledger import AnswerCache
from evalkit.engine.plan import Plan
from evalkit.engine.runner import Runner, RunResult
from evalkit.engine.serving import served_facts
from evalkit.engine.spend_file import SpendFile
from evalkit.engine.work import Observer, Stopper
from evalkit.errors import EvalkitError, StoreError, SuiteError
from evalkit.records import Row
from evalkit.store import journal, runs
from evalkit.store.journal import Recovered
from evalkit.store.row_codec import Key

if TYPE_CHECKING:
    from evalkit.facts import Summary

Drive = Callable[[Runner], Awaitable[tuple[RunResult, "signal.Signals | None"]]]
"""Runs one Runner to its end; with what came of it, the signal that ended it."""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run is kept."""

    results: Path
    """Folder of run folders."""
    new: bool = False
    """Another folder, even where an incomplete run of the same content is there."""
    resume: str | None = None
    """Go on in this run. None: in the newest incomplete one of the same content."""


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What one session came to."""

    folder: Path
    status: str
    """complete, incomplete or interrupted."""
    reasons: tuple[str, ...]
    """Why it is not complete; empty when it is."""
    summary: Summary
    result: RunResult
    ended_by: signal.Signals | None
    """The signal that ended it, None when none did."""


async def execute_run(
    plan: Plan,
    place: RunPlace,
    *,
    cache: AnswerCache | None = None,
    watch: Callable[[Path, Recovered], Observer] | None = None,
    watch_judges: Callable[[int, int], Observer] | None = None,
    stopper: Stopper | None = None,
    drive: Drive | None = None,
) -> RunOutcome:
    """Ask what `plan` still owes and leave the folder sealed; `watch` is told the folder and what it holds already.

    With a panel the answers are shown to its judges next; `watch_judges` is told how many requests that takes, and how
    many of them were answered before.

    A run that reaches a record that cannot be asked breaks off: it is sealed and incomplete, and SuiteError tells every
    such record.

    With a `stopper` items are asked in its random order, and a model whose verdict is settled is asked no further: such
    a run is complete, and its facts say `stopped_early`.

    `drive` runs a Runner in the event loop of the caller, who sees to interruptions (`drive_here`). None: each Runner
    gets a loop of its own, Ctrl-C and a polite kill are clean stops, and nothing is awaited: `without_loop` runs it.

    Raises StoreError for a folder that is not this run's, RunIncomplete when rows cannot be stored (a full disk):
    what was written by then is kept, and the same command resumes.
    """
    drive = drive or _drive_with_signals
    folder = _folder(plan, place)
    with runs.lock_run(folder):
        recovered = journal.recover(folder)
        before = runs.read_facts(folder)
        runs.update_facts(folder, status="running", models=plan.facts["models"], **_resumed(before, plan, recovered))
        observer = watch(folder, recovered) if watch else None
        if observer is not None and recovered.n_done and _prices(before) != _prices(plan.facts):
            observer.note(
                "prices have changed since this run began: answers bought before keep their bill, new ones get the new "
                "prices. `evalkit price` prices the whole run anew."
            )
        spent = _spent(plan, folder, before)
        spend_file = SpendFile.open(folder) if plan.work.settings.max_cost_usd is not None else None
        with journal.Journal.open(folder, f"{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S}") as log:
            runner = Runner(
                plan.work,
                log,
                done=_done(plan, recovered),
                earlier=_earlier(plan, folder, recovered),
                cache=cache,
                observer=observer,
                spent=spent,
                stopper=stopper,
                folder=folder,
                spend_file=spend_file,
            )
            try:
                result, ended_by, spent = await _asked(
                    plan, folder, log, runner, cache, watch_judges, spend_file, drive
                )
            except EvalkitError:
                if (folder / runs.FACTS).exists():  # not when the folder itself is what was lost
                    runs.update_facts(folder, status="incomplete", spent_usd=runner.budget.spent)
                if spend_file is not None:
                    spend_file.close(done=False)  # it knows the judges' money too
                raise
        from evalkit.engine.hardware import software_and_hardware  # here: the first request waits for none of these
        from evalkit.engine.mended import BROKEN_OFF
        from evalkit.engine.stored import stored_facts

        n_errored, aside = sealing_count(folder)
        status, reasons = _verdict(plan, result, n_errored)
        if aside:
            status, reasons = "incomplete", (*reasons, _set_aside(aside))
        wrong = _wrong_records(plan, result.bad_data) if result.bad_data is not None else []
        if wrong:
            status, reasons = "incomplete", (*wrong, *reasons)
        runs.update_facts(
            folder,
            status=status,
            reasons=list(reasons),
            client_lag=asdict(result.lag),
            lanes=result.lanes,
            n_errored=n_errored,
            spent_usd=spent,
            servers=served_facts(plan.work.models),
            stopped_early=stopper.facts() if stopper is not None and status == "complete" else None,
            told=False,
            **({BROKEN_OFF: plan.digest_without_data} if wrong else {}),
            **stored_facts(plan.facts, folder, plan.work.storing),
            **software_and_hardware(plan.suite.folder),
        )
        if spend_file is not None:
            spend_file.close(done=True)
        from evalkit.store.summary import write_summary  # here: the first request does not wait for it

        told = write_summary(folder)
        if wrong:
            raise SuiteError([*wrong, _mend(folder)])
        return RunOutcome(folder, status, reasons, told, result, ended_by)


def _wrong_records(plan: Plan, first: SuiteError) -> list[str]:
    """What is wrong with the records that the run broke off at, all of it at once."""
    return [
        error for task in plan.work.tasks if task.stream is not None for error in task.stream.errors()
    ] or first.complaints


def _mend(folder: Path) -> str:
    return f"What was asked by then is kept in {folder}: mend the records, and run the same command again."


async def _asked(
    plan: Plan,
    folder: Path,
    log: journal.Journal,
    runner: Runner,
    cache: AnswerCache | None,
    watch_judges: Callable[[int, int], Observer] | None,
    spend_file: SpendFile | None,
    drive: Drive,
) -> tuple[RunResult, signal.Signals | None, Decimal]:
    """The models are asked, then the judges if there are any: how both ended, by which signal, and the money so far."""
    result, ended_by = await drive(runner)
    spent = runner.budget.spent
    if plan.panel is None or result.interrupted or result.bad_data is not None:
        return result, ended_by, spent
    from evalkit.engine.judging.ask import run_judges

    judging = await run_judges(
        plan, plan.panel, folder, log, drive, cache=cache, watch=watch_judges, spent=spent, spend_file=spend_file
    )
    return _with_judges(result, judging.result), judging.ended_by, judging.spent_usd


def _with_judges(asked: RunResult, judged: RunResult) -> RunResult:
    """How the whole session ended: what went wrong with the models, then with their judges."""
    reasons = tuple(dict.fromkeys([*asked.reasons, *judged.reasons]))
    return replace(asked, interrupted=judged.interrupted, reasons=reasons, errors=asked.errors | judged.errors)


def _done(plan: Plan, recovered: Recovered) -> Callable[[Key], bool]:
    """Which rows are not asked again: those that are scored, and answers that only their judges still owe a score."""
    if plan.panel is None:
        return recovered.is_done
    judged = plan.panel.tasks
    return lambda key: recovered.is_done(key) or (key[1] in judged and recovered.is_answered(key))


def _resumed(before: Mapping[str, Any], plan: Plan, recovered: Recovered) -> dict[str, Any]:
    """What a resumed run says anew: the suite, whose gate may have been edited; times at two loads are at none."""
    now = plan.facts
    load = now.get("in_flight")
    if recovered.n_done and before.get("in_flight") != load:
        load = f"{before.get('in_flight')}, then {load}"
    names = ("suite_resolved", "catalogue", "cut_by_limit", "cut_by_tasks", "max_cost_usd", "judges", "egress")
    kept = {key: now[key] for key in names if key in now}
    if "price_file" in now:
        same = not recovered.n_done or before.get("price_file") == now["price_file"]
        kept["price_file"] = now["price_file"] if same else {"name": "several", "of": "suite", "sha256": "several"}
    if recovered.n_answered:
        kept |= sent_before(before, now)
        kept["otherwise_before"] = [*dict.fromkeys([*(before.get("otherwise_before") or ()), *_otherwise(before, now)])]
    return {**kept, "in_flight": load}


_NOT_OF_ROWS = frozenset({"in_flight", "max_cost_usd", "max_error_rate"})
"""Keys of `run:` that no row rests on, or that run.json tells of by itself."""


def _otherwise(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Keys that the suite has otherwise than when the stored answers were asked, though it asks the same: how they are
    billed and at which prices, which weights gave them, and when a slow one is given up. The rows keep what held then.
    """
    had, has = (facts.get("suite_resolved") or {} for facts in (before, now))
    found = []
    for section in ("models", "judges"):
        for name, entry in (has.get(section) or {}).items():
            earlier = (had.get(section) or {}).get(name)
            if isinstance(earlier, Mapping):
                keys = [key for key in {**earlier, **entry} if not _alike(earlier.get(key), entry.get(key))]
                found += [f"{section}.{name}.{key}" for key in keys]
    for section in ("models", "judges"):
        for name, about in (now.get(section) or {}).items():
            earlier = (before.get(section) or {}).get(name)
            if isinstance(earlier, Mapping) and not _alike(earlier.get("prices"), about.get("prices")):
                found.append(f"{section}.{name}.prices")
    run, this = had.get("run") or {}, has.get("run") or {}
    keys = [key for key in {**run, **this} if key not in _NOT_OF_ROWS]
    return [*found, *(f"run.{key}" for key in keys if not _alike(run.get(key), this.get(key)))]


def _alike(stored: object, value: object) -> bool:
    """Whether a value is what run.json holds of it."""
    return bool(stored == value or orjson.dumps(stored, default=str) == orjson.dumps(value, default=str))


def _earlier(plan: Plan, folder: Path, recovered: Recovered) -> Callable[[Key], Row | None]:
    """By key the answers of earlier sessions to tasks of several turns: a conversation goes on from what was said."""
    talks = {task.name for task in plan.work.tasks if "turns" in task.identity}
    if not talks or not recovered.seen:
        return lambda key: None
    from evalkit.store import sealing

    rows = (row for row in sealing.rows_of(folder) if row.task in talks and row.error_kind is None)
    return {row.key: replace(row, prompt=()) for row in rows}.get


def sealing_count(folder: Path) -> tuple[int, tuple[Key, ...]]:
    """Seal the journals; (the rows of the whole run that are errored, the keys of rows that no file can hold)."""
    from evalkit.store import sealing

    sealed = sealing.seal(folder)
    return journal.recover(folder).n_errored, sealed.aside


def _set_aside(aside: tuple[Key, ...]) -> str:
    from evalkit.store import sealing

    named = ", ".join(f"{model} on {task}" for model, task, *_ in aside[:3])
    return (
        f"{len(aside)} rows cannot be stored and were set aside in {sealing.ASIDE}: {named}. They are owed: run the "
        "same command again."
    )


def _prices(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: model.get("prices") for name, model in facts["models"].items()}


def _spent(plan: Plan, folder: Path, facts: Mapping[str, Any]) -> Decimal:
    """What earlier sessions of a capped run have paid: what they wrote down, or what their rows say if that is more.

    After a kill, what was under way counts as its worst case. A row whose cost is unknown counts as its worst case too
    (unless nothing was sent: a turn after a failed one): a cap errs on the side of stopping.
    """
    if plan.work.settings.max_cost_usd is None:
        return Decimal(0)
    judges = plan.panel.judges if plan.panel is not None else ()
    judged = plan.panel.tasks.values() if plan.panel is not None else ()
    models = {model.name: model for model in (*plan.work.models, *judges) if model.adapter.endpoint.network}
    limits = {
        (task.name, name): settings.max_output_tokens
        for task in (*plan.work.tasks, *judged)
        for name, settings in task.settings.items()
    }
    by_rows = Decimal(0)
    from evalkit.store import judge_files, sealing

    inner = judge_files.judging_of(folder)
    for row in chain(sealing.rows_of(folder), sealing.rows_of(inner) if inner is not None else ()):
        paid = row.spend_usd
        if paid is None and row.attempts and row.model in models:
            n_bytes = prompt_bytes(row.prompt) + tools_bytes(row.tools or ())
            paid = models[row.model].worst_case(n_bytes, limits.get((row.task, row.model)))
        by_rows += paid or Decimal(0)
    return max(by_rows, Decimal(str(facts.get("spent_usd") or 0)), SpendFile.left_in(folder) or Decimal(0))


def _folder(plan: Plan, place: RunPlace) -> Path:
    if place.resume is not None:
        from evalkit.engine.mended import adopt

        folder = runs.resolve_run(place.resume, place.results)
        adopt(plan, folder)
        runs.require_digest(folder, plan.digest)
        if runs.read_facts(folder).get("rescored"):
            raise StoreError(
                f"{folder} was marked another way since (evalkit rescore), and what is asked now would be marked as "
                "the suite says: half by one scorer, half by another. Start another run, whose answers come from the "
                "cache: --new.",
                folder,
            )
        return folder
    name = plan.suite.file.name
    unfinished = None if place.new else runs.find_incomplete(place.results, name, plan.digest)
    if unfinished is None and not place.new and any(place.results.glob("*/" + runs.FACTS)):
        from evalkit.engine.mended import mended_run

        unfinished = mended_run(plan, place.results)
    return unfinished or runs.create_run(place.results, name, plan.digest, plan.facts)


def without_loop(run: Coroutine[Any, Any, RunOutcome]) -> RunOutcome:
    """What `execute_run` comes to without a `drive`: it never waits, so it needs no event loop around it."""
    try:
        run.send(None)
    except StopIteration as done:
        outcome: RunOutcome = done.value
        return outcome
    run.close()
    raise RuntimeError("execute_run waited for something outside of its runners")


async def _drive_with_signals(runner: Runner) -> tuple[RunResult, signal.Signals | None]:
    return asyncio.run(_until_done(runner))


class DriveHere:
    """Runs Runners in the event loop that awaits it. A cancelled one stops cleanly: it waits for answers that are under
    way (a second cancellation does not), and `cancelled` says so afterwards, when everything is stored."""

    def __init__(self) -> None:
        self.cancelled = False
        self.stop = False
        """Set by whoever wants the run to stop for another reason; read every quarter of a second."""

    async def __call__(self, runner: Runner) -> tuple[RunResult, signal.Signals | None]:
        """As `Drive`."""
        running = asyncio.create_task(runner.run())
        if self.cancelled:
            runner.interrupt()
        stopping = False
        while not running.done():
            try:
                await asyncio.wait([running], timeout=0.25)
            except asyncio.CancelledError:
                self.cancelled = True
                runner.interrupt()
            if self.stop and not stopping:
                stopping = True
                runner.interrupt()
        return running.result(), None


async def _until_done(runner: Runner) -> tuple[RunResult, signal.Signals | None]:
    """Run with Ctrl-C and a polite kill as clean stops."""
    loop = asyncio.get_running_loop()
    ended_by: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        ended_by.append(number)
        runner.interrupt()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    try:
        return await runner.run(), ended_by[0] if ended_by else None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _verdict(plan: Plan, result: RunResult, n_errored: int) -> tuple[str, tuple[str, ...]]:
    reasons = list(result.reasons)
    n_rows, rate = plan.work.n_rows, plan.work.settings.max_error_rate
    if n_errored > rate * n_rows:
        unread = " (a judge's reply that could not be read is in the cache: --no-cache asks it anew)"
        way_out = f"Run the same command again: only these are asked again{unread if plan.panel is not None else ''}."
        if plan.lacking:
            way_out = (
                "Samples without a recorded answer stay without one; what else failed the same command asks again."
            )
        reasons.append(
            f"{n_errored:,} of {n_rows:,} rows are errors, more than run.max_error_rate {rate:g} allows. {way_out}"
        )
        told = "\n".join(result.reasons)  # a model that was given up has said why already
        for kind, (n, first) in result.errors.items():
            if first.partition(": ")[2] not in told:
                reasons.append(f"{kind}, {n:,} times; the first: {first}")
    if result.interrupted:
        return "interrupted", tuple(reasons)
    reasons += plan.lacking
    return ("incomplete" if reasons else "complete"), tuple(reasons)
