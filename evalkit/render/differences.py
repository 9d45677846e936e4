"""One model instead of another: the difference over all, by task and by slice, and its forest plot."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.render.board_charts import ForestRow, forest
from evalkit.render.vega import Chart
from evalkit.results import changes
from evalkit.results.compare import SampleComparison, compare_samples
from evalkit.results.entries import ReportEntry, ranked_of
from evalkit.results.reader import ResultsReader
from evalkit.results.samples import SampleSide
from evalkit.text import numbers
from evalkit.text.escape import visible

FEW = 50_000
"""Samples up to which slices are compared, too."""
_SLICES = 20
Difference = tuple[str, str, SampleComparison]
"""What it is of, which kind of thing that is, B minus A."""


def differences_of(
    store: ResultsReader,
    a: SampleSide,
    b: SampleSide,
    tasks: Sequence[str],
    whole: SampleComparison,
    entries: Sequence[ReportEntry] = (),
) -> list[Difference]:
    """Over all (`whole`), by task where there are several, by slice where there are few samples. `entries`: the
    leaderboard on which both stand; a task is then decided as its leaderboard decides it. Raises StoreError."""
    found = [("all tasks", "all", whole)]
    if len(tasks) > 1:
        found += [(task, "task", compare_samples(store, a, b, task, ranked=ranked_of(entries, task))) for task in tasks]
    for name, value in changes.slices_of(store, a)[:_SLICES] if whole.n <= FEW else ():
        found.append((f"{name} = {value}", "slice", compare_samples(store, a, b, slice=(name, value))))
    return found


def differences_chart(
    found: Sequence[Difference], title: str = "points of 100 that B is better (right) or worse (left)"
) -> Chart | None:
    """The forest plot; None where nothing can be compared."""
    rows = [
        ForestRow(
            visible(name, limit=60), 100 * one.delta, _points(one.low), _points(one.high),
            shown_points(one.delta, one.low, one.high), one.is_shown, group,
        )
        for name, group, one in found
        if one.delta is not None
    ]  # fmt: skip
    return forest(rows, title)


def shown_points(delta: float | None, low: float | None, high: float | None) -> str:
    """ "+1.2 (−0.4 to +2.8)", in points of 100; without what is in brackets where there is no interval."""
    interval = numbers.points_interval(low, high)
    return f"{numbers.signed_points(delta)} ({interval})" if interval else numbers.signed_points(delta)


def _points(score: float | None) -> float | None:
    return None if score is None else 100 * score
