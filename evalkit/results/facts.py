"""Opens run.json of a run folder, of the judges' folder inside it and of a load sweep as records of `evalkit.facts`.

facts = read_facts(folder)           # RunFacts; StoreError: one sentence
judging_facts(folder)                # the judges' own; None where nobody judged
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalkit.facts import RunFacts
from evalkit.store import judge_files, runs


def read_facts(folder: Path) -> RunFacts:
    """The facts of a run. Raises StoreError where there are none, where a field is damaged (it names the file and the
    key), and where a newer evalkit wrote them."""
    return runs.open_facts(folder)


def judging_facts(folder: Path) -> RunFacts | None:
    """The facts of the judges' folder of a run; None where no judge was asked. Raises StoreError as `read_facts`."""
    inner = judge_files.judging_of(folder)
    return None if inner is None else read_facts(inner)


def tasks_without_weight(facts: RunFacts, tasks: Sequence[str]) -> list[str]:
    """Those of these tasks whose samples have no weight, where others' have one; [] where all are alike, or where the
    run does not say."""
    suite = facts.suite_resolved
    declared = {task.name: task.marks for task in suite.tasks if task.marks is not None} if suite is not None else {}
    without = [task for task in tasks if task in declared and not declared[task].get("weight")]
    return without if len(without) < len(tasks) else []
