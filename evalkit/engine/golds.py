"""Does every scorer give its own gold full marks? Checked before a paid call: a task that fails measures nothing."""

from __future__ import annotations

from evalkit.errors import SuiteError
from evalkit.records import Response, Sample, Timing
from evalkit.scorers.base import Scorer
from evalkit.scorers.outcomes import settle
from evalkit.suite.prompts import short
from evalkit.suite.tasks import Task

MOST_COMPLAINTS = 5
PROBE = "?"
"""A reply that is no answer to anything: a sample that cannot even mark this as wrong cannot be marked at all."""
_NO_TIME = Timing(sent_at=0.0, total_s=0.0)


def gold_complaints(task: Task, scorer: Scorer) -> list[str]:
    """Samples whose own right answer would not score 1.0, or that nothing can be marked on; five, the rest counted."""
    if scorer.later:
        return []  # judges mark it; whether they can be asked is the panel's to see
    complaints: list[str] = []
    n_wrong = 0
    for sample in task.samples():
        wrong = _wrong(sample, scorer)
        if wrong is None:
            continue
        n_wrong += 1
        if n_wrong <= MOST_COMPLAINTS:
            complaints.append(f"{task.at}: sample {sample.id!r}: {wrong}")
    if n_wrong > MOST_COMPLAINTS:
        complaints.append(f"{task.at}: and {n_wrong - MOST_COMPLAINTS:,} more samples whose gold does not score 1.0")
    return complaints


def _wrong(sample: Sample, scorer: Scorer) -> str | None:
    """Why this sample could not be marked as it should be; None when all is well, or cannot be known beforehand."""
    try:
        gold = scorer.gold(sample)
        if gold is None and scorer.needs == "likelihood":
            return None
        text = PROBE if gold is None else gold
        tokens = (scorer.gold_tokens(sample),) if scorer.gold_tokens is not None else None
        reply = Response(text=text, stop_reason="stop", timing=_NO_TIME, top_logprobs=tokens)
        score = settle(sample, reply, scorer)
    except SuiteError as error:
        return f"the scorer {scorer.name!r} cannot mark it: {error}"
    if score.value is None:
        return (
            f"the scorer {scorer.name!r} cannot mark it: {score.reason or 'it gives no score'}. Does it have a target?"
        )
    if gold is None or score.value == 1.0:
        return None
    return (
        f"its own right answer {short(gold)} scores {score.value:g} by {scorer.name!r} "
        f"({score.reason or score.outcome}), not 1. Check target and score."
    )
