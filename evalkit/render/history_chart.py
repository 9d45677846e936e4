"""A figure over time: one line a model with its shape and name at its end, and a word where the model changed.

Lines of one run would lie on each other, so each model's points stand a little beside the run's own moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evalkit.render.vega import CELL, GREY, Chart, Row, Spec, chart_of, domain, field, layer, point_mark, series, tips
from evalkit.text.escape import visible

_HEIGHT, _PLOT_PX, _LINE_PX = 380, 320, 15
"""Pixels: of the picture, of what is between its axes, and from one name to the next."""
_LEADER_PX = 14
"""From the edge of the chart, or the end of a line, to the sign before a name."""
_AIR = 0.05
"""Of the time shown: how much more is drawn at either side."""
_BESIDE = 0.008
"""Of the time shown: how far the points of two models of one run stand apart."""
_FEW_RUNS = 8
"""Up to so many each run has its own tick."""
_WORDS = {"price": "price", "served as": "version"}
"""What changed about a model, as its line says it."""


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
        return bool(self.changed)

    @property
    def changed(self) -> str:
        """What about the model changed, in a word: "price", "version"; empty: nothing that is its own."""
        return ", ".join(w for name, w in _WORDS.items() if any(note.startswith(name) for note in self.notes))


def history(points: Sequence[HistoryPoint], figure: str) -> Chart:
    """The chart; names at the ends of lines are moved apart where lines end close together."""
    models = list(dict.fromkeys(visible(point.model, limit=CELL) for point in points))
    first, last = _span(points)
    rows = [_row(point, _beside(models, point, last - first)) for point in points]
    words = "; ".join(
        f"{p.model} {p.at[:10]}: {p.shown}{f' ({_note(p)})' if p.notes else ''}" for p in points[:40]
    )  # beyond that nobody listens: the table has them all
    colours, shapes = series(models)
    up = domain(rows, "low", "high", "value")
    colour = field("model", "N", scale={"domain": models, "range": colours}, legend=None)
    shape = field("model", "N", scale={"domain": models, "range": shapes}, legend=None)
    shown = {"type": "utc", "domain": [f"{first:%Y-%m-%dT%H:%M:%SZ}", f"{last:%Y-%m-%dT%H:%M:%SZ}"], "nice": False}
    x = field("x", "T", title=None, axis=_ticks(points), scale=shown)
    y = field("value", "Q", title=figure, scale={"domain": up, "nice": False})
    told = tips(model="model", run="run", shown=figure, note="note")
    both = {"x": x, "color": colour}
    ends = {"data": {"values": _ends(points, rows, up, f"{last:%Y-%m-%dT%H:%M:%SZ}")}}
    at_name: Spec = {"x": x | {"field": "edge"}, "y": y | {"field": "at_y"}}
    layers = [
        layer({"type": "line"}, {"y": y, **both}),
        layer({"type": "rule", "strokeWidth": 2}, {"y": y | {"field": "low"}, "y2": {"field": "high"}, **both},
               "isValid(datum.low)"),
        layer(point_mark(90), {"y": y, "shape": shape, **both, **told}),
        layer({"type": "text", "align": "center", "dy": -8, "fontSize": 12, "fontStyle": "italic"},
              {"x": x, "y": y | {"field": "top"}, "text": field("changed", "N")}, "datum.changed"),
        layer({"type": "rule", "x2Offset": _LEADER_PX, "color": GREY, "aria": False},
              {"x": x, "x2": {"field": "edge"}, "y": y, "y2": {"field": "at_y"}}) | ends,
        layer(point_mark(70, xOffset=_LEADER_PX, aria=False), at_name | {"shape": shape, "color": colour}) | ends,
        layer({"type": "text", "align": "left", "dx": _LEADER_PX + 8, "fontSize": 12, "limit": 150},
              at_name | {"text": field("model", "N")}) | ends,
    ]  # fmt: skip
    room = {"autosize": {"type": "fit", "contains": "padding"}, "padding": {"right": 10}}
    return chart_of(rows, {"layer": layers, "height": _HEIGHT, **room}, f"{figure} over time. {words}")


def _moment(at: str) -> datetime:
    found = datetime.fromisoformat(at)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _span(points: Sequence[HistoryPoint]) -> tuple[datetime, datetime]:
    """From before the first run to after the last: a day about a single one."""
    moments = [_moment(point.at) for point in points]
    air = _AIR * (max(moments) - min(moments)) or timedelta(hours=12)
    return min(moments) - air, max(moments) + air


def _beside(models: Sequence[str], point: HistoryPoint, shown: timedelta) -> str:
    """Where a model's point stands, beside the moment of its run."""
    place = models.index(visible(point.model, limit=CELL)) - (len(models) - 1) / 2
    step = min(_BESIDE, _AIR / max(1, len(models)))
    return f"{_moment(point.at) + place * step * shown:%Y-%m-%dT%H:%M:%SZ}"


def _ticks(points: Sequence[HistoryPoint]) -> Spec:
    """An axis that names the days; the hours too, where runs share a day."""
    moments = sorted({_moment(point.at) for point in points})
    days = {f"{moment:%Y-%m-%d}" for moment in moments}
    alike = len(days) < len(moments)
    ticks: Spec = {"labelOverlap": True, "format": "%-d %b %H:%M" if alike else "%-d %b"}
    if len(moments) <= _FEW_RUNS:
        return ticks | {"values": [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in moments]}
    return ticks | {"tickCount": 5}


def _ends(points: Sequence[HistoryPoint], rows: Sequence[Row], up: Sequence[float], edge: str) -> list[Row]:
    """The last point of each model, with the place of its name: at the edge of the chart, or beside the line that ends
    before the last run; as near to the point's height as all names allow."""
    last = {point.model: (point, row) for point, row in zip(points, rows, strict=True)}
    step = _LINE_PX / _PLOT_PX * ((up[1] - up[0]) or 1.0)
    newest = max(point.at for point in points)
    ordered = sorted(last.values(), key=lambda one: -one[0].value)
    heights = spread([point.value for point, _ in ordered], step, up[0], up[1])
    return [
        {
            "model": visible(point.model, limit=CELL),
            "x": row["x"],
            "value": point.value,
            "at_y": at_y,
            "edge": edge if point.at == newest else row["x"],
        }
        for (point, row), at_y in zip(ordered, heights, strict=True)
    ]


def spread(wanted: Sequence[float], step: float, low: float, high: float) -> list[float]:
    """Heights at least a step apart, as near as can be to those wanted, which fall; within low and high where they have
    room there."""
    blocks: list[tuple[float, int]] = []
    """Of names that stand together: the height of the middle one, and how many they are."""
    for height in wanted:
        blocks.append((height, 1))
        while len(blocks) > 1 and blocks[-2][0] - blocks[-1][0] < step * (blocks[-2][1] + blocks[-1][1]) / 2:
            (above, n), (below, m) = blocks[-2:]
            # Each name of the block wants the middle to lie where it would then stand at its own height.
            middle = (n * (above - step * m / 2) + m * (below + step * n / 2)) / (n + m)
            blocks[-2:] = [(middle, n + m)]
    found = [middle + step * ((n - 1) / 2 - at) for middle, n in blocks for at in range(n)]
    if found and found[0] - found[-1] <= high - low:
        found = [height - max(0.0, found[0] - high) + max(0.0, low - found[-1]) for height in found]
    return found


def _note(point: HistoryPoint) -> str:
    return "; ".join(point.notes)


def _row(point: HistoryPoint, x: str) -> Row:
    names = ("at", "model", "run", "value", "low", "high", "shown", "changed")
    top = point.value if point.high is None else point.high
    return {name: getattr(point, name) for name in names} | {"x": x, "note": _note(point), "top": top}
