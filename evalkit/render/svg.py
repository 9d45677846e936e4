"""Small charts as SVG text, for a page without scripts: whiskers, quality against cost, rules against their limits.

Everything from outside is escaped here; colours repeat what shapes and words say already.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from evalkit.render.rule_text import RenderedRule
from evalkit.results.tradeoffs import AXES, STATES, TradeoffPoint

_BLUE, _GREEN, _ORANGE, _RED, _GREY = "#0072B2", "#009E73", "#E69F00", "#D55E00", "#8C8C8C"
_STATE = {"front": _GREEN, "possible": _ORANGE, "beaten": _GREY}
_VERDICT = {"pass": _GREEN, "inconclusive": _ORANGE, "fail": _RED}
_W, _H = 720.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 70.0, 30.0, 20.0, 50.0


def whisker(mean: float | None, low: float | None, high: float | None, reach: tuple[float, float]) -> str:
    """One interval on a scale that the whole column shares."""
    if mean is None:
        return ""
    span = max(reach[1] - reach[0], 1e-9)

    def x(value: float) -> float:
        return 8 + (value - reach[0]) / span * 204

    line = ""
    if low is not None and high is not None:
        line = f'<line x1="{x(low):.1f}" x2="{x(high):.1f}" y1="12" y2="12" stroke="{_BLUE}" stroke-width="3" />'
    return (
        f'<svg viewBox="0 0 220 24" width="220" height="24" role="img" aria-label="interval">{line}'
        f'<circle cx="{x(mean):.1f}" cy="12" r="5" fill="{_BLUE}" /></svg>'
    )


def tradeoff(points: Sequence[TradeoffPoint], axis: str) -> str:
    """Quality against an axis; logarithmic where the costs span more than a factor of ten. Empty for no point."""
    drawn = [p.as_row() | {"key": p.state} for p in points if p.state != "unknown"]
    if not drawn:
        return ""
    show = AXES[axis].show
    xs = [v for row in drawn for v in (row["x"], row["x_high"]) if v is not None]
    ys = [v for row in drawn for v in (row["low"], row["high"])]
    log = min(xs) > 0 and max(xs) / min(xs) > 10
    x_of = _scale(xs, _LEFT + 30, _W - _RIGHT - 60, log=log)
    y_of = _scale(ys, _H - _BOTTOM, _TOP + 20)
    parts = [_frame(axis + (" (logarithmic)" if log else ""))]
    for value in _ticks(min(ys), max(ys)):
        parts.append(f'<text x="{_LEFT - 8}" y="{y_of(value) + 4:.1f}" text-anchor="end">{value:.2f}</text>')
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_W - _RIGHT}" y1="{y_of(value):.1f}" y2="{y_of(value):.1f}" />'
        )
    for value in _ticks(min(xs), max(xs), log=log):
        x = x_of(value)
        parts.append(f'<text x="{x:.1f}" y="{_H - _BOTTOM + 18}" text-anchor="middle">{escape(show(value))}</text>')
    front = sorted((row for row in drawn if row["key"] == "front"), key=lambda row: row["x"])
    if len(front) > 1:
        steps = " ".join(f"{x_of(row['x']):.1f},{y_of(row['quality']):.1f}" for row in front)
        parts.append(f'<polyline points="{steps}" fill="none" stroke="{_GREEN}" stroke-dasharray="5 4" />')
    for row in drawn:
        colour, x, y = _STATE[row["key"]], x_of(row["x"]), y_of(row["quality"])
        parts.append(_line((x, y_of(row["low"])), (x, y_of(row["high"])), colour))
        if row["x_high"] is not None:
            parts.append(_line((x, y), (x_of(row["x_high"]), y), colour))
        title = f"{row['model']}: quality {row['shown']}, {axis} {row['x_shown']}, {row['state']}"
        parts.append(_mark(row["key"], x, y, colour, title))
        parts.append(f'<text x="{x + 9:.1f}" y="{y - 8:.1f}">{escape(row["model"])}</text>')
    legend = " &#160; ".join(f'<tspan fill="{_STATE[key]}">■</tspan> {escape(STATES[key])}' for key in _STATE)
    parts.append(f'<text x="{_LEFT}" y="{_TOP}">{legend}</text>')
    words = "; ".join(f"{row['model']} {row['shown']} at {row['x_shown']}" for row in drawn)
    label = escape(f"Quality against {axis}: {words}")
    return f'<svg viewBox="0 0 {_W:.0f} {_H:.0f}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def ruling(entry: RenderedRule) -> str:
    """One rule's interval with its limit, on a scale of its own."""
    if entry.limit is None:
        return ""
    values = [v for v in (entry.value, entry.low, entry.high, entry.limit) if v is not None and math.isfinite(v)]
    if entry.value is None:
        return ""
    x = _scale(values, 12.0, 248.0)
    low = x(entry.low) if entry.low is not None else 2.0
    high = x(entry.high) if entry.high is not None else 258.0
    limit = x(entry.limit)
    colour = _VERDICT.get(entry.verdict, _GREY)
    return (
        '<svg viewBox="0 0 260 28" width="260" height="28" role="img" aria-label="interval against the limit">'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="14" y2="14" stroke="{colour}" stroke-width="4" />'
        f'<circle cx="{x(entry.value):.1f}" cy="14" r="5" fill="{colour}" />'
        f'<line class="limit" x1="{limit:.1f}" x2="{limit:.1f}" y1="2" y2="26" stroke-width="2" /></svg>'
    )


def _frame(axis: str) -> str:
    return (
        f'<line class="axis" x1="{_LEFT}" x2="{_W - _RIGHT}" y1="{_H - _BOTTOM}" y2="{_H - _BOTTOM}" />'
        f'<text x="{(_LEFT + _W) / 2:.0f}" y="{_H - 14:.0f}" text-anchor="middle">{escape(axis)}</text>'
        f'<text x="16" y="{_H / 2:.0f}" text-anchor="middle" transform="rotate(-90 16 {_H / 2:.0f})">quality</text>'
    )


def _line(start: tuple[float, float], end: tuple[float, float], colour: str) -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="2" />'


def _mark(state: str, x: float, y: float, colour: str, title: str) -> str:
    if state == "front":
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}">'
        end = "</circle>"
    else:
        turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if state == "possible" else ""
        shape = f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{colour}"{turn}>'
        end = "</rect>"
    return f"{shape}<title>{escape(title)}</title>{end}"


def _scale(values: Sequence[float], start: float, end: float, *, log: bool = False) -> Callable[[float], float]:
    """A function from values to pixels."""

    def plain(value: float) -> float:
        return math.log10(value) if log else value

    low, high = plain(min(values)), plain(max(values))
    span = max(high - low, 1e-9)
    return lambda value: start + (plain(value) - low) / span * (end - start)


def _ticks(low: float, high: float, *, log: bool = False) -> list[float]:
    """Five values from the lowest to the highest, evenly spaced as they are drawn."""
    if log:
        return [low * (high / low) ** (n / 4) for n in range(5)]
    return [low + (high - low) * n / 4 for n in range(5)]
