"""Judged rows of a gate: which they are, and what people's labels say of them.

    judged = judged_rows(context)                 # a mask of the pairs that judges marked; none: nobody judged
    labelled_pairs(context, rows)                 # stats.judged.JudgedPairs: what corrects the judge

Only labels of the files that tasks name count, never marks of the board: people look at what is odd there, and what
they mark is no random sample.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evalkit.results.pairs import Floats, Mask, Pairs, labels_of
from evalkit.store import judge_files
from evalkit.text import numbers

if TYPE_CHECKING:
    from evalkit.decide.rules.base import Condition, RuleContext, RuleResult
    from evalkit.results.side import Side
    from evalkit.stats.judged import JudgedPairs


RESTS_ON_JUDGE = (
    "this verdict rests on the judge: no label of a person corrects whom it prefers. Label some answers that are drawn "
    "at random, and write labels: random into the rule"
)


def judged_rows(context: RuleContext) -> Mask:
    """Which pairs judges marked, on either side."""
    from evalkit.results.facts import read_facts

    found: set[str] = set()
    for side in (context.candidate, context.baseline):
        inner = None if side is None else judge_files.judging_of(side.folder)
        if inner is not None:
            found |= set(read_facts(inner).tasks or {})
    pairs = context.pairs
    codes = [n for n, name in enumerate(pairs.tasks) if name in found]
    return np.isin(pairs.task, codes)


def by_labels(condition: Condition, context: RuleContext, rows: Mask, judged: Mask) -> RuleResult:
    """A difference of judged scores and the two sides' own, put right by people's labels; unmeasured where they are too
    few."""
    from evalkit.decide.rules.base import unmeasured
    from evalkit.decide.rules.quality import answers_an_item, of_decision
    from evalkit.stats.judged import FEWEST, FEWEST_IN_TASK, corrected_mean, enough_labels, test_judged

    if not context.labels_believed:
        why = "labels that a run holds are not believed where a protected suite decides: leave labels: out of its rule"
        return unmeasured(condition, why)
    if condition.part is not None:
        return unmeasured(condition, "labels are of whole answers, not of one scorer: leave labels: out of the rule")
    if context.pairs.weight is not None:
        return unmeasured(condition, "labels do not correct weighted samples: leave labels: out of the rule")
    known = labelled_pairs(context, rows, judged)
    if not len(known.judged):
        return unmeasured(condition, "no pair has a score on both sides", n_errored=known.n_errored)
    if not enough_labels(known):
        why = (
            f"people have to label both answers of at least {FEWEST} items drawn at random, and {FEWEST_IN_TASK} in "
            "each judged task: name more labels (labels: in the task), or leave labels: out of the rule"
        )
        return unmeasured(condition, why, n_errored=known.n_errored)
    found = test_judged(known, condition.at, context.alpha)
    told = numbers.difference
    note = (
        f"people labelled both answers of {numbers.count(found.n_labelled)} pairs: the judge says "
        f"{told(found.judged)}, and on those pairs it leans {told(found.bias)} towards the candidate"
    )
    result = of_decision(condition, found.decision, answers_an_item(context.pairs.only(rows)))
    there = rows & context.pairs.scored
    means = []
    for side, half in ((context.baseline, context.pairs.baseline), (context.candidate, context.pairs.candidate)):
        labels = np.where(judged, _labels(context.pairs, side), half.score)
        means.append(min(1.0, max(0.0, corrected_mean(known, half.score[there], labels[there]))))
    return replace(result, baseline=means[0], candidate=means[1], notes=(*result.notes, note))


def labelled_pairs(context: RuleContext, rows: Mask, judged: Mask) -> JudgedPairs:
    """What is known of these pairs; of pairs that no judge marked the scores are their own labels.

    Pairs without a score on both sides are counted as errored. Raises StoreError where labels cannot be read.
    """
    from evalkit.stats.judged import JudgedPairs

    pairs = context.pairs
    said = [_labels(pairs, side) for side in (context.baseline, context.candidate)]
    differences = pairs.candidate.score - pairs.baseline.score
    there = rows & pairs.scored
    labels = np.where(judged, said[1] - said[0], differences)
    together = labels_of(pairs, there)
    groups = together.get("clusters", together.get("items"))
    n = int(there.sum())
    return JudgedPairs(
        judged=differences[there],
        labels=labels[there],
        strata=pairs.task[there].astype(np.intp),
        groups=np.arange(n) if groups is None else np.asarray(groups, dtype=np.intp),
        n_errored=int((rows & ~pairs.scored).sum()),
    )


def _labels(pairs: Pairs, side: Side | None) -> Floats:
    """float64[n]: what people say of one side's answers; NaN: nothing."""
    found = np.full(pairs.n, np.nan)
    inner = None if side is None else judge_files.judging_of(side.folder)
    if side is None or inner is None or pairs.digest is None:
        return found
    told: dict[tuple[str, str, int, int], list[float]] = {}
    for (model, task, digest, occurrence, repeat), label in judge_files.read_labels(inner):
        if model == side.model and 0 <= label <= 1:
            told.setdefault((task, digest, occurrence, repeat), []).append(label)
    if told:
        for row in range(pairs.n):
            labels = told.get(pairs.key(row))
            if labels:
                found[row] = sum(labels) / len(labels)
    return found
