"""Judged answers scored again by what their judges said at the time: nobody is asked.

    judged = StoredVerdicts.of(folder, suite, tasks)
    judged.score(row, sample)             # the row under the suite's scale or verdicts of today

A verdict is found by everything that the judge was shown, so a changed prompt finds none, and a changed judge is
refused: either would need new verdicts, and rescoring buys nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalkit.engine.judging.panel import JudgedTask, label_of, written_settings
from evalkit.engine.judging.verdicts import (
    JudgedAnswer,
    Verdicts,
    item_of,
    others_of,
    score_of,
    unread,
    verdicts_of,
    with_score,
)
from evalkit.errors import SuiteError
from evalkit.facts import JudgeIdentity, parse
from evalkit.records import Row, Sample
from evalkit.scorers.registry import make_scorer
from evalkit.store import judge_files, runs
from evalkit.suite.judge_task import READER, Judging, compile_judging
from evalkit.suite.suite import ResolvedSuite
from evalkit.suite.tasks import ResolvedTask

_WAY_OUT = (
    "Rescoring asks nobody: run the suite again (the answers come from the cache, only the judges are asked), or give "
    "the suite that the run was made from: --suite."
)


@dataclass(frozen=True, slots=True)
class StoredVerdicts:
    """The judged tasks of a run as a suite now has them, and the verdicts that are stored."""

    tasks: Mapping[str, JudgedTask]
    identities: Mapping[str, Mapping[str, Any]]
    verdicts: Verdicts
    others: Mapping[tuple[str, str, int, int], Row]

    @classmethod
    def of(cls, folder: Path, suite: ResolvedSuite, tasks: Sequence[ResolvedTask]) -> StoredVerdicts:
        """Raises SuiteError where the run's verdicts are not those of the suite's judges."""
        if not tasks:
            return cls({}, {}, {}, {})
        inner = judge_files.judging_of(folder)
        if inner is None:
            raise SuiteError(f"{folder}: no judge was asked about its answers. {_WAY_OUT}")
        recorded = runs.open_facts(inner).tasks or {}
        judged: dict[str, JudgedTask] = {}
        identities: dict[str, Mapping[str, Any]] = {}
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
    def facts(folder: Path, tasks: Mapping[str, Any]) -> dict[str, Any]:
        """What run.json says of the verdicts as they are read now; nothing where nobody judged.

        `tasks` is what it says of the tasks now. All that judges score count, whichever were scored again: a gate looks
        at the sum.
        """
        inner = judge_files.judging_of(folder)
        if inner is None:
            return {}
        judged = {name: told["identity"]["judge"] for name, told in tasks.items() if "judge" in told["identity"]}
        readers = {name: make_scorer(READER, identity["verdict"]) for name, identity in judged.items()}
        return {"judges_unread": unread(inner, verdicts_of(inner, readers))}

    def identity(self, task: str) -> dict[str, Any]:
        """What the task's identity says of its judges; nothing for a task that scores its own."""
        return {"judge": self.identities[task]} if task in self.identities else {}

    def label(self, task: str) -> str | None:
        """The scorer as it is shown; None for a task that scores its own."""
        return label_of(self.identities[task]) if task in self.identities else None


def _require_same_judges(task: ResolvedTask, judging: Judging, suite: ResolvedSuite, before: Mapping[str, Any]) -> None:
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
        differ = [key for key, value in now.items() if before[name].get(key) != value]
        if differ:
            raise SuiteError(f"{task.at}.score: the judge {name} has another {', '.join(differ)} now. {_WAY_OUT}")
