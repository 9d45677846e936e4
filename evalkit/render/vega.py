"""What our charts share of Vega-Lite: layers, fields, scales, colours. No library is imported.

    chart_of(rows, {"layer": [layer(point_mark(110), {"x": field("quality", "Q")})], "height": 80}, "Quality of ...")

Every text of the rows is made visible here, whoever made it; figures are finite or None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.text.escape import visible

COLOURS = ("#0072B2", "#BE8000", "#009E73", "#C46F9E", "#D55E00", "#2F8FC9", "#8C8C8C", "#948200")
"""Each stands out at least 3 to 1 from a light and a dark page (WCAG 2.2, 1.4.11), so four are darker than theirs."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
GREY = "#7d7d7d"
"""Limits, crossings, zero lines: stands out 3 to 1 from both pages."""
CELL = 300
"""Characters of a text in a chart."""
_WORDS = 5_000  # of its description
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
_KINDS = {"N": "nominal", "Q": "quantitative", "T": "temporal"}

Spec = dict[str, object]
"""Vega-Lite: JSON as Python values."""
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn."""

    spec: Spec
    alt: str
    """What it shows, in words: for those who do not see it."""


def chart_of(rows: Sequence[Row], drawn: Spec, words: str) -> Chart:
    """The whole chart. Width and height are those of the whole picture, axes and legend included."""
    fit: Spec = {} if "hconcat" in drawn else {"autosize": {"type": "fit", "contains": "padding"}}
    spec = {"$schema": _SCHEMA, "data": {"values": [_visible(row) for row in rows]}, **fit, **drawn}
    return Chart(spec, visible(words, limit=_WORDS))


def _visible(row: Row) -> Row:
    """The row with every text made visible, whoever made it."""
    return {name: visible(value, limit=CELL) if isinstance(value, str) else value for name, value in row.items()}


def layer(mark: Spec, encoding: Spec, only: str | None = None) -> Spec:
    """A layer; `only`: an expression of ours that leaves rows out."""
    layer: Spec = {"mark": mark, "encoding": encoding}
    return layer if only is None else {"transform": [{"filter": only}], **layer}


def field(name: str, kind: str, **options: object) -> Spec:
    return {"field": name, "type": _KINDS[kind], **options}


def tips(**titles: str) -> Spec:
    """What a pointer sees, and what a screen reader says of each mark: fields by their titles."""
    return {"tooltip": [field(name, "N", title=title) for name, title in titles.items()]}


def point_mark(size: int, **options: object) -> Spec:
    return {"type": "point", "filled": True, "size": size, "opacity": 1, **options}


def ring_mark(size: int) -> Spec:
    return {
        "type": "point",
        "filled": False,
        "size": size,
        "strokeWidth": 2,
        "opacity": 1,
        "color": COLOURS[4],
        "aria": False,
    }


def series(names: Sequence[object]) -> tuple[list[str], list[str]]:
    """A colour and a shape for each: 64 pairs come before one is repeated, so that neighbours in a list and models
    whose colours are alike still differ in shape."""
    n = len(COLOURS)
    shapes = [SHAPES[(at + 3 * (at // n)) % len(SHAPES)] for at in range(len(names))]
    return cycled(COLOURS, names), shapes


def cycled(values: Sequence[str], names: Sequence[object]) -> list[str]:
    return [values[n % len(values)] for n in range(len(names))]


def figures(rows: Sequence[Row], *columns: str) -> list[float]:
    return [float(value) for name in columns for row in rows if isinstance(value := row.get(name), int | float)]


def amounts(unit: str = "") -> Spec:
    """Labels of an axis as people write them, the unit before each: 0.1, 1,000, 10 M, 1 bn. Vega's own are signs of the
    metric system, of which `100m` is a tenth."""
    said = (
        "datum.value >= 1e9 ? format(datum.value / 1e9, ',~g') + ' bn'"
        " : datum.value >= 1e6 ? format(datum.value / 1e6, '~g') + ' M'"
        " : datum.value >= 1 ? format(datum.value, ',~r') : format(datum.value, '~g')"
    )
    return {"labelExpr": f"'{unit}' + ({said})"}


def decades(rows: Sequence[Row], *columns: str) -> Spec:
    """A logarithmic axis with a line at each power of ten; of few of them at 1, 2 and 5 of each."""
    ends = figures(rows, *columns)
    powers = range(math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends))) + 1)
    steps = (1, 2, 5) if len(powers) <= _FEW_POWERS else (1,)
    return {"tickCount": 6, "values": [step * 10.0**power for power in powers for step in steps]}


_FEW_POWERS = 4


def cost_domain(rows: Sequence[Row], *, log: bool) -> list[float]:
    """From below the lowest to above the highest, with room for a name at the right; never below zero."""
    ends = figures(rows, "x", "x_low", "x_high")
    low, high = min(ends), max(ends)
    if log:
        return [low / 1.6, high * 2.5]
    reach = (high - low) or high or 1.0
    return [max(0.0, low - 0.08 * reach), high + 0.15 * reach]


def domain(rows: Sequence[Row], *columns: str) -> list[float]:
    """From the lowest to the highest figure with some air: whiskers stay visible where all models are alike."""
    ends = figures(rows, *columns)
    low, high = min(ends), max(ends)
    air = max((high - low) * 0.08, 0.01)
    return [max(0.0, low - air) if low >= 0 else low - air, min(1.0, high + air) if high <= 1 else high + air]
