"""Quality over a cost or a time, with the front; names avoid each other, and shapes tell open weights from closed.

Names stand so that they lie on no point and on no other name:

    place([Anchor(100, 40, "gpt", True), Anchor(104, 42, "qwen", False)], width=280, height=330)     # ["right", "left"]

Vega-Lite has no labels that avoid each other, and a page does not say how wide it is before it draws. Places are
therefore chosen here for a stated width. In a wider drawing points move apart and names do not grow: they still hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from evalkit.render.vega import (
    COLOURS,
    GREY,
    Chart,
    Spec,
    chart_of,
    cost_domain,
    decades,
    domain,
    field,
    layer,
    point_mark,
    ring_mark,
    tips,
)
from evalkit.results.tradeoffs import STATES, TradeoffPoint

FONT = 13
"""Pixels."""
PLACES: dict[str, tuple[str, str, int, int]] = {
    "right": ("left", "middle", 11, 0),
    "left": ("right", "middle", -11, 0),
    "upper right": ("left", "bottom", 8, -7),
    "lower right": ("left", "top", 8, 8),
    "upper left": ("right", "bottom", -8, -7),
    "lower left": ("right", "top", -8, 8),
    "above": ("center", "bottom", 0, -11),
    "below": ("center", "top", 0, 11),
}
"""By name, in order of preference: align, baseline and the offset in pixels, as Vega-Lite takes them."""
_LETTER = 0.58 * FONT
_POINT = 8
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point with the name that should stand beside it, in pixels from the upper left corner."""

    x: float
    y: float
    text: str
    must: bool
    """Whether the name stands somewhere even where every place is taken."""


def place(anchors: Sequence[Anchor], *, width: float, height: float, others: Sequence[Box] = ()) -> list[str | None]:
    """A key of PLACES for each; None where its name would lie on something. Names that must stand are placed first.

    `others`: what else is drawn there, in pixels."""
    points = [(a.x - _POINT, a.y - _POINT, a.x + _POINT, a.y + _POINT) for a in anchors]
    found: list[str | None] = [None] * len(anchors)
    names: list[Box] = []
    for n in sorted(range(len(anchors)), key=lambda n: not anchors[n].must):
        anchor, best, least = anchors[n], "right", float("inf")
        for name in PLACES:
            box = _box(anchor, name)
            drawn = [*others, *names, *(point for m, point in enumerate(points) if m != n)]
            taken = sum(_overlap(box, other) for other in drawn) + _outside(box, width, height)
            if taken < least:
                best, least = name, taken
            if taken == 0:
                break
        if least == 0 or anchor.must:
            found[n] = best
            names.append(_box(anchor, best))
    return found


def _box(anchor: Anchor, name: str) -> Box:
    align, baseline, dx, dy = PLACES[name]
    wide = len(anchor.text) * _LETTER
    left = anchor.x + dx - {"left": 0.0, "center": wide / 2, "right": wide}[align]
    top = anchor.y + dy - {"top": 0.0, "middle": FONT / 2, "bottom": float(FONT)}[baseline]
    return left, top, left + wide, top + FONT


def _overlap(a: Box, b: Box) -> float:
    """Square pixels that both cover."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _outside(box: Box, width: float, height: float) -> float:
    """Square pixels that are cut off at the edge of the drawing."""
    inside = _overlap(box, (0.0, 0.0, width, height))
    return (box[2] - box[0]) * (box[3] - box[1]) - inside


PICKED = "picked"
"""Name of the selection of a chart whose points can be clicked."""
_MOST_NAMED = 40
"""Names in a trade-off: a thousand models with the same figures are all on the front."""
MANY = 15
"""Models beyond which only those on the front, and the chosen ones, have their names in a trade-off."""
_WEIGHTS = {"closed": "square", "open weights": "circle", "not known": "triangle-up"}
"""Shape by whether a model's weights are open."""
_SIZES = {"narrow": 250, "wide": 620}
"""Width in pixels for which names are placed: of a telephone, and of everything that is at least so wide."""
_PLOT_PX = 256
"""Height of a trade-off without its axis and legend."""


def tradeoff(
    points: Sequence[TradeoffPoint], axis: str, *, log: bool = False, chosen: Sequence[str] = (), selects: bool = False
) -> Chart | None:
    """Quality over a cost or a time, with intervals and the front; None where no point has both figures.

    Colours say where a model stands, shapes whether its weights are open. `chosen` models get a ring. `selects`: a
    click on a point selects its model, under the name PICKED.
    """
    drawn = [p for p in points if p.state != "unknown" and p.x is not None and (p.x > 0 or not log)]
    if not drawn:
        return None
    rows: list[dict[str, object]] = [
        p.as_row() | {"chosen": p.line.entry.model in chosen, "weights": _weights(p)} for p in drawn
    ]
    words = "; ".join(
        f"{row['model']}: quality {row['shown']}, {axis} {row['x_shown']}, {row['state']}" for row in rows
    )
    across, up = cost_domain(rows, log=log), domain(rows, "low", "high", "quality")
    for size, width in _SIZES.items():
        places = _places(drawn, across, up, log, chosen, width)
        rows = [row | {size: place or ""} for row, place in zip(rows, places, strict=True)]
    kind = {"type": "log" if log else "linear", "domain": across, "nice": False}
    scale = {"domain": up, "nice": False}
    ticks: Spec = (decades(rows, "x", "x_high") | {"format": "~g"}) if log else {"tickCount": 6}
    x = field("x", "Q", title=axis, scale=kind, axis=ticks | {"labelOverlap": True, "grid": False})
    y = field("quality", "Q", title="quality", scale=scale, axis={"tickCount": 6})
    states = [STATES[key] for key in ("front", "possible", "beaten")]
    legend = {"title": None, "orient": "top", "columns": 2}
    colour = field("state", "N", scale={"domain": states, "range": [COLOURS[2], COLOURS[1], COLOURS[6]]}, legend=legend)
    kinds = [name for name in _WEIGHTS if any(row["weights"] == name for row in rows)]
    shape = field(
        "weights",
        "N",
        scale={"domain": kinds, "range": [_WEIGHTS[name] for name in kinds]},
        legend=legend | {"orient": "bottom", "columns": 3, "symbolFillColor": GREY, "symbolStrokeColor": GREY},
    )
    told = tips(model="model", shown="quality [95 %]", x_shown=axis, state="front", weights="weights")
    rule: Spec = {"type": "rule", "strokeWidth": 2, "aria": False}  # the points say the same
    dashed: Spec = {"type": "line", "strokeDash": [5, 4], "interpolate": "step-after", "color": COLOURS[2]}
    marks = layer(point_mark(150), {"x": x, "y": y, "color": colour, "shape": shape, **told})
    if selects:
        marks["params"] = [{"name": PICKED, "select": {"type": "point", "fields": ["model"]}}]
    layers = [
        *_good_corner(x, y, across, up, log),
        layer(dashed, {"x": x, "y": y}, f"datum.state == '{states[0]}'"),
        layer(rule, {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}),
        layer(rule, {"x": x | {"field": "x_low"}, "x2": {"field": "x_high"}, "y": y, "color": colour},
               "isValid(datum.x_low)"),
        marks,
        *_names(x, y),
        layer(ring_mark(420), {"x": x, "y": y}, "datum.chosen"),
    ]  # fmt: skip
    return chart_of(rows, {"layer": layers, "height": 470}, f"Quality against {axis}. {words}")


def _weights(point: TradeoffPoint) -> str:
    openness = point.line.entry.openness
    return "not known" if openness in {None, "disputed"} else "closed" if openness == "closed" else "open weights"


def _places(
    points: Sequence[TradeoffPoint],
    across: Sequence[float],
    up: Sequence[float],
    log: bool,
    chosen: Sequence[str],
    width: float,
) -> list[str | None]:
    """Where the names stand in a drawing of this width; None: nowhere. Of many models only those that matter have one:
    on the front, or chosen."""

    def share(value: float, ends: Sequence[float], log: bool) -> float:
        low, high, value = (math.log10(x) if log else x for x in (*ends, value))
        return (value - low) / ((high - low) or 1.0)

    anchors: list[Anchor] = []
    at: list[int] = []
    for n, point in enumerate(points):
        must = point.state == "front" or point.line.entry.model in chosen
        if point.x is None or point.quality is None or not (must or len(points) <= MANY) or len(at) == _MOST_NAMED:
            continue
        left, top = share(point.x, across, log) * width, (1 - share(point.quality, up, False)) * _PLOT_PX
        anchors.append(Anchor(left, top, point.name[:30], must))
        at.append(n)
    found: list[str | None] = [None] * len(points)
    lines = _lines(points, anchors, at)
    for anchor, n in zip(anchors, at, strict=True):  # whiskers
        quality = points[n].line.cell.quality
        ends = [(1 - share(end, up, False)) * _PLOT_PX for end in (quality.high, quality.low) if end is not None]
        lines += [(anchor.x - 2, ends[0], anchor.x + 2, ends[1])] if len(ends) == 2 else []
    for n, name in zip(at, place(anchors, width=width, height=_PLOT_PX, others=lines), strict=True):
        found[n] = name
    return found


def _lines(points: Sequence[TradeoffPoint], anchors: Sequence[Anchor], at: Sequence[int]) -> list[Box]:
    """The line of the front as boxes that names should not lie on: along, then up to the next model on it."""
    front = sorted((anchor.x, anchor.y) for anchor, n in zip(anchors, at, strict=True) if points[n].state == "front")
    found: list[Box] = []
    for (x, y), (next_x, next_y) in pairwise(front):
        found += [(x, y - 2, next_x, y + 2), (next_x - 2, min(y, next_y), next_x + 2, max(y, next_y))]
    return found


def _names(x: Spec, y: Spec) -> list[Spec]:
    """A layer of names for each place beside a point, for narrow and for wide drawings."""
    layers = []
    for size, test in (("narrow", f"width < {_SIZES['wide']}"), ("wide", f"width >= {_SIZES['wide']}")):
        for name, (align, baseline, dx, dy) in PLACES.items():
            mark: Spec = {"type": "text", "align": align, "baseline": baseline, "dx": dx, "dy": dy, "fontSize": FONT,
                          "limit": 200}  # fmt: skip
            text: Spec = {"x": x, "y": y, "text": field("model", "N")}
            layers.append(layer(mark, text, f"{test} && datum.{size} == '{name}'"))
    return layers


def _good_corner(x: Spec, y: Spec, across: Sequence[float], up: Sequence[float], log: bool) -> list[Spec]:
    """The upper left, where a model costs little and is good, shaded and named."""
    first, last = across
    right = first * (last / first) ** 0.3 if log else first + 0.3 * (last - first)
    bottom = up[1] - 0.3 * (up[1] - up[0])
    corner = {"values": [{"left": first, "right": right, "bottom": bottom, "top": up[1]}]}
    x, y = x | {"field": "left"}, y | {"field": "top"}
    shade = layer({"type": "rect", "color": COLOURS[2], "opacity": 0.08},
                  {"x": x, "x2": {"field": "right"}, "y": y, "y2": {"field": "bottom"}})  # fmt: skip
    word = layer({"type": "text", "text": "better", "align": "left", "baseline": "top", "dx": 6, "dy": 6,
                  "fontStyle": "italic", "fontSize": 12}, {"x": x, "y": y})  # fmt: skip
    return [shade | {"data": corner}, word | {"data": corner}]


def is_wide(points: Sequence[TradeoffPoint]) -> bool:
    """Whether the costs span more than a factor of ten, so that a logarithmic axis shows more."""
    known = [p.x for p in points if p.state != "unknown" and p.x is not None]
    return bool(known) and min(known) > 0 and max(known) / min(known) > 10
