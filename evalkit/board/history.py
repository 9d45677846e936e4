"""History: a suite over time, what changed in between, and a model against itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from evalkit.board import elements
from evalkit.decide.stored import promoted_sides
from evalkit.facts import Figures, PriceFacts, RunFacts
from evalkit.render.board_charts import HistoryPoint, history
from evalkit.render.cells import run_titles
from evalkit.results.compare import SampleComparison, compare_samples
from evalkit.results.reader import ResultsReader
from evalkit.store.runs import RunInfo, newest_first
from evalkit.text import numbers
from evalkit.text.escape import visible

_DRAWN = 6
"""Models that are drawn where none is chosen: more lines cannot be told apart."""
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
    mine = [info for info in reversed(newest_first(runs)) if info.suite == suite and info.started_at]
    tasks = list(dict.fromkeys(t for i in mine for m in store.summary(i.name).models.values() for t in m.tasks))
    with middle:
        task = elements.task_of(tasks)
    with right:
        figure = elements.choose("Figure", list(_FIGURES), key="figure")
    drifts = _drifts(store, mine)
    st.subheader(_drift_sentence(drifts, len(mine)), anchor=False)
    rows = _rows(store, mine, task, figure)
    if not rows:
        st.info(f"No run of this suite has a known {elements.plain(figure)}.")
        return
    shown = _models(rows, drifts)
    elements.draw(history([row for row in rows if row.model in shown], figure))
    n = len({row.model for row in rows})
    if len(shown) < n:
        st.caption(f"{len(shown)} of {n} models: choose others under “Selected models” at the left.")
    if len(mine) < 2:
        st.caption("One run is a point, not a history: run the suite again next week.")
    _changed(rows)
    _drift_table(store, drifts, mine)


def _models(rows: Sequence[HistoryPoint], drifts: Sequence[Drift]) -> set[str]:
    """The models that are drawn: the chosen ones; else those that drifted or changed, then the best, a few in all."""
    names = list(dict.fromkeys(row.model for row in rows))
    mine = {visible(name, limit=60) for name in elements.chosen()} & set(names)
    if mine:
        return mine
    last = {row.model: row.value for row in rows}
    drifted = [visible(drift.model, limit=60) for drift in drifts if drift.is_shown]
    changed = [row.model for row in rows if row.is_own_change]
    best = sorted(names, key=lambda name: -last[name])
    return set(list(dict.fromkeys([*drifted, *changed, *best]))[:_DRAWN])


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
                    notes=tuple(notes),
                )
            )
    return rows


def _state(facts: RunFacts, model: str, served: str | None) -> dict[str, str | None]:
    prices = facts.model_facts(model).prices
    return {
        "served as": served,
        "price": _price_text(prices) if prices is not None else None,
        "evalkit": facts.evalkit_version or None,
        "questions": str({name: task.identity for name, task in facts.tasks.items()}) if facts.tasks else None,
    }


def _price_text(prices: PriceFacts) -> str:
    """Dollars for a million tokens in and out, of every band of prompt length: "$0.50 in, $2.00 out"."""
    told = []
    for band in prices.usd_per_mtok:
        above = f" above {numbers.count(band.above_input_tokens)}" if band.above_input_tokens else ""
        told.append(f"{numbers.usd(band.input)} in, {numbers.usd(band.output)} out{above}")
    fee = [f"{numbers.usd(prices.usd_per_request)} a request"] if prices.usd_per_request is not None else []
    return "; ".join([*told, *fee])


def _changes(before: Mapping[str, str | None] | None, now: Mapping[str, str | None]) -> list[str]:
    """What differs, where both sides are known."""
    if before is None:
        return []
    found = []
    for name, value in now.items():
        was = before[name]
        if was is None or value is None or was == value:
            continue
        if name == "questions":
            found.append("other questions")
        else:
            found.append(f"{name}: {visible(was, limit=100)} → {visible(value, limit=100)}")
    return found


@dataclass(frozen=True, slots=True)
class Drift:
    """A model in its last run against its first, on the same samples: what differs is the model's."""

    model: str
    first: str
    """Run."""
    last: str
    found: SampleComparison

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.found.is_shown


def _drifts(store: ResultsReader, runs: Sequence[RunInfo]) -> list[Drift]:
    seen: dict[str, list[str]] = {}
    for info in runs:
        for model in store.summary(info.name).models:
            seen.setdefault(model, []).append(info.name)
    return [
        Drift(model, names[0], names[-1], compare_samples(store, (names[0], model), (names[-1], model)))
        for model, names in seen.items()
        if len(names) > 1
    ]


def _drift_sentence(drifts: Sequence[Drift], n_runs: int) -> str:
    """Who drifted, and by how much."""
    if not drifts:
        return "No model was asked twice, so no drift can be shown." if n_runs > 1 else "One run so far."
    told = [
        f"{elements.plain(drift.model, 40)} drifted: {abs(drift.found.delta) * 100:.1f} points "
        f"{'better' if drift.found.delta > 0 else 'worse'}"
        for drift in drifts
        if drift.is_shown and drift.found.delta
    ]
    rest = len(drifts) - len(told)
    others = "the other model" if rest == 1 else f"the other {rest} models"
    whom = others if told else "the model" if rest == 1 else f"any of {rest} models"
    quiet = f"No drift is shown for {whom}." if rest else ""
    return " ".join([*(f"{one}." for one in told), quiet]).strip()


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
            "difference": numbers.difference(drift.found.delta),
            "95 % interval": numbers.difference_interval(drift.found.low, drift.found.high),
            "flips": numbers.count(drift.found.flips),
            "samples": numbers.count(drift.found.n),
            "from": elements.cell(titles[drift.first], 120),
            "to": elements.cell(titles[drift.last], 120),
        }
        for drift in drifts
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", alt="Each model's first run against its last")
    st.caption("Each model by itself: of many that did not change, one in twenty leaves out zero by chance.")
