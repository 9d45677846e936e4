"""Marks of charts stand out 3 to 1 from a light and a dark page (WCAG 2.2, 1.4.11), transparency counted in."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from evalkit.catalogue.facts import _COMPANIES, TIERS
from evalkit.render import rows, vega
from evalkit.render.maker_marks import mark_of
from tests.test_charts import every_chart, nodes

PAGES = {"light": "#ffffff", "dark": "#171614"}
"""Streamlit's two backgrounds."""


def contrast(first: str, second: str) -> float:
    """WCAG's contrast of two colours, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def over(colour: str, page: str, opacity: float) -> str:
    """What is seen of a colour that lets the page through."""
    mixed = [
        round(opacity * int(colour[at : at + 2], 16) + (1 - opacity) * int(page[at : at + 2], 16)) for at in (1, 3, 5)
    ]
    return "#{:02x}{:02x}{:02x}".format(*mixed)


def colours_of(spec: Any) -> list[tuple[str, float, str]]:
    """(colour, opacity, kind of mark) of every mark; grounds are left out, since a line or a word says the same."""
    found = []
    for node in nodes(spec):
        mark = node.get("mark")
        if not isinstance(mark, dict) or mark["type"] in {"area", "rect"}:
            continue
        opacity = (
            float(mark.get("opacity", 1)) * float(mark.get("strokeOpacity", 1)) * float(mark.get("fillOpacity", 1))
        )
        if mark["type"] in {"point", "circle", "square"} and "opacity" not in mark:
            opacity = 0.7  # Vega-Lite's default for points
        encoded = node["encoding"].get("color", {})
        ranges = encoded.get("scale", {}).get("range", []) if isinstance(encoded, dict) else []
        ranges = ranges or [encoded["value"]] if "value" in encoded else ranges
        for colour in ranges or ([mark["color"]] if "color" in mark else []):
            found.append((colour, opacity, mark["type"]))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_mark_of_every_chart_stands_out_from_the_page(page: str, tmp_path: Path) -> None:
    ground, seen = PAGES[page], 0
    for name, chart in every_chart(tmp_path).items():
        for colour, opacity, kind in colours_of(chart.spec):
            seen += 1
            assert contrast(over(colour, ground, opacity), ground) >= 3, (name, kind, colour, opacity)
    assert seen > 20


def test_sixty_models_have_each_a_colour_and_shape_of_their_own() -> None:
    colours, shapes = vega.series(range(60))
    assert len(set(zip(colours, shapes, strict=True))) == 60


def test_the_ink_of_a_heat_map_stands_out_from_every_ground() -> None:
    for n in range(101):
        found = rows.heat(n / 100, 0.0, 1.0)
        assert found is not None
        assert contrast(*found) >= 4.5, n
    assert rows.heat(None, 0.0, 1.0) is None


@pytest.mark.parametrize("page", PAGES)
def test_a_maker_s_mark_stands_out_and_its_letters_are_its_own(page: str) -> None:
    letters = {}
    for family, maker in {**_COMPANIES, "unknown": None}.items():
        mark = mark_of(maker, "closed")
        assert contrast(mark.colour, PAGES[page]) >= 3 and contrast(mark.ink, mark.colour) >= 4.5, family
        assert letters.setdefault(mark.letters, maker) == maker, family
    assert {mark_of(None, openness).shape for openness in (*TIERS, "disputed", None)} == {"square", "circle", "octagon"}


@pytest.mark.parametrize("page", PAGES)
def test_what_is_drawn_in_a_row_stands_out_and_holds_no_text(page: str) -> None:
    image = rows.interval_image(0.8, 0.7, 0.9, (0.5, 1.0), limit=0.75)
    bar = rows.bar_image(2.0, 4.0)
    assert image is not None and bar is not None
    for drawn in (image, bar):
        svg = ET.fromstring(unquote(drawn.removeprefix("data:image/svg+xml,")))
        for mark in svg:
            assert mark.text is None
            colour = mark.get("fill") or mark.get("stroke")
            assert colour is not None
            if mark.get("stroke-opacity") is None:  # the scale is a guide, not a figure
                assert contrast(colour, PAGES[page]) >= 3
    assert rows.interval_image(None, None, None, (0, 1)) is None
    assert rows.bar_image(None, 1.0) is None and rows.bar_image(0.0, 1.0) is None
