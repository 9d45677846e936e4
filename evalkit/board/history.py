"""History: a suite over time, what changed in between, and a model against itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import streamlit as st

from evalkit.board import elements, model_marks
from evalkit.render.cells import run_titles
from evalkit.render.history_chart import HistoryPoint, history
from evalkit.render.run_history import FIGURES, Drift, drawn_models, drifts_of, history_points
from evalkit.results.reader import ResultsReader
from evalkit.store.runs import RunInfo, newest_first
from evalkit.text import numbers
from evalkit.text.escape import visible


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "History", "A suite over time: drift, and what changed when.")
    if not runs:
        return
    left, middle, right = st.columns(3)
    with left:
        suite = elements.suite_of(runs)
    mine = [info for info in reversed(newest_first(runs)) if info.suite == suite and info.started_at]
    tasks = list(dict.fromkeys(t for i in mine for m in store.summary(i.name).models.values() for t in m.tasks))
    with middle:
        task = elements.task_of(tasks)
    with right:
        figure = elements.choose("Figure", list(FIGURES), key="figure")
    drifts = drifts_of(store, mine)
    rows = history_points(store, mine, task, figure)
    if figure == "quality":
        st.subheader(_drift_sentence(drifts, len(mine)), anchor=False)
    else:
        st.subheader(_moved_sentence(rows, figure), anchor=False)
        st.caption(f"Quality: {_drift_sentence(drifts, len(mine))}")
    if not rows:
        st.info(f"No run of this suite has a known {elements.plain(figure)}.")
        return
    shown = _models(rows, drifts, figure)
    elements.draw(history([row for row in rows if row.model in shown], figure))
    if any(row.changed for row in rows if row.model in shown):
        st.caption(
            "*price* or *version* at a point: since the run before, this model's price changed, or another version of "
            "it was served."
        )
    n = len({row.model for row in rows})
    if len(shown) < n:
        st.caption(f"{len(shown)} of {n} models: choose others under “Selected models” at the left.")
    if len(mine) < 2:
        st.caption("One run is a point, not a history: run the suite again next week.")
    _changed(rows)
    _drift_table(store, drifts, mine)


def _models(rows: Sequence[HistoryPoint], drifts: Sequence[Drift], figure: str) -> set[str]:
    """The models that are drawn: the chosen ones; else a few."""
    mine = {visible(name, limit=60) for name in elements.chosen()} & {row.model for row in rows}
    return mine or drawn_models(rows, drifts, figure)


def _changed(rows: Sequence[HistoryPoint]) -> None:
    """What changed when; a change that every model of a run shares is one line."""
    import pandas as pd

    by_run: dict[tuple[str, str], list[str]] = {}
    n_models: dict[str, int] = {}
    for row in rows:
        n_models[row.at] = n_models.get(row.at, 0) + 1
        for note in row.notes:
            by_run.setdefault((row.at, note), []).append(row.model)
    if not by_run:
        return
    st.subheader("What changed", anchor=False)
    table = [
        {
            "when": at[:16].replace("T", " "),
            "model": "all models" if len(models) == n_models[at] > 1 else elements.cell(", ".join(models), 200),
            "change": elements.cell(note, 400),
        }
        for (at, note), models in by_run.items()
    ]
    st.dataframe(pd.DataFrame(table), hide_index=True, width="stretch", alt="Changes between runs")


def _drift_sentence(drifts: Sequence[Drift], n_runs: int) -> str:
    """Who drifted, and by how much."""
    if not drifts:
        return "No model was asked twice, so no drift can be shown." if n_runs > 1 else "One run so far."
    told = [
        f"{elements.plain(drift.model, 40)} drifted: {numbers.points(drift.found.delta)} "
        f"{'better' if drift.found.delta > 0 else 'worse'}"
        for drift in drifts
        if drift.is_shown and drift.found.delta
    ]
    rest = len(drifts) - len(told)
    others = "the other model" if rest == 1 else f"the other {rest} models"
    whom = others if told else "the model" if rest == 1 else f"any of {rest} models"
    quiet = f"No drift is shown for {whom}." if rest else ""
    return " ".join([*(f"{one}." for one in told), quiet]).strip()


_MOVED = 0.02
"""Of a figure: what moved less is not worth a word."""
_NAMED = 3


def _moved_sentence(rows: Sequence[HistoryPoint], figure: str) -> str:
    """What a figure other than quality did from the first run to the last: the largest changes first."""
    by_model: dict[str, list[HistoryPoint]] = {}
    for row in rows:
        by_model.setdefault(row.model, []).append(row)
    ends = [(found[0], found[-1]) for found in by_model.values() if len(found) > 1 and found[0].value > 0]
    moved = [(last.value / first.value, first, last) for first, last in ends if last.value > 0]
    moved = sorted((one for one in moved if abs(one[0] - 1) >= _MOVED), key=lambda one: -abs(math.log(one[0])))
    if not ends:
        return f"{figure}: no model was asked twice with a known figure."
    told = [
        f"{elements.plain(first.model, 40)} {_figure(first)} → {_figure(last)} ({numbers.ratio(ratio)})"
        for ratio, first, last in moved[:_NAMED]
    ]
    more = f"; {numbers.plural(len(moved) - _NAMED, 'more model')} moved" if len(moved) > _NAMED else ""
    rest = len(ends) - len(moved)
    quiet = f" {numbers.plural(rest, 'model')} moved by less than 2 %." if rest else ""
    return f"{figure}: {'; '.join(told)}{more}.{quiet}" if told else f"{figure}:{quiet}"


def _figure(point: HistoryPoint) -> str:
    """The figure alone, without an interval, as Markdown."""
    return elements.plain(point.shown.partition(" [")[0], 40)


def _drift_table(store: ResultsReader, drifts: Sequence[Drift], runs: Sequence[RunInfo]) -> None:
    import pandas as pd

    if not drifts:
        return
    titles = run_titles(runs)
    st.subheader("Drift: each model against itself", anchor=False)
    rows = [
        {
            "model": elements.marked(drift.model),
            "drift": "shown" if drift.is_shown else "not shown",
            "points of 100": numbers.signed_points(drift.found.delta),
            "95 % interval": numbers.points_interval(drift.found.low, drift.found.high),
            "flips": numbers.count(drift.found.flips),
            "samples": numbers.count(drift.found.n),
            "from": elements.cell(titles[drift.first], 120),
            "to": elements.cell(titles[drift.last], 120),
        }
        for drift in drifts
    ]
    of_run = {run: model_marks.of_run(store, run) for run in {drift.last for drift in drifts}}
    marks = [of_run[drift.last](drift.model) for drift in drifts]
    model_marks.table(pd.DataFrame(rows), marks, alt="Each model's first run against its last")
    st.caption("Each model by itself: of many that did not change, one in twenty leaves out zero by chance.")
