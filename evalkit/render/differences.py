"""One model instead of another: the difference over all, by task and by slice, and its forest plot."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.render.board_charts import ForestRow, forest
from evalkit.render.vega import Chart
from evalkit.results import changes
from evalkit.results.compare import SampleComparison, compare_samples
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
    store: ResultsReader, a: SampleSide, b: SampleSide, tasks: Sequence[str], whole: SampleComparison
) -> list[Difference]:
    """Over all (`whole`), by task where there are several, by slice where there are few samples. Raises StoreError."""
    found = [("all tasks", "all", whole)]
    if len(tasks) > 1:
        found += [(task, "task", compare_samples(store, a, b, task)) for task in tasks]
    for name, value in changes.slices_of(store, a)[:_SLICES] if whole.n <= FEW else ():
        found.append((f"{name} = {value}", "slice", compare_samples(store, a, b, slice=(name, value))))
    return found


def differences_chart(found: Sequence[Difference], title: str = "B − A, in points of 1") -> Chart | None:
    """The forest plot; None where nothing can be compared."""
    rows = [
        ForestRow(
            visible(name, limit=60), one.delta, one.low, one.high,
            f"{numbers.difference(one.delta)} {numbers.difference_interval(one.low, one.high)}", one.is_shown, group,
        )
        for name, group, one in found
        if one.delta is not None
    ]  # fmt: skip
    return forest(rows, title)
