"""Amounts as bars from zero, one line each, with the amount in words at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.render.vega import CELL, COLOURS, Chart, chart_of, field, layer, tips
from evalkit.text.escape import visible


@dataclass(frozen=True, slots=True)
class Bar:
    """One amount."""

    name: str
    value: float
    shown: str
    group: str
    """What its colour says, like `hosted`; alike for all: one colour and no legend."""


def bars(found: Sequence[Bar], title: str) -> Chart | None:
    """The bars in the order given; None without any."""
    if not found:
        return None
    rows = [{name: getattr(bar, name) for name in Bar.__slots__} for bar in found]
    names = [visible(bar.name, limit=CELL) for bar in found]
    groups = list(dict.fromkeys(visible(bar.group, limit=CELL) for bar in found))
    most = max(bar.value for bar in found)
    y = field("name", "N", sort=names, title=None, axis={"labelLimit": 170, "labelOverlap": False})
    scale = {"domain": [0, (most or 1.0) * 1.25], "nice": False}  # with room for the last amount
    x = field("value", "Q", title=title, scale=scale, axis={"tickCount": 5, "format": "~s"})
    legend = {"title": None, "orient": "top", "columns": 2} if len(groups) > 1 else None
    colours = [COLOURS[0], COLOURS[1], *COLOURS[2:]][: len(groups)]
    colour = field("group", "N", scale={"domain": groups, "range": colours}, legend=legend)
    layers = [
        layer({"type": "bar", "height": 14}, {"y": y, "x": x, "color": colour,
              **tips(name="of", shown=title, group="which")}),
        layer({"type": "text", "align": "left", "dx": 5, "fontSize": 12},
              {"y": y, "x": x, "text": field("shown", "N")}),
    ]  # fmt: skip
    words = "; ".join(f"{bar.name}: {bar.shown}" for bar in found)
    return chart_of(rows, {"layer": layers, "height": 26 * len(rows) + 80}, f"{title}. {words}")
