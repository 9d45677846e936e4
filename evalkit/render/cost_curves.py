"""The chart of costs by volume: what an API bills against machines of one's own, with bands and where they cross.

chart = curves([Curve("gpt", points), Curve("own", others)], x="requests a day", y="USD a year")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.render.vega import COLOURS, GREY, Chart, Row, Spec, amounts, chart_of, cycled, decades, field, layer, tips
from evalkit.text.escape import visible


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One place of a curve; all above 0."""

    x: float
    y: float
    low: float
    high: float
    shown: str


@dataclass(frozen=True, slots=True)
class Curve:
    """A cost by volume, its points in order of x."""

    name: str
    points: Sequence[CurvePoint]


@dataclass(frozen=True, slots=True)
class MarkedPoint:
    """A point worth naming: where two curves meet."""

    x: float
    y: float
    text: str


def curves(
    found: Sequence[Curve], *, x: str, y: str, title: str | None = None, crossings: Sequence[MarkedPoint] = ()
) -> Chart | None:
    """Costs by volume with their bands, both axes logarithmic; None where no point is above 0."""
    rows: list[Row] = [
        {"x": p.x, "y": p.y, "low": p.low, "high": p.high, "line": visible(curve.name, limit=60), "shown": p.shown}
        for curve in found
        for p in curve.points
        if p.low > 0
    ]
    if not rows:
        return None
    names = list(dict.fromkeys(row["line"] for row in rows))
    x, y = visible(x, limit=100), visible(y, limit=100)
    log = {"type": "log"}
    across = field("x", "Q", title=x, scale=log, axis=decades(rows, "x") | amounts())
    up = field(
        "y",
        "Q",
        title=y,
        scale=log,
        axis=decades(rows, "y", "low", "high") | amounts("$" if y.startswith("USD") else ""),
    )
    legend = {"title": None, "orient": "top", "columns": 1, "labelLimit": 300, "symbolOpacity": 1,
              "symbolType": "stroke", "symbolStrokeWidth": 3, "symbolSize": 300}  # fmt: skip
    colour = field("line", "N", scale={"domain": names, "range": cycled(COLOURS, names)}, legend=legend)
    told = tips(line="line", shown=y)
    layers = [
        layer({"type": "area", "opacity": 0.15},
               {"x": across, "y": up | {"field": "low"}, "y2": {"field": "high"}, "color": colour},
               "datum.low != datum.high"),
        layer({"type": "line", "strokeWidth": 3},
               {"x": across, "y": up, "color": colour, "strokeDash": field("line", "N", legend=None), **told}),
    ]  # fmt: skip
    drawn: Spec = {"layer": layers, "height": 360}
    if crossings:
        at: Spec = {"x": across, "y": up}
        marks: list[Row] = [{"x": c.x, "y": c.y, "text": visible(c.text, limit=60)} for c in crossings]
        dot = {"type": "point", "size": 90, "filled": False, "opacity": 1, "strokeWidth": 2, "color": GREY}
        beside = {"type": "text", "align": "left", "dx": 9, "dy": 14, "fontSize": 13}
        layers.append(layer(dot, at) | {"data": {"values": marks}})
        layers.append(layer(beside, at | {"text": field("text", "N")}) | {"data": {"values": marks}})
    if title is not None:
        drawn["title"] = visible(title, limit=200)
    return chart_of(rows, drawn, f"{title or y}: {', '.join(map(str, names))} by {x}")
