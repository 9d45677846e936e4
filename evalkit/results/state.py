"""How far a run is: asking its models, being judged, stopped on the way, or complete.

    state_of(folder)                 # RunState("running", "judging", 474, 1032)
    str(state_of(folder))            # "judging 474 of 1,032"

A run whose judges still work has all its answers and few of its marks: it is neither complete nor full of errors.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from evalkit.errors import StoreError
from evalkit.facts import RunFacts, Summary
from evalkit.frozen import dataclass
from evalkit.results.facts import read_facts
from evalkit.results.summary import read_summary
from evalkit.store import judge_files, run_lock
from evalkit.store.run_cut import part_of
from evalkit.text import numbers
from evalkit.text.given_up import why_given_up


@dataclass(frozen=True, slots=True)
class RunState:
    """How far a run is."""

    status: str
    """complete, incomplete, running, interrupted, or unknown."""
    phase: Literal["asking", "judging"]
    """Who is asked, or was when it stopped."""
    n: int
    """Answers, or verdicts while it is being judged."""
    total: int | None
    """None: the run does not say."""
    n_failed: int = 0
    """Of n, requests that brought no answer; 0 while it is being judged."""
    part: str | None = None
    """What a complete run was cut to, or who was stopped early in it; None: it has the whole suite."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is owed."""
        return self.status == "complete"

    @property
    def progress(self) -> str:
        """ "474 of 1,032"; the number alone where the whole is not known."""
        return numbers.count(self.n) + (f" of {numbers.count(self.total)}" if self.total is not None else "")

    def __str__(self) -> str:
        if self.is_complete or self.status == "unknown":
            return f"{self.status} ({self.part})" if self.part else self.status
        if self.status == "running":
            return f"{'judging' if self.phase == 'judging' else 'running:'} {self.progress}"
        if self.phase == "judging":
            return f"{self.status}: judged {self.progress}"
        if not self.n_failed:
            return f"{self.status}: {self.progress} answers"
        came = replace(self, n=self.n - self.n_failed).progress
        return f"{self.status}: {came} answers, {numbers.count(self.n_failed)} failed"


def rows_of_each(facts: RunFacts) -> int | None:
    """Rows that a run wants of each of its models; None: it does not say."""
    return facts.n_rows // len(facts.models) if facts.n_rows and facts.models else None


def given_up_rows(facts: RunFacts, summary: Summary) -> int:
    """Rows that will not come, because their models are asked no further in this session of the run."""
    each = rows_of_each(facts) or 0
    there = {name: summary.models[name].all.n if name in summary.models else 0 for name in facts.models or ()}
    return sum(max(0, each - n) for name, n in there.items() if why_given_up(name, facts.reasons) is not None)


def state_of(folder: Path, facts: RunFacts | None = None, summary: Summary | None = None) -> RunState:
    """The state of a run. `facts` and `summary`: what the caller has read already.

    Raises StoreError where the run cannot be read.
    """
    facts = facts or read_facts(folder)
    status = facts.status or "unknown"
    if status == "running" and not run_lock.is_locked(folder):
        status = "interrupted"
    if status == "complete":
        stopped = facts.stopped_early.candidates if facts.stopped_early is not None else ()
        part = part_of(facts.cut_by_limit, facts.cut_by_tasks, stopped)
        return RunState(status, "asking", facts.n_rows or 0, facts.n_rows, part=part)
    summary = summary or read_summary(folder, facts)
    n = summary.n_rows
    inner = judge_files.judging_of(folder)
    if inner is not None and n + given_up_rows(facts, summary) >= (
        facts.n_rows or 0
    ):  # else its models are asked again, of an earlier session's rest
        try:
            verdicts = read_facts(inner).n_rows
            done = read_summary(inner).n_rows
        except StoreError:
            verdicts, done = None, 0
        return RunState(status, "judging", done, verdicts)
    failed = sum(one.all.n_failed for one in summary.models.values())
    return RunState(status, "asking", n, facts.n_rows, failed)
