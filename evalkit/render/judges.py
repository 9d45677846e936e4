"""What `show`, `run` and `judge-check` print about the judges of a run, from `results.judging.figures` alone.

judges
                      replies  unreadable  failed   mean     USD  total s
strict (gpt-6-sol)        400           2       0  0.712  $0.311     1.24
advice: strict and second agree with alpha 0.74 on 198 answers, 0.06 apart on average
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from evalkit.results.judging import JudgeAgreement, JudgeFigures, JudgingFigures, TaskJudging
from evalkit.stats.prediction_powered import FEW
from evalkit.text import numbers
from evalkit.text.escape import visible
from evalkit.text.page import Column, Page


def render_judges(
    found: JudgingFigures, *, people: bool = False, width: int | None = None, file: TextIO | None = None
) -> None:
    """Print what judges did and how far they agree; means that labels correct wherever there are labels. `people`: also
    each judge against the labels, and that there are none."""
    with Page(width, file) as page:
        _print_judges(page, found.judges)
        for name, task in found.tasks.items():
            _say_agreement(page, visible(name, limit=60), task)
        for name, task in found.tasks.items():
            _print_people(page, visible(name, limit=60), task, asked=people)


def _print_judges(page: Page, judges: Mapping[str, JudgeFigures]) -> None:
    rows = list(judges.values())
    names = [
        visible(name, limit=60) + (f" ({visible(told.model, limit=60)})" if told.model else "")
        for name, told in judges.items()
    ]
    page.table(
        "judges (not among the models' figures)",
        [
            Column("judge", names, left=True, folds=True),
            Column("requests", [numbers.count(told.n) for told in rows]),
            Column("unreadable", [numbers.count(told.n_unreadable) for told in rows]),
            Column("failed", [numbers.count(told.n_failed) for told in rows]),
            Column("mean", [numbers.quality(told.mean) for told in rows]),
            Column("USD", [numbers.usd(told.cost.total_usd) for told in rows]),
            Column("paid now", [numbers.usd(told.cost.spend_usd) for told in rows]),
            Column("total p50", [numbers.time(told.latency.total_s.p50) for told in rows]),
        ],
    )


def _say_agreement(page: Page, name: str, task: TaskJudging) -> None:
    if len(task.by) > 1:
        who = ", ".join(visible(judge, limit=40) for judge in task.by)
        if task.n_both:
            found = numbers.agreement(task.alpha)
            page.say(
                f"{name}: {who} scored {numbers.count(task.n_both)} answers together; Krippendorff's alpha {found}, "
                f"{numbers.quality(task.mean_difference)} apart on average"
            )
        else:
            page.say(f"{name}: {who} scored no answer together")
    for judge, place in task.place.items():
        first = "" if place.first is None else f", the first place winning {numbers.share(place.first)} of those"
        page.say(
            f"{name}: {visible(judge, limit=40)} changed its verdict with the order in {numbers.share(place.share)} "
            f"[{numbers.share(place.low)}, {numbers.share(place.high)}] of "
            f"{numbers.count(place.n)} pairs{first}"
        )


def _print_people(page: Page, name: str, task: TaskJudging, *, asked: bool) -> None:
    people = {model: told for model, told in task.people.items() if told.n_labelled}
    if task.labels and task.labels.n_used < task.labels.n:
        n_other = task.labels.n - task.labels.n_used
        page.say(f"{name}: {numbers.count(n_other)} labels of its file are about other answers than this run's")
    if not people:
        if asked:
            page.say(
                f"{name}: nobody labelled an answer, so nothing is known of how its judges agree with people. Review "
                "some on the board (drawn at random), or name a file of labels: labels: {path: FILE}"
            )
        return
    rows = list(people.values())
    page.table(
        f"{name}: the judged mean, and as people's labels correct it [95 %]",
        [
            Column("model", [visible(model, limit=60) for model in people], left=True, folds=True),
            Column("judged", [numbers.quality(told.judged_mean) for told in rows]),
            Column("n", [numbers.count(told.n) for told in rows]),
            Column("labels", [numbers.count(told.n_labelled) for told in rows]),
            Column(
                "labels alone",
                [_between(told.label_mean, told.labels_low, told.labels_high) for told in rows],
                left=True,
            ),
            Column("judge − people", [numbers.difference(told.bias) for told in rows]),
            Column("corrected", [_between(told.mean, told.low, told.high) for told in rows], left=True),
        ],
    )
    few = [visible(model, limit=60) for model, told in people.items() if told.low is None]
    if few:
        page.say(
            f"{', '.join(few)}: fewer than {FEW} labels (items that move together count once), or labels that do not "
            "vary, so the correction is not shown: its interval would be narrower than it should be."
        )
    page.say("The correction holds where the labelled answers were drawn at random.")
    if asked:
        _print_agreement(page, name, task.agreement)


def _print_agreement(page: Page, name: str, agreement: Mapping[str, JudgeAgreement]) -> None:
    rows = list(agreement.values())
    page.table(
        f"{name}: judges against people, as right (a score from 0.5 on) or wrong [95 %]",
        [
            Column("judge", [visible(judge, limit=60) for judge in agreement], left=True, folds=True),
            Column("labels", [numbers.count(told.n) for told in rows]),
            Column("the same", [_bounds(told.same, told.low, told.high) for told in rows], left=True),
            Column(
                "Cohen's kappa",
                [numbers.agreement(told.kappa, told.kappa_low, told.kappa_high) for told in rows],
                left=True,
            ),
        ],
    )


def _between(mean: float | None, low: float | None, high: float | None) -> str:
    """A mean with its interval; nothing but a sign where there are too few labels for one."""
    return numbers.UNDEFINED if low is None else numbers.quality_with_interval(mean, low, high)


def _bounds(value: float | None, low: float | None, high: float | None) -> str:
    return numbers.UNDEFINED if value is None else numbers.quality_with_interval(value, low, high)
