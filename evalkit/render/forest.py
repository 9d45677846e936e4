"""The forest plot: differences with their intervals against zero, over all, by task and by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.render.vega import CELL, COLOURS, GREY, Chart, chart_of, field, layer, point_mark, tips
from evalkit.text.escape import visible


@dataclass(frozen=True, slots=True)
class ForestRow:
    """A difference with its interval; None: not known."""

    name: str
    delta: float
    low: float | None
    high: float | None
    shown: str
    is_shown: bool
    """Whether the interval leaves out zero."""
    group: str
    """all, task or slice."""


def forest(found: Sequence[ForestRow], title: str) -> Chart | None:
    """Differences with their intervals against zero, one line each in the order given; None without any."""
    if not found:
        return None
    rows = [{name: getattr(row, name) for name in ForestRow.__slots__} | {"way": _way(row)} for row in found]
    names = [visible(row.name, limit=CELL) for row in found]
    y = field("name", "N", sort=names, title=None, axis={"labelLimit": 170, "labelOverlap": False})
    x = field("delta", "Q", title=title, scale={"zero": True, "nice": True}, axis={"tickCount": 6})
    ways = {"better": COLOURS[2], "worse": COLOURS[4], "no difference shown": COLOURS[6]}
    colour = field("way", "N", scale={"domain": list(ways), "range": list(ways.values())},
                   legend={"title": None, "orient": "top", "columns": 2})  # fmt: skip
    shape = field("group", "N", scale={"domain": ["all", "task", "slice"], "range": ["diamond", "circle", "square"]},
                  legend=None)  # fmt: skip
    told = tips(name="of", shown="B − A [95 %]", way="shown")
    layers = [
        layer({"type": "rule", "color": GREY, "strokeDash": [4, 3], "aria": False}, {"x": {"datum": 0}}),
        layer({"type": "rule", "strokeWidth": 3},
               {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "color": colour}, "isValid(datum.low)"),
        layer(point_mark(110), {"y": y, "x": x, "color": colour, "shape": shape, **told}),
    ]  # fmt: skip
    words = "; ".join(f"{row.name}: {row.shown}" for row in found)
    return chart_of(rows, {"layer": layers, "height": 26 * len(rows) + 90}, f"{title}. {words}")


def _way(row: ForestRow) -> str:
    return "no difference shown" if not row.is_shown else "better" if row.delta > 0 else "worse"
