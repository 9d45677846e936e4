"""The second half of a run with judges: every stored answer is shown to its judges, then scored by what they said.

    done = await run_judges(plan, panel, folder, log, drive, cache=cache, watch=watch, spent=spent)

Judges are asked through the same machinery as models (limiter, retries, cache, budget); their rows live in the run's
folder `judging` (`store.judge_files`), and a resumed run asks only for what is missing. An answer whose judge could not
be reached has no score yet; a verdict that came and cannot be read leaves that judge out of the mean.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalkit.engine.judging.panel import JudgedTask, Panel
from evalkit.engine.judging.verdicts import (
    answers_of,
    place,
    questions,
    rescored_rows,
    transcript_of,
    unread,
    verdicts_of,
)
from evalkit.engine.ledger import AnswerCache
from evalkit.engine.runner import Runner, RunResult
from evalkit.engine.spend_file import SpendFile
from evalkit.engine.stored import stored_facts
from evalkit.engine.work import Observer, PlannedTask, Work
from evalkit.records import Sample
from evalkit.store import journal, judge_files, runs, sealing, summary
from evalkit.store.row_codec import Key
from evalkit.store.transcript import transcript

if TYPE_CHECKING:
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
    panel: Panel,
    folder: Path,
    log: journal.Journal,
    drive: Drive,
    *,
    cache: AnswerCache | None,
    watch: Callable[[int, int], Observer] | None,
    spent: Decimal,
    spend_file: SpendFile | None = None,
) -> JudgingResult:
    """Ask the judges what is owed, then journal the scores of the answers. `watch` is told how many requests there are,
    and how many of them were answered before.

    Raises StoreError or RunIncomplete as a run does; what was written is kept.
    """
    counts: Counter[str] = Counter()
    for answer in answers_of(folder, panel.tasks):
        counts[answer.task.name] += sum(1 for _ in questions(answer))
    work = _work(plan, panel, folder, counts)
    inner = judge_files.open_judging(folder, _facts(plan, panel, work))
    recovered = journal.recover(inner)
    observer = watch(work.n_rows, recovered.n_done) if watch is not None else None
    with journal.Journal.open(inner, f"{os.getpid()}-{datetime.now(UTC):%Y%m%dT%H%M%S}") as own:
        runner = Runner(
            work,
            own,
            done=recovered.is_done,
            cache=cache,
            observer=observer,
            spent=spent,
            folder=inner,
            spend_file=spend_file,
        )
        result, ended_by = await drive(runner)
    sealing.seal(inner)
    whole = not result.interrupted and not result.reasons
    status = "complete" if whole else "interrupted" if result.interrupted else "incomplete"
    runs.update_facts(
        inner,
        status=status,
        reasons=list(result.reasons),
        lanes={name: lane.as_json() for name, lane in result.lanes.items()},
        **_keep_labels(folder, inner, panel),
        **stored_facts(plan.facts, inner, plan.work.storing),
    )
    summary.write_summary(inner)
    verdicts = verdicts_of(inner, {name: task.verdict for name, task in panel.tasks.items()})
    runs.update_facts(folder, judges_served=served(inner), judges_unread=unread(inner, verdicts))
    if not result.interrupted:
        for row in rescored_rows(folder, panel.tasks, verdicts):
            log.append(row)
    return JudgingResult(result, ended_by, runner.budget.spent)


def served(inner: Path) -> dict[str, list[str]]:
    """By judge: the models that its endpoint says answered."""
    found: dict[str, set[str]] = {}
    for row in sealing.rows_of(inner):
        if row.served_model is not None:
            found.setdefault(row.model, set()).add(row.served_model)
    return {name: sorted(models) for name, models in sorted(found.items())}


def _keep_labels(folder: Path, inner: Path, panel: Panel) -> dict[str, Any]:
    """Keep what the tasks' labels say of the answers of this run; for the facts: how many are about other answers."""
    kept: list[tuple[Key, float]] = []
    about: dict[str, dict[str, int]] = {}
    labelled = {name: task for name, task in panel.tasks.items() if task.labels}
    for answer in answers_of(folder, labelled) if labelled else ():
        label = answer.task.labels.get(f"{place(answer.row)}/{answer.row.model}")
        if label is not None and label.answer in (
            None,
            transcript(answer.row.text, answer.row.calls),
            transcript_of(answer.row, keep=False),
        ):
            kept.append((answer.row.key, label.value))
    for name, task in labelled.items():
        about[name] = {"n": len(task.labels), "n_used": sum(key[1] == name for key, _ in kept)}
    judge_files.write_labels(inner, kept)
    return {"labels": about}


def _work(plan: Plan, panel: Panel, folder: Path, counts: Mapping[str, int]) -> Work:
    def planned(task: JudgedTask) -> PlannedTask:
        def samples() -> Iterator[Sample]:
            for answer in answers_of(folder, {task.name: task}):
                yield from questions(answer)

        identity = dict(plan.facts["tasks"][task.name]["identity"]["judge"])
        nothing = dict.fromkeys(task.settings, ())
        return PlannedTask(task.name, samples, task.verdict, counts.get(task.name, 0), identity, task.settings, nothing)

    tasks = tuple(planned(task) for task in panel.tasks.values())
    return Work(panel.judges, tasks, replace(plan.work.settings, repeats=1), plan.work.storing)


def _facts(plan: Plan, panel: Panel, work: Work) -> dict[str, Any]:
    return {
        "models": plan.facts["judges"],
        "tasks": {
            task.name: {"n": task.n, "identity": task.identity, "scorer": task.scorer.name} for task in work.tasks
        },
        "n_rows": work.n_rows,
        "suite_resolved": {"models": plan.facts["suite_resolved"].get("judges", {})},
        "repeats": 1,
    }
