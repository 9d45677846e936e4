"""Quality over a cost or a time, with the front; names avoid each other, and shapes tell open weights from closed.

A point whose name has no room has a number, which a line below the chart explains: "1 gpt-oss-120b · 2 qwen3.5". Which
ones, depends on the width, and the drawing decides that itself.

Names stand on no point, on no line and on no other name, in every width:

    place([Anchor(0.4, 40, "gpt", True), Anchor(0.42, 42, "qwen", False)], Room((250, 300), 330))  # ["right", "left"]

Vega-Lite has no labels that avoid each other, and a page does not say how wide it is before it draws. Places are
therefore chosen here, so that they hold in some widths of a drawing: names do not grow with it, points move apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from evalkit.render.vega import (
    COLOURS,
    GREY,
    Chart,
    Spec,
    amounts,
    chart_of,
    cost_domain,
    decades,
    domain,
    field,
    figures,
    layer,
    point_mark,
    ring_mark,
    tips,
)
from evalkit.results.tradeoffs import STATES, TradeoffPoint
from evalkit.text.escape import visible

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
"""Left, top, right, bottom in pixels."""
_NAME_OVER_NAME = 100.0
"""Times as bad as a name over a line: what lies on another name cannot be read."""
PICKED = "picked"
"""Name of the selection of a chart whose points can be clicked."""
_MOST_NAMED = 40
"""Names in a trade-off: a thousand models with the same figures are all on the front."""
MANY = 15
"""Models beyond which only those on the front, and the chosen ones, have their names in a trade-off."""
_WEIGHTS = {"closed": "square", "open weights": "circle", "not known": "triangle-up"}
"""Shape by whether a model's weights are open."""
_SIZES: dict[str, tuple[float, ...]] = {
    "narrow": (230, 260, 300, 350, 400),
    "middle": (400, 460, 530, 620),
    "wide": (620, 690, 770, 860),
    "widest": (860, 960, 1080, 1250),
}
"""Widths in pixels, up to the last of each, for which names are placed together: on a telephone, in a small window, in
a report, on a desk."""
_ROW_LETTERS = {"narrow": 44, "middle": 64, "wide": 96, "widest": 130}
"""Letters in a line of what the numbers mean, by size."""
_PARTS = ("align", "baseline", "dx", "dy")
"""What a place says to Vega-Lite, in the order of PLACES."""
_ROW_PX = 17
_PLOT_PX = 256
"""Height of a trade-off without its axis, legend and numbers."""


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
    told = {}
    for size in _SIZES:
        beside, numbered = _beside(drawn, across, up, log, chosen, size)
        rows = [row | one for row, one in zip(rows, beside, strict=True)]
        told[size] = _wrapped(numbered, _ROW_LETTERS[size])
    kind = {"type": "log" if log else "linear", "domain": across, "nice": False}
    scale = {"domain": up, "nice": False}
    ticks: Spec = decades(rows, "x", "x_high") if log else {"tickCount": 6}
    ticks |= amounts("$" if "USD" in axis or "cost" in axis else "") | {"labelOverlap": True, "grid": False}
    x = field("x", "Q", title=axis, scale=kind, axis=ticks)
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
    tip = tips(model="model", shown="quality [95 %]", x_shown=axis, state="front", weights="weights")
    rule: Spec = {"type": "rule", "strokeWidth": 2, "aria": False}  # the points say the same
    dashed: Spec = {"type": "line", "strokeDash": [5, 4], "interpolate": "step-after", "color": COLOURS[2]}
    marks = layer(point_mark(150), {"x": x, "y": y, "color": colour, "shape": shape, **tip})
    if selects:
        marks["params"] = [{"name": PICKED, "select": {"type": "point", "fields": ["model"]}}]
    layers = [
        *_good_corner(x, y, across, up, log),
        layer(dashed, {"x": x, "y": y}, f"datum.state == '{states[0]}'"),
        layer(rule, {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}, "color": colour}),
        layer(rule, {"x": x | {"field": "x_low"}, "x2": {"field": "x_high"}, "y": y, "color": colour},
               "isValid(datum.x_low)"),
        marks,
        layer(_names(), {"x": x, "y": y}),
        layer(ring_mark(420), {"x": x, "y": y}, "datum.chosen"),
    ]  # fmt: skip
    spec: Spec = {"layer": layers, "height": 470 + _ROW_PX * max(map(len, told.values()))}
    if any(told.values()):
        spec["params"] = [{"name": "numbered", "value": told}]
        text = {"expr": _by_width({size: f"numbered.{size}" for size in told})}
        below = {"orient": "bottom", "anchor": "start", "frame": "bounds", "offset": 10}
        spec["title"] = {"text": text, "fontSize": 12, "fontWeight": "normal", "lineHeight": _ROW_PX, **below}
    return chart_of(rows, spec, f"Quality against {axis}. {words}")


def _weights(point: TradeoffPoint) -> str:
    openness = point.line.entry.openness
    return "not known" if openness in {None, "disputed"} else "closed" if openness == "closed" else "open weights"


def _beside(
    points: Sequence[TradeoffPoint],
    across: Sequence[float],
    up: Sequence[float],
    log: bool,
    chosen: Sequence[str],
    size: str,
) -> tuple[list[dict[str, object]], list[str]]:
    """What stands beside each point in drawings of this size, as fields of its row: its name, or a number where there
    is no room, or nothing; and the names by number. Of many models only those that matter have either: on the front,
    or chosen."""

    def share(value: float, ends: Sequence[float], log: bool) -> float:
        low, high, value = (math.log10(x) if log else x for x in (*ends, value))
        return (value - low) / ((high - low) or 1.0)

    anchors: list[Anchor] = []
    at: list[int] = []
    for n, point in enumerate(points):
        must = point.state == "front" or point.line.entry.model in chosen
        if point.x is None or point.quality is None or not (must or len(points) <= MANY) or len(at) == _MOST_NAMED:
            continue
        top = (1 - share(point.quality, up, False)) * _PLOT_PX
        anchors.append(Anchor(share(point.x, across, log), top, point.name[:30], must))
        at.append(n)
    lines = _lines(points, anchors, at)
    for anchor, n in zip(anchors, at, strict=True):  # whiskers
        quality, row = points[n].line.cell.quality, points[n].as_row()
        ends = [(1 - share(end, up, False)) * _PLOT_PX for end in (quality.high, quality.low) if end is not None]
        lines += [Line(anchor.x, ends[0], anchor.x, ends[1])] if len(ends) == 2 else []
        sides = [share(float(x), across, log) for x in figures([row], "x_low", "x_high")]
        lines += [Line(sides[0], anchor.y, sides[1], anchor.y)] if len(sides) == 2 else []
    placed = _named_or_numbered(anchors, Room(_SIZES[size], _PLOT_PX), lines)
    texts = {at[n]: one.anchor.text for n, one in placed.items()}
    where = {at[n]: PLACES[one.where] for n, one in placed.items()}
    names = [f"{size}_{part}" for part in _PARTS]
    fields: list[dict[str, object]] = [
        {size: texts.get(n, ""), **dict(zip(names, where.get(n, PLACES["right"]), strict=True))}
        for n in range(len(points))
    ]
    explained = [n for n in sorted(placed) if placed[n].anchor.text != anchors[n].text]
    return fields, [f"{texts[at[n]]} {visible(points[at[n]].name, limit=40)}" for n in explained]


def _named_or_numbered(anchors: Sequence[Anchor], room: Room, lines: Sequence[Line]) -> dict[int, PlacedLabel]:
    """By anchor, the name or number that stands there. A number stands on a line where it has to; nothing stands on
    another text."""
    order = sorted(range(len(anchors)), key=lambda n: not anchors[n].must)
    whole = [replace(anchors[n], must=False) for n in order]
    named: dict[int, PlacedLabel] = {}
    for n, anchor, where in zip(order, whole, place(whole, room, lines=lines), strict=True):
        if where is not None:
            named[n] = PlacedLabel(anchor, where)
    rest = [n for n in range(len(anchors)) if n not in named]
    numbers = [replace(anchors[n], text=str(at), must=True) for at, n in enumerate(rest, 1)]
    placed = place(numbers, room, lines=lines, taken=list(named.values()))
    for n, anchor, where in zip(rest, numbers, placed, strict=True):
        if where is not None:
            named[n] = PlacedLabel(anchor, where)
    return named


def _lines(points: Sequence[TradeoffPoint], anchors: Sequence[Anchor], at: Sequence[int]) -> list[Line]:
    """The line of the front, on which names should not lie: along, then up to the next model on it."""
    front = sorted((anchor.x, anchor.y) for anchor, n in zip(anchors, at, strict=True) if points[n].state == "front")
    found: list[Line] = []
    for (x, y), (next_x, next_y) in pairwise(front):
        found += [Line(x, y, next_x, y), Line(next_x, min(y, next_y), next_x, max(y, next_y))]
    return found


def _by_width(of_size: Mapping[str, str]) -> str:
    """An expression of Vega that picks one of these by the width of the drawing."""
    *smaller, last = of_size
    return "".join(f"width < {_SIZES[size][-1]} ? {of_size[size]} : " for size in smaller) + of_size[last]


def _names() -> Spec:
    """The texts beside the points: one layer, which reads from each row what stands there in this width."""

    def read(part: str) -> Spec:
        return {"expr": _by_width({size: f"datum['{size}{part}']" for size in _SIZES})}

    parts = {part: read(f"_{part}") for part in _PARTS}
    return {"type": "text", "text": read(""), "fontSize": FONT, "limit": 240, "aria": False, **parts}


def _wrapped(said: Sequence[str], letters: int) -> list[str]:
    """What the numbers mean, in lines of at most so many letters, but for one that is longer alone."""
    rows: list[str] = []
    for one in said:
        if rows and len(rows[-1]) + 3 + len(one) <= letters:
            rows[-1] += f" · {one}"
        else:
            rows.append(one)
    return rows


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


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point with the text that should stand beside it."""

    x: float
    """From the left edge, as a share of the width."""
    y: float
    """Pixels from the upper edge."""
    text: str
    must: bool
    """Whether the text stands somewhere even where every place is taken, unless it would lie on another."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is drawn beside the points: x as shares of the width, y in pixels."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Room:
    """The drawing: the widths in which places have to hold, and its height, in pixels."""

    widths: Sequence[float]
    height: float


@dataclass(frozen=True, slots=True)
class PlacedLabel:
    """A text that has its place, one of PLACES."""

    anchor: Anchor
    where: str


def place(
    anchors: Sequence[Anchor], room: Room, *, lines: Sequence[Line] = (), taken: Sequence[PlacedLabel] = ()
) -> list[str | None]:
    """A key of PLACES for each; None where its text would lie on something. Texts that must stand are placed first; of
    them None, too, where each place lies on another text.

    `taken`: texts that stand there already.
    """
    found: list[str | None] = [None] * len(anchors)
    names = list(taken)
    for n in sorted(range(len(anchors)), key=lambda n: not anchors[n].must):
        anchor, best, least = anchors[n], "right", float("inf")
        others = [other for m, other in enumerate(anchors) if m != n]
        for name in PLACES:
            covered = max(_covered(anchor, name, others, names, lines, width, room.height) for width in room.widths)
            if covered < least:
                best, least = name, covered
            if covered == 0:
                break
        if least == 0 or (anchor.must and least < _NAME_OVER_NAME):
            found[n] = best
            names.append(PlacedLabel(anchor, best))
    return found


def _covered(
    anchor: Anchor,
    name: str,
    others: Sequence[Anchor],
    names: Sequence[PlacedLabel],
    lines: Sequence[Line],
    width: float,
    height: float,
) -> float:
    """Square pixels on which the text would lie, those of other texts many times over."""
    box = box_of(anchor, name, width)
    points = [(a.x * width - _POINT, a.y - _POINT, a.x * width + _POINT, a.y + _POINT) for a in others]
    drawn = [(one.left * width - 2, one.top - 2, one.right * width + 2, one.bottom + 2) for one in lines]
    texts = sum(overlap(box, box_of(one.anchor, one.where, width)) for one in names)
    covered = sum(overlap(box, other) for other in (*points, *drawn)) + outside(box, width, height)
    return covered if not texts else covered + _NAME_OVER_NAME * (1 + texts)


def box_of(anchor: Anchor, name: str, width: float) -> Box:
    """Where a text stands in a drawing of this width."""
    align, baseline, dx, dy = PLACES[name]
    wide = len(anchor.text) * _LETTER
    left = anchor.x * width + dx - {"left": 0.0, "center": wide / 2, "right": wide}[align]
    top = anchor.y + dy - {"top": 0.0, "middle": FONT / 2, "bottom": float(FONT)}[baseline]
    return left, top, left + wide, top + FONT


def overlap(a: Box, b: Box) -> float:
    """Square pixels that both cover."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def outside(box: Box, width: float, height: float) -> float:
    """Square pixels that are cut off at the edge of the drawing."""
    inside = overlap(box, (0.0, 0.0, width, height))
    return (box[2] - box[0]) * (box[3] - box[1]) - inside
