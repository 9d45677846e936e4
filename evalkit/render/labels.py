"""Names beside the points of a chart: on no point, on no line and on no other name, in every width.

    place([Anchor(0.4, 40, "gpt", True), Anchor(0.42, 42, "qwen", False)], Room((250, 300), 330))  # ["right", "left"]

Vega-Lite has no labels that avoid each other, and a page does not say how wide it is before it draws. Places are
therefore chosen here, so that they hold in some widths of a drawing: names do not grow with it, points move apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
