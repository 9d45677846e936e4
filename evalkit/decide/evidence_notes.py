"""What stands below a gate's verdict: what of its evidence a reader would not guess from the figures.

of_pairs(pairs, side)      # copies, weights, answers that were drawn again
unguarded(rows, side)      # tasks whose critical items are none
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evalkit.decide.rules import Condition, RuleResult, RuleWords
from evalkit.results.facts import tasks_without_weight
from evalkit.results.pairs import Pairs, labels_of
from evalkit.results.served import SERVED, changed_line, served_of
from evalkit.stats.verdict import Verdict
from evalkit.suite.gate_sight import guards_nothing

if TYPE_CHECKING:
    import pyarrow as pa

    from evalkit.results import Side


def of_pairs(pairs: Pairs, side: Side) -> list[str]:
    """A sentence for each thing about the pairs that a verdict rests on; empty for ordinary ones."""
    return [*_alike(pairs), *_weighted(pairs, side), *_drawn_again(pairs)]


def _alike(pairs: Pairs) -> list[str]:
    if not pairs.n_copies:
        return []
    from evalkit.suite.sample_notes import alike_count

    n, k_eff = _effective(pairs)
    told = alike_count(n - pairs.n_copies, k_eff)
    return [
        f"{pairs.n_copies:,} of {n:,} items {'says' if pairs.n_copies == 1 else 'say'} the same as another one: "
        f"{told}. "
        "Items that count as one are clusters, whose test needs more evidence than items that stand alone: without "
        "the copies, the same answers may pass"
    ]


def _effective(pairs: Pairs) -> tuple[int, float]:
    """Items, and how many independent ones of equal weight would tell as much; repeats and copies are one."""
    together = labels_of(pairs, np.ones(pairs.n, dtype=bool)).get("clusters", pairs.item)
    first = np.unique(pairs.item, return_index=True)[1]
    weights = None if pairs.weight is None else pairs.weight[first]
    sizes = np.bincount(np.unique(together[first], return_inverse=True)[1], weights=weights)
    return len(first), float(sizes.sum() ** 2 / (sizes**2).sum())


def unguarded(rows: pa.Table, side: Side) -> list[str]:
    """A sentence for each task whose `critical` is a condition that marked none of its samples."""
    tasks = side.facts.suite_resolved.tasks if side.facts.suite_resolved is not None else ()
    conditions_of = {task.name: said for task in tasks if isinstance(said := (task.marks or {}).get("critical"), str)}
    if not conditions_of:
        return []
    guarded = set(rows.filter(rows["critical"]).column("task").to_pylist())
    return [f"{task}: {guards_nothing(said)}" for task, said in conditions_of.items() if task not in guarded]


def _weighted(pairs: Pairs, side: Side) -> list[str]:
    if pairs.weight is None:
        return []
    n, k_eff = _effective(pairs)
    of_all = " samples of all tasks together" if len(pairs.tasks) > 1 else ""
    notes = [
        f"weighted: each sample counts as the requests that it stands for; effective sample size {k_eff:,.0f} of "
        f"{n:,}{of_all}"
    ]
    if without := tasks_without_weight(side.facts, pairs.tasks):
        notes.append(
            f"{', '.join(without)}: samples without a weight. Over all tasks each counts as an average weighted one, "
            "which says nothing about traffic: go by the rules of each task"
        )
    return notes


def _drawn_again(pairs: Pairs) -> list[str]:
    """A sentence where answers came in the place of others, which evalkit did not wait for."""
    counts = {"the baseline": pairs.baseline, "the candidate": pairs.candidate}
    told = [f"{n:,} of {who}" for who, half in counts.items() if (n := int((half.given_up > 0).sum()))]
    if not told:
        return []
    return [
        f"answers that came in the place of others: {' and '.join(told)}, of {pairs.n:,}. They count as lost where "
        "passing is at stake and as won where failing is; evalkit run SUITE --new --no-cache draws all anew (with "
        "longer limits, or fewer in flight). An attempt before was given up, failed while its answer was on its way "
        "or after it, or was under way when a run ended. A margin has to be wider than their share of both sides"
    ]


def changed_within(side: str, rows: pa.Table) -> RuleResult | None:
    """The result that says that one side was answered by several models; None where it was not.

    It never decides: whether the change matters is for a person to say.
    """
    line = changed_line(side, rows)
    if line is None:
        return None
    return RuleResult(
        Condition(SERVED, side, "one for the", None, required=False),
        Verdict.INCONCLUSIVE,
        shown=f"{len(served_of(rows).models)} models",
        n=rows.num_rows,
        method="as the provider reported",
        notes=(line,),
    )


def describe_served(result: RuleResult) -> RuleWords:
    """The words for that result."""
    side = result.condition.subject
    return RuleWords(f"{SERVED} of the {side}", "text", limit_text="one model", observed_text=result.shown)
