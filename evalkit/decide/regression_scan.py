"""What no average may hide: a collapse in any task or slice (the scan), and items that may not newly fail (critical).

Both can only fail a candidate. The scan tests every task and slice for a loss beyond its margin, corrected by Holm, so
that twenty tasks do not mean twenty chances of a false alarm. A critical item needs no test: it is listed by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from evalkit.decide.rules import Condition, RuleResult, RuleWords
from evalkit.decide.rules.quality import quality
from evalkit.results.flips import RIGHT, flipped, mean_scores
from evalkit.results.pairs import Codes, Floats, Mask, Pairs, dependence_of
from evalkit.stats.comparison import decide
from evalkit.stats.verdict import Verdict
from evalkit.text import numbers

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ByPeople:
    """Judged rows that people's labels put right."""

    labelled: Mask
    test: Callable[[Condition, Mask, float], RuleResult]
    """What the labels say of a margin on these rows, at this alpha; `unmeasured` where they are too few."""


def scan(pairs: Pairs, margin: float, alpha: float, people: ByPeople | None = None) -> RuleResult:
    """Whether any task or slice has lost more than the margin: fail with the names, or pass ("no collapse was found").

    Holm by steps: with k hits so far every other group is tested at alpha / (m - k), until no new one is found. A group
    with rows that `people` put right is tested by them, and left out with a note where its labels are too few.
    """
    condition = Condition("scan", "every task and slice", "margin", margin)
    groups = dict(_groups(pairs))
    by_labels = {} if people is None else _labelled_groups(pairs, groups, people)
    left_out = (
        []
        if people is None
        else [
            name for name, rows in by_labels.items() if people.test(_of_group(condition, name), rows, alpha).unmeasured
        ]
    )
    for name in left_out:
        del groups[name], by_labels[name]
    # Only what looks worse than the margin can fail; the rest still counts as a member of the family.
    open_ = {
        name: part
        for name, rows in groups.items()
        if name not in by_labels and _suspect(part := pairs.only(rows), margin)
    }
    hits: dict[str, RuleResult] = {}
    while True:
        level = alpha / max(1, len(groups) - len(hits))
        new = [name for name, part in open_.items() if name not in hits and _fails(part, margin, level)]
        for name in new:
            hits[name] = quality(_of_group(condition, name), open_[name], alpha)
        for name, rows in by_labels.items():
            assert people is not None
            if name not in hits and people.test(_of_group(condition, name), rows, level).verdict is Verdict.FAIL:
                hits[name] = people.test(_of_group(condition, name), rows, alpha)
                new.append(name)
        if not new:
            break
    notes = tuple(
        f"{name} lost {-(found.value or 0):.3f} over {numbers.plural(found.n, 'item')}"
        for name, found in sorted(hits.items(), key=lambda hit: hit[1].value or 0)[:_SHOWN]
    )
    if left_out:
        why = "people's labels are to put the judge right there and are too few"
        notes = (*notes, f"not scanned: {', '.join(left_out[:_SHOWN])}; {why}")
    worst = min((found.value or 0 for found in hits.values()), default=None)
    return RuleResult(
        condition,
        Verdict.FAIL if hits else Verdict.PASS,
        value=worst,
        n=len(groups),
        method=f"{numbers.plural(len(groups), 'group')}, Holm" + ("" if hits else "; no collapse was found"),
        notes=notes,
    )


def _of_group(condition: Condition, name: str) -> Condition:
    return replace(condition, kind="quality", subject=name)


def _labelled_groups(pairs: Pairs, groups: Mapping[str, Mask | Codes], people: ByPeople) -> dict[str, Mask]:
    """The groups that hold rows which people put right, each as a mask."""
    found = {}
    for name, rows in groups.items():
        mask = np.zeros(pairs.n, dtype=bool)
        mask[rows] = True
        if (mask & people.labelled).any():
            found[name] = mask
    return found


def critical(pairs: Pairs) -> RuleResult | None:
    """Items marked critical that the baseline gets right and the candidate does not; None where none is marked.

    Right: scores at least one half, over the repeats. One without a score on the candidate's side leaves it open.
    """
    marked = np.flatnonzero(pairs.critical)
    if not len(marked):
        return None
    items, place = np.unique(pairs.item[marked], return_inverse=True)
    before, after = (mean_scores(half.score[marked], place) for half in (pairs.baseline, pairs.candidate))
    newly, _ = flipped(before, after)
    # A baseline without a score could have been right: the candidate's failure there is nothing to wave through.
    open_ = ((before >= RIGHT) & np.isnan(after)) | (np.isnan(before) & ~(after >= RIGHT))
    waver = _wavers(pairs.baseline.score[marked], place)
    return _critical(pairs, marked, items, newly, open_, waver=waver)


def critical_alone(pairs: Pairs) -> RuleResult | None:
    """Items marked critical that the candidate gets wrong, where there is no baseline; None where none is marked."""
    marked = np.flatnonzero(pairs.critical)
    if not len(marked):
        return None
    items, place = np.unique(pairs.item[marked], return_inverse=True)
    after = mean_scores(pairs.candidate.score[marked], place)
    return _critical(pairs, marked, items, after < RIGHT, np.isnan(after), alone=True)


def _critical(
    pairs: Pairs,
    marked: Codes,
    items: Codes,
    failing: Mask,
    open_: Mask,
    *,
    alone: bool = False,
    waver: Mask | None = None,
) -> RuleResult:
    """The result for critical items: `failing` and `open_` (no score) by item, and whether the baseline's own answers
    to it `waver` (None: there is no baseline)."""
    condition = Condition("critical", "items", "alone" if alone else "margin", 0.0)
    names = []
    for item in items[failing][:_SHOWN]:
        row = int(marked[np.flatnonzero(pairs.item[marked] == item)[0]])
        task, digest, _, _ = pairs.key(row)
        names.append(f"{task} {digest[:12]}")
    n_failing, n_open = int(failing.sum()), int(open_.sum())
    return RuleResult(
        condition,
        Verdict.FAIL if n_failing else Verdict.INCONCLUSIVE if n_open else Verdict.PASS,
        value=float(n_failing),
        n=len(items),
        n_errored=n_open,
        method="one failure fails" if alone else "one new failure fails",
        unmeasured=_without_score(pairs, marked, items[open_]) if n_open else None,
        notes=(f"{'failing' if alone else 'newly failing'}: {', '.join(names)}", *_chance(pairs, failing, waver))
        if names
        else (),
    )


def _without_score(pairs: Pairs, marked: Codes, items: Codes) -> str:
    """Why critical items cannot be decided on, with the way out: one that was given up is not asked again by itself."""
    rows = marked[np.isin(pairs.item[marked], items)]
    again = (pairs.baseline.given_up[rows] > 0) | (pairs.candidate.given_up[rows] > 0)
    n_again = len(np.unique(pairs.item[rows][again]))
    told = []
    if n := len(items) - n_again:
        told.append(f"{n} critical items have no score: run the same command again")
    if n_again:
        told.append(
            f"{n_again} critical items were answered in the place of an answer that was not waited for, which shows "
            "nothing of them: run the suite anew with longer run.idle_timeout_s and run.timeout_s, or fewer in flight "
            "(--new --no-cache)"
        )
    return "; ".join(told)


def _wavers(scores: Floats, place: Codes) -> Mask:
    """By item: whether some answers are right and others are not."""
    n = int(place.max()) + 1
    right = np.bincount(place, weights=scores >= RIGHT, minlength=n)
    wrong = np.bincount(place, weights=scores < RIGHT, minlength=n)
    return np.asarray((right > 0) & (wrong > 0))


def _chance(pairs: Pairs, failing: Mask, waver: Mask | None) -> list[str]:
    """What chance may have to do with it. Such items fail all the same: they are critical."""
    if not pairs.repeated:
        return ["each was asked once, so an answer by chance fails it too: repeats: 5 tells chance from loss"]
    n = 0 if waver is None else int((failing & waver).sum())
    return [f"the baseline's own answers waver on {n:,} of them: right in some repeats, wrong in others"] if n else []


def describe(result: RuleResult) -> RuleWords:
    """The words for the scan, or for the critical items."""
    if result.condition.kind == "critical":
        limit = result.condition.limit
        return RuleWords(
            "critical items",
            "count",
            limit_text="no failure" if limit == "alone" else "no new failure",
            observed_text=f"{int(result.value or 0):,} {'failed' if limit == 'alone' else 'new'}",
        )
    found = "no collapse found" if result.value is None else None
    return RuleWords("any task or slice (scan)", "difference", "≥", -result.condition.at, observed_text=found)


def _groups(pairs: Pairs) -> Iterator[tuple[str, Mask | Codes]]:
    for task in pairs.tasks:
        mask = pairs.task_mask(task)
        if mask.any():
            yield task, mask
    for task, name, value, rows in pairs.slice_rows:
        yield f"{task}/{name}={value}", rows


def _suspect(part: Pairs, margin: float) -> bool:
    scored = part.scored
    if not scored.any():
        return False
    differences = part.candidate.score[scored] - part.baseline.score[scored]
    return bool(np.average(differences, weights=None if part.weight is None else part.weight[scored]) < -margin)


def _fails(part: Pairs, margin: float, level: float) -> bool:
    scored = part.scored
    verdict = decide(
        part.baseline.score[scored],
        part.candidate.score[scored],
        margin,
        level,
        n_errored=int((~scored).sum()),
        **dependence_of(part, scored, ~scored),
    )
    return verdict is Verdict.FAIL
