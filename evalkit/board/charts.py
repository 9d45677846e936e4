"""The charts. Colours are Okabe and Ito's (2008), which the colour-blind can tell apart; shapes and labels repeat them.

Altair specifications only: no Streamlit, no reading. Names are data, never part of an expression, so no model name can
become code in the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import TypeAlias

    import altair as alt
    import pandas as pd

    Layers: TypeAlias = alt.LayerChart | alt.FacetChart

COLOURS = ("#0072B2", "#BE8000", "#009E73", "#C46F9E", "#D55E00", "#2F8FC9", "#8C8C8C", "#948200")
"""Each stands out at least 3 to 1 from a light and a dark page (WCAG 2.2, 1.4.11), so four are darker than theirs."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
_LABEL_PX = 260


def whiskers(frame: pd.DataFrame) -> Layers:
    """Quality with its interval, one line a model in the order given.

    Columns: model, quality, low, high (NaN where there is no interval), place, shown, chosen (drawn with a ring).
    """
    import altair as alt

    order = list(frame["model"])
    y = alt.Y("model:N", sort=order, title=None, axis=alt.Axis(labelLimit=_LABEL_PX, labelOverlap=False))
    tooltip = [alt.Tooltip("model:N"), alt.Tooltip("shown:N", title="quality [95 %]"), alt.Tooltip("place:N")]
    scale = alt.Scale(domain=_domain(frame, "low", "high", "quality"), nice=False)
    axis = alt.Axis(tickCount=6, format=".2f")
    base = alt.Chart(frame)
    bars = base.mark_rule(strokeWidth=3, opacity=0.55, color=COLOURS[0]).encode(
        y=y,
        x=alt.X("low:Q", title="quality, with its 95 % interval", scale=scale, axis=axis),
        x2="high:Q",
        tooltip=tooltip,
    )
    points = base.mark_point(filled=True, size=110, color=COLOURS[0], opacity=1).encode(
        y=y, x=alt.X("quality:Q", scale=scale), tooltip=tooltip
    )
    rings = (
        base.transform_filter("datum.chosen")
        .mark_point(filled=False, size=380, strokeWidth=2, color=COLOURS[4])
        .encode(y=y, x=alt.X("quality:Q", scale=scale), tooltip=tooltip)
    )
    return alt.layer(bars, points, rings).properties(height=34 * len(frame) + 80)


def tradeoff(frame: pd.DataFrame, x_title: str, *, log: bool, chosen: Sequence[str] = ()) -> Layers:
    """Quality over a cost or a time, with intervals and the front.

    Columns: model, x, x_low, x_high, quality, low, high, state (front, possible, beaten), x_shown, shown.
    """
    import altair as alt

    kind = alt.Scale(type="log" if log else "linear", domain=_costs(frame, log=log), nice=False)
    y_scale = alt.Scale(domain=_domain(frame, "low", "high", "quality"), nice=False)
    x = alt.X("x:Q", title=x_title, scale=kind, axis=alt.Axis(tickCount=6, labelOverlap=True))
    y = alt.Y("quality:Q", title="quality", scale=y_scale)
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("shown:N", title="quality [95 %]"),
        alt.Tooltip("x_shown:N", title=x_title),
        alt.Tooltip("state:N", title="front"),
    ]
    states = ["on the front", "may be on the front", "beaten"]
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=states, range=[COLOURS[2], COLOURS[1], COLOURS[6]]),
        legend=alt.Legend(title=None, orient="top", columns=2),
    )
    shape = alt.Shape("state:N", scale=alt.Scale(domain=states, range=["circle", "diamond", "cross"]), legend=None)
    base = alt.Chart(frame)
    select = alt.selection_point(name="picked", fields=["model"])
    rules = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        x=x, y=alt.Y("low:Q", scale=y_scale, title="quality"), y2="high:Q", color=colour
    )
    spans = (
        base.transform_filter("isValid(datum.x_low)")
        .mark_rule(strokeWidth=2, opacity=0.6)
        .encode(x=alt.X("x_low:Q", scale=kind, title=x_title), x2="x_high:Q", y=y, color=colour)
    )
    front = frame[frame["state"] == states[0]].sort_values("x")
    line = (
        alt.Chart(front)
        .mark_line(strokeDash=[5, 4], opacity=0.7, interpolate="step-after", color=COLOURS[2])
        .encode(x=x, y=y)
    )
    points = (
        base.mark_point(filled=True, size=150, opacity=1)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=tooltip)
        .add_params(select)
    )
    names = base.mark_text(align="left", dx=10, dy=-8, fontSize=13, limit=180).encode(x=x, y=y, text="model:N")
    if chosen:
        mine = frame[frame["model"].isin(list(chosen))]
        ring = alt.Chart(mine).mark_point(size=420, strokeWidth=2, color=COLOURS[4], filled=False).encode(x=x, y=y)
        return alt.layer(line, rules, spans, points, names, ring).properties(height=430)
    return alt.layer(line, rules, spans, points, names).properties(height=430)


def history(frame: pd.DataFrame, y_title: str) -> Layers:
    """A figure over time, one line a model. Columns: at (time), model, value, low, high, note, shown, run, dim.

    `dim`: drawn faintly, because others were chosen.
    """
    import altair as alt

    models = list(dict.fromkeys(frame["model"]))
    colour = alt.Color(
        "model:N",
        scale=alt.Scale(domain=models, range=_range(COLOURS, models)),
        legend=alt.Legend(title=None, orient="top", columns=4),
    )
    shape = alt.Shape("model:N", scale=alt.Scale(domain=models, range=_range(SHAPES, models)), legend=None)
    x = alt.X("at:T", title=None, axis=alt.Axis(labelOverlap=True))
    scale = alt.Scale(domain=_domain(frame, "low", "high", "value"), nice=True)
    y = alt.Y("value:Q", title=y_title, scale=scale)
    tooltip = [
        alt.Tooltip("model:N"),
        alt.Tooltip("run:N"),
        alt.Tooltip("shown:N", title=y_title),
        alt.Tooltip("note:N"),
    ]
    base = alt.Chart(frame)
    opacity = alt.Opacity("dim:N", scale=alt.Scale(domain=[False, True], range=[0.85, 0.15]), legend=None)
    lines = base.mark_line().encode(x=x, y=y, color=colour, opacity=opacity)
    bars = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2)
        .encode(x=x, y=alt.Y("low:Q", scale=scale, title=y_title), y2="high:Q", color=colour, opacity=opacity)
    )
    points = base.mark_point(filled=True, size=90).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=tooltip, opacity=opacity
    )
    changed = (
        base.transform_filter("datum.note != ''")
        .mark_text(dy=-14, fontSize=14, text="▲", color=COLOURS[4])
        .encode(x=x, y=y, tooltip=tooltip)
    )
    return alt.layer(lines, bars, points, changed).properties(height=380)


def rules(frame: pd.DataFrame, title: str) -> Layers:
    """Each rule's interval against its limit (the tick), to scale. Columns: rule, low, high, value, limit, verdict."""
    import altair as alt

    order = list(dict.fromkeys(frame["rule"]))
    # Names above their bars: beside them they would leave a telephone no room for the chart.
    names = alt.Axis(
        labelAlign="left", labelPadding=-4, labelOffset=-20, labelLimit=600, ticks=False, domain=False, zindex=1
    )
    y = alt.Y("rule:N", sort=order, title=None, axis=names)
    verdicts = alt.Scale(domain=["pass", "inconclusive", "fail"], range=[COLOURS[2], COLOURS[1], COLOURS[4]])
    colour = alt.Color("verdict:N", scale=verdicts, legend=None)  # the names of the rules say it in words
    scale = alt.Scale(zero=False, nice=True, padding=20)
    tooltip = [alt.Tooltip(f"{name}:N") for name in ("rule", "verdict", "shown")]
    base = alt.Chart(frame)
    spans = base.mark_rule(strokeWidth=4, opacity=0.6).encode(
        y=y, x=alt.X("low:Q", title=title, scale=scale, axis=alt.Axis(tickCount=6)), x2="high:Q", color=colour
    )
    points = base.mark_point(filled=True, size=110, opacity=1).encode(y=y, x="value:Q", color=colour, tooltip=tooltip)
    limits = base.mark_tick(thickness=3, size=26, color="#808080").encode(y=y, x="limit:Q", tooltip=tooltip)
    return alt.layer(spans, points, limits).properties(height=64 * len(order) + 70)


def lines(frame: pd.DataFrame, x_title: str, y_title: str) -> alt.Chart:
    """Cost curves, both axes logarithmic. Columns: x, y, line, shown."""
    import altair as alt

    names = list(dict.fromkeys(frame["line"]))
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(strokeWidth=3)
        .encode(
            x=alt.X("x:Q", title=x_title, scale=alt.Scale(type="log"), axis=alt.Axis(format=",~r", tickCount=6)),
            y=alt.Y("y:Q", title=y_title, scale=alt.Scale(type="log"), axis=alt.Axis(format=",~r", tickCount=6)),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=names, range=_range(COLOURS, names)),
                legend=alt.Legend(title=None, orient="top", columns=2, labelLimit=300),
            ),
            strokeDash=alt.StrokeDash("line:N", legend=None),
            tooltip=[alt.Tooltip("line:N"), alt.Tooltip("shown:N", title=y_title)],
        )
        .properties(height=360)
    )
    return chart


def _range(values: Sequence[str], names: Sequence[Any]) -> list[str]:
    return [values[n % len(values)] for n in range(len(names))]


def _costs(frame: pd.DataFrame, *, log: bool) -> list[float]:
    """From below the lowest to above the highest, with room for a name at the right; never below zero."""
    ends = [float(v) for c in ("x", "x_high") for v in frame[c].dropna()]
    low, high = min(ends), max(ends)
    if log:
        return [low / 1.4, high * 2]
    reach = (high - low) or high or 1.0
    return [max(0.0, low - 0.08 * reach), high + 0.15 * reach]


def _domain(frame: pd.DataFrame, *columns: str) -> list[float]:
    """From the lowest to the highest figure with some air: whiskers stay visible where all models are alike."""
    low = min(float(v) for c in columns for v in frame[c].dropna())
    high = max(float(v) for c in columns for v in frame[c].dropna())
    air = max((high - low) * 0.08, 0.01)
    return [max(0.0, low - air) if low >= 0 else low - air, min(1.0, high + air) if high <= 1 else high + air]
