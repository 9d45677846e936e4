"""Trade-off: quality against cost and against time, with intervals, and which models the data leave on the front."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import pairwise

import streamlit as st

from evalkit.board import elements, model_marks
from evalkit.render import tradeoff_chart
from evalkit.results.entries import standing
from evalkit.results.reader import ResultsReader
from evalkit.results.tradeoffs import AXES, TradeoffPoint, best_at_each_price, points_of
from evalkit.text import numbers

_CHART = "tradeoff_chart"


def render(store: ResultsReader) -> None:
    """The page."""
    runs = elements.begin(store, "Trade-off", "What a point of quality costs, in money and in time.")
    if not runs:
        return
    entries, _, task, right = elements.models_and_task(store, runs)
    drawable = [name for name, reads in AXES.items() if any(reads.value(entry.cells.all) for entry in entries)]
    with right:
        at = list(AXES).index(drawable[0]) if drawable else 0  # where no price is known, time can still be shown
        axis = elements.choose("Against", list(AXES), key="axis", index=at)
        switch = st.container()
    with st.spinner(elements.COMPARING):
        lines = standing(store, entries, task)
    points = points_of(store, lines, axis, task)
    with switch:
        log = st.toggle("Logarithmic scale", value=tradeoff_chart.is_wide(points), key="log", bind="query-params")
    missing = [p.line.entry.model for p in points if p.state == "unknown"]
    if missing:
        unknown = ", ".join(elements.plain(name, 40) for name in missing)
        st.warning(f"Not drawn, because {elements.plain(axis)} or quality is unknown or undefined: {unknown}")
    mine = elements.chosen()
    chart = tradeoff_chart.tradeoff(points, axis, log=log, chosen=mine, selects=True)
    if chart is None:
        st.info(_way_out(axis))
        return
    drawn = [p for p in points if p.state != "unknown" and p.x is not None and (p.x > 0 or not log)]
    steps = best_at_each_price(store, points, task)
    st.subheader(_headline(steps, axis), anchor=False)
    taken = {p.name for p in steps}
    _say_others([p for p in drawn if p.name not in taken], axis)
    known = {point.name: point.line.entry for point in drawn}
    elements.draw(chart, key=_CHART, on_select=partial(_choose, {name: one.model for name, one in known.items()}))
    if len(drawn) > tradeoff_chart.MANY:
        st.caption("Names and numbers stand at the models on the front and the chosen ones; the table names them all.")
    st.caption(
        "Choose a model by a click on its point (shift-click for a second), or under “Selected models” at the left."
    )
    _table(drawn, taken, axis, AXES[axis].show)
    picked = [entry for entry in known.values() if entry.model in mine]
    if picked:
        second = picked[-1]
        first = picked[0] if len(picked) > 1 else next((e for e in known.values() if e is not second), second)
        if first is not second:
            label = f"Compare {elements.plain(first.model, 30)} with {elements.plain(second.model, 30)}"
            elements.link(st.container(), "versus", label, {"a": first.key, "b": second.key})
    elements.warn([line.entry for line in lines])


def _say_others(points: Sequence[TradeoffPoint], axis: str) -> None:
    """Which models one might take in place of those of the headline, by their place in the chart."""
    front, possible = ([p.line.entry.model for p in points if p.state == state] for state in ("front", "possible"))
    than = "cheaper" if _is_money(axis) else "faster"
    if front:
        st.caption(f"On the front too, but not shown to be better than a {than} one: {elements.listed(front)}.")
    if possible:
        st.caption(
            f"May be on the front: {elements.listed(possible)}. Each measured no better than a {than} one, and no "
            "difference in quality between them is shown."
        )


def _headline(steps: Sequence[TradeoffPoint], axis: str) -> str:
    """The best at each price or time: which model, from which figure on, how good."""
    said = [
        f"{elements.plain(p.line.entry.model, 40)} {'for' if n == 0 else 'from'} {p.x_shown}".replace("$", r"\$")
        + f" ({numbers.quality(p.quality)})"
        for n, p in enumerate(steps)
    ]
    what = "price" if _is_money(axis) else "speed"
    return f"Best at each {what}: {'; '.join(said)}." if said else "No model is on the front."


def _is_money(axis: str) -> bool:
    return "USD" in axis or "cost" in axis


def _choose(names: Mapping[str, str]) -> None:
    """What was clicked on the chart is chosen everywhere; a click beside the points changes nothing."""
    picked = st.session_state[_CHART]["selection"].get(tradeoff_chart.PICKED) or []
    clicked = [names[point["model"]] for point in picked if point.get("model") in names]
    if clicked:
        elements.choose_models(clicked)


def _table(
    points: Sequence[TradeoffPoint], taken: Collection[str], axis: str, show: Callable[[float | None], str]
) -> None:
    import pandas as pd

    rows = [p.as_row() for p in points]
    frame = pd.DataFrame(
        {
            "model": [elements.cell(row["model"], 60) for row in rows],
            "front": [row["state"] for row in rows],
            "quality [95 %]": [row["shown"] for row in rows],
            axis: [row["x_shown"] for row in rows],
            "per further point of quality": _steps(points, taken, show),
        }
    )
    marks = [model_marks.of_entry(p.line.entry) for p in points]
    model_marks.table(frame, marks, alt=f"Quality and {axis} of each model")


def _steps(points: Sequence[TradeoffPoint], taken: Collection[str], show: Callable[[float | None], str]) -> list[str]:
    """What one more point (0.01) of quality costs, from the model before it in the headline: of the others no gain in
    quality is shown, so it has no price. `taken`: names in the headline."""
    front = [(p.x, p.quality, n) for n, p in enumerate(points) if p.name in taken]
    known = sorted((x, quality, n) for x, quality, n in front if x is not None and quality is not None)
    steps = {}
    for (x, quality, _), (next_x, next_quality, n) in pairwise(known):
        gain = (next_quality - quality) * 100
        steps[n] = f"+{show((next_x - x) / gain)}" if gain > 0 else numbers.UNDEFINED
    return [steps.get(n, numbers.UNDEFINED) for n in range(len(points))]


def _way_out(axis: str) -> str:
    if "USD" in axis:
        return (
            "No price is known for any of these models, and unknown is not zero. Write the prices into a prices.yaml "
            "beside the suite and run it again: cached answers cost nothing."
        )
    return f"No model has a measured {axis} here. Answers that came from the cache have none."
