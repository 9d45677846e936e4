"""How a run goes on, told to a callback: `evalkit.run(suite, progress=show)`.

def show(progress: RunProgress) -> None:
    print(f"{progress.done}/{progress.total}", progress.note or "")
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Literal

from evalkit.errors import UserError
from evalkit.python_words import in_python
from evalkit.records import Outcome, Row
from evalkit.render.progress import ModelShare
from evalkit.text import numbers

EVERY_S = 0.1
"""Seconds between two calls of the callback, notes and the last call aside."""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is."""

    phase: Literal["asking", "judging"]
    """judging: the models have answered, and judges score their answers."""
    done: int
    """Rows that are finished, those of earlier sessions included; requests to judges while judging."""
    total: int
    n_errored: int
    """Rows without a score that this session made."""
    n_cached: int
    """Answers that came from the cache."""
    spent_usd: Decimal
    """What is known to be spent in this session, in US dollars."""
    n_unpriced: int
    """Answers of this session whose cost is unknown: `spent_usd` does not contain them."""
    elapsed_s: float
    """Since the run began in this session."""
    waiting_s: float
    """How much longer a rate limit holds an endpoint up; 0.0: nothing is held up."""
    folder: Path | None
    """The run's folder; None before there is one."""
    note: str | None
    """Something a person should know, told once; None in most calls."""


ProgressCallback = Callable[[RunProgress], object]


class Reporter:
    """A `Watcher` and `Observer` that calls the callback. What the callback raises stops the run, and is in `error`."""

    def __init__(self, callback: ProgressCallback | None, stop: Callable[[], None]) -> None:
        """Raises UserError for what cannot be called as one. `stop` is called once the callback has raised."""
        if callback is not None and (not callable(callback) or inspect.iscoroutinefunction(callback)):
            raise UserError("progress is a plain function that takes a RunProgress, not an async one")
        self.error: Exception | None = None
        self._callback = callback
        self._stop = stop
        self._folder: Path | None = None
        self._begun = time.monotonic()
        self._next = 0.0
        self._waiting_until = 0.0
        self._start("asking", {})

    def asking(self, folder: Path, shares: Mapping[str, ModelShare]) -> Reporter:
        """See `Watcher`."""
        self._folder = folder
        self._start("asking", shares)
        self._tell()
        return self

    def judging(self, shares: Mapping[str, ModelShare]) -> Reporter:
        """See `Watcher`."""
        self._start("judging", shares)
        self._tell(f"judging: {numbers.plural(self._total, 'request')} to {', '.join(shares)}")
        return self

    def row(self, row: Row) -> None:
        """See `Observer`."""
        self._done += 1
        if row.outcome is Outcome.ERRORED and not row.waits:
            self._errored += 1
        elif row.spend_usd is None:
            self._unpriced += 1
        self._spent += row.spend_usd or Decimal(0)
        self._cached += row.cached
        if time.monotonic() >= self._next:
            self._tell()

    def waiting(self, lane: str, seconds: float) -> None:
        """See `Observer`."""
        self._waiting_until = max(self._waiting_until, time.monotonic() + seconds)

    def gave_up(self, model: str, why: str) -> None:
        """See `Observer`."""
        self._tell(f"{model} was given up: {why}")

    def note(self, text: str) -> None:
        """See `Observer`."""
        self._tell(text)

    def tick(self) -> None:
        """See `Observer`."""
        if time.monotonic() >= self._next:
            self._tell()

    def sealing(self) -> None:
        """See `Watcher`."""

    def ended(self) -> None:
        """See `Watcher`."""
        self._tell()

    def _start(self, phase: Literal["asking", "judging"], shares: Mapping[str, ModelShare]) -> None:
        self._phase = phase
        self._total = sum(share.n_rows for share in shares.values())
        self._done = sum(share.n_done for share in shares.values())
        if phase == "asking":
            self._errored = self._cached = self._unpriced = 0
            self._spent = Decimal(0)

    def _tell(self, note: str | None = None) -> None:
        if self._callback is None or self.error is not None:
            return
        now = time.monotonic()
        self._next = now + EVERY_S
        told = RunProgress(
            phase=self._phase,
            done=self._done,
            total=self._total,
            n_errored=self._errored,
            n_cached=self._cached,
            spent_usd=self._spent,
            n_unpriced=self._unpriced,
            elapsed_s=now - self._begun,
            waiting_s=max(0.0, self._waiting_until - now),
            folder=self._folder,
            note=None if note is None else in_python(note),
        )
        try:
            self._callback(told)
        except Exception as error:  # noqa: BLE001 - raised once the run is stored
            self.error = error
            self._stop()
