"""What more items would cost, where a gate has not enough evidence.

usd_of_more(store, decision, "qwen", "refunds", 1200)     # 3.4: both models' answers to 1,200 more items of that task

At the mean cost of the answers that are there. Judges are not counted.
"""

from __future__ import annotations

from evalkit.decide.decision import GateDecision
from evalkit.errors import StoreError
from evalkit.facts import ModelSummary
from evalkit.results.reader import ResultsReader


def usd_of_more(store: ResultsReader, decision: GateDecision, candidate: str, subject: str, n: int) -> float | None:
    """US dollars for `n` more items of a subject (all, a task, or task/slice), asked of both sides as often as the run
    asks each; None where a price is unknown or a side's run is not in this folder."""
    sides = [(decision.run, candidate)]
    if decision.baseline is not None:
        sides.append((decision.baseline_run or decision.run, decision.baseline))
    total = 0.0
    for run, model in sides:
        try:
            found, repeats = store.summary(run).models.get(model), store.facts(run).repeats or 1
        except StoreError:
            return None
        each = None if found is None else _usd_each(found, subject)
        if each is None:
            return None
        total += n * repeats * each
    return total


def _usd_each(model: ModelSummary, subject: str) -> float | None:
    cell = model.tasks.get(subject) or model.tasks.get(subject.partition("/")[0]) or model.all
    cost = cell.cost.usd_per_1k_samples
    return None if cost is None else cost / 1000
