"""A plot of lines with bands on two logarithmic axes, as one SVG file of its own: no library, no script, no network.

    draw("Cost by volume", [Series("gpt", "own", points)], x_label="requests a day", y_label="USD a year", marks=[...])

Lines differ in dash as well as in colour, and each is named at its end, so that the plot reads in print and to those
who do not see the colours. Names are other people's text and are escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from evalkit.text.escape import visible

_WIDTH, _HEIGHT = 900, 540
_LEFT, _RIGHT, _TOP, _BOTTOM = 86, 190, 54, 64
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe & Ito, seen by all
_DASHES = ("", "8 4", "2 3", "8 3 2 3", "12 4", "4 2")
_LEAST_GAP = 16


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """One place of a line; all above 0."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line, its points in order of x."""

    name: str
    points: Sequence[PlotPoint]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point worth naming: a crossing."""

    x: float
    y: float
    text: str


def draw(title: str, lines: Sequence[Series], *, x_label: str, y_label: str, marks: Sequence[Mark] = ()) -> str:
    """The SVG. Raises ValueError where there is nothing to draw."""
    points = [p for line in lines for p in line.points if p.low > 0]
    if not points:
        raise ValueError("a plot needs points above 0")
    x = _Scale(min(p.x for p in points), max(p.x for p in points), _LEFT, _WIDTH - _RIGHT)
    y = _Scale(min(p.low for p in points), max(p.high for p in points), _HEIGHT - _BOTTOM, _TOP)
    heading = _safe(title, 200)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="13"><title>{heading}</title>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="28" font-size="16" font-weight="bold">{heading}</text>',
        *_axes(x, y, x_label, y_label),
    ]
    for n, line in enumerate(lines):
        parts += _drawn(line, x, y, _COLOURS[n % len(_COLOURS)], _DASHES[n % len(_DASHES)])
    parts += _names(lines, y)
    for mark in marks:
        if x.low <= mark.x <= x.high and y.low <= mark.y <= y.high:
            at_x, at_y = x.at(mark.x), y.at(mark.y)
            parts.append(f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="5" fill="#ffffff" stroke="#000000"/>')
            parts.append(f'<text x="{at_x + 8:.1f}" y="{at_y + 16:.1f}">{_safe(mark.text, 60)}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Scale:
    """From a value to a place on the page, logarithmic, from one power of ten (or half of one) to another."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high = _down(low), _up(high)
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return self._begin + share * (self._end - self._begin)

    def ticks(self) -> list[float]:
        """Powers of ten within the scale."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        return [10.0**n for n in range(first, last + 1)]


def _down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return power * 3 if value >= power * 3 else power


def _up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return power * 3 if value < power * 3 else power * 10


def _axes(x: _Scale, y: _Scale, x_label: str, y_label: str) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for tick in x.ticks():
        at = x.at(tick)
        parts.append(f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{bottom}" stroke="#dddddd"/>')
        parts.append(f'<text x="{at:.1f}" y="{bottom + 20}" text-anchor="middle">{_short(tick)}</text>')
    for tick in y.ticks():
        at = y.at(tick)
        parts.append(f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{_short(tick)}</text>')
    parts.append(f'<rect x="{_LEFT}" y="{_TOP}" width="{right - _LEFT}" height="{bottom - _TOP}" fill="none" '
                 'stroke="#888888"/>')  # fmt: skip
    middle = (_LEFT + right) / 2
    parts.append(f'<text x="{middle:.1f}" y="{_HEIGHT - 18}" text-anchor="middle">{_safe(x_label, 100)}</text>')
    parts.append(f'<text transform="translate(20 {(_TOP + bottom) / 2:.1f}) rotate(-90)" '
                 f'text-anchor="middle">{_safe(y_label, 100)}</text>')  # fmt: skip
    return parts


def _drawn(line: Series, x: _Scale, y: _Scale, colour: str, dash: str) -> list[str]:
    parts = []
    if any(point.low != point.high for point in line.points):
        edge = [(p.x, p.high) for p in line.points] + [(p.x, p.low) for p in reversed(line.points)]
        outline = " ".join(f"{x.at(a):.1f},{y.at(b):.1f}" for a, b in edge)
        parts.append(f'<polygon points="{outline}" fill="{colour}" fill-opacity="0.15"/>')
    path = " ".join(f"{x.at(p.x):.1f},{y.at(p.y):.1f}" for p in line.points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5" '
                 f'stroke-dasharray="{dash}"/>')  # fmt: skip
    return parts


def _names(lines: Sequence[Series], y: _Scale) -> list[str]:
    """Each name at the end of its line, moved apart where they would lie on each other."""
    wanted = sorted((y.at(line.points[-1].y), n) for n, line in enumerate(lines) if line.points)
    parts, last = [], float("-inf")
    for at, n in wanted:
        last = max(at, last + _LEAST_GAP)
        parts.append(f'<text x="{_WIDTH - _RIGHT + 8}" y="{last + 4:.1f}" fill="{_COLOURS[n % len(_COLOURS)]}">'
                     f"{_safe(lines[n].name, 26)}</text>")  # fmt: skip
    return parts


def _short(value: float) -> str:
    for scale, sign in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= scale:
            return f"{value / scale:g}{sign}"
    return f"{value:g}"


def _safe(text: str, limit: int) -> str:
    return escape(visible(text, limit=limit))
