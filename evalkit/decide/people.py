"""Judged rows of a gate: which they are, and what people's labels say of them.

    judged = judged_rows(context)                 # a mask of the pairs that judges marked; none: nobody judged
    labelled_pairs(context, rows)                 # stats.judged_estimate.JudgedPairs: what corrects the judge

A judge scores a task alone, so that no scorer of several is one: labels are of whole answers.

Only labels of the files that tasks name count, never marks of the board: people look at what is odd there, and what
they mark is no random sample.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeGuard

import numpy as np

from evalkit.errors import StoreError
from evalkit.results.pairs import Floats, Mask, Pairs, labels_of
from evalkit.stats.verdict import Verdict
from evalkit.store import judge_files
from evalkit.text import numbers

if TYPE_CHECKING:
    from evalkit.decide.rules.base import Condition, RuleContext, RuleResult
    from evalkit.decide.rules.quality import QualityRule
    from evalkit.results.side import Side
    from evalkit.stats.judged_estimate import JudgedPairs
    from evalkit.suite.schema import GateEntry


RESTS_ON_JUDGE = "this verdict rests on the judge: no label of a person corrects whom it prefers"


JUDGED_ITEMS = (
    "critical items of judged tasks fail by the judge's word where no person has labelled the answer: look at them"
)


def judged_rows(context: RuleContext) -> Mask:
    """Which pairs judges marked, on either side: by the identity of the tasks, to which a protected suite and a
    promoted baseline hold a run, not by what lies in the folder of its judges."""
    found: set[str] = set()
    for side in (context.candidate, context.baseline):
        found |= {name for name, task in side.tasks.items() if task.identity.judge is not None} if side else set()
    pairs = context.pairs
    codes = [n for n, name in enumerate(pairs.tasks) if name in found]
    return np.isin(pairs.task, codes)


def rests_on_judge(condition: Condition, context: RuleContext, rows: Mask, judged: Mask) -> str:
    """That a verdict about these rows rests on the judge, how many labels there are, and the way to enough of them."""
    if not context.labels_believed:
        return RESTS_ON_JUDGE
    try:
        there = labels_there(_known(condition, context, rows, judged), of_pairs=condition.is_margin)
    except StoreError:  # labels that cannot be read decide nothing here
        return RESTS_ON_JUDGE
    return f"{RESTS_ON_JUDGE}: {there}, and write labels: random into the rule"


def labels_there(known: JudgedPairs, *, of_pairs: bool = True) -> str:
    """How many pairs (or answers of the candidate) are labelled, how many are wanted, and how to come by them: a
    sentence without its full stop."""
    from evalkit.stats.judged_estimate import FEWEST, FEWEST_EFFECTIVE, FEWEST_IN_TASK

    n = int(known.by_people.sum())
    one, several, of = ("pair", "pairs", "labels of both answers") if of_pairs else ("answer", "answers", "a label")
    told = f"no {one} has" if n == 0 else f"1 {one} has" if n == 1 else f"{n:,} {several} have"
    effective = f", that tell as much as {FEWEST_EFFECTIVE} of equal weight" if known.weighted else ""
    return (
        f"{told} {of}; wanted are at least {FEWEST} (a hundred are better) drawn at random{effective}, and "
        f"{FEWEST_IN_TASK} in each judged task: evalkit judge-data RUN --out labels.jsonl writes the answers, add "
        '"label" to some, name the file in the task (labels: labels.jsonl)'
    )


def by_labels(condition: Condition, context: RuleContext, rows: Mask, judged: Mask) -> RuleResult:
    """Judged scores put right by people's labels: the difference and the two sides' own, or the candidate's mean
    against its floor; unmeasured where labels are too few."""
    from evalkit.decide.rules.base import unmeasured
    from evalkit.stats.judged_estimate import enough_labels

    if not context.labels_believed:
        why = "labels that a run holds are not believed where a protected suite decides: leave labels: out of its rule"
        return unmeasured(condition, why)
    known = _known(condition, context, rows, judged)
    if not len(known.judged):
        why = "no pair has a score on both sides" if condition.is_margin else "no answer of the candidate has a score"
        return unmeasured(condition, why, n_errored=known.n_errored)
    if not enough_labels(known):
        why = f"{labels_there(known, of_pairs=condition.is_margin)}; or leave labels: out of the rule"
        return unmeasured(condition, why, n_errored=known.n_errored)
    decide = _difference if condition.is_margin else _floor
    return decide(condition, context, known, rows, judged)


def _known(condition: Condition, context: RuleContext, rows: Mask, judged: Mask) -> JudgedPairs:
    read = labelled_pairs if condition.is_margin else labelled_answers
    return read(context, rows, judged)


def _difference(condition: Condition, context: RuleContext, known: JudgedPairs, rows: Mask, judged: Mask) -> RuleResult:
    from evalkit.decide.rules.quality import answers_an_item, of_decision
    from evalkit.stats.judged import test_judged
    from evalkit.stats.judged_estimate import corrected_mean

    found = test_judged(known, condition.at, context.alpha)
    told = numbers.difference
    leans = f"{numbers.points(found.bias)} towards the {'candidate' if found.bias >= 0 else 'baseline'}"
    note = (
        f"people labelled both answers of {numbers.plural(found.n_labelled, 'pair')}: the scores without labels say "
        f"{told(found.judged)}, and on those pairs the judge leans {leans}"
    )
    result = of_decision(condition, found.decision, answers_an_item(context.pairs.only(rows)))
    there = rows & context.pairs.scored
    means = []
    for side, half in ((context.baseline, context.pairs.baseline), (context.candidate, context.pairs.candidate)):
        labels = np.where(judged, _labels(context.pairs, side), half.score)
        means.append(min(1.0, max(0.0, corrected_mean(known, half.score[there], labels[there]))))
    return replace(result, baseline=means[0], candidate=means[1], notes=(*result.notes, note))


def _floor(condition: Condition, context: RuleContext, known: JudgedPairs, rows: Mask, _: Mask) -> RuleResult:
    from evalkit.decide.rules.quality import answers_an_item, of_floor
    from evalkit.stats.judged import test_judged_floor

    found = test_judged_floor(known, condition.at, context.alpha)
    kind = "milder" if found.bias >= 0 else "stricter"
    note = (
        f"people labelled {numbers.plural(found.n_labelled, 'answer')}: the scores without labels say "
        f"{numbers.quality(found.judged)}, and on those answers the judge is {numbers.points(found.bias)} {kind}"
    )
    result = of_floor(condition, found.decision, answers_an_item(context.pairs.only(rows)))
    mean = min(1.0, max(0.0, found.decision.mean))
    return replace(result, value=mean, candidate=mean, notes=(*result.notes, note))


def labelled_pairs(context: RuleContext, rows: Mask, judged: Mask) -> JudgedPairs:
    """What is known of these pairs; of pairs that no judge marked the scores are their own labels.

    Pairs without a score on both sides are counted as errored. Raises StoreError where labels cannot be read.
    """
    pairs = context.pairs
    said = [_labels(pairs, side) for side in (context.baseline, context.candidate)]
    differences = pairs.candidate.score - pairs.baseline.score
    there = rows & pairs.scored
    labels = np.where(judged, said[1] - said[0], differences)
    return _read(pairs, differences, labels, rows, there, judged)


def labelled_answers(context: RuleContext, rows: Mask, judged: Mask) -> JudgedPairs:
    """The same of the candidate's answers alone, for a floor: scores and labels in the place of differences."""
    pairs = context.pairs
    scores = pairs.candidate.score
    labels = np.where(judged, _labels(pairs, context.candidate), scores)
    return _read(pairs, scores, labels, rows, rows & ~np.isnan(scores), judged)


def _read(pairs: Pairs, scores: Floats, labels: Floats, rows: Mask, there: Mask, judged: Mask) -> JudgedPairs:
    """`there`: the rows with a figure; those of `rows` without one are errored."""
    from evalkit.stats.judged_estimate import JudgedPairs

    together = labels_of(pairs, there)
    groups = together.get("clusters", together.get("items"))
    n, lost = int(there.sum()), rows & ~there
    weights = None if pairs.weight is None else np.asarray(pairs.weight[there], dtype=np.float64)
    return JudgedPairs(
        judged=scores[there],
        labels=labels[there],
        strata=pairs.task[there].astype(np.intp),
        groups=np.arange(n) if groups is None else np.asarray(groups, dtype=np.intp),
        n_errored=int(lost.sum()),
        marked=judged[there],
        weights=weights,
        errored_weight=float(pairs.weight[lost].sum()) if pairs.weight is not None and lost.any() else None,
    )


def goes_by_labels(rule: object) -> TypeGuard[QualityRule]:
    """Whether people's labels decide a rule."""
    from evalkit.decide.rules.quality import QualityRule

    return isinstance(rule, QualityRule) and rule.labels is not None


def labelled_rows(gate: GateEntry, context: RuleContext, *, of_pairs: bool = False) -> Mask:
    """The judged rows that a rule with `labels: random` is about: there people's labels put the judge right.
    `of_pairs`: only rules that compare, whose labels are of both answers."""
    from evalkit.decide.rules.quality import rows_of

    found = np.zeros(context.pairs.n, dtype=bool)
    if context.labels_believed:
        for rule in gate.rules:
            if goes_by_labels(rule) and (rule.margin is not None or not of_pairs):
                found |= rows_of(context.pairs, rule.quality)
    return found & judged_rows(context) if found.any() else found


def scan_with_people(gate: GateEntry, context: RuleContext, margin: float) -> RuleResult:
    """The scan, by people's labels where a rule names them; where it fails by judged scores without, it says so."""
    from evalkit.decide.regression_scan import ByPeople, scan

    labelled = labelled_rows(gate, context, of_pairs=True)

    def corrected(condition: Condition, rows: Mask, alpha: float) -> RuleResult:
        return by_labels(condition, replace(context, alpha=alpha), rows, rows & labelled)

    people = ByPeople(labelled, corrected) if labelled.any() else None
    result = scan(context.pairs, margin, context.alpha, people)
    judged = judged_rows(context) & ~labelled
    if result.verdict is Verdict.FAIL and judged.any():
        return replace(
            result, notes=(*result.notes, RESTS_ON_JUDGE.replace("this verdict", "what it says of judged tasks"))
        )
    return result


def by_people(gate: GateEntry, context: RuleContext) -> Pairs:
    """The pairs with people's labels in the place of the judge's scores, where a rule says that labels put it right."""
    labelled = labelled_rows(gate, context) & context.pairs.critical
    if not labelled.any():
        return context.pairs
    halves = []
    for side, half in ((context.baseline, context.pairs.baseline), (context.candidate, context.pairs.candidate)):
        said = _labels(context.pairs, side)
        halves.append(replace(half, score=np.where(labelled & ~np.isnan(said), said, half.score)))
    return replace(context.pairs, baseline=halves[0], candidate=halves[1])


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
