"""Does every scorer give its own gold full marks? Checked before a paid call: a task that fails measures nothing."""

from __future__ import annotations

from evalkit.records import Response, Timing
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import settle
from evalkit.suite.prompts import short
from evalkit.suite.tasks import Task

MOST_COMPLAINTS = 5
_NO_TIME = Timing(sent_at=0.0, total_s=0.0)


def gold_complaints(task: Task, scorer: Scorer) -> list[str]:
    """Samples whose own right answer would not score 1.0, at most five; the rest are counted."""
    complaints: list[str] = []
    n_wrong = 0
    for sample in task.samples():
        gold = scorer.gold(sample)
        if gold is None:
            continue
        score = settle(sample, Response(text=gold, stop_reason="stop", timing=_NO_TIME), scorer)
        if score.value == 1.0:
            continue
        n_wrong += 1
        if n_wrong <= MOST_COMPLAINTS:
            complaints.append(
                f"{task.at}: sample {sample.id!r}: the scorer {scorer.name!r} gives its own gold answer "
                f"{short(gold)} {score.value} ({score.reason or score.outcome}), not 1.0. Check target and score."
            )
    if n_wrong > MOST_COMPLAINTS:
        complaints.append(f"{task.at}: and {n_wrong - MOST_COMPLAINTS:,} more samples whose gold does not score 1.0")
    return complaints
