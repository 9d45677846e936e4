"""A figure over time, one line a model with its name at its end; a triangle marks a model that was changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalkit.render.vega import (
    CELL,
    COLOURS,
    Chart,
    Row,
    chart_of,
    domain,
    field,
    layer,
    point_mark,
    series,
    tips,
)
from evalkit.text.escape import visible

_HEIGHT, _PLOT_PX, _LINE_PX = 380, 320, 15
"""Pixels: of the picture, of what is between its axes, and from one name to the next."""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """A figure of one model in one run."""

    at: str
    """When the run began, ISO 8601 in UTC."""
    model: str
    run: str
    value: float
    low: float | None
    high: float | None
    shown: str
    notes: tuple[str, ...]
    """What changed since the point before; empty: nothing."""

    @property
    def is_own_change(self) -> bool:
        """Whether something about the model changed, and not only evalkit or the questions."""
        return any(note.startswith(("served as", "price")) for note in self.notes)


def history(points: Sequence[HistoryPoint], figure: str) -> Chart:
    """The chart; names at the ends of lines are moved apart where lines end close together."""
    rows = [_row(point) for point in points]
    words = "; ".join(
        f"{p.model} {p.at[:10]}: {p.shown}{f' ({_note(p)})' if p.notes else ''}" for p in points[:40]
    )  # beyond that nobody listens: the table has them all
    models = list(dict.fromkeys(visible(point.model, limit=CELL) for point in points))
    colours, shapes = series(models)
    up = domain(rows, "low", "high", "value")
    colour = field("model", "N", scale={"domain": models, "range": colours}, legend=None)
    shape = field("model", "N", scale={"domain": models, "range": shapes}, legend=None)
    x = field("at", "T", title=None, axis={"labelOverlap": True, "tickCount": 5}, scale={"type": "utc"})
    y = field("value", "Q", title=figure, scale={"domain": up, "nice": False})
    told = tips(model="model", run="run", shown=figure, note="note")
    both = {"x": x, "color": colour}
    ends = {"values": _ends(points, up)}
    name = layer({"type": "text", "align": "left", "dx": 10, "fontSize": 12, "limit": 150},
                 {"x": x, "y": y | {"field": "at_y"}, "text": field("model", "N")})  # fmt: skip
    layers = [
        layer({"type": "line"}, {"y": y, **both}),
        layer({"type": "rule", "strokeWidth": 2}, {"y": y | {"field": "low"}, "y2": {"field": "high"}, **both},
               "isValid(datum.low)"),
        layer(point_mark(90), {"y": y, "shape": shape, **both, **told}),
        layer({"type": "text", "dy": -14, "fontSize": 14, "text": "▲", "color": COLOURS[4]}, {"x": x, "y": y, **told},
               "datum.own"),
        name | {"data": ends},
    ]  # fmt: skip
    room = {"autosize": {"type": "fit", "contains": "padding"}, "padding": {"right": 10}}
    return chart_of(rows, {"layer": layers, "height": _HEIGHT, **room}, f"{figure} over time. {words}")


def _ends(points: Sequence[HistoryPoint], up: Sequence[float]) -> list[Row]:
    """The last point of each model, with the height at which its name stands so that no two names meet."""
    last = {point.model: point for point in points}
    reach = (up[1] - up[0]) or 1.0
    step = _LINE_PX / _PLOT_PX * reach
    placed: list[Row] = []
    above: float | None = None
    for point in sorted(last.values(), key=lambda point: -point.value):
        at_y = point.value if above is None else min(point.value, above - step)
        above = at_y
        placed.append({"model": visible(point.model, limit=30), "at": point.at, "at_y": max(at_y, up[0])})
    return placed


def _note(point: HistoryPoint) -> str:
    return "; ".join(point.notes)


def _row(point: HistoryPoint) -> Row:
    names = ("at", "model", "run", "value", "low", "high", "shown")
    return {name: getattr(point, name) for name in names} | {"note": _note(point), "own": point.is_own_change}
