"""Scores: how much worse than the baseline the candidate may be, or how good it has to be by itself.

    {quality: all, margin: 0.02}                       # at most two points worse than the baseline
    {quality: refunds/language=de, min: 0.85}          # a mean score of at least .85, without a baseline

An errored row counts against whatever is at stake: as lost where passing is, as won where failing is.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from evalkit.decide.reasons import IDLE_LABELS
from evalkit.decide.rules.base import Condition, GateRule, RuleContext, RuleResult, Unit, unmeasured
from evalkit.suite.gate_sight import no_item
from evalkit.suite.schema.parts import Text
from evalkit.suite.schema.rules import Problem
from evalkit.suite.wording import near

if TYPE_CHECKING:
    from evalkit.results.pairs import Mask, Pairs
    from evalkit.stats.one_sample import FloorDecision
    from evalkit.stats.verdict import Decision


class QualityRule(GateRule):
    """A rule about scores."""

    kind: ClassVar[str] = "quality"
    limits: ClassVar[tuple[str, ...]] = ("margin", "min")
    compares: ClassVar[frozenset[str]] = frozenset({"margin"})
    reads: ClassVar[frozenset[str]] = frozenset({"scores"})
    units: ClassVar[dict[str, Unit]] = {"margin": "difference", "min": "score"}

    quality: Text
    """all (pooled over samples), the name of a task, a slice of one (refunds/language=de), or one of its several
    scorers (refunds/format)."""
    margin: Annotated[float, Field(ge=0, lt=1)] | None = None
    """quality: how much worse than the baseline the candidate may be, in score units."""
    min: Annotated[float, Field(gt=0, le=1)] | None = None
    """quality: the least mean score of the candidate by itself; no baseline is needed."""
    scope: Literal["population", "suite"] | None = None
    """quality: does the claim hold for items like these (population, the default), or for these very items?"""
    tail: Literal["strict", "smooth"] | None = None
    """quality of graded scores: count with rare collapses that did not show (strict, the default), or not (smooth)."""

    labels: Literal["random"] | None = None
    """quality of judged tasks: the labels that the tasks name are of answers drawn at random, and correct the judge."""

    @property
    def subjects(self) -> tuple[str, ...]:
        return (self.quality,)

    def problems(self, tasks: Collection[str], slices: Mapping[str, Collection[str]]) -> Iterator[Problem]:
        if self.labels is not None and self.min is not None and self.margin is not None:
            yield ("labels",), "labels are of both answers for a margin and of the candidate's for min: write two rules"
        task, part = of_subject(self.quality, tasks)
        if task not in tasks and self.quality != "all":
            yield ("quality",), f"there is no task {task!r}; {near(task, {*tasks, 'all'})}"
        elif part is not None:
            name, equals, value = part.partition("=")
            if not name or (equals and not value):
                yield ("quality",), f"{self.quality!r} names no slice; write it like {task}/language=de"
            elif not equals:
                return  # one scorer of several: whether the task has it is seen where its scorers are known
            elif task in slices and name not in slices[task]:
                yield ("quality",), f"{task} is not sliced by {name!r}; {near(name, slices[task])}"
        if self.min == 1 and self.scope != "suite":
            yield ("min",), "no sample can show that every further answer is right; write scope: suite, or less than 1"

    def evaluate(self, condition: Condition, context: RuleContext) -> RuleResult:
        from evalkit.decide.people import by_labels, judged_rows, rests_on_judge

        task, part = of_subject(condition.subject, context.pairs.tasks)
        if part is not None and "=" not in part:
            rows = rows_of(context.pairs, task)
            pairs = pairs_of_part(context, task, part)
        else:
            rows = rows_of(context.pairs, condition.subject)
            pairs = context.pairs.only(rows)
        judged = rows & judged_rows(context)
        if judged.any() and self.labels is not None:
            return by_labels(condition, context, rows, judged)
        found = floor_of_scores if condition.limit == "min" else quality
        result = found(condition, pairs, context.alpha)
        if judged.any():
            return replace(result, notes=(*result.notes, rests_on_judge(condition, context, rows, judged)))
        if self.labels is not None and context.candidate is not None:
            return replace(result, notes=(*result.notes, IDLE_LABELS))
        return result


def of_subject(subject: str, tasks: Collection[str]) -> tuple[str, str | None]:
    """The task that a rule is about, and its slice or scorer; None: the whole task.

    A task of an imported table may hold slashes itself: of the names that are known the longest counts.
    """
    if subject in tasks:
        return subject, None
    if begins := [task for task in tasks if subject.startswith(f"{task}/")]:
        task = max(begins, key=len)
        return task, subject[len(task) + 1 :]
    task, slash, part = subject.partition("/")
    return task, part if slash else None


def rows_of(pairs: Pairs, subject: str) -> Mask:
    """The rows that a quality rule is about. Raises NotComparable where there are none."""
    import numpy as np

    from evalkit.errors import NotComparable

    if subject == "all":
        return np.ones(pairs.n, dtype=bool)
    task, part = of_subject(subject, pairs.tasks)
    if task not in pairs.tasks:
        raise NotComparable(
            f"the gate asks about the task {task!r}, of which no rows are here; {near(task, pairs.tasks)}"
        )
    mask = pairs.task_mask(task)
    if part is None:
        return mask
    name, _, value = part.partition("=")
    for of_task, slice_name, slice_value, rows in pairs.slice_rows:
        if (of_task, slice_name, slice_value) == (task, name, value):
            mask = np.zeros(pairs.n, dtype=bool)
            mask[rows] = True
            return mask
    known = [f"{t}/{s}={v}" for t, s, v, _ in pairs.slice_rows if t == task]
    raise NotComparable(no_item(subject, known))


def pairs_of_part(context: RuleContext, task: str, part: str) -> Pairs:
    """The pairs of a task, scored by one of its several scorers alone. Raises NotComparable where it has none of this
    name, or no stored run is at hand."""
    from evalkit.errors import NotComparable
    from evalkit.results.parts import pair_part

    if context.candidate is None:
        raise NotComparable(f"the gate asks about {task}/{part}, and there is no stored run to look into")
    return pair_part(context.baseline, context.candidate, task, part)


def quality(condition: Condition, pairs: Pairs, alpha: float) -> RuleResult:
    """A difference of scores, tested by what the data are: right/wrong, graded, clustered, repeated, weighted."""
    import numpy as np

    scored = pairs.scored
    n_errored = int((~scored).sum())
    base, cand = pairs.baseline.score[scored], pairs.candidate.score[scored]
    if not len(base):
        return unmeasured(condition, "no pair has a score on both sides", n_errored=n_errored)
    found = of_decision(condition, test_scores(condition, pairs, alpha), answers_an_item(pairs))
    weights = None if pairs.weight is None else pairs.weight[scored]
    means = (float(np.average(scores, weights=weights)) for scores in (base, cand))
    return replace(found, baseline=next(means), candidate=next(means))


def test_scores(condition: Condition, pairs: Pairs, alpha: float) -> Decision:
    """The test of a margin on the pairs it is about. Raises ValueError when no pair is scored."""
    from evalkit.results.pairs import dependence_of
    from evalkit.stats.comparison import test

    scored = pairs.scored
    return test(
        pairs.baseline.score[scored],
        pairs.candidate.score[scored],
        condition.at,
        alpha,
        tail=condition.tail,
        scope=condition.scope,
        n_errored=int((~scored).sum()),
        **dependence_of(pairs, scored, ~scored),
    )


def floor_of_scores(condition: Condition, pairs: Pairs, alpha: float) -> RuleResult:
    """The candidate's mean score against its floor. Answers without a score count as 0 for passing, 1 for failing."""
    import numpy as np

    from evalkit.results.pairs import dependence_of
    from evalkit.stats.one_sample import test_floor

    scored = ~np.isnan(pairs.candidate.score)
    n_errored = int((~scored).sum())
    if not scored.any():
        return unmeasured(condition, "no answer of the candidate has a score", n_errored=n_errored)
    labels = dependence_of(pairs, scored, ~scored)
    scores, floor = pairs.candidate.score[scored], condition.at
    decided = test_floor(
        scores, floor, alpha, tail=condition.tail, scope=condition.scope, n_errored=n_errored, **labels
    )
    return of_floor(condition, decided, answers_an_item(pairs))


def answers_an_item(pairs: Pairs) -> float:
    """How often each item was asked, on average."""
    import numpy as np

    return pairs.n / max(1, len(np.unique(pairs.item)))


def of_decision(condition: Condition, decided: Decision, repeats: float) -> RuleResult:
    """A paired test's decision as the result of a condition; `repeats` as `answers_an_item` says."""
    found = _result(condition, decided, decided.delta, repeats)
    return replace(found, more_if_equal=_in_items(decided.more_if_equal, repeats))


def of_floor(condition: Condition, decided: FloorDecision, repeats: float) -> RuleResult:
    """A floor's decision as the result of a condition; `repeats` as `answers_an_item` says."""
    return replace(_result(condition, decided, decided.mean, repeats), candidate=decided.mean)


def _in_items(answers: int | None, repeats: float) -> int | None:
    """Tests count answers; who asks more buys items, each as often as these."""
    return None if answers is None else math.ceil(answers / repeats - 1e-9)


def _result(condition: Condition, decided: Decision | FloorDecision, value: float, repeats: float) -> RuleResult:
    """What both kinds of decision say alike."""
    return RuleResult(
        condition,
        decided.verdict,
        value=value,
        low=decided.interval.low if decided.interval else None,
        high=decided.interval.high if decided.interval else None,
        n=decided.n,
        n_errored=decided.n_errored,
        p_pass=decided.p_pass,
        p_fail=decided.p_fail,
        method=decided.method,
        more_if_estimate_holds=_in_items(decided.more_if_estimate_holds, repeats),
        answers_an_item=repeats,
        notes=decided.notes,
    )
