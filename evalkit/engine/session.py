"""One session of a run: find or make its folder, ask what is still owed, seal, sum up.

A run may take several sessions. Each one resumes the newest incomplete run of the same content, repairs a torn journal
line, asks only what is owed, and leaves the folder sealed and readable, whatever ended it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.engine.driving import Drive, drive_with_signals
from evalkit.engine.plan import Plan
from evalkit.engine.resumption import (
    earlier_answers,
    left_behind,
    named_run,
    prices_of,
    resumed_facts,
    rows_done,
    spent_before,
    unscored_answers,
)
from evalkit.engine.runner import Runner
from evalkit.engine.serving import given_up_text
from evalkit.engine.work import EarlierSessions, Observer, RunFiles, RunResult, Silent, Stopper, Work
from evalkit.errors import EvalkitError
from evalkit.facts import RunFacts
from evalkit.facts.run import CAP
from evalkit.frozen import dataclass
from evalkit.installed import has_byte_code
from evalkit.records import AgentStep
from evalkit.store import journal, run_lock, runs
from evalkit.store.journal import Recovered
from evalkit.store.row_codec import Key

if TYPE_CHECKING:
    from evalkit.engine.answer_cache import AnswerCache
    from evalkit.engine.spend_file import SpendFile
    from evalkit.facts import Summary
    from evalkit.store.part_files import Drafted
    from evalkit.store.sealing_beside import SealingBeside
    from evalkit.store.step_log import StepLog


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
    watch_judges: Callable[[Work, Recovered], Observer] | None = None,
    stopper: Stopper | None = None,
    drive: Drive | None = None,
    sealing: Callable[[], None] | None = None,
) -> RunOutcome:
    """Run or resume the outstanding requests of `plan`, then seal the folder; `watch` is told the folder and what it
    holds already.

    With a panel the answers are shown to its judges next; `watch_judges` is told their work and what is
    there of it already.

    A run that reaches a record that cannot be asked breaks off: it is sealed and incomplete, and SuiteError tells every
    such record.

    With a `stopper` items are asked in its random order, and a model whose verdict is settled is asked no further: such
    a run is complete, and its facts say `stopped_early`.

    `drive` runs a Runner in the event loop of the caller, who sees to interruptions (`DriveHere`). None: each Runner
    gets a loop of its own, Ctrl-C and a polite kill are clean stops, and nothing is awaited: `without_loop` runs it.

    `sealing` is called where nothing is asked any more and another process seals: this one has a moment to spare.

    Raises StoreError for a folder that is not this run's, RunIncomplete when rows cannot be stored (a full disk):
    what was written by then is kept, and the same command resumes.
    """
    drive = drive or drive_with_signals
    left = None if place.resume is not None or place.new else left_behind(plan, place.results)
    folder, kept = _folder(plan, place)
    # Judges give its rows another score later.
    with run_lock.lock_run(folder), _Beside(folder, wanted=plan.panel is None) as beside:
        recovered = journal.recover(folder)
        before = runs.open_facts(folder)
        runs.update_facts(folder, resumed_facts(before, plan, recovered))
        observer = watch(folder, recovered) if watch else None
        if observer is not None:
            other_prices = bool(recovered.n_done) and prices_of(before) != prices_of(plan.facts)
            _note_before(observer, kept or left, other_prices=other_prices)
        spent = spent_before(plan, folder, before)
        spend_file = _spend_file(folder) if plan.work.settings.max_cost_usd is not None else None
        writer = f"{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
        with journal.Journal.open(folder, writer) as log, _step_log(plan, folder, writer) as steps:
            beside.follow(log, plan.work.n_rows - recovered.n_done)
            runner = Runner(
                plan.work,
                log,
                before=_earlier(plan, folder, recovered, spent, keeps_steps=steps is not None),
                files=RunFiles(folder, cache, spend_file, steps, partial(_slowed, folder, observer)),
                observer=_Kept(folder, observer or Silent(), beside.look),
                stopper=stopper,
            )
            try:
                result, ended_by, spent = await _asked(
                    plan, folder, log, runner, cache, watch_judges, spend_file, drive
                )
                log.verify()
            except EvalkitError:
                _broken_off(folder, runner, spend_file)
                raise
        if beside.say_end() and sealing is not None:
            sealing()
        _note_taken_out(observer, result)
        from evalkit.engine.ending import end_session  # here: the first request does not wait for it

        ended = end_session(plan, folder, result, spent, stopper=stopper, beside=beside, spend_file=spend_file)
        return RunOutcome(folder, ended.status, ended.reasons, ended.summary, result, ended_by)


def _earlier(
    plan: Plan, folder: Path, recovered: journal.Recovered, spent: Decimal, *, keeps_steps: bool
) -> EarlierSessions:
    """What sessions before this one have done."""
    steps: Mapping[Key, tuple[AgentStep, ...]] = {}
    if keeps_steps:
        from evalkit.store.step_log import open_steps

        steps = open_steps(folder, recovered.is_done)
    return EarlierSessions(
        rows_done(plan, recovered),
        earlier_answers(plan, folder, recovered),
        spent,
        steps,
        unscored_answers(plan, folder, recovered),
        recovered.is_unmarked,
        recovered.given_up_of,
        recovered.waited_of,
        resumed=bool(recovered.seen or recovered.given_up),
    )


def _spend_file(folder: Path) -> SpendFile | None:
    from evalkit.engine.spend_file import SpendFile  # most runs have no cap

    return SpendFile.open(folder)


def _slowed(folder: Path, observer: Observer | None, what: str) -> None:
    """Keep in run.json what holds requests back, at once: a session that is killed says it too."""
    known = runs.open_facts(folder).slowed_by
    if what not in known:
        runs.update_facts(folder, RunFacts(slowed_by=(*known, what)))
    if observer is not None and what.startswith(CAP):
        observer.note(
            f"{what}: requests wait for room below it, so that fewer are open than run.in_flight says: a gate decides "
            "on no times of this run. It has room for all where it holds the worst case of run.in_flight requests"
        )


def _broken_off(folder: Path, runner: Runner, spend_file: SpendFile | None) -> None:
    """What run.json says of a session that an error ended."""
    if (folder / runs.FACTS).exists():  # not when the folder itself is what was lost
        runs.update_facts(folder, RunFacts(status="incomplete", spent_usd=runner.budget.spent))
    if spend_file is not None:
        spend_file.close(done=False)  # it knows the judges' money too


def _note_taken_out(observer: Observer | None, result: RunResult) -> None:
    if observer is None:
        return
    for task, found in result.taken_out.items():
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in sorted(found.items()))
        observer.note(f"{task}: redacted in what its live server said: {kinds}")


class _Kept:
    """An observer that also writes into run.json which models are given up, while the run still goes on: who looks at
    it from elsewhere sees more than that no answer comes."""

    def __init__(self, folder: Path, shown: Observer, look: Callable[[], None]) -> None:
        """`look` is called now and then, as `tick` is."""
        self._folder, self._shown, self._look = folder, shown, look
        self._reasons: tuple[str, ...] = ()
        self.row, self.waiting, self.note = shown.row, shown.waiting, shown.note

    def tick(self) -> None:
        self._look()
        self._shown.tick()

    def gave_up(self, model: str, why: str) -> None:
        self._reasons += (given_up_text(model, why),)
        runs.update_facts(self._folder, RunFacts(reasons=self._reasons))
        self._shown.gave_up(model, why)


def _note_before(observer: Observer, left: str | None, *, other_prices: bool) -> None:
    """What a person should know before anything is asked. `left`: of an unfinished run that this one does not go on
    with."""
    if left is not None:
        observer.note(left)
    if other_prices:
        observer.note(
            "prices have changed since this run began: answers in the cache keep their bill, new ones get the new "
            "prices. `evalkit price` prices the whole run anew."
        )


@contextmanager
def _step_log(plan: Plan, folder: Path, writer: str) -> Iterator[StepLog | None]:
    """Where the steps of agents go until their samples are over. None: nobody is an agent; or rows are redacted before
    they are stored, and what is redacted cannot be gone on from."""
    if plan.work.storing is not None or not any("environment" in task.identity for task in plan.work.tasks):
        yield None
        return
    from evalkit.store.step_log import StepLog  # few runs have agents

    log = StepLog.open(folder, writer)
    try:
        yield log
    finally:
        log.close()


class _Beside:
    """Seals the journal and sums up in another process (`sealing_beside`), where that is worth it."""

    OWED, OWED_UNCOMPILED = 1_000, 8_000
    """Rows that are still to come when it is started: it takes a quarter of a second of processor time to begin, and a
    whole one where the libraries have no byte code."""

    def __init__(self, folder: Path, *, wanted: bool) -> None:
        self._folder, self._wanted = folder, wanted
        self._process: SealingBeside | None = None
        self._starting: threading.Thread | None = None

    def follow(self, log: journal.Journal, n_owed: int) -> None:
        """Say which journal it is, and how many rows it will have."""
        self._log, self._n_owed = log, n_owed

    def look(self) -> None:
        """Start the process when it is time, in a thread, since requests are timed. Called while models are asked: a
        run that is over before the first look needs no process."""
        if self._wanted:
            self._wanted = False
            owed = self._n_owed - self._log.n_rows
            if owed >= self.OWED:
                self._starting = threading.Thread(target=self._start, args=(owed,), daemon=True)
                self._starting.start()

    def _start(self, owed: int) -> None:
        if owed < self.OWED_UNCOMPILED and not has_byte_code("pyarrow"):
            return
        from evalkit.store.sealing_beside import SealingBeside

        self._process = SealingBeside.start(self._folder, self._log.path)

    def say_end(self) -> bool:
        """Every row is journaled; whether there is a process that hears it."""
        self._wanted = False
        if self._starting is not None:
            self._starting.join()
        if self._process is not None:
            self._process.say_end()
        return self._process is not None

    def finish(self) -> Drafted | None:
        """What it has made of the whole journal; None where that is nothing."""
        return None if self._process is None else self._process.finish()

    def sum_up(self) -> tuple[bytes, bytes] | None:
        """What is to be kept of the run's figures; None where it has computed none."""
        return None if self._process is None else self._process.sum_up()

    def __enter__(self) -> _Beside:
        return self

    def __exit__(self, *_: object) -> None:
        self._wanted = False
        if self._starting is not None:
            self._starting.join()
        if self._process is not None:
            self._process.end()


async def _asked(
    plan: Plan,
    folder: Path,
    log: journal.Journal,
    runner: Runner,
    cache: AnswerCache | None,
    watch_judges: Callable[[Work, Recovered], Observer] | None,
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
        plan, folder, log, drive, cache=cache, watch=watch_judges, spent=spent, spend_file=spend_file
    )
    return _with_judges(result, judging.result), judging.ended_by, judging.spent_usd


def _with_judges(asked: RunResult, judged: RunResult) -> RunResult:
    """How the whole session ended: what went wrong with the models, then with their judges."""
    reasons = tuple(dict.fromkeys([*asked.reasons, *judged.reasons]))
    return replace(asked, interrupted=judged.interrupted, reasons=reasons, errors=asked.errors | judged.errors)


def _folder(plan: Plan, place: RunPlace) -> tuple[Path, str | None]:
    """The folder of the run, and a sentence about an unfinished one that git keeps, where there is one."""
    if place.resume is not None:
        return named_run(plan, place.resume, place.results), None
    name = plan.suite.file.name
    unfinished = None if place.new else runs.find_incomplete(place.results, name, plan.digest)
    if unfinished is None and not place.new and any(place.results.glob("*/" + runs.FACTS)):
        from evalkit.engine.resumption import mended_run

        unfinished = mended_run(plan, place.results)
    if unfinished is None or not runs.brought_along(unfinished):
        return unfinished or runs.create_run(place.results, name, plan.digest, plan.facts), None
    return runs.create_run(place.results, name, plan.digest, plan.facts), (
        f"{unfinished.name} is not resumed: git keeps it, and a pull request may have brought its answers along. A new "
        f"run begins; --resume {unfinished.name} goes on with it all the same."
    )
