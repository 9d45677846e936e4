"""The second half of a run with judges: every stored answer is shown to its judges, then scored by what they said.

    done = await run_judges(plan, folder, log, drive, cache=cache, watch=watch, spent=spent)

Judges are asked through the same machinery as models (limiter, retries, cache, budget); their rows live in the run's
folder `judging` (`store.judge_files`), and a resumed run asks only for what is missing. An answer whose judge could not
be reached has no score yet; a verdict that came and cannot be read leaves that judge out of the mean.

Judged answers can be scored again by what their judges said at the time; nobody is asked:

    judged = StoredVerdicts.of(folder, suite, tasks)
    judged.score(row, sample)             # the row under the suite's scale or verdicts of today

A verdict is found by everything that the judge was shown, so a changed prompt finds none, and a changed judge is
refused: either would need new verdicts, and rescoring buys nothing.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.engine.judging.panel import JudgedTask, Panel, place, written_settings
from evalkit.engine.judging.verdicts import (
    TIE,
    JudgedAnswer,
    Verdicts,
    answers_of,
    item_of,
    others_of,
    questions,
    rescored_rows,
    score_of,
    transcript_of,
    unread,
    verdicts_of,
)
from evalkit.engine.rows import with_score
from evalkit.engine.runner import Runner
from evalkit.engine.spend_file import SpendFile
from evalkit.engine.stored import stored_facts
from evalkit.engine.work import EarlierSessions, Observer, PlannedTask, RunFiles, RunResult, Work
from evalkit.errors import SuiteError
from evalkit.facts import Identity, JudgeIdentity, RunFacts, SuiteFacts, TaskFacts, parse
from evalkit.facts.base import Json, json_map
from evalkit.facts.tasks import LabelFacts
from evalkit.records import Row, Sample
from evalkit.scorers.registry import make_scorer
from evalkit.store import integrity, journal, judge_files, runs, sealing, sent_log, summary
from evalkit.store.damage import refuse_damage
from evalkit.store.row_codec import Key
from evalkit.store.transcript import transcript
from evalkit.suite.judge_task import READER, Judging, compile_judging
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

if TYPE_CHECKING:
    from evalkit.engine.answer_cache import AnswerCache
    from evalkit.engine.driving import Drive
    from evalkit.engine.plan import Plan


@dataclass(frozen=True, slots=True)
class JudgingResult:
    """What judging came to."""

    result: RunResult
    ended_by: signal.Signals | None
    spent_usd: Decimal
    """By the whole run so far, its models included."""


async def run_judges(
    plan: Plan,
    folder: Path,
    log: journal.Journal,
    drive: Drive,
    *,
    cache: AnswerCache | None,
    watch: Callable[[Work, journal.Recovered], Observer] | None,
    spent: Decimal,
    spend_file: SpendFile | None = None,
) -> JudgingResult:
    """Run the outstanding requests to the plan's judges, then journal the scores of the answers.

    `watch` is told how many requests there are, and how many of them were answered before. Raises StoreError or
    RunIncomplete as a run does; what was written is kept.
    """
    panel = plan.panel
    assert panel is not None  # somebody judges
    counts: Counter[str] = Counter()
    for answer in answers_of(folder, panel.tasks):
        counts[answer.task.name] += sum(1 for _ in questions(answer))
    work = _work(plan, panel, folder, counts)
    inner = judge_files.open_judging(folder, _facts(plan, work))
    recovered = journal.recover(inner)
    observer = watch(work, recovered) if watch is not None else None
    with journal.Journal.open(inner, f"{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S}") as own:
        runner = Runner(
            work,
            own,
            before=EarlierSessions(recovered.is_done, spent=spent, given_up=partial(_drawn_before, recovered)),
            files=RunFiles(inner, cache, spend_file),
            observer=observer,
        )
        result, ended_by = await drive(runner)
        own.verify()
    sealing.seal(inner)
    whole = not result.interrupted and not result.reasons
    if whole:
        sent_log.forget(inner)
    status = "complete" if whole else "interrupted" if result.interrupted else "incomplete"
    labels = _keep_labels(folder, inner, panel)
    facts = RunFacts(status=status, reasons=result.reasons, lanes=result.lanes, labels=labels)
    runs.update_facts(inner, facts.with_changes(stored_facts(plan.facts, inner, plan.work.storing)))
    summary.write_summary(inner)
    verdicts = verdicts_of(inner, {name: task.verdict for name, task in panel.tasks.items()})
    judged = RunFacts(judges_served=served(inner), judges_unread=unread(inner, verdicts))
    runs.update_facts(folder, judged.with_changes(RunFacts(sealed=integrity.with_inner(folder, inner))))
    if not result.interrupted:
        for row in rescored_rows(folder, panel.tasks, verdicts):
            log.append(row)
    return JudgingResult(result, ended_by, runner.budget.spent)


def _drawn_before(recovered: journal.Recovered, key: Key) -> int:
    """Verdicts in whose place another one comes: given up, or drawn and unreadable."""
    return recovered.given_up_of(key) + recovered.is_unmarked(key)


def served(inner: Path) -> dict[str, tuple[str, ...]]:
    """By judge: the models that its endpoint says answered."""
    found: dict[str, set[str]] = {}
    for row in sealing.rows_of(inner):
        if row.served_model is not None:
            found.setdefault(row.model, set()).add(row.served_model)
    return {name: tuple(sorted(models)) for name, models in sorted(found.items())}


def _keep_labels(folder: Path, inner: Path, panel: Panel) -> dict[str, LabelFacts]:
    """Keep what the tasks' labels say of the answers of this run; for the facts: how many are about other answers."""
    kept: list[tuple[Key, float]] = []
    about: dict[str, LabelFacts] = {}
    compared: dict[Key, float] = {}
    labelled = {name: task for name, task in panel.tasks.items() if task.labels}
    for answer in answers_of(folder, labelled) if labelled else ():
        label = answer.task.labels.get(f"{place(answer.row, answer.row.repeat)}/{answer.row.model}")
        if label is None or answer.itself or not _says(label.answer, answer.row):
            continue
        if answer.other is not None:
            if not _says(label.other, answer.other):
                continue
            compared[answer.other.key] = TIE
        kept.append((answer.row.key, label.value))
    for name, task in labelled.items():
        about[name] = LabelFacts(n=len(task.labels), n_used=sum(key[1] == name for key, _ in kept))
    judge_files.write_labels(inner, [*kept, *compared.items()])
    return about


def _says(labelled: str | None, row: Row) -> bool:
    """Whether a label's answer is the row's, or is not said."""
    return labelled in (None, transcript(row.text, row.calls), transcript_of(row, keep=False))


def _work(plan: Plan, panel: Panel, folder: Path, counts: Mapping[str, int]) -> Work:
    def planned(task: JudgedTask) -> PlannedTask:
        def samples() -> Iterator[Sample]:
            for answer in answers_of(folder, {task.name: task}):
                yield from questions(answer)

        judge = (plan.facts.tasks or {})[task.name].identity.root["judge"]
        assert isinstance(judge, dict)  # judges score the task
        identity: dict[str, object] = dict(judge)
        nothing = dict.fromkeys(task.settings, ())
        return PlannedTask(task.name, samples, task.verdict, counts.get(task.name, 0), identity, task.settings, nothing)

    tasks = tuple(planned(task) for task in panel.tasks.values())
    return Work(panel.judges, tasks, replace(plan.work.settings, repeats=1), plan.work.storing)


def _facts(plan: Plan, work: Work) -> RunFacts:
    suite = plan.facts.suite_resolved or SuiteFacts()
    return RunFacts(
        models=plan.facts.judges,
        tasks={
            task.name: TaskFacts(n=task.n, scorer=task.scorer.name, identity=Identity(json_map(task.identity)))
            for task in work.tasks
        },
        n_rows=work.n_rows,
        suite_resolved=SuiteFacts(models=suite.judges),
        repeats=1,
    )


_WAY_OUT = (
    "Rescoring asks nobody: run the suite again (the answers come from the cache, only the judges are asked), or give "
    "the suite that the run was made from: --suite."
)


@dataclass(frozen=True, slots=True)
class StoredVerdicts:
    """The judged tasks of a run as a suite now has them, and the verdicts that are stored."""

    tasks: Mapping[str, JudgedTask]
    identities: Mapping[str, Mapping[str, object]]
    verdicts: Verdicts
    others: Mapping[tuple[str, str, int, int], Row]

    @classmethod
    def of(cls, folder: Path, suite: ResolvedSuite, tasks: Sequence[ResolvedTask]) -> StoredVerdicts:
        """Raises SuiteError where the run's verdicts are not those of the suite's judges, StoreError where their files
        are not whole."""
        if not tasks:
            return cls({}, {}, {}, {})
        refuse_damage(folder)
        inner = judge_files.judging_of(folder)
        if inner is None:
            raise SuiteError(f"{folder}: no judge was asked about its answers. {_WAY_OUT}")
        recorded = runs.open_facts(inner).tasks or {}
        judged: dict[str, JudgedTask] = {}
        identities: dict[str, Mapping[str, object]] = {}
        for task in tasks:
            judging = compile_judging(task.entry.score)
            assert judging is not None  # its scorer says that judges score it
            told = recorded.get(task.name)
            before = parse(JudgeIdentity, told.identity.root, inner / runs.FACTS).judges if told is not None else {}
            _require_same_judges(task, judging, suite, before)
            verdict = make_scorer(READER, judging.verdict)
            judged[task.name] = JudgedTask(
                task.name,
                judging,
                verdict,
                task.samples,
                {},
                keeps_reasoning=task.keeps_reasoning,
                redactor=task.redactor,
            )
            own = {name: before[name] for name in judging.by}
            identities[task.name] = {"judges": own, **judging.identity, "version": verdict.version}
        readers = {name: task.verdict for name, task in judged.items()}
        return cls(judged, identities, verdicts_of(inner, readers), others_of(folder, judged))

    def score(self, row: Row, sample: Sample) -> Row:
        """The row with the score that its stored verdicts make. Raises SuiteError where a verdict is not stored."""
        answer = JudgedAnswer(self.tasks[row.task], sample, row, self.others.get(item_of(row)))
        score = score_of(answer, self.verdicts)
        if score.value is None and row.score is not None:
            raise SuiteError(f"{row.task}: sample {row.sample_id!r} of {row.model}: {score.reason}. {_WAY_OUT}")
        return with_score(row, score)

    @staticmethod
    def facts(folder: Path, tasks: Mapping[str, TaskFacts]) -> RunFacts:
        """What run.json says of the verdicts as they are read now; nothing is set where nobody judged.

        `tasks` is what it says of the tasks now. All that judges score count, whichever were scored again: a gate looks
        at the sum.
        """
        inner = judge_files.judging_of(folder)
        if inner is None:
            return RunFacts()
        judged = {name: judge for name, told in tasks.items() if (judge := told.identity.judge) is not None}
        readers = {name: make_scorer(READER, judge.verdict) for name, judge in judged.items()}
        return RunFacts(judges_unread=unread(inner, verdicts_of(inner, readers)))

    def identity(self, task: str) -> dict[str, object]:
        """What the task's identity says of its judges; nothing for a task that scores its own."""
        return {"judge": self.identities[task]} if task in self.identities else {}

    def label(self, task: str) -> str | None:
        """The scorer as it is shown; None for a task that scores its own."""
        found = self.identities.get(task)
        return parse(JudgeIdentity, json_map(found), task).label if found is not None else None


def _require_same_judges(
    task: ResolvedTask, judging: Judging, suite: ResolvedSuite, before: Mapping[str, Json]
) -> None:
    for name in judging.by:
        if name not in before or name not in suite.judges:
            known = ", ".join(before) or "nobody"
            raise SuiteError(f"{task.at}.score: the run was judged by {known}; the suite says {name}. {_WAY_OUT}")
        entry = suite.judges[name]
        now = {
            "adapter": entry.adapter,
            "model": entry.model or "",
            "settings": written_settings(entry.settings.record()),
        }
        judge = before[name]
        had = judge if isinstance(judge, dict) else {}
        differ = [key for key, value in now.items() if had.get(key) != value]
        if differ:
            raise SuiteError(f"{task.at}.score: the judge {name} has another {', '.join(differ)} now. {_WAY_OUT}")
