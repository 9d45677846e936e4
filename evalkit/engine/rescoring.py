"""Stored answers scored again, without asking any model: after a scorer was mended, or with another one.

    done = rescore(folder, suite, Choice(tasks=("gsm8k",), score=None))      # what changed, by task and model

Samples come from the suite as it is now, answers from the run; they meet by (task, digest, occurrence), so a suite
whose prompts changed has nothing to say about old answers. New rows supersede old ones in a new part of the run:
nothing is overwritten, and run.json tells which tasks were scored anew, when and how. Either every answer gets its new
score or nothing is written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from evalkit.adapters.awaiting import in_new_loop
from evalkit.engine.coded_tools import tasks_with_classes
from evalkit.engine.episodes import trajectory_parts
from evalkit.engine.gold_check import gold_errors
from evalkit.engine.judging.ask import StoredVerdicts
from evalkit.engine.live_tools import with_stored_tools
from evalkit.engine.plan_facts import made_by
from evalkit.engine.rows import answer_of_row, with_score
from evalkit.engine.stored import stored
from evalkit.engine.task_plan import task_scorer
from evalkit.errors import StoreError, SuiteError
from evalkit.facts import Identity, RunFacts, TaskFacts
from evalkit.facts.base import json_map
from evalkit.facts.tasks import RescoredFacts
from evalkit.records import Outcome, Row, Sample
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import score_awaited_response, score_response
from evalkit.store import integrity, run_lock, runs, sealing, summary
from evalkit.store.journal import Journal
from evalkit.suite.redaction import Redactor, make_redactor, storing_redactor
from evalkit.suite.schema import RedactEntry, ScoreEntry
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask


@dataclass(frozen=True, slots=True)
class Choice:
    """What to score again."""

    tasks: tuple[str, ...] | None = None
    """Only these tasks; None: every task of the run."""
    score: ScoreEntry | None = None
    """Instead of what the suite says now; None: as the suite says."""


@dataclass(slots=True)
class Changed:
    """One task × model."""

    task: str
    model: str
    scorer: str
    n: int = 0
    n_changed: int = 0
    before: float = 0.0
    """Sum of the scores, absent ones left out."""
    after: float = 0.0
    n_unreadable_before: int = 0
    n_unreadable_after: int = 0
    n_failed: int = 0
    """Rows without an answer (the system's fault): they stay as they are."""
    n_redacted: int = 0
    """Rows that were redacted before they were stored: the new score is of what is stored, not of what was said."""


def rescore(
    folder: Path, suite: ResolvedSuite, choice: Choice, *, preview: bool = False, allow_code: bool = False
) -> list[Changed]:
    """Mark the run's answers again and seal the new rows. Raises StoreError or SuiteError with nothing written.

    `preview`: only say what would change; the run stays as it is. `allow_code`: classes of the suite may run, in their
    cage, to carry out again what agents called.
    """
    with run_lock.lock_run(folder):
        facts = runs.open_facts(folder)
        if facts.status != "complete":
            raise StoreError(
                f"{folder} is not complete ({facts.status}): its outstanding answers would be scored the old way. "
                "Finish it first: run its suite again.",
                folder,
            )
        if (strange := integrity.strange(folder, held=True)) is not None:
            raise StoreError(f"{strange} {integrity.STRANGE}", strange)
        storing = _storing(suite, facts, folder)
        tasks = _tasks(suite, facts, choice)
        _require_same_questions(tasks, facts)
        # What is redacted in a row is not what a class returns.
        ready, _ = tasks_with_classes(tuple(tasks.values()), allow=allow_code, held=storing is None)
        tasks = dict(zip(tasks, ready, strict=True))
        scorers = {name: _scorer(task) for name, task in tasks.items()}
        judged = StoredVerdicts.of(folder, suite, [task for task in tasks.values() if scorers[task.name].later])
        changed: dict[tuple[str, str], Changed] = {}
        rows = list(_rescored(folder, tasks, scorers, judged, changed, storing))
        _refuse_absent(folder, rows)
        if preview or not changed:
            return list(changed.values())
        with Journal.open(folder, f"rescore-{os.getpid()}") as journal:
            for row in rows:
                journal.append(row)
            journal.sync()
            journal.verify()
        sealing.seal(folder)
        _record(folder, facts, tasks, scorers, judged, changed)
        summary.write_summary(folder)
        return list(changed.values())


def _tasks(suite: ResolvedSuite, facts: RunFacts, choice: Choice) -> dict[str, ResolvedTask]:
    """The suite's tasks that are to be scored, the new score in place."""
    known = {task.name: task for task in suite.tasks}
    asked = facts.tasks or {}
    names = choice.tasks or tuple(asked)
    missing = [name for name in names if name not in asked]
    if missing:
        raise SuiteError([f"the run has no task {name!r}; it has {', '.join(asked)}" for name in missing])
    gone = [name for name in names if name not in known]
    if gone:
        raise SuiteError([f"{suite.path}: the run's task {name!r} is not in this suite: give the suite it was run from "
                          "(--suite), or name other tasks (--tasks)" for name in gone])  # fmt: skip
    servers = {name: told.tool_server for name, told in asked.items()}
    known = {name: with_stored_tools(known[name], server.tools if (server := servers[name]) else ()) for name in names}
    return {
        name: known[name]
        if choice.score is None
        else replace(known[name], entry=known[name].entry.model_copy(update={"score": choice.score}))
        for name in names
    }


_ASKED = ("messages", "choices", "shots", "mode")
"""What of a task's identity decides the question; the rest says how it is scored, or which samples are asked."""
_OPTIONAL = ("permute", "turns", "tools", "interface", "environment")
"""The same, written only where a task has them."""


def _require_same_questions(tasks: Mapping[str, ResolvedTask], facts: RunFacts) -> None:
    """Raises SuiteError where the suite would now ask something else: its samples are not the run's."""
    complaints = []
    for name, task in tasks.items():
        before, now = (facts.tasks or {})[name].identity.root, task.identity
        differ = [key for key in _ASKED if key in before and before[key] != now.get(key)]
        differ += [key for key in _OPTIONAL if before.get(key) != now.get(key)]
        if differ:
            complaints.append(
                f"{task.at}: the run asked this with other {', '.join(differ)}: its answers are to other questions. "
                "Give the suite that the run was made from (--suite), or run this one anew."
            )
    if complaints:
        raise SuiteError(complaints)


def _scorer(task: ResolvedTask) -> Scorer:
    """The task's scorer, once it gives 1.0 on its own gold."""
    try:
        scorer = task_scorer(task)
    except SuiteError as error:
        raise SuiteError([f"{task.at}.score: {complaint}" for complaint in error.complaints]) from error
    if (scorer.options or {}).get("mode") == "first_token":
        raise SuiteError(
            f"{task.at}.score: first-token probabilities are not kept with a run: it cannot be scored again"
        )
    complaints = gold_errors(task, scorer)
    if complaints:
        raise SuiteError(complaints)
    return scorer


def _rescored(
    folder: Path,
    tasks: Mapping[str, ResolvedTask],
    scorers: Mapping[str, Scorer],
    judged: StoredVerdicts,
    changed: dict[tuple[str, str], Changed],
    storing: Redactor | None,
) -> Iterator[Row]:
    """The new row of every answer; `changed` is filled on the way."""
    samples = {name: {(s.digest, s.occurrence): s for s in task.samples()} for name, task in tasks.items()}
    for row in sealing.rows_of(folder):
        if row.task not in tasks:
            continue
        scorer = scorers[row.task]
        found = changed.setdefault((row.task, row.model), Changed(row.task, row.model, scorer.name))
        if row.error_kind is not None:
            found.n_failed += 1
            continue
        sample = samples[row.task].get((row.sample_digest, row.occurrence))
        if sample is None:
            raise SuiteError(
                f"{tasks[row.task].at}: sample {row.sample_id!r} of the run is not asked by this suite any more (its "
                "prompt or data changed, or this evalkit's redact finds more in it): its answer cannot be scored. Give "
                "the suite the run was made from (--suite), or run it anew: what is unchanged comes from the cache."
            )
        if sample.turn > 1:  # what the model had said by then is known to the run alone
            sample = replace(sample, messages=row.prompt)
        marked = _score(row, sample, scorer)
        if marked.waits:
            marked = judged.score(row, sample)
        if marked.outcome is Outcome.ERRORED and row.outcome is Outcome.ERRORED:
            found.n_failed += 1  # it had no score before and has none now
            continue
        found.n += 1
        found.n_changed += (marked.score, marked.outcome) != (row.score, row.outcome)
        found.before += row.score or 0.0
        found.after += marked.score or 0.0
        found.n_unreadable_before += row.outcome is Outcome.UNPARSEABLE
        found.n_unreadable_after += marked.outcome is Outcome.UNPARSEABLE
        found.n_redacted += row.redacted is not None
        yield marked if storing is None else stored(marked, storing)


def _storing(suite: ResolvedSuite, facts: RunFacts, folder: Path) -> Redactor | None:
    """What was taken out of the run's rows, or else what the suite takes out now (right answers come from it). Raises
    StoreError for what cannot be taken out."""
    told = facts.redaction
    if told is not None and "storing" in told.where:
        said = {"what": told.what, "patterns": told.patterns, "countries": told.countries or ()}
        try:
            return make_redactor(RedactEntry.model_validate(said))
        except (SuiteError, ValueError) as error:
            why = str(error).splitlines()[0]
            raise StoreError(
                f"{folder.name}/run.json says in `redaction` what this version of evalkit cannot take out ({why}), so "
                "its rows would be stored otherwise than they were.",
                folder,
            ) from error
    return storing_redactor(suite.file.redact)


def _score(row: Row, sample: Sample, scorer: Scorer) -> Row:
    response = answer_of_row(row)
    if scorer.awaited is None:
        score = score_response(sample, response, scorer)
    else:
        score = in_new_loop(score_awaited_response(sample, response, scorer))
    return with_score(row, score, sample, None if row.steps is None else trajectory_parts(sample, row.steps))


def _refuse_absent(folder: Path, rows: list[Row]) -> None:
    """An absent score would not supersede the old one, and the run would stand half in one scorer, half in another."""
    absent = [row for row in rows if row.outcome is Outcome.ERRORED]
    if absent:
        raise StoreError(
            f"{len(absent)} of {len(rows)} answers in {folder} have no score under the new scorer, so nothing was "
            f"changed. The first: sample {absent[0].sample_id!r} of {absent[0].task}: {absent[0].reason}",
            folder,
        )


def _record(
    folder: Path,
    facts: RunFacts,
    tasks: Mapping[str, ResolvedTask],
    scorers: Mapping[str, Scorer],
    judged: StoredVerdicts,
    changed: Mapping[tuple[str, str], Changed],
) -> None:
    """Write into run.json how the tasks are scored now, what their identity was before, and how many of the answers
    had been redacted."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    described = dict(facts.tasks or {})
    history = list(facts.rescored)
    for name, task in tasks.items():
        n_redacted = sum(one.n_redacted for one in changed.values() if one.task == name)
        had = described[name]
        content = {
            **task.identity,
            **scorers[name].identity,
            "limit": had.identity.root.get("limit"),
            **judged.identity(name),
        }
        identity = Identity(json_map(content))
        if identity != had.identity:
            before = RescoredFacts(at=now, task=name, scorer_before=had.scorer, identity_before=had.identity)
            history.append(before)
        scored = TaskFacts(
            identity=identity,
            scorer=judged.label(name) or scorers[name].name,
            marked_by_data=task.data.fingerprint(),  # right answers may differ where questions do not
        )
        if n_redacted:
            scored = scored.with_changes(TaskFacts(marked_redacted=n_redacted))
        kept = had.only(had.model_fields_set - {"scorer_plugin"})
        described[name] = kept.with_changes(made_by(task)).with_changes(scored)
    changes = RunFacts(tasks=described, rescored=tuple(history))
    runs.update_facts(folder, changes.with_changes(judged.facts(folder, described)))
