"""What is drawn inside a row of a table: an interval to scale, and the colours of a heat map.

interval_image(0.83, 0.80, 0.86, (0.5, 1.0))     # an SVG as a data address: no name and no text is in it
heat(0.83, 0.5, 1.0)                             # ("#5f9fc6", "#000000"): ground and ink of a cell
"""

from __future__ import annotations

from urllib.parse import quote

from evalkit.render.vega import COLOURS, GREY

_WIDTH, _HEIGHT, _PAD, _BAR = 144, 32, 8, 58
_PALE, _DEEP = (235, 243, 250), (8, 81, 156)
_LIGHT_INK, _DARK_INK = "#ffffff", "#000000"
_INK_FLIPS = 0.179
"""Relative luminance from which on black ink stands out more than white (WCAG 2.2)."""


def interval_image(
    mean: float | None,
    low: float | None,
    high: float | None,
    domain: tuple[float, float],
    *,
    limit: float | None = None,
    colour: str = COLOURS[0],
) -> str | None:
    """A figure with its interval on a scale from domain[0] to domain[1], all in one unit; None without a figure.

    `limit`: an upright line across. What lies outside the domain is cut at its ends.
    """
    if mean is None:
        return None
    first, last = domain
    reach = (last - first) or 1.0

    def at(value: float) -> float:
        share = min(1.0, max(0.0, (value - first) / reach))
        return round(_PAD + share * (_WIDTH - 2 * _PAD), 1)

    middle = _HEIGHT / 2
    drawn = [f'<path d="M{_PAD} {middle}H{_WIDTH - _PAD}" stroke="{GREY}" stroke-opacity=".35" stroke-width="1"/>']
    if limit is not None:
        drawn.append(f'<path d="M{at(limit)} 3V{_HEIGHT - 3}" stroke="{GREY}" stroke-width="3"/>')
    if low is not None and high is not None:
        drawn.append(f'<path d="M{at(low)} {middle}H{at(high)}" stroke="{colour}" stroke-width="4"/>')
    drawn.append(f'<circle cx="{at(mean)}" cy="{middle}" r="6" fill="{colour}"/>')
    return _image("".join(drawn), _WIDTH)


def bar_image(value: float | None, most: float) -> str | None:
    """A bar from zero, `most` being the whole width; None without a figure above zero."""
    if value is None or value <= 0 or most <= 0:
        return None
    width = max(1.5, min(1.0, value / most) * _BAR)
    return _image(f'<rect x="0" y="9" width="{width:.1f}" height="14" rx="2" fill="{COLOURS[5]}"/>', _BAR)


def _image(drawn: str, width: int) -> str:
    size = f'width="{width}" height="{_HEIGHT}" viewBox="0 0 {width} {_HEIGHT}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'
    return f"data:image/svg+xml,{quote(svg)}"


def heat(value: float | None, low: float, high: float) -> tuple[str, str] | None:
    """Ground and ink of a cell, deeper blue for more; None where there is no figure. Ink stands out 4.5 to 1."""
    if value is None:
        return None
    share = min(1.0, max(0.0, (value - low) / ((high - low) or 1.0)))
    ground = "#{:02x}{:02x}{:02x}".format(*(round(a + share * (b - a)) for a, b in zip(_PALE, _DEEP, strict=True)))
    return ground, ink_on(ground)


def ink_on(ground: str) -> str:
    """Black or white, whichever stands out more from a ground like "#0072b2": at least 4.5 to 1."""
    parts = bytes.fromhex(ground[1:])
    red, green, blue = (c / 12.92 if (c := part / 255) <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _DARK_INK if luminance > _INK_FLIPS else _LIGHT_INK


VERDICTS = {
    "pass": ("#cdeee0", "#00402e"),
    "fail": ("#f7d3bd", "#5c2500"),
    "inconclusive": ("#f3e3bd", "#4a3300"),
    "incomplete": ("#e3e3e3", "#333333"),
}
"""Ground and ink of a cell with a verdict; its words say the same."""
VERDICT_COLOURS = {"pass": COLOURS[2], "fail": COLOURS[4], "inconclusive": COLOURS[1]}
"""Of an interval, by verdict."""
