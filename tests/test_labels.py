"""Names beside the points of a chart: on no point, on no other name, and never outside the drawing."""

from __future__ import annotations

import random
from itertools import combinations

from evalkit.render.tradeoff_chart import Anchor, _box, _outside, _overlap, place


def test_names_of_scattered_points_lie_on_nothing() -> None:
    dice = random.Random(4)
    anchors = [Anchor(dice.uniform(0, 620), dice.uniform(0, 310), f"model-{n}", False) for n in range(13)]
    found = place(anchors, width=620, height=310)
    boxes = [_box(anchor, name) for anchor, name in zip(anchors, found, strict=True) if name]
    assert len(boxes) >= 10
    assert not [pair for pair in combinations(boxes, 2) if _overlap(*pair)]
    assert not [box for box in boxes if _outside(box, 620, 310) > 1e-6]


def test_of_names_that_collide_those_that_must_stand_do() -> None:
    crowd = [Anchor(100, 100, "a long name of a model", n == 7) for n in range(12)]
    found = place(crowd, width=250, height=310)
    assert found[7] is not None
    assert sum(name is not None for name in found) < 12


def test_a_line_is_no_place_for_a_name() -> None:
    alone = [Anchor(100, 100, "gpt", False)]
    assert place(alone, width=620, height=310) == ["right"]
    assert place(alone, width=620, height=310, others=[(100, 98, 300, 102)]) == ["left"]
