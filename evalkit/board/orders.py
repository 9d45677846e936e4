"""Runs that are started from the page: who may, which suites, and the children that carry them out.

    code = allow(Path("suites"))        # by `evalkit board --allow-runs DIR` alone; without it nothing here starts
    plan = planned(Order("support.yaml", "2.50"))    # a child says what it would take; nothing is sent
    start(plan, "Mira")                              # another child, `evalkit run --planned DIGEST`
    stop_all(print)                                  # when the board ends

The board itself holds no adapter: both children are the command line, with the environment of whoever started the
board, and so with the same keys. A run is refused where suite, data, receivers or prices have changed since the plan,
and a plan is good for one start.
"""

from __future__ import annotations

import hmac
import os
import secrets
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, cast

import orjson

from evalkit import child
from evalkit.cost.reports import PlanReport
from evalkit.errors import UserError
from evalkit.facts.run import STARTED_BY
from evalkit.paths import refuse_led_astray
from evalkit.store.run_lock import holder
from evalkit.store.runs import list_runs
from evalkit.suite.loading import yaml_files
from evalkit.text.escape import visible

MOST = 4
"""Runs from the page at once."""
_PLAN_S = 600.0
_END_S = 20.0
"""How long a run may take to wait for its answers and seal its folder, when the board ends."""
_SAID = 8_000
"""Bytes of what a child said last that are shown."""
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Of a code: none that is taken for another."""
_WRONG_S = 1.0


class NotStarted(Exception):
    """Why nothing was planned or started, for a person."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to run."""

    suite: str
    """Name of a file in the folder of suites."""
    max_cost_usd: str
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan that somebody reads before the button."""

    order: Order
    report: PlanReport
    n_starts: int
    """Starts of this suite before the plan was made: after another one it is no longer good."""


@dataclass(slots=True)
class StartedRun:
    """A run that was started from the page."""

    order: Order
    by: str
    at: datetime
    process: child.Process[bytes]
    said: IO[bytes]
    n_stops: int = 0
    code: int | None = None
    """Its exit code, 128 and more for a signal; None while it runs."""
    run: str | None = None
    """Its folder's name, once it has one."""

    key: str = field(default_factory=lambda: secrets.token_hex(8))
    """Names it in every page that shows it, wherever it stands in the list by then."""

    @property
    def can_go_on(self) -> bool:
        """Whether it ended before its run was complete."""
        return self.code is not None and (self.code == 4 or self.code > 128)


@dataclass(slots=True)
class _Desk:
    folder: Path
    code: str
    jobs: list[StartedRun] = field(default_factory=list)
    n_starts: dict[str, int] = field(default_factory=dict)


_desk: _Desk | None = None
_lock = threading.RLock()
_guessing = threading.Lock()
_planning = threading.Lock()
"""One plan at a time: reading a large suite takes the machine that measures."""


def allow(folder: Path) -> str:
    """Let the page start suites of this folder from here on; the code that says so. Raises UserError for no folder,
    or one that a link of a checkout leads to (`paths`)."""
    global _desk  # noqa: PLW0603  # one board in a process, and no setting of a checkout may say it
    if not folder.is_dir():
        raise UserError(f"--allow-runs {folder}: there is no such folder. Name the one that holds your suites.")
    refuse_led_astray(folder)
    code = "".join(secrets.choice(_LETTERS) for _ in range(8))
    _desk = _Desk(folder.resolve(), f"{code[:4]}-{code[4:]}")
    return _desk.code


def allowed() -> bool:
    """Whether the board was started with leave to start runs."""
    return _desk is not None


def folder() -> Path:
    """Where the suites are."""
    return _opened().folder


def is_code(typed: str) -> bool:
    """Whether it is the code of the terminal. A wrong one takes a second, one after the other."""
    wanted = _opened().code.replace("-", "")
    given = "".join(letter for letter in typed.upper() if letter.isalnum())
    with _guessing:
        if hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            return True
        time.sleep(_WRONG_S)
    return False


def suites() -> list[str]:
    """Names of the suite files. Links that lead out of the folder are none."""
    home = _opened().folder
    with suppress(OSError):
        return [
            one.path.name
            for one in yaml_files(home)
            if one.left_out is None and one.path.resolve().is_relative_to(home) and one.path.is_file()
        ]
    return []


def planned(order: Order, results: Path) -> Planned:
    """What a run would take. Sends nothing. Raises NotStarted with what `evalkit plan` says against it."""
    with _lock:
        n_starts = _opened().n_starts.get(order.suite, 0)
    with _planning, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as said:
        process = _child(["plan", *_arguments(order, results), "--json"], out, said)
        try:
            code = process.wait(_PLAN_S)
        except child.Slow:
            raise NotStarted(f"The plan was not made within {_PLAN_S:g} s.") from None
        finally:
            child.end(process)
        if code != 0:
            raise NotStarted(_tail(said) or f"evalkit plan ended with {code}.")
        out.seek(0)
        try:
            report = cast(PlanReport, orjson.loads(out.read(child.MOST_BYTES)))
        except ValueError:
            raise NotStarted("What evalkit plan said cannot be read.") from None
    return Planned(order, report, n_starts)


def start(plan: Planned, by: str, results: Path) -> StartedRun:
    """Start the run of a plan. Raises NotStarted where it runs already, the plan is old, or too many run."""
    order = plan.order
    with _lock:
        desk = _opened()
        every = jobs(results)
        live = [job for job in every if job.code is None]
        if any(job.order.suite == order.suite for job in live):
            raise NotStarted("This suite is running already: stop it first, or wait until it is done.")
        if desk.n_starts.get(order.suite, 0) != plan.n_starts:
            raise NotStarted("Somebody has started this suite since the plan was made. Plan it again.")
        if len(live) >= MOST:
            raise NotStarted(f"{MOST} runs are going on, and no more are started from the page.")
        name = plan.report["continues"]
        if name is not None and any(info.name == name and info.status == "running" for info in list_runs(results)):
            raise NotStarted(f"Another process is writing {name}. Wait until it ends.")
        said = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115  # it lives as long as the job
        arguments = ["run", *_arguments(order, results), "--planned", plan.report["digest"], "--json"]
        process = _child(arguments, None, said, by)
        job = StartedRun(order, by, datetime.now(UTC), process, said)
        for earlier in every:
            if earlier.order.suite == order.suite:
                forget(earlier)
        desk.jobs.append(job)
        desk.n_starts[order.suite] = plan.n_starts + 1
        return job


def jobs(results: Path) -> list[StartedRun]:
    """Runs that were started here, the newest first, as they are now."""
    with _lock:
        found = _desk.jobs if _desk is not None else []
        for job in found:
            if job.code is None:
                job.run = job.run or _run_of(results, job.process.pid)
                job.code = _exit_code(job.process) if child.has_ended(job.process) else None
                if job.code == 1 and job.n_stops and job.run is None:
                    job.code = 130  # stopped while Python itself started, which ends with 1
        return found[::-1]


def stop(job: StartedRun) -> None:
    """As Ctrl-C in its terminal: the answers under way are waited for; a second time they are not."""
    with _lock:
        if not child.has_ended(job.process):
            job.n_stops += 1
            job.process.send_signal(signal.SIGINT)


def forget(job: StartedRun) -> None:
    """Leave an ended one out of the list."""
    with _lock:
        if _desk is not None and job in _desk.jobs and child.has_ended(job.process):
            job.said.close()
            _desk.jobs.remove(job)


def last_words(job: StartedRun) -> str:
    """What it said against its run, without notes and progress, or else all that it said; escaped."""
    with _lock:
        said = "" if job.said.closed else _tail(job.said)
    before, found, after = f"\n{said}".partition("\nevalkit: ")
    return after if found else before.strip()


def stop_all(tell: Callable[[str], None]) -> None:
    """End what runs, when the board does, and say what came of it. Also what does not end here ends then: by its pipe
    it hears that nobody is there."""
    with _lock:
        every = [*(_desk.jobs if _desk is not None else ())]
        live = [job for job in every if not child.has_ended(job.process)]
    if live:
        _end(live, tell)
    for job in every:
        forget(job)


def _end(live: list[StartedRun], tell: Callable[[str], None]) -> None:
    names = ", ".join(visible(job.order.suite, limit=80) for job in live)
    tell(f"evalkit: stopping what was started from the page: {names}")
    for job in live:
        stop(job)
    deadline = time.monotonic() + _END_S
    try:
        while time.monotonic() < deadline and not all(child.has_ended(job.process) for job in live):
            time.sleep(0.1)
    except KeyboardInterrupt:
        for job in live:
            stop(job)
    for job in live:
        suite = visible(job.order.suite, limit=80)
        ended = child.has_ended(job.process)
        how = "has ended; what was answered is kept" if ended else f"still ends (process {job.process.pid})"
        tell(f"evalkit: {suite} {how}; the same run from the page, or evalkit run, resumes it.")


def _opened() -> _Desk:
    if _desk is None:
        raise NotStarted("The board was started without --allow-runs.")
    return _desk


def _arguments(order: Order, results: Path) -> list[str]:
    """The suite as an absolute path, so that no name of a file is read as an option. Raises NotStarted."""
    if order.suite not in suites():
        raise NotStarted("This suite is no longer in the folder.")
    path = _opened().folder / order.suite
    cut = [] if order.limit is None else ["--limit", str(order.limit)]
    return [str(path), "--results", str(results.absolute()), "--max-cost", order.max_cost_usd, *cut]


def _child(arguments: list[str], out: IO[bytes] | None, said: IO[bytes], by: str | None = None) -> child.Process[bytes]:
    """`by`: the address of who is signed in; None or empty: nobody is."""
    environment = {name: value for name, value in os.environ.items() if name != STARTED_BY}
    environment |= {STARTED_BY: by} if by else {}
    try:
        return child.start(
            child.function("evalkit.cli.held:main", *arguments),
            stdin=child.PIPE,  # held open: when the board is gone, the child hears it
            stdout=out if out is not None else child.DEVNULL,
            stderr=said,
            environment=environment,  # the keys of whoever started the board, as on the command line
        )
    except child.ChildFailed as error:
        raise NotStarted(str(error)) from error


def _exit_code(process: child.Process[bytes]) -> int:
    """As a shell says it, also of one that a signal ended before it could hear it."""
    code: int = process.returncode
    return code if code >= 0 else 128 - code


def _run_of(results: Path, process: int) -> str | None:
    """The run folder that a process is writing."""
    for info in list_runs(results):
        if info.status == "running" and holder(info.path) == process:
            return info.name
    return None


def _tail(said: IO[bytes]) -> str:
    size = os.fstat(said.fileno()).st_size
    text = os.pread(said.fileno(), _SAID, max(0, size - _SAID)).decode("utf-8", "replace")
    return visible(text.strip(), limit=_SAID, lines=True)
