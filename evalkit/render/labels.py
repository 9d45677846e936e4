"""Where the names of points stand so that they lie on no point and on no other name.

    place([Anchor(100, 40, "gpt", True), Anchor(104, 42, "qwen", False)], width=280, height=330)     # ["right", "left"]

Vega-Lite has no labels that avoid each other, and a page does not say how wide it is before it draws. Places are
therefore chosen here for a stated width. In a wider drawing points move apart and names do not grow: they still hold.
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
