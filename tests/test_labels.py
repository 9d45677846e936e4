"""Names beside the points of a chart: on no point, on no other name, and never outside the drawing."""

from __future__ import annotations

import random
from itertools import combinations

from evalkit.render.tradeoff_chart import Anchor, Line, PlacedLabel, Room, box_of, outside, overlap, place

WIDTHS = (250.0, 320.0, 400.0)


def test_names_of_scattered_points_lie_on_nothing_in_any_of_the_widths() -> None:
    dice = random.Random(4)
    anchors = [Anchor(dice.random(), dice.uniform(0, 310), f"model-{n}", False) for n in range(13)]
    found = place(anchors, Room(WIDTHS, 310))
    assert sum(name is not None for name in found) >= 8
    for width in WIDTHS:
        boxes = [box_of(anchor, name, width) for anchor, name in zip(anchors, found, strict=True) if name]
        assert not [pair for pair in combinations(boxes, 2) if overlap(*pair)]
        assert not [box for box in boxes if outside(box, width, 310) > 1e-6]


def test_a_place_that_is_free_in_a_narrow_drawing_alone_is_no_place() -> None:
    """A point that is nearer than the name in one is beside it in the other."""
    anchors = [Anchor(0.3, 100, "a name", False), Anchor(0.305, 100, "", False)]
    assert place(anchors[:1], Room((250, 3000), 310)) == ["right"]
    assert place(anchors, Room((250,), 310))[0] == "right", "the other point lies on this one"
    assert place(anchors, Room((250, 3000), 310))[0] == "left"


def test_of_names_that_collide_those_that_must_stand_do_but_on_no_other_name() -> None:
    crowd = [Anchor(0.4, 100, "a long name of a model", n == 7) for n in range(12)]
    found = place(crowd, Room((250,), 310))
    assert found[7] is not None
    assert sum(name is not None for name in found) < 12
    every = [PlacedLabel(Anchor(0.4, 100, "a long name of a model", False), where) for where in ("right", "left")]
    assert place([Anchor(0.4, 100, "gpt", True)], Room((250,), 310), taken=every) not in (["right"], ["left"])


def test_a_line_is_no_place_for_a_name() -> None:
    alone = [Anchor(0.2, 100, "gpt", False)]
    assert place(alone, Room((620,), 310)) == ["right"]
    assert place(alone, Room((620,), 310), lines=[Line(0.2, 100, 0.5, 100)]) == ["left"]
