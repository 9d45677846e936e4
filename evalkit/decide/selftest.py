"""What would this gate have said? Losses of a known size are injected into the baseline's own rows.

    for shift in self_test(gate, pairs, reps=200, seed=0): shift.loss, shift.passed, shift.failed, shift.undecided

Each repetition draws items (whole clusters where there are any) with replacement, lets a made-up candidate differ from
the baseline on as many items as the real candidate does, and takes the injected loss off its score. Then the suite's
own quality rules, scan and Holm decide as they would on a real run. Rules about cost, latency and rates, and critical
items, are left out: nothing is injected there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from evalkit.decide import regression_scan
from evalkit.decide.rules import Condition, RuleContext, conditions, evaluate
from evalkit.errors import UserError
from evalkit.results.pairs import Codes, Half, Pairs
from evalkit.stats.multiplicity import holm
from evalkit.stats.verdict import Verdict
from evalkit.suite.schema import GateEntry

CHURN = 0.1
"""Share of items on which two equally good models are taken to differ, where no candidate shows it."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How the gate took one injected loss."""

    loss: float
    """In score units, over every item: below the baseline, or (`floor`) below the least score that the gate asks."""
    n_reps: int
    passed: float
    failed: float
    undecided: float
    floor: bool = False
    """Whether the candidate's own score was moved, since the gate only has least scores (`min`)."""


def self_test(gate: GateEntry, pairs: Pairs, *, reps: int, seed: int) -> Iterator[Shift]:
    """Losses of 0, m, 2m and 3m, where m is the smallest margin of a required quality rule.

    Raises UserError where the gate has no such rule, or nothing is scored.
    """
    of_quality = [c for rule in gate.rules for c in conditions(rule) if c.required and c.kind == "quality"]
    if not of_quality:
        raise UserError("this gate has no required rule about quality, so there is no loss to inject")
    of_quality = [c for c in of_quality if c.part is None]
    if not of_quality:
        raise UserError(
            "this gate's required rules about quality are each about one scorer of several: a loss is injected into an "
            "answer's own score alone. Add a rule about the task"
        )
    required = [c for c in of_quality if c.is_margin]
    if not required:
        yield from _floor_test(gate, pairs, of_quality, reps, np.random.default_rng(seed))
        return
    scored = ~np.isnan(pairs.baseline.score)
    if not scored.any():
        raise UserError("the baseline has no scored answer, so there is nothing to inject a loss into")
    margin = min(c.at for c in required) or 0.01
    churn = _churn(pairs)
    rng = np.random.default_rng(seed)
    for loss in (0.0, margin, 2 * margin, 3 * margin):
        counts = {"pass": 0, "fail": 0, "inconclusive": 0}
        for _ in range(reps):
            counts[_verdict(gate, _made_up(pairs, loss, churn, rng))] += 1
        yield Shift(loss, reps, counts["pass"] / reps, counts["fail"] / reps, counts["inconclusive"] / reps)


def _floor_test(
    gate: GateEntry, pairs: Pairs, floors: list[Condition], reps: int, rng: np.random.Generator
) -> Iterator[Shift]:
    """The candidate's own rows with the share of lost score moved to half, all, one and a half times and twice of what
    the highest floor allows."""
    if np.isnan(pairs.candidate.score).all():
        raise UserError("the candidate has no scored answer, so its score cannot be moved")
    floor = max((c.at for c in floors if c.scope == "population"), default=max(c.at for c in floors))
    allowed = (1 - floor) or 0.01
    for loss in (-0.5 * allowed, 0.0, 0.5 * allowed, allowed):
        counts = {"pass": 0, "fail": 0, "inconclusive": 0}
        for _ in range(reps):
            counts[_verdict(gate, _moved(pairs, min(1.0, max(0.0, floor - loss)), rng))] += 1
        yield Shift(loss, reps, counts["pass"] / reps, counts["fail"] / reps, counts["inconclusive"] / reps, floor=True)


def _moved(pairs: Pairs, mean: float, rng: np.random.Generator) -> Pairs:
    """As many drawn rows of the candidate, whose scores are moved by chance until their true mean is this one."""
    rows = _drawn(pairs, rng)
    drawn = replace(pairs.only(rows), slice_rows=_slices(pairs, rows))
    score = drawn.candidate.score.copy()
    now = float(np.nanmean(pairs.candidate.score))
    if mean < now:
        score[(rng.random(len(score)) < 1 - mean / now) & ~np.isnan(score)] = 0.0
    elif now < 1:
        score[(rng.random(len(score)) < (mean - now) / (1 - now)) & ~np.isnan(score)] = 1.0
    return replace(drawn, candidate=replace(drawn.candidate, score=score))


def _verdict(gate: GateEntry, pairs: Pairs) -> str:
    context = RuleContext(pairs, gate.alpha)
    found = [
        evaluate(rule, condition, context)
        for rule in gate.rules
        for condition in conditions(rule)
        if condition.required and condition.kind == "quality" and condition.part is None
    ]
    adjusted = holm([finding.p_fail for finding in found])
    verdicts = [
        Verdict.INCONCLUSIVE if f.verdict is Verdict.FAIL and p is not None and p > gate.alpha else f.verdict
        for f, p in zip(found, adjusted, strict=True)
    ]
    if gate.scan is not None:
        verdicts.append(regression_scan.scan(pairs, gate.scan.margin, gate.alpha).verdict)
    if Verdict.FAIL in verdicts:
        return "fail"
    return "pass" if all(verdict is Verdict.PASS for verdict in verdicts) else "inconclusive"


def _churn(pairs: Pairs) -> float:
    """Share of items on which the two models differ anyway."""
    scored = pairs.scored
    if not scored.any():
        return CHURN
    differ = float((pairs.baseline.score[scored] != pairs.candidate.score[scored]).mean())
    return differ or CHURN


def _made_up(pairs: Pairs, loss: float, churn: float, rng: np.random.Generator) -> Pairs:
    """Items drawn anew, with a candidate that is worse by `loss` on average."""
    rows = _drawn(pairs, rng)
    drawn = replace(pairs.only(rows), slice_rows=_slices(pairs, rows))
    score = drawn.baseline.score.copy()
    mean = float(np.nanmean(score)) if not np.isnan(score).all() else 0.0
    if drawn.binary and 0 < mean < 1:
        # Of all items `churn` change sides, so many more to the wrong that the mean falls by the loss.
        down = min(1.0, max(loss, (churn + loss) / 2) / mean)
        up = min(1.0, max(0.0, (churn - loss) / 2) / (1 - mean))
        flip = rng.random(len(score)) < np.where(score == 1, down, up)
        score = np.where(flip, 1 - score, score)
    elif mean > 0:
        score[rng.random(len(score)) < min(1.0, loss / mean)] = 0.0  # graded scores: some collapse
    candidate = replace(drawn.baseline, score=score)
    return replace(drawn, candidate=candidate, baseline=_of(drawn.baseline))


def _of(half: Half) -> Half:
    return replace(half, score=half.score.copy())


def _drawn(pairs: Pairs, rng: np.random.Generator) -> Codes:
    """Row numbers of as many clusters (or items with their repeats) as there are, with replacement."""
    if not pairs.clustered and not pairs.repeated:
        return rng.integers(0, pairs.n, pairs.n)
    top = int(pairs.cluster.max(initial=-1)) + 1
    groups = np.where(pairs.cluster >= 0, pairs.cluster, top + pairs.item)
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return np.concatenate([parts[k] for k in rng.integers(0, len(parts), len(parts))])


def _slices(pairs: Pairs, rows: Codes) -> tuple[tuple[str, str, str, Codes], ...]:
    """Slices of the drawn rows, by their new places."""
    found = []
    for task, name, value, members in pairs.slice_rows:
        member = np.zeros(pairs.n, dtype=bool)
        member[members] = True
        places: Codes = np.flatnonzero(member[rows]).astype(np.int64)
        if len(places):
            found.append((task, name, value, places))
    return tuple(found)
