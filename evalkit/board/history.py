"""History: a suite over time, what changed in between, and a model against itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from evalkit.board import elements
from evalkit.decide.stored import promoted_sides
from evalkit.facts import Figures, RunFacts
from evalkit.render import charts
from evalkit.render.charts import HistoryPoint
from evalkit.results.compare import compare_samples
from evalkit.results.reader import ResultsReader
from evalkit.store.runs import RunInfo
from evalkit.text import numbers
from evalkit.text.escape import visible

_FIGURES: Mapping[str, tuple[Callable[[Figures], float | None], Callable[[float | None], str]]] = {
    "quality": (lambda c: c.quality.mean, numbers.quality),
    "USD per 1,000 samples": (lambda c: c.cost.usd_per_1k_samples, numbers.usd),
    "seconds to the first token, p50": (lambda c: c.latency.ttft_s.p50, numbers.time),
    "seconds to the whole answer, p95": (lambda c: c.latency.total_s.p95, numbers.time),
}


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "History", "A suite over time: drift, and what changed when.")
    if not runs:
        return
    left, middle, right = st.columns(3)
    with left:
        suite = elements.suite_of(runs)
    mine = [info for info in reversed(elements.newest_first(runs)) if info.suite == suite and info.started_at]
    tasks = list(dict.fromkeys(t for i in mine for m in store.summary(i.name).models.values() for t in m.tasks))
    with middle:
        task = elements.task_of(tasks)
    with right:
        figure = elements.choose("Figure", list(_FIGURES), key="figure")
    rows = _rows(store, mine, task, figure)
    if not rows:
        st.info(f"No run of this suite has a known {elements.plain(figure)}.")
        return
    import pandas as pd

    elements.draw(charts.history(rows, figure))
    if len(mine) < 2:
        st.caption("One run is a point, not a history: run the suite again next week.")
    changes = [row for row in rows if row.note]
    if changes:
        st.subheader("What changed", anchor=False)
        table = pd.DataFrame(
            [
                {
                    "when": r.at[:19].replace("T", " "),
                    "model": elements.cell(r.model, 60),
                    "change": elements.cell(r.note, 400),
                }
                for r in changes
            ]
        )
        st.dataframe(table, hide_index=True, width="stretch", alt="Changes between runs")
    _drift(store, mine)


def _rows(store: ResultsReader, runs: Sequence[RunInfo], task: str | None, figure: str) -> list[HistoryPoint]:
    read, show = _FIGURES[figure]
    rows: list[HistoryPoint] = []
    before: dict[str, dict[str, str | None]] = {}
    baselines = promoted_sides()
    for info in runs:
        facts = store.facts(info.name)
        for model, cells in store.summary(info.name).models.items():
            cell = cells.all if task is None else cells.tasks.get(task)
            value = read(cell) if cell is not None else None
            if cell is None or value is None:
                continue
            now = _state(facts, model, ", ".join(cells.served) or None)
            notes = _changes(before.get(model), now)
            if (info.name, model) in baselines:
                notes.append("promoted as baseline")
            before[model] = now
            low, high = (cell.quality.low, cell.quality.high) if figure == "quality" else (None, None)
            rows.append(
                HistoryPoint(
                    at=info.started_at or "",
                    model=visible(model, limit=60),
                    run=info.name,
                    value=float(value),
                    low=low,
                    high=high,
                    shown=show(value) + (" " + numbers.interval(low, high) if low is not None else ""),
                    note="; ".join(notes),
                )
            )
    return rows


def _state(facts: RunFacts, model: str, served: str | None) -> dict[str, str | None]:
    prices = facts.model_facts(model).prices
    return {
        "served as": served,
        "price": str(prices.usd_per_mtok) if prices is not None else None,
        "evalkit": facts.evalkit_version or None,
        "questions": str({name: task.identity for name, task in facts.tasks.items()}) if facts.tasks else None,
    }


def _changes(before: Mapping[str, str | None] | None, now: Mapping[str, str | None]) -> list[str]:
    """What differs, where both sides are known."""
    if before is None:
        return []
    found = []
    for name, value in now.items():
        was = before[name]
        if was is None or value is None or was == value:
            continue
        if name in {"served as", "evalkit"}:
            found.append(f"{name}: {visible(was, limit=60)} → {visible(value, limit=60)}")
        else:
            found.append(f"other {name}" if name == "questions" else "another price")
    return found


def _drift(store: ResultsReader, runs: Sequence[RunInfo]) -> None:
    """The same model in its first and its last run: over the same samples, so a difference is the model's."""
    import pandas as pd

    seen: dict[str, list[str]] = {}
    for info in runs:
        for model in store.summary(info.name).models:
            seen.setdefault(model, []).append(info.name)
    rows = []
    for model, names in seen.items():
        if len(names) < 2:
            continue
        versus = compare_samples(store, (names[0], model), (names[-1], model))
        shown = versus.low is not None and versus.high is not None and not versus.low <= 0 <= versus.high
        rows.append(
            {
                "model": elements.cell(model, 60),
                "from": elements.cell(names[0], 120),
                "to": elements.cell(names[-1], 120),
                "difference": numbers.difference(versus.delta),
                "95 % interval": numbers.difference_interval(versus.low, versus.high),
                "flips": numbers.count(versus.flips),
                "samples": numbers.count(versus.n),
                "drift": "shown" if shown else "not shown",
            }
        )
    if rows:
        st.subheader("Drift: each model against itself", anchor=False)
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, width="stretch", alt="Each model's first run against its last"
        )
